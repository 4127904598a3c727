"""Derivatives in one step for all forms of arguments and results: what is served is what a run of the function gives, and another form is never taken for the one that was there."""

from __future__ import annotations

import collections
import dataclasses
import math
import types

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

X = np.array([0.7, -1.3, 2.1])


@dataclasses.dataclass
class Layer:
    x: np.ndarray
    a: float = 0.5


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: np.ndarray
    a: float


@dataclasses.dataclass(slots=True)
class Slotted:
    x: np.ndarray
    a: float


@dataclasses.dataclass
class Table:
    d: dict


Pair = collections.namedtuple("Pair", "x a")


class Extended(Pair):
    """A named tuple whose instances may hold more."""


def by_key(p):
    return np.sum(p["x"] ** 2) * p["a"]


def by_name(p):
    return np.sum(p.x**2) * p.a


def by_place(p):
    return np.sum(p[0] ** 2) * p[1]


def of_numbers(p):
    return p[0] * p[1] + math.sin(p[2]) * p[0]


def nested(p):
    return np.sum(p["l"]["w"] ** 2) * p["b"][0] + p["b"][1] ** 2


def in_order(p):
    return sum((i + 1.0) * v * v for i, v in enumerate(p.d.values()))


def single(x):
    return np.sum(x**3)


def number(x):
    return x * x * math.cos(x)


FORMS = {
    "dict": (by_key, lambda s: {"x": X * s, "a": 0.5 * s}),
    "dict with an integer": (by_key, lambda s: {"x": X * s, "a": int(3 * s)}),
    "dict with NumPy's numbers": (by_key, lambda s: {"x": X * s, "a": np.float64(s)}),
    "dict with NumPy's integer": (by_key, lambda s: {"x": X * s, "a": np.int32(3 * s)}),
    "dict with more": (by_key, lambda s: {"x": X * s, "n": 3, "none": None, "a": 0.5 * s, "idx": np.array([1, 2])}),
    "dict with an array of integers": (by_key, lambda s: {"x": np.array([1, -2, int(9 * s)]), "a": s}),
    "dataclass": (by_name, lambda s: Layer(X * s, s)),
    "frozen dataclass": (by_name, lambda s: Frozen(X * s, 2 * s)),
    "dataclass with slots": (by_name, lambda s: Slotted(X * s, 2 * s)),
    "namespace": (by_name, lambda s: types.SimpleNamespace(x=X * s, a=s)),
    "named tuple": (by_name, lambda s: Pair(X * s, s)),
    "tuple": (by_place, lambda s: (X * s, s)),
    "list with an empty one": (by_place, lambda s: [X * s, s, [], {}, None]),
    "numbers": (of_numbers, lambda s: [1.0, s, 2.0 * s]),
    "numbers and integers": (of_numbers, lambda s: (1, s, int(5 * s))),
    "integers": (of_numbers, lambda s: [1, int(2 * s), int(7 * s)]),
    "nested": (nested, lambda s: {"l": {"w": X * s}, "b": (s, [1.0, 2][1])}),
    "dict in a dataclass": (in_order, lambda s: Table({"p": s, "q": 2.0 * s, "r": 1.0})),
    "rows": (single, lambda s: np.arange(6.0).reshape(2, 3) * s),
    "columns first": (single, lambda s: np.asfortranarray(np.arange(6.0).reshape(2, 3) * s)),
    "every second": (single, lambda s: (np.arange(6.0) * s)[::2]),
    "single precision": (single, lambda s: (X * s).astype(np.float32)),
    "no dimension": (single, lambda s: np.array(s)),
    "nothing": (single, lambda s: np.zeros(0)),
    "number": (number, lambda s: s),
    "NumPy's number": (number, np.float64),
    "integer": (number, lambda s: int(9 * s)),
    "integers in an array": (single, lambda s: np.array([1, int(9 * s)])),
}


def fresh(f):
    """The function anew, of which nothing is known."""
    return types.FunctionType(f.__code__.replace(), f.__globals__)


