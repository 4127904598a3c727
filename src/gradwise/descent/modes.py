"""The slowest mode of a path: its factor per step, told apart from faster ones that still sound.

Near a minimum the differences d_k = x_{k+1} − x_k of a method with constant coefficients follow a linear recurrence, whose slowest root is the factor at which it
converges.  A ratio ‖d_{k+1}‖/‖d_k‖ shows a mixture of roots until the faster ones have died out; the roots of the recurrence show each by itself.  They are the eigenvalues of
the map that best takes (d_k, d_{k+1}) to (d_{k+1}, d_{k+2}) over a window: dynamic mode decomposition (Schmid, J. Fluid Mech. 656, 2010) with one delay, which
momentum needs.
"""

from __future__ import annotations

import numpy as np

#: differences in a window, at most
_WINDOW = 120
#: singular values below this share of the largest are rounding
_RANK = 1e-9
#: coordinates that are looked at, at most: a recurrence of vectors is one of every linear image of them
_COORDINATES = 100
#: a mode counts if it makes up this share of the last difference
_SHARE = 0.002


def factor_by_directions(
    points: np.ndarray, star: np.ndarray, axes: np.ndarray
) -> tuple[float, float, tuple[int, int]] | None:
    """The same from the coordinates of x_k − x* along the eigenvectors of the Hessian at x*, each of which follows a recurrence of its own.

    c_{k+2} = a c_{k+1} + b c_k is fitted to each; its larger root is the factor along that direction.  The largest of those that take part in the path
    is the factor at which ‖x_k − x*‖ will fall in the end, also where directions with nearly the same factor cannot be told apart by their sum.
    """
    errors = points.astype(float, copy=False) - star
    length = np.linalg.norm(errors, axis=1)
    floor = 1e4 * np.finfo(float).eps * max(float(np.linalg.norm(star)), float(np.finfo(float).tiny))
    clear = length > 10 * floor
    stop = len(length) if np.all(clear) else int(np.argmin(clear))
    start = stop // 3
    if stop - start < 12:
        return None
    coordinates = errors[start:stop] @ axes
    part = (stop - start) // 4
    found = [_largest_root(c, floor) for c in (coordinates, coordinates[:-part], coordinates[part:])]
    if any(value is None for value in found):
        return None
    whole, *others = (float(value) for value in found if value is not None)
    return whole, max([abs(whole - other) for other in others] + [1e-12]), (start, stop - 1)


