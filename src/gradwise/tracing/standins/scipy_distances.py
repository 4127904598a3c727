"""``scipy.spatial.distance`` on traced points: ``cdist``, ``pdist``, ``squareform`` and the distances of two vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.rules.linear_algebra.singular import norm
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array, carries, common_dtype
from gradwise.tracing.standins.recording import resolve
from gradwise.tracing.standins.scipy_calling import refuse, shown, table, with_value
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.traced import apply

if TYPE_CHECKING:
    from collections.abc import Callable

# --- distances along the last axis ----------------------------------------------------------------------------------------------


def _euclidean(u: Any, v: Any, w: Any = None) -> Any:
    """The norm of the difference: 0 at equal points is a kink and not 0/0."""
    away = u - v
    if w is not None:
        away = away * np.sqrt(w)
    if not carries(away):
        return np.sqrt(np.sum(away**2, axis=-1))
    return apply(away.tape, norm, (away,), ((away.ndim - 1,), False))


def _sqeuclidean(u: Any, v: Any, w: Any = None) -> Any:
    squares = (u - v) ** 2
    return np.sum(squares if w is None else w * squares, axis=-1)


def _cityblock(u: Any, v: Any, w: Any = None) -> Any:
    sizes = np.abs(u - v)
    return np.sum(sizes if w is None else w * sizes, axis=-1)


def _chebyshev(u: Any, v: Any, w: Any = None) -> Any:
    sizes = np.abs(u - v)
    return np.max(sizes if w is None else np.where(np.asarray(w) > 0, sizes, 0.0), axis=-1)


def _minkowski(u: Any, v: Any, p: Any = 2.0, w: Any = None) -> Any:
    if not carries(p) and p == 2:  # of a traced p the derivative is asked for
        return _euclidean(u, v, w)
    if not carries(p) and p == 1:
        return _cityblock(u, v, w)
    if p == np.inf:
        return _chebyshev(u, v, w)
    sizes = np.abs(u - v)
    largest = concrete(np.max(sizes, axis=-1, keepdims=True))
    scale = np.where(largest == 0, 1.0, largest)
    powers = (sizes / scale) ** p
    total = np.sum(powers if w is None else w * powers, axis=-1)
    still = total == 0  # equal points: a kink, of slope 0
    return np.where(still, 0.0, np.where(still, 1.0, total) ** (1.0 / p)) * scale[..., 0]


def _cosine(u: Any, v: Any, w: Any = None) -> Any:
    if w is not None:
        w = w / np.sum(w)
    weigh: Callable[[Any], Any] = (lambda x: x) if w is None else (lambda x: w * x)
    return 1.0 - np.sum(weigh(u * v), axis=-1) / np.sqrt(np.sum(weigh(u * u), axis=-1) * np.sum(weigh(v * v), axis=-1))


def _correlation(u: Any, v: Any, w: Any = None, centered: bool = True) -> Any:
    if not centered:
        return _cosine(u, v, w)
    if w is not None:
        w = w / np.sum(w)
        u, v = u - np.sum(w * u, axis=-1, keepdims=True), v - np.sum(w * v, axis=-1, keepdims=True)
    else:
        u, v = u - np.mean(u, axis=-1, keepdims=True), v - np.mean(v, axis=-1, keepdims=True)
    return _cosine(u, v, w)


def _canberra(u: Any, v: Any, w: Any = None) -> Any:
    size = np.abs(u) + np.abs(v)
    nothing = size == 0
    terms = np.where(nothing, 0.0, np.abs(u - v) / np.where(nothing, 1.0, size))
    return np.sum(terms if w is None else w * terms, axis=-1)


def _braycurtis(u: Any, v: Any, w: Any = None) -> Any:
    above, below = np.abs(u - v), np.abs(u + v)
    return np.sum(above if w is None else w * above, axis=-1) / np.sum(below if w is None else w * below, axis=-1)


def _mahalanobis(u: Any, v: Any, VI: Any) -> Any:
    away = u - v
    return np.sqrt(np.sum((away @ as_array(VI)) * away, axis=-1))


def _seuclidean(u: Any, v: Any, V: Any) -> Any:
    return _euclidean(u, v, 1.0 / as_array(V))


def _jensenshannon(u: Any, v: Any) -> Any:
    u, v = (d / np.sum(d, axis=-1, keepdims=True) for d in (u, v))
    middle = (u + v) / 2
    total = np.sum(scipy.special.rel_entr(u, middle) + scipy.special.rel_entr(v, middle), axis=-1) / 2.0
    still = total <= 0  # equal distributions: a kink, of slope 0
    return np.where(still, 0.0, np.sqrt(np.where(still, 1.0, total)))


_METRICS: dict[str, Callable[..., Any]] = {
    "euclidean": _euclidean,
    "sqeuclidean": _sqeuclidean,
    "cityblock": _cityblock,
    "chebyshev": _chebyshev,
    "minkowski": _minkowski,
    "cosine": _cosine,
    "correlation": _correlation,
    "canberra": _canberra,
    "braycurtis": _braycurtis,
    "mahalanobis": _mahalanobis,
    "seuclidean": _seuclidean,
    "jensenshannon": _jensenshannon,
}
#: what SciPy calls them too
_ALIASES = {
    **dict.fromkeys(("euclid", "eu", "e"), "euclidean"),
    **dict.fromkeys(("sqe", "sqeuclid"), "sqeuclidean"),
    **dict.fromkeys(("cblock", "cb", "c"), "cityblock"),
    **dict.fromkeys(("cheby", "cheb", "ch", "chebychev"), "chebyshev"),
    **dict.fromkeys(("mi", "m", "pnorm"), "minkowski"),
    **dict.fromkeys(("cos",), "cosine"),
    **dict.fromkeys(("co",), "correlation"),
    **dict.fromkeys(("mahal", "mah"), "mahalanobis"),
    **dict.fromkeys(("se", "s"), "seuclidean"),
    **dict.fromkeys(("js",), "jensenshannon"),
}


def _metric(points: list[Any], name: str, metric: Any, options: dict[str, Any]) -> Callable[..., Any]:
    """The distance along the last axis; what is measured in units of the points' spread gets it, as SciPy finds it."""
    if callable(metric):
        key = getattr(metric, "__name__", "")
        if getattr(scipy.spatial.distance, key, None) is not metric:
            return _pair_by_pair(resolve(metric))
        metric = key
    key = _ALIASES.get(str(metric).lower(), str(metric).lower())
    ours = _METRICS.get(key)
    if ours is None:
        refuse(
            points,
            f"scipy.spatial.distance.{name} with metric={metric!r}",
            f"Write one of {sorted(_METRICS)}, or the formula in NumPy",
        )
    assert ours is not None
    if key == "seuclidean" and options.get("V") is None:
        options["V"] = np.var(np.vstack(points), axis=0, ddof=1)
    if key == "mahalanobis" and options.get("VI") is None:
        options["VI"] = np.linalg.inv(np.atleast_2d(np.cov(np.vstack(points).T))).T
    return ours


