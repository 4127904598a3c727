"""Derivatives of black boxes, with error bounds that hold.

Read in this order: `status` and `estimate` say what comes back; `line`, `ladder`, `complex_step` and `microscope` are
the mathematics, with the formulas in their docstrings; `search` is the chain of decisions for one derivative; `lanes` runs
many side by side, `high_order` and `hessian` are their relatives; `argument`, `evaluate` and `workers` stand between a flat vector and the user's function; `functions`
is what users call.

Never imported here: anything of program, rules, tracing, transforms or execution.  This room is the oracle that the
exact half is tested against, so the two may share no code.
"""

from __future__ import annotations

from gradwise.numerical.estimate import Estimate
from gradwise.numerical.functions import derivative, directional_derivative, grad, hessian, jacobian
from gradwise.numerical.status import Status

__all__ = ["Estimate", "Status", "derivative", "directional_derivative", "grad", "hessian", "jacobian"]
