"""Expressions on one line, as a textbook prints them: ``x²y + 3xy²``, ``x/√(x² + y²)``, ``e⁻ˣ``.

SymPy prints for Python (``x**2*y``), for LaTeX, and on several lines; this is the fourth way, for text in a terminal and in tables.
"""

from __future__ import annotations

import re
from typing import Any

from gradwise.symbolic.library import sp

#: how tightly an expression holds together, from a list of cases to a symbol
_CASES, _SUM, _PRODUCT, _POWER, _ATOM = range(5)
_RAISED = str.maketrans("0123456789-−+nxyzabct", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻⁺ⁿˣʸᶻᵃᵇᶜᵗ")
_POWERS_OF_TEN = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_CIRCULAR = ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "sech", "csch")
_NAMES = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arsinh", "acosh": "arcosh",
    "atanh": "artanh", "Max": "max", "Min": "min", "gamma": "Γ", "lowergamma": "γ", "uppergamma": "Γ", "zeta": "ζ",
    "loggamma": "log Γ", "LambertW": "W", "erfinv": "erf⁻¹", "elliptic_k": "K", "elliptic_e": "E",
    "elliptic_f": "F", "airyai": "Ai", "airybi": "Bi", "airyaiprime": "Ai′", "airybiprime": "Bi′", "fresnels": "S",
    "fresnelc": "C",
}  # fmt: skip
#: functions written with their first argument as an index
_INDEXED = {
    "besselj": "J", "bessely": "Y", "besseli": "I", "besselk": "K", "expint": "E",
    "polylog": "Li", "legendre": "P", "chebyshevt": "T", "chebyshevu": "U", "laguerre": "L", "hermite": "H",
}  # fmt: skip
_RELATIONS = {"Equality": "=", "Unequality": "≠", "StrictGreaterThan": ">", "StrictLessThan": "<",
              "GreaterThan": "≥", "LessThan": "≤"}  # fmt: skip
_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "lam": "λ", "lamda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
}  # fmt: skip


def name_text(name: str) -> str:
    """The name of a symbol, Greek letters and digits behind the underscore as a textbook has them.

    Examples
    --------
    >>> [name_text(name) for name in ("x_0", "theta", "W_01", "learning_rate")]
    ['x₀', 'θ', 'W₀₁', 'learning_rate']
    """
    stem, _, index = name.partition("_")
    stem = _GREEK.get(stem, stem)
    if index and re.fullmatch(r"[\d,_]+", index):
        return stem + index.replace("_", ",").translate(_LOWERED)
    return f"{stem}_{index}" if index else stem


def text(expression: Any) -> str:
    """An expression on one line.

    Examples
    --------
    >>> x, y = sp.symbols("x y", real=True)
    >>> text(2 * x * y + 3 * y**2)
    '2xy + 3y²'
    >>> text(x / sp.sqrt(x**2 + y**2))
    'x/√(x² + y²)'
    """
    return _text(sp.sympify(expression))[0]


def _inside(expression: Any, level: int) -> str:
    """The expression, in parentheses where it holds together less tightly than ``level``."""
    words, own = _text(expression)
    return f"({words})" if own < level else words


def _text(e: Any) -> tuple[str, int]:
    if e.is_Symbol:
        return name_text(e.name), _ATOM
    if e in _constants():
        return _constants()[e]
    if e.is_Integer or e.is_Float:
        return _number(e)
    if e.is_Rational:
        words = f"{abs(e.p)}/{e.q}"
        return (f"−{words}", _SUM) if e.p < 0 else (words, _PRODUCT)
    if e.is_Add:
        return _sum(e), _SUM
    if e.is_Mul:
        return _product(e)
    if e.is_Pow or isinstance(e, sp.exp):
        return _power(e)
    if e.is_Piecewise:
        pieces = [f"{_inside(v, _SUM)} {'otherwise' if c == sp.true else f'if {text(c)}'}" for v, c in e.args]
        return ", ".join(pieces), _CASES
    if e.is_Relational:
        return f"{_inside(e.lhs, _SUM)} {_RELATIONS[type(e).__name__]} {_inside(e.rhs, _SUM)}", _CASES
    if e.is_Boolean:
        return _statement(e), _CASES
    if e.is_Function:
        return _function(e), _ATOM
    return str(e), _SUM


