"""The conductor's desk: trace, transform, execute, and the caches between them.

``linearize_call`` runs a function once under a trace and returns a ``Linearization``, which multiplies vectors by the Jacobian and by its transpose.  Derivative programs
are found by the fingerprint of the recorded program, so that a function that is traced again costs its own run plus the execution of a program that was
transformed and prepared before.

Nested derivatives need no further idea: when an argument (or something the function read) is a value of an outer trace, the recorded program and its derivative are
interpreted on traced values, equation by equation, which records them in the outer trace.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution import Executable, build
from gradwise.operators.caches import clear_caches, derived
from gradwise.operators.equalities import doubt_equalities, is_unknown
from gradwise.operators.first_runs import first_run
from gradwise.operators.kinks import holds_nan, warn_of_kinks
from gradwise.operators.lasting import Surroundings
from gradwise.operators.memories import doubt_memories, may_remember, preserved
from gradwise.operators.prepared import BatchedDerivative, Prepared, interpret, is_outer
from gradwise.operators.reuse import Call, PromisedCall, ProvenCall, Specialization, call_of, difference, unwrapped
from gradwise.operators.verification import doubt_zeros, requested, verified_call
from gradwise.program import Program
from gradwise.tracing import Recording, record
from gradwise.tracing.purity import inspect_function, untouched
from gradwise.transforms.forward import pushforward
from gradwise.transforms.reverse import pullback
from gradwise.transforms.seeds import seeded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.operators.arguments import Arguments


class Linearization:
    """A function at a point: its value there and its derivative, a linear map.

    Attributes
    ----------
    recording : Recording
    values : list
        The leaves of the output (values of an outer trace where they depend on it).
    """

    __slots__ = (
        "_again",
        "_env",
        "_fingerprint",
        "_wrt",
        "arguments",
        "doubtful",
        "nested",
        "recording",
        "standing",
        "values",
    )

    def __init__(
        self,
        recording: Recording,
        arguments: Arguments,
        fingerprint: Any = None,
        again: Callable[[], Recording] | None = None,
    ) -> None:
        self._again = again
        #: the call and the program that stood for the function, if one did and its code proves that it may
        self.standing: tuple[ProvenCall, Specialization] | None = None
        self.recording = recording
        self.arguments = arguments
        self._env: list[Any] | None = None
        self._fingerprint: Any = fingerprint
        #: whether nan reached a kink in the last product
        self.doubtful = False
        self._wrt = tuple(recording.tape.inputs)
        self.nested = recording.nested or any(is_outer(leaf) for leaf in arguments.leaves)
        if self.nested:
            self.values = [self.outer_env[o] for o in recording.outputs]
        else:
            self.values = recording.values

    def settle(self) -> bool:
        """Run the function after all, where what its program gave needs a closer look; whether that was not done before."""
        if self._again is None:
            return False
        again, self._again, self.standing = self._again, None, None
        self.recording = again()
        self._env = self._fingerprint = None
        self._wrt = tuple(self.recording.tape.inputs)
        return True

    # --- environments -------------------------------------------------------------------------------------------------------

    @property
    def fingerprint(self) -> Any:
        if self._fingerprint is None:
            tape = self.recording.tape
            self._fingerprint = tape.fingerprint(self.recording.outputs)
            if self.nested:  # its equations are recorded again, with their lines, in the outer trace
                self._fingerprint = (self._fingerprint, tuple(tape.places))
        return self._fingerprint

    @property
    def program(self) -> Program:
        return self.recording.program

    @property
    def outer_env(self) -> list[Any]:
        """The program's variables as values of the outer trace."""
        if self._env is None:
            tape, program = self.recording.tape, self.recording.program
            env: list[Any] = [None] * len(program.types)
            for variable, leaf in zip(tape.inputs, self.arguments.leaves, strict=True):
                env[variable] = leaf
            for variable, value in zip(tape.captured, tape.captured_values(), strict=True):
                env[variable] = value
            interpret(program.equations, env)
            for index, kind, expected, where in tape.guards:
                value = env[index]
                if is_outer(value):
                    value.tape.guards.append((value.index, kind, expected, where))
            self._env = env
        return self._env

    def full_env(self) -> list[Any]:
        """All variables, computed again from the inputs (for values that the trace did not keep)."""
        tape, program = self.recording.tape, self.recording.program
        env: list[Any] = [None] * len(program.types)
        for i in (*tape.inputs, *tape.captured):
            env[i] = tape.values[i]

        def make() -> tuple[Executable, int]:
            everything = range(len(program.types))
            return build(program.equations, program.types, (), (), everything), len(program)

        derived(("everything", self.fingerprint), make).run(env)
        return env

    def environment(self, needs: Sequence[int], size: int) -> list[Any]:
        """An environment of the given size that holds the variables in ``needs``."""
        if self.nested:
            return self.outer_env + [None] * (size - len(self.outer_env))
        values = self.plain_values(needs)
        return values + [None] * (size - len(values))

    def plain_values(self, needs: Sequence[int]) -> list[Any]:
        """The values of the run by variable, those in ``needs`` among them."""
        values = self.recording.tape.values
        for i in needs:
            if values[i] is None:
                values = self.recording.tape.values = self.full_env()
                break
        return values

    def lasting_kinks(self, positions: Sequence[int]) -> list[Any]:
        """Which kinks of some equations stay when the point moves."""
        program = self.program

        def make() -> tuple[Surroundings, int]:
            return Surroundings(program, [program.equations[k] for k in positions]), len(program)

        surroundings = derived(("surroundings", tuple(positions), self.fingerprint), make)
        return surroundings.lasting(
            self.plain_values([i for e in surroundings.equations for i in (*e.inputs, *e.output_tuple)])
        )

    # --- products -----------------------------------------------------------------------------------------------------------

    def prepared(self, mode: str) -> Prepared:
        """The derivative program, ready to run: "forward", "reverse", or "gradient" (of one number, at the cotangent 1)."""

        def make() -> tuple[Prepared, int]:
            derivative = (
                pushforward(self.program, self._wrt) if mode == "forward" else pullback(self.program, self._wrt)
            )
            prepared = Prepared(seeded(derivative) if mode == "gradient" else derivative)
            return prepared, len(self.program) + len(prepared.derivative.equations)

        return derived((mode, self.fingerprint), make)

    def _run(self, prepared: Prepared, vectors: Sequence[Any], *, once: bool = False) -> list[Any]:
        derivative = prepared.derivative
        env = self.environment(prepared.needs, len(derivative.types))
        if once and prepared.spent and not self.nested:
            values = self.recording.tape.values
            for i in prepared.spent:
                values[i] = None
        for variable, vector in zip(derivative.vectors, vectors, strict=True):
            if variable is not None:
                env[variable] = vector
        if self.nested or any(is_outer(v) for v in vectors):
            interpret(derivative.equations, env)
            results = [None if r is None else env[r] for r in derivative.results]
        else:
            results = (prepared.once if once else prepared.executable).run(env)
            for k in prepared.shared:
                if type(results[k]) is np.ndarray:
                    results[k] = results[k].copy()
        # who resolves a nan looks again for kinks, with what is then known
        if prepared.probes and not holds_nan(results):
            self.doubtful = warn_of_kinks(prepared.probes, env, self)
        return results

    def jvp(self, tangents: Sequence[Any]) -> list[Any]:
        """The tangents of the outputs, None where structurally zero."""
        return self._run(self.prepared("forward"), tangents)

    def vjp(self, cotangents: Sequence[Any]) -> list[Any]:
        """The cotangents of the inputs, None where structurally zero."""
        return self._run(self.prepared("reverse"), cotangents)

    def gradient(self) -> list[Any]:
        """The cotangents of the inputs for the cotangent 1 of the only output, None where structurally zero.

        Large residuals are let go while it runs; another product computes them again.
        """
        return self._run(self.prepared("gradient"), (), once=True)

    def batched_derivative(self, mode: str, size: int) -> BatchedDerivative:
        """The derivative program for ``size`` vectors at once: "forward" or "reverse"."""

        def make() -> tuple[Any, int]:
            transform = pushforward if mode == "forward" else pullback
            derivative = transform(self.program, self._wrt)
            prepared = BatchedDerivative(derivative, size)
            return prepared, len(self.program) + len(prepared.program)

        return derived((mode, size, self.fingerprint), make)

    def batched(self, mode: str, size: int, vectors: Sequence[Any]) -> list[Any]:
        """``jvp`` or ``vjp`` for ``size`` vectors at once, stacked along a leading axis; None where structurally zero."""
        prepared = self.batched_derivative(mode, size)
        env = self.environment(prepared.needs, len(self.program.types))
        return prepared.run(env, vectors, traced=self.nested or any(is_outer(v) for v in vectors))


