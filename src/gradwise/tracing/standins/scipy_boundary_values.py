"""``scipy.integrate.solve_bvp``: the solution of a boundary value problem, differentiated by the equations that it solves.

The numbers at the nodes, and the parameters that are found beside them, are the root of the collocation of Lobatto IIIA with the boundary conditions (Kierzenka & Shampine 2001).  SciPy's tolerance is 1e-3
as a rule, and a derivative of that collocation is as far from that of the solution; so the derivative is taken at a finer one, solved from SciPy's solution, of as many unknowns as are allowed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.roots import differentiated
from gradwise.tracing.standins.left_behind import as_often_as_called, left
from gradwise.tracing.standins.plain_callbacks import Callback, note_adaptive, plain_callback, traced_leaves
from gradwise.tracing.standins.recording import at_line, open_traces
from gradwise.tracing.standins.scipy_calling import only_at_this_point, refuse, with_value
from gradwise.tracing.standins.stacking import leaves, plainly
from gradwise.tracing.standins.traced_data import hold

if TYPE_CHECKING:
    from collections.abc import Callable

#: tolerances that are tried in turn, and unknowns of the largest system whose Jacobian is made
TOLERANCES, LARGEST = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4), 600


class _Problem:
    """The equations on given nodes, of the vector of all unknowns."""

    def __init__(self, fun: Callback, bc: Callback, x: np.ndarray, n: int, k: int) -> None:
        self.fun, self.bc, self.x, self.n, self.k = fun, bc, x, n, k

    def parts(self, unknowns: Any) -> tuple[Any, tuple[Any, ...]]:
        size = self.n * self.x.size
        return unknowns[:size].reshape(self.n, self.x.size), (unknowns[size:],) if self.k else ()

    def slopes(self, x: Any, y: Any, p: tuple[Any, ...]) -> Any:
        return self.fun.traced(x, y, *p)

    def __call__(self, unknowns: Any) -> Any:
        y, p = self.parts(unknowns)
        x, h = self.x, np.diff(self.x)
        f = self.slopes(x, y, p)
        middle = 0.5 * (y[:, 1:] + y[:, :-1]) - 0.125 * h * (f[:, 1:] - f[:, :-1])
        between = self.slopes(x[:-1] + 0.5 * h, middle, p)
        collocation = y[:, 1:] - y[:, :-1] - h / 6 * (f[:, :-1] + f[:, 1:] + 4 * between)
        return np.concatenate([collocation.reshape(-1), self.bc.traced(y[:, 0], y[:, -1], *p).reshape(-1)])


def _coefficients(x: np.ndarray, y: Any, yp: Any) -> Any:
    """Of the cubic pieces with these values and slopes, as SciPy's own."""
    h = np.diff(x)
    slope = (y[:, 1:] - y[:, :-1]) / h
    t = (yp[:, :-1] + yp[:, 1:] - 2 * slope) / h
    pieces = np.stack([t / h, (slope - yp[:, :-1]) / h - t, yp[:, :-1], y[:, :-1]])
    return np.moveaxis(pieces, 1, 2)  # the axis of the pieces before that of the functions, as PPoly has it inside


def _finer(fun: Any, bc: Any, found: Any, tol: float) -> Any:
    """The solution at the finest tolerance that is affordable; SciPy's own if none is."""
    n, k = found.y.shape[0], 0 if found.p is None else found.p.size
    nodes = (LARGEST - k) // n
    for tolerance in TOLERANCES:
        if tolerance < tol:
            better = scipy.integrate.solve_bvp(fun, bc, found.x, found.y, found.p, tol=tolerance, max_nodes=nodes)
            if better.status == 0:
                return better
    return found if found.x.size <= nodes else None


@as_often_as_called
def solve_bvp(
    fun: Any,
    bc: Any,
    x: Any,
    y: Any,
    p: Any = None,
    S: Any = None,
    fun_jac: Any = None,
    bc_jac: Any = None,
    tol: Any = 1e-3,
    max_nodes: Any = 1000,
    verbose: Any = 0,
    bc_tol: Any = None,
) -> Any:
    """``scipy.integrate.solve_bvp``; what the functions refer to may be traced, and the start, which has no share in the solution."""
    settings = (max_nodes, verbose, bc_tol)
    if current_trace() is None:
        return scipy.integrate.solve_bvp(fun, bc, x, y, p, S, fun_jac, bc_jac, tol, *settings)
    right, ends = Callback(fun), Callback(bc)
    x, y, p, S, tol = (plainly(v) for v in (x, y, p, S, tol))
    jacobians = [plain_callback(jacobian) for jacobian in (fun_jac, bc_jac)]
    found = scipy.integrate.solve_bvp(right, ends, x, y, p, S, *jacobians, tol, *map(plainly, settings))
    left(fun, bc, fun_jac, bc_jac)
    moving = [callback.trace for callback in (right, ends) if callback.moves]
    if not moving:
        return found
    at_start = right.traced(found.x, found.y, *(() if found.p is None else (found.p,)))
    at_ends = ends.traced(found.y[:, 0], found.y[:, -1], *(() if found.p is None else (found.p,)))
    sources = traced_leaves([at_start, at_ends])
    if S is not None or np.iscomplexobj(found.y):
        refuse(
            sources,
            "scipy.integrate.solve_bvp with S, or of complex numbers,",
            "Write real equations without a singular term",
        )
    better = _finer(right, ends, found, float(tol)) if found.status == 0 else None
    if better is None:
        refuse(
            sources,
            f"scipy.integrate.solve_bvp, which found no solution (status {found.status}) or one of more than {LARGEST} numbers,",
            "A solution is required. Give a better start, fewer nodes, or a coarser tolerance",
        )
    traces = open_traces(leaves([at_start, at_ends], []))
    with at_line(*traces):
        only_at_this_point(traces)
        note_adaptive("scipy.integrate.solve_bvp")
        return _moved(right, ends, found, better)


def _moved(right: Callback, ends: Callback, found: Any, better: Any) -> Any:
    """SciPy's result with traced numbers."""
    n, k = found.y.shape[0], 0 if found.p is None else found.p.size
    problem = _Problem(right, ends, better.x, n, k)
    start = np.concatenate([better.y.reshape(-1), *([] if better.p is None else [better.p])])
    root = differentiated[1](problem, start, ())
    fine, parameters = problem.parts(root)
    slopes = problem.slopes(better.x, fine, parameters)
    # at SciPy's nodes, by the finer spline
    piece = np.clip(np.searchsorted(better.x, found.x, "right") - 1, 0, better.x.size - 2)
    step = found.x - better.x[piece]
    c = _coefficients(better.x, fine, slopes)[:, piece]
    y = np.moveaxis(((c[0] * step[:, None] + c[1]) * step[:, None] + c[2]) * step[:, None] + c[3], 0, 1)
    found.y = with_value(y, found.y)
    if k:
        found.p = with_value(parameters[0], found.p)
    found.yp = with_value(right.traced(found.x, y, *parameters), found.yp)
    hold(found.sol, "c", with_value(_coefficients(found.x, y, found.yp), plain(found.sol.c)))
    return found


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {"scipy.integrate": {"solve_bvp": solve_bvp}}
