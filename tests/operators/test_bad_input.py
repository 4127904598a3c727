"""What cannot be differentiated is refused with an error that names it, says what is required, and what to write instead."""

from __future__ import annotations

import functools
import re

import numpy as np
import pytest

import gradwise as gw

OPERATORS = [gw.grad, gw.value_and_grad, gw.jacobian, gw.jacfwd, gw.jacrev, gw.hessian]
square = lambda x: np.sum(np.square(x))


def named(p):
    return np.sum(p["w"]) * p["k"]


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda o: o.__name__)
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array(["a", "b"]), r"argument 'x' is an array of dtype <U1"),
        (np.array([1.0, None], dtype=object), r"argument 'x' is an array of dtype object"),
        (np.array([True, False]), r"argument 'x' is an array of dtype bool"),
        (True, r"argument 'x' is the boolean True"),
        (np.bool_(False), r"argument 'x' is the boolean"),
        ("text", r"argument 'x' is 'text' of type str"),
        (b"bytes", r"argument 'x' is b'bytes' of type bytes"),
        (None, r"argument 'x' is None and holds no numbers"),
        ([], r"argument 'x' is \[\] and holds no numbers"),
        ({}, r"argument 'x' is \{\} and holds no numbers"),
        ([1.0, "two"], r"argument 'x\[1\]' is 'two' of type str"),
        ({"a": {"b": True}}, r"argument \"x\['a'\]\['b'\]\" is the boolean True"),
        (object(), r"argument 'x' is <object object at .*> of type object"),
        (np.datetime64("2020-01-01"), r"argument 'x' is .* of type datetime64"),
        ({1, 2}, r"argument 'x' is \{1, 2\} of type set"),
        (np.array([1, 2], dtype="datetime64[D]"), r"argument 'x' is an array of dtype datetime64"),
        (np.zeros(2, dtype=[("a", float)]), r"argument 'x' is an array of dtype"),
    ],
)
def test_arguments_that_are_no_numbers(operator, value, message):
    with pytest.raises(gw.InputError, match=message) as caught:
        operator(lambda x: 1.0)(value)
    assert "required" in str(caught.value)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, ValueError)


def test_a_cyclic_container():
    cycle = [1.0]
    cycle.append(cycle)
    with pytest.raises(gw.InputError, match=r"contains itself|cycl"):
        gw.grad(lambda x: x[0])(cycle)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda o: o.__name__)
@pytest.mark.parametrize(
    ("argnums", "message"),
    [
        (2, r"argnums=2 asks for an argument that the call does not have"),
        (-3, r"argnums=-3 asks for an argument that the call does not have"),
        ((0, 0), r"names an argument twice"),
        ((0, "x"), r"names an argument twice"),
        ((), r"argnums is empty"),
        ("nothing", r"argnums='nothing' names no argument of f\. One of x, y is required"),
        (1.0, r"argnums holds 1\.0 of type float"),
        (True, r"argnums holds True of type bool"),
        (None, r"argnums holds None of type NoneType"),
        ((0, None), r"argnums holds None"),
    ],
)
def test_argnums(operator, argnums, message):
    def f(x, y):
        return x * y

    with pytest.raises(gw.InputError, match=message):
        operator(f, argnums)(1.0, 2.0)


CURRIED = {
    "grad": gw.grad,
    "value_and_grad": gw.value_and_grad,
    "derivative": gw.derivative,
    "partial_derivative": lambda f, **k: gw.partial_derivative(f, 0, **k),
    "directional_derivative": gw.directional_derivative,
    "jacobian": gw.jacobian,
    "jacfwd": gw.jacfwd,
    "jacrev": gw.jacrev,
    "hessian": gw.hessian,
    "hvp": gw.hvp,
    "divergence": gw.divergence,
    "curl": gw.curl,
    "laplacian": gw.laplacian,
    "taylor": functools.partial(gw.taylor, order=2),
    "vmap": gw.vmap,
}


@pytest.mark.parametrize("name", CURRIED)
def test_a_missing_point(name):
    with pytest.raises((gw.InputError, TypeError), match=r"point|argument|without"):
        CURRIED[name](lambda x: x)()


@pytest.mark.parametrize("name", [*CURRIED, "custom_rule"])
def test_what_is_not_callable(name):
    operator = {**CURRIED, "custom_rule": gw.custom_rule}[name]
    with pytest.raises(gw.InputError, match=rf"gw\.{name}.* was given 3\.0 of type float\. A function is required"):
        operator(3.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: gw.jvp(3.0, (1.0,), (1.0,)),
        lambda: gw.vjp(3.0, 1.0),
        lambda: gw.linearize(3.0, 1.0),
        lambda: gw.trace(3.0, 1.0),
        lambda: gw.explain(None, 1.0),
        lambda: gw.kinks([], 1.0),
    ],
)
def test_what_is_not_callable_at_once(call):
    with pytest.raises(gw.InputError, match="A function is required"):
        call()


