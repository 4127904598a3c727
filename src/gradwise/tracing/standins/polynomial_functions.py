"""The functions of ``numpy.polynomial`` on traced coefficients, points and roots: ``chebder``, ``polymul``, ``legvander``, ``hermval2d`` and their relatives.

What is affine in the coefficients is found from unit vectors, with NumPy's own function; the rest is composed of that and of values of series (``polynomial_series``).
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array, carries, integers
from gradwise.tracing.standins.opened import run_opened
from gradwise.tracing.standins.polynomial_series import (
    _CLASSES,
    _VALUE_FUNCTIONS,
    _made,
    _padded,
    _roots,
    _summed,
    _trimmed,
)
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.scipy_calling import table, with_value
from gradwise.tracing.standins.stacking import plainly
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIXES = {
    "polynomial": "poly",
    "chebyshev": "cheb",
    "legendre": "leg",
    "hermite": "herm",
    "hermite_e": "herme",
    "laguerre": "lag",
}


def _original(family: str, name: str) -> Any:
    return getattr(importlib.import_module(f"numpy.polynomial.{family}"), name)


def _numbers(c: Any) -> Any:
    c = np.atleast_1d(as_array(c))
    return c if dtype_of(plain(c)).kind in "fc" else c.astype(float)


def _affine(function: Callable[[Any], Any], c: Any, *, trims: bool = True) -> Any:
    """What an affine function of coefficients gives, which stand along the first axis."""
    value = function(plain(c))
    n = len(plain(c))
    zero = np.atleast_1d(function(np.zeros(n)))
    images = [np.atleast_1d(function(u)) for u in np.eye(n)]
    longest = max(len(zero), *map(len, images))
    constant = _padded([zero], longest)[0]
    matrix = _padded(images, longest) - constant
    made = np.tensordot(matrix.T, c, 1)
    if np.any(constant):
        made = made + constant.reshape(-1, *(1,) * (np.ndim(plain(c)) - 1))
    return _trimmed(made, value) if trims else with_value(made, value)


def _of_coefficients(family: str, name: str) -> Callable[..., Any]:
    """``chebder``, ``chebint``: along an axis."""

    def call(c: Any, *args: Any, axis: Any = 0, **options: Any) -> Any:
        if contains_traced((*args, *options.values())):
            return run_opened(_original(family, name), c, *args, axis=axis, **options)
        original, places = _original(family, name), ("m", "scl") if name.endswith("der") else ("m", "k", "lbnd", "scl")
        if len(args) > len(places):
            args, axis = args[:-1], args[-1]
        moved = np.moveaxis(_numbers(c), integers(axis), 0)
        return np.moveaxis(_affine(lambda v: original(v, *args, **options), moved, trims=False), 0, axis)

    return call


def _converting(family: str, name: str) -> Callable[..., Any]:
    """``cheb2poly``, ``poly2cheb``, ``chebmulx``."""
    return lambda c: _affine(_original(family, name), _numbers(c))


def _sum(family: str, name: str) -> Callable[..., Any]:
    def call(c1: Any, c2: Any) -> Any:
        value = _original(family, name)(plain(c1), plain(c2))
        c1, c2 = _numbers(c1), _numbers(c2)
        n = max(len(plain(c1)), len(plain(c2)))
        c1, c2 = (np.concatenate([c, np.zeros(n - len(plain(c)))]) for c in (c1, c2))
        return _trimmed(c1 + c2 if name.endswith("add") else c1 - c2, value)

    return call


def _product(family: str, name: str) -> Callable[..., Any]:
    def call(c1: Any, c2: Any) -> Any:
        original = _original(family, name)
        value = original(plain(c1), plain(c2))
        c1, c2 = _numbers(c1), _numbers(c2)
        m, n = len(plain(c1)), len(plain(c2))
        images = [original(u, v) for u in np.eye(m) for v in np.eye(n)]
        pairs = np.reshape(c1[:, None] * c2, (-1,))
        return _trimmed(pairs @ _padded(images, m + n - 1), value)

    return call


def _power(family: str, name: str) -> Callable[..., Any]:
    def call(c: Any, pow: Any, maxpower: Any = 16) -> Any:  # noqa: A002  # NumPy's name
        power = int(integers(pow))
        value = _original(family, name)(plain(c), power, maxpower)
        product = _product(family, _PREFIXES[family] + "mul")
        return _trimmed(functools.reduce(product, [_numbers(c)] * power), value) if power else value

    return call


def _from_roots(family: str, name: str) -> Callable[..., Any]:
    def call(roots: Any) -> Any:
        value = _original(family, name)(plain(roots))
        powers = np.poly(_numbers(roots))[::-1]
        if family != "polynomial":
            powers = _affine(_original(family, "poly2" + _PREFIXES[family]), powers, trims=False)
        return with_value(powers, value)

    return call


def _basis(family: str, x: Any, deg: Any) -> Any:
    return np.stack([_summed(family, x, u) for u in np.eye(int(integers(deg)) + 1)], axis=-1)


def _vandermonde(family: str, name: str) -> Callable[..., Any]:
    """``chebvander``, ``chebvander2d``, ``chebvander3d``."""
    axes = 1 if name.endswith("vander") else int(name[-2])

    def call(*args: Any) -> Any:
        points, deg = args[:axes], integers(args[axes])
        value = _original(family, name)(*map(plain, points), deg)
        parts = [
            _basis(family, _numbers(x) if np.ndim(plain(x)) == 0 else as_array(x), d)
            for x, d in zip(points, [deg] if axes == 1 else deg, strict=True)
        ]
        made = parts[0]
        for part in parts[1:]:
            made = made[..., None] * part[..., None, :]
            made = np.reshape(made, (*made.shape[:-2], -1))
        return with_value(made, value)

    return call


def _in_several(family: str, name: str) -> Callable[..., Any]:
    """``chebval2d``, ``chebval3d``, ``chebvalnd``; ``chebgrid2d``, ``chebgrid3d``."""
    one = _VALUE_FUNCTIONS[family]
    grid = "grid" in name

    def call(*args: Any) -> Any:
        points, c = (args[0], args[1]) if name.endswith("nd") else (args[:-1], args[-1])
        points = [as_array(x) for x in points]
        value = _original(family, name)(
            *([[*map(plain, points)]] if name.endswith("nd") else map(plain, points)), plain(c)
        )
        made = one(points[0], c)
        for x in points[1:]:
            made = one(x, made) if grid else one(x, made, False)
        return with_value(made, value)

    return call


def _fit(family: str, name: str) -> Callable[..., Any]:
    """``chebfit`` of traced values: linear in them; of traced points and weights by NumPy's own code."""

    def call(x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None) -> Any:
        if full or contains_traced([x, w]) or carries(x) or carries(w):
            return run_opened(_original(family, name), x, y, deg, rcond, full, w)
        original = _original(family, name)
        y = _numbers(y)
        matrix = original(x, np.eye(len(plain(y))), deg, rcond, w=w)
        return with_value(matrix @ y, original(x, plain(y), deg, rcond, w=w))

    return call


