r"""``scipy.stats.multivariate_normal.cdf`` and ``logcdf`` of up to five dimensions.

.. math:: \Phi_2(h, k; \rho) = \Phi(h)\,\Phi(k) + \frac{1}{2\pi} \int_0^{\arcsin\rho} \exp\Bigl(-\frac{h^2 + k^2 - 2 h k \sin\theta}{2 \cos^2\theta}\Bigr)\,d\theta

.. math:: \Phi_n(b; R) = \prod_i \Phi(b_i) + \sum_{i<j} \rho_{ij} \int_0^1 \varphi_2(b_i, b_j; t\rho_{ij})\; \Phi_{n-2}(b \mid X_i = b_i, X_j = b_j;\ tR)\,dt

Drezner & Wesolowsky (1990), *On the computation of the bivariate normal integral*; Plackett (1954), *A reduction formula for normal multivariate integrals*, along correlations that grow together from 0.  The integrals are Gauss' sums,
recorded: their derivatives by limits and correlations are those of the probability, to the digits that the sums have (ten; from three dimensions on those are more than SciPy's value has, which draws points).
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.standins.plain_callbacks import note_adaptive
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import refuse, with_value
from gradwise.tracing.standins.stacking import assembled, leaves, plainly

if TYPE_CHECKING:
    from collections.abc import Callable

#: numbers of nodes that are tried in turn, from three dimensions on; those of two
_TRIED, _NODES = (12, 24, 48, 96), 120
#: values of the formula, by three and more dimensions
_MOST = 30_000_000
#: how far two sums of different numbers of nodes may be apart; SciPy's own error in two dimensions is below the second, and in more, where it draws points, below the third
_SETTLED, _ALIKE, _DRAWN = 1e-11, 1e-11, 1e-3
#: how small a probability may be beside that of independent variates for its logarithm to be differentiated: eight of sixteen digits are left
_CANCELLED = 1e-8
#: dimensions of which the integrals of integrals are few enough
_LARGEST = 5
#: beyond this there is nothing
_INFINITE = 40.0


@functools.cache
def _gauss(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss' nodes and weights on (0, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return 0.5 * (nodes + 1), 0.5 * weights


def _bivariate(h: Any, k: Any, rho: Any, count: int) -> Any:
    """The probability of X < h and Y < k, of correlation ρ."""
    nodes, weights = _gauss(count)
    angle = np.arcsin(rho)
    sine = np.sin(angle[..., None] * nodes)
    exponents = ((h * h + k * k)[..., None] - 2 * (h * k)[..., None] * sine) / (2 * (1 - sine * sine))
    ndtr = scipy.special.ndtr
    return ndtr(h) * ndtr(k) + angle / (2 * np.pi) * np.sum(weights * np.exp(-exponents), axis=-1)


def _below(limits: list[Any], rho: list[list[Any]], count: int) -> Any:
    """The probability below finite limits, an array for each dimension, of these correlations, which are arrays too."""
    n = len(limits)
    if n == 2:
        return _bivariate(limits[0], limits[1], rho[0][1], count)
    total: Any = 1.0
    for limit in limits:
        total = total * scipy.special.ndtr(limit)
    if n < 2:
        return total
    nodes, weights = _gauss(count)
    t, weights = np.sin(0.5 * np.pi * nodes), 0.5 * np.pi * np.cos(0.5 * np.pi * nodes) * weights
    b = [limit[..., None] for limit in limits]
    r: list[list[Any]] = [[None if i == j else rho[i][j][..., None] * t for j in range(n)] for i in range(n)]
    for i, j in itertools.combinations(range(n), 2):
        if not carries(rho[i][j]) and not np.any(plain(rho[i][j])):
            continue
        # the others, of which X_i and X_j are at their limits
        rest = 1 - r[i][j] * r[i][j]
        others = [k for k in range(n) if k not in {i, j}]
        along = {k: ((r[k][i] - r[i][j] * r[k][j]) / rest, (r[k][j] - r[i][j] * r[k][i]) / rest) for k in others}
        spread = {k: np.sqrt(1 - along[k][0] * r[k][i] - along[k][1] * r[k][j]) for k in others}
        within = [(b[k] - along[k][0] * b[i] - along[k][1] * b[j]) / spread[k] for k in others]
        between: list[list[Any]] = [
            [
                None if k == m else (r[k][m] - along[k][0] * r[m][i] - along[k][1] * r[m][j]) / (spread[k] * spread[m])
                for m in others
            ]
            for k in others
        ]
        exponents = (b[i] * b[i] + b[j] * b[j] - 2 * r[i][j] * b[i] * b[j]) / (2 * rest)
        density = np.exp(-exponents) / (2 * np.pi * np.sqrt(rest))
        total = total + rho[i][j] * np.sum(weights * density * _below(within, between, count), axis=-1)
    return total


def _within(lower: list[Any], upper: list[Any], rho: list[list[Any]], count: int) -> Any:
    """The probability between limits; those below are None where there are none."""
    for i, bound in enumerate(lower):
        if bound is not None:
            rest = [*lower[:i], None, *lower[i + 1 :]]
            return _within(rest, upper, rho, count) - _within(rest, [*upper[:i], bound, *upper[i + 1 :]], rho, count)
    return _below(upper, rho, count)


def _finite(limit: Any) -> Any:
    """Limits with large numbers in the place of infinite ones."""
    number = plain(limit)
    return limit if np.isfinite(number).all() else np.where(np.isfinite(number), limit, _INFINITE * np.sign(number))


def _double(a: Any) -> Any:
    """In double precision, in which SciPy computes the probability."""
    return as_array(a) * np.float64(1.0)


def _cancels(found: Any, x: Any, mean: Any, cov: Any) -> bool:
    """Whether a probability is so much less than that of independent variates that a difference of such has no digits of it left."""
    spread = np.sqrt(np.diagonal(np.atleast_2d(plain(as_array(cov)))))
    z = (plain(as_array(x)) - (0.0 if mean is None else plain(as_array(mean)))) / spread
    apart = np.prod(scipy.special.ndtr(np.reshape(z, (-1, len(spread)))), axis=-1)
    return bool(np.any(np.reshape(plain(found), (-1,)) < _CANCELLED * apart))


def _probability(x: Any, mean: Any, cov: Any, lower: Any) -> tuple[Any, int] | None:
    """The probability of lower < X < x, for rows x, and the dimension; None where the sums do not settle, or are too long."""
    x, cov = _double(x), _double(cov)
    n = max(np.size(plain(mean)) if mean is not None else 1, cov.shape[-1] if cov.ndim else 1)
    if n == 1 and cov.ndim == 0 and mean is None and x.ndim:
        n = x.shape[-1]
    if cov.ndim < 2:
        cov = np.reshape(cov, (1, 1)) if n == 1 else cov * np.eye(n)
    x = np.reshape(x, (*x.shape, 1)) if n == 1 and (x.ndim == 0 or x.shape[-1] != 1) else x
    centre = np.zeros(n) if mean is None else np.reshape(_double(mean), (n,))
    spread = [np.sqrt(cov[i, i]) for i in range(n)]
    rho = [[cov[i, j] / (spread[i] * spread[j]) for j in range(n)] for i in range(n)]
    upper = [_finite((x[..., i] - centre[i]) / spread[i]) for i in range(n)]
    bounds: list[Any] = [None] * n
    if lower is not None and np.any(np.isfinite(plain(as_array(lower)))):
        lower = _double(lower) + 0.0 * plain(x)
        found = [(lower[..., i] - centre[i]) / spread[i] for i in range(n)]
        bounds = [_finite(v) if np.isfinite(plain(v)).any() else None for v in found]
    plain_rho = [[as_array(plain(r)) for r in row] for row in rho]
    count = _NODES
    if n > 2:
        parts = [None if v is None else np.asarray(plain(v)) for v in bounds], [np.asarray(plain(v)) for v in upper]
        last: Any = None
        for count in _TRIED:
            each = np.size(parts[1][0]) * 2 ** sum(v is not None for v in bounds) * count ** (n // 2)
            if n > _LARGEST or each * math.factorial(n) > _MOST:
                return None
            now = _within(*parts, plain_rho, count)
            if last is not None and np.all(np.abs(now - last) <= _SETTLED):
                break
            last = now
        else:
            return None
    return _within(bounds, upper, [[as_array(r) for r in row] for row in rho], count), n


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
            found: Any
            found, n = _probability(*given) or (None, 0)
            wanted = np.exp(value) if name == "logcdf" else value
            if found is not None and name == "logcdf" and n > 1 and _cancels(found, *given[:3]):
                refuse(
                    given,
                    "scipy.stats.multivariate_normal.logcdf so far out that no digits of it are known,",
                    "A probability that is not small beside that of independent variates is required. Use cdf, whose derivative is known to the digits that it has",
                )
            if found is None or not np.allclose(plain(found), wanted, rtol=0, atol=_DRAWN if n > 2 else _ALIKE):
                refuse(
                    given,
                    f"scipy.stats.multivariate_normal.{name} of more than {_LARGEST} dimensions, or of correlations near 1,",
                    "Its derivative by a limit is the density there times a probability of one dimension less",
                )
            found = np.reshape(found, np.shape(value))
            if n > 2:
                note_adaptive(f"scipy.stats.multivariate_normal.{name}, for which SciPy draws points,")
            return with_value(np.log(found) if name == "logcdf" else found, value)

    call.__name__ = name
    call.__doc__ = f"``scipy.stats.multivariate_normal.{name}`` of up to five dimensions."
    return call
