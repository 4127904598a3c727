"""``id`` of what stands for a value in a run: a number that no later one has.

A memory of the user's may ask whether it met an array by ``id(x)``.  What stands for an argument lives for one run, and the next run's may lie at the same address: then the memory answered with
what it kept of another point.  An array of an object, for which something stands meanwhile, has its own identity.
"""

from __future__ import annotations

import itertools
from typing import Any

from gradwise.tracing.instrument.state import local
from gradwise.tracing.traced import isinstance_traced

#: odd ones, which are no addresses of objects
_unused = itertools.count(2**40 + 1, 2)


def _identity(obj: Any, /) -> int:
    innermost = watch = local.watch
    if innermost is None or not isinstance_traced(obj):
        return id(obj)
    while watch is not None:
        if (known := watch.originals.get(id(obj))) is not None and known[0] is obj:
            return id(known[1])
        if (named := watch.identities.get(id(obj))) is not None:
            return named[1]
        watch = watch.outer
    return innermost.identities.setdefault(id(obj), (obj, next(_unused)))[1]


STAND_INS = {"builtins": {"id": _identity}}
