"""``scipy.interpolate.RBFInterpolator`` by its places, data, smoothing and scale, at traced points: the linear system that SciPy solves, recorded.

With K the kernel of the scaled distances and P the monomials of the places, [[K + smoothing, P], [Pᵀ, 0]] [a; b] = [d; 0]; the value at x is K(x) a + P(x) b.  With ``neighbors``
there is such a system for each point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.holders import standing_for
from gradwise.tracing.standins.recording import at_line, open_traces
from gradwise.tracing.standins.scipy_calling import only_at_this_point
from gradwise.tracing.standins.scipy_interpolation import agreeing, names_of
from gradwise.tracing.standins.stacking import leaves, plainly
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable

#: kernels of r² that are smooth
_SMOOTH: dict[str, Callable[[Any], Any]] = {
    "multiquadric": lambda s: -np.sqrt(s + 1),
    "inverse_multiquadric": lambda s: 1 / np.sqrt(s + 1),
    "inverse_quadratic": lambda s: 1 / (s + 1),
    "gaussian": lambda s: np.exp(-s),
}
#: those that are not at a centre: formula in r², and the power of |x| whose derivatives there are theirs as far as they exist
_PEAKED: dict[str, tuple[Callable[[Any], Any], float, float]] = {
    "linear": (lambda s: -np.sqrt(s), -1.0, 1.0),
    "thin_plate_spline": (lambda s: s * np.log(s) / 2, -1.0, 1.5),
    "cubic": (lambda s: s * np.sqrt(s), 1.0, 3.0),
    "quintic": (lambda s: -s * s * np.sqrt(s), -1.0, 5.0),
}


def kernel_of(name: str, gaps: list[Any], same: Any = False) -> Any:
    """The kernel of scaled differences, one array for each axis; where ``same``, of a place and itself, which move together."""
    square: Any = 0.0
    for gap in gaps:
        square = square + gap * gap
    if name in _SMOOTH:
        return _SMOOTH[name](square)
    formula, sign, power = _PEAKED[name]
    centre = square <= 0
    kernel = formula(np.where(centre, 1.0, square))
    meeting = centre & ~np.asarray(same)
    if not np.any(plain(meeting)):
        return np.where(centre, 0.0, kernel)
    near: Any = 0.0
    for gap in gaps:
        near = near + np.abs(np.where(meeting, gap, 1.0)) ** power
    return np.where(meeting, sign * near, np.where(centre, 0.0, kernel))


def _differences(x: Any, y: Any, scale: Any) -> list[Any]:
    """Scale · (x_id − y_jd) for each axis d, of stacks of points."""
    return [scale * (x[..., :, None, d] - y[..., None, :, d]) for d in range(np.shape(plain(y))[-1])]


def _monomials(x: Any, powers: np.ndarray) -> Any:
    columns = []
    for row in powers:
        term: Any = np.ones(np.shape(plain(x))[:-1])
        for d, p in enumerate(row):
            term = term * x[..., d] ** int(p) if p else term
        columns.append(term)
    return np.stack(columns, axis=-1)


@standing_for("made")
class Radial:
    """An interpolant by radial functions of which anything is traced; ``made`` is SciPy's of the plain numbers."""

    def __init__(self, made: Any, y: Any, d: Any, smoothing: Any, epsilon: Any) -> None:
        self.made = made
        self._y, self._epsilon = y, epsilon
        count = len(plain(y))
        self._d = np.reshape(d, (count, -1))
        self._smoothing = np.broadcast_to(smoothing, (count,))
        self._system: Any = None

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self.made, attribute)

    def __call__(self, x: Any) -> Any:
        x = as_array(x)
        value = self.made(plain(x))
        with at_line(*open_traces([x, self._y, self._d, self._smoothing, self._epsilon])):
            found = self._at(x * 1.0)
            return agreeing(np.reshape(found, np.shape(value)), value)

    def _at(self, x: Any) -> Any:
        made = self.made
        if made.neighbors is None:
            if self._system is None:
                self._system = self._solved(np.arange(len(plain(self._y)))[None])
            y, shift, scale, coefficients = self._system
            x = x[None]
        else:
            only_at_this_point(open_traces(leaves([x, self._y], [])))  # which the neighbours are
            _, places = made._tree.query(plain(x), made.neighbors)
            y, shift, scale, coefficients = self._solved(np.sort(np.reshape(places, (len(plain(x)), -1)), axis=1))
            x = x[:, None]
        kernel = kernel_of(made.kernel, _differences(x, y, self._epsilon))
        monomials = _monomials((x - shift) / scale, made.powers) if len(made.powers) else kernel[..., :0]
        return np.matmul(np.concatenate([kernel, monomials], axis=-1), coefficients)

    def _solved(self, places: np.ndarray) -> tuple[Any, Any, Any, Any]:
        """For each set of places: the nodes, what SciPy shifts and scales them by in the monomials, the coefficients."""
        made, (count, k) = self.made, places.shape
        y = self._y[places]
        low, high = (f(np.asarray(plain(y)), axis=1, keepdims=True) for f in (np.min, np.max))
        shift, scale = (high + low) / 2, (high - low) / 2
        scale = np.where(scale == 0.0, 1.0, scale)
        kernel = kernel_of(made.kernel, _differences(y, y, self._epsilon), np.eye(k, dtype=bool))
        kernel = kernel + self._smoothing[places][:, :, None] * np.eye(k)
        data, terms = self._d[places], len(made.powers)
        if terms:
            monomials = _monomials((y - shift) / scale, made.powers)
            below = np.concatenate([np.swapaxes(monomials, 1, 2), np.zeros((count, terms, terms))], axis=2)
            kernel = np.concatenate([np.concatenate([kernel, monomials], axis=2), below], axis=1)
            data = np.concatenate([data, np.zeros((count, terms, np.shape(plain(data))[-1]))], axis=1)
        return y, shift, scale, np.linalg.solve(kernel, data)


def _made(
    y: Any,
    d: Any,
    neighbors: Any = None,
    smoothing: Any = 0.0,
    kernel: Any = "thin_plate_spline",
    epsilon: Any = None,
    degree: Any = None,
) -> Any:
    """``RBFInterpolator(y, d, …)``."""
    y, d, smoothing = as_array(y) * 1.0, as_array(d), as_array(smoothing) * 1.0
    d = d if dtype_of(plain(d)).kind in "fc" else d.astype(float)
    made = scipy.interpolate.RBFInterpolator(*map(plainly, (y, d, neighbors, smoothing, kernel, epsilon, degree)))
    return Radial(made, y, d, smoothing, made.epsilon if epsilon is None else epsilon)


def at_traced_points(f: Any, x: Any) -> Any:
    """SciPy's own interpolant with neighbours, at traced points."""
    return Radial(f, f.y, f.d.view(f.d_dtype), f.smoothing, f.epsilon)(x)


STAND_INS = names_of({"RBFInterpolator": _made})
