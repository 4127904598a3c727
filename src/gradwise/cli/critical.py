"""classify and critical-points: what a point is, and where in a box the gradient vanishes."""

from __future__ import annotations

import argparse
import ast
import contextlib
from typing import Any

import numpy as np

import gradwise as gw
from gradwise.cli.calls import bound_by_name, read_call
from gradwise.cli.failures import DONE, UsageError
from gradwise.cli.loading import Target, load_target
from gradwise.cli.pictures import check_picture_name, read_limits, save_picture
from gradwise.cli.points import read_data, signature_of, split_named
from gradwise.cli.printing import print_json
from gradwise.cli.running import run_user_code, show_warnings
from gradwise.cli.tables import on_terminal, print_report, print_table


def classify(options: argparse.Namespace) -> int:
    """Print what the point is."""
    check_picture_name(options.png)
    with run_user_code(options) as run:
        call = read_call(options)
        plain = call.positional()
        report = run(call.target.name, lambda: gw.classify(plain.function, plain.point()))
        if options.png is not None:
            run(call.target.name, lambda: save_picture(options.png, report.plot))
    if options.json:
        document = {"command": "classify", "function": options.target, **call.described(), **report.to_dict()}
        print_json({**document, "warnings": [str(w.message) for w in run.warnings]})
    else:
        print_report(report.summary(), color=options.color, good=None)
        show_warnings(run.warnings, color=options.color)
    return DONE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``gradwise critical-points``."""
    parser.add_argument(
        "--bounds",
        action="append",
        metavar="LOW:HIGH",
        help="the box: x=-5:5,y=-5:5 by name, or -5:5,-1:1 or [[-5,5],[-1,1]] with a range for each argument or entry of the array, or one range for all arguments",
    )


def critical_points(options: argparse.Namespace) -> int:
    """Print the critical points of a box."""
    check_picture_name(options.png)
    if not options.bounds:
        raise UsageError(
            "critical-points was given no box. A range for each variable is required. Write --bounds x=-5:5,y=-5:5"
        )
    if options.at:
        raise UsageError(
            "critical-points was given --at. It searches a box and starts nowhere; fix arguments with --data name=value"
        )
    with run_user_code(options) as run:
        target, data = load_target(options.target), read_data(options.data)
        bounds, names = read_bounds(options.bounds, target, data)
        function = bound_by_name(target.function, names, data)
        found = run(
            target.name,
            lambda: gw.critical_points(function, bounds[0] if len(bounds) == 1 and len(names) == 1 else bounds),
        )
        if options.png is not None:
            run(target.name, lambda: save_picture(options.png, found.plot))
    if options.json:
        shapes = {name: list(np.shape(value)) for name, value in data.items()}
        document = {"command": "critical-points", "function": options.target, "data": shapes, **found.to_dict()}
        print_json({**document, "bounds": bounds, "warnings": [str(w.message) for w in run.warnings]})
        return DONE
    if on_terminal(color=options.color) and len(found):
        columns = ("kind", *found.names, "f", "eigenvalues", "±")
        print_table(columns, [_row(point) for point in found], color=options.color, title=found.headline())
    else:
        print(found.summary())
    show_warnings(run.warnings, color=options.color)
    return DONE


def _row(point: Any) -> list[str]:
    middle = np.mean(point.enclosure, axis=1)
    eigenvalues = ", ".join(f"{value:.4g}" for value in point.eigenvalues)
    return [point.kind, *(f"{x:.7g}" for x in middle), f"{point.value:.6g}", eigenvalues, f"{point.radius:.0e}"]


def read_bounds(texts: list[str], target: Target, data: dict[str, Any]) -> tuple[list[tuple[float, float]], list[str]]:
    """The ranges of the free variables in the function's order, and the names of the arguments that are free."""
    signature = signature_of(target.function)
    names = [] if signature is None else [
        n for n, p in signature.parameters.items()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and n not in data and p.default is p.empty
    ]  # fmt: skip
    pieces = [piece for text in texts for piece in _pieces(text)]
    named: dict[str, tuple[float, float]] = {}
    plain: list[tuple[float, float]] = []
    for piece in pieces:
        name, equals, limits = piece.partition("=")
        if not equals:
            plain.append(read_limits(piece, "--bounds"))
            continue
        if name.strip() in named:
            raise UsageError(f"--bounds gives {name.strip()!r} twice. Give each range once")
        named[name.strip()] = read_limits(limits, "--bounds")
    if named and plain:
        raise UsageError(
            "--bounds gives some ranges by name and some without. One form is required. Write --bounds x=-5:5,y=-5:5"
        )
    if named:
        if set(named) != set(names):
            raise UsageError(
                f"--bounds gives ranges of {', '.join(named)}, and {target.name} needs {', '.join(names) or 'none'}. A range for each is required"
            )
        return [named[name] for name in names], names
    if len(plain) == 1 and len(names) > 1:  # one range for all
        plain *= len(names)
    if len(names) > 1 and len(plain) != len(names):
        raise UsageError(
            f"--bounds gives {len(plain)} ranges, and {target.name} takes {', '.join(names)}. A range for each is required"
        )
    return plain, names


def _pieces(text: str) -> list[str]:
    """``x=-5:5,y=-5:5``, ``-5:5,-1:1`` and ``[[-5, 5], [-1, 1]]`` as ranges; ``-5,5`` is one.

    Examples
    --------
    >>> _pieces("-5:5,-1:1"), _pieces("-5,5"), _pieces("[(-5, 5), (-1, 1)]")
    (['-5:5', '-1:1'], ['-5,5'], ['-5:5', '-1:1'])
    """
    if text.lstrip()[:1] in {"[", "("}:
        with contextlib.suppress(ValueError, SyntaxError, TypeError):
            return [f"{low!r}:{high!r}" for low, high in ast.literal_eval(text)]
    if "=" in text:
        return split_named(text)
    return text.split(",") if text.count(":") > 1 else [text]
