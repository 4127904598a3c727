"""Arrays that a function makes of constants and changes by traced values under names that do not show it: variables of loops over lists, parts of a whole, entries of dictionaries, attributes, results of helpers."""

from __future__ import annotations

from collections import defaultdict, namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.linalg.blas import ddot

import gradwise as gw

B = np.array([1.0, -2.0, 0.5])
X = np.array([1.3, 2.2, 3.1])


def in_a_list(x):
    total = 0.0
    for r in [B * 1.0, B * 2.0]:
        r += x
        total = total + r @ r
    return total


def in_a_list_that_is_kept(x):
    rows = [B * 1.0, B * 2.0]
    for r in rows:
        r += x
    rows[0] *= x
    return sum(r @ r for r in rows)


def pairs_in_a_loop(x):
    total = 0.0
    for i, (a, b) in enumerate([(B * 1.0, B * 2.0), (B * 3.0, B + 1)]):
        a += x
        b[i] *= x[i]
        total = total + a @ b
    return total


def parts(x):
    whole = np.arange(6.0)
    a, b = np.split(whole, 2)
    a += x
    b[0] = x[1]
    return whole @ whole


def columns(x):
    m = np.arange(12.0).reshape(3, 4)
    left, right = np.hsplit(m, 2)
    left[:, 0] = x
    right[0] *= x[0]
    return np.sum(m**2)


def rows_of_one(x):
    a = np.arange(9.0).reshape(3, 3)
    rows = [r for r in a]  # noqa: C416
    rows[1] += x
    rows[2][0] = x[0]
    return np.sum(a**2)


def of_a_dictionary(x):
    d = {"a": B * 1.0, "b": B * 2.0}
    for name, v in d.items():
        v += x * (2 if name == "a" else 3)
    for v in d.values():
        v *= x
    return d["a"] @ d["b"]


def yielded(x):
    rows = list(B * k for k in range(3))  # noqa: C400
    for r in rows:
        r += x
    return sum(r @ r for r in rows)


def mapped(x):
    a, b = map(np.array, [B, B])
    a += x
    b *= x
    return a @ b


class Assembly:
    def __init__(self, n):
        self.whole = np.linspace(0, 1, n)
        self.parts = [self.whole[:1], self.whole[1:]]

    def add(self, x):
        for part, value in zip(self.parts, x, strict=False):
            part += value


def in_an_object(x):
    assembly = Assembly(3)
    assembly.add(x)
    return assembly.whole @ x


def with_a_rest(x):
    a, *rest = [B * 1, B * 2, B * 3]
    a += x
    for r in rest:
        r -= x
    rest[0] *= 2 * x
    return a @ rest[0] + rest[1] @ rest[1]


def stacked(x):
    both = np.vstack([B, B * 2])
    u, v = both
    u += x
    v *= x
    return np.sum(both**2)


def _add(r, x):
    r += x


def by_a_procedure(x):
    rows = [B * 1.0, B * 2.0]
    for r in rows:
        _add(r, x)
    return rows[0] @ rows[1]


Pair = namedtuple("Pair", "p q")


def in_a_named_tuple(x):
    pair = Pair(B * 1.0, B * 2.0)
    p = pair.p
    p += x
    pair.q[0] = x[0]
    return pair.p @ pair.q


@dataclass
class Kept:
    first: np.ndarray
    last: np.ndarray


def in_a_tuple_that_is_kept(x):
    pair = (B * 1.0, B * 2.0)
    kept = Kept(*pair)
    a, _ = pair
    a += x
    return pair[0] @ kept.last + kept.first @ x


def one_under_two_names(x):
    d = defaultdict(list)
    a = B * 2.0
    for name in "abba":
        d[name].append(a)
    for entries in d.values():
        for r in entries:
            r += x
    return a @ d["b"][0]


def _arrays(n):
    return [np.linspace(0, k + 1, 3) for k in range(n)], (B * 2, {"c": np.exp(B)})


def from_a_helper(x):
    rows, (b, others) = _arrays(2)
    for r in rows:
        r -= x
    b /= x
    others["c"] **= 2 * x[0]
    c = others["c"]
    c[1:] *= x[1:]
    return rows[0] @ rows[1] + b @ others["c"]


