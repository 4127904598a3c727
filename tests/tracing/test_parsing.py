"""Source that was compiled before is parsed and compiled again, silently, and also where the interpreter miscounts because two threads parse at once."""

import ast
import math
import warnings

import numpy as np
import pytest

import gradwise as gw
from gradwise.tracing.instrument.parsing import parsed


def miscounting(monkeypatch, failures):
    """``ast.parse`` fails the first times, as it does where another thread parses too; the list counts its calls."""
    parse, calls = ast.parse, []

    def fails(*args, **kwargs):
        calls.append(args)
        if len(calls) <= failures:
            raise SystemError("AST constructor recursion depth mismatch (before=72, after=63)")
        return parse(*args, **kwargs)

    monkeypatch.setattr(ast, "parse", fails)
    return calls


def test_a_miscount_is_parsed_again(monkeypatch):
    calls = miscounting(monkeypatch, 3)
    assert ast.dump(parsed("a + 1", mode="eval")) == ast.dump(
        ast.Expression(ast.BinOp(ast.Name("a", ast.Load()), ast.Add(), ast.Constant(1)))
    )
    assert len(calls) == 4


def test_a_gradient_survives_a_miscount(monkeypatch):
    def f(x):
        z = np.zeros(2)
        z[0] = float(x) ** 2
        z[1] = eval("float(x) * 3.0")
        return z.sum()

    calls = miscounting(monkeypatch, 2)
    assert gw.grad(f, method="exact")(2.0) == 7.0
    assert len(calls) >= 3


def test_a_failure_that_stays_is_raised(monkeypatch):
    calls = miscounting(monkeypatch, 10**9)
    with pytest.raises(SystemError, match="recursion depth mismatch"):
        parsed("a + 1")
    assert 10 < len(calls) < 1000


def test_wrong_text_is_a_syntax_error_at_once(monkeypatch):
    calls = miscounting(monkeypatch, 0)
    with pytest.raises(SyntaxError):
        parsed("a +")
    assert len(calls) == 1


WARNS = """
import math

def angle(x):
    "Of \\\\mu and \\\\sigma."
    parts = []
    for n in (1, 2):
        assert (n, "is never false")
        parts.append(math.sin(n * x) if n is not 1000 else 0.0)
    return float(sum(parts))
"""


@pytest.mark.parametrize("action", ["error", "always"])
def test_what_the_compiler_warned_of_is_not_said_again(tmp_path, action):
    file = tmp_path / "warns.py"
    file.write_text(WARNS.replace("\\\\", "\\"))
    space: dict = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(file.read_text(), str(file), "exec"), space)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter(action)
        assert gw.grad(space["angle"])(0.3) == pytest.approx(math.cos(0.3) + 2 * math.cos(0.6), rel=1e-14)
        assert "instrumented copies of angle" in str(gw.explain(space["angle"], 0.3))
    assert [str(w.message) for w in seen] == []
