"""Solutions as one operation: which callbacks are proved, that the others run as ever, and derivatives against closed forms."""

from __future__ import annotations

import itertools
import math
import threading
import types

import numpy as np
import pytest
import scipy
import scipy.linalg
import scipy.special
from scipy.integrate import odeint, quad, solve_ivp
from scipy.optimize import brentq, fixed_point, fsolve, newton, root, root_scalar

import gradwise as gw

TIGHT = {"rtol": 1e-10, "atol": 1e-12}
K, T = 0.8, 1.5
E = math.exp(-K * T)


def is_known(f, *args):
    """Whether the program of f holds a solution as one operation."""
    return any(e.primitive.name == "solution" for e in gw.trace(f, *args).equations)


def exact(f, x):
    """The derivative, forward and reverse, beside the value, which is that of the plain call."""
    value, pushed = gw.jvp(f, (x,), (1.0,), method="exact")
    np.testing.assert_array_equal(value, f(x))
    pulled = gw.grad(f, method="exact")(x)
    np.testing.assert_allclose(pushed, pulled, rtol=1e-11, atol=1e-14)
    return pulled


# --- decay y' = −k y from 1, in many dresses: y(T) = e^(−kT), its derivatives −T y and T² y ------------------------------------------


def with_closure(k):
    return solve_ivp(lambda t, y: -k * y, (0, T), [1.0]).y[0, -1]


def with_args(k):
    return solve_ivp(lambda t, y, k: -k * y, (0, T), [1.0], args=(k,)).y[0, -1]


def with_default(k):
    def rhs(t, y, k=k):
        return [-k * y[0]]

    return solve_ivp(rhs, (0, T), [1.0], "LSODA").y[0, -1]


def with_inner_function(k):
    def rate(y):
        return k * y

    return solve_ivp(lambda t, y: -rate(y), (0, T), [1.0], "DOP853").y[0, -1]


def with_list(k):
    rates = [0.0, k]
    return odeint(lambda y, t: -rates[1] * y, 1.0, [0, T])[-1, 0]


def with_dict(k):
    rates = {"k": k, "zero": np.zeros(3)}
    return odeint(lambda y, t, p: -p["k"] * y + p["zero"][0], 1.0, [0, T], args=(rates,))[-1, 0]


class Decay:
    def __init__(self, rate):
        self.rate = rate

    def slope(self, t, y):
        return -self.rate * y

    def __call__(self, t, y):
        return self.slope(t, y)


def with_method(k):
    return solve_ivp(Decay(k).slope, (0, T), [1.0], "BDF").y[0, -1]


def with_object(k):
    return solve_ivp(Decay(k), (0, T), [1.0], "Radau").y[0, -1]


def with_object_in_closure(k):
    decay = Decay(k)
    return solve_ivp(lambda t, y: decay.slope(t, y), (0, T), [1.0], "RK23").y[0, -1]


def with_comprehension(k):
    return solve_ivp(lambda t, y: np.array([-k * v for v in y]), (0, T), [1.0, 2.0]).y[0, -1]


def with_jacobian(k):
    return solve_ivp(lambda t, y: -k * y, (0, T), [1.0], "BDF", jac=lambda t, y: np.array([[-k]])).y[0, -1]


def vectorised(k):
    return solve_ivp(lambda t, y: -k * y, (0, T), [1.0], "Radau", vectorized=True).y[0, -1]


DECAYS = [
    with_closure, with_args, with_default, with_inner_function, with_list, with_dict, with_method, with_object,
    with_object_in_closure, with_comprehension, with_jacobian, vectorised,
]  # fmt: skip


@pytest.mark.parametrize("f", DECAYS)
def test_a_right_hand_side_that_is_proved(f):
    assert is_known(f, K)
    np.testing.assert_allclose(exact(f, K), -T * E, rtol=1e-8)
    np.testing.assert_allclose(gw.derivative(f, 2, method="exact")(K), T * T * E, rtol=1e-8)
    np.testing.assert_allclose(gw.grad(gw.grad(f, method="exact"), method="exact")(K), T * T * E, rtol=1e-8)


# --- what is not proved ---------------------------------------------------------------------------------------------------------------


