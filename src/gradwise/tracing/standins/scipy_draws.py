r"""Draws of SciPy's distributions: location + scale · (standard draws), which move with their shapes at a fixed probability.

.. math:: F(x(\theta);\ \theta) = u \quad\Rightarrow\quad \frac{dx}{d\theta} = -\frac{\partial_\theta F}{f}

How often a generator is asked for a gamma variate depends on its shape, so that a draw with the same seed is no function of the shape that could be differentiated usefully: its mean would not have the derivative of the mean.  The draw at
which the distribution function stays what it is has it (the *implicit reparametrisation*).  Differences of two runs with one seed are another number, and verify nothing.

References
----------
Figurnov, Mohamed & Mnih (2018), Implicit reparameterization gradients, equation 6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.standins.plain_callbacks import note_adaptive
from gradwise.tracing.standins.recording import at_line, carries, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import refuse, with_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Methods = Mapping[str, Callable[..., Any]]


def at_its_probability(methods: Methods, dist: Any, draws: Any, shapes: Sequence[Any]) -> Any:
    """Standard draws that were made with the plain shapes, as functions of the shapes; ``methods`` are the distribution's."""
    numbers = [concrete(s) for s in shapes]  # of other shapes these are other draws
    below: Any = dist.cdf(draws, *numbers)
    above: Any = dist.sf(draws, *numbers)
    upper: Any = np.asarray(below > above)
    # each from the side on which its probability is small, and known to all its digits
    lower_part = methods["ppf"](dist, _one_or_more(upper, 0.5, below), *shapes)
    upper_part = methods["isf"](dist, _one_or_more(upper, above, 0.5), *shapes)
    note_adaptive(f"a draw of scipy.stats.{dist.name} by its shape")
    return with_value(_one_or_more(upper, upper_part, lower_part), draws)


def _one_or_more(upper: Any, one: Any, other: Any) -> Any:
    made: Any = np.where(upper, one, other)
    return made[()]


def drawing(methods: Methods) -> Callable[..., Any]:
    """The method ``rvs`` of distributions that have these methods."""

    def rvs(dist: Any, *args: Any, size: Any = None, random_state: Any = None, **kwargs: Any) -> Any:
        names = [n.strip() for n in dist.shapes.split(",")] if dist.shapes else []
        places = [*names, "loc", "scale", "size", "random_state"]
        given = dict(zip(places, args, strict=False)) | kwargs
        size, random_state = given.pop("size", size), given.pop("random_state", random_state)
        loc, scale = given.pop("loc", 0.0), given.pop("scale", 1.0)
        options = {"random_state": random_state, **given}
        if not contains_traced((*given.values(), loc, scale)):
            return dist.rvs(size=size, loc=loc, scale=scale, **options)
        shapes = [given[n] for n in names if n in given]
        moves = any(map(carries, shapes))
        if not isinstance(dist, scipy.stats.rv_continuous) or (moves and len(shapes) < len(names)):
            refuse(
                (*given.values(), loc, scale),
                f"scipy.stats.{dist.name}.rvs",
                "Counts do not move: draw with plain parameters",
            )
        shape = size if size is not None else np.broadcast_shapes(*[np.shape(plain(p)) for p in (loc, scale, *shapes)])
        plain_options = {k: plain(v) if k in names and moves else concrete(v) for k, v in options.items()}
        draws = dist.rvs(size=shape or 1, **plain_options)
        draws = draws if shape or size is not None or not np.ndim(draws) else draws[0]
        with at_line(*open_traces([loc, scale, *shapes])):
            return (at_its_probability(methods, dist, draws, shapes) if moves else draws) * scale + loc

    rvs.__doc__ = "``rvs``: draws of plain location and scale 0 and 1, moved."
    return rvs
