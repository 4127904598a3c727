"""``gw.formula``: what a textbook prints, what it holds for, what it refuses."""

from __future__ import annotations

import builtins
import importlib
import math
import re
import sys

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

import gradwise as gw
from gradwise.symbolic import Formula
from gradwise.symbolic.verifying import verify

pytestmark = pytest.mark.extras("sympy")


def lines(formula):
    return [line.strip() for line in str(formula).splitlines()]


# --- textbook lines -----------------------------------------------------------------------------------------------------


def f(x, y):
    return x**2 * y + 3 * x * y**2


def test_the_example_of_every_textbook():
    assert str(gw.formula(f, 1.0, 2.0)) == "f(x, y) = x²y + 3xy²\n  ∂f/∂x = 2xy + 3y²\n  ∂f/∂y = x² + 6xy"


def logistic_loss(z, y):
    p = 1 / (1 + np.exp(-z))
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def series(x):
    total = 0.0
    for k in range(1, 5):
        total = total + x**k / k
    return total


TEXTBOOK = [
    (lambda x: x**2, (3.0,), ["f(x) = x²", "df/dx = 2x"]),
    (lambda x, n: x**n, (3.0, 2.0), ["f(x, n) = xⁿ", "∂f/∂x = nxⁿ⁻¹", "∂f/∂n = xⁿ log(x)"]),
    (lambda x: np.exp(x), (1.0,), ["f(x) = eˣ", "df/dx = eˣ"]),
    (lambda x: np.log(x), (1.5,), ["f(x) = log(x)", "df/dx = 1/x"]),
    (lambda x: 1 / (1 + np.exp(-x)), (0.3,), ["f(x) = 1/(1 + e⁻ˣ)", "df/dx = eˣ/(eˣ + 1)²"]),
    (lambda x: np.maximum(x, 0), (1.0,), ["f(x) = max(0, x)", "df/dx = 1 if x > 0, 0 otherwise"]),
    (lambda x: np.where(x > 0, x, 0.01 * x), (1.0,), ["f(x) = x if x > 0, x/100 otherwise", "df/dx = 1 if x > 0, 1/100 otherwise"]),
    (lambda x: abs(x), (1.0,), ["f(x) = |x|", "df/dx = sign(x)"]),
    (lambda x: abs(x) ** 3, (1.0,), ["f(x) = x²|x|", "df/dx = 3x|x|"]),
    (lambda x: np.cbrt(x), (1.0,), ["f(x) = ∛x", "df/dx = 1/(3|x|^(2/3))"]),
    (lambda x: np.sin(x) / x, (0.4,), ["f(x) = sin(x)/x", "df/dx = cos(x)/x − sin(x)/x²"]),
    (lambda x: np.sqrt(1 - x**2), (0.4,), ["f(x) = √(1 − x²)", "df/dx = −x/√(1 − x²)"]),
    (lambda x: x**x, (1.5,), ["f(x) = xˣ", "df/dx = xˣ(log(x) + 1)"]),
    (lambda theta: np.cos(2 * np.pi * theta), (0.2,), ["f(θ) = cos(2πθ)", "df/dθ = −2π sin(2πθ)"]),
    (lambda x, y, z: x**2 * y + y * z**3 + np.sin(x * y), (1.0, 2.0, 3.0),
     ["f(x, y, z) = x²y + yz³ + sin(xy)", "∂f/∂x = 2xy + y cos(xy)", "∂f/∂y = x² + x cos(xy) + z³", "∂f/∂z = 3yz²"]),
    (lambda w: w[0] ** 2 + 2 * w[1] ** 2, (np.ones(2),), ["f(w) = w₀² + 2w₁²", "∂f/∂w₀ = 2w₀", "∂f/∂w₁ = 4w₁"]),
    (lambda w: (w[0] - 3) ** 2 + 2 * (w[1] - 1) ** 2, (np.ones(2),),
     ["f(w) = (w₀ − 3)² + 2(w₁ − 1)²", "∂f/∂w₀ = 2w₀ − 6", "∂f/∂w₁ = 4w₁ − 4"]),
    (lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2, (np.array([-1.2, 1.0]),),
     ["f(x) = (1 − x₀)² + 100(x₁ − x₀²)²", "∂f/∂x₀ = 400x₀³ − 400x₀x₁ + 2x₀ − 2", "∂f/∂x₁ = 200x₁ − 200x₀²"]),
    (lambda x: np.linalg.norm(x), (np.ones(2),), ["f(x) = √(x₀² + x₁²)", "∂f/∂x₀ = x₀/√(x₀² + x₁²)", "∂f/∂x₁ = x₁/√(x₀² + x₁²)"]),
    (series, (0.3,), ["series(x) = x⁴/4 + x³/3 + x²/2 + x", "dseries/dx = x³ + x² + x + 1"]),
    (lambda A: np.linalg.det(A), (np.eye(2),),
     ["f(A) = A₀₀A₁₁ − A₀₁A₁₀", "∂f/∂A₀₀ = A₁₁", "∂f/∂A₀₁ = −A₁₀", "∂f/∂A₁₀ = −A₀₁", "∂f/∂A₁₁ = A₀₀"]),
    (lambda x: special.logsumexp(x), (np.array([1.0, 2.0]),),
     ["f(x) = log(e^x₀ + e^x₁)", "∂f/∂x₀ = e^x₀/(e^x₀ + e^x₁)", "∂f/∂x₁ = e^x₁/(e^x₀ + e^x₁)"]),
    (lambda x: x @ np.array([[1.0, 2.0], [3.0, 4.0]]), (np.ones(2),),
     ["f₀(x) = x₀ + 3x₁", "f₁(x) = 2x₀ + 4x₁", "∂f₀/∂x₀ = 1", "∂f₀/∂x₁ = 3", "∂f₁/∂x₀ = 2", "∂f₁/∂x₁ = 4"]),
    (lambda x: special.j0(x), (1.0,), ["f(x) = J₀(x)", "df/dx = −J₁(x)"]),
    (lambda x: special.gamma(x), (1.5,), ["f(x) = Γ(x)", "df/dx = Γ(x) ψ(x)"]),
]  # fmt: skip


