"""``scipy.stats``: densities of the multivariate normal and t, Dirichlet and multinomial distributions, frozen ones, and kernel density estimates.

Formulas: the documentation of ``scipy.stats``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.holders import standing_for
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import only_at_this_point, refuse, with_value, without_rule
from gradwise.tracing.standins.scipy_normal_probabilities import probability
from gradwise.tracing.standins.scipy_systems import _system
from gradwise.tracing.standins.stacking import assembled, leaves, plainly
from gradwise.tracing.traced import isinstance_traced

_LOG_ROOT_2_PI = 0.5 * math.log(2 * math.pi)
#: eigenvalues of a covariance below this share of the largest are zero to SciPy
_LEAST = 1e6 * float(np.finfo(float).eps)
_SINGULAR = (
    "A density with respect to a singular covariance, beside which there is none,",
    "Differentiate by the points and the mean, or add a small multiple of the unit matrix",
)


def _arrays(*arguments: Any) -> list[Any]:
    return [assembled(a) if type(a) in {list, tuple} else a for a in arguments]


def _distances(x: Any, mean: Any, cov: Any, singular: bool = False) -> tuple[Any, Any, int, int]:
    """(x − μ)ᵀ Σ⁻¹ (x − μ) of each row, half the logarithm of |Σ|, the dimension, and the rank of Σ."""
    x = as_array(x)
    if _is_covariance(cov):  # SciPy's object, which knows a root of the inverse
        n = cov.shape[-1]
        rows = np.reshape(x - (0.0 if mean is None else mean), (-1, n))
        return np.sum((rows @ cov.whiten(np.eye(n))) ** 2, axis=1), 0.5 * float(cov.log_pdet), n, int(cov.rank)
    cov = as_array(cov)
    n = max(np.size(plain(mean)) if mean is not None else 1, cov.shape[-1] if cov.ndim else 1)
    if cov.ndim < 2:
        cov = np.reshape(cov, (1, 1)) if n == 1 else cov * np.eye(n)
    away = x - (np.zeros(n) if mean is None else mean)  # a point of one entry stands for one of n equal ones
    rows = np.reshape(away, (-1, n))
    if isinstance_traced(cov):  # the rank, by which SciPy refuses a matrix where it may not be singular
        moved = np.linalg.eigvalsh(cov)
        concrete(moved > _LEAST * np.max(np.abs(moved)), "mask")
    if singular:
        lengths, vectors = np.linalg.eigh(plain(cov))
        kept = lengths > _LEAST * np.max(np.abs(lengths))
        if not np.all(kept):
            only_at_this_point(open_traces([x, mean, cov]))  # whether a point lies in the plane, and its directions
            lengths, vectors = without_rule((lengths[kept], vectors[:, kept]), cov, *_SINGULAR)
            return np.sum((rows @ vectors) ** 2 / lengths, axis=1), 0.5 * np.sum(np.log(lengths)), n, int(np.sum(kept))
    factor = np.linalg.cholesky(cov)
    solved = _system(factor, rows.T, np.linalg.solve(plain(factor), plain(rows).T))
    return np.sum(solved**2, axis=0), np.sum(np.log(np.diagonal(factor))), n, n


def _is_covariance(cov: Any) -> bool:
    known = getattr(scipy.stats, "Covariance", None)  # from SciPy 1.10 on
    return known is not None and isinstance(cov, known)


def _density(name: str, logarithm: Callable[..., Any], result: str, doc: str) -> Callable[..., Any]:
    """The method ``result`` of a distribution: SciPy's value, and ``logarithm(*arguments)`` recorded, or its exponential."""

    def call(dist: Any, *args: Any, **options: Any) -> Any:
        every = (*args, *options.values())
        original = getattr(dist, result)
        if not contains_traced(every):
            return original(*args, **options)
        args = tuple(_arrays(*args))
        options = dict(zip(options, _arrays(*options.values()), strict=True))
        value = original(*map(plainly, args), **{k: plainly(v) for k, v in options.items()})
        with at_line(*open_traces(leaves([*args, *options.values()], []))):
            recorded = np.reshape(logarithm(*args, **options), np.shape(value))
            if not result.startswith("log"):
                recorded = np.exp(recorded)
            nowhere = value == (-np.inf if result.startswith("log") else 0.0)
            if np.any(nowhere):  # beside the plane of a singular covariance, say
                only_at_this_point(open_traces([recorded]))
                recorded = np.where(nowhere, value, recorded)
            return with_value(recorded, value)

    call.__name__ = result
    call.__doc__ = f"``scipy.stats.{name}.{result}``{doc}."
    return call


