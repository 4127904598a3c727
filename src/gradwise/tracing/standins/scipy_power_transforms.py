"""``scipy.stats``: the power transformations of Box and Cox and of Yeo and Johnson, of a given power or the most likely one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.standins import scipy_minima
from gradwise.tracing.standins.opened import run_opened
from gradwise.tracing.standins.scipy_calling import refuse, shown, table, with_value
from gradwise.tracing.standins.scipy_descriptive import floats

if TYPE_CHECKING:
    from collections.abc import Callable

_brent = scipy_minima.STAND_INS["scipy.optimize"]["brent"]


def boxcox(x: Any, lmbda: Any = None, alpha: Any = None, optimizer: Any = None) -> Any:
    """``scipy.stats.boxcox``; the power that is not given is the most likely one, which moves with the data."""
    if lmbda is None:
        if alpha is not None or optimizer is not None:
            refuse(
                [x],
                "scipy.stats.boxcox with alpha or optimizer",
                "Give the power, which scipy.stats.boxcox_normmax finds",
            )
        x = floats(x)
        found = scipy.stats.boxcox(plain(x))
        power = with_value(run_opened(scipy.stats.boxcox_normmax, x, method="mle"), found[1])
        return with_value(scipy.special.boxcox(x, power), found[0]), power
    return with_value(scipy.special.boxcox(floats(x), lmbda), scipy.stats.boxcox(*shown(x, lmbda)))


def boxcox_llf(lmb: Any, data: Any, **options: Any) -> Any:
    """``scipy.stats.boxcox_llf``."""
    value = scipy.stats.boxcox_llf(*shown(lmb, data), **options)
    if options.get("axis", 0) not in {0, -1} or np.ndim(plain(data)) != 1 or np.ndim(plain(lmb)):
        refuse([lmb, data], "scipy.stats.boxcox_llf of more than one sample", "Call it once for each")
    data = floats(data)
    logarithms = np.log(data)
    spread = np.var(scipy.special.boxcox(data, lmb))
    return with_value((lmb - 1) * np.sum(logarithms) - data.shape[0] / 2 * np.log(spread), value)


def yeojohnson_normmax(x: Any, brack: Any = None) -> Any:
    """``scipy.stats.yeojohnson_normmax``: the minimum of the negative logarithm of the likelihood."""
    value = scipy.stats.yeojohnson_normmax(*shown(x, brack))
    x = floats(x)
    signs = np.where(x >= 0, 1.0, -1.0)
    logarithms = np.sum(signs * np.log1p(signs * x))

    def surprise(power: Any) -> Any:
        return x.shape[0] / 2 * np.log(np.var(yeojohnson(x, power))) - (power - 1) * logarithms

    return with_value(_brent(surprise, (), (value - 0.1, value + 0.1)), value)


def yeojohnson(x: Any, lmbda: Any = None) -> Any:
    """``scipy.stats.yeojohnson``; the power that is not given is the most likely one, which moves with the data."""
    x = floats(x)
    if lmbda is None:
        power = yeojohnson_normmax(x)
        return yeojohnson(x, power), power
    up = x >= 0
    above, below = np.where(up, x, 0.0), np.where(up, 0.0, -x)
    result = np.where(up, scipy.special.boxcox1p(above, lmbda), -scipy.special.boxcox1p(below, 2 - lmbda))
    return with_value(result, scipy.stats.yeojohnson(*shown(x, lmbda)))


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.stats": table(
        "scipy.stats",
        {
            "boxcox": boxcox,
            "boxcox_llf": boxcox_llf,
            "yeojohnson": yeojohnson,
            "yeojohnson_normmax": yeojohnson_normmax,
        },
    )
}
