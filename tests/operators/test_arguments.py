"""Which arguments are differentiated, in which containers and dtypes, and in which form the results come."""

from __future__ import annotations

import collections
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

import gradwise as gw


def f(x, y, scale=2.0, *, shift=1.0):
    return scale * np.sum(x * y) + shift * np.sum(x)


X, Y = np.array([1.0, 2.0]), np.array([3.0, 5.0])


# --- argnums ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 2 * Y + 1),
        (1, 2 * X),
        (-1, 2 * X),
        (-2, 2 * Y + 1),
        ("x", 2 * Y + 1),
        ("y", 2 * X),
        ("scale", 13.0),
        ("shift", 3.0),
        (np.int64(1), 2 * X),
    ],
)
def test_one_argument(argnums, expected):
    found = gw.grad(f, argnums)(X, Y)
    assert type(found) is (np.ndarray if isinstance(expected, np.ndarray) else float)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("argnums", [(0, 1), [0, 1], ("x", "y"), (0, "y"), (-2, -1), "all"])
def test_several_arguments_give_a_tuple(argnums):
    found = gw.grad(f, argnums)(X, Y)
    assert type(found) is tuple
    assert len(found) == 2
    np.testing.assert_allclose(found[0], 2 * Y + 1)
    np.testing.assert_allclose(found[1], 2 * X)


def test_a_tuple_of_one_gives_a_tuple_of_one_and_order_is_kept():
    assert len(gw.grad(f, (1,))(X, Y)) == 1
    y, x = gw.grad(f, (1, 0))(X, Y)
    np.testing.assert_allclose(y, 2 * X)
    np.testing.assert_allclose(x, 2 * Y + 1)


def test_keyword_arguments():
    np.testing.assert_allclose(gw.grad(f)(X, y=Y), 2 * Y + 1)
    np.testing.assert_allclose(gw.grad(f, "y")(X, y=Y), 2 * X)
    np.testing.assert_allclose(gw.grad(f, "x")(x=X, y=Y, scale=1.0), Y + 1)
    assert gw.grad(f, "shift")(X, Y, shift=10.0) == 3.0
    found = gw.grad(f, "all")(X, Y, shift=2.0)
    assert len(found) == 3
    assert found[2] == 3.0
    assert gw.grad(lambda **p: p["a"] ** 2 * p["b"], "a")(a=3.0, b=2.0) == 12.0
    assert gw.grad(lambda *xs: xs[0] * xs[1], 1)(3.0, 2.0) == 3.0


def test_the_first_argument_by_keyword_is_argument_0():
    np.testing.assert_allclose(gw.grad(f)(x=X, y=Y), 2 * Y + 1)
    np.testing.assert_allclose(gw.jacobian(lambda x: x**2)(x=3.0), 6.0)


@pytest.mark.parametrize("operator", [gw.jacobian, gw.jacfwd, gw.jacrev])
def test_argnums_of_jacobians(operator):
    def g(x, y):
        return np.outer(x, y)

    one, two = operator(g, (0, 1))(X, Y)
    np.testing.assert_allclose(one, np.einsum("ik,j->ijk", np.eye(2), Y))
    np.testing.assert_allclose(two, np.einsum("i,jk->ijk", X, np.eye(2)))
    np.testing.assert_allclose(operator(g, "y")(X, Y), two)
    np.testing.assert_allclose(operator(g, -1)(X, Y), two)


def test_methods_partials_and_callable_objects():
    class Model:
        def __init__(self):
            self.k = 3.0

        def loss(self, x):
            return self.k * x**2

        def __call__(self, x):
            return self.loss(x) + 1

        @staticmethod
        def static(x):
            return x**3

    m = Model()
    assert gw.grad(m.loss)(2.0) == 12.0
    assert gw.grad(m)(2.0) == 12.0
    assert gw.grad(Model.static)(2.0) == 12.0
    assert gw.grad(Model.loss, 1)(m, 2.0) == 12.0
    assert gw.grad(Model.loss, "x")(m, 2.0) == 12.0
    import functools

    assert gw.grad(functools.partial(lambda a, x: a * x**2, 3.0))(2.0) == 12.0
    assert gw.grad(np.sin)(0.0) == 1.0
    assert gw.grad(np.linalg.norm)(np.array([3.0, 4.0])) == pytest.approx([0.6, 0.8])


