"""``check=True``: a traced function is called once more without a trace, and compared.

    value :       f(x) under the trace  =  f(x) called plainly, to rounding
    derivative :  w · J(x) u  =  d/dt w · f(x + t u) at t = 0, estimated by ``gradwise.numerical``

The first comparison finds a wrong value, the second a right value whose derivative was lost.  Both use one fixed random direction u and weights w, so a derivative that is wrong
only by a small part of itself, or orthogonally to u, is not seen.  Nothing is concluded at kinks, singular points or under noise.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise import numerical
from gradwise.errors import InputError
from gradwise.operators.arguments import function_label
from gradwise.operators.beside import slope_beside
from gradwise.operators.careful import Request, run_carefully
from gradwise.operators.disagreements import CURE, Disagreement, told
from gradwise.operators.equal_entries import HIGHEST
from gradwise.operators.other_ways import outputs_beside, plain_outputs
from gradwise.operators.random_directions import (
    joins,
    magnitude,
    met_at,
    met_closely,
    moved_along,
    random_direction,
    random_like,
)
from gradwise.tracing import Recording
from gradwise.tracing.instrument.effects import is_adaptive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradwise.operators.arguments import Arguments
    from gradwise.operators.linearization import Linearization


#: whether the next function that is linearised is to be verified
requested: ContextVar[bool | None] = ContextVar("gradwise_check", default=None)


def check_options(check: Any, pure: Any, operator: str) -> None:
    """Raise InputError unless both are None, True or False."""
    for name, value in (("check", check), ("pure", pure)):
        if value is not None and not isinstance(value, (bool, np.bool_)):
            raise InputError(f"gw.{operator} was given {name}={value!r}. True, False or None is required")


def checked(exact: Callable[..., Any], check: bool = True) -> Callable[..., Any]:
    """The operator, verifying the function that it linearises (or not, not even the first time)."""

    @functools.wraps(exact)
    def verified(*args: Any, **kwargs: Any) -> Any:
        before = requested.get()
        try:  # an interrupt may come right after it is set
            requested.set(check)
            return exact(*args, **kwargs)
        finally:
            requested.set(before)

    return verified


@contextmanager
def paused() -> Iterator[None]:
    """Without verification of what runs inside (the functions that the function itself differentiates)."""
    before = requested.get()
    try:
        requested.set(False)
        yield
    finally:
        requested.set(before)


def verified_call(
    function: Any, arguments: Arguments, run: Callable[[], Linearization], *, has_aux: bool, order: int = 1
) -> Linearization:
    """``run()``, verified against the plain function on copies of the same arguments and from the same state of NumPy's global generator."""
    with paused():
        spare = arguments.copied()
        before = np.random.get_state()  # noqa: NPY002  the user's function may draw from it
        linearization = run()
        if linearization.nested:  # the outer function's derivative is what counts, and its own check sees this one
            return linearization
        after = np.random.get_state()  # noqa: NPY002 - the global state is what the user's code may draw from
        coarse = is_adaptive(linearization.recording.tape.ran)
        try:
            compare_values(function, linearization.recording, spare, before, has_aux=has_aux)
            for n in range(1, min(order, HIGHEST) + 1):
                compare_derivatives(function, linearization, spare, before, has_aux=has_aux, order=n, coarse=coarse)
        finally:
            np.random.set_state(after)  # noqa: NPY002 - the global state is what the user's code may draw from
    return linearization


def compare(function: Any, linearization: Linearization, spare: Arguments, state: Any, *, has_aux: bool) -> bool:
    """Call the function plainly and compare its value and one directional derivative with those of a traced run; whether something was concluded of the latter.

    Raises
    ------
    Disagreement
        If they differ.
    """
    compare_values(function, linearization.recording, spare, state, has_aux=has_aux)
    return compare_derivatives(function, linearization, spare, state, has_aux=has_aux)


def gave(recording: Recording, values: list[Any]) -> bool:
    """Whether a run has these values, to rounding."""
    scale, eps = magnitude(recording), _coarsest(recording)
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(values, recording.values, strict=True)]
    return all(a.shape == b.shape and a.dtype == b.dtype and _close(a, b, scale, eps) for a, b in pairs)