@pytest.mark.parametrize(("function", "point", "expected"), TEXTBOOK, ids=lambda v: v[0] if isinstance(v, list) else "")
def test_textbook_lines(function, point, expected):
    assert lines(gw.formula(function, *point)) == expected


def test_cross_entropy_is_the_softplus_less_the_score():
    formula = gw.formula(logistic_loss, 0.3, 0.7)
    assert str(formula.value) == "-y*z + log(exp(z) + 1)"


def test_a_log_sum_exp_shifted_by_hand_loses_its_shift():
    def shifted(x):
        top = np.max(x)
        return np.log(np.sum(np.exp(x - top))) + top

    assert str(gw.formula(shifted, np.array([1.0, 2.0])).value) == "log(exp(x_0) + exp(x_1))"


def test_softmax_loses_its_shift_and_its_condition():
    formula = gw.formula(lambda x: special.softmax(x)[0], np.array([1.0, 2.0]))
    assert str(formula.value) == "exp(x_0)/(exp(x_0) + exp(x_1))"
    assert formula.conditions == []


# --- parts --------------------------------------------------------------------------------------------------------------


def test_parts_of_a_formula():
    import sympy

    formula = gw.formula(f, 1.0, 2.0)
    x, y = formula.symbols
    assert x == sympy.Symbol("x", real=True)
    assert formula.value == x**2 * y + 3 * x * y**2
    assert formula.gradient == sympy.Matrix([2 * x * y + 3 * y**2, x**2 + 6 * x * y])
    assert formula.jacobian == formula.gradient.T
    assert formula.hessian == sympy.Matrix([[2 * y, 2 * x + 6 * y], [2 * x + 6 * y, 6 * x]])
    assert formula.to_sympy()["value"] == formula.value
    assert formula.to_sympy()["symbols"] == {"x": x, "y": y}
    assert formula.to_sympy()["conditions"] == sympy.true
    assert formula.point == {x: 1.0, y: 2.0}
    assert isinstance(formula, Formula)
    assert repr(formula) == str(formula)


def test_plain_values():
    found = gw.formula(f, 1.0, 2.0).to_dict()
    assert list(found) == [
        "function",
        "arguments",
        "symbols",
        "shape",
        "value",
        "derivatives",
        "conditions",
        "point",
        "notes",
        "latex",
    ]
    assert found["value"] == [{"of": "f", "formula": "x**2*y + 3*x*y**2", "text": "x²y + 3xy²"}]
    assert found["derivatives"][1] == {"of": "f", "by": "y", "formula": "x**2 + 6*x*y", "text": "x² + 6xy"}


