"""check= and pure=, and the numerical form of every operator."""

from __future__ import annotations

import array
import functools
import itertools
import math
import warnings

import numpy as np
import pytest
import scipy.integrate

import gradwise as gw

X = np.array([0.3, -1.2, 2.5])


def loss(x):
    return np.sum(np.sin(x) * x) ** 2


def field(x):
    return np.stack([x[0] * x[1], x[1] * x[2], x[2] * x[0]])


def calls(f, **options):
    """Every operator at one point."""
    u = np.array([1.0, 0.5, -0.5])
    return {
        "grad": lambda: gw.grad(f, **options)(X),
        "value_and_grad": lambda: gw.value_and_grad(f, **options)(X)[1],
        "jacobian": lambda: gw.jacobian(f, **options)(X),
        "jacfwd": lambda: gw.jacfwd(f, **options)(X),
        "jacrev": lambda: gw.jacrev(f, **options)(X),
        "hessian": lambda: gw.hessian(f, **options)(X),
        "hvp": lambda: gw.hvp(f, **options)(X, u),
        "laplacian": lambda: gw.laplacian(f, **options)(X),
        "partial_derivative": lambda: gw.partial_derivative(f, 0, index=1, **options)(X),
        "mixed": lambda: gw.partial_derivative(f, (0, 0), index=(1, 2), **options)(X),
        "directional_derivative": lambda: gw.directional_derivative(f, **options)(X, u),
        "second directional_derivative": lambda: gw.directional_derivative(f, 2, **options)(X, u),
        "taylor": lambda: gw.taylor(f, 2, **options)(X, u),
        "jvp": lambda: gw.jvp(f, (X,), (u,), **options)[1],
        "vjp": lambda: gw.vjp(f, X, **options)[1](2.0)[0],
        "linearize": lambda: gw.linearize(f, X, **options)[1](u),
        "derivative": lambda: gw.derivative(lambda t: f(X * t), **options)(1.3),
        "second derivative": lambda: gw.derivative(lambda t: f(X * t), 2, **options)(1.3),
        "divergence": lambda: gw.divergence(lambda x: f(x) * field(x), **options)(X),
        "curl": lambda: gw.curl(lambda x: f(x) * field(x), **options)(X),
    }


NAMES = list(calls(loss))


@pytest.mark.parametrize("name", NAMES)
def test_check_and_pure_change_nothing_where_all_is_well(name):
    expected = calls(loss)[name]()
    for options in (
        {"check": True},
        {"check": False},
        {"check": None},
        {"pure": True},
        {"check": True, "pure": False},
        {"check": True, "method": "exact"},
    ):
        np.testing.assert_array_equal(calls(loss, **options)[name](), expected)


