"""``scipy.spatial.transform.Slerp`` of traced rotations and at traced times: R_i exp((t − t_i)/(t_{i+1} − t_i) log(R_i⁻¹ R_{i+1}))."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.instrument.state import local
from gradwise.tracing.standins import scipy_rotations
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import refuse, with_value
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable


def _rotations() -> dict[str, Callable[..., Any]]:
    """Our methods of SciPy's rotations."""
    cls = scipy.spatial.transform.Rotation
    return scipy_rotations.LATE_METHODS["scipy.spatial.transform"]()[cls]


def slerp(times: Any, rotations: Any) -> Any:
    """``Slerp(times, rotations)`` at plain times: SciPy's object, with traced rotations until the run ends."""
    if contains_traced([times]):
        refuse([times], "scipy.spatial.transform.Slerp of traced times", "Plain times are required")
    moving = getattr(rotations, "_quat", None)
    if not isinstance_traced(moving):
        return scipy.spatial.transform.Slerp(times, rotations)
    ours = _rotations()
    made = scipy.spatial.transform.Slerp(times, scipy_rotations._twin(rotations))
    settled = made.rotvecs
    with at_line(*open_traces([moving])):
        made.rotations = ours["__getitem__"](rotations, slice(None, -1))
        later = ours["__getitem__"](rotations, slice(1, None))
        made.rotvecs = with_value(ours["as_rotvec"](ours["__mul__"](ours["inv"](made.rotations), later)), settled)
    if local.watch is not None:
        reference = weakref.ref(made)
        local.watch.later.append(lambda: _clean(reference(), settled))
    return made


def _clean(made: Any, settled: np.ndarray) -> None:
    if made is not None:
        made.rotvecs = settled


def _called(made: Any, times: Any) -> Any:
    """The rotations at these times."""
    cls = scipy.spatial.transform.Slerp
    if not contains_traced([times]) and not isinstance_traced(made.rotvecs):
        return cls.__call__(made, times)
    times = as_array(times)
    now = np.atleast_1d(plain(times))
    if np.any((now < made.times[0]) | (now > made.times[-1])):
        raise ValueError(
            f"Interpolation times must be within the range [{made.times[0]}, {made.times[-1]}], both inclusive."
        )
    place = np.clip(np.searchsorted(made.times, now) - 1, 0, len(made.timedelta) - 1)
    if isinstance_traced(times):
        concrete(times)  # between which two rotations a time is
    share = (np.reshape(times, (-1,)) - made.times[place]) / made.timedelta[place]
    ours = _rotations()
    turned = ours["from_rotvec"](as_array(made.rotvecs)[place] * share[:, None])
    result = ours["__mul__"](ours["__getitem__"](made.rotations, place), turned)
    return ours["__getitem__"](result, 0) if np.ndim(plain(times)) == 0 else result


def _late() -> dict[Any, dict[str, Callable[..., Any]]]:
    return {scipy.spatial.transform.Slerp: {"__call__": _called}}


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {"scipy.spatial.transform": {"Slerp": slerp}}
LATE_METHODS: dict[str, Callable[[], dict[Any, dict[str, Callable[..., Any]]]]] = {
    "scipy.spatial.transform._rotation": _late  # which is loaded with it
}
