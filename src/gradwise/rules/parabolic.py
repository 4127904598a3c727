"""Parabolic cylinder functions with their slopes, as SciPy gives them: D_ν, V_ν and W(a, x).

Each is a solution of a linear equation of the second order, which is the slope of its slope (DLMF 12.2.2, 12.2.3, 12.14.1):

    y″ = (x²/4 + a) y,  a = −ν − ½     for D_ν and V_ν            y″ = (a − x²/4) y     for W
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.program import Primitive
from gradwise.rules.algebra import batch_elementwise, mul
from gradwise.rules.elementwise import square
from gradwise.rules.special import no_rule, scipys

if TYPE_CHECKING:
    from collections.abc import Callable


def _with_slope(name: str, curvature: Callable[[Any, Any], Any], argument: str) -> Primitive:
    """A function of a parameter and of x with two outputs, y and dy/dx, where y″ = ``curvature(parameter, x)`` y."""
    unknown = no_rule(f"scipy.special.{name}", argument)

    def jvp(primals: Any, tangents: Any, outputs: Any) -> Any:
        (parameter, x), (by_parameter, dx) = primals, tangents
        if by_parameter is not None:
            unknown()
        return mul(outputs[1], dx), mul(mul(curvature(parameter, x), outputs[0]), dx)

    primitive = Primitive(
        name,
        scipys(name),
        lambda p, x: (x.with_shape(np.broadcast_shapes(p.shape, x.shape)),) * 2,
        jvp=jvp,
        multiple=True,
    )
    primitive.batch = lambda operands, batched: batch_elementwise(primitive, operands, batched, ())
    return primitive


pbdv = _with_slope("pbdv", lambda v, x: 0.25 * square(x) - v - 0.5, "its order")
pbvv = _with_slope("pbvv", lambda v, x: 0.25 * square(x) - v - 0.5, "its order")
pbwa = _with_slope("pbwa", lambda a, x: a - 0.25 * square(x), "its parameter")
