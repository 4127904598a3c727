"""Stand-ins in whole programs as users write them: lines, nesting, threads, special values, cost outside a trace."""

import ast
import builtins
import cmath
import functools
import inspect
import itertools
import math
import random
import statistics
import threading

import numpy as np
import pytest
import scipy.linalg
import scipy.special
import scipy.stats

import gradwise as gw
from gradwise.program import resolve_location

X = np.array([0.4, 1.7, -0.3, 1.1])


def differences(f, x):
    return np.array([(f(x + 1e-6 * e) - f(x - 1e-6 * e)) / 2e-6 for e in np.eye(x.size)])


def many_operations(x):
    a = math.exp(x[0]) + math.hypot(x[1], x[2], 1.0) + math.log(x[1], 3) + math.fsum(x) + math.dist(x, [0, 1, 2, 3])
    b = (
        sum(t * t for t in x)
        + max(x[0], x[1]) * min(x)
        + sorted(x)[2]
        + abs(x[2])
        + round(float(x[0]), 1)
        + pow(x[1], 2)
    )
    z = np.zeros((2, 2))
    z[0] = x[:2]
    z[1, 0] = float(x[2]) ** 2
    c = (
        np.array([[x[0], 1.0], [2, x[3]]]) @ z
        + np.full(2, x[3])
        + np.linspace(x[0], x[1], 2)
        + np.arange(x[0], x[0] + 2)
    )
    d = (
        functools.reduce(lambda p, q: p * q + 1, x)
        + sum(itertools.accumulate(x))
        + statistics.stdev(x)
        + statistics.median(x)
    )
    e = np.linalg.norm([x[0], x[1]]) + np.vectorize(lambda t: t * t)(x).sum() + np.concatenate([[x[0]], x]).sum()
    g = (
        scipy.linalg.solve(c + 5 * np.eye(2), x[:2]).sum()
        + scipy.stats.norm.pdf(x[0], x[1], 2.0)
        + scipy.special.logsumexp([x[0], x[1]])
    )
    h = (
        abs(cmath.exp(complex(x[0], x[1])))
        + cmath.phase(complex(x[0], x[3]))
        + divmod(x[1], 0.6)[1]
        + math.modf(x[3])[0]
    )
    return a + b + c.sum() + d + e + g + h


def test_every_operation_knows_the_line_of_the_user():
    program = gw.trace(many_operations, X)
    first = many_operations.__code__.co_firstlineno
    statements = ast.parse(inspect.getsource(many_operations)).body[0].body
    lines = set()
    for equation in program.equations:
        filename, line = resolve_location(equation.location)
        assert filename == __file__, equation
        lines.add(line - first + 1)
    for statement in statements:
        if not ast.unparse(statement).startswith("z = "):  # a buffer is no equation
            assert lines & set(range(statement.lineno, statement.end_lineno + 1)), ast.unparse(statement)
    value, derivative = gw.value_and_grad(many_operations, method="exact")(X)
    assert value == many_operations(X)
    np.testing.assert_allclose(derivative, differences(many_operations, X), rtol=1e-6, atol=1e-7)


def test_nested_derivatives():
    def inner(y, x):
        z = np.zeros(2)
        z[0] = math.exp(x * y)
        z[1] = float(y) ** 2 * x
        return sum(np.array([z[0], z[1], math.sin(y)]))

    def f(x):
        return gw.grad(inner)(0.7 * x, x)

    x = 0.9
    y = 0.7 * x
    assert gw.value_and_grad(f, method="exact")(x)[0] == pytest.approx(
        x * math.exp(x * y) + 2 * x * y + math.cos(y), rel=1e-14
    )
    # d/dx of x e^{0.7x²} + 1.4 x² + cos 0.7x
    wanted = math.exp(0.7 * x * x) * (1 + 1.4 * x * x) + 2.8 * x - 0.7 * math.sin(0.7 * x)
    assert gw.grad(f, method="exact")(x) == pytest.approx(wanted, rel=1e-13)
    third = gw.derivative(gw.derivative(gw.derivative(lambda t: math.exp(2 * t) * max(t, 0.0))))
    assert third(0.5) == pytest.approx((8 * 0.5 + 12) * math.exp(1.0), rel=1e-12)


