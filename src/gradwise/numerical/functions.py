"""The public functions: each says what the lines are, and gives the outcomes the shapes of the arguments."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.containers import LEAF
from gradwise.errors import InputError
from gradwise.numerical.along import (
    along_direction,
    along_entries,
    array_of_list,
    chunked,
    elementwise_evaluator,
    entry_moves,
    need_same_shape,
    need_scalar,
    number_bounds,
    read_point,
    shifted,
)
from gradwise.numerical.argument import Argument, parse_bounds
from gradwise.numerical.elementwise import derivative_of_array
from gradwise.numerical.estimate import Estimate
from gradwise.numerical.evaluate import Evaluator
from gradwise.numerical.hessian import hessian_entries
from gradwise.numerical.lanes import Lanes
from gradwise.numerical.options import check_function, check_options, chosen_complex_step, noted
from gradwise.numerical.progress import Progress
from gradwise.numerical.results import estimate_entries
from gradwise.numerical.scalar import derivative_of_number
from gradwise.numerical.workers import open_mapper


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
        f does not take them.  Where f, or what it calls, holds a ``while`` loop or a ``for`` without an end, "auto" takes real
        steps only, and the message says so: an iteration may settle for every real number and for no complex one.
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
    complex_step, note = chosen_complex_step(f, complex_step)
    if isinstance(x, list):
        x = array_of_list(x)
    if type(x) is int:
        x = float(x)
    called = 0
    if type(x) is float and math.isfinite(x) and not vectorized and workers is None and order == 1:
        room = (-math.inf, math.inf) if bounds is None else number_bounds(bounds, x)
        found = derivative_of_number(f, x, *room, complex_step)
        if found is not None:
            return noted(found, note) if note else found
        called = 1  # at x, where it did not return a Python number
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
        found = along_entries(f, argument, lower, upper, "derivative", vectorized, workers, complex_step, order)
        found.evaluations += called
        return noted(found, note)
    with Progress() as progress, open_mapper(workers, f) as mapper:
        evaluator = elementwise_evaluator(f, argument, vectorized, mapper, progress)
        f0 = evaluator.first()
        need_same_shape(evaluator, argument)
        table = derivative_of_array(evaluator, f0, lower, upper, complex_step is not False, rng, order)

    def shape(array: np.ndarray, signed: bool) -> np.ndarray:
        return array[:, 0].reshape(np.shape(x))

    def line(entry: Any) -> tuple[Callable[[float], float], float]:
        index = int(np.ravel_multi_index(entry, np.shape(x))) if isinstance(entry, tuple) else int(entry)
        return lambda t: float(evaluator.real(shifted(argument.vector, index, t))[0, index]), abs(
            argument.vector[index]
        )

    if complex_step is True and argument.vector.size and np.all(table.step != 0.0):
        msg = "f does not take complex numbers (complex_step=True). It must. Write complex_step='auto'."
        raise InputError(msg)
    return noted(estimate_entries(table, shape, evaluator.count * evaluator.calls, line, evaluator.failure), note)


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
    complex_step, note = chosen_complex_step(f, complex_step)
    argument = read_point(x, "grad")
    lower, upper = parse_bounds(bounds, argument)
    return noted(along_entries(f, argument, lower, upper, "grad", vectorized, workers, complex_step), note)


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
    complex_step, note = chosen_complex_step(f, complex_step)
    argument = read_point(x, "jacobian")
    lower, upper = parse_bounds(bounds, argument)
    return noted(along_entries(f, argument, lower, upper, "jacobian", vectorized, workers, complex_step), note)


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
    complex_step, note = chosen_complex_step(f, complex_step)
    argument = read_point(x, "hessian")
    if argument.has_complex:
        msg = "hessian was given complex x. It must be real. Write f as a function of the real and imaginary parts."
        raise InputError(msg)
    lower, upper = parse_bounds(bounds, argument)
    point, n = argument.vector, argument.vector.size
    with Progress(total=4 * n * n) as progress, open_mapper(workers, f) as mapper:
        evaluator = Evaluator(f, argument, vectorized=vectorized, mapper=mapper, progress=progress)
        f0 = evaluator.first()
        need_scalar(evaluator, "hessian")
        real, complex_ = entry_moves(evaluator, lower, upper)

        def corners(i: np.ndarray, j: np.ndarray, s: np.ndarray, t: np.ndarray) -> np.ndarray:
            def move(rows: np.ndarray, _: np.ndarray) -> np.ndarray:
                vectors = np.repeat(point[None, :].astype(s.dtype), rows.size, axis=0)
                line = np.arange(rows.size)
                vectors[line, i[rows]] += s[rows]
                vectors[line, j[rows]] += t[rows]
                return vectors if s.dtype.kind == "c" else np.clip(vectors, lower, upper, out=vectors)

            evaluate = chunked(evaluator, move, move)[1 if s.dtype.kind == "c" else 0]
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

    return noted(estimate_entries(table, shape, evaluator.count, None, evaluator.failure), note)


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
    complex_step, note = chosen_complex_step(f, complex_step)
    argument = read_point(x, "directional_derivative")
    u = Argument(direction, "direction")
    if u.treedef != argument.treedef or u.shapes != argument.shapes or u.has_complex != argument.has_complex:
        msg = (
            f"direction has shapes {u.shapes} where x has {argument.shapes}. Both must have the same containers and "
            f"shapes. Pass a direction like x."
        )
        raise InputError(msg)
    largest = float(np.max(np.abs(u.vector)))  # its square may overflow or vanish
    length = largest * float(np.linalg.norm(u.vector / largest)) if largest else 0.0
    if length == 0.0:
        msg = "direction is zero. A direction must have a length. Pass one that is not zero."
        raise InputError(msg)
    unit = u.vector / largest
    unit /= np.linalg.norm(unit)
    lower, upper = parse_bounds(bounds, argument)
    factor = 1.0 if normalize else length**order
    return noted(
        along_direction(f, argument, unit, factor, lower, upper, order, vectorized, workers, complex_step), note
    )
