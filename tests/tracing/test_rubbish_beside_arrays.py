"""Work arrays to which something refers that nobody can reach any more."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import gradwise as gw

OUT = np.zeros(2)


class Ring:
    """Refers to itself, so that it waits for the collector."""

    def __init__(self, array) -> None:
        self.array, self.me = array, self


def through_out(x):
    OUT[0] = x[0] * x[1]
    OUT[1] = -x[1]
    return OUT[0] ** 2 + OUT[1]


def test_a_ring_that_is_gone_does_not_count():
    x = np.array([0.7, 1.3])
    exact = [2 * x[0] * x[1] ** 2, 2 * x[0] ** 2 * x[1] - 1]
    enabled = gc.isenabled()
    gc.disable()
    try:
        for _ in range(3):
            Ring(OUT)
            np.testing.assert_allclose(gw.grad(through_out, method="exact", pure=False)(x), exact, rtol=1e-14)
    finally:
        if enabled:
            gc.enable()


def test_a_ring_that_is_there_does():
    ring = Ring(OUT)
    with pytest.raises(gw.TracingError, match="lose the derivative"):
        gw.grad(through_out, method="exact", pure=False)(np.array([0.7, 1.3]))
    del ring
    gc.collect()
    assert gw.grad(through_out, method="exact", pure=False)(np.array([1.0, 1.0])).tolist() == [2.0, 1.0]
