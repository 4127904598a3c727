"""What is called in place of a callee: a stand-in by identity, the twin of a user function, or the callee itself.

Nothing is compared or hashed but identities and types: callees may be unhashable, or equal to one another.
"""

from __future__ import annotations

import functools
import io
import operator
import sys
import types
from collections import deque
from typing import Any

import numpy as np

from gradwise.tracing.holders import is_users_array
from gradwise.tracing.instrument import boxed, constructing, deleting
from gradwise.tracing.instrument.cached import memory_of_run, of_memory
from gradwise.tracing.instrument.cells import with_code
from gradwise.tracing.instrument.compiling import HANDLES, going_both_ways, instrumented, making_buffers
from gradwise.tracing.instrument.crashing import may_crash, with_plain_numbers_only
from gradwise.tracing.instrument.drawing import drawing, draws
from gradwise.tracing.instrument.effects import DATES, MODULES, REPEATABLE, SHOWS, is_muted, of_paths, public_name
from gradwise.tracing.instrument.ending import reveal_all, reveal_within
from gradwise.tracing.instrument.foreign import CHANGING, OF_MATRICES, is_foreign, note_change
from gradwise.tracing.instrument.frames_asked_for import answers_for_its_caller
from gradwise.tracing.instrument.jitted import jitted_callee
from gradwise.tracing.instrument.known import KNOWN, METHODS, numpy_function, refresh, vectorized_call
from gradwise.tracing.instrument.lent import STREAMS
from gradwise.tracing.instrument.muting import (
    GENERATORS,
    is_generator,
    is_silent,
    note_draw,
    note_generator,
    opening,
    silent,
)
from gradwise.tracing.instrument.not_undone import printing, writing
from gradwise.tracing.instrument.objects import RESOLVE, class_info, holds_traced, load, refuse_ours
from gradwise.tracing.instrument.rebuilt import rebuilt_twin
from gradwise.tracing.instrument.special_methods import is_given
from gradwise.tracing.instrument.state import Watch, local, note_written
from gradwise.tracing.instrument.unwritten import Unmuted, is_looked_into
from gradwise.tracing.instrument.userland import NATIVE, is_derived, is_users_file, wraps_users
from gradwise.tracing.instrument.written import WRITERS
from gradwise.tracing.traced import TracedArray, TracedScalar

_FunctionType = types.FunctionType
_MethodType = types.MethodType


def resolve(callee: Any) -> Any:
    """What to call in place of ``callee`` in a traced run."""
    found = KNOWN.get(id(callee))
    if found is not None:
        return found
    watch = local.watch
    if watch is None:
        return callee
    cls = type(callee)
    if cls is _FunctionType:
        entry = watch.twins.get(id(callee))
        return entry[1] if entry is not None else twin(watch, callee)
    if cls is _MethodType:
        function = callee.__func__
        if type(function) is _FunctionType:
            entry = watch.twins.get(id(function))
            other = entry[1] if entry is not None else twin(watch, function)
        else:
            owner = callee.__self__
            if type(owner).__name__ in GENERATORS and is_generator(type(owner)):
                note_draw(watch, owner)
            other = resolve(function)
        return callee if other is function else _MethodType(other, callee.__self__)
    handler = _BY_TYPE.get(cls)
    if handler is not None:
        return handler(watch, callee)
    if isinstance(callee, type):
        return _class(watch, callee)
    return _object_callee(watch, callee)


