"""The instrumented text of a function: its syntax tree with hooks where NumPy's protocols do not reach.

    f(a)                     →  resolve(f)(a)
    obj.m(a)                 →  method(obj, "m")(a)
    obj.name                 →  load(obj, "name")
    obj.name = v             →  place(obj)["name"] = v          also in unpacking, for, with, del
    a[i], a[i] = v           →  reading(a)[i], writing(a)[i] = v
    obj.a[i] = v             →  writing(held_attribute(obj, "a"))[i] = v        and other ways to write there, see ``holders_of_arrays.py``
    a + b, −a, a += b        →  add(a, b), neg(a), a = iadd(a, b)
    a[g()] += b              →  begun(a)[g()] += b
    for v in xs              →  for v in iterate(xs)            also in comprehensions
    with c                   →  with managed(c)
    except E: …              →  except E: caught(); …
    match s                  →  match bare(s)
    a < b, v in c            →  lt(a, b), contains(v, c)
    if a, while not a, …     →  if true(a), while not true(a)
    f(*xs), a, b = xs        →  f(*iterate(xs)), a, b = iterate(xs)
    global n                 →  global n; assigns(("n",))
    import m                 →  import m; imported()
    a = g(…), filled later   →  a = fresh(g(…))

A hook stands as a marked constant, which ``compiling.py`` replaces in the code object.  Nested functions and lambdas are left as they are, the bodies of classes are parts of the function.  Private names are mangled here where
an attribute becomes text.
"""

from __future__ import annotations

import ast
import copy
from types import CodeType, ModuleType
from typing import Any

from gradwise.tracing.instrument.holders_of_arrays import HoldersOfArrays
from gradwise.tracing.instrument.nodes import at as _at
from gradwise.tracing.instrument.nodes import call as _call
from gradwise.tracing.instrument.nodes import hook
from gradwise.tracing.instrument.written import ASSIGNED, WRITERS, written_names

BINARY = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
}
COMPARED = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}
UNARY = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert"}

#: results of these expressions may be arrays that nothing else refers to
_FRESH = (ast.Call, ast.BinOp, ast.UnaryOp, ast.Subscript, ast.Attribute, ast.IfExp, ast.BoolOp, ast.NamedExpr)
_SIMPLE = (ast.Name, ast.Constant)


def rewritten(node: Any, owner: str | None, code: CodeType, modules: frozenset[str] = frozenset()) -> Any:
    """The node with hooks: ``owner`` is the class that mangles private names, ``modules`` are globals known to be modules."""
    return prepared(Rewriter(owner, modules, code), node, code)


def prepared(writer: Rewriter, node: Any, code: CodeType) -> Any:
    """The node as a writer writes it."""
    if isinstance(node, ast.FunctionDef):
        writer.filled, writer.shared, declared = written_names(node, code)
        node.body = writer.declarations(node, declared) + writer.received(node) + writer.block(node.body)
    elif isinstance(node, ast.Lambda):
        node.body = writer.visit(node.body)
    else:  # an expression or a module, for eval and exec
        node = writer.visit(node)
    return ast.fix_missing_locations(node)


def module_names(module_globals: dict[str, Any]) -> frozenset[str]:
    """Globals that are modules."""
    return frozenset(name for name, value in list(module_globals.items()) if type(value) is ModuleType)


