"""Whether a program may stand for a call: ``call_of : (f, arguments) → Call, or None``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.execution.error_state import reports_underflow
from gradwise.locks import lock
from gradwise.operators.reuse.beside import is_looked_at
from gradwise.operators.reuse.families import FAMILIES, ProvenCall, forget_families
from gradwise.operators.reuse.hopeless import forget_hopeless, give_up, is_hopeless
from gradwise.operators.reuse.library_functions import looked_at
from gradwise.operators.reuse.promised_calls import PromisedCall
from gradwise.operators.reuse.promises import is_forbidden, is_promised
from gradwise.operators.reuse.remembering import RememberingCall
from gradwise.operators.reuse.specialization import Refused
from gradwise.tracing.purity import inspect_function
from gradwise.tracing.purity.outlets import show_plainly
from gradwise.tracing.purity.scope import Unproven
from gradwise.tracing.purity.surroundings import Unfathomable
from gradwise.tracing.purity.verdicts import remember_instead

if TYPE_CHECKING:
    from gradwise.operators.arguments import Arguments
    from gradwise.operators.reuse.families import Call

#: what was proved of functions for which there can be no program after all, and why
_without: dict[int, tuple[Any, str]] = {}
_lock = lock()


def reason_without(node: Any) -> str | None:
    """Why there can be no program for what was proved; None if there can."""
    known = _without.get(id(node))
    return known[1] if known is not None and known[0] is node else None


def forget_programs() -> None:
    """Forget all programs."""
    forget_families()
    with _lock:
        _without.clear()
    forget_hopeless()


def call_of(function: Any, arguments: Arguments, *, has_aux: bool = False) -> Call | None:
    """The call with its family, if the function is proved or promised to be pure and is called with plain data, else None."""
    if is_forbidden() or reports_underflow():
        return None
    promise = is_promised(function)
    function = looked_at(function)
    if not promise and is_hopeless(function):
        return None
    verdict = inspect_function(function, *arguments.given())
    if not verdict.may_stand and not (promise and arguments.are_plain()):
        give_up(function)
        return None
    if (verdict.leaves or verdict.counts) and is_looked_at():
        return None
    if verdict.shows and not show_plainly():
        return None
    try:
        if verdict.may_stand and not (promise and verdict.avoided and arguments.are_plain()):
            echoes = verdict.echoes and not verdict.avoided
            kind = RememberingCall if verdict.remembers else ProvenCall
            call = kind(function, arguments, verdict, has_aux=has_aux, echoes=echoes)
            if verdict.echoes and not echoes and (call.family.refused is not None or call.family.is_doubted):
                call = ProvenCall(function, arguments, verdict, has_aux=has_aux, echoes=True)
            if call.family.refused is not None:
                remember_instead(verdict)
                give_up(function)
            if _without:
                _without.pop(id(call.node), None)
            return call
        return PromisedCall(function, arguments, has_aux=has_aux)
    except (Refused, Unproven, Unfathomable) as error:
        if verdict.node is not None:
            if len(_without) > FAMILIES:
                _without.clear()
            _without[id(verdict.node)] = verdict.node, str(error)
        return None
    except (TypeError, ValueError, RecursionError):  # a key that cannot be hashed, data that are nested too deeply
        return None
