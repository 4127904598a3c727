"""Plain arrays that a function holds in several places, and writes to: parameters in a list beside their layers, views beside their base.

    self.params = [self.W, self.b];  self.params[0] -= step      self.W is written to
    self.top = self.full[:n];        self.top[:] = x             self.full is

Before the run, a walk from the function finds all places that refer to such an array, or to a view of its memory; if there are no others (``references.py`` says how many there are), every place shows the same traced buffer while
the run lasts, or the same part of it.  When it ends the array itself holds the new numbers, and every place the array, or the view, that it held: who knows them beside sees them too.  Names of functions that wait outside of the run are no places: they cannot ask meanwhile.
What the function is given as an argument is shown to it there (``given_arrays.py``).

Which arrays these are is learned from a run that failed for such a write (``operators/shared_arrays.py``).
"""

from __future__ import annotations

import functools
import gc
import sys
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.errors import GradwiseError
from gradwise.tracing.functions.creation import buffer
from gradwise.tracing.instrument.atoms import ATOMS
from gradwise.tracing.instrument.contents import DEFAULTS, GIVEN, NO_PLACE, contents
from gradwise.tracing.instrument.failed_writes import is_writable
from gradwise.tracing.instrument.given_arrays import ARGUMENT, finds_by_text
from gradwise.tracing.instrument.kept_results import KEPT
from gradwise.tracing.instrument.objects import class_info, note_names, set_raw
from gradwise.tracing.instrument.references import Ours
from gradwise.tracing.instrument.state import Watch, local
from gradwise.tracing.instrument.taking import gone_over
from gradwise.tracing.instrument.userland import is_users_file
from gradwise.tracing.layout import copy_in_layout
from gradwise.tracing.traced import TracedArray, isinstance_traced
from gradwise.tracing.views import memory_of, taken, way_to

#: so many values are looked at on the walk
_MOST = 50_000


class Shared:
    """The arrays that a function was seen to write to and to hold in several places, and from where they are found; whether that was learned just now."""

    __slots__ = ("arrays", "new", "roots")

    def __init__(self, arrays: list[weakref.ref[np.ndarray]], roots: list[Any], *, new: bool = False) -> None:
        self.arrays = arrays
        self.roots = roots
        self.new = new


class _Held:
    """An array, a view of it, or a tuple with such in it; where it is found, and what stands for it in the run."""

    __slots__ = ("obj", "places", "standing")

    def __init__(self, obj: Any) -> None:
        self.obj = obj
        self.places: list[tuple[Any, Any]] = []
        self.standing: Any = None

    def references(self) -> int:
        """References from elsewhere."""
        noted = local.survey.references(self.obj) if local.survey is not None and isinstance(self.obj, tuple) else 0
        return sys.getrefcount(self.obj) - _NAMED - noted


_NAMED = 0
_NAMED = _Held(object()).references()


def called(watch: Watch, call: Callable[[Any], Any], leaves: Any) -> Any:
    """``call(leaves)``, with buffers in the places of the arrays that the function is known to share."""
    if local.shared is None or watch.outer is not None or not any(map(isinstance_traced, leaves)):
        return call(leaves)
    hold(watch, local.shared)
    try:
        result = call(leaves)
    except GradwiseError:
        raise
    except BaseException:  # the function's own, which leaves what it has written until then
        settle(watch)
        raise
    settle(watch)
    return result


def hold(watch: Watch, shared: Shared) -> None:
    """Buffers of the run in all places of the arrays, if all are found."""
    survey = _found(shared)
    if shared.new and (survey is None or survey.left_out):  # what refers to one may be rubbish: asked for once
        gc.collect()
        survey = _found(shared)
    if survey is None or not survey.stand(watch):
        return
    for held in survey.all():
        watch.originals[id(held.standing)] = held.standing, held.obj
        for place, key in held.places:
            _put(watch, place, key, held.standing)
    for held in survey.arrays.values():
        watch.held.append(Ours(held.obj))
        if local.journal is not None:
            local.journal.note(held.obj)


