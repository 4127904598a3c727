"""``scipy.optimize.elementwise``: find_root and find_minimum, of which each entry has an equation (an objective) of its own, and the brackets that they start from.

SciPy finds them from plain values, of ever fewer entries.  The derivative is the implicit function theorem's, of all entries at once: a root's by one slope an entry, a minimum's by one curvature.
Distributions of ``scipy.stats`` invert what they have no formula for with the functions behind these.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.roots import separable
from gradwise.tracing.standins.equations_solved import Equation
from gradwise.tracing.standins.left_behind import as_often_as_called, left
from gradwise.tracing.standins.recording import at_line, open_traces, resolve
from gradwise.tracing.standins.scipy_calling import only_at_this_point, with_value, without_rule
from gradwise.tracing.standins.scipy_minima import _STEP
from gradwise.tracing.standins.scipy_roots import _differentiated
from gradwise.tracing.standins.stacking import leaves, plainly
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

#: results that do not depend on the solver's way
_KNOWN = ("x", "f_x", "success", "status", "nfev", "nit", "_order_keys")


class _EachEntry(Equation):
    """The user's function as SciPy calls it: with the arguments of the entries that are still looked for."""

    def __call__(self, t: Any, *args: Any) -> Any:
        self.args = args
        return super().__call__(t)


def _by_place(f: Any, args: Any, options: dict[str, Any]) -> tuple[Any, tuple[Any, ...]]:
    """The function and its further arguments, those among the options by name (from SciPy 1.18 on) after the others."""
    given = args if type(args) is tuple else (args,)
    named = options.pop("kwargs", None)
    if not named:
        return f, given
    count, names = len(given), tuple(named)

    def call(t: Any, *a: Any) -> Any:
        return resolve(f)(t, *a[:count], **dict(zip(names, a[count:], strict=True)))

    return call, (*given, *named.values())


def _is_traced(equation: _EachEntry, given: Any) -> bool:
    """Whether the equations depend on something traced, by what they read or by their arguments."""
    for trace in open_traces(leaves(list(given), [])):
        if trace not in equation.traces:
            equation.traces.append(trace)
    return bool(equation.traces)


def _finding(name: str) -> Callable[..., Any]:
    @as_often_as_called
    def find(f: Any, init: Any, /, *, args: Any = (), **options: Any) -> Any:
        f, given = _by_place(f, args, options)
        equation = _EachEntry(f, ())
        found = getattr(scipy.optimize.elementwise, name)(
            equation, plainly(init), args=tuple(map(plainly, given)), **options
        )
        left(f, given)
        if not _is_traced(equation, given):
            return found
        _differentiate(name, f, equation, given, found)
        if name == "find_minimum":
            with at_line(*equation.traces):
                found.f_x = with_value(resolve(f)(found.x, *equation.args), found.f_x)
        return _known(found, name, "Its x and f_x have one")

    find.__name__ = name
    find.__doc__ = f"``scipy.optimize.elementwise.{name}``."
    return find


def _differentiate(name: str, f: Any, equation: _EachEntry, given: Any, found: Any) -> None:
    """Give what was found its derivatives."""
    if not np.all(found.success):
        raise equation.traces[0].fail(
            f"{name} did not converge for every entry (status {found.status!r}), and what it gave up at has no derivative by its equation. A better start is required"
        )
    equation.args = tuple([np.broadcast_to(as_array(a), np.shape(found.x)) for a in given])
    found.x = (_minima if name == "find_minimum" else _differentiated)(0, equation, found.x)


def _known(found: Any, name: str, which: str) -> Any:
    for key, item in found.items():
        if key not in _KNOWN:
            found[key] = without_rule(item, found.x, f"{name}(...).{key}", which)
    return found


@as_often_as_called
def _chandrupatla(func: Any, a: Any, b: Any, *, args: Any = (), **options: Any) -> Any:
    """``find_root``, as SciPy itself calls it."""
    func, given = _by_place(func, args, options)
    equation = _EachEntry(func, ())
    solve = sys.modules[_CHANDRUPATLA]._chandrupatla
    found = solve(equation, plainly(a), plainly(b), args=tuple(map(plainly, given)), **options)
    left(func, given)
    if _is_traced(equation, given):
        _differentiate("_chandrupatla", func, equation, given, found)
        _known(found, "_chandrupatla", "Its x has one")
    return found


def _bracketing(module: str, name: str) -> Callable[..., Any]:
    """A bracket, which steps of given sizes lead to: a start that moves moves it, and nothing else does until a step more is taken."""

    def bracket(f: Any, /, *init: Any, args: Any = (), **options: Any) -> Any:
        f, given = _by_place(f, args, options)
        equation = _EachEntry(f, ())
        starts = [*init, *options.values()]
        found = getattr(sys.modules[module], name)(
            equation,
            *plainly(list(init)),
            args=tuple(map(plainly, given)),
            **{k: plainly(v) for k, v in options.items()},
        )
        if _is_traced(equation, [*given, *starts]):
            only_at_this_point(equation.traces)
        moving = [v for v in leaves(starts, []) if isinstance_traced(v)]
        if moving:
            for key, item in found.items():
                found[key] = without_rule(item, moving[0], f"{name}(...).{key}", "A root that is found from it has one")
        return found

    bracket.__name__ = name
    bracket.__doc__ = f"``{module}.{name}``."
    return bracket


def _minima(kind: int, equation: Equation, value: Any) -> Any:
    with at_line(*equation.traces):
        only_at_this_point(equation.traces)
        made = separable[kind](equation.function, value, equation.args)
        step = np.abs(np.asarray(plain(made)) - value)
        if not np.all(step <= _STEP * (1.0 + np.abs(value))):
            raise equation.traces[0].fail(
                f"find_minimum was differentiated at {value!r}, which is no minimum of a smooth function: the slope of the objective is not zero there. A smooth objective is required"
            )
        return with_value(made, value)


_CHANDRUPATLA, _BRACKET, _PUBLIC = (
    "scipy.optimize._chandrupatla",
    "scipy.optimize._bracket",
    "scipy.optimize.elementwise",
)
STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    _PUBLIC: {
        **{name: _finding(name) for name in ("find_root", "find_minimum")},
        **{name: _bracketing(_PUBLIC, name) for name in ("bracket_root", "bracket_minimum")},
    },
    _CHANDRUPATLA: {"_chandrupatla": _chandrupatla},
    _BRACKET: {name: _bracketing(_BRACKET, name) for name in ("_bracket_root", "_bracket_minimum")},
}
