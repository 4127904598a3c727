"""Functions that call ``solve_ivp`` and ``odeint``: a program integrates again, by SciPy, the recorded right-hand side, from the state and over the times of the call.

Truth: solutions in closed form, the value of the plain call to the last bit, central differences of plain calls with tight tolerances, and what the function itself raises, counts and warns of.
"""

import math

import numpy as np
import pytest
from scipy.integrate import odeint, solve_ivp

import gradwise as gw
from gradwise.operators.reuse import families

RNG = np.random.default_rng(7)
TIMES = np.linspace(0.0, 3.0, 12)
START = [1.0, 0.3]
COUPLING = np.array([[0.0, 1.0], [-1.0, -0.2]])
END = 2.0
TOLERANCE = 1e-6


def served():
    return sum(family.served for family, _ in families._families.values())


def central(f, x, h=1e-4):
    return np.array([(f(x + e) - f(x - e)) / (2 * h) for e in np.eye(len(x)) * h])


def predators(t, z, a, b):
    return [a * z[0] - b * z[0] * z[1], -z[1] + b * z[0] * z[1]]


def predators_last(z, t, a, b):
    return [a * z[0] - b * z[0] * z[1], -z[1] + b * z[0] * z[1]]


class Pendulum:
    def __init__(self):
        self.damping = 0.1
        self.start = np.array([1.0, 0.0])
        self.times = np.linspace(0.0, 2.0, 5)
        self.calls = 0

    def slope(self, t, y, load):
        return np.array([y[1], -load * np.sin(y[0]) - self.damping * y[1]])

    def counted(self, t, y, load):
        self.calls += 1
        return np.array([y[1], -load * np.sin(y[0])])

    def angles(self, x):
        return solve_ivp(self.slope, (0.0, 2.0), self.start, "RK45", self.times, args=(x[0],), rtol=1e-10, atol=1e-10)

    def energy(self, x):
        return np.sum(self.angles(x).y[0] ** 2) * x[1]


PENDULUM = Pendulum()


def linear(x):
    return odeint(lambda y, t: COUPLING @ y * x[0], [x[1], 0.5], TIMES, rtol=1e-11, atol=1e-11)[-1].sum()


def bodies(x):  # a mass about another one: lengths that never vanish
    def slope(t, y):
        r = np.sqrt(y[0] ** 2 + y[1] ** 2)
        return [y[2], y[3], -x[0] * y[0] / r**3, -x[0] * y[1] / r**3]

    found = solve_ivp(
        slope, (0.0, 2.0), [1.0, 0.0, 0.0, x[1]], method="DOP853", rtol=1e-11, atol=1e-11, t_eval=[1.0, 2.0]
    )
    return found.y[0].sum() if found.success else 0.0


