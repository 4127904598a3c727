"""Special methods that a class gives by properties, descriptors, partial methods, static methods and other objects; what compiled code asks of objects."""

import functools
import math
import operator

import numpy as np
import pytest

import gradwise as gw


class Cell:
    """As wrappers of arrays are that are none: each operator is what the array has under its name."""

    def __init__(self, array):
        self.array = np.asarray(array, dtype=float)

    def __array__(self, dtype=None, copy=False):
        return np.array(self.array, dtype=dtype, copy=copy)

    __setitem__ = property(lambda self: np.asarray(self).__setitem__)
    __getitem__ = property(lambda self: np.asarray(self).__getitem__)
    __mul__ = property(lambda self: np.asarray(self).__mul__)
    __rmul__ = property(lambda self: np.asarray(self).__rmul__)
    __iter__ = property(lambda self: np.asarray(self).__iter__)
    __neg__ = property(lambda self: np.asarray(self).__neg__)
    __lt__ = property(lambda self: np.asarray(self).__lt__)
    __contains__ = property(lambda self: np.asarray(self).__contains__)
    __call__ = property(lambda self: lambda p: np.asarray(self) ** p)


def written_cells(x):
    c = Cell(np.zeros((2, 2)))
    c[:] = Cell(np.ones((2, 2)))
    c[0] = x
    c[:, 1] *= x[0]
    return c.array @ [1.0, 3.0] @ [2.0, 5.0]


def cells_in_operators(x):
    c = Cell([x, [1.0, 2.0]])
    return (
        (c * c).sum()
        + (2 * c).sum()
        + (x * c).sum()
        + sum(c)[0]
        + (-c)[0, 1]
        + c(3.0).sum()
        + x[0] * (c < 1.0).sum()
        + x[1] * (2.0 in c)
    )


class Number:
    def __init__(self, v):
        self.v = v

    def _by(self, other, function, swap=False):
        other = other.v if isinstance(other, Number) else other
        return Number(function(other, self.v) if swap else function(self.v, other))

    __add__ = functools.partialmethod(_by, function=operator.add)
    __radd__ = functools.partialmethod(_by, function=operator.add, swap=True)
    __mul__ = functools.partialmethod(_by, function=lambda a, b: a * math.exp(b))
    __rsub__ = functools.partialmethod(_by, function=operator.sub, swap=True)
    __iadd__ = functools.partialmethod(_by, function=math.hypot)
    __call__ = functools.partialmethod(_by, function=math.atan2)


def partial_methods(x):
    a, b = Number(float(x[0])), Number(float(x[1]))
    c = a + b * a
    c += b
    return (1.0 - sum([a, b, c(a)])).v


class Scaled:
    def __init__(self, k):
        self.k = k

    def __get__(self, obj, cls=None):
        return lambda v: math.sin(v) * self.k + obj.w


class Called:
    def __init__(self, k):
        self.k = k

    def __call__(self, v):
        return math.cos(v) * self.k


class Mixed:
    scale = 2.0

    def __init__(self, w):
        self.w = w

    __mul__ = Scaled(3.0)
    __add__ = Called(2.0)
    __call__ = staticmethod(lambda v: math.sin(v) * v)
    __matmul__ = staticmethod(functools.partial(math.hypot, 1.0))  # which a partial function is not from Python 3.14 on

    @classmethod
    def __getitem__(cls, k):
        return math.exp(k) * cls.scale

    @functools.singledispatchmethod
    def __sub__(self, other):
        return math.sin(other) + self.w

    @__sub__.register
    def _(self, other: list):
        return sum(map(math.exp, other)) * self.w


def descriptors_and_others(x):
    a, b = float(x[0]), float(x[1])
    m = Mixed(a)
    return m * b + (m + b) + m(b) + (m @ b) + m[a] + (m - a) + (m - [a, b])


kept = Mixed(2.0)


def of_an_object_that_was_there(x):
    kept.w = float(x[0])
    try:
        return kept * float(x[1]) + (kept - float(x[1]))
    finally:
        kept.w = 2.0


class Managed:
    def __init__(self, a):
        self.a = a

    __array__ = property(lambda self: lambda dtype=None, copy=None: self.a * 2)
    __float__ = property(lambda self: lambda: float(self.a.sum()))
    __bool__ = property(lambda self: lambda: bool(self.a.sum() > 0))
    __enter__ = property(lambda self: lambda: self.a)
    __exit__ = staticmethod(lambda *error: None)


def asked_by_python_and_numpy(x):
    with Managed(x) as y:
        z = y * 2
    return (
        np.sin(Managed(x)).sum()
        + np.asarray(Managed(x))[0]
        + math.exp(Managed(x))
        + z.sum()
        + (1.0 if Managed(x) else x[0])
    )


class Curve:
    """Gives an array of what it holds, and has no operators."""

    def __init__(self, a):
        self.a = a

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.a)


def beside_methods_of_arrays(x):
    c = Curve(x * 2)
    return (
        x.dot(c)
        + x.__add__(c).sum()
        + np.asarray(c).__mul__(c).sum()
        + np.dot(c, x)
        + np.inner(c, x)
        + np.outer(x, c).sum()
    )


class Key:
    """A key that converts what it holds."""

    def __init__(self, a):
        self.a = a

    def __hash__(self):
        return hash(float(self.a[0]))

    def __eq__(self, other):
        return float(self.a[0]) == float(other.a[0])

    def __len__(self):
        return len(np.asarray(self.a))


def keys_that_convert(x):
    k = Key(x)
    table = {k: x[0], Key(x * 2): x[1]}
    return (
        table[k] * table[Key(x * 2)]
        + len({k, Key(x), Key(x + 1)}) * x[0]
        + x[1] * len(k)
        + sum(x[i] for i in range(len(k)))
    )


FUNCTIONS = [
    written_cells,
    cells_in_operators,
    partial_methods,
    descriptors_and_others,
    of_an_object_that_was_there,
    asked_by_python_and_numpy,
    beside_methods_of_arrays,
    keys_that_convert,
]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_they_are_exact(f):
    for k in range(5):
        x = np.array([0.4, 0.7]) * (1 + 0.2 * k)
        value, gradient = gw.value_and_grad(f, method="exact")(x)
        assert value == pytest.approx(f(x), rel=1e-13)
        h = 1e-5
        differences = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(2)]
        np.testing.assert_allclose(gradient, differences, rtol=1e-6, atol=1e-8)
    assert kept.w == 2.0


def test_a_key_that_is_looked_up_is_no_memory_of_another_point():
    seen = {}

    def f(x):
        key = Key(x)
        if key not in seen:
            seen[key] = float(np.sin(x).sum())
        return seen[key]

    for k in (0, 1, 1, 2):
        x = np.array([0.3, 0.6]) + k
        assert f(x) == pytest.approx(np.sin(x).sum())
        np.testing.assert_allclose(gw.grad(f)(x), np.cos(x), rtol=1e-6)
