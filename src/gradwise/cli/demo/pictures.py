"""The tour's pictures: written into a folder, which is then named.

matplotlib is optional. Without it the tour says how to get it, and is complete otherwise.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import gradwise as gw
from gradwise.cli.demo.screen import Screen
from gradwise.cli.failures import UsageError

FOLDER = "gradwise-demo"


def _himmelblau(x: Any, y: Any) -> Any:
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def _contours() -> Any:
    """Contours with gradients and the way of a descent."""
    start = np.array([-0.3, -0.8])
    run = gw.descend(lambda v: _himmelblau(v[0], v[1]), start, learning_rate=0.01, maxiter=100)
    return gw.plot.contour(_himmelblau, (-5, 5), (-5, 5), path=run.trace.x)


def _descent() -> Any:
    """The report of a descent on a narrow valley: its path, the gradient against theory, the steps."""
    return gw.descend(lambda w: (w[0] - 3) ** 2 + 8 * (w[1] - 1) ** 2, np.zeros(2), learning_rate=0.1).plot()


def _steps() -> Any:
    """The error of difference quotients of sin at 1 against the step."""
    return gw.numerical.derivative(np.sin, 1.0).plot()


def _check() -> Any:
    """The check of a gradient that forgot a term in three entries."""

    def wrong(x: Any) -> Any:
        slope = 3 * x**2 + np.cos(x)
        slope[:3] -= np.cos(x[:3])
        return slope

    return gw.check_grad(lambda x: np.sum(x**3 + np.sin(x)), np.linspace(0.5, 2.0, 12), wrong).plot()


PICTURES: dict[str, tuple[str, Callable[[], Any]]] = {
    "contours.png": ("contours, gradients and the way of a descent", _contours),
    "descent.png": ("a descent, beside what theory predicts", _descent),
    "steps.png": ("the error of a difference quotient against its step", _steps),
    "check.png": ("a gradient that is wrong in three entries", _check),
}


def show(screen: Screen, folder: str | None = None) -> None:
    """Write the pictures and name their folder."""
    if importlib.util.find_spec("matplotlib") is None:
        screen.text("\nFor pictures install matplotlib: pip install 'gradwise[plot]'")
        return
    place = _place(folder)
    screen.text(f"\nPictures in {place}{os.sep}")
    for name, (about, draw) in PICTURES.items():
        np.ravel(draw())[0].figure.savefig(place / name, dpi=120)  # one Axes, or an array of them
        screen.text(f"  {name:<13} {about}")


def _place(folder: str | None) -> Path:
    """The folder that was asked for, or one in the working folder, or where that cannot be written a temporary one."""
    place = Path(FOLDER if folder is None else folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if folder is not None:
            raise UsageError(
                f"--pictures {folder}: {error.strerror or error}. A folder that can be written is required"
            ) from None
        return Path(tempfile.mkdtemp(prefix=f"{FOLDER}-"))
    return place
