"""What a function writes to streams is written once, also where a run fails and begins again, or a numerical derivative follows it."""

from __future__ import annotations

import contextlib
import io
import sys
import types
from typing import Any

import numpy as np
import pytest

import gradwise as gw

_HEAD = """
import io
import itertools
import sys
import numpy as np
stream, raw = io.StringIO(), io.BytesIO()
buffer = np.array([0.1, 0.2, 0.3, 0.4])
square = buffer.reshape(2, 2)
seen = []
"""
#: a write to an array that others show, for which the first run begins again; and what no trace follows
_AGAIN = "buffer[1] = x[1]; extra = square[0, 1] ** 2"
_NUMERICAL = "extra = memoryview(np.asarray(x) * 1.0)[1] ** 2"
_WRITES = {
    "print": ("print('at', 1, sep='-')", "at-1\n"),
    "print without an end": ("print('at', end=''); print(2)", "at2\n"),
    "the standard output": ("sys.stdout.write('at\\n')", "at\n"),
    "print to it by name": ("print('at', file=sys.stdout, flush=True)", "at\n"),
}
_STREAMS = {
    "write": "stream.write('at')",
    "print": "print('at', len(stream.getvalue()), file=stream)",
    "writelines": "stream.writelines(['a', 't'])",
    "read back": "stream.write('at'); extra = extra * (1 + len(stream.getvalue()))",
    "bytes": "raw.write(b'at'); extra = extra * (1 + raw.tell())",
    "truncated": "stream.write('attic'); stream.seek(0); stream.truncate(len(seen) + 2); seen.append(1)",
}
_X = np.array([0.3, -0.5, 0.8])


def _module(way: str, write: str) -> dict[str, Any]:
    made = types.ModuleType("written_once")
    text = f"{_HEAD}\ndef f(x):\n    {way}\n    {write}\n    return np.max(x) + extra\n"
    exec(text, vars(made))
    return vars(made)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("name", _WRITES)
@pytest.mark.parametrize("way", [_AGAIN, _NUMERICAL], ids=["begun again", "numerical"])
def test_the_standard_output_is_written_once_a_call(name: str, way: str) -> None:
    write, text = _WRITES[name]
    module = _module(f"{write}; {way}", "pass")
    for _ in range(3):
        with contextlib.redirect_stdout(_Terminal()) as out:
            gradient = gw.grad(module["f"])(_X.copy())
        np.testing.assert_allclose(gradient, [0.0, -1.0, 1.0], atol=1e-6)
        assert out.getvalue() == text


class _Terminal(io.StringIO):
    """A stream that is not in memory, as far as anybody knows."""


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("name", _STREAMS)
@pytest.mark.parametrize("way", [_AGAIN, _NUMERICAL], ids=["begun again", "numerical"])
def test_streams_in_memory_hold_what_plain_calls_write(name: str, way: str) -> None:
    ours, plain = (_module(way, _STREAMS[name]) for _ in range(2))
    derivative = gw.value_and_grad(ours["f"])
    for k in range(4):
        x = _X + 0.01 * k
        value, gradient = derivative(x.copy())
        assert value == pytest.approx(plain["f"](x.copy()), rel=1e-12)
        assert np.isfinite(gradient).all()
        for each in ("stream", "raw", "seen"):
            held, wanted = ours[each], plain[each]
            if each == "seen":
                assert held == wanted
            else:
                assert (held.getvalue(), held.tell()) == (wanted.getvalue(), wanted.tell())


def test_what_a_run_says_beyond_what_was_said_is_written() -> None:
    """The text is another one after the failure: all of it is written."""
    module = _module("extra = 0.0", "pass")
    module["moods"] = iter("abcdefg")
    module["seen"] = module["moods"]
    text = "def g(x):\n    print(next(moods))\n    buffer[1] = x[1]\n    return np.max(x) + square[0, 1]\n"
    exec(text, module)
    with contextlib.redirect_stdout(_Terminal()) as out:
        gw.grad(module["g"])(_X.copy())
    assert out.getvalue() == "a\n"


