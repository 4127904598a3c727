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

from gradwise.tracing.instrument.both_ways.aside import MARK
from gradwise.tracing.instrument.both_ways.statements import (
    appended,
    assigned,
    breaking,
    decided,
    ending,
    ends,
    gathered,
    is_pure,
    is_pure_expression,
    kept,
    leaves,
    leaving_answer,
    may_leave,
    only_at_ends,
    raising_answer,
    stopping,
)
from gradwise.tracing.instrument.nodes import at as _at
from gradwise.tracing.instrument.nodes import call as _call
from gradwise.tracing.instrument.nodes import hook
from gradwise.tracing.instrument.rewriting import BINARY, Rewriter, prepared

if TYPE_CHECKING:
    from types import CodeType
#: operators that fail at values of an operand: which
_FAILING = {ast.Div: 1, ast.FloorDiv: 1, ast.Mod: 1, ast.Pow: 0}


def both_ways(node: Any, owner: str | None, code: CodeType, modules: frozenset[str] = frozenset()) -> Any:
    """The node with hooks, as by ``rewriting.rewritten``, whose branches run both ways."""
    writer = _Writer(owner, modules, code)
    writer.globals = {n for part in ast.walk(node) if isinstance(part, ast.Global) for n in part.names}
    if isinstance(node, ast.FunctionDef):
        writer.pure = is_pure(node.body)
        node.body = gathered(node.body, ast.Return)
    else:
        writer.pure = is_pure_expression(node.body)
    made = prepared(writer, node, code)
    entry = _call("entering", ast.Constant(writer.pure))
    if isinstance(made, ast.FunctionDef):
        made.body.insert(0, ast.fix_missing_locations(_at(ast.Expr(entry), made.body[0])))
    else:
        made.body = ast.fix_missing_locations(_at(ast.IfExp(entry, made.body, ast.Constant(None)), made.body))
    return made


# --- the text --------------------------------------------------------------------------------------------------------------------------


