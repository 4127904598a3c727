"""Integrators that choose their steps: each point has a sequence of its own of steps taken and rejected, and one program holds for all.  Truth: runs of the function at each point, and the solutions themselves."""

import math

import numpy as np
import pytest

import gradwise as gw


def runge_kutta(x):
    """Classical steps with an error estimate, accepted or not; the last one is cut off."""

    def rate(t, y):
        return x[0] * y * (1 - y / x[1]) + 0.1 * math.sin(t)

    t, y, h, steps = 0.0, 1.0, 0.1, 0
    while t < 3.0:
        if t + h > 3.0:
            h = 3.0 - t
        k1 = rate(t, y)
        k2 = rate(t + h / 2, y + h * k1 / 2)
        k3 = rate(t + h / 2, y + h * k2 / 2)
        k4 = rate(t + h, y + h * k3)
        new = y + h * (k1 + 2 * k2 + 2 * k3 + k4) / 6
        error = abs(h * (k4 - rate(t + h, new)) / 6) + 1e-14
        if error < 1e-6:
            t += h
            y = new
        h = h * min(4.0, max(0.2, 0.9 * (1e-6 / error) ** 0.2))
        steps += 1
        if steps > 10000:
            break
    return y


def rejecting(x):
    """Heun's steps in a ``for``, ``continue`` where one is rejected, ``min`` for the last."""
    t, y, h = 0.0, x[1], 0.5
    for _ in range(400):
        if t >= 2.0:
            break
        h = min(h, 2.0 - t)
        k1 = x[0] - y * y
        k2 = x[0] - (y + h * k1) ** 2
        error = abs(0.5 * h * (k2 - k1)) + 1e-12
        if error > 3e-4:
            h = 0.5 * h
            continue
        y = y + 0.5 * h * (k1 + k2)
        t += h
        h = h * min(2.0, 0.9 * math.sqrt(3e-4 / error))
    return y


def of_a_vector(x):
    """A pendulum, as an array, with the norm of the error."""

    def rate(u):
        return np.array([u[1], -x[0] * np.sin(u[0]) - 0.2 * u[1]])

    t, u, h = 0.0, np.array([x[1], 0.0]), 0.1
    while t < 2.0:
        if t + h > 2.0:
            h = 2.0 - t
        k1 = rate(u)
        k2 = rate(u + h * k1)
        error = np.linalg.norm(0.5 * h * (k2 - k1)) + 1e-12
        if error < 1e-3:
            u = u + 0.5 * h * (k1 + k2)
            t = t + h
        h = h * min(2.0, max(0.3, 0.9 * np.sqrt(1e-3 / error)))
    return u[0]


class Integrator:
    """The same as an object with its own settings."""

    def __init__(self, tolerance=1e-4, limit=500):
        self.tolerance, self.limit = tolerance, limit

    def rate(self, t, y, x):
        return -x[0] * y + math.cos(t)

    def step(self, t, y, h, x):
        k1 = self.rate(t, y, x)
        k2 = self.rate(t + h, y + h * k1, x)
        return y + 0.5 * h * (k1 + k2), abs(0.5 * h * (k2 - k1)) + 1e-13

    def solve(self, x):
        t, y, h, steps = 0.0, x[1], 0.2, 0
        while t < 2.0 and steps < self.limit:
            h = min(h, 2.0 - t)
            new, error = self.step(t, y, h, x)
            if error < self.tolerance:
                t, y = t + h, new
            h = h * min(2.0, max(0.2, 0.9 * math.sqrt(self.tolerance / error)))
            steps += 1
        return y


INTEGRATOR = Integrator()


def by_an_object(x):
    return INTEGRATOR.solve(x)


def stiff_at_first(x):
    """The branch for one answer is seldom entered: when the fast part has died away."""
    t, fast, slow, h = 0.0, 1.0, x[1], 0.01
    while t < 1.5:
        if t + h > 1.5:
            h = 1.5 - t
        if fast < 1e-2:
            h = min(0.1, 1.5 - t)
        fast = fast / (1 + 12.0 * x[0] * h)
        slow = slow + h * (math.cos(t) - x[0] * slow) + h * fast
        t = t + h
    return slow


STEPPING = [runge_kutta, rejecting, of_a_vector, by_an_object, stiff_at_first]