_running = threading.local()


def enclosing() -> int:
    """How many functions are being run for a derivative right now: the derivatives that will be taken of this one."""
    return getattr(_running, "depth", 0)


def derivatives_taken() -> int:
    """How many functions have been run for a derivative in this thread."""
    return getattr(_running, "taken", 0)


def linearize_call(
    function: Any, arguments: Arguments, *, has_aux: bool = False, lasting: bool = False, order: int = 1
) -> Linearization:
    """Run the function once under a trace (and verify it, under ``check=True``), or the program that stands for it.

    ``lasting``: the derivative is asked for later, when what the function reads may have changed; ``order``: of the derivative that is asked for.
    """
    leaves = arguments.leaves
    reusable = not (lasting or requested.get() or arguments.stands_in) and not any(map(is_outer, leaves))
    call = call_of(function, arguments, has_aux=has_aux) if reusable else None
    function = unwrapped(function)

    def traced() -> Recording:
        return record(
            function,
            leaves,
            (True,) * len(leaves),
            arguments.call,
            has_aux=has_aux,
            untouched=lambda: untouched(function, *arguments.given()),
            ending=None if any(map(is_outer, leaves)) else arguments.write_back,
        )

    def run() -> Linearization:
        _running.depth = enclosing() + 1
        _running.taken = derivatives_taken() + 1
        try:
            found = None if call is None else call.replay()
            if found is not None and is_unknown(function, found[0].borders, found[1].tape.values, order):
                found = None  # the function itself is compared
            if call is not None and found is not None:
                program, recording = found
                if isinstance(call, PromisedCall) and call.is_due():
                    changed = difference(traced(), recording)
                    if changed is not None:
                        raise call.broken(changed)
                call.tick(program.ticks)
                again = functools.partial(_after_all, call, program, traced)
                linearization = Linearization(recording, arguments, program.fingerprint, again)
                if isinstance(call, ProvenCall):
                    linearization.standing = call, program
                return linearization
            linearization = Linearization(traced(), arguments)
            if call is not None and not linearization.nested:
                size = len(linearization.recording.tape.outs)
                call.learn(functools.partial(difference, linearization.recording), size)
        finally:
            _running.depth -= 1
        tape = linearization.recording.tape
        # what follows from decisions may be that of an earlier run, unless the code proves that none is kept
        asked = may_remember(function, linearization)
        if asked or tape.looked_up or tape.decided or tape.met:
            doubted = tape.looked_up or (
                tape.decided and not inspect_function(function, *arguments.given()).is_replayable
            )
            with preserved(linearization):
                settled = asked and doubt_memories(function, linearization, has_aux=has_aux)
                if doubted and not settled:
                    doubt_zeros(function, linearization, has_aux=has_aux)
                if doubted or tape.met:
                    doubt_equalities(function, linearization, has_aux=has_aux, order=order)
        tape.ran = None
        return linearization

    verified = verified_call if requested.get() else first_run
    return verified(function, arguments, run, has_aux=has_aux)


def _after_all(call: Call, program: Specialization, traced: Callable[[], Recording]) -> Recording:
    """The run of a function for which a program stood: it counts itself."""
    call.tick(program.ticks, -1)
    return traced()


def auxiliary(linearization: Linearization) -> Any:
    """What a function with ``has_aux`` returned beside its value: plain, or values of the outer trace."""
    recording = linearization.recording
    leaves = []
    for index, value in recording.auxiliary_outputs:
        if index is not None and linearization.nested:
            leaves.append(linearization.outer_env[index])
        else:
            leaves.append(value)
    return recording.auxiliary_structure.rebuild(leaves)


__all__ = [
    "BatchedDerivative",
    "Executable",
    "Linearization",
    "auxiliary",
    "clear_caches",
    "derived",
    "interpret",
    "is_outer",
    "linearize_call",
]
