"""Kinks on which a derivative depends: found from the values, warned of once a line.

A kink matters when its cotangent is not zero: then the value returned follows a convention.  The reverse pass of a gradient has the cotangents at hand
(``felt``); for every other derivative the values are looked at first, and only where an operand does sit on a kink ``felt_kinks`` asks for cotangents.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gradwise.errors import KinkWarning, SingularPointError
from gradwise.execution import build
from gradwise.operators.lasting import Surroundings
from gradwise.program import Equation, Program, resolve_location
from gradwise.tracing import isinstance_traced
from gradwise.tracing.instrument.compiling import original
from gradwise.transforms.reverse import active_variables, pullback
from gradwise.transforms.simplify import drop_dead
from gradwise.transforms.strong_zeros import strong_zeros
from gradwise.transforms.taylor import derivatives

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from gradwise.tracing import Recording

#: what was warned of: code and line, and the places (code, offset) that are known to lie on them
_warned: set[Any] = set()

#: distances at which is looked how fast a cotangent vanishes
_NEAR, _FAR = 2.0**-14, 2.0**-8

#: kinks whose one-sided slope 0 is a structural zero, as that of a branch not taken: an infinite cotangent does not make them singular
_CHOICES = frozenset(["max", "min", "maximum", "minimum", "fmax", "fmin", "sort", "svd", "svdvals", "eigh", "eigvalsh"])


def holds_nan(results: Sequence[Any]) -> bool:
    """Whether an entry of the results (None is zero) is nan."""
    for r in results:
        if r is None:
            continue
        r = r.current() if isinstance_traced(r) else r
        if type(r) is np.ndarray:
            # one pass without a temporary: a sum of squares is nan exactly if an entry is, or if infinities met in a complex one
            if r.size and np.isnan(np.vdot(r, r)) and np.isnan(r).any():
                return True
        elif np.isnan(r):
            return True
    return False


def forget_kinks() -> None:
    """Warn again of what was warned of."""
    _warned.clear()


def is_known(place: Any) -> bool:
    """Whether this place was warned of."""
    return place in _warned


def felt(equation: Equation, operands: Sequence[Any], output: Any, cotangent: Any, lasting: Any = False) -> Any:
    """Which entries of a cotangent (plain values) are neither zero nor nan and stand on a kink that is not ``lasting``; False if none."""
    at = np.asarray(equation.primitive.kink(operands, output, *equation.params))  # type: ignore[misc]  # only asked of those that have kinks
    if lasting is not False:
        at = at & ~lasting
    if not at.any():
        return False
    bar = np.asarray(cotangent)
    weighs = (bar != 0) & ~np.isnan(bar)
    if equation.primitive.kink_felt is not None:
        return weighs if equation.primitive.kink_felt(operands, output, cotangent, *equation.params) else False
    if at.size == bar.size:
        hit = at.reshape(bar.shape) & weighs
    elif at.ndim <= bar.ndim and all(m in (1, n) for m, n in zip(at.shape[::-1], bar.shape[::-1], strict=False)):
        hit = at & weighs
    else:  # a reduction or a factorisation: the kink belongs to the whole
        hit = weighs
    return hit if hit.any() else False


def loses_its_zero(equation: Equation, cotangent: Any, hit: Any) -> bool:
    """Whether the slope 0 of the kink meets an infinite cotangent, beside which a convention means nothing."""
    return equation.primitive.name not in _CHOICES and bool(np.isinf(np.asarray(cotangent)[hit]).any())


def warn(equation: Equation, place: Any) -> None:
    """Say, once a line, that a kink is felt."""
    filename, line = resolve_location(place) or ("<unknown>", 0)
    _warned.add(place)
    # two functions may stand on one line; a copy of one, and the user's own in a plain run, are the same
    where = ("line", place and original(place[0]), line)
    if where in _warned:
        return
    _warned.add(where)
    warnings.warn_explicit(
        f"the derivative passes through a kink: {equation.primitive.kink_name}. The value returned follows a convention and need not "
        "be a subgradient. gw.kinks(f, x) lists the kinks; move off the point for a derivative",
        KinkWarning,
        filename,
        line,
    )


class Run(Protocol):
    """What is asked of a function that was run and is differentiated."""

    @property
    def recording(self) -> Recording: ...

    def lasting_kinks(self, positions: Sequence[int]) -> list[Any]:
        """Which kinks of the equations at these positions stay when the point moves."""


def warn_of_kinks(probes: Any, env: list[Any], run: Run) -> bool:
    """Warn, once a line, of kinks whose cotangent is not zero; whether one had nan for a cotangent, which says nothing yet."""
    doubtful = False
    places = run.recording.tape.places
    hits = []
    for equation, position, ct in probes:
        if is_known(places[position]) or env[ct] is None:
            continue
        plain = [
            v.current() if isinstance_traced(v) else v
            for v in (env[i] for i in (*equation.inputs, equation.output_tuple[0], ct))
        ]
        with np.errstate(all="ignore"):
            plain[-2] = output_of(equation, plain[:-2], plain[-2])
            hit = felt(equation, plain[:-2], plain[-2], plain[-1])
        if hit is False:
            doubtful = doubtful or bool(np.isnan(plain[-1]).any())
        elif not loses_its_zero(equation, plain[-1], hit):
            hits.append((equation, position, plain))
    if not hits:
        return doubtful
    for (equation, position, plain), stays in zip(hits, run.lasting_kinks([k for _, k, _ in hits]), strict=True):
        with np.errstate(all="ignore"):
            if felt(equation, plain[:-2], plain[-2], plain[-1], stays) is not False:
                warn(equation, places[position])
    return doubtful


def candidates(program: Program) -> list[tuple[int, Equation]]:
    """The equations (with their positions) that may sit on a kink and carry a derivative to an output."""
    active, needed, found = active_variables(program, program.inputs), set(program.outputs), []
    for k in range(len(program.equations) - 1, -1, -1):
        e = program.equations[k]
        if needed.isdisjoint(e.output_tuple):  # it decides only: ``while abs(step) > tolerance``
            continue
        needed.update(e.inputs)
        if e.primitive.kink is not None and e.primitive.jvp is not None and any(active[i] for i in e.inputs):
            found.append((k, e))
    return found[::-1]


def output_of(equation: Equation, operands: Sequence[Any], output: Any) -> Any:
    """The (first) value of an equation, computed if it was not kept."""
    if output is not None:
        return output
    value = equation.primitive.value(*operands, *equation.params)
    return value[0] if equation.primitive.multiple else value


def sits_on(equation: Equation, values: list[Any]) -> bool:
    """Whether an operand sits on the kink; ``values`` are plain, by variable."""
    with np.errstate(all="ignore"):
        operands = [values[i] for i in equation.inputs]
        output = output_of(equation, operands, values[equation.output_tuple[0]])
        return bool(np.any(equation.primitive.kink(operands, output, *equation.params)))  # type: ignore[misc]  # asked of primitives with a kink only


def felt_kinks(
    program: Program,
    hits: Sequence[tuple[Any, Equation]],
    values: list[Any],
    *,
    cotangents: Sequence[Any] | None = None,
    tangents: Sequence[Any] | None = None,
    order: int = 1,
    finite: bool = True,
    remember: Callable[[Hashable, Callable[[], Any]], Any],
) -> list[tuple[Any, Equation, bool]]:
    """Those of the kinks (place, equation) that a derivative feels, and whether the first derivative feels them.

    A derivative of order n feels a kink whose cotangent vanishes at the point more slowly than tⁿ: x·|x| has no second derivative at 0.

    Parameters
    ----------
    values : list
        Plain values by variable of the program.
    cotangents : sequence, optional
        Of the outputs; generic ones unless given.
    tangents : sequence, optional
        Of the inputs; a kink that they do not move is not felt.
    order : int
        Of the derivative.
    finite : bool
        Whether the function is finite here, so that its derivative is worth an error.
    remember : callable
        ``remember(key, make)`` gives what ``make`` made for this key and program.

    Raises
    ------
    SingularPointError
        If the cotangent of a kink is infinite: beside ∞ the convention 0 means nothing.
    """

    def key(what: str) -> Hashable:
        return (what, tuple(e.output_tuple[0] for _, e in hits))

    if tangents is not None:
        motion = remember(key("motion"), lambda: _Motion(program, [e for _, e in hits]))
        hits = [hit for hit, moves in zip(hits, motion.felt(values, tangents), strict=True) if moves]
    if not hits:
        return []
    rng = np.random.default_rng(7)
    if cotangents is None:
        cotangents = [_generic(program, o, rng) for o in program.outputs]
    equations = [e for _, e in hits]
    stay = remember(key("surroundings"), lambda: Surroundings(program, equations)).lasting(values)
    arriving = remember(key("cotangents"), lambda: _Cotangents(program, equations))
    here = _weights(
        equations,
        values,
        arriving.at(0.0, values, cotangents),
        stay,
        finite=finite,
        places=[place for place, _ in hits],
    )
    if order == 1:
        return [(place, e, True) for (place, e), w in zip(hits, here, strict=True) if w]
    # the order m to which a cotangent vanishes, from its size at two distances on both sides
    near, far = (
        np.max(
            [_weights(equations, values, arriving.at(side * t, values, cotangents), stay) for side in (1, -1)], axis=0
        )
        for t in (_NEAR, _FAR)
    )
    with np.errstate(all="ignore"):
        vanishing = np.log(far / near) / np.log(_FAR / _NEAR)
    return [
        (place, e, bool(w))
        for (place, e), w, n, m in zip(hits, here, near, vanishing, strict=True)
        # of repeated eigenvalues the symmetric functions are smooth: away from the point the cotangents of a group tell nothing
        if w or (n > 0 and not m > order - 0.5 and e.primitive.kink_felt is None)
    ]


def _weights(
    equations: list[Equation],
    values: list[Any],
    bars: list[Any],
    lasting: list[Any],
    *,
    finite: bool = False,
    places: Sequence[Any] = (),
) -> list[float]:
    """The size of the cotangent on each kink, 0 where it is not felt."""
    sizes = []
    for k, (equation, bar, stay) in enumerate(zip(equations, bars, lasting, strict=True)):
        hit: Any = False
        if bar is not None:
            if (
                equation.primitive.name in _CHOICES
            ):  # beside a choice, nan (0 · ∞ further down) leaves no trace in the result
                bar = np.where(np.isnan(bar), np.inf, bar)
            with np.errstate(all="ignore"):
                hit = felt(equation, [values[i] for i in equation.inputs], values[equation.output_tuple[0]], bar, stay)
        if hit is False:
            sizes.append(0.0)
            continue
        if finite and loses_its_zero(equation, bar, hit):
            filename, line = resolve_location(places[k]) or (None, None)
            raise SingularPointError(
                f"the derivative meets {equation.primitive.kink_name} with an infinite factor: 0 · ∞. A point where the function has a derivative is "
                "required. Move off the point, or choose a branch there with np.where",
                filename,
                line,
            )
        sizes.append(float(np.max(np.abs(bar), where=hit, initial=0.0)))
    return sizes


def _generic(program: Program, output: int, rng: np.random.Generator) -> Any:
    type_ = program.types[output]
    return rng.uniform(0.5, 1.5, type_.shape).astype(type_.dtype if type_.is_differentiable else float)[()]


class _Cotangents:
    """What arrives at the (first) outputs of equations, on a line through the point in a generic direction.

    The decisions of the program (masks, indices) stay as they are at the point: a branch that is not taken there feels nothing.
    """

    def __init__(self, program: Program, equations: list[Equation]) -> None:
        derivative = pullback(program, program.inputs)
        arriving = {e.output_tuple[0]: ct for e, ct in derivative.probes}
        vectors = [v for v in derivative.vectors if v is not None]
        defined = {o for e in derivative.equations for o in e.output_tuple} | set(vectors)
        self.wanted = [w if (w := arriving.get(e.output_tuple[0])) in defined else None for e in equations]
        decided = [e for e in program.equations if not any(program.types[o].is_differentiable for o in e.output_tuple)]
        left_out = set(decided)
        self.inputs = program.inputs
        self.captured = (*program.captured, *(o for e in decided for o in e.output_tuple))
        joined = Program(
            program.name,
            (*program.inputs, *vectors),
            self.captured,
            [e for e in program.equations if e not in left_out] + derivative.equations,
            [w for w in self.wanted if w is not None],
            derivative.types,
        )
        self.run = _Runner(strong_zeros(drop_dead(joined), program.inputs, vectors))

    def at(self, t: float, values: list[Any], cotangents: Sequence[Any]) -> list[Any]:
        """The cotangents at the point x + t d, None where there is none; ``values`` are those at x, by variable."""
        rng = np.random.default_rng(11)
        moved = []
        for i in self.inputs:
            x = np.asarray(values[i])
            away = rng.uniform(0.5, 1.0, x.shape) * rng.choice([-1, 1], x.shape) * np.maximum(1, np.abs(x))
            moved.append((x + t * away).astype(x.dtype)[()] if t else x[()])
        found = iter(self.run([*moved, *cotangents], [values[i] for i in self.captured]))
        return [None if w is None else next(found) for w in self.wanted]


class _Motion:
    """Whether the operands of equations move along tangents, to first or second order (a sum of squares at 0 moves to second)."""

    def __init__(self, program: Program, equations: list[Equation]) -> None:
        self.equations = equations
        self.inputs, self.captured = program.inputs, program.captured
        self.operands = sorted({i for e in equations for i in e.inputs})
        inner = Program(program.name, program.inputs, program.captured, program.equations, self.operands, program.types)
        joined, levels = derivatives(inner, program.inputs, 2)
        self.levels = levels[1:]
        self.wanted = [v for level in self.levels for v in level if v is not None]
        joined = Program(joined.name, joined.inputs, joined.captured, joined.equations, self.wanted, joined.types)
        vectors = joined.inputs[len(program.inputs) :]
        self.run = _Runner(strong_zeros(drop_dead(joined), program.inputs, vectors))

    def felt(self, values: list[Any], tangents: Sequence[Any]) -> list[bool]:
        """For each equation, whether an operand moves."""
        results = self.run([*(values[i] for i in self.inputs), *tangents], [values[i] for i in self.captured])
        found = dict(zip(self.wanted, results, strict=True))
        moves = {
            i: any(v is not None and bool(np.any(found[v] != 0)) for v in ways)
            for i, *ways in zip(self.operands, *self.levels, strict=True)
        }
        return [any(moves[i] for i in e.inputs) for e in self.equations]


class _Runner:
    """A program, built once."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.executable = build(program.equations, program.types, program.outputs, (*program.inputs, *program.captured))

    def __call__(self, inputs: Sequence[Any], captured: Sequence[Any]) -> list[Any]:
        env: list[Any] = [None] * len(self.program.types)
        for variable, value in zip(self.program.inputs, inputs, strict=True):
            env[variable] = value
        for variable, value in zip(self.program.captured, captured, strict=True):
            env[variable] = value
        return self.executable.run(env)