def test_a_file_gets_each_line_once(tmp_path: Any) -> None:
    path = tmp_path / "log.txt"
    module = _module("extra = 0.0", "pass")
    with path.open("w") as file:
        module["log"] = file
        exec("def g(x):\n    log.write('at\\n')\n    buffer[1] = x[1]\n    return np.max(x) + square[0, 1]\n", module)
        for _ in range(3):
            np.testing.assert_allclose(gw.grad(module["g"])(_X.copy()), [0.0, 1.0, 1.0])
    assert path.read_text() == "at\n" * 3


def test_a_stream_of_the_users_own_is_written_to_as_print_does() -> None:
    """``print`` calls ``write`` for each part."""

    class Parts:
        def __init__(self) -> None:
            self.parts: list[str] = []

        def write(self, text: str) -> int:
            self.parts.append(text)
            return len(text)

    ours, plain = Parts(), Parts()
    f = "def g(x):\n    print('a', 'b', file=parts)\n    return np.sum(x ** 2)\n"
    for each, call in ((ours, gw.grad), (plain, lambda g: g)):
        module = _module("extra = 0.0", "pass")
        module["parts"] = each
        exec(f, module)
        call(module["g"])(_X.copy())
    assert ours.parts == plain.parts


def test_streams_are_themselves_again() -> None:
    before = sys.stdout, sys.stderr
    module = _module("print('at')", _NUMERICAL)
    with contextlib.redirect_stdout(_Terminal()), pytest.warns(gw.NumericalFallbackWarning):
        gw.grad(module["f"])(_X.copy())
    assert (sys.stdout, sys.stderr) == before


_TAKES = {
    "next": "extra = extra + next(levels)",
    "next in a function": "extra = extra + (lambda: next(levels))()",
    "next with a default": "extra = extra + next(levels, 0.0) + next(ended, 0.25)",
    "a loop": "\n    for level, _ in zip(levels, range(2)):\n        extra = extra + level",
    "send": "extra = extra + folding.send(0.4)",
    "several": "extra = extra + next(levels) * folding.send(next(levels))",
    "arrays": "extra = extra + 0.0 * next(rows)[0]",
    "iterators that are copied": "extra = extra + next(wheel) * next(ticks) + next(levels)",
}
_GENERATORS = """
def climbing():
    level = 0.1
    while True:
        level += 0.1
        yield level
def kept():
    level = 0.2
    while True:
        got = yield level
        level = 0.5 * level + (got or 0.0)
levels, folding, ended = climbing(), kept(), iter(())
wheel, ticks = itertools.cycle([0.2, 0.5, 0.3]), itertools.count(1)
rows = (np.zeros(2) for _ in range(99))
next(folding)
"""


@pytest.mark.parametrize("name", _TAKES)
def test_generators_are_taken_from_once_where_a_run_begins_again(name: str) -> None:
    def module() -> dict[str, Any]:
        made = types.ModuleType("taken_once")
        text = f"{_HEAD}{_GENERATORS}\ndef f(x):\n    extra = np.max(x)\n    {_TAKES[name]}\n    buffer[1] = x[1]\n    return extra * square[0, 1]\n"
        exec(text, vars(made))
        return vars(made)

    ours, plain = module(), module()
    for k in range(3):
        x = _X + 0.01 * k
        value, gradient = gw.value_and_grad(ours["f"])(x.copy())
        assert value == pytest.approx(plain["f"](x.copy()), rel=1e-12)
        np.testing.assert_allclose(gradient, [0.0, value / x[1], x[1]], rtol=1e-9)
        assert (next(ours["wheel"]), next(ours["ticks"])) == (next(plain["wheel"]), next(plain["ticks"]))
        if name != "arrays":  # which are not kept, and taken again
            assert (next(ours["levels"]), ours["folding"].send(0.1)) == (
                next(plain["levels"]),
                plain["folding"].send(0.1),
            )


def test_what_a_generator_returns_is_kept() -> None:
    module = _module("extra = 0.0", "pass")
    text = """
def ending():
    yield 0.5
    return 3.0
held = ending()
next(held)
def g(x):
    try:
        next(held)
    except StopIteration as end:
        factor = end.value
    buffer[1] = x[1]
    return factor * square[0, 1]
"""
    exec(text, module)
    value, gradient = gw.value_and_grad(module["g"])(_X.copy())
    assert value == 3.0 * _X[1]
    np.testing.assert_allclose(gradient, [0.0, 3.0, 0.0])
