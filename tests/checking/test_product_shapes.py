"""Products of the wrong shape are reported, with what explains the shape, as gradients and Jacobians are."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw


def f(x):
    return np.array([x[0] * x[1], np.sin(x[0]) * x[2], x[2] ** 2 / x[1]])


def J(x):
    return np.array(
        [[x[1], x[0], 0.0], [np.cos(x[0]) * x[2], 0.0, np.sin(x[0])], [0.0, -(x[2] ** 2) / x[1] ** 2, 2 * x[2] / x[1]]]
    )


X = np.array([0.7, 1.3, -0.6])


@pytest.mark.parametrize(
    ("claim", "cause"),
    [
        (lambda x, v: (J(x) @ v)[:2], "wrong shape"),
        (lambda x, v: (J(x) @ v)[None], "wrong shape"),
        (lambda x, v: (J(x) @ v).sum(), "wrong shape"),
        (lambda x, v: J(x) * v, "broadcast not summed"),
    ],
)
def test_jvp(claim, cause):
    report = gw.check_jvp(f, X, claim)
    assert not report.passed
    assert report.causes[0] == cause
    assert report.counts["wrong"] == 3
    assert "check_jvp" in report.replay
    assert report.to_dict()["passed"] is False


@pytest.mark.parametrize(
    ("claim", "cause"),
    [
        (lambda x, u: (J(x).T @ u)[:, None], "wrong shape"),
        (lambda x, u: (J(x).T @ u)[1:], "wrong shape"),
        (lambda x, u: J(x).T * u, "broadcast not summed"),
    ],
)
def test_vjp(claim, cause):
    report = gw.check_vjp(f, X, claim)
    assert not report.passed
    assert report.causes[0] == cause


def test_a_transposed_product():
    report = gw.check_vjp(np.sin, np.arange(6.0).reshape(2, 3), lambda x, u: (np.cos(x) * u).T)
    assert report.causes[0] == "transposed"


def test_what_the_numbers_say_comes_before_what_linearity_says():
    assert gw.check_jvp(f, X, lambda x, v: (J(x) @ v).astype(np.float32)).causes[0] == "low precision"
    assert gw.check_vjp(f, X, lambda x, u: np.trunc(J(x).T @ u)).causes[0] == "integer truncation"
    report = gw.check_jvp(f, X, lambda x, v: J(x) @ np.abs(v))
    assert report.causes == ["unknown"]
    assert not report.passed
