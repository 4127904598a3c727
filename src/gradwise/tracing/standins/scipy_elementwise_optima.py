"""``scipy.optimize.elementwise``: find_root and find_minimum, of which each entry has an equation (an objective) of its own.

SciPy finds them from plain values, of ever fewer entries.  The derivative is the implicit function theorem's, of all entries at once: a root's by one slope an entry, a minimum's by one curvature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.roots import separable
from gradwise.tracing.standins.recording import at_line, open_traces, resolve
from gradwise.tracing.standins.scipy_calling import only_at_this_point, with_value, without_rule
from gradwise.tracing.standins.scipy_minima import _STEP
from gradwise.tracing.standins.scipy_roots import _differentiated, _Equation
from gradwise.tracing.standins.stacking import leaves, plainly

if TYPE_CHECKING:
    from collections.abc import Callable

#: results that do not depend on the solver's way
_KNOWN = ("x", "f_x", "success", "status", "nfev", "nit", "_order_keys")


class _EachEntry(_Equation):
    """The user's function as SciPy calls it: with the arguments of the entries that are still looked for."""

    def __call__(self, t: Any, *args: Any) -> Any:
        self.args = args
        return super().__call__(t)


def _finding(name: str) -> Callable[..., Any]:
    def find(f: Any, init: Any, /, *, args: Any = (), **options: Any) -> Any:
        given = args if type(args) is tuple else (args,)
        equation = _EachEntry(f, ())
        found = getattr(scipy.optimize.elementwise, name)(
            equation, plainly(init), args=tuple(map(plainly, given)), **options
        )
        for trace in open_traces(leaves(list(given), [])):
            if trace not in equation.traces:
                equation.traces.append(trace)
        if not equation.traces:
            return found
        if not np.all(found.success):
            raise equation.traces[0].fail(
                f"{name} did not converge for every entry (status {found.status!r}), and what it gave up at has no derivative by its equation. A better start is required"
            )
        equation.args = tuple([np.broadcast_to(as_array(a), np.shape(found.x)) for a in given])
        found.x = (_differentiated if name == "find_root" else _minima)(0, equation, found.x)
        if name == "find_minimum":
            with at_line(*equation.traces):
                found.f_x = with_value(resolve(f)(found.x, *equation.args), found.f_x)
        for key, item in found.items():
            if key not in _KNOWN:
                found[key] = without_rule(item, found.x, f"{name}(...).{key}", "Its x and f_x have one")
        return found

    find.__name__ = name
    find.__doc__ = f"``scipy.optimize.elementwise.{name}``."
    return find


def _minima(kind: int, equation: _Equation, value: Any) -> Any:
    with at_line(*equation.traces):
        only_at_this_point(equation.traces)
        made = separable[kind](equation.function, value, equation.args)
        step = np.abs(np.asarray(plain(made)) - value)
        if not np.all(step <= _STEP * (1.0 + np.abs(value))):
            raise equation.traces[0].fail(
                f"find_minimum was differentiated at {value!r}, which is no minimum of a smooth function: the slope of the objective is not zero there. A smooth objective is required"
            )
        return with_value(made, value)


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.optimize.elementwise": {name: _finding(name) for name in ("find_root", "find_minimum")}
}
