r"""Where eigenvalues or singular values change places, or a singular value passes 0, and what a decomposition is on one side of that.

They come sorted, so that the gap of two neighbours only touches 0.  It is given a sign by their vectors: where neighbours change places, the space of those before them is another one.  A matrix whose smallest singular value passes 0 has
another sign of its determinant.

On the side of a point the two that meet at the end of the piece are known by the vectors that they have there: beyond the border each keeps its own.  What meets in a robust way lies in two spaces that do not mix (else the neighbours turn
round and never meet), so the vectors of one are orthogonal to those of the other all along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.operators.solutions.switches import Switch
from gradwise.rules.algebra import conj_if_complex, greater, mul, real, select
from gradwise.rules.broadcasting import reshape
from gradwise.rules.elementwise import sign
from gradwise.rules.indexing import slice_axis
from gradwise.rules.linear_algebra.bases import tolerance
from gradwise.rules.linear_algebra.determinants import slogdet
from gradwise.rules.linear_algebra.forms import adjoint
from gradwise.rules.linear_algebra.singular import svd
from gradwise.rules.linear_algebra.spectral import column_sums, eigh
from gradwise.rules.shapes import concatenate
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def _has_sign(A: Any) -> bool:
    """Whether a singular value may pass 0."""
    return bool(np.shape(A)[-1] == np.shape(A)[-2] and dtype_of(A).kind == "f")


def _decomposed(A: np.ndarray, upper: bool | None) -> tuple[np.ndarray, list[np.ndarray]]:
    """The values, and their vectors as columns; ``upper`` is None for singular ones."""
    if upper is not None:
        w, V = np.linalg.eigh(A, UPLO="U" if upper else "L")
        return w, [V]
    U, s, Vh = np.linalg.svd(A, full_matrices=False)
    return s, [U, np.conj(np.swapaxes(Vh, -1, -2))]


def _rows(A: np.ndarray, upper: bool | None) -> np.ndarray:
    """The gaps of matrices in order, those of the first one positive; NaN for those that are not finite."""
    finite = np.isfinite(A).all(axis=(-2, -1), keepdims=True)
    A = np.where(finite, A, 0.0)
    w, vectors = _decomposed(A, upper)
    gaps, least = np.abs(np.diff(w, axis=-1)), tolerance(w)
    gaps = np.where(gaps > least, gaps, 0.0)
    alike = sum(np.abs(np.conj(np.swapaxes(V[:-1], -1, -2)) @ V[1:]) ** 2 for V in vectors) / len(vectors)
    # how much of the space of the first values, one after the other, is left in the next matrix's
    kept = np.diagonal(np.cumsum(np.cumsum(alike, axis=-1), axis=-2), axis1=-2, axis2=-1)[..., :-1]
    turned = np.where(kept < np.arange(1, w.shape[-1]) - 0.5, -1.0, 1.0)
    gaps[1:] *= np.cumprod(turned, axis=0)
    if upper is None and _has_sign(A):
        last = np.where(w[..., -1:] > least, w[..., -1:], 0.0)
        gaps = np.concatenate([gaps, np.linalg.slogdet(A)[0][..., None] * last], axis=-1)
    return np.where(finite[..., 0], gaps, np.nan)


def _gap(A: Any, upper: bool | None) -> Any:
    """The gaps of one matrix, without their signs; it may be traced."""
    if upper is not None:
        return np.diff(np.linalg.eigvalsh(A, UPLO="U" if upper else "L"), axis=-1)
    s = np.linalg.svd(A, compute_uv=False)
    gaps = -np.diff(s, axis=-1)
    return np.concatenate([gaps, s[..., -1:]], axis=-1) if _has_sign(A) else gaps


def _known(A: np.ndarray, entry: int | None, upper: bool | None) -> tuple[Any, ...]:
    """The vectors at a point, and 1 where the gap is that of the crossing; of a singular value that may pass 0, that and the determinant's sign too."""
    w, vectors = _decomposed(A, upper)
    crossed = np.zeros(np.size(_gap(A, upper)))
    if entry is not None:
        crossed[entry] = 1.0
    crossed = crossed.reshape(*w.shape[:-1], -1)
    pairs = np.zeros(w.shape)
    pairs[..., :-1] = crossed[..., : w.shape[-1] - 1]
    if upper is not None or not _has_sign(A):
        return *vectors, pairs
    return *vectors, pairs, crossed[..., -1], np.linalg.slogdet(A)[0]