def has_values(recording: Recording, other: Recording) -> bool:
    """Whether a run has the values of another one, to rounding."""
    return recording.structure == other.structure and gave(recording, other.values)


def repeats_value(arguments: Any, recording: Recording, state: Any, *, has_aux: bool) -> bool:
    """Whether the function, called plainly once more, has the value of a run."""
    try:
        values, structure = plain_outputs(arguments, arguments.leaves, state, has_aux=has_aux)
    except Exception:  # noqa: BLE001  what it kept may be in its way
        return False
    return structure == recording.structure and gave(recording, values)


def compare_values(function: Any, recording: Recording, spare: Arguments, state: Any, *, has_aux: bool) -> None:
    """Compare the value of a run with that of a plain call.

    Raises
    ------
    Disagreement
        If they differ by more than rounding, or in their structure.
    """
    name = function_label(function)
    before = requested.get()
    try:
        requested.set(None)  # derivatives that the function itself takes of what it defines are verified here
        leaves, structure = plain_outputs(spare, spare.leaves, state, has_aux=has_aux)
    except Warning:  # made an error by a filter of the user's; the traced run does not warn where NumPy does
        return
    except Exception as error:
        raise Disagreement(
            f"{name} was called plainly and raised {error!r}, which it does not under the trace. {CURE}"
        ) from error
    finally:
        requested.set(before)
    if structure != recording.structure:
        raise Disagreement(
            f"{name} returned {structure!r} when it was called plainly and {recording.structure!r} under the trace. {CURE}"
        )
    scale, eps = magnitude(recording), _coarsest(recording)
    for plain, traced in zip(leaves, recording.values, strict=True):
        a, b = _numbers(np.asarray(plain)), np.asarray(traced)
        if a.shape != b.shape or a.dtype.kind not in "fciub" or not _close(a, b, scale, eps):
            raise Disagreement(
                f"{name} gave {plain!r} when it was called plainly and {traced!r} under the trace. {CURE}"
            )


def _numbers(a: np.ndarray) -> np.ndarray:
    """An array of objects (what ``np.frompyfunc`` gives) as the numbers that it holds."""
    found = np.array(a.tolist()) if a.dtype.kind == "O" else a
    return found if found.shape == a.shape else a


def _coarsest(recording: Recording) -> float:
    """The rounding of the arguments: with numbers of 32 bits among them, results of 64 bits are no more precise."""
    dtypes = [np.asarray(recording.tape.values[i]).dtype for i in recording.tape.inputs]
    return max((float(np.finfo(d).eps) for d in dtypes if d.kind in "fc"), default=0.0)


def _close(a: np.ndarray, b: np.ndarray, scale: float, coarsest: float) -> bool:
    if a.dtype.kind not in "fc" or b.dtype.kind not in "fc":
        return bool(np.array_equal(a, b))
    eps = max(np.finfo(a.dtype).eps, np.finfo(b.dtype).eps, coarsest)
    return bool(np.allclose(a, b, rtol=float(eps) ** 0.6, atol=float(eps) ** 0.8 * scale, equal_nan=True))


