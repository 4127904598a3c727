"""Programs of runs that go both ways, evaluated at other points, beside the function."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.execution import build
from gradwise.operators.reuse.comparison import equal
from gradwise.operators.reuse.expected import holds_as
from gradwise.operators.reuse.handled import handled_errors
from gradwise.tracing import record
from gradwise.tracing.instrument.both_ways.aside import BothWays
from gradwise.tracing.instrument.hooks import watched
from gradwise.tracing.instrument.state import local


class _Every:
    """Answers as if all were verified, without code of its own, which the run would take for the user's."""

    __contains__ = bool


def both_ways(function, x, **choices):
    """The recording of a run that goes both ways wherever it can, and the run."""
    run = BothWays(_Every(), _Every(), choices=_Every(), **choices)
    local.both_ways = run
    try:
        twin = watched(function)
        with np.errstate(all="ignore"), handled_errors():
            return record(function, [x], (True,), lambda leaves: twin(leaves[0])), run
    finally:
        local.both_ways = None


def value_of(recording, x):
    """What the program gives at another point; None where a guard fails."""
    tape, program = recording.tape, recording.program
    env = [None] * len(program.types)
    (variable,) = tape.inputs
    env[variable] = x
    for i in tape.captured:
        env[i] = tape.values[i]
    everything = range(len(program.types))
    (value,) = build(program.equations, program.types, program.outputs, everything, everything).run(env)
    if not all(holds_as(env[i], expected) for i, _, expected, _ in tape.guards):
        return None
    return value


def check(function, *, size=6, merged=None, seed=0, scale=1.0):
    """Compare the programs of some points at others; how many branches became selections, and how often a program held."""
    rng = np.random.default_rng(seed)
    found = held = 0
    for _ in range(6):
        point = scale * rng.normal(size=size)
        try:
            recording, run = both_ways(function, point)
        except (gw.TracingError, IndexError, TypeError):  # no program is made then
            continue
        if not run.kept_still() or run.lost or run.is_asked or recording.tape.looked_up:
            continue
        if not equal(recording.values[0], function(point)):
            continue
        found += run.merged
        for _ in range(40):
            x = scale * rng.normal(size=size)
            value = value_of(recording, x)
            if value is not None:
                held += 1
                assert value == pytest.approx(function(x), rel=1e-12, abs=1e-13)
    if merged is not None:
        assert (found > 0) is merged
    return held
