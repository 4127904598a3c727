"""``scipy.interpolate`` through traced data: splines and polynomials that are made inside of the function."""

import numpy as np
import pytest
import scipy
import scipy.interpolate as si
from test_standins_interpolation import INSIDE, TABLE, XS, YS, check

import gradwise as gw

RNG = np.random.default_rng(4)
KNOTS = np.r_[[0.0] * 4, 1.3, 2.4, [4.0] * 4]
WEIGHTS = si.BarycentricInterpolator(XS).wi


def closed(y):
    return np.concatenate([y[:-1], y[:1]])


MAKERS = {
    "CubicSpline": lambda y: si.CubicSpline(XS, y),
    "natural": lambda y: si.CubicSpline(XS, y, bc_type="natural"),
    "clamped": lambda y: si.CubicSpline(XS, y, bc_type=("clamped", "not-a-knot")),
    "ends given": lambda y: si.CubicSpline(XS, y, bc_type=((1, 0.7), (2, -0.4))),
    "periodic": lambda y: si.CubicSpline(XS, closed(y), bc_type="periodic"),
    "hermite": lambda y: si.CubicHermiteSpline(XS, y, np.multiply(y, y)),
    "pchip": lambda y: si.PchipInterpolator(XS, y),
    "akima": lambda y: si.Akima1DInterpolator(XS, y, extrapolate=True),
    "make_interp": lambda y: si.make_interp_spline(XS, y),
    "quintic": lambda y: si.make_interp_spline(XS, y, k=5),
    "natural B": lambda y: si.make_interp_spline(XS, y, bc_type="natural"),
    "ends given B": lambda y: si.make_interp_spline(XS, y, bc_type=([(1, 0.7)], [(2, -0.4)])),
    "periodic B": lambda y: si.make_interp_spline(XS, closed(y), bc_type="periodic"),
    "make_lsq": lambda y: si.make_lsq_spline(XS, y, KNOTS),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (k % 4 > 0)) for k, n in enumerate(MAKERS)]
)
def test_splines_of_traced_values(name):
    make = MAKERS[name]
    check(lambda y: make(y)(INSIDE), YS, tolerance=1e-7)
    check(lambda y: make(y)(1.7), YS, tolerance=1e-7)
    check(lambda y: make(y)(INSIDE, 1), YS, tolerance=1e-7)
    check(lambda y: make(y).derivative()(INSIDE), YS, tolerance=1e-7)
    check(lambda y: make(y).antiderivative(2)(INSIDE), YS, tolerance=1e-7)
    check(lambda y: make(y).integrate(0.3, 3.3), YS, tolerance=1e-7)
    check(lambda y: make(y)(0.6 + y / 3), YS, tolerance=1e-6)
    check(lambda y: make([y[0], 0.2, y[1], y[2], 1.1, -0.2, y[3], 0.9])(INSIDE), YS[:4], tolerance=1e-7)


@pytest.mark.parametrize(
    "make",
    [
        lambda y: si.CubicSpline(XS, y, axis=1),
        lambda y: si.PchipInterpolator(XS, y, axis=1),
        lambda y: si.Akima1DInterpolator(XS, y, axis=1),
        lambda y: si.make_interp_spline(XS, y, axis=1),
        lambda y: si.make_lsq_spline(XS, np.moveaxis(y, 1, 0), KNOTS),
        lambda y: si.interp1d(XS, y, axis=1),
        lambda y: si.interp1d(XS, y, axis=1, kind="cubic"),
        lambda y: si.BarycentricInterpolator(XS, y, axis=1, wi=WEIGHTS),
        lambda y: si.CubicSpline(XS, y, axis=1, bc_type=((1, np.ones((3, 2))), "natural")),
    ],
)
def test_several_functions_along_any_axis(make):
    check(lambda y: make(y)(INSIDE), TABLE, tolerance=1e-6)


def test_fitpack_through_traced_values():
    check(lambda y: si.splev(INSIDE, si.splrep(XS, y)), YS)
    check(lambda y: si.splev(y / 3 + 1, si.splrep(XS, y, k=2), der=1), YS, tolerance=1e-7)
    check(lambda y: si.splint(0.3, y[0] + 2, si.splrep(XS, y, s=0)), YS)
    check(lambda y: si.splev(INSIDE, si.splrep(XS, y, t=[1.3, 2.4], task=-1)), YS)


@pytest.mark.parametrize("kind", ["linear", "nearest", "previous", "next", "slinear", "quadratic", "cubic"])
def test_interp1d_of_traced_values(kind):
    check(lambda y: si.interp1d(XS, y, kind=kind)(INSIDE), YS)
    check(lambda y: si.interp1d(XS[::-1], y, kind=kind, bounds_error=False, fill_value=0.3)(INSIDE * 2 - 1), YS)


