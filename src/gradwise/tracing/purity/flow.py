"""Instructions that call, jump, make functions and handle errors: what each does to the abstract stack (``FLOW``, by name)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.attribute_tables import assign
from gradwise.tracing.purity.attributes import attribute_of
from gradwise.tracing.purity.callables import callee_of
from gradwise.tracing.purity.calling import call
from gradwise.tracing.purity.contexts import entered
from gradwise.tracing.purity.counters import container, is_step, loaded, stored, variable_loaded, variable_stored
from gradwise.tracing.purity.function_attributes import own_attributes
from gradwise.tracing.purity.instructions import named
from gradwise.tracing.purity.lattice import describe, level
from gradwise.tracing.purity.local_classes import Annotations
from gradwise.tracing.purity.objects import find
from gradwise.tracing.purity.remembered import is_remembered
from gradwise.tracing.purity.sequences import element_of, is_none, truth
from gradwise.tracing.purity.supers import attribute_of_super
from gradwise.tracing.purity.transient import is_transient
from gradwise.tracing.purity.unpacking import call_unpacked
from gradwise.tracing.purity.values import (
    BUILD_CLASS,
    DATA,
    MANAGER,
    NOTHING,
    NULL,
    OPAQUE,
    OWN,
    Constant,
    Known,
    Local,
    Super,
)
from gradwise.tracing.purity.yielding import YIELDING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.purity.machine import Machine
    from gradwise.tracing.purity.state import State

_NULL_AFTER = sys.version_info >= (3, 13)  # the place of NULL beside a callable


def _nothing(m: Machine, i: Any, s: State) -> None:
    """An instruction that changes no abstract value."""


def _pops(count: int) -> Callable[..., None]:
    def step(m: Machine, i: Any, s: State) -> None:
        s.pop_many(count)

    return step


def _pushes(*values: Any) -> Callable[..., None]:
    def step(m: Machine, i: Any, s: State) -> None:
        s.push(*values)

    return step


def _load_common(m: Machine, i: Any, s: State) -> None:
    s.push(m.scope.known(i.argval) if callable(i.argval) else OPAQUE)


def _load_global(m: Machine, i: Any, s: State) -> list[tuple[int, State]] | None:
    if not i.arg & 1:
        found = variable_loaded(m, i) or m.scope.container_in_globals(m, i, s.stack)
        if found is not None:
            s.push(found)
            return None
    if m.scope.is_missing(i.argval):  # a NameError, which a handler may be waiting for
        m.falls_through = False
        return []
    value = m.scope.global_variable(m, i.argval)
    _push_callable(s, value, null=bool(i.arg & 1))
    return None


def _store_global(m: Machine, i: Any, s: State) -> None:
    if not variable_stored(m, i, s.pop()):
        raise m.doubt("it assigns a global variable")


def _load_name(m: Machine, i: Any, s: State) -> None:
    if m.namespace is not None:
        s.push(m.namespace[i.argval] if i.argval in m.namespace else m.scope.global_variable(m, i.argval))
        return
    if not m.is_expression:
        raise m.doubt("it looks up names as a module does")
    if i.argval not in m.parameters:
        s.push(m.scope.global_variable(m, i.argval))
        return
    if i.argval not in m.certain:  # where it has no value yet, that of the module is found
        m.scope.no_global_variable(m, i.argval)
    s.push(m.parameters[i.argval])


def _load_in_class(m: Machine, i: Any, s: State) -> None:
    """A variable of the enclosing function, in the body of a class."""
    if m.namespace is None:
        raise m.doubt("it looks up names as a class does")
    s.push(m.namespace[i.argval] if i.argval in m.namespace else m.variable(i.argval))


def _load_from_class(m: Machine, i: Any, s: State) -> None:
    s.pop()  # the names of the class
    _load_in_class(m, i, s)


def _store_name(m: Machine, i: Any, s: State) -> None:
    if m.namespace is None:
        raise m.doubt("it assigns names as a module does")
    m.namespace[i.argval] = s.pop()


def _annotations(m: Machine, i: Any, s: State) -> None:
    if m.namespace is None:
        raise m.doubt("it has annotations as a module has")
    m.namespace["__annotations__"] = Annotations()


def _push_callable(s: State, value: Any, *, null: bool) -> None:
    if not null:
        s.push(value)
    elif _NULL_AFTER:
        s.push(value, NULL)
    else:
        s.push(NULL, value)


def _load_attr(m: Machine, i: Any, s: State) -> None:
    method = sys.version_info >= (3, 12) and bool(i.arg & 1)
    owner = own_attributes(m, s.pop(), i.argval)
    if not method and not is_transient(m, owner, i.argval) and not is_remembered(m, owner, i.argval):
        counter = loaded(m, owner, i.argval) if is_step(m, i) else _container_of(m, i, owner, s.stack)
        if counter is not None:
            s.push(counter)
            return
    _push_callable(s, attribute_of(m, owner, i.argval, method=method), null=method)


def _container_of(m: Machine, i: Any, owner: Any, stack: list[Any]) -> Any:
    """The list or dictionary of an object that is loaded only to be counted in."""
    if type(owner) is not Known or owner.expected is None or owner.expected.kind != "object":
        return None
    found = find(owner.value, i.argval)
    if found is None or found[0] != "entry":
        return None
    m.scope.inquiry.looked_at.add((id(owner.value), i.argval))
    return container(m, i, found[1], owner.expected.reads.names, stack)


def _load_method(m: Machine, i: Any, s: State) -> None:
    owner = s.pop()
    s.push(NULL, attribute_of(m, owner, i.argval, method=True))


def _kw_names(m: Machine, i: Any, s: State) -> None:
    m.names = m.code.co_consts[i.arg]


def _call(m: Machine, i: Any, s: State) -> None:
    names: tuple[str, ...] = ()
    if i.opname == "CALL_KW":
        names = s.pop().value
    elif m.names is not None:
        names, m.names = m.names, None
    arguments = s.pop_many(i.arg)
    first, second = s.pop_many(2)
    callee = first if _NULL_AFTER else second
    other = second if _NULL_AFTER else first
    if other is not NULL:  # a callable with its first argument
        callee, arguments = first, [second, *arguments]
    split = len(arguments) - len(names)
    s.push(call(m, callee, arguments[:split], dict(zip(names, arguments[split:], strict=True))))


def _call_ex(m: Machine, i: Any, s: State) -> None:
    keywords = s.pop() if sys.version_info >= (3, 14) or i.arg & 1 else NULL
    arguments = s.pop()
    first, second = s.pop_many(2)
    s.push(call_unpacked(m, first if _NULL_AFTER else second, arguments, keywords))


def _for_iter(m: Machine, i: Any, s: State) -> list[tuple[int, State]]:
    element = element_of(m, s.stack[-1])
    m.falls_through = element is not NOTHING
    done = s.copy()
    if sys.version_info >= (3, 12):
        done.push(DATA)  # END_FOR takes it away
    else:
        done.pop()
    s.push(element)
    return [(i.argval, done)]


def _jump_or_pop(m: Machine, i: Any, s: State) -> list[tuple[int, State]]:
    known = truth(m, s.stack[-1])
    taken = s.copy()
    s.pop()
    if known is None:
        return [(i.argval, taken)]
    m.falls_through = known is not ("TRUE" in i.opname)
    return [] if m.falls_through else [(i.argval, taken)]


def _pop_jump(m: Machine, i: Any, s: State) -> list[tuple[int, State]]:
    value = s.pop()
    known = is_none(value) if "NONE" in i.opname else truth(m, value)
    if known is None:
        return [(i.argval, s.copy())]
    wanted = "NOT_NONE" not in i.opname and "FALSE" not in i.opname
    m.falls_through = known is not wanted
    return [] if m.falls_through else [(i.argval, s.copy())]


def _return(m: Machine, i: Any, s: State) -> None:
    m.returns(s.pop())


def _return_constant(m: Machine, i: Any, s: State) -> None:
    m.returns(Constant(i.argval))


def _store_attr(m: Machine, i: Any, s: State) -> None:
    value, owner = s.pop_many(2)
    owner = own_attributes(m, owner, i.argval)
    if stored(m, owner, i.argval, value):
        return
    assign(m, owner, i.argval, value)


def _load_super_attr(m: Machine, i: Any, s: State) -> None:
    name, owner, receiver = s.pop_many(3)
    if name != Known(super) or type(owner) is not Known or owner.expected is None or owner.expected.kind != "class":
        raise m.doubt("it calls super() in a way that is not looked into")
    _push_callable(s, attribute_of_super(m, Super(owner, receiver), i.argval), null=bool(i.arg & 1))


def _make_function(m: Machine, i: Any, s: State) -> None:
    code = s.pop().value
    cells: tuple[Any, ...] = ()
    flags = 0 if sys.version_info >= (3, 13) else i.arg
    if flags & 8:
        cells = s.pop().cells
    for bit in (4, 2, 1):
        if flags & bit:
            value = s.pop()
            if bit < 4:  # defaults, which are not looked at where they are used
                m.data(value)
    _make(m, s, Local(code, cells))


def _make(m: Machine, s: State, function: Local) -> None:
    m.scope.hands_builtins_on(m)
    if len(function.cells) == len(function.code.co_freevars):  # else it is not complete
        m.made[function] = None
        m.scope.inquiry.makers[function.code] = m
    s.push(function)


def _function_attribute(m: Machine, i: Any, s: State) -> None:
    function = s.pop()
    attribute = s.pop()
    if i.arg in (1, 2):  # defaults, which are not looked at where they are used
        m.data(attribute)
    _make(m, s, Local(function.code, attribute.cells) if i.arg == 8 else function)


def _import_name(m: Machine, i: Any, s: State) -> None:
    depth, names = s.pop_many(2)
    s.push(m.scope.imported(m, i.argval, depth.value, names.value))


def _import_from(m: Machine, i: Any, s: State) -> None:
    s.push(attribute_of(m, s.stack[-1], i.argval, method=False))


def _push_exception(m: Machine, i: Any, s: State) -> None:
    s.stack.insert(len(s.stack) - 1, DATA)


def _match_exception(m: Machine, i: Any, s: State) -> None:
    s.pop()
    s.push(OWN)


def _before_with(m: Machine, i: Any, s: State) -> None:
    s.push(MANAGER, entered(m, s.pop()))


def _load_special(m: Machine, i: Any, s: State) -> None:
    if s.pop() is not MANAGER:
        raise m.doubt("it enters a context that is not looked into")
    m.enters(swallows=False)
    s.push(MANAGER, NULL)


def _raise(m: Machine, i: Any, s: State) -> None:
    for value in s.pop_many(i.arg):
        if level(value) is None and not (type(value) is Known and callee_of(value.value) is not None):
            raise m.doubt(f"it raises {describe(value)}, which is not looked into")


_CONDITIONS = " ".join(
    f"POP_JUMP_{way}IF_{what}"
    for way in ("", "FORWARD_", "BACKWARD_")
    for what in ("TRUE", "FALSE", "NONE", "NOT_NONE")
)

FLOW: dict[str, Callable[..., Any]] = {
    **YIELDING,
    **named(
        _nothing,
        "NOP RESUME PRECALL NOT_TAKEN COPY_FREE_VARS MAKE_CELL JUMP_FORWARD JUMP_BACKWARD JUMP_BACKWARD_NO_INTERRUPT RERAISE",
    ),
    **named(_pops(1), "POP_TOP POP_ITER POP_EXCEPT"),
    "END_FOR": _pops(1 if sys.version_info >= (3, 13) else 2),
    "PUSH_NULL": _pushes(NULL),
    "LOAD_ASSERTION_ERROR": _pushes(Known(AssertionError)),
    "LOAD_COMMON_CONSTANT": _load_common,
    "LOAD_GLOBAL": _load_global,
    "LOAD_NAME": _load_name,
    "LOAD_CLASSDEREF": _load_in_class,
    "LOAD_LOCALS": _pushes(OPAQUE),
    "LOAD_FROM_DICT_OR_DEREF": _load_from_class,
    "STORE_NAME": _store_name,
    "SETUP_ANNOTATIONS": _annotations,
    "LOAD_BUILD_CLASS": _pushes(BUILD_CLASS),
    "LOAD_ATTR": _load_attr,
    "LOAD_METHOD": _load_method,
    "KW_NAMES": _kw_names,
    **named(_call, "CALL CALL_KW"),
    "CALL_FUNCTION_EX": _call_ex,
    "FOR_ITER": _for_iter,
    **named(_jump_or_pop, "JUMP_IF_TRUE_OR_POP JUMP_IF_FALSE_OR_POP"),
    **named(_pop_jump, _CONDITIONS),
    "RETURN_VALUE": _return,
    "RETURN_CONST": _return_constant,
    "STORE_ATTR": _store_attr,
    "STORE_GLOBAL": _store_global,
    "LOAD_SUPER_ATTR": _load_super_attr,
    "MAKE_FUNCTION": _make_function,
    "SET_FUNCTION_ATTRIBUTE": _function_attribute,
    "IMPORT_NAME": _import_name,
    "IMPORT_FROM": _import_from,
    "PUSH_EXC_INFO": _push_exception,
    "CHECK_EXC_MATCH": _match_exception,
    "RAISE_VARARGS": _raise,
    "BEFORE_WITH": _before_with,
    "LOAD_SPECIAL": _load_special,
    "WITH_EXCEPT_START": _pushes(DATA),
    "RETURN_GENERATOR": _pushes(DATA),
    "GET_LEN": _pushes(OWN),
    **named(_pushes(OWN), "MATCH_SEQUENCE MATCH_MAPPING"),
}
