"""Calling stand-ins as instrumented code does: inside a traced run of this thread, under the names of what they stand for.

``check(f, *numbers)``: value bit for bit and of the same type, derivative against central differences extrapolated over two steps, the second derivative likewise.
"""

import functools
import itertools
import types

import numpy as np

import gradwise as gw
from gradwise.tracing import standins
from gradwise.tracing.instrument.state import entered, left
from gradwise.tracing.standins import STAND_INS
from gradwise.tracing.standins.recording import open_traces


def methods(*modules):
    """The stand-ins of methods by type and name, those of types in the given modules too."""
    table = dict(standins.METHODS)
    for module in modules:
        table |= standins.LATE_METHODS[module]()
    return table


def namespace(module):
    """What the module's functions are under a trace; the module's own for the rest."""
    names = types.SimpleNamespace(**{k: getattr(module, k) for k in dir(module) if not k.startswith("__")})
    for name, stand_in in STAND_INS[module.__name__].items():
        setattr(names, name, stand_in)
    return names


def watched(f):
    """The function, run as instrumented code is: with its trace known to this thread."""

    @functools.wraps(f)
    def call(*args):
        traces = open_traces(args)
        if not traces:
            return f(*args)
        watch = entered(traces[0])
        if watch.outer is not None:
            watch.outer.effects["what it does is noted by the run inside"] = None
        try:
            return f(*args)
        finally:
            left(watch, lambda _: None)

    return call


def difference(f, args, i, h):
    def at(step):
        moved = list(args)
        moved[i] = moved[i] + step
        return np.asarray(f(*moved), complex if np.iscomplexobj(f(*moved)) else float)

    return (at(h) - at(-h)) / (2 * h)


def slope(f, args, i, h=1e-3):
    """Central differences, extrapolated twice: an error of order h⁶."""
    d = [difference(f, args, i, h / 2**k) for k in range(3)]
    e = [(4 * fine - coarse) / 3 for coarse, fine in itertools.pairwise(d)]
    return (16 * e[1] - e[0]) / 15


def check(f, *args, second=True, tolerance=1e-8, of=None):
    """Value and derivatives of f, which calls stand-ins, at numbers; ``of`` is the same function in plain Python (f itself if it is None)."""
    of = f if of is None else of
    want = of(*args)
    every = tuple(range(len(args)))
    got, pushed = gw.jvp(watched(f), args, tuple(1.0 for _ in args), method="exact")
    assert type(got) is type(want), (got, want)
    np.testing.assert_array_equal(got, want)
    if of is not f:  # as users write it: the instrumented copy finds the stand-ins itself
        again = gw.jvp(of, args, tuple(1.0 for _ in args), method="exact")
        assert type(again[0]) is type(want)
        np.testing.assert_array_equal(again[0], want)
        np.testing.assert_array_equal(again[1], pushed)
    slopes = [slope(of, args, i) for i in every]
    np.testing.assert_allclose(pushed, sum(slopes), rtol=tolerance, atol=tolerance)
    if np.ndim(want) == 0 and not isinstance(want, complex):
        pulled = gw.grad(watched(f), argnums=every, method="exact")(*args)
        np.testing.assert_allclose(pulled, slopes, rtol=tolerance, atol=tolerance)
        if second:
            gradient = [lambda *a, i=i: gw.grad(watched(f), argnums=i, method="exact")(*a) for i in every]
            hessian = gw.hessian(watched(f), argnums=every, method="exact")(*args)
            for i in every:
                for j in every:
                    np.testing.assert_allclose(hessian[i][j], slope(gradient[i], args, j), rtol=1e-6, atol=1e-6)
