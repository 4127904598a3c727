"""Reports and tables: ruled and coloured on a terminal, plain text everywhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from gradwise.cli.printing import console


def on_terminal(*, color: bool) -> bool:
    """Whether a person looks at the output on a terminal, and wants it drawn."""
    return color and sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, color: bool, title: str = "") -> None:
    """Columns of text: the first to the left, the others to the right."""
    if on_terminal(color=color):
        from rich.table import Table
        from rich.text import Text

        table = Table(title=title or None, title_justify="left", header_style="bold")
        for k, name in enumerate(columns):
            table.add_column(name, justify="left" if k == 0 else "right", overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        console().print(table)
        return
    if title:
        print(title)
    widths = [max(len(text) for text in column) for column in zip(columns, *rows, strict=True)]
    for row in (columns, *rows):
        first, *rest = row
        cells = [first.ljust(widths[0]), *(text.rjust(width) for text, width in zip(rest, widths[1:], strict=True))]
        print("  ".join(cells).rstrip())


def print_report(text: str, *, color: bool, good: bool | None = None) -> None:
    """A report of one headline and lines ``label: value``."""
    if not on_terminal(color=color):
        print(text)
        return
    from rich.table import Table
    from rich.text import Text

    headline, *lines = text.splitlines()
    style = {True: "bold green", False: "bold red", None: "bold"}[good]
    console().print(Text(headline, style))
    table = Table(show_header=False, box=None, padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for line in lines:
        label, colon, value = line.strip().partition(": ")
        table.add_row(*((label, Text(value)) if colon and len(label) <= 40 else ("", Text(line.strip()))))
    console().print(table)


def entries_of(names: Sequence[str], *columns: Any) -> list[list[str]]:
    """Rows of names and numbers."""
    return [[name, *(repr(float(x)) for x in values)] for name, *values in zip(names, *columns, strict=True)]
