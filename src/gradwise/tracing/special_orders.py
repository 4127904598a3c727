"""Functions of ``scipy.special`` by their order or exponent, which have no derivative in closed form: sums and integrals that hold to rounding, of what has rules.

    K_ν(x) = ∫₀^∞ exp(−x cosh t) cosh νt dt                                        DLMF 10.32.9, by the trapezoidal rule, whose error falls as exp(−π²/h)
    I_ν(x) = Σ (x/2)^(2k+ν) / (k! Γ(k+ν+1)),   J_ν with alternating signs          DLMF 10.25.2, 10.2.2
    J_ν, Y_ν for larger x by Schläfli's integrals                                  DLMF 10.9.6, 10.9.7
    ζ(s, q) by Euler and Maclaurin's sum                                           DLMF 25.11.5

The value is SciPy's.  A formula that does not have it (cancellation, at orders far beyond x) is not used: such a call raises, as it did before.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing import special_parameters
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.special_parameters import NEAR, Inverse
from gradwise.tracing.traced import dtype_of, isinstance_traced, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

#: numbers of terms and of nodes
TERMS, NODES, LARGEST = 120, 160, 2**22


def _pair(v: Any, x: Any) -> tuple[Any, Any, np.ndarray, np.ndarray]:
    """Order and argument with an axis for the terms, and their plain numbers."""
    return (
        np.expand_dims(np.asarray(v) if not isinstance_traced(v) else v, -1),
        np.expand_dims(np.asarray(x) if not isinstance_traced(x) else x, -1),
        np.asarray(plain(v), float),
        np.asarray(plain(x), float),
    )


def _second_kind(v: Any, x: Any) -> Any:
    """e^x K_ν(x)."""
    v, x, order, at = _pair(v, x)
    end = 1.0
    for _ in range(30):  # where the integrand is below rounding
        end = float(np.arccosh(1.0 + (46.0 + np.max(np.abs(order)) * end) / np.min(at)))
    step = min(0.1, 0.7 / float(np.max(at**2 + order**2)) ** 0.25)
    t = np.arange(0.0, end + step, step)
    if t.size * np.broadcast(order, at).size > LARGEST:
        return np.nan
    decay = x * (np.cosh(t) - 1.0)
    weights = np.where(t == 0, 0.5, 1.0) * step * 0.5
    return np.sum((np.exp(v * t - decay) + np.exp(-v * t - decay)) * weights, axis=-1)


def _series(sign: float) -> Callable[[Any, Any], Any]:
    """I_ν (sign 1) and J_ν (sign −1) by their power series."""

    def form(v: Any, x: Any) -> Any:
        v, x, order, at = _pair(v, x)
        if np.min(order) <= -1.0 or np.min(at) <= 0.0 or np.max(at) > (100.0 if sign > 0 else 6.0):
            return np.nan
        k = np.arange(float(TERMS) + 2.0 * float(np.max(at)))
        terms = np.exp((2 * k + v) * np.log(x / 2) - scipy.special.gammaln(k + 1) - scipy.special.gammaln(k + v + 1))
        return np.sum(terms * sign**k, axis=-1)

    return form


def _nodes(end: float) -> tuple[np.ndarray, np.ndarray]:
    """Gauss's nodes and weights on [0, end]."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return end * (nodes + 1) / 2, end * weights / 2


def _far(order: np.ndarray, at: np.ndarray) -> float:
    end = 1.0
    for _ in range(30):
        end = float(np.arcsinh((46.0 + np.max(np.abs(order)) * end) / np.min(at)))
    return end


def _first_by_integral(v: Any, x: Any) -> Any:
    v, x, order, at = _pair(v, x)
    if np.min(at) <= 0.0 or np.max(at) + np.max(np.abs(order)) > 150.0:
        return np.nan
    angle, w = _nodes(math.pi)
    t, u = _nodes(_far(order, at))
    waves = np.sum(np.cos(v * angle - x * np.sin(angle)) * w, axis=-1)
    tail = np.sum(np.exp(-x * np.sinh(t) - v * t) * u, axis=-1)
    return (waves - np.sin(math.pi * v[..., 0]) * tail) / math.pi


def _second_by_integral(v: Any, x: Any) -> Any:
    v, x, order, at = _pair(v, x)
    if np.min(at) <= 0.0 or np.max(at) + np.max(np.abs(order)) > 150.0:
        return np.nan
    angle, w = _nodes(math.pi)
    t, u = _nodes(_far(order, at))
    waves = np.sum(np.sin(x * np.sin(angle) - v * angle) * w, axis=-1)
    fall = -x * np.sinh(t)
    tail = np.sum((np.exp(v * t + fall) + np.cos(math.pi * v) * np.exp(-v * t + fall)) * u, axis=-1)
    return (waves - tail) / math.pi


