"""What a run makes and leaves in the user's objects: plain afterwards, however deep it stands."""

from __future__ import annotations

import collections
import functools
import operator
import queue
import types

import numpy as np
import pytest
from ordinary import Cases, agrees

cases = Cases()


class Bag:
    def __init__(self, **entries):
        self.__dict__.update(entries)


@cases.made_at([0.4, 1.3])
def new_objects_kept():
    o = Bag(m=None)

    class L:
        def __init__(self, w):
            self.w = w

    def f(x):
        o.m = L(x[0])
        o.m.w = o.m.w * 2
        o.l = [L(x[1])]
        return o.m.w * o.l[0].w

    return f


@cases.made_at([0.4, 1.3])
def new_objects_in_containers():
    o = Bag(d={})

    class L:
        def __init__(self, w):
            self.w = w
            self.sub = Bag(z=w * 2)
            self.t = (Bag(q=w),)

    def f(x):
        o.d["a"] = L(x[0])
        return o.d["a"].sub.z * o.d["a"].t[0].q * x[1]

    return f


@cases.made_at([0.4, 1.3])
def new_objects_that_register_themselves():
    reg = []

    class L:
        def __init__(self, w):
            self.w = w
            reg.append(self)

    def f(x):
        reg.clear()
        L(x[0])
        L(x[1])
        return reg[0].w * reg[1].w

    return f


@cases.made_at([0.4, 1.3])
def new_namespaces():

    o = Bag()

    def f(x):
        o.n = types.SimpleNamespace(a=x[0], b=[x[1]])
        return o.n.a * o.n.b[0]

    return f


@cases.made_at([0.4, 1.3])
def objects_of_libraries_kept():

    o = Bag()

    def f(x):
        o.q = queue.Queue()
        o.q.put(x[0])
        o.c = collections.ChainMap({"a": x[1]})
        o.it = iter([x[0]])
        y = o.q.get() * o.c["a"]
        o.q.put(y)
        return y

    return f


@cases.made_at([0.4, 1.3])
def partial_calls_kept():
    o = Bag()

    def f(x):
        o.p = functools.partial(operator.mul, x[0])
        o.l = lambda: x[0]
        return o.p(x[1])

    return f


@cases.made_at([0.4, 1.3])
def iterators_kept():
    o = Bag()

    def f(x):
        o.z = zip(x, [1, 2])
        o.g = (v for v in x)
        o.e = enumerate(x.tolist())
        return next(o.g) * x[1] + next(o.z)[0] + next(o.e)[1]

    return f


@cases.made_at([0.4, 1.3])
def named_tuples_kept():
    N = collections.namedtuple("N", "a b")
    o = Bag()

    def f(x):
        o.n = N(x[0], N(x[1], [x[0]]))
        return o.n.a * o.n.b.a * o.n.b.b[0]

    return f


@cases.made_at([0.4, 1.3])
def arrays_of_objects_kept():
    o = Bag()

    def f(x):
        o.a = np.array([x[0], None], dtype=object)
        o.f = frozenset([x[1]])
        return o.a[0] * x[1]

    return f


@cases.made_at([0.4, 1.3])
def numbers_as_keys():
    o = Bag(d={})

    def f(x):
        o.d = {}
        o.d[float(x[0])] = x[1]
        o.d[x[1].item()] = 1.0
        return o.d[float(x[0])] * x[0]

    return f


@cases.made_at([0.4, 1.3])
def exceptions_kept():
    o = Bag()

    def f(x):
        try:
            raise ValueError(x[0])
        except ValueError as e:
            o.e = e
            v = e.args[0]
        return v * x[1]

    return f


@cases.made_at([0.4, 1.3])
def a_history_of_dictionaries():
    o = Bag(h=[])

    def f(x):
        o.h = []
        for i in range(3):
            o.h.append({"x": x * i, "f": float(x[0]), "n": [[x[1]]]})
        return sum(h["x"].sum() * h["n"][0][0] for h in o.h)

    return f


@cases.made_at([0.4, 1.3])
def closures_kept():
    o = Bag()

    def f(x):
        t = x[0] * 2

        def g(v):
            return v * t

        o.g = g
        return g(x[1])

    return f


@cases.made_at([0.4, 1.3])
def classes_kept():
    o = Bag()

    def f(x):
        class K:
            w = x[0]

        o.K = K
        return K.w * x[1]

    return f


@cases.made_at([0.4, 1.3])
def defaults_kept():
    o = Bag()

    def f(x):
        def g(v, t=x[0]):
            return v * t

        o.g = g
        g.attr = x[1]
        return g(x[1])

    return f


@cases.made_at([0.4, 1.3])
def objects_that_refer_to_themselves():
    class N:
        pass

    root = N()
    root.v = 0.0
    root.me = root
    root.kids = []

    def f(x):
        root.v = x[0]
        k = N()
        k.parent = root
        k.v = x[1]
        root.kids = [k]
        k.me = [k, root]
        return root.me.v * root.kids[0].me[0].v

    return f


@pytest.mark.parametrize("case", cases, ids=repr)
def test_what_is_left(case):
    agrees(case)
