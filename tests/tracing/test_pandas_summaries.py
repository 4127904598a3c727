"""Summaries, bins, pairs of windows and rows of Series and DataFrames of traced numbers, beside differences of plain calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import gradwise as gw

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.extras("pandas")
pd = pytest.importorskip("pandas")

BASE = np.sin(np.arange(12) * 0.7) + 1.5
DAYS = pd.date_range("2024-01-01", periods=12, freq="D")
X = np.array([1.1, 0.3])


def series(x: Any) -> Any:
    return pd.Series(BASE * x[0] + x[1] * np.arange(12), index=DAYS)


def table(x: Any) -> Any:
    return pd.DataFrame({"a": BASE * x[0], "b": np.cos(BASE * x[1]), "k": list("uvuvwwuvuvww")}, index=DAYS)


def hole(x: Any) -> Any:
    return series(x).where(np.arange(12) != 4)


def into_array(x: Any) -> Any:
    made = series(x)
    out = np.empty_like(made)
    np.add(made, 1, out=out)
    out.cumprod(out=out)
    return out


def into_some(x: Any) -> Any:
    out = np.ones(12) * x[0]
    np.multiply(series(x), 2.0, out=out, where=np.arange(12) % 2 == 0)
    return out


def objects_in_cells(x: Any) -> Any:
    made = pd.DataFrame({"t": x[0] * x[1], "interval": [np.array([x[0] - 1, x[0] * x[1]])]})
    again = pd.Series([v**2 for v in made["interval"]])
    return made["interval"].iloc[0] * made["t"].iloc[0] + again[0]


CASES: dict[str, Callable[[Any], Any]] = {
    "rows": lambda x: table(x)[["a", "b"]].apply(lambda row: row["a"] * row["b"], axis=1),
    "rolling corr": lambda x: series(x).rolling(5).corr(table(x)["b"]).dropna(),
    "rolling corr, other plain": lambda x: series(x).rolling(5).corr(pd.Series(np.cos(BASE), DAYS)).dropna(),
    "plain, other traced": lambda x: pd.Series(np.cos(BASE), DAYS).rolling(5).cov(series(x)).dropna(),
    "rolling cov": lambda x: series(x).rolling(5, min_periods=2).cov(table(x)["b"]).dropna(),
    "rolling cov of itself": lambda x: series(x).rolling(4).cov().dropna(),
    "rolling cov, ddof": lambda x: series(x).rolling(5).cov(table(x)["b"], ddof=0).dropna(),
    "rolling cov, a hole": lambda x: hole(x).rolling(5, min_periods=3).cov(table(x)["b"]).dropna(),
    "expanding corr": lambda x: series(x).expanding(3).corr(table(x)["b"]).dropna(),
    "ewm cov": lambda x: series(x).ewm(span=3).cov(table(x)["b"]).dropna(),
    "ewm cov, bias": lambda x: series(x).ewm(span=3).cov(table(x)["b"], bias=True).dropna(),
    "ewm corr": lambda x: series(x).ewm(span=3).corr(table(x)["b"]).dropna().iloc[1:],
    "ohlc": lambda x: series(x).resample("4D").ohlc(),
    "ohlc by group": lambda x: table(x).groupby("k")["a"].ohlc(),
    "describe a table": lambda x: table(x).describe(),
    "cut at edges": lambda x: series(x).groupby(pd.cut(series(x), [0.0, 2.0, 4.0, 9.0]), observed=True).mean(),
    "cut with labels": lambda x: series(x).groupby(pd.cut(series(x), 3, labels=False)).mean(),
    "qcut": lambda x: series(x).groupby(pd.qcut(series(x), 4, labels=list("abcd")), observed=True).sum(),
    "isna of an array": lambda x: x.reshape(2, 1) * (2.0 if pd.isnull(x.reshape(2, 1)).any() else 3.0),
    "out": into_array,
    "out, where": into_some,
    "objects in cells": objects_in_cells,
}


@pytest.mark.parametrize("name", CASES)
def test_beside_differences(name: str) -> None:
    def total(x: Any) -> Any:
        flat = np.ravel(np.asarray(CASES[name](x), float))
        return float(flat @ np.cos(np.arange(flat.size)))

    def traced(x: Any) -> Any:
        made = CASES[name](x)
        flat = (made.to_numpy() if isinstance(made, (pd.Series, pd.DataFrame)) else made).ravel()
        return flat @ np.cos(np.arange(flat.size))

    gradient = gw.value_and_grad(traced, method="exact")
    for point in (X, X * [1.01, 0.98], X * [1.02, 1.03]):
        value, found = gradient(point)
        np.testing.assert_allclose(value, total(point), rtol=1e-12)
        for i in range(2):
            step = np.eye(2)[i] * 1e-4
            near, far = ((total(point + k * step) - total(point - k * step)) / (2e-4 * k) for k in (1, 2))
            np.testing.assert_allclose(found[i], (4 * near - far) / 3, rtol=1e-6, atol=1e-6)


def test_bins_whose_edges_move_and_are_shown_are_not_exact() -> None:
    with pytest.raises((gw.TracingError, TypeError)):
        gw.grad(lambda x: pd.cut(series(x), 3, retbins=True)[1].sum(), method="exact")(X)


def test_arrays_in_cells_are_plain_when_the_run_ends() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append((pd.DataFrame({"interval": [x * 2.0, x**2]}), pd.Series([x * 3.0, x])))
        return np.sum(kept[-1][0]["interval"].iloc[0] * kept[-1][1].iloc[1])

    np.testing.assert_allclose(gw.grad(f, method="exact")(X), 4 * X)
    ((frame, column),) = kept
    for entry in (*frame["interval"], *column):
        assert type(entry) is np.ndarray
    np.testing.assert_allclose(frame["interval"].iloc[1], X**2)
