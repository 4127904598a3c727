"""From a code object to the syntax tree of its definition.

A ``def`` begins at the first line of its code and ends where its last instruction ends (the lines after that are added while they do not parse).  A lambda is read from the positions
of its instructions, which say to the column where its body stands, so that several on one line are told apart; its parameters are those of the code.  Where that is not enough the file
is parsed, and every lambda around the instructions may be it.  What
was found is compiled as it stands and compared with the code: a file that was edited since, or another function on the same line, is not taken for it.

Limits: code without source (``exec``, an interpreter that keeps no lines) and ``async`` functions have no tree.
"""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import linecache
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

from gradwise.tracing.instrument.parsing import parsed

_PREFIX = "if 1:\n"


def lines_of(filename: str, module_globals: dict[str, Any] | None = None) -> list[str]:
    """The lines of a source file, of a notebook's cell or of what was typed, as far as they are known."""
    if filename.startswith(
        "<frozen "
    ):  # a module of the standard library that the interpreter carries: its file is there too
        filename = getattr(sys.modules.get(filename[8:-1]), "__file__", None) or filename
    return linecache.getlines(filename, module_globals)


def definitions(code: CodeType, module_globals: dict[str, Any] | None = None) -> Iterator[Any]:
    """The ``FunctionDef`` and ``Lambda`` nodes that a code object may have been compiled from, at their own line numbers, the likeliest first."""
    if code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE):
        return
    lines = lines_of(code.co_filename, module_globals)
    if not 0 < code.co_firstlineno <= len(lines):
        return
    if code.co_name != "<lambda>":
        node = _function(code, lines)
        if node is not None:
            yield node
        return
    node = _lambda(code, lines)
    if node is not None:
        yield node
    yield from _lambdas_around(code, "".join(lines))


def _last_line(code: CodeType) -> int:
    last = max((end for _, end, _, _ in code.co_positions() if end is not None), default=code.co_firstlineno)
    return max([last, *(_last_line(c) for c in code.co_consts if isinstance(c, CodeType))])


def _function(code: CodeType, lines: list[str]) -> Any:
    first, last = code.co_firstlineno, _last_line(code)
    indented = lines[first - 1][:1] in (" ", "\t")
    for end in range(last, min(last + 60, len(lines)) + 1):
        text = "".join(lines[first - 1 : end])
        try:
            tree = parsed(_PREFIX + text if indented else text)
        except SyntaxError:
            continue
        body = tree.body[0].body if indented else tree.body  # type: ignore[attr-defined]  # an if statement has a body
        node = body[0] if body else None
        if not isinstance(node, ast.FunctionDef) or node.name != code.co_name.rpartition(".")[2]:
            return None
        ast.increment_lineno(node, first - 1 - indented)
        return node
    return None


# --- lambdas ----------------------------------------------------------------------------------------------------------------------


def _extent(code: CodeType) -> tuple[int, int, int, int] | None:
    """First line, first column, last line, last column of the instructions (columns in bytes)."""
    positions: Any = code.co_positions()
    found = [p for p in positions if None not in p and p[3] > 0 and not (p[0] == p[1] and p[2] == p[3])]
    if not found:
        return None
    start = min((line, column) for line, _, column, _ in found)
    stop = max((line, column) for _, line, _, column in found)
    return *start, *stop


def _lambda(code: CodeType, lines: list[str]) -> Any:
    extent = _extent(code)
    if extent is None or extent[2] > len(lines):
        return None
    first, start, last, stop = extent
    encoded = [line.encode() for line in lines[first - 1 : last]]
    tail = b"".join(line.encode() for line in lines[last - 1 : last + 8])
    # parentheses around parts of the body belong to no instruction
    lefts = [start, *_parentheses_before(encoded[0], start)]
    rights = [stop, *_parentheses_after(tail, stop)]
    for left in lefts:
        for right in rights:
            body = _expression(encoded, tail, left, right, first)
            if body is not None:
                return _placed(code, body)
    return None


@functools.lru_cache(maxsize=8)
def _lambdas_in(text: str) -> list[ast.Lambda]:
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError):
        return []
    return [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]


def _lambdas_around(code: CodeType, text: str) -> Iterator[Any]:
    """The lambdas of a whole file whose body holds the instructions: where the body begins or ends with what has no instruction (a folded condition, a comment, brackets)."""
    extent = _extent(code)
    for node in _lambdas_in(text):
        body: Any = node.body
        if extent is None:  # a constant, which the instructions of CPython 3.12 do not place
            found = node.lineno == code.co_firstlineno
        else:
            found = (body.lineno, body.col_offset) <= extent[:2] and extent[2:] <= (
                body.end_lineno,
                body.end_col_offset,
            )
        if found:
            yield _placed(code, copy.deepcopy(body))


def _placed(code: CodeType, body: Any) -> ast.Lambda:
    node = ast.Lambda(args=_parameters(code), body=body)
    ast.copy_location(node, body)
    return ast.fix_missing_locations(node)


def _parentheses_before(line: bytes, column: int) -> list[int]:
    found = []
    while column > 0 and line[column - 1 : column] in (b"(", b" ", b"["):
        column -= 1
        if line[column : column + 1] in (b"(", b"["):
            found.append(column)
    return found[:4]


def _parentheses_after(tail: bytes, column: int) -> list[int]:
    found = []
    while column < len(tail) and tail[column : column + 1] in (b")", b" ", b"]", b"\n", b","):
        column += 1
        if tail[column - 1 : column] in (b")", b"]"):
            found.append(column)
    return found[:4]


def _expression(encoded: list[bytes], tail: bytes, left: int, right: int, first: int) -> Any:
    if len(encoded) == 1:
        text = tail[left:right]
    else:
        text = b"".join([encoded[0][left:], *encoded[1:-1], tail[:right]])
    if left < 1:
        return None
    padded = b" " * (left - 1) + b"(" + text + b"\n)"
    try:
        tree = parsed(_PREFIX + padded.decode() if left > 1 else padded.decode())
    except (SyntaxError, UnicodeDecodeError):
        return None
    offset = 1 if left > 1 else 0
    statement = tree.body[0].body[0] if offset else tree.body[0]  # type: ignore[attr-defined]  # an if statement has a body
    if not isinstance(statement, ast.Expr):
        return None
    ast.increment_lineno(statement, first - 1 - offset)
    return statement.value


def _parameters(code: CodeType) -> ast.arguments:
    """Parameters of the names and kinds of a code object, without defaults (they stay in the function)."""
    names = list(code.co_varnames)
    positional, only, keyword = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount
    at = positional + keyword
    star = double = None
    if code.co_flags & inspect.CO_VARARGS:
        star = ast.arg(arg=names[at])
        at += 1
    if code.co_flags & inspect.CO_VARKEYWORDS:
        double = ast.arg(arg=names[at])
    return ast.arguments(
        posonlyargs=[ast.arg(arg=n) for n in names[:only]],
        args=[ast.arg(arg=n) for n in names[only:positional]],
        vararg=star,
        kwonlyargs=[ast.arg(arg=n) for n in names[positional : positional + keyword]],
        kw_defaults=[None] * keyword,
        kwarg=double,
        defaults=[],
    )
