"""Products of vectors, matrices and tensors on traced arrays."""

import numpy as np
import pytest
from agreement import check
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwise as gw

rng = np.random.default_rng(3)
A, B, V, W = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), rng.normal(size=3), rng.normal(size=2)
S, T, U = rng.normal(size=(3, 3)), rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 4, 2))
Z = rng.normal(size=3) + 1j * rng.normal(size=3)
Q = rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3))
X, Y = rng.normal(size=(2, 3)), rng.normal(size=3)

PRODUCTS = {
    "dot matrices": (np.dot, A, B),
    "dot vector": (np.dot, A, V),
    "dot vectors": (np.dot, V, V * 2),
    "dot number": (np.dot, A, np.array(2.5)),
    "dot tensors": (np.dot, T, U),
    "dot tensor matrix": (np.dot, T, rng.normal(size=(4, 2))),
    "dot vector tensor": (np.dot, V, T),
    "dot method": (lambda a, b: a.dot(b), A, B),
    "matmul": (np.matmul, A, B),
    "matmul operator": (lambda a, b: a @ b, T, U),
    "matmul vector": (lambda a, b: b @ a, A, W),
    "matmul broadcast": (lambda a, b: a @ b, rng.normal(size=(5, 1, 2, 3)), rng.normal(size=(2, 3, 2))),
    "matmul vector tensor": (lambda a, b: b @ a, T, V),
    "matmul tensor vector": (lambda a, b: a @ b, T, rng.normal(size=4)),
    "inner": (np.inner, A, rng.normal(size=(4, 3))),
    "inner vectors": (np.inner, V, V),
    "inner tensors": (np.inner, T, rng.normal(size=(3, 2, 4))),
    "inner number": (np.inner, A, np.array(2.0)),
    "vdot": (np.vdot, A, A * 2),
    "outer": (np.outer, A, V),
    "outer numbers": (np.outer, np.array(2.0), V),
    "kron": (np.kron, A, B),
    "kron vectors": (np.kron, A, V),
    "kron ranks": (np.kron, V, T),
    "kron number": (np.kron, A, np.array(2.0)),
    "cross": (np.cross, A, V),
    "cross columns": (lambda a, b: np.cross(a, b, axisa=0, axisb=0, axisc=0), A.T, B.T[:2].T),
    "cross axis": (lambda a, b: np.cross(a, b, axis=0), A.T, B[:, :2]),
    "tensordot": (np.tensordot, T, rng.normal(size=(3, 4, 5))),
    "tensordot one": (lambda a, b: np.tensordot(a, b, 1), A, B),
    "tensordot none": (lambda a, b: np.tensordot(a, b, 0), A, V),
    "tensordot axes": (lambda a, b: np.tensordot(a, b, ([2, 0], [1, -1])), T, rng.normal(size=(5, 4, 2))),
    "tensordot axis": (lambda a, b: np.tensordot(a, b, (1, 0)), T, B),
    "convolve": (np.convolve, V, rng.normal(size=5)),
    "convolve same": (lambda a, b: np.convolve(a, b, "same"), rng.normal(size=5), V),
    "convolve same even": (lambda a, b: np.convolve(a, b, "same"), rng.normal(size=4), rng.normal(size=6)),
    "convolve valid": (lambda a, b: np.convolve(a, b, "valid"), rng.normal(size=5), V),
    "convolve valid short": (lambda a, b: np.convolve(a, b, "valid"), V, rng.normal(size=5)),
    "correlate": (np.correlate, rng.normal(size=5), V),
    "correlate short": (np.correlate, V, rng.normal(size=5)),
    "correlate full": (lambda a, b: np.correlate(a, b, "full"), rng.normal(size=4), V),
    "correlate full short": (lambda a, b: np.correlate(a, b, "full"), V, rng.normal(size=4)),
    "correlate same": (lambda a, b: np.correlate(a, b, "same"), rng.normal(size=5), rng.normal(size=4)),
    "correlate same short": (lambda a, b: np.correlate(a, b, "same"), rng.normal(size=4), rng.normal(size=5)),
    "correlate same even": (lambda a, b: np.correlate(a, b, "same"), rng.normal(size=4), rng.normal(size=6)),
    "correlate same odd": (lambda a, b: np.correlate(a, b, "same"), V, rng.normal(size=5)),
    "polymul": (np.polymul, V, W),
    "empty": (lambda a, b: a[:, :0] @ b[:0], A, B),
}
for _name in ("vecdot", "matvec", "vecmat"):
    if hasattr(np, _name):
        PRODUCTS[_name] = {
            "vecdot": (np.vecdot, A, V),
            "matvec": (getattr(np, "matvec", None), T, rng.normal(size=(2, 4))),
            "vecmat": (getattr(np, "vecmat", None), V, T),
        }[_name]


