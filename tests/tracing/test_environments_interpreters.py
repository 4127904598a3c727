"""The same semantic checks in this interpreter and in all others that are at hand.

Others are found by ``GRADWISE_INTERPRETERS`` (paths, separated as in PATH) and as ``python3.11`` … ``python3.14`` on the PATH; they need NumPy and SciPy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import semantic_checks

ROOT = Path(__file__).parents[2]
NAMES = [f"python3.{minor}" for minor in range(11, 16)]


@pytest.mark.parametrize("f", semantic_checks.CHECKS, ids=lambda f: f.__name__)
def test_here(f):
    semantic_checks.run(f)


def interpreters():
    named = [p for p in os.environ.get("GRADWISE_INTERPRETERS", "").split(os.pathsep) if p]
    found = [*named, *(path for path in map(shutil.which, NAMES) if path)]
    return list(dict.fromkeys(found))


@pytest.mark.slow
def test_elsewhere():
    ran, unfit = [], []
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    for path in interpreters():
        asked = subprocess.run(
            [path, "-c", "import sys, numpy, scipy; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            env=env,
            check=False,
        )
        version = asked.stdout.strip()
        if asked.returncode or version in ran or version == "{}.{}".format(*sys.version_info[:2]):
            unfit.append(path)
            continue
        done = subprocess.run(
            [path, str(Path(__file__).with_name("semantic_checks.py"))],
            capture_output=True,
            text=True,
            env=env,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{path}: {done.stderr[-3000:]}"
        assert "checks hold" in done.stdout
        ran.append(version)
    if not ran:
        pytest.skip(f"no other interpreter with NumPy and SciPy is at hand ({len(unfit)} without them)")
