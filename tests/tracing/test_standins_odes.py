"""``solve_ivp`` and ``odeint``: derivatives of solutions against closed forms, values SciPy's."""

import math

import numpy as np
import pytest
import scipy.integrate
from scipy.integrate import odeint, solve_ivp

import gradwise as gw
from gradwise.errors import TracingError
from gradwise.tracing.standins import implicit_steps, runge_kutta

TIGHT = {"rtol": 1e-10, "atol": 1e-12}
METHODS = ["RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA"]
# RK23's global error at these tolerances, and that of the other explicit schemes
ACCURACY = {"RK23": 3e-7, "RK45": 1e-8}


def check(f, x, jacobian, tolerance=1e-8, hessian=None):
    value, got = gw.value_and_jacobian(f, method="exact")(x) if hasattr(gw, "value_and_jacobian") else (None, None)
    if value is None:
        value, got = f(x), gw.jacobian(f, method="exact")(x)
    np.testing.assert_array_equal(value, f(x))
    np.testing.assert_allclose(got, jacobian, rtol=tolerance, atol=tolerance)
    u = np.cos(np.arange(np.size(x))).reshape(np.shape(x))
    value, pushed = gw.jvp(f, (x,), (u,), method="exact")
    np.testing.assert_array_equal(value, f(x))
    np.testing.assert_allclose(pushed, np.dot(jacobian, u), rtol=tolerance, atol=tolerance)
    if hessian is not None:
        second = gw.jacobian(gw.jacobian(f, method="exact"), method="exact")(x)
        np.testing.assert_allclose(second, hessian, rtol=10 * tolerance, atol=10 * tolerance)


def oscillator(x, method="RK45", t=2.0):
    """Y'' = −w² y from y = a, y' = 0: a cos(w t)."""
    w, a = x
    solution = solve_ivp(lambda t, y: [y[1], -w * w * y[0]], (0.0, t), [a, 0.0], method=method, **TIGHT)
    return solution.y[0, -1]


# RK45 takes many steps: a short while stands for a long one
@pytest.mark.parametrize(
    ("method", "t"),
    [("RK45", 0.1), pytest.param("RK45", 2.0, marks=pytest.mark.slow)] + [(m, 2.0) for m in METHODS if m != "RK45"],
)
def test_a_harmonic_oscillator(method, t):
    w, a = 1.3, 0.7
    c, s = math.cos(w * t), math.sin(w * t)
    hessian = [[-a * t * t * c, -t * s], [-t * s, 0]]
    x = np.array([w, a])
    tolerance = ACCURACY.get(method, 1e-8)
    got = gw.grad(oscillator, method="exact", check=False)(x, method, t)
    np.testing.assert_allclose(got, [-a * t * s, c], rtol=tolerance, atol=tolerance)
    if method not in ("RK23", "LSODA"):
        check(lambda x: oscillator(x, method, t), x, [-a * t * s, c], tolerance, hessian)


@pytest.mark.parametrize("method", ["RK45", "DOP853", "BDF"])
def test_times_of_evaluation(method):
    times = np.array([0.0, 0.3, 0.31, 1.1, 1.5])

    def f(k):
        return solve_ivp(lambda t, y: -k * y, (0, 1.5), [2.0], method, times, **TIGHT).y[0]

    # the interpolation of RK45 is of order 4
    e = 2 * np.exp(-0.8 * times)
    check(f, 0.8, -times * e, {"RK45": 2e-8}.get(method, 1e-9), times**2 * e)


def test_states_at_the_times_that_scipy_chose():
    def f(k):
        solution = solve_ivp(lambda t, y: -k * y, (0, 1.5), [2.0], **TIGHT)
        assert type(solution.t) is np.ndarray
        assert solution.success
        return solution.y[0]

    times = solve_ivp(lambda t, y: -0.8 * y, (0, 1.5), [2.0], **TIGHT).t
    # at these times: a difference would be between states at other times
    got = gw.jacobian(f, method="exact", check=False)(0.8)
    np.testing.assert_allclose(got, -2 * times * np.exp(-0.8 * times), rtol=1e-8, atol=1e-12)
    second = gw.jacobian(gw.jacobian(f, method="exact", check=False), method="exact", check=False)(0.8)
    np.testing.assert_allclose(second, 2 * times**2 * np.exp(-0.8 * times), rtol=1e-8, atol=1e-12)


