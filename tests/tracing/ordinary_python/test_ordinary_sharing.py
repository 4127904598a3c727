"""Work arrays that stay, attributes reached by other ways, objects that share what they know."""

from __future__ import annotations

import contextvars
import copy
import functools
import math
import operator
import queue
import statistics
import threading
import types
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from ordinary import Cases, agrees

import gradwise as gw

cases = Cases()


class Bag:
    def __init__(self, **entries):
        self.__dict__.update(entries)


# --- arrays that were there before the run -----------------------------------------------------------------------------------------------


@cases.made_at([0.4, 1.3])
def a_work_array():
    o = Bag(work=np.zeros(2))

    def f(x):
        o.work[:] = x
        o.work[0] *= 2
        return o.work @ o.work

    return f


@cases.made_at([0.4, 1.3])
def a_matrix_assembled():
    o = Bag(K=np.zeros((2, 2)))

    def f(x):
        o.K.fill(0.0)
        for i in range(2):
            for j in range(2):
                o.K[i, j] += x[i] * x[j]
        return np.linalg.det(o.K + np.eye(2))

    return f


@cases.made_at([0.4, 1.3])
def an_array_added_to():
    o = Bag(g=np.zeros(2))

    def f(x):
        o.g *= 0
        o.g += x**2
        return o.g.sum()

    return f


@cases.made_at([0.4, 1.3])
def work_arrays_in_a_list():
    bufs = [np.zeros(2), np.zeros(2)]

    def f(x):
        bufs[0][:] = x
        bufs[1][0] = bufs[0][1] ** 2
        return bufs[0] @ bufs[1]

    return f


@cases.made_at([0.4, 1.3])
def work_arrays_in_a_dictionary():
    d = {"a": np.zeros(2)}

    def f(x):
        d["a"][:] = x
        return (d["a"] ** 2).sum()

    return f


@cases.made_at([0.4, 1.3])
def a_work_array_of_the_function_around():
    b = np.zeros(2)

    def f(x):
        b[:] = x
        return (b**2).sum()

    return f


@cases.made_at([0.4, 1.3])
def dictionaries_of_attributes_copied():
    a, b = Bag(v=0.0), Bag()

    def f(x):
        a.v = x[0] * 2
        b.__dict__.update(a.__dict__)
        b.w = x[1]
        c = dict(vars(b))
        return b.v * c["w"] + c["v"]

    return f


@cases.made_at([0.4, 1.3])
def a_dictionary_of_attributes_replaced():
    a = Bag(v=0.0)

    def f(x):
        a.__dict__ = {"v": x[0], "w": x[1]}
        return a.v * a.w

    return f


@cases.made_at([0.4, 1.3])
def attributes_of_functions():
    def g(v):
        g.count = getattr(g, "count", 0.0) * 0 + v
        return g.count**2

    g.count = 0.0

    def f(x):
        y = g(x[0])
        return y * g.count * x[1]

    return f


@cases.made_at([0.4, 1.3])
def weak_dictionaries():
    d = weakref.WeakKeyDictionary()
    o = Bag()

    def f(x):
        d[o] = x[0]
        return d[o] ** 2 * x[1]

    return f


@cases.made_at([0.4, 1.3])
def globals_as_a_dictionary():
    def f(x):
        globals()["GIVEN"] = x[0] * 2
        y = GIVEN * x[1]
        globals()["GIVEN"] = 0.0
        return y

    return f


@cases.made_at([0.4, 1.3])
def locals_as_a_dictionary():
    def f(x):
        a = x[0] * x[1]
        return locals()["a"] ** 2 + sum(v for k, v in list(locals().items()) if k == "a")

    return f


@cases.made_at([0.4, 1.3])
def attrgetters():
    os_ = [Bag(v=0.0), Bag(v=1.0)]

    def f(x):
        for o, v in zip(os_, x):
            o.v = v
        a = sorted(os_, key=operator.attrgetter("v"))
        b = max(os_, key=operator.attrgetter("v"))
        return (
            a[0].v * b.v
            + sum(map(operator.attrgetter("v"), os_))
            + sum(o.v for o in filter(operator.attrgetter("v"), os_))
        )

    return f


@cases.made_at([0.4, 1.3])
def threads_of_a_pool():

    class W:
        s = 1.0

        def work(self, i):
            return self.s * i

    w = W()
    w.s = 1.0

    def f(x):
        w.s = x[0]
        with ThreadPoolExecutor(1) as p:
            return sum(p.map(w.work, [1.0, 2.0])) * x[1]

    return f


