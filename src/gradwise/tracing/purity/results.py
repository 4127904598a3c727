"""What the functions of libraries, and the methods of plain data, may do to their arguments, and whether their results are the call's own."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.asides import refuse_texts, text_of
from gradwise.tracing.purity.attribute_tables import entries_of_record
from gradwise.tracing.purity.axes import is_dtype_of_numbers, shaped
from gradwise.tracing.purity.boxes import looked_at
from gradwise.tracing.purity.callables import CHANGES, HARMLESS, KEYWORDS, METHODS, Callee, callee_of
from gradwise.tracing.purity.defaults import with_plain_defaults
from gradwise.tracing.purity.lattice import describe, is_none_itself, is_numeric, level, spill, texts_of
from gradwise.tracing.purity.scope import DTYPES, is_type, is_users_function
from gradwise.tracing.purity.sequences import numbers_of
from gradwise.tracing.purity.texts import changed_texts, filled
from gradwise.tracing.purity.values import (
    ARRAY,
    ASIDE,
    DATA,
    FRESH,
    OWN,
    SCALAR,
    Box,
    Constant,
    Known,
    Local,
    Method,
    Row,
    Rows,
    Several,
    Table,
)

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


def result_of(m: Machine, name: str, callee: Callee, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """What a function of a library gives, of which ``callee`` tells."""
    if callee.limit is not None and len(arguments) > callee.limit:
        if any(m.data(v) is not OWN for v in arguments[callee.limit :]):
            said = f"it gives {name} {len(arguments)} positional arguments, of which one may be the output"
            raise m.doubt(said, overwrites=True)
        m.scope.changes_own()
    out = keywords.get("out")
    if out is not None:
        if m.data(out) is not OWN:
            raise m.doubt(f"it calls {name} with an output that may have been there before the call", overwrites=True)
        m.scope.changes_own()
    for keyword, value in keywords.items():
        if keyword == "copy" and type(value) is Constant and value.value is True:
            continue
        if keyword == "copy" and callee is callee_of(np.array):
            callee = _PERHAPS_ITSELF
            continue
        if keyword not in KEYWORDS and keyword != "out":
            raise m.doubt(f"it calls {name} with {keyword}=")
    if not callee.pure:
        m.scope.impure(
            m,
            f"it calls {name}, whose result depends on more than its arguments",
            shows=callee.shows,
        )
        m.scope.inquiry.tells |= callee.shows
        m.scope.inquiry.warns |= callee is callee_of(warnings.warn)
    makes = callee.makes
    if makes == "each":
        makes = "arguments" if len(arguments) == 1 and level(arguments[0]) is not DATA else "several"
    if makes == "total" and len(arguments) == 1 and not keywords and numbers_of(m, arguments[0]) is not None:
        return SCALAR
    if (makes == "total" and len(arguments) == 1 and not keywords) or _computes(makes, arguments, keywords):
        makes = "anew"
    if type(next(iter(arguments), None)) is Box and any(
        callee is callee_of(one) for one in (np.asarray, np.asanyarray)
    ):
        makes = (
            "renewed" if not _computes("renewed", arguments, keywords) else "anew"
        )  # of a list always an array of its own
    degrees = []
    for position, value in enumerate([*arguments, *keywords.values()]):
        degree = level(value)
        if type(value) is Box and degree is not None:
            looked_at(m, value)
        elif degree is not None:
            spill(value)
        elif value is ASIDE and callee.shows:
            degree = OWN
        if degree is None:
            degree = _unusual(m, name, callee, value, len(arguments))
        elif degree is DATA and value is keywords.get("dtype"):
            if is_dtype_of_numbers(value) or is_none_itself(value):
                degree = OWN
            else:
                makes = "data"  # perhaps that of objects
        elif position and makes == "maker" and degree is DATA:
            makes = "data"  # may be the dtype of objects
        degrees.append(degree)
    if makes == "own" and m.scope.inquiry.mixes and not all(map(is_numeric, degrees)):
        return DATA  # the sum of an array of one object is that object
    return _result(makes, degrees)


#: ``np.array(x, copy=None)``
_PERHAPS_ITSELF = Callee(4, "arguments")


def _unusual(m: Machine, name: str, callee: Callee, value: Any, given: int) -> Any:
    """An argument that is no data: a function to be called, or a type, or one of several."""
    if type(value) is Several and all(
        is_none_itself(v) or (type(v) is Known and is_type(v.value)) for v in value.values
    ):
        degrees = [OWN if is_none_itself(v) else _unusual(m, name, callee, v, given) for v in value.values]
        return DATA if DATA in degrees else OWN
    refuse_texts(m, value)
    inner = callee_of(value.value) if type(value) is Known and callee.higher and name != "starmap" else None
    if (
        inner is not None
        and inner.pure
        and not inner.higher
        and (inner.limit is None or inner.limit >= max(2, given - 1))
    ):
        return DATA  # called with two arguments by ``reduce``, with as many as there are iterables by ``map``
    if callee.higher and type(value) is Local:
        m.data(m.scope.call_local(m, value, [DATA] * value.code.co_argcount, {}))
        return DATA
    if callee.higher and type(value) is Known and is_users_function(value.value):
        with_plain_defaults(m, value.value)
        m.data(m.scope.call_function(m, value, [], {}, complete=False))
        return DATA
    if type(value) is Known and is_type(value.value) and not (callee.higher and callee_of(value.value) is None):
        return OWN if value.value in DTYPES else DATA
    raise m.doubt(f"it gives {describe(value)} to {name}")


def _computes(makes: str, arguments: list[Any], keywords: dict[str, Any]) -> bool:
    """Whether a function of NumPy's is given nothing but numbers, and so gives numbers in memory of its own."""
    if makes not in ("computed", "renewed") or not all(map(_is_harmless, keywords.items())):
        return False
    if makes == "renewed":  # of None an array of objects is made
        return all(map(_is_of_numbers, arguments))
    return all(map(_is_of_numbers, arguments[:1])) and all([_is_harmless(("", v)) for v in arguments[1:]])


