"""Bugs and right gradients as a stranger would choose them, and checks of matrices and products."""

from __future__ import annotations

import numpy as np
import pytest
from strange_traps import RIGHT
from strangers import BUGS

import gradwise as gw
from gradwise.checking import Cause

pytestmark = pytest.mark.filterwarnings("ignore")  # the cases overflow, divide by zero and cast as users' functions do


@pytest.mark.parametrize(
    "case", [pytest.param(c, id=c.name, marks=[pytest.mark.slow] * (k % 2)) for k, c in enumerate(BUGS)]
)
def test_a_strangers_bug_is_caught_and_named(case):
    with np.errstate(all="ignore"):
        report = gw.check_grad(case.f, case.x, case.grad)
    assert not report.passed
    assert report.causes[0] in case.causes, report.summary()


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case.name)
def test_a_strangers_right_gradient_passes(case):
    with np.errstate(all="ignore"):
        report = gw.check_grad(case.f, case.x, case.grad)
    assert report.counts["wrong"] == 0, report.summary()
    assert report.passed, report.summary()


def test_the_sets_cover_the_vocabulary():
    assert len(BUGS) >= 120
    assert len(RIGHT) >= 60
    assert {cause.value for cause in Cause} == {cause for case in BUGS for cause in case.causes}
    names = [case.name for case in [*BUGS, *RIGHT]]
    assert len(set(names)) == len(names)


RNG = np.random.default_rng(55)
A, X, B = RNG.normal(size=(3, 4)), RNG.normal(size=4), RNG.normal(size=(4, 4))


def layer(x):
    return np.tanh(A @ x)


def jac(x):
    return (1 - np.tanh(A @ x) ** 2)[:, None] * A


def energy(x):
    return np.sum(np.exp(x) * np.sin(x)) + x @ B @ x


def hess(x):
    return np.diag(2 * np.exp(x) * np.cos(x)) + B + B.T


@pytest.mark.parametrize(
    ("check", "f", "claim", "cause"),
    [
        (gw.check_jacobian, layer, lambda x: 2 * jac(x), "extra factor 2"),
        (gw.check_jacobian, layer, lambda x: A, "missing inner derivative"),
        (gw.check_jacobian, layer, lambda x: jac(x)[::-1], "permuted entries"),
        (gw.check_jacobian, layer, lambda x: np.roll(jac(x), 1, axis=1), "index shift"),
        (gw.check_jacobian, layer, lambda x: jac(x) * np.array([1, 1, 0, 1]), "a block wrong"),
        (gw.check_jacobian, np.square, lambda x: np.diag(2 * x) + np.triu(np.ones((4, 4)), 1), "a block wrong"),
        (gw.check_jacobian, lambda x: np.sin(x) * x, lambda x: np.diag(np.cos(x) * x), "product rule term missing"),
        (gw.check_jacobian, lambda x: np.log2(1 + x**2), lambda x: np.diag(2 * x / (1 + x**2)), "wrong log base"),
        (gw.check_hessian, energy, lambda x: hess(x) / 2, "missing factor 2"),
        (gw.check_hessian, energy, lambda x: B + B.T, "a block wrong"),
        (gw.check_hessian, energy, lambda x: hess(x) + B - B.T, "transposed"),
        (gw.check_jvp, layer, lambda x, v: -jac(x) @ v, "sign flip"),
        (gw.check_jvp, layer, lambda x, v: A @ v, "missing inner derivative"),
        (gw.check_vjp, layer, lambda x, u: u @ jac(x) / 2, "missing factor 2"),
        (gw.check_vjp, layer, lambda x, u: u @ jac(x) + 0.01 * x * np.sum(u), "term proportional to x"),
    ],
)
def test_matrices_and_products(check, f, claim, cause):
    assert check(f, X, claim).causes[0] == cause


def test_parts_of_several_arguments_may_come_in_a_list():
    f = lambda a, b: np.sum(a * b)
    assert gw.check_grad(f, (X, 2 * X), lambda a, b: [b, a], argnums="all").passed
    f = lambda a, c: np.sum(a) ** 2 * c
    assert gw.check_grad(
        f, (X, 2.0), lambda a, c: [np.full(4, 2 * np.sum(a) * c), np.sum(a) ** 2], argnums="all"
    ).passed


def test_a_mean_over_the_wrong_axis_has_another_length():
    weights = RNG.normal(size=(3, 4))
    f = lambda m: np.sum(weights * (m - m.mean(axis=1, keepdims=True)) ** 3)

    def along_columns(m):
        g = 3 * weights * (m - m.mean(axis=0, keepdims=True)) ** 2
        return g - g.mean(axis=0, keepdims=True)

    assert gw.check_grad(f, RNG.normal(size=(3, 4)), along_columns).causes[0] == "sum over the wrong axis"


def test_an_output_in_steps_has_no_exact_derivative_to_judge_by():
    f = lambda x: np.round(np.sum(np.exp(x)), 6)
    report = gw.check_grad(f, X, np.exp)
    assert report.counts["wrong"] == 0
    assert gw.check_grad(f, X, lambda x: 3 * np.exp(x)).counts["wrong"] > 0
