"""Weights that make one number of many outputs, the same at every call."""

from __future__ import annotations

import numpy as np


def output_weights(shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Fixed weights between ½ and 3/2 for each output; 1 for a single number.

    Examples
    --------
    >>> output_weights([()])
    [array(1.)]
    """
    if shapes == [()]:
        return [np.ones(())]
    rng = np.random.default_rng(1)
    return [rng.uniform(0.5, 1.5, shape) for shape in shapes]
