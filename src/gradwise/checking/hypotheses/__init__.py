"""One function per cause: ``hypothesis : Evidence -> [Finding]``, empty unless it explains every entry within its bounds.

Start with `table`, the list of all; then `factors`, the simplest.  `orders`, `subsets`, `terms` and `precision` look at numbers only,
`points` evaluates the truth elsewhere, `chain` and `axes` use the traced program of f through `backward`, `repairs` that of the claim through `replays`.

Ranks order the findings (smaller first): what has no free parameter before what has one, what names a place before what names a
region.  Never imported here: the public functions, reports, directions.
"""

from __future__ import annotations

from gradwise.checking.hypotheses.table import HYPOTHESES, explain

__all__ = ["HYPOTHESES", "explain"]