@pytest.mark.parametrize("name", PRODUCTS)
def test_product(name):
    f, a, b = PRODUCTS[name]
    plain_step = not any(name.startswith(c) for c in ("vdot", "correlate", "vecdot", "vecmat"))
    check(f, a, b, complex_step=plain_step)
    # one operand plain, and an operand that meets itself
    check(lambda x: f(x, b), a, complex_step=plain_step)
    if name != "dot method":  # a method of a plain array
        check(lambda x: f(a, x), b, complex_step=plain_step, batched=False)


@pytest.mark.parametrize("name", PRODUCTS)
def test_complex_product(name):
    f, a, b = PRODUCTS[name]
    check(f, a * (1 + 0.5j), b * (0.3 - 1j), second=False, exact=name not in {"vecdot", "vecmat"})


@pytest.mark.parametrize("name", ["dot matrices", "matmul", "outer", "tensordot", "convolve", "kron", "cross"])
def test_single_precision_and_mixed(name):
    f, a, b = PRODUCTS[name]
    check(f, a.astype(np.float32), b.astype(np.float32))
    check(lambda x: f(x, b), a.astype(np.float32))
    check(lambda x: f(x, np.ones(b.shape, int)), a)
    check(lambda x: f(x, b.tolist()), a)
    check(lambda x: f(a * 1j, x), b, complex_step=False)


def test_out():
    def f(a, b):
        out = np.zeros_like(a, shape=(2, 4))
        for product in (np.dot, np.matmul):
            assert product(a, b, out=out) is out
        u = np.zeros_like(a, shape=(3, 3))
        assert np.outer(a[0], b[:, 0], out=u) is u
        e = np.zeros_like(a, shape=(2, 4))
        assert np.einsum("ij,jk", a, b, out=e) is e
        t = np.zeros_like(a, shape=())
        assert np.trace(u, out=t) is t
        return [out * 2, u, e**2, t * 1.0]

    check(f, A, B)
    with pytest.raises(ValueError):
        gw.trace(lambda a: np.dot(a, B, out=np.zeros_like(a)), A)


EINSUMS = {
    "matrix product": (lambda a, b: np.einsum("ij,jk->ik", a, b), A, B),
    "implicit": (lambda a, b: np.einsum("ij,jk", a, b), A, B),
    "implicit order": (lambda a, b: np.einsum("ba,ac", a, b), A, B),
    "sum of all": (lambda a: np.einsum("ij->", a) ** 2, A),
    "rows": (lambda a: np.einsum("ij->i", a) ** 2, A),
    "transposed": (lambda a: np.einsum("ij->ji", a) ** 2, A),
    "implicit transposed": (lambda a: np.einsum("ba", a) ** 2, A),
    "diagonal": (lambda a: np.einsum("ii->i", a) ** 2, S),
    "trace": (lambda a: np.einsum("ii", a) ** 2, S),
    "diagonal of tensor": (lambda a: np.einsum("iji->j", a), rng.normal(size=(2, 3, 2))),
    "diagonals of tensor": (lambda a: np.einsum("iji->ij", a) ** 2, rng.normal(size=(2, 3, 2))),
    "triple diagonal": (lambda a: np.einsum("iii->i", a) ** 2, rng.normal(size=(2, 2, 2))),
    "repeated": (lambda a, b: np.einsum("ii,ij->j", a, b), S, B),
    "repeated kept": (lambda a, b: np.einsum("ii,ij->i", a, b), S, B),
    "hadamard": (lambda a, b: np.einsum("ij,ij->ij", a, b), A, A * 2),
    "outer": (lambda a, b: np.einsum("i,j->ji", a, b), V, W),
    "three": (lambda a, b, c: np.einsum("ij,jk,k->i", a, b, c), A, B, rng.normal(size=4)),
    "three optimized": (lambda a, b, c: np.einsum("ij,jk,k->i", a, b, c, optimize=True), A, B, rng.normal(size=4)),
    "same thrice": (lambda a: np.einsum("i,i,i->", a, a, a), V),
    "batch": (lambda a, b: np.einsum("bij,bjk->bik", a, b), T, U),
    "ellipsis": (lambda a, b: np.einsum("...ij,...jk->...ik", a, b), T, U),
    "ellipsis implicit": (lambda a, b: np.einsum("...ij,...jk", a, b), T, rng.normal(size=(4, 2))),
    "ellipsis broadcast": (
        lambda a, b: np.einsum("i...,i...->...", a, b),
        rng.normal(size=(3, 1, 2)),
        rng.normal(size=(3, 4, 1)),
    ),
    "ellipsis ranks": (lambda a, b: np.einsum("...i,i...->...", a, b), T[..., :3][:, :2], V),
    "ellipsis last": (lambda a: np.einsum("i...->...i", a) ** 2, T),
    "ellipsis diagonal": (lambda a: np.einsum("...ii->...i", a) ** 2, rng.normal(size=(2, 3, 3))),
    "stretched": (lambda a, b: np.einsum("ij,ij->i", a, b), rng.normal(size=(2, 1)), A),
    "summed alone": (lambda a, b: np.einsum("ij,k->k", a, b), A, V),
    "blanks": (lambda a, b: np.einsum(" i j , j k -> i k ", a, b), A, B),
    "sublists": (lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]), A, B),
    "sublists implicit": (lambda a, b: np.einsum(a, [3, 1], b, [1, 2]), A, B),
    "sublists ellipsis": (lambda a, b: np.einsum(a, [Ellipsis, 1], b, [1, Ellipsis]), T[..., :3][:, :2], V),
    "numbers": (lambda a, b: np.einsum(",i->i", a, b), np.array(2.0), V),
    "dtype": (lambda a, b: np.einsum("ij,jk->ik", a, b, dtype=np.complex128), A, B),
}