def test_backwards_in_time():
    def f(k):
        return solve_ivp(lambda t, y: -k * y, (1.5, 0), [2.0], t_eval=[1.5, 0.7, 0.0], **TIGHT).y[0]

    elapsed = np.array([0.0, 0.8, 1.5])
    check(f, 0.8, 2 * elapsed * np.exp(0.8 * elapsed), 1e-7)


def test_the_ends_of_the_span():
    def f(x):
        solution = solve_ivp(lambda t, y: x[2] * t * y, (x[0], x[1]), [1.0], method="DOP853", **TIGHT)
        return np.stack([solution.y[0, -1], solution.t[-1], solution.t[0], solution.y[0, 0]])

    a, b, k = x = np.array([0.3, 1.2, 0.9])
    y = math.exp(k * (b * b - a * a) / 2)
    g = np.array([-k * a, k * b, (b * b - a * a) / 2])
    h = y * (np.outer(g, g) + np.array([[-k, 0, -a], [0, k, b], [-a, b, 0]]))
    zero = np.zeros((3, 3))
    check(f, x, [y * g, [0, 1, 0], [1, 0, 0], [0, 0, 0]], 1e-8, [h, zero, zero, zero])


def test_traced_times_of_evaluation():
    def f(x):
        times = np.linspace(0, x[0], 4)
        return solve_ivp(lambda t, y: -x[1] * y, (0, x[0]), [1.0], t_eval=times, **TIGHT).y[0]

    def at(x):
        return solve_ivp(lambda t, y: -x[1] * y, (0, 3), [1.0], t_eval=[0.2 * x[0], x[0]], **TIGHT).y[0]

    x = np.array([1.4, 0.6])
    for g, share in ((f, np.arange(4) / 3), (at, np.array([0.2, 1.0]))):
        e = np.exp(-0.6 * share * 1.4)
        check(g, x, np.stack([-0.6 * share * e, -1.4 * share * e], axis=1), 1e-7)


@pytest.mark.slow
def test_dense_output():
    def f(x):
        solution = solve_ivp(lambda t, y: -x[0] * y, (0, 2), [1.0], "DOP853", dense_output=True, **TIGHT)
        assert solution.sol.t_max == 2
        return np.concatenate([solution.sol(x[1]), solution.sol([0.5, 1.5])[0]])

    k, t = x = np.array([0.7, 1.1])
    e = math.exp(-k * t)
    rows = [[-t * e, -k * e], [-0.5 * math.exp(-0.35), 0], [-1.5 * math.exp(-1.05), 0]]
    check(f, x, rows, 1e-9, [[[t * t * e, (k * t - 1) * e], [(k * t - 1) * e, k * k * e]], *[
        [[s * s * math.exp(-k * s), 0], [0, 0]] for s in (0.5, 1.5)
    ]])  # fmt: skip


def test_arguments_vectorised_and_classes():
    def matrix(x):
        def rhs(t, y, k):
            return np.array([[-1.0, 0.0], [1.0, -2.0]]) @ y * k

        return solve_ivp(rhs, (0, 1), x[1:], args=(x[0],), vectorized=True, **TIGHT).y[:, -1]

    def row(x):
        return solve_ivp(lambda t, y, a, b: a * y + b, (0, 1), [1.0], args=x, **TIGHT).y[0, -1]

    k, p, q = x = np.array([0.8, 1.0, 0.5])
    e, d = math.exp(-k), math.exp(-2 * k)
    # y0 = p e^(−k), y1 = p e^(−k) + (q − p) e^(−2k)
    check(matrix, x, [[-p * e, e, 0], [-p * e - 2 * (q - p) * d, e - d, d]])
    a, b = 0.5, 0.2
    g = math.exp(a)
    check(row, np.array([a, b]), [g + b * (g * a - g + 1) / a**2, (g - 1) / a])

    class Decay:
        def __init__(self, rate):
            self.rate = rate

        def __call__(self, t, y):
            return -self.rate * y

    check(lambda k: solve_ivp(Decay(k), (0, 1), [1.0], **TIGHT).y[0, -1], 0.8, -math.exp(-0.8))


