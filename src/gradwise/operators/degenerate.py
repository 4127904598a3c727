"""Repeated eigenvalues and singular values: the derivative from several bases.

    resolved_by_bases : (linearization, request) → derivative, or None where no eigenvalue repeats

The eigenvectors of an m-fold eigenvalue are any orthonormal basis of a space, and a function such as V φ(w) Vᴴ or Σ φ(w) does not depend on which.  Let B be its gradient within that
space.  A program that runs in the basis R knows only the diagonal of RᴴBR, because a perturbation that is diagonal in the basis does not couple its vectors:
it gives D(R) = R diag(RᴴBR) Rᴴ.  With P_ij the basis in which e_i, e_j are replaced by (e_i ± e_j)/√2 (and, for complex matrices, also by (e_i ± i e_j)/√2), and N the number of
these bases, polarisation gives

    B = Σ_P D(P) − (N − m/2 − 1) D(1) − (m/2) (tr B/m) 1            (real)
    B = Σ_P D(P) − (N − m − 1) D(1) − m (tr B/m) 1                  (complex)

where (tr B/m) 1 is what the program gives when all eigenvalues of the group move by their mean.  The weights are numbers, so whole derivatives can be added up in place of B: in forward and in
reverse mode, for one vector and for a batch, and for the Hessian of a function whose gradient does not depend on the basis either.

No quotient by a gap is taken: the result is exact to rounding.  Whether the function is independent of the basis is verified: its value (and for second derivatives its gradient) must be the same in all bases, and
the sum must be the same from a random frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import SingularPointError
from gradwise.execution import build
from gradwise.operators.careful import Request, run_carefully
from gradwise.rules import linear_algebra as rules
from gradwise.rules.linear_algebra.bases import Basis, equal_pairs, tolerance, using

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from gradwise.operators.linearization import Linearization
    from gradwise.program import Equation, Program

DECOMPOSITIONS = (rules.eigh, rules.eigvalsh, rules.svd, rules.svdvals)
#: groups larger than this need too many bases (m(m−1)/2), unless the basis does not matter at all
LARGEST_GROUP = 24
#: relative difference up to which two results count as the same
AGREEMENT = 1e-8


class _Group:
    """Equal eigenvalues: the spectrum, their positions, and whether the vectors are complex."""

    __slots__ = ("is_complex", "members", "source", "values")

    def __init__(self, values: Any, members: Any, *, is_complex: bool, source: Any) -> None:
        self.values = values
        self.members = members
        self.is_complex = is_complex
        self.source = source

    def __len__(self) -> int:
        return len(self.members)

    def basis(self, rotation: Any, *, separate: bool = True) -> Basis:
        return Basis(self.values, self.members, rotation, separate=separate)


def resolved_by_bases(
    linearization: Linearization, request: Request, program: Program, rewritten: Hashable = ()
) -> list[Any] | None:
    """What was asked for, put together from several bases, or None.

    It is None if no eigenvalue repeats, and where this way does not lead: second derivatives of functions whose gradient depends on the vectors, and groups
    of more than ``LARGEST_GROUP`` values.

    Parameters
    ----------
    program : Program
        The recorded program or one that equals it as a function; ``rewritten`` tells which.

    Raises
    ------
    SingularPointError
        If the function depends on the basis, so that it has no derivative.
    """
    if linearization.nested:
        return None
    if request.kind == "line" and request.order > 1:
        return _along_a_line(linearization, request, program, rewritten)
    tape = linearization.recording.tape
    leaves = [tape.values[i] for i in tape.inputs]

    def values(wanted: list[int]) -> list[Any]:
        env: list[Any] = [None] * len(program.types)
        for variable, value in zip(program.inputs, leaves, strict=True):
            env[variable] = value
        for variable in program.captured:
            env[variable] = tape.values[variable]
        return build(program.equations, program.types, wanted, (*program.inputs, *program.captured)).run(env)

    groups = list(_groups(program, values))
    if not groups:
        return None

    def run() -> list[Any]:
        return run_carefully(linearization, request, program, rewritten, leaves)

    def invariants() -> list[Any]:
        return values(list(program.outputs))

    def gradient() -> list[Any]:
        if request.kind != "second":
            return []
        one = np.ones((), program.types[program.outputs[0]].dtype)[()]
        return run_carefully(linearization, Request("reverse", [one]), program, rewritten, leaves)

    with using(groups[0].basis(np.eye(len(groups[0])), separate=False)):
        mean = run()
    result = mean
    for group in groups:
        frames = (np.eye(len(group)), _random_unitary(len(group), is_complex=group.is_complex))
        separate, fixed, gradients = [], [], []
        for frame in frames:
            with using(group.basis(frame)):
                separate.append(run())
                fixed.append(invariants())
                gradients.append(gradient())
        _require(_same(*fixed), group)
        if not _same(*gradients):
            return None  # the gradient itself is a sum over bases: its derivative is not found in one of them
        if _same(*separate) and _same(separate[0], mean):
            continue  # the derivative does not see the group, or sees only its trace
        if len(group) > LARGEST_GROUP:
            return None
        parts = [_polarised(run, group, frame, at, mean) for frame, at in zip(frames, separate, strict=True)]
        _require(_same(*parts), group)
        result = _combined([(1.0, result), (1.0, parts[0])])
    return result


def _along_a_line(
    linearization: Linearization, request: Request, program: Program, rewritten: Hashable
) -> list[Any] | None:
    """Value, slope and curvature of a real number along a direction u: the curvature is uᵀ H u."""
    if request.order > 2 or [program.types[o].shape for o in program.outputs] != [()] or request.size is not None:
        return None
    below = resolved_by_bases(linearization, Request("line", request.vectors, order=1), program, rewritten)
    product = resolved_by_bases(linearization, Request("second", request.vectors), program, rewritten)
    if below is None or product is None:
        return None
    terms = [np.sum(np.conj(h) * u) for h, u in zip(product, request.vectors, strict=True) if h is not None]
    return [*below, np.real(sum(terms)) if terms else None]


def _groups(program: Program, values: Callable[[list[int]], list[Any]]) -> Iterator[_Group]:
    """The groups of equal values of each decomposition in the program, each spectrum once."""
    watched = [e for e in program.equations if e.primitive in DECOMPOSITIONS]
    if not watched:
        return
    seen: list[tuple[Any, tuple[int, ...]]] = []
    for equation, matrix in zip(watched, values([e.inputs[0] for e in watched]), strict=True):
        spectra = _spectrum(equation, matrix)
        vanishing = equation.primitive in (rules.svd, rules.svdvals)
        for place in np.ndindex(spectra.shape[:-1]):
            w = spectra[place]
            pairs = equal_pairs(w)
            for i in range(len(w)):
                members = np.flatnonzero(pairs[i])
                if len(members) < 2 or members[0] != i or (vanishing and abs(w[i]) <= tolerance(w)[0]):
                    continue
                key = tuple(members.tolist())
                if any(m == key and u.shape == w.shape and np.all(np.abs(u - w) <= tolerance(u)) for u, m in seen):
                    continue
                seen.append((w, key))
                yield _Group(w, members, is_complex=matrix.dtype.kind == "c", source=equation.source)


def _spectrum(equation: Equation, matrix: Any) -> Any:
    """The values that belong to the vectors (the routines without vectors may differ from them in the last place)."""
    if equation.primitive in (rules.svd, rules.svdvals):
        return np.linalg.svd(matrix, full_matrices=False)[1]
    return rules.eigh.value(matrix, *equation.params)[0]


def _polarised(
    run: Callable[[], list[Any]], group: _Group, frame: Any, separate: list[Any], mean: list[Any]
) -> list[Any]:
    """What the group adds to the derivative with the mean: the formula of the module, seen from one frame."""
    m = len(group)
    phases = (1, 1j) if group.is_complex else (1,)
    terms: list[tuple[float, list[Any]]] = []
    for phase in phases:
        for i in range(m):
            for j in range(i + 1, m):
                R = np.eye(m, dtype=complex if group.is_complex else float)
                R[[i, j, i, j], [i, i, j, j]] = np.array([1, phase, 1, -phase]) / np.sqrt(2)
                with using(group.basis(frame @ R)):
                    terms.append((1.0, run()))
    half = m * len(phases) / 2
    return _combined([*terms, (-(len(terms) - half - 1), separate), (-(half + 1), mean)])


def _combined(terms: list[tuple[float, list[Any]]]) -> list[Any]:
    result = []
    for pieces in zip(*[found for _, found in terms], strict=True):
        known = [(c, p) for (c, _), p in zip(terms, pieces, strict=True) if p is not None]
        result.append(np.asarray(sum(p * np.asarray(p).dtype.type(c) for c, p in known))[()] if known else None)
    return result


def _same(a: list[Any], b: list[Any]) -> bool:
    for x, z in zip(a, b, strict=True):
        if x is None or z is None:
            continue
        x, z = np.asarray(x), np.asarray(z)
        precision = AGREEMENT if x.dtype.itemsize > 4 and x.dtype != np.complex64 else 1e-3
        size = max(np.abs(x).max(initial=0), np.abs(z).max(initial=0), 1e-300)
        if not np.all(np.abs(x - z) <= precision * size):
            return False
    return True


def _random_unitary(m: int, *, is_complex: bool) -> Any:
    rng = np.random.default_rng(m)
    x = rng.standard_normal((m, m))
    return np.linalg.qr(x + 1j * rng.standard_normal((m, m)) if is_complex else x)[0]


def _require(holds: bool, group: _Group) -> None:
    if holds:
        return
    value = float(group.values[group.members[0]])
    raise SingularPointError(
        f"the derivative of a function of eigenvectors or singular vectors was taken where {value:.6g} is repeated {len(group)} times, and the function "
        "depends on which of their bases is chosen. A function of the whole space, or simple values, are required. "
        "Move off the point, or use the projector on the space (V @ V.T)",
        *(group.source or (None, None)),
    )
