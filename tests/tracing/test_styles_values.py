"""Values in unusual hands: fractions, protocols, arrays of the user's numbers, matrices' old names, texts and digests of traced values, draws of the standard library."""

from __future__ import annotations

import hashlib
import logging
import random
import warnings
from fractions import Fraction
from typing import Protocol, runtime_checkable

import numpy as np
import pytest
from repeated_programs import check
from scipy.sparse import lil_matrix

import gradwise as gw

X = [0.5, 1.2, 2.3]


class Dual:
    """A user's own number."""

    def __init__(self, v, d=0.0):
        self.v, self.d = v, d

    @staticmethod
    def of(o):
        return o if isinstance(o, Dual) else Dual(o)

    def __add__(self, o):
        o = Dual.of(o)
        return Dual(self.v + o.v, self.d + o.d)

    def __mul__(self, o):
        o = Dual.of(o)
        return Dual(self.v * o.v, self.v * o.d + self.d * o.v)

    __radd__, __rmul__ = __add__, __mul__


def duals(x):
    return np.array([Dual(v, float(k == 1)) for k, v in enumerate(x)], dtype=object)


@runtime_checkable
class HasValue(Protocol):
    def value(self) -> float: ...


@runtime_checkable
class HasIndex(Protocol):
    index: int


class Shown:
    """Formats its number as people do."""

    def __init__(self, v):
        self.v = v

    def __repr__(self):
        return "Shown(%.3f)" % self.v

    def __str__(self):
        return self.tidy(self.v) + format(self.v, ".2f")

    def tidy(self, v):
        return "%5.1f" % v


def drawn(x):
    rng = random.Random(3)
    return (
        rng.triangular(0.0, x[2], x[0])
        + rng.weibullvariate(x[0], x[1])
        + rng.paretovariate(x[2])
        + rng.lognormvariate(x[0], 0.1)
    )


def filled(x):
    total, part = lil_matrix((3, 3)), lil_matrix((3, 3))
    part[0, 1] += x[0]
    column = np.zeros((3, 1))
    column[:2, 0] = x[1:]
    total += (2.0 * part + x[1] * column.dot(column.T)) / 2.0
    return float(np.ones((1, 3)).dot(total.tocsr().dot(column)).item())


def in_matrices(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        m = np.matrix(np.outer(x, x) + np.eye(3))
        return m.getA()[0, 1] + m.getI().sum() + m.getT()[2, 0] * m.getA1()[4] + m.getH()[0, 2]


EXPRESSIONS = {
    "fractions": lambda x: Fraction(1, 3) * x[0] + x[1] / Fraction(2) + Fraction(1, 2) ** x[2] + x[0] ** Fraction(1, 2) + (x[0] > Fraction(1, 3)),
    "fractions of floats": lambda x: (Fraction(3, 4) - float(x[0])) * float(x[1]) + max(Fraction(1, 2), float(x[2])),
    "protocols": lambda x: x[0] if isinstance(x[0], (HasValue, HasIndex)) else x[1] ** 2 * isinstance(x, np.ndarray) * isinstance(x[2], float),
    "conjugates": lambda x: (complex(x[0], x[1]).conjugate() * x[2]).imag,
    "duals and arrays": lambda x: (duals(x) * x).sum().d + (x * duals(x))[2].v + duals(x).dot(np.array([1.0, 2, 3])).v,
    "duals and numbers": lambda x: (x[0] * duals(x))[2].v + (duals(x) * x[1])[1].d + (np.eye(3) @ duals(x))[1].v,
    "draws": drawn,
    "sparse sums in place": filled,
    "matrices": in_matrices,
    "texts of objects": lambda x: x[0] * len(f"{Shown(x[1])!r} {Shown(x[2])}" + "%s %r" % (Shown(x[0]), [Shown(x[1])])),
    "logged objects": lambda x: logging.getLogger("styles").debug("%s %r", Shown(x[0]), Shown(x[1])) or x[0] * x[2],
    "iterators of one's own": lambda x: sum(map(abs, x)) + max(*map(float, x)) * dict(enumerate(map(float, x)))[1] + sum(next(reversed(list(zip(x, x))))),
    "digests": lambda x: x[0] ** 2 * (len(hashlib.sha256(x).hexdigest()) + len(hashlib.md5(np.ascontiguousarray(x)).digest())),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expressions(name):
    check(lambda: lambda x: EXPRESSIONS[name](x), X)


def test_texts_that_are_kept_are_texts():
    class Keeper:
        def __init__(self):
            self.log, self.table, self.seen = [], {}, set()

        def __call__(self, x):
            self.message = str(x[0])
            self.log += [f"{x[0]:.3f}", "%s" % x[1]]
            self.table["a", str(x[0])] = [repr(x)]
            self.seen |= {str(x[1])}
            return x[0] * x[1]

    f, plain = Keeper(), Keeper()
    point = np.array(X)
    gw.grad(f)(point)
    plain(point)
    assert vars(f) == vars(plain)
    texts = [f.message, *f.log, *f.seen, *f.table["a", str(point[0])], *[k[1] for k in f.table]]
    assert {type(t) for t in texts} == {str}


def test_lists_of_users_classes_hold_plain_numbers():
    class History(list):
        pass

    class Model:
        def __init__(self):
            self.history = History()

        def __call__(self, x):
            self.history.append(float(x[0]) ** 2)
            self.history.extend([x[1]])
            return self.history[-2] * x[1]

    f = Model()
    assert gw.grad(f)(np.array(X)) == pytest.approx([2 * X[0] * X[1], X[0] ** 2, 0.0])
    assert f.history == [X[0] ** 2, X[1]]
    assert {type(v) for v in f.history} <= {float, np.float64}
