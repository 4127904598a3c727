"""Work arrays that are met by way of something that keeps what it gave: an iterator over and over again, a weak proxy."""

import itertools
import warnings
import weakref

import numpy as np
import pytest

import gradwise as gw


class Owner:
    def __init__(self):
        self.array = np.zeros(2)


class Kept:
    def __init__(self):
        self.turns = itertools.cycle([np.zeros(2), np.ones(2)])
        self.rows = [np.zeros(2), np.ones(2)]
        self.again = itertools.cycle(self.rows)
        self.owner = Owner()
        self.proxy = weakref.proxy(self.owner)
        self.called = weakref.ref(self.owner)

    def in_turns(self, p):
        work = next(self.turns)
        work += p
        return work[0] * work[1]

    def in_turns_from_a_list(self, p):
        work = next(self.again)
        work[:] = work + p
        return work[0] * work[1] + self.rows[1][0]

    def by_a_proxy(self, p):
        self.proxy.array[:] += p
        self.proxy.factor = p[0]
        return self.owner.array[0] * self.owner.array[1] * self.owner.factor

    def in_place_by_a_proxy(self, p):
        self.proxy.array += p
        self.filled(self.proxy.array, p)
        return self.owner.array[0] * self.owner.array[1]

    def by_a_reference(self, p):
        self.called().array[:] += p
        return self.owner.array[0] * self.owner.array[1]

    @staticmethod
    def filled(work, p):
        work[0] += p[1]


def value(name, points):
    """Of the last of some calls of a new object."""
    method = getattr(Kept(), name)
    return [float(method(p)) for p in points][-1]


NAMES = ["in_turns", "in_turns_from_a_list", "by_a_proxy", "in_place_by_a_proxy", "by_a_reference"]


@pytest.mark.parametrize("name", NAMES)
def test_what_calls_before_wrote_counts_and_nothing_of_a_run_stays(name):
    kept = Kept()
    gradient = gw.value_and_grad(getattr(kept, name))
    points = [np.array([0.7, 1.2]) + 0.1 * k for k in range(6)]
    for k, p in enumerate(points):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if "turns" in name else "error", gw.NumericalFallbackWarning)
            found, slope = gradient(p)
        assert found == pytest.approx(value(name, points[: k + 1]), rel=1e-13)
        steps = 1e-5 * np.eye(2)
        truth = [(value(name, [*points[:k], p + d]) - value(name, [*points[:k], p - d])) / 2e-5 for d in steps]
        np.testing.assert_allclose(slope, truth, rtol=1e-7)
    assert {type(next(i)) for i in (kept.turns, kept.again) for _ in range(2)} == {np.ndarray}
    assert {type(a) for a in (kept.owner.array, *kept.rows)} == {np.ndarray}
