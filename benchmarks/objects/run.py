"""What a traced run and a derivative cost beside the plain call, for problems that assemble their value from hundreds of small functions found by name: ``python benchmarks/objects/run.py --write``.

Figures are minima over repetitions, the plain call, the traced run and the derivative in turn, on the same inputs, one problem at a time.  A traced run is the run of the instrumented copy that
records the program (``gw.trace`` without what prints it); the derivative at each call is that run, the pullback and the checks of ``pure=False``; the default mode serves proved programs.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
import problems
import scipy

import gradwise as gw
from gradwise.operators.shortcuts import ENOUGH, PATIENCE
from gradwise.tracing import record
from gradwise.tracing.instrument.hooks import watched

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent


def least(calls: list[Callable[[], Any]], rounds: int) -> list[float]:
    """The least seconds of each call; they take turns."""
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        for i, call in enumerate(calls):
            start = time.perf_counter()
            call()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


def measured(problem: Any, rounds: int) -> tuple[float, float, float, float]:
    """Seconds of the plain call; traced run, derivative at each call and derivative in the default mode as multiples of it."""
    f, x = problem.fx, problem.x0
    gradient, each = gw.grad(f), gw.grad(f, pure=False)

    def traced() -> None:
        record(f, [x], (True,), lambda leaves: watched(f)(leaves[0]))

    for _ in range(
        PATIENCE + ENOUGH + 6
    ):  # the first calls verify, prove and build; a long program is written as text after some more
        gradient(x)
    for _ in range(3):
        each(x)
    plain, *others = least([lambda: f(x), traced, lambda: each(x), lambda: gradient(x)], rounds)
    return plain, *[t / plain for t in others]


def main() -> None:
    """Measure, print, and write the table if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write README.md beside this file")
    parser.add_argument("--sizes", type=int, nargs="*", default=[20, 100])
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    lines = [
        "| problem | elements by | n | plain call | traced run | gradient, f run at each call | gradient, default |",
        "|---|---|---|---|---|---|---|",
    ]
    ratios: dict[str, list[tuple[float, ...]]] = {"eval": [], "getattr": []}
    for name in problems.FUNCTIONS:
        for kind, measurements in ratios.items():
            for n in args.sizes:
                plain, *found = measured(problems.problem(name, n, kind), args.rounds)
                measurements.append(tuple(found))
                cells = " | ".join(f"{r:.2f}" for r in found)
                lines.append(f"| {name} | `{kind}` | {n} | {plain * 1e3:.2f} ms | {cells} |")
                print(lines[-1], flush=True)
    summary = [
        "| median over the problems | traced run | gradient, f run at each call | gradient, default |",
        "|---|---|---|---|",
    ]
    for label, rows in (*ratios.items(), ("both", ratios["eval"] + ratios["getattr"])):
        medians = [statistics.median(column) for column in zip(*rows, strict=True)]
        summary.append(f"| {label} | " + " | ".join(f"{m:.2f}" for m in medians) + " |")
    print("\n".join(summary))
    if args.write:
        head = (
            "# Objects that assemble their value from small functions found by name\n\n"
            "Written by `python benchmarks/objects/run.py --write`. Ratios to the plain call; minima over rounds in which plain call, traced run and derivatives take turns.\n"
            f"{len(problems.FUNCTIONS)} classical functions of unconstrained optimisation (`problems.py`), as objects whose elements and groups are methods found by `eval` or by `getattr`, with sparse linear terms (`separable.py`).\n\n"
            f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}\n\n"
        )
        (HERE / "README.md").write_text(head + "\n".join(summary) + "\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
