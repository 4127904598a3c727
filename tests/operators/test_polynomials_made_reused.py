"""NumPy's polynomials that are made during the call, in proved functions: a program gives what a run gives, with other data, coefficients that are 0, and other domains."""

from __future__ import annotations

import numpy as np
import pytest
from following import follows
from test_deciding_functions_reused import draw, outcome, point

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of
from gradwise.tracing.purity import inspect_function

EXPRESSIONS = [
    "P.Polynomial(x)(Q) + P.Polynomial(x).deriv()(T).sum() + P.Polynomial(Z)(x).sum()",
    "P.Polynomial(x).integ(1, [Q])(Q)",
    "(P.Polynomial(x) * P.Polynomial(Z))(Q) + (P.Polynomial(x) - P.Polynomial(Z))(Q)",
    "(P.Polynomial(x) + 2)(Q) + (3 - Q * P.Polynomial(x) + Q)(T).sum()",
    "(-P.Polynomial(x) * Z)(Q) + (Z + P.Polynomial(x) / 3.0)(Q)",
    "(P.Polynomial(x) ** 3)(Q) + (P.Laguerre(x) ** 2)(Q)",
    "P.Chebyshev(x, domain=[0, 5])(T).sum() + P.Legendre(x, [0, 5], [0, 1]).deriv()(T).sum()",
    "(P.Chebyshev(x) * P.Chebyshev(Z))(Q) + P.Hermite(x[:4]).integ()(Q) + P.HermiteE(x)(Q)",
    "P.Polynomial(x).degree() * P.Polynomial(x).coef[2] ** 2",
    "(P.Polynomial(x) - P.Polynomial(x * Z)).coef.sum() + len(P.Polynomial(x * Z).deriv().coef) * x[1]",
    "(P.Polynomial.fit(T[:6], x, 2) * P.Polynomial.fit(T[:6], Z, 2))(Q) + P.Chebyshev.fit(T[:6], Z, 2)(x).sum()",
    "(P.Chebyshev(x, domain=[Q, 3.0]) * P.Chebyshev(Z, domain=[W - 1.0, 3.0]))(Q)",
    "P.Polynomial.fromroots(x)(Q) + P.Polynomial.basis(3)(x).sum()",
    "np.poly1d(x)(Q) + np.poly1d(x).deriv()(T).sum() + np.poly1d(x).integ()(Q) + np.poly1d(Z)(x).sum()",
    "(np.poly1d(x) * np.poly1d(Z) + np.poly1d(Z[:3]) - np.poly1d(x) * Q)(Q)",
    "(2 * np.poly1d(x) ** 2 - 1)(Q) + (-np.poly1d(x) / W)(T).sum()",
    "np.poly1d(x).order * x[1] + np.poly1d(x)[2] ** 2 + len(np.poly1d(x * Z).c) * np.poly1d(x, True)(Q)",
]


@np.errstate(all="ignore")
def plain(f, x):
    return f(x)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_program_gives_what_a_run_gives(expression):
    data = {"np": np, "P": np.polynomial}
    f = eval(f"lambda x: {expression}", data)
    reused, run = gw.value_and_grad(f, method="exact"), gw.value_and_grad(f, method="exact", pure=False)
    rng = np.random.default_rng(5)
    for call in range(30):
        if call % 4 < 2:
            draw(data, rng)
            data["W"] = 1.0 + data["Q"] if call % 8 < 4 else 2.5
        x = point(rng)
        if call % 5 == 4:  # which NumPy leaves out
            x[-2:] = 0.0
        if call % 7 == 6:
            x[:2] = 0.0
        (kind, value, gradient), (kind_of_run, value_of_run, gradient_of_run) = outcome(reused, x), outcome(run, x)
        assert kind == kind_of_run
        if value is not None:
            np.testing.assert_allclose(value, value_of_run, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(value, plain(f, x), rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(gradient, gradient_of_run, rtol=1e-6, atol=1e-8)
    assert sum(one.served for one in shortcuts_of(f).values()) >= 2


class Fit:
    """A polynomial kept in an object that the call makes, and one that it is multiplied with."""

    weight = np.polynomial.Polynomial([1.0, 0.5])

    def __init__(self, coefficients):
        self.p = np.polynomial.Polynomial(coefficients)

    def loss(self, t):
        q = self.p * self.weight
        return np.sum(q(t) ** 2) + q.deriv(2)(0.3)


T = np.linspace(-1.0, 1.0, 7)


def through_objects(x):
    return Fit(x).loss(T)


def by_stars(x):
    p = np.polynomial.Polynomial([1.0])
    for r in x:
        p = p * np.polynomial.Polynomial([-r, 1.0])
    p += 2.0
    return p(0.7) + np.poly1d([*x, 1.0])(0.5)


def test_polynomials_in_objects_and_loops(monkeypatch):
    follows(
        through_objects,
        lambda: monkeypatch.setattr(Fit, "weight", np.polynomial.Polynomial([1.0, 0.5, 2.0])),
        lambda: Fit.weight.coef.__setitem__(0, 3.0),
        lambda: monkeypatch.setattr(Fit, "weight", 2.0),
        lambda: monkeypatch.setattr(Fit, "weight", np.polynomial.Polynomial([1.0])),
        lambda: monkeypatch.setitem(globals(), "T", 2.0 * T),
    )
    follows(by_stars)


def changes_coefficients(x):
    np.poly1d(SHARED).c[0] = 7.0  # a view of the array
    return x[0] * SHARED[0]


def changes_a_name(x):
    np.poly1d(SHARED)[1] = 7.0
    return x[0] * SHARED[0]


def array_first(x):
    return (np.float64(2.0) * np.poly1d(x))[0]  # an array


def text_first(x):
    return ("%s" % np.poly1d(x)) + str(x[0])


SHARED = np.array([1.0, 2.0])


@pytest.mark.parametrize("f", [changes_coefficients, changes_a_name, array_first, text_first], ids=lambda f: f.__name__)
def test_what_is_not_proved(f):
    assert not inspect_function(f, (np.ones(3),), {}).may_stand


def test_arrays_behind_polynomials_are_changed_as_by_a_plain_call():
    derivative = gw.grad(changes_coefficients)
    try:
        for _ in range(5):
            SHARED[0] = 1.0
            np.testing.assert_array_equal(derivative(np.ones(2)), [7.0, 0.0])
            assert SHARED[0] == 7.0
    finally:
        SHARED[0] = 1.0


def extends(x):
    kept = KEPT
    kept += np.polynomial.Polynomial([1.0, 2.0])
    return x[0] * len(KEPT) + x[1]


KEPT = []


@pytest.mark.parametrize("before", [[], ["text"]], ids=["empty", "of_texts"])
def test_lists_of_no_coefficients_are_extended_as_by_a_plain_call(before):
    try:
        derivative = gw.value_and_grad(extends)
        for _ in range(5):
            KEPT[:] = before
            value, gradient = derivative(np.array([3.0, 4.0]))
            n = len(before) + 2
            assert [*before, 1.0, 2.0] == KEPT
            assert (value, *gradient) == (3.0 * n + 4.0, n, 1.0)
    finally:
        KEPT.clear()
