"""grad and value_and_grad.

grad : (f : x → R)  →  (x → ∇f(x))
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.argnums import require_argnums
from gradwise.operators.arguments import Arguments, require_callable
from gradwise.operators.derived import derived
from gradwise.operators.engine import linearize_call
from gradwise.operators.estimates import numerical_gradient
from gradwise.operators.fallback import choose
from gradwise.operators.linearization import Linearization, auxiliary
from gradwise.operators.results import finish, output_value, scalar_output
from gradwise.operators.shortcuts import attempt, learn
from gradwise.operators.singular import holds_nan, resolved_gradient
from gradwise.operators.unseen import call_seen

if TYPE_CHECKING:
    from collections.abc import Callable


def gradient_leaves(linearization: Linearization, function: Any) -> list[Any]:
    """The gradient by leaves of the arguments, at a scalar output."""
    results = linearization.gradient()
    if linearization.nested or linearization.doubtful or holds_nan(results):
        one = np.asarray(linearization.recording.values[0]).dtype.type(1)
        results = resolved_gradient(linearization, results, [one])
    arguments = linearization.arguments
    return finish(results, arguments)


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
    require_argnums(argnums, "value_and_grad")
    choice = f"{argnums!r} with auxiliary" if has_aux else repr(argnums)

    def exact(*args: Any, **kwargs: Any) -> Any:
        known = attempt(f, choice, args, kwargs)
        if known is not None:
            return ((known[0], known[2]), known[1]) if has_aux else known
        arguments = Arguments(f, argnums, args, kwargs, "value_and_grad")
        linearization = linearize_call(f, arguments, has_aux=has_aux)
        scalar_output(linearization, f, "value_and_grad")
        gradient = arguments.result(gradient_leaves(linearization, f))
        value = output_value(linearization)
        beside = (auxiliary(linearization),) if has_aux else ()
        learn(f, choice, linearization, (linearization.recording.values[0], gradient, *beside))
        return ((value, *beside) if has_aux else value), gradient

    def numerical(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        arguments = Arguments(f, argnums, args, kwargs, "value_and_grad")
        leaves, sentence = numerical_gradient(arguments, has_aux=has_aux)
        return (call_seen(functools.partial(f, *args, **kwargs)), arguments.result(leaves)), sentence

    return derived(
        choose(f, "value_and_grad", method, exact, numerical, check, pure),
        value_and_grad,
        f,
        argnums,
        has_aux,
        method=method,
        check=check,
        pure=pure,
    )


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
        Your promise, with True, that ``f`` has no effects and decides by nothing but its arguments and what it reads, so that its program may run in its place; as for :func:`gradwise.compile`.
        Without it that is done where the code of ``f`` proves it.  With False ``f`` runs at each call.

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
    require_argnums(argnums, "grad")
    choice = f"{argnums!r} with auxiliary" if has_aux else repr(argnums)

    def exact(*args: Any, **kwargs: Any) -> Any:
        known = attempt(f, choice, args, kwargs)
        if known is not None:
            return known[1:] if has_aux else known[1]
        arguments = Arguments(f, argnums, args, kwargs, "grad")
        linearization = linearize_call(f, arguments, has_aux=has_aux)
        scalar_output(linearization, f, "grad")
        gradient = arguments.result(gradient_leaves(linearization, f))
        beside = (auxiliary(linearization),) if has_aux else ()
        learn(f, choice, linearization, (linearization.recording.values[0], gradient, *beside))
        return (gradient, *beside) if has_aux else gradient

    def numerical(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        arguments = Arguments(f, argnums, args, kwargs, "grad")
        leaves, sentence = numerical_gradient(arguments, has_aux=has_aux)
        gradient = arguments.result(leaves)
        return ((gradient, f(*args, **kwargs)[1]) if has_aux else gradient), sentence

    return derived(
        choose(f, "grad", method, exact, numerical, check, pure),
        grad,
        f,
        argnums,
        has_aux,
        method=method,
        check=check,
        pure=pure,
    )