def test_latex_in_notebooks():
    formula = gw.formula(f, 1.0, 2.0)
    assert formula.latex() == (
        "\\begin{aligned}\n"
        "f(x, y) &= x^{2} y + 3 x y^{2} \\\\\n"
        "\\frac{\\partial f}{\\partial x} &= 2 x y + 3 y^{2} \\\\\n"
        "\\frac{\\partial f}{\\partial y} &= x^{2} + 6 x y\n"
        "\\end{aligned}"
    )
    assert formula._repr_latex_() == f"$\\displaystyle {formula.latex()}$"


def test_vectors_have_a_jacobian_and_no_gradient():
    formula = gw.formula(lambda x: np.array([1.0, 2.0]) * x, np.ones(2))
    assert formula.value.shape == (2,)
    assert formula.jacobian.tolist() == [[1, 0], [0, 2]]
    assert len(formula.hessians()) == 2
    with pytest.raises(
        gw.OutputError, match=r"output has 2 entries\. One real value is required\. Write formula\.jacobian"
    ):
        _ = formula.gradient
    with pytest.raises(gw.OutputError, match=r"hessians\(\)"):
        _ = formula.hessian


def test_nested_arguments_take_the_names_of_their_keys():
    def loss(params, scale):
        return scale * np.sum(params["w"] ** 2) + params["b"]

    formula = gw.formula(loss, {"w": np.ones(2), "b": 1.0}, 2.0)
    assert [s.name for s in formula.symbols] == ["b", "w_0", "w_1", "scale"]
    twice = gw.formula(lambda p, q: p["w"] * q["w"], {"w": 1.0}, {"w": 2.0})
    assert [s.name for s in twice.symbols] == ["p_w", "q_w"]


def test_argnums_choose_the_symbols():
    assert lines(gw.formula(f, 1.0, 2.0, argnums=0)) == ["f(x) = 2x² + 12x", "df/dx = 4x + 12"]
    assert lines(gw.formula(f, 1.0, 2.0, argnums="y")) == ["f(y) = 3y² + y", "df/dy = 6y + 1"]
    assert lines(gw.formula(f, 1.0, y=2.0)) == ["f(x, y) = x²y + 3xy²", "∂f/∂x = 2xy + 3y²", "∂f/∂y = x² + 6xy"]


def test_integers_and_other_arguments():
    assert str(gw.formula(f, 1, 2).value) == "x**2*y + 3*x*y**2"

    def power(x, name, count=3):
        assert name == "cube"
        return x**count

    assert str(gw.formula(power, 2.0, "cube").value) == "x**3"


def test_without_a_point_the_parameters_are_numbers():
    formula = gw.formula(f)
    assert str(formula.value) == "x**2*y + 3*x*y**2"
    assert formula.notes == []
    branched = gw.formula(lambda x, y: x * y if x < y else y)
    assert branched.notes == ["no point was given; the branch is the one taken at x = 0.414214, y = 0.732051"]
    with pytest.raises(
        gw.InputError, match=r"was given no point, and <lambda> does not take one number for each parameter"
    ):
        gw.formula(lambda x: x[0] + x[1])
    with pytest.raises(gw.InputError, match="has no parameters that need one"):
        gw.formula(lambda x=1.0: x)


def test_numbers_are_written_as_a_textbook_writes_them():
    assert str(gw.formula(lambda x: 0.1 * x + 1 / 3, 1.0).value) == "x/10 + 1/3"
    assert (
        str(gw.formula(lambda x: np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi), 1.0).value)
        == "sqrt(2)*exp(-x**2/2)/(2*sqrt(pi))"
    )
    assert str(gw.formula(lambda x: 0.12345678912345 * x, 1.0).value) == "0.12345678912345*x"


def test_simplify_false_keeps_what_differentiation_gives():
    assert str(gw.formula(lambda x: (x - 1) * (x + 1), 2.0, simplify=False).jacobian[0]) == "2*x"
    assert (
        str(gw.formula(lambda x: np.sin(x) ** 2 + np.cos(x) ** 2, 2.0, simplify=False).value) == "sin(x)**2 + cos(x)**2"
    )
    assert str(gw.formula(lambda x: np.sin(x) ** 2 + np.cos(x) ** 2, 2.0).value) == "1"


