"""Objects that were there before the run and stay: what they hold is seen by others, who may only ever see plain values, and by code that Python calls itself."""

from __future__ import annotations

import collections
import collections.abc
import dataclasses
import functools
import heapq
import itertools
import math
import operator
from typing import NamedTuple

import numpy as np
import pytest
from ordinary import Cases, agrees

cases = Cases()


class Sequence:
    """Items computed from an attribute that the run assigns."""

    def __init__(self):
        self.values = [1.0, 2.0, 3.0]
        self.scale = 1.0

    def __len__(self):
        return len(self.values)

    def __getitem__(self, i):
        return self.values[i] * self.scale

    def fill(self, x):
        self.values = list(x)
        self.scale = x[0]
        return self


class Iterable(Sequence):
    def __iter__(self):
        for v in self.values:
            yield v * self.scale

    def __reversed__(self):
        return iter([v + self.scale for v in reversed(self.values)])

    def __contains__(self, v):
        return math.exp(self.scale) > v


class Stepping(Sequence):
    def __iter__(self):
        self.place = 0
        return self

    def __next__(self):
        if self.place == len(self.values):
            raise StopIteration
        self.place += 1
        return self.values[self.place - 1] * self.scale


class Registered(collections.abc.Sequence):
    __init__, __len__, __getitem__, fill = Sequence.__init__, Sequence.__len__, Sequence.__getitem__, Sequence.fill


KINDS = {"sequence": Sequence, "iterable": Iterable, "stepping": Stepping, "registered": Registered}


def by_star(s):
    return math.hypot(*s)


def by_unpacking(s):
    a, *b = s
    return a * b[-1]


def by_comprehension(s):
    return {i: v for i, v in enumerate(s)}[1] * [v for v in s][2]  # noqa: C416


def by_yielding(s):
    def inside():
        yield from s

    return math.prod(inside())


def by_filling(s):
    out = np.zeros(3)
    out[:] = list(s)
    return out @ out


