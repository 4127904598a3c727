"""The text of a copy of a user function whose tolerances can be made smaller.

    f(a)          →  called(f)(a)                 a solver with smaller tolerances, the copy of a user function, or f
    a < tol       →  stopping_lt(a, value(tol), …)    a test against something that does not change
    tol / error   →  value(tol) / error           the same name elsewhere in the function

A side of a comparison is taken for a tolerance if it is made of a constant or of a name that the function never computes, and the
other side is not.  Whether it is small enough for one is seen when it runs.
"""

from __future__ import annotations

import ast
from types import CodeType
from typing import Any

from gradwise.tracing.instrument.rewriting import hook

COMPARED = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}
CALLED = "tightening_called"
VALUE = "tightening_value"
STOPPING = "tightening_stopping_"


def rewritten(node: Any, owner: str | None, code: CodeType) -> Any:
    """The node of a function with hooks at its calls and at the tests that end its loops."""
    writer = _Rewriter(node)
    if isinstance(node, ast.FunctionDef):
        node.body = [writer.visit(statement) for statement in node.body]
    else:
        node.body = writer.visit(node.body)
    return ast.fix_missing_locations(node)


class _Rewriter(ast.NodeTransformer):
    def __init__(self, node: Any) -> None:
        self.computed = _computed(node)
        self.names: set[str] = set()
        for inner in ast.walk(node):
            if isinstance(inner, ast.Compare):
                for side in self._tolerance_of(inner)[1:]:
                    self.names |= {n.id for n in ast.walk(side) if isinstance(n, ast.Name)} - self.computed

    def _tolerance_of(self, node: ast.Compare) -> tuple[Any, ...]:
        """The side of a comparison that is a tolerance, "left" or "right", and the expression; empty if none is."""
        if len(node.ops) != 1 or type(node.ops[0]) not in COMPARED:
            return ()
        left, right = self._is_tolerance(node.left), self._is_tolerance(node.comparators[0])
        if left == right:
            return ()
        return ("left", node.left) if left else ("right", node.comparators[0])

    def visit_Name(self, node: ast.Name) -> Any:
        if not isinstance(node.ctx, ast.Load) or node.id not in self.names:
            return node
        return ast.copy_location(ast.Call(func=hook(VALUE), args=[node], keywords=[]), node)

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        new = ast.Call(func=hook(CALLED), args=[node.func], keywords=[])
        node.func = ast.copy_location(new, node.func)
        return node

    def visit_Compare(self, node: ast.Compare) -> Any:
        found = self._tolerance_of(node)
        named = bool(found) and any(isinstance(n, ast.Name) and n.id in self.names for n in ast.walk(found[1]))
        self.generic_visit(node)
        if not found:
            return node
        about = ast.Tuple([ast.Constant(found[0]), ast.Constant(named), ast.Constant(node.lineno)], ast.Load())
        test = hook(STOPPING + COMPARED[type(node.ops[0])])
        return ast.copy_location(ast.Call(func=test, args=[node.left, node.comparators[0], about], keywords=[]), node)

    def _is_tolerance(self, node: Any) -> bool:
        """Whether an expression is a constant, a name that is never computed, or one of these times or plus something."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, float)
        if isinstance(node, ast.Name):
            return node.id not in self.computed
        if isinstance(node, ast.Attribute):
            return self._is_tolerance(node.value)
        if isinstance(node, ast.Subscript):
            return isinstance(node.slice, ast.Constant) and self._is_tolerance(node.value)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Add | ast.Div):
            return self._is_tolerance(node.left) or (
                not isinstance(node.op, ast.Div) and self._is_tolerance(node.right)
            )
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            return self._is_tolerance(node.left)
        return False

    def visit_FunctionDef(self, node: Any) -> Any:
        """Functions inside keep their own code, and become copies when they are called."""
        return node

    visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = visit_FunctionDef  # noqa: N815  # the names are those of ast


def _computed(node: Any) -> set[str]:
    """Names that a function assigns from something other than constants."""
    if isinstance(node, ast.Lambda):
        return set()
    found: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.NamedExpr):
            targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
            if isinstance(inner, ast.Assign) and isinstance(inner.value, ast.Constant) and _once(node, targets[0]):
                continue
            for target in targets:
                found |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
        elif isinstance(inner, ast.For | ast.comprehension):
            found |= {n.id for n in ast.walk(inner.target) if isinstance(n, ast.Name)}
    return found


def _once(node: Any, target: Any) -> bool:
    """Whether a name is stored at one place only."""
    stores = [n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return isinstance(target, ast.Name) and sum(n.id == target.id for n in stores) == 1
