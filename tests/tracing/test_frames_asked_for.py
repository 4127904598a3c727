"""Functions that answer for the frame that calls them, once the run has assigned traced attributes: globals() gave the names of a module of ours, and what was put there was lost."""

from __future__ import annotations

import importlib.util
import linecache
import sys
import types
import warnings
from typing import Any

import numpy as np
import pytest

import gradwise as gw

_HEAD = """
import collections, functools, inspect, sys, warnings
import numpy as np
class Box:
    pass
rate = 7.0
last = 0.3
def of_caller():
    frame = sys._getframe(1)
    return frame.f_locals["probe"] + frame.f_globals["rate"]
def named():
    return 1.0 + (inspect.currentframe().f_back.f_code.co_name == "f") + (inspect.stack()[1].function == "f")
"""
_FORMS = {
    "globals": "r = globals()['rate'] + ('last' in globals())",
    "globals, assigned": "globals()['last'] = 2.0 * x[0]; r = last",
    "globals, updated": "globals().update(last=3.0 * x[0]); r = last",
    "globals by another name": "names = globals; names()['last'] = 2.5; r = last",
    "globals in a lambda": "r = (lambda: globals()['rate'])()",
    "globals in a comprehension": "r = [globals()['rate'] for _ in range(2)][0]",
    "globals in a partial": "r = functools.partial(globals)()['rate']",
    "locals": "r = 1.0 + ('probe' in locals()) + 2 * ('absent' in locals())",
    "vars": "r = 1.0 + ('probe' in vars())",
    "dir": "r = 1.0 + ('probe' in dir())",
    "eval": "r = eval('probe + rate', globals(), locals())",
    "exec": "names = {}; exec('r = rate + 1', globals(), names); r = names['r']",
    "a frame": "r = sys._getframe().f_globals['rate'] + sys._getframe().f_locals['probe']",
    "a frame by name": "r = getattr(sys, '_getframe')().f_globals['rate']",
    "the current frame": "r = inspect.currentframe().f_globals['rate'] + (inspect.currentframe().f_code.co_name == 'f')",
    "the frame of the caller": "r = of_caller()",
    "the name of the caller": "r = named()",
    "an import": "r = float(__import__('math').pi)",
    "a named tuple": "r = float(len(collections.namedtuple('P', 'a b').__module__))",
    "a class by type": "r = float(len(type('T', (), {'k': 3}).__module__))",
    "a class of a given module": "r = float(len(type('T', (), {'__module__': 'elsewhere'}).__module__))",
}
_BEFORE = {
    "nothing": "pass",
    "an attribute": "b = Box(); b.v = x[0]",
    "lists": "b = Box(); b.v = [x]; b.w = {'a': x[1]}",
}


def _module(text: str, name: str, *, with_source: bool) -> types.ModuleType:
    made = types.ModuleType("asks_for_frames")
    file = f"<asks for frames: {name}>"
    if with_source:
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), vars(made))
    return made


@pytest.mark.parametrize("with_source", [True, False], ids=["source", "no source"])
@pytest.mark.parametrize("before", _BEFORE)
@pytest.mark.parametrize("form", _FORMS)
def test_they_answer_as_in_a_plain_call(form: str, before: str, *, with_source: bool) -> None:
    text = f"{_HEAD}\ndef f(x):\n    global last\n    probe = 2.0\n    {_BEFORE[before]}\n    {_FORMS[form]}\n    return r * np.max(x)\n"
    ours, plain = (_module(text, form + before, with_source=with_source) for _ in range(2))
    names = set(vars(sys.modules["gradwise.tracing.instrument.callees"]))
    for k in range(3):
        x = np.array([1.0, 2.0 + k])
        value, gradient = gw.value_and_grad(ours.f)(x)
        r = plain.f(x) / x[1]
        assert value == pytest.approx(r * x[1], rel=1e-13)
        assert gradient[1] == pytest.approx(r, rel=1e-12)
        assert ours.last == plain.last
    assert set(vars(sys.modules["gradwise.tracing.instrument.callees"])) == names


class Box:
    """Has attributes."""


def _warns(x: Any) -> Any:
    box = Box()
    box.v = x[0]
    warnings.warn("of this line", stacklevel=1)
    return box.v * 2


def test_warnings_name_the_users_line_once() -> None:
    derivative = gw.grad(_warns)
    line = _warns.__code__.co_firstlineno + 3
    for _ in range(4):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            derivative(np.array([2.0, 3.0]))
        assert [(w.filename, w.lineno) for w in caught] == [(__file__, line)]


_PANDAS = {
    "query": ("limit = 1.5; r = table.query('a > @limit')['b'].sum()", 11.0),
    "eval": ("weight = 2.0; r = table.eval('a * @weight + b').sum()", 27.0),
    "a function": ("weight = np.array([1.0, 2.0]); r = pd.eval('weight + 1').sum()", 5.0),
}


@pytest.mark.skipif(importlib.util.find_spec("pandas") is None, reason="pandas is not installed")
@pytest.mark.parametrize("form", _PANDAS)
@pytest.mark.parametrize("before", _BEFORE)
def test_pandas_finds_the_variables_of_the_user(form: str, before: str) -> None:
    line, expected = _PANDAS[form]
    table = "import pandas as pd\ntable = pd.DataFrame({'a': [1.0, 2.0, 3.0], 'b': [4.0, 5.0, 6.0]})\n"
    text = f"{_HEAD}{table}\ndef f(x):\n    {_BEFORE[before]}\n    {line}\n    return r * np.max(x)\n"
    f = _module(text, form + before, with_source=True).f
    for _ in range(3):
        np.testing.assert_allclose(gw.grad(f)(np.array([1.0, 2.0])), [0.0, expected], rtol=1e-12)
