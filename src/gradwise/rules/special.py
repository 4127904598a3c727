"""Special functions: SciPy's value and the derivative, side by side.  Formulas: DLMF chapters 5–8, 19, 25; Abramowitz & Stegun 6, 7, 17.

A derivative of higher order that has no closed form free of cancellation is a primitive of its own with an ``order`` (``with_orders``), whose values are
in ``series.py``.  Where no rule with respect to a parameter is known (the order of a Bessel function, the shape of an incomplete gamma function)
differentiating raises.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.errors import TracingError
from gradwise.program import Primitive
from gradwise.rules import series
from gradwise.rules.algebra import div, elementwise, equal, less, mul, neg, select
from gradwise.rules.elementwise import (
    abs_,
    cos,
    cosh,
    exp,
    expit,
    log,
    log1p,
    maximum,
    sign,
    sin,
    sqrt,
    square,
)
from gradwise.rules.powers import pow_

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT_PI = math.sqrt(math.pi)
_ROOT_2_PI = math.sqrt(2 * math.pi)
_LN10 = math.log(10.0)


def scipys(name: str) -> Callable[..., Any]:
    """The function of ``scipy.special``, looked up when it is called: importing gradwise must not import it."""
    return lambda *operands: getattr(scipy.special, name)(*operands)


def special(name: str, derivative: Callable[..., Any] | None = None, keeps: str = "all", **options: Any) -> Primitive:
    """An elementwise primitive with the value of ``scipy.special.<name>``."""
    return elementwise(name, scipys(name), derivative, keeps=keeps, **options)


def with_orders(
    name: str,
    value: Callable[..., Any],
    nth: Callable[[Any, int], Any],
    complex_slope: Callable[[Any, Any], Any] | None = None,
) -> tuple[Primitive, Primitive]:
    """A function of one variable with a primitive for its n-th derivative; for complex operands ``complex_slope(x, y)`` if given."""
    derivative = elementwise(
        f"{name}_derivative", nth, lambda x, y, n: derivative(x, params=(n + 1,)), params=("order",), keeps="operands"
    )

    def slope(x: Any, y: Any) -> Any:
        if complex_slope is not None and x.dtype.kind == "c":
            return complex_slope(x, y)
        return derivative(x, params=(1,))

    return elementwise(name, value, slope, keeps="operands" if complex_slope is None else "all"), derivative


def no_rule(function: str, argument: str) -> Callable[[], Any]:
    """A partial derivative that is not known: raises when it is asked for."""

    def refuse() -> Any:
        raise TracingError(
            f"{function} was differentiated with respect to {argument}. A plain number is required there, because that derivative has no closed form. "
            "Keep the argument out of what is differentiated, give the function a rule with gw.custom_rule, or use method='numerical'"
        )

    return refuse


# --- error function and relatives ---------------------------------------------------------------------------------------

erf = special("erf", lambda x, y: 2 / _ROOT_PI * exp(neg(square(x))), keeps="operands")
erfc = special("erfc", lambda x, y: -2 / _ROOT_PI * exp(neg(square(x))), keeps="operands")
erfi = special("erfi", lambda x, y: 2 / _ROOT_PI * exp(square(x)), keeps="operands")
erfcx, erfcx_derivative = with_orders("erfcx", scipys("erfcx"), series.erfcx, lambda x, y: 2 * x * y - 2 / _ROOT_PI)
dawsn, dawsn_derivative = with_orders("dawsn", scipys("dawsn"), series.dawsn)
wofz = special("wofz", lambda x, y: -2 * x * y + 2j / _ROOT_PI)
erfinv = special("erfinv", lambda x, y: _ROOT_PI / 2 * exp(square(y)), keeps="output")
erfcinv = special("erfcinv", lambda x, y: -_ROOT_PI / 2 * exp(square(y)), keeps="output")
ndtr = special("ndtr", lambda x, y: 1 / _ROOT_2_PI * exp(-0.5 * square(x)), keeps="operands")
ndtri = special("ndtri", lambda x, y: _ROOT_2_PI * exp(0.5 * square(y)), keeps="output")
ndtri_exp = special("ndtri_exp", lambda x, y: div(1, inverse_mills(y)), keeps="output")


def _log_ndtr_slope(x: Any, y: Any) -> Any:
    if x.dtype.kind == "c":
        return div(1 / _ROOT_2_PI * exp(-0.5 * square(x)), ndtr(x))
    return inverse_mills(x)


log_ndtr = special("log_ndtr", _log_ndtr_slope, keeps="operands")
#: h = φ/Φ, with h' = −h (x + h)
inverse_mills = elementwise("inverse_mills", lambda x: series.inverse_mills(x, 0), lambda x, h: neg(h * mills_gap(x)))
#: g = x + φ/Φ, with g' = 1 − h g
mills_gap = elementwise("mills_gap", lambda x: series.inverse_mills(x, 1), lambda x, g: 1 - inverse_mills(x) * g)

# --- gamma, beta, zeta --------------------------------------------------------------------------------------------------

#: ψ⁽ⁿ⁾ for n ≥ 1, the order a parameter
polygamma = elementwise(
    "polygamma", series.polygamma, lambda x, y, n: polygamma(x, params=(n + 1,)), params=("order",), keeps="operands"
)
digamma = special("digamma", lambda x, y: polygamma(x, params=(1,)), keeps="operands")
gamma = special("gamma", lambda x, y: y * digamma(x))
gammaln = special("gammaln", lambda x, y: digamma(x), keeps="operands")
loggamma = special("loggamma", lambda x, y: digamma(x), keeps="operands")
gammasgn = special("gammasgn")
rgamma, rgamma_derivative = with_orders("rgamma", scipys("rgamma"), series.rgamma, lambda x, y: neg(y * digamma(x)))
beta = special(
    "beta",
    lambda a, b, y: (lambda: y * (digamma(a) - digamma(a + b)), lambda: y * (digamma(b) - digamma(a + b))),
)
betaln = special(
    "betaln",
    lambda a, b, y: (lambda: digamma(a) - digamma(a + b), lambda: digamma(b) - digamma(a + b)),
    keeps="operands",
)
poch = special("poch", lambda x, m, y: (lambda: y * (digamma(x + m) - digamma(x)), lambda: y * digamma(x + m)))
binom = special(
    "binom",
    lambda n, k, y: (
        lambda: y * (digamma(n + 1) - digamma(n - k + 1)),
        lambda: y * (digamma(n - k + 1) - digamma(k + 1)),
    ),
)
zeta = special(
    "zeta",
    lambda s, q, y: (no_rule("scipy.special.zeta", "its exponent"), lambda: neg(s * zeta(s + 1, q))),
    keeps="operands",
)
riemann_zeta = elementwise(
    "riemann_zeta",
    lambda s: scipy.special.zeta(s),
    lambda s, y: no_rule("scipy.special.zeta", "its exponent"),
    keeps="none",
)


# --- exponentials, logarithms, entropies ----------------------------------------------------------------------------------

exp10 = special("exp10", lambda x, y: _LN10 * y, keeps="output")
exprel, exprel_derivative = with_orders("exprel", scipys("exprel"), series.exprel)
logit = special("logit", lambda x, y: div(1, x * (1 - x)), keeps="operands")
log_expit = special("log_expit", lambda x, y: expit(neg(x)), keeps="operands")
cosm1 = special("cosm1", lambda x, y: neg(sin(x)), keeps="operands")
powm1 = special("powm1", lambda x, z, y: (lambda: z * pow_(x, z - 1), lambda: mul(log(x), 1 + y)))


def _quotient(x: Any, z: Any) -> Any:
    """x/z, and 0 where both are 0: the slope of x log z in z, which x = 0 makes constant."""
    safe = select(equal(x, 0), select(equal(z, 0), 1, z), z)
    return div(x, safe)


xlogy = special("xlogy", lambda x, z, y: (lambda: log(z), lambda: _quotient(x, z)), keeps="operands")
xlog1py = special("xlog1py", lambda x, z, y: (lambda: log1p(z), lambda: _quotient(x, 1 + z)), keeps="operands")
entr = special("entr", lambda x, y: -1 - log(x), keeps="operands")
rel_entr = special(
    "rel_entr", lambda x, z, y: (lambda: log(div(x, z)) + 1, lambda: neg(_quotient(x, z))), keeps="operands"
)
kl_div = special("kl_div", lambda x, z, y: (lambda: log(div(x, z)), lambda: _quotient(z - x, z)), keeps="operands")


def _boxcox_by_exponent(logarithm: Any, exponent: Any) -> Any:
    """d/dλ of (e^(λL) − 1)/λ = L² exprel'(λL), also at λ = 0."""
    return mul(square(logarithm), exprel_derivative(exponent * logarithm, params=(1,)))


