"""The fields of a report, its text, its dictionary, its picture."""

from __future__ import annotations

import json

import numpy as np
import pytest

import gradwise as gw
from gradwise.checking import Cause

X = np.array([0.7, -0.4, 1.3, 2.1, -1.6])


def f(x):
    return np.sum(np.sin(x) * x**2)


def g(x):
    return np.cos(x) * x**2 + 2 * x * np.sin(x)


def half(x):
    return g(x) / 2


def test_fields_of_a_failure():
    report = gw.check_grad(f, X, half)
    assert not report
    assert report.passed is False
    assert report.conclusive is True
    assert list(report.verdicts) == ["wrong"] * 5
    np.testing.assert_array_equal(report.claimed, half(X))
    np.testing.assert_allclose(report.numerical, g(X), rtol=1e-12)
    assert np.all(np.abs(report.numerical - g(X)) <= report.error)
    np.testing.assert_allclose(report.exact, g(X), rtol=1e-14)
    assert report.causes == ["missing factor 2"]
    assert "noise" in report.ruled_out
    assert report.worst["entry"] in range(5)
    assert report.worst["claimed"] == half(X)[report.worst["entry"]]
    assert report.counts == {"agrees": 0, "wrong": 5, "cannot tell": 0}
    assert report.evaluations > 5


def test_fields_of_a_success():
    report = gw.check_grad(f, X, g)
    assert report
    assert report.passed is True
    assert report.causes == []
    assert set(report.verdicts) == {"agrees"}


def test_the_text_names_the_bug_and_the_way_back():
    text = gw.check_grad(f, X, half).summary()
    assert text.startswith("gradient check FAILED: 5 of 5 entries wrong (numerical bounds ≤")
    assert "likely cause: missing factor 2: claimed = 0.500000 × numerical on all 5 entries" in text
    assert "ruled out: non-determinism, modified input, kinks, noise, float32" in text
    assert Cause.MISSING_FACTOR_2.remedy in text
    assert repr(gw.check_grad(f, X, half)) == text


def test_the_replay_runs_and_finds_the_same_entry():
    report = gw.check_grad(f, X, half)
    again = eval(report.replay, {"gw": gw, "f": f, "x": X, "grad": half})
    assert again.counts["wrong"] == 1
    assert again.worst["claimed"] == report.worst["claimed"]


@pytest.mark.slow
def test_entries_alone_are_checked():
    broken = lambda x: g(x) + np.array([0, 0, 1.0, 0, 0])
    assert gw.check_grad(f, X, broken, entries=[0, 1, -1]).passed
    report = gw.check_grad(f, X, broken, entries=[2, 3])
    assert list(report.verdicts) == ["wrong", "agrees"]
    assert report.worst["name"] == "grad[2]"


def test_the_dictionary_is_json_and_complete():
    for report in (gw.check_grad(f, X, half), gw.check_grad(f, X, g), gw.check_grad(f, X, lambda x: x * np.nan)):
        document = json.loads(json.dumps(report.to_dict(), allow_nan=False))
        assert {"passed", "verdicts", "claimed", "numerical", "error", "causes", "ruled_out", "worst", "replay"} <= set(
            document
        )
    assert document["claimed"] == [None] * 5


def test_containers_come_back_as_they_went_in():
    report = gw.check_grad(lambda p: np.sum(p["a"] ** 2) * p["b"], {"a": X, "b": 2.0})
    assert set(report.verdicts) == {"a", "b"}
    assert report.verdicts["b"] == "agrees"
    assert report.verdicts["a"].shape == X.shape
    assert isinstance(report.claimed["b"], float)


def test_html_escapes_and_names_the_cause():
    html = gw.check_grad(f, X, lambda x: np.where(x < 0, 0, g(x)))._repr_html_()
    assert "a branch wrong" in html
    assert "x &lt; 0" in html


@pytest.mark.extras("matplotlib")
def test_the_picture(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    from matplotlib import pyplot as plt

    for report in (gw.check_grad(f, X, half), gw.check_grad(f, X, g), gw.check_grad(f, X, lambda x: g(x)[:-1])):
        axes = report.plot()
        assert axes.get_title() == report.headline()
        assert report.plot(ax=axes) is axes
        plt.close(axes.figure)


def test_every_cause_has_a_sentence_and_a_remedy():
    for cause in Cause:
        assert cause.sentence.endswith(".")
        assert cause.remedy.endswith(".")
        assert cause == cause.value


def test_the_same_seed_gives_the_same_report():
    assert gw.check_grad(f, X, half, rng=3).to_dict() == gw.check_grad(f, X, half, rng=3).to_dict()


def test_assert_grad():
    assert gw.testing.assert_grad(f, X, g) is None
    assert gw.testing.assert_grad(f, X) is None
    with pytest.raises(AssertionError) as caught:
        gw.testing.assert_grad(f, X, half, rng=0)
    assert str(caught.value) == gw.check_grad(f, X, half, rng=0).summary()


def test_a_critical_point_is_confirmed():
    from scipy.optimize import rosen, rosen_der

    for report in (
        gw.check_grad(rosen, np.ones(2), rosen_der),
        gw.check_grad(lambda x: np.sum((x - 1) ** 2), np.ones(3)),
    ):
        assert report.passed, report.summary()
        assert report.conclusive
    assert not gw.check_grad(rosen, np.ones(2), lambda x: rosen_der(x) + 1e-6)


def test_functions_of_scipy_are_traced_for_the_check():
    from scipy.optimize import rosen

    assert gw.check_grad(rosen, [1.3, 0.7, 0.8])
