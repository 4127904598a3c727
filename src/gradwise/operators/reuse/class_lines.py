"""Lines that look whether classes are what they were: their bases, what they must not have got, and of which kind their attributes are."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.objects import HEAP, MISSING, member

if TYPE_CHECKING:
    from gradwise.execution.function_text import FunctionText


class ClassLines:
    """Writes each such line once."""

    def __init__(self, text: FunctionText) -> None:
        self.text = text
        self._classes: set[Any] = set()
        #: what each class must not have: filled while the lines are written
        self._absent: dict[type, set[str]] = {}

    def stays(self, kind: str, cls: type, key: str) -> None:
        """The lines that leave where an entry is no longer what is found under its name: a class has got something under it, a property say, or something else, or other bases."""
        found = member(cls, key)
        if cls not in self._classes:  # the tuple is another if the bases are
            self._classes.add(cls)
            self.text.leave_if(f"id({kind}.__mro__) != {id(cls.__mro__)}")
        for c in cls.__mro__:
            if c.__flags__ & HEAP:
                if c not in self._absent:
                    self._absent[c] = set()
                    names = f"{self.text.name(weakref.ref(c), 'r')}().__dict__.keys()"
                    self.text.leave_if(f"not {names}.isdisjoint({self.text.name(self._absent[c])})")
                if found is MISSING:
                    self._absent[c].add(key)
        if found is not MISSING and (cls, key) not in self._classes:
            self._classes.add((cls, key))
            self.text.leave_if(f"type({kind}.{key}) is not {self.text.name(weakref.ref(type(getattr(cls, key))))}()")

    def keeps_kind(self, cls: type, name: str) -> None:
        """The line that leaves where a class keeps another kind of attribute under a name."""
        where = next(c for c in cls.__mro__ if name in vars(c))
        if (where, name) not in self._classes:
            self._classes.add((where, name))
            kept = f"{self.text.name(weakref.ref(where), 'r')}().__dict__[{name!r}]"
            self.text.leave_if(f"type({kept}) is not {self.text.name(type(vars(where)[name]))}")
