"""Functions that call SciPy's root finders: a program finds the root again, from where the call starts, on the recorded equation.

Truth: roots in closed form with the implicit function theorem by hand, central differences of the plain function, and what the function itself raises or counts.
"""

import functools

import numpy as np
import pytest
from scipy.optimize import bisect, brentq, fixed_point, fsolve, newton, root, root_scalar, toms748

import gradwise as gw
from gradwise.operators.reuse import families

RNG = np.random.default_rng(0)
STIFFNESS = 1.0
MATRIX = np.array([[2.0, 0.3], [0.1, 1.5]])


def served():
    return sum(family.served for family, _ in families._families.values())


def central(f, x, h=1e-5):
    unit = np.eye(len(x)) * h
    return np.array([(f(x + e) - f(x - e)) / (2 * h) for e in unit])


def agrees(f, x0, *, least, count=14, spread=0.1, tolerance=1e-7):
    """Gradients at points here and there are those of differences, and at least so many came of a program."""
    g, before = gw.value_and_grad(f), served()
    x0 = np.asarray(x0)
    for _ in range(count):
        x = x0 * (1 + spread * RNG.standard_normal(x0.shape))
        value, gradient = g(x)
        assert abs(value - f(x)) <= 1e-12 * (1 + abs(value))
        np.testing.assert_allclose(gradient, central(f, x), rtol=tolerance, atol=tolerance)
    assert served() - before >= least


class Spring:
    def __init__(self):
        self.k = 1.3
        self.calls = 0
        self.last = None
        self.tolerance = 1e-9
        self.most = 80

    def force(self, z, load):
        return z**3 + self.k * z - load

    def counted(self, z, load):
        self.calls += 1
        return z**3 + self.k * z - load

    def noted(self, z, load):
        self.last = z
        return z**3 + self.k * z - load


SPRING = Spring()


class Cube:
    def __init__(self, load):
        self.load = load

    def __call__(self, z):
        return z**3 - self.load


def told(x):
    found, _, flag, message = fsolve(lambda z: [z[0] ** 2 - x[0], z[1] - x[1]], [1.0, 1.0], full_output=True)
    if flag != 1:
        raise RuntimeError(message)
    return found[0] * found[1]


def informed(x):
    found, report = brentq(Cube(x[0]), 0, 2, full_output=True)
    assert report.converged
    return found * x[1] + report.root


@pytest.mark.parametrize(
    "f",
    [
        lambda x: brentq(lambda z: z**3 + x[0] * z - x[1], 0.0, 5.0),
        lambda x: np.cos(bisect(lambda e, m: e - x[0] * np.sin(e) - m, 0.0, 6.3, args=(x[1],), xtol=1e-13)),
        lambda x: newton(lambda e: e - x[0] * np.sin(e) - x[1], x[1]) * x[0],
        lambda x: newton(lambda z, a: z**3 - a, 1.0, fprime=lambda z, a: 3 * z * z, args=(x[0],)) * x[1],
        lambda x: np.prod(newton(lambda z: z**2 - x, np.array([1.0, 1.0]))),
        lambda x: np.prod(fsolve(lambda z, a, b: [z[0] ** 2 + z[1] ** 2 - a, z[0] - b * z[1]], [1.0, 1.0], args=(x[0], x[1]))),
        lambda x: np.sum(fsolve(lambda z: MATRIX @ z + 0.1 * z**3 - x, x, fprime=lambda z: MATRIX + np.diag(0.3 * z**2)) ** 2),
        lambda x: root(lambda z, v: MATRIX @ z + 0.1 * np.tanh(z) - v, np.zeros(2), args=x).x @ x,
        lambda x: root_scalar(lambda z: np.cos(x[0] * z) - x[1] * z, bracket=[0.0, 1.5]).root ** 2,
        lambda x: fixed_point(lambda z: np.cos(x[0] * z) * x[1], 0.5) * x[0],
        lambda x: brentq(SPRING.force, -5, 5, args=(x[0],)) * x[1],
        lambda x: brentq(functools.partial(SPRING.force, load=x[0]), -5, 5) * x[1],
        lambda x: toms748(Cube(x[0]), 0.0, 2.0) * x[1],
        lambda x: sum(root(lambda z: z**2 - x, np.ones(2))["x"]),
        told,
        informed,
    ],
)  # fmt: skip
def test_a_program_finds_the_root_again(f):
    agrees(f, [0.6, 0.9], least=10, tolerance=2e-6)


