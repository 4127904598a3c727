"""Calls that only look at a function come to an end: at a point beside, a fixed point that is iterated may not converge, and its loop would never end.

    with limited(seconds):        # of one call
        tick()                    # each call begins anew
        f(x + t u)

The exception is raised in the thread of the calls by another thread that waits, as an interrupt is: it is no ``Exception``, which the function may handle.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path


class Overtime(BaseException):
    """A call took too long."""


#: a call may take that long in any case, and so many times what the run took that is looked at
_SECONDS = 3.0
_TIMES = 5.0
_OURS = f"{Path(__file__).parents[1]}{os.sep}"
#: of the standard library what is called when objects go
_GOING = frozenset(Path(os.__file__).parent.joinpath(name).as_posix() for name in ("weakref.py", "_weakrefset.py"))


class _Limit:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun = time.perf_counter()
        self.thread = threading.get_ident()
        self.ended = threading.Event()
        self.lock = threading.Lock()

    def wait(self) -> None:
        pause = self.seconds / 4
        while not self.ended.wait(pause):
            with self.lock:
                if not self.ended.is_set() and time.perf_counter() - self.begun > self.seconds:
                    # again and again: it may not be the time, or it is caught by a handler that catches everything
                    _raise_in(self.thread)

    def end(self) -> None:
        """No exception comes after this; one that was raised and did not arrive yet arrives here.

        To take it back (``PyThreadState_SetAsyncExc`` with no exception) leaves the interpreter waiting for one that never comes, at each instruction.
        """
        while True:
            try:
                with self.lock:
                    self.ended.set()
                for _ in range(100):  # the interpreter looks for it where a loop begins anew
                    pass
            except Overtime:
                continue
            return


def _is_collecting(thread: int) -> bool:
    """Whether a thread is in what runs when objects go (a finaliser, a callback of the collector), where an exception is printed and ignored, or in our own code."""
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - documented, for such ends
    if frame is None or frame.f_code.co_filename.startswith(_OURS):
        return True
    callbacks = [getattr(callback, "__code__", None) for callback in gc.callbacks]
    while frame is not None:
        code = frame.f_code
        if code in callbacks or code.co_name == "__del__" or code.co_filename in _GOING:
            return True
        frame = frame.f_back
    return False


def _raise_in(thread: int) -> None:
    if _is_collecting(thread):
        return
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Overtime))


class _Local(threading.local):
    limit: _Limit | None = None


_local = _Local()


def tick() -> None:
    """The next call begins."""
    limit = _local.limit
    if limit is not None:
        limit.begun = time.perf_counter()


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Within it, a call that takes much longer than so many seconds ends by ``Overtime``; not where somebody debugs."""
    if _local.limit is not None or sys.gettrace() is not None:
        yield
        return
    limit = _local.limit = _Limit(max(_SECONDS, _TIMES * seconds))
    try:
        with contextlib.suppress(RuntimeError):  # where no threads can be started, calls take what they take
            threading.Thread(target=limit.wait, name="gradwise-overtime", daemon=True).start()
        yield
    finally:
        limit.end()
        _local.limit = None
