"""Single hypotheses: what a factor is called, what code the chain rule points to, what stays unknown."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwise as gw
from gradwise.checking.elementary import with_numpy
from gradwise.checking.hypotheses.factors import describe_factor, name_factor
from gradwise.checking.hypotheses.shapes import explain_shape

X = np.array([0.7, -0.4, 1.3, 2.1, -1.6])


@pytest.mark.parametrize(
    ("ratio", "name"),
    [
        (-1.0, "sign flip"),
        (0.5, "missing factor 2"),
        (2.0, "extra factor 2"),
        (math.log(2), "wrong log base"),
        (1 / math.log(10), "wrong log base"),
        (math.pi / 180, "degrees vs radians"),
        (7.0, "missing 1/n"),
        (1 / 7, "extra 1/n"),
        (-0.5, "sign flip"),
    ],
)
def test_names_of_factors(ratio, name):
    assert name_factor(ratio, 1e-12, {7: "axis 0 of data"})[0][0] == name


@given(st.floats(0.01, 100))
def test_a_factor_without_a_name_is_kept(ratio):
    value, _ = describe_factor(ratio, 1e-13, {})
    assert value == pytest.approx(ratio, rel=1e-9)


@pytest.mark.slow
@settings(max_examples=20)
@given(st.floats(-5, 5).filter(lambda factor: abs(factor) > 1e-3 and abs(factor - 1) > 1e-2))
def test_any_factor_explains_every_entry(factor):
    report = gw.check_grad(lambda x: np.sum(np.sin(x)), X, lambda x: factor * np.cos(x), rng=0)
    assert not report.passed
    assert set(report.verdicts) == {"wrong"}
    names = {"constant factor", "sign flip", "missing factor 2", "extra factor 2", "missing 1/n", "extra 1/n"}
    names |= {"wrong log base", "degrees vs radians", "missing inner derivative"}
    assert report.causes[0] in names


@pytest.mark.slow
@settings(max_examples=20)
@given(st.permutations(range(5)).filter(lambda order: order != [0, 1, 2, 3, 4]))
def test_any_permutation_is_told(order):
    report = gw.check_grad(lambda x: np.sum(np.exp(x)), X, lambda x: np.exp(x)[order], rng=0)
    assert report.causes[0] in {"permuted entries", "index shift"}
    assert "permuted entries" in report.causes


@pytest.mark.slow
@settings(max_examples=20)
@given(st.integers(0, 4), st.floats(-3, 3).filter(lambda step: abs(step) > 1e-6))
def test_any_single_entry_is_told(entry, step):
    wrong = lambda x: np.exp(x) + step * (np.arange(5) == entry)
    report = gw.check_grad(lambda x: np.sum(np.exp(x)), X, wrong, rng=0)
    assert [k for k in range(5) if report.verdicts[k] == "wrong"] == [entry]
    assert "one entry wrong" in report.causes


def test_the_line_of_a_missing_derivative():
    def f(x):
        inner = np.sin(x) ** 2
        return np.sum(np.exp(inner))

    report = gw.check_grad(f, X, lambda x: np.exp(np.sin(x) ** 2))
    line = f.__code__.co_firstlineno + 1
    assert report.causes[0] == "missing inner derivative"
    assert f"test_hypotheses.py:{line}" in report.details["missing inner derivative"]


def test_a_wrong_numerical_derivative_is_said_and_not_silent(monkeypatch):
    real = gw.numerical.grad

    def off(f, x, **options):
        estimate = real(f, x, **options)
        estimate.value = estimate.value + 1e-3
        return estimate

    monkeypatch.setattr(gw.numerical, "grad", off)
    report = gw.check_grad(lambda x: np.sum(np.exp(x)), X, np.exp)
    assert report.passed
    assert any("the numerical derivative is the wrong one" in note for note in report.notes)


def test_kinks_have_a_range_and_not_a_number():
    f = lambda x: np.sum(np.abs(x))
    for slope in (-1.0, -0.3, 0.0, 1.0):
        assert gw.check_grad(f, np.array([0.0, 1.0]), np.array([slope, 1.0])).passed
    for slope in (-1.01, 2.0):
        report = gw.check_grad(f, np.array([0.0, 1.0]), np.array([slope, 1.0]))
        assert list(report.verdicts) == ["wrong", "agrees"]
        assert any("kink" in note for note in report.notes)


def test_a_convention_that_is_no_subgradient_is_wrong():
    f = lambda x: np.maximum(x, 0) - np.maximum(-x, 0)
    with pytest.warns(gw.KinkWarning):
        convention = gw.grad(f)(0.0)
    assert convention == 0.0
    assert not gw.check_grad(f, 0.0, 0.0).passed
    assert gw.check_grad(f, 0.0, 1.0).passed


def test_functions_of_math_have_a_program_for_the_diagnosis():
    f = lambda x: x * math.exp(x)
    report = gw.check_grad(f, 1.7, lambda x: math.exp(x))
    assert report.causes[0] == "product rule term missing"
    assert with_numpy(lambda x: x + 1) is None
    assert with_numpy(np.sin) is None


def test_shapes_are_explained():
    truth, bound = np.arange(6.0).reshape(2, 3), np.zeros((2, 3))
    causes = lambda claim: [finding.cause.value for finding in explain_shape([claim], [truth], [bound], "shape")]
    assert causes(truth.T) == ["transposed", "wrong shape"]
    assert causes(np.stack([truth, 0 * truth])) == ["broadcast not summed", "wrong shape"]
    assert causes(truth.sum(axis=0)) == ["sum over the wrong axis", "wrong shape"]
    assert causes(truth.ravel()) == ["wrong shape", "wrong shape"]
    assert causes(np.ones(7)) == ["wrong shape"]
