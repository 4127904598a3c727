"""What a function stores behind a branch that its traced run did not take is not left behind by the calls that verify its derivative."""

import logging
import random
from dataclasses import dataclass, field

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators import other_ways

#: the sum is a little below zero: differences around it go both ways
NEAR = np.array([-0.81574249, 0.1515235, 0.26045597, 0.39602442])


class Model:
    total = 0

    def __init__(self):
        self.count = 0
        self.names = []
        self.best = {"loss": None}
        self.marks = np.zeros(2)


def by_attribute(x, m):
    if x.sum() > 0:
        m.count += 2
    return x @ x


def by_method(x, m):
    if x.sum() > 0:
        m.names.append("positive")
    return x @ x


def by_key(x, m):
    if x.sum() > 0:
        m.best["loss"] = float(x @ x)
    return x @ x


def by_entry(x, m):
    if x.sum() > 0:
        m.marks[0] = 7.0
    return x @ x


def by_class(x, m):
    if x.sum() > 0:
        Model.total = Model.total + 1
    return x @ x


def beside_other_stores(x, m):
    if x.sum() > 0:
        m.count += 2
    m.names.append("seen")
    return x @ x


def in_a_loop(x, m):
    total = x.sum()
    while total > 0:
        m.count += 1
        total = total - 0.001
    return x @ x + total


def on_the_other_side(x, m):
    if x.sum() <= 0:
        return x @ x
    m.count += 1
    return 2 * (x @ x)


def state(m):
    return m.count, m.names, m.best, m.marks.tolist(), Model.total


@pytest.mark.parametrize(
    "f", [by_attribute, by_method, by_key, by_entry, by_class, beside_other_stores, in_a_loop, on_the_other_side]
)
@pytest.mark.parametrize("options", [{}, {"method": "exact"}], ids=["default", "exact"])
def test_what_another_way_stores_is_not_left(f, options):
    Model.total = 0
    gw.clear_caches()
    m, plain = Model(), Model()
    gradient = gw.grad(f, **options)(NEAR.copy(), m)
    f(NEAR.copy(), plain)
    assert state(m) == state(plain)
    assert gradient == pytest.approx(2 * NEAR + (f is in_a_loop))


def test_second_derivatives_leave_nothing_either():
    m = Model()
    hessian = gw.hessian(by_attribute)(NEAR.copy(), m)
    assert hessian == pytest.approx(2 * np.eye(4))
    assert state(m) == state(Model())


@dataclass
class Parameters:
    w: object
    history: list = field(default_factory=list)


class Slotted:
    __slots__ = ("w",)


def halved_and_changed(p, o):
    p.w = p.w * 0.5
    p.w[0] *= 3.0
    part = p.w[1:]
    part += 10.0
    p.history.append(p.w.sum())
    o.w = p.w * 2
    o.w[1] -= 1.0
    return o.w @ o.w


@pytest.mark.parametrize("options", [{}, {"method": "exact"}, {"check": False}, {"pure": False}])
def test_what_is_written_into_a_new_array_of_an_argument_is_seen_by_the_caller(options):
    p, o = Parameters(np.array([1.0, 2.0])), Slotted()
    gw.grad(halved_and_changed, **options)(p, o)
    expected, beside = Parameters(np.array([1.0, 2.0])), Slotted()
    halved_and_changed(expected, beside)
    assert p.w == pytest.approx(expected.w, rel=1e-15)
    assert p.history == pytest.approx(expected.history, rel=1e-15)
    assert o.w == pytest.approx(beside.w, rel=1e-15)
    assert type(p.w) is np.ndarray


def by_a_draw(x, m):
    m.names.append("seen")
    if np.random.rand() > 0.55:
        m.count += 1
    return x @ x


def by_a_drawing_method(x, m):
    m.names.append("seen")
    if m.draw() > 0.55:
        m.count += 1
    return x @ x


@pytest.mark.parametrize("f", [by_a_draw, by_a_drawing_method])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_drawn_again_decides_as_it_did(f, seed):
    m, plain = Model(), Model()
    m.draw, plain.draw = np.random.default_rng(seed).random, np.random.default_rng(seed).random
    np.random.seed(seed)
    gradient = gw.grad(f)(NEAR, m)
    drawn = np.random.rand(), m.draw()
    np.random.seed(seed)
    f(NEAR, plain)
    assert drawn == (np.random.rand(), plain.draw())
    assert state(m) == state(plain)
    assert gradient == pytest.approx(2 * NEAR)


@pytest.mark.parametrize("options", [{}, {"method": "exact"}])
def test_a_derivative_that_is_zero_uses_up_no_iterator(options):
    numbers = iter(range(100))

    def f(x):
        total = 1.0
        if x[0] > 100:
            total = x[0]
        return 0.06 * next(numbers) + total

    assert np.array_equal(gw.grad(f, **options)(np.ones(3)), np.zeros(3))
    assert next(numbers) == 1


# --- what is stored in functions that the run did not enter, and drawn there ----------------------------------------------------------------


