"""Differential equations, iterations inside losses, dynamic programming, networks, finance."""

from __future__ import annotations

import abc
import collections
import dataclasses
import functools
import heapq
import itertools
import math
import random

import numpy as np
import pytest
from ordinary import Cases, agrees

cases = Cases()


def rk4(f, y, t, dt, *args):
    k1 = f(t, y, *args)
    k2 = f(t + dt / 2, [a + dt / 2 * b for a, b in zip(y, k1)], *args)
    k3 = f(t + dt / 2, [a + dt / 2 * b for a, b in zip(y, k2)], *args)
    k4 = f(t + dt, [a + dt * b for a, b in zip(y, k3)], *args)
    return [a + dt / 6 * (p + 2 * q + 2 * r + s) for a, p, q, r, s in zip(y, k1, k2, k3, k4)]


def lotka_volterra(t, y, a, b, c, d):
    prey, predator = y
    return [a * prey - b * prey * predator, c * prey * predator - d * predator]


@cases.at([1.1, 0.4, 0.1, 0.4])
def predators_by_lists(p):
    y, t = [10.0, 5.0], 0.0
    for _ in range(20):
        y = rk4(lotka_volterra, y, t, 0.05, *p)
        t += 0.05
    return y[0] + 2 * y[1]


@cases.at([10.0, 28.0, 2.667])
def lorenz_by_arrays(p):
    sigma, rho, beta = p

    def rhs(u):
        du = np.empty(3)
        du[0] = sigma * (u[1] - u[0])
        du[1] = u[0] * (rho - u[2]) - u[1]
        du[2] = u[0] * u[1] - beta * u[2]
        return du

    path = np.zeros((11, 3))
    path[0] = 1.0
    for n in range(10):
        u, h = path[n], 0.01
        k1 = rhs(u)
        k2 = rhs(u + h / 2 * k1)
        path[n + 1] = u + h * k2
    return path[-1]


class Body:
    def __init__(self, mass, position, velocity):
        self.mass = mass
        self.position = np.array(position, dtype=float)
        self.velocity = np.array(velocity, dtype=float)
        self.force = np.zeros(2)


class Universe:
    G = 1.0

    def __init__(self, bodies):
        self.bodies = bodies
        self.log = collections.defaultdict(list)

    def forces(self):
        for b in self.bodies:
            b.force = np.zeros(2)
        for a, b in itertools.combinations(self.bodies, 2):
            d = b.position - a.position
            r = math.sqrt(d @ d + 0.01)
            f = self.G * a.mass * b.mass / r**3 * d
            a.force += f
            b.force -= f

    def step(self, dt):
        self.forces()
        for i, b in enumerate(self.bodies):
            b.velocity += dt * b.force / b.mass
            b.position += dt * b.velocity
            self.log[i].append(b.position.copy())


@cases.at([1.0, 0.5, 0.2, -0.3])
def bodies_under_gravity(x):
    u = Universe(
        [Body(x[0], [0.0, 0.0], [0.0, 0.1]), Body(1.0, [x[1], 1.0], x[2:]), Body(0.5, [-1.0, 0.3], [0.0, 0.0])]
    )
    for _ in range(5):
        u.step(0.1)
    return sum(np.sum(p**2) for p in u.log[1]) + u.bodies[0].position[0]


SOLAR = Universe([Body(1.0, [0.0, 0.0], [0.0, 0.0]), Body(0.5, [1.0, 0.0], [0.0, 1.0])])


@cases.at([1.0, 0.4])
def bodies_that_stay(x):
    SOLAR.log.clear()
    for b, m in zip(SOLAR.bodies, x):
        b.mass = m
        b.position = np.array([m, 1.0 - m])
        b.velocity = np.zeros(2)
    for _ in range(3):
        SOLAR.step(0.1)
    return SOLAR.bodies[1].position @ SOLAR.log[0][-1]


@cases.at([0.5, 1.5])
def newton_inside_a_loss(x):
    def implicit(a):
        y = 1.0
        for _ in range(50):
            f = y + a * math.exp(y) - 3.0
            step = f / (1 + a * math.exp(y))
            y -= step
            if abs(step) < 1e-14:
                return y
        raise RuntimeError("no convergence")

    return sum((implicit(a) - 0.5) ** 2 for a in x)


@cases.at([0.5, 1.5])
def a_fixed_point_with_arrays(x):
    z = np.zeros(2)
    previous = np.full(2, np.inf)
    n = 0
    while np.linalg.norm(z - previous) > 1e-14 and n < 200:
        previous, z = z, 0.3 * np.tanh(z + x) + 0.1 * z[::-1]
        n += 1
    return z @ x


