"""Special methods that a class gives by something else than a function: a property, a descriptor, a static method, a partial function, another object.

Python asks the class for ``__getitem__``, binds what it finds to the object, and calls that.  A wrapper of arrays gives all of NumPy's operators so
(``__setitem__ = property(lambda self: np.asarray(self).__setitem__)``), a class of numbers its operators by ``functools.partialmethod``.  The code that binds is the
user's as much as the code that is called: both run as twins.
"""

from __future__ import annotations

import types
from typing import Any

from gradwise.tracing.instrument import userland
from gradwise.tracing.instrument.objects import from_descriptor, resolve_later


def bound(raw: Any, obj: Any, name: str) -> Any:
    """What Python calls for a special method that ``raw`` gives, bound to an object and resolved."""
    if userland.runs_code(raw):
        found = from_descriptor(raw, obj, type(obj), name)
    else:
        get = getattr(type(raw), "__get__", None)
        found = raw if get is None else get(raw, obj, type(obj))
    return resolve_later()(found)


def as_method(raw: Any, name: str) -> Any:
    """What a class defines under the name of a special method, as a function of the object and the operands."""
    if type(raw) is types.FunctionType or raw is None:
        return raw

    def special_method(*args: Any, **kwargs: Any) -> Any:
        return bound(raw, args[0], name)(*args[1:], **kwargs)

    return special_method


def is_given(method: Any) -> bool:
    """Whether a special method is one of ours, for something else than a function."""
    return getattr(method, "__code__", None) is _CODE


_CODE = as_method(property(), "__call__").__code__
userland.AS_METHOD[0] = as_method
