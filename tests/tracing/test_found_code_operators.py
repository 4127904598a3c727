"""Operators as programs write them out: reflected methods that are called by name, matrices that are made in the expression."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.3, 0.7, 0.5])

REFLECTED = {
    "sub": lambda x: x.__rsub__(x**2),
    "truediv": lambda x: x.__rtruediv__(x**2),
    "pow": lambda x: x.__rpow__(x**2),
    "mod": lambda x: x.__rmod__(2.7 + x**2),
    "sub-number": lambda x: np.array([x[0].__rsub__(x[1] * x[2])]),
    "truediv-number": lambda x: np.array([x[0].__rtruediv__(x[1])]),
    "mod-number": lambda x: np.array([x[0].__rmod__(2.0 * x[1])]),
    "sub-float": lambda x: np.array([float(x[0]).__rsub__(float(x[1]))]),
    "truediv-float": lambda x: np.array([float(x[0]).__rtruediv__(float(x[1]))]),
    "array-by-number": lambda x: x.__rsub__(x[0]) * x.__rtruediv__(x[1]),
    "number-by-array": lambda x: x[0].__rtruediv__(x),
}

MATRICES = {
    "sub": lambda x: x[:, None] - np.matrix([[1.0], [2.0], [4.0]]),
    "truediv": lambda x: x[:, None] / np.matrix([[1.0], [2.0], [4.0]]),
    "from-the-left": lambda x: np.matrix([[1.0], [2.0], [4.0]]) / x[:, None],
    "number": lambda x: x[0] - np.matrix([[1.0, 2.0]]),
    "sums": lambda x: (np.matrix(np.diag([1.0, 2.0, 4.0])) * x[:, None]) / np.matrix(np.eye(3) + 1.0).sum(1),
}


@pytest.mark.parametrize(
    "f", [*REFLECTED.values(), *MATRICES.values()], ids=[*REFLECTED, *[f"matrix-{n}" for n in MATRICES]]
)
@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("check", [True, False])
def test_the_order_of_the_operands_is_kept(f, check):
    def values(x):
        return np.ravel(np.asarray(f(x)))

    for x in (X, X[::-1].copy() * 1.1):
        want = gw.numerical.jacobian(values, x)
        np.testing.assert_allclose(
            gw.jacobian(values, method="exact", check=check)(x), want.value, rtol=1e-8, atol=1e-9
        )
        np.testing.assert_allclose(gw.jacobian(values)(x), want.value, rtol=1e-8, atol=1e-9)


def test_a_class_that_hands_the_reflected_method_on():
    class Quantity:
        def __init__(self, value):
            self.value = value

        def __sub__(self, other):
            return Quantity(other.value.__rsub__(self.value) if isinstance(other, Quantity) else self.value - other)

        def __rtruediv__(self, other):
            return Quantity(self.value.__rtruediv__(other))

    def f(x):
        a, b = Quantity(x[0]), Quantity(x[1])
        return (x[2] / (a - b)).value

    want = gw.numerical.grad(f, X)
    np.testing.assert_allclose(gw.grad(f, method="exact")(X), want.value, rtol=1e-8)
