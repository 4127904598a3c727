"""What a message says to write instead works when it is written, and mistakes are told where they are made."""

from __future__ import annotations

import array
import collections

import numpy as np
import pytest

import gradwise as gw

OPERATORS = [gw.grad, gw.value_and_grad, gw.jacobian, gw.jacfwd, gw.jacrev, gw.hessian, gw.hvp]
square = lambda x: np.sum(np.square(x))


class Tensor:
    """What a framework's tensor has."""

    def detach(self):
        return self

    cpu = detach

    def numpy(self):
        return np.ones(2)


class OwnArray:
    def __array__(self, dtype=None, copy=None):
        return np.ones(2)


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        (Tensor(), "x.detach().cpu().numpy()"),
        (OwnArray(), "np.asarray(x)"),
        (array.array("d", [1.0, 1.0]), "np.asarray(x)"),
        (range(1, 2), "list(x)"),
        (collections.deque([1.0, 1.0]), "list(x)"),
        ({1.0}, "list(x)"),
        (np.array([1, 1], dtype=object), "x.astype(float)"),
        (np.array(["1", "1"]), "x.astype(float)"),
        (np.array([True, True]), "x.astype(float)"),
    ],
)
def test_the_remedy_for_an_argument_works(value, remedy):
    with pytest.raises(gw.InputError) as caught:
        gw.grad(square)(value)
    assert f"Pass {remedy}" in str(caught.value)
    found = gw.grad(lambda x: square(np.array(x)))(eval(remedy, {"x": value, "np": np}))
    np.testing.assert_array_equal(found, [2.0] * len(found))


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda o: o.__name__)
@pytest.mark.parametrize("point", [np.ones(2), [1.0, 2.0], 1.5, None])
def test_a_point_for_argnums_is_told_at_once(operator, point):
    name = operator.__name__
    with pytest.raises(gw.InputError, match=rf"A point goes into brackets of its own: gw\.{name}\(f\)\(x\)"):
        operator(square, point)


def test_a_point_for_the_order_is_told_at_once():
    with pytest.raises(gw.InputError, match=r"A point goes into brackets of its own: gw\.derivative\(f\)\(x\)"):
        gw.derivative(square, 1.0)


@pytest.mark.parametrize(
    ("call", "written"),
    [
        (lambda: gw.jvp(1.0, (1.0,), (1.0,)), "gw.jvp(f, (x,), (v,))"),
        (lambda: gw.vjp(1.0, 1.0), "gw.vjp(f, x)"),
        (lambda: gw.trace(1.0, 1.0), "gw.trace(f, x)"),
        (lambda: gw.kinks(1.0, 1.0), "gw.kinks(f, x)"),
        (lambda: gw.descend(1.0, 1.0), "gw.descend(f, x0)"),
        (lambda: gw.classify(1.0, 1.0), "gw.classify(f, …)"),
        (lambda: gw.grad(1.0), "gw.grad(f)(x)"),
    ],
)
def test_a_value_for_the_function(call, written):
    with pytest.raises(gw.InputError) as caught:
        call()
    assert f"A function is required. Write {written}" in str(caught.value)


def test_a_descent_from_a_tensor_is_told_how_to_pass_it():
    with pytest.raises(
        gw.InputError, match=r"argument 'x0' is .* Pass x0\.detach\(\)\.cpu\(\)\.numpy\(\), or leave it out of x0"
    ):
        gw.descend(square, Tensor())
    assert gw.descend(square, Tensor().numpy()).success
    with pytest.raises(gw.InputError, match="holds no numbers"):
        gw.descend(square, np.zeros(0))
