"""Descent that explains itself: the loop, the methods, and the report.

Start with `descend` (the public door) and `loop` (one loop for all methods, in `methods/`, one file each).  `objective` and `parameters` make any function of
any containers one of a flat vector; `recorder` keeps the path in blocks, `trace` is what users get.  The report (`report`, `text`) is made of small parts that each
answer one question: `stopping` (why it ended), `causes` (why it failed), `path` (what the path shows of L, μ, convexity), `curvature` (λmax, λmin at the end),
`rates` (stable and best learning rates), `convergence` and `theory` (the rate observed and predicted).  `minimize` is SciPy's, `diagnose` reads traces of others.

Never import plotting here (but inside a report's ``plot``), the explorer or the command line.
"""

from __future__ import annotations

from gradwise.descent.descend import descend
from gradwise.descent.diagnose import diagnose_run
from gradwise.descent.fisher import Fisher
from gradwise.descent.minimize import minimize
from gradwise.descent.report import Descent
from gradwise.descent.schedules import cosine, exponential, warm_up
from gradwise.descent.stopping import StopReason
from gradwise.descent.trace import Trace

__all__ = [
    "Descent",
    "Fisher",
    "StopReason",
    "Trace",
    "cosine",
    "descend",
    "diagnose_run",
    "exponential",
    "minimize",
    "warm_up",
]
