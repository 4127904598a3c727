"""``scipy.special``: further functions written in Python, counting, spherical Bessel functions and harmonics; Rosenbrock's derivatives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.rules import bessel
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.scipy_calling import recorded, refuse, shown, table, with_value

if TYPE_CHECKING:
    from collections.abc import Callable


def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    """``scipy.special.comb``; exact only of integers."""
    if exact:
        return scipy.special.comb(concrete(N, "int"), concrete(k, "int"), exact=exact, repetition=repetition)
    N, k = as_array(N), as_array(k)
    value = scipy.special.comb(*shown(N, k), repetition=repetition)
    if repetition:
        nothing, N = (N == 0) & (k == 0), N + k - 1
        if (
            scipy.special.comb(7.5, -0.5, repetition=True) != 0.0
        ):  # from SciPy 1.17 on it is the binomial coefficient everywhere
            return with_value(np.where(nothing, 1.0, scipy.special.binom(np.where(nothing, 1.0, N), k * 1.0)), value)
    counts = (k <= N) & (N >= 0) & (k >= 0)
    return with_value(np.where(counts, scipy.special.binom(N * 1.0, k * 1.0), 0.0), value)


def perm(N: Any, k: Any, exact: bool = False) -> Any:
    """``scipy.special.perm``; exact only of integers."""
    if exact:
        return scipy.special.perm(concrete(N, "int"), concrete(k, "int"), exact)
    N, k = as_array(N), as_array(k)
    value = scipy.special.perm(*shown(N, k))
    counts = (k <= N) & (N >= 0) & (k >= 0)
    return with_value(np.where(counts, scipy.special.poch(N - k + 1.0, k * 1.0), 0.0), value)


def _spherical(name: str, cylindrical: str, sign: float, factor: float) -> Callable[..., Any]:
    """f_n(z) = √(factor/z) F_{n+½}(z), and f_n′ = (n/z) f_n ± f_{n+1}.  Abramowitz & Stegun 10.1.1, 10.1.22, 10.2.2, 10.2.23."""

    def function(n: Any, z: Any) -> Any:
        return np.sqrt(factor / z) * getattr(scipy.special, cylindrical)(n + 0.5, z)

    def call(n: Any, z: Any, derivative: bool = False) -> Any:
        n, z = concrete(n, "int"), as_array(z)
        z = z if z.dtype.kind in "fc" else z.astype(float)
        value = getattr(scipy.special, name)(n, plain(z), derivative)
        n = np.trunc(n)  # SciPy takes the whole part of an order
        f = function(n, z)
        return with_value(n / z * f + sign * function(n + 1, z) if derivative else f, value)

    call.__name__ = name
    call.__doc__ = f"``scipy.special.{name}`` of a plain order."
    return call


def _regular(name: str, sign: float) -> Callable[..., Any]:
    """The spherical functions that are regular at 0, by a rule that is too."""

    def call(n: Any, z: Any, derivative: bool = False) -> Any:
        n, z = np.asarray(concrete(n, "int")), as_array(z)
        value = getattr(scipy.special, name)(n, plain(z), derivative)
        n = np.trunc(n)  # SciPy takes the whole part of an order
        z = z.astype(np.asarray(value).dtype)

        def of_order(k: Any) -> Any:
            found = getattr(scipy.special, name)(np.maximum(k, 0), plain(z))
            return recorded(getattr(bessel, name), (k.astype(np.asarray(value).dtype), z), (), found)

        if not derivative:
            return with_value(of_order(n), value)
        return with_value((n * of_order(n - 1) + sign * (n + 1) * of_order(n + 1)) / (2 * n + 1), value)

    call.__name__ = name
    call.__doc__ = f"``scipy.special.{name}`` of a plain order."
    return call


def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    """``scipy.special.factorial``: Γ(n + 1); exact only of integers."""
    if exact:
        return scipy.special.factorial(concrete(n, "int"), exact=True)
    if extend != "zero":
        refuse([n], f"scipy.special.factorial with extend={extend!r}", "Write scipy.special.gamma(n + 1)")
    value = scipy.special.factorial(plain(n))
    n = as_array(n)
    below = n < 0
    return with_value(np.where(below, 0.0, scipy.special.gamma(np.where(below, 0.0, n) + 1.0)), value)


def diric(x: Any, n: Any) -> Any:
    """``scipy.special.diric`` of a plain n: U_{n−1}(cos x/2)/n, a polynomial."""
    n = np.asarray(concrete(n, "int"))
    return with_value(scipy.special.eval_chebyu(n - 1, np.cos(as_array(x) / 2)) / n, scipy.special.diric(plain(x), n))


def sph_harm_y(n: Any, m: Any, theta: Any, phi: Any, *, diff_n: int = 0) -> Any:
    """``scipy.special.sph_harm_y`` of plain n and m: √((2n+1)/4π (n−m)!/(n+m)!) Pᵐₙ(cos θ) e^{imφ}."""
    if diff_n:
        refuse([theta, phi], "scipy.special.sph_harm_y with diff_n", "Differentiate the function itself")
    n, m = np.asarray(concrete(n, "int")), np.asarray(concrete(m, "int"))
    theta, phi = as_array(theta), as_array(phi)
    value = scipy.special.sph_harm_y(n, m, *shown(theta, phi))
    size = np.sqrt((2 * n + 1) / (4 * math.pi) / scipy.special.poch(n - m + 1.0, 2.0 * m))
    legendre = scipy.special.lpmv(m.astype(float), n.astype(float), np.cos(theta))
    return with_value(size * legendre * np.exp(1j * m * phi), value)


def rosen_der(x: Any) -> Any:
    """``scipy.optimize.rosen_der``."""
    x = _points(x)
    value = scipy.optimize.rosen_der(plain(x))
    forward = x[1:] - x[:-1] ** 2
    zero = np.zeros_like(value[:1])
    ahead = np.concatenate([-400 * forward * x[:-1] - 2 * (1 - x[:-1]), zero])
    return with_value(ahead + np.concatenate([zero, 200 * forward]), value)


def rosen_hess(x: Any) -> Any:
    """``scipy.optimize.rosen_hess``."""
    x = _points(x)
    value = scipy.optimize.rosen_hess(plain(x))
    beside = -400 * x[:-1]
    zero = np.zeros(1)
    middle = np.concatenate([1200 * x[:-1] ** 2 - 400 * x[1:] + 2, zero]) + np.concatenate(
        [zero, zero[0] + 200 + 0 * x[1:]]
    )
    return with_value(np.diag(middle) + np.diag(beside, 1) + np.diag(beside, -1), value)


def _of_lists(name: str) -> Callable[..., Any]:
    """SciPy's Python function around a universal function, which takes arrays of traced values but no lists of them."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(scipy.special, name)(*args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``scipy.special.{name}``."
    return call


def _points(x: Any) -> Any:
    x = np.atleast_1d(as_array(x))
    return x if x.dtype.kind in "fc" else x.astype(float)


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.special": table(
        "scipy.special",
        {
            "comb": comb,
            "perm": perm,
            "factorial": factorial,
            "diric": diric,
            **{name: _of_lists(name) for name in ("lambertw", "softplus", "zeta")},
            "sph_harm_y": sph_harm_y,
            "spherical_jn": _regular("spherical_jn", -1.0),
            "spherical_yn": _spherical("spherical_yn", "yv", -1.0, math.pi / 2),
            "spherical_in": _regular("spherical_in", 1.0),
            "spherical_kn": _spherical("spherical_kn", "kv", -1.0, math.pi / 2),
        },
    ),
    "scipy.optimize": table("scipy.optimize", {"rosen_der": rosen_der, "rosen_hess": rosen_hess}),
}
