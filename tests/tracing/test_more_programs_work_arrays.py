"""Arrays that objects, modules and surrounding functions keep, written in every way that programs write: by aliases, views, out=, NumPy's functions that write, loops over rows, helpers, getters."""

from __future__ import annotations

import types

import numpy as np
import pytest
from repeated_programs import check

import gradwise as gw

X = [0.5, 1.2, -0.7]


class Model:
    """Work arrays in attributes, lists and dictionaries."""

    def __init__(self):
        self.a, self.b, self.K = np.zeros(3), np.ones(3), np.zeros((3, 3))
        self.rows = [np.zeros(3), np.ones(3)]
        self.named = {"u": np.zeros(3), "K": np.zeros((3, 3))}
        self.calls = 0

    @property
    def shown(self):
        return self.a

    def get(self, name, shape):
        if name not in self.named:
            self.named[name] = np.empty(shape)
        return self.named[name]

    def fill(self, target, values):
        target[:] = values
        target[0] = values[1] * values[2]

    def copyto(self, x):
        np.copyto(self.a, x)
        return (self.a**2).sum()

    def added_at(self, x):
        self.K.fill(0)
        np.add.at(self.K, ([0, 1, 1], [2, 2, 2]), x)
        return (self.K**2).sum()

    def accumulated(self, x):
        np.add.at(self.named["K"], ([0, 1, 1], [2, 2, 2]), x)
        self.calls += 1
        return (self.named["K"] ** 2).sum() * self.calls

    def outputs(self, x):
        np.multiply(x, 2.0, out=self.a)
        np.dot(np.diag(x), x, out=self.b)
        np.cumsum(x, out=self.rows[0])
        np.einsum("i,j->ij", x, x, out=self.K)
        return self.b @ self.a + self.rows[0] @ x + (self.K**2).sum()

    def outputs_in_expressions(self, x):
        return np.sum(np.multiply(x, x, out=self.a)) * self.a[0] + np.sqrt(x, out=self.b, where=x > 0)[0]

    def filled(self, x):
        self.a.fill(x[0] * x[1])
        np.fill_diagonal(self.K, x)
        np.put(self.b, [0, 2], x[:2])
        return self.a @ x + (self.K @ x).sum() + self.b @ self.b

    def alias(self, x):
        a, b = self.a, self.b
        a[:] = x**2
        a[1] += x[0]
        b[:] = a + x
        return self.a @ x + a.sum() + self.b @ self.b

    def views(self, x):
        row, column = self.K[1], self.K[:, 0]
        row[:] = x
        column += x
        self.K.T[2] = x * x
        self.K.flat[0] = x[0]
        flat = self.K.ravel()
        flat[8] = x[2] * 3
        return (self.K**3).sum()

    def rows_of(self, x):
        for k, row in enumerate(self.K):
            row[:] = x * k
        for row, v in zip(self.K, x, strict=True):
            row += v
        for row in self.rows:
            row += x
        for i, row in enumerate(self.rows):
            row[i] *= x[i]
        return self.K[1] @ x + self.rows[0] @ self.rows[1]

    def entries_of_containers(self, x):
        for key, value in self.named.items():
            value[0] = x[0] * len(key)
        u, v = self.rows
        u[:] = x
        v[0] *= x[1]
        self.named["u"][1:] = x[1:]
        w = self.named["u"]
        w[2] = x[0] * x[1]
        return self.named["u"].sum() * self.named["K"].sum() + u @ v + self.rows[0].sum()

    def helpers(self, x):
        self.fill(self.a, x)
        self.fill(self.named["u"], x)
        return self.a @ self.named["u"]

    def getters(self, x):
        u = self.get("new", x.shape)
        u[:] = x
        np.exp(u, out=u)
        self.shown[:] = x
        getattr(self, "b")[:] = x  # noqa: B009  # as users write
        vars(self)["K"][0] = x
        return u.sum() + self.named["new"][0] + self.a @ x + self.b @ x + self.K.sum()

    def swapped(self, x):
        self.a[:] = x
        for _ in range(3):
            self.b[1:] = self.a[:-1] * 2
            self.b[0] = self.a[0]
            self.a, self.b = self.b, self.a
        return self.a @ self.b


