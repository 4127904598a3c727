"""SciPy's functions that are linear in an array of any shape (filters of images, resampling, shifts, sums by label), and filters that pick entries by rank.

The matrix of a linear map is what SciPy makes of the unit arrays, so it has every mode, origin and border that SciPy has; a constant that is added (a border
value) is what SciPy makes of zeros.  A rank filter is run on the ranks of the entries, which shows the entry that each of its results is: the derivative
is that of these entries.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.conversions import is_constant
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.standins import scipy_signals
from gradwise.tracing.standins.opened import _holds, run_opened
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.scipy_calling import refuse, table, with_value
from gradwise.tracing.standins.stacking import leaves, plainly
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable

#: the entries of the largest matrix of a map that is made
_LARGEST = 2**24


def _of(module: str, name: str) -> Callable[..., Any]:
    return getattr(getattr(scipy, module), name)


def linear_map(function: Callable[[Any], Any], x: Any, value: Any, name: str) -> Any:
    """``function(x)`` for a function that is linear in x, or linear with a constant added, of which the value is known."""
    shape, size = np.shape(plain(x)), np.size(plain(x))
    value = np.asarray(value)
    if size * value.size > _LARGEST:
        refuse(
            [x],
            f"scipy.{name} of {size} entries",
            f"At most {_LARGEST} entries of its matrix are required: smaller parts, or a formula of np.convolve, np.fft or slices",
        )
    dtype = np.result_type(dtype_of(plain(x)), np.float64)
    constant = np.asarray(function(np.zeros(shape, dtype)))
    flat = np.reshape(x, (size,))
    columns = _images(function, shape, dtype, 1, constant)
    if dtype.kind == "c":
        turned = _images(function, shape, dtype, 1j, constant)
        if not np.allclose(turned, 1j * columns, rtol=1e-9, atol=1e-12 * np.max(np.abs(columns), initial=0.0)):
            # linear over the real numbers alone, as what goes back from half a spectrum to a real signal
            flat = np.real(flat) @ columns + np.imag(flat) @ turned
            return _with_constant(flat, constant, value)
    return _with_constant(flat @ columns, constant, value)


def _images(function: Callable[[Any], Any], shape: Any, dtype: Any, unit: complex, constant: Any) -> Any:
    """What the function makes of the unit arrays, times a unit, a row each."""
    columns = np.empty((math.prod(shape), constant.size), constant.dtype)
    given = np.zeros(math.prod(shape), dtype)
    for k in range(given.size):
        given[k] = unit
        columns[k] = (np.asarray(function(given.reshape(shape))) - constant).ravel()
        given[k] = 0
    return columns


def _with_constant(flat: Any, constant: Any, value: Any) -> Any:
    if np.any(constant):
        flat = flat + constant.ravel()
    return np.reshape(flat, value.shape)[()]


def _settled(arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The other arguments, with arrays that the function filled with constants as plain ones; None if one of them is differentiated."""
    if any(carries(leaf) and not is_constant(leaf) for leaf in leaves(list(arguments), [])):
        return None
    return tuple(plainly(a) if contains_traced(a) else a for a in arguments)


def _linear(
    module: str, name: str, place: int = 0, argument: str = "input", pick: int | None = None
) -> Callable[..., Any]:
    """Stand-in for a function that is linear in its argument number ``place``; ``pick`` is the one of its results that is."""

    def call(*args: Any, **options: Any) -> Any:
        if argument in options:
            args = (*args[:place], options.pop(argument), *args[place:])
        names = tuple(options)
        settled = _settled((*args[:place], *args[place + 1 :], *options.values()))
        if module == "signal" and options.get("output") is None and (settled is None or any(map(_holds, settled))):
            return run_opened(_of(module, name), *args, **options)  # by its own code
        if settled is None or options.get("output") is not None:
            return refuse(
                [*args, *options.values()],
                f"scipy.{module}.{name} with traced parameters, or with output=",
                f"It is linear in {argument}, which may be traced alone",
            )
        before, behind = settled[:place], settled[place : len(args) - 1]
        plain_options = dict(zip(names, settled[len(args) - 1 :], strict=True))
        x = as_array(args[place])
        if dtype_of(plain(x)).kind not in "fc":
            x = x.astype(float)

        def function(a: Any) -> Any:
            return _of(module, name)(*before, a, *behind, **plain_options)

        value = function(plain(x))
        if pick is None:
            return with_value(linear_map(function, x, value, f"{module}.{name}"), value)
        picked = linear_map(lambda a: function(a)[pick], x, value[pick], f"{module}.{name}")
        return (*value[:pick], with_value(picked, value[pick]), *value[pick + 1 :])

    call.__name__ = name
    call.__doc__ = f"``scipy.{module}.{name}``, linear in {argument}."
    return call


