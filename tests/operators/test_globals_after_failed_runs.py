"""Arrays under global names that a run was about to write to, and that failed: the names hold what they held."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

NUMBER = np.array(2.0)
TABLE = np.arange(8.0).reshape(2, 2, 2)
WORK = np.zeros(3)


def fills(x):
    y = NUMBER[()]
    y.fill(2.0)
    return y * x[0] + np.sum(x**2)


def resizes(x):
    y = TABLE[0][0][1]
    y.resize(y.shape)
    return y * x[0] + np.sum(x**2)


def fails(x):
    WORK[:] = 2 * x
    return WORK.nothing_of_the_kind + np.sum(x**2)


@pytest.mark.parametrize(("function", "slope"), [(fills, 2.0), (resizes, 1.0)])
@pytest.mark.parametrize("options", [{}, {"pure": False}])
def test_names_hold_plain_arrays(function, slope, options):
    before = NUMBER, TABLE, NUMBER.copy(), TABLE.copy()
    x = np.array([0.3, 1.0])
    for _ in range(4):
        np.testing.assert_allclose(gw.grad(function, **options)(x), 2 * x + np.array([slope, 0.0]))
        assert NUMBER is before[0]
        assert TABLE is before[1]
        np.testing.assert_array_equal(NUMBER, before[2])
        np.testing.assert_array_equal(TABLE, before[3])


def test_errors_of_the_function_leave_its_numbers():
    work = WORK
    for k in range(1, 4):
        x = np.array([0.3, 1.0, 2.0]) * k
        with pytest.raises(AttributeError):
            gw.grad(fails)(x)
        assert type(WORK) is np.ndarray
        assert WORK is work
        np.testing.assert_array_equal(WORK, 2 * x)