@cases.at([0.5, 1.2, 0.3])
def shortest_path_by_a_heap(x):
    graph = {"a": {"b": x[0], "c": 2.0}, "b": {"c": x[1], "d": 4.0}, "c": {"d": x[2]}, "d": {}}
    best = {"a": 0.0}
    queue = [(0.0, "a")]
    while queue:
        cost, node = heapq.heappop(queue)
        if cost > best.get(node, math.inf):
            continue
        for other, w in graph[node].items():
            if cost + w < best.get(other, math.inf):
                best[other] = cost + w
                heapq.heappush(queue, (best[other], other))
    return best["d"] ** 2


@cases.at([0.5, 1.5, 0.3, 0.9])
def alignment_by_a_table(x):
    a, b = [0.1, 0.7, 1.2], x
    table = [[math.inf] * (len(b) + 1) for _ in range(len(a) + 1)]
    table[0][0] = 0.0
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            cost = (a[i - 1] - b[j - 1]) ** 2
            table[i][j] = cost + min(table[i - 1][j], table[i][j - 1], table[i - 1][j - 1])
    return table[-1][-1]


@cases.at([0.5, 1.5, 0.3])
def a_knapsack_by_memo(x):
    weights = [2, 3, 4]

    @functools.lru_cache(maxsize=None)
    def best(i, room):
        if i == len(weights):
            return 0.0
        skip = best(i + 1, room)
        return max(skip, x[i] + best(i + 1, room - weights[i])) if weights[i] <= room else skip

    return best(0, 6) ** 2


@cases.at([0.6, 0.3, 0.8])
def a_hidden_chain(x):
    states, observed = ("rain", "sun"), [0, 1, 1, 0]
    move = {"rain": {"rain": x[0], "sun": 1 - x[0]}, "sun": {"rain": x[1], "sun": 1 - x[1]}}
    emit = {"rain": [x[2], 1 - x[2]], "sun": [0.2, 0.8]}
    alpha = {s: 0.5 * emit[s][observed[0]] for s in states}
    for o in observed[1:]:
        alpha = {s: emit[s][o] * sum(alpha[r] * move[r][s] for r in states) for s in states}
    return -math.log(sum(alpha.values()))


class Module(abc.ABC):
    def __init__(self):
        self._cache = None

    @abc.abstractmethod
    def forward(self, h): ...

    def __call__(self, h):
        self._cache = h
        return self.forward(h)


class Linear(Module):
    def __init__(self, w, b):
        super().__init__()
        self.params = {"w": w, "b": b}

    def forward(self, h):
        return h @ self.params["w"] + self.params["b"]


class Activation(Module):
    table = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "sig": lambda z: 1 / (1 + np.exp(-z))}

    def __init__(self, name):
        super().__init__()
        self.name = name

    def forward(self, h):
        return self.table[self.name](h)


class Sequential(list):
    def __call__(self, h):
        for layer in self:
            h = layer(h)
        return h


@cases.at(np.linspace(-0.7, 0.9, 13))
def a_network_of_layers(theta):
    take = iter(theta)
    w1 = np.array([[next(take) for _ in range(3)] for _ in range(2)])
    b1 = np.array([next(take) for _ in range(3)])
    w2 = theta[9:12].reshape(3, 1)
    net = Sequential([Linear(w1, b1), Activation("tanh"), Linear(w2, theta[-1])])
    net.append(Activation("sig"))
    x, y = np.array([[0.1, 0.2], [0.5, -0.3], [0.9, 0.4]]), np.array([[0.0], [1.0], [1.0]])
    p = net(x)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)) + 0.01 * sum(
        np.sum(l.params["w"] ** 2) for l in net if isinstance(l, Linear)
    )


class Trainer:
    def __init__(self):
        self.weights = {"w": np.array([0.1, -0.2]), "b": 0.0}
        self.velocity = {}
        self.losses = []

    def gradient(self, x, y):
        e = x @ self.weights["w"] + self.weights["b"] - y
        return {"w": 2 * x.T @ e / len(y), "b": 2 * e.mean()}

    def fit(self, hyper):
        rate, momentum = hyper
        self.weights = {"w": np.array([0.1, -0.2]), "b": 0.0}
        self.velocity = dict.fromkeys(self.weights, 0.0)
        self.losses = []
        x, y = np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 0.3]]), np.array([1.0, 0.0, 2.0])
        for _ in range(6):
            for k, g in self.gradient(x, y).items():
                self.velocity[k] = momentum * self.velocity[k] - rate * g
                self.weights[k] = self.weights[k] + self.velocity[k]
            self.losses.append(float(np.mean((x @ self.weights["w"] + self.weights["b"] - y) ** 2)))
        return self.losses[-1]


