"""Random functions in which Python does what it can: closures, generators, handlers, views, unpacking, objects, and changes of all that they read between calls.

program : seed → (source, changes)          compare : seed → the first disagreement with the same program run at each call, or None
"""

from __future__ import annotations

import linecache
import random
import warnings
from typing import Any

import numpy as np

import gradwise as gw

BEGIN = """
import functools, itertools, math, operator
from collections import namedtuple
from dataclasses import dataclass
from types import SimpleNamespace
import numpy as np
LOG = []
class Base:
    scale = 1.5
    def __init__(self, k, v):
        self.k, self.v = k, v
    def apply(self, y, *more, power=2, **named):
        return self.k * y**power + sum(more) + sum(named.values())
    @property
    def half(self):
        return self.k / 2 + self.scale
    def __call__(self, y):
        return self.v * y
    def __mul__(self, other):
        return self.k * (other.k if isinstance(other, Base) else other)
    __rmul__ = __mul__
class Derived(Base):
    scale = 0.5
    def apply(self, y, *more, power=1, **named):
        return super().apply(y, *more, power=power + 1, **named) - self.scale
    def __getitem__(self, i):
        return self.v[i]
@dataclass
class Data:
    k: float
    names: tuple = ("k", "v")
    v: object = None
Pair = namedtuple("Pair", "one two")
c, d, n, flag, mode, none = 0.7, -1.3, 2, True, "a", None
A, B, M = np.array([0.4, -0.2, 1.1, 0.8]), np.array([1.0, 0.5, -0.6, 0.3]), np.arange(16.0).reshape(4, 4) / 9 - 0.5
P, Q, R = Base(0.6, np.array([0.2, 0.9, -0.4, 0.1])), Derived(1.2, np.array([1.1, -0.3, 0.2, 0.5])), Data(0.9, v=np.ones(4))
NS = SimpleNamespace(k=0.3, v=np.array([0.1, 0.2, 0.3, 0.4]))
L, W, D = [P, Q], [0.5, 1.5, -0.5], {"a": 0.4, "b": 1.6, "c": np.array([0.3, 0.1, 0.2, 0.6])}
T = Pair(0.8, np.array([0.5, 0.4, 0.3, 0.2]))
WORDS = ["k", "scale"]
def helper(y, s=0.5, *, t=None):
    return y * s if t is None else y * s + t
def recursive(y, k):
    return y if k <= 0 else np.sin(recursive(y, k - 1)) + k
def several(*ys, **named):
    total = 0.0
    for y in ys:
        total = total + np.sum(y)
    for key, y in named.items():
        total = total + len(key) * np.sum(y)
    return total
def parts(y, k):
    for i in range(k):
        got = yield y * (i + 1)
    return y
def make(k):
    count = [k]
    def inner(y):
        return y * k + len(count)
    return inner
F = [make(0.5), make(2.0), helper]
def collect(y, into=[]):
    return y + len(into)
"""

#: what may change between calls
CHANGES = [
    "c = {r}", "d = {r}", "n = {i}", "flag = not flag", "mode = 'b' if mode == 'a' else 'a'", "A[{i}] = {r}", "B = B * {r} + 0.1", "M = M.T.copy()", "M[{i}, 1] = {r}", "P.k = {r}", "P.v[{i}] = {r}", "Q.v = P.v", "Q.k = {i}",
    "P, Q = Q, P", "L[0], L[1] = L[1], L[0]", "L[1] = L[0]", "L.append(Derived({r}, A))", "W[{i} % len(W)] = {r}", "W.append({r})", "W.reverse()", "D['a'] = {r}", "D['c'][{i}] = {r}", "D = dict(reversed(D.items()))", "D['d'] = {r}",
    "R.k = {r}", "R.v = B.copy()", "NS.k = {r}", "NS.v = A", "T = Pair({r}, B)", "T.two[{i}] = {r}", "WORDS.reverse()", "helper.__defaults__ = ({r},)", "helper.__kwdefaults__['t'] = {r}", "helper.__kwdefaults__['t'] = None", "F.reverse()",
    "F[0] = make({r})", "Base.scale = {r}", "Derived.scale = {r}", "Q.scale = {r}", "none = {r}", "none = None", "A = A[::-1]", "B = A", "A = A.astype(np.float32)", "c = np.float64({r})", "c = {i}", "Derived.apply = Base.apply",
    "P.__class__ = Derived", "Base.half = property(lambda self: self.k * {r})", "P.apply = lambda y, **named: y * {r}", "R.names = ('v', 'k')", "c = -0.0", "d = float('nan')", "collect.__defaults__[0].append(1)", "M = M[:, ::-1]",
]  # fmt: skip


