"""Shortcuts give what running the function gives, and are left where anything is different."""

from __future__ import annotations

import gc
import threading
import types
import warnings
import weakref

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

SCALE = 1.7
TABLE = np.array([0.3, 1.1, -0.4, 2.0])
NODES = np.linspace(-3.0, 3.0, 9)


def helper(t, k=2):
    return t**k + SCALE


def numbers_only(x):
    a, b, c, d = x
    s = 0.0
    for k in range(5):
        s = s + a * b - c / (2.0 + d * d) + helper(a) * k
    return max(s, a) * min(b, 3.0) + abs(c) - (-d) ** 3


def arrays(x):
    return np.sum(np.exp(-x) * TABLE) + SCALE * (x @ x) + np.mean(np.sqrt(1.0 + x * x))


def filled(x):
    out = np.zeros(6)
    for k in range(4):
        out[k] = x[k] * x[3 - k]
    out[1:3] += x[:2]
    return np.sum(out**3) + out[5]


def through_views(x):
    y = x.reshape(2, 2)
    return np.sum((y @ y.T) * y) - np.linalg.norm(y) + y[0, 1] * y[1, 0]


def branches(x):
    return np.sin(x[0]) * x[1] if x[2] > 0.0 else np.cos(x[0]) - x[3]


def interpolated(x):
    return np.sum(np.interp(x, NODES, np.tanh(NODES)) * x)


def selects(x):
    return np.sum(np.where(x > 0.2, x**2, np.exp(x))) + np.max(x) - np.min(x) + np.sum(np.abs(x - 1.0))


def solves(x):
    return np.linalg.solve(np.diag(2.0 + x**2) + 0.1, x) @ x


def spread(x):
    return np.sum((x - np.mean(x)) ** 2) / x.size + np.sum(x * 2.0 + SCALE)


def special(x):
    return np.log1p(x[0] ** 2) + np.tanh(x[1]) * np.sqrt(4.0 + x[2]) + np.expm1(x[3]) - np.hypot(x[0], 2.0 + x[1])


FUNCTIONS = [numbers_only, arrays, filled, through_views, branches, interpolated, selects, solves, spread, special]


def assert_same(ours, theirs):
    assert type(ours) is type(theirs)
    if isinstance(ours, (tuple, list)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert_same(a, b)
    elif isinstance(ours, dict):
        assert list(ours) == list(theirs)
        for key in ours:
            assert_same(ours[key], theirs[key])
    else:
        assert np.shape(ours) == np.shape(theirs)
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-14)
        if isinstance(ours, np.ndarray):
            assert ours.flags.writeable
            assert ours.flags.c_contiguous
            assert ours.base is None


def served(function):
    return sum(kept.served for kept in (shortcuts_of(function) or {}).values())


def warm(operator, *points):
    for x in points * 6:
        operator(*x)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_gradients_are_those_of_the_function(f):
    rng = np.random.default_rng(1)
    gw.clear_caches()
    fast, slow = gw.value_and_grad(f), gw.value_and_grad(f, pure=False)
    for _ in range(25):
        x = rng.uniform(-1.0, 1.0, 4)
        before = x.copy()
        assert_same(fast(x), slow(x))
        assert np.array_equal(x, before)
        assert_same(gw.grad(f)(x), slow(x)[1])
    assert served(f) >= 25


VECTORS = [
    lambda x: np.stack([x[0] * x[1], np.sin(x[2]), x[3] ** 3, x[0] + SCALE]),
    lambda x: np.outer(x, x)[:2] * TABLE,
    lambda x: np.cumsum(np.exp(x)),
    lambda x: np.array([x[0] * 2.0, x[1] ** 2]),
    lambda x: np.linalg.inv(np.diag(2.0 + x)) @ x,
    lambda x: np.maximum(x, 0.1) * x,
]


@pytest.mark.parametrize("k", range(len(VECTORS)))
@pytest.mark.parametrize("operator", [gw.jacobian, gw.jacfwd, gw.jacrev])
def test_jacobians_are_those_of_the_function(k, operator):
    f = VECTORS[k]
    rng = np.random.default_rng(2)
    gw.clear_caches()
    fast, slow = operator(f), operator(f, pure=False)
    for _ in range(12):
        x = rng.uniform(-1.0, 1.0, 4)
        assert_same(fast(x), slow(x))
    assert served(f) >= 6


