"""Arrays of users' classes as arguments, constants and work arrays; what is kept between calls; what a run leaves; what is refused."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest
from measured_arrays import Measured, X

import gradwise as gw
from gradwise.tracing.holders import HOLDERS, TWINS


def squares(q):
    assert type(q) is Measured
    return np.sum((q * q).in_standard())


# --- arguments ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["exact", "auto", "numerical"])
def test_arguments_keep_their_class_and_results_are_ordinary(method):
    q = Measured([1.0, 2.0, 3.0], 1000.0)
    gradient = gw.grad(squares, method=method)(q)
    assert type(gradient) is np.ndarray
    np.testing.assert_allclose(gradient, [2e6, 4e6, 6e6], rtol=1e-9)
    assert (q.tolist(), q.unit) == ([1.0, 2.0, 3.0], 1000.0)


def test_every_operator_takes_such_arguments():
    q, v = Measured([1.0, 2.0, 3.0], 1000.0), np.array([1.0, 0.5, 2.0])
    value, gradient = gw.value_and_grad(squares)(q)
    assert value == 14e6
    np.testing.assert_allclose(gw.hessian(squares)(q), 2e6 * np.eye(3))
    np.testing.assert_allclose(gw.hvp(squares)(q, v), 2e6 * v)
    np.testing.assert_allclose(gw.jvp(squares, (q,), (v,))[1], gradient @ v)
    doubled = gw.jacobian(lambda q: (q * q).in_standard())(q)
    assert type(doubled) is np.ndarray
    np.testing.assert_allclose(doubled, np.diag([2e6, 4e6, 6e6]))
    np.testing.assert_allclose(gw.vjp(squares, q)[1](1.0)[0], gradient)


def test_several_arguments_and_containers():
    q = Measured([1.0, 2.0, 3.0], 10.0)
    both = gw.grad(lambda a, b: np.sum((a * b).in_standard()), argnums=(0, 1), method="exact")(q, Measured(X, 2.0))
    np.testing.assert_allclose(both[0], 20 * X)
    np.testing.assert_allclose(both[1], [20.0, 40.0, 60.0])
    held = gw.grad(lambda d: squares(d["q"]) * d["s"], method="exact")({"q": q, "s": 2.0})
    np.testing.assert_allclose(held["q"], [400.0, 800.0, 1200.0])
    assert held["s"] == 1400.0
    whole = np.array([1, 2, 3]).view(Measured)
    np.testing.assert_allclose(gw.grad(lambda v: (v**2).sum(), method="exact")(whole), [2.0, 4.0, 6.0])


def test_numerical_derivatives_and_the_checker_call_the_function_with_the_class():
    q = Measured([1.0, 2.0, 3.0], 1000.0)
    found = gw.numerical.grad(squares, q).value
    assert type(found) is np.ndarray
    np.testing.assert_allclose(found, [2e6, 4e6, 6e6], rtol=1e-9)
    assert gw.check_grad(squares, q).passed
    assert not gw.check_grad(squares, q, grad=lambda q: 2 * np.asarray(q)).passed
    assert (q.tolist(), q.unit) == ([1.0, 2.0, 3.0], 1000.0)


def test_what_is_written_into_an_argument_reaches_it():
    def f(v):
        v.first = v[1] * 2
        v *= 3
        return np.sum(np.asarray(v) ** 2)

    traced, plain = Measured([1.0, 2.0, 3.0]), Measured([1.0, 2.0, 3.0])
    f(plain)
    np.testing.assert_allclose(gw.grad(f, method="exact")(traced), [0.0, 180.0, 54.0])
    np.testing.assert_array_equal(traced, plain)


# --- constants and work arrays ----------------------------------------------------------------------------------------------------------


class Keeper:
    def __init__(self):
        self.offset = Measured([1.0, 2.0, 3.0], 5.0)
        self.state = Measured(np.zeros(3), 2.0)
        self.named = {"work": Measured(np.ones(3))}
        self.kept = None


def beside_constants(keeper, x):
    q = keeper.offset
    products = [q * x, x * q, np.multiply(x, q), 2.0 * (x[0] * q), q - x, x @ np.outer(q, q).view(Measured)]
    assert all(type(p) is Measured for p in products)
    assert [p.unit for p in products[:4]] == [5.0] * 4
    whole = np.concatenate([q, x])
    assert type(whole) is np.ndarray
    return sum(np.sum(p.in_standard() ** 2) for p in products) + np.dot(q, x) + np.sum(whole**2) + q.dot(x)


def into_work_arrays(keeper, x):
    keeper.state[0] = x[0]
    keeper.state[1:] = x[1:] * x[0]
    keeper.state *= 2
    keeper.named["work"][:] = x
    return np.sum((keeper.state * keeper.named["work"]).in_standard())


def into_fresh_arrays(keeper, x):
    made = np.zeros(3).view(Measured)
    made[0], made[1:] = x[0], x[1:] ** 2
    other = Measured([0.0, 0.0, 1.0], 3.0)
    other.first = x[1]
    other[1] += x[2]
    empty = np.ndarray.__new__(Measured, (3,))
    empty[:] = x * 2
    copied = keeper.offset.copy()
    copied[0] = x[0]
    copied += x
    return np.sum((made * other).in_standard()) + np.sum(empty * copied)


def stored_in_objects(keeper, x):
    keeper.kept = Measured(x, x[1])
    keeper.offset.note = x[0]
    return np.sum((keeper.kept * keeper.kept).in_standard()) * keeper.offset.note


@pytest.mark.parametrize("f", [beside_constants, into_work_arrays, into_fresh_arrays, stored_in_objects])
def test_constants_and_work_arrays(f):
    traced, plain = Keeper(), Keeper()
    for x in (X, X, 1.1 * X):
        gradient = gw.grad(lambda x: f(traced, x), method="exact")(x)
        np.testing.assert_allclose(gradient, gw.numerical.grad(lambda x: f(Keeper(), x), x).value, rtol=1e-7)
        f(plain, x)
    for kept, expected in [(traced.offset, plain.offset), (traced.state, plain.state), (traced.kept, plain.kept)]:
        assert type(kept) is type(expected)
        np.testing.assert_array_equal(kept, expected)
        assert getattr(kept, "__dict__", None) == getattr(expected, "__dict__", None)
    assert type(traced.named["work"]) is Measured
    np.testing.assert_array_equal(traced.named["work"], plain.named["work"])


def test_a_shared_array_that_is_written_into_is_refused():
    shared = Measured([1.0, 2.0, 3.0])
    other = shared

    def f(x):
        np.add(other, x, out=shared)
        return np.sum(shared)

    with pytest.raises(gw.TracingError, match="Measured"):
        gw.grad(f, method="exact")(X)


# --- what is kept between calls ------------------------------------------------------------------------------------------------------------


CONSTANT = Measured([1.0, 2.0, 3.0], 1000.0)


def in_standards(x):
    return np.sum((CONSTANT * x).in_standard())


@pytest.mark.parametrize("make", [gw.grad, lambda f: gw.grad(f, pure=True), lambda f: gw.jacobian(gw.compile(f))])
def test_units_numbers_classes_and_methods_that_change_are_seen(make):
    made = make(in_standards)
    method = Measured.in_standard
    try:
        for _ in range(3):
            np.testing.assert_allclose(made(X), [1000.0, 2000.0, 3000.0])
        CONSTANT.unit = 10.0
        np.testing.assert_allclose(made(X), [10.0, 20.0, 30.0])
        CONSTANT[0] = 5.0
        np.testing.assert_allclose(made(X), [50.0, 20.0, 30.0])
        if make is gw.grad:
            Measured.standard = 10.0
            np.testing.assert_allclose(made(X), [5.0, 2.0, 3.0])
            Measured.in_standard = lambda self: np.asarray(self) * 3.0
            np.testing.assert_allclose(made(X), [15.0, 6.0, 9.0])
    finally:
        CONSTANT[0], CONSTANT.unit, Measured.standard, Measured.in_standard = 1.0, 1000.0, 1.0, method


def test_what_a_run_leaves_is_plain():
    kept = []

    def f(x):
        q = Measured(x, x[0])
        kept.append((q, q[1:], {"q": q}))
        raise ArithmeticError("the user's")

    before = set(vars(Measured))
    with pytest.raises(ArithmeticError, match="the user's"):
        gw.grad(f, method="exact")(X)
    for q in (kept[0][0], kept[0][1], kept[0][2]["q"]):
        assert type(q) is Measured
        assert type(q.unit) in (float, np.float64)
        assert q.unit == 1.2
    assert kept[0][0] is kept[0][2]["q"]
    assert not TWINS
    assert all(cls.__module__.startswith("gradwise.") for cls in HOLDERS)
    assert set(vars(Measured)) == before


def test_classes_and_arrays_are_let_go():
    def used_once():
        class Passing(np.ndarray): ...

        np.testing.assert_allclose(gw.grad(lambda x: (x.view(Passing) ** 2).sum())(X), 2 * X)
        return weakref.ref(Passing)

    gone = used_once()
    gw.clear_caches()
    gc.collect()
    assert gone() is None


class Default(np.ndarray):
    """Defaults of the class, which a class that derives from it hides."""

    _unit = None

    def __new__(cls, numbers):
        made = np.asarray(numbers).view(cls)
        made.note = "made"
        return made

    def copied(self):
        return type(self)(np.copy(np.asarray(self)))

    def in_unit(self):
        return self.copied() * self._unit


class Hiding(Default):
    _unit = 3.0


def test_defaults_of_classes():
    for x in (X, 2 * X):  # decisions and texts, after which the function is looked at again
        gradient = gw.grad(lambda x: (Hiding(x).in_unit() ** 2).sum() if x[0] > 1 and str(x) else 0.0)(x)
        np.testing.assert_allclose(gradient, 18 * x)
    numbers = gw.grad(lambda x: sum(v.view(np.ndarray) * v.view() for v in Hiding(x)), method="exact")(X)
    np.testing.assert_allclose(numbers, 2 * X)


def test_derivatives_within():
    def outer(x):
        q = Measured(x, 2.0)

        def inner(y):
            return np.sum((q * Measured(y, 3.0)).in_standard()) * y.sum()

        return gw.grad(inner)(x * 1.5).sum() + gw.hessian(inner)(x).sum()

    gradient = gw.grad(outer, method="exact")(X)
    np.testing.assert_allclose(gradient, gw.numerical.grad(outer, X).value, rtol=1e-8)


def test_mapped_and_in_other_threads():
    points = np.stack([X, 2 * X, 3 * X])
    mapped = gw.vmap(gw.grad(lambda x: squares(Measured(x, 2.0))))(points)
    np.testing.assert_allclose(mapped, 8 * points)
    found = [None] * 4

    def work(k):
        found[k] = gw.grad(lambda x: squares(Measured(x, k)), method="exact")(X)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for k in range(4):
        np.testing.assert_allclose(found[k], 2.0 * k**2 * X)
