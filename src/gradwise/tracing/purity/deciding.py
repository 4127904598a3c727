"""Instructions that decide or make texts: comparisons, truth, identity, and what is joined and formatted (``DECIDING``, by name).

Texts, truth values and None are known by value (``scope.py``), and so are the integers of the code itself (``nargout=1``), so that branches on them may be known too.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.asides import text_of
from gradwise.tracing.purity.boxes import as_key, looked_at
from gradwise.tracing.purity.constructed import special
from gradwise.tracing.purity.lattice import alternatives, certain_texts, is_none_itself, text
from gradwise.tracing.purity.objects import is_member, is_simple_member
from gradwise.tracing.purity.sequences import is_none, is_object, is_sequence, truth
from gradwise.tracing.purity.texts import pattern
from gradwise.tracing.purity.values import ASIDE, DATA, OWN, TYPE, Box, Constant, Known, Pattern, Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.purity.machine import Machine
    from gradwise.tracing.purity.state import State

#: texts of which a value may be one
TEXTS = 64
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


_SPECIAL = {"==": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}


def _not(m: Machine, i: Any, s: State) -> None:
    value = s.pop()
    known = truth(m, value)
    s.push(OWN if known is None else Constant(not known))


def _to_bool(m: Machine, i: Any, s: State) -> None:
    known = truth(m, s.pop())
    s.push(OWN if known is None else Constant(known))


def _compare(m: Machine, i: Any, s: State) -> None:
    x, z = s.pop_many(2)
    symbol = i.argrepr.removeprefix("bool(").removesuffix(")")
    pairs = [(a, b) for a in alternatives(x) for b in alternatives(z)]
    if symbol in ("==", "!=") and all(type(v) is Known and is_simple_member(v.value) for pair in pairs for v in pair):
        s.push(_agreed({(a.value is b.value) is (symbol == "==") for a, b in pairs}))
        return
    if is_object(x) and not is_none_itself(z):
        s.push(m.scope.call(m, special(m, x, _SPECIAL[symbol]), [z]))
        return
    if symbol in ("==", "!=") and _are_of_types(m, x, z):
        s.push(OWN)
        return
    looked_at(m, x), looked_at(m, z)
    if all(type(v) is Constant and type(v.value) in (int, bool) for v in (x, z)):
        s.push(Constant(_ORDER[symbol](x.value, z.value)))
        return
    left, right = certain_texts(x), certain_texts(z)
    if left is None or right is None or symbol not in ("==", "!="):
        s.push(OWN)
    elif not left & right:
        s.push(Constant(symbol == "!="))
    else:
        s.push(Constant(symbol == "==") if len(left) == len(right) == 1 else OWN)


def _agreed(answers: set[bool]) -> Any:
    """The truth value on which all alternatives agree, or one of the two."""
    return Constant(answers.pop()) if len(answers) == 1 else OWN


def _contains(m: Machine, i: Any, s: State) -> None:
    x, z = s.pop_many(2)
    if is_object(z):
        m.data(m.scope.call(m, special(m, z, "__contains__"), [x]))
        s.push(OWN)
        return
    if is_sequence(z) and isinstance(z.value, dict):
        texts = certain_texts(as_key(m, x))  # its keys are compared at each call
        found = {one in z.value for one in texts or ()}
        s.push(Constant(found.pop() is not bool(i.arg)) if len(found) == 1 else OWN)
        return
    if _are_of_types(m, x, z):
        s.push(OWN)
        return
    looked_at(m, x), looked_at(m, z)
    if type(x) is Constant and type(z) is Constant and type(x.value) is str and type(z.value) in (tuple, frozenset):
        s.push(Constant((x.value in z.value) is not bool(i.arg)))
    else:
        s.push(OWN)


def _are_of_types(m: Machine, x: Any, z: Any) -> bool:
    """Whether a type is compared with types, or data with one (``x.dtype == float``): types and dtypes of what is computed belong to the program, those of arguments to their form."""
    kinds = [one for one in (x, z) if _is_type(one)]
    for one in (x, z):
        if one not in kinds and kinds:
            looked_at(m, one)
    return bool(kinds)


def _is_type(value: Any) -> bool:
    """Whether a value is a type, or are types among which another is looked for; those with a metaclass may compare as they like."""
    if value is TYPE:
        return True
    if type(value) is Row and value.cls is None:
        return bool(value.entries) and all(map(_is_type, value.entries))
    if type(value) is Box:
        value = value.root.contents
    found = alternatives(value)
    return bool(found) and all(type(one) is Known and type(one.value) is type for one in found)


def _is(m: Machine, i: Any, s: State) -> None:
    x, z = s.pop_many(2)
    if type(z) is Constant and z.value is None:
        known = is_none(x)
        s.push(OWN if known is None else Constant(known is not bool(i.arg)))
        return
    if all(
        type(v) is Known and (v.expected is None or v.expected.kind == "class" or is_member(v.value)) for v in (x, z)
    ):  # each is looked at again at each call
        s.push(Constant((x.value is z.value) is not bool(i.arg)))
        return
    if all(_is_identity(one) for v in (x, z) for one in alternatives(v)):
        s.push(OWN)  # which of them it is follows from what is decided elsewhere
        return
    if TYPE in (x, z) and all(v is TYPE or (type(v) is Known and isinstance(v.value, type)) for v in (x, z)):
        s.push(OWN)  # the types of what is computed belong to the program
        return
    if not any(type(v) is Constant and (v.value is None or type(v.value) is bool) for v in (x, z)):
        m.scope.impure(m, "it asks whether two values are the same object")
    s.push(OWN)


def _is_identity(value: Any) -> bool:
    """Whether a value is a simple member of an enumeration, a class of the user's or None, each of which is looked at again at each call."""
    if type(value) is Known:
        return is_simple_member(value.value) or (value.expected is not None and value.expected.kind == "class")
    return type(value) is Constant and value.value is None


def _string(m: Machine, i: Any, s: State) -> None:
    parts = s.pop_many(i.arg)
    if any(value is ASIDE for value in parts):
        s.push(text_of(m, parts, DATA))
        return
    found = frozenset([""])
    for value in parts:
        m.data(value)
        texts = certain_texts(value)
        found = frozenset() if texts is None else frozenset([a + b for a in found for b in texts])
    s.push(text(found) if 0 < len(found) <= TEXTS else pattern(parts))


def _format(m: Machine, i: Any, s: State) -> None:
    count = 2 if i.opname == "FORMAT_WITH_SPEC" or (i.opname == "FORMAT_VALUE" and i.arg & 4) else 1
    values = s.pop_many(count)
    if text_of(m, values[:1], None) is ASIDE:
        m.data(values[-1]) if count == 2 else None
        s.push(ASIDE)
        return
    for value in values:
        m.data(value)
    as_it_is = count == 1 and (i.opname == "FORMAT_SIMPLE" or (i.opname == "FORMAT_VALUE" and not i.arg))
    value = values[0]
    if as_it_is and type(value) is Constant and type(value.value) is int:
        s.push(Constant(str(value.value)))
        return
    s.push(value if as_it_is and (certain_texts(value) is not None or type(value) is Pattern) else DATA)


DECIDING: dict[str, Callable[..., Any]] = {
    "UNARY_NOT": _not,
    "TO_BOOL": _to_bool,
    "COMPARE_OP": _compare,
    "CONTAINS_OP": _contains,
    "IS_OP": _is,
    "BUILD_STRING": _string,
    **dict.fromkeys(["FORMAT_VALUE", "FORMAT_SIMPLE", "FORMAT_WITH_SPEC", "CONVERT_VALUE"], _format),
}
