"""Derivatives made ready to run behind a program, and programs run on traced values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution import FREE_SIZE, Executable, build, may_alias
from gradwise.program import Equation, Program, collector_paused
from gradwise.tracing import apply, isinstance_traced
from gradwise.transforms.batch import batch
from gradwise.transforms.forward import Derivative

if TYPE_CHECKING:
    from collections.abc import Sequence


def is_outer(value: Any) -> bool:
    """Whether a value belongs to a trace that is still open."""
    return isinstance_traced(value) and value.tape.open


def interpret(equations: Sequence[Equation], env: list[Any]) -> None:
    """Run equations on an environment that may hold traced values: what depends on them is recorded in their trace.

    ``env`` is filled in place.
    """
    with np.errstate(all="ignore"):
        for equation in equations:
            operands = [env[i] for i in equation.inputs]
            trace = None
            for o in operands:
                if isinstance_traced(o) and o.tape.open and (trace is None or o.tape.level > trace.level):
                    trace = o.tape
            primitive = equation.primitive
            if trace is None:
                plain = [o.current() if isinstance_traced(o) else o for o in operands]
                value = primitive.value(*plain, *equation.params)
            else:
                where = trace.where
                trace.where = equation.location or where
                try:
                    value = apply(trace, primitive, operands, equation.params)
                finally:
                    trace.where = where
            if primitive.multiple:
                for o, v in zip(equation.outputs, value, strict=True):
                    env[o] = v
            else:
                env[equation.outputs] = value


class Prepared:
    """A derivative ready to run behind a program: its equations and their executable."""

    __slots__ = ("_built", "_given", "derivative", "needs", "probes", "shared", "spent")

    def __init__(self, derivative: Derivative) -> None:
        self.derivative = derivative
        # a kink is seen from the operands; the output, if the trace did not keep it, is one operation away
        watched = {i for e, ct in derivative.probes for i in e.inputs}
        self.needs = tuple(sorted(set(derivative.needs) | watched))
        self._given = (*self.needs, *(v for v in derivative.vectors if v is not None))
        # large residuals that nobody else needs: a derivative that runs once lets them go as it proceeds
        p = derivative.program
        fixed = {*p.inputs, *p.captured, *p.outputs, *watched}
        self.spent = [i for i in derivative.needs if i not in fixed and p.types[i].size >= FREE_SIZE]
        self._built: dict[bool, Executable] = {}
        self.shared = shared_results(derivative.equations, derivative.results)
        positions = {id(e): k for k, e in enumerate(derivative.program.equations)}
        self.probes = [(e, positions[id(e)], ct) for e, ct in derivative.probes]

    def executable(self, *, once: bool = False) -> Executable:
        """The derivative's equations ready to run; ``once``: letting go what is ``spent``."""
        spends = once and bool(self.spent)
        built = self._built.get(spends)
        if built is None:
            d = self.derivative
            cotangents = [ct for _, ct in d.probes]
            spent = self.spent if spends else ()
            with collector_paused():
                built = build(d.equations, d.types, d.results, self._given, cotangents, spent)
            self._built[spends] = built
        return built


def shared_results(equations: Sequence[Equation], results: Sequence[int | None]) -> tuple[int, ...]:
    """Positions of results whose memory belongs to what the equations were given, or to an earlier result."""
    wanted = {r for r in results if r is not None}
    parent: dict[int, int] = {}
    made: set[int] = set()
    for equation in reversed(equations):
        found = wanted.intersection(equation.output_tuple)
        if found:
            made |= found
            if may_alias(equation):
                parent[equation.outputs] = equation.inputs[0]
                wanted.add(equation.inputs[0])
    seen: set[int] = set()
    shared = []
    for k, r in enumerate(results):
        if r is None:
            continue
        while r in parent:
            r = parent[r]
        if r not in made or r in seen:
            shared.append(k)
        seen.add(r)
    return tuple(shared)


class BatchedDerivative:
    """The equations of a derivative over a batch of vectors; what it reads of the program is shared by the batch."""

    __slots__ = ("executable", "needs", "outputs", "program", "slots")

    def __init__(self, derivative: Derivative, size: int) -> None:
        vectors = [v for v in derivative.vectors if v is not None]
        results = [r for r in derivative.results if r is not None]
        self.needs = derivative.needs
        program = Program(
            derivative.program.name, vectors, derivative.needs, derivative.equations, results, derivative.types
        )
        self.program, carries = batch(program, size, vectors)
        flags = iter(zip(self.program.outputs, carries, strict=True))
        self.outputs = [None if r is None else next(flags) for r in derivative.results]
        self.slots = (self.program.inputs, self.program.captured)
        self.executable = build(
            self.program.equations,
            self.program.types,
            self.program.outputs,
            (*self.program.inputs, *self.program.captured),
        )

    def run(self, env: list[Any], vectors: Sequence[Any], *, traced: bool) -> list[Any]:
        inner: list[Any] = [None] * len(self.program.types)
        for variable, vector in zip(self.slots[0], vectors, strict=True):
            inner[variable] = vector
        for variable, old in zip(self.slots[1], self.needs, strict=True):
            inner[variable] = env[old]
        if traced:
            interpret(self.program.equations, inner)
        else:
            self.executable.run(inner)
        # a result that no vector reaches is the same for the whole batch: structurally it must be zero
        return [None if o is None or not o[1] else inner[o[0]] for o in self.outputs]
