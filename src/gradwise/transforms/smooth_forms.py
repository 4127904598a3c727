"""Compositions whose chain rule meets 0 · ∞, written in the form that does not.

    smooth_forms : (P : x → y)  →  (P' : x → y),   equal as functions; P' has a derivative where P's chain rule has none

Applied only behind a derivative that came out as nan, so that no program pays for it.  A pass is a table: a row is the primitive that closes the pattern and
the function that recognises it.  Real operands only; a complex root has a branch.

====================================  ==============================================================
√(Σ uᵢ²), (Σ uᵢ²)^½                   the norm, with slope 0 at 0 (a kink)
√(x²ᵐ), (xⁿ)ᵖ                         |x|ᵐ,  |x|ⁿᵖ for even n,  xⁿᵖ for odd n (defined for x ≥ 0)
∛(x³ᵐ)                                xᵐ
(√x)ⁿ, √x·√x, (∛x)³ᵐ                  xⁿᐟ²,  x,  xᵐ
e^(log x), e^(c log x), expm1(log1p)  x,  xᶜ,  x
|x|²ᵐ, ‖x‖², hypot(x, y)²             x²ᵐ,  Σ xᵢ²,  x² + y²
cos, cosh, hypot, norm, abs of |x|    of x
c/(1 + eᵘ), (1 + eᵘ)⁻¹                c σ(−u), where eᵘ overflows
====================================  ==============================================================
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradwise.program import Builder, Equation, Guard, Program, Symbol
from gradwise.rules.algebra import add, mul, neg
from gradwise.rules.elementwise import abs_, expit, square
from gradwise.rules.powers import pow_, power
from gradwise.rules.reductions import sum_
from gradwise.rules.roots import root_of_squares

#: keep a sum of squares one
_LINEAR = frozenset(
    [
        "sum",
        "sum_to",
        "getitem",
        "reshape",
        "transpose",
        "broadcast_to",
        "cumsum",
        "diagonal",
        "concatenate",
        "pack",
        "real",
    ]
)


class _Forms:
    """The program under rewriting: what defines each variable, and what each is now called."""

    def __init__(self, program: Program, is_one: Callable[[int], bool], is_positive: Callable[[int], bool]) -> None:
        self.program = program
        self.defined: dict[int, Equation] = {}
        self.builder = Builder(list(program.types))
        self.renamed: dict[int, int] = {}
        self.is_one = is_one
        self.is_positive = is_positive

    def symbol(self, variable: int) -> Symbol:
        return self.builder.symbol(self.renamed.get(variable, variable))

    def redefine(self, variable: int, by: int) -> None:
        """Further patterns see a rewritten variable in its new form."""
        if by in self.defined:
            self.defined[variable] = self.defined[by]
        elif self.builder.equations and self.builder.equations[-1].outputs == by:
            self.defined[variable] = self.builder.equations[-1]
        else:
            self.defined.pop(variable, None)

    def made_by(self, variable: int, *names: str) -> Equation | None:
        equation = self.defined.get(variable)
        return equation if equation is not None and equation.primitive.name in names else None

    def as_power(self, variable: int) -> tuple[int, float] | None:
        """(x, n) where the variable is xⁿ: a power, a square, a product of equal factors, a reciprocal."""
        equation = self.made_by(variable, "power", "square", "mul", "reciprocal")
        if equation is None:
            return None
        name, inputs = equation.primitive.name, equation.inputs
        if name == "power":
            exponent = equation.params[0]
            return (inputs[0], float(exponent)) if isinstance(exponent, (int, float, np.integer, np.floating)) else None
        if name == "square":
            return inputs[0], 2
        if name == "reciprocal":
            return inputs[0], -1
        if inputs[0] == inputs[1]:
            return inputs[0], 2
        for one, other in (inputs, inputs[::-1]):  # x·x·x, x·x²
            factor = self.as_power(one)
            if factor is not None and factor[0] == other:
                return other, factor[1] + 1
        return None

    def is_sum_of_squares(self, variable: int, depth: int = 0) -> bool:
        """Σ uᵢ², with positive constant weights."""
        equation = self.defined.get(variable)
        if equation is None or depth > 64 or self.builder.types[variable].dtype.kind != "f":
            return False
        name, inputs = equation.primitive.name, equation.inputs
        form = self.as_power(variable)
        if form is not None and form[1] == 2:
            return True
        if name == "add":
            return all(self.is_sum_of_squares(i, depth + 1) for i in inputs)
        if name == "matmul":
            return inputs[0] == inputs[1] and self.builder.types[inputs[0]].ndim == 1
        if name == "einsum":
            terms = equation.params[0].split("->")[0].split(",")
            return len(inputs) == 2 and inputs[0] == inputs[1] and terms[0] == terms[1]
        if name == "real":
            product = self.made_by(inputs[0], "mul")
            return product is not None and self._conjugate_pair(product.inputs)
        if name == "mul":
            return any(self.is_positive(a) and self.is_sum_of_squares(b, depth + 1) for a, b in (inputs, inputs[::-1]))
        if name == "div":
            return self.is_positive(inputs[1]) and self.is_sum_of_squares(inputs[0], depth + 1)
        if name in _LINEAR:
            arrays = [i for i in inputs if self.builder.types[i].dtype.kind == "f"]
            return all(self.is_sum_of_squares(i, depth + 1) for i in arrays)
        return False

    def _conjugate_pair(self, inputs: tuple[int, ...]) -> bool:
        for a, b in (inputs, inputs[::-1]):
            conjugate = self.made_by(a, "conj")
            if conjugate is not None and conjugate.inputs[0] == b:
                return True
        return False

    def one_plus_exp(self, variable: int) -> Symbol | None:
        """The symbol u where the variable is 1 + eᵘ."""
        equation = self.made_by(variable, "add")
        if equation is None:
            return None
        for a, b in (equation.inputs, equation.inputs[::-1]):
            exponential = self.made_by(b, "exp")
            if exponential is not None and self.is_one(a):
                return self.symbol(exponential.inputs[0])
        return None


def _to_the(x: Symbol, n: float) -> Symbol:
    n = round(n) if abs(n - round(n)) < 1e-12 else n
    return x if n == 1 else power(x, params=(n,))


def _root(forms: _Forms, equation: Equation, p: float) -> Symbol | None:
    """The value sᵖ, s being the equation's operand."""
    (s,) = equation.inputs
    if p == 0.5 and forms.is_sum_of_squares(s):
        form = forms.as_power(s)
        return abs_(forms.symbol(form[0])) if form is not None else root_of_squares(forms.symbol(s))
    form = forms.as_power(s)
    if form is not None and p not in (0, 1) and form[1] > 0 and p > 0:
        x, n = form
        if float(n).is_integer() and n % 2 == 0:
            # an even exponent forgets the sign, and an even product remembers nothing of it either
            q = n * p
            return _to_the(forms.symbol(x) if q % 2 == 0 else abs_(forms.symbol(x)), q)
        if not float(p).is_integer():
            return _to_the(forms.symbol(x), n * p)
    return _power_of(forms, s, p)


