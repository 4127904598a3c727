"""What ordinary Python means, differentiated: run by the tests in this interpreter, and as a program in every other one that is at hand.

    python semantic_checks.py        prints the number of checks, or what failed; each is made with the source at hand, and without

Each check is a function of two numbers.  Its derivatives are compared with those of the complex step or of differences of the plain function, its value with the plain value,
and objects must hold what they hold after plain calls.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import sys

import numpy as np

import gradwise as gw
from gradwise.operators import first_runs
from gradwise.tracing.instrument import source
from gradwise.tracing.instrument.compiling import clear_twins, reason_for

CHECKS = []
X = [0.7, 1.3]


def check(f):
    CHECKS.append(f)
    return f


@check
def comprehensions(x):
    a = [math.exp(v) for v in x]
    b = {k: math.sin(v) for k, v in enumerate(x)}
    c = sum(float(u) * w for u in a for w in b.values() if w > -2)
    return c + len({round(float(v), 3) for v in x}) + [[u * w for u in x] for w in x][1][0]


@check
def comprehensions_around_closures(x):
    functions = [lambda y, k=k: math.exp(k * y) * x[0] for k in range(2)]
    late = [lambda y: math.sin(y) * k for k in (1.0, 2.0)]  # noqa: B023  # as users write
    return sum(f(x[1]) for f in functions) + late[0](x[0])


@check
def buffers(x):
    z = np.zeros((2, 1))
    for k in range(2):
        z[k] = math.exp(float(x[k]))
    z[0] += x[1]
    return (z.T @ z).item()


class Node:
    __slots__ = ("children", "value")

    def __init__(self, value, *children):
        self.value = value
        self.children = children

    def total(self):
        return self.value + sum(c.total() for c in self.children)

    def __mul__(self, other):
        return Node(self.value * other, *(c * other for c in self.children))


@check
def trees(x):
    return (Node(x[0], Node(x[1] ** 2), Node(math.exp(float(x[0])))) * x[1]).total()


@dataclasses.dataclass(slots=True, kw_only=True)
class Settings:
    rate: float
    scale: float = 2.0
    history: list = dataclasses.field(default_factory=list)

    def __post_init__(self):
        self.history.append(self.rate * self.scale)


@check
def dataclasses_with_slots(x):
    s = Settings(rate=math.exp(float(x[0])))
    t = dataclasses.replace(s, scale=x[1], history=[])
    return s.history[0] + t.history[0] ** 2


class Base:
    def __init__(self, x):
        self._x = x

    @property
    def x(self):
        return self._x

    @functools.cached_property
    def exponential(self):
        return math.exp(float(self._x))

    def value(self):
        return self.x * 2


class Derived(Base):
    __private = 3.0

    def __init__(self, x, y):
        super().__init__(x)
        self.y = y

    def value(self):
        return super().value() * self.y + self.__private * self.exponential


@check
def inheritance(x):
    return Derived(x[0], x[1]).value()


class Counter:
    calls = 0

    def __call__(self, x):
        self.calls += 1
        self.last = math.sin(float(x[0])) * x[1]
        return self.last


COUNTER = Counter()


@check
def objects_with_state(x):
    return COUNTER(x) + 1.0


@check
def generators(x):
    def powers(v):
        y = 1.0
        while True:
            received = yield y
            y *= v if received is None else received

    g = powers(math.exp(float(x[0])))
    return sum(p for p, _ in zip(g, range(3), strict=False)) + g.send(x[1])


@check
def matching(x):
    def kind(v):
        match v:
            case float() | np.float64() if v > 1:
                return v * 2
            case (a, b):
                return a * b
            case {"k": value}:
                return value**2
            case Base(x=value):
                return math.exp(float(value))
            case _:
                return v

    return kind(x[1]) + kind((x[0], x[1])) + kind({"k": x[0]}) + kind(Base(x[0])) + kind(x[0])


@check
def handled_errors(x):
    total = 0.0
    for v in (x[0], "a", x[1]):
        try:
            total += math.exp(v)
        except TypeError as error:
            total += len(str(error)) > 0
        else:
            total *= 1.5
        finally:
            total += 1.0
    try:
        raise ExceptionGroup("several", [ValueError(float(x[0])), KeyError("a")])
    except* ValueError as group:
        total += len(group.exceptions)
    except* KeyError:
        total += 2
    return total


@contextlib.contextmanager
def scaled(v):
    yield math.exp(float(v))


@check
def contexts(x):
    with scaled(x[0]) as a, scaled(x[1]) as b:
        return a * b


@check
def assignments(x):
    a = b, (c, *rest) = x[0], (x[1], math.exp(x[0]), math.sin(x[1]))
    values = [0.0] * 3
    values[0], values[1:] = c, rest
    d = {"s": 0.0}
    d["s"] += values[1]
    d |= {"t": values[2]}
    if (y := d["s"] * d["t"]) > 100:
        return y
    return y + b + a[0] + sum(values)


@check
def strings_and_conversions(x):
    text = f"{x[0]:.3f} and {float(x[1])!r:>{20}} {'nested ' + f'{int(x[0])}'}"
    return (
        len(text) * x[0] + complex(x[0], x[1]).imag + abs(-x[1]) + round(x[0], 2) + divmod(x[1], 0.5)[1] + pow(x[0], 2)
    )


def counting():
    count = 0.0

    def add(v):
        nonlocal count
        count += math.exp(float(v))
        return count

    return add


@check
def shared_variables(x):
    add = counting()
    add(x[0])
    return add(x[1]) * x[0]


TOTAL = 0.0


@check
def global_variables(x):
    global TOTAL
    TOTAL = math.exp(float(x[0]))
    return TOTAL * x[1]


@check
def classes_inside(x):
    class Inside:
        factor = math.exp(float(x[0]))

        def value(self: Inside, y: float = x[1]) -> float:
            z: float = y * self.factor
            return z

    return Inside().value() + Inside.factor


@check
def lambdas(x):
    f, g = lambda y: math.exp(y), lambda y: math.sin(y)
    return f(x[0]) * g(x[1]) + (lambda *a, **k: a[0] * k["b"])(x[0], b=x[1])


@check
def star_arguments(x):
    def f(a, /, b=2.0, *c, d, **e):
        return math.exp(a) * b + sum(c) + d * e.get("z", 0.0)

    return f(*x, *x, d=x[0], z=x[1])


GENERIC = """
def generic[T](x: T, scale: float = 2.0) -> T:
    kind = T
    return math.exp(float(x[0])) * scale * x[1]

