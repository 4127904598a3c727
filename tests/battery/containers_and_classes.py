"""Parameters in containers; state in objects, closures and generators."""

import collections
import dataclasses
import functools
import itertools
import operator
from typing import NamedTuple

import numpy as np

from battery.registry import case

_r = np.random.RandomState(4)


class Point(NamedTuple):
    x: np.ndarray
    y: float


@dataclasses.dataclass
class Model:
    w: np.ndarray
    b: float
    inner: Point

    def predict(self, t):
        return np.tanh(t @ self.w) * self.b + self.inner.y * self.inner.x.sum()


@case(Model(_r.randn(3), 0.4, Point(_r.randn(2), 1.5)))
def dataclass_with_namedtuple(m):
    return np.sum(m.predict(np.arange(6.0).reshape(2, 3) / 5) ** 2)


@case({"a": {"b": [1.0, np.array([2.0, 3.0])], "c": (0.5,)}, "d": 2.0})
def nested_dict(p):
    return p["a"]["b"][0] * np.sum(p["a"]["b"][1] ** 2) * p["a"]["c"][0] ** p["d"]


@case(collections.OrderedDict(z=1.5, a=np.array([0.3, 0.4])))
def ordered_dict(p):
    total = 0
    for i, (_k, v) in enumerate(p.items()):
        total = total + (i + 1) * np.sum(np.sin(v))
    return total


@case([1.0, 2.0, 3.0])
def list_of_floats(v):
    return functools.reduce(operator.mul, v) + sum(a * b for a, b in itertools.combinations(v, 2))


@case((1.0, (2.0, [3.0, np.array([1.0, 2.0])])))
def tuples_unpacked(t):
    a, (b, (c, d)) = t
    return {"first": a * b, "second": (c * d, d.sum())}


@case([1.0, 2.0])
def list_argument_appended(v):
    v = list(v)
    v.append(v[0] * v[1])
    v.insert(0, v[-1] ** 2)
    v[1:2] = [v[1] + 1, v[2]]
    return np.stack(v).sum()


@case(np.array([0.4, 1.2]))
def item_and_tolist(x):
    return x[0].item() ** 2 + sum(v * i for i, v in enumerate(x.tolist())) + x[1:].item() * x[0]


class Accumulator:
    def __init__(self, decay):
        self.decay = decay
        self.total = 0.0
        self.history = []
        self.buffer = None

    def __call__(self, x):
        self.total = self.decay * self.total + x
        if self.buffer is None:
            self.buffer = np.zeros_like(x)
        self.buffer += self.total**2
        self.history.append(self.total)
        return self

    @property
    def energy(self):
        return self.buffer.sum()


@case(_r.randn(4, 3), 0.7)
def object_with_state(xs, decay):
    acc = Accumulator(decay)
    for x in xs:
        acc(x)
    return acc.energy + acc.history[1][0]


class Layer:
    registry = {}

    def __init__(self, n_in, n_out, rng):
        self.W = rng.randn(n_in, n_out)
        self.b = np.zeros(n_out)

    def set(self, theta):
        n = self.W.size
        self.W = theta[:n].reshape(self.W.shape)
        self.b = theta[n : n + self.b.size]
        return theta[n + self.b.size :]

    def __matmul__(self, x):
        return x @ self.W + self.b


@case(_r.randn(2 * 3 + 3 + 3 * 1 + 1))
def layers_with_flat_parameters(theta):
    rng = np.random.RandomState(0)
    layers = [Layer(2, 3, rng), Layer(3, 1, rng)]
    rest = theta
    for layer in layers:
        rest = layer.set(rest)
    x = rng.randn(5, 2)
    for layer in layers:
        x = np.tanh(layer @ x)
    return np.mean(x**2)


class Dual:
    """Somebody's own number type around whatever it is given."""

    def __init__(self, re, eps):
        self.re, self.eps = re, eps

    def __mul__(self, other):
        return Dual(self.re * other.re, self.re * other.eps + self.eps * other.re)

    def __add__(self, other):
        return Dual(self.re + other.re, self.eps + other.eps)

    def __rmul__(self, c):
        return Dual(c * self.re, c * self.eps)


@case(np.array([0.7, 1.2]))
def users_own_dual_numbers(x):
    d = Dual(x[0], np.ones_like(x[0])) * Dual(x[1], x[0]) + 2.0 * Dual(x[0], x[1])
    return d.re * d.eps


@case(np.array([0.7, 1.2, -0.4]))
def generator_of_partial_sums(x):
    def partial():
        total = 0
        for v in x:
            total = total + v
            yield total**2

    gen = partial()
    first = next(gen)
    return first + sum(gen)


@case(np.array([0.7, 1.2, -0.4]))
def generator_with_send(x):
    def running():
        s = 0 * x[0]
        while True:
            v = yield s
            s = s * 0.5 + v

    g = running()
    next(g)
    return [g.send(v) for v in x][-1] ** 2


@case(np.array([0.7, 1.2, -0.4]))
def closures_and_partials(x):
    def scale(a):
        return lambda t: a * t + x[2]

    f = functools.partial(lambda g, h, t: g(h(t)), scale(x[0]), scale(x[1]))
    return functools.reduce(lambda acc, v: f(acc) + v, x, 1.0)


