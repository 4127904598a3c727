"""Functions that count in dictionaries, lists, globals and variables of the function around: a program stands for them, and counts as they do."""

from __future__ import annotations

import collections
import sys
import threading
import types

import numpy as np
import pytest

import gradwise as gw
from gradwise.tracing.purity import inspect_function

X = np.array([0.3, -1.2, 2.0])
CALLS = 9

STATS = {"f": 0, "other": 0}
CALLED = [0, 0]
TOTAL = 0
THIRD = 0
FOURTH = 0


def in_global_dictionary(x):
    STATS["f"] += 1
    return np.sum(x * x)


def in_global_list(x):
    CALLED[1] += 2
    return np.sum(x * x)


def in_global_variable(x):
    global TOTAL
    TOTAL += 1
    return np.sum(x * x)


def anew(x):
    global TOTAL
    TOTAL = TOTAL - 3
    STATS["f"] = STATS["f"] + 1
    return np.sum(x * x)


class Problem:
    def __init__(self) -> None:
        self.counts = {"f": 0, "g": 0}
        self.calls = [0]
        self.scale = 2.0

    def fun(self, x):
        self.counts["f"] += 1
        self.calls[0] = self.calls[0] + 1
        return self.scale * np.sum(x * x)

    def seen(self):
        return self.counts["f"], self.counts["g"], self.calls[0]


def counting_around():
    n, stats, calls = 0, {"k": 0}, [0]

    def f(x):
        nonlocal n
        n += 1
        stats["k"] += 2
        calls[0] += 3
        return np.sum(x * x)

    return f, lambda: (n, stats["k"], calls[0])


def of_globals():
    return STATS["f"], CALLED[1], TOTAL


def _method():
    p = Problem()
    return p.fun, p.seen, 4.0


@pytest.mark.parametrize(
    ("make", "step"),
    [
        (lambda: (in_global_dictionary, of_globals, 2.0), (1, 0, 0)),
        (lambda: (in_global_list, of_globals, 2.0), (0, 2, 0)),
        (lambda: (in_global_variable, of_globals, 2.0), (0, 0, 1)),
        (lambda: (anew, of_globals, 2.0), (1, 0, -3)),
        (_method, (1, 0, 1)),
        (lambda: (*counting_around(), 2.0), (1, 2, 3)),
    ],
)
def test_each_call_counts_once(make, step):
    f, seen, slope = make()
    assert inspect_function(f, (X,), {}).is_replayable
    assert not inspect_function(f, (X,), {}).is_pure
    g, start = gw.grad(f), np.array(seen())
    for k in range(1, CALLS):
        x = X + 0.1 * k
        np.testing.assert_allclose(g(x), slope * x, rtol=1e-14)
        assert tuple(np.array(seen()) - start) == tuple(k * np.array(step))
        assert all(type(n) is int for n in seen())
    assert "its program runs in its place while" in str(gw.explain(f, X))
    assert "given up" not in str(gw.explain(f, X))


@pytest.mark.parametrize(
    "operator",
    [
        lambda f: gw.hessian(f),
        lambda f: gw.value_and_grad(f),
        lambda f: lambda x: gw.jvp(f, (x,), (np.ones(3),)),
        lambda f: lambda x: gw.hvp(f)(x, np.ones(3)),
        lambda f: lambda x: gw.vjp(f, x)[1](1.0),
        lambda f: gw.compile(f),
        lambda f: gw.grad(gw.compile(f)),
        lambda f: gw.grad(f, pure=True),
    ],
)
def test_every_operator_counts_as_it_does_where_the_function_runs(operator):
    (f, seen), (g, others) = counting_around(), counting_around()
    reused, plain = operator(f), operator(g)
    for k in range(CALLS):
        reused(X + 0.05 * k)
        gw.clear_caches()
        plain(X + 0.05 * k)
        assert seen() == others()


def test_helpers_count_in_the_same_and_in_other_places():
    n, stats = 0, {"a": 0}

    def helper(x):
        nonlocal n
        n += 10
        stats["a"] += 1
        return x * x

    def f(x):
        nonlocal n
        n += 1
        stats["a"] += 1
        return np.sum(helper(x)) + np.sum(helper(2.0 * x)) + by_global(x)

    for k in range(1, CALLS):
        np.testing.assert_allclose(gw.grad(f)(X), 12.0 * X, rtol=1e-14)
        assert (n, stats["a"], THIRD) == (21 * k, 3 * k, k)