@pytest.mark.parametrize("name", [n for n in CURRIED if n != "vmap"])
def test_method(name):
    for wrong in ("typo", None, 1, "Exact"):
        with pytest.raises(
            gw.InputError, match=rf'gw\.{name} was given method={wrong!r}\. "auto", "exact" or "numerical" is required'
        ):
            CURRIED[name](lambda x: x, method=wrong)


def test_sparse_is_refused_until_it_exists():
    for operator in (gw.jacobian, gw.hessian):
        with pytest.raises(gw.InputError, match="sparse=False is required"):
            operator(square, sparse=True)


# --- outputs --------------------------------------------------------------------------------------------------------------------


SCALAR_ONLY = {
    "grad": gw.grad,
    "value_and_grad": gw.value_and_grad,
    "hessian": gw.hessian,
    "laplacian": gw.laplacian,
    "hvp": lambda f: lambda x: gw.hvp(f)(x, x),
}


@pytest.mark.parametrize("name", SCALAR_ONLY)
@pytest.mark.parametrize(
    ("f", "message"),
    [
        (
            lambda x: x * 2,
            r"gw\.{name} of <lambda>: the function returned an array of shape \(3,\)\. A single real number is required.*jacobian",
        ),
        (lambda x: np.sum(x, keepdims=True), r"an array of shape \(1,\)"),
        (lambda x: (x[0], x[1]), r"the function returned a container with 2 leaves"),
        (lambda x: [x[0]], r"the function returned a container, which holds one number\..* Return its entry \[0\]"),
        (lambda x: {"loss": x[0]}, r"the function returned a container"),
        (lambda x: x[0] * 1j, r"the function returned a complex number"),
        (lambda x: x[0] > 0, r"the function returned a boolean"),
        (lambda x: 3, r"the function returned an integer"),
        (lambda x: np.argmax(x), r"the function returned an integer"),
        (lambda x: None, r"returned None|returned a container with 0"),
        (lambda x: "text", r"<lambda> returned 'text'"),
        (lambda x: object(), r"<lambda> returned an object of type object"),
        (lambda x: np.array(["a"]), r"<lambda> returned an object of type ndarray|dtype"),
        (lambda x: lambda: x, r"<lambda> returned <function"),
    ],
)
def test_outputs(name, f, message):
    with pytest.raises(gw.OutputError, match=message.format(name=name)) as caught:
        SCALAR_ONLY[name](f)(np.array([1.0, 2.0, 3.0]))
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize("operator", [gw.jacobian, gw.jacfwd, gw.jacrev])
def test_jacobians_of_integers(operator):
    for f in (lambda x: np.round(x).astype(int), lambda x: x > 0, lambda x: np.argsort(x)):
        with pytest.raises(gw.OutputError, match=r"values of dtype (int64|bool), which are piecewise constant"):
            operator(f)(np.array([1.0, 2.0]))


def test_derivative_of_integers_and_of_what_is_not_elementwise():
    with pytest.raises(gw.OutputError, match="piecewise constant"):
        gw.derivative(lambda x: int(x))(2.5)
    with pytest.raises(gw.InputError, match=r"entries of the value depend on other entries of x.*gw.jacobian"):
        gw.derivative(np.cumsum)(np.ones(3))
    with pytest.raises(gw.InputError, match=r"an array of shape \(3,\) gave a value of shape \(\)"):
        gw.derivative(np.sum)(np.ones(3))
    with pytest.raises(gw.InputError, match="the argument is a container"):
        gw.derivative(lambda x: x[0])([1.0, 2.0])


# --- orders, indices, directions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [0, -1, 1.0, "1", True, None])
def test_orders(order):
    for make in (
        lambda: gw.derivative(np.sin, order),
        lambda: gw.partial_derivative(np.sin, 0, order=order),
        lambda: gw.directional_derivative(np.sin, order),
    ):
        with pytest.raises(gw.InputError, match=f"order={order!r}. An integer of at least 1 is required"):
            make()
    if order != 0 or order is False:
        with pytest.raises(gw.InputError, match="An integer of at least 0 is required"):
            gw.taylor(np.sin, order)


