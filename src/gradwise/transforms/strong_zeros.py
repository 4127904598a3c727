"""Structural zeros that annihilate: what is zero because nothing is there stays zero beside ∞.

    strong_zeros : (P : x → y)  →  (P' : x → y),   P'(x) = P(x) wherever P meets no 0 · ∞

An entry of a variable is *structurally zero* when it is 0 whatever the moving inputs are, as long as the concrete decisions (masks, comparisons) stay: the
entries that a select did not take from a branch, that a scatter did not write, a cotangent of 0 that was handed in, a factor that does not move and
is 0.  Such a zero times an infinite partial is 0, because the product is 0 in a whole neighbourhood.  An *arithmetic* zero, as 2x at x = 0, is none, and its
product with ∞ stays nan: a singular point.

The transform runs on a program together with its derivative, of any order and in either mode.  Each variable that may hold structural zeros gets a companion, a
mask that is True where the entry is alive; products take ``select(alive, a·b, 0)``.  It needs to know nothing of the modes, because deadness is inherited by
derivatives: da is dead where a is.  One pass behind all differentiation therefore suffices, and since what comes out is an ordinary program, it is batched,
interpreted on traced values and differentiated again like any other.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.program import Builder, Equation, Program, Symbol, constant
from gradwise.rules.algebra import not_equal, select
from gradwise.rules.broadcasting import BOOL, broadcast_to, convert
from gradwise.rules.elementwise import PREDICATES
from gradwise.rules.reductions import any_
from gradwise.rules.shapes import zeros_p

if TYPE_CHECKING:
    from collections.abc import Collection

#: what is known of a variable's entries: a mask of those alive, ``None`` for all of them, ``DEAD`` for none
DEAD = object()
_FLOAT = np.dtype(np.float64)
_and, _or = PREDICATES["logical_and"], PREDICATES["logical_or"]

#: f(0) = 0, entry by entry
_KEEP_ZERO = frozenset(
    {
        *(
            "neg",
            "conj",
            "real",
            "imag",
            "sqrt",
            "cbrt",
            "square",
            "abs",
            "sign",
            "sin",
            "tan",
            "arcsin",
            "arctan",
            "sinh",
            "tanh",
            "arcsinh",
        ),
        *("arctanh", "expm1", "log1p", "erf", "floor", "ceil", "trunc", "rint", "sindg", "tandg", "fraction", "marked"),
    }
)
#: move, drop, repeat and add entries, never with a negative weight: counting the alive entries finds those of the result
_MOVE = frozenset(
    {
        *(
            "reshape",
            "transpose",
            "getitem",
            "broadcast_to",
            "sum",
            "sum_to",
            "scatter_add",
            "scatter_set",
            "mask_last",
            "concatenate",
            "pack",
        ),
        *(
            "cumsum",
            "diagonal",
            "place_diagonal",
            "triangle",
            "hermitian_from",
            "fold_triangle",
            "take_along",
            "add_along",
            "windows",
            "overlap",
        ),
    }
)
#: sums of products
_MULTIPLY = frozenset(["matmul", "einsum", "convolve"])


class _Careful:
    """The program under construction, with what is known of each old variable."""

    def __init__(self, program: Program, moving: Collection[int], vectors: Collection[int]) -> None:
        self.program = program
        self.types = program.types
        self.builder = Builder()
        self.new: dict[int, Symbol] = {}
        self.alive: dict[int, Any] = {}
        n = len(program.types)
        #: depends on the moving inputs; is the value of a jump that it depends on; depends on the vectors
        self.moving, self.jumps, self.linear = bytearray(n), bytearray(n), bytearray(n)
        for variable in (*program.inputs, *program.captured):
            self.new[variable] = self.builder.variable(self.types[variable])
        for variable in moving:
            self.moving[variable] = 1
        for variable in vectors:
            self.linear[variable] = 1

    # --- what is alive --------------------------------------------------------------------------------------------------------

    def of(self, variable: int) -> Any:
        """What is alive of a variable.  What does not move is dead exactly where it is 0."""
        if variable in self.alive:
            return self.alive[variable]
        known: Any = None
        if self.types[variable].is_differentiable and not self.moving[variable] and not self.jumps[variable]:
            known = not_equal(self.new[variable], 0)
        self.alive[variable] = known
        return known

    def spread(self, known: Any, shape: tuple[int, ...]) -> Any:
        return broadcast_to(known, shape) if isinstance(known, Symbol) else known

    def both(self, a: Any, b: Any, shape: tuple[int, ...]) -> Any:
        """Alive where both are: a product."""
        if a is DEAD or b is DEAD:
            return DEAD
        if a is None or b is None:
            return self.spread(b if a is None else a, shape)
        return broadcast_to(_and(a, b), shape)

    def either(self, a: Any, b: Any, shape: tuple[int, ...]) -> Any:
        """Alive where one is: a sum."""
        if a is None or b is None:
            return None
        if a is DEAD or b is DEAD:
            return self.spread(b if a is DEAD else a, shape)
        return broadcast_to(_or(a, b), shape)

    def chosen(self, condition: Symbol, a: Any, b: Any, shape: tuple[int, ...]) -> Any:
        if a is b and not isinstance(a, Symbol):
            return a
        bits = [x if isinstance(x, Symbol) else self.builder.constant(x is None, BOOL) for x in (a, b)]
        return broadcast_to(select(condition, *bits), shape)

    def counted(self, equation: Equation, positions: list[int], states: list[Any]) -> Any:
        """Alive where a sum of moved (products of) alive entries is: the primitive itself on zeros and ones."""
        operands: list[Any] = [self.new[i] for i in equation.inputs]
        for position, state in zip(positions, states, strict=True):
            if isinstance(state, Symbol):
                operands[position] = convert(state, _FLOAT)
            else:
                number = self.builder.constant(0.0 if state is DEAD else 1.0, _FLOAT)
                operands[position] = broadcast_to(number, operands[position].shape)
        return not_equal(self.builder.emit(equation.primitive, operands, equation.params), 0)

    # --- one equation ------------------------------------------------------------------------------------------------------------

    def add(self, equation: Equation) -> None:
        self.builder.location = equation.location
        self._flow(equation)
        primitive, inputs = equation.primitive, equation.inputs
        if primitive is constant:
            value, dtype = equation.params
            self.new[equation.outputs] = self.builder.constant(value, dtype)
            self.alive[equation.outputs] = DEAD if value == 0 else None
            return
        out = self.builder.emit(primitive, [self.new[i] for i in inputs], equation.params)
        if primitive.multiple:
            self.new.update(zip(equation.outputs, out, strict=True))
            self._whole(equation)
            return
        o = equation.outputs
        self.new[o] = out
        if primitive is zeros_p:
            self.alive[o] = DEAD
        elif self.types[o].is_differentiable and (self.moving[o] or self.jumps[o] or self.linear[o]):
            self._elementwise_or_moved(equation)

    def _flow(self, equation: Equation) -> None:
        """Dataflow: a value that jumps (sign at 0) is no structural zero, though it does not move."""
        types = self.types
        inputs = equation.inputs
        smooth = equation.primitive.jvp is not None
        moving = smooth and any(self.moving[i] for i in inputs)
        jumps = any(self.jumps[i] for i in inputs) or (
            not smooth and equation.primitive.kink is not None and any(self.moving[i] for i in inputs)
        )
        linear = any(self.linear[i] for i in inputs)
        for o in equation.output_tuple:
            if types[o].is_differentiable:
                self.moving[o], self.jumps[o], self.linear[o] = moving, jumps, linear

    def _elementwise_or_moved(self, equation: Equation) -> None:
        name, inputs, o = equation.primitive.name, equation.inputs, equation.outputs
        shape = self.types[o].shape
        if name == "mul":
            self._mask(o, self.both(self.of(inputs[0]), self.of(inputs[1]), shape))
        elif name == "div":
            self._mask(o, self.spread(self.of(inputs[0]), shape))
        elif name in ("add", "sub", "complex"):
            # what moves first: the companion of a constant is only written where it matters
            a, b = sorted(inputs, key=lambda i: not self.moving[i])
            first = self.of(a)
            self.alive[o] = None if first is None else self.either(first, self.of(b), shape)
        elif name == "combination":
            self.alive[o] = functools.reduce(lambda known, i: self.either(known, self.of(i), shape), inputs, DEAD)
        elif name == "select":
            self.alive[o] = self.chosen(self.new[inputs[0]], self.of(inputs[1]), self.of(inputs[2]), shape)
        elif name in _KEEP_ZERO or name == "convert" or (name == "power" and _positive(equation.params[0])):
            known = self.of(inputs[0])
            if name == "marked":
                self._mask(o, known)
            else:
                self.alive[o] = known
        elif name in _MOVE:
            positions = [k for k, i in enumerate(inputs) if self.types[i].is_differentiable]
            states = [self.of(inputs[k]) for k in positions]
            if all(s is None for s in states):
                self.alive[o] = None
            elif all(s is DEAD for s in states):
                self.alive[o] = DEAD
            else:
                self.alive[o] = self.counted(equation, positions, states)
        elif name in _MULTIPLY:
            # constant matrices count as full: a mask of theirs would cost a product each and gain little
            full = [not (self.moving[i] or self.linear[i]) for i in inputs]
            states = [None if f else self.of(i) for i, f in zip(inputs, full, strict=True)]
            if any(s is DEAD for s in states):
                self._mask(o, DEAD)
            elif any(s is not None for s in states):
                self._mask(o, self.counted(equation, list(range(len(inputs))), states))
            else:
                self.alive[o] = None
        else:
            self._whole(equation)

    def _whole(self, equation: Equation) -> None:
        """Any other primitive is linear in the vectors that it meets: its value is dead where all of them are dead as a whole."""
        vectors = [i for i in equation.inputs if self.linear[i]]
        states = [self.of(i) for i in vectors]
        known: Any = None
        if vectors and all(s is DEAD for s in states):
            known = DEAD
        elif vectors and all(s is not None for s in states):
            for state in states:
                if state is not DEAD:
                    seen = any_(state, params=(tuple(range(state.ndim)), False)) if state.ndim else state
                    known = seen if known is None else _or(known, seen)
        for o in equation.output_tuple:
            if self.types[o].is_differentiable:
                self._mask(o, self.spread(known, self.types[o].shape))

    def _mask(self, variable: int, known: Any) -> None:
        """Note what is alive, and put exact zeros where nothing is.

        The function's own values stay: nan that it sorts, compares or leaves out is nan there, too.
        """
        self.alive[variable] = known
        if known is None or not self.linear[variable]:
            return
        value = self.new[variable]
        zero = self.builder.constant(0, value.dtype)
        self.new[variable] = broadcast_to(zero if known is DEAD else select(known, value, zero), value.shape)


def _positive(exponent: Any) -> bool:
    return isinstance(exponent, (int, float, np.integer, np.floating)) and bool(exponent > 0)


def strong_zeros(program: Program, moving: Collection[int], vectors: Collection[int] = ()) -> Program:
    """The program in which structural zeros annihilate.

    Parameters
    ----------
    program : Program
        A function with its derivative, as ``Derivative.joined`` gives it; its guards are dropped.
    moving : collection of int
        The inputs and captured variables that the function (or an outer derivative) moves: their zeros are arithmetic.
    vectors : collection of int
        The inputs in which the derivative is linear.  Unless they move, their zeros are structural: what has tangent 0 does not move.

    Returns
    -------
    Program
        With the inputs, captured variables and outputs of the given one, in their order.
    """
    careful = _Careful(program, moving, vectors)
    for equation in program.equations:
        careful.add(equation)
    new = careful.new
    return Program(
        program.name,
        [new[v].index for v in program.inputs],
        [new[v].index for v in program.captured],
        careful.builder.equations,
        [new[o].index for o in program.outputs],
        careful.builder.types,
    )
