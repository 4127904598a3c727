"""The table of subcommands, and ``main``.

A row is a name, a sentence, a function that adds options (or None), and a function ``(options) -> exit code``.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, NoReturn

from gradwise.cli import checking, critical, demo, derivatives, descending, formulas, inspecting, pictures
from gradwise.cli.failures import (
    FAILED,
    INTERRUPTED,
    MISUSED,
    UsageError,
    UserCodeError,
    as_dict,
    exit_code,
    message_of,
    traceback_of,
)
from gradwise.cli.printing import print_json, say
from gradwise.errors import GradwiseError


@dataclass(frozen=True)
class Command:
    """A subcommand: its sentence, an example, what it does, its options beyond the shared ones, and whether ``--png`` draws something."""

    about: str
    example: str
    run: Callable[[argparse.Namespace], int]
    add_arguments: Callable[[argparse.ArgumentParser], None] | None = None
    takes_function: bool = True
    draws: str = ""


COMMANDS: dict[str, Command] = {
    "grad": Command(
        "the gradient at a point",
        "grad model.py:loss --at '[1.0, 2.0]'",
        derivatives.differentiate,
        derivatives.add_arguments,
        draws="its entries as bars",
    ),
    "value-and-grad": Command(
        "the value and the gradient",
        "value-and-grad model.py::loss --at w=start.npy --data X=x.csv --data y=y.csv",
        derivatives.differentiate,
        derivatives.add_arguments,
        draws="the entries of the gradient as bars",
    ),
    "jacobian": Command(
        "all derivatives of all outputs",
        "jacobian model.py:residuals --at '[1.0, 2.0]' --png jacobian.png",
        derivatives.differentiate,
        derivatives.add_arguments,
        draws="the matrix as colours",
    ),
    "hessian": Command(
        "the second derivatives",
        "hessian model.py:energy --at x=1.0,y=2.0 --json",
        derivatives.differentiate,
        derivatives.add_arguments,
        draws="the matrix as colours",
    ),
    "formula": Command(
        "the function and its derivatives as a textbook prints them",
        "formula model.py:energy --at x=1.0,y=2.0 --hessian",
        formulas.formula,
        formulas.add_arguments,
    ),
    "check": Command(
        "whether a claimed derivative is right, and the likely bug if not",
        "check model.py:loss --grad model.py:loss_gradient --at '[1.0, 2.0]'",
        checking.check,
        checking.add_arguments,
        draws="claimed against numerical, entry by entry",
    ),
    "descend": Command(
        "how a descent goes: its path, why it stopped, which learning rates work",
        "descend model.py:loss --at '[-1.2, 1.0]' --method momentum --png path.png",
        descending.descend,
        descending.add_arguments,
        draws="the path, the convergence and the steps",
    ),
    "classify": Command(
        "what a point is: minimum, maximum, saddle, degenerate or not critical",
        "classify model.py:energy --at x=0.0,y=0.0",
        critical.classify,
        draws="the function around the point with its axes of curvature",
    ),
    "critical-points": Command(
        "all points of a box where the gradient vanishes, with their kinds",
        "critical-points model.py:himmelblau --bounds x=-5:5,y=-5:5 --png points.png",
        critical.critical_points,
        critical.add_arguments,
        draws="contours with the points",
    ),
    "trace": Command(
        "the program that the function runs, with its lines",
        'trace package.module:Model.loss --at \'{"w": [1.0, 2.0], "b": 0.0}\'',
        inspecting.trace,
    ),
    "explain": Command(
        "how the function is differentiated, and why", "explain model.py:loss --at point.json", inspecting.explain
    ),
    "kinks": Command(
        "the kinks on which the point sits, with their lines",
        "kinks model.py:loss --at '[0.0, 1.0]'",
        inspecting.kinks,
    ),
    "plot": Command(
        "the picture of a function",
        "plot model.py:loss --xlim -2,2 --ylim -1,3 --critical-points --png loss.png",
        pictures.plot,
        pictures.add_arguments,
        draws="it",
    ),
    "demo": Command(
        "a tour on real input, in under a minute", "demo", demo.run, demo.add_arguments, takes_function=False
    ),
}

EPILOG = """\
examples:
{examples}

exit codes:
  0  done
  1  the function could not be differentiated, a check failed, a descent did not converge, or the function's own code raised
  2  the command was wrong: no such file or function, a point that cannot be read
