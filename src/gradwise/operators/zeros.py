"""A derivative that is zero, or a value that was found in a memory, is doubted: the run is repeated as if nothing were remembered, or one directional derivative compared."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import TracingError
from gradwise.operators.arguments import code_of
from gradwise.operators.caches import derived
from gradwise.operators.constant_pieces import believe, is_known, piece_of
from gradwise.operators.disagreements import Disagreement, lost
from gradwise.operators.other_ways import plain_outputs
from gradwise.operators.overtime import Overtime, limited, tick
from gradwise.operators.restoring import Restoring, looked_at, written_by
from gradwise.operators.verification import compare_derivatives, gave, has_values, paused
from gradwise.tracing import Recording, copy_in_layout, record
from gradwise.tracing.instrument.effects import uses_up
from gradwise.tracing.instrument.identity import IDENTITY
from gradwise.tracing.instrument.journal import kept
from gradwise.tracing.instrument.muting import rewind
from gradwise.tracing.instrument.state import local
from gradwise.transforms.reverse import active_variables

if TYPE_CHECKING:
    from gradwise.operators.arguments import Arguments
    from gradwise.operators.linearization import Linearization

#: how often a run without memory may be asked, an answer that is turned counted as a hundred: a loop that waits for equality must end
_ANSWERS = 50_000


def doubt_zeros(function: Any, linearization: Linearization, *, has_aux: bool) -> None:
    """Before a zero is answered by a function that looked something up by the text, the hash or the value of a number: what it remembers has no derivative.

    The function is run once more as if it remembered nothing: a number equal to one that it kept is answered to be another one.  If its value is the same then, that run has the derivative.
    Where the memory knew the whole point, this is certain: f is what that run computes at all other points, and here it has the same value.  Else one directional numerical derivative decides.

    Raises
    ------
    TracingError
        If the value depends on the arguments after all, by a numerical derivative along one direction.
    """
    recording = linearization.recording
    tape = recording.tape
    if linearization.nested or (
        not tape.recalled and derived(("moves", linearization.fingerprint), functools.partial(_moves, recording))
    ):
        return
    code, piece = code_of(function), piece_of(linearization)
    if is_known(code, piece):
        return
    arguments = linearization.arguments.copied()
    arguments.leaves = [tape.values[i] for i in tape.inputs]
    spare: Any = Restoring(arguments, written_by(linearization), has_aux=has_aux)
    state = np.random.get_state()  # noqa: NPY002 - the global state is what the user's code may draw from
    try:
        trial = functools.partial(spare.copied().call, arguments.leaves)
        with looked_at(tape.ran, trial) as why, paused(), kept(), limited(0.0):
            if tape.asked:
                _require(why is None, str(why))
            elif why is not None and uses_up(why) and not (tape.recalled or tape.looked_up):
                return  # nothing was looked up that might have no derivative
            other = without_memory(function, linearization, spare, state, has_aux=has_aux)
            if other is not None:
                put(linearization, other)
                moving = active_variables(other.program, other.program.inputs)
                if other.tape.forgot == set(other.tape.inputs) and all(moving[o] for o in other.program.outputs):
                    return
            # the calls that the derivative is compared with begin from what this one left behind: where that matters, so does the run that is compared
            later = None if other is not None else _again(function, spare, state, has_aux=has_aux)
            if later is not None and not has_values(later, recording):
                put(linearization, later)
            try:
                concluded = compare_derivatives(function, linearization, spare, state, has_aux=has_aux)
                put(linearization, recording if other is None else other)
            except Disagreement:
                if other is None:
                    raise
                put(linearization, recording)  # what it decided by equality was no memory
                other, concluded = None, compare_derivatives(function, linearization, spare, state, has_aux=has_aux)
            if tape.asked:
                _require(concluded and not spare.refused, "no numerical derivative was to be trusted")
            if other is None:  # else it is a memory, which will be asked at other points by the same piece
                believe(code, piece)
    except Overtime:  # a loop that waits for what a point beside, or a run without memory, does not find
        pass
    except Disagreement as error:
        raise TracingError(lost(function, tape.ran)) from error
    finally:
        np.random.set_state(state)  # noqa: NPY002 - the global state is what the user's code may draw from


def _moves(recording: Recording) -> tuple[bool, int]:
    """Whether an output depends on the arguments, and the weight of the answer in memory."""
    program = recording.program
    active = active_variables(program, program.inputs)
    return any(active[o] for o in program.outputs), 1


def _require(known: bool, otherwise: str) -> None:
    """Of what a database answered the derivative is to be compared: nothing else would find it."""
    if not known:
        raise Disagreement(f"a database was asked, and {otherwise}")


def without_memory(
    function: Any, linearization: Linearization, spare: Arguments, state: Any, *, has_aux: bool
) -> Recording | None:
    """A run that knows no number of an earlier one; None if it asked for none, or gave another value."""
    for distances in (True, False):  # a value may be exactly 0 for another reason
        found = _forgetful_run(function, linearization, spare, state, distances=distances, has_aux=has_aux)
        if found is not None:
            return found
    return None


def _forgetful_run(
    function: Any, linearization: Linearization, spare: Arguments, state: Any, *, distances: bool, has_aux: bool
) -> Recording | None:
    again = spare.copied()
    leaves = [copy_in_layout(v) if isinstance(v, np.ndarray) else v for v in spare.leaves]
    np.random.set_state(state)  # noqa: NPY002 - the global state is what the user's code may draw from
    rewind()
    tick()
    local.forgetful, local.distances = _ANSWERS, distances
    try:
        with np.errstate(all="ignore"):
            found = record(function, leaves, (True,) * len(leaves), again.call, has_aux=has_aux)
    except Exception:  # noqa: BLE001  without what it remembers it may run into anything
        return None
    finally:
        local.forgetful, local.distances = 0, True
    before = linearization.recording
    if not found.tape.forgot or found.structure != before.structure:
        return None
    if gave(found, before.values):
        return found
    if IDENTITY in found.tape.forgot:  # one array in two places: a plain call on copies has two
        return None
    # a derivative taken inside was one of what is remembered: the plain function says what is right
    try:
        plain, structure = plain_outputs(spare, spare.leaves, state, has_aux=has_aux)
    except Exception:  # noqa: BLE001  the function's own mistake
        return None
    if structure != found.structure or not gave(found, plain):
        return None
    repeated = _again(function, spare, state, has_aux=has_aux)
    if repeated is None or not has_values(repeated, before):  # all began from what the call left behind
        return None
    found.tape.forgot.add(-1)  # and the comparison of derivatives what is
    return found


def _again(function: Any, spare: Any, state: Any, *, has_aux: bool) -> Recording | None:
    """Another run, from what the calls until now left behind; None if it fails."""
    again = spare.copied()
    leaves = [copy_in_layout(v) if isinstance(v, np.ndarray) else v for v in spare.leaves]
    np.random.set_state(state)  # noqa: NPY002 - the global state is what the user's code may draw from
    rewind()
    tick()
    try:
        with np.errstate(all="ignore"):
            return record(function, leaves, (True,) * len(leaves), again.call, has_aux=has_aux)
    except Exception:  # noqa: BLE001  whatever stands in its way
        return None
    finally:
        spare.journal.restore()


def put(linearization: Linearization, recording: Recording) -> None:
    """Another recording of the same function at the same point."""
    linearization._again = lambda: recording  # noqa: SLF001  as where a program gives way to a run
    linearization.settle()
    linearization.values = recording.values
