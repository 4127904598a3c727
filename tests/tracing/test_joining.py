"""Joining, splitting, writing, choosing and creation on traced arrays."""

import numpy as np
import pytest
from agreement import check

import gradwise as gw
from gradwise.errors import TracingError

rng = np.random.default_rng(2)
V, W, M, N, T = (
    rng.normal(size=4),
    rng.normal(size=4),
    rng.normal(size=(2, 3)),
    rng.normal(size=(2, 3)),
    rng.normal(size=(2, 2, 4)),
)
Z = rng.normal(size=3) + 1j * rng.normal(size=3)
P = np.array([1.5, -2.0, 0.5])

TWO_MATRICES = {
    "concatenate": lambda a, b: np.concatenate([a, b]) ** 2,
    "concatenate last": lambda a, b: np.concatenate((a, b * 2, a), axis=-1),
    "concatenate flat": lambda a, b: np.concatenate((a, b), axis=None),
    "concatenate plain": lambda a, b: np.concatenate([a, np.ones((1, 3)), b]),
    "concatenate ints": lambda a, b: np.concatenate([a, np.ones((1, 3), int), b]),
    "concatenate lists": lambda a, b: np.concatenate([a, [[1, 2.0, 3]]]),
    "concatenate complex": lambda a, b: np.concatenate([a, b * (1 + 0j)]),
    "concatenate dtype": lambda a, b: np.concatenate([a, b], dtype=np.complex128),
    "concat": lambda a, b: np.concat([a, b]),
    "stack": lambda a, b: np.stack([a, b]) * 2,
    "stack last": lambda a, b: np.stack([a, b], axis=-1) ** 2,
    "stack middle": lambda a, b: np.stack((a, b), 1),
    "vstack": lambda a, b: np.vstack([a, b]),
    "hstack": lambda a, b: np.hstack((a, b)) ** 2,
    "dstack": lambda a, b: np.dstack((a, b)),
    "column": lambda a, b: np.column_stack((a, b[:, 0], b)),
    "block": lambda a, b: np.block([[a, b], [b, a]]) ** 2,
    "block ranks": lambda a, b: np.block([[a, b[:, :1]], [1.0, np.ones(3)]]),
    "block flat": lambda a, b: np.block([a, b]),
    "block deep": lambda a, b: np.block([[[a]], [[b]]]),
    "block one": lambda a, b: np.block(a) * b,
    "append": lambda a, b: np.append(a, b),
    "append axis": lambda a, b: np.append(a, b, axis=1),
    "insert": lambda a, b: np.insert(a, 1, b[0, 0]),
    "insert row": lambda a, b: np.insert(a, 1, b[0], axis=0),
    "insert columns": lambda a, b: np.insert(a, [0, 2], b[:, :2], axis=1),
    "insert column": lambda a, b: np.insert(a, -1, b[:, 0], axis=1),
    "insert block": lambda a, b: np.insert(a, [1], b, axis=1),
    "insert slice": lambda a, b: np.insert(a, slice(0, 4, 2), b.ravel()[:2]),
    "insert repeated": lambda a, b: np.insert(a, [1, 1, 4], b.ravel()[:3]),
    "insert into plain": lambda a, b: np.insert(np.zeros(3), 1, a[0]) * b[0, 0],
    "copyto": lambda a, b: _written(a, lambda x: np.copyto(x, b)),
    "copyto where": lambda a, b: _written(a, lambda x: np.copyto(x, b, where=np.array([True, False, True]))),
    "copyto row": lambda a, b: _written(a, lambda x: np.copyto(x, b[0])),
    "copyto number": lambda a, b: _written(a, lambda x: np.copyto(x, 2, where=[[True], [False]])) * b,
    "copyto view": lambda a, b: _written(a, lambda x: np.copyto(x[:, ::2], b[:, 1:])),
    "place": lambda a, b: _written(a, lambda x: np.place(x, [[1, 1, 0], [1, 1, 1]], b[0])),
    "place from number": lambda a, b: _written(a, lambda x: np.place(x, M > 0, b[0, 0])),
    "putmask": lambda a, b: _written(a, lambda x: np.putmask(x, M > 0, b[0])),
    "putmask whole": lambda a, b: _written(a, lambda x: np.putmask(x, M < 0, b)),
    "put": lambda a, b: _written(a, lambda x: np.put(x, [0, -1, 0], b[0])),
    "put wrap": lambda a, b: _written(a, lambda x: np.put(x, [7, 3], b[0, 0], mode="wrap")),
    "put clip": lambda a, b: _written(a, lambda x: x.put([-5, 99], b[0, :2], mode="clip")),
    "put transposed": lambda a, b: _written(a, lambda x: np.put(x.T, [1, 2], b[0])),
    "put along": lambda a, b: _written(a, lambda x: np.put_along_axis(x, np.array([[0, 0], [2, 1]]), b[:, :2], 1)),
    "put along rows": lambda a, b: _written(a, lambda x: np.put_along_axis(x, np.array([[1, 0, 1]]), b[:1], 0)),
    "put along flat": lambda a, b: _written(a, lambda x: np.put_along_axis(x, np.array([5, 1]), b[0, :2], None)),
    "fill diagonal": lambda a, b: _written(a, lambda x: np.fill_diagonal(x, b[0, 0])),
    "fill diagonal list": lambda a, b: _written(a, lambda x: np.fill_diagonal(x, b[0])),
    "out": lambda a, b: _out(a, lambda o: np.concatenate([a[:1], b[:1]], out=o)),
    "out stack": lambda a, b: _out(a, lambda o: np.stack([a[0], b[0]], out=o)),
    "broadcast": lambda a, b: np.broadcast_arrays(a, b[:1])[1] * a,
    "where in select": lambda a, b: np.select([M > 0.5, M < -0.5], [a, b**2], a * b),
    "select default": lambda a, b: np.select([M > 0.5], [a]) * b,
    "select number": lambda a, b: np.select([M > 0.5, M > 0], [a[0], 3], b),
    "choose": lambda a, b: np.choose([[0, 1, 0], [1, 1, 0]], [a, b]) ** 2,
    "choose row": lambda a, b: np.choose([0, 1, 2], [a[0], b[0], 5.0]),
    "choose wrap": lambda a, b: np.choose([[3, -1, 0]], [a, b], mode="wrap"),
    "take pair": lambda a, b: np.take(a, [[0, 1], [1, 1]], axis=0)[..., 0] * np.take(b, 2),
}


