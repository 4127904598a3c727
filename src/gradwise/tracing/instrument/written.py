"""Names into whose value a function writes: local ones, whose fresh arrays become buffers, and those that it shares with others."""

from __future__ import annotations

import ast
from types import CodeType


class _Written(ast.NodeVisitor):
    def __init__(self) -> None:
        self.names: set[str] = set()
        self.entries: set[str] = set()
        self.declared: set[str] = set()
        self.depth = 0

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name):
            self.names.add(node.value.id)
            if not self.depth:
                self.entries.add(node.value.id)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.names.add(node.target.id)
        self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg == "out" and isinstance(node.value, ast.Name):
            self.names.add(node.value.id)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        """What a statement passes to a call whose result is dropped may be filled there."""
        if isinstance(node.value, ast.Call):
            call = node.value
            for argument in (*call.args, *(k.value for k in call.keywords)):
                if isinstance(argument, ast.Name):
                    self.names.add(argument.id)
            if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
                self.names.add(call.func.value.id)
        self.generic_visit(node)

    def _inside(self, node: ast.AST) -> None:
        """A function or a class defined inside has names of its own."""
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = _inside  # noqa: N815  # the names are those of ast

    def visit_Global(self, node: ast.Global) -> None:
        if not self.depth:
            self.declared.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        if not self.depth:
            self.declared.update(node.names)


def written_names(node: ast.FunctionDef, code: CodeType) -> tuple[set[str], dict[str, bool], set[str]]:
    """Local names into whose value a function writes; names of others to whose entries it assigns, and whether they are globals; those of them that it declares itself."""
    found = _Written()
    found.visit(ast.Module(body=node.body, type_ignores=[]))
    own = set(code.co_varnames) | set(code.co_cellvars)
    # private names are written otherwise in the code than in the text
    shared = {n: n not in code.co_freevars for n in sorted(found.entries - own) if not n.startswith("__")}
    return found.names, shared, found.declared
