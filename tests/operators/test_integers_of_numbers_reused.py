"""``int(x)``, ``round(x)``, ``math.floor(x)``, ``math.ceil(x)`` of a number with a derivative: one program serves wherever the integer is the same."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.families import _families

INTEGERS = {"int": int, "round": round, "floor": math.floor, "ceil": math.ceil, "trunc": math.trunc}


def served():
    return sum(family.served for family, _ in _families.values())


def sine_of_degrees(v):
    quarter = round(v[0] / 90)
    r = math.radians(v[0] - 90 * quarter)
    s, c = math.sin(r), math.cos(r)
    if quarter % 4 == 1:
        s, c = c, -s
    elif quarter % 4 == 2:
        s, c = -s, -c
    elif quarter % 4 == 3:
        s, c = -c, s
    return s * v[1]


def test_a_quarter_of_the_circle():
    # each call ran the function anew, and a program was made that never served
    gradient, before = gw.grad(sine_of_degrees), served()
    for angle in (*np.linspace(100.0, 130.0, 12), 20.0, 170.0, 260.0, -35.0, 140.0, 110.0):
        a = math.radians(angle)
        wanted = [2.0 * math.cos(a) * math.pi / 180, math.sin(a)]
        np.testing.assert_allclose(gradient(np.array([angle, 2.0])), wanted, rtol=1e-12, atol=1e-14)
    assert served() >= before + 8


@pytest.mark.parametrize("name", INTEGERS)
def test_on_both_sides_of_the_borders(name):
    integer = INTEGERS[name]

    def f(x):
        return x * x * (3 + integer(x))

    gradient, before = gw.grad(f), served()
    away = [*np.linspace(1.1, 1.4, 6), *np.linspace(1.6, 1.9, 6), 1.2, 1.7, 2.3, -0.3, 0.3, -0.7, 0.7, -1.2, 1.3]
    for x in away:
        assert gradient(float(x)) == 2 * x * (3 + integer(float(x)))
    assert served() >= before + 8
    for x in (1.5, 2.5, -0.5, 2.0, math.nextafter(2.0, 0.0), math.nextafter(1.5, 2.0), 1.75):  # and at them
        assert gw.value_and_grad(f)(x)[0] == f(x)


class Remembers:
    """The first number between two integers stands for all of them."""

    def __init__(self):
        self.last, self.sine = -1.0, 0.0

    def of(self, v):
        k = 1.0 * int(v[0])
        if k != self.last:
            self.last, self.sine = k, math.sin(v[0])
        return self.sine * v[1]


def test_what_is_kept_by_an_integer_is_no_part_of_a_program():
    ours, plain = Remembers(), Remembers()
    both, rng = gw.value_and_grad(ours.of), np.random.default_rng(0)
    for _ in range(30):
        v = np.array([rng.uniform(1.0, 3.0), 2.0])
        assert both(v)[0] == plain.of(v)
