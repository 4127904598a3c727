"""Exceptions, interrupts and abandoned generators in the middle of a run leave nothing behind."""

from __future__ import annotations

import _thread
import math
import signal
import sys
import types

import numpy as np
import pytest
from ordinary import Cases, agrees, definitions, picture, same, unchanged

import gradwise as gw

cases = Cases()


@cases.at([0.4, -1.7])
def try_and_except(x):
    total = 0.0
    for v in x:
        try:
            total += math.sqrt(v)
        except ValueError:
            total += v**2
        else:
            total *= 2
        finally:
            total += math.sin(v)
    return total


@cases.at([0.4, 1.7])
def division_by_zero(x):
    try:
        y = float(x[0]) / (x.size - 2)
    except ZeroDivisionError:
        y = x[0] * 3.0
    return y + x[0] ** 2


@cases.at([0.4, 1.7])
def bare_except(x):
    table = {"a": x[0]}
    try:
        y = table["b"]
    except:  # noqa: E722
        y = table["a"] ** 2
    try:
        return y * undefined_name
    except NameError:
        return y * x[1]


class NotConverged(Exception):
    def __init__(self, last, steps):
        super().__init__(f"no convergence after {steps} steps")
        self.last = last
        self.steps = steps


def newton(f, df, guess, steps=50, tol=1e-13):
    t = guess
    for _ in range(steps):
        step = f(t) / df(t)
        t = t - step
        if abs(step) < tol:
            return t
    raise NotConverged(t, steps)


@cases.at([0.4, 1.7])
def values_in_exceptions(x):
    root = newton(lambda t: t**3 - x[0] * t - x[1], lambda t: 3 * t**2 - x[0], 2.0)
    try:
        rough = newton(lambda t: t**2 - x[1], lambda t: 2 * t, 3.0, steps=2)
    except NotConverged as problem:
        rough = problem.last * problem.steps
    return root * rough


@cases.at([0.4, 1.7])
def exceptions_from_exceptions(x):
    def risky(v):
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise ValueError(v * 2, "more") from error

    try:
        risky(x[0])
    except ValueError as error:
        first, _ = error.args
    try:
        raise StopIteration(x[1])
    except StopIteration as stop:
        return first * stop.value


@cases.at([0.4, 1.7])
def early_returns_and_else(x):
    for i in range(10):
        for v in x:
            if v * i > 5:
                break
        else:
            continue
        return v * i + x[0]
    return 0.0


@cases.at([0.4, 1.7])
def finally_overrules(x):
    state = [x[0]]

    def f():
        try:
            state.append(x[1])
            return state[0] * state[1]
        finally:
            state[0] = 5.0

    return f() + state[0] * x[0]


@pytest.mark.parametrize("case", cases, ids=repr)
def test_exceptions(case):
    agrees(case)


# --- what is left after a run that did not end ---------------------------------------------------------------------------------------


class Solver:
    shared = [0.0]
    level = 0.0

    def __init__(self):
        self.state = 1.0
        self.trail = [0.0]
        self.table = {"k": 0.0}
        self.inner = types.SimpleNamespace(v=1.0)
        self.stop = None

    def run(self, x):
        global LAST
        self.state = x[0] * 2
        self.trail.append(float(x[1]))
        self.table["k"] = x[0]
        self.inner.v = x * 1.0
        Solver.shared[0] = x[1]
        Solver.level = x[0]
        LAST = x[0] * x[1]
        if self.stop is not None:
            raise self.stop
        return self.state * self.trail[-1] * self.table["k"] + self.inner.v.sum() + LAST + Solver.shared[0] * self.level


LAST = 0.0


