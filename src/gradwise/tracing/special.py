"""SciPy's universal functions on traced values, by name: SciPy's ufuncs are met, never imported.

``scipy.special.erf(x)`` reaches the trace through NumPy's protocol because ``erf`` is a ufunc.  SciPy's functions that are written in Python
(``logsumexp``, ``softmax``, ``polygamma``, …) begin with ``np.asarray(x)``, which no protocol of NumPy can intercept: they raise ``TracingError`` unless
the function that refers to them is rebuilt (``rebuilding.py``) to find ``STAND_INS`` under their names.
"""

from __future__ import annotations

import functools
import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.program import Primitive
from gradwise.rules import bessel, elementwise, elliptic, incomplete, integrals, parabolic, polynomials, special
from gradwise.tracing import special_forms, special_orders
from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.indexing import contains_traced, stacked
from gradwise.tracing.places import place_of
from gradwise.tracing.traced import apply, dtype_of, isinstance_traced, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

#: names that are a primitive of the same meaning
_SAME = {
    elementwise: ("cbrt", "exp2", "expm1", "log1p", "expit"),
    special: (
        *(
            "erf",
            "erfc",
            "erfi",
            "erfcx",
            "dawsn",
            "wofz",
            "erfinv",
            "erfcinv",
            "ndtr",
            "ndtri",
            "ndtri_exp",
            "log_ndtr",
        ),
        *("digamma", "gamma", "gammaln", "loggamma", "gammasgn", "rgamma", "beta", "betaln", "poch", "binom"),
        *("exp10", "exprel", "logit", "log_expit", "cosm1", "powm1", "xlogy", "xlog1py", "entr", "rel_entr", "kl_div"),
        *("boxcox", "boxcox1p", "inv_boxcox", "inv_boxcox1p", "huber", "pseudo_huber", "wrightomega"),
        *("sindg", "cosdg", "tandg", "cotdg", "radian", "expi", "exp1", "expn", "spence", "sici", "shichi", "fresnel"),
    ),
    bessel: (
        *(
            "j0",
            "j1",
            "y0",
            "y1",
            "i0",
            "i1",
            "i0e",
            "i1e",
            "k0",
            "k1",
            "k0e",
            "k1e",
            "jv",
            "yv",
            "iv",
            "kv",
            "ive",
            "kve",
        ),
        *("hankel1", "hankel2", "hankel1e", "hankel2e", "struve", "modstruve", "airy"),
        *("hyp0f1", "hyp1f1", "hyp2f1", "hyperu"),
    ),
    incomplete: (
        *("gammainc", "gammaincc", "gammaincinv", "gammainccinv", "betainc", "betaincc", "betaincinv", "betainccinv"),
        *("stdtr", "stdtrit"),
    ),
    parabolic: ("pbdv", "pbvv", "pbwa"),
    elliptic: ("ellipk", "ellipkm1", "ellipe", "ellipkinc", "ellipeinc", "ellipj"),
    integrals: (
        *("ber", "bei", "ker", "kei", "berp", "beip", "kerp", "keip", "itj0y0", "iti0k0", "it2j0y0", "it2i0k0"),
        *(
            "itstruve0",
            "it2struve0",
            "itmodstruve0",
            "itairy",
            "jve",
            "yve",
            "airye",
            "owens_t",
            "wright_bessel",
            "lpmv",
        ),
    ),
}
_PRIMITIVES: dict[str, Primitive] = {name: getattr(module, name) for module, names in _SAME.items() for name in names}
_PRIMITIVES |= {
    "psi": special.digamma,
    "_zeta": special.zeta,
    "_riemann_zeta": special.riemann_zeta,
    "yn": bessel.yv,
    "kn": bessel.kv,
    "round": elementwise.rint,
    "_spherical_jn": bessel.spherical_jn,
    "_spherical_in": bessel.spherical_in,
}


def _recorder(primitive: Primitive) -> Callable[..., Any]:
    def call(ufunc: Any, *inputs: Any) -> Any:
        trace = _innermost(*inputs)
        value = ufunc(*map(plain, inputs))
        if trace is None:
            return value
        return apply(trace, primitive, inputs, (), value, dtype_of(value[0] if primitive.multiple else value))

    return call


