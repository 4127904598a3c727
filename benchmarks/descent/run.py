"""What a step of plain gradient descent costs beyond one value and gradient.

    python benchmarks/descent/run.py           prints the table
    python benchmarks/descent/run.py --write   also writes README.md beside this file

A step is one evaluation and what the loop adds.  Both are timed in turn, in rounds, in one process; the ratio and the difference are those of the minima.
Times are processor time with one thread of BLAS, so that other processes on the machine change little.
"""

from __future__ import annotations

import copy
import itertools
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import gradwise as gw

ROUNDS = 20
STEPS = 300
HERE = Path(__file__).resolve().parent


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def cases():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((1000, 100))
    y = A @ rng.standard_normal(100)
    W = {
        "W1": rng.standard_normal((32, 64)) / 8,
        "b1": np.zeros(32),
        "W2": rng.standard_normal((1, 32)) / 6,
        "b2": np.zeros(1),
    }
    X, t = rng.standard_normal((64, 256)), rng.standard_normal(256)

    def network(p):
        hidden = np.tanh(p["W1"] @ X + p["b1"][:, None])
        return np.mean((p["W2"] @ hidden + p["b2"][:, None] - t) ** 2)

    def pairs(p):
        (W1, b1), (W2, b2) = p
        return np.mean((W2 @ np.tanh(W1 @ X + b1[:, None]) + b2[:, None] - t) ** 2)

    return [
        ("a square, n = 2", lambda x: np.sum(x**2), np.ones(2), 1e-3),
        ("Rosenbrock, n = 2", rosenbrock, np.array([-1.2, 1.0]), 1e-4),
        ("f(x, y) of two numbers", lambda x, y: x**2 + 3 * y**2, (1.0, 2.0), 1e-3),
        ("a sum, n = 1,000", lambda x: np.sum(np.cos(x) + x**2), np.ones(1000), 1e-3),
        ("least squares, 1,000 × 100", lambda x: np.mean((A @ x - y) ** 2), np.zeros(100), 1e-3),
        ("a network in a dict, 2,113 parameters", network, W, 1e-3),
        ("the same, by Adam", network, W, 1e-3, "adam"),
        ("the same as a list of pairs", pairs, [(W["W1"], W["b1"]), (W["W2"], W["b2"])], 1e-3),
        ("a sum, n = 100,000", lambda x: np.sum(np.cos(x) + x**2), np.ones(100_000), 1e-3),
        ("a sum, n = 1,000,000", lambda x: np.sum(np.cos(x) + x**2), np.ones(1_000_000), 1e-3),
        ("the same, by momentum", lambda x: np.sum(np.cos(x) + x**2), np.ones(1_000_000), 1e-4, "momentum"),
    ]


def measure(f, x0, rate, method="gd"):
    spread = isinstance(x0, tuple)
    both = gw.value_and_grad(f, "all" if spread else 0)
    # at points that change, as they do in a descent: at one that does not, memory and its alignment repeat themselves
    points = itertools.cycle([copy.deepcopy(x0) for _ in range(32)])
    call = (lambda: both(*next(points))) if spread else (lambda: both(next(points)))
    call()
    once = time.process_time()
    call()
    steps = max(40, min(STEPS, int(1 / max(time.process_time() - once, 1e-7))))
    gw.descend(f, x0, method, rate, maxiter=3, tol=0)
    plain, alone, short, long = [np.inf] * 4
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(steps):
            call()
        alone = min(alone, (time.process_time() - began) / steps)
        # a long descent less a short one: what a step costs, without the report
        began = time.process_time()
        gw.descend(f, x0, method, rate, maxiter=steps // 4, tol=0)
        short = min(short, time.process_time() - began)
        began = time.process_time()
        gw.descend(f, x0, method, rate, maxiter=steps + steps // 4, tol=0)
        long = min(long, time.process_time() - began)
        began = time.process_time()
        for _ in range(steps):
            f(*x0) if spread else f(x0)
        plain = min(plain, (time.process_time() - began) / steps)
    return plain, alone, (long - short) / steps


def main():
    lines = [
        "# What a step of gradient descent costs",
        "",
        "Written by `python benchmarks/descent/run.py --write`. Processor time with one thread of BLAS, minima over rounds in one process; a step is that of `gw.descend` with a fixed rate,",
        "trace included, the difference of a long and a short descent, each at its fastest; the value and the gradient are those of points that change, as in a descent.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, Python {sys.version.split()[0]}, numpy {np.__version__}",
        "",
        "| function | f | value and gradient | step | step ÷ value and gradient | beyond it |",
        "|---|---|---|---|---|---|",
    ]
    for name, *case in cases():
        plain, alone, stepped = measure(*case)
        us = [f"{1e6 * value:,.4g} µs" for value in (plain, alone, stepped)]
        lines.append(
            f"| {name} | {us[0]} | {us[1]} | {us[2]} | {stepped / alone:.2f} | {1e6 * (stepped - alone):,.3g} µs |"
        )
        print(lines[-1], flush=True)
    lines += [
        "",
        "Goal: at most 1.3 times where f costs 100 µs or more, else at most 20 µs beyond it. A step of a million numbers is the traffic of memory, and varies with what the",
        "allocator does and with what else runs on the machine: between 1.19 and 1.29 in several runs.",
        "",
    ]
    if "--write" in sys.argv:
        (HERE / "README.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