def _written(x, write):
    x = x * 1
    write(x)
    return x * x


def _out(like, call):
    out = np.zeros_like(like)
    result = call(out)
    assert result is out
    return out * 2


@pytest.mark.parametrize("name", TWO_MATRICES)
def test_two_matrices(name):
    check(TWO_MATRICES[name], M, N, complex_step=not any(part in name for part in ("complex", "copyto", "into plain")))


VECTOR = {
    "split": lambda x: [p**2 for p in np.split(x, 2)],
    "array_split": lambda x: [p * 2 for p in np.array_split(x, 3)],
    "split at": lambda x: [p * 2 for p in np.split(x, [1, 3, 7])],
    "hsplit": lambda x: np.hsplit(x, 2)[1] * 3,
    "delete": lambda x: np.delete(x, 1) ** 2,
    "delete many": lambda x: np.delete(x, [0, 2]),
    "delete slice": lambda x: np.delete(x, slice(1, None, 2)),
    "delete mask": lambda x: np.delete(x, np.array([True, False, True, False])),
    "delete none": lambda x: np.delete(x, []),
    "append number": lambda x: np.append(x, 3.0),
    "append numbers": lambda x: np.append(x, [x[0], 2 * x[1]]),
    "insert number": lambda x: np.insert(x, 0, 1),
    "insert traced": lambda x: np.insert(x, [4], x[1] * 2),
    "stack numbers": lambda x: np.stack([x[0], x[1] * x[2], 3.0, 4]),
    "rows": lambda x: np.vstack([x, [x[0], x[1], x[2], 1]]) ** 2,
    "hstack numbers": lambda x: np.hstack([x[0], x, 3]),
    "column": lambda x: np.column_stack([x, x**2]),
    "dstack": lambda x: np.dstack([x, x]),
    "take": lambda x: np.take(x, [3, 0, 0]) ** 2,
    "take one": lambda x: np.take(x, 2) ** 2,
    "take method": lambda x: x.take([-1, 1]),
    "take wrap": lambda x: np.take(x, [9, -7], mode="wrap"),
    "take clip": lambda x: np.take(x, [9, -7], mode="clip"),
    "take bool": lambda x: np.take(x, [True, False]),
    "take none": lambda x: np.take(x, np.zeros(0, int)),
    "take out": lambda x: _out(x[:2], lambda o: np.take(x, [1, 3], out=o)),
    "compress": lambda x: np.compress([True, False, True], x),
    "compress method": lambda x: x.compress([False, True]),
    "extract": lambda x: np.extract([1, 0, 0, 1], x),
    "piecewise": lambda x: np.piecewise(x, [V > 0.3, V < -0.3], [lambda v: v**2, lambda v: -v, 2.0]),
    "piecewise constant": lambda x: np.piecewise(x, [V > 0, V <= 0], [x[0], lambda v, k: v * k], 3.0),
    "diff": lambda x: np.diff(x) ** 2,
    "diff twice": lambda x: np.diff(x, 2),
    "diff none": lambda x: np.diff(x, 0) * 2,
    "diff ends": lambda x: np.diff(x, prepend=x[0] ** 2, append=[1, 2]),
    "ediff1d": lambda x: np.ediff1d(x) ** 2,
    "ediff1d ends": lambda x: np.ediff1d(x, to_begin=x[0], to_end=[1.0, 2.0]),
    "trapezoid": lambda x: np.trapezoid(x, dx=0.5),
    "trapezoid of places": lambda x: np.trapezoid(x**2, x),
    "trapezoid plain places": lambda x: np.trapezoid(x, [0, 1, 3, 3.5]),
    "gradient": lambda x: np.gradient(x**2),
    "gradient 2": lambda x: np.gradient(x, 0.5, edge_order=2),
    "gradient places": lambda x: np.gradient(x, [0.0, 1, 3, 3.5], edge_order=2),
    "gradient uneven": lambda x: np.gradient(x, np.array([0, 1, 3, 4])),
    "gradient step": lambda x: np.gradient(np.array([1.0, 4, 9, 16]), x[0]),
    "diag": lambda x: np.diag(x, 1) ** 2,
    "diag below": lambda x: np.diag(x, -2),
    "diag of diag": lambda x: np.diag(np.diag(x)) * 2,
    "diagflat": lambda x: np.diagflat(x, -1),
    "diagflat of matrix": lambda x: np.diagflat(x.reshape(2, 2)),
    "vander": lambda x: np.vander(x),
    "vander more": lambda x: np.vander(x, 6, increasing=True),
    "vander few": lambda x: [np.vander(x, 1) * x[0], np.vander(x, 0)],
    "meshgrid": lambda x: [g**2 for g in np.meshgrid(x, x[:2])],
    "meshgrid ij": lambda x: [g * 2 for g in np.meshgrid(x, [1.0, 2], x[:2], indexing="ij")],
    "meshgrid sparse": lambda x: [g * 2 for g in np.meshgrid(x, x[:2], sparse=True)],
    "tril of vector": lambda x: np.tril(x) * 2,
    "full": lambda x: np.full_like(x, x[1]) * 3,
    "full shape": lambda x: np.full_like(x, x[:2], shape=(3, 2)),
    "zeros": lambda x: np.zeros_like(x) + x,
    "polyval": lambda x: np.polyval(x, 2.0),
    "polyval of array": lambda x: np.polyval([1, 2, 3], x),
    "polyval both": lambda x: np.polyval(x, x[:2]),
    "polyadd": lambda x: np.polyadd(x, [1.0, 2]),
    "polysub": lambda x: np.polysub([1, 2], x),
    "polymul": lambda x: np.polymul(x, x[:2]),
    "polyder": lambda x: np.polyder(x, 2),
    "polyint": lambda x: np.polyint(x, 2, [x[0], 1.0]),
    "polydiv": lambda x: np.polydiv(x, x[:2] + 3)[0],
    "poly": lambda x: np.poly(x),
    "apply along": lambda x: np.apply_along_axis(lambda v: v * v[0], 0, x),
    "apply over": lambda x: np.apply_over_axes(np.sum, x.reshape(2, 2), [0, -1]),
    "nan_to_num": lambda x: np.nan_to_num(
        x + np.array([1.0, np.nan, np.inf, -np.inf]), nan=x[0], posinf=3.0, neginf=-2
    ),
}
LOOSE = {"trapezoid of places"}
STEP = {"piecewise", "piecewise constant", "nan_to_num", "poly", "ediff1d ends", "gradient step"}


