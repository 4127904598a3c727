"""Instructions that load, store, compute and build: what each does to the abstract stack (``VALUES``, by name)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.asides import operator_of_aside, remainder
from gradwise.tracing.purity.attribute_tables import Attributes
from gradwise.tracing.purity.axes import part
from gradwise.tracing.purity.boxes import as_key, operator_of_boxes, store_in_box
from gradwise.tracing.purity.building import BUILDING
from gradwise.tracing.purity.callables import JOINERS, KEYS
from gradwise.tracing.purity.class_members import is_generic, member_by_name
from gradwise.tracing.purity.constructed import special
from gradwise.tracing.purity.counters import entry_stored, variable_loaded, variable_stored
from gradwise.tracing.purity.deciding import DECIDING, TEXTS
from gradwise.tracing.purity.fixed import operator_of_fixed
from gradwise.tracing.purity.lattice import certain_texts, entry, is_numeric, is_scalar, is_whole, level, text, texts_of
from gradwise.tracing.purity.leaving import Log
from gradwise.tracing.purity.local_classes import Annotations
from gradwise.tracing.purity.operands import as_record, operator_of_objects
from gradwise.tracing.purity.polynomials import is_polynomial, operator_of_polynomials
from gradwise.tracing.purity.record_types import answers, unary_of_record
from gradwise.tracing.purity.rotations import product_of_rotations
from gradwise.tracing.purity.sequences import (
    entry_of,
    is_looked_into,
    is_object,
    is_sequence,
    iterator_of,
)
from gradwise.tracing.purity.solvers import entry_of_found, is_found
from gradwise.tracing.purity.sparse import is_matrix, product, store_in_matrix
from gradwise.tracing.purity.texts import formatted, pattern
from gradwise.tracing.purity.values import (
    ARRAY,
    ASIDE,
    DATA,
    DRAFT,
    FLOAT,
    FRESH,
    GRID,
    NULL,
    OWN,
    ROTATION,
    SCALAR,
    SLICE,
    VECTOR,
    WHOLE,
    Box,
    Cell,
    Constant,
    Count,
    Fixed,
    Known,
    Pattern,
    Row,
    Tally,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.purity.machine import Machine
    from gradwise.tracing.purity.state import State


def _turns(count: int, result: Any) -> Callable[..., None]:
    """Takes ``count`` plain values and gives ``result``."""

    def step(m: Machine, i: Any, s: State) -> None:
        for value in s.pop_many(count):
            m.data(value)
        s.push(result)

    return step


def _copy(m: Machine, i: Any, s: State) -> None:
    s.push(s.stack[-i.arg])


def _swap(m: Machine, i: Any, s: State) -> None:
    s.stack[-i.arg], s.stack[-1] = s.stack[-1], s.stack[-i.arg]


def _load_const(m: Machine, i: Any, s: State) -> None:
    s.push(Constant(i.argval))


def _load(m: Machine, s: State, name: str) -> None:
    if name in m.code.co_cellvars or name in m.code.co_freevars:
        s.push(Cell(name))
    else:
        s.push(s.local.get(name, DATA))


def _load_fast(m: Machine, i: Any, s: State) -> None:
    for name in i.argval if type(i.argval) is tuple else (i.argval,):
        _load(m, s, name)


def _load_and_clear(m: Machine, i: Any, s: State) -> None:
    s.push(s.local.pop(i.argval, NULL))


def _store(s: State, name: str, value: Any) -> None:
    if value is NULL:
        s.local.pop(name, None)
    else:
        s.local[name] = value


def _store_fast(m: Machine, i: Any, s: State) -> None:
    for name in i.argval if type(i.argval) is tuple else (i.argval,):
        if name in m.code.co_cellvars:
            raise m.doubt("a shared variable is put in place")
        _store(s, name, s.pop())


def _store_load(m: Machine, i: Any, s: State) -> None:
    stored, loaded = i.argval
    _store(s, stored, s.pop())
    _load(m, s, loaded)


def _delete_fast(m: Machine, i: Any, s: State) -> None:
    s.local.pop(i.argval, None)


def _load_closure(m: Machine, i: Any, s: State) -> None:
    s.push(Cell(i.argval))


def _load_deref(m: Machine, i: Any, s: State) -> None:
    found = variable_loaded(m, i) or m.scope.container_in_cell(m, i, s.stack)
    s.push(m.variable(i.argval) if found is None else found)


def _store_deref(m: Machine, i: Any, s: State) -> None:
    if i.argval not in m.code.co_cellvars:
        value = s.pop()
        if variable_stored(m, i, value) or m.set_free(i.argval, value):
            return
        raise m.doubt(f"it assigns {i.argval!r}, a variable of the enclosing function")
    m.set_cell(i.argval, s.pop())


def binary(m: Machine, symbol: str, x: Any, z: Any) -> Any:
    """The result of a binary operator.  Lists know + and *, sets and dicts the bar: their results hold what the operands hold."""
    if x is ASIDE or z is ASIDE:
        return operator_of_aside(m, symbol, x, z)
    if ROTATION in (x, z):
        return product_of_rotations(m, symbol, x, z)
    if is_polynomial(x) or is_polynomial(z):
        return operator_of_polynomials(m, symbol, x, z)
    if is_matrix(x) or is_matrix(z):
        return product(m, symbol, x, z)
    if symbol != "[]" and (type(x) is Box or type(z) is Box):
        found = operator_of_boxes(m, symbol, x, z)
        if found is not None:
            return found
    if symbol != "[]" and (level(x) is None or level(z) is None):
        return operator_of_objects(m, symbol, x, z)
    if symbol == "[]" and (x is VECTOR or x is GRID):
        return part(x, z)
    if symbol == "[]":
        return entry(m.data(x))
    if symbol == "+" and (certain_texts(x) or certain_texts(z)) is not None:  # a text and a list raise
        left, right = texts_of(x), texts_of(z)
        if left is not None and right is not None and len(left) * len(right) <= TEXTS:
            return text(frozenset([one + other for one in left for other in right]))
    if symbol == "+" and any(certain_texts(v) is not None or type(v) is Pattern for v in (x, z)):
        m.data(x), m.data(z)
        return pattern([x, z])
    if symbol != "[]" and Fixed in (type(x), type(z)):
        return operator_of_fixed(m, symbol, x, z)
    in_place = symbol.endswith("=")
    a, b = m.data(x), m.data(z)
    if is_scalar(x) and is_scalar(z):
        whole = is_whole(x) and is_whole(z) and symbol.removesuffix("=") in ("+", "-", "*", "//", "%")
        return WHOLE if whole else SCALAR
    if in_place and a in (DATA, ARRAY):
        raise m.doubt(f"it changes in place ({symbol}) what may have been there before the call", overwrites=True)
    if in_place and not is_scalar(x):
        m.scope.changes_own()
    plain = symbol.removesuffix("=")
    if type(x) is Constant and type(x.value) in (str, bytes):
        return remainder(m, x, z, formatted(x.value)) if plain == "%" and type(x.value) is str else DATA
    if plain == "%" and (a is DATA or a is FRESH):
        return remainder(m, x, z, FRESH)
    both = is_numeric(a) and is_numeric(b)
    if plain == "+":  # what is the call's own may be a tuple
        return OWN if both or _is_number(x, a) or _is_number(z, b) else FRESH
    if plain == "*":
        return OWN if both or FLOAT in (a, b) else FRESH
    if plain in ("|", "%"):
        return OWN if both else FRESH
    return OWN


def _is_number(value: Any, degree: Any) -> bool:
    """Whether a value is no container."""
    return (
        degree in (FLOAT, ARRAY)
        or is_scalar(value)
        or (type(value) is Constant and type(value.value) in (int, complex, bool))
    )


def _binary_op(m: Machine, i: Any, s: State) -> None:
    x, z = s.pop_many(2)
    if type(x) is Count:  # ``counters.py`` has seen what follows
        s.push(x)
        return
    s.push(entry_at(m, x, z) if i.argrepr == "[]" else binary(m, i.argrepr, x, z))


def entry_at(m: Machine, x: Any, key: Any) -> Any:
    """``x[key]``."""
    if type(x) is Tally and type(key) is Constant:
        return Count(x, key.value)
    if type(x) is Known and any(x.value is one for one in (*JOINERS, *KEYS)):
        degree = m.data(key)
        return SLICE if any(x.value is one for one in KEYS) else OWN if is_numeric(degree) else FRESH
    member = member_by_name(x, key)
    if member is not None:
        return member
    if is_generic(m, x):  # Box[float], which makes what Box makes
        return x
    if type(x) is not Box:
        as_key(m, key) if is_sequence(x) else m.data(key)
    if type(x) is Attributes:
        return x.entry(m, key)
    if type(x) is Log:
        return x.last(m, key)
    if is_found(x):
        return entry_of_found(m, x, key)
    if is_polynomial(x):
        return operator_of_polynomials(m, "[]", x, key)
    return entry_of(m, x, key) if is_looked_into(x) else binary(m, "[]", x, key)


def _binary_subscr(m: Machine, i: Any, s: State) -> None:
    x, key = s.pop_many(2)
    s.push(entry_at(m, x, key))


def _binary_slice(m: Machine, i: Any, s: State) -> None:
    x, low, high = s.pop_many(3)
    m.data(low), m.data(high)
    s.push(entry_of(m, x, None) if level(x) is None or type(x) is Box else binary(m, "[]", x, SLICE))


def _written(m: Machine, target: Any, value: Any = None) -> None:
    if m.data(target) in (DATA, ARRAY):
        raise m.doubt("it assigns an entry of what may have been there before the call", overwrites=True)
    m.scope.changes_own()
    inquiry = m.scope.inquiry
    if value is not None and m.data(target) is FRESH and m.data(value).rank > OWN.rank and not inquiry.mixes:
        inquiry.mixes = inquiry.learned = True


def _store_subscr(m: Machine, i: Any, s: State) -> None:
    value, target, key = s.pop_many(3)
    if entry_stored(target, key, value):
        return
    if type(target) is Box:
        store_in_box(m, target, key, value)
        return
    if target is DRAFT:
        store_in_matrix(m, key, value)
        return
    if type(target) in (Attributes, Annotations):
        target.assign(m, key, value)
        return
    if is_object(target):
        method = special(m, target, "__setitem__")
        m.scope.call_function(m, method.function, [method.receiver, key, value], {})
        return
    if value is ASIDE and type(target) is Log and not target.is_method:
        m.data(key)
        target.holds(m, value)
        return
    degree, _ = m.data(value), m.data(key)
    if type(target) is Log and not target.is_method:
        target.holds(m, degree)
        return
    _written(m, target, value)


def _store_slice(m: Machine, i: Any, s: State) -> None:
    value, target, low, high = s.pop_many(4)
    m.data(value), m.data(low), m.data(high)
    _written(m, target, value)


def _delete_subscr(m: Machine, i: Any, s: State) -> None:
    target, key = s.pop_many(2)
    m.data(key)
    if type(target) is Box:
        m.scope.changes_own()
        return
    _written(m, target)


_UNARY = {"UNARY_NEGATIVE": "__neg__", "UNARY_INVERT": "__invert__"}


def _unary(m: Machine, i: Any, s: State) -> None:
    value = s.pop()
    if is_object(value):
        s.push(m.scope.call(m, special(m, value, _UNARY[i.opname]), []))
        return
    if is_polynomial(value) and i.opname == "UNARY_NEGATIVE":
        s.push(value)
        return
    value = as_record(m, value)
    if answers(value):
        s.push(unary_of_record(m, _UNARY[i.opname], value))
        return
    m.data(value)
    s.push(WHOLE if is_whole(value) else SCALAR if is_scalar(value) else OWN)


def _positive(m: Machine, i: Any, s: State) -> None:
    if i.opname == "LIST_TO_TUPLE" and type(s.stack[-1]) in (Box, Row):
        return
    s.push(m.data(s.pop()))


def _slice(m: Machine, i: Any, s: State) -> None:
    for value in s.pop_many(i.arg):
        m.data(value)
    s.push(SLICE)


def _iterator(m: Machine, i: Any, s: State) -> None:
    s.push(iterator_of(m, s.pop()))


def _intrinsic(m: Machine, i: Any, s: State) -> None:
    name = i.argrepr
    if name not in ("INTRINSIC_UNARY_POSITIVE", "INTRINSIC_LIST_TO_TUPLE", "INTRINSIC_STOPITERATION_ERROR"):
        raise m.doubt(f"it does what is not looked into ({name})")
    value = s.pop()
    if name == "INTRINSIC_LIST_TO_TUPLE" and type(value) in (Box, Row):
        s.push(value)
        return
    s.push(m.data(value))


def named(step: Callable[..., Any], names: str) -> dict[str, Callable[..., Any]]:
    """One step for several instructions."""
    return dict.fromkeys(names.split(), step)


VALUES: dict[str, Callable[..., Any]] = {
    **DECIDING,
    **BUILDING,
    "COPY": _copy,
    "SWAP": _swap,
    **named(_load_const, "LOAD_CONST LOAD_SMALL_INT"),
    **named(
        _load_fast, "LOAD_FAST LOAD_FAST_CHECK LOAD_FAST_BORROW LOAD_FAST_LOAD_FAST LOAD_FAST_BORROW_LOAD_FAST_BORROW"
    ),
    "LOAD_FAST_AND_CLEAR": _load_and_clear,
    **named(_store_fast, "STORE_FAST STORE_FAST_STORE_FAST"),
    "STORE_FAST_LOAD_FAST": _store_load,
    "DELETE_FAST": _delete_fast,
    "LOAD_CLOSURE": _load_closure,
    "LOAD_DEREF": _load_deref,
    "STORE_DEREF": _store_deref,
    "BINARY_OP": _binary_op,
    "BINARY_SUBSCR": _binary_subscr,
    "BINARY_SLICE": _binary_slice,
    "STORE_SUBSCR": _store_subscr,
    "STORE_SLICE": _store_slice,
    "DELETE_SUBSCR": _delete_subscr,
    **named(_unary, "UNARY_NEGATIVE UNARY_INVERT"),
    **named(_positive, "UNARY_POSITIVE LIST_TO_TUPLE"),
    "GET_ITER": _iterator,
    "BUILD_SLICE": _slice,
    "CALL_INTRINSIC_1": _intrinsic,
}
