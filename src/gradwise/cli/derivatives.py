"""grad, value-and-grad, jacobian, hessian: an operator applied to the function and the point that the command names."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import gradwise as gw
from gradwise.cli.failures import DONE, UsageError
from gradwise.cli.loading import load_target
from gradwise.cli.points import point_for
from gradwise.cli.printing import as_text, count_non_finite, print_json
from gradwise.cli.running import run_user_code, show_warnings

OPERATORS: dict[str, Callable[..., Callable[..., Any]]] = {
    "grad": gw.grad,
    "value-and-grad": gw.value_and_grad,
    "jacobian": gw.jacobian,
    "hessian": gw.hessian,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that the derivatives have beyond the target and the point."""
    parser.add_argument(
        "--argnums",
        metavar="WHICH",
        help='which arguments to differentiate: positions or names, "0,2" or "w,b", or "all" (default: the first)',
    )
    parser.add_argument(
        "--method",
        choices=("auto", "exact", "numerical"),
        default="auto",
        help="exact, numerical, or exact where it can be and numerical with a warning where not (default: auto)",
    )


def read_argnums(text: str | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``argnums`` as the operators take it; without positional arguments, all that were given by name."""
    if text is None:
        return 0 if args else next(iter(kwargs)) if len(kwargs) == 1 else tuple(kwargs)
    if text.strip() == "all":
        return "all"
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise UsageError(f'--argnums {text!r} holds an empty entry. Write positions or names, "0,2" or "w,b", or "all"')
    chosen = tuple(int(word) if word.lstrip("-").isdecimal() else word for word in words)
    return chosen[0] if len(chosen) == 1 else chosen


def differentiate(options: argparse.Namespace) -> int:
    """Print the derivative that ``options.command`` names."""
    with run_user_code(options) as run:
        target = load_target(options.target)
        args, kwargs = point_for(target, options.at)
        argnums = read_argnums(options.argnums, args, kwargs)
        operator = OPERATORS[options.command](target.function, argnums, method=options.method)
        result = run(target.name, lambda: operator(*args, **kwargs))
    fell_back = any(issubclass(warning.category, gw.NumericalFallbackWarning) for warning in run.warnings)
    numerical = options.method == "numerical" or fell_back
    bad, entries = count_non_finite(result)
    note = f"{bad} of {entries} numbers are nan or infinite" if bad else ""
    if options.json:
        value, derivative = result if options.command == "value-and-grad" else (None, result)
        document = {
            "command": options.command,
            "function": options.target,
            "args": list(args),
            "kwargs": kwargs,
            "argnums": argnums,
            "method": "numerical" if numerical else "exact",
            **({"value": value} if options.command == "value-and-grad" else {}),
            "result": derivative,
            "warnings": [*map(str, (warning.message for warning in run.warnings)), *([note] if note else [])],
        }
        print_json(document)
        return DONE
    if options.command == "value-and-grad":
        value, derivative = result
        print(f"value: {as_text(value)}\ngrad: {as_text(derivative)}")
    else:
        print(as_text(result))
    show_warnings(run.warnings, [note] if note else [], color=options.color)
    return DONE
