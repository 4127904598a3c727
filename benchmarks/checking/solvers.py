"""Gradients of functions that run a solver with a tolerance: right ones, and ones with a small mistake.

``SOLVED`` holds right gradients (closed forms) of functions that call an adaptive integrator, a root finder, an iterative solver, a loop that
stops at a tolerance, or an interpolant of a table: the slope of the computed numbers differs from the gradient as far as the
tolerance allows.  They must pass or be left open.  ``SOLVED_WRONG`` are the same functions with an error well above the tolerance,
``CLOSED_WRONG`` small errors in the gradients of closed forms: all must be called wrong.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from planted import Case
from scipy.integrate import solve_ivp

P2 = np.array([0.7, 1.9])
P3 = np.array([0.6, 1.4, 0.3])
RNG = np.random.default_rng(77)
_FACTOR = RNG.normal(size=(12, 12))
SPD = np.eye(12) * 3 + _FACTOR @ _FACTOR.T / 4
RHS = RNG.normal(size=12)
TOL = 1e-6


# --- differential equations ------------------------------------------------------------------------------------------------------


def decay(method, rtol=1e-3, atol=1e-6):
    """y' = −k y: f(k, y0) = y(3)."""
    return lambda p: solve_ivp(lambda t, y: -p[0] * y, (0, 3), [p[1]], method=method, rtol=rtol, atol=atol).y[0, -1]


def decay_grad(p):
    e = np.exp(-3 * p[0])
    return np.array([-3 * p[1] * e, e])


def logistic(**options):
    """y' = r y (1 − y/K): f(r, K, y0) = y(2)."""
    return lambda p: scipy.integrate.solve_ivp(lambda t, y: p[0] * y * (1 - y / p[1]), (0, 2), [p[2]], **options).y[
        0, -1
    ]


def logistic_value(p, t=2.0):
    return p[1] / (1 + (p[1] / p[2] - 1) * np.exp(-p[0] * t))


def logistic_grad(p, t=2.0):
    r, k, y0 = p
    e = np.exp(-r * t)
    d = 1 + (k / y0 - 1) * e
    return np.array([k * t * (k / y0 - 1) * e / d**2, 1 / d - k * e / y0 / d**2, k**2 * e / y0**2 / d**2])


class Oscillator:
    """x'' = −w² x: the squared position at the end, simulated by a method of an object."""

    def __init__(self, method, **options):
        self.method, self.options = method, options

    def simulate(self, w, x0):
        return solve_ivp(lambda t, y: [y[1], -(w**2) * y[0]], (0, 5), [x0, 0.0], method=self.method, **self.options)

    def __call__(self, p):
        return float(self.simulate(p[0], p[1]).y[0, -1] ** 2)


def oscillator_grad(p):
    w, x0 = p
    c, s = np.cos(5 * w), np.sin(5 * w)
    return np.array([-2 * x0**2 * c * s * 5, 2 * x0 * c**2])


TIMES = np.linspace(0.2, 2, 10)
OBSERVED = logistic_value(np.array([0.9, 1.2, 0.25]), TIMES)


def fit(p, rtol=1e-3, atol=1e-6):
    """A loss of a solution at the times of observations."""
    sol = solve_ivp(lambda t, y: p[0] * y * (1 - y / p[1]), (0, 2), [p[2]], t_eval=TIMES, rtol=rtol, atol=atol)
    return np.sum((sol.y[0] - OBSERVED) ** 2)


def fit_grad(p):
    return sum(2 * (logistic_value(p, t) - o) * logistic_grad(p, t) for t, o in zip(TIMES, OBSERVED))


def by_odeint(p, rtol=1e-5):
    return scipy.integrate.odeint(lambda y, t: p[0] * y * (1 - y / p[1]), p[2], [0, 2.0], rtol=rtol, atol=1e-8)[-1, 0]


