"""Equations as SciPy's root finders get them: on plain values, with what they depend on, and how a program finds their roots again."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import carries
from gradwise.tracing.instrument.state import local
from gradwise.tracing.purity import is_plain
from gradwise.tracing.standins.again import again, is_asked
from gradwise.tracing.standins.left_behind import Left
from gradwise.tracing.standins.proven import formula_of, plain_callbacks
from gradwise.tracing.standins.recording import open_traces, resolve
from gradwise.tracing.standins.scipy_calling import only_at_this_point
from gradwise.tracing.standins.stacking import assembled, leaves, plainly
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Way(NamedTuple):
    """How a root is found again.

    Attributes
    ----------
    name : str
        The solver's.
    settings : dict
        By name.
    starts : sequence
        Where it starts.
    root_if_any : callable
        Of what the solver returns, the root; None where it did not converge.
    minimiser : callable, optional
        For a minimum, which is a root of the gradient: ``minimiser(callbacks, starts)`` gives it, or None; the first callback is the objective.
    """

    name: str
    settings: dict[str, Any]
    starts: Sequence[Any]
    root_if_any: Callable[[Any], Any]
    minimiser: Callable[[list[Any], Sequence[Any]], Any] | None = None


class Equation:
    """The user's function as SciPy calls it: on plain values, with plain results; it notes whether they depend on something traced.

    Attributes
    ----------
    traces : list
        The open traces on which a result depends.
    """

    def __init__(self, function: Any, args: tuple[Any, ...]) -> None:
        self.function = function
        self.args = args
        self.traces: list[Any] = []
        #: the equation at the root, if its code proves that it may be recorded once
        self.formula: Any = None
        #: what the function left behind when SciPy had called it
        self.left: Left | None = None
        #: how the root is found again, where a program is made that is to stand for the function
        self.again: Any = None
        self._called = resolve(function)

    def __call__(self, t: Any, *args: Any) -> Any:
        result = self._called(t, *self.args)
        found = [result] if isinstance_traced(result) else leaves(result, []) if type(result) in (list, tuple) else []
        for trace in open_traces(found):
            if trace not in self.traces and any(carries(v) for v in found):
                self.traces.append(trace)
        return plainly(result)

    def restore(self, *, ends: bool = True) -> None:
        """Put back what calls wrote to that SciPy did not make."""
        if self.left is not None:
            self.left.restore(ends=ends)


def quietly(function: Any, args: tuple[Any, ...]) -> Any:
    """A callback whose values only steer the solver."""
    return Equation(function, args) if callable(function) else function


def reported(callback: Any) -> Any:
    """A function to which a solver reports its steps, as SciPy calls it: what it does is seen by the run.  SciPy asks for its signature."""
    if not callable(callback):
        return callback
    called = resolve(callback)

    @functools.wraps(callback)
    def call(*args: Any, **kwargs: Any) -> Any:
        return plainly(called(*args, **kwargs))

    return call


def solved(
    run: Callable[[Any, list[Any], tuple[Any, ...]], Any],
    root_of: Callable[[Any], Any],
    function: Any,
    others: Sequence[Any],
    args: tuple[Any, ...],
    sample: Any,
    settings: Sequence[Any] = (),
    way: Way | None = None,
) -> tuple[Equation, Any]:
    """What SciPy finds, and the equation with what it depends on.

    Parameters
    ----------
    run : callable
        ``run(function, others, args)`` calls SciPy.
    root_of : callable
        The root in what that returns.
    others : sequence
        Further callbacks, of the same arguments, or settings.
    sample : number or array
        What the function is called with.
    settings : sequence
        SciPy's other arguments.  A function among them may change what the equation reads.
    way : Way, optional
        How the root is found again.
    """
    equation = Equation(function, args)
    before = Left(function, *[o for o in others if callable(o)], *args)
    try:
        found = _run(run, root_of, equation, others, sample, settings, way, before)
    except Exception:
        _fix(equation, failed=True)
        raise
    _fix(equation)
    equation.restore(ends=False)
    return equation, found


def _run(
    run: Callable[[Any, list[Any], tuple[Any, ...]], Any],
    root_of: Callable[[Any], Any],
    equation: Equation,
    others: Sequence[Any],
    sample: Any,
    settings: Sequence[Any],
    way: Way | None,
    before: Left,
) -> Any:
    """What SciPy finds; the equation learns what it depends on, and how it is found again."""
    function, args = equation.function, equation.args
    callables = [o if callable(o) else None for o in others]
    samples = [(sample,)] * (1 + len(callables))
    proved = (
        plain_callbacks([function, *callables], samples, args)
        if is_plain(sample) and not any(map(callable, settings))
        else None
    )
    if proved is not None:
        functions = proved.functions
        seen: list[list[Any]] = []
        if way is not None and way.minimiser is not None and is_asked():
            functions, seen = _noting(functions)
        found = run(functions[0], [f if callable(o) else o for f, o in zip(functions[1:], others, strict=True)], proved.args)  # fmt: skip
        equation.left = Left(function, *callables, *args, before=before)
        value = root_of(found)
        if np.asarray(value).dtype == np.float64 and np.isfinite(value).all():
            equation.formula = formula_of(lambda t: _first(resolve(function)(t, *args)), (as_leaf(value),))
            if equation.formula is not None:
                equation.traces = equation.formula.traces if equation.formula.moves else []
                # the user's code may ask whether it converged
                converged = way is not None and (way.minimiser is None or way.root_if_any(found) is not None)
                if way is not None and converged and equation.traces and is_asked():
                    equation.again = _way_again(way, function, callables, as_leaf(value), args, seen)
                return found
    found = run(equation, [quietly(o, args) for o in others], ())
    equation.left = Left(function, *callables, *args, before=before)
    return found


def _way_again(
    way: Way, function: Any, callables: list[Any], point: Any, args: tuple[Any, ...], seen: list[list[Any]]
) -> Any:
    """How the root is found again, or the minimum."""
    further = [o for o in callables if o is not None]
    if way.minimiser is None:
        solve = _solver(way.name, way.settings, [o is not None for o in callables], way.root_if_any)
        return again(way.name, way.settings, way.starts, further, point, args, solve)
    minimiser, first = way.minimiser, [function]
    if any(type(value) is tuple for _, value in seen[0]):  # the objective with its gradient
        first = [lambda t, *a, k=k: resolve(function)(t, *a)[k] for k in range(2)]
        seen = [*[[(t, value[k]) for t, value in seen[0]] for k in range(2)], *seen[1:]]
    found = again(way.name, way.settings, way.starts, [*first, *further], point, args, lambda fs, at: minimiser(fs[1:], at))  # fmt: skip
    if found is not None:
        found.seen = seen
    return found


#: calls that are noted
MANY = 100


def _noting(functions: list[Any]) -> tuple[list[Any], list[list[Any]]]:
    """The functions that note where they are asked, and what they give."""
    noting: list[Any] = []
    seen: list[list[Any]] = []
    for function in functions:
        if function is None:
            noting.append(None)
            continue
        noted: list[Any] = []

        def call(t: Any, *args: Any, function: Any = function, noted: list[Any] = noted) -> Any:
            at = t.copy() if type(t) is np.ndarray else t
            value = function(t, *args)
            if len(noted) < MANY:
                noted.append((at, value.copy() if type(value) is np.ndarray else value))
            return value

        noting.append(call)
        seen.append(noted)
    return noting, seen


def _fix(equation: Equation, *, failed: bool = False) -> None:
    """Let a program stand for these numbers alone, where the solver does not run in it: what is found depends on where it starts, and on what decides in the equation, without a derivative too.

    That the solver failed is no part of any program.
    """
    if local.watch is not None and (failed or (equation.again is None and is_asked())):
        only_at_this_point([local.watch.trace])


def _solver(
    name: str, settings: dict[str, Any], given: list[bool], root_if_any: Callable[[Any], Any]
) -> Callable[[list[Any], Sequence[Any]], Any]:
    """SciPy's solver as a function of its callbacks and of where it starts."""
    solver, places = getattr(scipy.optimize, name), _CALLBACKS.get(name, ())

    def solve(callbacks: list[Any], starts: Sequence[Any]) -> Any:
        rest = iter(callbacks[1:])
        named = {place: next(rest) for place, there in zip(places, given, strict=True) if there}
        if name == "root_scalar" and len(starts) == 2:
            return root_if_any(solver(callbacks[0], bracket=starts, **named, **settings))
        if name == "root_scalar":
            return root_if_any(solver(callbacks[0], x0=starts[0], **named, **settings))
        return root_if_any(solver(callbacks[0], *starts, **named, **settings))

    return solve


#: what the further callbacks are called
_CALLBACKS = {"newton": ("fprime", "fprime2"), "root_scalar": ("fprime", "fprime2"), "fsolve": ("fprime",), "root": ("jac",)}  # fmt: skip


def as_leaf(value: Any) -> Any:
    """A root as an argument of its own."""
    return np.array(value) if np.ndim(value) else value


def _is_number(x: Any) -> bool:
    return type(x) not in (list, tuple) and np.ndim(plain(x)) == 0


def _first(result: Any) -> Any:
    """The values of the equations as an array; of (values, slope) the first."""
    if type(result) is tuple and result and not all(map(_is_number, result)):
        result = result[0]
    return assembled(result) if type(result) in (list, tuple) else result