def method(obj: Any, name: str) -> Any:
    """What to call in place of ``obj.name``."""
    cls = type(obj)
    if cls is TracedArray or cls is TracedScalar:
        if name in _CONVERSIONS:
            return functools.partial(resolve(_CONVERSIONS[name]), obj)
        refuse_ours(obj, name)
        return getattr(obj, name)
    if cls is types.ModuleType:
        callee = getattr(obj, name)
        found = KNOWN.get(id(callee))
        if found is None:
            refresh()  # the module may have been loaded by being asked for: np.ma, scipy.optimize
            found = KNOWN.get(id(callee))
        if found is not None:
            return found
        if local.watch is not None and obj.__name__.partition(".")[0] in MODULES and id(callee) not in REPEATABLE:
            effect = f"it calls {obj.__name__}.{name}"
            local.watch.effects[effect] = None
            if local.muted is not None and not is_muted(effect):
                raise Unmuted(effect)
            if obj.__name__ == "random":
                note_generator(obj._inst)  # whose methods are the module's functions
        return resolve(callee)
    if cls.__name__ in GENERATORS and local.watch is not None and is_generator(cls):
        note_draw(local.watch, obj)
    table = METHODS.get(cls)
    if table is not None:
        function = table.get(name)
        if function is not None:
            if name in OF_MATRICES:
                note_change(obj, name)
            return _MethodType(function, obj)
    if name in CHANGING:
        note_change(obj, name)
    if name in WRITERS and issubclass(cls, np.ndarray):
        note_written(obj)
    if cls in _UNHOOKED:
        return resolve(getattr(obj, name)) if cls in _CARRY else getattr(obj, name)
    return resolve(load(obj, name))


#: what compiled code asks a value for, which would lose the derivative: asked by the user's own code, it keeps it
_CONVERSIONS = {"__array__": np.asarray, "__float__": float, "__complex__": complex}
_UNHOOKED = frozenset(NATIVE - {super})
#: plain types whose attributes may be callables of the user's
_CARRY = frozenset({types.FunctionType, types.BuiltinFunctionType})


# --- user functions ----------------------------------------------------------------------------------------------------------------


def twin(watch: Watch, function: Any) -> Any:
    """The instrumented twin of a Python function, made once in a run; the function itself if it is a library's."""
    code = function.__code__
    made = KNOWN.get(id(function))  # a method of a class of a library's, which is asked for as a function here
    if made is not None:
        pass
    elif not is_users_file(code.co_filename) and not wraps_users(function):
        made = _library_callee(watch, function)
    else:
        both = None if local.both_ways is None else going_both_ways(code, function.__globals__)
        filled = making_buffers(code, function.__globals__) if local.buffers and both is None else None
        new = both or filled or instrumented(code, function.__globals__)
        if code.co_exceptiontable and (new is None or new.co_consts[-2:-1] == HANDLES):
            local.caught += 1  # who knows: its handlers are not seen
        if new is None:
            made = rebuilt_twin(function)
        else:
            made = with_code(watch, function, new)
    watch.twins[id(function)] = (function, made)
    if made is not function:
        watch.twins[id(made)] = (made, made)
    return made


def _library_callee(watch: Watch, function: Any) -> Any:
    """A library's Python function: as it is, but with objects that show their traced attributes, and twins for the user's callbacks."""
    if type(function) is _FunctionType and function.__code__.co_filename.startswith(_OURS):
        return function
    if answers_for_its_caller(function):
        return generic_call(function)
    raw = boxed.behind(function)
    if raw is not None:
        return boxed.unboxed(function, raw, resolve)
    effect = of_paths(function)
    if effect is not None:
        watch.effects[effect] = None
    if is_looked_into(function):
        new = instrumented(function.__code__, function.__globals__)
        if new is not None:
            return with_code(watch, function, new)
    elif effect is None and local.muted is not None and function.__name__ == "open":
        return opening(function)
    if may_crash(function):
        return with_plain_numbers_only(function)
    return drawing(function) if draws(function) else _handing_over(function)


_OURS = __file__[: -len("tracing/instrument/callees.py")]


def with_twins(value: Any) -> Any:
    """A user's function as its twin; anything else as it is."""
    cls = type(value)
    if cls is _FunctionType or cls is _MethodType:
        function = value if cls is _FunctionType else value.__func__
        if type(function) is _FunctionType and is_users_file(function.__code__.co_filename):
            return resolve(value)
    elif cls is functools.partial:
        return resolve(value)
    return value