@pytest.mark.parametrize("name", VECTOR)
def test_vector(name):
    if name == "nan_to_num":
        with np.errstate(invalid="ignore"):
            check(VECTOR[name], V, complex_step=False)
        return
    if "trapezoid" in name and not hasattr(np, "trapezoid"):
        pytest.skip("NumPy has it under another name")
    check(VECTOR[name], V, complex_step=name not in STEP, exact=name not in LOOSE)


MATRIX = {
    "unstack": lambda x: [p * 2 for p in x],
    "vsplit": lambda x: np.vsplit(x, 2)[0] * 2,
    "hsplit": lambda x: np.hsplit(x, [1, 2])[1] ** 2,
    "delete row": lambda x: np.delete(x, 0, axis=0),
    "delete columns": lambda x: np.delete(x, [0, -1], axis=1) ** 2,
    "delete flat": lambda x: np.delete(x, 3),
    "take along": lambda x: np.take_along_axis(x, np.array([[0, 0], [2, 1]]), 1) ** 2,
    "take along flat": lambda x: np.take_along_axis(x, np.array([5, 0]), None),
    "take along sorted": lambda x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1),
    "compress columns": lambda x: np.compress([True, False, True], x, axis=1),
    "diag": lambda x: np.diag(x) ** 2,
    "diag above": lambda x: np.diag(x, 2) ** 2,
    "diag outside": lambda x: np.diag(x, 5) ** 2,
    "diagonal": lambda x: np.diagonal(x, -1) ** 2,
    "trace": lambda x: np.trace(x) ** 2,
    "trace above": lambda x: np.trace(x, offset=1) * x.trace(),
    "tril": lambda x: np.tril(x) ** 2,
    "triu": lambda x: np.triu(x, 1),
    "triu below": lambda x: np.triu(x, -1) * 2,
    "gradient": lambda x: np.gradient(x, 0.5, 2.0),
    "gradient axis": lambda x: np.gradient(x, axis=1, edge_order=2),
    "diff": lambda x: np.diff(x, axis=0),
    "apply along": lambda x: np.apply_along_axis(lambda v: np.stack([v.sum(), v[0] ** 2]), 1, x),
    "apply along to numbers": lambda x: np.apply_along_axis(np.sum, 0, x),
    "polyval matrix": lambda x: np.polyval([1.0, 2, 0], x),
    "sorted rows": lambda x: x[np.argsort(x[:, 0])] ** 2,
    "rows of indices": lambda x: x[np.triu_indices_from(x)] ** 2,
    "select": lambda x: np.select([x > 0.5, x < -0.5], [x**2, -x], 1.0),
}


