"""What a newcomer writes first, and the answer."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

X = np.ones(3)


def energy(x):
    return np.sum(x**2)


@pytest.mark.parametrize("operator", [gw.grad, gw.value_and_grad, gw.hessian, gw.jacobian])
def test_the_point_beside_the_function(operator):
    with pytest.raises(gw.InputError, match=rf"gw\.{operator.__name__}\(f\)\(x\)"):
        operator(energy, X)(X)


@pytest.mark.parametrize("operator", [gw.grad, gw.value_and_grad, gw.hessian, gw.jacobian])
def test_no_point(operator):
    with pytest.raises(gw.InputError, match="called with no arguments"):
        operator(energy)()


def test_no_return():
    def forgot(x):
        np.sum(x**2)

    with pytest.raises(gw.OutputError, match="returned None"):
        gw.grad(forgot)(X)


def test_a_position_that_is_not_there():
    with pytest.raises(gw.InputError, match="A position below 1 is required"):
        gw.grad(energy, argnums=2)(X)
