"""Forward mode: the tangent of a program.

    pushforward : (P : x → y)  →  (residuals, ẋ) → ẏ

The new equations continue the numbering of the program and read its variables; run behind it, or on the values that a trace kept, they
give the tangents of its outputs.  Law: pushforward is linear in ẋ, and ⟨ȳ, pushforward(ẋ)⟩ = ⟨pullback(ȳ), ẋ⟩.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradwise.program import ArrayType, Equation, Program
from gradwise.transforms.templates import Template, pushforward_template

if TYPE_CHECKING:
    from collections.abc import Sequence


class Derivative:
    """Equations to be run behind those of a program.

    Attributes
    ----------
    program : Program
        The program that was differentiated.
    types : list of ArrayType
        The program's types, followed by those of the new variables.
    equations : list of Equation
    vectors : tuple of int or None
        The variables that take the tangents of the inputs, or the cotangents of the outputs.
    results : tuple of int or None
        The tangents of the outputs, or the cotangents of the inputs; None is zero.
    needs : tuple of int
        The variables of the program that the equations read.
    probes : list
        ``(equation, cotangent variable)`` for each equation of the program that may sit on a kink.
    """

    __slots__ = ("equations", "needs", "probes", "program", "results", "types", "vectors")

    def __init__(
        self,
        program: Program,
        types: list[ArrayType],
        equations: list[Equation],
        vectors: Sequence[int | None],
        results: Sequence[int | None],
        needs: Sequence[int],
        probes: list[tuple[Equation, int]],
    ) -> None:
        self.program = program
        self.types = types
        self.equations = equations
        self.vectors = tuple(vectors)
        self.results = tuple(results)
        self.needs = tuple(needs)
        self.probes = probes

    def joined(self, *, values: bool = True) -> Program:
        """One program from the inputs and vectors to the results (after the program's own outputs, if ``values``).

        Results that are structurally zero are left out; ask ``results`` which.
        """
        outputs = (self.program.outputs if values else ()) + tuple(r for r in self.results if r is not None)
        p = self.program
        return Program(
            p.name,
            (*p.inputs, *(v for v in self.vectors if v is not None)),
            p.captured,
            p.equations + self.equations,
            outputs,
            self.types,
            p.guards,
            p.labels,
        )


def instantiate(
    template: Template,
    slots: list[int],
    types: list[ArrayType],
    equations: list[Equation],
    location: object,
) -> None:
    """Append a template's equations; ``slots`` maps its first slots to variables and is extended by the new ones."""
    start = len(types)
    slots.extend(range(start, start + len(template.new_types)))
    types.extend(template.new_types)
    for primitive, inputs, params, outputs in template.equations:
        if len(inputs) == 2:  # without a list: long programs have hundreds of thousands of these
            i, j = inputs
            operands: tuple[int, ...] = (slots[i], slots[j])
        else:
            operands = tuple([slots[i] for i in inputs])
        out = tuple([slots[o] for o in outputs]) if primitive.multiple else slots[outputs]
        equations.append(Equation(primitive, operands, params, out, location))


def pushforward(program: Program, wrt: Sequence[int]) -> Derivative:
    """The tangent of ``program`` for tangents of the variables ``wrt`` (inputs or captured)."""
    types = list(program.types)
    tangent: dict[int, int] = {}
    vectors = []
    for variable in wrt:
        types.append(types[variable])
        tangent[variable] = len(types) - 1
        vectors.append(len(types) - 1)
    equations: list[Equation] = []
    needs: set[int] = set()
    for equation in program.equations:
        inputs = equation.inputs
        active = tuple([i in tangent for i in inputs])
        if True not in active or equation.primitive.jvp is None:
            continue
        template = pushforward_template(equation.primitive, equation.params, [types[i] for i in inputs], active)
        outputs = equation.output_tuple
        slots = [*inputs, *outputs, *(tangent[i] for i, a in zip(inputs, active, strict=True) if a)]
        needs.update([slots[i] for i in template.needs])
        instantiate(template, slots, types, equations, equation.location)
        for o, r in zip(outputs, template.results, strict=True):
            if r is not None:
                tangent[o] = slots[r]
    results = [tangent.get(o) for o in program.outputs]
    return Derivative(program, types, equations, vectors, results, sorted(needs), [])
