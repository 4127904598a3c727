"""Objects of libraries that a function changes: the change happens once a call, as plainly, and never again because the derivative is verified."""

from __future__ import annotations

import argparse
import array
import collections
import configparser
import ctypes
import logging
import math
import os
import threading

import numpy as np
import pytest
import scipy.sparse

import gradwise as gw
from gradwise.tracing.instrument.foreign import is_foreign

X = np.array([0.3, 1.2])


def value(x):
    return math.exp(x[0]) * x[1]


class Shown(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = 0

    def emit(self, record):
        self.records += 1


NUMBERS, BYTES, VIEW = array.array("d"), bytearray(), memoryview(bytearray(8))
PARSER, MEMORY, LOCK = configparser.ConfigParser(), (ctypes.c_double * 1)(), threading.Semaphore(100)
MATRIX, RECORDS = scipy.sparse.lil_matrix((1, 1)), np.zeros(1, dtype=[("a", float)])
COUNTS, PLACES = collections.Counter(), argparse.Namespace(n=0)
SHOWN = Shown()
LOGGER = logging.getLogger("test_foreign_objects")
LOGGER.propagate = False
LOGGER.setLevel(logging.WARNING)
LOGGER.addHandler(SHOWN)


def appends(x):
    NUMBERS.append(1.0)
    return value(x)


def appends_bytes(x):
    BYTES.append(1)
    return value(x)


def writes_memory(x):
    VIEW[0] = VIEW[0] + 1
    return value(x)


def adds_section(x):
    PARSER.add_section(str(len(PARSER.sections())))
    return value(x)


def writes_ctypes(x):
    MEMORY[0] += 1
    return value(x)


def acquires(x):
    LOCK.acquire()
    return value(x)


def writes_sparse(x):
    MATRIX[0, 0] += 1
    return value(x)


def writes_field(x):
    RECORDS["a"][0] += 1
    return value(x)


def counts(x):
    COUNTS.update(["b"])
    return value(x)


def names(x):
    PLACES.n += 1
    return value(x)


def logs(x):
    LOGGER.warning("at %s", x[0])
    return value(x)


def sets_variable(x):
    os.environ["TEST_FOREIGN"] = str(int(os.environ.get("TEST_FOREIGN", "0")) + 1)
    return value(x)


CASES = [
    (appends, lambda: len(NUMBERS)),
    (appends_bytes, lambda: len(BYTES)),
    (writes_memory, lambda: VIEW[0]),
    (adds_section, lambda: len(PARSER.sections())),
    (writes_ctypes, lambda: MEMORY[0]),
    (acquires, lambda: -LOCK._value),
    (writes_sparse, lambda: MATRIX[0, 0]),
    (writes_field, lambda: RECORDS["a"][0]),
    (counts, lambda: COUNTS["b"]),
    (names, lambda: PLACES.n),
    (logs, lambda: SHOWN.records),
    (sets_variable, lambda: int(os.environ.get("TEST_FOREIGN", "0"))),
]


@pytest.mark.parametrize(("f", "measure"), CASES, ids=[f.__name__ for f, _ in CASES])
def test_the_change_happens_once(f, measure, monkeypatch):
    monkeypatch.setenv("TEST_FOREIGN", "0")
    monkeypatch.setattr(LOGGER, "disabled", False)  # as a library's configuration of logging leaves it
    monkeypatch.setattr(logging.root.manager, "disable", 0)
    LOGGER._cache.clear()
    gw.clear_caches()
    exact = [math.exp(0.3) * 1.2, math.exp(0.3)]
    for differentiate in (gw.grad(f), gw.grad(f), gw.hessian(f), gw.grad(f)):
        before = measure()
        found = differentiate(X)
        assert measure() - before == 1
        if found.ndim == 1:
            np.testing.assert_allclose(found, exact, rtol=1e-14)


def test_what_the_call_made_itself_hinders_nothing():
    def f(x):
        numbers, box = array.array("d"), bytearray()
        numbers.append(2.0)
        box.append(3)
        return value(x) * numbers[0] * box[0]

    gw.clear_caches()
    np.testing.assert_allclose(gw.grad(f)(X), [6 * math.exp(0.3) * 1.2, 6 * math.exp(0.3)], rtol=1e-14)
    assert "compared" in str(gw.explain(f, X))


@pytest.mark.parametrize(
    ("cls", "foreign"),
    [
        (array.array, True),
        (bytearray, True),
        (type(MEMORY), True),
        (type(MATRIX), True),
        (configparser.ConfigParser, True),
        (type(os.environ), False),
        (dict, False),
        (collections.Counter, False),
        (collections.UserDict, False),
        (np.ndarray, False),
        (str, False),
        (Shown, False),
    ],
)
def test_foreign_classes(cls, foreign):
    assert is_foreign(cls) is foreign
