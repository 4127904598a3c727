"""Draws of ``numpy.random`` with traced parameters, where a draw is location + scale · (a draw without parameters).

That is how NumPy computes them, so the values are NumPy's and the generator is left as NumPy leaves it.  Where a parameter changes how often the generator is asked (the shape of a gamma
variate), the draw moves with it at a fixed probability (``scipy_draws.py``), or raises.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.rules import elementwise
from gradwise.rules.linear_algebra.bases import are_distinct
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.instrument.muting import note_generator
from gradwise.tracing.standins.arrays import asarray
from gradwise.tracing.standins.recording import at_line, carries, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import confirmed, with_value
from gradwise.tracing.standins.scipy_distributions import moved_draws
from gradwise.tracing.standins.stacking import concretely, leaves
from gradwise.tracing.traced import TracedScalar, apply, isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def _shape(size: Any, *parameters: Any) -> Any:
    return size if size is not None else np.broadcast_shapes(*[np.shape(plain(p)) for p in parameters]) or None


def _checked(scale: Any) -> Any:
    if np.any(np.signbit(plain(scale))):
        raise ValueError("scale < 0")
    if carries(scale):
        concrete(scale < 0, "mask")
    return scale


def _located(name: str) -> Callable[..., Any]:
    def draw(rng: Any, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        z = getattr(rng, name)(0.0, 1.0, _shape(size, loc, _checked(scale)))
        return loc + scale * z

    return draw


def _scaled(name: str) -> Callable[..., Any]:
    def draw(rng: Any, scale: Any = 1.0, size: Any = None) -> Any:
        return _checked(scale) * getattr(rng, name)(1.0, _shape(size, scale))

    return draw


def _uniform(rng: Any, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
    return low + (high - low) * rng.uniform(0.0, 1.0, _shape(size, low, high))


def _lognormal(rng: Any, mean: Any = 0.0, sigma: Any = 1.0, size: Any = None) -> Any:
    power = mean + _checked(sigma) * rng.normal(0.0, 1.0, _shape(size, mean, sigma))
    value = np.vectorize(math.exp, [float])(plain(power))[()]  # NumPy's generators ask the C library, np.exp does not
    return apply(power.tape, elementwise.exp, (power,), (), value)


def _shaped(dist: str, draws: Any, *shapes: Any) -> Any:
    """Draws that were made with the plain shapes, as functions of these where they are traced."""
    return moved_draws(getattr(scipy.stats, dist), draws, *shapes) if any(map(carries, shapes)) else draws


def _gamma(rng: Any, shape: Any, scale: Any = 1.0, size: Any = None) -> Any:
    draws = rng.gamma(_numbers(shape), 1.0, _shape(size, shape, _checked(scale)))
    return scale * _shaped("gamma", draws, shape)


def _standard_gamma(rng: Any, shape: Any, size: Any = None) -> Any:
    return _gamma(rng, shape, 1.0, size)


def _beta(rng: Any, a: Any, b: Any, size: Any = None) -> Any:
    draws = rng.beta(_numbers(a), _numbers(b), _shape(size, a, b))
    return _shaped("beta", draws, a, b)


def _of_one(name: str, dist: str, offset: float = 0.0) -> Callable[..., Any]:
    """Draws with one parameter, a shape of a distribution of SciPy's, which is larger by an offset."""

    def draw(rng: Any, shape: Any, size: Any = None) -> Any:
        draws = getattr(rng, name)(_numbers(shape), _shape(size, shape))
        return _shaped(dist, draws + offset, shape) - offset

    return draw


def _numbers(value: Any) -> Any:
    """The plain value; guarded where it carries no derivative."""
    return plain(value) if carries(value) else concretely(value)


def _wald(rng: Any, mean: Any, scale: Any, size: Any = None) -> Any:
    draws = rng.wald(_numbers(mean), _numbers(scale), _shape(size, mean, scale))
    return with_value(scale * _shaped("invgauss", draws / plain(scale), mean / scale), draws)


def _triangular(rng: Any, left: Any, mode: Any, right: Any, size: Any = None) -> Any:
    draws = rng.triangular(*map(_numbers, (left, mode, right)), _shape(size, left, mode, right))
    place = (draws - plain(left)) / (plain(right) - plain(left))
    return with_value(left + (right - left) * _shaped("triang", place, (mode - left) / (right - left)), draws)