@pytest.mark.parametrize("name", NAMES)
def test_the_numerical_form_agrees(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = calls(loss, method="numerical")[name]()
    expected = calls(loss)[name]()
    assert np.shape(found) == np.shape(expected)
    assert type(found) is type(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_the_fallback_says_why_and_where(name, monkeypatch):
    monkeypatch.setenv("GRADWISE_REWRITE", "0")

    def untraceable(x):
        return math.fsum(float(v) for v in np.ravel(np.sin(x) * x)) ** 2

    with pytest.warns(
        gw.NumericalFallbackWarning, match=r"(?s)could not be traced.*test_verification\.py:\d+.*status: OK"
    ):
        found = calls(untraceable)[name]()
    np.testing.assert_allclose(found, calls(loss)[name](), rtol=1e-6, atol=1e-7)
    with pytest.raises(gw.TracingError, match=r"test_verification\.py:\d+"):
        calls(untraceable, method="exact")[name]()


def test_the_numerical_form_of_containers_and_kinds():
    p = {"b": 2.0, "a": np.array([1.0, 3.0])}
    f = lambda p: {"y": p["b"] * p["a"], "s": np.sum(p["a"]) * p["b"]}
    scalar = lambda p: p["b"] ** 2 * np.sum(p["a"])
    v = {"b": 1.0, "a": np.array([1.0, 0.0])}
    for make in (
        lambda m: gw.grad(scalar, method=m)(p),
        lambda m: gw.hessian(scalar, method=m)(p),
        lambda m: gw.hvp(scalar, method=m)(p, v),
        lambda m: gw.jacobian(f, method=m)(p),
        lambda m: gw.jvp(f, (p,), (v,), method=m),
        lambda m: gw.vjp(f, p, method=m)[1]({"y": np.ones(2), "s": 1.0}),
        lambda m: gw.linearize(f, p, method=m)[1](v),
        lambda m: gw.jvp(lambda p: (f(p), "aux"), (p,), (v,), has_aux=True, method=m),
        lambda m: gw.grad(lambda p: (scalar(p), "aux"), has_aux=True, method=m)(p),
        lambda m: gw.value_and_grad(lambda p: (scalar(p), "aux"), has_aux=True, method=m)(p),
        lambda m: gw.hessian(lambda x, y: x**2 * y, method=m)((2.0, 3.0)),
        lambda m: gw.laplacian(lambda x, y: x**2 * y, method=m)(2.0, 3.0),
        lambda m: gw.divergence(lambda x, y: (x * y, y), method=m)(2.0, 3.0),
        lambda m: gw.hvp(lambda x, y: x**2 * y, method=m)((2.0, 3.0), (1.0, 0.5)),
        lambda m: gw.derivative(lambda t: {"a": t**2, "b": [t, t**3]}, method=m)(2.0),
        lambda m: gw.partial_derivative(lambda x, y: x**2 * y, ("x", "y"), method=m)(2.0, 3.0),
        lambda m: gw.derivative(np.sin, 2, method=m)(np.array([0.1, 0.2])),
    ):
        same(make("numerical"), make("exact"))


def same(a, b):
    assert type(a) is type(b) or isinstance(a, float)
    if isinstance(a, dict):
        assert list(a) == list(b)
        for k in a:
            same(a[k], b[k])
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, str):
        assert a == b
    else:
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


def test_the_numerical_form_of_complex_numbers():
    z = np.array([0.3 + 0.8j, -1.0 + 0.1j])
    for make in (
        lambda m: gw.grad(lambda z: np.sum(np.abs(z) ** 2 * z.real), method=m)(z),
        lambda m: gw.jvp(lambda z: np.abs(z) ** 2, (z,), (1j * z + 1,), method=m)[1],
        lambda m: gw.vjp(lambda z: np.abs(z) ** 2, z, method=m)[1](np.ones(2))[0],
        lambda m: gw.vjp(lambda z: z**2, z, method=m)[1](z)[0],
        lambda m: gw.jvp(lambda z: z**2, (z,), (z,), method=m)[1],
        lambda m: gw.vjp(lambda x: np.exp(1j * x), np.array([0.1, 0.2]), method=m)[1](z)[0],
    ):
        np.testing.assert_allclose(make("numerical"), make("exact"), rtol=1e-6, atol=1e-8)


# --- what a check finds -------------------------------------------------------------------------------------------------------


same_type = eval("lambda x, cls: type(x) is cls")  # without source, and so not instrumented


def test_a_wrong_value_is_found(monkeypatch):
    monkeypatch.setenv("GRADWISE_REWRITE", "0")

    # the value under the trace comes from NumPy; a function that asks what it was given can differ
    def two_faced(x):
        return np.sum(x**2) if same_type(x, np.ndarray) else np.sum(x**3)

    assert gw.grad(two_faced)(np.array([2.0])) == pytest.approx(12.0)
    for call in calls(two_faced, check=True).values():
        with pytest.raises(
            gw.TracingError, match=r"when it was called plainly and .* under the trace. The two must agree"
        ):
            call()


def test_a_lost_derivative_is_found():
    def through_a_string(
        x,
    ):  # right value, and half of the derivative is lost: what reads the number is compiled, and the number is in many texts
        return np.sum(x) * np.sum([np.str_(t).astype(float) for t in str(x).strip("[]").split()])

    with pytest.raises(gw.TracingError, match=r"along a fixed random direction is .* by its trace and .* numerically"):
        gw.grad(through_a_string, check=True)(np.array([1.0, 2.0]))


def test_a_wrong_rule_is_found():
    @gw.custom_rule
    def cube(x):
        return x**3

    @cube.jvp
    def _(primals, tangents):
        return 2 * primals[0] ** 2 * tangents[0]

    assert gw.grad(cube)(2.0) == 8.0
    for operator in (gw.grad, gw.derivative, gw.jacobian, gw.hessian):
        with pytest.raises(gw.TracingError, match=r"by its trace and .* numerically"):
            operator(cube, check=True)(2.0)


def test_functions_that_are_not_determined_by_their_arguments_are_named_so():
    counter = itertools.count()
    with pytest.raises(gw.TracingError, match="does not depend on its arguments alone"):
        gw.grad(lambda x: x * next(counter), check=True)(2.0)
    rng = np.random.default_rng(0)
    with pytest.raises(gw.TracingError, match="random"):
        gw.grad(lambda x: x * rng.standard_normal(), check=True)(2.0)


def test_numpys_global_generator_is_set_back():
    def f(x):
        return np.sum(x * np.random.standard_normal(3))

    np.random.seed(3)
    expected = np.random.standard_normal(3), np.random.standard_normal(3)
    np.random.seed(3)
    np.testing.assert_array_equal(gw.grad(f, check=True)(X), expected[0])
    np.testing.assert_array_equal(np.random.standard_normal(3), expected[1])


def test_arguments_are_copied_for_the_plain_runs():
    def f(x, y):
        x *= 2
        y[0] += 1
        return np.sum(x**2) * y[0]

    x, y = np.ones(2), np.zeros(2)
    g = gw.grad(f, check=True)(x, y)
    np.testing.assert_array_equal(g, [8.0, 8.0])
    np.testing.assert_array_equal(x, [2.0, 2.0])
    np.testing.assert_array_equal(y, [1.0, 0.0])


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.abs(x), 0.0),
        (lambda x: np.maximum(x, 0) * 3, 0.0),
        (lambda x: np.floor(x) + x, 1.0),
        (lambda x: x * np.float64(np.nan), 1.0),
        (lambda x: np.sum(x.astype(np.float32) ** 2), np.float64(1.7)),
        (lambda x: np.sum(np.sin(x)), np.linspace(0, 1, 7, dtype=np.float32)),
        (lambda x: np.sum(np.sort(x) * np.arange(3)), np.array([1.0, 1.0, 2.0])),
        (lambda x: np.real(x * np.conj(x)), 1.0 + 2j),
        (lambda x: 3.0, 1.0),
        (lambda x: np.sum(x), np.zeros((0, 3))),
        (lambda x: 1e-300 * x, 1.0),
        (lambda x: 1e300 * x, 1.0),
        (lambda x: np.exp(-1e6 * (x - 1) ** 2), 1.0),
    ],
)
@pytest.mark.filterwarnings("ignore::gradwise.KinkWarning")
def test_no_false_alarm(f, x):
    gw.grad(f, check=True, method="exact")(x)


