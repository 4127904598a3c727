"""formula: the function and its derivatives as a textbook prints them."""

from __future__ import annotations

import argparse
from typing import Any

import gradwise as gw
from gradwise.cli.calls import read_call
from gradwise.cli.derivatives import ARGNUMS_HELP
from gradwise.cli.failures import DONE, UsageError
from gradwise.cli.printing import print_json
from gradwise.cli.running import run_user_code, show_warnings
from gradwise.symbolic.textbook import name_text, text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of a formula."""
    parser.add_argument("--argnums", metavar="WHICH", help=ARGNUMS_HELP.format("all"))
    parser.add_argument("--hessian", action="store_true", help="the second derivatives too")
    parser.add_argument("--latex", action="store_true", help="print LaTeX")
    parser.add_argument(
        "--no-simplify", dest="simplify", action="store_false", help="the form that differentiation gives"
    )


def formula(options: argparse.Namespace) -> int:
    """Print the formulas."""
    with run_user_code(options) as run:
        call = read_call(options, needed=False)
        if call.data and not call.args and not call.kwargs:
            raise UsageError("formula was given data and no point. Write --at as well, such as --at '[1.0, 2.0]'")
        chosen = call.argnums(options.argnums or "all") if call.args or call.kwargs else None
        try:
            found = run(
                call.target.name,
                lambda: gw.formula(
                    call.function,
                    *call.args,
                    argnums=_movable(call, chosen, options),
                    simplify=options.simplify,
                    **call.keywords,
                ),
            )
        except ImportError as error:
            raise UsageError(str(error)) from None
        hessians = found.hessians() if options.hessian else []
    if options.json:
        document = {"command": "formula", "function": options.target, **call.described(), **_parts(found, hessians)}
        print_json({**document, "warnings": [str(w.message) for w in run.warnings]})
        return DONE
    if options.latex:
        print(found.latex(hessian=options.hessian))
    else:
        print(found)
        for name, matrix in zip(_names(found), hessians, strict=False):
            for i, row in enumerate(found.symbols):
                for j, column in enumerate(found.symbols[i:], i):
                    second = (
                        f"∂²{name}/∂{name_text(row.name)}²"
                        if i == j
                        else f"∂²{name}/∂{name_text(row.name)}∂{name_text(column.name)}"
                    )
                    print(f"{second} = {text(matrix[i, j])}")
    show_warnings(run.warnings, color=options.color)
    return DONE


def _movable(call: Any, chosen: Any, options: argparse.Namespace) -> Any:
    """The arguments that ``--argnums`` names; all that are numbers where it names none, but never the data."""
    if options.argnums is not None:
        return chosen
    if not call.data:
        return None
    return chosen[0] if isinstance(chosen, tuple) and len(chosen) == 1 else chosen


def _names(found: gw.symbolic.Formula) -> list[str]:
    return [entry["of"] for entry in found.to_dict()["value"]]


def _parts(found: Any, hessians: list[Any]) -> dict[str, Any]:
    parts = found.to_dict()
    parts = {"name": parts.pop("function"), **parts}
    if hessians:
        parts["hessians"] = [[[str(e) for e in matrix.row(i)] for i in range(matrix.rows)] for matrix in hessians]
    return parts
