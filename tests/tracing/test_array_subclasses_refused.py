"""Ways on which arrays of users' classes would lose their derivative, or cannot be followed: each raises, and the default mode falls back with a warning."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
from measured_arrays import Measured, X

import gradwise as gw


def test_without_rewriting_they_are_refused():
    program = (
        "import numpy as np, gradwise as gw\n"
        "class Own(np.ndarray):\n    def __mul__(self, other): return np.asarray(self) * other + 1.0\n"
        "x = np.ones(2)\n"
        "for f, at in [(lambda v: (v * v).sum(), x.view(Own)), (lambda x: (x.view(Own) * x).sum(), x)]:\n"
        "    try: gw.grad(f, method='exact')(at)\n"
        "    except gw.TracingError as error: print('Own' in str(error))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "GRADWISE_REWRITE": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == ["True", "True"]


# --- what is refused -----------------------------------------------------------------------------------------------------------------------


def test_auto_falls_back_with_a_warning():
    def f(x):
        return np.sum(np.asarray(np.vectorize(lambda t: 2 * t)(x.view(Measured))))

    with pytest.warns(gw.NumericalFallbackWarning, match="Measured"):
        np.testing.assert_allclose(gw.grad(f)(X), [2.0, 2.0, 2.0], rtol=1e-8)


class Strict(np.ndarray):
    """Universal functions by the class."""

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return getattr(ufunc, method)(*[np.asarray(i) for i in inputs], **options).view(Strict)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.quantile(x.view(Strict), 0.3),
        lambda x: np.sum(np.lib.stride_tricks.as_strided(x.view(Strict))),
        lambda x: np.frombuffer(x.view(Strict)).sum(),
        lambda x: x.view(Strict).ctypes.data * 1.0,
        lambda x: float(np.sum(memoryview(x.view(Strict)))),
        lambda x: np.fromstring(x.view(Strict).tobytes(), sep=" ").sum(),
    ],
)
def test_what_cannot_be_followed_raises(f):
    # what np.fromstring cannot read it warns of before NumPy 2.3
    with pytest.raises((gw.TracingError, ValueError, DeprecationWarning)):
        gw.grad(f, method="exact")(X)


def by_file(x):
    file = io.StringIO()
    np.savetxt(file, Measured(x))
    return np.loadtxt(io.StringIO(file.getvalue())).sum()


def by_bytes(x):
    file = io.BytesIO()
    np.save(file, Measured(x))
    file.seek(0)
    return np.load(file).sum()


def by_text(x):
    return sum(json.loads(json.dumps(Measured(x).tolist())))


def by_pickle(x):
    return pickle.loads(pickle.dumps(Measured(x))).sum()


def in_a_thread(x):
    found = []
    thread = threading.Thread(target=lambda: found.append(attempt(lambda: Measured(x) * 2)))
    thread.start()
    thread.join()
    return np.sum(np.asarray(found[0]))


def attempt(call):
    try:
        return call()
    except Exception:
        return np.zeros(3)


@pytest.mark.parametrize("f", [by_file, by_bytes, by_text, by_pickle, in_a_thread])
def test_ways_out_raise(f):
    with pytest.raises(gw.TracingError):
        gw.grad(f, method="exact", check=False)(X)


def test_what_is_written_in_place_by_a_function_is_traced():
    def f(x):
        v = x.view(Measured)
        cleaned = np.nan_to_num(v, copy=False)
        cleaned *= 2
        return v.sum()

    np.testing.assert_array_equal(
        gw.grad(f, method="exact", check=False)(np.array([1.0, np.nan, 3.0])), [2.0, 0.0, 2.0]
    )


class Matrix(np.matrix):
    """A class that derives from one of NumPy's own kinds."""


class Masked(np.ma.MaskedArray):
    """Likewise."""


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.asarray(x.reshape(1, 3) * MATRIX)),
        lambda x: np.sum(np.asarray(np.add(x, MATRIX))),
        lambda x: float((x * MASKED).sum()),
        lambda x: float(x.view(Masked).sum()),
    ],
)
def test_classes_that_derive_from_kinds_of_numpy_raise(f):
    with pytest.raises(gw.TracingError, match=r"Matrix|Masked"):
        gw.grad(f, method="exact", check=False)(X)


MATRIX = (np.eye(3) + np.ones((3, 3))).view(Matrix)
MASKED = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False]).view(Masked)
