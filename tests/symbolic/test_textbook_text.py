"""What is printed is what is meant: random expressions are printed, read back by a parser written here, and evaluated."""

from __future__ import annotations

import math
import re

import mpmath
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

pytest.importorskip("sympy")
import sympy as sp

from gradwise.symbolic.textbook import name_text, text
from gradwise.symbolic.tidying import tidy

X, Y, Z = SYMBOLS = sp.symbols("x y z", real=True)
POINT = {"x": "0.7", "y": "1.9", "z": "-0.4"}
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿˣʸᶻ", "0123456789−+nxyz")
FUNCTIONS = {
    **{name: getattr(mpmath, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "log", "sign")},
    "max": max,
    "min": min,
}


class Reader:
    """A reader of the lines of a textbook: sums of products of powers, one slash to a term, factors side by side."""

    def __init__(self, line):
        self.line, self.place, self.bars = line, 0, 0

    def peek(self, what):
        return self.line.startswith(what, self.place)

    def take(self, what):
        if self.peek(what):
            self.place += len(what)
            return True
        return False

    def match(self, pattern):
        found = re.compile(pattern).match(self.line, self.place)
        if found:
            self.place = found.end()
        return found and found.group()

    def total(self):
        value = -self.term() if self.take("−") else self.term()
        while True:
            if self.take(" + "):
                value += self.term()
            elif self.take(" − "):
                value -= self.term()
            else:
                return value

    def term(self):
        value = self.factor()
        while self.take("·") or (
            self.starts_factor(1)
            if self.peek(" ") and not re.match(r" [+−]", self.line[self.place :])
            else self.starts_factor()
        ):
            self.take(" ")
            value *= self.factor()
        if self.take("/"):
            value /= self.factor()
        return value

    def starts_factor(self, skip=0):
        rest = self.line[self.place + skip :]
        return bool(re.match(r"[\w(√∛π]", rest)) or (rest[:1] == "|" and not self.bars)

    def factor(self):
        value = self.atom()
        raised = self.match("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿˣʸᶻ]+")
        if raised:
            return value ** Reader(re.sub(r"(?<=.)[+−]", r" \g<0> ", raised.translate(RAISED))).total()
        if self.take("^"):
            return value ** self.atom()
        return value

    def atom(self):
        for root, power in (("√", 2), ("∛", 3), ("∜", 4)):
            if self.take(root):
                inner = self.atom()
                return mpmath.sign(inner) * mpmath.root(abs(inner), 3) if root == "∛" else mpmath.root(inner, power)
        if self.take("("):
            value = self.total()
            assert self.take(")")
            return value
        if self.take("|"):
            self.bars += 1
            value = abs(self.total())
            self.bars -= 1
            assert self.take("|")
            return value
        number = self.match(r"\d+(\.\d+)?(·10[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)?")
        if number:
            mantissa, _, exponent = number.partition("·10")
            return mpmath.mpf(mantissa) * mpmath.mpf(10) ** int(exponent.translate(RAISED).replace("−", "-") or 0)
        name = self.match("|".join(sorted(FUNCTIONS, key=len, reverse=True)))
        if name:
            raised = self.match("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
            assert self.take("(")
            values = [self.total()]
            while self.take(", "):
                values.append(self.total())
            assert self.take(")")
            return FUNCTIONS[name](*values) ** int((raised or "¹").translate(RAISED))
        if self.take("e"):
            return mpmath.e
        if self.take("π"):
            return mpmath.pi
        return mpmath.mpf(POINT[self.match("[xyz]")])


def read_back(line):
    reader = Reader(line)
    with mpmath.workdps(60):
        value = reader.total()
    assert reader.place == len(line), f"{line!r} is not read beyond {line[reader.place :]!r}"
    return value


NUMBERS = st.sampled_from(
    [sp.Integer(n) for n in (-3, -1, 1, 2, 5)] + [sp.Rational(1, 2), sp.Rational(-2, 3), sp.Float(3.7), sp.pi]
)
LEAVES = st.one_of(st.sampled_from(SYMBOLS), NUMBERS)


def grown(children):
    one, two = children, st.tuples(children, children)
    return st.one_of(
        two.map(lambda p: p[0] + p[1]),
        two.map(lambda p: p[0] - p[1]),
        two.map(lambda p: p[0] * p[1]),
        two.map(lambda p: p[0] / p[1] if p[1] != 0 else p[0]),
        st.tuples(one, st.sampled_from([2, 3, -1, -2])).map(lambda p: p[0] ** p[1] if p[0] != 0 else p[0]),
        st.tuples(one, st.sampled_from([sp.Rational(1, 2), sp.Rational(3, 2), sp.Rational(1, 3)])).map(
            lambda p: (1 + p[0] ** 2) ** p[1]
        ),
        st.tuples(one, one).map(lambda p: (1 + p[0] ** 2) ** p[1]),
        one.map(sp.sin),
        one.map(sp.tanh),
        one.map(sp.exp),
        one.map(lambda e: sp.log(1 + e**2)),
        st.sampled_from(SYMBOLS).map(sp.Abs),
        two.map(lambda p: sp.Max(*p)),
    )


def usable(expression):
    """Whether an expression has an ordinary value at the point, and is not of a kind that is printed in words."""
    if expression.has(sp.nan, sp.zoo, sp.oo, sp.I, sp.re, sp.im, sp.arg, sp.Heaviside):
        return None
    if sp.count_ops(expression) > 30 or any(a.args[0].has(sp.Abs) for a in expression.atoms(sp.Abs)):
        return None
    point = {s: sp.Rational(POINT[s.name]) for s in SYMBOLS}
    # what is large inside a sine needs more digits than there are
    if any(abs(complex(sp.N(node.subs(point), 8))) > 1e4 for node in sp.preorder_traversal(expression)):
        return None
    value = complex(sp.N(expression.subs(point), 20))
    return value.real if abs(value.imag) == 0 and 1e-8 < abs(value.real) < 1e8 else None


@pytest.mark.slow
@settings(max_examples=150)
@given(st.recursive(LEAVES, grown, max_leaves=7))
def test_a_line_means_its_expression(expression):
    expected = usable(expression)
    assume(expected is not None)
    assert math.isclose(read_back(text(expression)), expected, rel_tol=1e-7), text(expression)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.recursive(LEAVES, grown, max_leaves=5))
