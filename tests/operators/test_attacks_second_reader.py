"""What a second reader of the symbolic run found: instructions, operators and classes that behave otherwise than it took for granted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_attacks_on_reuse import BOTH_SIGNS, OFTEN, agree

import gradwise as gw
from gradwise.tracing.purity import callables, inspect_function

ARRAY = "A = np.ones(4)\nstate = lambda: A.tolist()\n"
#: name: source, changes
CASES = {
    "what a generator returns is not what a call of it gives": (
        ARRAY
        + "def parts():\n    yield A\n    return 1.0\ndef f(x):\n    for v in parts():\n        v += 1.0\n    return np.sum(x**2)",
        [],
    ),
    "a keyword of the name of a positional-only parameter": (
        ARRAY
        + "def add(a, /, **named):\n    a += 1.0\n    return 1.0\ndef f(x):\n    return add(A, a=2.0) * np.sum(x**2)",
        [],
    ),
    "members of enumerations that are ordered": (
        (
            "import enum\nclass L(enum.Enum):\n    LOW, HIGH = 1, 2\n    def __le__(self, other):\n        return self.value <= other.value\nmode = L.HIGH\n"
            "def f(x):\n    if L.LOW <= mode:\n        LOG.append(1)\n    return np.sum(x**2)"
        ),
        ["mode = L.LOW"],
    ),
    "the right operand of a derived class is asked first": (
        (
            "class P:\n    def __init__(self, v): self.v = v\n    def __mul__(self, other): return self.v * other.v\n"
            "class Q(P):\n    def __rmul__(self, other):\n        LOG.append(1)\n        return 5.0 * self.v * other.v\n"
            "p, q = P(2.0), Q(3.0)\ndef f(x):\n    return (p * q) * np.sum(x**2)"
        ),
        ["p.v = 3.0"],
    ),
    "the right operand is of a derived class later": (
        (
            "class P:\n    def __init__(self, v): self.v = v\n    def __mul__(self, other): return self.v * other.v\nclass R: ...\n"
            "class Q(R):\n    def __init__(self, v): self.v = v\n    def __rmul__(self, other):\n        LOG.append(1)\n        return 5.0 * self.v * other.v\n"
            "p, q = P(2.0), Q(3.0)\ndef f(x):\n    return (p * q) * np.sum(x**2)"
        ),
        ["Q.__bases__ = (P,)"],
    ),
    "the right operand gets a method of its own": (
        (
            "class P:\n    def __init__(self, v): self.v = v\n    def __mul__(self, other): return self.v * other.v\n    __radd__ = __mul__\n    __add__ = __mul__\nclass Q(P): ...\n"
            "def first(self, other):\n    LOG.append(1)\n    return 7.0\np, q = P(2.0), Q(3.0)\ndef f(x):\n    return ((p * q) + (p + q)) * np.sum(x**2)"
        ),
        ["Q.__rmul__ = first", "del Q.__rmul__", "Q.__radd__ = first", "del Q.__radd__", "P.__rmul__ = first"],
    ),
    "a text shows its right operand": (
        (
            "class P:\n    def __rmod__(self, other): return 3.0\n    def __str__(self):\n        LOG.append(1)\n        return 'a'\np = P()\n"
            "def f(x):\n    return len('%s' % p) * np.sum(x**2)"
        ),
        [],
    ),
    "an inner class is registered with another": (
        "import types\nclass A(abc.ABC): ...\ndef g(v): return v\ndef f(x):\n    return np.sum(x**2) if isinstance(g, A) else np.sum(x**3)",
        ["A.register(types.FunctionType)"],
    ),
    "lists are registered": (
        "class A(abc.ABC): ...\nclass P: k = 2.0\nL = [P()]\ndef f(x):\n    return L[0].k * (np.sum(x**2) if isinstance(L, A) else np.sum(x**3))",
        ["A.register(list)"],
    ),
    "a field of a named tuple becomes a property": (
        "from collections import namedtuple\nP = namedtuple('P', 'k g')\np = P(2.0, lambda v: v)\ndef f(x):\n    return p.k * np.sum(p.g(x) ** 2)",
        ["P.k = property(lambda self: 5.0)"],
    ),
    "two fields of a named tuple change their places": (
        "from collections import namedtuple\nP = namedtuple('P', 'k m g')\np = P(2.0, 3.0, lambda v: v)\ndef f(x):\n    return p.k * np.sum(p.g(x) ** 2)",
        ["P.k = P.m"],
    ),
    "a named tuple is gone over otherwise": (
        "from collections import namedtuple\nP = namedtuple('P', 'k g')\np = P(2.0, lambda v: v)\ndef f(x):\n    k, g = p\n    return k * np.sum(g(x) ** 2)",
        ["P.__iter__ = lambda self: iter((7.0, lambda v: v))"],
    ),
    "a key that is equal and of another type": (
        "class P: k = 2.0\nd = {1: P()}\ndef f(x):\n    t = 0.0\n    for k, p in d.items():\n        t = t + p.k * np.sum(x**2 if isinstance(k, bool) else x**3)\n    return t",
        ["d = {True: P()}", "d = {1: P()}"],
    ),
    "a text that is equal and of another type": (
        (
            "class T(str):\n    def __radd__(self, other): return other + 'b'\nclass P: a, b = 2.0, 3.0\np, names = P(), ['a', 'a']\n"
            "def f(x):\n    t = 0.0\n    for n in names:\n        t = t + getattr(p, '' + n) * np.sum(x**2)\n    return t"
        ),
        ["names = [T('a'), 'a']"],
    ),
    "the diagonal of a sparse matrix is a view": (
        (
            "import scipy.sparse\nM = scipy.sparse.dia_array((np.array([[1.0, 2.0, 3.0, 4.0]]), [0]), shape=(4, 4))\nstate = lambda: M.data.tolist()\n"
            "def f(x):\n    d = M.diagonal()\n    d[:] = 1.0\n    return np.sum(M @ x * x)"
        ),
        ["M.data[:] = [1.0, 2.0, 3.0, 4.0]"] * 3,
    ),
    "a generator of random numbers fills an array": (
        ARRAY + "def f(x):\n    np.random.default_rng(3).random(None, 'd', A)\n    return np.sum(x**2)",
        ["A[:] = 2.0"] * 2,
    ),
    "super().__init__ is an object that can be called": (
        (
            "class Init:\n    def __call__(self): LOG.append(1)\nclass B:\n    __init__ = Init()\n"
            "class P(B):\n    def __init__(self):\n        super().__init__()\n        self.k = 2.0\ndef f(x):\n    return P().k * np.sum(x**2)"
        ),
        [],
    ),
    "super().__init__ becomes one": (
        (
            "class Init:\n    def __call__(self): LOG.append(1)\nclass B: ...\n"
            "class P(B):\n    def __init__(self):\n        super().__init__()\n        self.k = 2.0\ndef f(x):\n    return P().k * np.sum(x**2)"
        ),
        ["B.__init__ = Init()"],
    ),
    "the type of an array of objects": (
        ARRAY
        + "def f(x):\n    c = np.zeros(1, np.array([None]).dtype)\n    c[0] = A\n    c[0][0] += 1.0\n    return np.sum(x**2)",
        [],
    ),
    "integers of which an array of objects is made": (
        ARRAY
        + "def f(x):\n    c = np.array((1180591620717411303424, 1))\n    c[0] = A\n    c[0][0] += 1.0\n    return np.sum(x**2)",
        [],
    ),
    "an error state that decorates": (
        "def g(v):\n    LOG.append(1)\n    return v\ndef f(x):\n    t = 0.0\n    for v in map(np.errstate(all='ignore')(g), [1.0]):\n        t = t + v * np.sum(x**2)\n    return t",
        [],
    ),
    "errors of the user's are made": (
        "class E(Exception):\n    def __init__(self, *values): LOG.append(1)\ndef f(x):\n    for e in map(E, [1.0]):\n        pass\n    return np.sum(x**2)",
        [],
    ),
    "a property that raises lets hasattr say no": (
        (
            "class P:\n    c = 1.0\n    @property\n    def q(self):\n        if self.c > 0:\n            return 1.0\n        raise AttributeError\np = P()\n"
            "def f(x):\n    if hasattr(p, 'q'):\n        return p.q * np.sum(x**2)\n    LOG.append(1)\n    return np.sum(x**3)"
        ),
        ["p.c = -1.0", "p.c = 1.0"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_function_does_what_it_would_do_without_its_program(name):
    source, changes = CASES[name]
    agree(source, changes, OFTEN, f"<{name}>")


COMPUTED = """
from functools import cached_property
class M:
    def __init__(self, c):
        if c:
            self.n = 1.0
