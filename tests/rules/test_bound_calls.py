"""How equations are called: what is bound by parameters and types gives what the primitive's record gives, bit for bit (``execution/binding.py``)."""

import numpy as np
import pytest
import scipy.sparse as sp

import gradwise as gw
from gradwise.execution.binding import add_in_place, bind, part_copied
from gradwise.execution.numpy_backend import schedule
from gradwise.program import type_of
from gradwise.rules.shapes import FULL, getitem, scatter_add, scatter_set
from gradwise.rules.sparse import sparse_product
from gradwise.transforms.reverse import pullback

RNG = np.random.default_rng(0)


def assert_bound(primitive, params, *operands):
    types = [type_of(o) for o in operands]
    bound = bind(primitive, params, types, range(len(types)))
    before = [np.copy(o) for o in operands]
    ours, theirs = bound(*operands), primitive.value(*operands, *params)
    assert type(ours) is type(theirs)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)
    for now, then in zip(operands, before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("columns", [None, 1, 3, 0])
@pytest.mark.parametrize("adjoint", [False, True])
@pytest.mark.parametrize("weights", [np.float64, np.float32, np.complex128])
def test_sparse_products(dtype, columns, adjoint, weights):
    matrix = sp.random(5, 4, 0.5, "csr", random_state=1).astype(weights)
    matrix.data += RNG.standard_normal(matrix.nnz) * (1j if weights is np.complex128 else 1)
    rows = matrix.shape[0] if adjoint else matrix.shape[1]
    x = RNG.standard_normal((rows,) if columns is None else (rows, columns)).astype(dtype)
    for given in (x, np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2]):
        assert_bound(sparse_product, (matrix.shape, adjoint), given, matrix.data, matrix.indices, matrix.indptr)
    dense = matrix.toarray()
    types = [type_of(o) for o in (x, matrix.data, matrix.indices, matrix.indptr)]
    found = bind(sparse_product, (matrix.shape, adjoint), types, range(4))(
        x, matrix.data, matrix.indices, matrix.indptr
    )
    np.testing.assert_allclose(found, (dense.conj().T if adjoint else dense) @ x, rtol=1e-5 if np.float32 in (dtype, weights) else 1e-13, atol=1e-6)  # fmt: skip


def test_a_row_without_entries_and_a_wrong_shape():
    matrix = sp.csr_array((1, 6))
    assert_bound(sparse_product, ((1, 6), False), np.ones((6, 1)), matrix.data, matrix.indices, matrix.indptr)
    types = [type_of(o) for o in (np.ones(5), matrix.data, matrix.indices, matrix.indptr)]
    with pytest.raises(ValueError, match="6 columns"):
        bind(sparse_product, ((1, 6), False), types, range(4))(np.ones(5), matrix.data, matrix.indices, matrix.indptr)


ARRAYS = [np.array([0, 2, -1, 2]), np.array([1]), np.array([], int), np.array([[0, 1], [3, 3]]), np.array(2)]


@pytest.mark.parametrize("index", ARRAYS, ids=lambda a: str(a.tolist()))
@pytest.mark.parametrize("shape", [(4,), (4, 3)])
@pytest.mark.parametrize("trailing", [False, True])
def test_entries_at_an_index_array(index, shape, trailing):
    x = RNG.standard_normal(shape)
    key = (("array", 0), *[FULL] * (len(shape) - 1 if trailing else 0))
    assert_bound(getitem, (key,), x, index)
    updates = RNG.standard_normal(x[index].shape)
    assert_bound(scatter_add, (key,), x, updates, index)
    assert_bound(scatter_set, (key,), x, updates, index)
    types = [type_of(o) for o in (x, updates, index)]
    in_place = add_in_place((key,), types)
    if in_place is None:
        assert index.size != 1
        return
    expected = scatter_add.value(x, updates, index, key)
    mine = x.copy()
    assert in_place(mine, updates, index) is mine
    np.testing.assert_array_equal(mine, expected)


def test_a_copied_part_has_memory_of_its_own():
    x = np.arange(6.0)
    part = part_copied(lambda x: x[1:3])(x)
    np.testing.assert_array_equal(part, [1.0, 2.0])
    assert not np.may_share_memory(part, x)


def test_buffers_written_row_by_row_are_not_copied_at_each_step():
    """In time that grows with the buffer, and not with its square: counted in arrays that are made."""

    def rows(x, n):
        z = np.zeros((n, 4))
        z[0] = x
        for k in range(1, n):
            z[k] = np.sin(z[k - 1]) + x
        return (z * z).sum()

    program = gw.trace(lambda x: rows(x, 30), np.linspace(0.1, 0.4, 4))
    derivative = pullback(program, program.inputs)
    equations = [*program.equations, *derivative.equations]
    written = [
        overwritten
        for equation, _, _, overwritten in schedule(equations, derivative.types, derivative.results, program.inputs)
        if equation.primitive in (scatter_add, scatter_set) and equation.output_tuple[0] >= len(program.types)
    ]
    assert len(written) > 30
    assert written.count(None) <= 3
