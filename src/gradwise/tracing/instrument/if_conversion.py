"""The instrumented text of a function whose branches are run both ways where that can be (``branches.py``).

    if c: y = a            →      for p in (m := branch(c, …, ("y",), locals())):
    else: y = b                       if m.sets("y"): y = m.value("y")
                                      if p is None: break
                                      try: the branch that p says; m.ended(locals())
                                      except Exception: m.caught()
    a if c else b          →      either(c, …, (a for _ in once), (b for _ in once))

A branch can be run where it was not taken if it only assigns local names, from expressions that change nothing.  What the text cannot show (whether ``s += v`` makes another object, what a function does) is asked when it runs.
Before, statements behind ``continue`` and ``return`` are put into the branches to which they belong, and ``and``, ``or`` and ``not`` become branches inside branches.

This is if-conversion (J. R. Allen, K. Kennedy, C. Porterfield, J. Warren, Conversion of control dependence to data dependence, POPL 1983), done on the run instead of the text: loops are recorded step by step.
"""

from __future__ import annotations

import ast
import copy
import itertools
from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.nodes import at as _at
from gradwise.tracing.instrument.nodes import call as _call
from gradwise.tracing.instrument.nodes import hook
from gradwise.tracing.instrument.rewriting import BINARY, Rewriter, prepared

if TYPE_CHECKING:
    from types import CodeType

#: names that no text of the user's can have
_MARK = "gradwise "
#: nodes that may be copied to put what stands behind a branch into it
_ROOM = 1500


def both_ways(node: Any, owner: str | None, code: CodeType, modules: frozenset[str] = frozenset()) -> Any:
    """The node with hooks, as by ``rewriting.rewritten``, whose branches run both ways."""
    writer = _Writer(owner, modules, code)
    if isinstance(node, ast.FunctionDef):
        writer.pure = is_pure(node.body)
        node.body = gathered(node.body, ast.Return)
    else:
        writer.pure = _is_pure_expression(node.body)
    made = prepared(writer, node, code)
    entry = _call("entering", ast.Constant(writer.pure))
    if isinstance(made, ast.FunctionDef):
        made.body.insert(0, _at(ast.Expr(entry), made.body[0]))
    else:
        made.body = _at(ast.IfExp(entry, made.body, ast.Constant(None)), made.body)
    return ast.fix_missing_locations(made)


# --- what can be run where it was not taken -------------------------------------------------------------------------------------------


def is_pure(statements: list[ast.stmt]) -> bool:
    """Whether statements only assign local names, from expressions that change nothing, as far as the text shows."""
    return all(map(_is_pure_statement, statements))


def _is_pure_statement(node: ast.stmt) -> bool:
    match node:
        case ast.Pass() | ast.Break() | ast.Continue() | ast.Expr(value=ast.Constant()):
            return True
        case (
            ast.Assign(targets=[ast.Subscript() as place], value=value)
            | ast.AugAssign(target=ast.Subscript() as place, value=value)
        ):
            return _is_part_of_name(place) and _is_pure_expression(place) and _is_pure_expression(value)
        case ast.Assign(targets=targets, value=value):
            return all(map(_is_target, targets)) and _is_pure_expression(value)
        case ast.AugAssign(target=target, value=value):
            return isinstance(target, ast.Name) and _is_pure_expression(value)
        case ast.AnnAssign(target=target, value=value):
            return _is_name(target) and (value is None or _is_pure_expression(value))
        case ast.If(test=test, body=body, orelse=orelse):
            return _is_pure_expression(test) and is_pure(body) and is_pure(orelse)
        case ast.For(target=target, iter=iterable, body=body, orelse=orelse):
            return _is_name(target) and _is_pure_expression(iterable) and is_pure(body) and is_pure(orelse)
        case ast.Return(value=value):
            return value is None or _is_pure_expression(value)
    return False


def _is_part_of_name(node: ast.expr) -> bool:
    """Whether an expression is ``a``, ``a[i]``, ``a[i][j]`` and so on."""
    return isinstance(node, ast.Name) or (isinstance(node, ast.Subscript) and _is_part_of_name(node.value))


def _is_name(target: ast.expr) -> bool:
    """Whether a target of an assignment is a name, or names."""
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(_is_name, target.elts))
    return isinstance(target, ast.Name)


def _is_target(target: ast.expr) -> bool:
    """Whether it is one of these, or entries of what they name."""
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(_is_name(e) or (_is_part_of_name(e) and _is_pure_expression(e)) for e in target.elts)
    return isinstance(target, ast.Name)


