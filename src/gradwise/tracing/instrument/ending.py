"""Objects handed to code that is not rewritten, and the end of a run.

What the overlay knows of an object is put into the object itself (``reveal``) before such code sees it, and everything that the run wrote to holds plain values when it ends (``sweep``).
"""

from __future__ import annotations

import contextlib
import functools
import sys
import types
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwise.containers import own_entries
from gradwise.tracing.instrument.atoms import ATOMS
from gradwise.tracing.instrument.lent import STREAMS
from gradwise.tracing.instrument.objects import behind, holds_traced, reveal, set_raw, unwrapped
from gradwise.tracing.instrument.plain_containers import belongs_outside, cleaned
from gradwise.tracing.instrument.references import beside
from gradwise.tracing.instrument.state import Tail, Watch, local
from gradwise.tracing.instrument.userland import FORWARDING
from gradwise.tracing.traced import isinstance_traced


def reveal_within(values: Any, budget: int = 2000) -> None:
    """``reveal`` every object among the values and in containers of them; all there are, where there is too much to look at."""
    watch = local.watch
    stack = list(values)
    seen: set[int] = set()
    while stack:
        value = stack.pop()
        budget -= 1
        if budget < 0:
            reveal_all()
            return
        cls = type(value)
        if cls in _LEAVES or isinstance_traced(value) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, (list, tuple, set, frozenset, deque)):
            stack.extend(value)
        elif cls in FORWARDING and cls is not super:
            stack.append(behind(value))
        elif cls in (types.MethodType, types.BuiltinFunctionType) and not isinstance(value.__self__, types.ModuleType):
            stack.append(value.__self__)
        elif cls in (types.FunctionType, types.GeneratorType, functools.partial, map, filter, zip):
            reveal_all()
            return
        holder = watch
        while holder is not None:
            if id(value) in holder.overlay:
                reveal(value)
                stack.extend(_attributes(value))
                break
            holder = holder.outer
        else:
            if (hasattr(value, "__dict__") or _slots(cls)) and not isinstance(value, (type, types.ModuleType)):
                stack.extend(_attributes(value))


_LEAVES = frozenset({float, int, bool, str, bytes, complex, type(None), np.ndarray, np.float64, type, types.ModuleType})


def _attributes(value: Any) -> list[Any]:
    found = list((own_entries(value) or {}).values())
    for slot in _slots(type(value)):
        with contextlib.suppress(AttributeError):  # not assigned yet
            found.append(slot.__get__(value))
    return found


def _slots(cls: type) -> list[Any]:
    """The slots of a class that is written in Python."""
    return [
        raw
        for base in cls.__mro__
        if "__slots__" in vars(base)
        for raw in vars(base).values()
        if type(raw) is types.MemberDescriptorType
    ]


def reveal_all() -> None:
    """``reveal`` every object that an overlay knows."""
    watch = local.watch
    while watch is not None:
        for obj, _ in list(watch.overlay.values()):
            reveal(obj)
        watch = watch.outer


@contextlib.contextmanager
def with_overlays(values: Any) -> Iterator[None]:
    """Within it, the objects among the values and inside them show their traced attributes; afterwards the overlay holds them again."""
    watch = local.watch
    assert watch is not None
    before = {key: set(names) for key, (_, names) in watch.revealed.items()}
    reveal_within(values)
    shown = [
        (key, obj, names - before.get(key, set()))
        for key, (obj, names) in watch.revealed.items()
        if names != before.get(key)
    ]
    try:
        yield
    finally:
        for key, obj, names in shown:
            for name in names:
                try:
                    value = object.__getattribute__(obj, name)
                except AttributeError:
                    continue
                if holds_traced(value):
                    watch.overlay.setdefault(key, (obj, {}))[1][name] = value
                    set_raw(obj, name, unwrapped(value))
                watch.revealed[key][1].discard(name)


def sweep(watch: Watch) -> None:
    """The end of a run: every place that it wrote to holds plain values; what belongs to an enclosing run is handed to it."""
    local.copies = dict(watch.originals)
    try:
        _sweep(watch)
    finally:
        local.copies, local.plain = None, ()
    if watch.originals:  # who refers to an array is asked: lists of the run that have ended do no more
        noted = () if local.journal is None else local.journal.referred()
        for key in [k for k in watch.touched if beside(watch.touched, k) <= (k in noted)]:
            del watch.touched[key]
        watch.originals.clear()


