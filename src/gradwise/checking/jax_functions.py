"""A function with ``jax.custom_vjp`` or ``jax.custom_jvp``, or any function of JAX arrays: its value against its own gradient.

Everything runs in float64, whatever the session's default is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.checking.weights import first_call, output_weights
from gradwise.containers import flatten
from gradwise.errors import InputError


def owns(jax: Any, f: Any) -> bool:
    """Whether f carries its own rule."""
    return isinstance(f, (jax.custom_vjp, jax.custom_jvp))


def is_array(jax: Any, leaf: Any) -> bool:
    """Whether a leaf of x is a JAX array."""
    return isinstance(leaf, jax.Array)


def adapt(jax: Any, f: Any, x: Any, grad: Any) -> tuple[Callable[..., Any], Any, Callable[..., Any], str, Any]:
    """Return (f, x, grad, note, plain sum of the outputs) on NumPy arrays."""
    inputs = x if isinstance(x, tuple) else (x,)
    leaves, treedef = flatten(list(inputs))
    moving = [k for k, leaf in enumerate(leaves) if np.asarray(leaf).dtype.kind == "f"]
    if not moving:
        msg = f"check_grad was given x={x!r} without an array of floating-point numbers. One is required. Pass jnp.array([...])."
        raise InputError(msg)
    point = tuple(np.asarray(leaves[k], dtype=np.float64) for k in moving)
    alone = len(point) == 1
    shapes: list[tuple[int, ...]] = []
    wide = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64

    def run(parts: tuple[Any, ...], *, plain: bool = False) -> Any:
        values = list(leaves)
        for k, part in zip(moving, parts, strict=True):
            values[k] = part
        outputs = jax.tree_util.tree_leaves(f(*treedef.rebuild(values)))
        if not shapes:
            shapes.extend(np.shape(out) for out in outputs)
        if plain:
            return sum(out.sum() for out in outputs)
        return sum((w * out).sum() for w, out in zip(output_weights(shapes), outputs, strict=True))

    def arrays_of(given: Any) -> tuple[Any, ...]:
        return tuple(jax.numpy.asarray(part) for part in ((given,) if alone else given))

    def forward(given: Any, *, plain: bool = False) -> float:
        with wide(True):
            return float(run(arrays_of(given), plain=plain))

    def backward(given: Any) -> Any:
        with wide(True):
            parts = jax.grad(run)(arrays_of(given))
        found = tuple(np.asarray(part) for part in parts)
        return found[0] if alone else found

    def claimed(given: Any) -> Any:
        values = list(leaves)
        with wide(True):
            for k, part in zip(moving, arrays_of(given), strict=True):
                values[k] = part
            found = tuple(np.asarray(part) for part in jax.tree_util.tree_leaves(grad(*treedef.rebuild(values))))
        return found[0] if alone else found

    forward.__name__ = getattr(f, "__name__", type(f).__name__)
    start = point[0] if alone else point
    first_call(lambda: forward(start))
    note = "the derivative that JAX applies was checked against the value, in float64"
    if shapes != [()]:
        note += f", through a weighted sum of the outputs of shape {', '.join(map(str, shapes))}"
    unweighted = None if shapes == [()] else lambda given: forward(given, plain=True)
    return forward, start, backward if grad is None else claimed, note, unweighted
