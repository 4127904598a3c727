"""Interval rules: the value at any point of a box lies in the interval that the rule gives, mpmath and exact fractions being the truth."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwise as gw
from gradwise.geometry.intervals import RULES, Boxes, Evaluator, Interval, NoRule
from gradwise.geometry.intervals.rules import OF_RECORD
from gradwise.tracing import record

mpmath.mp.dps = 40
mpf = mpmath.mpf


def mp_mod(x, z):
    return x - z * mpmath.floor(x / z)


def log_gamma_slope(order):
    return lambda x: mpmath.psi(order, x)


def mills(x):
    return mpmath.npdf(x) / mpmath.ncdf(x)


def sinc_slope(x):
    with mpmath.workdps(100):  # the sum cancels at 0
        t = mpmath.pi * x
        return (
            (2 * mpmath.sin(t) / t**3 - 2 * mpmath.cos(t) / t**2 - mpmath.sin(t) / t) * mpmath.pi**2
            if abs(x) > 1e-20
            else None
        )


def pseudo_huber(d, r):
    with mpmath.workdps(100):  # the difference cancels
        return d * d * (mpmath.sqrt(1 + (r / d) ** 2) - 1)


WIDE, SMALL, POSITIVE, UNIT, INNER = (-1e3, 1e3), (-20.0, 20.0), (1e-6, 1e3), (-1.0, 1.0), (-0.999, 0.999)

#: name: (ranges of the operands, parameters, truth)
SAMPLES = {
    "add": ((WIDE, WIDE), (), lambda x, z: x + z),
    "sub": ((WIDE, WIDE), (), lambda x, z: x - z),
    "mul": ((WIDE, WIDE), (), lambda x, z: x * z),
    "combination": ((WIDE, WIDE), ((1.0, -0.3),), lambda x, z: x + mpf(-0.3) * z),
    "div": ((WIDE, WIDE), (), lambda x, z: x / z if z else None),
    "neg": ((WIDE,), (), lambda x: -x),
    "square": ((WIDE,), (), lambda x: x * x),
    "reciprocal": ((WIDE,), (), lambda x: 1 / x if x else None),
    "power": ((SMALL,), (3,), lambda x: x**3),
    "pow": (((0.01, 20.0), (-5.0, 5.0)), (), lambda x, z: x**z),
    "power_log": (((0.01, 20.0), (-5.0, 5.0)), (2,), lambda x, z: x**z * mpmath.log(x) ** 2),
    "sqrt": (((0.0, 1e3),), (), mpmath.sqrt),
    "root_of_squares": (((0.0, 1e3),), (), mpmath.sqrt),
    "cbrt": ((WIDE,), (), lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x))),
    "hypot": ((WIDE, WIDE), (), mpmath.hypot),
    "real": ((WIDE,), (), lambda x: x),
    "conj": ((WIDE,), (), lambda x: x),
    "exp": ((SMALL,), (), mpmath.exp),
    "exp2": ((SMALL,), (), lambda x: mpf(2) ** x),
    "exp10": ((SMALL,), (), lambda x: mpf(10) ** x),
    "expm1": ((SMALL,), (), mpmath.expm1),
    "log": ((POSITIVE,), (), mpmath.log),
    "log2": ((POSITIVE,), (), lambda x: mpmath.log(x, 2)),
    "log10": ((POSITIVE,), (), mpmath.log10),
    "log1p": (((-0.999, 1e3),), (), mpmath.log1p),
    "logaddexp": ((SMALL, SMALL), (), lambda x, z: mpmath.log(mpmath.exp(x) + mpmath.exp(z))),
    "logaddexp2": ((SMALL, SMALL), (), lambda x, z: mpmath.log(mpf(2) ** x + mpf(2) ** z, 2)),
    "xlogy": ((WIDE, POSITIVE), (), lambda x, z: x * mpmath.log(z)),
    "expit": (((-50.0, 50.0),), (), lambda x: 1 / (1 + mpmath.exp(-x))),
    "log_expit": (((-50.0, 50.0),), (), lambda x: -mpmath.log(1 + mpmath.exp(-x))),
    "logit": (((1e-6, 1 - 1e-6),), (), lambda x: mpmath.log(x / (1 - x))),
    "sin": ((WIDE,), (), mpmath.sin),
    "cos": ((WIDE,), (), mpmath.cos),
    "tan": ((SMALL,), (), mpmath.tan),
    "arcsin": ((UNIT,), (), mpmath.asin),
    "arccos": ((UNIT,), (), mpmath.acos),
    "arctan": ((WIDE,), (), mpmath.atan),
    "arctan2": ((SMALL, SMALL), (), mpmath.atan2),
    "sinh": ((SMALL,), (), mpmath.sinh),
    "cosh": ((SMALL,), (), mpmath.cosh),
    "tanh": ((SMALL,), (), mpmath.tanh),
    "sech_squared": ((SMALL,), (), lambda x: mpmath.sech(x) ** 2),
    "arcsinh": ((WIDE,), (), mpmath.asinh),
    "arccosh": (((1.0, 1e3),), (), mpmath.acosh),
    "arctanh": ((INNER,), (), mpmath.atanh),
    "sinc": ((SMALL,), (), lambda x: mpmath.sincpi(x)),
    "erf": (((-6.0, 6.0),), (), mpmath.erf),
    "erfc": (((-6.0, 25.0),), (), mpmath.erfc),
    "erfcx": (((-5.0, 50.0),), (), lambda x: mpmath.exp(x * x) * mpmath.erfc(x)),
    "ndtr": (((-30.0, 10.0),), (), mpmath.ncdf),
    "log_ndtr": (((-30.0, 10.0),), (), lambda x: mpmath.log(mpmath.erfc(-x / mpmath.sqrt(2)) / 2)),
    "gammaln": (((0.01, 50.0),), (), lambda x: mpmath.loggamma(x).real),
    "digamma": (((0.01, 50.0),), (), mpmath.digamma),
    "polygamma": (((0.01, 50.0),), (1,), log_gamma_slope(1)),
    "i0": (((-20.0, 20.0),), (), lambda x: mpmath.besseli(0, x)),
    "erfi": (((-26.0, 26.0),), (), mpmath.erfi),
    "erfinv": (((-0.9999, 0.9999),), (), mpmath.erfinv),
    "erfcinv": (((1e-4, 1.9999),), (), lambda x: mpmath.erfinv(1 - x)),
    "ndtri": (((1e-4, 0.9999),), (), lambda p: mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1)),
    "inverse_mills": (((-30.0, 30.0),), (), mills),
    "mills_gap": (((-30.0, 30.0),), (), lambda x: x + mills(x)),
    "gamma": (((0.01, 170.0),), (), mpmath.gamma),
    "beta": (((0.01, 400.0), (0.01, 100.0)), (), mpmath.beta),
    "betaln": (((0.01, 1e4), (0.01, 100.0)), (), lambda a, b: mpmath.log(mpmath.beta(a, b))),
    "entr": (((0.0, 50.0),), (), lambda x: -x * mpmath.log(x) if x else mpf(0)),
    "rel_entr": (((0.0, 50.0), (0.01, 50.0)), (), lambda x, z: x * mpmath.log(x / z) if x else mpf(0)),
    "kl_div": (((0.0, 50.0), (0.01, 50.0)), (), lambda x, z: (x * mpmath.log(x / z) if x else 0) - x + z),
    "xlog1py": ((WIDE, (-0.99, 1e3)), (), lambda x, z: x * mpmath.log1p(z)),
    "huber": (((0.01, 20.0), SMALL), (), lambda d, r: r * r / 2 if abs(r) <= d else d * (abs(r) - d / 2)),
    "pseudo_huber": (((0.01, 20.0), SMALL), (), pseudo_huber),
    "j0": (((-40.0, 40.0),), (), lambda x: mpmath.besselj(0, x)),
    "j1": (((-40.0, 40.0),), (), lambda x: mpmath.besselj(1, x)),
    "i1": (((-20.0, 20.0),), (), lambda x: mpmath.besseli(1, x)),
    "sinc_derivative": ((SMALL,), (2,), sinc_slope),
    "exprel": ((SMALL,), (), lambda x: mpmath.expm1(x) / x if x else mpf(1)),
    "exprel_derivative": ((SMALL,), (1,), lambda x: ((x - 1) * mpmath.exp(x) + 1) / x**2 if abs(x) > 1e-8 else None),
    "abs": ((WIDE,), (), abs),
    "sign": ((UNIT,), (), mpmath.sign),
    "floor": ((SMALL,), (), mpmath.floor),
    "ceil": ((SMALL,), (), mpmath.ceil),
    "trunc": ((SMALL,), (), lambda x: mpmath.sign(x) * mpmath.floor(abs(x))),
    "rint": ((SMALL,), (), lambda x: mpf(round(float(x)))),
    "round": ((SMALL,), (1,), lambda x: mpf(np.round(float(x), 1))),
    "floor_divide": ((SMALL, (0.1, 9.0)), (), lambda x, z: mpmath.floor(x / z)),
    "mod": ((SMALL, (0.1, 9.0)), (), mp_mod),
    "fmod": ((SMALL, (0.1, 9.0)), (), lambda x, z: x - z * mpmath.sign(x) * mpmath.floor(abs(x / z))),
    "remainder": ((SMALL, (0.1, 9.0)), (), lambda x, z: x - z * mpf(round(x / z))),
    "heaviside": ((UNIT, UNIT), (), lambda x, z: z if x == 0 else mpf(x > 0)),
    "copysign": ((UNIT, UNIT), (), lambda x, z: mpf(math.copysign(x, z))),
    "sign_bit_sign": ((UNIT,), (), lambda x: mpf(math.copysign(1, x))),
    "maximum": ((WIDE, WIDE), (), max),
    "minimum": ((WIDE, WIDE), (), min),
    "fmax": ((WIDE, WIDE), (), max),
    "fmin": ((WIDE, WIDE), (), min),
}
#: rows that are tested elsewhere in this file: decisions, reductions, and whatever needs its record
ELSEWHERE = {
    "greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "logical_and", "logical_or", "logical_xor", "logical_not",
    "isnan", "isinf", "isfinite", "all", "any", "select", "max", "min", "sum", "prod", "product_of_others", "pairs_of_others", "norm", "convert",
    "solve", "inv", "log_det_slope", "det", "slogdet", "cofactor", "cholesky",  # in test_interval_matrices.py
    "eigvalsh", "eigh", "marked", "undetermined", "mean_of_equal", "over_gaps",  # in test_interval_eigenvalues.py
    "sort", "argsort",  # in test_interval_orderings.py
    "jv", "iv",
}  # fmt: skip


def test_every_rule_has_a_sample():
    assert set(SAMPLES) | ELSEWHERE == set(RULES)
    assert set(SAMPLES).isdisjoint(ELSEWHERE)


@pytest.mark.parametrize("order", [0, 1, 2, 3, -1, -2])
@pytest.mark.parametrize(("name", "truth"), [("jv", mpmath.besselj), ("iv", mpmath.besseli)])
def test_bessel_functions_of_whole_orders(name, truth, order):
    rng = np.random.default_rng(order + 5)
    x = intervals_in(rng, -20.0, 20.0, 40)
    n = Interval.point(float(order))
    result = RULES[name](Boxes(*[np.zeros((40, 1))] * 2), n, Interval(*x))
    for k, t in enumerate(rng.choice([0.0, 1.0, 0.3], 40)):
        point = min(max(x[0][k] + t * (x[1][k] - x[0][k]), x[0][k]), x[1][k])
        assert result.lo[k] <= mpmath.re(truth(order, mpf(point))) <= result.hi[k]  # complex in some versions


def test_a_bessel_function_of_a_broken_order_has_no_rule():
    found = gw.critical_points(lambda x: scipy.special.jv(0.5, x), (1.0, 3.0))
    assert not found.proved
    assert "Bessel functions of one whole order only" in found.reason


def intervals_in(rng, low, high, count=12):
    """Intervals between two numbers, of any width, also points, and some that end at 0 or ±1."""
    width = (high - low) * 10.0 ** rng.uniform(-16, 0, count) * rng.choice([0.0, 1.0], count, p=[0.2, 0.8])
    special = [x for x in (0.0, 1.0, -1.0, low, high) if low <= x <= high]
    lo = np.where(rng.random(count) < 0.3, rng.choice(special, count), rng.uniform(low, high, count))
    lo = np.where(rng.random(count) < 0.5, lo, np.maximum(lo - width, low))
    return lo, np.minimum(lo + width, high)


def apply(name, operands, params):
    operands = [Interval(np.atleast_1d(a), np.atleast_1d(b)) for a, b in operands]
    boxes = Boxes(*[np.zeros((len(operands[0].lo), 1))] * 2)
    with np.errstate(all="ignore"):
        return RULES[name](boxes, *operands, *params), boxes


def check(name, ranges, params, truth, seed):
    rng = np.random.default_rng(seed)
    operands = [intervals_in(rng, *r) for r in ranges]
    result, _ = apply(name, operands, params)
    for k in range(len(result.lo)):
        for _ in range(3):
            shares = [rng.choice([0.0, 1.0, rng.random()]) for _ in operands]
            point = [min(max(a[k] + t * (b[k] - a[k]), a[k]), b[k]) for t, (a, b) in zip(shares, operands, strict=True)]
            value = truth(*[mpf(float(x)) for x in point])
            if value is not None:
                assert result.lo[k] <= value <= result.hi[k], (name, [(a[k], b[k]) for a, b in operands], point, value)


@pytest.mark.parametrize("name", sorted(SAMPLES))
@given(seed=st.integers(0, 2**31))
@settings(max_examples=6, deadline=None)
def test_values_inside_the_box_lie_inside_the_interval(name, seed):
    check(name, *SAMPLES[name], seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SAMPLES))
@given(seed=st.integers(0, 2**31))
@settings(max_examples=100, deadline=None)
def test_values_inside_the_box_lie_inside_the_interval_many_times(name, seed):
    check(name, *SAMPLES[name], seed)


@pytest.mark.parametrize("n", [-3, -2, -1, 0, 1, 2, 4, 5, 7, 40, 0.5, 1.5, -0.5, 1 / 3])
@given(seed=st.integers(0, 2**31))
@settings(max_examples=6, deadline=None)
def test_powers(n, seed):
    whole = n == round(n)
    check("power", ((-20.0 if whole else 0.0, 20.0),), (n,), lambda x: None if x == 0 and n < 0 else x ** mpf(n), seed)


@pytest.mark.parametrize("name", ["sin", "cos", "tan", "exp", "log", "sqrt", "tanh", "expit", "erf"])
def test_points_give_intervals_of_a_few_units_in_the_last_place(name):
    result, boxes = apply(name, [(0.7, 0.7)], ())
    assert 0 < result.hi[0] - result.lo[0] < 40 * np.spacing(1.0)
    assert boxes.smooth.all()


@pytest.mark.parametrize(
    ("name", "operands", "empty"),
    [
        ("sqrt", [(-2.0, -1.0)], True),
        ("sqrt", [(-1.0, 4.0)], False),
        ("log", [(-2.0, -1.0)], True),
        ("log", [(-1.0, 1.0)], False),
        ("arcsin", [(1.5, 2.0)], True),
        ("arccosh", [(0.0, 2.0)], False),
    ],
)
def test_outside_its_domain_a_function_is_empty_and_across_the_edge_partial(name, operands, empty):
    result, boxes = apply(name, operands, ())
    assert np.isnan(result.lo[0]) == empty
    if not empty:
        assert boxes.partly(1)[0]
        assert not boxes.smooth[0]


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("abs", [(-1.0, 1.0)]),
        ("sign", [(0.0, 1.0)]),
        ("floor", [(0.5, 1.5)]),
        ("maximum", [(0.0, 2.0), (1.0, 3.0)]),
        ("div", [(1.0, 1.0), (-1.0, 1.0)]),
        ("tan", [(1.0, 2.0)]),
        ("cbrt", [(-1.0, 1.0)]),
        ("hypot", [(-1.0, 1.0), (-1.0, 1.0)]),
    ],
)
def test_kinks_and_poles_make_a_box_rough(name, operands):
    assert not apply(name, operands, ())[1].smooth.any()


def test_zero_times_infinity_is_zero_and_an_underflow_is_not():
    assert (
        apply("mul", [(0.0, 0.0), (-np.inf, np.inf)], ())[0].lo,
        apply("mul", [(0.0, 0.0), (-np.inf, np.inf)], ())[0].hi,
    ) == (0, 0)
    tiny = apply("mul", [(1e-200, 1e-200), (1e-200, 1e-200)], ())[0]
    assert tiny.lo[0] <= 0 < tiny.hi[0]
    huge = apply("mul", [(1e200, 1e200), (1e200, 1e200)], ())[0]
    assert huge.lo[0] < np.inf == huge.hi[0]


# --- programs: truth by exact fractions -----------------------------------------------------------------------------------------

MATRIX = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])


def overwrite(x):
    y = x.copy()
    y[1:3] = y[:2] * 2
    y[0] += y[5]
    return y


PROGRAMS = {
    "getitem reshape transpose": lambda x: x.reshape(2, 3).T[1:, ::-1],
    "fancy": lambda x: x[[2, 0, 2]],
    "sum": lambda x: x.reshape(2, 3).sum(axis=0),
    "sum keepdims broadcast": lambda x: x.reshape(2, 3) - x.reshape(2, 3).sum(axis=1, keepdims=True),
    "concatenate": lambda x: np.concatenate([x[:2], x[4:] * x[0]]),
    "matmul": lambda x: MATRIX @ x.reshape(3, 2),
    "product of both": lambda x: x.reshape(2, 3) @ x.reshape(3, 2),
    "quadratic form": lambda x: x[:3] @ (MATRIX.T @ MATRIX) @ x[3:],
    "outer": lambda x: np.outer(x[:3], x[3:]),
    "cumsum": lambda x: np.cumsum(x * x),
    "prod": lambda x: np.prod(x),
    "norm is exact on squares": lambda x: np.sum((x.reshape(2, 3) ** 2), axis=1),
    "prod axis": lambda x: np.prod(x.reshape(2, 3), axis=1, keepdims=True),
    "max": lambda x: np.max(x.reshape(2, 3), axis=0),
    "min": lambda x: np.min(x),
    "where": lambda x: np.where(x > x[::-1], x, 2 * x[::-1]),
    "mask": lambda x: np.where((x > 0) & ~(x[:1] >= 1) | (x == 0), x, -x),
    "overwrite": overwrite,
    "diagonal": lambda x: np.diagonal(np.outer(x, x)),
    "stack": lambda x: np.stack([x, x * x], axis=1),
    "roll": lambda x: np.roll(x, 2),
    "any all": lambda x: np.where(np.any(x > 0.5), x, x + 1) * np.where(np.all(x < 5), 1, 2),
}


def program_of(f, x):
    recording = record(f, [x], [True], lambda leaves: f(*leaves))
    return Evaluator(recording.program, recording.tape.captured_values())


def exact(f, x):
    """f on exact fractions, as floats where a comparison does not matter."""
    return np.asarray(f(np.array([Fraction(float(v)) for v in x], dtype=object)))


@pytest.mark.parametrize("name", sorted(PROGRAMS))
@given(seed=st.integers(0, 2**31), width=st.sampled_from([0.0, 1e-9, 0.1, 2.0]))
@settings(max_examples=20, deadline=None)
def test_programs_hold_their_values_over_boxes(name, seed, width):
    f = PROGRAMS[name]
    rng = np.random.default_rng(seed)
    lo = rng.uniform(-2, 2, (4, 6)).round(2)
    hi = lo + width * rng.random((4, 6))
    evaluator = program_of(f, (lo[0] + hi[0]) / 2)
    outcome = evaluator(lo, hi)
    result = outcome.outputs[0].spread(4)
    for box in range(4):
        for share in (0.0, 1.0, *rng.random(3)):
            x = np.clip(lo[box] + share * (hi[box] - lo[box]), lo[box], hi[box])
            value = exact(f, x).ravel()
            low, high = result.lo[box].ravel(), result.hi[box].ravel()
            assert all(Fraction(a) <= v <= Fraction(b) for a, v, b in zip(low, value, high, strict=True))


def test_every_rule_of_a_record_is_used_by_some_program():
    """Counting also the second order, whose programs scatter and contract."""
    seen = set()
    for f in PROGRAMS.values():
        seen |= {e.primitive.name for e in program_of(f, np.linspace(0.1, 0.6, 6)).program.equations}
    assert {"getitem", "reshape", "transpose", "concatenate", "matmul", "cumsum", "scatter_set"} <= seen
    assert set(OF_RECORD) >= seen & set(OF_RECORD)


def test_a_square_of_one_variable_is_not_negative():
    outcome = program_of(lambda x: np.sum(x * x), np.ones(1))(np.array([[-1.0]]), np.array([[2.0]]))
    assert outcome.outputs[0].lo[0] == 0


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize(("function", "sense"), [(np.max, 1), (np.min, -1)])
def test_which_entry_is_largest(axes, function, sense):
    from gradwise.geometry.intervals.decisions import wins

    rng = np.random.default_rng(3)
    lo = rng.integers(0, 5, (200, 2, 3)).astype(float)
    hi = lo + rng.integers(0, 2, lo.shape) * 0.5
    boxes = Boxes(np.zeros((200, 1)), np.zeros((200, 1)))
    answer = wins(sense, axes)(boxes, Interval(lo, hi), None)
    for share in rng.random((20, *lo.shape)).round():
        x = lo + share * (hi - lo)
        at = x == function(x, axis=tuple(a + 1 for a in axes), keepdims=True)
        assert np.all(answer.lo <= at)
        assert np.all(at <= answer.hi)
    assert answer.lo.any()


def test_guards_hold_fail_or_are_open():
    def f(x):
        return x[0] if x[0] > 1 else -x[0]

    outcome = program_of(f, np.array([2.0]))(np.array([[1.5], [0.0], [0.5]]), np.array([[2.0], [0.5], [1.5]]))
    assert outcome.held.tolist() == [True, False, False]
    assert outcome.broken.tolist() == [False, True, False]
    assert outcome.open_guards[0].tolist() == [False, False, True]


def test_an_operation_without_rule_is_named_with_its_line():
    from scipy.special import gammainc

    with pytest.raises(NoRule, match=r"gammainc \(line \d+ of test_intervals.py\)"):
        program_of(lambda x: gammainc(2.0, x[0]), np.ones(1))


def test_an_index_that_depends_on_the_point_has_no_rule():
    with pytest.raises(NoRule):
        program_of(lambda x: np.take_along_axis(x, np.argsort(x), 0)[0], np.array([1.0, 2.0]))(
            np.zeros((1, 2)), np.ones((1, 2))
        )


FORMULAS = {
    "functions": lambda v, m: (
        m.sin(v[0] * v[1]) + m.exp(-v[0] * v[0]) * m.tanh(v[1]) + m.log(2 + v[0] ** 2) * m.sqrt(3 + v[1])
    ),
    "sums of exponentials": lambda v, m: (
        np.logaddexp(v[0], np.logaddexp(v[1], -v[0] - v[1]))
        if m is np
        else m.log(m.exp(v[0]) + m.exp(v[1]) + m.exp(-v[0] - v[1]))
    ),
    "quotient": lambda v, m: (1 + v[0]) / (1 + v[1] ** 2) + v[0] / (3 + v[1]) ** 1.5 + (9 + v[0]) ** -2,
    "product": lambda v, m: (
        np.prod(np.stack([v[0], v[1], v[0] + v[1], 1 + v[0]])) if m is np else v[0] * v[1] * (v[0] + v[1]) * (1 + v[0])
    ),
    "norm": lambda v, m: (
        np.linalg.norm(np.stack([v[0], v[1] + 5, v[0] * v[1]]))
        if m is np
        else m.sqrt(v[0] ** 2 + (v[1] + 5) ** 2 + (v[0] * v[1]) ** 2)
    ),
    "matrix": lambda v, m: (
        np.exp(MATRIX[:, :2] @ v).sum() + np.einsum("i,j,ij->", v, v, MATRIX[:, 1:])
        if m is np
        else sum(m.exp(MATRIX[i, 0] * v[0] + MATRIX[i, 1] * v[1]) for i in (0, 1))
        + sum(v[i] * v[j] * MATRIX[i, 1 + j] for i in (0, 1) for j in (0, 1))
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
@given(seed=st.integers(0, 2**31))
@settings(max_examples=6, deadline=None)
def test_gradient_and_hessian_programs_hold_the_derivatives(name, seed):
    """The truth is mpmath's derivative of the same formula."""
    from gradwise.geometry.branches import Branches
    from gradwise.geometry.vector_form import VectorForm

    def f(v, m=np):
        return FORMULAS[name](v, m)

    rng = np.random.default_rng(seed)
    lo = rng.uniform(-2, 2, (3, 2))
    hi = lo + rng.choice([0.0, 1e-8, 0.5]) * rng.random((3, 2))
    branches = Branches(VectorForm(f, lo[0], "critical_points"))
    branch = branches.known[branches.at(lo[0])]
    _, gradient, hessian = branch.full(lo, hi).outputs
    for box in range(3):
        x = np.clip(lo[box] + rng.random(2) * (hi[box] - lo[box]), lo[box], hi[box])
        at = tuple(map(mpf, x))
        g = [mpmath.diff(lambda *v: f(v, mpmath), at, order) for order in ((1, 0), (0, 1))]
        H = [mpmath.diff(lambda *v: f(v, mpmath), at, order) for order in ((2, 0), (1, 1), (1, 1), (0, 2))]
        assert all(a <= v <= b for a, v, b in zip(gradient.lo[box], g, gradient.hi[box], strict=True))
        assert all(a <= v <= b for a, v, b in zip(hessian.lo[box].ravel(), H, hessian.hi[box].ravel(), strict=True))
