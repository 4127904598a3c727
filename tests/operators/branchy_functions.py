"""Functions whose branches follow the data, as people write them: each point takes a path of its own."""

from __future__ import annotations

import math

import numpy as np

WEIGHTS = np.random.default_rng(1).normal(size=(30, 3))
LABELS = np.sign(WEIGHTS @ [1.0, 2.0, -1.0])


def hinge(w):
    loss = 0.5 * np.dot(w, w)
    for row, label in zip(WEIGHTS, LABELS, strict=True):
        margin = 1 - label * np.dot(w, row)
        if margin > 0:
            loss += margin
    return loss


def leaky(x):
    h = x[0]
    for i in range(1, len(x)):
        h = 0.5 * h + (x[i] if x[i] > 0 else 0.1 * x[i])
    return h * h


def huber(r):
    if abs(r) < 1:
        return 0.5 * r * r
    return abs(r) - 0.5


def robust(x):
    return sum(huber(float(x[i + 1] - x[i])) for i in range(len(x) - 1))


def robust_loop(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += huber(float(x[i + 1] - x[i]))
    return total


def bouncing(x):
    y, v, total = float(x[0]), float(x[1]), 0.0
    for _ in range(80):
        v -= 0.3
        y += 0.1 * v
        if y < 0:
            y = -y
            v = -0.9 * v
        total += y * y
    return total


def tariff(use):
    if use <= 100:
        return 0.1 * use
    if use <= 300:
        return 10 + 0.2 * (use - 100) ** 1.5 / 30
    return 50 + 0.5 * (use - 300)


def bill(x):
    total = 0.0
    for use in x:
        total += 1e-3 * tariff(abs(use) * 200)
    return total


def entropy(x):
    total = 0.0
    for v in x:
        p = math.tanh(v)
        if p > 0:
            total -= p * math.log(p) + math.sqrt(p)
        else:
            total += 1.0 / (1 - p) if p < -0.2 else p**2
    return total


def barrier(x):
    price, alive = 100.0, 1.0
    for z in x:
        price *= math.exp(0.03 * z)
        if price > 108.0:
            alive = 0.0
    return alive * max(price - 100.0, 0.0) + 1e-3 * price


def network(x):
    total = 0.0
    for row in WEIGHTS[:8]:
        hidden = []
        for k in range(3):
            a = sum(x[3 * k + j] * row[j] for j in range(3))
            if a > 0:
                hidden.append(a)
            else:
                hidden.append(0.01 * a)
        total += (sum(hidden) - row[0]) ** 2
    return total


def clipped_steps(x):
    v, total = np.zeros(3), 0.0
    for k in range(len(x) // 3):
        v = 0.9 * v + x[3 * k : 3 * k + 3]
        n = np.sqrt(v @ v)
        if n > 1.0:
            v = v / n
        total += v @ v * 0.5 + v[0]
    return total


def stick_slip(x):
    v, position = 1.0, 0.0
    for force in x:
        if abs(v) < 0.3 and abs(force) < 0.5:
            v = 0.0 * v
        elif not v <= 0:
            v += 0.1 * (force - 0.5)
        else:
            v += 0.1 * (force + 0.5)
        position += 0.1 * v
    return position**2


def tree(v):
    if v[0] < 0.1:
        if v[1] < -0.3:
            return 1.0 * v[2]
        return 2.0 * v[0]
    if v[2] > 0.4:
        return -1.0 + v[1]
    return 0.5 * v[1] * v[2]


def forest(x):
    total = 0.0
    for k in range(0, len(x) - 2, 3):
        total += tree(x[k : k + 3]) ** 2
    return total


def sums_by_kind(x):
    sums = [0.0] * 3
    for v in x:
        if v < -0.5:
            sums[0] += v * v
        elif v < 0:
            sums[1] += v
        else:
            sums[2] += v**3
    return sums[0] * sums[1] + sums[2]


def sums_by_name(x):
    sums = {"low": 0.0, "high": 1.0}
    for v in x:
        if v < 0:
            sums["low"] += v * v
        else:
            sums["high"] *= 1 + 0.1 * v
    return sums["low"] * sums["high"]


def entries(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        if x[i] > 0.2:
            y[i] = x[i] ** 2
        else:
            y[i] += 3 * x[i]
    return y @ y


def contact_forces(x):
    p = x[: len(x) // 2 * 2].reshape(-1, 2)
    forces = np.zeros(p.shape)
    for i in range(len(p)):
        for j in range(i):
            d = p[i] - p[j]
            r = math.sqrt(d @ d)
            if r < 1.5:
                f = 5.0 * (1.5 - r) * d / r
                forces[i] += f
                forces[j] -= f
    return (forces**2).sum()


def mean_of_positive(x):
    n, total = 1, 0.0
    for v in x:
        if v > 0:
            n += 1
            total += v
    return total / n


def skipping(x):
    total = 1.0
    for v in x:
        if v < 0:
            total += 0.1 * v
            continue
        if v > 1:
            if v > 1.5:
                continue
            total *= v
        total += v * v
    return total


def warping(x):
    n = len(x) // 2
    a, b = x[:n], x[n:]
    cost = np.full((n + 1, n + 1), 1e9)
    cost[0, 0] = 0
    for i in range(n):
        for j in range(n):
            cost[i + 1, j + 1] = (a[i] - b[j]) ** 2 + min(cost[i, j + 1], cost[i + 1, j], cost[i, j])
    return cost[n, n]


def bubble_sort(x):
    items = list(x[:6])
    for i in range(len(items)):
        for j in range(len(items) - 1 - i):
            if items[j] > items[j + 1]:
                items[j], items[j + 1] = items[j + 1], items[j]
    return sum((k + 1) * v for k, v in enumerate(items))


def deviation(x):
    middle = sorted(x.tolist())[len(x) // 2]
    spread = sorted([abs(v - middle) for v in x.tolist()])
    return middle + 2 * spread[len(x) // 2]


class Pond:
    """A reservoir with a weir."""

    def __init__(self):
        self.height, self.rate = 2.0, 0.3

    def outflow(self, h):
        if h > self.height:
            return self.rate * self.height + 0.8 * (h - self.height)
        return self.rate * h

    def run(self, x):
        h, total = 1.0, 0.0
        for r in x:
            h = h + r * r - self.outflow(h)
            if h < 0:
                h = 0.0
            total += self.outflow(h)
        return total


def cubic_roots(x):
    total = 0.0
    for a in x[:8]:
        z = 1.0
        for _ in range(50):
            step = (z**3 + z - a * a - 3) / (3 * z * z + 1)
            z -= step
            if abs(step) < 1e-12:
                break
        total += z
    return total


def anomalies(x):
    total = 0.0
    for v in x[:8]:
        mean = 1.5 + math.tanh(v)
        e, turns = mean, 0
        while abs(e - 0.4 * math.sin(e) - mean) > 1e-12 and turns < 40:
            e -= (e - 0.4 * math.sin(e) - mean) / (1 - 0.4 * math.cos(e))
            turns += 1
        total += math.cos(e)
    return total


FUNCTIONS = [
    hinge,
    leaky,
    robust,
    robust_loop,
    bouncing,
    bill,
    barrier,
    entropy,
    network,
    clipped_steps,
    stick_slip,
    forest,
    sums_by_kind,
    sums_by_name,
    entries,
    contact_forces,
    mean_of_positive,
    skipping,
    warping,
    bubble_sort,
    deviation,
    Pond().run,
    cubic_roots,
    anomalies,
]
SIZES = {"hinge": 3, "network": 9, "bouncing": 2, "warping": 12}
