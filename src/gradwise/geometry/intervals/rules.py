"""The table: what each primitive does to intervals.

    rule(box, *operands, *params) → Interval

``box`` takes the marks ``rough`` and ``partial`` of the boxes at hand.  A primitive without a row makes a program unfit for proofs, which is said, with the
line.  To add one: a row here, and a row of samples in ``tests/geometry/test_intervals.py``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.geometry.intervals import decisions, functions, matrices, orderings, products, spectral
from gradwise.geometry.intervals.functions import (
    decreasing,
    even,
    in_tails,
    increasing,
    on_domain,
    positive_only,
    special,
)
from gradwise.geometry.intervals.interval import (
    EPS,
    Interval,
    add,
    aligned,
    div,
    mul,
    multilinear,
    neg,
    reciprocal,
    square,
    sub,
    summed,
)
from gradwise.geometry.intervals.special_functions import SPECIAL
from gradwise.program import Primitive

Rule = Callable[..., Any]


def _div(box: Any, x: Interval, z: Interval) -> Interval:
    y, holds = div(x, z)
    box.rough(holds)
    return y


def _reciprocal(box: Any, x: Interval) -> Interval:
    y, holds = reciprocal(x)
    box.rough(holds)
    return y


def moved(primitive: Primitive) -> Rule:
    """A primitive that only moves entries: its batched form on both ends.  Operands behind the first are indices, and must be known."""

    def rule(box: Any, x: Interval, *rest: Any) -> Interval:
        indices, params = _indices(rest)
        flags = (True, *(False for _ in indices))
        return x.map(lambda a: np.asarray(primitive.batch([a, *indices], flags, *params)))  # type: ignore[misc]

    return rule


def joined(primitive: Primitive) -> Rule:
    """A primitive that moves the entries of several operands into one."""

    def rule(box: Any, *rest: Any) -> Interval:
        operands = [x for x in rest if type(x) is Interval]
        params = rest[len(operands) :]
        count = max(len(x.lo) for x in operands)
        operands = [x.spread(count) for x in operands]
        flags = (True,) * len(operands)
        ends = [np.asarray(primitive.batch([getattr(x, e) for x in operands], flags, *params)) for e in ("lo", "hi")]  # type: ignore[misc]
        return Interval(*ends)

    return rule


def added(primitive: Primitive) -> Rule:
    """A primitive that sums entries of its first operand (and its second, of ``scatter_add``)."""

    def rule(box: Any, x: Interval, *rest: Any) -> Interval:
        indices, params = _indices(rest)
        flags = (True, *(False for _ in indices))
        terms = max(1, math.prod(x.shape[1:]))
        return summed(lambda a: np.asarray(primitive.batch([a, *indices], flags, *params)), terms, x)  # type: ignore[misc]

    return rule


def by_order(known: Rule, unknown: Rule) -> Rule:
    """One rule where the index is the same all over all boxes, another where it depends on the point."""

    def rule(box: Any, x: Interval, index: Interval, *params: Any) -> Interval:
        return (known if decisions.clear(index) else unknown)(box, x, index, *params)

    return rule


def _indices(rest: Any) -> tuple[list[Any], Any]:
    """The index arrays among what follows the first operand, as plain arrays, and the parameters."""
    operands = [x for x in rest if type(x) is Interval]
    for x in operands:
        if not decisions.clear(x):
            raise decisions.OutOfReachError("an index depends on the point")
    return [x.lo[0] for x in operands], rest[len(operands) :]


def _sum(box: Any, x: Interval, axes: tuple[int, ...], keepdims: bool) -> Interval:
    inner: Any = tuple(a + 1 for a in axes)
    reduce: Any = np.add.reduce
    terms = math.prod([x.shape[a] for a in inner])
    return summed(lambda a: reduce(a, axis=inner, keepdims=keepdims), max(terms, 2), x)


def scattered(primitive: Primitive, *, sums: bool) -> Rule:
    """``scatter_add`` and ``scatter_set``: entries of the second operand put into the first."""

    def rule(box: Any, x: Interval, updates: Interval, *rest: Any) -> Interval:
        indices, params = _indices(rest)
        count = max(len(x.lo), len(updates.lo))
        x, updates = x.spread(count), updates.spread(count)
        flags = (True, True, *(False for _ in indices))

        def put(a: np.ndarray, u: np.ndarray) -> np.ndarray:
            return np.asarray(primitive.batch([np.array(a), u, *indices], flags, *params))  # type: ignore[misc]

        if not sums:
            return Interval(put(x.lo, updates.lo), put(x.hi, updates.hi))
        share = (1 + max(1, math.prod(updates.shape[1:]))) * EPS
        lo = put(x.lo, updates.lo) - share * put(np.abs(x.lo), np.abs(updates.lo))
        hi = put(x.hi, updates.hi) + share * put(np.abs(x.hi), np.abs(updates.hi))
        return Interval(lo, hi)

    return rule


def contracted(primitive: Primitive) -> Rule:
    """A primitive that is linear in each operand: matmul, einsum, convolve."""

    def rule(box: Any, *rest: Any) -> Interval:
        operands = [x for x in rest if type(x) is Interval]
        params = rest[len(operands) :]
        count = max(len(x.lo) for x in operands)
        terms = _terms(primitive.name, operands, params)
        flags = (True,) * len(operands)

        def product(*arrays: np.ndarray) -> np.ndarray:
            full = [a if len(a) == count else np.broadcast_to(a, (count, *a.shape[1:])) for a in arrays]
            return np.asarray(primitive.batch(full, flags, *params))  # type: ignore[misc]

        return multilinear(product, terms, operands)

    return rule


def _terms(name: str, operands: list[Interval], params: Any) -> int:
    """How many products an entry of the result sums, at most."""
    if name != "einsum":
        return max(x.shape[-1] for x in operands)
    sizes: dict[str, int] = {}
    for letters, x in zip(params[0].split("->")[0].split(","), operands, strict=True):
        for letter, n in zip(letters, x.shape[1:], strict=True):
            sizes[letter] = max(sizes.get(letter, 1), n)
    return math.prod(sizes.values())


def _nullary(primitive: Primitive) -> Rule:
    return lambda box, *params: Interval.point(primitive.value(*params))


def _combination(box: Any, *rest: Any) -> Interval:
    *operands, weights = rest
    terms = [mul(x, Interval.point(np.full(x.shape[1:], w))) for x, w in zip(operands, weights)]
    return functools.reduce(add, terms)


def _same(box: Any, x: Interval, *params: Any) -> Interval:
    return x


def _spread_sum(primitive: Primitive) -> Rule:
    """``sum_to``: sums over the axes that broadcasting made."""

    def rule(box: Any, x: Interval, shape: tuple[int, ...]) -> Interval:
        terms = max(1, math.prod(x.shape[1:]) // max(1, math.prod(shape)))
        return summed(lambda a: np.asarray(primitive.batch([a], (True,), shape)), terms, x)  # type: ignore[misc]

    return rule


#: primitives whose rule needs their own record: name → what makes the rule of the record
OF_RECORD: dict[str, Callable[[Primitive], Rule]] = {
    **dict.fromkeys(
        (
            "broadcast_to", "reshape", "transpose", "getitem", "diagonal", "place_diagonal", "triangle", "windows", "mask_last",
            "hermitian_from",
        ),
        moved,
    ),
    **dict.fromkeys(("concatenate", "pack"), joined),
    **dict.fromkeys(("cumsum", "overlap", "fold_triangle"), added),
    "take_along": lambda primitive: by_order(moved(primitive), orderings.take_along),
    "add_along": lambda primitive: by_order(added(primitive), orderings.add_along),
    "sum_to": _spread_sum,
    "scatter_add": lambda primitive: scattered(primitive, sums=True),
    "scatter_set": lambda primitive: scattered(primitive, sums=False),
    **dict.fromkeys(("matmul", "einsum", "convolve"), contracted),
    **dict.fromkeys(("constant", "zeros", "identity", "arange", "lower_triangle"), _nullary),
}  # fmt: skip

#: the other primitives: name → rule
RULES: dict[str, Rule] = {
    # --- arithmetic ---------------------------------------------------------------------------------------------------
    "add": lambda box, x, z: add(x, z),
    "sub": lambda box, x, z: sub(x, z),
    "mul": lambda box, x, z: mul(x, z),
    "div": _div,
    "neg": lambda box, x: neg(x),
    "combination": _combination,
    "square": lambda box, x: square(x),
    "reciprocal": _reciprocal,
    "power": functions.power,
    "pow": functions.pow_,
    "power_log": functions.power_log,
    "sqrt": functions.root,
    "root_of_squares": functions.root_of_squares,
    "cbrt": lambda box, x: (box.rough((x.lo <= 0) & (x.hi >= 0)), increasing(np.cbrt)(box, x))[1],
    "hypot": functions.hypot,
    "real": _same,
    "conj": _same,
    "convert": decisions.converted,
    "sum": _sum,
    "prod": products.prod,
    "product_of_others": products.product_of_others,
    "pairs_of_others": products.pairs_of_others,
    "norm": products.norm,
    # --- exponentials and logarithms ----------------------------------------------------------------------------------
    "exp": increasing(np.exp, 4, 0.0),
    "exp2": increasing(np.exp2, 4, 0.0),
    "exp10": increasing(special("exp10"), 8, 0.0),
    "expm1": increasing(np.expm1, 4, -1.0),
    "log": functions.log,
    "log2": on_domain(increasing(np.log2), 0.0, np.inf),
    "log10": on_domain(increasing(np.log10), 0.0, np.inf),
    "log1p": on_domain(increasing(np.log1p), -1.0, np.inf),
    "logaddexp": functions.logaddexp(np.logaddexp),
    "logaddexp2": functions.logaddexp(np.logaddexp2),
    "xlogy": functions.xlogy,
    "expit": increasing(special("expit"), 8, 0.0, 1.0),
    "log_expit": increasing(special("log_expit"), 8, -np.inf, 0.0),
    "logit": on_domain(increasing(special("logit"), 64), 0.0, 1.0),
    # --- trigonometric and hyperbolic ---------------------------------------------------------------------------------
    "sin": functions.sin,
    "cos": functions.cos,
    "tan": functions.tan,
    "arcsin": on_domain(increasing(np.arcsin), -1.0, 1.0),
    "arccos": on_domain(decreasing(np.arccos, 4, 0.0), -1.0, 1.0),
    "arctan": increasing(np.arctan),
    "arctan2": functions.arctan2,
    "sinh": increasing(np.sinh),
    "cosh": even(np.cosh, 4, rising=True, least=1.0),
    "tanh": increasing(np.tanh, 4, -1.0, 1.0),
    "sech_squared": even(lambda x: 4 * np.exp(-2 * x) / np.square(1 + np.exp(-2 * x)), 16, rising=False, least=0.0, most=1.0),
    "arcsinh": increasing(np.arcsinh),
    "arccosh": on_domain(increasing(np.arccosh, 4, 0.0), 1.0, np.inf),
    "arctanh": on_domain(increasing(np.arctanh), -1.0, 1.0),
    "sinc": functions.sinc,
    # --- special functions --------------------------------------------------------------------------------------------
    "erf": increasing(special("erf"), 8, -1.0, 1.0),
    "erfc": decreasing(special("erfc"), in_tails(32, 1), 0.0, 2.0),
    "erfcx": decreasing(special("erfcx"), in_tails(32, 1), 0.0),
    "ndtr": increasing(special("ndtr"), in_tails(64, 2), 0.0, 1.0),
    "log_ndtr": increasing(special("log_ndtr"), in_tails(64, 2), -np.inf, 0.0),
    "gammaln": functions.logarithm_of_gamma,
    "digamma": positive_only(special("digamma"), 32, 1e-15),
    "polygamma": functions.polygamma,
    "i0": even(special("i0"), 16, rising=True, least=1.0),
    **SPECIAL,
    # --- linear algebra ---------------------------------------------------------------------------------------------------
    "solve": matrices.solve,
    "inv": matrices.inverse,
    "log_det_slope": matrices.inverse,
    "det": matrices.det,
    "slogdet": matrices.slogdet,
    "cofactor": matrices.cofactor,
    "cholesky": matrices.cholesky,
    "eigvalsh": spectral.eigvalsh,
    "eigh": spectral.eigh,
    "marked": spectral.marked,
    "undetermined": spectral.undetermined,
    "mean_of_equal": spectral.mean_of_equal,
    "over_gaps": spectral.over_gaps,
    # --- decisions ----------------------------------------------------------------------------------------------------
    "abs": decisions.absolute_value,
    "sign": decisions.sign,
    "floor": decisions.step(np.floor),
    "ceil": decisions.step(np.ceil),
    "trunc": decisions.step(np.trunc),
    "rint": decisions.step(np.rint),
    "round": decisions.step(np.round),
    "floor_divide": decisions.floor_divide,
    "mod": decisions.mod,
    "fmod": decisions.fmod,
    "remainder": decisions.remainder,
    "sort": orderings.sort,
    "argsort": orderings.argsort,
    "heaviside": decisions.heaviside,
    "copysign": decisions.copysign,
    "sign_bit_sign": decisions.sign_bit_sign,
    "maximum": decisions.extremum(np.maximum, 1),
    "minimum": decisions.extremum(np.minimum, -1),
    "fmax": decisions.extremum(np.fmax, 1),
    "fmin": decisions.extremum(np.fmin, -1),
    "max": decisions.reduced_extremum(np.maximum),
    "min": decisions.reduced_extremum(np.minimum),
    "greater": decisions.greater,
    "greater_equal": decisions.greater_equal,
    "less": decisions.less,
    "less_equal": decisions.less_equal,
    "equal": decisions.equal,
    "not_equal": decisions.not_equal,
    "logical_and": decisions.logical(np.logical_and),
    "logical_or": decisions.logical(np.logical_or),
    "logical_xor": decisions.logical_xor,
    "logical_not": decisions.logical_not,
    "isnan": decisions.isnan,
    "isinf": decisions.isinf,
    "isfinite": decisions.isfinite,
    "all": decisions.truth_along(np.logical_and),
    "any": decisions.truth_along(np.logical_or),
    "select": decisions.select,
}  # fmt: skip


#: primitives of two operands that are the same variable: x · x is never negative, and x equals x but for nan
OF_ONE_OPERAND: dict[str, Rule] = {
    "mul": lambda box, x: square(x),
    "equal": lambda box, x: decisions.logical_not(box, decisions.isnan(box, x)),
    "not_equal": decisions.isnan,
}


def rule_of(primitive: Primitive) -> Rule | None:
    """The rule of a primitive, None if the table has none."""
    known = RULES.get(primitive.name)
    if known is not None:
        return known
    maker = OF_RECORD.get(primitive.name)
    return maker(primitive) if maker is not None else None


__all__ = ["OF_ONE_OPERAND", "OF_RECORD", "RULES", "Interval", "aligned", "rule_of"]
