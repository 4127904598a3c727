"""Functions that write to arrays which they hold in several places: derivatives are exact, and what is left is what plain calls leave."""

import copy
import functools
import types
import warnings
import weakref
from collections import deque

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.3, 0.7, 1.1])


class Pair:
    """Two arrays, or one under two names."""

    def __init__(self):
        self.W, self.b = np.ones(3), np.full(3, 0.5)
        self.set_up()

    def set_up(self):
        pass


class InAListOfTheCall(Pair):
    def __call__(self, x):
        params = [self.W, self.b]
        params[0] -= 0.1 * x
        params[1][:] += x**2
        return np.sum(self.W * x + self.b)


class InAList(Pair):
    def set_up(self):
        self.params = [self.W, self.b]

    def __call__(self, x):
        for p in self.params:
            p -= 0.1 * x
        return np.sum(self.W * x + self.b * x**2)


class ByTheOtherName(Pair):
    def set_up(self):
        self.params = deque([self.W, self.b])

    def __call__(self, x):
        self.W -= 0.1 * x
        self.b *= x**2
        return np.sum(self.params[0] * x + self.params[1])


class InADictionaryWithMoments(Pair):
    def set_up(self):
        self.params = {"W": self.W, "b": self.b}
        self.moments = {k: np.zeros_like(v) for k, v in self.params.items()}

    def __call__(self, x):
        for k in self.params:
            self.moments[k] *= 0.9
            self.moments[k] += x
            self.params[k] -= 0.1 * self.moments[k]
        return np.sum(self.W * x + self.b**2)


class InADictionaryOfTheCall(Pair):
    def __call__(self, x):
        buffers = {"rm": self.W}
        buffers["rm"][:] = x**2
        return np.sum(self.W * x)


class InAClosure(Pair):
    def set_up(self):
        w = self.W

        def step(x):
            w[:] = x**2
            return w

        self.step = step

    def __call__(self, x):
        return np.sum(self.step(x) * self.W)


class InATuple(Pair):
    def set_up(self):
        self.held = ((self.W, 1), (self.W[:2], [self.W]))
        self.inner = self.held[0]

    def __call__(self, x):
        self.held[0][0][:] = x**2
        return np.sum(self.held[1][1][0] * x) + np.sum(self.held[1][0]) + np.sum(self.inner[0])


class ByOut(Pair):
    def set_up(self):
        self.work = [self.W, self.b]

    def __call__(self, x):
        np.multiply(x, x, out=self.work[0])
        np.add(self.work[0], x, out=self.work[1])
        np.add.at(self.work[1], [0, 0], x[1])
        np.copyto(self.work[0], x, where=x > 0.5)
        return np.sum(self.W * self.b)


class OneOfTwo(Pair):
    def set_up(self):
        self.now = self.W

    def __call__(self, x):
        self.now[:] = x * self.b
        self.now = self.b if self.now is self.W else self.W
        return np.sum(self.W**2) + np.sum(self.b)


class AnotherTakesItsPlace(Pair):
    def set_up(self):
        self.other = self.W

    def __call__(self, x):
        self.W[:] = x**2
        self.W = self.W * 2
        return np.sum(self.other * x) + np.sum(self.W)


class MoreNames(Pair):
    def set_up(self):
        self.other = self.W

    def __call__(self, x):
        self.W[:] = x**2
        self.third, self.part, self.pair = self.W, self.W[1:], [self.other]
        return np.sum(self.third * x) + np.sum(self.part)


class OfASpace(Pair):
    def set_up(self):
        self.space = types.SimpleNamespace(W=self.W)

    def __call__(self, x):
        self.space.W[:] = x**2
        return np.sum(self.W * x)


class ByItsDictionary(Pair):
    def set_up(self):
        self.other = self.W

    def __call__(self, x):
        self.W[:] = x**2
        return np.sum(vars(self)["other"] * x) + sum(np.sum(v) for v in self.__dict__.values())


class Halves:
    def __init__(self):
        self.full = np.zeros(6)
        self.top, self.rest = self.full[:3], self.full[3:]

    def __call__(self, x):
        self.top[:] = x
        self.rest += x**2
        return np.sum(self.full**2)


class Rows:
    def __init__(self):
        self.M = np.zeros((3, 3))
        self.rows = [self.M[i] for i in range(3)]
        self.columns = (self.M[:, 0], self.M.T[1])

    def __call__(self, x):
        for i, row in enumerate(self.rows):
            row[:] = x * (i + 1)
        self.columns[1][0] = x[0] ** 3
        return np.sum(self.M @ x) + np.sum(self.columns[0])