@pytest.mark.slow
def test_a_right_hand_side_that_fills_one_array():
    def f(k):
        out = np.zeros(2)

        def rhs(t, y):
            out[0] = y[1]
            out[1] = -k * y[0]
            return out

        return solve_ivp(rhs, (0, 1), [1.0, 0.0], **TIGHT).y[0, -1]

    k = 1.7
    check(f, k, -math.sin(math.sqrt(k)) / (2 * math.sqrt(k)))


def lotka_volterra(x):
    def rhs(t, y):
        prey, predator = y
        return [x[0] * prey - x[1] * prey * predator, x[2] * prey * predator - x[3] * predator]

    return solve_ivp(rhs, (0.0, 3.0), [2.0, 1.0], rtol=1e-11, atol=1e-13).y[:, -1]


def test_lotka_volterra():
    x = np.array([1.1, 0.4, 0.1, 0.4])

    def slope(i, h):
        e = h * np.eye(4)[i]
        return (lotka_volterra(x + e) - lotka_volterra(x - e)) / (2 * h)

    wanted = np.stack([(4 * slope(i, 5e-4) - slope(i, 1e-3)) / 3 for i in range(4)], axis=1)
    check(lotka_volterra, x, wanted, 1e-7)


@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853", "LSODA"])
def test_derivatives_are_the_solutions_at_the_default_tolerances(method):
    def f(k):
        return solve_ivp(lambda t, y: -k * y * y, (0, 2), [1.0], method).y[0, -1]

    # 1/(1 + k t), of which SciPy's solution has the derivative to some per cent only
    check(f, 0.5, -0.5, 1e-8, 1.0)


def test_complex_states():
    def f(w):
        z = solve_ivp(lambda t, y: 1j * w * y, (0, 1), np.array([1.0 + 0j]), **TIGHT).y[0, -1]
        return z.real + 3 * z.imag

    check(f, 0.9, -math.sin(0.9) + 3 * math.cos(0.9))


def test_nothing_traced_is_scipys():
    plain = solve_ivp(lambda t, y: -y, (0, 1), [1.0], dense_output=True)

    def f(x):
        solution = solve_ivp(lambda t, y: -y, (0, 1), [1.0], dense_output=True)
        assert type(solution.y) is np.ndarray
        assert type(solution.sol) is scipy.integrate.OdeSolution
        np.testing.assert_array_equal(solution.y, plain.y)
        table = odeint(lambda y, t: -y, 1.0, [0, 1])
        assert type(table) is np.ndarray
        return x * solution.y[0, -1]

    assert gw.grad(f, method="exact")(2.0) == plain.y[0, -1]


def fall(height, event, **options):
    def rhs(t, y):
        return [y[1], -9.81]

    return solve_ivp(rhs, (0, 10), [height, 0.0], events=event, **(TIGHT | options))


def ground(t, y):
    return y[0]


ground.terminal = True


def test_an_event_that_ends_the_run():
    def f(h):
        solution = fall(h, ground)
        assert solution.status == 1
        return np.stack([solution.t[-1], *solution.y[:, -1], solution.t_events[0][0], *solution.y_events[0][0]])

    h, g = 2.0, 9.81
    t, v = math.sqrt(2 * h / g), -math.sqrt(2 * g * h)
    first = np.array([t / (2 * h), 0, v / (2 * h)] * 2)
    second = np.array([-t / (4 * h * h), 0, -v / (4 * h * h)] * 2)
    check(f, h, first, 1e-9, second)
    check(lambda h: fall(h, ground, t_eval=[0.1, 0.2, 5.0]).y[0], h, [1, 1])
    check(lambda h: fall(h, ground, method="BDF").t[-1], h, t / (2 * h))


