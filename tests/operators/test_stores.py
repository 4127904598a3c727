"""What programs keep in context variables, databases and pickles: the derivative is that of the function, and what is kept is what the calls that were asked for keep."""

from __future__ import annotations

import asyncio
import contextvars
import math
import pickle
import sqlite3
import types
import warnings
from pathlib import Path

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.first_runs import forget_first_runs, verdict_on

X = np.array([0.7, 1.3])
BESIDE = np.array([0.9, 1.1])


@pytest.fixture(autouse=True)
def _as_new(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gw.clear_caches()
    forget_first_runs()


# --- context variables ------------------------------------------------------------------------------------------------------------------

LAST: contextvars.ContextVar = contextvars.ContextVar("LAST", default=None)
TABLE: contextvars.ContextVar = contextvars.ContextVar("TABLE")


def kept_whole(x):
    known = LAST.get()
    if known is None or abs(known[0] - x[0]) > 1e-12:
        known = float(x[0]), math.exp(x[0])
        LAST.set(known)
    return known[1] * x[1] + x[0]


def kept_in_a_dictionary(x):
    table, key = TABLE.get(), f"{x[0]:.9f}"
    if key not in table:
        table[key] = math.exp(x[0])
    return table[key] * x[1] + x[0]


def counted(x):
    LAST.set((LAST.get() or 0) + 1)
    return math.exp(x[0]) * x[1] + x[0]


def set_for_a_while(x):
    token = LAST.set(math.exp(x[0]))
    try:
        return LAST.get() * x[1] + x[0]
    finally:
        LAST.reset(token)


async def _waiting(x):
    LAST.set(math.exp(x[0]))
    await asyncio.sleep(0)
    return LAST.get() * x[1] + x[0]


def set_in_a_task(x):
    return asyncio.run(_waiting(x))


def _slopes(x):
    return [math.exp(x[0]) * x[1] + 1, math.exp(x[0])]


def _curvature(x):
    return [[math.exp(x[0]) * x[1], math.exp(x[0])], [math.exp(x[0]), 0.0]]


@pytest.mark.parametrize("function", [kept_whole, kept_in_a_dictionary, counted, set_for_a_while, set_in_a_task])
def test_context_variables(function):
    def left(calls):
        LAST.set(None)
        TABLE.set({})
        for x in (X, X, BESIDE, X):
            calls(x)
        return LAST.get(), TABLE.get()

    plainly = left(function)
    assert left(lambda x: np.testing.assert_allclose(gw.grad(function)(x), _slopes(x), rtol=1e-12)) == plainly
    assert left(lambda x: np.testing.assert_allclose(gw.hessian(function)(x), _curvature(x), rtol=1e-9)) == plainly


# --- databases --------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def base():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table kept(k text, v real)")
    connection.executemany("insert into kept values(?, ?)", [("0.0", 1.0), ("0.5", 3.0), ("1.0", 2.5)])
    yield connection
    connection.close()


def _rows(base):
    return base.execute("select count(*) from kept").fetchone()[0]


def test_numbers_that_are_written_are_written_once(base):
    def f(x):
        value = x[0] ** 2 * x[1]
        with base:
            base.execute("insert into kept values(?, ?)", (repr(float(x[0])), value))
            base.executemany("insert into kept values('entry', ?)", ((v,) for v in x))
        return value

    np.testing.assert_allclose(gw.grad(f)(X), [2 * X[0] * X[1], X[0] ** 2], rtol=1e-12)
    assert _rows(base) == 6
    assert base.execute("select v from kept").fetchall()[3:] == [(f(X),), (0.7,), (1.3,)]
    assert verdict_on(f) == "no: it writes to a database"


QUESTIONS = {
    "in an f-string": lambda base, x: base.execute(f"select {x[0]} * {x[1]}"),
    "by percent": lambda base, x: base.execute("select %r * %r" % (float(x[0]), float(x[1]))),
    "as parameters": lambda base, x: base.execute("select ? * ?", tuple(x)),
    "as named parameters": lambda base, x: base.cursor().execute("select :a * :b", {"a": x[0], "b": float(x[1])}),
    "as texts": lambda base, x: base.execute("select ? * ?", (str(x[0]), str(x[1]))),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_sql_computes(base, question):
    def f(x):
        return QUESTIONS[question](base, x).fetchone()[0] * x[0]

    with pytest.raises(gw.TracingError):
        gw.grad(f, method="exact")(X)
    with pytest.warns(gw.NumericalFallbackWarning):
        np.testing.assert_allclose(gw.grad(f)(X), [2 * X[0] * X[1], X[0] ** 2], rtol=1e-8)


def by_parameters(base, x):
    key = repr(float(x[0]))
    row = base.execute("select v from kept where k = ?", (key,)).fetchone()
    if row is None:
        base.execute("insert into kept values(?, ?)", (key, math.exp(x[0])))
        return math.exp(x[0]) * x[1]
    return row[0] * x[1]


def by_texts(base, x):
    """Points within 1e-9 find what was kept for this one."""
    key = "%.9f" % x[0]
    row = base.execute(f"select v from kept where k = '{key}'").fetchone()
    if row is None:
        value = math.exp(x[0])
        base.execute(f"insert into kept values('{key}', '{value!r}')")
        return value * x[1]
    return float(row[0]) * x[1]


@pytest.mark.parametrize("kept", [by_parameters, by_texts])
def test_a_memory_in_a_database(base, kept):
    def f(x):
        return kept(base, x)

    slopes = [math.exp(X[0]) * X[1], math.exp(X[0])]
    np.testing.assert_allclose(gw.grad(f)(X), slopes, rtol=1e-12)
    assert _rows(base) == 4
    with pytest.raises(gw.TracingError):
        gw.grad(f, method="exact")(X)
    assert _rows(base) == 4
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gw.NumericalFallbackWarning)
        np.testing.assert_allclose(gw.grad(f)(X), slopes, rtol=1e-7)


def test_tables_are_searched(base):
    def f(x):
        (below,) = base.execute("select v from kept where cast(k as real) <= ? order by v desc", (x[0],)).fetchone()
        (constant,) = base.execute("select v from kept where k = ?", ("1.0",)).fetchone()
        return below * constant * x[0] ** 2 * x[1]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            np.testing.assert_allclose(gw.grad(f)(X), [2 * 7.5 * X[0] * X[1], 7.5 * X[0] ** 2], rtol=1e-12)


# --- pickles ----------------------------------------------------------------------------------------------------------------------------


def test_checkpoints_hold_plain_numbers():
    history = types.SimpleNamespace(points=[])

    def f(x):
        value = x[0] ** 2 * x[1]
        history.points.append(float(x[0]))
        with Path("checkpoint.pkl").open("wb") as file:
            pickle.dump({"x": x, "value": value, "of": history, "list": [x[0], value]}, file)
        return value

    np.testing.assert_allclose(gw.grad(f)(X), [2 * X[0] * X[1], X[0] ** 2], rtol=1e-12)
    with Path("checkpoint.pkl").open("rb") as file:
        kept = pickle.load(file)
    assert [type(kept["x"]), type(kept["value"]), type(kept["list"][0])] == [np.ndarray, np.float64, np.float64]
    np.testing.assert_array_equal(kept["x"], X)
    assert kept["of"].points == history.points == [0.7]
    assert [type(p) for p in kept["of"].points] == [float]


def test_what_is_read_back_from_a_pickle():
    def f(x):
        with Path("point.pkl").open("wb") as file:
            pickle.dump(x, file)
        with Path("point.pkl").open("rb") as file:
            return pickle.load(file)[0] * x[1]

    with pytest.warns(gw.NumericalFallbackWarning):
        np.testing.assert_allclose(gw.grad(f)(X), X[::-1], rtol=1e-8)
