"""Noise that is a function of x: the same x gives the same value, neighbouring x give unrelated ones."""

from __future__ import annotations

import hashlib
import math
import struct


def hash_noise(x: float, sigma: float, seed: int = 0) -> float:
    """Return uniform noise of standard deviation sigma, decided by the bits of x."""
    digest = hashlib.blake2b(struct.pack("<dq", x, seed), digest_size=8).digest()
    return sigma * math.sqrt(12) * (int.from_bytes(digest, "little") / 2**64 - 0.5)
