"""grad, value-and-grad, jacobian, hessian: an operator applied to the function and the point that the command names."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

import gradwise as gw
from gradwise.cli.calls import Call, read_call
from gradwise.cli.failures import DONE
from gradwise.cli.pictures import save_picture
from gradwise.cli.printing import as_text, count_non_finite, print_json
from gradwise.cli.running import run_user_code, show_warnings
from gradwise.cli.tables import entries_of, on_terminal, print_table
from gradwise.containers import flatten

OPERATORS: dict[str, Callable[..., Callable[..., Any]]] = {
    "grad": gw.grad,
    "value-and-grad": gw.value_and_grad,
    "jacobian": gw.jacobian,
    "hessian": gw.hessian,
}
ARGNUMS_HELP = 'which arguments to differentiate: positions or names, "0,2" or "w,b", or "all" (default: {})'
#: entries of a gradient that a table on a terminal shows
MOST_ROWS = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that the derivatives have beyond the target and the point."""
    parser.add_argument("--argnums", metavar="WHICH", help=ARGNUMS_HELP.format("the first"))
    parser.add_argument(
        "--method",
        choices=("auto", "exact", "numerical"),
        default="auto",
        help="exact, numerical, or exact where it can be and numerical with a warning where not (default: auto)",
    )


def differentiate(options: argparse.Namespace) -> int:
    """Print the derivative that ``options.command`` names."""
    with run_user_code(options) as run:
        call = read_call(options)
        argnums = call.argnums(options.argnums)
        operator = OPERATORS[options.command](call.function, argnums, method=options.method)
        result = run(call.target.name, lambda: operator(*call.args, **call.keywords))
    value, derivative = result if options.command == "value-and-grad" else (None, result)
    if options.png:
        matrix = options.command in {"jacobian", "hessian"}
        save_picture(
            options.png,
            lambda: (_draw_matrix if matrix else _draw_gradient)(call, argnums, derivative, options.command),
        )
    fell_back = any(issubclass(warning.category, gw.NumericalFallbackWarning) for warning in run.warnings)
    numerical = options.method == "numerical" or fell_back
    bad, entries = count_non_finite(result)
    note = f"{bad} of {entries} numbers are nan or infinite" if bad else ""
    if options.json:
        document = {
            "command": options.command,
            "function": options.target,
            **call.described(),
            "argnums": argnums,
            "method": "numerical" if numerical else "exact",
            **({"value": value} if options.command == "value-and-grad" else {}),
            "result": derivative,
            "warnings": [*map(str, (warning.message for warning in run.warnings)), *([note] if note else [])],
        }
        print_json(document)
        return DONE
    if options.command == "value-and-grad":
        print(f"value: {as_text(value)}")
    if not _print_entries(call, argnums, derivative, options):
        print(f"grad: {as_text(derivative)}" if options.command == "value-and-grad" else as_text(derivative))
    show_warnings(run.warnings, [note] if note else [], color=options.color)
    return DONE


def _print_entries(call: Call, argnums: Any, derivative: Any, options: argparse.Namespace) -> bool:
    """Print a gradient entry by entry beside the point, on a terminal only; whether it was printed."""
    if not on_terminal(color=options.color) or options.command not in {"grad", "value-and-grad"}:
        return False
    places = call.places(argnums)
    names = call.entry_names(places)
    points = _flat([call.value_of(place) for place in places])
    slopes = _flat(derivative if isinstance(argnums, tuple) or argnums == "all" else [derivative])
    if len(names) != len(points) or len(points) != len(slopes) or np.iscomplexobj(points) or np.iscomplexobj(slopes):
        return False
    if len(names) > MOST_ROWS:
        return False
    rows = entries_of(names, points, slopes)
    print_table(("argument", "value", "∂f/∂argument"), rows, color=options.color)
    return True


def _flat(values: Any) -> np.ndarray:
    """The numbers in nested containers, one behind the other."""
    leaves = flatten(list(values))[0]
    return np.concatenate([np.ravel(leaf) for leaf in leaves]) if leaves else np.zeros(0)


def _draw_gradient(call: Call, argnums: Any, derivative: Any, command: str) -> Any:
    names, several = call.entry_names(call.places(argnums)), isinstance(argnums, tuple) or argnums == "all"
    slopes = _flat(derivative if several else [derivative])
    ax = gw.plot.gradient(slopes, names=names if len(names) == len(slopes) else None)
    ax.set_title(f"gradient of {call.target.name}", fontsize="medium")
    return ax


def _draw_matrix(call: Call, argnums: Any, derivative: Any, command: str) -> Any:
    matrix = _as_matrix(derivative, command)
    names = call.entry_names(call.places(argnums))
    return gw.plot.matrix(
        matrix, columns=names if np.ndim(matrix) == 2 and np.shape(matrix)[1] == len(names) <= 20 else None
    )


def _as_matrix(derivative: Any, command: str) -> Any:
    """A Jacobian or Hessian as one matrix: blocks of several arguments side by side."""
    if isinstance(derivative, tuple) and command == "hessian":
        return np.block([[_block(b) for b in row] for row in derivative])
    if isinstance(derivative, tuple):
        return np.hstack([_block(b) for b in derivative])
    return derivative


def _block(entry: Any) -> np.ndarray:
    array = np.asarray(entry, dtype=float)
    return array.reshape(1, -1) if array.ndim < 2 else array.reshape(array.shape[0], -1)