def rough(x):
    """Waves of each length from 1 to 3**-20 beside one another: the slope is that of the shortest."""
    k = np.arange(21)
    return np.sum(0.5**k * np.cos(2 * np.pi * 3.0**k * (x[:, None] + 0.5)))


def shaken(x):
    z = 100 * (x[:-1] ** 2 - x[1:]) ** 2 + (1 - x[:-1]) ** 2
    return np.sum(z**2 / 4000 - np.cos(z) + 1)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("f", "scale"), [(rough, 10.0), (rough, 1.0), (shaken, 5.0)])
def test_no_false_alarm_where_waves_are_shorter_than_intervals(f, scale, seed):
    x = np.random.default_rng(seed).normal(size=4) * scale
    found = gw.grad(f, check=True, method="exact")(x)
    if f is rough:
        k = np.arange(21)
        slope = -2 * np.pi * np.sum(1.5**k * np.sin(2 * np.pi * 3.0**k * (x[:, None] + 0.5)), axis=1)
        np.testing.assert_allclose(found, slope, rtol=1e-9)


def test_a_wrong_slope_is_seen_through_noise():
    """Differences at small intervals are noise: by chance one is near to a slope, three in a row are not."""

    def noisy(x):
        known = float(str(float(x[0])))  # the digits of it alone
        return np.sum(x**2) + 40.0 * (known - 0.5) + 1e-9 * np.sin(1e9 * known + 3e12 * known * known)

    for seed in range(20):
        with pytest.raises(gw.TracingError):
            gw.grad(noisy, check=True, method="exact")(np.random.default_rng(seed).normal(size=3))


