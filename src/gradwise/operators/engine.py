"""The conductor's desk: trace, transform, execute, and the caches between them.

``linearize_call`` runs a function once under a trace, or the program that stands for it, and returns a ``Linearization`` (``linearization.py``), which multiplies vectors by the Jacobian and by its transpose.

Nested derivatives need no further idea: when an argument (or something the function read) is a value of an outer trace, the recorded program and its derivative are
interpreted on traced values, equation by equation, which records them in the outer trace.
"""

from __future__ import annotations

import functools
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.equalities import doubt_equalities, is_unknown, may_be_near
from gradwise.operators.first_runs import first_run, is_first_of
from gradwise.operators.linearization import Linearization
from gradwise.operators.memories import doubt_memories, may_remember
from gradwise.operators.prepared import is_outer
from gradwise.operators.restoring import preserved
from gradwise.operators.reuse import (
    Call,
    PromisedCall,
    ProvenCall,
    Specialization,
    call_of,
    difference,
    same_numbers,
    unwrapped,
)
from gradwise.operators.shared_arrays import learning, with_shared_arrays
from gradwise.operators.unseen_state import surveyed
from gradwise.operators.verification import requested, verified_call
from gradwise.operators.zeros import doubt_zeros
from gradwise.tracing import Recording, record
from gradwise.tracing.instrument.asked_later import asking_afterwards
from gradwise.tracing.instrument.cached import only_computes
from gradwise.tracing.instrument.muting import muted
from gradwise.tracing.purity import inspect_function, untouched

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.operators.arguments import Arguments


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
    reusable = not (requested.get() or arguments.stands_in) and not any(map(is_outer, leaves))
    call = call_of(function, arguments, has_aux=has_aux) if reusable else None
    if lasting and not isinstance(
        call, ProvenCall
    ):  # what is only promised is run again where a point needs a closer look, which may be too late
        call = None
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
            failing=arguments.take_back,
            notes=True,
        )

    differ = functools.partial(_differ, arguments)
    # a derivative that is taken inside of others is differentiated as often
    total = order + enclosing()
    made: Specialization | None = None

    def run() -> Linearization:
        nonlocal made
        depth, taken = enclosing(), derivatives_taken()
        try:  # from here on an interrupt leaves the depth as it was
            _running.depth, _running.taken = depth + 1, taken + 1
            found = None if call is None else call.replay()
            if found is not None and is_unknown(function, found[0].borders, found[1].tape.values, order):
                found = None  # the function itself is compared
            if found is not None and found[0].order < total and requested.get() is not False:
                made, found = found[0], None  # the function runs, and its derivative is verified first
            if call is not None and found is not None:
                program, recording = found
                if isinstance(call, PromisedCall) and call.is_due():
                    changed = (differ if program.is_merged else difference)(traced(), recording)
                    if changed is not None:
                        raise call.broken(changed)
                call.stands(program)
                again = functools.partial(_after_all, call, program, traced)
                if (lasting or call.echoes) and isinstance(call, ProvenCall):
                    again = functools.partial(once_more, call, recording)
                linearization = Linearization(recording, arguments, program.fingerprint, again)
                if isinstance(call, ProvenCall):
                    linearization.standing = call, program
                return linearization
            with nullcontext() if call is None else call.watching():
                linearization = Linearization(traced(), arguments)
            if call is not None and not linearization.nested:
                size = len(linearization.recording.tape.outs)
                recording = linearization.recording
                differences = functools.partial(difference, recording), functools.partial(differ, recording)
                made = made or call.learn(*differences, size, total)
        finally:
            _running.depth = depth
        tape = linearization.recording.tape
        # what follows from decisions may be that of an earlier run, unless the code proves that none is kept
        asked = may_remember(function, linearization)
        near = may_be_near(linearization)
        if asked or tape.looked_up or tape.decided or tape.met or near:
            doubted = tape.looked_up or (
                tape.decided and not inspect_function(function, *arguments.given()).is_replayable
            )
            with preserved(linearization):
                settled = asked and doubt_memories(function, linearization, has_aux=has_aux)
                if doubted and not settled:
                    doubt_zeros(function, linearization, has_aux=has_aux)
                if doubted or tape.met or near:
                    doubt_equalities(function, linearization, has_aux=has_aux, order=order)
        return linearization

    verified = verified_call if requested.get() else first_run
    noted = learning(function, run)
    attempt = functools.partial(verified, function, arguments, noted, has_aux=has_aux, order=total)
    with asking_afterwards(only_computes), surveyed(function, arguments.roots(), first=is_first_of(function, total)):
        linearization = with_shared_arrays(function, arguments, attempt)
    if requested.get() is not False:
        if made is not None:
            made.order = total
        if call is not None and linearization.standing is None and not linearization.nested:
            call.family.answers.note(linearization.recording.tape.guards, total)
    linearization.recording.tape.ran = None
    return linearization


def _differ(arguments: Arguments, plain: Recording, other: Recording) -> str | None:
    """How two runs differ in their value or their derivative."""

    def slopes(recording: Recording) -> list[Any]:
        return Linearization(recording, arguments).vjp([np.ones_like(v) for v in recording.values])

    return same_numbers(plain, other, slopes)


def once_more(call: ProvenCall, recording: Recording) -> Recording:
    """The run of a function on the data for which its program stood, when those that it reads may have changed; what the program left, where that cannot be."""
    tape = recording.tape
    numbers = [tape.values[i] for i in tape.captured[: len(call.numbers)]]
    try:
        with muted(None) if call.echoes else nullcontext():
            return call.once_more([tape.values[i] for i in tape.inputs], numbers)
    except Exception:  # noqa: BLE001 - objects of another form than they had
        return recording


def _after_all(call: Call, program: Specialization, traced: Callable[[], Recording]) -> Recording:
    """The run of a function for which a program stood: it counts itself."""
    call.tick(program.ticks, -1)
    return traced()