@cases.made_at([0.05, 0.5])
def hyperparameters_of_a_training_loop():
    return Trainer().fit


@dataclasses.dataclass
class Option:
    strike: float
    expiry: float
    kind: str = "call"

    def payoff(self, s):
        return max(s - self.strike, 0.0) if self.kind == "call" else max(self.strike - s, 0.0)


@cases.at([100.0, 0.2, 0.05])
def a_binomial_tree(x):
    spot, vol, rate = map(float, x)
    option, n = Option(95.0, 1.0, "put"), 4
    dt = option.expiry / n
    up = math.exp(vol * math.sqrt(dt))
    p = (math.exp(rate * dt) - 1 / up) / (up - 1 / up)
    values = [option.payoff(spot * up ** (2 * j - n)) for j in range(n + 1)]
    for i in reversed(range(n)):
        for j in range(i + 1):
            hold = math.exp(-rate * dt) * (p * values[j + 1] + (1 - p) * values[j])
            values[j] = max(hold, option.payoff(spot * up ** (2 * j - i)))
    return values[0]


def normal_cdf(z):
    return 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))


@cases.at([100.0, 0.2, 0.05, 1.5])
def black_scholes_portfolio(x):
    s, v, r, t = x
    book = [("call", 100.0, 2), ("put", 90.0, -1), ("call", 120.0, 0.5)]
    total = 0.0
    for kind, k, quantity in book:
        d1 = (math.log(s / k) + (r + v**2 / 2) * t) / (v * math.sqrt(t))
        d2 = d1 - v * math.sqrt(t)
        sign = {"call": 1, "put": -1}[kind]
        total += quantity * sign * (s * normal_cdf(sign * d1) - k * math.exp(-r * t) * normal_cdf(sign * d2))
    return total


@cases.at([0.02, 0.3])
def yield_of_cash_flows(x):
    flows = {1: 5.0, 2: 5.0, 3: 105.0}
    price = sum(c * math.exp(-(x[0] + x[1] * 0.1 * t) * t) for t, c in flows.items())
    y = 0.05
    for _ in range(30):
        f = sum(c / (1 + y) ** t for t, c in flows.items()) - price
        df = sum(-t * c / (1 + y) ** (t + 1) for t, c in flows.items())
        y, old = y - f / df, y
        if abs(y - old) < 1e-15:
            break
    return y * 100


@cases.made_at([100.0, 0.2])
def monte_carlo_with_a_generator():
    rng = np.random.default_rng(3)
    draws = rng.standard_normal((50, 4))

    def price(x):
        total = 0.0
        for path in draws:
            s = x[0]
            for z in path:
                s *= math.exp(-0.5 * x[1] ** 2 * 0.25 + x[1] * 0.5 * z)
            total += max(s - 95.0, 0.0)
        return total / len(draws)

    return price


@cases.at([0.5, 1.2])
def draws_from_global_generators(x):
    np.random.seed(5)
    noise = np.random.normal(size=3) * x[0]
    more = np.random.normal(x[1], x[0])
    random.seed(2)
    return noise @ noise + more * random.random() + random.gauss(x[0], 2.0) + np.random.uniform(0, x[1])


@cases.made_at([0.5, 1.2])
def a_generator_made_inside():
    def f(x):
        rng = np.random.default_rng(11)
        z = rng.normal(x[0], x[1], size=4)
        order = rng.permutation(4)
        return (z[order] * np.arange(4)).sum() * rng.uniform() + rng.choice(x)

    return f


class Cell:
    def __init__(self, grid, i, j):
        self.grid, self.i, self.j = grid, i, j
        self.value = 0.0

    @property
    def neighbours(self):
        for di, dj in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            cell = self.grid.get((self.i + di, self.j + dj))
            if cell is not None:
                yield cell


@cases.at([0.5, 1.2, 0.1])
def heat_on_a_grid_of_objects(x):
    grid = {}
    for i, j in itertools.product(range(3), repeat=2):
        grid[i, j] = Cell(grid, i, j)
    for k, v in enumerate(x):
        grid[k, k].value = v
    for _ in range(3):
        new = {key: c.value + 0.1 * sum(o.value - c.value for o in c.neighbours) for key, c in grid.items()}
        for key, v in new.items():
            grid[key].value = v
    return grid[2, 0].value * 3 + grid[0, 0].value ** 2


@pytest.mark.parametrize("case", cases, ids=repr)
def test_simulations(case):
    agrees(case)
