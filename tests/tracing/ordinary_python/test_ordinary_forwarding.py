"""Objects that answer for others, and code of the user's that Python itself calls: ``super()``, weak proxies, descriptors, classes made in the function, context variables, heaps of objects."""

from __future__ import annotations

import bisect
import contextvars
import functools
import heapq
import io
import math
import operator
import types
import weakref

import numpy as np
import pytest
from ordinary import Cases, agrees

import gradwise as gw

cases = Cases()


class Kept:
    k = 1.0

    def __init__(self, v=1.0):
        self.v = v
        self.inner = types.SimpleNamespace(w=v)

    @property
    def exponential(self):
        return math.exp(self.v)

    @exponential.setter
    def exponential(self, v):
        self.v = math.log(v)

    def get(self):
        return self.v


class Slots:
    __slots__ = ("__weakref__", "v", "w")

    def __init__(self, v):
        self.v = self.w = v


LAZY = """
def lazy(*args):
    def compiled(a, b, k=1.0):
        return a * a * math.exp(b) * k
    lazy.__code__ = compiled.__code__
    lazy.__defaults__ = (2.0,)
    return lazy(*args)
"""


class Doubled(functools.partial):
    """A compiled class whose call is that of the base and something more."""

    def __call__(self, *args):
        return super().__call__(*args) * 2


def kept_at(f):
    """A case with objects that were there before."""

    def make():
        o = Kept()
        o.other, o.slots, o.table = Kept(2.0), Slots(3.0), {"q": 0.0}
        return lambda x: f(o, x)

    make.__name__ = f.__name__
    cases.made_at([0.4, 1.3])(make)
    return f


@cases.made_at([0.4, 1.3])
def the_call_of_a_compiled_base():
    twice = Doubled(lambda k, v: math.exp(k * v), 1.5)
    return lambda x: (
        twice(x[0]) * x[1]
        + Doubled(
            twice,
        )(x[1])
    )


@cases.made_at([0.4, 1.3])
def a_function_that_is_another_one_once_it_was_called():
    def f(x):
        namespace = {"math": math}
        exec(LAZY, namespace)
        return namespace["lazy"](x[0], x[1]) + namespace["lazy"](x[1], x[0])

    return f


@kept_at
def a_proxy(o, x):
    p = weakref.proxy(o)
    p.v = x[0]
    p.other.v = x[1]
    return o.v * o.other.v * p.exponential * p.v


@kept_at
def a_proxy_by_name(o, x):
    p = weakref.proxy(o)
    setattr(p, "v", x[0])  # noqa: B010  # as users write
    o.other.v = x[1]
    return vars(p)["v"] * p.get() * weakref.ref(o)().v * p.other.get() * math.exp(operator.attrgetter("v")(p))


@kept_at
def slots_by_their_descriptors(o, x):
    o.slots.v = x[0]
    Slots.w.__set__(o.slots, x[1])
    return Slots.v.__get__(o.slots) * Slots.w.__get__(o.slots, Slots) * type(o.slots).__dict__["v"].__get__(o.slots)


@kept_at
def properties_by_their_functions(o, x):
    o.v = x[0]
    Kept.exponential.fset(o.other, x[1] + 2)
    Kept.exponential.__set__(o, math.exp(x[0]) * 2)
    return Kept.exponential.fget(o) * Kept.exponential.__get__(o.other) * type(o).exponential.__get__(o, Kept)


@kept_at
def attributes_by_reduction(o, x):
    o.other.v = x[0]
    o.v = x[1]
    a, b = map(getattr, [o, o.other], ["v", "v"])
    return functools.reduce(getattr, ["other", "v"], o) * a * b + sum(map(operator.methodcaller("get"), [o.other]))


@kept_at
def slots_inside_slots(o, x):
    o.slots.v, o.slots.w = x[0], Slots(0.0)
    o.slots.w.v = x[1]
    result = operator.attrgetter("w.v")(o.slots) * o.slots.v + functools.reduce(getattr, "slots.w.v".split("."), o)
    o.slots.w = 3.0
    return result