def _normal(x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False, **options: Any) -> Any:
    distance, half, _, rank = _distances(x, mean, cov, allow_singular)
    return -0.5 * distance - half - rank * _LOG_ROOT_2_PI


def _student(x: Any, loc: Any = None, shape: Any = 1, df: Any = 1) -> Any:
    if isinstance_traced(df):  # SciPy refuses others, and at infinity has the normal density
        for side in (df > 0, df < np.inf):
            concrete(side, "mask")
    if np.any(np.isinf(plain(df))):
        return _normal(x, loc, shape, allow_singular=True)
    distance, half, n, _ = _distances(x, loc, shape, singular=True)
    gammaln = scipy.special.gammaln
    size = gammaln(0.5 * (df + n)) - gammaln(0.5 * df) - 0.5 * n * np.log(math.pi * df) - half
    return size - 0.5 * (df + n) * np.log1p(distance / df)


def _dirichlet(x: Any, alpha: Any) -> Any:
    x, alpha = as_array(x), as_array(alpha)
    if x.shape[0] < alpha.shape[0]:
        x = np.concatenate([x, 1 - np.sum(x, axis=0, keepdims=True)])
    terms = scipy.special.xlogy((alpha - 1).T, x.T).T if x.ndim == 1 else scipy.special.xlogy((alpha - 1)[:, None], x)
    gammaln = scipy.special.gammaln
    return np.sum(terms, axis=0) + gammaln(np.sum(alpha)) - np.sum(gammaln(alpha))


def counts(x: Any, what: str) -> Any:
    """Counts: a probability of integers is 0 beside them, and has no derivative by them."""
    message = f"scipy.stats.{what} with respect to counts, at which alone it is not 0,"
    return without_rule(concrete(x), x, message, "Pass them as another argument, which is not differentiated")


def _multinomial(x: Any, n: Any, p: Any) -> Any:
    x, n, p = as_array(x), as_array(n), as_array(p)
    x, n = counts(x, "multinomial"), counts(n, "multinomial")
    # SciPy takes the last probability from the others where they do not add up to 1
    last = 1 - np.sum(p[..., :-1], axis=-1, keepdims=True)
    terms = scipy.special.xlogy(x * 1.0, np.concatenate([p[..., :-1], last], axis=-1))
    gammaln = scipy.special.gammaln
    return gammaln(n + 1.0) + np.sum(terms - gammaln(x + 1.0), axis=-1)


@standing_for("plainly")
class TracedFrozen:
    """A multivariate distribution with traced parameters: its densities, and its parameters as given."""

    def __init__(self, dist: Any, args: tuple[Any, ...], kwargs: dict[str, Any], methods: dict[str, Any]) -> None:
        self.dist, self.args, self.kwds, self._methods = dist, args, kwargs, methods

    @property
    def plainly(self) -> Any:
        """SciPy's, with plain parameters."""
        return self.dist(*map(plainly, self.args), **{k: plainly(v) for k, v in self.kwds.items()})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._methods:
            return refuse(
                [*self.args, *self.kwds.values()],
                f"{name} of a frozen multivariate distribution with traced parameters",
                f"Its densities are known ({', '.join(self._methods)})",
            )
        method = self._methods[name]
        return lambda x, **options: method(self.dist, x, *self.args, **self.kwds, **options)


