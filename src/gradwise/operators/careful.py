"""Derivatives run with care: the program and its derivative as one program, in which structural zeros annihilate.

Where the plain derivative of a function came out as nan, the operators ask again here.  A ``Request`` says what was asked for; ``run_carefully`` answers it for the
recorded program, or for an equivalent one, at the recorded point or at another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution import build
from gradwise.operators.caches import derived
from gradwise.operators.prepared import interpret, is_outer
from gradwise.program import Program
from gradwise.tracing import isinstance_traced
from gradwise.transforms.batch import batch
from gradwise.transforms.forward import pushforward
from gradwise.transforms.reverse import pullback
from gradwise.transforms.simplify import drop_dead, merge_equal
from gradwise.transforms.smooth_forms import smooth_forms
from gradwise.transforms.strong_zeros import strong_zeros
from gradwise.transforms.taylor import derivatives

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from gradwise.operators.linearization import Linearization


class Request:
    """A derivative that was asked for.

    Attributes
    ----------
    kind : str
        "forward", "reverse", "second" (products with the Hessian of a scalar), or "line" (all orders along a direction).
    vectors : list
        The tangents, cotangents, or direction.
    size : int or None
        Length of the leading batch axis of the vectors.
    order : int
        The highest order, for "line".
    """

    __slots__ = ("kind", "order", "size", "vectors")

    def __init__(self, kind: str, vectors: Sequence[Any], size: int | None = None, order: int = 1) -> None:
        self.kind = kind
        self.vectors = list(vectors)
        self.size = size
        self.order = order


class _Prepared:
    """A careful derivative ready to run, with where its inputs go."""

    __slots__ = ("captured", "executable", "inputs", "outputs", "program")

    def __init__(self, program: Program, request: Request, moving: frozenset[int], still: tuple[bool, ...]) -> None:
        joined, vectors, results = _differentiated(program, request)
        joined = drop_dead(merge_equal(joined))
        moving_vectors = [v for v, s in zip(vectors, still, strict=True) if not s]
        careful = strong_zeros(
            joined, (*program.inputs, *moving, *moving_vectors), joined.inputs[len(program.inputs) :]
        )
        self.outputs: list[int | None]
        kept = iter(careful.outputs)
        if request.size is None:
            self.outputs = [None if r is None else next(kept) for r in results]
        else:
            batched_inputs = careful.inputs[-len(vectors) :] if vectors else ()
            careful, carries = batch(careful, request.size, batched_inputs)
            flags = iter(zip(careful.outputs, carries, strict=True))
            found = [None if r is None else next(flags) for r in results]
            # a result that does not depend on the vectors is zero
            self.outputs = [None if f is None or not f[1] else f[0] for f in found]
        self.program = careful
        self.inputs, self.captured = careful.inputs, careful.captured
        self.executable = build(careful.equations, careful.types, self.outputs, (*careful.inputs, *careful.captured))


def _differentiated(program: Program, request: Request) -> tuple[Program, list[int], list[int | None]]:
    """Program and derivative in one, whose inputs end with the vectors; the vectors; and the results, None for zero."""
    wrt = program.inputs
    if request.kind == "line":
        joined, levels = derivatives(program, wrt, request.order)
        flat = [v for level in levels for v in level]
        joined = _without_guards(joined, [v for v in flat if v is not None])
        return joined, list(joined.inputs[len(wrt) :]), flat
    if request.kind == "second":
        first = pullback(program, wrt, program.outputs[:1])
        gradient = _without_guards(first.joined(values=False))
        second = pushforward(gradient, wrt)
        rows = iter(second.results)
        results = [None if r is None else next(rows) for r in first.results]
        vectors = [v for v in second.vectors if v is not None]
        joined = Program(
            program.name,
            (*gradient.inputs, *vectors),
            gradient.captured,
            gradient.equations + second.equations,
            [r for r in results if r is not None],
            second.types,
        )
        return joined, vectors, results
    derivative = pushforward(program, wrt) if request.kind == "forward" else pullback(program, wrt)
    joined = _without_guards(derivative.joined(values=False))
    return joined, [v for v in derivative.vectors if v is not None], list(derivative.results)


def _without_guards(program: Program, outputs: Sequence[int] | None = None) -> Program:
    return Program(
        program.name,
        program.inputs,
        program.captured,
        program.equations,
        program.outputs if outputs is None else outputs,
        program.types,
    )


def run_carefully(
    linearization: Linearization,
    request: Request,
    program: Program,
    rewritten: Hashable = (),
    leaves: Sequence[Any] | None = None,
) -> list[Any]:
    """What was asked for, as the plain derivative gives it (None where structurally zero), with strong zeros.

    Parameters
    ----------
    program : Program
        The recorded program or one that equals it as a function.
    rewritten : hashable
        What tells it from the recorded one.
    leaves : sequence, optional
        Plain values of the arguments, for the derivative at another point.
    """
    tape = linearization.recording.tape
    moving = frozenset(tape.handles) if linearization.nested else frozenset()
    still = tuple([not is_outer(v) for v in request.vectors])
    key = ("careful", request.kind, request.size, request.order, moving, still, rewritten, linearization.fingerprint)

    def make() -> tuple[_Prepared, int]:
        made = _Prepared(program, request, moving, still)
        return made, len(made.program)

    prepared: _Prepared = derived(key, make)
    plain = leaves is not None
    if leaves is None:
        leaves = linearization.arguments.leaves if linearization.nested else [tape.values[i] for i in tape.inputs]
    captured = [tape.values[i] for i in tape.captured] if plain or not linearization.nested else tape.captured_values()
    vectors = [plain_value(v) for v in request.vectors] if plain else request.vectors
    given = [*leaves]
    if request.kind == "second":
        given.append(np.ones((), np.asarray(linearization.recording.values[0]).dtype)[()])
    given += vectors
    env: list[Any] = [None] * len(prepared.program.types)
    for variable, value in zip(prepared.inputs, given, strict=True):
        env[variable] = value
    for variable, value in zip(prepared.captured, captured, strict=True):
        env[variable] = value
    if not plain and (linearization.nested or not all(still)):
        interpret(prepared.program.equations, env)
        return [None if o is None else env[o] for o in prepared.outputs]
    return prepared.executable.run(env)


def equivalent(linearization: Linearization) -> tuple[Program, tuple[int, ...]]:
    """The recorded program in known forms that meet no 0 · ∞, and what was rewritten."""
    tape, program = linearization.recording.tape, merge_equal(linearization.program)
    captured = set(program.captured)
    return smooth_forms(
        program,
        lambda v: v in captured and bool(np.all(tape.values[v] == 1)),
        lambda v: v in captured and bool(np.all(np.real(tape.values[v]) > 0)),
    )


def plain_value(value: Any) -> Any:
    """A value without its trace."""
    return value.current() if isinstance_traced(value) else value


def values_of(
    linearization: Linearization, program: Program, rewritten: tuple[Any, ...], leaves: Sequence[Any] | None = None
) -> list[Any]:
    """Plain values of all variables of a program, ``rewritten`` telling it from the recorded one."""
    tape = linearization.recording.tape
    env: list[Any] = [None] * len(program.types)
    for variable, value in zip(
        program.inputs, [tape.values[i] for i in tape.inputs] if leaves is None else leaves, strict=True
    ):
        env[variable] = value
    for variable in program.captured:
        env[variable] = tape.values[variable]

    def make() -> tuple[Any, int]:
        given = (*program.inputs, *program.captured)
        return build(program.equations, program.types, (), given, range(len(program.types))), len(program)

    derived(("values", rewritten, linearization.fingerprint), make).run(env)
    return env
