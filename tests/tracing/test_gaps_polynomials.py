"""``numpy.polynomial`` and ``np.poly1d`` with traced coefficients, points, weights and domains: what NumPy's own code does with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from closing import closes
from numpy import polynomial
from numpy.polynomial import polyutils

import gradwise as gw

if TYPE_CHECKING:
    from collections.abc import Callable

X = np.array([1.3, 0.7, 2.1, 0.4])
SPREAD = np.array([1.0, -3.0, -1.0, 2.0])
CLASSES = ["Polynomial", "Chebyshev", "Legendre", "Hermite", "HermiteE", "Laguerre"]

OF_CLASSES: dict[str, Callable[[Any, Any], Any]] = {
    "//": lambda K, x: (K(x) // K([1.0, 2.0, 0.5])).coef,
    "// traced": lambda K, x: (K(x) // K(x[:2])).coef,
    "%": lambda K, x: (K(x) % K(x[:3])).coef,
    "divmod": lambda K, x: divmod(K(x), K([1.0, 2.0, 0.5]))[1].coef,
    "divmod of a constant": lambda K, x: divmod(K([1.0, 2.0, 0.5]), K(x[:2]))[0].coef,
    "fit": lambda K, x: K.fit([0.0, 1, 2, 3], x, 2).coef,
    "fit, residuals": lambda K, x: K.fit([0.0, 1, 2, 3], x, 2, full=True)[1][0],
    "fit of traced points": lambda K, x: K.fit(x, x**3, 2)(0.5),
    "fit with weights": lambda K, x: K.fit([0.0, 1, 2, 3], [1.0, 0, 2, 1], 2, w=x)(0.3),
    "fit, converted": lambda K, x: K.fit([0.0, 1, 2, 3], x, 2).convert().coef,
    "fromroots": lambda K, x: K.fromroots(x).coef,
    "fromroots on their interval": lambda K, x: K.fromroots(x, domain=[])(0.3),
    "composition": lambda K, x: K(x[:3])(K(x[:2])).coef,
    "composition with a constant": lambda K, x: K([1.0, 2.0, 0.5])(K(x)).coef,
    "integ": lambda K, x: K(x).integ(2, k=[1.0, x[0]], lbnd=x[1]).coef,
    "deriv": lambda K, x: K(x).deriv(2).coef,
    "linspace": lambda K, x: K(x).linspace(5)[1],
    "mapparms": lambda K, x: np.array(K(x, domain=[x[0], 3.0]).mapparms()),
    "domain and window": lambda K, x: K([1.0, 2.0, 3.0], domain=[x[0], 3.0], window=[0.0, x[2]])(0.7),
    "convert": lambda K, x: K(x).convert(domain=[0.0, 2.0], kind=polynomial.Chebyshev).coef,
    "cutdeg": lambda K, x: K(x).cutdeg(2).coef,
    "trim": lambda K, x: K(x).trim().coef,
    "truncate": lambda K, x: K(x).truncate(2).coef,
    "cast": lambda K, x: K.cast(polynomial.Polynomial(x)).coef,
    "copy": lambda K, x: K(x).copy().coef,
    "coefficients assigned": lambda K, x: _assigned(K, x),
    "companion": lambda K, x: _function(K, "companion")(x),
    "div": lambda K, x: np.concatenate(_function(K, "div")(x, x[:2])),
    "line": lambda K, x: _function(K, "line")(x[0], x[1]),
    "der, scaled": lambda K, x: _function(K, "der")(x.reshape(2, 2), axis=1, scl=x[0]),
    "int, scaled": lambda K, x: _function(K, "int")(x.reshape(2, 2), axis=1, scl=x[0], k=[x[1]]),
    "fit of some degrees": lambda K, x: _function(K, "fit")(x, x**3, [0, 2]),
    "fit, singular values": lambda K, x: _function(K, "fit")(x, [1.0, 2, 5, 3], 1, full=True)[1][3 - 1],
}


def _function(cls: Any, name: str) -> Any:
    prefix = dict(zip(CLASSES, ("poly", "cheb", "leg", "herm", "herme", "lag"), strict=True))[cls.__name__]
    family = dict(
        zip(CLASSES, ("polynomial", "chebyshev", "legendre", "hermite", "hermite_e", "laguerre"), strict=True)
    )[cls.__name__]
    return getattr(getattr(polynomial, family), prefix + name)


def _assigned(cls: Any, x: Any) -> Any:
    p = cls([1.0, 2.0])
    p.coef = x * 2
    return p(0.3)


@pytest.mark.parametrize(
    "case", [pytest.param(n, marks=[pytest.mark.slow] * (k % 2)) for k, n in enumerate(OF_CLASSES)]
)
@pytest.mark.parametrize("family", CLASSES)
def test_series(family: str, case: str) -> None:
    cls, f = getattr(polynomial, family), OF_CLASSES[case]
    closes(lambda x: f(cls, x), X, second=family in ("Polynomial", "Chebyshev", "Laguerre"))


PLAIN: dict[str, Callable[[Any], Any]] = {
    "polyfit, singular values": lambda x: np.polyfit(x, x**3, 1, full=True)[3],
    "polyfit, residuals": lambda x: np.polyfit(x, x**3, 1, full=True, w=x)[1],
    "polyfit, covariance": lambda x: np.polyfit(x, x**3, 1, cov=True)[1],
    "poly1d /": lambda x: (np.poly1d(x) / np.poly1d(x[:2]))[0].coeffs,
    "poly1d /, remainder": lambda x: (np.poly1d([1.0, 2, 3, 4]) / np.poly1d(x[:2]))[1].coeffs,
    "poly1d by a number": lambda x: (np.poly1d(x) / x[0]).c,
    "list / poly1d": lambda x: ([1.0, 2, 3] / np.poly1d(x[:2]))[0].coeffs,
    "poly1d of a poly1d": lambda x: np.poly1d(x[:3])(np.poly1d(x[:2])).c,
    "polyval of a poly1d": lambda x: np.polyval(np.poly1d(x[:3]), np.poly1d([1.0, 2])).c,
    "asarray": lambda x: np.asarray(np.poly1d(x)) * 2,
    "polyadd": lambda x: np.polyadd(np.poly1d(x), [1.0, 2]).c,
    "polydiv": lambda x: np.polydiv(np.poly1d(x), x[:2])[0].c,
    "polyder": lambda x: np.polyder(np.poly1d(x)).c,
    "getdomain": lambda x: polyutils.getdomain(x),
    "mapdomain": lambda x: polyutils.mapdomain(x, [0.0, 1.0], [x[0], 2.0]),
}


@pytest.mark.parametrize("case", PLAIN)
def test_functions(case: str) -> None:
    closes(PLAIN[case], X)


def test_assigned_coefficients() -> None:
    def f(x: Any) -> Any:
        p = np.poly1d([1.0, 2.0, 3.0])
        p[0] = x[0] ** 2
        p[4] = x[1]
        return p(x[2])

    closes(f, X)


def test_trailing_zeros_are_left_out_as_numpy_does() -> None:
    """0·p + q has the length of q, whatever that of p is."""

    def f(x: Any) -> Any:
        return (polynomial.Polynomial(x) * 0.0 + polynomial.Polynomial(x[:2])).coef

    assert f(X).shape == (2,)
    np.testing.assert_array_equal(gw.jacobian(f, method="exact")(X), np.eye(2, 4))


def test_composition_has_the_chain_rule() -> None:
    """(c₀ + c₁ t)∘(a + b t) = c₀ + c₁ a + c₁ b t."""

    def f(x: Any) -> Any:
        return polynomial.Polynomial(x[:2])(polynomial.Polynomial(x[2:])).coef

    c0, c1, a, b = X
    np.testing.assert_allclose(f(X), [c0 + c1 * a, c1 * b])
    np.testing.assert_allclose(gw.jacobian(f, method="exact")(X), [[1, a, c1, 0], [0, b, 0, c1]], rtol=1e-14)


def test_what_numpy_refuses_is_refused() -> None:
    with pytest.raises(TypeError):
        gw.grad(lambda x: (polynomial.Polynomial(x) / polynomial.Polynomial([1.0, 2.0])).coef[0], method="exact")(X)


def test_a_program_is_of_use_at_another_point() -> None:
    compiled = gw.grad(lambda x: (polynomial.Chebyshev(x) // polynomial.Chebyshev(x[:2])).coef.sum(), method="exact")
    compiled(X)
    closes(lambda x: (polynomial.Chebyshev(x) // polynomial.Chebyshev(x[:2])).coef, SPREAD)
    assert np.all(np.isfinite(compiled(SPREAD)))
