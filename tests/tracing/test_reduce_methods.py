"""``ufunc.reduce`` with where, initial, dtype, several axes and nothing to reduce, against NumPy and differences of it."""

import numpy as np
import pytest

import gradwise as gw

X = np.array([[-1.3, 0.4, 2.1, 0.7], [0.9, -0.6, 1.7, -2.2], [0.3, 1.1, -0.8, 0.5]])
MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, True, True]])

CASES = {
    "hypot of one entry": lambda x: np.hypot.reduce(x[:, :1], axis=1),
    "hypot over two axes": lambda x: np.hypot.reduce(x, axis=(0, 1), keepdims=True),
    "hypot over no axis": lambda x: np.hypot.reduce(x, axis=()),
    "hypot where": lambda x: np.hypot.reduce(x, axis=1, where=MASK),
    "logaddexp where": lambda x: np.logaddexp.reduce(x, axis=0, where=MASK, initial=0.2),
    "logaddexp over all, initial": lambda x: np.logaddexp.reduce(x, axis=None, initial=-1.0),
    "logaddexp2 over two axes": lambda x: np.logaddexp2.reduce(x, axis=(1, 0)),
    "logaddexp of nothing": lambda x: np.logaddexp.reduce(x[:, :0], axis=1, initial=0.5) + x[:, 0],
    "fmax over two axes": lambda x: np.fmax.reduce(x, axis=(0, -1)),
    "fmax where": lambda x: np.fmax.reduce(x, axis=1, where=MASK, initial=-9.0),
    "subtract where": lambda x: np.subtract.reduce(x, axis=1, where=MASK, initial=1.5),
    "divide where one row of truth values": lambda x: np.divide.reduce(x, axis=0, where=MASK[1], initial=2.0),
    "subtract by columns, kept": lambda x: np.subtract.reduce(x, axis=-2, keepdims=True),
    "divide of nothing": lambda x: np.divide.reduce(x[:, :0], axis=1, initial=-3.0) * x[:, 1],
    "maximum of another type": lambda x: np.maximum.reduce(x, axis=0, dtype=np.float64),
    "max where, kept": lambda x: np.max(x, axis=1, keepdims=True, where=MASK, initial=0.6),
    "accumulation of nothing": lambda x: np.logaddexp.accumulate(x[:, :0], axis=1).sum() + x[0],
    "subtract into an array": lambda x: np.subtract.reduce(x, axis=0, out=np.empty(4)),
    "variance with a type": lambda x: np.var(x + 0j, axis=1, dtype=complex).real,
}


@pytest.mark.filterwarnings("error::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("name", CASES)
def test_reduce(name):
    f = CASES[name]
    shape = np.shape(f(X))
    weights = np.cos(np.arange(np.prod(shape, dtype=int)) + 0.3).reshape(shape)

    def total(x):
        return np.sum(f(x) * weights)

    v = np.sin(np.arange(12.0)).reshape(X.shape)
    np.testing.assert_allclose(gw.jvp(f, (X,), (v,))[0], f(X), rtol=1e-15)
    reference = gw.numerical.directional_derivative(total, X, v, normalize=False)
    np.testing.assert_allclose(np.sum(gw.grad(total)(X) * v), reference.value, rtol=1e-8, atol=reference.error)
    second = gw.numerical.directional_derivative(lambda x: np.sum(gw.grad(total)(x) * v), X, v, normalize=False)
    np.testing.assert_allclose(np.sum(gw.hvp(total)(X, v) * v), second.value, rtol=1e-6, atol=second.error)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: np.subtract.reduce(x, axis=(0, 1)), "not reorderable"),
        (lambda x: np.subtract.reduce(x, axis=0, where=MASK).sum(), "does not have an identity"),
    ],
)
def test_what_numpy_refuses(f, message):
    with pytest.raises(ValueError, match=message):
        f(X)
    with pytest.raises(ValueError, match=message):
        gw.grad(f)(X)


@pytest.mark.parametrize("of", [np.var, np.std])
def test_spread_in_another_type(of):
    """The mean is taken in the type, and the differences from it are not: with a real type the mean loses its imaginary part."""
    z = X + 1j * X[::-1]

    def f(z):
        return of(z, axis=1, dtype=np.float64)

    with pytest.warns(np.exceptions.ComplexWarning):
        want = f(z)
    with pytest.warns(np.exceptions.ComplexWarning):
        got = gw.jvp(f, (z,), (z,))[0]
    np.testing.assert_allclose(got, want, rtol=1e-14)
    assert got.dtype == want.dtype


@pytest.mark.filterwarnings("error::gradwise.NumericalFallbackWarning")
def test_a_number_into_an_array():
    assert gw.grad(lambda t: np.sum(t * t, out=np.empty(())))(3.0) == 6.0
    assert gw.grad(lambda t: 1.0 * np.max(t * t, out=np.empty(())))(3.0) == 6.0