def _power_of(forms: _Forms, s: int, n: float) -> Symbol | None:
    """sⁿ where s is a root, a modulus or a norm."""
    if not float(n).is_integer() or n <= 0:
        return None
    inner = forms.made_by(s, "sqrt", "root_of_squares", "cbrt", "abs", "norm", "hypot")
    if inner is None or forms.builder.types[inner.inputs[0]].dtype.kind != "f":
        return None
    x = forms.symbol(inner.inputs[0])
    name = inner.primitive.name
    if name in ("sqrt", "root_of_squares"):
        return _to_the(x, n / 2)
    if name == "cbrt":
        return _to_the(x, n / 3) if n % 3 == 0 else None
    if n % 2:
        return None
    if name == "abs":
        return _to_the(x, n)
    if name == "norm":
        return _to_the(sum_(square(x), params=inner.params), n / 2)
    return _to_the(add(square(x), square(forms.symbol(inner.inputs[1]))), n / 2)


def _cube_root(forms: _Forms, equation: Equation) -> Symbol | None:
    form = forms.as_power(equation.inputs[0])
    if form is not None and form[1] > 0 and form[1] % 3 == 0:
        return _to_the(forms.symbol(form[0]), form[1] / 3)
    return None


def _product(forms: _Forms, equation: Equation) -> Symbol | None:
    a, b = equation.inputs
    if a == b:
        return _power_of(forms, a, 2)
    form = forms.as_power(equation.outputs)
    return _power_of(forms, *form) if form is not None else None


