"""``scipy.signal`` and ``scipy.ndimage``: spectra, frequency responses, centres of mass, sizes of gradients, and filters by a function of the user's.  And finite differences of ``scipy.optimize``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.standins.left_behind import as_often_as_called, left
from gradwise.tracing.standins.recording import contains_traced, resolve
from gradwise.tracing.standins.scipy_calling import refuse, table, with_value
from gradwise.tracing.standins.stacking import assembled, plainly
from gradwise.tracing.standins.traced_data import settled

if TYPE_CHECKING:
    from collections.abc import Callable


def _agreeing(result: Any, value: Any, what: str) -> Any:
    found, want = np.asarray(plain(result)), np.asarray(value)
    if found.shape != want.shape or not np.allclose(
        found,
        want,
        rtol=1e-7,
        atol=1e-9 * np.max(np.abs(want), initial=0.0, where=np.isfinite(want)),
        equal_nan=True,
    ):
        refuse([result], f"{what} at these options", "Write it with np.fft")
    return with_value(result, value)


# --- spectra ----------------------------------------------------------------------------------------------------------------------


def _spectrum(name: str) -> Callable[..., Any]:
    """``welch`` or ``periodogram``: the mean, or the median, of |FFT(window · segment)|² over segments."""

    def call(x: Any, fs: Any = 1.0, window: Any = None, *args: Any, **options: Any) -> Any:
        window = ("hann" if name == "welch" else "boxcar") if window is None else settled(window)
        frequencies, value = getattr(scipy.signal, name)(plainly(x), plainly(fs), plainly(window), *args, **options)
        names: tuple[str, ...] = (
            "nperseg",
            "noverlap",
            "nfft",
            "detrend",
            "return_onesided",
            "scaling",
            "axis",
            "average",
        )
        names = names if name == "welch" else names[2:7]
        given = {k: settled(v) for k, v in (dict(zip(names, args, strict=False)) | options).items()}
        x, axis = as_array(x), given.get("axis", -1)
        if contains_traced((fs, *given.values())):
            refuse([x, fs], f"scipy.signal.{name} of traced options", "Write it with np.fft")
        x = np.moveaxis(x, axis, -1)
        n = np.shape(plain(x))[-1]
        size = min(given.get("nperseg") or (256 if name == "welch" else n), n)
        own = not isinstance(window, (str, tuple, float, int))  # the window's numbers themselves, traced or not
        size = np.size(plain(as_array(window))) if own else size
        overlap = given.get("noverlap")
        overlap = size // 2 if overlap is None else overlap
        step = size - (overlap if name == "welch" else 0)
        weights = as_array(window) if own else scipy.signal.get_window(window, size)
        frames = np.arange(0, n - size + 1, step)[:, None] + np.arange(size)
        parts = x[..., frames]
        detrend = given.get("detrend", "constant")
        if callable(detrend):
            parts = resolve(detrend)(parts)
        elif detrend:
            parts = resolve(scipy.signal.detrend)(parts, type=detrend)
        total = np.sum(weights) ** 2 if given.get("scaling", "density") == "spectrum" else fs * np.sum(weights**2)
        length = given.get("nfft") or size
        one_sided = given.get("return_onesided", True)
        terms = (np.fft.rfft if one_sided else np.fft.fft)(parts * weights, length)
        powers = np.real(terms * np.conj(terms))
        if given.get("average", "mean") == "median":
            powers = np.median(powers, axis=-2) / (_median_bias(len(frames)) * total)
        else:
            powers = np.mean(powers, axis=-2) / total
        if one_sided:
            twice = np.full(len(frequencies), 2.0)
            twice[0] = 1.0
            twice[-1] = 1.0 if length % 2 == 0 else 2.0
            powers = powers * twice
        return frequencies, _agreeing(np.moveaxis(powers, -1, axis), value, f"scipy.signal.{name}")

    call.__name__ = name
    call.__doc__ = f"``scipy.signal.{name}``."
    return call


def _median_bias(n: int) -> float:
    """By how much the median of n periodograms of noise differs from their mean (Allen et al. 2012, *FINDCHIRP*, appendix B)."""
    even = 2 * np.arange(1.0, (n - 1) // 2 + 1)
    return float(1 + np.sum(1.0 / (even + 1) - 1.0 / even))


def freqz(b: Any, a: Any = 1, worN: Any = 512, *args: Any, **options: Any) -> Any:  # SciPy's name
    """``scipy.signal.freqz``: the quotient of two polynomials in e^(−iω)."""
    w, value = scipy.signal.freqz(plainly(b), plainly(a), plainly(worN), *args, **options)
    given = dict(zip(("whole", "plot", "fs"), args, strict=False)) | options
    if contains_traced([worN]) or carries(worN):
        w = with_value(as_array(assembled(worN) if type(worN) in {list, tuple} else worN) * 1.0, w)
    z = np.exp(-1j * w * (2 * np.pi / given["fs"] if given.get("fs") is not None else 1.0))
    above, below = (np.polyval(np.atleast_1d(as_array(p))[::-1], z) for p in (b, a))
    return w, _agreeing(above / below, value, "scipy.signal.freqz")


# --- images -----------------------------------------------------------------------------------------------------------------------


def center_of_mass(input: Any, labels: Any = None, index: Any = None) -> Any:  # noqa: A002  # SciPy's name
    """``scipy.ndimage.center_of_mass`` of the whole array, or of what is labelled."""
    x = as_array(input) * 1.0
    value = scipy.ndimage.center_of_mass(plain(x), plainly(labels), index)
    if index is not None and np.ndim(index):
        return [center_of_mass(x, labels, int(i)) for i in index]
    if labels is not None:
        x = np.where(np.asarray(labels) == index if index is not None else np.asarray(labels) > 0, x, 0.0)
    total = np.sum(x)
    return tuple(with_value(np.sum(x * grid) / total, v) for grid, v in zip(np.indices(x.shape), value, strict=True))


def gaussian_gradient_magnitude(input: Any, sigma: Any, *args: Any, **options: Any) -> Any:  # noqa: A002  # SciPy's name
    """``scipy.ndimage.gaussian_gradient_magnitude``."""
    x = as_array(input) * 1.0
    value = scipy.ndimage.gaussian_gradient_magnitude(plain(x), sigma, *args, **options)
    smooth = resolve(scipy.ndimage.gaussian_filter)
    squares = 0.0
    for axis in range(x.ndim):
        order = [1 if k == axis else 0 for k in range(x.ndim)]
        squares = squares + smooth(x, sigma, order=order, **options) ** 2
    return _agreeing(np.sqrt(squares), value, "scipy.ndimage.gaussian_gradient_magnitude")


def generic_filter(input: Any, function: Any, *args: Any, **options: Any) -> Any:  # noqa: A002  # SciPy's name
    """``scipy.ndimage.generic_filter``: the user's function of each neighbourhood, which SciPy shows on an array of places."""
    x = as_array(input)
    extra, keywords = options.pop("extra_arguments", ()), options.pop("extra_keywords", None) or {}
    if options.get("output") is not None or len(args) > 2:
        refuse([x], "scipy.ndimage.generic_filter with output=", "Leave it out")
    seen: list[np.ndarray] = []
    border = options.get("cval", 0.0)

    def note(neighbourhood: np.ndarray) -> float:
        seen.append(neighbourhood.astype(int))
        return 0.0

    size = x.size
    scipy.ndimage.generic_filter(
        np.arange(1.0, size + 1).reshape(x.shape), note, *map(plainly, args), **(options | {"cval": 0.0})
    )
    padded = np.concatenate([np.full(1, border), np.ravel(x)])
    called = resolve(function)
    return np.reshape(assembled([called(padded[places], *extra, **keywords) for places in seen]), x.shape)


