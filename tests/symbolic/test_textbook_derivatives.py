"""Formulas of textbook functions against SymPy's own derivative of the function as the textbook writes it, by exact simplification."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from scipy import special

import gradwise as gw

if importlib.util.find_spec("sympy"):
    import sympy

pytestmark = pytest.mark.extras("sympy")

#: the function as a program, and as a textbook writes it
FUNCTIONS = {
    "power": (lambda x: x**5, "x**5"),
    "root": (lambda x: np.sqrt(x), "sqrt(x)"),
    "cube root": (lambda x: np.cbrt(1 + x * x), "cbrt(1 + x**2)"),
    "reciprocal": (lambda x: 1 / x, "1/x"),
    "exponential": (lambda x: np.exp(-x * x / 2), "exp(-x**2/2)"),
    "base two": (lambda x: 2.0**x, "2**x"),
    "power tower": (lambda x: x**x, "x**x"),
    "logarithm": (lambda x: np.log(x * x + 1), "log(x**2 + 1)"),
    "base ten": (lambda x: np.log10(x), "log(x)/log(10)"),
    "sine": (lambda x: np.sin(3 * x) ** 2, "sin(3*x)**2"),
    "tangent": (lambda x: np.tan(x), "tan(x)"),
    "arctangent": (lambda x: np.arctan(x), "atan(x)"),
    "arcsine": (lambda x: np.arcsin(x / 2), "asin(x/2)"),
    "hyperbolic tangent": (lambda x: np.tanh(x), "tanh(x)"),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), "1/(1 + exp(-x))"),
    "expit": (lambda x: special.expit(x), "1/(1 + exp(-x))"),
    "softplus": (lambda x: np.logaddexp(0.0, x), "log(1 + exp(x))"),
    "swish": (lambda x: x / (1 + np.exp(-x)), "x/(1 + exp(-x))"),
    "gelu": (lambda x: x * (1 + special.erf(x / np.sqrt(2))) / 2, "x*(1 + erf(x/sqrt(2)))/2"),
    "product": (lambda x: x * np.sin(x) * np.exp(x), "x*sin(x)*exp(x)"),
    "quotient": (lambda x: np.sin(x) / x, "sin(x)/x"),
    "chain": (lambda x: np.sin(np.cos(np.exp(x))), "sin(cos(exp(x)))"),
    "loop": (lambda x: sum(x**k / (k + 1) for k in range(4)), "1 + x/2 + x**2/3 + x**3/4"),
    "log gamma": (lambda x: special.gammaln(x), "loggamma(x)"),
    "two variables": (lambda x, y: x**2 * y + 3 * x * y**2, "x**2*y + 3*x*y**2"),
    "three variables": (lambda x, y, z: x**2 * y + y * z**3 + np.sin(x * y), "x**2*y + y*z**3 + sin(x*y)"),
    "distance": (lambda x, y: np.hypot(x, y), "sqrt(x**2 + y**2)"),
    "angle": (lambda x, y: np.arctan2(y, x), "atan2(y, x)"),
    "rosenbrock": (lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2, "(1 - x)**2 + 100*(y - x**2)**2"),
    "himmelblau": (lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2, "(x**2 + y - 11)**2 + (x + y**2 - 7)**2"),
    "log-sum-exp": (lambda x, y: special.logsumexp(np.array([x, y])), "log(exp(x) + exp(y))"),
    "softmax": (lambda x, y: special.softmax(np.array([x, y]))[0], "exp(x)/(exp(x) + exp(y))"),
    "cross-entropy": (lambda x, y: -special.log_softmax(np.array([x, y]))[1], "log(exp(x) + exp(y)) - y"),
    "determinant": (lambda x, y: np.linalg.det(np.array([[x, y, 1.0], [1.0, x, y], [y, 1.0, x]])), "x**3 + y**3 + 1 - 3*x*y"),
    "inverse": (lambda x, y: np.linalg.inv(np.array([[x, y], [1.0, x]]))[0, 0], "x/(x**2 - y)"),
    "system": (lambda x, y: np.linalg.solve(np.array([[x, 1.0], [1.0, y]]), np.array([1.0, 2.0]))[1], "(2*x - 1)/(x*y - 1)"),
    "quadratic form": (lambda x, y: np.array([x, y]) @ np.array([[2.0, 1.0], [1.0, 3.0]]) @ np.array([x, y]), "2*x**2 + 2*x*y + 3*y**2"),
    "least squares": (lambda w, b: np.mean((w * np.array([1.0, 2.0, 3.0]) + b - np.array([4.0, 5.0, 7.0])) ** 2), "((w+b-4)**2 + (2*w+b-5)**2 + (3*w+b-7)**2)/3"),
    "transform": (lambda x, y: np.abs(np.fft.fft(np.array([x, y, 0.0]))[1]) ** 2, "x**2 - x*y + y**2"),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_gradient_and_hessian_are_those_of_the_textbook(name):
    f, text = FUNCTIONS[name]
    formula = gw.formula(f)
    known = {str(s): s for s in formula.symbols}
    expected = sympy.sympify(text, locals=known)
    assert set(expected.free_symbols) <= set(formula.symbols)
    assert not formula.conditions
    same = lambda a, b: sympy.simplify((a - b).rewrite(sympy.exp) if name == "swish" else a - b) == 0
    assert same(formula.value, expected)
    for symbol, slope in zip(formula.symbols, formula.gradient, strict=True):
        assert same(slope, sympy.diff(expected, symbol)), (symbol, slope)
    second = formula.hessian
    for i, a in enumerate(formula.symbols):
        for j, b in enumerate(formula.symbols):
            assert same(second[i, j], sympy.diff(expected, a, b)), (a, b)


@pytest.mark.parametrize("name", ["two variables", "sigmoid", "distance"])
def test_notebooks_show_latex_that_holds_the_formula(name):
    f, _ = FUNCTIONS[name]
    formula = gw.formula(f)
    latex = formula._repr_latex_()
    assert latex.startswith("$\\displaystyle ")
    assert latex.endswith("$")
    assert latex.count("{") == latex.count("}")
    assert latex.count("\\left") == latex.count("\\right")
    assert "\\partial" in latex or "'" in latex or "\\frac{d" in latex
    assert sympy.latex(formula.value).replace(" ", "")[:4] in latex.replace(" ", "")
