"""``eval`` and ``exec`` in a traced run: the text is instrumented like the function that holds it, and runs in the caller's names.

Names that an object of the user's class gives (a spreadsheet that evaluates its cells) are read by twins of its methods.
"""

from __future__ import annotations

import functools
import sys
from types import CodeType
from typing import Any

from gradwise.tracing.instrument.compiling import class_name, hooked, instrumented
from gradwise.tracing.instrument.items import reading
from gradwise.tracing.instrument.parsing import parsed
from gradwise.tracing.instrument.rewriting import rewritten
from gradwise.tracing.instrument.state import local
from gradwise.tracing.text import Text, read_back


@functools.lru_cache(maxsize=1024)
def _compiled(text: str, mode: str, owner: str | None) -> CodeType:
    tree = parsed(text.lstrip(" \t") if mode == "eval" else text, "<string>", mode)
    build: Any = compile  # the stubs know no tree of either mode
    plain = build(tree, "<string>", mode, dont_inherit=True)
    return hooked(build(rewritten(tree, owner, plain), "<string>", mode, dont_inherit=True))


def _code(source: Any, mode: str, owner: str | None) -> Any:
    if isinstance(source, Text):
        float(source)  # the text of a traced number: raises, since the number read back has no derivative
    if isinstance(source, (bytes, bytearray)):
        source = bytes(source).decode()
    if isinstance(source, str):
        if local.watch is not None and local.watch.trace.texts:
            read_back(local.watch.trace, source)
        return _compiled(str(source), mode, owner)
    if isinstance(source, CodeType):
        return instrumented(source) or source
    return source


def evaluate(source: Any, globals: Any = None, locals: Any = None, /, **names: Any) -> Any:  # noqa: A002  # the names of eval's parameters
    """``eval``."""
    frame = sys._getframe(1)
    globals, locals = _names_of(frame, names.get("globals", globals), names.get("locals", locals))  # noqa: A001
    if local.watch is None:
        return eval(source, globals, locals)  # noqa: S307  the user's own call
    return eval(_code(source, "eval", class_name(frame.f_code.co_qualname)), globals, reading(locals))  # noqa: S307


def execute(source: Any, globals: Any = None, locals: Any = None, /, **options: Any) -> None:  # noqa: A002
    """``exec``."""
    frame = sys._getframe(1)
    globals, locals = _names_of(frame, options.pop("globals", globals), options.pop("locals", locals))  # noqa: A001
    if local.watch is not None:
        source = _code(source, "exec", class_name(frame.f_code.co_qualname))
        locals = reading(locals)  # noqa: A001
    exec(source, globals, locals, **options)  # noqa: S102  the user's own call


def _names_of(frame: Any, globals: Any, locals: Any) -> tuple[Any, Any]:  # noqa: A002
    if globals is None:
        globals = frame.f_globals  # noqa: A001
        if locals is None:
            locals = frame.f_locals  # noqa: A001
    elif locals is None:
        locals = globals  # noqa: A001
    return globals, locals