@pytest.mark.parametrize("name", MATRIX)
def test_matrix(name):
    check(MATRIX[name], M, complex_step=name not in {"take along sorted", "sorted rows", "select"})


def test_tensor_parts():
    check(lambda x: [p * 2 for p in np.dsplit(x, 2)], T)
    check(lambda x: np.diagonal(x, 0, 2, 0) ** 2, T)
    check(lambda x: np.diagonal(x, 1, 0, -1), T)
    check(lambda x: np.trace(x, axis1=2, axis2=0), T)
    check(lambda x: np.triu(x) ** 2, T)
    check(lambda x: np.apply_along_axis(np.diag, 1, x), T)
    check(lambda x: np.apply_along_axis(lambda v: v[:2], -1, x) ** 2, T)
    check(lambda x: np.apply_over_axes(np.sum, x, (0, 2)), T)
    check(lambda x: np.take(x, [[1, 0]], axis=-1) ** 2, T)
    check(lambda x: _written(x[0, :, :2], lambda y: np.fill_diagonal(y, [1.0, 2.0])), T)
    if hasattr(np, "unstack"):
        check(lambda x: [p * 2 for p in np.unstack(x, axis=-1)], T)
    wide = rng.normal(size=(7, 3))
    check(lambda x: _written(x, lambda y: np.fill_diagonal(y, x[0, 0], wrap=True)), wide)
    check(lambda x: _written(x, lambda y: np.fill_diagonal(y, 2.0)), rng.normal(size=(2, 2, 2)))


