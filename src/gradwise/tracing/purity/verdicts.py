"""Verdicts: what was found of a function, kept with what must be looked at again before it is believed at the next call.

A verdict belongs to a code object and to what its names stood for.  It holds for every function with that very code object whose names stand for the same modules and
callables, and for plain data; ``holds`` (``scope.py``) looks, in about a microsecond.  Data may change as they like: nothing was assumed of their values.
"""

from __future__ import annotations

import functools
import types
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.locks import lock
from gradwise.tracing.purity.binding import bind_further
from gradwise.tracing.purity.buffers import MOST
from gradwise.tracing.purity.counters import holds_any
from gradwise.tracing.purity.defaults import default_constants, defaults_of, has_plain_defaults
from gradwise.tracing.purity.expectations import accepts, arrays_read, by_place, holds
from gradwise.tracing.purity.inquiry import Scope, key_of
from gradwise.tracing.purity.lattice import level
from gradwise.tracing.purity.look import Inquiry
from gradwise.tracing.purity.machine import Machine, parameters_of
from gradwise.tracing.purity.objects import MISSING, callable_parts
from gradwise.tracing.purity.partials import call_root
from gradwise.tracing.purity.scope import Node, Unproven, classify, is_users_function, is_written_in_python
from gradwise.tracing.purity.transient import candidates
from gradwise.tracing.purity.values import DATA, NOTHING, OPAQUE
from gradwise.tracing.purity.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


#: rounds over all that is looked at
_ROUNDS = 16
#: how often one code is looked at: each time takes about a millisecond
_LOOKS = 200
_CODES, _VERDICTS = 512, 8


def _look_at(function: types.FunctionType, receiver: Any, arguments: dict[int | str, Any] | None) -> Verdict:
    look = functools.partial(_look_with, function, receiver, arguments)
    first, inquiry = look()
    found = _look_further(look, first, inquiry)
    if inquiry.tells:
        look = functools.partial(look, asides=True)
        told = _look_further(look, *look())
        told.tells = True
        return told if told.may_stand else found
    return found


def _look_further(look: Callable[..., tuple[Verdict, Inquiry]], first: Verdict, inquiry: Inquiry) -> Verdict:
    """The verdict where arrays that are kept are buffers, if it needs them."""
    if first.is_quiet or not inquiry.overwrites:
        return first
    buffers: frozenset[int] = frozenset()
    while not inquiry.arrays <= buffers and len(buffers | inquiry.arrays) <= MOST:
        buffers |= inquiry.arrays
        verdict, inquiry = look(buffers)
        if verdict.is_quiet:
            return _with_fewest(look, first, verdict, buffers)
        if not inquiry.overwrites:
            break
    return first


def _with_fewest(
    look: Callable[..., tuple[Verdict, Inquiry]], first: Verdict, verdict: Verdict, buffers: frozenset[int]
) -> Verdict:
    """The verdict for as few buffers as will do: an array that is only read is data like other data."""
    for one in sorted(buffers):
        if len(buffers) > 1:
            other, _ = look(buffers - {one})
            if other.is_quiet:
                verdict, buffers = other, buffers - {one}
    verdict.remembers = verdict.is_buffered = True
    verdict.writes = first.writes
    return verdict


def _look_with(
    function: types.FunctionType,
    receiver: Any,
    arguments: dict[int | str, Any] | None,
    buffers: frozenset[int] = frozenset(),
    *,
    asides: bool = False,
) -> tuple[Verdict, Inquiry]:
    """The verdict where these arrays are kept and written to, and the last inquiry."""
    first: Verdict | None = None
    transient: frozenset[tuple[int, str]] = frozenset()
    assigned: frozenset[tuple[int, str]] = frozenset()
    while True:
        inquiry, verdict = _looked(function, receiver, arguments, transient=transient, buffers=buffers, asides=asides)
        more = candidates(inquiry)
        assigned |= more | (inquiry.counted & inquiry.looked_at)
        verdict.is_transient = bool(inquiry.transient)
        if verdict.is_quiet and not (inquiry.transient and function.__code__ in _remembering):
            return verdict, inquiry
        first = first or verdict
        if verdict.is_quiet or more <= transient:
            break
        transient |= more
    remembered: frozenset[tuple[int, str]] = frozenset()
    while not assigned <= remembered:
        remembered |= assigned
        inquiry, verdict = _looked(function, receiver, arguments, remembered=remembered, buffers=buffers, asides=asides)
        assigned = candidates(inquiry) | (inquiry.counted & inquiry.looked_at)
        if verdict.is_quiet:
            verdict.remembers = True
            return verdict, inquiry
    return first, inquiry