# --- containers -------------------------------------------------------------------------------------------------------------


class Point(NamedTuple):
    a: Any
    b: Any


@dataclass
class Layer:
    w: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Frozen:
    inner: Layer
    k: float


def test_dict_keeps_its_type_and_key_order():
    p = {"z": 2.0, "a": np.array([1.0, 3.0])}
    g = gw.grad(lambda p: p["z"] ** 2 * np.sum(p["a"]))(p)
    assert type(g) is dict
    assert list(g) == ["z", "a"]
    assert type(g["z"]) is float
    assert g["z"] == 16.0
    np.testing.assert_array_equal(g["a"], [4.0, 4.0])


@pytest.mark.parametrize("kind", [dict, OrderedDict, lambda p: defaultdict(list, p)])
def test_mappings(kind):
    p = kind({"b": 1.0, "a": 2.0})
    g = gw.grad(lambda p: p["a"] ** 2 * p["b"])(p)
    assert type(g) is type(p)
    assert list(g.items()) == [("b", 4.0), ("a", 4.0)]


def test_named_tuples_dataclasses_lists_and_nesting():
    g = gw.grad(lambda p: p.a**2 * p.b)(Point(3.0, 2.0))
    assert type(g) is Point
    assert g == (12.0, 9.0)
    net = [Frozen(Layer(np.ones((2, 2)), np.zeros(2)), 3.0), (1.0, [2.0])]

    def loss(net):
        frozen, (a, (b,)) = net
        return frozen.k * np.sum(frozen.inner.w @ np.array([1.0, 2.0]) + frozen.inner.b) + a * b

    g = gw.grad(loss)(net)
    assert type(g) is list
    assert type(g[0]) is Frozen
    assert type(g[0].inner) is Layer
    np.testing.assert_array_equal(g[0].inner.w, [[3.0, 6.0], [3.0, 6.0]])
    np.testing.assert_array_equal(g[0].inner.b, [3.0, 3.0])
    assert g[0].k == 6.0
    assert g[1] == (2.0, [1.0])
    s = gw.grad(lambda s: s.u * s.v)(SimpleNamespace(u=2.0, v=5.0))
    assert (s.u, s.v) == (5.0, 2.0)


def test_a_list_of_ints_is_called_with_floats_and_gives_a_list():
    seen = []

    def f(x):
        seen.append(x)
        return x[0] ** 2 * x[1]

    g = gw.grad(f)([1, 2])
    assert type(g) is list
    assert g == [4.0, 1.0]
    assert [type(v) for v in g] == [float, float]
    assert type(seen[0]) is list
    assert [isinstance(v, float) for v in seen[0]] == [True, True]


def test_operators_of_containers():
    p = {"z": 2.0, "a": np.array([1.0, 3.0])}

    def f(p):
        return {"out": p["z"] * p["a"], "sum": p["z"] + np.sum(p["a"])}

    J = gw.jacobian(f)(p)
    assert list(J) == ["out", "sum"]
    assert list(J["out"]) == ["z", "a"]
    np.testing.assert_array_equal(J["out"]["z"], p["a"])
    np.testing.assert_array_equal(J["out"]["a"], 2 * np.eye(2))
    np.testing.assert_array_equal(J["sum"]["a"], [1.0, 1.0])
    assert J["sum"]["z"] == 1.0
    H = gw.hessian(lambda p: p["z"] ** 2 * np.sum(p["a"]))(p)
    assert list(H) == ["z", "a"]
    assert H["z"]["z"] == 8.0
    np.testing.assert_array_equal(H["z"]["a"], [4.0, 4.0])
    np.testing.assert_array_equal(H["a"]["z"], [4.0, 4.0])
    np.testing.assert_array_equal(H["a"]["a"], np.zeros((2, 2)))
    value, tangent = gw.jvp(f, (p,), ({"z": 1.0, "a": np.zeros(2)},))
    np.testing.assert_array_equal(tangent["out"], p["a"])
    _, transpose = gw.vjp(f, p)
    (bar,) = transpose({"out": np.zeros(2), "sum": 1.0})
    assert list(bar) == ["z", "a"]
    np.testing.assert_array_equal(bar["a"], [1.0, 1.0])
    Hv = gw.hvp(lambda p: p["z"] ** 2 * np.sum(p["a"]))(p, {"z": 1.0, "a": np.zeros(2)})
    assert Hv["z"] == 8.0
    np.testing.assert_array_equal(Hv["a"], [4.0, 4.0])
    assert gw.directional_derivative(lambda p: p["z"] ** 2 * np.sum(p["a"]))(p, {"z": 3.0, "a": np.zeros(2)}) == 16.0


