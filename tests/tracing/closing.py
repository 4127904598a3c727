"""What a function that used to raise must satisfy: value, type, first and second derivative of the unmodified function, against differences of the plain one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import gradwise as gw

if TYPE_CHECKING:
    from collections.abc import Callable


def weighed(z: Any) -> Any:
    """One number that sees every entry, bent so that second derivatives are seen too."""
    z = np.real(np.asarray(z))
    return np.sum((z + 0.1 * z * z) * np.cos(1.0 + np.arange(np.size(z))).reshape(np.shape(z)))


def slopes(f: Callable[[np.ndarray], Any], x: np.ndarray, h: float) -> np.ndarray:
    """Derivatives along all axes, by central differences of sixth order."""
    rows = []
    for e in np.eye(x.size):
        e = e.reshape(x.shape)
        d = [np.asarray(f(x + k * h * e), float) - np.asarray(f(x - k * h * e), float) for k in (1, 2, 3)]
        rows.append((45 * d[0] - 9 * d[1] + d[2]) / (60 * h))
    return np.stack(rows).reshape(*x.shape, *np.shape(rows[0]))


def closes(f: Callable[[Any], Any], x: Any, *, second: bool = True, h: float = 2e-4, rtol: float = 1e-7) -> None:
    """Check ``f`` at ``x``: its own value, the gradient of what ``weighed`` makes of it, forward and reverse mode, and the Hessian."""
    x = np.asarray(x, float)

    def g(y: Any) -> Any:
        return weighed(f(y))

    value, gradient = gw.value_and_grad(g, method="exact")(x)
    plain = g(x.copy())
    np.testing.assert_allclose(value, plain, rtol=1e-12, atol=1e-13)
    assert np.asarray(value).dtype == np.asarray(plain).dtype
    expected = slopes(g, x, h)
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(gradient, expected, rtol=rtol, atol=rtol * scale)
    jacobian = gw.jacfwd(f, method="exact")(x)
    want = np.moveaxis(slopes(f, x, h).reshape(x.size, -1), 0, -1)
    np.testing.assert_allclose(
        np.reshape(np.asarray(jacobian), (-1, x.size)),
        want,
        rtol=rtol,
        atol=rtol * max(1.0, float(np.max(np.abs(want), initial=0.0))),
    )
    if second:
        hessian = gw.hessian(g, method="exact")(x)
        bent = slopes(gw.grad(g, method="exact"), x, h)
        top = max(1.0, float(np.max(np.abs(bent), initial=0.0)))
        np.testing.assert_allclose(hessian, bent, rtol=1e-6, atol=1e-6 * top)
