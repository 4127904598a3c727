"""``numpy.polynomial`` and ``np.poly1d`` on traced points and coefficients: values of series by Clenshaw's recurrences.

Clenshaw (1955), *A note on the summation of Chebyshev series*; the recurrences of the other families are those of Abramowitz & Stegun 22.7.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.instrument.compiling import HOOKS
from gradwise.tracing.instrument.constructing import construct
from gradwise.tracing.standins.arrays import array
from gradwise.tracing.standins.opened import run_opened
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.scipy_calling import table, with_value
from gradwise.tracing.standins.stacking import assembled, plainly
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

#: family → (b, c, first): with f_n = the terms from n on, f_n = a_n + c0; one step is c0 = a − c1·b(n), c1 = c0' + c1·c(n, x); the sum is c0 + c1·first(x)
_RECURRENCES: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "chebyshev": (lambda n: 1.0, lambda n, x: 2 * x, lambda x: x),
    "legendre": (lambda n: (n - 1) / n, lambda n, x: x * (2 * n - 1) / n, lambda x: x),
    "hermite": (lambda n: 2.0 * (n - 1), lambda n, x: 2 * x, lambda x: 2 * x),
    "hermite_e": (lambda n: n - 1.0, lambda n, x: x, lambda x: x),
    "laguerre": (lambda n: (n - 1) / n, lambda n, x: ((2 * n - 1) - x) / n, lambda x: 1 - x),
}
_VALUES = {
    "polynomial": "polyval",
    "chebyshev": "chebval",
    "legendre": "legval",
    "hermite": "hermval",
    "hermite_e": "hermeval",
    "laguerre": "lagval",
}
_CLASSES = {
    "polynomial": "Polynomial",
    "chebyshev": "Chebyshev",
    "legendre": "Legendre",
    "hermite": "Hermite",
    "hermite_e": "HermiteE",
    "laguerre": "Laguerre",
}


def _module(family: str) -> Any:
    return importlib.import_module(f"numpy.polynomial.{family}")


def _summed(family: str, x: Any, c: Any) -> Any:
    """The series at x; the coefficients along the first axis of c."""
    n = len(c)
    if family == "polynomial":
        total = c[-1] + x * 0
        for i in range(2, n + 1):
            total = c[-i] + total * x
        return total
    lower, upper, first = _RECURRENCES[family]
    if n == 1:
        return c[0] + 0 * x
    c0, c1 = c[-2], c[-1]
    for k in range(n - 1, 1, -1):
        c0, c1 = c[k - 2] - c1 * lower(k), c0 + c1 * upper(k, x)
    return c0 + c1 * first(x)


def _value(family: str) -> Callable[..., Any]:
    name = _VALUES[family]

    def call(x: Any, c: Any, tensor: bool = True) -> Any:
        original = getattr(_module(family), name)
        if hasattr(x, "coef"):
            return run_opened(original, x, c, tensor)
        value = original(plain(x), plain(c), tensor)
        c = np.atleast_1d(as_array(c))
        c = c if c.dtype.kind in "fc" else c.astype(float)
        if np.ndim(plain(x)) and tensor:
            x = as_array(x)
            c = np.reshape(c, c.shape + (1,) * x.ndim)
        return with_value(_summed(family, x, c), value)

    call.__name__ = name
    call.__doc__ = f"``numpy.polynomial.{family}.{name}``."
    return call


# --- the classes ----------------------------------------------------------------------------------------------------------------


def _made(family: str) -> Callable[..., Any]:
    """Stand-in for a call of the class: a series whose coefficients may be traced."""

    def call(coef: Any, *args: Any, **kwargs: Any) -> Any:
        cls = getattr(np.polynomial, _CLASSES[family])
        if contains_traced((*args, *kwargs.values())):
            return construct(cls, coef, *args, **kwargs)  # a domain or window: by NumPy's own code
        if not contains_traced(coef):
            return cls(coef, *args, **kwargs)
        series = cls(plainly(coef), *args, **kwargs)
        made = array(coef, ndmin=1)
        series.coef = made if made.dtype.kind in "fc" else series.coef
        return series

    call.__name__ = _CLASSES[family]
    call.__doc__ = f"``np.polynomial.{_CLASSES[family]}``."
    return call


def _opened(series: Any, *others: Any) -> bool:
    """Whether NumPy's own code runs: of a traced domain or window, or of another series as the argument."""
    return (
        isinstance_traced(series.domain)
        or isinstance_traced(series.window)
        or any([hasattr(a, "coef") and _opened(a) for a in others])
    )


