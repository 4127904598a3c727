"""Calls with stars in the symbolic run: ``callee(*arguments, **keywords)``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.callables import callee_of
from gradwise.tracing.purity.calling import call
from gradwise.tracing.purity.constructed import construct, special
from gradwise.tracing.purity.defaults import with_plain_defaults
from gradwise.tracing.purity.lattice import describe, is_empty, join
from gradwise.tracing.purity.record_types import record
from gradwise.tracing.purity.results import result_of
from gradwise.tracing.purity.scope import Ends, is_users_function
from gradwise.tracing.purity.sequences import element_of, is_object, numbers_of
from gradwise.tracing.purity.values import (
    DATA,
    NOTHING,
    NULL,
    OWN,
    VECTOR,
    Bound,
    Box,
    Known,
    Local,
    Record,
    Row,
    Rows,
    Several,
)

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


def _one_unpacked(m: Machine, callee: Any, arguments: Any, keywords: Any) -> Any:
    """``callee(*arguments, **keywords)`` of one that may be called; a way that ends there ends alone."""
    try:
        return call_unpacked(m, callee, arguments, keywords)
    except Ends:
        return NOTHING


def call_unpacked(m: Machine, callee: Any, arguments: Any, keywords: Any) -> Any:
    """``callee(*arguments, **keywords)``: allowed where any number of plain arguments is harmless."""
    plain_call = keywords is NULL or (type(keywords) is Box and keywords.root.keys is NOTHING)
    if (plain_call or type(keywords) is Record) and (type(arguments) is Row or is_empty(arguments)):
        given = list(arguments.entries) if type(arguments) is Row else []
        return call(m, callee, given, {} if plain_call else dict(keywords.entries))
    if type(callee) is Known and callee.value is zip and plain_call and type(arguments) is Box:
        rows = element_of(m, arguments)
        turned = NOTHING if rows is NOTHING else numbers_of(m, rows)  # rows of numbers, as far as is known
        if turned is not None:
            return Rows(turned)
    if type(callee) is Known and callee.value is np.ndindex and plain_call:
        return call(m, callee, [arguments], {})
    if type(callee) is Several:
        return functools.reduce(join, [_one_unpacked(m, one, arguments, keywords) for one in callee.values], NOTHING)
    if is_object(callee):
        return call_unpacked(m, special(m, callee, "__call__"), arguments, keywords)
    known: list[Any] = []
    rest = None if type(arguments) is Row else numbers_of(m, arguments)
    if type(arguments) is Row:
        known = list(arguments.entries)
    elif rest is None:
        m.data(arguments)
    if not plain_call:
        m.data(keywords)
    if type(callee) is Known and plain_call:
        found = callee_of(callee.value)
        if found is not None and found.limit is None and (not found.higher or callee.value in (min, max)):
            return result_of(m, describe(callee), found, [DATA], {})
        if found is not None and not found.higher and (arguments is VECTOR or m.data(arguments) is OWN):
            # entries are numbers, or in memory of the call: an output among them is nobody else's
            return result_of(m, describe(callee), found, [OWN], {})
    if type(callee) is Known and is_users_function(callee.value):
        with_plain_defaults(m, callee.value)
        return m.scope.call_function(m, callee, known, {}, complete=False, rest=rest)
    if type(callee) is Bound and type(callee.function) is Local:
        return m.scope.call_local(m, callee.function, [callee.receiver, *known], {})
    if type(callee) is Bound:
        with_plain_defaults(m, callee.function.value)
        return m.scope.call_function(m, callee.function, [callee.receiver, *known], {}, complete=False, rest=rest)
    if type(callee) is Known and callee.expected is not None and callee.expected.kind == "class":
        with_plain_defaults(m, getattr(callee.value, "__init__", None))
        return construct(m.scope, m, callee, known, {}, complete=False, rest=rest)
    if known:
        m.data(arguments)
    if type(callee) is Local:
        return m.scope.call_local(m, callee, [DATA] * callee.code.co_argcount, {})
    if type(callee) is Known and plain_call and callee.expected is not None and callee.expected.kind == "test":
        return record(m, callee.value, [DATA] * len(callee.value._fields), {})
    raise m.doubt(f"it calls {describe(callee)} with arguments whose number is not known")
