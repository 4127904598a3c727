"""The first time that a function is differentiated, its derivative is verified.

The traced run performs the same calls on the same numbers, so its value equals the plain function's to rounding; and one directional derivative is compared with a numerical one
(``verification.py`` has both comparisons and their limits).  The first finds a wrong value, the second a right value whose derivative was lost.

The function is called again for that, a dozen times or so.  Not where a call leaves something behind (``tracing/instrument/effects.py``: prints, counters, draws), where one takes longer than a
second, or under ``check=False``; ``gw.explain`` says why not.  "The first time" is once for each code object.
"""

from __future__ import annotations

import time
import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import GradwiseError, TracingError
from gradwise.locks import lock
from gradwise.operators.arguments import code_of
from gradwise.operators.borders import holds_convention
from gradwise.operators.equal_entries import HIGHEST
from gradwise.operators.failed_runs import forget_failed, is_noted, note_failed
from gradwise.operators.memories import require_no_files
from gradwise.operators.other_ways import plain_outputs
from gradwise.operators.overtime import Overtime, limited
from gradwise.operators.random_directions import balanced
from gradwise.operators.repeating import SECONDS, TOO_LONG, reason_against
from gradwise.operators.restoring import Restoring, looked_at, uncounted, widen, written_by
from gradwise.operators.verification import (
    Disagreement,
    compare,
    compare_derivatives,
    compare_values,
    gave,
    paused,
    repeats_value,
    requested,
)
from gradwise.operators.ways import believe_way, forget_ways, new_way
from gradwise.quiet import quiet
from gradwise.rules.calls import call
from gradwise.tracing import copy_in_layout, record
from gradwise.tracing.instrument.hushing import hushed
from gradwise.tracing.instrument.journal import kept, undone
from gradwise.tracing.instrument.known import spent
from gradwise.tracing.instrument.muting import put_generator, rewind
from gradwise.tracing.instrument.state import local

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.operators.arguments import Arguments
    from gradwise.operators.linearization import Linearization

#: by code object, how the function was verified, the code of all the user's functions that its verified runs entered, and the highest order that was asked for
_seen: dict[int, tuple[weakref.ref[types.CodeType], str, frozenset[int], int]] = {}
_lock = lock()


def verdict_on(function: Any) -> str:
    """How the function was verified when it was first differentiated, or why it was not; empty before."""
    code = code_of(function)
    known = None if code is None else _seen.get(id(code))
    return known[1] if known is not None and known[0]() is code else ""


def forget_first_runs() -> None:
    """Verify every function again."""
    forget_ways()
    with _lock:
        _seen.clear()
    forget_failed()


def is_first_of(function: Any, order: int) -> bool:
    """Whether a function is to be verified as a whole, to an order, or failed before: then what its run stores is noted."""
    code = code_of(function)
    known = None if code is None else _seen.get(id(code))
    is_known = known is not None and known[0]() is code and order <= known[3]
    return code is not None and ((requested.get() is not False and not is_known) or is_noted(code))


def first_run(
    function: Any, arguments: Arguments, run: Callable[[], Linearization], *, has_aux: bool, order: int = 1
) -> Linearization:
    """``run()``, verified the first time that the function is differentiated, and when it enters functions or takes a way that it did not enter or take before."""
    code = code_of(function)
    if code is None:
        return run()
    try:
        if is_first_of(function, order):
            with undone(TracingError, put_generator):  # where the run ends well and its derivative is refused, too
                linearization = _verified(function, code, arguments, run, has_aux=has_aux, order=order)
            known = _seen.get(id(code))
            if known is not None and order > known[3]:
                with _lock:
                    _seen[id(code)] = (*known[:3], order)
            return linearization
        return _verified(function, code, arguments, run, has_aux=has_aux, order=order)
    except TracingError:
        note_failed(code)
        raise


