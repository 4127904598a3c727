"""One look at a function: what its names stand for, and what the functions that it calls are found to do."""

from __future__ import annotations

import builtins
import enum
import functools
import importlib.util
import inspect
import logging
import sys
import types
from typing import Any

import numpy as np

from gradwise.tracing.purity.asked import value_of_member
from gradwise.tracing.purity.attributes import attribute_of
from gradwise.tracing.purity.avoiding import block_of
from gradwise.tracing.purity.binding import FLAGS, bind, is_flag
from gradwise.tracing.purity.buffers import is_buffer
from gradwise.tracing.purity.callables import FROM_KEYS, LOGS
from gradwise.tracing.purity.calling import call
from gradwise.tracing.purity.class_members import attribute_of_member, known_member
from gradwise.tracing.purity.constructed import attribute_of_known
from gradwise.tracing.purity.counters import container
from gradwise.tracing.purity.defaults import defaults_of, has_plain_defaults
from gradwise.tracing.purity.distributions import MethodOfDistribution, is_method_of_distribution
from gradwise.tracing.purity.fixed import maker_of_fixed
from gradwise.tracing.purity.instructions import entry_at
from gradwise.tracing.purity.lattice import join, level, spill
from gradwise.tracing.purity.look import Inquiry
from gradwise.tracing.purity.lookups import cell_of, cell_value, look_up
from gradwise.tracing.purity.machine import Machine, parameters_of
from gradwise.tracing.purity.objects import HEAP, MISSING, is_member
from gradwise.tracing.purity.operands import operator_of_objects
from gradwise.tracing.purity.plain import is_plain
from gradwise.tracing.purity.scope import Ends, Expected, Node, Reads, Unproven, classify
from gradwise.tracing.purity.sequences import element_of, truth
from gradwise.tracing.purity.ufunc_methods import ufunc_method
from gradwise.tracing.purity.values import (
    ARRAY,
    DATA,
    FLOAT,
    NOTHING,
    OPAQUE,
    OWN,
    Box,
    Constant,
    Known,
    Local,
    Row,
    Rows,
    Texts,
    Words,
)

#: the flags of generators and coroutines
_LATER = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_IMPORT = builtins.__import__
#: functions that call functions that call functions …
_DEPTH = 40
#: functions looked at, each for one kind of arguments
_LOOKS = 400


def key_of(function: types.FunctionType, parameters: dict[str, Any]) -> Any:
    """What a function is known by in an inquiry: itself, and what is known of its arguments."""
    unusual = frozenset((n, v) for n, v in parameters.items() if v is not DATA)
    return id(function), id(function.__code__), unusual


