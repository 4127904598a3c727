"""Mechanics, particles, fields, steppers with buffers."""

import numpy as np

from battery.registry import case

_r = np.random.RandomState(0)


@case(np.array([1.0, 0.0, 0.0, 1.1]), 0.05)
def kepler_leapfrog(state, dt):
    q, p = state[:2].copy(), state[2:].copy()
    for _ in range(12):
        p -= 0.5 * dt * q / np.sum(q * q) ** 1.5
        q += dt * p
        p -= 0.5 * dt * q / np.sum(q * q) ** 1.5
    return 0.5 * p @ p - 1.0 / np.sqrt(q @ q) + 0.1 * q[0]


@case(np.array([0.4, -0.3, 1.2]), np.array([1.0, 0.7, 1.3]))
def chain_of_springs_buffers(x, k):
    force = np.zeros_like(x)
    force[0] -= k[0] * x[0]
    stretch = x[1:] - x[:-1]
    force[1:] -= k[1:] * stretch
    force[:-1] += k[1:] * stretch
    return force


@case(_r.randn(4, 2), order=1)
def lennard_jones_forces(p):
    f = np.zeros_like(p)
    n = len(p)
    for i in range(n):
        for j in range(i + 1, n):
            d = p[i] - p[j]
            r2 = d @ d + 0.3
            g = 24 * (2 / r2**7 - 1 / r2**4) * d
            f[i] += g
            f[j] -= g
    return f


@case(_r.randn(5, 3), np.array([0.5, 1.0, 2.0, -1.0, 0.3]))
def coulomb_energy_masked(pos, charge):
    d = pos[:, None, :] - pos[None, :, :]
    r2 = (d**2).sum(-1)
    mask = ~np.eye(len(pos), dtype=bool)
    q = charge[:, None] * charge[None, :]
    return 0.5 * np.sum(q[mask] / np.sqrt(r2[mask]))


@case(_r.randn(5, 3), np.array([0.5, 1.0, 2.0, -1.0, 0.3]))
def coulomb_energy_fill_diagonal(pos, charge):
    d = pos[:, None, :] - pos[None, :, :]
    r = np.sqrt((d**2).sum(-1) + np.eye(len(pos)))
    e = np.outer(charge, charge) / r
    np.fill_diagonal(e, 0.0)
    return 0.5 * e.sum()


@case(np.linspace(0, 1, 9) ** 2, 0.3)
def heat_equation_in_place(u, alpha):
    u = u.copy()
    for _ in range(6):
        u[1:-1] += alpha * (u[2:] - 2 * u[1:-1] + u[:-2])
        u[0], u[-1] = u[1], u[-2]
    return u


@case(_r.rand(4, 5), 0.15)
def wave_equation_two_buffers(u0, c2):
    old, now, new = u0.copy(), u0.copy(), np.empty_like(u0)
    for _ in range(4):
        lap = -4 * now
        lap += np.roll(now, 1, 0)
        lap += np.roll(now, -1, 0)
        lap += np.roll(now, 1, 1)
        lap += np.roll(now, -1, 1)
        np.multiply(lap, c2, out=new)
        new += 2 * now
        new -= old
        old, now, new = now, new, old
    return now


@case(_r.rand(6), 0.4)
def burgers_upwind(u, nu):
    u = u.copy()
    for _ in range(3):
        flux = 0.5 * u**2
        u[1:] -= nu * (flux[1:] - flux[:-1])
    return (u**2).sum()


