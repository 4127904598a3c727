r"""``scipy.stats.multivariate_normal.cdf`` and ``logcdf`` of one and two dimensions.

.. math:: \Phi_2(h, k; \rho) = \Phi(h)\,\Phi(k) + \frac{1}{2\pi} \int_0^{\arcsin\rho} \exp\Bigl(-\frac{h^2 + k^2 - 2 h k \sin\theta}{2 \cos^2\theta}\Bigr)\,d\theta

Drezner & Wesolowsky (1990), *On the computation of the bivariate normal integral*.  The integral is Gauss' sum, recorded: its derivatives by h, k and ρ are those of the probability, to the digits that the sum has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import refuse, with_value
from gradwise.tracing.standins.stacking import assembled, leaves, plainly

if TYPE_CHECKING:
    from collections.abc import Callable

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(120)
_NODES, _WEIGHTS = 0.5 * (_NODES + 1), 0.5 * _WEIGHTS
#: SciPy's own error in two dimensions is below this
_ALIKE = 1e-11


def _bivariate(h: Any, k: Any, rho: Any) -> Any:
    """The probability of X < h and Y < k, of correlation ρ; h and k are arrays of one shape."""
    angle = np.arcsin(rho)
    sine = np.sin(angle * _NODES)
    h, k = h[..., None], k[..., None]
    exponents = (h * h + k * k - 2 * h * k * sine) / (2 * (1 - sine * sine))
    ndtr = scipy.special.ndtr
    return ndtr(h[..., 0]) * ndtr(k[..., 0]) + angle / (2 * np.pi) * np.sum(_WEIGHTS * np.exp(-exponents), axis=-1)


def _below(limits: list[Any], rho: Any) -> Any:
    """The probability below limits, a number or array for each dimension; those that are infinite are plain."""
    infinite = [not np.all(np.isfinite(plain(limit))) for limit in limits]
    ndtr = scipy.special.ndtr
    if not any(infinite):
        return _bivariate(limits[0], limits[1], rho) if len(limits) == 2 else ndtr(limits[0])
    product: Any = 1.0
    for limit in limits:
        product = product * ndtr(limit)
    # where a limit is infinite the others stand alone
    if len(limits) == 1 or all(infinite):
        return product
    safe = [np.where(np.isfinite(plain(limit)), limit, 0.0) for limit in limits]
    both = np.isfinite(plain(limits[0])) & np.isfinite(plain(limits[1]))
    return np.where(both, _bivariate(safe[0], safe[1], rho), product)


def _probability(x: Any, mean: Any, cov: Any, lower: Any) -> Any:
    """The probability of lower < X < x, for rows x; None for more than two dimensions."""
    x, cov = as_array(x), as_array(cov)
    n = max(np.size(plain(mean)) if mean is not None else 1, cov.shape[-1] if cov.ndim else 1)
    if n == 1 and cov.ndim == 0 and mean is None and x.ndim:
        n = x.shape[-1]
    if n > 2:
        return None
    if cov.ndim < 2:
        cov = np.reshape(cov, (1, 1)) if n == 1 else cov * np.eye(n)
    x = np.reshape(x, (*x.shape, 1)) if n == 1 and (x.ndim == 0 or x.shape[-1] != 1) else x
    centre = np.zeros(n) if mean is None else np.reshape(as_array(mean), (n,))
    spread = [np.sqrt(cov[i, i]) for i in range(n)]
    rho = cov[0, 1] / (spread[0] * spread[1]) if n == 2 else 0.0
    upper = [(x[..., i] - centre[i]) / spread[i] for i in range(n)]
    total = _below(upper, rho)
    if lower is None or not np.any(np.isfinite(plain(as_array(lower)))):
        return total
    lower = as_array(lower) + 0.0 * plain(x)
    bounds = [(lower[..., i] - centre[i]) / spread[i] for i in range(n)]
    if n == 1:
        return total - _below(bounds, rho)
    return total - _below([bounds[0], upper[1]], rho) - _below([upper[0], bounds[1]], rho) + _below(bounds, rho)


def probability(name: str) -> Callable[..., Any]:
    """The method of that name: SciPy's value, and the formula recorded."""

    def call(dist: Any, x: Any, mean: Any = None, cov: Any = 1, *rest: Any, lower_limit: Any = None, **options: Any) -> Any:  # fmt: skip
        original = getattr(dist, name)
        moving = (x, mean, cov, lower_limit)
        if not contains_traced(moving):
            return original(x, mean, cov, *rest, lower_limit=lower_limit, **options)
        given = [assembled(a) if type(a) in {list, tuple} else a for a in moving]
        value = original(*[plainly(a) for a in given[:3]], *rest, lower_limit=plainly(given[3]), **options)
        with at_line(*open_traces(leaves(given, []))):
            found = _probability(*given)
            if found is None:
                refuse(
                    given,
                    f"scipy.stats.multivariate_normal.{name} in more than two dimensions, where SciPy draws points,",
                    "Its derivative by a limit is the density there times a probability of one dimension less",
                )
            wanted = np.exp(value) if name == "logcdf" else value
            found = np.reshape(found, np.shape(value))
            if not np.allclose(plain(found), wanted, rtol=0, atol=_ALIKE):
                refuse(
                    given, f"scipy.stats.multivariate_normal.{name} of a correlation near 1", "Use other coordinates"
                )
            return with_value(np.log(found) if name == "logcdf" else found, value)

    call.__name__ = name
    call.__doc__ = f"``scipy.stats.multivariate_normal.{name}`` in one and two dimensions."
    return call