@cases.made_at([0.4, 1.3])
def slots_kept_in_slots():
    s = Slots(Slots(1.0))

    def f(x):
        s.w.v = x[1]
        s.v.v = x[0]
        return operator.attrgetter("w.v")(s) * x[0] + sum(map(operator.attrgetter("v.v"), [s])) * x[1]

    return f


class Base:
    total = 0.0
    seen: list = []  # shared on purpose

    def __init__(self, v=0.0):
        self.v = v

    @property
    def sine(self):
        return math.sin(self.v)

    @functools.cached_property
    def cached(self):
        return math.exp(self.v)

    def add(self, v):
        Base.total += v
        type(self).count = v * 2
        self.__class__.seen.append(v)


class Derived(Base):
    @property
    def sine(self):
        return super().sine * 2

    def result(self):
        return super().total * self.count * Derived.total * super().cached


@cases.made_at([0.4, 1.3])
def a_property_of_the_base():
    d = Derived()

    def f(x):
        d.v = x[0]
        d.__dict__.pop("cached", None)
        return d.sine * super(Derived, d).sine * super(Derived, d).cached * x[1]

    return f


@cases.made_at([0.4, 1.3])
def an_attribute_of_the_base_class():
    def f(x):
        Base.total = 0.0
        Base.seen.clear()
        d = Derived(x[1])
        d.add(x[0])
        d.add(x[1])
        return d.result() + sum(Base.seen)

    return f


class Guarded:
    def __init__(self):
        object.__setattr__(self, "log", [])

    @property
    def volume(self):
        return math.exp(self._v)

    @volume.setter
    def volume(self, v):
        self._v = float(v) * 2

    def __setattr__(self, name, value):
        self.log.append(name)
        super().__setattr__(name, value)

    def __getattribute__(self, name):
        return super().__getattribute__(name)


@cases.made_at([0.4, 1.3])
def a_property_behind_setattr():
    g = Guarded()

    def f(x):
        g.log.clear()
        g.volume = x[0]
        return g.volume * x[1] + len(g.log)

    return f


class Registered:
    known: dict = {}  # shared on purpose

    def __init_subclass__(cls, k=1.0, **options):
        super().__init_subclass__(**options)
        Registered.known[cls.__name__] = cls
        cls.k = k

    def value(self, x):
        return math.exp(x) * self.k


@cases.at([0.4, 1.3])
def classes_made_and_registered(x):
    class Local(Registered, k=math.exp(x[0])):
        table = {"a": x[1]}

        def twice(self, y=x[0]):
            return 2 * self.value(y)

    return Local().twice() + Registered.known["Local"]().value(x[1]) * Local.table["a"]


VARIABLE = contextvars.ContextVar("variable", default=0.0)


@cases.at([0.4, 1.3])
def context_variables(x):
    token = VARIABLE.set(x[0])
    a = VARIABLE.get() * x[1]
    VARIABLE.reset(token)
    context = contextvars.copy_context()
    return a + context.run(lambda: math.exp(VARIABLE.set(x[1]) and VARIABLE.get())) + VARIABLE.get()


def test_context_variables_hold_plain_numbers_afterwards():
    def f(x):
        VARIABLE.set(x * 2)
        return VARIABLE.get() ** 2

    def inside():
        assert gw.grad(f, method="exact")(1.5) == 12.0
        assert type(VARIABLE.get()) is float

    contextvars.copy_context().run(inside)


# --- comparisons that Python makes -----------------------------------------------------------------------------------------------------


class Item:
    def __init__(self, v, name):
        self.v = v
        self.name = name

    def __lt__(self, other):
        return math.exp(self.v) < math.exp(other.v)

    def __eq__(self, other):
        return isinstance(other, Item) and math.isclose(math.exp(self.v), math.exp(other.v))

    __hash__ = None


