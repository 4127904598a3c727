"""What the code of a function proves, as one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradwise.tracing.purity.avoiding import Extent
    from gradwise.tracing.purity.scope import Node, Unproven


class Verdict:
    """What the code of a function proves.

    Attributes
    ----------
    writes : str or None
        Why it may write to arrays that were there before the call, with the line; None if it cannot.
    effects : str or None
        Why its result may depend on more than its arguments and the data that it reads, or why it may have effects; None if it is pure.
    changes_own : bool
        Whether it may write to arrays that were made during the call.
    counts : bool
        Whether it adds to counters that were there before the call (``counters.py``), and has no other effect.
    node : Node or None
    leaves : bool
        Whether it leaves behind what it never reads (``leaving.py``), or asks memories, which count that.
    only_asks : bool
        Whether it is that alone.
    keeps : bool
        Whether something of that may be an argument, or a part of one.
    echoes : bool
        Whether that, and what it shows, is all that it does: a program may stand for it if the function runs beside it on plain values.
    shows : bool
        Whether it shows something: ``print``, warnings, loggers.
    is_transient : bool
        Whether some attributes are thought to be assigned before they are read (``transient.py``).
    remembers : bool
        Whether some are read and then assigned (``remembered.py``).
    is_buffered : bool
        Whether it writes to arrays that are kept (``buffers.py``).
    tells : bool
        Whether texts of numbers and the time are shown and left behind, and go nowhere else (``asides.py``).
    avoided : dict
        Pieces of text by file: ``effects`` concerns these alone, and a run that comes to none of them is pure; empty where that is not so.
    """

    __slots__ = (
        "avoided",
        "changes_own",
        "counts",
        "echoes",
        "effects",
        "is_buffered",
        "is_transient",
        "keeps",
        "leaves",
        "node",
        "only_asks",
        "remembers",
        "shows",
        "tells",
        "writes",
    )

    def __init__(
        self,
        writes: Unproven | None,
        effects: Unproven | None,
        node: Node | None,
        *,
        changes_own: bool = True,
        counts: bool = False,
    ) -> None:
        self.changes_own = changes_own
        self.counts = counts
        self.writes = None if writes is None else str(writes)
        self.effects = None if effects is None else str(effects)
        self.node = node
        self.avoided: Mapping[str, frozenset[Extent]] = {}
        self.leaves = self.keeps = self.echoes = self.shows = False
        self.is_transient = self.remembers = self.is_buffered = False
        self.tells = self.only_asks = False

    @property
    def is_quiet(self) -> bool:
        return self.writes is None

    @property
    def is_pure(self) -> bool:
        return self.is_replayable and not self.counts

    @property
    def is_replayable(self) -> bool:
        """Whether a program may stand for the function, if it counts as the function does."""
        return self.writes is None and self.effects is None and not self.leaves

    @property
    def only_computes(self) -> bool:
        """Whether the function does nothing but compute, so that it may run where a plain call does not run it; what it asks of memories is counted by who runs it."""
        quiet = self.writes is None and self.effects is None and not self.counts and (not self.leaves or self.only_asks)
        return quiet and not (self.shows or self.is_transient or self.remembers or self.is_buffered)

    @property
    def may_stand(self) -> bool:
        """Whether a program may stand for the function, if the run of which it is made comes to nothing of what is to be avoided."""
        return self.is_replayable or bool(self.avoided) or self.echoes