def pendulum(p, rtol=1e-3):
    """θ(1) of a pendulum with damping p[1], and the gradient by sensitivity equations at the same tolerance."""
    return solve_ivp(lambda t, y: [y[1], -p[0] * np.sin(y[0]) - p[1] * y[1]], (0, 4), [1.0, 0.0], rtol=rtol).y[0, -1]


def pendulum_grad(p, rtol=1e-3):
    def rhs(t, z):
        y, s = z[:2], z[2:].reshape(2, 2)
        ds1 = -p[0] * np.cos(y[0]) * s[0] - p[1] * s[1] + np.array([-np.sin(y[0]), -y[1]])
        return np.concatenate([[y[1], -p[0] * np.sin(y[0]) - p[1] * y[1]], s[1], ds1])

    return solve_ivp(rhs, (0, 4), [1.0, 0, 0, 0, 0, 0], rtol=rtol).y[2:4, -1]


def adaptive_euler(p, tol=1e-4):
    """Heun's method with its own control of the step, for y' = −k y."""
    t, y, h = 0.0, p[1], 0.1
    while t < 2.0:
        h = min(h, 2.0 - t)
        k1 = -p[0] * y
        k2 = -p[0] * (y + h * k1)
        error = abs(h * (k2 - k1) / 2)
        if error < tol:
            t, y = t + h, y + h * (k1 + k2) / 2
        h *= min(2.0, max(0.3, 0.9 * math.sqrt(tol / max(error, 1e-30))))
    return y


def adaptive_grad(p):
    e = np.exp(-2 * p[0])
    return np.array([-2 * p[1] * e, e])


# --- integrals ---------------------------------------------------------------------------------------------------------------------


def gauss_integral(**options):
    """∫ exp(−a t²) b dt from 0 to 4."""
    return lambda p: scipy.integrate.quad(lambda t: p[1] * np.exp(-p[0] * t**2) * abs(t - 1), 0, 4, **options)[0]


def gauss_integral_grad(p):
    a, b = p
    # ∫ (1−t) over [0,1] and (t−1) over [1,4] of exp(−a t²)
    erf, root = scipy.special.erf, np.sqrt(a)

    def i0(t):
        return np.sqrt(np.pi) / (2 * root) * erf(root * t)

    def i1(t):
        return -np.exp(-a * t**2) / (2 * a)

    def d0(t):  # d i0 / d a
        return -i0(t) / (2 * a) + t * np.exp(-a * t**2) / (2 * a)

    def d1(t):
        return np.exp(-a * t**2) * (t**2 / (2 * a) + 1 / (2 * a**2))

    def parts(g0, g1):
        return (g0(1) - g0(0)) - (g1(1) - g1(0)) + (g1(4) - g1(1)) - (g0(4) - g0(1))

    return np.array([b * parts(d0, d1), parts(i0, i1)])


def simpson_adaptive(f, a, b, tol):
    m = (a + b) / 2
    whole = (b - a) / 6 * (f(a) + 4 * f(m) + f(b))
    left, right = (m - a) / 6 * (f(a) + 4 * f((a + m) / 2) + f(m)), (b - m) / 6 * (f(m) + 4 * f((m + b) / 2) + f(b))
    if abs(left + right - whole) < 15 * tol:
        return left + right
    return simpson_adaptive(f, a, m, tol / 2) + simpson_adaptive(f, m, b, tol / 2)


# --- roots -------------------------------------------------------------------------------------------------------------------------


def cubic(y, s):
    return y**3 + y - s


def cubic_root(p):
    s = np.sum(p**2)
    return np.cbrt(s / 2 + np.sqrt(s**2 / 4 + 1 / 27)) + np.cbrt(s / 2 - np.sqrt(s**2 / 4 + 1 / 27))


def root_grad(p):
    return 2 * p / (3 * cubic_root(p) ** 2 + 1)


def newton_loop(p, tol=1e-3):
    s, y = np.sum(p**2), 1.0
    while True:
        step = cubic(y, s) / (3 * y**2 + 1)
        y -= step
        if abs(step) < tol:
            return y


