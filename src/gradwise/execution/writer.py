"""The lines that a straight-line function consists of (``straight_line.py``): one for each equation, and what surrounds them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.program import F64
from gradwise.rules.algebra import (
    add_p,
    div_p,
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    mul_p,
    neg,
    not_equal,
    select,
    sub_p,
)
from gradwise.rules.broadcasting import BOOL, broadcast_to_p
from gradwise.rules.elementwise import abs_, cos, exp, expm1, log, log1p, maximum, minimum, sin, sqrt, tan, tanh
from gradwise.rules.powers import power
from gradwise.rules.shapes import getitem, pack, scatter_add, scatter_set, zeros_p

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gradwise.execution.function_text import FunctionText
    from gradwise.program import ArrayType, Equation, Primitive, Program

#: entries up to which a vector is made from its entries, and numbers looked at in one line
SHORT, TOGETHER = 64, 40
#: entries up to which arithmetic is done entry by entry
BRIEF = 4

ARITHMETIC: dict[Primitive, str] = {
    add_p: "{} + {}",
    sub_p: "{} - {}",
    mul_p: "{} * {}",
    div_p: "{} / {}",
}
_EXACT: dict[Primitive, str] = {
    neg: "-{}",
    abs_: "abs({})",
    # a nan wins, as in NumPy
    maximum: "{0} if {0} >= {1} or {0} != {0} else {1}",
    minimum: "{0} if {0} <= {1} or {0} != {0} else {1}",
}
COMPARISONS: dict[Primitive, str] = {
    equal: "{} == {}",
    not_equal: "{} != {}",
    greater: "{} > {}",
    less: "{} < {}",
    greater_equal: "{} >= {}",
    less_equal: "{} <= {}",
}
#: NumPy's own functions, so that the last bit is NumPy's
_FUNCTIONS: dict[Primitive, Any] = {
    exp: np.exp,
    log: np.log,
    sin: np.sin,
    cos: np.cos,
    tan: np.tan,
    tanh: np.tanh,
    log1p: np.log1p,
    expm1: np.expm1,
}
#: elementwise ones that take a number in the place of an array filled with it
_SPREADING = frozenset([*ARITHMETIC, *COMPARISONS, neg, select, maximum, minimum])
#: among the functions that are called before NumPy's: what squares a number, by two arguments
SQUARE = "square of a number"
_POWERS = {1: "{0}", 2: "{0} * {0}"}
_INFIX = ARITHMETIC | COMPARISONS | {neg: "-{}"}


def is_brief(kind: ArrayType) -> bool:
    """Whether values of a type are vectors of so few entries that Python's arithmetic is quicker."""
    return len(kind.shape) == 1 and kind.dtype == F64.dtype and 0 < kind.size <= BRIEF


