"""Derivatives of black boxes, with error bounds that hold.

Read in this order: `status` and `estimate` say what comes back.

Never imported here: anything of program, rules, tracing, transforms or execution.  This room is the oracle that the
exact half is tested against, so the two may share no code.
"""

from __future__ import annotations

from gradwise.numerical.estimate import Estimate
from gradwise.numerical.status import Status

__all__ = ["Estimate", "Status"]
