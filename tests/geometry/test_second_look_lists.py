"""Lists of critical points as they are read: one sentence for what many entries have in common."""

import numpy as np

import gradwise as gw


def test_a_sentence_that_many_entries_share_is_written_once():
    found = gw.critical_points(lambda x, y: np.abs(np.sin(5 * x)) + y * y, [(-2, 2), (-1, 1)])
    undecided = [p for p in found if p.kind == "undecided"]
    assert len(undecided) >= 5
    assert len({p.message for p in undecided}) == 1
    text = found.summary()
    assert text.count(undecided[0].message) == 1
    assert f"({len(undecided)} entries)" in text
    assert "entries)" not in gw.critical_points(lambda x: np.abs(x), (-1, 1)).summary()
