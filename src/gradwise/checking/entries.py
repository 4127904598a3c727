"""The same check with only some entries of x moving: what ``entries=`` asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise import numerical
from gradwise.checking.targets import Target
from gradwise.errors import InputError


def restrict(
    target: Target, claim: Callable[[np.ndarray], np.ndarray] | None, claimed: np.ndarray, entries: Any
) -> tuple[Target, Any, np.ndarray] | None:
    """The same check with only some entries of x moving."""
    if entries is None:
        return None
    if np.size(entries) == 0:
        msg = (
            f"entries={entries!r} is empty. There must be at least one entry to check. Leave entries out to check all."
        )
        raise InputError(msg)
    try:
        positions = np.asarray(entries)
        if (
            positions.ndim != 1
            or positions.dtype.kind not in "iu"
            or np.any(positions >= target.size)
            or np.any(positions < -target.size)
        ):
            raise ValueError  # noqa: TRY301 - joins what the conversion itself raises
    except ValueError:
        msg = f"entries={entries!r} does not name entries of x. It must be a list of flat positions below {target.size}. Write entries=[0]."
        raise InputError(msg) from None
    positions = positions % target.size
    whole = target.point

    def fill(part: np.ndarray) -> np.ndarray:
        vector = whole.vector.copy()
        vector[positions] = part
        return vector

    dtype = (
        np.result_type(*[d.type(0).real.dtype for d in whole.dtypes])
        if len(set(whole.dtypes)) == 1
        else np.dtype(float)
    )
    smaller = Target(lambda part: target.value(fill(part)), whole.vector[positions].astype(dtype), 0, target.caller)
    smaller.name, smaller.given = target.name, target.given
    inner = None if claim is None else lambda part: claim(fill(part))[:, positions]
    return smaller, inner, claimed[positions]


def restrict_bounds(bounds: Any, target: Target, positions: np.ndarray) -> Any:
    """The bounds of the chosen entries."""
    if bounds is None:
        return None
    lower, upper = numerical.argument.parse_bounds(bounds, target.point)
    return lower[positions], upper[positions]
