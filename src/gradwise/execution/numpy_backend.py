"""The reference backend: one NumPy call an equation.

The environment is a list of values by variable.  Three things are decided once, when an executable is built: how each equation is called
(static parameters bound, common cases without the generic call), which equations may overwrite an operand (its last use, and nobody else can see its memory),
and where large values are let go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution.binding import add_in_place, bind, part_copied, set_in_place
from gradwise.program import ArrayType, Equation, Primitive, Program, constant
from gradwise.rules.algebra import add_p, div_p, mul_p, neg, sub_p
from gradwise.rules.broadcasting import broadcast_to_p, sum_to_p
from gradwise.rules.products import einsum
from gradwise.rules.shapes import getitem, scatter_add, scatter_add_into, scatter_set, scatter_set_into

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: below this many entries a fresh array costs less than the bookkeeping of reusing one
REUSE_SIZE = 4096
#: values above this size are let go after their last use
FREE_SIZE = 4096

# primitives whose value may share memory with an operand, beside those marked as views
_MAY_ALIAS = {broadcast_to_p, sum_to_p, einsum}


def may_alias(equation: Equation) -> bool:
    """Whether the value of an equation may share memory with its first operand."""
    if equation.primitive is getitem:  # index arrays give a copy, and integers alone a number
        return len(equation.inputs) == 1 and not all(type(entry) is int for entry in equation.params[0])
    return bool(equation.inputs) and (equation.primitive.view or equation.primitive in _MAY_ALIAS)


_ARITHMETIC: dict[Primitive, Any] = {
    add_p: np.add,
    sub_p: np.subtract,
    mul_p: np.multiply,
    div_p: np.true_divide,
    neg: np.negative,
}


def _in_place(
    primitive: Primitive, params: tuple[Any, ...], types: Sequence[ArrayType], position: int
) -> Callable[..., Any] | None:
    """The primitive overwriting its operand at ``position``, if it can.

    A fresh array of some megabytes costs more in page faults than the arithmetic that fills it.
    """
    if position == 0 and primitive is scatter_add:
        bound = add_in_place(params, types)
        if bound is not None:
            return bound
        key = params[0]
        return lambda x, updates, *arrays: scatter_add_into(x, updates, *arrays, key)
    if position == 0 and primitive is scatter_set:
        bound = set_in_place(params, types)
        if bound is not None:
            return bound
        key = params[0]
        return lambda x, updates, *arrays: scatter_set_into(x, updates, *arrays, key)
    ufunc = _ARITHMETIC.get(primitive)
    if ufunc is None:
        if params or type(primitive.value) is not np.ufunc:
            return None
        ufunc = primitive.value
    if len(types) == 1:
        return lambda x: ufunc(x, out=x)
    if len(types) == 2:
        return (lambda x, z: ufunc(x, z, out=x)) if position == 0 else (lambda x, z: ufunc(x, z, out=z))
    return None


# instruction kinds
_UNARY, _BINARY, _GENERAL, _MULTIPLE, _FREE = range(5)


class Executable:
    """A list of equations ready to run."""

    __slots__ = ("_code", "_constants", "_outputs", "size")

    def __init__(
        self, code: list[Any], constants: list[tuple[int, Any]], outputs: Sequence[int | None], size: int
    ) -> None:
        self._code = code
        self._constants = constants
        self._outputs = outputs
        self.size = size

    def run(self, env: list[Any], errors: str = "ignore") -> list[Any]:
        """Fill ``env`` (a list by variable that holds what is given) and return the values of the outputs (None where the output is None).

        ``errors="raise"`` raises FloatingPointError where NumPy would warn.
        """
        for variable, value in self._constants:
            env[variable] = value
        with np.errstate(divide=errors, over=errors, invalid=errors, under="ignore"):  # type: ignore[arg-type]  # one of NumPy's words
            for kind, function, a, b, out in self._code:
                if kind == 1:
                    env[out] = function(env[a], env[b])
                elif kind == 0:
                    env[out] = function(env[a])
                elif kind == 2:
                    env[out] = function(*[env[i] for i in a])
                elif kind == 3:
                    for variable, value in zip(out, function(*[env[i] for i in a]), strict=True):
                        env[variable] = value
                else:
                    for variable in a:
                        env[variable] = None
        return [None if o is None else env[o] for o in self._outputs]


def schedule(
    equations: Sequence[Equation],
    types: Sequence[ArrayType],
    outputs: Sequence[int | None],
    given: Iterable[int] = (),
    keep: Iterable[int] = (),
    release: Iterable[int] = (),
) -> Iterator[tuple[Equation, Callable[..., Any] | None, Sequence[int], int | None]]:
    """Each equation with how it is called (None for constants), the large values that nobody reads after it, and which operand it overwrites; the parameters are those of ``build``."""
    released = set(release)
    forever = len(equations)
    root: dict[int, int] = {}
    last: dict[int, int] = {}
    owned: set[int] = set()
    any_large = any(t.size >= min(REUSE_SIZE, FREE_SIZE) for t in set(types))
    # a part of an array that is written to later is copied, or the whole would have to be
    written_to = {e.inputs[0] for e in equations if e.primitive is scatter_add or e.primitive is scatter_set}
    copied: set[int] = set()
    for k, equation in enumerate(equations):
        for i in equation.inputs:
            last[root.get(i, i)] = k
        primitive = equation.primitive
        if (
            primitive is getitem
            and equation.inputs[0] in written_to
            and may_alias(equation)
            and 2 * types[equation.outputs].size <= types[equation.inputs[0]].size
        ):
            copied.add(k)
            owned.add(equation.outputs)
        elif (primitive.view or primitive in _MAY_ALIAS) and may_alias(equation):
            parent = equation.inputs[0]
            for o in equation.output_tuple:
                root[o] = root.get(parent, parent)
        elif not primitive.multiple and primitive.name != "call":
            owned.add(equation.outputs)
    for variable in (*outputs, *(g for g in given if g not in released), *keep):
        if variable is not None:
            last[root.get(variable, variable)] = forever
    for k, equation in enumerate(equations):
        primitive, inputs = equation.primitive, equation.inputs
        if primitive is constant:
            yield equation, None, [], None
            continue
        function = overwritten = None
        if (any_large and not primitive.multiple and types[equation.outputs].size >= REUSE_SIZE) or (
            primitive is scatter_add or primitive is scatter_set
        ):
            for position, i in enumerate(inputs[:2]):
                if (
                    i in owned
                    and last.get(i) == k
                    and types[i] is types[equation.outputs]
                    and types[i].shape != ()
                    and inputs.count(i) == 1
                    and all(root.get(j, j) != i for j in inputs if j != i)
                ):
                    function = _in_place(primitive, equation.params, [types[j] for j in inputs], position)
                    if function is not None:
                        overwritten = position
                        break
        if function is None:
            function = bind(primitive, equation.params, types, inputs)
            if k in copied:
                function = part_copied(function)
        gone: Sequence[int] = ()
        if any_large:
            gone = [
                i
                for i in set(inputs)
                if types[i].size >= FREE_SIZE
                and last[root.get(i, i)] == k
                and (i in owned or i in root or i in released)
            ]
        yield equation, function, gone, overwritten


def build(
    equations: Sequence[Equation],
    types: Sequence[ArrayType],
    outputs: Sequence[int | None],
    given: Iterable[int] = (),
    keep: Iterable[int] = (),
    release: Iterable[int] = (),
) -> Executable:
    """An executable for ``equations``.

    Parameters
    ----------
    given : iterable of int
        Variables that the caller puts into the environment; never overwritten.
    keep : iterable of int
        Variables that the caller reads afterwards.
    release : iterable of int
        Variables among those given that are let go from the environment after their last use.
    """
    code: list[Any] = []
    constants: list[tuple[int, Any]] = []
    for equation, function, gone, _ in schedule(equations, types, outputs, given, keep, release):
        inputs = equation.inputs
        if function is None:
            constants.append((equation.outputs, equation.primitive.value(*equation.params)))
        elif equation.primitive.multiple:
            code.append((_MULTIPLE, function, inputs, None, equation.outputs))
        elif len(inputs) == 2:
            code.append((_BINARY, function, inputs[0], inputs[1], equation.outputs))
        elif len(inputs) == 1:
            code.append((_UNARY, function, inputs[0], None, equation.outputs))
        else:
            code.append((_GENERAL, function, inputs, None, equation.outputs))
        if gone:
            code.append((_FREE, None, gone, None, None))
    return Executable(code, constants, list(outputs), len(types))


def evaluate(program: Program, inputs: Sequence[Any], captured: Sequence[Any]) -> list[Any]:
    """The outputs of a program for given inputs and captured values."""
    executable = build(program.equations, program.types, program.outputs, (*program.inputs, *program.captured))
    env: list[Any] = [None] * len(program.types)
    for variable, value in zip(program.inputs, inputs, strict=True):
        env[variable] = value
    for variable, value in zip(program.captured, captured, strict=True):
        env[variable] = value
    return executable.run(env)