ALL = [in_a_list, in_a_list_that_is_kept, pairs_in_a_loop, parts, columns, rows_of_one, of_a_dictionary, yielded, mapped, in_an_object, with_a_rest, stacked, by_a_procedure, in_a_named_tuple,
       in_a_tuple_that_is_kept, one_under_two_names, from_a_helper]  # fmt: skip


def _differences(f, x):
    step = 1e-5
    return np.array([(f(x + step * d) - f(x - step * d)) / (2 * step) for d in np.eye(x.size)])


@pytest.mark.parametrize("f", ALL, ids=lambda f: f.__name__)
def test_they_are_followed(f):
    gradient = gw.grad(f, method="exact")
    for k in range(4):
        at = X * (1 + 0.1 * k)
        np.testing.assert_allclose(gradient(at), _differences(f, at), rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(B, [1.0, -2.0, 0.5])


@pytest.mark.parametrize("f", [in_a_list, parts, from_a_helper], ids=lambda f: f.__name__)
def test_second_derivatives_and_values(f):
    value, gradient = gw.value_and_grad(f)(X)
    assert value == pytest.approx(f(X), rel=1e-14)
    np.testing.assert_allclose(gradient, _differences(f, X), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(gw.hessian(f)(X), [_differences(lambda y, i=i: gw.grad(f)(y)[i], X) for i in range(3)], rtol=1e-5, atol=1e-6)  # fmt: skip


WORK = [np.zeros(3), np.ones(3)]


def test_what_was_there_before_holds_what_the_call_left():
    """Arrays that outlive the call are no arrays that it made: they hold what a plain call leaves in them."""

    def f(x):
        for r, w in zip([B * 1.0, B * 2.0], WORK, strict=True):
            r += x
            w[:] = r * x
        return WORK[0] @ WORK[1]

    truth = _differences(f, X)
    f(X)
    left = [w.copy() for w in WORK]
    for w in WORK:
        w[:] = 0.0
    gradient = gw.grad(f, method="exact")
    for _ in range(3):
        np.testing.assert_allclose(gradient(X), truth, rtol=1e-6)
    assert all(type(w) is np.ndarray for w in WORK)
    np.testing.assert_allclose(WORK, left, rtol=1e-14)


def test_what_a_run_stores_is_stored_once():
    """The run that fails for such a write leaves nothing behind."""

    class Model:
        def __init__(self):
            self.calls, self.seen = 0, []

        def loss(self, x):
            self.calls += 1
            rows = [B * 1.0, B * 2.0]
            self.seen.append(float(x[0]))
            for r in rows:
                r += x
            self.rows = rows
            return rows[0] @ rows[1]

    model = Model()
    for k in range(3):
        at = X + k
        np.testing.assert_allclose(gw.grad(model.loss)(at), 2 * (at + 1.5 * B), rtol=1e-12)
    assert model.calls == 3
    assert model.seen == [1.3, 2.3, 3.3]
    assert all(type(r) is np.ndarray for r in model.rows)
    np.testing.assert_allclose(model.rows[1], 2 * B + X + 2)


def test_compiled_code_gets_arrays():
    """A buffer that holds constants alone may be given to code that asks for an array."""

    def f(x):
        grid = [np.linspace(0.0, 1.0, 5), np.linspace(1.0, 2.0, 5)]
        text = grid[0].tobytes()
        total = float(np.frombuffer(text)[2]) * x[0] + sum(grid[1].tolist()) + ddot(*grid) * x[2]
        for r in grid:
            r *= x[1]
        return total + grid[0] @ grid[1]

    np.testing.assert_allclose(gw.grad(f)(X), _differences(f, X), rtol=1e-6)


@pytest.mark.slow
def test_derivatives_inside_derivatives():
    def f(x):
        return np.sum(gw.grad(in_a_list)(x) ** 2)

    np.testing.assert_allclose(gw.grad(f)(X), 4 * 2 * (4 * X + 2 * 3 * B), rtol=1e-12)