@pytest.mark.parametrize("name", EINSUMS)
def test_einsum(name):
    f, *args = EINSUMS[name]
    check(f, *args, complex_step=name != "dtype")
    if name != "dtype":
        check(f, *[a * (1 + 0.5j) for a in args], second=False)
    check(lambda x: f(x, *args[1:]), args[0], complex_step=False)


@st.composite
def einsum_programs(draw):
    sizes = {c: draw(st.integers(1, 3)) for c in "abcd"}
    terms = draw(st.lists(st.text("abcd", max_size=3), min_size=1, max_size=3))
    letters = sorted(set("".join(terms)))
    output = "".join(draw(st.permutations(letters))[: draw(st.integers(0, len(letters)))])
    shapes = [tuple(sizes[c] for c in t) for t in terms]
    return f"{','.join(terms)}->{output}", shapes, draw(st.integers(0, 1000))


@settings(max_examples=60)
@given(einsum_programs())
def test_any_einsum(program):
    spec, shapes, seed = program
    draws = np.random.default_rng(seed)
    check(lambda *arrays: np.einsum(spec, *arrays), *[draws.normal(size=s) for s in shapes])


def test_einsum_path_and_errors():
    check(lambda a, b: a @ b * len(np.einsum_path("ij,jk", a, b)[0]), A, B)
    for wrong in (
        lambda a: np.einsum("ij,jk", a, a),
        lambda a: np.einsum("ijk->i", a),
        lambda a: np.einsum("ij->iji", a),
        lambda a: np.tensordot(a, a, 2) + np.tensordot(a, a, 1),
        lambda a: np.tensordot(a, a, ([0, 0], [0, 0])),
        lambda a: np.dot(a, a),
        lambda a: np.inner(a, a.T),
        lambda a: np.vdot(a, a[0]),
        lambda a: np.cross(a, np.ones(4)),
        lambda a: np.convolve(a, a[0]),
        lambda a: np.convolve(a[0], a[0, :0]),
        *([lambda a: np.convolve(a[0], a[0], "some")] if np.lib.NumpyVersion(np.__version__) >= "2.1.0" else []),
        lambda a: a @ a,
    ):
        with pytest.raises(ValueError):
            wrong(A)
        with pytest.raises(ValueError):
            gw.trace(wrong, A)


def test_plane_vectors_cross_with_numpys_warning():
    a, b = rng.normal(size=(3, 2)), rng.normal(size=2)
    if np.lib.NumpyVersion(np.__version__) >= "2.5.0":
        with pytest.raises(ValueError, match="3-dimensional vectors"):
            gw.jvp(lambda x: np.cross(x, b), (a,), (np.ones((3, 2)),))
        return
    with pytest.warns(DeprecationWarning, match="2-dimensional"):
        got = gw.jvp(lambda x: np.cross(x, b), (a,), (np.ones((3, 2)),))
    np.testing.assert_allclose(got[0], a[:, 0] * b[1] - a[:, 1] * b[0])
    np.testing.assert_allclose(got[1], np.full(3, b[1] - b[0]))


def test_gradients_of_products_in_closed_form():
    np.testing.assert_allclose(gw.grad(lambda x: np.dot(x, x))(V), 2 * V, rtol=1e-15)
    np.testing.assert_allclose(gw.grad(lambda x: x @ S @ x)(V), (S + S.T) @ V)
    np.testing.assert_allclose(gw.grad(lambda x: np.trace(x @ B @ B.T @ x.T))(A), 2 * A @ B @ B.T)
    np.testing.assert_allclose(gw.grad(lambda z: np.real(np.vdot(z, z)))(Z), 2 * Z)
    np.testing.assert_allclose(gw.hessian(lambda x: np.einsum("i,ij,j", x, S, x))(V), S + S.T)
