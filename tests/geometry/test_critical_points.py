"""critical_points: published and closed-form sets of critical points, and what must not be called proved."""

import itertools
import json
import pickle

import mpmath
import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwise as gw
from gradwise.errors import InputError, OutputError, TracingError


def himmelblau(x, y):
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def camel(x, y):
    return (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (4 * y**2 - 4) * y**2


def styblinski_tang(v):
    return np.sum(v**4 - 16 * v**2 + 5 * v) / 2


def rosenbrock(v):
    return np.sum(100 * (v[1:] - v[:-1] ** 2) ** 2 + (1 - v[:-1]) ** 2)


def ackley(v):
    return -20 * np.exp(-0.2 * np.sqrt(np.mean(v**2))) - np.exp(np.mean(np.cos(2 * np.pi * v))) + 20 + np.e


def middles(found, kind=None):
    return np.array([p.enclosure.mean(axis=1) for p in found if kind in {None, p.kind}])


def assert_same_points(found, expected, tolerance):
    """A bijection between two sets of points."""
    found, expected = np.atleast_2d(found), np.atleast_2d(np.asarray(expected, dtype=float))
    assert len(found) == len(expected)
    distance = np.max(np.abs(found[:, None] - expected[None]), axis=2)
    rows, columns = scipy.optimize.linear_sum_assignment(distance)
    assert np.max(distance[rows, columns]) <= tolerance


def test_himmelblau_has_nine_proved():
    """Himmelblau, Applied Nonlinear Programming, 1972; the table of its stationary points, to six digits."""
    found = gw.critical_points(himmelblau, [(-5, 5), (-5, 5)])
    assert found.proved
    assert found.exhaustive
    assert found.reason == ""
    minima = [(3, 2), (-2.805118, 3.131312), (-3.779310, -3.283186), (3.584428, -1.848126)]
    saddles = [(0.086678, 2.884255), (-3.073026, -0.081353), (3.385154, 0.073852), (-0.127961, -1.953715)]
    assert_same_points(middles(found, "minimum"), minima, 1.1e-6)
    assert_same_points(middles(found, "saddle"), saddles, 1.1e-6)
    assert_same_points(middles(found, "maximum"), [(-0.270845, -0.923039)], 1.1e-6)
    assert len(found) == 9
    assert [p.value for p in found.maxima] == pytest.approx([181.617], abs=1e-3)
    assert all(p.index == 1 for p in found.saddles)


@pytest.mark.parametrize("f", [himmelblau, lambda v: himmelblau(*v)])
def test_enclosures_hold_the_true_points(f):
    """The truth to 40 digits by mpmath's Newton method."""
    with mpmath.workdps(40):
        system = lambda x, y: (
            4 * x * (x * x + y - 11) + 2 * (x + y * y - 7),
            2 * (x * x + y - 11) + 4 * y * (x + y * y - 7),
        )
        for p in gw.critical_points(f, [(-5, 5), (-5, 5)]):
            true = mpmath.findroot(system, tuple(map(float, p.enclosure.mean(axis=1))))
            assert all(a <= t <= b for (a, b), t in zip(p.enclosure, true, strict=True))
            assert p.radius < 1e-13
            x, y = true
            H = mpmath.matrix([[12 * x * x + 4 * y - 42, 4 * x + 4 * y], [4 * x + 4 * y, 4 * x + 12 * y * y - 26]])
            eigenvalues = sorted(mpmath.eigsy(H, eigvals_only=True))
            assert all(a <= t <= b for (a, b), t in zip(p.intervals, eigenvalues, strict=True))


def test_six_hump_camel_has_fifteen():
    """Dixon and Szegö, Towards Global Optimization 2, 1978: six minima, two of them global, f = −1.031628."""
    found = gw.critical_points(camel, [(-3, 3), (-2, 2)])
    assert found.proved
    assert (len(found.minima), len(found.saddles), len(found.maxima)) == (6, 7, 2)
    assert_same_points(middles(found.minima[:2]), [(0.089842, -0.712656), (-0.089842, 0.712656)], 1e-6)
    assert found[0].value == pytest.approx(-1.0316284535, abs=1e-10)
    points = middles(found)
    assert_same_points(points, -points, 1e-12)  # f(−v) = f(v)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_styblinski_tang_is_a_product_of_roots(n):
    roots = np.sort(np.roots([4, 0, -32, 5]).real)  # the slope of v⁴ − 16 v² + 5 v
    found = gw.critical_points(styblinski_tang, [(-5, 5)] * n)
    assert found.proved
    assert_same_points(middles(found), list(itertools.product(roots, repeat=n)), 1e-12)
    for p in found:
        assert p.index == sum(abs(x - roots[1]) < 0.1 for x in p.enclosure.mean(axis=1))


@pytest.mark.slow
def test_rosenbrock_in_four_dimensions_has_a_second_minimum():
    """Kok and Sandrock, Evolutionary Computation 17, 2009: for n = 4 one more minimum and one saddle."""
    assert_same_points(middles(gw.critical_points(rosenbrock, [(-2, 2)] * 2)), [(1, 1)], 1e-12)
    assert_same_points(middles(gw.critical_points(rosenbrock, [(-2, 2)] * 3)), [(1, 1, 1)], 1e-12)
    found = gw.critical_points(rosenbrock, [(-2, 2)] * 4)
    assert found.proved
    assert_same_points(middles(found, "minimum"), [(1,) * 4, (-0.77565923, 0.61309337, 0.38206285, 0.14597202)], 1e-8)
    assert [p.index for p in found.saddles] == [1]


def test_many_points_on_a_line():
    f = lambda x: np.sin(10 * x) + x**2 / 2
    found = gw.critical_points(f, (-11.0, 11.0))
    x = np.linspace(-11, 11, 400_001)
    slope = 10 * np.cos(10 * x) + x
    crossings = x[:-1][np.sign(slope[:-1]) != np.sign(slope[1:])]
    assert found.proved
    assert_same_points(middles(found), crossings[:, None], 1e-4)
    assert all(p.kind == ("minimum" if 1 - 100 * np.sin(10 * p.x) > 0 else "maximum") for p in found)


@given(
    st.lists(st.integers(-40, 40), min_size=0, max_size=6, unique=True),
    st.sampled_from([1.0, -2.5, 1e3]),
    st.sampled_from([0.0, 0.3125]),
)
@settings(max_examples=12, deadline=None)
def test_polynomials_with_known_roots_of_the_slope(integers, factor, shift):
    roots = np.array(sorted(integers)) / 8 + shift
    coefficients = factor * np.polyint(np.atleast_1d(np.poly(roots)))
    found = gw.critical_points(lambda x: np.polyval(coefficients, x), (-6.0, 6.0))
    assert found.exhaustive
    if found.proved:
        assert_same_points(middles(found), roots[:, None], 1e-3) if len(roots) else None
        assert len(found) == len(roots)
    for r in roots:
        assert any(p.enclosure[0, 0] - 1e-4 <= r <= p.enclosure[0, 1] + 1e-4 for p in found)


@pytest.mark.slow
@given(st.integers(0, 2**31))
@settings(max_examples=6, deadline=None)
def test_sums_of_functions_of_one_variable_have_products_of_points(seed):
    rng = np.random.default_rng(seed)
    a, b = (np.sort(rng.choice(np.arange(-10, 11), 3, replace=False)) / 5 for _ in range(2))
    p, q = np.polyint(np.poly(a)), np.polyint(np.poly(b))
    turn = rng.uniform(0, np.pi)
    c, s = np.cos(turn), np.sin(turn)
    f = lambda x, y: np.polyval(p, c * x + s * y) + np.polyval(q, c * y - s * x)
    found = gw.critical_points(f, [(-4, 4), (-4, 4)])
    expected = [(c * u - s * v, s * u + c * v) for u in a for v in b]
    assert found.proved
    assert_same_points(middles(found), expected, 1e-9)


@pytest.mark.parametrize(
    ("f", "bounds", "expected"),
    [
        (lambda x: x + 1 / x, (0.2, 4.0), [1.0]),
        (lambda x: np.sqrt(x) - x, (0.0, 4.0), [0.25]),
        (lambda x: x * np.log(x), (0.1, 4.0), [np.exp(-1)]),
        (lambda x: np.exp(-(x**2)) * x, (-3.0, 3.0), [-np.sqrt(0.5), np.sqrt(0.5)]),
        (lambda x: np.tanh(x) - x / 2, (-3.0, 3.0), [-np.arctanh(np.sqrt(0.5)), np.arctanh(np.sqrt(0.5))]),
        (lambda x: np.arctan(x) - x / 2, (-3.0, 3.0), [-1.0, 1.0]),
        (lambda x: np.log(np.cosh(x)), (-3.0, 3.0), [0.0]),
        (lambda x: 3 * x, (-3.0, 3.0), []),
        (lambda x: np.exp(x), (-3.0, 3.0), []),
        (lambda x: x**4 / 4 - x, (-3.0, 3.0), [1.0]),
        (lambda x: np.maximum(x, -1) ** 2, (-0.9, 3.0), [0.0]),
        (lambda x: np.abs(x - 4) * 0 + x**2, (-3.0, 3.0), [0.0]),
        (lambda x: scipy.special.expit(x) - x / 5, (-6.0, 6.0), [-0.962424, 0.962424]),
        (
            lambda x: scipy.special.erf(x) - x,
            (-3.0, 3.0),
            [-np.sqrt(np.log(2 / np.sqrt(np.pi))), np.sqrt(np.log(2 / np.sqrt(np.pi)))],
        ),
        (lambda x: scipy.special.gammaln(x), (0.5, 5.0), [1.4616321449683622]),
    ],
)
def test_elementary_functions_with_closed_forms(f, bounds, expected):
    found = gw.critical_points(f, bounds)
    assert found.proved
    if expected:
        assert_same_points(middles(found), np.array(expected)[:, None], 1e-6)
    else:
        assert len(found) == 0


# --- degenerate points --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "bounds"),
    [
        (lambda x: x**4, [(-1.0, 2.0)]),
        (lambda x: x**3, [(-1.0, 2.0)]),
        (lambda x: (x - 0.3) ** 6, [(-1.0, 2.0)]),
        (lambda x, y: x**3 - 3 * x * y**2, [(-1.0, 2.0), (-2.0, 1.5)]),
        (lambda x, y: x**4 + y**2, [(-1.0, 2.0), (-2.0, 1.5)]),
    ],
)
def test_an_isolated_degenerate_point_is_enclosed(f, bounds):
    found = gw.critical_points(f, bounds)
    assert not found.proved
    assert found.exhaustive
    assert [p.kind for p in found] == ["degenerate"]
    centre = np.array([0.3 if f(0.3) == 0 and f(0.0) != 0 else 0.0]) if len(bounds) == 1 else np.zeros(2)
    assert np.all(found[0].enclosure[:, 0] <= centre)
    assert np.all(centre <= found[0].enclosure[:, 1])
    assert found[0].radius < 1e-2
    assert "not exhaustive" not in found.status


