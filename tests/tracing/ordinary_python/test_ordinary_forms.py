"""Callbacks, containers of the user's classes, descriptors, generators, statements of every form, code made of text, tables of pandas."""

from __future__ import annotations

import collections
import datetime  # noqa: ICN001
import enum
import fractions
import functools
import math
import re

import numpy as np
import pytest
from ordinary import Cases, agrees

cases = Cases()


class Bag:
    def __init__(self, **entries):
        self.__dict__.update(entries)


@cases.made_at([0.4, 1.3])
def bound_methods_as_callbacks():
    class M:
        def __init__(self):
            self.k = 1.0

        def rhs(self, t, y):
            return [-self.k * y[0]]

        def key(self, v):
            return -v * self.k

    m = M()

    def f(x):
        m.k = x[0]
        l = sorted([3.0, 1.0, 2.0], key=m.key)
        l.sort(key=m.key)
        return (
            l[0] * x[1]
            + min(x, key=m.key)
            + functools.reduce(lambda a, b: a + m.rhs(0, [b])[0], x, 0.0)
            + sum(map(m.rhs and (lambda a, b: a * b * m.k), x, x))
        )

    return f


@cases.made_at([0.4, 1.3])
def bound_methods_under_numpy():
    class M:
        k = 1.0

        def g(self, v):
            return math.exp(-self.k * v)

        def row(self, r):
            return r.sum() * self.k

    m = M()
    vg = np.vectorize(m.g)

    def f(x):
        m.k = x[0]
        return (
            vg(x).sum()
            + np.vectorize(m.g, otypes=[float])(x[1])
            + np.apply_along_axis(m.row, 0, np.outer(x, x)).sum()
            + np.fromfunction(lambda i: m.k * i, (3,)).sum()
            + np.piecewise(x, [x < 1], [m.row, 0.5]).sum() * 0
        )

    return f


@cases.made_at([0.4, 1.3])
def enums_with_methods():
    class E(enum.Enum):
        A = 1
        B = 2

        @property
        def w(self):
            return self.value * 2.0

        def __call__(self, v):
            return v**self.value

        @classmethod
        def pick(cls, v):
            return cls.A if v < 1 else cls.B

    def f(x):
        return E.A(x[0]) * E.B(x[1]) * E.pick(x[1]).w

    return f


@cases.made_at([0.4, 1.3])
def fractions_beside():
    def f(x):
        return (
            fractions.Fraction(1, 3) * x[0]
            + float(fractions.Fraction(1, 4)) * x[1] ** 2
            + x[0] ** fractions.Fraction(1, 2)
        )

    return f


@cases.made_at([0.4, 1.3])
def a_dictionary_with_attributes():
    class Attr(dict):
        __getattr__ = dict.__getitem__
        __setattr__ = dict.__setitem__

    p = Attr()

    def f(x):
        p.a = x[0]
        p["b"] = x[1]
        p.c = Attr(z=x[0] * 2)
        return p.a * p.b + p.c.z**2 + sum(v for k, v in p.items() if k != "c")

    return f


@cases.made_at([0.4, 1.3])
def a_list_with_methods():
    class H(list):
        def append(self, v):
            super().append(v * 2)
            self.last = v

        def __getitem__(self, i):
            return super().__getitem__(i) + 1

    h = H()

    def f(x):
        h.clear()
        for v in x:
            h.append(v)
        h.extend(x)
        h.__iadd__([x[0]])
        return h[0] * h[1] + sum(h) + h.last

    return f


@cases.made_at([0.4, 1.3])
def user_dictionaries():
    class U(collections.UserDict):
        def __setitem__(self, k, v):
            super().__setitem__(k, v**2)

    u = U()

    def f(x):
        u["a"] = x[0]
        u.update(b=x[1])
        return u["a"] * u.get("b") + sum(u.values()) + sum(u[k] for k in u)

    return f


