"""A function that counts its calls, does something that no run leaves undone, and cannot be traced: the points at which nobody asked are not counted."""

import ctypes
import gc
import os
import time
import warnings
import weakref

import numpy as np
import pytest

import gradwise as gw


class Counted:
    def __init__(self, effect):
        self.calls = 0
        self.points = []
        self.effect = effect

    def __call__(self, x):
        self.calls += 1
        self.points.append(self.calls)
        one = self.effect(self)
        first = np.frombuffer(x, float)[0]  # reads memory that a traced value does not have
        return one * first**2 * x[1] + self.calls * first


def of_ctypes(owner):
    return ctypes.c_double(1.0).value


def of_a_reference(owner):
    return float(weakref.ref(owner)() is owner)


def of_the_collector(owner):
    return 1.0 + 0 * gc.isenabled()


def of_the_machine(owner):
    return 1.0 + 0 * len(os.uname())


def of_a_clock(owner):
    return 1.0 + 0 * time.time()


@pytest.mark.parametrize("effect", [of_ctypes, of_a_reference, of_the_collector, of_the_machine, of_a_clock])
def test_a_derivative_of_a_counting_function_counts_once(effect):
    f = Counted(effect)
    value_and_grad = gw.value_and_grad(f)
    for k in (1, 2, 3):
        x = np.array([0.4 + 0.1 * k, 0.3])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gw.NumericalFallbackWarning)
            value, gradient = value_and_grad(x)
        assert f.points == list(range(1, k + 1))
        assert f.calls == k
        assert value == pytest.approx(x[0] ** 2 * x[1] + k * x[0], rel=1e-14)
        np.testing.assert_allclose(gradient, [2 * x[0] * x[1] + k, x[0] ** 2], rtol=1e-7)
