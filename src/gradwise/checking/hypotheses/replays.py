"""The claimed derivative as a traced program, run again with one of its values changed.

    Replay.output(variable, value) : the claim, if that intermediate value of it were another one

f may be opaque, a compiled library say, and its gradient written in NumPy all the same: then the claim is the only program there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwise.checking.evidence import Evidence, Sample
from gradwise.checking.problem import Problem
from gradwise.operators.arguments import Arguments
from gradwise.program import Equation, Program
from gradwise.program.text import variable_names
from gradwise.quiet import quiet
from gradwise.tracing import record
from gradwise.tracing.instrument.hooks import watched

MOST_EQUATIONS = 200
MOST_VALUES = 32


class Replay:
    """The claim's program with its values at one point.

    Attributes
    ----------
    env : list
        The value of each variable.
    sample : Sample
        Claim and truth there.
    base : ndarray
        What the program returns, flat.
    """

    def __init__(self, program: Program, inputs: Sequence[Any], captured: Sequence[Any], sample: Sample) -> None:
        self.program, self.sample = program, sample
        self.env = run_program(program, inputs, captured)
        self.base = self.flat(self.env)
        self.reached: dict[int, list[Equation]] = {}

    def flat(self, env: list[Any]) -> np.ndarray:
        """The outputs as one vector."""
        return outputs_of(self.program, env)

    def output(self, variable: int, value: Any) -> np.ndarray:
        """The claim with one value replaced; only what depends on it is computed again."""
        if variable not in self.reached:
            touched, later = {variable}, []
            for equation in self.program.equations:
                if touched & set(equation.inputs):
                    touched |= set(equation.output_tuple)
                    later.append(equation)
            self.reached[variable] = [e for e in later if variable not in e.output_tuple]
        env = list(self.env)
        env[variable] = value
        with np.errstate(all="ignore"):
            for equation in self.reached[variable]:
                _run(equation, env)
        return self.flat(env)

    def rewritten(self, equations: Sequence[Equation]) -> np.ndarray | None:
        """The claim with other equations in the place of its own; None where their shapes do not fit."""
        env = list(self.env)
        try:
            with np.errstate(all="ignore"):
                for equation in equations:
                    _run(equation, env)
                return self.flat(env)
        except Exception:  # noqa: BLE001  (most other axes do not fit the shapes)
            return None

    def fits(self, candidate: np.ndarray | None) -> bool:
        """Whether a changed claim is the truth, entry by entry, within the bounds."""
        sample = self.sample
        if candidate is None or candidate.shape != sample.truth.shape:
            return False
        give = 4 * sample.bound + 1e-9 * np.abs(sample.truth)
        with np.errstate(invalid="ignore"):
            return bool(np.all((np.abs(candidate - sample.truth) <= give)[sample.usable]))

    @property
    def numbers(self) -> Iterator[int]:
        """Variables that hold real floating-point numbers, x first, then in the order in which they are computed."""
        program = self.program
        outputs = [o for e in program.equations for o in e.output_tuple]
        for variable in (*program.inputs, *outputs, *program.captured):
            value = self.env[variable]
            if value is not None and np.asarray(value).dtype.kind == "f" and np.all(np.isfinite(value)):
                yield variable

    def formula(self, variable: int, depth: int = 2) -> str:
        """A variable as a short formula."""
        names = variable_names(self.program)
        for equation in self.program.equations:
            if variable in equation.output_tuple:
                if depth == 0:
                    return "…"
                parts = [self.formula(i, depth - 1) for i in equation.inputs]
                sign = {"add": "+", "sub": "-", "mul": "*", "div": "/", "matmul": "@"}.get(equation.primitive.name)
                return f"({f' {sign} '.join(parts)})" if sign else f"{equation.primitive.name}({', '.join(parts)})"
        if variable in self.program.inputs:
            return names[variable] if len(self.program.inputs) > 1 else "x"
        value = self.env[variable]
        return f"{float(value):.4g}" if np.ndim(value) == 0 else "a constant"

    def line(self, variable: int) -> str:
        """Where a variable is computed, for the end of a sentence."""
        for equation in self.program.equations:
            if variable in equation.output_tuple and equation.source:
                return f" ({equation.source[0].rsplit('/', 1)[-1]}:{equation.source[1]})"
        return ""


def claim_program(problem: Problem) -> tuple[Program, list[Any]] | None:
    """The claim's program and the values that it captured; None where it cannot be traced, or is long."""
    function, point = problem.claim_function, problem.target.point
    if function is None or point.has_complex:
        return None
    call = watched(function)
    try:
        with quiet(), np.errstate(all="ignore"):
            arguments = Arguments(function, 0, (point.build(point.vector),), {}, "check_grad")
            back = lambda leaves: call(*problem.target.arguments(arguments.rebuild(leaves)[0]))
            recording = record(function, arguments.leaves, (True,) * len(arguments.leaves), back)
            program, captured = recording.program, list(recording.tape.captured_values())
    except Exception:  # noqa: BLE001  (a claim that cannot be traced is not looked into)
        return None
    if recording.nested or not 0 < len(program.equations) <= MOST_EQUATIONS:
        return None
    return program, captured


