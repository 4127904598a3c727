"""Nodes of syntax trees that call hooks."""

from __future__ import annotations

import ast
from typing import Any

MARK = "\0gradwise:"


def hook(name: str) -> ast.expr:
    """A constant that ``compiling.py`` replaces: behind a condition that the compiler decides, since it warns of calling text."""
    return ast.IfExp(test=ast.Constant(True), body=ast.Constant(MARK + name), orelse=ast.Constant(None))


def call(name: str, *arguments: ast.expr) -> ast.Call:
    """The call of a hook."""
    return ast.Call(func=hook(name), args=list(arguments), keywords=[])


def at(new: Any, old: Any) -> Any:
    """The new node, and what is new inside it, at the position of the old one."""
    ast.copy_location(new, old)
    stack = [new]
    while stack:
        node = stack.pop()
        for child in ast.iter_child_nodes(node):
            if "lineno" in child._attributes and not hasattr(child, "lineno"):
                ast.copy_location(child, old)
                stack.append(child)
            elif "lineno" not in child._attributes:
                stack.append(child)
    return new