def test_numbers_as_arrays():
    check(lambda a, b: np.stack([a, b]) ** 2, 1.5, 2.5)
    check(lambda a, b: np.array_split(np.hstack([a, b, a]), 2), 1.5, 2.5)
    check(lambda a: np.diag(np.hstack([a, 1.0, a])), 1.5)
    check(lambda a: np.piecewise(a, [True], [lambda v: v**2]), np.array(1.5), complex_step=False)
    check(lambda a: np.select([True, False], [a, 2.0]), 1.5)
    check(lambda a: np.nan_to_num(a), 1.5, complex_step=False)
    check(lambda a: np.polyval(np.hstack([a, 1]), 3), 1.5)
    check(lambda a: np.take(a, [0, 0]), 1.5)
    check(lambda a: np.full_like(a, 2.0) * a, 1.5)
    check(lambda a: np.append(a, [1, 2]), 1.5)


def test_complex():
    check(lambda z: np.concatenate([z, z.real]) * 2, Z, complex_step=False)
    check(lambda z: np.diag(z) @ z, Z, complex_step=False)
    check(lambda z: np.nan_to_num(z) * 2, Z, complex_step=False)
    check(lambda z: np.vander(z), Z, complex_step=False, exact=False)
    check(lambda z: _written(np.zeros_like(z), lambda y: np.put(y, [0, 2], z[1:])), Z, complex_step=False)
    check(lambda z: np.gradient(z), Z, complex_step=False)
    check(lambda z: np.polyval(z, z), Z, complex_step=False)
    bad = np.array([np.nan + 1j, np.inf - 1j, complex(1, -np.inf)])
    with np.errstate(invalid="ignore"):
        got = gw.value_and_grad(lambda x: np.real(np.sum(np.nan_to_num(x * bad, posinf=1, neginf=2))))(np.ones(3))
    assert np.isfinite(got[0])


@pytest.mark.parametrize(
    "options",
    [{}, {"endpoint": False}, {"num": 1}, {"num": 0}, {"num": 5, "axis": -1}, {"dtype": np.complex128}],
    ids=str,
)
def test_ranges(options):
    axis = options.get("axis", 0)
    numbers = {k: v for k, v in options.items() if k != "axis"}
    check(lambda a, b: np.linspace(a, b, **numbers) ** 2, 1.3, 4.2)
    check(lambda a, b: np.linspace(a, b, **options), P, np.array([2.0, 3.0, 4.0]))
    check(lambda a: np.linspace(a, 1, **numbers), 1.3)
    check(lambda a, b: np.geomspace(a, b, **numbers), 1.3, 4.2, complex_step=False)
    check(lambda a, b: np.geomspace(a, b, **options), np.array([1.0, -2.0]), np.array([3.0, -5.0]), complex_step=False)
    check(lambda a, b: np.logspace(a, b, **numbers), 0.3, 1.2, complex_step=False, exact=False)
    assert axis in {0, -1}


