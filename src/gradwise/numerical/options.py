"""Checks of the arguments that all public functions share."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.numerical.estimate import Estimate
from gradwise.numerical.unbounded import unbounded_loop


def check_function(f: Any) -> None:
    """Raise unless f can be called."""
    if not callable(f):
        msg = (
            f"f={f!r} is a {type(f).__name__}, which cannot be called. f must be a function of x. "
            f"Pass the function itself, f, and not its value f(x)."
        )
        raise InputError(msg)


def check_options(order: Any, complex_step: Any) -> None:
    """Raise unless order is a positive integer and complex_step is one of its three values."""
    if (
        type(order) is int
        and order > 0
        and (complex_step is True or complex_step is False or (type(complex_step) is str and complex_step == "auto"))
    ):
        return
    if isinstance(order, bool) or not isinstance(order, int | np.integer) or order < 1:
        msg = f"order={order!r} is not a positive integer. The order of a derivative is 1, 2, 3, …. Write order=1."
        raise InputError(msg)
    if not isinstance(complex_step, bool) and not (isinstance(complex_step, str) and complex_step == "auto"):
        msg = f'complex_step={complex_step!r} is unknown. It must be "auto", True or False. Leave it out.'
        raise InputError(msg)


def chosen_complex_step(f: Any, complex_step: Any) -> tuple[Any, str]:
    """Return complex_step, False for "auto" where complex numbers may never end a loop of f, and a note that says so."""
    loop = unbounded_loop(f) if complex_step == "auto" else ""
    if not loop:
        return complex_step, ""
    return (
        False,
        f" Real steps only: complex numbers might never end the loop in {loop} (complex_step=True tries them).",
    )


def noted(estimate: Estimate, note: str) -> Estimate:
    """Return the estimate with a note added to its message."""
    if note:
        estimate.message += note
    return estimate
