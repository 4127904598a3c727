"""check: a claimed derivative of the function that the command names, against the numerical one; exit code 1 where it is wrong."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import gradwise as gw
from gradwise.cli.calls import read_call
from gradwise.cli.derivatives import ARGNUMS_HELP
from gradwise.cli.failures import DONE, FAILED, UsageError
from gradwise.cli.loading import load_target
from gradwise.cli.pictures import check_picture_name, save_picture
from gradwise.cli.printing import print_json
from gradwise.cli.running import run_user_code, show_warnings
from gradwise.cli.tables import print_report

CHECKS: dict[str, Callable[..., Any]] = {"grad": gw.check_grad, "jac": gw.check_jacobian, "hess": gw.check_hessian}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that a check has beyond the target and the point."""
    claims = parser.add_mutually_exclusive_group()
    about = "the claimed {}, called as the function is; without it, gradwise's own gradient is checked"
    claims.add_argument("--grad", metavar="file.py:function", help=about.format("gradient"))
    claims.add_argument("--jac", metavar="file.py:function", help="the claimed Jacobian")
    claims.add_argument("--hess", metavar="file.py:function", help="the claimed Hessian")
    parser.add_argument("--argnums", metavar="WHICH", help=ARGNUMS_HELP.format("the first"))
    parser.add_argument("--entries", metavar="WHICH", help='check only these entries of the gradient, "0,3"')
    parser.add_argument("--seed", type=int, metavar="N", help="seed of the random directions and points")


def check(options: argparse.Namespace) -> int:
    """Print the report of a check; 1 unless it passed."""
    check_picture_name(options.png)
    with run_user_code(options) as run:
        call = read_call(options)
        claims = {name: text for name in CHECKS if (text := getattr(options, name)) is not None}
        name, text = next(iter(claims.items()), ("grad", None))
        claim = None if text is None else load_target(text)
        claimed = None if claim is None else call.bind(claim.function, by_name=True)
        argnums = call.argnums(options.argnums)
        plain = call.positional(by_name=True)
        extra: dict[str, Any] = {"argnums": argnums, "rng": options.seed}
        if options.entries is not None:
            extra["entries"] = _entries(options.entries, name)
        others = [] if claim is None else [(claim.name, claim.function)]
        work = lambda: CHECKS[name](plain.function, plain.point(), claimed, **extra)
        report = run(call.target.name, work, others)
        if options.png is not None:
            save_picture(options.png, report.plot)
    if options.json:
        document = {
            "command": "check",
            "function": options.target,
            **call.described(),
            "derivative": text,
            **report.to_dict(),
        }
        document["warnings"] = [str(warning.message) for warning in run.warnings]
        print_json(document)
    else:
        print_report(report.summary(), color=options.color, good=report.passed)
        show_warnings(run.warnings, [], color=options.color)
    return DONE if report.passed else FAILED


def _entries(text: str, name: str) -> list[int]:
    if name != "grad":
        raise UsageError(f"--entries {text!r} was given with --{name}. It chooses entries of a gradient. Leave it out")
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise UsageError(f"--entries {text!r} is no list of positions. Write --entries 0,3") from None
