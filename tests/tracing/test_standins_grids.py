"""``scipy.interpolate`` in several variables at traced points, as users write it."""

import numpy as np
import pytest
import scipy.interpolate as si
from test_standins_interpolation import check, scalar

import gradwise as gw

RNG = np.random.default_rng(8)
GX, GY, GZ = np.array([0.0, 0.5, 1.2, 2.0, 2.4, 3.0]), np.linspace(-1, 1, 7), np.array([0.0, 1.0, 2.5, 3.1, 4.0, 5.5])
PLANE = np.sin(GX)[:, None] * np.cos(2 * GY) + RNG.normal(size=(6, 7))
SPACE = RNG.normal(size=(6, 7, 6))
P = np.array([[0.2, -0.85], [1.7, 0.13], [2.83, 0.91], [0.77, -0.41]])
BEYOND = np.array([[-0.3, 0.2], [1.7, 1.4], [3.4, -1.2]])


@pytest.mark.slow
@pytest.mark.parametrize("method", ["linear", "slinear", "cubic", "quintic"])
def test_values_on_regular_grids(method):
    f = si.RegularGridInterpolator((GX, GY), PLANE, method=method)
    check(lambda p: f(p), P, tolerance=1e-7)
    check(lambda p: f(p[0]), P, tolerance=1e-7)
    check(lambda p: f((p[:, 0], p[:, 1])), P, tolerance=1e-7)
    check(lambda p: f([[p[0, 0], 0.3], [1.3, p[0, 1]]]), P, tolerance=1e-7)
    with pytest.raises(ValueError, match="out of bounds"):
        gw.grad(lambda p: np.sum(f(p)), method="exact")(BEYOND)
    beyond = si.RegularGridInterpolator((GX, GY), PLANE, method=method, bounds_error=False, fill_value=None)
    check(lambda p: beyond(p), BEYOND, tolerance=1e-6)
    filled = si.RegularGridInterpolator((GX, GY), PLANE, method=method, bounds_error=False, fill_value=0.7)
    check(lambda p: filled(p), np.r_[P, BEYOND], tolerance=1e-7)
    undefined = si.RegularGridInterpolator((GX, GY), PLANE, method=method, bounds_error=False)
    outputs, tangents = gw.jvp(lambda p: undefined(p), (np.r_[P, BEYOND],), (np.ones((7, 2)),), method="exact")
    np.testing.assert_array_equal(outputs, undefined(np.r_[P, BEYOND]))
    assert np.isnan(tangents).tolist() == [False] * 4 + [True] * 3
    q = np.c_[P, [0.7, 2.2, 4.7, 5.1]]
    solid = si.RegularGridInterpolator((GX, GY, GZ), np.stack([SPACE, SPACE**2], axis=-1), method=method)
    check(lambda q: solid(q), q, tolerance=1e-7)
    check(lambda q: solid(q.reshape(2, 2, 3)), q, tolerance=1e-7)
    if method != "linear":
        check(lambda p: f(p, nu=(1, 0)), P, tolerance=1e-6)
    else:
        check(lambda p: f(p, method="cubic"), P, tolerance=1e-7)
    check(lambda p: si.interpn((GX, GY), PLANE, p, method=method), P, tolerance=1e-7)


@pytest.mark.slow
def test_grids_with_steps_by_pchip_and_of_one_place():
    f = si.RegularGridInterpolator((GX, GY), PLANE, method="nearest")
    value, gradient = gw.value_and_grad(lambda p: np.sum(f(p) * p[:, 0]), method="exact")(P)
    assert value == np.sum(f(P) * P[:, 0])
    np.testing.assert_array_equal(gradient, np.c_[f(P), np.zeros(4)])
    pchip = si.RegularGridInterpolator((GX, GY), PLANE, method="pchip")
    check(lambda p: pchip(p), P[:3], tolerance=1e-7)  # a slope of the lines has its kink 0.01 beside the last
    single = si.RegularGridInterpolator((GX, np.array([0.5])), PLANE[:, :1], bounds_error=False, fill_value=None)
    check(lambda x: single(np.stack([x, np.full(3, 0.5)], axis=-1)), P[:3, 0])


def test_at_grid_lines_the_slopes_are_those_of_the_cell_above():
    f = si.RegularGridInterpolator((GX, GY), PLANE)
    with pytest.warns(gw.KinkWarning):
        got = gw.grad(lambda p: f(p)[0], method="exact")(np.array([GX[2], GY[3]]))
    want = [(PLANE[3, 3] - PLANE[2, 3]) / (GX[3] - GX[2]), (PLANE[2, 4] - PLANE[2, 3]) / (GY[4] - GY[3])]
    np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.parametrize("degrees", [(3, 3), (1, 2), (4, 5)])
