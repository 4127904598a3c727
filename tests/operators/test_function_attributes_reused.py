"""Attributes of functions in proved functions: constants, counters, histories, names; after all that may change them between calls."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from following import follows

import gradwise as gw

A = np.arange(16.0).reshape(4, 4)


def scaled(x):
    return x * scaled.scale


scaled.scale = 3.0


def test_a_constant_of_its_own() -> None:
    def f(x):
        return x @ f.a @ x * f.k

    f.a, f.k = A.copy(), 2.0
    follows(
        f,
        lambda: setattr(f, "k", -1.5),
        lambda: f.a.__setitem__((0, 1), 7.0),
        lambda: setattr(f, "a", A.T + 1.0),
        lambda: f.__dict__.update(k=4.0),
        lambda: setattr(f, "k", 3),
    )


def test_that_of_another_function() -> None:
    def f(x):
        return np.sum(scaled(x) ** 2) + scaled.scale * x[0]

    def other(x):
        return x**3 * scaled.scale

    follows(
        f,
        lambda: setattr(scaled, "scale", 0.5),
        lambda: setattr(scaled, "__code__", other.__code__),
        lambda: setattr(scaled, "scale", np.float64(2.5)),
    )


def test_it_decides() -> None:
    def f(x):
        if f.kind == "square":
            return np.sum(x**2)
        return np.sum(getattr(np, f.kind)(x)) * (2.0 if f.verbose else 1.0)

    f.kind, f.verbose = "sin", False
    follows(
        f, lambda: setattr(f, "kind", "square"), lambda: setattr(f, "kind", "cos"), lambda: setattr(f, "verbose", True)
    )


def test_it_may_be_missing() -> None:
    def f(x):
        scale = f.scale if hasattr(f, "scale") else 2.0
        return scale * np.sum(x**2) + getattr(f, "shift", 0.5) * x[1]

    follows(f, lambda: setattr(f, "scale", 5.0), lambda: setattr(f, "shift", 3.0), lambda: delattr(f, "scale"))


def test_objects_and_functions_there() -> None:
    class Weights:
        def __init__(self, w):
            self.w = w

        def of(self, x):
            return self.w @ x

    def square(v):
        return v**2

    def f(x):
        return f.link(f.model.of(x)) + f.parts[0] * x[0] + f.table["b"] * x[1]

    f.model, f.link, f.parts, f.table = Weights(A[1]), square, [1.0, 2.0], {"a": "text", "b": 3.0}
    follows(
        f,
        lambda: setattr(f.model, "w", A[2]),
        lambda: setattr(f, "model", Weights(A[3])),
        lambda: setattr(f, "link", np.exp),
        lambda: setattr(f, "link", lambda v: v**3),
        lambda: f.parts.__setitem__(0, -4.0),
        lambda: f.table.update(b=-1.0),
        lambda: setattr(Weights, "of", lambda self, x: self.w @ x**2),
    )


def test_another_function_of_the_same_code() -> None:
    def made(k):
        def g(x):
            return x * k

        g.power = k
        return g

    def f(x):
        return np.sum(h(x) ** 2) * h.power

    h = made(2.0)

    def rebind(k):
        nonlocal h
        h = made(k)

    def keep_power():
        nonlocal h
        power = h.power
        h = made(7.0)
        h.power = power

    follows(f, lambda: rebind(3.0), keep_power, lambda: setattr(h, "power", "text".__len__() * 1.0))


def test_names() -> None:
    """The name of a function may be another one day."""

    def act(v):
        return v**2

    def f(x):
        """Docs."""
        scale = {"act": 2.0, "other": -3.0}[act.__name__]
        return scale * np.sum(act(x)) * len(f.__doc__) + (1.0 if np.tanh.__name__ == "tanh" else 2.0) * x[0]

    follows(f, lambda: setattr(act, "__name__", "other"), lambda: setattr(f, "__doc__", "Some more."))


def test_a_function_that_wraps_another() -> None:
    def logged(g):
        @functools.wraps(g)
        def wrapper(*args):
            wrapper.calls += 1
            return wrapper.__wrapped__(*args) * wrapper.factor

        wrapper.calls, wrapper.factor = 0, 2.0
        return wrapper

    @logged
    def f(x):
        return np.sum(np.sin(x))

    follows(f, lambda: setattr(f, "factor", 4.0), lambda: setattr(f, "__wrapped__", lambda x: np.sum(x**3)))


X = np.array([0.3, -1.2, 0.7, 2.1])


def test_calls_are_counted() -> None:
    def f(x):
        f.calls += 1
        return np.sum(x**2)

    f.calls = 0
    gradient = gw.grad(f)
    for k in range(1, 12):
        np.testing.assert_allclose(gradient(X + k), 2 * (X + k), rtol=1e-14)
        assert f.calls == k
    f.calls = 100
    gradient(X)
    assert f.calls == 101
    del f.calls
    with pytest.raises(AttributeError):
        gradient(X)


def test_a_counter_that_is_read_is_none() -> None:
    def f(x):
        f.calls += 1
        return np.sum(x**2) * f.calls

    f.calls = 0
    gradient = gw.grad(f)
    for k in range(1, 9):
        np.testing.assert_allclose(gradient(X), 2 * X * k, rtol=1e-14)
        assert f.calls == k


def test_a_counter_that_is_read_through_another_name() -> None:
    class Holder:
        pass

    def f(x):
        f.calls += 1
        return np.sum(x**2) * holder.calls

    f.calls = 0
    holder = Holder()
    holder.calls = 5.0
    gradient = gw.grad(f)
    for _ in range(4):
        np.testing.assert_allclose(gradient(X), 10 * X, rtol=1e-14)
    holder.__dict__ = f.__dict__  # the counter, by another name
    before = f.calls
    for k in range(1, 5):
        np.testing.assert_allclose(gradient(X), 2 * X * (before + k), rtol=1e-14)
        assert f.calls == before + k


def test_what_is_kept_of_calls() -> None:
    def f(x):
        value = np.sum(x**2)
        f.history.append(float(value))
        f.last = value
        f.best = np.minimum(f.best, value)
        return value

    f.history, f.best = [], 100.0
    gradient = gw.grad(f)
    for k in range(8):
        np.testing.assert_allclose(gradient(X * k), 2 * X * k, rtol=1e-14)
    np.testing.assert_allclose(f.history, [X @ X * k * k for k in range(8)], rtol=1e-14)
    assert type(f.last) is np.float64
    assert f.last == pytest.approx(49 * X @ X)
    assert f.best == 0.0


def test_a_memory_of_a_function() -> None:
    """What an earlier call computed has no derivative by the argument of this one."""

    def f(x):
        if f.at is not None and np.allclose(x, f.at):
            return f.value
        f.at, f.value = x.copy(), np.sum(x**3)
        return f.value

    f.at = f.value = None
    gradient = gw.grad(f)
    for k in (1, 1, 2, 2, 1, 3, 3, 3):
        np.testing.assert_allclose(gradient(X * k), 3 * (X * k) ** 2, rtol=1e-7)


def test_an_attribute_read_before_it_is_assigned() -> None:
    def f(x):
        f.state = 0.5 * f.state + x
        return np.sum(f.state**2)

    f.state = np.zeros(4)
    gradient = gw.grad(f)
    state = np.zeros(4)
    for k in range(8):
        state = 0.5 * state + X * k
        np.testing.assert_allclose(gradient(X * k), 2 * state, rtol=1e-13)
        np.testing.assert_allclose(f.state, state, rtol=1e-14)


def test_buffers_of_a_function() -> None:
    def f(x):
        f.work[:] = x**2
        f.work *= x
        return np.sum(f.work)

    f.work = np.zeros(4)
    gradient = gw.grad(f)
    for k in range(8):
        np.testing.assert_allclose(gradient(X * k), 3 * (X * k) ** 2, rtol=1e-13)
        np.testing.assert_allclose(f.work, (X * k) ** 3, rtol=1e-14)


def counted(x):
    counted.calls += 1
    return x * counted.scale


counted.calls, counted.scale = 0, 2.0


class Holding:
    static = staticmethod(counted)
    table = {"counted": counted}

    def __init__(self):
        self.own = counted


@pytest.mark.parametrize("way", ["global", "static", "table", "own", "partial", "two"])
def test_a_helper_that_counts_its_calls(way) -> None:
    holding, partial = Holding(), functools.partial(counted)
    found = {
        "global": lambda x: counted(counted(x)),
        "static": lambda x: holding.static(Holding.static(x)),
        "table": lambda x: Holding.table["counted"](holding.table["counted"](x)),
        "own": lambda x: holding.own(holding.own(x)),
        "partial": lambda x: partial(partial(x)),
        "two": lambda x: holding.own(counted(x)),
    }[way]

    def f(x):
        return np.sum(found(x) ** 2)

    gradient = gw.grad(f)
    counted.scale, before = 2.0, counted.calls
    for k in range(1, 8):
        np.testing.assert_allclose(gradient(X * k), 32 * X * k, rtol=1e-14)
        assert counted.calls == before + 2 * k
    counted.scale = 1.0
    for _ in range(3):
        np.testing.assert_allclose(gradient(X), 2 * X, rtol=1e-14)
    assert counted.calls == before + 20


def test_functions_that_share_their_attributes() -> None:
    def f(x):
        f.calls += 1
        return np.sum(x**2) * g.rate

    def g(x):
        return x

    f.calls, g.rate = 0, 2.0
    gradient = gw.grad(f)
    for _ in range(5):
        np.testing.assert_allclose(gradient(X), 4 * X, rtol=1e-14)
    f.rate = 3.0
    g.__dict__ = f.__dict__
    for k in range(5):
        np.testing.assert_allclose(gradient(X), 6 * X, rtol=1e-14)
        assert g.calls == f.calls == 6 + k


def test_a_method_whose_function_has_attributes() -> None:
    class Model:
        def loss(self, x):
            return np.sum(x**2) * Model.loss.k * self.loss.k

    Model.loss.k = 2.0
    model = Model()
    follows(model.loss, lambda: setattr(Model.loss, "k", 3.0), is_served=False)
