"""Programs that repeat themselves are written as Python loops: every bit must be that of the equations one by one, and of the function itself (``execution/loops.py``)."""

import math

import numpy as np
import pytest
from loop_functions import (
    FUNCTIONS,
    absorbing,
    backwards,
    changing_places,
    decided,
    divided,
    filled,
    kinked,
    lorenz,
    matrix,
    network,
    pairs,
    pendulum,
    rosenbrock,
)

import gradwise as gw
from gradwise.execution import straight_line as module
from gradwise.execution.function_text import FunctionText
from gradwise.execution.sequences import as_list
from gradwise.execution.straight_line import TooLong, straight_line
from gradwise.operators.arguments import Arguments
from gradwise.operators.engine import linearize_call
from gradwise.operators.reuse.expected import holds_as
from gradwise.operators.shortcuts import ENOUGH, PATIENCE
from gradwise.program import Program
from gradwise.transforms.forward import pushforward
from gradwise.transforms.simplify import simplify


def points(f):
    rng = np.random.default_rng(len(f.__name__))
    n = 12 if f is network else 24
    yield from (0.5 + 0.1 * rng.standard_normal(n) for _ in range(2))
    yield rng.standard_normal(n)
    yield 3.0 * rng.standard_normal(n)
    yield np.full(n, 0.3)
    far = rng.standard_normal(n)
    far[5] = 1e80
    yield far
    lost = rng.standard_normal(n)
    lost[n // 2] = np.nan
    yield lost


def joint(f, x):
    """The function and its gradient as one program, and the values that it captures."""
    linearization = linearize_call(f, Arguments(f, (0,), (x,), {}, "grad"))
    derivative, program = linearization.prepared("gradient").derivative, linearization.program
    results = [r for r in derivative.results if r is not None]
    whole = Program(program.name, program.inputs, program.captured, [*program.equations, *derivative.equations], (*program.outputs, *results), derivative.types, program.guards)  # fmt: skip
    tape = linearization.recording.tape
    return simplify(whole), len(program.types), [tape.values[i] for i in tape.captured]


def tangent(f, x):
    """The function and its tangent along (1, 1, …) as one program."""
    linearization = linearize_call(f, Arguments(f, (0,), (x,), {}, "grad"))
    program = linearization.program
    derivative = pushforward(program, program.inputs)
    tape = linearization.recording.tape
    (vector,) = derivative.vectors
    whole = Program(program.name, program.inputs, (*program.captured, vector), [*program.equations, *derivative.equations], (*program.outputs, *derivative.results), derivative.types, program.guards)  # fmt: skip
    return simplify(whole), len(program.types), [*[tape.values[i] for i in tape.captured], np.ones(len(x))]


def written(program, watched, constants, *, loops):
    text = FunctionText(["x"])
    before = module.MANY
    module.MANY = 0 if loops else 10**9
    try:
        found = straight_line(program, text, [("x", False)], constants, watched=watched, holds=holds_as)
    finally:
        module.MANY = before
    text.give(f"({', '.join(w.text for w in found)},)")
    return text.compiled(program.name), text.lines


def outcome(function, x):
    try:
        with np.errstate(all="ignore"):
            return function(x)
    except ArithmeticError as error:
        return type(error)


def assert_same(ours, theirs):
    if isinstance(theirs, tuple):
        assert isinstance(ours, tuple)
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert type(a) is type(b)
            np.testing.assert_array_equal(np.atleast_1d(a).view(np.int64), np.atleast_1d(b).view(np.int64))
    else:
        assert ours is theirs


@pytest.mark.parametrize("form", [joint, tangent])
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_every_bit_is_that_of_the_equations_one_by_one(f, form):
    first, *others = points(f)
    program, watched, constants = form(f, first)
    one_by_one, long = written(program, watched, constants, loops=False)
    rolled, short = written(program, watched, constants, loops=True)
    if f not in (absorbing, matrix, pairs) or form is joint:
        assert any(line.strip().startswith("for ") for line in short)
        assert len(short) < len(long)
    computed = 0
    for x in (first, *others):
        theirs = outcome(one_by_one, x)
        assert_same(outcome(rolled, x), theirs)
        computed += isinstance(theirs, tuple)
    assert computed


def test_what_is_not_finite_on_the_way_is_seen():
    """1/(1 + ∞) is 0, and NumPy would have warned of the ∞."""
    x = np.linspace(0.1, 0.2, 40)
    program, watched, constants = joint(absorbing, x)
    rolled, _ = written(program, watched, constants, loops=True)
    assert rolled(x) is not None
    for k in (3, 17, 38, 39):
        y = x.copy()
        y[k] = 1e30
        assert rolled(y) is None


@pytest.mark.parametrize("size", [3, 30])
def test_sums_into_entries_that_overflow_are_seen(size):
    def f(x):
        z = np.zeros(size)
        for k in range(40):
            np.add.at(z, k % size, x[k] * 2.0)
        return 1.0 / z[1]

    x = np.linspace(0.1, 0.2, 40)
    program, watched, constants = joint(f, x)
    rolled, lines = written(program, watched, constants, loops=True)
    assert any(line.strip().startswith("for ") for line in lines)
    assert rolled(x)[0] == f(x)
    x[[1, 2, 31]] = 0.8e308, -0.8e308, 0.8e308  # each is finite, and so are their sum and 1 / inf
    assert not isinstance(outcome(rolled, x), tuple)


def test_a_step_that_decides_otherwise_is_seen():
    x = np.linspace(0.5, 0.6, 40)
    program, watched, constants = joint(filled, x)
    rolled, _ = written(program, watched, constants, loops=True)
    assert rolled(x) is not None
    inside = rolled(x)
    assert_same(rolled(x), inside)
    seen = 0
    for k in (2, 20, 38):
        y = x.copy()
        y[k - 1 : k + 1] = 1.5
        y[0] = 7.0 if k == 2 else y[0]
        expected = filled(y)
        found = rolled(y)
        seen += found is None
        assert found is None or found[0] == expected
    assert seen


def test_a_text_that_would_be_too_long_is_not_written():
    def irregular(x):
        s = x[0]
        for i in range(400):
            for _ in range(i % 7 * (i % 3)):
                s = math.sin(s) if i % 5 else s * 1.01
        return s

    program, watched, constants = joint(irregular, np.array([0.5]))
    limit, module.LONG = module.LONG, 100
    try:
        with pytest.raises(TooLong):
            written(program, watched, constants, loops=True)
    finally:
        module.LONG = limit


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["r1[0]", "r1[1]", "r1[2]"], "r1[0:3:1]"),
        (["r1[2]", "r1[1]", "r1[0]"], "r1[2::-1]"),
        (["r1[8]", "r1[6]", "r1[4]"], "r1[8:2:-2]"),
        (["v3", "r1[0]", "r1[1]", "0.5"], "[v3, *r1[0:2:1], 0.5]"),
        (["r1[0]", "r2[1]", "r1[1]"], "[r1[0], r2[1], r1[1]]"),
        (["r1[4]", "r1[4]", "r1[4]"], "[r1[4], r1[4], r1[4]]"),
        (["r1[1]", "r1[2]", "r1[4]"], "[*r1[1:3:1], r1[4]]"),
    ],
)
def test_entries_of_lists_are_taken_together(texts, expected):
    names = {"r1": [k * 10 for k in range(12)], "r2": [k * 7 for k in range(12)], "v3": 3}
    assert as_list(texts) == expected
    assert list(eval(expected, names)) == [eval(text, names) for text in texts]