def _weighted(module: str, name: str, place: int, weights: int, names: tuple[str, str]) -> Callable[..., Any]:
    """Stand-in for a function that is linear in an array and in its weights, both of which may be traced."""
    alone = {"ndimage": scipy_signals.STAND_INS["scipy.ndimage"]}.get(module, {}).get(name) or _linear(
        module, name, place, names[0]
    )

    def call(*args: Any, **options: Any) -> Any:
        for k in sorted((place, weights)):
            word = names[0] if k == place else names[1]
            if word in options:
                args = (*args[:k], options.pop(word), *args[k:])
        if _settled((args[weights],)) is not None:
            return alone(*[plainly(a) if k == weights else a for k, a in enumerate(args)], **options)
        x, w = as_array(args[place]), as_array(args[weights])
        others = tuple(a for k, a in enumerate(args) if k not in {place, weights})
        if _settled((*others, *options.values())) is None or options.get("output") is not None:
            return refuse(
                [*args, *options.values()],
                f"scipy.{module}.{name} with traced parameters, or with output=",
                f"It is linear in {names[0]} and {names[1]}, which may be traced",
            )
        shape, size = np.shape(plain(w)), np.size(plain(w))

        def of(a: Any, b: Any) -> Any:
            given = list(args)
            given[place], given[weights] = a, b
            return _of(module, name)(*given, **options)

        def each(a: Any) -> Any:
            return np.stack([of(a, unit.reshape(shape)) for unit in np.eye(size)])

        value = of(plain(x), plain(w))
        parts = each(plain(x))
        if carries(x):
            parts = linear_map(
                each, x if dtype_of(plain(x)).kind in "fc" else x.astype(float), parts, f"{module}.{name}"
            )
        return with_value(np.tensordot(np.reshape(w, (size,)), parts, 1), value)

    call.__name__ = name
    call.__doc__ = f"``scipy.{module}.{name}``, linear in {names[0]} and in {names[1]}."
    return call


def _ranked(module: str, name: str, argument: str = "input") -> Callable[..., Any]:
    """Stand-in for a filter each of whose results is an entry of the array, found by its rank."""

    def call(*args: Any, **options: Any) -> Any:
        if argument in options:
            args = (options.pop(argument), *args)
        structured = options.get("structure") is not None or options.get("output") is not None
        border = 0.0 if module == "signal" or options.get("mode") == "constant" else None
        placed = any(isinstance(a, str) and a == "constant" for a in args[1:])
        if _settled((*args[1:], *options.values())) is None or structured or placed:
            refuse(
                [*args, *options.values()],
                f"scipy.{module}.{name} with traced parameters, a structure, output= or a constant border that is not given by its name",
                "Leave them out, and pad the array with np.pad",
            )
        args = (args[0], *plainly(args[1:]))
        options = {k: plainly(v) for k, v in options.items()}
        x = as_array(args[0])
        value = _of(module, name)(plain(x), *args[1:], **options)
        shape, size = np.shape(plain(x)), np.size(plain(x))
        flat = np.reshape(x, (size,))
        order = np.asarray(concrete(np.argsort(flat, kind="stable"), "order"))
        ranks = np.empty(size)
        ranks[order] = np.arange(1, size + 1)
        if (
            border is not None
        ):  # the numbers beyond the border have the rank 0, between those below and those above them
            border = options.get("cval", border)
            below = int(concrete(np.sum(flat < border), "int"))
            ranks -= below + 0.5
            options |= {"cval": 0.0} if "cval" in options else {}
        found = _of(module, name)(ranks.reshape(shape), *args[1:], **options)
        if border is not None:
            outside = found == 0
            found = found + below + 0.5
            places = order[np.where(outside, 1, found).astype(np.intp) - 1]
            result = np.where(outside, border, flat[places])
        else:
            result = flat[order[found.astype(np.intp) - 1]]
        if not np.array_equal(plain(result), value):
            refuse(
                [x], f"scipy.{module}.{name} at these options", "Write it with np.lib.stride_tricks.sliding_window_view"
            )
        return with_value(result, value)

    call.__name__ = name
    call.__doc__ = f"``scipy.{module}.{name}``, a choice of entries."
    return call


