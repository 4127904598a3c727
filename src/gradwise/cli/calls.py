"""The call that a command is about: a function, the point that moves, and the data that do not."""

from __future__ import annotations

import argparse
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwise.cli.failures import UsageError
from gradwise.cli.loading import Target, load_target
from gradwise.cli.points import point_for, read_data, signature_of
from gradwise.containers import flatten
from gradwise.operators.arguments import standing_in

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class Call:
    """A function with its arguments.

    Attributes
    ----------
    target : Target
    args, kwargs : tuple, dict
        From ``--at``.
    data : dict
        From ``--data``: passed to the function, never differentiated unless ``--argnums`` names them.
    """

    target: Target
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    data: dict[str, Any]

    @property
    def function(self) -> Callable[..., Any]:
        return self.target.function

    @property
    def keywords(self) -> dict[str, Any]:
        """All arguments by name."""
        return {**self.kwargs, **self.data}

    def argnums(self, text: str | None) -> Any:
        """``argnums`` as the operators take it; without positional arguments, all that were given by name."""
        if text is None:
            return 0 if self.args else next(iter(self.kwargs)) if len(self.kwargs) == 1 else tuple(self.kwargs)
        if text.strip() == "all":
            return (*range(len(self.args)), *self.kwargs) if self.data else "all"
        words = [word.strip() for word in text.split(",")]
        if not all(words):
            raise UsageError(
                f'--argnums {text!r} holds an empty entry. Write positions or names, "0,2" or "w,b", or "all"'
            )
        chosen = tuple(int(word) if word.lstrip("-").isdecimal() else word for word in words)
        return chosen[0] if len(chosen) == 1 else chosen

    def positional(self, *, by_name: bool = False) -> Call:
        """The same call with its arguments by position; the data are bound to the function, and so is what has no position, unless ``by_name`` or there is nothing else."""
        if not (self.args or self.keywords):
            return self
        free, rest, named, bound = self._parts(by_name=by_name)
        if not (rest or named or bound or self.kwargs):
            return self
        args = (*free.values(), *rest, *named.values())
        return Call(replace(self.target, function=self.bind(self.function, by_name=by_name)), args, {}, {})

    def bind(self, function: Callable[..., Any], *, by_name: bool = False) -> Callable[..., Any]:
        """A function with the signature of this call's, as a function of the positional arguments of ``positional()``."""
        free, rest, named, bound = self._parts(by_name=by_name)
        if not (rest or named):
            return bound_by_name(function, list(free), bound)
        several = next((n for n, p in self._parameters().items() if p.kind is inspect.Parameter.VAR_POSITIONAL), "args")
        names = [*free, *(f"{several}_{k}" for k in range(len(rest))), *named]
        first = len(names) - len(named)

        def made(*args: Any) -> Any:
            return standing_in(function)(*args[:first], **dict(zip(named, args[first:], strict=True)), **bound)

        return _signed(made, names, function)

    def _parameters(self) -> dict[str, inspect.Parameter]:
        signature = signature_of(self.function)
        return {} if signature is None else dict(signature.parameters)

    def _parts(self, *, by_name: bool) -> tuple[dict[str, Any], tuple[Any, ...], dict[str, Any], dict[str, Any]]:
        """The free arguments that have a position, those of ``*args``, those that only have a name, and what is bound by name."""
        signature = signature_of(self.function)
        if signature is None:
            return {str(k): v for k, v in enumerate(self.args)}, (), {}, self.keywords
        given = signature.bind(*self.args, **self.keywords)
        kinds = {name: p.kind for name, p in signature.parameters.items()}
        free = {n: v for n, v in given.arguments.items() if kinds[n] in _POSITIONAL and n not in self.data}
        rest = next((v for n, v in given.arguments.items() if kinds[n] is inspect.Parameter.VAR_POSITIONAL), ())
        bound = {n: v for n, v in self.keywords.items() if n not in free}
        named: dict[str, Any] = {}
        if by_name or not (free or rest):
            named = {n: v for n, v in self.kwargs.items() if n not in free}
            bound = {n: v for n, v in bound.items() if n not in named}
        return free, rest, named, bound

    def name_of(self, place: int | str) -> str:
        """The name of an argument by position or name."""
        if isinstance(place, str):
            return place
        signature = signature_of(self.function)
        names = [] if signature is None else [n for n, p in signature.parameters.items() if p.kind in _POSITIONAL]
        return names[place] if 0 <= place < len(names) else f"argument {place}"

    def places(self, argnums: Any) -> list[int | str]:
        """The chosen arguments, each by position or name."""
        if argnums == "all":
            return [*range(len(self.args)), *self.kwargs]
        return list(argnums) if isinstance(argnums, tuple) else [argnums]

    def value_of(self, place: int | str) -> Any:
        """An argument by position or name; a parameter by its name where it was given by position."""
        if isinstance(place, str):
            if place in self.keywords:
                return self.keywords[place]
            place = next(k for k in range(len(self.args)) if self.name_of(k) == place)
        return self.args[place]

    def entry_names(self, places: list[int | str]) -> list[str]:
        """A name for each number in these arguments: ``x``, ``x[0]``, ``params['w'][0]``."""
        names = []
        for place in places:
            leaves, treedef = flatten(self.value_of(place))
            for path, leaf in zip(treedef.paths(self.name_of(place)), leaves, strict=True):
                names += [f"{path}[{', '.join(map(str, k))}]" if k else path for k in np.ndindex(np.shape(leaf))]
        return names

    def point(self) -> Any:
        """The arguments of a positional call as one point: alone, or a tuple."""
        return self.args[0] if len(self.args) == 1 else self.args

    def described(self) -> dict[str, Any]:
        """The call for a JSON document; of data the shapes only."""
        return {
            "args": list(self.args),
            "kwargs": self.kwargs,
            "data": {name: list(np.shape(value)) for name, value in self.data.items()},
        }


def bound_by_name(function: Callable[..., Any], free: list[str], bound: dict[str, Any]) -> Callable[..., Any]:
    """The function of its free arguments, by position, with the others bound by name."""
    if not bound:
        return function
    signature = signature_of(function)
    made: Any
    if signature is None or list(signature.parameters)[: len(free)] == free:
        made = functools.partial(function, **bound)
    else:  # a bound argument stands before a free one

        def made(*args: Any) -> Any:
            return standing_in(function)(**dict(zip(free, args, strict=True)), **bound)

        return _signed(made, free, function)
    made.__name__ = getattr(function, "__name__", "f")
    return made


def _signed(made: Any, names: list[str], function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of any arguments with the names of its own, under the name of the one that it calls."""
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    made.__signature__ = inspect.Signature(parameters)
    made.__name__ = getattr(function, "__name__", "f")
    return made


def read_call(options: argparse.Namespace, *, needed: bool = True) -> Call:
    """The call that the options name."""
    target = load_target(options.target)
    data = read_data(options.data)
    args, kwargs = point_for(target, options.at, data, needed=needed)
    return Call(target, args, kwargs, data)
