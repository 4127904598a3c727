"""What packages ask of a value before they compute with it: whether it has a length, entries, units, a shape; conversions and methods by their own names.

A traced value answers all of these as the number or array that it stands for, so that the same branch is taken.  Each program is held to the plain run and its differences (`repeated_programs`).
"""

from __future__ import annotations

import collections.abc
import math
from pathlib import Path

import numpy as np
import pytest
from repeated_programs import check

import gradwise as gw

#: what the programs do was ordinary before NumPy 2.5
pytestmark = pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")

X = [0.5, 1.2, 0.7]


def attempt(first, second, error=TypeError):
    """The first, or the second where it raises."""
    try:
        return first()
    except error:
        return second()


ITERATION = {
    "list": lambda x: attempt(lambda: sum(list(x[0])), lambda: x[1] * x[0]),
    "for": lambda x: attempt(lambda: sum([2 * e for e in x[0]]), lambda: x[1] ** 2),
    "iter": lambda x: attempt(lambda: next(iter(float(x[0])), 0.0), lambda: x[1] ** 2),
    "np.iterable": lambda x: x[0] * x[1] if np.iterable(x[0]) else x[1] ** 3,
    "unpacking": lambda x: attempt(lambda: sum([*x[0]]), lambda: x[2] ** 2),
    "zip": lambda x: attempt(lambda: sum(a * b for a, b in zip(x[0], X)), lambda: x[2] * x[0]),
    "map": lambda x: attempt(lambda: sum(map(abs, x[0])), lambda: x[2] * x[0]),
    "in": lambda x: attempt(lambda: x[1] if 0.5 in x[0] else x[2], lambda: x[2] * x[0]),
    "sorted": lambda x: attempt(lambda: sorted(x[0])[0], lambda: x[2] * x[0]),
    "max": lambda x: attempt(lambda: max(x[0]), lambda: x[2] * x[0]),
    "extend": lambda x: attempt(lambda: sum([1.0].extend(x[0])), lambda: x[2] * x[0]),
    "len": lambda x: attempt(lambda: len(x[0]) * x[1], lambda: x[2] * x[0]),
    "abstract classes": lambda x: x[0] ** (2 + isinstance(x[0], collections.abc.Iterable) + isinstance(x[0], collections.abc.Sized)),
    "classes of the type": lambda x: x[0] ** (2 + issubclass(type(x[0]), collections.abc.Sized)),
    "an array without axes": lambda x: attempt(lambda: sum(list(np.asarray(x[0]))), lambda: x[2] * x[0]),
    "attributes for it": lambda x: x[0] * (2.0 if hasattr(x[0], "__len__") else x[1]) * (x[2] if hasattr(float(x[0]), "__iter__") else 3.0),
}  # fmt: skip

#: names that units, labels, nodes and parameters have, and numbers have not
NAMES = (
    "value",
    "index",
    "path",
    "root",
    "parent",
    "version",
    "current",
    "write",
    "refresh",
    "replace",
    "magnitude",
    "units",
    "columns",
)
ATTRIBUTES = {
    **{f"getattr {name}": lambda x, name=name: (getattr(x, name, x) * getattr(x[0], name, x[1])).sum() for name in NAMES},
    **{f"hasattr {name}": lambda x, name=name: (x.sum() * x[0] if not hasattr(x, name) and not hasattr(x[0], name) else x[1]) for name in NAMES},
    "asked by name": lambda x: attempt(lambda: x.value[0] * x[1], lambda: x[0] ** 2, AttributeError),
    "called by name": lambda x: attempt(lambda: x.current() @ x, lambda: x[0] ** 2 * x[2], AttributeError),
    "stored": lambda x: attempt(lambda: setattr(x, "value", 3.0) or x[1], lambda: x[0] ** 2, AttributeError),
    "shapes of floats": lambda x: x[0] * (x[1] if hasattr(float(x[0]), "shape") else x[2]) + len(getattr(float(x[0]), "shape", "none")) * x[0],
    "shapes of numbers": lambda x: x[0] * (x[1] if hasattr(x[0], "shape") else x[2]) + len(getattr(x[0], "shape", "none")) * x[0],
    "device": lambda x: x.to_device("cpu") @ x if x.device == "cpu" and getattr(x[0], "device", "cpu") == "cpu" else x[0],  # numbers have no device in NumPy 2.0
}  # fmt: skip

