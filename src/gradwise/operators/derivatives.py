"""derivative, partial_derivative, directional_derivative, taylor: derivatives along a line, to any order.

All are the coefficients of t ↦ f(x + t u); ``transforms/taylor.py`` finds them with shared terms.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import InputError, OutputError
from gradwise.execution import build
from gradwise.operators.arguments import Arguments, function_label, require_callable
from gradwise.operators.engine import Linearization, derived, interpret, is_outer, linearize_call
from gradwise.operators.estimates import numerical_derivative, numerical_directional, numerical_mixed, numerical_taylor
from gradwise.operators.fallback import choose
from gradwise.operators.points import spread_point
from gradwise.operators.results import output_leaves
from gradwise.operators.singular import resolved_line
from gradwise.operators.vectors import match_vector
from gradwise.operators.verification import requested
from gradwise.tracing import isinstance_traced
from gradwise.transforms.simplify import drop_dead
from gradwise.transforms.taylor import derivatives

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_PYTHON_NUMBERS = (float, int, complex)


def check_order(order: Any, operator: str, least: int = 1) -> int:
    if isinstance(order, bool) or not isinstance(order, (int, np.integer)) or order < least:
        raise InputError(f"gw.{operator} was given order={order!r}. An integer of at least {least} is required")
    return int(order)


class _Line:
    """A program of derivatives along a line, ready to run."""

    __slots__ = ("executable", "levels", "program")

    def __init__(self, linearization: Linearization, order: int) -> None:
        program, levels = derivatives(linearization.program, linearization.program.inputs, order)
        program.guards = ()
        self.program = drop_dead(program)
        self.levels = levels
        flat = [v for level in levels for v in level]
        self.executable = build(
            self.program.equations, self.program.types, flat, (*self.program.inputs, *self.program.captured)
        )


def along_line(linearization: Linearization, direction: Sequence[Any], order: int) -> list[list[Any]]:
    """y, y', …, y⁽ⁿ⁾ by leaves of the output, None where structurally zero."""

    def make() -> tuple[_Line, int]:
        line = _Line(linearization, order)
        return line, len(line.program)

    line: _Line = derived(("line", order, linearization.fingerprint), make)
    tape, program = linearization.recording.tape, line.program
    env: list[Any] = [None] * len(program.types)
    n = len(tape.inputs)
    leaves = linearization.arguments.leaves if linearization.nested else [tape.values[i] for i in tape.inputs]
    captured = tape.captured_values() if linearization.nested else [tape.values[i] for i in tape.captured]
    for variable, value in zip(program.inputs[:n], leaves, strict=True):
        env[variable] = value
    for variable, value in zip(program.inputs[n:], direction, strict=True):
        env[variable] = value
    for variable, value in zip(program.captured, captured, strict=True):
        env[variable] = value
    if linearization.nested or any(is_outer(d) for d in direction):
        interpret(program.equations, env)
    else:
        line.executable.run(env)
    found = [[None if v is None else env[v] for v in level] for level in line.levels]
    return resolved_line(linearization, found, direction)


def nth_along(f: Callable[..., Any], arguments: Arguments, direction: Sequence[Any], order: int, operator: str) -> Any:
    """dⁿ/dtⁿ f(x + t u) in the container of the output."""
    linearization = linearize_call(f, arguments)
    require_floating(linearization, f, operator)
    return _in_container(linearization, along_line(linearization, direction, order)[order])


def _in_container(linearization: Linearization, level: list[Any]) -> Any:
    """Derivatives in the container of the output; Python numbers at a point of Python numbers."""
    leaves = output_leaves(linearization, level)
    if all(kind in _PYTHON_NUMBERS for kind in linearization.arguments.kinds):
        leaves = [v if isinstance_traced(v) or np.ndim(v) else np.asarray(v).item() for v in leaves]
    return linearization.recording.structure.rebuild(leaves)


def require_floating(linearization: Linearization, f: Any, operator: str) -> None:
    for value in linearization.values:
        kind = np.asarray(value.current() if isinstance_traced(value) else value).dtype.kind
        if kind not in "fc":
            what = "a boolean" if kind == "b" else "an integer"
            raise OutputError(
                f"gw.{operator} of {function_label(f)}: the function returned {what}, which is piecewise constant. A real or complex number is required"
            )