def _handing_over(callee: Any) -> Any:
    @functools.wraps(callee, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        watch = local.watch
        if watch is None:
            return callee(*args, **kwargs)
        if watch.overlay:
            reveal_within([*args, *kwargs.values()])
        if args and is_foreign(type(args[0])) and (any(map(holds_traced, args[1:])) or holds_traced(kwargs)):
            watch.given[id(args[0])] = args[0]
        return callee(*[with_twins(a) for a in args], **{k: with_twins(v) for k, v in kwargs.items()})

    return call


# --- other callables ---------------------------------------------------------------------------------------------------------------


def _builtin_callee(watch: Watch, callee: Any) -> Any:
    """A compiled function, or the bound method of a plain object."""
    owner = callee.__self__
    cls = type(owner)
    if cls is functools._lru_cache_wrapper:
        return of_memory(watch, callee)
    if callee is print or answers_for_its_caller(callee):
        return _PRINTED if callee is print else callee
    if local.muted is not None:
        callee = silent(callee, owner)
    if isinstance(owner, io.IOBase):
        callee = writing(callee, owner)
    if is_generator(cls):
        note_draw(watch, owner)
    elif owner is sys.stdout or owner is sys.stderr:
        watch.effects[SHOWS] = None
    elif cls in DATES or cls in STREAMS or id(callee) in REPEATABLE:
        pass
    elif (callee.__module__ or cls.__module__).partition(".")[0] in MODULES:
        watch.effects[f"it calls {public_name(callee, owner)}"] = None
    if is_users_array(cls):
        return _of_users_array(owner, callee)
    table = METHODS.get(cls)
    if table is None and isinstance(owner, _CONTAINERS):  # of a class of the user's: what is put into it is noted too
        watch.touched[id(owner)] = owner
        base = next(base for base in cls.__mro__ if base in METHODS)
        table = METHODS[base] if getattr(cls, callee.__name__, None) is getattr(base, callee.__name__, base) else None
    if table is not None:
        function = table.get(callee.__name__)
        if function is not None:
            return _MethodType(function, owner)
    if watch.overlay and cls not in NATIVE:
        return _handing_over(callee)
    return callee


_PRINTED = printing(is_silent)


def _of_users_array(owner: Any, callee: Any) -> Any:
    """A method of ndarray that is asked of an array of a user's class."""
    function = KNOWN.get(id(vars(np.ndarray).get(callee.__name__)))
    return callee if function is None else _MethodType(function, owner)


_CONTAINERS = (list, dict, set, deque)


def _partial_callee(watch: Watch, callee: Any) -> Any:
    other = resolve(callee.func)
    return callee if other is callee.func else functools.partial(other, *callee.args, **callee.keywords)


def _cached_callee(watch: Watch, callee: Any) -> Any:
    """A function under ``lru_cache``: its memory would answer plain values.  Under a trace the function runs, with a memory of the run's own."""
    watch.effects["it calls a function under lru_cache, whose memory would grow"] = None
    return memory_of_run(watch, callee, resolve)


def _array_function(watch: Watch, callee: Any) -> Any:
    made = numpy_function(callee)
    KNOWN[id(callee)] = made
    _kept.append(callee)
    return made


_kept: list[Any] = []


#: stand-ins of universal functions that live as long as their library
_UFUNCS: dict[int, Any] = {}


def _ufunc(watch: Watch, callee: Any) -> Any:
    made = _UFUNCS.get(id(callee))
    if made is not None:
        return made
    entry = watch.twins.get(id(callee))
    if entry is not None:
        return entry[1]
    made = numpy_function(callee)
    special = sys.modules.get("scipy.special")
    if vars(np).get(callee.__name__) is callee or vars(special or np).get(callee.__name__) is callee:
        _UFUNCS[id(callee)] = made
    else:
        watch.twins[id(callee)] = (callee, made)
    return made


def _vectorize(watch: Watch, callee: Any) -> Any:
    return functools.partial(vectorized_call, callee)


def _slot(watch: Watch, callee: Any) -> Any:
    """A bound special method of a plain class: ``super().__setattr__``, ``type.__call__`` of a class."""
    owner, name = callee.__self__, callee.__name__
    if name == "__setattr__":
        return functools.partial(constructing.store_native, owner)
    if name == "__delattr__":
        return functools.partial(deleting.delete_native, owner)
    if name == "__getattribute__":
        return functools.partial(constructing.load_native, owner)
    if name == "__call__" and isinstance(owner, type):
        return functools.partial(constructing.construct, owner)
    if name == "__call__":
        if "__call__" not in class_info(watch, type(owner)).methods:
            return resolve(owner)
        # super().__call__ of a compiled class, in that method
        handler = next((_BY_TYPE[base] for base in type(owner).__mro__ if base in _BY_TYPE), None)
        return callee if handler is None else handler(watch, owner)
    if isinstance(owner, _DESCRIPTORS) and name in ("__get__", "__set__", "__delete__"):
        return functools.partial(constructing.through_descriptor, owner, name)
    if is_users_array(type(owner)):
        return _of_users_array(owner, callee)
    base = next((cls for cls in type(owner).__mro__ if cls in METHODS), None)
    # a class between may have the method too
    function = METHODS[base].get(name) if base is not None and issubclass(base, callee.__objclass__) else None
    if function is None:
        return _handing_over(callee) if watch.overlay and type(owner) not in NATIVE else callee
    return _MethodType(function, owner)


_DESCRIPTORS = (property, types.MemberDescriptorType, types.GetSetDescriptorType)


def _object_callee(watch: Watch, callee: Any) -> Any:
    """An object with ``__call__``."""
    if is_derived(callee):
        return callee
    if type(callee).__module__.startswith("numba."):
        compiled = jitted_callee(callee, resolve)
        if compiled is not None:
            return compiled
    if constructing.is_generic(callee):
        return functools.partial(constructing.of_generic, callee, resolve)
    call = class_info(watch, type(callee)).methods.get("__call__")
    if call is None:
        known = KNOWN.get(id(type(callee).__call__)) if callable(callee) else None
        if known is not None:
            return _MethodType(known, callee)
        if watch.overlay:
            return _handing_over(callee)
        return callee
    other = resolve(call)
    return callee if other is call and not is_given(call) else _MethodType(other, callee)


def _method_caller(watch: Watch, callee: Any) -> Any:
    """``operator.methodcaller(name, …)``, whose method is asked for as by ``obj.name``."""
    made, parts = callee.__reduce__()[:2]
    named: dict[str, Any] = {}
    if made is not operator.methodcaller:  # with arguments by name it is a partial call of it
        parts, named = (*made.args, *parts), made.keywords
    name, *arguments = parts
    return lambda obj: method(obj, name)(*arguments, **named)


def _class(watch: Watch, cls: type) -> Any:
    made = constructing.class_callee(watch, cls)
    # an object of SciPy's may call the user's functions later
    return _handing_over(cls) if made is cls and cls.__module__.startswith("scipy.") else made


_BY_TYPE: dict[type, Any] = {
    operator.methodcaller: _method_caller,
    type: _class,
    types.BuiltinFunctionType: _builtin_callee,
    functools.partial: _partial_callee,
    functools._lru_cache_wrapper: _cached_callee,
    np.ufunc: _ufunc,
    type(np.sum): _array_function,
    np.vectorize: _vectorize,
    type("".__str__): _slot,
}


def generic_call(callee: Any) -> Any:
    """A callee that is not looked into, with every object showing its traced attributes."""
    reveal_all()
    return callee


RESOLVE[0] = resolve
