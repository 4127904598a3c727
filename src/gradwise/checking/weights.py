"""What the adapters of frameworks share: weights that make one number of many outputs, and the first call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.errors import InputError


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


def first_call(call: Callable[[], Any]) -> None:
    """Make the first call of a function; what it raises becomes an InputError."""
    try:
        call()
    except InputError:
        raise
    except Exception as error:
        msg = f"f(x) raised {type(error).__name__}: {error}. f must return numbers at x itself. Check the types and shapes of x."
        raise InputError(msg) from error