class OtherShapes:
    def __init__(self):
        self.F = np.zeros((3, 2), order="F")
        self.column, self.turned, self.flat = self.F[:, 0], self.F.T, self.F.ravel(order="F")
        self.back, self.block = self.F[::-1], self.F.T.reshape(6)[2:].reshape(2, 2)

    def __call__(self, x):
        self.column[:] = x
        self.turned[1] = x**2
        self.block[0, 0] *= x[1]
        return np.sum(self.F**2) + np.sum(self.flat[1:] * self.flat[:-1]) + self.back[0, 0]


class Diagonal:
    def __init__(self):
        self.M = np.zeros((3, 3))
        self.diagonal = self.M.ravel()[::4]

    def __call__(self, x):
        self.diagonal[:] = x
        self.M[0, 2] = x[1] ** 2
        return np.sum(self.M @ x)


class Slotted:
    __slots__ = ("W", "b")

    def __init__(self):
        self.W = self.b = np.ones(3)

    def __call__(self, x):
        self.W[:] = x**2
        return np.sum(self.b * x)


class Entries(dict):
    def __init__(self):
        super().__init__(W=np.ones(3))
        self.b = self["W"]

    def __call__(self, x):
        self["W"][:] = x**2
        return np.sum(self.b * x)


class Layer:
    def __init__(self, n):
        self.W, self.b = np.full((n, n), 0.5) + np.eye(n), np.zeros(n)
        self.dW, self.db = np.zeros((n, n)), np.zeros(n)

    def forward(self, x):
        self.x = x
        return np.tanh(self.W @ x + self.b)

    def backward(self, g):
        self.dW[...] = np.outer(g, self.x)
        self.db[...] = g
        return self.W.T @ g


class Network:
    """Layers whose arrays are in lists of all parameters, and Adam's steps in place."""

    def __init__(self):
        self.layers = [Layer(3), Layer(3)]
        self.params = [p for layer in self.layers for p in (layer.W, layer.b)]
        self.grads = [p for layer in self.layers for p in (layer.dW, layer.db)]
        self.m, self.v = [np.zeros_like(p) for p in self.params], [np.zeros_like(p) for p in self.params]

    def __call__(self, x):
        h = x
        for layer in self.layers:
            h = layer.forward(h)
        g = h
        for layer in reversed(self.layers):
            g = layer.backward(g)
        for p, d, m, v in zip(self.params, self.grads, self.m, self.v, strict=True):
            m *= 0.9
            m += 0.1 * d
            v[...] = 0.99 * v + 0.01 * d * d
            p -= 0.1 * m / (np.sqrt(v) + 1e-2)
        return np.sum(h**2) + sum(np.sum(p) for p in self.params)


PROGRAMS = [
    *(InAListOfTheCall, InAList, ByTheOtherName, InADictionaryWithMoments, InADictionaryOfTheCall, InAClosure),
    *(InATuple, ByOut, OneOfTwo, AnotherTakesItsPlace, MoreNames, OfASpace, ByItsDictionary, Halves, Rows),
    *(OtherShapes, Diagonal, Slotted, Entries, Network),
]


def left(program):
    """What a program holds: the numbers of each array, and which of them are one, or share their memory."""
    numbers: dict[int, int] = {}

    def described(value, depth=0):
        if isinstance(value, np.ndarray):
            memory = value
            while isinstance(memory.base, np.ndarray):
                memory = memory.base
            names = [numbers.setdefault(id(v), len(numbers)) for v in (memory, value)]
            return names, value.strides, value.tolist()
        if isinstance(value, (list, tuple, deque)):
            return type(value).__name__, [described(v) for v in value]
        if isinstance(value, (float, int, str, types.FunctionType, type(None))):
            return None
        inside = {**(dict(value) if isinstance(value, dict) else {}), **getattr(value, "__dict__", {})}
        inside |= {k: getattr(value, k) for k in getattr(type(value), "__slots__", ())}
        return type(value).__name__, {k: described(v, depth + 1) for k, v in inside.items()}

    return described(program)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_derivatives_are_exact_and_all_places_hold_what_plain_calls_leave(program):
    plain, one = program(), program()
    points = [X, 1.1 * X, 1.2 * X]

    def value(k, x):
        """Of a call at x after those before it."""
        other = program()
        for point in points[:k]:
            other(point)
        return other(x)

    for k, point in enumerate(points):
        expected = plain(point)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # no numerical derivative
            found, slope = gw.value_and_grad(one)(point)
        assert found == pytest.approx(expected, rel=1e-14)
        steps = 1e-5 * np.eye(3)
        np.testing.assert_allclose(
            slope, [(value(k, point + e) - value(k, point - e)) / 2e-5 for e in steps], rtol=1e-7, atol=1e-8
        )
        assert left(one) == left(plain)


