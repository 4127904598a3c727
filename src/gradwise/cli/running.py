"""Running the user's code on behalf of a command: its prints, its warnings, its exceptions."""

from __future__ import annotations

import contextlib
import inspect
import sys
import warnings
from typing import TYPE_CHECKING, Any

from gradwise.cli.failures import UsageError, UserCodeError, frames_of_user, user_frames
from gradwise.cli.printing import say
from gradwise.errors import GradwiseError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence


class Run:
    """Call the user's code; what it warned about is kept in ``warnings``."""

    def __init__(self) -> None:
        self.warnings: list[warnings.WarningMessage] = []

    def __call__(
        self, name: str, function: Callable[[], Any], others: Sequence[tuple[str, Callable[..., Any]]] = ()
    ) -> Any:
        """The value of ``function()``; whatever it raises that is not gradwise's is the user's: of ``name``, or of that of the ``others`` which was entered first."""
        try:
            return function()
        except GradwiseError as error:
            cause = error.__cause__ or error.__context__
            if cause is not None and f"raised {type(cause).__name__}" in str(error) and user_frames(cause):
                raise UserCodeError(_entered(cause, others) or name) from cause  # the function's own exception, retold
            raise
        except (UsageError, UserCodeError):
            raise
        except (Exception, SystemExit) as error:
            raise UserCodeError(_entered(error, others) or name) from error


def _entered(error: BaseException, functions: Sequence[tuple[str, Callable[..., Any]]]) -> str | None:
    """The name of the function whose code is the first of the user's on the way to an error; a private copy of it has its file and line too."""
    names = {}
    for name, function in functions:
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is not None:
            names[code.co_filename, code.co_firstlineno, code.co_name] = name
    code = next((frame.f_code for frame in frames_of_user(error)), None)
    return None if code is None else names.get((code.co_filename, code.co_firstlineno, code.co_name))


@contextlib.contextmanager
def run_user_code(options: argparse.Namespace) -> Iterator[Run]:
    """Load and run the user's code: prints go to the error stream under ``--json``, warnings are collected."""
    run = Run()
    output = contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext()
    with warnings.catch_warnings(record=True) as caught, output:
        warnings.simplefilter("default")
        yield run
    run.warnings = list({(str(w.message), w.category): w for w in caught}.values())


def show_warnings(found: Sequence[warnings.WarningMessage], notes: Sequence[str] = (), *, color: bool) -> None:
    """Write each warning once, without Python's quotation of the line that happened to issue it."""
    for warning in found:
        category = warning.category.__name__
        say(f"{warning.message} [{category}]", "warning", "yellow", color=color)
    for note in notes:
        say(note, "warning", "yellow", color=color)
