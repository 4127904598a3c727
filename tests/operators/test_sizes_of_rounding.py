"""How exactly two runs must agree: what a value is computed from decides that, not what something is only compared with."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.random_directions import magnitude
from gradwise.operators.verification import gave
from gradwise.tracing import record


def _recorded(f: Any, x: np.ndarray) -> Any:
    return record(f, [x], (True,), lambda leaves: f(leaves[0]))


def _of_digits(x: Any) -> Any:
    """``round`` compares with 2^52."""
    return np.tanh(x[0]) if round(x[1], 3) < 1.0 else x[0]


def _least(x: Any) -> Any:
    least = 1e300
    for value in x:
        least = min(least, value)
    return least * 2.0


def _of_large_terms(x: Any) -> Any:
    return (x[0] + 1e12) - 1e12


@pytest.mark.parametrize(("f", "size"), [(_of_digits, 0.9), (_least, 2.0), (_of_large_terms, 1e12)])
def test_only_what_leads_to_the_value_counts(f: Any, size: float) -> None:
    recording = _recorded(f, np.array([0.33, -0.55]))
    assert 0.1 * size <= magnitude(recording) <= 2 * size


@pytest.mark.parametrize("f", [_of_digits, _least])
def test_another_value_is_another_one(f: Any) -> None:
    recording = _recorded(f, np.array([0.33, -0.55]))
    value = recording.values[0]
    assert gave(recording, [value * (1 + 1e-14)])
    assert not gave(recording, [value * (1 + 1e-4)])


class Lazy:
    """Makes its weight anew whenever that is asked for after it was dropped."""

    def __init__(self) -> None:
        self.made = 0

    @functools.cached_property
    def weight(self) -> float:
        self.made += 1
        return 0.1 * self.made


lazy = Lazy()
_POINTS = np.array(
    [[0.31, -0.57, 0.83], [0.31, -0.57, 0.83], [0.35, -0.52, 0.77], [-0.44, 0.63, 0.29], [0.33, -0.55, 0.81]]
)


def _dropping(x: Any) -> Any:
    float_of_digits = round(float(x[1]), 3)  # noqa: F841 - nobody asks for it

    class Term:
        def __init__(self, p: float) -> None:
            self.p = p

        def __call__(self) -> Any:
            lazy.__dict__.pop("weight", None)
            return operator.itemgetter(0)(x)

    term = Term(lazy.weight)
    return 0.5 + math.tanh(term() + term.p)


def test_a_run_from_another_state_is_not_taken_for_this_one() -> None:
    """The value of the call after the next stood for that of the fifth call: 0.774 for 0.680."""
    derivative = gw.value_and_grad(_dropping)
    for k, point in enumerate(_POINTS, start=1):
        value, gradient = derivative(point.copy())
        expected = math.tanh(point[0] + 0.1 * k)
        assert value == pytest.approx(0.5 + expected, rel=1e-12)
        np.testing.assert_allclose(gradient, [1 - expected**2, 0.0, 0.0], rtol=1e-9)
        assert lazy.made == k
