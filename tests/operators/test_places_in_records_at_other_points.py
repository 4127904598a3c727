"""Entries of records and masked arrays at places that numbers decide: a program chooses them anew."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import gradwise as gw

X = np.array([0.3, 0.1, 0.7, 1.2])
FIELDS = [("a", float), ("b", float)]


def sorted_records(x):
    r = np.array([(v, v * v) for v in x], dtype=FIELDS)
    return r[np.argsort(r["a"])]["b"] @ np.arange(1.0, 5.0)


def largest_record(x):
    r = np.array([(v, v * v) for v in x], dtype=FIELDS)
    return r[np.argmax(r["a"])]["b"]


def records_set(x):
    r = np.zeros(4, FIELDS)
    r["a"] = x
    r[np.argmin(x)] = (x[0] * 3.0, 1.0)
    return r["a"] @ np.arange(1.0, 5.0)


def some_records(x):
    r = np.array([(v, v * v) for v in x], dtype=FIELDS)
    return np.sum(r[x > 0.2]["b"])


def sorted_masked(x):
    m = np.ma.array(x, mask=[False, True, False, False])
    return np.sum(m[np.argsort(x)].filled(0.5) * np.arange(1.0, 5.0))


def masked_set(x):
    m = np.ma.array(x * 1.0, mask=[False, True, False, False])
    m[np.argmax(x)] = x[1] * 2.0
    return np.sum(m.filled(0.5) * np.arange(1.0, 5.0))


def a_rotation(x):
    return Rotation.from_rotvec(np.outer(x, [0.1, 0.2, 0.3]))[np.argmax(x)].as_rotvec() @ np.arange(1.0, 4.0)


@pytest.mark.parametrize("promised", [None, True])
@pytest.mark.parametrize(
    "f", [sorted_records, largest_record, records_set, some_records, sorted_masked, masked_set, a_rotation]
)
def test_places_are_those_of_the_point(f, promised):
    g = gw.value_and_grad(f, method="exact", pure=promised)
    for k in range(5):
        g(X * (1 + 1e-3 * k))
    for x in (X[::-1].copy(), X[[1, 0, 2, 3]] + 0.05, X[[3, 1, 0, 2]]):
        value, slope = g(x)
        steps = [(f(x + e) - f(x - e)) / 2e-6 for e in 1e-6 * np.eye(4)]
        assert value == pytest.approx(f(x), rel=1e-12)
        np.testing.assert_allclose(slope, steps, rtol=1e-6, atol=1e-8)
