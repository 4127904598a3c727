"""``vjp`` and ``linearize`` of functions for which a program stands: what they return lives on, and must be that of the call whatever changes afterwards."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.kinks import forget_kinks
from gradwise.operators.reuse import families

POINT = np.array([0.3, -0.7, 1.1])
MATRIX = np.arange(9.0).reshape(3, 3)
LARGE = np.linspace(0.1, 1.0, 3 * 40_000).reshape(3, 40_000)
FACTOR = 0.3
STEPS = 3
NAMED = {"w": np.array([1.0, 1.5, 2.0]), "power": 2}
FLAG = True


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()
    yield
    gw.clear_caches()


def served():
    return sum(family.served for family, _ in families._families.values())


def model(x, table=(1.0, 2.0)):
    y = MATRIX @ x
    for _ in range(STEPS):
        y = np.sin(y) * table[0]
    if FLAG:
        y = y + table[1] * x
    return y * NAMED["w"] ** NAMED["power"] + FACTOR * np.sum(LARGE * x[:, None], axis=1)


class Model:
    def __init__(self) -> None:
        self.matrix, self.calls, self.layers = MATRIX.copy(), 0, [np.ones(3), np.full(3, 2.0)]

    def field(self, x):
        self.calls += 1
        y = self.matrix @ x
        for w in self.layers:
            y = np.tanh(y * w) + x
        return y * np.cos(x) + y**2


WAYS = {
    "vjp": (lambda f, **o: gw.vjp(f, POINT, **o), lambda t, v: t(v)[0]),
    "linearize": (lambda f, **o: gw.linearize(f, POINT, **o), lambda t, v: t(v)),
}
VECTORS = [np.array([1.0, 0.5, -2.0]), np.array([0.0, 1.0, 0.0])]


def warmed(way, f):
    take, apply = WAYS[way]
    for _ in range(4):
        take(f)
    return take, apply


@pytest.mark.parametrize("way", WAYS)
def test_a_program_stands_for_the_function(way):
    take, apply = warmed(way, model)
    before = served()
    value, t = take(model)
    assert served() == before + 1
    plain, true = take(model, pure=False)
    np.testing.assert_allclose(value, plain, rtol=1e-13)
    for v in VECTORS:
        np.testing.assert_allclose(apply(t, v), apply(true, v), rtol=1e-12)


CHANGES = {
    "an array changed in place": lambda p: MATRIX.__setitem__((0, 0), 50.0),
    "a large array changed in place": lambda p: LARGE.__setitem__(slice(None), 7.0),
    "an array rebound": lambda p: p.setitem(globals(), "MATRIX", MATRIX * 2),
    "a number": lambda p: p.setitem(globals(), "FACTOR", 0.9),
    "a number of steps": lambda p: p.setitem(globals(), "STEPS", 5),
    "a flag": lambda p: p.setitem(globals(), "FLAG", False),
    "an array in a dict": lambda p: p.setitem(NAMED, "w", np.array([3.0, 2.0, 1.0])),
    "an exponent in a dict": lambda p: p.setitem(NAMED, "power", 3),
    "a default": lambda p: p.setattr(model, "__defaults__", ((3.0, 1.0),)),
    "the argument": lambda p: POINT.__setitem__(0, 5.0),
    "its own code": lambda p: p.setattr(model, "__code__", (lambda x, table: x * table[0]).__code__),
    "a name that goes away": lambda p: p.delitem(globals(), "NAMED"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", CHANGES)
def test_what_changes_afterwards_is_not_seen_by_it_and_is_by_the_next(way, what, monkeypatch):
    for name in ("MATRIX", "LARGE", "POINT"):
        monkeypatch.setitem(globals(), name, globals()[name].copy())
    take, apply = warmed(way, model)
    value, t = take(model)
    kept = value.copy()
    _, true = take(model, pure=False)
    expected = [apply(true, v) for v in VECTORS]
    CHANGES[what](monkeypatch)
    np.testing.assert_array_equal(value, kept)
    for v, e in zip(VECTORS, expected, strict=True):
        np.testing.assert_allclose(apply(t, v), e, rtol=1e-12)
    if what == "a name that goes away":
        with pytest.raises(NameError):
            take(model)
        return
    value, t = take(model)
    plain, true = take(model, pure=False)
    np.testing.assert_allclose(value, plain, rtol=1e-13)
    for v in VECTORS:
        np.testing.assert_allclose(apply(t, v), apply(true, v), rtol=1e-12)
    assert not np.allclose([apply(t, v) for v in VECTORS], expected)


@pytest.mark.parametrize("way", WAYS)
def test_objects_and_their_counters(way):
    m, other = Model(), Model()
    take, apply = WAYS[way]
    for k in range(1, 8):
        value, t = take(m.field)
        plain, true = take(other.field, pure=False)
        assert m.calls == other.calls == k
        expected = [apply(true, v) for v in VECTORS]
        for o in (m, other):
            o.matrix[0, 1] += k
            o.layers[0] = o.layers[0] * 1.1
            if k == 5:
                o.layers.append(np.ones(3))
        np.testing.assert_allclose(value, plain, rtol=1e-13)
        for v, e in zip(VECTORS, expected, strict=True):
            np.testing.assert_allclose(apply(t, v), e, rtol=1e-12)
        assert m.calls == k
    assert served() > 0


ROOTS = np.array([4.0, 0.0, 9.0])


def singular(x):
    y = x * ROOTS
    for _ in range(4):
        y = y + 0.25 * np.sin(x) * ROOTS
    flat = np.sqrt((x - 0.7) ** 4) * ROOTS[::-1]  # 0/0 at 0.7, where the derivative is 0
    return np.where(y > 0, np.sqrt(y), 0.0) + np.abs(x - 0.3) * ROOTS + flat * np.exp(x)


def kinked(x):
    y = x
    for _ in range(4):
        y = y + 0.25 * np.sin(y) * ROOTS
    return y + np.abs(x - 0.3) * ROOTS


@pytest.mark.parametrize("f", [singular, kinked])
@pytest.mark.parametrize("way", WAYS)
def test_kinks_and_singular_points_are_treated_on_the_data_of_the_call(way, f, monkeypatch):
    monkeypatch.setitem(globals(), "ROOTS", ROOTS.copy())
    at = np.abs(POINT)
    take = {"vjp": lambda f, **o: gw.vjp(f, at, **o), "linearize": lambda f, **o: gw.linearize(f, at, **o)}[way]
    apply = WAYS[way][1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gw.KinkWarning)
        for _ in range(4):
            take(f)
        before = served()
        _, t = take(f)
        assert served() == before + 1
        _, true = take(f, pure=False)
        expected = [apply(true, v) for v in VECTORS]
        assert np.isfinite(expected).all()
        ROOTS[:] = [1.0, 2.0, 3.0]
        forget_kinks()  # so that the function runs once more, which must be on the data of the call
        for v, e in zip(VECTORS, expected, strict=True):
            np.testing.assert_allclose(apply(t, v), e, rtol=1e-12)


def test_auxiliary_values_containers_and_several_arguments():
    def f(p, q):
        y = MATRIX @ p["a"]
        for _ in range(4):
            y = np.tanh(y) * q + p["b"]
        return {"y": y, "s": np.sum(y)}, {"steps": 4, "y": y}

    p, q = {"a": POINT, "b": 0.5}, np.array([1.0, 2.0, 3.0])
    for k in range(6):
        value, t, beside = gw.vjp(f, p, q, has_aux=True)
        plain, true, _ = gw.vjp(f, p, q, has_aux=True, pure=False)
        np.testing.assert_allclose(value["y"], plain["y"], rtol=1e-13)
        np.testing.assert_allclose(beside["y"], plain["y"], rtol=1e-13)
        bars = {"y": np.ones(3) * k, "s": 2.0}
        (dp, dq), (ep, eq) = t(bars), true(bars)
        np.testing.assert_allclose(dp["a"], ep["a"], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose([dp["b"], *dq], [ep["b"], *eq], rtol=1e-12, atol=1e-14)
        value["y"][:] = beside["y"][:] = 7.0  # they own their memory
        np.testing.assert_allclose(t(bars)[0]["a"], ep["a"], rtol=1e-12, atol=1e-14)
    assert served() > 0


def test_promised_functions_run_at_each_call():
    runs = []

    def f(x):
        runs.append(1)
        y = x
        for _ in range(6):
            y = np.sin(y) * x
        return y

    for k in range(1, 6):
        gw.vjp(f, POINT, pure=True)[1](np.ones(3))
        assert len(runs) >= k
