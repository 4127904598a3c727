"""What is asked of numbers and arrays by a name, and ``flat``: functions that do so are proved, and their programs stand where fresh runs do."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

RNG = np.random.default_rng(2)


def regularised(x):
    table = np.outer(x, x)
    table.flat[:: x.size + 1] += 0.5
    return np.linalg.slogdet(table)[1] + np.sum(table.flat[1:3])


def over_entries(x):
    total = 0.0
    for v in np.outer(x, x).flat:
        total += v**3
    return total


def written_later(x):
    table = np.outer(x, x)
    entries = table.flat
    table[0, 0] = 3.0
    entries[1] = x[2] ** 2
    return table[0, 1] * entries[0]


def of_the_same_type(x):
    made = np.zeros(3, dtype=getattr(x, "dtype", float))
    made[0] = x[1]
    return np.sum(made) ** 2 / getattr(x, "size", 1)


def number_or_array(x, scale):
    if hasattr(scale, "squeeze") and callable(scale.squeeze):
        scale = scale.squeeze()
    return np.sum(x**3) * float(scale)


@pytest.mark.parametrize(
    ("f", "rest"),
    [
        (regularised, ()),
        (over_entries, ()),
        (written_later, ()),
        (of_the_same_type, ()),
        (number_or_array, (1.5,)),
        (number_or_array, (np.array([1.5]),)),
    ],
)
def test_they_are_proved_and_right_at_other_points(f, rest):
    assert gw.explain(f, np.ones(3), *rest).reuse.startswith("proved")
    gradient = gw.grad(f)
    for _ in range(6):
        x = RNG.uniform(0.5, 2.0, 3)
        expected = [(f(x + 1e-6 * u, *rest) - f(x - 1e-6 * u, *rest)) / 2e-6 for u in np.eye(3)]
        np.testing.assert_allclose(gradient(x, *rest), expected, rtol=1e-6)


def test_the_callers_array_is_not_written_to_unseen():
    def f(x):
        x.flat[0] = 1.0
        return np.sum(x**2)

    assert "proved pure by" not in gw.explain(f, np.ones(3)).reuse.split("not ")[0]
    gradient = gw.grad(f)
    for _ in range(4):
        x = RNG.uniform(0.5, 2.0, 3)
        np.testing.assert_allclose(gradient(x.copy()), [0.0, *(2 * x[1:])])
