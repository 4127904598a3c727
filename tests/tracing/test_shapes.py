"""NumPy's functions of shape on traced arrays."""

import numpy as np
import pytest
from agreement import check

import gradwise as gw
from gradwise.errors import TracingError

rng = np.random.default_rng(1)
V, M, T = rng.normal(size=6), rng.normal(size=(3, 4)), rng.normal(size=(2, 3, 4))
S, Z, E = np.array(1.7), rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3)), np.zeros((0, 3))
F = np.asfortranarray(rng.normal(size=(4, 3)))[::-1, ::2]
SINGLE = rng.normal(size=(2, 3)).astype(np.float32)
ONE = rng.normal(size=(1, 1, 1))

CASES = {
    "reshape": lambda x: np.reshape(x, (2, -1)) ** 2,
    "reshape F": lambda x: np.reshape(x, (2, -1), order="F") ** 2,
    "reshape A": lambda x: np.reshape(x, -1, order="A"),
    # NumPy 2.0 has no copy=
    "reshape copy": lambda x: np.reshape(
        x, (-1, 2), **({"copy": True} if np.lib.NumpyVersion(np.__version__) >= "2.1.0" else {})
    ),
    "method": lambda x: x.reshape(2, -1),
    "method F": lambda x: x.reshape((2, -1), order="F"),
    "ravel": lambda x: np.ravel(x) ** 2,
    "ravel F": lambda x: np.ravel(x, "F"),
    "ravel K": lambda x: np.ravel(x, "K") * 2,
    "flatten": lambda x: x.flatten("F"),
    "transpose": lambda x: np.transpose(x) * 2,
    "T": lambda x: x.T * x.T,
    "expand": lambda x: np.expand_dims(x, (0, -1)),
    "atleast": lambda x: np.atleast_3d(x) * np.atleast_1d(2.0),
    "atleast 2": lambda x: np.atleast_2d(x, x)[1],
    "squeeze": lambda x: np.squeeze(np.expand_dims(x, 0)),
    "squeeze axis": lambda x: np.squeeze(x[None, None], axis=(0,)),
    "flip": lambda x: np.flip(x) ** 2,
    "flip axis": lambda x: np.flip(x, -1),
    "flipud": np.flipud,
    "roll": lambda x: np.roll(x, 2) ** 2,
    "roll axis": lambda x: np.roll(x, -3, axis=0),
    "roll axes": lambda x: np.roll(x, (1, 2), axis=(0, -1)),
    "roll twice": lambda x: np.roll(x, (1, 2), axis=(0, 0)),
    "roll far": lambda x: np.roll(x, 101, axis=-1),
    "tile": lambda x: np.tile(x, 2) ** 2,
    "tile more": lambda x: np.tile(x, (2, 1, 3, 1)),
    "tile one": lambda x: np.tile(x, 1),
    "repeat": lambda x: np.repeat(x, 3),
    "repeat axis": lambda x: np.repeat(x, 2, axis=-1) ** 2,
    "repeat one": lambda x: np.repeat(x, 1, axis=0),
    "repeat uneven": lambda x: np.repeat(x, np.arange(x.shape[0]), axis=0),
    "repeat none": lambda x: np.repeat(x, 0, axis=0),
    "resize": lambda x: np.resize(x, (3, 5)) ** 2,
    "resize smaller": lambda x: np.resize(x, 2),
    "copy": lambda x: np.copy(x) * x,
    "moveaxis": lambda x: np.moveaxis(x, 0, -1),
    "broadcast": lambda x: np.broadcast_to(x, (2, *x.shape)) * 3,
    "broadcast arrays": lambda x: np.broadcast_arrays(x, np.ones((2, *(1,) * np.ndim(x))))[0] * 3,
    "real": lambda x: np.real(x) * 2,
    "conj": lambda x: np.conj(x) * x,
    "real if close": np.real_if_close,
    "astype": lambda x: np.astype(x, np.complex128) * 2 if hasattr(np, "astype") else x * (2 + 0j),
    "trim": np.trim_zeros if np.lib.NumpyVersion(np.__version__) >= "2.2.0" else lambda x: x * 1,
    "shape": lambda x: x * (np.shape(x)[0] + np.ndim(x) + np.size(x) + np.size(x, 0)),
}