def _vonmises(rng: Any, mu: Any, kappa: Any, size: Any = None) -> Any:
    draws = rng.vonmises(_numbers(mu), _numbers(kappa), _shape(size, mu, kappa))
    around = np.remainder(draws - plain(mu) + np.pi, 2 * np.pi) - np.pi
    return with_value(mu + _shaped("vonmises", around, kappa), draws)


def _f(rng: Any, dfnum: Any, dfden: Any, size: Any = None) -> Any:
    return _shaped("f", rng.f(_numbers(dfnum), _numbers(dfden), _shape(size, dfnum, dfden)), dfnum, dfden)


def _noncentral_chisquare(rng: Any, df: Any, nonc: Any, size: Any = None) -> Any:
    return _shaped("ncx2", rng.noncentral_chisquare(_numbers(df), _numbers(nonc), _shape(size, df, nonc)), df, nonc)


def _noncentral_f(rng: Any, dfnum: Any, dfden: Any, nonc: Any, size: Any = None) -> Any:
    shapes = dfnum, dfden, nonc
    return _shaped("ncf", rng.noncentral_f(*map(_numbers, shapes), _shape(size, *shapes)), *shapes)


def _dirichlet(rng: Any, alpha: Any, size: Any = None) -> Any:
    """Each entry is a share of what those before it leave, and the shares are independent beta variates."""
    draws = rng.dirichlet(_numbers(alpha), size)
    if not carries(alpha):
        return draws
    k = draws.shape[-1]
    left = np.cumsum(draws[..., ::-1], axis=-1)[..., ::-1]
    with np.errstate(all="ignore"):
        shares = draws[..., :-1] / left[..., :-1]
    found, rest = [], 1.0
    for j in range(k - 1):
        share = _shaped("beta", shares[..., j], alpha[j], np.sum(alpha[j + 1 :]))
        found.append(rest * share)
        rest = rest * (1.0 - share)
    return with_value(np.stack([*found, rest], axis=-1), draws)


def _factor(rng: Any, cov: Any, method: str) -> Any:
    """The factor F of a covariance F Fᵀ, which may be traced, by eigenvalues or singular ones."""
    if method == "eigh":
        s, u = np.linalg.eigh(cov)
    else:
        u, s, v = np.linalg.svd(cov)
        u = u if isinstance(rng, np.random.Generator) else v.T
    return u * np.sqrt(s)


def _multivariate_normal(rng: Any, mean: Any, cov: Any, size: Any = None, *args: Any, **options: Any) -> Any:
    """Standard draws z as mean + F z, with the factor F of the covariance that NumPy takes."""
    if not carries(cov):
        return mean + rng.multivariate_normal(np.zeros(np.shape(plain(mean))), concretely(cov), size, *args, **options)
    twin = copy.deepcopy(rng)
    value = rng.multivariate_normal(plain(mean), plain(cov), size, *args, **options)
    z = twin.standard_normal(np.shape(value))
    method = options.get("method", "svd")
    number = plain(cov)
    if method == "cholesky":
        factor = np.linalg.cholesky(cov)
    elif not are_distinct(np.linalg.eigvalsh(number)):
        # their vectors may turn to anywhere: as Cholesky's factor moves, from NumPy's at this point
        concrete(cov)
        factor = np.linalg.cholesky(cov) @ np.linalg.solve(np.linalg.cholesky(number), _factor(rng, number, method))
    else:
        factor = _factor(rng, cov, method)
    return confirmed(mean + z @ factor.T, value, "multivariate_normal")


def _choice(rng: Any, a: Any, size: Any = None, replace: Any = True, p: Any = None, *args: Any, **options: Any) -> Any:
    """One of the entries: which, is concrete."""
    p = None if p is None else concretely(p)
    a = a if isinstance_traced(a) or not contains_traced(a) else asarray(a)
    if not carries(a) or np.ndim(plain(a)) == 0:
        return rng.choice(concretely(a), size, replace, p, *args, **options)
    axis = options.get("axis", args[0] if args else 0)
    shuffle = {k: v for k, v in options.items() if k == "shuffle"}
    which = rng.choice(a.shape[axis], size, replace, p, **shuffle)
    return np.take(a, which, axis=axis) if np.ndim(which) or a.ndim > 1 else a[which]


def _permutation(rng: Any, x: Any, axis: int = 0) -> Any:
    x = as_array(x)
    return np.take(x, rng.permutation(x.shape[axis]), axis=axis)


