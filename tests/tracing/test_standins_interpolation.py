"""``scipy.interpolate`` in one variable at traced points, as users write it."""

import numpy as np
import pytest
import scipy.interpolate as si

import gradwise as gw

RNG = np.random.default_rng(3)
XS = np.array([0.0, 0.4, 1.1, 1.5, 2.3, 2.9, 3.6, 4.0])
YS = np.sin(2 * XS) + 0.3 * XS
TABLE = RNG.normal(size=(3, 8, 2))
W = RNG.normal(size=200)
INSIDE = np.array([0.17, 3.77, 1.23, 2.05, 0.93, 2.71])
AROUND = np.array([-0.7, 0.17, 4.9, 2.05, 13.37, -6.17])

LINE = {
    "CubicSpline": si.CubicSpline(XS, YS),
    "natural": si.CubicSpline(XS, YS, bc_type="natural"),
    "clamped": si.CubicSpline(XS, YS, bc_type="clamped", extrapolate=False),
    "periodic": si.CubicSpline(XS, np.r_[YS[:-1], YS[0]], bc_type="periodic"),
    "pchip": si.PchipInterpolator(XS, YS),
    "akima": si.Akima1DInterpolator(XS, YS),
    "hermite": si.CubicHermiteSpline(XS, YS, np.cos(XS)),
    "PPoly": si.PPoly(RNG.normal(size=(5, 7)), XS),
    "falling": si.PPoly(RNG.normal(size=(4, 7)), XS[::-1]),
    "BPoly": si.BPoly(RNG.normal(size=(4, 7)), XS),
    "derivatives": si.BPoly.from_derivatives(XS, np.c_[YS, np.cos(XS)]),
    "make_interp": si.make_interp_spline(XS, YS, k=5),
    "make_interp 2": si.make_interp_spline(XS, YS, k=2),
    "make_lsq": si.make_lsq_spline(
        np.linspace(0, 4, 30), np.sin(np.linspace(0, 4, 30)), [0, 0, 0, 0, 1, 2.5, 4, 4, 4, 4]
    ),
    "double knots": si.BSpline([0, 0, 0, 0, 1, 1, 2.2, 3, 4, 4, 4, 4], RNG.normal(size=8), 3),
    "from_spline": si.PPoly.from_spline(si.splrep(XS, YS)),
    "smoothing": si.make_smoothing_spline(XS, YS, lam=0.1),
}


def scalar(y):
    y = np.ravel(y)
    return np.sum(W[: y.size] * y)


def slopes(f, x, h):
    d = [
        np.array([(f(x + s * e) - f(x - s * e)) / (2 * s) for e in np.eye(x.size).reshape(-1, *x.shape)]).reshape(
            x.shape
        )
        for s in (h, h / 2, h / 4)
    ]
    e = [(4 * d[1] - d[0]) / 3, (4 * d[2] - d[1]) / 3]
    return (16 * e[1] - e[0]) / 15


