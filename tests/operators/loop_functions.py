"""Functions that go through loops, as the tests of loops read them."""

import math

import numpy as np


def pendulum(x):
    th, om, c = x[0], x[1], x[2]
    for _ in range(60):
        om = om - 1e-2 * (9.81 * np.sin(th) + c * om)
        th = th + 1e-2 * om
    return th


def rosenbrock(x):
    s = 0.0
    for i in range(len(x) - 1):
        s += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return s


def backwards(x):
    s = 0.0
    for i in range(len(x) - 1, 0, -1):
        s = s * 0.9 + x[i] * x[i - 1] * math.exp(-x[i])
    return s


def every_third(x):
    return sum(math.sin(x[i]) * x[-i] for i in range(1, len(x), 3))


def two_behind(x):
    a, b, s = x[0], x[1], 0.0
    for i in range(50):
        a, b = b, 0.3 * a + math.cos(b) * x[i % 2]
        s += b * (i + 0.5)
    return s + a


def three_behind(x):
    h = [x[0], x[1], x[2]]
    for k in range(45):
        h.append(0.5 * h[-3] + 0.25 * h[-1] * h[-2] + x[k % 3] * 0.01)
    return h[-1] * h[-2]


def filled(x):
    z = np.zeros(len(x))
    z[0] = x[0]
    for i in range(1, len(x)):
        z[i] = z[i - 1] * 0.5 + math.sin(x[i])
        if z[i] > 3:
            z[i] = 3.0
    return (z * z).sum()


def filled_twice(x):
    z = np.ones(len(x))
    for i in range(1, len(x)):
        z[i] += z[i - 1] * x[i]
        z[i] *= 0.5
    return z[-1] + z[len(x) // 2] * z[3]


def matrix(x):
    n = len(x)
    A = np.zeros((n, n))
    for i in range(n):
        A[i, i] = 2.0 + x[i] ** 2
        if i:
            A[i, i - 1] = A[i - 1, i] = -x[i] * x[i - 1]
    return np.sum(A @ A)


def pairs(x):
    e = 0.0
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            e = e + 1.0 / (1.0 + (x[i] - x[j]) ** 2)
    return e


def grid(x):
    s = 0.0
    for i in range(9):
        for j in range(8):
            s = s + math.tanh(x[i] * x[j + 1] - i * j)
    return s


def network(x):
    W, h = x[:9].reshape(3, 3), np.ones(3)
    for t in range(40):
        h = np.tanh(W @ h + 0.1 * t + x[9:12])
    return h.sum()


def rows(x):
    Z = np.zeros((40, 4))
    Z[0] = x[:4]
    for i in range(1, 40):
        Z[i] = np.sin(Z[i - 1]) + Z[i - 1, ::-1] * x[i % 4]
    return (Z**2).sum()


def windows(x):
    s = 0.0
    for i in range(len(x) - 3):
        w = x[i : i + 3]
        s = s + w @ w * w[1]
    return s


def kinked(x):
    s = 0.0
    for i in range(len(x)):
        s = s + abs(x[i] - 0.3) * max(x[i], 0.2) + np.maximum(x[i], x[0]) * np.sqrt(np.abs(x[i]))
    return s


def divided(x):
    s, p = 0.0, x[0]
    for i in range(1, len(x)):
        p = 1.0 / (p + x[i])
        s = s + p / (1.0 + x[i] * x[i])
    return s


def absorbing(x):
    s = 0.0
    for v in x:
        a = v * v
        b = a * a
        c = b * b
        s = s + 1.0 / (1.0 + c * c)
    return s


def several_results(x):
    s = 0.0
    for i in range(30):
        q, r = np.linalg.qr(np.array([[x[i % 3] + i, 1.0], [0.5, x[3]]]))
        s = s + r[0, 0] * q[1, 1]
    return s


def decided(x):
    s = x[0]
    for i in range(60):
        s = s * 0.9 + 0.1 * x[i % len(x)] if s > x[1] else s * 1.1 - x[2]
    return s


def coefficients(x):
    c = [0.1 * k * k - 1.0 for k in range(50)]
    s = x[0] * 0.0
    for k in reversed(range(50)):
        s = s * x[1] + c[k]
    return s


def lorenz(x):
    state = np.array([1.0, x[3], 1.0])
    for _ in range(60):
        slope = np.array(
            [
                x[0] * (state[1] - state[0]),
                state[0] * (x[1] - state[2]) - state[1],
                state[0] * state[1] - x[2] * state[2],
            ]
        )
        state = state + 0.002 * slope
    return state.sum() + state[0] * state[2]


def changing_places(x):
    p, q = x[:2] * 1.0, np.array([x[2], x[3]])
    for i in range(40):
        p, q = 0.5 * q - 0.1 * p / (1.0 + q * q), np.array([p[1], -p[0] + 0.01 * i])
        p[i % 2] += 0.1 * x[4]
        q[0] = q[0] * x[5] + p[1]
    return p @ q + p[0]


def vectors_kept(x):
    path = [x[:3] * 0.1, np.zeros(3)]
    for i in range(40):
        path.append(0.9 * path[-1] + 0.05 * path[-2] - x[3:6] * 0.01 * i)
    return sum(v[0] * v[2] for v in path) + path[7] @ path[20] + np.sin(path[-1]).sum()


def entries_of_entries(x):
    v = np.array([x[0], x[1]])
    for _ in range(40):
        a, b = v[1], v[0]
        v = np.array([0.5 * a, b])
        v = -v + np.array([b, a * x[2]]) * 0.3
    return a * 2.0 + b + v[0] * v[1]


FUNCTIONS = [
    pendulum, rosenbrock, backwards, every_third, two_behind, three_behind, filled, filled_twice, matrix, pairs, grid, network, rows, windows, kinked,
    divided, absorbing, several_results, decided, coefficients, lorenz, changing_places, vectors_kept, entries_of_entries,
]  # fmt: skip