def _roots_of(family: str, name: str) -> Callable[..., Any]:
    return lambda c: _roots(_made(family)(_numbers(c)))


def _trim(family: str, name: str) -> Callable[..., Any]:
    def call(c: Any, tol: Any = 0) -> Any:
        value = _original(family, name)(plain(c), plainly(tol))
        c = _numbers(c)
        concrete(np.abs(c[len(value) - 1 :]) > tol, "mask")
        return with_value(c[: len(value)], value)

    return call


_KINDS: dict[str, Callable[[str, str], Callable[..., Any]]] = {
    "der": _of_coefficients,
    "int": _of_coefficients,
    "mulx": _converting,
    "2poly": _converting,
    "add": _sum,
    "sub": _sum,
    "mul": _product,
    "pow": _power,
    "fromroots": _from_roots,
    "roots": _roots_of,
    "fit": _fit,
    "trim": _trim,
    **dict.fromkeys(("vander", "vander2d", "vander3d"), _vandermonde),
    **dict.fromkeys(("val2d", "val3d", "valnd", "grid2d", "grid3d"), _in_several),
}


def _table(family: str) -> dict[str, Callable[..., Any]]:
    prefix = _PREFIXES[family]
    names = {prefix + kind: make for kind, make in _KINDS.items()} | {"poly2" + prefix: _converting}
    made = {name: make(family, name) for name, make in names.items() if name != "poly2poly"}
    return table(f"numpy.polynomial.{family}", made)


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    f"numpy.polynomial.{family}": _table(family) for family in _CLASSES
}
