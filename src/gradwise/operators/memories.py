"""What an object keeps of an earlier call: ``if abs(T - self.T) < 1e-12: return self.k`` has the right value and no derivative.

    f(x) = g(x, k(x))   where k(x) is not computed, because an earlier call did

Packages keep what is expensive: for the last point, for a text of the point, for its rounded digits.  A run that takes such a number depends on its arguments by another program than the function does, and its derivative lacks a
part.  By which question the memory was asked does not matter here: a function with a memory stores something in one run and not in the next.  So a run that decided something is followed by one at a point beside it, once for each program:
where that takes the same way or stores nothing that outlives it, there is no memory.  Else one directional derivative is compared with a numerical one; if they differ, the function runs again after its memory was filled by
the other point, and as if it knew nothing, and the run that has the value and the derivative is taken.  The state of the user's objects is put back (``tracing/instrument/journal.py``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import TracingError
from gradwise.operators.arguments import code_of, function_label
from gradwise.operators.believed_programs import Known, is_believed, known_of
from gradwise.operators.borders import holds_convention
from gradwise.operators.overtime import Overtime, limited, tick
from gradwise.operators.restoring import Restoring, looked_at
from gradwise.operators.verification import (
    Disagreement,
    compare_derivatives,
    has_values,
    paused,
    put,
    requested,
    without_memory,
)
from gradwise.quiet import quiet
from gradwise.tracing import Recording, copy_in_layout, record
from gradwise.tracing.instrument.journal import Journal, kept
from gradwise.tracing.instrument.muting import rewind
from gradwise.tracing.purity import inspect_function

if TYPE_CHECKING:
    from gradwise.operators.arguments import Arguments
    from gradwise.operators.linearization import Linearization

#: how far the point beside is, relative to each entry's size: beyond the tolerance of a memory, inside the domain
_SHIFTS = (1e-3, 1e-6)


def may_remember(function: Any, linearization: Linearization) -> bool:
    """Whether a run decided something, or asked for something by its text, and the function's code does not prove that nothing is kept."""
    tape = linearization.recording.tape
    if not (tape.guards or tape.texts or tape.looked_up):
        return False
    if linearization.nested or requested.get() is False or is_believed(code_of(function), _program_of(linearization)):
        return False
    return not inspect_function(function, *linearization.arguments.given()).is_replayable


def _program_of(linearization: Linearization) -> Hashable:
    """What a run recorded, and the code of the user's functions that it entered."""
    watch = linearization.recording.tape.ran
    entered = () if watch is None else [id(getattr(f, "__code__", f)) for f, _ in watch.twins.values()]
    return linearization.fingerprint, frozenset(entered)


def doubt_memories(function: Any, linearization: Linearization, *, has_aux: bool) -> bool:
    """See that a run took nothing of an earlier one, or find a run that has the derivative; whether a derivative was compared.

    Raises
    ------
    TracingError
        If the function stores something, and its derivative is another one than that of the run.
    """
    recording = linearization.recording
    watch = recording.tape.ran
    if (
        watch is None
        or watch.outer is not None
        or not watch.twins
        or (recording.tape.decided and not recording.tape.recalled)
    ):
        return False
    known = known_of(code_of(function))
    if known is None:
        return False
    spare = linearization.arguments.copied()
    spare.leaves = [recording.tape.values[i] for i in recording.tape.inputs]
    program = _program_of(linearization)
    state = np.random.get_state()  # noqa: NPY002 - the global state is what the user's code may draw from
    try:
        with looked_at(watch) as why:
            if why is not None:
                return False
            with paused(), quiet(), np.errstate(all="ignore"), kept() as journal, limited(0.0):
                compared = _look(function, linearization, spare, journal, known, has_aux=has_aux)
    except Overtime:
        put(linearization, recording)
        return False
    finally:
        np.random.set_state(state)  # noqa: NPY002 - the global state is what the user's code may draw from
    if linearization.recording is recording:
        known.believe(program)
    return compared


