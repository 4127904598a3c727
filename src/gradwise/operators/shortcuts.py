"""Gradients of functions for which a program stands, in one step: the whole way from the arguments to the gradient as one Python function.

    attempt : (f, argnums, arguments) → (value, gradient), or None

Jacobians (``jacobian_shortcuts.py``), Hessians and products (``second_shortcuts.py``, ``product_shortcuts.py``) and values (``value_shortcuts.py``) go the same way.

The ordinary way (``engine.py``) finds the verdict, the family and the program of a call, makes a recording of it, and runs a derivative behind it; about 30 µs, whatever the function.  What it decided
is written down here at the first calls, as text: which names and data must be what they were (``reuse/gathering.py``, ``reuse/forms.py``), the program with its guards and its derivative
(``execution/straight_line.py``), and the forms of the results.  A shortcut is compared with the ordinary way when it is made.

Whatever is out of the ordinary is left to the ordinary way: another form, a guard that fails, an error, a number that is not finite, nan in a gradient, an operand on a kink, a
derivative inside a derivative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.execution.error_state import reports_underflow
from gradwise.execution.function_text import FunctionText
from gradwise.execution.straight_line import TooLong, straight_line
from gradwise.operators.arguments import Arguments, stand_in
from gradwise.operators.copies import apart
from gradwise.operators.prepared import shared_results
from gradwise.operators.results import zeros_for
from gradwise.operators.reuse.beside import Raised, held_back, is_looked_at, leave_behind
from gradwise.operators.reuse.by_function import shortcuts_for, shortcuts_of
from gradwise.operators.reuse.comparison import equal
from gradwise.operators.reuse.expected import holds_as
from gradwise.operators.reuse.forms import Formless, expect
from gradwise.operators.reuse.gathering import Unsuitable, gather
from gradwise.operators.reuse.library_functions import looked_at
from gradwise.operators.reuse.promises import is_forbidden
from gradwise.operators.shortcut_kinks import leave_at_borders, leave_at_kinks
from gradwise.operators.shortcut_leaves import opened as opened_argument
from gradwise.operators.shortcut_results import (
    auxiliary_value,
    derivative_in_form,
    in_form,
    rebuilt,
    returned,
)
from gradwise.operators.verification import requested
from gradwise.program import Program, collector_paused
from gradwise.tracing.instrument.state import local
from gradwise.tracing.purity.buffers import are_apart
from gradwise.tracing.purity.counters import holds_any
from gradwise.tracing.purity.expectations import by_place
from gradwise.tracing.purity.outlets import show_plainly
from gradwise.tracing.purity.outline import CONTENT
from gradwise.transforms.simplify import simplify

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from gradwise.operators.linearization import Linearization
    from gradwise.operators.reuse.families import Family, ProvenCall
    from gradwise.operators.reuse.specialization import Specialization

#: replays before a shortcut is made, one more for so many equations, and at most so many; equations beyond which none is made
PATIENCE, SHORT, ENOUGH, LONG = 1, 100, 20, 600_000
#: shortcuts kept for one function and choice of arguments
_WAYS = 8
#: of the function that a shortcut is
PARAMETERS = ("f", "args", "kwargs", "vector=None")


class Shortcut:
    """One shortcut: ``run(f, args, kwargs, vector)`` gives value and gradient (say), or None."""

    __slots__ = ("family", "form", "program", "run")

    def __init__(self, family: Family, program: Specialization, run: Callable[..., Any]) -> None:
        self.family, self.program, self.run = family, program, run
        #: of what it is taken with respect to: one program serves integers and floats
        self.form: tuple[Any, ...] = ()


def gradient_shortcut(linearization: Linearization, call: ProvenCall, program: Specialization) -> Shortcut:
    """The shortcut for calls of this form.

    Raises
    ------
    Formless, Unsuitable
        If there can be none.
    """
    arguments = linearization.arguments
    text = FunctionText(PARAMETERS)
    leaves, numbers = opening(text, arguments, call, program)
    prepared = linearization.prepared("gradient")
    opened, derivative = program.opened(), prepared.derivative
    equations = [*opened.equations, *derivative.equations]
    made = {o for e in equations for o in e.output_tuple}
    # a kink whose cotangent is nowhere made is not felt
    probes = [p for p in prepared.probes if p[2] in made]
    kept = [v for e, _, ct in probes for v in (*e.inputs, e.output_tuple[0], ct)]
    results = [r for r in derivative.results if r is not None]
    auxiliary = linearization.recording.auxiliary_outputs
    beside = [i for i, _ in auxiliary or () if i is not None]
    borders = program.borders
    outputs = (*opened.outputs, *results, *beside, *kept, *borders.variables)
    joint = simplify(Program(opened.name, opened.inputs, opened.captured, equations, outputs, derivative.types, opened.guards))  # fmt: skip
    written = straight_line(
        joint, text, [*leaves, *numbers], program.constants(), watched=len(opened.types), holds=holds_as
    )
    value, first = written[0], 1 + len(results)
    leave_at_kinks(text, linearization, probes, written[first + len(beside) :])
    leave_at_borders(text, call, borders, written[len(written) - len(borders.variables) :])
    shared = set(shared_results(joint.equations, joint.outputs[:first]))
    gradient, position = [], 1
    for (name, _), leaf, r in zip(leaves, arguments.leaves, derivative.results, strict=True):
        if r is None:
            gradient.append(in_form(text, text.keep(f"{text.name(zeros_for)}({name})"), name, leaf))
            continue
        gradient.append(
            derivative_in_form(text, written[position], name, leaf, joint, position, shared=position in shared)
        )
        position += 1
    found = f"{returned(text, value, program.kinds[0])}, {rebuilt(text, gradient, arguments)}"
    if auxiliary is not None:
        found += f", {auxiliary_value(text, linearization, written[first:])}"
    text.give(found)
    return Shortcut(call.family, program, text.compiled(opened.name))


def opening(
    text: FunctionText, arguments: Arguments, call: ProvenCall, program: Specialization
) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Write the lines that compare the call with this one; the leaves and the other numbers that enter the program."""
    args, kwargs = arguments.given()
    given = by_place(args, kwargs)
    if any(place not in given for place in arguments.places):  # a default, which is differentiated
        raise Formless
    text.leave_if(f"len(args) != {len(args)}")
    # a function with **names sees their order
    text.leave_if(f"tuple(kwargs) != {text.name(tuple(kwargs))}" if kwargs else "kwargs")
    names = {k: text.keep(f"args[{k}]" if type(k) is int else f"kwargs[{k!r}]") for k in given}
    leaves: list[tuple[str, bool]] = []
    for place, treedef in zip(arguments.places, arguments.treedefs, strict=True):
        leaves += opened_argument(text, names[place], given[place], treedef)
    fixed_too = call.fixed
    expected = call.node.arguments or {}
    objects = {names[k]: (value, expected[k]) for k, value in call.objects.items()}
    moving = {names[k]: (value, expected[k]) for k, value in call.moving.items()}
    numbers = [
        n
        for k, a in given.items()
        if k not in arguments.places and k not in call.objects
        for n in expect(text, names[k], a, fixed=fixed_too)
    ]
    data, fixed, counters, tallies, buffers, memories = _gathered(text, call, objects, moving)
    for counter, tick in zip(call.counters, program.ticks, strict=True):
        if call.echoes or not counter.is_counted:  # the function counts itself
            continue
        text.last.append(f"{counters[counter.identity]} += {tick}")
    if call.echoes:
        what = (
            f"*{text.name(apart)}(args, kwargs, {text.name(tuple(arguments.places))})" if call.keeps else "args, kwargs"
        )
        text.last.append(f"{text.name(leave_behind)}(f, {what})")
        if call.shows:
            text.leave_if(f"not {text.name(show_plainly)}()")
    if text.last:
        text.leave_if(f"{text.name(is_looked_at)}()")
    if buffers:  # which nothing else may share memory with
        beside = [name for name, value in [*data, *fixed] if name not in buffers and _holds_arrays(value)]
        beside += [name for (name, _), leaf in zip(leaves, arguments.leaves, strict=True) if _holds_arrays(leaf)]
        beside += [names[k] for k, value in given.items() if k not in arguments.places and _holds_arrays(value)]
        text.leave_if(f"not {text.name(are_apart)}(({_listed(buffers.values())}), ({_listed(beside)}))")
    if tallies:  # which nothing else may read
        beside = [name for name, value in [*data, *fixed] if isinstance(value, (list, tuple, dict))]
        beside += [names[k] for k, value in given.items() if isinstance(value, (list, tuple, dict))]
        text.leave_if(f"{text.name(holds_any)}(({_listed(beside)}), ({_listed(tallies)}))")
    numbers += [n for name, value in data for n in expect(text, name, value, fixed=fixed_too)]
    for k, asked in program.asked:
        memory = None if k is None else memories.get(id((call.memories or ())[k]))
        if memory is None:
            raise Unsuitable
        text.leave_if(f"not {text.name(asked.stands)}({memory})")
    if [n for name, value in fixed for n in expect(text, name, value, fixed=CONTENT)]:
        raise Unsuitable
    if program.decides:
        read = zip([*leaves, *numbers], [*arguments.leaves, *call.numbers], strict=True)
        single = [name for (name, _), value in read if type(value) is not np.ndarray]
        if single:  # Python takes one nan for equal to itself: ``v in [v]``
            text.leave_if(" or ".join([f"{name} != {name}" for name in single]))
    return leaves, numbers


