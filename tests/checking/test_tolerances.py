"""Functions that run solvers with tolerances: right gradients are never called wrong, errors above the tolerance are."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import scipy
from solvers import CLOSED_WRONG, SOLVED, SOLVED_WRONG

import gradwise as gw
from gradwise.checking.loops import may_not_end
from gradwise.checking.solvers import TOLERANCES, tighter
from gradwise.checking.tables import thinned
from gradwise.checking.tightening import Session, Tightened

pytestmark = pytest.mark.filterwarnings("ignore")  # solvers warn of tolerances that they do not reach

QUICK = {
    "Newton's loop",
    "brentq at 1e-2",
    "fixed-point loop",
    "Kepler",
    "cg loop",
    "adaptive Simpson",
    "series",
    "np.interp",
}
QUICK |= {
    "decay by RK45",
    "a method of an object",
    "loss of a fit",
    "sensitivities at the same tolerance",
    "cubic spline of a table",
}
THOROUGH = [case for case in SOLVED if case.name not in QUICK]


def _never_wrong(case):
    with np.errstate(all="ignore"):
        report = gw.check_grad(case.f, case.x, case.grad)
    assert report.counts["wrong"] == 0, report.summary()
    assert report.causes == []
    if not report.conclusive:
        assert any(note.startswith("cannot tell") and "f" in note for note in report.notes)


@pytest.mark.parametrize("case", [case for case in SOLVED if case.name in QUICK], ids=lambda case: case.name)
def test_a_right_gradient_of_a_solution_is_never_called_wrong(case):
    _never_wrong(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", THOROUGH, ids=lambda case: case.name)
def test_a_right_gradient_of_a_solution_is_never_called_wrong_by_any_solver(case):
    _never_wrong(case)


@pytest.mark.parametrize("case", CLOSED_WRONG, ids=lambda case: case.name)
def test_a_small_error_of_a_closed_form_is_wrong(case):
    report = gw.check_grad(case.f, case.x, case.grad)
    assert report.counts["wrong"] > 0, report.summary()


@pytest.mark.slow
@pytest.mark.parametrize("case", SOLVED_WRONG, ids=lambda case: case.name)
def test_an_error_above_the_tolerance_is_wrong(case):
    with np.errstate(all="ignore"):
        report = gw.check_grad(case.f, case.x, case.grad)
    assert report.counts["wrong"] > 0, report.summary()
    assert report.causes[0] in {"constant factor", "one entry wrong", "term proportional to x"}, report.summary()


def test_the_sets_are_as_large_as_the_docs_say():
    assert len(SOLVED) >= 40
    assert len(SOLVED_WRONG) + len(CLOSED_WRONG) >= 80
    names = [case.name for case in [*SOLVED, *SOLVED_WRONG, *CLOSED_WRONG]]
    assert len(set(names)) == len(names)


def root(s, tol=1e-3):
    y = 1.0
    while abs(y * y - s) > tol:
        y = (y + s / y) / 2
    return y


def test_the_report_names_the_solver_and_what_was_done():
    report = gw.check_grad(
        lambda x: root(np.sum(x)), np.array([1.0, 2.0]), lambda x: np.full(2, 0.5 / np.sqrt(np.sum(x)))
    )
    assert report.passed
    assert "the test against 0.001 in line" in report.summary()
    assert "smaller" in report.summary()


def test_a_copy_computes_the_same_and_leaves_f_alone():
    session = Session()
    before = root.__code__
    assert Tightened(root, session)(3.0) == root(3.0)
    assert list(session.found.values()) == [1e-3]
    assert root.__code__ is before
    tight = Tightened(root, Session(1e-8, tests=session.tests))
    assert abs(tight(3.0) - np.sqrt(3)) < 1e-10 < abs(root(3.0) - np.sqrt(3))
    assert root(3.0) == Tightened(root, Session())(3.0)


def test_a_loop_that_never_gets_there_is_given_up():
    def stuck(x, tol=1e-3):
        k, error = 0, 1.0
        while error > tol:
            k, error = k + 1, 5e-4 + np.exp(-k)
        return x * x

    assert Tightened(stuck, Session())(2.0) == 4.0
    with pytest.raises(RuntimeError):
        Tightened(stuck, Session(1e-6, tests=1))(2.0)
    assert not gw.check_grad(stuck, 2.0, lambda x: 2.2 * x).passed


class Model:
    def __init__(self):
        self.tol = 1e-4

    def solve(self, s):
        y = 1.0
        while True:
            step = (y * y - s) / (2 * y)
            y -= step
            if abs(step) < self.tol:
                return y

    def loss(self, x):
        return self.solve(np.sum(x**2))


def test_methods_partials_and_cached_functions_are_followed():
    x = np.array([1.0, 2.0])
    grad = lambda v: v / np.sqrt(np.sum(v**2))
    model = Model()
    cached = functools.lru_cache(root)
    for f in (
        model.loss,
        lambda v: functools.partial(root, tol=1e-2)(np.sum(v**2)),
        lambda v: cached(float(np.sum(v**2))),
    ):
        report = gw.check_grad(f, x, grad)
        assert report.passed, report.summary()


@pytest.mark.slow
def test_large_x_is_judged_along_directions_with_smaller_tolerances():
    n = 600
    rng = np.random.default_rng(0)
    a, b = np.diag(np.linspace(1, 9, n)), rng.normal(size=n)
    f = lambda x: b @ scipy.sparse.linalg.cg(a + np.diag(x**2), b, rtol=1e-3)[0]
    grad = lambda x: -2 * x * np.linalg.solve(a + np.diag(x**2), b) ** 2
    x = rng.uniform(0.5, 1, n)
    report = gw.check_grad(f, x, grad, directions=4)
    assert report.counts["wrong"] == 0, report.summary()
    assert gw.check_grad(f, x, lambda v: 1.01 * grad(v), directions=4).causes == ["constant factor"]


def test_loops_get_no_complex_numbers():
    seen = []

    def f(x):
        seen.append(np.iscomplexobj(x))
        return root(np.sum(x), 1e-9)

    assert may_not_end(f)
    assert gw.check_grad(f, np.array([1.0, 2.0]), lambda x: np.full(2, 0.5 / np.sqrt(np.sum(x)))).passed
    assert not any(seen)


def test_tighter_keeps_the_other_arguments():
    row = TOLERANCES["scipy.optimize"]["brentq"]
    args, kwargs, asked = tighter(scipy.optimize.brentq, row, (np.cos, 0, 2), {"xtol": 1e-3, "maxiter": 50}, 1e-6)
    assert args == (np.cos, 0, 2)
    assert kwargs["xtol"] == pytest.approx(1e-9)
    assert asked["xtol"] == 1e-3
    assert scipy.optimize.brentq(*args, **kwargs) == pytest.approx(np.pi / 2, abs=1e-8)
    args, kwargs, _ = tighter(
        scipy.integrate.odeint, TOLERANCES["scipy.integrate"]["odeint"], (len, 1.0, [0, 1]), {"rtol": 1e-3}, 1e-4
    )
    assert kwargs["rtol"] == pytest.approx(1e-7)
    assert args == (len, 1.0, [0, 1])


def test_thinned_interpolants():
    x = np.linspace(0, 2, 21)
    for place, made in enumerate(
        (
            scipy.interpolate.CubicSpline(x, np.sin(x)),
            scipy.interpolate.PchipInterpolator(x, np.sin(x)),
            scipy.interpolate.interp1d(x, np.sin(x)),
            scipy.interpolate.make_interp_spline(x, np.sin(x)),
            scipy.interpolate.UnivariateSpline(x, np.sin(x), s=0),
        )
    ):
        coarse = thinned(made)
        assert coarse(x[4]) == pytest.approx(np.sin(x[4]), abs=1e-12 if place < 3 else 1e-4)
        assert abs(coarse(0.53) - made(0.53)) > 1e-9  # between the points of either table
    assert thinned(scipy.interpolate.Rbf(x[:5], x[:5])) is None


@pytest.mark.slow
def test_functions_without_source():
    scope = {}
    exec(  # as a notebook's or a generator's functions come
        "import numpy as np, scipy\n"
        "def by_name(p): return scipy.integrate.solve_ivp(lambda t, y: -p[0] * y, (0, 3), [p[1]]).y[0, -1]\n"
        "def loop(p):\n"
        "    y, old = 1.0, 9.0\n"
        "    while abs(y - old) > 1e-6: old, y = y, np.sum(p) / 4 * np.cos(y)\n"
        "    return y\n",
        scope,
    )
    p = np.array([0.7, 1.9])
    grad = lambda p: np.array([-3 * p[1] * np.exp(-3 * p[0]), np.exp(-3 * p[0])])
    assert gw.check_grad(scope["by_name"], p, grad).passed
    assert not gw.check_grad(scope["by_name"], p, lambda p: 1.01 * grad(p)).passed
    y = scipy.optimize.brentq(lambda y: y - np.sum(p) / 4 * np.cos(y), 0, 2, xtol=1e-15)
    claim = np.full(2, np.cos(y) / 4 / (1 + np.sum(p) / 4 * np.sin(y)))
    report = gw.check_grad(scope["loop"], p, claim)
    assert report.counts["wrong"] == 0
    assert "loop whose source is not at hand" in report.summary()
    assert gw.check_grad(scope["loop"], p, 1.01 * claim).counts["wrong"] == 2
