"""An argument that is an array of rank 0 takes writes, wherever the function is called."""

import numpy as np
import pytest

import gradwise as gw

T = np.array(2.0)

WRITES = {
    "through the ellipsis": lambda y, x: y.__setitem__(..., 3 * x),
    "through an empty key": lambda y, x: y.__setitem__((), 3 * x),
    "through a view of rank 1": lambda y, x: y.reshape(-1).__setitem__(0, 3 * x),
    "through ravel": lambda y, x: y.ravel().__setitem__(slice(None), 3 * x),
    "by fill": lambda y, x: y.fill(3 * x),
    "by add.at": lambda y, x: np.add.at(y.reshape(1), [0, 0], x),
    "through another name": lambda y, x: y.__iadd__(2 * x),
}


@pytest.mark.filterwarnings("error::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("name", WRITES)
def test_writes_into_a_copy(name):
    write = WRITES[name]

    def f(x):
        y = x.copy()
        write(y, x)
        return y * x

    assert f(T) == 12.0
    assert gw.grad(f)(T) == 12.0
    assert gw.derivative(f, 2)(T) == 6.0
    assert gw.hessian(f)(T) == 6.0
    np.testing.assert_allclose(gw.grad(lambda p: f(p["a"]) * f(p["b"]))({"a": T, "b": T})["b"], 144.0)
    np.testing.assert_allclose(gw.grad(f, method="numerical")(T), 12.0)


def test_every_call_is_given_an_array():
    seen = set()

    def f(x):
        seen.add((type(x), np.shape(x)))
        return np.tanh(x) * x

    gw.grad(f)(T)
    gw.hessian(f)(T)
    gw.grad(f, method="numerical")(T)
    assert seen == {(np.ndarray, ())}