def inputs_at(problem: Problem, vector: np.ndarray) -> list[np.ndarray]:
    """The arrays of a point, as programs take them."""
    point = problem.target.point
    return [
        vector[real].astype(dtype).reshape(shape)
        for (real, _), shape, dtype in zip(point.slices, point.shapes, point.dtypes, strict=True)
    ]


def replays(evidence: Evidence) -> list[Replay]:
    """The claim's program at x and near it; empty where it cannot be traced or does not return what is claimed there."""
    traced = claim_program(evidence.problem)
    if traced is None:
        return []
    found = []
    try:
        for sample in evidence.samples:
            replay = Replay(traced[0], inputs_at(evidence.problem, sample.vector), traced[1], sample)
            same = replay.base.shape == sample.claimed.shape and np.allclose(
                replay.base[sample.usable], sample.claimed[sample.usable], rtol=1e-9, atol=0.0
            )
            if not same:
                return []  # it hides its operations too, or takes another branch
            found.append(replay)
    except Exception:  # noqa: BLE001  (a claim that cannot be traced is not looked into)
        return []
    return found


def everywhere(found: list[Replay], variable: int, change: Callable[[Replay], Any]) -> bool:
    """Whether the claim is right at x and near it with one value changed."""
    for replay in found:
        try:
            with np.errstate(all="ignore"):
                if not replay.fits(replay.output(variable, change(replay))):
                    return False
        except Exception:  # noqa: BLE001  (a change may not fit the shapes)
            return False
    return True


def values(replay: Replay) -> list[int]:
    """The values that may be wrong: not x itself, the last ones first."""
    inputs = set(replay.program.inputs)
    used = {i for e in replay.program.equations for i in e.inputs} | set(replay.program.outputs)
    captured = set(replay.program.captured)
    found = [v for v in replay.numbers if v not in inputs and v in used]
    return [*[v for v in found if v not in captured][::-1], *[v for v in found if v in captured]][:MOST_VALUES]


def run_program(program: Program, inputs: Sequence[Any], captured: Sequence[Any]) -> list[Any]:
    """The value of each variable of a program."""
    env: list[Any] = [None] * len(program.types)
    for variable, value in zip((*program.inputs, *program.captured), (*inputs, *captured), strict=True):
        env[variable] = value
    with np.errstate(all="ignore"):
        for equation in program.equations:
            _run(equation, env)
    return env


def outputs_of(program: Program, env: list[Any]) -> np.ndarray:
    """The outputs of a program as one vector."""
    return np.concatenate(
        [np.ravel(np.broadcast_to(np.asarray(env[o], dtype=float), program.types[o].shape)) for o in program.outputs]
    )


def _run(equation: Equation, env: list[Any]) -> None:
    value = equation.primitive.value(*[env[i] for i in equation.inputs], *equation.params)
    if isinstance(equation.outputs, tuple):
        for variable, part in zip(equation.outputs, value, strict=True):
            env[variable] = part
    else:
        env[equation.outputs] = value
