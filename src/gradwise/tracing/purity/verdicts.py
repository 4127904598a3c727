"""Verdicts: what was found of a function, kept with what must be looked at again before it is believed at the next call.

A verdict belongs to a code object and to what its names stood for.  It holds for every function with that very code object whose names stand for the same modules and
callables, and for plain data; ``holds`` (``scope.py``) looks, in about a microsecond.  Data may change as they like: nothing was assumed of their values.
"""

from __future__ import annotations

import sys
import threading
import types
import weakref
from collections import OrderedDict
from typing import Any

import numpy as np

from gradwise.tracing.purity.calling import ufunc_method
from gradwise.tracing.purity.constructed import attribute_of_known
from gradwise.tracing.purity.machine import Machine, parameters_of
from gradwise.tracing.purity.objects import MISSING, callable_parts
from gradwise.tracing.purity.plain import arrays_in, is_plain
from gradwise.tracing.purity.scope import (
    Expected,
    Node,
    Unproven,
    arrays_read,
    cell_value,
    classify,
    holds,
    is_users_function,
    look_up,
)
from gradwise.tracing.purity.values import DATA, OPAQUE, Known, Local, describe, level

#: functions that call functions that call functions …
_DEPTH = 40
#: functions looked at, each for one kind of arguments, and rounds over all of them
_LOOKS, _ROUNDS = 400, 8
_CODES, _VERDICTS = 512, 8


class Verdict:
    """What the code of a function proves.

    Attributes
    ----------
    writes : str or None
        Why it may write to arrays that were there before the call, with the line; None if it cannot.
    effects : str or None
        Why its result may depend on more than its arguments and the data that it reads, or why it may have effects; None if it is pure.
    changes_own : bool
        Whether it may write to arrays that were made during the call.
    node : Node or None
    """

    __slots__ = ("changes_own", "effects", "node", "writes")

    def __init__(
        self, writes: Unproven | None, effects: Unproven | None, node: Node | None, *, changes_own: bool = True
    ) -> None:
        self.changes_own = changes_own
        self.writes = None if writes is None else str(writes)
        self.effects = None if effects is None else str(effects)
        self.node = node

    @property
    def is_quiet(self) -> bool:
        return self.writes is None

    @property
    def is_pure(self) -> bool:
        return self.writes is None and self.effects is None


class _Inquiry:
    """One look at a function and all that it calls, repeated until nothing new is learned of the objects that it makes.

    Attributes
    ----------
    nodes : dict
        What is found of each function, for each kind of arguments.
    results : dict
        What it returns; None while it is being looked at.
    known : dict
        Classes, objects and sequences (``classify``).
    made : dict
        The attributes of objects made during the call, by the place where they are made.
    """

    def __init__(self) -> None:
        self.nodes: dict[Any, Node] = {}
        self.results: dict[Any, Any] = {}
        self.assumed: set[Any] = set()
        self.known: dict[int, Any] = {}
        self.made: dict[Any, dict[str, Any]] = {}
        self.impurities: list[Unproven] = []
        self.changes_own = False
        self.learned = False
        self.depth = 0


