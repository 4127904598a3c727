"""Programs in the place of functions: never stale, the same numbers, warnings and errors as the function itself."""

from __future__ import annotations

import gc
import math
import random
import threading
import time
import types
import warnings
import weakref

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse import families
from gradwise.tracing.purity import inspect_function

POINT = np.array([0.3, -0.7, 1.1])


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()
    yield
    gw.clear_caches()


def served():
    """How often a program stood for a function since the caches were cleared."""
    return sum(family.served for family, _ in families._families.values())


def programs():
    return sum(len(family._programs) for family, _ in families._families.values())


def same(f, *args):
    """The value and gradient four times as reuse gives them, each equal to those of a run of the function."""
    for _ in range(4):
        (value, found), (plain, true) = gw.value_and_grad(f)(*args), gw.value_and_grad(f, pure=False)(*args)
        np.testing.assert_allclose(found, true, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(value, plain, rtol=1e-13)
    return np.append(found, value)


# --- what a function may read --------------------------------------------------------------------------------------------------------

MATRIX = np.arange(9.0).reshape(3, 3)
FACTOR = 0.3
STEPS = 2
NAMED = {"w": np.array([1.0, 1.5, 2.0]), "power": 2}
LISTED = [1.0, 2.0]
FLAG = True
LABEL = "sin"


def scaled(x):
    return FACTOR * np.sum(x * x)


def model(x, weight=2.0, table=(1.0, 2.0)):
    y = MATRIX @ x
    for _ in range(STEPS):
        y = np.sin(y) * weight
    if FLAG:
        y = y + table[1]
    y = y * NAMED["w"] ** NAMED["power"] + sum(LISTED)
    return np.sum(y) + scaled(x) + (1.0 if LABEL == "sin" else 2.0) * x[0]


def test_a_program_stands_for_a_pure_function_from_the_third_call_on():
    assert inspect_function(model).is_pure
    g = gw.grad(model)
    g(POINT), g(POINT)
    assert served() == 0
    g(POINT + 1)
    assert served() == 1
    same(model, POINT)
    assert served() == 5


def change_entry(patch):
    patch.setitem(globals(), "MATRIX", MATRIX.copy())
    same(model, POINT)
    MATRIX[0, 0] = 5.0


def change_list(patch):
    patch.setitem(globals(), "LISTED", list(LISTED))
    same(model, POINT)
    LISTED[0] = 7.0


CHANGES = {
    "an array changed in place": change_entry,
    "an array rebound": lambda p: p.setitem(globals(), "MATRIX", MATRIX * 2),
    "an array of another shape": lambda p: p.setitem(globals(), "MATRIX", np.ones((3, 3))[:, :3] * 0.1),
    "an array of another dtype": lambda p: p.setitem(globals(), "MATRIX", MATRIX.astype(np.float32)),
    "an array of integers": lambda p: p.setitem(globals(), "MATRIX", MATRIX.astype(int)),
    "a number": lambda p: p.setitem(globals(), "FACTOR", 0.9),
    "a number that becomes an array": lambda p: p.setitem(globals(), "FACTOR", np.float32(0.5)),
    "a number of steps": lambda p: p.setitem(globals(), "STEPS", 5),
    "a flag": lambda p: p.setitem(globals(), "FLAG", False),
    "a text": lambda p: p.setitem(globals(), "LABEL", "cos"),
    "an array in a dict": lambda p: p.setitem(NAMED, "w", np.array([3.0, 2.0, 1.0])),
    "an exponent in a dict": lambda p: p.setitem(NAMED, "power", 3),
    "an entry of a list": change_list,
    "a longer list": lambda p: p.setitem(globals(), "LISTED", [1.0, 2.0, 3.0]),
    "a default": lambda p: p.setattr(model, "__defaults__", (3.0, (1.0, 5.0))),
    "a helper": lambda p: p.setitem(globals(), "scaled", lambda x: np.sum(x) * 3),
    "the code of a helper": lambda p: p.setattr(scaled, "__code__", (lambda x: np.sum(x) * 4).__code__),
    "a function of NumPy's": lambda p: p.setattr(np, "sin", np.cos),
    "a builtin": lambda p: p.setitem(globals(), "sum", lambda xs: 10.0),
    "its own code": lambda p: p.setattr(model, "__code__", (lambda x, weight, table: np.sum(x * weight)).__code__),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changes_is_seen(what, monkeypatch):
    before = same(model, POINT)
    CHANGES[what](monkeypatch)
    after = same(model, POINT)
    assert what == "an array of another dtype" or what == "an array of integers" or not np.allclose(before, after)


def test_closure_cells_are_read_at_each_call():
    scale, array = 1.5, np.ones(3)

    def f(x):
        return np.sum(x * array) * scale

    first = same(f, POINT)
    scale = 2.5
    np.testing.assert_allclose(same(f, POINT), first * 2.5 / 1.5)
    array[:] = 3.0
    np.testing.assert_allclose(same(f, POINT)[:3], 7.5)
    array = np.array([1.0, 0.0, 0.0])
    np.testing.assert_allclose(same(f, POINT)[:3], [2.5, 0, 0])
    assert served() >= 8


def test_functions_with_equal_code_are_told_apart():
    source = "def f(x):\n    return a * np.sum(x * x)\n"
    spaces = [{"np": np, "a": a} for a in (1.0, 2.0, 3)]
    for space in spaces:
        exec(source, space)
    functions = [space["f"] for space in spaces]
    assert functions[0].__code__ == functions[1].__code__
    for _ in range(4):
        for space, f in zip(spaces, functions, strict=True):
            np.testing.assert_allclose(gw.grad(f)(POINT), 2 * space["a"] * POINT)
    spaces[1]["a"] = 5.0
    np.testing.assert_allclose(gw.grad(functions[1])(POINT), 10 * POINT)


def test_a_function_made_again_in_a_loop_shares_its_programs():
    for k in range(6):

        def f(x, k=float(k)):
            return np.sum(x * x) * k

        np.testing.assert_allclose(gw.grad(f)(POINT), 2 * POINT * k)
    assert served() == 4


def test_other_arguments_are_numbers_of_the_program():
    def loss(w, data, labels, rate=0.1, *, mode="mean"):
        r = data @ w - labels
        return (np.mean(r * r) if mode == "mean" else np.sum(r * r)) + rate * np.sum(w * w)

    rng = np.random.default_rng(1)
    for n in (5, 5, 5, 5, 7, 7, 7):
        data, labels, w = rng.random((n, 3)), rng.random(n), rng.random(3)
        for options in ({}, {"rate": rng.random()}, {"mode": "sum"}, {"rate": 1}):
            found = gw.grad(loss)(w, data, labels, **options)
            np.testing.assert_allclose(found, gw.grad(loss, pure=False)(w, data, labels, **options), rtol=1e-12)
    assert served() > 10


def test_another_form_of_the_argument_is_another_program():
    def f(x):
        return np.sum(np.asarray(x) * 2) if isinstance(x, list) else (x * x).sum() if np.ndim(x) else x**3

    for value in (1.5, np.float64(1.5), np.ones(2), np.ones((2, 2)), np.ones(2, np.float32), 2, np.ones(0)):
        for _ in range(4):
            found, true = gw.grad(f)(value), gw.grad(f, pure=False)(value)
            assert type(found) is type(true)
            np.testing.assert_array_equal(found, true)
            assert np.asarray(found).dtype == np.asarray(true).dtype


# --- guards --------------------------------------------------------------------------------------------------------------------------


def branching(x):
    return x * x if x > 0 else -3.0 * x


def halving(x):
    n = 0
    while np.abs(x) > 0.1:
        x = x / 2
        n += 1
    return x * n


def largest(x):
    return x[np.argmax(x)] * 2 + x[x > 0.5].sum() + np.sort(x)[0]


def rounded(x):
    return x * int(x) + len(range(int(x)))


def by_data(x):
    total = 0.0
    for row in MATRIX:
        if row[0] > 2:
            total = total + row @ x
    return total * (MATRIX.sum() > 0)


@pytest.mark.parametrize("f", [branching, halving, rounded])
def test_branches_and_loops_follow_the_values(f):
    for value in [1.0, 2.0, 3.0, -1.0, -2.0, 0.05, 0.0, 40.0, -40.0, 0.1, 3.5, 7.2, 1e-9, 2.0, 1.0, -1.0]:
        assert gw.grad(f)(value) == gw.grad(f, pure=False)(value)
        assert gw.compile(f)(value) == f(value)
        assert type(gw.compile(f)(value)) is type(f(value))


def test_masks_and_positions_follow_the_values():
    rng = np.random.default_rng(0)
    for _ in range(30):
        x = rng.normal(size=3)
        np.testing.assert_array_equal(gw.grad(largest)(x), gw.grad(largest, pure=False)(x))
    assert served() > 0


def test_decisions_by_what_is_read_are_guarded(monkeypatch):
    monkeypatch.setitem(globals(), "MATRIX", MATRIX.copy())
    for entry in (1.0, 1.5, 9.0, 1.0, 5.0, 0.0):
        MATRIX[0, 0] = entry
        same(by_data, POINT)
    MATRIX[...] = -1.0
    same(by_data, POINT)


@pytest.mark.slow
def test_a_function_that_always_takes_another_path_is_given_up():
    def f(x):
        for _ in range(int(x * 1e6) % 1000):
            x = x * 1.0
        return x

    for value in np.random.default_rng(0).random(40):
        assert gw.grad(f)(float(value)) == 1.0
    assert "specialises too often" in gw.explain(f, 0.5).reuse


# --- the same numbers, warnings and errors --------------------------------------------------------------------------------------------


def test_warnings_are_those_of_the_function():
    def f(x):
        return np.sum(np.log(x))

    for value in (1.0, 2.0, 3.0):
        gw.grad(f)(np.array([value]))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        gw.grad(f)(np.array([0.0]))
    with pytest.warns(RuntimeWarning, match="invalid value"):
        gw.grad(f)(np.array([-1.0]))


def test_errors_are_those_of_the_function():
    def f(x, y):
        if x > 5:
            raise ValueError(f"too large: {x}")
        return x / y + np.linalg.inv(np.eye(2) * x)[0, 0]

    for value in (1.0, 2.0, 3.0):
        gw.grad(f)(value, 2.0)
    with pytest.raises(ValueError, match=r"too large: 6\.0"):
        gw.grad(f, method="exact")(6.0, 2.0)
    with pytest.raises(ZeroDivisionError):
        gw.grad(f, method="exact")(2.0, 0.0)
    with pytest.raises(np.linalg.LinAlgError):
        gw.grad(f, method="exact")(0.0, 2.0)


def test_a_power_that_turns_complex():
    def f(x):
        return abs(x**1.5) ** 2

    for value in (2.0, 3.0, -2.0, -3.0, 4.0, -4.0, 5.0):
        assert gw.compile(f)(value) == pytest.approx(f(value), rel=1e-14)
        assert type(gw.compile(f)(value)) is float


def guarded(x):
    try:
        return 1.0 / x
    except ZeroDivisionError:
        return 0.0 * x


def inverse(x):
    try:
        y = np.linalg.inv(np.array([[x, 1.0], [1.0, 1.0]]))[0, 0]
    except np.linalg.LinAlgError:
        y = x * 7.0
    finally:
        x = x * 2.0
    return y * x


def swallowing(x):
    try:
        if x > 2:
            raise KeyError
        return x
    except:  # noqa: E722 - as users write
        return x**2


@pytest.mark.parametrize("f", [guarded, inverse, swallowing])
@pytest.mark.parametrize("order", [1, -1])
def test_errors_that_the_function_handles(f, order):
    for value in ([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 3.0, 3.0, 3.0, 0.0, 1.0, 4.0, 0.5, 0.0, -0.0, 1.0])[::order]:
        assert gw.value_and_grad(f)(value) == gw.value_and_grad(f, pure=False)(value)
        assert gw.compile(f)(value) == f(value)
        assert gw.value_and_grad(f, pure=True)(value) == gw.value_and_grad(f, pure=False)(value)


def test_poles_of_the_gamma_function_raise():
    def f(x):
        return math.lgamma(x) + math.gamma(x)

    for value in (1.5, 2.5, 3.5):
        gw.grad(f)(value), gw.compile(f)(value)
    with pytest.raises(ValueError, match=r"math domain|expected"):
        gw.grad(f, method="exact")(0.0)


def test_zeros_of_either_sign():
    def f(x):
        return np.arctan2(x * float(np.round(x)), -1.0) + x * (1.0 if math.copysign(1.0, x) > 0 else 3.0)

    with np.errstate(all="ignore"):
        for value in (0.0, 0.0, 0.0, -0.0, 0.0, -0.0, 1.0, -1.0):
            assert gw.grad(f)(value) == gw.grad(f, pure=False)(value)


def test_memory_order_is_part_of_the_form():
    def f(x):
        return np.sum(x.ravel("K") * np.arange(6.0)) + np.sum(np.ravel(x, order="A")[:2])

    a = np.arange(6.0).reshape(2, 3)
    for x in (
        a,
        a,
        a,
        np.asfortranarray(a),
        np.asfortranarray(a),
        a,
        np.asfortranarray(a),
        np.arange(12.0).reshape(2, 6)[:, ::2],
    ):
        np.testing.assert_array_equal(gw.grad(f)(x), gw.grad(f, pure=False)(x))


def test_the_order_of_keys_is_part_of_the_form():
    def f(p):
        total = 0.0
        for name in p:
            total = total * 2 + p[name]
        return total

    for p in [{"a": 1.0, "b": 2.0}] * 3 + [{"b": 2.0, "a": 1.0}] * 3 + [{"a": 1.0, "b": 2.0}]:
        assert gw.grad(f)(p) == gw.grad(f, pure=False)(p)
        assert gw.compile(f)(p) == f(p)


def test_helpers_that_were_one_and_become_two():
    def make(scale):
        return lambda x: np.sum(x) * scale

    one, two = make(1.0), make(5.0)
    space = {"first": one, "second": one}
    exec("def f(x):\n    return first(x) + 10 * second(x)", space)
    f = space["f"]
    for second in (one, one, one, two, two, one, make(7.0), two):
        space["second"] = second
        np.testing.assert_array_equal(gw.grad(f)(POINT), gw.grad(f, pure=False)(POINT))


def test_text_of_a_number():
    def f(x):
        return x * float(f"{x:.3f}")

    for value in (1.23456, 2.0, 3.0, 4.56789, 5.0):
        assert gw.compile(f)(value) == f(value)


def test_a_function_read_through_a_module_finds_its_data():
    module = types.ModuleType("given")
    exec("import numpy as np\nW = np.ones(3)\nrate = 2.0\ndef g(x):\n    return np.sum(W * x) * rate", module.__dict__)

    def f(x):
        return module.g(x) * module.rate

    for step in range(12):
        if step % 3 == 2:
            module.W[0] += 1.0
        if step % 4 == 3:
            module.rate += 1.0
        np.testing.assert_array_equal(gw.grad(f)(POINT), gw.grad(f, pure=False)(POINT))


def test_kinks_are_warned_of():
    def f(x):
        return np.sum(np.abs(x))

    for value in (1.0, 2.0, 3.0):
        gw.grad(f)(np.array([value]))
    with pytest.warns(gw.KinkWarning, match="abs at 0"):
        assert gw.grad(f)(np.array([0.0])) == 0.0


def test_singular_points_are_resolved_as_ever():
    def square_root(x):
        return np.sqrt(np.sum(x * x))

    def hopeless(x):
        return np.sqrt(np.abs(x))

    def masked(x):
        return np.sum(np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0))

    for f, start in ((square_root, np.ones(3)), (masked, np.ones(3))):
        for _ in range(4):
            gw.grad(f)(start)
        with warnings.catch_warnings(record=True) as reused:
            warnings.simplefilter("always")
            found = gw.grad(f)(np.zeros(3))
        gw.clear_caches()
        with warnings.catch_warnings(record=True) as traced:
            warnings.simplefilter("always")
            true = gw.grad(f, pure=False)(np.zeros(3))
        np.testing.assert_array_equal(found, true)
        assert [str(w.message) for w in reused] == [str(w.message) for w in traced]
    for value in (1.0, 2.0, 3.0):
        gw.grad(hopeless)(value)
    with pytest.raises(gw.SingularPointError, match="test_reuse"):
        gw.grad(hopeless)(0.0)


def test_conventions_at_ties_are_the_same_whether_the_other_operand_is_read_or_not():
    level = 0.0
    other = np.zeros(3)

    def relu(x):
        return np.sum(np.maximum(x, level)) + np.sum(np.minimum(x, other)) + np.sum(np.clip(x, level, 1.0))

    for _ in range(4):
        gw.grad(relu)(POINT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(gw.grad(relu)(np.zeros(3)), gw.grad(relu, pure=False)(np.zeros(3)))


OPERATORS = {
    "grad": lambda f, **o: gw.grad(f, **o)(POINT),
    "value_and_grad": lambda f, **o: gw.value_and_grad(f, **o)(POINT),
    "jacobian": lambda f, **o: gw.jacobian(f, **o)(POINT),
    "jacfwd": lambda f, **o: gw.jacfwd(f, **o)(POINT),
    "jacrev": lambda f, **o: gw.jacrev(f, **o)(POINT),
    "hessian": lambda f, **o: gw.hessian(f, **o)(POINT),
    "hvp": lambda f, **o: gw.hvp(f, **o)(POINT, np.ones(3)),
    "jvp": lambda f, **o: gw.jvp(f, (POINT,), (np.ones(3),), **o),
    "vjp": lambda f, **o: (lambda v, t: (v, t(1.0)))(*gw.vjp(f, POINT, **o)),
    "linearize": lambda f, **o: (lambda v, t: (v, t(np.ones(3))))(*gw.linearize(f, POINT, **o)),
    "directional": lambda f, **o: gw.directional_derivative(f, order=2, **o)(POINT, np.ones(3)),
    "partial": lambda f, **o: gw.partial_derivative(f, 0, index=1, **o)(POINT),
    "laplacian": lambda f, **o: gw.laplacian(f, **o)(POINT),
    "nested": lambda f, **o: gw.grad(lambda x: np.sum(gw.grad(f, **o)(x) ** 2))(POINT),
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_gives_the_same(operator):
    take = OPERATORS[operator]
    true = take(model, pure=False)
    for f, options in ((model, {}), (gw.compile(model), {}), (model, {"pure": True})):
        for _ in range(4):
            for a, b in zip(flat(take(f, **options)), flat(true), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def flat(value):
    return [x for v in value for x in flat(v)] if isinstance(value, tuple) else [value]


def test_what_is_returned_beside_the_value():
    def f(x, n):
        y = MATRIX @ x
        return np.sum(y * y), {"y": y, "n": n, "name": "f", "ones": np.ones(n), "first": x[0], "none": None}

    for k in range(8):
        x, n = POINT * (k + 1), 2 + (k > 4)
        (value, beside), gradient = gw.value_and_grad(f, has_aux=True)(x, n)
        true, known = f(x, n)
        np.testing.assert_allclose([value, *gradient], [true, *gw.grad(f, has_aux=True, pure=False)(x, n)[0]])
        assert list(beside) == list(known)
        np.testing.assert_allclose(beside["y"], known["y"])
        assert (beside["n"], beside["name"], beside["first"], beside["none"]) == (n, "f", x[0], None)
        np.testing.assert_array_equal(beside["ones"], np.ones(n))
        beside["ones"][:] = beside["y"][:] = 7.0
    assert served() >= 3


def test_results_own_their_memory():
    def f(x):
        return np.ones(3), x * 2.0, np.zeros((2, 2)).T

    for _ in range(6):
        value, tangent = gw.jvp(f, (POINT,), (np.ones(3),))
        np.testing.assert_array_equal(value[0], 1.0)
        np.testing.assert_array_equal(value[2], 0.0)
        for part in (*value, *tangent):
            part[...] = 9.0
    assert served() >= 3


FORMULAS = {
    "ufuncs": lambda x: np.sum(np.exp(-x * x) + np.tanh(x) ** 2 - np.hypot(x, 1.0) / np.cosh(x)),
    "floor": lambda x: np.sum(x * np.floor(x) + np.sign(x) * x + np.mod(x, 0.7) + np.trunc(x) * x),
    "power": lambda x: np.sum(np.abs(x) ** 1.5 + x**2 + 2.0**x + x**-2.0),
    "reductions": lambda x: np.max(x) * np.min(x) + x.mean() + x.std() + np.prod(x) + np.ptp(x) + x.var(ddof=1),
    "cumulative": lambda x: np.sum(np.cumsum(x) * np.cumprod(x)),
    "where": lambda x: np.sum(np.where(x > 0.2, np.sin(x), x * x)) + np.sum(np.clip(x, -0.5, 0.5) * x),
    "sorting": lambda x: np.sort(x)[0] * 2 + x[np.argsort(x)][1] + np.median(x) * 3,
    "extremes": lambda x: x[np.argmax(x)] * x[np.argmin(np.abs(x))],
    "indexing": lambda x: x[0] * x[-1] + np.sum(x[::2] * x[:2]) + np.sum(x[[0, 1, 1]]),
    "masking": lambda x: np.sum(x[x > 0] ** 2) + np.sum(x[np.abs(x) < 0.8]) * 2,
    "shapes": lambda x: (
        np.sum(x.reshape(3, 1) * np.stack([x, x * 2]).T[:, :1]) + np.sum(np.tile(x, 2) * np.roll(np.repeat(x, 2), 1))
    ),
    "joining": lambda x: np.sum(np.concatenate([x, x[::-1]]) * np.arange(6)) + np.sum(np.vstack([x, x]) @ x),
    "products": lambda x: (
        x @ x + np.dot(x, np.ones(3)) + np.sum(np.outer(x, x)) + np.einsum("i,i->", x, x) + np.vdot(x, x)
    ),
    "norms": lambda x: np.linalg.norm(x) + np.linalg.norm(x, 1) + np.linalg.norm(x, np.inf) + np.linalg.norm(x, 3),
    "matrices": lambda x: (
        np.linalg.det(np.diag(x) + np.ones((3, 3)) * 5) + np.linalg.inv(np.outer(x, x) + 4 * np.eye(3))[0, 0]
    ),
    "eigen": lambda x: (
        np.linalg.eigvalsh(np.outer(x, x) + np.diag([1.0, 2.0, 4.0]))[1] + np.linalg.svd(np.diag(x + 3))[1][0]
    ),
    "solve": lambda x: (
        np.sum(np.linalg.solve(np.diag(x) + 6 * np.eye(3), x)) + np.linalg.slogdet(np.diag(x * x + 1))[1]
    ),
    "fourier": lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 2) + np.real(np.fft.fft(x)[1]),
    "differences": lambda x: (
        np.sum(np.diff(x) ** 2)
        + np.trapezoid(x)
        + np.convolve(x, [1.0, 2.0])[1]
        + np.interp(0.3, [0.0, 1.0], [0.0, 1.0]) * x[0]
    ),
    "interpolation": lambda x: np.interp(x[0], np.array([-5.0, 0.0, 5.0]), np.array([1.0, 2.0, 0.0])) * x[1],
    "buffers": lambda x: buffered(x),
    "lists": lambda x: (
        sum([a * a for a in x]) + max([x[0], x[1]]) * min(x[1], x[2]) + sum(a * i for i, a in enumerate(x))
    ),
    "mathematics": lambda x: (
        math.exp(x[0]) + math.sin(x[1]) * math.sqrt(abs(x[2])) + math.hypot(x[0], x[1]) + math.pow(abs(x[0]) + 1, 2.5)
    ),
    "floats": lambda x: float(x[0]) * round(float(x[1]), 3) + abs(float(x[2])),
    "conditions": lambda x: x[0] if x[0] > x[1] > x[2] else x[1] ** 2 if x[1] > 0 or x[2] > 0 else x[2] * 3,
    "complex": lambda x: np.abs(np.sum(np.exp(1j * x))) ** 2 + np.real((x[0] + 1j * x[1]) ** 2) + np.angle(x[0] + 2j),
    "zeros": lambda x: np.sum(np.zeros_like(x) + x) + np.sum(np.full(3, x[0])) + np.sum(np.linspace(0.0, 1.0, 3) * x),
    "triangles": lambda x: np.sum(np.tril(np.outer(x, x)) + np.triu(np.outer(x, x), 1) * 2) + np.trace(np.outer(x, x)),
}


def buffered(x):
    out = np.zeros(3)
    for i in range(3):
        out[i] = x[i] * i
        out[i] += 1.0
    y = x.copy()
    y[1:] *= 2.0
    y[y > 1] = 1.0
    return np.sum(out * y)


@pytest.mark.parametrize("name", FORMULAS)
def test_replayed_formulas_are_the_formulas(name):
    f = FORMULAS[name]
    rng = np.random.default_rng(3)
    compiled, reused, traced = gw.compile(f), gw.grad(f), gw.grad(f, pure=False)
    points = [rng.normal(size=3) * s for s in (1.0, 1.0, 1.0, 0.1, 3.0, 1.0, 1.0, 0.5)]
    points += [np.array(p) for p in ([1.0, 1.0, 1.0], [0.0, 1.0, 2.0], [0.2, 0.2, -0.2], [-1.0, -2.0, -3.0])]
    points += [np.array([np.nan, 1.0, 2.0]), np.array([1e200, 1.0, -1e200])]
    for x in points:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            outcomes = []
            for g in (reused, traced, compiled, f):
                try:
                    outcomes.append(g(x.copy()))
                except Exception as error:
                    outcomes.append(type(error))
        for a, b in (outcomes[:2], outcomes[2:]):
            if isinstance(b, type):
                assert a is b
            else:
                np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)
    assert not inspect_function(f).is_pure or served() > 0


# --- what is not proved -------------------------------------------------------------------------------------------------------------

COUNTER = [0]
GENERATOR = np.random.default_rng(0)


class Thing:
    """An object whose attributes a function reads."""

    def __init__(self):
        self.w = np.ones(3)
        self.k = 2
        self.parts = [np.ones(3)]
        self.inner = types.SimpleNamespace(rate=0.5)

    def loss(self, x):
        return np.sum((self.w * x) ** self.k) * self.inner.rate + np.sum(self.parts[0] * x)

    @property
    def doubled(self):
        return self.w * 2


THING = Thing()


class Proxy(Thing):
    """An object that answers for its attributes itself."""

    def __getattribute__(self, name):
        return object.__getattribute__(self, name)


def counting(x):
    COUNTER[0] += 1
    return np.sum(x) * COUNTER[0]


def drawing(x):
    return np.sum(x * np.random.normal(size=3))


def generating(x):
    return np.sum(x * GENERATOR.normal(size=3))


def timing(x):
    return np.sum(x) * time.perf_counter()


def shuffling(x):
    return np.sum(x) * random.random()


def reading(x):
    with open(__file__, encoding="utf-8") as file:  # noqa: PTH123 - as users write
        return np.sum(x) * len(file.readline())


def assigning(x):
    global FACTOR
    FACTOR = FACTOR * 1.0
    return np.sum(x) * FACTOR


def remembering(x):
    counting.last = 1.0
    return np.sum(x)


def by_attribute(x):
    return np.sum(x * THING.__getattribute__("w"))


def by_unknown(x):
    return np.sum(x) * str.count("aa", "a") * hash("a") ** 0


def outer_variable():
    calls = 0.0

    def f(x):
        nonlocal calls
        calls += 1
        return np.sum(x) * calls

    return f


def same_object(x):
    return np.sum(x) if x is POINT else np.sum(x) * 2


IMPURE = [
    counting,
    drawing,
    generating,
    timing,
    shuffling,
    reading,
    assigning,
    by_attribute,
    by_unknown,
    outer_variable(),
    same_object,
]


@pytest.mark.parametrize("f", IMPURE, ids=lambda f: f.__name__)
def test_what_is_not_pure_runs_at_each_call_and_the_line_is_named(f):
    assert not inspect_function(f).is_pure
    for _ in range(5):
        gw.grad(f)(POINT)
    assert programs() == 0
    reuse = gw.explain(f, POINT).reuse
    assert "runs at each call" in reuse
    assert f"{__file__}:" in reuse


def test_what_is_left_at_another_function_is_left_at_each_call():
    for _ in range(6):
        counting.__dict__.pop("last", None)
        np.testing.assert_array_equal(gw.grad(remembering)(POINT), np.ones_like(POINT))
        assert counting.last == 1.0
    assert programs() == 1


def test_random_draws_are_fresh():
    found = {tuple(gw.grad(drawing)(POINT)) for _ in range(6)}
    assert len(found) == 6
    counted = [gw.grad(IMPURE[-2])(POINT)[0] for _ in range(4)]
    np.testing.assert_array_equal(np.diff(counted), 1.0)


# --- caches --------------------------------------------------------------------------------------------------------------------------


def test_no_array_is_kept():
    array = np.linspace(0.0, 1.0, 100_000)
    small = np.ones(4)

    def f(x):
        return np.sum(x * array) + np.sum(small * x)

    same(f, 2.0)
    assert served() > 0
    kept = [weakref.ref(array), weakref.ref(small)]
    f = array = small = None
    gc.collect()
    assert [reference() for reference in kept] == [None, None]


def test_clear_caches_empties():
    same(model, POINT)
    assert programs() > 0
    gw.clear_caches()
    assert programs() == 0
    assert not families._families


def test_families_are_bounded():
    for n in range(families.FAMILIES + 40):
        gw.compile(model)(POINT, 1.0, (1.0,) * 2 + (2.0,) * (n % 3 + n))
    assert len(families._families) <= families.FAMILIES


def test_threads():
    box = {"scale": np.ones(3)}

    def f(x):
        return np.sum(np.sin(x) * box["scale"]) if x[0] > 0 else np.sum(x**3)

    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        gradient = gw.grad(f)
        for _ in range(150):
            x = rng.normal(size=3)
            true = np.cos(x) if x[0] > 0 else 3 * x**2
            if not np.allclose(gradient(x), true, rtol=1e-12):
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    assert served() > 500


def test_pure_false_runs_the_function():
    same(model, POINT)
    before = served()
    gw.grad(model, pure=False)(POINT)
    gw.grad(model, check=True)(POINT)
    assert served() == before


def test_what_is_known_is_explained():
    assert gw.explain(model, POINT).reuse.startswith("proved pure")
    assert "promised pure" in gw.explain(gw.compile(Proxy().loss), POINT).reuse
    assert "nothing that was there" in gw.explain(model, POINT).writes
    assert f"{__file__}:" in gw.explain(counting, POINT).writes
    assert gw.explain(THING.loss, POINT).reuse.startswith("proved pure")
    assert "whose class is not looked into" in gw.explain(Proxy().loss, POINT).reuse
    assert "belongs to a library" in gw.explain(np.add.reduce, POINT).reuse


def test_values_whose_memory_was_used_again_are_computed_anew():
    def f(x):
        table = np.full_like(x, 2.0, shape=(4, 4))
        table[0, 0] = 0.0
        for i in range(3):
            for j in range(3):
                corner = np.stack([table[i, j], table[i, j + 1], table[i + 1, j]])
                table[i + 1, j + 1] = x[i, j] * np.max(corner) + np.log(np.sum(np.exp(-corner)))
        return table[-1, -1]

    rng = np.random.default_rng(0)
    for options in ({}, {"pure": True}):
        gw.clear_caches()
        for _ in range(6):
            x = rng.normal(size=(3, 3))
            np.testing.assert_allclose(gw.grad(f, **options)(x), gw.grad(f, pure=False)(x), rtol=1e-12)
            np.testing.assert_allclose(
                gw.hessian(f, **options)(x), gw.hessian(f, pure=False)(x), rtol=1e-10, atol=1e-12
            )
        assert served() > 0
