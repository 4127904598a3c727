"""Fits with options, pairs of sparse matrices, the norms that least squares report, what ``find`` gives: against differences of SciPy's own numbers."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize as so
import scipy.sparse as sp
import scipy.sparse.linalg as sl
from closing import closes

import gradwise as gw

TIMES = np.linspace(0, 2, 8)
DATA = 1.3 * np.exp(-0.7 * TIMES) + 0.05 * np.sin(5 * TIMES)
TIGHT = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}


def model(t, a, b):
    return a * np.exp(-b * t)


def slope(t, a, b):
    return np.stack([np.exp(-b * t), -a * t * np.exp(-b * t)], axis=1)


def with_holes(y):
    return np.concatenate([y[:3], [np.nan], y[3:]])


FITS = {
    "with a slope": lambda y: so.curve_fit(model, TIMES, y, p0=[1.0, 1.0], method="trf", jac=slope, **TIGHT)[0],
    "with a robust loss": lambda y: so.curve_fit(
        model, TIMES, y, p0=[1.0, 1.0], method="trf", jac=slope, loss="soft_l1", f_scale=0.1, **TIGHT
    )[0],
    "with holes": lambda y: so.curve_fit(
        model, with_holes(TIMES), with_holes(y), p0=[1.0, 1.0], jac=slope, nan_policy="omit", ftol=1e-15, xtol=1e-15
    )[0],
    "with holes and weights": lambda y: so.curve_fit(
        model, with_holes(TIMES), with_holes(y), p0=[1.0, 1.0], sigma=np.linspace(1, 2, 9), nan_policy="omit",
        jac=slope, ftol=1e-15, xtol=1e-15,
    )[0],
    "with arguments by name": lambda y: so.least_squares(
        lambda p, *, data: model(TIMES, *p) - data, [1.0, 1.0], lambda p, *, data: slope(TIMES, *p),
        kwargs={"data": y}, **TIGHT,
    ).x,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", FITS)
def test_fits_with_options(name) -> None:
    # SciPy ends a robust fit where its steps are small, which differences of slopes show
    closes(FITS[name], DATA, h=2e-2, rtol=1e-5, second="robust" not in name)


def test_several_right_hand_sides_without_residuals() -> None:
    A = np.random.default_rng(0).uniform(0.2, 0.8, (4, 3))
    closes(lambda x: scipy.linalg.lstsq(x.reshape(4, 3), np.eye(4)[:, :2], lapack_driver="gelsy")[0], A.ravel())


# --- pairs of sparse matrices -----------------------------------------------------------------------------------------------------

ROWS, COLS = np.array([0, 0, 1, 2, 3, 4, 5, 5, 2, 1]), np.array([0, 2, 1, 2, 3, 4, 5, 0, 5, 4])
ENTRIES = np.random.default_rng(0).uniform(1, 2, 10)
MASSES = sp.csc_array(np.diag([1.0, 2, 1, 3, 1, 2]) + 0.1)
ONES = np.ones(6)


def sparse(x):
    return sp.coo_array((x, (ROWS, COLS)), shape=(6, 6)).tocsc()


def stiff(x):
    return (sparse(x) @ sparse(x).T + sp.eye_array(6)).tocsc()


PAIRS = {
    "largest of a pair": lambda x: sl.eigsh(stiff(x), 2, M=MASSES, v0=ONES, return_eigenvectors=False),
    "around a shift": lambda x: sl.eigsh(stiff(x), 2, sigma=0.0, v0=ONES, return_eigenvectors=False),
    "vibrations": lambda x: sl.eigsh(stiff(x), 2, M=MASSES, sigma=0.0, which="LM", v0=ONES)[0],
    "both traced": lambda x: sl.eigsh(stiff(x), 2, M=stiff(x[::-1] + 0.3), v0=ONES)[0],
    "shapes": lambda x: np.abs(sl.eigsh(stiff(x), 2, M=MASSES, v0=ONES)[1]),
    "any matrix": lambda x: sl.eigs(stiff(x), 2, M=MASSES, v0=ONES)[0].real,
    "any matrix, around a shift": lambda x: sl.eigs(stiff(x), 2, sigma=1.1, v0=ONES)[0].real,
    "any matrix, vectors": lambda x: np.abs(sl.eigs(stiff(x), 2, M=MASSES, v0=ONES)[1]),
}


@pytest.mark.parametrize(
    "f", [pytest.param(f, id=n, marks=[pytest.mark.slow] * (k % 4 > 0)) for k, (n, f) in enumerate(PAIRS.items())]
)
def test_eigenvalues_of_sparse_pairs(f) -> None:
    closes(f, ENTRIES, rtol=1e-6)


def test_equal_eigenvalues_of_a_sparse_matrix_say_so() -> None:
    with pytest.raises(gw.TracingError, match="at equal values"):
        gw.grad(lambda x: np.sum(sl.eigsh(sp.eye_array(6) * x, 2, v0=ONES)[0]), method="exact")(2.0)


@pytest.mark.parametrize(("name", "place"), [("lsqr", 3), ("lsqr", 4), ("lsqr", 8), ("lsmr", 3), ("lsmr", 7)])
def test_norms_of_least_squares(name, place) -> None:
    """They had derivatives 0, which only the comparison at the first call saw."""
    A = np.random.default_rng(1).standard_normal((5, 3))
    b = np.array([1.0, -0.5, 0.3, 2.0, 0.7])

    def f(x):
        found = getattr(sl, name)(sp.csr_array(x.reshape(5, 3)), b, damp=0.3, atol=1e-15, btol=1e-15)
        return np.stack([found[place], 1.0 * x[0]])

    closes(f, A.ravel(), rtol=1e-4)


def test_estimates_of_least_squares_have_no_rule() -> None:
    A = np.random.default_rng(1).standard_normal((5, 3))
    with pytest.raises(gw.TracingError, match="estimates has no rule"):
        gw.grad(lambda x: sl.lsqr(sp.csr_array(x.reshape(5, 3)), np.ones(5))[6], method="exact")(A.ravel())


@pytest.mark.parametrize("form", ["coo", "csr", "csc", "lil"])
def test_found_entries_are_in_scipys_order(form) -> None:
    """The numbers were in the order of columns, where SciPy has that of rows."""
    closes(lambda x: sp.find(sp.coo_array((x, (ROWS, COLS)), shape=(6, 6)).asformat(form))[2] ** 3, ENTRIES)
