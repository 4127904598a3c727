"""A progress bar on standard error for descents that last beyond two seconds on a terminal."""

from __future__ import annotations

import math
import sys
import time
from typing import Any

DELAY = 2.0
_EVERY = 0.1


class Progress:
    """A bar of steps with f and the gradient norm.

    Parameters
    ----------
    total : int
        Steps at most.
    f, norm : float
        At the start.
    wanted : bool or None
        True shows it at once, False never, None after two seconds on a terminal.
    """

    def __init__(self, total: int, f: float, norm: float, wanted: bool | None) -> None:
        self.total = total
        self.bar: Any = None
        self.task: Any = None
        now = time.perf_counter()
        if wanted is None:
            self.due = now + DELAY if sys.stderr is not None and sys.stderr.isatty() else math.inf
        else:
            self.due = now if wanted else math.inf

    def update(self, k: int, f: float, gg: float, now: float) -> None:
        """Show step k; asked when `due` has passed."""
        if self.bar is None:
            self._open()
        self.bar.update(self.task, completed=k, description=f"f {f:.6g}  ‖g‖ {math.sqrt(gg):.2e}")
        self.due = now + _EVERY

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
        bar = Bar(*columns, console=Console(stderr=True), transient=True)
        self.task = bar.add_task("", total=self.total)
        bar.start()
        self.bar = bar

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar away, if there is one."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
