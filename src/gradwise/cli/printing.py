"""Results as text and as JSON, and colour where the terminal and the user want it."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import sys
from typing import Any

import numpy as np


def console(*, color: bool = True, stderr: bool = False, width: int | None = None) -> Any:
    """A ``rich.console.Console`` without its own ideas about numbers; plain text unless a terminal listens and nobody objects."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    plain = not color or bool(os.environ.get("NO_COLOR")) or not stream.isatty()
    return Console(
        file=stream, color_system=None if plain else "auto", no_color=plain, force_terminal=False if plain else None,
        highlight=False, markup=False, emoji=False, width=width, legacy_windows=False if plain else None,
    )  # fmt: skip


def say(text: str, label: str, style: str, *, color: bool) -> None:
    """Write ``label: text`` to the error stream, the label coloured."""
    if color and sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        from rich.text import Text

        console(stderr=True).print(Text.assemble((label, style), f": {text}"), soft_wrap=True)
    else:
        print(f"{label}: {text}", file=sys.stderr)


def as_text(value: Any) -> str:
    """A derivative as a person reads it, each number with all its digits."""
    with np.printoptions(precision=17, floatmode="unique", threshold=2000, linewidth=100):
        if isinstance(value, np.ndarray):
            return np.array2string(value, separator=", ")
        if isinstance(value, np.generic):
            return repr(value.item())
        return repr(value)


def as_json(value: Any) -> Any:
    """A value of plain lists, dicts, numbers and text; what JSON lacks (nan, infinities, complex) as text and pairs."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return number if math.isfinite(number) else "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"
    if isinstance(value, (complex, np.complexfloating)):
        return {"real": as_json(value.real), "imag": as_json(value.imag)}
    if isinstance(value, np.ndarray):
        return as_json(value.item()) if value.ndim == 0 else [as_json(entry) for entry in value]
    if isinstance(value, np.generic):
        return as_json(value.item())
    if isinstance(value, dict):
        return {str(key): as_json(entry) for key, entry in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: as_json(getattr(value, name)) for name in value._fields}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_json(entry) for entry in value]
    return str(value)


def print_json(value: Any) -> None:
    """One JSON document on the output: a line for each entry, arrays of numbers on one line."""
    print(_layout(as_json(value), ""))


def _layout(value: Any, margin: str) -> str:
    inner = margin + "  "
    if isinstance(value, dict) and value and not margin:
        entries = [f"{_compact(key)}: {_layout(entry, inner)}" for key, entry in value.items()]
        return "{\n" + ",\n".join(inner + entry for entry in entries) + f"\n{margin}}}"
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        return "[\n" + ",\n".join(inner + _compact(entry) for entry in value) + f"\n{margin}]"
    return _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def count_non_finite(value: Any) -> tuple[int, int]:
    """How many numbers of a result are nan or infinite, and how many there are."""
    if isinstance(value, dict):
        entries = list(value.values())
    elif isinstance(value, (list, tuple)):
        entries = list(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        entries = [getattr(value, field.name) for field in dataclasses.fields(value)]
    else:
        array = np.asarray(value)
        return (int(np.count_nonzero(~np.isfinite(array))), array.size) if array.dtype.kind in "fc" else (0, 0)
    counts = [count_non_finite(entry) for entry in entries]
    return sum(bad for bad, _ in counts), sum(all_ for _, all_ in counts)


def print_program(program: Any, *, color: bool) -> None:
    """A program, with the user's lines dimmed on a terminal."""
    text = str(program)
    if not (color and sys.stdout.isatty() and not os.environ.get("NO_COLOR")):
        print(text)
        return
    from rich.text import Text

    shown = Text(text)
    shown.highlight_regex(r"#.*$", "dim")
    shown.highlight_regex(r"(?<== )\w+(?=\()", "bold")
    console().print(shown, soft_wrap=True)
