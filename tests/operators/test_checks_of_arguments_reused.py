"""Functions that look at their arguments before they compute: types among types, dtypes beside types, sparse or not, copies. One program serves, and other kinds of arguments are answered as by a plain call."""

from __future__ import annotations

import abc
import pathlib

import numpy as np
import pytest
from scipy.sparse import csr_matrix, issparse

import gradwise as gw
from gradwise.operators.reuse.families import _families


class Pair(tuple):
    __slots__ = ()


class Other:
    pass


class Index(metaclass=abc.ABCMeta):  # noqa: B024
    pass


KINDS = [list, Pair]


def served():
    return sum(family.served for family, _ in _families.values())


def product(x):
    return x[0] * x[0] * x[1]


def among_types(x):
    if type(x) not in [tuple, list, np.ndarray, Pair]:
        raise TypeError(f"not {type(x)}")
    return product(x)


def among_types_in_a_tuple(x):
    return product(x) if type(x) in (np.ndarray, list) else -product(x)


def type_of_an_entry(x):
    return product(x) if type(x[0]) in (float, np.float64) else -product(x)


def of_a_type_of_the_users(x):
    return -product(x) if isinstance(x, (Pair, Other)) else product(x)


def dtype_of_objects(x):
    if isinstance(x, np.ndarray) and x.dtype != object:
        return product(x)
    return -product(x)


def dtype_of_floats(x):
    return product(x) if x.dtype == float and x.dtype == np.float64 else -product(x)


def dtype_among(x):
    return product(x) if x.dtype in (np.float32, np.float64) else -product(x)


def sub_dtype(x):
    return product(x) if np.issubdtype(x.dtype, np.floating) else -product(x)


def by_class(x):
    return product(x) if x.__class__ is np.ndarray and x.__class__.__name__ == "ndarray" else -product(x)


def sparse_or_not(x):
    if issparse(x):
        x = x.toarray().ravel()
    return product(x)


def copied(x):
    x = np.array(x, dtype=float, copy=True)
    x[0] *= x[0]
    return x[0] * x[1]


def options(x):
    chosen = dict(scale=1.0)
    chosen.update(scale=2.0, offset=0.5)
    return product(x) * chosen["scale"] * chosen["offset"]


def named(x):
    total = product(x)
    try:
        total.name = "total"
        setattr(x, "unit", "m")  # noqa: B010
    except AttributeError:
        pass
    return total


def of_an_abstract_class(x):
    return -product(x) if isinstance(x, (Index, Other)) or isinstance(x[0] * 2.0, Index) else product(x)


def of_a_librarys_class(x):
    if isinstance(x[0], pathlib.Path):
        return product(np.fromfile(pathlib.Path(x[0])))
    return product(x)


class Problem:
    size = 2

    def value(self, x):
        if not callable(self.inner) or len(x) != self.size:
            raise ValueError(f"{self.size} numbers are needed")
        return self.inner(x)

    def inner(self, x):
        return product(x)


FUNCTIONS = [
    among_types,
    among_types_in_a_tuple,
    type_of_an_entry,
    of_a_type_of_the_users,
    dtype_of_objects,
    dtype_of_floats,
    dtype_among,
    sub_dtype,
    by_class,
    sparse_or_not,
    copied,
    options,
    named,
    of_an_abstract_class,
    of_a_librarys_class,
    Problem().value,
]


@pytest.mark.parametrize("f", FUNCTIONS)
def test_one_program_serves(f):
    gradient, before = gw.value_and_grad(f), served()
    for k in range(6):
        x = np.array([1.5 + k, 0.5 - k])
        value, found = gradient(x)
        assert value == x[0] ** 2 * x[1] == f(x.copy())
        np.testing.assert_allclose(found, [2 * x[0] * x[1], x[0] ** 2], rtol=1e-14)
    assert served() >= before + 2


@pytest.mark.parametrize("f", FUNCTIONS)
def test_other_kinds_of_arguments_after_it(f):
    gradient = gw.value_and_grad(f)
    for k in range(5):
        gradient(np.array([1.5 + k, 0.5 - k]))
    for other in ([2.0, 3.0], (2.0, 3.0), Pair((2.0, 3.0)), np.array([2.0, 3.0], np.float32)):
        for _ in range(3):
            try:
                expected = f(other)
            except (AttributeError, TypeError):
                with pytest.raises((AttributeError, TypeError)):
                    gradient(other)
            else:
                value, found = gradient(other)
                assert value == expected
                np.testing.assert_allclose(np.asarray(found) * np.sign(expected), [12.0, 4.0])