def _looked(
    function: types.FunctionType,
    receiver: Any,
    arguments: dict[int | str, Any] | None,
    **assumed: Any,
) -> tuple[Inquiry, Verdict]:
    inquiry = Inquiry(**assumed)
    verdict = _found_by(inquiry, function, receiver, arguments)
    if inquiry.passed_over and inquiry.survives and verdict.is_quiet:  # a raise that was passed over may be handled
        again = Inquiry(thorough=True, **assumed)
        verdict = _found_by(again, function, receiver, arguments)
    return inquiry, verdict


#: functions whose programs read first what was thought to be assigned first
_remembering: weakref.WeakSet[types.CodeType] = weakref.WeakSet()


def remember_instead(verdict: Verdict) -> None:
    """Look at a function again, whose attributes are read before they are assigned."""
    if verdict.node is not None and verdict.is_transient and verdict.node.code not in _remembering:
        with _lock:
            _remembering.add(verdict.node.code)
            _verdicts.pop(id(verdict.node.code), None)


def _found_by(
    inquiry: Inquiry, function: types.FunctionType, receiver: Any, arguments: dict[int | str, Any] | None
) -> Verdict:
    code = function.__code__
    node = Node(code)
    parameters = dict.fromkeys(parameters_of(code), DATA)
    if not has_plain_defaults(function):
        defaults = defaults_of(function, node.reads, inquiry.known)
        if defaults is None or type(receiver) is functools.partial:
            # not to be remembered: there is nothing by which it could be seen to change
            reason = Unproven("a default argument is an object whose behaviour is not known", code, code.co_firstlineno)
            return Verdict(reason, reason, None)
        inquiry.defaulted = True
        parameters.update(defaults)
    if type(receiver) is functools.partial:
        return _look_at_partial(inquiry, node, receiver, arguments)
    among: list[Any] = []  # the object, where the function takes it by ``*args``
    if receiver is not MISSING:
        node.receiver, abstract = classify(receiver, inquiry.known)
        if code.co_argcount:
            parameters[code.co_varnames[0]] = abstract
        else:
            among.append(abstract)
        if among and (arguments is None or abstract is OPAQUE):
            reason = Unproven("it takes its object among other arguments", code, code.co_firstlineno)
            return Verdict(reason, reason, None)
    try:
        if arguments is not None:
            _give(inquiry, function, node, arguments, parameters, among)
        _inquire(inquiry, function, node, parameters)
    except Unproven as doubt:
        inquiry.overwrites = doubt.overwrites
        return Verdict(doubt, doubt, node)
    except RecursionError:
        reason = Unproven("the code is too deep to be looked at", code, code.co_firstlineno)
        return Verdict(reason, reason, node)
    return _verdict(inquiry, node)


def _verdict(inquiry: Inquiry, node: Node) -> Verdict:
    effects = inquiry.impurities[0] if inquiry.impurities else None
    counts = bool(inquiry.counted or inquiry.tallies)
    if inquiry.defaulted and (counts or inquiry.leaves):
        reason = Unproven(
            "it leaves something behind, and a default is an object or a function", node.code, node.code.co_firstlineno
        )
        return Verdict(reason, reason, node)
    verdict = Verdict(None, effects, node, changes_own=inquiry.changes_own, counts=counts)
    verdict.leaves, verdict.keeps = inquiry.leaves or inquiry.asks, inquiry.keeps
    verdict.only_asks = inquiry.asks and not inquiry.leaves
    verdict.echoes = inquiry.shown == len(inquiry.impurities) and (verdict.leaves or inquiry.shown > 0)
    verdict.shows = inquiry.shown > 0
    verdict.echoes &= not (inquiry.warns and inquiry.handles)
    if not counts and inquiry.avoided:
        verdict.avoided = {file: frozenset(extents) for file, extents in inquiry.avoided.items()}
    return verdict


