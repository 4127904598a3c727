"""Objects that answer NumPy's protocols, arrays of objects, augmented assignments under expressions, problems that give derivatives of their own."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp
from ordinary import Cases, agrees

import gradwise as gw

cases = Cases()


class Wrapped(np.lib.mixins.NDArrayOperatorsMixin):
    """NumPy's own example of a class with arithmetic by ``__array_ufunc__``."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return self.values

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        arrays = [i.values if isinstance(i, Wrapped) else i for i in inputs]
        return type(self)(getattr(ufunc, method)(*arrays, **kwargs))

    def __array_function__(self, function, types, args, kwargs):
        return Wrapped(function(*[a.values if isinstance(a, Wrapped) else a for a in args], **kwargs))


@cases.at([0.5, 0.7, 0.9])
def universal_functions_of_objects(x):
    a = Wrapped(x)
    b = np.exp(a) * 2.0 + a / 3 - np.ones(3) + abs(-a) ** 2
    c = np.cumsum(2.0 - b)
    return np.asarray(b).sum() + (b * b).values[0] + (x * a).values[1] + c.values @ x


class Log:
    """A number in logarithms: math in its operators."""

    def __init__(self, log):
        self.log = log

    def __add__(self, other):
        low, high = sorted((self.log, other.log))
        return Log(high + math.log1p(math.exp(low - high)))

    def __iadd__(self, other):
        self.log = (self + other).log
        return self

    def __mul__(self, other):
        return Log(self.log + other.log)

    def exp(self):
        return math.exp(self.log)

    def sqrt(self):
        return Log(0.5 * math.sin(self.log))


@cases.at([0.5, 0.7, 0.9])
def functions_of_arrays_of_objects(x):
    numbers = np.array([Log(v) for v in x], dtype=object)
    return np.exp(numbers * numbers).sum() + np.sqrt(numbers)[1].log


@cases.at([0.5, 0.7, 0.9])
def arrays_of_objects_that_are_numbers(x):
    a = np.array([*x, 1], dtype=object)
    a[1] = a[0] * a[2]
    b = a.reshape(2, 2).T @ np.ones(2) + np.ones(2) * a[:2]
    return b.sum() + np.sum(a) + a.astype(float).prod() + np.dot(a, a)


@cases.at([0.5, 0.7, 0.9])
def arrays_of_objects_that_are_arrays(x):
    a = np.empty((2,), object)
    a[0], a[1] = x, x * 2
    joined = np.concatenate(a) @ np.arange(6.0) + np.stack(a)[1] @ x + np.vstack(list(a)).max()
    return sum(v.sum() for v in a) + (a[0] * a[1]).sum() + joined


class Ledger:
    def __init__(self, n):
        self.entries = [Log(-3.0) for _ in range(n)]
        self.inner = self
        self.total = Log(-5.0)

    def place(self, i):
        return (2 * i + 1) % len(self.entries)

    def account(self):
        return self.inner


@cases.at([0.5, 0.7, 0.9])
def augmented_under_expressions(x):
    ledger = Ledger(3)
    for i, v in enumerate(x):
        ledger.entries[ledger.place(i)] += Log(v)
        ledger.account().total += Log(v * v)
        ledger.inner.inner.total *= Log(0.1 * v)
    table = {"a": [0.0, 1.0]}
    table["a"][1] += x[0] ** 2
    grid = np.zeros((3, 3))
    for i in range(2):
        grid[i : i + 2, i : i + 2] += x[i] * np.eye(2)
        grid[np.ix_([i, 2], [i])] -= x[2]
    return sum(math.exp(e.log) for e in ledger.entries) + ledger.total.log + table["a"][1] + (grid**2).sum()


