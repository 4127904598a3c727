"""Interpolants of SciPy's that are linear in their data, which may be traced: radial basis functions, scattered data, FITPACK's splines.

Whatever such an interpolant is asked (values, derivatives, integrals) is a linear map of the data, found from unit vectors.  The points at which it is asked are plain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import refuse, with_value
from gradwise.tracing.standins.scipy_interpolation import names_of
from gradwise.tracing.standins.scipy_linear_maps import linear_map
from gradwise.tracing.standins.stacking import leaves
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable


class OfData:
    """An interpolant of traced data: SciPy's for the plain data answers what does not depend on them, and gives the values.

    Attributes
    ----------
    made : object
        SciPy's interpolant of the plain data.
    """

    def __init__(self, make: Callable[[Any], Any], data: Any, name: str) -> None:
        self._make, self._data, self._name = make, data, name
        self.made = make(plain(data))

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._asked("__call__", args, options)

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self.made, attribute)
        if not callable(found) or attribute.startswith("__"):
            return found
        return lambda *args, **options: self._asked(attribute, args, options)

    def _asked(self, attribute: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if contains_traced((*args, *options.values())):
            refuse(
                [*args, *options.values()],
                f"scipy.interpolate.{self._name} of traced data at traced points",
                "Let either be plain, or use CubicSpline, which takes both",
            )
        value = getattr(self.made, attribute)(*args, **options)
        if not isinstance(value, (np.ndarray, float, np.generic)):
            return refuse([self._data], f"{attribute} of scipy.interpolate.{self._name}", "Ask it for values")

        def answer(data: Any) -> Any:
            return getattr(self._make(data), attribute)(*args, **options)

        with at_line(*open_traces(leaves([self._data], []))):
            return with_value(linear_map(answer, self._data, value, f"interpolate.{self._name}"), value)


def _of_data(name: str, argument: str, forbidden: Callable[[dict[str, Any]], bool]) -> Callable[..., Any]:
    """Stand-in for the class, linear in that argument unless ``forbidden(options)``."""
    names = _SIGNATURES[name]

    def call(*args: Any, **options: Any) -> Any:
        given = dict(zip(names, args, strict=False)) | options
        data = as_array(given.pop(argument))
        data = data if dtype_of(plain(data)).kind in "fc" else data.astype(float)
        if contains_traced(tuple(given.values())) or not carries(data) or forbidden(given):
            refuse(
                [data, *given.values()],
                f"scipy.interpolate.{name} of traced places, or with options by which it is not linear",
                f"Only {argument} may be traced, and what smooths must be given (s=0)",
            )
        return OfData(lambda values: getattr(scipy.interpolate, name)(**given, **{argument: values}), data, name)

    call.__name__ = name
    call.__doc__ = f"``scipy.interpolate.{name}``, linear in {argument}."
    return call


_SIGNATURES = {
    "UnivariateSpline": ("x", "y", "w", "bbox", "k", "s", "ext", "check_finite"),
    "InterpolatedUnivariateSpline": ("x", "y", "w", "bbox", "k", "ext", "check_finite"),
    "LSQUnivariateSpline": ("x", "y", "t", "w", "bbox", "k", "ext", "check_finite"),
    "RectBivariateSpline": ("x", "y", "z", "bbox", "kx", "ky", "s"),
    "RBFInterpolator": ("y", "d", "neighbors", "smoothing", "kernel", "epsilon", "degree"),
    "LinearNDInterpolator": ("points", "values", "fill_value", "rescale"),
    "NearestNDInterpolator": ("x", "y", "rescale", "tree_options"),
}


def griddata(points: Any, values: Any, xi: Any, method: str = "linear", *args: Any, **options: Any) -> Any:
    """``scipy.interpolate.griddata``, linear in the values."""
    if contains_traced((points, xi, *args, *options.values())) or method not in {"linear", "nearest"}:
        refuse(
            [points, values, xi],
            f"scipy.interpolate.griddata of traced points, or of method {method!r},",
            'Only the values may be traced, and method be "linear" or "nearest"',
        )
    values = as_array(values) * 1.0

    def answer(data: Any) -> Any:
        return scipy.interpolate.griddata(points, data, xi, method, *args, **options)

    value = answer(plain(values))
    return with_value(linear_map(answer, values, value, "interpolate.griddata"), value)


STAND_INS = names_of(
    {
        "UnivariateSpline": _of_data("UnivariateSpline", "y", lambda o: o.get("s") != 0),
        "InterpolatedUnivariateSpline": _of_data("InterpolatedUnivariateSpline", "y", lambda o: False),
        "LSQUnivariateSpline": _of_data("LSQUnivariateSpline", "y", lambda o: False),
        "RectBivariateSpline": _of_data("RectBivariateSpline", "z", lambda o: o.get("s", 0) != 0),
        "RBFInterpolator": _of_data("RBFInterpolator", "d", lambda o: False),
        "LinearNDInterpolator": _of_data("LinearNDInterpolator", "values", lambda o: False),
        "NearestNDInterpolator": _of_data("NearestNDInterpolator", "y", lambda o: False),
        "griddata": griddata,
    }
)