@cases.at([0.4, 1.3])
def heaps_of_objects(x):
    heap = []
    for v, name in ((x[1], 1), (x[0], 2), (x[0] * x[1], 3), (x[1] * 2, 4), (x[0] / 2, 5)):
        heapq.heappush(heap, Item(v, name))
    order = [heapq.heapreplace(heap, Item(x[0] + 2, 6)), heapq.heappushpop(heap, Item(x[1] + 5, 7))]
    while heap:
        order.append(heapq.heappop(heap))
    again = list(order[::-1])
    heapq.heapify(again)
    return (
        sum(item.v * item.name * k for k, item in enumerate(order))
        + sum(item.v * k for k, item in enumerate(again))
        + heapq.nsmallest(2, order)[1].v
        + heapq.nlargest(2, order, key=lambda i: math.sin(i.v))[0].v
        + sum(i.v * k for k, (_, i) in enumerate(heapq.merge([(0, Item(x[0], 1))], [(0, Item(x[1], 2))])))
    )


@cases.at([0.4, 1.3])
def searches_in_lists_of_objects(x):
    items = [Item(x[1], 1), Item(x[0], 2)]
    place, times = items.index(Item(x[0] * 1, 9)), items.count(Item(x[1] * 1, 9))
    items.remove(Item(x[1] * 1, 0))
    bisect.insort(items, Item(x[0] + 0.1, 3))
    bisect.insort(items, Item(x[0] - 0.1, 4))
    k = bisect.bisect_left(items, Item(x[0] + 0.05, 3))
    j = bisect.bisect(items, math.exp(x[0] + 0.3), key=lambda i: math.exp(i.v))
    return sum(i.v * i.name for i in items) * (place + 1) * times + items[k].v * x[1] + j * x[0] + k * x[1]


@cases.at([0.4, 1.3])
def sequences_of_objects_compared(x):
    a, b = Item(x[0], 1), Item(x[1], 2)
    total = x[0] * (2 if (a, 1) == (Item(x[0] * 1, 3), 1) else 3)
    total += x[1] * ((1, a) < (1, b)) + x[0] * ([a, b] != [b, a]) + x[1] * ([[a]] < [[b], a]) + x[0] * ((a,) < (a, b))
    return total * sorted([(1, b), (1, a), (0, b)])[1][1].v * min([(2, b), (2, a)])[1].v


@pytest.mark.parametrize("case", cases, ids=repr)
def test_forwarding(case):
    agrees(case)


# --- numbers read back from texts -------------------------------------------------------------------------------------------------------


READ_BACK = {
    "stripped": lambda x: float(f" {float(x[0])!r} ".strip()) * x[1],
    "formatted": lambda x: float("{:.17g}".format(float(x[0])).lower()) * x[1],
    "split": lambda x: sum(float(t) for t in ",".join(str(float(v)) for v in x).split(",")) * x[1],
    "evaluated": lambda x: eval(f"{float(x[0])!r} * 2".replace("*", " * ")) * x[1],
    "lines": lambda x: np.loadtxt(io.StringIO("%.17g %.17g" % (x[0], x[1]))).sum() * x[1],
    "texts": lambda x: np.array(["%.17g" % v for v in x]).astype(float).sum() * x[1],
}


@pytest.mark.parametrize("name", READ_BACK)
def test_numbers_read_back_from_texts_are_refused(name):
    with pytest.raises(gw.TracingError):
        gw.grad(READ_BACK[name], method="exact", check=False)(np.array([0.4, 1.3]))


def test_other_numbers_in_texts_are_numbers():
    def f(x):
        text = f"x = {x[0]:.3f} at step 12"
        return float("2.5") * x[0] + float(text.rsplit(maxsplit=1)[-1]) * x[1] + len(text.splitlines())

    np.testing.assert_array_equal(gw.grad(f, method="exact", check=False)(np.array([0.4, 1.3])), [2.5, 12.0])


@pytest.mark.parametrize("constant", [np.ma.masked_array([1.0, 2.0], mask=[0, 1])], ids=["masked"])
@pytest.mark.parametrize("f", [lambda x, c: x * c, lambda x, c: c - x, np.add, lambda x, c: np.stack([x, c])])
def test_arrays_with_operators_of_their_own_are_refused(f, constant):
    with pytest.raises(gw.TracingError):
        gw.jacobian(lambda x: f(x, constant), method="exact", check=False)(np.array([0.4, 1.3]))
