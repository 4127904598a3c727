"""trace, explain, kinks: what gradwise sees of a function at a point."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from typing import Any

import gradwise as gw
from gradwise.cli.calls import read_call
from gradwise.cli.failures import DONE
from gradwise.cli.printing import print_json, print_program
from gradwise.cli.running import run_user_code, show_warnings
from gradwise.cli.tables import print_report
from gradwise.program import Program
from gradwise.program.text import variable_names


def _inspect(
    options: argparse.Namespace, inspector: Callable[..., Any], document: Callable[[Any], dict[str, Any]]
) -> Any:
    """What an inspector finds; None where it was printed as JSON."""
    with run_user_code(options) as run:
        call = read_call(options)
        function: Any = call.function
        if call.data:  # read, not moved
            function = functools.partial(function, **call.data)
            function.__name__ = getattr(call.function, "__name__", call.target.name)
        result = run(call.target.name, lambda: inspector(function, *call.args, **call.kwargs))
    if options.json:
        head = {"command": options.command, "function": options.target, **call.described()}
        print_json({**head, **document(result), "warnings": [str(w.message) for w in run.warnings]})
        return None
    show_warnings(run.warnings, color=options.color)
    return result


def trace(options: argparse.Namespace) -> int:
    """Print the program of a function."""
    program = _inspect(options, gw.trace, program_as_dict)
    if program is not None:
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
    explanation = _inspect(options, gw.explain, lambda found: {**found.to_dict(), "function": options.target})
    if explanation is not None:
        print_report(str(explanation), color=options.color)
    return DONE


def kinks(options: argparse.Namespace) -> int:
    """Print the kinks on which the point sits."""
    found = _inspect(options, gw.kinks, lambda found: {"kinks": [_kink_as_dict(kink) for kink in found]})
    if found:
        print(*found, sep="\n")
    elif found is not None:
        print("no kinks: every operation is smooth at this point")
    return DONE


def _kink_as_dict(kink: Any) -> dict[str, Any]:
    return {
        "kind": kink.kind,
        "primitive": kink.primitive,
        "file": kink.filename,
        "line": kink.lineno,
        "entries": kink.entries,
    }
