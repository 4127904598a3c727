"""check_grad: a claimed gradient against the numerical one, entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise import numerical, operators
from gradwise.checking.compare import compare
from gradwise.checking.conduct import Conduct, steady, watch
from gradwise.checking.directions import check_directions, wants_directions
from gradwise.checking.entries import restrict, restrict_bounds
from gradwise.checking.evidence import Finding
from gradwise.checking.frameworks import adapt
from gradwise.checking.hypotheses.shapes import explain_shape
from gradwise.checking.problem import Numbers, Problem, flat_numbers
from gradwise.checking.report import Report
from gradwise.checking.targets import Target, read_claim, to_vector
from gradwise.checking.verdicts import CANNOT_TELL, WRONG
from gradwise.checking.vocabulary import Cause
from gradwise.containers import flatten
from gradwise.errors import InputError, TracingError
from gradwise.numerical.elementwise import generator
from gradwise.quiet import quiet


def check_grad(
    f: Callable[..., Any],
    x: Any,
    grad: Any = None,
    *,
    argnums: Any = 0,
    entries: Any = None,
    directions: int | str | None = "auto",
    rng: Any = None,
    bounds: Any = None,
) -> Report:
    r"""Check a claimed gradient, entry by entry, within bounds that are found and not chosen, and name the likely bug.

    .. math:: |g_i - \partial f/\partial x_i| \le \text{bound}_i \quad \text{for all } i

    Parameters
    ----------
    f : callable
        Returns one real number. Also a ``torch.autograd.Function``, a ``torch.nn.Module``, or a function with
        ``jax.custom_vjp`` or ``jax.custom_jvp``, whose own derivative is then checked.
    x : array_like, container of arrays, or the tuple of all arguments of f
        Where to check. Shapes and containers are those that f takes.
    grad : callable or array_like, optional
        The claimed gradient, called as f is; or its value at x. If omitted, gradwise's own is checked.
    argnums : int, str, tuple of these, or "all"
        Which arguments move, if x is the tuple of all arguments.
    entries : sequence of int, optional
        Check only these entries (flat positions in x).
    directions : "auto", int or None
        For large x: check along blocks and that many random directions instead of entry by entry; "auto" does so where all
        entries would take more than a few seconds, None never.
    rng : int or numpy.random.Generator, optional
        Chooses directions and the extra points of the diagnosis; the same ones at every call if omitted.
    bounds : (lower, upper), optional
        f is never called outside them for the numerical derivative.

    Returns
    -------
    Report
        Truthy when passed; ``print(report)`` tells the likely cause.

    Raises
    ------
    InputError
        If f or grad fails at x or returns no numbers, or x is empty, not finite or outside bounds.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> f, wrong = lambda x: np.sum(np.sin(x)), lambda x: -np.cos(x)
    >>> gw.check_grad(f, np.array([0.3, 0.5]), wrong).causes
    ['sign flip']
    >>> bool(gw.check_grad(f, np.array([0.3, 0.5]), np.cos))
    True

    Notes
    -----
    What this cannot detect: an error smaller than the bounds (``report.error``; they grow with noise, low precision and
    cancellation in f, and hold what solvers in f leave, which are run with smaller tolerances where the claim differs); an error at another x than the one given, in particular in a branch that x does not take; at a kink, which
    number between the left and the right slope was meant; a mistake that f and grad share, since f itself is the
    reference; along directions, errors that cancel (``report.missed`` states the probabilities). The named cause is what explains
    all entries; another mistake with the same numbers cannot be told from it, which is why all causes that fit are listed.
    """
    random = generator(rng)
    conduct = Conduct()
    adapted = adapt(f, x, grad)
    if adapted is not None:
        f, x, grad = adapted.f, adapted.x, adapted.grad
    own = grad is None
    target = Target(f, x, argnums, "check_grad")
    target.given = "" if own or adapted is not None else ", grad=grad"
    _scalar_output(target, conduct)
    function = _claim_function(target, grad)
    leaves, misfit = _first_claim(target, function, grad, argnums, conduct)
    if misfit:
        return _wrong_shape(target, leaves, misfit, conduct, bounds, random)
    what = "grad(x)" if function is not None else "grad"
    claimed = to_vector(leaves, target.point, what)
    claim = None if function is None else Claim(function, target)
    if claim is not None:
        _repeat(claim, target, claimed, conduct)
    restricted = restrict(target, claim, claimed, entries)
    names = target.place
    if restricted is not None:
        positions = np.asarray(entries, dtype=int) % target.size
        names = lambda entry: target.place(int(positions[entry]))
        bounds = restrict_bounds(bounds, target, positions)
        target, claim, claimed = restricted
    problem = make_problem(target, claim, claimed, [leaf.dtype for leaf in leaves], names, bounds, own=own, rng=random)
    if adapted is not None:
        problem.notes.append(adapted.note)
        problem.exact_at = None
        problem.unweighted = adapted.unweighted
    if entries is not None:
        problem.rerun = lambda entry: f"gw.check_grad({_call(target)}, entries=[{int(positions[entry])}])"
    if restricted is None and wants_directions(directions, target):

        def few(positions: np.ndarray) -> Problem:
            part = restrict(target, claim, claimed, positions)
            assert part is not None
            chosen = restrict_bounds(bounds, target, positions)
            name = lambda entry: target.place(int(positions[entry]))
            return make_problem(*part, [leaf.dtype for leaf in leaves], name, chosen, own=True, rng=random)

        problem.restricted = few
        return check_directions(problem, conduct, directions, bounds, random)
    return compare(problem, conduct, random)


class Claim:
    """A claimed gradient as a function of vectors: ``claim(vector) -> (1, n)``."""

    def __init__(self, function: Callable[..., Any], target: Target) -> None:
        self.function, self.target = function, target

    def __call__(self, vector: np.ndarray) -> np.ndarray:
        value = self.function(*self.target.arguments(self.target.point.build(vector)))
        leaves, misfit = read_claim(value, self.target.point.treedef, self.target.point.shapes, "grad(x)")
        if misfit:
            raise InputError(misfit)
        return to_vector(leaves, self.target.point, "grad(x)")[None, :]


def make_problem(
    target: Target,
    claim: Any,
    claimed: np.ndarray,
    dtypes: list[np.dtype],
    names: Callable[[int], str],
    bounds: Any,
    *,
    own: bool,
    rng: Any,
) -> Problem:
    """Describe a gradient check to the common part."""
    single = len(target.point.leaves) == 1
    layout = []
    for path, shape, (real, imaginary) in zip(target.paths, target.point.shapes, target.point.slices, strict=True):
        for part, suffix in ((real, ""), (imaginary, " imaginary")):
            if part is not None:
                layout.append((("" if single else path) + suffix, np.arange(part.start, part.stop).reshape(shape)))

    def numerical_at(vector: np.ndarray) -> Numbers:
        here = target.point.build(vector)
        estimate = numerical.grad(target.call, here, bounds=bounds, rng=rng, complex_step=target.complex_step)
        kinds = dict(value="signed", error="bound", status="status", left="signed", right="signed")
        parts = {name: flat_numbers(getattr(estimate, name), target, kind)[None, :] for name, kind in kinds.items()}
        return Numbers(evaluations=estimate.evaluations, **parts)

    def slope_at(vector: np.ndarray, direction: np.ndarray) -> numerical.Estimate:
        build = target.point.build
        return numerical.directional_derivative(
            target.call,
            build(vector),
            build(direction),
            bounds=bounds,
            normalize=False,
            complex_step=target.complex_step,
        )

    def exact_at(vector: np.ndarray) -> np.ndarray:
        gradient = operators.grad(target.call, method="exact")(target.point.build(vector))
        return to_vector([np.asarray(leaf) for leaf in flatten(gradient)[0]], target.point, "gw.grad(f)")[None, :]

    return Problem(
        kind="gradient",
        target=target,
        rows=1,
        claim_at=claim,
        claimed=claimed[None, :],
        claimed_dtypes=dtypes,
        numerical_at=numerical_at,
        exact_at=None if own else exact_at,
        layout=layout,
        carrier=lambda vector: vector[None, :],
        restore=lambda matrix: restore(target, matrix[0]),
        name_entry=lambda entry: f"grad{names(entry)}",
        rerun=lambda entry: f"gw.check_grad({_call(target)}, entries=[{entry}])",
        scalar=target.call,
        slope_at=None if target.point.has_complex else slope_at,
        unit=target.unit,
        claim_function=claim.function if isinstance(claim, Claim) and not own else None,
        values_at=lambda vector: np.array([float(np.asarray(target.value(vector)))]),
        bounds=bounds,
    )


def restore(target: Target, vector: np.ndarray) -> Any:
    """A vector of numbers or verdicts in the containers and shapes of x."""
    if vector.dtype != object:
        return target.point.restore(vector)
    leaves = []
    for shape, (real, _) in zip(target.point.shapes, target.point.slices, strict=True):
        leaf = vector[real].reshape(shape)
        leaves.append(leaf.astype(str) if shape else str(leaf[()]))
    return target.point.treedef.rebuild(leaves)


def _call(target: Target) -> str:
    return f"{target.name}, x{target.given}"


def _scalar_output(target: Target, conduct: Conduct) -> None:
    """f(x) must be one finite real number; repeated calls show noise and changed arguments."""
    value = target.first()
    array = np.asarray(value) if not isinstance(value, dict | list | tuple) else np.zeros(2)
    caller = target.caller
    if value is None or hasattr(value, "__next__") or array.dtype.kind not in "fiuc":
        msg = f"f(x) returned {value!r} of type {type(value).__name__}. {caller} needs one real number. Return the value of f."
        raise InputError(msg)
    if array.dtype.kind == "c":
        msg = f"f(x) returned the complex number {value!r}. {caller} needs one real number. Return its real part, or abs(...)**2."
        raise InputError(msg)
    if array.shape != () or array is not np.asarray(array):
        shape = array.shape if not isinstance(value, dict | list | tuple) else type(value).__name__
        msg = f"f(x) returned {'shape ' if isinstance(shape, tuple) else 'a '}{shape}. {caller} needs one real number. Use check_jacobian, or return a scalar such as f(x).sum()."
        raise InputError(msg)
    if not np.isfinite(array):
        msg = f"f(x) is {value!r}. There is no derivative where f is not finite. Choose an x where f is finite."
        raise InputError(msg)
    again = np.asarray(watch(target.f, target, "f", conduct), dtype=float)
    third = np.asarray(target.value(target.point.vector), dtype=float)
    wobble = float(max(abs(again - array), abs(third - array)))
    conduct.wobble = wobble if wobble > 1e-14 * abs(float(array)) and np.isfinite(wobble) else 0.0


def _claim_function(target: Target, grad: Any) -> Callable[..., Any] | None:
    if grad is None:
        exact = operators.grad(target.call, method="exact")

        def own(*args: Any) -> Any:
            with quiet():
                chosen = tuple(args[place] for place in target.places)
                return exact(chosen[0] if target.single else chosen)

        return own
    return grad if callable(grad) else None


def _first_claim(
    target: Target, function: Callable[..., Any] | None, grad: Any, argnums: Any, conduct: Conduct
) -> tuple[list[np.ndarray], str]:
    """The leaves of the claim at x as the caller gave x, and what is wrong with their shapes."""
    what = "grad(x)" if function is not None else "grad"
    if function is None:
        value = grad
        if isinstance(grad, str | bytes) or grad is Ellipsis:
            msg = f"grad={grad!r} is a {type(grad).__name__}. It must be a function of x, or the gradient's value at x."
            raise InputError(msg + " Pass the gradient function.")
    else:
        try:
            value = watch(function, target, "grad", conduct)
        except TracingError as error:
            if grad is not None:
                raise
            msg = (
                f"check_grad was given no grad, so gradwise's own gradient is checked, and f cannot be traced: {error}. "
                f"A claimed gradient is required. Pass grad=, or use gw.numerical.grad(f, x) for a derivative with a bound."
            )
            raise InputError(msg) from error
        except Exception as error:
            msg = f"grad(x) raised {type(error).__name__}: {error}. It must return the gradient at x. Check that it takes the arguments of f."
            raise InputError(msg) from error
    if target.several and argnums == 0 and isinstance(argnums, int) and _has_part_for_each(value, target):
        target.widen()
    return read_claim(value, target.point.treedef, target.point.shapes, what)


def _has_part_for_each(value: Any, target: Target) -> bool:
    count = len(target.args)
    if isinstance(value, tuple | list):
        # a tuple of that length may also be the gradient by the first argument alone, as a list
        first = target.args[0]
        numbers = isinstance(first, list | tuple) and not any(isinstance(item, list | tuple) for item in first)
        shape = np.shape(first) if numbers or isinstance(first, np.ndarray) else ()
        return len(value) == count and shape != (count,)
    return isinstance(value, np.ndarray) and value.shape == (count,) and all(np.ndim(arg) == 0 for arg in target.args)


def _repeat(claim: Claim, target: Target, claimed: np.ndarray, conduct: Conduct) -> None:
    """Call the claim again, with calls at another point between: noise, state, and integers that were cut."""
    vector = target.point.vector
    again = _try(claim, vector)
    # not a multiple of x, at which the gradient of a norm is the same
    _try(claim, vector * (1 + 1e-3 * np.cos(np.arange(vector.size))) + (vector == 0) * 1e-3)
    third = _try(claim, vector)
    slack = (
        64 * target.unit * np.abs(claimed)
        + 8 * target.unit * np.max(np.abs(claimed), where=np.isfinite(claimed), initial=0.0)
        + 1e-300
    )
    for other in (again, third):
        if other is not None and not conduct_has(conduct, Cause.NON_DETERMINISTIC):
            steady(claimed, other[0], slack, "grad", conduct)
    if target.has_integers:
        try:
            value = claim.function(*target.arguments(target.original()))
            leaves, misfit = read_claim(value, target.point.treedef, target.point.shapes, "grad(x)")
        except Exception:  # noqa: BLE001  (a claim that takes no integers is fine: it is checked with floats)
            return
        if not misfit and np.any(np.abs(to_vector(leaves, target.point, "grad(x)") - claimed) > 1e3 * slack):
            conduct.findings.append(
                Finding(
                    Cause.TRUNCATION, "grad(x) gives other numbers for the integers in x than for the same floats", 0.4
                )
            )


def conduct_has(conduct: Conduct, cause: Cause) -> bool:
    """Whether a fault was recorded already."""
    return any(finding.cause is cause for finding in conduct.findings)


def _try(claim: Claim, vector: np.ndarray) -> np.ndarray | None:
    with quiet(), np.errstate(all="ignore"):
        try:
            return claim(vector)
        except Exception:  # noqa: BLE001  (a claim may fail beside x)
            return None


def _wrong_shape(
    target: Target, leaves: list[np.ndarray], message: str, conduct: Conduct, bounds: Any, rng: np.random.Generator
) -> Report:
    """The report of a claim that cannot be compared entry by entry."""
    here = target.point.build(target.point.vector)
    estimate = numerical.grad(target.call, here, bounds=bounds, rng=rng, complex_step=target.complex_step)
    truth = [np.asarray(leaf) for leaf in flatten(estimate.value)[0]]
    bound = [np.asarray(leaf) for leaf in flatten(estimate.error)[0]]
    findings = conduct.findings + explain_shape(leaves, truth, bound, message)
    details: dict[str, str] = {}
    for finding in findings:
        details.setdefault(finding.cause.value, finding.detail)
    verdicts = restore(target, np.full(target.size, WRONG, dtype=object))
    claimed = leaves[0] if len(leaves) == 1 else leaves
    return Report(
        passed=False, conclusive=True, verdicts=verdicts, claimed=claimed, numerical=estimate.value, error=estimate.error,
        causes=list(details), ruled_out=[], worst=None, replay=f"gw.check_grad({_call(target)})", kind="gradient", details=details,
        evaluations=estimate.evaluations, counts={"agrees": 0, WRONG: target.size, CANNOT_TELL: 0},
    )  # fmt: skip