def _found(shared: Shared) -> _Survey | None:
    """What a walk finds of the arrays that are alive; None where something else refers to one.  Where something is missing, the modules' names that the functions do not use are looked into: ``both = {"first": rows[0]}``."""
    survey = _surveyed(shared)
    is_partial = survey is not None
    if survey is None or survey.left_out:
        del survey  # which refers to the arrays
        survey = _surveyed(shared, wide=True)
        if survey is None and is_partial:
            survey = _surveyed(shared)
    return survey


def _surveyed(shared: Shared, *, wide: bool = False) -> _Survey | None:
    alive = [_Held(reference()) for reference in shared.arrays]
    arrays = {id(held.obj): held for held in alive if is_writable(held.obj)}
    del alive
    survey = _Survey(arrays, wide=wide)
    del arrays
    return survey if survey.arrays and survey.walk(shared.roots) and survey.is_complete() else None


def settle(watch: Watch) -> None:
    """The arrays hold what the run left in their buffers."""
    for standing, array in watch.originals.values():
        if type(standing) is TracedArray and standing.root is None:
            array[...] = standing.value


class _Survey:
    """What a walk from a function finds of some arrays."""

    def __init__(self, arrays: dict[int, _Held], *, wide: bool = False) -> None:
        self.wide = wide  # whether all names of the modules are looked into, not only those of the functions
        self.arrays = arrays
        self.views: dict[int, _Held] = {}
        self.tuples: dict[int, _Held] = {}
        self.seen: set[int] = set()
        self.strange = False
        #: whether something else refers to some of the arrays
        self.left_out = False
        #: what iterators go over that keep what they gave (``itertools.cycle``), beyond the end of the run
        self.gone_over: set[int] = set()
        #: whether something may lead further than the walk went; and what was met where nothing can be put
        self.is_blind = False
        self.unplaced: set[int] = set()

    def all(self) -> Iterator[_Held]:
        yield from self.arrays.values()
        yield from self.views.values()
        yield from self.tuples.values()

    def walk(self, roots: Iterable[Any]) -> bool:
        """Find the places; whether there was an end."""
        pending = deque(roots)
        for one in [*pending][1:]:
            if isinstance(one, np.ndarray):
                self._note(one, ARGUMENT, None)
            elif isinstance(one, tuple):
                self.tuples.setdefault(id(one), _Held(one)).places.append((ARGUMENT, None))
        left = _MOST
        while pending:
            one = pending.popleft()
            if id(one) in self.seen:
                continue
            self.seen.add(id(one))
            if hasattr(type(one), "__next__"):
                self.gone_over.update(gone_over(one))
            size = len(one) if type(one) in _CONTAINERS else 1
            if type(one) is types.FunctionType and is_users_file(one.__code__.co_filename):
                self.is_blind |= finds_by_text(one.__code__)
            if size > _LONG:  # an array that is in there counts as not found
                self.is_blind = True
                continue
            left -= size
            if left < 0:
                return False
            whole = self.wide or type(one) is not dict or "__builtins__" not in one
            for key, value in contents(one):
                kind = type(value)
                if kind in ATOMS:
                    continue
                if isinstance(value, np.ndarray):
                    self._note(value, one, key)
                elif kind not in _EVERYWHERE:
                    if isinstance(value, tuple) and key is not NO_PLACE:
                        self.tuples.setdefault(id(value), _Held(value)).places.append((one, key))
                    if whole:  # of a module, what the function names
                        pending.append(value)
        bases = {id(held.obj.base) for held in self.views.values()}
        # of another object of the same class: not met from here
        self.arrays = {key: held for key, held in self.arrays.items() if held.places or key in bases}
        return not self.strange

    def _note(self, value: Any, place: Any, key: Any) -> None:
        memory = memory_of(value)
        if id(memory) not in self.arrays or key is NO_PLACE:
            if type(place) is not types.FunctionType:  # whose names are places in the module
                self.unplaced.add(id(memory))
            return
        if value is memory:
            self.arrays[id(memory)].places.append((place, key))
        elif type(value) is np.ndarray and value.base is memory:
            self.views.setdefault(id(value), _Held(value)).places.append((place, key))
        else:
            self.strange = True

    def is_complete(self) -> bool:
        """Leave those arrays to which nothing else refers but names of functions that wait; whether there are some."""
        names: dict[int, int] | None = None
        strange = {id(held.obj) for held in self.all() if _is_known_weakly(held.obj) or self._is_gone_over(held)}
        while True:
            self._leave_out(strange)
            self.left_out |= bool(strange)
            missing = self._missing()
            if names is None and any(missing.values()):
                names = self._named()
                missing = self._missing()  # where a frame's names are asked for, it may keep them in a dictionary
            strange = {key for key, times in missing.items() if times != (names or {}).get(key, 0)}
            strange -= self._given()
            if not strange:
                return bool(self.arrays)

    def _given(self) -> set[int]:
        """What is an argument, to which nothing within the call refers but what was found."""
        if self.is_blind:
            return set()
        given = [held.obj for held in self.all() if any(place is ARGUMENT for place, _ in held.places)]
        for one in given:
            given += [*_arrays_in(one)] if isinstance(one, tuple) else []
        found = {id(one) for one in given} | {id(memory_of(one)) for one in given if isinstance(one, np.ndarray)}
        return found - self.unplaced

    def _is_gone_over(self, held: _Held) -> bool:
        return any(id(place) in self.gone_over for place, _ in held.places)

    def _leave_out(self, strange: set[int]) -> None:
        """Forget these, and whatever has a part of their memory."""
        out = {key for key in self.arrays if key in strange}
        out |= {id(held.obj.base) for key, held in self.views.items() if key in strange}
        for key, held in self.tuples.items():
            if key in strange:
                out |= {id(memory_of(value)) for value in _arrays_in(held.obj)}
        self.arrays = {key: held for key, held in self.arrays.items() if key not in out}
        self.views = {key: held for key, held in self.views.items() if id(held.obj.base) in self.arrays}
        self.tuples = {key: held for key, held in self.tuples.items() if self._concerns(held.obj)}

    def _missing(self) -> dict[int, int]:
        """How many references to each are not those that were found."""
        missing = {id(held.obj): held.references() - len(held.places) for held in self.all()}
        for view in self.views.values():
            missing[id(view.obj.base)] -= 1
        for held in self.all():
            for place, _ in held.places:
                if id(place) in self.tuples:  # the note of the place refers to it
                    missing[id(place)] -= 1
        return missing

    def _concerns(self, value: Any) -> bool:
        """Whether one of the arrays is in a tuple, or in tuples in it."""
        return any(id(array) in self.arrays or id(array) in self.views for array in _arrays_in(value))

    def _named(self) -> dict[int, int]:
        """How many references are names of functions that wait for the run, or of modules that it does not look into."""
        found: dict[int, int] = {}
        modules, views = set[int](), set[int]()
        frame: Any = sys._getframe(1)
        # whether a cell is among the places: a variable of inner functions
        ours = {id(held.obj): any(type(place) is types.CellType for place, _ in held.places) for held in self.all()}
        while frame is not None:
            if is_users_file(frame.f_code.co_filename):
                names, times = frame.f_locals, _TIMES
                if names is frame.f_globals:
                    times = int(id(names) not in self.seen | modules)
                    modules.add(id(names))
                inner = (*frame.f_code.co_cellvars, *frame.f_code.co_freevars)
                for name, value in names.items():
                    if id(value) in ours:
                        in_cell = name in inner and ours[id(value)]
                        found[id(value)] = found.get(id(value), 0) + times - in_cell
                    elif type(value) is np.ndarray and id(value.base) in self.arrays and id(value) not in views:
                        views.add(id(value))  # a part that has a name there only
                        found[id(value.base)] = found.get(id(value.base), 0) + 1
            frame = frame.f_back
        return found

    def stand(self, watch: Watch) -> bool:
        """Make what stands for the arrays, their views and the tuples; whether that can be."""
        for held in self.all():
            for place, key in held.places:
                if not self._takes_another(watch, place, key):
                    return False
        for held in self.arrays.values():
            held.standing = buffer(watch.trace, copy_in_layout(held.obj))
        for held in self.views.values():
            steps = way_to(held.obj)
            if steps is None:
                return False
            held.standing = taken(self.arrays[id(held.obj.base)].standing, steps)
            held.standing.writeable = held.obj.flags.writeable
        for held in self.tuples.values():
            held.standing = self._stands_for(held.obj)
        return True

    def _takes_another(self, watch: Watch, place: Any, key: Any) -> bool:
        """Whether something else can be put in a place, without code of the user's."""
        if place is ARGUMENT:
            return True
        if isinstance(place, tuple):
            return id(place) in self.tuples and type(key) is int and not hasattr(place, "n_sequence_fields")
        if (
            key is KEPT
            or key is DEFAULTS
            or key is GIVEN
            or isinstance(place, (dict, list, deque, types.CellType, type))
        ):
            return True
        info = class_info(watch, type(place))
        return not (key in info.special or info.setattr or info.getattribute)

    def _stands_for(self, value: Any) -> Any:
        for known in (self.arrays, self.views):
            if id(value) in known:
                return known[id(value)].standing
        if id(value) in self.tuples:
            held = self.tuples[id(value)]
            if held.standing is None:
                held.standing = tuple.__new__(type(value), [self._stands_for(entry) for entry in value])
                if hasattr(value, "__dict__"):
                    held.standing.__dict__.update(vars(value))
            return held.standing
        return value


