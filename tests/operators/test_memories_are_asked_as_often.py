"""Functions under ``lru_cache``: after each derivative they know, have counted, and have done in their bodies what they have after as many plain calls."""

import functools
import random

import numpy as np
import pytest

import gradwise as gw
from tests.operators.central_differences import differences

POINTS = [np.array(p) for p in ([0.7, 1.3], [0.7, 1.3], [0.9, 1.1], [0.4, 1.7], [0.9, 1.1], [1.2, 0.6])]

NUMBER = """
@functools.lru_cache(maxsize={size})
def k(a):
    {body}
    return a * 1.5
"""
TABLE = """
@functools.lru_cache
def k(a):
    {body}
    return np.arange(2.0) + a
"""
ASKING = {
    "a number twice": NUMBER.format(size=128, body="pass") + "def f(x): return (x**2).sum() * k(2) * k(3) * k(2)",
    "its count": NUMBER.format(size=None, body="pass")
    + "def f(x): return (x**2).sum() * k(2) + k.cache_info().hits * x[0]",
    "its misses": NUMBER.format(size=None, body="pass")
    + "def f(x):\n    calls[0] += 1\n    return (x**2).sum() * k(calls[0]) + k.cache_info().misses * x[0]",
    "the point": NUMBER.format(size=64, body="pass") + "def f(x): return k(float(x[0])) + k(2.0) * x[1]",
    "the point with a count": NUMBER.format(size=64, body="n[0] += 1") + "def f(x): return k(float(x[0])) * x[1]",
    "a table": TABLE.format(body="pass") + "def f(x): return (x**2 * k(2)).sum()",
    "a table that counts": TABLE.format(body="n[0] += 1; log.append(a)")
    + "def f(x):\n    log.append('f')\n    return (x**2 * k(2)).sum() + len(log) * x[0] + n[0] * x[1]",
    "a table that is written to": TABLE.format(body="n[0] += 1")
    + "def f(x):\n    k(1)[0] += 1.0\n    return (x**2 * k(1)).sum() + n[0] * x[1]",
    "a body that counts": NUMBER.format(size=128, body="n[0] += 1")
    + "def f(x): return (x**2).sum() * k(3) + n[0] * x[0]",
    "a body that logs": NUMBER.format(size=128, body="log.append(a)")
    + "def f(x):\n    log.append('f')\n    return (x**2).sum() * k(1) * k(2) + len(log) * x[0]",
    "a body that prints": NUMBER.format(size=128, body="print('made', a)") + "def f(x): return (x**2).sum() * k(3)",
    "a body that asks another": NUMBER.format(size=128, body="log.append(a)")
    + "@functools.lru_cache\ndef g(a): return k(a) * k(a + 1)\ndef f(x):\n    calls[0] += 1\n    return (x**2).sum() * g(calls[0] % 3)",
    "a body that draws": NUMBER.format(size=128, body="n[0] = rng.random()")
    + "def f(x):\n    calls[0] += 1\n    return (x**2).sum() * k(calls[0] // 2) * (1 + n[0])",
    "one that is emptied": NUMBER.format(size=128, body="n[0] += 1")
    + "def f(x):\n    calls[0] += 1\n    if calls[0] % 3 == 0:\n        k.cache_clear()\n    return (x**2).sum() * k(2) * k(3) * k(2) + n[0] * x[0]",
    "a key of the user's": "class Key:\n    asked = 0\n    def __hash__(self):\n        n[0] += 1\n        return 1\nkey = Key()\n"
    "@functools.lru_cache\ndef k(a): return 2.0\ndef f(x): return (x**2).sum() * k(key) + n[0] * x[0]",
    "a method": "class M:\n    @functools.lru_cache\n    def t(self, i):\n        n[0] += 1\n        return i + 0.5\nm = M()\nk = M.t\n"
    "def f(x): return m.t(1) * x[0] ** 2 + m.t(2) * x[1] + n[0] * x[0]",
    "what runs numerically": NUMBER.format(size=128, body="n[0] += 1")
    + "def f(x): return float(np.frombuffer(x.tobytes())[0]) ** 2 * k(1) + x[1] * n[0]",
}


def made(text):
    """The names of a program, which has a state of its own."""
    names = {
        "__name__": "asking",
        "functools": functools,
        "np": np,
        "n": [0],
        "calls": [0],
        "log": [],
        "rng": np.random.default_rng(5),
    }
    exec(text, names)
    return names