def test_partial_derivatives():
    def f(x, v):
        return x * np.sum(v)

    v = np.ones(3)
    with pytest.raises(gw.InputError, match=r"the argument is an array of shape \(3,\)\. The entry is required"):
        gw.partial_derivative(f, "v")(1.0, v)
    with pytest.raises(gw.InputError, match=r"index=3, which is out of bounds for an array of shape \(3,\)"):
        gw.partial_derivative(f, "v", index=3)(1.0, v)
    with pytest.raises(gw.InputError, match=r"index=\(0, 1\) for an array of shape \(3,\)"):
        gw.partial_derivative(f, "v", index=(0, 1))(1.0, v)
    with pytest.raises(gw.InputError, match=r"index=0 for a number"):
        gw.partial_derivative(f, "x", index=0)(1.0, v)
    with pytest.raises(gw.InputError, match="names no argument"):
        gw.partial_derivative(f, "z")(1.0, v)
    with pytest.raises(gw.InputError, match="no argument"):
        gw.partial_derivative(f, ())
    with pytest.raises(gw.InputError, match="As many of each"):
        gw.partial_derivative(f, ("x", "v"), index=(None,))
    with pytest.raises(gw.InputError, match="container of 2 leaves"):
        gw.partial_derivative(lambda p: p[0], 0)([1.0, 2.0])


def test_directions():
    x = np.ones(3)
    D = gw.directional_derivative(square)
    with pytest.raises(gw.InputError, match="the direction is zero"):
        D(x, np.zeros(3))
    with pytest.raises(gw.InputError, match="inf or nan"):
        D(x, np.array([1.0, np.nan, 0.0]))
    with pytest.raises(
        gw.InputError, match=r"the direction has shape \(2,\)\. The shape of the point, \(3,\), is required"
    ):
        D(x, np.ones(2))
    with pytest.raises(gw.InputError, match="the direction is complex where the point is real"):
        D(x, np.ones(3) * 1j)
    with pytest.raises(gw.InputError, match="takes a point and a direction"):
        D(x)
    with pytest.raises(gw.InputError, match="One number for each of the 2 arguments"):
        gw.directional_derivative(lambda x, y: x * y)((1.0, 2.0), (1.0,))
    with pytest.raises(gw.InputError, match="takes 2 arguments"):
        gw.directional_derivative(lambda x, y: x * y)((1.0, 2.0, 3.0), (1.0, 1.0, 1.0))
    with pytest.raises(gw.InputError, match="A direction is required"):
        gw.taylor(square, 2)(x)


def test_tangents_and_cotangents():
    x = np.ones(3)
    with pytest.raises(gw.InputError, match=r"primals is ndarray. A tuple"):
        gw.jvp(square, x, (x,))
    with pytest.raises(gw.InputError, match=r"tangents is ndarray. A tuple"):
        gw.jvp(square, (x,), x)
    with pytest.raises(gw.InputError, match="2 primals and 1 tangents"):
        gw.jvp(lambda a, b: a * b, (1.0, 2.0), (1.0,))
    with pytest.raises(gw.InputError, match=r"the tangent has shape \(2,\)\. The shape of the primal, \(3,\)"):
        gw.jvp(square, (x,), (np.ones(2),))
    with pytest.raises(gw.InputError, match="the tangent has the structure"):
        gw.jvp(named, ({"w": x, "k": 1.0},), ({"w": x},))
    with pytest.raises(gw.InputError, match="the tangent is complex where the primal is real"):
        gw.jvp(square, (x,), (x * 1j,))
    with pytest.raises(gw.InputError, match="'tangent' is 'text'"):
        gw.jvp(square, (x,), ("text",))
    _, linear = gw.linearize(square, x)
    with pytest.raises(gw.InputError, match="takes 1 tangents, one for each argument, and was given 2"):
        linear(x, x)
    with pytest.raises(gw.InputError, match="the tangent has shape"):
        linear(1.0)
    _, transpose = gw.vjp(np.sin, x)
    with pytest.raises(
        gw.InputError, match=r"the cotangent has shape \(\)\. The shape of the function's value, \(3,\)"
    ):
        transpose(1.0)
    with pytest.raises(gw.InputError, match="the cotangent has the structure"):
        transpose([x])
    with pytest.raises(gw.InputError, match=r"the vector has shape \(2,\)"):
        gw.hvp(square)(x, np.ones(2))
    with pytest.raises(gw.InputError, match="takes a point and a vector"):
        gw.hvp(square)(x)
    with pytest.raises(gw.InputError):
        gw.jvp(square, (), ())
    with pytest.raises(gw.InputError):
        gw.linearize(square)
    with pytest.raises(gw.InputError):
        gw.vjp(square)


def test_cotangents_of_integer_outputs():
    _, transpose = gw.vjp(lambda x: (x**2, 3), 2.0)
    assert transpose((1.0, 0.0)) == (4.0,)
    value, tangent = gw.jvp(lambda x: (x**2, 3, x > 0), (2.0,), (1.0,))
    assert value == (4.0, 3, True)
    assert tangent[0] == 4.0
    assert tangent[1] == 0.0
    assert tangent[2] == 0.0