def _arrays_in(value: Any, depth: int = 5) -> Iterator[Any]:
    """The arrays in a tuple, and in tuples in it."""
    for entry in value:
        if type(entry) is np.ndarray:
            yield entry
        elif isinstance(entry, tuple) and depth:
            yield from _arrays_in(entry, depth - 1)


def _is_known_weakly(value: Any) -> bool:
    """Whether others than we know an array by a weak reference."""
    return type(value) is np.ndarray and any(type(reference) is not Ours for reference in weakref.getweakrefs(value))


#: what leads to everything there is, or to nothing
_EVERYWHERE = frozenset(
    {types.ModuleType, types.FrameType, types.CodeType, types.BuiltinFunctionType, property, weakref.ref}
)
#: what long series of numbers are in, and how long
_CONTAINERS = frozenset({list, tuple, deque, dict})
_LONG = 10_000
#: how often a name of a function that waits counts: before 3.13 the dictionary of its names refers to the value too
_TIMES = 2 if sys.version_info < (3, 13) else 1


def _put(watch: Watch, place: Any, key: Any, value: Any) -> None:
    """Show a traced value, or a tuple of such, in a place of one that is plain, until the run ends."""
    if (
        isinstance(place, tuple) or key is KEPT or place is ARGUMENT
    ):  # a tuple is made anew; a memory shows what stands for its result when it is asked, and a call what stands for its arguments
        return
    if key is DEFAULTS:
        watch.later.append(functools.partial(setattr, place, "__defaults__", place.__defaults__))
        place.__defaults__ = value
    elif key is GIVEN:
        watch.later.append(functools.partial(place.__setstate__, place.__reduce__()[2]))
        place.__setstate__((place.func, value, place.keywords, vars(place) or None))
    elif type(place) is types.CellType:
        watch.cells[id(place)] = place
        place.cell_contents = value
    elif type(place) is dict and "__builtins__" in place:
        note_names(place, (key,))
        place[key] = value
    elif isinstance(place, (dict, list, deque)) and not (type(key) is str and key in (own_entries(place) or ())):
        watch.touched[id(place)] = place
        kind: Any = next(base for base in (dict, list, deque) if isinstance(place, base))
        kind.__setitem__(place, key, value)
    elif isinstance(place, type) or not class_info(watch, type(place)).speaks:
        watch.stored[id(place)] = place
        watch.overlay.setdefault(id(place), (place, {}))[1][key] = value
        watch.class_overlay = watch.class_overlay or isinstance(place, type)
    else:
        watch.stored[id(place)] = place
        watch.revealed.setdefault(id(place), (place, set()))[1].add(key)
        set_raw(place, key, value)
