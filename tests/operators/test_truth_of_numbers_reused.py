"""``if x``, ``x and y``, ``x or y``, ``not x`` of numbers: one program serves wherever the answer is the same, and at 0 the derivative is that of the function around it."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.families import _families


def optional_factor(v):
    mu, wall = v[0].item(), v[1].item()
    h = mu * 3.0
    if mu and wall:
        h *= (mu / wall) ** 0.14
    return h


def first_that_is_given(v):
    return (v[0] or v[1]) * v[1]


def denied(v):
    if not v[0]:
        return 0.0
    return np.log(v[0]) * v[1]


def of_bool(v):
    return v[1] * 2.0 if bool(v[0]) else v[1]


def of_an_entry(v):
    return v[1] * v[0] if v[:1] else 0.0


def complex_one(v):
    z = v[0] + 1j * v[1]
    return (z * z).real if z else 0.0


FUNCTIONS = [optional_factor, first_that_is_given, denied, of_bool, of_an_entry, complex_one]


def difference(f, x, d, h=1e-6):
    return (f(x + h * d) - f(x - h * d)) / (2 * h)


@pytest.mark.parametrize("f", FUNCTIONS)
def test_one_program_serves(f):
    gradient, rng = gw.grad(f), np.random.default_rng(1)
    before = sum(family.served for family, _ in _families.values())
    for _ in range(8):
        x, d = rng.uniform(0.5, 2.0, 2), rng.normal(size=2)
        assert gradient(x) @ d == pytest.approx(difference(f, x, d), rel=1e-7)
    assert sum(family.served for family, _ in _families.values()) >= before + 2


@pytest.mark.parametrize("f", [f for f in FUNCTIONS if f not in (optional_factor, denied)])
def test_another_answer_after_it(f):
    gradient = gw.grad(f)
    for x in ([1.3, 0.7], [1.1, 0.9], [0.4, 2.0], [0.6, 1.0], [1.5, 1.0]):
        gradient(np.array(x))
    x = np.array([-1.25, 0.5])
    d = np.array([0.6, -0.8])
    assert gradient(x) @ d == pytest.approx(difference(f, x, d), rel=1e-7)


def sinc(x):
    return np.sin(x) / x if x else 1.0


def triple(x):
    return 3.0 * x if x else 0.0


def other_slope(x):
    return x * x if not x else 2.0 * x


@pytest.mark.parametrize(("f", "slope"), [(sinc, 0.0), (triple, 3.0), (other_slope, 2.0)])
def test_a_branch_that_holds_at_zero_alone(f, slope):
    for _ in range(3):
        assert gw.grad(f)(0.0) == pytest.approx(slope, abs=1e-9)
    assert gw.grad(f)(1.5) == pytest.approx(difference(f, 1.5, 1.0), rel=1e-7)
    assert gw.grad(f)(0.0) == pytest.approx(slope, abs=1e-9)


def test_nan_is_true_and_arrays_are_refused_as_by_numpy():
    assert np.isnan(gw.value_and_grad(lambda x: x * 2.0 if x else 0.0)(np.nan)[0])
    with pytest.raises(ValueError, match="truth value of an array"):
        gw.grad(lambda v: v.sum() if v else 0.0)(np.ones(2))
