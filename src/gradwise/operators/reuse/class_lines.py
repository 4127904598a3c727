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
        self._has_bases(kind, cls)
        for c in cls.__mro__:
            if c.__flags__ & HEAP:
                names = self._what_is_absent(c)
                if found is MISSING:
                    names.add(key)
        if found is not MISSING and (cls, key) not in self._classes:
            self._classes.add((cls, key))
            self.text.leave_if(f"type({kind}.{key}) is not {self.text.name(weakref.ref(type(getattr(cls, key))))}()")

    def keeps_kind(self, kind: str, cls: type, name: str) -> None:
        """The lines that leave where a class finds another kind of attribute under a name (a static method, a class derived from ``property``): in the class where it is, or in one that is asked before."""
        self._has_bases(kind, cls)
        for c in cls.__mro__:
            if name not in vars(c):
                if c.__flags__ & HEAP:
                    self._what_is_absent(c).add(name)
                continue
            if (c, name) not in self._classes:
                self._classes.add((c, name))
                kept = f"{self._named(c)}().__dict__[{name!r}]"
                self.text.leave_if(f"type({kept}) is not {self.text.name(type(vars(c)[name]))}")
            return

    def _has_bases(self, kind: str, cls: type) -> None:
        """The line that leaves where the class has other bases, or another order of them.  No identity of the tuple: another one may come to be where it was."""
        if cls in self._classes:
            return
        self._classes.add(cls)
        order = self.text.keep(f"{kind}.__mro__")
        between = list(enumerate(cls.__mro__))[1:-1]
        others = [f"{order}[{k}] is not {self._named(c)}()" for k, c in between]
        self.text.leave_if(" or ".join([f"len({order}) != {len(cls.__mro__)}", *others]))

    def _what_is_absent(self, cls: type) -> set[str]:
        """The names that a class must not have."""
        if cls not in self._absent:
            self._absent[cls] = set()
            names = f"{self._named(cls)}().__dict__.keys()"
            self.text.leave_if(f"not {names}.isdisjoint({self.text.name(self._absent[cls])})")
        return self._absent[cls]

    def _named(self, cls: type) -> str:
        return self.text.name(weakref.ref(cls), "r")
