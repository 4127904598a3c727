"""A kink on which the operands stay wherever the point moves is none; no warning is due, and every other one is."""

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.3, 3.0, -0.2, -5.0])


def huber(x):
    c = np.clip(x, -1, 1)
    return np.sum(0.5 * c**2 + np.abs(x - c))


def symmetrised(x):
    a = x.reshape(2, 2)
    return np.sum(np.maximum(a, a.T) ** 2)


def farthest(x):
    return np.max(np.abs(x[:, None] - x))


def dead_units(x):
    return np.sum(np.abs(np.maximum(x - 10, 0)) + np.maximum(0, x - 10).max())


SMOOTH = {
    "huber": (huber, np.clip(X, -1, 1)),
    "symmetrised": (symmetrised, [0.6, 12.0, 0.0, -10.0]),
    "farthest": (farthest, [0.0, 1.0, 0.0, -1.0]),
    "dead units": (dead_units, np.zeros(4)),
    "sorted behind a floor": (lambda x: np.sort(np.maximum(x, 0.0)) @ np.arange(4.0), [2, 3, 0, 0]),
    "one number sorted": (lambda x: np.sort(np.full(3, x[1])) @ np.arange(3.0), [0, 3, 0, 0]),
    "rows of a matrix": (
        lambda x: np.sum(np.sort(np.stack([x, x]), axis=0) * np.arange(8.0).reshape(2, 4)),
        [4.0, 6, 8, 10],
    ),
}
OPERATORS = {
    "grad": lambda f: gw.grad(f),
    "forward": lambda f: gw.jacfwd(f),
    "reverse": lambda f: gw.jacrev(f),
    "vjp": lambda f: lambda x: gw.vjp(f, x)[1](1.0)[0],
    "hessian": lambda f: gw.hessian(f),
    "hvp": lambda f: lambda x: gw.hvp(f)(x, np.ones_like(x)),
}


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("name", SMOOTH)
def test_no_warning_where_the_function_is_smooth(name, operator):
    f, gradient = SMOOTH[name]
    gw.clear_caches()
    found = OPERATORS[operator](f)(X)
    if operator not in {"hessian", "hvp"}:
        np.testing.assert_allclose(found, gradient, rtol=1e-14)


KINKED = {
    "a third entry ties": (lambda x: np.max(np.stack([x[0], x[0], x[1]])), np.ones(2)),
    "one entry of many": (lambda x: np.sum(np.abs(x - np.clip(x, -1, 1)) + np.abs(x)), np.array([0.5, 0.0, 3.0])),
    "far from 0": (lambda x: np.sum(np.abs(1e6 + x - 1e6)), np.zeros(2)),
    "sorted, one tie of two lasts": (lambda x: np.sort([x[0], x[0], x[1], x[1] ** 2]) @ np.arange(4.0), np.ones(2)),
    "sorted": (lambda x: np.sort(x) @ np.arange(2.0), np.ones(2)),
    "weak": (lambda x: np.abs(1e-3 * x[0]) + x[1], np.zeros(2)),
}


@pytest.mark.parametrize("operator", ["grad", "forward", "reverse", "hessian"])
@pytest.mark.parametrize("name", KINKED)
def test_warning_where_it_is_not(name, operator):
    f, x = KINKED[name]
    gw.clear_caches()
    with pytest.warns(gw.KinkWarning):
        OPERATORS[operator](f)(x)
