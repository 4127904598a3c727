"""Series and DataFrames that are made, changed and asked inside of a function, of traced numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import scipy
from closing import closes

import gradwise as gw

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.extras("pandas")
pd = pytest.importorskip("pandas")

X = np.array([1.3, 0.7, 2.1, 0.4, 1.9, 3.2])
TABLE = pd.DataFrame({"b": [1.0, 2, 3, 4, 5, 6], "k": list("aabbab"), "n": [1, 2, 3, 4, 5, 6]})
CASES: dict[str, Callable[[Any], Any]] = {}


def case(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    CASES[f.__name__] = f
    return f


def table(x: Any) -> Any:
    df = TABLE.copy()
    df["a"] = x
    return df


@case
def col_mul(x: Any) -> Any:
    df = TABLE.copy()
    df["a"] = x * df["b"]
    return df["a"].sum()


@case
def col_mul_np(x: Any) -> Any:
    df = pd.DataFrame({"b": [1.0, 2, 3, 4, 5, 6]})
    df["a"] = x * df["b"].to_numpy()
    return df["a"].sum()


@case
def frame_ctor(x: Any) -> Any:
    df = pd.DataFrame({"a": x, "b": x**2})
    return (df["a"] * df["b"]).sum()


@case
def frame_ctor2(x: Any) -> Any:
    df = pd.DataFrame({"a": x, "b": x**2})
    return df.sum().to_numpy()


@case
def frame_2d(x: Any) -> Any:
    df = pd.DataFrame(x.reshape(3, 2), columns=["u", "v"])
    return (df.u * df.v).mean()


@case
def ser(x: Any) -> Any:
    return (pd.Series(x) ** 2).sum()


@case
def ser_list(x: Any) -> Any:
    return (pd.Series([x[0], x[1] * x[2]]) ** 2).sum()


@case
def ser_mean(x: Any) -> Any:
    return pd.Series(x).mean()


@case
def ser_std(x: Any) -> Any:
    return pd.Series(x).std()


@case
def ser_cumsum(x: Any) -> Any:
    return pd.Series(x).cumsum().values


@case
def ser_cumprod(x: Any) -> Any:
    return pd.Series(x).cumprod().to_numpy()


@case
def ser_rolling(x: Any) -> Any:
    return pd.Series(x).rolling(2).mean().dropna().to_numpy()


@case
def ser_shift(x: Any) -> Any:
    return (pd.Series(x) - pd.Series(x).shift(1)).fillna(0.0).to_numpy()


@case
def ser_diff(x: Any) -> Any:
    return pd.Series(x).diff().fillna(0.0).values


@case
def ser_pct(x: Any) -> Any:
    return pd.Series(x).pct_change().fillna(0.0).values


@case
def grp_sum(x: Any) -> Any:
    df = TABLE.copy()
    df["a"] = x
    return df.groupby("k")["a"].sum().values


@case
def grp_mean(x: Any) -> Any:
    df = TABLE.copy()
    df["a"] = x
    return df.groupby("k")["a"].mean().values


@case
def grp_agg(x: Any) -> Any:
    df = TABLE.copy()
    df["a"] = x
    return df.groupby("k").agg({"a": "sum", "b": "mean"}).values.astype(float)


@case
def grp_apply(x: Any) -> Any:
    df = TABLE.copy()
    df["a"] = x
    return df.groupby("k").apply(lambda g: (g["a"] * g["b"]).sum()).values


@case
def loc_read(x: Any) -> Any:
    s = pd.Series(x, index=list("abcdef"))
    return s.loc["b"] * s["c"] + s.iloc[0]


@case
def loc_write(x: Any) -> Any:
    df = pd.DataFrame({"a": np.zeros(6)})
    df.loc[2, "a"] = x[1] ** 2
    df.iloc[3, 0] = x[2]
    return df["a"].values


@case
def apply_row(x: Any) -> Any:
    df = TABLE.copy()
    df["a"] = x
    return df.apply(lambda r: r["a"] * r["b"], axis=1).sum()


@case
def ser_apply(x: Any) -> Any:
    return pd.Series(x).apply(lambda v: v**2).sum()


@case
def ser_map(x: Any) -> Any:
    return pd.Series(x).map(np.exp).sum()


@case
def iterrows(x: Any) -> Any:
    df = TABLE.copy()
    df["a"] = x
    t = 0.0
    for _i, r in df.iterrows():
        t = t + r["a"] * r["b"]
    return t


@case
def itertuples(x: Any) -> Any:
    df = TABLE.copy()
    df["a"] = x
    t = 0.0
    for r in df.itertuples():
        t = t + r.a * r.b
    return t


@case
def dot(x: Any) -> Any:
    return pd.Series(x).dot(TABLE["b"])


@case
def matm(x: Any) -> Any:
    return pd.Series(x) @ TABLE["b"]


@case
def df_matm(x: Any) -> Any:
    df = pd.DataFrame(x.reshape(3, 2))
    return (df.T @ df).values


@case
def merge(x: Any) -> Any:
    a = pd.DataFrame({"k": [0, 1, 2, 3, 4, 5], "v": x})
    b = pd.DataFrame({"k": [1, 3, 5], "w": [1.0, 2, 3]})
    m = a.merge(b, on="k")
    return (m.v * m.w).sum()


@case
def concat(x: Any) -> Any:
    return pd.concat([pd.Series(x), pd.Series(x**2)]).sum()


@case
def fillna(x: Any) -> Any:
    s = pd.Series(x).shift(2)
    return s.fillna(x[0]).values


@case
def where(x: Any) -> Any:
    s = pd.Series(x)
    return s.where(s > 1, s**2).values


@case
def mask(x: Any) -> Any:
    s = pd.Series(x)
    return s.mask(s > 1, 0.0).values


@case
def clip(x: Any) -> Any:
    return pd.Series(x).clip(0.5, 2.0).values


@case
def ewm(x: Any) -> Any:
    return pd.Series(x).ewm(alpha=0.3).mean().values


@case
def ewm_span(x: Any) -> Any:
    return pd.Series(x).ewm(span=3, adjust=False).mean().values


@case
def npexp(x: Any) -> Any:
    return np.exp(pd.Series(x)).values


@case
def npexp_df(x: Any) -> Any:
    return np.exp(pd.DataFrame(x.reshape(2, 3))).values


@case
def reindex(x: Any) -> Any:
    return pd.Series(x, index=list("abcdef")).reindex(list("fbd")).values


@case
def align(x: Any) -> Any:
    return (pd.Series(x, index=list("abcdef")) * pd.Series(x, index=list("fedcba"))).values


@case
def boolf(x: Any) -> Any:
    df = TABLE.copy()
    df["a"] = x
    return df[df["b"] > 2]["a"].values


@case
def boolf2(x: Any) -> Any:
    df = TABLE.copy()
    df["a"] = x
    return df.loc[df.k == "a", "a"].sum()


@case
def to_list(x: Any) -> Any:
    return sum(v * v for v in pd.Series(x).tolist())


@case
def maxs(x: Any) -> Any:
    return pd.Series(x).max()


@case
def var_df(x: Any) -> Any:
    return pd.DataFrame(x.reshape(3, 2)).var().values


@case
def cov_df(x: Any) -> Any:
    return pd.DataFrame(x.reshape(3, 2)).cov().values


@case
def corr_df(x: Any) -> Any:
    return pd.DataFrame(x.reshape(3, 2)).corr().values


@case
def med(x: Any) -> Any:
    return pd.Series(x).median()


@case
def quant(x: Any) -> Any:
    return pd.Series(x).quantile(0.3)


@case
def iadd(x: Any) -> Any:
    df = pd.DataFrame({"a": np.zeros(6)})
    df["a"] += x
    df["a"] *= 2
    return df["a"].values


@case
def resample(x: Any) -> Any:
    s = pd.Series(x, index=pd.date_range("2020", periods=6, freq="D"))
    return s.resample("2D").sum().values


@case
def sortv(x: Any) -> Any:
    return pd.Series(x).sort_values().values


@case
def unst(x: Any) -> Any:
    s = pd.Series(x, index=pd.MultiIndex.from_product([[0, 1], list("abc")]))
    return s.unstack().values


@case
def pivot(x: Any) -> Any:
    df = pd.DataFrame({"r": [0, 0, 0, 1, 1, 1], "c": list("abcabc"), "v": x})
    return df.pivot(index="r", columns="c", values="v").values


@case
def pdlog(x: Any) -> Any:
    return np.log(TABLE["b"] * x).sum()


@case
def scal2(x: Any) -> Any:
    return (x[0] * TABLE["b"]).sum()


@case
def scaldf(x: Any) -> Any:
    return (x[0] * TABLE[["b"]] + x[1]).values


@case
def roll_std(x: Any) -> Any:
    return pd.Series(x).rolling(3).std().dropna().values


@case
def roll_max(x: Any) -> Any:
    return pd.Series(x).rolling(3, min_periods=1).max().values


@case
def roll_center(x: Any) -> Any:
    return pd.Series(x).rolling(3, center=True).sum().fillna(0).values


@case
def roll_apply(x: Any) -> Any:
    return pd.Series(x).rolling(3).apply(lambda w: (w**2).sum(), raw=True).dropna().values


@case
def roll_df(x: Any) -> Any:
    return pd.DataFrame(x.reshape(3, 2), columns=["u", "v"]).rolling(2).mean().dropna().values


@(case if np.lib.NumpyVersion(scipy.__version__) >= "1.16.1" else lambda f: f)  # pandas asks for it
def roll_win(x: Any) -> Any:
    return pd.Series(x).rolling(3, win_type="triang").mean().dropna().values


@case
def expanding(x: Any) -> Any:
    return pd.Series(x).expanding().mean().values


@case
def expanding_var(x: Any) -> Any:
    return pd.Series(x).expanding(2).var().dropna().values


@case
def ewm_h(x: Any) -> Any:
    return pd.Series(x).ewm(halflife=2).mean().values


@case
def ewm_var(x: Any) -> Any:
    return pd.Series(x).ewm(halflife=2).var().dropna().values


@case
def ewm_std(x: Any) -> Any:
    return pd.Series(x).ewm(halflife=2).std().dropna().values


@case
def axis1(x: Any) -> Any:
    return pd.DataFrame(x.reshape(3, 2)).sum(axis=1).values


@case
def axis1mean(x: Any) -> Any:
    return pd.DataFrame(x.reshape(3, 2)).mean(axis=1).values


@case
def axis1max(x: Any) -> Any:
    return table(x)[["a", "b"]].max(axis=1).values


@case
def axis1std(x: Any) -> Any:
    return table(x)[["a", "b"]].std(axis=1).values


@case
def dfT(x: Any) -> Any:
    return pd.DataFrame(x.reshape(3, 2)).T.values


@case
def iloc_row(x: Any) -> Any:
    return table(x)[["a", "b"]].iloc[2].values


@case
def mathf(x: Any) -> Any:
    return pd.Series(x).apply(math.exp).sum()


@case
def mathrow(x: Any) -> Any:
    return table(x).apply(lambda r: math.exp(r["a"]) * r["b"], axis=1).sum()


@case
def colapply(x: Any) -> Any:
    return table(x)[["a", "b"]].apply(lambda s: s.sum()).values


@case
def grp_tr(x: Any) -> Any:
    d = table(x)
    return (d.a - d.groupby("k")["a"].transform("mean")).values


@case
def grp_tr2(x: Any) -> Any:
    d = table(x)
    return d.groupby("k")["a"].transform(lambda s: s / s.sum()).values


@case
def grp_ag2(x: Any) -> Any:
    return table(x).groupby("k")["a"].agg(["sum", "std", "min"]).values


@case
def grp_named(x: Any) -> Any:
    return table(x).groupby("k").agg(t=("a", "sum"), m=("b", "max"))["t"].values


@case
def grp_iter(x: Any) -> Any:
    t = 0.0
    for _k, g in table(x).groupby("k"):
        t = t + g["a"].prod()
    return t


@case
def grp_cum(x: Any) -> Any:
    return table(x).groupby("k")["a"].cumsum().values


@case
def grp_shift(x: Any) -> Any:
    return table(x).groupby("k")["a"].shift(1).fillna(0.0).values


@case
def grp_first(x: Any) -> Any:
    return table(x).groupby("k")["a"].first().values


@case
def grp_key(x: Any) -> Any:
    return table(x).groupby("k").apply(lambda g: np.average(g["a"], weights=g["b"])).values


@case
def grp_q(x: Any) -> Any:
    return table(x).groupby("k")["a"].quantile(0.5).values


@case
def grp_med(x: Any) -> Any:
    return table(x).groupby("k")["a"].median().values


@case
def grp_roll(x: Any) -> Any:
    return table(x).groupby("k")["a"].rolling(2).mean().dropna().values


@case
def npwhere(x: Any) -> Any:
    s = pd.Series(x)
    return np.where(s > 1, s**2, s)


@case
def npsum(x: Any) -> Any:
    return np.sum(pd.Series(x) ** 2)


@case
def npmean(x: Any) -> Any:
    return np.mean(pd.Series(x))


@case
def npdot(x: Any) -> Any:
    return np.dot(pd.Series(x), [1.0, 2, 3, 4, 5, 6])


@case
def nplinalg(x: Any) -> Any:
    return np.linalg.norm(pd.Series(x))


@case
def npasarray(x: Any) -> Any:
    return np.asarray(pd.Series(x)) * 2


@case
def nparray_df(x: Any) -> Any:
    return np.array(pd.DataFrame(x.reshape(3, 2)))


@case
def npinv(x: Any) -> Any:
    return np.linalg.inv(pd.DataFrame(x[:4].reshape(2, 2)).values)


@case
def npinterp(x: Any) -> Any:
    return np.interp([0.5, 1.5], [0, 1, 2], pd.Series(x[:3]))


@case
def npmaximum(x: Any) -> Any:
    return np.maximum(pd.Series(x), 1.0).values


@case
def floatel(x: Any) -> Any:
    return float(pd.Series(x).iloc[0]) ** 2 + math.sin(pd.Series(x)[1])


@case
def atiat(x: Any) -> Any:
    d = pd.DataFrame(np.zeros((2, 2)), columns=["a", "b"])
    d.at[0, "a"] = x[0]
    d.iat[1, 1] = x[1] ** 2
    return d.values


@case
def loop_at(x: Any) -> Any:
    s = pd.Series(np.zeros(6))
    for i in range(6):
        s[i] = x[i] * i
    return s.values


@case
def loop_loc(x: Any) -> Any:
    s = pd.Series(np.zeros(6))
    s.iloc[0] = 1.0
    for i in range(1, 6):
        s.iloc[i] = s.iloc[i - 1] * x[i]
    return s.values


@case
def locbool(x: Any) -> Any:
    d = table(x)
    d.loc[d["k"] == "a", "a"] = 0.0
    return d["a"].values


@case
def locbool2(x: Any) -> Any:
    d = table(x)
    d.loc[d["k"] == "a", "a"] *= 2.0
    return d["a"].values


@case
def locboolw(x: Any) -> Any:
    d = TABLE.copy()
    d.loc[d["k"] == "a", "b"] = x[:3]
    return d["b"].values


@case
def newscal(x: Any) -> Any:
    d = TABLE.copy()
    d["s"] = x[0]
    return (d["s"] * d["b"]).values


@case
def intcol(x: Any) -> Any:
    d = table(x)
    return (d["n"] * d["a"]).values


@case
def intcol2(x: Any) -> Any:
    return (TABLE["n"] * x[0]).values


@case
def pipe(x: Any) -> Any:
    return table(x).pipe(lambda d: d["a"] * 2).values


@case
def query(x: Any) -> Any:
    return table(x).query("b>2")["a"].values


@case
def dictlist(x: Any) -> Any:
    return pd.DataFrame([{"a": v, "b": v * v} for v in x])["b"].values


@case
def dictscal(x: Any) -> Any:
    return pd.Series({"p": x[0], "q": x[1] * 2}).values


@case
def listlist(x: Any) -> Any:
    return pd.DataFrame([[x[0], x[1]], [x[2], 1.0]]).values


@case
def append_rows(x: Any) -> Any:
    rows = []
    for i in range(3):
        rows.append({"t": i, "v": x[i] ** 2})  # noqa: PERF401  # as it is written
    return pd.DataFrame(rows)["v"].sum()


@case
def joinidx(x: Any) -> Any:
    return pd.DataFrame({"a": x}).join(pd.DataFrame({"c": x**2})).values


@case
def mapdict(x: Any) -> Any:
    return TABLE["k"].map({"a": x[0], "b": x[1]}).values


@case
def pivot_table(x: Any) -> Any:
    return table(x).pivot_table(values="a", index="k", aggfunc="sum").values


@case
def resample_mean(x: Any) -> Any:
    s = pd.Series(x, index=pd.date_range("2020", periods=6, freq="D"))
    return s.resample("3D").mean().values


@case
def asfreq(x: Any) -> Any:
    s = pd.Series(x, index=pd.date_range("2020", periods=6, freq="D"))
    return s["2020-01-03":].values


@case
def interp(x: Any) -> Any:
    s = pd.Series(x).copy()
    s.iloc[2] = np.nan
    return s.interpolate().values


@case
def ffill(x: Any) -> Any:
    s = pd.Series(x).copy()
    s.iloc[2] = np.nan
    return s.ffill().values


@case
def dropna(x: Any) -> Any:
    s = pd.Series(x).copy()
    s.iloc[2] = np.nan
    return s.dropna().sum()


@case
def nansum(x: Any) -> Any:
    s = pd.Series(x).copy()
    s.iloc[2] = np.nan
    return s.sum() * s.mean() + s.var()


@case
def sort_df(x: Any) -> Any:
    return table(x).sort_values("a")["b"].values * table(x).sort_values("a")["a"].values


@case
def nlargest(x: Any) -> Any:
    return pd.Series(x).nlargest(2).values


@case
def idxmax(x: Any) -> Any:
    s = pd.Series(x)
    return s[s.idxmax()] ** 2


@case
def cumall(x: Any) -> Any:
    return pd.DataFrame({"a": x, "b": x**2}).cumsum().values


@case
def pct_df(x: Any) -> Any:
    return pd.DataFrame({"a": x}).pct_change().dropna().values


@case
def skew(x: Any) -> Any:
    return pd.Series(x).skew() + pd.Series(x).kurt() + pd.Series(x).sem()


@case
def abs_of(x: Any) -> Any:
    return pd.Series(x - 1).abs().values


@case
def round_of(x: Any) -> Any:
    return (pd.Series(x) - pd.Series(x).round(0)).values


@case
def cum_max(x: Any) -> Any:
    return pd.Series(x).cummax().values


@case
def describe(x: Any) -> Any:
    return pd.Series(x).describe().values


@case
def corr_s(x: Any) -> Any:
    return pd.Series(x).corr(TABLE["b"])


@case
def stack(x: Any) -> Any:
    return pd.DataFrame(x.reshape(3, 2)).stack().values


@case
def melt(x: Any) -> Any:
    return pd.DataFrame({"a": x[:3], "b": x[3:]}).melt()["value"].values


@case
def cut(x: Any) -> Any:
    return table(x).groupby(pd.cut(TABLE["b"], 2), observed=True)["a"].sum().values


@case
def diffp(x: Any) -> Any:
    return pd.Series(x).diff(2).dropna().values


@case
def between(x: Any) -> Any:
    s = pd.Series(x)
    return s[s.between(0.5, 2)].sum()


@case
def qcut(x: Any) -> Any:
    return pd.Series(x).quantile([0.25, 0.5]).values


@case
def dfmulser(x: Any) -> Any:
    return (pd.DataFrame(x.reshape(3, 2), columns=["u", "v"]) * pd.Series({"u": 2.0, "v": x[0]})).values


@case
def dfsub(x: Any) -> Any:
    d = pd.DataFrame(x.reshape(3, 2))
    return (d - d.mean()).div(d.std()).values


@case
def dfmulax(x: Any) -> Any:
    d = TABLE[["b", "n"]]
    return d.mul(x, axis=0).values


@case
def zipc(x: Any) -> Any:
    d = table(x)
    return sum((a * b for a, b in zip(d["a"], d["b"])))


@case
def enumer(x: Any) -> Any:
    return sum((v * i for i, v in pd.Series(x).items()))


@case
def colloop(x: Any) -> Any:
    d = pd.DataFrame({"a": x, "b": x**2})
    return sum(d[c].sum() for c in d.columns)


@case
def toDict(x: Any) -> Any:
    return sum(v for v in pd.Series(x).to_dict().values())


@case
def rec(x: Any) -> Any:
    return sum(r["a"] for r in pd.DataFrame({"a": x}).to_dict("records"))


@case
def where_df(x: Any) -> Any:
    d = pd.DataFrame({"a": x})
    return d.where(d > 1, 0.0).values


@case
def getd(x: Any) -> Any:
    return table(x).loc[:, "a"].iloc[1:4].mean()


@case
def head(x: Any) -> Any:
    return table(x).head(3)["a"].sum() + table(x).tail(1)["a"].sum()


@case
def drop(x: Any) -> Any:
    return table(x).drop(columns=["k"]).sum().values


@case
def rename(x: Any) -> Any:
    return table(x).rename(columns={"a": "z"})["z"].sum()


@case
def setidx(x: Any) -> Any:
    return table(x).set_index("n")["a"].loc[3]


@case
def astype(x: Any) -> Any:
    return pd.Series(x).astype(float).sum()


@case
def autocorrelation(x: Any) -> Any:
    return pd.Series(x).autocorr()


@case
def lists_of_series(x: Any) -> Any:
    return np.concatenate(
        [np.array([pd.Series(x), pd.Series(x) ** 2])[0], np.stack([pd.Series(x), pd.Series(x) ** 2])[1]]
    )


@case
def an_array_beside(x: Any) -> Any:
    return x @ pd.Series(x) + (x * pd.Series(x)).iloc[0] + pd.Series(x).unique()[2]


MORE: dict[str, Callable[[Any], Any]] = {
    "groups that give Series": lambda x: (
        table(x).groupby("k").apply(lambda g: pd.Series({"w": (g["a"] * g["b"]).sum() / g["a"].sum()})).to_numpy()
    ),
    "ranks in groups": lambda x: (table(x).groupby("k")["a"].rank() * x).to_numpy(),
    "places in groups": lambda x: x[table(x).groupby("k")["a"].idxmax().to_numpy()],
    "from_dict": lambda x: pd.DataFrame.from_dict({"a": x, "b": x**2}).to_numpy(),
    "transform of the whole": lambda x: pd.Series(x).transform(lambda s: s - s.mean()).to_numpy(),
    "transform of numbers": lambda x: pd.Series(x).transform(lambda v: v**2).to_numpy(),
    "missing labels": lambda x: (pd.Series(x, range(6)) + pd.Series(x, range(2, 8))).dropna().to_numpy(),
    "fill_value": lambda x: pd.Series(x, range(6)).add(pd.Series(x, range(2, 8)), fill_value=0.0).to_numpy(),
    "several keys": lambda x: table(x).groupby(["k", "n"])["a"].mean().to_numpy(),
    "filled between": lambda x: pd.Series(x, [0, 1, 2, 4, 5, 7]).reindex(range(8)).interpolate("index").to_numpy(),
    "float32": lambda x: pd.Series(x).astype("float32").astype(float).sum() * 0.0 + pd.Series(x).prod(),
    "derivatives inside": lambda x: gw.grad(lambda s: (pd.Series(s) ** 2 * x[0]).sum(), method="exact")(x),
}
CASES.update(MORE)


@pytest.mark.parametrize("name", CASES)
def test_what_pandas_does(name: str) -> None:
    closes(CASES[name], X, second=False)


@pytest.mark.parametrize("name", ["frame_ctor", "roll_std", "ewm_var", "corr_df", "apply_row", "loop_loc", "grp_tr2"])
def test_second_derivatives(name: str) -> None:
    closes(CASES[name], X)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_all_second_derivatives(name: str) -> None:
    closes(CASES[name], X)


def test_the_value_and_the_labels_of_a_result() -> None:
    """A Series that is returned is one; its derivative is that of its numbers."""
    jacobian = gw.jacobian(lambda x: pd.Series(x, index=list("abcdef")) ** 2, method="exact")(X)
    np.testing.assert_allclose(np.asarray(jacobian), np.diag(2 * X), rtol=1e-14)


def test_arguments_are_columns_too() -> None:
    frame = pd.DataFrame({"u": X[:3], "v": X[3:], "k": list("aab")})

    def f(d: Any) -> Any:
        return (d.groupby("k")["u"].sum() * d["v"].rolling(2).mean().iloc[-1]).sum()

    gradient = gw.grad(f, method="exact")(frame)
    np.testing.assert_allclose(gradient["u"], np.full(3, (X[4] + X[5]) / 2))
    np.testing.assert_allclose(gradient["v"], [0, X[:3].sum() / 2, X[:3].sum() / 2])


def test_what_the_plain_dtype_decides() -> None:
    def f(x: Any) -> Any:
        s = pd.Series(x)
        return s.sum() * 2 if s.dtype == np.float64 and pd.DataFrame({"a": s}).dtypes["a"] == "float64" else s.sum()

    np.testing.assert_array_equal(gw.grad(f, method="exact")(X), np.full(6, 2.0))


def test_objects_that_were_there_before_end_with_plain_columns() -> None:
    frame, series = TABLE.copy(), pd.Series(np.zeros(3))

    class Model:
        def __init__(self) -> None:
            self.frame = frame

        def run(self, x: Any) -> Any:
            self.frame["a"] = x * self.frame["b"]
            self.frame.loc[0, "b"] = x[0]
            series.iloc[1] = x[1] ** 2
            self.made = pd.DataFrame({"q": x})
            return self.frame["a"].sum() + series.sum() + self.made["q"].mean()

    model = Model()
    gw.grad(model.run, method="exact")(X)
    for column in (frame["a"], frame["b"], series, model.made["q"]):
        assert column.dtype == np.float64
        assert type(column.to_numpy()) is np.ndarray
    assert frame["a"][1] == X[1] * 2
    assert series[1] == X[1] ** 2


def test_missing_numbers_have_no_derivative() -> None:
    """They are left out, as pandas leaves them out."""
    x = X.copy()

    def f(x: Any) -> Any:
        s = pd.Series(x).copy()
        s[2] = np.nan
        return s.mean() + s.cumsum().iloc[-1]

    np.testing.assert_allclose(gw.grad(f, method="exact")(x), [1.2, 1.2, 0, 1.2, 1.2, 1.2])


@pytest.mark.skipif(np.lib.NumpyVersion(scipy.__version__) < "1.16.1", reason="pandas takes windows of a newer SciPy")
def test_what_has_no_rule_raises() -> None:
    with pytest.raises(gw.TracingError):
        gw.grad(lambda x: pd.Series(x).rolling(3, win_type="hamming").std().sum(), method="exact")(X)


def test_errors_are_those_of_pandas() -> None:
    with pytest.raises(KeyError):
        gw.grad(lambda x: table(x)["missing"].sum(), method="exact")(X)
    with pytest.raises(ValueError, match="not aligned"):
        gw.grad(lambda x: pd.Series(x).dot(pd.Series([1.0, 2.0])), method="exact")(X)


def test_what_an_index_shares_with_a_series_is_that_of_the_index():
    """``Index.to_numpy`` is the function that ``Series.to_numpy`` is."""
    f = lambda x: np.sum(pd.Series(x).to_numpy() ** 2 * pd.Series(x).index.to_numpy()) + pd.Series(x).index.values[1]
    x = np.array([1.0, 2.0, 0.3])
    np.testing.assert_allclose(gw.grad(f)(x), 2 * x * np.arange(3))
