"""The derivative of one equation, found once for each signature.

    pushforward : (x, y, ẋ) → ẏ        for  y = primitive(x; params)
    pullback    : (x, y, ȳ) → x̄

A *template* is the derivative of a single equation as a short list of equations over numbered slots.  It depends on the equation's signature
alone (primitive, parameters, operand types, which operands move), so the thousands of equations of a long trace share a handful of
templates, and the derivative of a program is assembled by renumbering.

The pullback is obtained from the pushforward: the forward rule is written out on symbols, split into the part that depends on tangents (linear) and the part
that does not, and the linear part is transposed equation by equation.  Nothing is written twice, and forward and reverse cannot disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.errors import ProgramError
from gradwise.program import ArrayType, Builder, Equation, Primitive, Symbol, result_type
from gradwise.rules.algebra import add
from gradwise.rules.shapes import getitem, scatter_add, scatter_set, zeros_p
from gradwise.transforms.simplify import needed

if TYPE_CHECKING:
    from collections.abc import Sequence


class Template:
    """Equations over slots ``0 … len(types)−1``.

    The first slots are the primals, then the outputs, then the vectors (tangents of the moving operands, or cotangents of the outputs that
    have one).  ``results`` holds a slot for each tangent of an output or cotangent of an operand, None for zero.

    ``fresh`` holds the positions of the equations that scatter onto zeros of their own and are one result: whoever adds them up may start from a sum that exists.
    """

    __slots__ = ("equations", "first_new", "fresh", "needs", "new_types", "results")

    def __init__(self, builder: Builder, first_new: int, results: list[int | None], available: int) -> None:
        live = {r for r in results if r is not None}
        kept = needed(builder.equations, live)
        # renumber the new slots densely
        numbering: dict[int, int] = {}
        types: list[ArrayType] = []
        for equation in kept:
            for o in equation.output_tuple:
                numbering[o] = first_new + len(types)
                types.append(builder.types[o])
        self.equations: list[tuple[Any, tuple[int, ...], tuple[Any, ...], Any]] = [
            (
                e.primitive,
                tuple(numbering.get(i, i) for i in e.inputs),
                e.params,
                tuple(numbering[o] for o in e.outputs) if e.primitive.multiple else numbering[e.outputs],
            )
            for e in kept
        ]
        self.first_new = first_new
        self.new_types = types
        self.results = [None if r is None else numbering.get(r, r) for r in results]
        used = {i for e in self.equations for i in e[1]} | {r for r in self.results if r is not None}
        #: which primals and outputs the template reads
        self.needs = tuple(sorted(i for i in used if i < available))
        zeros = {e[3] for e in self.equations if e[0] is zeros_p}
        read = {i for e in self.equations for i in e[1]}
        self.fresh = tuple(
            k
            for k, (primitive, inputs, _, out) in enumerate(self.equations)
            if primitive is scatter_add and inputs[0] in zeros and out not in read and self.results.count(out) == 1
        )

    def at(self, params: tuple[Any, ...]) -> Template:
        """The template of an index at another index of as many integers: only the index differs."""
        other = object.__new__(Template)
        other.first_new, other.new_types, other.results = self.first_new, self.new_types, self.results
        other.needs, other.fresh = self.needs, self.fresh
        other.equations = [(p, i, params if p in _INDEXING else own, o) for p, i, own, o in self.equations]
        return other


#: primitives of one index; of one with an index of integers the others in its template depend on shapes alone
_INDEXING = frozenset((getitem, scatter_add, scatter_set))
_WITH_INDEX = frozenset((getitem, scatter_set))


def _is_integral(params: tuple[Any, ...]) -> bool:
    return all([type(entry) is int for entry in params[0]])


_pushforwards: dict[Any, Template] = {}
_pullbacks: dict[Any, Template] = {}


def clear_templates() -> None:
    """Forget all templates, for example those of rules that were replaced."""
    _pushforwards.clear()
    _pullbacks.clear()


def _write_forward(
    primitive: Primitive, params: tuple[Any, ...], types: Sequence[ArrayType], active: tuple[int, ...]
) -> tuple[Builder, list[Symbol], list[Symbol], list[Symbol | None], list[Symbol | None]]:
    builder = Builder()
    primals = [builder.variable(t) for t in types]
    result = result_type(primitive, types, params)
    outputs = [builder.variable(t) for t in (result if primitive.multiple else (result,))]
    tangents = [builder.variable(t) if a else None for t, a in zip(types, active, strict=True)]
    if primitive.jvp is None:
        return builder, primals, outputs, tangents, [None] * len(outputs)
    out = primitive.jvp(primals, tangents, tuple(outputs) if primitive.multiple else outputs[0], *params)
    results = list(out) if primitive.multiple else [out]
    for r, o in zip(results, outputs, strict=True):
        if r is not None and r.type is not o.type:
            raise ProgramError(
                f"the rule of {primitive.name} gives a tangent of type {r.type} for a value of type {o.type}"
            )
    return builder, primals, outputs, tangents, results


def pushforward_template(
    primitive: Primitive, params: tuple[Any, ...], types: Sequence[ArrayType], active: tuple[bool, ...]
) -> Template:
    """The tangent equations of a primitive for operands of these types, of which the active ones have a tangent."""
    key = (primitive, params, tuple(types), active)
    known = _pushforwards.get(key)
    if known is None:
        builder, primals, outputs, tangents, results = _write_forward(primitive, params, types, active)
        available = len(primals) + len(outputs)
        first_new = available + sum(t is not None for t in tangents)
        known = Template(builder, first_new, [None if r is None else r.index for r in results], available)
        if len(_pushforwards) > 20_000:
            _pushforwards.clear()
        _pushforwards[key] = known
    return known


class _Linear:
    """What a transpose rule sees of an operand that is linear: its type only."""

    __slots__ = ("builder", "type")

    def __init__(self, builder: Builder, type_: ArrayType) -> None:
        self.builder = builder
        self.type = type_

    @property
    def shape(self) -> tuple[int, ...]:
        return self.type.shape

    @property
    def ndim(self) -> int:
        return len(self.type.shape)

    @property
    def dtype(self) -> Any:
        return self.type.dtype


def pullback_template(
    primitive: Primitive,
    params: tuple[Any, ...],
    types: tuple[ArrayType, ...],
    active: tuple[int, ...],
    reached: tuple[bool, ...],
) -> Template:
    """``active`` says which operands move, ``reached`` which outputs have a cotangent."""
    key = (primitive, params, types, active, reached)
    known = _pullbacks.get(key)
    if known is None:
        pattern: Any = None
        if primitive in _WITH_INDEX and _is_integral(params):
            # an array that is read entry by entry has thousands of indices
            pattern = (primitive, len(params[0]), types, active, reached)
            model = _pullbacks.get(pattern)
            if model is not None:
                return model.at(params)
        known = _write_pullback(primitive, params, types, active, reached)
        if pattern is not None and all(own == params for p, _, own, _ in known.equations if p in _INDEXING):
            key = pattern
        if len(_pullbacks) > 20_000:
            _pullbacks.clear()
        _pullbacks[key] = known
    return known


def _write_pullback(
    primitive: Primitive,
    params: tuple[Any, ...],
    types: Sequence[ArrayType],
    active: tuple[int, ...],
    reached: tuple[bool, ...],
) -> Template:
    forward, primals, outputs, tangents, results = _write_forward(primitive, params, types, active)
    linear = {t.index for t in tangents if t is not None}
    available = len(primals) + len(outputs)
    # the new builder: primals and outputs keep their numbers, cotangents follow
    builder = Builder(list(forward.types[:available]))
    cotangents = [builder.variable(o.type) if r else None for o, r in zip(outputs, reached, strict=True)]
    first_new = len(builder.types)
    renamed: dict[int, int] = {i: i for i in range(available)}
    linear_equations: list[Equation] = []
    for equation in forward.equations:
        if any(i in linear for i in equation.inputs):
            linear.update(equation.output_tuple)
            linear_equations.append(equation)
            continue
        out = builder.emit(equation.primitive, [builder.symbol(renamed[i]) for i in equation.inputs], equation.params)
        for old, new in zip(equation.output_tuple, out if equation.primitive.multiple else (out,), strict=True):
            renamed[old] = new.index
    ct: dict[int, Symbol] = {}

    def accumulate(variable: int, contribution: Symbol) -> None:
        known = ct.get(variable)
        ct[variable] = contribution if known is None else add(known, contribution)

    for r, c in zip(results, cotangents, strict=True):
        if r is not None and c is not None:
            accumulate(r.index, c)
    for equation in reversed(linear_equations):
        bars = [ct.get(o) for o in equation.output_tuple]
        if all(b is None for b in bars):
            continue
        flags = tuple(i in linear for i in equation.inputs)
        operands = [
            _Linear(builder, forward.types[i]) if f else builder.symbol(renamed[i])
            for i, f in zip(equation.inputs, flags, strict=True)
        ]
        rule = equation.primitive.transpose
        if rule is None:
            raise ProgramError(
                f"the rule of {primitive.name} uses {equation.primitive.name} on a tangent, which has no transpose"
            )
        bar = tuple(bars) if equation.primitive.multiple else bars[0]
        for variable, flag, contribution in zip(
            equation.inputs, flags, rule(bar, operands, flags, *equation.params), strict=True
        ):
            if flag and contribution is not None:
                if contribution.type is not forward.types[variable]:
                    raise ProgramError(
                        f"the transpose of {equation.primitive.name} gives {contribution.type} for an operand of type {forward.types[variable]}"
                    )
                accumulate(variable, contribution)
    ends = [None if t is None or t.index not in ct else ct[t.index].index for t in tangents]
    return Template(builder, first_new, ends, available)
