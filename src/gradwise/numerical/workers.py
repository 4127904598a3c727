"""Parallel evaluation: ``workers=`` an int (processes) or any map-like callable, as SciPy has it.

Results do not depend on it: the same points are evaluated, in batches whose content is decided before they start.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import pickle
import signal
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from gradwise.errors import InputError


class Failure:
    """What is left of an evaluation that raised."""

    __slots__ = ("error", "text")

    def __init__(self, error: Exception) -> None:
        self.text = f"{type(error).__name__}: {error}"
        self.error: Exception | None = error

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception may not be picklable; its text always is.
        return _failure_from_text, (self.text,)


def _failure_from_text(text: str) -> Failure:
    failure = Failure.__new__(Failure)
    failure.text, failure.error = text, None
    return failure


class Guarded:
    """f with exceptions turned into `Failure` and floating-point warnings silenced."""

    __slots__ = ("f",)

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f

    def __call__(self, point: Any) -> Any:
        try:
            with np.errstate(all="ignore"):
                return self.f(point)
        except Exception as error:  # noqa: BLE001 - the user's function may raise anything
            return Failure(error)


@contextlib.contextmanager
def open_mapper(workers: Any, f: Callable[..., Any]) -> Iterator[Callable[..., Iterable[Any]] | None]:
    """Yield a map-like callable for `workers`, or None for serial work; processes end with the block.

    Parameters
    ----------
    workers : None, int or callable
        None or 1: serial. An int: that many processes, -1 for one per processor. A callable: used as ``map``.
    f : callable
        Must be picklable when processes are used.
    """
    if workers is None or (isinstance(workers, int) and not isinstance(workers, bool) and workers == 1):
        yield None
        return
    if callable(workers):
        yield workers
        return
    if isinstance(workers, bool) or not isinstance(workers, int) or (workers < 1 and workers != -1):
        msg = (
            f"workers={workers!r} is neither a count nor a map. It must be a positive int, -1 for every processor, or a "
            f"map-like callable. Write workers=2, or workers=ThreadPoolExecutor().map."
        )
        raise InputError(msg)
    try:
        pickle.dumps(f)
    except Exception as error:
        msg = (
            f"workers={workers} runs f in other processes, and {f!r} cannot be sent there ({error}). f must be picklable: "
            f"defined at the top level of a module. Move it there, or pass workers=ThreadPoolExecutor().map."
        )
        raise InputError(msg) from error
    count = workers if workers > 0 else (os.cpu_count() or 1)
    multiprocessing = importlib.import_module("multiprocessing")  # by who asks for processes only
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    pool = multiprocessing.get_context(method).Pool(count, initializer=_ignore_interrupts)
    try:
        # imap hands results over one by one, so that progress can be seen
        yield functools.partial(_imap, pool, count)
    finally:
        # also on an interrupt, which only the parent receives: terminate leaves no processes behind
        pool.terminate()
        pool.join()


def _imap(pool: Any, count: int, function: Callable[..., Any], points: list[Any]) -> Iterable[Any]:
    return pool.imap(function, points, chunksize=max(1, min(32, len(points) // (4 * count))))


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