def _look(
    function: Any, linearization: Linearization, spare: Arguments, journal: Journal, known: Known, *, has_aux: bool
) -> bool:
    recording = linearization.recording
    beside = None
    for shift in _SHIFTS:
        with contextlib.suppress(Exception):  # outside of the function's domain
            beside = _run(function, spare, [_shifted(leaf, shift) for leaf in spare.leaves], has_aux=has_aux)
            break
        journal.restore()
    if beside is None or beside.tape.stores is None:
        return False
    known.stores = True
    if _way(beside) == _way(recording):
        return False
    state = np.random.get_state()  # noqa: NPY002 - the global state is what the user's code may draw from
    filled = journal.now()  # the memory is that of the point beside
    try:
        again = _run(function, spare, spare.leaves, has_aux=has_aux)
    except Exception:  # noqa: BLE001  the function's own statement about what it keeps
        return False
    filled.restore()
    if not has_values(again, recording):
        return False  # what an earlier call left is part of the function
    restoring: Any = Restoring(spare, filled, has_aux=has_aux)
    candidates: list[Callable[[], Recording | None]] = [
        lambda: again,
        lambda: _run_without(function, spare, journal, has_aux=has_aux),
        lambda: without_memory(function, linearization, restoring, state, has_aux=has_aux),
    ]
    program = _program_of(linearization)
    cure = known.cures.get(program)
    if cure is not None:  # found before
        other = candidates[cure[0]]()
        filled.restore()
        if other is not None and _way(other) == cure[1] and has_values(other, recording):
            put(linearization, other)
            return True
    try:
        compare_derivatives(function, linearization, restoring, state, has_aux=has_aux)
    except Disagreement as error:
        problem = str(error)  # the error itself keeps what the frames refer to
    except Exception:  # noqa: BLE001  as above
        return False
    else:
        return True
    for k, candidate in enumerate(candidates):
        other = candidate()
        filled.restore()
        if other is None or not has_values(other, recording):
            continue
        put(linearization, other)
        with contextlib.suppress(Disagreement):
            compare_derivatives(function, linearization, restoring, state, has_aux=has_aux)
            known.note_cure(program, (k, _way(other)))
            return True
        put(linearization, recording)
    if holds_convention(recording):
        return True  # a convention holds
    raise TracingError(
        f"{function_label(function)} takes from an earlier call, or finds by decisions, what depends on its arguments: {problem} "
        "Of what an earlier call kept: call the function that computes it (f.__wrapped__ under a cache), or empty what is kept before"
    )


def _run(function: Any, arguments: Arguments, leaves: list[Any], *, has_aux: bool) -> Recording:
    leaves = [copy_in_layout(v) if isinstance(v, np.ndarray) else v for v in leaves]
    rewind()
    tick()
    return record(function, leaves, (True,) * len(leaves), arguments.copied().call, has_aux=has_aux)


def _way(recording: Recording) -> Hashable:
    return recording.tape.fingerprint(recording.outputs)


def _run_without(function: Any, arguments: Arguments, journal: Journal, *, has_aux: bool) -> Recording | None:
    """A run after what an earlier one put into dictionaries and sets was taken out."""
    journal.empty()
    with contextlib.suppress(Exception):  # what is missing then may be more than a memory
        return _run(function, arguments, arguments.leaves, has_aux=has_aux)
    return None


def _shifted(leaf: Any, shift: float) -> Any:
    """A point beside, each entry by another share of its size."""
    value = np.asarray(leaf)
    share = shift * (1 + np.cos(np.arange(value.size)).reshape(value.shape) / 3)
    with np.errstate(all="ignore"):
        size = np.where((value == 0) | ~np.isfinite(value), 1.0, np.abs(value))
    moved = np.asarray(value + share * size).astype(value.dtype)
    return moved[()] if type(leaf) is not float else float(moved)
