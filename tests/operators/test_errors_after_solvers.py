"""A function that raises because a solver did not come to its end raises its own error, as the plain call does."""

import numpy as np
import pytest
from scipy.optimize import least_squares, minimize, minimize_scalar, root

import gradwise as gw


class NotFoundError(Exception):
    """The user's."""


def of_minimize(x):
    found = minimize(lambda z: np.sum((z - x) ** 4), np.array([5.0, 5.0]), method="Nelder-Mead", options={"maxiter": 5})
    if not found.success:
        raise NotFoundError(found.message)
    return found.fun


def of_minimize_scalar(x):
    found = minimize_scalar(lambda z: (z - x[0]) ** 2 + np.cos(3 * z), options={"maxiter": 2})
    if not found.success:
        raise NotFoundError("two steps are not enough")
    return found.x


def of_root(x):
    found = root(lambda z: z**2 + x**2 + 1, np.array([5.0, 5.0]))
    if not found.success:
        raise NotFoundError("no root")
    return found.x.sum()


def of_least_squares(x):
    found = least_squares(lambda z: [z[0] - x[0], np.sin(z[1]) * z[1] - x[1]], [5.0, 5.0], max_nfev=1)
    if not found.success:
        raise NotFoundError("one step is not enough")
    return found.cost


@pytest.mark.parametrize("f", [of_minimize, of_minimize_scalar, of_root, of_least_squares])
@pytest.mark.parametrize("operator", [gw.grad, gw.jacobian, gw.value_and_grad])
def test_the_functions_own_error_is_raised(f, operator):
    x = np.array([0.3, 0.2])
    with pytest.raises(NotFoundError) as plain:
        f(x)
    with pytest.raises(NotFoundError) as raised:
        operator(f)(x)
    assert str(raised.value) == str(plain.value)


def test_a_note_says_what_was_in_the_way_of_the_trace():
    with pytest.raises(NotFoundError) as raised:
        gw.grad(of_minimize)(np.array([0.3, 0.2]))
    assert "did not come so far: minimize was differentiated" in raised.value.__notes__[0]


def test_the_numerical_derivative_says_that_it_was_the_function():
    with pytest.raises(gw.errors.InputError, match="must return numbers at x itself") as raised:
        gw.grad(of_root, method="numerical")(np.array([0.3, 0.2]))
    assert raised.value.is_of_function
    assert type(raised.value.__cause__) is NotFoundError
    with pytest.raises(gw.errors.InputError) as raised:
        gw.numerical.derivative(lambda t: [].pop(), 1.0)
    assert raised.value.is_of_function
    assert not gw.errors.InputError("another").is_of_function
