"""Objects made during the call whose classes have a ``__getattr__``, in proved functions: as plain calls say, after changes of all that is asked on the way."""

from __future__ import annotations

import numpy as np
import pytest
from following import follows

import gradwise as gw
from gradwise.tracing.purity.answering import stored_first

A = np.random.default_rng(0).normal(size=(6, 4))
TABLE = {"rate": 0.5, "A": A.copy()}


class Settings:
    def __init__(self, **entries):
        self.entries = entries

    def __getattr__(self, name):
        try:
            return self.entries[name]
        except KeyError:
            raise AttributeError(name) from None


class Proxy:
    def __init__(self, inner):
        self._inner = inner

    def __getattr__(self, name):
        return getattr(self._inner, name)


class Model:
    def __init__(self, w):
        self.w = w

    def loss(self):
        return np.sum((A @ self.w) ** 2)


class Lazy:
    def __init__(self, x):
        self.x = x

    def __getattr__(self, name):
        if name == "norm":
            self.norm = np.sqrt(np.sum(self.x**2))
            return self.norm
        raise AttributeError(name)


class Shared:
    """Answers by what is the module's, and by nothing that it holds."""

    def __getattr__(self, name):
        return TABLE[name]


def settings(x):
    p = Settings(a=x[0], b=x[1])
    return p.a**2 + p.b * p.a


def proxies(x):
    return Proxy(Proxy(Model(x))).loss() + Proxy(Model(2.0 * x)).w[1] ** 3


def lazily(x):
    kept = Lazy(x)
    return kept.norm**3 + kept.norm


def shared(x):
    s = Shared()
    return s.rate * np.sum((s.A @ x) ** 2)


@pytest.mark.parametrize("f", [settings, proxies, lazily, shared], ids=lambda f: f.__name__)
def test_such_functions_are_served(f):
    follows(f)


def test_changes_of_what_answers_are_seen(monkeypatch):
    monkeypatch.setitem(TABLE, "rate", 0.5)
    follows(
        shared,
        lambda: monkeypatch.setitem(TABLE, "rate", 0.25),
        lambda: monkeypatch.setitem(TABLE, "A", 2.0 * A),
        lambda: monkeypatch.setattr(Shared, "rate", 3.0, raising=False),
        lambda: monkeypatch.setattr(Shared, "__getattr__", lambda self, name: 2.0 * TABLE[name]),
        lambda: monkeypatch.setattr(Shared, "__getattribute__", lambda self, name: 7.0 * TABLE[name], raising=False),
    )
    follows(
        proxies,
        lambda: monkeypatch.setattr(Model, "loss", lambda self: np.sum(self.w**4)),
        lambda: monkeypatch.setattr(Proxy, "loss", lambda self: self.w[0] ** 5, raising=False),
        lambda: monkeypatch.setattr(Proxy, "__init__", lambda self, inner: setattr(self, "_inner", Model(inner.w * 3))),
    )


def test_a_getattr_that_comes_later_is_asked(monkeypatch):
    class Plain:
        def __init__(self, x):
            if x[0] > 100.0:
                self.k = x[1]
            self.x = x

        k = 2.0

    def f(x):
        return Plain(x).k * np.sum(x**2)

    def act():
        del Plain.k
        Plain.__getattr__ = lambda self, name: 3.0 * self.x[1]

    follows(f, act)


def test_attributes_that_are_stored_on_one_way_only():
    class Half:
        def __init__(self, x):
            self.x = x
            if x[0] > 1.0:
                self.k = x[1] ** 2

        def __getattr__(self, name):
            return self.x[2] * 3.0

    def f(x):
        return Half(x).k * x[3]

    follows(f)


def test_a_property_that_raises_is_answered():
    class Answered:
        def __init__(self, x):
            self.x = x

        @property
        def k(self):
            if self.x[0] > 1.0:
                raise AttributeError("k")
            return self.x[1]

        def __getattr__(self, name):
            return 5.0 * self.x[2]

    def f(x):
        return Answered(x).k * x[3]

    follows(f, is_served=False)


@pytest.mark.parametrize("way", ["hasattr", "default", "handler"])
def test_where_the_error_is_handled_it_is_as_a_plain_call(way):
    seen = []

    class Watched:
        def __init__(self, x):
            self.x = x

        def __getattr__(self, name):
            seen.append(name)
            raise AttributeError(name)

    def f(x):
        w = Watched(x)
        if way == "hasattr":
            return np.sum(x**2) * (2.0 if hasattr(w, "k") else 3.0)
        if way == "default":
            return np.sum(x**2) * getattr(w, "k", 4.0)
        try:
            return np.sum(x**2) * w.k
        except AttributeError:
            return np.sum(x**3)

    follows(f, is_served=False)
    x, derivative = np.ones(4), gw.grad(f)
    for _ in range(5):
        seen.clear()
        derivative(x)
        assert seen == ["k"]


