"""Sums, means and other statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.tracing import reducing

FUNCTIONS: dict[Any, Any] = {
    np.sum: reducing.sum_,
    np.prod: reducing.prod,
    np.mean: reducing.mean,
    np.var: reducing.var,
    np.std: reducing.std,
    np.max: reducing.max_,
    np.min: reducing.min_,
    np.any: reducing.any_,
    np.all: reducing.all_,
    np.argmax: reducing.argmax,
    np.argmin: reducing.argmin,
    np.cumsum: reducing.cumsum,
    np.cumprod: reducing.cumprod,
    np.ptp: reducing.ptp,
}
