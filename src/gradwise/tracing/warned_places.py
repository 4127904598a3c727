"""NumPy's warnings of a traced run, at the user's line.

NumPy warns at the line of Python that called it, which for a traced operation is one of ours: the user's filters by module do not hold then, and what is shown once a line is shown once for all lines of the user's.  An operation must not
cost more for that.  So an entry among the filters (``quiet.py``), asked only when there is a warning, gives it again where the user's code is, with the registry of the user's module, and has the first one ignored.
"""

from __future__ import annotations

import re
import sys
import warnings
from typing import Any

from gradwise.quiet import Asked
from gradwise.tracing.places import users_frame

#: how NumPy's warnings of operations begin; KinkWarning and its like have the user's line as it is
_OPERATIONS = re.compile("(divide by zero|overflow|underflow|invalid value) encountered in ").match


def _given_again(text: str) -> Any:
    """Whether a warning of one of our lines was given again at the user's; what the filters say of it may raise."""
    if not _OPERATIONS(text):
        return None
    frame = sys._getframe(1)
    theirs = users_frame(frame)
    if theirs is None or theirs is frame:
        return None
    names = theirs.f_globals
    registry = names.setdefault("__warningregistry__", {})
    with at_users_line.paused():
        warnings.warn_explicit(
            text,
            RuntimeWarning,
            theirs.f_code.co_filename,
            theirs.f_lineno,
            names.get("__name__", "<unknown>"),
            registry,
        )
    return True


#: while a function runs under a trace
at_users_line = Asked("ignore", RuntimeWarning, _given_again)