CONVERSIONS = {
    "__array__": lambda x: (x.__array__() ** 2).sum() + x.__array__(float)[0] ** 3,
    "__float__": lambda x: math.exp(x[0].__float__() * x[1].__float__()),
    "__complex__": lambda x: abs(complex(x[0], 1.0).__complex__() * x[1]) if hasattr(complex, "__complex__") else x[0] * 1.0,
    "copies if needed": lambda x: np.array(x, copy=np._CopyMode.IF_NEEDED) @ np.asarray(x, copy=None),
    "copies always": lambda x: filled(np.array(x, copy=np._CopyMode.ALWAYS), x),
    "methods of float": lambda x: float.__mul__(float(x[0]), float(x[1])) + float.__rsub__(float(x[2]), 2.0) ** 2 + float.__pow__(float(x[0]), 1.5),
    "methods of float with numbers": lambda x: float.__truediv__(3.0, float(x[1])) * float.__abs__(-float(x[0])) * float.__neg__(float(x[2])),
    "not implemented": lambda x: float(x[0]) ** (2 if float.__mul__(float(x[1]), "a") is NotImplemented else 3),
    "comparisons of float": lambda x: x[0] ** 2 if float.__lt__(float(x[0]), 0.9) else x[1],
    "methods of complex": lambda x: abs(complex.__mul__(complex(x[0], 1.0), complex(x[1], x[2]))),
    "mapped": lambda x: sum(map(float.__mul__, [2.0, 3.0], [float(x[0]) ** 2, float(x[1])])),
    "methods of ndarray": lambda x: np.ndarray.__add__(x, x) @ np.ndarray.__getitem__(x, slice(None, None, -1)),
}  # fmt: skip


def filled(a, x):
    a[0] = 3.0
    return a @ x


def true_entries(x):
    kept = np.empty_like(x[0])
    small = x[0] < 0.1
    kept[~small] = x[0][~small] ** 2 / x[1][~small]
    kept[small] = 0.0
    return kept * x[2] + x[0][x[0] > 0][0] + np.sum(x[0][None, True]) + x[1][x[1] < 0].sum()


FLAT = {
    "any": lambda x: x[0] * x[1] if any(x.flat != 0.5) else x[2],
    "all equal": lambda x: x[0] * x[1] if not any((x * 0 + 2.0).flat != 2.0) else x[2],
    "masks": lambda x: (x[x.flat > 0.6] ** 2).sum() + np.sum(x.flat <= x.flat) * x[0],
    "functions": lambda x: (
        np.exp(x.flat).sum() + np.sum(x.flat) ** 2 + np.dot(x.flat, x.flat) + np.concatenate([x.flat, [1.0]]).prod()
    ),
    "copies": lambda x: filled(x.flat.copy(), x) + np.add.reduce(x.flat) ** 2 + x.flat.base[1] ** 2,
    "entries that hold": true_entries,
}


class Column:
    def __init__(self, x):
        self.entries = np.exp(x)
        self.entries.shape = len(x), 1

    def energy(self):
        self.entries[0] *= 2
        return (self.entries.T @ self.entries).item()


def views(x):
    a = np.zeros(4)
    part = a[1:3]
    a[1] = x[1]
    part.shape = 2, 1
    part[1, 0] = x[0] ** 2
    part *= x[2]
    return (a**2).sum() + part[0, 0]


def filled_later(x):
    a = np.zeros(4)
    a[:2] = x[:2]
    a.shape = 2, -1
    a[1] = x[1:] ** 2
    rows = a.ravel()
    rows[0] += x[2]
    return (a @ a).sum() + np.tile(x[:1], (1, 3))[0, 1]


