"""The operators: each reads trace → transform → execute.  The only room that knows the whole line.

``engine.py`` is the conductor's desk (start there): it runs a function under a trace and multiplies vectors by the derivative, with the caches.  ``arguments.py`` reads
``argnums`` and containers; ``gradients.py``, ``products.py``, ``jacobians.py``, ``hessians.py``, ``derivatives.py``, ``directions.py``, ``fields.py``, ``mapping.py`` hold the public operators; ``custom.py`` the
user's own rules; ``inspection.py`` what can be asked; ``fallback.py`` and ``estimates.py`` the numerical way; ``singular.py`` the points where 0 meets ∞.

Never import checking, descent, plotting or the command line here.
"""

from gradwise.operators import implicit as _implicit  # noqa: F401 - it installs itself
from gradwise.operators import optima as _optima  # noqa: F401 - it installs itself
from gradwise.operators import solutions as _solutions  # noqa: F401 - it installs itself
from gradwise.operators.clearing import clear_caches
from gradwise.operators.compiling import compile  # noqa: A004 - the public name
from gradwise.operators.custom import custom_rule
from gradwise.operators.derivatives import derivative, partial_derivative
from gradwise.operators.directions import directional_derivative, taylor
from gradwise.operators.fields import curl, divergence, laplacian
from gradwise.operators.gradients import grad, value_and_grad
from gradwise.operators.hessians import hessian
from gradwise.operators.inspection import explain, kinks, trace
from gradwise.operators.jacobians import jacfwd, jacobian, jacrev
from gradwise.operators.mapping import vmap
from gradwise.operators.products import hvp, jvp, linearize, vjp

__all__ = [
    "clear_caches",
    "compile",
    "curl",
    "custom_rule",
    "derivative",
    "directional_derivative",
    "divergence",
    "explain",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "kinks",
    "laplacian",
    "linearize",
    "partial_derivative",
    "taylor",
    "trace",
    "value_and_grad",
    "vjp",
    "vmap",
]
