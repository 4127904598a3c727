"""The tour's example programs as files of their own, loaded as the command line loads a user's file."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from gradwise.cli.loading import load_file


@contextlib.contextmanager
def as_user_file(text: str, name: str) -> Iterator[ModuleType]:
    """A module made of ``text`` in a temporary file ``name``, gone afterwards."""
    before = list(sys.path)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(text, encoding="utf-8")
        module = load_file(str(path))
        try:
            yield module
        finally:
            sys.path[:] = before
            sys.modules.pop(module.__name__, None)