def test_who_knows_the_array_beside_sees_the_new_numbers():
    """Names of functions that wait for the derivative, and the arrays' identity."""
    one = InAList()
    known, part = one.W, one.b[1:]
    gw.grad(one)(X)
    assert known is one.W
    assert known is one.params[0]
    np.testing.assert_allclose(known, 1 - 0.1 * X)
    np.testing.assert_allclose(part, 0.5 - 0.1 * X[1:])


def test_several_objects_of_a_class():
    """What was learned of one object is no obstacle for others, nor for those that come when it is gone."""
    programs = [InAList() for _ in range(3)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k in range(3):
            for program in programs:
                np.testing.assert_allclose(gw.grad(program)(X), _slope(k + 1), rtol=1e-13)
        del programs[1:]
        np.testing.assert_allclose(gw.grad(InAList())(X), _slope(1), rtol=1e-13)
        np.testing.assert_allclose(gw.grad(programs[0])(X), _slope(4), rtol=1e-13)
        assert "traced" in str(gw.explain(InAList(), X)).split("\n")[0]
        assert "not traced" not in str(gw.explain(InAList(), X))


def test_objects_that_come_where_others_were():
    """An object may be found at the address of one that is gone, of which something was learned."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(40):
            np.testing.assert_allclose(gw.grad(InAList())(X), _slope(1), rtol=1e-13)
            assert "not traced" not in str(gw.explain(InAList(), X))


def _slope(n):
    """Of Σ W x + b x² where W = 1 - n x / 10 and b = 1/2 - n x / 10, and only the last step moves with x."""
    done = 0.1 * (n - 1) * X
    return (1 - done) - 0.2 * X + 2 * X * (0.5 - done) - 0.3 * X**2


class Partial(Pair):
    def set_up(self):
        self.held = functools.partial(np.dot, self.W)

    def __call__(self, x):
        self.W[:] = x**2
        return self.held(x)


class OfAMethod(Pair):
    def set_up(self):
        self.held = self.W.dot

    def __call__(self, x):
        self.W[:] = x**2
        return self.held(x)


class Weakly(Pair):
    def set_up(self):
        self.held, self.other = weakref.ref(self.W), self.W

    def __call__(self, x):
        self.W[:] = x**2
        return np.sum(self.held() * x)


class InADefault(Pair):
    def set_up(self):
        def held(x, w=self.W):
            return np.sum(w * x)

        self.held = held

    def __call__(self, x):
        self.W[:] = x**2
        return self.held(x)


class AsBytes(Pair):
    def set_up(self):
        self.held = memoryview(self.W)

    def __call__(self, x):
        self.W[:] = x**2
        return np.sum(np.asarray(self.held) * x)


class OfOtherNumbers(Pair):
    def set_up(self):
        self.held = self.W.view(np.int64)

    def __call__(self, x):
        self.W[:] = x**2
        return np.sum(self.held.view(float) * x)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("program", [Partial, OfAMethod, Weakly, InADefault, AsBytes, OfOtherNumbers])
def test_what_else_refers_to_an_array_is_not_overlooked(program):
    """Where a place is not found the derivative is numerical: a buffer in the others would leave its numbers behind, in silence."""
    one = program()
    for point in (X, 1.1 * X):
        np.testing.assert_allclose(gw.grad(one)(point), 3 * point**2, rtol=1e-6)
        np.testing.assert_allclose(one.W, point**2)


def test_an_argument_that_is_the_array_too():
    class Model(Pair):
        def __call__(self, x, w):
            self.W[:] = x**2
            return np.sum(w * x)

    model = Model()
    model.other = model.W
    np.testing.assert_allclose(gw.grad(model, method="exact")(X, model.W), 3 * X**2, rtol=1e-14)
    np.testing.assert_array_equal(model.W, X**2)


def test_half_a_run_leaves_the_arrays_as_a_plain_call_does():
    class Failing(Pair):
        def set_up(self):
            self.params = [self.W]

        def __call__(self, x):
            self.params[0] += x
            if x[0] > 0.5:
                raise ArithmeticError("too far")
            return np.sum(self.W * x)

    one = Failing()
    gw.grad(one)(X)
    array, other = one.W, copy.deepcopy(one)
    for f in (gw.grad(one), other):
        with pytest.raises(ArithmeticError):
            f(2 * X)
    assert one.W is array
    assert one.params[0] is array
    np.testing.assert_array_equal(one.W, other.W)