def state(names):
    memories = [v for v in (names.get("k"), names.get("g"), names.get("k0"), names.get("k1")) if v is not None]
    rng = names["rng"].bit_generator.state["state"]["state"]
    kept = [names[one] for one in ("n", "calls", "log")]
    return repr(([tuple(one.cache_info()) for one in memories], kept, names.get("g0"), names.get("g1"), rng))


def asked_as_often(text, operator):
    plain, traced = made(text), made(text)
    for done, p in enumerate(POINTS):

        def again(x, done=done):
            other = made(text)
            for q in POINTS[:done]:
                other["f"](q.copy())
            return float(other["f"](x))

        value = plain["f"](p.copy())
        found = operator(traced["f"])(p.copy())
        assert state(traced) == state(plain)
        if isinstance(found, tuple):
            assert found[0] == pytest.approx(value, rel=1e-12)
            np.testing.assert_allclose(found[1], differences(again, p), rtol=1e-5, atol=1e-6)
        elif np.ndim(found) == 0:
            assert found == pytest.approx(value, rel=1e-12)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("name", ASKING)
@pytest.mark.parametrize("operator", [gw.value_and_grad, gw.hessian, gw.compile])
def test_memories_are_asked_as_often_as_in_plain_calls(name, operator):
    asked_as_often(ASKING[name], operator)


@pytest.mark.parametrize("name", ["a number twice", "a body that counts", "a table that counts"])
def test_they_are_where_the_function_is_promised_to_be_pure(name):
    asked_as_often(ASKING[name], lambda f: gw.value_and_grad(f, pure=True))


@functools.lru_cache
def kept_table(n):
    return np.linspace(0.1, 0.5, n)


def of_a_table(x):
    return x @ x * kept_table(4).sum()


def test_programs_ask_them_too():
    """The function is proved, and runs beside its program."""
    kept_table.cache_clear()
    gradient = gw.grad(of_a_table)
    for k in range(1, 9):
        np.testing.assert_allclose(gradient(POINTS[0] * k), 2 * 1.2 * POINTS[0] * k, rtol=1e-14)
        assert kept_table.cache_info()[:2] == (k - 1, 1)
    assert "the function runs beside it" in str(gw.explain(of_a_table, POINTS[0]))


def program(seed):
    """A function that asks one or two memories, whose bodies count, log or assign, beside counters of its own."""
    draw = random.Random(seed)
    lines, kinds = [], []
    for k in range(draw.randint(1, 2)):
        body = draw.choice(["pass", f"n[0] += {k + 1}", f"log.append((a, {k}))", f"global g{k}; g{k} += 1"])
        kinds.append(draw.choice(["number", "number", "table"]))
        inner = " + k0(a % 2)" if k and draw.random() < 0.4 and kinds[0] == "number" else ""
        value = f"0.5 * a + {k + 1}.0{inner}" if kinds[k] == "number" else "np.arange(2.0) + a"
        size = draw.choice(["", "(maxsize=None)", "(maxsize=64)"])
        lines += [f"g{k} = 0", f"@functools.lru_cache{size}", f"def k{k}(a):", f"    {body}", f"    return {value}"]
    terms = ["(x**2).sum()", f"k0.cache_info().{draw.choice(['hits', 'misses'])} * x[0]"]
    inside = [draw.choice(["calls[0] += 1", "log.append('f'); calls[0] += 1"])]
    for _ in range(draw.randint(1, 4)):
        k, key = draw.randrange(len(kinds)), draw.choice(["1", "2", "calls[0] % 2", "calls[0] // 2", "calls[0]"])
        asked = f"k{k}({key})" + (".sum()" if kinds[k] == "table" else "")
        if kinds[k] == "table" and draw.random() < 0.3:
            inside.append(f"k{k}({key})[0] += 1.0")
        terms.append(draw.choice([f"{asked} * x[0]", f"{asked} * x[1] ** 2", asked]))
    terms += draw.sample(["n[0] * x[0]", "len(log) * x[1]", "g0 * x[0]", "calls[0] * x[0]"], draw.randint(0, 2))
    return "\n".join([*lines, "def f(x):", *[f"    {line}" for line in inside], f"    return {' + '.join(terms)}"])


@pytest.mark.parametrize("seed", range(60))
def test_random_combinations(seed):
    asked_as_often(program(seed), gw.value_and_grad)
