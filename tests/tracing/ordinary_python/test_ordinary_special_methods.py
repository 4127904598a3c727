"""Classes that overload operators, indexing, iteration, calls and attributes: vectors, dual numbers, units, polynomials."""

from __future__ import annotations

import collections.abc
import copy
import functools
import math
import operator

import numpy as np
import pytest
from ordinary import Cases, agrees

cases = Cases()


class Vector:
    def __init__(self, *parts):
        self.parts = list(parts)

    def __add__(self, other):
        return Vector(*[a + b for a, b in zip(self.parts, other.parts)])

    def __sub__(self, other):
        return Vector(*(a - b for a, b in zip(self, other)))

    def __mul__(self, other):
        if isinstance(other, Vector):
            return sum(a * b for a, b in zip(self.parts, other.parts))
        if isinstance(other, (int, float)):
            return Vector(*[a * other for a in self.parts])
        return NotImplemented

    __rmul__ = __mul__

    def __neg__(self):
        return -1 * self

    def __truediv__(self, s):
        return self * (1 / s)

    def __iter__(self):
        return iter(self.parts)

    def __getitem__(self, i):
        return self.parts[i]

    def __setitem__(self, i, v):
        self.parts[i] = v

    def __len__(self):
        return len(self.parts)

    def __abs__(self):
        return math.sqrt(self * self)

    def __bool__(self):
        return abs(self) > 0

    def __eq__(self, other):
        return isinstance(other, Vector) and self.parts == other.parts

    def __hash__(self):
        return hash(tuple(self.parts))

    def __repr__(self):
        return f"Vector({', '.join(map(str, self.parts))})"

    def __matmul__(self, other):
        return Vector(
            self[1] * other[2] - self[2] * other[1],
            self[2] * other[0] - self[0] * other[2],
            self[0] * other[1] - self[1] * other[0],
        )

    def __iadd__(self, other):
        for i, v in enumerate(other):
            self[i] += v
        return self

    def __contains__(self, v):
        return any(p == v for p in self.parts)


@cases.at([0.3, 0.7, 1.1])
def a_vector_class(x):
    a, b = Vector(*x), Vector(1.0, 2.0, x[1] ** 2)
    c = 2 * (a + b) - b / float(x[0])
    c += a @ b
    c[0] = c[1] * x[2]
    assert len(c) == 3 and c and c != a  # noqa: PT018
    return abs(c) + (-a) * b + sum(c) + max(c)


@cases.at([0.3, 0.7, 1.1])
def vectors_in_sums_and_reductions(x):
    vs = [Vector(v, v**2, 1.0) for v in x]
    total = functools.reduce(operator.add, vs)
    other = sum(vs, Vector(0.0, 0.0, 0.0))
    longest = max(vs, key=abs)
    first, *rest = total
    return total * other + abs(longest) + first * rest[-1] + sorted(vs, key=lambda v: -abs(v))[0][1]


class Dual:
    """Forward differentiation by hand: its derivatives are differentiated here."""

    def __init__(self, value, slope=0.0):
        self.value = value
        self.slope = slope

    @staticmethod
    def lift(v):
        return v if isinstance(v, Dual) else Dual(v)

    def __add__(self, other):
        other = self.lift(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        other = self.lift(other)
        return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)

    def __pow__(self, n):
        return Dual(self.value**n, n * self.value ** (n - 1) * self.slope)

    def __rsub__(self, other):
        return self.lift(other) + self * -1

    def exp(self):
        return Dual(math.exp(self.value), math.exp(self.value) * self.slope)

    __radd__ = __add__
    __rmul__ = __mul__


@cases.at([0.3, 0.7])
def dual_numbers(x):
    t = Dual(x[0], 1.0)
    y = (3 * t + x[1]) ** 3 * (1 - t).exp() + t
    return y.value * y.slope


