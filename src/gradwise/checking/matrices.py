"""check_jacobian and check_hessian: claimed matrices of derivatives against the numerical ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise import numerical, operators
from gradwise.checking.compare import compare
from gradwise.checking.conduct import Conduct, steady, watch
from gradwise.checking.frameworks import refuse
from gradwise.checking.hypotheses.shapes import explain_shape
from gradwise.checking.problem import Numbers, Problem
from gradwise.checking.report import Report
from gradwise.checking.targets import Target, as_numbers, leaf_paths, read_claim
from gradwise.checking.verdicts import CANNOT_TELL, WRONG
from gradwise.containers import TreeDef, flatten
from gradwise.errors import InputError
from gradwise.numerical import Status
from gradwise.numerical.elementwise import generator
from gradwise.quiet import quiet


def check_jacobian(
    f: Callable[..., Any], x: Any, jac: Any = None, *, argnums: Any = 0, rng: Any = None, bounds: Any = None
) -> Report:
    r"""Check a claimed Jacobian, entry by entry: :math:`J_{ij} = \partial f_i / \partial x_j`.

    Parameters
    ----------
    f : callable
        Returns an array or a container of arrays.
    x : array_like, container of arrays, or the tuple of all arguments of f
        Where to check.
    jac : callable or array_like, optional
        The claimed Jacobian, of shape ``f(x).shape + x.shape`` (containers of outputs hold containers of inputs); gradwise's own
        if omitted.
    argnums, rng, bounds
        As in `check_grad`.

    Returns
    -------
    Report

    Raises
    ------
    InputError
        As in `check_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> A = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> gw.check_jacobian(lambda x: A @ x, np.ones(2), lambda x: A.T).causes[0]
    'transposed'

    Notes
    -----
    What this cannot detect: as for `check_grad`.
    """
    random = generator(rng)
    refuse(f, x, jac, "check_jacobian")
    target = Target(f, x, argnums, "check_jacobian")
    outputs = Outputs(target)
    conduct = Conduct()
    outputs.observe(target, conduct)
    layout = Blocks(outputs.treedef, outputs.shapes, target)
    function = jac if callable(jac) else None
    if jac is None:
        function = _quiet(operators.jacobian(target.call, method="exact"), target)
    value = jac if function is None else _first(function, target, "jac", conduct)
    problem = matrix_problem("jacobian", target, layout, function, value, conduct, random, bounds)
    if isinstance(problem, Report):
        return problem
    if jac is not None:
        problem.exact_at = lambda vector: layout.matrix(
            operators.jacobian(target.call, method="exact")(target.point.build(vector))
        )
    problem.numerical_at = lambda vector: layout.numbers(
        numerical.jacobian(
            target.call, target.point.build(vector), bounds=bounds, rng=random, complex_step=target.complex_step
        )
    )
    problem.values_at = lambda vector: outputs.vector(target.value(vector))
    problem.weights = random.uniform(0.5, 1.5, (1, layout.rows))
    problem.scalar = lambda moving: outputs.weighted(target.call(moving), problem.weights[0])
    return compare(problem, conduct, random)


def check_hessian(
    f: Callable[..., Any], x: Any, hess: Any = None, *, argnums: Any = 0, rng: Any = None, bounds: Any = None
) -> Report:
    r"""Check a claimed Hessian, entry by entry: :math:`H_{ij} = \partial^2 f / \partial x_i \partial x_j`.

    Parameters
    ----------
    f : callable
        Returns one real number.
    x : array_like, container of arrays, or the tuple of all arguments of f
        Where to check.
    hess : callable or array_like, optional
        The claimed Hessian, of shape ``x.shape + x.shape`` (nested blocks for containers); gradwise's own if omitted.
    argnums, rng, bounds
        As in `check_grad`.

    Returns
    -------
    Report

    Raises
    ------
    InputError
        As in `check_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> gw.check_hessian(lambda x: np.sum(x**3), np.array([1.0, 2.0]), lambda x: np.diag(3 * x)).causes[0]
    'missing factor 2'

    Notes
    -----
    What this cannot detect: as for `check_grad`; second differences lose more digits to rounding, so bounds are wider where f
    cannot be traced.
    """
    random = generator(rng)
    refuse(f, x, hess, "check_hessian")
    target = Target(f, x, argnums, "check_hessian")
    outputs = Outputs(target)
    conduct = Conduct()
    outputs.observe(target, conduct)
    if outputs.size != 1 or outputs.shapes != [()]:
        msg = f"f(x) returned shape {outputs.shapes}. check_hessian needs one real number. Use check_jacobian on the gradient."
        raise InputError(msg)
    layout = Blocks(target.point.treedef, target.point.shapes, target)
    function = hess if callable(hess) else None
    if hess is None:
        function = _quiet(operators.hessian(target.call, method="exact"), target)
    value = hess if function is None else _first(function, target, "hess", conduct)
    problem = matrix_problem("hessian", target, layout, function, value, conduct, random, bounds)
    if isinstance(problem, Report):
        return problem
    if hess is not None:
        problem.exact_at = lambda vector: layout.matrix(
            operators.hessian(target.call, method="exact")(target.point.build(vector))
        )
    problem.numerical_at = lambda vector: layout.numbers(
        numerical.hessian(
            target.call, target.point.build(vector), bounds=bounds, rng=random, complex_step=target.complex_step
        )
    )
    problem.values_at = lambda vector: outputs.vector(target.value(vector))
    gap = np.abs(problem.claimed - problem.claimed.T)
    if np.any(gap > 1e-6 * np.max(np.abs(problem.claimed), initial=0.0)):
        i, j = np.unravel_index(int(np.argmax(np.nan_to_num(gap))), gap.shape)
        problem.notes.append(
            f"the claimed Hessian is not symmetric: {problem.name_entry(int(i) * target.size + int(j))} differs from its mirror image by {gap[i, j]:.3g}"
        )
    return compare(problem, conduct, random)


class Outputs:
    """The structure of f(x), fixed at x: m real numbers in leaves."""

    def __init__(self, target: Target) -> None:
        value = target.first()
        if value is None or hasattr(value, "__next__"):
            msg = (
                f"f(x) returned {value!r}. It must return numbers. Add the missing return statement, or return a list."
            )
            raise InputError(msg)
        leaves, self.treedef = flatten(value, name="the value of f")
        arrays = [as_numbers(leaf, "f(x)") for leaf in leaves]
        self.shapes = [array.shape for array in arrays]
        self.size = sum(array.size for array in arrays)
        self.flat = self.vector(value)
        if any(array.dtype.kind == "c" for array in arrays) or target.point.has_complex:
            msg = f"{target.caller} was given complex numbers in x or f(x). Both must be real. Split them into real and imaginary parts."
            raise InputError(msg)
        if self.size == 0:
            msg = f"f(x) holds no numbers. {target.caller} needs at least one. Return a non-empty array."
            raise InputError(msg)
        if not np.all(np.isfinite(self.flat)):
            msg = "f(x) holds NaN or infinity. There is no derivative where f is not finite. Choose an x where f is finite."
            raise InputError(msg)

    def vector(self, value: Any) -> np.ndarray:
        """f(x) as m numbers."""
        leaves = flatten(value)[0]
        return np.concatenate([np.ravel(np.asarray(leaf)) for leaf in leaves]) if leaves else np.zeros(0)

    def weighted(self, value: Any, weights: np.ndarray) -> Any:
        """Σ w_i f_i, in operations that can be traced."""
        total: Any = 0.0
        start = 0
        for leaf, shape in zip(flatten(value)[0], self.shapes, strict=True):
            stop = start + int(np.prod(shape))
            total = total + np.sum(leaf * weights[start:stop].reshape(shape))
            start = stop
        return total

    def observe(self, target: Target, conduct: Conduct) -> None:
        """Call f again: noise, and changed arguments."""
        again = self.vector(watch(target.f, target, "f", conduct))
        if again.shape == self.flat.shape:
            wobble = float(np.max(np.abs(again - self.flat)))
            conduct.wobble = wobble if wobble > 1e-14 * float(np.max(np.abs(self.flat))) else 0.0


class Blocks:
    """How nested blocks of shape ``out.shape + in.shape`` lie in the (m, n) matrix."""

    def __init__(self, treedef: TreeDef, shapes: list[tuple[int, ...]], target: Target) -> None:
        inner = target.point
        self.row_paths = leaf_paths(treedef, len(shapes))
        self.column_paths = target.paths
        nested = treedef.rebuild([inner.treedef.rebuild([0.0] * len(inner.shapes)) for _ in shapes])
        self.treedef = flatten(nested)[1]
        self.row_shapes, self.column_shapes = shapes, inner.shapes
        self.shapes = [(*out, *into) for out in shapes for into in inner.shapes]
        self.row_ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
        self.column_ends = np.cumsum([0, *(int(np.prod(shape)) for shape in inner.shapes)])
        self.rows, self.columns = int(self.row_ends[-1]), int(self.column_ends[-1])

    def _slots(self) -> list[tuple[slice, slice]]:
        rows = [slice(a, b) for a, b in zip(self.row_ends[:-1], self.row_ends[1:], strict=True)]
        columns = [slice(a, b) for a, b in zip(self.column_ends[:-1], self.column_ends[1:], strict=True)]
        return [(row, column) for row in rows for column in columns]

    def matrix(self, tree: Any, dtype: Any = float) -> np.ndarray:
        """Nested blocks as one matrix."""
        return self.join(
            [np.asarray(leaf) if dtype is float else np.array(leaf, dtype=dtype) for leaf in flatten(tree)[0]], dtype
        )

    def join(self, leaves: list[np.ndarray], dtype: Any = float) -> np.ndarray:
        """A list of blocks as one matrix."""
        out = np.empty((self.rows, self.columns), dtype=dtype)
        for leaf, (row, column) in zip(leaves, self._slots(), strict=True):
            out[row, column] = leaf.reshape(row.stop - row.start, column.stop - column.start)
        return out

    def restore(self, matrix: np.ndarray) -> Any:
        """A matrix as nested blocks."""
        leaves: list[Any] = []
        for shape, (row, column) in zip(self.shapes, self._slots(), strict=True):
            leaf = matrix[row, column].reshape(shape)
            leaf = leaf.astype(str) if leaf.dtype == object else leaf
            leaves.append(leaf if shape else leaf[()].item())
        return self.treedef.rebuild(leaves)

    def numbers(self, estimate: Any) -> Numbers:
        """An estimate as matrices."""
        parts = {name: self.matrix(getattr(estimate, name)) for name in ("value", "error", "left", "right")}
        status = np.array([[Status(s) for s in row] for row in self.matrix(estimate.status, object)], dtype=object)
        return Numbers(status=status.reshape(self.rows, self.columns), evaluations=estimate.evaluations, **parts)

    def layout(self) -> list[tuple[str, np.ndarray]]:
        """Blocks by name, with the flat positions of their entries."""
        flat = np.arange(self.rows * self.columns).reshape(self.rows, self.columns)
        names = [f"{out}{into}" for out in self.row_paths for into in self.column_paths]
        return [
            (name, flat[row, column].reshape(shape))
            for name, shape, (row, column) in zip(names, self.shapes, self._slots(), strict=True)
        ]

    def place(self, entry: int) -> str:
        """Name one entry of the matrix."""
        for name, index in self.layout():
            where = np.argwhere(index == entry)
            if len(where):
                return name + (f"[{', '.join(map(str, where[0]))}]" if index.ndim else "")
        return f"[{entry}]"


def matrix_problem(
    kind: str,
    target: Target,
    blocks: Blocks,
    function: Any,
    value: Any,
    conduct: Conduct,
    rng: np.random.Generator,
    bounds: Any,
) -> Problem | Report:
    """Describe a check of a matrix; the report itself if the claim has a wrong shape."""
    subject = {"jacobian": "jac", "hessian": "hess"}.get(kind, kind)
    what = subject if function is None else f"{subject}(x)"
    leaves, misfit = read_claim(value, blocks.treedef, blocks.shapes, what)
    if any(leaf.dtype.kind == "c" for leaf in leaves):
        msg = f"{what} returned complex numbers for a real function of real numbers. Its derivative is real. Return its real part."
        raise InputError(msg)
    call = f"gw.check_{kind}({target.name}, x, {subject}={subject})"
    if misfit:
        return _wrong_shape(kind, target, blocks, leaves, misfit, conduct, bounds, call)
    claimed = blocks.join(leaves)
    claim = None if function is None else MatrixClaim(function, target, blocks, what)
    if claim is not None:
        with quiet(), np.errstate(all="ignore"):
            again = claim(target.point.vector)
        scale = np.max(np.abs(claimed), where=np.isfinite(claimed), initial=0.0)
        steady(claimed, again, 64 * target.unit * (np.abs(claimed) + scale) + 1e-300, subject, conduct)
    return Problem(
        kind=kind,
        target=target,
        rows=blocks.rows,
        claim_at=claim,
        claim_function=function,
        claimed=claimed,
        claimed_dtypes=[leaf.dtype for leaf in leaves],
        numerical_at=lambda vector: blocks.numbers(
            numerical.jacobian(
                target.call, target.point.build(vector), bounds=bounds, rng=rng, complex_step=target.complex_step
            )
        ),
        exact_at=None,
        layout=blocks.layout(),
        carrier=lambda vector: np.broadcast_to(vector, (blocks.rows, blocks.columns)),
        restore=blocks.restore,
        name_entry=lambda entry: f"{subject}{blocks.place(entry)}",
        rerun=lambda entry: call,
        unit=target.unit,
        subject=subject,
        bounds=bounds,
    )


class MatrixClaim:
    """A claimed matrix as a function of vectors."""

    def __init__(self, function: Callable[..., Any], target: Target, blocks: Blocks, what: str) -> None:
        self.function, self.target, self.blocks, self.what = function, target, blocks, what

    def __call__(self, vector: np.ndarray) -> np.ndarray:
        value = self.function(*self.target.arguments(self.target.point.build(vector)))
        leaves, misfit = read_claim(value, self.blocks.treedef, self.blocks.shapes, self.what)
        if misfit:
            raise InputError(misfit)
        return self.blocks.join(leaves)


def _quiet(operator: Callable[..., Any], target: Target) -> Callable[..., Any]:
    """Return gradwise's own derivative as a claim: called with all arguments, without warnings of kinks."""

    def own(*args: Any) -> Any:
        chosen = tuple(args[place] for place in target.places)
        with quiet():
            return operator(chosen[0] if target.single else chosen)

    return own