@pytest.mark.parametrize(
    "problem", [ValueError("bad"), KeyboardInterrupt(), SystemExit(3), GeneratorExit(), StopIteration()]
)
def test_an_exception_in_mid_trace(problem):
    plain, watched = Solver(), Solver()
    x = np.array([0.4, 1.7])
    plain.stop = watched.stop = problem
    before = definitions(watched.run)
    with pytest.raises(type(problem)):
        plain.run(x)
    expected = picture(plain)
    with pytest.raises(type(problem)) as caught:
        gw.grad(watched.run, method="exact", check=False)(x)
    assert caught.value is problem
    same(expected, picture(watched))
    unchanged(before, definitions(watched.run))
    watched.stop = None
    g = gw.grad(watched.run, method="exact", check=False)(x)
    f = lambda a, b: 2 * a * b * a + a + b + a * b + b * a
    h = 1e-5
    np.testing.assert_allclose(
        g,
        [(f(0.4 + h, 1.7) - f(0.4 - h, 1.7)) / (2 * h), (f(0.4, 1.7 + h) - f(0.4, 1.7 - h)) / (2 * h)],
        rtol=1e-8,
    )
    same(picture(watched), picture(watched))


def test_a_real_interrupt_in_mid_trace():
    solver = Solver()
    x = np.array([0.4, 1.7])
    calls = []

    def interrupted(v):
        calls.append(v * 1.0)
        solver.state = v[0]
        if len(calls) == 1:
            _thread.interrupt_main()
            for _ in range(10**5):
                solver.state = solver.state + v[1] * 1e-9
        return solver.state * v[1]

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            gw.grad(interrupted, method="exact", check=False)(x)
    finally:
        signal.signal(signal.SIGINT, before)
    picture(solver)
    picture(calls)
    assert type(solver.state) is np.float64
    np.testing.assert_allclose(gw.grad(interrupted, method="exact", check=False)(x), [1.7, 0.4])


def test_generators_that_outlive_the_run():
    kept = []

    class Source:
        def __init__(self):
            self.v = 0.0

        def items(self, x):
            for i in range(4):
                self.v = x[0] * i
                yield self.v * x[1]

    source = Source()

    def f(x):
        it = source.items(x)
        next(it)
        second = next(it)
        kept.append(it)
        return second * x[0]

    x = np.array([0.4, 1.7])
    np.testing.assert_allclose(gw.grad(f, method="exact", check=False)(x), [2 * 0.4 * 1.7, 0.16])
    assert type(source.v) is np.float64
    # what goes on after the run goes on with plain values
    later = next(kept[0])
    assert not isinstance(later, gw.tracing.traced.Traced)
    assert float(later) == pytest.approx(2 * 0.4 * 1.7)
    kept[0].close()
    picture(source)


def test_values_that_outlive_the_run_behave_as_plain_ones():
    kept = {}

    def f(x):
        kept["a"], kept["f"], kept["l"] = x * 2, (lambda: x[0] * 3), [x[1], (x[0], {"k": x})]
        kept["s"] = {float(i) for i in range(2)}
        return kept["f"]() * x[1]

    x = np.array([0.4, 1.7])
    gw.grad(f, method="exact", check=False)(x)
    assert type(kept["a"]) is np.ndarray
    assert type(kept["l"][0]) is np.float64
    assert type(kept["l"][1][1]["k"]) is np.ndarray
    assert float(kept["f"]()) == pytest.approx(1.2)
    assert math.exp(kept["f"]()) == pytest.approx(math.exp(1.2))
    assert isinstance(kept["f"]() + np.ones(2), np.ndarray)


def test_an_error_that_holds_traced_values():
    def f(x):
        raise NotConverged(x[0] * 2, 3)

    with pytest.raises(NotConverged) as caught:
        gw.grad(f, method="exact", check=False)(np.array([0.4]))
    assert float(caught.value.last) == pytest.approx(0.8)
    assert math.exp(caught.value.last) == pytest.approx(math.exp(0.8))


def test_hooks_of_the_interpreter_stay():
    x = np.array([0.4, 1.7])
    seen = []

    def tracer(frame, event, argument):
        if frame.f_code.co_name == "body":
            seen.append((event, frame.f_lineno))
            return tracer
        return None

    def body(x):
        y = x[0] * 2
        z = math.exp(y)
        return z * x[1]

    old = sys.gettrace()
    sys.settrace(tracer)
    try:
        g = gw.grad(body, method="exact", check=False)(x)
    finally:
        sys.settrace(old)
    first = body.__code__.co_firstlineno
    assert {line - first for _, line in seen} >= {1, 2, 3}
    np.testing.assert_allclose(g, [2 * math.exp(0.8) * 1.7, math.exp(0.8)])