CONSUMERS = {
    "sum": sum,
    "max": lambda s: max(s) * min(s),
    "sorted": lambda s: sorted(s, key=lambda v: -v)[0] + sorted(s)[1],
    "list": lambda s: list(s)[1] * tuple(s)[2],
    "set": lambda s: sum(set(s)) * sum(frozenset(s)),
    "zip": lambda s: sum(a * b for a, b in zip(s, [1.0, 2.0, 3.0], strict=True)),
    "zip of two": lambda s: list(zip([1, 2], s))[1][1],
    "enumerate": lambda s: sum(i * v for i, v in enumerate(s, 1)),
    "map": lambda s: sum(map(math.exp, s)) + sum(map(operator.mul, s, s)),
    "filter": lambda s: sum(filter(None, s)),
    "any": lambda s: s[1] * (any(s) and all(s)),
    "iter": lambda s: next(iter(s)) ** 2,
    "reversed": lambda s: list(reversed(s))[0] if hasattr(s, "__len__") else 0.0,  # noqa: RUF015
    "array": lambda s: np.array(list(s)) @ np.array([1.0, 2.0, 3.0]),
    "array of it": lambda s: np.sum(np.array(s)) if hasattr(s, "__len__") else 0.0,
    "asarray": lambda s: np.asarray(s, dtype=float)[1],
    "fromiter": lambda s: np.fromiter(s, float).sum(),
    "fsum": lambda s: math.fsum(s) * math.prod(s),
    "reduce": lambda s: functools.reduce(lambda a, b: a * b + 1, s),
    "accumulate": lambda s: list(itertools.accumulate(s, operator.mul))[-1],
    "chain": lambda s: sum(itertools.chain(s, [2.0], s)) + sum(itertools.chain.from_iterable([s])),
    "islice": lambda s: sum(itertools.islice(s, 1, None)),
    "product": lambda s: sum(a * b for a, b in itertools.product(s, repeat=2)),
    "pairwise": lambda s: sum(a * b for a, b in itertools.pairwise(s)),
    "combinations": lambda s: sum(math.prod(c) for c in itertools.combinations(s, 2)),
    "zip_longest": lambda s: sum(a * b for a, b in itertools.zip_longest(s, [1.0], fillvalue=2.0)),
    "starmap": lambda s: sum(map(pow, s, [2, 3, 4])),
    "takewhile": lambda s: sum(itertools.takewhile(lambda v: v < 100.0, s)),
    "tee": lambda s: sum(sum(t) for t in itertools.tee(s)),
    "deque": lambda s: collections.deque(s, maxlen=2)[0],
    "Counter": lambda s: collections.OrderedDict(enumerate(s))[2] ** 2,
    "dictionary": lambda s: dict(zip("abc", s))["b"] * dict(enumerate(s))[0],
    "fromkeys": lambda s: sum(dict.fromkeys(s, 1.0)),
    "heap": lambda s: heapq.nlargest(1, s)[0],
    "extend": lambda s: [[], out := [1.0], out.extend(s)][1][-1] ** 2,
    "star": by_star,
    "list display": lambda s: [*s, 1.0][1] * (2.0, *s)[2],
    "unpacking": by_unpacking,
    "comprehension": by_comprehension,
    "yield from": by_yielding,
    "filling": by_filling,
    "stack": lambda s: np.stack([*s]).prod() + np.concatenate([list(s), [1.0]])[0],
    "mean": lambda s: np.mean(list(s)) * np.max(list(s)),
    "partial": lambda s: functools.partial(sum, s)(),
    "itemgetter": lambda s: operator.itemgetter(1)(s) * operator.getitem(s, 2),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("consumer", CONSUMERS)
def test_what_goes_over_an_object(kind, consumer):
    def make():
        kept, consume = KINDS[kind](), CONSUMERS[consumer]
        return lambda x: consume(kept.fill(x))

    several = Cases()
    several.made_at([0.5, 0.8, 1.3])(make)
    agrees(several[0])


class Money:
    def __init__(self, amount):
        self.amount = amount

    def __add__(self, other):
        return Money(self.amount + other.amount)

    def __radd__(self, other):
        return self if other == 0 else Money(self.amount + other)

    def __mul__(self, k):
        return Money(self.amount * k)

    def __lt__(self, other):
        return math.exp(self.amount) < math.exp(other.amount)

    def __eq__(self, other):
        return math.exp(self.amount) == math.exp(other.amount)

    def __hash__(self):
        return 1

    def __neg__(self):
        return Money(-self.amount)

    def __abs__(self):
        return math.sqrt(self.amount**2)

    def __float__(self):
        return float(self.amount)

    def __bool__(self):
        return math.sin(self.amount) > -2

    def __round__(self, n=None):
        return self.amount

    def __divmod__(self, k):
        return self.amount / k, self.amount * k

    def __pow__(self, k):
        return self.amount**k

    def __call__(self, k):
        return self.amount * k

    def __getitem__(self, k):
        return self.amount**k

    def __index__(self):
        return int(1.5 + 0.0 * self.amount)

    def __enter__(self):
        return self.amount * 2

    def __exit__(self, *_):
        return None

    def __iadd__(self, other):
        self.amount = self.amount + other.amount
        return self


class Purse:
    def __init__(self):
        self.coins = [Money(1.0), Money(2.0), Money(3.0)]

    def fill(self, x):
        for coin, v in zip(self.coins, x, strict=True):
            coin.amount = v
        return self.coins


OPERATIONS = {
    "sum": lambda c: sum(c).amount ** 2,
    "sum with a start": lambda c: sum(c, Money(1.0)).amount,
    "max": lambda c: max(c).amount * min(c).amount,
    "max of two": lambda c: max(c[0], c[1]).amount,
    "max by key": lambda c: max(c, key=float).amount * max(c, key=lambda m: m.amount).amount,
    "sorted": lambda c: sorted(c)[0].amount + sorted(c, reverse=True)[0].amount * sorted(c, key=abs)[1].amount,
    "sort": lambda c: [s := list(c), s.sort(), s][2][1].amount,
    "reduce": lambda c: functools.reduce(operator.add, c).amount * functools.reduce(lambda a, b: a + b, c).amount,
    "operator": lambda c: operator.mul(c[0], 3.0).amount + operator.neg(c[1]).amount * operator.abs(c[2]),
    "operator in map": lambda c: (
        sum(map(operator.attrgetter("amount"), c)) * sum(m.amount for m in map(operator.neg, c))
    ),
    "methodcaller": lambda c: operator.methodcaller("__call__", 2.0)(c[0]) + operator.itemgetter(2)(c[1]),
    "float": lambda c: float(c[0]) * float(c[1]) + sum(map(float, c)),
    "abs": lambda c: abs(c[0]) * sum(map(abs, c)),
    "round": lambda c: round(c[0]) + round(c[1], 2),
    "divmod": lambda c: divmod(c[0], 2.0)[0] * divmod(c[1], 2.0)[1],
    "pow": lambda c: pow(c[0], 2) + c[1] ** 3,
    "comparison": lambda c: (c[0].amount if c[0] < c[1] else c[1].amount) * (c[1] != c[2]) * (1 + (c[0] == c[0])),
    "truth": lambda c: c[0].amount if c[0] and not (not c[1]) else c[1].amount,
    "filter": lambda c: sum(m.amount for m in filter(None, c)),
    "any": lambda c: c[0].amount * any(c) * all(c),
    "call": lambda c: c[0](2.0) + sum(map(c[1], [1.0, 2.0])),
    "item": lambda c: c[0][2] * c[1][3],
    "index": lambda c: [c[0].amount, c[1].amount][c[2]],
    "range": lambda c: sum(c[0].amount for _ in range(c[2])),
    "array": lambda c: np.array([float(m) for m in c]) @ np.array([m.amount for m in c]),
    "accumulate": lambda c: list(itertools.accumulate(c))[-1].amount,
    "heap": lambda c: (
        [h := [(m.amount, i, m) for i, m in enumerate(c)], heapq.heapify(h), heapq.heappop(h)][2][2].amount
    ),
    "membership": lambda c: c[0].amount * (c[0] in c),
    "dictionary": lambda c: {c[0]: c[1].amount}[c[0]],
    "partial": lambda c: functools.partial(Money.__mul__, c[0])(2.0).amount,
    "getattr": lambda c: c[0].amount * vars(c[1])["amount"] + c[2].__dict__["amount"],
    "math": lambda c: math.exp(c[0]) * math.hypot(c[1], c[2]) + np.float64(c[0]),
    "format": lambda c: c[0].amount * len(f"{c[0].amount:.3f}"),
    "text": lambda c: c[0].amount * len(str(round(c[1].amount, 3))),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operators_of_kept_objects(name):
    def make():
        purse, operation = Purse(), OPERATIONS[name]
        return lambda x: operation(purse.fill(x))

    several = Cases()
    several.made_at([0.5, 0.8, 1.3])(make)
    agrees(several[0])


def add_in_place(c):
    c[0] += c[1]
    c[0] = operator.iadd(c[0], c[2])
    return c[0].amount ** 2


def by_context(c):
    with c[0] as doubled:
        return doubled * c[1].amount


def by_match(c):
    match c[0]:
        case Money(amount=a) if a > 0:
            return a**2
    return 0.0


@pytest.mark.parametrize("operation", [add_in_place, by_context, by_match])
def test_statements_on_kept_objects(operation):
    def make():
        purse = Purse()
        return lambda x: operation(purse.fill(x))

    several = Cases()
    several.made_at([0.5, 0.8, 1.3])(make)
    agrees(several[0])


# --- data classes, named tuples, containers that stay ---------------------------------------------------------------------------------


@dataclasses.dataclass(order=True)
class Point:
    x: float = 0.0
    y: float = 0.0

    def norm(self):
        return math.hypot(self.x, self.y)


class Pair(NamedTuple):
    a: float
    b: float

    def product(self):
        return self.a * self.b


class World:
    def __init__(self):
        self.points = {"p": Point(1.0, 2.0), "q": Point(3.0)}
        self.pair = Pair(1.0, 2.0)
        self.queue = collections.deque([0.0], maxlen=2)
        self.counts = collections.Counter()
        self.groups = collections.defaultdict(list)
        self.ordered = collections.OrderedDict()
        self.grid = np.zeros((2, 2))
        self.chain = collections.ChainMap({}, {"base": 2.0})
        self.inner = {"a": {"b": [0.0, (1.0, {"c": 2.0})]}}


@cases.made_at([0.5, 0.8])
def kept_data_classes():
    w = World()

    def f(x):
        p = w.points["p"]
        p.x, p.y = x
        w.points["q"] = dataclasses.replace(p, x=p.y * 2)
        w.points["q"].y *= x[1]
        bigger = max(w.points.values())
        fields = dataclasses.asdict(p)
        return p.norm() * bigger.x + sum(dataclasses.astuple(w.points["q"])) * fields["x"] + (p == p) * (p < bigger)  # noqa: PLR0124

    return f


@cases.made_at([0.5, 0.8])
def kept_named_tuples():
    w = World()

    def f(x):
        w.pair = w.pair._replace(a=x[0] * 2)
        w.pair = Pair(b=x[1], a=w.pair.a)
        a, b = w.pair
        return w.pair.product() + sum(w.pair) * w.pair._asdict()["b"] + w.pair[0] * a + Pair._make(x).product() * b

    return f


@cases.made_at([0.5, 0.8])
def kept_collections():
    w = World()

    def f(x):
        w.queue.append(x[0])
        w.queue.extend([x[1], x[0] * x[1]])
        w.counts.clear()
        w.counts["n"] += x[0]
        w.counts.update({"n": x[1], "m": 2.0})
        w.groups.clear()
        for i, v in enumerate([x[0], x[1], x[0] ** 2]):
            w.groups[i % 2].append(v)
        w.ordered["z"] = x[0]
        w.ordered["a"] = x[1]
        w.ordered.move_to_end("z")
        w.chain["top"] = x[0] ** 2
        total = sum(w.queue) + w.counts["n"] * w.counts["m"] + sum(w.groups[0]) * w.groups[1][0]
        return total * next(iter(w.ordered.values())) + w.chain["top"] * w.chain["base"] + w.queue.popleft()

    return f


@cases.made_at([0.5, 0.8])
def kept_nested_containers():
    w = World()

    def f(x):
        w.inner["a"]["b"][0] = x[0]
        w.inner["a"]["b"][1][1]["c"] = x[1]
        w.inner["new"] = [x, {"k": (x[0], [x[1]])}]
        return (
            w.inner["a"]["b"][0] * w.inner["a"]["b"][1][1]["c"]
            + w.inner["new"][1]["k"][1][0] ** 2
            + w.inner["new"][0].sum()
        )

    return f


@cases.made_at([0.5, 0.8])
def a_kept_array_that_is_replaced():
    w = World()

    def f(x):
        w.grid = np.zeros((2, 2))
        w.grid[0] = x
        w.grid[:, 1] += x[0]
        row = w.grid[1]
        row[0] = x[1] ** 2
        return np.linalg.det(w.grid) + w.grid.sum()

    return f


class Linked:
    def __init__(self, value=0.0):
        self.value = value
        self.next = None


class LinkedList:
    def __init__(self):
        self.head = None
        self.size = 0

    def push(self, v):
        node = Linked(v)
        node.next, self.head = self.head, node
        self.size += 1

    def __iter__(self):
        node = self.head
        while node:
            yield node.value
            node = node.next


@cases.made_at([0.5, 0.8, 1.1])
def a_kept_linked_list():
    chain = LinkedList()

    def f(x):
        chain.head, chain.size = None, 0
        for v in x:
            chain.push(v**2)
        first = chain.head.next.value
        return sum(v * i for i, v in enumerate(chain, 1)) * first + max(chain) * chain.size

    return f


@pytest.mark.parametrize("case", cases, ids=repr)
def test_kept_objects(case):
    agrees(case)