def _largest_root(c: np.ndarray, floor: float) -> float | None:
    """The largest root among the recurrences of the columns that take part; None where one of them follows none."""
    n = len(c)
    late = np.sqrt(np.mean(c[-n // 4 :] ** 2, axis=0))
    part = (late > _SHARE * np.linalg.norm(late)) & (late > floor)
    if not np.any(part):
        return None
    c = c[:, part]
    trend = np.exp(np.polyfit(np.arange(n), np.log(np.linalg.norm(c, axis=1)), 1)[0])
    c = c / trend ** np.arange(n)[:, None]
    c0, c1, c2 = c[:-2], c[1:-1], c[2:]
    s00, s01, s11 = np.sum(c0 * c0, axis=0), np.sum(c0 * c1, axis=0), np.sum(c1 * c1, axis=0)
    t0, t1 = np.sum(c2 * c0, axis=0), np.sum(c2 * c1, axis=0)
    det = s00 * s11 - s01**2
    single = det <= 1e-12 * s00 * s11  # one root only: c₁ = ρ c₀
    safe = np.where(single, 1.0, det)
    a = np.where(single, s01 / s00, (t1 * s00 - t0 * s01) / safe)
    b = np.where(single, 0.0, (t0 * s11 - t1 * s01) / safe)
    misfit = np.sum((c2 - a * c1 - b * c0) ** 2, axis=0) / np.sum(c2 * c2, axis=0)
    if np.any(misfit > 1e-4):
        return None
    roots = np.sqrt((a * a + 4 * b).astype(complex))
    return float(np.max(np.maximum(np.abs(a + roots), np.abs(a - roots))) / 2 * trend)


def dominant_factor(points: np.ndarray, star: np.ndarray | None = None) -> tuple[float, float, tuple[int, int]] | None:
    """The modulus of the slowest mode, its error, and the window of steps; None where no recurrence fits.

    Every s-th point is taken, for several s: ρ^s tells slow modes apart that ρ does not.  The error is the largest disagreement among three windows, of which
    two leave out a part of the third.

    Parameters
    ----------
    points : numpy.ndarray
        x_k, shape (steps, n).
    star : numpy.ndarray, optional
        x*: then x_k − x* takes the place of the differences, in which slow modes are weaker.
    """
    points = points.astype(float, copy=False)
    errors = np.diff(points, axis=0) if star is None else points - star
    length = np.linalg.norm(errors, axis=1)
    # they must resolve the recurrence: clear of the rounding of x
    size = max(float(np.linalg.norm(points[-1])), float(np.finfo(float).tiny))
    with np.errstate(all="ignore"):
        clear = length > 1e5 * np.finfo(float).eps * size
    stop = len(length) if np.all(clear) else int(np.argmin(clear))
    if points.shape[1] > _COORDINATES:
        points = points @ np.random.default_rng(0).standard_normal((points.shape[1], _COORDINATES))
        star = None if star is None else star @ np.random.default_rng(0).standard_normal((len(star), _COORDINATES))
    best: tuple[float, float, tuple[int, int]] | None = None
    for stride in sorted({max(int(share * stop / _WINDOW), 1) for share in (0.0, 0.3, 0.6, 0.85)}):
        found = _with_stride(points[: stop + (star is None)], star, stride)
        if found is not None and (best is None or found[1] < best[1]):
            best = found
    return best


def _with_stride(
    points: np.ndarray, star: np.ndarray | None, stride: int
) -> tuple[float, float, tuple[int, int]] | None:
    last = len(points) - 1
    count = min(_WINDOW, last // stride)
    start = max(last - count * stride, last // 8)
    taken = points[last::-stride][: (last - start) // stride + 1][::-1]
    d = np.diff(taken, axis=0) if star is None else taken - star
    if len(d) < 8 or not np.all(np.linalg.norm(d, axis=1) > 0):
        return None
    part = len(d) // 4
    whole, *others = (_slowest(piece) for piece in (d, d[:-part], d[part:]))
    if whole is None or any(other is None for other in others):
        return None
    factor = whole ** (1 / stride)
    error = max(abs(factor - other ** (1 / stride)) for other in others if other is not None)
    return factor, max(error, 1e-12), (start, last)


def _slowest(d: np.ndarray) -> float | None:
    """The largest modulus among the modes that the last difference holds a share of."""
    # each column scaled by its own length would bend the recurrence; a common geometric factor does not
    n = len(d)
    trend = np.exp(np.polyfit(np.arange(n), np.log(np.linalg.norm(d, axis=1)), 1)[0])
    scaled = d / trend ** np.arange(n)[:, None]
    X = np.hstack([scaled[:-2], scaled[1:-1]]).T
    Y = np.hstack([scaled[1:-1], scaled[2:]]).T
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    rank = min(int(np.sum(s > _RANK * s[0])), n // 3)
    if rank < 1:
        return None
    A = U[:, :rank].T @ Y @ Vt[:rank].T / s[:rank]
    values, vectors = np.linalg.eig(A)
    try:
        amplitudes = np.abs(np.linalg.solve(vectors, U[:, :rank].T @ Y[:, -1])) * np.linalg.norm(vectors, axis=0)
    except np.linalg.LinAlgError:
        return None
    held = amplitudes > _SHARE * np.linalg.norm(Y[:, -1])
    # what the map does not explain of the window
    misfit = np.linalg.norm(Y - U[:, :rank] @ (A @ (U[:, :rank].T @ X))) / np.linalg.norm(Y)
    if not np.any(held) or misfit > 0.01:
        return None
    return float(np.max(np.abs(values[held])) * trend)