# --- finite differences -----------------------------------------------------------------------------------------------------------


@as_often_as_called
def approx_fprime(xk: Any, f: Any, epsilon: Any = 1.4901161193847656e-08, *args: Any) -> Any:
    """``scipy.optimize.approx_fprime``: forward differences, as the formula that they are."""
    if contains_traced([epsilon]):
        refuse(
            [xk, epsilon],
            "scipy.optimize.approx_fprime with a traced step",
            "A plain step is required: float(epsilon) outside of the function",
        )
    x = as_array(xk) * 1.0
    called = resolve(f)
    value = scipy.optimize.approx_fprime(plain(x), lambda t, *a: plainly(called(t, *a)), plainly(epsilon), *args)
    left(f, args)
    here = called(x, *args)
    here = assembled(here) if type(here) in {list, tuple} else here
    steps = np.broadcast_to(np.asarray(plainly(epsilon), float), x.shape)
    columns = []
    for k in range(x.size):
        step = np.zeros(x.shape)
        step[k] = steps[k]
        there = called(x + step, *args)
        there = assembled(there) if type(there) in {list, tuple} else there
        width = (plain(x)[k] + steps[k]) - plain(x)[k]
        columns.append((there - here) / width)
    result = np.stack(columns, axis=-1)
    return with_value(result, value) if np.allclose(plain(result), value, rtol=1e-5, atol=1e-6) else result


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.signal": table(
        "scipy.signal", {"welch": _spectrum("welch"), "periodogram": _spectrum("periodogram"), "freqz": freqz}
    ),
    "scipy.ndimage": table(
        "scipy.ndimage",
        {
            "center_of_mass": center_of_mass,
            "gaussian_gradient_magnitude": gaussian_gradient_magnitude,
            "generic_filter": generic_filter,
        },
    ),
    "scipy.optimize": table("scipy.optimize", {"approx_fprime": approx_fprime}),
}
