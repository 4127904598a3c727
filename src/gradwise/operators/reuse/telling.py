"""Whether a program may stand for a function, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.operators.reuse.calls import reason_without
from gradwise.operators.reuse.families import families_of
from gradwise.operators.reuse.library_functions import looked_at
from gradwise.operators.reuse.promises import is_promised
from gradwise.tracing.purity import inspect_function

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def standing(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Whether a program may stand for a function with these arguments, and if not why, in words."""
    promise, function = is_promised(function), looked_at(function)
    verdict = inspect_function(function, args, kwargs)
    without = reason_without(verdict.node)
    if verdict.may_stand and without is not None and not promise:
        return f"the function runs at each call: proved pure by its code, but {without}"
    if verdict.is_replayable:
        return (
            "proved pure by its code: from its third call on with one form of arguments, its program runs in its place while its guards hold"
            + _how_it_went(verdict.node)
        )
    if verdict.echoes and not verdict.avoided:
        return (
            "proved pure but for what it shows or leaves behind: from its third call on with one form of arguments, its program stands while its guards hold, "
            "and the function runs beside it on plain values"
            + (f" ({verdict.effects})" if verdict.effects else "")
            + _how_it_went(verdict.node)
        )
    why = f"not proved pure ({verdict.effects})"
    if verdict.avoided and not promise:
        if _is_given_up(verdict.node) or _comes_to_doubts(verdict.node):
            return f"the function runs at each call: {why}{_how_it_went(verdict.node)}"
        return (
            "proved pure where it does not come to what is not proved: from its third call on with one form of arguments, its program runs in its place while its guards hold; "
            + why
        )
    return (
        f"promised pure: its program runs in its place, and is compared with it at calls number 2, 4, 8, and so on; {why}"
        if promise
        else f"the function runs at each call: {why}"
    )


def _how_it_went(node: Any) -> str:
    families = families_of(node)
    reasons = {family.refused for family in families if family.refused}
    both = "; one program goes both ways at branches that follow the data" if any(f.is_merged for f in families) else ""
    return both + "".join(f"; given up for one form of arguments: {reason}" for reason in sorted(reasons))


def _is_given_up(node: Any) -> bool:
    return any(family.refused for family in families_of(node))


def _comes_to_doubts(node: Any) -> bool:
    """Whether the runs of a function came to what is not proved, and no program was made of any."""
    families = families_of(node)
    return any(f.is_doubted for f in families) and not any(f.served for f in families)
