"""``scipy.fft``, ``scipy.signal`` and the filters of ``scipy.ndimage``: transforms, convolutions, and filters that are linear in the signal."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.rules.fourier import OPPOSITE
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.conversions import is_constant
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.standins.opened import run_opened
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.scipy_calling import confirmed, refuse, shown, table, with_value
from gradwise.tracing.standins.stacking import leaves, plainly

if TYPE_CHECKING:
    from collections.abc import Callable

# --- transforms -----------------------------------------------------------------------------------------------------------------


def _hfftn(x: Any, s: Any, axes: Any, norm: Any) -> Any:
    turned: Any = OPPOSITE[norm or "backward"]
    return np.fft.irfftn(np.conjugate(x), s, axes, turned)


def _ihfftn(x: Any, s: Any, axes: Any, norm: Any) -> Any:
    turned: Any = OPPOSITE[norm or "backward"]
    return np.conjugate(np.fft.rfftn(x, s, axes, turned))


#: transforms of Hermitian arrays of several axes, which NumPy has not
_HERMITIAN = {"hfft2": _hfftn, "hfftn": _hfftn, "ihfft2": _ihfftn, "ihfftn": _ihfftn}


def _transform(name: str) -> Callable[..., Any]:
    """SciPy's transform as NumPy's of the same name."""
    several = name[-1] in "2n"
    ours = getattr(np.fft, name, None) or _HERMITIAN[name]

    def call(x: Any, n: Any = None, axis: Any = None, norm: Any = None, *args: Any, **options: Any) -> Any:
        if several:
            n, axis = options.pop("s", n), options.pop("axes", axis)
        x = as_array(x)
        if axis is None:
            axis = (-2, -1) if name[-1] == "2" else None if several else -1
        theirs = getattr(scipy.fft, name)
        value = theirs(plain(x), n, axis, norm)
        if several and n is not None and axis is None:
            axis = tuple(range(-len(n), 0))
        return with_value(ours(x, n, axis, norm), value)

    call.__name__ = name
    call.__doc__ = f"``scipy.fft.{name}``."
    return call


def _shift(name: str) -> Callable[..., Any]:
    def call(x: Any, axes: Any = None) -> Any:
        return getattr(np.fft, name)(as_array(x), axes)

    call.__name__ = name
    call.__doc__ = f"``scipy.fft.{name}``."
    return call


# --- what is linear along one axis ----------------------------------------------------------------------------------------------

#: above this length no matrix of the map is made
_LONGEST = 4096


def along_axis(function: Callable[[Any], Any], x: Any, axis: int, name: str) -> Any:
    """A linear map of the lines along an axis, or one with a constant added, which SciPy knows, applied to traced lines by its matrix.

    ``function`` maps an array along its last axis.
    """
    n = x.shape[axis]
    if n > _LONGEST:
        refuse(
            [x],
            f"{name} of {n} samples",
            f"At most {_LONGEST} samples are required. Write it with np.convolve or np.fft",
        )
    constant = np.asarray(function(np.zeros(n)))
    matrix = np.asarray(function(np.eye(n))) - constant
    lines = np.moveaxis(x, axis, -1) @ matrix
    return np.moveaxis(lines + constant if np.any(constant) else lines, -1, axis)


def _linear(
    module: str, name: str, default: int = -1, place: int = 0, axis_place: int | None = None
) -> Callable[..., Any]:
    """Stand-in for a function that is linear in the signal, its argument number ``place``, along ``axis``, with plain parameters."""

    def call(*args: Any, **options: Any) -> Any:
        found = scipy
        for part in module.split(".")[1:]:
            found = getattr(found, part)
        function = getattr(found, name)
        others = [*args[:place], *args[place + 1 :], *options.values()]
        if any(carries(o) and not is_constant(o) for o in leaves(others, [])) or options.get("zi") is not None:
            refuse(
                [*args, *options.values()],
                f"{module}.{name} with traced parameters, or with an initial state",
                "It is linear in the signal, which may be traced alone",
            )
        args = tuple([a if k == place else plainly(a) for k, a in enumerate(args)])
        options = {k: plainly(v) for k, v in options.items()}
        given = options.get("axis", args[axis_place] if axis_place is not None and len(args) > axis_place else default)
        x = as_array(args[place])
        value = function(*args[:place], plain(x), *args[place + 1 :], **options)

        def on_last(lines: Any) -> Any:
            changed = {k: v for k, v in options.items() if k != "axis"}
            rest = list(args)
            rest[place] = lines
            if axis_place is not None and len(rest) > axis_place:
                rest[axis_place] = -1
            else:
                changed["axis"] = -1
            return function(*rest, **changed)

        return with_value(along_axis(on_last, x, given, f"{module}.{name}"), value)

    call.__name__ = name
    call.__doc__ = f"``{module}.{name}``, linear in the signal."
    return call


def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """``scipy.signal.lfilter``: the difference equation, with traced coefficients too."""
    b, a, x = np.atleast_1d(as_array(b)), np.atleast_1d(as_array(a)), as_array(x)
    if zi is not None:
        return _lfilter_from(b, a, x, axis, as_array(zi))
    value = scipy.signal.lfilter(*shown(b, a, x), axis)
    if not carries(a) and not carries(b):
        return with_value(along_axis(lambda e: scipy.signal.lfilter(b, a, e), x, axis, "scipy.signal.lfilter"), value)
    lines = np.moveaxis(x, axis, -1)
    n = lines.shape[-1]
    b, a = b / a[0], a / a[0]
    outputs: list[Any] = []
    for k in range(n):
        y = sum(b[i] * lines[..., k - i] for i in range(min(b.size, k + 1)))
        outputs.append(y - sum(a[i] * outputs[k - i] for i in range(1, min(a.size, k + 1))))
    return with_value(np.moveaxis(np.stack(outputs, axis=-1), -1, axis), value)


def _lfilter_from(b: Any, a: Any, x: Any, axis: int, zi: Any) -> Any:
    """The same from a state, and the state after it: the transposed direct form II, zᵢ ← zᵢ₊₁ + bᵢ₊₁ x − aᵢ₊₁ y."""
    value = scipy.signal.lfilter(*shown(b, a, x), axis, plain(zi))
    lines = np.moveaxis(x, axis, -1)
    n, order = lines.shape[-1], max(b.size, a.size) - 1
    zi = np.broadcast_to(np.moveaxis(zi, axis, -1), (*lines.shape[:-1], order))
    if not carries(a) and not carries(b):
        b, a = shown(b, a)

        def filtered(e: Any) -> Any:
            return np.concatenate(scipy.signal.lfilter(b, a, e[..., :n], zi=e[..., n:]), axis=-1)

        both = along_axis(filtered, np.concatenate([lines, zi], axis=-1), -1, "scipy.signal.lfilter")
        found = both[..., :n], both[..., n:]
    else:
        b, a = (np.concatenate([c / a[0], np.zeros(order + 1 - c.size)]) for c in (b, a))
        state, outputs = [zi[..., i] for i in range(order)], []
        for k in range(n):
            u = lines[..., k]
            y = b[0] * u + state[0]
            outputs.append(y)
            state = [(state[i + 1] if i + 1 < order else 0.0) + b[i + 1] * u - a[i + 1] * y for i in range(order)]
        found = np.stack(outputs, axis=-1), np.stack(state, axis=-1)
    return tuple([confirmed(np.moveaxis(f, -1, axis), v, "lfilter") for f, v in zip(found, value, strict=True)])


def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """``scipy.signal.sosfilt``: one section after the other, each with its state."""
    sos, x = as_array(sos), as_array(x)
    if zi is None and not carries(sos):
        return _linear("scipy.signal", "sosfilt", place=1, axis_place=2)(plain(sos), x, axis)
    value = scipy.signal.sosfilt(*shown(sos, x), axis, None if zi is None else plainly(zi))
    if zi is None:
        result = x
        for section in sos:
            result = lfilter(section[:3], section[3:], result, axis)
        return confirmed(result, value, "sosfilt")
    result, states = x, []
    for section, state in zip(sos, as_array(zi), strict=True):
        result, state = lfilter(section[:3], section[3:], result, axis, state)
        states.append(state)
    return tuple([confirmed(f, v, "sosfilt") for f, v in zip((result, np.stack(states)), value, strict=True)])


# --- convolution ----------------------------------------------------------------------------------------------------------------


def _cropped(full: Any, shape: tuple[int, ...]) -> Any:
    start = [(n - m) // 2 for n, m in zip(full.shape, shape, strict=True)]
    return full[tuple(slice(s, s + m) for s, m in zip(start, shape, strict=True))]


def _convolved(a: Any, b: Any, mode: str, axes: tuple[int, ...]) -> Any:
    """By transforms, in each of the axes; the others are broadcast."""
    sizes = [a.shape[i] + b.shape[i] - 1 for i in axes]
    complex_ = a.dtype.kind == "c" or b.dtype.kind == "c"
    there, back = (np.fft.fftn, np.fft.ifftn) if complex_ else (np.fft.rfftn, np.fft.irfftn)
    full = back(there(a, sizes, axes) * there(b, sizes, axes), sizes, axes)
    if mode == "full":
        return full
    shape = list(full.shape)
    for i in axes:
        shape[i] = a.shape[i] if mode == "same" else abs(a.shape[i] - b.shape[i]) + 1
    return _cropped(full, tuple(shape))


def _convolution(name: str) -> Callable[..., Any]:
    flipped = name.startswith("correlate")

    def call(in1: Any, in2: Any, mode: str = "full", *args: Any, **options: Any) -> Any:
        in1, in2 = as_array(in1), as_array(in2)
        value = getattr(scipy.signal, name)(*shown(in1, in2), mode, *args, **options)
        axes = options.get("axes", args[0] if args and name in {"fftconvolve", "oaconvolve"} else None)
        boundary = options.get("boundary", args[0] if args and name.endswith("2d") else "fill")
        fill = options.get("fillvalue", args[1] if len(args) > 1 and name.endswith("2d") else 0)
        if boundary != "fill" or contains_traced(fill) or fill:
            return confirmed(_bordered(name, in1, in2, mode, boundary, fill), value, name)
        if in1.ndim == 0:
            return with_value(in1 * (np.conj(in2) if flipped else in2), value)
        if flipped:
            in2 = np.conj(in2)[(slice(None, None, -1),) * in2.ndim]
        if in1.ndim == 1 and axes is None and in1.size and in2.size:
            full = np.convolve(in1, in2)
            if mode != "full":
                full = _cropped(full, np.shape(value))
            return with_value(full, value)
        axes = tuple(range(in1.ndim)) if axes is None else tuple(i % in1.ndim for i in np.atleast_1d(axes))
        a, b = _floating(in1), _floating(in2)
        if mode == "same" and name == "correlate2d":
            return confirmed(_middle(_convolved(a, b, "full", axes), b.shape), value, name)
        return confirmed(_convolved(a, b, mode, axes), value, name)

    call.__name__ = name
    call.__doc__ = f"``scipy.signal.{name}``."
    return call


def _bordered(name: str, in1: Any, in2: Any, mode: str, boundary: str, fill: Any) -> Any:
    """``convolve2d`` or ``correlate2d`` of an image that goes on beyond its border."""
    if mode == "valid":
        return _convolution(name)(in1, in2, mode)
    around: Any = [(n - 1, n - 1) for n in in2.shape]
    border: dict[str, Any] = {"mode": "constant", "constant_values": fill}
    if boundary != "fill":
        border = {"mode": "symmetric" if boundary.startswith("symm") else "wrap"}
    full = _convolution(name)(np.pad(_floating(in1), around, **border), in2, "valid")
    if mode == "full":
        return full
    if name == "correlate2d":
        return _middle(full, in2.shape)
    return _cropped(full, in1.shape)


def _middle(full: Any, kernel: tuple[int, ...]) -> Any:
    """What ``correlate2d`` calls the same: of an even kernel it leaves out more at the start than the others do."""
    return full[tuple([slice(k // 2, k // 2 + n - k + 1) for k, n in zip(kernel, full.shape, strict=True)])]


def _floating(a: Any) -> Any:
    return a if a.dtype.kind in "fc" else a.astype(float)


def hilbert(x: Any, N: Any = None, axis: int = -1) -> Any:
    """``scipy.signal.hilbert``: the analytic signal."""
    x = as_array(x)
    value = scipy.signal.hilbert(plain(x), N, axis)
    return with_value(along_axis(lambda e: scipy.signal.hilbert(e, N), x, axis, "scipy.signal.hilbert"), value)


# --- images ---------------------------------------------------------------------------------------------------------------------


def gaussian_filter(
    input: Any,  # noqa: A002  # SciPy's name
    sigma: Any,
    order: Any = 0,
    output: Any = None,
    mode: Any = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    **options: Any,
) -> Any:
    """``scipy.ndimage.gaussian_filter`` of a width that is not traced (``scipy_image_points.py`` has the others): one axis after the other."""
    x = as_array(input)
    if output is not None or any(v is not None for v in options.values()) or (mode == "constant" and cval):
        refuse(
            [x],
            "scipy.ndimage.gaussian_filter with output=, radius=, axes= or a border value",
            "Leave them out",
        )
    value = scipy.ndimage.gaussian_filter(plain(x), sigma, order, None, mode, cval, truncate)
    result = _floating(x)
    sigmas, orders = np.broadcast_to(sigma, x.ndim), np.broadcast_to(order, x.ndim)
    modes = [mode] * x.ndim if isinstance(mode, str) else mode
    for axis, (s, o, m) in enumerate(zip(sigmas, orders, modes, strict=True)):
        if s > 1e-15:
            smooth = functools.partial(
                scipy.ndimage.gaussian_filter1d, sigma=s, axis=-1, order=o, mode=m, truncate=truncate
            )
            result = along_axis(smooth, result, axis, "scipy.ndimage.gaussian_filter")
    return with_value(result, value)


def _both_ways(name: str, coefficients: int, **places: int) -> Callable[..., Any]:
    """A filter that is run forwards and backwards: linear in the signal, and with traced coefficients SciPy's own code, whose parts have rules."""
    linear = _linear("scipy.signal", name, **places)

    def call(*args: Any, **kwargs: Any) -> Any:
        first = [*args[:coefficients], *[kwargs[k] for k in ("b", "a", "sos") if k in kwargs]]
        if contains_traced(tuple(first)):
            return run_opened(getattr(scipy.signal, name), *args, **kwargs)
        return linear(*args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"``scipy.signal.{name}``."
    return call


_TRANSFORMS = (
    *("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifft2", "rfft2", "irfft2"),
    *("fftn", "ifftn", "rfftn", "irfftn", *_HERMITIAN),
)

STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.fft": table(
        "scipy.fft",
        {
            **{name: _transform(name) for name in _TRANSFORMS},
            **{name: _shift(name) for name in ("fftshift", "ifftshift")},
            **{name: _linear("scipy.fft", name, axis_place=3) for name in ("dct", "idct", "dst", "idst")},
        },
    ),
    "scipy.signal": table(
        "scipy.signal",
        {
            **{
                name: _convolution(name)
                for name in ("convolve", "fftconvolve", "oaconvolve", "correlate", "convolve2d", "correlate2d")
            },
            "lfilter": lfilter,
            "hilbert": hilbert,
            "filtfilt": _both_ways("filtfilt", 2, place=2, axis_place=3),
            "sosfilt": sosfilt,
            "sosfiltfilt": _both_ways("sosfiltfilt", 1, place=1, axis_place=2),
            "savgol_filter": _linear("scipy.signal", "savgol_filter", axis_place=5),
            "detrend": _linear("scipy.signal", "detrend", axis_place=1),
        },
    ),
    "scipy.ndimage": table(
        "scipy.ndimage",
        {
            "gaussian_filter": gaussian_filter,
            "gaussian_filter1d": _linear("scipy.ndimage", "gaussian_filter1d", axis_place=2),
            "uniform_filter1d": _linear("scipy.ndimage", "uniform_filter1d", axis_place=2),
            "correlate1d": _linear("scipy.ndimage", "correlate1d", axis_place=2),
            "convolve1d": _linear("scipy.ndimage", "convolve1d", axis_place=2),
        },
    ),
}
