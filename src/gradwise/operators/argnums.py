"""What ``argnums`` may be: positions and names."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.errors import InputError


def require_argnums(argnums: Any, operator: str) -> None:
    """Raise InputError unless ``argnums`` can choose arguments of some call: at once, where a point in its place is written."""
    chosen = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    if not chosen:
        raise InputError(
            "argnums is empty. At least one argument is required. Write argnums=0, a tuple of positions or names, or 'all'"
        )
    for entry in chosen:
        if isinstance(entry, bool) or not isinstance(entry, (int, np.integer, str)):
            raise InputError(
                f"argnums holds {entry!r:.200} of type {type(entry).__name__}. Positions (int) or names (str) are required. A point goes into brackets of its own: gw.{operator}(f)(x)"
            )