METHODS = [
    n for n, v in vars(Model).items() if isinstance(v, types.FunctionType) and n not in ("__init__", "get", "fill")
]


@pytest.mark.parametrize("name", METHODS)
def test_arrays_of_objects(name):
    check(lambda: getattr(Model(), name), X)


class OfClass:
    buffer = np.zeros(3)

    @classmethod
    def whole(cls, x):
        cls.buffer[:] = x**2
        return cls.buffer @ x


class Slots:
    __slots__ = ("buffer",)

    def __init__(self):
        self.buffer = np.zeros((3, 1))

    def column(self, x):
        b = self.buffer
        b[:, 0] = x
        np.multiply(b, 2, out=b)
        return (self.buffer.T @ self.buffer).item()


def test_arrays_of_classes_and_slots():
    check(lambda: lambda x: OfClass.whole(x), X)
    assert type(OfClass.buffer) is np.ndarray
    check(lambda: Slots().column, X)


def test_arrays_of_functions():
    def make():
        def f(x):
            f.work[:] = x
            f.calls += 1
            return f.work @ f.work * f.calls

        f.work, f.calls = np.zeros(3), 0
        return f

    check(make, X)


def _copied(x):
    np.copyto(work, x)  # noqa: F821
    return work @ x  # noqa: F821


def _by_out(x):
    np.multiply(x, 2, out=work)  # noqa: F821
    return work @ x  # noqa: F821


def _in_loops(x):
    for i in range(3):
        work[i] = x[i] ** 2  # noqa: F821
    try:
        table["u"][0] = x[0] ** 2  # noqa: F821
    finally:
        (work[1], square[0, 0]), square[1, 1] = (x[1], x[0] * x[1]), x[2]  # noqa: F821
    return work @ x + square.sum() + table["u"][0]  # noqa: F821


def _by_aliases(x):
    w = work  # noqa: F821
    w[:] = x
    row = square[0]  # noqa: F821
    row += x
    return work @ x + (square**2).sum()  # noqa: F821


def _added_at(x):
    square.fill(0)  # noqa: F821
    np.add.at(square, (0, [1, 1, 2]), x)  # noqa: F821
    return (square**2).sum()  # noqa: F821


def _fill(out, x, factor=1.0):
    for i in range(len(x)):
        out[i] = x[i] ** 2 * factor


def _fill_deeper(x, out):
    _fill(out, x)
    np.multiply(out, x, out=out)


def _by_helpers(x):
    _fill(work, x)  # noqa: F821
    first = work @ x  # noqa: F821
    _fill(out=work, x=x, factor=first)  # noqa: F821
    _fill_deeper(x, other)  # noqa: F821
    return work @ x + other @ x  # noqa: F821


@pytest.mark.parametrize("function", [_copied, _by_out, _in_loops, _by_aliases, _added_at, _by_helpers])
def test_arrays_of_modules(function):
    def make():
        space = {"np": np, "work": np.zeros(3), "square": np.zeros((3, 3)), "table": {"u": np.zeros(3)}}
        space |= {"other": np.zeros(3), "_fill": _fill, "_fill_deeper": _fill_deeper}
        return types.FunctionType(function.__code__, space, function.__name__)

    check(make, X)


def test_arrays_of_surrounding_functions():
    def make():
        a, square = np.zeros(3), np.zeros((3, 3))

        def f(x):
            np.copyto(a, x)
            row = square[1]
            row[:] = x
            np.fill_diagonal(square, x)
            return a @ x + (square**2).sum() + np.multiply(x, x, out=a)[0]

        return f

    check(make, X)