def test_events_that_do_not_end_the_run():
    def f(x):
        def level(t, y):
            return y[0] - x[1]

        solution = solve_ivp(
            lambda t, y: [y[1], -x[0] * y[0]],
            (0, 5),
            [1.0, 0.0],
            "DOP853",
            events=[level, lambda t, y: y[0] + 9],
            **TIGHT,
        )
        assert len(solution.t_events[0]) == 2
        assert len(solution.t_events[1]) == 0
        return np.concatenate([solution.t_events[0], solution.y_events[0][:, 1], solution.y[:1, -1]])

    # cos(w t) = c at t = arccos(c)/w and (2π − arccos(c))/w
    k, c = x = np.array([2.0, 0.3])
    w, a = math.sqrt(k), math.acos(c)
    s = math.sqrt(1 - c * c)
    rows = np.array([
        [-a / w**3 / 2, -1 / (w * s)],
        [-(2 * math.pi - a) / w**3 / 2, 1 / (w * s)],
        [-s / (2 * w), w * c / s],
        [s / (2 * w), -w * c / s],
        [-5 * math.sin(5 * w) / (2 * w), 0],
    ])  # fmt: skip
    check(f, x, rows, 1e-8)


def test_an_event_alone_is_traced():
    def f(level):
        return fall(2.0, lambda t, y: y[0] - level).t_events[0][0]

    t = math.sqrt(2 * 1.5 / 9.81)
    check(f, 0.5, -1 / (9.81 * t), 1e-9, -1 / (9.81**2 * t**3))
    # one that does not occur
    check(lambda h: fall(h, [lambda t, y: y[0] + 1e4]).y[0, -1], 2.0, 1.0)


def test_an_event_without_a_slope_is_refused():
    def f(k):
        return solve_ivp(lambda t, y: [k], (0, 2), [-1.0], events=lambda t, y: np.sign(y[0])).t_events[0][0]

    with pytest.raises(TracingError, match="has no slope"):
        gw.grad(f, method="exact")(1.0)


@pytest.mark.parametrize("tolerances", [TIGHT, {"rtol": 1e-6}])
def test_a_right_hand_side_that_jumps(tolerances):
    def f(k):
        # y' = k up to y = 1, then 3: y(2) = 1 + 3 (2 − 1/k)
        return solve_ivp(lambda t, y: [k if y[0] < 1 else 3.0], (0, 2), [0.0], **tolerances).y[0, -1]

    np.testing.assert_allclose(gw.grad(f, method="exact")(0.8), 3 / 0.64, rtol=1e-8)


@pytest.mark.parametrize("method", ["Radau", "odeint"])
def test_a_stiff_equation(method):
    times = [0.0, 1.0, 5.0]

    def rhs(t, y, k):
        return -k * (y - np.cos(t))

    def f(k):
        if method == "odeint":
            return odeint(rhs, 0.0, times, args=(k,), tfirst=True, rtol=1e-8, atol=1e-10)[:, 0]
        return solve_ivp(rhs, (0, 5), [0.0], method, times, args=(k,), rtol=1e-8, atol=1e-10).y[0]

    # what is left after the layer at 0: (k² cos t + k sin t)/(k² + 1)
    k = 3e3
    t = np.array(times[1:])
    n, d = k * k * np.cos(t) + k * np.sin(t), k * k + 1
    slope = ((2 * k * np.cos(t) + np.sin(t)) * d - 2 * k * n) / d**2
    value, got = f(k), gw.jacobian(f, method="exact")(k)
    np.testing.assert_allclose(got, [0, *slope], rtol=1e-4, atol=1e-12)
    np.testing.assert_array_equal(gw.jvp(f, (k,), (1.0,), method="exact")[0], value)


@pytest.mark.slow
def test_a_stiff_linear_system():
    matrix = np.array([[998.0, 1998.0], [-999.0, -1999.0]])

    def f(x):
        solution = solve_ivp(
            lambda t, y: x[0] * (matrix @ y), (0, 4), x[1:], "BDF", rtol=1e-8, atol=1e-10, dense_output=True
        )
        return np.concatenate([solution.y[:, -1], solution.sol(3.3)])

    # eigenvalues −1 and −1000: the slow part is (2, −1) (y0 + y1) e^(−k t)
    k, p, q = x = np.array([1.2, 1.0, 0.5])
    rows, second = [], []
    for t in (4.0, 3.3):
        e = math.exp(-k * t)
        for v in (2, -1):
            rows.append([-v * t * (p + q) * e, v * e, v * e])
            second.append([[v * t * t * (p + q) * e, -v * t * e, -v * t * e], [-v * t * e, 0, 0], [-v * t * e, 0, 0]])
    got = gw.jacobian(f, method="exact")(x)
    np.testing.assert_allclose(got, rows, rtol=1e-5, atol=1e-6)
    twice = gw.jacobian(gw.jacobian(lambda x: f(x)[:1], method="exact"), method="exact")(x)
    np.testing.assert_allclose(twice, second[:1], rtol=1e-4, atol=1e-5)