@pytest.mark.slow
@pytest.mark.parametrize(
    ("f", "on_set"),
    [
        (lambda x, y: x**2 * y**2, [(0.7, 0.0), (0.0, -1.2)]),
        (lambda x, y: (x - y) ** 2, [(0.7, 0.7), (-0.9, -0.9)]),
        (lambda x, y: 0 * x + 1.0, [(0.7, 0.3)]),
        (lambda x, y: x**2 + 0 * y, [(0.0, 0.3)]),
        (lambda x, y: (x**2 + y**2 - 1) ** 2, [(0.6, 0.8), (0.6, -0.8)]),
    ],
)
def test_curves_of_critical_points_are_covered_and_the_search_ends(f, on_set):
    found = gw.critical_points(f, [(-1.0, 2.0), (-2.0, 1.5)])
    assert not found.proved
    assert found.exhaustive
    assert any(p.kind == "degenerate" for p in found)
    for point in on_set:
        inside = np.all((found.undecided[:, :, 0] <= point) & (point <= found.undecided[:, :, 1]), axis=1)
        assert inside.any()


def test_in_one_dimension_the_slopes_beside_a_degenerate_point_decide():
    assert "minimum inside" in gw.critical_points(lambda x: x**4, (-1.0, 2.0))[0].message
    assert "maximum inside" in gw.critical_points(lambda x: -(x**4), (-1.0, 2.0))[0].message
    assert "one sign" in gw.critical_points(lambda x: x**3, (-1.0, 2.0))[0].message


