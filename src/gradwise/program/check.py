"""The checker says whether a program is well formed.

Run after every transform in the tests: a broken transform fails where it broke, not three transforms later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradwise.errors import ProgramError
from gradwise.program.builder import result_type

if TYPE_CHECKING:
    from gradwise.program.language import Program


def check_program(program: Program) -> Program:
    """Verify single assignment, definition before use, and the type of every equation; return the program.

    Raises
    ------
    ProgramError
        Naming the equation at fault.
    """
    defined = set(program.inputs) | set(program.captured)
    if len(defined) != len(program.inputs) + len(program.captured):
        raise ProgramError(f"{program.name}: an input appears twice")
    for number, equation in enumerate(program.equations):
        place = f"{program.name}, equation {number}: {equation}"
        for variable in equation.inputs:
            if variable not in defined:
                raise ProgramError(f"{place}: variable {variable} is used before it is defined")
        expected = result_type(equation.primitive, [program.types[v] for v in equation.inputs], equation.params)
        if not equation.primitive.multiple:
            expected = (expected,)
        outputs = equation.output_tuple
        if len(expected) != len(outputs):
            raise ProgramError(f"{place}: {len(outputs)} outputs where the primitive has {len(expected)}")
        for variable, type_ in zip(outputs, expected, strict=True):
            if variable in defined:
                raise ProgramError(f"{place}: variable {variable} is assigned twice")
            if program.types[variable] is not type_:
                raise ProgramError(f"{place}: variable {variable} has type {program.types[variable]}, not {type_}")
            defined.add(variable)
    for variable in program.outputs:
        if variable not in defined:
            raise ProgramError(f"{program.name}: output {variable} is never defined")
    for guard in program.guards:
        if guard.variable not in defined:
            raise ProgramError(f"{program.name}: {guard} watches a variable that is never defined")
    return program
