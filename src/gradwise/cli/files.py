"""Numbers in files: ``.npy``, ``.npz``, ``.json``, ``.csv``, for points and for data."""

from __future__ import annotations

import csv
import difflib
import json
from pathlib import Path
from typing import Any

import numpy as np

from gradwise.cli.failures import UsageError

KINDS = (".npy", ".npz", ".json", ".csv")


def is_file_name(text: str) -> bool:
    """Whether a value on the command line names a file of numbers: ``point.npy``, or ``table.csv:price`` for a column."""
    name = text.strip().rpartition(":")[0] if _has_column(text) else text.strip()
    return name.lower().endswith(KINDS) and not name.startswith(("[", "{", "(", '"', "'"))


def _has_column(text: str) -> bool:
    stem, colon, column = text.strip().rpartition(":")
    return bool(colon) and stem.lower().endswith(".csv") and "/" not in column and "\\" not in column


def read_file(text: str, option: str) -> Any:
    """What a file holds: an array, or a dict of arrays by name (``.npz``, a JSON object, a CSV file whose header names one row of numbers)."""
    name, column = (text.strip().rpartition(":")[::2]) if _has_column(text) else (text.strip(), "")
    path = Path(name)
    if not path.is_file():
        raise UsageError(f"{option} names the file {name!r}, which does not exist (from {Path.cwd()}).{_near(path)}")
    kind = path.suffix.lower()
    try:
        if kind == ".json":
            return json.loads(path.read_text(encoding="utf-8"))
        if kind == ".csv":
            return _table(path, column, option)
        found = np.load(path, allow_pickle=False)
        return (
            {key: _numeric(found[key], name, option) for key in found}
            if kind == ".npz"
            else _numeric(found, name, option)
        )
    except UsageError:
        raise
    except (ValueError, OSError, EOFError, KeyError) as error:
        raise UsageError(
            f"{option} {name!r} cannot be read as {kind}: {str(error).splitlines()[0]}. A file written by np.save, np.savez or json.dump, "
            "or a table of numbers with commas, is required"
        ) from None


def _near(path: Path) -> str:
    folder = path.parent
    names = [p.name for p in folder.iterdir() if p.suffix.lower() in KINDS] if folder.is_dir() else []
    close = difflib.get_close_matches(path.name, names, 1)
    return f" Did you mean {folder / close[0]}?" if close else f" Write the path of a {', '.join(KINDS)} file"


def _numeric(array: np.ndarray, name: str, option: str) -> Any:
    if array.dtype.kind not in "iufcb":
        raise UsageError(
            f"{option} {name!r} holds an array of dtype {array.dtype}. Numbers are required. Convert it before saving"
        )
    return array if array.ndim else array.item()


def _table(path: Path, column: str, option: str) -> Any:
    """A CSV file as a vector (one column), a matrix, one column of it by name, or numbers by name (a header above one row)."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = [(number, row) for number, row in enumerate(csv.reader(file), 1) if any(cell.strip() for cell in row)]
    if not lines:
        raise UsageError(f"{option} {str(path)!r} is empty. A table of numbers is required")
    header = None if all(_is_number(cell) for cell in lines[0][1]) else [cell.strip() for cell in lines[0][1]]
    rows = lines[header is not None :]
    width = len(lines[0][1])
    table = np.empty((len(rows), width))
    for k, (number, row) in enumerate(rows):
        if len(row) != width:
            raise UsageError(
                f"{option} {str(path)!r}, line {number} has {len(row)} cells, and the first has {width}. Rows of one length are required"
            )
        for j, cell in enumerate(row):
            if not _is_number(cell):
                where = f"column {header[j]!r}" if header else f"column {j + 1}"
                raise UsageError(
                    f"{option} {str(path)!r}, line {number}, {where} holds {cell!r}. A number is required. Fill it in, or choose columns that are full"
                )
            table[k, j] = float(cell)
    if column:
        return table[:, _column(column, header, path, option)]
    if header is not None and len(rows) == 1 and width > 1:
        return dict(zip(header, (float(x) for x in table[0]), strict=True))
    return table[:, 0] if width == 1 else table[0] if len(rows) == 1 else table


def _column(name: str, header: list[str] | None, path: Path, option: str) -> int:
    if header is None or name not in header:
        close = difflib.get_close_matches(name, header or [], 1)
        hint = (
            f"Did you mean {close[0]}?"
            if close
            else f"It has {', '.join(header)}"
            if header
            else "Its first row must name the columns"
        )
        raise UsageError(f"{option} asks for the column {name!r}, which {str(path)!r} does not have. {hint}")
    return header.index(name)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