def by_global(x):
    global THIRD
    THIRD += 1
    return np.sum(x * x)


def test_paths_count_in_their_own_ways():
    stats = {"up": 0, "down": 0}

    def f(x):
        if x[0] > 0:
            stats["up"] += 1
            return np.sum(x**2)
        stats["down"] += 1
        return np.sum(x**3)

    rng, expected = np.random.default_rng(3), {"up": 0, "down": 0}
    for _ in range(40):
        x = rng.normal(size=3)
        expected["up" if x[0] > 0 else "down"] += 1
        np.testing.assert_allclose(gw.grad(f)(x), 2 * x if x[0] > 0 else 3 * x**2, rtol=1e-13)
        assert stats == expected


def test_counters_and_default_dictionaries_of_the_library():
    seen, tally, ordered = collections.Counter(f=0), collections.defaultdict(int, f=0), collections.OrderedDict(f=0)

    def f(x):
        seen["f"] += 1
        tally["f"] += 1
        ordered["f"] -= 1
        return np.sum(x * x)

    assert inspect_function(f, (X,), {}).is_replayable
    for k in range(1, CALLS):
        gw.grad(f)(X)
        assert (seen, dict(tally), dict(ordered)) == ({"f": k}, {"f": k}, {"f": -k})
    del tally["f"]  # the next call makes it anew
    gw.grad(f)(X)
    assert (seen["f"], dict(tally)) == (CALLS, {"f": 1})
    assert type(seen) is collections.Counter


# --- what reads them -------------------------------------------------------------------------------------------------------------


class Reading:
    def __init__(self) -> None:
        self.stats = {"f": 0, "g": 1}
        self.calls = [0]
        self.alias = self.stats
        self.box = [self.calls, 1.0]

    def entry(self, x):
        self.stats["f"] += 1
        return np.sum(x * x) * self.stats["f"]

    def another_entry(self, x):
        self.stats["f"] += 1
        return np.sum(x * x) * self.stats["g"]

    def before(self, x):
        y = np.sum(x * x) * (1 + self.stats["f"])
        self.stats["f"] += 1
        return y

    def by_alias(self, x):
        self.stats["f"] += 1
        return np.sum(x * x) * self.alias["f"]

    def by_sum(self, x):
        self.stats["f"] += 1
        return np.sum(x * x) * sum(self.stats.values())

    def by_length(self, x):
        self.calls[0] += 1
        return np.sum(x * x) * len(self.calls)

    def in_box(self, x):
        self.calls[0] += 1
        return np.sum(x * x) * self.box[0][0]

    def local(self, x):
        calls = self.calls
        calls[0] += 1
        return np.sum(x * x) * calls[0]

    def backwards(self, x):
        self.calls[-1] += 1
        self.calls[0] += 1
        return np.sum(x * x)

    def iterated(self, x):
        self.calls[0] += 1
        for n in self.calls:
            x = x * n
        return np.sum(x)

    def decided(self, x):
        self.calls[0] += 1
        if self.calls[0] > 4:
            return np.sum(x)
        return np.sum(x * x)

    def by_text(self, x):
        self.stats["f"] += 1
        return np.sum(x * x) * eval("self.stats['f']")

    def by_method(self, x):
        self.stats["f"] += 1
        return np.sum(x * x) * self.stats.get("f")

    def by_comparison(self, x):
        self.calls[0] += 1
        return np.sum(x * x) * (2.0 if self.calls == [3] else 1.0)

    def assigned(self, x):
        n = self.calls[0] = self.calls[0] + 1
        return np.sum(x * x) * n

    def formatted(self, x):
        self.calls[0] += 1
        return np.sum(x * x) * len(f"{self.calls}")

    def multiplied(self, x):
        self.calls[0] += 1
        self.calls[0] *= 2
        return np.sum(x * x)

    def doubled(self, x):
        self.calls[0] += self.calls[0]
        self.calls[0] += 1
        return np.sum(x * x)

    def appended(self, x):
        self.calls[0] += 1
        self.calls.append(0)
        return np.sum(x * x)

    def replaced(self, x):
        self.calls[0] += 1
        self.calls = [5]
        return np.sum(x * x)


