"""Parsing and compiling what was compiled before, without the warnings that it gave then (of a backslash in a docstring), and that several threads may do at once.

CPython counts the depth of the tree it builds in one place for the whole interpreter.  Where another thread takes over in between (a collection of garbage that runs a callback is enough)
and parses as well, the count no longer agrees and ``ast.parse`` raises ``SystemError: AST constructor recursion depth mismatch`` (python/cpython issue 106905) although the text is right.  The
count is set anew at every start, so parsing once more is the cure.  A lock would not be one: other libraries parse too (assertion rewriting, ``inspect``).
"""

from __future__ import annotations

import ast
import types
from typing import Any

from gradwise.quiet import quiet

_ATTEMPTS = 50


def parsed(text: str, filename: str = "<unknown>", mode: str = "exec") -> ast.AST:
    """``ast.parse``, again where another thread parsed at the same time.

    Raises
    ------
    SyntaxError, ValueError
        As ``ast.parse`` does.
    SystemError
        Where the interpreter fails every time.
    """
    with quiet():
        for _ in range(_ATTEMPTS):
            try:
                return ast.parse(text, filename, mode)
            except SystemError:
                continue
        return ast.parse(text, filename, mode)


def compile_again(tree: Any, filename: str, flags: int) -> types.CodeType:
    """The code of a tree, by the flags given and none of this module's."""
    with quiet():
        return compile(tree, filename, "exec", flags=flags, dont_inherit=True)