@case(np.array([0.5, 0.2]), np.array([1.0, 0.3, 9.8]))
def pendulum_rk4(y, params):
    m, b, g = params

    def rhs(y):
        return np.stack([y[1], -g * np.sin(y[0]) - b / m * y[1]])

    h = 0.02
    for _ in range(8):
        k1 = rhs(y)
        k2 = rhs(y + h / 2 * k1)
        k3 = rhs(y + h / 2 * k2)
        k4 = rhs(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


@case(np.array([1.0, 1.5, 0.7]))
def inertia_tensor_and_rotation(w):
    theta = np.sqrt(w @ w)
    K = np.zeros((3, 3))
    k = w / theta
    K = np.stack(
        [np.stack([0 * k[0], -k[2], k[1]]), np.stack([k[2], 0 * k[0], -k[0]]), np.stack([-k[1], k[0], 0 * k[0]])]
    )
    return np.eye(3) + np.sin(theta) * K + (1 - np.cos(theta)) * K @ K


@case(np.array([0.3, 0.7, 2.0]), order=1)
def van_der_waals_isotherm(p):
    a, b, T = p
    V = np.linspace(1.5, 4.0, 7)
    return T / (V - b) - a / V**2


@case(np.array([3.0, 1.0]))
def projectile_bounce(v):
    y, vy, x, vx = 0.0, v[0], 0.0, v[1]
    dt = 0.01
    n = 0
    while n < 120:
        vy = vy - 9.81 * dt
        y = y + vy * dt
        x = x + vx * dt
        if y < 0:
            y = -0.7 * y
            vy = -0.7 * vy
        n += 1
    return x * 2 + y


@case(_r.randn(3), _r.randn(3), _r.randn(3))
def lorentz_force(v, E, B):
    return 1.6 * (E + np.cross(v, B)) / np.sqrt(1 - v @ v / 100)


@case(np.array([0.2, -0.1, 0.4, 0.3]))
def ising_mean_field(h):
    m = np.tanh(h)
    for _ in range(50):
        new = np.tanh(h + 0.3 * (np.roll(m, 1) + np.roll(m, -1)))
        if np.max(np.abs(new - m)) < 1e-14:
            break
        m = new
    return m


@case(_r.rand(5, 5), order=1)
def poisson_jacobi_ghost_cells(rhs):
    u = np.zeros_like(rhs)
    for _ in range(5):
        padded = np.pad(u, 1)
        u = 0.25 * (padded[2:, 1:-1] + padded[:-2, 1:-1] + padded[1:-1, 2:] + padded[1:-1, :-2] - rhs)
    return (u * rhs).sum()


@case(_r.rand(4, 4), order=1)
def gauss_seidel_red_black(b):
    u = np.zeros_like(b)
    for _ in range(3):
        for colour in (0, 1):
            v = np.zeros_like(u)
            v[1:, :] += u[:-1, :]
            v[:-1, :] += u[1:, :]
            v[:, 1:] += u[:, :-1]
            v[:, :-1] += u[:, 1:]
            u[colour::2, ::2] = 0.25 * (v + b)[colour::2, ::2]
            u[1 - colour :: 2, 1::2] = 0.25 * (v + b)[1 - colour :: 2, 1::2]
    return np.sum(u**2)


@case(_r.rand(6), _r.rand(6) + 1)
def tridiagonal_thomas(d, b):
    n = len(d)
    a, c = -0.3 * np.ones(n), -0.2 * np.ones(n)
    cp, dp = np.zeros_like(d), np.zeros_like(d)
    cp[0] = c[0] / b[0]
    dp[0] = d[0] / b[0]
    for i in range(1, n):
        den = b[i] - a[i] * cp[i - 1]
        cp[i] = c[i] / den
        dp[i] = (d[i] - a[i] * dp[i - 1]) / den
    x = np.empty_like(d)
    x[-1] = dp[-1]
    for i in range(n - 2, -1, -1):
        x[i] = dp[i] - cp[i] * x[i + 1]
    return x


@case(np.array([0.1, 0.3, 0.9, 1.6, 1.9]), order=1)
def particle_in_cell_deposit(x):
    rho = np.zeros_like(x)
    cell = np.floor(x / 0.5).astype(int)
    w = x / 0.5 - cell
    np.add.at(rho, cell, 1 - w)
    np.add.at(rho, cell + 1, w)
    return rho**2


@case(_r.randn(4, 3), np.array([2.0, 2.5, 3.0]))
def periodic_minimum_image(p, box):
    d = p[:, None] - p[None]
    d -= box * np.round(d / box)
    r2 = np.einsum("ijk,ijk->ij", d, d)
    iu = np.triu_indices(len(p), 1)
    return np.exp(-r2[iu]).sum()


@case(np.array([0.3, 0.5, 0.2, 0.1, -0.2, 0.4, 0.9, 1.0]), order=1)
def verlet_swap_views(z):
    x, v = z[:4], z[4:]
    x = x.copy()
    v = v.copy()
    a = -x
    for _ in range(5):
        x += v * 0.1 + 0.005 * a
        a_new = -x - 0.1 * x**3
        v += 0.05 * (a + a_new)
        a[:] = a_new
    return np.concatenate((x, v))


@case(np.array([1.0, 2.0, 3.0]), order=1)
def mutates_its_argument(x):
    x[1] *= 2
    x[0] += x[1]
    x -= 0.5
    return x * x[0]


@case(_r.rand(3, 3) + 2 * np.eye(3))
def deformation_gradient_energy(F):
    J = np.linalg.det(F)
    C = F.T @ F
    return 0.5 * (np.trace(C) - 3 - 2 * np.log(J)) + 0.5 * np.log(J) ** 2


@case(np.array([0.3, 0.2, 0.1, 0.5, 0.7, 0.4]), order=1)
def strain_voigt_scatter(v):
    S = np.zeros_like(v, shape=(3, 3))
    S[[0, 1, 2], [0, 1, 2]] = v[:3]
    S[[1, 0, 0], [2, 2, 1]] = v[3:] / 2
    S = S + S.T - np.diag(np.diag(S))
    return np.linalg.eigvalsh(S)