def test_arrays_of_size_zero_and_of_no_dimension():
    assert gw.formula(lambda x: np.sum(x), np.array(2.0)).jacobian.tolist() == [[1]]
    assert gw.formula(lambda x, y: np.sum(x) + y, np.ones(0), 1.0).jacobian.tolist() == [[1]]


def test_a_function_that_does_not_depend_on_its_argument():
    assert lines(gw.formula(lambda x: 2.0 + 0.0 * x, 1.0)) == ["f(x) = 2", "df/dx = 0"]
    assert lines(gw.formula(lambda x: 2.0, 1.0)) == ["f(x) = 2", "df/dx = 0"]


def test_float32_and_foreign_layouts():
    assert str(gw.formula(lambda x: x * np.float32(0.1), np.float32(2.0)).value) == "x/10"
    x = np.arange(8.0)[::4]
    x.flags.writeable = False
    assert str(gw.formula(lambda x: x[0] * x[1], x).value) == "x_0*x_1"


def test_output_in_a_container():
    formula = gw.formula(lambda x: {"a": x, "b": x**2}, 3.0)
    assert formula.values == [formula.symbols[0], formula.symbols[0] ** 2]


def test_numbers_are_written_into_arrays_and_stacks():
    def written(x):
        y = np.zeros(2)
        y[0] = x
        y[1] = y[0] * x
        return y

    assert [str(v) for v in gw.formula(written, 3.0).values] == ["x", "x**2"]
    stack = gw.formula(lambda x: np.linalg.det(np.stack([np.eye(2) * x, np.ones((2, 2)) * x])), 3.0)
    assert [str(v) for v in stack.values] == ["x**2", "0"]


@pytest.mark.slow
def test_long_formulas_are_cut_and_zeros_counted():
    diagonal = gw.formula(lambda x: x**2, np.ones(4))
    assert lines(diagonal)[-1] == "all other 12 derivatives are 0"
    long = gw.formula(lambda x: np.sum(np.sin(x * np.arange(1.0, 300.0))), 1.0)
    assert re.search(r"… \([\d,]+ characters more; read formula\.value and formula\.jacobian\)", str(long))


# --- conditions -----------------------------------------------------------------------------------------------------------


def branch(x):
    if x > 1:
        return x**3
    return -x


def test_the_branch_taken_is_stated_with_its_line():
    formula = gw.formula(branch, 2.0)
    (condition,) = formula.conditions
    assert lines(formula)[:2] == ["branch(x) = x³", "dbranch/dx = 3x²"]
    assert (str(condition.holds), condition.filename) == ("x > 1", __file__)
    assert lines(formula)[2] == f"while x > 1      # test_formula.py:{condition.lineno}"
    other = gw.formula(branch, 0.5)
    assert (str(other.value), str(other.conditions[0].holds)) == ("-x", "x <= 1")
    assert other.to_dict()["conditions"][0] == {
        "condition": "x <= 1", "text": "x ≤ 1", "file": __file__, "line": condition.lineno,
    }  # fmt: skip
    assert "\\text{if } & x > 1" in formula.latex()


def test_a_loop_until_a_tolerance_is_unrolled_under_its_conditions():
    def root(a):
        x = 1.0 * a
        while np.abs(x * x - a) > 0.1:
            x = 0.5 * (x + a / x)
        return x

    formula = gw.formula(root, 2.0)
    assert len(formula.conditions) == 3
    assert abs(float(formula.value.subs(formula.symbols[0], 2.0)) - root(2.0)) < 1e-15


def test_an_index_that_depends_on_the_arguments_is_a_condition():
    formula = gw.formula(lambda x: np.array([1.0, 2.0, 4.0])[int(x)] * x, 1.3)
    assert str(formula.value) == "2*x"
    assert len(formula.conditions) == 1
    assert formula.conditions[0].holds.subs(formula.symbols[0], 1.4)
    assert not formula.conditions[0].holds.subs(formula.symbols[0], 2.1)


@pytest.mark.parametrize("function", [int, round, math.floor, math.ceil, math.trunc])
def test_whole_numbers_keep_their_value_under_the_condition(function):
    for point in (1.3, 1.7, -1.3, -1.7, 2.0, 0.5):
        formula = gw.formula(lambda x: function(x) * x, point)
        (condition,) = formula.conditions
        for other in np.linspace(point - 1, point + 1, 41):
            if condition.holds.subs(formula.symbols[0], float(other)) == True:  # SymPy's own true
                found = float(formula.value.subs(formula.symbols[0], float(other)))
                assert found == pytest.approx(function(float(other)) * float(other), abs=1e-12)


