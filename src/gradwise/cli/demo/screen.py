"""Drawing the tour on 80 columns, and counting what agrees with what it must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwise.cli.printing import console

WIDTH = 80


class Screen:
    """A page of text, tables and marks.

    Attributes
    ----------
    compared : int
        Numbers compared so far.
    missed : list of str
        What did not agree.
    """

    def __init__(self, *, color: bool = True) -> None:
        self._console = console(color=color, width=WIDTH)
        self.compared = 0
        self.missed: list[str] = []
        self._parts = 0

    def part(self, title: str, text: str = "") -> None:
        """Begin a part of the tour."""
        self._parts += 1
        self._console.print(f"\n{self._parts}. {title}", style="bold")
        if text:
            self.text(text)

    def text(self, text: str, style: str = "") -> None:
        """Write a paragraph."""
        self._console.print(text, style=style)

    def code(self, text: str, first_line: int | None = None) -> None:
        """Write lines of code as they stand, numbered if ``first_line`` is given."""
        for number, line in enumerate(text.rstrip("\n").split("\n"), first_line or 0):
            shown = f"{number:>4}  {line}" if first_line is not None else f"    {line}"
            self._console.print(shown.rstrip(), style="cyan", soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
        """Draw a table; the columns in ``right`` hold numbers."""
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        for index, column in enumerate(columns):
            table.add_column(column, justify="right" if index in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*row)
        self._console.print(table)

    def check(self, name: str, ok: Any, count: int = 1) -> str:
        """Count a comparison of ``count`` numbers; return the mark to show."""
        self.compared += count
        if ok:
            return "✓"
        self.missed.append(name)
        return "✗"

    def summary(self, seconds: float) -> None:
        """End the tour."""
        if self.missed:
            self.text(f"\n✗ {len(self.missed)} of the comparisons missed, in {seconds:.1f} s:", style="bold red")
            for name in self.missed:
                self.text(f"  {name}", style="red")
        else:
            self.text(
                f"\n✓ {self.compared} numbers compared, all as they must be, in {seconds:.1f} s", style="bold green"
            )


def ulps(got: Any, want: Any) -> float:
    """The largest error of the entries, in units in the last place of what they must be."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.longdouble)
    if got.shape != want.shape or not np.isfinite(got).all():
        return float("inf")
    scale = np.spacing(np.maximum(np.abs(want.astype(np.float64)), np.finfo(np.float64).tiny))
    return float(np.max(np.abs(got - want) / scale)) if got.size else 0.0


def ulps_text(error: float) -> str:
    """An error in ulps for a table."""
    return "exact" if error == 0 else f"{error:.1f} ulp" if error < 1e4 else f"{error:.0e} ulp"


def numbers(value: Any, digits: int = 6) -> str:
    """A few numbers on one line."""
    entries = [f"{float(entry):.{digits}g}" for entry in np.ravel(value)]
    return entries[0] if np.ndim(value) == 0 else f"[{' '.join(entries)}]"