def _look_at_partial(inquiry: Inquiry, node: Node, value: Any, arguments: dict[int | str, Any] | None) -> Verdict:
    """``functools.partial(f, ...)``: what it holds is noted as what is held by the object of a method."""
    code = node.code
    if arguments is None:
        reason = Unproven("it is not known what it is called with", code, code.co_firstlineno)
        return Verdict(reason, reason, None)
    node.receiver, receiver = classify(value, inquiry.known)
    try:
        given = _given(inquiry, node, arguments)
        _learn(inquiry, node, lambda: call_root(inquiry, receiver, node, given))
    except Unproven as doubt:
        return Verdict(doubt, doubt, node)
    except RecursionError:
        deep = Unproven("the code is too deep to be looked at", code, code.co_firstlineno)
        return Verdict(deep, deep, node)
    return _verdict(inquiry, node)


def _given(inquiry: Inquiry, node: Node, arguments: dict[int | str, Any]) -> dict[int | str, Any]:
    """What the arguments are, noted for the next call."""
    code, given = node.code, {}
    node.arguments = {}
    for place, value in arguments.items():
        node.arguments[place], given[place] = classify(value, inquiry.known)
        if given[place] is OPAQUE:
            reason = f"it is given an object of type {type(value).__name__}, whose behaviour is not known"
            raise Unproven(reason, code, code.co_firstlineno)
    return given


def _give(
    inquiry: Inquiry,
    function: types.FunctionType,
    node: Node,
    arguments: dict[int | str, Any],
    parameters: dict[str, Any],
    further: list[Any],
) -> None:
    """Give to the parameters what the arguments are, and note it."""
    code, takes_object = function.__code__, node.receiver is not None and not further
    by_name: dict[str, Any] = {}
    named: list[tuple[str, Any]] = [(code.co_varnames[0], None)] if takes_object else []
    names = code.co_varnames[takes_object : code.co_argcount]
    own = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    only = code.co_varnames[: code.co_posonlyargcount]  # a keyword of such a name is another argument
    for place, abstract in _given(inquiry, node, arguments).items():
        name = place if isinstance(place, str) else names[place] if place < len(names) else None
        if name in own and not (isinstance(place, str) and name in only):
            parameters[name] = abstract
            named.append((name, abstract))
        elif level(abstract) is None:
            raise Unproven("it is given an object among other arguments", code, code.co_firstlineno)
        elif isinstance(place, str):
            by_name[place] = abstract
        else:
            further.append(abstract)
    if not bind_further(function, further, by_name, parameters) and any(level(v) is None for v in further):
        raise Unproven("it takes its object among many other arguments", code, code.co_firstlineno)
    node.reads.constants.update(default_constants(function, named, parameters))


def _inquire(inquiry: Inquiry, function: types.FunctionType, node: Node, parameters: dict[str, Any]) -> None:
    """Look at a function with what is known of its arguments."""
    key = key_of(function, parameters)
    inquiry.nodes[key] = node
    if node.receiver is not None:  # a method that calls itself finds it as a function of its class
        inquiry.nodes[key] = Node(node.code)
        inquiry.nodes[key].reads = node.reads
    inquiry.root = function.__code__

    def look() -> None:
        inquiry.results[key] = DATA  # what it returns is data, or nothing is proved
        machine = Machine(function.__code__, Scope(function, node, inquiry), parameters, {})
        machine.run()
        if machine.result is not NOTHING:
            machine.data(machine.result)

    _learn(inquiry, node, look)