def test_check_in_nested_operators():
    inner = gw.grad(lambda y: y**3, check=True)
    assert gw.grad(lambda x: inner(x) * x, check=True)(2.0) == pytest.approx(36.0)
    assert gw.grad(gw.grad(lambda y: y**3, check=True), check=True)(2.0) == pytest.approx(12.0)


def test_vmap_check():
    xs = np.linspace(0, 1, 5)
    np.testing.assert_array_equal(gw.vmap(np.sin, check=True, pure=True)(xs), np.sin(xs))
    counter, hidden = itertools.count(), array.array("d", range(20, 0, -1))
    np.testing.assert_array_equal(gw.vmap(lambda x: x * next(counter), check=True)(xs), xs * np.arange(5))
    following = functools.partial(array.array.pop, hidden)  # an effect that no hook sees
    with pytest.raises(gw.TracingError, match="other values at once than one by one"):
        gw.vmap(lambda x: x * following(), check=True)(xs)


@pytest.mark.parametrize("name", NAMES)
def test_other_values_of_check_and_pure_are_refused(name):
    for option in ("check", "pure"):
        with pytest.raises(gw.InputError, match=f"{option}='yes'. True, False or None is required"):
            calls(loss, **{option: "yes"})[name]()


def test_solvers_with_wide_tolerances_are_verified_within_them():
    """SciPy's steps change with the arguments: the differences of its solutions at the default tolerance are 1.4e-5 beside the derivative, which raised."""

    def f(x):
        found = scipy.integrate.solve_ivp(lambda t, y: [y[1], -x[0] * y[0]], (0, 3), [1.0, x[1]])
        return found.y[0, -1]

    x = np.array([0.7, 1.3])
    w, v = np.sqrt(x[0]), x[1]
    slope_w = -3 * np.sin(3 * w) + v * (3 * np.cos(3 * w) / w - np.sin(3 * w) / w**2)
    expected = [slope_w / (2 * w), np.sin(3 * w) / w]
    np.testing.assert_allclose(gw.grad(f, check=True)(x), expected, rtol=1e-2)
    assert gw.hessian(f, check=True)(x).shape == (2, 2)


def test_a_lost_part_beside_a_solver_is_found():
    """The tolerance of a solver hides no part of a few hundredths."""

    @gw.custom_rule
    def wrong(v):
        return v**2

    @wrong.jvp
    def _(primals, tangents):
        return 2.5 * primals[0] * tangents[0]

    def f(x):
        found = scipy.integrate.solve_ivp(lambda t, y: [-x[0] * y[0]], (0, 1), [x[1]])
        return found.y[0, -1] + wrong(x[1])

    with pytest.raises(gw.TracingError, match="must agree"):
        gw.grad(f, check=True)(np.array([0.7, 1.3]))