def repeated(x):
    a, b = np.tile(x[:1], (1, 3)), np.repeat(x[1:2], 3)
    a[:, 1:2] += x[2]
    b[0] *= 3.0
    return (a * b).sum()


SHAPES = {"in an object": lambda x: Column(x).energy(), "of a view": views, "filled later": filled_later, "repeated once": repeated}  # fmt: skip
LISTS = {
    "divided": lambda x: (lambda l: l.__class__ and sum(_over(l, x[0] + x[1])) * x[2])([x[0], x[1] ** 2]),
    "less": lambda x: ((x[0] - [x[1], x[2]]) ** 2).sum() + ([x[0], 2.0] + x[1]).prod(),
}


def _over(items, number):
    items /= number
    return items**2


@pytest.mark.parametrize(
    "f",
    [
        pytest.param(f, id=f"{kind}: {name}")
        for kind, table in {"iteration": ITERATION, "attributes": ATTRIBUTES, "conversions": CONVERSIONS, "flat": FLAT, "shapes": SHAPES, "lists": LISTS}.items()
        for name, f in table.items()
    ],
)  # fmt: skip
def test_programs(f):
    check(lambda: lambda x: f(x), X)


def test_lists_are_not_repeated_by_floats():
    with pytest.raises(TypeError):
        gw.grad(lambda x: ([x[0], x[1]] * x[2])[0], method="exact")(np.array(X))


def test_another_shape_of_an_argument_or_beside_a_view_is_refused():
    def of_argument(x):
        x.shape = 3, 1
        return x.sum()

    def beside_view(x):
        a = x * 2
        part = a[:1]
        a.shape = 3, 1
        part[0] = 1.0
        return a.sum()

    for f in (of_argument, beside_view):
        with pytest.raises(gw.TracingError, match="reshape"):
            gw.grad(f, method="exact")(np.array(X))


def test_shapes_that_do_not_fit_raise_as_they_do():
    def f(x):
        a = x * 2
        a.shape = 2, 2
        return a.sum()

    with pytest.raises(ValueError, match="reshape"):
        gw.grad(f, method="exact")(np.array(X))


class Tagged(np.ndarray):
    """An array of a class of the user's."""


def test_constants_may_be_seen_as_arrays_of_the_users_class():
    check(lambda: lambda x: x @ (np.array([1.0, 2.0, 4.0]).view(Tagged) ** 2) * np.zeros(2).view(Tagged).size, X)
    check(lambda: lambda x: (x.view(Tagged) ** 2).sum(), X)


class Metres(np.ndarray):
    """Lengths: what is computed with them says its unit."""

    def __array_finalize__(self, other):
        self.unit = getattr(other, "unit", "m")

    def __array_wrap__(self, array, context=None, return_scalar=False):
        made = np.asarray(array).view(Metres)
        made.unit = f"made of {self.unit}"
        return made


@pytest.mark.parametrize(
    "f", [lambda x, q: x * q, lambda x, q: x[0] + q, lambda x, q: np.multiply(q, x), lambda x, q: q / x[1]]
)
def test_arrays_that_make_their_results_themselves_are_computed_with(f):
    lengths = np.array([1.0, 2.0, 3.0]).view(Metres)

    def squares(x):
        made = f(x, lengths)
        return np.sum(np.asarray(made) ** 2) if type(made) is Metres and made.unit == "made of m" else 0.0

    check(lambda: squares, X)


class Field(np.ndarray):
    """Numbers with attributes that hold for these alone: what is computed with them is an ordinary array."""

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return np.asarray(array)


def test_arrays_whose_results_are_ordinary_are_computed_with():
    field = np.array([1.0, 2.0, 3.0]).view(Field)
    check(lambda: lambda x: np.sum((x[0] * field + field / x[1] + np.multiply(field, x)) ** 2), X)


class Noted:
    """A descriptor that only watches assignments: the value is in the object's own dictionary."""

    def __set__(self, obj, value):
        vars(obj)["weights"] = value
        vars(obj)["changes"] = vars(obj).get("changes", 0) + 1