def _exponential(forms: _Forms, equation: Equation) -> Symbol | None:
    (u,) = equation.inputs
    logarithm = forms.made_by(u, "log")
    if logarithm is not None:
        return forms.symbol(logarithm.inputs[0])
    scaled = forms.made_by(u, "mul")
    if scaled is not None:
        for c, v in (scaled.inputs, scaled.inputs[::-1]):
            logarithm = forms.made_by(v, "log")
            if logarithm is not None and c in forms.program.captured:
                return pow_(forms.symbol(logarithm.inputs[0]), forms.symbol(c))
    return None


def _expm1(forms: _Forms, equation: Equation) -> Symbol | None:
    logarithm = forms.made_by(equation.inputs[0], "log1p")
    return forms.symbol(logarithm.inputs[0]) if logarithm is not None else None


def _quotient(forms: _Forms, equation: Equation) -> Symbol | None:
    u = forms.one_plus_exp(equation.inputs[1])
    return None if u is None else mul(forms.symbol(equation.inputs[0]), expit(neg(u)))


def _reciprocal(forms: _Forms, equation: Equation, n: float = -1) -> Symbol | None:
    u = forms.one_plus_exp(equation.inputs[0])
    return None if u is None else _to_the(expit(neg(u)), -n)


def _power(forms: _Forms, equation: Equation) -> Symbol | None:
    p = equation.params[0]
    if not isinstance(p, (int, float, np.integer, np.floating)):
        return None
    return _reciprocal(forms, equation, float(p)) if p < 0 else _root(forms, equation, float(p))


def _even(forms: _Forms, equation: Equation) -> Symbol | None:
    """An operation to which the signs of its operands are nothing: hypot, cos, cosh, |·|."""
    inner = [forms.made_by(i, "abs") for i in equation.inputs]
    if not any(e is not None and forms.builder.types[e.inputs[0]].dtype.kind == "f" for e in inner):
        return None
    operands = [forms.symbol(i if e is None else e.inputs[0]) for i, e in zip(equation.inputs, inner, strict=True)]
    return equation.primitive(*operands, params=equation.params)


_ROWS: dict[str, Callable[[_Forms, Equation], Symbol | None]] = {
    "sqrt": lambda forms, equation: _root(forms, equation, 0.5),
    "power": _power,
    "cbrt": _cube_root,
    "square": lambda forms, equation: _power_of(forms, equation.inputs[0], 2),
    "mul": _product,
    "exp": _exponential,
    "expm1": _expm1,
    "div": _quotient,
    "reciprocal": _reciprocal,
    "hypot": _even,
    "norm": _even,
    "cos": _even,
    "cosh": _even,
    "abs": _even,
}


def smooth_forms(
    program: Program, is_one: Callable[[int], bool], is_positive: Callable[[int], bool]
) -> tuple[Program, tuple[int, ...]]:
    """The program with the patterns of the table rewritten, and the positions of the equations that were.

    Parameters
    ----------
    is_one, is_positive : callable
        Whether all entries of a captured variable are 1, are positive.
    """
    forms = _Forms(program, is_one, is_positive)
    builder, renamed = forms.builder, forms.renamed
    rewritten: list[int] = []
    for position, equation in enumerate(program.equations):
        builder.location = equation.location
        for o in equation.output_tuple:
            forms.defined[o] = equation
        row = _ROWS.get(equation.primitive.name)
        if row is not None and program.types[equation.outputs].dtype.kind == "f":
            replaced = row(forms, equation)
            if replaced is not None and replaced.type is program.types[equation.outputs]:
                renamed[equation.outputs] = replaced.index
                rewritten.append(position)
                forms.redefine(equation.outputs, replaced.index)
                continue
        inputs = tuple([renamed.get(i, i) for i in equation.inputs])
        builder.equations.append(
            Equation(equation.primitive, inputs, equation.params, equation.outputs, equation.location)
        )
    return (
        Program(
            program.name,
            program.inputs,
            program.captured,
            builder.equations,
            [renamed.get(o, o) for o in program.outputs],
            builder.types,
            [Guard(renamed.get(g.variable, g.variable), g.kind, g.expected, g.location) for g in program.guards],
            program.labels,
        ),
        tuple(rewritten),
    )
