"""Functions as people write them, each with a point: data for ``tests/test_battery.py``.

A module holds functions of one field.  ``@case(x0, ...)`` above a function adds it to the battery; nothing about the function itself is special.
"""

from battery.registry import CASES, ESCAPES, Case, Escape, case, escape

__all__ = ["CASES", "ESCAPES", "Case", "Escape", "case", "escape"]