def _morphology(name: str) -> Callable[..., Any]:
    """What is made of the filters by rank: ``f(image, dilated, eroded)``, or of the opened or the closed image."""
    parts, together = _MORPHOLOGY[name]

    def call(*args: Any, **options: Any) -> Any:
        if "input" in options:
            args = (options.pop("input"), *args)
        x = as_array(args[0])
        made = [_ranked("ndimage", part)(x, *args[1:], **options) for part in parts]
        return with_value(together(x, *made), _of("ndimage", name)(plain(x), *plainly(args[1:]), **options))

    call.__name__ = name
    call.__doc__ = f"``scipy.ndimage.{name}``, of entries that are chosen."
    return call


#: name → the filters by rank, and what is made of the image and their results
_MORPHOLOGY: dict[str, tuple[tuple[str, ...], Callable[..., Any]]] = {
    "white_tophat": (("grey_opening",), lambda x, opened: x - opened),
    "black_tophat": (("grey_closing",), lambda x, closed: closed - x),
    "morphological_gradient": (("grey_dilation", "grey_erosion"), lambda x, up, down: up - down),
    "morphological_laplace": (("grey_dilation", "grey_erosion"), lambda x, up, down: up + down - 2 * x),
}

_IMAGE_FILTERS = (
    *("uniform_filter", "sobel", "prewitt", "laplace", "gaussian_laplace", "spline_filter"),
    *("spline_filter1d", "shift", "zoom", "rotate", "affine_transform", "map_coordinates", "geometric_transform"),
    *("fourier_gaussian", "fourier_uniform", "fourier_ellipsoid", "fourier_shift", "sum_labels", "mean"),
)
_RANK_FILTERS = (
    *("maximum_filter", "minimum_filter", "median_filter", "percentile_filter", "rank_filter", "maximum_filter1d"),
    *("minimum_filter1d", "grey_dilation", "grey_erosion", "grey_opening", "grey_closing"),
)
_RESAMPLINGS = ("resample_poly", "decimate", "czt", "zoom_fft")

STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.ndimage": table(
        "scipy.ndimage",
        {
            **{name: _linear("ndimage", name) for name in _IMAGE_FILTERS},
            **{name: _ranked("ndimage", name) for name in _RANK_FILTERS},
            **{name: _morphology(name) for name in _MORPHOLOGY},
            **{
                name: _weighted("ndimage", name, 0, 1, ("input", "weights"))
                for name in ("convolve", "correlate", "convolve1d", "correlate1d")
            },
        },
    ),
    "scipy.signal": table(
        "scipy.signal",
        {
            **{name: _linear("signal", name, argument="x") for name in _RESAMPLINGS},
            "resample": _linear("signal", "resample", argument="x"),
            "upfirdn": _weighted("signal", "upfirdn", 1, 0, ("x", "h")),
            "stft": _linear("signal", "stft", argument="x", pick=2),
            "istft": _linear("signal", "istft", argument="Zxx", pick=1),
            "lsim": _linear("signal", "lsim", place=1, argument="U", pick=1),
            "medfilt": _ranked("signal", "medfilt", argument="volume"),
            "medfilt2d": _ranked("signal", "medfilt2d"),
        },
    ),
    "scipy.fft": table(
        "scipy.fft", {name: _linear("fft", name, argument="x") for name in ("dctn", "idctn", "dstn", "idstn")}
    ),
}