class Noting:
    def __init__(self):
        self.count = 0

    def note(self):
        self.count += 1

    def through(self):
        self.note()

    @property
    def factor(self):
        self.count += 1
        return 1.0


NOTED = Noting()


def note(m):
    m.count += 1


def through_a_function(x, m):
    if x.sum() > 0:
        note(m)
    return x @ x


def through_methods(x, m):
    if x.sum() > 0:
        m.through()
    return x @ x


def through_a_property(x, m):
    return x @ x * (m.factor if x.sum() > 0 else 1.0)


def through_a_global_object(x, m):
    if x.sum() > 0:
        NOTED.through()
    return x @ x


def through_an_inner_function(x, m):
    def inner():
        m.count += 1

    if x.sum() > 0:
        inner()
    return x @ x


@pytest.mark.parametrize(
    "f",
    [
        through_a_function,
        through_methods,
        through_a_property,
        through_a_global_object,
        through_an_inner_function,
    ],
)
@pytest.mark.parametrize("operator", [gw.grad, gw.hessian])
def test_what_functions_store_on_another_way_is_not_left(f, operator):
    m = Noting()
    operator(f)(NEAR.copy(), m)
    assert (m.count, NOTED.count) == (0, 0)


def state_of(generator):
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return repr(generator.get_state() if hasattr(generator, "get_state") else generator.getstate())


def draw(generator):
    return generator.normal()


def by_its_name(x, generator):
    if x.sum() > 0:
        generator.random() if hasattr(generator, "random") else generator.rand()
    return x @ x


def by_a_function(x, generator):
    if x.sum() > 0:
        generator.seed(3) if isinstance(generator, random.Random) else draw(generator)
    return x @ x


@pytest.mark.parametrize("f", [by_its_name, by_a_function])
@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState, random.Random])
@pytest.mark.parametrize("operator", [gw.grad, gw.hessian])
def test_what_another_way_draws_is_not_drawn(f, make, operator):
    generator, plain = make(5), make(5)
    operator(f)(NEAR.copy(), generator)
    assert state_of(generator) == state_of(plain)


def test_what_another_way_logs_is_not_logged(caplog):
    def f(x):
        if x.sum() > 0:
            logging.getLogger("elsewhere").warning("positive")
        return x @ x

    gw.grad(f)(NEAR.copy())
    assert not caplog.records


def test_a_draw_at_an_exact_border_is_not_drawn():
    """The traced run draws nothing where x is 0; beside it, on one side, the function does."""

    def f(x, generator):
        total = 0.0
        for v in x:
            total += v * generator.normal() if v > 0 else 2 * v
        return total

    generator = np.random.default_rng(5)
    assert gw.grad(f)(np.array([-1.0, 0.0, -2.0]), generator).tolist() == [2.0, 2.0, 2.0]
    assert state_of(generator) == state_of(np.random.default_rng(5))


class _Part:
    def __init__(self):
        self.kept, self.limit = 0.2, 1.8


class _Whole:
    def __init__(self):
        self.rate, self.part = np.array([0.9, 0.8, 0.7]), _Part()

    def step(self, x):
        self.part.kept = x[0]

    def call(self, x):
        self.rate = self.rate * 0.9
        if x[2] * 0.5 > self.part.limit:
            self.step(x)
        return np.tanh(self.rate[0] * x[0]) * x[0] + x.sum()


@pytest.mark.parametrize("calls", [0, 3])
def test_a_second_derivative_compared_far_away_leaves_nothing_there(calls):
    """Its numerical counterpart takes points at which the branch is taken, after the run has been forgotten."""
    whole = _Whole()
    for _ in range(calls):
        gw.value_and_grad(whole.call)(np.array([0.3, 1.2, 0.7]))
    gw.hessian(whole.call)(np.array([0.3, 1.2, 0.7]))
    assert whole.part.kept == 0.2
    np.testing.assert_allclose(whole.rate, np.array([0.9, 0.8, 0.7]) * 0.9 ** (calls + 1), rtol=1e-14)


def test_what_is_proved_to_leave_nothing_is_called_plainly(monkeypatch):
    """Where the entries that are read move with the point, each decision falls otherwise beside it; a buffer that the call made is no store."""
    watched = []
    silently = other_ways.silently
    monkeypatch.setattr(
        other_ways, "silently", lambda *args, **options: watched.append(0) or silently(*args, **options)
    )

    table = np.array([0.3, 1.7, -0.4, 2.2])

    def advected(x):
        left = np.floor(20.0 * x).astype(int)
        moved = np.zeros(4)
        moved[:] = table[left % 4] * x
        moved -= 0.5 * x
        return np.sum(moved)

    kept = []

    def noted(x):
        if x[0] != 0.45:
            kept.append(x[0])
        return advected(x)

    x = np.array([0.45, -0.31, 0.27, 0.63])
    np.testing.assert_allclose(gw.grad(advected)(x), table[np.array([9, -7, 5, 12]) % 4] - 0.5, rtol=1e-12)
    assert not watched
    gw.grad(noted)(x)
    assert watched
    assert not kept
