"""What every test file shares: optional packages, and what was skipped for lack of one."""

from __future__ import annotations

import importlib.util
import os
from collections import Counter
from typing import Any

import hypothesis
import pytest

# One example may take long on a busy machine and says nothing about a mistake; the same examples every time, so that
# a failure elsewhere can be repeated.
hypothesis.settings.register_profile("gradwise", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("gradwise")
# Pictures are drawn without a display, whatever the machine has.
os.environ.setdefault("MPLBACKEND", "agg")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked ``extras("jax", …)`` where one of the packages is absent."""
    for marker in item.iter_markers("extras"):
        for name in marker.args:
            if importlib.util.find_spec(name) is None:
                pytest.skip(f"{name} is not installed")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print each reason for skipping with its count, so that a missing extra is seen."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else str(report.longrepr)
        for report in terminalreporter.stats.get("skipped", [])
    )
    if reasons:
        terminalreporter.section("skipped")
        for reason, count in sorted(reasons.items()):
            terminalreporter.write_line(f"{count} × {reason}")
