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


def slow_to_arrive(x, y):
    """From most starts Newton's method takes more than a dozen steps to the saddle at (0, 0)."""
    return (
        y**2
        + 3 * y**3
        + 2 * y**4
        + 3 * x * y
        + x * y**2
        + 2 * x * y**3
        + 2 * x**2 * y**2 * 0
        + 2 * x**2 * y
        + 3 * x**3
        - x**3 * y
        - 2 * x**4
    )


def test_points_lie_in_their_narrow_enclosures():
    for f, box in ((slow_to_arrive, [(-10, 10)] * 2), (lambda x, y: x**4 - x * y + y**2, [(-10, 10)] * 2)):
        found = gw.critical_points(f, box)
        assert found.proved
        for p in found:
            x = np.array(p.x)
            assert np.all((p.enclosure[:, 0] <= x) & (x <= p.enclosure[:, 1]))
            assert p.radius < 1e-12
            assert np.max(np.abs(gw.grad(f, argnums=(0, 1))(*p.x))) < 1e-12