def test_bivariate_splines(degrees):
    f = si.RectBivariateSpline(GX, GY, PLANE, kx=degrees[0], ky=degrees[1])
    check(lambda p: f.ev(p[:, 0], p[:, 1]), P, tolerance=1e-7)
    check(lambda p: f(p[:, 0], 0.3, grid=False), P, tolerance=1e-7)
    check(lambda p: f(p[:2, 0], p[2:, 0]), np.sort(P, axis=0), tolerance=1e-7)
    check(lambda p: f(p[0, 0], p[0, 1]), P, tolerance=1e-7)
    check(lambda p: f.ev(p[:, 0], p[:, 1]), BEYOND, tolerance=1e-7)
    if min(degrees) > 1:
        check(lambda p: f.ev(p[:, 0], p[:, 1], dx=1), P, tolerance=1e-6)
        check(lambda p: f.partial_derivative(0, 1)(p[:, 0], p[:, 1], grid=False), P, tolerance=1e-6)
        x, y = P[:, 0], P[:, 1]
        gradient = gw.grad(lambda p: np.sum(f.ev(p[:, 0], p[:, 1])), method="exact")(P)
        np.testing.assert_allclose(gradient, np.c_[f.ev(x, y, dx=1), f.ev(x, y, dy=1)], rtol=1e-10, atol=1e-10)


def test_other_bivariate_splines():
    x, y = RNG.uniform(0, 3, 80), RNG.uniform(-1, 1, 80)
    smooth = si.SmoothBivariateSpline(x, y, np.sin(x) * y, s=0.1)
    check(lambda p: smooth.ev(p[:, 0], p[:, 1]), P)
    lsq = si.LSQBivariateSpline(x, y, np.sin(x) * y, [1.5], [0.0])
    check(lambda p: lsq(p[:, 0], p[:, 1], grid=False), P)
    check(lambda p: si.interpn((GX, GY), PLANE, p, "splinef2d"), P, tolerance=1e-7)
    tck = [*smooth.tck[:3], *smooth.degrees]
    check(lambda p: si.bisplev(p[0, 0], p[0, 1], tck) * p[1, 0], P)
    check(lambda p: si.bisplev(p[:, 0], [0.2, 0.4], tck, dx=1), np.sort(P, axis=0), tolerance=1e-7)


def test_tensor_products_of_splines():
    knots = (np.r_[0, 0, 0, 1, 2, 3, 3, 3], np.r_[[-1.0] * 4, 0.2, [1.0] * 4])
    f = si.NdBSpline(knots, RNG.normal(size=(5, 5)), (2, 3))
    check(lambda p: f(p), P, tolerance=1e-7)
    check(lambda p: f(p, nu=(0, 1)), P, tolerance=1e-7)
    check(lambda p: f(p), BEYOND, tolerance=1e-6)
    outputs, tangents = gw.jvp(lambda p: f(p, extrapolate=False), (BEYOND,), (np.ones((3, 2)),), method="exact")
    assert np.isnan(outputs).all()
    assert np.isnan(tangents).all()


@pytest.mark.parametrize("rescale", [False, True])
def test_lines_over_a_triangulation(rescale):
    x = np.array([[0.0, -1.0], [3.0, -1.0], [0.0, 1.0], [3.0, 1.0], [1.1, -0.3]])
    f = si.LinearNDInterpolator(x, np.random.default_rng(2).normal(size=(5, 2)), rescale=rescale)
    check(lambda p: f(p), P, tolerance=1e-7)
    check(lambda p: f(p[:, 0], p[:, 1]), P, tolerance=1e-7)
    check(lambda p: f((p[:, 0], p[:, 1])), P, tolerance=1e-7)
    check(lambda p: f(p[0, 0], p[0, 1]), P, tolerance=1e-7)
    cost = gw.compile(lambda p: np.sum(f(p)))
    for p in (P, P[::-1], P * 0.9):  # other triangles
        np.testing.assert_allclose(gw.grad(cost)(p), gw.grad(lambda p: np.sum(f(p)), method="exact")(p), rtol=1e-12)
    with pytest.raises(gw.TracingError, match="outside"):
        gw.grad(lambda p: np.sum(f(p)), method="exact")(BEYOND)
    with pytest.raises(gw.TracingError, match="edge"):
        gw.grad(lambda p: np.sum(f(p)), method="exact")(x[4:])


@pytest.mark.parametrize(
    "kernel",
    [
        "linear",
        "thin_plate_spline",
        "cubic",
        "quintic",
        "multiquadric",
        "inverse_multiquadric",
        "inverse_quadratic",
        "gaussian",
    ],
)
def test_radial_functions(kernel):
    y = RNG.uniform(0, 2, size=(12, 2))
    f = si.RBFInterpolator(y, np.sin(y), kernel=kernel, epsilon=0.8)
    check(lambda p: f(p), P[:2], tolerance=1e-6)
    single = si.RBFInterpolator(y, np.sin(y[:, 0]) + 1j * y[:, 1], kernel=kernel, epsilon=0.8)
    check(lambda p: np.real(single(p)) + 0.2 * np.imag(single(p)), P[:2], tolerance=1e-6)


