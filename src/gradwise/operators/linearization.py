"""A function at a point: its value there and its derivative, a linear map.

    Linearization : recording → jvp, vjp, gradient, and both for many vectors at once

Derivative programs are found by the fingerprint of the recorded program, so that a function that is traced again costs its own run plus the execution of a program that was transformed and prepared before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution import Executable, build
from gradwise.operators.caches import derived
from gradwise.operators.kinks import holds_nan, warn_of_kinks
from gradwise.operators.lasting import Surroundings
from gradwise.operators.leaves import traced_number
from gradwise.operators.prepared import BatchedDerivative, Prepared, interpret, is_outer
from gradwise.rules.failing import of_python
from gradwise.tracing.instrument.state import local
from gradwise.transforms.forward import pushforward
from gradwise.transforms.reverse import pullback
from gradwise.transforms.seeds import seeded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.operators.arguments import Arguments
    from gradwise.operators.reuse import ProvenCall, Specialization
    from gradwise.program import Program
    from gradwise.tracing import Recording


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
            self.values = [
                traced_number(v, type(like)) if is_outer(v) else v
                for v, like in zip([self.outer_env[o] for o in recording.outputs], recording.values, strict=True)
            ]
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
            if local.failing is not None:
                found = [env[i] for i in of_python(program, tape.values)]
                found += [env[value.index] for value in local.failing if value.tape is tape]
                local.failing += [value for value in found if is_outer(value)]
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
            results = prepared.executable(once=once).run(env)
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