def compare_derivatives(
    function: Any,
    linearization: Linearization,
    spare: Arguments,
    state: Any,
    *,
    has_aux: bool,
    order: int = 1,
    doubtful: bool = False,
    coarse: bool = False,
    direction: list[Any] | None = None,
) -> bool:
    """Compare a directional derivative of a traced run, of any order, with a numerical one; whether something was concluded: not where that is not to be trusted.

    What is lost of a second derivative is the square of a slope of the number that lost it, (v' · u)²: a direction along which that number hardly moves hides it, so higher orders are compared along two.
    ``doubtful``: the branch taken holds at this point alone, so that differences over wide intervals decide wherever the bound is wide;
    ``coarse``: the plain values have the errors of an adaptive solver, so that the two agree to a few hundredths.

    Raises
    ------
    Disagreement
        If they differ.
    """
    rng = np.random.default_rng(0)
    random = [random_direction(np.asarray(leaf), rng) for leaf in spare.leaves]
    if order > 1 and direction is None and sum(np.size(leaf) for leaf in spare.leaves) > 1:
        other = np.random.default_rng(1)
        another = [random_direction(np.asarray(leaf), other) for leaf in spare.leaves]
        along_another = functools.partial(compare_derivatives, has_aux=has_aux, order=order, doubtful=doubtful)
        along_another(function, linearization, spare, state, coarse=coarse, direction=another)
    direction = random if direction is None else direction
    weights = [
        random_like(np.asarray(v), rng) if np.asarray(v).dtype.kind in "fc" else None
        for v in linearization.recording.values
    ]

    def weighted(leaves: list[Any]) -> float:
        return float(
            sum(
                np.real(np.vdot(w, np.asarray(v)))  # a matrix has no flat view
                for w, v in zip(weights, leaves, strict=True)
                if w is not None and v is not None
            )
        )

    below = 0.0  # where f is linear the second derivative is what was rounded in the first
    if order == 1:
        exact = _exactly(linearization, direction, weights, weighted)
    else:
        levels = run_carefully(linearization, Request("line", direction, order=order), linearization.program)
        exact = weighted(levels[order * len(weights) :])
        below = max(abs(weighted(levels[k * len(weights) : (k + 1) * len(weights)])) for k in range(order))
    if not np.isfinite(exact) or not np.isfinite(weighted(linearization.recording.values)):
        return False

    outputs_at = outputs_beside(function, linearization, spare, state, has_aux=has_aux)

    def along(t: float) -> float:
        return weighted(outputs_at([moved_along(leaf, u, t) for leaf, u in zip(spare.leaves, direction, strict=True)]))

    estimate = numerical.derivative(along, 0.0, order=order)
    if not estimate.status.trusted or not np.isfinite(estimate.value) or not np.isfinite(estimate.error):
        beside = slope_beside(along) if doubtful and order == 1 else None
        if beside is not None and abs(exact - beside[0]) > 0.01 * (abs(exact) + abs(beside[0])) + 100 * beside[1]:
            raise Disagreement(told(function, order, exact, *beside))
        return False
    eps = max((float(np.finfo(np.asarray(leaf).dtype).eps) for leaf in spare.leaves), default=2.2e-16)
    bound = 100 * estimate.error + eps**0.4 * (abs(exact) + abs(estimate.value))
    bound += 100 * eps * abs(weighted(linearization.recording.values))  # below which numbers of 32 bits are a staircase
    gap = abs(exact - estimate.value)
    ran = linearization.recording.tape.ran
    if ran is not None:
        bound += ran.slack * (abs(exact) + abs(estimate.value))
    if coarse:
        bound = max(bound, 0.02 * (abs(exact) + abs(estimate.value)))
    if order > 1:  # of which differences know less
        known = 1e-2 * max(abs(exact), abs(estimate.value)) + 1e3 * eps * below
        wrong = estimate.status == "ok" and gap > bound + known
    else:
        wrong = gap > bound and not met_at(along, exact, 0.01 * gap)
        # a wide bound is that of a noisy function: where the two are far apart (solvers leave small errors), differences over wide intervals decide
        near = 0.01 * (abs(exact) + abs(estimate.value))
        far = near if doubtful and joins(along) else max(bound - 96 * estimate.error, near)
        if far < gap <= bound:
            wrong = met_at(along, float(estimate.value), 0.1 * gap) > met_at(along, exact, 0.1 * gap)
    if wrong and not (order == 1 and met_closely(along, exact, 0.01 * gap)):
        raise Disagreement(told(function, order, exact, float(estimate.value), float(estimate.error)))
    size = max(abs(exact), abs(estimate.value), eps**0.4 * abs(weighted(linearization.recording.values)))
    return bool(gap <= 0.05 * size)


#: programs of more equations are pulled back, as a gradient does it, rather than transformed once more only for the comparison
_LONG = 2000


def _exactly(
    linearization: Linearization, direction: list[Any], weights: list[Any], weighted: Callable[[list[Any]], float]
) -> float:
    """The product w · J u by the traced program."""
    values = linearization.recording.values
    leaves = [*values, *direction]
    real = all(np.asarray(v).dtype.kind == "f" for v in leaves)
    if real and len(values) == 1 and np.ndim(values[0]) == 0 and len(linearization.program) > _LONG:
        gradient = linearization.gradient()
        return float(weights[0] * sum(np.vdot(g, u) for g, u in zip(gradient, direction, strict=True) if g is not None))
    return weighted(linearization.jvp(direction))