def _zeta(s: Any, q: Any = 1.0) -> Any:
    s, q, exponent, _ = _pair(s, q)
    if np.any(exponent == 1.0):
        return np.nan
    count, corrections = 16, 14
    total = np.sum(np.exp(-s * np.log(q + np.arange(float(count)))), axis=-1)
    s, a = s[..., 0], q[..., 0] + count
    base = np.exp(-s * np.log(a))
    total = total + base * a / (s - 1) + base / 2
    rising: Any = s
    numbers = scipy.special.bernoulli(2 * corrections)
    for j in range(1, corrections + 1):
        total = total + numbers[2 * j] / math.factorial(2 * j) * rising * base * a ** (1.0 - 2 * j)
        rising = rising * (s + (2 * j - 1)) * (s + 2 * j)
    return total


_ORDER = (0,)
#: function → the operands without a rule, the forms that are tried in turn where one of them moves, and how far from SciPy's value they may be
_FORMS: dict[str, tuple[tuple[int, ...], tuple[Callable[..., Any], ...], float]] = {
    "kv": (_ORDER, (lambda v, x: np.exp(-x) * _second_kind(v, x),), NEAR),
    "kve": (_ORDER, (_second_kind,), NEAR),
    "iv": (_ORDER, (_series(1.0),), NEAR),
    "ive": (_ORDER, (lambda v, x: np.exp(-x) * _series(1.0)(v, x),), NEAR),
    "jv": (_ORDER, (_series(-1.0), _first_by_integral), NEAR),
    "yv": (_ORDER, (_second_by_integral,), NEAR),
    "jve": (_ORDER, (_series(-1.0), _first_by_integral), NEAR),  # the scale is that of imaginary parts
    "yve": (_ORDER, (_second_by_integral,), NEAR),
    "_zeta": (_ORDER, (_zeta,), NEAR),
    "_riemann_zeta": (_ORDER, (_zeta,), NEAR),
    "zetac": (_ORDER, (lambda s: _zeta(s) - 1.0,), NEAR),
    **special_parameters.FORMS,
}


#: what SciPy computes with in double precision
_DOUBLE = (np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.int32))


def _moves(order: Any) -> bool:
    return isinstance_traced(order) and order.tape.open and dtype_of(order.value).kind == "f"


def _made(form: Callable[..., Any], operands: Any, value: Any) -> Any:
    with np.errstate(all="ignore"):
        return form(value, *operands) if isinstance(form, Inverse) else form(*operands)


def _holds(form: Callable[..., Any], numbers: list[Any], value: Any, near: float) -> bool:
    found = np.asarray(_made(form, numbers, value))
    return found.shape == np.shape(value) and bool(np.allclose(found, value, rtol=near, atol=0.0))


def _wrapped(result: Any, value: Any) -> Any:
    """SciPy's value with the derivatives of a form."""
    return wrap(result.tape, result.index, value, pinned=False) if isinstance_traced(result) else value


def _recorder(name: str, otherwise: Callable[..., Any] | None) -> Callable[..., Any]:
    places, forms, near = _FORMS[name]

    def call(ufunc: Any, *inputs: Any) -> Any:
        if not any(_moves(inputs[k]) for k in places) and otherwise is not None:
            return otherwise(ufunc, *inputs)
        numbers = list(map(plain, inputs))
        value = ufunc(*numbers)
        several = type(value) is tuple
        narrow = np.dtype(np.float32) if not several and dtype_of(value) == np.float32 else None
        given_as = inputs
        if narrow is not None:  # the formulas need all digits
            inputs = tuple([i.astype(np.float64) if isinstance_traced(i) else np.float64(i) for i in inputs])
            numbers, value = list(map(plain, inputs)), ufunc(*map(plain, inputs))
        if dtype_of(value[0] if several else value) == np.float64 and all(
            np.asarray(n).dtype in _DOUBLE for n in numbers
        ):
            for form in forms:
                if _holds(form, numbers, value, near):
                    for given in inputs:  # nodes, and which form, are chosen for these numbers
                        concrete(given)
                    result = _made(form, inputs, value)
                    if narrow is not None:
                        result, value = result.astype(narrow), ufunc(*map(plain, given_as))
                    if several:
                        return tuple([_wrapped(r, v) for r, v in zip(result, value, strict=True)])
                    return _wrapped(result, value)
        if otherwise is None:
            source = next(i for i in inputs if isinstance_traced(i))
            raise source.tape.fail(
                f"scipy.special.{name} was called with {numbers!r}, where no formula for its derivative holds. Numbers inside of its domain, and not extreme, are required. Use method='numerical'"
            )
        for given in inputs:  # a form may hold for others
            concrete(given)
        return otherwise(ufunc, *given_as)

    return call


def by_order(table: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """How calls of these functions are recorded: by the forms where the order moves, else as the table says."""
    return {name: _recorder(name, table.get(name)) for name in _FORMS}
