"""Interpolants of SciPy's that are linear in their data, which may be traced: scattered data, FITPACK's splines of two variables.

Whatever such an interpolant is asked (values, derivatives, integrals) is a linear map of the data, found from unit vectors.  The points at which it is asked are plain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.holders import standing_for
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import refuse, with_value
from gradwise.tracing.standins.scipy_interpolation import names_of
from gradwise.tracing.standins.scipy_linear_maps import linear_map
from gradwise.tracing.standins.stacking import leaves
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable


@standing_for("made")
class OfData:
    """An interpolant of traced data: SciPy's for the plain data answers what does not depend on them, and gives the values.

    Attributes
    ----------
    made : object
        SciPy's interpolant of the plain data.
    """

    def __init__(self, make: Callable[[Any], Any], data: Any, name: str, plainly_made: Any = None) -> None:
        self._make, self._data, self._name = make, data, name
        self.made = make(plain(data)) if plainly_made is None else plainly_made

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


#: Clough and Tocher's gradients are iterated until they change by 1e-6: so far only they are linear in the data, and unit vectors need all digits
_SETTLED = {"tol": 1e-11, "maxiter": 2000}


def _of_data(
    name: str, argument: str, forbidden: Callable[[dict[str, Any]], bool], settled: dict[str, Any] | None = None
) -> Callable[..., Any]:
    """Stand-in for the class, linear in that argument unless ``forbidden(options)``; ``settled``: options with which it is so to all digits."""
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
        kind, more = getattr(scipy.interpolate, name), given | (settled or {})
        theirs = kind(**given, **{argument: plain(data)}) if settled else None
        return OfData(lambda values: kind(**more, **{argument: values}), data, name, theirs)

    call.__name__ = name
    call.__doc__ = f"``scipy.interpolate.{name}``, linear in {argument}."
    return call


_SIGNATURES = {
    "RectBivariateSpline": ("x", "y", "z", "bbox", "kx", "ky", "s"),
    "LinearNDInterpolator": ("points", "values", "fill_value", "rescale"),
    "NearestNDInterpolator": ("x", "y", "rescale", "tree_options"),
    "CloughTocher2DInterpolator": ("points", "values", "fill_value", "tol", "maxiter", "rescale"),
    "FloaterHormannInterpolator": ("points", "values", "d"),
}


def griddata(
    points: Any,
    values: Any,
    xi: Any,
    method: str = "linear",
    fill_value: float = np.nan,
    rescale: bool = False,
) -> Any:
    """``scipy.interpolate.griddata``, linear in the values."""
    if contains_traced((points, xi, fill_value)):
        refuse([points, values, xi], "scipy.interpolate.griddata of traced points", "Only the values may be traced")
    values = as_array(values) * 1.0
    value = scipy.interpolate.griddata(points, plain(values), xi, method, fill_value, rescale)
    of_gradients = method == "cubic" and (len(points) if isinstance(points, tuple) else np.shape(points)[-1]) == 2

    def answer(data: Any) -> Any:
        if of_gradients:
            return scipy.interpolate.CloughTocher2DInterpolator(points, data, fill_value, rescale=rescale, **_SETTLED)(xi)  # fmt: skip
        return scipy.interpolate.griddata(points, data, xi, method, fill_value, rescale)

    return with_value(linear_map(answer, values, value, "interpolate.griddata"), value)


STAND_INS = names_of(
    {
        "RectBivariateSpline": _of_data("RectBivariateSpline", "z", lambda o: o.get("s", 0) != 0),
        "LinearNDInterpolator": _of_data("LinearNDInterpolator", "values", lambda o: False),
        "NearestNDInterpolator": _of_data("NearestNDInterpolator", "y", lambda o: False),
        "CloughTocher2DInterpolator": _of_data("CloughTocher2DInterpolator", "values", lambda o: False, _SETTLED),
        "FloaterHormannInterpolator": _of_data("FloaterHormannInterpolator", "values", lambda o: False),
        "griddata": griddata,
    }
)
