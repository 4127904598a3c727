"""Functions that call ``curve_fit``, ``least_squares`` and ``leastsq``: a program fits again, by SciPy, on the recorded residuals, from where the call starts.

Truth: linear fits in closed form, central differences of plain calls with tight tolerances, the value of the plain call to the last bit, and what the function itself raises and counts.
"""

import numpy as np
import pytest
from scipy.optimize import Bounds, OptimizeWarning, curve_fit, least_squares, leastsq, minimize

import gradwise as gw
from gradwise.operators.reuse import families
from gradwise.tracing.purity import inspect_function

RNG = np.random.default_rng(5)
T = np.linspace(0.0, 4.0, 30)
NOISE = 0.01 * np.random.default_rng(0).normal(size=30)
WIDE = Bounds([0.0, 0.0], [10.0, 10.0])
TIGHT = 1e-15
GAIN = 1.0


def served():
    return sum(family.served for family, _ in families._families.values())


def central(f, x, h=1e-3):
    return np.array([(f(x + e) - f(x - e)) / (2 * h) for e in np.eye(len(x)) * h])


def decay(t, a, b):
    return a * np.exp(-b * t)


def of_any_number(t, *p):
    return p[0] * np.exp(-p[1] * t)


def slopes(t, a, b):
    return np.stack([np.exp(-b * t), -a * t * np.exp(-b * t)], axis=1)


def gained(t, a, b):
    return GAIN * a * np.exp(-b * t)


def data(x):
    return x[0] * np.exp(-x[1] * T) + NOISE


def made_in_the_call(x):
    def peaks(t, *p):
        y = np.zeros_like(t)
        for i in range(0, len(p), 2):
            y += p[i] * np.exp(-p[i + 1] * t * GAIN)
        return y

    return curve_fit(peaks, T, data(x), STARTS, ftol=1e-15, xtol=TIGHT, gtol=1e-15)[0] @ np.resize(x, len(STARTS))


STARTS = [1.0, 1.0]


class Decay:
    def __init__(self):
        self.t = T.copy()
        self.start = [1.0, 1.0]
        self.weight = 0.7
        self.asked = 0

    def model(self, t, a, b):
        return a * np.exp(-b * t * self.weight)

    def residual(self, p, x):
        return p[0] * np.exp(-p[1] * self.t) - data(x)

    def counted(self, t, a, b):
        self.asked += 1
        return a * np.exp(-b * t)

    def fit(self, x):
        p, _ = curve_fit(self.model, self.t, data(x), self.start, ftol=1e-15, xtol=TIGHT, gtol=1e-15)
        return p @ x


DECAY = Decay()


def residual(p, w, scale):
    return (p[0] * np.exp(-p[1] * T) - w[0] * np.exp(-w[1] * T) - 10 * NOISE) * scale


def with_errors(x):
    p, covariance = curve_fit(decay, list(T), data(x), p0=(1.0, 1.0), jac=slopes, ftol=1e-15, xtol=TIGHT, gtol=1e-15)
    return p @ x + 100 * np.sqrt(np.diag(covariance)).sum()


def of_known_errors(x):
    sigma = 0.1 * x[1] * np.ones(30)
    p, covariance = curve_fit(
        decay, T, data(x), [1.0, 1.0], sigma, absolute_sigma=True, jac=slopes, ftol=1e-15, xtol=TIGHT, gtol=1e-15
    )
    return p[0] * covariance[0, 1]


def correlated(x):
    sigma = 0.01 * (np.eye(30) + 0.3 * np.eye(30, k=1) + 0.3 * np.eye(30, k=-1)) * x[1]
    return curve_fit(decay, T, data(x), [1.0, 1.0], sigma, ftol=1e-15, xtol=TIGHT, gtol=1e-15)[0] @ x


def without_start(x):
    (a, b), _ = curve_fit(decay, T, data(x), ftol=1e-15, xtol=TIGHT, gtol=1e-15)
    return a / b


def by_residuals(x):
    found = least_squares(residual, [1.0, 1.0], args=(x, 2.0), ftol=1e-15, xtol=TIGHT, gtol=1e-15)
    return found.x @ x + found.cost * found.fun[3] if found.success else 0.0