@pytest.mark.parametrize("kernel", ["thin_plate_spline", "cubic", "quintic", "gaussian"])
def test_radial_functions_at_their_centres(kernel):
    y = np.array([[0.0, 0.0], [1.0, 0.3], [0.4, 1.1], [1.7, 1.9], [0.2, 1.6], [1.5, 0.1]])
    f = si.RBFInterpolator(y, y[:, 0] ** 2 + np.sin(y[:, 1]), kernel=kernel, epsilon=0.8)
    cost = gw.grad(lambda p: scalar(f(p)), method="exact")
    h = 1e-7
    np.testing.assert_allclose(cost(y), (cost(y + h) + cost(y - h)) / 2, rtol=1e-5, atol=1e-5)
    if kernel == "thin_plate_spline":  # its second derivative is infinite there
        with np.errstate(all="ignore"), pytest.raises(gw.SingularPointError):
            gw.hessian(lambda p: f(p)[0], method="exact")(y[:1])
    else:
        u = np.ones_like(y)
        np.testing.assert_allclose(
            gw.hvp(lambda p: scalar(f(p)), method="exact")(y, u),
            (cost(y + 1e-5 * u) - cost(y - 1e-5 * u)) / 2e-5,
            rtol=1e-4,
            atol=1e-4,
        )


def test_programs_hold_for_other_points():
    f = si.RegularGridInterpolator((GX, GY), PLANE, method="cubic")
    g = si.RectBivariateSpline(GX, GY, PLANE)
    rows = np.stack([P, P[::-1] * 0.9])
    for cost in (lambda p: np.sum(f(p) ** 2), lambda p: np.sum(g.ev(p[:, 0], p[:, 1]) ** 2)):
        compiled = gw.compile(cost)
        want = [gw.grad(cost, method="exact")(p) for p in rows]
        for p, w in zip(rows, want, strict=True):
            np.testing.assert_allclose(gw.grad(compiled)(p), w, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(gw.vmap(gw.grad(cost))(rows), want, rtol=1e-9, atol=1e-12)


# --- splines through traced values on a grid ----------------------------------------------------------------------------------------

_FIRST, _SECOND = np.array([0.0, 0.2, 0.35, 0.6, 0.8, 1.0]), np.linspace(0.0, 1.0, 7)
_TABLE = np.random.default_rng(8).standard_normal((6, 7))
_PLACES = np.array([[0.33, 0.44], [0.7, 0.9], [0.05, 0.55]])


@pytest.mark.parametrize(("method", "degree"), [("slinear", 1), ("cubic", 3), ("quintic", 5)])
def test_splines_on_a_grid_are_linear_in_its_values(method, degree):
    """The slopes are the products of two splines in one variable through unit vectors."""
    rows, columns = (
        si.make_interp_spline(g, np.eye(g.size), k=degree)(_PLACES[:, d]) for d, g in enumerate((_FIRST, _SECOND))
    )
    truth = rows[:, :, None] * columns[:, None, :]

    def f(table, places):
        return si.RegularGridInterpolator((_FIRST, _SECOND), table, method=method)(places)

    by_values, by_places = gw.jacobian(f, argnums=(0, 1), method="exact")(_TABLE, _PLACES)
    np.testing.assert_allclose(by_values, truth, rtol=1e-10, atol=1e-12)
    plain = gw.jacobian(lambda places: f(_TABLE, places), method="exact")(_PLACES)
    np.testing.assert_allclose(by_places, plain, rtol=1e-4, atol=1e-5)  # SciPy's own coefficients hold to 1e-6
    for found in (
        gw.jacobian(lambda t: si.interpn((_FIRST, _SECOND), t, _PLACES, method), method="exact")(_TABLE),
        gw.jacobian(lambda t: f(t, _PLACES), method="exact")(_TABLE),
    ):
        np.testing.assert_allclose(found, truth, rtol=1e-10, atol=1e-12)


def test_pchip_on_a_grid():
    def f(table, places):
        return si.RegularGridInterpolator((_FIRST, _SECOND), table, method="pchip")(places)

    d_table, d_places = np.random.default_rng(9).standard_normal((6, 7)), np.full((3, 2), 0.1)
    value, slope = gw.jvp(f, (_TABLE, _PLACES), (d_table, d_places), method="exact")
    np.testing.assert_array_equal(value, f(_TABLE, _PLACES))
    h = 1e-5
    quotient = (f(_TABLE + h * d_table, _PLACES + h * d_places) - f(_TABLE - h * d_table, _PLACES - h * d_places)) / (
        2 * h
    )
    np.testing.assert_allclose(slope, quotient, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("method", ["linear", "slinear", "cubic", "pchip"])
def test_falling_grids(method):
    def f(table):
        return si.RegularGridInterpolator((_FIRST[::-1], _SECOND), table, method=method)(_PLACES)

    def rising(table):
        return si.RegularGridInterpolator((_FIRST, _SECOND), table[::-1], method=method)(_PLACES)

    np.testing.assert_allclose(
        gw.jacobian(f, method="exact")(_TABLE), gw.jacobian(rising, method="exact")(_TABLE), rtol=1e-12, atol=1e-13
    )