def test_a_budget_that_is_spent_is_said():
    found = gw.critical_points(himmelblau, [(-5, 5), (-5, 5)], max_boxes=40)
    assert not found.proved
    assert "max_boxes" in found.reason
    assert found.boxes <= 40 * 52
    for x, y in [(3, 2), (-2.805118, 3.131312), (0.086678, 2.884255)]:
        assert any(np.all((p.enclosure[:, 0] <= (x, y)) & ((x, y) <= p.enclosure[:, 1] + 1e-6)) for p in found)


# --- kinks, branches, domains -------------------------------------------------------------------------------------------------


def test_a_kink_is_never_part_of_a_proof():
    f = lambda x: np.abs(x) + (x - 0.5) ** 2  # the slope jumps from −2 to 0 at 0, and is 2x behind it
    found = gw.critical_points(f, (-1.0, 1.0))
    assert not found.proved
    assert found.exhaustive
    assert [p.kind for p in found] == ["undecided"]
    assert "abs in line" in found[0].message
    assert found[0].radius < 1e-6


def test_ackley_is_not_smooth_at_its_minimum():
    found = gw.critical_points(ackley, [(-1.5, 1.6), (-1.5, 1.6)])
    assert not found.proved
    assert found.exhaustive
    (origin,) = [p for p in found if p.kind == "undecided"]
    assert np.all(np.abs(origin.enclosure) < 1e-6)
    assert "sqrt" in origin.message
    for p in found:
        if p is not origin:
            assert p.proved
            assert np.linalg.norm(gw.grad(ackley)(p.x)) < 1e-10


