"""Random functions that find what they call by flags, names with numbers, globals and np.vectorize, beside the same functions run at each call (``random_dispatch.py``)."""

from __future__ import annotations

import numpy as np
import pytest
from random_dispatch import program
from random_programs import World, compare

import gradwise as gw
from gradwise.tracing.purity import inspect_function


@pytest.mark.parametrize("seed", range(4))
def test_a_program_gives_what_its_function_gives(seed):
    assert compare(seed, made=program) is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_many_programs_give_what_their_functions_give(seed):
    assert compare(seed, made=program) is None


@pytest.mark.slow
def test_much_is_proved():
    proved = 0
    for seed in range(40):
        world = World(program(seed)[0], f"<program {seed}>", gw.grad, pure=None)
        proved += inspect_function(world.globals["f"], [np.ones(4)], {}).is_pure
    assert 8 <= proved < 40
