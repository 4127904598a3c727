"""Integrals whose integrand proves that it is a function of what it is given: SciPy runs on it as it is, it is traced once, and the integral is one operation (``operators/solutions/integrals.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.instrument.state import local
from gradwise.tracing.roots import integral_known
from gradwise.tracing.standins.again import SETTINGS, is_asked
from gradwise.tracing.standins.proven import formula_of, plain_callbacks
from gradwise.tracing.standins.recording import carries, resolve
from gradwise.tracing.standins.scipy_calling import only_at_this_point
from gradwise.tracing.traced import TracedArray

if TYPE_CHECKING:
    from collections.abc import Sequence


def known_integral(func: Any, a: Any, b: Any, args: Any, settings: Sequence[Any]) -> tuple[Any, ...] | None:
    """What ``quad`` returns with all its output; None where the integrand is to be watched at each node."""
    watch = local.watch
    if watch is None or watch.outer is not None:
        return None
    found = None
    if all(type(s) in SETTINGS for s in settings) and all(settings[k] is None for k in _PLACES):
        try:
            found = _known(func, a, b, args if type(args) is tuple else (args,), tuple(settings))
        except Exception:
            only_at_this_point([watch.trace])  # that it failed is no part of a program
            raise
    if found is None and is_asked():
        only_at_this_point([watch.trace])
    return found


#: among the settings: points, weight, wvar, wopts
_PLACES = (3, 4, 5, 6)


def _known(func: Any, a: Any, b: Any, args: tuple[Any, ...], settings: tuple[Any, ...]) -> tuple[Any, ...] | None:
    proved = plain_callbacks([func], [(0.5,)], args)
    low, high = plain(a), plain(b)
    if proved is None or not all(isinstance(v, (int, float)) for v in (low, high)) or low == high:
        return None
    integrand, further = proved.functions[0], proved.args
    seen: list[tuple[float, Any]] = []

    def noting(t: float) -> Any:
        value = integrand(t, *further)
        seen.append((t, value))
        return value

    found = scipy.integrate.quad(noting, low, high, (), 1, *settings)
    if len(found) > 3 or not all(isinstance(v, float) for _, v in seen):
        return None
    formula = formula_of(lambda t: _number(resolve(func)(t, *args)), (seen[len(seen) // 3][0],))
    if formula is None:
        return None
    if not formula.handles and not formula.recording.tape.guards and not carries(a) and not carries(b):
        return found  # it is the same number at each call
    value = integral_known[0](formula, a, b, seen, found, settings if is_asked() else None)
    if value is None:
        return None
    if not is_asked():
        limits = [v.tape for v in (a, b) if carries(v)]
        only_at_this_point(list(dict.fromkeys([*formula.traces, *limits])))
    return value, *found[1:]


def _number(value: Any) -> Any:
    return value[(0,) * plain(value).ndim] if type(value) is TracedArray else value
