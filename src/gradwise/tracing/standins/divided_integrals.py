r"""Integrals of functions that go over to another branch at a place that moves: divided there.

.. math:: \int_a^b f = \int_a^{x_1} f^- + \int_{x_1}^b f^+, \qquad g(x_1) = 0

The place of a kink or a jump is a root of a gap of the integrand's formula (``operators/solutions/sides.py``), and a limit of the two integrals beside it, which have Leibniz' rule there at every order.  Without that the first
derivative of an integral of \|x − p\| was right to 1e-6, and the second one 0.

What it does not see: places there and back between two neighbouring nodes of SciPy's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import carries
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.roots import differentiated, rooted, sided
from gradwise.tracing.standins.crossings import located, refuse_ties
from gradwise.tracing.standins.plain_callbacks import note_adaptive
from gradwise.tracing.standins.proven import formula_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.tracing.standins.proven import Formula

#: how near to a border an integral ends, relative to the distance of the nodes around it
_NEAR = 1e-13
#: how near where the integrand loses its digits beside the border; then what lies between has a share, which is the trapezoid
_BLURRED = 1e-7
#: of the distance to the next node: how far inside the integrand is asked instead of at a limit
_BESIDE = 1e-6
#: borders of one integral
_MANY = 200


def in_pieces(
    what: str,
    function: Any,
    low: Any,
    high: Any,
    seen: list[Any],
    integral: Callable[..., tuple[Any, float]],
    deciding: Any = None,
    borders_found: Callable[[int | None], None] = lambda _: None,
) -> tuple[Any, float] | None:
    """The integral and that of its modulus, divided where the integrand goes over to another branch; None where it does not, or that cannot be said.

    ``seen`` has the nodes of SciPy's, with values; ``integral`` gives that of one piece; ``deciding``: a function that goes over to another branch where the integrand does, in the place of one that is an integral itself;
    ``borders_found`` is told how many places there are: -1 where the integrand cannot be asked, None where one was lost.
    """
    nodes = sorted({t for t, _ in seen})
    if not nodes or plain(low) == plain(high):
        return None
    asked = deciding or function
    try:
        known = borders(what, asked, nodes, low, high)
        borders_found(-1 if known is None else len(known[0]))
        if known is None:
            return None
        found, last_side = known
        is_reversed = plain(high) < plain(low)
        first, last = (high, low) if is_reversed else (low, high)
        start, stop = beside(asked, first, nodes[0]), beside(asked, last, nodes[-1])
        if not found and start.number is first and stop.number is last:
            return None
        total: Any = 0.0
        size = 0.0
        ends = [*found, Border(stop.number, None, last_side)]
        for begin, border in zip([start.number, *[b.after for b in found]], ends, strict=True):
            end = border.before
            inside = [(t, v) for t, v in seen if plain(begin) < t < plain(end)]
            part, more = integral((deciding is None and border.side) or function, begin, end, inside)
            total, size = total + part, size + more
        for apart, *numbers in (start, stop, *[(b.apart, b.before, b.after) for b in found]):
            if apart:
                total = total + apart / len(numbers) * sum(map(function, numbers[1:]), function(numbers[0]))
    except ArithmeticError:  # at nodes that SciPy did not ask for
        borders_found(None)
        return None
    note_adaptive(what)
    return -total if is_reversed else total, size


class LostBorderError(ArithmeticError):
    """A border that is there was not found."""


class Border(NamedTuple):
    """The last number before a border and the first after it, which move with it, the integrand on the side before (None: as it is), and how far apart the numbers are if what lies between has a share."""

    before: Any
    after: Any
    side: Any
    apart: float = 0.0


class End(NamedTuple):
    """How far a number is from a limit if what lies between has a share, and the number."""

    apart: float
    number: Any


def _formula(function: Callable[[Any], Any], at: float) -> Formula | None:
    """The program of the integrand at a number; one that gives a plain number there has one too."""
    return formula_of(lambda t: function(t) + 0.0 * t, (float(at),))


def beside(function: Callable[[Any], Any], limit: Any, inside: float) -> End:
    """A limit, or where a gap of the integrand vanishes there, a number a little nearer to the one inside that moves with it."""
    at = float(plain(limit))
    if not np.isfinite(at):
        return End(0.0, limit)
    with np.errstate(all="ignore"):
        formula = _formula(function, inside)
        sides = None if formula is None else sided[0](formula)
        blurred = False if sides is None else _stands(sides, at)
        if sides is None or blurred is None:
            return End(0.0, limit)
    near = _BLURRED if blurred else _NEAR
    step = near * (inside - at) + 64 * np.finfo(float).eps * abs(at) * np.sign(inside - at)
    return End(abs(float(step)) if blurred else 0.0, limit + step)


def borders(
    what: str, function: Callable[[Any], Any], nodes: Sequence[float], low: Any, high: Any
) -> tuple[list[Border], Any] | None:
    """Where the integrand goes over between plain nodes and the limits, in order of the numbers, and the integrand after the last of these places; None if that cannot be said."""
    ends = sorted((float(plain(low)), float(plain(high))))
    points = np.array(sorted({*nodes, *[t for t in ends if np.isfinite(t)]}))
    if len(points) < 2:
        return None
    with np.errstate(all="ignore"):
        # recorded on the side of the first point; where that is on a border, or the integrand infinite, a little beside it
        for start in points[0], points[0] + _BESIDE * (points[1] - points[0]):
            formula = _formula(function, start)
            sides = None if formula is None else sided[0](formula)
            if formula is not None and (sides is None or _stands(sides, start) is None):
                break
        points = np.concatenate([[start], points[1:]])
        found: list[Border] = []
        turned = 0
        while sides is not None:
            gaps = sides.gaps(points)
            # a border at a limit itself is none inside, nor one on which the integrand is everywhere
            known = np.all(np.isfinite(gaps) & ((gaps != 0) | (gaps == 0).all(axis=0)), axis=1)
            points, gaps = points[known], gaps[known]
            crossed = np.flatnonzero(((gaps[1:] > 0) != (gaps[:1] > 0)).any(axis=1))
            if not len(crossed):
                return found, sides.steady(float(points[0]), along=(points,)) if found else None
            k = int(crossed[0])
            low_, high_ = (points[k], gaps[k]), (points[k + 1], gaps[k + 1])
            width = 2 * _NEAR * (points[k + 1] - points[k]) + 64 * np.finfo(float).eps * max(abs(points[k]), abs(points[k + 1]))  # fmt: skip

            def gaps_at(t: float, sides: Any = sides, first: float = points[k]) -> np.ndarray:
                return sides.gaps(np.array([first, t]))[1]

            at, entry = located(gaps_at, low_, high_, width)
            if sides.passes_by(entry, np.array([points[k], at, points[k + 1]])):
                # a vector that turns round beside 0: looked at in smaller steps
                points = np.insert(points, k + 1, [0.5 * (points[k] + at), at])
                turned += 1
                if turned > _MANY:
                    raise LostBorderError
                continue
            refuse_ties(what, sides, entry, at, np.array([points[k], at]))
            if blurred := sides.is_blurred(entry):
                width = _BLURRED * (points[k + 1] - points[k])
            before, after = at - 0.5 * width, at + 0.5 * width
            if len(found) == _MANY:
                raise LostBorderError
            if not points[k] < before < after < points[k + 1]:
                # the border is at a node: it is looked for between those beside it
                at_node = k if not points[k] < before else k + 1
                if at_node == 0:
                    raise LostBorderError
                points = np.delete(points, at_node)
                continue
            moved = _moved(what, sides, entry, before)
            side = sides.steady(float(points[k]), along=(points[: k + 1],), entry=entry)
            apart = float(after - before) if blurred else 0.0
            shift = 0.0 if moved is None else moved
            found.append(Border(before + shift, after + shift, side, apart))
            points = np.concatenate([[after], points[k + 1 :]])
            formula = _formula(function, after)
            sides = None if formula is None else sided[0](formula)
        return (found, None) if formula is not None else None


def _stands(sides: Any, at: float) -> bool | None:
    """None if no gap vanishes at a number; else whether the integrand loses its digits beside one that does."""
    (gaps,) = sides.gaps(np.array([at]))
    vanishing = np.flatnonzero(~np.isfinite(gaps) | (gaps == 0))
    return any(sides.is_blurred(int(k)) for k in vanishing) if len(vanishing) else None


def _moved(what: str, sides: Any, entry: int, before: float) -> Any:
    """By how much a border moves: zero in value; None if it does not."""

    def along(h: Any) -> Any:
        gap = sides.traced(entry, before + h)
        return gap - plain(gap)

    formula = formula_of(along, (0.0,))
    if formula is not None and not formula.moves:
        return None
    moved = None if formula is None else rooted[0](formula, 0.0, each=True)
    if moved is None:
        moved = differentiated[0](along, 0.0, ())
    if not np.isfinite(plain(moved)):
        trace = current_trace()
        assert trace is not None
        raise trace.fail(
            f"{what} was called for an integrand that goes over to another branch at {before:.6g}, where what decides has no slope, and that place no derivative. "
            "A number that crosses its border with a slope is required; method='numerical' takes differences as it is"
        )
    return moved if carries(moved) else None