def test_other_threads_see_nothing():
    seen, stop = [], threading.Event()

    def watch():
        while not stop.is_set():
            z = np.zeros(3)
            seen.append(
                type(z) is np.ndarray
                and type(math.exp(0.5)) is float
                and builtins.float is float
                and type(sum([1.0, 2.0])) is float
            )

    def f(x):
        total = 0.0
        for t in x:
            z = np.zeros(3)
            z[0] = math.exp(float(t))
            total += z.sum()
        return total

    other = threading.Thread(target=watch)
    other.start()
    try:
        for _ in range(20):
            np.testing.assert_allclose(gw.grad(f, method="exact")(X), np.exp(X), rtol=1e-15)
    finally:
        stop.set()
        other.join()
    assert seen
    assert all(seen)
    assert type(np.zeros(3)) is np.ndarray


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: math.exp(x) if x < 700 else math.inf, 701.0),
        (lambda x: max([x, math.nan]), 1.0),
        (lambda x: min(math.nan, x), 1.0),
        (lambda x: sum([x, math.inf]), 1.0),
        (lambda x: float("nan") if x > 5 else x * 2, 6.0),
        (lambda x: round(x, 20), 0.1234567),
        (lambda x: math.copysign(x, -0.0), 2.0),
        (lambda x: math.remainder(x, math.inf), 2.0),
        (lambda x: math.fmod(x, math.inf), 2.0),
        (lambda x: math.pow(x, 0.0), 0.0),
        (lambda x: float(np.float32(x)), 0.1),
        (lambda x: np.array([x, np.nan])[0], 0.1),
        (lambda x: sorted([3, x, 1.0])[1], 2.0),
    ],
)
def test_special_values(f, x):
    with np.errstate(all="ignore"):
        value = gw.value_and_grad(f, method="exact")(x)[0]
    want = f(x)
    assert type(value) is type(want)
    np.testing.assert_array_equal(value, want)


def test_kinds_of_arguments():
    for x in (np.float32([0.4, 1.7]), [0.4, 1.7], (0.4, 1.7), {"a": 0.4, "b": np.array(1.7)}):

        def f(x):
            a, b = x.values() if isinstance(x, dict) else x
            z = np.zeros(2)
            z[0] = math.exp(a) * b
            z[1] = max(float(a), b)
            return z.sum()

        derivative = gw.grad(f, method="exact")(x)
        assert type(derivative) is type(x)
        a, b = derivative.values() if isinstance(x, dict) else derivative
        np.testing.assert_allclose([a, b], [math.exp(0.4) * 1.7, math.exp(0.4) + 1], rtol=1e-6)


def test_functions_passed_as_values():
    table = {
        "exp": math.exp,
        "hypot": math.hypot,
        "sum": sum,
        "zeros": np.zeros,
        "array": np.array,
        "draw": random.Random(0).gauss,
    }

    def apply(f, *args):
        return f(*args)

    def f(x):
        z = apply(table["zeros"], 2)
        z[0] = apply(table["exp"], x[0])
        z[1] = apply(math.hypot, *x)
        listed = [fn(t) for fn, t in zip((math.sin, math.cos, abs, float), x)]
        return table["sum"](z) + table["sum"](listed) + table["array"]([x[0], x[1]]).sum() + sum(map(math.exp, x))

    np.testing.assert_allclose(gw.grad(f, method="exact")(X), differences(f, X), rtol=1e-7)


def test_constants_reach_what_takes_plain_arrays():
    def f(x):
        grid = np.array([0.0, 0.5, 1.0])
        weights = np.ones(3)
        text = grid.tobytes() + bytes(weights.data)
        places = np.zeros(3)
        counts = np.histogram(places + 0.5, bins=2)[0]
        return x @ x * len(text) + counts.sum() * x[0]

    np.testing.assert_allclose(gw.grad(f, method="exact")(X), 96 * X + [3.0, 0, 0, 0])


def test_loops_are_linear_in_time_and_equations():
    def f(x, n):
        total = 0.0
        values = []
        for i in range(n):
            values.append(math.sin(x) * i)
            total += math.fsum(values[-2:])
        return total + sum(values) + max(values) + np.array(values).sum()

    sizes = [len(gw.trace(lambda x, n=n: f(x, n), 0.3).equations) for n in (100, 200, 400)]
    assert sizes[2] - sizes[1] == 2 * (sizes[1] - sizes[0])
