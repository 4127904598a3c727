"""descend: minimise the function from the point, and report how it went; exit code 1 where no tolerance was met."""

from __future__ import annotations

import argparse
import ast
from typing import Any

import gradwise as gw
from gradwise.cli.calls import read_call
from gradwise.cli.failures import DONE, FAILED, UsageError
from gradwise.cli.pictures import check_picture_name, save_picture
from gradwise.cli.printing import print_json
from gradwise.cli.running import run_user_code, show_warnings
from gradwise.cli.tables import on_terminal, print_report

METHODS = ("gd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "newton", "natural")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of a descent."""
    parser.add_argument("--method", choices=METHODS, default="gd", help="(default: gd)")
    parser.add_argument(
        "--learning-rate",
        metavar="RATE",
        default="auto",
        help="a number, or auto, armijo, wolfe, adaptive (default: auto)",
    )
    parser.add_argument("--maxiter", type=int, default=1000, metavar="N", help="steps at most (default: 1000)")
    parser.add_argument(
        "--tol",
        type=float,
        default=1e-6,
        metavar="TOL",
        help="stop once the gradient has fallen below it (default: 1e-6)",
    )
    parser.add_argument("--clip-norm", type=float, metavar="LENGTH", help="scale longer gradients down to this length")
    parser.add_argument("--max-time", type=float, metavar="SECONDS", help="stop after so many seconds")
    parser.add_argument(
        "--option", action="append", metavar="NAME=VALUE", help="an option of the method, such as beta=0.9; repeatable"
    )
    parser.add_argument("--trace", action="store_true", help="put the whole path into the JSON document")


def descend(options: argparse.Namespace) -> int:
    """Print the report of a descent."""
    check_picture_name(options.png)
    extra = _options(options.option)
    with run_user_code(options) as run:
        call = read_call(options)
        plain = call.positional()
        report = run(
            call.target.name,
            lambda: gw.descend(
                plain.function,
                plain.point(),
                options.method,
                _rate(options.learning_rate),
                maxiter=options.maxiter,
                tol=options.tol,
                clip_norm=options.clip_norm,
                max_time=options.max_time,
                progress=None if on_terminal(color=options.color) and not options.json else False,
                **extra,
            ),
        )
        found = run(call.target.name, report.to_dict)  # the parts that need evaluations are computed here
        text = report.summary()
        if options.png is not None:
            run(call.target.name, lambda: save_picture(options.png, lambda: gw.plot.descent(report)))
    if options.json:
        if not options.trace:
            del found["trace"]
        document = {"command": "descend", "function": options.target, **call.described(), **found}
        print_json({**document, "warnings": [str(w.message) for w in run.warnings]})
    else:
        print_report(text, color=options.color, good=report.success)
        show_warnings(run.warnings, color=options.color)
    return DONE if report.success else FAILED


def _rate(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _options(texts: list[str] | None) -> dict[str, Any]:
    found = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UsageError(f"--option {text!r} has no name and value. Write --option beta=0.9")
        try:
            found[name.strip()] = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError):
            found[name.strip()] = value.strip()
    return found
