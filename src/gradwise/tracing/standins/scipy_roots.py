"""``scipy.optimize``'s root finders: brentq, brenth, bisect, ridder, toms748, newton, root_scalar, fixed_point, fsolve, root.

SciPy finds the root, from plain values.  Its derivative is the implicit function theorem's, whatever way the solver took (``operators/implicit.py``).  So it is the derivative of the root, not of the iteration: exact as far as the root is, and independent of where the solver started.
Where the code of the equation proves that it leaves nothing behind (``proven.py``), SciPy runs on it as it is, and it is traced once, at the root.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.roots import differentiated, rooted, rooted_anew
from gradwise.tracing.standins.again import fixed
from gradwise.tracing.standins.equations_solved import Equation, Way, quietly, reported, solved
from gradwise.tracing.standins.recording import at_line
from gradwise.tracing.standins.scipy_calling import only_at_this_point, with_value
from gradwise.tracing.standins.stacking import plainly

if TYPE_CHECKING:
    from collections.abc import Callable


def _args(args: Any) -> tuple[Any, ...]:
    """Further arguments where SciPy takes anything but a tuple for one of them."""
    return args if isinstance(args, tuple) else (args,)


def unpacked(args: Any) -> tuple[Any, ...]:
    """Further arguments where SciPy goes over them as they are: a list of two is two."""
    return args if type(args) is tuple else tuple(args)


def _moves(equation: Equation, value: Any, what: str) -> bool:
    """Whether the root depends on something traced; raises if it is none."""
    if not equation.traces:
        return False
    if not np.all(np.isfinite(value)):
        raise equation.traces[0].fail(f"{what} found no root: {value!r}. A root is required for its derivative")
    return True


def _not_converged(equation: Equation, what: str, message: Any) -> Exception:
    trace = equation.traces[0]
    return trace.fail(
        f"{what} did not converge ({str(message).strip()}), and what is no root has no derivative by its equation. A better start, or more iterations, are required"
    )


def _differentiated(kind: int, equation: Equation, value: Any, **options: Any) -> Any:
    with at_line(*equation.traces):
        if equation.again is not None:
            made = rooted_anew[0](equation.formula, value, equation.again, each=kind == 0, fixed=options.get("fixed", False))  # fmt: skip
            if made is not None:
                return with_value(made, value)
        only_at_this_point(equation.traces)
        if equation.formula is not None:
            made = rooted[0](equation.formula, value, each=kind == 0, fixed=options.get("fixed", False))
            if made is not None:
                return with_value(made, value)
        with np.errstate(all="ignore"):
            made = differentiated[kind](equation.function, value, equation.args, **options)
        equation.restore()
        if not np.all(np.isfinite(plain(made))):
            raise equation.traces[0].fail(
                f"the equation has the root {value!r}, where its slope is zero, and the root no derivative. A root that the equation crosses with a slope is required. "
                "Move what it depends on, or solve an equivalent equation with a simple root"
            )
        return with_value(made, value)


def _if_a_root(kind: int, equation: Equation, value: Any, what: str, message: Any, **options: Any) -> Any:
    """The derivative at what a solver gave up at: a root, if Newton's steps stay there (a tolerance below rounding cannot be met)."""
    with at_line(*equation.traces):
        only_at_this_point(equation.traces)
        found = differentiated[kind](equation.function, value, equation.args, **options)
        equation.restore()
        away = np.max(np.abs(np.asarray(plain(found)) - value), initial=0.0)
        if not away <= 1e-9 * (1.0 + np.max(np.abs(value), initial=0.0)):
            raise _not_converged(equation, what, message)
        return with_value(found, value)


# --- one equation ------------------------------------------------------------------------------------------------------------------


def _root_of(found: Any) -> Any:
    return found[0] if isinstance(found, tuple) else found


