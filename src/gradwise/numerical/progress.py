"""A progress bar on standard error for work that lasts beyond two seconds on a terminal."""

from __future__ import annotations

import sys
import time
from typing import Any

DELAY = 2.0


class Progress:
    """Counts evaluations; shows a bar only when somebody is there to see it and the work lasts.

    Examples
    --------
    >>> with Progress(total=100) as progress:
    ...     progress.tick(1)
    """

    def __init__(self, total: int | None = None) -> None:
        self.total = total
        self.started = time.monotonic()
        self.bar: Any = None
        self.task: Any = None

    def tick(self, count: int) -> None:
        """Say that `count` evaluations are done."""
        if self.bar is None:
            if time.monotonic() - self.started < DELAY or not sys.stderr.isatty():
                return
            self._open()
        total = None if self.total is None else max(self.total, count)
        self.bar.update(self.task, completed=count, total=total)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = [TextColumn("evaluations"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
        self.bar = Bar(*columns, console=Console(stderr=True), transient=True)
        self.task = self.bar.add_task("", total=self.total)
        self.bar.start()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar away, if there is one."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