@pytest.mark.parametrize("name", [n for n, v in vars(Reading).items() if callable(v) and n != "__init__"])
def test_what_is_read_is_no_counter(name):
    assert not inspect_function(getattr(Reading(), name), (X,), {}).is_replayable
    one, other = Reading(), Reading()
    for k in range(CALLS):
        found = gw.grad(getattr(one, name))(X + k)
        np.testing.assert_allclose(found, gw.grad(getattr(other, name), pure=False)(X + k), rtol=1e-14)
        assert (one.stats, one.calls, one.box) == (other.stats, other.calls, other.box)


def reading_a_global(x):
    global FOURTH
    FOURTH += 1
    return np.sum(x * x) * helper_that_reads()


def helper_that_reads():
    return FOURTH


def reading_by_module(x):
    global FOURTH
    FOURTH += 1
    return np.sum(x * x) * this.FOURTH


this = sys.modules[__name__]


@pytest.mark.parametrize("f", [reading_a_global, reading_by_module])
def test_a_global_that_another_function_reads(f):
    global FOURTH
    FOURTH = 0
    assert not inspect_function(f, (X,), {}).is_replayable
    for k in range(1, CALLS):
        np.testing.assert_allclose(gw.grad(f)(X), 2 * X * k, rtol=1e-14)


def test_a_variable_that_another_closure_reads():
    n = 0

    def read():
        return n

    def f(x):
        nonlocal n
        n += 1
        return np.sum(x * x) * read()

    def inner(x):
        def g():
            nonlocal n
            n += 1
            return n

        return np.sum(x * x) * g()

    assert not inspect_function(f, (X,), {}).is_replayable
    assert not inspect_function(inner, (X,), {}).is_replayable
    for k in range(1, CALLS):
        np.testing.assert_allclose(gw.grad(f)(X), 2 * X * k, rtol=1e-14)
    for k in range(CALLS, CALLS + 5):
        np.testing.assert_allclose(gw.grad(inner)(X), 2 * X * k, rtol=1e-14)


# --- what becomes one later --------------------------------------------------------------------------------------------------------


class Shared:
    def __init__(self, n) -> None:
        self.n = n


def test_two_objects_that_become_one():
    class Model:
        def __init__(self) -> None:
            self.a, self.b = Shared(0), Shared(12)

        def fun(self, x):
            self.a.n += 1
            return np.sum(x * x) * self.b.n

    m = Model()
    g = gw.grad(m.fun)
    for _ in range(12):
        np.testing.assert_allclose(g(X), 24 * X, rtol=1e-14)
    m.b = m.a  # of the same number, now
    for k in range(13, 20):
        np.testing.assert_allclose(g(X), 2 * k * X, rtol=1e-14)


@pytest.mark.parametrize("where", ["data", "box", "argument", "nested"])
def test_two_containers_that_become_one(where):
    class Model:
        def __init__(self) -> None:
            self.calls, self.data, self.box = [0], [12], [[12], 1]

        def fun(self, x, extra):
            self.calls[0] += 1
            return np.sum(x * x) * (self.data[0] + self.box[0][0] + extra["n"][0])

    m, extra = Model(), {"n": [12]}
    g = gw.grad(m.fun)
    for _ in range(12):
        np.testing.assert_allclose(g(X, extra), 72 * X, rtol=1e-14)
    assert m.calls == [12]
    if where == "data":
        m.data = m.calls
    elif where == "box":
        m.box[0] = m.calls
    elif where == "nested":
        m.data = m.box[0] = m.calls
    else:
        extra["n"] = m.calls
    others = 2 if where == "nested" else 1
    for k in range(13, 20):
        np.testing.assert_allclose(g(X, extra), 2 * (others * k + (3 - others) * 12) * X, rtol=1e-14)


