"""The state of a method at the end of a path that somebody else took: run again on the gradients of the path, and believed if it takes the same steps.

Adaptive methods divide the gradient by a P that they have gathered; their largest stable rate depends on it, and no trace holds it.  It follows from the gradients, if the trace begins
with the first step and leaves none out, and the constants are those that were used; then the steps that it predicts are those of the path.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.descent.methods import Method

#: a step may differ from the predicted one by this share of its length
_SHARE = 0.01


def replayed(
    method: Method, points: list[np.ndarray], gradients: list[np.ndarray | None], rates: np.ndarray | None
) -> tuple[Any, str]:
    """The state after the last step and "", or None and why it is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from gradwise.descent.methods.rmsprop import RMSProp
    >>> method, x, points, rates = RMSProp(), np.array([1.0]), [], np.full(3, 0.1)
    >>> state = method.init(x, x)
    >>> for _ in range(4):
    ...     points.append(x)
    ...     x = method.step(state, x, 2 * x, 0.1)
    >>> replayed(method, points, [2 * p for p in points], rates)[1]
    ''
    """
    name, count = method.name, len(points) - 1
    state = method.init(points[0], points[0])
    gathers = method.scaling(state) is not None
    lost = f"no limit of the rate of {name}" if gathers else f"theory may speak of other steps than those of {name}"
    if count < 1:
        return None, f"{lost}: the trace holds no step."
    if rates is None or len(rates) < count or not np.all(np.isfinite(rates[:count])):
        return None, f"{lost}: the learning rate is not known. Pass learning_rate=."
    given = [g for g in gradients[:count] if g is not None and np.all(np.isfinite(g))]
    if len(given) < count or not all(np.all(np.isfinite(x)) for x in points):
        return None, f"{lost}: a gradient or a point is missing or not finite."
    with np.errstate(all="ignore"):
        for k, g in enumerate(given):
            there = method.step(state, points[k], g, float(rates[k]))
            step = float(np.max(np.abs(points[k + 1] - points[k])))
            rounding = 16 * float(np.finfo(points[k].dtype).eps) * float(np.max(np.abs(points[k])))
            apart = float(np.max(np.abs(there - points[k + 1])))
            if not apart <= _SHARE * step + rounding:
                constants = ", ".join(f"{key}={value:g}" for key, value in method.options().items())
                return None, (
                    f"{lost}: step {k} of the trace is not that of {name}({constants}), from which it differs by {apart:.2g} "
                    f"in a step of {step:.2g}. Pass the constants that were used, and the trace from its first step on, with the gradients that were used."
                )
    return state, ""