def _listed(names: Iterable[str]) -> str:
    return "".join(f"{name}, " for name in names)


def _holds_arrays(value: Any) -> bool:
    return not isinstance(value, (float, int, complex, str, np.generic, type(None)))


def _gathered(
    text: FunctionText, call: ProvenCall, objects: dict[str, Any], moving: dict[str, Any]
) -> tuple[
    list[tuple[str, Any]], list[tuple[str, Any]], dict[Hashable, str], list[str], dict[str, str], dict[int, str]
]:
    """The names of what the function reads, with what is there now, what it counts in, and the names of containers among that."""
    probe = FunctionText(("f", *objects, *moving))
    found = gather(probe, "f", call.function, call.node, objects, moving, of_twin=True)
    probe.write(f"return [{', '.join(found[0])}], [{', '.join(found[1])}]")
    values = probe.compiled("data")(call.before(), *call.objects.values(), *call.moving.values())
    if values is None:
        raise Unsuitable
    names = gather(text, "f", call.function, call.node, objects, moving, of_twin=call.is_tried)
    return list(zip(names[0], values[0], strict=True)), list(zip(names[1], values[1], strict=True)), *names[2:]


# --- finding and making ---------------------------------------------------------------------------------------------------------------


def attempt(function: Any, choice: str, args: tuple[Any, ...], kwargs: dict[str, Any], vector: Any = None) -> Any:
    """The result (value and gradient, say), None if no shortcut leads there; ``choice`` says which result, and of which arguments, ``vector`` what a product is taken with."""
    function = looked_at(function)
    known = shortcuts_of(function)
    if known is None:
        return None
    kept = known.get(choice)
    if kept is None or not kept.ways or not undisturbed():
        return None
    for way in kept.ways:
        try:
            found = way.run(function, args, kwargs, vector)
        except Raised as raised:
            raise raised.error from None
        except Exception:  # noqa: BLE001, S112 - whatever it is, the ordinary way says it better
            continue
        if found is not None:
            kept.served += 1
            way.family.served += 1
            return found
    kept.failed += 1
    if kept.failed > 16 and kept.failed > kept.served:
        kept.ways = []
    return None