def test_kepler_in_closed_form():
    def anomaly(x):
        return brentq(lambda e: e - x[0] * np.sin(e) - x[1], 0.0, 2 * np.pi, xtol=1e-14)

    g, before = gw.grad(anomaly), served()
    for _ in range(8):
        x = RNG.uniform([0.1, 0.3], [0.7, 2.0])
        e = anomaly(x)
        np.testing.assert_allclose(g(x), np.array([np.sin(e), 1.0]) / (1 - x[0] * np.cos(e)), rtol=1e-12)
    assert served() - before >= 5


def test_hessians_and_jacobians():
    def cube(x):
        return brentq(lambda z: z**3 - x[0] * x[1], 0.0, 5.0, xtol=1e-14)

    hessian, jacobian = gw.hessian(cube), gw.jacobian(lambda x: fsolve(lambda z: z**3 - x, np.ones(2), xtol=1e-13))
    for _ in range(6):
        a, b = x = RNG.uniform(0.5, 2.0, 2)
        c = (a * b) ** (1 / 3)
        exact = np.array([[-2 / 9 * c / a**2, c / (9 * a * b)], [c / (9 * a * b), -2 / 9 * c / b**2]])
        np.testing.assert_allclose(hessian(x), exact, rtol=1e-10)
        np.testing.assert_allclose(jacobian(x), np.diag(x ** (-2 / 3)) / 3, rtol=1e-10, atol=1e-14)


def test_what_is_read_may_change():
    def f(x):
        return brentq(lambda z: z**3 + STIFFNESS * SPRING.k * z - x[0] * MATRIX[0, 0], -5.0, 5.0)

    global STIFFNESS
    g = gw.grad(f)
    try:
        for k in range(10):
            x = np.array([0.5 + 0.1 * k])
            z = f(x)
            np.testing.assert_allclose(g(x), [MATRIX[0, 0] / (3 * z * z + STIFFNESS * SPRING.k)], rtol=1e-9)
            if k % 3 == 0:
                STIFFNESS += 0.2
            elif k % 3 == 1:
                SPRING.k += 0.1
            else:
                MATRIX[0, 0] += 0.1
    finally:
        STIFFNESS, SPRING.k, MATRIX[0, 0] = 1.0, 1.3, 2.0


def test_tolerances_that_are_read_count_by_value():
    """Where the search ends is in the value, to the bit."""

    def f(x):
        return brentq(lambda z: z**3 - x[0], 0.0, 2.0, xtol=SPRING.tolerance, maxiter=SPRING.most)

    g, before = gw.value_and_grad(f), served()
    for tolerance in (1e-9, 1e-4, 1e-9, 1e-6):
        SPRING.tolerance = tolerance
        for a in (0.6, 0.7, 0.8, 0.65, 0.75):
            x = np.array([a])
            value, gradient = g(x)
            assert value == f(x)
            np.testing.assert_allclose(gradient, [a ** (-2 / 3) / 3], rtol=1e-9)
    assert served() - before >= 8
    SPRING.most = 2
    with pytest.raises(RuntimeError, match="converge"):
        g(np.array([0.6]))


def test_that_a_solver_failed_decides():
    """No root between the ends at some points: the handler's way there, and the root's elsewhere."""

    def f(x):
        try:
            return brentq(lambda z: z * z + x[0] - 0.6, -0.1, 3.0)
        except ValueError:
            return x[1] ** 2

    g = gw.grad(f)
    for a in (0.9, 0.8, 0.95, 0.85, 0.7, 0.3, 0.2, 0.75, 0.1, 0.9):
        expected = [0.0, 1.8] if a > 0.6 else [-0.5 / np.sqrt(0.6 - a), 0.0]
        np.testing.assert_allclose(g(np.array([a, 0.9])), expected, rtol=1e-9)


