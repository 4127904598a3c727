"""Calls of the user's classes: ``__new__`` and ``__init__`` run as twins, ``__post_init__`` of dataclasses too.

    C(*args)  =  obj = C.__new__(C, *args); obj.__init__(*args); obj          as ``type.__call__`` does

The ``__init__`` of a dataclass is made of text that nobody keeps; it is done here from the fields.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import inspect
import operator
import types
from typing import TYPE_CHECKING, Any

from gradwise.containers.signatures import signature_of
from gradwise.containers.subclasses import is_users_number
from gradwise.tracing.holders import adopted, is_users_array
from gradwise.tracing.instrument.crashing import may_crash, with_plain_numbers_only
from gradwise.tracing.instrument.finalizers import is_read_at_its_end
from gradwise.tracing.instrument.lent import STREAMS
from gradwise.tracing.instrument.muting import in_memory, refuse_files
from gradwise.tracing.instrument.objects import (
    class_info,
    from_class,
    from_descriptor,
    resolve_later,
    reveal,
    store,
    store_by_class,
    store_plainly,
)
from gradwise.tracing.instrument.references import ALONE, count, owns
from gradwise.tracing.instrument.state import Watch, local
from gradwise.tracing.instrument.userland import is_users_file, wraps_users

if TYPE_CHECKING:
    from collections.abc import Callable

_FACTORY = dataclasses._HAS_DEFAULT_FACTORY  # type: ignore[attr-defined]  # the default of fields with a factory
_INIT_ONLY = dataclasses._FIELD_INITVAR  # type: ignore[attr-defined]  # marks arguments of __post_init__
_FIELD = dataclasses._FIELD  # type: ignore[attr-defined]  # marks ordinary fields
#: the qualified name of what ``dataclasses`` writes: text that a user gives to ``exec`` has no file either
_WRITTEN = "__create_fn__.<locals>.__init__"


def class_callee(watch: Watch, cls: Any) -> Any:
    """What to call in place of a class."""
    if local.muted is not None:
        refuse_files(cls)
        if cls in STREAMS:
            return functools.partial(in_memory, cls)
    call = type(cls).__call__
    if type(call) is types.FunctionType:
        if issubclass(type(cls), enum.EnumMeta) or not is_users_file(call.__code__.co_filename):
            return cls
        return types.MethodType(resolve_later()(call), cls)
    if not _defined_in_python(cls):
        return with_plain_numbers_only(cls) if may_crash(cls) else cls
    return functools.partial(construct, cls)


def _defined_in_python(cls: type) -> bool:
    """Whether a class has a constructor of the user's."""
    if is_users_array(cls) or is_users_number(cls):
        return True  # what is compiled is not to be filled with traced numbers
    for name in ("__init__", "__new__"):
        function = getattr(cls, name, None)
        if type(function) is types.FunctionType and (
            is_users_file(function.__code__.co_filename)
            or function.__code__.co_filename == "<string>"
            or wraps_users(function)
        ):
            return name == "__init__" or not issubclass(cls, tuple)
    return False


def construct(cls: Any, *args: Any, **kwargs: Any) -> Any:
    """``cls(*args, **kwargs)`` as ``type.__call__`` does it."""
    resolve = resolve_later()
    watch = local.watch
    if watch is not None and is_read_at_its_end(cls, watch):
        raise watch.trace.fail(
            f"an object of class {cls.__name__} is made, whose __del__ changes what the function may read: what is made under a trace ends when the trace does. "
            "A method that is called (close, or __exit__ under with) is required"
        )
    new = cls.__new__
    if new is object.__new__:
        # extra arguments are refused by object only where no __init__ takes them
        obj = object.__new__(cls) if cls.__init__ is not object.__init__ else object.__new__(cls, *args, **kwargs)
    else:
        obj = resolve(new)(cls, *args, **kwargs)
    if not isinstance(obj, cls):
        return obj
    if watch is not None and is_users_array(type(obj)) and count(obj) <= ALONE + _noted(watch, id(obj)) and owns(obj):
        obj = adopted(obj)
    if watch is not None and (new is object.__new__ or count(obj) <= ALONE):
        watch.created[id(obj)] = obj
    init = type(obj).__init__
    if type(init) is types.FunctionType:
        result = initialise(init, obj, args, kwargs)
        if result is not None:
            raise TypeError(f"__init__() should return None, not '{type(result).__name__}'")
    elif init is not object.__init__:
        init(obj, *args, **kwargs)
    return obj


def _noted(watch: Watch, key: int) -> int:
    """How many notes of a run refer to an object, and of the journal that keeps what its attributes were."""
    journaled = () if local.journal is None else local.journal.referred()
    return sum([key in notes for notes in (watch.stored, watch.created, watch.revealed, watch.overlay, journaled)])


