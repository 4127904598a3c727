"""The first time that a function is differentiated, its value and one directional derivative are verified."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.first_runs import verdict_on

X = np.array([0.3, 0.7])


def lost_in_text(x):
    return x[0] * float(f"{x[1]} and more".split()[0])


def test_a_part_that_is_lost_is_refused():
    with pytest.raises(gw.TracingError, match="does not depend on its arguments by its trace"):
        gw.grad(lost_in_text, method="exact")(X)
    with pytest.raises(
        gw.TracingError, match="does not depend on its arguments by its trace"
    ):  # again: a refusal is not forgotten
        gw.grad(lost_in_text, method="exact")(X)
    with pytest.warns(gw.NumericalFallbackWarning, match="does not depend on its arguments by its trace"):
        np.testing.assert_allclose(gw.grad(lost_in_text)(X), [0.7, 0.3], rtol=1e-9)
    with pytest.raises(gw.TracingError, match="does not depend on its arguments by its trace"):  # whoever asks
        gw.grad(lost_in_text, method="exact", check=False)(X)


def test_effects_are_not_repeated():
    counts = {"list": [], "attribute": 0}
    rng = np.random.default_rng(5)
    array = np.zeros(2)

    class Counter:
        calls = 0

        def __call__(self, x):
            self.calls += 1
            return math.exp(x[0]) * x[1]

    def appends(x):
        counts["list"].append(1)
        return math.exp(x[0])

    def draws(x):
        return math.exp(x[0]) * rng.normal()

    def writes(x):
        array[0] += 1.0
        return math.exp(x[0])

    stream, numbers = (k for k in range(100)), iter(range(1, 100))

    def takes(x):
        return math.exp(x[0]) * next(stream)

    def takes_of_what_is_copied(x):
        return math.exp(x[0]) * next(numbers)

    counter = Counter()
    gw.grad(counter)(X)
    assert counter.calls == 1
    gw.grad(takes)(X)
    assert verdict_on(takes).startswith("no: ")
    for f in (draws, appends, writes, takes_of_what_is_copied):  # what they draw, store and take is put back
        gw.grad(f)(X)
        assert verdict_on(f).startswith("value and "), f
    assert len(counts["list"]) == 1
    assert next(numbers) == 2
    assert array[0] == 1.0
    assert next(stream) == 1
    assert rng.normal() == np.random.default_rng(5).normal(size=2)[1]


def test_prints_are_not_repeated(capsys):
    def f(x):
        print("here")
        return math.exp(x[0])

    gw.grad(f)(X)
    assert capsys.readouterr().out == "here\n"


def test_the_global_generator_is_put_back():
    def f(x):
        return float(x[0]) ** 2 * np.random.normal()

    np.random.seed(3)
    first = gw.grad(f, method="exact")(X)
    following = np.random.normal()
    np.random.seed(3)
    assert first[0] == 2 * X[0] * np.random.normal()
    assert following == np.random.normal()


def test_local_lists_objects_and_arrays_are_no_effects():
    class Point:
        def __init__(self, v):
            self.v = v

    def f(x):
        points = [Point(v) for v in x]
        values = []
        for p in points:
            values.append(math.sin(p.v))  # noqa: PERF401  # as users write
        total = np.zeros(2)
        total[0] = values[0]
        total[1] = values[1]
        return total.sum()

    gw.grad(f)(X)
    assert verdict_on(f).startswith("value and one"), verdict_on(f)


def test_kinks_and_rules_of_their_own_are_taken_as_they_are():
    @gw.custom_rule
    def straight_through(v):
        return np.round(v)

    @straight_through.jvp
    def _(primals, tangents):
        return tangents[0]

    with warnings.catch_warnings():
        warnings.simplefilter("error", gw.NumericalFallbackWarning)
        warnings.simplefilter("ignore", gw.KinkWarning)
        np.testing.assert_array_equal(gw.grad(lambda v: np.sum(straight_through(v)))(X), [1.0, 1.0])
        assert gw.grad(lambda v: np.maximum(v, 0.0) - np.maximum(-v, 0.0))(0.0) == 0.0


def test_once_for_each_code():
    calls = []

    class Loud(float):
        def __pow__(self, other):
            calls.append(1)
            return float(self) ** other

    def f(x, scale=Loud(2.0)):
        return float(x[0]) * scale**2

    gw.grad(f)(X)
    before = len(calls)
    gw.grad(f)(X)
    gw.grad(f)(X)
    assert len(calls) == before + 2


def test_json_read_back():
    import json

    for f in (lambda x: json.loads(json.dumps(x[0])) * x[1], lambda x: x[0] + json.loads(json.dumps({"a": x[1]}))["a"]):
        with pytest.raises(gw.TracingError, match="reading a number back"):
            gw.grad(f, method="exact", check=False)(X)
    assert gw.grad(lambda x: x[0] * json.loads(json.dumps(2.0)), method="exact")(X)[0] == 2.0


def test_a_lost_part_of_a_long_function():
    def f(x):
        total = x[0]
        for k in range(800):
            total = total * 0.99 + np.sin(x[0] * k) * 1e-3
        return total + float(f"{x[1]} and more".split()[0])

    with pytest.raises(gw.TracingError, match="does not depend on its arguments by its trace"):
        gw.grad(f, method="exact")(X)

    def whole(x):
        total = x[0]
        for k in range(800):
            total = total * 0.99 + np.sin(x[0] * k) * 1e-3
        return total + float(x[1])

    gw.grad(whole, method="exact")(X)
    assert verdict_on(whole).startswith("value and one")


def test_what_numbers_of_32_bits_cannot_show_is_no_disagreement():
    """Along the entry of 32 bits the values are a staircase, at the steps of a difference."""

    class Sum:
        total = 0.0

    def f(w, b, state):
        state.total = state.total + (w @ w) / (2.0 + b[0] ** 2)
        return np.sin(w @ w) + state.total * w[1] + state.total

    w, b = np.array([-0.28513591, 0.14198114, -0.13406395, -0.20233065]), np.array([-0.00797742], np.float32)
    by_w, by_b = gw.grad(f, (0, 1), method="exact")(w, b, Sum())
    s, t = w @ w, 2.0 + float(b[0]) ** 2
    slope = np.cos(s) + (w[1] + 1) / t
    assert by_w == pytest.approx(2 * w * slope + np.eye(4)[1] * s / t, rel=1e-6)
    assert by_b == pytest.approx([-(w[1] + 1) * s / t**2 * 2 * b[0]], rel=1e-5)
