"""DataArrays and Datasets that are made, changed and asked inside of a function, of traced numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from closing import closes

import gradwise as gw

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.extras("xarray")
xarray = pytest.importorskip("xarray")
pandas = pytest.importorskip("pandas")

X = np.array([1.3, 0.7, 2.1, 0.4, 1.9, 3.2])
A = xarray.DataArray(np.arange(6.0).reshape(2, 3) + 1, dims=("r", "c"), coords={"r": [0, 1], "c": [10.0, 20.0, 30.0]})
CASES: dict[str, Callable[[Any], Any]] = {}


def case(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    CASES[f.__name__] = f
    return f


@case
def mul(x: Any) -> Any:
    return (xarray.DataArray(x.reshape(2, 3), dims=("r", "c")) * A).sum().item()


@case
def mul_coords(x: Any) -> Any:
    return (A * xarray.DataArray(x.reshape(2, 3), dims=("r", "c"), coords=A.coords)).values


@case
def sumdim(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c")).sum("c").values


@case
def meandim(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c")).mean("r").values


@case
def mean(x: Any) -> Any:
    return float(xarray.DataArray(x.reshape(2, 3), dims=("r", "c")).mean())


@case
def std(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c")).std("c").values


@case
def var(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c")).var("c", ddof=1).data


@case
def interp(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c"), coords=A.coords).interp(c=[12.0, 25.0]).values


@case
def interp_s(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c"), coords=A.coords).interp(c=14.0).values


@case
def interp2(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c"), coords=A.coords).interp(c=[14.0, 22.0], r=0.3).values


@case
def interpcubic(x: Any) -> Any:
    return xarray.DataArray(x, dims="c", coords={"c": np.arange(6.0)}).interp(c=[1.5, 2.2], method="cubic").values


@case
def interpds(x: Any) -> Any:
    return xarray.Dataset({"q": ("c", x)}, coords={"c": np.arange(6.0)}).interp(c=[1.5, 2.2]).q.values


@case
def isel(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c"), coords=A.coords).isel(c=1).values


@case
def sel(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c"), coords=A.coords).sel(c=20.0).values


@case
def seln(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c"), coords=A.coords).sel(c=[11, 29], method="nearest").values


@case
def bcast(x: Any) -> Any:
    return (xarray.DataArray(x[:2], dims="r") * xarray.DataArray(x[2:5], dims="c")).values


@case
def ds(x: Any) -> Any:
    d = xarray.Dataset({"a": ("t", x), "b": ("t", x**2)})
    return (d.a * d["b"]).sum().values


@case
def ds2(x: Any) -> Any:
    d = xarray.Dataset({"a": ("t", x)})
    d["z"] = d.a**2 + 1
    return d.z.values


@case
def dsmean(x: Any) -> Any:
    d = xarray.Dataset({"a": ("t", x), "b": ("t", x**2)})
    m = d.mean()
    return m.a.values * m.b.values


@case
def dsadd(x: Any) -> Any:
    d = xarray.Dataset({"a": ("t", x), "b": ("t", x**2)})
    return (d * 2 + d).b.values


@case
def assign(x: Any) -> Any:
    d = A.to_dataset(name="q").assign(w=("c", x[:3]))
    return (d.q * d.w).sum().values


@case
def groupby(x: Any) -> Any:
    return xarray.DataArray(x, dims="t", coords={"g": ("t", list("aababb"))}).groupby("g").mean().values


@case
def groupbysum(x: Any) -> Any:
    return xarray.DataArray(x, dims="t", coords={"g": ("t", list("aababb"))}).groupby("g").sum().values


@case
def groupbymap(x: Any) -> Any:
    return (
        xarray.DataArray(x, dims="t", coords={"g": ("t", list("aababb"))})
        .groupby("g")
        .map(lambda a: a - a.mean())
        .values
    )


@case
def groupbyan(x: Any) -> Any:
    a = xarray.DataArray(x, dims="t", coords={"g": ("t", list("aababb"))})
    return (a.groupby("g") - a.groupby("g").mean()).values


@case
def scal(x: Any) -> Any:
    return (A * x[0]).sum().values


@case
def scal2(x: Any) -> Any:
    return (x[0] * A).values


@case
def arr(x: Any) -> Any:
    return (A * x.reshape(2, 3)).values


@case
def arr2(x: Any) -> Any:
    return (x.reshape(2, 3) * A).values


@case
def npexp(x: Any) -> Any:
    return np.exp(xarray.DataArray(x, dims="t")).values


@case
def where(x: Any) -> Any:
    a = xarray.DataArray(x, dims="t")
    return a.where(a > 1, 0.0).values


@case
def where2(x: Any) -> Any:
    a = xarray.DataArray(x, dims="t")
    return xarray.where(a > 1, a**2, a).values


@case
def where3(x: Any) -> Any:
    a = xarray.DataArray(x, dims="t")
    return a.where(a > 1).sum().values


@case
def concat(x: Any) -> Any:
    return xarray.concat([xarray.DataArray(x, dims="t"), xarray.DataArray(x**2, dims="t")], "t").values


@case
def rolling(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").rolling(t=2).mean().dropna("t").values


@case
def rollingsum(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").rolling(t=3, center=True, min_periods=1).sum().values


@case
def shift(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").shift(t=1, fill_value=0.0).values


@case
def roll(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").roll(t=1).values


@case
def pad(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").pad(t=1, constant_values=0.0).values


@case
def differences(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").diff("t").values


@case
def cumsum(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").cumsum("t").values


@case
def dot(x: Any) -> Any:
    return xarray.dot(xarray.DataArray(x.reshape(2, 3), dims=("r", "c")), A, dim="c").values


@case
def dot2(x: Any) -> Any:
    return (xarray.DataArray(x.reshape(2, 3), dims=("r", "c")) @ A).values


@case
def dot3(x: Any) -> Any:
    return A.dot(xarray.DataArray(x[:3], dims="c")).values


@case
def integ(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c"), coords=A.coords).integrate("c").values


@case
def diffe(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c"), coords=A.coords).differentiate("c").values


@case
def ufunc(x: Any) -> Any:
    return xarray.apply_ufunc(lambda a: a**2, xarray.DataArray(x, dims="t")).values


@case
def ufunc2(x: Any) -> Any:
    return xarray.apply_ufunc(lambda a: a.sum(-1), xarray.DataArray(x, dims="t"), input_core_dims=[["t"]]).values


@case
def ufunc3(x: Any) -> Any:
    return xarray.apply_ufunc(np.hypot, xarray.DataArray(x, dims="t"), 2.0).values


@case
def fillna(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").shift(t=1).fillna(x[0]).values


@case
def clip(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").clip(0.5, 2).values


@case
def transpose(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c")).T.values


@case
def stack(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c")).stack(z=("r", "c")).values


@case
def write(x: Any) -> Any:
    a = xarray.DataArray(np.zeros((2, 3)), dims=("r", "c"))
    a[0, 1] = x[0] ** 2
    a[1] = x[:3]
    return a.values


@case
def writeloc(x: Any) -> Any:
    a = A.copy()
    a.loc[dict(c=20.0)] = x[:2]
    return a.values


@case
def writeds(x: Any) -> Any:
    d = xarray.Dataset({"a": ("t", np.zeros(6))})
    d["a"][2] = x[0]
    return d.a.values


@case
def iadd(x: Any) -> Any:
    a = xarray.DataArray(np.zeros(6), dims="t")
    a += x
    return a.values


@case
def maxd(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c")).max("c").values


@case
def weighted(x: Any) -> Any:
    return (
        xarray.DataArray(x.reshape(2, 3), dims=("r", "c"))
        .weighted(xarray.DataArray([1.0, 2, 3], dims="c"))
        .mean("c")
        .values
    )


@case
def weighted2(x: Any) -> Any:
    return A.weighted(xarray.DataArray(x[:3], dims="c")).mean("c").values


@case
def full_like(x: Any) -> Any:
    return (xarray.zeros_like(A) + x[0]).values


@case
def quantile(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").quantile(0.3).values


@case
def median(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").median().values


@case
def coarsen(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").coarsen(t=2).mean().values


@case
def poly(x: Any) -> Any:
    return xarray.polyval(
        xarray.DataArray([0.5, 1.5], dims="t"), xarray.DataArray(x[:3], dims="degree", coords={"degree": [0, 1, 2]})
    ).values


@case
def reduced(x: Any) -> Any:
    return xarray.DataArray(x.reshape(2, 3), dims=("r", "c")).reduce(np.sum, "c").values


@case
def to_np(x: Any) -> Any:
    return np.asarray(xarray.DataArray(x, dims="t")) * 2


@case
def to_np2(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").to_numpy() * 2


@case
def npsum(x: Any) -> Any:
    return np.sum(xarray.DataArray(x, dims="t"))


@case
def nplin(x: Any) -> Any:
    return np.linalg.norm(xarray.DataArray(x, dims="t"))


@case
def prod(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").prod().values


@case
def loop(x: Any) -> Any:
    s = 0.0
    for v in xarray.DataArray(x, dims="t"):
        s = s + v * v
    return s.values


@case
def loopf(x: Any) -> Any:
    s = 0.0
    for v in xarray.DataArray(x, dims="t"):
        s = s + float(v) ** 2
    return s


@case
def coordtr(x: Any) -> Any:
    return xarray.DataArray([1.0, 2, 4], dims="c", coords={"c": [10.0, 20, 30]}).interp(c=10 + x[0]).values


@case
def coordtr2(x: Any) -> Any:
    return (
        xarray.DataArray([1.0, 2, 4], dims="c", coords={"c": [10.0, 20, 30]})
        .interp(c=xarray.DataArray(10 + x, dims="z"))
        .values
    )


@case
def nonidx(x: Any) -> Any:
    a = xarray.DataArray([1.0, 2, 4], dims="c", coords={"y": ("c", x[:3])})
    return (a * a.y).values


@case
def resample(x: Any) -> Any:
    return (
        xarray.DataArray(x, dims="time", coords={"time": pandas.date_range("2020", periods=6)})
        .resample(time="2D")
        .mean()
        .values
    )


@case
def gbins(x: Any) -> Any:
    return xarray.DataArray(x, dims="t", coords={"t": np.arange(6.0)}).groupby_bins("t", [-1, 2, 6]).sum().values


@case
def cov(x: Any) -> Any:
    return xarray.cov(xarray.DataArray(x, dims="t"), xarray.DataArray(x**2, dims="t")).values


@case
def corr(x: Any) -> Any:
    return xarray.corr(xarray.DataArray(x, dims="t"), xarray.DataArray(x**2, dims="t")).values


@case
def sortby(x: Any) -> Any:
    return xarray.DataArray(x, dims="t", coords={"t": [3, 1, 2, 6, 5, 4]}).sortby("t").values


@case
def argm(x: Any) -> Any:
    a = xarray.DataArray(x, dims="t")
    return a.isel(t=a.argmax("t")).values


@case
def toseries(x: Any) -> Any:
    return xarray.DataArray(x, dims="t", coords={"t": np.arange(6)}).to_series().sum()


@case
def todf(x: Any) -> Any:
    return xarray.Dataset({"a": ("t", x)}).to_dataframe()["a"].values


@case
def retda(x: Any) -> Any:
    return xarray.DataArray(x, dims="t").mean()


@case
def retds(x: Any) -> Any:
    return xarray.DataArray(x, dims="t") * 2


@case
def mapd(x: Any) -> Any:
    return xarray.Dataset({"a": ("t", x)}).map(np.sqrt).a.values


@case
def curvefit(x: Any) -> Any:
    return xarray.DataArray(x, dims="t", coords={"t": np.arange(6.0)}).polyfit("t", 1).polyfit_coefficients.values


@case
def masked(x: Any) -> Any:
    a = xarray.DataArray(x, dims="t")
    return a[a > 1].values


@case
def sumdot(x: Any) -> Any:
    return ((xarray.DataArray(x, dims="t") - 1) ** 2).sum().values


@case
def interpna(x: Any) -> Any:
    return xarray.DataArray(np.array([1.0, np.nan, 3, 4, 5, 6]), dims="t").interpolate_na("t").values * x


@case
def broad(x: Any) -> Any:
    return xarray.broadcast(xarray.DataArray(x[:2], dims="r"), A)[0].values


@case
def expanded(x: Any) -> Any:
    return xarray.DataArray(x[:3], dims="c").expand_dims(r=2).values


@case
def sq(x: Any) -> Any:
    return xarray.DataArray(x.reshape(1, 6), dims=("r", "c")).squeeze().values


@pytest.mark.parametrize("name", CASES)
def test_what_xarray_does(name: str) -> None:
    closes(CASES[name], X, second=False)


@pytest.mark.parametrize(
    "name", ["mul_coords", "std", "interp2", "groupby", "rolling", "write", "coordtr2", "weighted2", "corr"]
)
def test_second_derivatives(name: str) -> None:
    closes(CASES[name], X)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_all_second_derivatives(name: str) -> None:
    closes(CASES[name], X)


def test_arguments_hold_traced_numbers() -> None:
    array = xarray.DataArray(X, dims="t", coords={"g": ("t", list("aababb"))})
    gradient = gw.grad(lambda a: (a.groupby("g").mean() ** 2).sum(), method="exact")(array)
    means = [X[[0, 1, 3]].mean(), X[[2, 4, 5]].mean()]
    np.testing.assert_allclose(gradient, [2 * means[k] / 3 for k in (0, 0, 1, 0, 1, 1)], rtol=1e-14)


def test_interpolation_is_the_weights() -> None:
    def f(x: Any) -> Any:
        return xarray.DataArray(x[:3], dims="c", coords={"c": [10.0, 20.0, 30.0]}).interp(c=14.0).item()

    np.testing.assert_allclose(gw.grad(f, method="exact")(X), [0.6, 0.4, 0, 0, 0, 0], rtol=1e-14)


def test_an_index_of_traced_numbers_raises() -> None:
    with pytest.raises(gw.TracingError, match="index of plain numbers"):
        gw.grad(lambda x: A.interp(c=10 + x).sum().item(), method="exact")(X)


def test_what_is_left_is_plain() -> None:
    kept = A.copy()

    def f(x: Any) -> Any:
        kept[0, 1] = x[0] ** 2
        return kept.sum().item()

    np.testing.assert_allclose(gw.grad(f, method="exact")(X), [2 * X[0], 0, 0, 0, 0, 0])
    assert type(kept.variable._data) is np.ndarray
    assert kept.values[0, 1] == X[0] ** 2