def test_lists_of_types_and_names_that_change(monkeypatch):
    def f(x):
        return product(x) if type(x) in KINDS else -product(x)

    gradient = gw.grad(f)
    x = np.array([2.0, 3.0])
    for _ in range(5):
        np.testing.assert_array_equal(gradient(x), [-12.0, -4.0])
    KINDS.append(np.ndarray)
    try:
        np.testing.assert_array_equal(gradient(x), [12.0, 4.0])
    finally:
        KINDS.pop()
    np.testing.assert_array_equal(gradient(x), [-12.0, -4.0])
    again = gw.grad(of_a_type_of_the_users)
    for _ in range(5):
        np.testing.assert_array_equal(again(x), [12.0, 4.0])
    monkeypatch.setitem(globals(), "Pair", np.ndarray)
    np.testing.assert_array_equal(again(x), [-12.0, -4.0])
    monkeypatch.undo()
    np.testing.assert_array_equal(again(x), [12.0, 4.0])


def test_the_type_of_a_number_that_is_kept():
    class Kept:
        rate = 2.0

        def f(self, x):
            return product(x) * (self.rate if type(self.rate) in (float, np.float64) else -self.rate)

    kept = Kept()
    gradient, x = gw.grad(kept.f), np.array([2.0, 3.0])
    for _ in range(5):
        np.testing.assert_array_equal(gradient(x), [24.0, 8.0])
    kept.rate = 2
    np.testing.assert_array_equal(gradient(x), [-24.0, -8.0])
    kept.rate = np.float64(2.0)
    np.testing.assert_array_equal(gradient(x), [24.0, 8.0])
    kept.rate = True
    np.testing.assert_array_equal(gradient(x), [-12.0, -4.0])


def test_the_class_of_an_object_that_changes():
    class A:
        factor = 1.0

    class B:
        factor = 3.0

    class Holder:
        def __init__(self):
            self.part = A()

        def f(self, x):
            if type(self.part) not in (A, float) or self.part.__class__ == B:
                return -product(x)
            return product(x) * self.part.factor

    holder = Holder()
    gradient, x = gw.grad(holder.f), np.array([2.0, 3.0])
    for _ in range(5):
        np.testing.assert_array_equal(gradient(x), [12.0, 4.0])
    holder.part = B()
    np.testing.assert_array_equal(gradient(x), [-12.0, -4.0])
    holder.part = A()
    np.testing.assert_array_equal(gradient(x), [12.0, 4.0])
    holder.part.__class__ = B
    np.testing.assert_array_equal(gradient(x), [-12.0, -4.0])


def test_a_matrix_in_the_place_of_numbers():
    class Model:
        def __init__(self):
            self.A = np.array([[1.0, 2.0], [0.0, 3.0]])

        def f(self, x):
            A = self.A.toarray() * 2.0 if issparse(self.A) else self.A
            return np.sum(A @ x)

    model = Model()
    gradient, x = gw.grad(model.f), np.array([2.0, 3.0])
    for _ in range(5):
        np.testing.assert_array_equal(gradient(x), [1.0, 5.0])
    model.A = csr_matrix(model.A)
    for _ in range(5):
        np.testing.assert_array_equal(gradient(x), [2.0, 10.0])
    model.A = model.A.toarray()
    np.testing.assert_array_equal(gradient(x), [1.0, 5.0])


def test_the_name_of_a_class_that_is_only_asked_for():
    class Odd(tuple):
        __slots__ = ()

    def f(x):
        return product(x) * len(Odd.__name__) if not isinstance(x, Odd) else 0.0

    gradient, x = gw.grad(f), np.array([2.0, 3.0])
    for _ in range(5):
        np.testing.assert_array_equal(gradient(x), [36.0, 12.0])
    Odd.__name__ = "Stranger"
    np.testing.assert_array_equal(gradient(x), [96.0, 32.0])


def test_a_plain_class_that_is_registered_with_an_abstract_one():
    class Base(metaclass=abc.ABCMeta):  # noqa: B024
        pass

    def f(x):
        return -product(x) if isinstance(x, Base) else product(x)

    gradient, x = gw.grad(f), np.array([2.0, 3.0])
    for _ in range(5):
        np.testing.assert_array_equal(gradient(x), [12.0, 4.0])
    Base.register(np.ndarray)
    for _ in range(5):
        assert f(x) == -12.0
        np.testing.assert_array_equal(gradient(x), [-12.0, -4.0])


def test_a_name_that_a_method_stores_in_what_it_is_given():
    """An array refuses, an object takes it: the kind of what is kept decides."""

    class Box:
        factor = 3.0

        def __rmul__(self, other):
            return other * self.factor

    class Model:
        def __init__(self):
            self.scale = np.array([2.0])

        def f(self, x):
            try:
                self.scale.name = "scale"
            except AttributeError:
                return np.sum(product(x) * self.scale)
            return -product(x)

    model = Model()
    gradient, x = gw.grad(model.f), np.array([2.0, 3.0])
    for _ in range(5):
        np.testing.assert_array_equal(gradient(x), [24.0, 8.0])
    model.scale = Box()
    np.testing.assert_array_equal(gradient(x), [-12.0, -4.0])
    assert model.scale.name == "scale"
    model.scale = np.array([1.0])
    np.testing.assert_array_equal(gradient(x), [12.0, 4.0])