def _shuffle(rng: Any, x: Any, axis: int = 0) -> None:
    """In place: by the places to which NumPy brings the numbers 0, 1, … of an array of that length."""
    if not isinstance_traced(x):  # a list of traced numbers
        rng.shuffle(x)
        return
    places = np.arange(x.shape[axis])
    rng.shuffle(places)
    x[...] = np.take(x, places, axis=axis)


def _constant(rng: Any, name: str, argument: str, value: Any) -> Any:
    if not contains_traced(value):
        return value
    found = [x for x in leaves([value], []) if isinstance_traced(x)]
    if not any(map(carries, found)):
        return concretely(value)
    raise next(x for x in found if carries(x)).tape.fail(
        f"a draw of {name} was asked for with a traced {argument} = {plain(value)!r}. A draw is a function of its location and scale only: how it is found depends "
        f"on {argument}. Draw with a plain {argument}, or draw uniform numbers and apply the inverse distribution function"
    )


def _refused(name: str) -> Callable[..., Any]:
    def draw(rng: Any, *args: Any, **kwargs: Any) -> Any:
        args = tuple([_constant(rng, name, f"argument number {i + 1}", a) for i, a in enumerate(args)])
        return getattr(rng, name)(*args, **{k: _constant(rng, name, k, v) for k, v in kwargs.items()})

    return draw


_DRAWS: dict[str, Callable[..., Any]] = {
    **{name: _located(name) for name in ("normal", "laplace", "logistic", "gumbel")},
    **{name: _scaled(name) for name in ("exponential", "rayleigh")},
    "uniform": _uniform,
    "lognormal": _lognormal,
    "gamma": _gamma,
    "standard_gamma": _standard_gamma,
    "beta": _beta,
    "dirichlet": _dirichlet,
    "triangular": _triangular,
    "vonmises": _vonmises,
    "wald": _wald,
    "f": _f,
    "noncentral_chisquare": _noncentral_chisquare,
    "noncentral_f": _noncentral_f,
    "chisquare": _of_one("chisquare", "chi2"),
    "standard_t": _of_one("standard_t", "t"),
    "weibull": _of_one("weibull", "weibull_min"),
    "pareto": _of_one("pareto", "pareto", 1.0),
    "power": _of_one("power", "powerlaw"),
    "multivariate_normal": _multivariate_normal,
    "choice": _choice,
    "permutation": _permutation,
    "shuffle": _shuffle,
    **{
        name: _refused(name)
        for name in (
            *("binomial", "geometric", "hypergeometric", "logseries"),
            *("multinomial", "negative_binomial", "poisson", "zipf"),
        )
    },
}


def _method(name: str) -> Callable[..., Any]:
    ours = _DRAWS[name]
    of_entries = name in {"choice", "permutation", "shuffle"}

    def call(rng: Any, *args: Any, **kwargs: Any) -> Any:
        if not contains_traced(args) and not (kwargs and contains_traced(tuple(kwargs.values()))):
            return getattr(rng, name)(*args, **kwargs)
        if not of_entries:
            args = tuple([_array(a) for a in args])
            kwargs = {k: _array(v) for k, v in kwargs.items()}
        with at_line(*open_traces(leaves((*args, *kwargs.values()), []))):
            result = ours(rng, *args, **kwargs)
        if type(result) is TracedScalar and type(result.value) is not float and not of_entries:
            return TracedScalar(result.tape, result.index, float(result.value))  # NumPy draws one number of Python's
        return result

    call.__name__ = name
    call.__doc__ = f"``{name}`` of a generator, with traced parameters."
    return call


def _array(parameter: Any) -> Any:
    return asarray(parameter) if type(parameter) in {list, tuple} and contains_traced(parameter) else parameter


def _function(name: str) -> Callable[..., Any]:
    """The function of the module, which asks NumPy's global generator."""
    method = _method(name)

    def call(*args: Any, **kwargs: Any) -> Any:
        original = getattr(np.random, name)
        note_generator(original.__self__)
        if not contains_traced(args) and not (kwargs and contains_traced(tuple(kwargs.values()))):
            return original(*args, **kwargs)
        return method(original.__self__, *args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``np.random.{name}``, with traced parameters."
    return call


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {"numpy.random": {name: _function(name) for name in _DRAWS}}


def _generators() -> dict[type, dict[str, Callable[..., Any]]]:
    entries = {name: _method(name) for name in _DRAWS}
    return {np.random.Generator: entries, np.random.RandomState: entries}


LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {"numpy.random": _generators}
