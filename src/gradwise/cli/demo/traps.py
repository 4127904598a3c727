"""Points and programs at which a derivative is easily wrong, with what two other packages answer.

Their answers were measured with autograd 1.9.1 and jax 0.10.2 (64 bits), ``np`` standing for their own NumPy, on the
same text. They are facts of those versions; neither package is needed here.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

import gradwise as gw
from gradwise.cli.demo.screen import Screen, numbers, ulps
from gradwise.cli.demo.source import as_user_file

SOURCE = """\
import numpy as np

def flattened(x):
    return np.where(x > 3, np.sqrt(x), x).sum()

def distance(x):
    return np.linalg.norm(x)

def total_of_expm(x):
    A = x[0] * np.eye(2) + x[1] * np.array([[0.0, 1.0], [1.0, 0.0]])
    w, V = np.linalg.eigh(A)
    return ((V * np.exp(w)) @ V.T).sum()

def normalise(v):
    v /= np.linalg.norm(v)

def projected(x):
    v = 1.0 * x
    normalise(v)
    return v[0] + 2 * v[1]

def weighted(x):
    m = np.outer(x, x)
    col = m[:, 0]
    col *= 10
    return m.sum()
"""


class Trap(NamedTuple):
    """A function of `SOURCE`, a point, the true gradient, and what others answer."""

    title: str
    function: str
    lines: tuple[int, int]
    point: tuple[float, ...]
    want: tuple[float, ...]
    autograd: str
    jax: str
    note: str = ""


_E2 = float(np.exp(2.0))

TRAPS = (
    Trap("a branch that was not taken", "flattened", (3, 4), (4.0, 0.0), (0.25, 1.0), "[0.25 nan]", "[0.25 nan]"),
    Trap("a norm at zero", "distance", (6, 7), (0.0, 0.0), (0.0, 0.0), "[nan nan]", "[nan nan]",
         "a kink: the convention is 0, and KinkWarning names the line"),
    Trap("repeated eigenvalues", "total_of_expm", (9, 12), (2.0, 0.0), (2 * _E2, 2 * _E2),
         "[nan nan]", "[nan nan]"),
    Trap("a helper that works in place", "projected", (14, 20), (3.0, 4.0), (-0.064, 0.048), "[1 2]", "[1 2]"),
    Trap("a view that is written to", "weighted", (22, 26), (1.0, 2.0), (42.0, 15.0), "[6 6]", "[6 6]"),
)  # fmt: skip


def show(screen: Screen) -> None:
    """The third part of the tour."""
    screen.part("Traps", "Where autograd 1.9.1 and jax 0.10.2 answer nan or, in silence, something else.")
    with as_user_file(SOURCE, "traps.py") as module:
        for trap in TRAPS:
            _show_trap(screen, trap, getattr(module, trap.function))


def _show_trap(screen: Screen, trap: Trap, function: Any) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        got = gw.grad(function, method="exact")(np.array(trap.point))
    kinks = [w for w in caught if issubclass(w.category, gw.KinkWarning)]
    right = ulps(got, trap.want) <= 64 and len(caught) == len(kinks) and bool(kinks) == bool(trap.note)
    mark = screen.check(trap.title, right, len(trap.want))
    screen.text(f"\n{trap.title}: the gradient at {numbers(trap.point)} is {numbers(trap.want, 5)}", style="bold")
    first, last = trap.lines
    screen.code("\n".join(SOURCE.split("\n")[first - 1 : last]), first)
    screen.text(f"      gradwise {numbers(got, 5)} {mark}    autograd {trap.autograd}    jax {trap.jax}")
    if trap.note:
        screen.text(f"      {trap.note}", style="dim")