def test_an_argument_that_is_not_used_has_gradient_zero():
    g = gw.grad(lambda x, y: x**2, (0, 1))(3.0, np.ones((2, 3)))
    assert g[0] == 6.0
    np.testing.assert_array_equal(g[1], np.zeros((2, 3)))
    g = gw.grad(lambda p: p["a"] ** 2)({"a": 3.0, "unused": np.ones(2)})
    np.testing.assert_array_equal(g["unused"], [0.0, 0.0])
    assert gw.grad(lambda x: 3.0)(1.0) == 0.0
    np.testing.assert_array_equal(gw.grad(lambda x: 3.0)(np.ones(2)), np.zeros(2))
    np.testing.assert_array_equal(gw.hessian(lambda x: 3.0)(np.ones(2)), np.zeros((2, 2)))
    np.testing.assert_array_equal(gw.hessian(lambda x: 3.0 * x[0])(np.ones(2)), np.zeros((2, 2)))
    np.testing.assert_array_equal(gw.jacobian(lambda x: np.ones(3))(np.ones(2)), np.zeros((3, 2)))


def test_none_inside_a_container_stays():
    assert gw.grad(lambda p: p["a"] ** 2)({"a": 3.0, "b": None}) == {"a": 6.0, "b": None}


# --- numbers and dtypes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", [3.0, 3, np.float64(3), np.float32(3), np.int32(3), np.array(3.0), np.array(3)])
def test_the_kind_of_number_in_is_the_kind_out(point):
    g = gw.grad(lambda x: x**2)(point)
    assert float(g) == 6.0
    expected = {float: float, int: float, np.float64: np.float64, np.float32: np.float32, np.int32: np.float64}
    if isinstance(point, np.ndarray):
        assert np.shape(g) == ()
        assert g.dtype == np.float64
    else:
        assert type(g) is expected[type(point)]


def test_python_floats_out_of_every_operator_of_numbers():
    sin = np.sin  # gives NumPy scalars, whatever it is given
    assert type(gw.grad(sin)(1.0)) is float
    assert type(gw.derivative(sin)(1.0)) is float
    assert type(gw.derivative(sin, 3)(1)) is float
    assert type(gw.jacobian(sin)(1.0)) is float
    assert type(gw.jacfwd(sin)(1.0)) is float
    assert type(gw.jacrev(sin)(1.0)) is float
    assert type(gw.hessian(sin)(1.0)) is float
    assert type(gw.hvp(sin)(1.0, 2.0)) is float
    assert type(gw.partial_derivative(sin, 0)(1.0)) is float
    assert type(gw.directional_derivative(lambda x, y: sin(x * y))((1.0, 2.0), (1.0, 0.0))) is float
    assert type(gw.laplacian(sin)(1.0)) is float
    assert type(gw.divergence(sin)(1.0)) is float
    assert type(gw.vjp(sin, 1.0)[1](1.0)[0]) is float
    assert isinstance(gw.jvp(sin, (1.0,), (1.0,))[1], float)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_single_precision_stays(dtype):
    x = np.array([1.0, 1.25, 3.0], dtype)

    def f(x):
        return np.sum(np.sin(x) * 2.0 + x**2 / 3)

    for operator in (gw.grad, gw.jacobian, gw.jacfwd, gw.jacrev):
        found = operator(f)(x)
        assert found.dtype == dtype
        np.testing.assert_allclose(
            found, 2 * np.cos(x.astype(float)) + 2 * x.astype(float) / 3, atol=4 * np.finfo(dtype).eps
        )
    assert gw.hessian(f)(x).dtype == dtype
    assert gw.hvp(f)(x, x).dtype == dtype
    value, gradient = gw.value_and_grad(f)(x)
    assert value.dtype == f(x).dtype == dtype
    value, tangent = gw.jvp(np.exp, (x,), (x,))
    assert value.dtype == tangent.dtype == dtype
    assert gw.vmap(np.exp)(x).dtype == dtype
    assert gw.derivative(np.exp)(x).dtype == dtype
    assert gw.derivative(np.exp, 2)(x).dtype == dtype


