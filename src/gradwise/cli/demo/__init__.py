"""``gradwise demo``: a tour on real input, each number beside the one that it must be.

Five parts, a file each: ``closed_forms.py`` derivatives whose formulas are known, ``regression.py`` nonlinear
regression on published data with certified parameters (``nist.py``), ``traps.py`` where a derivative is easily wrong,
``reading.py`` a trace with its lines and a function that cannot be traced. ``screen.py`` draws, and counts what agrees.

The exit code is 1 if one number misses what it must be.
"""

from __future__ import annotations

import argparse
import time

from gradwise.cli.demo import closed_forms, reading, regression, traps
from gradwise.cli.demo.screen import Screen
from gradwise.cli.failures import DONE, FAILED

PARTS = (closed_forms.show, regression.show, traps.show, reading.show_trace, reading.show_fallback)


def run(options: argparse.Namespace) -> int:
    """Show the five parts and return the exit code."""
    started = time.perf_counter()
    screen = Screen(color=options.color)
    for show in PARTS:
        show(screen)
    screen.summary(time.perf_counter() - started)
    return FAILED if screen.missed else DONE