def like(found, expected) -> None:
    """The same containers, types and numbers; no array is another's memory."""
    (a, ours), (b, theirs) = gw.containers.flatten(found), gw.containers.flatten(expected)
    assert ours == theirs
    assert repr(ours) == repr(theirs)  # the order of dicts too
    for u, v in zip(a, b, strict=True):
        assert type(u) is type(v)
        assert np.asarray(u).dtype == np.asarray(v).dtype
        np.testing.assert_allclose(u, v, rtol=1e-6 if np.asarray(v).dtype == np.float32 else 1e-12, atol=1e-14)
        if type(u) is np.ndarray:
            assert u.flags.owndata == v.flags.owndata
            assert u.flags.writeable
            assert u.flags.c_contiguous


def served(f) -> int:
    return sum(kept.served for kept in (shortcuts_of(f) or {}).values())


OPERATORS = {"value_and_grad": gw.value_and_grad, "hessian": gw.hessian, "jacobian": gw.jacobian, "jacrev": gw.jacrev}


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_served(form, operator) -> None:
    f, make = FORMS[form]
    f, op = fresh(f), OPERATORS[operator]
    derivative, each = op(f), op(f, pure=False)
    for k in range(12):
        p = make(0.4 + 0.1 * k)
        like(derivative(p), each(p))
    if form != "nothing" or operator == "value_and_grad":
        assert served(f) > 0


SCALES = np.array([1.0, -2.0])
RESULTS = {
    "list": lambda x: [x[0] * x[1], math.sin(x[2])],
    "tuple of arrays": lambda x: (x * x, np.sin(x)),
    "dict": lambda x: {"b": x * 2.0, "a": x[0] * x[1]},
    "with a constant": lambda x: [x[0] * x[0], 1.0],
    "lists": lambda x: [[x[0], x[1] * x[0]], (x[2],)],
    "named tuple": lambda x: Pair(x * x, x[0]),
    "table": lambda x: np.outer(x, SCALES),
    "column": lambda x: (x * x).reshape(-1, 1),
    "number": lambda x: float(x @ x),
    "nothing of it": lambda x: [1.0, x[0] * 0.0],
}


@pytest.mark.parametrize("operator", ["jacobian", "jacfwd", "jacrev"])
@pytest.mark.parametrize("form", RESULTS)
def test_every_result_is_served(form, operator) -> None:
    f = fresh(RESULTS[form])
    op = getattr(gw, operator)
    derivative, each = op(f), op(f, pure=False)
    for k in range(12):
        like(derivative(X + 0.1 * k), each(X + 0.1 * k))
    assert served(f) > 0


def pushed(f, p, v, **options):
    return gw.jvp(f, (p,), (v,), **options)


def linearized(f, p, v, **options):
    value, derivative = gw.linearize(f, p, **options)
    return value, derivative(v)


def pulled(f, p, v, **options):
    value, transpose = gw.vjp(f, p, **options)
    ones = gw.containers.map_structure(lambda y: np.asarray(0.5 + np.ones_like(y))[()], value)
    return value, transpose(ones), transpose(ones)


PRODUCTS = {"jvp": pushed, "linearize": linearized, "vjp": pulled}


def direction(p, k):
    def along(x):
        v = (np.cos(np.arange(np.size(x)) + k) + 0.3).reshape(np.shape(x))
        v = v.astype(x.dtype) if getattr(x, "dtype", None) == np.float32 else v
        return v if type(x) is np.ndarray else v[()]

    return gw.containers.map_structure(along, p)


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("form", FORMS)
def test_products_by_every_form_are_served(form, product) -> None:
    f, make = FORMS[form]
    f, op = fresh(f), PRODUCTS[product]
    for k in range(12):
        p = make(0.4 + 0.1 * k)
        like(op(f, p, direction(p, k)), op(f, p, direction(p, k), pure=False))
    assert served(f) > 0


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("form", RESULTS)
def test_products_of_every_result_are_served(form, product) -> None:
    f, op = fresh(RESULTS[form]), PRODUCTS[product]
    for k in range(12):
        x = X + 0.1 * k
        like(op(f, x, direction(x, k)), op(f, x, direction(x, k), pure=False))
    assert served(f) > 0