def _freezing(methods: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    def call(dist: Any, *args: Any, **kwargs: Any) -> Any:
        if not contains_traced((*args, *kwargs.values())):
            return dist(*args, **kwargs)
        return TracedFrozen(dist, args, kwargs, methods)

    call.__name__ = "__call__"
    call.__doc__ = "A frozen multivariate distribution."
    return call


def _of_frozen(
    method: Callable[..., Any], name: str, parameters: Callable[[Any], dict[str, Any]]
) -> Callable[..., Any]:
    def call(frozen: Any, x: Any, **options: Any) -> Any:
        if not contains_traced((x, *options.values())):
            return getattr(frozen, name)(x, **options)
        return method(frozen._dist, x, **parameters(frozen), **options)

    call.__name__ = name
    call.__doc__ = f"``{name}`` of a frozen multivariate distribution at traced points."
    return call


def _moments(frozen: Any) -> dict[str, Any]:
    return {"mean": frozen.mean, "cov": frozen.cov}


def _of_frozen_normal(frozen: Any) -> dict[str, Any]:
    return _moments(frozen) | {"allow_singular": frozen.allow_singular}


def _estimate(name: str) -> Callable[..., Any]:
    """A kernel density estimate at traced points: Σⱼ wⱼ N(x; dⱼ, Σ)."""

    def call(kde: Any, points: Any) -> Any:
        if not contains_traced((points,)):
            return getattr(kde, name)(points)
        (points,) = _arrays(points)
        value = getattr(kde, name)(plainly(points))
        with at_line(*open_traces(leaves([points], []))):
            x = np.atleast_2d(as_array(points))
            d, m = kde.dataset.shape
            if x.shape[0] != d:
                x = np.reshape(x, (d, 1))
            away = x[:, :, None] - kde.dataset[:, None, :]
            scaled = np.tensordot(np.linalg.inv(np.linalg.cholesky(kde.covariance)), away, 1)
            half = np.sum(np.log(np.diagonal(np.linalg.cholesky(kde.covariance))))
            exponents = -0.5 * np.sum(scaled**2, axis=0) - half - d * _LOG_ROOT_2_PI + np.log(kde.weights)
            top = np.max(plain(exponents), axis=1, keepdims=True)
            logarithm = np.log(np.sum(np.exp(exponents - top), axis=1)) + top[:, 0]
            return with_value(logarithm if name == "logpdf" else np.exp(logarithm), value)

    call.__name__ = name
    call.__doc__ = f"``scipy.stats.gaussian_kde.{name}`` of traced points."
    return call


def methods() -> dict[type, dict[str, Callable[..., Any]]]:
    """The methods of SciPy's multivariate distributions, by type; ``scipy.stats`` must be loaded."""
    stats = scipy.stats
    table: dict[type, dict[str, Callable[..., Any]]] = {}
    for name, logarithm, results, doc in (
        ("multivariate_normal", _normal, ("pdf", "logpdf"), ", by its covariance where that is positive definite"),
        ("multivariate_t", _student, ("pdf", "logpdf"), ""),
        ("dirichlet", _dirichlet, ("pdf", "logpdf"), ""),
        ("multinomial", _multinomial, ("pmf", "logpmf"), ", of plain counts"),
    ):
        dist = getattr(stats, name)
        own = {result: _density(name, logarithm, result, doc) for result in results}
        if name == "multivariate_normal":
            own |= {result: probability(result) for result in ("cdf", "logcdf")}
        table[type(dist)] = own | {"__call__": _freezing(own)}
        if name == "multivariate_normal":
            frozen = {
                result: _of_frozen(method, result, _of_frozen_normal if result in {"pdf", "logpdf"} else _moments)
                for result, method in own.items()
            }
            table[type(dist([0.0], [[1.0]]))] = frozen
        if name == "multivariate_t":
            table[type(dist([0.0], [[1.0]]))] = {
                result: _of_frozen(method, result, lambda f: {"loc": f.loc, "shape": f.shape, "df": f.df})
                for result, method in own.items()
            }
        if name == "dirichlet":
            table[type(dist([1.0, 1.0]))] = {
                result: _of_frozen(method, result, lambda f: {"alpha": f.alpha}) for result, method in own.items()
            }
    table[stats.gaussian_kde] = {name: _estimate(name) for name in ("evaluate", "pdf", "logpdf", "__call__")}
    return table
