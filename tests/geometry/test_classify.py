"""classify: verdicts on functions whose critical points are known, and what the report claims of its intervals."""

import json
import math
import pickle
from dataclasses import dataclass

import mpmath
import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwise as gw
from gradwise.errors import InputError, OutputError
from gradwise.geometry.classification import plain
from gradwise.geometry.eigenvalue_bounds import eigenvalue_intervals


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.mark.parametrize(
    ("f", "x", "kind", "index"),
    [
        (lambda x, y: x**2 + y**2, (0.0, 0.0), "minimum", 0),
        (lambda x, y: -(x**2) - y**2, (0.0, 0.0), "maximum", 2),
        (lambda x, y: x**2 - y**2, (0.0, 0.0), "saddle", 1),
        (lambda v: v[0] ** 2 - v[1] ** 2 - v[2] ** 2, np.zeros(3), "saddle", 2),
        (lambda v: v[0] ** 2 - v[1] ** 2 + v[2] ** 4, np.zeros(3), "saddle", None),
        (rosenbrock, np.ones(4), "minimum", 0),
        (lambda x: x**4, 0.0, "degenerate", None),
        (lambda x: x**3, 0.0, "degenerate", None),
        (lambda x, y: x**3 - 3 * x * y**2, (0.0, 0.0), "degenerate", None),
        (lambda x, y: x**2 * y**2, np.zeros(2), "degenerate", None),
        (lambda x, y: (x - y) ** 2, (1.0, 1.0), "degenerate", None),
        (lambda x: 0 * x + 1.0, 3.0, "degenerate", None),
        (lambda x: x**2, 0.1, "not critical", 0),
        (lambda x: np.sum(x), np.zeros(2), "not critical", None),
        (np.cos, np.pi, "minimum", 0),
    ],
)
def test_known_points(f, x, kind, index):
    report = gw.classify(f, x)
    assert (report.kind, report.index) == (kind, index)


