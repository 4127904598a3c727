"""The constraints and bounds of ``scipy.optimize``, which may be traced: what SciPy is given in their place, and which of them hold with equality at a minimum.

``Bounds`` and ``LinearConstraint`` of traced numbers are SciPy's objects of the plain numbers, with the traced ones in their attributes.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.standins.recording import contains_traced, open_traces, resolve
from gradwise.tracing.standins.stacking import assembled, leaves, plainly
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

#: a constraint holds with equality if it is as near to it as a solver brings it
NEAR = 1e-4


class Constraints:
    """Equations and inequalities c(x) = 0 and c(x) ≥ 0, as functions of x whose values may be traced."""

    def __init__(self) -> None:
        self.functions: list[tuple[Callable[[Any], Any], bool]] = []  # and whether an inequality
        self.traces: list[Any] = []

    def equation(self, function: Callable[[Any], Any]) -> None:
        self.functions.append((function, False))

    def inequality(self, function: Callable[[Any], Any]) -> None:
        self.functions.append((function, True))

    def between(self, function: Callable[[Any], Any], low: Any, high: Any) -> None:
        """Function(x) between low and high, entry by entry, with equations where low is high."""
        self.note(low, high)
        bottom, top = np.asarray(plainly(low), float), np.asarray(plainly(high), float)

        def rows(test: Callable[[], np.ndarray], above: Callable[[Any], Any]) -> Callable[[Any], Any]:
            def at(x: Any) -> Any:
                value = np.atleast_1d(function(x))
                mask = np.broadcast_to(test(), np.shape(plain(value)))
                return np.reshape(above(value), (-1,))[np.flatnonzero(mask)]

            return at

        self.equation(rows(lambda: bottom == top, lambda v: v - low))
        self.inequality(rows(lambda: (bottom != top) & np.isfinite(bottom), lambda v: v - _finite(low)))
        self.inequality(rows(lambda: (bottom != top) & np.isfinite(top), lambda v: _finite(high) - v))

    def note(self, *values: Any) -> None:
        """Note on which open traces values depend."""
        for trace in open_traces([v for v in leaves(list(values), []) if carries(v)]):
            if trace not in self.traces:
                self.traces.append(trace)

    def active(self, x: np.ndarray) -> tuple[Callable[[Any], Any], np.ndarray]:
        """What holds with equality at a point, as a function of x, and which of that are inequalities."""
        scale = 1.0 + np.max(np.abs(x), initial=0.0)
        parts: list[tuple[Callable[[Any], Any], np.ndarray]] = []
        signs: list[bool] = []
        for function, is_inequality in self.functions:
            value = np.atleast_1d(plain(_vector(function(x))))
            places = np.flatnonzero(np.abs(value) <= NEAR * scale) if is_inequality else np.arange(value.size)
            if places.size:
                parts.append((function, places))
                signs += [is_inequality] * places.size

        def rows(x: Any) -> Any:
            return np.concatenate([_vector(f(x))[places] for f, places in parts])

        return rows, np.array(signs, bool)


def _vector(value: Any) -> Any:
    value = assembled(value) if type(value) in {list, tuple} else value
    return np.reshape(as_array(value), (-1,))


def _finite(bound: Any) -> Any:
    """A bound with zeros for what is infinite."""
    return np.where(np.isfinite(np.asarray(plainly(bound), float)), as_array(bound), 0.0)


# --- bounds ---------------------------------------------------------------------------------------------------------------------------


def bounds_of(bounds: Any, n: int) -> tuple[Any, Any, Any]:
    """(what SciPy is given, the lower bounds, the upper ones); the latter may be traced."""
    if bounds is None:
        return None, None, None
    if isinstance(bounds, scipy.optimize.Bounds):
        low, high = bounds.lb, bounds.ub
        ours = scipy.optimize.Bounds(plainly(low), plainly(high), plainly(bounds.keep_feasible))
    else:
        pairs = [list(pair) for pair in (bounds if not isinstance_traced(bounds) else list(bounds))]
        low = assembled([-np.inf if p[0] is None else p[0] for p in pairs])
        high = assembled([np.inf if p[1] is None else p[1] for p in pairs])
        ours = [tuple(plainly(b) for b in pair) for pair in pairs]
    return ours, *[np.broadcast_to(as_array(b) * 1.0, (n,)) for b in (low, high)]


def _holding(name: str, attributes: tuple[str, ...]) -> Callable[..., Any]:
    """SciPy's class; with traced arguments its object of the plain ones, with them in its attributes."""

    def make(*args: Any, **kwargs: Any) -> Any:
        cls = getattr(scipy.optimize, name)
        if not contains_traced((*args, *kwargs.values())):
            return cls(*args, **kwargs)
        made = cls(*[plainly(a) for a in args], **{k: plainly(v) for k, v in kwargs.items()})
        given = dict(zip(attributes, args, strict=False)) | kwargs
        for key, value in given.items():
            if contains_traced([value]):
                setattr(made, key, assembled(value) if type(value) in {list, tuple} else value)
        return made

    make.__name__ = name
    return make


