"""Eigenvalues of symmetric matrices over boxes: those of matrices inside lie inside, and so do their vectors; points by pen and paper."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwise as gw
from gradwise.geometry.intervals import RULES, Boxes, Interval

SEEDS = st.integers(0, 2**31)


def matrices_of(rng, count, n):
    """Interval matrices of widths from 0 to 0.1, some with close or equal eigenvalues."""
    middle = rng.standard_normal((count, n, n))
    if rng.random() < 0.3:
        Q, _ = np.linalg.qr(middle)
        middle = Q @ (rng.integers(-1, 2, (count, n, 1)) * np.swapaxes(Q, 1, 2))
    radius = 10.0 ** rng.uniform(-14, -1, (count, 1, 1)) * rng.random((count, n, n)) * rng.choice([0.0, 1.0])
    return Interval(middle - radius, middle + radius)


def inside(rng, x, *, upper):
    share = rng.choice([0.0, 1.0, rng.random()], x.shape)
    point = np.clip(x.lo + share * (x.hi - x.lo), x.lo, x.hi)
    part = np.triu(point) if upper else np.tril(point)
    return part + np.swapaxes(part, 1, 2) - part * np.eye(x.shape[-1])


def slack(w):
    """What LAPACK may be off by, which is no fault of a bound."""
    return 64 * np.finfo(float).eps * np.max(np.abs(w), axis=-1, keepdims=True)


@given(seed=SEEDS, upper=st.booleans())
@settings(max_examples=80, deadline=None)
def test_eigenvalues_and_vectors_of_matrices_inside(seed, upper):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    A = matrices_of(rng, 4, n)
    box = Boxes(*[np.zeros((4, 1))] * 2)
    values = RULES["eigvalsh"](box, A, upper)
    w, V = RULES["eigh"](box, A, upper)
    np.testing.assert_array_equal(values.lo, w.lo)
    assert np.all(np.isfinite(w.lo) & np.isfinite(w.hi))
    for _ in range(5):
        point = inside(rng, A, upper=upper)
        true, vectors = np.linalg.eigh(point)
        assert np.all((w.lo - slack(true) <= true) & (true <= w.hi + slack(true)))
        # near a vector of the middle, with its sign; where the box is rough a vector may be any
        close = np.sum(vectors * V.mid, axis=1, keepdims=True)
        vectors = np.where(close < 0, -vectors, vectors)
        near = np.all((V.lo - 1e-9 <= vectors) & (vectors <= V.hi + 1e-9), axis=(1, 2))
        assert np.all(near[box.smooth])


def test_bounds_hold_against_forty_digits_and_are_narrow():
    rng = np.random.default_rng(2)
    for n in (2, 4, 7):
        middle = rng.standard_normal((1, n, n))
        middle = middle + np.swapaxes(middle, 1, 2)
        w, V = RULES["eigh"](Boxes(*[np.zeros((1, 1))] * 2), Interval(middle, middle), False)
        with mpmath.workdps(40):
            true, vectors = mpmath.eigsy(mpmath.matrix(middle[0].tolist()))
            order = sorted(range(n), key=lambda k: true[k])
            for k, place in enumerate(order):
                assert w.lo[0, k] <= true[place] <= w.hi[0, k]
                column = [vectors[i, place] for i in range(n)]
                sign = 1 if sum(c * v for c, v in zip(column, V.mid[0, :, k])) > 0 else -1
                assert all(V.lo[0, i, k] <= sign * column[i] <= V.hi[0, i, k] for i in range(n))
        assert np.max(w.hi - w.lo) < 1e-11
        assert np.max(V.hi - V.lo) < 1e-10


@given(seed=SEEDS)
@settings(max_examples=60, deadline=None)
def test_quotients_by_gaps_and_means(seed):
    rng = np.random.default_rng(seed)
    n = 4
    low = np.sort(rng.integers(-3, 4, (5, n)) + rng.choice([0.0, 0.5], (5, n)), axis=-1)
    w = Interval(low, low + rng.choice([0.0, 1e-3, 0.6]))
    M = Interval(*np.sort(rng.standard_normal((2, 5, 2, n, n)), axis=0))
    x = Interval(*np.sort(rng.standard_normal((2, 5, 2, n)), axis=0))
    box = Boxes(*[np.zeros((5, 1))] * 2)
    with np.errstate(all="ignore"):
        quotients, means = RULES["over_gaps"](box, M, w), RULES["mean_of_equal"](box, x, w, False)
    for _ in range(5):
        at = np.sort(w.lo + rng.choice([0.0, 1.0, rng.random()], w.shape) * (w.hi - w.lo), axis=-1)
        m, v = (i.lo + rng.random(i.shape) * (i.hi - i.lo) for i in (M, x))
        gaps = at[:, None, None, :] - at[:, None, :, None]
        true = np.where(gaps == 0, 0.0, m / np.where(gaps == 0, 1.0, gaps))
        diagonal = np.eye(n, dtype=bool)
        true = np.where(diagonal, 0.0, true)
        assert np.all((quotients.lo - 1e-12 <= true) & (true <= quotients.hi + 1e-12) | np.isnan(quotients.lo))
        same = (at[:, None, :, None] == at[:, None, None, :]).astype(float)
        mean = np.squeeze(same @ v[..., None], -1) / same.sum(-1)
        assert np.all((means.lo - 1e-12 <= mean) & (mean <= means.hi + 1e-12))
    touch = np.any(w.hi[:, :-1] >= w.lo[:, 1:], axis=1)
    assert not np.any(box.smooth & touch)


def two(a, b, c):
    return np.array([[a, b], [b, c]])


KNOWN = {
    # λ = 2 + x at y = 0 has the slope 1, and curves upwards in y by 2/(3 + x)
    "largest": (lambda v: np.linalg.eigvalsh(two(2 + v[0], v[1], -1.0))[1] + v @ v, 2, (-0.5, 0.0), [2.0, 2.8]),
    # the sum of the squares is ‖A‖² = x² + y² + 2
    "squares": (lambda v: np.sum(np.linalg.eigvalsh(two(v[0], 1.0, v[1])) ** 2), 2, (0.0, 0.0), [2.0, 2.0]),
    # on the diagonal λ = x − 1
    "least": (lambda v: np.linalg.eigvalsh(two(v[0], 1.0, v[1]))[0] ** 2 + v @ v, 2, (1 / 3, 1 / 3), [8 / 3, 3.0]),
    "values of eigh": (lambda v: np.linalg.eigh(two(v[0], 1.0, v[1]))[0][0] ** 2 + v @ v, 2, (1 / 3, 1 / 3), [8 / 3, 3.0]),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_critical_points_by_pen_and_paper(name):
    f, reach, point, curvatures = KNOWN[name]
    found = gw.critical_points(f, [(-reach, reach)] * 2)
    assert found.proved
    assert [p.kind for p in found] == ["minimum"]
    np.testing.assert_allclose(found[0].x, point, atol=1e-12)
    np.testing.assert_allclose(found[0].eigenvalues, curvatures, rtol=1e-9)


@pytest.mark.slow
def test_where_two_eigenvalues_meet_nothing_is_proved():
    # λmax of [[x, y], [y, −x]] is √(x² + y²): a cone
    found = gw.critical_points(lambda v: np.linalg.eigvalsh(two(v[0], v[1], -v[0]))[1], [(-1, 1)] * 2)
    assert not found.proved
    assert [p.kind for p in found] == ["undecided"]
    np.testing.assert_allclose(found[0].enclosure, 0, atol=1e-6)


@pytest.mark.slow
def test_functions_of_vectors_are_not_followed():
    found = gw.critical_points(lambda v: np.linalg.eigh(two(v[0], 1.0, v[1]))[1][0, 0] ** 2 + v @ v, [(-3, 3)] * 2)
    assert not found.exhaustive
    assert "eigenvectors, whose signs are arbitrary" in found.reason
