"""Sets, slices, dictionaries with tuples for keys, and variables that inner functions assign: what is proved of functions with them, and that their programs see each change."""

from __future__ import annotations

import numpy as np
import pytest
from test_attacks_on_reuse import OFTEN, X, agree

import gradwise as gw
from gradwise.tracing.purity import inspect_function

ARRAY = "A = np.ones(4)\nstate = lambda: A.tolist()\n"
#: name: source, changes, of functions that are proved
PROVED = {
    "a set": (
        "S = {0, 2}\ndef f(x):\n    return sum([v**2 for k, v in enumerate(x) if k in S])",
        ["S.add(3)", "S.discard(0)", "S = frozenset(S)", "S = {True, 2.0}", "S = [1]", "S = {1.5}", "S = {np.int64(1)}", "S = None", "S = set()"],
    ),
    "the order of a set": (
        "S = {8, 16}\ndef f(x):\n    return sum([(k + 1) * v * np.sum(x**2) for k, v in enumerate(S)])",
        ["S = {16, 8}", "S = set([8, 16, 24]); S.discard(24)", "S = {8.0, 16}", "S = {-0.0, 16}", "S = {0.0, 16}", "S = {'a'}"],
    ),
    "a set of pairs": (
        "S = {(0, 1), (2, 3)}\ndef f(x):\n    return sum([x[i] * x[j] for i, j in S])",
        ["S.add((1, 1))", "S = {(0, 1)}", "S = {(0, True)}", "S = {(0, 1.0)}", "S = {(0, 1, 2)}", "S = {(0, 'a')}"],
    ),
    "a slice": (
        "s = slice(0, 2)\ndef f(x):\n    return np.sum(x[s] ** 2)",
        ["s = slice(1, 4)", "s = slice(None, None, -2)", "s = slice(0, 9)", "s = slice(0, True)", "s = slice(0, 2.0)", "s = slice(0, np.int64(3))", "s = 1", "s = slice(3, 3)"],
    ),
    "slices by name": (
        "P = {'a': slice(0, 2), 'b': slice(2, 4)}\ndef f(x):\n    return np.sum(x[P['a']] ** 2) * np.sum(x[P['b']])",
        ["P['a'] = slice(0, 3)", "P['a'], P['b'] = P['b'], P['a']", "P['b'] = 0", "del P['a']", "P['a'] = [0, 1]"],
    ),
    "pairs for keys": (
        "C = {(0, 1): 2.0, (1, 2): 3.0}\ndef f(x):\n    return sum([c * x[i] * x[j] for (i, j), c in C.items()])",
        ["C[0, 1] = 5.0", "C[2, 3] = 1.5", "C[0, 1] = C.pop((0, 1))", "C = {(0, True): 2.0}", "C = {(0, 1): 2.0}", "C = {(0, 1.0): 2.0}", "C[0, 1] = True", "C[0, 1] = np.ones(2)"],
    ),
    "numbers and pairs for keys": (
        "C = {0.5: 2.0, (0, 'a'): np.ones(4), True: 'text', None: 1}\ndef f(x):\n    return C[0.5] * np.sum(C[0, 'a'] * x**2)",
        ["C[0.5] = 3.0", "C[0, 'a'][2] = 9.0", "C = {0.5: 1.0, (0, 'a'): 2.0}", "C = {-0.0: 1.0, 0.5: 1.0, (False, 'a'): 2.0}", "C = {float('nan'): 1.0, 0.5: 1.0, (False, 'a'): 2.0}", "del C[0.5]"],
    ),
    "zeros for keys": (
        "C = {0.0: 1.0}\ndef f(x):\n    return sum([math.copysign(2.0, k) + v for k, v in C.items()]) * np.sum(x**2)",
        ["C = {-0.0: 1.0}", "C = {0: 1.0}", "C = {0.0: 1.0}"],
    ),
    "a long dictionary with pairs for keys": (
        "C = {(i, j): 0.1 * i for i in range(20) for j in range(20)}\ndef f(x):\n    return sum([c * x[i % 4] * x[j % 4] for (i, j), c in C.items()])",
        ["C[3, 4] = 5.0", "C[True, 4] = 7.0", "C = {(bool(i), j): c for (i, j), c in C.items()}", "del C[0, 0]"],
    ),
    "a total that an inner function adds to": (
        "k = 2.0\ndef f(x):\n    total = 0.0\n    def add(v):\n        nonlocal total\n        total += k * v\n    for v in x:\n        add(v**2)\n    return total",
        ["k = 3.0", "k = 1", "k = None", "k = 0.5"],
    ),
    "a total two functions further in": (
        "k = 2.0\ndef f(x):\n    total = 0.0\n    def outer(v):\n        def add(u):\n            nonlocal total\n            total = total + k * u\n        add(v**2)\n        add(v)\n    for v in x:\n        outer(v)\n    return total",
        ["k = 3.0"],
    ),
    "a text that an inner function assigns": (
        "class P:\n    a, b = 2.0, 3.0\np = P()\ndef f(x):\n    name = 'a'\n    def turn():\n        nonlocal name\n        name = 'b' if name == 'a' else 'a'\n    turn()\n    return getattr(p, name) * np.sum(x**2)",
        ["P.b = 5.0", "p.b = 7.0", "p.a = 1.0", "del p.b"],
    ),
    "a flag that an inner function assigns": (
        "limit = 0.0\ndef f(x):\n    done = False\n    def look(v):\n        nonlocal done\n        done = done or v > limit\n    for v in x:\n        look(v)\n        if done:\n            return v * np.sum(x**2)\n    return np.sum(x)",
        ["limit = 1.0", "limit = 5.0", "limit = -9.0"],
    ),
}  # fmt: skip
#: name: source, of functions that write to what was there, or do anything else
EFFECTS = {
    "the caller's array under a name of the call": "def f(x):\n    b = np.zeros(4)\n    def put():\n        nonlocal b\n        b = A\n    put()\n    b += 1.0\n    return np.sum(x**2)",
    "an inner function is assigned": "def f(x):\n    g = abs\n    def put():\n        nonlocal g\n        def g(v):\n            LOG.append(1)\n            return v\n    put()\n    return g(1.0) * np.sum(x**2)",
    "a branch that only an inner function opens": "def f(x):\n    say = False\n    def put():\n        nonlocal say\n        say = True\n    put()\n    if say:\n        LOG.append(1)\n    return np.sum(x**2)",
    "a branch that the innermost function opens": "def f(x):\n    say = None\n    def outer():\n        def put():\n            nonlocal say\n            say = 'yes'\n        put()\n    outer()\n    if say == 'yes':\n        A[0] += 1.0\n    return np.sum(x**2)",
    "a variable of the enclosing function": "def make():\n    n = 0.0\n    def f(x):\n        def add():\n            nonlocal n\n            n = n + 1.0\n        add()\n        return n * np.sum(x**2)\n    return f\nf = make()",
    "a set that is there": "S = {1}\ndef f(x):\n    S.add(len(LOG))\n    LOG.append(1)\n    return len(S) * np.sum(x**2)",
    "a set that is added to in place": "S = {1}\ndef f(x):\n    global S\n    s = S\n    s |= {len(s) + 1}\n    return len(S) * np.sum(x**2)",
}


