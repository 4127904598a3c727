"""vmap of functions that write to their arguments is a loop over the examples: values, derivatives, and what the arguments are afterwards."""

import numpy as np
import pytest

import gradwise as gw


def doubles_through_a_view(x):
    v = x[::-1]
    v[0] *= 2.0
    return x.sum()


def puts(x):
    x[0] = 3.0 * x[1]
    return x[0] * x[1]


def adds(x):
    x += x[0]
    return np.sum(x**2)


def sorts(x):
    x.sort()
    return x[0] * 3.0 - x[-1]


def writes_and_cannot_be_traced(x):
    x *= 2.0
    return float(str(x[0])) + x[1]


X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75], [3.0, 1.0, 0.125]])


@pytest.mark.parametrize("f", [doubles_through_a_view, puts, adds, sorts, writes_and_cannot_be_traced])
def test_values_and_arguments_are_those_of_a_loop(f):
    a, b = X.copy(), X.copy()
    expected = [f(row) for row in a]
    np.testing.assert_allclose(gw.vmap(f)(b), expected)
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("f", [doubles_through_a_view, puts, adds, sorts])
def test_along_another_axis(f):
    a, b = X.T.copy(), X.T.copy()
    expected = [f(row) for row in a.T]
    np.testing.assert_allclose(gw.vmap(f, in_axes=1)(b), expected)
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("f", [doubles_through_a_view, puts, adds])
def test_derivatives(f):
    g = gw.grad(lambda X: gw.vmap(f)(X.copy()).sum(), method="exact")(X)
    np.testing.assert_allclose(g, [gw.grad(f)(row.copy()) for row in X])
    np.testing.assert_allclose(gw.vmap(gw.grad(f))(X.copy()), g)


def test_an_argument_that_all_share_is_written_by_each():
    def f(x, c):
        c[0] += 1.0
        return x * c[0]

    x, c = np.array([1.0, 2.0, 3.0]), np.zeros(1)
    np.testing.assert_array_equal(gw.vmap(f, in_axes=(0, None))(x, c), [1.0, 4.0, 9.0])
    assert c[0] == 3.0


def test_a_container_of_arguments():
    def f(p):
        p["w"][0] *= p["b"]
        return p["w"].sum()

    make = lambda: {"w": X.copy(), "b": np.array([2.0, 3.0, 4.0])}
    p, q = make(), make()
    expected = [f({"w": p["w"][i], "b": p["b"][i]}) for i in range(3)]
    np.testing.assert_allclose(gw.vmap(f)(q), expected)
    np.testing.assert_array_equal(p["w"], q["w"])


class Counting:
    def __init__(self):
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return x * self.calls


def closure():
    state = np.zeros(1)

    def f(x):
        state[0] += 1.0
        return x * state[0]

    return f


def listing():
    seen = []

    def f(x):
        seen.append(1)
        return x * len(seen)

    return f


def drawing():
    rng = np.random.default_rng(3)
    return lambda x: x + rng.normal()


def iterating():
    numbers = iter([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
    return lambda x: x * next(numbers)


def branching():
    count = [0]

    def f(x):
        count[0] += 1
        return x * count[0] if x > 1.5 else -x

    return f


@pytest.mark.parametrize("make", [Counting, closure, listing, drawing, iterating, branching])
def test_effects_are_those_of_a_loop(make):
    x = np.array([1.0, 2.0, 3.0])
    f, g = make(), make()
    np.testing.assert_array_equal(gw.vmap(f)(x), [g(v) for v in x])
    np.testing.assert_array_equal(gw.vmap(f)(x), [g(v) for v in x])


@pytest.mark.parametrize(("make", "slopes"), [(Counting, [1, 2, 3]), (listing, [1, 2, 3]), (branching, [-1, 2, 3])])
def test_the_derivative_of_what_counts(make, slopes):
    f = make()
    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(gw.grad(lambda x: gw.vmap(f)(x).sum(), check=False)(x), slopes)


def test_each_example_prints_once(capsys):
    def f(x):
        print("at", float(x))
        return x**2

    np.testing.assert_array_equal(gw.vmap(f)(np.array([1.0, 2.0, 3.0])), [1.0, 4.0, 9.0])
    assert capsys.readouterr().out == "at 1.0\nat 2.0\nat 3.0\n"


def _printing(x, s):
    print("ran")
    return np.sum(x * s)


def _sorting(x, s):
    return np.sum(np.sort(x * s) * np.arange(3.0))


class _Counting:
    calls = 0

    def __call__(self, x, s):
        self.calls += 1
        return np.sum(x**2 * s)


@pytest.mark.parametrize("f", [_printing, _sorting, _Counting()], ids=["print", "sort", "counter"])
def test_the_first_example_counts_in_the_derivative_around(f):
    """What is differentiated around may come from the function's closure alone."""
    x, scales = np.array([1.0, 2.0, 4.0]), np.array([0.5, -2.0, 3.0])

    def by_vmap(x):
        return np.sum(gw.vmap(lambda s: f(x, s))(scales) ** 2)

    def by_loop(x):
        return sum(f(x, s) ** 2 for s in scales)

    reference = gw.numerical.grad(by_loop, x)
    for operator in (gw.grad, gw.jacfwd):
        np.testing.assert_allclose(operator(by_vmap)(x), reference.value, rtol=1e-8)
    np.testing.assert_allclose(gw.hessian(by_vmap)(x), gw.hessian(by_loop)(x), rtol=1e-12)
    np.testing.assert_allclose(gw.jvp(by_vmap, (x,), (x,))[1], reference.value @ x, rtol=1e-8)
