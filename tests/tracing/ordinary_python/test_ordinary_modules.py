"""Modules of the user's: helpers in other files, star imports, globals, local imports, packages; texts that are printed and logged."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import io
import json
import logging
import math
import sys
import typing

import numpy as np
import pytest
from ordinary import Cases, agrees, picture, same

import gradwise as gw

cases = Cases()

HELPERS = '''
"""A helper module."""
import math
from functools import lru_cache
from numpy import *

SCALE = 2.0
HISTORY = []
COUNT = 0
_private = {"best": None}


class Helper:
    instances = []

    def __init__(self, k):
        self.k = k
        self.__secret = k * 2

    def apply(self, v):
        return math.exp(-self.k * v) + self.__secret


def helper(v, n=3):
    """Uses names from a star import."""
    global COUNT
    COUNT = 0 * COUNT + n
    HISTORY[:] = [v]
    return SCALE * sum([sin(v * i) for i in range(n)])


def record(v):
    _private["best"] = v
    return _private["best"] ** 2


def buffer(v):
    out = zeros(3)
    out[1] = v
    return out.dot(ones(3))


@lru_cache(maxsize=None)
def factor(n):
    return math.factorial(n)
'''

USER = """
import numpy as np
import helpers_of_tests as ht
from helpers_of_tests import *
from helpers_of_tests import record as keep, Helper
from pack_of_tests import sub
from pack_of_tests.sub import deeper as deep

LAST = 0.0
CACHE = {}
TABLE = [None, None]


def f(x):
    global LAST, NEW
    import math as m
    from pack_of_tests.late import late
    LAST = x[0] * 2
    NEW = float(x[1])
    CACHE["x"] = x
    TABLE[0] = (x[0], [x[1]])
    h = Helper(x[1])
    total = helper(x[0]) + ht.helper(x[1], n=2) * keep(x[0]) + h.apply(x[1])
    total += buffer(x[0]) + factor(3) * LAST + NEW ** 2 + late(x[1]) + sub.value(x[0]) * deep.value(x)
    ht.SCALE = 2.0
    sub.state = x[0] * 1.0
    return total + m.cos(TABLE[0][1][0]) + CACHE["x"].sum() * sub.state


class Model:
    def __init__(self):
        self.calls = 0

    def loss(self, x):
        self.calls += 1
        return f(x) * self.calls ** 0
