"""What cannot be checked is refused, with the value, what is required and what to write instead."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import gradwise as gw
from gradwise.errors import InputError

X = np.array([1.0, 2.0])


def f(x):
    return np.sum(x**2)


def g(x):
    return 2 * x


def boom(x, *rest):
    raise RuntimeError("boom")


def generator(x):
    yield 1.0


BAD = {
    "f raises": (lambda: gw.check_grad(boom, X, g), r"f\(x\) raised RuntimeError: boom"),
    "grad raises": (lambda: gw.check_grad(f, X, boom), r"grad\(x\) raised RuntimeError: boom"),
    "f returns None": (lambda: gw.check_grad(lambda x: None, X, g), r"f\(x\) returned None"),
    "grad returns None": (lambda: gw.check_grad(f, X, lambda x: None), r"grad\(x\) returned None"),
    "f returns a vector": (lambda: gw.check_grad(lambda x: x, X, g), r"shape \(2,\).*check_jacobian"),
    "f returns a dict": (lambda: gw.check_grad(lambda x: {"a": 1.0}, X, g), "a dict"),
    "f returns text": (lambda: gw.check_grad(lambda x: "a", X, g), "'a' of type str"),
    "f returns complex": (lambda: gw.check_grad(lambda x: 1j * np.sum(x), X, g), "complex number 3j"),
    "grad returns complex": (lambda: gw.check_grad(f, X, lambda x: 2j * x), "complex numbers for a real x"),
    "grad returns text": (lambda: gw.check_grad(f, X, lambda x: np.array(["a", "b"])), "dtype <U1"),
    "grad returns booleans": (lambda: gw.check_grad(f, X, lambda x: x > 0), "dtype bool"),
    "grad returns ragged lists": (lambda: gw.check_grad(f, X, lambda x: [[1.0], [1.0, 2.0]]), "no array of numbers"),
    "NaN in x": (lambda: gw.check_grad(f, np.array([np.nan, 1.0]), g), r"x holds nan \(entry 0"),
    "NaN at x": (lambda: gw.check_grad(lambda x: np.nan, X, g), r"f\(x\) is nan"),
    "x outside bounds": (lambda: gw.check_grad(f, X, g, bounds=(3, 4)), "x is outside bounds"),
    "n = 0": (lambda: gw.check_grad(f, np.zeros(0), g), "holds no numbers"),
    "f no function": (lambda: gw.check_grad(3.0, X, g), "f=3.0.*cannot be called"),
    "grad a string": (lambda: gw.check_grad(f, X, "g"), "grad='g' is a str"),
    "f a generator function": (lambda: gw.check_grad(generator, X, g), "generator function"),
    "grad a generator function": (lambda: gw.check_grad(f, X, generator), "returned a generator"),
    "x a generator": (lambda: gw.check_grad(f, (i for i in range(3)), g), "read only once"),
    "x an iterator": (lambda: gw.check_grad(f, itertools.count(), g), "read only once"),
    "x a boolean": (lambda: gw.check_grad(f, np.array([True]), g), "a boolean"),
    "x a string": (lambda: gw.check_grad(f, "x", g), "type str"),
    "an entry that is not there": (lambda: gw.check_grad(f, X, g, entries=[7]), r"entries=\[7\]"),
    "no entries": (lambda: gw.check_grad(f, X, g, entries=[]), "is empty"),
    "no directions": (lambda: gw.check_grad(f, X, g, directions=0), "directions=0"),
    "argnums too large": (lambda: gw.check_grad(f, X, g, argnums=3), "argnums=3"),
    "argnums empty": (lambda: gw.check_grad(f, X, g, argnums=()), r"argnums=\(\)"),
    "an argument too few": (lambda: gw.check_grad(lambda a, b: a * b, 1.0, g), "takes 1 argument"),
    "untraceable without grad": (
        lambda: gw.check_grad(lambda x: float(np.frombuffer(x.tobytes()) @ x), X),
        "Pass grad=",
    ),
    "jac no function": (lambda: gw.check_jacobian(2, X), "cannot be called"),
    "Jacobian of None": (lambda: gw.check_jacobian(lambda x: None, X), r"f\(x\) returned None"),
    "Jacobian of nothing": (lambda: gw.check_jacobian(lambda x: x[:0], X), "holds no numbers"),
    "jac raises": (lambda: gw.check_jacobian(lambda x: x, X, boom), r"jac\(x\) raised RuntimeError"),
    "jac returns None": (lambda: gw.check_jacobian(lambda x: x, X, lambda x: None), r"jac\(x\) returned None"),
    "Jacobian of NaN": (lambda: gw.check_jacobian(lambda x: x * np.nan, X), "NaN or infinity"),
    "Hessian of a vector": (lambda: gw.check_hessian(lambda x: x, X), "one real number"),
    "Hessian of complex": (lambda: gw.check_hessian(lambda x: np.sum(x) * 1j, X), "complex"),
    "jvp no function": (lambda: gw.check_jvp(np.sin, X, 3.0), "jvp=3.0"),
    "vjp raises": (lambda: gw.check_vjp(np.sin, X, boom), r"vjp\(x, u\) raised RuntimeError"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_by_name(name):
    call, message = BAD[name]
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert str(caught.value).count(". ") >= 1, "what was done, what is required, what to write instead"


def test_the_cause_is_kept():
    with pytest.raises(InputError) as caught:
        gw.check_grad(f, X, boom)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_the_callers_arrays_stay_as_they_are():
    x = np.array([3.0, 1.0, 2.0])
    data = np.array([5.0, 4.0, 6.0])

    def sorts(x, data):
        x.sort()
        data.sort()
        return np.sum(x * data)

    with pytest.raises(AssertionError, match="modifies its input"):
        gw.testing.assert_grad(sorts, (x, data), lambda x, data: np.sort(data)[np.argsort(np.argsort(x))])
    np.testing.assert_array_equal(x, [3.0, 1.0, 2.0])


GOOD = {
    "a list": (lambda x: x[0] ** 2 + x[1], [1.0, 2.0], lambda x: [2 * x[0], 1.0]),
    "an array as the claim": (f, X, np.array([2.0, 4.0])),
    "a Python integer": (lambda x: x**2, 3, lambda x: 2 * x),
    "integers": (lambda x: np.sum(np.asarray(x) ** 2), np.array([1, 2]), lambda x: 2 * np.asarray(x)),
    "a 0-d array": (lambda x: x**2, np.array(3.0), lambda x: 2 * x),
    "a dict": (lambda p: p["a"] ** 2 * np.sum(p["b"]), {"a": 2.0, "b": X}, lambda p: {"a": 2 * p["a"] * np.sum(p["b"]), "b": p["a"] ** 2 * np.ones(2)}),
    "two numbers": (lambda a, b: a * b**2, (2.0, 3.0), lambda a, b: (b**2, 2 * a * b)),
    "two numbers, an array back": (lambda a, b: a * b**2, (2.0, 3.0), lambda a, b: np.array([b**2, 2 * a * b])),
    "complex": (lambda z: np.sum(np.abs(z) ** 2), np.array([1 + 2j, 3.0]), lambda z: 2 * z),
    "nested": (lambda p: p[0] * p[1][0] + p[1][1] ** 2, (1.0, [2.0, 3.0]), lambda p: (p[1][0], [p[0], 2 * p[1][1]])),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_containers_and_numbers_of_all_kinds(name):
    function, x, grad = GOOD[name]
    report = gw.check_grad(function, x, grad)
    assert report.passed, report.summary()
    assert report.conclusive


def test_argnums_chooses_arguments():
    product = lambda a, b, c: a * b * c
    assert gw.check_grad(product, (1.0, 2.0, 3.0), lambda a, b, c: a * c, argnums=1).passed
    assert gw.check_grad(product, (1.0, 2.0, 3.0), lambda a, b, c: a * c, argnums="b").passed
    assert gw.check_grad(product, (1.0, 2.0, 3.0), lambda a, b, c: (b * c, a * b), argnums=(0, 2)).passed
    assert gw.check_grad(product, (1.0, 2.0, 3.0), argnums="all").passed
    assert not gw.check_grad(product, (1.0, 2.0, 3.0), lambda a, b, c: b * c, argnums=1).passed


def test_integers_that_the_claim_cuts():
    def grad(x):
        out = np.zeros_like(x)
        out[:] = np.cos(x)
        return out

    report = gw.check_grad(lambda x: np.sum(np.sin(x)), np.array([1, 2, 3]), grad)
    assert report.causes[0] == "integer truncation"
    assert gw.check_grad(lambda x: np.sum(np.sin(x)), np.array([1.0, 2.0, 3.0]), grad).passed