def test_single_precision_parameters_with_double_data():
    w = np.ones(2, np.float32)
    data = np.array([[1.0, 2.0], [3.0, 4.0]])
    g = gw.grad(lambda w: np.sum(data @ w))(w)
    assert g.dtype == np.float32
    np.testing.assert_array_equal(g, [4.0, 6.0])


def test_integer_arrays_become_float_where_they_are_differentiated_only():
    seen = {}

    def f(x, i):
        seen["x"], seen["i"] = x.dtype, i.dtype
        return np.sum(x[i] ** 2)

    g = gw.grad(f)(np.array([1, 2, 3]), np.array([0, 2, 2]))
    np.testing.assert_array_equal(g, [2.0, 0.0, 12.0])
    assert g.dtype == np.float64
    assert seen == {"x": np.float64, "i": np.int64}


# --- complex numbers --------------------------------------------------------------------------------------------------------


def test_holomorphic_functions():
    z = 0.3 + 0.8j
    assert gw.derivative(lambda z: z**3)(z) == pytest.approx(3 * z**2)
    assert gw.derivative(np.exp, 3)(z) == pytest.approx(np.exp(z))
    zs = np.array([0.3 + 0.8j, -1.0 + 0.1j])
    np.testing.assert_allclose(gw.derivative(np.sin)(zs), np.cos(zs))
    M = np.array([[1.0 + 2j, 0.5], [3j, -1.0]])
    for operator in (gw.jacobian, gw.jacfwd, gw.jacrev):
        np.testing.assert_allclose(operator(lambda z: M @ z**2)(zs), M * (2 * zs))
    value, tangent = gw.jvp(lambda z: z**2, (z,), (1j,))
    assert tangent == pytest.approx(2j * z)
    # vjp is the adjoint: conj(f') · cotangent
    assert gw.vjp(lambda z: z**2, z)[1](1.0 + 0j)[0] == pytest.approx(np.conj(2 * z))


def test_real_functions_of_complex_numbers():
    z = 0.3 + 0.8j
    g = gw.grad(lambda z: abs(z) ** 2)(z)
    assert type(g) is complex
    assert g == pytest.approx(2 * z)
    assert gw.grad(lambda z: z.real * z.imag**2)(z) == pytest.approx(0.64 + 1j * 2 * 0.3 * 0.8)
    assert gw.grad(lambda z: np.real(z**2))(z) == pytest.approx(2 * 0.3 - 1j * 2 * 0.8)
    zs = np.array([0.3 + 0.8j, -1.0 + 0.1j])
    np.testing.assert_allclose(gw.grad(lambda z: np.sum(np.abs(z) ** 2))(zs), 2 * zs)
    np.testing.assert_allclose(gw.jacobian(lambda z: np.abs(z) ** 2)(zs), np.diag(2 * zs))
    assert gw.grad(lambda z: np.sum(np.abs(z) ** 2))(zs.astype(np.complex64)).dtype == np.complex64


