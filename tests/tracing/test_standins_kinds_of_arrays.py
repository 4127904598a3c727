"""Matrices, structured arrays, records and masked arrays of traced numbers: values, derivatives against differences, nothing left behind."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import gradwise as gw
from gradwise.tracing.holders import HOLDERS

pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass")
X = np.array([0.3, 0.1, 0.7])


def differences(f: Any, x: np.ndarray, h: float = 1e-3) -> np.ndarray:
    columns = []
    for e in np.eye(x.size):
        table = [(np.asarray(f(x + s * e)) - np.asarray(f(x - s * e))) / (2 * s) for s in (h, h / 2, h / 4)]
        table = [(4 * b - a) / 3 for a, b in itertools.pairwise(table)]
        columns.append((16 * table[1] - table[0]) / 15)
    return np.stack(columns, -1)


def agrees(f: Any, x: np.ndarray = X) -> None:
    for point in (x, x * 1.1 + 0.05):
        value, _ = gw.linearize(f, point, method="exact", check=False)
        expected = np.asarray(f(point.copy()))
        assert np.shape(value) == expected.shape
        np.testing.assert_allclose(value, expected, rtol=1e-12)
        for check in (False, True):
            jacobian = gw.jacobian(f, method="exact", check=check)(point)
            np.testing.assert_allclose(jacobian, differences(f, point), rtol=1e-8, atol=1e-8)

    def scalar(x: Any) -> Any:
        return np.sum(np.sin(np.asarray(f(x))))

    hessian = gw.hessian(scalar, method="exact", check=False)(x)
    expected = differences(gw.grad(scalar, method="exact", check=False), x)
    np.testing.assert_allclose(hessian, expected, rtol=1e-6, atol=1e-7)


# --- np.matrix ------------------------------------------------------------------------------------------------------------------


def products(x: Any) -> Any:
    A = np.matrix(np.outer(x, x) + np.eye(3))
    v = np.matrix(x).T
    assert isinstance(A, np.matrix)
    assert A[0].shape == (1, 3)
    return (v.T * A * v)[0, 0] + (A.I * v).sum() + float((A * A).trace()[0, 0]) + (A.A * A.A1.reshape(3, 3)).sum()


def powers_and_items(x: Any) -> Any:
    A = np.asmatrix([[x[0], 1.0], [x[1], x[2]]])
    B = A**2 + 2 * A - A.T / 3.0
    B[0, 1] = x[0]
    B[:, 1] = B[:, 0] * x[1]
    B += np.eye(2)
    return np.linalg.det(B + 3 * np.eye(2)) + np.asarray(B).sum() + B[0, :].sum() + (B[:, 1].T * B[:, 0])[0, 0]


def with_plain_matrices(x: Any) -> Any:
    P = np.matrix([[1.0, 2.0, 0.5], [0.0, 1.0, 1.0], [2.0, 0.0, 1.0]])
    column = x.reshape(3, 1)
    y = P * column + P @ column + 2.0 * (P + np.outer(x, x)) * column
    return y + np.multiply(P, np.outer(x, x)) * np.ones((3, 1)) + (x * P).T


def rows_and_reductions(x: Any) -> Any:
    M = np.bmat([[np.matrix(x), np.matrix(x) * 2.0], [np.ones((1, 3)), np.matrix(np.exp(x))]])
    total = sum((row * row.T)[0, 0] for row in M)
    return total + M.sum(axis=1)[0, 0] * M.mean(axis=0)[0, 1] + M.max() + np.linalg.norm(M) + M.tolist()[0][1]


def filled_in(x: Any) -> Any:
    M = np.matrix(np.zeros((2, 2)))
    for i in range(2):
        M[i, i] = x[i]
        M[i, 1 - i] += math.sin(x[2])
    return (M * M).A.sum(axis=0)


# --- structured arrays ------------------------------------------------------------------------------------------------------------

PLACE = np.dtype([("x", float), ("y", float), ("n", int)])


def fields(x: Any) -> Any:
    r = np.zeros(3, dtype=PLACE)
    r["x"] = x
    r["y"] = x**2
    r["n"] = [1, 2, 3]
    r[0]["x"] = 5.0 * x[1]
    r["y"][2] = math.exp(x[0])
    r[1] = (x[2], 2.0, 7)
    row = r[2]
    row["x"] *= 3.0
    return (r["x"] * r["y"] * r["n"]).sum() + r[r["n"] > 2]["x"].sum() + len(r) * r[["x", "y"]]["y"][0]


def rows_of_tuples(x: Any) -> Any:
    r = np.array([(v, v * v, [v, 1.0]) for v in x], dtype=[("a", "f8"), ("b", "f8"), ("c", "f8", (2,))])
    total = sum(q["a"] * q["b"] + q[1] for q in r)
    s = r[np.argsort(r["a"])]
    return total + s["b"][0] + s["c"].sum() + r.copy()["c"][1, 0] + sum(a * b for a, b, _ in r.tolist())


def records(x: Any) -> Any:
    r = np.rec.fromarrays([x, x**2], names="a,b")
    s = np.recarray(3, dtype=[("a", float), ("b", float)])
    s.a = x
    s.b[:] = x * 2
    s[1] = (x[0], x[2])
    t = np.rec.fromrecords([(x[0], 1.0), (x[1], 2.0)], names="u,v")
    return (r.a * r.b).sum() + r[1].a + r.b[0] + (s.a * s.b).sum() + s[0].b + (t.u * t.v).sum()


def nested_fields(x: Any) -> Any:
    r = np.zeros(2, dtype=[("p", [("x", float), ("y", float)]), ("m", float)])
    r["p"]["x"] = x[:2]
    r[1]["p"]["y"] = x[2]
    r["m"] = 2.0
    return (r["m"] * r["p"]["x"] * (r["p"]["y"] + x[0])).sum()


# --- masked arrays ------------------------------------------------------------------------------------------------------------------


def fixed_mask(x: Any) -> Any:
    m = np.ma.masked_array(x, mask=[0, 1, 0])
    assert isinstance(m, np.ma.MaskedArray)
    return m.sum() + m.mean() * 2 + (m**2).sum() + (m * x).sum() + (2.0 / m - m).var() + m.prod() + m.count()


def masks_by_conditions(x: Any) -> Any:
    m = np.ma.masked_less(x, 0.2)
    y = np.ma.log(np.ma.array(x - 0.2)) + np.ma.sqrt(m)
    return y.sum() + m.filled(0.0).sum() + m.compressed().prod() + m.std(ddof=1) + np.ma.masked_where(x > 0.5, x).max()


def along_axes(x: Any) -> Any:
    m = np.ma.array(np.outer(x, x), mask=np.eye(3))
    y = (m.sum(axis=0) * m.mean(axis=1)).filled(0.0)
    return y + np.ma.dot(m, m).sum() + m.max() + np.ma.average(m) + m.T[0].sum() + np.ma.where(m > 0.05, m, 0.0).sum()


def items_of_masked_arrays(x: Any) -> Any:
    m = np.ma.masked_invalid(np.ma.array(x.copy(), mask=False))
    m[1] = np.ma.masked
    m[0] = x[2] ** 2
    total = sum(v for v in m if v is not np.ma.masked)
    return total + np.ma.concatenate([m, x]).sum() + abs(-m).sum() + m[2] * m.data[1] + np.ma.filled(m, x[0]).sum()


def functions_of_masked_arrays(x: Any) -> Any:
    m = np.ma.array([x[0], x[1], x[2]], mask=[0, 1, 0])
    y = np.ma.vstack([m, np.ma.clip(m, 0.4, 2.0)]) * np.ma.power(m, 2)
    plain = np.ma.array([1.0, 2.0, 3.0], mask=[0, 0, 1])
    return y.sum() + (plain * x).sum() + (x - plain).mean() + np.ma.maximum(m, 0.4).sum() + m.dot(m) + m.tolist()[2]


CASES = [
    *(products, powers_and_items, with_plain_matrices, rows_and_reductions, filled_in),
    *(fields, rows_of_tuples, records, nested_fields),
    *(fixed_mask, masks_by_conditions, along_axes, items_of_masked_arrays, functions_of_masked_arrays),
]


@pytest.mark.parametrize("f", CASES)
def test_functions(f: Any) -> None:
    agrees(f)


def test_what_is_masked_has_no_derivative() -> None:
    gradient = gw.grad(lambda x: np.ma.log(np.ma.array(x)).sum(), method="exact")(np.array([2.0, -1.0, 4.0]))
    np.testing.assert_array_equal(gradient, [0.5, 0.0, 0.25])


@pytest.mark.parametrize(
    ("mask", "slopes"),
    [
        (lambda v: np.ma.masked_less(v, 0.0), [1, 0, 1]),
        (lambda v: np.ma.masked_where(np.array(v) > 1, v), [1, 1, 0]),
        (lambda v: np.ma.masked_outside([2 * v[0], v[1], 1.0], -0.5, 0.7), [2, 0, 0]),
        (lambda v: np.ma.masked_invalid(tuple(v)), [1, 1, 1]),
    ],
)
def test_lists_are_masked_as_arrays_are(mask: Any, slopes: list[int]) -> None:
    gradient = gw.grad(lambda v: mask(v).sum(), method="exact")
    assert gradient([0.3, -0.8, 1.1]) == slopes
    np.testing.assert_array_equal(gradient(np.array([0.3, -0.8, 1.1])), slopes)


def test_objects_keep_numpys_own_kinds() -> None:
    class Model:
        def loss(self, x: Any) -> Any:
            self.K = np.matrix(np.outer(x, x))
            self.rows = np.zeros(3, dtype=PLACE)
            self.rows["x"] = x
            self.masked = np.ma.array(x, mask=[1, 0, 0])
            self.many = {"K": [self.K, self.K * 2.0]}
            return (self.K * self.K).sum() + self.rows["x"].sum() + self.masked.sum()

    model, other = Model(), Model()
    agrees(model.loss)
    gw.grad(model.loss, method="exact", check=False)(X)
    other.loss(X)
    for name in ("K", "rows", "masked"):
        kept, expected = getattr(model, name), getattr(other, name)
        assert type(kept) is type(expected)
        assert type(kept) not in HOLDERS
        np.testing.assert_array_equal(kept, expected)
    assert type(model.many["K"][1]) is np.matrix
    np.testing.assert_array_equal(model.masked.mask, other.masked.mask)


def test_views_as_these_kinds() -> None:
    agrees(lambda x: (np.outer(x, x).view(np.matrix) * x.reshape(3, 1)).A1 + x.view(np.ma.MaskedArray).sum())

    class Field(np.ndarray):
        pass

    agrees(lambda x: (x.view(Field) ** 2).sum())


def test_results_of_these_kinds() -> None:
    np.testing.assert_allclose(gw.jacobian(lambda x: np.matrix(x) * 2.0, method="exact")(X)[0], 2 * np.eye(3))
    np.testing.assert_allclose(gw.jacobian(lambda x: np.ma.array(x) * 2.0, method="exact")(X), 2 * np.eye(3))
    with pytest.raises(gw.TracingError, match="masked"):
        gw.jacobian(lambda x: np.ma.array(x, mask=[1, 0, 0]), method="exact")(X)


def test_what_has_no_rule_raises() -> None:
    def rows(x: Any) -> Any:
        r = np.zeros(3, dtype=PLACE)
        r["x"] = x
        return r

    for f in (
        lambda x: np.sort(rows(x), order="x")["x"][0],
        lambda x: rows(x).view(float)[0],
        lambda x: np.ma.array(x, mask=[1, 0, 0]).soften_mask().sum(),
        lambda x: np.array(x, dtype=PLACE)["x"].sum(),
    ):
        with pytest.raises(gw.TracingError):
            gw.grad(f, method="exact", check=False)(X)


def test_constants_of_these_kinds_are_numpys() -> None:
    def f(x: Any) -> Any:
        r = np.zeros(3, dtype=PLACE)
        r["x"] = [2.0, 1.0, 3.0]
        m = np.ma.median(np.ma.array([1.0, 2.0, 9.0], mask=[0, 0, 1]))
        return x.sum() * np.sort(r, order="x")["x"][0] * m * np.matrix([[1.0, 2.0]]).sum()

    agrees(f)


LAZY = """
import sys, numpy as np, gradwise as gw
assert not {"numpy.ma", "numpy.rec", "scipy.optimize"} & set(sys.modules)

def f(x):
    import scipy
    r = np.rec.fromarrays([x, x**2], names="a,b")
    m = np.ma.masked_array(x, mask=[1, 0, 0])
    return r.a.sum() + m.sum() + scipy.optimize.brentq(lambda t: t - x[0], -1, 3)

print(gw.grad(f, method="exact", check=False)(np.array([0.5, 0.7, 0.9])).tolist())
"""


@pytest.mark.slow
def test_modules_that_are_loaded_by_being_asked_for() -> None:
    run = subprocess.run([sys.executable, "-c", LAZY], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "[2.0, 2.0, 2.0]", run.stderr