@given(st.integers(1, 6), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_intervals_hold_the_eigenvalues_of_random_quadratic_forms(n, seed):
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    true = np.sort(rng.standard_normal(n) * 10.0 ** rng.integers(-3, 4, n))
    A = Q * true @ Q.T
    A = (A + A.T) / 2
    report = gw.classify(lambda x: x @ A @ x / 2, np.zeros(n))
    slack = 1e-14 * np.max(np.abs(true))  # A itself was rounded
    assert np.all(report.intervals[:, 0] <= true + slack)
    assert np.all(true - slack <= report.intervals[:, 1])
    below, above = int(np.sum(report.intervals[:, 1] < 0)), int(np.sum(report.intervals[:, 0] > 0))
    assert report.index_bounds == (below, n - above)
    expected = "saddle" if below and above else "maximum" if below == n else "minimum" if above == n else "degenerate"
    assert report.kind == expected


@pytest.mark.parametrize("distance", [1e-3, 1e-5, 1e-6, 1e-8, 1e-12])
def test_a_quartic_is_never_a_minimum_beside_its_flat_point(distance):
    assert gw.classify(lambda x: x**4, distance).kind in {"degenerate", "not critical"}


def test_the_tiny_eigenvalue_of_a_wide_valley_is_seen():
    report = gw.classify(lambda x: x[0] ** 2 + 1e-10 * x[1] ** 2, np.zeros(2))
    assert report.kind == "minimum"
    assert report.intervals[0, 0] <= 2e-10 <= report.intervals[0, 1]


def test_what_an_optimiser_returns_is_a_minimum_with_its_distance():
    found = scipy.optimize.minimize(rosenbrock, np.array([-1.2, 1.0]), method="BFGS")
    report = gw.classify(rosenbrock, found.x)
    assert report.kind == "minimum"
    assert report.distance == pytest.approx(np.linalg.norm(found.x - 1), rel=1e-2)
    assert "away" in report.message
    assert gw.classify(rosenbrock, found.x, tol=1e-8).kind == "not critical"
    assert gw.classify(rosenbrock, found.x, tol=1e-3).kind == "minimum"


def test_the_critical_point_beside_the_point_is_proved():
    """At (1, 1) the Hessian of Rosenbrock's function is [[802, −400], [−400, 200]]."""
    report = gw.classify(rosenbrock, np.array([1 - 3e-6, 1 + 1e-6]))
    assert report.certainty.startswith("proved by interval arithmetic: exactly one critical point")
    root = np.sqrt(1002.0**2 - 1600)
    for (low, high), true in zip(report.intervals, [(1002 - root) / 2, (1002 + root) / 2], strict=True):
        assert low - 1e-12 <= true <= high + 1e-12
    assert gw.classify(lambda x: x**4, 0.0).certainty == "rounding bounded by interval arithmetic"
    assert gw.classify(lambda x: scipy.special.jv(1, x) ** 2, 0.0).certainty.startswith("proved by interval arithmetic")
    assert gw.classify(lambda x: scipy.special.dawsn(x) ** 2, 0.0).certainty == "rounding measured"  # no interval rule


def test_newton_decrement_is_twice_the_distance_in_value():
    A = np.array([[4.0, 1.0], [1.0, 3.0]])
    x = np.array([1e-3, -2e-3])
    report = gw.classify(lambda v: v @ A @ v / 2 + 7, x)
    assert report.newton_decrement**2 / 2 == pytest.approx(report.value - 7, rel=1e-9)
    assert report.gradient_norm == pytest.approx(np.linalg.norm(A @ x), rel=1e-12)


def test_the_escape_direction_lowers_the_function():
    def f(x, y):
        return x**2 + 4 * x * y + y**2 + x**3

    report = gw.classify(f, (0.0, 0.0))
    dx, dy = report.escape_direction
    assert np.hypot(dx, dy) == pytest.approx(1)
    assert f(1e-3 * dx, 1e-3 * dy) < f(0.0, 0.0)
    assert dx / dy == pytest.approx(-1)  # the eigenvector of −2
    assert gw.classify(lambda x: x**2, 0.0).escape_direction is None


def test_eigenvectors_belong_to_the_eigenvalues():
    A = np.array([[2.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 2.0]])
    report = gw.classify(lambda x: x @ A @ x / 2, np.zeros(3))
    np.testing.assert_allclose(A @ report.eigenvectors, report.eigenvectors * report.eigenvalues, atol=1e-14)
    np.testing.assert_allclose(report.eigenvalues, 2 - np.sqrt(2) * np.array([1, 0, -1]), atol=1e-14)


@dataclass
class Layer:
    W: np.ndarray
    b: float


def test_containers_keep_their_form():
    def f(layers):
        return sum(np.sum(layer.W**2) - layer.b**2 for layer in layers)

    report = gw.classify(f, [Layer(np.zeros((2, 2)), 0.0)])
    assert (report.kind, report.index) == ("saddle", 1)
    assert isinstance(report.escape_direction[0], Layer)
    assert abs(report.escape_direction[0].b) == 1
    assert report.escape_direction[0].W.shape == (2, 2)
    assert len(report.names) == 5
    assert report.names[0].endswith("W[0, 0]")


@pytest.mark.parametrize("x", [(1, 1), [1.0, 1.0], np.array([1, 1]), np.array([1.0, 1.0])[::-1], np.ones((2, 2))[0]])
def test_a_point_may_be_a_tuple_a_list_or_any_array(x):
    assert gw.classify(lambda a, b: (a - 1) ** 2 + (b - 1) ** 2, x).kind == "minimum"
    assert gw.classify(lambda v: (v[0] - 1) ** 2 + (v[1] - 1) ** 2, x).kind == "minimum"


def test_the_point_is_not_written_to():
    x = np.ones(2)
    x.flags.writeable = False
    assert gw.classify(rosenbrock, x).kind == "minimum"


def test_float32_has_wider_intervals():
    narrow = gw.classify(lambda x: np.sum(x**2), np.zeros(2))
    wide = gw.classify(lambda x: np.sum(x**2), np.zeros(2, np.float32))
    assert wide.kind == narrow.kind == "minimum"
    assert np.all(np.ptp(wide.intervals, axis=1) > 1e6 * np.ptp(narrow.intervals, axis=1))


@pytest.mark.parametrize("scale", [1e-150, 1e-30, 1e30, 1e150])
def test_verdicts_do_not_depend_on_the_units_of_f(scale):
    assert gw.classify(lambda x: scale * rosenbrock(x), np.ones(3)).kind == "minimum"
    assert gw.classify(lambda x: scale * (x[0] ** 2 - x[1] ** 2), np.zeros(2)).kind == "saddle"


def test_a_kink_is_undecided():
    report = gw.classify(lambda x: np.abs(x[0]) + x[1] ** 2, np.zeros(2))
    assert report.kind == "undecided"
    assert "kink" in report.message


def test_a_singular_point_is_undecided():
    assert gw.classify(lambda x: np.sqrt(np.abs(x)), 0.0).kind == "undecided"
    assert gw.classify(lambda x: np.sqrt(x), 0.0).kind == "undecided"


def test_what_cannot_be_traced_is_classified_numerically():
    def f(x):
        import math

        return math.hypot(float(x[0]), 2.0) + float(x[1]) ** 2

    report = gw.classify(f, np.array([0.0, 0.0]))
    assert report.kind == "minimum"
    assert report.intervals[0, 0] <= 0.5 <= report.intervals[0, 1]  # d²/dx² √(x² + 4) at 0


@pytest.mark.parametrize(
    "x", [np.zeros(0), np.array([np.nan, 0.0]), np.array([np.inf, 0.0]), np.array([1j, 0]), "a", None]
)
def test_bad_points_are_refused(x):
    with pytest.raises(InputError):
        gw.classify(lambda v: np.sum(v * v), x)


def test_bad_options_are_refused():
    for options in ({"method": "exact"}, {"tol": -1.0}, {"tol": np.nan}, {"tol": "small"}):
        with pytest.raises(InputError):
            gw.classify(lambda x: x * x, 0.0, **options)
    with pytest.raises(OutputError):
        gw.classify(lambda x: x * 2, np.zeros(2))
    with pytest.raises(InputError, match="arguments"):
        gw.classify(lambda x, y: x * y, (0.0, 0.0, 0.0))


def test_report_as_text_dictionary_and_pickle():
    report = gw.classify(lambda x, y: x**2 - y**2, (0.0, 0.0))
    assert repr(report).startswith("saddle of index 1 at (0, 0)")
    again = json.loads(json.dumps(report.to_dict()))
    assert again["kind"] == "saddle"
    assert again["eigenvalues"] == [-2.0, 2.0]
    assert pickle.loads(pickle.dumps(report)).kind == "saddle"
    assert json.loads(json.dumps(gw.classify(np.sum, np.zeros(2)).to_dict()))["distance"] is None


@pytest.mark.extras("matplotlib")
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x**2, 0.0),
        (lambda x, y: x**2 - y**2, (0.0, 0.0)),
        (lambda v: v[0] ** 2 + 3 * v[1] ** 2 - v[2] ** 2, np.zeros(3)),
        (lambda x, y: x**4 + y**2, np.zeros(2)),
    ],
)
def test_pictures(f, x):
    from matplotlib import pyplot as plt

    report = gw.classify(f, x)
    ax = report.plot()
    assert report.kind in ax.get_title()
    plt.close(ax.figure)


