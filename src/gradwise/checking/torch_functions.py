"""A ``torch.autograd.Function``, an ``nn.Module`` or a function of tensors: its forward pass against its own backward pass.

Everything runs in float64 where the function allows it: a module is copied and converted, tensors are converted.  For a module the
parameters are checked together with the input, by name.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.checking.weights import first_call, output_weights
from gradwise.containers import flatten
from gradwise.errors import InputError


def owns(torch: Any, f: Any) -> bool:
    """Whether f is a Function class, its ``apply``, or a Module."""
    owner = f if inspect.isclass(f) else getattr(f, "__self__", None)
    return isinstance(f, torch.nn.Module) or (inspect.isclass(owner) and issubclass(owner, torch.autograd.Function))


def is_array(torch: Any, leaf: Any) -> bool:
    """Whether a leaf of x is a tensor."""
    return isinstance(leaf, torch.Tensor)


def adapt(torch: Any, f: Any, x: Any, grad: Any) -> tuple[Callable[..., Any], Any, Callable[..., Any], str, Any]:
    """Return (f, x, grad, note, plain sum of the outputs) on NumPy arrays."""
    call: Any = getattr(f, "apply", f) if inspect.isclass(f) else f
    module = None
    if isinstance(f, torch.nn.Module):
        module = copy.deepcopy(f).double()
    inputs = x if isinstance(x, tuple) else (x,)
    leaves, treedef = flatten(list(inputs))
    moving = [k for k, leaf in enumerate(leaves) if _moves(torch, leaf)]
    if not moving and not (module is not None and any(p.requires_grad for p in module.parameters())):
        msg = f"check_grad was given x={x!r} without a tensor of floating-point numbers. One is required. Pass torch.tensor([...])."
        raise InputError(msg)
    names = [f"input {k}" if len(moving) > 1 or module is not None else "input" for k in range(len(moving))]
    point = {name: _array(torch, leaves[k]) for name, k in zip(names, moving, strict=True)}
    parameters = {} if module is None else {name: p for name, p in module.named_parameters() if p.requires_grad}
    point |= {name: _array(torch, p) for name, p in parameters.items()}
    alone = len(point) == 1
    shapes: list[tuple[int, ...]] = []

    def run(tensors: dict[str, Any], *, plain: bool = False) -> Any:
        values = list(leaves)
        for name, k in zip(names, moving, strict=True):
            values[k] = tensors[name]
        arguments = treedef.rebuild(values)
        if module is None:
            result = call(*arguments)
        else:
            result = torch.func.functional_call(module, {name: tensors[name] for name in parameters}, tuple(arguments))
        outputs = [leaf for leaf in flatten(result)[0] if isinstance(leaf, torch.Tensor) and leaf.is_floating_point()]
        if not outputs:
            msg = f"f(x) returned {result!r}. It must return a tensor of real numbers. Return the output of the forward pass."
            raise InputError(msg)
        if not shapes:
            shapes.extend(tuple(out.shape) for out in outputs)
        if plain:
            return sum(out.sum() for out in outputs)
        weights = [torch.as_tensor(w, dtype=out.dtype) for w, out in zip(output_weights(shapes), outputs, strict=True)]
        return sum((w * out).sum() for w, out in zip(weights, outputs, strict=True))

    def tensors_of(given: Any, *, requires: bool) -> dict[str, Any]:
        arrays = {next(iter(point)): given} if alone else given
        made = {name: torch.tensor(np.asarray(array)) for name, array in arrays.items()}
        return {name: tensor.requires_grad_(requires) for name, tensor in made.items()}

    def forward(given: Any, *, plain: bool = False) -> float:
        tensors = tensors_of(given, requires=False)
        with torch.no_grad():
            value = float(run(tensors, plain=plain))
        arrays = {next(iter(point)): given} if alone else given
        for name, tensor in tensors.items():  # a forward pass that changes its input must be seen to do so
            array = arrays[name]
            if isinstance(array, np.ndarray) and not np.array_equal(array, tensor.numpy(), equal_nan=True):
                array[...] = tensor.numpy()
        return value

    def backward(given: Any) -> Any:
        tensors = tensors_of(given, requires=True)
        with torch.enable_grad():
            # clones: a function that works in place may not do so on the leaves of the graph
            value = run({name: tensor.clone() for name, tensor in tensors.items()})
            found: Any = [None] * len(tensors)
            if value.requires_grad:  # else nothing of x has reached the output: a detached value
                found = torch.autograd.grad(value, list(tensors.values()), allow_unused=True)
        arrays = {
            name: np.zeros(tuple(tensor.shape)) if part is None else part.detach().numpy()
            for (name, tensor), part in zip(tensors.items(), found, strict=True)
        }
        return next(iter(arrays.values())) if alone else arrays

    def claimed(given: Any) -> Any:
        tensors = tensors_of(given, requires=False)
        values = list(leaves)
        for name, k in zip(names, moving, strict=True):
            values[k] = tensors[name]
        parts = [_array(torch, leaf) for leaf in flatten(grad(*treedef.rebuild(values)))[0]]
        return parts[0] if alone else dict(zip(names, parts, strict=True))

    forward.__name__ = getattr(f, "__name__", type(f).__name__)
    start = copy.deepcopy(point)
    first_call(lambda: forward(next(iter(start.values())) if alone else start))
    note = "the backward pass of PyTorch was checked against its forward pass" + _weighted(shapes)
    unweighted = None if shapes == [()] else lambda given: forward(given, plain=True)
    return (
        forward,
        next(iter(point.values())) if alone else point,
        backward if grad is None else claimed,
        note,
        unweighted,
    )


def _weighted(shapes: list[tuple[int, ...]]) -> str:
    return "" if shapes == [()] else f", through a weighted sum of the outputs of shape {', '.join(map(str, shapes))}"


def _moves(torch: Any, leaf: Any) -> bool:
    if isinstance(leaf, torch.Tensor):
        return bool(leaf.is_floating_point())
    return isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"


def _array(torch: Any, leaf: Any) -> np.ndarray:
    return np.array(leaf.detach().cpu().double().numpy() if isinstance(leaf, torch.Tensor) else leaf, dtype=float)
