"""SciPy's optimisers and solvers take the operators' results unchanged."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.special

import gradwise as gw

X0 = np.array([1.3, 0.7, 0.8, 1.9, 1.2])


def rosen(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0)


def rosen_loop(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


GRADIENT_METHODS = ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP"]
HESSIAN_METHODS = ["Newton-CG", "dogleg", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr"]
PRODUCT_METHODS = ["Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"]


@pytest.mark.parametrize("method", GRADIENT_METHODS)
@pytest.mark.parametrize("f", [rosen, rosen_loop])
def test_minimize_with_a_gradient(method, f):
    result = scipy.optimize.minimize(f, X0, jac=gw.grad(f), method=method)
    np.testing.assert_allclose(result.x, np.ones(5), atol=1e-3)


@pytest.mark.parametrize("method", HESSIAN_METHODS)
def test_minimize_with_a_hessian_goes_the_way_of_the_closed_forms(method):
    x0 = np.array([1.02, 1.05, 1.1]) if method == "dogleg" else X0  # dogleg needs a positive definite Hessian
    der, hess = scipy.optimize.rosen_der, scipy.optimize.rosen_hess
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "delta_grad == 0.0")
        result = scipy.optimize.minimize(rosen, x0, jac=gw.grad(rosen), hess=gw.hessian(rosen), method=method)
        expected = scipy.optimize.minimize(rosen, x0, jac=der, hess=hess, method=method)
    assert result.success
    np.testing.assert_allclose(result.x, expected.x, atol=1e-6)
    np.testing.assert_allclose(result.x, 1.0, atol=1e-3)


@pytest.mark.parametrize("method", PRODUCT_METHODS)
def test_minimize_with_products_goes_the_way_of_the_closed_forms(method):
    der, product = scipy.optimize.rosen_der, scipy.optimize.rosen_hess_prod
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "delta_grad == 0.0")
        result = scipy.optimize.minimize(rosen, X0, jac=gw.grad(rosen), hessp=gw.hvp(rosen), method=method)
        expected = scipy.optimize.minimize(rosen, X0, jac=der, hessp=product, method=method)
    assert result.success
    np.testing.assert_allclose(result.x, expected.x, atol=1e-6)
    np.testing.assert_allclose(result.x, 1.0, atol=1e-3)


def test_minimize_with_value_and_gradient_together_and_further_arguments():
    result = scipy.optimize.minimize(gw.value_and_grad(rosen), X0, jac=True, method="BFGS")
    np.testing.assert_allclose(result.x, np.ones(5), atol=1e-4)

    def f(x, a, b):
        return np.sum((x - a) ** 2) * b

    result = scipy.optimize.minimize(
        f, np.zeros(3), args=(2.0, 3.0), jac=gw.grad(f), hess=gw.hessian(f), method="trust-exact"
    )
    np.testing.assert_allclose(result.x, 2.0, atol=1e-6)
    result = scipy.optimize.minimize(f, [0, 0, 0], args=(2, 3), jac=gw.grad(f), method="L-BFGS-B")
    np.testing.assert_allclose(result.x, 2.0, atol=1e-6)


def test_constraints():
    constraint = {"type": "ineq", "fun": lambda x: 1.5 - np.sum(x**2)}
    constraint["jac"] = gw.grad(constraint["fun"])
    result = scipy.optimize.minimize(rosen, np.zeros(2), jac=gw.grad(rosen), constraints=[constraint], method="SLSQP")
    nonlinear = scipy.optimize.NonlinearConstraint(
        lambda x: np.sum(x**2),
        -np.inf,
        1.5,
        jac=gw.grad(lambda x: np.sum(x**2)),
        hess=lambda x, v: v[0] * gw.hessian(lambda x: np.sum(x**2))(x),
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "delta_grad == 0.0")
        other = scipy.optimize.minimize(
            rosen,
            np.zeros(2),
            jac=gw.grad(rosen),
            hess=gw.hessian(rosen),
            constraints=[nonlinear],
            method="trust-constr",
        )
    assert np.sum(result.x**2) == pytest.approx(1.5, rel=1e-6)
    np.testing.assert_allclose(result.x, other.x, atol=1e-4)


@pytest.mark.parametrize("operator", [gw.grad, gw.value_and_grad, gw.hessian])
def test_scipys_own_rosen_is_exact(operator):
    found = operator(scipy.optimize.rosen, method="exact")(X0)
    exact = {
        "grad": scipy.optimize.rosen_der(X0),
        "value_and_grad": scipy.optimize.rosen_der(X0),
        "hessian": scipy.optimize.rosen_hess(X0),
    }
    found = found[1] if operator is gw.value_and_grad else found
    np.testing.assert_allclose(found, exact[operator.__name__], rtol=1e-13, atol=1e-12)


def test_scipys_own_rosen_products_and_optimisation():
    v = np.arange(1.0, 6.0)
    found = gw.hvp(scipy.optimize.rosen, method="exact")(X0, v)
    np.testing.assert_allclose(found, scipy.optimize.rosen_hess_prod(X0, v), rtol=1e-13)
    f = scipy.optimize.rosen
    result = scipy.optimize.minimize(f, X0[:3], jac=gw.grad(f), hessp=gw.hvp(f), method="trust-ncg")
    np.testing.assert_allclose(result.x, 1.0, atol=1e-5)


def test_a_function_of_scipy_that_cannot_be_traced_is_differentiated_numerically_with_a_warning(monkeypatch):
    monkeypatch.setenv("GRADWISE_REWRITE", "0")
    f = scipy.special.factorial
    with pytest.warns(gw.NumericalFallbackWarning, match="only the call of factorial"):
        found = gw.grad(lambda x: np.sum(f(x)))(np.array([2.5, 3.5]))
    expected = scipy.special.gamma([3.5, 4.5]) * scipy.special.digamma([3.5, 4.5])
    np.testing.assert_allclose(found, expected, rtol=1e-9)
