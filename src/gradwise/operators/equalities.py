"""Branches that an equality decided: ``if x == 0: return 1.0`` before ``log1p(x) / x``, ``if a[i, j] == 0: continue``, ``np.where(w == 0, 0.0, w * y)``, ``y[x != 0] = …``.

Such a branch has the right value at this point, and the other one computes the function at all points around it.  Its derivative may be another one, or none: a number that was written
down for a limit, a term that was left out because it is zero here.  The first time that a line of a function decides so, one directional derivative (of each order up to that which is asked for) is compared with a numerical one.  If
they differ, the function is run as if nothing were equal; if that run has the same value and a derivative that agrees, it has the right one.  Else an error says so.

Where the function has no derivative (‖x‖ at 0), nothing is concluded, and the derivative is that of the branch taken.

A program in which an entry of ``np.where`` or a mask may be equal stands for the function as long as none is, or the line was found to do no harm (``equal_entries.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import TracingError
from gradwise.operators.arguments import code_of, function_label
from gradwise.operators.caches import derived
from gradwise.operators.equal_entries import HIGHEST, Borders, Line, believe, is_harmless, is_harmless_program
from gradwise.operators.random_directions import random_direction
from gradwise.operators.restoring import Restoring, looked_at, written_by
from gradwise.operators.reuse.counting import counters_of
from gradwise.operators.verification import Disagreement, compare_derivatives, paused, requested
from gradwise.operators.zeros import put, without_memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradwise.operators.linearization import Linearization


def doubt_equalities(function: Any, linearization: Linearization, *, has_aux: bool, order: int = 1) -> None:
    """See that a branch that an equality decided has the derivatives of the function to an order, or find a run that has them.

    Raises
    ------
    TracingError
        If the function has a derivative here, and it is another one.
    """
    recording = linearization.recording
    if linearization.nested or requested.get() is False or recording.tape.recalled:
        return
    code, order = code_of(function), min(order, HIGHEST)
    if is_harmless_program(code, linearization.fingerprint, order):
        return
    borders = _borders(linearization)
    met = borders.lines(linearization.plain_values(borders.variables))
    doubtful = [line for line in met if not is_harmless(code, {line}, order)]
    if not doubtful:
        believe(code, (), borders.all_lines, linearization.fingerprint, order)
        return
    counters = counters_of(function, *linearization.arguments.given())
    before = [counter.value for counter in counters]
    try:
        arguments = linearization.arguments.copied()
        arguments.leaves = [recording.tape.values[i] for i in recording.tape.inputs]
        spare = Restoring(arguments, written_by(linearization), has_aux=has_aux)
        with looked_at(recording.tape.ran, lambda: spare.copied().call(arguments.leaves)) as why:
            if why is not None and recording.tape.ran is not None and not counters:
                return  # calling the function leaves something behind
            if not _agrees(function, linearization, spare, doubtful, borders, order, has_aux=has_aux):
                return
    finally:
        for counter, value in zip(counters, before, strict=True):
            counter.add(value - counter.value)
    believe(code, doubtful, borders.all_lines, linearization.fingerprint, order)


def is_unknown(function: Any, borders: Borders, values: Sequence[Any], order: int) -> bool:
    """Whether something is equal in a line that was not found to do no harm, so that the function itself must run."""
    if not borders.variables or requested.get() is False:
        return False
    lines = borders.lines(values)
    return bool(lines) and not is_harmless(code_of(function), lines, order)


def may_be_near(linearization: Linearization) -> bool:
    """Whether results depend on comparisons with a number next to nothing, so that entries may be equal to something without a comparison for equality."""

    def make() -> tuple[bool, int]:
        return _borders(linearization).widest > 0, 1

    return derived(("near", linearization.fingerprint), make)


def _borders(linearization: Linearization) -> Borders:
    def make() -> tuple[Borders, int]:
        program = linearization.program
        return Borders(program, linearization.recording.tape.values), len(program)

    return derived(("equalities", tuple(linearization.recording.tape.places), linearization.fingerprint), make)


def _agrees(
    function: Any,
    linearization: Linearization,
    spare: Any,
    doubtful: list[Line],
    borders: Borders,
    order: int,
    *,
    has_aux: bool,
) -> bool:
    """Whether the branches taken have the derivatives of the function, as far as can be told; if not, that of a run that takes the others is put there."""
    recording = linearization.recording
    state = np.random.get_state()  # noqa: NPY002 - the global state is what the user's code may draw from

    # in units of its own size, an entry of 1e-13 would not be moved out of what is next to nothing
    bound = borders.widest
    away = [np.where(np.abs(leaf) <= bound, 0.0, leaf).astype(np.asarray(leaf).dtype) for leaf in spare.leaves]
    moves = any(np.any(a != leaf) for a, leaf in zip(away, spare.leaves, strict=True))
    rng = np.random.default_rng(2)
    directions = [None, [random_direction(a, rng) for a in away]] if moves else [None]

    def compare() -> None:
        for n in range(1, order + 1):
            for direction in directions:
                compare_derivatives(
                    function, linearization, spare, state, has_aux=has_aux, order=n, doubtful=True, direction=direction
                )

    try:
        with paused():
            try:
                compare()
            except Disagreement as error:
                other = without_memory(function, linearization, spare, state, has_aux=has_aux)
                if other is None:
                    raise _refusal(function, doubtful) from error
                put(linearization, other)
                try:
                    compare()
                except Disagreement:
                    put(linearization, recording)
                    raise _refusal(function, doubtful) from error
                return False
            return True
    finally:
        np.random.set_state(state)  # noqa: NPY002 - the global state is what the user's code may draw from


def _refusal(function: Any, lines: list[Line]) -> TracingError:
    return TracingError(
        f"{function_label(function)} takes a branch here because two values are equal, and the function around this point, which takes the other one, has another derivative than that branch. "
        'A branch that has the derivative of the function is required. Move off the point, or use method="numerical"',
        *lines[0],
    )
