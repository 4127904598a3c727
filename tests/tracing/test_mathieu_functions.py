"""Mathieu's functions and fast Hankel transforms: derivatives against differences, the differential equation, and perturbation theory."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
import scipy.special as sp
from scipy.integrate import quad

import gradwise as gw


@pytest.mark.parametrize("order", [0, 1, 2, 3, 6])
@pytest.mark.parametrize(("of_value", "of_function"), [(sp.mathieu_a, sp.mathieu_cem), (sp.mathieu_b, sp.mathieu_sem)])
def test_characteristic_values(of_value, of_function, order):
    # they raised: da/dq = (4/π) ∫ y² cos 2x from 0 to π
    if of_value is sp.mathieu_b and order == 0:
        pytest.skip("there is none")
    for q in (0.8, 7.0, -2.0):
        found = gw.derivative(lambda q: of_value(order, q), method="exact")(q)
        mean = (
            quad(lambda x, q=q: of_function(order, q, np.degrees(x))[0] ** 2 * np.cos(2 * x), 0, np.pi)[0] * 4 / np.pi
        )
        np.testing.assert_allclose(found, mean, rtol=1e-6, atol=1e-7)
    many = gw.grad(lambda q: np.sum(of_value(order, q)), method="exact")(np.array([0.8, 7.0]))
    np.testing.assert_allclose(many[1], gw.derivative(lambda q: of_value(order, q), method="exact")(7.0), rtol=1e-10)


@pytest.mark.parametrize("order", [1, 2, 5])
@pytest.mark.parametrize(("of_value", "of_function"), [(sp.mathieu_a, sp.mathieu_cem), (sp.mathieu_b, sp.mathieu_sem)])
def test_functions(of_value, of_function, order):
    q, x, h = 1.3, 33.0, 1e-3
    value, slope = of_function(order, q, x)
    found = gw.derivative(lambda x: of_function(order, q, x)[0], method="exact")(x)
    np.testing.assert_allclose(found, slope * np.pi / 180, rtol=1e-6)
    second = gw.derivative(lambda x: of_function(order, q, x)[1], method="exact")(x)
    bend = -(of_value(order, q) - 2 * q * np.cos(2 * np.radians(x))) * value
    np.testing.assert_allclose(second, bend * np.pi / 180, rtol=1e-6)
    by_q = gw.derivative(lambda q: of_function(order, q, x)[0], method="exact")(q)
    np.testing.assert_allclose(
        by_q, (of_function(order, q + h, x)[0] - of_function(order, q - h, x)[0]) / (2 * h), rtol=1e-5
    )
    both = gw.jacobian(lambda p: of_function(order, p[0], np.stack([p[1], 2 * p[1]]))[0], method="exact")(
        np.array([q, x])
    )
    np.testing.assert_allclose(both[0], [by_q, found], rtol=1e-8)


@pytest.mark.parametrize("transform", [scipy.fft.fht, scipy.fft.ifht])
@pytest.mark.parametrize("bias", [0.0, 0.3])
def test_hankel_transforms(transform, bias):
    # they raised; they are linear in the sequence
    a, tangent = np.exp(-(np.linspace(-2, 2, 12) ** 2)), np.cos(np.arange(12.0))

    def f(a):
        return transform(a, 0.2, mu=0.5, offset=0.1, bias=bias)

    value, moved = gw.jvp(f, (a,), (tangent,), method="exact")
    np.testing.assert_array_equal(value, f(a))
    np.testing.assert_allclose(moved, f(tangent), rtol=1e-10, atol=1e-13)
    pulled = gw.grad(lambda a: f(a) @ tangent, method="exact")(a)
    np.testing.assert_allclose(pulled @ tangent, moved @ tangent)
    with pytest.raises(gw.TracingError, match="Only the sequence"):
        gw.grad(lambda m: transform(a, 0.2, mu=m)[0], method="exact")(0.5)


def test_single_precision():
    value = gw.grad(lambda q: sp.mathieu_a(2, q), method="exact")(np.float32(1.3))
    assert value.dtype == np.float32
    np.testing.assert_allclose(value, gw.grad(lambda q: sp.mathieu_a(2, q))(1.3), rtol=1e-5)