def _bracketing(name: str) -> Callable[..., Any]:
    def find(f: Any, a: Any, b: Any, args: Any = (), *rest: Any, **options: Any) -> Any:
        rest, options = fixed(rest), fixed(options)

        def run(f: Any, others: list[Any], args: tuple[Any, ...]) -> Any:
            return getattr(scipy.optimize, name)(f, plain(a), plain(b), args, *rest, **options)

        names = (*(("k",) if name == "toms748" else ()), "xtol", "rtol", "maxiter", "full_output", "disp")
        named = dict(zip(names, rest, strict=False)) | options | {"full_output": True}
        way = Way(name, named, (a, b), _converged)
        equation, found = solved(run, _root_of, f, (), _args(args), plain(a), (*rest, *options.values()), way)
        full = isinstance(found, tuple)
        value = found[0] if full else found
        if not _moves(equation, value, name):
            return found
        if full and not found[1].converged:
            raise _not_converged(equation, name, found[1].flag)
        root = _differentiated(0, equation, value)
        if full:
            found[1].root = root
            return root, found[1]
        return root

    find.__name__ = name
    find.__doc__ = f"``scipy.optimize.{name}``."
    return find


def newton(
    func: Any,
    x0: Any,
    fprime: Any = None,
    args: Any = (),
    tol: float = 1.48e-8,
    maxiter: int = 50,
    fprime2: Any = None,
    x1: Any = None,
    rtol: float = 0.0,
    full_output: bool = False,
    disp: bool = True,
) -> Any:
    """``scipy.optimize.newton``: of a number, or of an array whose entries have an equation each."""
    tol, maxiter, rtol = fixed((tol, maxiter, rtol))

    def run(f: Any, others: list[Any], args: tuple[Any, ...]) -> Any:
        slope, curvature = others
        return scipy.optimize.newton(
            f, plain(x0), slope, args, tol, maxiter, curvature, plain(x1), rtol, full_output, disp
        )

    named = {"tol": tol, "maxiter": maxiter, "rtol": rtol, "disp": disp, "full_output": True}
    way = Way("newton", named, (x0,), _converged) if x1 is None and disp else None
    equation, found = solved(run, _root_of, func, (fprime, fprime2), unpacked(args), plain(x0), (), way)
    full = isinstance(found, tuple)
    value = found[0] if full else found
    if not _moves(equation, value, "newton"):
        return found
    root = _differentiated(0, equation, value)
    if not full:
        return root
    if np.ndim(value):
        return (root, *found[1:])
    found[1].root = root
    return root, found[1]


def _converged(found: Any) -> Any:
    """The root that a solver returns with what it says of it; None unless it converged, entry by entry."""
    if len(found) == 3:
        return found[0] if found[1].all() and not found[2].any() else None
    return found[0] if found[1].converged else None


def root_scalar(
    f: Any, args: Any = (), method: Any = None, bracket: Any = None, fprime: Any = None, fprime2: Any = None, x0: Any = None, x1: Any = None, **options: Any
) -> Any:  # fmt: skip
    """``scipy.optimize.root_scalar``."""
    options = fixed(options)

    def run(f: Any, others: list[Any], args: tuple[Any, ...]) -> Any:
        slope, curvature = others
        return scipy.optimize.root_scalar(
            f, args, method, plainly(bracket), slope, curvature, plain(x0), plain(x1), **options
        )

    sample = plain(bracket[0] if x0 is None and bracket is not None else x0)
    starts = (*bracket,) if bracket is not None and x0 is None else (x0,)
    named = {"method": method, **options}
    known = x1 is None and (x0 is None or bracket is None)
    way = Way("root_scalar", named, starts, lambda r: r.root if r.converged else None) if known else None
    equation, found = solved(
        run, lambda r: r.root, f, (fprime, fprime2), _args(args), sample, tuple(options.values()), way
    )
    if not _moves(equation, found.root, "root_scalar"):
        return found
    if not found.converged:
        raise _not_converged(equation, "root_scalar", found.flag)
    found.root = _differentiated(0, equation, found.root)
    return found


