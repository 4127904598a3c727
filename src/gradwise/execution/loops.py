"""Equations that repeat themselves, written as a Python loop (``repetition.py`` finds them, ``straight_line.py`` writes the rest).

    a_1 = f(a_0, c);  a_2 = f(a_1, c);  …   →   for _ in range(n): a = f(a, c)

The body is written by what writes other equations, from variables that stand for all steps.  What each step reads from outside comes in by the loop's ``zip``: entries of an array as
one list, what an earlier loop made as that loop's list or a stretch of it (a derivative's loop goes through the function's backwards).  What is read behind the loop is appended to lists.
The same operations on the same numbers in the same order, so every bit is that of the equations one by one; the text is as long as one step, and its making takes a hundredth of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.execution.filled_vectors import filled_vectors
from gradwise.execution.repetition import (
    KEYED,
    Carried,
    Fixed,
    Loop,
    Own,
    Step,
    Streamed,
    answers_itself,
    brief_outputs,
)
from gradwise.execution.sequences import as_list, progression
from gradwise.execution.writer import is_brief
from gradwise.program import F64, Equation
from gradwise.rules.algebra import add_p, div_p, mul_p, sub_p
from gradwise.rules.shapes import getitem, scatter_add

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradwise.execution.writer import Writer

#: arithmetic whose result is not finite if one of the first so many operands is not
_PASSING = {add_p: 2, sub_p: 2, mul_p: 2, div_p: 1}


class LoopWriter:
    """One loop among the lines of a writer.

    Parameters
    ----------
    outside : ndarray of bool
        Which variables are read outside of the loop that makes them.
    """

    def __init__(self, writer: Writer, loop: Loop, steps: Sequence[Step], outside: np.ndarray) -> None:
        self.writer, self.loop, self.steps = writer, loop, steps
        #: what stands for the outputs of each step, and for the operands
        self.made = [writer.another(int(v)) for v in loop.outputs[0]]
        needed = outside[loop.outputs]
        #: the positions of outputs of which some step's, or the last step's alone, is read behind the loop
        self.kept = [q for q in range(len(self.made)) if needed[:-1, q].any()]
        self.last = [q for q in np.flatnonzero(needed[-1]).tolist() if q not in self.kept]
        self.needed = needed
        self.targets: list[str] = []
        self.sources: list[str] = []
        self.operands: list[tuple[int, ...]] = []
        #: for each value that is carried on, the names of what the steps before made, the last one first, and its output of the body
        self.carried: list[tuple[list[str], int]] = []
        #: the same for vectors of a few entries: the name of each
        self.carried_entries: list[tuple[list[str], int]] = []
        #: the positions of outputs that are vectors of a few entries, written entry by entry; the operands that are filled
        self.brief = brief_outputs(loop, steps, writer)
        self.filled = filled_vectors(self)
        #: whether all truth values of the body are Python's, if those that come in are
        self.decides = answers_itself(loop, steps, writer.types)
        #: variables that are lists instead of arrays
        self.lists: set[int] = set()
        self._known: dict[Any, int] = {}

    def write(self, guarded: dict[int, list[Any]], holds: Callable[[Any, Any], bool]) -> None:
        """Write the loop; ``guarded`` and ``holds`` are those of the writer's program."""
        writer, loop = self.writer, self.loop
        operands = self.operands = [tuple(map(self._operand, sources)) for sources in loop.operands]
        self._take_apart()
        around, lines, writer.lines = writer.suspects, writer.lines, []
        writer.suspects = {}
        position = 0
        for j, inputs in enumerate(operands):
            equation = self.steps[loop.start + j][0]
            count = len(equation.output_tuple)
            outputs = tuple(self.made[position : position + count])
            first = equation.output_tuple
            self._equation(j, Equation(equation.primitive, inputs, equation.params, outputs if equation.primitive.multiple else outputs[0], equation.location))  # fmt: skip
            for o, mine in zip(first, outputs, strict=True):
                for expected in guarded.get(o, ()):
                    writer.guard(mine, expected, holds)
            position += count
        lists = {q: self._kept(q) for q in self.kept}
        last = {q: self._last(q) for q in self.last}
        closing = self._closing()
        body, writer.lines = writer.lines, lines
        after = self._watch(body)
        writer.suspects = around
        for name in lists.values():
            writer.write(f"{name} = []")
            writer.write(f"{name}_add = {name}.append")
        if not self.targets:
            writer.write(f"for _ in range({loop.count}):")
        elif len(self.targets) == 1:
            writer.write(f"for {self.targets[0]} in {self.sources[0]}:")
        else:
            writer.write(f"for {', '.join(self.targets)} in zip({', '.join(self.sources)}):")
        writer.lines += [f"    {line}" for line in (*body, *closing)] or ["    pass"]
        writer.suspects.update(dict.fromkeys(after))
        self._hand_over(lists, last)

    def _closing(self) -> list[str]:
        """Lines that hand on what is carried."""
        writer = self.writer
        pairs: list[tuple[str, str]] = []
        for names, mine in self.carried:
            pairs += zip(names, [*names[1:], writer.read(mine)], strict=True)
        for names, mine in self.carried_entries:
            pairs += zip(names, writer.scalars(mine), strict=True)
        pairs = [(name, value) for name, value in pairs if name != value]
        given: set[str] = set()
        for name, value in pairs:
            if value in given:  # two that change places: all at once
                return [f"{', '.join(n for n, _ in pairs)} = {', '.join(v for _, v in pairs)}"]
            given.add(name)
        return [f"{name} = {value}" for name, value in pairs]

    def _take_apart(self) -> None:
        """Take the vectors apart, before the loop, that come from outside and are read entry by entry."""
        position = 0
        for j, sources in enumerate(self.loop.operands):
            if position in self.brief:
                for source, variable in zip(sources, self.operands[j], strict=True):
                    if type(source) is Fixed and is_brief(self.writer.types[variable]):
                        self.writer.scalars(variable)
            position += len(self.steps[self.loop.start + j][0].output_tuple)

    # --- operands -----------------------------------------------------------------------------------------------------------

    def _operand(self, source: Any) -> int:
        """The variable of the body for an operand."""
        if type(source) is Own:
            return self.made[source.position]
        if type(source) is Fixed:
            self.writer.read(source.variable)  # what has to be made first is made before the loop
            return source.variable
        known = self._known.get(source)
        if known is None:
            known = self._known[source] = self._carried(source) if type(source) is Carried else self._streamed(source)
        return known

    def _carried(self, source: Carried) -> int:
        writer = self.writer
        variable = writer.another(int(self.loop.outputs[0, source.position]))
        if source.position in self.brief:
            before = writer.scalars(source.first[0])
            entries = writer.entries[variable] = [f"v{variable}_{k}" for k in range(len(before))]
            for name, text in zip(entries, before, strict=True):
                writer.write(f"{name} = {text}")
            self.carried_entries.append((entries, self.made[source.position]))
            return variable
        names = [f"v{variable}", *(f"v{variable}_{k}" for k in range(1, source.lag))]
        for name, first in zip(names, source.first, strict=True):
            writer.write(f"{name} = {self._as_number(first)}{'.tolist()' * (source in self.filled)}")
        if source in self.filled:
            self.lists.add(variable)
        if writer.types[variable] is F64:
            writer.numbers.add(variable)
        elif self.decides and all(first in writer.answers for first in source.first):
            writer.answers.add(variable)
        self.carried.append((names, self.made[source.position]))
        return variable

    def _as_number(self, variable: int) -> str:
        text = self.writer.read(variable)
        if self.writer.types[variable] is F64 and variable not in self.writer.numbers:
            return f"float({text})"
        return text

    def _streamed(self, source: Streamed) -> int:
        writer = self.writer
        variable = writer.another(source.variables[0])
        if writer.types[variable] is F64:
            writer.numbers.add(variable)
        elif all(v in writer.answers for v in source.variables):
            writer.answers.add(variable)
        self._comes_in(f"v{variable}", self._sequence(source.variables))
        return variable

    def _comes_in(self, target: str, source: str) -> None:
        self.targets.append(target)
        self.sources.append(source)

    def _sequence(self, variables: tuple[int, ...]) -> str:
        """A list with the values of variables."""
        writer = self.writer
        if all(v in writer.values for v in variables):
            values = [writer.values[v] for v in variables]
            return writer.name(tuple(map(float, values) if writer.types[variables[0]] is F64 else values))
        return as_list([self._as_number(v) for v in variables])

    # --- equations ----------------------------------------------------------------------------------------------------------

    def _equation(self, j: int, equation: Equation) -> None:
        """Write the j-th equation of the body."""
        writer, primitive = self.writer, equation.primitive
        _, function, _, overwritten = self.steps[self.loop.start + j]
        if not primitive.multiple and self.made.index(equation.outputs) in self.brief:
            if primitive in KEYED:
                writer.scalars(equation.inputs[0])
            if writer.vector(equation) or writer.elementwise(equation):
                return
        if primitive not in KEYED:
            if not writer.number(equation):
                writer.call(equation, function)
            return
        rows = range(self.loop.start + j, self.loop.stop, self.loop.period)
        keys = [self.steps[r][0].params[0] for r in rows]
        alike = all(key == keys[0] for key in keys)
        source = equation.inputs[0]
        if self.are_entries(keys[0], source):
            if primitive is getitem and len(equation.inputs) == 1:
                self._entry(self.loop.operands[j][0], equation, keys, alike=alike)
                return
            if overwritten == 0 and len(equation.inputs) == 2 and equation.inputs[1] in writer.numbers:
                sign = "+=" if primitive is scatter_add else "="
                name = writer.text[equation.outputs] = writer.read(source)
                writer.write(f"{name}[{self._key(keys, alike=alike)}] {sign} {writer.read(equation.inputs[1])}")
                if source in self.lists:
                    self.lists.add(equation.outputs)
                return
        if alike:
            writer.call(equation, function)
            return
        functions = [self.steps[r][1] for r in rows]
        name = f"f{equation.output_tuple[0]}"
        self._comes_in(name, writer.name(tuple(functions)))
        writer.call(equation, function, named=name)

    def are_entries(self, key: tuple[Any, ...], source: int) -> bool:
        kind = self.writer.types[source]
        return kind.dtype == F64.dtype and len(key) == len(kind.shape) > 0 and all(type(k) is int for k in key)

    def _entry(self, origin: Any, equation: Equation, keys: Sequence[tuple[int, ...]], *, alike: bool) -> None:
        """``x[0]``, ``x[1]``, …: as a list where x stays the same."""
        writer, out = self.writer, equation.outputs
        entries = writer.entries.get(equation.inputs[0])
        if alike and entries is not None and len(keys[0]) == 1:
            writer.text[out] = entries[keys[0][0]]
            writer.numbers.add(out)
            return
        array = writer.read(equation.inputs[0])
        if type(origin) is Fixed:
            index = tuple([progression(entries) for entries in zip(*keys, strict=True)]) if not alike else None
            if index is None:
                writer.write(f"v{out} = {array}.item({', '.join(map(str, keys[0]))})")
            elif len(index) == 1 and isinstance(index[0], str):
                self._comes_in(f"v{out}", f"{array}[{index[0]}].tolist()")
            else:
                arrays = tuple([np.array(entries) for entries in zip(*keys, strict=True)])
                self._comes_in(f"v{out}", f"{array}[{writer.name(arrays)}].tolist()")
        elif equation.inputs[0] in self.lists:
            writer.write(f"v{out} = {array}[{self._key(keys, alike=alike)}]")
        else:
            writer.write(f"v{out} = {array}.item({self._key(keys, alike=alike)})")
        writer.numbers.add(out)

    def _key(self, keys: Sequence[tuple[int, ...]], *, alike: bool) -> str:
        if alike:
            return repr(keys[0] if len(keys[0]) > 1 else keys[0][0])
        name = self.writer.function.fresh("k")
        values = tuple([key if len(key) > 1 else key[0] for key in keys])
        self._comes_in(name, self.writer.name(values))
        return name

    # --- what is behind the loop --------------------------------------------------------------------------------------------

    def _kept(self, position: int) -> str:
        """Append an output of each step to a list, whose name is given."""
        name = f"r{self.made[position]}"
        self.writer.write(f"{name}_add({self.writer.read(self.made[position])})")
        return name

    def _last(self, position: int) -> str | list[str]:
        """What an output is called behind the loop; of a vector of a few entries what they are called."""
        carried = {name for names, _ in (*self.carried, *self.carried_entries) for name in names}

        def lasting(text: str) -> str:
            return self.writer.function.fresh("l") if text in carried else text

        mine = self.made[position]
        is_brief = position in self.brief
        before = self.writer.scalars(mine) if is_brief else [self.writer.read(mine)]
        # what is carried is the next step's by then, but for arrays that are written to
        names = [
            text if mine in self.lists or (not is_brief and mine not in self.writer.numbers) else lasting(text)
            for text in before
        ]
        for name, text in zip(names, before, strict=True):
            if name != text:
                self.writer.write(f"{name} = {text}")
        return names if is_brief else names[0]

    def _watch(self, body: list[str]) -> list[str]:
        """Lines that look at what must be finite; what is to be looked at behind the loop."""
        writer, loop = self.writer, self.loop
        behind: set[int] = set()
        for j, sources in enumerate(loop.operands):
            passing = _PASSING.get(self.steps[loop.start + j][0].primitive, 0)
            if not all(i in writer.numbers for i in self.operands[j]):
                continue
            # what the next step makes of it is looked at, but for the last step
            behind.update(s.position for s in sources[:passing] if type(s) is Carried and s.lag == 1)
        carried = {f"v{self.made[q]}" for q in behind}
        inside = [name for name in writer.suspects if name not in carried]
        after = [name for name in writer.suspects if name in carried]
        if inside:
            total = writer.function.fresh("s")
            writer.write(f"{total} = 0.0")
            body.append(f"{total} += {' + '.join(inside)}")
            after.append(total)
        return after

    def _hand_over(self, lists: dict[int, str], last: dict[int, Any]) -> None:
        """What the variables of the steps are called from now on."""
        writer, outputs = self.writer, self.loop.outputs
        for q, name in lists.items():
            steps = np.flatnonzero(self.needed[:, q]).tolist()
            variables = outputs[steps, q].tolist()
            writer.text.update(zip(variables, [f"{name}[{k}]" for k in steps], strict=True))
            self._of_kind(q, variables)
        for q, name in last.items():
            variable = int(outputs[-1, q])
            if type(name) is list:
                writer.entries[variable] = name
                continue
            if self.made[q] in self.lists:
                writer.write(f"v{self.made[q]} = {writer.name(np.array)}({name})")
                name = f"v{self.made[q]}"
            writer.text[variable] = name
            self._of_kind(q, [variable])

    def _of_kind(self, position: int, variables: Sequence[int]) -> None:
        for kind in (self.writer.numbers, self.writer.answers):
            if self.made[position] in kind:
                kind.update(variables)