@pytest.mark.parametrize(
    "x", [V, M, T, F, Z, SINGLE, ONE], ids=["vector", "matrix", "tensor", "strided", "complex", "float32", "one"]
)
@pytest.mark.parametrize("name", CASES)
def test_value_and_derivatives(name, x):
    f = CASES[name]
    try:
        with np.errstate(all="ignore"):
            f(x)
    except ValueError:
        with pytest.raises(ValueError):
            gw.trace(f, x)
        return
    check(f, x, complex_step=name not in {"real", "conj", "real if close"})


TENSOR = {
    "permute": lambda x: np.transpose(x, (2, 0, 1)) ** 2,
    "permute negative": lambda x: np.permute_dims(x, (-1, 0, 1)),
    "method transpose": lambda x: x.transpose(1, 0, 2) * x.transpose((1, 0, 2)),
    "matrix transpose": lambda x: np.matrix_transpose(x) * x.mT,
    "swapaxes": lambda x: np.swapaxes(x, 0, -1) * x.swapaxes(0, 2),
    "moveaxis": lambda x: np.moveaxis(x, (0, 1), (-1, 0)),
    "rollaxis": lambda x: np.rollaxis(x, 2) * np.rollaxis(x, 2, 0),
    "rollaxis end": lambda x: np.rollaxis(x, 0, 3),
    "rollaxis negative": lambda x: np.rollaxis(x, -1, -2),
    "fliplr": lambda x: np.fliplr(x) * x,
    "flip axes": lambda x: np.flip(x, (0, 2)),
    "rot90": lambda x: np.rot90(x),
    "rot180": lambda x: np.rot90(x, 2, (1, 2)) * x,
    "rot270": lambda x: np.rot90(x, -1, (2, 0)),
    "rot360": lambda x: np.rot90(x, 4) * 2,
    "ravel of transposed": lambda x: np.ravel(x.T) ** 2,
    "reshape of transposed": lambda x: x.T.reshape(6, 4) ** 2,
    "chain": lambda x: np.flip(np.moveaxis(x[:, ::2], 0, 2).reshape(-1, 2), 0) ** 2,
}


@pytest.mark.parametrize("name", TENSOR)
def test_axes_of_a_tensor(name):
    check(TENSOR[name], T)


@pytest.mark.parametrize(
    "f",
    [
        np.ravel,
        np.transpose,
        lambda x: np.tile(x, (2, 2)),
        lambda x: np.flip(x, 0),
        lambda x: np.resize(x, (2, 2)),
        np.copy,
    ],
)
def test_empty(f):
    check(f, E)


@pytest.mark.parametrize(
    "f",
    [
        np.ravel,
        np.atleast_2d,
        np.atleast_3d,
        np.transpose,
        np.squeeze,
        np.flip,
        lambda x: np.roll(x, 1),
        lambda x: np.tile(x, 3),
        lambda x: np.repeat(x, 3),
        lambda x: np.resize(x, (2, 2)),
        lambda x: np.reshape(x, (1, 1)),
        lambda x: np.expand_dims(x, 0),
        lambda x: np.broadcast_to(x, (2, 2)),
        np.copy,
        np.real,
    ],
)
def test_numbers(f):
    check(f, S, complex_step=f is not np.real)
    check(f, 0.7, complex_step=f is not np.real)


def test_imag_and_complex_parts():
    check(lambda z: np.imag(z) * z.real, Z, complex_step=False)
    check(lambda z: np.real_if_close(z * np.conj(z)), Z, complex_step=False)
    check(lambda x: np.imag(x) + x, V, complex_step=False)


PADS = {
    "constant": dict(mode="constant"),
    "constants": dict(mode="constant", constant_values=((1.0, 2.0), (3.0, 4.0))),
    "edge": dict(mode="edge"),
    "ramp": dict(mode="linear_ramp", end_values=(1.0, 2.0)),
    "maximum": dict(mode="maximum"),
    "minimum": dict(mode="minimum", stat_length=2),
    "mean": dict(mode="mean", stat_length=((1, 2), (3, 2))),
    "reflect": dict(mode="reflect"),
    "reflect odd": dict(mode="reflect", reflect_type="odd"),
    "symmetric": dict(mode="symmetric"),
    "symmetric odd": dict(mode="symmetric", reflect_type="odd"),
    "wrap": dict(mode="wrap"),
}