def test_an_array_made_of_traced_numbers_is_enclosed_entry_by_entry():
    def f(x):
        r = np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])
        return r @ r

    assert gw.classify(f, np.ones(2)).kind == "minimum"
    found = gw.critical_points(f, [(-2, 2), (-2, 2)])
    assert found.proved
    np.testing.assert_allclose([p.x for p in found], [[1, 1]], atol=1e-12)


# --- units ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1.0, 1e200, 1e300])
@pytest.mark.parametrize(("f", "kind", "index"), [
    (lambda v: v[0] ** 2 + 3 * v[1] ** 2 + v[0] * v[1], "minimum", 0),
    (lambda v: v[0] ** 2 - 3 * v[1] ** 2, "saddle", 1),
    (lambda v: -(v @ v), "maximum", 2),
    (lambda v: v[0] ** 2 + 0 * v[1], "degenerate", None),
    (lambda v: v @ v + v[0], "not critical", 0),
])  # fmt: skip
def test_the_verdict_does_not_depend_on_the_unit_of_f(f, kind, index, scale):
    report = gw.classify(lambda v: scale * f(v), np.zeros(2))
    assert (report.kind, report.index) == (kind, index)
    plain = gw.classify(f, np.zeros(2))
    np.testing.assert_allclose(report.eigenvalues / scale, plain.eigenvalues, rtol=1e-12, atol=1e-12)
    assert report.distance == pytest.approx(plain.distance, rel=1e-9)
    assert report.gradient_norm / scale == pytest.approx(plain.gradient_norm)
    assert report.newton_decrement / math.sqrt(scale) == pytest.approx(plain.newton_decrement, nan_ok=True)
    assert "nan" not in report.summary() or math.isnan(plain.newton_decrement)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-250, 1e250])