def undisturbed() -> bool:
    """Whether nothing is asked of the call but its derivative: no check, no run of the function, no enclosing trace, nothing in the function's place, no report of underflow."""
    if requested.get() or is_forbidden() or stand_in.get() is not None or local.watch is not None:
        return False
    return not reports_underflow()


def learn(
    function: Any,
    choice: str,
    linearization: Linearization,
    result: Any,
    make: Callable[[Linearization, ProvenCall, Specialization], Shortcut] = gradient_shortcut,
    vector: Any = None,
    shown: Callable[[Any], Any] | None = None,
) -> None:
    """Make a shortcut after a result (value and gradient, or what else ``make`` gives) that a program gave in the ordinary way; ``shown`` makes of results what can be compared."""
    standing = linearization.standing
    if standing is None or linearization.nested:
        return
    arguments = linearization.arguments
    consider(function, choice, standing, arguments, result, lambda: make(linearization, *standing), vector, shown)


def consider(
    function: Any,
    choice: str,
    standing: tuple[ProvenCall, Specialization],
    arguments: Arguments,
    result: Any,
    make: Callable[[], Shortcut],
    vector: Any = None,
    shown: Callable[[Any], Any] | None = None,
) -> None:
    """Make a shortcut for a call for which a program stands, unless it is too early or there can be none; it is kept if it gives this result."""
    call, program = standing
    size = len(program.program)
    if call.family.served < PATIENCE + min(size // SHORT, ENOUGH) or size > LONG or not undisturbed():
        return
    form = _form(arguments)
    result_for = (choice, *form)
    if program.reads_surroundings or result_for in call.family.formless:
        return
    function = looked_at(function)
    try:
        kept = shortcuts_for(function, choice)
    except TypeError:  # it cannot be referred to weakly
        return
    if kept.failed > 16 or any(w.program is program and w.form == form for w in kept.ways):
        return
    try:
        with collector_paused():
            way = make()
            before, tried = call.before(), way
            if before is not call.function:  # a twin, which calls twins: written for those, the lines are tried
                with call.trying():
                    tried = make()
        way.form = form
        with held_back():
            found = tried.run(before, *arguments.given(), vector)
        if found is not None and not call.echoes:  # the call was counted before
            call.tick(program.ticks, -1)
    except (Formless, Unsuitable, TooLong):
        call.family.formless.add(result_for)
        return
    except Exception:  # noqa: BLE001 - at this point the ordinary way is needed; at another it may serve
        found = None
    if found is None:
        kept.failed += 4
    elif _agree(result, found) if shown is None else _agree(shown(result), shown(found)):
        kept.ways = [way, *kept.ways[: _WAYS - 1]]
        kept.failed = 0  # calls of a new form fail until there is a way for it
    else:
        call.family.formless.add(result_for)


def _form(arguments: Arguments) -> tuple[Any, ...]:
    """The types of what is differentiated."""
    given = by_place(*arguments.given())
    leaves = [leaf for place in arguments.places if place in given for leaf in flatten(given[place])[0]]
    return tuple([leaf.dtype if type(leaf) is np.ndarray else type(leaf) for leaf in leaves])


def _agree(theirs: Any, ours: Any) -> bool:
    """Whether two results have the same containers and types, and agree to rounding."""
    (a, first), (b, second) = flatten(theirs), flatten(ours)
    return first == second and all(type(x) is type(y) and equal(x, y) for x, y in zip(a, b, strict=True))
