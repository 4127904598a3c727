"""A family of programs that stand for a function called with arguments of one form (``families.py``), and how often they did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.locks import lock
from gradwise.operators.reuse.merging import Answers
from gradwise.tracing.purity.outline import FREE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradwise.operators.reuse.specialization import Specialization
    from gradwise.tracing import Recording

#: programs kept for one form, and how many of them are tried at a call
SPECIALIZATIONS, TRIES = 8, 3
#: failures, more than successes, after which a family is given up
PATIENCE = 8


class Family:
    """The programs for one form of a function's arguments.

    Attributes
    ----------
    served, failed : int
        How often a program stood for the function, and how often none held.
    refused : str or None
        Why the function runs at each call after all.
    formless : set of tuple
        The results, and the types of what they are taken with respect to, to which no shortcut leads (``operators/shortcuts.py``).
    """

    __slots__ = (
        "_doubts",
        "_lock",
        "_pause",
        "_programs",
        "answers",
        "calls",
        "failed",
        "fixed",
        "formless",
        "refused",
        "served",
    )

    def __init__(self) -> None:
        #: which answers its conditions gave (``merging.py``)
        self.answers = Answers()
        self.calls = 0
        self.served = 0
        self.failed = 0
        #: what the data must have in common beside their types (``outline.py``); where it is more than in the key, another family serves
        self.fixed = FREE
        self.refused: str | None = None
        self.formless: set[tuple[Any, ...]] = set()
        self._programs: list[Specialization] = []
        #: runs that came to what is not proved, and the number of calls until another is watched
        self._doubts = self._pause = 0
        self._lock = lock()

    @property
    def weight(self) -> int:
        return 1 + sum(p.weight for p in self._programs)

    def replay(
        self,
        leaves: Sequence[Any],
        numbers: Sequence[Any],
        around: Sequence[Any] = (),
        memories: Sequence[Any] | None = None,
    ) -> tuple[Specialization, Recording] | None:
        """What a traced run would leave; None if no program holds."""
        if self.refused is not None:
            return None
        for position, program in enumerate(self._programs[:TRIES]):
            recording = program.replay(leaves, numbers, around) if program.is_kept(memories) else None
            if recording is not None:
                if position:
                    with self._lock:
                        if program in self._programs:
                            self._programs.remove(program)
                            self._programs.insert(0, program)
                self.served += 1
                return program, recording
        if self._programs:
            self.failed += 1
            if self.failed > PATIENCE and self.failed > self.served and not self.answers.may_merge:
                self.refused = f"it specialises too often: its path depends on the values, and of {self.failed + self.served} calls {self.failed} took another path than those before"
                self._programs.clear()
        return None

    @property
    def is_merged(self) -> bool:
        """Whether it holds a program in which branches became selections."""
        return any(p.is_merged for p in self._programs)

    @property
    def is_doubted(self) -> bool:
        """Whether a run came to what is not proved, and no program is kept."""
        return self._doubts > 0 and not self._programs

    def waits(self) -> bool:
        """Whether no program is made of this call, since the last ones came to what is not proved."""
        self._pause -= self._pause > 0
        return self._pause > 0

    def comes_to_doubts(self, where: str) -> None:
        """Note that a run came to what is not proved: the next is watched after twice as many calls, and none where no program ever stood."""
        self._doubts += 1
        self._pause = 2**self._doubts
        if self._doubts > PATIENCE // 2 and not self._programs and not self.served:
            self.refused = f"it comes to {where}, of which nothing is proved"

    def add(self, program: Specialization) -> None:
        """Keep a program, the oldest ones no longer."""
        with self._lock:
            if program.is_merged:  # it holds wherever an earlier one does
                self._programs = [p for p in self._programs if not p.is_merged]
            self._programs.insert(0, program)
            del self._programs[SPECIALIZATIONS:]
