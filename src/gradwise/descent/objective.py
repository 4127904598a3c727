"""The function to be minimised, as a function of the flat vector: ``z → (f, ∇f)`` in one call, counted.

``f`` may be written f(v) of one argument (an array, a number, a container), or f(x, y, …) of several; with minibatches it is f(parameters, batch), or
f(parameters, *batch) where a batch is a tuple or list with as many entries as f has further arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise import operators
from gradwise.descent.batches import Batches
from gradwise.descent.parameters import Parameters
from gradwise.errors import GradwiseError, InputError, SingularPointError
from gradwise.operators.arguments import function_label, parameter_names, require_callable, standing_in
from gradwise.operators.fallback import fallbacks
from gradwise.operators.points import required_parameters, spread_point
from gradwise.quiet import quiet

#: what a function may raise at a point outside its domain
DOMAIN_ERRORS = (ArithmeticError, ValueError, np.linalg.LinAlgError)


def outside_domain(error: BaseException) -> bool:
    """Whether an error of f speaks of the point, and not of the program."""
    return isinstance(error, SingularPointError) or not isinstance(error, GradwiseError)


def start_as_array(f: Callable[..., Any], x0: Any, args: Any) -> Any:
    """A list or tuple of numbers for an f(v) as an array, as SciPy takes it; any other start as it is."""
    numbers = type(x0) in (list, tuple) and all(
        isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in x0
    )
    if not (numbers and x0) or (not args and spread_point(f, x0) is not None):
        return x0
    return np.asarray(x0, dtype=float)


def readable_start(f: Callable[..., Any], x0: Any, args: Any) -> Any:
    """The start as it is, or as an array where f cannot do with a list of numbers what it does with an array."""
    array = start_as_array(f, x0, args)
    if array is x0 or not callable(f):
        return x0
    try:
        with np.errstate(all="ignore"), quiet():
            f(type(x0)(x0), *(args if isinstance(args, tuple | list) else (args,)))
    except (TypeError, AttributeError):
        return array
    except Exception:  # noqa: BLE001  (the descent itself will meet it, and say so)
        return x0
    return x0


class Objective:
    """f with its gradient, as a function of the flat vector.

    Attributes
    ----------
    evaluate : callable
        ``z → (float, gradient vector)``; raises what f raises.
    evaluations : int
        Calls so far, each a value and a gradient.
    derivatives : str
        "exact", "numerical" or "given".
    """

    def __init__(
        self,
        f: Callable[..., Any],
        x0: Any,
        *,
        args: tuple[Any, ...] = (),
        grad: Any = None,
        data: Any = None,
        rng: Any = None,
        operator: str = "descend",
    ) -> None:
        require_callable(f, operator, "(f, x0), with f the function and x0 where to start")
        if rng is not None and data is None:
            msg = "rng was given without data. It chooses the order of the batches. Pass data=, or leave rng out."
            raise InputError(msg)
        self.f, self.args = f, tuple(args) if isinstance(args, tuple | list) else (args,)
        self.parameters = Parameters(x0, operator)
        self.name = function_label(f)
        self.batches = None if data is None else Batches(data, rng)
        self.spread = None if data is not None or self.args else spread_point(f, x0)
        self.batch: tuple[Any, ...] = ()
        self._room = max((required_parameters(f) or 2) - 1 - len(self.args), 1) if data is not None else 0
        if grad is not None and grad is not True and not callable(grad):
            msg = f"grad={grad!r} is a {type(grad).__name__}. It must be a function that takes the arguments of f. Pass the function, or leave it out."
            raise InputError(msg)
        self.given = grad
        self.derivatives = "exact" if grad is None else "given"
        self.evaluations = 0
        self.rate = 1.0  # for searches: the first trial
        self._hessian: Any = None
        self._opens = False  # known from the first evaluation on
        self.evaluate = self._evaluator()

    def names(self) -> list[str]:
        """The name of each entry of the vector: that of the argument of f, with the place in it."""
        known, names = parameter_names(self.f), self.parameters.names()
        if not known:
            return names
        named = []
        for name in names:
            part, rest = name[:3] * (name[:3] in {"Re ", "Im "}), name.removeprefix("Re ").removeprefix("Im ")
            place = rest.removeprefix("x")
            if self.spread is not None and place.startswith("["):
                number, _, place = place[1:].partition("]")
                named.append(part + known[int(number)] + place)
            else:
                named.append(part + known[0] + place)
        return named

    # ------------------------------------------------------------------------------------------------------ evaluation

    def arguments(self, z: Any) -> tuple[Any, ...]:
        """The arguments of f at a vector (plain or traced)."""
        tree = self.parameters.build(z)
        if self.spread is not None:
            count = len(self.spread)
            return tuple(tree[i] for i in range(count))
        return (tree, *self.args, *self.batch)

    def _evaluator(self) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        if self.given is not None:
            return self._evaluate_given
        argnums = 0 if self.spread is None else tuple(range(len(self.spread)))
        self._value_and_grad = operators.value_and_grad(self.f, argnums)
        self._first = True
        return self._evaluate_first

    def _evaluate_first(self, z: np.ndarray) -> tuple[float, np.ndarray]:
        """The first evaluation, which learns whether f can be traced."""
        with fallbacks() as found:
            result = self._evaluate_exact(z)
        if found:
            self.derivatives = "numerical"
        simple = self.parameters.alone and self.spread is None and not self.args and self.batches is None
        numbers = self.spread is not None and (self.parameters.alone or self.parameters.floats)
        real = all(dtype == self.parameters.dtype for dtype in self.parameters.dtypes)
        self.evaluate = self._simple() if simple else self._numbers() if numbers and real else self._evaluate_exact
        self._opens = self.parameters.opens
        if self._opens:
            call, build, gathered = self._opened(), self.parameters.build, self.parameters.gathered

            def evaluate(z: np.ndarray) -> tuple[float, np.ndarray]:
                value, gradient = call(build(z))
                return float(value), gathered(gradient)

            self.evaluate = evaluate
        return result

    def _opened(self) -> Callable[[Any], tuple[Any, Any]]:
        """Value and gradient at the parameters in their containers, of a function of lists, tuples and dicts of arrays, with nothing around it."""
        both = self._value_and_grad

        def call(tree: Any) -> tuple[Any, Any]:
            self.evaluations += 1
            return both(tree, *self.args, *self.batch)

        def call_alone(tree: Any) -> tuple[Any, Any]:
            self.evaluations += 1
            return both(tree)

        def call_spread(tree: Any) -> tuple[Any, Any]:
            self.evaluations += 1
            return both(*tree)

        return call_spread if self.spread is not None else call if self.args or self.batches is not None else call_alone

    def placing(
        self, G: np.ndarray, points: np.ndarray | None
    ) -> Callable[[np.ndarray, int, int], tuple[float, np.ndarray]] | None:
        """A function (z, k, row) → (f, ∇f) whose gradient is written to a row of G, and is a view of it; None where that saves nothing.

        Parameters
        ----------
        points : numpy.ndarray, optional
            The matrix of which z is row k.
        """
        if not self._opens:
            return None
        call, write, build = self._opened(), self.parameters.into(G), self.parameters.build
        at = None if points is None else self.parameters.at(points)

        def evaluate(z: np.ndarray, k: int, row: int) -> tuple[float, np.ndarray]:
            value, gradient = call(build(z) if at is None else at(k))
            return float(value), write(gradient, row)

        return evaluate

    def _numbers(self) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        """The evaluation of a function f(x, y, …) of numbers, with nothing around it."""
        both, dtype, floats = self._value_and_grad, self.parameters.dtype, self.parameters.floats

        def evaluate(z: np.ndarray) -> tuple[float, np.ndarray]:
            self.evaluations += 1
            value, gradient = both(*(z.tolist() if floats else z))
            return float(value), np.array(gradient, dtype)

        return evaluate

    def _simple(self) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        """The evaluation of a function of one vector, with nothing around it."""
        both, dtype = self._value_and_grad, self.parameters.dtype

        def evaluate(z: np.ndarray) -> tuple[float, np.ndarray]:
            self.evaluations += 1
            value, gradient = both(z)
            return float(value), gradient if gradient.dtype == dtype else gradient.astype(dtype)

        return evaluate

    def _evaluate_exact(self, z: np.ndarray) -> tuple[float, np.ndarray]:
        self.evaluations += 1
        value, gradient = self._value_and_grad(*self.arguments(z))
        if self.parameters.alone:  # one array, or the gradients of f(x, y, …) in its entries
            return float(value), self.parameters.flat(gradient, "the gradient")
        return float(value), self.parameters.gathered(gradient)

    def _evaluate_given(self, z: np.ndarray) -> tuple[float, np.ndarray]:
        self.evaluations += 1
        # f and grad get arrays of their own: what they write to them must not reach the path
        if self.given is True:
            value, gradient = self.f(*self.arguments(z.copy()))
        else:
            value, gradient = self.f(*self.arguments(z.copy())), self.given(*self.arguments(z.copy()))
        return self._real(value), np.array(self.parameters.flat(gradient, "grad(x)"))

    def _real(self, value: Any) -> float:
        array = np.asarray(value)
        if array.size != 1 or array.dtype.kind not in "fiu":
            msg = f"{self.name} returned {value!r}. One real number is required. Return the value of f, for example its sum."
            raise InputError(msg)
        return float(array.reshape(()))

    def value(self, z: np.ndarray) -> float:
        """The value f alone, untraced; inf where it fails or is not finite."""
        try:
            with np.errstate(all="ignore"):
                if self.given is True:
                    return self._real(self.f(*self.arguments(z.copy()))[0])
                value = self._real(self.f(*self.arguments(z.copy())))
        except DOMAIN_ERRORS as error:
            if not outside_domain(error):
                raise
            return math.inf
        return value if math.isfinite(value) else math.inf

    def try_evaluate(self, z: np.ndarray) -> tuple[float, np.ndarray] | None:
        """The value f and its gradient, or None where they fail or are not finite."""
        try:
            value, gradient = self.evaluate(z)
        except DOMAIN_ERRORS as error:
            if not outside_domain(error):
                raise
            return None
        if not math.isfinite(value):
            return None
        finite = math.isfinite(float(np.dot(gradient, gradient))) or np.all(np.isfinite(gradient))
        return (value, gradient) if finite else None

    def hessian(self, z: np.ndarray) -> np.ndarray:
        """The Hessian of f at z (of the batch in turn), shape (n, n); numerical where f cannot be traced."""
        if self._hessian is None:
            f = self.traceable()
            self._hessian = operators.hessian(lambda v: f(*self.arguments(v)))
        return np.asarray(self._hessian(z), dtype=float)

    # -------------------------------------------------------------------------------------------------------- batches

    def next_batch(self) -> None:
        """Take the next batch; the function is another one from here on."""
        if self.batches is not None:
            self.batch = self._as_arguments(self.batches.next())

    def _as_arguments(self, batch: Any) -> tuple[Any, ...]:
        return (
            tuple(batch)
            if isinstance(batch, tuple | list) and len(batch) == self._room and self._room > 1
            else (batch,)
        )

    # ---------------------------------------------------------------------------------------------- the function itself

    def traceable(self) -> Callable[..., Any]:
        """The function f as it runs inside a trace, where the call is ours: with all that watching Python needs; the value alone where it returns both."""
        f = standing_in(self.f)
        return f if self.given is not True else lambda *args: f(*args)[0]

    def scalar(self) -> Callable[[Any], Any]:
        """The function f as a function of the flat vector, which can be traced; with minibatches the mean over one pass, or the last batch."""
        f = self.traceable()
        if self.batches is None:
            return lambda z: f(*self.arguments(z))
        whole = self.batches.whole()
        lists = [self._as_arguments(batch) for batch in whole] if whole is not None else [self.batch]

        def mean(z: Any) -> Any:
            tree = self.parameters.build(z)
            total = f(tree, *self.args, *lists[0])
            for batch in lists[1:]:
                total = total + f(tree, *self.args, *batch)
            return total / len(lists)

        return mean
