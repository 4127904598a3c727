"""What functions under ``lru_cache`` keep and others write to: a state, like one in a dictionary.  Truth: the plain function called at the same points from a fresh state, and central differences from there."""

import numpy as np
import pytest

import gradwise as gw

BEGIN = "import functools\n"
POINTS = np.random.default_rng(5).normal(size=(5, 3)).round(2)

TABLE = """
@functools.lru_cache
def table(): return np.zeros(3)
"""
PROGRAMS = {
    "entries of an array": TABLE
    + """
def f(x):
    a = table()
    for i in range(3): a[i] += x[i]
    return a @ a
""",
    "a list": """
@functools.cache
def table(): return [1.0, 2.0, 3.0]
def f(x):
    a = table()
    for i in range(3): a[i] = a[i] + x[i]
    return sum(v * v for v in a)
""",
    "a list that grows": """
@functools.cache
def table(): return [1.0]
def f(x):
    table().append(x[0] * x[1])
    return sum(v * v for v in table())
""",
    "arrays in a tuple": """
@functools.lru_cache(maxsize=4)
def table(n): return np.zeros(n), np.ones(n)
def f(x):
    a, b = table(3)
    a += x
    b *= x
    return a @ b
""",
    "a dictionary": """
@functools.lru_cache
def table(): return {"w": np.zeros(3), "n": 0}
def f(x):
    a = table()
    a["w"] += x
    a["n"] += 1
    return (a["w"] ** 2).sum() * a["n"]
""",
    "a part": TABLE
    + """
def f(x):
    h = table()[:2]
    h += x[:2]
    return (table() ** 2).sum() * x[2]
""",
    "a helper": TABLE
    + """
def bump(a, x): np.add(a, x, out=a)
def f(x):
    bump(table(), x)
    return (table() ** 2).sum()
""",
    "a method": """
class M:
    @functools.lru_cache
    def table(self, *, scale): return np.full(3, scale)
    def __call__(self, x):
        a = self.table(scale=2.0)
        a += x
        return (a * a).sum()
f = M()
""",
    "an object": """
class S:
    def __init__(self): self.w, self.n = np.zeros(3), 0.0
@functools.lru_cache
def table(): return S()
def f(x):
    a = table()
    a.w += x
    a.n = a.n + x[0]
    return (a.w ** 2).sum() * a.n
""",
    "constants only": TABLE
    + """
def f(x):
    a = table()
    a[1] += 1.0
    return (a * x).sum()
""",
    "after something was stored": TABLE
    + """
class P:
    def __init__(self, v): self.v = v
def f(x):
    f.last = P(2 * x)
    a = table()
    a += f.last.v
    return (a * a).sum()
""",
    "random features": """
rng = np.random.default_rng(3)
@functools.lru_cache
def features(n): return rng.normal(size=(n, 3)), rng.uniform(size=n)
def f(x):
    W, b = features(4)
    return np.cos(W @ x + b).sum()
""",
    "an iterator": """
import itertools
@functools.cache
def numbers(): return itertools.count(1)
def f(x): return x[0] ** 2 * next(numbers()) + x[1] * x[2]
""",
    "a generator in a tuple": """
@functools.cache
def numbers():
    def forever():
        k = 0.0
        while True:
            k += 1.0
            yield k
    return forever(), 2.0
def f(x):
    steps, scale = numbers()
    return x[0] ** 2 * next(steps) * scale + x[1] * x[2]
""",
    "how often it was asked": """
n = [0]
@functools.lru_cache
def table(k):
    n[0] += 1
    return 2.0 * k
def f(x): return (table(3) * x).sum() * n[0]
""",
}


def fresh(source):
    names = {"np": np, "__name__": "kept_results"}
    exec(compile(BEGIN + source, "kept results", "exec"), names)
    return names


def called(source, points):
    f = fresh(source)["f"]
    return [float(f(np.array(x))) for x in points]


@pytest.mark.parametrize("pure", [None, False])
@pytest.mark.parametrize("name", PROGRAMS)
def test_each_call_finds_what_the_last_one_left(name, pure):
    source = PROGRAMS[name]
    plain = called(source, POINTS)
    f = fresh(source)["f"]
    g = gw.value_and_grad(f, pure=pure, method="exact")
    for k, x in enumerate(POINTS):
        value, slope = g(x.copy())
        np.testing.assert_allclose(value, plain[k], rtol=1e-13)
        steps = 1e-5 * np.eye(3)
        beside = [[called(source, [*POINTS[:k], x + s * h])[-1] for s in (1, -1)] for h in steps]
        np.testing.assert_allclose(slope, [(a - b) / 2e-5 for a, b in beside], rtol=1e-6, atol=1e-7)


LEAVES = {
    "a counter": ("n = [0]", "n[0] += 1", "n"),
    "a global counter": ("n = 0", "global n; n += 1", "n"),
    "a list": ("n = []", "n.append(k)", "n"),
}


@pytest.mark.parametrize("size", [1, None])
@pytest.mark.parametrize("name", LEAVES)
def test_a_body_runs_as_often_as_plainly(name, size):
    begin, does, left = LEAVES[name]
    source = f"""{begin}
@functools.lru_cache(maxsize={size})
def table(k):
    {does}
    return 2.0 * k
def f(x): return table(3) * x[0] ** 2 + table(4) * x[1] ** 2 + table(4) * x[2]
"""
    ours, plain = fresh(source), fresh(source)
    g = gw.grad(ours["f"])
    for x in POINTS:
        plain["f"](x)
        np.testing.assert_allclose(g(x), [12 * x[0], 16 * x[1], 8.0], rtol=1e-13)
    assert ours[left] == plain[left]