def test_sorting_states_the_order():
    formula = gw.formula(lambda x: np.sort(x)[0], np.array([3.0, 1.0, 2.0]))
    assert str(formula.value) == "x_1"
    assert len(formula.conditions) == 2
    for point, expected in (((3, 1, 2), True), ((3, 2, 1), False), ((1, 2, 3), False), ((1.5, 1, 2), False)):
        at = dict(zip(formula.symbols, point, strict=True))
        assert all(bool(c.holds.subs(at)) for c in formula.conditions) is expected


def test_kinks_follow_the_conventions_of_gradwise():
    def at(function, *point):
        formula = gw.formula(function, *[p + 0.5 for p in point])
        return [float(e.subs(dict(zip(formula.symbols, point, strict=True)))) for e in formula.jacobian]

    for function, point in (
        (lambda x: abs(x), (0.0,)),
        (lambda x: np.maximum(x, 0.0), (0.0,)),
        (lambda x, y: np.maximum(x, y), (1.0, 1.0)),
        (lambda x, y: np.minimum(2 * x, y), (1.0, 2.0)),
    ):
        with pytest.warns(gw.KinkWarning):
            expected = gw.grad(function, "all")(*point)
        assert at(function, *point) == list(expected)


def test_the_slope_of_the_largest_of_three_is_undefined_at_a_tie():
    import sympy

    formula = gw.formula(lambda x: np.max(x), np.array([1.0, 2.0, 3.0]))
    tie = dict.fromkeys(formula.symbols, 1)
    assert formula.jacobian[0].subs(tie) is sympy.nan


# --- Hessians against gradwise's ------------------------------------------------------------------------------------------


@pytest.mark.slow
@given(st.lists(st.floats(-2, 2).map(lambda v: round(v, 3)), min_size=2, max_size=2))
def test_hessians_are_gradwises(point):
    def g(v):
        return np.exp(-(v[0] ** 2)) * np.sin(v[1]) + np.log1p(v[0] ** 2 * v[1] ** 2)

    symbols = FORMULA.symbols
    found = np.array(FORMULA_HESSIAN.subs(dict(zip(symbols, point, strict=True))).evalf(20).tolist(), float)
    np.testing.assert_allclose(found, gw.hessian(g)(np.array(point)), rtol=1e-9, atol=1e-12)


def smooth(v):
    return np.exp(-(v[0] ** 2)) * np.sin(v[1]) + np.log1p(v[0] ** 2 * v[1] ** 2)


if importlib.util.find_spec("sympy"):
    FORMULA = gw.formula(smooth, np.array([0.3, 0.7]))
    FORMULA_HESSIAN = FORMULA.hessian


# --- refusals -------------------------------------------------------------------------------------------------------------


def test_a_primitive_without_a_counterpart_is_named_with_its_line():
    def waves(x):
        return np.sum(scipy.special.modstruve(1, x))

    with pytest.raises(
        gw.TracingError, match=r"gw\.formula of waves: the primitive modstruve has no counterpart in SymPy"
    ) as caught:
        gw.formula(waves, np.ones(4))
    assert caught.value.filename == __file__
    assert caught.value.lineno == waves.__code__.co_firstlineno + 1


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: np.linalg.qr(x)[1][0, 0], r"the factors of qr, whose signs are LAPACK's choice .*, have no formula"),
        (lambda x: np.linalg.eigh(x + x.T)[1][0, 0], r"eigenvectors, whose signs are LAPACK's choice, have no formula"),
        (lambda x: np.linalg.svd(x)[0][0, 0], r"singular vectors, whose signs are LAPACK's choice, have no formula"),
        (
            lambda x: np.linalg.eigvals(x)[0].real,
            r"whose order is LAPACK's choice \(np\.linalg\.eigvalsh has a formula\)",
        ),
    ],
)
def test_factors_that_are_lapacks_choice_are_refused(f, message):
    with pytest.raises(gw.TracingError, match=message):
        gw.formula(f, np.array([[2.0, 0.3], [0.5, 1.0]]))


