"""NumPy's own iterators: ``flat`` of a traced array goes on where it was, and those that were made before the call are taken from once at each call."""

import numpy as np
import pytest

import gradwise as gw

POINT = np.array([0.3, 0.4])


def goes_on(x):
    entries = np.outer(x, x).flat
    first = next(entries)
    return first * 3 + sum(entries) + entries.index + sum(entries.coords)


def begins_anew(x):
    entries = np.outer(x, x).flat
    next(entries)
    assert entries[3] == x[1] * x[1]
    total = 0.0
    for k, v in enumerate(entries):
        total = total + (k + 1) * v
    return total + sum(1 for _ in entries)


def is_assigned(x):
    whole = np.outer(x, x)
    total = sum(v * v for v in whole.flat) + sum(whole.flat)
    entries = whole.T.flat
    next(entries)
    entries[1] = x[0]
    pairs = zip(*[entries] * 2, strict=True)
    return total + next(entries) * 2 + whole.sum() + sum(next(pairs))


def tells_where(x):
    whole = np.outer(x, x)
    entries = whole.flat
    found = []
    for v in entries:
        found += [entries.coords[0] * v]
    return sum(found) + len(entries) + (whole.flat == whole.flat[0]).sum()


@pytest.mark.parametrize("f", [goes_on, begins_anew, is_assigned, tells_where])
def test_flat_is_an_iterator(f):
    value, slopes = gw.value_and_grad(f, method="exact")(POINT)
    assert value == f(POINT)
    h = 1e-6
    differences = [(f(POINT + e) - f(POINT - e)) / (2 * h) for e in np.eye(2) * h]
    np.testing.assert_allclose(slopes, differences, rtol=1e-8)


def test_flat_ends():
    def f(x):
        entries = x.flat
        total = next(entries) * next(entries)
        assert next(entries, None) is None
        return total

    np.testing.assert_allclose(gw.grad(f, method="exact")(POINT), POINT[::-1])


MADE = {
    "flat": (lambda a: a.flat, float),
    "nditer": (np.nditer, float),
    "ndenumerate": (np.ndenumerate, lambda entry: float(entry[1])),
    "ndindex": (lambda a: np.ndindex(4, 2), lambda place: 1.0 + 2 * place[0] + place[1]),
}


@pytest.mark.parametrize("pure", [None, False])
@pytest.mark.parametrize("name", MADE)
def test_one_that_was_there_is_taken_from_once(name, pure):
    make, number = MADE[name]
    kept = make(np.arange(1.0, 9.0).reshape(4, 2))

    def f(x):
        return number(next(kept)) * x**2 if x < 7 else 0.0

    for k in range(1, 9):
        assert gw.value_and_grad(f, pure=pure)(2.0) == (4.0 * k, 4.0 * k)
    with pytest.raises(StopIteration):
        next(kept)


@pytest.mark.parametrize("name", MADE)
def test_a_loop_that_is_left_goes_on_at_the_next_call(name):
    make, number = MADE[name]
    kept = make(np.arange(1.0, 9.0).reshape(4, 2))

    def f(x):
        total = 0.0
        for k, entry in enumerate(kept):
            total += number(entry) * x
            if k == 1:
                break
        return total

    for expected in (3.0, 7.0, 11.0, 15.0):
        assert gw.value_and_grad(f)(2.0) == (2 * expected, expected)


@pytest.mark.parametrize("name", MADE)
def test_a_run_that_fails_puts_it_back(name):
    make, number = MADE[name]
    kept, plain = make(np.arange(1.0, 9.0).reshape(4, 2)), np.zeros(1)

    def f(x):
        taken = number(next(kept))
        memoryview(plain)[0] = float(x)  # of which no trace knows
        return taken * x

    with pytest.raises(gw.errors.TracingError):
        gw.grad(f, method="exact")(2.0)
    assert number(next(kept)) == 1.0


def test_one_that_the_run_makes_is_its_own_in_silent_runs_too():
    def f(x):
        total = sum(float(v) for v in np.nditer(np.array([x[0], x[1]])))
        drawn = np.random.default_rng(3).normal(total, 0.1)
        return float(drawn) ** 2 + sum(v for _, v in np.ndenumerate(np.array([x[0], 2.0]))) * 2

    value, slopes = gw.value_and_grad(f, method="exact")(POINT)
    assert value == f(POINT)
    h = 1e-6
    differences = [(f(POINT + e) - f(POINT - e)) / (2 * h) for e in np.eye(2) * h]
    np.testing.assert_allclose(slopes, differences, rtol=1e-8)