def test_what_is_the_modules_is_not_written_to_unseen():
    def f(x):
        s = Shared()
        a = s.A
        a += x[0]
        return np.sum(a @ x)

    kept = TABLE["A"].copy()
    x = np.full(4, 0.5)
    try:
        for k in range(1, 6):
            want = np.sum(kept + 0.5 * k, axis=0)
            want[0] += 6 * 4 * 0.5
            np.testing.assert_allclose(gw.grad(f)(x), want)
            np.testing.assert_allclose(TABLE["A"], kept + 0.5 * k)
    finally:
        TABLE["A"] = kept


def test_the_callers_array_behind_a_proxy_is_not_written_to_unseen():
    class Arrays:
        def __init__(self, a):
            self.kept = a

        def __getattr__(self, name):
            return self.kept

    def f(x, work):
        b = Arrays(work).buffer
        b[0] = x[0] ** 2
        return b[0] * x[1]

    work, x = np.zeros(2), np.array([2.0, 3.0])
    derivative = gw.grad(f)
    for k in range(6):
        x[0] = 2.0 + k
        np.testing.assert_allclose(derivative(x, work), [2 * x[0] * x[1], x[0] ** 2])
        assert work[0] == x[0] ** 2


def test_what_is_stored_first():
    class Many:
        def __init__(self, a, b=1):
            self.a = a
            self.b = self.c = b
            x = [self.a]
            self.d = x

    class Handled:
        def __init__(self, a):
            self.a = a
            try:
                self.b = float(a)
            except ValueError:
                pass

    class Branching:
        def __init__(self, a):
            self.a = a if a else 3.0
            self.b = a

    class Given:
        def __init__(self, other):
            self.other = other
            other.late = self
            self.late = 1

    class Shown:
        def __init__(self, a):
            (lambda: self)().a = a
            self.b = a

    found = [stored_first(c.__init__.__code__) for c in (Many, Handled, Branching, Given, Shown)]
    assert found == [{"a", "b", "c"}, {"a"}, set(), {"other"}, set()]


SEEN = []


class Doubling:
    """A descriptor that raises for small numbers."""

    def __get__(self, owner, cls=None):
        return Computing.twice.fget(owner)

    def __set__(self, owner, value):
        pass


class Computing:
    """What is assigned to its property or descriptor is not kept."""

    described = Doubling()

    def __init__(self, v):
        self.v = v
        self.twice = v
        self.described = v

    @property
    def twice(self):
        if self.v < 1.0:
            raise AttributeError("too small")
        return 2.0 * self.v

    @twice.setter
    def twice(self, value):
        pass

    def __getattr__(self, name):
        SEEN.append(name)
        return 7.0


@pytest.mark.parametrize("name", ["twice", "described"])
def test_what_is_assigned_first_to_a_property_may_raise_all_the_same(name):
    def f(x):
        return getattr(Computing(x[0]), name) * x[1]

    derivative = gw.value_and_grad(f)
    for v, value, slope, asked in [
        (2.0, 12.0, 6.0, []),
        (1.5, 9.0, 6.0, []),
        (0.5, 21.0, 0.0, [name]),
        (3.0, 18.0, 6.0, []),
    ]:
        SEEN.clear()
        found, gradient = derivative(np.array([v, 3.0]))
        assert (found, *gradient) == (value, slope, value / 3.0)
        assert asked == SEEN


class Bare:
    pass


def made_without_init(x):
    made = object.__new__(Bare)
    made.v = x[0] ** 2
    return made.v * x[1]


def test_objects_made_by_new_alone_are_looked_at_as_others_are(monkeypatch):
    follows(
        made_without_init,
        lambda: monkeypatch.setattr(
            Bare, "__setattr__", lambda self, name, v: object.__setattr__(self, name, 2.0 * v), raising=False
        ),
        lambda: monkeypatch.delattr(Bare, "__setattr__"),
    )
    monkeypatch.setattr(Bare, "__del__", lambda self: SEEN.append("gone"), raising=False)
    SEEN.clear()
    gw.grad(made_without_init)(np.ones(4))
    assert SEEN == ["gone"]


def test_a_slot_that_is_taken_away_is_missed():
    class Slotted:
        __slots__ = ("a",)

    def f(x):
        made = Slotted()
        made.a = x[0]
        return made.a * x[1]

    follows(f)
    del Slotted.a
    with pytest.raises(AttributeError):
        gw.grad(f)(np.ones(4))