boxcox = special(
    "boxcox", lambda x, k, y: (lambda: pow_(x, k - 1), lambda: _boxcox_by_exponent(log(x), k)), keeps="operands"
)
boxcox1p = special(
    "boxcox1p", lambda x, k, y: (lambda: pow_(1 + x, k - 1), lambda: _boxcox_by_exponent(log1p(x), k)), keeps="operands"
)


def _inverse_boxcox(base: Any, logarithm: Any, k: Any) -> Any:
    def slope() -> Any:
        return pow_(base(), 1 - k)

    return slope, lambda: neg(slope() * _boxcox_by_exponent(logarithm(), k))


inv_boxcox = special("inv_boxcox", lambda y, k, x: _inverse_boxcox(lambda: x, lambda: log(x), k))
inv_boxcox1p = special("inv_boxcox1p", lambda y, k, x: _inverse_boxcox(lambda: 1 + x, lambda: log1p(x), k))


def _huber_derivative(d: Any, r: Any, y: Any) -> Any:
    return (
        lambda: maximum(abs_(r) - d, 0),
        lambda: select(less(d, abs_(r)), mul(d, sign(r)), r),
    )


huber = special(
    "huber",
    _huber_derivative,
    keeps="operands",
    kink=lambda operands, output: np.equal(np.abs(operands[1]), operands[0]),
    kink_name="huber at |r| = δ (its curvature jumps)",
)


