"""``OdeSolution`` of plain numbers at traced times: what ``solve_ivp(…, dense_output=True)`` gave before the run, or for plain arguments.

Every dense output of SciPy's is a polynomial in time between two steps, of a degree of at most twelve (LSODA's).  Its coefficients in Chebyshev's polynomials are found from its own values once.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.interpolation import _interval, _taken
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.standins.recording import at_line, open_traces
from gradwise.tracing.standins.scipy_interpolation import agreeing
from gradwise.tracing.standins.stacking import assembled

if TYPE_CHECKING:
    from collections.abc import Callable

_DEGREE = 12
#: beyond the degree of the method all coefficients are rounding
_ROUNDING = 1e-14

_tables: weakref.WeakKeyDictionary[Any, tuple[np.ndarray, np.ndarray]] = weakref.WeakKeyDictionary()


def _table(solution: Any) -> tuple[np.ndarray, np.ndarray]:
    """The times of the steps, rising, and the coefficients of each piece: (pieces, degree + 1, states)."""
    if solution in _tables:
        return _tables[solution]
    times, pieces = np.asarray(solution.ts), list(solution.interpolants)
    if not solution.ascending:
        times, pieces = times[::-1], pieces[::-1]
    nodes = np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))
    middle, half = (times[1:] + times[:-1]) / 2, np.diff(times) / 2
    values = np.stack([f(m + h * nodes).T for f, m, h in zip(pieces, middle, half, strict=True)])
    found = np.linalg.solve(np.polynomial.chebyshev.chebvander(nodes, _DEGREE), values)
    sizes = np.max(np.abs(found), axis=(0, 2))
    count = int(np.max(np.flatnonzero(sizes > _ROUNDING * np.max(sizes)), initial=0)) + 1
    _tables[solution] = times, found[:, :count]
    return _tables[solution]


def at_times(solution: Any, t: Any) -> Any:
    """The states at times t: of shape (n,), or (n, len(t))."""
    t = assembled(t) if type(t) in {list, tuple} else t
    if not carries(t):
        return scipy.integrate.OdeSolution.__call__(solution, plain(t))
    value = scipy.integrate.OdeSolution.__call__(solution, plain(t))
    with at_line(*open_traces([t])):
        times, table = _table(solution)
        wanted = np.reshape(as_array(t), (-1,))
        place = _interval(times, wanted)
        low, high = _taken(times[:-1], place), _taken(times[1:], place)
        u = (2 * wanted - low - high) / (high - low)
        terms = [u * 0 + 1.0, u]
        while len(terms) < table.shape[1]:
            terms.append(2 * u * terms[-1] - terms[-2])
        found = sum(_taken(table[:, k], place) * term[:, None] for k, term in enumerate(terms[: table.shape[1]]))
        return agreeing(np.reshape(found.T, np.shape(value)), value)


def _late() -> dict[type, dict[str, Callable[..., Any]]]:
    return {scipy.integrate.OdeSolution: {"__call__": at_times}}


LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {"scipy.integrate": _late}
