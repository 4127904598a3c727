"""vmap: a function of one example applied to a batch, along a leading axis.

    vmap : (f : x → y)  →  (x[b] → y[b])

The function runs once, on the first example, under a trace; the program is batched and run for all.  That is right where every example takes the same path through the function, which its guards
decide: they are evaluated for the whole batch, and where one differs (or the trace fails) the function is run example by example.  Law: vmap equals a loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradwise.containers import flatten
from gradwise.errors import InputError, ProgramError, SingularPointError, TracingError
from gradwise.execution import build
from gradwise.operators.arguments import function_label, require_callable
from gradwise.operators.axes import axes_of, check_axes
from gradwise.operators.derived import derived
from gradwise.operators.engine import derivatives_taken
from gradwise.operators.equal_entries import Borders
from gradwise.operators.prepared import interpret, is_outer
from gradwise.operators.verification import check_options
from gradwise.program import Equation, Program
from gradwise.rules.failing import of_python
from gradwise.tracing import Recording, isinstance_traced, record
from gradwise.tracing.instrument.effects import reads_files
from gradwise.tracing.instrument.hooks import watched
from gradwise.tracing.instrument.journal import undone
from gradwise.tracing.instrument.muting import put_generator
from gradwise.tracing.instrument.state import local
from gradwise.tracing.traced import TracedArray
from gradwise.transforms.batch import batch

if TYPE_CHECKING:
    from collections.abc import Callable


def vmap(
    f: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0, *, check: bool | None = None, pure: bool | None = None
) -> Callable[..., Any]:
    """A function that applies ``f`` to each example along an axis of its arguments and stacks the values.

    Parameters
    ----------
    f : callable
        A function of one example.
    in_axes : int, None, or tuple of these
        Which axis of each positional argument to go along (of every leaf, if it is a container); None passes it to every example as it is.  In the place of
        each may stand a container like that of the argument: ``in_axes=({"w": None, "x": 0}, 0)``.  Keyword arguments are passed as they are.
    out_axes : int, None, or container of these
        Where the batch axis goes in the results; None for a result that is the same for all examples, which comes without that axis.
    check : bool, optional
        With True the examples are also run one by one, and TracingError is raised where the values differ by more than rounding.
    pure : bool, optional
        Your promise that ``f`` has no effects; it has no effect on results.

    Returns
    -------
    callable

    Raises
    ------
    InputError
        If no argument is batched, the lengths differ, axes do not fit the containers, or a result with ``out_axes=None`` differs between examples.

    Notes
    -----
    Where examples take different branches, ``f`` cannot be traced, writes to its arguments, or does something else than to compute a value (a counter, a memo, a random draw, ``print``),
    the examples are run one by one, as a loop over them would.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> gw.vmap(gw.grad(lambda x: x**3))(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """
    require_callable(f, "vmap")
    check_options(check, pure, "vmap")
    check_axes(in_axes, "in_axes")
    check_axes(out_axes, "out_axes")

    def mapped(*args: Any, **kwargs: Any) -> Any:
        axes = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise InputError(
                f"gw.vmap was given in_axes={in_axes!r} for {len(args)} arguments. One axis (or None) for each is required"
            )
        leaves: list[Any] = []
        batched: list[bool] = []
        treedefs = []
        size: int | None = None
        for i, (arg, specification) in enumerate(zip(args, axes, strict=True)):
            pieces, treedef = flatten(arg, name=f"argument {i}")
            treedefs.append(treedef)
            for piece, axis in zip(pieces, axes_of(specification, arg, f"argument {i}"), strict=True):
                if axis is None:
                    leaves.append(piece)
                    batched.append(False)
                    continue
                piece = piece if isinstance_traced(piece) else np.asarray(piece)
                if np.ndim(piece) == 0 or not -np.ndim(piece) <= axis < np.ndim(piece):
                    raise InputError(
                        f"gw.vmap goes along axis {axis} of argument {i}, which has shape {np.shape(piece)}. An array with that axis is required; "
                        f"use in_axes=None for an argument that all examples share"
                    )
                n = np.shape(piece)[axis]
                if size is not None and n != size:
                    raise InputError(
                        f"gw.vmap was given batches of different lengths, {size} and {n} (argument {i}). Equal lengths are required"
                    )
                size = n
                leaves.append(np.moveaxis(piece, axis, 0) if axis else piece)
                batched.append(True)
        if size is None:
            raise InputError(
                "gw.vmap was given no batched argument. At least one argument with an axis to go along is required"
            )

        function = watched(f)

        def call(one: list[Any]) -> Any:
            values, start = [], 0
            for treedef in treedefs:
                values.append(treedef.rebuild(one[start : start + treedef.num_leaves]))
                start += treedef.num_leaves
            return function(*values, **kwargs)

        results = None
        if size > 0 and all(_is_numeric(leaf) for leaf, b in zip(leaves, batched, strict=True) if b):
            results = _at_once(f, call, leaves, batched, size)
        if results is None or isinstance(results, _First):
            results = _one_by_one(f, call, leaves, batched, size, results)
        elif check:
            _require_equal(f, results[0], _one_by_one(f, call, leaves, batched, size)[0])
        values, structure = results
        if out_axes == 0:
            return structure.rebuild(values)
        places = axes_of(out_axes, structure.rebuild(values), "the value")
        return structure.rebuild([_placed(v, axis, f) for v, axis in zip(values, places, strict=True)])

    mapped.__name__ = f"vmap({function_label(f)})"
    return derived(mapped, vmap, f, in_axes, out_axes, check=check, pure=pure)


def _placed(value: Any, axis: int | None, f: Any) -> Any:
    """A result with its batch axis elsewhere, or without it."""
    if axis is not None:
        ndim = np.ndim(value)
        if not -ndim <= axis < ndim:
            raise InputError(
                f"gw.vmap of {function_label(f)} was asked to put the batch axis of a value of shape {np.shape(value)[1:]} at position {axis}. An axis from {-ndim} to {ndim - 1} is required"
            )
        return np.moveaxis(value, 0, axis) if axis else value
    plain = value.current() if isinstance_traced(value) else value
    if not np.array_equal(plain, np.broadcast_to(plain[:1], plain.shape), equal_nan=plain.dtype.kind in "fc"):
        raise InputError(
            f"gw.vmap of {function_label(f)} was given out_axes=None for a value that differs between examples. An axis for it is required"
        )
    return value[0]


def _require_equal(f: Any, batch_values: list[Any], loop_values: list[Any]) -> None:
    for one, two in zip(batch_values, loop_values, strict=True):
        a, b = (
            np.asarray(one.current() if isinstance_traced(one) else one),
            np.asarray(two.current() if isinstance_traced(two) else two),
        )
        eps = float(np.finfo(a.dtype).eps) if a.dtype.kind in "fc" else 0.0
        if a.shape != b.shape or not np.allclose(
            a, b, rtol=eps**0.6, atol=eps**0.8 * np.max(np.abs(a), initial=0.0), equal_nan=True
        ):
            raise TracingError(
                f"gw.vmap of {function_label(f)} gives other values at once than one by one. They must agree. The function may not depend on its arguments alone "
                "(a random draw, a counter): pass the random numbers as an argument"
            )


def _is_numeric(leaf: Any) -> bool:
    return isinstance_traced(leaf) or leaf.dtype.kind in "fciu"


def _at_once(f: Any, call: Any, leaves: list[Any], batched: list[bool], size: int) -> Any:
    """The batched program's values; None if the examples do not share a path, and what the first gave if its run did something that must not be repeated."""
    # of its own: where the function writes to its arguments, the examples are run one by one on what they were before
    example = [_own(leaf[0]) if b else leaf for leaf, b in zip(leaves, batched, strict=True)]
    given = [_contents(leaf) for leaf in example]
    derivatives_before, caught_before = derivatives_taken(), local.caught
    asked_before, failing_before = local.asked, local.failing
    try:
        with undone(TracingError, put_generator):
            local.asked, local.failing = True, []
            try:
                recording = record(f, example, batched, call, notes=True)
                inner = local.failing
            finally:
                local.asked, local.failing = asked_before, failing_before
        tape = recording.tape
        if tape.obstacle:
            return _first(recording, example, leaves, batched)
        if any(now is not then and now != then for now, then in zip(map(_contents, example), given, strict=True)):
            _put_back(leaves, batched, given)
            return None
        if tape.texts or tape.looked_up or (tape.ran is not None and reads_files(tape.ran)):
            return None  # what an earlier call kept for the first example is not that of the others
        if local.caught != caught_before:
            return None  # an operation of the first example failed, and may not for the others
        program = recording.program
        asked = [g.variable for g in program.guards]
        differentiated = derivatives_taken() != derivatives_before
        kinked = [e for e in program.equations if e.primitive.kink is not None] if differentiated else []
        borders = Borders(program, tape.values, branches=False)
        operands = [i for e in kinked for i in (*e.inputs, e.output_tuple[0])]
        operands += borders.variables if differentiated else []
        failing = of_python(program, tape.values) + [v.index for v in inner if v.tape is tape]
        outputs = (*program.outputs, *asked, *failing, *operands)
        whole = Program(program.name, program.inputs, program.captured, program.equations, outputs, program.types)
        many, carries = batch(whole, size, program.inputs)
    except (TracingError, ProgramError, SingularPointError):
        if any(is_outer(leaf) for leaf in leaves):
            raise
        _put_back(leaves, batched, given)
        return None
    try:
        values = _run(recording, many, [leaf for leaf, b in zip(leaves, batched, strict=True) if b])
    except np.linalg.LinAlgError:  # of one of the examples, which may handle it
        return None
    n, m = len(program.outputs), len(program.outputs) + len(asked)
    for value, carried in zip(values[m : m + len(failing)], carries[m:], strict=False):
        if carried and not np.isfinite(value.current() if isinstance_traced(value) else value).all():
            return None  # where NumPy warns Python's numbers raise, which the function may handle
    for guard, value, carried in zip(program.guards, values[n:m], carries[n:m], strict=True):
        if carried:
            value = value.current() if isinstance_traced(value) else value
            if not np.all(np.equal(value, guard.expected)):
                return None
    m += len(failing)
    results = []
    for value, carried, like in zip(values[:n], carries[:n], recording.values, strict=True):
        if not carried:
            value = np.broadcast_to(value, (size, *np.shape(like)))
        results.append(value if isinstance_traced(value) else np.array(value))
    if differentiated and not any(isinstance_traced(v) for v in (*results, *values[m:])):
        at = dict(zip(operands, zip(values[m:], carries[m:], strict=True), strict=True))
        for i in _special_rows(kinked, borders, at, results, size):
            row, structure = flatten(call([leaf[i] if b else leaf for leaf, b in zip(leaves, batched, strict=True)]))
            assert structure == recording.structure
            for whole_result, one in zip(results, row, strict=True):
                whole_result[i] = one
    return results, recording.structure


class _First(NamedTuple):
    """What the first example gave."""

    row: list[Any]
    structure: Any


def _first(recording: Recording, example: list[Any], leaves: list[Any], batched: list[bool]) -> _First:
    """The value of a run that is not repeated, and its arguments where the caller has them."""
    moving = [leaf for leaf, b in zip(example, batched, strict=True) if b]
    for one, leaf, b in zip(example, leaves, batched, strict=True):
        if b and isinstance(one, np.ndarray) and _contents(one) != _contents(leaf[0]):
            leaf[0][...] = one
    if any(map(is_outer, (*leaves, *recording.tape.captured_values()))):
        return _First(_run(recording, recording.program, moving), recording.structure)
    return _First(list(recording.values), recording.structure)


def _own(leaf: Any) -> Any:
    """An array that is no part of another."""
    return leaf.copy() if isinstance_traced(leaf) or isinstance(leaf, np.ndarray) else leaf


def _contents(leaf: Any) -> Any:
    """What shows that a leaf was written to: the variable of a traced one, the bytes of a plain one."""
    if isinstance_traced(leaf):
        if type(leaf) is TracedArray:
            leaf.sync()
        return leaf.index
    return leaf.tobytes() if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fciub" else None


def _put_back(leaves: list[Any], batched: list[bool], given: list[Any]) -> None:
    """Take back what the run wrote to arguments that all examples share."""
    for leaf, b, content in zip(leaves, batched, given, strict=True):
        if not b and type(content) is bytes and leaf.tobytes() != content:
            leaf[...] = np.frombuffer(content, leaf.dtype).reshape(leaf.shape)


def _special_rows(
    kinked: list[Equation], borders: Borders, at: dict[int, tuple[Any, bool]], results: list[Any], size: int
) -> list[int]:
    """Examples whose inner derivatives are not those of the first: at a kink, at a singular point, or where something is equal they are found by themselves."""
    special = np.zeros(size, bool)
    for result in results:
        if result.dtype.kind in "fc":
            special |= np.isnan(result).reshape(size, -1).any(axis=1)
    for question in borders.questions:
        value, carried = at[question.variable]
        if carried:
            special |= np.reshape(question.near(value), (size, -1)).any(axis=1)
    with np.errstate(all="ignore"):
        for equation in kinked:
            around = [at[i] for i in (*equation.inputs, equation.output_tuple[0])]
            kink: Any = equation.primitive.kink
            if not around[-1][1]:
                continue
            if equation.primitive.structural == "elementwise" and len({np.ndim(value) for value, _ in around}) == 1:
                found = kink([value for value, _ in around[:-1]], around[-1][0], *equation.params)
                special |= np.reshape(found, (size, -1)).any(axis=1)
                continue
            for i in np.flatnonzero(~special):
                *operands, output = [value[i] if carried else value for value, carried in around]
                special[i] = np.any(kink(operands, output, *equation.params))
    return [int(i) for i in np.flatnonzero(special)]


def _run(recording: Recording, program: Program, inputs: list[Any]) -> list[Any]:
    env: list[Any] = [None] * len(program.types)
    captured = recording.tape.captured_values()
    for variable, value in zip(program.inputs, inputs, strict=True):
        env[variable] = value
    for variable, value in zip(program.captured, captured, strict=True):
        env[variable] = value
    if any(is_outer(v) for v in (*inputs, *captured)):
        interpret(program.equations, env)
        return [env[o] for o in program.outputs]
    executable = build(program.equations, program.types, program.outputs, (*program.inputs, *program.captured))
    return executable.run(env)


def _one_by_one(
    f: Any, call: Any, leaves: list[Any], batched: list[bool], size: int, first: _First | None = None
) -> Any:
    rows = [] if first is None else [first.row]
    structure = None if first is None else first.structure
    for i in range(len(rows), size):
        value = call([leaf[i] if b else leaf for leaf, b in zip(leaves, batched, strict=True)])
        row, have = flatten(value)
        if structure is not None and have != structure:
            raise InputError(
                f"gw.vmap of {function_label(f)}: examples 0 and {i} gave values of different structure, {structure!r} and {have!r}"
            )
        structure = have
        rows.append(row)
    if structure is None:
        raise InputError(
            f"gw.vmap of {function_label(f)}: the batch is empty, so the shape of the values is unknown. At least one example is required"
        )
    return [np.stack([row[k] for row in rows]) for k in range(len(rows[0]))], structure
