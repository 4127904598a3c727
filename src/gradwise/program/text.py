"""Printing a program so that a person can read it and a golden test can compare it.

::

    loss(x: f64[3])
      captured: a: f64[3]
      b: f64[3] = mul(x, a)      # model.py:12
      c: f64 = sum(b; axes=(0,), keepdims=False)      # model.py:12
    returns c
    guards: none
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any


def variable_names(program: Any) -> dict[int, str]:
    """Short names, a, b, …, z, aa, …, in order of appearance; inputs keep the names of their arguments."""
    names: dict[int, str] = dict(program.labels)
    taken = set(names.values())
    counter = 0

    def name(variable: int) -> None:
        nonlocal counter
        if variable in names:
            return
        while True:
            digits, number = "", counter
            while True:
                digits = chr(ord("a") + number % 26) + digits
                number = number // 26 - 1
                if number < 0:
                    break
            counter += 1
            if digits not in taken:
                names[variable] = digits
                return

    for variable in (*program.inputs, *program.captured):
        name(variable)
    for equation in program.equations:
        for variable in equation.output_tuple:
            name(variable)
    for variable in program.outputs:
        name(variable)
    return names


def key_text(key: tuple[Any, ...]) -> str:
    """An index key as a person writes it: ``[0, 1:3, None, #0]`` (``#0`` is the first index array)."""
    parts = []
    for entry in key:
        if type(entry) is tuple and entry[0] == "slice":
            start, stop, step = entry[1:]
            text = f"{'' if start is None else start}:{'' if stop is None else stop}"
            parts.append(text if step in (None, 1) else f"{text}:{step}")
        elif type(entry) is tuple and entry[0] == "array":
            parts.append(f"#{entry[1]}")
        else:
            parts.append(str(entry))
    return f"[{', '.join(parts)}]"


def _parameter_text(name: str, value: Any) -> str:
    return f"{name}={key_text(value) if name == 'key' else value}"


def equation_text(equation: Any, names: dict[int, str], types: list[Any], *, source: bool = True) -> str:
    """One equation as text, with the user's line behind it where that is known."""
    left = ", ".join(f"{names[v]}: {types[v]!r}" for v in equation.output_tuple)
    right = ", ".join(names.get(v, f"%{v}") for v in equation.inputs)
    if equation.params:
        names_ = equation.primitive.params or tuple(f"p{i}" for i in range(len(equation.params)))
        right += "; " + ", ".join(map(_parameter_text, names_, equation.params))
    text = f"{left} = {equation.primitive.name}({right})"
    where = equation.source if source else None
    return f"{text}      # {os.path.basename(where[0])}:{where[1]}" if where else text


def _ends(items: Sequence[Any], most: int | None, what: str) -> Sequence[Any]:
    """The items, or the first and the last of them around a line that says how many are left out."""
    if most is None or len(items) <= most:
        return items
    last = most // 4
    first = most - last
    return [*items[:first], f"… {len(items) - most} {what} more: print(program) shows all", *items[len(items) - last :]]


def program_text(program: Any, *, source: bool = True, most: int | None = None) -> str:
    """The program as text; with ``most``, the middle of what has more equations (or guards) is left out."""
    names = variable_names(program)
    types = program.types
    head = ", ".join(f"{names[v]}: {types[v]!r}" for v in program.inputs)
    lines = [f"{program.name}({head})"]
    if program.captured:
        lines.append("  captured: " + ", ".join(f"{names[v]}: {types[v]!r}" for v in program.captured))
    lines += [
        "  " + (e if type(e) is str else equation_text(e, names, types, source=source))
        for e in _ends(program.equations, most, "equations")
    ]
    lines.append("returns " + (", ".join(names[v] for v in program.outputs) or "nothing"))
    if program.guards:
        lines.append("guards:")
        for guard in _ends(program.guards, most, "guards"):
            if type(guard) is str:
                lines.append("  " + guard)
                continue
            where = guard.source if source else None
            expected = guard.expected if getattr(guard.expected, "ndim", 0) == 0 else "as recorded"
            text = f"  {guard.kind}({names.get(guard.variable, f'%{guard.variable}')}) == {expected}"
            lines.append(f"{text}      # {os.path.basename(where[0])}:{where[1]}" if where else text)
    else:
        lines.append("guards: none")
    return "\n".join(lines)
