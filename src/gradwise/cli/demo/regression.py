"""Nonlinear regression on published data, with exact Jacobians and Hessians through SciPy.

Least squares alone stops where the sum of squares no longer changes in 16 digits; the parameters are then good to about
half of them. One Newton step with the exact Hessian takes them to the last certified digit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy

import gradwise as gw
from gradwise.cli.demo.nist import DATASETS, Regression
from gradwise.cli.demo.screen import Screen

LEAST_DIGITS = 9.0  # of the 11 that are certified


class Fit(NamedTuple):
    """Digits of agreement with the certified values, and how many evaluations it took."""

    evaluations: int
    least_squares: float
    parameters: float
    deviations: float
    sum_of_squares: float

    @property
    def agrees(self) -> bool:
        """Whether all certified values were found."""
        return min(self.parameters, self.deviations, self.sum_of_squares) >= LEAST_DIGITS


def digits(found: Any, certified: Any) -> float:
    """Decimal digits in which all numbers agree, at most the 11 that are certified."""
    error = np.max(np.abs(np.asarray(found) - certified) / np.abs(certified))
    return 11.0 if error < 1e-11 else float(-np.log10(error)) if np.isfinite(error) else 0.0


def fit(data: Regression, start: tuple[float, ...]) -> Fit:
    """Fit a data set from one of its published starts."""

    def residuals(b: Any) -> Any:
        return data.model(b, data.x) - data.y

    def half_sum(b: Any) -> Any:
        return 0.5 * np.sum(residuals(b) ** 2)

    jacobian = gw.jacobian(residuals)
    found = scipy.optimize.least_squares(
        residuals, start, jac=jacobian, method="lm", x_scale="jac", xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=2000
    )
    b = found.x
    scale = 1 / np.linalg.norm(jacobian(b), axis=0)  # the parameters differ by up to six orders of magnitude
    hessian = gw.hessian(half_sum)(b) * np.outer(scale, scale)
    b = b - scale * np.linalg.solve(hessian, scale * (jacobian(b).T @ residuals(b)))
    sum_of_squares = float(residuals(b) @ residuals(b))
    # (JᵀJ)⁻¹ = R⁻¹R⁻ᵀ without squaring the condition number.
    inverse = np.linalg.inv(np.linalg.qr(jacobian(b) * scale).R)
    deviations = scale * np.sqrt(np.sum(inverse**2, axis=1) * sum_of_squares / (data.y.size - b.size))
    return Fit(
        found.nfev,
        digits(found.x, data.parameters),
        digits(b, data.parameters),
        digits(deviations, data.deviations),
        digits(sum_of_squares, data.sum_of_squares),
    )


def show(screen: Screen) -> None:
    """The second part of the tour."""
    screen.part(
        "Regression on published data: NIST Statistical Reference Datasets",
        "scipy.optimize.least_squares with exact Jacobians, then one Newton step with the\n"
        "exact Hessian. Digits of agreement with the certified values (11 are certified):\n",
    )
    rows = []
    for data in DATASETS:
        for number, start in enumerate(data.starts, 1):
            result = fit(data, start)
            count = 2 * len(data.parameters) + 1
            mark = screen.check(f"{data.name} from start {number}", result.agrees, count)
            rows.append((
                data.name, f"{start[0]:g}, …", str(result.evaluations),
                f"{result.least_squares:.1f}", f"{result.parameters:.1f}", f"{result.deviations:.1f}",
                f"{result.sum_of_squares:.1f}", mark,
            ))  # fmt: skip
    columns = ("data set", "start", "calls", "solver", "+ Newton", "std. dev.", "sum of sq.", "")
    screen.table(columns, rows, right=(2, 3, 4, 5, 6))
    for data in DATASETS:
        screen.text(f"{data.name}: {data.about}\n  y = {data.formula}", style="dim")
