"""The stand-ins of ``np.ma``, which is imported by who uses it: its module is the owner of its functions here."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def _late() -> dict[Any, dict[str, Callable[..., Any]]]:
    tables: dict[Any, dict[str, Callable[..., Any]]] = importlib.import_module(
        "gradwise.tracing.standins.masked_functions"
    ).tables()
    return tables


LATE_METHODS: dict[str, Callable[[], dict[Any, dict[str, Callable[..., Any]]]]] = {"numpy.ma": _late}
