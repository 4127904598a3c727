"""Functions that count their calls: a program stands for them, and counts as they do."""

from __future__ import annotations

import dataclasses
import math
import threading
import types

import numpy as np
import pytest

import gradwise as gw
from gradwise.tracing.purity import inspect_function

X = np.array([0.3, -1.2, 2.0])
CALLS = 9


class Problem:
    def __init__(self) -> None:
        self.nfev = 0
        self.scale = 2.0

    def fun(self, x):
        self.nfev += 1
        return self.scale * (x[0] ** 2 * x[1] + np.sin(x[2]))

    def backwards(self, x):
        self.nfev = self.nfev - 2
        return np.sum(x * x)

    def looped(self, x):
        total = 0.0
        for k in range(4):
            self.nfev += 3
            total = total + x[k % 3] * k
        return total * total

    def branched(self, x):
        if x[0] > 0:
            self.nfev += 1
            return np.sum(x**2)
        self.nfev += 10
        return np.sum(x**3)

    def tick(self) -> None:
        self.nfev += 1

    def by_method(self, x):
        self.tick()
        self.tick()
        return np.sum(np.exp(x))

    def vector(self, x):
        self.nfev += 1
        return x * x * self.scale


def exact(x):
    return 2.0 * np.array([2 * x[0] * x[1], x[0] ** 2, math.cos(x[2])])


def test_a_counter_counts_every_call_once():
    p, rng = Problem(), np.random.default_rng(1)
    g = gw.grad(p.fun)
    for k in range(CALLS):
        x = rng.normal(size=3)
        np.testing.assert_allclose(g(x), exact(x), rtol=1e-13)
        assert p.nfev == k + 1
        assert type(p.nfev) is int


def test_it_is_replayed():
    p = Problem()
    assert inspect_function(p.fun, (X,), {}).is_replayable
    assert not inspect_function(p.fun, (X,), {}).is_pure
    ran = []

    class Noting(Problem):
        def fun(self, x):
            self.nfev += 1
            return self.scale * np.sum(x * x)

    q = Noting()
    g = gw.grad(q.fun)
    for _ in range(CALLS):
        g(X)
    text = str(gw.explain(q.fun, X))
    assert "but counters, which are counted on" in text
    assert "its program runs in its place" in text
    assert not ran


@pytest.mark.parametrize(("name", "step"), [("backwards", -2), ("looped", 12), ("by_method", 2)])
def test_steps_of_any_size(name, step):
    p, q = Problem(), Problem()
    g = gw.grad(getattr(p, name))
    for k in range(CALLS):
        found = g(X + 0.1 * k)
        np.testing.assert_allclose(found, gw.grad(getattr(q, name), pure=False)(X + 0.1 * k), rtol=1e-13)
        assert p.nfev == step * (k + 1) == q.nfev


def test_each_path_counts_in_its_own_way():
    p, expected = Problem(), 0
    g = gw.grad(p.branched)
    rng = np.random.default_rng(5)
    for _ in range(40):
        x = rng.normal(size=3)
        found = g(x)
        expected += 1 if x[0] > 0 else 10
        np.testing.assert_allclose(found, 2 * x if x[0] > 0 else 3 * x**2, rtol=1e-13)
        assert p.nfev == expected


@pytest.mark.parametrize(
    "operator",
    [
        lambda p: gw.jacobian(p.vector),
        lambda p: gw.hessian(p.fun),
        lambda p: gw.value_and_grad(p.fun),
        lambda p: lambda x: gw.jvp(p.fun, (x,), (np.ones(3),)),
        lambda p: lambda x: gw.hvp(p.fun)(x, np.ones(3)),
        lambda p: lambda x: gw.vjp(p.fun, x)[1](1.0),
        lambda p: gw.compile(p.fun),
        lambda p: gw.grad(gw.compile(p.fun)),
        lambda p: gw.grad(p.fun, pure=True),
    ],
)
def test_every_operator_counts_as_it_does_where_the_function_runs(operator):
    p, q = Problem(), Problem()
    f, plain = operator(p), operator(q)
    first = None
    for k in range(CALLS):
        x = X + 0.05 * k
        before = p.nfev
        f(x)
        steps = p.nfev - before
        if k == 0:
            first = steps
        gw.clear_caches()
        before = q.nfev
        plain(x)
        assert steps == first == q.nfev - before


