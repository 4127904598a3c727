"""derivative and partial_derivative: of functions of numbers, to any order, and mixed.

Each is a derivative along a line (``lines.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import InputError, OutputError
from gradwise.operators.arguments import Arguments, function_label, require_callable
from gradwise.operators.derived import derived
from gradwise.operators.engine import linearize_call
from gradwise.operators.estimates import numerical_derivative, numerical_mixed
from gradwise.operators.fallback import choose
from gradwise.operators.linearization import Linearization
from gradwise.operators.lines import along_line, check_order, in_container, nth_along, ones_for, require_floating
from gradwise.operators.product_shortcuts import line_shortcut
from gradwise.operators.shortcuts import attempt, learn
from gradwise.operators.verification import requested
from gradwise.tracing import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


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
    choice = f"derivative, {order}"

    def exact(*args: Any, **kwargs: Any) -> Any:
        known = attempt(f, choice, args, kwargs)
        if known is not None:
            return known
        if not args:
            raise InputError("gw.derivative(f) was called without a point. Write gw.derivative(f)(x)")
        arguments = Arguments(f, 0, args, kwargs, "derivative")
        if len(arguments.leaves) != 1 or arguments.treedefs[0].paths() != [""]:
            raise InputError(
                f"gw.derivative of {function_label(f)}: the argument is a container. A number or an array is required. Use gw.grad or gw.jacobian"
            )
        leaf = arguments.leaves[0]
        linearization = linearize_call(f, arguments, order=order)
        require_floating(linearization, f, "derivative")
        if np.ndim(leaf) > 0:
            _require_elementwise(linearization, f, leaf)
        if np.iscomplexobj(leaf.current() if isinstance_traced(leaf) else leaf):
            _require_complex_derivative(linearization, f, leaf)
        result = in_container(linearization, along_line(linearization, [ones_for(leaf)], order)[order])
        if np.ndim(leaf) == 0:  # that a function of an array goes entry by entry is looked at
            learn(f, choice, linearization, result, line_shortcut(order, whole=True))
        return result

    def numerical(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        return numerical_derivative(Arguments(f, 0, args, kwargs, "derivative"), order)

    return derived(
        choose(f, "derivative", method, exact, numerical, check, pure),
        derivative,
        f,
        order,
        method=method,
        check=check,
        pure=pure,
    )


def _require_complex_derivative(linearization: Linearization, f: Any, leaf: Any) -> None:
    one = linearization.jvp([ones_for(leaf)])
    turned = linearization.jvp([ones_for(leaf) * np.complex64(1j)])
    for a, b in zip(one, turned, strict=True):
        a = 0.0 if a is None else a.current() if isinstance_traced(a) else a
        b = 0.0 if b is None else b.current() if isinstance_traced(b) else b
        if not np.allclose(
            b, 1j * np.asarray(a), rtol=1e-8, atol=1e-12 * (1 + np.max(np.abs(a), initial=0.0)), equal_nan=True
        ):
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
        raise InputError(
            "gw.partial_derivative was given no argument. A position, a name, or a tuple of them is required"
        )
    indices = list(index) if mixed and index is not None else [None] * len(places) if mixed else [index]
    orders = list(order) if isinstance(order, (tuple, list)) else [order] * len(places)
    if len(indices) != len(places) or len(orders) != len(places):
        raise InputError(
            f"gw.partial_derivative was given {len(places)} arguments, {len(indices)} indices and {len(orders)} orders. As many of each are required"
        )
    orders = [check_order(n, "partial_derivative") for n in orders]

    def exact(*args: Any, **kwargs: Any) -> Any:
        function = f
        if (
            requested.get() is not False and len(places) > 1
        ):  # what follows differentiates derivatives of f: verify f itself
            whole = Arguments(f, _distinct(f, places, args, kwargs), args, kwargs, "partial_derivative")
            linearize_call(f, whole, order=sum(orders))
        for place, where, n in zip(places, indices, orders, strict=True):
            function = _partial(function, f, place, where, n)
        return function(*args, **kwargs)

    def numerical(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        if len(places) == 1:
            arguments = Arguments(f, places[0], args, kwargs, "partial_derivative")
            return numerical_derivative(arguments, orders[0], _unit(arguments, indices[0]))
        if orders != [1, 1]:
            raise InputError(
                "gw.partial_derivative has no numerical form for mixed derivatives beyond ∂²f/∂x∂y. Two arguments of order 1 are required"
            )
        distinct = _distinct(f, places, args, kwargs)
        arguments = Arguments(f, distinct, args, kwargs, "partial_derivative")
        units = []
        for place, where in zip(places, indices, strict=True):
            one = Arguments(f, place, args, kwargs, "partial_derivative")
            unit = _unit(one, where)[0]
            units.append(
                [
                    unit if p == one.places[0] else ones_for(leaf) * 0
                    for p, leaf in zip(distinct, arguments.leaves, strict=True)
                ]
            )
        return numerical_mixed(arguments, *units)

    return derived(
        choose(f, "partial_derivative", method, exact, numerical, check, pure),
        partial_derivative,
        f,
        argnum_or_name,
        index,
        order,
        method=method,
        check=check,
        pure=pure,
    )


def _distinct(f: Any, places: list[Any], args: Any, kwargs: Any) -> tuple[Any, ...]:
    """The arguments chosen by positions and names, each once."""
    return tuple(dict.fromkeys(Arguments(f, place, args, kwargs, "partial_derivative").places[0] for place in places))


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
        return [ones_for(leaf)]
    shape = np.shape(like)
    if index is None:
        raise InputError(
            f"gw.partial_derivative: the argument is an array of shape {shape}. The entry is required: index=0, or a tuple of {len(shape)} integers. "
            f"Use gw.grad or gw.jacobian for all entries"
        )
    place = index if isinstance(index, tuple) else (index,)
    if len(place) != len(shape) or not all(isinstance(i, (int, np.integer)) and not isinstance(i, bool) for i in place):
        raise InputError(
            f"gw.partial_derivative was given index={index!r} for an array of shape {shape}. {len(shape)} integers are required"
        )
    for i, n in zip(place, shape, strict=True):
        if not -n <= i < n:
            raise InputError(
                f"gw.partial_derivative was given index={index!r}, which is out of bounds for an array of shape {shape}"
            )
    unit = np.zeros(shape, np.asarray(like).dtype)
    unit[place] = 1
    return [unit]


def _partial(function: Callable[..., Any], original: Any, place: Any, index: Any, order: int) -> Callable[..., Any]:
    def derivative_(*args: Any, **kwargs: Any) -> Any:
        position = place
        if isinstance(place, str) and function is not original:
            position = Arguments(original, place, args, kwargs, "partial_derivative").places[0]
        arguments = Arguments(function, position, args, kwargs, "partial_derivative")
        return nth_along(function, arguments, _unit(arguments, index), order, "partial_derivative")

    return derivative_