@cases.made_at([0.4, 1.3])
def a_mutable_mapping():
    class MM(collections.abc.MutableMapping):
        def __init__(self):
            self.d = {}

        def __getitem__(self, k):
            return self.d[k] * 2

        def __setitem__(self, k, v):
            self.d[k] = math.exp(v)

        def __delitem__(self, k):
            del self.d[k]

        def __iter__(self):
            return iter(self.d)

        def __len__(self):
            return len(self.d)

    u = MM()

    def f(x):
        u["a"] = x[0]
        u.update({"b": x[1]})
        u.setdefault("c", x[0] * x[1])
        y = u.pop("c")
        return y * u.get("b") + sum(u.values()) + dict(u)["a"] * dict(**u)["b"] + sum(v for _, v in u.items())

    return f


@cases.made_at([0.4, 1.3])
def keywords_from_an_object():
    def g(**k):
        return k["a"] * k["b"]

    class P:
        def keys(self):
            return ["a", "b"]

        def __getitem__(self, k):
            return self.v * (1 if k == "a" else 2)

    p = P()

    def f(x):
        p.v = x[0] * x[1]
        return g(**p)

    return f


@cases.made_at([0.4, 1.3])
def a_cached_property_that_stays():
    class C:
        def __init__(self):
            self.x = None

        @functools.cached_property
        def v(self):
            return math.exp(self.x[0])

    c = C()

    def f(x):
        c.x = x
        c.__dict__.pop("v", None)
        return c.v * c.v * x[1]

    return f


@cases.made_at([0.4, 1.3])
def an_attribute_made_when_asked():
    class C:
        @property
        def m(self):
            if not hasattr(self, "_m"):
                self._m = self.k**2
            return self._m

        def reset(self):
            if hasattr(self, "_m"):
                del self._m

    c = C()

    def f(x):
        c.reset()
        c.k = x[0]
        return c.m * c.m * x[1]

    return f


@cases.made_at([0.4, 1.3])
def a_memo_as_descriptor():
    class memo:
        def __init__(self, f):
            self.f = f
            self.c = {}

        def __get__(self, o, t=None):
            return functools.partial(self, o)

        def __call__(self, o, k):
            if k not in self.c:
                self.c[k] = self.f(o, k)
            return self.c[k]

    class C:
        s = 1.0

        @memo
        def g(self, k):
            return self.s**k

    c = C()

    def f(x):
        C.__dict__["g"].c.clear()
        c.s = x[0]
        return c.g(2) * c.g(3) * c.g(2) * x[1]

    return f


@cases.made_at([0.4, 1.3])
def a_decorator_that_tries_again():
    def retry(n):
        def d(fn):
            @functools.wraps(fn)  # noqa: RET503
            def w(*a, **k):
                for i in range(n):  # noqa: B007
                    try:
                        return fn(*a, **k)
                    except ValueError:
                        a = (abs(a[0]),) + a[1:]  # noqa: RUF005

            return w

        return d

    @retry(3)
    def lg(v):
        return math.log(v)

    def f(x):
        return lg(-x[0]) * lg(x[1])

    return f


@cases.made_at([0.4, 1.3])
def a_pipeline_of_generators():
    def src(x):
        for v in x:  # noqa: UP028
            yield v

    def sq(it):
        for v in it:
            yield v * v

    def acc(it):
        t = 0
        while True:
            try:
                t += next(it)
            except StopIteration:
                return t

    def f(x):
        return acc(sq(src(x))) * acc(sq(v + 1 for v in src(x)))

    return f


@cases.made_at([0.4, 1.3])
def values_sent_to_a_generator():
    def avg():
        t = 0.0
        n = 0
        a = None
        while True:
            v = yield a
            t += v
            n += 1
            a = t / n

    def f(x):
        c = avg()
        next(c)
        for v in x:
            r = c.send(v**2)
        return r * x[0]

    return f


@cases.made_at([0.4, 1.3])
def coroutines_by_hand():

    def f(x):
        async def g(v):
            return v * 2

        async def m():
            return await g(x[0]) * await g(x[1])

        c = m()
        try:
            c.send(None)
        except StopIteration as e:
            return e.value

    return f


@cases.made_at([0.4, 1.3])
def a_class_in_a_function():
    def f(x):
        k = x[0]

        class L:
            c = k * 2

            def v(self):
                return self.c * k * x[1]

        return L().v() + L.c

    return f


