"""Random programs: functions made of random steps on arrays of random shapes, as a user might have written them.

A program is a list of steps drawn by hypothesis; ``Random`` runs it on any arrays (plain or traced), so the same text is the plain truth and the function under test.  Every step is
smooth where it is taken, or its branch is decided far from the boundary; sizes stay of order one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

SHAPES = [(), (1,), (3,), (2, 3), (3, 1), (2, 1, 3), (0,), (3, 3)]

UNARY = {
    "sin": np.sin,
    "tanh": np.tanh,
    "exp": lambda x: np.exp(np.tanh(x)),
    "square": lambda x: np.tanh(x) ** 2,
    "cube": lambda x: (x * 0.5) ** 3 * 0.1,
    "neg": lambda x: -x,
    "reciprocal": lambda x: 1.0 / (2.0 + np.cos(x)),
    "log": lambda x: np.log(3.0 + np.sin(x)),
    "sqrt": lambda x: np.sqrt(2.0 + np.cos(x)),
    "arctan": lambda x: np.arctan2(x, 2.0),
    "where": lambda x: np.where(np.arange(x.size).reshape(x.shape) % 2 == 0, np.sin(x), x * 0.5),
    "cumsum": lambda x: np.cumsum(x, axis=-1) * 0.3 if np.ndim(x) else x,
    "flip": lambda x: x[..., ::-1] if np.ndim(x) else x,
    "transpose": lambda x: x.T,
    "ravel": lambda x: np.reshape(x, (-1,)),
    "newaxis": lambda x: x[..., None] if np.ndim(x) < 3 else x,
    "squeeze": lambda x: np.squeeze(x),
    "sum": lambda x: np.sum(x, axis=0) * 0.5 if np.ndim(x) else x,
    "mean": lambda x: np.mean(x, axis=-1, keepdims=True) if np.ndim(x) and x.shape[-1] else x,
    "softmax": lambda x: np.exp(x - np.max(x)) / np.sum(np.exp(x - np.max(x))) if np.size(x) else x,
    "first": lambda x: x[0] if np.ndim(x) and len(x) else x,
    "fancy": lambda x: x[np.array([0, -1, 0])] if np.ndim(x) and len(x) else x,
    "mask": lambda x: x[np.arange(len(x)) != 1] if np.ndim(x) and len(x) > 1 else x,
    "concatenate": lambda x: np.concatenate([x, 2.0 * x]) if np.ndim(x) and np.size(x) < 30 else x,
    "stack": lambda x: np.stack([x, np.sin(x)]) if np.ndim(x) < 3 and np.size(x) < 30 else x,
    "gram": lambda x: np.tanh(x @ x.T) if np.ndim(x) == 2 else x,
    "outer": lambda x: np.outer(x, np.cos(x)) * 0.5 if np.ndim(x) == 1 and np.size(x) < 6 else x,
    "norm": lambda x: np.linalg.norm(np.append(x, 1.0)) * x,
    "solve": lambda x: np.linalg.solve(4.0 * np.eye(3) + 0.3 * np.tanh(x), x) if np.shape(x) == (3, 3) else x,
    "einsum": lambda x: np.einsum("ij,kj->ik", x, np.cos(x)) * 0.2 if np.ndim(x) == 2 else x,
}

BINARY = {
    "add": lambda x, z: x + z,
    "subtract": lambda x, z: x - z,
    "multiply": lambda x, z: np.tanh(x) * z,
    "divide": lambda x, z: x / (2.0 + np.cos(z)),
    "power": lambda x, z: (1.5 + np.sin(x)) ** np.tanh(z),
    "hypot": lambda x, z: np.hypot(x, 1.0 + np.tanh(z) ** 2),
    "logaddexp": lambda x, z: np.logaddexp(np.tanh(x), z),
}

IN_PLACE = ["set entry", "add to slice", "scale view", "masked", "whole", "row from other", "ufunc out", "helper"]

CONTROL = ["loop", "branch", "while", "accumulate in a list", "recursion"]


def scale_by_reference(x: Any) -> None:
    """A helper that changes what it is given."""
    x *= 0.5
    x[...] += 0.25


def write(kind: str, x: Any, z: Any) -> Any:
    """Write to a fresh copy of x in one of NumPy's ways."""
    y = x.copy() if np.ndim(x) else np.array([1.0, 0.5]) * x
    if np.size(y) == 0:
        return y
    source = np.sum(z) * 0.3 if np.size(z) else 0.5
    match kind:
        case "set entry":
            y[(0,) * y.ndim] = source
            y[(-1,) * y.ndim] = y[(0,) * y.ndim] * 0.5
        case "add to slice":
            y[..., :2] += source
            y[..., 1:] *= 0.7
        case "scale view":
            view = y[::-1]
            flat = y.reshape(-1)
            view *= 0.5
            flat[0] = source
            y = y + view
        case "masked":
            y[np.asarray(np.arange(y.size).reshape(y.shape) % 2 == 1)] = source
        case "whole":
            before = y.copy()
            y[...] = np.sin(y)
            y = y + before
        case "row from other":
            y[0] = y[-1] * source
        case "ufunc out":
            np.multiply(y, 0.5, out=y)
            np.add.at(y, (0,) * y.ndim, source)
        case "helper":
            scale_by_reference(y[0:1])
    return y