def counting(k):
    calls = 0

    def rhs(t, y):
        nonlocal calls
        calls += 1
        return -k * y

    return solve_ivp(rhs, (0, T), [1.0], **TIGHT).y[0, -1] + 0.0 * calls


def remembering(k):
    known = {}

    def rhs(t, y):
        if t not in known:
            known[t] = -k
        return known[t] * y

    return solve_ivp(rhs, (0, T), [1.0], **TIGHT).y[0, -1]


def collecting(k):
    seen = []

    def rhs(t, y):
        seen.append(t)
        return -k * y

    return odeint(rhs, 1.0, [0, T], tfirst=True)[-1, 0] + 0.0 * len(seen)


def filling(k):
    out = np.zeros(1)

    def rhs(t, y):
        out[0] = -k * y[0]
        return out

    return solve_ivp(rhs, (0, T), [1.0], **TIGHT).y[0, -1]


def catching(k):
    def rhs(t, y):
        try:
            return [-k * y[0] * (1 if t < 9 else {}["late"])]
        except KeyError:
            return [0.0]

    return solve_ivp(rhs, (0, T), [1.0], **TIGHT).y[0, -1]


class Counter:
    def __init__(self, k):
        self.k, self.calls = k, 0

    def __call__(self, t, y):
        self.calls += 1
        return -self.k * y


def counting_object(k):
    return solve_ivp(Counter(k), (0, T), [1.0], **TIGHT).y[0, -1]


def changing_events(k):
    factor = [1.0]

    def event(t, y):
        factor[0] = 1.0
        return y[0] - 2.0

    return solve_ivp(lambda t, y: -k * factor[0] * y, (0, T), [1.0], events=event, **TIGHT).y[0, -1]


UNPROVED = [counting, remembering, collecting, filling, catching, counting_object, changing_events]


@pytest.mark.parametrize("f", UNPROVED)
def test_a_right_hand_side_that_leaves_something_behind_is_watched(f):
    assert not is_known(f, K)
    np.testing.assert_allclose(gw.grad(f, method="exact")(K), -T * E, rtol=1e-8)


def test_random_numbers_are_not_replayed():
    generator = np.random.default_rng(3)

    def f(k):
        return solve_ivp(lambda t, y: -k * y + 0.0 * generator.normal(), (0, T), [1.0]).y[0, -1]

    assert not is_known(f, K)
    np.testing.assert_allclose(gw.grad(f, method="exact", check=False)(K), -T * E, rtol=1e-8)


def test_what_a_closure_holds_is_read_anew():
    state = {"k": 2.0}
    scale = np.array([1.0])

    def f(x):
        return odeint(lambda y, t: -state["k"] * scale[0] * x * y, 1.0, [0.0, 1.0], **TIGHT)[-1, 0]

    gradient = gw.grad(f, method="exact")
    for k, s in itertools.product((2.0, 3.0), (1.0, 0.5)):
        state["k"], scale[0] = k, s
        for _ in range(3):
            np.testing.assert_allclose(gradient(0.7), -k * s * math.exp(-k * s * 0.7), rtol=1e-8)

    # rebound in the middle of a function
    def twice(x):
        k = x
        first = solve_ivp(lambda t, y: -k * y, (0, 1), [1.0], **TIGHT).y[0, -1]
        k = 2 * x
        return first + solve_ivp(lambda t, y: -k * y, (0, 1), [1.0], **TIGHT).y[0, -1]

    np.testing.assert_allclose(exact(twice, 0.7), -math.exp(-0.7) - 2 * math.exp(-1.4), rtol=1e-8)


# --- branches -------------------------------------------------------------------------------------------------------------------------


def test_a_branch_that_is_always_taken():
    def f(k):
        return solve_ivp(lambda t, y: -k * y if y[0] > 0 and t < 100 else [0.0], (0, T), [1.0], **TIGHT).y[0, -1]

    assert is_known(f, K)
    np.testing.assert_allclose(exact(f, K), -T * E, rtol=1e-8)