# --- constraints ------------------------------------------------------------------------------------------------------------------------


def read(constraints: Any, found: Constraints, wrap: Callable[[Any, tuple[Any, ...]], Any]) -> Any:
    """The constraints of ``minimize`` for SciPy, put into ``found`` as they are.

    ``wrap`` makes of a function of x and its arguments one with plain values, which notes what is traced.
    """
    single = isinstance(constraints, dict) or not isinstance(constraints, (list, tuple))
    given = []
    for constraint in [constraints] if single else constraints:
        if isinstance(constraint, dict):
            given.append(_of_dictionary(constraint, found, wrap))
        elif isinstance(constraint, scipy.optimize.LinearConstraint):
            given.append(_linear(constraint, found))
        else:
            given.append(_nonlinear(constraint, found, wrap))
    return given[0] if single else given


def _of_dictionary(constraint: dict[str, Any], found: Constraints, wrap: Callable[..., Any]) -> dict[str, Any]:
    args = tuple(constraint.get("args", ()))
    function = constraint["fun"]

    def value(x: Any) -> Any:
        return resolve(function)(x, *args)

    (found.equation if constraint["type"].lower() == "eq" else found.inequality)(value)
    ours = {"type": constraint["type"], "fun": wrap(function, args)}
    if callable(constraint.get("jac")):
        ours["jac"] = wrap(constraint["jac"], args)
    return ours


def _linear(constraint: Any, found: Constraints) -> Any:
    matrix = constraint.A
    found.note(matrix)

    def value(x: Any) -> Any:
        return np.atleast_1d(matrix @ x)

    found.between(value, constraint.lb, constraint.ub)
    return _plain_copy(constraint, ("A", "lb", "ub"))


def _nonlinear(constraint: Any, found: Constraints, wrap: Callable[..., Any]) -> Any:
    function = constraint.fun
    found.between(lambda x: _vector(resolve(function)(x)), constraint.lb, constraint.ub)
    ours = _plain_copy(constraint, ("lb", "ub"))
    ours.fun = wrap(function, ())
    for name in ("jac", "hess"):
        if callable(getattr(ours, name)) and not isinstance(getattr(ours, name), scipy.optimize.HessianUpdateStrategy):
            setattr(ours, name, wrap(getattr(ours, name), ()))
    return ours


def _plain_copy(constraint: Any, names: tuple[str, ...]) -> Any:
    ours = copy.copy(constraint)
    for name in names:
        setattr(ours, name, plainly(getattr(ours, name)))
    return ours


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.optimize": {
        "Bounds": _holding("Bounds", ("lb", "ub", "keep_feasible")),
        "LinearConstraint": _holding("LinearConstraint", ("A", "lb", "ub", "keep_feasible")),
    }
}