class Writer:
    """One random function."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.numbers: list[str] = []
        self.vectors: list[str] = ["x"]
        self.count = 0
        self.inner = 0

    def fresh(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def pick(self, *choices: Any) -> Any:
        return self.r.choice(choices)

    def real(self) -> str:
        return repr(round(self.r.uniform(-2, 2), 2))

    # --- expressions ----------------------------------------------------------------------------------------------------------

    def number(self, depth: int = 2) -> str:
        if depth <= 0 or self.r.random() < 0.2:
            known = [
                *self.numbers[-4:],
                "c",
                "d",
                "P.k",
                "Q.half",
                "W[0]",
                "D['a']",
                "T.one",
                "NS.k",
                "R.k",
                "float(n)",
                self.real(),
                "W[-1]",
                "P.scale",
            ]
            return self.pick(*known)
        s, v = lambda: self.number(depth - 1), lambda: self.vector(depth - 1)
        i = self.r.randrange(4)
        return self.pick(
            f"np.sum({v()})", f"{v()}[{i}]", f"({s()} + {s()})", f"({s()} * {s()})", f"np.sin({s()})", f"math.exp(-abs({s()}))", f"max({s()}, {s()})", f"({s()} if {self.test(depth - 1)} else {s()})",
            f"sum(w * {s()} for w in W)", f"sum([w**2 for w in W if w > {s()}], {s()})", f"several({v()}, *W, a={s()}, **{{'b': {s()}}})", f"functools.reduce(lambda a, b: a * 0.5 + b, W, {s()})", f"np.dot({v()}, {v()})",
            f"sum(o.k * {s()} for o in L)", f"sum(getattr(P, w) for w in WORDS) * {s()}", f"L[{i % 2}].apply({s()}, power={self.pick(1, 2, 3)})", f"Q.apply({s()}, {s()}, z={s()})", f"(P * Q) * {s()}", f"P * {s()}", "2.0 * Q", f"Q[{i}]",
            "float(len([*W, *D]))", f"min(W, key=lambda w: abs(w - {self.real()}))", f"sorted(W)[{i % 3}]", "sum(a * b for a, b in zip(W, reversed(W), strict=False))", "sum(i * w for i, w in enumerate(W, 1))", "next(iter(W))",
            "sum(v for k, v in D.items() if k in ('a', 'b'))", f"len({{*D}} & {{'a', 'c', 'x'}}) * {s()}", "D.get('a', 1.0)", f"D.get('zz', {s()})", "len(D.keys() - {'a'}) * 0.1", "math.fsum(W)", f"helper({s()})", f"helper({s()}, t={s()})",
            f"recursive({s()}, {self.pick('n', 1, 2)})", f"(lambda a, *b, k={s()}: a + len(b) + k)({s()}, 1, 2)", f"make({s()})({s()})", f"F[{i % 2}]({s()})", f"np.max({v()})", f"np.mean(np.abs({v()}))", f"len(mode) * {s()}", "(1.0 if none is None else none)",
            f"getattr(NS, 'zz', {s()})", "(NS.k if hasattr(NS, 'k') else 2.0)", f"[*{v()}][{i}]", f"np.linalg.norm({v()})", f"collect({s()})", f"eval('c * {self.real()}')", f"int({s()} > 0) * {s()}", f"round({s()}, 1)", f"operator.mul({s()}, {s()})",
        )  # fmt: skip

    def vector(self, depth: int = 2) -> str:
        if depth <= 0 or self.r.random() < 0.2:
            return self.pick(
                "x", "x", *self.vectors[-3:], "A", "B", "P.v", "Q.v", "D['c']", "T.two", "NS.v", "R.v", "M[1]"
            )
        s, v = lambda: self.number(depth - 1), lambda: self.vector(depth - 1)
        return self.pick(
            f"({v()} + {v()})", f"({v()} * {s()})", f"np.tanh({v()})", f"np.roll({v()}, 1)", f"M @ {v()}", f"{v()}[::-1]", f"np.where({v()} > {s()}, {v()}, {v()})", f"np.sort({v()})", f"helper({v()}, {s()})", f"P({v()})",
            f"np.array([{s()}, {s()}, {s()}, {s()}])", f"np.cumsum({v()})", f"np.outer({v()}, {v()})[1]", f"M[:, {self.r.randrange(4)}] * {v()}", f"np.maximum({v()}, {s()})", f"np.concatenate([{v()}[:2], {v()}[2:]])", f"list(parts({v()}, 3))[{self.r.randrange(3)}]",
            f"np.asarray([w * {s()} for w in ({self.real()}, c, d, 1.0)])", f"{v()}.reshape(2, 2).T.ravel()", f"np.stack([{v()}, {v()}]).sum(axis=0)", f"functools.reduce(np.add, [{v()}, {v()}])", f"np.einsum('ij,j->i', M, {v()})", f"np.full(4, {s()})", f"-{v()}",
            f"next(itertools.islice(parts({v()}, 3), 1, None))", f"sum([o.v for o in L], {v()})", f"np.diff({v()}, append={s()})", f"np.clip({v()}, -1.0, {s()})", f"({v()} if {self.test(depth - 1)} else {v()})", f"np.add.reduce([{v()}, {v()}])", f"F[{self.r.randrange(2)}]({v()})",
        )  # fmt: skip

    def test(self, depth: int = 1) -> str:
        s = lambda: self.number(depth)
        return self.pick(
            f"{s()} > {s()}", f"{s()} < {s()} <= {s()}", "flag", "not flag", "mode == 'a'", "mode in ('b', 'z')", "none is None", "n > 1", "isinstance(P, Derived)", "P is Q", "len(W) > 3", "'d' in D", f"np.all(A > {self.real()})", f"bool({s()} > 0)", f"abs({s()}) < 1 and flag",
        )  # fmt: skip

    # --- statements -----------------------------------------------------------------------------------------------------------

    def block(self, count: int, pad: str, depth: int) -> list[str]:
        numbers, vectors = list(self.numbers), list(self.vectors)
        lines = [line for _ in range(count) for line in self.statement(pad, depth)]
        if len(pad) > 4:  # what is assigned there may be missing
            self.numbers, self.vectors = numbers, vectors
        return lines or [f"{pad}pass"]

    def statement(self, pad: str, depth: int) -> list[str]:
        kind = self.r.randrange(40 if depth > 0 else 24)
        s, v, t = self.number, self.vector, self.fresh()
        i, j = self.r.randrange(4), self.r.randrange(3)
        if kind < 5:
            line = f"{t} = {s()}"
            self.numbers.append(t)
            return [pad + line]
        if kind < 9:
            line = f"{t} = {v()}"
            self.vectors.append(t)
            return [pad + line]
        inside = [
            [f"{t} = np.zeros(4)", f"{t}[{i}] = {s()}", f"{t}[1:3] += {v()}[:2]"],
            [f"{t} = np.array({v()})", f"{t} *= {s()}", f"{t}[{i}] -= {s()}"],
            [f"{t}b = {v()} + 0.0", f"{t} = {t}b[::-1]", f"{t}[:2] = {s()}", f"{t} = {t} + {t}b"],
            [f"{t}b = np.zeros((4, 4))", f"{t}b.T[{i}] = {v()}", f"{t} = {t}b[:, {j}] + {t}b[{j}]"],
            [f"{t} = np.zeros(4)", f"np.add.at({t}, [0, 1, 1, {i}], {v()})"],
            self.pick(
                [f"{t} = {v()} * 1.0", f"np.copyto({t}, {v()}, where=A > 0)"],
                [f"{t} = {v()} * 1.0", f"np.multiply({t}, {s()}, out={t})"],
                [f"{t} = np.ones(4)", f"np.put({t}, [{i}], {s()})"],
                [f"{t}o = SimpleNamespace(a={v()})", f"{t}o.a = {t}o.a * {s()}", f"{t} = {t}o.a"],
                [f"{t}d = dict(a={v()}, b={v()})", f"{t}d['a'] = {t}d['a'] + {s()}", f"{t} = sum({t}d.values())"],
            ),
            [f"{t}d = {{'a': {v()}, 'b': {v()}}}", f"{t}d['a'] = {t}d['a'] + {s()}", f"{t} = sum({t}d.values())"],
            [f"{t}, *_, {t}z = [{v()}, 1, 2, {v()}]", f"{t} = {t} + {t}z"],
            [f"{t}, _ = {t}z = ({v()}, {s()})", f"{t} = {t} * {t}z[1]"],
            [f"{t}l = [{v()}, {v()}]", f"{t}l[0] = {t}l[0] + {t}l.pop()", f"{t}l.append({v()})", f"{t} = sum({t}l)"],
            [f"{t}o = Base({s()}, {v()})", f"{t}o.k += {s()}", f"{t} = {t}o({v()}) * {t}o.half"],
            [f"{t} = ({t}w := {v()}) + {t}w", f"del {t}w"],
        ]
        if kind < 20:
            self.vectors.append(t)
            return [pad + line for line in self.pick(*inside)]
        if kind < 22:
            self.numbers.append(t)
            return [pad + line for line in self.pick(
                [f"{t} = 0.0", f"for {t}i, {t}w in enumerate(W):", f"    {t} += {t}w * ({t}i + 1) * {s(1)}"],
                [f"{t} = 1.0", f"for {t}o in L:", f"    if {t}o.k < {s(1)}:", "        continue", f"    {t} = {t} + {t}o.apply({s(1)})", f"    if {t} > 5:", "        break", "else:", f"    {t} = {t} * 0.5"],
                [f"{t} = {s(1)}", f"{t}i = 0", f"while {t}i < n and {t} < 3:", f"    {t}, {t}i = {t} + 0.5 * abs({t}), {t}i + 1"],
                ["match mode, n:", "    case 'a', k if k > 1:", f"        {t} = {s(1)}", "    case 'b', _:", f"        {t} = {s(1)}", "    case _:", f"        {t} = 1.0"],
                [f"{t} = sum(a * b for a in W for b in (1.0, c) if a != b)"],
                [f"({t}a, {t}b), *{t}r = [(1.0, {s(1)}), 2.0]", f"{t} = {t}a * {t}b + {t}r[0]"],
                [f"{t} = 0.0", f"for {t}a, {t}b in zip(x, {v(1)}):", f"    {t} = {t} + {t}a * {t}b"],
                [f"{t}g = functools.partial(helper, s={s(1)})", f"{t} = {t}g({s(1)})"],
            )]  # fmt: skip
        if kind < 24:  # effects, and what is the caller's
            if self.r.random() < 0.75:
                return []
            return [pad + self.pick("LOG.append(1)", f"W.append({self.real()})", "D['e'] = 1.0", "P.k = 0.7", "A[0] = 0.5", "np.add(A, 0.1, A)", "W.sort()", "P.v[1:] += 0.1", "T.two[0] = 1.0", "collect.__defaults__[0].append(2)")]  # fmt: skip
        more = pad + "    "
        inner = lambda k=2: self.block(self.r.randint(1, k), more, depth - 1)
        if kind < 28:
            return [f"{pad}if {self.test()}:", *inner(), f"{pad}else:", *inner()]
        if kind < 30:
            self.numbers.append(t)
            return [f"{pad}{t} = {self.real()}", f"{pad}try:", *inner(1), f"{more}{t} = {s(1)}", f"{more}if {self.test()}:", f"{more}    raise {self.pick('ValueError', 'KeyError(1)', 'ZeroDivisionError')}",
                    f"{pad}except {self.pick('ValueError', '(KeyError, ValueError)', 'Exception as error')}:", f"{more}{t} = {s(1)}", *([f"{pad}finally:", f"{more}{t} = {t} + {self.real()}"] if self.r.random() < 0.5 else [])]  # fmt: skip
        if kind < 32:
            return [f"{pad}with np.errstate(all='ignore'):", *inner()]
        if kind < 36:
            self.numbers.append(t)
            body = self.pick(
                [f"def {t}f(y, k={s(1)}, *rest):", "    nonlocal_ = y * k", f"    return nonlocal_ + len(rest) + {s(1)}"],
                [f"{t}n = {s(1)}", f"def {t}f(y):", f"    nonlocal {t}n", f"    {t}n = {t}n + 0.5", f"    return y * {t}n"],
                [f"{t}l = []", f"def {t}f(y):", f"    {t}l.append(y)", f"    return y * len({t}l)"],
                [f"def {t}g(y):", "    yield y", f"    yield from [y * 2, {s(1)}]", f"{t}f = lambda y: sum({t}g(y))"],
                [f"{t}m = {s(1)}", f"{t}f = lambda y: y + {t}m", f"{t}m = {t}m * 2"],
                [f"{t}f = [lambda y, k=k: y * k for k in W][{j - 1}]"],
                [f"{t}f = P.apply"], [f"{t}f = L[{j % 2}].apply"], [f"{t}f = F[{j % 2}]"], [f"{t}f = Q"],
            )  # fmt: skip
            call = f"{t} = np.sum({t}f({self.pick(s(1), v(1))})) + np.sum({t}f({s(1)}))"
            return [pad + line for line in (*body, call)]
        self.vectors.append(t)
        return [
            f"{pad}{t} = {v()}",
            f"{pad}for {t}k in range({self.pick('n', 2, 3)}):",
            *inner(1),
            f"{more}{t} = {t} * {s(1)} + {v(1)}",
        ]

    def function(self) -> str:
        body = self.block(self.r.randint(1, 4), "    ", 2)
        result = " + ".join([f"np.sum({v})" for v in self.vectors[-2:]] + [f"({s})" for s in self.numbers[-2:]])
        return "\n".join(["def f(x):", *body, f"    return ({result} + np.sum(x**2)) * 1.0", ""])


def program(seed: int) -> tuple[str, list[str]]:
    """A program with a function ``f``, and changes to be made between its calls."""
    writer = Writer(seed)
    source = BEGIN + writer.function()
    r = writer.r
    changes = [c.format(r=writer.real(), i=r.randrange(3)) for c in r.sample(CHANGES, 5)]
    return source, changes


STATE = "A B M W LOG n".split()


class World:
    """A fresh execution of a program."""

    def __init__(self, source: str, name: str, operator: Any, *, pure: bool | None) -> None:
        self.globals: dict[str, Any] = {"__name__": "fuzzed"}
        exec(compile(source, name, "exec", dont_inherit=True), self.globals)
        self.operator = operator(self.globals["f"], method="exact", check=False, pure=pure)

    def outcome(self, x: np.ndarray) -> tuple[Any, str]:
        try:
            found = self.operator(x)
        except Exception as error:  # the same error is the same outcome
            found = f"{type(error).__name__}"
        g = self.globals
        state = (
            [g[k] for k in STATE],
            [{k: v for k, v in vars(o).items() if not callable(v)} for o in (g["P"], g["Q"], g["R"], g["NS"])],
            g["D"],
            g["T"],
            x,
        )
        return found, repr(state)

    def change(self, text: str) -> None:
        try:
            exec(text, self.globals)
        except Exception:  # of what is not there any more
            pass


def _agree(a: Any, b: Any) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return type(a) is type(b) and a == b
    pairs = zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]
    for p, q in pairs:
        p, q = np.asarray(p), np.asarray(q)
        size = np.abs(q[np.isfinite(q)]).max(initial=1e-6)
        if p.dtype != q.dtype or not np.allclose(
            p,
            q,
            rtol=1e-7 if p.dtype == float else 1e-3,
            atol=1e-9 * size if p.dtype == float else 1e-4 * size,
            equal_nan=True,
        ):
            return False
    return True


def compare(seed: int, operator: Any = gw.value_and_grad, made: Any = program) -> str | None:
    """How a program differs from the same one that runs at each call; None if it does not."""
    source, changes = made(seed)
    name = f"<program {seed}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        ours, theirs = World(source, name, operator, pure=None), World(source, name, operator, pure=False)
        r = random.Random(seed)
        for k, change in enumerate(["", *changes]):
            for world in (ours, theirs):
                world.change(change)
            for call in range(6 if k == 0 else r.choice([1, 2, 4])):
                x = np.array([0.3, -0.7, 1.1, 0.5]) * (1 + 0.3 * ((call + k) % 3)) * (-1 if call % 5 == 4 else 1)
                a, mine = ours.outcome(x.copy())
                b, yours = theirs.outcome(x.copy())
                if mine != yours or not _agree(a, b):
                    return f"seed {seed}, after {change!r}, call {call}: {a} instead of {b}" + (
                        "" if mine == yours else f"\nstate {mine}\ninstead of {yours}"
                    )
    return None
