"""What every test file shares: optional packages, and what was skipped for lack of one."""

from __future__ import annotations

import gc
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
# Processes that share the cores do not share out matrices too: threads of BLAS that wait for a core spin meanwhile, and
# solving three equations took 2 ms for 10 us.  Read when NumPy is imported, which is later.
if "PYTEST_XDIST_WORKER" in os.environ:
    for _threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_threads, "1")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked ``extras("jax", …)`` where one of the packages is absent."""
    for marker in item.iter_markers("extras"):
        for name in marker.args:
            if importlib.util.find_spec(name) is None:
                pytest.skip(f"{name} is not installed")


#: so many tests, and what is there is put out of the garbage collector's way
_BETWEEN = 200
_count = 0


def _set_aside() -> None:
    """What is alive is looked at by no collection from now on.

    A million objects are alive late in a run of everything, and each collection that a test (or the library) asks for
    went through them all: half a second, and a third of the time of the suite.
    """
    gc.collect()
    gc.freeze()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Set aside the modules and the tests."""
    _set_aside()


def pytest_runtest_logfinish(nodeid: str, location: Any) -> None:
    """Set aside what tests have left in memories, now and then."""
    global _count
    _count += 1
    if _count % _BETWEEN == 0:
        _set_aside()


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