def two(self):
    LOG.append(1)
    return 2.0
later = cached_property(two)
later.__set_name__(M, "n")
def f(x):
    return M(x[0] > 0).n * np.sum(x**2)
"""


@pytest.mark.parametrize("place", ["at first", "later"])
def test_what_is_not_stored_may_be_computed(place):
    now, then = ("M.n = later", "") if place == "at first" else ("", "M.n = later")
    agree(COMPUTED + now, [then, None, None], BOTH_SIGNS, f"<computed {place}>")


PROVED = {
    "generators": "def g(n):\n    for k in range(n):\n        yield 0.5 * k\ndef f(x):\n    return sum([np.sum(c * x**2) for c in g(3)])",
    "plain enumerations": "import enum\nclass K(enum.Enum):\n    A, B = 1, 2\nk = K.A\ndef f(x):\n    return np.sum(x**2) if k == K.A else np.sum(x**3)",
    "operators of a derived class": "class P:\n    def __init__(self, v): self.v = v\n    def __mul__(self, other): return self.v * other.v\nclass Q(P): ...\np, q = P(2.0), Q(3.0)\ndef f(x):\n    return (p * q) * np.sum(x**2)",
    "operators of one class": "class P:\n    def __init__(self, v): self.v = v\n    def __mul__(self, other): return self.v * other.v\np, q = P(2.0), P(3.0)\ndef f(x):\n    return (p * q) * np.sum(x**2)",
    "numbers beside objects": "class P:\n    def __init__(self, v): self.v = v\n    def __rmul__(self, other): return self.v * other\np = P(2.0)\ndef f(x):\n    return (3 * p) * np.sum(x**2)",
    "named tuples": "from collections import namedtuple\nP = namedtuple('P', 'k g')\np = P(2.0, lambda v: v)\ndef f(x):\n    return p.k * np.sum(p.g(x) ** 2)",
    "super().__init__ of object": "class P:\n    def __init__(self):\n        super().__init__()\n        self.k = 2.0\ndef f(x):\n    return P().k * np.sum(x**2)",
    "types of arrays": "A = np.ones(4)\ndef f(x):\n    c = np.zeros(4, A.dtype)\n    c[0] = 1.0\n    return np.sum(c * x**2)",
}


@pytest.mark.parametrize("name", PROVED)
def test_what_does_no_harm_is_still_proved(name):
    space = {"__name__": "attacked"}
    exec("import numpy as np\n" + PROVED[name], space)
    assert gw.explain(space["f"], OFTEN[0]).reuse.startswith("proved pure")


# --- what shortcuts read ---------------------------------------------------------------------------------------------------------

LOGGED = "def two(self):\n    LOG.append(1)\n    return 2.0\n"
READ = {
    "a property comes and another name goes": (
        "class P:\n    unused = 1\n    def __init__(self): self.k = 2.0\np = P()\ndef f(x):\n    return p.k * x[0] ** 2 + p.k * np.sum(x)",
        ["P.k = property(two); del P.unused"],
    ),
    "a base with a property": (
        (
            "class A: ...\nclass B: k = property(two)\nclass P(A):\n    def __init__(self): self.__dict__['k'] = 2.0\np = P()\n"
            "def f(x):\n    return p.k * x[0] ** 2 + p.k * np.sum(x)"
        ),
        ["P.__bases__ = (B,)"],
    ),
    "a class gets another class": (
        (
            "class Meta(abc.ABCMeta):\n    def __call__(cls, *values):\n        LOG.append(1)\n        return super().__call__(*values)\nclass P(abc.ABC):\n    def __init__(self, k): self.k = k\n"
            "def f(x):\n    return P(2.0).k * np.sum(x**2)"
        ),
        ["P.__class__ = Meta"],
    ),
    "data that are nested too deeply to be compared": (
        "t = (1.0,)\nfor _ in range(3000):\n    t = (1.0, t)\ndef f(x):\n    return t[0] * np.sum(x**2)",
        ["t = (2.0, t[1])"],
    ),
    "a property in the place of what is not differentiated": (
        "@dataclass\nclass P:\n    w: float\nP.c = 2.0\np = P(3.0)\nothers = lambda: (p,)\ndef f(x, p):\n    return p.c * p.w * np.sum(x**2)",
        ["P.c = property(two)"],
    ),
}


@pytest.mark.parametrize("name", READ)
def test_what_a_shortcut_looks_at_again(name):
    source, changes = READ[name]
    agree(LOGGED + source, changes, OFTEN, f"<{name}>")


def test_a_field_that_is_differentiated_becomes_a_property():
    def gradient(f, **how):
        inner = gw.grad(f, argnums=1, **how)
        return lambda x, p: vars(inner(x, p))["w"]

    source = "@dataclass\nclass P:\n    w: float\n    b: float\np = P(3.0, 0.5)\nothers = lambda: (p,)\ndef f(x, p):\n    return p.w**2 * p.b * np.sum(x**2)"
    agree(LOGGED + source, ["P.b = property(two, lambda self, v: None)"], OFTEN, "<field>", gradient)


# --- functions of libraries ------------------------------------------------------------------------------------------------------

DATA = """
import scipy.linalg, scipy.special as s
A, c, k = np.array([0.3, 1.7, 0.2, 0.9]), 0.5, 2.5
M = np.cos(np.arange(16.0) ** 2).reshape(4, 4)
B = np.ones(4)
"""
STEPS = {
    "combinations": ("np.sum(s.comb(A, c))", ["A = np.array([0.4, -0.1, 2.0, 0.4])", "c = -0.3", "c = 3.0"]),
    "factorials": ("np.sum(s.factorial(A * c))", ["c = -1.2", "A[1] = -0.5"]),
    "pivots": (
        "np.sum(scipy.linalg.lu_factor(M + np.outer(A, x))[0][0])",
        ["M[2, 0] = 30.0", "M = M[::-1].copy()", "A[0] = -9.0"],
    ),
    "percentiles out of range": ("np.percentile(A, c)", ["c = -1.0", "c = 101.0", "c = 99.0"]),
    "quantiles out of range": ("np.quantile(x, c)", ["c = -1.0", "c = 1.5", "c = 0.25"]),
    "logarithms out of range": ("s.multigammaln(k, 3)", ["k = 0.9", "k = 2.9"]),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps_that_a_function_of_a_library_chooses(name):
    expression, changes = STEPS[name]
    agree(f"{DATA}def f(x):\n    return {expression} * np.sum(x**2)", changes, OFTEN, f"<{name}>")


def test_what_stands_in_the_place_of_numpys_functions_is_not_numpys(monkeypatch):
    count = []

    def relu(v):
        count.append(v)
        return max(v, 0.0)

    def f(x):
        return np.relu(np.array([1.0, -2.0])).sum() * np.sum(x**2)

    monkeypatch.setattr(np, "relu", np.frompyfunc(relu, 1, 1), raising=False)
    monkeypatch.setattr(callables, "_table", {})
    monkeypatch.setattr(callables, "_scipy_seen", set())
    assert not inspect_function(f, [OFTEN[0]], {}).is_pure
    assert callables.callee_of(np.exp) is not None
    assert callables.callee_of(np.median) is not None


def test_a_package_whose_name_begins_like_numpys_is_the_users():
    source = "c = -2.0\ndef f(x):\n    try:\n        k = math.log(c)\n    except ValueError:\n        k = 3.0\n    return k * np.sum(x**2)\n"
    agree(source, ["c = 2.0", "c = -1.0"], OFTEN, f"{Path(np.__file__).parent}ro/f.py")


# --- functions that are promised to be pure ----------------------------------------------------------------------------------------

HOLDERS = {
    "a named tuple": ("from collections import namedtuple\nH = namedtuple('H', 'k')\nh = H(2.0)", "h.k", "h = H(3.0)"),
    "a list of the user's class": ("class H(list): ...\nh = H([2.0])", "h[0]", "h[0] = 3.0"),
    "a dict with attributes": ("class H(dict): ...\nh = H()\nh.k = 2.0", "h.k", "h.k = 3.0"),
    "a number of the user's class": ("class H(float): ...\nh = H(2.0)", "h * 1.0", "h = H(3.0)"),
    "a slot with two underscores": (
        "class H:\n    __slots__ = ('__k',)\n    def __init__(self, k): self.__k = k\n    def k(self): return self.__k\nh = H(2.0)",
        "h.k()",
        "h.__init__(3.0)",
    ),
    "a partial function": (
        "from functools import partial\ndef times(v, k): return v[0] * k\nv = np.array([2.0])\nh = partial(times, v)",
        "h(1.0)",
        "v[0] = 3.0",
    ),
    "an array of objects": ("h = np.array([2.0, None])", "h[0]", "h[0] = 3.0"),
    "a matrix": ("h = np.matrix([[2.0]])", "h.item()", "h[0, 0] = 3.0"),
    "records": ("h = np.zeros(1, 'f8,f8')\nh['f0'] = 2.0", "h['f0'][0]", "h['f0'] = 3.0"),
    "a module in a module": (
        "import types\nh, m = types.ModuleType('outer'), types.ModuleType('inner')\nh.m, m.k = m, 2.0\ndel m",
        "h.m.k",
        "h.m.k = 3.0",
    ),
    "an attribute of a function": ("def h(): ...\nh.k = 2.0", "h.k", "h.k = 3.0"),
    "a method of a dictionary": ("d = {'k': 2.0}\nh = d.get", "h('k')", "d['k'] = 3.0"),
    "a view of a dictionary": ("import types\nd = {'k': 2.0}\nh = types.MappingProxyType(d)", "h['k']", "d['k'] = 3.0"),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("name", HOLDERS)
def test_what_a_promised_function_reads_enters_its_key(name):
    made, read, change = HOLDERS[name]
    space = {"__name__": "attacked"}
    exec(
        f"import numpy as np\n{made}\ndef each():\n    yield from [1.0]\ndef f(x):\n    return sum(each()) * {read} * np.sum(x**2)\n",
        space,
    )
    gradient = gw.grad(gw.compile(space["f"]), check=False)
    for _ in range(6):
        np.testing.assert_allclose(gradient(OFTEN[0]), 4.0 * OFTEN[0])
    exec(change, space)
    for _ in range(5):
        np.testing.assert_allclose(gradient(OFTEN[0]), 6.0 * OFTEN[0])
