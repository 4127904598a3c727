"""custom_rule: a function with a derivative of its own.

The function is opaque to tracing: it is called with plain values, whatever it does inside, and enters the program as one ``call`` equation.  Its derivative is what the user gives: a jvp, a vjp, or both;
the missing one is the transpose of the given one, found by tracing it, since it is linear in the vector.  Second derivatives differentiate the rule itself, as
a function.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.errors import InputError, RuleError
from gradwise.operators.arguments import function_label, require_callable
from gradwise.operators.derived import global_name
from gradwise.operators.leaves import as_floating
from gradwise.operators.vectors import pull_back, push_forward
from gradwise.program import ArrayType, type_of
from gradwise.rules.calls import call
from gradwise.tracing import apply, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _types(values: Sequence[Any]) -> tuple[ArrayType, ...]:
    return tuple(type_of(v.current() if isinstance_traced(v) else v) for v in values)


def _zeros(t: ArrayType) -> Any:
    return np.zeros(t.shape, t.dtype)[()]


class PythonCallee:
    """A Python function of arrays as a callee; see ``rules/calls.py``.

    Parameters
    ----------
    function : callable
        ``(*operands) → tuple of values``.
    results : tuple of ArrayType
    linear : tuple of bool
        In which operands it is linear.
    push, pull : callable, optional
        The user's rules: ``push(operands, tangents) → tangents``, ``pull(operands, cotangents) → cotangents``, on tuples without None.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., tuple[Any, ...]],
        results: tuple[ArrayType, ...],
        linear: tuple[bool, ...],
        push: Callable[..., Any] | None = None,
        pull: Callable[..., Any] | None = None,
    ) -> None:
        self.name = name
        self.function = function
        self.results = results
        self.linear = linear
        self.push = push
        self.pull = pull
        # callees made from this one, so that equal requests give the same callee (and the same program)
        self._made: dict[Any, PythonCallee] = {}

    def __repr__(self) -> str:
        return self.name

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        return self.function(*operands)

    def pushforward(self, active: tuple[bool, ...]) -> PythonCallee:
        known = self._made.get(("push", active))
        if known is not None:
            return known
        n = len(active)

        def tangents_of(operands: Sequence[Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
            primals, given = operands[:n], iter(operands[n:])
            types = _types(primals)
            return tuple(primals), tuple(next(given) if a else _zeros(t) for a, t in zip(active, types, strict=True))

        def pushed(*operands: Any) -> tuple[Any, ...]:
            primals, tangents = tangents_of(operands)
            if self.push is not None:
                return self.push(primals, tangents)
            if self.pull is not None:  # the tangent is the transpose of the pullback, which is linear in its cotangent
                pull = self.pull
                zeros = tuple(_zeros(t) for t in self.results)
                _, transpose = pull_back(lambda *bars: pull(primals, bars), zeros)
                return transpose(tangents)
            moving = [i for i, a in enumerate(active) if a]

            def of_moving(*moved: Any) -> tuple[Any, ...]:
                full = list(primals)
                for i, m in zip(moving, moved, strict=True):
                    full[i] = m
                return self.function(*full)

            return push_forward(of_moving, tuple(primals[i] for i in moving), tuple(tangents[i] for i in moving))[1]

        def pulled(*operands: Any) -> tuple[Any, ...]:
            assert self.pull is not None
            primals, bars = operands[:n], operands[n:]
            found = self.pull(tuple(primals), tuple(bars))
            return tuple(c for c, a in zip(found, active, strict=True) if a)

        made = PythonCallee(f"{self.name}.jvp", pushed, self.results, (False,) * n + (True,) * sum(active))
        if self.pull is not None:
            made.transpose_function = pulled
        self._made["push", active] = made
        return made

    #: the transpose as a function, if it is known otherwise than by tracing
    transpose_function: Callable[..., tuple[Any, ...]] | None = None

    def transposed(self, types: tuple[ArrayType, ...]) -> PythonCallee:
        known = self._made.get(("transpose", types))
        if known is not None:
            return known
        fixed = sum(not f for f in self.linear)
        function = self.transpose_function
        if function is None:

            def function(*operands: Any) -> tuple[Any, ...]:
                held, bars = operands[:fixed], operands[fixed:]
                zeros = tuple(_zeros(t) for t in types)
                _, transpose = pull_back(lambda *moving: self.function(*held, *moving), zeros)
                return transpose(tuple(bars))

        linear = (False,) * fixed + (True,) * len(self.results)
        made = PythonCallee(f"{self.name}.transpose", function, types, linear)
        held = self.function
        made.transpose_function = lambda *operands: held(*operands)
        self._made["transpose", types] = made
        return made

    def batched(self, flags: tuple[bool, ...], size: int) -> PythonCallee:
        known = self._made.get(("batch", flags, size))
        if known is not None:
            return known

        def function(*operands: Any) -> tuple[Any, ...]:
            rows = [
                self.function(*(x[i] if b else x for x, b in zip(operands, flags, strict=True))) for i in range(size)
            ]
            if not rows:
                return tuple(np.zeros((0, *t.shape), t.dtype) for t in self.results)
            return tuple(np.stack([row[k] for row in rows]) for k in range(len(self.results)))

        results = tuple(ArrayType((size, *t.shape), t.dtype) for t in self.results)
        made = PythonCallee(f"{self.name}.batch", function, results, self.linear)
        self._made["batch", flags, size] = made
        return made


class CustomRule:
    """A function with its own derivative; made by :func:`gradwise.custom_rule`."""

    def __init__(self, function: Callable[..., Any], push: Any, pull: Any) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self._push = push
        self._pull = pull
        self._callees: dict[Any, PythonCallee] = {}

    def jvp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Set the forward rule ``rule(primals, tangents) → tangent`` (usable as a decorator)."""
        require_callable(rule, "custom_rule(...).jvp", "(rule), with rule a function of (primals, tangents)")
        self._push = rule
        self._callees.clear()
        return rule

    def vjp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Set the reverse rule ``rule(primals, cotangent) → cotangents`` (usable as a decorator)."""
        require_callable(rule, "custom_rule(...).vjp", "(rule), with rule a function of (primals, cotangent)")
        self._pull = rule
        self._callees.clear()
        return rule

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __reduce__(self) -> Any:
        return global_name(self, self.function) or (CustomRule, (self.function, self._push, self._pull))

    def __repr__(self) -> str:
        return f"<gradwise.custom_rule {function_label(self.function)}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, treedef = flatten(args)
        traced = [leaf for leaf in leaves if isinstance_traced(leaf) and leaf.tape.open]
        if not traced:
            return self.function(*args, **kwargs)
        if self._push is None and self._pull is None:
            raise RuleError(
                f"{function_label(self.function)} is a custom_rule without a rule. A jvp or a vjp is required. Write @{function_label(self.function)}.jvp "
                f"above a function of (primals, tangents), or @….vjp above one of (primals, cotangent)"
            )
        trace = max((t.tape for t in traced), key=lambda tape: tape.level)
        moving = [i for i, leaf in enumerate(leaves) if isinstance_traced(leaf) or _is_number(leaf)]
        operands = [
            leaves[i] if isinstance_traced(leaves[i]) else as_floating(leaves[i], f"argument {i}", "custom_rule")
            for i in moving
        ]
        plain = [o.current() if isinstance_traced(o) else o for o in operands]
        spot = _Spot(self, leaves, moving, treedef, kwargs)
        given = [p.copy() if type(p) is np.ndarray else p for p in plain]
        value = self.function(*spot.arguments(given), **kwargs)
        for before, after in zip(plain, given, strict=True):
            if type(before) is np.ndarray and not np.array_equal(before, after, equal_nan=True):
                raise trace.fail(
                    f"{function_label(self.function)} changed an array that it was given. A function with its own derivative must leave its "
                    f"arguments as they are. Return the changed array instead"
                )
        outputs, structure = flatten(value)
        if any(isinstance_traced(v) and v.tape.open for v in outputs):
            raise trace.fail(
                f"{function_label(self.function)} has its own derivative and returned a value that depends on the variables otherwise than through "
                f"its arguments (a closure or an attribute). Pass what it depends on as an argument"
            )
        outputs = [as_floating(v, f"the value of {function_label(self.function)}", "custom_rule") for v in outputs]
        spot.structure = structure
        callee = spot.callee(_types(outputs))
        results = apply(
            trace, call, operands, (callee,), tuple(np.asarray(v)[()] if np.ndim(v) == 0 else v for v in outputs)
        )
        return structure.rebuild(list(results))


def _is_number(leaf: Any) -> bool:
    if isinstance(leaf, np.ndarray):
        return leaf.dtype.kind in "fciu"
    return isinstance(leaf, (int, float, complex, np.number)) and not isinstance(leaf, bool)


class _Spot:
    """One call of a function with a custom rule: how its flat operands become the user's arguments and back."""

    def __init__(self, rule: CustomRule, leaves: list[Any], moving: list[int], treedef: Any, kwargs: Any) -> None:
        self.rule = rule
        self.rest = {i: leaf for i, leaf in enumerate(leaves) if i not in set(moving)}
        self.moving = moving
        self.treedef = treedef
        self.kwargs = kwargs
        self.structure: Any = None

    def arguments(self, operands: Sequence[Any]) -> tuple[Any, ...]:
        full = dict(self.rest)
        full.update(zip(self.moving, operands, strict=True))
        return self.treedef.rebuild([full[i] for i in range(len(full))])

    def _fits(self, found: Any, structure: Any, types: Sequence[ArrayType], what: str, of: str) -> tuple[Any, ...]:
        """The leaves of what a rule returned, checked; None counts as zero."""
        label = function_label(self.rule.function)
        if structure.num_leaves == 1 and structure.paths() == [""]:
            leaves = [found]
        else:
            leaves, have = flatten(found, is_leaf=lambda v: v is None)
            if len(leaves) != structure.num_leaves:
                raise RuleError(
                    f"the {what} rule of {label} returned {len(leaves)} values ({have!r}). {structure.num_leaves}, one for each {of}, are required"
                )
        result = []
        for leaf, t in zip(leaves, types, strict=True):
            if leaf is None:
                result.append(_zeros(t))
                continue
            plain = leaf.current() if isinstance_traced(leaf) else leaf
            if np.shape(plain) != t.shape:
                raise RuleError(
                    f"the {what} rule of {label} returned shape {np.shape(plain)}. The shape of the {of}, {t.shape}, is required"
                )
            dtype = np.asarray(plain).dtype
            if dtype != t.dtype:
                if dtype.kind == "c" and t.dtype.kind != "c":
                    raise RuleError(
                        f"the {what} rule of {label} returned complex numbers for a real {of}. Real numbers are required"
                    )
                leaf = leaf.astype(t.dtype) if hasattr(leaf, "astype") else t.dtype.type(leaf)
            result.append(leaf)
        return tuple(result)

    def callee(self, results: tuple[ArrayType, ...]) -> PythonCallee:
        rule = self.rule
        structure = self.structure

        def function(*operands: Any) -> tuple[Any, ...]:
            value = rule(*self.arguments(operands), **self.kwargs)
            leaves, have = flatten(value)
            if len(leaves) != len(results):
                raise InputError(
                    f"{function_label(rule.function)} returned {have!r} where it returned {structure!r} before"
                )
            return tuple(leaves)

        def push(primals: Any, tangents: Any) -> tuple[Any, ...]:
            found = rule._push(self.arguments(primals), self.arguments(tangents), **self.kwargs)
            return self._fits(found, structure, results, "jvp", "value")

        def pull(primals: Any, bars: Any) -> tuple[Any, ...]:
            found = rule._pull(self.arguments(primals), structure.rebuild(list(bars)), **self.kwargs)
            types = _types(primals)
            if len(primals) == 1 and not (isinstance(found, tuple) and len(found) == 1):
                found = (found,)
            leaves, _ = flatten(found, is_leaf=lambda v: v is None)
            if len(leaves) != len(primals):
                raise RuleError(
                    f"the vjp rule of {function_label(rule.function)} returned {len(leaves)} cotangents. {len(primals)}, one for each argument, are required"
                )
            one = flatten(0.0)[1]
            return tuple(
                self._fits(leaf, one, (t,), "vjp", "argument")[0] for leaf, t in zip(leaves, types, strict=True)
            )

        # equal calls give one callee, so that a function traced again meets its own derivative program
        key = None
        if not self.rest and not self.kwargs:
            key = (self.treedef, results, structure)
            known = rule._callees.get(key)
            if known is not None:
                return known
        made = PythonCallee(
            function_label(rule.function),
            function,
            results,
            (False,) * len(self.moving),
            push if rule._push is not None else None,
            pull if rule._pull is not None else None,
        )
        if key is not None:
            if len(rule._callees) > 256:
                rule._callees.clear()
            rule._callees[key] = made
        return made


def custom_rule(
    f: Callable[..., Any] | None = None,
    *,
    jvp: Callable[..., Any] | None = None,
    vjp: Callable[..., Any] | None = None,
) -> Any:
    """Give a function its own derivative: a jvp, a vjp, or both.

    Parameters
    ----------
    f : callable
        Called with plain values; it may use anything (``math``, compiled code, SciPy).  Keyword arguments are not differentiated and are passed on to the rules.
    jvp : callable, optional
        ``jvp(primals, tangents) → tangent`` of the value.  ``primals`` and ``tangents`` are tuples, one entry for each argument.
    vjp : callable, optional
        ``vjp(primals, cotangent) → cotangents``, a tuple with one for each argument (None is zero); for one argument it may be that cotangent alone.

    Returns
    -------
    callable
        The function; its attributes ``.jvp`` and ``.vjp`` are decorators that set the rules.

    Raises
    ------
    RuleError
        When differentiated, if no rule was given, or a rule returns another number of values or other shapes.

    Notes
    -----
    A rule must be linear in its vector: the missing rule is its transpose.  Rules are not checked against f; ``gw.check_grad`` does that.

    Examples
    --------
    >>> import math
    >>> import gradwise as gw
    >>> @gw.custom_rule
    ... def log_cosh(x):
    ...     return math.log(math.cosh(x))
    >>> @log_cosh.jvp
    ... def _(primals, tangents):
    ...     return math.tanh(primals[0]) * tangents[0]
    >>> round(gw.grad(lambda x: 3 * log_cosh(x))(1.0), 6)
    2.284782
    """
    if f is None:
        return functools.partial(custom_rule, jvp=jvp, vjp=vjp)
    require_callable(f, "custom_rule", "(f), or @gw.custom_rule above the function")
    for rule in (jvp, vjp):
        if rule is not None:
            require_callable(rule, "custom_rule", "(f, jvp=rule), with functions")
    return CustomRule(f, jvp, vjp)