def test_a_branch_on_the_time_that_turns():
    def f(k):
        return solve_ivp(lambda t, y: -k * y if t < 0.5 else -2 * k * y, (0, T), [1.0], **TIGHT).y[0, -1]

    # the integral of the rate is k (0.5 + 2 · 1)
    assert is_known(f, K)
    np.testing.assert_allclose(gw.grad(f, method="exact", check=False)(K), -2.5 * math.exp(-2.5 * K), rtol=1e-9)


@pytest.mark.parametrize("choice", [lambda k, y: [k if y[0] < 1 else 3.0], lambda k, y: np.where(y < 1, k, 3.0)])
def test_a_branch_or_a_choice_on_the_state_that_jumps(choice):
    # y' = k up to y = 1, then 3: y(2) = 1 + 3 (2 − 1/k)
    def f(k):
        return solve_ivp(lambda t, y: choice(k, y), (0, 2), [0.0]).y[0, -1]

    assert is_known(f, 0.8)
    np.testing.assert_allclose(gw.grad(f, method="exact")(0.8), 3 / 0.64, rtol=1e-8)


# --- ends, times, events ------------------------------------------------------------------------------------------------------------------


def test_an_event_that_ends_the_run():
    def f(x):
        def ground(t, y):
            return y[0]

        ground.terminal, ground.direction = True, -1
        found = solve_ivp(lambda t, y: [y[1], -x[0]], (0, 10), [x[1], 0.0], events=ground)
        return np.stack([found.t[-1], found.y[1, -1], found.t_events[0][0]])

    assert is_known(f, np.array([9.81, 2.0]))
    g, h = 9.81, 2.0
    t = math.sqrt(2 * h / g)
    rows = [[-t / (2 * g), t / (2 * h)], [-t / 2, -g * t / (2 * h)], [-t / (2 * g), t / (2 * h)]]
    x = np.array([g, h])
    np.testing.assert_allclose(gw.jacobian(f, method="exact")(x), rows, rtol=1e-7)
    second = gw.jacobian(gw.jacobian(lambda x: f(x)[0], method="exact"), method="exact")(x)
    np.testing.assert_allclose(
        second, [[3 * t / (4 * g * g), -t / (4 * g * h)], [-t / (4 * g * h), -t / (4 * h * h)]], rtol=1e-6
    )


@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853", "LSODA", "BDF", "Radau"])
def test_all_methods_forward_and_reverse(method):
    matrix = np.array([[-0.5, 1.0], [-1.0, -0.3]])
    times = np.linspace(0, 2, 7)

    def f(x):
        found = solve_ivp(lambda t, y: x[0] * (matrix @ y), (0, 2), x[1:], method, times, dense_output=True)
        return np.concatenate([found.y.T.ravel(), found.sol(1.23)])

    x = np.array([1.1, 2.0, -0.5])
    np.testing.assert_array_equal(gw.jvp(f, (x,), (x,), method="exact")[0], f(x))
    rows = []
    for t in (*times, 1.23):
        flow = scipy.linalg.expm(x[0] * t * matrix)
        rows.append(np.column_stack([t * matrix @ flow @ x[1:], flow]))
    wanted = np.concatenate(rows)
    forward = gw.jacfwd(f, method="exact")(x)
    np.testing.assert_allclose(forward, wanted, rtol=2e-7, atol=2e-8)
    np.testing.assert_allclose(gw.jacrev(f, method="exact")(x), forward, rtol=1e-10, atol=1e-12)
    u, v = np.array([0.3, -1.0, 0.7]), np.array([1.0, 0.2, -0.4])
    hessian = gw.hessian(lambda x: np.sum(f(x) ** 2), method="exact")(x)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(gw.hvp(lambda x: np.sum(f(x) ** 2))(x, v) @ u, u @ hessian @ v, rtol=1e-9)


def test_many_unknowns_and_parameters():
    rng = np.random.default_rng(0)
    matrix, start = rng.normal(size=(20, 20)) * 0.2 - np.eye(20), rng.normal(size=20)
    weights = rng.normal(size=(9, 20))

    def f(p):
        return np.sum(weights * odeint(lambda y, t: matrix @ np.tanh(p * y), start, np.linspace(0, 2, 9), **TIGHT))

    assert is_known(f, np.ones(20))
    p = np.linspace(0.5, 1.5, 20)
    gradient = gw.grad(f, method="exact")(p)
    u = np.cos(np.arange(20))
    estimate = gw.numerical.derivative(lambda s: f(p + s * u), 0.0)
    np.testing.assert_allclose(gradient @ u, estimate.value, rtol=1e-6)
    np.testing.assert_allclose(gw.jvp(f, (p,), (u,), method="exact")[1], gradient @ u, rtol=1e-11)


