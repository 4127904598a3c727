"""``gradwise demo``: a tour on real input, each number beside the one that it must be.

Five parts, a file each: ``closed_forms.py`` derivatives whose formulas are known, ``regression.py`` nonlinear
regression on published data with certified parameters (``nist.py``), ``traps.py`` where a derivative is easily wrong,
``reading.py`` a trace with its lines and a function that cannot be traced. ``screen.py`` draws, and counts what agrees.
At the end ``pictures.py`` writes pictures into a folder and names it.

The exit code is 1 if one number misses what it must be.
"""

from __future__ import annotations

import argparse
import time

from gradwise.cli.demo import closed_forms, pictures, reading, regression, traps
from gradwise.cli.demo.screen import Screen
from gradwise.cli.failures import DONE, FAILED

PARTS = (closed_forms.show, regression.show, traps.show, reading.show_trace, reading.show_fallback)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The option of the tour."""
    parser.add_argument(
        "--pictures", metavar="FOLDER", help=f"where to write the pictures; {pictures.FOLDER} if omitted"
    )
    parser.set_defaults(json=False)  # the tour is for reading


def run(options: argparse.Namespace) -> int:
    """Show the five parts and return the exit code."""
    started = time.perf_counter()
    screen = Screen(color=options.color)
    for show in PARTS:
        show(screen)
    screen.summary(time.perf_counter() - started)
    pictures.show(screen, getattr(options, "pictures", None))
    return FAILED if screen.missed else DONE
