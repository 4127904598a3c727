"""The way that the public functions share: evaluate along lines, solve, and shape the results."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gradwise.errors import InputError
from gradwise.numerical.argument import Argument, parse_bounds
from gradwise.numerical.elementwise import scalar_calls
from gradwise.numerical.estimate import Estimate
from gradwise.numerical.evaluate import Evaluator
from gradwise.numerical.lanes import Lanes
from gradwise.numerical.line import Outcome
from gradwise.numerical.passes import solve
from gradwise.numerical.progress import Progress
from gradwise.numerical.results import estimate_entries, estimate_scalar
from gradwise.numerical.workers import Failure, Guarded, open_mapper


def read_point(x: Any, caller: str) -> Argument:
    """Return the point, which must hold a number."""
    argument = Argument(x)
    if argument.vector.size == 0:
        msg = f"{caller} was given x={x!r}, which holds no numbers. There must be at least one. Pass a non-empty array."
        raise InputError(msg)
    return argument


def along_entries(
    f: Callable[..., Any],
    argument: Argument,
    lower: np.ndarray,
    upper: np.ndarray,
    caller: str,
    vectorized: bool,
    workers: Any,
    complex_step: bool | str,
    order: int = 1,
) -> Estimate:
    """Differentiate along every entry of x."""
    x = argument.vector
    with Progress(total=12 * x.size) as progress, open_mapper(workers, f) as mapper:
        evaluator = Evaluator(f, argument, vectorized=vectorized, mapper=mapper, progress=progress)
        f0 = evaluator.first()
        output = evaluator.output
        if caller == "grad":
            need_scalar(evaluator, caller)
        if argument.has_complex and output.is_complex:
            msg = f"{caller} was given complex x and complex f(x). One of them must be real. Split x into two real arrays."
            raise InputError(msg)

        real, complex_ = entry_moves(evaluator, lower, upper)
        allowed = complex_step is not False and not argument.has_complex and not output.is_complex
        if complex_step is True and (not allowed or complex_(np.zeros(1, dtype=np.intp), np.full(1, 1e-30j)) is None):
            msg = "f does not take complex numbers (complex_step=True). It must. Write complex_step='auto'."
            raise InputError(msg)
        start = np.broadcast_to(f0, (x.size, f0.size))
        table = solve(
            Lanes(np.abs(x), argument.spacing, x - lower, upper - x, start, output.units, real,
                  complex_ if allowed else None, x),
            order,
        )  # fmt: skip

    def line(entry: Any) -> tuple[Callable[[float], float], float]:
        lane, place = _entry(entry, (x.size, f0.size))
        return lambda t: float(evaluator.real(shifted(x, lane, t))[0, place]), abs(x[lane])

    if caller == "derivative" and output.is_scalar:
        outcome = Outcome(*[getattr(table, name)[0, 0] for name in Outcome.__slots__])
        for name in ("value", "error", "step", "left", "right", "noise"):
            setattr(outcome, name, float(getattr(outcome, name)))
        return estimate_scalar(outcome, evaluator.count, line, evaluator.failure)

    def shape(array: np.ndarray, signed: bool) -> Any:
        if caller == "grad":
            return argument.restore(array[:, 0], combine=signed)
        parts = [np.moveaxis(part, 0, -1) for part in output.restore(array, combine=signed)]
        return output.treedef.rebuild([argument.restore(part, combine=signed) for part in parts])

    return estimate_entries(table, shape, evaluator.count, line, evaluator.failure)


def need_scalar(evaluator: Evaluator, caller: str) -> None:
    """Raise unless f returns one real number."""
    output = evaluator.output
    if not output.is_scalar:
        msg = (
            f"{caller} was given an f that returns shape {output.shapes[0] if len(output.shapes) == 1 else output.shapes}"
            f"{' of complex numbers' if output.is_complex else ''}. It needs one real number. "
            f"Use jacobian(f, x), or return a scalar such as f(x).sum()."
        )
        raise InputError(msg)


def entry_moves(evaluator: Evaluator, lower: np.ndarray, upper: np.ndarray) -> Any:
    """Return (real, complex) evaluation where lane i moves entry i of x, never across a bound."""
    x = evaluator.argument.vector

    free = bool((lower == -np.inf).all() and (upper == np.inf).all())

    def move(lanes: np.ndarray, steps: np.ndarray) -> np.ndarray:
        vectors = np.empty((lanes.size, x.size))
        vectors[:] = x
        moved = x[lanes] + steps
        vectors[np.arange(lanes.size), lanes] = moved if free else np.clip(moved, lower[lanes], upper[lanes])
        return vectors

    def move_complex(lanes: np.ndarray, steps: np.ndarray) -> np.ndarray:
        vectors = np.empty((lanes.size, x.size), dtype=complex)
        vectors[:] = x
        vectors[np.arange(lanes.size), lanes] = x[lanes] + steps
        return vectors

    return chunked(evaluator, move, move_complex)


def along_direction(
    f: Callable[..., Any],
    argument: Argument,
    unit: np.ndarray,
    factor: float,
    lower: np.ndarray,
    upper: np.ndarray,
    order: int,
    vectorized: bool,
    workers: Any,
    complex_step: bool | str,
) -> Estimate:
    """Differentiate along one direction of unit length; results are multiplied by `factor`."""
    x = argument.vector
    with Progress() as progress, open_mapper(workers, f) as mapper:
        evaluator = Evaluator(f, argument, vectorized=vectorized, mapper=mapper, progress=progress)
        f0 = evaluator.first()
        output = evaluator.output
        moving = unit != 0
        scale = float(np.linalg.norm(x[moving]))
        with np.errstate(divide="ignore", invalid="ignore"):
            up = np.where(unit > 0, (upper - x) / unit, np.where(unit < 0, (lower - x) / unit, np.inf))
            down = np.where(unit > 0, (x - lower) / unit, np.where(unit < 0, (x - upper) / unit, np.inf))
        spacing = float(np.max(argument.spacing[moving]))

        def move(lanes: np.ndarray, steps: np.ndarray) -> np.ndarray:
            return np.clip(x + steps[:, None] * unit, lower, upper)

        def move_complex(lanes: np.ndarray, steps: np.ndarray) -> np.ndarray:
            return x + steps[:, None] * unit

        real, complex_ = chunked(evaluator, move, move_complex)
        allowed = complex_step is not False and not argument.has_complex and not output.is_complex
        lanes = Lanes(
            np.array([scale]), np.array([spacing]), np.array([np.min(down)]), np.array([np.min(up)]), f0[None, :],
            output.units, real, complex_ if allowed else None,
        )  # fmt: skip
        table = solve(lanes, order)
    for name in ("value", "error", "left", "right"):
        setattr(table, name, getattr(table, name) * factor)

    def line(entry: Any) -> tuple[Callable[[float], float], float]:
        _, place = _entry(entry, (1, f0.size))
        return lambda t: float(evaluator.real(np.clip(x + t * unit, lower, upper)[None, :])[0, place]), scale

    if output.is_scalar:
        outcome = Outcome(*[getattr(table, name)[0, 0] for name in Outcome.__slots__])
        for name in ("value", "error", "step", "left", "right", "noise"):
            setattr(outcome, name, float(getattr(outcome, name)))
        return estimate_scalar(outcome, evaluator.count, line, evaluator.failure)

    def shape(array: np.ndarray, signed: bool) -> Any:
        return output.treedef.rebuild([part[0] for part in output.restore(array, combine=signed)])

    return estimate_entries(table, shape, evaluator.count, line, evaluator.failure)


def chunked(evaluator: Evaluator, move: Callable[..., np.ndarray], move_complex: Callable[..., np.ndarray]) -> Any:
    """Return (real, complex) evaluation by lane and step that never hold more than `Evaluator.block` numbers of points."""
    size = max(1, evaluator.block // max(1, evaluator.argument.vector.size))

    def real(lanes: np.ndarray, steps: np.ndarray) -> np.ndarray:
        if lanes.size <= size:
            return evaluator.fresh(partial(move, lanes, steps))
        values = np.empty((lanes.size, evaluator.output.size))
        for start in range(0, lanes.size, size):
            part = slice(start, start + size)
            values[part] = evaluator.fresh(partial(move, lanes[part], steps[part]))
        return values

    def complex_(lanes: np.ndarray, steps: np.ndarray) -> np.ndarray | None:
        blocks = []
        half = max(1, size // 2)  # a complex number is two
        for start in range(0, lanes.size, half):
            block = evaluator.complex(move_complex(lanes[start : start + half], steps[start : start + half]))
            if block is None:
                return None
            blocks.append(block)
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    return real, complex_


def _entry(entry: Any, shape: tuple[int, int]) -> tuple[int, int]:
    """Return (lane, output) of a flat entry number in output-major order, the order of a Jacobian's entries."""
    place, lane = divmod(int(entry or 0), shape[0])
    return lane, place