def _pair_by_pair(metric: Callable[..., Any]) -> Callable[..., Any]:
    """A function of two vectors, of pairs of them."""

    def of_pairs(u: Any, v: Any, **options: Any) -> Any:
        shape = np.broadcast_shapes(np.shape(plain(u)), np.shape(plain(v)))
        u, v = (np.broadcast_to(a, shape) for a in (u, v))
        found = [metric(u[place], v[place], **options) for place in np.ndindex(shape[:-1])]
        return np.reshape(assembled(found), shape[:-1])

    return of_pairs


def _arrays(options: dict[str, Any]) -> dict[str, Any]:
    return {k: as_array(v) if isinstance(v, (list, tuple)) else v for k, v in options.items()}


def _points(x: Any) -> Any:
    x = as_array(x)
    return x if x.dtype.kind == "f" else x.astype(float)


def cdist(XA: Any, XB: Any, metric: Any = "euclidean", *, out: Any = None, **options: Any) -> Any:
    """``scipy.spatial.distance.cdist``."""
    XA, XB = _points(XA), _points(XB)
    theirs = (lambda u, v, **o: plain(metric(u, v, **o))) if callable(metric) else metric
    value = scipy.spatial.distance.cdist(*shown(XA, XB), theirs, **{k: plain(v) for k, v in options.items()})
    options = _arrays(options)
    ours = _metric([XA, XB], "cdist", metric, options)
    return with_value(ours(XA[:, None, :], XB[None, :, :], **options), value)


