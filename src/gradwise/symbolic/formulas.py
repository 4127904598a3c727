"""The formula of a function and of its derivatives: trace, read, differentiate, tidy, verify."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.containers.signatures import signature_of
from gradwise.errors import GradwiseError, InputError, TracingError
from gradwise.operators.arguments import Arguments, function_label, require_callable
from gradwise.program import Program
from gradwise.symbolic.kinked import outward
from gradwise.symbolic.library import sp
from gradwise.symbolic.naming import symbol_names, symbols_for
from gradwise.symbolic.reading import Condition, Reader
from gradwise.symbolic.report import Formula
from gradwise.symbolic.shifts import Shifts, without_shift
from gradwise.symbolic.tidying import tidy
from gradwise.symbolic.verifying import all_values, verify
from gradwise.tracing import record

#: √2, √3, … without their whole parts: numbers at which nothing is equal by chance
_GENERIC = [math.sqrt(p) % 1 for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)]


def write(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    argnums: Any,
    simplify: bool,
    limit: int,
) -> Formula:
    """The formula of a call, as ``gw.formula`` describes it."""
    require_callable(f, "formula", "(f, x), with f the function and x its argument")
    sp.Symbol  # noqa: B018 - says that SymPy is missing before anything runs
    generic = not args and not kwargs
    if generic:
        args = _generic_point(f)
    if argnums is None:
        argnums = _movable(f, args, kwargs)
    arguments = Arguments(f, argnums, args, kwargs, "formula")
    paths = [
        p
        for treedef, label in zip(arguments.treedefs, _labels(f, arguments), strict=True)
        for p in treedef.paths(label)
    ]
    if any(np.iscomplexobj(leaf) for leaf in arguments.leaves):
        raise InputError(
            "gw.formula was given a complex argument. Real numbers are required. Write z as x + 1j * y inside the function, with real x and y"
        )
    try:
        recording = record(f, arguments.leaves, (True,) * len(arguments.leaves), arguments.call)
    except GradwiseError:
        raise
    except Exception as error:
        if not generic:
            raise
        raise InputError(
            f"gw.formula was given no point, and {function_label(f)} does not take one number for each parameter: {type(error).__name__}: {error}. "
            f"A point is required. Write gw.formula({function_label(f)}, np.ones(2)), say"
        ) from error
    name = function_label(f)
    name = "f" if name == "<lambda>" else name
    names = symbol_names(paths, arguments.leaves)
    program = recording.program
    found = _read(
        program, recording.tape.captured_values(), arguments.leaves, symbols_for(names, arguments.leaves), limit
    )
    notes = []
    if generic and (program.guards or found[1]):  # without a decision the formula is the same at every point
        where = ", ".join(f"{n[0]} = {float(x):.6g}" for n, x in zip(names, arguments.leaves, strict=True))
        notes.append(f"no point was given; the branch is the one taken at {where}")
    values, conditions, symbols, size = found
    if size * len(symbols) > 20 * limit or len(values) * len(symbols) > limit:
        raise InputError(
            f"gw.formula of {name}: the derivatives of {len(values)} entr{'ies' if len(values) != 1 else 'y'} of the output by {len(symbols)} numbers would be "
            f"too large, beyond {20 * limit:,} operations and symbols. Fewer are required. Choose arguments with argnums=, write a formula of a part, or raise limit="
        )
    shape = program.types[program.outputs[0]].shape if len(program.outputs) == 1 else (len(values),)
    result = Formula(
        name,
        _labels(f, arguments),
        symbols,
        values,
        shape,
        conditions,
        _point(symbols, arguments.leaves),
        notes,
        tidy if simplify else None,
    )
    jacobian = [list(result.jacobian.row(k)) for k in range(len(values))]
    unknown = {d for row in jacobian for e in row for d in e.atoms(sp.Derivative, sp.Subs)}
    if unknown:
        raise TracingError(
            f"gw.formula of {name}: SymPy knows no derivative of {min(map(str, unknown))}. A function with a known derivative is required. "
            "Keep the argument out of what is differentiated with argnums="
        )
    expressions = [sp.sympify(v) for v in result.values]
    missed = verify(program, arguments.leaves, recording.tape.captured_values(), symbols, expressions, jacobian)
    if missed == len(expressions) + len(symbols):
        result.notes.append("the formula could not be compared with the function numerically at this point")
    elif missed:
        result.notes.append(
            f"{missed} of {len(expressions) + len(symbols)} numbers could not be compared with the function at this point"
        )
    return result


def _read(
    program: Program, captured: list[Any], leaves: list[Any], arrays: list[np.ndarray], limit: int
) -> tuple[list[Any], list[Condition], list[Any], int]:
    """Expressions of the outputs' entries, conditions, and the symbols."""
    shifts = Shifts(program, captured)
    fixed = dict(zip(program.inputs, arrays, strict=True)) | shifts.symbols
    with np.errstate(all="ignore"):
        reader = Reader(program, all_values(program, leaves, captured), limit, fixed, shifts.guards)
        outputs = [entry for array in reader.read() for entry in array.reshape(-1)]
    outputs = shifts.resolve(outputs, reader)
    outputs = [without_shift(e) for e in outputs]
    conditions = [Condition(outward(c.holds), c.filename, c.lineno) for c in reader.conditions.values()]
    size = sum(reader.size(e) for e in outputs)
    return outputs, conditions, [s for array in arrays for s in array.reshape(-1)], size


def _labels(f: Callable[..., Any], arguments: Arguments) -> list[str]:
    """The names of the chosen arguments; of a function without names, x0, x1 and so on."""
    if arguments.labels:
        return [f"x{label.rsplit(' ', 1)[1]}" if label.startswith("argument ") else label for label in arguments.labels]
    try:
        return [next(iter(signature_of(f).parameters))]
    except (TypeError, ValueError, StopIteration):
        return ["x"]


def _generic_point(f: Callable[..., Any]) -> tuple[Any, ...]:
    """A number for each required parameter."""
    try:
        parameters = list(signature_of(f).parameters.values())
    except (TypeError, ValueError):
        parameters = None
    if parameters is None or any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        raise InputError(
            f"gw.formula was given no point, and the parameters of {function_label(f)} cannot be read. A point is required. Write gw.formula(f, 1.0, 2.0)"
        )
    required = [
        p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
    ]
    if not required:
        raise InputError(
            f"gw.formula was given no point, and {function_label(f)} has no parameters that need one. A point is required. Write gw.formula(f, 1.0, 2.0)"
        )
    return tuple(_GENERIC[k % len(_GENERIC)] + k // len(_GENERIC) for k in range(len(required)))


def _movable(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The arguments that are made of numbers."""
    chosen: list[Any] = []
    for place, value in [*enumerate(args), *kwargs.items()]:
        try:
            Arguments(lambda x: x, 0, (value,), {}, "formula")
        except (TypeError, ValueError):
            continue
        chosen.append(place)
    if not chosen:
        raise InputError(
            f"gw.formula was given no numbers: {function_label(f)} was called with {args!r}. A number or an array is required. Write gw.formula(f, 1.0)"
        )
    return chosen[0] if len(chosen) == 1 else tuple(chosen)


def _point(symbols: list[Any], leaves: list[Any]) -> dict[Any, float]:
    flat = [float(x) for leaf in leaves for x in np.ravel(leaf)]
    return dict(zip(symbols, flat, strict=True))
