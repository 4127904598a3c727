"""check_jvp and check_vjp: claimed products with the Jacobian, column by column or row by row.

For up to 64 inputs (jvp) or outputs (vjp) the whole Jacobian is put together from unit vectors, so every entry is checked and
diagnosed; a random vector then checks that the product is linear.  Beyond that, 8 vectors of random signs are checked: a wrong
entry of the Jacobian changes every one of those products.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise import numerical, operators
from gradwise.checking.compare import compare
from gradwise.checking.conduct import Conduct, untouched
from gradwise.checking.evidence import Finding
from gradwise.checking.frameworks import refuse
from gradwise.checking.grain import most_grain
from gradwise.checking.matrices import Blocks, Outputs, matrix_problem
from gradwise.checking.misshapen import misshapen, product_vector
from gradwise.checking.problem import Numbers, Problem
from gradwise.checking.report import Report
from gradwise.checking.targets import Target
from gradwise.checking.vocabulary import Cause
from gradwise.containers import flatten
from gradwise.errors import InputError
from gradwise.numerical import Status
from gradwise.numerical.elementwise import generator
from gradwise.quiet import quiet

MOST_UNITS = 64
VECTORS = 8


def check_jvp(
    f: Callable[..., Any],
    x: Any,
    jvp: Callable[..., Any] | None = None,
    *,
    argnums: Any = 0,
    rng: Any = None,
    bounds: Any = None,
) -> Report:
    r"""Check a claimed Jacobian-vector product: :math:`(x, v) \mapsto J(x)\, v`.

    Parameters
    ----------
    f : callable
        Returns a number, an array or a container of arrays.
    x : array_like, container of arrays, or the tuple of all arguments of f
        Where to check.
    jvp : callable, optional
        ``jvp(x, v)`` with v like x returns J v in the structure of f(x), or the pair (f(x), J v); gradwise's own if omitted.
    argnums, rng, bounds
        As in `check_grad`.

    Returns
    -------
    Report
        Fields as for `check_jacobian`, where the Jacobian could be put together.

    Raises
    ------
    InputError
        As in `check_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> gw.check_jvp(np.sin, np.array([0.3, 0.5]), lambda x, v: -np.cos(x) * v).causes[0]
    'sign flip'

    Notes
    -----
    What this cannot detect: as for `check_grad`; beyond 64 inputs also errors that cancel in all 8 products.
    """
    random = generator(rng)
    refuse(f, x, jvp, "check_jvp")
    target = Target(f, x, argnums, "check_jvp")
    outputs = Outputs(target)
    conduct = Conduct()
    outputs.observe(target, conduct)
    given = jvp
    if given is None:
        given = lambda moving, v: operators.jvp(target.call, (moving,), (v,))[1]
    _need_callable(given, "jvp", "check_jvp")

    def product(vector: np.ndarray, v: np.ndarray) -> np.ndarray:
        value = untouched(given, (target.point.build(vector), target.point.build(v)), "jvp", conduct)
        if (
            isinstance(value, tuple)
            and len(value) == 2
            and not (outputs.treedef.kind is tuple and len(outputs.treedef.children) == 2)
        ):
            value = value[1]
        return product_vector(value, outputs.treedef, outputs.shapes, "jvp(x, v)")

    x0 = target.point.vector
    trial = np.linspace(0.5, 1.5, target.size)

    def true_trial() -> numerical.Estimate:
        build = target.point.build
        return numerical.directional_derivative(
            target.call, build(x0), build(trial), normalize=False, bounds=bounds, complex_step=target.complex_step
        )

    report = misshapen(lambda: _first(lambda: product(x0, trial), "jvp(x, v)"), true_trial, "jvp", target.name, conduct)
    if report is not None:
        return report
    blocks = Blocks(outputs.treedef, outputs.shapes, target)
    if target.size <= MOST_UNITS:
        units = np.eye(target.size)
        assemble = lambda vector: np.stack([product(vector, unit) for unit in units], axis=1)
        return _whole(
            "jvp", target, outputs, blocks, assemble, product, random, conduct, bounds, own=jvp is None, length=target.size, axis=1
        )  # fmt: skip
    signs = random.choice([-1.0, 1.0], (VECTORS, target.size))
    claim = lambda vector: np.stack([product(vector, v) for v in signs])

    def numerical_at(vector: np.ndarray) -> Numbers:
        rows = [
            numerical.directional_derivative(
                target.call,
                target.point.build(vector),
                target.point.build(v),
                normalize=False,
                bounds=bounds,
                complex_step=target.complex_step,
            )
            for v in signs
        ]
        return _stack(rows, outputs.size)

    def exact_at(vector: np.ndarray) -> np.ndarray:
        linear = operators.linearize(target.call, target.point.build(vector))[1]
        return np.stack([outputs.vector(linear(target.point.build(v))) for v in signs])

    return _sampled("jvp", target, claim, numerical_at, None if jvp is None else exact_at, x0, random, conduct)


def check_vjp(
    f: Callable[..., Any],
    x: Any,
    vjp: Callable[..., Any] | None = None,
    *,
    argnums: Any = 0,
    rng: Any = None,
    bounds: Any = None,
) -> Report:
    r"""Check a claimed vector-Jacobian product: :math:`(x, u) \mapsto J(x)^T u`.

    Parameters
    ----------
    f : callable
        Returns a number, an array or a container of arrays.
    x : array_like, container of arrays, or the tuple of all arguments of f
        Where to check.
    vjp : callable, optional
        ``vjp(x, u)`` with u like f(x) returns Jᵀ u in the structure of x, or the pair (f(x), Jᵀ u); gradwise's own if omitted.
    argnums, rng, bounds
        As in `check_grad`.

    Returns
    -------
    Report
        Fields as for `check_jacobian`, where the Jacobian could be put together.

    Raises
    ------
    InputError
        As in `check_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> A = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> gw.check_vjp(lambda x: A @ x, np.ones(2), lambda x, u: A @ u).causes[0]
    'transposed'

    Notes
    -----
    What this cannot detect: as for `check_grad`; beyond 64 outputs also errors that cancel in all 8 products.
    """
    random = generator(rng)
    refuse(f, x, vjp, "check_vjp")
    target = Target(f, x, argnums, "check_vjp")
    outputs = Outputs(target)
    conduct = Conduct()
    outputs.observe(target, conduct)
    given = vjp
    if given is None:
        given = lambda moving, u: operators.vjp(target.call, moving)[1](u)[0]
    _need_callable(given, "vjp", "check_vjp")

    def product(vector: np.ndarray, u: np.ndarray) -> np.ndarray:
        value = untouched(given, (target.point.build(vector), _like_output(outputs, u)), "vjp", conduct)
        pair = (
            isinstance(value, tuple)
            and len(value) == 2
            and not (target.point.treedef.kind is tuple and len(target.point.shapes) == 2)
        )
        return product_vector(value[1] if pair else value, target.point.treedef, target.point.shapes, "vjp(x, u)")

    x0 = target.point.vector
    trial = np.linspace(0.5, 1.5, outputs.size)

    def true_trial() -> numerical.Estimate:
        weighted = lambda moving: float(trial @ outputs.vector(target.call(moving)))
        return numerical.grad(weighted, target.point.build(x0), bounds=bounds, complex_step=target.complex_step)

    report = misshapen(lambda: _first(lambda: product(x0, trial), "vjp(x, u)"), true_trial, "vjp", target.name, conduct)
    if report is not None:
        return report
    blocks = Blocks(outputs.treedef, outputs.shapes, target)
    if outputs.size <= MOST_UNITS:
        units = np.eye(outputs.size)
        assemble = lambda vector: np.stack([product(vector, unit) for unit in units])
        return _whole(
            "vjp",
            target,
            outputs,
            blocks,
            assemble,
            product,
            random,
            conduct,
            bounds,
            own=vjp is None,
            length=outputs.size,
            axis=0,
        )
    signs = random.choice([-1.0, 1.0], (VECTORS, outputs.size))
    claim = lambda vector: np.stack([product(vector, u) for u in signs])

    def numerical_at(vector: np.ndarray) -> Numbers:
        rows = [
            numerical.grad(
                lambda moving, u=u: float(u @ outputs.vector(target.call(moving))),
                target.point.build(vector),
                bounds=bounds,
                complex_step=target.complex_step,
            )
            for u in signs
        ]
        return _stack(rows, target.size)

    def exact_at(vector: np.ndarray) -> np.ndarray:
        pull = operators.vjp(target.call, target.point.build(vector))[1]
        return np.stack(
            [
                product_vector(pull(_like_output(outputs, u))[0], target.point.treedef, target.point.shapes, "gw.vjp")
                for u in signs
            ]
        )

    return _sampled(
        "vjp", target, claim, numerical_at, None if vjp is None else exact_at, target.point.vector, random, conduct
    )


def _need_callable(function: Any, name: str, caller: str) -> None:
    if not callable(function):
        msg = f"{caller} was given {name}={function!r}, a {type(function).__name__}. It must be a function of x and a vector. Pass the function itself."
        raise InputError(msg)


def _like_output(outputs: Outputs, u: np.ndarray) -> Any:
    leaves: list[Any] = []
    start = 0
    for shape in outputs.shapes:
        stop = start + int(np.prod(shape))
        leaf = u[start:stop].reshape(shape).copy()
        leaves.append(leaf if shape else float(leaf))
        start = stop
    return outputs.treedef.rebuild(leaves)


def _first(call: Callable[[], np.ndarray], what: str) -> np.ndarray:
    try:
        with quiet():
            return call()
    except InputError:
        raise
    except Exception as error:
        msg = f"{what} raised {type(error).__name__}: {error}. It must return the product. Check that it takes x and a vector."
        raise InputError(msg) from error


def _whole(
    kind: str, target: Target, outputs: Outputs, blocks: Blocks, assemble: Callable[[np.ndarray], np.ndarray],
    product: Callable[[np.ndarray, np.ndarray], np.ndarray], rng: np.random.Generator, conduct: Conduct, bounds: Any, *, own: bool,
    length: int, axis: int,
) -> Report:  # fmt: skip
    """Check the Jacobian that unit vectors give."""
    x0 = target.point.vector
    what = f"{kind}(x, {'v' if axis else 'u'})"
    matrix = _first(lambda: assemble(x0), what)
    function = lambda *args: blocks.restore(assemble(_point_of(target, args)))
    problem = matrix_problem(kind, target, blocks, function, blocks.restore(matrix), conduct, rng, bounds)
    assert isinstance(problem, Problem)
    problem.claim_at = assemble
    if not own:
        problem.exact_at = lambda vector: blocks.matrix(
            operators.jacobian(target.call, method="exact")(target.point.build(vector))
        )
    problem.values_at = lambda vector: outputs.vector(target.value(vector))
    problem.weights = rng.uniform(0.5, 1.5, (1, blocks.rows))
    problem.scalar = lambda moving: outputs.weighted(target.call(moving), problem.weights[0])
    problem.rerun = lambda entry: f"gw.check_{kind}({target.name}, x, {kind}={kind})"
    problem.notes.append(f"the Jacobian was put together from {length} products with unit vectors")
    if own:  # linear by its making, but for the numerical error of a function that cannot be traced
        return compare(problem, conduct, rng)
    v = rng.uniform(-1, 1, length)
    got, want = _first(lambda: product(x0, v), what), matrix @ v if axis else v @ matrix
    scale = float(np.max(np.abs(matrix), initial=0.0)) * length
    inner = length * float(np.max(np.nan_to_num(most_grain(problem), posinf=0.0), initial=0.0))
    coarse = float(np.finfo(outputs.flat.dtype).eps) if outputs.flat.dtype.kind == "f" else 0.0  # float32 inside f
    unit = 1e4 * target.unit + (256 * coarse if coarse > target.unit else 0.0)
    if np.any(np.abs(got - want) > unit * scale + inner + 1e-300) and not (axis and _bends(target, v, bounds)):
        conduct.findings.append(
            Finding(
                Cause.UNKNOWN,
                f"{kind} is not linear in its vector: it differs by {np.nanmax(np.abs(got - want)):.2g} from the sum of its parts",
                0.9,
            )
        )
    return compare(problem, conduct, rng)


def _bends(target: Target, v: np.ndarray, bounds: Any) -> bool:
    """Whether f has a kink along a direction: a directional derivative is not linear there."""
    build = target.point.build
    try:
        slope = numerical.directional_derivative(
            target.call,
            build(target.point.vector),
            build(v),
            normalize=False,
            bounds=bounds,
            complex_step=target.complex_step,
        )
    except Exception:  # noqa: BLE001  (f may end beside x)
        return False
    return any(
        Status(s) is Status.KINK for leaf in flatten(slope.status)[0] for s in np.ravel(np.array(leaf, dtype=object))
    )


def _point_of(target: Target, args: tuple[Any, ...]) -> np.ndarray:
    chosen = [args[place] for place in target.places]
    return np.concatenate([np.ravel(np.asarray(leaf, dtype=float)) for leaf in flatten(chosen)[0]])


def _sampled(
    kind: str, target: Target, claim: Callable[[np.ndarray], np.ndarray], numerical_at: Any, exact_at: Any, x0: np.ndarray,
    rng: np.random.Generator, conduct: Conduct,
) -> Report:  # fmt: skip
    """Check products with vectors of random signs."""
    claimed = _first(lambda: claim(x0), f"{kind}(x, v)")
    rows, columns = claimed.shape
    problem = Problem(
        kind=kind, target=target, rows=rows, claim_at=claim, claimed=claimed, claimed_dtypes=[np.dtype(float)], numerical_at=numerical_at,
        exact_at=exact_at, layout=[("", np.arange(claimed.size).reshape(claimed.shape))],
        carrier=(lambda vector: np.broadcast_to(vector, claimed.shape)) if columns == target.size else None,
        restore=lambda matrix: matrix.astype(str) if matrix.dtype == object else matrix,
        name_entry=lambda entry: f"{kind} of vector {entry // columns}, entry {entry % columns}",
        rerun=lambda entry: f"gw.check_{kind}({target.name}, x, {kind}={kind})", unit=target.unit, subject=kind,
    )  # fmt: skip
    problem.notes.append(
        f"{rows} products with random signs were checked; a single wrong entry of the Jacobian beyond the bounds changes all of "
        f"them, two that cancel are missed with probability at most {0.5**rows:.1e}"
    )
    return compare(problem, conduct, rng)


def _stack(estimates: list[Any], length: int) -> Numbers:
    def part(name: str, dtype: Any) -> np.ndarray:
        rows = [
            np.concatenate([np.ravel(np.array(leaf, dtype=dtype)) for leaf in flatten(getattr(one, name))[0]])
            for one in estimates
        ]
        return np.array(rows, dtype=dtype).reshape(len(estimates), length)

    status = np.array([[Status(s) for s in row] for row in part("status", object)], dtype=object).reshape(
        len(estimates), length
    )
    values = {name: part(name, float) for name in ("value", "error", "left", "right")}
    return Numbers(status=status, evaluations=sum(one.evaluations for one in estimates), **values)
