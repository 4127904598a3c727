"""``scipy.stats.norm.nnlf(theta, x)``: the negative logarithm of the likelihood, as a sum of densities that have rules.

nnlf(θ, x) = −Σᵢ log p(xᵢ; θ)          inf where a point lies outside of the support, or θ outside of its domain
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy

from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.opened import run_opened
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import with_value
from gradwise.tracing.standins.stacking import assembled, leaves, plainly


def likelihood(methods: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    """The method ``nnlf``, by the densities among the methods of distributions."""

    def nnlf(dist: Any, theta: Any, x: Any) -> Any:
        general = scipy.stats.rv_continuous.nnlf
        if type(dist).nnlf is not general or not contains_traced((theta, x)):
            return type(dist).nnlf(dist, theta, x)
        value = general(dist, plainly(theta), plainly(x))
        if not np.all(np.isfinite(value)):
            return run_opened(general, dist, theta, x)
        theta, x = (assembled(v) if type(v) in {list, tuple} else v for v in (theta, x))
        with at_line(*open_traces(leaves([theta, x], []))):
            parameters = [theta[k] for k in range(len(theta))]
            return with_value(-np.sum(methods["logpdf"](dist, as_array(x), *parameters), axis=0), value)

    nnlf.__doc__ = "The negative log-likelihood of a distribution of ``scipy.stats``."
    return nnlf
