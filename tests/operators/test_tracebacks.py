"""Tracebacks of a user's own mistakes show the user's frames; what raises did so once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import traceback
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import gradwise as gw

HERE = Path(__file__).name
OURS = str(Path(gw.__file__).parent)


def helper(x):
    raise RuntimeError(f"of {x.size} numbers")


def through_helper(x):
    return helper(x)


def frames(error):
    return [(Path(f.filename).name, f.name) for f in traceback.extract_tb(error.__traceback__)]


CALLS = {
    "grad": lambda f, x: gw.grad(f)(x),
    "value_and_grad": lambda f, x: gw.value_and_grad(f)(x),
    "jacobian": lambda f, x: gw.jacobian(f)(x),
    "hessian": lambda f, x: gw.hessian(f)(x),
    "hvp": lambda f, x: gw.hvp(f)(x, x),
    "jvp": lambda f, x: gw.jvp(f, (x,), (x,)),
    "vjp": lambda f, x: gw.vjp(f, x),
    "nested": lambda f, x: gw.grad(lambda v: gw.grad(f)(v).sum())(x),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_frames_of_a_mistake_are_the_users(name):
    with pytest.raises(RuntimeError, match="of 3 numbers") as caught:
        CALLS[name](through_helper, np.ones(3))
    found = frames(caught.value)
    assert found[-2:] == [(HERE, "through_helper"), (HERE, "helper")]
    ours = [f for f in traceback.extract_tb(caught.value.__traceback__) if f.filename.startswith(OURS)]
    assert len(ours) <= 2  # the operator, and where it is a function of two steps, both


def test_an_error_of_gradwise_shows_where_it_was_called_and_where_raised():
    with pytest.raises(gw.InputError) as caught:
        gw.grad(through_helper)("text")
    assert len(frames(caught.value)) == 3


def test_the_cause_of_a_tracing_error_begins_in_the_users_code():
    def savings(rate):
        return float(1000 * (1 + Decimal(rate)) ** 10)

    with pytest.raises(gw.TracingError) as caught:
        gw.grad(savings, method="exact")(0.03)
    assert frames(caught.value.__cause__)[0] == (HERE, "savings")


PROGRAM = """
import gradwise as gw
def f(x):
    raise RuntimeError("mine")
gw.grad(f)(1.0)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("setting", "most"), [("", 2), ("full", 100)])
def test_the_whole_traceback_on_request(setting, most):
    environment = {"GRADWISE_TRACEBACK": setting, "PYTHONPATH": str(Path(OURS).parent)}
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=False)
    ours = run.stderr.count(OURS)
    assert run.stderr.rstrip().endswith("RuntimeError: mine")
    assert 1 <= ours <= most
    assert (ours > 5) == bool(setting)


def test_a_function_that_raises_did_so_once(capsys):
    seen = []

    class Counter:
        n = 0

    counter = Counter()

    def f(x):
        seen.append(len(seen))
        counter.n += 1
        print("ran")
        return np.sum(x) + "text"

    with pytest.raises(TypeError, match=r"dtype\('float64'\), dtype\('<U1'\)|dtype"):
        gw.grad(f)(np.ones(2))
    assert seen == [0]
    assert counter.n == 1
    assert capsys.readouterr().out == "ran\n"


def test_a_function_that_raises_is_called_once_more_and_no_more():
    calls = []

    def profile(frame, event, argument):  # which no run undoes
        if event == "call" and frame.f_code.co_name == "mistaken":
            calls.append(frame)

    def mistaken(x):
        return np.sum(x) + "text"

    sys.setprofile(profile)
    try:
        with pytest.raises(TypeError):
            gw.grad(mistaken)(np.ones(2))
    finally:
        sys.setprofile(None)
    assert len(calls) == 2


def test_no_message_of_a_users_mistake_names_traced_values():
    with pytest.raises(TypeError) as caught:
        gw.grad(lambda x: np.sum(x) + "text")(np.ones(2))
    assert "Traced" not in str(caught.value)


@pytest.mark.parametrize(
    "f", [lambda x: np.sum(x**2), lambda x: sum(x - 1), lambda x: np.sum(x * 0.5)], ids=["power", "minus", "times"]
)
def test_a_list_for_an_array_is_told(f):
    with pytest.raises(TypeError, match=r"list|sequence") as caught:
        gw.grad(f)([1.0, 2.0])
    assert [note.partition(".")[2] for note in caught.value.__notes__] == [
        " Pass np.array([...]) for the arithmetic of arrays"
    ]
    assert gw.grad(f)(np.array([1.0, 2.0])).shape == (2,)


def test_a_mistake_that_no_list_caused_gets_no_note():
    with pytest.raises(TypeError) as caught:
        gw.grad(lambda x: np.sum(x) + "text")(np.ones(2))
    assert not hasattr(caught.value, "__notes__")
    with pytest.raises(TypeError) as caught:
        gw.grad(lambda x: x[0] + [1.0])([1.0, 2.0], [2.0])
    assert not hasattr(caught.value, "__notes__")


def test_what_is_returned_in_place_of_a_value():
    def entries(x):
        for v in x:
            yield v * v

    async def later(x):
        return np.sum(x**2)

    x = np.array([1.0, 2.0])
    with pytest.raises(gw.OutputError, match=r"A function with yield .* gw\.grad\(lambda x: sum\(f\(x\)\)\)"):
        gw.grad(entries)(x)
    np.testing.assert_array_equal(gw.grad(lambda x: sum(entries(x)))(x), 2 * x)
    with pytest.raises(gw.OutputError, match=r"An async function .* gw\.grad\(lambda x: asyncio\.run\(f\(x\)\)\)"):
        gw.grad(later)(x)
    np.testing.assert_array_equal(gw.grad(lambda x: asyncio.run(later(x)))(x), 2 * x)
    with pytest.raises(gw.OutputError, match=r"Write list\(\.\.\.\) around map\(\.\.\.\)"):
        gw.grad(lambda x: map(abs, x))(x)


def test_what_gradwise_raises_is_no_statement_of_the_functions():
    def f(x):
        pairs = np.lib.stride_tricks.as_strided(x, (2, 2), (16, 8))
        pairs[0] *= 3
        return np.sum(x**2)

    with pytest.raises(gw.TracingError, match="read-only"):
        gw.grad(f, method="exact")(np.arange(4.0))
    with pytest.warns(gw.NumericalFallbackWarning):
        np.testing.assert_allclose(gw.grad(f)(np.arange(4.0)), [0, 18, 4, 6], rtol=1e-8)