def quadratic(p, k, *, shift=0.5):
    return np.sum((p["w"] @ p["b"][0] - k) ** 2) + p["scale"] * shift + p["b"][1] ** 2


def test_containers_keep_their_form():
    rng = np.random.default_rng(3)
    gw.clear_caches()
    fast, slow = gw.grad(quadratic, argnums=(0, 1)), gw.grad(quadratic, argnums=(0, 1), pure=False)
    for _ in range(10):
        p = {"w": rng.normal(size=(3, 2)), "b": [rng.normal(size=2), float(rng.normal())], "scale": np.float64(2.0)}
        assert_same(fast(p, 0.3), slow(p, 0.3))
    assert served(quadratic) >= 4
    assert_same(fast({**p, "scale": 3.0}, 0.3), slow({**p, "scale": 3.0}, 0.3))  # another type of number
    other = {"b": p["b"], "scale": p["scale"], "w": p["w"]}  # another order
    assert_same(fast(other, 0.3), slow(other, 0.3))
    assert_same(fast(p, np.array([1.0, 2.0, 3.0])), slow(p, np.array([1.0, 2.0, 3.0])))


@pytest.mark.parametrize(
    "x",
    [
        1.5,
        np.float64(1.5),
        np.float32(1.5),
        np.array(1.5),
        np.array([1.5], np.float32),
        2,
        np.array([1, 2]),
        np.zeros(0),
    ],
    ids=repr,
)
def test_every_kind_of_number(x):
    def f(t):
        return np.sum(t * t * 2.0)

    gw.clear_caches()
    fast, slow = gw.grad(f), gw.grad(f, pure=False)
    for _ in range(8):
        assert_same(fast(x), slow(x))


def test_results_are_fresh():
    def f(x):
        return np.sum(TABLE * x)

    gradient = gw.grad(f)
    x = np.ones(4)
    for _ in range(8):
        g = gradient(x)
        assert np.array_equal(g, TABLE)
        g[:] = 7.0


@pytest.mark.parametrize("operator", [gw.jacfwd, gw.jacrev])
@pytest.mark.parametrize("f", [lambda x: x.copy(), lambda x: x[::-1], lambda x: x * 1.0 + 0.0])
def test_jacobians_are_fresh(operator, f):
    jacobian, truth = operator(f), operator(f, pure=False)(np.arange(3.0))
    for _ in range(8):
        j = jacobian(np.arange(3.0))
        assert np.array_equal(j, truth)
        j[:] = 7.0
    assert served(f) > 0


def test_large_arrays():
    def f(x):
        return np.sum(x**2 * 3.0) + np.mean(np.exp(-(x**2))) - np.sum(np.maximum(x, 0.0) * 2.0)

    gw.clear_caches()
    rng = np.random.default_rng(8)
    for _ in range(8):
        x = rng.normal(size=20_000)
        assert_same(gw.grad(f)(x), gw.grad(f, pure=False)(x))
    assert served(f) > 0


def test_more_forms_than_are_kept():
    def f(x):
        return np.sum(x**3)

    gw.clear_caches()
    for n in range(2, 12):
        for _ in range(6):
            np.testing.assert_allclose(gw.grad(f)(np.arange(float(n))), 3 * np.arange(float(n)) ** 2)
    assert len(shortcuts_of(f)["0"].ways) == 8


def test_two_gradients_that_are_equal_are_two_arrays():
    def f(x, y):
        return np.sum(np.exp(x + y))

    gradient = gw.grad(f, argnums=(0, 1))
    for _ in range(8):
        a, b = gradient(np.zeros(3), np.zeros(3))
        a[:] = 5.0
        assert np.array_equal(b, np.ones(3))


# --- what changes is seen ------------------------------------------------------------------------------------------------


def module(text):
    made = types.ModuleType("made")
    exec(compile(text, "made.py", "exec"), made.__dict__)
    return made


SOURCE = """
import math
import numpy as np
k = 2.0
data = np.array([1.0, 2.0, 3.0])
def inner(x):
    return x * k
def f(x, c=1.0):
    return np.sum(inner(x) * data) * c + math.exp(0.0)
"""