def _is_pure_expression(node: ast.expr) -> bool:
    for part in ast.walk(node):
        if isinstance(part, (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await, ast.Lambda)):
            return False
        if isinstance(part, ast.Call) and any(k.arg in ("out", None) for k in part.keywords):
            return False
    return True


# --- the order of statements -----------------------------------------------------------------------------------------------------------


def gathered(body: list[ast.stmt], leaving: type[ast.stmt], room: int = _ROOM) -> list[ast.stmt]:
    """Statements behind branches of which some leave go into those that do not, at the cost of ``room`` copied nodes at most."""
    for k, node in enumerate(body):
        if not isinstance(node, ast.If) or not _may_leave(node, leaving):
            continue
        rest = body[k + 1 :]
        goes_on = [not _leaves(node.body, leaving), not _leaves(node.orelse, leaving)]
        copies = sum(1 for s in rest for _ in ast.walk(s)) if all(goes_on) else 0
        if copies > room:
            continue
        other = copy.deepcopy(rest) if copies else rest
        node.body = gathered([*node.body, *rest] if goes_on[0] else node.body, leaving, room - copies)
        node.orelse = gathered([*node.orelse, *other] if goes_on[1] else node.orelse, leaving, room - copies)
        return body[: k + 1]
    return body


def _may_leave(node: ast.stmt, leaving: type[ast.stmt]) -> bool:
    """Whether a statement by which one leaves stands in a branch, or in one inside it."""
    if isinstance(node, ast.If):
        return any(_may_leave(s, leaving) for s in (*node.body, *node.orelse))
    return isinstance(node, leaving)


def _leaves(body: list[ast.stmt], leaving: type[ast.stmt]) -> bool:
    if not body:
        return False
    last = body[-1]
    if isinstance(last, ast.If):
        return _leaves(last.body, leaving) and _leaves(last.orelse, leaving)
    return isinstance(last, leaving)


def _without(body: list[ast.stmt], leaving: type[ast.stmt]) -> list[ast.stmt]:
    """A branch without the statement by which it leaves."""
    return body[:-1] if body and isinstance(body[-1], leaving) else body


def _decided(node: ast.If) -> ast.If:
    """A branch by one comparison: ``and``, ``or`` and ``not`` become branches inside branches."""
    test = node.test
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _decided(_at(ast.If(test.operand, node.orelse or [_at(ast.Pass(), node)], node.body), node))
    if isinstance(test, ast.BoolOp):
        first, *others = test.values
        inner_test = others[0] if len(others) == 1 else _at(ast.BoolOp(test.op, others), others[0])
        if isinstance(test.op, ast.And):
            inner = _decided(_at(ast.If(inner_test, node.body, copy.deepcopy(node.orelse)), node))
            return _decided(_at(ast.If(first, [inner], node.orelse), node))
        inner = _decided(_at(ast.If(inner_test, copy.deepcopy(node.body), node.orelse), node))
        return _decided(_at(ast.If(first, node.body, [inner]), node))
    return node


def _assigned(statements: list[ast.stmt]) -> set[str]:
    """The names that pure statements assign."""
    found: set[str] = set()
    for statement in statements:
        for part in ast.walk(statement):
            targets: list[ast.expr] = []
            if isinstance(part, ast.Assign):
                targets = part.targets
            elif isinstance(part, (ast.AugAssign, ast.AnnAssign, ast.For)):
                targets = [part.target]
            found.update(
                n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            )
    return found


# --- the text --------------------------------------------------------------------------------------------------------------------------


