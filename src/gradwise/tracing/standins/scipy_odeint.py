"""``scipy.integrate.odeint``; see ``scipy_odes.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.roots import sided
from gradwise.tracing.standins.again import fixed
from gradwise.tracing.standins.crossings import divided, recorded, refuse_sliding
from gradwise.tracing.standins.known_paths import formula_at, proved_callbacks, tight_path
from gradwise.tracing.standins.left_behind import as_often_as_called, left
from gradwise.tracing.standins.plain_callbacks import (
    Callback,
    Switches,
    note_adaptive,
    note_choice,
    plain_callback,
    traced_leaves,
)
from gradwise.tracing.standins.recorded_dense import listed_array, states_at
from gradwise.tracing.standins.recording import carries
from gradwise.tracing.standins.runge_kutta import RightHandSide
from gradwise.tracing.standins.scipy_calling import with_value
from gradwise.tracing.standins.scipy_odes import (
    as_state,
    compare_values,
    course_of,
    piece_of,
    refuse_unbounded,
    right_hand_side,
    start_at,
    tight,
)
from gradwise.tracing.standins.solution_jumps import note_steps, refuse_jumps
from gradwise.tracing.standins.solutions_again import Asking, asking_anew, solver_of_odeint
from gradwise.tracing.standins.stacking import plainly

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing.standins.runge_kutta import Path


@as_often_as_called
@asking_anew
def odeint(
    asking: Asking | None,
    func: Any,
    y0: Any,
    t: Any,
    args: Any = (),
    Dfun: Any = None,
    *rest: Any,
    tfirst: Any = False,
    **options: Any,
) -> Any:
    """``scipy.integrate.odeint``."""
    if len(rest) > 16:
        rest, tfirst = rest[:16], rest[16]
    if current_trace() is None:
        return scipy.integrate.odeint(func, y0, t, args, Dfun, *rest, tfirst=tfirst, **options)
    callback = Callback(func, args)
    before = Switches()
    y0, t = listed_array(y0), listed_array(t)
    if asking is not None:
        rest, options = fixed(rest), fixed(options)
    rest = tuple(plainly(r) for r in rest)
    options = {name: plainly(o) for name, o in options.items()}
    if asking is not None:
        asking.solver = solver_of_odeint(Dfun, rest, options)
        (t,) = asking.without_trace(t)
    state, times = np.reshape(as_state(y0), (-1,)), np.asarray(plain(t), float)
    function = RightHandSide(callback, np.dtype(float), time_last=not tfirst)
    proved = formula = None
    if times.size:
        more = args if type(args) is tuple else (args,)
        proved = proved_callbacks([func, Dfun if callable(Dfun) else None], float(times[0]), state, more, time_last=not tfirst)  # fmt: skip
    if proved is not None:
        jacobian = proved.functions[1] if callable(Dfun) else Dfun
        found = scipy.integrate.odeint(
            proved.functions[0] if asking is None else asking.noting(proved.functions[0], time_last=not tfirst),
            plainly(y0),
            plain(t),
            proved.args,
            jacobian,
            *rest,
            tfirst=tfirst,
            **options,
        )
        formula = formula_at(function, float(times[0]), state)
    if formula is not None and proved is not None:
        callback.moves, callback.calls = formula.moves, 1000
        function.proved = right_hand_side(proved, time_last=not tfirst)
    else:
        found = scipy.integrate.odeint(
            callback, plain(y0), plain(t), (), plain_callback(Dfun, args), *rest, tfirst=tfirst, **options
        )
    left(func, Dfun, args)
    value = found[0] if isinstance(found, tuple) else found
    is_still = not callback.moves and not traced_leaves((y0, t)) and (asking is None or asking.is_still())
    if is_still and not (
        before.seen() if formula is None or proved is None else proved.reaches and sided[0](formula) is not None
    ):
        return found
    settings = dict(zip(("col_deriv", "full_output", "ml", "mu", "rtol", "atol"), rest, strict=False)) | options
    rtol = 1.49012e-8 if settings.get("rtol") is None else settings["rtol"]
    atol = 1.49012e-8 if settings.get("atol") is None else settings["atol"]
    y0 = np.reshape(as_array(y0), (-1,))
    if times.size == 0 or np.size(plain(y0)) == 0:
        return found
    refuse_unbounded("scipy.integrate.odeint", value)
    refuse_sliding("scipy.integrate.odeint", formula, times, value)
    span = float(times[0]), float(times[-1])
    start = start_at(function, t[0], y0)

    def stepwise() -> Path:
        return tight("scipy.integrate.odeint", function, span, start, times, rtol, atol)

    known = None
    if formula is not None:
        known = tight_path(formula, function, span, start, times, rtol, atol, stepwise)
    switches = Switches()
    path: Any = known if known is not None else stepwise()

    def piece(of: Any, ends: tuple[float, float], y: Any) -> Any:
        return piece_of("scipy.integrate.odeint", of, function, ends, y, times, rtol, atol)

    pieces = divided(
        "scipy.integrate.odeint", formula or (recorded(function, function, (span[0], state.copy())) if switches.kinks() else None), function, course_of(path), start, times, piece
    )  # fmt: skip
    if is_still and not (pieces is not None and pieces.is_traced):
        if pieces is None:
            refuse_jumps("scipy.integrate.odeint", function, times, value, moves=False)
        return found
    if asking is not None and asking.found(formula if pieces is None and known is not None else None, start, value):
        return asking.states
    if pieces is not None:
        path, known = pieces, None
        note_adaptive("scipy.integrate.odeint")
    elif known is None:
        note_steps("scipy.integrate.odeint", path, rtol, switches=switches.seen())
    made = np.stack(states_at(path, times, t)) if carries(t) else path.table(times)
    if known is not None:
        note_steps("scipy.integrate.odeint", known, rtol, switches=bool(known.switches))
    note_choice(made)
    compare_values("scipy.integrate.odeint", made, value, rtol, atol)
    made = with_value(made, value)
    return (made, *found[1:]) if isinstance(found, tuple) else made


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {"scipy.integrate": {"odeint": odeint}}
