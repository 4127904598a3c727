"""trace, explain, kinks: what gradwise sees of a function at a point."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import gradwise as gw
from gradwise.cli.failures import DONE
from gradwise.cli.loading import load_target
from gradwise.cli.points import point_for
from gradwise.cli.printing import print_json, print_program
from gradwise.cli.running import run_user_code, show_warnings
from gradwise.program import Program
from gradwise.program.text import variable_names


def _inspect(options: argparse.Namespace, inspector: Callable[..., Any]) -> Any:
    with run_user_code(options) as run:
        target = load_target(options.target)
        args, kwargs = point_for(target, options.at)
        result = run(target.name, lambda: inspector(target.function, *args, **kwargs))
    show_warnings(run.warnings, color=options.color)
    return result


def trace(options: argparse.Namespace) -> int:
    """Print the program of a function."""
    program = _inspect(options, gw.trace)
    if options.json:
        print_json(program_as_dict(program))
    else:
        print_program(program, color=options.color)
    return DONE


def program_as_dict(program: Program) -> dict[str, Any]:
    """A program as plain values: variables by their printed names, types as text, places as file and line."""
    names = variable_names(program)
    types = program.types

    def variables(indices: Any) -> list[dict[str, str]]:
        return [{"name": names[v], "type": repr(types[v])} for v in indices]

    def place(source: Any) -> dict[str, Any]:
        filename, line = source or (None, None)
        return {"file": filename, "line": line}

    return {
        "name": program.name,
        "inputs": variables(program.inputs),
        "captured": variables(program.captured),
        "equations": [
            {
                "outputs": variables(equation.output_tuple),
                "primitive": equation.primitive.name,
                "inputs": [names[v] for v in equation.inputs],
                "parameters": [
                    {"name": name, "value": repr(value)}
                    for name, value in zip(
                        equation.primitive.params or [f"p{i}" for i in range(len(equation.params))], equation.params
                    )
                ],
                **place(equation.source),
            }
            for equation in program.equations
        ],
        "outputs": [names[v] for v in program.outputs],
        "guards": [
            {
                "kind": guard.kind,
                "variable": names.get(guard.variable),
                "expected": guard.expected,
                **place(guard.source),
            }
            for guard in program.guards
        ],
    }


def explain(options: argparse.Namespace) -> int:
    """Print how a function is differentiated, or why it cannot be traced."""
    explanation = _inspect(options, gw.explain)
    if options.json:
        print_json(explanation.to_dict())
    else:
        print(explanation)
    return DONE


def kinks(options: argparse.Namespace) -> int:
    """Print the kinks on which the point sits."""
    found = _inspect(options, gw.kinks)
    if options.json:
        print_json(
            [
                {
                    "kind": kink.kind,
                    "primitive": kink.primitive,
                    "file": kink.filename,
                    "line": kink.lineno,
                    "entries": kink.entries,
                }
                for kink in found
            ]
        )
    elif found:
        print(*found, sep="\n")
    else:
        print("no kinks: every operation is smooth at this point")
    return DONE