def test_a_vector_of_another_form_is_looked_at() -> None:
    f = fresh(RESULTS["dict"])
    for _ in range(8):
        value, transpose = gw.vjp(f, X)
    assert served(f) > 0
    np.testing.assert_allclose(transpose({"a": 1.0, "b": np.zeros(3)})[0], [X[1], X[0], 0.0])
    np.testing.assert_allclose(transpose({"a": 1, "b": [0, 0, 0]} | {"b": np.zeros(3, int)})[0], [X[1], X[0], 0.0])
    with pytest.raises(gw.InputError, match="the cotangent has the structure"):
        transpose([1.0, np.zeros(3)])
    with pytest.raises(gw.InputError, match="the cotangent has shape"):
        transpose({"a": 1.0, "b": np.zeros(2)})
    value["b"][:] = 5.0  # the caller's own
    np.testing.assert_allclose(transpose({"a": 0.0, "b": np.ones(3)})[0], [2.0, 2.0, 2.0])


@pytest.mark.parametrize("operator", ["jacobian", "jacrev", "hessian", "value_and_grad"])
def test_several_arguments_are_served(operator) -> None:
    def f(a, b, *, c):
        return np.sum(a * a) * b["s"] + c * a[0]

    op = getattr(gw, operator)
    derivative, each = op(f, argnums=(0, "c", 1)), op(f, argnums=(0, "c", 1), pure=False)
    for k in range(12):
        given = X + 0.1 * k, {"s": 1.0 + k}
        like(derivative(*given, c=0.3 * k + 1), each(*given, c=0.3 * k + 1))
    assert served(f) > 0


def test_columns_of_numbers_are_a_matrix() -> None:
    """What SciPy's curve_fit takes as it is."""

    def model(t, a, b):
        return a * np.exp(-b * t)

    t, jacobian = np.linspace(0, 1, 4), gw.jacobian(model, argnums=(1, 2))
    for k in range(8):
        a, b = 1.0 + k, 0.5
        expected = np.stack([np.exp(-b * t), -a * t * np.exp(-b * t)], axis=1)
        np.testing.assert_allclose(np.asarray(jacobian(t, a, b)), expected, rtol=1e-13)
    assert served(model) > 0


# --- another form is not taken for the one that was there -------------------------------------------------------------------------


def weighed(p):
    return sum((i + 1.0) * v * v for i, v in enumerate(p.values()))


def kinds(p):
    return sum(v * (2.0 if isinstance(v, float) else 3.0) for v in p["v"])


def first_of(p):
    return p["a"] * 2.0 if p["b"] is None else p["b"] * p["a"]


CHANGES = {
    "order of keys in a dataclass": (in_order, [Table({"p": 1.0, "q": 2.0}), Table({"q": 2.0, "p": 1.0})]),
    "order of keys": (weighed, [{"p": 1.0, "q": 2.0}, {"q": 2.0, "p": 1.0}, {"p": 1.0, "q": 2.0, "r": 3.0}]),
    "a key that equals another": (weighed, [{1: 1.0, 2: 2.0}, {True: 1.0, 2: 2.0}, {1.0: 1.0, 2: 2.0}]),
    "None": (first_of, [{"a": 1.5, "b": None}, {"a": 1.5, "b": 2.5}, {"a": 1.5, "b": 3}]),
    "an integer for a float": (of_numbers, [[1.0, 2.0, 3.0], [1, 2.0, 3.0], [1.0, 2.0, np.float64(3.0)]]),
    "lengths": (lambda p: sum(v * v for v in p), [[1.0, 2.0], [1.0, 2.0, 3.0], [1.0], (1.0, 2.0)]),
    "shapes": (single, [np.ones(3), np.ones((3, 1)), np.ones(3, np.float32), np.ones(3, int), np.ones(6)[::2]]),
    "a class": (by_name, [Layer(X, 0.5), Frozen(X, 0.5), Pair(X, 0.5), types.SimpleNamespace(x=X, a=0.5)]),
}