@cases.made_at([0.4, 1.3])
def a_thread_that_stores():

    w = Bag(s=1.0, out=0.0)

    def f(x):
        w.s = x[0]

        def work():
            w.out = w.s * 2

        t = threading.Thread(target=work)
        t.start()
        t.join()
        return w.out * x[1]

    return f


@cases.made_at([0.4, 1.3])
def dictionaries_changed_in_place():
    w = Bag(c={})

    def f(x):
        w.c.clear()
        w.c.setdefault("a", []).append(x[0])
        w.c |= {"b": x[1]}
        return w.c["a"][0] * w.c["b"] * len(w.c)

    return f


@cases.made_at([0.4, 1.3])
def slices_of_lists():
    l = [0.0] * 4

    def f(x):
        l[1:3] = x
        l[0], l[3] = x[0] * 2, l[1]
        return sum(a * b for a, b in zip(l, l[::-1]))

    return f


@cases.made_at([0.4, 1.3])
def a_metaclass():
    class Meta(type):
        @property
        def total(cls):
            return cls._t * 2

        def __call__(cls, *a):
            o = super().__call__(*a)
            o.extra = a[0] * 2
            return o

    class C(metaclass=Meta):
        _t = 0.0

        def __init__(self, v):
            type(self)._t = type(self)._t * 0 + v
            self.v = v

    def f(x):
        c = C(x[0])
        return c.extra * C.total * x[1] + c._t

    return f


@cases.made_at([0.4, 1.3])
def statistics_of_numbers():
    def f(x):
        return statistics.mean(x.tolist()) * statistics.fmean(x) + statistics.median([x[0], x[1], 3.0])

    return f


@cases.made_at([0.4, 1.3])
def simple_namespaces():
    n = types.SimpleNamespace(a=1.0)

    def f(x):
        n.a = x[0]
        n.__dict__["b"] = x[1]
        return n.a * n.b + n.a

    return f


@cases.made_at([0.4, 1.3])
def objects_with_one_state():
    class Borg:
        _s = {}

        def __init__(self):
            self.__dict__ = self._s

    def f(x):
        a = Borg()
        a.v = x[0]
        b = Borg()
        b.w = x[1]
        return b.v * a.w

    return f


@cases.made_at([0.4, 1.3])
def an_object_as_default():
    o = Bag(v=0.0)

    def h(y, o=o):
        o.v = y
        return o

    def f(x):
        return h(x[0]).v * h(x[1]).v

    return f


@cases.made_at([0.4, 1.3])
def observers():
    class Subject:
        def __init__(self):
            self.obs = []
            self._v = 0.0

        @property
        def v(self):
            return self._v

        @v.setter
        def v(self, n):
            self._v = n
            for c in self.obs:
                c(n)

    s = Subject()
    acc = []
    s.obs.append(acc.append)
    s.obs.append(lambda n: acc.append(math.exp(n)))

    def f(x):
        acc.clear()
        s.v = x[0]
        s.v += x[1]
        return sum(acc)

    return f


@cases.made_at([0.4, 1.3])
def registered_strategies():
    reg = {}

    def register(name):
        def d(fn):
            reg[name] = fn
            return fn

        return d

    @register("a")
    def fa(v):
        return math.exp(v)

    @register("b")
    class FB:
        def __init__(self, v):
            self.v = v

        def __float__(self):
            return math.sin(self.v)

    def f(x):
        return reg["a"](x[0]) * float(reg["b"](x[1]))

    return f


@cases.made_at([0.4, 1.3])
def partial_methods():
    class C:
        def __init__(self):
            self.k = 1.0

        def base(self, p, v):
            return self.k * v**p

        sq = functools.partialmethod(base, 2)

    c = C()

    def f(x):
        c.k = x[1]
        return c.sq(x[0])

    return f


@cases.made_at([0.4, 1.3])
def single_dispatch_of_methods():
    class C:
        k = 2.0

        @functools.singledispatchmethod
        def g(self, v):
            return v * self.k

        @g.register
        def _(self, v: list):
            return sum(self.g(w) for w in v)

    c = C()

    def f(x):
        c.k = x[1]
        return c.g([x[0], x[0] ** 2])

    return f


@cases.made_at([0.4, 1.3])
def copies_of_objects():
    o = Bag(v=0.0, l=[0.0])

    def f(x):
        o.v = x[0]
        o.l[0] = x[1]
        p = copy.copy(o)
        q = copy.deepcopy(o)
        q.l[0] *= 2
        p.v += 1
        return p.v * q.l[0] + o.v * o.l[0]

    return f


@cases.made_at([0.4, 1.3])
def values_of_one_thread():

    t = threading.local()

    def f(x):
        t.v = x[0]
        return t.v**2 * x[1]

    return f


