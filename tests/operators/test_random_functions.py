"""Random functions beside the same functions run at each call (``random_programs.py``, ``random_dispatch.py``)."""

from __future__ import annotations

import numpy as np
import pytest
import random_dispatch
import random_programs
from random_programs import World, compare

import gradwise as gw
from gradwise.tracing.purity import inspect_function

#: of Python at large, and of functions that are found by flags, names with numbers, among globals and by np.vectorize
MAKERS = [random_programs.program, random_dispatch.program]


@pytest.mark.parametrize("made", MAKERS, ids=["general", "dispatching"])
@pytest.mark.parametrize("seed", range(5))
def test_a_program_gives_what_its_function_gives(seed, made):
    assert compare(seed, made=made) is None


@pytest.mark.slow
@pytest.mark.parametrize("made", MAKERS, ids=["general", "dispatching"])
@pytest.mark.parametrize("seed", range(100, 160))
def test_many_programs_give_what_their_functions_give(seed, made):
    assert compare(seed, made=made) is None


@pytest.mark.slow
@pytest.mark.parametrize("made", MAKERS, ids=["general", "dispatching"])
def test_much_is_proved(made):
    proved = 0
    for seed in range(40):
        world = World(made(seed)[0], f"<program {seed}>", gw.grad, pure=None)
        proved += inspect_function(world.globals["f"], [np.ones(4)], {}).is_pure
    assert 12 <= proved < 40