class _Scope:
    """The names of one function."""

    def __init__(self, function: types.FunctionType, node: Node, inquiry: _Inquiry) -> None:
        self.function = function
        self.node = node
        self.inquiry = inquiry
        self._found: dict[tuple[str, str], Any] = {}

    # --- names --------------------------------------------------------------------------------------------------------------

    def classified(self, m: Machine, name: Any, value: Any, table: dict[Any, Expected], what: str) -> Any:
        """The abstract value of what stands under a name; what must hold of it is noted in ``table``."""
        expected, abstract = classify(value, self.inquiry.known)
        kept = table.setdefault(name, expected)
        if abstract is OPAQUE:
            if value is MISSING:
                raise m.doubt(f"{what} stands for nothing yet")
            raise m.doubt(f"{what} is an object of type {type(value).__name__}, whose behaviour is not known")
        if type(abstract) is Known and abstract.expected is not None and kept is not abstract.expected:
            return Known(value, kept)
        return abstract

    def _name(self, m: Machine, kind: str, name: str, value: Any, table: dict[str, Expected]) -> Any:
        known = self._found.get((kind, name))
        if known is None:
            known = self._found[kind, name] = self.classified(m, name, value, table, repr(name))
        return known

    def global_variable(self, m: Machine, name: str) -> Any:
        return self._name(m, "global", name, look_up(self.function, name), self.node.reads.names)

    def free_variable(self, m: Machine, name: str) -> Any:
        return self._name(m, "cell", name, cell_value(self.function, name), self.node.reads.cells)

    def imported(self, m: Machine, name: str, depth: int, names: Any) -> Any:
        """The module that an import inside the function gives, if it is loaded already."""
        if depth:
            raise m.doubt("it imports relative to its package")
        name = name if names else name.partition(".")[0]
        return self._name(m, "import", name, sys.modules.get(name, MISSING), self.node.reads.imports)

    def attribute(self, m: Machine, owner: Known, name: str) -> Any:
        """An entry of a module, an attribute of an object, or a method of a ufunc."""
        if type(owner.value) is np.ufunc:
            found = ufunc_method(name)
            if found is not None:
                return found
        if owner.expected is not None and owner.expected.kind in ("object", "class"):
            return attribute_of_known(self, m, owner, name)
        if type(owner.value) is not types.ModuleType:
            raise m.doubt(f"it reads {describe(owner)}.{name}, which is not looked into")
        value = vars(owner.value).get(name, MISSING)
        return self.classified(m, name, value, owner.expected.reads.names, f"{owner.value.__name__}.{name}")

    @staticmethod
    def known(value: Any) -> Any:
        return Known(value)

    def impure(self, m: Machine, reason: str) -> None:
        self.inquiry.impurities.append(m.doubt(reason))

    def changes_own(self) -> None:
        """Note a write to what was made during the call."""
        self.inquiry.changes_own = True

    # --- functions ----------------------------------------------------------------------------------------------------------

    def enter(self, code: types.CodeType, parameters: dict[str, Any], free: dict[str, Any]) -> None:
        """Look at the code of a function made during the call."""
        self.inquiry.depth += 1
        if self.inquiry.depth > _DEPTH:
            raise Unproven("functions are nested too deeply to be looked at", code, code.co_firstlineno)
        machine = Machine(code, self, parameters, free)
        machine.run()
        machine.data(machine.result)
        self.inquiry.depth -= 1

    def call_local(self, m: Machine, callee: Local, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """A call of a function made during the call, whose code is looked at for itself."""
        for value in [*arguments, *keywords.values()]:
            m.data(value)
        return DATA

    def call_function(self, m: Machine, callee: Known, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """A call of a function of the user's."""
        function = callee.value
        parameters = dict.fromkeys(parameters_of(function.__code__), DATA)
        if not all(level(v) is not None for v in [*arguments, *keywords.values()]):
            self._bind(m, function, arguments, keywords, parameters)
        node, result = self._look(m, function, parameters)
        if callee.expected is not None and node not in callee.expected.nodes:
            callee.expected.nodes.append(node)
        return result

    @staticmethod
    def _bind(
        m: Machine,
        function: types.FunctionType,
        arguments: list[Any],
        keywords: dict[str, Any],
        parameters: dict[str, Any],
    ) -> None:
        """Give to the parameters what is no plain data."""
        code = function.__code__
        names = code.co_varnames[: code.co_argcount]
        given = [*zip(names, arguments, strict=False), *keywords.items()]
        for name, value in given:
            if level(value) is None:
                if name not in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
                    raise m.doubt(f"it gives {describe(value)} to {function.__name__} among other arguments")
                parameters[name] = value
        if any(level(value) is None for value in arguments[len(names) :]):
            raise m.doubt(f"it gives a function to {function.__name__} among other arguments")

    def _look(self, m: Machine, function: types.FunctionType, parameters: dict[str, Any]) -> tuple[Node, Any]:
        inquiry = self.inquiry
        unusual = frozenset((n, v) for n, v in parameters.items() if v is not DATA)
        key = (id(function), id(function.__code__), unusual)
        if key in inquiry.results:  # known, or being looked at: then it must turn out to return data
            result = inquiry.results[key]
            if result is None:
                inquiry.assumed.add(key)
            return inquiry.nodes[key], DATA if result is None else result
        for defaults in (function.__defaults__, function.__kwdefaults__):
            if defaults is not None and not is_plain(defaults):
                raise m.doubt(f"a default argument of {function.__name__} is no plain data")
        inquiry.depth += 1
        if inquiry.depth > _DEPTH or len(inquiry.results) > _LOOKS:
            raise m.doubt("functions are nested too deeply to be looked at")
        node = inquiry.nodes.setdefault(key, Node(function.__code__))
        inquiry.results[key] = None
        machine = Machine(function.__code__, _Scope(function, node, inquiry), parameters, {})
        machine.run()
        result = DATA if level(machine.result) is not None else machine.result
        if result is not DATA and key in inquiry.assumed:
            raise m.doubt(f"{function.__name__}, which calls itself, returns {describe(result)}")
        inquiry.results[key] = result
        inquiry.depth -= 1
        return node, result


def _look_at(function: types.FunctionType, receiver: Any = MISSING) -> Verdict:
    inquiry = _Inquiry()
    code = function.__code__
    for defaults in (function.__defaults__, function.__kwdefaults__):
        if defaults is not None and not is_plain(
            defaults
        ):  # not to be remembered: there is nothing by which it could be seen to change
            reason = Unproven("a default argument is no plain data", code, code.co_firstlineno)
            return Verdict(reason, reason, None)
    node = Node(code)
    parameters = dict.fromkeys(parameters_of(code), DATA)
    if receiver is not MISSING:
        if not code.co_argcount:
            reason = Unproven("it takes its object among other arguments", code, code.co_firstlineno)
            return Verdict(reason, reason, None)
        node.receiver, parameters[code.co_varnames[0]] = classify(receiver, inquiry.known)
    try:
        _inquire(inquiry, function, node, parameters)
    except Unproven as doubt:
        return Verdict(doubt, doubt, node)
    except RecursionError:
        reason = Unproven("the code is too deep to be looked at", code, code.co_firstlineno)
        return Verdict(reason, reason, node)
    effects = inquiry.impurities[0] if inquiry.impurities else None
    return Verdict(None, effects, node, changes_own=inquiry.changes_own)


def _inquire(inquiry: _Inquiry, function: types.FunctionType, node: Node, parameters: dict[str, Any]) -> None:
    """Look until nothing more is learned of the objects that are made."""
    key = (id(function), id(function.__code__), frozenset((n, v) for n, v in parameters.items() if v is not DATA))
    inquiry.nodes[key] = node
    for _ in range(_ROUNDS):
        inquiry.learned, inquiry.depth = False, 0
        inquiry.results = {key: DATA}  # what it returns is data, or nothing is proved
        machine = Machine(function.__code__, _Scope(function, node, inquiry), parameters, {})
        machine.run()
        machine.data(machine.result)
        if not inquiry.learned:
            return
    raise Unproven("the objects that it makes hold too much to be looked at", node.code, node.code.co_firstlineno)


def untouched(function: Any, arguments: Any) -> Any:
    """A test for arrays that no change can befall while the function runs; None if nothing is known.

    Where the code writes to arrays that it makes itself, only those that are there before count: an array that the function makes, uses and then overwrites is no
    constant.

    Parameters
    ----------
    arguments : plain data
        What it is called with.
    """
    verdict = inspect_function(function)
    if not verdict.is_quiet or not is_plain(arguments):
        return None
    if not verdict.changes_own:
        return lambda array: True
    assert verdict.node is not None
    there = {id(a): a for a in (*arrays_in(arguments), *arrays_read(function, verdict.node))}
    return lambda array: there.get(id(array)) is array


_verdicts: OrderedDict[int, tuple[Any, list[Verdict]]] = OrderedDict()
_lock = threading.Lock()


def forget_verdicts() -> None:
    """Forget what was found."""
    with _lock:
        _verdicts.clear()


def _no_function(function: Any) -> str:
    if type(function) is types.MethodType:
        return f"it is a method of an object of type {type(function.__self__).__name__}, whose class is not looked into"
    if isinstance(function, (types.BuiltinFunctionType, np.ufunc, types.FunctionType, type(np.sum))):
        return f"{getattr(function, '__name__', 'it')} belongs to a library, and runs by itself"
    return f"it is an object of type {type(function).__name__} that can be called, and not a Python function"


def inspect_function(function: Any) -> Verdict:
    """The verdict of a function as it is now; found once for its code and what its names stand for."""
    receiver = MISSING
    behind = function
    if type(function) is not types.FunctionType:
        behind, receiver = callable_parts(function) or (None, MISSING)
    if not is_users_function(behind):
        reason = Unproven(_no_function(function))
        return Verdict(reason, reason, None)
    code = behind.__code__
    entry = _verdicts.get(id(code))
    if entry is not None and entry[0]() is code:
        for verdict in entry[1]:
            assert verdict.node is not None
            if holds(function, verdict.node):
                return verdict
    verdict = _look_at(behind, receiver)
    if verdict.node is None:
        return verdict
    with _lock:
        entry = _verdicts.get(id(code))
        if entry is None or entry[0]() is not code:
            entry = (weakref.ref(code), [])
            _verdicts[id(code)] = entry
        entry[1].insert(0, verdict)
        del entry[1][_VERDICTS:]
        while len(_verdicts) > _CODES:
            _verdicts.popitem(last=False)
    return verdict
