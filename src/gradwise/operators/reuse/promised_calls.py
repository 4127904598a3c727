"""Calls of functions that are promised to be pure (``pure=True``, ``gw.compile``), and of which nothing is proved."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.errors import StaleProgramError
from gradwise.operators.reuse.families import Call, copies_of
from gradwise.operators.reuse.specialization import Refused, Specialization, specialise
from gradwise.tracing.instrument.hooks import watched
from gradwise.tracing.instrument.hushing import hushed
from gradwise.tracing.instrument.journal import kept
from gradwise.tracing.instrument.muting import muted
from gradwise.tracing.instrument.state import local
from gradwise.tracing.instrument.survey import Survey
from gradwise.tracing.instrument.unwritten import Unmuted
from gradwise.tracing.purity.outline import outlines
from gradwise.tracing.purity.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from gradwise.tracing import Recording


class PromisedCall(Call):
    """A call of a function of which nothing is proved: what it reads must be what it was, by content."""

    __slots__ = ("_arrays",)
    patience = 1

    def _around(self, *, fixed: int) -> tuple[Hashable, ...]:
        key, self._arrays = surroundings(self.function)
        return key, self._which_are_one()

    def _which_are_one(self) -> Hashable:
        """Which of the arrays and containers among the arguments are one object, for which a function may ask; None if all are several."""
        args, kwargs = self._arguments.given()
        given = [
            v for v in (*self._arguments.leaves, *args, *kwargs.values()) if isinstance(v, (np.ndarray, list, dict))
        ]
        if len(given) < 2:
            return None
        first: dict[int, int] = {}
        return tuple([first.setdefault(id(v), k) for k, v in enumerate(given)])

    def replay(self) -> tuple[Specialization, Recording] | None:
        return self.family.replay(self._arguments.leaves, self.numbers, self._arrays)

    def specialise(self) -> tuple[Specialization, Recording]:
        """A program of a silent run, which leaves nothing behind.

        Raises
        ------
        Refused
            If the run changes something that outlives it, or does something outside: no program shows that, so that the function runs at each call.
        """
        # the function may write to what it is given, which it did already
        leaves, numbers = copies_of(self._arguments.leaves), copies_of(self.numbers)
        survey = Survey([self.function, *self._arguments.roots()])
        before = survey.noted()
        around, local.survey = local.survey, None
        try:
            with hushed(), muted(None), kept():
                made = specialise(self.function, leaves, numbers, self.run, self._arrays, has_aux=self._has_aux)
                changed, stored = before.changed(), made[1].tape.stores
        except Unmuted as error:
            raise Refused(str(error)) from None
        finally:
            local.survey = around
            survey.restore(before)
        if changed:
            raise Refused(f"it changes a {type(changed[0]).__name__} that outlives the call")
        if stored is not None:
            raise Refused(stored)
        return made

    def run(self, leaves: Sequence[Any], traced: Sequence[Any]) -> Any:
        others = self._others_with(iter(traced))
        return self._arguments.with_others(watched(self.function), others).call(leaves)

    def copied(self) -> PromisedCall:
        """The call with copies of its arrays, before the function may write to them."""
        twin = copy.copy(self)
        args, kwargs = twin._others = self._others_with(iter(copies_of(self.numbers)))  # noqa: SLF001 - a twin
        twin.numbers = []
        outlines((*args, *kwargs.values()), twin.numbers, fixed=self._key[0])
        return twin

    def is_due(self) -> bool:
        """Whether the promise is to be tested: at calls number 2, 4, 8, and so on."""
        number = self.family.served + 1
        return number & (number - 1) == 0

    def broken(self, what: str) -> StaleProgramError:
        """The error for a promise that was not kept."""
        self.family.refused = "its promise of purity was not kept"
        name = getattr(self.function, "__name__", type(self.function).__name__)
        return StaleProgramError(
            f"{name} was promised to be pure (pure=True or gw.compile), and a run of it differs from its program, although its arguments and all that it is known to "
            f"read are the same: {what}. A function without effects, that decides by nothing but its arguments and what it reads, is required. Drop pure=True (gw.compile), or pass "
            "what changes as an argument"
        )