LONG = [
    (pendulum, 3),
    (lorenz, 4),
    (changing_places, 6),
    (rosenbrock, 200),
    (filled, 150),
    (kinked, 60),
    (decided, 5),
    (backwards, 150),
    (divided, 150),
]


@pytest.mark.parametrize(("f", "size"), LONG, ids=[f.__name__ for f, _ in LONG])
def test_gradients_of_long_loops(f, size):
    """Against the run itself, before, when and after the loop is written."""
    rng = np.random.default_rng(size)
    value_and_grad = gw.value_and_grad(f)
    for call in range(PATIENCE + ENOUGH + 8):
        x = 0.5 + 0.05 * rng.standard_normal(size)
        value, slope = value_and_grad(x)
        assert value == f(x)
        if call % 5 == 0 or call > PATIENCE + ENOUGH:
            np.testing.assert_allclose(slope, gw.grad(f, pure=False)(x), rtol=1e-12, atol=1e-12)


def test_kinks_in_long_loops_are_warned_of():
    def f(x):
        s = 0.0
        for v in x:
            s = s + abs(v - 0.25) * v
        return s

    gradient = gw.grad(f)
    for k in range(PATIENCE + ENOUGH + 8):
        x = np.linspace(0.3, 0.9, 120) + 0.001 * k
        np.testing.assert_allclose(gradient(x), 2 * x - 0.25, rtol=1e-13)
    x[77] = 0.25
    with pytest.warns(gw.KinkWarning) as seen:
        found = gradient(x)
    assert seen[0].filename == __file__
    assert found[77] == 0.0
    np.testing.assert_allclose(np.delete(found, 77), np.delete(2 * x - 0.25, 77), rtol=1e-13)