def test_kinks_and_nan_do_not_count_twice():
    class Kinked(Problem):
        def fun(self, x):
            self.nfev += 1
            return np.sum(np.abs(x)) + np.sqrt(np.sum(x * x))

    p = Kinked()
    g = gw.grad(p.fun)
    for k in range(5):
        g(X + 0.1 * k)
    with pytest.warns(gw.KinkWarning):
        g(np.array([0.0, 1.0, 2.0]))
    assert p.nfev == 6
    for k in range(5):
        g(X + 0.1 * k)
    assert np.isnan(g(np.array([np.nan, 1.0, 2.0]))).any()
    assert p.nfev == 12


def test_a_counter_that_is_read_is_no_counter():
    class Annealed(Problem):
        def fun(self, x):
            self.nfev += 1
            return np.sum(x * x) / self.nfev

    class Stopping(Problem):
        def fun(self, x):
            self.nfev += 1
            if self.enough():
                return np.sum(x)
            return np.sum(x * x)

        def enough(self):
            return self.nfev > 4

    class Named(Problem):
        def fun(self, x):
            self.nfev += 1
            return np.sum(x * x) * getattr(self, "nf" + "ev")

    p, q, r = Annealed(), Stopping(), Named()
    for kind in (p, q, r):
        assert not inspect_function(kind.fun, (X,), {}).is_replayable
    for k in range(1, CALLS):
        np.testing.assert_allclose(gw.grad(p.fun)(X), 2 * X / k, rtol=1e-14)
        np.testing.assert_allclose(gw.grad(q.fun)(X), np.ones(3) if k > 4 else 2 * X, rtol=1e-14)
        np.testing.assert_allclose(gw.grad(r.fun)(X), 2 * X * k, rtol=1e-14)


def test_the_order_of_reading_and_counting_does_not_matter():
    class Early(Problem):
        def fun(self, x):
            y = np.sum(x * x) * self.nfev
            self.nfev += 1
            return y

    p = Early()
    for k in range(CALLS):
        np.testing.assert_allclose(gw.grad(p.fun)(X), 2 * X * k, rtol=1e-14)
        assert p.nfev == k + 1


def test_two_names_of_one_object():
    class Shared:
        def __init__(self) -> None:
            self.n = 0

    class Model:
        def __init__(self) -> None:
            self.a = self.b = Shared()

        def fun(self, x):
            self.a.n += 1
            return np.sum(x * x) * self.b.n

        def only_counts(self, x):
            self.a.n += 1
            self.b.n += 1
            return np.sum(x * x)

    m = Model()
    for k in range(1, CALLS):
        np.testing.assert_allclose(gw.grad(m.fun)(X), 2 * X * k, rtol=1e-14)
    m = Model()
    g = gw.grad(m.only_counts)
    for k in range(1, CALLS):
        g(X)
        assert m.a.n == 2 * k
        if k == 6:  # now they are two
            break
    m.b = Shared()
    for k in range(1, CALLS):
        g(X)
        assert (m.a.n, m.b.n) == (12 + k, k)


def test_a_counter_that_changes_its_kind():
    p = Problem()
    g = gw.grad(p.fun)
    for _ in range(5):
        g(X)
    p.nfev = 0.5
    for k in range(1, 5):
        g(X)
        assert p.nfev == 0.5 + k
    p.nfev = True
    for k in range(1, 5):
        g(X)
        assert p.nfev == 1 + k
        assert type(p.nfev) is int
    p.nfev = np.int64(4)
    g(X)
    assert type(p.nfev) is np.int64
    del p.nfev
    with pytest.raises(AttributeError):
        g(X)


def test_a_counter_with_a_setter_is_left_to_the_function():
    class Watched:
        def __init__(self) -> None:
            self.n, self.seen = 0, []

        def fun(self, x):
            self.n += 1
            return np.sum(x * x)

    w = Watched()
    g = gw.grad(w.fun)
    for _ in range(5):
        g(X)

    def noted(self, name, value):
        self.__dict__["seen"] = [*self.seen, value]
        self.__dict__[name] = value

    Watched.__setattr__ = noted
    try:
        g(X)
        g(X)
        assert w.seen == [6, 7]
    finally:
        del Watched.__setattr__
    g(X)
    assert w.n == 8

    Watched.n = property(lambda self: self.__dict__["k"], lambda self, v: self.__dict__.__setitem__("k", 10 * v))
    w.__dict__["k"] = 0
    g(X)
    assert w.k == 10


