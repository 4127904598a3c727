r"""Mathieu's functions of ``scipy.special``, and fast Hankel transforms of ``scipy.fft``, by all that moves in them.

.. math:: y'' + (a - 2 q \cos 2x)\, y = 0, \qquad \mathrm{ce}_m = \sum_k A_k \cos kx, \quad \mathrm{se}_m = \sum_k B_k \sin kx

The characteristic values a are the eigenvalues of a tridiagonal matrix, and the coefficients its vectors (DLMF 28.4); matrix and vectors are recorded, and take SciPy's values.  The transforms are the discrete ones of Hamilton (2000), *Uncorrelated
modes of the non-linear power spectrum*: linear in the sequence, with factors that SciPy gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.scipy_calling import confirmed, refuse, table, with_value

if TYPE_CHECKING:
    from collections.abc import Callable

#: harmonics beyond the order, and for each √|q|
_BEYOND, _EACH = 24, 3


_CURE = "Plain q and x, or method='numerical', are possible"


def _matrix(order: int, q: Any, *, even: bool) -> tuple[Any, np.ndarray, int]:
    """The matrix, the harmonics of its rows, and which of its eigenvalues is meant."""
    more = concrete(np.floor(_EACH * np.sqrt(np.max(np.abs(q), initial=0.0))), "index")
    count = _BEYOND + order // 2 + int(more)
    first = order % 2 if even else 2 - order % 2
    harmonics = first + 2.0 * np.arange(count)
    coupling = np.eye(count, k=1) + np.eye(count, k=-1)
    if first == 0:
        coupling[0, 1] = coupling[1, 0] = np.sqrt(2)
    elif first == 1:
        coupling[0, 0] = 1.0 if even else -1.0
    return np.diag(harmonics**2) + q[..., None, None] * coupling, harmonics, (order - first) // 2


def _characteristic(name: str, *, even: bool) -> Callable[..., Any]:
    def call(m: Any, q: Any) -> Any:
        order = concrete(m, "int")
        value = getattr(scipy.special, name)(order, plain(q))
        q = as_array(q) * np.float64(1.0)
        if np.ndim(order):
            refuse([q], f"scipy.special.{name} of several orders", "Call it for each order")
        matrix, _, place = _matrix(int(order), q, even=even)
        return confirmed(np.linalg.eigvalsh(matrix)[..., place], value, name, _CURE)

    call.__name__ = name
    call.__doc__ = f"``scipy.special.{name}`` of one plain order."
    return call


def _angular(name: str, *, even: bool) -> Callable[..., Any]:
    def call(m: Any, q: Any, x: Any) -> Any:
        order = concrete(m, "int")
        value = getattr(scipy.special, name)(order, plain(q), plain(x))
        q, x = as_array(q) * np.float64(1.0), as_array(x) * np.float64(1.0)
        if np.ndim(order):
            refuse([q, x], f"scipy.special.{name} of several orders", "Call it for each order")
        concrete(q)  # the sign of the vector of another matrix may be the other one
        matrix, harmonics, place = _matrix(int(order), q, even=even)
        vector = np.linalg.eigh(matrix)[1][..., place]
        scale = np.where(harmonics == 0, np.sqrt(0.5), 1.0)
        angle = harmonics * (x * (np.pi / 180))[..., None]
        terms = (np.cos(angle), -harmonics * np.sin(angle)) if even else (np.sin(angle), harmonics * np.cos(angle))
        y, slope = (np.sum(vector * scale * t, axis=-1) for t in terms)
        side = np.where(plain(y) * value[0] + plain(slope) * value[1] < 0, -1.0, 1.0)
        return tuple(confirmed(side * made, v, name, _CURE) for made, v in zip((y, slope), value, strict=True))

    call.__name__ = name
    call.__doc__ = f"``scipy.special.{name}`` of one plain order: value and slope."
    return call


def _hankel(name: str) -> Callable[..., Any]:
    def call(a: Any, dln: Any, mu: Any, offset: Any = 0.0, bias: Any = 0.0) -> Any:
        if contains_traced((dln, mu, offset, bias)):
            refuse([dln, mu, offset, bias], f"scipy.fft.{name} by its parameters", "Only the sequence may be traced")
        a = as_array(a) * 1.0
        value = getattr(scipy.fft, name)(plain(a), dln, mu, offset, bias)
        rows = np.stack([getattr(scipy.fft, name)(unit, dln, mu, offset, bias) for unit in np.eye(a.shape[-1])])
        return with_value(a @ rows, value)

    call.__name__ = name
    call.__doc__ = f"``scipy.fft.{name}`` of a traced sequence."
    return call


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.special": table(
        "scipy.special",
        {
            "mathieu_a": _characteristic("mathieu_a", even=True),
            "mathieu_b": _characteristic("mathieu_b", even=False),
            "mathieu_cem": _angular("mathieu_cem", even=True),
            "mathieu_sem": _angular("mathieu_sem", even=False),
        },
    ),
    "scipy.fft": table("scipy.fft", {"fht": _hankel("fht"), "ifht": _hankel("ifht")}),
}