def test_branches_of_the_code_are_followed():
    def f(x, y):
        if x > 0.2:
            return (x - 1) ** 2 + y**2
        return (x - 3) ** 2 + y**2 + y**4 - 7.2  # falls at x = 0.2, as the other side does

    found = gw.critical_points(f, [(-2, 2), (-2, 2)])
    assert found.proved
    assert found.branches == 2
    assert_same_points(middles(found), [(1, 0)], 1e-12)


def test_a_crease_between_two_branches_is_not_passed_over():
    # both sides of each have slopes clear of zero, and there is an extremum between them
    def valley(x, y):
        return (x - 1) ** 2 + 2 * (y if y > 0 else -y) + y**2

    def tent(x):
        return x if x < 0.3 else 0.6 - x

    for f, bounds, bottom in ((valley, [(-2, 2), (-2, 2)], (1, 0)), (tent, [(-2, 2)], (0.3,))):
        found = gw.critical_points(f, bounds)
        assert not found.proved
        assert found.exhaustive
        assert [p.kind for p in found] == ["undecided"]
        assert np.all(found[0].enclosure[:, 0] <= bottom)
        assert np.all(bottom <= found[0].enclosure[:, 1])


def test_a_zero_of_a_branch_that_is_not_taken_there_is_none():
    def f(x):
        return (x + 1) ** 2 if x > 0 else x - x**2

    found = gw.critical_points(f, (-2.0, 2.0))
    assert found.proved
    assert len(found) == 0


