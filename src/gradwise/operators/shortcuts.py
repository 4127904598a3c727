"""Gradients of functions for which a program stands, in one step: the form of the call is compared, then one Python function gives the value and the gradient.

    attempt : (f, argnums, call) → (value, gradient), or None

The ordinary way (``engine.py``) finds the verdict, the family and the program of a call, makes a recording of it, and runs a derivative behind it; about 30 µs, whatever the function.  What it decided
is written down here at the first calls: which names and data must be what they were (``reuse/gathering.py``, ``reuse/forms.py``), and program, guards and derivative as straight-line code
(``execution/straight_line.py``).  A shortcut is checked against the ordinary way when it is made.

Whatever is out of the ordinary is left to the ordinary way: another form, a guard that fails, an error, a number that is not finite, nan in a gradient, an operand on a kink, a
derivative inside a derivative.
"""

from __future__ import annotations

import math
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.execution.straight_line import straight_line
from gradwise.operators.arguments import plain_like, stand_in
from gradwise.operators.kinks import felt, holds_nan
from gradwise.operators.prepared import shared_results
from gradwise.operators.results import zeros_for
from gradwise.operators.reuse.by_function import shortcuts_for, shortcuts_of
from gradwise.operators.reuse.comparison import equal
from gradwise.operators.reuse.forms import Form, Formless, all_match, floats_in, form_of, matches
from gradwise.operators.reuse.gathering import Unsuitable, gatherer
from gradwise.operators.reuse.promises import undeclared
from gradwise.operators.reuse.specialization import as_kind, holds_as
from gradwise.operators.verification import requested
from gradwise.program import Program
from gradwise.tracing.instrument.state import local
from gradwise.transforms.simplify import simplify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradwise.operators.engine import Linearization
    from gradwise.operators.reuse.families import ProvenCall

#: replays before a shortcut is made, and one more for so many equations; equations beyond which none is
PATIENCE, SHORT, LONG = 1, 100, 4000
#: shortcuts kept for one function and choice of arguments
_WAYS = 4


class _Moving:
    """One differentiated argument: its form, and the order of its leaves."""

    __slots__ = ("form", "order", "treedef")

    def __init__(self, value: Any, treedef: Any) -> None:
        self.form = form_of(value)
        self.treedef = treedef
        marked, count = _marked(value, 0)
        self.order = None if type(marked) is float else [int(m) for m in flatten(marked)[0]]
        if self.order is not None and sorted(self.order) != list(range(count)):
            raise Formless

    def leaves(self, value: Any) -> list[Any] | None:
        found: list[Any] = []
        if not matches(value, self.form, found):
            return None
        return found if self.order is None else [found[k] for k in self.order]


def _marked(value: Any, count: int) -> tuple[Any, int]:
    """The containers of a value with 0.0, 1.0, … in the places of its numbers."""
    if type(value) is np.ndarray or isinstance(value, (float, complex, np.floating, np.complexfloating)):
        return float(count), count + 1
    entries = []
    for entry in value.values() if type(value) is dict else value if type(value) in (list, tuple) else [None]:
        if entry is None or isinstance(entry, (int, str)):
            raise Formless  # a leaf of another kind
        mark, count = _marked(entry, count)
        entries.append(mark)
    return (dict(zip(value, entries, strict=True)) if type(value) is dict else type(value)(entries)), count