def secant_loop(p, tol=1e-4):
    s, a, b = np.sum(p**2), 0.0, 2.0
    for _ in range(100):
        a, b = b, b - cubic(b, s) * (b - a) / (cubic(b, s) - cubic(a, s))
        if np.abs(b - a) < tol:
            break
    return b


def fixed_point_loop(p, tol=TOL):
    """y = cos(a y) b by iteration."""
    y, old = 0.5, 9.0
    while abs(y - old) > tol:
        old, y = y, p[1] / 2 * np.cos(p[0] * y)
    return y


def fixed_point_grad(p):
    a, b = p
    y = scipy.optimize.brentq(lambda y: y - b / 2 * np.cos(a * y), 0, 2, xtol=1e-15)
    d = 1 + a * b / 2 * np.sin(a * y)
    return np.array([-b / 2 * y * np.sin(a * y) / d, np.cos(a * y) / 2 / d])


def kepler(p, tol=1e-5):
    """The eccentric anomaly E − e sin E = M by plain iteration."""
    e, m = p
    anomaly = m
    for _ in range(200):
        new = m + e * np.sin(anomaly)
        if np.allclose(new, anomaly, rtol=0, atol=tol):
            return new
        anomaly = new
    return anomaly


def kepler_grad(p):
    e, m = p
    x = scipy.optimize.brentq(lambda x: x - e * np.sin(x) - m, -9, 9, xtol=1e-15)
    return np.array([np.sin(x), 1.0]) / (1 - e * np.cos(x))


# --- linear systems and eigenvalues -----------------------------------------------------------------------------------------------------


def by_cg(x, **options):
    """wᵀ (A + diag(x²))⁻¹ b."""
    return RHS @ scipy.sparse.linalg.cg(SPD + np.diag(x**2), RHS, **options)[0]


def by_gmres(x):
    return np.sum(scipy.sparse.linalg.gmres(SPD + np.diag(x**2), RHS, rtol=1e-4)[0])


def linear_grad(x):
    z = np.linalg.solve(SPD + np.diag(x**2), RHS)
    return -2 * x * z * z


def gmres_grad(x):
    a = SPD + np.diag(x**2)
    return -2 * x * np.linalg.solve(a, np.ones(12)) * np.linalg.solve(a, RHS)


def cg_loop(x, tol=1e-5):
    a = SPD + np.diag(x**2)
    z, r = np.zeros(12), RHS.copy()
    p, rs = r.copy(), r @ r
    while np.sqrt(rs) > tol:
        ap = a @ p
        alpha = rs / (p @ ap)
        z, r = z + alpha * p, r - alpha * ap
        rs, before = r @ r, rs
        p = r + rs / before * p
    return np.sum(z)


def jacobi_loop(x, tol=TOL):
    a = SPD + np.diag(x**2 + 20)
    d = np.diag(a)
    z = np.zeros(12)
    for _ in range(1000):
        new = (RHS - (a - np.diag(d)) @ z) / d
        if np.linalg.norm(new - z) <= tol * np.linalg.norm(new):
            break
        z = new
    return np.sum(new)


def jacobi_grad(x):
    a = SPD + np.diag(x**2 + 20)
    return -2 * x * np.linalg.solve(a, np.ones(12)) * np.linalg.solve(a, RHS)


def power_iteration(x, tol=1e-7):
    a = np.diag([5.0, 3, 1]) + np.outer(x, x)
    v, value = np.ones(3) / np.sqrt(3), 0.0
    while True:
        w = a @ v
        new = v @ w
        if abs(new - value) < tol:
            return new
        value, v = new, w / np.linalg.norm(w)


def power_grad(x):
    v = np.linalg.eigh(np.diag([5.0, 3, 1]) + np.outer(x, x))[1][:, -1]
    return 2 * v * (v @ x)


def sinkhorn(c, tol=1e-5):
    k = np.exp(-c.reshape(3, 3) / 0.5)
    u = np.ones(3)
    while True:
        v = 1 / 3 / (k.T @ u)
        new = 1 / 3 / (k @ v)
        done = np.max(np.abs(new - u)) < tol
        u = new
        if done:
            break
    return 0.5 * (np.sum(np.log(u)) + np.sum(np.log(v))) / 3