def test_the_unit_does_not_matter_for_large_points_and_one_number(scale):
    assert gw.classify(lambda x: scale * (x - 1) ** 2, 1.0).kind == "minimum"
    weights = np.arange(1.0, 1101.0)
    report = gw.classify(lambda v: scale * (weights @ v**2), np.zeros(1100))
    assert report.kind == "minimum"
    np.testing.assert_allclose(report.eigenvalues[[0, -1]], [2 * scale, 2200 * scale], rtol=1e-6)
    hess = scipy.sparse.diags(2 * scale * weights)
    assert gw.classify(lambda v: scale * (weights @ v**2), np.zeros(1100), hess=hess).probability == 1
    saddle = gw.classify(lambda v: scale * ((weights - 50.5) @ v**2), np.zeros(1100))
    assert saddle.kind == "saddle"


def test_variables_of_very_different_units():
    report = gw.classify(lambda x, y: 1e12 * x**2 + 1e-12 * y**2, (0.0, 0.0))
    assert report.kind == "minimum"
    assert np.all(report.intervals[:, 0] > 0)
    assert report.intervals[0, 0] <= 2e-12 <= report.intervals[0, 1]
    mixed = gw.classify(lambda x, y: 1e12 * x**2 - 1e-12 * y**2 + 1e-3 * x * y, (0.0, 0.0))
    assert (mixed.kind, mixed.index) == ("saddle", 1)
    assert gw.classify(lambda x, y: 1e12 * x**2 + 0 * y, (0.0, 0.0)).kind == "degenerate"


@given(seed=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_eigenvalue_intervals_hold_the_eigenvalues_in_any_units(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 5))
    d = 10.0 ** rng.uniform(-8, 8, n)
    B = rng.normal(size=(n, n))
    H = d[:, None] * (B + B.T) * d * 10.0 ** rng.uniform(-150, 150)
    H = (H + H.T) / 2
    error = np.abs(H) * 10.0 ** rng.uniform(-16, -3)
    moved = H + rng.uniform(-1, 1, (n, n)) * error
    moved = np.tril(moved) + np.tril(moved, -1).T
    values, intervals, _ = eigenvalue_intervals(H, error)
    with mpmath.workdps(60):
        truth = sorted(mpmath.eigsy(mpmath.matrix(moved.tolist()), eigvals_only=True))
    for k in range(n):
        assert intervals[k, 0] <= truth[k] <= intervals[k, 1]
        assert intervals[k, 0] <= values[k] <= intervals[k, 1]


def test_reports_of_long_doubles_are_json():
    values = plain({"a": np.longdouble(1.5), "b": np.array([1, 2], np.longdouble), "c": np.longdouble("nan")})
    assert json.loads(json.dumps(values)) == {"a": 1.5, "b": [1.0, 2.0], "c": None}
