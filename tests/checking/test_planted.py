"""Every planted bug is caught and named; every trap passes, or is left open with a reason."""

from __future__ import annotations

import numpy as np
import pytest
from generated import false_alarms, score
from planted import PLANTED
from traps import TRAPS

import gradwise as gw
from gradwise.checking import Cause

pytestmark = pytest.mark.filterwarnings("ignore")  # the cases overflow, divide by zero and cast as users' functions do


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case.name)
def test_a_planted_bug_is_caught_and_named(case):
    with np.errstate(all="ignore"):
        report = gw.check_grad(case.f, case.x, case.grad, rng=0)
    assert not report.passed
    assert set(case.causes) & set(report.causes), report.summary()
    assert report.causes[0] in case.causes, report.summary()
    assert set(report.causes) <= {cause.value for cause in Cause}
    assert set(report.causes) == set(report.details)


@pytest.mark.parametrize("case", TRAPS, ids=lambda case: case.name)
def test_a_right_gradient_is_never_called_wrong(case):
    with np.errstate(all="ignore"):
        report = gw.check_grad(case.f, case.x, case.grad, rng=0)
    assert report.counts["wrong"] == 0, report.summary()
    assert report.causes == [], report.summary()
    if not report.conclusive:
        assert any(note.startswith("cannot tell") for note in report.notes)


def test_the_sets_are_as_large_as_the_docs_say():
    assert len(PLANTED) >= 60
    assert len(TRAPS) >= 30
    assert {cause.value for cause in Cause} == {cause for case in PLANTED for cause in case.causes}


def test_names_of_cases_are_unique():
    names = [case.name for case in [*PLANTED, *TRAPS]]
    assert len(set(names)) == len(names)


@pytest.mark.slow
def test_generated_bugs_at_points_nobody_chose():
    total, caught, first, named, missed = score(31)
    assert caught == total
    assert named >= 0.97 * total, missed
    assert first >= 0.95 * total


def test_right_gradients_at_points_nobody_chose():
    total, rejected, undecided = false_alarms([31])
    assert rejected == 0
    assert undecided <= 0.05 * total
