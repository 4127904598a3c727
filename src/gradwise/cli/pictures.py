"""Pictures: ``--png out.png`` of the commands that have one, and ``gradwise plot``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import gradwise as gw
from gradwise.cli.calls import Call, read_call
from gradwise.cli.failures import DONE, UsageError
from gradwise.cli.printing import print_json
from gradwise.cli.running import run_user_code, show_warnings
from gradwise.containers import flatten
from gradwise.operators.points import required_parameters

KINDS = ("contour", "surface", "line", "rose", "flow")
_SUFFIXES = (".png", ".pdf", ".svg")


def check_picture_name(name: str | None) -> None:
    """Refuse a file that cannot be written before anything is computed."""
    if name is None:
        return
    path = Path(name)
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError(
            f"--png {name!r} does not end in {', '.join(_SUFFIXES)}. The ending says how it is written. Write --png picture.png"
        )
    if not path.absolute().parent.is_dir():
        raise UsageError(
            f"--png {name!r} lies in a folder that does not exist. An existing folder is required. Make {path.parent} first"
        )
    if path.is_dir() or (path.exists() and not os.access(path, os.W_OK)):
        raise UsageError(f"--png {name!r} cannot be written to. Choose another file")


def save_picture(name: str, draw: Callable[[], Any]) -> None:
    """Draw and write a picture; ``draw`` returns the axes, or an array of them."""
    check_picture_name(name)
    try:
        axes = draw()
    except ImportError as error:
        raise UsageError(f"--png {name!r}: {error}") from None
    figure = getattr(axes, "figure", None)
    if figure is None:
        figure = axes.flat[0].figure
    figure.savefig(name, dpi=150)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``gradwise plot``."""
    parser.add_argument("--kind", choices=KINDS, help="contour of two variables, surface, line through the point, rose of slopes, flow lines (default: line for one variable, else contour)")  # fmt: skip
    parser.add_argument("--xlim", metavar="LOW,HIGH", help="range of the first variable (default: around the point)")
    parser.add_argument("--ylim", metavar="LOW,HIGH", help="range of the second variable (default: as --xlim)")
    parser.add_argument(
        "--variables", metavar="A,B", help="two variables, by name or position, for a function of more than two"
    )
    parser.add_argument(
        "--critical-points", action="store_true", help="mark the critical points that lie in the ranges"
    )
    parser.add_argument("--descend", action="store_true", help="draw the path of gradient descent from the point")


def read_limits(text: str, option: str) -> tuple[float, float]:
    """``-2,3`` or ``-2:3`` as two numbers.

    Examples
    --------
    >>> read_limits("-2:3", "--xlim")
    (-2.0, 3.0)
    """
    words = text.replace(":", ",").strip("[]() ").split(",")
    try:
        low, high = map(float, words)
    except ValueError:
        raise UsageError(f"{option} {text!r} is no range. Two numbers are required. Write {option} -2,3") from None
    if not low < high:
        raise UsageError(
            f"{option} {text!r} runs from {low:g} to {high:g}. The smaller number comes first. Write {option} {high:g},{low:g}"
        )
    return low, high


def plot(options: argparse.Namespace) -> int:
    """Draw the function and write the picture."""
    if options.png is None:
        raise UsageError("plot was given no file to write. Write --png picture.png")
    check_picture_name(options.png)
    limits = {
        name: read_limits(text, f"--{name}")
        for name in ("xlim", "ylim")
        if (text := getattr(options, name)) is not None
    }
    with run_user_code(options) as run:
        try:
            call = read_call(options, needed="xlim" not in limits)
        except UsageError as error:
            if options.at or "was given no point" not in str(error):
                raise
            raise UsageError(f"{error}, or give the ranges, --xlim -2,2 --ylim -1,3") from None
        kind, draw = _drawing(call.positional(), limits, options)
        run(call.target.name, lambda: save_picture(options.png, draw))
    if options.json:
        document = {"command": "plot", "function": options.target, **call.described(), "kind": kind, "png": options.png}
        print_json({**document, "warnings": [str(w.message) for w in run.warnings]})
    else:
        print(options.png)
        show_warnings(run.warnings, color=options.color)
    return DONE


def _drawing(
    call: Call, limits: dict[str, tuple[float, float]], options: argparse.Namespace
) -> tuple[str, Callable[[], Any]]:
    """Which picture, and the function that draws it."""
    flat = [float(x) for leaf in flatten(call.args)[0] for x in np.ravel(np.asarray(leaf, dtype=float))]
    count = len(flat) or required_parameters(call.function) or 1
    kind = options.kind or ("line" if count == 1 else "contour")
    f, point = call.function, call.point() if flat else None
    if kind in {"line", "rose"} and point is None:
        raise UsageError(
            f"plot --kind {kind} was given no point. The line and the slopes pass through one. Write --at '[1.0, 2.0]'"
        )
    if kind == "line":
        shift = flat[0] if count == 1 else 0.0  # the range of one variable, which the line measures from the point
        along = tuple(end - shift for end in limits["xlim"]) if "xlim" in limits else None
        return kind, lambda: gw.plot.line_slice(f, point, limits=along)
    if kind == "rose":
        return kind, lambda: gw.plot.rose(f, point)
    if options.descend and point is None:
        raise UsageError("plot --descend was given no point to start from. Write --at '[1.0, 2.0]'")
    path = gw.descend(f, point) if options.descend else None
    xlim = limits.get("xlim")
    ylim = limits.get("ylim", xlim)
    through: dict[str, Any] = {"point": point}
    if count > 2 and options.variables is not None:
        through["variables"] = _variables(options.variables)
    if kind == "flow":
        return kind, lambda: gw.plot.flow_lines(f, xlim, ylim, **through)
    if kind == "surface":
        return kind, lambda: gw.plot.surface(f, xlim, ylim, path=path, **through)
    marks = True if options.critical_points else None
    return kind, lambda: gw.plot.contour(f, xlim, ylim, path=path, critical_points=marks, **through)


def _variables(text: str) -> tuple[Any, Any]:
    words = [word.strip() for word in text.split(",")]
    if len(words) != 2 or not all(words):
        raise UsageError(
            f"--variables {text!r} names {len(words)}. Two are required. Write --variables x,y or --variables 0,2"
        )
    first, second = (int(word) if word.isdecimal() else word for word in words)
    return first, second
