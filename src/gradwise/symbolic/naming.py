"""Symbols for the numbers in a function's arguments: ``x``; ``x_0``, ``x_1``; ``W_01``; ``w_0`` for ``params['w'][0]``."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np

from gradwise.symbolic.library import sp


def symbol_names(paths: list[str], leaves: list[Any]) -> list[list[str]]:
    """The names of the entries of each leaf.

    Examples
    --------
    >>> symbol_names(["x", "w"], [1.0, np.ones(2)])
    [['x'], ['w_0', 'w_1']]
    >>> symbol_names(["params['w'][0]", "params['b']"], [1.0, 2.0])
    [['w_0'], ['b']]
    """
    short = [_short(path) for path in paths]
    twice = {name for name, count in Counter(short).items() if count > 1}
    stems = [_long(path) if name in twice else name for path, name in zip(paths, short, strict=True)]
    return [_entries(stem, np.shape(leaf)) for stem, leaf in zip(stems, leaves, strict=True)]


def _parts(path: str) -> tuple[list[str], list[str]]:
    """The words of a path, and the positions behind the last one."""
    words = re.findall(r"[^\W\d]\w*|\d+", path)
    last = max((k for k, word in enumerate(words) if not word.isdigit()), default=0)
    return words[: last + 1], words[last + 1 :]


def _short(path: str) -> str:
    words, positions = _parts(path)
    return "_".join([words[-1], *positions])


def _long(path: str) -> str:
    words, positions = _parts(path)
    return "_".join([*words, *positions])


def _entries(stem: str, shape: tuple[int, ...]) -> list[str]:
    between = "" if all(n <= 10 for n in shape) else ","
    return [
        stem if not place else f"{stem}{'_' if '_' not in stem else ','}{between.join(map(str, place))}"
        for place in np.ndindex(shape)
    ]


def symbols_for(names: list[list[str]], leaves: list[Any]) -> list[np.ndarray]:
    """Real symbols in arrays of the shapes of the leaves."""
    arrays = []
    for entries, leaf in zip(names, leaves, strict=True):
        array = np.empty(np.shape(leaf), object)
        array.reshape(-1)[:] = [sp.Symbol(name, real=True) for name in entries]
        arrays.append(array)
    return arrays