class _Writer(Rewriter):
    def __init__(self, owner: str | None, modules: frozenset[str], code: CodeType) -> None:
        super().__init__(owner, modules, code)
        self._filename = code.co_filename
        self._count = itertools.count(1)
        #: whether the text is part of a branch that may be run where it was not taken, or of a function that a branch calls
        self._inside = 0
        self.pure = False

    def visit_If(self, node: ast.If) -> Any:
        node = _decided(node)
        leaves = _leaves(node.body, ast.Return) and _leaves(node.orelse, ast.Return)
        result = f"{_MARK}result"
        if leaves and not (_ends(node.body) and _ends(node.orelse)):
            leaves = False
        body, orelse = node.body, node.orelse
        if leaves:
            body, orelse = _kept(body, result), _kept(orelse, result)
        appended = _appended(body, orelse)
        if appended is not None:  # ``items.append(…)`` at the end of both
            item = ast.Name(f"{_MARK}item", ast.Load())
            body, orelse = (
                [*b[:-1], _at(ast.Assign([ast.Name(item.id, ast.Store())], v), b[-1])]
                for b, v in zip((body, orelse), appended[1:], strict=True)
            )
        if not self._may(node.test, [*body, *orelse]):
            return super().visit_If(node)
        names = sorted(_assigned([*body, *orelse]))
        number = next(self._count)
        both, which = f"{_MARK}branch {number}", f"{_MARK}pass {number}"
        condition = self.visit(node.test)
        self._inside += 1
        first, second = self.block(body), self.block(orelse)
        self._inside -= 1

        def load(name: str) -> ast.expr:
            return ast.Name(name, ast.Load())

        def ask(method: str, *arguments: ast.expr) -> ast.expr:
            return ast.Call(ast.Attribute(load(both), method, ast.Load()), list(arguments), [])

        now = ast.Call(hook("locals"), [], [])
        made = _call("branch", condition, *self._place(node.test), _tuple(names), now)
        steps: list[ast.stmt] = []
        for n in names:
            drop = ast.If(ask("drops", ast.Constant(n), now), [ast.Delete([ast.Name(n, ast.Del())])], [])
            value = ast.Assign([ast.Name(n, ast.Store())], ask("value", ast.Constant(n)))
            steps.append(ast.If(ask("sets", ast.Constant(n)), [value], [drop]))
        steps.append(ast.If(ast.Compare(load(which), [ast.Is()], [ast.Constant(None)]), [ast.Break()], []))
        run = ast.If(load(which), first or [ast.Pass()], second or [ast.Pass()])
        handler = ast.ExceptHandler(hook("Exception"), None, [ast.Expr(ask("caught"))])
        ended = ast.Expr(ask("ended", now))
        steps.append(ast.Try([run, ended], [handler], [], []))
        assign = ast.Assign([ast.Name(both, ast.Store())], made)
        loop = ast.For(ast.Name(which, ast.Store()), load(both), steps, [])
        new: list[ast.stmt] = [assign, loop]
        if appended is not None:
            new.append(self.visit(_at(ast.Expr(ast.Call(appended[0], [item], [])), node)))
        if leaves:
            new.append(ast.Return(load(result)))
        return [_at(s, node) for s in new]

    def _place(self, node: ast.expr) -> tuple[ast.expr, ast.expr, ast.expr]:
        return ast.Constant(node.lineno), ast.Constant(node.col_offset), ast.Constant(self._filename)

    def _may(self, test: ast.expr, statements: list[ast.stmt]) -> bool:
        """Whether both branches can be run."""
        if isinstance(test, ast.Compare):
            if len(test.ops) > 1 or not isinstance(test.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
                return False
        elif not isinstance(test, ast.Name):
            return False
        inside = [part for s in statements for part in ast.walk(s)]
        if any(isinstance(part, (ast.Return, ast.Break, ast.Continue)) for part in inside):
            return False
        return not any(isinstance(part, (ast.Global, ast.Nonlocal)) for part in inside) and is_pure(statements)

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        if isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not):
            return self.visit_IfExp(_at(ast.IfExp(node.test.operand, node.orelse, node.body), node))
        if not (self._may(node.test, []) and _is_pure_expression(node.body) and _is_pure_expression(node.orelse)):
            return super().visit_IfExp(node)
        self._inside += 1
        first, second = self.visit(node.body), self.visit(node.orelse)
        self._inside -= 1

        def late(value: ast.expr) -> ast.expr:
            once = ast.comprehension(ast.Name(f"{_MARK}once", ast.Store()), _tuple([None]), [], 0)
            return ast.GeneratorExp(value, [once])

        test = self.visit(node.test)
        return _at(_call("either", test, *self._place(node.test), late(first), late(second)), node)

    def visit_For(self, node: ast.For) -> Any:
        node.body = self._continuing(node.body)
        return super().visit_For(node)

    def visit_While(self, node: ast.While) -> Any:
        node.body = self._continuing(node.body)
        return super().visit_While(node)

    def _continuing(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """The body of a loop whose ``continue`` is the end of a branch, and of the body."""
        new = gathered(body, ast.Continue)
        return [*new[:-1], _ending(new[-1], ast.Continue)]

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        target = node.target
        if not (self._inside or self.pure):
            return super().visit_AugAssign(node)
        if isinstance(target, ast.Subscript):  # a[i] += v: what is pure may be asked for twice
            entry = ast.Subscript(copy.deepcopy(target.value), copy.deepcopy(target.slice), ast.Load())
            old, name = self.visit(_at(entry, target)), BINARY[type(node.op)]
            return self._put(target, _call("added", hook(f"i{name}"), hook(name), old, self.visit(node.value)), node)
        new = super().visit_AugAssign(node)
        if isinstance(target, ast.Name):
            call = new.value  # a = iadd(a, v)
            call.args[0] = _at(_call("scalar", call.args[0]), node)
        return new

    def visit_Assign(self, node: ast.Assign) -> Any:
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and len(node.targets) == 1 and (self._inside or self.pure):
            return self._put(target, self.visit(node.value), node)
        if isinstance(target, (ast.Tuple, ast.List)) and len(node.targets) == 1 and (self._inside or self.pure):
            return self._unpacked(target, node)
        return super().visit_Assign(node)

    def _unpacked(self, target: ast.Tuple | ast.List, node: ast.Assign) -> list[ast.stmt]:
        """``a[i], b = …`` in a branch: the entries get names first."""
        stores: list[ast.stmt] = []
        for k, element in enumerate(target.elts):
            if isinstance(element, ast.Subscript):
                name = f"{_MARK}entry {next(self._count)}"
                target.elts[k] = _at(ast.Name(name, ast.Store()), element)
                stores.append(self._put(element, _at(ast.Name(name, ast.Load()), element), node))
        return [super().visit_Assign(node), *stores]

    def _put(self, target: ast.Subscript, value: ast.expr, node: ast.stmt) -> ast.stmt:
        """``a[i] = v`` in a branch: ``put(a, i, v)``."""
        container = _call("writing", self.held(target.value))
        return _at(ast.Expr(_call("put", container, self.visit(target.slice), value)), node)

    def visit_Call(self, node: ast.Call) -> Any:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else None
        new = super().visit_Call(node)
        if self._inside or self.pure:
            arguments = new.func.args  # method(obj, "name") or resolve(f)
            question = (
                _call("callee", arguments[0]) if name is None else _call("owner", arguments[0], ast.Constant(name))
            )
            arguments[0] = _at(question, new)
        return new


def _appended(body: list[ast.stmt], orelse: list[ast.stmt]) -> tuple[ast.expr, ast.expr, ast.expr] | None:
    """The method ``items.append`` by which both branches end, and what each appends."""
    found: list[tuple[ast.expr, ast.expr]] = []
    for branch in (body, orelse):
        match branch[-1] if branch else None:
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(value=ast.Name(), attr="append") as function, args=[item], keywords=[]
                )
            ):
                found.append((function, item))
            case _:
                return None
    (first, a), (second, b) = found
    return (first, a, b) if ast.dump(first) == ast.dump(second) else None