@pytest.mark.slow
def test_polynomials_and_grids_of_traced_values():
    check(lambda y: si.BarycentricInterpolator(XS, y, wi=WEIGHTS)(INSIDE), YS, tolerance=1e-6)
    gx, gy = np.array([0.0, 1.0, 2.5]), np.array([-1.0, 0.3, 1.0])
    p = np.array([[0.3, 0.1], [1.9, 0.8]])
    z = RNG.normal(size=(3, 3))
    check(lambda z: si.RegularGridInterpolator((gx, gy), z)(p), z)
    check(lambda z: si.interpn((gx, gy), z, p), z)
    check(lambda z: si.interpn((gx, gy), z, p, "linear", False, 0.3) * z[0, 1], z)
    check(lambda y: si.KroghInterpolator([0.0, 0.0, 1.0, 1.0, 1.0, 2.0, 3.0, 4.0], y)(INSIDE), YS, tolerance=1e-6)
    check(lambda y: si.KroghInterpolator(XS, y, axis=1).derivative(INSIDE), TABLE, tolerance=1e-6)
    check(lambda y: si.make_smoothing_spline(XS, y, lam=0.1)(INSIDE), YS)
    check(lambda y: si.pchip_interpolate(XS, y, INSIDE), YS, tolerance=1e-7)
    check(lambda y: si.krogh_interpolate(XS, y, INSIDE, der=1) * y[0], YS, tolerance=1e-6)
    check(lambda z: si.RegularGridInterpolator((gx, gy), z)(p + z[0, 0] / 10), z)


def test_makima():
    check(lambda y: si.Akima1DInterpolator(XS, y, method="makima")(INSIDE), YS)


def test_arrays_made_in_the_function():
    def cost(x):
        places, values = np.array([0.0, 1.0, 2.0, 4.0]), np.array([1.0, -1.0, 0.5, 2.0])
        return (
            si.CubicSpline(places, values)(x) + si.interp1d(places, values)(x) + si.splev(x, si.splrep(places, values))
        )

    check(cost, INSIDE)
    check(lambda y: si.CubicSpline(np.arange(8.0), y)(np.array([0.5, 3.3])), YS)
    check(lambda y: si.PchipInterpolator(np.array(XS), y)(1.7), YS)


@pytest.mark.slow
def test_few_points():
    for make in (si.CubicSpline, si.PchipInterpolator, si.Akima1DInterpolator):
        # through two points Akima's is no line before SciPy 1.17, but reads memory that nobody wrote
        if make is not si.Akima1DInterpolator or np.lib.NumpyVersion(scipy.__version__) >= "1.17.0":
            check(lambda y, make=make: make([0.0, 1.5], y)([0.3, 1.1]), np.array([0.3, 2.0]))
        check(lambda y, make=make: make([0.0, 1.5, 2.0], y)([0.3, 1.7]), np.array([0.3, 2.0, -1.0]))


def test_what_has_no_rule_raises():
    for f in (
        lambda x: si.make_interp_spline(x, YS, t=si.make_interp_spline(XS, YS).t)(1.7),
        lambda y: si.make_smoothing_spline(XS, y)(1.7),
        lambda y: si.PchipInterpolator(XS, np.round(y) * y[0])(1.7),
        lambda y: si.interp1d(XS, y, kind="previous", fill_value="extrapolate")(9.0),
    ):
        with pytest.raises((gw.TracingError, TypeError)):
            gw.grad(f, method="exact")(XS.copy())


def test_data_of_a_line_has_kinks():
    with pytest.raises(gw.TracingError, match="kink"):
        gw.grad(lambda y: 1.0 * si.PchipInterpolator(XS, y)(1.7), method="exact")(np.ones(8))
    with pytest.raises(gw.TracingError, match="kink"):
        gw.grad(lambda y: si.Akima1DInterpolator(XS, y)(1.7), method="exact")(XS.copy())


def test_a_fit_of_the_heights_of_a_spline():
    want = np.sin(INSIDE)

    def cost(y):
        return np.sum((si.CubicSpline(XS, y)(INSIDE) - want) ** 2)

    compiled = gw.compile(cost)
    units = si.CubicSpline(XS, np.eye(8))(INSIDE)
    for y in (YS, np.cos(XS), np.zeros(8)):
        truth = 2 * units.T @ (units @ y - want)
        np.testing.assert_allclose(gw.grad(compiled)(y), truth, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(gw.hessian(cost, method="exact")(YS), 2 * units.T @ units, rtol=1e-9, atol=1e-11)


@pytest.mark.slow
def test_derivatives_inside_of_derivatives():
    x = INSIDE[:2]
    for make in (MAKERS["CubicSpline"], MAKERS["make_interp"], lambda y: lambda z: np.interp(z, XS, y)):

        def inner(y, make=make):
            return gw.grad(lambda z: np.sum(make(y)(z) ** 2))(x)

        got = gw.jacobian(inner, method="exact")(YS)
        want = [(inner(YS + 1e-5 * e) - inner(YS - 1e-5 * e)) / 2e-5 for e in np.eye(8)]
        np.testing.assert_allclose(got, np.transpose(want), rtol=1e-7, atol=1e-8)


def test_splines_that_outlive_the_run():
    kept = []

    def cost(y):
        kept.append(si.CubicSpline(XS, y))
        return np.sum(kept[-1](INSIDE))

    gw.grad(cost, method="exact")(YS)
    np.testing.assert_array_equal(kept[-1](INSIDE), si.CubicSpline(XS, YS)(INSIDE))
    rows = np.stack([YS, np.cos(XS)])
    got = gw.vmap(lambda y: si.CubicSpline(XS, y)(INSIDE))(rows)
    np.testing.assert_allclose(got, si.CubicSpline(XS, rows, axis=1)(INSIDE), rtol=1e-12, atol=1e-13)
