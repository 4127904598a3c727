"""Functions: closures, decorators, memos, arguments of all kinds, recursion, several lambdas on a line, code made of text."""

from __future__ import annotations

import contextlib
import functools
import inspect
import math
import operator
from collections.abc import Callable

import numpy as np
import pytest
from ordinary import Cases, agrees

import gradwise as gw

cases = Cases()


def power(x, n=2, *, scale=1.0, **rest):
    return scale * x**n + sum(rest.values())


@cases.at([0.3, 0.7])
def arguments_of_all_kinds(x):
    def many(first, /, *others, key=x[1], **named):
        return first * sum(others) + key + named.get("w", 0.0) * len(named)

    args = (x[0], 2.0)
    options = {"key": x[0] ** 2, "w": x[1]}
    return many(*args, x[1], **options) + many(x[0]) + power(x[0]) + power(x[1], 3, scale=x[0], extra=x[1])


STORE = []


def with_mutable_default(v, seen=[]):
    seen.append(v)
    total = sum(seen)
    seen.clear()
    seen.append(v * 0 + 1)
    del seen[:]
    return total


@cases.at([0.3, 0.7])
def mutable_default_arguments(x):
    return with_mutable_default(x[0]) * with_mutable_default(x[1])


def remember(v, cache={}):
    cache["v"] = v
    return cache["v"] ** 2


@cases.at([0.3, 0.7])
def a_default_dictionary_that_keeps_a_value(x):
    return remember(x[0]) * remember(x[1] * x[0])


@cases.at([0.3, 0.7])
def closures_that_count(x):
    def counter():
        n = 0
        total = 0.0

        def add(v):
            nonlocal n, total
            n += 1
            total += v / n
            return total

        return add

    a, b = counter(), counter()
    for v in x:
        a(v)
        b(v**2)
    return a(1.0) * b(x[0])


def made_closure():
    state = {"sum": 0.0}
    last = 0.0

    def f(x):
        nonlocal last
        last = x[0] * x[1]
        state["sum"] = state["sum"] * 0 + last
        return state["sum"] + math.exp(last)

    return f


@cases.made_at([0.3, 0.7])
def a_closure_with_a_state():
    return made_closure()


def timed(function):
    calls = []

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        calls.append(len(args))
        return function(*args, **kwargs)

    wrapper.calls = calls
    return wrapper


def scaled(factor):
    def decorate(function):
        def inner(x):
            return factor * function(x)

        return inner

    return decorate


class Registered:
    table: dict[str, Callable] = {}

    def __init__(self, function):
        self.function = function
        self.table[function.__name__] = function

    def __call__(self, *args):
        return self.function(*args) + 1.0


@timed
@scaled(3.0)
def decorated(x):
    return x**2


@Registered
def registered(a, b):
    return a * b


@cases.made_at([0.3, 0.7])
def decorators():
    decorated.calls.clear()

    def f(x):
        return decorated(x[0]) * registered(x[0], x[1]) + Registered.table["registered"](x[1], x[1])

    return f


def memoised(function):
    memory = {}

    @functools.wraps(function)
    def wrapper(n, x):
        if (n, x) not in memory:
            memory[n, x] = function(n, x)
        return memory[n, x]

    wrapper.memory = memory
    return wrapper


@cases.made_at([0.9])
def a_hand_made_memo():
    @memoised
    def chebyshev(n, x):
        return [1.0, x][n] if n < 2 else 2 * x * chebyshev(n - 1, x) - chebyshev(n - 2, x)

    def f(x):
        chebyshev.memory.clear()
        y = chebyshev(6, float(x[0]))
        chebyshev.memory.clear()
        return y

    return f


@functools.lru_cache(maxsize=None)
def binomial(n, k):
    return 1 if k in (0, n) else binomial(n - 1, k - 1) + binomial(n - 1, k)


@functools.cache
def legendre(n, x):
    if n == 0:
        return 1.0
    if n == 1:
        return x
    return ((2 * n - 1) * x * legendre(n - 1, x) - (n - 1) * legendre(n - 2, x)) / n


@cases.at([0.4, 0.7])
def lru_caches(x):
    b = sum(binomial(5, k) * x[0] ** k * (1 - x[0]) ** (5 - k) * k for k in range(6))
    return b + legendre(5, float(x[1]))


