"""Classes derived from Python's containers whose methods ask those of the base by ``super()``; named tuples and functions whose defaults are traced."""

from __future__ import annotations

from collections import Counter, OrderedDict, UserDict, defaultdict, deque, namedtuple

import pytest
from ordinary import Cases, agrees

cases = Cases()
POINT = [0.4, 1.2, -0.7]


class Doubling(OrderedDict):
    """An ordered dictionary has an order beside its entries: what the base of its base stores is missing in it."""

    def __setitem__(self, key, value):
        super().__setitem__(key, value * 2)


@cases.at(POINT)
def an_ordered_dictionary(x):
    d = Doubling()
    d["a"] = x[0]
    d["b"] = x[1]
    d.update(c=x[2])
    d.move_to_end("a")
    first = next(iter(d.values()))
    return d.popitem()[1] * first + sum(v * v for v in d.copy().values()) + len(d)


class Recent(OrderedDict):
    """The two entries used last."""

    def __getitem__(self, key):
        value = super().__getitem__(key)
        self.move_to_end(key)
        return value

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        if len(self) > 2:
            del self[next(iter(self))]

    def __delitem__(self, key):
        super().__delitem__(key)

    def popitem(self, last=True):
        key, value = super().popitem(last)
        return key, value * 2


@cases.at(POINT)
def the_entries_used_last(x):
    d = Recent()
    for k, v in zip("abca", [*x, x[0] * x[1]], strict=True):
        d[k] = v
        d["b" if "b" in d else k]
    return sum(v * i for i, v in enumerate(d.values(), 1)) + d["a"] * d.popitem()[1]


class Biased(defaultdict):
    def __missing__(self, key):
        return super().__missing__(key) + 1

    def __setitem__(self, key, value):
        super().__setitem__(key, value * 2)


class Votes(Counter):
    def __setitem__(self, key, value):
        super().__setitem__(key, value * 2)


@cases.at(POINT)
def dictionaries_with_defaults(x):
    d = Biased(lambda: x[1])
    d["k"] = x[0]
    votes = Votes(a=x[0], b=2)
    votes.update({"a": x[1]})
    votes["z"] = x[2]
    return d["k"] * d["q"] + sum(d.values()) + votes["a"] + votes["b"] * votes["z"] + votes["none"]


class Row(list):
    def __getitem__(self, i):
        return super().__getitem__(i) * 2

    def __setitem__(self, i, value):
        super().__setitem__(i, value + 1)

    def __iter__(self):
        return (v * 3 for v in super().__iter__())

    def __iadd__(self, other):
        super().__iadd__([v * 2 for v in other])
        return self

    def append(self, value):
        super().append(value)
        super().append(value * 2)

    def pop(self, *at):
        return super().pop(*at) * 5

    def sort(self, **options):
        super().sort(key=lambda v: -v, **options)


@cases.at(POINT)
def a_list(x):
    row = Row()
    row.append(x[0])
    row[0] = x[1]
    row += [x[2], x[0]]
    row.sort()
    return sum(row) + row[1] + row.pop() * row[0] + len(row)


class Ring(deque):
    def append(self, value):
        super().append(value * 2)

    def __getitem__(self, i):
        return super().__getitem__(i) + 1


class Table(UserDict):
    def __setitem__(self, key, value):
        super().__setitem__(key, value * 2)

    def __getitem__(self, key):
        return super().__getitem__(key) + 1


@cases.at(POINT)
def others(x):
    ring = Ring([1.0])
    ring.append(x[0])
    ring.appendleft(x[1])
    table = Table(a=x[0])
    table.update(b=x[1])
    return ring[0] * ring[-1] + sum(ring) + table["a"] * table["b"] + sum(table.values()) + table.pop("a")


@cases.at(POINT)
def named_tuples_with_defaults(x):
    pair = namedtuple("pair", "a b", defaults=[x[1]])
    p = pair(x[0])
    return p.a * p.b + p._replace(a=x[2])[1] + pair._field_defaults["b"] * x[2]


def weighed(a, b=1.0):
    return a * b


@cases.at(POINT)
def defaults_that_are_assigned(x):
    weighed.__defaults__ = (x[1] * 2,)
    total = weighed(x[0]) + sum(map(weighed, [x[2]]))
    weighed.__defaults__ = (1.0,)
    return total


@pytest.mark.parametrize("case", cases, ids=repr)
def test_containers(case):
    agrees(case)
