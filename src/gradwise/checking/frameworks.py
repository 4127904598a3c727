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
    leaves = flatten(x)[0]
    for name, adapter in ADAPTERS.items():
        package = sys.modules.get(name)
        loaded = package is not None and hasattr(package, "grad" if name == "jax" else "Tensor")
        if loaded and (adapter.owns(package, f) or any(adapter.is_array(package, leaf) for leaf in leaves)):
            return Adapted(*adapter.adapt(package, f, x, grad))
    return None
