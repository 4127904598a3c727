"""The laws of differentiation on random programs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradwise as gw
from gradwise.program.check import check_program
from gradwise.tracing import record
from gradwise.transforms.batch import batch
from gradwise.transforms.forward import pushforward
from gradwise.transforms.reverse import pullback
from gradwise.transforms.simplify import simplify

from programs import arguments_for, programs  # isort: skip
import itertools

SEEDS = st.integers(0, 1000)


def close(a, b, rtol, atol=0.0):
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    scale = max(np.max(np.abs(a), initial=0.0), np.max(np.abs(b), initial=0.0))
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * scale + atol)


def like(rng, args):
    return tuple(np.asarray(rng.standard_normal(a.shape), a.dtype) for a in args)


def difference(f, args, direction):
    """Richardson-extrapolated central differences."""
    table = []
    for h in (4e-3, 2e-3, 1e-3, 5e-4):
        up = f(*(a + h * u for a, u in zip(args, direction, strict=True)))
        down = f(*(a - h * u for a, u in zip(args, direction, strict=True)))
        table.append((np.asarray(up) - np.asarray(down)) / (2 * h))
    for k in range(1, 4):
        table = [(4**k * fine - coarse) / (4**k - 1) for coarse, fine in itertools.pairwise(table)]
    return table[0]


@given(programs(), SEEDS)
@settings(max_examples=150)
def test_the_value_is_that_of_numpy_bit_for_bit(f, seed):
    args = arguments_for(f, seed)
    before = [a.copy() for a in args]
    expected = np.asarray(f(*args))
    u = like(np.random.default_rng(seed), args)
    value, tangent = gw.jvp(f, args, u)
    np.testing.assert_array_equal(value, expected)
    assert np.asarray(value).dtype == expected.dtype
    assert np.shape(tangent) == expected.shape
    value, _ = gw.vjp(f, *args)
    np.testing.assert_array_equal(value, expected)
    value, _ = gw.value_and_grad(f.scalar, "all")(*args)
    np.testing.assert_array_equal(value, f.scalar(*args))
    for a, b in zip(args, before, strict=True):
        np.testing.assert_array_equal(a, b)


@given(programs(), SEEDS)
@settings(max_examples=150)
def test_forward_against_differences_and_reverse_against_forward(f, seed):
    args = arguments_for(f, seed)
    rng = np.random.default_rng(seed + 1)
    u = like(rng, args)
    value, tangent = gw.jvp(f, args, u)
    close(tangent, difference(f, args, u), 1e-6, 1e-8)
    bar = np.asarray(rng.standard_normal(np.shape(value)))
    _, transpose = gw.vjp(f, *args)
    cotangents = transpose(bar)
    left = np.vdot(bar, tangent)
    right = sum(np.vdot(c, v) for c, v in zip(cotangents, u, strict=True))
    size = np.linalg.norm(np.ravel(bar)) * np.linalg.norm(np.ravel(tangent)) + 1e-300
    assert abs(left - right) <= 1e-12 * max(size, abs(left)) + 1e-13
    gradient = gw.grad(lambda *x: np.sum(f(*x) * bar), "all")(*args)
    for g, c in zip(gradient, cotangents, strict=True):
        close(g, c, 1e-12, 1e-14)


@given(programs(), SEEDS)
@settings(max_examples=80)
def test_jacobians_agree_in_both_modes(f, seed):
    args = arguments_for(f, seed)
    forward = gw.jacfwd(f, "all")(*args)
    reverse = gw.jacrev(f, "all")(*args)
    for a, b, x in zip(forward, reverse, args, strict=True):
        assert np.shape(a) == np.shape(f(*args)) + x.shape
        close(a, b, 1e-11, 1e-13)


@given(programs(), SEEDS)
@settings(max_examples=60)
def test_the_hessian_is_symmetric_and_the_derivative_of_the_gradient(f, seed):
    args = arguments_for(f, seed)
    H = gw.hessian(f.scalar, "all")(*args)
    u = like(np.random.default_rng(seed + 2), args)
    products = gw.hvp(f.scalar, "all")(*args, u)
    slopes = difference(lambda *x: np.concatenate([np.ravel(g) for g in gw.grad(f.scalar, "all")(*x)]), args, u)
    close(np.concatenate([np.ravel(p) for p in products]), slopes, 1e-5, 1e-7)
    for i, x in enumerate(args):
        total = 0.0
        for j, z in enumerate(args):
            block = np.reshape(H[i][j], (x.size, z.size))
            close(block, np.reshape(H[j][i], (z.size, x.size)).T, 1e-9, 1e-11)
            total = total + block @ np.ravel(u[j])
        close(np.ravel(products[i]), total, 1e-9, 1e-11)


@given(programs(), SEEDS)
@settings(max_examples=80)
def test_vmap_is_a_loop(f, seed):
    rng = np.random.default_rng(seed)
    batches = [rng.uniform(-1.0, 1.0, (3, *shape)) for shape in f.shapes]
    found = gw.vmap(f)(*batches)
    close(found, np.stack([f(*one) for one in zip(*batches, strict=True)]), 1e-12, 1e-14)
    found = gw.vmap(gw.grad(f.scalar, "all"))(*batches)
    looped = [gw.grad(f.scalar, "all")(*one) for one in zip(*batches, strict=True)]
    for k, gradient in enumerate(found):
        close(gradient, np.stack([one[k] for one in looped]), 1e-11, 1e-13)


@given(programs(), SEEDS)
@settings(max_examples=60)
def test_every_transform_gives_a_well_formed_program(f, seed):
    args = arguments_for(f, seed)
    recording = record(f, args, (True,) * len(args), lambda leaves: f(*leaves))
    program = check_program(recording.program)
    forward = pushforward(program, program.inputs)
    reverse = pullback(program, program.inputs)
    for joined in (forward.joined(), reverse.joined()):
        check_program(joined)
        check_program(simplify(joined))
        check_program(batch(joined, 2, joined.inputs)[0])
        again = pullback(joined, joined.inputs, [o for o in joined.outputs if joined.types[o].is_differentiable])
        check_program(again.joined())
        check_program(pushforward(joined, joined.inputs).joined())


@given(programs(), SEEDS)
@settings(max_examples=60)
def test_single_precision_follows_numpys_types(f, seed):
    args = arguments_for(f, seed, np.float32)
    expected = np.asarray(f(*args))
    u = like(np.random.default_rng(seed), args)
    value, tangent = gw.jvp(f, args, u)
    np.testing.assert_array_equal(value, expected)
    assert np.asarray(value).dtype == np.asarray(tangent).dtype == expected.dtype
    for g, a in zip(gw.grad(f.scalar, "all")(*args), args, strict=True):
        assert np.asarray(g).dtype == np.float32
        assert np.shape(g) == a.shape
    exact = gw.grad(f.scalar, "all")(*(a.astype(float) for a in args))
    for g, e in zip(gw.grad(f.scalar, "all")(*args), exact, strict=True):
        scale = max(np.max(np.abs(e), initial=0.0), 1.0)
        assert np.max(np.abs(g - e), initial=0.0) <= 1e-3 * scale


@pytest.mark.slow
@given(programs(), SEEDS, st.integers(2, 4))
@settings(max_examples=40)
def test_derivatives_along_a_line_to_any_order(f, seed, order):
    args = arguments_for(f, seed)
    u = like(np.random.default_rng(seed), args)

    def line(t):
        return f.scalar(*(a + t * v for a, v in zip(args, u, strict=True)))

    coefficients = gw.taylor(line, order)(0.0)
    nested = line
    for k in range(1, order + 1):
        nested = gw.grad(nested)
        close(gw.derivative(line, k)(0.0), nested(0.0), 1e-9, 1e-11)
        close(coefficients[k] * np.prod(np.arange(1.0, k + 1)), nested(0.0), 1e-9, 1e-11)


@given(programs(), SEEDS)
@settings(max_examples=40)
def test_complex_steps(f, seed):
    """Im f(x + i h u)/h for programs that stay in complex arithmetic: all but those that compare, reduce to norms, or look at the size of what they have."""
    real_only = {"softmax", "norm", "hypot", "arctan", "power", "logaddexp", "while", "branch"}
    if any(name in real_only for _, name, _, _ in f.steps):
        return
    args = arguments_for(f, seed)
    u = like(np.random.default_rng(seed), args)
    h = 1e-30
    step = np.imag(f(*(a + 1j * h * v for a, v in zip(args, u, strict=True)))) / h
    close(gw.jvp(f, args, u)[1], step, 1e-12, 1e-14)


@given(programs(), SEEDS)
@settings(max_examples=40)
def test_holomorphic_programs(f, seed):
    real_only = {
        "softmax",
        "norm",
        "hypot",
        "arctan",
        "power",
        "logaddexp",
        "while",
        "branch",
        "log",
        "sqrt",
        "reciprocal",
        "divide",
    }
    if any(name in real_only for _, name, _, _ in f.steps):
        return
    rng = np.random.default_rng(seed)
    args = tuple(np.asarray(rng.uniform(-0.7, 0.7, s) + 1j * rng.uniform(-0.7, 0.7, s)) for s in f.shapes)
    u = tuple(np.asarray(rng.standard_normal(s) + 1j * rng.standard_normal(s)) for s in f.shapes)
    value, tangent = gw.jvp(f, args, u)
    np.testing.assert_array_equal(value, f(*args))
    close(tangent, difference(f, args, u), 1e-6, 1e-8)
    _, turned = gw.jvp(f, args, tuple(1j * v for v in u))
    close(turned, 1j * np.asarray(tangent), 1e-12, 1e-14)
    bar = np.asarray(rng.standard_normal(np.shape(value)) + 1j * rng.standard_normal(np.shape(value)))
    cotangents = gw.vjp(f, *args)[1](bar)
    left = np.real(np.vdot(bar, tangent))
    right = sum(np.real(np.vdot(c, v)) for c, v in zip(cotangents, u, strict=True))
    assert abs(left - right) <= 1e-11 * (np.linalg.norm(np.ravel(bar)) * np.linalg.norm(np.ravel(tangent)) + 1e-3)