@pytest.mark.parametrize("width", [2, (1, 2), ((2, 1), (0, 3)), ((7, 5), (9, 1)), 0], ids=str)
@pytest.mark.parametrize("name", PADS)
def test_pad(name, width):
    smooth = name not in {"maximum", "minimum"}
    check(lambda x: np.pad(x, width, **PADS[name]) ** 2, M, complex_step=smooth, exact=name not in {"mean", "ramp"})


def test_pad_with_traced_values_widths_and_functions():
    check(lambda x: np.pad(x, 1, constant_values=x[0]), V)
    check(lambda x: np.pad(x, (2, 1), mode="linear_ramp", end_values=x[1]), V)

    def borders(vector, width, axis, options):
        vector[: width[0]] = options["scale"] * vector[width[0]]
        vector[-width[1] :] = 2.0

    check(lambda x: np.pad(x, ((1, 2), (2, 1)), borders, scale=3.0), M)
    if np.lib.NumpyVersion(np.__version__) >= "2.2.0":
        check(lambda x: np.pad(x, {1: (1, 2)}), M)
    with pytest.raises(ValueError, match="not supported"):
        gw.trace(lambda x: np.pad(x, 1, "mirror"), V)
    with pytest.raises(ValueError, match="unsupported keyword"):
        gw.trace(lambda x: np.pad(x, 1, "edge", constant_values=3), V)


def test_trim_zeros_is_concrete():
    inside = np.array([0.0, 0, 1, 0, 2, 0])
    check(lambda x: np.trim_zeros(x * inside) ** 2, V)
    check(lambda x: np.trim_zeros(x * inside, "b"), V)
    check(lambda x: np.trim_zeros(x * 0, "f"), V)


def test_questions_about_types():
    def f(x):
        assert np.shape(x) == x.shape == (3, 4)
        assert np.ndim(x) == 2
        assert np.size(x, 1) == 4
        assert np.isrealobj(x)
        assert not np.iscomplexobj(x)
        assert np.result_type(x, 1j) == np.complex128
        assert np.can_cast(np.float32, x.dtype)
        assert np.common_type(x) is np.float64
        assert np.may_share_memory(x, x.T)
        assert not np.shares_memory(x, x.copy())
        assert np.array_repr(x) == np.array_repr(M)
        assert np.array_str(x) == np.array2string(x) == str(M)
        assert np.min_scalar_type(x) == np.float64
        assert len(np.triu_indices_from(x)[0]) == 9
        return x * 2

    np.testing.assert_array_equal(gw.jacobian(f, method="exact")(M).sum((0, 1)), np.full((3, 4), 2.0))


def test_views_follow_numpy():
    """What is a view in NumPy is one here: writing shows through."""

    def writes(view):
        def f(x):
            x = x * 1
            y = view(x)
            y[...] = y * 3
            y[0] = 5
            return x

        return f

    for view in (
        np.ravel,
        np.transpose,
        np.flip,
        np.squeeze,
        np.fliplr,
        np.atleast_3d,
        np.rot90,
        lambda x: np.swapaxes(x, 0, 1),
        lambda x: x.real,
        lambda x: x[1:][::-1].T,
    ):
        check(writes(view), M, complex_step=False)
    check(writes(np.flatnonzero and (lambda x: np.expand_dims(x, 1))), M)
    check(writes(lambda x: x.reshape(2, 6).T[::2]), M)
    check(writes(lambda x: np.einsum("ii->i", x[:, :3])), M)
    check(writes(lambda x: np.array_split(x, 2)[0]), M)
    check(writes(lambda x: np.unstack(x)[1]) if hasattr(np, "unstack") else writes(lambda x: x[1]), M)


def test_read_only_views():
    def stale(x):
        x = x * 1
        d, b = np.diagonal(x), np.broadcast_to(x, (2, *x.shape))
        x[0, 0] *= 5
        return d + b[1, 0, 0]

    check(stale, M)
    for view in (np.diagonal, lambda x: np.broadcast_to(x, (2, *x.shape))):
        with pytest.raises(ValueError, match="read-only"):
            gw.trace(lambda x, view=view: view(x).__setitem__(0, 1.0), M)