def _constants() -> dict[Any, tuple[str, int]]:
    return {sp.pi: ("π", _ATOM), sp.E: ("e", _ATOM), sp.I: ("i", _ATOM), sp.oo: ("∞", _ATOM), -sp.oo: ("−∞", _SUM),
            sp.nan: ("undefined", _ATOM), sp.zoo: ("∞", _ATOM), sp.true: ("true", _ATOM), sp.false: ("false", _ATOM),
            sp.EulerGamma: ("γ", _ATOM), sp.GoldenRatio: ("φ", _ATOM)}  # fmt: skip


def _number(e: Any) -> tuple[str, int]:
    words = str(int(e)) if e.is_Integer else repr(float(e))
    mantissa, exponential, exponent = words.partition("e")
    if exponential:
        words = f"{mantissa}·10{str(int(exponent)).translate(_RAISED)}"
    if words.startswith("-"):
        return f"−{words[1:]}", _SUM
    return words, _PRODUCT if exponential else _ATOM


def _sum(e: Any) -> str:
    terms = [_inside(term, _SUM) for term in e.as_ordered_terms()]
    if terms[0].startswith("−"):  # 1 − x rather than −x + 1
        first = next((k for k, term in enumerate(terms) if not term.startswith("−")), 0)
        terms.insert(0, terms.pop(first))
    words = terms[0]
    for term, piece in zip(terms[1:], terms[1:], strict=True):
        words += f" − {term[1:]}" if piece.startswith("−") else f" + {term}"
    return words


def _product(e: Any) -> tuple[str, int]:
    e = _minus_inside(e)
    if not e.is_Mul:
        return _text(e)
    above, below = sp.fraction(e, exact=True)
    if below != 1:
        if above.as_coeff_Mul()[0].is_negative:
            return f"−{_inside(-above, _PRODUCT)}/{_inside(below, _POWER)}", _SUM
        return f"{_inside(above, _PRODUCT)}/{_inside(below, _POWER)}", _PRODUCT
    coefficient, rest = above.as_coeff_Mul()
    if coefficient.is_number and coefficient < 0:
        return f"−{_inside(-above, _PRODUCT)}", _SUM
    factors = ([] if coefficient == 1 else [coefficient]) + _cube_roots(list(rest.as_ordered_factors()))
    words = last = ""
    before = None
    for factor in factors:
        piece = _inside(factor, _POWER) if before is not None or not factor.is_Float else text(factor)
        words += piece if before is None else _between(last, before, factor, piece) + piece
        before, last = factor, piece
    return words, _PRODUCT


def _minus_inside(product: Any) -> Any:
    """A difference the other way round in place of a minus before it: b − a for −(a − b)."""
    coefficient, rest = product.as_coeff_Mul()
    if not coefficient.is_negative:
        return product
    for factor in sp.Mul.make_args(rest):
        if factor.is_Add and len(factor.args) == 2 and sum(a.could_extract_minus_sign() for a in factor.args) == 1:
            others = [f for f in sp.Mul.make_args(rest) if f is not factor]
            return (
                sp.Mul(*([-coefficient] if coefficient != -1 else []), *others, -factor, evaluate=False)
                if others or coefficient != -1
                else -factor
            )
    return product


def _cube_roots(factors: list[Any]) -> list[Any]:
    """The real cube root sign(u) |u|^(1/3) as one factor, ∛u."""
    for k, factor in enumerate(factors):
        if isinstance(factor, sp.sign):
            root = sp.Abs(factor.args[0]) ** sp.Rational(1, 3)
            if root in factors:
                rest = [f for i, f in enumerate(factors) if i != k and f != root]
                return [*rest, sp.Pow(factor.args[0], sp.Rational(1, 3), evaluate=False)]
    return factors


