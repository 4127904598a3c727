"""NumPy's functions of sparse matrices that hold traced numbers: what SciPy's methods and operators of the same name give."""

import numpy as np
import pytest
import scipy.sparse as sp

import gradwise as gw

ROWS, COLUMNS = [0, 1, 2, 2], [1, 2, 0, 2]
FORMS = [sp.csr_matrix, sp.csc_array, sp.coo_matrix]


def matrix(form, x):
    return form(sp.coo_matrix((x, (ROWS, COLUMNS)), (3, 3)))


def turned(form, x):
    return form(sp.coo_matrix((x * (1 + 2j), (ROWS, COLUMNS)), (3, 3)))


OF_REAL = {
    "absolute": lambda A: np.absolute(A),
    "sqrt": lambda A: np.sqrt(A),
    "sin": lambda A: np.sin(A),
    "tanh": lambda A: np.tanh(A),
    "expm1": lambda A: np.expm1(A),
    "log1p": lambda A: np.log1p(A),
    "negative": lambda A: np.negative(A),
    "multiply": lambda A: np.multiply(A, 2.0) + np.multiply(3.0, A),
    "add": lambda A: np.add(A, A) - np.subtract(A, np.divide(A, 4.0)),
    "transpose": lambda A: np.transpose(A),
    "sum": lambda A: np.sum(A, axis=0) * np.sum(A) + np.mean(A),
    "extremes": lambda A: np.array([np.max(A), np.min(A), np.shape(A)[0], np.ndim(A)]),
}
OF_COMPLEX = {
    "conj": lambda A: np.conj(A),
    "conjugate": lambda A: np.conjugate(A) + A,
    "real": lambda A: np.real(A) + 2 * A.real,
    "imag": lambda A: np.imag(A) + 2 * A.imag,
    "absolute": lambda A: np.abs(A),
}
CASES = [(matrix, f, n) for n, f in OF_REAL.items()] + [(turned, f, "complex_" + n) for n, f in OF_COMPLEX.items()]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("make", "function"), [c[:2] for c in CASES], ids=[c[2] for c in CASES])
def test_functions_of_sparse_matrices(form, make, function):
    weights = np.arange(1.0, 10.0)

    def f(x):
        made = function(make(form, x))
        entries = np.ravel(np.asarray(made.toarray() if sp.issparse(made) else made))
        total = np.sum(weights[: entries.size] * entries)
        return np.real(total) + 2 * np.imag(total)

    for k in range(3):
        x = np.array([0.9, 0.43, 0.77, 0.31]) + 0.1 * k
        value, gradient = gw.value_and_grad(f, method="exact")(x)
        assert value == pytest.approx(f(x), rel=1e-13)
        h = 1e-6
        differences = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(4)]
        np.testing.assert_allclose(gradient, differences, rtol=1e-6, atol=1e-7)