class Rewriter(HoldersOfArrays):
    """The visitor: ``owner`` is the class that mangles private names."""

    def __init__(self, owner: str | None, modules: frozenset[str], code: CodeType) -> None:
        self.owner = owner
        self.modules = modules - set(code.co_varnames) - set(code.co_freevars) - set(code.co_cellvars)
        self.filled: set[str] = set()
        self.shared: dict[str, bool] = {}
        self.procedures: set[int] = set()

    def declarations(self, node: ast.FunctionDef, declared: set[str]) -> list[ast.stmt]:
        """Names of others into whose arrays the function writes: they are assigned a buffer before."""
        new: list[ast.stmt] = []
        for name, is_global in self.shared.items():
            if name not in declared:
                new.append(_at(ast.Global([name]) if is_global else ast.Nonlocal([name]), node))
        return new

    def mangled(self, name: str) -> str:
        if self.owner is None or not name.startswith("__") or name.endswith("__") or "." in name:
            return name
        stripped = self.owner.lstrip("_")
        return f"_{stripped}{name}" if stripped else name

    # --- calls and attributes -----------------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> Any:
        function = node.func
        new: ast.expr
        if isinstance(function, ast.Attribute):
            owner = self.held(function.value) if function.attr in WRITERS else self.visit(function.value)
            new = _call("method", owner, ast.Constant(self.mangled(function.attr)))
        else:
            new = _call("resolve", self.visit(function))
        return _at(ast.Call(_at(new, function), *self.arguments(node)), node)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        value = node.value
        if isinstance(node.ctx, ast.Load):
            if isinstance(value, ast.Name) and value.id in self.modules:
                return node
            return _at(_call("load", self.visit(value), ast.Constant(self.mangled(node.attr))), node)
        place = _call("place", self.held(value) if node.attr in ASSIGNED else self.visit(value))
        return _at(ast.Subscript(place, ast.Constant(self.mangled(node.attr)), node.ctx), node)

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        if isinstance(node.ctx, ast.Load):
            value = _at(_call("reading", self.visit(node.value)), node.value)
        else:
            value = _at(_call("writing", self.held(node.value)), node.value)
        return ast.copy_location(ast.Subscript(value, self.visit(node.slice), node.ctx), node)

    # --- operators ----------------------------------------------------------------------------------------------------------

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        if isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant):
            return node
        return _at(_call(BINARY[type(node.op)], self.visit(node.left), self.visit(node.right)), node)

    def visit_Compare(self, node: ast.Compare) -> Any:
        if not all(isinstance(middle, _SIMPLE) for middle in node.comparators[:-1]):
            return self.generic_visit(node)  # a chain whose middle may be evaluated only once
        lefts = [node.left, *node.comparators]
        parts = [self._compared(a, op, b, node) for a, op, b in zip(lefts, node.ops, node.comparators, strict=False)]
        return parts[0] if len(parts) == 1 else _at(ast.BoolOp(ast.And(), parts), node)

    def _compared(self, a: Any, op: Any, b: Any, node: Any) -> Any:
        a, b = self.visit(copy.deepcopy(a)), self.visit(copy.deepcopy(b))
        constants = isinstance(a, ast.Constant) or isinstance(b, ast.Constant)
        if type(op) in COMPARED:
            return _at(_call(COMPARED[type(op)], a, b), node)
        if isinstance(op, ast.In) and not isinstance(b, (ast.Tuple, ast.List, ast.Set, ast.Constant)):
            return _at(_call("contains", a, b), node)
        if isinstance(op, ast.NotIn) and not constants:
            return _at(ast.UnaryOp(ast.Not(), _call("contains", a, b)), node)
        if isinstance(op, (ast.Is, ast.IsNot)) and not constants:
            same = _call("same", a, b)
            return _at(same if isinstance(op, ast.Is) else ast.UnaryOp(ast.Not(), same), node)
        return _at(ast.Compare(a, [op], [b]), node)

    def test(self, node: Any) -> Any:
        """An expression of which only the truth counts."""
        if isinstance(node, ast.BoolOp):
            return ast.copy_location(ast.BoolOp(node.op, [self.test(v) for v in node.values]), node)
        new = self.visit(node)
        if isinstance(node, (ast.Compare, ast.Constant)) or (
            isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        ):
            return new
        return _at(_call("true", new), node)

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        node.test, node.body, node.orelse = self.test(node.test), self.visit(node.body), self.visit(node.orelse)
        return node

    def visit_If(self, node: ast.If) -> Any:
        node.test, node.body, node.orelse = self.test(node.test), self.block(node.body), self.block(node.orelse)
        return node

    def visit_While(self, node: ast.While) -> Any:
        node.test, node.body, node.orelse = self.test(node.test), self.block(node.body), self.block(node.orelse)
        return node

    def visit_Assert(self, node: ast.Assert) -> Any:
        node.test = self.test(node.test)
        if node.msg is not None:
            node.msg = self.visit(node.msg)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        self.generic_visit(node)
        return _at(_call("joined", node), node) if any(isinstance(v, ast.FormattedValue) for v in node.values) else node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Any:
        node.value = self.visit(node.value)
        if isinstance(node.format_spec, ast.JoinedStr):  # a part of the text, and no expression of its own
            self.generic_visit(node.format_spec)
        return node

    def visit_Starred(self, node: ast.Starred) -> Any:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            node.value = _at(_call("iterate", node.value), node.value)
        return node

    def visit_YieldFrom(self, node: ast.YieldFrom) -> Any:
        self.generic_visit(node)
        node.value = _at(_call("delegate", node.value), node.value)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            return ast.copy_location(ast.UnaryOp(node.op, self.test(node.operand)), node)
        if isinstance(node.operand, ast.Constant):
            return self.generic_visit(node)
        return _at(_call(UNARY[type(node.op)], self.visit(node.operand)), node)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        operator = "i" + BINARY[type(node.op)]
        target = node.target
        if isinstance(target, ast.Name):
            value = _call(operator, ast.Name(target.id, ast.Load()), self.visit(node.value))
            return _at(ast.Assign([target], value), node)
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            name = ast.Constant(self.mangled(target.attr))
            old = _call("augmented", ast.Name(target.value.id, ast.Load()), name)
            place = ast.Subscript(_call("place", ast.Name(target.value.id, ast.Load())), name, ast.Store())
            return _at(ast.Assign([place], _call(operator, old, self.visit(node.value))), node)
        if (
            isinstance(target, ast.Subscript)
            and isinstance(target.value, _SIMPLE)
            and isinstance(target.slice, _SIMPLE)
        ):
            entry = ast.Subscript(_call("reading", target.value), target.slice, ast.Load())
            place = ast.Subscript(_call("writing", target.value), target.slice, ast.Store())
            return _at(ast.Assign([place], _call(operator, entry, self.visit(node.value))), node)
        if isinstance(target, ast.Subscript):
            target.value = _at(_call("begun", self.held(target.value)), target)
            target.slice = self.visit(target.slice)
        else:
            target.value = _at(_call("begun_attribute", self.visit(target.value)), target)
            target.attr = self.mangled(target.attr)
        node.value = self.visit(node.value)
        return node

    # --- statements ---------------------------------------------------------------------------------------------------------

    def visit_Assign(self, node: ast.Assign) -> Any:
        filled = [t for t in node.targets if self.is_filled(t)]
        wraps = isinstance(node.value, _FRESH) and filled
        unpacks = any(isinstance(t, (ast.Tuple, ast.List)) for t in node.targets) and len(node.targets) == 1
        value = self.given(node.targets[0], node.value) if len(node.targets) == 1 or filled else self.visit(node.value)
        unpacks = unpacks and not isinstance(node.value, (ast.Tuple, ast.List))
        node.targets = [self.visit(t) for t in node.targets]
        node.value = value
        if wraps:
            node.value = _at(_call("fresh", node.value), node.value)
        elif unpacks:
            if any(map(self.is_filled, getattr(node.targets[0], "elts", ()))):
                node.value = _at(_call("fresh_each", node.value), node.value)
            node.value = _at(_call("iterate", node.value), node.value)
        elif isinstance(node.value, ast.Tuple) and isinstance(node.targets[0], ast.Tuple):
            self.freshen(node.targets[0].elts, node.value.elts)
        return node

    def is_filled(self, target: Any) -> bool:
        """Whether what is assigned to is a name into whose value the function writes."""
        return isinstance(target, ast.Name) and target.id in self.filled

    def freshen(self, targets: list[Any], values: list[Any]) -> None:
        """``a, b = g(…), h(…)``."""
        if len(targets) == len(values) and not any(isinstance(e, ast.Starred) for e in (*targets, *values)):
            values[:] = [
                _at(_call("fresh", v), v) if self.is_filled(t) and not isinstance(v, (ast.Name, ast.Constant)) else v
                for t, v in zip(targets, values, strict=True)
            ]

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Any:
        node.value = self.visit(node.value)
        if self.is_filled(node.target):
            node.value = _at(_call("fresh", node.value), node.value)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is None:
            return ast.copy_location(ast.Pass(), node) if not isinstance(node.target, ast.Name) else node
        if isinstance(node.target, ast.Name):
            node.value = self.visit(node.value)
            if node.target.id in self.filled:
                node.value = _at(_call("fresh", node.value), node.value)
            return node
        return self.visit_Assign(ast.copy_location(ast.Assign([node.target], node.value), node))

    def visit_For(self, node: ast.For) -> Any:
        node.iter = self.gone_over(node.target, node.iter)
        node.iter = _at(_call("iterate", node.iter), node.iter)
        node.target = self.visit(node.target)
        node.body, node.orelse = self.block(node.body), self.block(node.orelse)
        return node

    def visit_Try(self, node: Any) -> Any:
        node.body, node.orelse, node.finalbody = map(self.block, (node.body, node.orelse, node.finalbody))
        node.handlers = [self.visit(h) for h in node.handlers]
        return node

    visit_TryStar = visit_Try  # noqa: N815  # the name is that of ast

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> Any:
        node.type = None if node.type is None else self.visit(node.type)
        node.body = [_at(ast.Expr(_call("caught")), node), *self.block(node.body)]
        return node

    def visit_With(self, node: ast.With) -> Any:
        node.items, node.body = [self.visit(i) for i in node.items], self.block(node.body)
        return node

    def visit_Expr(self, node: ast.Expr) -> Any:
        if isinstance(node.value, ast.Call):
            self.procedures.add(id(node.value))
        return self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        node.target, node.iter = self.visit(node.target), self.visit(node.iter)
        node.ifs = [self.test(i) for i in node.ifs]
        node.iter = _at(_call("iterate", node.iter), node.iter)
        return node

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> Any:
        self.generic_visit(node)
        return _at(_call("own", node), node)

    def visit_withitem(self, node: ast.withitem) -> Any:
        self.generic_visit(node)
        node.context_expr = _at(_call("managed", node.context_expr), node.context_expr)
        return node

    def visit_Match(self, node: ast.Match) -> Any:
        node.subject = _at(_call("bare", self.visit(node.subject)), node.subject)
        for case in node.cases:
            if case.guard is not None:
                case.guard = self.test(case.guard)
            case.body = self.block(case.body)
        return node

    def visit_Global(self, node: ast.Global) -> Any:
        names = ast.Tuple([ast.Constant(self.mangled(n)) for n in node.names], ast.Load())
        return [node, _at(ast.Expr(_call("assigns", names)), node)]

    def visit_Import(self, node: Any) -> Any:
        return [node, _at(ast.Expr(_call("imported")), node)]

    visit_ImportFrom = visit_Import  # noqa: N815  # the name is that of ast

    # --- what keeps its own code ---------------------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        self._defaults(node.args)
        return node

    def visit_AsyncFunctionDef(self, node: Any) -> Any:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        self._defaults(node.args)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """The body of a class runs where it stands, as a part of the function; what Python itself calls when it is made (``__init_subclass__``) runs as it is."""
        node.decorator_list = [self.visit(d) for d in node.decorator_list]
        node.bases = [self.visit(b) for b in node.bases]
        node.keywords = [ast.keyword(k.arg, self.visit(k.value)) for k in node.keywords]
        owner, filled = self.owner, self.filled
        self.owner, self.filled = node.name, set()
        node.body = self.block(node.body)
        self.owner, self.filled = owner, filled
        # the first decorator sees the class that was made, before the others
        node.decorator_list.append(_at(hook("defined"), node))
        return [_at(ast.Expr(_call("defining")), node), node]

    def _defaults(self, arguments: ast.arguments) -> None:
        arguments.defaults = [self.visit(d) for d in arguments.defaults]
        arguments.kw_defaults = [None if d is None else self.visit(d) for d in arguments.kw_defaults]
