"""``concurrent.futures``: tasks that a traced run hands to threads are done at once, in the run's own thread, where it is watched.

Results, their order and exceptions are those of the pool.  Tasks for processes are sent as bytes, which traced values refuse.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.standins.recording import entries, resolve

if TYPE_CHECKING:
    from collections.abc import Callable


def submit(pool: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
    """``ThreadPoolExecutor.submit``: a future that is done."""
    if current_trace() is None:
        return pool.submit(fn, *args, **kwargs)
    future = sys.modules["concurrent.futures"].Future()
    try:
        future.set_result(resolve(fn)(*args, **kwargs))
    except Exception as error:  # noqa: BLE001  which the pool would keep in the future
        future.set_exception(error)
    return future


def map_(pool: Any, fn: Any, *iterables: Any, **options: Any) -> Any:
    """``ThreadPoolExecutor.map``: the results in order."""
    if current_trace() is None:
        return pool.map(fn, *iterables, **options)
    return iter([resolve(fn)(*arguments) for arguments in zip(*map(entries, iterables), strict=False)])


def _methods() -> dict[type, dict[str, Callable[..., Any]]]:
    pool = sys.modules["concurrent.futures"].ThreadPoolExecutor
    return {pool: {"submit": submit, "map": map_}}


LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {
    "concurrent.futures.thread": _methods
}
