"""Gradwise on the functions of other people's libraries, unmodified: gradients beside difference quotients, and the time beside the plain call.

    pip install fluids ht chemicals thermo colour-science opfunu niapy benchmark-functions pymoo
    python benchmarks/libraries/run.py [library …]

Each function is differentiated at three points around its own, by ``gw.value_and_grad`` as it stands.  Four kinds of answers:

- *exact*: no warning, the value is that of the plain call to 1e-12, each entry agrees with a difference quotient within its error;
- *numerical*: a ``NumericalFallbackWarning`` said so;
- *refused*: an error of ours;
- *differs*: anything else.  To be looked at one by one: difference quotients are wrong too (functions of high frequency, of random numbers, staircases).
"""

from __future__ import annotations

import contextlib
import io
import itertools
import signal
import sys
import time
import warnings
from collections import Counter
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np
from documented import examples
from problems import LIBRARIES

import gradwise as gw

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENTED = {"fluids": "fluids", "ht": "ht", "chemicals": "chemicals", "thermo": "thermo", "colour": "colour-science"}
DISTRIBUTIONS = {**DOCUMENTED, "opfunu": "opfunu", "niapy": "niapy", "benchmark_functions": "benchmark-functions", "pymoo": "pymoo"}  # fmt: skip
#: seconds for one function
PATIENCE = 40
SCALES = (1e-3, 1e-5, 1e-7, 1e-9, 1e-11, 1e-12, 1e-13)


class TooLong(Exception):
    """A function took longer than ``PATIENCE``."""


def _too_long(*_: Any) -> None:
    raise TooLong


def quotients(f: Callable[[np.ndarray], Any], x: np.ndarray, i: int) -> list[tuple[float, float]]:
    """Central difference quotients along one entry by extrapolation at several scales, each with its estimated error, the best one first."""
    found = []
    here = abs(float(f(x.copy())))
    for scale in SCALES:
        step = scale * (abs(x[i]) or 1e-2)
        table = []
        for k in range(4):
            above, below = x.copy(), x.copy()
            above[i] += step / 2**k
            below[i] -= step / 2**k
            table.append((float(f(above)) - float(f(below))) / (above[i] - below[i]))
        level = 0
        while len(table) > 1:
            rounding = 4e-16 * here / step * 2 ** (3 + level)
            found += [(b, abs(b - a) + rounding) for a, b in itertools.pairwise(table)]
            level += 1
            table = [(4**level * b - a) / (4**level - 1) for a, b in itertools.pairwise(table)]
        best = min(found, key=lambda one: one[1])
        if best[1] < 1e-8 * abs(best[0]):
            break
    return sorted(found, key=lambda one: one[1])


def agrees(f: Callable[[np.ndarray], Any], x: np.ndarray, gradient: np.ndarray, value: float) -> bool:
    """Whether each entry is the best quotient within its error, or (of functions of high frequency) that of some scale to 2 %."""
    for i, entry in enumerate(gradient):
        try:
            every = quotients(f, x, i)
        except TooLong:
            raise
        except Exception:  # noqa: BLE001  at the border of its domain: nothing to compare with
            continue
        best, error = every[0]
        if not np.isfinite(best):
            continue
        room = 1e-6 * abs(best) + 20 * error + 1e-9 * abs(value) / (abs(x[i]) or 1e-2)
        if not (abs(entry - best) <= room or any(abs(entry - q) < 2e-2 * abs(entry) for q, _ in every)):
            return False
    return True


def judge(f: Callable[[np.ndarray], Any], x: np.ndarray, rng: np.random.Generator) -> tuple[str, float]:
    """The kind of answer, and the time of a gradient as a multiple of the plain call (from the sixth call on)."""
    gradient = gw.value_and_grad(f)
    points = [x * (1 + 7e-3 * rng.uniform(-1, 1, x.size)) for _ in range(9)]
    plain, ours = [], []
    for k, point in enumerate(points):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            begin = time.perf_counter()
            try:
                expected = float(f(point.copy()))
            except TooLong:
                raise
            except Exception:  # noqa: BLE001  the function has no value beside the point of its example
                continue
            plain.append(time.perf_counter() - begin)
        if not np.isfinite(expected):
            continue
        with np.errstate(all="ignore"), warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            begin = time.perf_counter()
            value, found = gradient(point.copy())
            ours.append(time.perf_counter() - begin)
        if any(issubclass(one.category, gw.NumericalFallbackWarning) for one in said):
            return "numerical", np.nan
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            close = abs(float(value) - expected) <= 1e-12 * max(1.0, abs(expected))
            if not close or (k < 3 and not agrees(f, point, found, expected)):
                return "differs", np.nan
    return "exact", float(np.median(ours[5:]) / np.median(plain[5:])) if len(ours) > 5 else np.nan


def of_library(name: str) -> tuple[Counter[str], list[float], list[str]]:
    """Kinds of answers, ratios, and the names of what is not exact."""
    rng = np.random.default_rng(0)
    counts: Counter[str] = Counter()
    ratios, others = [], []
    for label, f, x in LIBRARIES[name](rng) if name in LIBRARIES else examples(name):
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if not np.isfinite(float(f(x.copy()))):
                    continue
        except Exception:  # noqa: BLE001  an example that does not run plainly is none of ours
            continue
        signal.alarm(PATIENCE)
        try:
            kind, ratio = judge(f, x, rng)
        except TooLong:
            kind, ratio = "too long", np.nan
        except Exception as error:  # noqa: BLE001  counted, and named
            kind, ratio = "refused", np.nan
            label += f" ({type(error).__name__})"
        finally:
            signal.alarm(0)
        counts[kind] += 1
        if kind != "exact":
            others.append(f"{kind}: {label}")
        elif np.isfinite(ratio):
            ratios.append(ratio)
    return counts, ratios, others


def main() -> None:
    signal.signal(signal.SIGALRM, _too_long)
    print("| library | functions | exact | numerical | refused | differs | too long | time, plain calls (median) |")
    print("|---|---|---|---|---|---|---|---|")
    left = []
    for name in sys.argv[1:] or DISTRIBUTIONS:
        try:
            version = metadata.version(DISTRIBUTIONS[name])
        except metadata.PackageNotFoundError:
            print(f"{name} is not installed", file=sys.stderr)
            continue
        with contextlib.redirect_stdout(io.StringIO()):  # what examples print
            counts, ratios, others = of_library(name)
        cells = [counts[kind] for kind in ("exact", "numerical", "refused", "differs", "too long")]
        ratio = f"{np.median(ratios):.1f}" if ratios else ""
        print(
            f"| {DISTRIBUTIONS[name]} {version} | {sum(counts.values())} | {' | '.join(map(str, cells))} | {ratio} |",
            flush=True,
        )
        left += [f"- {name}, {one}" for one in others]
    print("\nNot exact:\n\n" + "\n".join(left))


if __name__ == "__main__":
    main()