@pytest.mark.parametrize("stiffness", [1.0, 60.0])
def test_a_large_system(stiffness):
    # diffusion on a ring: the modes decay by themselves, y = Σ cₘ e^(−p λₘ t) modeₘ
    n, times = 60, np.array([0.1, 0.25, 0.4])
    angles = 2 * np.pi * np.arange(n) / n
    modes = [np.cos(m * angles) for m in (1, 2, 5)]
    rates = [stiffness * (2 - 2 * math.cos(2 * math.pi * m / n)) for m in (1, 2, 5)]
    weights = np.cos(np.arange(3 * n)).reshape(3, n)

    def f(x):
        start = x[1] * modes[0] + x[2] * modes[1] + 0.5 * modes[2]
        found = solve_ivp(
            lambda t, y: x[0] * stiffness * (np.roll(y, 1) - 2 * y + np.roll(y, -1)), (0, 0.5), start, t_eval=times
        )
        return np.sum(weights * found.y.T)

    # steps at the limit of stability amplify the rounding of modes that are not there: by 5e-6 in those of Fortran's DOP853
    atol = 1e-6 if np.lib.NumpyVersion(scipy.__version__) >= "1.17.0" else 1e-5
    x = np.array([1.2, 2.0, -0.7])
    shares = [weights @ mode for mode in modes]
    factors = [np.exp(-x[0] * rate * times) for rate in rates]
    sizes = (x[1], x[2], 0.5)
    by_rate = -sum(
        c * rate * np.sum(times * e * w) for c, rate, e, w in zip(sizes, rates, factors, shares, strict=True)
    )
    wanted = [by_rate, np.sum(factors[0] * shares[0]), np.sum(factors[1] * shares[1])]
    np.testing.assert_allclose(gw.grad(f, method="exact")(x), wanted, rtol=1e-7, atol=atol)
    if stiffness == 1.0:
        u = np.array([0.3, 1.0, -2.0])
        np.testing.assert_allclose(gw.jvp(f, (x,), (u,), method="exact")[1], np.dot(wanted, u), rtol=1e-7)
        np.testing.assert_allclose(gw.jacfwd(f, method="exact")(x), wanted, rtol=1e-7)
        second = sum(
            c * rate**2 * np.sum(times**2 * e * w) for c, rate, e, w in zip(sizes, rates, factors, shares, strict=True)
        )
        got = gw.hvp(f, method="exact")(x, np.array([1.0, 0.0, 0.0]))
        np.testing.assert_allclose(got[0], second, rtol=1e-6, atol=1e-8)


def test_times_at_the_ends_and_none():
    def f(k, times):
        return solve_ivp(lambda t, y: -k * y, (0, T), [1.0], t_eval=times).y.sum() + 0.0 * k

    for times in ([0.0], [0.0, 0.7, T], [T]):
        t = np.array(times)
        got = gw.grad(lambda k, times=times: f(k, times), method="exact", check=False)(K)
        np.testing.assert_allclose(got, -np.sum(t * np.exp(-K * t)), rtol=1e-8)
    got = gw.grad(lambda k: k + len(solve_ivp(lambda t, y: -k * y, (0, T), [1.0], t_eval=[]).t), method="exact")(K)
    assert got == 1.0