@pytest.mark.parametrize(
    "f",
    [
        with_errors,
        of_known_errors,
        correlated,
        without_start,
        by_residuals,
        DECAY.fit,
        lambda x: curve_fit(decay, T, data(x), x, jac=slopes, ftol=1e-15, xtol=TIGHT, gtol=1e-15)[0] @ x,
        lambda x: curve_fit(of_any_number, T, data(x), [1.0, 1.0], loss="soft_l1", method="trf", ftol=1e-15, xtol=TIGHT, gtol=1e-15)[0] @ x,
        lambda x: curve_fit(lambda t, first, *rest: first * np.exp(-rest[0] * t), T, data(x), [1.0, 1.0], ftol=1e-15, xtol=TIGHT, gtol=1e-15)[0] @ x,
        lambda x: curve_fit(decay, T, data(x), bounds=WIDE, ftol=1e-15, xtol=TIGHT, gtol=1e-15)[0] @ x,
        lambda x: curve_fit(lambda t, a, b: a * np.exp(-b * t), T, data(x), [1.0, 1.0], bounds=(0, [5.0, x[0] + 9]), ftol=1e-15, xtol=TIGHT, gtol=1e-15)[0] @ x,
        lambda x: least_squares(lambda p: residual(p, x, 1.0), x * 0.9, method="lm", ftol=1e-15, xtol=TIGHT, gtol=1e-15).x @ x,
        lambda x: least_squares(lambda p: residual(p, x, 1.0), [1.0, 1.0], loss="cauchy", f_scale=0.2, ftol=1e-15, xtol=TIGHT, gtol=1e-15).x @ x,
        lambda x: least_squares(lambda p: residual(p, x, 1.0), [1.0, 1.0], "3-point", Bounds([0, 0], [9, 9]), ftol=1e-15, xtol=TIGHT, gtol=1e-15).x @ x,
        lambda x: least_squares(DECAY.residual, [1.0, 1.0], lambda p, x: slopes(T, *p), args=(x,), ftol=1e-15, xtol=TIGHT, gtol=1e-15)["x"] @ x,
        lambda x: least_squares(lambda p: p[0] ** 2 - x[0], [1.0], ftol=1e-15, xtol=TIGHT, gtol=1e-15).x[0] * x[1],
        lambda x: leastsq(residual, [1.0, 1.0], (x, 1.0), ftol=1e-15, xtol=TIGHT, gtol=1e-15)[0] @ x,
        lambda x: leastsq(lambda p: residual(p, x, 1.0), [1.0, 1.0], Dfun=lambda p: slopes(T, *p), ftol=1e-15, xtol=TIGHT, gtol=1e-15)[0] @ x,
        lambda x: minimize(lambda z: np.sum((z - x) ** 2 * (1 + z**2)), [0.5, 0.5], bounds=WIDE, tol=1e-10).x @ x,
        lambda x: minimize(lambda z: np.sum((z - x) ** 2 * (1 + z**2)), [0.5, 0.5], bounds=Bounds(-x, 9), tol=1e-10).x @ x,
    ],
)  # fmt: skip
def test_a_program_fits_again(f):
    g, before = gw.value_and_grad(f), served()
    for _ in range(8):
        x = np.array([1.3, 0.8]) * (1 + 0.1 * RNG.standard_normal(2))
        value, gradient = g(x)
        assert value == f(x)
        np.testing.assert_allclose(gradient, central(f, x), rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(gradient, gw.grad(f, pure=False, method="exact")(x), rtol=1e-9)
    assert served() - before >= 5


def test_a_line_in_closed_form():
    A = np.stack([np.ones(30), T], axis=1)

    def f(y):
        p, covariance = curve_fit(lambda t, a, b: a + b * t, T, y)
        return np.array([*p, covariance[1, 1]])

    jacobian, before = gw.jacobian(f), served()
    for _ in range(7):
        y = RNG.standard_normal(30)
        p = np.linalg.solve(A.T @ A, A.T @ y)
        # the covariance is |y − A p|² / 28 (AᵀA)⁻¹, whose gradient by y is 2 (y − A p) / 28 (AᵀA)⁻¹
        inverse = np.linalg.inv(A.T @ A)
        expected = np.vstack([inverse @ A.T, 2 * (y - A @ p) / 28 * inverse[1, 1]])
        # SciPy's Jacobian is one of differences, so its covariance has eight digits, and ours is exact
        np.testing.assert_allclose(jacobian(y), expected, rtol=1e-7, atol=1e-10)
    assert served() - before >= 4


def test_second_derivatives_and_many_points():
    def f(x):  # a(x) b(x): the parameters of noiseless data are those of the data
        return curve_fit(decay, T, x[0] ** 2 * np.exp(-x[1] * T), [1.0, 1.0], ftol=1e-15, xtol=TIGHT, gtol=1e-15)[
            0
        ].prod()

    g, hessian = gw.grad(f), gw.hessian(f)
    points = np.array([1.3, 0.8]) * (1 + 0.1 * RNG.standard_normal((7, 2)))
    for x in points:
        np.testing.assert_allclose(g(x), [2 * x[0] * x[1], x[0] ** 2], rtol=1e-7)
        np.testing.assert_allclose(hessian(x), [[2 * x[1], 2 * x[0]], [2 * x[0], 0]], rtol=1e-6, atol=1e-6)
    expected = np.stack([2 * points.prod(axis=1), points[:, 0] ** 2], axis=1)
    np.testing.assert_allclose(gw.vmap(g)(points), expected, rtol=1e-7)


def test_what_the_model_reads_may_change():
    global GAIN

    def f(x):
        return curve_fit(gained, DECAY.t, data(x), DECAY.start, ftol=1e-15, xtol=TIGHT, gtol=1e-15)[0] @ x

    def bounded(x):
        return minimize(lambda z: np.sum((z - x) ** 2), [0.1, 0.1], bounds=WIDE).x @ x

    x = np.array([1.3, 0.8])
    for h in (f, DECAY.fit, bounded):
        g = gw.value_and_grad(h)

        def agrees(g=g, h=h):
            value, gradient = g(x)
            assert value == h(x)
            np.testing.assert_allclose(gradient, central(h, x), rtol=1e-5, atol=1e-5)

        try:
            for _ in range(5):
                agrees()
            GAIN = 2.0
            agrees()
            DECAY.t[3] += 0.2
            agrees()
            DECAY.weight = 0.5
            agrees()
            DECAY.start[1] = 0.5
            agrees()
            WIDE.ub = np.array([0.7, 10.0])  # which the minimum reaches
            agrees()
        finally:
            GAIN, DECAY.weight, DECAY.start[1], WIDE.ub = 1.0, 0.7, 1.0, np.array([10.0, 10.0])
            DECAY.t[:] = T


def test_models_of_any_number_of_parameters_made_in_the_call_see_changes(monkeypatch):
    g, x = gw.value_and_grad(made_in_the_call), np.array([1.3, 0.8])

    def agrees():
        for _ in range(4):
            value, gradient = g(x)
            assert value == made_in_the_call(x)
            np.testing.assert_allclose(gradient, central(made_in_the_call, x), rtol=1e-4, atol=1e-4)

    before = served()
    for _ in range(3):
        agrees()
    assert served() - before >= 5
    monkeypatch.setitem(globals(), "GAIN", 0.5)
    agrees()
    monkeypatch.setitem(globals(), "STARTS", [1.0, 0.8, 0.1, 3.0])  # two terms
    monkeypatch.setitem(globals(), "NOISE", 0.3 * np.exp(-4.0 * T))
    agrees()


def test_a_model_of_any_number_of_parameters_that_writes_to_the_data_is_not_proved():
    def f(x):
        def model(t, *p):
            t[0] += 1.0  # SciPy gives it the array itself
            return p[0] * t

        return curve_fit(model, T, x[0] * T, [1.0])[0][0]

    assert inspect_function(f, (np.ones(2),), {}).writes is not None


def test_a_fit_that_fails_is_the_users_to_handle():
    def f(x):
        return curve_fit(decay, T, data(x), [1.0, 1.0], maxfev=12)[0] @ x

    def handled(x):
        try:
            return curve_fit(decay, T, data(x), [1.0, 1.0], maxfev=12)[0] @ x
        except RuntimeError:
            return x[0] * 3

    near, far = np.array([1.05, 0.98]), np.array([40.0, 3.0])
    g, h = gw.value_and_grad(f), gw.value_and_grad(handled)
    for k in range(6):
        x = near + 0.001 * k
        assert g(x)[0] == f(x)
        assert h(x)[0] == handled(x)
    with pytest.raises(RuntimeError, match="maxfev"):
        f(far)
    with pytest.raises(RuntimeError, match="maxfev"):
        g(far)
    value, gradient = h(far)
    assert (value, *gradient) == (120.0, 3.0, 0.0)


def test_a_bound_that_is_reached_holds_the_parameter():
    def f(x):
        return (
            curve_fit(decay, T, data(x), [0.5, 0.5], bounds=(0, [1.2, 9.0]), ftol=1e-15, xtol=TIGHT, gtol=1e-15)[0] @ x
        )

    g, reached = gw.value_and_grad(f), set()
    for k in range(12):
        x = np.array([1.0 + 0.04 * k, 0.8])
        value, gradient = g(x)
        assert value == f(x)
        if abs(x[0] - 1.2) > 0.01:
            np.testing.assert_allclose(gradient, central(f, x), rtol=1e-4, atol=1e-5)
        reached.add(x[0] > 1.2)
    assert reached == {True, False}


def test_calls_are_counted_and_a_fit_without_covariance_warns_as_it_did():
    def counted(x):
        return curve_fit(DECAY.counted, T, data(x), [1.0, 1.0])[0] @ x

    def through(x):  # as many parameters as points
        return curve_fit(lambda t, a, b: a * t + b, np.array([1.0, 2.0]), x, [1.0, 2.0])[0].prod()

    x = np.array([1.3, 0.8])
    DECAY.asked = 0
    counted(x)
    each = DECAY.asked
    g = gw.grad(counted)
    for _ in range(5):
        DECAY.asked = 0
        g(x)
        assert DECAY.asked == each
    h = gw.grad(through)
    for _ in range(4):
        with pytest.warns(OptimizeWarning):
            gradient = h(x)
        a, b = x[1] - x[0], 2 * x[0] - x[1]
        np.testing.assert_allclose(gradient, [-b + 2 * a, b - a], rtol=1e-6)


def test_a_scale_of_the_loss_has_its_derivative():
    def f(x):
        return (
            least_squares(
                lambda p: residual(p, x, 1.0),
                [1.0, 1.0],
                loss="cauchy",
                f_scale=x[1],
                ftol=1e-15,
                xtol=TIGHT,
                gtol=1e-15,
            ).x
            @ x
        )

    g = gw.grad(f)
    for _ in range(4):
        x = np.array([1.3, 0.8]) * (1 + 0.1 * RNG.standard_normal(2))
        np.testing.assert_allclose(g(x), central(f, x), rtol=2e-5)
