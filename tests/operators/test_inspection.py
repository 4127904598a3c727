"""The printed program, the explanation and the kinks, to the letter."""

from __future__ import annotations

import json
import textwrap

import numpy as np
import pytest

import gradwise as gw
from gradwise.program.check import check_program

SOURCE = """\
def loss(x, y=1.5):
    z = np.sin(x) * SCALE
    z[0] = 0.0
    if z[1] > 0:
        z = z / y
    return np.sum(z**2)

def layers(p, n):
    h = np.tanh(p["w"] @ n + p["b"])
    return {"h": h, "top": np.max(h)}

def clipped(x):
    a = np.abs(x)
    b = np.maximum(x, 0.0)
    return np.sum(a + b)

def counted(x):
    total = 0.0
    for k in range(int(x)):
        total = total + x
    return total

def picked(x):
    return x[np.argmax(x)] + np.sort(x)[0]

def escapes(x):
    y = x * 2
    return math.exp(y)

def nested(x):
    return gw.grad(lambda y: y**2 * x)(x)
"""

SPACE: dict = {}


def _load():
    import math

    SPACE.update(np=np, gw=gw, math=math, SCALE=np.array([2.0, 3.0]))
    exec(compile(SOURCE, "project/model.py", "exec"), SPACE)


_load()
X = np.array([1.0, 2.0])


def text(value):
    return "\n".join(line.rstrip() for line in str(value).splitlines())


def expect(found, expected):
    assert text(found) == textwrap.dedent(expected).strip("\n")


def test_a_program():
    program = gw.trace(SPACE["loss"], X)
    check_program(program)
    expect(
        program,
        """
        loss(x: f64[2])
          captured: a: f64[2], b: f64, c: f64, d: f64
          e: f64[2] = sin(x)      # model.py:2
          f: f64[2] = mul(e, a)      # model.py:2
          g: f64[2] = scatter_set(f, b; key=[0])      # model.py:3
          h: f64 = getitem(g; key=[1])      # model.py:4
          i: bool = greater(h, c)      # model.py:4
          j: f64[2] = div(g, d)      # model.py:5
          k: f64[2] = power(j; exponent=2)      # model.py:6
          l: f64 = sum(k; axes=(0,), keepdims=False)      # model.py:6
        returns l
        guards:
          bool(i) == True      # model.py:4
        """,
    )
    assert repr(program) == str(program)
    assert program.equations[0].source == ("project/model.py", 2)
    assert program.guards[0].source == ("project/model.py", 4)
    assert len(program) == 8


def test_a_prompt_shows_the_ends_of_a_long_program():
    def long(x):
        for k in range(100):
            x = np.sin(x) if x > -k else x
        return x

    shown = repr(gw.trace(long, 1.0)).splitlines()
    assert shown[0] == "long(x: f64)"
    assert "… 160 equations more: print(program) shows all" in "\n".join(shown)
    assert "… 60 guards more: print(program) shows all" in "\n".join(shown)
    assert len(shown) < 100
    whole = str(gw.trace(long, 1.0)).splitlines()
    assert len(whole) > 300
    assert [line for line in shown if "more: print" not in line and line not in whole] == []


def test_a_prompt_shows_an_explanation_as_text():
    explanation = gw.explain(np.sin, 1.0)
    assert repr(explanation) == str(explanation)
    assert repr(explanation).startswith("sin: traced\n  why: ")


def test_a_program_of_containers_keeps_the_names_of_their_leaves():
    program = gw.trace(
        SPACE["layers"], {"w": np.ones((3, 2), np.float32), "b": np.zeros(3, np.float32)}, np.ones(2, np.float32)
    )
    check_program(program)
    expect(
        program,
        """
        layers(p['b']: f32[3], p['w']: f32[3,2], n: f32[2])
          a: f32[3] = matmul(p['w'], n)      # model.py:9
          b: f32[3] = add(a, p['b'])      # model.py:9
          c: f32[3] = tanh(b)      # model.py:9
          d: f32 = max(c; axes=(0,), keepdims=False)      # model.py:10
        returns c, d
        guards: none
        """,
    )


