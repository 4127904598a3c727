"""What the operators return goes to other processes, as the call that made it."""

from __future__ import annotations

import copy
import inspect
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

import gradwise as gw


def waves(x):
    return np.sum(np.sin(x) * x)


def pair(x, y):
    return np.array([x * y, y**2])


def cube(x):
    return x**3


def product(a, b):
    return a * b


def turned(v):
    return np.array([-(v[1] ** 3), v[0]])


class Model:
    def __init__(self, scale):
        self.scale = scale
        self.slope = gw.grad(self.loss)

    def loss(self, w):
        return self.scale * np.sum(w**2)


@gw.value_and_grad
def decorated(x):
    return np.sum(x**2)


@gw.compile
def compiled(x):
    return np.sum(x**3)


@gw.custom_rule
def ruled(x):
    return np.sin(x)


@ruled.jvp
def _(primals, tangents):
    return np.cos(primals[0]) * tangents[0]


X, V = np.array([0.3, -1.2]), np.array([1.0, 2.0])
MADE = {
    "grad": (gw.grad(waves), (X,)),
    "grad of the second": (gw.grad(product, argnums="b"), (2.0, 3.0)),
    "numerical": (gw.grad(waves, method="numerical"), (X,)),
    "value_and_grad": (gw.value_and_grad(waves), (X,)),
    "jacobian": (gw.jacobian(pair, argnums=(0, 1)), (2.0, 3.0)),
    "jacfwd": (gw.jacfwd(np.sin), (X,)),
    "jacrev": (gw.jacrev(np.sin), (X,)),
    "hessian": (gw.hessian(waves), (X,)),
    "hvp": (gw.hvp(waves), (X, V)),
    "derivative": (gw.derivative(cube, order=2), (2.0,)),
    "partial": (gw.partial_derivative(product, "a"), (2.0, 3.0)),
    "directional": (gw.directional_derivative(waves, normalize=False), (X, V)),
    "taylor": (gw.taylor(cube, 3), (2.0,)),
    "divergence": (gw.divergence(np.sin), (X,)),
    "curl": (gw.curl(turned), (X,)),
    "laplacian": (gw.laplacian(waves), (X,)),
    "vmap": (gw.vmap(gw.grad(product), in_axes=(0, None)), (X, 3.0)),
    "nested": (gw.grad(gw.grad(cube)), (2.0,)),
    "method": (gw.grad(Model(3.0).loss), (X,)),
    "decorated": (decorated, (X,)),
    "compiled": (compiled, (X,)),
    "gradient of compiled": (gw.grad(compiled), (X,)),
    "custom rule": (ruled, (0.5,)),
    "gradient of custom rule": (gw.grad(ruled), (0.5,)),
    "custom rule without a name": (gw.custom_rule(cube, vjp=product), (2.0,)),
}


@pytest.mark.parametrize("name", MADE)
def test_a_pickled_operator_answers_the_same(name):
    made, args = MADE[name]
    again = pickle.loads(pickle.dumps(made))
    assert type(again) is type(made)
    expected, found = made(*args), again(*args)
    assert repr(found) == repr(expected)  # the same numbers, types and containers


@pytest.mark.parametrize("name", ["decorated", "compiled", "custom rule"])
def test_what_has_a_name_is_found_by_it(name):
    assert pickle.loads(pickle.dumps(MADE[name][0])) is MADE[name][0]


@pytest.mark.slow
def test_another_process_is_handed_a_gradient():
    points = [np.array([k, 1.0]) for k in range(3)]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(gw.grad(waves), points))
    np.testing.assert_allclose(found, [np.cos(x) * x + np.sin(x) for x in points], rtol=1e-14)


def test_a_copied_object_has_the_gradient_of_its_own_method():
    model = Model(3.0)
    twin = copy.deepcopy(model)
    twin.scale = 5.0
    np.testing.assert_array_equal(twin.slope(V), 10.0 * V)
    np.testing.assert_array_equal(model.slope(V), 6.0 * V)


def test_what_an_operator_returns_looks_like_a_function():
    made = gw.grad(product, argnums=1)
    assert made.__name__ == "grad(product)"
    assert repr(made) == "<function gw.grad(product)>"
    assert list(inspect.signature(made).parameters) == ["a", "b"]

    class Holder:
        slope = gw.grad(lambda self, x: self.k * x**2, argnums=1)
        k = 3.0

    assert Holder().slope(2.0) == 12.0
