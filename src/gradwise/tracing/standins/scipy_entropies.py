r"""Entropies of distributions of ``scipy.stats`` that SciPy finds by a sum or an integral, by their shapes.

.. math:: h(\theta) = -\sum_x p(x;\theta) \log p(x;\theta)

The sum over counts, or over the nodes of a double exponential integral (``scipy_double_exponential.py``), in logarithms: where the density underflows p log p is 0, and so is its derivative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.plain_callbacks import note_choice
from gradwise.tracing.standins.scipy_double_exponential import double_exponential

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: what of a distribution of counts is left out on either side, and how many counts are summed
_TAIL, _MOST = 1e-18, 1 << 18
#: whose formula of SciPy's calls what has no rule
_COMPILED = frozenset({"gompertz", "invgauss"})
#: how near the formula is to SciPy's value
_ALIKE = 1e-6


def entropy_of(dist: Any, methods: dict[str, Callable[..., Any]], shapes: Sequence[Any], value: Any) -> Any:
    """The recorded entropy of the standard form; None where SciPy has a formula, the support moves with the shapes, or the sum is not SciPy's value."""
    kind = scipy.stats.rv_continuous if isinstance(dist, scipy.stats.rv_continuous) else scipy.stats.rv_discrete
    if type(dist)._get_support is not kind._get_support and kind is scipy.stats.rv_continuous:
        return None
    if kind is scipy.stats.rv_continuous:
        name = "logpdf"
        found = None
        if (type(dist)._entropy is kind._entropy or dist.name in _COMPILED) and name in methods:
            low, high = np.full(np.shape(value), float(dist.a)), np.full(np.shape(value), float(dist.b))
            found = double_exponential(lambda x, *s: _terms(methods[name](dist, x, *s)), low, high, tuple(shapes))
        made = None if found is None else found[0]
    else:
        made = _over_counts(dist, methods["logpmf"], shapes) if "logpmf" in methods else None
    if made is None or not np.allclose(plain(made), value, rtol=_ALIKE, atol=_ALIKE):
        return None
    note_choice(made)
    return made


def _terms(logarithms: Any) -> Any:
    """−p log p, of log p."""
    kept = np.isfinite(plain(logarithms))
    safe = np.where(kept, logarithms, 0.0)
    return np.where(kept, -np.exp(safe) * safe, 0.0)


def _over_counts(dist: Any, logpmf: Callable[..., Any], shapes: Sequence[Any]) -> Any:
    """The sum over counts; None where they are too many."""
    numbers = [plain(s) for s in shapes]
    low = np.min(dist.ppf(_TAIL, *numbers))
    high = np.max(dist.ppf(0.5, *numbers)) + 8
    while np.max(dist.sf(high, *numbers)) > _TAIL and high - low < _MOST:
        high = high + (high - low)
    if not high - low < _MOST:
        return None
    counts = np.arange(low, high + 1.0)
    given = [as_array(s)[..., None] if np.ndim(plain(s)) else s for s in shapes]
    return np.sum(_terms(logpmf(dist, counts, *given)), axis=-1)
