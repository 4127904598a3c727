"""Warnings ignored, or raised, in the thread that says so and nowhere else.

``warnings.catch_warnings`` replaces the filters of the whole process: other threads fall silent with us, and where two threads overlap the last to leave puts back what the first had
set, so that all warnings stay ignored for good.  Here one entry goes in front of the filters that are there.  It asks for the thread, is taken out by the last who leaves, and leaves
the list, other entries and what was already shown once as they were.  Its question is answered by functions in C (a compiled pattern, a look into an empty dictionary), so that no
thread is interrupted while it goes through the list.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
import threading
import warnings
from threading import get_ident
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_NOBODY: Callable[[Any], Any] = {}.get


class _Threads(threading.local):
    """Stands in a filter for the pattern of the message: that pattern in some threads, and one that matches no text in the others."""

    match: Callable[[Any], Any] = _NOBODY
    depth = 0


class _Filter:
    """One entry, shared by all threads, and the lists in which it is now."""

    def __init__(self, action: str, category: type[Warning], message: str) -> None:
        self.threads = _Threads()
        self.match = re.compile(message, re.IGNORECASE).match
        self.entry = (action, self.threads, category, None, 0)
        self.lock = threading.Lock()
        self.users: set[int] = set()
        self.lists: list[list[Any]] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._alone)

    def __enter__(self) -> None:
        threads = self.threads
        threads.depth += 1
        try:
            with self.lock:
                self.users.add(get_ident())
                filters: Any = warnings.filters
                if filters and type(filters[0][1]) is not _Threads:  # by far the most frequent case of what comes next
                    self.lists.append(filters)
                    filters.insert(0, self.entry)
                else:
                    self._put_first()
            threads.match = self.match
        except BaseException:  # an interrupt, which is not to leave this thread silent
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        threads = self.threads
        threads.depth -= 1
        if threads.depth:
            return
        threads.match = _NOBODY
        with self.lock:
            self.users.discard(get_ident())
            if not self.users:
                self._take_out()

    def _put_first(self) -> None:
        """Insert the entry unless only entries of ours stand before it; those that raise come before those that ignore, which may be around them."""
        filters: Any = warnings.filters
        action, place = self.entry[0], 0
        for other in filters:
            if other is self.entry:
                return
            if type(other[1]) is not _Threads or (action == "error" and other[0] == "ignore"):
                break
            place += other[0] == "error"
        self.lists.append(filters)  # first: an interrupt may come between the two
        filters.insert(place, self.entry)

    def _take_out(self) -> None:
        for filters in self.lists:
            try:  # noqa: SIM105 - this runs at every derivative, and suppress() takes longer
                filters.remove(self.entry)
            except ValueError:  # emptied by somebody
                pass
        self.lists.clear()

    def _alone(self) -> None:
        """In a process that was forked the other threads are gone, and the lock may be theirs."""
        self.lock = threading.Lock()
        self.users &= {get_ident()}
        if not self.users:
            self._take_out()


class _ByContext(threading.local):
    """The same where the interpreter itself keeps filters by context (``-X context_aware_warnings``)."""

    def __init__(self, action: str, category: type[Warning], message: str) -> None:
        self.action, self.category, self.message = action, category, message
        self.entered: list[contextlib.AbstractContextManager[Any]] = []

    def __enter__(self) -> None:
        caught = warnings.catch_warnings()
        caught.__enter__()
        self.entered.append(caught)
        warnings.filterwarnings(self.action, self.message, self.category)  # type: ignore[arg-type]

    def __exit__(self, *_: object) -> None:
        self.entered.pop().__exit__(None, None, None)


_KIND: Any = _ByContext if getattr(sys.flags, "context_aware_warnings", False) else _Filter


@functools.cache
def quiet(category: type[Warning] = Warning, message: str = "") -> contextlib.AbstractContextManager[None]:
    """Ignore warnings of a category in this thread, or those of them that begin as the pattern says.

    Examples
    --------
    >>> import warnings
    >>> from gradwise.quiet import quiet
    >>> with quiet():
    ...     warnings.warn("not seen")
    """
    return _KIND("ignore", category, message)


@functools.cache
def raised(category: type[Warning]) -> contextlib.AbstractContextManager[None]:
    """Raise warnings of a category in this thread."""
    return _KIND("error", category, "")