"""

AT_HELP = (
    "an argument of the function: JSON, a Python literal, or a .npy, .npz, .json or .csv file; repeat it for several, name=value "
    "for keywords, x=1.0,y=2.0 for several at once. A list of numbers is an array, a tuple stays a tuple. Without it, x0 of the function's file"
)
DATA_HELP = "an argument that is not differentiated, by name: a file (table.csv:column for one column) or a value as for --at; repeatable"
_MAY_BE_NEGATIVE = ("--at", "--data", "--xlim", "--ylim", "--bounds", "--option")


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line that names the cure."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}.{_meant(message, self)} See {self.prog} --help")


def _meant(message: str, parser: argparse.ArgumentParser) -> str:
    """The word or the option that was probably meant, of those that an error of argparse speaks of.

    Examples
    --------
    >>> parser = argparse.ArgumentParser(add_help=False)
    >>> parser.add_argument("--method").option_strings
    ['--method']
    >>> _meant("argument --method: invalid choice: 'newtn' (choose from 'gd', 'newton')", parser)
    ' Did you mean newton?'
    >>> _meant("unrecognized arguments: --methd", parser)
    ' Did you mean --method?'
    """
    choice = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)$", message)
    if choice is not None:
        close = difflib.get_close_matches(choice[1], re.findall(r"[\w-]+", choice[2]), 1)
        return f" Did you mean {close[0]}?" if close else ""
    unknown = re.match(r"unrecognized arguments: --([\w-]+)", message)
    close = difflib.get_close_matches(unknown[1], [o[2:] for o in _options(parser)], 1) if unknown is not None else []
    return f" Did you mean --{close[0]}?" if close else ""


def _options(parser: argparse.ArgumentParser) -> set[str]:
    """The long options of a parser and of its commands, for which it speaks at the end."""
    found: set[str] = set()
    for action in parser._actions:  # noqa: SLF001  (argparse has no other list)
        found.update(option for option in action.option_strings if option.startswith("--"))
        if isinstance(action.choices, dict):
            found.update(*(_options(command) for command in action.choices.values()))
    return found


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = _Parser(
        prog="gradwise",
        description="Exact derivatives of the Python and NumPy code you already have.",
        epilog=EPILOG.format(examples="\n".join(f"  gradwise {command.example}" for command in COMMANDS.values())),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"gradwise {metadata.version('gradwise')}")
    subparsers = parser.add_subparsers(dest="command", metavar="command", required=True, parser_class=_Parser)
    for name, command in COMMANDS.items():
        sub = subparsers.add_parser(
            name,
            help=command.about,
            description=f"Print {command.about}." if name != "plot" else f"Draw {command.about}.",
            epilog=f"example:\n  gradwise {command.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if command.takes_function:
            sub.add_argument(
                "target",
                metavar="file.py:function",
                help="or file.py::function, module:function; dotted names reach methods",
            )
            sub.add_argument("--at", action="append", metavar="VALUE", help=AT_HELP)
            sub.add_argument("--data", action="append", metavar="NAME=FILE", help=DATA_HELP)
        if command.add_arguments is not None:
            command.add_arguments(sub)
        if command.draws:
            sub.add_argument("--png", metavar="FILE", help=f"draw {command.draws}, into this file (.png, .pdf or .svg)")
        if command.takes_function:
            sub.add_argument("--json", action="store_true", help="write one JSON document instead of text")
        sub.add_argument("--no-color", dest="color", action="store_false", help="plain text (as NO_COLOR=1 does)")
        sub.add_argument("--traceback", action="store_true", help="show Python's whole traceback of an error")
    return parser


def _join_points(words: Sequence[str]) -> list[str]:
    """``--at VALUE`` as one word, so that a value may begin with a minus sign."""
    joined: list[str] = []
    rest = iter(words)
    for word in rest:
        value = next(rest, None) if word in _MAY_BE_NEGATIVE else None
        joined.append(word if value is None else f"{word}={value}")
    return joined


def _require_command(words: Sequence[str]) -> None:
    """Say which command was meant, where the first word is nearly one."""
    if words[0].startswith("-") or words[0] in COMMANDS:
        return
    close = difflib.get_close_matches(words[0], COMMANDS, 1)
    if close:
        raise UsageError(f"there is no command {words[0]!r}. Did you mean {close[0]}? See gradwise --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    words = _join_points(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):  # a terminal without ∂ shows ? instead of failing
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a stream without it is let be
    options: Any = argparse.Namespace(
        command=None, json="--json" in words, color="--no-color" not in words, traceback="--traceback" in words
    )
    try:
        if not words:
            build_parser().print_help()
            return MISUSED
        _require_command(words)
        options = build_parser().parse_args(words)
        return _run(options)
    except (UsageError, UserCodeError, GradwiseError) as error:
        return _report(error, options)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        say("interrupted", "gradwise", "bold red", color=options.color)
        return INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    code = COMMANDS[options.command].run(options)
    sys.stdout.flush()  # a reader that has gone shows here, where it can be dealt with
    return code


def _report(error: Exception, options: argparse.Namespace) -> int:
    """Say what went wrong, and return the exit code."""
    whole = "".join(traceback.format_exception(error)) if options.traceback else traceback_of(error)
    print(whole, end="", file=sys.stderr)
    label = "gradwise" if options.command is None else f"gradwise {options.command}"
    say(message_of(error), label, "bold red", color=options.color)
    if options.json:
        print_json({"error": as_dict(error)})
    return exit_code(error)