def test_two_containers_that_are_counted_in_become_one():
    class Model:
        def __init__(self) -> None:
            self.a, self.b = [0], [0]

        def fun(self, x):
            self.a[0] += 1
            self.b[0] += 10
            return np.sum(x * x)

    m = Model()
    g = gw.grad(m.fun)
    for k in range(1, CALLS):
        g(X)
        assert (m.a, m.b) == ([k], [10 * k])
    m.a = m.b = [0]
    for k in range(1, CALLS):
        g(X)
        assert m.a == [11 * k]
    m.b = [0]
    for k in range(1, CALLS):
        g(X)
        assert (m.a, m.b) == ([11 * (CALLS - 1) + k], [10 * k])


def test_the_differentiated_argument_is_the_container():
    stats = {"n": 0, "w": 3.0}

    def f(p):
        stats["n"] += 1
        return p["w"] ** 2

    for k in range(1, 6):
        assert gw.grad(f)({"n": 1.0, "w": 3.0})["w"] == 6.0
        assert stats["n"] == k


# --- what changes its kind ---------------------------------------------------------------------------------------------------------


def test_counters_that_change_their_kind():
    p = Problem()
    g = gw.grad(p.fun)
    for _ in range(6):
        g(X)
    p.counts["f"] = 0.5
    for k in range(1, 4):
        g(X)
        assert p.counts["f"] == 0.5 + k
    p.counts["f"] = True
    for k in range(1, 4):
        g(X)
        assert p.counts["f"] == 1 + k
        assert type(p.counts["f"]) is int
    p.counts = {"f": np.int32(4)}
    g(X)
    assert type(p.counts["f"]) is np.int32
    p.calls = []
    with pytest.raises(IndexError):
        g(X)
    p.calls = [7]
    p.counts = {}
    with pytest.raises(KeyError):
        g(X)
    assert p.calls == [7]


def test_a_container_of_another_class():
    class Noting(dict):
        def __setitem__(self, key, value):
            super().__setitem__(key, value)
            noted.append(value)

    p, noted = Problem(), []
    g = gw.grad(p.fun)
    for _ in range(6):
        g(X)
    p.counts = Noting(f=0)
    for k in range(1, 5):
        g(X)
        assert noted == list(range(1, k + 1))


def test_a_property_in_the_place_of_a_container():
    class Model(Problem):
        pass

    m, asked = Model(), []
    g = gw.grad(m.fun)
    for _ in range(6):
        g(X)
    kept = {"f": 100}
    Model.counts = property(lambda self: asked.append(1) or kept)
    g(X)
    g(X)
    assert (kept["f"], m.__dict__["counts"]["f"], len(asked)) == (102, 6, 2)


def test_a_global_variable_that_goes_away():
    module = types.ModuleType("counting")
    exec("def f(x):\n    global n\n    n += 1\n    return (x * x).sum()\n", module.__dict__)
    module.n = 0
    g = gw.grad(module.f)
    for k in range(1, CALLS):
        np.testing.assert_allclose(g(X), 2 * X, rtol=1e-14)
        assert module.n == k
    del module.n
    with pytest.raises(NameError):
        g(X)
    module.n = 1.5
    g(X)
    assert module.n == 2.5


def test_an_error_after_counting_and_kinks():
    stats = {"f": 0}

    def f(x):
        stats["f"] += 1
        if x[0] < 0:
            msg = "negative"
            raise ValueError(msg)
        return np.sum(np.abs(x))

    g = gw.grad(f)
    for _ in range(6):
        g(np.abs(X))
    with pytest.raises(ValueError, match="negative"):
        g(-np.abs(X))
    assert stats["f"] == 7
    with pytest.warns(gw.KinkWarning):
        g(np.array([1.0, 0.0, 2.0]))
    assert stats["f"] == 8


def test_histories_are_those_of_plain_calls():
    history = []

    def f(x):
        y = np.sum(x * x)
        history.append(float(y))
        return y

    assert not inspect_function(f, (X,), {}).is_replayable
    for k in range(1, CALLS):
        gw.grad(f)(X)
        assert len(history) == k
        assert all(type(v) is float for v in history)


def test_threads_that_count_in_places_of_their_own():
    made = [counting_around() for _ in range(4)]

    def work(f):
        g = gw.grad(f)
        for _ in range(50):
            g(X)

    threads = [threading.Thread(target=work, args=(f,)) for f, _ in made]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [seen() for _, seen in made] == [(50, 100, 150)] * 4
