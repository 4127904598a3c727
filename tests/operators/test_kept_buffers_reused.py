"""Arrays that are kept and written to: proved, the same numbers and the same content as plain calls, and what happens when they are shared, exchanged or are a memory."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of
from gradwise.tracing.purity.buffers import are_apart, is_buffer

N = 4
X = np.array([0.3, 0.5, 0.7, 0.9])

PROGRAM = """
import math
import numpy as np

work = np.zeros(4)
rows = np.arange(8.0).reshape(2, 4)

class Model:
    def __init__(self):
        self.u = np.zeros(4)
        self.v = np.full(4, 0.5)
        self.w = np.linspace(1.0, 2.0, 4)
        self.table = np.arange(12.0).reshape(3, 4) * 0.1
        self.z = np.zeros(4, complex)
        self.gain = 0.8
        self.parts = [np.zeros(4), "a name"]

    def by_entries(self, x):
        for i in range(len(x)):
            self.u[i] = x[i] ** 2 * self.w[i]
        return self.u.sum()

    def whole(self, x):
        self.u[:] = x
        self.u *= self.w
        return self.u @ self.u

    def out(self, x):
        np.multiply(x, self.w, out=self.u)
        np.sin(self.u, self.u)
        return np.dot(self.u, self.v)

    def read_before(self, x):
        self.u += 0.1 * x
        return np.sum(self.u * self.u)

    def by_another_name(self, x):
        u = self.u
        u[0] = x[0]
        u[1:] = u[:-1] + x[1:]
        return self.u[3] * x[0] + u[2]

    def by_a_function(self, x):
        filled(self.u, x)
        return self.u.sum() * x[1]

    def of_a_table(self, x):
        self.table[1] = x * self.gain
        self.table[:, 2] = x[0]
        return np.sum(self.table @ x)

    def with_state(self, x):
        self.gain = 0.5 * self.gain + 0.1 * x[0]
        self.u[...] = self.gain * x
        return self.u @ self.v

    def filled_and_added(self, x):
        self.u.fill(0.25)
        np.add.at(self.u, [0, 0, 2], x[:3])
        np.copyto(self.v, self.u * x)
        return self.v.sum()

    def steps(self, x):
        u, k = self.u, self.v
        u[:] = x
        for _ in range(3):
            np.multiply(u, -0.1, out=k)
            k[0] += 0.01 * math.sin(u[0])
            u += k
        return u @ self.w

    def with_a_branch(self, x):
        self.u[:] = x
        if x[0] > 0.4:
            self.u[1] = 2.0
        return self.u @ self.u

    def complex_ones(self, x):
        self.z[:] = x * (1.0 + 0.5j)
        return np.sum(np.abs(self.z))

    def in_a_list(self, x):
        self.parts[0][:] = x * 2.0
        return self.parts[0] @ x

model = Model()

def filled(a, x):
    for i, value in enumerate(x):
        a[i] = math.exp(value)

def globally(x):
    work[:] = x
    work[1] *= 2.0
    rows[0] = work
    return rows.sum() * x[0] + work @ x

def enclosing():
    held = np.zeros(4)
    def f(x):
        held[1:] = x[:-1] * x[1:]
        held[0] += x[0]
        return held @ x
    return f