class _Way:
    """One shortcut."""

    __slots__ = ("_code", "_data", "_fixed", "_gather", "_kind", "_moving", "_others", "_places", "_probes", "_results", "_shared", "_single", "family", "program")  # fmt: skip

    def __init__(self, linearization: Linearization, call: ProvenCall, program: Any, prepared: Any) -> None:
        arguments = linearization.arguments
        args, kwargs = arguments.given()
        self.family, self.program = call.family, program
        self._places, self._single = tuple(arguments.places), arguments.single
        if kwargs or any(type(place) is not int for place in self._places):
            raise Formless
        floats = call.family.floats
        self._moving = [_Moving(args[p], t) for p, t in zip(self._places, arguments.treedefs, strict=True)]
        self._others = [None if k in self._places else form_of(a, floats=floats) for k, a in enumerate(args)]
        self._gather = gatherer(call.function, call.node)
        gathered = self._gather(call.function)
        if gathered is None:
            raise Unsuitable
        self._data: list[Form] = [form_of(v, floats=floats) for v in gathered[0]]
        self._fixed: list[Form] = [form_of(v, floats=False) for v in gathered[1]]
        if any(True for form in self._fixed for _ in floats_in(form)):
            raise Unsuitable
        flags = [f for form in (*(m.form for m in self._moving), *(o for o in self._others if o), *self._data) for f in floats_in(form)]  # fmt: skip
        opened = program.opened()
        derivative = prepared.derivative
        kept = [v for e, ct in derivative.probes for v in (*e.inputs, e.output_tuple[0], ct)]
        results = [r for r in derivative.results if r is not None]
        joint = simplify(
            Program(
                opened.name,
                opened.inputs,
                opened.captured,
                [*opened.equations, *derivative.equations],
                (*opened.outputs, *results, *kept),
                derivative.types,
                opened.guards,
            )
        )
        numbers = [i for i, flag in zip(opened.inputs, flags, strict=True) if flag]
        self._code = straight_line(joint, numbers, program.constants(), watched=len(opened.types), holds=holds_as)
        first = len(opened.outputs)
        self._shared = [
            k - first for k in shared_results(joint.equations, joint.outputs) if first <= k < first + len(results)
        ]
        positions = iter(range(first, first + len(results)))
        self._results = [None if r is None else next(positions) for r in derivative.results]
        self._kind = program.kinds[0]
        position = first + len(results)
        self._probes = []
        for equation, _ in derivative.probes:
            self._probes.append((equation, equation.primitive.kink, position, len(equation.inputs), equation.params))
            position += len(equation.inputs) + 2

    def run(self, function: Any, args: tuple[Any, ...]) -> tuple[Any, list[Any]] | None:
        """The value and the gradient by leaves; None where the ordinary way is to be taken."""
        if len(args) != len(self._others):
            return None
        leaves: list[Any] = []
        for where, moving in zip(self._places, self._moving, strict=True):
            if moving.order is None:
                if not matches(args[where], moving.form, leaves):
                    return None
            else:
                theirs = moving.leaves(args[where])
                if theirs is None:
                    return None
                leaves += theirs
        numbers = list(leaves)
        for value, form in zip(args, self._others, strict=True):
            if form is not None and not matches(value, form, numbers):
                return None
        try:
            gathered = self._gather(function)
            if gathered is None or not all_match(gathered[0], self._data, numbers):
                return None
            if self._fixed and not all_match(gathered[1], self._fixed, []):
                return None
            found = self._code(*numbers)
        except Exception:  # noqa: BLE001 - whatever it is, the ordinary way says it better
            return None
        if found is None:
            return None
        for equation, kink, position, count, params in self._probes:
            last = position + count
            at = kink(found[position:last], found[last], *params)
            if at is not False and (at.any() if type(at) is np.ndarray else np.any(at)):
                with np.errstate(all="ignore"):
                    if felt(equation, found[position:last], found[last], found[last + 1]) is not False:
                        return None
            if holds_nan(found[last + 1 : last + 2]):
                return None
        value = found[0]
        if type(value) is not self._kind:
            value = (
                np.float64(value) if self._kind is np.float64 and type(value) is float else as_kind(value, self._kind)
            )
            if type(value) is not self._kind:
                return None
        gradient = []
        for k, (place, leaf) in enumerate(zip(self._results, leaves, strict=True)):
            if place is None:
                result = zeros_for(leaf)
            else:
                result = found[place]
                if math.isnan(result) if type(result) is float else holds_nan((result,)):
                    return None
                if k in self._shared:
                    result = result.copy() if type(result) is np.ndarray else result
            gradient.append(result)
        return value, gradient

    def result(self, args: tuple[Any, ...], gradient: Sequence[Any]) -> Any:
        """The gradient in the containers, types and shapes of the arguments."""
        start, values = 0, []
        for place, moving in zip(self._places, self._moving, strict=True):
            value = args[place]
            if moving.order is None:
                values.append(plain_like(gradient[start], type(value), value))
                start += 1
                continue
            stop = start + len(moving.order)
            theirs = flatten(value)[0]
            leaves = [plain_like(g, type(leaf), leaf) for g, leaf in zip(gradient[start:stop], theirs, strict=True)]
            values.append(moving.treedef.rebuild(leaves))
            start = stop
        return values[0] if self._single else tuple(values)


def attempt(function: Any, choice: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any] | None:
    """The value and the gradient, if a shortcut leads there; ``choice`` is ``argnums`` in text."""
    known = shortcuts_of(function)
    if known is None or kwargs:
        return None
    kept = known.get(choice)
    if kept is None or not kept.ways or not undisturbed():
        return None
    for way in kept.ways:
        found = way.run(function, args)
        if found is not None:
            kept.served += 1
            way.family.served += 1
            return found[0], way.result(args, found[1])
    kept.failed += 1
    if kept.failed > 16 and kept.failed > kept.served:
        kept.ways = []
    return None


def undisturbed() -> bool:
    """Whether nothing is asked of the call but its derivative: no check, no promise, no enclosing trace, nothing in the function's place."""
    return not requested.get() and undeclared() and stand_in.get() is None and local.watch is None


def learn(function: Any, choice: str, linearization: Linearization, gradient: Sequence[Any]) -> None:
    """Make a shortcut after a gradient that a program gave in the ordinary way."""
    standing = linearization.standing
    if standing is None or type(function) is not types.FunctionType or linearization.nested:
        return
    call, program = standing
    size = len(program.program)
    if call.family.served < PATIENCE + size // SHORT or size > LONG or not undisturbed():
        return
    if program.reads_surroundings or len(program.kinds) != 1:
        return
    kept = shortcuts_for(function, choice)
    if kept.failed > 16 or len(kept.ways) >= _WAYS or any(w.program is program for w in kept.ways):
        return
    try:
        way = _Way(linearization, call, program, linearization.prepared("gradient"))
    except (Formless, Unsuitable):
        kept.failed = 17
        return
    found = way.run(function, linearization.arguments.given()[0])
    if found is None:  # a kink, perhaps: at another point it may serve
        kept.failed += 4
        return
    leaves = linearization.arguments.leaves
    theirs = [zeros_for(leaf) if g is None else g for g, leaf in zip(gradient, leaves, strict=True)]
    same = equal(linearization.recording.values[0], found[0]) and all(
        equal(np.asarray(g), np.asarray(h)) for g, h in zip(theirs, found[1], strict=True)
    )
    if same:
        kept.ways.append(way)
    else:
        kept.failed = 17