class Elements:
    """A problem that gives its value, its gradient and its Hessian, assembled from elements found by name."""

    def __init__(self):
        self.kinds = ["product", "exponential", "product", "sine"]
        self.places = [[0, 1], [1, 2], [2, 3], [0, 3]]
        self.groups = [([0], "square"), ([1, 2], "quartic"), ([3], "square")]
        self.A = sp.csr_matrix(np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, -1.0], [1.0, 1.0, 1.0, 1.0]]))
        self.H = sp.csr_matrix(np.diag([2.0, 0.0, 3.0, 1.0]))

    def evaluate(self, x, nargout=1):
        x = x.reshape(-1, 1)
        n = len(x)
        f, g, H = 0.0, self.H.dot(x), sp.lil_matrix((n, n))
        f += 0.5 * (x.T @ g).item()
        H += self.H
        for k, (elements, group) in enumerate(self.groups):
            inner = self.A[k, :].dot(x).item() - 0.5
            slope = self.A[k, :].T.toarray()
            curvature = sp.lil_matrix((n, n))
            for e in elements:
                where = self.places[e]
                value, first, second = eval(f"self.{self.kinds[e]}(x[np.array(where)].ravel())")
                inner = inner + value
                for i, ii in enumerate(where):
                    slope[ii] += first[i]
                    for j, jj in enumerate(where):
                        curvature[ii, jj] += second[i, j]
            value, first, second = getattr(self, group)(inner)
            f += value
            g += first * slope
            s = sp.lil_matrix(slope)
            H += second * s.dot(s.transpose()) + first * curvature
        return (f,) if nargout == 1 else (f, g) if nargout == 2 else (f, g, H)

    def product(self, v):
        second = np.zeros((2, 2))
        second[0, 1] = second[1, 0] = 1.0
        return v[0] * v[1], np.array([v[1], v[0]]), second

    def exponential(self, v):
        e = math.exp(v[0] - v[1])
        u = np.array([1.0, -1.0])
        return e, e * u, e * np.outer(u, u)

    def sine(self, v):
        first, second = np.zeros(2), np.zeros((2, 2))
        first[0], first[1] = math.cos(v[0]) * v[1], math.sin(v[0])
        second[0, 0], second[0, 1], second[1, 0] = -math.sin(v[0]) * v[1], math.cos(v[0]), math.cos(v[0])
        return math.sin(v[0]) * float(v[1]), first, second

    def square(self, t):
        return t * t, 2 * t, 2.0

    def quartic(self, t):
        return t**4, 4 * t**3, 12 * t**2


POINT = [0.5, 0.7, -0.3, 1.2]


@cases.at(POINT)
def value_of_a_problem(x):
    return Elements().evaluate(x)[0]


@cases.at(POINT)
def gradient_of_a_problem(x):
    return Elements().evaluate(x, 2)[1]


@cases.at(POINT)
def hessian_of_a_problem(x):
    return Elements().evaluate(x, 3)[2].toarray()


@pytest.mark.parametrize("case", cases, ids=repr)
def test_protocols(case):
    agrees(case)


def test_a_problem_s_own_derivatives_are_ours():
    problem = Elements()
    x = np.array(POINT)
    _, g, H = problem.evaluate(x, 3)
    np.testing.assert_allclose(gw.grad(lambda x: problem.evaluate(x)[0], method="exact")(x), g.ravel(), rtol=1e-13)
    np.testing.assert_allclose(
        gw.hessian(lambda x: problem.evaluate(x)[0], method="exact")(x), H.toarray(), rtol=1e-12, atol=1e-14
    )
    slopes = gw.jacobian(lambda x: problem.evaluate(x, 2)[1], method="exact")(x)
    np.testing.assert_allclose(slopes.reshape(4, 4), H.toarray(), rtol=1e-12, atol=1e-14)


def test_a_gradient_with_the_sparse_hessian_beside_it():
    problem = Elements()
    x = np.array(POINT)
    gradient, (g, H) = gw.grad(lambda x: (problem.evaluate(x)[0], problem.evaluate(x, 3)[1:]), has_aux=True)(x)
    np.testing.assert_allclose(gradient, np.asarray(g).ravel(), rtol=1e-13)
    assert sp.issparse(H)
    np.testing.assert_allclose(H.toarray(), problem.evaluate(x, 3)[2].toarray(), rtol=1e-13)
