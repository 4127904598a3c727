"""``vjp`` and ``linearize`` of functions for which a program stands, in one step (``shortcuts.py``): the value now, the derivative when it is asked for.

    shortcut : (f, x) → f(x), residuals          derivative : (residuals, ȳ) → Jᵀ ȳ,   or (residuals, ẋ) → J ẋ

Two texts are written: the program up to its value and all that the derivative will read of it, and the derivative.  The first works on copies of what the function reads, so the derivative is that of
the call whatever changes afterwards.  It leaves on every kink, since whether one matters shows with the vector only; a vector of another form, or nan in a result, is looked at in the ordinary way,
with the program on those copies.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution.function_text import FunctionText
from gradwise.execution.straight_line import Written, straight_line
from gradwise.operators.arguments import Arguments
from gradwise.operators.engine import once_more
from gradwise.operators.kinks import holds_nan
from gradwise.operators.leaves import plain_like
from gradwise.operators.linearization import Linearization
from gradwise.operators.prepared import shared_results
from gradwise.operators.results import zeros_for
from gradwise.operators.reuse.expected import holds_as
from gradwise.operators.reuse.forms import Formless
from gradwise.operators.shortcut_kinks import kinks_of, leave_at_borders, leave_on_kinks
from gradwise.operators.shortcut_leaves import in_containers
from gradwise.operators.shortcut_results import derivative_in_form, rebuilt, returned, slope_in_form, zero_like
from gradwise.operators.shortcut_vectors import require_real, tangents_of, vectors_of
from gradwise.operators.shortcuts import PARAMETERS, Shortcut, learn, opening
from gradwise.program import Program
from gradwise.transforms.forward import Derivative, pushforward
from gradwise.transforms.reverse import pullback
from gradwise.transforms.simplify import simplify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.operators.reuse.families import ProvenCall
    from gradwise.operators.reuse.specialization import Specialization

#: bytes that are copied at each call at most: what is larger takes longer than the ordinary way needs
_COPIED = 1 << 20


def learn_linear(
    function: Any, name: str, linearization: Linearization, result: tuple[Any, Callable[..., Any]], ordinary: Any
) -> None:
    """Make a shortcut after ``gw.vjp`` or ``gw.linearize`` (``name``) gave a result in the ordinary way."""
    if linearization.standing is None or linearization.nested:
        return
    rng, arguments = np.random.default_rng(3), linearization.arguments
    about = linearization.values if name == "vjp" else arguments.leaves
    trial = [np.asarray(rng.standard_normal(np.shape(v)), np.asarray(v).dtype)[()] for v in about]
    trial = arguments.rebuild(trial) if name == "linearize" else [linearization.recording.structure.rebuild(trial)]

    def shown(found: tuple[Any, Callable[..., Any]]) -> Any:
        return found[0], found[1](*trial)

    make = functools.partial(_shortcut, name=name, ordinary=ordinary)
    learn(function, name, linearization, result, make, shown=shown)


def _shortcut(
    linearization: Linearization, call: ProvenCall, program: Specialization, *, name: str, ordinary: Any
) -> Shortcut:
    """The shortcut for calls of this form.

    Raises
    ------
    Formless, Unsuitable
        If there can be none.
    """
    arguments, values = linearization.arguments, linearization.values
    require_real(arguments, values)
    args, kwargs = arguments.given()
    if kwargs or arguments.places != list(range(len(args))):
        raise Formless
    given = arguments.leaves
    read = [*given, *call.numbers]
    if sum(v.nbytes for v in read if type(v) is np.ndarray) > _COPIED:
        raise Formless
    opened = program.opened()
    derivative = (pullback if name == "vjp" else pushforward)(opened, opened.inputs[: len(given)])
    constants = dict(zip(opened.captured, program.constants(), strict=True))
    residuals = [i for i in derivative.needs if i not in constants]

    text = FunctionText(PARAMETERS)
    leaves, numbers = opening(text, arguments, call, program)
    own = [
        (text.keep(f"{variable}.copy('K')") if type(v) is np.ndarray else variable, is_number)
        for (variable, is_number), v in zip([*leaves, *numbers], read, strict=True)
    ]
    pointed, kept = kinks_of(linearization)
    borders = program.borders
    joint = simplify(Program(opened.name, opened.inputs, opened.captured, opened.equations, (*opened.outputs, *residuals, *kept, *borders.variables), opened.types, opened.guards))  # fmt: skip
    written = straight_line(joint, text, own, constants.values(), watched=len(opened.types), holds=holds_as)
    count = len(opened.outputs)
    first = count + len(residuals)
    leave_on_kinks(text, pointed, written[first : first + len(kept)])
    leave_at_borders(text, call, borders, written[first + len(kept) :])
    shared = shared_results(joint.equations, joint.outputs[:count])
    found = []
    for k, (w, kind) in enumerate(zip(written[:count], program.kinds, strict=True)):
        found.append(text.keep(returned(text, w, kind, shared=k in shared)))
        if kind is np.ndarray:  # which is the caller's, and may be a residual
            found[-1] = text.keep(f"{found[-1]}.copy('K')")

    entering = list(zip(residuals, written[count:first], strict=True))
    quick = _derivative(name, derivative, constants, entering, arguments, values, program)
    hand = text.name(
        functools.partial(_handed, quick, functools.partial(_slowly, call, program, arguments, ordinary, name))
    )
    kept_by_it = "".join(f"{w.text}, " for w in written[count:first])
    data = "".join(f"{variable}, " for variable, _ in own)
    each = "".join(f"{name}, " for name in found)
    text.give(f"{in_containers(text, found, program.structure)}, {hand}(({each}), ({kept_by_it}), ({data}))")
    return Shortcut(call.family, program, text.compiled(opened.name))


def _handed(quick: Callable[..., Any], slowly: Callable[..., Any], values: Any, residuals: Any, data: Any) -> Any:
    """The derivative of one call."""
    ordinary: Callable[..., Any] | None = None

    def derivative(*vectors: Any) -> Any:
        nonlocal ordinary
        try:
            found = quick(vectors, residuals, data, values)
        except Exception:  # noqa: BLE001 - whatever it is, the ordinary way says it better
            found = None
        if found is not None:
            return found
        if ordinary is None:
            ordinary = slowly(data)
        return ordinary(*vectors)

    return derivative


def _slowly(
    call: ProvenCall, program: Specialization, like: Arguments, ordinary: Any, name: str, data: Sequence[Any]
) -> Any:
    """The derivative in the ordinary way, for copies of leaves and numbers."""
    count = len(like.leaves)
    leaves, numbers = list(data[:count]), list(data[count:])
    arguments = Arguments(call.function, tuple(range(len(like.treedefs))), tuple(like.rebuild(leaves)), {}, name)
    recording = program.replay(leaves, numbers) or call.once_more(leaves, numbers)
    again = functools.partial(once_more, call, recording)
    return ordinary(Linearization(recording, arguments, program.fingerprint, again), arguments)


def _derivative(
    name: str,
    derivative: Derivative,
    constants: dict[int, Any],
    residuals: Sequence[tuple[int, Written]],
    arguments: Arguments,
    values: Sequence[Any],
    program: Specialization,
) -> Callable[..., Any]:
    """``(vectors, residuals, data, values) ↦`` what the derivative gives, None where that is to be looked at."""
    text = FunctionText(("vectors", "residuals", "data", "values"))
    given = arguments.leaves
    text.leave_if(f"len(vectors) != {1 if name == 'vjp' else len(arguments.treedefs)}")
    if name == "vjp":
        vectors = vectors_of(text, "vectors[0]", program.structure, values)
    else:
        vectors = tangents_of(text, "vectors", arguments)
    entering = [(i, vector) for i, vector in zip(derivative.vectors, vectors, strict=True) if i is not None]
    names = [(text.keep(f"residuals[{k}]"), w.is_number) for k, (_, w) in enumerate(residuals)]
    leaves = [text.keep(f"data[{k}]") for k in range(len(given))]
    results = [r for r in derivative.results if r is not None]
    whole = simplify(Program(derivative.program.name, (*(i for i, _ in entering), *(i for i, _ in residuals)), tuple(constants), derivative.equations, results, derivative.types, ()))  # fmt: skip
    written = iter(straight_line(whole, text, [*(v for _, v in entering), *names], constants.values(), holds=holds_as))
    shared = shared_results(whole.equations, whole.outputs)
    if name == "linearize":
        slopes = []
        for k, (r, value, kind) in enumerate(zip(derivative.results, values, program.kinds, strict=True)):
            if r is None:
                slopes.append(zero_like(text, value))
                continue
            slope = next(written)
            text.leave_if(f"{text.name(holds_nan)}(({slope.text},))")
            slopes.append(slope_in_form(text, slope, kind, f"values[{k}]", shared=bool(shared)))
        text.give(in_containers(text, slopes, program.structure))
        return text.compiled(whole.name)
    position, parts = 0, []
    for leaf, variable, r in zip(given, leaves, derivative.results, strict=True):
        if r is None:
            parts.append(f"{text.name(_zeros)}({variable})")
            continue
        parts.append(
            derivative_in_form(text, next(written), variable, leaf, whole, position, shared=position in shared)
        )
        position += 1
    text.give(rebuilt(text, parts, arguments))
    return text.compiled(whole.name)


def _zeros(leaf: Any) -> Any:
    return plain_like(zeros_for(leaf), type(leaf), leaf)