def _sweep(watch: Watch) -> None:
    outer = watch.outer
    for key, tail in list(watch.tails.items()):
        if outer is not None or key in watch.touched or not tail.stands():
            watch.touched[key] = tail.of
            del watch.tails[key]
    if outer is None:
        for clean in watch.later:
            clean()
        watch.later.clear()  # who refers to an array is asked: a run that has ended does no more
        for obj in watch.given.values():
            _clean_given(obj)
    else:
        outer.later.extend(watch.later)
        outer.given.update(watch.given)
    _clean_containers(watch)  # in place, before what refers to them is looked at
    for obj, names in list(watch.overlay.values()):
        for name, value in list(names.items()):
            if outer is not None and belongs_outside(value):
                outer.overlay.setdefault(id(obj), (obj, {}))[1][name] = value
            else:
                _quietly(set_raw, obj, name, unwrapped(value))
    for key, (obj, shown) in list(watch.revealed.items()):
        # the notes of what was revealed and stored, and the name in the loop
        if key in watch.created and beside(watch.created, key) <= 2 + (key in watch.stored):
            continue  # nobody else refers to it: it ends with the run
        # code that is not rewritten may have stored more
        for name in {*shown, *(own_entries(obj) or ())}:
            try:
                value = object.__getattribute__(obj, name) if not isinstance(obj, type) else vars(obj)[name]
            except (AttributeError, KeyError):
                continue
            if not holds_traced(value):
                continue
            if outer is not None and belongs_outside(value):
                outer.revealed.setdefault(id(obj), (obj, set()))[1].add(name)
            else:
                _quietly(set_raw, obj, name, unwrapped(value))
    for cell in list(watch.cells.values()):
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        if holds_traced(value):
            if outer is not None and belongs_outside(value):
                outer.cells[id(cell)] = cell
            else:
                cell.cell_contents = unwrapped(value)
    for dictionary, assigned in list(watch.names.values()):
        for name in assigned:
            value = dictionary.get(name)
            if holds_traced(value):
                if outer is not None and belongs_outside(value):
                    outer.names.setdefault(id(dictionary), (dictionary, set()))[1].add(name)
                else:
                    dictionary[name] = unwrapped(value)
    if outer is None:  # what stood for objects of libraries is these objects by now
        _clean_callables(watch)


def _clean_containers(watch: Watch) -> None:
    """Containers that the run wrote to hold plain values, and are still the objects that other containers hold: those inside before those around them."""
    outer = watch.outer
    if len(watch.touched) + len(watch.tails) < 2:
        for key, place in [*watch.tails.items(), *watch.touched.items()]:
            _clean_place(key, place, outer)
        return
    # each has its own numbers made plain first, so that nothing is copied on account of what it refers to
    for tail in watch.tails.values():
        for k, value in enumerate(tail.appended, tail.length):
            if isinstance_traced(value):
                tail.of[k] = unwrapped(value)
    for container in list(watch.touched.values()):
        cleaned(container, outer, itself=True)
    pending: dict[int, Any] = {**watch.tails, **watch.touched}
    order: list[tuple[int, Any]] = [(key, None) for key in pending]
    plain: set[int] = set()  # a long chain of containers is not gone over again for each that holds it
    local.plain = plain
    while order:
        key, place = order.pop()
        if place is not None:
            if _clean_place(key, place, outer):
                plain.add(key)
        elif key in pending:  # neither done nor begun, as one is that holds itself
            order.append((key, pending.pop(key)))
            order.extend([(id(v), None) for v in _held(order[-1][1]) if id(v) in pending])


def _clean_place(key: int, place: Any, outer: Watch | None) -> bool:
    """Make the values of a container, or of the end of a long list, plain; whether all that it holds is known to be."""
    if type(place) is Tail:
        for k in range(place.length, len(place.of)):
            if holds_traced(place.of[k], plain=local.plain):
                place.of[k] = unwrapped(place.of[k])
        return False  # nobody looked at its beginning
    waiting = cleaned(place, outer)
    if waiting and outer is not None:
        outer.touched[key] = place
    return not (waiting or (isinstance(place, dict) and any(map(isinstance_traced, place))))


def _held(place: Any) -> list[Any]:
    """What is held by a container that the run wrote to, in tuples too, numbers and texts aside."""
    values = place.appended if type(place) is Tail else place.values() if isinstance(place, dict) else place
    if isinstance(values, np.ndarray):
        values = values.flat if values.dtype.kind == "O" else ()
    if type(values) in STREAMS:  # whose lines would be taken from it
        return []
    held = [v for v in values if type(v) not in ATOMS]
    seen: set[int] = set()
    for value in held:  # which grows
        if isinstance(value, tuple) and id(value) not in seen:
            seen.add(id(value))
            held.extend(v for v in value if type(v) not in ATOMS)
    return held


