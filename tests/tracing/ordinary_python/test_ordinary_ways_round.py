"""Values that objects receive in one call and give back by another way: getters, callbacks, class attributes, containers changed in place."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import operator

import numpy as np
import pytest
from ordinary import Cases, agrees

import gradwise as gw

cases = Cases()


class Bag:
    def __init__(self, **entries):
        self.__dict__.update(entries)


def fill(o, v):
    o.v = v
    return o


@cases.made_at([0.4, 1.3])
def a_getter_of_what_is_filled_in_the_call():
    g = operator.attrgetter("v")
    o = Bag(v=0.0)

    def f(x):
        return g(fill(o, x[0])) ** 2 * x[1]

    return f


@cases.made_at([0.4, 1.3])
def vars_of_what_is_filled_in_the_call():
    o = Bag(v=0.0)

    def f(x):
        return vars(fill(o, x[0]))["v"] * x[1] + dict(vars(fill(o, x[1])))["v"]

    return f


@cases.made_at([0.4, 1.3])
def names_of_attributes_listed():
    o = Bag()

    def f(x):
        o.__dict__.clear()
        fill(o, x[0])
        return [getattr(o, n) for n in dir(o) if not n.startswith("_")][0] * x[1]  # noqa: RUF015

    return f


@cases.made_at([0.4, 1.3])
def code_without_source_and_a_kept_object():
    o = Bag(v=0.0)
    ns = {"o": o}
    exec("def g(k): return o.v*k\ndef h(k): o.w=k", ns)
    g, h = ns["g"], ns["h"]

    def f(x):
        o.v = x[0]
        h(x[1] * 2)
        return g(x[1]) + o.w

    return f


@cases.made_at([0.4, 1.3])
def a_coroutine_and_a_kept_object():
    o = Bag(v=0.0)

    async def g(k):
        return o.v * k

    def run(c):
        try:
            c.send(None)
        except StopIteration as e:
            return e.value

    def f(x):
        o.v = x[0]
        return run(g(x[1]))

    return f


@cases.made_at([0.4, 1.3])
def a_list_that_stays_and_knows_more():
    class L(list):
        def __init__(self):
            super().__init__([1.0, 2.0])
            self.k = 1.0

        def __len__(self):
            return int(self.k * 0) + 2

    l = L()

    def f(x):
        l[:] = x
        l.k = x[0]
        return sum(l) * l.k + max(l) * len(l) + l[0]

    return f


@cases.made_at([0.4, 1.3])
def properties_through_getters():
    class P:
        k = 1.0

        @property
        def d(self):
            return self.k * 2

        def m(self, a):
            return self.k * a

    p = P()

    def f(x):
        p.k = x[0]
        return (
            operator.attrgetter("d")(p) * x[1]
            + operator.methodcaller("m", x[1])(p)
            + functools.reduce(getattr, ["d"], p)
        )

    return f


@cases.made_at([0.4, 1.3])
def callbacks_of_an_exit_stack():
    o = Bag(v=0.0)

    def f(x):
        with contextlib.ExitStack() as s:
            s.callback(fill, o, x[0] * 2)
        return o.v * x[1]

    return f


@cases.made_at([0.4, 1.3])
def objects_that_are_closed():
    class R:
        v = 0.0

        def close(self):
            self.v = self.v * 2

    r = R()

    def f(x):
        with contextlib.closing(r) as q:
            q.v = x[0]
        return r.v * x[1]

    return f


@cases.made_at([0.4, 1.3])
def context_managers_as_decorators():
    class T(contextlib.ContextDecorator):
        tot = 0.0

        def __enter__(self):
            self.tot = self.base * 2
            return self

        def __exit__(self, *a):
            return False

    t = T()

    @t
    def g(v):
        return v * t.tot

    def f(x):
        t.base = x[0]
        return g(x[1])

    return f


@cases.made_at([0.4, 1.3])
def data_classes_that_iterate():
    @dataclasses.dataclass
    class D:
        a: float = 1.0
        b: float = 2.0

        def __iter__(self):
            return (getattr(self, f.name) for f in dataclasses.fields(self))

    d = D()

    def f(x):
        d.a, d.b = x
        a, b = d
        return a * b + sum(dataclasses.asdict(d).values()) * sum(d)

    return f


@cases.made_at([0.4, 1.3])
def attributes_renamed():
    class B:
        def __setattr__(self, n, v):
            super().__setattr__("_" + n, v)

        def __getattr__(self, n):
            if n.startswith("__"):
                raise AttributeError(n)
            return self.__dict__["_" + n]

    b = B()

    def f(x):
        b.q = x[0]
        return b.q * b._q * x[1]

    return f


@cases.made_at([0.4, 1.3])
def totals_kept_by_a_class():
    class C:
        total = 0.0
        items = []

        def __init__(self, v):
            C.total += v
            self.items.append(v)

        @classmethod
        def reset(cls):
            cls.total = 0.0
            cls.items.clear()

    def f(x):
        C.reset()
        [C(v) for v in x]
        return C.total * sum(C.items) * type(C(x[0])).total

    return f


@cases.made_at([0.4, 1.3])
def class_attributes_inherited():
    class A:
        k = 1.0

    class B(A):
        def g(self):
            return self.k * 2

    def f(x):
        A.k = x[0]
        y = B().g() * B.k + B.k
        A.k = 1.0
        return y * x[1]

    return f


@cases.made_at([0.4, 1.3])
def attributes_of_a_made_module():
    import types as t

    m = t.ModuleType("conf")
    m.k = 1.0
    exec("def g(v): return k*v", m.__dict__)

    def f(x):
        m.k = x[0]
        y = m.g(x[1])
        m.k = 1.0
        return y

    return f


@cases.made_at([0.4, 1.3])
def transposed_pairs():
    def f(x):
        a, b = zip(*[(v, v**2) for v in x])
        return sum(a) * b[0]

    return f


@cases.made_at([0.4, 1.3])
def lists_changed_in_every_way():
    l = [None] * 2

    def f(x):
        l[:] = [x[0]] * 2
        l.sort()
        l.reverse()
        l.insert(0, x[1])
        del l[1]
        t = tuple(l)
        l[:] = [None] * 2
        return t[0] * t[1]

    return f


@cases.made_at([0.4, 1.3])
def sets_of_numbers():
    s = set()

    def f(x):
        s.clear()
        s.add(x[0])
        s.update([x[1]])
        s2 = frozenset(s)
        return sum(s2) * max(s)

    return f


@cases.made_at([0.4, 1.3])
def tuples_that_grow():
    o = Bag(h=())

    def f(x):
        o.h = ()
        for v in x:
            o.h += (v,)
        o.h = o.h[::-1]
        return o.h[0] * o.h[1] ** 2

    return f


@cases.made_at([0.4, 1.3])
def a_cached_method_of_a_kept_object():
    class C:
        k = 1.0

        @functools.lru_cache(maxsize=None)  # noqa: B019
        def g(self, n):
            return self.k * n

    c = C()

    def f(x):
        C.g.cache_clear()
        c.k = x[0]
        y = c.g(2) * c.g(3)
        C.g.cache_clear()
        return y * x[1]

    return f


@cases.made_at([0.4, 1.3])
def functions_as_attributes():
    ns = Bag(fn=None)

    def f(x):
        ns.fn = lambda v: v * x[0]
        y = ns.fn(x[1])
        ns.fn = None
        return y

    return f


@cases.made_at([0.4, 1.3])
def partials_as_attributes():
    ns = Bag(fn=None)

    def f(x):
        ns.fn = functools.partial(math.pow, x[0])
        y = ns.fn(x[1])
        ns.fn = None
        return y

    return f


@pytest.mark.parametrize("case", cases, ids=repr)
def test_ways(case):
    agrees(case)


class Length(float):
    def doubled(self):
        return self * 2


class Field(np.ndarray):
    pass


def by_length(x):
    return Length(x[0]).doubled() * x[1]


def by_field(x):
    return float(x.view(Field).sum()) * x[0]


@pytest.mark.parametrize(("function", "expected"), [(by_length, [2.6, 0.8]), (by_field, [2.1, 0.4])])
def test_subclasses_of_numbers_and_arrays_are_right_or_refused(function, expected):
    try:
        g = gw.grad(function, method="exact", check=False)(np.array([0.4, 1.3]))
    except gw.TracingError:
        return
    np.testing.assert_allclose(g, expected)
