"""Locks that do not outlive the thread that holds them in a process that was forked.

``os.fork`` copies the locks and not the threads: one that another thread held at that moment would never be released in the child.  What these locks guard are caches, each change of which leaves
them usable.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

_LOCKS: weakref.WeakSet[Any] = weakref.WeakSet()


def lock() -> threading.Lock:
    """A new lock."""
    made = threading.Lock()
    _LOCKS.add(made)
    return made


def _release() -> None:
    for one in list(_LOCKS):
        if one.locked():
            one.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release)