@pytest.mark.slow
def test_a_nonautonomous_system_of_second_order():
    # y' = a cos(w t) − k y
    def f(x):
        a, w, k = x
        return solve_ivp(lambda t, y: a * np.cos(w * t) - k * y, (0, 2), [0.3], **TIGHT).y[0, -1]

    def closed(a, w, k, t=2.0):
        c = a / (k * k + w * w)
        return (0.3 - c * k) * np.exp(-k * t) + c * (k * np.cos(w * t) + w * np.sin(w * t))

    x = np.array([1.3, 2.1, 0.7])
    by_complex_step = [closed(*(x + 1e-30j * e)).imag / 1e-30 for e in np.eye(3)]
    np.testing.assert_allclose(gw.grad(f, method="exact")(x), by_complex_step, rtol=1e-7)
    hessian = gw.hessian(f, method="exact")(x)
    h = 1e-5
    for e in np.eye(3):
        up, down = ([closed(*(x + s * h * e + 1e-30j * d)).imag / 1e-30 for d in np.eye(3)] for s in (1, -1))
        np.testing.assert_allclose(hessian @ e, (np.array(up) - down) / (2 * h), rtol=1e-6, atol=1e-7)


@pytest.mark.slow
def test_a_stiff_oscillator():
    def f(x, **options):
        found = solve_ivp(
            lambda t, y: [y[1], x[0] * (1 - y[0] ** 2) * y[1] - x[1] * y[0]], (0, 3), [2.0, 0.0], "Radau", [1.0, 3.0], **options
        )  # fmt: skip
        return found.y[0]

    x = np.array([200.0, 1.0])
    assert is_known(f, x)
    jacobian = gw.jacobian(f, method="exact")(x)
    tight = {"rtol": 1e-11, "atol": 1e-13}
    for i, h in enumerate((0.5, 2e-3)):
        e = h * np.eye(2)[i]
        d = [(f(x + s * e, **tight) - f(x - s * e, **tight)) / (2 * s * h) for s in (1.0, 0.5)]
        np.testing.assert_allclose(jacobian[:, i], (4 * d[1] - d[0]) / 3, rtol=2e-5, atol=1e-9)
    np.testing.assert_allclose(gw.jacfwd(f, method="exact")(x), gw.jacrev(f, method="exact")(x), rtol=1e-8)


def test_precisions():
    def f(k):
        return odeint(lambda y, t: -k * y, 1.0, [0, T])[-1, 0]

    got = gw.grad(f, method="exact")(np.float32(K))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, -T * E, rtol=1e-5)

    def turning(w):
        z = solve_ivp(lambda t, y: 1j * w * y, (0, 1), np.array([1.0 + 0j]), **TIGHT).y[0, -1]
        return z.real

    assert not is_known(turning, 0.9)
    np.testing.assert_allclose(gw.grad(turning, method="exact")(0.9), -math.sin(0.9), rtol=1e-8)


def test_errors_of_the_right_hand_side_are_its_own():
    def f(k):
        def rhs(t, y):
            if t > 1:
                raise ZeroDivisionError("late")
            return -k * y

        return solve_ivp(rhs, (0, T), [1.0]).y[0, -1]

    with pytest.raises(ZeroDivisionError, match="late"):
        gw.grad(f, method="exact")(K)


def test_infinite_slopes_are_left_to_the_ordinary_way():
    # √y at y = 0: the derivative by the state is infinite there
    def f(k):
        return solve_ivp(lambda t, y: k * np.sqrt(y) + 1.0, (0, 1), [0.0]).y[0, -1]

    assert not is_known(f, 0.5)


def test_a_kink_on_the_way_is_left_to_the_ordinary_way():
    def f(k):
        return solve_ivp(lambda t, y: k * np.abs(y), (0, 1), [0.0]).y[0, -1]

    assert not is_known(f, 0.5)
    with pytest.warns(gw.KinkWarning):
        assert (
            gw.grad(lambda y: solve_ivp(lambda t, x: np.abs(x), (0, 1), [y]).y[0, -1], method="exact", check=False)(0.0)
            == 1.0
        )


