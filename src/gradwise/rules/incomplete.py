"""Derivatives of the incomplete gamma and beta functions by their shape parameters.

With p(t; a) = tᵃ⁻¹ e⁻ᵗ/Γ(a), whose logarithm has the slope ℓ = log t − ψ(a) in a, the functions

    Q_n(a, x) = ∫₀ˣ p ℓⁿ dt,        ∂Q_n/∂a = Q_{n+1} − n ψ′(a) Q_{n−1},        ∂Q_n/∂x = p(x; a) ℓ(x)ⁿ

are closed under differentiation, Q₀ is ``gammainc`` and its slope in a is Q₁.  The same holds for the beta density with ℓ = log t − ψ(a) + ψ(a+b) and
log(1−t) − ψ(b) + ψ(a+b).  The integral over the shorter side of the mean is computed after t = x e^{∓u} by the exp-sinh rule (Takahasi & Mori 1974, *Double exponential formulas for
numerical integration*); the whole integrals are central moments, which follow from the cumulants, the polygamma functions.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.rules.algebra import div, elementwise, mul, neg
from gradwise.rules.elementwise import exp, log, log1p, sign, square
from gradwise.rules.special import betaln, digamma, gammaln, polygamma, special, xlog1py, xlogy

if TYPE_CHECKING:
    from collections.abc import Callable

# --- densities --------------------------------------------------------------------------------------------------------


def _gamma_density(a: Any, x: Any) -> Any:
    """xᵃ⁻¹ e⁻ˣ/Γ(a)."""
    return exp(xlogy(a - 1, x) - x - gammaln(a))


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    """xᵃ⁻¹ (1−x)ᵇ⁻¹/B(a, b)."""
    return exp(xlogy(a - 1, x) + xlog1py(b - 1, neg(x)) - betaln(a, b))


def _student_density(df: Any, t: Any) -> Any:
    """Γ((ν+1)/2)/(Γ(ν/2) √(πν)) (1 + t²/ν)^(−(ν+1)/2)."""
    size = gammaln(0.5 * (df + 1)) - gammaln(0.5 * df) - 0.5 * log(math.pi * df)
    return exp(size - 0.5 * (df + 1) * log1p(div(square(t), df)))


# --- values -----------------------------------------------------------------------------------------------------------

_STEP = 1 / 24
_W = np.arange(-4.5, 9.5, _STEP)
#: nodes and weights for ∫₀^∞ f(u) du of functions that decay at least as e^{−cu}
_NODES = np.exp(_W - np.exp(-_W))
_WEIGHTS = _STEP * (1 + np.exp(-_W)) * _NODES
#: elements that are integrated at once
_BLOCK = 4096


def _moment(orders: tuple[int, ...], cumulant: Callable[[tuple[int, ...]], Any]) -> Any:
    """The central moment from the cumulants, by the recursion on its first index that is not zero."""
    found: dict[tuple[int, ...], Any] = {}

    def of(index: tuple[int, ...]) -> Any:
        if not any(index):
            return 1.0
        if index in found:
            return found[index]
        k = next(i for i, n in enumerate(index) if n)
        less = tuple(n - (i == k) for i, n in enumerate(index))
        total = 0.0
        for taken in np.ndindex(*(n + 1 for n in less)):
            part = tuple(n + (i == k) for i, n in enumerate(taken))
            if sum(part) > 1:  # the first cumulants are zero: the moments are central
                ways = math.prod(math.comb(n, i) for n, i in zip(less, taken, strict=True))
                total = total + ways * cumulant(part) * of(tuple(n - i for n, i in zip(less, taken, strict=True)))
        found[index] = total
        return total

    return of(orders)


def _in_blocks(function: Callable[..., Any]) -> Callable[..., Any]:
    """Broadcast operands, as columns of at most ``_BLOCK`` entries; nan outside of the domain comes from the formulas."""

    @functools.wraps(function)
    def value(*args: Any) -> Any:
        operands, orders = [a for a in args if not isinstance(a, int)], [a for a in args if isinstance(a, int)]
        dtype = np.result_type(*operands)
        columns = [np.asarray(c, float) for c in np.broadcast_arrays(*operands)]
        shape = columns[0].shape
        flat = [c.reshape(-1, 1) for c in columns]
        result = np.empty(flat[0].shape[0])
        with np.errstate(all="ignore"):
            for start in range(0, result.size, _BLOCK):
                part = slice(start, start + _BLOCK)
                result[part] = function(*[c[part] for c in flat], *orders)
        return result.reshape(shape).astype(dtype)[()]

    return value


@_in_blocks
def gamma_integral(a: Any, x: Any, n: int) -> Any:
    """Q_n(a, x)."""
    below = x <= np.maximum(a, 1.0)
    psi = scipy.special.digamma(a)
    size = np.exp(scipy.special.xlogy(a, x) - x - scipy.special.gammaln(a))
    slope = np.where(below, np.maximum(a - x, np.sqrt(a)), np.maximum(x - a, np.sqrt(x)))
    u = _NODES / slope
    decay = np.where(below, -a * u - x * np.expm1(-u), a * u - x * np.expm1(u))
    terms = np.exp(decay) * (np.log(x) + np.where(below, -u, u) - psi) ** n
    part = size[:, 0] * np.sum(np.where(np.exp(decay) == 0, 0.0, terms) * _WEIGHTS, axis=1) / slope[:, 0]
    whole = np.asarray(_moment((n,), lambda k: scipy.special.polygamma(k[0] - 1, a[:, 0])) * np.ones(a.shape[0]))
    result = np.where(below[:, 0], part, whole - part)
    return np.where(x[:, 0] == 0, 0.0, np.where(np.isposinf(x[:, 0]), whole, result))


def _beta_part(a: Any, b: Any, x: Any, y: Any, m: int, n: int) -> Any:
    """The integral over 0 … x ≤ a/(a+b), with y = 1 − x."""
    psi = scipy.special.digamma(a + b)
    first, second = scipy.special.digamma(a) - psi, scipy.special.digamma(b) - psi
    size = np.exp(scipy.special.xlogy(a, x) - scipy.special.betaln(a, b))
    slope = np.maximum(a - b * x / y, np.sqrt(a))
    u = _NODES / slope
    rest = np.log(y - x * np.expm1(-u))
    terms = np.exp(-a * u + (b - 1) * rest) * (np.log(x) - u - first) ** m * (rest - second) ** n
    return size[:, 0] * np.sum(np.where(np.exp(-a * u) == 0, 0.0, terms) * _WEIGHTS, axis=1) / slope[:, 0]


@_in_blocks
def beta_integral(a: Any, b: Any, x: Any, m: int, n: int) -> Any:
    """∫₀ˣ p ℓ₁ᵐ ℓ₂ⁿ dt of the beta density."""
    below = x <= a / (a + b)
    c, d = np.where(below, a, b), np.where(below, b, a)
    near, far = np.where(below, x, 1 - x), np.where(below, 1 - x, x)
    part = np.where(below[:, 0], _beta_part(c, d, near, far, m, n), _beta_part(c, d, near, far, n, m))

    def cumulant(k: tuple[int, ...]) -> Any:
        together = scipy.special.polygamma(sum(k) - 1, (a + b)[:, 0])
        if k[1] == 0:
            return scipy.special.polygamma(k[0] - 1, a[:, 0]) - together
        return scipy.special.polygamma(k[1] - 1, b[:, 0]) - together if k[0] == 0 else -together

    whole = np.asarray(_moment((m, n), cumulant) * np.ones(a.shape[0]))
    result = np.where(below[:, 0], part, whole - part)
    return np.where(x[:, 0] == 0, 0.0, np.where(x[:, 0] == 1, whole, result))


# --- rules ------------------------------------------------------------------------------------------------------------


def _scores(a: Any, b: Any, x: Any, m: int, n: int) -> Any:
    total = digamma(a + b)
    result: Any = 1
    for _ in range(m):
        result = (log(x) - digamma(a) + total) * result
    for _ in range(n):
        result = (log1p(-x) - digamma(b) + total) * result
    return result


def _gamma_slopes(a: Any, x: Any, y: Any, n: int) -> Any:
    def by_shape() -> Any:
        slope = gamma_integral_p(a, x, params=(n + 1,))
        return slope if n < 1 else slope - n * polygamma(a, params=(1,)) * gamma_integral_p(a, x, params=(n - 1,))

    def by_point() -> Any:
        density = _gamma_density(a, x)
        for _ in range(n):
            density = mul(density, log(x) - digamma(a))
        return density

    return by_shape, by_point


#: Q_n(a, x)
gamma_integral_p = elementwise(
    "gamma_integral", gamma_integral, _gamma_slopes, params=("order",), keeps="operands"
)


def _beta_slopes(a: Any, b: Any, x: Any, y: Any, m: int, n: int) -> Any:
    def lowered(result: Any, k: int, factor: Callable[[], Any], orders: tuple[int, int]) -> Any:
        return result if k == 0 else result - k * factor() * beta_integral_p(a, b, x, params=orders)

    def trigamma(z: Any) -> Any:
        return polygamma(z, params=(1,))

    def by_first() -> Any:
        slope = beta_integral_p(a, b, x, params=(m + 1, n))
        slope = lowered(slope, m, lambda: trigamma(a) - trigamma(a + b), (m - 1, n))
        return lowered(slope, n, lambda: -trigamma(a + b), (m, n - 1))

    def by_second() -> Any:
        slope = beta_integral_p(a, b, x, params=(m, n + 1))
        slope = lowered(slope, n, lambda: trigamma(b) - trigamma(a + b), (m, n - 1))
        return lowered(slope, m, lambda: -trigamma(a + b), (m - 1, n))

    return by_first, by_second, lambda: mul(_beta_density(a, b, x), _scores(a, b, x, m, n))


#: the integral of the beta density times powers of its two scores
beta_integral_p = elementwise(
    "beta_integral", beta_integral, _beta_slopes, params=("first", "second"), keeps="operands"
)

# --- distribution functions and their inverses ----------------------------------------------------------------------------


def _beta_by(a: Any, b: Any, x: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The slopes of I_x(a, b) in a and in b."""
    return lambda: beta_integral_p(a, b, x, params=(1, 0)), lambda: beta_integral_p(a, b, x, params=(0, 1))


