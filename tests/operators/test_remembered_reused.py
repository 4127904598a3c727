"""Attributes that a call reads and then assigns: programs stand for cells, filters and running means beside their runs, and not for memories of earlier results."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse import standing
from gradwise.operators.reuse.families import families_of
from gradwise.tracing.purity import inspect_function

X = np.array([0.3, 1.2, 0.7])
W = np.array([[0.3, 0.1, -0.2], [0.2, -0.4, 0.1], [0.5, 0.2, 0.3]])


class Cell:
    """A recurrent cell."""

    def __init__(self):
        self.h = np.zeros(3)

    def call(self, x):
        self.h = np.tanh(W @ x + 0.5 * self.h)
        return float((self.h**2).sum())

    def slope(self, x, h):
        new = np.tanh(W @ x + 0.5 * h)
        return W.T @ (2 * new * (1 - new**2))

    def state(self):
        return self.h


class Normalised:
    """By running means, with the number of calls."""

    def __init__(self):
        self.mean, self.count = 0.0, 0.0

    def call(self, x):
        self.count += 1.0
        self.mean = self.mean + (x.mean() - self.mean) / self.count
        return ((x - self.mean) ** 3).sum()

    def slope(self, x, state):
        mean, count = state
        mean = mean + (x.mean() - mean) / (count + 1)
        centred = 3 * (x - mean) ** 2
        return centred - centred.sum() / 3 / (count + 1)

    def state(self):
        return self.mean, self.count


class Filter:
    """Predicts and corrects by methods of its own."""

    def __init__(self):
        self.level = 0.5

    def predict(self, gain):
        self.level = self.level * gain

    def correct(self, z, weight):
        error = z - self.level
        self.level = self.level + weight * error
        return error**2

    def call(self, x):
        total = 0.0
        for z in (0.1, 0.5, 0.9):
            self.predict(x[0])
            total += self.correct(z * x[1], x[2])
        return total

    def slope(self, x, level):
        def total(p):
            at, found = level, 0.0
            for z in (0.1, 0.5, 0.9):
                at = at * p[0]
                error = z * p[1] - at
                at = at + p[2] * error
                found = found + error**2
            return found

        steps = 1e-30j * np.eye(3)  # the complex step: no subtraction
        return np.array([total(x + s).imag / 1e-30 for s in steps])

    def state(self):
        return self.level


class Best:
    """Keeps the least value, and where it was."""

    def __init__(self):
        self.least, self.at = 1e9, np.zeros(3)

    def call(self, x):
        value = (x**2).sum()
        if value < self.least:
            self.least, self.at = float(value), x.copy()
        return value

    def slope(self, x, state):
        return 2 * x

    def state(self):
        return self.least, self.at


@pytest.mark.parametrize("kind", [Cell, Normalised, Filter, Best])
def test_a_program_stands_beside_the_run(kind):
    ours, plain, random = kind(), kind(), np.random.default_rng(0)
    gradient = gw.value_and_grad(ours.call, method="exact")
    for k in range(25):
        x = X + 0.05 * random.standard_normal(3)
        slope = plain.slope(x, plain.state())
        value, found = gradient(x)
        assert value == pytest.approx(plain.call(x), rel=1e-13)
        np.testing.assert_allclose(found, slope, rtol=1e-11, err_msg=f"{k}")
        for one, other in zip(vars(ours).values(), vars(plain).values(), strict=True):
            np.testing.assert_array_equal(one, other)
        assert [type(v) for v in vars(ours).values()] == [type(v) for v in vars(plain).values()]
    verdict = inspect_function(ours.call, (X,), {})
    assert verdict.remembers
    assert verdict.echoes
    assert "its program stands" in standing(ours.call, (X,), {})
    assert "given up" not in standing(ours.call, (X,), {})


def test_what_is_remembered_may_be_changed_from_outside():
    ours, plain = Cell(), Cell()
    gradient = gw.grad(ours.call)
    for k in range(12):
        for cell in (ours, plain):
            if k == 6:
                cell.h = np.full(3, 2.0)
            if k == 9:
                cell.h[1] = -1.0
        expected = plain.slope(X, plain.h)
        plain.call(X)
        np.testing.assert_allclose(gradient(X), expected, rtol=1e-12)
    assert "given up" not in standing(ours.call, (X,), {})


@pytest.mark.parametrize("derivative", [gw.jacobian, gw.hessian, gw.grad], ids=lambda d: d.__name__)
def test_each_derivative_is_one_call(derivative):
    ours, plain = Normalised(), Normalised()
    operator = derivative(ours.call)
    for k in range(10):
        operator(X + 0.1 * k)
        plain.call(X + 0.1 * k)
        assert ours.count == plain.count == k + 1
        assert ours.mean == pytest.approx(plain.mean, rel=1e-14)


class Batches:
    """Goes over its data, some rows at each call."""

    def __init__(self):
        random = np.random.default_rng(0)
        self.rows, self.targets, self.order = (
            random.normal(size=(20, 3)),
            random.integers(0, 2, 20),
            random.permutation(20),
        )
        self.position = 0

    def call(self, x):
        places = self.order[self.position : self.position + 5]
        self.position = (self.position + 5) % 20
        scores = self.rows[places] @ x
        return np.mean(np.logaddexp(0, scores) - self.targets[places] * scores)

    def slope(self, x, position):
        places = self.order[position : position + 5]
        rows, targets = self.rows[places], self.targets[places]
        return rows.T @ (1 / (1 + np.exp(-rows @ x)) - targets) / 5

    def state(self):
        return self.position


class Growing:
    """Keeps all that it was given."""

    def __init__(self):
        self.kept = np.zeros(1)

    def call(self, x):
        self.kept = np.append(self.kept, x.sum())
        return (self.kept**2).sum() * x[0]

    def slope(self, x, kept):
        new = np.append(kept, x.sum())
        return 2 * x.sum() * x[0] + (new**2).sum() * np.eye(3)[0]

    def state(self):
        return self.kept


class Handed:
    """A state that is given among the arguments."""

    def __init__(self):
        self.cell = Cell()

    def call(self, x):
        return _handed(x, self.cell)

    slope = Cell.slope

    def state(self):
        return self.cell.h


def _handed(x, cell):
    cell.h = np.tanh(W @ x + 0.5 * cell.h)
    return (cell.h**2).sum()


@pytest.mark.parametrize("kind", [Batches, Growing])
def test_what_is_read_belongs_to_the_call(kind):
    ours, plain, random = kind(), kind(), np.random.default_rng(1)
    both, slope_alone = gw.value_and_grad(ours.call), gw.grad(ours.call)
    for k in range(30):
        x = random.standard_normal(3)
        slope = plain.slope(x, plain.state())
        expected = plain.call(x)
        if k % 3:
            value, found = both(x)
            assert value == pytest.approx(expected, rel=1e-13)
        else:
            found = slope_alone(x)
        np.testing.assert_allclose(found, slope, rtol=1e-10, err_msg=f"{k}")
        np.testing.assert_array_equal(ours.state(), plain.state())


def test_a_state_among_the_arguments():
    ours, plain = Handed(), Handed()
    gradient = gw.grad(_handed)
    for k in range(20):
        x = X + 0.1 * np.sin(k + np.arange(3))
        slope = plain.cell.slope(x, plain.cell.h)
        plain.call(x)
        np.testing.assert_allclose(gradient(x, ours.cell), slope, rtol=1e-11, err_msg=f"{k}")
        np.testing.assert_array_equal(ours.cell.h, plain.cell.h)


class Memory:
    """Of the last point, to a tolerance."""

    def __init__(self):
        self.last, self.value = np.full(3, 9.0), 0.0

    def call(self, x):
        if np.allclose(x, self.last, rtol=0, atol=1e-8):
            return self.value
        self.last, self.value = x.copy(), float((x**3).sum())
        return self.value


class ScaledMemory(Memory):
    """Whose value is a factor."""

    def call(self, x):
        if not np.array_equal(x, self.last):
            self.last, self.value = x.copy(), float((x**3).sum())
        return self.value + 0.0 * x[0]


class ChosenMemory(Memory):
    """That chooses without a branch."""

    def call(self, x):
        near = np.abs(x - self.last).max() < 1e-8
        self.value = np.where(near, self.value, (x**3).sum())
        self.last = x.copy()
        return self.value + 0.0 * x[0]


@pytest.mark.parametrize("kind", [Memory, ScaledMemory])
@pytest.mark.parametrize("tiny", [0.0, 1e-10])
@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
def test_a_memory_keeps_its_derivative(kind, tiny):
    memory = kind()
    gradient = gw.grad(memory.call)
    x = X
    for k in range(30):
        x = x + 0.1 if k % 3 == 0 else x + tiny
        np.testing.assert_allclose(gradient(x.copy()), 3 * x**2, rtol=1e-6)


class WarmStart:
    """An iteration that begins where the last one ended."""

    def __init__(self):
        self.root = 1.0

    def call(self, x):
        root = self.root
        for _ in range(60):
            residual = root * root - x.sum()
            if abs(residual) < 1e-13:
                break
            root = root - residual / (2 * root)
        self.root = root
        return root * x[0]


class Previous:
    """Gives what the call before computed."""

    def __init__(self):
        self.value = 1.0

    def call(self, x):
        value, self.value = self.value, float((x**2).sum())
        return value


@pytest.mark.parametrize("kind", [Memory, ScaledMemory, ChosenMemory, WarmStart, Previous])
def test_what_is_compared_with_the_arguments_does_not_come_out_of_a_program(kind):
    """At points of which the memory knows, no program stands; at others it may."""
    kept, fresh = kind(), kind()
    gradient, traced = gw.value_and_grad(kept.call, check=False), gw.value_and_grad(fresh.call, check=False, pure=False)
    for k in range(24):
        point = X + 0.1 * (k // 2)
        value, found = gradient(point.copy())
        expected = traced(point.copy())
        assert value == pytest.approx(expected[0], rel=1e-14)
        np.testing.assert_allclose(found, expected[1], rtol=1e-12, atol=1e-15)


def _programs(function):
    return [p for f in families_of(inspect_function(function, (X,), {}).node) for p in f._programs]


@pytest.mark.parametrize("kind", [ChosenMemory, WarmStart])
def test_they_have_no_program(kind):
    kept = kind()
    gradient = gw.grad(kept.call, check=False)
    for k in range(8):
        gradient(X + 0.1 * k)
    assert inspect_function(kept.call, (X,), {}).remembers
    assert not _programs(kept.call)


def test_a_cell_has_one():
    kept = Cell()
    gradient = gw.grad(kept.call)
    for k in range(8):
        gradient(X + 0.1 * k)
    assert len(_programs(kept.call)) == 1


class Summed:
    """Counts its calls beside a memory of the last point, whose first number it gives: at a point nearby the derivative cannot be had."""

    def __init__(self):
        self.last, self.total, self.calls = np.full(3, 9.0), 0.3, 0

    def call(self, x):
        self.calls += 1
        self.total += x.sum()
        if not np.abs(x - self.last).max() < 1e-7:
            self.last, self.total = x.copy(), float(x[0])
        return np.tanh(self.last[0])


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
def test_a_later_run_that_fails_leaves_nothing_behind():
    ours, plain = Summed(), Summed()
    gradient = gw.value_and_grad(ours.call)
    x = X
    for k in range(8):
        x = x + (0.1 if k in (1, 3) else 1e-10 if k > 3 else 0.0)
        value, found = gradient(x.copy())
        assert value == pytest.approx(plain.call(x.copy()), rel=1e-14)
        assert found[0] == pytest.approx(1 - np.tanh(x[0]) ** 2, rel=1e-6)
        assert (ours.calls, ours.total) == (plain.calls, plain.total)


class Logged:
    """Appends to a list, counts and remembers."""

    def __init__(self):
        self.log, self.calls, self.h = [], 0, 0.5

    def appended(self, x):
        self.log.append(1)
        return (x**3).sum()

    def counted(self, x):
        self.calls += 1
        return (x**3).sum()

    def stepped(self, x):
        self.h = 0.5 * self.h + x[0]
        return (x**3).sum()


def _squared_slope(f, x):
    value, slope = gw.value_and_grad(f)(x)
    return (slope**2).sum() * value


def _descended(f, x):
    for _ in range(3):
        x = x - 0.01 * gw.grad(f)(x)
    return f(x)


@pytest.mark.parametrize("before", [0, 8])
@pytest.mark.parametrize(
    ("name", "around"),
    [
        ("appended", _squared_slope),
        ("appended", _descended),
        ("counted", _squared_slope),
        ("counted", _descended),
        ("stepped", _squared_slope),
    ],
)
@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
def test_a_derivative_around_leaves_what_a_plain_call_leaves(name, around, before):
    """The runs that verify it are looked at: no function runs beside its program in them, where nobody would see what it leaves."""
    ours, plain = Logged(), Logged()
    for k in range(before):
        for one in (ours, plain):
            gw.grad(getattr(one, name))(X + 0.01 * k)
    for k in range(4):
        point = X + 0.05 * k
        gw.grad(lambda x: around(getattr(ours, name), x))(point)
        around(getattr(plain, name), point)
        assert (len(ours.log), ours.calls) == (len(plain.log), plain.calls)
        assert ours.h == pytest.approx(plain.h, rel=1e-13)