def pdist(X: Any, metric: Any = "euclidean", *, out: Any = None, **options: Any) -> Any:
    """``scipy.spatial.distance.pdist``."""
    X = _points(X)
    theirs = (lambda u, v, **o: plain(metric(u, v, **o))) if callable(metric) else metric
    value = scipy.spatial.distance.pdist(plain(X), theirs, **{k: plain(v) for k, v in options.items()})
    options = _arrays(options)
    ours = _metric([X], "pdist", metric, options)
    first, second = np.triu_indices(X.shape[0], 1)
    return with_value(ours(X[first], X[second], **options), value)


def distance_matrix(x: Any, y: Any, p: Any = 2, threshold: Any = None) -> Any:
    """``scipy.spatial.distance_matrix``."""
    x, y = _points(x), _points(y)
    value = scipy.spatial.distance_matrix(*shown(x, y), p)
    return with_value(_minkowski(x[:, None, :], y[None, :, :], p), value)


def minkowski_distance(x: Any, y: Any, p: Any = 2.0) -> Any:
    """``scipy.spatial.minkowski_distance``."""
    x, y = _points(x), _points(y)
    return with_value(_minkowski(x, y, p), scipy.spatial.minkowski_distance(*shown(x, y, p)))


def jensenshannon(p: Any, q: Any, base: Any = None, *, axis: int = 0, keepdims: bool = False) -> Any:
    """``scipy.spatial.distance.jensenshannon``: the root of the mean divergence from the mean of two distributions."""
    p, q = _points(p), _points(q)
    value = scipy.spatial.distance.jensenshannon(*shown(p, q), base, axis=axis, keepdims=keepdims)
    p, q = (d / np.sum(d, axis=axis, keepdims=True) for d in (p, q))
    middle = (p + q) / 2
    terms = scipy.special.rel_entr(p, middle) + scipy.special.rel_entr(q, middle)
    total = np.sum(terms, axis=axis, keepdims=keepdims)
    return with_value(np.sqrt(total / (2.0 if base is None else 2.0 * np.log(base))), value)


def squareform(X: Any, force: str = "no", checks: bool = True) -> Any:
    """``scipy.spatial.distance.squareform``."""
    X = as_array(X)
    value = scipy.spatial.distance.squareform(plain(X), force, checks)
    if X.ndim == 2:
        rows, columns = np.triu_indices(X.shape[0], 1)
        return X[rows, columns]
    n = value.shape[0]
    numbers = scipy.spatial.distance.squareform(np.arange(1, X.shape[0] + 1)) if n > 1 else np.zeros((n, n), int)
    padded = np.concatenate([np.zeros(1, X.dtype), X])
    return padded[numbers]


def _of_two(name: str) -> Callable[..., Any]:
    ours = _METRICS[name]

    def call(u: Any, v: Any, *args: Any, **options: Any) -> Any:
        u, v = as_array(u), as_array(v)
        dtype = common_dtype(u, v)
        if dtype.kind not in "fc":
            dtype = np.dtype(float)
        original = getattr(scipy.spatial.distance, name)
        value = original(*shown(u, v), *map(plain, args), **{k: plain(x) for k, x in options.items()})
        return with_value(
            ours(u.astype(dtype, copy=False), v.astype(dtype, copy=False), *args, **_arrays(options)), value
        )

    call.__name__ = name
    call.__doc__ = f"``scipy.spatial.distance.{name}``."
    return call


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.spatial.distance": table(
        "scipy.spatial.distance",
        {
            "cdist": cdist,
            "pdist": pdist,
            "squareform": squareform,
            **{name: _of_two(name) for name in _METRICS},
            "jensenshannon": jensenshannon,
        },
    ),
    "scipy.spatial": table(
        "scipy.spatial", {"distance_matrix": distance_matrix, "minkowski_distance": minkowski_distance}
    ),
}
