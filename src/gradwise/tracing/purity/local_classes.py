"""Classes that the function itself defines:  ``class Model: def __init__(self, p): self.p = p``  within it.

What such a class is follows from the code alone: from its body, which runs straight on, and the code objects of its methods.  So it is stood for by a class made here once (``Scope`` knows nothing else of it than of a class that was
there), whose functions stand for functions made during the call (``Local``): none of them ever runs.  Values of the body that are not constants of the code stand there as ``Standing``.

At each call the classes are other ones, and one code may define several in a call.  So that an object is of such a class is never certain, that it is not may be.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import types
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from gradwise.tracing.purity.lattice import join, level
from gradwise.tracing.purity.objects import member
from gradwise.tracing.purity.scope import classify
from gradwise.tracing.purity.values import Constant, Held, Known, Local

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


@dataclass(slots=True, unsafe_hash=True)
class Wrapped:
    """``property(f)``, ``staticmethod(f)`` and the like in the body of a class."""

    maker: Any
    functions: tuple[Any, ...]


class Standing:
    """What stands in the class made here for a value of the body: it is found under this place and name in ``Inquiry.made``."""

    __slots__ = ("name", "place")

    def __init__(self, place: Any, name: str) -> None:
        self.place = place
        self.name = name


#: the functions of the classes made here, and what they stand for; and the classes
_functions: weakref.WeakKeyDictionary[types.FunctionType, Local] = weakref.WeakKeyDictionary()
_classes: weakref.WeakSet[type] = weakref.WeakSet()

_WRAPPERS: tuple[Any, ...] = (property, staticmethod, classmethod, functools.cached_property)
#: what Python itself puts into the body, and nobody reads
_BESIDE = frozenset(["__module__", "__qualname__", "__classcell__", "__static_attributes__", "__firstlineno__", "__annotations__", "__conditional_annotations__", "__classdictcell__"])  # fmt: skip
#: what would be called when classes are made, or answer for what objects are
_REFUSED = frozenset(["__init_subclass__", "__set_name__", "__class__", "__prepare__", "__mro_entries__", "__orig_bases__", "__type_params__", "__annotate__", "__annotate_func__"])  # fmt: skip
#: what says that an annotated name is no field
_NO_FIELDS: tuple[Any, ...] = (dataclasses.KW_ONLY, dataclasses.InitVar)
_OPTIONS = frozenset(["init", "repr", "eq", "order", "unsafe_hash", "frozen", "match_args", "kw_only"])


def is_local_class(value: Any) -> bool:
    """Whether a class stands for one that is defined during the call."""
    return isinstance(value, type) and value in _classes


def stands_for(function: Any) -> Local | None:
    """What a function of such a class stands for; None for any other function."""
    return _functions.get(function)


def standing(m: Machine, value: Standing) -> Any:
    """What a value of the body stands for."""
    return m.scope.inquiry.made[value.place][value.name]


def of_class_body(m: Machine, value: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """``property(f)`` in the body of a class, ``dataclass(cls)`` of one that is defined during the call; None for any other call."""
    if m.namespace is not None and any(value is one for one in _WRAPPERS) and not keywords:
        if not arguments or not all(type(one) is Local for one in arguments):
            raise m.doubt(f"it makes a {value.__name__} in a way that is not looked into")
        return Wrapped(value, tuple(arguments))
    if value is collections.namedtuple and len(arguments) == 2 and not keywords:
        return _named_tuple(m, arguments)
    if value is not dataclasses.dataclass or not keywords.keys() <= _OPTIONS:
        return None
    if not all(type(one) is Constant and type(one.value) is bool for one in keywords.values()):
        return None
    if not arguments and keywords:
        return Held(Known(value), (), tuple(keywords.items()))
    if len(arguments) != 1 or type(arguments[0]) is not Known or not is_local_class(arguments[0].value):
        return None
    return _as_dataclass(m, arguments[0].value, {k: v.value for k, v in keywords.items()})


def attribute_of_wrapped(m: Machine, owner: Wrapped, name: str) -> Held:
    """``prop.setter``, ``prop.getter``, which take a function."""
    if owner.maker is not property or name != "setter" or len(owner.functions) > 1:
        raise m.doubt(f"it reads {name!r} of a {owner.maker.__name__}")
    return Held(Known(property), owner.functions, ())


def defined(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Known:
    """What the statement ``class`` gives.

    Raises
    ------
    Unproven
        Where the body is more than values, functions and what is made of these, or the bases are classes that were there.
    """
    body, name, *bases = arguments
    if keywords or type(body) is not Local or type(name) is not Constant:
        raise m.doubt("it defines a class with a metaclass or other keywords")
    m.made.pop(body, None)  # it is no function that anyone calls
    m.scope.inquiry.makers.pop(body.code, None)
    real = tuple([one.value for one in bases if type(one) is Known])
    if len(real) < len(bases) or not all(one is object or is_local_class(one) for one in real):
        raise m.doubt("it defines a class that is derived from others than those that it defines")
    inner = m.body_of_class(body)
    place = ("class", id(body.code))
    content = {k: v for k, v in inner.namespace.items() if k not in _BESIDE}
    annotations = inner.namespace.get("__annotations__")
    fields = tuple(annotations.entries.items()) if type(annotations) is Annotations else ()
    seen = tuple([(k, v if type(v) in (Local, Wrapped) or _is_literal(v) else None) for k, v in content.items()])
    key = ("class", id(body.code), name.value, real, seen, fields)
    for one, value in content.items():
        _keep_value(m, place, one, value)
    made = m.scope.inquiry.templates.get(key)
    if made is None:
        made = _made(m, name.value, real, {k: _real(place, k, v) for k, v in content.items()}, dict(fields))
        m.scope.inquiry.templates[key] = made
    known = _known(m, made)
    inner.cells["__class__"] = known
    return known


def _keep_value(m: Machine, place: Any, name: str, value: Any) -> None:
    """Note a value of the body: plain data that are no constant of the code are what they are at each call."""
    if name in _REFUSED or (type(value) is Wrapped and name.startswith("__") and value.maker is property):
        raise m.doubt(f"it defines a class with {name}")
    if type(value) in (Local, Wrapped) or _is_literal(value):
        return
    if name.startswith("__") or level(value) is None:
        raise m.doubt(f"it defines a class, in whose body {name!r} is not looked into")
    stored = m.scope.inquiry.made.setdefault(place, {})
    joined = join(stored[name], value) if name in stored else value
    if name not in stored or joined != stored[name]:
        stored[name] = joined
        m.scope.inquiry.learned = True


def _is_literal(value: Any) -> bool:
    return type(value) is Constant and not isinstance(value.value, types.CodeType)


def _real(place: Any, name: str, value: Any) -> Any:
    """What stands in the class made here."""
    if type(value) is Local:
        return _function(value)
    if type(value) is Wrapped:
        return value.maker(*map(_function, value.functions))
    return value.value if _is_literal(value) else Standing(place, name)


def _function(local: Local) -> types.FunctionType:
    """A function of that code, never to be called."""
    cells = tuple([types.CellType() for _ in local.code.co_freevars])
    made = types.FunctionType(local.code, {"__builtins__": {}}, local.code.co_name, None, cells)
    _functions[made] = local
    return made


def _made(m: Machine, name: str, bases: tuple[type, ...], content: dict[str, Any], annotations: dict[str, Any]) -> type:
    if any(member(base, "__init_subclass__") is not vars(object)["__init_subclass__"] for base in bases):
        raise m.doubt("it defines a class derived from one with an __init_subclass__")
    module = m.scope.function.__globals__.get("__name__")
    if type(module) is not str:
        raise m.doubt("it defines a class in a module without a name")
    try:
        made = type(name, bases, {"__module__": module, "__annotations__": annotations, **content})
    except (TypeError, ValueError) as error:
        raise m.doubt(f"it defines a class, which fails ({error})") from error
    _classes.add(made)
    return made


def _as_dataclass(m: Machine, cls: Any, options: dict[str, bool]) -> Known:
    """``dataclass(cls)``: of a class of its own, since it writes into it."""
    key = ("dataclass", cls, tuple(options.items()))
    made = m.scope.inquiry.templates.get(key)
    if made is None:
        content = {k: v for k, v in vars(cls).items() if k not in ("__dict__", "__weakref__", *_BESIDE)}
        content.pop("__doc__", None)
        if "__slots__" in content:
            raise m.doubt("it makes a dataclass of a class with slots")
        made = _made(m, cls.__name__, cls.__bases__, content, dict(vars(cls).get("__annotations__", {})))
        try:
            dataclasses.dataclass(**options)(made)
        except (TypeError, ValueError, AttributeError) as error:
            raise m.doubt(f"it makes a dataclass, which fails ({error})") from error
        m.scope.inquiry.templates[key] = made
    for body in m.bodies.values():
        if body.cells.get("__class__") == Known(cls):
            body.cells["__class__"] = _known(m, made)
    return _known(m, made)


def _named_tuple(m: Machine, arguments: list[Any]) -> Known | None:
    """``namedtuple("Point", "a b")`` of literals: what it gives follows from them; None for any others."""
    name, fields = [one.value if type(one) is Constant else None for one in arguments]
    if type(name) is not str or type(fields) not in (str, tuple):
        return None
    key, maker = ("named tuple", name, fields), cast("Any", collections.namedtuple)
    made = m.scope.inquiry.templates.get(key)
    if made is None:
        try:
            made = m.scope.inquiry.templates[key] = maker(name, fields)
        except (TypeError, ValueError) as error:
            raise m.doubt(f"it makes a class of named tuples, which fails ({error})") from error
        _classes.add(made)
    expected, known = classify(made, m.scope.inquiry.known)
    return known if expected.kind == "test" and type(known) is Known else None


def _known(m: Machine, made: type) -> Known:
    expected, known = classify(made, m.scope.inquiry.known)
    if expected.kind != "class":
        raise m.doubt(f"it defines the class {made.__name__}, which is not looked into")
    assert type(known) is Known
    return known


class Annotations:
    """The annotations of a class that is being defined."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}

    def assign(self, m: Machine, key: Any, value: Any) -> None:
        """``__annotations__[name] = what``: what is written there matters to ``dataclass`` only where it says that it is no field."""
        text = value.value if type(value) is Constant else None
        if type(key) is not Constant or (
            type(text) is str and any(w in text for w in ("ClassVar", "InitVar", "KW_ONLY"))
        ):
            raise m.doubt("it defines a class with fields that are not looked into")
        is_type = type(value) is Known and isinstance(value.value, type)
        if (not is_type and type(text) is not str and text is not None) or (is_type and value.value in _NO_FIELDS):
            raise m.doubt("it defines a class with fields that are not looked into")
        self.entries[key.value] = object
