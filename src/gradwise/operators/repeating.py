"""Whether a function may be called again after its first run, to verify what that found.

(f, x, run)  →  None, or the reason against it in words
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gradwise.rules.calls import call
from gradwise.tracing.instrument.hooks import watched
from gradwise.tracing.instrument.needs import protocols_suffice
from gradwise.tracing.purity import inspect_function

if TYPE_CHECKING:
    from gradwise.operators.arguments import Arguments
    from gradwise.operators.linearization import Linearization

#: a run that takes longer is not repeated
SECONDS = 1.0
TOO_LONG = "one run takes "


def reason_against(function: Any, arguments: Arguments, linearization: Linearization, seconds: float) -> str | None:
    """Why the function is not called again after its first run; None where nothing is against it."""
    if linearization.nested:
        return "it is part of another function"
    if seconds > SECONDS:
        return f"{TOO_LONG}{seconds:.2g} s"
    watch = linearization.recording.tape.ran
    if linearization.recording.tape.obstacle and (watch is None or not watch.twins):
        return linearization.recording.tape.obstacle
    others, named = arguments.others()
    if any(isinstance(a, Iterator) for a in (*others, *named.values())):
        return "an iterator among its arguments would be used up"
    if any(e.primitive is call for e in linearization.program.equations):
        return "it calls a function with a rule of its own, which is followed as it is"
    # what runs as it stands was not watched: its code must prove that it leaves nothing behind
    stands = isinstance(function, types.FunctionType) and protocols_suffice(function)
    verdict = inspect_function(function, *arguments.given()) if stands else None
    if (verdict is not None and (not verdict.is_quiet or verdict.counts or verdict.leaves)) or watched(
        function
    ) is function:
        return "its code may leave something behind"
    return None
