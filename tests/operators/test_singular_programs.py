"""Random programs of roots, moduli, logarithms, choices and norms at points with zeros: all modes say the same, and nothing is silently wrong."""

from __future__ import annotations

import warnings

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import gradwise as gw
from gradwise import KinkWarning, SingularPointError

UNARY = {
    "sqrt": np.sqrt,
    "abs": np.abs,
    "square": lambda u: u**2,
    "cube": lambda u: u**3,
    "cbrt": np.cbrt,
    "exp": np.exp,
    "log": np.log,
    "log1p": np.log1p,
    "relu": lambda u: np.maximum(u, 0),
    "clip": lambda u: np.clip(u, -1.5, 0.7),
    "root of square": lambda u: np.sqrt(u**2),
    "cbrt of cube": lambda u: np.cbrt(u**3),
    "exp of log": lambda u: np.exp(np.log(u)),
    "running sum": np.cumsum,
    "reversed": lambda u: u[::-1],
    "sorted": np.sort,
    "zeroed": lambda u: zeroed(u),
    "normalised": lambda u: u - np.max(u),
}
BINARY = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "hypot": np.hypot,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "root": lambda u, v: np.sqrt(u**2 + v**2),
    "where": lambda u, v: np.where(u > 0.37, v, 0.0),
    "either": lambda u, v: np.where(u > 0.37, u, v),
    "norm times": lambda u, v: np.sqrt(np.sum(u**2)) * v,
}


def zeroed(u):
    u = u.copy()
    u[u < -0.5] = 0
    return u


leaves = st.sampled_from(["x", "x", "half", "constant"])
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(sorted(UNARY)), inner), st.tuples(st.sampled_from(sorted(BINARY)), inner, inner)
    ),
    max_leaves=5,
)
points = st.lists(st.sampled_from([-1.0, 0.0, 1.0, 2.0]), min_size=3, max_size=3).map(np.array)


def evaluate(tree, x):
    if isinstance(tree, str):
        return {"x": x, "half": 0.5 * x, "constant": np.array([0.0, 1.0, 2.0])}[tree]
    name, *operands = tree
    return (UNARY if len(operands) == 1 else BINARY)[name](*(evaluate(t, x) for t in operands))


def outcome(call):
    """The result (None if the point is singular) and whether a kink was felt."""
    gw.clear_caches()
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            result = np.asarray(call())
        except SingularPointError:
            result = None
    assert all(w.category is KinkWarning for w in caught if issubclass(w.category, gw.GradwiseWarning))
    return result, any(w.category is KinkWarning for w in caught)


def slope(f, x, i, side):
    """A one-sided difference quotient if it has settled, else None."""
    direction = side * np.eye(len(x))[i]
    quotients = [(f(x + h * direction) - f(x)) / (side * h) for h in (1e-4, 1e-5, 1e-6)]
    steps = np.abs(np.diff(quotients))
    settled = (
        np.all(np.isfinite(quotients))
        and steps[1] < 1e-4 * (1 + abs(quotients[1]))
        and steps[1] <= 0.2 * steps[0] + 1e-8
    )
    return quotients[2] if settled else None


@pytest.mark.slow
@settings(max_examples=150)
@given(trees, points, st.sampled_from([np.array([1.0, 1.0, 1.0]), np.array([1.0, 0.0, 3.0])]))
def test_all_modes_agree_and_nothing_is_silently_wrong(tree, x, weights):
    f = lambda x: np.sum(evaluate(tree, x) * weights) + 0.0 * x[0]
    with np.errstate(all="ignore"):
        if not np.isfinite(f(x)):
            return
    gradient, felt = outcome(lambda: gw.grad(f)(x))
    for way in (lambda: gw.jacfwd(f)(x), lambda: gw.jacrev(f)(x)):
        other, also_felt = outcome(way)
        if gradient is None or other is None:
            # beside an infinite slope one mode may see less of the others; none may contradict
            assert gradient is other or not np.all(np.isfinite(other if gradient is None else gradient))
            continue
        np.testing.assert_allclose(other, gradient, rtol=1e-8, atol=1e-9)
        assert also_felt == felt
    if gradient is None:
        return
    assert not np.isnan(gradient).any()
    with np.errstate(all="ignore"):
        for i in range(3):
            left, right = slope(f, x, i, -1), slope(f, x, i, 1)
            if felt or left is None or right is None or not np.isfinite(gradient[i]):
                continue
            np.testing.assert_allclose([left, right], gradient[i], rtol=1e-2, atol=1e-2)


@pytest.mark.slow
@settings(max_examples=60)
@given(trees, points)
def test_second_derivatives_agree(tree, x):
    f = lambda x: np.sum(evaluate(tree, x)) + 0.0 * x[0]
    with np.errstate(all="ignore"):
        if not np.isfinite(f(x)):
            return
    gradient, _ = outcome(lambda: gw.grad(f)(x))
    if gradient is None or not np.all(np.isfinite(gradient)):
        return
    hessian, felt = outcome(lambda: gw.hessian(f)(x))
    products, _ = outcome(lambda: np.stack([gw.hvp(f)(x, e) for e in np.eye(3)]))
    assert (hessian is None) == (products is None)
    if hessian is None:
        return
    np.testing.assert_allclose(products, hessian, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-7, atol=1e-8)
    nested, nested_felt = outcome(lambda: gw.jacobian(gw.grad(f))(x))
    # a limit is no function of an outer derivative: there the nested one raises, or says that it follows a convention
    if nested is not None and nested_felt == felt:
        np.testing.assert_allclose(nested, hessian, rtol=1e-7, atol=1e-8)
