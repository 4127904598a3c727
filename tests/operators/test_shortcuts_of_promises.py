"""Shortcuts with keyword arguments, for promised functions, and to the values of compiled ones."""

from __future__ import annotations

import gc
import warnings
import weakref

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of
from gradwise.operators.value_shortcuts import VALUE

X = np.array([0.4, -1.2, 2.5])


def served(f, choice):
    kept = (shortcuts_of(f) or {}).get(choice)
    return 0 if kept is None else kept.served


def loss(w, A=None, y=None, *, scale=2.0, **more):
    return scale * np.sum((A @ w - y) ** 2) + sum(v * w[k] for k, v in enumerate(more.values()))


def exact_gradient(w, A, y, scale=2.0, **more):
    g = 2.0 * scale * A.T @ (A @ w - y)
    for k, v in enumerate(more.values()):
        g[k] += v
    return g


def make_data(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=3), {"A": rng.normal(size=(4, 3)), "y": rng.normal(size=4)}


def test_keywords_take_the_shortcut():
    g = gw.grad(loss, method="exact")
    for seed in range(8):
        w, data = make_data(seed)
        np.testing.assert_allclose(g(w, **data), exact_gradient(w, **data), rtol=1e-12)
    assert served(loss, "0") >= 4
    w, data = make_data(9)  # another form each
    np.testing.assert_allclose(g(w, scale=3.5, **data), exact_gradient(w, scale=3.5, **data), rtol=1e-12)
    np.testing.assert_allclose(g(w, data["A"], y=data["y"]), exact_gradient(w, **data), rtol=1e-12)


def test_the_order_of_keywords_is_part_of_the_form():
    def f(x, **more):
        return sum(v * x[k] ** 2 for k, v in enumerate(more.values()))

    g = gw.grad(f, method="exact")
    for k in range(8):
        np.testing.assert_allclose(g(X, a=1.0 + k, b=10.0), [2 * X[0] * (1 + k), 20 * X[1], 0.0], rtol=1e-14)
    assert served(f, "0") >= 4
    np.testing.assert_allclose(g(X, b=10.0, a=1.0), [20 * X[0], 2 * X[1], 0.0], rtol=1e-14)
    np.testing.assert_allclose(g(X, a=1.0), [2 * X[0], 0.0, 0.0], rtol=1e-14)
    np.testing.assert_allclose(g(X, a=1.0, b=10.0, c=3.0), 2 * X * [1.0, 10.0, 3.0], rtol=1e-14)


def test_values_of_equal_size_are_not_mistaken():
    def f(x, p, q=1.0, *, r=1.0):
        return np.sum(p * x**2 + q * x + r)

    g = gw.value_and_grad(f, method="exact")
    for k in range(8):
        value, gradient = g(X, r=1.0 + k, p=1.0)
        assert value == pytest.approx(np.sum(X**2 + X + 1.0 + k), rel=1e-14)
        np.testing.assert_allclose(gradient, 2 * X + 1.0, rtol=1e-14)
    assert served(f, "0") >= 4
    np.testing.assert_allclose(g(X, r=2.0, p=3.0)[1], 6 * X + 1.0, rtol=1e-14)


@pytest.mark.parametrize("choice", ["w", ("w", "b"), ("b", 0)])
def test_keywords_can_be_differentiated(choice):
    def f(w, b, c=2.0):
        return np.sum(np.sin(w)) * b["k"] ** 2 + c * b["m"].sum()

    b = {"m": np.ones(2), "k": 3.0}
    g = gw.grad(f, argnums=choice, method="exact")
    for c in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0):
        found = g(X, b=b, c=c)
        expected = {"w": np.cos(X) * 9.0, "b": {"m": np.full(2, c), "k": 6.0 * np.sin(X).sum()}}
        expected[0] = expected["w"]
        for name, part in zip(
            [choice] if isinstance(choice, str) else choice, [found] if isinstance(choice, str) else found, strict=True
        ):
            if name == "b":
                assert list(part) == ["m", "k"]
                np.testing.assert_allclose(part["m"], expected["b"]["m"], rtol=1e-14)
                assert part["k"] == pytest.approx(expected["b"]["k"], rel=1e-14)
            else:
                np.testing.assert_allclose(part, expected[name], rtol=1e-14)
    assert served(f, repr(choice)) >= 2


def test_a_default_that_is_differentiated_is_left_to_the_ordinary_way():
    def f(x, y=3.0):
        return x * y**2

    g = gw.grad(f, argnums=("y",), method="exact")
    for _ in range(6):
        assert g(2.0) == (12.0,)
    assert g(2.0, y=1.0) == (4.0,)