def _whole_parameter(trace: Any, name: str, argument: str, parameter: Any) -> np.ndarray:
    number = np.asarray(concrete(parameter))
    if not np.all(np.equal(number, np.round(number))):
        raise trace.fail(
            f"scipy.special.{name} was called with {argument} = {number!r}. An integer is required for its derivative rule. "
            "Give the function a rule with gw.custom_rule, or use method='numerical'"
        )
    return number.astype(np.intp)


def _polynomial(name: str) -> Callable[..., Any]:
    primitive = getattr(polynomials, name)

    def call(ufunc: Any, n: Any, *operands: Any) -> Any:
        trace = _innermost(n, *operands)
        if _moves(n):
            raise trace.fail(
                f"scipy.special.{name} was differentiated with respect to its degree n. A plain integer is required there, because that derivative has no "
                "closed form. Keep the argument out of what is differentiated, give the function a rule with gw.custom_rule, or use method='numerical'"
            )
        degree = _whole_parameter(trace, name, "n", n)
        value = ufunc(degree, *map(plain, operands))
        if not any(_moves(o) for o in operands):
            return ufunc(degree, *map(concrete, operands))
        dtype = np.result_type(*[dtype_of(plain(o)) for o in operands if _moves(o)])
        return apply(
            trace, primitive, (degree, *[_as(trace, o, dtype) for o in operands]), (), np.asarray(value, dtype)[()]
        )

    return call


def _as(trace: Any, operand: Any, dtype: np.dtype[Any]) -> Any:
    if isinstance_traced(operand):
        return operand.astype(dtype) if dtype_of(plain(operand)) != dtype else operand
    return np.asarray(operand, dtype)


def _moves(x: Any) -> bool:
    return isinstance_traced(x) and x.tape.open and dtype_of(x.value).kind in "fc"


def _lambertw(ufunc: Any, z: Any, k: Any = 0, tolerance: Any = 1e-8) -> Any:
    trace = _innermost(z, k)
    branch = _whole_parameter(trace, "lambertw", "k", k)
    if branch.ndim:
        raise trace.fail(
            f"scipy.special.lambertw was called with the array of branches k = {branch!r}. One branch is required. Call it once for each branch"
        )
    value = ufunc(plain(z), branch, tolerance)
    return (
        apply(trace, special.lambertw, (z,), (int(branch),), value, dtype_of(value))
        if _moves(z)
        else ufunc(concrete(z), branch, tolerance)
    )


BY_NAME: dict[str, Callable[..., Any]] = {name: _recorder(primitive) for name, primitive in _PRIMITIVES.items()}
BY_NAME |= {
    name: _polynomial(name)
    for name in (
        *("eval_jacobi", "eval_gegenbauer", "eval_genlaguerre", "eval_legendre", "eval_chebyt", "eval_chebyu"),
        *("eval_laguerre", "eval_hermite", "eval_hermitenorm"),
    )
}
BY_NAME["_lambertw"] = _lambertw
BY_NAME |= special_forms.BY_NAME
BY_NAME |= special_orders.by_order(BY_NAME)


# --- SciPy's functions written in Python ------------------------------------------------------------------------------------


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """``scipy.special.logsumexp`` of a traced array: log Σ b eᵃ, shifted by the largest entry."""
    if b is not None:  # an entry of weight 0 is left out, whatever it is
        a = np.where(b == 0, 0.0, a)
    top = concrete(np.max(np.real(a), axis=axis, keepdims=True), "shift")  # it cancels: no derivative goes through it
    top = np.where(np.isfinite(top), top, 0.0)
    terms = np.exp(a - top)
    total = np.sum(terms if b is None else b * terms, axis=axis, keepdims=True)
    sign = np.sign(total) if return_sign else None
    if return_sign:
        total = np.abs(total)
    result = np.log(total) + top
    if not keepdims:
        axes = tuple(range(np.ndim(result))) if axis is None else axis
        result = np.squeeze(result, axes)
        sign = None if sign is None else np.squeeze(sign, axes)
    result = result[()]
    scipy_ = sys.modules.get("scipy.special")
    if (
        isinstance_traced(result) and b is None and not return_sign and scipy_ is not None
    ):  # the last digit as SciPy has it
        own = scipy_.logsumexp(plain(a), axis=axis, keepdims=keepdims)
        result = wrap(result.tape, result.index, own, pinned=False)
    return (result, sign[()]) if return_sign else result  # type: ignore[index]  # there is a sign