def test_complex_numbers_inside_a_real_function():
    x = 0.7
    assert gw.grad(lambda x: np.real(np.exp(1j * x)))(x) == pytest.approx(-np.sin(x))
    assert gw.grad(lambda x: np.abs(np.exp(1j * x) + x) ** 2)(x) == pytest.approx(
        2 * x + 2 * np.cos(x) - 2 * x * np.sin(x)
    )
    J = gw.jacobian(lambda x: np.exp(1j * x))(np.array([0.1, 0.2]))
    np.testing.assert_allclose(J, np.diag(1j * np.exp(1j * np.array([0.1, 0.2]))))


def test_what_is_not_holomorphic_is_refused():
    z = 0.3 + 0.8j
    with pytest.raises(gw.OutputError, match=r"complex number. A real number is required"):
        gw.grad(lambda z: z**2)(z)
    with pytest.raises(gw.OutputError, match="not holomorphic"):
        gw.derivative(np.conj)(z)
    with pytest.raises(gw.OutputError, match="not holomorphic"):
        gw.jacobian(lambda z: z * np.conj(z))(np.array([z, 2 * z]))
    with pytest.raises(gw.OutputError, match="not holomorphic"):
        gw.derivative(np.abs)(z)
    with pytest.raises(gw.OutputError, match="not holomorphic"):
        gw.derivative(lambda z: np.conj(z) * 2)(np.array([z, 2 * z]))
    with pytest.raises(gw.InputError, match="complex"):
        gw.hessian(lambda z: np.abs(z) ** 2)(z)


# --- has_aux ----------------------------------------------------------------------------------------------------------------


def test_has_aux():
    def f(x):
        r = x - 1.0
        return np.sum(r**2), {"residual": r, "name": "f", "n": 3}

    x = np.array([2.0, 4.0])
    g, aux = gw.grad(f, has_aux=True)(x)
    np.testing.assert_array_equal(g, [2.0, 6.0])
    assert type(aux["residual"]) is np.ndarray
    np.testing.assert_array_equal(aux["residual"], [1.0, 3.0])
    assert aux["name"] == "f"
    assert aux["n"] == 3
    (value, aux), g = gw.value_and_grad(f, has_aux=True)(x)
    assert value == 10.0
    np.testing.assert_array_equal(aux["residual"], [1.0, 3.0])
    value, tangent, aux = gw.jvp(f, (x,), (np.ones(2),), has_aux=True)
    assert (value, tangent) == (10.0, 8.0)
    np.testing.assert_array_equal(aux["residual"], [1.0, 3.0])
    value, transpose, aux = gw.vjp(f, x, has_aux=True)
    np.testing.assert_array_equal(transpose(1.0)[0], [2.0, 6.0])
    np.testing.assert_array_equal(aux["residual"], [1.0, 3.0])


def test_has_aux_holds_any_object_and_its_arrays_are_plain():
    class Log:
        pass

    log = Log()

    def f(x):
        return x**2, [log, None, x * 2, "text", {1, 2}]

    _, aux = gw.grad(f, has_aux=True)(3.0)
    assert aux[0] is log
    assert aux[1] is None
    assert aux[2] == 6.0
    assert isinstance(aux[2], float)
    assert type(aux[2]) in (float, np.float64)
    assert aux[3:] == ["text", {1, 2}]
    with pytest.raises(gw.OutputError, match="A pair \\(value, auxiliary\\) is required"):
        gw.grad(lambda x: x**2, has_aux=True)(3.0)


def test_results_with_aux_of_an_inner_derivative_keep_the_outer_one():
    def inner(x):
        return x**2, x**3

    def outer(x):
        g, aux = gw.grad(inner, has_aux=True)(x)
        return g * aux  # 2x⁴

    assert gw.grad(outer)(1.5) == pytest.approx(8 * 1.5**3)


def test_named_results_of_collections_counter_are_left_alone():
    assert gw.grad(lambda p: p["a"] * 2.0)(collections.OrderedDict(a=1.0)) == {"a": 2.0}
