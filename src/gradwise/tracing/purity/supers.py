"""``super()`` in the symbolic run, and the methods that are found by it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.constructed import noted_function
from gradwise.tracing.purity.objects import inherited
from gradwise.tracing.purity.scope import Expected
from gradwise.tracing.purity.values import Bound, Held, Known, Made, Super

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


def super_of(m: Machine, arguments: list[Any]) -> Super:
    """``super()``: of the class in whose body the code stands, and its first argument; or ``super(cls, object)``."""
    code = m.code
    if len(arguments) == 2:
        owner, receiver = arguments
    elif arguments or "__class__" not in code.co_freevars or not code.co_argcount or m.assigns(code.co_varnames[0]):
        raise m.doubt("it calls super() in a way that is not looked into")
    else:
        owner, receiver = m.variable("__class__"), m.parameters[code.co_varnames[0]]
    if type(owner) is not Known or owner.expected is None or owner.expected.kind != "class":
        raise m.doubt("it calls super() in a way that is not looked into")
    return Super(owner, receiver)


def attribute_of_super(m: Machine, owner: Super, name: str) -> Any:
    """A method found by ``super()``."""
    receiver = owner.receiver
    is_class = type(receiver) is Known and receiver.expected is not None and receiver.expected.kind == "class"
    if type(receiver) is Made:
        cls, expected = receiver.cls.value, receiver.cls.expected
    elif type(receiver) is Known and receiver.expected is not None and receiver.expected.kind == "object":
        cls, expected = type(receiver.value), receiver.expected
    elif is_class and name == "__new__":
        cls, expected = receiver.value, receiver.expected
    else:
        raise m.doubt("it calls super() in a way that is not looked into")
    function = inherited(cls, owner.owner.value, name)
    key = ("super", weakref.ref(owner.owner.value), name)
    if function in (object.__init__, object.__new__, object.__setattr__):
        expected.reads.members[key] = Expected("is", function)
        bound = function is object.__setattr__
        return Held(Known(function), (receiver,), ()) if bound else Known(function)
    if function is None:
        raise m.doubt(f"super().{name} is not looked into")
    if name == "__new__":
        return noted_function(m, expected, key, function)
    return Bound(noted_function(m, expected, key, function), receiver)
