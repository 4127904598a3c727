"""Random classes whose methods read objects, lists, dictionaries, texts and switches, and random changes of their instances and classes."""

from __future__ import annotations

import linecache

import numpy as np

SCALARS = ["x[{n}]", "{s}.k", "{s}.m", "GAIN", "0.75", "{s}.a[{n}]", "{s}.settings['scale']", "float(x[1])"]
ARRAYS = ["x", "{s}.a", "TABLE", "{s}.settings['shift']", "x[::-1]"]

PARTS = """
import numpy as np, math
GAIN, TABLE, LOG = 0.8, np.array([0.2, 0.1, 0.4, 0.3]), []

class Made:
    c = 0.5
    def __init__(self, p, q):
        self.p, self.q = p, q * Made.c
    def total(self, r):
        return self.p * r + np.sum(self.q)

class Filled:
    def __init__(self, n):
        self.w, self.i = np.zeros(n), 0
    def push(self, v, s):
        self.w[self.i] = v * s
        self.i += 1

class Base:
    rate = 1.5
    def h3(self, x):
        return self.rate * np.sum(x)
    def val(self, x):
        return self.k * np.sum(x)

class Part(Base):
    def __init__(self, k):
        self.k, self.m, self.a, self.kind, self.flag, self.opt = k, 2.0, np.arange(4.0) * k, "a", True, None
        self.n = 0
        self.settings, self.sub, self.parts, self.w = {"scale": 0.3, "shift": np.ones(4)}, self, [], np.eye(4)
    def vec(self, x):
        self.n += 1
        return x * self.m
    def val(self, x):
        return PART

class Model(Base):
    def __init__(self):
        self.k, self.m, self.a, self.w = 1.3, 0.7, np.array([1.0, 2.0, -1.0, 0.5]), np.arange(16.0).reshape(4, 4) / 10
        self.settings = {"scale": 0.4, "shift": np.array([0.1, 0.2, 0.3, 0.4]), "kind": "a"}
        self.flag, self.opt, self.kind, self.name, self.key = FLAG, OPT, KIND, NAME, KEY
        self.count, self.log, self.n = 0.0, [], 0
        self.sub, self.parts = Part(0.9), [Part(0.5), Part(-0.3)]
        self.table, self.names = [self.h1, self.h2], [("h1", 0.5), ("h2", -0.2)]
    @property
    def prop(self):
        return self.k * PROPERTY
    def vec(self, x):
        return VECTOR
    def h1(self, x):
        return FIRST
    def h2(self, x):
        return SECOND
    def f(self, x):
BODY
        return RESULT
"""

STATEMENTS = [
    ["b = {a}.copy()", "b[1] += {v}", "x = b"],
    ["t = 0.0", "for i, p in enumerate(self.parts):", "    t = t + p.val(x) * i", "x = x * (1.0 + 0.1 * np.tanh(t))"],
    ["if self.flag:", "    x = x * 0.5"],
    ["self.count = self.count + 1.0"],
    ["self.n += 1"],
    ["self.n = self.n - 2"],
    ["for p in self.parts:", "    p.n += 3", "    self.n += 1"],
    ["if x[0] > 0.3:", "    self.sub.n += 5"],
    ["self.n += 1", "if self.n > 4:", "    x = x * 1.1"],
    ["self.log.append(1.0)"],
    ["self.a[0] = self.a[0] + 0.01"],
    ["self.sub.k = self.sub.k * 1.01"],
    ["LOG.append(0)"],
    ["made = Filled(4)", "for v in x:", "    made.push(v, {v})", "x = made.w"],
    ["for n, w in self.names:", "    x = x + w * getattr(self, n)(x) * 0.1"],
    ["def inner(t):", "    return t * self.k", "x = inner(x)"],
]


class Writer:
    """Expressions and programs from one random source."""

    def __init__(self, random):
        self.random = random

    def scalar(self, depth, owner="self"):
        r = self.random
        if depth <= 0:
            return r.choice(SCALARS).format(n=r.randrange(4), s=owner)
        one, two = self.scalar(depth - 1, owner), self.scalar(depth - 1, owner)
        vector = self.array(depth - 1, owner)
        forms = [
            *[f"({one} {r.choice('+-*')} {two})"] * 4,
            f"{r.choice(['np.sin', 'math.cos', 'np.tanh', 'math.atan'])}({one})",
            f"np.sum({vector})",
            f"{owner}.sub.val(x)",
            f"sum([p.val(x) for p in {owner}.parts])",
            f"Made({one}, {vector}).total({two})",
            f"({one} if {owner}.flag else {two})",
            f"({one} if {owner}.opt is None else {owner}.opt)",
            f"({one} if {owner}.kind == 'a' else {two})",
            f"({one} if {self.scalar(0, owner)} > {self.scalar(0, owner)} else {two})",
        ]
        if owner == "self":
            forms += [
                f"self.{r.choice(['h1', 'h2', 'h3'])}(x)",
                "self.prop",
                "getattr(self, self.name)(x)",
                f"self.table[{r.choice(['0', '1', 'self.key'])}](x)",
            ]
        return r.choice(forms)

    def array(self, depth, owner="self"):
        r = self.random
        if depth <= 0:
            return r.choice(ARRAYS).format(s=owner)
        one = self.array(depth - 1, owner)
        forms = [
            f"({one} {r.choice('+-*')} {self.array(depth - 1, owner)})",
            f"np.tanh({one})",
            f"({self.scalar(depth - 1, owner)} * {one})",
            f"{owner}.vec(x)",
            f"{owner}.w @ {one}",
        ]
        return r.choice(forms)

    def program(self):
        r = self.random
        body = [
            "        " + line.format(a=self.array(1), v=self.scalar(1))
            for _ in range(r.randrange(3))
            for line in r.choice(STATEMENTS)
        ]
        choices = {
            "PART": ["self.k * np.sum(x**2)", "super().val(x) + self.a @ x", "self.m * x[0] + self.k"],
            "FLAG": ["True", "False"],
            "OPT": ["None", "2.5"],
            "KIND": ["'a'", "'b'"],
            "NAME": ["'h1'", "'h2'"],
            "KEY": ["0", "1"],
            "PROPERTY": ["2.0", "self.m", "self.sub.k"],
            "VECTOR": ["x * self.k", "self.w @ x", "np.cumsum(x) + self.a"],
            "FIRST": ["np.sum(x**2) * self.k", "self.sub.val(x)", "x[0] * x[1] + self.prop", "np.sum(self.vec(x))"],
            "SECOND": ["np.sum(np.sin(x))", "self.h1(x) * self.m", "self.parts[0].val(x) + self.m"],
            "BODY": ["\n".join(body)],
            "RESULT": [self.scalar(3)],
        }
        text = PARTS
        for name, options in choices.items():
            text = text.replace(name, r.choice(options))
        return text