def sinkhorn_grad(c):
    k = np.exp(-c.reshape(3, 3) / 0.5)
    u = np.ones(3)
    for _ in range(2000):
        v = 1 / 3 / (k.T @ u)
        u = 1 / 3 / (k @ v)
    return (u[:, None] * k * v).ravel()


# --- minimisers ----------------------------------------------------------------------------------------------------------------------


def bilevel(p, **options):
    """y*(p)² with y* the minimiser of y⁴/4 + y²/2 − s y."""
    s = np.sum(p**2)
    return scipy.optimize.minimize(lambda y: y[0] ** 4 / 4 + y[0] ** 2 / 2 - s * y[0], [0.5], **options).x[0] ** 2


def bilevel_grad(p):
    return 2 * cubic_root(p) * root_grad(p)


def descent_loop(p, tol=1e-4):
    s, y = np.sum(p**2), 0.5
    g = cubic(y, s)
    while abs(g) > tol:
        y -= 0.1 * g
        g = cubic(y, s)
    return y**2


# --- series and tables -----------------------------------------------------------------------------------------------------------------


def series(p, tol=1e-6):
    """Σ xᵏ/k!, until a term is small."""
    total, term, k = np.zeros_like(p), np.ones_like(p), 0
    while np.max(np.abs(term)) > tol:
        total, k = total + term, k + 1
        term = term * p / k
    return np.sum(total)


def geometric(p, tol=1e-5):
    total, k = 0.0, 0
    while True:
        term = k * p[0] ** k * p[1]
        total += term
        k += 1
        if k > 3 and abs(term) < tol:
            return total


def geometric_grad(p):
    a, b = p
    return np.array([b * (1 + a) / (1 - a) ** 3, a / (1 - a) ** 2])


def agm(p, tol=1e-3):
    a, b = p
    while abs(a - b) > tol:
        a, b = (a + b) / 2, math.sqrt(a * b)
    return a


def agm_grad(p):
    import mpmath

    return np.array(
        [
            float(mpmath.diff(lambda a: mpmath.agm(a, p[1]), p[0])),
            float(mpmath.diff(lambda b: mpmath.agm(p[0], b), p[1])),
        ]
    )


GRID = np.linspace(-1, 4, 400)
SPLINE = scipy.interpolate.CubicSpline(GRID, np.sin(GRID))
PCHIP = scipy.interpolate.PchipInterpolator(GRID, np.exp(GRID / 2))
LINEAR = scipy.interpolate.interp1d(np.linspace(-1, 4, 4000), np.sin(np.linspace(-1, 4, 4000)))
PLANE = scipy.interpolate.RegularGridInterpolator((GRID, GRID), np.sin(GRID)[:, None] * np.cos(GRID), method="cubic")
FINE = np.linspace(-1, 4, 5000)
TABLE = np.exp(FINE / 2)


def _opaque_closure(method):
    def simulate(k, y0):
        return solve_ivp(lambda t, y: -k * y, (0, 3), [y0], method=method)

    return lambda p: float(simulate(np.float64(p[0]), p[1]).y[0][-1])


def pathwise(p):
    z = np.random.default_rng(3).normal(size=500)
    return np.array([np.mean(np.exp(p[0] + p[1] * z)), np.mean(z * np.exp(p[0] + p[1] * z))])


X12 = np.linspace(0.3, 1.2, 12)
C9 = np.linspace(0.1, 1.3, 9) ** 2

