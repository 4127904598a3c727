"""grad and value_and_grad.

    grad : (f : x → R)  →  (x → ∇f(x))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import OutputError
from gradwise.operators.arguments import Arguments, function_label, plain_like, require_callable
from gradwise.operators.engine import Linearization, auxiliary, is_outer, linearize_call
from gradwise.operators.estimates import numerical_gradient
from gradwise.operators.fallback import choose
from gradwise.operators.singular import holds_nan, resolved_gradient
from gradwise.tracing import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence



def scalar_output(linearization: Linearization, function: Any, operator: str) -> Any:
    """The one real number that the function returned, as NumPy or traced value.

    Raises
    ------
    OutputError
        If the output is a container, an array, complex, or not floating.
    """
    values = linearization.values
    name = function_label(function)
    if len(values) != 1 or linearization.recording.structure.num_leaves != 1 or linearization.recording.structure.paths() != [""]:
        raise OutputError(
            f"gw.{operator} of {name}: the function returned a container with {len(values)} leaves. A single real number is required. "
            f"Return one number, use has_aux=True for what else it returns, or gw.jacobian for the derivative of several outputs"
        )
    value = values[0]
    if np.shape(value) != ():
        raise OutputError(
            f"gw.{operator} of {name}: the function returned an array of shape {np.shape(value)}. A single real number is required. "
            f"Reduce it to one (np.sum, np.mean, value[0]), or use gw.jacobian for the derivative of every entry"
        )
    kind = np.asarray(value.current() if isinstance_traced(value) else value).dtype.kind
    if kind == "c":
        raise OutputError(
            f"gw.{operator} of {name}: the function returned a complex number. A real number is required. Return its real part or its modulus, "
            f"or use gw.derivative for a holomorphic function"
        )
    if kind != "f":
        what = "a boolean" if kind == "b" else "an integer"
        raise OutputError(
            f"gw.{operator} of {name}: the function returned {what}, which is piecewise constant. A real number (float) is required"
        )
    return value


def zeros_for(leaf: Any) -> Any:
    """The zero derivative with respect to a leaf."""
    if isinstance_traced(leaf):
        leaf = leaf.current()
    return np.zeros(np.shape(leaf), np.asarray(leaf).dtype)[()]


def gradient_leaves(linearization: Linearization, function: Any) -> list[Any]:
    """The gradient by leaves of the arguments, at a scalar output."""
    results = linearization.gradient()
    if linearization.nested or holds_nan(results):
        one = np.asarray(linearization.recording.values[0]).dtype.type(1)
        results = resolved_gradient(linearization, results, [one])
    arguments = linearization.arguments
    return finish(results, arguments)


def finish(results: Sequence[Any], arguments: Arguments) -> list[Any]:
    """Results in the form of the leaves that they belong to."""
    return [
        plain_like(zeros_for(leaf) if r is None else r, kind, leaf)
        for r, kind, leaf in zip(results, arguments.kinds, arguments.leaves, strict=True)
    ]


def output_value(linearization: Linearization) -> Any:
    """The function's value in its own container, as the function returned it."""
    return linearization.recording.structure.rebuild(
        [v if is_outer(v) or not isinstance_traced(v) else v.current() for v in linearization.values]
    )


def value_and_grad(
    f: Callable[..., Any],
    argnums: Any = 0,
    has_aux: bool = False,
    *,
    method: str = "auto",
    check: bool | None = None,
    pure: bool | None = None,
) -> Callable[..., Any]:
    """A function returning the value of ``f`` and its gradient, from one run of ``f``.

    Parameters
    ----------
    f, argnums, has_aux, method, check, pure
        As for :func:`gradwise.grad`.

    Returns
    -------
    callable
        Returns ``(value, gradient)``, with ``has_aux`` ``((value, auxiliary), gradient)``.

    Raises
    ------
    InputError, OutputError, TracingError
        As for :func:`gradwise.grad`.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> value, gradient = gw.value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    >>> print(value, gradient)
    5.0 [2. 4.]
    """
    require_callable(f, "value_and_grad")

    def exact(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments(f, argnums, args, kwargs, "value_and_grad")
        linearization = linearize_call(f, arguments, has_aux=has_aux)
        scalar_output(linearization, f, "value_and_grad")
        gradient = arguments.result(gradient_leaves(linearization, f))
        value = output_value(linearization)
        return ((value, auxiliary(linearization)) if has_aux else value), gradient

    def numerical(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        arguments = Arguments(f, argnums, args, kwargs, "value_and_grad")
        leaves, sentence = numerical_gradient(arguments, has_aux=has_aux)
        return (f(*args, **kwargs), arguments.result(leaves)), sentence

    return choose(f, "value_and_grad", method, exact, numerical, check, pure)


def grad(
    f: Callable[..., Any],
    argnums: Any = 0,
    has_aux: bool = False,
    *,
    method: str = "auto",
    check: bool | None = None,
    pure: bool | None = None,
) -> Callable[..., Any]:
    """A function returning the gradient ∇f of a function with one real output.

    Parameters
    ----------
    f : callable
        Returns one real number.  Its arguments may be numbers, arrays, or nested containers of them.
    argnums : int, str, tuple of these, or "all"
        The arguments to differentiate, by position or name.
    has_aux : bool
        ``f`` returns ``(value, auxiliary)``; the result is then ``(gradient, auxiliary)``.
    method : {"auto", "exact", "numerical"}
        ``"auto"`` is exact, and numerical with a :class:`gradwise.NumericalFallbackWarning` where ``f`` cannot be traced.
    check : bool, optional
        With True, ``f`` is also called plainly and its value compared, and the derivative along a random direction is compared with a numerical one; where they clearly
        disagree TracingError is raised.  ``f`` runs some thirty times more.
    pure : bool, optional
        Your promise that ``f`` has no effects and reads nothing that changes.  It has no effect on results: ``f`` runs at each call.

    Returns
    -------
    callable
        Takes the arguments of ``f`` and returns the gradient in the containers, shapes and dtypes of the chosen arguments
        (a tuple if several were chosen).  For complex z = a + ib it is ∂f/∂a + i ∂f/∂b.

    Raises
    ------
    InputError
        If a chosen argument cannot be differentiated.
    OutputError
        If ``f`` does not return one real number.
    TracingError
        With ``method="exact"``, if a value leaves the trace.
    SingularPointError
        If the chain rule does not determine the gradient at this point.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> def f(w):
    ...     return w[0] ** 2 + 2 * w[1] ** 2
    >>> gw.grad(f)(np.array([1.0, 2.0]))
    array([2., 8.])
    """
    require_callable(f, "grad")

    def exact(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments(f, argnums, args, kwargs, "grad")
        linearization = linearize_call(f, arguments, has_aux=has_aux)
        scalar_output(linearization, f, "grad")
        gradient = arguments.result(gradient_leaves(linearization, f))
        return (gradient, auxiliary(linearization)) if has_aux else gradient

    def numerical(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        arguments = Arguments(f, argnums, args, kwargs, "grad")
        leaves, sentence = numerical_gradient(arguments, has_aux=has_aux)
        gradient = arguments.result(leaves)
        return ((gradient, f(*args, **kwargs)[1]) if has_aux else gradient), sentence

    return choose(f, "grad", method, exact, numerical, check, pure)
