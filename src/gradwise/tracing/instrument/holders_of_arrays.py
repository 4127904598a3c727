"""The hooks of expressions into whose value a function writes, where the array belongs to an object, a container or a module.

    self.K[1, :] = v                 →  writing(held_attribute(self, "K"))[1, :] = v
    r = self.K[1]; r[:] = v          →  r = reading(held_attribute(self, "K"))[1]; …       a name that is filled later
    np.copyto(d["u"], v), out=d["u"] →  … held_item(d, "u") …
    for r in self.rows: r[:] = v     →  for r in iterate(held_items(held_attribute(self, "rows"))): …
    u = self.get("u"); u[:] = v      →  u = kept_by(method(self, "get")("u"), self); …
    def f(self, out): out[:] = v     →  def f(self, out): out = received(out, self); …
    work[i] = v                      →  if alone(work): work = owned(work) before it, for a global or a name of the function around

What the hooks do is in ``holding.py``.
"""

from __future__ import annotations

import ast
from typing import Any

from gradwise.tracing.instrument.nodes import at, call
from gradwise.tracing.instrument.written import ASSIGNED, VIEWS, is_view_call, root_name, written_by

_PARTS = (ast.Attribute, ast.Subscript)
#: functions that hand on what they go over
_HANDING_ON = frozenset({"enumerate", "zip", "reversed"})
#: methods of dictionaries that go over their values, in the order of the names that they are given to
_OVER_VALUES = frozenset({"items", "values"})


def _written_through(target: ast.AST) -> list[Any]:
    """Into what the target of an assignment writes: into a by ``a[i]`` and ``a.flat``."""
    return [
        item.value
        for item in ast.walk(target)
        if isinstance(item, ast.Subscript) or (isinstance(item, ast.Attribute) and item.attr in ASSIGNED)
    ]


