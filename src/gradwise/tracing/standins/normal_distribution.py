"""``statistics.NormalDist`` of traced numbers: its density, distribution function, quantiles, and arithmetic.

The object is Python's own with traced numbers in its two slots, until the run ends.
"""

from __future__ import annotations

import math
import statistics
import weakref
from typing import TYPE_CHECKING, Any

import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.instrument.state import local
from gradwise.tracing.standins.real_functions import STAND_INS as REAL
from gradwise.tracing.standins.recording import at_line, number, open_traces, resolve
from gradwise.tracing.standins.scipy_calling import refuse, with_value
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

_Normal: Any = statistics.NormalDist
_math = REAL["math"]


def _moves(*values: Any) -> bool:
    return any(map(isinstance_traced, values))


def _holds(d: Any) -> bool:
    return type(d) is _Normal and _moves(d._mu, d._sigma)


def made(mu: Any, sigma: Any) -> Any:
    """The distribution with these numbers."""
    plainly = _Normal(plain(mu), plain(sigma))  # raises as it does
    if _moves(mu, sigma):
        plainly._mu, plainly._sigma = number(mu), number(sigma)
        watch = local.watch
        if watch is not None:
            reference = weakref.ref(plainly) if hasattr(_Normal, "__weakref__") else lambda: plainly
            watch.later.append(lambda: _clean(reference()))
    return plainly


def _clean(d: Any) -> None:
    if d is not None:
        d._mu, d._sigma = plain(d._mu), plain(d._sigma)


def construct(mu: Any = 0.0, sigma: Any = 1.0) -> Any:
    """``NormalDist(mu, sigma)``."""
    return made(mu, sigma)


def _plain_twin(d: Any) -> Any:
    return _Normal(plain(d._mu), plain(d._sigma))


def _of_a_number(name: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    original = getattr(_Normal, name)

    def call(self: Any, x: Any) -> Any:
        if not _holds(self) and not isinstance_traced(x):
            return original(self, x)
        value = original(_plain_twin(self), plain(x))
        with at_line(*open_traces([self._mu, self._sigma, x])):
            result = rule(self._mu, self._sigma, x)
            return with_value(result, value)

    call.__name__ = name
    call.__doc__ = f"``NormalDist.{name}``."
    return call


def _pdf(mu: Any, sigma: Any, x: Any) -> Any:
    z = (x - mu) / sigma
    return _math["exp"](-0.5 * z * z) / (sigma * math.sqrt(2 * math.pi))


def _cdf(mu: Any, sigma: Any, x: Any) -> Any:
    return 0.5 * _math["erfc"](-(x - mu) / (sigma * math.sqrt(2)))


def _inv_cdf(mu: Any, sigma: Any, p: Any) -> Any:
    return mu + sigma * scipy.special.ndtri(p)


def _zscore(mu: Any, sigma: Any, x: Any) -> Any:
    return (x - mu) / sigma


def quantiles(self: Any, n: int = 4) -> list[Any]:
    """``NormalDist.quantiles``."""
    return [METHODS[_Normal]["inv_cdf"](self, i / n) for i in range(1, n)]


def overlap(self: Any, other: Any) -> Any:
    """``NormalDist.overlap``: one, less what the distribution functions differ by where the densities meet."""
    if not _holds(self) and not _holds(other):
        return _Normal.overlap(self, other)
    value = _Normal.overlap(_plain_twin(self), _plain_twin(other))
    numbers = [self._mu, self._sigma, other._mu, other._sigma]
    with at_line(*open_traces(numbers)):
        return with_value(_overlap(*numbers), value)


def _overlap(mu: Any, sigma: Any, nu: Any, tau: Any) -> Any:
    between, spread = nu - mu, tau * tau - sigma * sigma
    if spread == 0:  # where they cross the slopes cancel: sigma and tau may be moved both or each
        if mu == nu:
            numbers = [v for v in (mu, sigma, nu, tau) if isinstance_traced(v)]
            refuse(numbers, "NormalDist.overlap of equal distributions", "It has a kink there")
        return _math["erfc"](abs(between) / (math.sqrt(2) * (sigma + tau)))
    root = sigma * tau * _math["sqrt"](between * between + 2 * spread * _math["log"](tau / sigma))
    middle = mu * tau * tau - nu * sigma * sigma
    apart = 0.0
    for x in ((middle + root) / spread, (middle - root) / spread):
        apart = apart + abs(_cdf(nu, tau, x) - _cdf(mu, sigma, x))
    return 1.0 - apart


_from_samples = _Normal.from_samples


def from_samples(cls: Any, data: Any) -> Any:
    """``NormalDist.from_samples``: with the mean and the standard deviation of a sample."""
    data = list(data)
    if cls is not _Normal or not _moves(*data):
        return _from_samples.__func__(cls, data)
    return made(resolve(statistics.fmean)(data), resolve(statistics.stdev)(data))


def _operator(name: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    original = getattr(_Normal, name)

    def call(self: Any, *others: Any) -> Any:
        if not _holds(self) and not any(_holds(o) or isinstance_traced(o) for o in others):
            return original(self, *others)
        return rule(self, *others)

    call.__name__ = name
    return call


def _sum(sign: float) -> Callable[..., Any]:
    def add(a: Any, b: Any) -> Any:
        if type(b) is _Normal:
            return made(a._mu + sign * b._mu, _math["hypot"](a._sigma, b._sigma))
        return made(a._mu + sign * b, a._sigma)

    return add


def _scaled(a: Any, factor: Any) -> Any:
    return made(a._mu * factor, a._sigma * abs(factor))


METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    _Normal: {
        "pdf": _of_a_number("pdf", _pdf),
        "cdf": _of_a_number("cdf", _cdf),
        "inv_cdf": _of_a_number("inv_cdf", _inv_cdf),
        "zscore": _of_a_number("zscore", _zscore),
        "quantiles": quantiles,
        "overlap": overlap,
    }
}
_RULES: dict[str, Callable[..., Any]] = {
    "__add__": _sum(1.0),
    "__sub__": _sum(-1.0),
    "__mul__": _scaled,
    "__truediv__": lambda a, b: made(a._mu / b, a._sigma / abs(b)),
    "__neg__": lambda a: made(-a._mu, a._sigma),
    "__rsub__": lambda a, b: made(b - a._mu, a._sigma),
}
#: operators, which are found by the identity of the method
BY_IDENTITY: list[tuple[Any, Callable[..., Any]]] = [
    (_Normal, construct),
    (_from_samples.__func__, from_samples),
    *((getattr(_Normal, name), _operator(name, rule)) for name, rule in _RULES.items()),
]
