"""Functions made by ``functools.partial``, differentiated or called: what is proved of them, and that their programs see each change of what they hold."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from test_attacks_on_reuse import OFTEN, X, agree

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of
from gradwise.tracing.purity import inspect_function

BEGIN = """
from functools import partial
W = np.array([1.0, 2.0, 0.5, -1.0])
def g(k, x, w=None, p=2):
    return k * np.sum(x**p if w is None else w * x**p)
class M:
    c = 3.0
    def __init__(self, k=1.0): self.k, self.n = k, 0
    def loss(self, k, x): return self.c * self.k * k * np.sum(x**2)
    def __call__(self, k, x): return self.c * k * np.sum(x**3)
    def count(self, k, x):
        self.n += 1
        return k * np.sum(x**2)
m = M()
state = lambda: (W.tolist(), m.n)
"""
SET = "p.__setstate__((p.func, {args}, {keywords}, {{}}))"
#: name: source, changes, whether it is proved
CASES = {
    "differentiated": (
        "p = f = partial(g, 2.0, w=W)",
        ["W[1] = 5.0", SET.format(args="(3.0,)", keywords="{'w': W}"), SET.format(args="(3,)", keywords="{'w': W, 'p': 3}"), "p.keywords['w'] = None", "p.keywords['w'] = W.astype(np.float32)", "p.keywords['w'] = W[::-1]",
         SET.format(args="(3.0, 1.0)", keywords="{}"), SET.format(args="(True,)", keywords="{'q': 1}"), SET.format(args="('a',)", keywords="{}"), "p.keywords.clear(); g.__code__ = (lambda k, x, w=None, p=2: k * np.sum(x)).__code__"],
        True,
    ),
    "of a method": ("f = partial(m.loss, 2.0)", ["m.k = 2.0", "M.c = 5.0", "m.c = 1.0", "M.loss = lambda self, k, x: 0.0", "m.k = W", "del m.k"], True),
    "of an object": ("f = partial(m, 2.0)", ["M.c = 5.0", "M.__call__ = lambda self, k, x: k * self.c * np.sum(x)", "m.c = W[0]"], True),
    "of a lambda, of a lambda": ("p = f = partial(partial(lambda a, b, x: a * np.sum(b * x**2), 2.0), W)", ["W *= 2", SET.format(args="(1.0, 3.0)", keywords="{}"), SET.format(args="(W, W)", keywords="{}")], True),
    "under a name": ("h = partial(g, 2.0, w=W)\ndef f(x):\n    return h(x) + h(x, p=3) + h(x, w=None)", ["h = partial(g, 3.0, w=W)", "W[0] = 7.0", "h = partial(g, k=2.0)", "h = g", "h = partial(g, 2.0, p=3)", "h = partial(m.loss, 1.0)"], True),
    "in a list": ("L = [partial(g, 1.0, w=W), partial(g, 2.0, w=2 * W)]\ndef f(x):\n    return sum([q(x) for q in L])", ["L[0].keywords['w'][1] = 9.0", "L[1] = L[0]", "L.append(L[0])", "L[0] = partial(m, 1.0)", "L[1] = lambda x: 0.0"], True),
    "in an attribute": ("m.q = partial(g, 2.0, w=W)\ndef f(x):\n    return m.q(x)", ["m.q = partial(g, 3.0)", "M.q = 1.0", "W[0] = 7.0", "del m.q"], True),
    "of a library's function": ("h = partial(np.dot, W)\ndef f(x):\n    return h(x) ** 2", ["W[0] = 7.0", "h = partial(np.vdot, W)", "h = partial(np.dot, W[:3])"], True),
    "with objects": ("def loss(model, act, x):\n    return model.k * np.sum(act(x))\nf = partial(loss, m, np.tanh)", ["m.k = 2.0", "f.__setstate__((loss, (m, np.sin), {}, {}))", "f.__setstate__((loss, (M(3.0), np.sin), {}, {}))", "m.k = None"], True),
    "with a dictionary": ("P = {'a': W, 'b': [1.0, 'name']}\ndef loss(x, p):\n    return np.sum(p['a'] * x**2) * p['b'][0]\nf = partial(loss, p=P)", ["P['a'][0] = 9.0", "P['b'][0] = 2.0", "P['b'] = [3]", "del P['b']", "P['b'] = (2.0,); P['a'] = 1.5"], True),
    "with one array twice": ("p = f = partial(lambda a, b, x: np.sum(a * x) * np.sum(b * x), W, W)", ["W[0] = 9.0", SET.format(args="(W, W.copy())", keywords="{}"), "W[0] = 4.0"], True),
    "with a text that decides": ("def loss(x, kind):\n    if kind == 'say':\n        LOG.append(1)\n    return np.sum(x**2) if kind == 'a' else np.sum(x**3)\np = f = partial(loss, kind='a')", ["p.keywords['kind'] = 'b'", "p.keywords['kind'] = 'say'", "p.keywords['kind'] = 'a'"], True),
    "counting": ("f = partial(m.count, 2.0)", ["m.n = 7", "m.n = 1.5"], False),
    "filling what it holds": ("def fill(b, x):\n    b[:] = x\n    return np.sum(b**2)\nf = partial(fill, W)", ["W[:] = 0.0"], False),
    "with an output": ("h = partial(np.multiply, 2.0, out=W)\ndef f(x):\n    return np.sum(h(x))", ["W[:] = 0.0"], False),
    "with a list that it extends": ("def put(log, x):\n    log.append(1)\n    return np.sum(x**2)\nf = partial(put, LOG)", [], False),
    "of a class derived from it": ("class Q(partial):\n    def __call__(self, x):\n        LOG.append(1)\n        return np.sum(x**2)\nh = Q(g, 2.0)\ndef f(x):\n    return h(x)", [], False),
    "whose class becomes another": ("h = partial(g, 2.0)\ndef f(x):\n    return h(x)", ["class Q(partial):\n    def __call__(self, x): return 7.0 * np.sum(x)\nh = Q(g, 2.0)"], True),
    "that holds itself": ("f = partial(g, 2.0)\nf.keywords['w'] = None\nf.keywords['p'] = 2\nL = [f]\nf.__setstate__((lambda l, x: np.sum(x**2), (L,), {}, {}))", [], False),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::gradwise.errors.NumericalFallbackWarning")
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("operator", [gw.grad, gw.hessian])
def test_each_change_is_seen(name, operator):
    source, changes, proved = CASES[name]
    agree(BEGIN + source, changes, OFTEN, f"<{name} {operator.__name__}>", operator)
    space = {"np": np, "LOG": [], "__name__": "attacked"}
    exec(BEGIN + source, space)
    assert inspect_function(space["f"], [X], {}).is_pure is proved


def test_a_partial_function_takes_the_shortcut_and_is_not_kept_alive():
    weights = np.arange(1.0, 5.0)

    def loss(w, x, p=2):
        return np.sum(w * x**p)

    f = functools.partial(loss, weights)
    gradient = gw.grad(f, check=False)
    for _ in range(6):
        np.testing.assert_allclose(gradient(X), 2 * weights * X)
        np.testing.assert_allclose(gradient(X, p=3), 3 * weights * X**2)
    assert shortcuts_of(f)["0"].served > 0
    weights[2] = -1.0
    np.testing.assert_allclose(gradient(X), 2 * weights * X)
    compiled = gw.compile(functools.partial(loss, weights, p=2))
    for _ in range(6):
        np.testing.assert_allclose(compiled(X), np.sum(weights * X**2))


def test_partial_functions_as_arguments():
    def f(x, term):
        return term(x) ** 2

    def scaled(k, x):
        return k * np.sum(x)

    gradient = gw.grad(f, check=False)
    for k in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0):
        np.testing.assert_allclose(gradient(X, functools.partial(scaled, k)), 2 * k**2 * np.sum(X) * np.ones(4))


class Unproven:
    def __call__(self, x):
        np.set_printoptions(precision=8)
        return x @ x


def drawn(scale, x):
    np.set_printoptions(precision=8)
    return scale * (x @ x)


@pytest.mark.parametrize("function", [Unproven(), functools.partial(drawn, 1.0)])
def test_what_is_unproven_is_not_looked_at_at_each_call(monkeypatch, function):
    """Objects that can be called, and partial functions, were: up to 60 µs a call."""
    looks = []

    def look(*given):
        looks.append(given)
        return inspect_function(*given)

    monkeypatch.setattr("gradwise.operators.reuse.calls.inspect_function", look)
    gradient = gw.grad(function)
    for k in range(27):
        np.testing.assert_array_equal(gradient(np.array([k, 1.0])), [2 * k, 2])
    assert len(looks) == 3