@cases.made_at([0.4, 1.3])
def context_variables():

    c = contextvars.ContextVar("c", default=0.0)

    def f(x):
        tok = c.set(x[0])
        y = c.get() ** 2 * x[1]
        c.reset(tok)
        return y

    return f


@cases.made_at([0.4, 1.3])
def queues():

    q = queue.Queue()

    def f(x):
        for v in x:
            q.put(v)
        return q.get() * q.get() ** 2

    return f


@cases.made_at([0.4, 1.3])
def work_arrays_of_the_module():
    def f(x):
        """doc"""
        global BUF2
        BUF[:] = x
        BUF2[0] = BUF[1] * x[0]
        BUF2[1] += x[0]
        BUF2 *= 0.5

        def inner(v):
            h = np.zeros(2)
            h[0] = v
            BUF[1] = v
            return h.sum()

        y = (BUF**2).sum() + BUF2.prod() + inner(x[0]) * BUF[1]
        BUF2[1] = 0.0
        return y

    return f


@cases.made_at([0.4, 1.3])
def a_work_array_in_a_slot():
    class S:
        __slots__ = ("w",)

        def __init__(self):
            self.w = np.zeros(2)

        def run(self, x):
            for i in range(2):
                self.w[i] = x[i] ** 2
            return self.w.sum()

    s = S()
    return s.run


@cases.made_at([0.4, 1.3])
def finite_elements():
    class FE:
        def __init__(self):
            self.K = np.zeros((3, 3))
            self.f = np.zeros(3)
            self.parts = {"m": np.zeros(3)}
            self.l = [np.zeros(2)] * 1

        def add(self, i, k):
            self.K[i : i + 2, i : i + 2] += k * np.array([[1.0, -1.0], [-1.0, 1.0]])

        def run(self, x):
            self.K[:] = 0.0
            self.f[:] = 0
            for i, k in enumerate(x):
                self.add(i, k)
            self.K[0, 0] += 1.0
            self.f[2] = x[0]
            self.parts["m"][1] = x[1]
            self.l[0][0] = x[0]
            u = np.linalg.solve(self.K, self.f)
            return u @ self.f + self.parts["m"].sum() * self.l[0][0]

    return FE().run


GIVEN = 0.0
BUF = np.zeros(2)
BUF2 = np.zeros(2)


@pytest.mark.parametrize("case", cases, ids=repr)
def test_sharing(case):
    agrees(case)


# --- what cannot be followed raises ---------------------------------------------------------------------------------------------------------


def two_names():
    bag = Bag(a=np.zeros(2))
    bag.b = bag.a

    def f(x):
        bag.a[:] = x
        return bag.b.sum() + x[0]

    return f


def a_view():
    whole = np.zeros(4)
    part = whole[:2]

    def f(x):
        part[:] = x
        return whole.sum() + x[0]

    return f


def a_memory():
    bag = Bag(a=np.zeros(2))
    bag.b = memoryview(bag.a)

    def f(x):
        bag.a[:] = x
        return np.asarray(bag.b).sum() + x[0]

    return f


def swallowed():
    shared = np.zeros(2)
    other = [shared]

    def f(x):
        try:
            shared[:] = x
        except:  # noqa: E722
            pass
        return other[0].sum() + x[0] + shared[0]

    return f


def an_array_of_another_module():
    import array

    def f(x):
        a = array.array("f", [0.0, 0.0])
        a[0] = x[0]
        return a[0] ** 2 + x[1]

    return f


@pytest.mark.parametrize("make", [two_names, a_view])
def test_what_others_hold_too_is_written_there(make):
    np.testing.assert_array_equal(gw.grad(make(), method="exact", check=False)(np.array([0.4, 1.3])), [2.0, 1.0])


@pytest.mark.parametrize("make", [a_memory, swallowed, an_array_of_another_module])
def test_what_others_would_miss_is_refused(make):
    with pytest.raises(gw.TracingError):
        gw.grad(make(), method="exact", check=False)(np.array([0.4, 1.3]))


def test_an_array_that_is_written_keeps_its_place_in_the_plain_world():
    bag = Bag(work=np.zeros(2))

    def f(x):
        bag.work[:] = x * 2
        return bag.work @ x

    x = np.array([0.4, 1.3])
    np.testing.assert_allclose(gw.grad(f, method="exact", check=False)(x), 4 * x)
    assert type(bag.work) is np.ndarray
    assert bag.work.flags.writeable
    np.testing.assert_allclose(bag.work, 2 * x)
    f(np.array([1.0, 1.0]))
    np.testing.assert_allclose(bag.work, [2.0, 2.0])
