"""More of ``scipy.spatial.transform.Rotation`` on traced numbers: what is made of several rotations, or fitted to vectors, and further parameters.

The rotation nearest to several, and the one that turns vectors onto others, are the quaternion at which a quadratic form is largest: an eigenvector of a matrix of four rows
(Davenport's q-method: Wahba 1965; Markley & Crassidis 2014, *Fundamentals of Spacecraft Attitude Determination and Control*, 5.3), which needs no distinct singular values as the
polar decomposition does.  Modified Rodrigues parameters: Schaub & Junkins 1996.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import refuse, with_value
from gradwise.tracing.standins.stacking import leaves
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def from_mrp(p: Any) -> Any:
    """Quaternions of modified Rodrigues parameters, axis · tan(angle/4)."""
    square = np.sum(p * p, axis=-1, keepdims=True)
    return np.concatenate([2 * p, 1 - square], axis=-1) / (1 + square)


def as_mrp(q: Any) -> Any:
    """Modified Rodrigues parameters, of length one at the most."""
    q = q * np.where(q[..., 3:] < 0, -1.0, 1.0)
    return q[..., :3] / (1 + q[..., 3:])


def from_davenport(
    compose: Callable[[Any, Any], Any], axes: Any, order: str, angles: Any, degrees: bool = False
) -> Any:
    """Quaternions of turns about given axes, one after the other."""
    axes = axes.reshape(1, 3) if np.ndim(axes) == 1 else axes
    axes = axes / np.sqrt(np.sum(axes * axes, axis=-1, keepdims=True))
    angles = angles * (math.pi / 180) if degrees else angles
    if np.ndim(angles) == 0:
        angles = np.reshape(angles, (1,))
    elif len(axes) == 1 and np.ndim(angles) == 1:
        angles = np.reshape(angles, (-1, 1))
    result: Any = None
    for k in range(len(axes)):
        half = angles[..., k, None] / 2
        one = np.concatenate([np.sin(half) * axes[k], np.cos(half)], axis=-1)
        if result is None:
            result = one
        else:
            result = compose(one, result) if order in {"e", "extrinsic"} else compose(result, one)
    return result


def _largest(form: Any) -> tuple[Any, Any]:
    """The unit vector at which a quadratic form is largest, and how large it is."""
    values, vectors = np.linalg.eigh(form)
    return vectors[:, -1], values[-1]


def mean(q: Any, weights: Any = None) -> Any:
    """The quaternion of the mean: Σ w q qᵀ has it as its first eigenvector."""
    weighted = q if weights is None else q * as_array(weights)[:, None]
    return _largest(np.matmul(q.T, weighted))[0]


def aligned(a: Any, b: Any, weights: Any = None) -> tuple[Any, Any]:
    """The quaternion of the R that makes Σ w |a − R b|² least, and the root of that sum."""
    w = np.ones(len(b)) if weights is None else weights
    weighted = a * w[:, None]
    product = np.matmul(weighted.T, b)
    total = np.trace(product)
    turn = np.sum(np.cross(b, weighted), axis=0)
    symmetric = product + product.T - total * np.eye(3)
    upper = np.concatenate([symmetric, turn[:, None]], axis=1)
    form = np.concatenate([upper, np.concatenate([turn, np.reshape(total, (1,))])[None, :]], axis=0)
    q, most = _largest(form)
    lost = np.sum(w * np.sum(a * a + b * b, axis=1)) - 2 * most
    return q, np.sqrt(np.maximum(lost, 0.0))


def fits(made: Callable[[Any, Any], Any], twin: Callable[[Any], Any], moves: Callable[[Any], bool]) -> dict[str, Any]:
    """The stand-ins by name; ``made(expected, quaternions)`` puts traced quaternions into a rotation of SciPy's, ``twin`` is the plain counterpart of an argument."""
    kind = scipy.spatial.transform.Rotation
    align_plainly, mean_plainly, join_plainly = kind.align_vectors, kind.mean, kind.concatenate

    def align_vectors(a: Any, b: Any, weights: Any = None, return_sensitivity: bool = False) -> Any:
        """``Rotation.align_vectors``."""
        given = [v for v in (a, b, weights) if v is not None]
        if not any(map(contains_traced, given)):
            return align_plainly(a, b, weights, return_sensitivity)
        found = align_plainly(*map(twin, (a, b, weights)), return_sensitivity)
        traced = [v for v in leaves(given, []) if isinstance_traced(v)]
        a, b, *rest = map(as_array, given)
        if a.ndim < 2 or len(a) < 2 or any(not np.isfinite(np.asarray(plain(w))).all() for w in rest):
            refuse(
                traced, "Rotation.align_vectors of one pair of vectors, or with an infinite weight,", "Give two or more"
            )
        if return_sensitivity:
            refuse(traced, "Rotation.align_vectors with return_sensitivity", "Leave it out")
        with at_line(*open_traces(traced)):
            q, distance = aligned(a, b, *rest)
            return made(found[0], q), with_value(distance, found[1])

    def mean_of(self: Any, weights: Any = None) -> Any:
        """``Rotation.mean``."""
        if not moves(self) and not contains_traced(weights):
            return mean_plainly(self, weights)
        expected = mean_plainly(twin(self), twin(weights))
        with at_line(*open_traces(leaves([self._quat, weights], []))):
            return made(expected, mean(self._quat, weights))

    def concatenate(rotations: Any) -> Any:
        """``Rotation.concatenate``."""
        if isinstance(rotations, kind) or not any(map(moves, rotations)):
            return join_plainly(rotations)
        expected = join_plainly([twin(r) for r in rotations])
        return made(expected, np.concatenate([r._quat for r in rotations]))

    return {"align_vectors": align_vectors, "mean": mean_of, "concatenate": concatenate}
