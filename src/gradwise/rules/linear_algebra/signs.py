"""The signs that one of SciPy's routines gives to vectors which are determined up to a sign.

Another routine of LAPACK than NumPy's may find the eigenvectors of the same matrix, each with the other sign.  Derivatives are those of NumPy's vectors times the sign of
SciPy's, which no formula knows: a program asks the routine again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from gradwise.program import ArrayType, Primitive
from gradwise.rules.linear_algebra.forms import aligned
from gradwise.rules.reductions import INT


def _theirs(matrices: list[Any], name: str, place: int | None, rows: bool, options: tuple[tuple[str, Any], ...]) -> Any:
    found = getattr(scipy.linalg, name)(*matrices, **dict(options))
    vectors = found if place is None else found[place]
    return np.conj(vectors.T) if rows else vectors


def _signs_value(V: Any, *rest: Any) -> Any:
    *matrices, name, place, rows, cores, options = rest
    lead = V.shape[:-2]
    signs = np.ones((*lead, V.shape[-1]), INT)
    stacks = [np.broadcast_to(m, (*lead, *np.shape(m)[np.ndim(m) - core :])) for m, core in zip(matrices, cores, strict=True)]
    for i in np.ndindex(lead):
        theirs = _theirs([m[i] for m in stacks], name, place, rows, options)
        signs[i] = np.where(np.real(np.sum(np.conj(V[i]) * theirs, axis=0)) < 0, -1, 1)
    return signs


def _signs_batch(operands: Any, batched: Any, *static: Any) -> Any:
    return signs(*aligned(operands, batched, (2, *static[3])), params=static)


#: Of each column of V, 1 or −1 as SciPy's routine ``name`` of the other operands has it; ``rows`` if that gives the vectors as rows, conjugated.
signs = Primitive(
    "signs",
    _signs_value,
    lambda V, *rest: ArrayType((*V.shape[:-2], V.shape[-1]), INT),
    batch=_signs_batch,
    params=("name", "place", "rows", "cores", "options"),
    keeps="none",
)
