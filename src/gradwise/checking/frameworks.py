"""Functions of PyTorch and JAX as NumPy functions with a claimed gradient: ``adapt : (f, x) -> (f, x, grad)``.

Nothing is imported here: an object of PyTorch or JAX can only exist where its package is loaded already, so the two adapters
(`torch_functions`, `jax_functions`) take it from ``sys.modules``, and a session without them pays nothing.

A function with several outputs is checked through one number, Σ w_i f_i with fixed weights between ½ and 3/2; a wrong entry of
the Jacobian enters that sum with a weight that is not zero.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradwise.checking import jax_functions, torch_functions
from gradwise.containers import flatten
from gradwise.errors import InputError

ADAPTERS = {"torch": torch_functions, "jax": jax_functions}


@dataclass
class Adapted:
    """f and its claimed gradient on NumPy arrays.

    Attributes
    ----------
    f, grad : callable
    x : Any
        The point as NumPy arrays.
    note : str
        What was checked, for the report.
    unweighted : callable or None
        The plain sum of the outputs, where f is a weighted one.
    """

    f: Callable[..., Any]
    x: Any
    grad: Any
    note: str
    unweighted: Callable[..., Any] | None


def adapt(f: Any, x: Any, grad: Any) -> Adapted | None:
    """Return a function of PyTorch or JAX as one of NumPy arrays, None if it is neither."""
    for adapter, package, owned, among in _loaded(f, x):
        if owned or among:
            return Adapted(*adapter.adapt(package, f, x, grad))
    return None


def refuse(f: Any, x: Any, claim: Any, caller: str) -> None:
    """Raise where f or x are PyTorch's, or f carries a rule of JAX and nothing else is claimed: only ``check_grad`` runs those.

    Raises
    ------
    InputError
        With the call that checks the same rule.
    """
    for adapter, _, owned, among in _loaded(f, x):
        if adapter is torch_functions and (owned or among):
            given, kind = (f, "PyTorch's") if owned else (x, "a tensor of PyTorch")
            what = f"{'f' if owned else 'x'}={_name(given)}, which is {kind}"
        elif adapter is jax_functions and owned and claim is None:
            what = f"f={getattr(f, '__name__', type(f).__name__)}, which carries a rule of JAX, and no derivative"
        else:
            continue
        msg = (
            f"{caller} was given {what}. It checks functions of NumPy arrays. Write gw.check_grad(f, x), which compares the "
            f"backward pass with the forward pass through a weighted sum of all outputs; or give {caller} a function of NumPy "
            f"arrays and the derivative that is claimed."
        )
        raise InputError(msg)


def _name(given: Any) -> str:
    """``Exp`` for a class, ``Exp.apply`` for its method, ``Linear`` for a module."""
    owner = getattr(given, "__self__", None)
    if isinstance(owner, type):
        return f"{owner.__qualname__}.{given.__name__}"
    return getattr(given, "__qualname__", None) or type(given).__name__


def _loaded(f: Any, x: Any) -> list[tuple[Any, Any, bool, bool]]:
    """Of each framework that is loaded: its adapter, its package, whether f is its own, and whether arrays of its are among x."""
    leaves: list[Any] | None = None
    found = []
    for name, adapter in ADAPTERS.items():
        package = sys.modules.get(name)
        if package is not None and hasattr(package, "grad" if name == "jax" else "Tensor"):
            leaves = flatten(x)[0] if leaves is None else leaves
            among = any(adapter.is_array(package, leaf) for leaf in leaves)
            found.append((adapter, package, adapter.owns(package, f), among))
    return found
