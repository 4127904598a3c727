"""The standard output while a function is only looked at: what libraries write to it (``pprint``, ``traceback.print_exc``, progress bars) is written once, by the call that was asked for.

with hushed():        # in this thread; other threads write as ever
    f(x + t u)
"""

from __future__ import annotations

import contextlib
import io
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from gradwise.locks import lock

_NAMES = ("stdout", "stderr")
_lock = lock()
#: how often each thread asks for silence
_threads: Counter[int] = Counter()


class Hushed:
    """Stands for a stream: silent in some threads, that stream in the others and after the end."""

    def __init__(self, stream: Any) -> None:
        self.__dict__["stream"] = stream

    def _silent(self) -> bool:
        return threading.get_ident() in _threads

    def write(self, text: str) -> Any:
        """As the stream does."""
        return len(text) if self._silent() else self.stream.write(text)

    def writelines(self, lines: Any) -> Any:
        """As the stream does."""
        return None if self._silent() else self.stream.writelines(lines)

    def flush(self) -> None:
        """As the stream does."""
        self.stream.flush()

    @property
    def buffer(self) -> Any:
        """That of the stream."""
        return io.BytesIO() if self._silent() else self.stream.buffer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["stream"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.stream, name, value)


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Within it, what this thread writes to the standard output and error is not written."""
    me = threading.get_ident()
    try:
        with _lock:
            _threads[me] += 1
            for name in _NAMES:
                stream = getattr(sys, name)
                if stream is not None and type(stream) is not Hushed:
                    setattr(sys, name, Hushed(stream))
        yield
    finally:
        with _lock:
            _threads[me] -= 1
            if _threads[me] <= 0:
                del _threads[me]
            if not _threads:
                for name in _NAMES:
                    stream = getattr(sys, name)
                    if type(stream) is Hushed:
                        setattr(sys, name, stream.stream)