@pytest.mark.parametrize("operator", ["value_and_grad", "hessian"])
@pytest.mark.parametrize("change", CHANGES)
def test_another_form_is_another_call(change, operator) -> None:
    f, points = CHANGES[change]
    f, op = fresh(f), getattr(gw, operator)
    derivative, each = op(f), op(f, pure=False)
    for k in range(40):
        p = points[(k // 5) % len(points)]
        like(derivative(p), each(p))
    assert served(f) > 0


@dataclasses.dataclass
class Plain:
    """Of which nothing is stored."""


@dataclasses.dataclass
class Doubled:
    """Of which nothing is stored either."""


def test_a_class_without_attributes_is_compared() -> None:
    def f(p):
        return p["x"] ** 2 * (2.0 if isinstance(p["kind"], Doubled) else 1.0)

    derivative = gw.grad(f, pure=True)
    for k in range(8):
        assert derivative({"x": 1.0 + k, "kind": Plain()})["x"] == 2.0 * (1 + k)
    assert served(f) > 0
    assert derivative({"x": 3.0, "kind": Doubled()})["x"] == 12.0


def test_more_that_is_stored_is_another_form() -> None:
    def f(p):
        return p.x @ p.x + (p.b if hasattr(p, "b") else 0.0) ** 2

    derivative, each = gw.value_and_grad(f, pure=True), gw.value_and_grad(f, pure=False)
    for k in range(24):
        p = Layer(X, 0.5) if k % 2 else Extended(X, 0.5)
        if k > 12:
            p.b = 1.0 + k
        like(derivative(p), each(p))


def test_a_number_too_large_is_told() -> None:
    derivative = gw.grad(fresh(of_numbers))
    for _ in range(8):
        derivative([1, 2, 3])
    with pytest.raises(gw.InputError, match="an integer of"):
        derivative([10**400, 2, 3])


def test_one_form_without_a_way_does_not_keep_the_others_from_it() -> None:
    f = fresh(single)
    derivative = gw.grad(f)
    for _ in range(20):
        derivative(np.longdouble(2.0))
    for k in range(8):
        np.testing.assert_allclose(derivative(X * k), 3 * (X * k) ** 2, rtol=1e-13)
    assert served(f) > 0


def test_results_are_the_callers() -> None:
    """What is written into a result is in no later one."""
    f = fresh(RESULTS["tuple of arrays"])
    jacobian = gw.jacobian(f)
    for _ in range(8):
        first, second = jacobian(X)
        np.testing.assert_allclose(first, np.diag(2 * X))
        np.testing.assert_allclose(second, np.diag(np.cos(X)))
        first[:], second[:] = 7.0, 9.0
    assert served(f) > 0


def test_keys_that_are_equal_and_of_other_types() -> None:
    """``{1: …}`` and ``{True: …}`` were one form: the program of the first stood for the second."""

    def f(p):
        first = list(p)[0]  # noqa: RUF015 - which is proved
        scale = 3.0 if isinstance(first, bool) else 2.0 if isinstance(first, int) else 5.0
        return scale * sum(p.values()) ** 2

    gradient = gw.grad(f)
    x = 1.0
    for key, scale in ((1, 2.0), (True, 3.0), (1.0, 5.0), (1, 2.0)):
        for _ in range(5):
            x += 0.125
            found = gradient({key: x, "b": 2.0})
            assert list(found.values()) == [scale * 2.0 * (x + 2.0)] * 2
            assert [type(k) for k in found] == [type(key), str]
    assert shortcuts_of(f)["0"].served > 0