def test_copies_do_not_follow():
    def f(x):
        x = x * 1
        parts = np.copy(x), x.flatten(), np.tile(x, 1), np.repeat(x, 1, 0), np.roll(x, 0), x.T.reshape(-1), np.pad(x, 0)
        x[...] = 0
        return [p * 2 for p in parts]

    check(f, M)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.roll(x, 1, 0),
        lambda x: np.pad(x, 1),
        lambda x: np.pad(x, 0, "edge"),
        lambda x: np.insert(x, 1, 2.0, axis=0),
        lambda x: np.delete(x, 1, axis=1),
        lambda x: np.gradient(x)[0],
        lambda x: np.tile(x, 2),
        lambda x: np.repeat(x, 2, 0),
        np.tril,
        np.copy,
        lambda x: np.concatenate([x, x]),
        lambda x: x.copy(),
        lambda x: x * 2,
        lambda x: np.take(x, [0, 1], axis=1),
        lambda x: x[[0, 1]],
        lambda x: x[:, [0, 1]],
        lambda x: np.stack([x, x]),
        lambda x: np.block([[x, x]]),
        lambda x: np.vstack([x, x]),
        np.nan_to_num,
        lambda x: np.kron(x, x),
        lambda x: np.outer(x, x),
        lambda x: np.einsum("ij,jk->ik", x, x.T),
        lambda x: np.diff(x, axis=0),
        lambda x: np.swapaxes(x, 0, 1),
        lambda x: np.rot90(x),
        lambda x: np.flip(x),
        np.ravel,
        lambda x: np.astype(x, complex) if hasattr(np, "astype") else x * 1,
    ],
)
def test_layout_of_memory_is_numpys(f, order):
    """Strides decide whether a later reshape is a view, so they must agree."""
    x = np.array(M, order=order)
    strides = f(x).strides
    found = []

    def look(x):
        y = f(x)
        found.append(y.strides)
        return y

    gw.trace(look, x)
    assert found == [strides]


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")  # of NumPy 2.5
def test_another_shape_in_place_does_not_search_the_process_for_views(monkeypatch):
    """The garbage collector's list of referrers takes 25 ms beside the objects of a few libraries; without a view ever made it is not asked."""

    def asked(*objects):
        raise AssertionError("the collector was asked")

    monkeypatch.setattr("gradwise.tracing.reshaping.gc.get_referrers", asked)

    def f(x):
        y = np.atleast_1d(x * 2)
        y.shape = (2, 3)
        return np.sum(y @ y.T)

    x = np.arange(6.0)
    np.testing.assert_allclose(gw.grad(f, pure=False)(x), 8 * np.tile(x.reshape(2, 3).sum(0), 2), rtol=1e-14)


def test_errors_are_numpys():
    for wrong in (
        lambda x: np.reshape(x, (5, 5)),
        lambda x: np.swapaxes(x, 0, 7),
        lambda x: np.moveaxis(x, 0, (0, 1)),
        lambda x: np.transpose(x, (0,)),
        lambda x: np.expand_dims(x, 9),
        lambda x: np.squeeze(x, 0),
        lambda x: np.rot90(x, 1, (0, 0)),
        lambda x: np.roll(x, (1, 2), (0, 5)),
        *([lambda x: np.reshape(x.T, -1, copy=False)] if np.lib.NumpyVersion(np.__version__) >= "2.1.0" else []),
        lambda x: np.repeat(x, [1, 2]),
        lambda x: np.broadcast_to(x, (2, 2)),
    ):
        with pytest.raises(ValueError):
            wrong(M)
        with pytest.raises(ValueError):
            gw.trace(wrong, M)


def test_traced_integers_as_shapes():
    check(lambda x: np.reshape(x, (np.argmax(np.zeros_like(x)) + 2, -1)), V, batched=False)
    check(lambda x: np.roll(x, np.argmax(x)) ** 2, V, batched=False)


def test_require_and_asarray_raise_with_a_cure(monkeypatch):
    monkeypatch.setenv("GRADWISE_REWRITE", "0")
    with pytest.raises(TracingError, match=r"np\.stack"):
        gw.grad(lambda x: np.asarray(x).sum(), method="exact")(V)
