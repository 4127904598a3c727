"""Products with compressed rows beside those with the dense matrix: types, layouts, empty rows, and lengths that do not fit."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from gradwise.rules import sparse


@pytest.fixture(params=[True, False], ids=["compiled", "by SciPy's classes"])
def value(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(sparse, "compiled_products", lambda: None)
    return sparse._value


@pytest.mark.parametrize("adjoint", [False, True])
@pytest.mark.parametrize("columns", [None, 0, 1, 4])
@pytest.mark.parametrize("shape", [(3, 5), (1, 4), (4, 1), (0, 3), (3, 0)])
@pytest.mark.parametrize("kinds", ["dd", "fd", "Dd", "dD", "ld", "?f", "gd"])
def test_products(value, kinds, shape, columns, adjoint):
    rng = np.random.default_rng(3)
    dense = rng.integers(-4, 5, shape) * (rng.random(shape) < 0.5)
    dense = (dense * (1 + 2j) if kinds[0] == "D" else dense).astype(kinds[0])
    rows = sp.csr_array(dense)
    length = shape[0] if adjoint else shape[1]
    x = rng.integers(-9, 9, (length, *([] if columns is None else [columns]))).astype(kinds[1])
    expected = (dense.conj().T if adjoint else dense).astype(np.result_type(*kinds)) @ x
    spread = np.zeros(2 * rows.data.size, rows.dtype)
    spread[::2] = rows.data
    for data, given in ((rows.data, x), (spread[::2], np.asfortranarray(x)), (rows.data, x[::-1].copy()[::-1])):
        found = value(given, data, rows.indices, rows.indptr, shape, adjoint)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("length", [4, 6])
def test_lengths_that_do_not_fit(value, length):
    rows = sp.csr_array(np.ones((3, 5)))
    with pytest.raises(ValueError, match=r"5|dimension mismatch"):
        value(np.ones(length), rows.data, rows.indices, rows.indptr, (3, 5), False)
