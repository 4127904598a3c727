"""Functions of constant sparse matrices are proved pure; the content of the matrices is compared at each call."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import scipy.sparse as sp

import gradwise as gw
from gradwise.operators.reuse.families import _families
from gradwise.tracing.purity import inspect_function

X = np.linspace(0.2, 0.9, 6)


def served():
    return sum(family.served for family, _ in _families.values())


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()


def dense():
    return np.arange(36.0).reshape(6, 6) % 5 - 1.0


class Quadratic:
    def __init__(self, form, *, array):
        make = getattr(sp, f"{form}_{'array' if array else 'matrix'}")
        self.a = make(dense())
        self.b = make(np.eye(6) * 2.0)

    def product(self, x):
        return x @ (self.a @ x)

    def dotted(self, x):
        return self.a.dot(x) @ x + np.sum(x @ self.b)

    def transposed(self, x):
        return np.sum((self.a.T @ x) ** 2) * self.a.shape[0]

    def summed(self, x):
        return x @ ((self.a + self.b) @ x) + np.sum((self.a * 2.0) @ x)

    def by_rows(self, x):
        return np.sum((self.a.tocsr()[1:4] @ x) ** 2)


METHODS = [n for n, v in vars(Quadratic).items() if callable(v) and not n.startswith("_")]


def agrees(f):
    got = gw.grad(f, method="exact", check=False)(X)
    np.testing.assert_allclose(got, gw.grad(f, method="exact", check=False, pure=False)(X), rtol=1e-12)
    return got


@pytest.mark.parametrize("array", [False, True])
@pytest.mark.parametrize("form", ["csr", "csc", "dia", "bsr"])
@pytest.mark.parametrize("name", METHODS)
def test_changes_of_matrices_are_seen(name, form, array):
    problem = Quadratic(form, array=array)
    f = getattr(problem, name)
    verdict = inspect_function(f, [X], {})
    assert verdict.is_pure, verdict.effects
    for _ in range(5):
        before = agrees(f)
    assert served() >= 3
    problem.a.data *= 3.0
    assert not np.allclose(agrees(f), before)
    problem.a = problem.a * 0.5
    agrees(f)
    problem.a = problem.a.tocsr()[::-1].asformat(form)
    agrees(f)
    problem.a = problem.a.astype(np.float32)
    agrees(f)
    problem.a = sp.csc_array(dense()).asformat("coo")  # which is not looked into
    agrees(f)
    problem.a = dense() if name not in ("by_rows", "summed") else problem.b
    agrees(f)


def test_against_the_dense_matrix():
    problem = Quadratic("csr", array=True)
    a = dense()
    for _ in range(5):
        np.testing.assert_allclose(gw.grad(problem.product)(X), (a + a.T) @ X, rtol=1e-13)


def scales(x, a):
    b = a.tocsr()
    b *= 2.0
    return np.sum(b @ x)


def writes(x, a):
    a.data[0] = 5.0
    return np.sum(a @ x)


def assigns(x, a):
    a[0, 0] = 5.0
    return np.sum(a @ x)


def into(x, a):
    out = np.zeros((6, 6))
    a.toarray(out=out)
    return np.sum(out @ x)


@pytest.mark.parametrize("f", [scales, writes, assigns, into], ids=lambda f: f.__name__)
def test_what_may_write_to_a_matrix_is_not_proved(f):
    assert not inspect_function(f, [X, sp.csr_array(dense())], {}).is_quiet


def test_large_matrices_are_not_compared():
    problem = Quadratic("csr", array=True)
    problem.a = sp.random(400, 400, 0.2, format="csr", random_state=0)
    assert not inspect_function(problem.product, [np.ones(400)], {}).is_pure


def test_no_matrix_is_kept():
    problem = Quadratic("csr", array=False)
    for _ in range(5):
        agrees(problem.product)
    watch, indices = weakref.ref(problem.a), weakref.ref(problem.a.indices)
    del problem
    gc.collect()
    assert watch() is None
    assert indices() is None
