"""Large x: blocks and random directions, and what they can miss."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw

RNG = np.random.default_rng(0)
N = 6000
X = RNG.normal(size=N)
W = RNG.normal(size=N)


def f(x):
    return np.sum(np.sin(x) * W + x**2)


def opaque(x):
    """The same function, where tracing cannot follow."""
    return f(np.frombuffer(x.tobytes()))


def g(x):
    return np.cos(x) * W + 2 * x


def one_wrong(x):
    out = g(x)
    out[4321] *= 1.001
    return out


@pytest.mark.parametrize("function", [f, opaque])
def test_a_right_gradient_passes_and_says_what_may_be_missed(function):
    report = gw.check_grad(function, X, g, rng=0)
    assert report.passed, report.summary()
    assert report.missed["single entry off by more than the size below"] == 0.0
    assert report.missed["size"] < 1e-6
    assert 0 <= report.missed["single entry doubled or zeroed"] < 0.01
    assert report.missed["several entries that cancel"] <= 2.0**-12
    assert "is missed with probability" in report.summary()
    assert report.evaluations < 1000


@pytest.mark.parametrize("function", [f, opaque])
def test_a_single_wrong_entry_is_found(function):
    report = gw.check_grad(function, X, one_wrong, rng=0)
    assert not report.passed
    assert report.causes[0] == "one entry wrong"
    assert report.worst["entry"] == 4321
    assert report.verdicts[4321] == "wrong"
    assert "entries=[4321]" in report.replay


@pytest.mark.parametrize(
    ("cause", "mistake"),
    [
        ("extra factor 2", lambda x: 2 * g(x)),
        ("sign flip", lambda x: -g(x)),
        ("detached (all zero)", np.zeros_like),
        ("non-finite", lambda x: np.where(np.arange(N) == 7, np.nan, g(x))),
    ],
)
@pytest.mark.parametrize("function", [f, opaque])
def test_mistakes_have_their_names(function, cause, mistake):
    report = gw.check_grad(function, X, mistake, rng=0)
    assert not report.passed
    assert report.causes[0] == cause, report.summary()


@pytest.mark.slow
def test_a_small_block_is_not_swamped():
    x = {"large": X, "small": X[:10]}
    function = lambda p: 1e9 * np.sum(np.sin(p["large"])) + 1e-3 * np.sum(np.frombuffer(p["small"].tobytes()) ** 2)
    right = lambda p: {"large": 1e9 * np.cos(p["large"]), "small": 2e-3 * p["small"]}
    hidden = lambda p: function({"large": np.frombuffer(p["large"].tobytes()), "small": p["small"]})
    assert gw.check_grad(hidden, x, right, rng=0).counts["wrong"] == 0
    small = lambda p: np.sum(np.frombuffer(p["large"].tobytes()) ** 2) + 1e-3 * np.sum(p["small"] ** 2)
    wrong = lambda p: {"large": 2 * p["large"], "small": 1e-3 * p["small"]}
    report = gw.check_grad(small, x, wrong, rng=0)
    assert not report.passed
    assert report.causes[0] == "a block wrong"
    assert "small" in report.details["a block wrong"]


def test_directions_may_be_asked_for_or_forbidden():
    x = X[:20]
    few = lambda x: np.sum(x**2)
    report = gw.check_grad(few, x, lambda x: 2 * x, directions=5, rng=0)
    assert report.passed
    assert report.missed is not None
    assert gw.check_grad(few, x, lambda x: 2 * x).missed is None
    many = np.linspace(-1, 1, 300)
    assert gw.check_grad(few, many, lambda x: 2 * x, directions=None).counts["agrees"] == 300


@pytest.mark.slow
def test_a_hundred_thousand_entries():
    x = np.random.default_rng(1).normal(size=100_000)
    function = lambda x: float(np.sum(np.frombuffer(np.sin(x).tobytes()) * np.cos(x)))
    right = lambda x: np.cos(2 * x)
    assert gw.check_grad(function, x, right, rng=0).passed

    def broken(x):
        out = right(x)
        out[77_777] += 1e-4
        return out

    report = gw.check_grad(function, x, broken, rng=0)
    assert report.worst["entry"] == 77_777
