"""Series and DataFrames as arguments: gradients come back with the same labels."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw

pandas = pytest.importorskip("pandas")


def series():
    return pandas.Series([1.0, 2.0, 3.0], index=["a", "b", "c"], name="z")


def frame():
    return pandas.DataFrame({"u": [1.0, 2.0], "kind": ["p", "q"], "v": [3.0, 4.0]}, index=[10, 20])


X = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda s: (s**2).sum(), 2 * X),
        (lambda s: s["a"] * s.iloc[1] + s.c, [2.0, 1.0, 1.0]),
        (lambda s: np.sum(np.asarray(s) ** 2), 2 * X),
        (lambda s: np.sum(s.values**2), 2 * X),
        (lambda s: np.exp(s).sum(), np.exp(X)),
        (lambda s: s.mean() * s.max(), [1.0, 1.0, 3.0]),
        (lambda s: s.std(), (X - 2.0) / 2.0),
        (lambda s: (2 * s + 1).cumsum().iloc[-1], [2.0, 2.0, 2.0]),
        (lambda s: s[s > 1.5].sum(), [0.0, 1.0, 1.0]),
        (lambda s: sum(math.exp(v) for v in s), np.exp(X)),
        (lambda s: s.dot(s), 2 * X),
        (lambda s: s.apply(lambda v: math.sin(v)).sum(), np.cos(X)),
    ],
)
def test_series(f, expected):
    s = series()
    for _ in range(3):
        g = gw.grad(f, method="exact")(s)
        assert type(g) is pandas.Series
        assert g.name == "z"
        assert list(g.index) == ["a", "b", "c"]
        assert g.dtype == np.float64
        np.testing.assert_allclose(g, expected, rtol=1e-12, atol=1e-12)
    pandas.testing.assert_series_equal(s, series())


def test_frames():
    d = frame()
    g = gw.grad(lambda d: (d["u"] * d["v"]).sum() + d.u.mean() * d.loc[10, "v"] + len(d["kind"]), method="exact")(d)
    assert list(g.columns) == ["u", "kind", "v"]
    assert list(g.index) == [10, 20]
    assert list(g["kind"]) == ["p", "q"]
    np.testing.assert_allclose(g["u"], [4.5, 5.5], rtol=1e-12)
    np.testing.assert_allclose(g["v"], [2.5, 2.0], rtol=1e-12)
    pandas.testing.assert_frame_equal(d, frame())
    numbers = frame()[["u", "v"]]
    means = gw.grad(lambda d: (d.mean() ** 2).sum() + (d.sum(axis="columns") ** 2).sum(), method="exact")(numbers)
    rows = numbers.to_numpy().sum(axis=1, keepdims=True)
    np.testing.assert_allclose(means, numbers.to_numpy().mean(axis=0) + 2 * rows, rtol=1e-12)


def test_what_pandas_asks_floats_of_is_exact():
    d = frame()
    g = gw.grad(lambda x: (d["u"] * x).sum(), method="exact")
    np.testing.assert_allclose(g(X[:2]), [1.0, 2.0], rtol=1e-14)
    g = gw.grad(lambda s: s.rolling(2).mean().sum() ** 2, method="exact")(series())
    assert type(g) is pandas.Series
    np.testing.assert_allclose(g, 4.0 * np.array([1.0, 2.0, 1.0]), rtol=1e-14)


def test_what_pandas_has_no_rule_for_is_numerical_and_says_so():
    with pytest.warns(gw.NumericalFallbackWarning):
        g = gw.grad(lambda s: s.rolling(2, win_type="hamming").std().iloc[-1])(series())
    assert type(g) is pandas.Series


def test_rows_of_a_frame_as_data():
    d = frame()
    f = gw.grad(lambda x: sum(r.u * x[0] + r["v"] * x[1] ** 2 for _, r in d.iterrows()), method="exact")
    np.testing.assert_allclose(f(X[:2]), [3.0, 28.0])
    f = gw.grad(lambda x: sum(r.u * x[0] + r.v * x[1] ** 2 for r in d.itertuples()), method="exact")
    np.testing.assert_allclose(f(X[:2]), [3.0, 28.0])


def test_jacobians_are_arrays():
    np.testing.assert_allclose(gw.jacobian(lambda s: np.asarray(s) ** 2)(series()), np.diag(2 * X))
    np.testing.assert_allclose(gw.jacobian(lambda s: (s**2).sum())(series()), 2 * X)
    value, g = gw.value_and_grad(lambda p: p["w"].sum() * p["k"])({"w": series(), "k": 2.0})
    assert (value, g["k"]) == (12.0, 6.0)
    assert list(g["w"]) == [2.0, 2.0, 2.0]


def test_labels_are_part_of_the_structure():
    s = series()
    moved = s.rename(index={"a": "q"})
    f = gw.grad(lambda s: (s**2).sum())
    assert list(f(s).index) == ["a", "b", "c"]
    assert list(f(moved).index) == ["q", "b", "c"]


def test_integers_become_floats_and_text_is_refused():
    g = gw.grad(lambda s: (s**2).sum())(pandas.Series([1, 2]))
    assert g.dtype == np.float64
    with pytest.raises(gw.InputError):
        gw.grad(lambda s: 1.0)(pandas.Series(["a", "b"]))
    with pytest.raises(gw.InputError):
        gw.grad(lambda s: 1.0)(pandas.DataFrame({"a": ["p"]}))
