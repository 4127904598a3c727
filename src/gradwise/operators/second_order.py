"""Second derivatives of a recorded program: forward over reverse, at once for one vector or for a batch.

hessian_vectors : (P : x → R, v) → H v,     H = pushforward ∘ pullback
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution import build
from gradwise.operators.caches import derived
from gradwise.operators.linearization import Linearization
from gradwise.operators.prepared import interpret, is_outer
from gradwise.program import Program
from gradwise.transforms.batch import batch
from gradwise.transforms.forward import pushforward
from gradwise.transforms.reverse import pullback
from gradwise.transforms.simplify import simplify

if TYPE_CHECKING:
    from collections.abc import Sequence


class _SecondOrder:
    """A program from (inputs, captured, seed, tangents) to the products with the Hessian."""

    __slots__ = ("captured", "executable", "inputs", "outputs", "program", "seed", "tangents")

    def __init__(self, program: Program, size: int | None) -> None:
        wrt = program.inputs
        first = pullback(program, wrt, program.outputs[:1])
        gradient = first.joined(values=False)
        gradient.guards = ()
        second = pushforward(gradient, wrt)
        # a gradient entry that is structurally zero has a zero row
        rows = iter(second.results)
        results = [None if r is None else next(rows) for r in first.results]
        joined = Program(
            program.name,
            (*gradient.inputs, *(v for v in second.vectors if v is not None)),
            gradient.captured,
            gradient.equations + second.equations,
            [r for r in results if r is not None],
            second.types,
        )
        joined = simplify(joined)
        kept = iter(joined.outputs)
        n = len(wrt)
        if size is None:
            outputs: list[tuple[int, bool] | None] = [None if r is None else (next(kept), True) for r in results]
        else:
            joined, carries = batch(joined, size, joined.inputs[n + 1 :])
            flags = iter(zip(joined.outputs, carries, strict=True))
            outputs = [None if r is None else next(flags) for r in results]
        self.program = joined
        self.inputs = joined.inputs[:n]
        self.seed = joined.inputs[n]
        self.tangents = joined.inputs[n + 1 :]
        self.captured = joined.captured
        # without the batch axis a product does not depend on the vector: it is zero
        self.outputs = [o[0] if o is not None and o[1] else None for o in outputs]
        self.executable = build(joined.equations, joined.types, self.outputs, (*joined.inputs, *joined.captured))


def hessian_vectors(linearization: Linearization, vectors: Sequence[Any], size: int | None = None) -> list[Any]:
    """H·v by leaves of the arguments, None where structurally zero.

    Parameters
    ----------
    vectors : sequence
        One for each leaf; with ``size`` they carry a leading batch axis of that length, and so do the results.
    """

    def make() -> tuple[_SecondOrder, int]:
        made = _SecondOrder(linearization.program, size)
        return made, len(made.program)

    prepared: _SecondOrder = derived(("second order", size, linearization.fingerprint), make)
    tape = linearization.recording.tape
    env: list[Any] = [None] * len(prepared.program.types)
    for variable, leaf in zip(prepared.inputs, _inputs(linearization), strict=True):
        env[variable] = leaf
    captured = tape.captured_values() if linearization.nested else [tape.values[i] for i in tape.captured]
    for variable, value in zip(prepared.captured, captured, strict=True):
        env[variable] = value
    for variable, vector in zip(prepared.tangents, vectors, strict=True):
        env[variable] = vector
    value = linearization.recording.values[0]
    env[prepared.seed] = np.ones((), np.asarray(value).dtype)[()]
    if linearization.nested or any(is_outer(v) for v in vectors):
        interpret(prepared.program.equations, env)
    else:
        prepared.executable.run(env)
    return [None if o is None else env[o] for o in prepared.outputs]


def _inputs(linearization: Linearization) -> list[Any]:
    if linearization.nested:
        return list(linearization.arguments.leaves)
    tape = linearization.recording.tape
    return [tape.values[i] for i in tape.inputs]