def _ones(leaf: Any) -> Any:
    like = leaf.current() if isinstance_traced(leaf) else leaf
    return np.ones(np.shape(like), np.asarray(like).dtype)[()]


def derivative(
    f: Callable[..., Any], order: int = 1, *, method: str = "auto", check: bool | None = None, pure: bool | None = None
) -> Callable[..., Any]:
    """A function returning the n-th derivative of a function of one number, or of an elementwise function of an array.

    Parameters
    ----------
    f : callable
        f(x) for a number x (real, or complex if f is holomorphic), or an elementwise function of an array: entry i of the value depends on entry i of x
        alone, which is checked.
    order : int
        At least 1.
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    callable
        Returns f⁽ⁿ⁾(x): for a number, in the container and shape of f(x); for an array, an array of its shape.

    Raises
    ------
    InputError
        If order is not a positive integer, or f is not elementwise.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> gw.derivative(lambda x: x**3)(2.0)
    12.0
    >>> gw.derivative(lambda x: x**3, order=2)(np.array([1.0, 2.0]))
    array([ 6., 12.])
    """
    require_callable(f, "derivative")
    order = check_order(order, "derivative")

    def exact(*args: Any, **kwargs: Any) -> Any:
        if not args:
            raise InputError("gw.derivative(f) was called without a point. Write gw.derivative(f)(x)")
        arguments = Arguments(f, 0, args, kwargs, "derivative")
        if len(arguments.leaves) != 1 or arguments.treedefs[0].paths() != [""]:
            raise InputError(
                f"gw.derivative of {function_label(f)}: the argument is a container. A number or an array is required. Use gw.grad or gw.jacobian"
            )
        leaf = arguments.leaves[0]
        linearization = linearize_call(f, arguments)
        require_floating(linearization, f, "derivative")
        if np.ndim(leaf) > 0:
            _require_elementwise(linearization, f, leaf)
        if np.iscomplexobj(leaf.current() if isinstance_traced(leaf) else leaf):
            _require_complex_derivative(linearization, f, leaf)
        return _in_container(linearization, along_line(linearization, [_ones(leaf)], order)[order])

    def numerical(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        return numerical_derivative(Arguments(f, 0, args, kwargs, "derivative"), order)

    return choose(f, "derivative", method, exact, numerical, check, pure)


def _require_complex_derivative(linearization: Linearization, f: Any, leaf: Any) -> None:
    one = linearization.jvp([_ones(leaf)])
    turned = linearization.jvp([_ones(leaf) * np.complex64(1j)])
    for a, b in zip(one, turned, strict=True):
        a = 0.0 if a is None else a.current() if isinstance_traced(a) else a
        b = 0.0 if b is None else b.current() if isinstance_traced(b) else b
        if not np.allclose(b, 1j * np.asarray(a), rtol=1e-8, atol=1e-12 * (1 + np.max(np.abs(a), initial=0.0)), equal_nan=True):
            raise OutputError(
                f"gw.derivative of {function_label(f)}: the function is not holomorphic at this point, so it has no complex derivative. "
                f"Use gw.grad for a real function of a complex number (∂f/∂a + i ∂f/∂b), or differentiate real and imaginary parts"
            )


def _require_elementwise(linearization: Linearization, f: Any, leaf: Any) -> None:
    """Each entry of the value depends on its own entry of x: J r = r · (J 1) for a random r."""
    like = leaf.current() if isinstance_traced(leaf) else leaf
    shapes = [np.shape(v) for v in linearization.values]
    cure = "Use gw.grad for a function with one number as value, gw.jacobian for all derivatives of all entries"
    if shapes != [like.shape]:
        raise InputError(
            f"gw.derivative of {function_label(f)}: an array of shape {like.shape} gave a value of shape {shapes[0] if len(shapes) == 1 else shapes}. "
            f"An elementwise function (value of the shape of x) is required. {cure}"
        )
    r = np.random.default_rng(0).uniform(0.5, 1.5, like.shape).astype(like.dtype)
    (along_ones,), (along_r,) = linearization.jvp([np.ones_like(like)]), linearization.jvp([r])
    if along_ones is None or along_r is None:
        return
    a = along_ones.current() if isinstance_traced(along_ones) else along_ones
    b = along_r.current() if isinstance_traced(along_r) else along_r
    with np.errstate(all="ignore"):
        finite = np.isfinite(a) & np.isfinite(b)
        off = np.abs(b - r * a) > 1e3 * np.finfo(like.dtype).eps * (np.abs(a) + np.max(np.abs(a[finite]), initial=0.0))
    if np.any(off & finite):
        raise InputError(
            f"gw.derivative of {function_label(f)}: entries of the value depend on other entries of x. An elementwise function is required. {cure}"
        )


def partial_derivative(
    f: Callable[..., Any],
    argnum_or_name: Any,
    index: Any = None,
    order: Any = 1,
    *,
    method: str = "auto",
    check: bool | None = None,
    pure: bool | None = None,
) -> Callable[..., Any]:
    """A function returning a partial derivative ∂ⁿf/∂xⁿ, or a mixed one ∂ᵐ⁺ⁿf/∂xᵐ∂yⁿ.

    Parameters
    ----------
    f : callable
        Its value may be a number, an array, or a container of them.
    argnum_or_name : int, str, or tuple of these
        The argument, by position or name; a tuple for a mixed derivative.
    index : int, tuple of int, or (for a mixed derivative) tuple of these and None
        Which entry, if the argument is an array.
    order : int or tuple of int
        Order in each argument.
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    callable
        Takes the arguments of f and returns the derivative in the container and shape of the value.

    Raises
    ------
    InputError
        If an argument does not exist, is an array and no index is given, or the index is out of bounds.

    Examples
    --------
    >>> import gradwise as gw
    >>> f = lambda x, y: x**2 * y + 3 * x * y**2
    >>> gw.partial_derivative(f, "x")(1.0, 2.0)
    16.0
    >>> gw.partial_derivative(f, ("x", "y"))(1.0, 2.0)
    14.0
    """
    require_callable(f, "partial_derivative")
    mixed = isinstance(argnum_or_name, (tuple, list))
    places = list(argnum_or_name) if mixed else [argnum_or_name]
    if not places:
        raise InputError("gw.partial_derivative was given no argument. A position, a name, or a tuple of them is required")
    indices = list(index) if mixed and index is not None else [None] * len(places) if mixed else [index]
    orders = list(order) if isinstance(order, (tuple, list)) else [order] * len(places)
    if len(indices) != len(places) or len(orders) != len(places):
        raise InputError(
            f"gw.partial_derivative was given {len(places)} arguments, {len(indices)} indices and {len(orders)} orders. As many of each are required"
        )
    orders = [check_order(n, "partial_derivative") for n in orders]

    def exact(*args: Any, **kwargs: Any) -> Any:
        function = f
        if requested.get() and len(places) > 1:  # what follows differentiates derivatives of f: verify f itself
            linearize_call(f, Arguments(f, _distinct(f, places, args, kwargs), args, kwargs, "partial_derivative"))
        for place, where, n in zip(places, indices, orders, strict=True):
            function = _partial(function, f, place, where, n)
        return function(*args, **kwargs)

    def numerical(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        if len(places) == 1:
            arguments = Arguments(f, places[0], args, kwargs, "partial_derivative")
            return numerical_derivative(arguments, orders[0], _unit(arguments, indices[0]))
        if orders != [1, 1]:
            raise InputError("gw.partial_derivative has no numerical form for mixed derivatives beyond ∂²f/∂x∂y. Two arguments of order 1 are required")
        distinct = _distinct(f, places, args, kwargs)
        arguments = Arguments(f, distinct, args, kwargs, "partial_derivative")
        units = []
        for place, where in zip(places, indices, strict=True):
            one = Arguments(f, place, args, kwargs, "partial_derivative")
            unit = _unit(one, where)[0]
            units.append([unit if p == one._places[0] else _ones(leaf) * 0 for p, leaf in zip(distinct, arguments.leaves, strict=True)])
        return numerical_mixed(arguments, *units)

    return choose(f, "partial_derivative", method, exact, numerical, check, pure)


def _distinct(f: Any, places: list[Any], args: Any, kwargs: Any) -> tuple[Any, ...]:
    """The arguments chosen by positions and names, each once."""
    return tuple(dict.fromkeys(Arguments(f, place, args, kwargs, "partial_derivative")._places[0] for place in places))


def _unit(arguments: Arguments, index: Any) -> list[Any]:
    if len(arguments.leaves) != 1:
        raise InputError(
            f"gw.partial_derivative: argument {arguments.labels[0]!r} is a container of {len(arguments.leaves)} leaves. A number or an array is required"
        )
    leaf = arguments.leaves[0]
    like = leaf.current() if isinstance_traced(leaf) else leaf
    if np.ndim(like) == 0:
        if index not in (None, ()):
            raise InputError(f"gw.partial_derivative was given index={index!r} for a number. index=None is required")
        return [_ones(leaf)]
    shape = np.shape(like)
    if index is None:
        raise InputError(
            f"gw.partial_derivative: the argument is an array of shape {shape}. The entry is required: index=0, or a tuple of {len(shape)} integers. "
            f"Use gw.grad or gw.jacobian for all entries"
        )
    place = index if isinstance(index, tuple) else (index,)
    if len(place) != len(shape) or not all(isinstance(i, (int, np.integer)) and not isinstance(i, bool) for i in place):
        raise InputError(f"gw.partial_derivative was given index={index!r} for an array of shape {shape}. {len(shape)} integers are required")
    for i, n in zip(place, shape, strict=True):
        if not -n <= i < n:
            raise InputError(f"gw.partial_derivative was given index={index!r}, which is out of bounds for an array of shape {shape}")
    unit = np.zeros(shape, np.asarray(like).dtype)
    unit[place] = 1
    return [unit]


def _partial(function: Callable[..., Any], original: Any, place: Any, index: Any, order: int) -> Callable[..., Any]:
    def derivative_(*args: Any, **kwargs: Any) -> Any:
        position = place
        if isinstance(place, str) and function is not original:
            position = Arguments(original, place, args, kwargs, "partial_derivative")._places[0]
        arguments = Arguments(function, position, args, kwargs, "partial_derivative")
        return nth_along(function, arguments, _unit(arguments, index), order, "partial_derivative")

    return derivative_


def directional_derivative(
    f: Callable[..., Any],
    order: int = 1,
    normalize: bool = True,
    *,
    method: str = "auto",
    check: bool | None = None,
    pure: bool | None = None,
) -> Callable[..., Any]:
    """A function returning the slope of ``f`` along a direction: D_u f(x) = dⁿ/dtⁿ f(x + t u/‖u‖) at t = 0.

    Parameters
    ----------
    f : callable
        f(v) of a vector (or any container), or f(x, y, …) of numbers; then the point is a tuple or array with one entry for each.
    order : int
        1 for the slope, 2 for the curvature uᵀHu, and so on.
    normalize : bool
        Divide u by its Euclidean length.  With False the result is ∇f·u, as :func:`gradwise.jvp` gives it.
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    callable
        ``(x, u) → D_u f(x)``.

    Raises
    ------
    InputError
        If u is zero and normalize is True, or u and x do not match.

    Examples
    --------
    >>> import gradwise as gw
    >>> f = lambda x, y: x**2 + y**2
    >>> gw.directional_derivative(f)((1.0, 2.0), (3.0, 4.0))
    4.4
    """
    require_callable(f, "directional_derivative")
    order = check_order(order, "directional_derivative")

    def prepare(args: Any, kwargs: Any) -> tuple[Arguments, list[Any]]:
        if len(args) != 2:
            raise InputError(f"gw.directional_derivative(f) takes a point and a direction and was given {len(args)} arguments. Write gw.directional_derivative(f)(x, u)")
        point, direction = args
        spread = spread_point(f, point)
        if spread is not None:
            arguments = Arguments(f, tuple(range(len(spread))), spread, kwargs, "directional_derivative")
            if np.ndim(direction.current() if isinstance_traced(direction) else direction) != 1 or len(direction) != len(spread):
                raise InputError(f"the direction is {direction!r}. One number for each of the {len(spread)} arguments is required")
            vectors = match_vector([direction[i] for i in range(len(spread))], arguments.leaves, arguments.treedefs, "direction", "the point")
        else:
            arguments = Arguments(f, 0, (point,), kwargs, "directional_derivative")
            vectors = match_vector((direction,), arguments.leaves, arguments.treedefs, "direction", "the point")
        return arguments, unit_direction(vectors) if normalize else vectors

    def exact(*args: Any, **kwargs: Any) -> Any:
        arguments, vectors = prepare(args, kwargs)
        return nth_along(f, arguments, vectors, order, "directional_derivative")

    def numerical(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        arguments, vectors = prepare(args, kwargs)
        return numerical_directional(arguments, vectors, order)

    return choose(f, "directional_derivative", method, exact, numerical, check, pure)


def unit_direction(vectors: list[Any]) -> list[Any]:
    """u/‖u‖ over all leaves, without overflow."""
    largest = max((float(np.max(np.abs(v.current() if isinstance_traced(v) else v), initial=0.0)) for v in vectors), default=0.0)
    if largest == 0.0:
        raise InputError("the direction is zero. A direction of some length is required. normalize=False gives ∇f·u, which is 0")
    if not np.isfinite(largest):
        raise InputError("the direction holds inf or nan. A finite direction is required")
    scaled = [v / largest for v in vectors]
    length = np.sqrt(sum(np.sum(np.real(v * np.conj(v))) for v in scaled))
    return [v / length for v in scaled]


def taylor(
    f: Callable[..., Any], order: int, *, method: str = "auto", check: bool | None = None, pure: bool | None = None
) -> Callable[..., Any]:
    """A function returning the Taylor coefficients of t ↦ f(x + t u) at t = 0: cₖ = f⁽ᵏ⁾/k!, k = 0 … order.

    Parameters
    ----------
    f : callable
        Returns a number or an array.
    order : int
        At least 0.
    method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    callable
        ``(x, direction=None) →`` array of shape ``(order + 1, *value.shape)``.  The direction may be left out for a number x (u = 1); it is not
        normalised.

    Raises
    ------
    InputError
        If x is an array or container and no direction is given.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> gw.taylor(np.exp, 3)(0.0).round(6)
    array([1.      , 1.      , 0.5     , 0.166667])
    """
    require_callable(f, "taylor")
    order = check_order(order, "taylor", 0)

    def prepare(x: Any, direction: Any) -> tuple[Arguments, list[Any]]:
        spread = spread_point(f, x)
        if spread is not None:
            arguments = Arguments(f, tuple(range(len(spread))), spread, {}, "taylor")
        else:
            arguments = Arguments(f, 0, (x,), {}, "taylor")
        if direction is None:
            if len(arguments.leaves) != 1 or np.ndim(arguments.leaves[0]) != 0:
                raise InputError("gw.taylor was given a point with several entries and no direction. A direction is required. Write gw.taylor(f, order)(x, u)")
            return arguments, [_ones(arguments.leaves[0])]
        pieces = [direction[i] for i in range(len(spread))] if spread is not None else (direction,)
        return arguments, match_vector(pieces, arguments.leaves, arguments.treedefs, "direction", "the point")

    def exact(x: Any, direction: Any = None) -> Any:
        arguments, vectors = prepare(x, direction)
        linearization = linearize_call(f, arguments)
        require_floating(linearization, f, "taylor")
        if linearization.recording.structure.paths() != [""]:
            raise OutputError(f"gw.taylor of {function_label(f)}: the function returned a container. A number or an array is required")
        levels = along_line(linearization, vectors, order)
        rows = [output_leaves(linearization, level)[0] / math.factorial(k) for k, level in enumerate(levels)]
        return np.stack(rows)

    def numerical(x: Any, direction: Any = None) -> tuple[Any, str]:
        return numerical_taylor(*prepare(x, direction), order)

    return choose(f, "taylor", method, exact, numerical, check, pure)