def shifted(x: np.ndarray, index: int, t: float) -> np.ndarray:
    """Return x with one entry moved by t, as a batch of one."""
    vector = x.copy()
    vector[index] += t
    return vector[None, :]


def array_of_list(x: list[Any]) -> np.ndarray:
    """Return a list of numbers as an array."""
    try:
        return np.array(x, dtype=float)
    except (TypeError, ValueError) as error:
        msg = (
            f"derivative was given the list x={x!r}, which is no array of numbers. It takes one number or one array. "
            f"Use grad(f, x) for nested arguments."
        )
        raise InputError(msg) from error


def number_bounds(bounds: Any, x: float) -> tuple[float, float]:
    """Return the bounds of a single number."""
    lower, upper = parse_bounds(bounds, Argument(x))
    return float(lower[0]), float(upper[0])


def elementwise_evaluator(
    f: Callable[..., Any], argument: Argument, vectorized: bool, mapper: Any, progress: Progress
) -> Evaluator:
    """Return an evaluator of f on the whole array, or entry by entry where f takes one number only."""
    if not vectorized:
        result = Guarded(f)(argument.build(argument.vector))
        if isinstance(result, Failure) and argument.vector.size:
            single = Guarded(f)(float(argument.vector[0]))
            if not isinstance(single, Failure) and np.ndim(single) == 0:
                evaluator = Evaluator(scalar_calls(f, argument), argument, progress=progress)
                evaluator.calls = argument.vector.size
                return evaluator
    evaluator = Evaluator(f, argument, vectorized=vectorized, mapper=mapper, progress=progress)
    evaluator.count = 0 if vectorized else 1
    return evaluator


def need_same_shape(evaluator: Evaluator, argument: Argument) -> None:
    """Raise unless f(x) is real and shaped as x."""
    output = evaluator.output
    if len(output.shapes) != 1 or output.shapes[0] != argument.shapes[0] or output.is_complex:
        msg = (
            f"derivative was given x of shape {argument.shapes[0]} and an f that returns shape "
            f"{output.shapes[0] if len(output.shapes) == 1 else output.shapes}"
            f"{' of complex numbers' if output.is_complex else ''}. "
            f"It differentiates elementwise real functions. Use grad(f, x) for one number, jacobian(f, x) for an array."
        )
        raise InputError(msg)