@cases.made_at([0.4, 1.3])
def a_class_made_by_type():
    def f(x):
        C = type("C", (object,), {"v": x[0], "g": lambda self: self.v * x[1]})
        return C().g() + C.v

    return f


@cases.made_at([0.4, 1.3])
def assignments_inside():
    def f(x):
        l = [y := v * 2 for v in x]
        return y * l[0] + (z := sum(l)) * z

    return f


@cases.made_at([0.4, 1.3])
def chains_of_comparisons():
    def f(x):
        if 0 < x[0] <= x[1] < float("inf") and not x[0] == x[1] and x[0] in list(x) and 5.0 not in x:
            return x[0] * x[1]
        return 0.0

    return f


@cases.made_at([0.4, 1.3])
def starred_targets():
    def f(x):
        a, *b = x
        (c,), d = [x[1:], x[0]]
        first, second = map(math.exp, x)
        (p, q), r = divmod(x[0] * 3, 1.0), x[1]  # noqa: F841
        return a * b[0] + c * d + first * second + q * r

    return f


@cases.made_at([0.4, 1.3])
def assignments_in_place():
    o = Bag(l=[0.0, 0.0], d={"k": 0.0}, n=0.0, o=Bag(z=1.0))

    def f(x):
        o.l[0] = 0.0
        o.d["k"] = 1.0
        o.n = 0.0
        o.o.z = 1.0
        for i in range(2):
            o.l[i % 1] += x[i]
            o.d["k"] *= x[i]
            o.n -= x[i] ** 2
            o.o.z /= x[i]
        return o.l[0] * o.d["k"] + o.n * o.o.z

    return f


@cases.made_at([0.4, 1.3])
def an_object_with_a_generator():
    class MC:
        def __init__(self):
            self.rng = np.random.default_rng(0)

        def run(self, x):
            self.rng = np.random.default_rng(0)
            return np.mean([math.exp(x[0] * self.rng.normal()) * x[1] for _ in range(10)])

    return MC().run


@cases.made_at([0.4, 1.3])
def rows_of_a_frame():
    pd = pytest.importorskip("pandas")
    df = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})

    def f(x):
        t = 0.0
        for _, r in df.iterrows():
            t += r["a"] * x[0] + r["b"] * x[1] ** 2
        return (
            t + (df["a"].values * x).sum() + df.to_numpy() @ x @ x + sum(row.a * x[0] ** 2 for row in df.itertuples())
        )

    return f


@cases.made_at([0.4, 1.3])
def a_series():
    pd = pytest.importorskip("pandas")
    s = pd.Series([1.0, 2.0], index=["a", "b"])

    def f(x):
        return float(s["a"]) * x[0] + s.b * x[1] ** 2 + s.mean() * x[0] * x[1]

    return f


@cases.made_at([0.4, 1.3])
def dates_beside():

    d = datetime.date(2020, 1, 1)

    def f(x):
        return x[0] ** 2 * (datetime.date(2021, 1, 1) - d).days / 365 + x[1]

    return f


@cases.made_at([0.4, 1.3])
def patterns_of_text():
    pat = re.compile(r"x(\d+)\*x(\d+)")

    def f(x):
        return sum(x[int(m[1])] * x[int(m[2])] for m in pat.finditer("x0*x1 + x1*x1"))

    return f


@cases.made_at([0.4, 1.3])
def formulas_with_names():
    def f(x):
        env = {f"x{i}": v for i, v in enumerate(x)}
        env.update(vars(math))
        return eval("sin(x0)*exp(x1)+x0**2", {"__builtins__": {}}, env) + eval("x[0]*y", {"x": x, "y": x[1]})

    return f


@cases.made_at([0.4, 1.3])
def a_function_made_inside():
    def f(x):
        ns = {}
        exec("import math\ndef g(a,b):\n  t=0.0\n  for i in range(3):\n    t+=math.exp(a*i)*float(b)\n  return t", ns)
        return ns["g"](x[0], x[1])

    return f


@cases.made_at([0.4, 1.3])
def a_lambda_of_text():
    g = eval("lambda v: math.exp(v)*v", {"math": math})

    def f(x):
        return g(x[0]) * g(x[1])

    return f


@pytest.mark.parametrize("case", cases, ids=repr)
def test_forms(case):
    agrees(case)
