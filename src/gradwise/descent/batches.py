"""Minibatches: any iterable of batches, gone through again and again, in a new order each time where an ``rng`` is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwise.errors import InputError

#: a whole pass longer than this is not used to estimate curvature
LONGEST_PASS = 64


class Exhausted(Exception):
    """The data ended and cannot be iterated again."""


class Batches:
    """The batches in turn, epoch after epoch.

    Parameters
    ----------
    data : iterable
        Of batches.  A sequence is shuffled each epoch if ``rng`` is given; anything else comes in its own order.
    rng : int, numpy.random.Generator or None

    Raises
    ------
    InputError
        If data is no iterable or holds nothing.
    """

    def __init__(self, data: Any, rng: Any) -> None:
        if not hasattr(data, "__iter__") and not hasattr(data, "__getitem__"):
            msg = f"data is {data!r} of type {type(data).__name__}. An iterable of batches is required. Pass a list such as [(X[:32], y[:32]), ...]."
            raise InputError(msg)
        self.data = data
        self.sequence = hasattr(data, "__len__") and hasattr(data, "__getitem__") and not hasattr(data, "keys")
        if rng is not None and not self.sequence:
            msg = (
                f"rng was given with data of type {type(data).__name__}, whose order cannot be changed. A sequence is required to shuffle "
                f"batches. Pass list(data), or leave rng out."
            )
            raise InputError(msg)
        self.rng = None if rng is None else np.random.default_rng(rng)
        self.epoch = 0
        self.count = 0
        #: batches of one pass, None while that is not known
        self.per_pass: int | None = len(data) if hasattr(data, "__len__") else None
        self._turn: Iterator[Any] = iter(())
        self._first = True

    def next(self) -> Any:
        """The next batch.

        Raises
        ------
        Exhausted
            If a new pass gives nothing.
        """
        for batch in self._turn:
            self.count += 1
            return batch
        if not self._first:
            self.epoch += 1
            self.per_pass = self.per_pass or self.count
        self._turn = self._order()
        for batch in self._turn:
            self._first = False
            self.count += 1
            return batch
        if self._first:
            msg = "data holds no batch. At least one is required. Pass a list of batches."
            raise InputError(msg)
        raise Exhausted

    def _order(self) -> Iterator[Any]:
        if self.rng is None:
            return iter(self.data)
        return iter([self.data[int(i)] for i in self.rng.permutation(len(self.data))])

    def whole(self) -> list[Any] | None:
        """All batches once, None where they cannot be listed or are too many."""
        if not self.sequence or len(self.data) > LONGEST_PASS:
            return None
        return [self.data[i] for i in range(len(self.data))]
