"""Containers that a function writes to are the same objects afterwards, also inside others that it writes to."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.1, 0.2, 0.3])
SETUP = """
import collections
log, plain = [], []
many, table, queue = [log], {"log": log}, collections.deque([log])
long, objects = [0.0] * 500, np.empty(2, object)
objects[0] = log
around = {"long": long}
class Holder: pass
o = Holder()
o.log = log
"""
BODIES = {
    "dictionary of an object": "o.__dict__['q'] = float(x[0]); o.log.append(float(x[1]))",
    "vars": "vars(o)['q'] = x[0]; log.append(x[1])",
    "list": "many.append(x[0]); many[0].append(x[1])",
    "dictionary": "table['q'] = x[0]; log.append(x[1])",
    "update": "table.update(q=float(x[0])); log.append((x[1], 1))",
    "deque": "queue.append(float(x[0])); log.append([x[1]])",
    "array of objects": "objects[1] = float(x[0]); log.append({'a': x[1]})",
    "in a tuple": "table['t'] = (log, 1); log.append(x[1])",
    "in what is new": "table['q'] = {'l': [log]}; log.append((x[1], x))",
    "appended": "many.append(log); log.append(float(x[1]))",
    "long": "long.append(log); log.append(x[1])",
    "around what is long": "around['q'] = x[0]; long.append((x[1], 1))",
    "itself": "many.append(many); many.append(x[0])",
    "a ring": "table['m'] = many; many.append(table); many.append(x[0]); log.append(x[1])",
    "a chain": "places = [log]\n  for k in range(2000):\n    places.append({}); places[-1]['inner'] = places[-2]; places[-1]['x'] = x[0]\n  table['chain'] = places[-1]; log.append(x[1])",
    "a chain by pairs": "places = [log]\n  for k in range(500):\n    places.append({}); places[-1]['inner'] = (places[-2], x[0] * k); places[-1]['x'] = x[0]\n  table['chain'] = places[-1]; log.append(x[1])",
}
NAMES = ["log", "many", "table", "queue", "objects", "long", "around", "o"]


def walk(value, seen, found):
    """The types of all that is held, numbers, and which objects are one."""
    pending = [value]
    while pending:
        one = pending.pop()
        if one is None or isinstance(one, (float, int, str, np.generic)):
            found.append((type(one), one))
            continue
        if isinstance(one, np.ndarray) and one.dtype != object:
            found.append(one.tolist())
            continue
        known = id(one) in seen
        found.append((type(one).__name__, seen.setdefault(id(one), len(seen))))
        if not known:
            inner = (
                one.items() if isinstance(one, dict) else vars(one).items() if hasattr(one, "log") else enumerate(one)
            )
            for key, held in inner:
                found.append(key)
                pending.append(held)
    return found


@pytest.mark.parametrize("pure", [None, False])
@pytest.mark.parametrize("what", list(BODIES))
def test_they_stay_the_objects_that_they_were(what, pure):
    worlds = []
    for _ in range(2):
        world = {"np": np}
        exec(SETUP + f"def f(x):\n  {BODIES[what]}\n  return x[2] * x[0]", world)
        worlds.append(world)
    g = gw.grad(worlds[0]["f"], pure=pure)
    for k in range(3):
        np.testing.assert_allclose(g(X + k), [0.3 + k, 0.0, 0.1 + k])
        worlds[1]["f"](X + k)
        left = [walk([world[n] for n in NAMES], {}, []) for world in worlds]
        assert left[0] == left[1]


def leaf(value):
    """What lies at the bottom of containers of one entry, and how deep."""
    depth = 0
    while isinstance(value, (list, tuple, dict)):
        value = next(iter(value.values() if isinstance(value, dict) else value))
        depth += 1
    return value, depth


@pytest.mark.parametrize("depth", [5, 7, 30])
def test_what_is_left_deep_in_containers_is_plain(depth):
    # more than six containers deep it was a traced value
    left = []

    def f(x):
        value = 2 * x
        for k in range(depth):
            value = [[value], (value,), {"a": value}][k % 3]
        left.append(value)
        return np.sum(x**2)

    np.testing.assert_allclose(gw.grad(f)(np.array([1.0, 2.0])), [2.0, 4.0])
    value, found = leaf(left[-1])
    assert (type(value), found) == (np.ndarray, depth)
    np.testing.assert_allclose(value, [2.0, 4.0])


def test_a_container_that_holds_itself_and_a_number_far_down():
    left = {}

    def f(x):
        ring = [x * 3.0]
        ring.append(ring)
        left["ring"] = [[[[[[[ring]]]]]]]
        left["twice"] = [[[[[[[ring, ring], ring]]]]]]
        return x**2

    assert gw.grad(f)(2.0) == 4.0
    assert leaf(left["ring"])[0] == leaf(left["twice"])[0] == 6.0
    assert type(leaf(left["ring"])[0]) is float