class _Writer(Rewriter):
    def __init__(self, owner: str | None, modules: frozenset[str], code: CodeType) -> None:
        super().__init__(owner, modules, code)
        self._filename = code.co_filename
        self._count = itertools.count(1)
        #: whether the text is part of a branch that may be run where it was not taken, or of a function that a branch calls
        self._inside = 0
        self.pure = False
        #: names that stand for globals, which are not the call's own
        self.globals: set[str] = set()

    def visit_If(self, node: ast.If) -> Any:
        node = decided(node)
        result = f"{MARK}result"
        returns = leaves(node.body, ast.Return) and leaves(node.orelse, ast.Return)
        returns = returns and ends(node.body) and ends(node.orelse)
        body, orelse = node.body, node.orelse
        if returns:
            body, orelse = kept(body, result), kept(orelse, result)
        end = appended(body, orelse)
        if end is not None:  # ``items.append(…)`` at the end of both
            item = ast.Name(f"{MARK}item", ast.Load())
            body, orelse = (
                [*b[:-1], _at(ast.Assign([ast.Name(item.id, ast.Store())], v), b[-1])]
                for b, v in zip((body, orelse), end[1:], strict=True)
            )
        if not self._may(node.test, [*body, *orelse]):
            return super().visit_If(node)
        names = sorted(assigned([*body, *orelse]))
        condition, now = self.visit(node.test), ast.Call(hook("locals"), [], [])
        ends_by = [ast.Constant(found(body, orelse)) for found in (leaving_answer, raising_answer)]
        new = self._both(
            _call("branch", condition, self._place(node.test), _tuple(names), now, *ends_by), names, body, orelse
        )
        if end is not None:
            new.append(self.visit(_at(ast.Expr(ast.Call(end[0], [item], [])), node)))
        if returns:
            new.append(ast.Return(ast.Name(result, ast.Load())))
        return [_at(s, node) for s in new]

    def _both(self, made: ast.expr, names: list[str], body: list[ast.stmt], orelse: list[ast.stmt]) -> list[ast.stmt]:
        """Two branches that assign ``names``, run by what ``made`` gives."""
        number = next(self._count)
        both, which = f"{MARK}branch {number}", f"{MARK}pass {number}"
        self._inside += 1
        first, second = self.block(body), self.block(orelse)
        self._inside -= 1
        now = ast.Call(hook("locals"), [], [])
        steps: list[ast.stmt] = []
        for n in names:
            drop = ast.If(_ask(both, "drops", ast.Constant(n), now), [ast.Delete([ast.Name(n, ast.Del())])], [])
            value = ast.Assign([ast.Name(n, ast.Store())], _ask(both, "value", ast.Constant(n)))
            steps.append(ast.If(_ask(both, "sets", ast.Constant(n)), [value], [drop]))
        over = ast.Compare(ast.Name(which, ast.Load()), [ast.Is()], [ast.Constant(None)])
        steps.append(ast.If(over, [ast.Break()], []))
        run = ast.If(ast.Name(which, ast.Load()), first or [ast.Pass()], second or [ast.Pass()])
        handler = ast.ExceptHandler(hook("Exception"), None, [ast.Expr(_ask(both, "caught"))])
        steps.append(ast.Try([run, ast.Expr(_ask(both, "ended", now))], [handler], [], []))
        loop = ast.For(ast.Name(which, ast.Store()), ast.Name(both, ast.Load()), steps, [])
        return [ast.Assign([ast.Name(both, ast.Store())], made), loop]

    def _place(self, node: ast.expr | ast.stmt) -> ast.expr:
        return _tuple([self._filename, node.lineno, node.col_offset, node.end_col_offset])

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
        if any(isinstance(part, (ast.Global, ast.Nonlocal)) for part in inside) or not is_pure(statements):
            return False
        return self.globals.isdisjoint(assigned(statements))

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        if isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not):
            return self.visit_IfExp(_at(ast.IfExp(node.test.operand, node.orelse, node.body), node))
        if not (self._may(node.test, []) and is_pure_expression(node.body) and is_pure_expression(node.orelse)):
            return super().visit_IfExp(node)
        self._inside += 1
        first, second = self.visit(node.body), self.visit(node.orelse)
        self._inside -= 1

        test = self.visit(node.test)
        return _at(_call("either", test, self._place(node.test), _late(first), _late(second)), node)

    def visit_For(self, node: ast.For) -> Any:
        node.body = self._continuing(node.body)
        returns, breaks = may_leave(node.body, ast.Return), may_leave(node.body, ast.Break)
        if returns is not breaks and not node.orelse:
            result = f"{MARK}found {next(self._count)}"
            item = f"{MARK}item {next(self._count)}"
            first: ast.stmt = _at(ast.Assign([node.target], ast.Name(item, ast.Load())), node.target)
            turns = self._turns(node, [], [first, *(breaking(node.body, result) if returns else node.body)])
            if turns is not None:
                name, new, steps = turns
                iterable = _call("turning", ast.Name(name, ast.Load()), self.visit(node.iter))
                iterable = _call("iterate", iterable)
                closing = ast.Expr(_ask(name, "closes"))  # no item was left
                new.append(ast.For(ast.Name(item, ast.Store()), iterable, steps, [closing]))
                if returns:  # whether it came to that is a guard
                    over = ast.UnaryOp(ast.Not(), ast.Name(name.replace("turns", "going"), ast.Load()))
                    new.append(ast.If(over, [ast.Return(ast.Name(result, ast.Load()))], []))
                return [_at(s, node) for s in new]
        return super().visit_For(node)

    def visit_While(self, node: ast.While) -> Any:
        node.body = self._continuing(node.body)
        forever = isinstance(node.test, ast.Constant) and node.test.value is True
        if forever and may_leave(node.body, ast.Return) and not may_leave(node.body, ast.Break):
            result = f"{MARK}found {next(self._count)}"
            node.body = breaking(node.body, result)
            return self.block([node, _at(ast.Return(ast.Name(result, ast.Load())), node)])
        parts = (
            node.test.values if isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.And) else [node.test]
        )
        if not node.orelse and all(map(is_pure_expression, parts)):
            turns = self._turns(node, parts, node.body)
            if turns is not None:
                _, new, steps = turns
                return [_at(s, node) for s in (*new, ast.While(ast.Constant(True), steps, []))]
        return super().visit_While(node)

    def _turns(
        self, node: ast.For | ast.While, conditions: list[ast.expr], body: list[ast.stmt]
    ) -> tuple[str, list[ast.stmt], list[ast.stmt]] | None:
        """A loop that the data end: the name of what counts its turns, what stands before it, and its body; None where it cannot go on when it has ended."""
        number = next(self._count)
        turns, going, now = f"{MARK}turns {number}", f"{MARK}going {number}", f"{MARK}now {number}"
        before: list[ast.stmt] = []
        breaks = may_leave(body, ast.Break)
        if breaks:
            body = gathered(copy.deepcopy(body), ast.Break)
            if not only_at_ends(body, ast.Break):
                return None
            body = stopping(body, going)
            before.append(ast.Assign([ast.Name(going, ast.Store())], ast.Constant(True)))
        inside = [part for s in body for part in ast.walk(s)]
        if any(isinstance(part, (ast.Return, ast.Break, ast.Continue)) for part in inside) or not is_pure(body):
            return None
        if not self.globals.isdisjoint(assigned(body)):
            return None
        made = _call("turns", self._place(node), ast.Constant(going))
        before.append(ast.Assign([ast.Name(turns, ast.Store())], made))
        asked: list[ast.expr] = [ast.Name(going, ast.Load()) if breaks else ast.Constant(True)]
        self._inside += 1  # they are asked beyond the end, too
        for part in conditions:
            if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Not):  # which is a jump at the other answer
                value = _call("inverted", self.visit(copy.deepcopy(part.operand)))
                asked += [self._place(part.operand), _late(value)]
            else:
                asked += [self._place(part), _late(self.test(copy.deepcopy(part)))]
        self._inside -= 1
        names = sorted(assigned(body))
        over = ast.If(ast.Attribute(ast.Name(turns, ast.Load()), "over", ast.Load()), [ast.Break()], [])
        names_now = ast.Call(hook("locals"), [], [])
        branch = _ask(turns, "branch", ast.Name(now, ast.Load()), _tuple(names), names_now)
        steps: list[ast.stmt] = [ast.Assign([ast.Name(now, ast.Store())], _ask(turns, "goes_on", *asked)), over]
        steps += self._both(branch, names, body, [])
        if breaks:  # before the next item is taken
            steps.append(ast.If(_ask(turns, "stops", ast.Name(going, ast.Load())), [ast.Break()], []))
        return turns, before, steps

    def _continuing(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """The body of a loop whose ``continue`` is the end of a branch, and of the body."""
        new = gathered(body, ast.Continue)
        return [*new[:-1], ending(new[-1], ast.Continue)]

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        target = node.target
        if not (self._inside or self.pure):
            new = super().visit_AugAssign(node)
            if isinstance(new, ast.Assign):
                _keep_exact(new.value, node)
            return new
        if isinstance(target, ast.Subscript):
            return self._added(target, node)
        new = super().visit_AugAssign(node)
        if isinstance(target, ast.Name):
            call = new.value  # a = iadd(a, v)
            call.args[0] = _at(_call("scalar", call.args[0]), node)
            _keep_exact(call, node)
            _shield(call, node)
        return new

    def visit_Assign(self, node: ast.Assign) -> Any:
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and len(node.targets) == 1 and (self._inside or self.pure):
            return self._put(target, self.visit(node.value), node)
        if isinstance(target, (ast.Tuple, ast.List)) and len(node.targets) == 1 and (self._inside or self.pure):
            return self._unpacked(target, node)
        return super().visit_Assign(node)

    def _unpacked(self, target: ast.Tuple | ast.List, node: ast.Assign) -> list[ast.stmt]:
        """``a[i], b = …`` in a branch: the values get names first, and then are assigned one after the other."""
        if not any(isinstance(element, ast.Subscript) for element in target.elts):
            return [super().visit_Assign(node)]
        stores: list[ast.stmt] = []
        for k, element in enumerate(target.elts):
            name = f"{MARK}entry {next(self._count)}"
            target.elts[k] = _at(ast.Name(name, ast.Store()), element)
            value = _at(ast.Name(name, ast.Load()), element)
            if isinstance(element, ast.Subscript):
                stores.append(self._put(element, value, node))
            else:
                stores.append(self.visit_Assign(_at(ast.Assign([element], value), node)))
        return [super().visit_Assign(node), *stores]

    def _put(self, target: ast.Subscript, value: ast.expr, node: ast.stmt) -> ast.stmt:
        """``a[i] = v`` in a branch: ``store(v, a, i)``."""
        container = _call("placed", self.held(target.value))
        return _at(ast.Expr(_call("store", value, container, self.visit(target.slice))), node)

    def _added(self, target: ast.Subscript, node: ast.AugAssign) -> list[ast.stmt]:
        """``a[i] += v`` in a branch: ``store(added(a, …, a[i], v), a, i)``, where ``a`` and ``i`` are evaluated once."""
        steps: list[ast.stmt] = []
        named: list[ast.expr] = []
        if not isinstance(target.value, ast.Name):
            target.value = self._named(self.held(target.value), target, steps, named)
        if not isinstance(target.slice, (ast.Name, ast.Constant)):
            target.slice = self._named(self._index(target.slice), target, steps, named)
        entry = ast.Subscript(copy.deepcopy(target.value), copy.deepcopy(target.slice), ast.Load())
        old, name = self.visit(_at(entry, target)), BINARY[type(node.op)]
        whole = copy.deepcopy(target.value)
        if isinstance(node.op, (ast.Mod, ast.FloorDiv)):
            old = _at(_call("exact", old), target)
        value = _call("added", whole, hook(f"i{name}"), hook(name), old, self.visit(node.value))
        steps.append(self._put(target, value, node))
        if named:
            steps.append(ast.Delete(named))
        return [_at(s, node) for s in steps]

    def _index(self, key: ast.expr) -> ast.expr:
        """An index as an expression, which ``a:b`` in it is not."""
        if isinstance(key, ast.Slice):
            parts = [
                ast.Constant(None) if part is None else self.visit(part) for part in (key.lower, key.upper, key.step)
            ]
            return _at(_call("slice", *parts), key)
        if isinstance(key, ast.Tuple):
            return _at(ast.Tuple(list(map(self._index, key.elts)), key.ctx), key)
        return self.visit(key)

    def _named(self, value: ast.expr, at: ast.expr, steps: list[ast.stmt], named: list[ast.expr]) -> ast.expr:
        """A name for a value, assigned by a further step."""
        name = f"{MARK}part {next(self._count)}"
        steps.append(ast.Assign([ast.Name(name, ast.Store())], value))
        named.append(ast.Name(name, ast.Del()))
        return _at(ast.Name(name, ast.Load()), at)

    def visit_Call(self, node: ast.Call) -> Any:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else None
        count = ast.Constant(-1 if any(isinstance(a, ast.Starred) for a in node.args) else len(node.args))
        new = super().visit_Call(node)
        if self._inside or self.pure:
            arguments = new.func.args  # method(obj, "name") or resolve(f)
            asked = [arguments[0]] if name is None else [arguments[0], ast.Constant(name)]
            question = _call("callee" if name is None else "owner", *asked, count)
            arguments[0] = _at(question, new)
        elif name is not None:
            new.func.args[0] = _at(_call("asked", new.func.args[0], ast.Constant(name)), new)
        new.func = _at(_call("shielding", new.func), new)
        return new

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        new = super().visit_Attribute(node)
        if isinstance(new, ast.Call):  # load(value, name)
            new.args[0] = _at(_call("asked", new.args[0], new.args[1]), new)
        return new

    def visit_Match(self, node: ast.Match) -> Any:
        node.subject = _at(_call("asked", node.subject, ast.Constant("__class__")), node.subject)
        return super().visit_Match(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        new = super().visit_UnaryOp(node)
        if isinstance(new, ast.Call):
            new.args[0] = _at(_call("plus", new.args[0]), node)
        return new

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        new = super().visit_BinOp(node)
        if isinstance(new, ast.Call):
            _keep_exact(new, node)
            if self._inside or self.pure:
                _shield(new, node)
        return new


def _shield(operation: ast.Call, node: ast.BinOp | ast.AugAssign) -> None:
    """Shield the operand at which an operator fails."""
    k = _FAILING.get(type(node.op))
    if k is None or isinstance(operation.args[k], ast.Constant):
        return
    exponent = operation.args[1]
    if isinstance(node.op, ast.Pow) and isinstance(exponent, ast.Constant) and type(exponent.value) is int:
        return  # a power of numbers, which has no border
    operation.args[k] = _at(_call("shielded", operation.args[k]), node)


def _keep_exact(operation: Any, node: ast.BinOp | ast.AugAssign) -> None:
    """Look at what a remainder is taken of, which may be an integer elsewhere, and at truth values that are added."""
    question = "exact" if isinstance(node.op, (ast.Mod, ast.FloorDiv)) else "plus"
    for k, name in enumerate((question, "plus")):
        if not isinstance(operation.args[k], ast.Constant):
            operation.args[k] = _at(_call(name, operation.args[k]), node)


def _ask(name: str, method: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(ast.Name(name, ast.Load()), method, ast.Load()), list(arguments), [])


def _late(value: ast.expr) -> ast.expr:
    """An expression that is evaluated when it is asked for, as an iterator over one value."""
    once = ast.comprehension(ast.Name(f"{MARK}once", ast.Store()), _tuple([None]), [], 0)
    return ast.GeneratorExp(value, [once])


def _tuple(entries: list[Any]) -> ast.expr:
    return ast.Tuple([ast.Constant(e) for e in entries], ast.Load())