def test_more_ranges():
    check(lambda a, b: np.linspace(a, b, 4, retstep=True), 1.3, 4.2)
    check(lambda a: np.linspace(a, a, 4) * 2, 1.3)
    check(lambda a, b: np.logspace(a, 2.0, 5, base=b), 0.3, 1.2, complex_step=False, exact=False)
    check(lambda b: np.logspace([0.0, 1.0], 2.0, 3, base=b), np.array([2.0, 3.0]), complex_step=False, exact=False)
    check(lambda a: np.geomspace(a, a * (1 + 2j), 4), 1.2 + 0.3j, complex_step=False, exact=False)
    check(lambda x: np.linspace(x[0], x[1], 3, dtype=int) * x[0], np.array([1.2, 7.7]), complex_step=False)
    with pytest.raises(ValueError, match="zero"):
        gw.trace(lambda a: np.geomspace(a, 0.0), 1.0)


def test_like():
    def f(x):
        z = np.zeros(3, like=x)
        z[1:] = x[:2]
        o, e = np.ones((2, 2), like=x), np.empty((2,), dtype=complex, like=x)
        e[:] = x[0]
        u = np.full(2, x[1], like=x)
        i = np.eye(3, like=x)
        i[0, 2] = x[0]
        a = np.array([x[0], 1.0], like=x)
        b = np.asarray(x, like=x)
        assert b is x
        r = np.arange(3.0, like=x)
        r[0] = x[0]
        return [z**2, o * x[0], e * 2, u * 3, i, a, b * 2, r, np.identity(2, like=x) * x[1], np.tri(2, like=x) * x[1]]

    check(lambda x: f(x), np.array([1.5, -2.0]), complex_step=False)


def test_writing_into_plain_arrays_raises_with_a_cure():
    plain = np.zeros(4)
    held = memoryview(plain)  # which would miss what is written to a buffer in its place
    for write in (
        lambda x: np.copyto(plain, x),
        lambda x: np.place(plain, plain == 0, x),
        lambda x: np.putmask(plain, plain == 0, x),
        lambda x: np.put(plain, [0], x[0]),
        lambda x: np.put_along_axis(plain, np.array([0, 1]), x[:2], 0),
        lambda x: np.fill_diagonal(plain.reshape(2, 2), x[0]),
        lambda x: np.concatenate([x[:2], x[:2]], out=plain),
        lambda x: np.stack([x[0], x[1]], out=plain[:2]),
        lambda x: np.add.at(plain, [0], x[:1]),
        lambda x: plain.__setitem__(0, x[0]),
    ):
        with pytest.raises(TracingError, match="zeros_like"):
            gw.grad(lambda x, write=write: (write(x), x.sum())[1], method="exact")(V)
    assert not any(held)


def test_plain_targets_take_traced_integers():
    def f(x):
        counts = np.zeros(4)
        np.put(counts, [0], np.argmax(x))
        np.copyto(counts[1:2], np.argmin(x))
        return x * counts

    check(f, V, batched=False)


