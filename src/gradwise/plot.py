"""Pictures: each function takes what it draws and, optionally, matplotlib axes, and returns the axes.

    gw.plot.contour(f, xlim, ylim)             level sets, gradient arrows perpendicular to them, a path, critical points
    gw.plot.surface(f, xlim, ylim)             the graph over two variables, with tangent plane
    gw.plot.line_slice(f, x, direction)        f along a line with its tangent and quadratic model
    gw.plot.rose(f, x)                         the directional derivative over the angle
    gw.plot.level_set(curve)                   a contour through a point
    gw.plot.gradient_field(field)              arrows on a grid
    gw.plot.flow_lines(f, xlim, ylim)          curves along the gradient
    gw.plot.critical_points(points)            minima, maxima, saddles with their axes of curvature
    gw.plot.convergence(run)                   f and ‖∇f‖ against the step, with theory, fitted rate and noise floor
    gw.plot.step_sizes(run)                    learning rates and lengths of steps
    gw.plot.descent(run)                       path, convergence and steps side by side
    gw.plot.gradient(g)                        the entries of a gradient as bars
    gw.plot.matrix(J)  gw.plot.sparsity(J)     a Jacobian or Hessian as a heat map, and where it is zero
    gw.plot.v_curve(estimate)                  error against step of a numerical derivative
    gw.plot.verdicts(report)                   a gradient check, entry by entry

With ``ax=None`` a new figure is made; ``ax.figure.savefig("picture.png")`` needs no display.  Nothing is shown and no global setting of
matplotlib changes.  matplotlib is imported by the first picture: ``pip install gradwise[plot]``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradwise.plotting.contour import contour
    from gradwise.plotting.convergence import convergence
    from gradwise.plotting.critical_points import critical_points
    from gradwise.plotting.descent import descent
    from gradwise.plotting.flow_lines import flow_lines
    from gradwise.plotting.gradient import gradient
    from gradwise.plotting.gradient_field import gradient_field
    from gradwise.plotting.level_set import level_set
    from gradwise.plotting.line_slice import line_slice
    from gradwise.plotting.matrix import matrix
    from gradwise.plotting.rose import rose
    from gradwise.plotting.sparsity import sparsity
    from gradwise.plotting.step_sizes import step_sizes
    from gradwise.plotting.surface import surface
    from gradwise.plotting.v_curve import v_curve
    from gradwise.plotting.verdicts import verdicts

__all__ = [
    "contour",
    "convergence",
    "critical_points",
    "descent",
    "flow_lines",
    "gradient",
    "gradient_field",
    "level_set",
    "line_slice",
    "matrix",
    "rose",
    "sparsity",
    "step_sizes",
    "surface",
    "v_curve",
    "verdicts",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no picture {name!r}. There are: {', '.join(__all__)}")
    picture = getattr(importlib.import_module(f"gradwise.plotting.{name}"), name)
    globals()[name] = picture
    return picture


def __dir__() -> list[str]:
    return __all__
