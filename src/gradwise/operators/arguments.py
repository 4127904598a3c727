"""Which arguments are differentiated, as which numbers: ``argnums`` as an int, a tuple, names, or "all".

The chosen arguments are flattened into leaves; integer leaves become floats; what cannot be differentiated is refused by name.
"""

from __future__ import annotations

import functools
import types
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.containers import TreeDef, flatten
from gradwise.containers.labelled import without_labels
from gradwise.containers.signatures import signature_of
from gradwise.containers.subclasses import is_users_number
from gradwise.errors import InputError
from gradwise.operators.argnums import require_argnums
from gradwise.operators.copies import as_given, copied
from gradwise.operators.leaves import as_floating, as_matrix, is_floating, kind_of
from gradwise.operators.reuse.promises import unwrapped
from gradwise.operators.write_back import Containers, originals, shared_arrays
from gradwise.tracing.holders import is_users_array
from gradwise.tracing.instrument.given_arrays import shown
from gradwise.tracing.instrument.hooks import watched
from gradwise.tracing.instrument.state import local
from gradwise.tracing.purity import is_plain
from gradwise.tracing.subclasses.arguments import in_the_class

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

Argnums = Any  # int | str | sequence of int or str


def function_label(function: Any) -> str:
    """The name by which messages call a function."""
    return getattr(function, "__name__", None) or type(function).__name__


def code_of(function: Any) -> types.CodeType | None:
    """The code object by which a callable is known."""
    for _ in range(8):
        if isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, types.MethodType):
            function = function.__func__
        elif isinstance(function, types.FunctionType):
            return function.__code__
        else:
            function = function.__wrapped__ if hasattr(function, "__wrapped__") else type(function).__call__
    return None


def require_callable(
    function: Any, operator: str, call: str = "(f)(x), with f the function and x its argument"
) -> None:
    """Raise InputError unless ``function`` can be called; ``call`` is what is written behind the operator's name."""
    if not callable(function):
        raise InputError(
            f"gw.{operator} was given {function!r:.200} of type {type(function).__name__}. A function is required. Write gw.{operator}{call}"
        )


#: the structure of one array or number
_NUMBER = flatten(0.0)[1]

#: a function and what runs in its place, while a derivative is tried again without the call that could not be traced
stand_in: ContextVar[tuple[Any, Any] | None] = ContextVar("gradwise_stand_in", default=None)


def standing_in(function: Any) -> Any:
    """The function itself, rebuilt where it must be (``tracing/rebuilding.py``), or what runs in its place."""
    function = unwrapped(function)
    pair = stand_in.get()
    return pair[1] if pair is not None and pair[0] is function else watched(function)