def initialise(init: Any, obj: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``obj.__init__``, by twin or, for a dataclass, by its fields."""
    owner = _owner(type(obj), init)
    if owner is not None and "__dataclass_fields__" in vars(owner) and init.__code__.co_qualname == _WRITTEN:
        return _initialise_dataclass(owner, init, obj, args, kwargs)
    return resolve_later()(init)(obj, *args, **kwargs)


def _owner(cls: type, init: Any) -> type | None:
    for base in cls.__mro__:
        if vars(base).get("__init__") is init:
            return base
    return None


@functools.lru_cache(maxsize=512)
def _known_signature(init: Any) -> tuple[tuple[Any, ...], inspect.Signature]:
    return _defaults(init), signature_of(init)


def _defaults(init: Any) -> tuple[Any, ...]:
    named = init.__kwdefaults__ or {}
    return init.__defaults__ or (), tuple(named), tuple(named.values())


def _signature(init: Any) -> inspect.Signature:
    """The signature of an ``__init__``, whose defaults may be others than they were."""
    kept, signature = _known_signature(init)
    now = _defaults(init)
    if all(len(a) == len(b) and all(map(operator.is_, a, b)) for a, b in zip(kept, now, strict=True)):
        return signature
    return signature_of(init)


def _initialise_dataclass(owner: Any, init: Any, obj: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    try:
        bound = _signature(init).bind(obj, *args, **kwargs)
    except TypeError:
        init(obj, *args, **kwargs)  # raises as it does
        raise
    bound.apply_defaults()
    given = bound.arguments
    frozen = owner.__dataclass_params__.frozen
    later = []
    for field in owner.__dataclass_fields__.values():
        kind = field._field_type
        if kind is _INIT_ONLY:
            later.append(given.get(field.name, field.default))
            continue
        if kind is not _FIELD:
            continue
        value = given.get(field.name, _FACTORY) if field.init else _FACTORY
        if value is _FACTORY:
            if field.default_factory is not dataclasses.MISSING:
                value = resolve_later()(field.default_factory)()
            elif field.default is not dataclasses.MISSING and not field.init:
                continue  # the class attribute is the value
            elif value is _FACTORY:
                continue
        if frozen:
            store_native(obj, field.name, value)
        else:
            store(obj, field.name, value)
    if "__post_init__" in init.__code__.co_names:  # which the class had when it was decorated
        resolve_later()(obj.__post_init__)(*later)


# --- the attribute methods of object -------------------------------------------------------------------------------------------------


def store_native(obj: Any, name: str, value: Any) -> None:
    """``object.__setattr__(obj, name, value)``, for code that calls it by name."""
    watch = local.watch
    if watch is None:
        object.__setattr__(obj, name, value)
        return
    store_by_class(class_info(watch, type(obj)), obj, name, value)


def through_descriptor(descriptor: Any, name: str, obj: Any = None, *rest: Any) -> Any:
    """``Class.name.__get__(obj)`` and the like, for properties, slots and ``__dict__``."""
    bound = getattr(descriptor, name)
    if obj is None or local.watch is None:
        return bound(obj, *rest)
    if isinstance(descriptor, property):
        accessor = {"__get__": descriptor.fget, "__set__": descriptor.fset, "__delete__": descriptor.fdel}[name]
        if accessor is None:
            return bound(obj, *rest)
        return resolve_later()(accessor)(obj, *rest[: name == "__set__"])
    if name == "__get__":
        return load_native(obj, descriptor.__name__)
    if name == "__set__" and isinstance(descriptor, types.MemberDescriptorType):
        return store_plainly(obj, descriptor.__name__, *rest)
    reveal(obj)
    return bound(obj, *rest)


def load_native(obj: Any, name: str) -> Any:
    """``object.__getattribute__(obj, name)``."""
    watch = local.watch
    while watch is not None:
        entry = watch.overlay.get(id(obj))
        if entry is not None and name in entry[1]:
            return entry[1][name]
        if entry is not None and name == "__dict__":
            reveal(obj)
        watch = watch.outer
    watch = local.watch
    raw = None if watch is None else class_info(watch, type(obj)).special.get(name)
    if raw is not None:
        return from_descriptor(raw, obj, type(obj), name)
    return from_class(obj, name, object.__getattribute__(obj, name))


#: where the classes of ``Box[float]`` are
_GENERIC = frozenset({"typing", "types"})


def is_generic(callee: Any) -> bool:
    """Whether a callable is a class with parameters, ``Box[float]``."""
    return type(callee).__module__ in _GENERIC and isinstance(getattr(callee, "__origin__", None), type)


def of_generic(alias: Any, resolve: Callable[[Any], Any], *args: Any, **kwargs: Any) -> Any:
    """``Box[float](...)``: an object of the generic class, which knows its parameters."""
    made = resolve(alias.__origin__)(*args, **kwargs)
    with contextlib.suppress(Exception):  # as the alias does: an object without attributes does without
        made.__orig_class__ = alias
    return made