def world(text, name):
    """A fresh execution of a program: its globals."""
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    found = {"__name__": "random_world"}
    exec(compile(text, name, "exec"), found)
    return found


def changes(found, m, r):
    """What may be changed between two calls, by name; the same random source gives the same changes."""
    base, model, part, made = found["Base"], found["Model"], found["Part"], found["Made"]
    return {
        "k": lambda: setattr(m, "k", r.uniform(-2, 2)),
        "m": lambda: setattr(m, "m", r.choice([1, 0.5, np.float32(0.3), np.float64(2.0)])),
        "a": lambda: setattr(m, "a", np.array([r.random() for _ in range(4)])),
        "a in place": lambda: m.a.__setitem__(r.randrange(4), r.uniform(-1, 1)),
        "scale": lambda: m.settings.__setitem__("scale", r.uniform(-1, 1)),
        "shift in place": lambda: m.settings["shift"].__setitem__(0, r.random()),
        "settings": lambda: setattr(m, "settings", {"shift": np.ones(4), "scale": 1, "kind": "b"}),
        "n": lambda: setattr(m, "n", r.choice([0, 7, 0.5, True])),
        "n of sub": lambda: setattr(m.sub, "n", r.choice([0, 7, 0.5])),
        "flag": lambda: setattr(m, "flag", not m.flag),
        "opt": lambda: setattr(m, "opt", r.choice([None, 1.5, 2])),
        "kind": lambda: setattr(m, "kind", r.choice("abc")),
        "name": lambda: setattr(m, "name", r.choice(["h1", "h2", "h3"])),
        "key": lambda: setattr(m, "key", r.choice([0, 1, -1])),
        "sub": lambda: setattr(m, "sub", part(r.random())),
        "k of sub": lambda: setattr(m.sub, "k", r.random()),
        "one part more": lambda: m.parts.append(part(r.random())),
        "first part": lambda: m.parts.__setitem__(0, r.choice([m.sub, part(0.1)])),
        "fewer parts": lambda: m.parts.pop() if len(m.parts) > 1 else None,
        "table": lambda: m.table.__setitem__(0, r.choice([m.h2, m.h3, np.sum, m.sub.val, lambda x: np.sum(x) * 3])),
        "names": lambda: m.names.__setitem__(0, (r.choice(["h1", "h2", "h3"]), r.random())),
        "one name more": lambda: m.names.append(("h3", 0.3)),
        "shadow": lambda: setattr(m, "h1", lambda x: np.sum(x) * 5),
        "no shadow": lambda: m.__dict__.pop("h1", None),
        "method": lambda: setattr(model, "h2", r.choice([lambda s, x: np.sum(x) * s.k, model.h1])),
        "method of the base": lambda: setattr(base, "val", lambda s, x: s.k * np.sum(x**3)),
        "rate": lambda: setattr(base, "rate", r.random()),
        "property": lambda: setattr(model, "prop", property(lambda s: s.k * 7)),
        "constant of what is made": lambda: setattr(made, "c", r.random()),
        "method of what is made": lambda: setattr(made, "total", lambda s, q: s.p - q),
        "making": lambda: setattr(made, "__init__", lambda s, p, q: s.__dict__.update(p=p * 2, q=q)),
        "filling": lambda: setattr(found["Filled"], "push", lambda s, v, t: s.w.__setitem__(0, v)),
        "a global number": lambda: found.__setitem__("GAIN", r.random()),
        "a global array": lambda: found["TABLE"].__setitem__(0, r.random()),
        "class of sub": lambda: setattr(
            m.sub, "__class__", r.choice([part, type("Other", (part,), {"val": lambda s, x: s.k * x[2]})])
        ),
    }


def state(found, m):
    """What the methods may have changed."""
    counters = [o.__dict__.get("n") for o in (m, m.sub, *m.parts)]
    return repr((m.__dict__.get("count"), len(m.log), m.a.tolist(), m.sub.k, len(found["LOG"]), counters))