def _pseudo_huber_derivative(d: Any, r: Any, y: Any) -> Any:
    def root() -> Any:
        return sqrt(1 + square(div(r, d)))

    # with s = √(1 + (r/δ)²): 2δ(s − 1) − r²/(δs) = δ(s − 1)²/s, and s − 1 = (r/δ)²/(1 + s)
    return (
        lambda: div(d * square(div(square(div(r, d)), 1 + root())), root()),
        lambda: div(r, root()),
    )


pseudo_huber = special("pseudo_huber", _pseudo_huber_derivative, keeps="operands")
lambertw = elementwise(
    "lambertw",
    lambda x, k: scipy.special.lambertw(x, k),
    lambda x, w, k: div(1, exp(w) * (1 + w)),
    params=("branch",),
    keeps="output",
)
wrightomega = special("wrightomega", lambda x, w: div(w, 1 + w), keeps="output")

# --- angles in degrees ----------------------------------------------------------------------------------------------------

_DEGREE = math.pi / 180
sindg = special("sindg", lambda x, y: _DEGREE * cosdg(x), keeps="operands")
cosdg = special("cosdg", lambda x, y: -_DEGREE * sindg(x), keeps="operands")
tandg = special("tandg", lambda x, y: _DEGREE * (1 + y * y), keeps="output")
cotdg = special("cotdg", lambda x, y: -_DEGREE * (1 + y * y), keeps="output")
radian = special("radian", lambda d, m, s, y: (_DEGREE, _DEGREE / 60, _DEGREE / 3600), keeps="none")

# --- integrals ------------------------------------------------------------------------------------------------------------

sinc, sinc_derivative = with_orders("sinc", np.sinc, series.sinc)
expi = special("expi", lambda x, y: div(exp(x), x), keeps="operands")
exp1 = special("exp1", lambda x, y: div(neg(exp(neg(x))), x), keeps="operands")


def _expn_value(n: Any, x: Any) -> Any:
    """Eₙ(x); for n = −m ≤ 0, m! x⁻ᵐ⁻¹ e⁻ˣ Σₖ xᵏ/k! (k ≤ m), where SciPy has no value."""
    n, x = np.broadcast_arrays(np.floor(n), x)  # SciPy rounds the order down
    value = np.asarray(scipy.special.expn(np.maximum(n, 0), x))
    if np.any(n < 0):
        m = np.where(n < 0, -n, 0)
        term, total = np.ones_like(value), np.ones_like(value)
        for k in range(1, int(m.max()) + 1):
            term = term * x / k
            total = total + np.where(k <= m, term, 0)
        value = np.where(n < 0, scipy.special.gamma(m + 1) * np.exp(-x) * total / x ** (m + 1), value)
    return value.astype(x.dtype)[()]


expn = elementwise(
    "expn",
    _expn_value,
    lambda n, x, y: (no_rule("scipy.special.expn", "its order n"), lambda: neg(expn(n - 1, x))),
    keeps="operands",
)


def _complex_spence(x: Any, y: Any) -> Any:
    return div(log(x), 1 - x)


spence, spence_derivative = with_orders("spence", scipys("spence"), series.spence, _complex_spence)


def several(name: str, count: int, slopes: Callable[..., tuple[Any, ...]]) -> Primitive:
    """A function of one variable with ``count`` outputs; ``slopes(x, outputs)`` are their derivatives."""

    def jvp(primals: Any, tangents: Any, outputs: Any) -> Any:
        return tuple(mul(slope, tangents[0]) for slope in slopes(primals[0], outputs))

    primitive = Primitive(name, scipys(name), lambda t: (t,) * count, jvp=jvp, multiple=True)
    primitive.batch = lambda operands, batched: primitive(*operands)
    return primitive


sici = several("sici", 2, lambda x, outputs: (sinc(x * (1 / math.pi)), div(cos(x), x)))
shichi = several("shichi", 2, lambda x, outputs: (0.5 * (exprel(x) + exprel(neg(x))), div(cosh(x), x)))
fresnel = several("fresnel", 2, lambda x, outputs: (sin(math.pi / 2 * square(x)), cos(math.pi / 2 * square(x))))
