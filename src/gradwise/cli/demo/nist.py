"""Two data sets of the NIST Statistical Reference Datasets for nonlinear regression, with their certified results.

Source: National Institute of Standards and Technology, Statistical Reference Datasets, Nonlinear Regression,
https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml, files Misra1a.dat (D. Misra, 1978, dental research,
monomolecular adsorption) and Thurber.dat (R. Thurber, semiconductor electron mobility against the logarithm of
density). A work of the United States Government, in the public domain. Certified values hold to 11 digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Regression:
    """A nonlinear regression with a published answer.

    Attributes
    ----------
    name, about : str
    model : callable
        ``model(b, x)``, the formula as published.
    formula : str
    x, y : array
        Predictor and response.
    starts : tuple of tuple
        The published starting values, far and near.
    parameters, deviations : tuple of float
        Certified values and their standard deviations.
    sum_of_squares : float
        Certified residual sum of squares.
    """

    name: str
    about: str
    model: Callable[[Any, Any], Any]
    formula: str
    x: np.ndarray
    y: np.ndarray
    starts: tuple[tuple[float, ...], ...]
    parameters: tuple[float, ...]
    deviations: tuple[float, ...]
    sum_of_squares: float


def _misra(b: Any, x: Any) -> Any:
    return b[0] * (1 - np.exp(-b[1] * x))


def _thurber(b: Any, x: Any) -> Any:
    return (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


MISRA1A = Regression(
    name="Misra1a",
    about="14 observations, 2 parameters, lower difficulty",
    model=_misra,
    formula="b₁ (1 − exp(−b₂ x))",
    x=np.array([
        77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0,
    ]),
    y=np.array([
        10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78,
    ]),
    starts=((500.0, 0.0001), (250.0, 0.0005)),
    parameters=(2.3894212918e02, 5.5015643181e-04),
    deviations=(2.7070075241e00, 7.2668688436e-06),
    sum_of_squares=1.2455138894e-01,
)  # fmt: skip

THURBER = Regression(
    name="Thurber",
    about="37 observations, 7 parameters, higher difficulty",
    model=_thurber,
    formula="(b₁ + b₂x + b₃x² + b₄x³) / (1 + b₅x + b₆x² + b₇x³)",
    x=np.array([
        -3.067, -2.981, -2.921, -2.912, -2.840, -2.797, -2.702, -2.699, -2.633, -2.481, -2.363, -2.322, -1.501,
        -1.460, -1.274, -1.212, -1.100, -1.046, -0.915, -0.714, -0.566, -0.545, -0.400, -0.309, -0.109, -0.103,
        0.010, 0.119, 0.377, 0.790, 0.963, 1.006, 1.115, 1.572, 1.841, 2.047, 2.200,
    ]),
    y=np.array([
        80.574, 84.248, 87.264, 87.195, 89.076, 89.608, 89.868, 90.101, 92.405, 95.854, 100.696, 101.060, 401.672,
        390.724, 567.534, 635.316, 733.054, 759.087, 894.206, 990.785, 1090.109, 1080.914, 1122.643, 1178.351,
        1260.531, 1273.514, 1288.339, 1327.543, 1353.863, 1414.509, 1425.208, 1421.384, 1442.962, 1464.350,
        1468.705, 1447.894, 1457.628,
    ]),
    starts=((1000.0, 1000.0, 400.0, 40.0, 0.7, 0.3, 0.03), (1300.0, 1500.0, 500.0, 75.0, 1.0, 0.4, 0.05)),
    parameters=(
        1.2881396800e03, 1.4910792535e03, 5.8323836877e02, 7.5416644291e01, 9.6629502864e-01, 3.9797285797e-01,
        4.9727297349e-02,
    ),
    deviations=(
        4.6647963344e00, 3.9571156086e01, 2.8698696102e01, 5.5675370270e00, 3.1333340687e-02, 1.4984928198e-02,
        6.5842344623e-03,
    ),
    sum_of_squares=5.6427082397e03,
)  # fmt: skip

DATASETS = (MISRA1A, THURBER)
