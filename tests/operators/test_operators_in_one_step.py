"""Products with Hessians, derivatives along lines, divergence, curl and Laplacian in one step: as a run of the function gives them."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

X = np.array([0.7, -1.3, 2.1])
V = np.array([0.2, 0.5, -0.4])


@dataclasses.dataclass
class Point:
    x: np.ndarray
    a: float


def served(f) -> int:
    return sum(kept.served for kept in (shortcuts_of(f) or {}).values())


def like(found, expected) -> None:
    (a, ours), (b, theirs) = gw.containers.flatten(found), gw.containers.flatten(expected)
    assert ours == theirs
    for u, v in zip(a, b, strict=True):
        assert type(u) is type(v)
        np.testing.assert_allclose(u, v, rtol=1e-12, atol=1e-13)


# --- products with Hessians -------------------------------------------------------------------------------------------------------


def by_array(x):
    return np.sum(x**3) * x[0]


def by_dict(p):
    return np.sum(p["x"] ** 3) * p["a"] + 2.0 * p["c"]


def by_object(p):
    return np.sum(np.sin(p.x)) * p.a**2


def by_list(p):
    return p[0] * p[1] ** 2 * math.sin(p[2])


POINTS = {
    "array": (by_array, lambda s: (X * s, V)),
    "integers": (by_array, lambda s: (np.array([1, 2, int(9 * s)]), V)),
    "dict": (by_dict, lambda s: ({"x": X * s, "a": s, "c": 1}, {"x": V, "a": 0.3, "c": 0.1})),
    "dataclass": (by_object, lambda s: (Point(X * s, s), Point(V, 0.3))),
    "list": (by_list, lambda s: ([1.0, s, 2], [0.1, 0.2, 0.3])),
}


@pytest.mark.parametrize("form", POINTS)
def test_hessian_times_vector(form) -> None:
    f, make = POINTS[form]
    product, each = gw.hvp(f), gw.hvp(f, pure=False)
    before = served(f)
    for k in range(10):
        like(product(*make(0.4 + 0.1 * k)), each(*make(0.4 + 0.1 * k)))
    assert served(f) > before


def test_hessian_times_vectors_of_several_arguments() -> None:
    def f(x, y, c):
        return np.sum(x * y * x) * c + c**3

    product = gw.hvp(f, argnums=(0, 2))
    for k in range(10):
        x, y, c = X + 0.1 * k, X * 2, 0.5 + k
        along_x, along_c = product((x, y, c), (V, 0.25))
        np.testing.assert_allclose(along_x, 2 * y * V * c + 2 * x * y * 0.25, rtol=1e-13)
        np.testing.assert_allclose(along_c, np.sum(2 * x * y * V) + 6 * c * 0.25, rtol=1e-13)
        again = product(x, y, c, (V, 0.25))
        like(again, (along_x, along_c))
    assert served(f) > 0


def test_no_part_of_a_product_is_left_out() -> None:
    """What the function is linear in has a product of zero, in its form."""

    def f(p):
        return p["x"] @ p["x"] + 2.0 * p["b"] + 3.0 * np.sum(p["c"])

    product = gw.hvp(f)
    for k in range(8):
        point = {"x": X * k, "b": 1.0, "c": np.ones((2, 2))}
        like(product(point, point), {"x": 2 * X * k, "b": 0.0, "c": np.zeros((2, 2))})
    assert served(f) > 0


# --- along lines ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("normalize", [True, False])
def test_along_a_direction(order, normalize) -> None:
    def f(x):
        return np.sum(np.exp(x)), x[0] ** 3

    slope = gw.directional_derivative(f, order=order, normalize=normalize)
    for k in range(10):
        x, u = X + 0.1 * k, V * (1 + k)
        unit = u / np.linalg.norm(u) if normalize else u
        first, second = slope(x, u)
        np.testing.assert_allclose(first, np.sum(np.exp(x) * unit**order), rtol=1e-12)
        cubes = [3 * x[0] ** 2 * unit[0], 6 * x[0] * unit[0] ** 2, 6 * unit[0] ** 3]
        np.testing.assert_allclose(second, cubes[order - 1], rtol=1e-12)
    assert served(f) > 0


def test_along_a_direction_of_numbers() -> None:
    def f(x, y):
        return x**2 * y

    slope = gw.directional_derivative(f)
    for k in range(10):
        x = 1.0 + k
        np.testing.assert_allclose(slope((x, 2.0), (3.0, 4.0)), (2 * x * 2.0 * 3 + x**2 * 4) / 5, rtol=1e-13)
    assert served(f) > 0


@pytest.mark.parametrize("make", [float, int, np.float64, np.int64, np.float32], ids=lambda t: t.__name__)
@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_by_numbers(make, order) -> None:
    def f(t):
        return t * t * np.sin(t)

    derivative, each = gw.derivative(f, order=order), gw.derivative(f, order=order, pure=False)
    for k in range(10):
        t = make(k + 1)
        found, expected = derivative(t), each(t)
        assert type(found) is type(expected)
        np.testing.assert_allclose(found, expected, rtol=1e-6 if make is np.float32 else 1e-13)
    assert served(f) > 0


def test_derivatives_of_curves() -> None:
    def array(t):
        return np.array([np.cos(t), np.sin(t), 1.0])

    def numbers(t):
        return math.cos(t), [math.sin(t), 2.0]

    for f in (array, numbers):
        derivative, each = gw.derivative(f), gw.derivative(f, pure=False)
        for k in range(10):
            like(derivative(0.3 * k), each(0.3 * k))
        assert served(f) > 0


def test_functions_of_arrays_are_looked_at_for_entries() -> None:
    def f(x):
        return x**2 if x[0] < 5 else x[::-1] ** 2

    derivative = gw.derivative(f)
    for k in range(5):
        np.testing.assert_allclose(derivative(X + 0.1 * k), 2 * (X + 0.1 * k))
    with pytest.raises(gw.InputError, match="depend on other entries"):
        derivative(X + 6)


def test_partial_derivatives() -> None:
    def f(x, a):
        return {"v": x * a, "s": np.sum(x**2) * a**2}

    entry, mixed = gw.partial_derivative(f, "x", 1), gw.partial_derivative(f, ("x", "a"), (2, None))
    by_a = gw.partial_derivative(f, 1, order=2)
    for k in range(10):
        a = 0.5 + k
        like(entry(X, a), {"v": np.array([0.0, a, 0.0]), "s": np.float64(2 * X[1] * a**2)})
        like(by_a(X, a), {"v": np.zeros(3), "s": float(2 * np.sum(X**2))})
        like(mixed(X, a), {"v": np.array([0.0, 0.0, 1.0]), "s": float(4 * X[2] * a)})
    assert served(f) > 0


# --- fields -----------------------------------------------------------------------------------------------------------------------


def of_vector(x):
    return np.array([x[0] * x[1], x[1] * x[2] ** 2, math.sin(x[0])])


def of_numbers(x, y, z):
    return x * y, y * z**2, math.sin(x)


def of_list(p):
    return [p[0] * p[1], p[1] * p[2] ** 2, math.sin(p[0])]


def mixed_containers(p):
    return {"a": p[0] * p[1], "b": [p[1] * p[2] ** 2, math.sin(p[0])]}


@pytest.mark.parametrize("F", [of_vector, of_numbers, of_list, mixed_containers])
@pytest.mark.parametrize("make", [np.array, list, tuple])
def test_divergence_and_curl(F, make) -> None:
    divergence, curl = gw.divergence(F), gw.curl(F)
    before = served(F)
    for k in range(8):
        x, y, z = X + 0.2 * k
        point = make([x, y, z])
        found = divergence(point)
        assert type(found) is float
        np.testing.assert_allclose(found, y + z**2, rtol=1e-13)
        np.testing.assert_allclose(curl(point), [-2 * y * z, -math.cos(x), -x], rtol=1e-13)
    if F is of_numbers:
        np.testing.assert_allclose(divergence(1.0, 2.0, 3.0), 11.0)
    assert served(F) > before


def test_a_field_must_be_square() -> None:
    def f(x):
        return x[:2] * x[2]

    for _ in range(8):
        with pytest.raises(gw.OutputError, match="2 components at a point with 3 coordinates"):
            gw.divergence(f)(X)


def of_matrix(A):
    return np.sum(A**3)


def of_parts(p):
    return np.sum(p["x"] ** 3) * p["a"] + p["a"] ** 4


def of_plane(x, y):
    return x**2 * y**3


@pytest.mark.parametrize(("f", "make", "expected"), [
    (of_matrix, lambda s: (np.full((2, 2), s),), lambda s: 24 * s),
    (of_parts, lambda s: ({"x": X * s, "a": s},), lambda s: 6 * np.sum(X * s) * s + 12 * s**2),
    (of_plane, lambda s: (s, 2.0), lambda s: 16 + 12 * s**2),
    (of_plane, lambda s: ((s, 2.0),), lambda s: 16 + 12 * s**2),
])  # fmt: skip
def test_laplacian(f, make, expected) -> None:
    laplacian = gw.laplacian(f)
    before = served(f)
    for k in range(8):
        s = 0.5 + k
        found = laplacian(*make(s))
        assert type(found) is float
        np.testing.assert_allclose(found, expected(s), rtol=1e-12)
    assert served(f) > before


# --- kinks, nan and decisions -----------------------------------------------------------------------------------------------------


def test_kinks_are_told_at_each_call() -> None:
    def f(p):
        return [abs(p["x"]), p["y"] ** 2]

    jacobian = gw.jacobian(f)
    for k in range(8):
        jacobian({"x": 1.0 + k, "y": 2.0})
    assert served(f) > 0
    with pytest.warns(gw.KinkWarning):
        jacobian({"x": 0.0, "y": 2.0})
    like(jacobian({"x": -1.0, "y": 2.0}), [{"x": -1.0, "y": 0.0}, {"x": 0.0, "y": 4.0}])


def test_decisions_are_made_at_each_call() -> None:
    def f(p):
        return [p["x"] ** 2, p["y"]] if p["x"] > 1 else [p["x"], p["y"] ** 2]

    jacobian = gw.jacobian(f)
    for k in range(20):
        x = 0.5 + (k % 3)
        expected = (
            [{"x": 2 * x, "y": 0.0}, {"x": 0.0, "y": 1.0}] if x > 1 else [{"x": 1.0, "y": 0.0}, {"x": 0.0, "y": 6.0}]
        )
        like(jacobian({"x": x, "y": 3.0}), expected)


def test_nan_is_left_to_a_closer_look() -> None:
    def f(p):
        return p[0] * np.sqrt(p[1]), p[0]

    jacobian = gw.jacobian(f)
    for _ in range(8):
        jacobian([1.0, 2.0])
    with np.errstate(all="ignore"):
        found, each = jacobian([0.0, 0.0]), gw.jacobian(f, pure=False)([0.0, 0.0])
    np.testing.assert_array_equal(np.array(found, float), np.array(each, float))
