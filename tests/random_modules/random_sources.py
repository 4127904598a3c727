"""Random modules of Python: a function of an array that computes, loops, branches and keeps state in every way there is.

Each module is text made from a seed alone, so that a number names a program.  Values stay of the order of one, and what
decides (branches, ties) hardly ever lies at the point itself.
"""

from __future__ import annotations

import random
import textwrap

from expression_forms import SCALARS, VECTORS
from kept_places import PLACES, Place

_HEAD = """
import collections, contextlib, contextvars, dataclasses, enum, functools, heapq, io, itertools, math, operator, random, types
from typing import NamedTuple
import numpy as np
MIX = np.array([[0.5, -0.2, 0.1], [0.3, 0.6, -0.4], [-0.1, 0.2, 0.7]])
"""


class Source:
    """One random module being written."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.places: list[Place] = [place() for place in self.random.sample(PLACES, self.random.randint(1, 4))]
        self.names = 0
        self.functions: list[str] = []
        self.scalars: list[str] = []
        self.vectors: list[str] = ["x"]

    def pick(self, *choices):
        """One of the choices."""
        return self.random.choice(choices)

    def name(self, stem: str) -> str:
        """A name that is not in use."""
        self.names += 1
        return f"{stem}{self.names}"

    # ------------------------------------------------------------------------------------------------ expressions
    def fill(self, form: str, depth: int) -> str:
        """A form with expressions in its holes, each drawn anew."""
        makers = {
            "{s}": lambda: self.scalar(depth - 1),
            "{v}": lambda: self.vector(depth - 1),
            "{c}": lambda: repr(round(self.random.uniform(-0.9, 0.9), 3)),
            "{i}": lambda: str(self.random.randrange(3)),
            "{k}": lambda: str(self.random.randrange(2)),
            "{q}": self.condition,
        }
        out, at = [], 0
        while at < len(form):
            hole = form[at : at + 3]
            if hole in makers:
                out.append(makers[hole]())
                at += 3
            elif form.startswith(("{{", "}}"), at):
                out.append(form[at])
                at += 2
            else:
                out.append(form[at])
                at += 1
        return "".join(out)

    def scalar(self, depth: int = 2) -> str:
        """An expression of a number."""
        if depth <= 0:
            known = [*self.scalars[-4:], f"x[{self.random.randrange(3)}]", f"float(x[{self.random.randrange(3)}])"]
            if self.random.random() < 0.25:
                known.append(repr(round(self.random.uniform(-1, 1), 2)))
            if self.places and self.random.random() < 0.5:
                known.append(self.fill(self.random.choice(self.random.choice(self.places).reads), 1))
            return f"({self.random.choice(known)})"
        form = self.random.choice(SCALARS)
        if ":=" in form:
            form = form.replace("w", self.name("w"))
        return f"({self.fill(form, depth)})"

    def vector(self, depth: int = 2) -> str:
        """An expression of an array of three numbers."""
        if depth <= 0:
            return f"({self.random.choice(self.vectors[-3:])})"
        return f"({self.fill(self.random.choice(VECTORS), depth)})"

    def condition(self) -> str:
        """An expression of a truth value."""
        kinds = [
            "{s} > {c}",
            "{s} < {c}",
            "isinstance({s}, float)",
            "not ({s} > {c})",
            "{c} < {s} < 0.95",
            "bool({s} > {c})",
        ]
        counts = [count for place in self.places for count in place.counts]
        if counts and self.random.random() < 0.5:
            return f"({self.random.choice(counts)}) % {self.random.randint(2, 3)} == {self.random.randrange(2)}"
        return self.fill(self.random.choice(kinds), 1)

    # ------------------------------------------------------------------------------------------------- statements
    def block(self, depth: int, count: int | None = None) -> list[str]:
        """Statements; names that they bind are not known after them."""
        scalars, vectors = list(self.scalars), list(self.vectors)
        lines: list[str] = []
        for _ in range(count or self.random.randint(1, 3)):
            lines += self.statement(depth)
        self.scalars, self.vectors = scalars, vectors
        return lines

    def statement(self, depth: int) -> list[str]:
        """One statement, of several lines where it holds others."""
        if self.places and self.random.random() < 0.4:
            return self.fill(self.random.choice(self.random.choice(self.places).writes), 1).splitlines()
        simple = [self.assign, self.assign, self.assign_vector, self.change, self.build, self.fill_buffer]
        nested = [self.branch, self.loop, self.attempt, self.inner_function, self.generate, self.context, self.match, self.loop_while,
                  self.inner_class, self.calls]  # fmt: skip
        return self.random.choice(simple + (nested if depth > 0 else []))(depth)

    def assign(self, depth: int) -> list[str]:
        expression = self.scalar()
        name = self.name("a")
        self.scalars.append(name)
        return [f"{name} = {self.pick('{}', 'np.tanh({})', 'math.sin({})').format(expression)}"]

    def assign_vector(self, depth: int) -> list[str]:
        expression = self.vector()
        name = self.name("v")
        self.vectors.append(name)
        return [f"{name} = np.tanh({expression})"]

    def change(self, depth: int) -> list[str]:
        own = [name for name in self.scalars if name.startswith("a")]
        if not own:
            return self.assign(depth)
        return [f"total {self.pick('+=', '-=')} 0.3 * {self.scalar(1)}"]

    def build(self, depth: int) -> list[str]:
        """A list or dict of the call's own, changed and read."""
        name, entry, result = self.name("l"), self.scalar(1), self.name("a")
        ways = [
            [f"{name} = [{entry}]", f"{name}.append({self.scalar(1)})", f"{name}[0] *= {self.scalar(1)}", f"{result} = sum({name})"],
            [f"{name} = {{}}", f"{name}['p'] = {entry}", f"{name}['p'] += {self.scalar(1)}", f"{name}.setdefault('q', {self.scalar(1)})",
             f"{result} = sum({name}.values())"],
            [f"{name} = [0.0] * 3", f"{name}[1:] = [{entry}, {self.scalar(1)}]", f"{name}.insert(0, 0.5)", f"{result} = {name}.pop() - {name}.pop(0)"],
            [f"{name} = [[{entry}], [{self.scalar(1)}]]", f"{name}[1][0] += {self.scalar(1)}", f"{result} = sum(q for r in {name} for q in r)"],
            [f"{name} = {{k: q for k, q in enumerate({self.vector(1)})}}", f"{name}[2] = {entry}", f"{result} = {name}[0] * {name}[2]"],
            [f"{name} = np.array([{entry}, {self.scalar(1)}], dtype=object)", f"{name}[0] = {name}[0] + {name}[1]", f"{result} = {name}.sum()"],
            [f"{name} = collections.deque([{entry}], maxlen=2)", f"{name}.append({self.scalar(1)})", f"{name}.appendleft(0.4)", f"{result} = sum({name})"],
            [f"{name} = types.SimpleNamespace(p={entry})", f"{name}.p *= 0.7", f"{name}.r = {self.scalar(1)}", f"{result} = {name}.p + {name}.r"],
            [f"first, *{name} = {self.vector(1)}", f"{result} = first * {name}[-1]"],
        ]  # fmt: skip
        self.scalars.append(result)
        return self.random.choice(ways)

    def fill_buffer(self, depth: int) -> list[str]:
        """A buffer that is filled entry by entry, by slices, or in place."""
        name, result = self.name("b"), self.name("a")
        made = self.pick(
            "np.zeros(3)",
            "np.empty(3)",
            "np.ones(3)",
            "np.zeros_like(x)",
            "np.zeros((3, 1))[:, 0]",
            f"({self.vector(1)}).copy()",
        )
        ways = [
            ["for i in range(3):", f"    {name}[i] = {self.scalar(1)} * (i + 1)"],
            [f"{name}[:] = {self.vector(1)}", f"{name}[1:] += {self.scalar(1)}"],
            [f"{name}[...] = {self.vector(1)}", f"{name}[{name} > 0.3] *= 0.5"],
            [f"{name}[:] = 0.2", f"np.add({name}, {self.vector(1)}, out={name})", f"{name} *= {self.scalar(1)}"],
            [f"np.copyto({name}, {self.vector(1)})", f"view = {name}[::2]", f"view[0] = {self.scalar(1)}"],
            [
                f"{name}[:] = {self.vector(1)}",
                f"np.multiply({name}, {self.scalar(1)}, out={name}, where=np.array([True, False, True]))",
            ],
            [f"{name}[[0, 2]] = {self.scalar(1)}", f"{name}[1] = {self.scalar(1)}"],
            [f"{name}[:] = 0.1", f"np.add.at({name}, [0, 0, 2], {self.scalar(1)})"],
            [f"{name}.fill({self.scalar(1)})", f"{name}[1], {name}[2] = {name}[2] * 0.5, {self.scalar(1)}"],
        ]
        self.scalars.append(result)
        return [
            f"{name} = {made}",
            *self.random.choice(ways),
            f"{result} = {self.pick('{}.sum()', 'float({}[1])', '{} @ {}', 'sum({})').replace('{}', name)}",
        ]

    def indented(self, lines: list[str]) -> list[str]:
        return ["    " + line for line in lines]

    def branch(self, depth: int) -> list[str]:
        lines = [f"if {self.condition()}:", *self.indented([*self.block(depth - 1), f"total += {self.scalar(1)}"])]
        if self.random.random() < 0.4:
            lines += [f"elif {self.condition()}:", *self.indented(self.block(depth - 1))]
        if self.random.random() < 0.6:
            lines += ["else:", *self.indented([*self.block(depth - 1), f"total -= 0.5 * {self.scalar(1)}"])]
        return lines

    def loop(self, depth: int) -> list[str]:
        over = self.pick("range(3)", "range(2, 0, -1)", "enumerate([0.3, 0.6])", "zip([0.1, 0.2], [0.5, 0.4])", f"{self.vector(1)}", f"[{self.scalar(1)}, {self.scalar(1)}]",
                         "np.ndindex(2)", "reversed([0.2, 0.7])", "itertools.islice(itertools.count(0.1, 0.2), 3)", "{'a': 0.3, 'b': 0.4}.items()", "np.nditer(np.array([0.2, 0.5]))")  # fmt: skip
        name = self.name("i")
        value = (
            f"0.1 * {name}"
            if over.startswith(("range", "rev", "iter"))
            else f"({name} if isinstance({name}, float) else 0.2)"
        )
        inner = [*self.block(depth - 1), f"total += 0.2 * math.cos({value}) * {self.scalar(1)}"]
        if self.random.random() < 0.3:
            inner += [f"if {self.condition()}:", f"    {self.pick('break', 'continue')}", "total *= 0.9"]
        lines = [f"for {name} in {over}:", *self.indented(inner)]
        if self.random.random() < 0.2:
            lines += ["else:", *self.indented(self.block(0, 1))]
        return lines

    def loop_while(self, depth: int) -> list[str]:
        name = self.name("n")
        return [
            f"{name} = 0",
            f"while {name} < {self.random.randint(1, 4)}:",
            *self.indented([*self.block(depth - 1), f"total = 0.7 * total + {self.scalar(1)}", f"{name} += 1"]),
        ]

    def attempt(self, depth: int) -> list[str]:
        failing = self.pick("{}['absent']", "[][1]", "1 // 0", "math.sqrt(-2.0 - x[0] ** 2)", "int('no')", "float(None)", "np.zeros(2) + np.zeros(3)", "x.nothing", "raise ValueError(0.5)", "total + 'a'",
                            "assert total is None", "math.log(0.0 * x[1])", "next(iter([]))", "x[7]")  # fmt: skip
        before, after = self.block(0, 1), self.block(depth - 1)
        handler = self.pick(
            "except Exception:",
            "except Exception as error:",
            "except (KeyError, LookupError, ArithmeticError, ValueError, TypeError, AttributeError, AssertionError, StopIteration):",
            "except:",
        )
        lines = [
            "try:",
            *self.indented([*before, failing]),
            handler,
            *self.indented([*after, f"total += 0.1 * {self.scalar(1)}"]),
        ]
        if self.random.random() < 0.4:
            lines += ["finally:", *self.indented(self.block(0, 1))]
        return lines

    def inner_function(self, depth: int) -> list[str]:
        name, result, held = self.name("f"), self.name("a"), self.scalar(1)
        kept, self.scalars = self.scalars, ["p", "r"]
        body = ["total = 0.1", *self.block(depth - 1), f"return total + {self.scalar(1)} * p + r"]
        self.scalars = kept
        signature, call = self.pick(("p, r=0.3", f"{self.scalar(1)}"), ("p, *, r", f"{held}, r={self.scalar(1)}"), ("p, r", f"*({held}, 0.6)"), ("p, r", f"**{{'p': {held}, 'r': 0.2}}"),
                                    (f"p, r={held}", f"{self.scalar(1)}"))  # fmt: skip
        decorator = self.pick(
            "",
            "",
            "",
            "@(lambda g: lambda *a, **k: 0.8 * g(*a, **k))",
            "@functools.partial(functools.wraps, math.sin)(1) if False else (lambda g: g)",
        )
        self.scalars.append(result)
        return [
            *([decorator] if decorator else []),
            f"def {name}({signature}):",
            "    " + self.globals_line(),
            *self.indented(body),
            f"{result} = np.tanh({name}({call}))",
        ]

    def generate(self, depth: int) -> list[str]:
        name, result = self.name("g"), self.name("a")
        entries = [self.scalar(1) for _ in range(3)]
        kept, self.scalars = self.scalars, ["p"]
        body = [
            "total = 0.0",
            f"yield {entries[0]} * p",
            *self.block(depth - 1),
            f"yield {self.scalar(1)} + total",
            *self.pick(["yield from [0.3, p]"], ["return"], ["for q in range(2):", f"    yield q * {self.scalar(1)}"]),
        ]
        self.scalars = kept
        used = self.pick(
            "sum({})",
            "max({})",
            "list({})[-1]",
            "next({})",
            "functools.reduce(lambda a, b: a * 0.5 + b, {})",
            "sum(q * q for q in {})",
            "dict(enumerate({}))[0]",
        ).format(f"{name}({self.scalar(1)})")
        self.scalars.append(result)
        return [f"def {name}(p):", "    " + self.globals_line(), *self.indented(body), f"{result} = math.tanh({used})"]

    def inner_class(self, depth: int) -> list[str]:
        name, thing, result = self.name("C"), self.name("o"), self.name("a")
        kept, self.scalars = self.scalars, ["self.p", "q"]
        body = self.block(depth - 1)
        expression = self.scalar(1)
        self.scalars = kept
        lines = [f"class {name}:", f"    {self.pick('scale = 0.5', '__slots__ = (%r, %r)' % ('p', 'made'), 'count = 0')}", "    def __init__(self, p):", "        self.p = p", "        self.made = 1",
                 f"    def {self.pick('use', '__call__', '__add__', '__getitem__')}(self, q):", "        " + self.globals_line(), "        total = 0.2", *self.indented(self.indented(body)), "        self.p = self.p * 0.5 + total",
                 f"        return {expression} * self.p"]  # fmt: skip
        how = next(line for line in lines if "(self, q)" in line).split("def ")[1].split("(")[0]
        call = {
            "use": f"{thing}.use({{}})",
            "__call__": f"{thing}({{}})",
            "__add__": f"({thing} + {{}})",
            "__getitem__": f"{thing}[{{}}]",
        }[how].format(self.scalar(1))
        self.scalars.append(result)
        return [*lines, f"{thing} = {name}({self.scalar(1)})", f"{result} = math.tanh({call} + {thing}.p)"]

    def context(self, depth: int) -> list[str]:
        manager = self.pick(
            "contextlib.suppress(KeyError)",
            "np.errstate(all='ignore')",
            "contextlib.nullcontext()",
            "contextlib.ExitStack()",
            "contextlib.redirect_stdout(io.StringIO())",
        )
        return [f"with {manager}:", *self.indented([*self.block(depth - 1), f"total += {self.scalar(1)}"])]

    def match(self, depth: int) -> list[str]:
        subject = self.pick(
            f"({self.scalar(1)}, 1)", f"{{'k': {self.scalar(1)}}}", f"[0.2, {self.scalar(1)}]", self.scalar(1)
        )
        result = self.name("a")
        self.scalars.append(result)
        return [f"match {subject}:", "    case (float() | int() as m, 1):", f"        {result} = m * 0.5", "    case {'k': m}:", f"        {result} = m * 2.0", "    case [_, float() as m] if m > -3.0:", f"        {result} = m - 0.5",
                "    case float() as m:", f"        {result} = m", "    case m:", f"        {result} = 0.25"]  # fmt: skip

    def calls(self, depth: int) -> list[str]:
        """A function of the module, or the module's own text."""
        result = self.name("a")
        arguments = self.pick(f"{self.scalar(1)}, {self.vector(1)}", f"{self.scalar(1)}, w={self.vector(1)}")
        if not self.functions:
            called = self.pick(
                f"eval('math.sin(q)', {{'math': math, 'q': {self.scalar(1)}}})",
                f"getattr(math, {self.pick('sin', 'cos', 'tanh')!r})({self.scalar(1)})",
                f"vars(math)['atan']({self.scalar(1)})",
            )
        else:
            called = self.pick("{}({})", "globals()['{}']({})", "eval('{}')({})", "functools.partial({})({})").format(
                self.random.choice(self.functions), arguments
            )
        self.scalars.append(result)
        return [f"{result} = np.tanh({called})"]

    # ---------------------------------------------------------------------------------------------------- the module
    def globals_line(self) -> str:
        names = [place.rebound for place in self.places if place.rebound]
        return f"global {', '.join(names)}" if names else "pass"

    def function(self, name: str, depth: int, count: int) -> list[str]:
        """A function of the module that is called by those after it."""
        self.scalars, self.vectors = (["p"], ["w"]) if name != "f" else ([], ["x"])
        start = self.scalar(1)
        lines = self.block_open(depth, count)
        ending = (
            self.pick("total", "float(total)", "total * 1.0", "np.float64(total)", "total + 0.0 * x[0]")
            if name == "f"
            else f"total + {self.scalar(1)}"
        )
        header = f"def {name}(x):" if name == "f" else f"def {name}(p, w):"
        first = [] if name == "f" else ["x = w"]
        return [
            header,
            "    " + self.globals_line(),
            *self.indented([*first, f"total = {start}" if name == "f" else "total = p", *lines, f"return {ending}"]),
        ]

    def block_open(self, depth: int, count: int) -> list[str]:
        lines = []
        for _ in range(count):
            lines += self.statement(depth)
        used = [*self.scalars[-5:], *(f"{name}.sum()" for name in self.vectors[1:][-2:])]
        return (
            [*lines, f"total += {' + '.join(f'{0.3 + 0.1 * k:.1f} * {name}' for k, name in enumerate(used))}"]
            if used
            else lines
        )

    def text(self) -> str:
        """The whole module."""
        parts = [_HEAD, *(textwrap.dedent(place.made) for place in self.places)]
        for _ in range(self.random.randint(0, 2)):
            name = self.name("part")
            parts.append("\n".join(self.function(name, 1, self.random.randint(1, 2))))
            self.functions.append(name)
        parts.append("\n".join(self.function("f", 2, self.random.randint(2, 5))))
        return "\n".join(parts) + "\n"


def source(seed: int) -> str:
    """The module of a seed: it defines ``f(x)`` of an array of three numbers."""
    return Source(seed).text()