SOLVED = [
    *[Case(f"decay by {m}", decay(m), P2, decay_grad) for m in ("RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA")],
    *[Case(f"decay by RK45 at {r:g}", decay("RK45", r), P2, decay_grad) for r in (1e-4, 1e-5, 1e-6)],
    Case("decay by Radau at 1e-6", decay("Radau", 1e-6, 1e-8), P2, decay_grad),
    Case("decay in a closure", _opaque_closure("RK45"), P2, decay_grad),
    Case("logistic growth", logistic(), P3, logistic_grad),
    Case("logistic growth by LSODA", logistic(method="LSODA", rtol=1e-5), P3, logistic_grad),
    Case("logistic growth by RK23 at 1e-5", logistic(method="RK23", rtol=1e-5), P3, logistic_grad),
    Case("oscillator in an object", Oscillator("RK45"), np.array([1.3, 0.8]), oscillator_grad),
    Case("oscillator in an object at 1e-6", Oscillator("RK45", rtol=1e-6), np.array([1.3, 0.8]), oscillator_grad),
    Case("oscillator by DOP853", Oscillator("DOP853", rtol=1e-5), np.array([1.3, 0.8]), oscillator_grad),
    Case("a method of an object", Oscillator("RK45").__call__, np.array([1.1, 0.5]), oscillator_grad),
    Case("loss of a fit", fit, P3, fit_grad),
    Case("loss of a fit at 1e-6", lambda p: fit(p, 1e-6, 1e-9), P3, fit_grad),
    Case("odeint", by_odeint, P3, logistic_grad),
    Case("odeint at its default", lambda p: by_odeint(p, None), P3, logistic_grad),
    Case("odeint at 1e-3", lambda p: by_odeint(p, 1e-3), P3, logistic_grad),
    Case("sensitivities at the same tolerance", pendulum, P2, pendulum_grad),
    Case("sensitivities at 1e-5", lambda p: pendulum(p, 1e-5), P2, lambda p: pendulum_grad(p, 1e-5)),
    Case("own control of the step", adaptive_euler, P2, adaptive_grad),
    Case("quad at 1e-2", gauss_integral(epsabs=1e-2, epsrel=1e-2), P2, gauss_integral_grad),
    Case("quad at 1e-4", gauss_integral(epsabs=1e-4, epsrel=1e-4), P2, gauss_integral_grad),
    Case("quad with few intervals", gauss_integral(limit=3), P2, gauss_integral_grad),
    Case(
        "adaptive Simpson",
        lambda p: simpson_adaptive(lambda t: p[1] * np.exp(p[0] * t), 0.0, 2.0, 1e-3),
        P2,
        lambda p: np.array([p[1] * (2 * np.exp(2 * p[0]) / p[0] - np.expm1(2 * p[0]) / p[0] ** 2), np.expm1(2 * p[0]) / p[0]]),
    ),
    Case("brentq", lambda p: scipy.optimize.brentq(cubic, -9, 9, args=(np.sum(p**2),), xtol=1e-4), P3, root_grad),
    Case("brentq at 1e-2", lambda p: scipy.optimize.brentq(lambda y: cubic(y, np.sum(p**2)), 0, 4, xtol=1e-2), P3, root_grad),
    Case("bisect", lambda p: scipy.optimize.bisect(cubic, -9, 9, args=(np.sum(p**2),), xtol=1e-5), P3, root_grad),
    Case("ridder", lambda p: scipy.optimize.ridder(cubic, -9, 9, args=(np.sum(p**2),), xtol=1e-3), P3, root_grad),
    Case("newton of SciPy", lambda p: scipy.optimize.newton(cubic, 1.0, args=(np.sum(p**2),), tol=1e-3), P3, root_grad),
    Case("root_scalar", lambda p: scipy.optimize.root_scalar(cubic, bracket=(0, 9), args=(np.sum(p**2),), xtol=1e-3).root, P3, root_grad),
    Case("fsolve", lambda p: scipy.optimize.fsolve(lambda y: cubic(y, np.sum(p**2)), 1.0, xtol=1e-3)[0], P3, root_grad),
    Case("root", lambda p: scipy.optimize.root(lambda y: cubic(y, np.sum(p**2)), [1.0], tol=1e-2).x[0], P3, root_grad),
    Case("Newton's loop", newton_loop, P3, root_grad),
    Case("secant loop", secant_loop, P3, root_grad),
    Case("fixed-point loop", fixed_point_loop, P2, fixed_point_grad),
    Case("fixed-point loop at 1e-3", lambda p: fixed_point_loop(p, 1e-3), P2, fixed_point_grad),
    Case(
        "fixed_point of SciPy",
        lambda p: float(scipy.optimize.fixed_point(lambda y: p[1] / 2 * np.cos(p[0] * y), 0.5, xtol=1e-4, method="iteration")),
        P2,
        fixed_point_grad,
    ),
    Case("Kepler", kepler, np.array([0.4, 1.2]), kepler_grad),
    Case("cg", lambda x: by_cg(x), X12, linear_grad),
    Case("cg at 1e-3", lambda x: by_cg(x, rtol=1e-3), X12, linear_grad),
    Case("gmres", by_gmres, X12, gmres_grad),
    Case("cg loop", cg_loop, X12, gmres_grad),
    Case("Jacobi loop", jacobi_loop, X12, jacobi_grad),
    Case("power iteration", power_iteration, np.array([0.5, 0.3, 0.8]), power_grad),
    Case("Sinkhorn", sinkhorn, C9, sinkhorn_grad),
    Case("minimize inside", bilevel, P3, bilevel_grad),
    Case("Nelder-Mead inside", lambda p: bilevel(p, method="Nelder-Mead"), P3, bilevel_grad),
    Case("L-BFGS-B inside", lambda p: bilevel(p, method="L-BFGS-B", tol=1e-3), P3, bilevel_grad),
    Case(
        "minimize_scalar inside",
        lambda p: scipy.optimize.minimize_scalar(lambda y: y**4 / 4 + y**2 / 2 - np.sum(p**2) * y, tol=1e-4).x ** 2,
        P3,
        bilevel_grad,
    ),
    Case("gradient descent inside", descent_loop, P3, bilevel_grad),
    Case("series", series, P3, np.exp),
    Case("geometric series", geometric, P2 * 0.8, geometric_grad),
    Case("arithmetic-geometric mean", agm, P2, agm_grad),
    Case("cubic spline of a table", lambda x: np.sum(SPLINE(x)), P3, np.cos),
    Case("Pchip of a table", lambda x: np.sum(PCHIP(x)), P3, lambda x: np.exp(x / 2) / 2),
    Case("linear table of SciPy", lambda x: np.sum(LINEAR(x)), P3, np.cos),
    Case("np.interp", lambda x: np.sum(np.interp(x, FINE, TABLE)), P3, lambda x: np.exp(x / 2) / 2),
    Case(
        "table in the plane",
        lambda x: PLANE(x[None, :])[0],
        P2,
        lambda x: np.array([np.cos(x[0]) * np.cos(x[1]), -np.sin(x[0]) * np.sin(x[1])]),
    ),
    Case(
        "Monte Carlo, pathwise",
        lambda p: np.mean(np.exp(p[0] + p[1] * np.random.default_rng(3).normal(size=500))),
        np.array([0.2, 0.4]),
        pathwise,
    ),
]  # fmt: skip