def test_jacobians_by_keyword():
    def f(x, a):
        return a * x**2

    J = gw.jacobian(f, argnums="x", method="exact")
    for k in range(7):
        np.testing.assert_allclose(J(x=X, a=1.0 + k), np.diag(2 * (1 + k) * X), rtol=1e-14)
    assert sum(kept.served for kept in shortcuts_of(f).values()) >= 3


@pytest.mark.parametrize("wrap", [lambda f: gw.grad(f, pure=True), lambda f: gw.grad(gw.compile(f))])
def test_promised_functions_take_the_shortcuts_of_proven_ones(wrap):
    scale = 2.0

    def f(x):
        return scale * np.sum(np.exp(x) * x)

    g = wrap(f)
    for k in range(7):
        np.testing.assert_allclose(g(X + k), 2.0 * np.exp(X + k) * (1 + X + k), rtol=1e-13)
    assert served(f, "0") >= 3
    scale = 5.0
    np.testing.assert_allclose(g(X), 5.0 * np.exp(X) * (1 + X), rtol=1e-13)


def test_no_shortcut_where_the_function_is_to_run():
    def f(x):
        return np.sum(x**2)

    plain, g = gw.grad(f), gw.grad(f, pure=False)
    for _ in range(7):
        plain(X)
    before = served(f, "0")
    assert before >= 3
    np.testing.assert_allclose(g(X), 2 * X)
    assert served(f, "0") == before


def compiled_of(f, *args, **kwargs):
    """The compiled function after enough calls for a shortcut, all of which give what the function gives."""
    c = gw.compile(f)
    for _ in range(7):
        same(c(*args, **kwargs), f(*args, **kwargs))
    return c


def same(ours, theirs):
    assert type(ours) is type(theirs)
    if isinstance(ours, (tuple, list)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b)
    elif isinstance(ours, dict):
        assert list(ours) == list(theirs)
        for k in ours:
            same(ours[k], theirs[k])
    else:
        np.testing.assert_allclose(ours, theirs, rtol=1e-13)
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[0] * x[1] + x[2],
        lambda x: np.sum(np.sin(x) * x[0]),
        lambda x: float(x[0]) * 2.0,
        lambda x: np.cumsum(x) * 2.0,
        lambda x: (x.sum(), x * 2, {"a": x[0], "b": [x[1], x**2]}),
        lambda x: x,
        lambda x: x[::-1],
        lambda x: (x, x),
        lambda x: (x > 0.0) & (x < 2.0),
        lambda x: int(np.argmax(x)),
        lambda x: bool(x[0] > 0.0),
        lambda x: x.astype(np.float32),
        lambda x: x + 1j,
        lambda x: np.outer(x, x).T,
        lambda x: np.zeros(3),
        lambda x: 7.0,
    ],
    ids=range(16),
)
def test_values_of_compiled_functions(f):
    c = compiled_of(f, X)
    for x in (X * 2, X + 1.0, -X, X.copy()):
        same(c(x), f(x))
    result = c(X)
    if type(result) is np.ndarray:  # the caller's own, as of each call
        assert not np.shares_memory(result, X)
        result[...] = 0
        same(c(X), f(X))


def test_values_take_the_shortcut():
    def f(x, k=1.0):
        return np.sum(np.sin(x)) * k

    compiled_of(f, X, k=2.0)
    assert served(f, VALUE) >= 3


def test_values_follow_what_the_function_reads():
    factor, table = 2.0, np.array([1.0, 2.0, 3.0])

    def f(x):
        return factor * (x @ table) if x[0] < 1.0 else x.sum()

    c = compiled_of(f, X)
    factor = 3.0
    assert c(X) == f(X)
    table[1] = 10.0
    assert c(X) == f(X)
    table = np.ones(3, dtype=np.float32)
    same(c(X), f(X))
    assert c(X + 1.0) == f(X + 1.0)
    with pytest.raises(ValueError, match=r"shape|dimension|size"):
        c(np.ones(4) * 0.1)


def test_values_warn_as_numpy_does():
    def f(x):
        return np.sum(np.log(x)) / x[0]

    c = compiled_of(f, np.array([1.0, 2.0]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert np.isneginf(c(np.array([1.0, 0.0])))
    assert [w.category for w in caught] == [RuntimeWarning]
    assert np.isnan(c(np.array([1.0, np.nan])))


def test_a_shortcut_keeps_no_function_alive():
    def make():
        def f(x):
            return np.sum(x**2)

        return f

    f = make()
    compiled_of(f, X)
    gone = weakref.ref(f)
    del f
    gc.collect()
    assert gone() is None