# --- of symbols -----------------------------------------------------------------------------------------------------------------------


def _following(x: Any) -> Any:
    """Each entry along the last axis is the next one, and the last stays."""
    last, n = x.ndim - 1, x.shape[-1]
    return concatenate(slice_axis(x, last, 1, n), slice_axis(x, last, n - 1, n), params=(last,))


def _rolled(x: Any) -> Any:
    """Each entry along the last axis is the one before."""
    last, n = x.ndim - 1, x.shape[-1]
    return concatenate(slice_axis(x, last, n - 1, n), slice_axis(x, last, 0, n - 1), params=(last,))


def _overlap(a: Any, b: Any) -> Any:
    """The squared products of columns."""
    product = column_sums(mul(conj_if_complex(a), b))
    return real(mul(conj_if_complex(product), product))


def _lead(known: Sequence[Any], vectors: Sequence[Any], pairs: Any) -> Any:
    """Positive where a pair that meets has the vectors of one another."""
    total: Any = 0.0
    for V0, V in zip(known, vectors, strict=True):
        other, after = _following(V0), _following(V)
        total = _overlap(other, V) + _overlap(V0, after) - _overlap(V0, V) - _overlap(other, after) + total
    return mul(total, pairs)


def _exchanged(x: Any, lead: Any) -> Any:
    """Entries, or columns, exchanged with the next ones where that is positive; columns beyond stay."""
    n, last, columns = lead.shape[-1], x.ndim - 1, x.shape[-1]
    rest = slice_axis(x, last, n, columns) if columns > n else None
    x = x if rest is None else slice_axis(x, last, 0, n)
    if x.ndim > lead.ndim:
        lead = reshape(lead, (*lead.shape[:-1], 1, n))
    made = select(greater(lead, 0.0), _following(x), select(greater(_rolled(lead), 0.0), _rolled(x), x))
    return made if rest is None else concatenate(made, rest, params=(last,))


def _steady_eigh(o: Sequence[Any], known: Sequence[Any], params: tuple[Any, ...]) -> tuple[Any, Any]:
    w, V = eigh(o[0], params=params)
    lead = _lead(known[:1], [V], known[1])
    return _exchanged(w, lead), _exchanged(V, lead)


def _steady_svd(o: Sequence[Any], known: Sequence[Any], params: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    A = o[0]
    s, U, Vh = svd(A, params=params)
    V, k, last = adjoint(Vh), s.shape[-1], A.ndim - 1
    lead = _lead(known[:2], [slice_axis(U, last, 0, k), slice_axis(V, last, 0, k)], known[2])
    s, U, V = (_exchanged(x, lead) for x in (s, U, V))
    if len(known) > 3:
        # beyond 0 the last value goes on below it
        turned = select(greater(known[3], 0.0), mul(sign(slogdet(A)[0]), known[4]), 1.0)
        turned = reshape(turned, (*turned.shape, 1))
        s = concatenate(slice_axis(s, last - 1, 0, k - 1), mul(slice_axis(s, last - 1, k - 1, k), turned), params=(last - 1,))  # fmt: skip
        column = mul(slice_axis(U, last, k - 1, k), reshape(turned, (*turned.shape, 1)))
        U = concatenate(slice_axis(U, last, 0, k - 1), column, params=(last,))
    return s, U, adjoint(V)


def _spectral(singular: bool, steady: Any) -> Switch:
    def upper(params: tuple[Any, ...]) -> bool | None:
        return None if singular else params[0]

    return Switch(
        lambda o, base, params: _gap(o[0], upper(params)),
        lambda o, entry, params: _known(np.asarray(o[0]), entry, upper(params)),
        steady,
        entrywise=False,
        rows=lambda o, params: _rows(o[0], upper(params)),
    )


#: by name of the primitive
SPECTRA: dict[str, Switch] = {
    "eigh": _spectral(False, _steady_eigh),
    "eigvalsh": _spectral(False, lambda o, known, params: _steady_eigh(o, known, params)[0]),
    "svd": _spectral(True, _steady_svd),
    "svdvals": _spectral(True, lambda o, known, params: _steady_svd(o, known, (False,))[0]),
}
