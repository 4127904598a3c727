"""Higher orders and Hessians: a trusted status comes with a finite bound that holds, whatever the scale."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwise.numerical import derivative, hessian

ROUGH = {
    "abs": abs,
    "squared hinge": lambda t: max(t, 0.0) ** 2,
    "root": lambda t: math.sqrt(abs(t)),
    "step": lambda t: float(t > 0),
    "floor": lambda t: math.floor(100 * t) / 100,
    "float32": lambda t: float(np.float32(math.sin(t))),
    "half a line": lambda t: t * t if t >= 0 else math.nan,
    "huge": lambda t: 1e300 * t * t,
    "tiny": lambda t: 1e-300 * math.sin(t),
    "ripple": lambda t: math.sin(t) + 1e-6 * math.sin(1e9 * t * t),
    "beyond": lambda t: math.inf if t > 0.5 else t * t,
    "constant": lambda t: 3.0,
}


@given(
    st.sampled_from(sorted(ROUGH)),
    st.sampled_from([0.0, 1e-9, -1e-200, 0.3, -2.5, 1e8]),
    st.integers(1, 6),
    st.sampled_from(["auto", False]),
)
@settings(max_examples=150, deadline=None)
def test_a_trusted_derivative_of_any_order_has_a_finite_bound(name, x, order, complex_step):
    f = ROUGH[name]
    if not math.isfinite(f(x)):
        return
    estimate = derivative(f, x, order=order, complex_step=complex_step)
    if estimate.status.trusted:
        assert math.isfinite(estimate.value)
        assert math.isfinite(estimate.error)


@given(
    st.sampled_from(sorted(ROUGH)),
    st.lists(st.sampled_from([0.0, 1e-9, 0.3, -2.5, 1e8]), min_size=1, max_size=3),
    st.sampled_from(["auto", False]),
)
@settings(max_examples=60, deadline=None)
def test_a_trusted_entry_of_a_hessian_has_a_finite_bound(name, x, complex_step):
    f = lambda v: ROUGH[name](float(v[0])) * float(v[-1]) + float(v @ v)
    x = np.array(x)
    if not math.isfinite(f(x)):
        return
    estimate = hessian(f, x, complex_step=complex_step)
    for status, value, error in zip(estimate.status.ravel(), estimate.value.ravel(), estimate.error.ravel()):
        if status.trusted:
            assert math.isfinite(value)
            assert math.isfinite(error)


@pytest.mark.parametrize("complex_step", ["auto", False])
@pytest.mark.parametrize("order", [2, 3, 4])
def test_a_peak_inside_the_circle_is_seen(order, complex_step):
    # 1 / (1 + z²) has its poles far inside every circle that |x| suggests, and is 0 on them
    width = 1e-9
    estimate = derivative(lambda t: 1 / (1 + (t / width) ** 2), 0.0, order=order, complex_step=complex_step)
    exact = {2: -2 / width**2, 3: 0.0, 4: 24 / width**4}[order]
    assert not estimate.status.trusted or abs(estimate.value - exact) <= estimate.error


PIECES = {
    "sin": (np.sin, lambda z: -np.sin(z)),
    "tanh": (np.tanh, lambda z: -2 * np.tanh(z) * (1 - np.tanh(z) ** 2)),
    "lorentz": (lambda z: 1 / (1 + z * z), lambda z: (6 * z * z - 2) / (1 + z * z) ** 3),
    "cube": (lambda z: z**3, lambda z: 6 * z),
}


@pytest.mark.parametrize("scale", [1e3, 1.0, 1e-2, 1e-4])
@pytest.mark.parametrize("complex_step", ["auto", False])
def test_an_entry_at_zero_finds_its_scale_from_the_first_derivative(scale, complex_step):
    rng = np.random.default_rng(7)
    x = np.array([1.0, 0.0, -0.7]) * scale
    for g, g2 in PIECES.values():
        B = rng.normal(size=(3, 3)) / scale
        wide, point = B.astype(np.longdouble), x.astype(np.longdouble)
        exact = wide.T @ np.diag(g2(wide @ point)) @ wide + np.diag(PIECES["tanh"][1](point / scale)) / scale**2
        f = lambda v, g=g, B=B: np.sum(g(B @ v)) + np.sum(np.tanh(v / scale))
        estimate = hessian(f, x, complex_step=complex_step)
        trusted = np.array([[status.trusted for status in row] for row in estimate.status])
        assert np.all((np.abs(estimate.value - exact) <= estimate.error)[trusted])
        assert np.all(trusted)


@pytest.mark.parametrize("complex_step", ["auto", False])
def test_bounds_of_hessians_hold(complex_step):
    rng = np.random.default_rng(17)
    held = []
    for _ in range(60):
        names = list(PIECES)
        g, g2 = PIECES[names[rng.integers(4)]]
        n = int(rng.integers(2, 6))
        B, x = rng.normal(size=(n, n)), rng.uniform(-2, 2, n)
        offset = 10.0 ** rng.uniform(-3, 5) * rng.integers(2)
        f = lambda v, g=g, B=B, offset=offset: np.sum(g(B @ v)) + np.sum(np.tanh(v)) + offset
        wide = B.astype(np.longdouble)
        exact = wide.T @ np.diag(g2(wide @ x)) @ wide + np.diag(PIECES["tanh"][1](x.astype(np.longdouble)))
        estimate = hessian(f, x, complex_step=complex_step)
        assert all(math.isfinite(error) for error in estimate.error.ravel())
        held.append((np.abs(estimate.value - exact) <= estimate.error + 2e-16 * np.abs(exact)).ravel())
    assert np.mean(np.concatenate(held)) >= 0.99


def test_plateaus_of_rounding_are_not_taken_for_structure():
    # log(cosh) near 0 moves in steps of 1e-16: between two of them the gradient of the product misses a term
    B = np.array([0.024518919124079722, 0.04309829392668638, -0.002566568921691722, 0.21078778489180275])
    x, z = 0.027981745381953083, B * 0.027981745381953083
    exact = np.sum(B**2 / np.cosh(z) ** 2) * x + 2 * np.sum(B * np.tanh(z))
    estimate = hessian(lambda v: np.sum(np.log(np.cosh(B * v[0]))) * np.sum(v) + 0.04751714223998314, np.array([x]))
    assert abs(estimate.value[0, 0] - exact) <= estimate.error[0, 0] <= 1e-8


def _bent(x, c, k):
    """Return a function whose second derivative jumps by 4 k at c, and that derivative at x."""
    return (lambda t: math.cos(t) + k * (t - c) * abs(t - c)), -math.cos(x) + math.copysign(2 * k, x - c)


@pytest.mark.parametrize("complex_step", ["auto", False])
@pytest.mark.parametrize("order", [2, 3])
def test_a_second_derivative_that_jumps_beside_x(order, complex_step):
    rng = np.random.default_rng(7)
    settled = 0
    for _ in range(40):
        x, k = rng.uniform(0.3, 4), 10 ** rng.uniform(-3, 2)
        c = x * (1 + rng.choice([-1, 1]) * 10 ** rng.uniform(-6, -1))
        f, exact = _bent(x, c, k)
        exact = exact if order == 2 else math.sin(x)
        estimate = derivative(f, x, order=order, complex_step=complex_step)
        if estimate.status.trusted:
            assert abs(estimate.value - exact) <= estimate.error
            settled += 1
    assert settled > (25 if order == 2 else 0)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("k", [1e-2, 1.0, 30.0])
def test_where_the_second_derivative_jumps_there_is_none(k, side):
    for x in (0.4, 1.1, 3.2):
        f, _ = _bent(x, x, side * k)
        assert not derivative(f, x, order=2).status.trusted
        assert derivative(f, x).status.trusted


def test_a_second_derivative_beside_the_edge_of_a_domain():
    rng = np.random.default_rng(8)
    for _ in range(30):
        edge, room = rng.uniform(-3, 3), 10 ** rng.uniform(-4, -0.5)
        x = edge + room
        estimate = derivative(lambda t, edge=edge: math.sqrt(t - edge), x, order=2, complex_step=False)
        exact = -0.25 * (x - edge) ** -1.5
        assert estimate.status.trusted
        assert abs(estimate.value - exact) <= estimate.error + 1e-12 * abs(exact)