def _is_harmless(named: tuple[str, Any]) -> bool:
    """Whether an argument is a number, None or a text, but no type of objects."""
    name, value = named
    texts = texts_of(value)
    if name == "dtype" or (texts is not None and not texts.isdisjoint(_OBJECTS)):
        return is_dtype_of_numbers(value)
    return texts is not None or type(value) is Constant or _is_of_numbers(value)


#: texts that name the type of objects
_OBJECTS = frozenset(["O", "object", "|O", "<O", ">O", "=O", "object_", "O8"])


def _is_of_numbers(value: Any, depth: int = 3) -> bool:
    """Whether a value is a number, an array of numbers, or a list of such made during the call."""
    if type(value) is Box:
        return depth > 0 and value.root.kind == "list" and _is_of_numbers(value.root.contents, depth - 1)
    degree = level(value)
    return degree is not None and is_numeric(degree)


def _result(makes: str, degrees: list[Any]) -> Any:
    if makes in ("own", "maker", "anew"):
        return OWN
    if makes == "fresh":
        return FRESH
    if makes == "several":
        return OWN if all(d.rank <= OWN.rank for d in degrees) else DATA
    if makes == "data" or not all(map(is_numeric, degrees)):
        return FRESH if makes in ("renewed", "copied") else DATA
    return ARRAY if ARRAY in degrees and makes == "arguments" else OWN


def result_of_method(m: Machine, method: Method, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """What a method of plain data gives."""
    if method.receiver is ASIDE:
        return text_of(m, [ASIDE, *arguments, *keywords.values()], DATA)
    if type(method.receiver) is Rows and method.name == "send" and len(arguments) == 1 and not keywords:
        m.data(arguments[0])  # what a generator is sent is any data where it is taken (``yielding.py``)
        return m.scope.element(m, method.receiver)
    receiver, name = m.data(method.receiver), method.name
    if name in CHANGES:
        for value in [*arguments, *keywords.values()]:
            m.data(value)
        if receiver in (DATA, ARRAY):
            if name not in HARMLESS:
                raise m.doubt(
                    f"it calls the method {name} of what may have been there before the call", overwrites=True
                )
            m.scope.impure(
                m, f"it calls the method {name} of what may have been there before the call", avoidable=False
            )
        if name not in HARMLESS:
            m.scope.changes_own()
        if name == "fill" and not all(m.data(v).rank <= OWN.rank for v in [*arguments, *keywords.values()]):
            raise m.doubt("it fills an array with what may have been there before the call")
        if len(arguments) > CHANGES[name] or (keywords and name != "update"):
            raise m.doubt(f"it calls the method {name} in a way that is not looked into")
        return DATA
    entries = entries_of_record(method.receiver, name) if not arguments and not keywords else None
    if entries is not None:
        return entries
    if type(method.receiver) is Table and method.receiver.is_mapping and name in ("items", "values") and not arguments:
        element = method.receiver.element
        return Rows(Row((DATA, element)) if name == "items" else element)
    if name == "format" and type(method.receiver) is Constant and type(method.receiver.value) is str:
        found = text_of(m, [*arguments, *keywords.values()], None)
        if found is not None:
            return found
        for value in [*arguments, *keywords.values()]:
            m.data(value)
        return filled(method.receiver.value)
    changed = changed_texts(method.receiver, name, arguments) if not keywords else None
    if changed is not None:
        return changed
    shown = text_of(m, [*arguments, *keywords.values()], None) if name == "format" else None
    if shown is not None:
        return shown
    callee = METHODS.get(name)
    if callee is None:
        raise m.doubt(f"it calls the method {name}, which is not looked into")
    result = result_of(m, f"the method {name}", callee, arguments, keywords)
    found = shaped(m, method.receiver, name, arguments)
    if found is not None:
        return found
    if callee.makes not in ("arguments", "renewed"):
        return DATA if result is OWN and m.scope.inquiry.mixes and not is_numeric(receiver) else result
    if is_numeric(result) and is_numeric(receiver):
        return OWN if callee.makes == "renewed" else ARRAY if ARRAY in (result, receiver) else OWN
    return FRESH if callee.makes == "renewed" else DATA
