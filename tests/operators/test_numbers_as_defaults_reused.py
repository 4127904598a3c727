"""Defaults that are numbers, changed in place under their own name (``scale *= 1e6``): numbers are not changed, arrays in their place are."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.families import _families


def scaled(x, scale=1e-6, power=2):
    scale *= 1e6
    power += 1
    return x**power * scale


def of_an_inner_one(x):
    return scaled(x)


def partly_given(x):
    return scaled(x, power=1)


def by_keyword(x, *, scale=0.5):
    scale *= 2.0
    return x**3 * scale


def served():
    return sum(family.served for family, _ in _families.values())


@pytest.mark.parametrize(
    ("f", "slope"), [(scaled, 3.0), (of_an_inner_one, 3.0), (partly_given, 2.0), (by_keyword, 3.0)]
)
def test_one_program_serves(f, slope):
    gradient, before = gw.grad(f), served()
    for k in range(6):
        x = 1.5 + k
        assert gradient(x) == pytest.approx(slope * x ** (slope - 1), rel=1e-14)
    assert served() >= before + 2


def made():
    def f(x, scale=2.0):
        scale *= 3.0
        return x * x * scale

    return f


@pytest.mark.parametrize("others", [(5.0,), (5,), (np.float64(5.0),), (np.float32(5.0),), (True,)])
def test_other_numbers_later(others):
    f = made()
    gradient = gw.grad(f)
    for k in range(5):
        assert gradient(1.0 + k) == pytest.approx(12.0 * (1.0 + k), rel=1e-14)
    f.__defaults__ = others
    for k in range(5):
        assert gradient(1.0 + k) == pytest.approx(6.0 * float(others[0]) * (1.0 + k), rel=1e-6)


def test_an_array_in_their_place_is_changed_as_by_a_plain_call():
    f, plain = made(), made()
    gradient = gw.value_and_grad(f)
    for k in range(5):
        gradient(1.0 + k)
    f.__defaults__ = (np.array(1.0),)
    plain.__defaults__ = (np.array(1.0),)
    for k in range(4):
        value, slope = gradient(2.0)
        assert value == plain(2.0)
        assert slope == pytest.approx(value, rel=1e-9)  # 2 x s beside x² s, at x = 2
        np.testing.assert_array_equal(f.__defaults__[0], 3.0 ** (k + 1))
        np.testing.assert_array_equal(f.__defaults__[0], plain.__defaults__[0])
