"""What every program is held to here: the first derivative, the second call at the same point, and calls at other points with changes of state between, in the default mode and with ``pure=False``.

The value is that of the plain run, the gradient that of extrapolated central differences of plain runs from the same state, and what the program keeps holds what it holds after plain runs.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import gradwise as gw
from gradwise.tracing.traced import isinstance_traced


def points(x: np.ndarray) -> list[np.ndarray]:
    """The point, the same again, and others near it."""
    moved = [x * (1 + 0.03 * np.sin(1.7 * k + np.arange(x.size).reshape(x.shape) * 2.3)) for k in range(1, 4)]
    return [x.copy(), x.copy(), *moved]


def kept(value: Any, depth: int = 6) -> Any:
    """What an object holds, as comparable text and numbers; fails where something is traced."""
    assert not isinstance_traced(value)
    if depth == 0 or value is None or isinstance(value, (int, float, complex, str, np.generic)):
        return value
    if isinstance(value, np.ndarray):
        return (value.shape, str(value.dtype), value.tolist())
    if isinstance(value, dict):
        return {str(k): kept(v, depth - 1) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [kept(v, depth - 1) for v in value]
    if isinstance(value, (np.random.Generator, type)) or not hasattr(value, "__dict__"):
        return type(value).__name__
    return {k: kept(v, depth - 1) for k, v in vars(value).items()}


def state(f: Any) -> Any:
    """What is kept by a function's owner, its attributes, its closure."""
    owner = getattr(f, "__self__", f)
    held = [kept(vars(owner))] if hasattr(owner, "__dict__") else []
    return held + [kept(cell.cell_contents) for cell in getattr(f, "__closure__", None) or ()]


def _close(a: Any, b: Any) -> None:
    """Equal but for rounding, however deep."""
    if isinstance(b, dict):
        assert a.keys() == b.keys()
        for k in b:
            _close(a[k], b[k])
    elif isinstance(b, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            _close(x, y)
    elif isinstance(b, (float, np.floating)):
        assert type(a) is type(b)
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)
    else:
        assert a == b


def _advanced(make: Any, where: list[np.ndarray], k: int) -> Any:
    """A new program with the state that it has before call number k."""
    f, change = _made(make)
    for j in range(k):
        change(j)
        f(where[j].copy())
    change(k)
    return f


def _made(make: Any) -> Any:
    made = make()
    return made if isinstance(made, tuple) else (made, lambda k: None)


def differences(make: Any, where: list[np.ndarray], k: int) -> np.ndarray:
    """The gradient at call number k, by extrapolated differences of plain runs."""
    x = where[k]
    found = []
    for place in np.ndindex(x.shape):
        h = 2e-3 * max(1.0, abs(x[place]))

        def at(step: float, place: tuple[int, ...] = place) -> Any:
            moved = x.copy()
            moved[place] += step
            return np.asarray(_advanced(make, where, k)(moved), float)

        estimates = [(at(s) - at(-s)) / (2 * s) for s in (h, h / 2, h / 4)]
        for order in (4, 16):
            estimates = [(order * b - a) / (order - 1) for a, b in itertools.pairwise(estimates)]
        found.append(estimates[0])
    return np.moveaxis(np.array(found), 0, -1)


def check(make: Any, x: Any, rtol: float = 1e-6) -> None:
    """Hold the program that ``make()`` gives, or a pair of it and ``change(k)``, to all this."""
    where = points(np.array(x, float))
    expected = [differences(make, where, k) for k in range(len(where))]
    for options in ({}, {"pure": False}):
        plain, change_plain = _made(make)
        watched, change_watched = _made(make)
        operator = gw.value_and_grad(watched, method="exact", **options)
        for k, point in enumerate(where):
            change_plain(k)
            change_watched(k)
            want = plain(point.copy())
            given = point.copy()
            if np.ndim(want):
                gradient = gw.jacobian(watched, method="exact", **options)(given)
            else:
                value, gradient = operator(given)
                np.testing.assert_allclose(value, want, rtol=1e-12, atol=1e-14)
                assert np.asarray(value).dtype == np.asarray(want).dtype
            gradient = np.reshape(gradient, expected[k].shape)
            scale = max(1.0, float(np.max(np.abs(expected[k]))))
            np.testing.assert_allclose(gradient, expected[k], rtol=0, atol=rtol * scale, err_msg=f"call {k} {options}")
            _close(state(watched), state(plain))