def check(f, x, tolerance=1e-8, second=True):
    """Value of the run bit for bit (of a program that takes its place to rounding), gradient against SciPy's own values, Hessian against the gradient, the program at other points."""
    want = f(x)
    value, gradient = gw.value_and_grad(lambda x: scalar(f(x)), method="exact", pure=False)(x)
    assert value == scalar(want)
    value, gradient = gw.value_and_grad(lambda x: scalar(f(x)), method="exact")(x)
    assert abs(value - scalar(want)) <= 1e-14 * (1 + np.abs(want).sum())
    traced = gw.jvp(f, (x,), (np.ones_like(x),), method="exact", pure=False)[0]
    np.testing.assert_array_equal(traced, want)
    assert type(traced) is type(want)
    assert np.asarray(traced).dtype == np.asarray(want).dtype
    assert np.all(np.isfinite(gradient))
    np.testing.assert_allclose(gradient, slopes(lambda x: scalar(f(x)), x, 1e-2), rtol=tolerance, atol=tolerance)
    if second:
        u = np.cos(np.arange(x.size)).reshape(x.shape)
        g = gw.grad(lambda x: scalar(f(x)), method="exact")
        hvp = gw.hvp(lambda x: scalar(f(x)), method="exact")(x, u)
        np.testing.assert_allclose(hvp, (g(x + 1e-5 * u) - g(x - 1e-5 * u)) / 2e-5, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", LINE)
def test_splines_at_points_inside(name):
    f = LINE[name]
    check(lambda x: f(x), INSIDE)
    check(lambda x: f(x.reshape(2, 3)), INSIDE)
    check(lambda x: f(x[0] * x[1]), INSIDE[:2])
    check(lambda x: f([x[0], 1.3, x[1]]), INSIDE[:2])
    check(lambda x: f(x, nu=1), INSIDE, tolerance=1e-7)
    check(lambda x: f(x, 1) * f.derivative(2)(x), INSIDE, tolerance=1e-6, second=False)
    check(lambda x: f.antiderivative()(x), INSIDE)
    check(lambda x: f(x, extrapolate="periodic"), AROUND)


@pytest.mark.filterwarnings("ignore::gradwise.KinkWarning")
@pytest.mark.parametrize("name", LINE)
def test_derivatives_are_the_splines_own_also_at_breaks(name):
    f = LINE[name]
    x = np.sort(np.r_[XS, INSIDE, 1.0])
    first, second = (np.asarray([f(t, nu) for t in x]) for nu in (1, 2))
    np.testing.assert_allclose(gw.grad(lambda x: np.sum(f(x)), method="exact")(x), first, rtol=1e-10, atol=1e-11)
    ones = np.ones_like(x)
    np.testing.assert_allclose(gw.hvp(lambda x: np.sum(f(x)), method="exact")(x, ones), second, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", LINE)
def test_outside_extrapolation_and_nan(name):
    f = LINE[name]
    check(lambda x: f(x, extrapolate=True), AROUND[:4], tolerance=1e-6)
    x = np.array([-0.5, 1.7, np.nan, 4.2])
    value, gradient = gw.value_and_grad(lambda x: f(x, extrapolate=False), method="exact", has_aux=False)(x[1]), None
    np.testing.assert_array_equal(value[0], f(x[1]))
    outputs, tangents = gw.jvp(lambda x: f(x, extrapolate=False), (x,), (np.ones(4),), method="exact")
    np.testing.assert_array_equal(outputs, f(x, extrapolate=False))
    assert np.isnan(outputs).tolist() == [True, False, True, True]
    assert np.isnan(tangents).tolist() == [True, False, True, True]
    np.testing.assert_allclose(tangents[1], f(1.7, 1), rtol=1e-12)
    gradient = gw.grad(lambda x: np.sum(f(x, extrapolate=False)), method="exact")(x)
    np.testing.assert_allclose(gradient, tangents, rtol=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda: si.CubicSpline(XS, TABLE, axis=1),
        lambda: si.PchipInterpolator(XS, TABLE, axis=1),
        lambda: si.make_interp_spline(XS, np.moveaxis(TABLE, 1, 2), axis=2, k=3),
        lambda: si.PPoly(RNG.normal(size=(4, 7, 3)) + 1j * RNG.normal(size=(4, 7, 3)), XS),
        lambda: si.BPoly(RNG.normal(size=(2, 4, 7)), XS, axis=1),
        lambda: si.interp1d(XS, TABLE, axis=1),
        lambda: si.interp1d(XS, TABLE, axis=1, kind="cubic"),
        lambda: si.BarycentricInterpolator(XS, TABLE, axis=1),
        lambda: si.KroghInterpolator(XS, TABLE, axis=1),
    ],
)
def test_several_functions_along_any_axis(make):
    f = make()

    def real(y):
        return np.real(y) + 0.3 * np.imag(y) if np.iscomplexobj(y) else y

    check(lambda x: real(f(x)), INSIDE[:3], tolerance=1e-7)
    check(lambda x: real(f(x[:4].reshape(2, 2))), INSIDE, tolerance=1e-7)
    check(lambda x: real(f(x[1])), INSIDE, tolerance=1e-7)


@pytest.mark.parametrize("name", LINE)
def test_integrals_with_traced_bounds(name):
    f = LINE[name]
    for bounds in ([0.3, 3.3], [2.8, 0.7]):
        check(lambda p: f.integrate(p[0], p[1]), np.array(bounds))
        np.testing.assert_allclose(
            gw.grad(lambda p: f.integrate(p[0], p[1]), method="exact")(np.array(bounds)),
            [-f(bounds[0]), f(bounds[1])],
            rtol=1e-12,
        )
    check(lambda b: f.integrate(0.5, b[0]), np.array([2.2]))
    for bounds in ([-1.3, 9.23], [11.7, 2.2], [1.0, 1.7]) if name != "falling" else ():  # of which SciPy refuses it
        check(lambda p: f.integrate(p[0], p[1], extrapolate="periodic"), np.array(bounds), tolerance=1e-7)
    check(lambda p: f.integrate(p[0], p[1], extrapolate=True), np.array([-0.3, 4.4]), tolerance=1e-7)
    got = gw.grad(lambda p: f.integrate(p[0], p[1], extrapolate=False), method="exact")(np.array([-0.3, 1.4]))
    if isinstance(f, si.BSpline):  # is taken to be 0 outside
        np.testing.assert_allclose(got, [0.0, f(1.4)], rtol=1e-12)
    else:
        assert np.isnan(f.integrate(-0.3, 1.4, extrapolate=False))
        assert np.isnan(got[0])


def test_integrals_of_several_functions():
    f = si.CubicSpline(XS, TABLE, axis=1)
    check(lambda p: f.integrate(p[0], p[1]), np.array([0.3, 3.3]))
    g = si.make_interp_spline(XS, TABLE, axis=1)
    check(lambda p: g.integrate(p[0], p[1]), np.array([0.3, 3.3]))


UNIVARIATE = {
    "smoothing": si.UnivariateSpline(XS, YS, s=0.2),
    "interpolated": si.InterpolatedUnivariateSpline(XS, YS, k=4),
    "lsq": si.LSQUnivariateSpline(XS, YS, [1.3, 2.6], k=3),
    "line": si.InterpolatedUnivariateSpline(XS, YS, k=1),
}


@pytest.mark.filterwarnings("ignore::gradwise.KinkWarning")
@pytest.mark.parametrize("name", UNIVARIATE)
def test_univariate_splines_and_fitpack(name):
    f = UNIVARIATE[name]
    check(lambda x: f(x), INSIDE)
    check(lambda x: f(x), AROUND[:4])
    check(lambda x: f.derivative()(x), INSIDE)
    check(lambda x: f.antiderivative()(x.reshape(3, 2)), INSIDE)
    check(lambda x: f(x, 1), INSIDE)
    for ext in (0, 1, 3, "zeros", "const", "extrapolate"):
        check(lambda x, ext=ext: f(x, ext=ext), AROUND[:4])
        check(lambda x, ext=ext: f(x, nu=1, ext=ext), AROUND[:4])
    check(lambda x: f(x, ext=2), INSIDE)
    with pytest.raises(ValueError):
        gw.grad(lambda x: np.sum(f(x, ext=2)), method="exact")(AROUND)
    check(lambda p: f.integral(p[0], p[1]), np.array([0.3, 3.1]))
    check(lambda p: f.integral(p[0], p[1]), np.array([3.3, -1.0]))
    check(lambda x: f.derivatives(x[0]), np.array([1.7]))
    tck = f._eval_args
    check(lambda x: si.splev(x, tck), INSIDE)
    check(lambda x: si.splev(x, tck, der=1, ext=1), AROUND[:4])
    check(lambda p: si.splint(p[0], p[1], tck), np.array([0.3, 3.1]))
    knots = f.get_knots()
    np.testing.assert_allclose(
        gw.grad(lambda x: np.sum(f(x)), method="exact")(knots[:-1]), f(knots[:-1], 1), rtol=1e-10, atol=1e-11
    )


def test_parametric_splines_and_splines_as_objects():
    tck, _ = si.splprep([np.cos(XS), np.sin(XS), XS], s=0)
    check(lambda u: np.stack(si.splev(u, tck)), np.array([0.13, 0.77]))
    check(lambda p: np.stack(si.splint(p[0], p[1], tck)), np.array([0.13, 0.77]))
    b = si.make_interp_spline(XS, YS)
    check(lambda x: si.splev(x, b, der=1), INSIDE)
    check(lambda p: si.splint(p[0], p[1], b), np.array([0.13, 3.3]))


@pytest.mark.parametrize("kind", ["linear", "slinear", "quadratic", "cubic", 5])
def test_interp1d(kind):
    f = si.interp1d(XS, YS, kind=kind)
    check(lambda x: f(x), INSIDE)
    check(lambda x: f(x.reshape(3, 2)), INSIDE)
    check(lambda x: f(x[2]), INSIDE)
    with pytest.raises(ValueError, match="below"):
        gw.grad(lambda x: np.sum(f(x)), method="exact")(AROUND)
    outside = si.interp1d(XS, YS, kind=kind, bounds_error=False, fill_value=(1.5, -2.0))
    check(lambda x: outside(x), AROUND[:4])
    beyond = si.interp1d(XS, YS, kind=kind, fill_value="extrapolate")
    check(lambda x: beyond(x), AROUND[:4], tolerance=1e-7)
    undefined = si.interp1d(XS, YS, kind=kind, bounds_error=False)
    outputs, tangents = gw.jvp(lambda x: undefined(x), (AROUND,), (np.ones(6),), method="exact")
    np.testing.assert_array_equal(outputs, undefined(AROUND))
    np.testing.assert_array_equal(np.isnan(tangents), np.isnan(outputs))
    unsorted = si.interp1d(XS[::-1], TABLE[0], axis=0, kind=kind, bounds_error=False, fill_value=TABLE[0, 0])
    check(lambda x: unsorted(x), AROUND[:4])


@pytest.mark.parametrize("kind", ["zero", "nearest", "nearest-up", "previous", "next"])
def test_interpolants_that_are_constant_between_knots(kind):
    f = si.interp1d(XS, YS, kind=kind, bounds_error=False, fill_value=0.25)
    for x in (AROUND, XS, INSIDE.reshape(2, 3)):
        value, gradient = gw.value_and_grad(lambda x: np.sum(f(x) * x), method="exact")(x)
        assert value == np.sum(f(x) * x)
        np.testing.assert_array_equal(gradient, f(x))
    np.testing.assert_array_equal(gw.vmap(lambda x: f(x))(INSIDE), f(INSIDE))


POLYNOMIALS = {
    "barycentric": si.BarycentricInterpolator(XS, YS),
    "Krogh": si.KroghInterpolator(XS, YS),
    "confluent": si.KroghInterpolator([0.0, 0.0, 1.0, 2.0, 2.0, 2.0], [1.0, 0.5, 2.0, -1.0, 0.3, 0.1]),
    "Chebyshev": si.BarycentricInterpolator(2 - 2 * np.cos(np.pi * (np.arange(30) + 0.5) / 30), RNG.normal(size=30)),
    "one node": si.BarycentricInterpolator([0.3], [2.0], wi=np.array([1.0])),
}


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_interpolating_polynomials(name):
    f = POLYNOMIALS[name]
    check(lambda x: f(x), INSIDE, tolerance=1e-6)
    check(lambda x: f(x.reshape(2, 3)), INSIDE, tolerance=1e-6)
    check(lambda x: f(x[0]), INSIDE, tolerance=1e-6)
    x = np.r_[INSIDE, f.xi]
    first, second = f.derivative(x, 1), f.derivative(x, 2)
    np.testing.assert_allclose(
        gw.grad(lambda x: np.sum(f(x)), method="exact")(x), first, rtol=1e-9, atol=1e-10 * (1 + np.max(np.abs(first)))
    )
    np.testing.assert_allclose(
        gw.hvp(lambda x: np.sum(f(x)), method="exact")(x, np.ones_like(x)),
        second,
        rtol=1e-8,
        atol=1e-9 * (1 + np.max(np.abs(second))),
    )
    np.testing.assert_allclose(
        gw.grad(lambda x: np.sum(f.derivative(x)), method="exact")(x),
        second,
        rtol=1e-8,
        atol=1e-9 * (1 + np.max(np.abs(second))),
    )
    if name != "Chebyshev":
        check(lambda x: f.derivatives(x, 3), INSIDE, tolerance=1e-5, second=False)


@pytest.mark.slow
def test_functions_that_interpolate_at_once():
    for function in (si.pchip_interpolate, si.krogh_interpolate):
        check(lambda x, f=function: f(XS, YS, x), INSIDE, tolerance=1e-7)
        check(lambda x, f=function: f(XS, TABLE, x, axis=1), INSIDE[:2], tolerance=1e-7)
        check(lambda x, f=function: f(XS, YS, x, der=1), INSIDE, tolerance=1e-6)
    for der in (0, 1):  # the order of its products is drawn
        got = gw.grad(lambda x, der=der: np.sum(si.barycentric_interpolate(XS, YS, x, der=der)), method="exact")(INSIDE)
        np.testing.assert_allclose(got, si.BarycentricInterpolator(XS, YS).derivative(INSIDE, der + 1), rtol=1e-9)
    check(lambda x: np.stack(si.krogh_interpolate(XS, YS, x, [0, 2])), INSIDE, tolerance=1e-5)


class Calibrated(si.CubicSpline):
    """A user's spline with a call of its own."""

    def __call__(self, x, nu=0, extrapolate=None):
        return 2.0 * super().__call__(x, nu, extrapolate)


class Model:
    """A spline held by an object of the user's."""

    def __init__(self):
        self.curve = si.CubicSpline(XS, YS)

    def cost(self, p):
        return np.sum((self.curve(p[0] * INSIDE + p[1]) - 1.0) ** 2)


def test_splines_in_classes():
    mine = Calibrated(XS, YS)
    check(lambda x: mine(x), INSIDE)
    model = Model()
    check(lambda p: model.cost(p), np.array([0.9, 0.05]))


def test_the_program_holds_for_other_points():
    f = LINE["CubicSpline"]
    rows = np.stack([INSIDE, AROUND, XS[:6]])
    cost = gw.compile(lambda x: np.sum(f(x) ** 2))
    for x in rows:
        np.testing.assert_allclose(gw.grad(cost)(x), 2 * f(x) * f(x, 1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        gw.vmap(gw.grad(lambda x: np.sum(f(x) ** 2)))(rows), 2 * f(rows) * f(rows, 1), rtol=1e-9, atol=1e-12
    )
    inside = gw.compile(lambda x: np.sum(si.interp1d(XS, YS)(x)))
    gw.grad(inside)(INSIDE)
    with pytest.raises(ValueError, match="interpolation range"):
        gw.grad(inside)(AROUND)


def test_kinks_are_reported_where_the_slope_jumps_and_only_there():
    broken = si.interp1d(XS, YS)
    assert gw.kinks(lambda x: np.sum(broken(x)), XS[1:4])[0].entries == 3
    assert not gw.kinks(lambda x: np.sum(LINE["CubicSpline"](x)), XS[1:4])
    assert gw.kinks(lambda x: np.sum(LINE["PPoly"](x)), XS[1:4])
    with pytest.warns(gw.KinkWarning):
        gw.grad(lambda x: np.sum(si.make_interp_spline(XS, YS, k=1)(x)))(XS[1:4])


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
def test_values_that_are_zero(size):
    f = si.CubicSpline(XS, size * YS)
    b = si.make_interp_spline(XS, size * YS)
    polynomial = si.BarycentricInterpolator(XS, size * YS)
    line = si.interp1d([0.3, 0.7], [size, -size])
    for root in f.roots(extrapolate=False)[1:]:
        for g in (f, b, polynomial):
            got = gw.grad(lambda x, g=g: g(x), method="exact")(root)
            want = g.derivative()(root) if g is not polynomial else g.derivative(root)
            np.testing.assert_allclose(got, want, rtol=1e-9)
    np.testing.assert_allclose(gw.grad(lambda x: line(x), method="exact")(0.5), -5 * size, rtol=1e-12)
    flat = si.CubicSpline(XS, np.zeros(8))
    assert gw.grad(lambda x: flat(x), method="exact")(1.7) == 0.0
    cancelling = si.BSpline(np.arange(8.0), np.array([size, -size, size, -size]), 3)
    for t in np.linspace(3.0, 4.0, 7):
        got = gw.grad(lambda x: cancelling(x), method="exact")(t)
        np.testing.assert_allclose(got, cancelling(t, 1), rtol=1e-9, atol=1e-12 * size)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_points_that_are_huge_or_infinite():
    f = LINE["CubicSpline"]
    for x in (1e8, -1e150, np.inf, np.nan):
        outputs, tangents = gw.jvp(lambda x: f(x), (x,), (1.0,), method="exact")
        np.testing.assert_array_equal(outputs, f(x))
        np.testing.assert_allclose(tangents, f(x, 1), rtol=1e-9)


def test_knots_and_data_of_integers():
    for f in (si.interp1d([0, 1, 3, 4], [1, -2, 5, 7]), si.CubicSpline([0, 1, 3, 4], [1, -2, 5, 7])):
        check(lambda x, f=f: f(x), INSIDE)
    steps = si.interp1d([0, 1, 3, 4], [1, -2, 5, 7], kind="next")
    np.testing.assert_array_equal(gw.grad(lambda x: np.sum(steps(x) * x), method="exact")(INSIDE), steps(INSIDE))


def test_points_that_are_empty_single_or_of_another_dtype():
    f = LINE["CubicSpline"]
    assert gw.grad(lambda x: np.sum(f(x)), method="exact")(np.zeros(0)).shape == (0,)
    got = gw.grad(lambda x: np.sum(f(x)), method="exact")(np.array([1.7], np.float32))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, f(np.float32(1.7), 1), rtol=1e-6)
    assert gw.grad(lambda x: f(x), method="exact")(1.7) == pytest.approx(float(f(1.7, 1)), rel=1e-14)
    assert gw.derivative(lambda x: f(x) * x, method="exact")(1.7) == pytest.approx(
        float(f(1.7, 1) * 1.7 + f(1.7)), rel=1e-14
    )