class Arguments:
    """The arguments of one call, split into the leaves that move and the rest.

    Attributes
    ----------
    leaves : list
        The leaves of the chosen arguments, floating (values of an outer trace stay as they are).
    treedefs : list of TreeDef
        One for each chosen argument.
    single : bool
        Whether one argument was chosen (results are then not wrapped in a tuple).
    labels : list of str
        A name for each chosen argument.
    places : list
        The position or name of each chosen argument.
    templates : dict
        By position among the leaves, the arrays of users' classes of which they are the numbers.
    """

    __slots__ = (
        "_args",
        "_containers",
        "_function",
        "_kwargs",
        "_runs",
        "_simple",
        "_written",
        "kinds",
        "labels",
        "leaves",
        "places",
        "single",
        "templates",
        "treedefs",
    )

    def __init__(
        self,
        function: Callable[..., Any],
        argnums: Argnums,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        operator: str,
    ) -> None:
        self._function = function
        self._containers: Containers | None = None
        self._written: Containers | None = None
        self._runs: Any = None
        self._args = args
        self._kwargs = kwargs
        self._simple = False
        self.templates: dict[int, Any] = {}
        if type(argnums) is int and argnums == 0 and len(args) >= 1:
            self.places: list[Any] = [0]
            self.single = True
            leaf = args[0]
            if is_floating(leaf):
                self._simple = not kwargs and len(args) == 1
                self.leaves: list[Any] = [leaf]
                self.kinds = [type(leaf)]
                self.treedefs: list[TreeDef] = [_NUMBER]
                self.labels: list[str] = []
                return
        else:
            self.places, self.single = _resolve(function, argnums, args, kwargs, operator)
        self.leaves, self.kinds, self.treedefs, self.labels = [], [], [], []
        for place in self.places:
            value = (
                args[place] if type(place) is int else kwargs[place] if place in kwargs else _default(function, place)
            )
            label = _label(function, place)
            leaves, treedef = flatten(value, name=label)
            if not leaves:
                raise InputError(
                    f"argument {label!r} is {value!r} and holds no numbers. A number, an array, or a container of them is required. "
                    f"Choose another argument with argnums="
                )
            paths: list[str] = []
            for position, leaf in enumerate(leaves):
                if not is_floating(leaf):
                    if is_users_array(type(leaf)) or is_users_number(type(leaf)):
                        self.templates[len(self.leaves) + position] = leaf
                    paths = paths or treedef.paths(label)
                    leaves[position] = as_floating(leaf, paths[position], operator)
                self.kinds.append(kind_of(leaf))
            self.leaves += leaves
            self.treedefs.append(treedef)
            self.labels.append(label)

    @classmethod
    def of_call(cls, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
        """The arguments of a call of which none is differentiated."""
        self = object.__new__(cls)
        self._function, self._args, self._kwargs, self._simple, self.single = function, args, kwargs, False, False
        self._runs, self._containers, self._written = function, None, None
        self.places, self.leaves, self.kinds, self.treedefs, self.labels = [], [], [], [], []
        self.templates = {}
        return self

    def call(self, leaves: Sequence[Any]) -> Any:
        """The function on these leaves in place of the moving ones."""
        function = self._runs
        if function is None:
            function = self._runs = standing_in(self._function)
        if any([type(v) is np.ndarray for v in leaves]):
            leaves = [as_given(v, given) for v, given in zip(leaves, self.leaves, strict=True)]
        if self._simple:
            return function(leaves[0])
        args, kwargs = list(self._args), dict(self._kwargs)
        if self.templates:
            leaves = [in_the_class(v, self.templates[k]) if k in self.templates else v for k, v in enumerate(leaves)]
        values = self.rebuild(leaves)
        theirs = []
        for place, value in zip(self.places, values, strict=True):
            if type(place) is int:
                theirs.append(args[place])
                args[place] = value
            else:
                theirs.append(kwargs.get(place, value))
                kwargs[place] = value
        beside: list[Any] = []
        if len(args) + len(kwargs) > len(self.places):
            others, named = self.others()
            beside = [*others, *named.values()]
        flat = self._flat
        shared = shared_arrays(self.leaves, leaves, beside) if beside else []
        self._containers = None if flat and not shared else Containers([] if flat else theirs, values, beside, shared)
        if local.watch is not None:
            local.watch.trace.arguments = functools.partial(originals, theirs, values, beside)
            if local.watch.originals:
                args, kwargs = shown(args), dict(zip(kwargs, shown([*kwargs.values()]), strict=True))
        result = function(*args, **kwargs)
        return result if flat else without_labels(result)

    def write_back(self) -> None:
        """After a run: what the function changed in containers among its arguments is changed in the caller's."""
        if self._containers is not None:
            self._written, self._containers = self._containers, None
            self._written.write_back()

    def take_back(self) -> None:
        """After a run that failed: the caller's containers are as they were."""
        if self._written is not None:
            self._written.take_back()
            self._written = None

    @property
    def _flat(self) -> bool:
        """Whether no chosen argument is a container."""
        return all(treedef.num_leaves == 1 and not treedef.children for treedef in self.treedefs)

    def copied(self) -> Arguments:
        """The same arguments with every array copied (and every container made anew), for a run that may write to them."""
        twin = object.__new__(Arguments)
        twin._containers = twin._written = None
        twin._function, twin._runs = self._function, self._runs
        twin.places, twin._simple, twin.single = self.places, self._simple, self.single
        twin.kinds, twin.treedefs, twin.labels = self.kinds, self.treedefs, self.labels
        twin.templates = self.templates
        made: dict[int, Any] = {}  # what is one object stays one
        twin._args = tuple(copied(a, made) for a in self._args)
        twin._kwargs = {name: copied(a, made) for name, a in self._kwargs.items()}
        twin.leaves = [as_given(copied(leaf, made), leaf) for leaf in self.leaves]
        return twin

    @property
    def stands_in(self) -> bool:
        """Whether something else runs in the function's place (``subcalls.py``)."""
        return stand_in.get() is not None

    def roots(self) -> list[Any]:
        """What the function may reach is reached from these."""
        return [self._function, *self._args, *self._kwargs.values()]

    def are_plain(self) -> bool:
        """Whether all arguments are plain data, which run no code of the user's."""
        return self._simple or (is_plain(self._args) and (not self._kwargs or is_plain(self._kwargs)))

    def given(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments as they were given."""
        return self._args, self._kwargs

    def others(self, objects: Container[int | str] = ()) -> tuple[list[Any], dict[str, Any]]:
        """The arguments that are not differentiated, nor among ``objects``."""
        if self._simple:
            return [], {}
        args = [a for k, a in enumerate(self._args) if k not in self.places and k not in objects]
        return args, {n: a for n, a in self._kwargs.items() if n not in self.places and n not in objects}

    def with_others(
        self,
        function: Callable[..., Any],
        others: tuple[list[Any], dict[str, Any]],
        objects: dict[int | str, Any] | None = None,
    ) -> Arguments:
        """The same differentiated arguments with ``others`` and ``objects`` beside them, for a function in the place of this one."""
        twin = object.__new__(Arguments)
        twin._function, twin._runs, twin._containers, twin._written = self._function, function, None, None
        twin.places, twin._simple, twin.single = self.places, self._simple, self.single
        twin.kinds, twin.treedefs, twin.labels, twin.leaves = self.kinds, self.treedefs, self.labels, self.leaves
        twin.templates = self.templates
        rest, objects = iter(others[0]), objects or {}
        twin._args = tuple(
            [a if k in self.places else objects[k] if k in objects else next(rest) for k, a in enumerate(self._args)]
        )
        twin._kwargs = {
            name: a if name in self.places else objects[name] if name in objects else others[1][name]
            for name, a in self._kwargs.items()
        }
        return twin

    def rebuild(self, leaves: Sequence[Any]) -> list[Any]:
        """Leaves put back into the containers of the chosen arguments."""
        if np.matrix in self.kinds:  # traced arrays have that view too
            leaves = [
                as_matrix(v, like) if k is np.matrix else v
                for v, k, like in zip(leaves, self.kinds, self.leaves, strict=True)
            ]
        values, start = [], 0
        for treedef in self.treedefs:
            stop = start + treedef.num_leaves
            values.append(treedef.rebuild(list(leaves[start:stop])))
            start = stop
        return values

    def result(self, leaves: Sequence[Any]) -> Any:
        """Results in the containers of the arguments: alone for one argument, else in a tuple."""
        values = self.rebuild(leaves)
        return values[0] if self.single else tuple(values)


def _label(function: Any, place: Any) -> str:
    if type(place) is str:
        return place
    names = parameter_names(function)
    return names[place] if names is not None and place < len(names) else f"argument {place}"


def parameter_names(function: Any) -> list[str] | None:
    """Names of the positional parameters, None if the signature is unknown."""
    if (
        type(function) is types.FunctionType and not function.__dict__
    ):  # neither wrapped nor with a signature of its own
        code = function.__code__
        return list(code.co_varnames[: code.co_argcount])
    try:
        parameters = signature_of(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _default(function: Any, name: str) -> Any:
    return signature_of(function).parameters[name].default


def _resolve(function: Any, argnums: Argnums, args: Any, kwargs: Any, operator: str) -> tuple[list[Any], bool]:
    """Positions and names of the chosen arguments, and whether one was asked for."""
    if isinstance(argnums, str) and argnums == "all":
        if not args and not kwargs:
            raise InputError(
                f'argnums="all" found no arguments in the call of gw.{operator}. At least one argument is required'
            )
        return [*range(len(args)), *kwargs], False
    require_argnums(argnums, operator)
    single = not isinstance(argnums, (tuple, list))
    chosen = [argnums] if single else list(argnums)
    places: list[Any] = []
    for entry in chosen:
        if isinstance(entry, str):
            places.append(_place_of_name(function, entry, args, kwargs))
            continue
        position = int(entry) + (len(args) if entry < 0 else 0)
        if position >= len(args):
            names = parameter_names(function) or []
            if position < len(names) and names[position] in kwargs:  # given by name
                places.append(names[position])
                continue
        if not args and not kwargs:
            raise InputError(f"gw.{operator}({function_label(function)}) was called with no arguments. The point at which to differentiate is required. Write gw.{operator}(f)(x)")  # fmt: skip
        if not 0 <= position < len(args):
            raise InputError(
                f"argnums={entry} asks for an argument that the call does not have: {len(args)} positional argument{'s were' if len(args) != 1 else ' was'} "
                f"given to {function_label(function)}. A position below {len(args)} is required. Pass the argument by position, or name it: argnums='name'"
            )
        places.append(position)
    if len(set(places)) != len(places):
        raise InputError(f"argnums={argnums!r} names an argument twice. Each argument may be chosen once")
    return places, single


def _place_of_name(function: Any, name: str, args: Any, kwargs: Any) -> Any:
    if name in kwargs:
        return name
    names = parameter_names(function) or []
    if name in names and names.index(name) < len(args):
        return names.index(name)
    try:
        parameter = signature_of(function).parameters.get(name)
    except (TypeError, ValueError):
        parameter = None
    if parameter is not None and parameter.default is not parameter.empty:
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise InputError(
                f"argnums={name!r} chooses a positional-only argument of {function_label(function)} that was not given. An argument of the call is required. "
                f"Pass {name} by position"
            )
        return name
    raise InputError(
        f"argnums={name!r} names no argument of {function_label(function)}. One of {', '.join(names) or 'its keyword arguments'} is required"
    )