class Quantity:
    def __init__(self, value, unit):
        self.value, self.unit = value, unit

    def _same(self, other):
        if not isinstance(other, Quantity) or other.unit != self.unit:
            raise TypeError("units differ")

    def __add__(self, other):
        self._same(other)
        return type(self)(self.value + other.value, self.unit)

    def __mul__(self, other):
        if isinstance(other, Quantity):
            return type(self)(self.value * other.value, self.unit + "·" + other.unit)
        return type(self)(self.value * other, self.unit)

    def __rmul__(self, other):
        return self * other

    def __truediv__(self, other):
        return self * (1.0 / other.value) if isinstance(other, Quantity) else self * (1.0 / other)

    def __float__(self):
        return float(self.value)

    def __lt__(self, other):
        return self.value < other.value

    def __format__(self, spec):
        return format(self.value, spec) + " " + self.unit

    def __str__(self):
        return f"{self:.3f}"


@cases.at([0.3, 0.7])
def units(x):
    length, width = Quantity(x[0], "m"), Quantity(float(x[1]), "m")
    area = length * width
    assert area.unit == "m·m" and str(area).endswith("m·m")  # noqa: PT018
    try:
        area + length
    except TypeError:
        area = 2 * area
    shorter = min(length, width)
    return float(area) + math.exp(shorter) * float(area / length)


class Polynomial:
    def __init__(self, coefficients):
        self.c = tuple(coefficients)

    def __call__(self, t):
        return sum(c * t**k for k, c in enumerate(self.c))

    def __mul__(self, other):
        out = [0.0] * (len(self.c) + len(other.c) - 1)
        for i, a in enumerate(self.c):
            for j, b in enumerate(other.c):
                out[i + j] += a * b
        return Polynomial(out)

    def derivative(self):
        return Polynomial(k * c for k, c in enumerate(self.c) if k)

    def __pow__(self, n):
        result = Polynomial([1.0])
        for _ in range(n):
            result = result * self
        return result


@cases.at([0.3, 0.7, 1.1])
def polynomials(x):
    p = Polynomial(x)
    q = (p * p.derivative()) ** 2
    return q(x[0]) + p(math.sin(x[1])) + sum(q.c)


class Matrix:
    def __init__(self, rows):
        self.rows = [list(r) for r in rows]

    def __matmul__(self, other):
        return Matrix([[sum(a * b for a, b in zip(r, c)) for c in zip(*other.rows)] for r in self.rows])

    def __getitem__(self, key):
        i, j = key
        return self.rows[i][j]

    def __setitem__(self, key, value):
        i, j = key
        self.rows[i][j] = value

    def __delitem__(self, i):
        del self.rows[i]

    def __xor__(self, n):
        return functools.reduce(operator.matmul, [self] * n)


@cases.at([0.3, 0.7, 1.1, 0.2])
def matrices_of_lists(x):
    m = Matrix([x[:2], x[2:]])
    m[0, 0] *= 2
    m[1, 1] = math.exp(m[0, 1])
    p = (m @ m) ^ 2
    trace = p[0, 0] + p[1, 1]
    del p[0]
    return trace * p[0, 1]


class Parameters:
    def __init__(self, values):
        object.__setattr__(self, "_values", dict(values))

    def __getattr__(self, name):
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name, value):
        self._values[name] = value

    def __delattr__(self, name):
        del self._values[name]

    def __dir__(self):
        return sorted(self._values)


@cases.at([0.3, 0.7])
def attributes_made_up(x):
    p = Parameters({"a": x[0]})
    p.b = x[1] ** 2
    p.b += p.a
    p.c = 2.0 * p.b
    del p.a
    return p.b * p.c + getattr(p, "zz", x[0]) + (1.0 if hasattr(p, "a") else x[1])


class Everything:
    def __init__(self, x):
        self.x = x

    def __getattribute__(self, name):
        if name.startswith("double_"):
            return 2 * object.__getattribute__(self, name[7:])
        return super().__getattribute__(name)


@cases.at([0.3, 0.7])
def attributes_all_intercepted(x):
    e = Everything(x[0])
    e.y = x[1] * e.x
    return e.double_x * e.double_y + e.x


class Positive:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, obj, owner=None):
        return self if obj is None else getattr(obj, self.name)

    def __set__(self, obj, value):
        if value <= 0:
            raise ValueError("not positive")
        setattr(obj, self.name, math.log(value))


class Cached:
    def __init__(self, function):
        self.function = function
        self.name = function.__name__

    def __get__(self, obj, owner=None):
        if obj is None:
            return self
        value = obj.__dict__[self.name] = self.function(obj)
        return value


