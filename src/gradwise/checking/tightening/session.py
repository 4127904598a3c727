"""The copy of f as it runs: what it uses that has a tolerance, and every tolerance made smaller.

The hooks are constants of the copies' code, so nothing of the user's is changed and other threads see nothing; which factor they
apply is a matter of the thread that runs the copy.
"""

from __future__ import annotations

import functools
import operator
import threading
import time
import types
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.checking.solvers import known, tighter
from gradwise.checking.tables import is_interpolant, thinned, thinned_interp
from gradwise.checking.tightening.rewriting import CALLED, COMPARED, STOPPING, VALUE, rewritten
from gradwise.tracing.instrument.compiling import HOOKS, copied
from gradwise.tracing.instrument.userland import is_users_file
from gradwise.tracing.rebuilding import rebuilt

LARGEST = 0.05
"""Numbers up to this one may be tolerances."""

PATIENCE = 300
"""How many times more tests a tightened loop may make."""

SECONDS = 0.7
"""How long one call of a tightened function may take."""


class EndlessError(RuntimeError):
    """A loop does not reach the smaller tolerance."""


class Session:
    """What copies of one function and of those that it calls share.

    Attributes
    ----------
    factor : float
        What tolerances are multiplied by.
    by_name : bool
        Whether a name that stands for a tolerance in a test is smaller everywhere in its function, and not in the test alone: an
        integrator that controls its own step reads it in both places.
    thin : bool
        Whether interpolants read every second point of their tables only.
    found : dict of str to float
        What has a tolerance, in words, and the tolerance, as a run with factor 1 met it.
    tables : dict of str to bool
        Interpolants in words, and whether they could be thinned.
    copies_failed : bool
        Whether some user function has no copy.
    """

    def __init__(self, factor: float = 1.0, *, by_name: bool = False, thin: bool = False, tests: int = 0) -> None:
        self.factor, self.by_name, self.thin = factor, by_name, thin
        self.found: dict[str, float] = {}
        self.tables: dict[str, bool] = {}
        self.copies_failed = False
        self.tests = 0
        self.allowed = PATIENCE * tests + 20000
        self.deadline = np.inf
        self.solvers = known()
        self.copies: dict[int, tuple[Any, Any]] = {}

    def callee(self, callee: Any) -> Any:
        """What the copy calls in place of a callee."""
        row = self.solvers.get(id(callee))
        if row is not None:
            return functools.partial(self._solver, row)
        cls = type(callee)
        if cls is types.FunctionType:
            return self._copy(callee)
        if cls is types.MethodType:
            function = self.callee(callee.__func__)
            return callee if function is callee.__func__ else types.MethodType(function, callee.__self__)
        if cls is functools.partial:
            function = self.callee(callee.func)
            return callee if function is callee.func else functools.partial(function, *callee.args, **callee.keywords)
        if cls is _CACHED:
            return self.callee(callee.__wrapped__)
        if callee is np.interp:
            self.tables["np.interp"] = True
            return thinned_interp if self.thin else callee
        if is_interpolant(callee) and not isinstance(callee, type):
            return self._interpolant(callee)
        call = getattr(cls, "__call__", None)  # noqa: B004  (the function is wanted, not whether there is one)
        if type(call) is types.FunctionType and is_users_file(call.__code__.co_filename):
            return types.MethodType(self._copy(call), callee)
        return callee

    def named(self, name: str, value: Any) -> Any:
        """What a function without source finds under a name."""
        if isinstance(value, types.ModuleType):
            return _View(value, self) if value.__name__.partition(".")[0] in ("scipy", "numpy", "math") else value
        kinds = types.FunctionType | types.MethodType | functools.partial
        return self.callee(value) if isinstance(value, kinds) or id(value) in self.solvers else value

    def _solver(self, row: Any, *args: Any, **kwargs: Any) -> Any:
        name, function, tolerances = row
        tight, options, asked = tighter(function, tolerances, args, kwargs, self.factor)
        if self.factor < 1.0:
            return function(*tight, **options)
        if asked:
            largest = max(asked.values())
            text = ", ".join(f"{tolerance} = {value:.2g}" for tolerance, value in asked.items())
            self.found.setdefault(f"{name} ({text})", largest)
        return function(*args, **kwargs)

    def _interpolant(self, interpolant: Any) -> Any:
        entry = self.copies.get(id(interpolant))
        if entry is None:
            entry = self.copies[id(interpolant)] = (interpolant, thinned(interpolant))
        self.tables[f"an interpolant ({type(interpolant).__name__})"] = entry[1] is not None
        return entry[1] if self.thin and entry[1] is not None else interpolant

    def _copy(self, function: Any) -> Any:
        entry = self.copies.get(id(function))
        if entry is None:
            entry = self.copies[id(function)] = (function, self._copied(function))
        return entry[1]

    def _copied(self, function: Any) -> Any:
        code = function.__code__
        if not is_users_file(code.co_filename):
            return function
        new = _code(code, function.__globals__)
        if new is None:  # without source its tests stand as they are, and its solvers are found by their names
            self.copies_failed = True
            return rebuilt(function, self.named) or function
        cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
        closure = tuple([cells[name] for name in new.co_freevars]) or None
        made = types.FunctionType(new, function.__globals__, function.__name__, function.__defaults__, closure)
        made.__kwdefaults__ = function.__kwdefaults__
        made.__dict__.update(function.__dict__)
        return made

    def value(self, value: Any) -> Any:
        """What a function reads under the name of a tolerance."""
        if self.by_name and _may_be_tolerance(value):
            return value * self.factor
        return value

    def test(self, name: str, a: Any, b: Any, about: tuple[str, bool, int]) -> Any:
        """A comparison that may end a loop: with a smaller tolerance."""
        compare = getattr(operator, name)
        side, named, line = about
        tolerance, other = (a, b) if side == "left" else (b, a)
        if not _may_be_tolerance(tolerance) or not isinstance(other, float | np.floating | np.ndarray):
            return compare(a, b)
        self.tests += 1
        if self.factor == 1.0:
            self.found.setdefault(f"the test against {float(tolerance):.2g} in line {line}", float(tolerance))
            return compare(a, b)
        if self.tests > self.allowed or time.perf_counter() > self.deadline:
            raise EndlessError
        if named and self.by_name:
            return compare(a, b)
        smaller = tolerance * self.factor
        return compare(smaller, b) if side == "left" else compare(a, smaller)

    def run(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """Call the copy of a function."""
        before, _local.session = _local.session, self
        self.tests, self.deadline = 0, time.perf_counter() + SECONDS
        try:
            return self.callee(function)(*args)
        finally:
            _local.session = before


class _View:
    """A module whose solvers are answered."""

    def __init__(self, module: Any, session: Session) -> None:
        self._module, self._session = module, session

    def __getattr__(self, name: str) -> Any:
        return self._session.named(name, getattr(self._module, name))


class Tightened:
    """A function run as its copy in a session."""

    def __init__(self, function: Callable[..., Any], session: Session) -> None:
        self.function, self.session = function, session

    def __call__(self, *args: Any) -> Any:
        return self.session.run(self.function, args)


_CACHED = type(functools.lru_cache(len))


def _may_be_tolerance(value: Any) -> bool:
    return isinstance(value, float | np.floating) and bool(0.0 < value <= LARGEST)


class _Local(threading.local):
    session: Session | None = None


_local = _Local()
_codes: dict[int, tuple[weakref.ref[types.CodeType], types.CodeType | None]] = {}


def _code(code: types.CodeType, module_globals: dict[str, Any]) -> types.CodeType | None:
    """The code of a copy, made once."""
    entry = _codes.get(id(code))
    if entry is not None and entry[0]() is code:
        return entry[1]
    try:
        new = copied(code, module_globals, rewritten)[0]
    except (SyntaxError, ValueError, RecursionError, KeyError, UnicodeError):
        new = None
    if len(_codes) > 1024:
        _codes.clear()
    _codes[id(code)] = (weakref.ref(code), new)
    return new


def _called(callee: Any) -> Any:
    session = _local.session
    return callee if session is None else session.callee(callee)


def _stopping(name: str) -> Callable[[Any, Any, tuple[str, bool, int]], Any]:
    plainly = getattr(operator, name)

    def test(a: Any, b: Any, about: tuple[str, bool, int]) -> Any:
        session = _local.session
        return plainly(a, b) if session is None else session.test(name, a, b, about)

    return test


def _value(value: Any) -> Any:
    session = _local.session
    return value if session is None else session.value(value)


HOOKS[CALLED] = _called
HOOKS[VALUE] = _value
HOOKS.update({STOPPING + name: _stopping(name) for name in COMPARED.values()})