def gradient_after(change):
    m = module(SOURCE)
    x = np.ones(3)
    gradient = gw.grad(m.f)
    warm(gradient, (x,))
    assert served(m.f) > 0
    change(m)
    return gradient(x), gw.grad(m.f, pure=False)(x)


CHANGES = {
    "a number": lambda m: setattr(m, "k", 5.0),
    "a number of another type": lambda m: setattr(m, "k", 5),
    "an array in place": lambda m: m.data.__setitem__(1, 9.0),
    "an array": lambda m: setattr(m, "data", np.array([4.0, 4.0, 4.0])),
    "an array of another dtype": lambda m: setattr(m, "data", np.array([4, 4, 4])),
    "an array of another shape": lambda m: setattr(m, "data", np.array([[4.0, 1.0, 4.0], [0.0, 1.0, 2.0]])),
    "a list in the place of an array": lambda m: setattr(m, "data", [1.0, 1.0, 1.0]),
    "a function": lambda m: setattr(m, "inner", lambda x: x**2),
    "the code of a function": lambda m: setattr(m.inner, "__code__", (lambda x: x**3).__code__),
    "the code of the function": lambda m: setattr(m.f, "__code__", (lambda x, c=1.0: 3.0 * x.sum()).__code__),
    "a default": lambda m: setattr(m.f, "__defaults__", (4.0,)),
    "a module": lambda m: setattr(m, "np", types.SimpleNamespace(sum=lambda v: 2.0 * np.sum(v))),
    "a builtin is covered": lambda m: m.__dict__.update(exec("def inner(x): return x * 11.0", d := {}) or d),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_are_seen(name):
    now, truth = gradient_after(CHANGES[name])
    np.testing.assert_allclose(now, truth, rtol=1e-14)


def test_a_changed_cell_is_seen():
    def outer():
        k = 2.0

        def f(x):
            return k * np.sum(x**2)

        def change(value):
            nonlocal k
            k = value

        return f, change

    f, change = outer()
    x = np.arange(3.0)
    warm(gw.grad(f), (x,))
    assert served(f) > 0
    change(10.0)
    np.testing.assert_allclose(gw.grad(f)(x), 20.0 * x)
    change("no number")
    with pytest.raises(TypeError):
        gw.grad(f)(x)


def test_a_small_table_that_belongs_to_the_form():
    nodes = np.array([0.0, 1.0, 2.0])

    def f(x):
        return np.sum(np.interp(x, nodes, nodes**2))

    x = np.array([0.5, 1.5])
    warm(gw.grad(f), (x,))
    assert served(f) > 0
    np.testing.assert_allclose(gw.grad(f)(x), [1.0, 3.0])
    nodes[:] = [0.0, 1.0, 3.0]
    np.testing.assert_allclose(gw.grad(f)(x), [1.0, 4.0])
    nodes[:] = [0.0, 1.0, 2.0]
    np.testing.assert_allclose(gw.grad(f)(x), [1.0, 3.0])


def test_a_small_array_whose_content_belongs_to_the_form():
    weights = np.array([2.0, 3.0])

    def f(x):  # what is read from a text cannot be traced back
        return sum(float(str(w)) * v * v for w, v in zip(weights, x))

    gw.clear_caches()
    x = np.array([0.5, 1.5])
    warm(gw.grad(f), (x,))
    assert served(f) > 0
    np.testing.assert_allclose(gw.grad(f)(x), [2.0, 9.0])
    weights[0] = 5.0
    np.testing.assert_allclose(gw.grad(f)(x), [5.0, 9.0])
    weights = np.array([2.0, 3.0])
    np.testing.assert_allclose(gw.grad(f)(x), [2.0, 9.0])


# --- out of the ordinary -------------------------------------------------------------------------------------------------


def test_warnings_of_numpy_are_still_given():
    def f(x):
        return np.sum(1.0 / x) + np.exp(x[0])

    gradient = gw.grad(f)
    warm(gradient, (np.array([1.0, 2.0]),))
    assert served(f) > 0
    with pytest.warns(RuntimeWarning, match="overflow"):
        gradient(np.array([800.0, 1.0]))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        gradient(np.array([1.0, 0.0]))


def test_warnings_of_numbers_of_numpy_are_still_given():
    def f(x):
        return min(x[0] * 1e200 * x[0], 1.0) + x[1]

    gradient = gw.grad(f)
    warm(gradient, (np.array([1.0, 2.0]),))
    assert served(f) > 0
    with pytest.warns(RuntimeWarning, match="overflow"):
        gradient(np.array([1e150, 1.0]))


def test_errors_are_those_of_the_function():
    def f(x):
        return 1.0 / float(x)

    gradient = gw.grad(f)
    warm(gradient, (2.0,))
    assert served(f) > 0
    with pytest.raises(ZeroDivisionError):
        gradient(0.0)
    with pytest.raises(gw.InputError):
        gradient("text")
    with pytest.raises(TypeError):
        gradient(1.0, 2.0)


def test_kinks_are_still_warned_of():
    def f(x):
        return np.sum(np.abs(x)) + abs(x[0] - 2.0)

    gradient = gw.grad(f)
    warm(gradient, (np.array([1.0, 3.0]),))
    assert served(f) > 0
    with pytest.warns(gw.KinkWarning):
        gradient(np.array([2.0, 3.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert gradient(np.array([0.0, 3.0]))[1] == 1.0


def test_a_kink_that_lasts_is_none():
    def f(x):
        return np.sum(np.abs(x - np.clip(x, -1.0, 1.0))) + x @ x

    gw.clear_caches()
    gradient = gw.grad(f)
    x = np.array([0.5, -0.3, 4.0])
    for _ in range(10):
        np.testing.assert_allclose(gradient(x), 2 * x + [0, 0, 1])
    assert served(f) > 0


def test_branches_have_shortcuts_of_their_own():
    gw.clear_caches()
    gradient, slow = gw.grad(branches), gw.grad(branches, pure=False)
    rng = np.random.default_rng(5)
    for _ in range(40):
        x = rng.normal(size=4)
        np.testing.assert_allclose(gradient(x), slow(x), rtol=1e-14)
    assert served(branches) >= 20


def test_nan_goes_the_ordinary_way():
    def f(x):
        return np.sum(np.sqrt(x) * x)

    gradient = gw.grad(f)
    warm(gradient, (np.array([1.0, 4.0]),))
    assert served(f) > 0
    np.testing.assert_allclose(gradient(np.array([0.0, 4.0])), [0.0, 3.0], atol=1e-12)  # a limit, not nan


def test_inside_another_derivative():
    def f(x):
        return np.sum(x**3)

    warm(gw.grad(f), (np.arange(3.0),))
    assert served(f) > 0
    np.testing.assert_allclose(gw.jacobian(gw.grad(f))(np.arange(3.0)), np.diag(6 * np.arange(3.0)))
    count = served(f)

    def outer(x):
        return np.sum(gw.grad(f)(np.ones(3)) * x)

    np.testing.assert_allclose(gw.grad(outer)(np.arange(3.0)), np.full(3, 3.0))
    assert served(f) >= count


def test_what_is_said_of_the_function_counts():
    def f(x):
        return np.sum(x**2)

    x = np.ones(2)
    warm(gw.grad(f), (x,))
    count = served(f)
    assert count > 0
    gw.grad(f, check=True)(x)
    gw.grad(f, pure=False)(x)
    assert served(f) == count
    gw.grad(f)(x)
    assert served(f) == count + 1
    gw.clear_caches()
    assert shortcuts_of(f) is None


def test_threads_share_them():
    def f(x):
        return np.sum(np.sin(x) * x[0])

    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(200):
            x = rng.normal(size=5)
            expected = np.cos(x) * x[0]
            expected[0] += np.sin(x).sum()
            if not np.allclose(gw.grad(f)(x), expected, rtol=1e-12):
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    assert served(f) > 100


def test_functions_and_their_arrays_are_not_kept():
    m = module(SOURCE)
    warm(gw.grad(m.f), (np.ones(3),))
    assert served(m.f) > 0
    function, data = weakref.ref(m.f), weakref.ref(m.data)
    m.__dict__.clear()
    del m
    gc.collect()
    assert function() is None
    assert data() is None
