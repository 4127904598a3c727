"""A trace as a person reads it, and a function that cannot be traced."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

import gradwise as gw
from gradwise.cli.demo.screen import Screen, numbers
from gradwise.cli.demo.source import as_user_file

SOURCE = """\
import numpy as np

def newton_sqrt(a):
    x = a
    while abs(x * x - a) > 1e-3:
        x = (x + a / x) / 2
    return x
"""

OPAQUE = """\
import math

def decay(p):
    return p[0] * math.exp(-p[1])
"""


def show_trace(screen: Screen) -> None:
    """The fourth part of the tour."""
    screen.part(
        "What was differentiated: the program, with your lines", "A loop to a tolerance (roots.py), at a = 2:\n"
    )
    screen.code(SOURCE, 1)
    with as_user_file(SOURCE, "roots.py") as module:
        program = gw.trace(module.newton_sqrt, 2.0)
        slope = gw.derivative(module.newton_sqrt)(2.0)
    screen.text("")
    screen.code(str(program).replace("      # ", "   # "))
    # Three Newton steps from x = a, by hand: x' = (1 + 1/x - a x'/x²)/2 along with x.
    x, dx, a = 2.0, 1.0, 2.0
    while abs(x * x - a) > 1e-3:
        x, dx = (x + a / x) / 2, (dx + 1 / x - a * dx / x**2) / 2
    equations = {source[1] for source in (equation.source for equation in program.equations) if source is not None}
    mark = screen.check("the derivative of newton_sqrt", abs(slope - dx) <= 4e-16 and abs(slope - 0.5 / 2**0.5) < 1e-3)
    mark_lines = screen.check("the lines of the trace", equations == {5, 6})
    screen.text(f"\nIts derivative, {slope:.16g}, is that of the recurrence done by hand {mark}")
    screen.text(f"Guards are the answers that the loop took: the program holds while they hold {mark_lines}")


def show_fallback(screen: Screen) -> None:
    """The fifth part of the tour."""
    screen.part(
        "A function that cannot be traced",
        "math.exp works on plain floats only, so the derivative would be lost (decay.py):\n",
    )
    screen.code(OPAQUE, 1)
    point = np.array([3.0, 0.5])
    want = np.array([np.exp(-0.5), -3 * np.exp(-0.5)])
    with as_user_file(OPAQUE, "decay.py") as module:
        message, line, file = "", None, ""
        try:
            gw.grad(module.decay, method="exact")(point)
        except gw.TracingError as raised:
            message, line, file = str(raised), raised.lineno, Path(raised.filename or "").name
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            got = gw.grad(module.decay)(point)
        estimate = gw.numerical.grad(module.decay, point)
    said = any(issubclass(w.category, gw.NumericalFallbackWarning) for w in caught)
    mark = screen.check("TracingError with the line and the cure", line == 4 and "np.exp" in message)
    screen.text(f'\nmethod="exact" raises TracingError at {file}:{line} {mark}', style="bold")
    screen.text(message.split("\n")[0])
    bound = float(np.max(estimate.error))
    error = float(np.max(np.abs(got - want)))
    mark = screen.check("the numerical fallback within its bound", said and error <= bound <= 1e-9, 2)
    screen.text('\nmethod="auto" (the default) estimates it, with NumericalFallbackWarning:', style="bold")
    screen.text(f"{numbers(got, 10)}, error bound {bound:.1e}, true error {error:.1e} {mark}")
    fixed = gw.grad(lambda p: p[0] * np.exp(-p[1]), method="exact")(point)
    mark = screen.check("the cured function", np.max(np.abs(fixed - want)) <= 4e-16, 2)
    screen.text(f"with np.exp in its place: {numbers(fixed, 10)}, exact {mark}")