def _between(last: str, before: Any, factor: Any, piece: str) -> str:
    """What separates two factors: nothing in 2xy, a space around a function, a dot where the eye would join what does not belong together."""
    if "·10" in last and last[-1] in _POWERS_OF_TEN:
        return " "
    if last[-1] + piece[0] == "||" or _is_open_root(last):
        return "·"
    if piece[0].isdigit() or _ends_raised(before, last):
        return "·"
    if any(len(re.sub(r"[₀-₉,]", "", name_text(s.name))) > 1 for f in (before, factor) for s in _leading(f)):
        return "·"
    if (_is_wordy(factor) and not before.is_Rational) or (_is_wordy(before) and not piece.startswith("(")):
        return " "
    return ""


def _is_open_root(words: str) -> bool:
    """Whether a factor is a root without parentheses, as √x is, under which the next factor must not seem to stand."""
    return words[0] in "√∛∜" and not words.endswith(")")


def _ends_raised(factor: Any, words: str) -> bool:
    """Whether a factor ends in an exponent on the line, as e^x does, which the next factor must not seem to belong to."""
    return (factor.is_Pow or isinstance(factor, sp.exp)) and "^" in words and not words.endswith(")")


def _leading(factor: Any) -> list[Any]:
    base = factor.base if factor.is_Pow else factor
    return [base] if base.is_Symbol else []


def _is_wordy(factor: Any) -> bool:
    base = factor.base if factor.is_Pow else factor
    return bool(base.is_Function) and not isinstance(base, (sp.Abs, sp.floor, sp.ceiling))


def _power(e: Any) -> tuple[str, int]:
    base, exponent = (sp.E, e.args[0]) if isinstance(e, sp.exp) else (e.base, e.exp)
    if exponent.is_Rational and exponent.is_negative and not isinstance(e, sp.exp):
        return f"1/{_inside(sp.Pow(base, -exponent), _POWER)}", _PRODUCT
    if exponent.is_Rational and exponent.p == 1 and exponent.q in {2, 3, 4}:
        root = {2: "√", 3: "∛", 4: "∜"}[exponent.q]
        inner, own = _text(base)
        return f"{root}{inner}" if own == _ATOM and (len(inner) == 1 or base.is_Symbol or base.is_Integer) else f"{root}({inner})", _POWER  # fmt: skip
    raised = text(exponent).replace(" ", "")
    short = len(raised) <= 3 and raised.translate(_RAISED) != raised and all(c.translate(_RAISED) != c for c in raised)
    if base.is_Function and type(base).__name__ in _CIRCULAR and exponent.is_Integer:
        return f"{type(base).__name__}{raised.translate(_RAISED)}({text(base.args[0])})", _ATOM
    below = _inside(base, _ATOM)
    if short:
        return below + raised.translate(_RAISED), _POWER
    return f"{below}^{raised if exponent.is_Symbol else f'({text(exponent)})'}", _POWER


def _function(e: Any) -> str:
    name = type(e).__name__
    if isinstance(e, sp.Abs):
        return f"|{text(e.args[0])}|"
    if isinstance(e, sp.floor):
        return f"⌊{text(e.args[0])}⌋"
    if isinstance(e, sp.ceiling):
        return f"⌈{text(e.args[0])}⌉"
    if name == "polygamma":
        order = e.args[0]
        mark = (
            ""
            if order == 0
            else "′" * int(order)
            if order.is_Integer and order <= 3
            else f"⁽{str(order).translate(_RAISED)}⁾"
        )
        return f"ψ{mark}({text(e.args[1])})"
    if name in _INDEXED:
        index = text(e.args[0])
        index = index.translate(_LOWERED) if index.isdigit() else f"_({index})" if len(index) > 1 else f"_{index}"
        return f"{_INDEXED[name]}{index}({', '.join(map(text, e.args[1:]))})"
    return f"{_NAMES.get(name, name)}({', '.join(_inside(a, _SUM) for a in e.args)})"


def _statement(e: Any) -> str:
    if isinstance(e, sp.And):
        return " and ".join(sorted(_joined(a) for a in e.args))
    if isinstance(e, sp.Or):
        return " or ".join(sorted(_joined(a) for a in e.args))
    if isinstance(e, sp.Not):
        return f"not ({text(e.args[0])})"
    return str(e)


def _joined(e: Any) -> str:
    return f"({text(e)})" if isinstance(e, (sp.And, sp.Or)) else text(e)