def test_batches_and_threads():
    points = np.array([[1.3, 0.7], [0.2, 1.1], [2.0, 0.3]])

    def f(x):
        return odeint(lambda y, t: [y[1], -x[0] * y[0]], [x[1], 0.0], [0, 1.0], **TIGHT)[-1, 0]

    w = np.sqrt(points[:, 0])
    wanted = np.stack([-points[:, 1] * np.sin(w) / (2 * w), np.cos(w)], axis=1)
    gradient = gw.grad(f, method="exact")
    np.testing.assert_allclose(gw.vmap(gradient)(points), wanted, rtol=1e-8)
    found = {}

    def work(i):
        found[i] = [gradient(p) for p in points for _ in range(5)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for i in range(4):
        np.testing.assert_allclose(found[i], np.repeat(wanted, 5, axis=0), rtol=1e-8)


# --- roots ------------------------------------------------------------------------------------------------------------------------------


class Cube:
    def __init__(self, x):
        self.x = x

    def __call__(self, t):
        return t**3 - self.x


ROOTS = {
    "brentq": lambda x: brentq(lambda t: t**3 - x, 0.0, 3.0),
    "brentq of an object": lambda x: brentq(Cube(x), 0.0, 3.0),
    "newton": lambda x: newton(lambda t, x: t**3 - x, 1.0, args=(x,)),
    "newton with a slope": lambda x: newton(lambda t: t**3 - x, 1.0, lambda t: 3 * t * t),
    "root_scalar": lambda x: root_scalar(lambda t: t**3 - x, bracket=(0.0, 3.0)).root,
    "fsolve": lambda x: fsolve(lambda z: [z[0] ** 3 - x], 1.0)[0],
    "root": lambda x: root(lambda z, p: z**3 - p["x"], [1.0], args=({"x": x},)).x[0],
    "lm": lambda x: root(lambda z: z**3 - x, [1.0], method="lm").x[0],
    "krylov": lambda x: root(lambda z: z**3 - x, [1.2], method="krylov", tol=1e-10).x[0],
    "fixed_point": lambda x: fixed_point(lambda t: 0.5 * (t + x / t**2), 1.2),
    "branch": lambda x: brentq(lambda t: t**3 - x if t > 0.5 else t - 9.0, 0.0, 3.0),
}


@pytest.mark.parametrize("name", ROOTS)
def test_roots(name):
    f, x = ROOTS[name], 2.0
    assert is_known(f, x)
    value, slope = gw.value_and_grad(f, method="exact")(x)
    assert value == f(x)
    np.testing.assert_allclose(slope, x ** (-2 / 3) / 3, rtol=1e-12)
    np.testing.assert_allclose(gw.jvp(f, (x,), (1.0,), method="exact")[1], slope, rtol=1e-14)
    np.testing.assert_allclose(gw.derivative(f, 2, method="exact")(x), -2 / 9 * x ** (-5 / 3), rtol=1e-10)
    np.testing.assert_allclose(gw.derivative(f, 3, method="exact")(x), 10 / 27 * x ** (-8 / 3), rtol=1e-9)
    np.testing.assert_allclose(gw.derivative(f, 4, method="exact")(x), -80 / 81 * x ** (-11 / 3), rtol=1e-8)


def test_equations_that_leave_something_behind_are_watched():
    seen = []

    def counted(x):
        def g(t):
            seen.append(1)
            return t**3 - x

        return brentq(g, 0.0, 3.0)

    def remembered(x):
        known = {}

        def g(z):
            known.setdefault("x", x)
            return z**3 - known["x"]

        return fsolve(g, 1.0)[0]

    for f in (counted, remembered):
        assert not is_known(f, 2.0)
        np.testing.assert_allclose(gw.grad(f, method="exact")(2.0), 2.0 ** (-2 / 3) / 3, rtol=1e-9)
    assert seen


def test_a_system():
    matrix = np.array([[2.0, -1.0, 0.0], [-1.0, 2.5, -1.0], [0.0, -1.0, 3.0]])

    def f(x):
        return root(lambda z: matrix @ z + z**3 - x, np.zeros(3)).x

    x = np.array([0.5, -1.0, 2.0])
    z = f(x)
    inverse = np.linalg.inv(matrix + np.diag(3 * z**2))
    assert is_known(f, x)
    for jacobian in (gw.jacfwd, gw.jacrev):
        np.testing.assert_allclose(jacobian(f, method="exact")(x), inverse, rtol=1e-9, atol=1e-12)
    # d²zₖ/dx² = −Σₗ Aₖₗ 6 zₗ Aₗᵢ Aₗⱼ with A the inverse
    second = gw.jacobian(gw.jacobian(f, method="exact"), method="exact")(x)
    wanted = -np.einsum("kl,l,li,lj->kij", inverse, 6 * z, inverse, inverse)
    np.testing.assert_allclose(second, wanted, rtol=1e-7, atol=1e-10)
    hessian = gw.hessian(lambda x: f(x)[1], method="exact")(x)
    np.testing.assert_allclose(hessian, wanted[1], rtol=1e-7, atol=1e-10)


def test_equations_of_their_own():
    x = np.array([1.0, 2.0, 3.0])

    def f(x):
        return newton(lambda t: t**3 - x, np.ones(3))

    assert is_known(f, x)
    np.testing.assert_allclose(gw.jacobian(f, method="exact")(x), np.diag(x ** (-2 / 3) / 3), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(
        gw.hessian(lambda x: f(x).sum(), method="exact")(x), np.diag(-2 / 9 * x ** (-5 / 3)), rtol=1e-9, atol=1e-12
    )


def test_a_root_without_a_slope_is_refused():
    with pytest.raises(gw.TracingError, match="slope is zero"):
        gw.grad(lambda x: brentq(lambda t: t**3 - x, -1.0, 1.0), method="exact")(0.0)


def test_names_and_settings_are_kept():
    parameters = types.SimpleNamespace(k=0.3)

    def f(x):
        return fsolve(lambda z: z**2 - x * parameters.k, 1.0, full_output=True)[0][0]

    for k in (0.3, 0.5):
        parameters.k = k
        np.testing.assert_allclose(gw.grad(f, method="exact")(2.0), 0.5 * math.sqrt(k / 2.0), rtol=1e-10)


def test_a_shift_that_cancels():
    # y' = −k log(e^y₀ + e^y₁) for both: the difference stays, m = log(e^y₀ + e^y₁) decays
    def f(k):
        return odeint(lambda y, t: -k * scipy.special.logsumexp(y) * np.ones(2), [1.0, 2.0], [0, T], **TIGHT)[-1, 0]

    m = math.log(math.e + math.e**2)
    np.testing.assert_allclose(exact(f, K), -T * m * E, rtol=1e-8)


def test_tables_and_indices():
    table = np.array([1.0, 3.0, 2.0])

    def interpolated(k):
        return solve_ivp(
            lambda t, y: -k * np.interp(t, [0.0, 1.0, 2.0], table) * y, (0, 2), [1.0], max_step=0.1, **TIGHT
        ).y[0, -1]

    def looked_up(k):
        return solve_ivp(lambda t, y: -k * table[int(t)] * y, (0, 1.9), [1.0], max_step=0.1, **TIGHT).y[0, -1]

    for f, area in (interpolated, 4.5), (looked_up, 3.7):
        got = gw.grad(f, method="exact", check=False)(K)
        np.testing.assert_allclose(got, -area * math.exp(-area * K), rtol=1e-8)


@pytest.mark.filterwarnings("ignore:lsoda:UserWarning")
@pytest.mark.parametrize("late", [0.0, 0.5])
def test_a_solution_that_is_not_finite_is_refused(late):
    def f(k):
        return solve_ivp(lambda t, y: -k * y + (np.nan if t >= late else 0.0), (0, 1), [1.0], "LSODA").y[0, -1]

    assert math.isnan(f(K))
    with pytest.raises(gw.TracingError, match=r"not finite|failed at"):
        gw.grad(f, method="exact", check=False)(K)


@pytest.mark.parametrize("values", [lambda a: np.linalg.eigvalsh(a)[1], lambda a: np.linalg.svd(a)[1][0]])
def test_eigenvalues_of_the_state(values):
    # they raised AttributeError: larger eigenvalue of [[t, c], [c, k]], integrated
    def f(k):
        return solve_ivp(
            lambda t, y: [values(np.array([[y[1], 0.1], [0.1, k]])), 1.0 + 0 * y[1]], (0, 1), [0.0, 0.0], **TIGHT
        ).y[0, -1]

    def slope(t):
        return 0.5 + (K - t) / 4 / np.hypot((K - t) / 2, 0.1)

    np.testing.assert_allclose(gw.grad(f, method="exact")(K), quad(slope, 0, 1)[0], rtol=1e-7)