def _off(f, x, grad, name, change):
    return Case(name, f, x, lambda v: change(np.asarray(grad(v)), v), ("small systematic error",))


def _entry(k, factor):
    def change(g, x):
        g = np.array(g, dtype=float)
        g[k] *= factor
        return g

    return change


def _small_errors():
    """Errors of relative size 1e-2 to 1e-3 on functions with solvers, above what their tolerances leave after all."""
    changes = {
        "times 1.01": lambda g, x: 1.01 * g,
        "times 0.997": lambda g, x: 0.997 * g,
        "first entry 2 % off": _entry(0, 1.02),
        "last entry 1 % off": _entry(-1, 0.99),
        "x/500 added": lambda g, x: g + 0.002 * x,
    }
    names = list(changes)
    for place, case in enumerate(SOLVED):
        if any(word in case.name for word in ("table", "interp", "Monte", "Nelder", "sensitivities")):
            continue
        name = names[place % len(names)]
        yield _off(case.f, case.x, case.grad, f"{case.name}: {name}", changes[name])


SOLVED_WRONG = list(_small_errors())

W20 = RNG.normal(size=(20, 3))
B20 = RNG.normal(size=20)


def _loss(w):
    return np.mean(np.log1p(np.exp(-B20 * (W20 @ w))))


