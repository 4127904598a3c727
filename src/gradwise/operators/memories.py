"""What an object keeps of an earlier call: ``if abs(T - self.T) < 1e-12: return self.k`` has the right value and no derivative.

    f(x) = g(x, k(x))   where k(x) is not computed, because an earlier call did

Packages keep what is expensive: for the last point, for a text of the point, for its rounded digits.  A run that takes such a number depends on its arguments by another program than the function does, and its derivative lacks a
part.  By which question the memory was asked does not matter here: a function with a memory stores something in one run and not in the next.  So a run that decided something is followed by one at a point beside it, once for each program:
where that takes the same way or stores nothing that outlives it, there is no memory.  Else one directional derivative is compared with a numerical one; if they differ, the function runs again after its memory was filled by
the other point, and as if it knew nothing, and the run that has the value and the derivative is taken.  The state of the user's objects is put back (``tracing/instrument/journal.py``).
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import TracingError
from gradwise.operators.arguments import code_of, function_label
from gradwise.operators.believed_programs import Known, is_believed, known_of
from gradwise.operators.borders import holds_convention
from gradwise.operators.other_ways import plain_outputs
from gradwise.operators.overtime import Overtime, limited, tick
from gradwise.operators.restoring import Restoring, looked_at, shifted
from gradwise.operators.shared_arrays import holding
from gradwise.operators.verification import (
    Disagreement,
    compare_derivatives,
    has_values,
    paused,
    requested,
)
from gradwise.operators.zeros import put, without_memory
from gradwise.quiet import quiet
from gradwise.tracing import Recording, copy_in_layout, record
from gradwise.tracing.instrument.effects import reads_files
from gradwise.tracing.instrument.journal import Journal, kept
from gradwise.tracing.instrument.muting import rewind
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.unwritten import Unmuted
from gradwise.tracing.purity import inspect_function

if TYPE_CHECKING:
    from gradwise.operators.arguments import Arguments
    from gradwise.operators.linearization import Linearization
    from gradwise.tracing.instrument.state import Watch

#: how far the point beside is, relative to each entry's size: beyond the tolerance of a memory, inside the domain
_SHIFTS = (1e-3, 1e-6)
#: how far it is moved on where the memory may be one of few digits
_FAR = (3e-2, 0.3)


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
                require_no_files(function, watch, why)
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
    beside, opaque = _beside(function, recording, spare, journal, has_aux=has_aux)
    if beside is None and opaque:
        restoring: Any = Restoring(spare, journal, has_aux=has_aux)
        if _goes_on(recording, restoring, has_aux=has_aux):
            return False
        return _compared(function, linearization, restoring, has_aux=has_aux)
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
    restoring = Restoring(spare, filled, has_aux=has_aux)
    remembers = functools.partial(_has_more, recording, beside)
    if not has_values(again, recording):
        # what was kept for a point nearby
        if remembers(again) and _knows(function, spare, beside, again, filled, has_aux=has_aux):
            _take(linearization, again)
            return True
        if _nearly(again.values, again.structure, recording):
            return _compared(function, linearization, restoring, has_aux=has_aux)
        return False  # what an earlier call left is part of the function
    if _computed(again) < _computed(recording):
        return False  # it is the other run that takes a number, which this one computed and kept: the first call fills a table
    candidates: list[Callable[[], Recording | None]] = [
        lambda: again,
        lambda: _run_without(function, spare, journal, has_aux=has_aux),
        lambda: without_memory(function, linearization, restoring, state, has_aux=has_aux),
        lambda: _run_without(function, spare, journal, has_aux=has_aux, apart_from=_written(recording)),
    ]
    program = _program_of(linearization)
    cure = known.cures.get(program)
    if cure is not None:  # found before
        other = candidates[cure[0]]()
        filled.restore()
        if other is not None and _way(other) == cure[1] and (has_values(other, recording) or remembers(other)):
            _take(linearization, other)
            return True
    try:
        compare_derivatives(function, linearization, restoring, state, has_aux=has_aux)
    except Disagreement as error:
        problem = str(error)  # the error itself keeps what the frames refer to
    except Exception:  # noqa: BLE001  as above
        return False
    else:  # or a memory of few digits, which makes the function a staircase
        for k in _OF_STATES:
            other = candidates[k]()
            filled.restore()
            if other is not None and remembers(other):
                _take(linearization, other)
                known.note_cure(program, (k, _way(other)))
                break
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
    raise TracingError(_taken(function, problem))


def _beside(
    function: Any, recording: Recording, spare: Arguments, journal: Journal, *, has_aux: bool
) -> tuple[Recording | None, bool]:
    """A run at a point beside, and whether what it computes cannot be traced there.

    A memory of few digits answers at the points beside as well: where a run asked for something by a text, a hash or an integer and takes the same way beside, the point is moved on until the way is another one.
    """
    beside, opaque = None, False
    tape, way = recording.tape, _way(recording)
    by_digits = bool(tape.texts or tape.looked_up or any(kind == "int" for _, kind, _, _ in tape.guards))
    for shift in (*_SHIFTS, *_FAR):
        if beside is None and shift in _FAR:
            break
        if beside is not None and shift in _SHIFTS:  # a nearer point would say the same
            continue
        try:
            found = _run(function, spare, [shifted(leaf, shift) for leaf in spare.leaves], has_aux=has_aux)
        except Unmuted as error:
            require_no_files(function, tape.ran, str(error))
        except TracingError:  # what it computes there cannot be traced, and what it kept of that neither
            opaque = True
        except Exception:  # noqa: BLE001, S110  outside of the function's domain
            pass
        else:
            beside = found
            if not by_digits or (found.tape.stores is not None and _way(found) != way):
                break
        journal.restore()
    return beside, opaque


def _knows(
    function: Any, spare: Arguments, beside: Recording, again: Recording, filled: Journal, *, has_aux: bool
) -> bool:
    """Whether the next run at the point knows it: it gives the same by fewer equations, whatever ran before the first of the two.  A state that moves, or in which a call leaves what the next one decides by, does not."""
    tape = beside.tape
    try:
        _run(function, spare, [tape.values[i] for i in tape.inputs], has_aux=has_aux)
        first, next_ = (_run(function, spare, spare.leaves, has_aux=has_aux) for _ in range(2))
    except Exception:  # noqa: BLE001  as above
        return False
    finally:
        filled.restore()
    return has_values(first, again) and has_values(next_, again) and _computed(next_) < _computed(again)


def _computed(recording: Recording) -> int:
    """How many equations lead to the value of a run."""
    needed, count = set(recording.program.outputs), 0
    for equation in reversed(recording.program.equations):
        made = equation.outputs
        if not needed.isdisjoint(made if isinstance(made, tuple) else (made,)):
            needed.update(equation.inputs)
            count += 1
    return count


def _take(linearization: Linearization, other: Recording) -> None:
    """The derivative of another run, and the value that the function has: that of a point nearby, where its memory knows that one."""
    values = linearization.recording.values
    put(linearization, other)
    linearization.values = values


#: the runs of the function itself, from other states than it has
_OF_STATES = (0, 3)


def _written(recording: Recording) -> Collection[int]:
    """The identities of the containers to which a run wrote: a sum that goes on is no memory, which is only read where it knows the point."""
    watch = recording.tape.ran
    return () if watch is None else watch.touched.keys()


def _has_more(recording: Recording, beside: Recording, other: Recording) -> bool:
    """Whether a run from another state computes what this one took from a memory: more equations lead to its value, which is the same, or as near as that of a point with the same entry; then it does what the function does at a point that is not known.

    Between two points of one entry the value differs by no more than to the next entry, tenfold where the point lies at the border of both.
    """
    if _computed(other) <= _computed(recording):
        return False
    if has_values(other, recording):
        return True
    if other.structure != recording.structure or other.structure != beside.structure or _way(other) != _way(beside):
        return False
    triples = [tuple(map(np.asarray, each)) for each in zip(other.values, recording.values, beside.values, strict=True)]
    return all(
        a.shape == b.shape == c.shape
        and a.dtype.kind in "fc"
        and np.all(np.abs(a - b) <= 10 * np.max(np.abs(a - c), initial=0.0))
        for a, b, c in triples
    )


#: how far the values of a run that was given what was kept of a point nearby may be from the true ones, relative to them
_NEARLY = 1e-5


def _goes_on(recording: Recording, restoring: Any, *, has_aux: bool) -> bool:
    """Whether a plain call at the same point has another value than the run had: what the run left is part of the function, whose derivative it has from another state."""
    state = np.random.get_state()  # noqa: NPY002 - the global state is what the user's code may draw from
    try:
        values, structure = plain_outputs(restoring, restoring.leaves, state, has_aux=has_aux)
    except Exception:  # noqa: BLE001  the function's own statement about the point
        return False
    return not _nearly(values, structure, recording)


def _nearly(values: list[Any], structure: Any, other: Recording) -> bool:
    if structure != other.structure:
        return False
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(values, other.values, strict=True)]
    return all(
        a.shape == b.shape and a.dtype.kind in "fc" and np.all(np.abs(a - b) <= _NEARLY * np.abs(a)) for a, b in pairs
    )


def _compared(function: Any, linearization: Linearization, restoring: Any, *, has_aux: bool) -> bool:
    """Compare a derivative with a numerical one where nothing but plain calls can be had.

    Raises
    ------
    TracingError
        If they differ.
    """
    state = np.random.get_state()  # noqa: NPY002 - the global state is what the user's code may draw from
    try:
        return compare_derivatives(function, linearization, restoring, state, has_aux=has_aux)
    except Disagreement as error:
        if holds_convention(linearization.recording):
            return True
        raise TracingError(_taken(function, str(error))) from None
    except Exception:  # noqa: BLE001  the function's own statement about a point beside
        return False


def _taken(function: Any, problem: str) -> str:
    return (
        f"{function_label(function)} takes from an earlier call, or finds by decisions, what depends on its arguments: {problem} "
        "Of what an earlier call kept: call the function that computes it (f.__wrapped__ under a cache), or empty what is kept before"
    )


def require_no_files(function: Any, watch: Watch | None, why: str) -> None:
    """Raise if a run read files and nothing can be found out about them: an earlier call may have written what was read.

    Raises
    ------
    TracingError
        If it did.
    """
    if watch is not None and reads_files(watch):
        raise TracingError(
            f"{function_label(function)} reads a file, and decides by its arguments: an earlier call may have written what it reads, and of that there is no derivative. "
            f"It cannot be called to find out, because {why}. Read the file before, or differentiate the function that computes what is kept"
        )


def _run(function: Any, arguments: Arguments, leaves: list[Any], *, has_aux: bool) -> Recording:
    leaves = [copy_in_layout(v) if isinstance(v, np.ndarray) else v for v in leaves]
    rewind()
    tick()
    if local.files is not None:
        local.files.runs += 1
    given = arguments.copied()
    with holding(function, given):
        return record(function, leaves, (True,) * len(leaves), given.call, has_aux=has_aux)


def _way(recording: Recording) -> Hashable:
    return recording.tape.fingerprint(recording.outputs)


def _run_without(
    function: Any, arguments: Arguments, journal: Journal, *, has_aux: bool, apart_from: Collection[int] | None = None
) -> Recording | None:
    """A run after what an earlier one put into dictionaries and sets was taken out; or into any containers apart from some."""
    journal.empty(apart_from)
    with contextlib.suppress(Exception):  # what is missing then may be more than a memory
        return _run(function, arguments, arguments.leaves, has_aux=has_aux)
    return None
