"""Operations whose results nobody reads: they may be there to fail.

unread(program) → the results that nobody reads, of operations that may fail
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradwise.rules.failing import may_fail
from gradwise.transforms.simplify import needed

if TYPE_CHECKING:
    from gradwise.program import Program


def unread(program: Program) -> list[int]:
    """The results that nobody reads, of operations that may fail: to be computed all the same, and looked at.

    With those of matrices their operands, at which SciPy fails if they are not finite.
    """
    read = {*program.outputs, *(g.variable for g in program.guards)}
    kept = set(map(id, needed(program.equations, read)))
    found: dict[int, None] = {}
    for equation in program.equations:
        made, *_ = equation.output_tuple
        if id(equation) in kept or not may_fail(equation.primitive, program.types[made]):
            continue
        if program.types[made].shape != ():
            found.update(dict.fromkeys(i for i in equation.inputs if program.types[i].shape != ()))
        found[made] = None
    return list(found)
