"""Sliding windows and overlap-add: values against NumPy, laws, views that are written behind."""

import numpy as np
import pytest

import gradwise as gw

from .laws import check_function

sliding = np.lib.stride_tricks.sliding_window_view
rng = np.random.default_rng(0)


def behind(x):
    x = x.copy()
    w = sliding(x, 3)
    x[2] *= 2
    return (w**2).sum(1)


def pooled(x):
    return sliding(x, (2, 2))[1:, ::2].max(axis=(2, 3)) * x[0, 0]


CASES = {
    "vector": (lambda x: sliding(x, 3) ** 2, (6,)),
    "the whole": (lambda x: sliding(x, 4) ** 2, (4,)),
    "size 1": (lambda x: sliding(x, 1) ** 2, (4,)),
    "matrix": (lambda x: sliding(x, (2, 3)) ** 2, (4, 5)),
    "one axis twice": (lambda x: sliding(x, (2, 2), axis=(1, 1)) ** 2, (3, 5)),
    "negative axis": (lambda x: sliding(x, 2, axis=-2) ** 3, (4, 5)),
    "written behind": (behind, (6,)),
    "pooled": (pooled, (6, 6)),
    "second use": (lambda x: sliding(np.cumsum(sliding(x, 2).sum(1)), 2) ** 2, (5,)),
}


@pytest.mark.parametrize("name", CASES)
def test_laws(name):
    f, shape = CASES[name]
    check_function(f, rng.standard_normal(shape))


def test_complex():
    z = rng.standard_normal(5) + 1j * rng.standard_normal(5)
    check_function(lambda x: sliding(x, 2) * np.array([1, 2j]), z)


def test_a_window_is_read_only():
    def f(x):
        sliding(x, 2)[0, 0] = 1.0
        return x.sum()

    with pytest.raises(ValueError, match="read-only"):
        gw.grad(f)(np.ones(3))


def test_a_window_must_fit():
    with pytest.raises(ValueError, match="window shape"):
        gw.grad(lambda x: sliding(x, 5).sum())(np.ones(3))
