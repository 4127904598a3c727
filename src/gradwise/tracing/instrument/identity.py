"""``a is b`` of arguments: two traced values that stand for one array of the caller's are the same object to the function, as in a plain call.

    same : (a, b) → whether the objects are one, or stand for one

The branch that is taken then holds at this point alone: around it, where one of the two moves, they are two arrays.  So the run notes what it was asked, and the derivative is doubted as where a
memory of earlier results was asked (``operators/verification.py``): a forgetful run answers that they are two.
"""

from __future__ import annotations

from typing import Any

from gradwise.tracing.instrument.state import local

#: what a forgetful run notes in the place of a variable
IDENTITY = -2


def same(a: Any, b: Any) -> bool:
    """``a is b``."""
    if a is b:
        return True
    watch = local.watch
    if watch is None or a is None or b is None:
        return False
    one, other = id(a), id(b)
    trace = watch.trace
    around: Any = watch
    while around is not None:
        asked = around.trace.arguments
        if asked is not None:
            known = asked()
            if around is watch and (one not in known or other not in known):
                return False  # what an earlier run kept may well be the caller's array: that is computed anew
            one, other = known.get(one, one), known.get(other, other)
        elif around is watch:
            return False
        around = around.outer
    if one != other:
        return False
    if trace.forgetful:
        trace.forget(IDENTITY, 100)
        return False
    trace.looked_up = trace.recalled = True
    watch.effects["it asks whether two of its arguments are the same object"] = None
    return True