class Scope:
    """The names of one function."""

    def __init__(self, function: types.FunctionType, node: Node, inquiry: Inquiry) -> None:
        self.function = function
        self.node = node
        self.inquiry = inquiry
        self._found: dict[tuple[str, str], Any] = {}

    # --- names --------------------------------------------------------------------------------------------------------------

    def classified(
        self, m: Machine, name: Any, value: Any, table: dict[Any, Expected], what: str, *, shared: bool = False
    ) -> Any:
        """The abstract value of what stands under a name; what must hold of it is noted in ``table``.  ``shared``: a twin of the function finds the real one."""
        expected, abstract = classify(value, self.inquiry.known)
        if not shared and is_buffer(value):
            self.inquiry.arrays.add(id(value))
            if id(value) in self.inquiry.buffers:
                self.inquiry.leaves = True
                expected, abstract = Expected("data", "buffer"), OWN
                table[name] = expected if name not in table or table[name].object != "buffer" else table[name]
        kept = table.setdefault(name, expected)
        if kept.kind in ("counter", "tally"):
            raise m.doubt(f"it reads {what}, which it also counts in")
        if isinstance(value, (list, tuple, dict)):
            self.inquiry.read[id(value)] = value
        if abstract is OPAQUE:
            if value is MISSING:
                raise m.doubt(f"{what} stands for nothing yet")
            raise m.doubt(f"{what} is an object of type {type(value).__name__}, whose behaviour is not known")
        if type(abstract) is not Known or abstract.value is not value:  # what a function of autograd's stands around
            return abstract
        if abstract.expected is not None and kept is not abstract.expected:
            return Known(value, kept)
        return abstract

    def _name(self, m: Machine, kind: str, name: str, value: Any, table: dict[str, Expected]) -> Any:
        if (kind, name) not in self._found:
            self._found[kind, name] = self.classified(m, name, value, table, repr(name))
        return self._found[kind, name]

    def is_missing(self, name: str) -> bool:
        """Whether there is no global variable of a name; noted, for the next call."""
        if look_up(self.function, name) is not MISSING:
            return False
        self.node.reads.names.setdefault(name, Expected("other", None))
        return True

    def global_variable(self, m: Machine, name: str) -> Any:
        self.inquiry.looked_at.add((id(self.function.__globals__), name))
        return self._name(m, "global", name, look_up(self.function, name), self.node.reads.names)

    def function_among_globals(self, m: Machine, names: frozenset[str] | None) -> Any:
        """``globals()[name]``: what is called so; data are read under their name."""
        found = [self.global_variable(m, name) for name in sorted(names or ()) if name in self.function.__globals__]
        if not found or len(found) < len(names or ()) or any(level(value) is not None for value in found):
            raise m.doubt("it looks up globals() in a way that is not looked into")
        return functools.reduce(join, found)

    def container_in_globals(self, m: Machine, i: Any, stack: list[Any]) -> Any:
        """The list or dictionary under a global name, if it is loaded only to be counted in."""
        return container(m, i, self.function.__globals__.get(i.argval), self.node.reads.names, stack)

    def container_in_cell(self, m: Machine, i: Any, stack: list[Any]) -> Any:
        """The list or dictionary in a variable of the enclosing function, if it is loaded only to be counted in."""
        if (
            i.argval in m.free
            or i.argval not in self.function.__code__.co_freevars
            or m.code is not self.function.__code__
        ):
            return None
        return container(m, i, cell_value(self.function, i.argval), self.node.reads.cells, stack)

    def no_global_variable(self, m: Machine, name: str) -> None:
        """Note that there is no global variable of a name."""
        if not self.is_missing(name):
            raise m.doubt(f"it evaluates a text with {name!r}, which may be a local or a global variable")

    def free_variable(self, m: Machine, name: str) -> Any:
        self.inquiry.looked_at.add((id(cell_of(self.function, name)), ""))
        return self._name(m, "cell", name, cell_value(self.function, name), self.node.reads.cells)

    def imported(self, m: Machine, name: str, depth: int, names: Any) -> Any:
        """The module that an import inside the function gives, if it is loaded already."""
        hook = builtins.__import__
        if hook is not _IMPORT or look_up(self.function, "__import__") is not hook:
            raise m.doubt("it imports by a function that was put in the place of Python's")
        self.node.reads.names.setdefault("__import__", Expected("is", hook))
        if depth:
            package = self.global_variable(m, "__package__")
            if type(package) is not Constant or type(package.value) is not str or package.value.count(".") < depth - 1:
                raise m.doubt("it imports relative to a package that is not known")
            name = importlib.util.resolve_name("." * depth + name, package.value)
        name = name if names else name.partition(".")[0]
        return self._name(m, "import", name, sys.modules.get(name, MISSING), self.node.reads.imports)

    def attribute(self, m: Machine, owner: Known, name: str) -> Any:
        """An entry of a module, an attribute of an object, or a method of a ufunc."""
        if type(owner.value) is np.ufunc:
            found = ufunc_method(name)
            if found is not None:
                return found
        maker = maker_of_fixed(owner.value, name)
        if maker is not None:
            return maker
        if owner.value is dict and name == "fromkeys":
            return Known(FROM_KEYS)
        if owner.value is object and name in ("__setattr__", "__new__"):
            return Known(getattr(object, name))
        is_looked_into = owner.expected is not None and owner.expected.kind == "class"
        cls = owner.value
        if name in ("__name__", "__qualname__") and type(cls) is type and (is_looked_into or not cls.__flags__ & HEAP):
            if is_looked_into:
                owner.expected.reads.members["named", (cls.__name__, cls.__qualname__)] = Expected("is", True)
            return Constant(getattr(owner.value, name))
        if owner.expected is not None and owner.expected.kind in ("object", "class"):
            return attribute_of_known(self, m, owner, name)
        if isinstance(owner.value, enum.EnumMeta) and is_member(owner.value.__members__.get(name)):
            return known_member(owner.value.__members__[name])
        if is_member(owner.value) and name in ("value", "name") and is_plain(owner.value._value_):
            return value_of_member(owner.value, name)
        if is_method_of_distribution(owner.value, name):
            return MethodOfDistribution(name)
        if type(owner.value) is logging.Logger and name in LOGS and name not in vars(owner.value):
            return Known(LOGS[name])
        if type(owner.value) is not types.ModuleType:
            return attribute_of_member(m, owner, name)
        self.inquiry.looked_at.add((id(vars(owner.value)), name))
        value = vars(owner.value).get(name, MISSING)
        return self.classified(
            m, name, value, owner.expected.reads.names, f"{owner.value.__name__}.{name}", shared=True
        )

    def hands_builtins_on(self, m: Machine) -> None:
        """Note under which name functions made during the call, and evaluated texts, find their builtins: among the globals."""
        function: Any = self.function
        given = function.__globals__.get("__builtins__", MISSING)
        if given is MISSING:  # then they have those of the function that makes them
            expected = Expected("other", None)
        elif (vars(given) if isinstance(given, types.ModuleType) else given) is function.__builtins__:
            expected = Expected("is", given)
        else:
            raise m.doubt("functions that it makes find other builtins than it does")
        self.node.reads.names.setdefault("__builtins__", expected)

    @staticmethod
    def known(value: Any) -> Any:
        return Known(value)

    def impure(self, m: Machine, reason: str, *, avoidable: bool = True, shows: bool = False) -> None:
        """Note an effect, or a result that depends on more than is known; ``avoidable`` where it writes to nothing that the function reads, ``shows`` where it shows something and gives nothing."""
        self.inquiry.impurities.append(m.doubt(reason))
        self.inquiry.shown += shows
        extents = block_of(m, m.position[m.offset]) if avoidable else None
        if extents is None:
            self.inquiry.avoided = None
        elif self.inquiry.avoided is not None:
            self.inquiry.avoided.setdefault(m.code.co_filename, set()).update(extents)

    def changes_own(self) -> None:
        """Note a write to what was made during the call."""
        self.inquiry.changes_own = True

    # --- functions ----------------------------------------------------------------------------------------------------------

    def enter(
        self,
        code: types.CodeType,
        parameters: dict[str, Any],
        free: dict[str, Any],
        outer: tuple[Machine, dict[str, str]] | None = None,
    ) -> None:
        """Look at the code of a function made during the call."""
        self.inquiry.depth += 1
        if self.inquiry.depth > _DEPTH:
            raise Unproven("functions are nested too deeply to be looked at", code, code.co_firstlineno)
        machine = Machine(code, self, parameters, free, outer)
        self.inquiry.entered.add(code)
        machine.run()
        self.inquiry.entered.discard(code)
        result = Rows(machine.yielded) if code.co_flags & _LATER else machine.result
        before = self.inquiry.returned.get(code, NOTHING)
        joined = join(before, result)
        if joined != before:
            self.inquiry.returned[code] = joined
            self.inquiry.learned = True
        self.inquiry.depth -= 1

    def call_local(self, m: Machine, callee: Local, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """A call of a function made during the call, whose code is looked at for itself."""
        for value in keywords.values():
            m.data(value)
        inquiry = self.inquiry
        inquiry.give(m, callee, arguments)
        maker = inquiry.makers.get(callee.code)
        if maker is not None and callee.code not in inquiry.returned and callee.code not in inquiry.entered:
            maker.look_into(callee)
        result = inquiry.returned.get(callee.code, NOTHING)
        if result is NOTHING:
            raise Ends
        return result

    # --- what containers need of others -------------------------------------------------------------------------------------

    @staticmethod
    def call(m: Machine, callee: Any, arguments: list[Any], keywords: dict[str, Any] | None = None) -> Any:
        return call(m, callee, arguments, keywords or {})

    @staticmethod
    def element(m: Machine, value: Any) -> Any:
        return element_of(m, value)

    @staticmethod
    def operator(m: Machine, symbol: str, x: Any, z: Any) -> Any:
        return operator_of_objects(m, symbol, x, z)

    @staticmethod
    def entry(m: Machine, value: Any, key: Any) -> Any:
        """``value[key]``."""
        return entry_at(m, value, key)

    @staticmethod
    def named(m: Machine, owner: Any, name: str, *, method: bool = False) -> Any:
        """``owner.name`` of anything."""
        return attribute_of(m, owner, name, method=method)

    @staticmethod
    def truth(m: Machine, value: Any) -> None:
        truth(m, value)

    @staticmethod
    def is_mapping(value: Any) -> bool:
        """Whether a value may be a dictionary."""
        if type(value) is Box:
            return value.root.kind in ("dict", "any")
        return type(value) not in (Rows, Row, Words, Constant, Texts) and level(value) not in (FLOAT, OWN, ARRAY)

    def call_function(
        self,
        m: Machine,
        callee: Known | Local,
        arguments: list[Any],
        keywords: dict[str, Any],
        *,
        complete: bool = True,
        rest: Any = None,
    ) -> Any:
        """A call of a function of the user's; ``complete``: whether these are all its arguments, ``rest``: what is known of what ``*args`` takes of others."""
        if isinstance(callee, Local):  # of a class that is defined during the call
            return self.call_local(m, callee, arguments, keywords)
        function = callee.value
        parameters = dict.fromkeys(parameters_of(function.__code__), DATA)
        if not has_plain_defaults(function):
            found = defaults_of(function, Reads(), self.inquiry.known)
            if found is None:
                raise m.doubt(f"a default argument of {function.__name__} is an object whose behaviour is not known")
            parameters.update(found)
        constants = bind(m, function, arguments, keywords, parameters, complete=complete)
        if rest is not None and function.__code__.co_flags & inspect.CO_VARARGS:
            place = function.__code__.co_argcount + function.__code__.co_kwonlyargcount
            parameters[function.__code__.co_varnames[place]] = rest
        node, result = self._look(m, function, parameters, callee.expected, constants)
        if callee.expected is not None and node not in callee.expected.nodes:
            callee.expected.nodes.append(node)
        return result

    def call_within(self, m: Machine, callee: Known, name: str, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """A call of the function in a cell of another, which hands its arguments on to it."""
        node = next((n for n in callee.expected.nodes if n.code is callee.value.__code__), None)
        if node is None:
            node = Node(callee.value.__code__)
            callee.expected.nodes.append(node)
        behind = Scope(callee.value, node, self.inquiry).free_variable(m, name)
        return call(m, behind, arguments, keywords)

    def _look(
        self,
        m: Machine,
        function: types.FunctionType,
        parameters: dict[str, Any],
        expected: Expected | None,
        constants: dict[tuple[str, Any], Any],
    ) -> tuple[Node, Any]:
        inquiry = self.inquiry
        if len(inquiry.results) > _LOOKS // 2:  # then what is known of plain data is let go
            for value in parameters.values():
                spill(value)
            parameters = {n: v if level(v) is None else DATA for n, v in parameters.items()}
        flags = frozenset((n, v) for n, v in parameters.items() if is_flag(v))
        if flags:
            seen = inquiry.flags.setdefault(id(function.__code__), set())
            seen.add(flags)
            if len(seen) > FLAGS:
                parameters.update((n, OWN) for n, _ in flags)
        key = key_of(function, parameters)
        if key in inquiry.results:  # known, or being looked at: then it must turn out to return data
            result = inquiry.results[key]
            if result is None:
                inquiry.assumed.add(key)
                is_later = function.__code__.co_flags & _LATER
                result = inquiry.returned.get(key, Rows(NOTHING) if is_later else NOTHING)
            inquiry.nodes[key].reads.constants.update(constants)
            if result is NOTHING:
                raise Ends
            return inquiry.nodes[key], result
        inquiry.depth += 1
        if inquiry.depth > _DEPTH or len(inquiry.results) > _LOOKS:
            raise m.doubt("functions are nested too deeply to be looked at")
        node = inquiry.nodes.setdefault(key, Node(function.__code__))
        node.reads.constants.update(constants)
        if not has_plain_defaults(function):
            inquiry.defaulted = True
            defaults_of(function, node.reads, inquiry.known)
        inquiry.results[key] = None
        machine = Machine(function.__code__, Scope(function, node, inquiry), parameters, {})
        machine.run()
        # what a generator returns is not what a call of it gives
        result = Rows(machine.yielded) if function.__code__.co_flags & _LATER else machine.result
        before = inquiry.returned.get(key, NOTHING)
        inquiry.results[key] = inquiry.returned[key] = result = join(before, result)
        inquiry.learned |= result != before and key in inquiry.assumed
        inquiry.depth -= 1
        if result is NOTHING:
            if expected is not None and node not in expected.nodes:
                expected.nodes.append(node)
            raise Ends
        return node, result
