"""Arguments that the function has by another name too: what changes them there, and what asks for their memory."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw


class Model:
    """Work on an array that callers like to pass as the argument too."""

    def __init__(self, size=3):
        self.a = np.arange(1.0, size + 1)

    def add(self, x):
        self.a += 1
        return np.sum(x * x)

    def store(self, x):
        self.a[:] = self.a * 2
        return np.sum(x * x)

    def entry(self, x):
        self.a[0] += 7.0
        return np.sum(x * x)

    def into(self, x):
        np.multiply(self.a, 3.0, out=self.a)
        return np.sum(x * x)

    def read(self, x):
        return np.sum(x * self.a)

    def same_numbers(self, x):
        self.a[:] = np.arange(1.0, 4.0)
        return np.sum(x * x)


CHANGING = ["add", "store", "entry", "into"]


@pytest.mark.parametrize("name", CHANGING)
@pytest.mark.parametrize("part", [slice(None), slice(0, 2), slice(None, None, 2)])
def test_an_argument_that_is_changed_by_another_name_is_refused(name, part):
    model, plain = Model(), Model()
    getattr(plain, name)(plain.a[part])
    with pytest.raises(gw.InputError, match=r"by another name.*Pass x\.copy\(\)"):
        gw.grad(getattr(model, name))(model.a[part])
    np.testing.assert_array_equal(model.a, plain.a)
    np.testing.assert_array_equal(gw.grad(getattr(model, name))(model.a.copy()[part]), 2 * plain.a[part])


@pytest.mark.parametrize("name", CHANGING)
def test_after_calls_that_were_served(name):
    model, plain = Model(), Model()
    gradient = gw.value_and_grad(getattr(model, name))
    for shift in range(5):
        x = np.array([1.0, 2.0, 3.0]) + shift
        assert gradient(x)[0] == getattr(plain, name)(x)
        np.testing.assert_array_equal(model.a, plain.a)
    with pytest.raises(gw.InputError, match="by another name"):
        gradient(model.a)
    with pytest.raises(gw.InputError, match="by another name"):
        gw.hessian(getattr(model, name))(model.a)


def test_a_large_array_is_never_taken_as_it_was():
    model = Model(40_000)
    with pytest.raises(gw.InputError, match="by another name"):
        gw.grad(model.add)(model.a)


def test_what_is_read_or_written_as_it_was_stays_allowed():
    model = Model()
    for _ in range(3):
        np.testing.assert_array_equal(gw.grad(model.read)(model.a), [1.0, 2.0, 3.0])
        np.testing.assert_array_equal(gw.grad(model.same_numbers)(model.a), [2.0, 4.0, 6.0])


def test_a_write_by_the_argument_is_no_change_by_another_name():
    def f(x):
        x *= 3.0
        return np.sum(x * x)

    x = np.array([1.0, np.nan, 2.0])
    value, gradient = gw.value_and_grad(f, method="exact")(x)
    np.testing.assert_array_equal(x, [3.0, np.nan, 6.0])
    np.testing.assert_array_equal(gradient, [18.0, np.nan, 36.0])
    assert np.isnan(value)


@pytest.mark.parametrize("asks", [np.may_share_memory, np.shares_memory])
def test_the_memory_of_two_arguments(asks):
    def f(a, b):
        return np.sum(a * b) * (2.0 if asks(a, b) else 1.0)

    x, y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 3.0])
    both = gw.value_and_grad(f, (0, 1))
    for _ in range(2):
        assert both(x, y)[0] == f(x, y) == 15.0
        with pytest.warns(gw.NumericalFallbackWarning, match=f"np.{asks.__name__} was asked .* Pass x.copy"):
            value, found = both(x, x)
        assert value == f(x, x) == 28.0
        np.testing.assert_allclose(found, [x, x], rtol=1e-9)  # of f around (x, x), where the two are separate arrays
    with pytest.raises(gw.TracingError, match=f"np.{asks.__name__}"):
        gw.grad(f, (0, 1), method="exact")(x[:2], x[1:])
    assert not np.any(np.isnan(gw.grad(f, (0, 1), method="exact")(x[:1], x[1:2])))


@pytest.mark.parametrize("asks", [np.may_share_memory, np.shares_memory])
def test_the_memory_of_an_argument_and_of_an_attribute(asks):
    class Asking(Model):
        def f(self, x):
            return np.sum(x * x) * (2.0 if asks(x, self.a) else 1.0)

    model = Asking()
    gradient = gw.value_and_grad(model.f)
    with pytest.warns(gw.NumericalFallbackWarning, match="Pass x.copy"):
        assert gradient(model.a)[0] == 28.0
    assert gradient(model.a.copy())[0] == 14.0


@pytest.mark.parametrize("asks", [np.may_share_memory, np.shares_memory])
def test_the_memory_of_what_the_function_makes(asks):
    def f(x):
        y = x * 2.0
        z = y[1:]
        assert asks(y, z)
        assert asks(x, x[:1])
        assert not asks(x, y)
        assert not asks(y, np.ones(3))
        return np.sum(y) + np.sum(z)

    np.testing.assert_array_equal(gw.grad(f, method="exact")(np.ones(3)), [2.0, 4.0, 4.0])
