"""Programs that ask SciPy for choices, spectra, moments, interpolants of data: value, gradient and Hessian against extrapolated differences of plain runs, at two points."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.interpolate as si
import scipy.ndimage as nd
import scipy.optimize as so
import scipy.signal as ss
import scipy.spatial as sp
import scipy.spatial.distance as sd
import scipy.stats as st
from repeated_programs import differences, points

import gradwise as gw

# SciPy 1.18 warns of what it will remove
pytestmark = pytest.mark.filterwarnings(
    "ignore:.(distance_matrix|minkowski_distance(_p)?). is deprecated:DeprecationWarning"
)

SHORT = np.array([0.5, 1.23, 0.81])
LONG = np.linspace(0.2, 1.1, 8) + 0.03 * np.sin(np.arange(8) * 3.0)
CORNERS = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])


def corners(x):
    return np.array([[0, 0], [x[0] + 1, 0], [0.1, x[1]], [x[2], 1.5], [0.3, 0.4]])


def solid(x):
    return np.array([[0, 0, 0], [x[0], 0, 0.1], [0, x[1], 0], [0.2, 0, x[2]], [0.9, 0.8, 0.7]])


def nearest(x):
    tree = sp.cKDTree(np.outer(x, [1.0, 2.0]))
    near, which = tree.query([[0.5, 0.6], [1.1, 2.0]], k=2)
    return near.sum() + which.sum() + len(tree.query_ball_point([0.5, 0.6], 1.0)) * x[0] + tree.data[0, 1]


def peaks(x):
    found, about = ss.find_peaks(x * np.array([1, 3, 1, 1, 4, 1, 2, 1]), height=0.3, prominence=0.1)
    return (about["peak_heights"] * found).sum() + about["prominences"].sum()


CASES = {
    "linear_sum_assignment": (
        SHORT,
        lambda x: (c := np.abs(x[:, None] - [0.4, 0.9, 1.3]))[so.linear_sum_assignment(c)].sum(),
    ),
    "nnls": (
        SHORT,
        lambda x: so.nnls(np.eye(3) + np.outer(x, [1, -2, 1]), x)[0].sum() + so.nnls(np.ones((3, 1)), x)[1],
    ),
    "approx_fprime": (SHORT, lambda x: so.approx_fprime(x, lambda u: (u**3).sum() * x[0], 1e-4).sum()),
    "KDTree": (SHORT, nearest),
    "a tree of plain points": (SHORT, lambda x: sp.KDTree([[0.0, 0], [1, 1]]).query(x[:2])[0]),
    "ConvexHull": (SHORT, lambda x: (h := sp.ConvexHull(corners(x))).volume * 2 + h.area + h.points[h.vertices].sum()),
    "ConvexHull of a solid": (SHORT, lambda x: (h := sp.ConvexHull(solid(x))).volume + h.area),
    "Delaunay": (
        SHORT,
        lambda x: np.linalg.det((t := sp.Delaunay(corners(x))).points[t.simplices][:, 1:] - [0.1, 0.2]).sum(),
    ),
    "distance_matrix": (SHORT, lambda x: sp.distance_matrix(np.outer(x, x), np.eye(3)).sum()),
    "jensenshannon": (SHORT, lambda x: sd.jensenshannon(x, [1, 2, 3.0]) + sd.jensenshannon(x, x[::-1], base=2)),
    "find_peaks": (LONG, peaks),
    "peak_prominences": (LONG, lambda x: ss.peak_prominences(y := np.sin(x * 9), ss.find_peaks(y)[0])[0].sum() + x[0]),
    "argrelmax": (LONG, lambda x: (y := np.sin(x * 9))[ss.argrelmax(y)].sum()),
    "rankdata": (SHORT, lambda x: st.rankdata(x) @ x),
    "ranks": (SHORT, lambda x: st.spearmanr([1, 2, 4.0], x)[0] * x[0] + st.ks_2samp(x, [1, 2, 3.0]).statistic * x[1]),
    "wasserstein_distance": (
        SHORT,
        lambda x: st.wasserstein_distance(x, [1, 2, 3.1]) + st.wasserstein_distance(x, x * x, [1, 2, 3]),
    ),
    "moments": (
        SHORT,
        lambda x: (
            (g := st.gamma(x[1], scale=x[0])).mean() + g.var() + g.std() + st.beta(x[0], x[1]).mean() + g.median()
        ),
    ),
    "moments of the normal": (
        SHORT,
        lambda x: (n := st.norm(x[0], x[1])).var() + n.entropy() + n.interval(0.9)[1] + st.norm.mean(x[2], 2.0),
    ),
    "moments of counts": (SHORT, lambda x: st.poisson(x[0]).var() + st.binom(5, x[0]).mean() + st.geom(x[2]).std()),
    "fit": (SHORT, lambda x: st.norm.fit(x)[1] * st.norm.fit(list(x))[0]),
    "welch": (LONG, lambda x: ss.welch(x, 2.0, nperseg=4)[1] @ np.arange(3.0) + ss.welch(x, nperseg=8)[1].sum()),
    "periodogram": (LONG, lambda x: ss.periodogram(x)[1].sum() + ss.periodogram(x, window="hann", detrend=False)[1][2]),
    "freqz": (SHORT, lambda x: np.abs(ss.freqz(x, [1, 0.3], worN=4)[1]).sum() + ss.freqz([1.0], x, worN=3)[1].imag[1]),
    "center_of_mass": (
        LONG,
        lambda x: nd.center_of_mass(x.reshape(2, 4))[1] + nd.center_of_mass(x, [0, 1, 1, 2, 2, 2, 0, 0], [1, 2])[1][0],
    ),
    "gaussian_gradient_magnitude": (LONG, lambda x: nd.gaussian_gradient_magnitude(x.reshape(2, 4), 1.0)[0].sum()),
    "generic_filter": (LONG, lambda x: nd.generic_filter(x, lambda w: w.max() * w.min(), 3) @ x),
    "generic_filter with a border": (LONG, lambda x: nd.generic_filter(x, np.prod, 3, mode="constant", cval=2.0).sum()),
    "UnivariateSpline": (
        LONG,
        lambda y: (s := si.UnivariateSpline(np.arange(8), y, s=0))(2.3) + s.integral(0, 3) + s(1.2, 1) * y[0],
    ),
    "InterpolatedUnivariateSpline": (
        LONG,
        lambda y: si.InterpolatedUnivariateSpline(np.arange(8), y, k=2)([1.2, 3.3]) @ y[:2],
    ),
    "RectBivariateSpline": (
        LONG,
        lambda z: (
            si.RectBivariateSpline(np.arange(2.0), np.arange(4.0), z.reshape(2, 4), kx=1, ky=2).ev(0.3, 1.2) * z[0]
        ),
    ),
    "RBFInterpolator": (LONG, lambda d: si.RBFInterpolator(np.arange(8.0)[:, None], d)([[2.3], [4.1]]).prod()),
    "LinearNDInterpolator": (LONG, lambda v: si.LinearNDInterpolator(CORNERS, v[:4])([[0.3, 0.2]])[0] * v[0]),
    "NearestNDInterpolator": (LONG, lambda v: si.NearestNDInterpolator(CORNERS, v[:4])([[0.3, 0.2]])[0] * v[1]),
    "griddata": (LONG, lambda v: si.griddata(CORNERS, v[:4], [[0.3, 0.2]])[0] * v[2]),
    "BSpline": (
        LONG,
        lambda c: si.BSpline(np.arange(12.0), c, 3)(4.3) * si.BSpline(np.arange(12.0), c, 3).derivative()(5.0),
    ),
    "PPoly": (
        LONG,
        lambda c: (
            si.PPoly(c.reshape(2, 4), np.arange(5.0))(c[0] + 2.0)
            + si.PPoly(c.reshape(2, 4), np.arange(5.0)).integrate(0, 3)
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_programs_of_scipys_functions(name):
    x, f = CASES[name]
    gradient_of = gw.value_and_grad(f, method="exact")
    for k, point in enumerate((x, points(x)[3])):
        value, gradient = gradient_of(point)
        want = f(point)
        assert value == want
        assert np.asarray(value).dtype == np.asarray(want).dtype
        expected = differences(lambda: f, [point], 0)
        scale = max(1.0, float(np.max(np.abs(expected))))
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=2e-6 * scale, err_msg=f"point {k}")


@pytest.mark.parametrize(
    "name", ["jensenshannon", "ConvexHull", "moments of the normal", "welch", "RBFInterpolator", "PPoly", "nnls"]
)
def test_second_derivatives(name):
    x, f = CASES[name]
    hessian = gw.hessian(f, method="exact")(x)
    expected = differences(lambda: gw.grad(f, method="exact", pure=False), [x], 0)
    np.testing.assert_allclose(hessian, expected, rtol=0, atol=1e-5 * max(1.0, float(np.max(np.abs(expected)))))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: sp.Delaunay(corners(x)).paraboloid_scale * x[0],
        lambda x: ss.find_peaks(np.sin(x[0] * np.arange(30)), width=1)[1]["widths"].sum(),
        lambda x: st.landau(x[0]).pdf(1.0),
    ],
)
def test_what_has_no_rule_says_so(f):
    with pytest.raises(gw.TracingError):
        gw.grad(f, method="exact")(SHORT)


def test_neighbours_are_found_again_at_another_point():
    def f(x):
        return sp.KDTree(np.array([[0.0, 0.0], [1.0, 1.0]])).query(x)[0]

    gradient = gw.grad(f, method="exact")
    np.testing.assert_allclose(gradient(np.array([0.3, 0.4])), [0.6, 0.8], rtol=1e-14)
    np.testing.assert_allclose(gradient(np.array([0.7, 0.6])), [-0.6, -0.8], rtol=1e-14)
