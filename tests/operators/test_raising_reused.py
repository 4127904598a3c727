"""What a function does on its way to ``raise`` need not be understood for a program to stand for it, unless somebody handles the exception."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse import standing

X = np.array([0.5, 1.5, -0.3])


class Problem:
    """Checks its argument as problem classes do, with a message that is put together of what nothing is known of."""

    def __init__(self):
        self.size, self.low, self.seen, self.log, self.runs = 3, -9.0, 0, [], 0

    def check(self, x):
        if len(x) != self.size:
            raise ValueError(f"{self.__class__.__name__} {type(self)} {vars(self)}: {len(x)}")
        for value in x:
            if value < self.low:
                self.seen = self.seen + 1
                self.log.append(list(self.log))
                raise ValueError("below" if self.seen else "above")
        assert x[0] < 50.0, f"{self!r} is {self.__dict__}"

    def cube(self, x):
        self.check(x)
        return np.sum(x**3)

    def kept(self, x):
        try:
            self.check(x)
        except ValueError:
            return np.sum(x**2) + self.seen
        return np.sum(x**3)

    def deeper(self, x):
        try:
            return self.cube(x)
        except ValueError as error:
            return x[0] * len(self.log) if error.args[0] == "below" else x[1]

    def renamed(self, x):
        try:
            return self.cube(x)
        except ValueError as error:
            raise RuntimeError(vars(error)) from error

    def parts(self, x):
        for value in x:
            if value < self.low:
                self.seen = self.seen + 1
                raise ValueError
            yield value**3

    def lazily(self, x):
        parts = self.parts(x)
        try:
            return sum(parts)
        except ValueError:
            return x[0] * self.seen

    def none(self, x):
        raise NotImplementedError(vars(self))


def kept_inside(problem):
    def f(x):
        def inner(y):
            if y[0] < problem.low:
                problem.log.append(vars(problem))
                raise ValueError
            return np.sum(y**3)

        try:
            return inner(x)
        except ValueError:
            return x[0] * len(problem.log)

    return f


@pytest.mark.parametrize("name", ["cube", "renamed"])
def test_a_message_is_in_nobodys_way(name):
    problem = Problem()
    f = getattr(problem, name)
    gradient = gw.grad(f)
    for scale in (1.0, 2.0, 0.5, 3.0):
        np.testing.assert_allclose(gradient(scale * X), 3 * (scale * X) ** 2, rtol=1e-14)
    assert standing(f, (X,), {}).startswith("proved pure")


@pytest.mark.parametrize(("name", "error"), [("cube", ValueError), ("renamed", RuntimeError)])
def test_the_exception_is_that_of_the_function_and_what_it_did_is_done_once(name, error):
    problem = Problem()
    gradient = gw.grad(getattr(problem, name))
    for _ in range(4):
        gradient(X)
    for calls in (1, 2):
        with pytest.raises(error):
            gradient(X - 10.0)
        assert problem.seen == calls
        assert len(problem.log) == calls
    with pytest.raises((error, AssertionError)):
        gradient(np.array([60.0, 1.0, 1.0]))
    problem.size = 4
    with pytest.raises(error):
        gradient(X)
    np.testing.assert_allclose(gradient(np.arange(4.0)), 3 * np.arange(4.0) ** 2, rtol=1e-14)


@pytest.mark.parametrize("name", ["kept", "deeper", "lazily"])
def test_what_is_handled_is_not_passed_over(name):
    problem, other = Problem(), Problem()
    f = getattr(problem, name)
    assert not standing(f, (X,), {}).startswith("proved pure by")
    gradient = gw.grad(f)
    for point in (X, X, X, X - 10.0, X - 10.0, X - 20.0, X):
        expected = gw.grad(getattr(other, name), pure=False, check=False)(point)
        np.testing.assert_allclose(gradient(point), expected, rtol=1e-14)
        assert (problem.seen, problem.log) == (other.seen, other.log)


def test_inner_functions_whose_exceptions_are_handled():
    problem = Problem()
    f = kept_inside(problem)
    assert not standing(f, (X,), {}).startswith("proved pure")
    gradient = gw.grad(f)
    for _ in range(4):
        np.testing.assert_allclose(gradient(X), 3 * X**2, rtol=1e-14)
    np.testing.assert_allclose(gradient(X - 10.0), [1.0, 0.0, 0.0])
    assert len(problem.log) == 1


def test_a_function_that_always_raises():
    with pytest.raises(NotImplementedError):
        gw.grad(Problem().none)(X)