def _verified(
    function: Any,
    code: types.CodeType,
    arguments: Arguments,
    run: Callable[[], Linearization],
    *,
    has_aux: bool,
    order: int,
) -> Linearization:
    if requested.get() is False:
        return run()
    started = _clock()
    if local.watch is not None:
        linearization = run()
        _look_inside(function, code, linearization, started, has_aux=has_aux, order=order)
        return linearization
    known = _seen.get(id(code))
    if known is not None and known[0]() is code:
        linearization = run()
        if linearization.standing is not None or linearization.nested:
            return linearization
        entered = _entered(linearization)
        way = new_way(code, linearization, order)
        if way is not None or not entered <= known[2]:
            seconds = _clock() - started
            reason = reason_against(function, arguments, linearization, seconds) or _look_again(
                function, linearization, seconds, has_aux=has_aux, order=order
            )
            _note(code, reason, entered | known[2], max(order, known[3]))
            believe_way(code, way, certain=_is_certain(reason))
        return linearization
    spare = arguments.copied()
    state = np.random.get_state()  # noqa: NPY002  the user's function may draw from it
    local.asked = True
    try:
        linearization = run()
    finally:
        local.asked = False
    entered = _entered(linearization)
    seconds = _clock() - started
    reason = reason_against(function, arguments, linearization, seconds)
    obstacle = linearization.recording.tape.obstacle
    way = None if linearization.nested else new_way(code, linearization, order)
    if reason is None and obstacle:
        reason = _look_again(function, linearization, seconds, has_aux=has_aux, order=order)
    elif reason is None:
        after = np.random.get_state()  # noqa: NPY002  the global state is what the user's code may draw from
        try:
            with paused(), hushed(), limited(seconds), uncounted(linearization):
                concluded = compare(function, linearization, spare, state, has_aux=has_aux)
                if concluded and order == 1:
                    concluded = _compare_balanced(function, linearization, spare, state, has_aux=has_aux)
                elif order > 1 and way is not None:
                    concluded = _compare(function, linearization, spare, state, has_aux=has_aux, order=order)
                reason = None if concluded else _NO_ESTIMATE
        except Disagreement as error:
            if not holds_convention(linearization.recording) and not _refuses(
                linearization
            ):  # there a convention holds, or an error says why not
                raise TracingError(str(error)) from None
            reason = _ON_A_BORDER
        except Overtime:
            reason = _NO_END
        finally:
            np.random.set_state(after)  # noqa: NPY002  the global state is what the user's code may draw from
    if not linearization.nested:
        _note(code, reason, entered, order)
        believe_way(code, way, certain=_is_certain(reason))
    return linearization


def _require_same_value(function: Any, spare: Arguments, restoring: Any, state: Any, *, has_aux: bool) -> None:
    """Refuse a traced run whose value is another one than that of plain calls before and after it, which agree: nothing that calls leave behind explains that.

    Raises
    ------
    TracingError
        If it is so.
    """

    def called() -> Any:
        try:
            return plain_outputs(restoring, restoring.leaves, state, has_aux=has_aux)
        except Exception as error:  # noqa: BLE001  the function's own
            return [np.asarray(repr(error))], type(error)

    leaves = [copy_in_layout(v) if isinstance(v, np.ndarray) else v for v in spare.leaves]
    before = called()
    np.random.set_state(state)  # noqa: NPY002  the global state is what the user's code may draw from
    try:
        rewind()
        with kept():
            between = record(function, leaves, (True,) * len(leaves), spare.copied().call, has_aux=has_aux)
    except Exception:  # noqa: BLE001  of the state that was left it may make something else
        return
    after = called()
    same = before[1] == after[1] and all(map(np.array_equal, before[0], after[0]))
    if same and not (after[1] == between.structure and gave(between, after[0])):
        try:
            compare_values(function, between, restoring, state, has_aux=has_aux)
        except Disagreement as error:
            raise TracingError(str(error)) from None


def _clock() -> float:
    """The time, without that in which stand-ins were loaded: the first run of a process is not a slow one."""
    return time.perf_counter() - spent[0]


_ON_A_BORDER = "the point sits on a kink, or on the border between two branches"
_NO_ESTIMATE = "no numerical derivative was to be trusted"
_NO_END = "a call of it at a point beside did not come to an end"


def _is_certain(reason: str | None) -> bool:
    """Whether another point, or a machine that is less busy, could not change what was found."""
    return reason is None or not (reason in (_ON_A_BORDER, _NO_ESTIMATE, _NO_END) or reason.startswith(TOO_LONG))


def _note(code: types.CodeType, reason: str | None, entered: frozenset[int], order: int) -> None:
    text = "value and one directional derivative compared" if reason is None else f"no: {reason}"
    with _lock:
        if len(_seen) > 8192:
            _seen.clear()
        _seen[id(code)] = (weakref.ref(code), text, entered, order)


def _entered(linearization: Linearization) -> frozenset[int]:
    watch = linearization.recording.tape.ran
    if watch is None:
        return frozenset()
    return frozenset([id(getattr(f, "__code__", f)) for f, _ in watch.twins.values()])


def _look_again(
    function: Any, linearization: Linearization, seconds: float, *, has_aux: bool, order: int = 1
) -> str | None:
    """Compare a directional derivative (of each order up to that which is asked for) of a function that stores something: from what its run left, which is put back after each call.

    Where the run depended on what earlier calls stored, that is another function than it was; then a run from there is compared.  Nothing is concluded where a call gives another value each time.
    """
    with looked_at(linearization.recording.tape.ran) as why:
        try:
            with limited(seconds):
                return why or _looked(function, linearization, has_aux=has_aux, order=order)
        except Overtime:
            return _NO_END


