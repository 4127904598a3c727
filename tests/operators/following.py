"""Gradients of proved functions beside plain calls, before and after what they read is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from central_differences import differences

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

if TYPE_CHECKING:
    from collections.abc import Callable


def follows(f: Callable[[Any], Any], *changes: Callable[[], Any], is_served: bool = True) -> None:
    """The gradient is that of plain calls before and after each change, and a program was served before the first (``is_served``)."""
    gw.clear_caches()  # one code with a class of its own in each test counts as restless at last
    rng, derivative = np.random.default_rng(1), gw.grad(f)
    for change in (None, *changes):
        if change is not None:
            change()
        for _ in range(6):
            x = rng.uniform(0.5, 1.5, size=4)
            np.testing.assert_allclose(derivative(x), differences(f, x), rtol=1e-7, atol=1e-7)
        if change is None and is_served:
            assert shortcuts_of(f)["0"].served > 0
