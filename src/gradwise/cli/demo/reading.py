"""A trace as a person reads it, and a function that cannot be traced."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

import gradwise as gw
from gradwise.cli.demo.screen import Screen, numbers, ulps
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
from decimal import Decimal

def savings(p):
    amount, rate = Decimal(p[0]), Decimal(p[1])
    return float(amount * (1 + rate) ** 10)
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
        "decimal takes plain floats only, so the derivative would be lost (savings.py):\n",
    )
    screen.code(OPAQUE, 1)
    point = np.array([1000.0, 0.03])
    growth = np.longdouble(point[1]) + 1
    want = np.array([growth**10, 10 * point[0] * growth**9])
    with as_user_file(OPAQUE, "savings.py") as module:
        message, line, file = "", None, ""
        try:
            gw.grad(module.savings, method="exact")(point)
        except gw.TracingError as raised:
            message, line, file = str(raised), raised.lineno, Path(raised.filename or "").name
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            got = gw.grad(module.savings)(point)
        estimate = gw.numerical.grad(module.savings, point)
    said = any(issubclass(w.category, gw.NumericalFallbackWarning) for w in caught)
    mark = screen.check("TracingError with the line and the cause", line == 4 and "Decimal" in message)
    screen.text(f'\nmethod="exact" raises TracingError at {file}:{line} {mark}', style="bold")
    screen.text(message.split("\n")[0])
    bound = float(np.max(estimate.error))
    error = float(np.max(np.abs(got - want)))
    mark = screen.check("the numerical fallback within its bound", said and error <= bound <= 1e-6, 2)
    screen.text('\nmethod="auto" (the default) estimates it, with NumericalFallbackWarning:', style="bold")
    screen.text(f"{numbers(got, 10)}, error bound {bound:.1e}, true error {error:.1e} {mark}")
    fixed = gw.grad(lambda p: p[0] * (1 + p[1]) ** 10, method="exact")(point)
    mark = screen.check("the function in plain floats", ulps(fixed, want) <= 8, 2)
    screen.text(f"in plain floats: {numbers(fixed, 10)}, exact {mark}")
