"""Branches that an equality decided: ``if x == 0: return 1.0`` before ``log1p(x) / x``, ``if a[i, j] == 0: continue``, ``if d != width: …``.

Such a branch has the right value at this point, and the other one computes the function at all points around it.  Its derivative may be another one, or none: a number that was written
down for a limit, a term that was left out because it is zero here.  The first time that a line of a function decides so, one directional derivative (of each order up to that which is asked for) is compared with a numerical one.  If
they differ, the function is run as if nothing were equal; if that run has the same value and a derivative that agrees, it has the right one.  Else an error says so.

Where the function has no derivative (‖x‖ at 0), nothing is concluded, and the derivative is that of the branch taken; so it is, entry by entry, in ``np.where`` and masks.
"""

from __future__ import annotations

import threading
import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import TracingError
from gradwise.operators.arguments import code_of, function_label
from gradwise.operators.borders import Kink, kinks_of
from gradwise.operators.verification import Disagreement, compare_derivatives, paused, put, requested, without_memory

if TYPE_CHECKING:
    from gradwise.operators.engine import Linearization
    from gradwise.program import Program

_Line = tuple[str | None, int | None]
#: by code object, the lines whose equalities were found to do no harm, and the programs that decide by no others, to which order
_harmless: dict[int, tuple[weakref.ref[types.CodeType], set[tuple[_Line, int]], set[Any]]] = {}
#: the highest order that is compared
_HIGHEST = 4
_lock = threading.Lock()


def forget_equalities() -> None:
    """Compare again what was compared."""
    with _lock:
        _harmless.clear()


def doubt_equalities(function: Any, linearization: Linearization, *, has_aux: bool, order: int = 1) -> None:
    """See that a branch that an equality decided has the derivatives of the function to an order, or find a run that has them.

    Raises
    ------
    TracingError
        If the function has a derivative here, and it is another one.
    """
    recording = linearization.recording
    if linearization.nested or requested.get() is False or recording.tape.recalled or recording.tape.obstacle:
        return
    code = code_of(function)
    known = _harmless.get(id(code))
    lines, programs = (known[1], known[2]) if known is not None and known[0]() is code else (set(), set())
    order = min(order, _HIGHEST)
    if programs and (linearization.fingerprint, order) in programs:
        return
    asked = {line for line in _lines_of_branches(recording.program) if (line, order) not in lines}
    doubtful = (
        [k for k in kinks_of(recording) if k.primitive in _EQUALITIES and (k.filename, k.lineno) in asked]
        if asked
        else []
    )
    if doubtful and not _agrees(function, linearization, doubtful, order, has_aux=has_aux):
        return
    if code is not None:
        with _lock:
            if len(_harmless) > 8192:
                _harmless.clear()
            if len(programs) > 64:
                programs.clear()
            orders = range(1, order + 1)
            lines = lines | {((k.filename, k.lineno), n) for k in doubtful for n in orders}
            found = {(linearization.fingerprint, n) for n in orders}
            _harmless[id(code)] = (weakref.ref(code), lines, programs | found)


_EQUALITIES = frozenset(["equal", "not_equal"])


def _lines_of_branches(program: Program) -> set[_Line]:
    """The lines whose equalities decided branches of Python's."""
    defined = {o: e for e in program.equations for o in e.output_tuple}
    pending = [g.variable for g in program.guards if g.kind == "bool"]
    found: set[_Line] = set()
    seen: set[int] = set()
    while pending:
        variable = pending.pop()
        equation = defined.get(variable)
        if equation is None or variable in seen or program.types[variable].dtype.kind != "b":
            continue
        seen.add(variable)
        if equation.primitive.name in _EQUALITIES:
            found.add(equation.source or (None, None))
        else:
            pending += equation.inputs
    return found


def _agrees(function: Any, linearization: Linearization, doubtful: list[Kink], order: int, *, has_aux: bool) -> bool:
    """Whether the branches taken have the derivatives of the function, as far as can be told; if not, that of a run that takes the others is put there."""
    recording = linearization.recording
    spare = linearization.arguments.copied()
    spare.leaves = [recording.tape.values[i] for i in recording.tape.inputs]
    state = np.random.get_state()  # noqa: NPY002 - the global state is what the user's code may draw from

    def compare() -> None:
        for n in range(1, order + 1):
            compare_derivatives(function, linearization, spare, state, has_aux=has_aux, order=n)

    try:
        with paused():
            try:
                compare()
            except Disagreement as error:
                other = without_memory(function, linearization, spare, state, has_aux=has_aux)
                if other is None:
                    raise _refusal(function, doubtful) from error
                put(linearization, other)
                try:
                    compare()
                except Disagreement:
                    put(linearization, recording)
                    raise _refusal(function, doubtful) from error
                return False
            return True
    finally:
        np.random.set_state(state)  # noqa: NPY002 - the global state is what the user's code may draw from


def _refusal(function: Any, borders: list[Kink]) -> TracingError:
    border = borders[0]
    return TracingError(
        f"{function_label(function)} takes a branch here because two values are equal, and the function around this point, which takes the other one, has another derivative than that branch. "
        'A branch that has the derivative of the function is required. Move off the point, or use method="numerical"',
        border.filename,
        border.lineno,
    )