def test_a_tidied_line_means_its_expression(expression):
    expected = usable(expression)
    assume(expected is not None)
    tidied = tidy(expression)
    assume(usable(tidied) is not None)
    assert math.isclose(read_back(text(tidied)), expected, rel_tol=1e-6), text(tidied)


@pytest.mark.parametrize(
    ("expression", "line"),
    [
        (sp.sqrt(X) * Y, "√x·y"),
        (sp.sqrt(2) * sp.exp(X), "√2·eˣ"),
        (Y * sp.sqrt(X + 1), "y√(x + 1)"),
        (1 - X, "1 − x"),
        (-X - Y, "−x − y"),
        (X / 2, "x/2"),
        (-X / (2 * Y), "−x/(2y)"),
        ((X - Y) / Z, "(x − y)/z"),
        (-(X - Y) / Z, "(y − x)/z"),
        (2**X, "2ˣ"),
        (X**Y, "xʸ"),
        (X ** (Y + Z), "xʸ⁺ᶻ"),
        (sp.exp(-X) / (1 + sp.exp(-X)) ** 2, "e⁻ˣ/(1 + e⁻ˣ)²"),
        (sp.sin(X) ** 2 * sp.cos(Y), "sin²(x) cos(y)"),
        (sp.exp(sp.Symbol("x_0")) * sp.exp(sp.Symbol("x_1")), "e^x₀·e^x₁"),
        (3 * sp.Symbol("rate") * sp.Symbol("b"), "3b·rate"),
        (sp.Float(1.5e-7) * X, "1.5·10⁻⁷ x"),
        (X * sp.Piecewise((1, X > 0), (0, True)) + Y, "x (1 if x > 0, 0 otherwise) + y"),
        (sp.And(X > 0, sp.Or(Y > 0, Z <= 1)), "(y > 0 or z ≤ 1) and x > 0"),
        (sp.Not(sp.And(X > 0, Y > 0)), "not (x > 0 and y > 0)"),
        (sp.Eq(X, 2) & sp.Ne(Y, 1), "x = 2 and y ≠ 1"),
        (sp.floor(X) + sp.ceiling(Y), "⌈y⌉ + ⌊x⌋"),
        (sp.besselj(2, X) * sp.gamma(Y), "J₂(x) Γ(y)"),
        (sp.polygamma(1, X) + sp.loggamma(Y), "log Γ(y) + ψ′(x)"),
        (sp.oo, "∞"),
        (sp.nan, "undefined"),
        (sp.Rational(-1, 2), "−1/2"),
        (sp.Rational(1, 2) ** X, "(1/2)ˣ"),
    ],
)  # fmt: skip
def test_lines(expression, line):
    assert text(expression) == line


def test_names():
    assert [name_text(n) for n in ("x", "x_12", "W_0,11", "alpha", "beta_1", "x_max", "w1")] == [
        "x", "x₁₂", "W₀,₁₁", "α", "β₁", "x_max", "w1",
    ]  # fmt: skip