def test_a_root_that_nobody_reads_may_fail():
    def f(x):
        try:
            brentq(lambda z: z * z + x[0] - 0.6, -0.1, 3.0)
        except ValueError:
            return x[1] ** 2
        return x[1]

    g = gw.grad(f)
    for a in (0.3, 0.2, 0.4, 0.1, 0.25, 0.9, 0.8, 0.3):
        np.testing.assert_allclose(g(np.array([a, 0.9])), [0.0, 1.8 if a > 0.6 else 1.0])


def test_an_error_of_the_equation_is_the_users():
    def f(x):
        def equation(z):
            if z < -x[0]:
                raise ValueError("outside")
            return z - x[1]

        return brentq(equation, -0.5, 3.0)

    g = gw.grad(f)
    for a in (0.6, 0.7, 0.8, 0.9, 0.65):
        np.testing.assert_allclose(g(np.array([a, 0.9])), [0.0, 1.0])
    with pytest.raises(ValueError, match="outside"):
        g(np.array([0.3, 0.9]))


def test_a_message_of_the_solver_is_the_users():
    g = gw.grad(lambda x: brentq(lambda z: z * z - x[0], 0.0, 2.0))
    for a in (0.5, 0.6, 0.7, 0.8, 0.9):
        np.testing.assert_allclose(g(np.array([a])), [0.5 / np.sqrt(a)], rtol=1e-9)
    with pytest.raises(ValueError, match="different signs"):
        g(np.array([5.0]))


def test_where_it_starts_decides_which_root():
    """The equation has nothing of the variables, but where the search begins has."""

    def f(x):
        return newton(lambda z: np.sin(z), x[0]) * x[1]

    g = gw.grad(f)
    for start, found in [(3.0, 1), (3.1, 1), (3.2, 1), (6.2, 2), (6.3, 2), (9.4, 3), (3.05, 1), (6.25, 2)]:
        np.testing.assert_allclose(g(np.array([start, 2.0])), [0.0, found * np.pi], atol=1e-9)


def test_a_piecewise_equation():
    def f(x):
        return brentq(lambda z: z**3 - x[0] if z > 0 else 2 * z - x[0], -3.0, 4.0)

    g = gw.grad(f)
    for a in (0.6, 0.7, 0.65, -0.2, -0.3, 0.8, -0.1, 0.61):
        expected = a ** (-2 / 3) / 3 if a > 0 else 0.5
        np.testing.assert_allclose(g(np.array([a])), [expected], rtol=1e-8)


@pytest.mark.parametrize("name", ["counted", "noted"])
def test_what_an_equation_leaves_behind(name):
    """How often a solver asks differs from point to point."""

    def f(x):
        return brentq(SPRING.counted if name == "counted" else SPRING.noted, -5, 5, args=(x[0],))

    left = {}
    for pure in (None, False):
        g = gw.value_and_grad(f) if pure is None else gw.value_and_grad(f, pure=False)
        for k in range(7):
            SPRING.calls, SPRING.last = 0, None
            value, gradient = g(np.array([0.4 + 0.3 * k]))
            np.testing.assert_allclose(gradient, [1 / (3 * value**2 + SPRING.k)], rtol=1e-9)
            if k > 2:  # the first calls look at the function
                assert left.setdefault(k, (SPRING.calls, SPRING.last)) == (SPRING.calls, SPRING.last)
    assert len(set(left.values())) > 1


def test_how_often_a_solver_turned_is_that_of_the_point():
    def f(x):
        found, report = newton(Cube(x[0]), 1.0, full_output=True)
        return found, report.iterations

    g = gw.grad(f, has_aux=True)
    turns = {g(np.array([a]))[1] == f(np.array([a]))[1] for a in (1.0, 1.1, 1.2, 3.0, 8.0, 30.0)}
    assert turns == {True}


def test_a_solution_that_is_none_is_not_served():
    def f(x):
        s = root(lambda z: [z[0] ** 2 + x[0] - 0.6, z[1] - x[1]], [0.3, 0.2])
        assert s.success
        return s.x[0] + s.x[1]

    g = gw.grad(f)
    for a in (0.1, 0.2, 0.15, 0.25, 0.12):
        np.testing.assert_allclose(g(np.array([a, 0.9])), [-0.5 / np.sqrt(0.6 - a), 1.0], rtol=1e-8)
    with pytest.raises(Exception, match="did not converge"):
        g(np.array([0.9, 0.9]))
