"""Where an exception may be survived: the parts of a code whose handler goes on, and what in them may run code of the user's.

    try: return np.squeeze(x, axis=1)        no function of the user's runs there: what one raises elsewhere is not handled here
    except ValueError: return x

A ``raise`` that is passed over (``raising.py``) must end the call of the function that is differentiated.  It does where no handler that goes on stands around it, nor around a call that may lead there.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.callables import is_librarys
from gradwise.tracing.purity.lattice import is_numeric, level
from gradwise.tracing.purity.raising import doomed_of, is_of_context, number_at
from gradwise.tracing.purity.values import NULL, Constant, Known, Method

if TYPE_CHECKING:
    from gradwise.tracing.purity.state import State


class Handlers:
    """The handlers of a code, what they let pass, and what is doomed therefore.

    Attributes
    ----------
    doomed : frozenset
        The numbers of instructions from which every way ends in an exception that is not handled in this code; ``known`` by what is let pass.
    """

    def __init__(
        self, entries: list[Any], instructions: list[Any], position: dict[int, int], known: dict[Any, Any]
    ) -> None:
        self._entries, self._instructions, self._position = entries, instructions, position
        self._known = known
        self._passing: frozenset[int] = frozenset()
        self._swallowing: frozenset[int] = frozenset()
        self._look()

    def _look(self) -> None:
        if self._passing not in self._known:
            self._known[self._passing] = doomed_of(self._instructions, self._position, self._entries, self._passing)
        self.doomed = self._known[self._passing]
        self._parts = [
            (e.start, e.end)
            for e in self._entries
            if e.target not in self._passing and number_at(e.target, self._position) not in self.doomed
        ]

    def handle(self, offset: int) -> bool:
        """Whether an exception that an instruction raises may be survived."""
        return any(start <= offset < end for start, end in self._parts)

    def enter(self, offset: int, *, swallows: bool) -> bool:
        """Note whether the context that is entered at an instruction lets exceptions pass; False where it was thought to."""
        later = [
            e
            for e in self._entries
            if e.start > offset and is_of_context(self._instructions, number_at(e.target, self._position))
        ]
        target = min(later, key=lambda e: e.start).target if later else -1
        kept = not (swallows and target in self._passing)
        if swallows:
            self._swallowing |= {target}
        passing = (self._passing | {target}) - self._swallowing
        if passing != self._passing:
            self._passing = passing
            self._look()
        return kept


def runs_only_librarys(instruction: Any, state: State) -> bool:
    """Whether an instruction surely runs no code of the user's: neither a function, nor a method or an iterator that is written in Python."""
    name = instruction.opname
    if name in _QUIET:
        return True
    extra = _CALLED.get(name)
    count = _OPERANDS.get(name) if extra is None else instruction.arg + extra
    if count is None or len(state.stack) < count:
        return False
    operands = state.stack[-count:]
    if name in ("LOAD_ATTR", "LOAD_METHOD") and type(operands[0]) is Known:
        return type(operands[0].value) is types.ModuleType
    return all(map(_is_passive, operands))


def _is_passive(value: Any) -> bool:
    """Whether nothing of the user's runs where a value is an operand, an argument, or what is called: numbers, arrays, texts, functions of libraries."""
    if value is NULL or type(value) is Constant:
        return True
    if type(value) is Method:
        return _is_passive(value.receiver)
    if type(value) is Known and (value.expected is None or not value.expected.is_data):
        function = value.value
        if any(function is one for one in _RUNNING):
            return False
        return any(function is one for one in _PLAIN) or (not isinstance(function, type) and is_librarys(function))
    degree = level(value)
    return degree is not None and is_numeric(degree)


#: what runs code that is given as a text, or by name
_RUNNING = (eval, exec, compile, __import__, globals, vars, np.vectorize)
#: types, which are called as functions are
_PLAIN = (float, int, complex, bool, str, abs, len, isinstance, type, range)
_QUIET = frozenset(
    [
        "NOP",
        "RESUME",
        "CACHE",
        "PRECALL",
        "KW_NAMES",
        "PUSH_NULL",
        "POP_TOP",
        "COPY",
        "SWAP",
        "LOAD_CONST",
        "LOAD_SMALL_INT",
        "LOAD_FAST",
        "LOAD_FAST_CHECK",
        "LOAD_FAST_BORROW",
        "LOAD_FAST_LOAD_FAST",
        "LOAD_FAST_BORROW_LOAD_FAST_BORROW",
        "LOAD_DEREF",
        "LOAD_GLOBAL",
        "STORE_FAST",
        "STORE_FAST_LOAD_FAST",
        "STORE_FAST_STORE_FAST",
        "BUILD_TUPLE",
        "RETURN_VALUE",
        "RETURN_CONST",
        "JUMP_FORWARD",
        "NOT_TAKEN",
    ]
)
#: beside the arguments, what is called and what it is called of, and the names of arguments from 3.13 on
_CALLED = {"CALL": 2, "CALL_KW": 3}
#: how many values on the stack decide what runs
_OPERANDS = {
    **dict.fromkeys(["BINARY_OP", "COMPARE_OP", "IS_OP", "BINARY_SUBSCR"], 2),
    **dict.fromkeys(["UNARY_NEGATIVE", "UNARY_NOT", "TO_BOOL", "LOAD_ATTR", "LOAD_METHOD"], 1),
    **dict.fromkeys(
        ["POP_JUMP_IF_TRUE", "POP_JUMP_IF_FALSE", "POP_JUMP_FORWARD_IF_TRUE", "POP_JUMP_FORWARD_IF_FALSE"], 1
    ),
}