def test_a_memory_made_in_the_call_ends_with_it():
    def f(x):
        import functools

        @functools.lru_cache
        def table(n):
            return np.zeros(n)

        a = table(3)
        a += x
        return (table(3) * table(3)).sum()

    g = gw.grad(f, method="exact")
    for x in POINTS:
        np.testing.assert_allclose(g(x), 2 * x, rtol=1e-14)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
def test_calls_that_only_look_do_not_count():
    source = """
n = [0]
@functools.lru_cache(maxsize=1)
def g(v):
    n[0] += 1
    return v[0] ** 2 + v[1]
def f(x): return (g(tuple(x[:2])) + g((x[0], x[1]))) * x[2] + n[0]
"""
    plain = called(source, POINTS)
    f = fresh(source)["f"]
    g = gw.value_and_grad(f)
    for x, expected in zip(POINTS, plain, strict=True):
        value, slope = g(x)
        assert value == pytest.approx(expected, rel=1e-14)
        a, b, c = x
        np.testing.assert_allclose(slope, [4 * a * c, 2 * c, 2 * (a**2 + b)], rtol=1e-6)


# --- functions that only read what a memory keeps, and others change it ------------------------------------------------------------

READ = {
    "an array": (TABLE + "def f(x): return (x * (1 + table())) @ x", "table()[1] += 0.5"),
    "an array under a key": (
        "@functools.lru_cache(maxsize=8)\ndef table(n): return np.ones(n)\ndef f(x): return (x * table(3)) @ x + table(2)[1] * x[0]",
        "table(3)[1] += 0.5; table(2)[1] += 0.25",
    ),
    "a list": (
        "@functools.cache\ndef table(): return [1.0, 2.0]\ndef f(x): return table()[0] * x[0] + table()[1] * x[1] ** 2",
        "table()[1] += 0.5",
    ),
    "an array in a tuple": (
        "@functools.cache\ndef table(): return np.ones(3), 2.0\ndef f(x): return table()[0] @ x * table()[1] * x[0]",
        "table()[0][1] += 0.5",
    ),
    "a part of what another memory keeps": (
        TABLE + "@functools.cache\ndef tail(): return table()[1:]\ndef f(x): return tail() @ x[1:] ** 2",
        "table()[1] += 0.5",
    ),
    "what is made of an array beside it": (
        "base = np.ones(3)\n@functools.cache\ndef table(): return 2 * base\ndef f(x): return table() @ x ** 2",
        "table()[1] += 0.5",
    ),
    "what is emptied": (
        TABLE + "def f(x): return (x * (1 + table())) @ x",
        "table()[1] += 0.5; table.cache_clear() if table()[1] > 0.6 else None",
    ),
    "a memory of one": (
        "@functools.lru_cache(maxsize=1)\ndef table(n): return np.ones(n)\ndef f(x): return (x * table(3)) @ x + table(2)[1] * x[0]",
        "table(3)[1] += 0.5",
    ),
    "under a number beside it": (
        "scale = 2.0\n@functools.cache\ndef table(s): return np.full(3, s)\ndef f(x): return table(scale) @ x ** 2",
        "table(scale)[1] += 0.5",
    ),
    "under an object": (
        "class K: scale = 2.0\nk = K()\n@functools.cache\ndef table(k): return np.full(3, k.scale)\ndef f(x): return table(k) @ x ** 2",
        "table(k)[1] += 0.5",
    ),
}


@pytest.mark.parametrize("derivative", ["grad", "value_and_grad", "jacobian", "promised"])
@pytest.mark.parametrize("first", [1, 6])
@pytest.mark.parametrize("name", READ)
def test_what_others_change_is_seen(name, first, derivative):
    source, change = READ[name]
    ours, theirs = fresh(source), fresh(source)
    f = gw.compile(ours["f"]) if derivative == "promised" else ours["f"]
    g = getattr(gw, "grad" if derivative == "promised" else derivative)(f)
    for k, x in enumerate([*POINTS, *POINTS]):
        slope = g(x.copy())
        if derivative == "value_and_grad":
            value, slope = slope
            np.testing.assert_allclose(value, theirs["f"](x), rtol=1e-13)
        steps = 1e-5 * np.eye(3)
        beside = []
        for h in steps:
            pair = []
            for s in (1, -1):
                again = fresh(source)
                for _ in range(max(0, k - first + 1)):
                    again["f"](x)
                    exec(change, again)
                pair.append(float(again["f"](x + s * h)))
            beside.append((pair[0] - pair[1]) / 2e-5)
        np.testing.assert_allclose(slope, beside, rtol=1e-6, atol=1e-7)
        if k + 1 >= first:
            exec(change, ours)
            exec(change, theirs)


def test_a_function_that_reads_what_a_memory_keeps_is_served():
    """A memory of tables, and one of results by point, which nobody changes: the program stands for the function at other points."""
    names = fresh(
        TABLE
        + """
runs = []
@functools.lru_cache(maxsize=64)
def terms(point): return np.array([v * v for v in point])
def f(x): return terms((x[0], x[1], x[2])) @ (1 + table()) + table().sum()
"""
    )
    f = names["f"]
    g = gw.grad(f)
    for x in POINTS:
        f(x)
        np.testing.assert_allclose(g(x), 2 * x, rtol=1e-14)
    assert "the function runs beside it" in str(gw.explain(f, POINTS[0]))  # whose memories count that
    assert "given up" not in str(gw.explain(f, POINTS[0]))