class Rates:
    fast = Positive()
    slow = Positive()

    def __init__(self, fast, slow):
        self.fast = fast
        self.slow = slow

    @Cached
    def ratio(self):
        return self.fast / self.slow


@cases.at([1.3, 1.7])
def descriptors(x):
    r = Rates(x[0], slow=x[1])
    before = r.ratio
    r.fast = x[0] * x[1]
    try:
        r.slow = -x[1]
    except ValueError:
        r.slow = x[1] ** 2
    return before * r.fast + r.ratio / r.slow


class Grid(collections.abc.Sequence):
    def __init__(self, values):
        self._values = values

    def __len__(self):
        return len(self._values)

    def __getitem__(self, i):
        if isinstance(i, slice):
            return Grid(self._values[i])
        return self._values[i] ** 2


@cases.at([0.3, 0.7, 1.1])
def an_abstract_sequence(x):
    g = Grid(list(x))
    return sum(g) + sum(v for v in reversed(g)) * g[1:][0] + g[-1] * len(g[:2])


class Fibonacci:
    def __init__(self, a, b, n):
        self.a, self.b, self.left = a, b, n

    def __iter__(self):
        return self

    def __next__(self):
        if not self.left:
            raise StopIteration
        self.left -= 1
        self.a, self.b = self.b, self.a + self.b
        return self.a


@cases.at([0.3, 0.7])
def an_iterator_class(x):
    total = 0.0
    for v in Fibonacci(x[0], x[1], 6):
        total += v**2
    it = iter(Fibonacci(x[1], x[0], 5))
    return total + next(it) * sum(it) + max(Fibonacci(*x, 3)) + list(Fibonacci(*x, 4))[-1]


class Layer:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def __call__(self, h):
        return np.tanh(self.w * h + self.b)

    def __rshift__(self, other):
        return lambda h: other(self(h))


@cases.at([0.3, 0.7, 1.1, 0.4])
def callables_composed_by_an_operator(x):
    f = Layer(x[0], x[1]) >> Layer(x[2], x[3])
    return f(1.5) + sum(map(Layer(x[1], x[2]), [0.1, x[0]]))


class Tracker:
    def __init__(self, value):
        self.value = value
        self.ops = []

    def __copy__(self):
        new = type(self)(self.value)
        new.ops = self.ops[:]
        return new

    def __imul__(self, k):
        self.value *= k
        self.ops.append(k)
        return self

    def __round__(self, n=None):
        return round(self.value, n) if n else self.value

    def __index__(self):
        return len(self.ops)


@cases.at([0.3, 0.7])
def copies_and_in_place_operators(x):
    t = Tracker(x[0])
    u = copy.copy(t)
    u *= x[1]
    u *= 3.0
    v = copy.deepcopy(u)
    v *= x[1]
    return t.value + u.value * v.value + [x[0], x[1], 5.0][u] + round(v) * sum(v.ops)


@functools.total_ordering
class Version:
    def __init__(self, score):
        self.score = score

    def __eq__(self, other):
        return self.score == other.score

    def __lt__(self, other):
        return self.score < other.score


@cases.at([0.9, 0.7, 1.4])
def total_ordering(x):
    vs = sorted(Version(v) for v in x)
    assert vs[0] <= vs[1] and vs[2] >= vs[1]  # noqa: PT018
    return vs[0].score * 3 + vs[2].score ** 2 + max(vs).score


class Array:
    """A wrapper around an array, as units packages have."""

    def __init__(self, data):
        self.data = np.asarray(data, dtype=float)

    def __getattr__(self, name):
        return getattr(self.data, name)

    def __add__(self, other):
        return Array(self.data + getattr(other, "data", other))

    def __array__(self, dtype=None, copy=None):
        return self.data

    def normalised(self):
        return Array(self.data / np.linalg.norm(self.data))


@cases.at([0.3, 0.7, 1.1])
def a_wrapper_around_an_array(x):
    a = Array(x) + Array([1.0, 2.0, 3.0])
    n = a.normalised()
    return n.data[0] * a.sum() + (n + 1.0).data.prod() + a.shape[0] * a.max()


@pytest.mark.parametrize("case", cases, ids=repr)
def test_special_methods(case):
    agrees(case)