def _inverse(by_shape: Callable[[], Any], density: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: neg(div(by_shape(), density()))


def _student_by_degrees(df: Any, t: Any) -> Any:
    """From F = ½ + sign(t)/2 (1 − I_x(ν/2, ½)), x = ν/(ν + t²)."""
    turning = beta_integral_p(0.5 * df, 0.5, div(df, df + square(t)), params=(1, 0))
    return -0.25 * mul(sign(t), turning) - 0.5 * mul(_student_density(df, t), div(t, df))


gammainc = special(
    "gammainc",
    lambda a, x, y: (lambda: gamma_integral_p(a, x, params=(1,)), lambda: _gamma_density(a, x)),
    keeps="operands",
)
gammaincc = special(
    "gammaincc",
    lambda a, x, y: (lambda: neg(gamma_integral_p(a, x, params=(1,))), lambda: neg(_gamma_density(a, x))),
    keeps="operands",
)
gammaincinv = special(
    "gammaincinv",
    lambda a, p, y: (
        _inverse(lambda: gamma_integral_p(a, y, params=(1,)), lambda: _gamma_density(a, y)),
        lambda: div(1, _gamma_density(a, y)),
    ),
)
gammainccinv = special(
    "gammainccinv",
    lambda a, p, y: (
        _inverse(lambda: gamma_integral_p(a, y, params=(1,)), lambda: _gamma_density(a, y)),
        lambda: div(-1, _gamma_density(a, y)),
    ),
)
betainc = special(
    "betainc", lambda a, b, x, y: (*_beta_by(a, b, x), lambda: _beta_density(a, b, x)), keeps="operands"
)
betaincc = special(
    "betaincc",
    lambda a, b, x, y: (
        *(lambda by=by: neg(by()) for by in _beta_by(a, b, x)),
        lambda: neg(_beta_density(a, b, x)),
    ),
    keeps="operands",
)
betaincinv = special(
    "betaincinv",
    lambda a, b, p, y: (
        *(_inverse(by, lambda: _beta_density(a, b, y)) for by in _beta_by(a, b, y)),
        lambda: div(1, _beta_density(a, b, y)),
    ),
)
betainccinv = special(
    "betainccinv",
    lambda a, b, p, y: (
        *(_inverse(by, lambda: _beta_density(a, b, y)) for by in _beta_by(a, b, y)),
        lambda: div(-1, _beta_density(a, b, y)),
    ),
)
stdtr = special(
    "stdtr", lambda df, t, y: (lambda: _student_by_degrees(df, t), lambda: _student_density(df, t)), keeps="operands"
)
stdtrit = special(
    "stdtrit",
    lambda df, p, y: (
        _inverse(lambda: _student_by_degrees(df, y), lambda: _student_density(df, y)),
        lambda: div(1, _student_density(df, y)),
    ),
)
