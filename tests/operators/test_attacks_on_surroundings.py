"""Programs that stand for functions, while what surrounds names and numbers changes: dictionaries that answer otherwise, modules of another class, error states, imports, builtins, and which nan it is."""

from __future__ import annotations

import builtins
import sys

import numpy as np
import pytest
from test_attacks_on_reuse import OFTEN, X, agree

import gradwise as gw
from gradwise.tracing.purity import inspect_function

ANSWERING = """
BOX = {'k': 2.0}
class Names(dict):
    def __missing__(self, name):
        if name in BOX: return BOX[name]
        raise KeyError(name)
class Twice(dict):
    def __getitem__(self, name):
        return BOX['k'] if name == 'k' else dict.__getitem__(self, name)
"""
MODULE = "import sys, types\nm = types.ModuleType('m')\nm.k = 2.0\nsys.modules['gw_attacked'] = m\n"
NAN = "k, L, far = 1.0, [1.0, 2.0, 4.0], [0.5] * 300\n"
#: name: source, changes
CASES = {
    "globals that answer for what is missing": (
        ANSWERING
        + "g = Names(np=np)\nexec('def f(x):\\n    try:\\n        c = k\\n    except NameError:\\n        c = 5.0\\n    return c * np.sum(x**2)', g)\nf = g['f']",
        ["BOX['k'] = 3.0", "del BOX['k']"],
    ),
    "globals that answer otherwise": (
        ANSWERING + "g = Twice(np=np, k=2.0)\nexec('def f(x):\\n    return k * np.sum(x**2)', g)\nf = g['f']",
        ["BOX['k'] = 3.0"],
    ),
    "a helper with such globals": (
        ANSWERING
        + "g = Names(np=np)\nexec('def h():\\n    return k', g)\nh = g['h']\ndef f(x):\n    return h() * np.sum(x**2)",
        ["BOX['k'] = 3.0"],
    ),
    "a module of another class": (
        MODULE + "def f(x):\n    return m.k * np.sum(x**2)",
        [
            "class M(types.ModuleType):\n    k = property(lambda self: 5.0)\nm.__class__ = M",
            "m.__class__ = types.ModuleType",
        ],
    ),
    "underflow is reported": (
        "k = 1.0\ndef f(x):\n    return np.sum(np.exp(-2000.0 * k * x**2)) + np.sum(x)",
        ["np.seterr(under='raise')", "np.seterr(under='warn')", "np.seterr(under='ignore')"],
    ),
    "underflow of numbers is reported": (
        "k = 1.0\ndef f(x):\n    return x[0] * 1e-170 * (x[1] * 1e-170) + np.sum(k * x)",
        ["np.seterr(under='raise')", "k = 2.0", "np.seterr(under='ignore')"],
    ),
    "underflow is reported in the function": (
        "k = 1.0\ndef f(x):\n    with np.errstate(under='raise'):\n        try:\n            return np.sum(np.exp(-k * x**2))\n        except FloatingPointError:\n            return np.sum(x)",
        ["k = 1e4", "k = 1.0"],
    ),
    "all errors are reported in the function": (
        "k = 1.0\ndef f(x):\n    with np.errstate(all='raise'):\n        return np.sum(np.exp(-k * x**2))",
        ["k = 1e4", "k = 1.0"],
    ),
    "imports by another function": (
        MODULE
        + "import builtins\nold = builtins.__import__\ndef f(x):\n    import gw_attacked\n    return gw_attacked.k * np.sum(x**2)",
        [
            "def new(name, *rest):\n    return types.SimpleNamespace(k=7.0) if name == 'gw_attacked' else old(name, *rest)\nbuiltins.__import__ = new",
            "builtins.__import__ = old",
        ],
    ),
    "builtins of functions that it makes": (
        "import builtins\nk = -2.0\ndef f(x):\n    g = lambda: abs(k)\n    return g() * np.sum(x**2)",
        ["__builtins__ = dict(vars(builtins), abs=lambda v: 9.0)", "__builtins__ = builtins"],
    ),
    "builtins of texts that it evaluates": (
        "import builtins\nk = -2.0\ndef f(x):\n    return eval('abs(k)') * np.sum(x**2)",
        ["__builtins__ = dict(vars(builtins), abs=lambda v: 9.0)", "__builtins__ = builtins"],
    ),
    "a nan is in a list that holds it, another is not": (
        NAN + "def f(x):\n    return np.sum(x**2) * (2.0 if k in L else 3.0)",
        ["L[2] = k = float('nan')", "k = float('nan')", "L[2] = k", "L[2] = float('nan')", "k = 2.0"],
    ),
    "a nan in a long list": (
        NAN + "def f(x):\n    return np.sum(x**2) * (2.0 if k in far else 3.0)",
        ["far[7] = k = float('nan')", "far[7] = float('nan')", "k = far[7]", "k = 0.5"],
    ),
    "lists with a nan that are equal": (
        NAN + "M = [1.0, 2.0, 4.0]\ndef f(x):\n    return np.sum(x**2) * (2.0 if L == M else 3.0)",
        ["L[2] = M[2] = float('nan')", "L[2] = float('nan')", "M[2] = L[2]"],
    ),
}


@pytest.fixture(autouse=True)
def as_they_were():
    errors, hook = np.geterr(), builtins.__import__
    yield
    np.seterr(**errors)
    builtins.__import__ = hook
    sys.modules.pop("gw_attacked", None)


@pytest.mark.filterwarnings("ignore:underflow:RuntimeWarning")
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("operator", [gw.grad, gw.hessian])
def test_what_surrounds_names_and_numbers_is_seen(name, operator):
    source, changes = CASES[name]
    agree(source, changes, OFTEN, f"<{name} {operator.__name__}>", operator)


def test_a_nan_that_a_list_holds_is_found_by_identity():
    source = NAN + "def f(x):\n    return np.sum(x**2) * (2.0 if k in L else 3.0)"
    space = {"np": np}
    exec(source, space)
    gradient = gw.grad(space["f"], check=False)
    for _ in range(5):
        np.testing.assert_allclose(gradient(X), 4.0 * X)
    space["L"][2] = space["k"] = float("nan")
    for _ in range(5):
        np.testing.assert_allclose(gradient(X), 4.0 * X)
    space["k"] = float("nan")
    for _ in range(5):
        np.testing.assert_allclose(gradient(X), 6.0 * X)


def test_an_underflow_is_raised_by_compiled_functions_too():
    f = gw.compile(lambda x: np.sum(np.exp(-2000.0 * x**2)))
    for _ in range(6):
        f(X)
    with np.errstate(under="raise"), pytest.raises(FloatingPointError):
        f(X)


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    with np.errstate(divide='raise', under='ignore'):\n        return np.sum(x**2)",
        "def f(x):\n    import math\n    return math.pi * np.sum(x**2)",
        "def f(x):\n    return sum([abs(v) for v in (lambda: x)()])",
    ],
    ids=["error states", "imports", "functions that it makes"],
)
def test_what_is_ordinary_is_still_proved(source):
    space = {"np": np}
    exec(source, space)
    assert inspect_function(space["f"], [X], {}).is_pure
