"""The first time that a function is differentiated, its derivative is verified.

The traced run performs the same calls on the same numbers, so its value equals the plain function's to rounding; and one directional derivative is compared with a numerical one
(``verification.py`` has both comparisons and their limits).  The first finds a wrong value, the second a right value whose derivative was lost.

The function is called again for that, a dozen times or so.  Not where a call leaves something behind (``tracing/instrument/effects.py``: prints, counters, draws), where one takes longer than a
second, or under ``check=False``; ``gw.explain`` says why not.  "The first time" is once for each code object.
"""

from __future__ import annotations

import threading
import time
import types
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import GradwiseError, TracingError
from gradwise.operators.arguments import code_of
from gradwise.operators.borders import kinks_of
from gradwise.operators.verification import Disagreement, compare, paused, requested
from gradwise.rules.calls import call
from gradwise.tracing.instrument.hooks import watched
from gradwise.tracing.instrument.needs import protocols_suffice
from gradwise.tracing.instrument.state import local
from gradwise.tracing.purity import inspect_function

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.operators.arguments import Arguments
    from gradwise.operators.linearization import Linearization

#: a run that takes longer is not repeated
SECONDS = 1.0

_seen: dict[int, tuple[weakref.ref[types.CodeType], str]] = {}
_lock = threading.Lock()


def verdict_on(function: Any) -> str:
    """How the function was verified when it was first differentiated, or why it was not; empty before."""
    code = code_of(function)
    known = None if code is None else _seen.get(id(code))
    return known[1] if known is not None and known[0]() is code else ""


def forget_first_runs() -> None:
    """Verify every function again."""
    with _lock:
        _seen.clear()


def first_run(function: Any, arguments: Arguments, run: Callable[[], Linearization], *, has_aux: bool) -> Linearization:
    """``run()``, verified the first time that the function is differentiated."""
    if requested.get() is False or local.watch is not None:
        return run()
    code = code_of(function)
    if code is None:
        return run()
    known = _seen.get(id(code))
    if known is not None and known[0]() is code:
        return run()
    spare = arguments.copied()
    state = np.random.get_state()  # noqa: NPY002  the user's function may draw from it
    started = time.perf_counter()
    local.asked = True
    try:
        linearization = run()
    finally:
        local.asked = False
    seconds = time.perf_counter() - started
    reason = _reason_against(function, arguments, linearization, seconds)
    if reason is None:
        after = np.random.get_state()  # noqa: NPY002  the global state is what the user's code may draw from
        try:
            with paused():
                compare(function, linearization, spare, state, has_aux=has_aux)
        except Disagreement as error:
            if not kinks_of(linearization.recording) and not _refuses(
                linearization
            ):  # there a convention holds, or an error says why not
                raise TracingError(str(error)) from None
            reason = "the point sits on a kink, or on the border between two branches"
        finally:
            np.random.set_state(after)  # noqa: NPY002  the global state is what the user's code may draw from
    if not linearization.nested:
        with _lock:
            if len(_seen) > 8192:
                _seen.clear()
            text = "value and one directional derivative compared" if reason is None else f"no: {reason}"
            _seen[id(code)] = (weakref.ref(code), text)
    return linearization


def _refuses(linearization: Linearization) -> bool:
    """Whether the derivative is refused by a rule in reverse mode (a null-space basis, whose choice is NumPy's): that error says more."""
    try:
        linearization.vjp([np.ones_like(v) for v in linearization.values])
    except GradwiseError:
        return True
    return False


def _reason_against(function: Any, arguments: Arguments, linearization: Linearization, seconds: float) -> str | None:
    if linearization.nested:
        return "it is part of another function"
    if seconds > SECONDS:
        return f"one run takes {seconds:.2g} s"
    tape = linearization.recording.tape
    if tape.obstacle:
        return tape.obstacle
    others, named = arguments.others()
    if any(isinstance(a, Iterator) for a in (*others, *named.values())):
        return "an iterator among its arguments would be used up"
    if any(e.primitive is call for e in linearization.program.equations):
        return "it calls a function with a rule of its own, which is followed as it is"
    # what runs as it stands was not watched: its code must prove that it leaves nothing behind
    stands = isinstance(function, types.FunctionType) and protocols_suffice(function)
    verdict = inspect_function(function, *arguments.given()) if stands else None
    if (verdict is not None and (not verdict.is_quiet or verdict.counts)) or watched(function) is function:
        return "its code may leave something behind"
    return None
