"""trace, explain, kinks: what a function's program is, how it is differentiated, where it is not smooth."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import TracingError
from gradwise.operators.arguments import Arguments, function_label, parameter_names, require_callable
from gradwise.operators.borders import Kink, kinks_of
from gradwise.operators.first_runs import verdict_on
from gradwise.operators.reuse import looked_at, standing
from gradwise.operators.shared_arrays import learning, with_shared_arrays
from gradwise.program import Program
from gradwise.tracing import Recording, record
from gradwise.tracing.instrument.state import local
from gradwise.tracing.purity import inspect_function
from gradwise.transforms.reverse import pullback

if TYPE_CHECKING:
    from collections.abc import Callable


def _recording(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], operator: str) -> Recording:
    require_callable(f, operator, "(f, x), with f the function and x its argument")
    movable: tuple[Any, ...] = tuple(i for i, a in enumerate(args) if _can_move(a))
    if not args:  # a point given by name; beside a point, arguments by name are options
        movable = tuple(name for name, a in kwargs.items() if _can_move(a))
    if not movable:
        return record(f, [], [], lambda leaves: f(*args, **kwargs))
    arguments = Arguments(f, movable, args, kwargs, operator)
    moving = (True,) * len(arguments.leaves)
    run = functools.partial(record, f, arguments.leaves, moving, arguments.call)
    recording = with_shared_arrays(f, arguments, learning(f, run))
    names = parameter_names(f) or []
    labels: dict[int, str] = {}
    start = 0
    for place, treedef in zip(movable, arguments.treedefs, strict=True):
        root = place if type(place) is str else names[place] if place < len(names) else f"x{place}"
        for k, path in enumerate(treedef.paths(root)):
            labels[recording.tape.inputs[start + k]] = path
        start += treedef.num_leaves
    recording.labels = labels
    return recording


def _can_move(value: Any) -> bool:
    """Whether an argument holds numbers that can be differentiated, and nothing else."""
    try:
        Arguments(lambda x: x, 0, (value,), {}, "trace")
    except (TypeError, ValueError):
        return False
    return True


def trace(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Program:
    """The program of a function at a point: each operation with types, operands and the user's line.

    Parameters
    ----------
    f : callable
    *args, **kwargs
        Its arguments; positional arguments made of numbers become inputs of the program, and without any those given by name.

    Returns
    -------
    Program
        Print it, or read ``equations``, ``guards``, ``inputs``, ``captured``, ``outputs``.

    Raises
    ------
    TracingError
        If a value leaves the trace.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> program = gw.trace(lambda x: np.sum(x * x), np.ones(2))
    >>> [equation.primitive.name for equation in program.equations]
    ['mul', 'sum']
    """
    return _recording(f, args, kwargs, "trace").program


def kinks(f: Callable[..., Any], *args: Any, **kwargs: Any) -> list[Kink]:
    """The kinks on which a point sits: abs at 0, a tie in max, a ``where`` or ``if`` decided at equality, …, each with the user's line.

    Parameters
    ----------
    f : callable
    *args, **kwargs
        The point.

    Returns
    -------
    list of Kink
        Empty where every operation is smooth at this point.

    Raises
    ------
    TracingError
        If a value leaves the trace.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> [kink.kind for kink in gw.kinks(lambda x: np.abs(x), 0.0)]
    ['abs at 0 (slope taken as 0)']
    >>> gw.kinks(lambda x: np.abs(x), 1.0)
    []
    """
    return kinks_of(_recording(f, args, kwargs, "kinks"))


@dataclass(frozen=True, repr=False)
class Explanation:
    """How a function is differentiated at a point; print it, or take ``to_dict()``.

    Attributes
    ----------
    function : str
    path : str
        "traced", or "not traced" with the reason.
    reason : str
    equations, gradient_equations : int
        Sizes of the program and of its pullback.
    primitives : dict of str to int
    guards : list of str
        Concrete answers that Python took: the program holds while they hold.
    captured : list of str
        Types of the arrays and numbers that the function read from elsewhere.
    kinks : list of str
    kept_bytes : int
        Memory that the trace keeps for the derivative.
    code : list of str
        How the code of each user function that ran was seen: as an instrumented copy, with stand-ins under its names (no source), or as it stands, where NumPy's
        protocols show all that it does.
    verified : str
        Whether value and derivative were compared with the plain function's when it was first differentiated, and if not, why; what is known so far.
    reuse : str
        Whether the program may run in the function's place, and if not, the line that forbids it.
    writes : str
        Whether the function may write to arrays that were there before the call, and if so, the line; such arrays are watched.
    """

    function: str
    path: str
    reason: str
    equations: int = 0
    gradient_equations: int = 0
    primitives: Any = None
    guards: Any = None
    captured: Any = None
    kinks: Any = None
    kept_bytes: int = 0
    code: Any = None
    verified: str = ""
    reuse: str = ""
    writes: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As a dictionary of plain values."""
        return asdict(self)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        lines = [f"{self.function}: {self.path}", f"  why: {self.reason}"]
        if self.path != "traced":
            return "\n".join(lines)
        lines.append(f"  program: {self.equations} equations; pullback: {self.gradient_equations} equations")
        lines.append(
            "  primitives: " + ", ".join(f"{name} × {n}" if n > 1 else name for name, n in self.primitives.items())
        )
        for title, entries in (("guards", self.guards), ("captured", self.captured), ("kinks", self.kinks)):
            lines.append(f"  {title}: " + ("none" if not entries else ""))
            lines += [f"    {entry}" for entry in _counted(entries)]
        lines.append(f"  memory kept for the derivative: {self.kept_bytes:,} bytes")
        lines.append("  code: " + "; ".join(self.code))
        lines.append(f"  verified: {self.verified}")
        lines.append(f"  reuse: {self.reuse}")
        lines.append(f"  writes: {self.writes}")
        return "\n".join(line.rstrip() for line in lines)


