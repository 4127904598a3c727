"""Einstein's summation convention: every form that ``np.einsum`` takes, as explicit subscripts of single letters."""

from __future__ import annotations

from string import ascii_letters
from typing import Any

import numpy as np

from gradwise.rules.products import einsum as einsum_p
from gradwise.rules.shapes import diagonal as diagonal_p
from gradwise.tracing.arithmetic import _innermost, plain
from gradwise.tracing.functions.operands import array, as_array, carries, converted, finish, integers
from gradwise.tracing.traced import apply


def _from_sublists(operands: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """``(a, [0, 1], b, [1, 2], [0, 2])`` as subscripts."""
    arrays, lists = list(operands[:-1:2]), list(operands[1::2])
    output = operands[-1] if len(operands) % 2 else None

    def letters(sublist: Any) -> str:
        return "".join("..." if s is Ellipsis else ascii_letters[int(integers(s))] for s in sublist)

    # NumPy orders an implicit output by number; the letters follow the numbers
    text = ",".join(letters(s) for s in lists)
    return text if output is None else f"{text}->{letters(output)}", arrays


def _explicit(subscripts: str, ranks: list[int]) -> str:
    """Without blanks and ellipses, and with the output written out."""
    subscripts = subscripts.replace(" ", "")
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ranks):
        raise ValueError("more operands provided to einsum function than specified in the subscripts string, or fewer")
    free = [c for c in ascii_letters if c not in subscripts]
    hidden = [
        rank - len(term.replace("...", "")) if "..." in term else 0 for term, rank in zip(terms, ranks, strict=True)
    ]
    dots = "".join(free[: max(hidden)])
    if not arrow:
        letters = inputs.replace("...", "").replace(",", "")
        output = ("..." if "..." in inputs else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    terms = [term.replace("...", dots[len(dots) - n :]) for term, n in zip(terms, hidden, strict=True)]
    return f"{','.join(terms)}->{output.replace('...', dots)}"


def _viewed(a: Any, spec: str) -> Any:
    """One operand and no sum: a view, as in NumPy; None if it is a sum."""
    term, output = spec.split("->")
    if set(term) != set(output):
        return None
    letters = list(term)
    while len(set(letters)) < len(letters):
        letter = next(c for c in letters if letters.count(c) > 1)
        first = letters.index(letter)
        second = letters.index(letter, first + 1)
        if a.shape[first] != a.shape[second]:
            return None
        a = apply(a.tape, diagonal_p, (a,), (0, first, second))
        letters = [c for i, c in enumerate(letters) if i not in {first, second}] + [letter]
    return a.transpose(tuple(letters.index(c) for c in output))


def einsum(
    *operands: Any,
    out: Any = None,
    optimize: Any = False,
    dtype: Any = None,
    order: Any = "K",
    casting: Any = "safe",
) -> Any:
    """``np.einsum``."""
    if isinstance(operands[0], str):
        subscripts, arrays = operands[0], [array(a) for a in operands[1:]]
    else:
        subscripts, arrays = _from_sublists(operands)
        arrays = [array(a) for a in arrays]
    trace = _innermost(*arrays)
    value = np.einsum(
        subscripts, *[plain(a) for a in arrays], optimize=optimize, dtype=dtype, order=order, casting=casting
    )
    if trace is None:
        return finish(value, out)
    spec = _explicit(subscripts, [np.ndim(plain(a)) for a in arrays])
    result = None
    if len(arrays) == 1 and carries(arrays[0]):
        a = as_array(converted(arrays[0], value.dtype))
        result = _viewed(a, spec) if a.ndim else None
    if result is None:
        result = apply(trace, einsum_p, arrays, (spec,), value, value.dtype)
    return finish(result, out)


def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: bool = False) -> Any:
    """``np.einsum_path``: depends on shapes only."""
    return np.einsum_path(*[plain(o) for o in operands], optimize=optimize)


FUNCTIONS: dict[Any, Any] = {np.einsum: einsum, np.einsum_path: einsum_path}
