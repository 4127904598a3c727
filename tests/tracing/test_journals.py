"""What a journal empties so that a function is asked without its memory."""

from __future__ import annotations

import numpy as np

from gradwise.tracing.instrument.journal import Journal


def test_lists_of_arrays_are_emptied_and_restored():
    arrays, names, module = [np.ones(2), np.zeros(2)], {"a": 1}, {"__builtins__": {}}
    kept = list(arrays)
    journal = Journal()
    for place in (arrays, names, module):
        journal.note(place)
    journal.empty(frozenset())
    assert (arrays, names, module) == ([], {}, {"__builtins__": {}})
    journal.restore()
    assert [id(a) for a in arrays] == [id(a) for a in kept]
    assert names == {"a": 1}