@pytest.mark.parametrize("name", PROVED)
def test_it_is_proved_and_each_change_is_seen(name):
    source, changes = PROVED[name]
    agree(source, changes, OFTEN, f"<{name}>")
    space = {"np": np, "__name__": "attacked"}
    exec("import math\n" + source, space)
    assert inspect_function(space["f"], [X], {}).is_pure


@pytest.mark.parametrize("name", EFFECTS)
def test_what_is_done_is_done_each_time(name):
    agree(ARRAY + EFFECTS[name], [], OFTEN, f"<{name}>")


def test_arguments_that_are_sets_and_slices():
    def f(x, chosen, part):
        return sum([v**2 for k, v in enumerate(x) if k in chosen]) + np.sum(x[part])

    gradient = gw.grad(f, check=False)
    for _ in range(5):
        np.testing.assert_allclose(gradient(X, {0, 2}, slice(0, 2)), 2 * X * [1, 0, 1, 0] + [1, 1, 0, 0])
        np.testing.assert_allclose(gradient(X, {1}, slice(2, None)), 2 * X * [0, 1, 0, 0] + [0, 0, 1, 1])


def test_a_set_beside_the_value_is_made_anew():
    gradient = gw.grad(lambda x: (np.sum(x**2), {1, 2}), has_aux=True, check=False)
    for _ in range(6):
        _, beside = gradient(X)
        assert beside == {1, 2}
        beside.add(3)