def _tuple(entries: list[Any]) -> ast.expr:
    return ast.Tuple([ast.Constant(e) for e in entries], ast.Load())


def _ends(body: list[ast.stmt]) -> bool:
    """Whether ``return`` stands at the ends of the branches only."""
    if not body:
        return False
    if any(isinstance(part, ast.Return) for s in body[:-1] for part in ast.walk(s)):
        return False
    last = body[-1]
    if isinstance(last, ast.If):
        return _ends(last.body) and _ends(last.orelse)
    return isinstance(last, ast.Return)


def _kept(body: list[ast.stmt], name: str) -> list[ast.stmt]:
    """A branch that keeps under a name what it would return."""
    last = body[-1]
    if isinstance(last, ast.If):
        new: ast.stmt = _at(ast.If(last.test, _kept(last.body, name), _kept(last.orelse, name)), last)
    else:
        value = last.value or _at(ast.Constant(None), last)  # type: ignore[attr-defined]  # a return statement
        new = _at(ast.Assign([ast.Name(name, ast.Store())], value), last)
    return [*body[:-1], new]


def _ending(node: ast.stmt, leaving: type[ast.stmt]) -> ast.stmt:
    """The last statement of a loop's body, without ``continue`` at the ends of its branches."""
    if not isinstance(node, ast.If):
        return node
    parts = []
    for body in (node.body, node.orelse):
        kept = _without(body, leaving)
        parts.append([_ending(s, leaving) if k == len(kept) - 1 else s for k, s in enumerate(kept)])
    return _at(ast.If(node.test, parts[0] or [_at(ast.Pass(), node)], parts[1]), node)