def both(x):  # of a dense solution the states at SciPy's times too
    found = solve_ivp(predators, [0, 2], x, args=(0.9, 1.1), dense_output=True, rtol=1e-9, atol=1e-10, max_step=0.05)
    return found["y"][0, -1] * found.sol(0.7)[1] + found.t[-1]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: odeint(predators_last, START, TIMES, args=(x[0], x[1]), rtol=1e-11, atol=1e-11).sum(),
        lambda x: odeint(predators, [x[0], 0.5], TIMES, (x[0], x[1]), tfirst=True, rtol=1e-11, atol=1e-11)[3, 1],
        lambda x: odeint(lambda y, t: -x[0] * y + math.sin(x[1] * t), 1.0, TIMES, rtol=1e-11, atol=1e-11)[-1, 0],
        linear,
        bodies,
        PENDULUM.energy,
        lambda x: solve_ivp(predators, (0, 3), START, args=(x[0], x[1]), t_eval=TIMES, rtol=1e-10, atol=1e-10).y.sum(),
        lambda x: solve_ivp(predators, (0, END), START, args=tuple(x), t_eval=[1, 2], method="LSODA", rtol=1e-10, atol=1e-10).y[0, 1],
        lambda x: solve_ivp(predators, [0, 2], x, args=(0.9, 1.1), t_eval=[0.5, 2.0], method="BDF", rtol=1e-9, atol=1e-9).y[1].prod(),
        lambda x: solve_ivp(predators, [0, 2], x, args=(0.9, 1.1), t_eval=[0.5, 2.0], method="Radau", rtol=1e-8, atol=1e-8)["y"][1, 0],
        lambda x: solve_ivp(predators, [0, 2], x, args=(0.9, 1.1), dense_output=True, rtol=1e-8, atol=1e-10).sol(1.3)[0],
        lambda x: solve_ivp(predators, [0, 2], x, args=(0.9, 1.1), dense_output=True, rtol=1e-8, atol=1e-10).sol(TIMES[:6])[1].sum(),
        both,
        lambda x: solve_ivp(lambda t, y: [y[1], -x[0] * y[0]], [2.0, 0.0], [0.3, x[1]], t_eval=[1.0, 0.0], rtol=1e-10, atol=1e-10).y[0, 1],
        lambda x: solve_ivp(lambda t, y: [y[1], -x[0] * y[0]], (0, 1), [0.3, x[1]], max_step=0.1, t_eval=[1.0], rtol=1e-10, atol=1e-10).y[0, 0],
    ],
)  # fmt: skip
def test_a_program_integrates_again(f):
    g, before = gw.value_and_grad(f), served()
    for _ in range(8):
        x = np.array([0.9, 1.1]) * (1 + 0.1 * RNG.standard_normal(2))
        value, gradient = g(x)
        assert value == f(x)
        np.testing.assert_allclose(gradient, central(f, x), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(gradient, gw.grad(f, pure=False, method="exact")(x), rtol=1e-8)
    assert served() - before >= 5


def test_the_last_state_where_scipy_chooses_the_times():
    def f(x):  # exp(−x t) at t = 2; at the tolerances of 1e-3 and 1e-6
        found = solve_ivp(lambda t, y: -x * y, (0, END), [1.0])
        return found.y[0, -1]

    g, before = gw.value_and_grad(f), served()
    for k in range(8):
        x = 0.8 + 0.01 * k
        value, slope = g(x)
        assert value == f(x)
        assert slope == pytest.approx(-2 * math.exp(-2 * x), rel=1e-7)
    assert served() - before >= 4


def test_a_number_of_steps_that_changes_from_point_to_point():
    def f(x):
        found = solve_ivp(lambda t, y: [y[1], -x[0] * np.sin(y[0])], (0, 3), [x[1], 0.0], rtol=1e-7, atol=1e-7)
        return found.y[0, -1] + 0.1 * np.sum(found.t[-1:])

    def tight(x):
        return solve_ivp(lambda t, y: [y[1], -x[0] * np.sin(y[0])], (0, 3), [x[1], 0.0], rtol=1e-11, atol=1e-11).y[0, -1]  # fmt: skip

    g = gw.value_and_grad(f)
    for k in range(14):
        x = np.array([0.5 + 0.3 * k, 1.0])
        value, gradient = g(x)
        assert value == f(x)
        np.testing.assert_allclose(gradient, central(tight, x), rtol=1e-5, atol=1e-5)


def test_derivatives_of_an_oscillation_in_closed_form():
    def f(x):  # cos(ω t) and its slope, at t = 1 and 2
        return solve_ivp(lambda t, y: [y[1], -(x**2) * y[0]], (0, 2), [1.0, 0.0], "DOP853", [1.0, 2.0], rtol=1e-11, atol=1e-12).y[0]  # fmt: skip

    def g(x):
        return f(x)[1]

    points = np.linspace(0.7, 1.4, 7)
    jacobian, second, before = gw.jacobian(f), gw.derivative(g, order=2), served()
    for x in points:
        np.testing.assert_allclose(jacobian(x), -np.sin(x * np.array([1.0, 2.0])) * [1.0, 2.0], rtol=1e-8)
        assert second(x) == pytest.approx(-4 * math.cos(2 * x), rel=1e-7)
    assert served() > before
    np.testing.assert_allclose(gw.vmap(gw.grad(g))(points), -2 * np.sin(2 * points), rtol=1e-8)


def test_what_the_right_hand_side_reads_may_change():
    global COUPLING, END, TOLERANCE

    def over(x):
        return odeint(lambda y, t: COUPLING @ y * x[0], START, TIMES, rtol=1e-10, atol=1e-10)[-1] @ x

    def to_the_end(x):
        return solve_ivp(lambda t, y: -x * y * np.array(START), (0, END), x, "DOP853", [END], rtol=TOLERANCE).y.sum()

    x = np.array([0.9, 1.1])
    for f in (over, to_the_end, PENDULUM.energy):
        g = gw.value_and_grad(f)

        def agrees(f=f, g=g, tolerance=1e-5):
            value, gradient = g(x)
            assert value == f(x)
            np.testing.assert_allclose(gradient, central(f, x, 1e-2), rtol=tolerance, atol=tolerance)

        try:
            for _ in range(5):
                agrees(tolerance=1e-3)
            START[1] = 0.6
            agrees(tolerance=1e-3)
            COUPLING[1, 1] = 0.4
            agrees(tolerance=1e-3)
            COUPLING = np.array([[0.0, 2.0], [-1.0, 0.0]])
            agrees(tolerance=1e-3)
            TIMES[-1] = 2.9
            agrees(tolerance=1e-3)
            END = 1.5
            agrees(tolerance=1e-3)
            TOLERANCE = 1e-8
            agrees(tolerance=1e-3)
            PENDULUM.damping = 0.4
            agrees(tolerance=1e-3)
            PENDULUM.start[0] = 0.7
            agrees(tolerance=1e-3)
            PENDULUM.times[1:4] = [0.2, 0.4, 1.7]
            agrees(tolerance=1e-3)
        finally:
            START[1], TIMES[-1], END, TOLERANCE = 0.3, 3.0, 2.0, 1e-6
            COUPLING = np.array([[0.0, 1.0], [-1.0, -0.2]])
            PENDULUM.__init__()


def test_a_right_hand_side_that_switches_on_the_way_is_divided_there():
    def f(x):  # y' = −a max(1, 2 − y) until y = 1 is −a, and then z = 2 − y grows as exp(a t)
        return solve_ivp(lambda t, y: -x[0] * np.maximum(1.0, 2.0 - y), (0, 2), [x[1]], t_eval=[2.0], rtol=1e-10, atol=1e-10).y[0, 0]  # fmt: skip

    g = gw.grad(f)
    for k in range(9):  # the first ones do not come so far
        x = np.array([0.2 + 0.03 * k if k < 5 else 0.5 + 0.1 * k, 1.8])
        grown = math.exp(2 * x[0] - 0.8)
        expected = [-2.0, 1.0] if 2 * x[0] < 0.8 else [-2 * grown, grown]
        np.testing.assert_allclose(g(x), expected, rtol=1e-6)


def test_times_that_move_have_their_derivative():
    def f(x):
        return odeint(lambda y, t: -x[0] * y, 1.0, np.array([0.0, x[1]]), rtol=1e-11, atol=1e-11)[1, 0]

    def h(x):
        return solve_ivp(lambda t, y: -x[0] * y, (0, x[1]), [1.0], rtol=1e-11, atol=1e-11).y[0, -1]

    def e(x):
        return solve_ivp(lambda t, y: -x[0] * y, (0, 5), [1.0], t_eval=[0.1, x[1]], rtol=1e-11, atol=1e-11).y[0, -1]

    def d(x):
        return solve_ivp(lambda t, y: -x[0] * y, (0, 5), [1.0], dense_output=True, rtol=1e-11, atol=1e-11).sol(x[1])[0]

    for one in (f, h, e, d):
        g = gw.grad(one)
        for k in range(5):
            a, t = 0.7 + 0.05 * k, 1.1 + 0.1 * k
            np.testing.assert_allclose(g(np.array([a, t])), [-t * math.exp(-a * t), -a * math.exp(-a * t)], rtol=1e-7)


def test_a_solution_that_ends_early_is_the_functions_own():
    def f(x):  # 1/(1/y₀ − t): beyond all bounds at t = 1/y₀
        found = solve_ivp(lambda t, y: y**2, (0, 1), [x], t_eval=[0.5, 1.0], rtol=1e-9, atol=1e-9)
        return found.y[0, -1] if found.success else x * 7

    g = gw.grad(f)
    for k in range(6):
        x = 0.5 + 0.05 * k
        assert g(x) == pytest.approx(1 / (1 - x) ** 2, rel=1e-5)
    assert f(1.5) == 10.5
    with pytest.raises(gw.GradwiseError, match="failed at t"), np.errstate(all="ignore"):
        gw.grad(f, method="exact")(1.5)


def test_calls_are_counted():
    def f(x):
        return solve_ivp(PENDULUM.counted, (0, 1), [x[1], 0.0], args=(x[0],)).y[0, -1]

    x = np.array([0.9, 1.1])
    PENDULUM.calls = 0
    f(x)
    each, g = PENDULUM.calls, gw.grad(f)
    for _ in range(5):
        PENDULUM.calls = 0
        g(x)
        assert PENDULUM.calls == each


def test_states_that_scipy_joins_in_another_memory_order():
    """Where a step ends behind two of the times, or behind one, SciPy's array of the states has its rows or its columns together."""
    times = np.linspace(0, 2, 5)

    def f(x):
        def g(t, y):
            return [y[1], x[0] * (1 - y[0] ** 2) * y[1] - y[0]]

        found = solve_ivp(g, (0, 2), [x[0], x[1]], method="DOP853", t_eval=times, first_step=0.01, rtol=1e-8)
        return (found.y[0, -1] - 0.3) ** 2 + found.y[1, -1]

    rng = np.random.default_rng(221)
    gradient, run = gw.value_and_grad(f), gw.value_and_grad(f, pure=False)
    orders = set()
    for _ in range(12):
        x = np.array([1.0, 0.8]) * (1 + 0.15 * rng.uniform(-1, 1, 2))
        (value, slopes), (_, slopes_of_run) = gradient(x), run(x)
        assert value == f(x)
        np.testing.assert_allclose(slopes, slopes_of_run, rtol=1e-9)
        states = solve_ivp(
            lambda t, y, x=x: [y[1], x[0] * (1 - y[0] ** 2) * y[1] - y[0]],
            (0, 2),
            [x[0], x[1]],
            method="DOP853",
            t_eval=times,
            first_step=0.01,
            rtol=1e-8,
        ).y
        orders.add(states.flags.c_contiguous)
    assert orders == {True, False}
