"""Signatures of callables, with their annotations left alone.

From Python 3.14 on annotations are evaluated when they are asked for, and classes remember that they were.  They may name what is there for type checkers only, and nothing here needs them.
"""

from __future__ import annotations

import inspect
import sys
import types
from typing import Any

if sys.version_info >= (3, 14):
    import annotationlib

    _SPEAKING = ("__signature__", "__partialmethod__", "__text_signature__")

    def signature_of(function: Any) -> inspect.Signature:
        """``inspect.signature`` without annotations; where there is more to a callable than a function, with their text."""
        return inspect.signature(_bare(function), annotation_format=annotationlib.Format.STRING)

    def _bare(function: Any) -> Any:
        """A function of the same parameters that has no annotations."""
        if type(function) is types.MethodType:
            return types.MethodType(_bare(function.__func__), function.__self__)
        if type(function) is not types.FunctionType:
            return function
        inner = inspect.unwrap(function, stop=lambda f: hasattr(f, "__signature__"))
        if type(inner) is not types.FunctionType or any(name in vars(inner) for name in _SPEAKING):
            return inner
        made = types.FunctionType(
            inner.__code__, inner.__globals__, inner.__name__, inner.__defaults__, inner.__closure__
        )
        made.__kwdefaults__ = inner.__kwdefaults__
        return made

else:

    def signature_of(function: Any) -> inspect.Signature:
        """``inspect.signature``; annotations are as Python keeps them."""
        return inspect.signature(function)
