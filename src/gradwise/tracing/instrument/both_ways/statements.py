"""Statements of a branch: which can be run where it was not taken, and how what stands behind one that leaves is put into the others (``if_conversion.py``)."""

from __future__ import annotations

import ast
import copy

from gradwise.tracing.instrument.both_ways.aside import GOING
from gradwise.tracing.instrument.nodes import at as _at

#: nodes that may be copied to put what stands behind a branch into it
_ROOM = 1500


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
            return _is_part_of_name(place) and is_pure_expression(place) and is_pure_expression(value)
        case ast.Assign(targets=targets, value=value):
            return all(map(_is_target, targets)) and is_pure_expression(value)
        case ast.AugAssign(target=target, value=value):
            return isinstance(target, ast.Name) and is_pure_expression(value)
        case ast.AnnAssign(target=target, value=value):
            return _is_name(target) and (value is None or is_pure_expression(value))
        case ast.If(test=test, body=body, orelse=orelse):
            return is_pure_expression(test) and is_pure(body) and is_pure(orelse)
        case ast.For(target=target, iter=iterable, body=body, orelse=orelse):
            return _is_name(target) and is_pure_expression(iterable) and is_pure(body) and is_pure(orelse)
        case ast.Return(value=value) | ast.Raise(exc=value, cause=None):
            return value is None or is_pure_expression(value)
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
        return all(_is_name(e) or (_is_part_of_name(e) and is_pure_expression(e)) for e in target.elts)
    return isinstance(target, ast.Name)


def is_pure_expression(node: ast.expr) -> bool:
    """Whether an expression changes nothing, as far as the text shows."""
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
        goes_on = [not leaves(node.body, leaving), not leaves(node.orelse, leaving)]
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


def may_leave(body: list[ast.stmt], leaving: type[ast.stmt]) -> bool:
    """Whether a statement by which one leaves stands in branches of a block."""
    return any(_may_leave(s, leaving) for s in body)


def only_at_ends(body: list[ast.stmt], leaving: type[ast.stmt]) -> bool:
    """Whether nothing stands behind a statement by which one leaves, or behind a branch that holds one."""
    if may_leave(body[:-1], leaving):
        return False
    last = body[-1] if body else None
    return not isinstance(last, ast.If) or (only_at_ends(last.body, leaving) and only_at_ends(last.orelse, leaving))


def stopping(body: list[ast.stmt], going: str) -> list[ast.stmt]:
    """The body of a loop that notes under a name, at the ends of branches, that it would break."""
    new: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.Break):
            new.append(_at(ast.Assign([ast.Name(going, ast.Store())], ast.Constant(False)), node))
        elif isinstance(node, ast.If):
            new.append(_at(ast.If(node.test, stopping(node.body, going), stopping(node.orelse, going)), node))
        else:
            new.append(node)
    return new


def leaving_answer(body: list[ast.stmt], orelse: list[ast.stmt]) -> bool | None:
    """The answer of a condition that ends the loop around, by what ``stopping`` made of its branches; None where neither of them does, or both."""
    stops = [any(map(_stops, block)) for block in (body, orelse)]
    return stops[0] if stops[0] is not stops[1] else None


def raising_answer(body: list[ast.stmt], orelse: list[ast.stmt]) -> bool | None:
    """The answer of a condition that raises; None where neither of its branches does, or both."""
    raises = [bool(block) and isinstance(block[-1], ast.Raise) for block in (body, orelse)]
    return raises[0] if raises[0] is not raises[1] else None


def _stops(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return False
    is_over = isinstance(node.value, ast.Constant) and node.value.value is False
    return is_over and node.targets[0].id.startswith(GOING)


def breaking(body: list[ast.stmt], result: str) -> list[ast.stmt]:
    """The body of a loop that breaks, with what it would return under a name."""
    new: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.Return):
            value = node.value or _at(ast.Constant(None), node)
            new += [_at(ast.Assign([ast.Name(result, ast.Store())], value), node), _at(ast.Break(), node)]
        elif isinstance(node, ast.If):
            new.append(_at(ast.If(node.test, breaking(node.body, result), breaking(node.orelse, result)), node))
        else:
            new.append(node)
    return new


def leaves(body: list[ast.stmt], leaving: type[ast.stmt]) -> bool:
    """Whether a block ends by leaving, whatever it decides."""
    if not body:
        return False
    last = body[-1]
    if isinstance(last, ast.If):
        return leaves(last.body, leaving) and leaves(last.orelse, leaving)
    return isinstance(last, leaving)


def _without(body: list[ast.stmt], leaving: type[ast.stmt]) -> list[ast.stmt]:
    """A branch without the statement by which it leaves."""
    return body[:-1] if body and isinstance(body[-1], leaving) else body


def decided(node: ast.If) -> ast.If:
    """A branch by one comparison: ``and``, ``or`` and ``not`` become branches inside branches."""
    test = node.test
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return decided(_at(ast.If(test.operand, node.orelse or [_at(ast.Pass(), node)], node.body), node))
    if isinstance(test, ast.BoolOp):
        first, *others = test.values
        inner_test = others[0] if len(others) == 1 else _at(ast.BoolOp(test.op, others), others[0])
        if isinstance(test.op, ast.And):
            inner = decided(_at(ast.If(inner_test, node.body, copy.deepcopy(node.orelse)), node))
            return decided(_at(ast.If(first, [inner], node.orelse), node))
        inner = decided(_at(ast.If(inner_test, copy.deepcopy(node.body), node.orelse), node))
        return decided(_at(ast.If(first, node.body, [inner]), node))
    return node


def assigned(statements: list[ast.stmt]) -> set[str]:
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


def appended(body: list[ast.stmt], orelse: list[ast.stmt]) -> tuple[ast.expr, ast.expr, ast.expr] | None:
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


def ends(body: list[ast.stmt]) -> bool:
    """Whether ``return`` stands at the ends of the branches only."""
    if not body:
        return False
    if any(isinstance(part, ast.Return) for s in body[:-1] for part in ast.walk(s)):
        return False
    last = body[-1]
    if isinstance(last, ast.If):
        return ends(last.body) and ends(last.orelse)
    return isinstance(last, ast.Return)


def kept(body: list[ast.stmt], name: str) -> list[ast.stmt]:
    """A branch that keeps under a name what it would return."""
    last = body[-1]
    if isinstance(last, ast.If):
        new: ast.stmt = _at(ast.If(last.test, kept(last.body, name), kept(last.orelse, name)), last)
    else:
        value = last.value or _at(ast.Constant(None), last)  # type: ignore[attr-defined]  # a return statement
        new = _at(ast.Assign([ast.Name(name, ast.Store())], value), last)
    return [*body[:-1], new]


def ending(node: ast.stmt, leaving: type[ast.stmt]) -> ast.stmt:
    """The last statement of a loop's body, without ``continue`` at the ends of its branches."""
    if not isinstance(node, ast.If):
        return node
    parts = []
    for body in (node.body, node.orelse):
        kept = _without(body, leaving)
        parts.append([ending(s, leaving) if k == len(kept) - 1 else s for k, s in enumerate(kept)])
    return _at(ast.If(node.test, parts[0] or [_at(ast.Pass(), node)], parts[1]), node)