def control(kind: str, x: Any, z: Any) -> Any:
    """Python's own control flow around x."""
    s = np.tanh(np.sum(x)) if np.size(x) else 0.5
    match kind:
        case "loop":
            for k in range(3):
                x = np.sin(x) + 0.1 * k
            return x
        case "branch":
            return x * 2.0 if s > -2.0 else x
        case "while":
            a = 2.0 + np.cos(x)
            y = a * 0.5
            while np.max(np.abs(y * y - a), initial=0.0) > 1e-3:  # Newton's square root
                y = (y + a / y) * 0.5
            for _ in range(3):  # until where the loop ended does not show
                y = (y + a / y) * 0.5
            return y
        case "accumulate in a list":
            parts = []
            for k in range(2):
                parts.append(x * (k + s))  # noqa: PERF401 - a list filled in a loop is what is tested
            return sum(parts)
        case _:

            def power(n: int) -> Any:
                return x if n == 0 else np.tanh(power(n - 1)) + x * 0.1

            return power(3)


class Random:
    """A program: steps ``(kind, name, operand, operand)`` on a growing list of values."""

    def __init__(self, steps: list[tuple[str, str, int, int]], shapes: list[tuple[int, ...]], complex_: bool) -> None:
        self.steps = steps
        self.shapes = shapes
        self.complex = complex_

    def __repr__(self) -> str:
        return f"Random({self.steps}, {self.shapes})"

    def __call__(self, *arguments: Any) -> Any:
        values = list(arguments)
        for kind, name, i, j in self.steps:
            x, z = values[i % len(values)], values[j % len(values)]
            if kind == "unary":
                values.append(UNARY[name](x))
            elif kind == "binary":
                try:
                    np.broadcast_shapes(np.shape(x), np.shape(z))
                except ValueError:
                    z = np.sum(z)
                values.append(BINARY[name](x, z))
            elif kind == "in place":
                values.append(write(name, x, z))
            else:
                values.append(control(name, x, z))
        return values[-1]

    def scalar(self, *arguments: Any) -> Any:
        """The value reduced to one number, with weights that tell entries apart."""
        y = self(*arguments)
        weights = np.cos(np.arange(np.size(y))).reshape(np.shape(y)).astype(arguments[0].dtype)
        return np.sum(y * weights)


@st.composite
def programs(draw: Any) -> Random:
    """Programs of one to three arguments and up to eight steps."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    index = st.integers(0, 10)
    steps = draw(
        st.lists(
            st.one_of(
                st.tuples(st.just("unary"), st.sampled_from(sorted(UNARY)), index, index),
                st.tuples(st.just("binary"), st.sampled_from(sorted(BINARY)), index, index),
                st.tuples(st.just("in place"), st.sampled_from(IN_PLACE), index, index),
                st.tuples(st.just("control"), st.sampled_from(CONTROL), index, index),
            ),
            min_size=1,
            max_size=8,
        )
    )
    # operands lean towards the latest values
    steps = [(kind, name, -1 - i if i % 2 else i, j) for kind, name, i, j in steps]
    return Random(steps, shapes, False)


def arguments_for(program: Random, seed: int, dtype: Any = float) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return tuple(np.asarray(rng.uniform(-1.0, 1.0, shape), dtype) for shape in program.shapes)
