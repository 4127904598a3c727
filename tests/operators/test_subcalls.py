"""A call that cannot be traced, done numerically while the rest stays exact."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.3, 0.4])


@pytest.fixture(autouse=True)
def protocols_alone(monkeypatch):
    """Without instrumented code, which follows what cannot be traced here."""
    monkeypatch.setenv("GRADWISE_REWRITE", "0")


def untraceable(t):
    return math.exp(t) + 1.0


def middle(t):
    return untraceable(t) * 2


def outer(x):
    return middle(x[0]) * np.sin(x[1])


EXPECTED = np.array([2 * math.exp(0.3) * math.sin(0.4), 2 * (math.exp(0.3) + 1) * math.cos(0.4)])


def test_the_innermost_call_is_named_with_its_bound() -> None:
    with pytest.warns(
        gw.NumericalFallbackWarning, match=r"only the call of untraceable at .*test_subcalls.py:\d+ .*status: OK"
    ) as caught:
        gradient = gw.grad(outer)(X)
    assert caught[0].filename == __file__
    np.testing.assert_allclose(gradient, EXPECTED, rtol=1e-11)
    # the part around it is exact: the second entry does not depend on the numerical derivative
    assert gradient[1] == pytest.approx(EXPECTED[1], rel=1e-15)


def test_other_operators() -> None:
    with pytest.warns(gw.NumericalFallbackWarning, match="only the call of untraceable"):
        _, tangent = gw.jvp(outer, (X,), (np.array([1.0, -1.0]),))
    assert tangent == pytest.approx(EXPECTED @ [1.0, -1.0], rel=1e-11)
    with pytest.warns(gw.NumericalFallbackWarning, match="only the call of untraceable"):
        jacobian = gw.jacobian(lambda x: middle(x[0]) * x)(X)
    e = math.exp(0.3)
    np.testing.assert_allclose(jacobian, [[2 * e * 0.3 + 2 * (e + 1), 0], [2 * e * 0.4, 2 * (e + 1)]], rtol=1e-11)


def test_a_method_whose_helper_cannot_be_traced() -> None:
    class Model:
        def run(self, x):
            return middle(x[0]) * x[1] ** 2

    with pytest.warns(gw.NumericalFallbackWarning, match="only the call of untraceable"):
        gradient = gw.grad(Model().run)(X)
    np.testing.assert_allclose(gradient, [2 * math.exp(0.3) * 0.16, 2 * (math.exp(0.3) + 1) * 0.8], rtol=1e-11)


def test_a_local_helper() -> None:
    def local(t):
        return np.array([math.sin(t), math.cos(t)])

    with pytest.warns(gw.NumericalFallbackWarning, match="only the call of local"):
        gradient = gw.grad(lambda x: np.sum(local(x[0]) * x))(X)
    s, c = math.sin(0.3), math.cos(0.3)
    np.testing.assert_allclose(gradient, [c * 0.3 - s * 0.4 + s, c], rtol=1e-11)


def test_a_kink_is_not_returned_silently() -> None:
    def kinked(t):
        return abs(float(t))

    with pytest.warns(gw.NumericalFallbackWarning, match="status: KINK"):
        gw.grad(lambda x: kinked(x[0]) + x[1])(np.array([0.0, 1.0]))


def test_a_helper_that_changes_its_argument_is_not_replaced() -> None:
    def scale(v):
        v *= float(v[0])
        return v.sum()

    # replaced by a stand-in, its effect on v would be lost: the whole function is done numerically
    def f(x):
        v = x.copy()
        scale(v)
        return v.sum()

    with pytest.warns(gw.NumericalFallbackWarning, match="computed numerically"):
        gradient = gw.grad(f)(X)
    np.testing.assert_allclose(gradient, [2 * 0.3 + 0.4, 0.3], rtol=1e-9)


def test_a_helper_that_reads_the_variable_otherwise_is_not_replaced() -> None:
    def f(x):
        def inner(t):
            return math.exp(t) * x[1]

        return inner(x[0])

    with pytest.warns(gw.NumericalFallbackWarning, match="computed numerically"):
        gradient = gw.grad(f)(X)
    np.testing.assert_allclose(gradient, [math.exp(0.3) * 0.4, math.exp(0.3)], rtol=1e-10)


def test_exact_still_raises() -> None:
    with pytest.raises(gw.TracingError, match="test_subcalls"):
        gw.grad(outer, method="exact")(X)


def test_a_numerical_derivative_that_was_asked_for_says_when_it_is_not_ok() -> None:
    with pytest.warns(gw.NumericalFallbackWarning, match="as asked; status: KINK"):
        gw.grad(abs, method="numerical")(0.0)
    assert gw.grad(abs, method="numerical")(1.0) == pytest.approx(1.0, rel=1e-12)


def test_a_helper_that_leaves_a_value_elsewhere_is_not_replaced() -> None:
    left = []

    def leaving(t):
        left.append(math.exp(t))
        return math.sin(t)

    # replaced by a stand-in, the value in the list would be plain and its derivative lost
    with pytest.warns(gw.NumericalFallbackWarning, match="computed numerically"):
        gradient = gw.grad(lambda x: leaving(x[0]) + left[-1] * x[1])(X)
    np.testing.assert_allclose(gradient, [math.cos(0.3) + math.exp(0.3) * 0.4, math.exp(0.3)], rtol=1e-10)