def softmax(x: Any, axis: Any = None) -> Any:
    """``scipy.special.softmax`` of a traced array."""
    terms = np.exp(x - concrete(np.max(x, axis=axis, keepdims=True), "shift"))
    return terms / np.sum(terms, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """``scipy.special.log_softmax`` of a traced array."""
    shifted = x - concrete(np.max(x, axis=axis, keepdims=True), "shift")
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def polygamma(n: Any, x: Any) -> Any:
    """``scipy.special.polygamma`` of a traced array; n is one integer."""
    trace = _innermost(n, x)
    if trace is None:
        return scipy.special.polygamma(plain(n), plain(x))
    order = _whole_parameter(trace, "polygamma", "n", n)
    if order.ndim:
        return np.stack([polygamma(int(k), x[i] if np.ndim(x) else x) for i, k in enumerate(order)])
    result = scipy.special.digamma(x) if order == 0 else apply(trace, special.polygamma, (x,), (int(order),))
    return result if np.ndim(x) else np.reshape(result, ())  # an array of rank 0, as np.where gives it to SciPy


def multigammaln(a: Any, d: Any) -> Any:
    """``scipy.special.multigammaln`` of a traced array."""
    d = concrete(d)
    if np.ndim(d) or d != np.floor(d) or np.any(a <= 0.5 * (d - 1)):
        raise ValueError(
            f"multigammaln of order {d}: the order must be a whole number, and each argument more than half of the order below"
        )
    d = int(d)
    total = d * (d - 1) * 0.25 * math.log(math.pi)
    for j in range(1, d + 1):
        total = total + scipy.special.gammaln(a - (j - 1) / 2)
    return total


def rosen(x: Any) -> Any:
    """``scipy.optimize.rosen`` of a traced array: Σ 100 (x_{i+1} − x_i²)² + (1 − x_i)²."""
    if isinstance(x, (list, tuple)) and not isinstance_traced(x):
        x = np.stack(x)
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0, axis=0)


#: name in scipy.special → the same function in terms that can be traced
PYTHON_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "logsumexp": logsumexp,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "polygamma": polygamma,
    "multigammaln": multigammaln,
}


def _as_array(a: Any) -> Any:
    return stacked(a) if isinstance(a, (list, tuple)) and not isinstance_traced(a) and contains_traced(a) else a


def _for_traced(module: str, name: str, ours: Callable[..., Any]) -> Callable[..., Any]:
    """SciPy's function where nothing is traced, ours where something is."""

    @functools.wraps(ours)
    def call(*args: Any, **kwargs: Any) -> Any:
        if any(contains_traced(a) for a in (*args, *kwargs.values())):
            args = tuple([_as_array(a) for a in args])
            kwargs = {k: _as_array(v) for k, v in kwargs.items()}
            trace = _innermost(*args, *kwargs.values())
            if trace is None or trace.where is not None:
                return ours(*args, **kwargs)
            trace.where = place_of(sys._getframe(1))
            try:
                return ours(*args, **kwargs)
            finally:
                trace.where = None
        return getattr(sys.modules[module], name)(*args, **kwargs)

    return call


#: module → name → what a rebuilt function (``rebuilding.py``) finds under that name
STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.special": {name: _for_traced("scipy.special", name, f) for name, f in PYTHON_FUNCTIONS.items()},
    "scipy.optimize": {"rosen": _for_traced("scipy.optimize", "rosen", rosen)},
}