# --- several ------------------------------------------------------------------------------------------------------------------------


def _as_vector(x0: Any) -> Any:
    """What a system is called with, for a start that may be a list."""
    return np.asarray(plainly(x0), float) if type(x0) in (list, tuple) else np.asarray(plain(x0))


def fsolve(
    func: Any, x0: Any, args: Any = (), fprime: Any = None, full_output: Any = 0, *rest: Any, **options: Any
) -> Any:
    """``scipy.optimize.fsolve``."""
    args, rest, options = _args(args), fixed(rest), fixed(options)

    def run(f: Any, others: list[Any], args: tuple[Any, ...]) -> Any:
        return scipy.optimize.fsolve(f, plainly(x0), args, others[0], True, *rest, **options)

    way = (
        None if rest else Way("fsolve", {"full_output": True, **options}, (x0,), lambda r: r[0] if r[2] == 1 else None)
    )
    equation, result = solved(
        run, lambda r: r[0], func, (fprime,), args, _as_vector(x0), (*rest, *options.values()), way
    )
    found, *others = result
    if _moves(equation, found, "fsolve"):
        if others[1] != 1:
            found = _if_a_root(1, equation, found, "fsolve", others[2])
            if not full_output:  # as SciPy does
                warnings.warn(others[2], RuntimeWarning, stacklevel=3)
        else:
            found = _differentiated(1, equation, found)
    elif others[1] != 1 and not full_output:  # SciPy's own warning
        return scipy.optimize.fsolve(equation, plainly(x0), (), quietly(fprime, args), False, *rest, **options)
    return (found, *others) if full_output else found


def root(fun: Any, x0: Any, args: Any = (), method: Any = "hybr", jac: Any = None, *rest: Any, **options: Any) -> Any:
    """``scipy.optimize.root``."""
    rest, options = fixed(rest), fixed(options)
    if "callback" in options:
        options["callback"] = reported(options["callback"])

    def run(f: Any, others: list[Any], args: tuple[Any, ...]) -> Any:
        return scipy.optimize.root(f, plainly(x0), args, method, others[0], *rest, **options)

    named = {"method": method, **options}
    way = None if rest or jac is True else Way("root", named, (x0,), lambda r: r.x if r.success else None)
    equation, found = solved(
        run, lambda r: r.x, fun, (jac,), _args(args), _as_vector(x0), (*rest, *options.values()), way
    )
    if not _moves(equation, found.x, "root"):
        return found
    count = 1 if jac is True else None  # the function returns its values and their Jacobian
    if found.success:
        found.x = _differentiated(1, equation, found.x, count=count)
    else:
        found.x = _if_a_root(1, equation, found.x, "root", found.message, count=count)
    return found


def fixed_point(func: Any, x0: Any, args: Any = (), *rest: Any, **options: Any) -> Any:
    """``scipy.optimize.fixed_point``."""
    rest, options = fixed(rest), fixed(options)

    def run(f: Any, others: list[Any], args: tuple[Any, ...]) -> Any:
        return scipy.optimize.fixed_point(f, plainly(x0), args, *rest, **options)

    way = None if rest else Way("fixed_point", options, (x0,), lambda r: r)
    equation, found = solved(
        run, lambda r: r, func, (), unpacked(args), _as_vector(x0), (*rest, *options.values()), way
    )
    return _differentiated(1, equation, found, fixed=True) if _moves(equation, found, "fixed_point") else found


_BRACKETING = ("brentq", "brenth", "bisect", "ridder", "toms748")
STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {
    "scipy.optimize": {
        **{name: _bracketing(name) for name in _BRACKETING},
        "newton": newton,
        "root_scalar": root_scalar,
        "fsolve": fsolve,
        "root": root,
        "fixed_point": fixed_point,
    }
}
