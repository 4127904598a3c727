"""A Python function written line by line, and then compiled: what ``straight_line.py`` and the shortcuts of the operators are made with.

The text consists of names given here, literals, and names that the code of a function reads; values enter as objects under fresh names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


_LEAVING = ": return None"


class FunctionText:
    """The lines of a function and the objects that they name.

    Parameters
    ----------
    parameters : iterable of str

    Attributes
    ----------
    lines : list of str
    last : list of str
        What is done when all that may fail has been done.
    """

    __slots__ = ("_count", "_names", "_parameters", "last", "lines", "watched")

    def __init__(self, parameters: Iterable[str]) -> None:
        self._parameters = tuple(parameters)
        self._names: dict[str, Any] = {}
        self._count = 0
        self.lines: list[str] = []
        self.last: list[str] = []
        #: where the block ends in which NumPy raises instead of warning, once there is one
        self.watched: int | None = None

    def fresh(self, stem: str = "t") -> str:
        """A name that is not in use."""
        self._count += 1
        return f"{stem}_{self._count}"

    def name(self, value: Any, stem: str = "c") -> str:
        """A name for an object."""
        name = self.fresh(stem)
        self._names[name] = value
        return name

    def write(self, line: str) -> None:
        """Add a line."""
        self.lines.append(line)

    def keep(self, expression: str) -> str:
        """A variable that holds the value of an expression."""
        variable = self.fresh()
        self.lines.append(f"{variable} = {expression}")
        return variable

    def keep_watched(self, expression: str) -> str:
        """A variable that holds the value of an expression of what the watched block computed, at whose end it is asked: NumPy warns of nothing there."""
        if self.watched is None:
            return self.keep(expression)
        variable = self.fresh()
        self.lines.insert(self.watched, f"    {variable} = {expression}")
        self.watched += 1
        return variable

    def raise_instead(self, error: type[Exception]) -> None:
        """Raise an error wherever None would be returned so far."""
        leaving = f": raise {self.name(error)}"
        self.lines = [f"{line.removesuffix(_LEAVING)}{leaving}" if line.endswith(_LEAVING) else line for line in self.lines]  # fmt: skip

    def leave_if(self, condition: str) -> None:
        """Return None where a condition holds."""
        self.lines.append(f"if {condition}{_LEAVING}")

    def give(self, expression: str) -> None:
        """Return the value of an expression."""
        if self.last:
            expression = self.keep(expression)
        self.lines += [*self.last, f"return {expression}"]

    def compiled(self, title: str) -> Callable[..., Any]:
        """The function."""
        text = "\n    ".join([f"def written({', '.join(self._parameters)}):", *self.lines])
        exec(compile(text, f"<gradwise {title}>", "exec"), self._names)  # noqa: S102 - see above
        return self._names["written"]