def test_fields():
    with pytest.raises(gw.OutputError, match="the field has 2 components at a point with 3 coordinates"):
        gw.divergence(lambda v: v[:2])(np.ones(3))
    with pytest.raises(gw.InputError, match=r"the field has 4 dimensions. Two or three are required"):
        gw.curl(lambda v: v * 2)(np.ones(4))
    with pytest.raises(gw.InputError, match="without a point"):
        gw.laplacian(square)()


def test_vmap_input():
    with pytest.raises(gw.InputError, match="batches of different lengths, 2 and 3"):
        gw.vmap(lambda x, y: x + y)(np.ones(2), np.ones(3))
    with pytest.raises(gw.InputError, match=r"in_axes=\(0,\) for 2 arguments"):
        gw.vmap(lambda x, y: x + y, in_axes=(0,))(np.ones(2), np.ones(2))
    with pytest.raises(gw.InputError, match="goes along axis 0 of argument 0, which has shape"):
        gw.vmap(np.sin)(1.0)
    with pytest.raises(gw.InputError, match="goes along axis 2 of argument 0"):
        gw.vmap(np.sin, in_axes=2)(np.ones(3))
    with pytest.raises(gw.InputError, match="no batched argument"):
        gw.vmap(lambda x: x, in_axes=(None,))(np.ones(3))
    with pytest.raises(gw.InputError, match="no batched argument"):
        gw.vmap(lambda x: x)()
    with pytest.raises(gw.InputError, match="the batch is empty"):
        gw.vmap(np.sin)(np.zeros(0))
    with pytest.raises(gw.InputError, match=r"in_axes='0'|in_axes holds"):
        gw.vmap(np.sin, in_axes="0")(np.ones(3))
    with pytest.raises(gw.InputError, match="in_axes"):
        gw.vmap(np.sin, in_axes=0.5)(np.ones(3))


@pytest.mark.parametrize("operator", ["grad", "value_and_grad", "hessian"])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.array([np.sum(x**3)]),
        lambda x: np.sum(x**3, keepdims=True).reshape(1, 1),
        lambda x: [np.sum(x**3)],
        lambda x: {"loss": np.array([np.sum(x**3)])},
    ],
)
def test_one_number_in_an_array_or_a_container_is_asked_for_by_what_works(f, operator):
    x = np.array([1.0, 2.0])
    with pytest.raises(gw.OutputError) as caught:
        getattr(gw, operator)(f)(x)
    written = re.search(r"or write (gw\.\w+\(lambda x: f\(x\).*?\))(,|$)", str(caught.value))
    found = eval(written[1], {"gw": gw, "f": f})(x)
    truth = {"grad": 3 * x**2, "value_and_grad": (9.0, 3 * x**2), "hessian": np.diag(6 * x)}[operator]
    for one, other in zip(found, truth, strict=True):
        np.testing.assert_allclose(one, other)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x.foo, 1.0),
        (lambda x: x.foo, np.ones(2)),
        (lambda x: x[0](), np.ones(2)),
        (lambda x: x + "a", 1.0),
        (lambda x: len(x), 1.0),
        (lambda x: x[0], 1.0),
    ],
)
def test_mistakes_of_the_function_name_the_types_that_it_knows(f, x):
    with pytest.raises((AttributeError, TypeError)) as plain:
        f(x)
    with pytest.raises(type(plain.value)) as caught:
        gw.grad(f)(x)
    assert str(caught.value) == str(plain.value)


def test_a_pair_is_asked_for_by_what_was_returned():
    for f, what in ((np.sum, "a number"), (np.sin, "an array"), (lambda x: (np.sum(x), 1, 2), "a tuple of 3")):
        with pytest.raises(gw.OutputError, match=f"returned {what} under has_aux"):
            gw.grad(f, has_aux=True)(np.ones(3))


@pytest.mark.parametrize("method", ["exact", "numerical"])
def test_one_cotangent_is_asked_for(method):
    _, transpose = gw.vjp(lambda x: (x, x), 1.0, method=method)
    for given in ((), (1.0, 2.0)):
        with pytest.raises(gw.InputError, match=f"was given {len(given)} cotangents"):
            transpose(*given)


@pytest.mark.parametrize("operator", [gw.vjp, gw.linearize])
def test_products_without_a_point(operator):
    with pytest.raises(gw.InputError, match=rf"no arguments.*Write gw\.{operator.__name__}\(f, x\)"):
        operator(lambda x: x * 2)