class Box[T]:
    def __init__(self, value: T) -> None:
        self.value = value
    def map[U](self, f: "Callable[[T], U]") -> "Box[U]":
        return Box(f(self.value))

type Pair = tuple[float, float]

def boxes(x: Pair) -> float:
    return Box(x[0]).map(lambda v: math.exp(float(v))).value * x[1]
"""


def made_by_text(text, *names):
    import linecache  # for text only

    filename = f"<{names[0]}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space = {"math": math, "np": np}
    exec(compile(text, filename, "exec"), space)  # syntax of newer versions
    for name in names:
        check(space[name])


if sys.version_info >= (3, 12):
    made_by_text(GENERIC, "generic", "boxes")


def differences(f, x):
    found = []
    for k in range(len(x)):
        steps = []
        for h in (1e-4, 5e-5):
            a, b = list(x), list(x)
            a[k] += h
            b[k] -= h
            steps.append((f(np.array(a)) - f(np.array(b))) / (2 * h))
        found.append((4 * steps[1] - steps[0]) / 3)
    return np.array(found, dtype=float)


def run(f, *, sourceless=False):
    """Raise AssertionError unless the derivative of a check is right."""
    x = np.array(X)
    calls = COUNTER.calls
    value, gradient = gw.value_and_grad(f, method="exact")(x)
    if f is objects_with_state:
        assert COUNTER.calls == calls + 1, f"called {COUNTER.calls - calls} times"
        assert isinstance(COUNTER.last, float)
        assert set(vars(COUNTER)) == {"calls", "last"}
    assert sourceless or not reason_for(f.__code__), f"{f.__name__} was not found in its source"
    assert not first_runs.verdict_on(f).startswith("the "), first_runs.verdict_on(f)
    np.testing.assert_allclose(value, f(x), rtol=1e-12, err_msg=f.__name__)
    np.testing.assert_allclose(gradient, differences(f, X), rtol=2e-8, atol=1e-9, err_msg=f.__name__)
    assert isinstance(TOTAL, float)


if __name__ == "__main__":
    for function in CHECKS:
        run(function)
    clear_twins()
    source.definitions = lambda code, names=None: iter(())
    for function in CHECKS:
        run(function, sourceless=True)
    print(f"{len(CHECKS)} checks hold on {sys.version.split()[0]}")