class Parts:
    """Arrays that are written to through their attributes."""

    def __init__(self):
        self.named = {"W": np.ones((3, 1)), "z": np.zeros(3, complex)}
        self.w = np.zeros(3)

    def all_entries(self, x):
        for name in ("W",):
            p = self.named[name]
            p.flat = x * 2.0
        self.w.flat = x**2
        return (self.named["W"] ** 3).sum() + self.w @ x

    def real_and_imaginary(self, x):
        self.named["z"].real = x
        self.named["z"].imag, self.w.real = x[1], x
        return np.abs(self.named["z"]).sum() + self.w @ x

    def of_a_view(self, x):
        v = np.zeros(6)
        u = v.reshape(2, 3)
        u.flat = np.append(x, x**2)
        return v @ np.arange(6.0)


@pytest.mark.parametrize("name", ["all_entries", "real_and_imaginary", "of_a_view"])
def test_arrays_written_to_through_their_attributes(name):
    """``p.flat = v`` left the numbers there without their derivative, in silence with ``check=False``."""
    check(lambda: getattr(Parts(), name), X)
    f, g = getattr(Parts(), name), getattr(Parts(), name)
    np.testing.assert_allclose(gw.grad(f, check=False)(np.array(X)), gw.grad(g)(np.array(X)), rtol=1e-13)


def test_the_attribute_of_an_array_that_others_hold():
    """It stays plain, so that the traced numbers are refused."""
    a = np.zeros(3)
    watching = [a]

    def f(x):
        a.flat = x
        return watching[0] @ x

    with pytest.raises(gw.TracingError, match="by its attribute flat"):
        gw.grad(f, method="exact", check=False)(np.array(X))


def test_names_of_comprehensions_are_no_arrays_of_others():
    boxes = [np.zeros(2)]

    def f(x):
        [box.fill(5.0) for box in boxes]
        return np.sum(x * boxes[0][0])

    np.testing.assert_array_equal(gw.grad(f, method="exact")(np.ones(3)), [5.0, 5.0, 5.0])


def test_an_array_that_others_hold_has_the_new_numbers():
    model = Model()
    watching = model.a

    def f(x):
        a = model.a
        a[:] = x
        return a @ x

    np.testing.assert_allclose(gw.grad(f, method="exact")(np.array(X)), 2 * np.array(X))
    assert watching is model.a
    np.testing.assert_array_equal(watching, X)


class Allocator(dict):
    """Work arrays by shape, made when they are first asked for."""

    def __missing__(self, shape):
        self[shape] = np.zeros(shape)
        return self[shape]


def test_arrays_of_allocators():
    def make():
        arrays = Allocator()

        def f(x):
            w, square = arrays[(3,)], arrays[3, 3]
            w[:] = x
            np.fill_diagonal(square, x)
            return w @ square @ w + arrays[3, 3].sum()

        return f

    check(make, X)


class Wrapped(np.ndarray):
    """An array of the user's class, which computes as any other."""


def test_constant_arrays_of_a_class_of_ones_own():
    matrix = np.arange(9.0).reshape(3, 3).view(Wrapped)
    check(lambda: lambda x: (matrix @ x).sum() * (matrix * x).mean() + (x - matrix).sum() + x @ matrix @ x, X)


class Quantity(np.lib.mixins.NDArrayOperatorsMixin):
    def __init__(self, value):
        self.value = np.asarray(value)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return Quantity(getattr(ufunc, method)(*[i.value if isinstance(i, Quantity) else i for i in inputs], **options))


def test_methods_of_universal_functions_on_objects():
    check(lambda: lambda x: np.add.reduce(Quantity(x)).value * (np.exp(Quantity(x)) * 2 - x).value.sum(), X)


GRID = np.arange(3.0)


@pytest.mark.parametrize("create", [np.zeros_like, np.ones_like, np.empty_like, lambda a: np.full_like(a, 2.0)])
def test_arrays_like_a_plain_one_are_buffers_wherever_they_are_put(create):
    def in_a_list(x):
        rows = [create(GRID) for _ in range(2)]
        for row in rows:
            _fill(row, x)
        return rows[0] @ x + rows[1].sum()

    def in_a_dictionary(x):
        held = {"u": create(GRID)}
        _fill(held["u"], x)
        return held["u"] @ x

    for f in (in_a_list, in_a_dictionary):
        check(lambda f=f: f, X)