def test_slots_namespaces_private_names_dataclasses_and_inheritance():
    class Slotted:
        __slots__ = ("n",)

        def __init__(self) -> None:
            self.n = 0

        def fun(self, x):
            self.n += 1
            return np.sum(x * x)

    class Private:
        def __init__(self) -> None:
            self.__calls = 0

        def fun(self, x):
            self.__calls += 1
            return np.sum(x * x)

        def calls(self):
            return self.__calls

    @dataclasses.dataclass
    class Data:
        n: int = 0

        def fun(self, x):
            self.n += 1
            return np.sum(x * x)

    class Derived(Problem):
        def fun(self, x):
            self.own += 1
            return super().fun(x) + np.sum(x)

    space = types.SimpleNamespace(n=0)

    def by_argument(x, counter):
        counter.n += 1
        return np.sum(x * x)

    s, v, d, e = Slotted(), Private(), Data(), Derived()
    e.own = 0
    for k in range(1, CALLS):
        for f in (s.fun, v.fun, d.fun):
            np.testing.assert_allclose(gw.grad(f)(X), 2 * X, rtol=1e-14)
        np.testing.assert_allclose(gw.grad(e.fun)(X), exact(X) + 1, rtol=1e-13)
        np.testing.assert_allclose(gw.grad(by_argument)(X, space), 2 * X, rtol=1e-14)
        assert s.n == v.calls() == d.n == e.own == e.nfev == space.n == k


def test_a_class_attribute_as_the_first_value():
    class Lazy:
        n = 0

        def fun(self, x):
            self.n += 1
            return np.sum(x * x)

    a, b = Lazy(), Lazy()
    for k in range(1, CALLS):
        gw.grad(a.fun)(X)
        gw.grad(b.fun)(X)
        gw.grad(b.fun)(X)
        assert (a.n, b.n, Lazy.n) == (k, 2 * k, 0)


def test_counters_of_objects_in_lists_and_closures():
    class Layer:
        def __init__(self, w) -> None:
            self.w, self.calls = w, 0

        def __call__(self, x):
            self.calls += 1
            return np.tanh(self.w * x)

    layers = [Layer(0.5), Layer(2.0)]

    def net(x):
        for layer in layers:
            x = layer(x)
        return np.sum(x)

    for k in range(1, CALLS):
        x = X + 0.1 * k
        inner = np.tanh(0.5 * x)
        expected = (1 - np.tanh(2 * inner) ** 2) * 2 * (1 - inner**2) * 0.5
        np.testing.assert_allclose(gw.grad(net)(x), expected, rtol=1e-13)
        assert [layer.calls for layer in layers] == [k, k]
    layers[1].w = 3.0
    layers.append(Layer(1.0))
    gw.grad(net)(X)
    assert [layer.calls for layer in layers] == [CALLS, CALLS, 1]


def test_an_error_after_counting():
    class Strict(Problem):
        def fun(self, x):
            self.nfev += 1
            if x[0] < 0:
                msg = "negative"
                raise ValueError(msg)
            return np.sum(x * x)

    p = Strict()
    g = gw.grad(p.fun)
    for _ in range(6):
        g(X)
    with pytest.raises(ValueError, match="negative"):
        g(-X)
    assert p.nfev == 7


def test_threads_that_run_different_objects():
    problems = [Problem() for _ in range(4)]

    def work(p):
        g = gw.grad(p.fun)
        for _ in range(50):
            g(X)

    threads = [threading.Thread(target=work, args=(p,)) for p in problems]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [p.nfev for p in problems] == [50] * 4


def test_a_derivative_inside_a_derivative_counts_each_run():
    p, q = Problem(), Problem()

    def outer(x, problem):
        return np.sum(gw.grad(problem.fun)(x) ** 2)

    for _ in range(5):
        found = gw.grad(outer)(X, p)
        expected = gw.grad(outer, pure=False)(X, q)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert p.nfev == q.nfev
