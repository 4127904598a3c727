"""Exact derivatives of the Python and NumPy code you already have."""

import importlib as _importlib
import typing as _typing

from gradwise import numerical
from gradwise.errors import (
    GradwiseError,
    GradwiseWarning,
    InputError,
    KinkWarning,
    NumericalFallbackWarning,
    OutputError,
    ProgramError,
    RuleError,
    SingularPointError,
    StaleProgramError,
    TracingError,
)
from gradwise.operators import (
    clear_caches,
    compile,  # noqa: A004 - the public name
    curl,
    custom_rule,
    derivative,
    directional_derivative,
    divergence,
    explain,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    kinks,
    laplacian,
    linearize,
    partial_derivative,
    taylor,
    trace,
    value_and_grad,
    vjp,
    vmap,
)
from gradwise.symbolic import formula

if _typing.TYPE_CHECKING:
    from gradwise import geometry, plot, testing
    from gradwise.checking import check_grad, check_hessian, check_jacobian, check_jvp, check_vjp
    from gradwise.descent import diagnose_run
    from gradwise.descent.descend import descend
    from gradwise.descent.minimize import minimize
    from gradwise.geometry.classify import classify
    from gradwise.geometry.critical_points import critical_points

__all__ = [
    "GradwiseError",
    "GradwiseWarning",
    "InputError",
    "KinkWarning",
    "NumericalFallbackWarning",
    "OutputError",
    "ProgramError",
    "RuleError",
    "SingularPointError",
    "StaleProgramError",
    "TracingError",
    "check_grad",
    "check_hessian",
    "check_jacobian",
    "check_jvp",
    "check_vjp",
    "classify",
    "clear_caches",
    "compile",
    "critical_points",
    "curl",
    "custom_rule",
    "derivative",
    "descend",
    "diagnose_run",
    "directional_derivative",
    "divergence",
    "explain",
    "formula",
    "geometry",
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
    "minimize",
    "numerical",
    "partial_derivative",
    "plot",
    "taylor",
    "testing",
    "trace",
    "value_and_grad",
    "vjp",
    "vmap",
]

# what stands above the operators is imported when it is first asked for: a gradient waits for nothing that it does not use
_LATER = {
    "check_grad": "checking",
    "check_hessian": "checking",
    "check_jacobian": "checking",
    "check_jvp": "checking",
    "check_vjp": "checking",
    "classify": "geometry",
    "critical_points": "geometry",
    "descend": "descent",
    "diagnose_run": "descent",
    "minimize": "descent",
}
_ROOMS = frozenset({"checking", "descent", "geometry", "plot", "symbolic", "testing"})


def __getattr__(name: str) -> _typing.Any:
    room = _LATER.get(name, name)
    if room not in _ROOMS:
        raise AttributeError(
            f"module 'gradwise' has no attribute {name!r}", name=name, obj=_importlib.import_module("gradwise")
        )
    module = _importlib.import_module(f"gradwise.{room}")
    value = module if room == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