class Chain:
    def __init__(self, a):
        self.a = a

    @functools.lru_cache  # noqa: B019
    def term(self, n):
        return self.a if n == 0 else self.term(n - 1) * self.a + n


@cases.at([0.4, 0.7])
def a_cached_method(x):
    c = Chain(x[0])
    return c.term(4) * x[1] + c.term(2)


@cases.at([0.4, 0.7])
def recursion_both_ways(x):
    def even(n, v):
        return v if n == 0 else odd(n - 1, v * x[1])

    def odd(n, v):
        return v**2 if n == 0 else even(n - 1, v + x[0])

    fact = lambda n: 1 if n == 0 else n * fact(n - 1)
    return even(5, x[0]) + odd(4, x[1]) / fact(4)


def simpson(f, a, b, tol=1e-9, depth=6):
    m = (a + b) / 2
    h = b - a
    one = h / 6 * (f(a) + 4 * f(m) + f(b))
    two = h / 12 * (f(a) + 4 * f((a + m) / 2) + 2 * f(m) + 4 * f((m + b) / 2) + f(b))
    if depth == 0 or abs(two - one) < tol:
        return two
    return simpson(f, a, m, tol, depth - 1) + simpson(f, m, b, tol, depth - 1)


@cases.at([0.4, 1.7], rtol=1e-6)
def adaptive_quadrature(x):
    return simpson(lambda t: math.exp(-x[0] * t) * math.sin(x[1] * t), 0.0, x[1], depth=4, tol=1e-30)


# fmt: off
@cases.at([0.4, 1.7])
def lambdas_on_one_line(x):
    f, g, h = lambda v: v**2 * x[0], lambda v: math.sin(v) + x[1], lambda v: f(g(v))
    return f(x[1]) + g(x[0]) * h(1.0) + (lambda a, b=x[1]: a * b)(x[0]) + (lambda *a: sum(a))(*x)
# fmt: on


TABLE = {"exp": lambda v: math.exp(v), "inv": lambda v: 1 / v, "sq": lambda v, k=2: float(v) ** k}


@cases.at([0.4, 1.7])
def a_table_of_lambdas(x):
    return sum(f(x[i % 2]) for i, f in enumerate(TABLE.values())) + TABLE["sq"](x[0], k=3)


@cases.at([0.4, 1.7])
def partial_and_operator(x):
    add3 = functools.partial(lambda a, b, c: a + b * c, x[0], c=x[1])
    get = operator.itemgetter(1, 0)
    b, a = get(x)
    attr = operator.attrgetter("T")(x)
    total = operator.methodcaller("sum")(attr)
    return (
        add3(2.0) * operator.mul(a, b)
        + functools.reduce(operator.add, map(operator.neg, x))
        + total
        + operator.pow(a, 3)
    )


@cases.at([0.4, 1.7])
def composed_functions(x):
    def compose(*functions):
        return functools.reduce(lambda f, g: lambda v: f(g(v)), functions)

    pipeline = compose(math.exp, math.sin, functools.partial(operator.mul, x[0]), float)
    return pipeline(x[1]) + compose(np.sum, np.exp)(x)


class Methods:
    def __init__(self, k):
        self.k = k
        self.table = {"a": self.first, "b": self.second}
        self.list = [self.first, Methods.second.__get__(self), self.third]
        self.hook = lambda v: v * self.k

    def first(self, v):
        return self.k * v

    def second(self, v):
        return v ** float(self.k)

    @staticmethod
    def third(v):
        return math.cos(v)


@cases.at([0.4, 1.7])
def bound_methods_in_containers(x):
    m = Methods(x[1])
    m.k = m.k * 2
    g = m.first
    m.k += x[0]
    return sum(f(x[0]) for f in m.list) + m.table["b"](x[0]) + m.hook(x[0]) + g(x[1]) + Methods.first(m, 2.0)


@contextlib.contextmanager
def damping(state, value):
    old = state["damping"]
    state["damping"] = value
    try:
        yield value**2
    finally:
        state["damping"] = old


SETTINGS = {"damping": 0.5}


@cases.at([0.4, 1.7])
def context_managers_over_a_global(x):
    with damping(SETTINGS, x[0]) as squared, damping(SETTINGS, x[1]):
        inside = SETTINGS["damping"] * squared
    return inside + SETTINGS["damping"] * x[0]


