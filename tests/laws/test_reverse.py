"""Reverse mode on programs whose cotangents meet, part and are written into."""

from __future__ import annotations

import numpy as np

import gradwise as gw

X = np.array([0.3, 0.7])


def test_an_entry_of_a_sum_whose_term_is_used_again():
    # the cotangent of y goes to both a and b; b has another one already
    def f(x):
        a, b = np.sin(x), np.cos(x)
        y = a + b
        return y[0] + np.sum(b**2)

    expected = np.array([np.cos(X[0]) - np.sin(X[0]), 0.0]) - 2 * np.cos(X) * np.sin(X)
    np.testing.assert_allclose(gw.grad(f)(X), expected, rtol=1e-14)


def test_an_entry_of_a_sum_of_a_thing_with_itself():
    def f(x):
        a = np.sin(x)
        return (a + a)[0] + (a + a)[1] * 3

    np.testing.assert_allclose(gw.grad(f)(X), 2 * np.cos(X) * [1.0, 3.0], rtol=1e-14)


def test_entries_read_many_times():
    def f(x):
        a = np.sin(x)
        b = a + 1.0
        total = 0.0
        for i in range(2):
            for k in (a, b, a + b):
                total = total + k[i] * (i + 1)
        return total + np.sum(a)

    np.testing.assert_allclose(gw.grad(f)(X), np.cos(X) * [5.0, 9.0], rtol=1e-14)
