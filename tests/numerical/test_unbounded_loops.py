"""Functions that wait for an iteration to settle: with complex numbers it may never do so, and nobody may wait for it."""

import functools
import itertools
import math
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from gradwise.numerical import Status, derivative, directional_derivative, grad, hessian, jacobian
from gradwise.numerical.unbounded import unbounded_loop

HERON = """
import math, functools
import numpy as np
from gradwise import numerical

def root(a):
    if not a.real > 0:
        raise ValueError(a)
    x = 0.5 * (a + 1)
    while abs(x * x - a) > 4.5e-16 * abs(a):  # in ten turns for real numbers; the rounding of complex ones may stay above it
        x = 0.5 * (x + a / x)
    return x

class Model:
    def __init__(self, solve):
        self.solve = solve
    def __call__(self, x):
        return 2 * self.solve(x)

at = 1.2794823660111103
"""

CALLS = {
    "derivative": "numerical.derivative(root, at)",
    "order": "numerical.derivative(root, at, order=2)",
    "array": "numerical.derivative(root, np.array([at, 1.1718267546354268]))",
    "grad": "numerical.grad(lambda x: root(x[0]) * x[1], np.array([at, 2.0]))",
    "vectorized": "numerical.grad(lambda x: np.array([root(p[0]) * p[1] for p in x]), np.array([at, 2.0]), vectorized=True)",
    "jacobian": "numerical.jacobian(lambda x: np.array([root(x[0]), x[1]]), np.array([at, 2.0]))",
    "hessian": "numerical.hessian(lambda x: root(x[0]) * x[1], np.array([at, 2.0]))",
    "direction": "numerical.directional_derivative(lambda x: root(x[0]) * x[1], np.array([at, 2.0]), np.array([1.0, 0.5]))",
    "object": "numerical.derivative(Model(root), at)",
    "method": "numerical.derivative(Model(root).__call__, at)",
    "partial": "numerical.derivative(functools.partial(lambda f, x: f(x), root), at)",
}


def run(code):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


@pytest.mark.slow
def test_the_iteration_of_these_tests_does_not_end_with_complex_numbers():
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-c", HERON + "\nroot(complex(at, 2.4689239330299984e-05))"],
            timeout=3, check=False, capture_output=True,
        )  # fmt: skip


def test_all_functions_end():
    lines = "\n".join(f"print({name!r}, {call}.message)" for name, call in CALLS.items())
    done = run(HERON + "print(root(at))\n" + lines)
    assert done.returncode == 0, done.stderr
    told = dict(line.split(" ", 1) for line in done.stdout.splitlines()[1:])
    assert set(told) == set(CALLS)
    for name, message in told.items():
        assert "Real steps only" in message, name
        assert "root, line 10" in message, name


def root(a):
    new, old = a, 0.0
    while abs(new - old) > 4e-16 * abs(new):
        old, new = new, 0.5 * (new + a / new)
    return new


def test_real_steps_find_the_slope_of_a_root():
    for a in (0.3, 1.7101241001807421, 12.0):
        estimate = derivative(root, a)
        assert estimate.status is Status.OK
        assert estimate.step > 0.0
        assert abs(estimate.value - 0.5 / math.sqrt(a)) <= estimate.error <= 1e-10
    both = grad(lambda x: root(x[0]) * x[1], np.array([2.0, 3.0]))
    assert np.all(np.abs(both.value - [1.5 / math.sqrt(2), math.sqrt(2)]) <= both.error)
    for function in (jacobian, hessian):
        assert "Real steps only" in function(lambda x: root(x[0]) * x[1], np.array([2.0, 3.0])).message
    along = directional_derivative(lambda x: root(x[0]), np.array([2.0]), np.array([1.0]))
    assert abs(along.value - 0.5 / math.sqrt(2)) <= along.error


def test_who_asks_for_complex_numbers_gets_them():
    estimate = derivative(root, 2.0, complex_step=True)
    assert estimate.step == 0.0
    assert "Real steps" not in estimate.message
    assert "Real steps" not in derivative(root, 2.0, complex_step=False).message


class Solver:
    def __init__(self, solve=root, table=None):
        self.solve = solve
        self.table = table or {}

    def step(self, x):
        return self.solve(x)

    def run(self, x):
        return self.step(x)

    @property
    def answer(self):
        return self.solve


class Slotted:
    __slots__ = ("solve",)

    def __init__(self):
        self.solve = root

    def __call__(self, x):
        return self.solve(x)


def counted(x):
    for k in itertools.count():
        if k > 3:
            return x
    return x


def sentinel(x):
    left = [3.0, 2.0, 0.0]
    for part in iter(left.pop, 3.0):
        x = x + part
    return x


def generated(x):
    def turns():
        while True:
            yield x

    return next(turns())


def defaulted(x, solve=root):
    return solve(x)


TABLE = {"root": root}


@functools.lru_cache
def cached(x):
    return root(x)


@pytest.mark.parametrize(
    "f",
    [
        root, lambda x: root(x), lambda x: [root(p) for p in x], Solver(), Solver().run, lambda x: Solver().run(x),
        lambda x: Solver().answer(x), Slotted(), counted, sentinel, generated, defaulted, functools.partial(root),
        lambda x: TABLE["root"](x), np.vectorize(root), cached, functools.wraps(np.sin)(lambda x: root(x)),
    ],
)  # fmt: skip
def test_loops_are_found_wherever_they_are(f):
    if type(f) is Solver:
        f = f.step
    assert unbounded_loop(f)
    assert unbounded_loop(f) == unbounded_loop(f)


def steady(x):
    total = 0.0
    for k in range(5):
        if k == 3:
            continue
        total += x**k
    return total + sum(x for _ in range(3)) + max([x, *(x * k for k in (1, 2))]) + "count".count("o")


@pytest.mark.parametrize(
    "f",
    [
        math.sin, np.exp, steady, lambda x: steady(x), Solver(steady).run, functools.partial(math.pow, 2.0), np.linalg.norm,
        lambda x: np.linalg.norm(x) + np.sum(np.interp(x, [0, 1], [0, 1])), np.vectorize(steady), abs, lambda x: (x := x + 1),
    ],
)  # fmt: skip
def test_ordinary_functions_are_given_complex_numbers(f):
    assert unbounded_loop(f) == ""
    assert unbounded_loop(f) == ""


def test_what_a_name_is_bound_to_may_change():
    space = {}
    exec("def g(x): return x * x\ndef f(x): return g(x)\ndef h(x): return f(x)", space)
    assert unbounded_loop(space["h"]) == ""
    assert derivative(space["h"], 2.0).step == 0.0
    space["g"] = root
    assert "root" in unbounded_loop(space["h"])
    assert "Real steps only" in derivative(space["h"], 2.0).message
    solve = steady
    closed = lambda x: solve(x)
    assert unbounded_loop(closed) == ""
    solve = root
    assert unbounded_loop(closed)
    model = Solver(steady)
    held = lambda x: model.run(x)
    assert unbounded_loop(held) == ""
    model.solve = root
    assert unbounded_loop(held)


def test_nothing_is_kept_alive():
    import gc
    import weakref

    def make():
        data = np.zeros(10)
        return lambda x: x * data.sum()

    f = make()
    assert unbounded_loop(f) == ""
    watch = weakref.ref(f)
    del f
    gc.collect()
    assert watch() is None