class Scope:
    current = []

    def __init__(self, v):
        self.v = v

    def __enter__(self):
        self.current.append(self.v)
        return self

    def __exit__(self, kind, error, trace):
        self.current.pop()
        return kind is ZeroDivisionError


@cases.at([0.4, 1.7])
def context_managers_as_classes(x):
    total = 0.0
    with Scope(x[0]) as outer:
        with Scope(x[1] ** 2):
            total += math.prod(Scope.current)
            1 / 0
        total += Scope.current[-1] * outer.v
    with contextlib.suppress(KeyError), contextlib.ExitStack() as stack:
        stack.enter_context(Scope(x[0]))
        total += Scope.current[0] ** 3
        {}["missing"]
    return total


@cases.at([0.4, 1.7])
def generator_functions(x):
    def grid(a, b, n):
        for i in range(n):
            weight = yield a + (b - a) * i / n
            if weight:
                yield weight * a

    def nested():
        yield from grid(x[0], x[1], 3)
        return x[0] * 5

    def collect(out):
        out.append((yield from nested()))

    out = []
    total = sum(v**2 for v in collect(out))
    g = grid(x[0], x[1], 4)
    next(g)
    sent = g.send(x[1])
    g.close()
    return total + out[0] * sent


@cases.at([0.4, 1.7])
def generator_expressions_and_comprehensions(x):
    squares = [v * v for v in x for _ in range(2) if v > 0.1]
    pairs = {i: v**i for i, v in enumerate(x)}
    matrix = [[a * b for a in x] for b in x]
    s = {round(float(i)) for i in range(3)}
    return sum(squares) + sum(pairs.values()) + sum(map(sum, matrix)) * len(s) + max(v * w for v, w in zip(x, x[::-1]))


@cases.at([0.4, 1.7])
def singledispatch(x):
    @functools.singledispatch
    def size(v):
        return v * 2.0

    @size.register(list)
    def _(v):
        return sum(map(size, v))

    @size.register(dict)
    def _(v):
        return sum(size(w) for w in v.values())

    return size([x[0], {"a": x[1], "b": [x[0], 1.0]}])


@cases.at([0.4, 1.7])
def signatures_are_bound(x):
    def model(rate, scale, offset=1.0):
        return rate**2 * scale + offset

    values = dict(zip(inspect.signature(model).parameters, [x[0], x[1]]))
    return model(**values) + model(*inspect.signature(model).bind(x[1], x[0]).args)


@cases.at([0.4, 1.7])
def text_evaluated(x):
    a, b = x
    formula = "a**2 * exp(b) + sin(a*b)"
    code = compile("a * b - t", "<formula>", "eval")
    space = {"exp": math.exp, "sin": np.sin, "a": a, "b": b}
    exec("def g(v):\n    w = float(v)\n    return w ** 3\n", space)
    exec("t = g(a) + b", space)
    return (
        eval(formula, space)
        + eval(code, {}, space)
        + eval("lambda q: q * a", {"a": a})(b)
        + eval("[v**2 for v in p]", {"p": x})[0]
    )


SOURCE = """
import math

def rate(k, t, seen):
    r = k * math.exp(-t)
    seen.append(float(r))
    return r

def total(x):
    seen = []
    out = sum(rate(float(x[0]), i * x[1], seen) for i in range(3))
    return out + seen[-1] ** 2

class Kinetics:
    def __init__(self, k):
        self.k = k

    def rate(self, t):
        return self.k * math.exp(-t)

def by_objects(x):
    return Kinetics(x[0]).rate(x[1])
"""


@cases.made_at([0.4, 1.7])
def functions_without_source():
    space = {"__name__": "made_of_text"}
    exec(SOURCE, space)
    return space["total"]


def test_methods_without_source_are_right_or_refused():
    space = {"__name__": "made_of_text"}
    exec(SOURCE, space)
    x = np.array([0.4, 1.7])
    try:
        g = gw.grad(space["by_objects"], method="exact", check=False)(x)
    except gw.TracingError:
        return
    np.testing.assert_allclose(g, [math.exp(-1.7), -0.4 * math.exp(-1.7)])


@pytest.mark.parametrize("case", cases, ids=repr)
def test_functions(case):
    agrees(case)