def test_a_loop_and_its_guard():
    expect(
        gw.trace(SPACE["counted"], 2.5),
        """
        counted(x: f64)
          captured: a: f64
          b: f64 = add(a, x)      # model.py:20
          c: f64 = add(b, x)      # model.py:20
        returns c
        guards:
          int(x) == 2.5      # model.py:19
        """,
    )


def test_arguments_that_are_no_numbers_are_left_out():
    program = gw.trace(lambda x, name, flag: x * 2.0 if flag else x, X, "text", True)
    assert len(program.inputs) == 1
    program = gw.trace(lambda x, k: x * k, X, k=3.0)
    assert len(program.inputs) == 1
    assert len(program.captured) == 1


def test_a_point_given_by_name_moves():
    program = gw.trace(lambda x, y: x * y, y=2.0, x=3.0)
    assert [program.labels[v] for v in program.inputs] == ["y", "x"]
    assert len(gw.kinks(lambda x: np.abs(x), x=np.array([0.0, 1.0]))) == 1
    assert gw.explain(lambda x: np.abs(x), x=0.0).kinks


def test_captured_arrays_are_inputs_and_no_literals():
    program = gw.trace(SPACE["loss"], X)
    assert next(program.types[v] for v in program.captured).shape == (2,)
    assert not any("2.0" in text(e) for e in program.equations)


def test_the_program_of_a_nested_derivative_is_in_the_language_too():
    program = gw.trace(SPACE["nested"], 1.5)
    check_program(program)
    assert {e.source[0] for e in program.equations if e.source} == {"project/model.py"}
    assert {e.source[1] for e in program.equations if e.source} == {31}


def test_an_explanation():
    found = gw.explain(SPACE["loss"], X)
    expect(
        found,
        """
        loss: traced
          why: every operation on the arguments has an exact rule
          program: 8 equations; pullback: 10 equations
          primitives: div, getitem, greater, mul, power, scatter_set, sin, sum
          guards:
            bool is True  (project/model.py:4)
          captured:
            f64[2]
            f64 × 3
          kinks: none
          memory kept for the derivative: 64 bytes
          code: hooks in the bytecode, since its source is not at hand: loss
          verified: when it is first differentiated
          reuse: proved pure by its code: from its third call on with one form of arguments, its program runs in its place while its guards hold
          writes: to nothing that was there before the call
        """,
    )
    as_dict = found.to_dict()
    assert json.loads(json.dumps(as_dict)) == as_dict
    assert as_dict["primitives"] == {
        "div": 1,
        "getitem": 1,
        "greater": 1,
        "mul": 1,
        "power": 1,
        "scatter_set": 1,
        "sin": 1,
        "sum": 1,
    }
    assert as_dict["equations"] == 8
    assert as_dict["path"] == "traced"


def test_a_long_explanation_is_shortened():
    def stairs(x):
        total = 0.0
        for k in range(60):
            total = total + x[0] * np.ones(k % 3 + 1)[0] * float(int(k * x[1]))
        return total

    found = gw.explain(stairs, np.array([0.3, 1.01]))
    text = str(found)
    assert len(found.guards) == 60
    assert len(found.captured) > 60
    lines = text.splitlines()
    assert len(lines) < 60
    (left,) = (line for line in lines if "more: to_dict() has all" in line)
    shown = [line for line in lines if " is " in line and "test_inspection.py" in line]
    assert len(shown) == 19
    assert left.split()[2] == "41"


