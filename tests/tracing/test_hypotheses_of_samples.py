"""Tests of samples with their sides, degrees of freedom and intervals, robust spreads: one-sided ones, Welch's probability and intervals raised."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats as st
from closing import closes

SAMPLES = np.random.default_rng(0).uniform(0, 1, 16) + np.repeat([0.0, 0.2], 8)
SIDES = ["two-sided", "less", "greater"]


def halves(x):
    return x[:8], x[8:]


TESTS = {
    "independent": lambda x, side: st.ttest_ind(*halves(x), alternative=side),
    "Welch": lambda x, side: st.ttest_ind(*halves(x), equal_var=False, alternative=side),
    "pairs": lambda x, side: st.ttest_rel(*halves(x), alternative=side),
    "one": lambda x, side: st.ttest_1samp(x, 0.3, alternative=side),
    "correlation": lambda x, side: st.pearsonr(*halves(x), alternative=side),
}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (k % 2)) for k, n in enumerate(TESTS)])
def test_statistics_probabilities_and_intervals(name, side) -> None:
    def f(x):
        found = TESTS[name](x, side)
        interval = found.confidence_interval(0.9)
        finite = [v for v in (interval.low, interval.high) if np.isfinite(v)]
        return np.stack([found.statistic, found.pvalue, *finite])

    closes(f, SAMPLES, rtol=1e-6)


@pytest.mark.parametrize("side", SIDES)
def test_lines(side) -> None:
    closes(lambda x: np.stack(st.linregress(*halves(x), alternative=side)), SAMPLES, rtol=1e-6)


SPREADS = {
    "Welch's degrees of freedom": lambda x: st.ttest_ind(*halves(x), equal_var=False).df,
    "along an axis": lambda x: st.ttest_ind(x[:8].reshape(4, 2), x[8:].reshape(4, 2), equal_var=False).pvalue,
    "quartiles of a normal variate": lambda x: st.iqr(x, scale="normal", interpolation="midpoint"),
    "quartiles by a number": lambda x: st.iqr(x, rng=(10, 60), scale=1.3),
    "median deviation of a normal variate": lambda x: st.median_abs_deviation(x, scale="normal"),
    "deviation from the mean": lambda x: st.median_abs_deviation(x.reshape(8, 2), 1, np.mean, scale=0.5),
    "ranks": lambda x: np.stack([st.weightedtau(*halves(x))[0] * x[0], st.somersd(*halves(x)).statistic * x[1]]),
}


@pytest.mark.parametrize("f", SPREADS.values(), ids=SPREADS)
def test_spreads_and_ranks(f) -> None:
    closes(f, SAMPLES, rtol=1e-6)
