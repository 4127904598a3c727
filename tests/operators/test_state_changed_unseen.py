"""What code changes that no run sees: after each derivative all is as after as many plain calls of another copy of the module, values and slopes too."""

import importlib.util
import os
import random
import sys
import warnings
from itertools import count

import numpy as np
import pytest
from unseen_programs import PROGRAMS

import gradwise as gw

POINTS = [np.array(p) for p in ([0.7, 1.3], [0.7, 1.3], [0.9, 1.1], [0.4, 1.7], [0.9, 1.1])]
#: of which the derivative is numerical, and says so
NUMERICAL = {name for name in PROGRAMS if name.startswith("numerical")} | {
    "del_count",
    "del_count_global",
    "index_count",
    "del_order",
}

_numbers = count()


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A new copy of a module, in the process as it was at first."""
    monkeypatch.chdir(tmp_path)
    limit, options, errors = sys.getrecursionlimit(), np.get_printoptions(), np.geterr()

    def load(name):
        module_name = f"unseen_{next(_numbers)}"
        path = tmp_path / f"{module_name}.py"
        path.write_text(PROGRAMS[name], encoding="utf-8")
        spec = importlib.util.spec_from_file_location(module_name, path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, module_name, module)
        spec.loader.exec_module(module)
        np.set_printoptions(**options)
        np.seterr(**errors)
        random.seed(4)
        if hasattr(module, "reset"):
            module.reset()
        return module

    yield load
    sys.setrecursionlimit(limit)
    np.set_printoptions(**options)
    np.seterr(**errors)


def expected(load, name):
    """The values, states and slopes of plain calls."""
    module = load(name)
    found = [(float(module.f(p.copy())), repr(module.state())) for p in POINTS]

    def at(k, x):
        module = load(name)
        for p in POINTS[:k]:
            module.f(p.copy())
        return float(module.f(x))

    h = 1e-5
    slopes = [
        [(at(k, p + h * e) - at(k, p - h * e)) / (2 * h) for e in np.eye(2)] if k % 2 else None
        for k, p in enumerate(POINTS)
    ]
    return found, slopes


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_derivative_leaves_what_one_plain_call_leaves(name, fresh):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, slopes = expected(fresh, name)
    module = fresh(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("ignore" if name in NUMERICAL else "error", gw.NumericalFallbackWarning)
        for p, (value, state), slope in zip(POINTS, found, slopes, strict=True):
            result, gradient = gw.value_and_grad(module.f)(p.copy())
            assert repr(module.state()) == state
            assert result == pytest.approx(value, rel=1e-12)
            if slope is not None:
                assert gradient == pytest.approx(slope, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", ["hash_count_globallist", "mock_count", "pickle_reduce"])
def test_a_function_that_cannot_be_traced_leaves_it_too(name, fresh):
    """One that is called numerically, from the state before each call."""
    module = fresh(name)
    plain = fresh(name)
    for p in POINTS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gw.NumericalFallbackWarning)
            result, _ = gw.value_and_grad(lambda x: module.f(np.frombuffer(x.tobytes())) + 0 * x[0])(p.copy())
        assert result == pytest.approx(float(plain.f(p.copy())), rel=1e-12)
        assert repr(module.state()) == repr(plain.state())


def test_other_threads_keep_what_they_write():
    """What is put back is what a look changed: entries that it did not touch stay the objects that they are."""
    kept = {"a": [1.0], "n": 0}
    entry = kept["a"]

    class Key:
        def __hash__(self):
            kept["n"] += 1
            return 1

    key = Key()

    def f(x):
        return {key: x[0]}[key] ** 2

    gw.grad(f)(np.array([0.7]))
    assert kept["n"] == 2
    assert kept["a"] is entry
    assert os.environ is not None