def test_a_point_on_the_border_of_a_branch_is_not_proved():
    def f(x):
        return x**2 if x > 0 else -(x**2)

    found = gw.critical_points(f, (-1.0, 1.3))
    assert not found.proved
    assert found.exhaustive
    assert found[0].enclosure[0, 0] <= 0 <= found[0].enclosure[0, 1]
    assert found[0].kind == "undecided"
    assert "branches" in found[0].message


def test_where_abs_maximum_and_clip_away_from_their_kinks():
    f = lambda x, y: np.where(x > 1.5, 5 * x, np.abs(x + 3) * x) + np.maximum(y, -1.5) ** 2 + np.clip(y, -9, 9)
    found = gw.critical_points(f, [(-2.5, 1.4), (-1.4, 1.4)])  # x² + 3x left of 1.5
    assert found.proved
    assert_same_points(middles(found), [(-1.5, -0.5)], 1e-12)
    wider = gw.critical_points(f, [(-2.5, 2.0), (-1.4, 1.4)])
    assert wider.exhaustive
    assert_same_points(middles([p for p in wider if p.proved]), [(-1.5, -0.5)], 1e-12)
    assert all(abs(p.x[0] - 1.5) < 1e-6 for p in wider if not p.proved)


def test_choices_beside_which_no_slope_vanishes_do_not_stand_against_a_proof():
    relu = lambda x, y: np.maximum(0, x + y - 1) ** 2 + x**2 + y**2 - x
    huber = lambda r: np.where(np.abs(r) < 1, r * r / 2, np.abs(r) - 0.5)
    robust = lambda x, y: huber(x + y - 1) + huber(x - 2 * y) + huber(x - 0.5)
    steep = lambda x, y: np.maximum(x, 2 * x + y) + x**2 + y**2
    largest = lambda x, y: np.max(np.stack([x**2 + y**2 - 1, x - 5 + 0 * y, y - 6 + 0 * x]))
    A = np.array([[1.0, 1.0], [1.0, -2.0], [1.0, 0.0]])
    for f, point in [
        (relu, (0.5, 0.0)),
        (robust, np.linalg.lstsq(A, np.array([1.0, 0.0, 0.5]))[0]),
        (steep, (-0.5, 0.0)),
        (largest, (0.0, 0.0)),
    ]:
        found = gw.critical_points(f, [(-3, 3), (-3, 3)])
        assert found.proved
        assert_same_points(middles(found), [point], 1e-9)


def test_a_minimum_on_a_crease_is_enclosed():
    """Hinge loss on three points: the first is classified, the third is not, the second lies on the margin; Lagrange's multiplier there is 0.06."""
    X = np.array([[1.0, 2.0], [2.0, -1.0], [0.5, 0.3]])
    f = lambda w: np.sum(np.maximum(0, 1 - X @ w)) + w @ w / 2
    best = np.array([0.62, 0.24])
    found = gw.critical_points(f, [(-3, 3), (-3, 3)])
    assert not found.proved
    assert found.exhaustive
    assert np.max(np.abs(middles(found) - best)) < 1e-5
    assert np.max(np.abs(found.undecided - best[:, None])) < 1e-5
    assert all(p.kind == "undecided" for p in found)


@pytest.mark.slow
def test_loops_that_end_by_a_tolerance():
    def f(x):
        root = 1.0 + 0 * x
        for _ in range(30):
            new = (root + (2 + x**2) / root) / 2
            if abs(new - root) < 1e-3:
                break
            root = new
        return new - x / 2

    found = gw.critical_points(f, (0.2, 3.0))  # √(2 + x²) − x/2 nearly, least at √(2/3)
    assert found.branches > 1
    assert any(abs(p.x - np.sqrt(2 / 3)) < 1e-2 for p in found)


def test_a_function_that_raises_in_a_part_of_the_box():
    def f(x):
        if x < 0:
            raise ValueError("negative")
        return (x - 1) ** 2

    found = gw.critical_points(f, (-1.0, 2.0))
    assert not found.proved
    assert [p.kind for p in found if p.proved] == ["minimum"]