def _called(series: Any, arg: Any) -> Any:
    """``series(x)`` of a series of ``numpy.polynomial``."""
    if hasattr(arg, "coef"):  # NumPy makes an array of objects of it, whose loops are compiled
        offset, scale = run_opened(np.polynomial.polyutils.mapparms, series.domain, series.window)
        return run_opened(type(series)._val, HOOKS["add"](offset, HOOKS["mul"](scale, arg)), series.coef)
    if _opened(series):
        return run_opened(type(series).__call__, series, arg)
    base = next(cls for cls in type(series).__mro__ if cls.__module__.startswith("numpy."))  # of a class of the user's
    evaluated = base.__call__
    if not contains_traced(arg) and not isinstance_traced(series.coef):
        return evaluated(series, arg)
    family = base.__module__.rpartition(".")[2]
    arg = assembled(arg) if type(arg) in {list, tuple} and contains_traced(arg) else arg
    offset, scale = np.polynomial.polyutils.mapparms(series.domain, series.window)
    value = evaluated(base(plain(series.coef), series.domain, series.window), plain(arg))
    x = arg if offset == 0 and scale == 1 else offset + scale * arg
    return with_value(_VALUE_FUNCTIONS[family](x, series.coef), value)


def _plain_series(series: Any) -> Any:
    return type(series)(plain(series.coef), series.domain, series.window, series.symbol)


# --- derivatives, integrals, sums and products: linear in the coefficients of each operand --------------------------------------------


def _units(n: int) -> Any:
    return np.eye(n)


def _padded(rows: list[Any], n: int) -> np.ndarray:
    made = np.zeros((len(rows), n))
    for row, c in zip(made, rows, strict=True):
        row[: min(n, len(c))] = c[:n]
    return made


def _trimmed(made: Any, value: Any) -> Any:
    """The first coefficients, as many as NumPy's result has: it leaves out those at the end that are 0.  That they are, and the one before is not, is guarded."""
    n = len(value)
    concrete(made[n - 1 :] != 0, "mask")
    return with_value(made[:n], value)


def _linear(series: Any, function: Callable[[Any], Any]) -> Any:
    """What an affine function of a series' coefficients gives: another series, of which ``function`` makes the plain one."""
    expected = function(_plain_series(series))
    c = series.coef
    n = len(expected.coef)
    zero = function(_with_coefficients(series, np.zeros(len(c)))).coef
    images = [function(_with_coefficients(series, u)).coef for u in _units(len(c))]
    n = max(n, *map(len, images), len(zero))
    constant = _padded([zero], n)[0]
    matrix = _padded(images, n) - constant
    expected.coef = _trimmed(c @ matrix + constant, expected.coef)
    return expected


def _with_coefficients(series: Any, c: Any) -> Any:
    return type(series)(c, series.domain, series.window, series.symbol)


def _one_operand(name: str) -> Callable[..., Any]:
    def call(series: Any, *args: Any, **kwargs: Any) -> Any:
        if contains_traced((*args, *kwargs.values())) or _opened(series):
            return run_opened(getattr(type(series), name), series, *args, **kwargs)
        if not isinstance_traced(series.coef):
            return getattr(series, name)(*args, **kwargs)
        return _linear(series, lambda s: getattr(s, name)(*args, **kwargs))

    call.__name__ = name
    call.__doc__ = f"``{name}`` of a series of ``numpy.polynomial``."
    return call


def _traced_operand(a: Any) -> bool:
    return isinstance_traced(a) or (hasattr(a, "coef") and isinstance_traced(a.coef))


def _as_series(a: Any, like: Any) -> Any:
    """An operand as a series: numbers and lists of coefficients are constants of that family."""
    if hasattr(a, "coef"):
        return a
    c = array(a, ndmin=1)
    made = _with_coefficients(like, np.asarray(plain(c), float))
    made.coef = c
    return made


