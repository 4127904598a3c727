"""The goals, on the committed battery: bounds hold, breaks are flagged, nothing is silently wrong."""

import importlib
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from gradwise.numerical import derivative

pytest.importorskip("mpmath")
FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "numerical"


@pytest.fixture(scope="module")
def battery():
    sys.path.insert(0, str(FOLDER))
    try:
        yield importlib.import_module("cases"), importlib.import_module("generator")
    finally:
        sys.path.remove(str(FOLDER))
        for name in ("cases", "generator", "noise"):
            sys.modules.pop(name, None)


def outside(case, estimate):
    return isinstance(case.truth, float) and not abs(estimate.value - case.truth) <= estimate.error


@pytest.mark.parametrize("complex_step", ["auto", False])
def test_fixed_battery(battery, complex_step):
    cases = battery[0].CASES
    assert len(cases) >= 80
    estimates = [derivative(case.f, case.x, complex_step=complex_step) for case in cases]
    assert [case.name for case, estimate in zip(cases, estimates) if outside(case, estimate)] == []
    breaks = [(c, e) for c, e in zip(cases, estimates) if c.kind in {"kink", "jump", "infinite"}]
    assert [case.name for case, estimate in breaks if estimate.trusted] == []
    smooth = [(c, e) for c, e in zip(cases, estimates) if c.kind in {"smooth", "scaled"}]
    digits = [17 if e.value == c.truth else -math.log10(abs(e.value - c.truth) / abs(c.truth)) for c, e in smooth]
    assert np.median(digits) >= 13.5
    assert np.median([e.evaluations for _, e in smooth]) <= 12
    assert np.percentile([e.evaluations for _, e in smooth], 90) <= 26


@pytest.mark.slow
@pytest.mark.parametrize("complex_step", ["auto", False])
def test_random_cases(battery, complex_step):
    cases = battery[1].generate(600, seed=101)
    estimates = [derivative(case.f, case.x, complex_step=complex_step) for case in cases]
    smooth = [(c, e) for c, e in zip(cases, estimates) if isinstance(c.truth, float)]
    assert np.mean([not outside(case, estimate) for case, estimate in smooth]) >= 0.995
    wrong = [c.name for c, e in smooth if outside(c, e) and abs(e.value - c.truth) > 0.01 * abs(c.truth) + 1e-290]
    assert wrong == []
    breaks = [(c, e) for c, e in zip(cases, estimates) if c.kind in {"kink", "jump", "infinite"}]
    assert np.mean([e.status != "ok" for _, e in breaks]) >= 0.99
    loose = [e.error / max(abs(e.value - c.truth), 2.0**-54 * abs(c.truth), 1e-300) for c, e in smooth]
    assert np.median(loose) <= 100