def test_too_many_steps_are_refused(monkeypatch):
    for module in (runge_kutta, implicit_steps):
        monkeypatch.setattr(module, "MAXIMAL_STEPS", 5)

    def f(k):
        return solve_ivp(lambda t, y: -k * y, (0, 5), [1.0], method="Radau").y[0, -1]

    with pytest.raises(TracingError, match="more steps"):
        gw.grad(f, method="exact")(1.0)


@pytest.mark.parametrize("tolerances", [TIGHT, {}])
def test_a_solution_that_ends_early_is_refused(tolerances):
    def f(k):
        return solve_ivp(lambda t, y: k * y**2, (0, 5), [1.0], **tolerances).y[0, -1]

    with pytest.raises(TracingError, match=r"failed at t = (1|0\.999)"):
        gw.grad(f, method="exact")(1.0)


def kinetics(x):
    def rhs(y, t, k1, k2):
        return np.array([-k1 * y[0], k1 * y[0] - k2 * y[1]])

    return odeint(rhs, np.array([x[2], 0.0]), np.array([0.0, 0.5, 1.0]), args=(x[0], x[1]), **TIGHT)[-1]


def test_odeint():
    a, b, y = x = np.array([0.7, 1.3, 1.5])
    e, d = math.exp(-a), math.exp(-b)
    # y a/(b − a) (e^(−a) − e^(−b))
    n = b - a
    rows = [
        [-y * e, 0, e],
        [y * (b / n**2 * (e - d) - a / n * e), y * (-a / n**2 * (e - d) + a / n * d), a / n * (e - d)],
    ]
    check(kinetics, x, rows, 1e-9)
    # d²/da² of y e^(−a)
    hessian = gw.jacobian(gw.jacobian(kinetics, method="exact"), method="exact")(x)
    np.testing.assert_allclose(hessian[0], [[y * e, 0, -e], [0, 0, 0], [-e, 0, 0]], atol=1e-8)


@pytest.mark.slow
def test_odeint_with_its_options():
    def first(k):
        y, info = odeint(lambda t, y: -k * y, 2.0, [0, 0.5, 0.5, 2], tfirst=True, full_output=True, **TIGHT)
        assert info["message"] == "Integration successful."
        return y[:, 0]

    def jacobian(k):
        return odeint(lambda y, t: -k * y, [2.0], [1.0, 0.0], Dfun=lambda y, t: [[-k]], **TIGHT)[:, 0]

    def until(x):
        return odeint(lambda y, t: -x[0] * y, [2.0], [0.0, x[1]], **TIGHT)[-1, 0]

    t = np.array([0, 0.5, 0.5, 2])
    check(first, 0.8, -2 * t * np.exp(-0.8 * t))
    check(jacobian, 0.8, [0, 2 * math.exp(0.8)])
    k, t = 0.8, 1.5
    e = 2 * math.exp(-k * t)
    check(until, np.array([k, t]), [-t * e, -k * e], 1e-8, [[t * t * e, (k * t - 1) * e], [(k * t - 1) * e, k * k * e]])


def test_many_points_and_reuse():
    points = np.array([[1.3, 0.7], [0.2, 1.1], [2.0, 0.3]])
    gradient = gw.grad(oscillator, method="exact")
    each = np.array([gradient(p) for p in points])
    np.testing.assert_allclose(gw.vmap(gradient)(points), each, rtol=1e-12)
    promised = gw.grad(oscillator, pure=True)
    for _ in range(3):
        for p, want in zip(points, each, strict=True):
            np.testing.assert_allclose(promised(p), want, rtol=1e-12)


def test_errors_are_scipys():
    with pytest.raises(ValueError, match="`method` must be one of"):
        gw.grad(lambda k: solve_ivp(lambda t, y: -k * y, (0, 1), [1.0], method="Euler").y[0, -1], method="exact")(1.0)
    with pytest.raises(ValueError, match="not within"):
        gw.grad(lambda k: solve_ivp(lambda t, y: -k * y, (0, 1), [1.0], t_eval=[2]).y[0, -1], method="exact")(1.0)