class Writer:
    """The lines of the program."""

    def __init__(self, program: Program, text: FunctionText, watched: int, functions: dict[str, Any]) -> None:
        #: of numbers, which are called before NumPy's
        self.functions = functions
        self.types = list(program.types)
        self.function = text
        self.watched = watched
        #: variables that are Python floats, or (``answers``) Python's True and False
        self.numbers: set[int] = set()
        self.answers: set[int] = set()
        #: the text of a variable that is not called v0, v1, …: a name, or a literal
        self.text: dict[int, str] = {}
        self.lines: list[str] = []
        self.entries: dict[int, list[str]] = {}
        #: numbers that must be finite, but for those of which another one among them is made: what is made of inf by arithmetic is inf or nan
        self.suspects: dict[str, None] = {}
        #: variables beyond the program's own that are ``watched``, and values of captured variables
        self.also_watched: set[int] = set()
        self.values: dict[int, Any] = {}
        #: of an array filled with a number: that number's text, and how the array is made
        self.spread: dict[int, tuple[str, Any]] = {}
        self.plain = True
        self._named: dict[int, str] = {}

    # --- names ----------------------------------------------------------------------------------------------------------------

    def name(self, value: Any, stem: str = "c") -> str:
        """A name for an object, the same for the same object."""
        known = self._named.get(id(value))
        if known is None:
            known = self._named[id(value)] = self.function.name(value, stem)
        return known

    def read(self, variable: int) -> str:
        entries = self.entries.get(variable)
        if entries is not None and variable not in self.text:  # somebody needs the vector
            if all(entry == "0.0" for entry in entries):
                self.write(f"v{variable} = {self.name(np.zeros)}({len(entries)})")
            else:
                self.write(f"v{variable} = {self.name(np.array)}(({', '.join(entries)},))")
            self.text[variable] = f"v{variable}"
        if variable in self.spread and variable not in self.text:  # or the array
            number, function = self.spread[variable]
            self.write(f"v{variable} = {self.name(function, 'f')}({number})")
            self.text[variable] = f"v{variable}"
        return self.text.get(variable, f"v{variable}")

    def another(self, variable: int) -> int:
        """A fresh variable of the type of another."""
        self.types.append(self.types[variable])
        if variable < self.watched or variable in self.also_watched:
            self.also_watched.add(len(self.types) - 1)
        return len(self.types) - 1

    def is_watched(self, variable: int) -> bool:
        return variable < self.watched or variable in self.also_watched

    def write(self, line: str) -> None:
        self.lines.append(line)

    # --- equations ------------------------------------------------------------------------------------------------------------

    def constant(self, variable: int, value: Any) -> None:
        self.values[variable] = value
        if self.types[variable] is F64:
            value = float(value)
            self.numbers.add(variable)
            if math.isfinite(value):
                text = repr(value)
                self.text[variable] = f"({text})" if text[0] == "-" else text
                return
        if self.types[variable].shape == () and self.types[variable].dtype == BOOL:
            self.text[variable] = repr(bool(value))
            self.answers.add(variable)
            return
        self.text[variable] = self.name(value)
        short = type(value) is np.ndarray and value.shape == (value.size,) and 0 < value.size <= SHORT
        if short and value.dtype == F64.dtype and np.isfinite(value).all():
            self.entries[variable] = [repr(x) if x >= 0 else f"({x!r})" for x in value.tolist()]

    def number(self, equation: Equation) -> bool:
        """Write an equation between numbers; False if it is none."""
        primitive, inputs = equation.primitive, equation.inputs
        if primitive.multiple:
            return False
        out = equation.outputs
        kind = self.types[out]
        if primitive is getitem:
            return self._entry(equation)
        if kind.shape != () or (kind is not F64 and kind.dtype != BOOL):
            return False
        if primitive is select and all(self.types[i].shape == () for i in inputs):  # NumPy's True and False will do
            condition, a, b = map(self.read, inputs)
            if self._are_numbers(inputs[1:]):
                self._numeric(out, f"{a} if {condition} else {b}")
                return True
            if inputs[1] in self.answers and inputs[2] in self.answers:
                self.write(f"v{out} = {a} if {condition} else {b}")
                self.answers.add(out)
                return True
        if not self._are_numbers(inputs):
            return False
        operands = [self.read(i) for i in inputs]
        if primitive in ARITHMETIC:
            self._numeric(out, ARITHMETIC[primitive].format(*operands), operands[: 1 if primitive is div_p else 2])
        elif primitive in _EXACT and kind is F64:
            self._numeric(out, _EXACT[primitive].format(*operands))
        elif primitive is power and equation.params[0] == 2 and SQUARE in self.functions:
            self._numeric(out, f"{self.name(self.functions[SQUARE])}({operands[0]}, 2.0)")
        elif primitive is power and equation.params[0] in _POWERS:
            self._numeric(out, _POWERS[equation.params[0]].format(*operands), operands)
        elif primitive is power and type(equation.params[0]) in (int, float):  # the C library's, as NumPy's
            self._numeric(out, f"{self.name(math.pow)}({operands[0]}, {equation.params[0]!r})")
        elif primitive is sqrt:  # exact in both
            self._numeric(out, f"{self.name(math.sqrt)}({operands[0]})")
        elif primitive.name in self.functions:
            self._numeric(out, f"{self.name(self.functions[primitive.name], 'f')}({', '.join(operands)})")
        elif primitive in _FUNCTIONS:
            function = self.name(_FUNCTIONS[primitive], "f")
            self.plain = False
            self._numeric(out, f"float({function}({operands[0]}))")
        elif primitive in COMPARISONS:
            self.write(f"v{out} = {COMPARISONS[primitive].format(*operands)}")
            self.answers.add(out)
        else:
            return False
        return True

    def spreads(self, equation: Equation, function: Any) -> bool:
        """Write an equation whose value is a number spread over an array, if it is one."""
        primitive, inputs, out = equation.primitive, equation.inputs, equation.outputs
        if primitive.multiple or self.types[out].dtype != F64.dtype:
            return False
        shape = self.types[out].shape
        if primitive is broadcast_to_p and inputs[0] in self.numbers and shape:
            self.spread[out] = self.read(inputs[0]), function
            return True
        template = ARITHMETIC.get(primitive) or _EXACT.get(primitive)
        if template is None or not any(i in self.spread for i in inputs):
            return False
        if not all(i in self.numbers or (i in self.spread and self.types[i].shape == shape) for i in inputs):
            return False
        operands = [self.spread[i][0] if i in self.spread else self.read(i) for i in inputs]
        number = self.function.fresh("n")
        self.write(f"{number} = {template.format(*operands)}")
        if self.is_watched(out) and primitive in ARITHMETIC:
            self.suspects[number] = None
        # the schedule may have it overwritten, which the view that a broadcast is does not bear
        self.spread[out] = number, lambda filling: np.full(shape, filling)
        return True

    def _operands(self, equation: Equation) -> list[str]:
        """The operands, with a number for an array filled with it where the primitive takes that."""
        if equation.primitive in _SPREADING:
            shape = self.types[equation.outputs].shape
            arrays = equation.inputs[1:] if equation.primitive is select else equation.inputs
            if any(self.types[i].shape == shape and i not in self.spread for i in equation.inputs):
                return [
                    self.spread[i][0] if i in self.spread and i in arrays else self.read(i) for i in equation.inputs
                ]
        return [self.read(i) for i in equation.inputs]

    def _are_numbers(self, variables: Sequence[int]) -> bool:
        return all(i in self.numbers for i in variables)

    def _numeric(self, out: int, text: str, suspect: Sequence[str] | None = None) -> None:
        """Write a number; ``suspect``: it must be finite, and is not if one of these operands is not."""
        self.write(f"v{out} = {text}")
        self.numbers.add(out)
        if suspect is not None and self.is_watched(out):
            for operand in suspect:
                self.suspects.pop(operand, None)
            self.suspects[f"v{out}"] = None

    def _entry(self, equation: Equation) -> bool:
        """``x[2]``, ``x[0, 1]`` of an array of floats."""
        key, (source, *rest) = equation.params[0], equation.inputs
        shape = self.types[source].shape
        if rest or self.types[source].dtype != F64.dtype or len(key) != len(shape) or not shape:
            return False
        if not all(type(k) is int and -n <= k < n for k, n in zip(key, shape, strict=True)):
            return False
        entries = self.entries.get(source)
        if entries is not None and source not in self.text:
            self.text[equation.outputs] = entries[key[0]]
        else:
            self.write(f"v{equation.outputs} = {self.read(source)}.item({', '.join(map(str, key))})")
        self.numbers.add(equation.outputs)
        return True

    def vector(self, equation: Equation) -> bool:
        """Write nothing for a short vector that is made of numbers, but remember its entries."""
        out, primitive = equation.outputs, equation.primitive
        if primitive is zeros_p:
            shape, dtype = equation.params
            if len(shape) != 1 or not 0 < shape[0] <= SHORT or dtype != F64.dtype:
                return False
            self.entries[out] = ["0.0"] * shape[0]
            return True
        if primitive is pack:
            if (
                self.types[out].ndim != 1
                or not 0 < len(equation.inputs) <= SHORT
                or not self._are_numbers(equation.inputs)
            ):
                return False
            self.entries[out] = [self.read(i) for i in equation.inputs]
            return True
        if primitive not in (scatter_add, scatter_set) or len(equation.inputs) != 2:
            return False
        (source, update), key = equation.inputs, equation.params[0]
        entries = self.entries.get(source)
        if entries is None or update not in self.numbers or len(key) != 1 or type(key[0]) is not int:
            return False
        entries = list(entries)
        entry = self.read(update)
        if primitive is scatter_add:
            added = self.function.fresh("e")
            self.write(f"{added} = {entries[key[0]]} + {entry}")
            entry = added
            if self.is_watched(out):
                self.suspects[added] = None
        entries[key[0]] = entry
        self.entries[out] = entries
        return True

    def scalars(self, variable: int) -> list[str]:
        """The entries of a short vector, each as text."""
        entries = self.entries.get(variable)
        if entries is None:
            text = self.text[variable] = self.read(variable)
            entries = self.entries[variable] = [self.function.fresh("e") for _ in range(self.types[variable].size)]
            self.write(f"{', '.join(entries)}, = {text}.tolist()")
        return entries

    def is_apart(self, equation: Equation) -> bool:
        """Whether the entries of all vectors that an equation reads are at hand, and of one no array was made."""
        vectors = [i for i in equation.inputs if i not in self.numbers]
        return all(i in self.entries for i in vectors) and any(i not in self.text for i in vectors)

    def elementwise(self, equation: Equation) -> bool:
        """Write arithmetic with a vector of a few entries entry by entry, which takes less time than one call of NumPy."""
        primitive, out = equation.primitive, equation.outputs
        if primitive.multiple:
            return False
        template = "-{}" if primitive is neg else ARITHMETIC.get(primitive)
        if template is None or not is_brief(self.types[out]):
            return False
        operands = [self._repeated(i, self.types[out]) for i in equation.inputs]
        if any(texts is None for texts in operands):
            return False
        entries = self.entries[out] = []
        for texts in zip(*operands, strict=True):
            name = self.function.fresh("e")
            self.write(f"{name} = {template.format(*texts)}")
            entries.append(name)
            if self.is_watched(out) and primitive is not neg:
                for text in texts[: 1 if primitive is div_p else 2]:
                    self.suspects.pop(text, None)
                self.suspects[name] = None
        return True

    def _repeated(self, variable: int, kind: ArrayType) -> list[str] | None:
        """The entries of a vector, or a number for each of them."""
        if variable in self.numbers:
            return [self.read(variable)] * kind.size
        return self.scalars(variable) if self.types[variable] is kind else None

    def call(self, equation: Equation, function: Any, gone: Iterable[int] = (), named: str | None = None) -> None:
        """Write a call of what an equation is called by, or of what has this name."""
        self.plain = False
        primitive = equation.primitive
        ordinary = named is None and function is primitive.value  # and does not write into an operand
        operands = self._operands(equation) if ordinary else [self.read(i) for i in equation.inputs]
        if primitive in _INFIX and ordinary:
            text = _INFIX[primitive].format(*operands)
        else:
            text = f"{named or self.name(function, 'f')}({', '.join(operands)})"
        targets = ", ".join(f"v{o}" for o in equation.output_tuple)
        if primitive.multiple:
            targets += ","
        elif self.types[equation.outputs] is F64:
            text = f"float({text})"
            self.numbers.add(equation.outputs)
        self.write(f"{targets} = {text}")
        free = [f"v{i}" for i in gone if i not in self.text and i not in self.entries and i not in self.spread]
        if free:
            self.write(" = ".join(free) + " = None")

    def look(self) -> None:
        """Leave if a number is not finite."""
        suspects = list(self.suspects)
        self.suspects.clear()
        for k in range(0, len(suspects), TOGETHER):
            self.write(f"s = {' + '.join(suspects[k : k + TOGETHER])}")
            self.write("if s - s != 0.0: return None")

    def guard(self, variable: int, expected: Any, holds: Callable[[Any, Any], bool]) -> None:
        answer = self.read(variable)
        kind = self.types[variable]
        if type(expected) is bool and kind.dtype == BOOL and kind.shape == ():
            self.write(f"if {'not ' if expected else ''}{answer}: return None")
        else:
            self.write(f"if not {self.name(holds, 'h')}({answer}, {self.name(expected)}): return None")
