"""Derivatives of any order of what a callee computes, by way of its program.

The first derivative of a solution has a way of its own, which is fast.  Whatever lies beyond it (the derivative of that derivative, and so on) is found from the program of the solution, written out for the point at hand:
the transforms of ``gradwise.transforms`` are applied to it when the callee is called, since how long it is (how many steps there are) is known only then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gradwise.execution import Executable, build
from gradwise.operators.caches import derived
from gradwise.program import ArrayType, Program
from gradwise.transforms.batch import batch
from gradwise.transforms.forward import pushforward
from gradwise.transforms.reverse import pullback
from gradwise.transforms.simplify import drop_dead

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


class Unrollable(Protocol):
    """What has a program, whose form depends on the plan that the first operand is, and on how often it is to be differentiated."""

    @property
    def results(self) -> tuple[ArrayType, ...]: ...

    def unrolled(self, plan: np.ndarray, order: int) -> tuple[Hashable, Program]: ...


class Chain:
    """A solution differentiated several times: ``kinds`` are ("jvp" or "vjp", which operands move), one behind the other.

    Operands are those of the solution, then the vectors of each derivative.
    """

    def __init__(self, of: Unrollable, kinds: tuple[tuple[str, tuple[bool, ...]], ...], results: tuple[ArrayType, ...], linear: tuple[bool, ...]) -> None:  # fmt: skip
        self.of = of
        self.kinds = kinds
        self.results = results
        self.linear = linear
        self._made: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return ".".join([repr(self.of), *[kind for kind, _ in self.kinds]])

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        return self.over(operands, None, 0)

    def over(self, operands: Sequence[Any], flags: tuple[bool, ...] | None, size: int) -> tuple[Any, ...]:
        """The results for operands of which the flagged ones, if there are any, have a leading axis; so have the results then."""
        key, program = self.of.unrolled(operands[0], len(self.kinds))

        def make() -> tuple[tuple[Program, Executable, list[bool | None]], int]:
            found, present = _differentiated(program, self.kinds)
            carried = [False] * len(found.outputs)
            if flags is not None:
                moving = [v for v, f in zip(found.inputs, flags, strict=True) if f]
                found, carries = batch(found, size, moving)
                carried = list(carries)
            executable = build(found.equations, found.types, found.outputs, found.inputs)
            each = iter(carried)
            return (found, executable, [next(each) if p else None for p in present]), len(found)

        found, executable, present = derived(("chain", self.of, key, self.kinds, flags, size), make)
        env: list[Any] = [None] * len(found.types)
        for variable, value in zip(found.inputs, operands, strict=True):
            env[variable] = value
        values = iter(executable.run(env))
        made = []
        for carries, type_ in zip(present, self.results, strict=True):
            value = np.zeros(type_.shape, type_.dtype) if carries is None else next(values)
            made.append(value if carries or flags is None else np.broadcast_to(value, (size, *type_.shape)).copy())
        return tuple(made)

    def pushforward(self, active: tuple[bool, ...]) -> Chain:
        made = self._made.get(active)
        if made is None:
            kinds = (*self.kinds, ("jvp", active))
            linear = (False,) * len(active) + (True,) * sum(active)
            made = self._made[active] = Chain(self.of, kinds, self.results, linear)
        return made

    def transposed(self, types: tuple[ArrayType, ...]) -> Chain:
        made = self._made.get(types)
        if made is None:
            *before, (kind, active) = self.kinds
            assert kind == "jvp"
            linear = (False,) * (len(self.linear) - sum(self.linear)) + (True,) * len(self.results)
            made = self._made[types] = Chain(self.of, (*before, ("vjp", active)), types, linear)
        return made

    def batched(self, flags: tuple[bool, ...], size: int) -> Loop:
        return looped(self, flags, size, self._made)


def _differentiated(
    program: Program, kinds: tuple[tuple[str, tuple[bool, ...]], ...]
) -> tuple[Program, tuple[bool, ...]]:
    """The program with its derivatives taken, and which of its results there are; zero results are left out."""
    present = (True,) * len(program.outputs)
    kept = [program.types[o] for o in program.outputs]  # the types of all results, those left out among them
    for kind, active in kinds:
        moving = [v for v, a in zip(program.inputs, active, strict=True) if a]
        d = pushforward(program, moving) if kind == "jvp" else pullback(program, moving)
        types = list(d.types)
        if kind == "jvp":
            vectors = [v for v in d.vectors if v is not None]
            found = iter(d.results)
            flags = [there and next(found) is not None for there in present]
        else:
            given = iter(d.vectors)
            vectors = []
            for there, type_ in zip(present, kept, strict=True):
                vector = next(given) if there else None
                if vector is None:  # the cotangent of a result that is zero
                    types.append(type_)
                    vector = len(types) - 1
                vectors.append(vector)
            flags = [r is not None for r in d.results]
            kept = [program.types[v] for v in moving]
        outputs = [r for r in d.results if r is not None]
        inputs = (*program.inputs, *vectors)
        program = drop_dead(Program(program.name, inputs, (), program.equations + d.equations, outputs, types))
        present = tuple(flags)
    return program, present


class First:
    """The first derivative of a solution, in a way of its own: tangents ("jvp") or cotangents ("vjp").  What lies beyond it is a ``Chain``."""

    def __init__(self, of: Unrollable, active: tuple[bool, ...], kind: str, results: tuple[ArrayType, ...]) -> None:
        self.of: Any = of
        self.active = active
        self.kind = kind
        self.results = results
        self.linear = (False,) * len(active) + (True,) * (sum(active) if kind == "jvp" else 1)
        self._made: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return f"{self.of!r}.{self.kind}"

    def of_vectors(self, operands: Sequence[Any], count: int) -> list[Any]:
        """The results for ``count`` vectors at once, or one if it is 0: with a leading axis of length count or 1."""
        raise AssertionError

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        found = self.of_vectors(operands, 0)
        return tuple(f[0] if t.shape else t.dtype.type(f[0]) for f, t in zip(found, self.results, strict=True))

    def pushforward(self, active: tuple[bool, ...]) -> Chain:
        made = self._made.get(active)
        if made is None:
            chain = Chain(self.of, ((self.kind, self.active),), self.results, self.linear)
            made = self._made[active] = chain.pushforward(active)
        return made

    def batched(self, flags: tuple[bool, ...], size: int) -> Any:
        slow = looped(self, flags, size, self._made)
        if any(flags[: len(self.active)]) or not size:
            return slow
        key = "together", flags, size
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = Together(self, slow, flags, size)
        return made


class Together:
    """A first derivative for several vectors at once."""

    def __init__(self, callee: First, slow: Loop, flags: tuple[bool, ...], size: int) -> None:
        self.callee = callee
        self.slow = slow
        self.flags = flags
        self.size = size
        self.results = slow.results
        self.linear = callee.linear

    def __repr__(self) -> str:
        return repr(self.slow)

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        full = [
            np.broadcast_to(o, (self.size, *np.shape(o))) if linear and not f else o
            for o, f, linear in zip(operands, self.flags, self.linear, strict=True)
        ]
        return tuple(self.callee.of_vectors(full, self.size))

    def pushforward(self, active: tuple[bool, ...]) -> Any:
        return self.slow.pushforward(active)

    def transposed(self, types: tuple[ArrayType, ...]) -> Any:
        return self.slow.transposed(types)

    def batched(self, flags: tuple[bool, ...], size: int) -> Any:
        return self.slow.batched(flags, size)


class Loop:
    """A callee for operands of which some have a leading axis: one call for each entry of it."""

    def __init__(self, callee: Any, flags: tuple[bool, ...], size: int) -> None:
        self.callee = callee
        self.flags = flags
        self.size = size
        self.results = tuple(ArrayType((size, *t.shape), t.dtype) for t in callee.results)
        self.linear = callee.linear
        self._made: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return f"{self.callee!r}[{self.size}]"

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        if isinstance(self.callee, Chain) and self.size and not self.flags[0]:
            return self.callee.over(operands, self.flags, self.size)
        found = [
            self.callee(*[o[k] if f else o for o, f in zip(operands, self.flags, strict=True)])
            for k in range(self.size)
        ]
        if not found:
            return tuple(np.zeros(t.shape, t.dtype) for t in self.results)
        return tuple(np.stack(column) for column in zip(*found, strict=True))

    def pushforward(self, active: tuple[bool, ...]) -> Loop:
        made = self._made.get(active)
        if made is None:
            # a tangent has the type of its operand, so that the tangent of a shared operand is shared too
            flags = (*self.flags, *(f for f, a in zip(self.flags, active, strict=True) if a))
            made = self._made[active] = Loop(self.callee.pushforward(active), flags, self.size)
        return made

    def transposed(self, types: tuple[ArrayType, ...]) -> Loop:
        made = self._made.get(types)
        if made is None:
            moving = tuple(f for f, linear in zip(self.flags, self.linear, strict=True) if linear)
            inner = tuple(ArrayType(t.shape[1:], t.dtype) if f else t for t, f in zip(types, moving, strict=True))
            fixed = tuple(f for f, linear in zip(self.flags, self.linear, strict=True) if not linear)
            flags = (*fixed, *((True,) * len(self.results)))
            made = self._made[types] = Summed(self.callee.transposed(inner), flags, self.size, moving)
        return made

    def batched(self, flags: tuple[bool, ...], size: int) -> Loop:
        return looped(self, flags, size, self._made)


class Summed(Loop):
    """A loop of which those results are summed that belong to what the entries share."""

    def __init__(self, callee: Any, flags: tuple[bool, ...], size: int, kept: tuple[bool, ...]) -> None:
        super().__init__(callee, flags, size)
        self.kept = kept
        self.results = tuple(t if k else u for t, u, k in zip(self.results, callee.results, kept, strict=True))

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        every = tuple(ArrayType((self.size, *t.shape), t.dtype) for t in self.callee.results)
        found = [
            self.callee(*[o[k] if f else o for o, f in zip(operands, self.flags, strict=True)])
            for k in range(self.size)
        ]
        columns: list[Any] = list(zip(*found, strict=True)) if found else [[] for _ in every]
        stacked = [np.stack(c) if c else np.zeros(t.shape, t.dtype) for c, t in zip(columns, every, strict=True)]
        return tuple(c if k else np.sum(c, axis=0) for c, k in zip(stacked, self.kept, strict=True))

    def pushforward(self, active: tuple[bool, ...]) -> Summed:
        made = self._made.get(active)
        if made is None:
            flags = (*self.flags, *(f for f, a in zip(self.flags, active, strict=True) if a))
            made = self._made[active] = Summed(self.callee.pushforward(active), flags, self.size, self.kept)
        return made

    def transposed(self, types: tuple[ArrayType, ...]) -> Loop:
        """The transpose of a sum: a shared cotangent for each entry."""
        made = self._made.get(types)
        if made is None:
            moving = tuple(f for f, linear in zip(self.flags, self.linear, strict=True) if linear)
            inner = tuple(ArrayType(t.shape[1:], t.dtype) if f else t for t, f in zip(types, moving, strict=True))
            fixed = tuple(f for f, linear in zip(self.flags, self.linear, strict=True) if not linear)
            made = self._made[types] = Summed(self.callee.transposed(inner), (*fixed, *self.kept), self.size, moving)
        return made


def looped(callee: Any, flags: Sequence[bool], size: int, made: dict[Any, Any]) -> Loop:
    """The callee called for each entry of a leading axis, made once."""
    key = "loop", tuple(flags), size
    known = made.get(key)
    if known is None:
        known = made[key] = Loop(callee, tuple(flags), size)
    return known