def _first(function: Callable[..., Any], target: Target, name: str, conduct: Conduct) -> Any:
    try:
        return watch(function, target, name, conduct)
    except Exception as error:
        msg = f"{name}(x) raised {type(error).__name__}: {error}. It must return the derivative at x. Check that it takes the arguments of f."
        raise InputError(msg) from error


def _wrong_shape(
    kind: str,
    target: Target,
    blocks: Blocks,
    leaves: list[np.ndarray],
    message: str,
    conduct: Conduct,
    bounds: Any,
    call: str,
) -> Report:
    derivative = numerical.hessian if kind == "hessian" else numerical.jacobian
    here = target.point.build(target.point.vector)
    estimate = derivative(target.call, here, bounds=bounds, complex_step=target.complex_step)
    truth = [np.asarray(leaf) for leaf in flatten(estimate.value)[0]]
    bound = [np.asarray(leaf) for leaf in flatten(estimate.error)[0]]
    findings = conduct.findings + explain_shape(leaves, truth, bound, message)
    details: dict[str, str] = {}
    for finding in findings:
        details.setdefault(finding.cause.value, finding.detail)
    total = blocks.rows * blocks.columns
    return Report(
        passed=False, conclusive=True, verdicts=blocks.restore(np.full((blocks.rows, blocks.columns), WRONG, dtype=object)),
        claimed=leaves[0] if len(leaves) == 1 else leaves, numerical=estimate.value, error=estimate.error, causes=list(details),
        ruled_out=[], worst=None, replay=call, kind=kind, details=details, evaluations=estimate.evaluations,
        counts={"agrees": 0, WRONG: total, CANNOT_TELL: 0},
    )  # fmt: skip
