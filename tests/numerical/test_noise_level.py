"""The level of noise, which nobody has told: within a factor 3, whatever its distribution."""

import hashlib
import math
import struct
from statistics import NormalDist

import numpy as np
import pytest

from gradwise.numerical import Status, derivative


def uniform(x, seed):
    digest = hashlib.blake2b(struct.pack("<dq", x, seed), digest_size=8).digest()
    return (int.from_bytes(digest, "little") + 0.5) / 2**64


SHAPES = {
    "uniform": lambda u: math.sqrt(12) * (u - 0.5),
    "normal": NormalDist().inv_cdf,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("complex_step", ["auto", False])
def test_the_level_is_found_within_a_factor_three(shape, complex_step):
    rng = np.random.default_rng(4)
    ratios, covered, evaluations = [], [], []
    for seed in range(300):
        x, level = rng.uniform(0.3, 3), 10.0 ** rng.uniform(-10, -4)
        estimate = derivative(
            lambda t, seed=seed, level=level: math.exp(t) + level * SHAPES[shape](uniform(t, seed)),
            x,
            complex_step=complex_step,
        )
        assert estimate.status is Status.NOISY
        ratios.append(estimate.noise / level)
        covered.append(abs(estimate.value - math.exp(x)) <= estimate.error)
        evaluations.append(estimate.evaluations)
    ratios = np.array(ratios)
    assert np.mean((ratios > 1 / 3) & (ratios < 3)) >= 0.99
    assert np.mean(covered) >= 0.99
    assert max(evaluations) <= 40
