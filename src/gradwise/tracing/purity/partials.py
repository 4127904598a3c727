"""``functools.partial`` in the symbolic run: the function behind it, with the arguments that it holds and those that it is given."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.calling import call
from gradwise.tracing.purity.inquiry import Scope
from gradwise.tracing.purity.look import Inquiry
from gradwise.tracing.purity.machine import Machine
from gradwise.tracing.purity.scope import Ends
from gradwise.tracing.purity.values import OPAQUE

if TYPE_CHECKING:
    from gradwise.tracing.purity.scope import Node


def _root() -> None:
    """In the place of what calls a partial function that is differentiated itself."""


def call_root(inquiry: Inquiry, receiver: Any, node: Node, arguments: dict[int | str, Any]) -> None:
    """Look at a call of a partial function with arguments by position or name.

    Raises
    ------
    Unproven
        If something is done that may do harm.
    """
    assert isinstance(_root, types.FunctionType)
    machine = Machine(_root.__code__, Scope(_root, node, inquiry), {}, {})
    if receiver is OPAQUE:
        raise machine.doubt("it holds what is not looked into")
    given = [v for k, v in arguments.items() if type(k) is int]
    try:
        machine.data(call(machine, receiver, given, {k: v for k, v in arguments.items() if type(k) is str}))
    except Ends:  # it raises, whatever it is given
        return
