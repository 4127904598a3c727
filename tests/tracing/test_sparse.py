"""Products of traced arrays with constant sparse matrices."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from rules.laws import check_function

import gradwise as gw

_rng = np.random.default_rng(3)
DENSE = np.where(_rng.random((4, 3)) < 0.6, _rng.standard_normal((4, 3)), 0.0)
FORMATS = ["csr", "csc", "coo", "dia", "lil", "bsr"]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("make", [scipy.sparse.csr_array, scipy.sparse.csr_matrix])
def test_products_are_the_dense_products(form: str, make: type) -> None:
    matrix = make(DENSE).asformat(form)
    x, block = _rng.standard_normal(3), _rng.standard_normal((3, 2))
    for f in (lambda x: matrix @ (x * x), lambda x: matrix.dot(x * x)):
        np.testing.assert_allclose(gw.jacobian(f, method="exact")(x), DENSE * (2 * x), rtol=1e-13, atol=1e-15)
        check_function(f, x)
        check_function(f, block)
    y = _rng.standard_normal(4)
    np.testing.assert_allclose(
        gw.jacobian(lambda y: (y * y) @ matrix, method="exact")(y), DENSE.T * (2 * y), rtol=1e-13
    )
    check_function(lambda y: y.T @ matrix, _rng.standard_normal((4, 2)))


def test_star_of_the_old_matrix_class_is_the_matrix_product() -> None:
    matrix = scipy.sparse.csr_matrix(DENSE)
    x = _rng.standard_normal(3)
    np.testing.assert_allclose(gw.jacobian(lambda x: matrix * x, method="exact")(x), DENSE, rtol=1e-15)


def test_complex_and_single_precision() -> None:
    matrix = scipy.sparse.csr_array(DENSE + 1j * DENSE)
    check_function(lambda x: matrix @ x, _rng.standard_normal(3) + 1j * _rng.standard_normal(3))
    check_function(lambda x: matrix @ x, _rng.standard_normal(3))
    single = scipy.sparse.csr_array(DENSE.astype(np.float32))
    gradient = gw.grad(lambda x: (single @ x).sum(), method="exact")(np.ones(3, np.float32))
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, DENSE.sum(axis=0), rtol=1e-6)


def test_a_changed_matrix_is_seen() -> None:
    matrix = scipy.sparse.csr_array(DENSE)
    g = gw.grad(lambda x: (matrix @ x).sum(), method="exact")
    x = np.ones(3)
    first = g(x)
    matrix.data *= 2
    np.testing.assert_array_equal(g(x), 2 * first)


def test_shapes_that_do_not_fit() -> None:
    matrix = scipy.sparse.csr_array(DENSE)
    with pytest.raises(ValueError, match="dimension mismatch"):
        gw.grad(lambda x: (matrix @ x).sum())(np.ones(5))


def test_blocks_of_traced_data_raise() -> None:
    matrix = scipy.sparse.csr_array(DENSE)
    with pytest.raises((gw.TracingError, TypeError)):
        gw.grad(lambda x: scipy.sparse.csr_array(x[None, :]).tobsr().sum(), method="exact")(np.ones(3))
    with pytest.raises((gw.TracingError, ValueError)):
        gw.grad(lambda x: (matrix + x).sum(), method="exact")(np.ones(5))


@pytest.mark.parametrize("product", [lambda A, x: A @ x, lambda A, x: A.dot(x), lambda A, x: x @ A, lambda A, x: A @ x[0]])  # fmt: skip
def test_products_of_other_lengths_raise_in_scipys_words(product):
    A, x = scipy.sparse.csr_matrix(np.eye(3)), np.ones(2)
    with pytest.raises(ValueError) as plainly:
        product(A, x)
    with pytest.raises(ValueError) as traced:
        gw.grad(lambda x: product(A, x).sum())(x)
    assert str(traced.value) == str(plainly.value)
