"""What the curvature at the end says about the learning rate: the stable limit, the best fixed rates, the regime of the rate used."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gradwise.descent.curvature import Curvature
from gradwise.descent.methods import Method, Search


@dataclass(eq=False)
class LearningRates:
    """Learning rates for the curvature at the end point.

    Attributes
    ----------
    used : float
        The rate of the last step.
    stable : float
        The largest stable rate, from the upper bound of λmax (so that it is stable with the probability of that bound).
    stable_estimate : float
        The same from the estimate of λmax.
    formula : str
        Of the stable rate.
    one_over_L : float
        1/L: the best rate that only needs L.
    two_over_sum : float
        2/(L + μ): the best fixed rate of gradient descent on a quadratic; nan where μ is not certainly positive.
    product : float
        η λmax scaled so that 2 is the limit of the method.
    regime : str
        "crawling" (< 0.05), "monotone" (≤ 1), "oscillating" (1 to 2), "unstable" (> 2), "edge of stability" (> 2 while f still falls), or "without limit"
        where no curvature is positive.
    """

    used: float
    stable: float
    stable_estimate: float
    formula: str
    one_over_L: float  # noqa: N815  (L has no other name)
    two_over_sum: float
    product: float
    regime: str

    def sentence(self) -> str:
        """The numbers in a line."""
        if math.isinf(self.stable_estimate):
            return f"rate {self.used:.4g}; no limit to tell at this point, where f bends upwards in no direction"
        best = f"; best fixed rates of gradient descent 1/L = {self.one_over_L:.4g}"
        if self.two_over_sum == self.two_over_sum:
            best += f", 2/(L + μ) = {self.two_over_sum:.4g}"
        return f"rate {self.used:.4g} is {self.regime} (largest stable {self.formula} = {self.stable:.4g}{best})"


def learning_rates(
    method: Method | Search, used: float, plain: Curvature, scaled: Curvature, *, falling: bool
) -> LearningRates:
    """Rates for a method from the curvature, plain and in the method's metric.

    Parameters
    ----------
    falling : bool
        Whether f still falls at the end.
    """
    top, upper = scaled.lambda_max, scaled.lambda_max_bounds[1]
    inf = float("inf")
    estimate = method.stability / top if top > 0 else inf
    stable = method.stability / upper if upper > 0 else inf
    L, mu = plain.lambda_max_bounds[1], plain.lambda_min
    product = 2 * used / estimate if estimate < inf else 0.0
    return LearningRates(
        used=used,
        stable=stable,
        stable_estimate=estimate,
        formula=method.stability_text,
        one_over_L=1 / L if L > 0 else inf,
        two_over_sum=2 / (plain.lambda_max + mu) if plain.lambda_min_bounds[0] > 0 else float("nan"),
        product=product,
        regime="without limit" if estimate == inf else regime(product, falling=falling),
    )


def regime(product: float, *, falling: bool) -> str:
    """The name of a range of ηλmax, scaled so that 2 is the limit."""
    if product < 0.05:
        return "crawling"
    rounding = 1 + 1e-9
    if product <= rounding:
        return "monotone"
    if product <= 2 * rounding:
        return "oscillating"
    return "edge of stability" if falling else "unstable"