def test_matrices_and_transforms_that_are_too_large_are_refused():
    with pytest.raises(
        gw.InputError, match=r"svdvals of a matrix of 3 by 3, where singular values have a short formula up to two"
    ):
        gw.formula(lambda x: np.linalg.svd(x, compute_uv=False)[0], np.diag([1.0, 2.0, 3.0]))
    with pytest.raises(gw.InputError, match=r"fft of an axis of 17 entries, where formulas are written up to 16"):
        gw.formula(lambda x: np.abs(np.fft.fft(x)[1]), np.ones(17))


def test_a_custom_rule_is_named():
    @gw.custom_rule(jvp=lambda primals, tangents: 3 * tangents[0])
    def own(x):
        return 3 * x

    with pytest.raises(gw.TracingError, match="a call with a rule of its own"):
        gw.formula(lambda x: own(x), 1.0)


def test_what_is_too_large_says_so():
    def iterated(x):
        for _ in range(40):
            x = 3.7 * x * (1 - x)
        return x

    with pytest.raises(
        gw.InputError, match=r"iterated: the formula grows beyond 2,000 operations and symbols.*raise limit="
    ):
        gw.formula(iterated, 0.3)
    with pytest.raises(gw.InputError, match="more than 20,000 entries"):
        gw.formula(lambda x: np.sum(x * np.ones((200, 200))), 1.0)
    with pytest.raises(gw.InputError, match=r"inv of a matrix of 5 by 5, where formulas are written up to 4 by 4"):
        gw.formula(lambda x: np.linalg.inv(x)[0, 0], np.eye(5))
    with pytest.raises(gw.InputError, match="eigvalsh of a matrix of 3 by 3"):
        gw.formula(lambda x: np.linalg.eigvalsh(x)[0], np.diag([1.0, 2.0, 3.0]))


def test_what_sympy_cannot_do_is_refused_with_the_line():
    def undefined(x):
        return np.max(np.stack([x, np.float64("nan") * x]))

    with pytest.raises(gw.TracingError, match=r"the primitive max: The argument 'nan' is not comparable") as caught:
        gw.formula(undefined, 1.0)
    assert caught.value.lineno == undefined.__code__.co_firstlineno + 1


def test_complex_arguments_and_none():
    with pytest.raises(gw.InputError, match="complex argument"):
        gw.formula(lambda z: abs(z) ** 2, 1 + 2j)
    with pytest.raises(gw.InputError, match="was given no numbers"):
        gw.formula(lambda s: 1.0, "text")
    with pytest.raises(gw.InputError, match=r"gw\.formula was given 3"):
        gw.formula(3, 1.0)


def test_a_function_that_raises_raises():
    def broken(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        gw.formula(broken, 1.0)


def test_without_sympy_the_extra_is_named(monkeypatch):
    from gradwise.symbolic import library

    real = builtins.__import__

    def absent(name, *args, **kwargs):
        if name == "sympy":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ImportError, match=r"pip install 'gradwise\[sympy\]'"):
        library._Library().Symbol


def test_sympy_is_not_imported_with_gradwise():
    import subprocess

    found = subprocess.run(
        [sys.executable, "-c", "import gradwise, sys; print('sympy' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "False"


def test_a_wrong_formula_is_withheld():
    import sympy

    program = gw.trace(lambda x: x**2, 1.5)
    (x,) = symbols = [sympy.Symbol("x", real=True)]
    point, captured = [1.5], []
    assert verify(program, point, captured, symbols, [x**2], [[2 * x]]) == 0
    with pytest.raises(gw.ProgramError, match="withheld"):
        verify(program, point, captured, symbols, [x**2], [[3 * x]])
    with pytest.raises(gw.ProgramError, match="withheld"):
        verify(program, point, captured, symbols, [x**2 + 1], [[2 * x]])


def test_a_small_slope_beside_a_large_value_is_compared():
    import sympy

    program = gw.trace(lambda x: 1e8 + x, 1.5)
    (x,) = symbols = [sympy.Symbol("x", real=True)]
    assert verify(program, [1.5], [1e8], symbols, [10**8 + x], [[sympy.Integer(1)]]) == 0
    with pytest.raises(gw.ProgramError, match="withheld"):
        verify(program, [1.5], [1e8], symbols, [10**8 + x], [[sympy.Integer(3)]])


def test_a_program_that_cancels_at_its_point_has_a_formula():
    assert str(gw.formula(lambda x: (1 - np.cos(x)) / x**2, 1e-8).value) == "(1 - cos(x))/x**2"
