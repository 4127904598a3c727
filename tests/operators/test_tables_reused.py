"""Long lists and dicts that name what is called, and long lists of small arrays: a program stands for the function while their texts and contents are what they were."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.families import _families
from gradwise.tracing.purity import inspect_function

N = 90
X = np.linspace(0.3, 1.1, 10)


def served():
    return sum(family.served for family, _ in _families.values())


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()


def complex_step(f, x):
    return np.array([f(x + 1e-30j * e).imag / 1e-30 for e in np.eye(x.size)])


class Assembled:
    """Ninety elements, named in several ways."""

    def __init__(self):
        kinds = ["square", "product", "growth"]
        self.kinds = [kinds[k % 3] for k in range(N)]
        self.by_number = {k: kinds[k % 3] for k in range(N)}
        self.by_name = {f"e{k}": kinds[k % 3] for k in range(N)}
        self.rows = [(kinds[k % 3], [k % 10, (k + 3) % 10], 1.0 + 0.1 * k) for k in range(N)]
        self.records = [{"kind": kinds[k % 3], "at": [k % 10, (k + 3) % 10], "weight": 2.0} for k in range(N)]
        self.of_rows = {f"e{k}": row for k, row in enumerate(self.rows)}
        self.places = [np.array([k % 10, (k + 3) % 10]) for k in range(300)]
        self.weights = np.linspace(0.5, 1.5, N)

    def el_square(self, v):
        return v[0] * v[0]

    def el_product(self, v):
        return v[0] * v[1]

    def el_growth(self, v):
        return np.exp(-0.3 * v[1])

    def element(self, kind, v, w):
        return w * getattr(self, "el_" + kind)(v)

    def list_of_texts(self, x):
        return sum(self.element(self.kinds[k], x[self.places[k]], self.weights[k]) for k in range(N))

    def dict_by_number(self, x):
        return sum(self.element(self.by_number[k], x[[k % 10, 0]], self.weights[k]) for k in range(N))

    def dict_by_name(self, x):
        return sum(self.element(kind, x[[len(name), 0]], 0.5) for name, kind in self.by_name.items())

    def list_of_rows(self, x):
        total = 0.0
        for k, (kind, at, w) in enumerate(self.rows):  # noqa: B007 - the text reads it
            total += eval("self.el_" + kind + "(x[at])") * w * self.weights[k]
        return total

    def list_of_records(self, x):
        return sum(self.element(r["kind"], x[r["at"]], r["weight"]) for r in self.records)

    def dict_of_rows(self, x):
        return sum(self.element(row[0], x[row[1]], row[2]) for row in self.of_rows.values())

    def by_index(self, x):
        return sum(self.element(self.rows[k][0], x[self.rows[k][1]], self.weights[k]) for k in range(N))


NAMES = [
    "list_of_texts",
    "dict_by_number",
    "dict_by_name",
    "list_of_rows",
    "list_of_records",
    "dict_of_rows",
    "by_index",
]


@pytest.mark.parametrize("name", NAMES)
def test_elements_named_in_long_tables(name, monkeypatch):
    problem = Assembled()
    f = getattr(problem, name)
    gradient = gw.grad(f, method="exact")

    def agrees(what=None):
        np.testing.assert_allclose(gradient(X), complex_step(f, X), rtol=1e-12, err_msg=str(what))

    for _ in range(4):
        agrees()
    before = served()
    agrees()
    assert served() > before
    problem.kinds[4] = problem.by_number[4] = problem.by_name["e4"] = "growth"
    problem.rows[4] = ("growth", [1, 2], 3.0)
    problem.records[4]["kind"] = "square"
    problem.of_rows["e4"] = ("square", [1, 2], -3.0)
    agrees("texts")
    problem.rows[5][1][0] = 7
    problem.records[5]["at"] = [7, 7]
    problem.places[5] = np.array([7, 2])
    problem.places[6][0] = 9
    agrees("places")
    problem.records[6]["weight"] = -5.0
    problem.weights[:3] = 9.0
    agrees("weights")
    monkeypatch.setattr(Assembled, "el_cube", lambda self, v: v[0] ** 3, raising=False)
    problem.kinds[0] = problem.by_number[0] = problem.by_name["e0"] = problem.records[0]["kind"] = "cube"
    problem.rows[0], problem.of_rows["e0"] = ("cube", [1, 2], 3.0), ("cube", [1, 2], 3.0)
    agrees("another element")
    problem.el_square = lambda v: v[1] ** 4
    agrees("an element of its own")


def test_a_table_of_other_things_proves_nothing():
    problem = Assembled()
    problem.rows[50] = (math.sin, [0, 1], 1.0)
    assert inspect_function(problem.list_of_rows).effects is not None
    np.testing.assert_allclose(
        gw.grad(problem.dict_by_number, method="exact")(X), complex_step(problem.dict_by_number, X), rtol=1e-12
    )


@pytest.mark.parametrize("dtype", [np.intp, np.int32, np.uint8])
def test_long_lists_of_small_arrays_count_by_content(dtype):
    places = [np.array([k % 10, (k + 3) % 10], dtype) for k in range(300)]

    def f(x):
        return sum(x[p[0]] * x[p[1]] for p in places)

    gradient = gw.grad(f, method="exact")
    for _ in range(4):
        np.testing.assert_allclose(gradient(X), complex_step(f, X), rtol=1e-12)
    before = served()
    np.testing.assert_allclose(gradient(X), complex_step(f, X), rtol=1e-12)
    assert served() > before
    places[299][1] = 0
    np.testing.assert_allclose(gradient(X), complex_step(f, X), rtol=1e-12)
    places[7] = np.array([1, 1], np.int16)
    np.testing.assert_allclose(gradient(X), complex_step(f, X), rtol=1e-12)
    places[8] = places[8][::-1]
    np.testing.assert_allclose(gradient(X), complex_step(f, X), rtol=1e-12)
    places.append(places[0])
    np.testing.assert_allclose(gradient(X), complex_step(f, X), rtol=1e-12)


def test_many_short_lists_are_free_each():
    a, b = [0.1 * k for k in range(200)], [0.2 * k for k in range(200)]

    def f(x):
        return sum(w * x[k % 10] for k, w in enumerate(a)) + b[5] * x[0]

    gradient = gw.grad(f, method="exact")
    for k in range(12):
        a[3] = 0.5 * k
        np.testing.assert_allclose(gradient(X), complex_step(f, X), rtol=1e-12)
    assert served() >= 9
