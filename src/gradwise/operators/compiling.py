"""``gw.compile``: a function that runs as its program.

    compile : (f : x → y)  →  (f : x → y)

The program runs on the NumPy backend; ``Specialization.replay`` is the place where another backend can take over.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import flatten
from gradwise.errors import GradwiseError
from gradwise.operators.arguments import Arguments, require_callable
from gradwise.operators.reuse import Promise, PromisedCall, ProvenCall, call_of, difference, unwrapped
from gradwise.operators.reuse.specialization import Refused
from gradwise.operators.shortcuts import attempt, consider
from gradwise.operators.value_shortcuts import VALUE, own, value_shortcut
from gradwise.tracing.instrument.hooks import watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradwise.tracing import Recording


class Compiled(Promise):
    """A function that runs as its program where it can, with the same arguments and results."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        known = attempt(self, VALUE, args, kwargs)
        if known is not None:
            return known[0]
        function = self.function
        arguments = Arguments.of_call(function, args, kwargs)
        call = call_of(self, arguments)
        if call is None:  # traced values, objects: the function runs, rebuilt if it must be to meet traced values
            return watched(function)(*args, **kwargs)
        found = call.replay()
        if found is not None:
            recording = found[1]
            if isinstance(call, PromisedCall) and call.is_due():
                try:
                    changed = _changed(call, recording, numbers=found[0].is_merged)
                except Refused as error:  # it does what it did not do before, and a program does not show
                    call.family.refused = str(error)
                    return function(*args, **kwargs)
                if changed is not None:
                    raise call.broken(changed)
            call.stands(found[0])
            result = recording.structure.rebuild(own(recording.values, [*call.numbers, *found[0].constants()]))
            if isinstance(call, ProvenCall):
                standing = call, found[0]
                consider(self, VALUE, standing, arguments, (result,), lambda: value_shortcut(arguments, *standing))
            return result
        given = call.copied() if isinstance(call, PromisedCall) else call
        with given.watching():
            result = function(*args, **kwargs)
        differs = functools.partial(_differs, result)
        given.learn(differs, differs, order=0)
        return result

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else Compiled(unwrapped(self).__get__(instance, owner))

    def __repr__(self) -> str:
        return f"gw.compile({getattr(self.function, '__qualname__', self.function)!s})"


def _changed(call: PromisedCall, replayed: Recording, *, numbers: bool) -> str | None:
    """What a new run does otherwise than the program, by its operations or its numbers alone."""
    try:
        _, recording = call.specialise()
    except GradwiseError as error:
        return str(error)
    if numbers:
        return _differs(recording.structure.rebuild(recording.values), replayed)
    return difference(recording, replayed, len(call.numbers))


def _differs(result: Any, recording: Recording) -> str | None:
    """How the traced run's result differs from what the function returned."""
    leaves, structure = flatten(result)
    if structure != recording.structure:
        return "it returns other containers when it is traced"
    for plain, traced in zip(leaves, recording.values, strict=True):
        a, b = np.asarray(plain), np.asarray(traced)
        if type(plain) is not type(traced) or a.dtype != b.dtype or a.shape != b.shape:
            return "it returns other types when it is traced"
        rough = 1e-10 if a.dtype.itemsize > 4 else 1e-4
        with np.errstate(all="ignore"):
            if not np.allclose(
                a, b, rtol=rough, atol=rough * np.abs(a[np.isfinite(a)]).max(initial=0.0), equal_nan=True
            ):
                return f"it returned {plain!r}, and {traced!r} when it was traced"
    return None


def compile(f: Callable[..., Any]) -> Callable[..., Any]:  # noqa: A001 - the public name
    """The function, run as its program: recorded once for each form of its arguments, and run without Python's part of it from then on.

    It is your promise that ``f`` has no effects, and that it decides by nothing but its arguments and the numbers, arrays and attributes that it reads.  Those are read again
    at each call.  Where the promise cannot be proved from the code of ``f``, calls number 2, 4, 8, … run ``f`` beside its program and compare.  Where a program does not hold for
    the arguments (another branch, another number of steps), ``f`` runs, and its program is recorded too.

    Parameters
    ----------
    f : callable
        Of numbers, arrays, and tuples, lists and dicts of them; with other arguments it runs as it is.

    Returns
    -------
    callable
        With the same arguments and results.  The operators take it as they take ``f``: ``gw.grad(gw.compile(f))``.

    Raises
    ------
    StaleProgramError
        If the promise was not kept.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> @gw.compile
    ... def f(x, n):
    ...     for _ in range(n):
    ...         x = np.sin(x)
    ...     return x
    >>> [round(float(f(1.0, 100)), 6) for _ in range(3)]
    [0.168852, 0.168852, 0.168852]
    """
    require_callable(f, "compile")
    return f if isinstance(f, Compiled) else Compiled(f)