class Watched:
    weights = Noted()

    def __init__(self, x):
        self.weights = x * 2.0

    def total(self):
        self.weights = self.weights**2
        return self.weights.sum() * self.changes * (3 if type(type(self).weights) is Noted else 1)


def test_descriptors_that_only_watch_assignments():
    check(lambda: lambda x: Watched(x).total(), X)
    kept = Watched(np.ones(3))
    check(lambda: lambda x: attempt(lambda: setattr(kept, "weights", x), lambda: None) or (kept.weights**2).sum(), X)


LIBRARY = """
import functools

def deprecated(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        kwargs.pop("old", None)
        return function(*args, **kwargs)
    return wrapper

def plainly(function):
    def wrapper(*args):
        return function(*args)
    return wrapper
"""


def library():
    """Decorators of a package that is not looked into."""
    names = {"__name__": "pandas._made"}
    exec(compile(LIBRARY, str(Path(np.__file__).parents[1] / "pandas" / "_made.py"), "exec"), names)
    return names


def test_functions_under_decorators_of_a_library():
    made = library()

    @made["deprecated"]
    def lengths(x, scale=1.0):
        return math.hypot(float(x[0]), float(x[1])) * np.array([x[2], scale])

    @made["plainly"]
    def buffered(x):
        z = np.zeros(2)
        z[0] = math.exp(x[0])
        return z

    class Model:
        @made["deprecated"]
        def __init__(self, x):
            self.parts = [math.sin(x[0]), float(x[1])]

        @made["plainly"]
        def value(self):
            return math.prod(self.parts)

    check(lambda: lambda x: (lengths(x, old=1, scale=2.0) ** 2).sum() + buffered(x)[0] + Model(x).value(), X)


@pytest.mark.extras("numba")
def test_functions_that_numba_compiles():
    import numba

    @numba.njit
    def inner(a, k):
        return math.exp(a) * k

    @numba.njit
    def total(x):
        out = np.zeros(x.size)
        for i in range(x.size):
            out[i] = inner(x[i], i + 1)
        return out.sum()

    def f(x):
        return total(x) * total(np.ones(2)) + inner(x[0], 3)

    gradient = gw.grad(f, method="exact")(np.array(X))
    scale = (1 + 2) * math.e
    np.testing.assert_allclose(gradient, scale * np.arange(1, 4) * np.exp(X) + [3 * math.exp(X[0]), 0, 0], rtol=1e-13)


@pytest.mark.extras("numba")
def test_functions_of_entries_that_numba_compiles():
    import numba

    @numba.vectorize
    def decays(t, k):
        return math.exp(-k * t) if t > 0 else 1.0 - t

    def f(x):
        return np.sum(decays(x, 2.0)) + decays(x[0], x[1]) + decays(1.0, 2.0)

    x = np.array([0.5, 1.2, -0.7])
    expected = [-2 * math.exp(-1.0), -2 * math.exp(-2.4), -1.0] + math.exp(-0.6) * np.array([-1.2, -0.5, 0.0])
    np.testing.assert_allclose(gw.grad(f, method="exact")(x), expected, rtol=1e-13)


MATRIX = np.array([[1.0, 2.0, 0.5], [3.0, 4.0, 1.0], [0.0, 1.0, 2.0]])
MASKED = {
    "products": lambda m, x: np.dot(MATRIX, m).sum() + np.dot(m, m) + np.outer(m, x).sum() + (MATRIX @ m).sum(),
    "systems": lambda m, x: np.linalg.solve(MATRIX, m).sum() * x[0],
    "joined": lambda m, x: (np.vstack([m, m**2]) * x).sum() + np.concatenate([m, [1.0]]).sum() * x[0],
    "sums": lambda m, x: np.einsum("ij,j->i", MATRIX, m).sum() * x[1] + np.linalg.norm(m) + np.diff(m).sum(),
}


@pytest.mark.parametrize("name", MASKED)
def test_masked_arrays_of_which_nothing_is_masked(name):
    check(lambda: lambda x: float(MASKED[name](np.ma.array(x**2), x)), X)