def test_an_explanation_of_what_cannot_be_traced(monkeypatch):
    monkeypatch.setenv("GRADWISE_REWRITE", "0")
    found = gw.explain(SPACE["escapes"], 1.0)
    assert found.path == "not traced"
    assert str(found).startswith("escapes: not traced\n  why: converting to a plain float")
    assert str(found).endswith("at project/model.py:28")
    assert json.loads(json.dumps(found.to_dict()))["path"] == "not traced"


def test_kinks():
    found = gw.kinks(SPACE["clipped"], np.array([0.0, 0.0, 1.0]))
    assert [str(k) for k in found] == [
        "project/model.py:13: abs at 0 (slope taken as 0) (2 entries)",
        "project/model.py:14: a tie in maximum (2 entries)",
    ]
    assert [(k.primitive, k.filename, k.lineno, k.entries) for k in found] == [
        ("abs", "project/model.py", 13, 2),
        ("maximum", "project/model.py", 14, 2),
    ]
    assert gw.kinks(SPACE["clipped"], np.array([1.0, -1.0])) == []
    assert [k.primitive for k in gw.kinks(SPACE["picked"], np.array([1.0, 1.0, 2.0]))] == ["sort"]
    assert gw.kinks(lambda x: np.linalg.norm(x), np.zeros(2)) != []
    assert gw.kinks(lambda x: np.clip(x, 0.0, 1.0), 1.0) != []
    assert gw.explain(SPACE["clipped"], np.zeros(2)).to_dict()["kinks"] == [
        str(k) for k in gw.kinks(SPACE["clipped"], np.zeros(2))
    ]


def test_conventions_at_kinks():
    with pytest.warns(gw.KinkWarning):
        assert gw.grad(np.abs)(0.0) == 0.0
    gw.clear_caches()
    with pytest.warns(gw.KinkWarning):
        assert gw.grad(lambda x: np.maximum(x, 0.0))(0.0) == 0.0
    assert gw.grad(lambda x: np.maximum(x, x + 0.0))(1.0) == 1.0  # a tie of equal slopes is no kink
    gw.clear_caches()
    with pytest.warns(gw.KinkWarning, match="passes through a kink"):
        assert gw.grad(lambda x: np.maximum(x, 0.0) - np.maximum(-x, 0.0))(0.0) == 0.0


def test_a_kink_is_warned_of_once_a_line():
    import warnings

    gw.clear_caches()
    f = lambda x: np.abs(x) * 2.0
    with pytest.warns(gw.KinkWarning) as caught:
        gw.grad(f)(0.0)
    assert caught[0].filename.endswith("test_inspection.py")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gw.grad(f)(0.0)
        gw.grad(lambda x: np.sum(np.abs(x) * np.array([0.0, 1.0])))(
            np.array([0.0, 1.0])
        )  # no cotangent reaches the kink


def test_reports_have_text():
    for value in (
        gw.explain(SPACE["loss"], X),
        gw.kinks(SPACE["clipped"], X * 0)[0],
        gw.trace(SPACE["loss"], X).equations[0],
        gw.trace(SPACE["loss"], X).guards[0],
    ):
        assert repr(value)
        assert str(value)


def test_how_the_code_was_seen_and_whether_it_was_verified():
    def helper(v):
        return float(v) ** 2

    def watched(x):
        return helper(x[0]) + x[1]

    def protocols(x):
        return np.sum(x**2)

    def prints(x):
        print(x[0])
        return x[0] ** 2

    def inner(f):
        return gw.explain(f, X).code

    assert "; ".join(inner(watched)).startswith("instrumented copies of test_how_the_code")
    assert "helper" in inner(watched)[0]
    assert inner(protocols) == ["as it stands, by NumPy's protocols"]
    assert gw.explain(watched, X).verified == "when it is first differentiated"
    gw.grad(watched)(X)
    assert gw.explain(watched, X).verified == "value and one directional derivative compared"
    assert "calls print" in gw.explain(prints, X).verified
    assert gw.explain(watched, X).to_dict()["verified"] == "value and one directional derivative compared"
