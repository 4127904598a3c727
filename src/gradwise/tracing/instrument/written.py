"""Names into whose value a function writes: local ones, whose fresh arrays become buffers, and those that it shares with others."""

from __future__ import annotations

import ast
from types import CodeType
from typing import Any

#: attributes and methods of arrays whose results share their memory
VIEWS = frozenset({"T", "mT", "flat", "real", "imag"})
#: those that write into their array where they are assigned
ASSIGNED = frozenset({"flat", "real", "imag"})
VIEW_METHODS = frozenset({"ravel", "reshape", "view", "transpose", "swapaxes", "squeeze", "diagonal"})
#: methods that write into their array, and functions of NumPy that write into an argument
WRITERS = frozenset(
    {"fill", "sort", "put", "partition", "itemset", "setfield", "__setitem__", "__iadd__", "__isub__", "__imul__"}
)
WRITING = frozenset({"copyto", "at", "put", "place", "putmask", "put_along_axis", "fill_diagonal", "shuffle"})


def is_view_call(node: Any) -> bool:
    """Whether an expression is the call of a method by which an array gives a view."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in VIEW_METHODS


def root_name(node: Any) -> str | None:
    """The name of which an expression is the value or a part: of ``W``, ``W[0]``, ``W.T[1:]`` it is W."""
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Subscript) or (isinstance(node, ast.Attribute) and node.attr in VIEWS):
            node = node.value
        elif is_view_call(node):
            node = node.func.value
        else:
            return None
    return node.id


def outputs_of(call: ast.Call) -> list[Any]:
    """What a call is given to write into by ``out=``."""
    found: list[Any] = []
    for keyword in call.keywords:
        if keyword.arg == "out":
            found += keyword.value.elts if isinstance(keyword.value, ast.Tuple) else [keyword.value]
    return found


def written_by(call: ast.Call) -> list[Any]:
    """What a call by itself writes into, by the name of what is called: ``out=``, ``np.copyto(a, …)``, ``a.fill(0)``."""
    found = outputs_of(call)
    if isinstance(call.func, ast.Attribute):
        if call.func.attr in WRITING and call.args:
            found.append(call.args[0])
        if call.func.attr in WRITERS:
            found.append(call.func.value)
    return found


def _gone_over(target: Any, iterable: Any) -> list[tuple[Any, Any]]:
    """The names of a loop, and of what each is an entry: ``for row in A``, ``for i, row in enumerate(A)``, ``for a, b in zip(A, B)``."""
    called = iterable.func.id if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name) else ""
    if called == "reversed" and len(iterable.args) == 1:
        return _gone_over(target, iterable.args[0])
    if isinstance(target, ast.Tuple) and called == "zip":
        return [pair for t, a in zip(target.elts, iterable.args, strict=False) for pair in _gone_over(t, a)]
    if isinstance(target, ast.Tuple) and called == "enumerate" and len(target.elts) == 2 and iterable.args:
        return _gone_over(target.elts[1], iterable.args[0])
    return [(target, iterable)]


class _Written(ast.NodeVisitor):
    def __init__(self) -> None:
        self.names: set[str] = set()
        self.entries: set[str] = set()
        self.declared: set[str] = set()
        #: names that are given (a part of) the value of another
        self.links: list[tuple[str, str, bool]] = []
        self.depth = 0

    def note(self, name: str | None, *, entries: bool = True) -> None:
        if name is not None:
            self.names.add(name)
            if entries and not self.depth:
                self.entries.add(name)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.note(root_name(node.value))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """``W.flat = v`` writes into W."""
        if node.attr in ASSIGNED and not isinstance(node.ctx, ast.Load):
            self.note(root_name(node.value))
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=False))
            for name, value in pairs:
                root = root_name(value)
                if isinstance(name, ast.Name) and root is not None:
                    self.links.append((name.id, root, not self.depth))
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        for name, iterable in _gone_over(node.target, node.iter):
            root = root_name(iterable)
            if isinstance(name, ast.Name) and root is not None:
                self.links.append((name.id, root, not self.depth))
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.names.add(node.target.id)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        for written in written_by(node):
            self.note(root_name(written))
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        """What a statement passes to a call whose result is dropped may be filled there."""
        if isinstance(node.value, ast.Call):
            call = node.value
            for argument in (*call.args, *(k.value for k in call.keywords)):
                self.note(root_name(argument), entries=False)
            if isinstance(call.func, ast.Attribute):
                self.note(root_name(call.func.value), entries=False)
        self.generic_visit(node)

    def _inside(self, node: ast.AST) -> None:
        """A function, a class or a comprehension inside has names of its own."""
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = _inside  # noqa: N815  # the names are those of ast
    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _inside  # noqa: N815

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
    waiting = True
    while waiting:
        new = [(root, here) for name, root, here in found.links if name in found.names and root not in found.names]
        new += [(root, True) for name, root, here in found.links if here and name in found.names and root not in found.entries]  # fmt: skip
        waiting = bool(new)
        for root, here in new:
            found.names.add(root)
            if here:
                found.entries.add(root)
    own = set(code.co_varnames) | set(code.co_cellvars)
    # private names are written otherwise in the code than in the text
    shared = {n: n not in code.co_freevars for n in sorted(found.entries - own) if not n.startswith("__")}
    return found.names, shared, found.declared
