"""No function at any x that a float can be makes a search fail: an answer, or an error that says what is wrong."""

import math

import numpy as np
import pytest

from gradwise.errors import InputError
from gradwise.numerical import Estimate, derivative

FUNCTIONS = {
    "1/t": lambda t: 1 / t,
    "t^-4": lambda t: t**-4.0,
    "t^4": lambda t: t**4,
    "exp": lambda t: math.exp(min(t, 700.0)),
    "log": lambda t: math.log(abs(t)),
    "cusp": lambda t: abs(t) ** 0.3,
    "staircase": lambda t: math.floor(t * 7),
    "zero": lambda t: 0.0,
    "huge": lambda t: 0 * t + 1e300,
    "infinite to the right": lambda t: math.inf if t > 0 else 1.0,
    "nan beyond 1": lambda t: math.nan if t > 1 else t,
    "cancelling": lambda t: (1 - math.cos(t)) / t**2,
    "tan": math.tan,
    "subnormal": lambda t: 1e-310 * t,
    "near the end of the range": lambda t: 1e308 * math.tanh(t),
    "sqrt": math.sqrt,
    "pole": lambda t: 1 / (t - 1.0000001),
    "gamma": math.gamma,
    "single precision": lambda t: float(np.float32(t) ** 2),
    "sin(1/t)": lambda t: math.sin(1 / t),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_search_ends_at_every_scale(name):
    f = FUNCTIONS[name]
    rng = np.random.default_rng(list(FUNCTIONS).index(name))
    answered = 0
    for _ in range(60):
        magnitude = rng.uniform(-305, 305) if rng.random() < 0.5 else rng.uniform(-12, 4)
        x = float(rng.choice([-1, 1]) * 10.0**magnitude)
        bounds = None
        if rng.random() < 0.3:
            bounds = (x - abs(x) * 10.0 ** rng.uniform(-12, 2), x + abs(x) * 10.0 ** rng.uniform(-12, 2))
        try:
            with np.errstate(all="ignore"):
                estimate = derivative(f, x, bounds=bounds, complex_step=("auto", False)[rng.integers(2)])
        except InputError:  # f has no value at x
            continue
        assert isinstance(estimate, Estimate)
        assert math.isfinite(estimate.error) or not estimate.status.trusted
        answered += 1
    assert answered >= 10