def _looked(function: Any, linearization: Linearization, *, has_aux: bool, order: int) -> str | None:
    recording = linearization.recording
    tape = recording.tape
    spare = linearization.arguments.copied()
    spare.leaves = [tape.values[i] for i in tape.inputs]
    after = np.random.get_state()  # noqa: NPY002  the user's function may draw from it
    # what it drew decides where it goes: the same is drawn again
    drawn = [s for g, s in tape.ran.generators.values() if g is np.random.get_state.__self__] if tape.ran else []  # type: ignore[attr-defined]
    state = drawn[0] if drawn else after
    journal = written_by(linearization)
    restoring: Any = Restoring(spare, journal, has_aux=has_aux)
    try:
        with paused(), quiet(), np.errstate(all="ignore"):
            other_way = widen(journal, spare, tape.ran, has_aux=has_aux)
            if other_way is not None:
                return f"{other_way}, in a second call"
            try:
                concluded = _compare(function, linearization, restoring, state, has_aux=has_aux, order=order)
            except Disagreement as error:
                problem = str(error)  # the error itself keeps what the frames refer to
            except Exception:  # noqa: BLE001  the function's own statement about the state that it left
                _require_same_value(function, spare, restoring, state, has_aux=has_aux)
                return "a second call of it raises"
            else:
                if not repeats_value(restoring, linearization.recording, state, has_aux=has_aux):
                    _require_same_value(function, spare, restoring, state, has_aux=has_aux)
                return None if concluded else _NO_ESTIMATE
            tape.ran = None  # whose notes refer to arrays of which it is asked whether others do
            leaves = [copy_in_layout(v) if isinstance(v, np.ndarray) else v for v in spare.leaves]
            try:
                rewind()
                with kept():
                    now = record(function, leaves, (True,) * len(leaves), spare.copied().call, has_aux=has_aux)
            except Exception:  # noqa: BLE001  of the state that it left it may make something else
                return "a second run of it fails"
            other = type(linearization)(now, spare)
            if holds_convention(now) or holds_convention(recording) or _refuses(other):
                return _ON_A_BORDER
            for _ in range(2):
                if not repeats_value(restoring, now, state, has_aux=has_aux):
                    _require_same_value(function, spare, restoring, state, has_aux=has_aux)
                    return "what it stores cannot be put back"
            try:
                _compare(function, other, restoring, state, has_aux=has_aux, order=order)
            except Disagreement:
                raise TracingError(problem) from None
            except Exception:  # noqa: BLE001  as above
                return "a second call of it raises"
            return None
    finally:
        journal.restore()
        np.random.set_state(after)  # noqa: NPY002  the global state is what the user's code may draw from


def _look_inside(
    function: Any, code: types.CodeType, linearization: Linearization, started: float, *, has_aux: bool, order: int
) -> None:
    """Compare the derivatives of a function that is differentiated inside another one, up to the order that this makes: at its plain values, and what it stores is put back."""
    recording = linearization.recording
    tape = recording.tape
    watch = tape.ran
    if tape.handles or watch is None or linearization.standing is not None:  # it reads values of the outer function
        return
    way = new_way(code, linearization, order, always=True)
    if way is None or any(e.primitive is call for e in recording.program.equations):  # a rule is followed as it is
        return
    certain, unseen = True, None
    seconds = _clock() - started
    if seconds <= SECONDS:
        arguments = linearization.arguments.copied()
        arguments.leaves = [tape.values[i] for i in tape.inputs]
        plain = type(linearization)(recording, arguments)
        restoring: Any = Restoring(arguments, written_by(plain, inside=True), has_aux=has_aux)
        state = np.random.get_state()  # noqa: NPY002  the user's function may draw from it
        local.watch, outer = None, local.watch
        try:
            with looked_at(watch) as why, paused(), quiet(), np.errstate(all="ignore"), limited(seconds):
                if why is None:
                    certain = _compare(function, plain, restoring, state, has_aux=has_aux, order=order)
                elif tape.guards or tape.texts or tape.looked_up:
                    unseen = why
        except Disagreement as error:
            certain = False
            if not holds_convention(recording) and not _refuses(plain):
                raise TracingError(str(error)) from None
        except (Exception, Overtime):  # noqa: BLE001  the function's own statement about a point beside
            certain = False
        finally:
            local.watch = outer
            np.random.set_state(state)  # noqa: NPY002  the global state is what the user's code may draw from
    if unseen is not None:
        require_no_files(function, watch, unseen)
    believe_way(code, way, certain=certain)


def _compare(
    function: Any, linearization: Linearization, arguments: Any, state: Any, *, has_aux: bool, order: int
) -> bool:
    orders = range(1, min(order, HIGHEST) + 1)
    return all(
        [compare_derivatives(function, linearization, arguments, state, has_aux=has_aux, order=n) for n in orders]
    ) and _compare_balanced(function, linearization, arguments, state, has_aux=has_aux)


def _compare_balanced(
    function: Any, linearization: Linearization, arguments: Any, state: Any, *, has_aux: bool
) -> bool:
    """Compare along another direction where the slopes by some entries hide the others."""
    direction = balanced(linearization)
    return direction is None or compare_derivatives(
        function, linearization, arguments, state, has_aux=has_aux, direction=direction
    )


def _refuses(linearization: Linearization) -> bool:
    """Whether the derivative is refused by a rule in reverse mode (a null-space basis, whose choice is NumPy's): that error says more."""
    try:
        linearization.vjp([np.ones_like(v) for v in linearization.values])
    except GradwiseError:
        return True
    return False
