"""Residuals and objectives that fill work arrays of the functions, objects and modules around them, in root finders and minimisers.  Truth: closed forms of the solutions."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import scipy.optimize

import gradwise as gw
from gradwise.operators import whereabouts

P = np.array([2.2, 0.9])
WORK = np.zeros(2)
MATRIX = np.zeros((2, 2))


def by_entries(p, solve):
    work = np.zeros(2)

    def residual(u):
        work[0] = u[0] ** 2 - p[0]
        work[1] = u[0] * u[1] - p[1]
        return work.copy()

    r = solve(residual)
    return r[0] ** 2 + 3 * r[1]


def by_out(p, solve):
    work = np.empty(2)

    def residual(u):
        np.multiply(u[0], u, out=work)
        np.subtract(work, p, out=work)
        return work.copy()

    r = solve(residual)
    return r[0] ** 2 + 3 * r[1]


def by_global(p, solve):
    def residual(u):
        WORK[:] = u[0] * u - p
        return WORK.copy()

    r = solve(residual)
    return r[0] ** 2 + 3 * r[1]


class Model:
    def __init__(self) -> None:
        self.work = np.zeros(2)
        self.kept = {"terms": [np.zeros(2), np.zeros(2)]}

    def residual(self, u, p):
        self.work[:] = u[0] * u
        self.work -= p
        return self.work.copy()

    def of_entries(self, u, p):
        terms = self.kept["terms"]
        terms[0][:] = u[0] * u
        terms[1][:] = p
        return terms[0] - terms[1]

    def by_attribute(self, p, solve):
        r = solve(lambda u: self.residual(u, p))
        return r[0] ** 2 + 3 * r[1]

    def by_entry(self, p, solve):
        r = solve(lambda u: self.of_entries(u, p))
        return r[0] ** 2 + 3 * r[1]


class Made:
    def __init__(self) -> None:
        self.work = np.zeros(2)


def of_a_new_object(p, solve):
    made = Made()

    def residual(u):
        made.work[:] = u[0] * u - p
        return made.work.copy()

    r = solve(residual)
    return r[0] ** 2 + 3 * r[1]


def read_before_it_is_filled(p, solve):
    work = np.zeros(2)
    work[:] = p

    def residual(u):
        first = u[0] * u - work
        work[:] = p
        return first

    r = solve(residual)
    return r[0] ** 2 + 3 * r[1]


SOLVERS = {
    "fsolve": lambda f: scipy.optimize.fsolve(f, [1.0, 1.0]),
    "root": lambda f: scipy.optimize.root(f, [1.0, 1.0]).x,
    "least_squares": lambda f: scipy.optimize.least_squares(f, [1.0, 1.0], xtol=1e-14, ftol=1e-14, gtol=1e-14).x,
    "minimize": lambda f: scipy.optimize.minimize(lambda u: np.sum(f(u) ** 2), [1.4, 0.6], tol=1e-12).x,
}
FUNCTIONS = [by_entries, by_out, by_global, Model().by_attribute, Model().by_entry, of_a_new_object, read_before_it_is_filled]  # fmt: skip


def truth(p):
    """r₀ = √p₀, r₁ = p₁/√p₀ of r₀² + 3 r₁."""
    return np.array([1 - 1.5 * p[1] * p[0] ** -1.5, 3 / np.sqrt(p[0])])


@pytest.mark.parametrize(
    "solver", [pytest.param(name, marks=pytest.mark.slow) if name == "minimize" else name for name in SOLVERS]
)
@pytest.mark.parametrize("f", FUNCTIONS)
def test_the_derivative_of_the_solution(f, solver):
    for p in (P, P + 0.1):
        found = gw.grad(f, method="exact")(p, SOLVERS[solver])
        np.testing.assert_allclose(found, truth(p), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("f", FUNCTIONS[:4])
def test_higher_derivatives(f):
    hessian = gw.hessian(f, method="exact")(P, SOLVERS["fsolve"])
    mixed = -1.5 * P[0] ** -1.5
    np.testing.assert_allclose(hessian, [[2.25 * P[1] * P[0] ** -2.5, mixed], [mixed, 0.0]], rtol=1e-6, atol=1e-9)


class InsideOthers:
    def __init__(self) -> None:
        self.parts = [{"work": np.zeros(2)}, Made()]

    def by_turns(self, p, solve):
        def residual(u):
            self.parts.reverse()
            first, second = sorted(self.parts, key=lambda part: isinstance(part, Made))
            first["work"][:] = u[0] * u
            second.work[:] = first["work"] - p
            return second.work

        r = solve(residual)
        return r[0] ** 2 + 3 * r[1]

    def changing_places(self, p, solve):
        work = [np.zeros(2), np.zeros(2)]

        def residual(u):
            work[0][:] = u[0] * u
            work[1][:] = p
            work.reverse()
            return work[1] - work[0]

        r = solve(residual)
        return r[0] ** 2 + 3 * r[1]


@pytest.mark.parametrize("f", [*FUNCTIONS, InsideOthers().by_turns, InsideOthers().changing_places])
def test_the_time_does_not_grow_with_the_number_of_objects_of_the_process(f, monkeypatch):
    def refused(*objects):
        raise AssertionError("all objects of the process were searched")

    monkeypatch.setattr(gc, "get_referrers", refused)
    np.testing.assert_allclose(gw.grad(f, method="exact")(P, SOLVERS["fsolve"]), truth(P), rtol=1e-8)


@pytest.mark.parametrize("f", FUNCTIONS[:6])
def test_arrays_that_no_short_walk_finds_are_searched_for(f, monkeypatch):
    monkeypatch.setattr(whereabouts, "_MOST", 0)
    gc.unfreeze()  # what the test's module holds is found too
    np.testing.assert_allclose(gw.grad(f, method="exact")(P, SOLVERS["fsolve"]), truth(P), rtol=1e-8)


def test_equations_of_one_unknown():
    work = np.zeros(1)

    def f(p):
        def residual(u):
            work[0] = u**3 - p
            return work[0]

        return scipy.optimize.brentq(residual, 0.0, 5.0) + scipy.optimize.newton(residual, 1.0)

    assert gw.derivative(f, method="exact")(2.0) == pytest.approx(2 / 3 * 2.0 ** (-2 / 3), rel=1e-10)
    assert work[0] == pytest.approx(0.0, abs=1e-8)
    assert type(work) is np.ndarray


def test_a_jacobian_that_is_filled():
    def f(p):
        def residual(u):
            WORK[:] = u**2 - p
            return WORK

        def jacobian(u):
            MATRIX[0, 0], MATRIX[1, 1] = 2 * u[0], 2 * u[1]
            return MATRIX

        return np.sum(scipy.optimize.root(residual, [1.0, 1.0], jac=jacobian).x)

    np.testing.assert_allclose(gw.grad(f, method="exact")(P), 0.5 / np.sqrt(P), rtol=1e-9)


def test_what_is_left_in_the_work_array_moves_with_the_solution():
    def f(p):
        work = np.zeros(2)

        def residual(u):
            work[:] = u**2
            return work - p

        r = scipy.optimize.fsolve(residual, [1.0, 1.0])
        return np.sum(r) + np.sum(np.exp(work))

    np.testing.assert_allclose(gw.grad(f, method="exact")(P), 0.5 / np.sqrt(P) + np.exp(P), rtol=1e-8)


def test_constrained_minima():
    work = np.zeros(2)

    def f(p):
        def objective(u):
            work[:] = u - p
            return np.sum(work**2)

        found = scipy.optimize.minimize(
            objective, [0.5, 0.5], constraints={"type": "eq", "fun": lambda u: u[0] + u[1] - 1.0}, tol=1e-12
        )
        return found.x[0] ** 2

    # u₀ = (1 + p₀ − p₁)/2
    u = (1 + P[0] - P[1]) / 2
    np.testing.assert_allclose(gw.grad(f, method="exact")(P), [u, -u], rtol=1e-6)


@pytest.mark.slow
def test_an_array_that_something_else_refers_to_is_refused():
    whole = np.zeros(4)
    part = whole[:2]

    def f(p):
        def residual(u):
            part[:] = u**2 - p
            return whole[:2].copy()

        return np.sum(scipy.optimize.fsolve(residual, [1.0, 1.0]))

    with pytest.raises(gw.TracingError):
        gw.grad(f, method="exact")(P)


def test_arrays_are_as_a_plain_call_leaves_them():
    m = Model()
    gw.grad(m.by_attribute, method="exact")(P, SOLVERS["fsolve"])
    assert type(m.work) is np.ndarray
    np.testing.assert_allclose(m.work, 0.0, atol=1e-9)
    by_global(P, SOLVERS["fsolve"])
    gw.grad(by_global, method="exact")(P, SOLVERS["fsolve"])
    assert type(WORK) is np.ndarray
    np.testing.assert_allclose(WORK, 0.0, atol=1e-9)


def test_a_derivative_that_the_user_takes_inside_is_still_refused():
    def f(p):
        work = np.zeros(2)

        def energy(u):
            work[:] = u * p
            return np.sum(work**2)

        return np.sum(gw.grad(energy, method="exact")(np.ones(2)))

    with pytest.raises(gw.TracingError, match="an array of an outer function was assigned a value"):
        gw.grad(f, method="exact")(P)


def with_a_guard(x):
    WORK[:] = 2 * x if x[1] > 0.5 else x
    return np.sum(WORK**2)


def test_work_arrays_of_functions_that_decide_are_work_arrays_at_each_call():
    for k in range(4):
        x = P + k
        np.testing.assert_allclose(gw.grad(with_a_guard, method="exact")(x), 8 * x, rtol=1e-14)
        np.testing.assert_allclose(WORK, 2 * x)