@case(np.array([0.7, 1.2]))
def recursion_on_arrays(x):
    def rec(v, n):
        return v if n == 0 else np.sin(rec(v * x[::-1], n - 1)) + v

    return rec(x, 4).sum()


@case(np.array([1.1, 0.3]))
def fibonacci_memo_local(x):
    memo = {0: x[0], 1: x[1]}

    def fib(n):
        if n not in memo:
            memo[n] = fib(n - 1) + 0.5 * fib(n - 2) ** 2
        return memo[n]

    return fib(7)


@case(2.0)
def newton_while_tolerance(a):
    x = 1.0
    while abs(x * x - a) > 1e-12:
        x = 0.5 * (x + a / x)
    return x


@case(np.array([0.8, 0.2]))
def fixed_point_to_tolerance(p):
    x = np.zeros_like(p)
    for _ in range(200):
        new = np.cos(p * x) * 0.5 + p[::-1]
        if np.allclose(new, x, rtol=0, atol=1e-15):
            break
        x = new
    else:
        raise RuntimeError
    return x


@case(np.array([0.8, 0.2]))
def formatted_and_printed(p):
    s = f"{p[0]:.3f} {p[1]!r:>10} {p}"
    f"{p[1]}"
    str(p), repr(p[0]), format(p[1], "8.3e")
    return p @ p if len(s) > 3 else p[0]


@case(np.array([[1.0, 2.0], [2.0, 1.0]]))
def try_except_linalg(A):
    try:
        np.linalg.cholesky(A)
    except np.linalg.LinAlgError:
        w = np.linalg.eigvalsh((A + A.T) / 2)
        return np.sum(np.maximum(w, 0.1) ** 2)
    return np.trace(A)


@case(np.array([0.8, 0.2]))
def exceptions_carry_values(p):
    class Stop(Exception):
        def __init__(self, v):
            self.v = v

    try:
        for k in range(10):
            if k * p[0] > 3:
                raise Stop(p * k)
    except Stop as s:
        return s.v @ p


@case(np.array([0.8, 0.2]))
def match_statement(p):
    match p.shape:
        case (n,) if n > 1:
            q = p * n
        case _:
            q = p
    match bool(p[0] > 0.5), "b":
        case (True, "b"):
            return q.sum() ** 2
    return 0.0


@case(np.array([0.8, 0.2, 3.0]))
def star_arguments(x):
    def g(a, *rest, k=1, **more):
        return a * sum(rest) * k + more["z"]

    return g(*x, k=x[1], z=x[0] ** 2)


@case(np.array([0.8, 0.2, 3.0]))
def lambda_table(x):
    ops = {"+": np.add, "*": np.multiply, "e": lambda a, b: np.exp(a) ** b}
    return ops["e"](ops["+"](x[0], x[1]), ops["*"](x[2], 0.1))


@case(_r.randn(3))
def poly_objects(c):
    t = np.linspace(-1, 1, 4)
    return np.polyval(c, t), np.vander(c, 3)


def _make_counter():
    calls = []

    @case(np.array([0.5, 1.5]))
    def closure_with_history(x):
        calls.append(np.sin(x[0]) * x[1])
        return calls[-1] * 2 + len(calls) * 0

    return closure_with_history


_make_counter()


class Body:
    __slots__ = ("m", "q", "v")

    def __init__(self, q, v, m):
        self.q, self.v, self.m = q, v, m

    def kick(self, f, dt):
        self.v += f / self.m * dt

    def drift(self, dt):
        self.q += self.v * dt


@case(_r.randn(3, 2), np.array([1.0, 2.0, 0.5]))
def n_body_objects(q, m):
    bodies = [Body(q[i].copy(), np.zeros_like(q[i]), m[i]) for i in range(3)]
    for _ in range(3):
        forces = [np.zeros_like(b.q) for b in bodies]
        for (i, a), (j, b) in itertools.combinations(enumerate(bodies), 2):
            d = b.q - a.q
            f = a.m * b.m * d / (d @ d + 0.1) ** 1.5
            forces[i] += f
            forces[j] -= f
        for b, f in zip(bodies, forces):
            b.kick(f, 0.1)
            b.drift(0.1)
    return np.concatenate([b.q for b in bodies])


@case(_r.rand(6))
def priority_by_heap_of_floats(x):
    import heapq

    h = [(v, i) for i, v in enumerate(x)]
    heapq.heapify(h)
    total = 0
    while len(h) > 1:
        a, b = heapq.heappop(h), heapq.heappop(h)
        s = a[0] + b[0]
        total = total + s
        heapq.heappush(h, (s, -1))
    return total


@case(_r.rand(5, 2))
def travelling_salesman_nearest(p):
    left = set(range(1, len(p)))
    at, length = 0, 0.0
    while left:
        nxt = min(left, key=lambda j: np.sum((p[at] - p[j]) ** 2))
        length += np.linalg.norm(p[at] - p[nxt])
        left.remove(nxt)
        at = nxt
    return length
