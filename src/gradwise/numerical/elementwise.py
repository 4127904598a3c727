"""Elementwise functions of an array: every entry is a lane of its own, and one call of f serves them all.

Round r calls f with the r-th step of every entry at once, so an array of a million entries costs as many calls as a number.
That is right only if no entry of f(x) depends on another entry of x.  One call checks it: with a random half of the
entries moved, the results of the others must not change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.numerical.argument import Argument
from gradwise.numerical.evaluate import Evaluator
from gradwise.numerical.lanes import Lanes, Table
from gradwise.numerical.passes import solve


def derivative_of_array(
    evaluator: Evaluator,
    f0: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    try_complex: bool,
    rng: Any,
    order: int = 1,
) -> Table:
    """Return the outcomes of all entries, shape (n, 1), for an f that acts on each entry by itself."""
    argument = evaluator.argument
    x = argument.vector
    if x.size > 1:
        _check_independence(evaluator, f0, lower, upper, generator(rng))

    def rounds(lanes: np.ndarray, steps: np.ndarray, dtype: type) -> tuple[np.ndarray, np.ndarray]:
        # The position of each request within its own lane is the round in which it is answered.
        order = np.argsort(lanes, kind="stable")
        sorted_lanes = lanes[order]
        first = np.searchsorted(sorted_lanes, sorted_lanes, side="left")
        turn = np.empty(lanes.size, dtype=np.intp)
        turn[order] = np.arange(lanes.size) - first
        vectors: np.ndarray = np.repeat(x[None, :].astype(dtype), int(turn.max()) + 1, axis=0)
        vectors[turn, lanes] += steps
        return turn, vectors

    def real(lanes: np.ndarray, steps: np.ndarray) -> np.ndarray:
        turn, vectors = rounds(lanes, steps, float)
        np.clip(vectors, lower, upper, out=vectors)
        return evaluator.real(vectors)[turn, lanes][:, None]

    def complex_(lanes: np.ndarray, steps: np.ndarray) -> np.ndarray | None:
        turn, vectors = rounds(lanes, steps, complex)
        values = evaluator.complex(vectors)
        return None if values is None else values[turn, lanes][:, None]

    units = np.full(1, float(np.max(evaluator.output.units, initial=0.0)))
    lanes = Lanes(
        np.abs(x),
        argument.spacing,
        x - lower,
        upper - x,
        f0[:, None],
        units,
        real,
        complex_ if try_complex else None,
        x,
    )
    return solve(lanes, order)


def generator(rng: Any) -> np.random.Generator:
    """Return the generator that `rng` stands for."""
    try:
        return np.random.default_rng(0 if rng is None else rng)
    except (TypeError, ValueError) as error:
        msg = f"rng={rng!r} is no seed ({error}). It must be an int or a numpy.random.Generator. Write rng=0."
        raise InputError(msg) from error


def _check_independence(
    evaluator: Evaluator, f0: np.ndarray, lower: np.ndarray, upper: np.ndarray, rng: np.random.Generator
) -> None:
    x = evaluator.argument.vector
    moved = rng.random(x.size) < 0.5
    if not moved.any() or moved.all():
        moved = np.arange(x.size) % 2 == 0
    step = np.where(x != 0, np.abs(x), 1.0) * 2.0**-10
    other = np.where(x + step <= upper, x + step, np.maximum(x - step, lower))
    values = evaluator.real(np.where(moved, other, x)[None, :])[0]
    allowed = 8 * evaluator.output.units * np.abs(f0)
    if np.all(np.isnan(values)):
        return
    changed = ~moved & (np.abs(values - f0) > allowed)
    if np.any(changed):
        entry = int(np.flatnonzero(changed)[0])
        msg = (
            f"derivative was given an f that mixes the entries of x: entry {entry} of f(x) changed when other entries of x "
            f"did. derivative differentiates elementwise functions. Use jacobian(f, x) for this one."
        )
        raise InputError(msg)


def scalar_calls(f: Callable[..., Any], argument: Argument) -> Callable[..., Any]:
    """Return f as an elementwise function of an array, called once per entry; failures become NaN."""

    def each(array: Any) -> np.ndarray:
        array = np.asarray(array)
        out = [_one(f, entry) for entry in array.ravel().tolist()]
        dtype = complex if array.dtype.kind == "c" and all(isinstance(value, complex) for value in out) else float
        return np.array(out, dtype=dtype).reshape(array.shape)

    return each


def _one(f: Callable[..., Any], entry: Any) -> Any:
    try:
        value = f(entry)
    except (ArithmeticError, ValueError):
        return np.nan
    return value if isinstance(value, complex) else float(value)