def _loss_grad(w):
    return W20.T @ (-B20 / (1 + np.exp(B20 * (W20 @ w)))) / 20


def pendulum_energy(p, g=9.81):
    """Kinetic and potential energy of a pendulum: p = (θ, ω)."""
    return 0.5 * p[1] ** 2 + g * (1 - np.cos(p[0]))


def euler_loss(p, steps=50):
    """A differential equation in steps of fixed size: a closed form."""
    y, h = 1.0, 0.04
    for _ in range(steps):
        y = y + h * (-p[0] * y + p[1] * np.sin(y))
    return y**2


def euler_grad(p, steps=50):
    y, h, s = 1.0, 0.04, np.zeros(2)
    for _ in range(steps):
        s = s + h * (np.array([-y, np.sin(y)]) + (-p[0] + p[1] * np.cos(y)) * s)
        y = y + h * (-p[0] * y + p[1] * np.sin(y))
    return 2 * y * s


def countdown(p):
    """A ``while`` loop with a counter, and no tolerance."""
    total, k = 0.0, 5
    while k > 0:
        total += np.sin(k * p[0]) * p[1] ** k / k
        k -= 1
    return total


def countdown_grad(p):
    k = np.arange(1, 6)
    return np.array([np.sum(np.cos(k * p[0]) * p[1] ** k), np.sum(np.sin(k * p[0]) * p[1] ** (k - 1))])


def safe_log(p):
    """A threshold that is no tolerance of a solver."""
    return np.sum([np.log(v) if v > 0.01 else v - 1 for v in p])


def smooth_norm(x):
    return np.sqrt(np.sum(x**2) + 1e-3)


CLOSED = {
    "logistic loss": (_loss, P3, _loss_grad),
    "energy": (pendulum_energy, P2, lambda p: np.array([9.81 * np.sin(p[0]), p[1]])),
    "Euler steps": (euler_loss, P2, euler_grad),
    "counter": (countdown, P2 * 0.5, countdown_grad),
    "threshold": (safe_log, P3, lambda p: 1 / p),
    "smoothed norm": (smooth_norm, P3, lambda x: x / smooth_norm(x)),
    "exp and sin": (lambda x: np.sum(np.exp(x) * np.sin(x)), P3, lambda x: np.exp(x) * (np.sin(x) + np.cos(x))),
    "matrix": (
        lambda m: np.log(np.linalg.det(m @ m.T + np.eye(3))),
        RNG.normal(size=(3, 3)),
        lambda m: 2 * np.linalg.solve(m @ m.T + np.eye(3), m),
    ),
}
CLOSED_CHANGES = {
    "times 1.001": lambda g, x: 1.001 * g,
    "times 1 + 1e-5": lambda g, x: (1 + 1e-5) * g,
    "a term of 1e-4": lambda g, x: g + 1e-4 * np.max(np.abs(g)) * np.sin(x),
    "9.8 for 9.81": lambda g, x: g * (9.8 / 9.81),
    "one entry 1e-4 off": _entry(0, 1.0001),
    "x/1e4 added": lambda g, x: g + 1e-4 * x,
}
CLOSED_WRONG = [
    _off(f, x, grad, f"{name}: {change}", apply)
    for name, (f, x, grad) in CLOSED.items()
    for change, apply in CLOSED_CHANGES.items()
] + [
    Case("g of 9.8", pendulum_energy, P2, lambda p: np.array([9.8 * np.sin(p[0]), p[1]]), ("one entry wrong",)),
    Case("norm without its epsilon", smooth_norm, P3, lambda x: x / np.sqrt(np.sum(x**2)), ("small systematic error",)),
]
