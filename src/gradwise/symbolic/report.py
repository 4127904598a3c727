"""What ``gw.formula`` returns: the formulas, in SymPy's expressions, as text, as LaTeX and as plain values."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

from gradwise.errors import OutputError
from gradwise.symbolic.kinked import derivative, inward, outward
from gradwise.symbolic.library import sp
from gradwise.symbolic.reading import Condition
from gradwise.symbolic.textbook import name_text, text

#: derivatives shown in the text of a formula
MOST_LINES = 40
#: with more derivatives than these, those that are 0 are not listed
FEW = 9
#: with more derivatives than these only cheap forms are tried
MANY = 60
#: characters of a line that are shown
LONGEST_LINE = 2000


class Formula:
    """The formulas of a function and of its derivatives; print it, or read its parts.

    Matrices follow the order of ``symbols``, which is that of the arguments, arrays entry by entry in C order.

    Attributes
    ----------
    name : str
        The function's.
    arguments : list of str
    symbols : list of sympy.Symbol
        Real symbols for the numbers in the arguments.
    values : list of sympy.Expr
        The entries of the output.
    shape : tuple of int
        The output's.
    conditions : list of Condition
        Under which the program is this one: what ``if``, indices and sorting asked of the values, with the user's lines.
    point : dict
        The number for which each symbol stood when the function ran.
    notes : list of str
    """

    def __init__(
        self,
        name: str,
        arguments: list[str],
        symbols: list[Any],
        values: list[Any],
        shape: tuple[int, ...],
        conditions: list[Condition],
        point: dict[Any, float],
        notes: list[str],
        form: Callable[..., Any] | None,
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.symbols = symbols
        self.shape = shape
        self.conditions = conditions
        self.point = point
        self.notes = notes
        self._form = form
        self._values = [inward(v) for v in values]
        self._slopes: dict[tuple[int, int], Any] = {}
        self._shown: dict[Any, Any] = {}
        # the value stays close to what the function says, so that another form must be much shorter
        self.values = [self._formed(v, 1.4) for v in self._values]

    # --- parts ----------------------------------------------------------------------------------------------------------

    @property
    def value(self) -> Any:
        """The output: an expression, or for an array an ``ImmutableDenseNDimArray`` of its shape."""
        return self.values[0] if self.shape == () else sp.ImmutableDenseNDimArray(self.values, self.shape)

    @property
    def gradient(self) -> Any:
        """∇f, a column; for a function of one real value."""
        self._require_scalar("gradient", "jacobian")
        return self.jacobian.T

    @functools.cached_property
    def jacobian(self) -> Any:
        """∂(entry of the output)/∂(symbol), a row for each entry."""
        rows, columns = len(self._values), len(self.symbols)
        return sp.ImmutableMatrix(rows, columns, lambda i, j: self._formed(self._slope(int(i), int(j))))

    @property
    def hessian(self) -> Any:
        """∂²f/∂(symbol)∂(symbol); for a function of one real value."""
        self._require_scalar("hessian", "hessians()")
        return self.hessians()[0]

    def hessians(self) -> list[Any]:
        """The Hessian of each entry of the output."""
        n = len(self.symbols)

        def entry(k: int, i: int, j: int) -> Any:
            i, j = min(i, j), max(i, j)  # symmetric, so that one of the two is written
            return self._formed(derivative(self._slope(k, i), self.symbols[j]))

        return [sp.ImmutableMatrix(n, n, lambda i, j, k=k: entry(k, int(i), int(j))) for k in range(len(self._values))]

    def _slope(self, k: int, j: int) -> Any:
        if (k, j) not in self._slopes:
            self._slopes[k, j] = derivative(self._values[k], self.symbols[j])
        return self._slopes[k, j]

    def _formed(self, expression: Any, handicap: float = 1.0) -> Any:
        """The expression in SymPy's own functions, tidied."""
        known = self._shown.get(expression)
        if known is None:
            known = outward(expression)
            if self._form is not None:
                known = self._form(known, handicap, quick=len(self._values) * len(self.symbols) > MANY)
            self._shown[expression] = known
        return known

    def _require_scalar(self, what: str, instead: str) -> None:
        if len(self._values) != 1:
            raise OutputError(
                f"formula.{what} was asked of {self.name}, whose output has {len(self._values)} entries. One real value is required. Write formula.{instead}"
            )

    # --- other forms ----------------------------------------------------------------------------------------------------

    def to_sympy(self) -> dict[str, Any]:
        """The parts as SymPy objects: symbols by name, value, jacobian, and the conditions joined by "and"."""
        return {
            "symbols": {s.name: s for s in self.symbols},
            "value": self.value,
            "jacobian": self.jacobian,
            "conditions": sp.And(*[c.holds for c in self.conditions]),
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values: expressions as text that ``sympy.sympify`` reads.

        Examples
        --------
        >>> import gradwise as gw
        >>> gw.formula(lambda x: 0.5 * x**2, 1.0).to_dict()["derivatives"]
        [{'of': 'f', 'by': 'x', 'formula': 'x', 'text': 'x'}]
        """
        return {
            "function": self.name,
            "arguments": list(self.arguments),
            "symbols": [s.name for s in self.symbols],
            "shape": list(self.shape),
            "value": [
                {"of": name, "formula": str(e), "text": text(e)}
                for name, e in zip(self._entry_names(), self.values, strict=True)
            ],
            "derivatives": [
                {"of": name, "by": s.name, "formula": str(e), "text": text(e)} for name, s, e in self._derivatives()
            ],
            "conditions": [
                {"condition": str(c.holds), "text": text(c.holds), "file": c.filename, "line": c.lineno}
                for c in self.conditions
            ],
            "point": {s.name: x for s, x in self.point.items()},
            "notes": list(self.notes),
            "latex": self.latex(),
        }

    def latex(self, *, hessian: bool = False) -> str:
        r"""The formulas as LaTeX, one aligned line each.

        Parameters
        ----------
        hessian : bool
            The second derivatives too.

        Examples
        --------
        >>> import gradwise as gw
        >>> print(gw.formula(lambda x: x**2, 1.0).latex())
        \begin{aligned}
        f(x) &= x^{2} \\
        \frac{d f}{d x} &= 2 x
        \end{aligned}
        """
        d = "d" if len(self.symbols) == 1 else r"\partial"
        spell = sp.latex
        arguments = ", ".join(spell(sp.Symbol(a)) for a in self.arguments)
        lines = []
        for name, value in zip(self._entry_names(), self.values, strict=True):
            own = self._latex_name(name)
            lines.append(f"{own}({arguments}) &= {spell(value)}")
        for name, symbol, slope in self._derivatives():
            lines.append(rf"\frac{{{d} {self._latex_name(name)}}}{{{d} {spell(symbol)}}} &= {spell(slope)}")
        names = self._entry_names() if hessian else []
        for name, matrix in zip(names, self.hessians() if hessian else [], strict=True):
            own = self._latex_name(name)
            for i, row in enumerate(self.symbols):
                for j, column in enumerate(self.symbols[i:], i):
                    below = f"{d} {spell(row)}^{{2}}" if i == j else f"{d} {spell(row)} {d} {spell(column)}"
                    lines.append(rf"\frac{{{d}^{{2}} {own}}}{{{below}}} &= {spell(matrix[i, j])}")
        lines += [rf"\text{{if }} & {spell(c.holds)}" for c in self.conditions]
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def _latex_name(self, name: str) -> str:
        stem, _, index = name.partition("[")
        own = stem if len(stem) == 1 else rf"\operatorname{{{stem.replace('_', chr(92) + '_')}}}"
        return own + (rf"_{{{index.rstrip(']')}}}" if index else "")

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _entry_names(self) -> list[str]:
        """f, or f[0], f[1], … for the entries of an array."""
        if self.shape == ():
            return [self.name]
        places: list[tuple[int, ...]] = [()]
        for n in self.shape:
            places = [(*p, k) for p in places for k in range(n)]
        return [f"{self.name}[{','.join(map(str, p))}]" for p in places]

    def _derivatives(self) -> list[tuple[str, Any, Any]]:
        jacobian = self.jacobian
        return [
            (name, s, jacobian[k, j]) for k, name in enumerate(self._entry_names()) for j, s in enumerate(self.symbols)
        ]

    def __str__(self) -> str:
        d = "d" if len(self.symbols) == 1 else "∂"
        rows = [(f"{_entry(name)}({', '.join(map(name_text, self.arguments))})", text(v))
                for name, v in zip(self._entry_names(), self.values, strict=True)]  # fmt: skip
        derivatives = self._derivatives()
        shown = [entry for entry in derivatives if entry[2] != 0] if len(derivatives) > FEW else derivatives
        rows += [(f"{d}{_entry(name)}/{d}{name_text(s.name)}", text(slope)) for name, s, slope in shown]
        width = max(len(left) for left, _ in rows)
        lines = [f"{left:>{width}} = {_shortened(right)}" for left, right in rows[:MOST_LINES]]
        if len(rows) > MOST_LINES:
            lines.append(f"… {len(rows) - MOST_LINES} more lines; read formula.jacobian")
        if len(shown) < len(derivatives):
            lines.append(f"all other {len(derivatives) - len(shown)} derivatives are 0")
        for condition in self.conditions:
            where = f"      # {os.path.basename(condition.filename)}:{condition.lineno}" if condition.filename else ""
            lines.append(f"while {text(condition.holds)}{where}")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return str(self)


def _shortened(line: str) -> str:
    if len(line) <= LONGEST_LINE:
        return line
    return f"{line[:LONGEST_LINE]} … ({len(line) - LONGEST_LINE:,} characters more; read formula.value and formula.jacobian)"


def _entry(name: str) -> str:
    """f₀ for f[0], the name itself otherwise."""
    stem, _, index = name.partition("[")
    return name_text(f"{stem}_{index.rstrip(']')}") if index and "_" not in stem else name