def points(seed, count):
    rng = np.random.default_rng(seed)
    return [np.array([0.8, 1.5]) * (1 + 0.15 * rng.uniform(-1, 1, 2)) for _ in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("function", STEPPING)
def test_the_derivative_along_each_sequence_of_steps(function):
    gradient, again = gw.value_and_grad(function), gw.grad(function, pure=False, check=False)
    for x in points(1, 24):
        value, slopes = gradient(x)
        assert value == pytest.approx(function(x), rel=1e-13)
        np.testing.assert_allclose(slopes, again(x), rtol=1e-8, atol=1e-11)
    if function is not stiff_at_first:  # where the time does not depend on x until its branch is entered
        assert "goes both ways" in str(gw.explain(function, x))


@pytest.mark.slow
def test_a_least_step_which_is_taken_after_the_end_only():
    # turns that no point takes choose it: a program may not go on with it where it takes them
    def f(x):
        def rate(t, y):
            return math.cos(t) * x[0] - y * 1.3 + 0.2 * math.sin(math.tanh(math.tanh(x[0])))

        t, y, h, z, last = 0.0, x[0], 0.02, 0.0, 0.0
        for n in range(600):
            if t >= 3.0:
                break
            if t + h > 3.0:
                h = 3.0 - t
            k1 = rate(t, y)
            k2 = rate(t + h, y + h * k1)
            error = abs(0.5 * h * (k2 - k1)) + 1e-14
            if error >= 1e-4:
                h = 0.5 * h
                continue
            t += h
            y = y + 0.5 * h * (k1 + k2)
            if y > 0.88:
                z = z + h * 1.285
            if t > 0.68:
                z = 0.9 * z + 0.01 * math.cos(y)
            last = max(last, y)
            h = h * min(1.5, max(0.5, 0.9 * math.sqrt(1e-4 / error)))
            h = max(h, 1e-3)
            if n > 550:
                break
        return y + last

    rng = np.random.default_rng(90)
    gradient = gw.value_and_grad(f)
    for _ in range(9):
        x = np.array([0.7, 0.5]) * (1 + 0.8 * rng.uniform(-1, 1, 2))
        assert gradient(x)[0] == pytest.approx(f(x), rel=1e-13)


@pytest.mark.slow
def test_the_solution_of_a_logistic_equation():
    def logistic(x):
        t, y, h = 0.0, 0.1, 0.1
        while t < 2.0:
            if t + h > 2.0:
                h = 2.0 - t
            k1 = x[0] * y * (1 - y / x[1])
            m = y + h * k1 / 2
            k2 = x[0] * m * (1 - m / x[1])
            e = y + h * (2 * k2 - k1)
            k3 = x[0] * e * (1 - e / x[1])
            error = abs(h * (k1 - 2 * k2 + k3) / 6) + 1e-14
            if error < 1e-7:
                t, y = t + h, y + h * (k1 + 4 * k2 + k3) / 6
            h = h * min(3.0, max(0.2, 0.9 * (1e-7 / error) ** (1 / 3)))
        return y

    gradient = gw.grad(logistic)
    for r, c in points(3, 20):
        decay = math.exp(-2 * r)
        below = 1 + (c / 0.1 - 1) * decay
        slopes = [2 * c * (c / 0.1 - 1) * decay / below**2, 1 / below - c * decay / 0.1 / below**2]
        np.testing.assert_allclose(gradient(np.array([r, c])), slopes, rtol=1e-3)


def test_a_seldom_branch_that_loses_the_derivative_is_no_part_of_the_program():
    # once the state exceeds 1.2 it is searched for by halves, in a place where it was computed before
    def searched(x):
        t, y, h = 0.0, 0.5, 0.1
        while t < 2.0:
            if t + h > 2.0:
                h = 2.0 - t
            y = y + h * (x - 0.3 * y)
            if y > 1.2:
                lo, hi = 0.0, 4.0
                for _ in range(60):
                    middle = 0.5 * (lo + hi)
                    lo, hi = (middle, hi) if middle < y else (lo, middle)
                y = lo
            t += h
            h = min(0.3, max(0.02, 0.05 / abs(x - 0.3 * y)))
        return y

    gradient = gw.grad(searched)
    rng = np.random.default_rng(5)
    for x in rng.uniform(0.3, 0.55, 20):
        gradient(float(x))
    with pytest.warns(gw.NumericalFallbackWarning):
        slope = gradient(0.9)
    assert slope == pytest.approx((searched(0.9 + 1e-6) - searched(0.9 - 1e-6)) / 2e-6, rel=1e-3)
