"""The public functions: each says what the lines are, and gives the outcomes the shapes of the arguments."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.containers import LEAF
from gradwise.errors import InputError
from gradwise.numerical.argument import Argument, parse_bounds
from gradwise.numerical.elementwise import derivative_of_array, scalar_calls
from gradwise.numerical.estimate import Estimate
from gradwise.numerical.evaluate import Evaluator
from gradwise.numerical.hessian import hessian_entries
from gradwise.numerical.lanes import Lanes, Table, solve
from gradwise.numerical.line import Outcome
from gradwise.numerical.options import check_function, check_options
from gradwise.numerical.progress import Progress
from gradwise.numerical.results import estimate_entries, estimate_scalar
from gradwise.numerical.scalar import derivative_of_number
from gradwise.numerical.workers import Failure, Guarded, open_mapper


def derivative(
    f: Callable[..., Any],
    x: Any,
    order: int = 1,
    bounds: Any = None,
    vectorized: bool = False,
    workers: Any = None,
    complex_step: bool | str = "auto",
    rng: Any = None,
) -> Estimate:
    r"""Differentiate a function of one number, or an elementwise function of an array: :math:`f^{(k)}(x)`.

    Parameters
    ----------
    f : callable
        Takes x and returns a number, an array or a container of arrays; for an array x it acts on each entry by itself
        (a function that takes one number only, such as ``math.sin``, is called once per entry).
    x : float or array_like
        Where to differentiate.
    order : int
        Order k of the derivative, 1 or more.
    bounds : (lower, upper), optional
        f is never called outside them, not by one unit in the last place.
    vectorized : bool
        f takes many points at once on a new leading axis.
    workers : int or map-like callable, optional
        Evaluate in that many processes, or through a callable like ``map``. Results do not depend on it.
    complex_step : "auto", True or False
        Whether to try complex numbers: "auto" uses them where a real check confirms that f is analytic; True raises if
        f does not take them.
    rng : int or numpy.random.Generator, optional
        Chooses the entries of the check that f acts on each entry by itself.

    Returns
    -------
    Estimate
        Value, error bound and status, shaped as f(x).

    Raises
    ------
    InputError
        If f fails at x, x is not a finite number within bounds, or f mixes the entries of x.

    Examples
    --------
    >>> import math
    >>> from gradwise.numerical import derivative
    >>> estimate = derivative(math.sin, 1.0)
    >>> abs(estimate.value - math.cos(1.0)) <= estimate.error <= 1e-12
    True

    Notes
    -----
    The method is described in `gradwise.numerical.search`. What it cannot see: structure that lies between all points of
    evaluation, and is smooth and small at x, leaves no trace in any of them.
    """
    check_function(f)
    check_options(order, complex_step)
    if isinstance(x, list):
        x = _array_of_list(x)
    if type(x) is int:
        x = float(x)
    if type(x) is float and math.isfinite(x) and not vectorized and workers is None and order == 1:
        lower, upper = (-math.inf, math.inf) if bounds is None else _number_bounds(bounds, x)
        found = derivative_of_number(f, x, lower, upper, complex_step)
        if found is not None:
            return found
    argument = Argument(x)
    if argument.has_complex:
        msg = f"derivative was given the complex x={x!r}. It takes real numbers. Use grad(f, x) for a real f of complex x."
        raise InputError(msg)
    if argument.treedef is not LEAF or not isinstance(x, np.ndarray | np.generic | float):
        msg = (
            f"derivative was given x of type {type(x).__name__}. It takes one number or one array. "
            f"Use grad(f, x) for a function of several numbers."
        )
        raise InputError(msg)
    lower, upper = parse_bounds(bounds, argument)
    if np.ndim(x) == 0:
        return _along_entries(f, argument, lower, upper, "derivative", vectorized, workers, complex_step, order)
    with Progress() as progress, open_mapper(workers, f) as mapper:
        evaluator = _elementwise_evaluator(f, argument, vectorized, mapper, progress)
        f0 = evaluator.first()
        _need_same_shape(evaluator, argument)
        table = derivative_of_array(evaluator, f0, lower, upper, complex_step is not False, rng, order)

    def shape(array: np.ndarray, signed: bool) -> np.ndarray:
        return array[:, 0].reshape(np.shape(x))

    def line(entry: Any) -> tuple[Callable[[float], float], float]:
        index = int(np.ravel_multi_index(entry, np.shape(x))) if isinstance(entry, tuple) else int(entry)
        return lambda t: float(evaluator.real(_shifted(argument.vector, index, t))[0, index]), abs(argument.vector[index])

    return estimate_entries(table, shape, evaluator.count, line, evaluator.failure)


def grad(
    f: Callable[..., Any],
    x: Any,
    bounds: Any = None,
    vectorized: bool = False,
    workers: Any = None,
    complex_step: bool | str = "auto",
    rng: Any = None,
) -> Estimate:
    r"""Differentiate a function of many numbers that returns one: :math:`\nabla f(x)`.

    For a complex entry z = a + ib the gradient is ∂f/∂a + i ∂f/∂b, the direction of steepest ascent.

    Parameters
    ----------
    f : callable
        Takes x and returns one real number.
    x : array_like or container of arrays
        Where to differentiate; f is called with fresh copies of the same types and shapes.
    bounds, vectorized, workers, complex_step, rng
        As in `derivative`; `bounds` may hold arrays or containers shaped as x.

    Returns
    -------
    Estimate
        Fields shaped as x.

    Raises
    ------
    InputError
        If f fails at x or does not return one real number, or x is empty, not finite or outside bounds.

    Examples
    --------
    >>> import numpy as np
    >>> from gradwise.numerical import grad
    >>> estimate = grad(lambda x: x[0] ** 2 * x[1], np.array([3.0, 2.0]))
    >>> np.round(estimate.value, 9)
    array([12.,  9.])
    """
    check_function(f)
    check_options(1, complex_step)
    argument = _argument(x, "grad")
    lower, upper = parse_bounds(bounds, argument)
    return _along_entries(f, argument, lower, upper, "grad", vectorized, workers, complex_step)


def jacobian(
    f: Callable[..., Any],
    x: Any,
    bounds: Any = None,
    vectorized: bool = False,
    workers: Any = None,
    complex_step: bool | str = "auto",
    rng: Any = None,
) -> Estimate:
    r"""Differentiate every output with respect to every input: :math:`J_{ij} = \partial f_i / \partial x_j`.

    Parameters
    ----------
    f : callable
        Takes x and returns an array or a container of arrays.
    x, bounds, vectorized, workers, complex_step, rng
        As in `grad`.

    Returns
    -------
    Estimate
        Fields of shape ``f(x).shape + x.shape``; containers of outputs hold containers of inputs.

    Raises
    ------
    InputError
        As in `grad`; also if x and f(x) are both complex.

    Examples
    --------
    >>> import numpy as np
    >>> from gradwise.numerical import jacobian
    >>> estimate = jacobian(lambda x: np.array([x[0] * x[1], x[0] ** 2]), np.array([2.0, 3.0]))
    >>> np.round(estimate.value, 9)
    array([[3., 2.],
           [4., 0.]])
    """
    check_function(f)
    check_options(1, complex_step)
    argument = _argument(x, "jacobian")
    lower, upper = parse_bounds(bounds, argument)
    return _along_entries(f, argument, lower, upper, "jacobian", vectorized, workers, complex_step)


def hessian(
    f: Callable[..., Any],
    x: Any,
    bounds: Any = None,
    vectorized: bool = False,
    workers: Any = None,
    complex_step: bool | str = "auto",
    rng: Any = None,
) -> Estimate:
    r"""Differentiate twice a function of many numbers that returns one: :math:`H_{ij} = \partial^2 f / \partial x_i \partial x_j`.

    Parameters
    ----------
    f : callable
        Takes x and returns one real number.
    x, bounds, vectorized, workers, complex_step, rng
        As in `grad`; x must be real.

    Returns
    -------
    Estimate
        Symmetric fields of shape ``x.shape + x.shape``; containers of x hold containers of x, block by block.

    Raises
    ------
    InputError
        As in `grad`; also if x is complex.

    Examples
    --------
    >>> import numpy as np
    >>> from gradwise.numerical import hessian
    >>> estimate = hessian(lambda x: x[0] ** 2 * x[1], np.array([3.0, 2.0]))
    >>> np.round(estimate.value, 6)
    array([[4., 6.],
           [6., 0.]])
    """
    check_function(f)
    check_options(2, complex_step)
    argument = _argument(x, "hessian")
    if argument.has_complex:
        msg = "hessian was given complex x. It must be real. Write f as a function of the real and imaginary parts."
        raise InputError(msg)
    lower, upper = parse_bounds(bounds, argument)
    point, n = argument.vector, argument.vector.size
    with Progress(total=4 * n * n) as progress, open_mapper(workers, f) as mapper:
        evaluator = Evaluator(f, argument, vectorized=vectorized, mapper=mapper, progress=progress)
        f0 = evaluator.first()
        _need_scalar(evaluator, "hessian")
        real, complex_ = _entry_moves(evaluator, lower, upper)

        def corners(i: np.ndarray, j: np.ndarray, s: np.ndarray, t: np.ndarray) -> np.ndarray:
            def move(rows: np.ndarray, _: np.ndarray) -> np.ndarray:
                vectors = np.repeat(point[None, :].astype(s.dtype), rows.size, axis=0)
                line = np.arange(rows.size)
                vectors[line, i[rows]] += s[rows]
                vectors[line, j[rows]] += t[rows]
                return vectors if s.dtype.kind == "c" else np.clip(vectors, lower, upper, out=vectors)

            evaluate = _chunked(evaluator, move, move)[1 if s.dtype.kind == "c" else 0]
            values = evaluate(np.arange(i.size), s)
            return np.full(i.size, np.nan) if values is None else values[:, 0]

        lanes = Lanes(
            np.abs(point), argument.spacing, point - lower, upper - point, np.broadcast_to(f0, (n, 1)),
            evaluator.output.units, real, complex_ if complex_step is not False else None,
        )  # fmt: skip
        table = hessian_entries(lanes, corners)

    def shape(array: np.ndarray, signed: bool) -> Any:
        blocks = [
            argument.restore(array[rows].reshape((*leaf_shape, n)))
            for leaf_shape, (rows, _) in zip(argument.shapes, argument.slices)
        ]
        return argument.treedef.rebuild(blocks)

    return estimate_entries(table, shape, evaluator.count, None, evaluator.failure)


def directional_derivative(
    f: Callable[..., Any],
    x: Any,
    direction: Any,
    order: int = 1,
    bounds: Any = None,
    vectorized: bool = False,
    workers: Any = None,
    complex_step: bool | str = "auto",
    rng: Any = None,
    normalize: bool = True,
) -> Estimate:
    r"""Differentiate along a direction: :math:`\frac{d^k}{dt^k} f(x + t\,u/\|u\|)` at t = 0.

    Parameters
    ----------
    f : callable
        Takes x and returns a number, an array or a container.
    x : array_like or container of arrays
        Where to differentiate.
    direction : like x
        u; must not be zero.
    order, bounds, vectorized, workers, complex_step, rng
        As in `derivative` and `grad`.
    normalize : bool
        Divide u by its length; if False the result is ∇f·u.

    Returns
    -------
    Estimate
        Fields shaped as f(x).

    Raises
    ------
    InputError
        If the direction is zero or does not fit x; else as in `grad`.

    Examples
    --------
    >>> import numpy as np
    >>> from gradwise.numerical import directional_derivative
    >>> estimate = directional_derivative(lambda x: x @ x, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> round(estimate.value, 9)
    4.4
    """
    check_function(f)
    check_options(order, complex_step)
    argument = _argument(x, "directional_derivative")
    u = Argument(direction, "direction")
    if u.treedef != argument.treedef or u.shapes != argument.shapes or u.has_complex != argument.has_complex:
        msg = (
            f"direction has shapes {u.shapes} where x has {argument.shapes}. Both must have the same containers and "
            f"shapes. Pass a direction like x."
        )
        raise InputError(msg)
    length = float(np.linalg.norm(u.vector))
    if length == 0.0:
        msg = "direction is zero. A direction must have a length. Pass one that is not zero."
        raise InputError(msg)
    unit = u.vector / length
    lower, upper = parse_bounds(bounds, argument)
    factor = 1.0 if normalize else length**order
    return _along_direction(
        f, argument, unit, factor, lower, upper, order, vectorized, workers, complex_step
    )


# ------------------------------------------------------------------------------------------------------ the common way
def _argument(x: Any, caller: str) -> Argument:
    argument = Argument(x)
    if argument.vector.size == 0:
        msg = f"{caller} was given x={x!r}, which holds no numbers. There must be at least one. Pass a non-empty array."
        raise InputError(msg)
    return argument


def _along_entries(
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
            _need_scalar(evaluator, caller)
        if argument.has_complex and output.is_complex:
            msg = f"{caller} was given complex x and complex f(x). One of them must be real. Split x into two real arrays."
            raise InputError(msg)

        real, complex_ = _entry_moves(evaluator, lower, upper)
        allowed = complex_step is not False and not argument.has_complex and not output.is_complex
        if complex_step is True and (not allowed or complex_(np.zeros(1, dtype=np.intp), np.full(1, 1e-30j)) is None):
            msg = "f does not take complex numbers (complex_step=True). It must. Write complex_step='auto'."
            raise InputError(msg)
        start = np.broadcast_to(f0, (x.size, f0.size))
        table = solve(
            Lanes(np.abs(x), argument.spacing, x - lower, upper - x, start, output.units, real,
                  complex_ if allowed else None),
            order,
        )  # fmt: skip

    def line(entry: Any) -> tuple[Callable[[float], float], float]:
        lane, place = _entry(entry, (x.size, f0.size))
        return lambda t: float(evaluator.real(_shifted(x, lane, t))[0, place]), abs(x[lane])

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


def _need_scalar(evaluator: Evaluator, caller: str) -> None:
    output = evaluator.output
    if not output.is_scalar:
        msg = (
            f"{caller} was given an f that returns shape {output.shapes[0] if len(output.shapes) == 1 else output.shapes}"
            f"{' of complex numbers' if output.is_complex else ''}. It needs one real number. "
            f"Use jacobian(f, x), or return a scalar such as f(x).sum()."
        )
        raise InputError(msg)


def _entry_moves(evaluator: Evaluator, lower: np.ndarray, upper: np.ndarray) -> Any:
    """Return (real, complex) evaluation where lane i moves entry i of x, never across a bound."""
    x = evaluator.argument.vector

    def move(lanes: np.ndarray, steps: np.ndarray) -> np.ndarray:
        vectors = np.repeat(x[None, :], lanes.size, axis=0)
        vectors[np.arange(lanes.size), lanes] = np.clip(x[lanes] + steps, lower[lanes], upper[lanes])
        return vectors

    def move_complex(lanes: np.ndarray, steps: np.ndarray) -> np.ndarray:
        vectors = np.repeat(x[None, :].astype(complex), lanes.size, axis=0)
        vectors[np.arange(lanes.size), lanes] += steps
        return vectors

    return _chunked(evaluator, move, move_complex)


def _along_direction(
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

        real, complex_ = _chunked(evaluator, move, move_complex)
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


def _chunked(evaluator: Evaluator, move: Callable[..., np.ndarray], move_complex: Callable[..., np.ndarray]) -> Any:
    """Return (real, complex) evaluation by lane and step that never hold more than 64 MiB of points."""
    size = max(1, 2**23 // max(1, evaluator.argument.vector.size))

    def real(lanes: np.ndarray, steps: np.ndarray) -> np.ndarray:
        blocks = [
            evaluator.real(move(lanes[start : start + size], steps[start : start + size]))
            for start in range(0, lanes.size, size)
        ]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    def complex_(lanes: np.ndarray, steps: np.ndarray) -> np.ndarray | None:
        blocks = []
        for start in range(0, lanes.size, size):
            block = evaluator.complex(move_complex(lanes[start : start + size], steps[start : start + size]))
            if block is None:
                return None
            blocks.append(block)
        return np.concatenate(blocks)

    return real, complex_


def _entry(entry: Any, shape: tuple[int, int]) -> tuple[int, int]:
    """Return (lane, output) of a flat entry number in output-major order, the order of a Jacobian's entries."""
    place, lane = divmod(int(entry or 0), shape[0])
    return lane, place


def _shifted(x: np.ndarray, index: int, t: float) -> np.ndarray:
    vector = x.copy()
    vector[index] += t
    return vector[None, :]


def _array_of_list(x: list[Any]) -> np.ndarray:
    try:
        return np.array(x, dtype=float)
    except (TypeError, ValueError) as error:
        msg = (
            f"derivative was given the list x={x!r}, which is no array of numbers. It takes one number or one array. "
            f"Use grad(f, x) for nested arguments."
        )
        raise InputError(msg) from error


def _number_bounds(bounds: Any, x: float) -> tuple[float, float]:
    lower, upper = parse_bounds(bounds, Argument(x))
    return float(lower[0]), float(upper[0])


def _elementwise_evaluator(
    f: Callable[..., Any], argument: Argument, vectorized: bool, mapper: Any, progress: Progress
) -> Evaluator:
    """Return an evaluator of f on the whole array, or entry by entry where f takes one number only."""
    if not vectorized:
        result = Guarded(f)(argument.build(argument.vector))
        if isinstance(result, Failure) and argument.vector.size:
            single = Guarded(f)(float(argument.vector[0]))
            if not isinstance(single, Failure) and np.ndim(single) == 0:
                return Evaluator(scalar_calls(f, argument), argument, mapper=None, progress=progress)
    return Evaluator(f, argument, vectorized=vectorized, mapper=mapper, progress=progress)


def _need_same_shape(evaluator: Evaluator, argument: Argument) -> None:
    output = evaluator.output
    if len(output.shapes) != 1 or output.shapes[0] != argument.shapes[0] or output.is_complex:
        msg = (
            f"derivative was given x of shape {argument.shapes[0]} and an f that returns shape "
            f"{output.shapes[0] if len(output.shapes) == 1 else output.shapes}"
            f"{' of complex numbers' if output.is_complex else ''}. "
            f"It differentiates elementwise real functions. Use grad(f, x) for one number, jacobian(f, x) for an array."
        )
        raise InputError(msg)
