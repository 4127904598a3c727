"""Division by differences and sums of eigenvalues, and what happens where they vanish.

The tangent of an eigenvector within the space of a repeated eigenvalue is an arithmetic ∞: the coupling M_ij over the gap w_j − w_i = 0.  Setting it to 0, as is
often done, is wrong for V φ(w) Vᴴ, whose derivative there is φ′(w) M_ij.  So ``over_gaps`` leaves such entries out, and eigenvectors pass through ``marked``, the identity
with the slope NaN in the columns that miss them.  It is elementwise: a column that is not read costs nothing (a structural zero), so that a function of the other
eigenvectors keeps its exact derivative; any other NaN that arrives at the end is a singular point, which the operators resolve or report, in both modes alike.

Eigenvalues themselves move linearly only in their symmetric functions.  Within a group of equal ones each is given the mean of the group: exact
for sums, traces and every symmetric function, and for a single one the convention of a tie.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.program import Primitive
from gradwise.rules.algebra import conj_if_complex, mul
from gradwise.rules.broadcasting import broadcast_to, sum_to
from gradwise.rules.linear_algebra.bases import are_distinct, current_basis, equal_pairs, tolerance
from gradwise.rules.linear_algebra.forms import aligned, column, row, stack_shape


def _division(name: str, denominators: Callable[[Any], Any], change: Callable[[Any], Any]) -> Primitive:
    """The primitive (M, w) → M ∘ 1/d(w), with M (…, n, k), w (…, k), and d linear; linear in M; 0 where d is 0.

    ``change(dw)`` builds d(dw) on symbols.
    """

    def value(M: Any, w: Any) -> Any:
        d = denominators(w)
        small = np.abs(d) <= tolerance(w)[..., None]
        # 0·M and not 0: a NaN that marks an undetermined column must arrive
        return np.where(small, M * 0, M / np.where(small, 1, d)).astype(M.dtype, copy=False)

    def jvp(primals: Any, tangents: Any, Q: Any) -> Any:
        _, w = primals
        dM, dw = tangents
        if dw is None:
            return primitive(dM, w)
        moved = Q * change(dw)
        return primitive(-moved if dM is None else dM - moved, w)

    def transpose(ct: Any, operands: Any, linear_: Any) -> Any:
        M, w = operands
        return sum_to(primitive(ct, conj_if_complex(w)), M.shape), None

    primitive = Primitive(
        name,
        value,
        lambda M, w: M.with_shape((*stack_shape((M, w), (2, 1)), *M.shape[-2:])),
        jvp=jvp,
        transpose=transpose,
        batch=lambda operands, batched: primitive(*aligned(operands, batched, (2, 1))),
    )
    return primitive


#: M_ij / (w_j − w_i), 0 on the diagonal and between equal eigenvalues.
over_gaps = _division("over_gaps", lambda w: w[..., None, :] - w[..., :, None], lambda dw: row(dw) - column(dw))
#: M_ij / (s_i + s_j).
over_sums = _division("over_sums", lambda s: s[..., None, :] + s[..., :, None], lambda ds: row(ds) + column(ds))
#: M_ij / s_j.
over_columns = _division("over_columns", lambda s: s[..., None, :], row)


def repeated(w: Any) -> Any:
    """(…, n): which eigenvalues have an equal."""
    return np.zeros(w.shape, bool) if are_distinct(w) else equal_pairs(w).sum(axis=-1) > 1


def _undetermined_value(w: Any, zeros: bool, extra: int) -> Any:
    if are_distinct(w, zeros=zeros) and not extra:
        return np.ones_like(w)
    bad = repeated(w) if current_basis() is None else np.zeros(w.shape, bool)
    if zeros:
        vanishing = np.abs(w) <= tolerance(w)
        bad = np.concatenate([bad | vanishing, np.repeat(vanishing.any(axis=-1, keepdims=True), extra, axis=-1)], axis=-1)
    elif extra:
        bad = np.concatenate([bad, np.zeros((*bad.shape[:-1], extra), bool)], axis=-1)
    return np.where(bad, np.nan, 1).astype(w.dtype)


#: 1 for a simple eigenvalue, NaN for a repeated one (with ``zeros``: and for 0), whose vectors have no determined tangent; followed by ``extra``
#: entries for a basis of the null space, which is none of ours to turn unless there are such zeros.
undetermined = Primitive(
    "undetermined",
    _undetermined_value,
    lambda w, zeros, extra: w.with_shape((*w.shape[:-1], w.shape[-1] + extra)),
    batch=lambda operands, batched, zeros, extra: undetermined(operands[0], params=(zeros, extra)),
    params=("zeros", "extra"),
    keeps="operands",
)


def _marked_jvp(primals: Any, tangents: Any, V: Any, zeros: bool, rows: bool) -> Any:
    if tangents[0] is None:
        return None
    w = primals[1]
    slope = undetermined(w, params=(zeros, V.shape[-2 if rows else -1] - w.shape[-1]))
    return mul(tangents[0], column(slope) if rows else row(slope))


def _marked_kink(operands: Any, output: Any, zeros: bool, rows: bool) -> Any:
    V, w = operands
    bad = np.isnan(_undetermined_value(w, zeros, V.shape[-2 if rows else -1] - w.shape[-1]))
    return np.broadcast_to(bad[..., :, None] if rows else bad[..., None, :], V.shape)


#: Eigenvectors (or singular vectors) as a program reads them: V itself, with the slope NaN where it is not determined.
marked = Primitive(
    "marked",
    lambda V, w, zeros, rows: V,
    lambda V, w, zeros, rows: V,
    jvp=_marked_jvp,
    kink=_marked_kink,
    kink_name="vectors of a repeated eigenvalue or of a null space (determined only up to a rotation)",
    kink_felt=lambda operands, output, cotangent, zeros, rows: False,  # resolved, or raised, by the operators
    params=("zeros", "rows"),
    keeps="operands",
    structural="elementwise",
    view=True,
)


def _marked_batch(operands: Any, batched: Any, zeros: bool, rows: bool) -> Any:
    V, w = operands
    if not batched[0]:
        V = broadcast_to(V, (w.shape[0], *V.shape))
    return marked(V, w, params=(zeros, rows))


marked.batch = _marked_batch


def kink_felt(operands: Any, output: Any, cotangent: Any, *static: Any) -> bool:
    """Whether a cotangent of eigenvalues tells equal ones apart: a symmetric function does not, and has an exact derivative."""
    if np.shape(cotangent) != np.shape(output):
        return False
    w, c = np.asarray(output), np.asarray(cotangent)
    spread = np.abs(c - _mean_value(c, w, zeros=False))
    return bool(np.any(spread > 1e3 * np.finfo(w.dtype).eps * np.abs(c).max(initial=0)))


def _mean_value(x: Any, w: Any, zeros: bool) -> Any:
    if x.shape == w.shape and are_distinct(w, zeros=zeros):
        return x.copy()
    groups = equal_pairs(w).astype(x.dtype)
    if zeros:
        groups = groups * (np.abs(w) > tolerance(w))[..., None, :]
    weights = groups / np.maximum(groups.real.sum(axis=-1, keepdims=True), 1)
    basis = current_basis()
    if basis is not None and basis.separate:
        weights = np.broadcast_to(weights, (*np.broadcast_shapes(x.shape[:-1], w.shape[:-1]), *weights.shape[-2:])).copy()
        for place in np.ndindex(weights.shape[:-2]):
            if basis.concerns(np.broadcast_to(w, (*weights.shape[:-2], w.shape[-1]))[place]):
                weights[(*place, basis.members)] = np.eye(w.shape[-1])[basis.members]
    return (weights @ x[..., None])[..., 0]


def _mean_jvp(primals: Any, tangents: Any, y: Any, zeros: bool) -> Any:
    return None if tangents[0] is None else mean_of_equal(tangents[0], primals[1], params=(zeros,))


#: x_i replaced by its mean over the eigenvalues equal to w_i (with ``zeros``: by 0 where w_i is 0); linear in x and its own adjoint.
mean_of_equal = Primitive(
    "mean_of_equal",
    _mean_value,
    lambda x, w, zeros: x.with_shape((*stack_shape((x, w), (1, 1)), x.shape[-1])),
    jvp=_mean_jvp,
    transpose=lambda ct, operands, linear_, zeros: (
        sum_to(mean_of_equal(ct, operands[1], params=(zeros,)), operands[0].shape),
        None,
    ),
    batch=lambda operands, batched, zeros: mean_of_equal(*aligned(operands, batched, (1, 1)), params=(zeros,)),
    params=("zeros",),
)
