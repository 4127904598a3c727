"""The language of gradwise: what a program is, how one is written, checked and printed.

Start with ``language.py`` (array types, primitives, equations, programs), then ``builder.py`` (symbols: how rules and transforms write
equations).  ``check.py`` verifies a program, ``text.py`` prints it.

Never import rules, tracing, transforms or execution here.
"""

from gradwise.program.builder import Builder, Symbol, constant, result_type
from gradwise.program.collector import collector_paused
from gradwise.program.language import (
    COMPUTED,
    F64,
    ArrayType,
    Equation,
    Guard,
    Primitive,
    Program,
    resolve_location,
    type_of,
)

__all__ = [
    "COMPUTED",
    "F64",
    "ArrayType",
    "Builder",
    "Equation",
    "Guard",
    "Primitive",
    "Program",
    "Symbol",
    "collector_paused",
    "constant",
    "resolve_location",
    "result_type",
    "type_of",
]
