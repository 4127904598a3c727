"""Compare claimed, exact and numerical derivatives, entry by entry, and name the likely bug.

Start with `gradient` (check_grad) and `compare`, the one way through every check: the numerical derivative and its bounds
(`gradwise.numerical`), the exact one where f can be traced, a verdict per entry (`verdicts`, `rounding`), and, where entries are
wrong, the causes (`evidence`, `hypotheses/`, with their names in `vocabulary`).  `matrices` and `products` bring Jacobians,
Hessians, jvps and vjps into the same form (`problem`), `directions` checks large x, `frameworks` PyTorch and JAX, `command` is
``gradwise check``.

Never imported here: plotting (but inside ``Report.plot``), descent, geometry, diagnostics.
"""

from __future__ import annotations

from gradwise.checking.gradient import check_grad
from gradwise.checking.matrices import check_hessian, check_jacobian
from gradwise.checking.products import check_jvp, check_vjp
from gradwise.checking.report import Report
from gradwise.checking.vocabulary import Cause

__all__ = ["Cause", "Report", "check_grad", "check_hessian", "check_jacobian", "check_jvp", "check_vjp"]
