"""The state before an instruction: the abstract stack and the local variables."""

from __future__ import annotations

from typing import Any


class State:
    """The stack and the local variables."""

    __slots__ = ("local", "stack")

    def __init__(self, stack: list[Any], local: dict[str, Any]) -> None:
        self.stack = stack
        self.local = local

    def copy(self) -> State:
        return State(list(self.stack), dict(self.local))

    def push(self, *values: Any) -> None:
        self.stack.extend(values)

    def pop(self) -> Any:
        return self.stack.pop()

    def pop_many(self, count: int) -> list[Any]:
        if not count:
            return []
        values = self.stack[-count:]
        del self.stack[-count:]
        return values
