"""Copies of functions in which every array that nothing else refers to is a buffer of the trace.

    [B * 1.0, B * 2.0]       →  [fresh(B * 1.0), fresh(B * 2.0)]        whose entries a loop changes by traced values
    np.split(np.arange(6.0)) →  fresh(np.split(fresh(np.arange(6.0))))
    return B * 2             →  return fresh(B * 2)                     where the caller changes what it is given

An ordinary copy makes a buffer where a name is bound into which the function writes: it does not follow an array through a list, a loop's variable, an attribute or a result to the place where it is changed.  These copies are made
of functions of which a run failed for a write to such an array (``operators/shared_arrays.py``).  Operands of operators are left out: nobody can write to them.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.nodes import at, call
from gradwise.tracing.instrument.rewriting import Rewriter, prepared

if TYPE_CHECKING:
    from types import CodeType

_MAKING = (ast.Call, ast.BinOp, ast.UnaryOp)


class WithBuffers(Rewriter):
    """The visitor that wraps what makes an array."""

    def __init__(self, owner: str | None, modules: frozenset[str], code: CodeType) -> None:
        super().__init__(owner, modules, code)
        self._operands: set[int] = set()

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.BinOp):
            self._operands |= {id(node.left), id(node.right)}
        elif isinstance(node, ast.UnaryOp):
            self._operands.add(id(node.operand))
        makes = isinstance(node, _MAKING) or (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load))
        wraps = makes and id(node) not in self._operands
        new = super().visit(node)
        return at(call("fresh", new), node) if wraps and isinstance(new, ast.expr) else new

    def test(self, node: Any) -> Any:
        self._operands.add(id(node))
        return super().test(node)


def with_buffers(node: Any, owner: str | None, code: CodeType) -> Any:
    """The node with hooks, and buffers in the place of the arrays that it makes."""
    return prepared(WithBuffers(owner, frozenset(), code), node, code)