def test_errors_are_numpys():
    for wrong, error in (
        (lambda x: np.concatenate([x, np.ones((2, 2))]), ValueError),
        (lambda x: np.concatenate([]) + x, ValueError),
        (lambda x: np.concatenate([x, x], axis=3), ValueError),
        (lambda x: np.stack([x, x[:1]]), ValueError),
        (lambda x: np.split(x, 3), ValueError),
        (lambda x: np.vsplit(x, 2), ValueError),
        (lambda x: np.block([[x], x]), ValueError),
        (lambda x: np.insert(x, 9, 1), IndexError),
        (lambda x: np.delete(x, 9), IndexError),
        (lambda x: np.take(x, 9), IndexError),
        (lambda x: np.take(x, [0], mode="no"), ValueError),
        (lambda x: np.put(x, 9, x[0]), IndexError),
        (lambda x: np.put(x, 1, x[0] * 1j), np.exceptions.ComplexWarning),
        (lambda x: np.place(x, x > 0, x * 1j), TypeError),
        (lambda x: np.putmask(x, x > 0, x * 1j), TypeError),
        (lambda x: np.place(x, x > -9, x[:0]), ValueError),
        (lambda x: np.copyto(x, x[:3] * 1), ValueError),
        (lambda x: np.copyto(x, x * 1j), TypeError),
        (lambda x: np.place(x, [True], x), ValueError),
        (lambda x: np.select([x], [x]), TypeError),
        (lambda x: np.select([], []) + x, ValueError),
        (lambda x: np.choose([5], [x, x]), ValueError),
        (lambda x: np.fill_diagonal(x, 1.0), ValueError),
        (lambda x: np.linspace(x[0], 1, -3), ValueError),
        (lambda x: np.gradient(x, 1, 2), TypeError),
        (lambda x: np.gradient(x, edge_order=3), ValueError),
        (lambda x: np.diff(x, -1), ValueError),
        (lambda x: np.diag(x.reshape(2, 2, 1)), ValueError),
        (lambda x: np.meshgrid(x, indexing="xz"), ValueError),
        (lambda x: np.compress([[True]], x), ValueError),
        (lambda x: np.concatenate([x, x], out=np.zeros_like(x)), ValueError),
    ):
        with pytest.raises(error):
            wrong(V.copy())
        with pytest.raises(error):
            gw.trace(lambda x, wrong=wrong: (wrong(x * 1), x)[1], V)


def test_concrete_answers_are_guarded():
    def f(x):
        assert np.array_equal(x, V)
        assert not np.array_equal(x, V[:2])
        assert np.array_equiv(x, V[None])
        assert np.allclose(x, V + 1e-12)
        assert not np.allclose(x, V + 1)
        assert np.array_equal(x * np.nan, V * np.nan, equal_nan=True)
        assert list(np.flatnonzero(x > 0)) == list(np.flatnonzero(V > 0))
        assert np.argwhere(x).shape == (4, 1)
        assert len(np.nonzero(x)[0]) == np.count_nonzero(x) == 4
        return np.where(np.isclose(x, V), x**2, x)

    program = gw.trace(f, V)
    assert len(program.guards) >= 9
    np.testing.assert_array_equal(gw.jacobian(f)(V), np.diag(2 * V))


@pytest.mark.parametrize("split", [np.array_split, np.split])
def test_the_number_of_parts_may_be_an_array_of_no_axes(split):
    x = np.array([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(gw.grad(lambda x: np.sum(split(x, np.array(2))[1] ** 2))(x), [0.0, 0.0, 6.0, 8.0])


def _turned(a):
    np.concatenate([a[3:], a[:3]], out=a)


def _stacked(a):
    b = a[:4].reshape(2, 2)
    np.stack([b[1], b[0]], out=b)


@pytest.mark.parametrize("join", [_turned, _stacked])
def test_joined_into_an_array_that_is_joined(join):
    """NumPy copies one array after the other: the second one is what the first left there."""

    def f(x):
        a = np.sin(x * np.arange(1.0, 7.0))
        join(a)
        return a @ np.arange(1.0, 7.0)

    def derivative(x):  # of what is linear in the entries
        a = np.cos(x * np.arange(1.0, 7.0)) * np.arange(1.0, 7.0)
        join(a)
        return a @ np.arange(1.0, 7.0)

    value, slope = gw.value_and_grad(f, method="exact")(0.3)
    assert value == pytest.approx(f(0.3), rel=1e-13)
    assert slope == pytest.approx(derivative(0.3), rel=1e-13)


def test_arrays_of_texts_and_objects_like_a_traced_one():
    """Texts are no numbers that a buffer could hold; traced numbers in an array of objects are followed."""

    def f(x):
        words = np.full_like(x, "large", dtype=object)
        words[x < 2] = "small"
        entries = np.full_like(x, x[0] * x[1], dtype=object)
        entries[1] = x[2] ** 2
        return (entries[0] + entries[1]) * (1.0 if words[0] == "small" and words[2] == "large" else np.nan)

    np.testing.assert_allclose(gw.grad(f, method="exact")(np.array([1.0, 2.0, 3.0])), [2.0, 1.0, 6.0])
