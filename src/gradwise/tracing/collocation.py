"""The coefficients of Radau IIA of order 5, for the implicit steps of stand-ins and operators.

References
----------
Hairer & Wanner (1996), Solving Ordinary Differential Equations II, section IV.5, table 5.6.
"""

from __future__ import annotations

import numpy as np

_S = 6**0.5
STAGES = np.array([(4 - _S) / 10, (4 + _S) / 10, 1.0])
MATRIX = np.array(
    [
        [(88 - 7 * _S) / 360, (296 - 169 * _S) / 1800, (-2 + 3 * _S) / 225],
        [(296 + 169 * _S) / 1800, (88 + 7 * _S) / 360, (-2 - 3 * _S) / 225],
        [(16 - _S) / 36, (16 + _S) / 36, 1 / 9],
    ]
)