class HoldersOfArrays(ast.NodeTransformer):
    """What ``rewriting.py`` asks of expressions and statements that write."""

    modules: frozenset[str]
    filled: set[str]
    shared: dict[str, bool]
    procedures: set[int]

    def mangled(self, name: str) -> str:
        raise AssertionError

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """A block of statements, each after what makes buffers of the shared arrays into which it writes."""
        result: list[ast.stmt] = []
        for statement in statements:
            result += self._promotions(statement)
            new = self.visit(statement)
            if isinstance(new, list):
                result.extend(new)
            elif new is not None:
                result.append(new)
        return result

    def received(self, node: ast.FunctionDef) -> list[ast.stmt]:
        """``out = received(out, self)`` for parameters into which the function writes."""
        arguments = node.args
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        new: list[ast.stmt] = []
        for name in [n for n in names if n in self.filled]:
            owner = ast.Constant(None) if name == names[0] else ast.Name(names[0], ast.Load())
            value = call("received", ast.Name(name, ast.Load()), owner)
            new.append(at(ast.Assign([ast.Name(name, ast.Store())], value), node))
        return new

    def _promotions(self, statement: ast.stmt) -> list[ast.stmt]:
        """``if alone(work): work = owned(work)``."""
        new: list[ast.stmt] = []
        for name in self._shared_names(statement) if self.shared else ():
            value = [ast.Name(name, ast.Load()), ast.Name(name, ast.Load())]
            put: list[ast.stmt] = [ast.Assign([ast.Name(name, ast.Store())], call("owned", value[0]))]
            if self.shared[name]:  # noted first, with what it holds
                put.insert(0, ast.Expr(call("assigns", ast.Tuple([ast.Constant(name)], ast.Load()))))
            new.append(at(ast.If(call("alone", value[1]), put, []), statement))
        return new

    def _shared_names(self, statement: ast.stmt) -> list[str]:
        """The names of others into whose arrays a statement writes, or begins to."""
        found: list[Any] = []
        if isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            found += [written for t in targets for written in _written_through(t)]
            if any(isinstance(t, ast.Name) and t.id in self.filled for t in targets):
                found.append(statement.value)
            if isinstance(statement.value, ast.Tuple):
                found += statement.value.elts
        elif isinstance(statement, ast.For) and isinstance(statement.target, ast.Name):
            found += [statement.iter] if statement.target.id in self.filled else []
        if not hasattr(statement, "body"):
            for node in ast.walk(statement):
                if isinstance(node, ast.Call):
                    found += written_by(node)
        names = [root_name(node) for node in found if node is not None]
        return [n for n in dict.fromkeys(names) if n in self.shared]

    # --- expressions --------------------------------------------------------------------------------------------------------

    def held(self, node: Any) -> Any:
        """An expression into whose value is written."""
        if isinstance(node, ast.Attribute):
            hook = "load" if node.attr in VIEWS else "held_attribute"
            return at(call(hook, self.held(node.value), ast.Constant(self.mangled(node.attr))), node)
        if isinstance(node, ast.Subscript):
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            if any(isinstance(p, (ast.Slice, ast.Starred)) for p in parts):
                whole = at(call("reading", self.held(node.value)), node.value)
                return ast.copy_location(ast.Subscript(whole, self.visit(node.slice), ast.Load()), node)
            return at(call("held_item", self.held(node.value), self.visit(node.slice)), node)
        if isinstance(node, ast.Call):
            return self._held_call(node)
        return self.visit(node)

    def _held_call(self, node: ast.Call) -> Any:
        function = node.func
        if isinstance(function, ast.Attribute):
            if isinstance(function.value, ast.Name) and function.value.id in self.modules:
                return self.visit(node)
            if is_view_call(node):
                new = call("method", self.held(function.value), ast.Constant(self.mangled(function.attr)))
                return at(ast.Call(at(new, function), *self.arguments(node)), node)
            if isinstance(function.value, ast.Name):  # which may be asked twice
                owner = ast.copy_location(ast.Name(function.value.id, ast.Load()), function.value)
                return at(call("kept_by", self.visit(node), owner), node)
            new = call("held_method", self.visit(function.value), ast.Constant(self.mangled(function.attr)))
            return at(ast.Call(at(new, function), *self.arguments(node)), node)
        if isinstance(function, ast.Name) and function.id == "getattr" and len(node.args) == 2 and not node.keywords:
            return at(call("held_by_name", self.visit(function), *[self.visit(a) for a in node.args]), node)
        return self.visit(node)

    def arguments(self, node: ast.Call) -> tuple[list[Any], list[Any]]:
        """The arguments of a call: what it writes into, and all that a call is given whose result nobody takes."""
        written = {id(a) for a in written_by(node)}
        if id(node) in self.procedures:
            written |= {id(a) for a in node.args} | {id(k.value) for k in node.keywords}

        def argument(value: Any) -> Any:
            if isinstance(value, _PARTS) and id(value) in written:
                return self.held(value)
            if isinstance(value, ast.Tuple) and any(id(v) in written for v in value.elts):
                return ast.copy_location(ast.Tuple([argument(v) for v in value.elts], ast.Load()), value)
            return self.visit(value)

        return [argument(a) for a in node.args], [ast.keyword(k.arg, argument(k.value)) for k in node.keywords]

    def given(self, target: Any, value: Any) -> Any:
        """What is assigned: where a name that is filled later takes it, it is written into."""
        if isinstance(target, (ast.Tuple, ast.List)):
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
                parts = [self.given(t, v) for t, v in zip(target.elts, value.elts, strict=True)]
                return ast.copy_location(type(value)(parts, ast.Load()), value)
            if any(isinstance(t, ast.Name) and t.id in self.filled for t in target.elts):
                return self.items(value)
        elif isinstance(target, ast.Name) and target.id in self.filled:
            return self.held(value)
        return self.visit(value)

    def items(self, value: Any) -> Any:
        """What is gone over, or unpacked, and into whose entries is written."""
        new = self.held(value)
        return at(call("held_items", new), value) if isinstance(value, _PARTS) else new

    def gone_over(self, target: Any, value: Any) -> Any:
        """What a loop goes over."""
        filled = {t.id for t in ast.walk(target) if isinstance(t, ast.Name)} & self.filled
        if not filled:
            return self.visit(value)
        function = value.func if isinstance(value, ast.Call) else None
        if isinstance(function, ast.Name) and function.id in _HANDING_ON and not value.keywords:
            taken: list[Any] = [target] * len(value.args)
            if isinstance(target, ast.Tuple):
                taken = target.elts[1:] if function.id == "enumerate" else target.elts
            arguments = [self.gone_over(t, a) for t, a in zip(taken, value.args, strict=False)]
            arguments += [self.visit(a) for a in value.args[len(arguments) :]]
            return at(ast.Call(at(call("resolve", self.visit(function)), function), arguments, []), value)
        if isinstance(function, ast.Attribute) and function.attr in _OVER_VALUES and not value.args:
            new = call("method", self.items(function.value), ast.Constant(self.mangled(function.attr)))
            return at(ast.Call(at(new, function), [], []), value)
        return self.items(value)