def test_a_search_that_is_stopped_by_an_exception_says_so():
    def f(v):
        if v[0] > 0:
            raise ValueError("negative numbers only")
        return v[0] ** 2

    found = gw.critical_points(f, [(-1.0, 1.0)], max_boxes=2000)
    assert not found.proved
    assert any("the function raised ValueError at" in p.message for p in found)


def test_outside_its_domain_there_are_no_points():
    found = gw.critical_points(lambda x: np.sqrt(x) - x, (-1.0, 2.0))
    assert_same_points(middles([p for p in found if p.proved]), [[0.25]], 1e-12)
    assert len(gw.critical_points(lambda x: np.log(x), (-2.0, -1.0))) == 0


def test_a_selected_branch_outside_the_domain_of_the_other():
    f = lambda x: np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)) - x, (x + 1) ** 2)
    found = gw.critical_points(f, (-2.0, -0.5))
    assert found.proved
    assert_same_points(middles(found), [[-1.0]], 1e-12)


# --- not traceable, not known ------------------------------------------------------------------------------------------------


def test_an_operation_without_interval_rule_is_searched_from_many_starts():
    f = lambda x, y: scipy.special.gammainc(2.0, x**2 + 1) + (y - 0.5) ** 2
    found = gw.critical_points(f, [(-1, 1), (-1, 1)], starts=8)
    assert (found.proved, found.exhaustive, found.method) == (False, False, "multistart")
    assert "gammainc" in found.reason
    assert found.status.startswith("not exhaustive")
    assert_same_points(middles(found), [(0, 0.5)], 1e-6)
    with pytest.raises(TracingError, match="gammainc"):
        gw.critical_points(f, [(-1, 1), (-1, 1)], method="interval")


def test_multistart_on_request_agrees_with_the_proof():
    found = gw.critical_points(himmelblau, [(-5, 5), (-5, 5)], method="multistart")
    proved = gw.critical_points(himmelblau, [(-5, 5), (-5, 5)])
    assert not found.proved
    assert_same_points(middles(found), middles(proved), 1e-6)
    assert sorted(p.kind for p in found) == sorted(p.kind for p in proved)


# --- borders, bounds, reports ------------------------------------------------------------------------------------------------


def test_points_on_the_border_belong_to_the_closed_box():
    for bounds in [(0.0, 1.0), (-1.0, 0.0)]:
        found = gw.critical_points(lambda x: x**2, bounds)
        assert [p.kind for p in found] == ["minimum"]
        assert found[0].border
        assert found[0].x == 0
    outside = gw.critical_points(lambda x: (x - 1) ** 2, (-1.0, 1.0 - 1e-9))
    assert len(outside) == 0
    assert outside.proved


def test_the_least_point_of_the_border_is_no_critical_point():
    assert len(gw.critical_points(lambda x: x, (0.0, 1.0))) == 0


def test_forms_of_bounds_and_points():
    g = lambda x, y: (x - 0.5) ** 2 + (y + 0.25) ** 2
    for bounds in (
        [(-1, 1), (-2, 2)],
        np.array([[-1, 1], [-2, 2]]),
        ((-1, 1), (-2, 2)),
        scipy.optimize.Bounds([-1, -2], [1, 2]),
        {"y": (-2, 2), "x": (-1, 1)},
    ):
        (p,) = gw.critical_points(g, bounds)
        np.testing.assert_allclose(np.asarray(p.x), (0.5, -0.25), atol=1e-12)
    (p,) = gw.critical_points(lambda v: g(v[0], v[1]), [(-1, 1), (-2, 2)])
    assert p.x.shape == (2,)
    (p,) = gw.critical_points(
        lambda d: np.sum((d["a"] - 1) ** 2) + d["b"] ** 2, {"a": (np.zeros(2), np.full(2, 3.0)), "b": (-1, 2)}
    )
    assert p.x["a"].shape == (2,)
    assert isinstance(p.x["b"], float)
    (p,) = gw.critical_points(lambda x: x**2, (-1, 2))
    assert isinstance(p.x, float)
    (p,) = gw.critical_points(lambda v: v[0] ** 2, [(-1, 2)])
    assert p.x.shape == (1,)


