"""A small class of arrays with a unit, and the point at which programs with it are differentiated."""

from __future__ import annotations

import numpy as np

X = np.array([1.2, 0.8, 2.3])


class Measured(np.ndarray):
    """Numbers and the unit that they are in."""

    standard = 1.0

    def __new__(cls, numbers, unit=1.0):
        made = np.asarray(numbers, dtype=float).view(cls)
        made.unit = unit
        return made

    def __array_finalize__(self, other):
        self.unit = getattr(other, "unit", 1.0)

    def __mul__(self, other):
        made = super().__mul__(other)
        if isinstance(other, Measured):
            made.unit = self.unit * other.unit
        return made

    def in_standard(self):
        return np.asarray(self) * (self.unit / self.standard)

    @property
    def first(self):
        return self[0]

    @first.setter
    def first(self, value):
        self[0] = value
