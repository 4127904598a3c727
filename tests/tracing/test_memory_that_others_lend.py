"""Arrays over memory that is not NumPy's, kept from call to call and written with the variables: numerical, from the state that the last call left.  Truth: the plain function called at the same points from a fresh state."""

import array
import ctypes
import mmap
from multiprocessing import shared_memory

import numpy as np
import pytest

import gradwise as gw

pytestmark = pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
POINTS = np.random.default_rng(5).normal(size=(4, 3)).round(2)


def of_bytes():
    held = bytearray(np.ones(3).tobytes())
    return np.frombuffer(held), lambda: np.frombuffer(held).copy()


def of_ctypes():
    held = (ctypes.c_double * 3)(1.0, 1.0, 1.0)
    return np.ctypeslib.as_array(held), lambda: np.array(list(held))


def of_an_array_of_python():
    held = array.array("d", [1.0, 1.0, 1.0])
    return np.asarray(held), lambda: np.array(list(held))


def in_other_strides():
    held = np.ones(5)
    return np.lib.stride_tricks.as_strided(held, (3,), (8,)), lambda: held[:3].copy()


def of_a_window():
    held = np.ones(5)
    return np.lib.stride_tricks.sliding_window_view(held, 3, writeable=True)[1], lambda: held[1:4].copy()


def of_a_map():
    held = mmap.mmap(-1, 24)
    shown = np.frombuffer(held)
    shown[:] = 1.0
    return shown, lambda: np.frombuffer(held[:]).copy()


def of_a_view_of_memory():
    held = np.ones(3)
    return np.asarray(memoryview(held)), lambda: held.copy()


MADE = [of_bytes, of_ctypes, of_an_array_of_python, in_other_strides, of_a_window, of_a_map, of_a_view_of_memory]


def by_entries(kept, x):
    for i in range(3):
        kept[i] = kept[i] * 0.5 + x[i]


def as_a_whole(kept, x):
    kept[:] = kept * 0.5 + x


def by_its_output(kept, x):
    np.add(kept, x, out=kept)


@pytest.mark.parametrize("write", [by_entries, as_a_whole, by_its_output])
@pytest.mark.parametrize("made", MADE)
def test_each_call_writes_once(made, write):
    def problem():
        kept, now = made()

        def f(x):
            write(kept, x)
            return (kept**2).sum()

        return f, now

    plain, left = problem()
    f, now = problem()
    for x in POINTS:
        expected = plain(x)
        value, slope = gw.value_and_grad(f)(x)
        assert value == pytest.approx(expected, rel=1e-14)
        np.testing.assert_array_equal(now(), left())
        np.testing.assert_allclose(slope, 2 * left(), rtol=1e-7)


class Pair(ctypes.Structure):
    _fields_ = (("a", ctypes.c_double), ("b", ctypes.c_double))


@pytest.mark.parametrize("method", ["auto", "exact"])
def test_a_structure_of_c(method):
    held = Pair(1.0, 2.0)

    def f(x):
        held.a = held.a * 0.5 + x[0]
        return held.a**2 * held.b * x[1]

    a = 1.0
    for x in POINTS:
        a = a * 0.5 + x[0]
        slope = gw.grad(f, method=method)(x)
        assert held.a == a
        np.testing.assert_allclose(slope, [4 * a * x[1], 2 * a**2, 0.0], rtol=1e-12)


def test_a_list_of_numbers_of_python_that_grows():
    held = array.array("d", [1.0])

    def f(x):
        held.append(2.0)
        held[0] = float(x[0])
        return sum(v * v for v in held) * x[1]

    for k, x in enumerate(POINTS):
        slope = gw.grad(f)(x)
        assert len(held) == k + 2
        np.testing.assert_allclose(slope, [2 * x[0] * x[1], x[0] ** 2 + 4 * (k + 1), 0.0], rtol=1e-6)


def test_shared_memory_that_the_call_closes():
    def f(x):
        memory = shared_memory.SharedMemory(create=True, size=24)
        try:
            shown = np.ndarray(3, float, memory.buf)
            shown[:] = np.asarray(x, float)
            total = float((shown**2).sum())
        finally:
            del shown
            memory.close()
            memory.unlink()
        return total

    np.testing.assert_allclose(gw.grad(f)(POINTS[0]), 2 * POINTS[0], rtol=1e-6)
