"""The planted bugs and traps of the benchmarks are the test cases of the checker."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks" / "checking"))