"""


@pytest.fixture
def modules(tmp_path, monkeypatch):
    (tmp_path / "helpers_of_tests.py").write_text(HELPERS)
    (tmp_path / "user_of_tests.py").write_text(USER)
    package = tmp_path / "pack_of_tests"
    (package / "deeper").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "late.py").write_text("import math\n\ndef late(v):\n    return math.tanh(v)\n")
    (package / "sub.py").write_text(
        "from . import deeper\nimport numpy as np\nstate = 1.0\n\ndef value(v):\n    return np.float64(v) ** 3\n"
    )
    (package / "deeper" / "__init__.py").write_text(
        "value = lambda x: float(x[0]) * float(x[1]); other = lambda x: 1.0\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    before = set(sys.modules)
    yield importlib.import_module("user_of_tests")
    for name in set(sys.modules) - before:
        if name.endswith("_of_tests") or name.startswith("pack_of_tests"):
            del sys.modules[name]


@pytest.mark.parametrize("entry", ["f", "loss"])
def test_helper_modules(modules, entry):
    several = Cases()
    several.made_at([0.4, 1.3])(lambda: modules.f if entry == "f" else modules.Model().loss)
    agrees(several[0])
    names = ["helpers_of_tests", "user_of_tests", "pack_of_tests.sub", "pack_of_tests.deeper", "pack_of_tests.late"]
    kept = [sys.modules[n] for n in names]
    modules.f(np.array([0.4, 1.3]))
    expected = [picture(dict(vars(m))) for m in kept]
    identities = [{n: v for n, v in vars(m).items() if callable(v)} for m in kept]
    gw.grad(modules.f, method="exact", check=False)(np.array([0.4, 1.3]))
    for module, shown, entries in zip(kept, expected, identities, strict=True):
        same(shown, picture(dict(vars(module))))
        assert all(vars(module)[n] is v for n, v in entries.items())
        assert set(entries) == {n for n, v in vars(module).items() if callable(v)}


def test_a_file_that_was_edited_since(tmp_path, monkeypatch):
    file = tmp_path / "edited_of_tests.py"
    file.write_text("import math\n\ndef f(x):\n    return math.exp(x[0]) * 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    module = importlib.import_module("edited_of_tests")
    try:
        file.write_text("import math\n\ndef f(x):\n    return math.sin(x[0]) * 5\n# longer\n")
        x = np.array([0.4])
        np.testing.assert_allclose(gw.grad(module.f, method="exact", check=False)(x), [2 * math.exp(0.4)])
        importlib.reload(module)
        np.testing.assert_allclose(gw.grad(module.f, method="exact", check=False)(x), [5 * math.cos(0.4)])
    finally:
        sys.modules.pop("edited_of_tests", None)


# --- texts ------------------------------------------------------------------------------------------------------------------------------

log = logging.getLogger("ordinary.python")


@cases.at([0.4, 1.3])
def prints_and_formats(x):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        print("x =", x, f"{x[0]:.3e}", "%.2f and %s" % (x[1], x[0]), "{:8.3f}|{!r}".format(x[0], x[1]), sep="\n")
        print(x[0], end="", file=out)
    text = f"{x[0]:>10.2f}{x[1]!r}{x}" + str(x[0]) + repr(x[1]) + format(x[0], ".3f")
    lines = out.getvalue().splitlines()
    return x[0] ** 2 * len(lines) + x[1] * (len(text) > 10)


@cases.at([0.4, 1.3])
def logs(x):
    log.setLevel(logging.INFO)
    log.info("loss %.3f at %s", x[0], x)
    log.debug("never %d", x[1])
    logging.getLogger(__name__).debug(f"value {x[0]}")  # noqa: G004
    return x[0] * x[1]


@cases.at([0.4, 1.3])
def keys_made_of_text(x):
    table = {}
    for i, v in enumerate(x):
        table[f"x_{i}"] = v
        table["y_%d" % i] = v**2
        table["z_{}".format(i)] = math.exp(v)
    return sum(table["_".join(["x", str(i)])] * table[f"y_{i}"] for i in range(2)) + table["z_1"]


@cases.at([0.4, 1.3])
def json_of_settings(x):
    settings = json.loads('{"weights": [1.5, 2.5], "power": 2, "name": "sum"}')
    total = sum(w * v ** settings["power"] for w, v in zip(settings["weights"], x))
    return {"sum": lambda t: t * 2}[settings["name"]](total)


class Verbose:
    def __init__(self, v):
        self.v = v
        self.lines = []

    def __str__(self):
        return f"<{self.v:.3f}>"

    def __repr__(self):
        return f"Verbose({self.v!r})"

    def say(self):
        self.lines.append(str(self) + repr(self) + f"{self}")
        return self.v * 2


@cases.made_at([0.4, 1.3])
def objects_that_write_themselves():
    def f(x):
        v = Verbose(x[0])
        return v.say() * Verbose(x[1]).say() * len(v.lines)

    return f


# --- types and patterns ------------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Circle:
    radius: float


@dataclasses.dataclass
class Square:
    side: float
    kind: typing.ClassVar[str] = "square"


class Segment(typing.NamedTuple):
    a: float
    b: float = 1.0


def area(shape):
    match shape:
        case Circle(radius=r) if r > 0:
            return math.pi * r**2
        case Square(side):
            return side * side
        case Segment(a, b):
            return b - a
        case [first, *others]:
            return area(first) + sum(area(o) for o in others)
        case {"radius": r, **rest}:
            return area(Circle(r)) + len(rest)
        case float() | int() as number:
            return number * 2
        case None:
            return 0.0
    raise TypeError(shape)


@cases.at([0.4, 1.3])
def structural_patterns(x):
    shapes = [
        Circle(x[0]),
        Square(x[1]),
        Segment(x[0]),
        [Circle(x[1]), Square(x[0])],
        {"radius": x[1], "name": 1},
        float(x[0]),
        3,
        None,
    ]
    return sum(map(area, shapes)) * area(x[1].item())


@cases.at([0.4, 1.3])
def dispatch_on_types(x):
    handlers = {
        float: lambda v: v**2,
        np.float64: lambda v: v**2,
        int: lambda v: v * 3,
        list: lambda v: sum(v),
        np.ndarray: lambda v: v.prod(),
    }
    values = [x[0], float(x[1]), 2, [x[0], x[1]], x * 2]
    return sum(handlers[type(v)](v) for v in values)


@dataclasses.dataclass
class State:
    position: np.ndarray
    mass: float = 1.0
    tags: list = dataclasses.field(default_factory=list)
    energy: float = dataclasses.field(init=False)
    scale: dataclasses.InitVar[float] = 2.0

    def __post_init__(self, scale):
        self.energy = scale * self.mass * float(self.position @ self.position)
        self.tags.append(self.energy)


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    a: float
    b: float = 2.0

    def product(self):
        return self.a * self.b


@dataclasses.dataclass(kw_only=True)
class Child(State):
    extra: float = 0.5


@cases.at([0.4, 1.3])
def data_classes(x):
    s = State(x, x[0], scale=3.0)
    t = dataclasses.replace(s, mass=x[1], scale=1.0)
    c = Child(position=x * 2, extra=x[0])
    f = Frozen(x[0])
    g = dataclasses.replace(f, b=x[1])
    fields = [getattr(c, field.name) for field in dataclasses.fields(c) if field.name in ("mass", "extra", "energy")]
    return s.energy + t.energy * t.tags[-1] + math.prod(fields) + f.product() * g.product() + dataclasses.asdict(g)["b"]


@pytest.mark.parametrize("case", cases, ids=repr)
def test_modules_and_texts(case):
    agrees(case)