def rows_and_columns(x):
    """A row of a matrix into a row of an array, as code that came from Matlab has it."""
    a = np.zeros((3, 3), complex)
    column = np.array([[x[0]], [x[1]], [x[2] * 1j]])
    a[0, :] = np.transpose(column)
    a[-1] = np.transpose(column**2)[None]
    a[1, :2] = x[:2].reshape(1, 2)
    return a[:, 0].real @ x, np.abs(a).sum(axis=0)


def holders(x):
    a = np.zeros((3, 3))
    a[0] = np.ma.array(x) ** 2
    a[1:] = np.ma.array(np.outer(x[:2], x)) * x[2]
    return a * x


@pytest.mark.parametrize("f", [lambda x: rows_and_columns(x)[1], lambda x: rows_and_columns(x)[0], holders])
@pytest.mark.parametrize("operator", [gw.jacobian, gw.jacfwd, gw.jacrev])
def test_what_is_written_with_more_axes_or_as_another_kind(f, operator):
    x, step = np.array(X), 1e-4
    moved = [(f(x + step * e) - f(x - step * e)) / (2 * step) for e in np.eye(3)]
    finer = [(f(x + step / 2 * e) - f(x - step / 2 * e)) / step for e in np.eye(3)]
    want = np.moveaxis((4 * np.array(finer) - np.array(moved)) / 3, 0, -1)
    np.testing.assert_allclose(operator(f, method="exact")(x), want, rtol=1e-8, atol=1e-9)


def test_masked_entries_are_not_written_to_an_array():
    def f(x):
        a = np.zeros((2, 3))
        a[0] = np.ma.array(x, mask=[0, 1, 0]) ** 2
        return a.sum()

    with pytest.raises(gw.TracingError, match="masked entries"):
        gw.grad(f, method="exact")(np.array(X))


def test_masked_entries_in_products_are_refused():
    with pytest.raises(gw.TracingError, match="masked arrays of traced numbers"):
        gw.grad(lambda x: np.dot(MATRIX, np.ma.array(x, mask=[0, 1, 0])).sum(), method="exact")(np.array(X))


@pytest.mark.extras("sklearn")
def test_packages_written_in_python_are_looked_into():
    from sklearn.gaussian_process.kernels import RBF

    points = np.arange(6.0).reshape(3, 2) ** 1.3
    gaps = np.sum((points[:, None] - points) ** 2, axis=-1)
    found = gw.derivative(lambda scale: RBF(scale)(points).sum(), method="exact")(1.7)
    np.testing.assert_allclose(found, np.sum(np.exp(-0.5 * gaps / 1.7**2) * gaps / 1.7**3), rtol=1e-12)


EMATH = {
    "sqrt": lambda x: abs(np.emath.sqrt(x - 0.6) + 1j).sum() + np.emath.sqrt(x).sum(),
    "log": lambda x: abs(np.emath.log(x - 0.6) + 2.0).sum() + np.emath.log(x[0]),
    "log2": lambda x: abs(np.emath.log2(-x[0]) + 2.0) * np.emath.log2(x[1]),
    "log10": lambda x: abs(np.emath.log10(-x[0]) + 2.0) * np.emath.log10(x[1]),
    "logn": lambda x: abs(np.emath.logn(x[1], -x[0]) + 1j) + np.emath.logn(2, x[2]),
    "power": lambda x: abs(np.emath.power(x - 0.6, 1.5) + 1j).sum() + np.emath.power(x, -2).sum() + abs(np.emath.power(-2.0, x[0]) + 1j),
    "arcsin": lambda x: abs(np.emath.arcsin(x) + 1j).sum() + np.emath.arcsin(x[0]),
    "arccos": lambda x: abs(np.emath.arccos(x) + 1j).sum() + np.emath.arccos(x[0]),
    "arctanh": lambda x: abs(np.emath.arctanh(x) + 1j).sum() + np.emath.arctanh(x[0]),
}  # fmt: skip


@pytest.mark.parametrize("name", EMATH)
def test_functions_that_turn_complex(name):
    check(lambda: lambda x: EMATH[name](x), X)
