"""Everything that a function reads may change between two calls: what is remembered of it must never be used then.

The reference is the same function run at each call; the function is also promised to be pure, which leaves what it reads as data to be seen.
"""

from __future__ import annotations

import linecache
import math
import os

import numpy as np
import pytest
from readers import READERS

import gradwise as gw

X = np.array([0.3, -0.7, 1.1])
SHAPES = [
    "def f(x):\n    return np.sum(x**2) * ({})\n",
    "def f(x):\n    total = 0.0\n    for number in x:\n        total += math.sin(number) * ({})\n    return total\n",
]
#: a random draw, the next entry of an iterator: the second shape asks for several, and a promise of purity would be broken
DRAWS = ["generator", "itertools count", "zip exhausted", "map exhausted"]
#: what is not data (links between classes and objects, flags, compiled functions): a promise of purity covers it
PROMISED = ["mro", "subclasses", "ufunc from user", "same array twice", "read-only property of array", "defaultdict", "docstring", "function name"]  # fmt: skip


def outcomes(name, shape, pure, calls):
    gw.clear_caches()
    before, expression, changes = READERS[name]
    source = "import math\nimport numpy as np\n" + before + "\n" + shape.format(expression)
    file = f"<reader {name} {len(shape)} {pure}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    space = {"__name__": "reader"}
    exec(compile(source, file, "exec", dont_inherit=True), space)
    gradient = gw.grad(space["f"], pure=pure, check=False)
    found = []
    for change in (None, *changes):
        exec(change or "", space)
        found += [(change, gradient(X * (1 + 0.01 * k))) for k in range(calls)]
    return found


@pytest.fixture(autouse=True)
def as_they_were():
    places = [(np, "cosh"), (np.linalg, "det"), (math, "erf")]
    before = [getattr(owner, name) for owner, name in places]
    errors = np.geterr()
    yield
    for (owner, name), function in zip(places, before, strict=True):
        setattr(owner, name, function)
    np.seterr(**errors)
    os.environ.pop("GW_ADV", None)


def compare(name, shape, pure, calls):
    ours, theirs = outcomes(name, shape, pure, calls), outcomes(name, shape, False, calls)
    for (change, a), (_, b) in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, err_msg=str(change))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", READERS)
def test_never_stale(name):
    if "pandas" in name:
        pytest.importorskip("pandas")
    for shape in SHAPES[: 1 if name in DRAWS else 2]:
        compare(name, shape, None, 4)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [n for n in READERS if n not in DRAWS + PROMISED])
def test_a_promise_leaves_data_to_be_seen(name):
    if "pandas" in name:
        pytest.importorskip("pandas")
    compare(name, SHAPES[0], True, 4)
