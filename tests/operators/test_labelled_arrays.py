"""DataArrays and Datasets as arguments: gradients come back with the same labels."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

xarray = pytest.importorskip("xarray")


def data():
    return xarray.DataArray([1.0, 2.0, 3.0], dims="t", coords={"t": [10, 20, 30]}, name="z", attrs={"unit": "m"})


def dataset():
    return xarray.Dataset({"a": data(), "b": ("t", [4.0, 5.0, 6.0]), "label": ("t", ["p", "q", "r"])})


X = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda d: (d**2).sum(), 2 * X),
        (lambda d: float((d**2).sum()), 2 * X),
        (lambda d: (d**2).sum("t").item(), 2 * X),
        (lambda d: np.sum(np.asarray(d) ** 2), 2 * X),
        (lambda d: (d.values**2).sum(), 2 * X),
        (lambda d: float((d[0] * d.sel(t=20)).item()), [2.0, 1.0, 0.0]),
        (lambda d: np.exp(d).values.sum(), np.exp(X)),
        (lambda d: d.mean().item() * d.max().item(), [1.0, 1.0, 3.0]),
        (lambda d: d.dot(d).item(), 2 * X),
        (lambda d: d.where(d > 1.5, 0.0).sum().item(), [0.0, 1.0, 1.0]),
        (lambda d: d.diff("t").sum().item(), [-1.0, 0.0, 1.0]),
        (lambda d: sum(float(v) ** 2 for v in d), 2 * X),
    ],
)
def test_data_arrays(f, expected):
    d = data()
    for _ in range(3):
        g = gw.grad(f, method="exact")(d)
        assert type(g) is xarray.DataArray
        assert g.dims == ("t",)
        assert list(g["t"].values) == [10, 20, 30]
        assert g.attrs == {"unit": "m"}
        assert g.dtype == np.float64
        np.testing.assert_allclose(g, expected, rtol=1e-12, atol=1e-12)
    assert d.identical(data())


def test_datasets():
    g = gw.grad(lambda d: (d["a"] * d.b).sum().item() + d["a"].values[0], method="exact")(dataset())
    assert list(g.data_vars) == ["a", "b", "label"]
    assert list(g["label"].values) == ["p", "q", "r"]
    assert list(g["t"].values) == [10, 20, 30]
    np.testing.assert_allclose(g["a"], [5.0, 5.0, 6.0])
    np.testing.assert_allclose(g["b"], X)


def test_data_arrays_made_inside():
    f = gw.grad(lambda x: (xarray.DataArray(x, dims="t") ** 2 * data().values).sum(), method="exact")
    np.testing.assert_allclose(f(X), 2 * X * X)


def test_coordinates_are_part_of_the_structure():
    g = gw.value_and_grad(lambda d: float((d**2).sum()))
    later = data().assign_coords(t=[1, 2, 3])
    assert list(g(data())[1]["t"].values) == [10, 20, 30]
    assert list(g(later)[1]["t"].values) == [1, 2, 3]