def _learn(inquiry: Inquiry, node: Node, look: Callable[[], None]) -> None:
    """Look until nothing more is learned of the objects that are made."""
    for _ in range(_ROUNDS):
        inquiry.learned, inquiry.depth, inquiry.results = False, 0, {}
        inquiry.assumed, inquiry.entered = set(), set()
        look()
        if inquiry.is_overlooked:
            raise Unproven("a container holds objects beside data", node.code, node.code.co_firstlineno)
        if not inquiry.learned:
            # what is nowhere assigned after all is read first on every way
            if not inquiry.counted.isdisjoint(inquiry.looked_at) or not inquiry.transient <= inquiry.held.keys():
                raise Unproven("it assigns what it also reads", node.code, node.code.co_firstlineno)
            if inquiry.tallies and holds_any(inquiry.read.values(), inquiry.tallies.values()):
                raise Unproven("it counts in a container that it also reads", node.code, node.code.co_firstlineno)
            return
    raise Unproven("the objects that it makes hold too much to be looked at", node.code, node.code.co_firstlineno)


def untouched(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """A test for arrays that no change can befall while the function runs; None if nothing is known.

    Where the code writes to arrays that it makes itself, only those that are there before count: an array that the function makes, uses and then overwrites is no
    constant.

    Parameters
    ----------
    args, kwargs : sequence, mapping
        What it is called with.
    """
    verdict = inspect_function(function, args, kwargs)
    if not verdict.is_quiet:
        return None
    if not verdict.changes_own:
        return lambda array: True
    assert verdict.node is not None
    there = {id(a): a for a in arrays_read(function, verdict.node, by_place(args, kwargs))}
    return lambda array: there.get(id(array)) is array


#: by the identity of a code object: the code, what was found of it, and how often it was looked at
_verdicts: OrderedDict[int, tuple[Any, list[Verdict], list[int]]] = OrderedDict()
_lock = lock()


def forget_verdicts() -> None:
    """Forget what was found."""
    with _lock:
        _verdicts.clear()


_CHANGING = Unproven("what it reads and calls changes too often to be looked at again and again")
_RESTLESS = Verdict(_CHANGING, _CHANGING, None)


def _no_function(function: Any) -> str:
    if type(function) is types.MethodType:
        return f"it is a method of an object of type {type(function.__self__).__name__}, whose class is not looked into"
    if is_written_in_python(function):
        return "its names are looked up in a dictionary of another class, which may answer what it likes"
    if isinstance(function, (types.BuiltinFunctionType, np.ufunc, types.FunctionType, type(np.sum))):
        return f"{getattr(function, '__name__', 'it')} belongs to a library, and runs by itself"
    return f"it is an object of type {type(function).__name__} that can be called, and not a Python function"


def inspect_function(
    function: Any, args: Sequence[Any] | None = None, kwargs: Mapping[str, Any] | None = None
) -> Verdict:
    """The verdict of a function as it is now; found once for its code and what its names stand for.

    Parameters
    ----------
    args, kwargs : optional
        What it is called with, if that is known; otherwise any plain data.
    """
    arguments = None if args is None else by_place(args, kwargs or {})
    receiver = MISSING
    behind = function
    if type(function) is not types.FunctionType:
        behind, receiver = callable_parts(function) or (None, MISSING)
    if not is_users_function(behind):
        reason = Unproven(_no_function(function))
        return Verdict(reason, reason, None)
    code = behind.__code__
    entry = _verdicts.get(id(code))
    looks = 0
    doubted: Verdict | None = None
    if entry is not None and entry[0]() is code:
        looks = entry[2][0]
        for verdict in entry[1]:
            assert verdict.node is not None
            asked = (verdict.node.arguments is None) is (arguments is None) and holds(function, verdict.node)
            if asked and (args is None or accepts(verdict.node, args, kwargs or {})):
                if verdict.is_replayable:
                    return verdict
                doubted = doubted or verdict  # a doubt may rest on what was missing then
        if doubted is not None:
            return doubted
    if looks > _LOOKS:
        return _RESTLESS
    verdict = _look_at(behind, receiver, arguments)
    if verdict.node is None:
        return verdict
    with _lock:
        entry = _verdicts.get(id(code))
        if entry is None or entry[0]() is not code:
            entry = (weakref.ref(code), [], [0])
            _verdicts[id(code)] = entry
        entry[1].insert(0, verdict)
        entry[2][0] += 1
        del entry[1][_VERDICTS:]
        while len(_verdicts) > _CODES:
            _verdicts.popitem(last=False)
    return verdict
