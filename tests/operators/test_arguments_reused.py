"""What is known of the arguments: objects among them are read as other objects are, arrays of numbers are copied when they are copied."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.families import _families
from gradwise.tracing.purity import inspect_function

X = np.array([0.3, -0.7, 1.1])


def served():
    return sum(family.served for family, _ in _families.values())


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()


class Model:
    def __init__(self, rate=0.5):
        self.w = np.array([1.0, 2.0, -1.0])
        self.rate = rate

    def loss(self, x):
        return np.sum((self.w * x) ** 2) * self.rate


@dataclasses.dataclass
class Parameters:
    k: np.ndarray
    m: float

    def energy(self):
        return np.sum(self.k) * self.m**2


def with_model(x, model, power=2):
    return model.loss(x) ** power


def with_function(x, act):
    return np.sum(act(x) * x)


def with_models(x, models):
    total = 0.0
    for model in models:
        total = total + model.loss(x)
    return total


def agrees(f, *args, **kwargs):
    got = gw.grad(f, method="exact")(*args, **kwargs)
    expected = gw.grad(f, method="exact", pure=False)(*args, **kwargs)
    for a, b in zip(np.atleast_1d(got), np.atleast_1d(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    return got


def test_objects_among_the_arguments():
    model = Model()
    for k in range(6):
        agrees(with_model, X + 0.1 * k, model)
    assert served() >= 3
    before = agrees(with_model, X, model)
    model.rate = 2.0
    assert not np.allclose(agrees(with_model, X, model), before)
    model.w[0] = 7.0
    agrees(with_model, X, model)
    agrees(with_model, X, Model(3.0))
    agrees(with_model, X, model, 3)
    agrees(with_model, X, model, power=3)
    agrees(with_model, X, model=model)
    model.loss = lambda x: np.sum(x)
    agrees(with_model, X, model)


def test_another_class_in_the_same_place():
    class Other(Model):
        def loss(self, x):
            return np.sum(x**3)

    for _ in range(5):
        agrees(with_model, X, Model())
    agrees(with_model, X, Other())
    agrees(with_model, X, Model())


def test_functions_and_lists_of_objects_among_the_arguments():
    for k in range(5):
        agrees(with_function, X + k, np.tanh)
    agrees(with_function, X, np.sin)
    agrees(with_function, X, lambda v: v**3)
    models = [Model(), Model(2.0)]
    for k in range(5):
        agrees(with_models, X + k, models)
    assert served() >= 4
    models.append(Model(5.0))
    agrees(with_models, X, models)
    models[0].rate = 4.0
    agrees(with_models, X, models)
    agrees(with_models, X, tuple(models))


def dataclass_loss(p, factor):
    return np.sum(np.sqrt(p.k / p.m)) * factor + p.energy()


@pytest.mark.parametrize("factor", [1.0, 2])
def test_a_dataclass_that_is_differentiated(factor):
    g = gw.grad(dataclass_loss, method="exact")
    h = gw.grad(dataclass_loss, method="exact", pure=False)
    for k in range(6):
        p = Parameters(np.array([1.0, 2.0, 0.5]) + k, 1.7)
        a, b = g(p, factor), h(p, factor)
        assert type(a) is type(b) is Parameters
        np.testing.assert_allclose(a.k, b.k)
        np.testing.assert_allclose(a.m, b.m)
    assert served() >= 3


def test_a_method_of_the_dataclass_that_changes_is_seen():
    p = Parameters(np.array([1.0, 2.0, 0.5]), 1.7)
    g = gw.grad(dataclass_loss, method="exact")
    for _ in range(5):
        before = g(p, 1.0)
    kept = Parameters.energy
    try:
        Parameters.energy = lambda self: 10.0 * self.m
        assert g(p, 1.0).m != before.m
        np.testing.assert_allclose(g(p, 1.0).m, gw.grad(dataclass_loss, method="exact", pure=False)(p, 1.0).m)
    finally:
        Parameters.energy = kept


RATE, TABLE = 2.0, np.array([1.0, 2.0, 3.0])


@dataclasses.dataclass
class Reading(Parameters):
    def energy(self):
        return self.m**2 * RATE + np.sum(self.k * TABLE)


def reading_loss(p):
    return p.energy()


@pytest.mark.parametrize("name", ["RATE", "TABLE"])
def test_data_that_the_class_of_a_differentiated_argument_reads(name, monkeypatch):
    p = Reading(np.array([1.0, 2.0, 0.5]), 1.7)
    g, h = gw.grad(reading_loss, method="exact"), gw.grad(reading_loss, method="exact", pure=False)
    for _ in range(5):
        g(p)
    monkeypatch.setitem(globals(), name, globals()[name] * 3.0)
    a, b = g(p), h(p)
    np.testing.assert_allclose(a.k, b.k)
    np.testing.assert_allclose(a.m, b.m)
    TABLE[0] += 1.0
    np.testing.assert_allclose(g(p).k, h(p).k)


def test_nested_objects_are_differentiated():
    def loss(p):
        return np.sum(p.k["inner"].k) * p.m + p.k["inner"].energy()

    g, h = gw.grad(loss, method="exact"), gw.grad(loss, method="exact", pure=False)
    for k in range(6):
        p = Parameters({"inner": Parameters(np.array([1.0, 2.0, 0.5]) + k, 1.7)}, 0.3)
        a, b = g(p), h(p)
        np.testing.assert_allclose(a.k["inner"].k, b.k["inner"].k)
        np.testing.assert_allclose([a.m, a.k["inner"].m], [b.m, b.k["inner"].m])
    assert served() >= 3


def smoothed(x):
    u = x.copy()
    for _ in range(3):
        u[1:-1] += 0.2 * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u**2)


def step(u, factor):
    u *= factor
    return u


def through_a_helper(x):
    return np.sum(step(x + 1.0, 3.0) ** 2)


def test_copies_of_arrays_may_be_written():
    assert inspect_function(smoothed, [X], {}).is_pure
    assert not inspect_function(smoothed).is_pure  # the copy of a list holds the caller's arrays
    assert inspect_function(through_a_helper).is_pure
    for f in (smoothed, through_a_helper):
        for k in range(5):
            agrees(f, X + k)
    assert served() >= 4


def writes_to_the_view(x, a):
    a.T[0] = 5.0
    return np.sum(x * a)


def writes_to_an_entry(x, a):
    row = a[0]
    row += 1.0
    return np.sum(x * row)


def writes_by_a_helper(x, a):
    return np.sum(step(a, 3.0) * x)


def writes_to_a_reshaped(x, a):
    b = a.reshape(-1)
    b[0] = 5.0
    return np.sum(x * b)


def writes_to_what_asarray_gives(x, a):
    b = np.asarray(a)
    b[0] = 5.0
    return np.sum(x * b)


def writes_in_a_loop(x, a):
    for row in a:
        row[...] = 1.0
    return np.sum(x * a)


WRITING = [
    writes_to_the_view,
    writes_to_an_entry,
    writes_by_a_helper,
    writes_to_a_reshaped,
    writes_to_what_asarray_gives,
    writes_in_a_loop,
]


@pytest.mark.parametrize("f", WRITING, ids=lambda f: f.__name__)
def test_writes_to_arrays_of_the_callers_are_found(f):
    a = np.ones((3, 3)) if f is not writes_to_what_asarray_gives else np.ones(3)
    assert not inspect_function(f, [X, a], {}).is_quiet


def test_explanations_know_the_arguments():
    assert "proved pure" in gw.explain(with_model, X, Model()).reuse
    assert "whose behaviour is not known" in gw.explain(lambda x, s: np.sum(x), X, {b"a"}).reuse