enclosed = enclosing()
"""
METHODS = (
    "by_entries whole out read_before by_another_name by_a_function of_a_table with_state filled_and_added steps"
    " with_a_branch complex_ones in_a_list".split()
)


def made(name):
    """The function and what it keeps, anew."""
    names = {"__name__": "kept"}
    exec(compile(PROGRAM, __file__.replace("test_", "program_of_"), "exec"), names)
    return (getattr(names["model"], name) if name in METHODS else names[name]), names


def content(names):
    model = names["model"]
    held = names["enclosed"].__closure__[0].cell_contents
    kept = [model.u, model.v, model.w, model.table, model.z, model.parts[0], names["work"], names["rows"], held]
    return [np.array(a) for a in kept] + [np.array(model.gain)]


def agree(name, points, change=lambda names: None, at=100):
    """Values, derivatives and what is left in the arrays are those of plain calls; how many calls were served."""
    (f, ours), (plain, theirs), (_, beside) = made(name), made(name), made(name)
    derivative = gw.value_and_grad(f, method="exact")
    for k, x in enumerate(points):
        if k == at:
            for names in (ours, theirs):
                change(names)
        before = content(theirs)
        value, gradient = derivative(x)
        assert value == pytest.approx(plain(x), rel=1e-13)
        for a, b in zip(content(ours), content(theirs), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13)
        if k < at:
            np.testing.assert_allclose(gradient, differences(name, beside, before, x), rtol=1e-6, atol=1e-9)
    return sum(kept.served for kept in (shortcuts_of(f) or {}).values())


def differences(name, names, before, x):
    """Central differences of plain calls, each from the same content."""
    f = getattr(names["model"], name) if name in METHODS else names[name]

    def at(point):
        model = names["model"]
        held = names["enclosed"].__closure__[0].cell_contents
        kept = [model.u, model.v, model.w, model.table, model.z, model.parts[0], names["work"], names["rows"], held]
        for array, was in zip(kept, before, strict=False):
            array[...] = was
        model.gain = float(before[-1])
        return f(point)

    return [(at(x + 1e-6 * e) - at(x - 1e-6 * e)) / 2e-6 for e in np.eye(N)]


@pytest.mark.parametrize("name", [*METHODS, "globally", "enclosed"])
def test_as_plain_calls(name) -> None:
    served = agree(name, [X + 0.03 * k for k in range(9)])
    assert served > 0


def test_branches() -> None:
    rng = np.random.default_rng(3)
    assert agree("with_a_branch", rng.uniform(0.1, 0.8, (16, N))) > 0


def alias(names):
    names["model"].v = names["model"].u


def view(names):
    names["model"].w = names["model"].table[0]
    names["model"].u = names["model"].table[1]


CHANGES = {
    "two names": alias,
    "views of another": view,
    "another array": lambda names: setattr(names["model"], "u", np.ones(4)),
    "single precision": lambda names: setattr(names["model"], "u", np.ones(4, np.float32)),
    "a part of itself": lambda names: setattr(names["model"], "u", names["model"].u[::-1]),
    "columns first": lambda names: setattr(names["model"], "table", np.asfortranarray(names["model"].table)),
    "its content": lambda names: names["model"].u.fill(3.0),
    "that of a global": lambda names: setattr(names["model"], "u", names["work"]),
}


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", METHODS)
def test_arrays_that_become_others(name, change) -> None:
    (f, ours), (plain, theirs) = made(name), made(name)
    derivative = gw.value_and_grad(f)
    for k in range(11):
        if k == 6:
            CHANGES[change](ours)
            CHANGES[change](theirs)
        x = X + 0.02 * k
        assert derivative(x)[0] == pytest.approx(plain(x), rel=2e-7 if change == "single precision" else 1e-13)
        for a, b in zip(content(ours), content(theirs), strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-7 if change == "single precision" else 1e-13)


def test_a_table_of_what_was_computed_is_a_memory() -> None:
    """What a table gives that an earlier call filled has no derivative in it: the function runs each time."""
    known, table = np.zeros(3, bool), np.zeros(3)

    def value(k, x):
        if not known[k]:
            table[k] = x[k] ** 2
            known[k] = True
        return table[k]

    def f(x):
        known[:] = False
        return value(0, x) * value(0, x) + value(1, x)

    for k in range(8):
        x = X[:3] + 0.1 * k
        np.testing.assert_allclose(gw.grad(f)(x), [4 * x[0] ** 3, 2 * x[1], 0.0], rtol=1e-12)
    assert "not proved" in str(gw.explain(f, X[:3]))


def test_what_is_compared_with_the_argument_is_a_memory() -> None:
    last, kept = np.full(1, np.nan), np.zeros(1)

    def f(x):
        if last[0] != x[0]:
            kept[0] = math.sin(x[0])
            last[0] = x[0]
        return kept[0] * x[1]

    derivative = gw.grad(f)
    for point in (0.1, 0.2, 0.3, 0.4, 0.4, 0.5, 0.5, 0.6):
        found = derivative(np.array([point, 2.0]))
        np.testing.assert_allclose(found, [2 * math.cos(point), math.sin(point)], rtol=1e-9)


def test_what_is_said_of_it() -> None:
    f, _ = made("by_entries")
    assert "to arrays that are kept, of which a program takes copies" in str(gw.explain(f, X))


def test_memory_of_its_own() -> None:
    a = np.zeros((2, 3))
    assert is_buffer(a)
    assert is_buffer(a[0])
    locked = np.zeros(3)
    locked.flags.writeable = False
    for other in (
        locked,
        np.zeros(3, int),
        np.zeros(3, ">f8"),
        np.ma.zeros(3),
        np.frombuffer(bytearray(8)),
        2.0,
        [1.0],
    ):
        assert not is_buffer(other)
    assert not are_apart([a[0]], [a])
    assert not are_apart([a[0], a], [])
    assert not are_apart([a], [{"k": [a[1]]}])
    assert are_apart([a, np.ones(2)], [np.ones(3), [np.zeros(2)], "a", None])