@pytest.mark.parametrize(
    "bounds", [[(1, 1)], [(2, 1)], [(-np.inf, 1)], [(np.nan, 1)], [], [1, 2, 3], "ab", None, [(1, 2, 3)], 5]
)
def test_bad_bounds_are_refused(bounds):
    with pytest.raises(InputError, match="bounds"):
        gw.critical_points(lambda v: np.sum(v), bounds)


def test_one_pair_for_several_arguments_is_refused_with_the_call():
    with pytest.raises(InputError, match=r"function of x, y\. .* Write bounds=\[\(-1, 1\)\] \* 2"):
        gw.critical_points(lambda x, y: x * y, (-1, 1))


def test_bad_options_are_refused():
    for options in ({"method": "exact"}, {"max_boxes": 0}, {"max_boxes": 1.5}, {"max_boxes": True}, {"starts": 0}):
        with pytest.raises(InputError):
            gw.critical_points(lambda x: x * x, (0, 1), **options)
    with pytest.raises(InputError, match="arguments"):
        gw.critical_points(himmelblau, [(-1, 1)] * 3)
    with pytest.raises(OutputError):
        gw.critical_points(lambda v: v, [(-1, 1)] * 2)


def test_report_as_list_text_dictionary_and_pickle():
    found = gw.critical_points(himmelblau, [(-5, 5), (-5, 5)])
    assert len(list(found)) == len(found) == 9
    text = repr(found)
    assert "9 critical points in [-5, 5] × [-5, 5] (4 minima, 4 saddles, 1 maximum), proved complete" in text
    assert len(text.splitlines()) == 11
    again = json.loads(json.dumps(found.to_dict()))
    assert again["proved"] is True
    assert again["status"] == "proved complete"
    assert len(again["points"]) == 9
    assert again["points"][0]["kind"] == "minimum"
    assert repr(pickle.loads(pickle.dumps(found))) == text
    assert "proved complete" in found._repr_html_()
    assert "minimum at (" in repr(found[0])


@pytest.mark.extras("matplotlib")
def test_pictures():
    from matplotlib import pyplot as plt

    for f, bounds, count in [
        (himmelblau, [(-5, 5), (-5, 5)], 9),
        (lambda x: np.sin(x), (-5, 5), 4),
        (styblinski_tang, [(-5, 5)] * 3, 27),
    ]:
        ax = gw.critical_points(f, bounds).plot()
        marks = [line for line in ax.lines if line.get_gid() in {"minimum", "maximum", "saddle"}]
        assert len(marks) == count
        plt.close(ax.figure)


def test_many_variables_and_much_data():
    rng = np.random.default_rng(0)
    A, b = rng.standard_normal((500, 12)), rng.standard_normal(500)
    best = np.linalg.lstsq(A, b)[0]
    found = gw.critical_points(lambda w: np.mean((A @ w - b) ** 2), [(-1, 1)] * 12)
    assert found.proved
    assert_same_points(middles(found), [best], 1e-10)
    found = gw.critical_points(lambda w: np.mean(np.logaddexp(0, A[:, :2] @ w)) + w @ w, [(-2, 2)] * 2)
    assert found.proved
    assert [p.kind for p in found] == ["minimum"]


def test_large_scales_and_shifts():
    found = gw.critical_points(lambda x, y: 1e12 * himmelblau(x * 1e-6, y * 1e-6), [(-5e6, 5e6), (-5e6, 5e6)])
    assert found.proved
    assert len(found) == 9
    found = gw.critical_points(lambda x, y: himmelblau(x * 1e6, y * 1e6), [(-5e-6, 5e-6), (-5e-6, 5e-6)])
    assert found.proved
    assert len(found) == 9
