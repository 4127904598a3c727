"""Traced complex numbers beside numbers of every kind, by every operator: values and types as Python's and NumPy's, derivatives by formulas."""

import operator

import numpy as np
import pytest

import gradwise as gw
from gradwise.tracing import arithmetic

OTHERS = {
    "complex": 0.7 - 0.4j,
    "complex128": np.complex128(0.7 - 0.4j),
    "float": 0.7,
    "float64": np.float64(0.7),
    "int": 3,
    "negative zero": complex(-0.0, 0.5),
    "float32": np.float32(0.75),
}
OPERATORS = {
    "add": (operator.add, lambda z, c: 1.0, lambda z, c: 1.0),
    "sub": (operator.sub, lambda z, c: 1.0, lambda z, c: -1.0),
    "mul": (operator.mul, lambda z, c: c, lambda z, c: c),
    "truediv": (operator.truediv, lambda z, c: 1 / c, lambda z, c: -c / z**2),
    "pow": (operator.pow, lambda z, c: c * z ** (c - 1), lambda z, c: c**z * np.log(c)),
}


@pytest.mark.parametrize("make", [complex, lambda a, b: np.complex128(complex(a, b)), lambda a, b: a + 1j * b])
@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("name", OPERATORS)
def test_a_complex_number_beside_another(name, other, make):
    function, right, left = OPERATORS[name]
    c = OTHERS[other]

    def f(x, *, reflected):
        z = make(x[0], x[1])
        w = function(c, z) if reflected else function(z, c)
        return w.real + 2 * w.imag

    x = np.array([0.8, 0.3])
    for reflected, slope in ((False, right), (True, left)):
        value, gradient = gw.value_and_grad(lambda x, r=reflected: f(x, reflected=r), method="exact", pure=False)(x)
        plain = f(x, reflected=reflected)
        assert type(value) is type(plain)
        np.testing.assert_allclose(value, plain, rtol=1e-6 if other == "float32" else 4e-16)
        # of w(z), Re w + 2 Im w moves by Re w' + 2 Im w' and by −Im w' + 2 Re w'
        d = complex(slope(complex(*x), complex(c)))
        rtol = 1e-6 if other == "float32" else 1e-13
        np.testing.assert_allclose(gradient, [d.real + 2 * d.imag, -d.imag + 2 * d.real], rtol=rtol, atol=1e-15)


def test_beside_traced_real_numbers_and_as_python_decides():
    def f(x):
        a, b = float(x[0]), x[1]
        z = complex(a, b)
        assert type(z * a) is complex
        assert z != z + b
        assert not z == z.conjugate()
        w = (z * a - b / z + a**z) * (b + 1j * z)
        return abs(w) + (z**2).imag

    def formula(x):
        a, b = x
        z = complex(a, b)
        w = (z * a - b / z + a**z) * (b + 1j * z)
        wa = (a + z + b / z**2 + a**z * (np.log(a) + z / a)) * (b + 1j * z) + (z * a - b / z + a**z) * 1j
        wb = (1j * a - 1 / z + 1j * b / z**2 + a**z * 1j * np.log(a)) * (b + 1j * z) + (z * a - b / z + a**z) * (1 - 1)
        return [(w.conjugate() * d).real / abs(w) for d in (wa, wb)] + 2 * np.array([b, a])

    x = np.array([0.8, 0.3])
    for g in (gw.grad(f), gw.grad(f, method="exact", pure=False)):
        np.testing.assert_allclose(g(x), formula(x), rtol=1e-13)
    with pytest.raises(ZeroDivisionError):
        gw.grad(lambda x: (complex(x[0], x[1]) / complex(0, 0)).real)(x)


def test_recorded_without_the_questions_that_operands_of_any_kind_ask(monkeypatch):
    asked = []
    binary = arithmetic.binary
    monkeypatch.setattr(arithmetic, "binary", lambda *a: asked.append(a) or binary(*a))

    def f(x):
        z = w = complex(x[0], x[1])
        for k in range(20):
            w = (w * z + 0.5 - 0.1j) * x[0] - 2 / w + (1 + 1j) * z - k
        return abs(w)

    gw.grad(f, method="exact", pure=False)(np.array([0.8, 0.3]))
    assert not asked


@pytest.mark.parametrize(
    "function",
    [lambda c, x: c ** float(x), lambda c, x: np.power(c, float(x)), lambda c, x: (np.full(2, c) ** float(x))[1]],
)
def test_powers_of_numbers_of_32_bits_are_of_32_bits(function):
    c = np.float32(0.75)
    value, slope = gw.value_and_grad(lambda x: function(c, x), method="exact")(0.8)
    assert type(value) is np.float32
    np.testing.assert_allclose([value, slope], [0.75**0.8, 0.75**0.8 * np.log(0.75)], rtol=1e-6)