def explain(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Explanation:
    """How gradwise differentiates a function at a point, as text and as a dictionary.

    Parameters
    ----------
    f : callable
    *args, **kwargs
        The point.

    Returns
    -------
    Explanation

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> explanation = gw.explain(lambda x: np.sum(np.sin(x) ** 2), np.ones(3))
    >>> explanation.path, explanation.primitives
    ('traced', {'power': 1, 'sin': 1, 'sum': 1})
    """
    name = function_label(f)
    local.asked = True
    try:
        recording = _recording(f, args, kwargs, "explain")
    except TracingError as error:
        return Explanation(name, "not traced", str(error))
    finally:
        local.asked = False
    program = recording.program
    counts = Counter(e.primitive.name for e in program.equations)
    differentiable = [o for o in program.outputs if program.types[o].is_differentiable]
    back = pullback(program, program.inputs, differentiable)
    kept = {id(v): v.nbytes for v in recording.tape.values if type(v) is np.ndarray}
    guards = [_guard_text(g) for g in program.guards]
    verdict = inspect_function(looked_at(f), args, kwargs)
    writes = verdict.writes
    return Explanation(
        function=name,
        path="traced",
        reason="every operation on the arguments has an exact rule",
        equations=len(program.equations),
        gradient_equations=len(back.equations),
        primitives=dict(sorted(counts.items())),
        guards=guards,
        captured=[repr(program.types[v]) for v in program.captured],
        kinks=[str(k) for k in kinks_of(recording)],
        kept_bytes=sum(kept.values()),
        code=list(recording.tape.entered) or ["as it stands, by NumPy's protocols"],
        verified=verdict_on(f) or _outlook(recording),
        reuse=standing(f, args, kwargs),
        writes="to nothing that was there before the call"
        + (" but counters, which are counted on" if verdict.counts else "")
        if writes is None
        else f"to arrays that are kept, of which a program takes copies ({writes})"
        if verdict.is_buffered
        else f"perhaps; large arrays are watched ({writes})",
    )


#: entries of one kind that are printed; ``to_dict()`` has all
_SHOWN = 20


def _counted(entries: list[str]) -> list[str]:
    """Each entry once, with how often it is there, in the order in which they come first."""
    counts = Counter(entries)
    lines = [f"{entry} × {n}" if n > 1 else entry for entry, n in counts.items()]
    if len(lines) <= _SHOWN:
        return lines
    left = sum(list(counts.values())[_SHOWN - 1 :])
    return [*lines[: _SHOWN - 1], f"… and {left:,} more: to_dict() has all"]


def _outlook(recording: Recording) -> str:
    obstacle = recording.tape.obstacle
    return "when it is first differentiated" if not obstacle else f"no: {obstacle}"


def _guard_text(guard: Any) -> str:
    where = guard.source
    if guard.kind == "error":
        return "an operation fails" + (f"  ({where[0]}:{where[1]})" if where else "")
    expected = guard.expected if np.ndim(guard.expected) == 0 else f"an array of shape {np.shape(guard.expected)}"
    return f"{guard.kind} is {expected}" + (f"  ({where[0]}:{where[1]})" if where else "")
