"""How a solver of SciPy's finds a root again, in a program that stands for the function: what the stand-ins note where such a program is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.instrument.state import local
from gradwise.tracing.standins.proven import formula_of
from gradwise.tracing.standins.recording import resolve
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Again:
    """A way to find a root.

    Attributes
    ----------
    key : hashable
        The solver with its settings.
    starts : list
        Where it starts: numbers and arrays, which may be traced.
    formulas : list of Formula
        Of further callbacks.
    solve : callable
        ``solve(callbacks, starts)``: the root on plain numbers; None where the solver did not converge.
    seen : list
        For each of the further callbacks, where it was asked and what it gave, as far as that is to be met to the last bit.
    beside : list of array
        What else the solver finds: then ``solve`` gives a tuple, the root and these.  They are traced once the root is recorded.
    """

    def __init__(
        self, key: Any, starts: Sequence[Any], formulas: list[Any], solve: Callable[[list[Any], Sequence[Any]], Any]
    ) -> None:
        self.key, self.starts, self.formulas, self.solve = key, list(starts), formulas, solve
        self.seen: list[list[tuple[Any, Any]]] = [[] for _ in formulas]
        self.beside: list[Any] = []


def fixed(settings: Any) -> Any:
    """Settings of a solver: traced numbers among them are guarded, since how it goes depends on them without a derivative."""
    if type(settings) is dict:
        return {name: concrete(v) if isinstance_traced(v) else v for name, v in settings.items()}
    return tuple([concrete(v) if isinstance_traced(v) else v for v in settings])


def is_asked() -> bool:
    """Whether the present run is made for a program that is to stand for the function."""
    return local.lasting and local.watch is not None and local.watch.outer is None and local.both_ways is None


def again(
    name: str,
    settings: dict[str, Any],
    starts: Sequence[Any],
    others: Sequence[Any],
    point: Any,
    args: tuple[Any, ...],
    solve: Callable[[list[Any], Sequence[Any]], Any],
) -> Again | None:
    """How the root is found again; None unless that can be written down: settings are plain numbers and texts, starts are numbers of double precision.

    Parameters
    ----------
    others : sequence
        Further callbacks of the same arguments.
    point : number or array
        What they are called with.
    """
    if not is_asked() or not all(type(v) in SETTINGS for v in settings.values()):
        return None
    given = []
    for start in starts:
        made = assembled(start) if type(start) in (list, tuple) else start
        now = plain(made)
        if type(now) is int or (type(now) is np.ndarray and now.dtype.kind == "i"):
            made = now = np.asarray(now, float)[()]
        if not isinstance(now, (float, np.ndarray)) or np.asarray(now).dtype != np.float64:
            return None
        given.append(made if isinstance_traced(made) or type(made) is not np.float64 else float(made))
    formulas = []
    for other in others:
        formula = formula_of(lambda t, other=other: resolve(other)(t, *args), (point,))
        if formula is None:
            return None
        formulas.append(formula)
    key = name, tuple([(k, type(v).__name__, repr(v)) for k, v in settings.items()])
    return Again(key, given, formulas, solve)


#: what settings may be, where they are the same at each call
SETTINGS = (float, int, bool, str, type(None))
