r"""FITPACK's splines of one variable, of traced data and weights: as close to the data as a smoothing factor asks, or through them.

.. math:: \min_c \|W(A c - y)\|^2 + \lambda \|B c\|^2, \qquad \lambda : \|W(A c - y)\|^2 = s

A has the values of the B-splines at the places, B the jumps of their highest derivative at the knots.  FITPACK finds the knots one after the other, and then λ so that the sum is s to three digits.  The derivative is that of the problem with
the knots that it chose: λ moves as the sum requires, from the sum that SciPy's spline has (Newton's steps with the plain slope, exact up to the third derivative).  Where the last knot alone brought the sum to s (λ = 0), and for polynomials
and given knots, it is that of least squares, and the factor s has no share.  Differences of SciPy's own splines are noisier, and jump with the knots: they verify nothing.

References
----------
Dierckx (1993), Curve and Surface Fitting with Splines, chapter 5.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array, carries
from gradwise.tracing.holders import standing_for
from gradwise.tracing.standins.plain_callbacks import note_adaptive
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import refuse
from gradwise.tracing.standins.scipy_interpolation import IN_ONE_VARIABLE, agreeing, names_of
from gradwise.tracing.standins.scipy_linear_maps import linear_map
from gradwise.tracing.standins.scipy_spline_data import _with_coefficients
from gradwise.tracing.standins.stacking import leaves, plainly
from gradwise.tracing.traced import dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable

#: what is left of the normal equations without a penalty, relative to their size, where λ is 0; and with it
_ZERO, _LEFT = 1e-10, 1e-6
#: Newton's steps for λ
_STEPS = 3


def _jumps(t: np.ndarray, k: int) -> np.ndarray:
    """The jumps of the highest derivative of each B-spline at the inner knots, a row each."""
    n = len(t) - k - 1
    knots = t[k : n + 1]
    highest = scipy.interpolate.BSpline(t, np.eye(n), k).derivative(k)
    return np.diff(highest(0.5 * (knots[1:] + knots[:-1])), axis=0)


def fitted(what: str, x: np.ndarray, y: Any, w: Any, tck: Any, s: Any) -> Any:
    """The coefficients of the spline that FITPACK fitted, as a function of data, weights and smoothing factor."""
    t, c, k = tck
    n = len(t) - k - 1
    c = np.asarray(c, float)[:n]
    A, B = scipy.interpolate.BSpline.design_matrix(x, t, k).toarray(), _jumps(t, k)
    w = np.ones(len(x)) if w is None else as_array(w) * 1.0
    squared, numbers = plain(w) ** 2, np.asarray(plain(y), float)
    P = B.T @ B
    pull, bend = A.T @ (squared * (numbers - A @ c)), P @ c
    size = float(np.max(np.abs(A.T @ (squared * numbers)), initial=0.0))
    left = lam = 0.0
    if np.max(np.abs(pull), initial=0.0) > _ZERO * size and np.any(bend):
        lam = float(pull @ bend / (bend @ bend))
        left = float(np.max(np.abs(pull - lam * bend)))
    elif np.max(np.abs(pull), initial=0.0) > _LEFT * size:
        left = np.inf
    if left > _LEFT * size or lam < 0:
        refuse([y, w, s], f"scipy.interpolate.{what} whose spline could not be reproduced", "Give the knots instead")
    note_adaptive(f"scipy.interpolate.{what}")

    def at(penalty: Any) -> Any:
        return np.linalg.solve(A.T @ ((w * w)[:, None] * A) + penalty * P, A.T @ (w * w * y))

    if not lam:
        return at(0.0)
    near = np.linalg.solve(A.T @ (squared[:, None] * A) + lam * P, np.stack([A.T @ (squared * numbers), bend], 1))
    off = numbers - A @ near[:, 0]
    # the sum grows with λ: d c/dλ = −M⁻¹ P c
    slope = 2 * float((squared * off) @ (A @ near[:, 1]))
    wanted = float(squared @ off**2) + ((s - plain(s)) if carries(s) else 0.0)
    made: Any = lam
    for _ in range(_STEPS):
        rest = w * (y - A @ at(made))
        made = made - (rest @ rest - wanted) / slope
    return at(made)


# --- SciPy's objects ----------------------------------------------------------------------------------------------------------------


@standing_for("made")
class FittedSpline:
    """A spline of FITPACK's with traced coefficients.

    Attributes
    ----------
    made : UnivariateSpline
        SciPy's of the plain data, which has the knots and gives the values.
    """

    def __init__(self, made: Any, c: Any) -> None:
        t, own, k = made._eval_args
        self.made, self.ext = made, made.ext
        self._eval_args = t, agreeing(c, np.asarray(own)[: len(t) - k - 1]), k

    def __call__(self, x: Any, nu: Any = 0, ext: Any = None) -> Any:
        """``UnivariateSpline.__call__``."""
        return self._asked("__call__", x, nu, ext)

    def integral(self, a: Any, b: Any) -> Any:
        """``UnivariateSpline.integral``."""
        return self._asked("integral", a, b)

    def derivatives(self, x: Any) -> Any:
        """``UnivariateSpline.derivatives``."""
        return self._asked("derivatives", x)

    def get_coeffs(self) -> Any:
        """``UnivariateSpline.get_coeffs``."""
        return self._eval_args[1]

    def derivative(self, n: int = 1) -> FittedSpline:
        """``UnivariateSpline.derivative``."""
        return self._mapped("derivative", n)

    def antiderivative(self, n: int = 1) -> FittedSpline:
        """``UnivariateSpline.antiderivative``."""
        return self._mapped("antiderivative", n)

    def _asked(self, method: str, *args: Any) -> Any:
        ours = IN_ONE_VARIABLE["UnivariateSpline"][method]
        with at_line(*open_traces(leaves([self._eval_args[1], *args], []))):
            return ours(lambda _, *plain_args: getattr(self.made, method)(*plain_args), self, *args)

    def _mapped(self, method: str, n: int) -> FittedSpline:
        t, c, k = self._eval_args
        made = getattr(self.made, method)(n)
        kept = len(made._eval_args[0]) - made._eval_args[2] - 1

        def answer(data: Any) -> Any:
            spline = scipy.interpolate.UnivariateSpline._from_tck((t, np.append(data, np.zeros(k + 1)), k), self.ext)
            return getattr(spline, method)(n)._eval_args[1][:kept]

        with at_line(*open_traces(leaves([c], []))):
            return FittedSpline(made, linear_map(answer, c, made._eval_args[1][:kept], f"interpolate.{method}"))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.made, name)
        if name in {"get_knots", "ext", "__class__"} or not callable(found):
            return found
        return refuse([self._eval_args[1]], f"{name} of a spline of traced data", "Ask it for values or integrals")


_SIGNATURES = {
    "UnivariateSpline": ("x", "y", "w", "bbox", "k", "s", "ext", "check_finite"),
    "InterpolatedUnivariateSpline": ("x", "y", "w", "bbox", "k", "ext", "check_finite"),
    "LSQUnivariateSpline": ("x", "y", "t", "w", "bbox", "k", "ext", "check_finite"),
}


def _spline(name: str) -> Callable[..., Any]:
    """Stand-in for the class."""

    def call(*args: Any, **options: Any) -> Any:
        given = dict(zip(_SIGNATURES[name], args, strict=False)) | options
        others = [v for n, v in given.items() if n not in {"y", "w", "s"}]
        y, w, s = as_array(given["y"]), given.get("w"), given.get("s")
        y = y if dtype_of(plain(y)).kind == "f" else y.astype(float)
        if contains_traced(others):
            refuse(others, f"scipy.interpolate.{name} of traced places", "Data, weights and s may be traced")
        make = functools.partial(getattr(scipy.interpolate, name), **{n: plainly(v) for n, v in given.items() if n != "y"})  # fmt: skip
        made = make(y=plain(y))
        x = np.asarray(given["x"], float)
        if not _goes_through(name, s, made, x) or carries(w):
            return FittedSpline(made, fitted(name, x, y, w, made._eval_args, s))
        count = len(made._eval_args[0]) - made._eval_args[2] - 1

        def answer(data: Any) -> Any:
            return make(y=data, **({} if name != "UnivariateSpline" else {"s": 0}))._eval_args[1][:count]

        return FittedSpline(made, linear_map(answer, y, made._eval_args[1][:count], f"interpolate.{name}"))

    call.__name__ = name
    call.__doc__ = f"``scipy.interpolate.{name}`` of traced data, weights and smoothing factor."
    return call


def _goes_through(name: str, s: Any, made: Any, x: np.ndarray) -> bool:
    """Whether it is linear in the data: of given knots, or through all of them."""
    t, _, k = made._eval_args
    return name != "UnivariateSpline" or (s is not None and plain(s) == 0 and len(t) == len(x) + k + 1)


def splrep(x: Any, y: Any, *args: Any, **options: Any) -> Any:
    """``splrep`` of traced values, weights and smoothing factor."""
    make = scipy.interpolate.splrep
    y = as_array(y)
    names = ("w", "xb", "xe", "k", "task", "s", "t", "full_output", "per", "quiet")
    given = dict(zip(names, args, strict=False)) | options
    found = make(plainly(x), plain(y), **{n: plainly(v) for n, v in given.items()})
    fixed = [x, *[v for n, v in given.items() if n not in {"w", "s"}]]
    if contains_traced(fixed):
        refuse(fixed, "scipy.interpolate.splrep of traced places or knots", "Data, weights and s may be traced")
    if given.get("full_output") or (given.get("per") and plain(given.get("s"))) or given.get("task", 0) == 1:
        refuse([y], "scipy.interpolate.splrep that is periodic and smooths, or gives its full output", "Let s be 0")
    t, c, k = found
    n = len(t) - k - 1
    if given.get("per") or (given.get("task", 0) != -1 and len(t) == len(x) + k + 1):
        fixed_options = given | {"s": 0, "w": None}
        made = linear_map(lambda data: make(x, data, **fixed_options)[1][:n], y, c[:n], "interpolate.splrep")
    else:
        made = fitted("splrep", np.asarray(x, float), y, given.get("w"), found, given.get("s"))
    return t, np.concatenate([agreeing(made, c[:n]), c[n:]]), k


def make_splrep(x: Any, y: Any, *, w: Any = None, k: int = 3, s: Any = 0, **options: Any) -> Any:
    """``make_splrep`` of traced values, weights and smoothing factor."""
    make = scipy.interpolate.make_splrep
    y = as_array(y) * 1.0
    if contains_traced([x, *options.values()]):
        refuse([x, *options.values()], "scipy.interpolate.make_splrep of traced places", "Data, w and s may be traced")
    f = make(x, plain(y), w=plainly(w), k=k, s=plainly(s), **options)
    if plain(s) == 0:
        made = linear_map(lambda data: make(x, data, k=k, s=0, **options).c, y, f.c, "interpolate.make_splrep")
    else:
        made = fitted("make_splrep", np.asarray(x, float), y, w, (f.t, f.c, k), s)
    return _with_coefficients(f, "c", made)


STAND_INS = names_of({name: _spline(name) for name in _SIGNATURES} | {"splrep": splrep, "make_splrep": make_splrep})