def _operator(name: str) -> Callable[..., Any]:
    original = getattr(np.polynomial.Polynomial, name)

    def call(series: Any, *others: Any) -> Any:
        if not _traced_operand(series) and not any(map(_traced_operand, others)):
            return original(series, *others)
        if _opened(series, *others):
            return run_opened(original, series, *others)
        if name == "__neg__":
            return _linear(series, original)
        (other,) = others
        if name == "__pow__":
            result = series
            for _ in range(int(other) - 1):
                result = call_of["__mul__"](result, series)
            return result if int(other) == other and other > 0 else original(_plain_series(series), plain(other))
        if name == "__truediv__":
            return _over(series, other)
        a, b = series, _as_series(other, series)
        if name.startswith("__r"):
            a, b = b, a
        function = getattr(type(_plain_series(a)), name.replace("__r", "__"))
        expected = function(_plain_series(a), _plain_series(b))
        return _bilinear(function, a, b, expected, multiplies=name in {"__mul__", "__rmul__"})

    call.__name__ = name
    call_of[name] = call
    return call


call_of: dict[str, Callable[..., Any]] = {}


def _over(series: Any, number: Any) -> Any:
    if hasattr(number, "coef"):
        return _plain_series(series) / number  # raises as it does
    made = _plain_series(series) / plain(number)
    made.coef = series.coef / number
    return made


def _bilinear(function: Any, a: Any, b: Any, expected: Any, *, multiplies: bool) -> Any:
    """Products are linear in each operand, sums in both together."""
    ca, cb = as_array(a.coef), as_array(b.coef)
    zero_a, zero_b = np.zeros(len(ca)), np.zeros(len(cb))
    if multiplies:
        images = [
            function(_with_coefficients(a, u), _with_coefficients(b, v)).coef
            for u in _units(len(ca))
            for v in _units(len(cb))
        ]
        c = np.reshape(ca[:, None] * cb, (-1,))
    else:
        images = [function(_with_coefficients(a, u), _with_coefficients(b, zero_b)).coef for u in _units(len(ca))]
        images += [function(_with_coefficients(a, zero_a), _with_coefficients(b, v)).coef for v in _units(len(cb))]
        c = np.concatenate([ca, cb])
    n = max(len(expected.coef), *map(len, images))
    expected.coef = _trimmed(c @ _padded(images, n), expected.coef)
    return expected


def poly1d(c_or_r: Any, r: bool = False, variable: Any = None) -> Any:
    """``np.poly1d`` of traced coefficients."""
    return np.poly1d(assembled(c_or_r) if type(c_or_r) in {list, tuple} else c_or_r, r, variable)


_VALUE_FUNCTIONS = {family: _value(family) for family in _VALUES}

STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "numpy": {"poly1d": poly1d},
    "numpy.polynomial": {name: _made(family) for family, name in _CLASSES.items()},
    **{
        f"numpy.polynomial.{family}": table(f"numpy.polynomial.{family}", {name: _VALUE_FUNCTIONS[family]})
        for family, name in _VALUES.items()
    },
}


def _roots(series: Any) -> Any:
    """``roots`` of a series: those of the polynomial in powers that it is, matched one by one."""
    if _opened(series):
        return run_opened(type(series).roots, series)
    if not isinstance_traced(series.coef):
        return series.roots()
    value = _plain_series(series).roots()
    kind = np.polynomial.Polynomial
    powers = series if type(series) is kind else _one_operand("convert")(series, kind=kind)
    if type(series) is kind:
        offset, scale = np.polynomial.polyutils.mapparms(series.window, series.domain)
    else:
        offset, scale = 0, 1
    ours = np.sort(np.roots(powers.coef[::-1]))  # as NumPy sorts them
    ours = ours if offset == 0 and scale == 1 else offset + scale * ours
    distance = np.abs(np.asarray(plain(ours))[None, :] - value[:, None])
    order = np.argmin(distance, axis=1)
    if not np.array_equal(order, np.arange(order.size)):  # by rounding
        concrete(series.coef)
    if np.unique(order).size < order.size:
        raise series.coef.tape.fail(
            "roots() of a series with traced coefficients at equal roots: these have no derivative. Simple roots are required"
        )
    found = ours[order]
    return with_value(found.real if value.dtype.kind == "f" and found.dtype.kind == "c" else found, value)


_OPERATORS = ("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__neg__", "__pow__", "__truediv__")


def _series() -> dict[type, dict[str, Callable[..., Any]]]:
    ours: dict[str, Callable[..., Any]] = {
        "__call__": _called,
        **{name: _one_operand(name) for name in ("deriv", "integ", "convert")},
    }
    ours["roots"] = _roots
    ours |= {name: _operator(name) for name in _OPERATORS}
    return {getattr(np.polynomial, name): ours for name in _CLASSES.values()}


LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {"numpy.polynomial": _series}