def _clean_given(obj: Any, depth: int = 3) -> None:
    """What an object of a library's keeps in its attributes is plain: a queue, a dictionary with weak keys, a mock that remembers its calls, a spline of traced data."""
    attributes: Any = own_entries(obj)
    for name, value in list(attributes.items()) if type(attributes) is dict else ():
        if type(value) is types.FunctionType:
            _clean_reached([value])
        elif isinstance(value, (list, dict, deque, set)):
            if len(value) <= _MANY:
                cleaned(value, None)
                for entry in list(value.values() if isinstance(value, dict) else value):
                    if depth and _is_librarys(type(entry)):
                        _clean_given(entry, depth - 1)
        elif holds_traced(value):
            attributes[name] = unwrapped(value)
        elif depth and _is_librarys(type(value)):
            _clean_given(value, depth - 1)


#: of longer containers in libraries' objects nobody looks at each entry
_MANY = 100_000


def clean_class(cls: type) -> None:
    """A class that the run made, and its functions, hold plain values."""
    _clean_reached([cls])


def _clean_callables(watch: Watch) -> None:
    """Functions, partial calls, classes and objects of libraries that the run left in objects and containers hold plain values too."""
    stack: list[Any] = []
    for obj in watch.stored.values():
        _add_keeping(stack, _attributes(obj), within=True)
    for container in watch.touched.values():
        if isinstance(container, (list, set, deque, dict)):
            _add_keeping(stack, container.values() if isinstance(container, dict) else container)
    for tail in watch.tails.values():
        _add_keeping(stack, tail.appended)
    for dictionary, names in watch.names.values():
        _add_keeping(stack, [v for v in map(dictionary.get, names) if type(v) is not types.FunctionType])
    _clean_reached(stack)


def _add_keeping(stack: list[Any], values: Any, *, within: bool = False) -> None:
    """Add those of the values that may keep traced ones where a run does not see it, also in short containers."""
    for value in values:
        cls = type(value)
        if cls in ATOMS or cls is np.ndarray:
            continue
        if cls in _CALLABLES or _is_librarys(cls):
            stack.append(value)
        elif within and cls in _SHORT and len(value) <= _FEW:
            _add_keeping(stack, value.values() if cls is dict else value)


#: containers that are looked into, and how long they may be
_SHORT = frozenset({list, tuple, dict})
_FEW = 32


def _is_librarys(cls: type) -> bool:
    """Whether objects of a class of Python's library, NumPy's or SciPy's have attributes."""
    module = cls.__module__
    known = _librarys.get(module)
    if known is None:
        root = module.partition(".")[0] if type(module) is str else ""
        known = _librarys[module] = root in _NUMERICAL or (root in sys.stdlib_module_names and root != "builtins")
        if len(_librarys) > _MANY:
            _librarys.clear()
    return known and cls.__dictoffset__ != 0


_NUMERICAL = frozenset({"numpy", "scipy"})
#: by the name of a module, whether it is of one of these
_librarys: dict[Any, bool] = {}


def _clean_reached(stack: list[Any]) -> None:
    seen: set[int] = set()
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if type(value) is functools.partial:
            made: Any = value  # the stubs do not know that a partial call can be set anew
            stack.append(made.func)
            if holds_traced(made.args) or holds_traced(made.keywords):
                made.__setstate__((made.func, unwrapped(made.args), unwrapped(made.keywords), vars(made) or None))
        elif isinstance(value, type):
            for name, held in list(vars(value).items()):
                if type(held) in _CALLABLES:
                    stack.append(held)
                elif holds_traced(held):
                    _quietly(type.__setattr__, value, name, unwrapped(held))
        elif type(value) is types.FunctionType:
            if holds_traced(value.__defaults__):
                value.__defaults__ = unwrapped(value.__defaults__)
            if holds_traced(value.__kwdefaults__):
                value.__kwdefaults__ = unwrapped(value.__kwdefaults__)
            for cell in value.__closure__ or ():
                try:
                    held = cell.cell_contents
                except ValueError:  # not assigned yet
                    continue
                if type(held) in _CALLABLES:
                    stack.append(held)
                elif holds_traced(held):
                    cell.cell_contents = unwrapped(held)
        else:
            _clean_given(value)


_CALLABLES = (types.FunctionType, functools.partial, type)


def _quietly(function: Any, *arguments: Any) -> None:
    with contextlib.suppress(Exception):  # an object that refuses the value it had accepted keeps what it has
        function(*arguments)
