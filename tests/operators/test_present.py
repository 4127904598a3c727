"""Each call sees the present, has the function's own effects once, and leaves nothing behind."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import pytest

import gradwise as gw

OPERATORS = {
    "grad": lambda f: gw.grad(f),
    "value_and_grad": lambda f: lambda x: gw.value_and_grad(f)(x)[1],
    "jacobian": lambda f: gw.jacobian(f),
    "jvp": lambda f: lambda x: np.array([gw.jvp(f, (x,), (e,))[1] for e in np.eye(len(x))]),
    "vjp": lambda f: lambda x: gw.vjp(f, x)[1](1.0)[0],
}


@pytest.fixture(params=OPERATORS.values(), ids=OPERATORS)
def operator(request):
    return request.param


# --- what the function reads --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [3, 40_000])
def test_a_closure_array_rebound_or_changed_in_place(size):
    a = np.ones(size)

    def f(x):
        return np.sum(a * x**2)

    g = gw.grad(f)
    x = np.linspace(0.0, 1.0, size)
    np.testing.assert_allclose(g(x), 2 * x)
    a[:] = 3.0
    np.testing.assert_allclose(g(x), 6 * x)
    a = np.full(size, 5.0)
    np.testing.assert_allclose(g(x), 10 * x)
    a = 2.0
    np.testing.assert_allclose(g(x), 4 * x)


NUMBER = 2.0


def of_a_global(x):
    return np.sum(NUMBER * x**2)


def test_a_global_number(operator):
    global NUMBER
    x = np.array([1.0, 2.0])
    g = operator(of_a_global)
    try:
        NUMBER = 2.0
        np.testing.assert_allclose(g(x), 4 * x)
        NUMBER = -1
        np.testing.assert_allclose(g(x), -2 * x)
        NUMBER = np.array([1.0, 10.0])
        np.testing.assert_allclose(g(x), [2.0, 40.0])
    finally:
        NUMBER = 2.0


def test_an_attribute_and_a_default_argument(operator):
    class Model:
        k = 2.0

    m = Model()

    def f(x, table={"k": 1.0}, history=[1.0]):
        history.append(history[-1] * 2)
        return np.sum(m.k * table["k"] * history[-2] * x)

    x = np.ones(2)
    g = gw.grad(f)
    np.testing.assert_array_equal(g(x), [2.0, 2.0])
    np.testing.assert_array_equal(g(x), [4.0, 4.0])
    m.k = 10.0
    np.testing.assert_array_equal(g(x), [40.0, 40.0])
    f.__defaults__[0]["k"] = 0.5
    np.testing.assert_array_equal(g(x), [40.0, 40.0])


def test_random_draws_and_minibatches():
    rng = np.random.default_rng(0)
    data = np.arange(40.0).reshape(20, 2)
    batches = iter([[0, 1], [5, 7], [3, 3]])
    drawn = []

    def f(w):
        noise = rng.standard_normal(2)
        rows = next(batches)
        drawn.append((noise, rows))
        return np.sum(data[rows] @ w + noise @ w)

    g = gw.grad(f)
    for _ in range(3):
        found = g(np.ones(2))
        noise, rows = drawn[-1]
        np.testing.assert_allclose(found, data[rows].sum(axis=0) + 2 * noise)
    assert len(drawn) == 3
    assert len({tuple(noise) for noise, _ in drawn}) == 3


@pytest.mark.parametrize("size", [3, 40_000])
def test_a_buffer_of_the_caller_reused_inside_the_function(size, monkeypatch):
    buffer = np.zeros(size)

    def f(x):
        buffer[:] = 2.0
        total = np.sum(buffer * x**2)
        buffer[:] = 5.0
        return total + np.sum(buffer * x**2)

    x = np.linspace(1.0, 2.0, size)
    np.testing.assert_allclose(gw.grad(f)(x), 14 * x)
    monkeypatch.setenv("GRADWISE_REWRITE", "0")
    if buffer.nbytes > 1 << 18:
        with pytest.raises(gw.TracingError, match=r"changed in place while the function ran.*Work on a copy"):
            gw.grad(f, method="exact")(x)


@pytest.mark.parametrize("size", [3, 40_000])
def test_arrays_of_the_function_itself_may_be_reused(size):
    def f(x):
        y = x * 1.0
        total = 0.0
        for k in range(1, 4):
            y *= k
            total = total + np.sum(y**2)
        y[:] = 0.0
        return total

    x = np.linspace(1.0, 2.0, size)
    np.testing.assert_allclose(gw.grad(f)(x), 2 * x * (1 + 4 + 36), rtol=1e-14)


def test_the_path_taken_is_that_of_the_present():
    def f(x):
        if x[0] > 0:
            return np.sum(x**2)
        return -3.0 * np.sum(x)

    g = gw.grad(f)
    for _ in range(2):
        np.testing.assert_array_equal(g(np.array([1.0, 2.0])), [2.0, 4.0])
        np.testing.assert_array_equal(g(np.array([-1.0, 2.0])), [-3.0, -3.0])


def test_equal_code_with_other_globals_and_cells_is_another_function():
    def make(k):
        return lambda x: k * x

    assert [gw.grad(make(k))(1.0) for k in (1.0, 2, 3.0)] == [1.0, 2.0, 3.0]
    sources = [{}, {}]
    for space, k in zip(sources, (2.0, 7.0), strict=True):
        space["a"] = k
        exec(compile("def f(x): return a * x", "<same>", "exec"), space)
    assert [gw.grad(space["f"])(1.0) for space in sources] == [2.0, 7.0]


def test_zero_and_minus_zero_and_nan_as_captured_numbers():
    assert gw.grad(lambda x: np.copysign(x, 0.0) * 1.0 + x * -0.0)(2.0) == 1.0
    with np.errstate(all="ignore"):
        assert np.isnan(gw.grad(lambda x: x * float("nan"))(1.0))
    assert gw.grad(lambda x: x * 0.0 + x * True + x * 1)(1.0) == 2.0


# --- what the function does ---------------------------------------------------------------------------------------------------


def test_effects_happen_once_a_call(operator, capsys):
    count = []

    def f(x):
        count.append(1)
        print("running")
        return np.sum(x**2)

    x = np.array([1.0, 2.0])
    runs = 2 if operator is OPERATORS["jvp"] else 1
    for k in range(1, 4):
        operator(f)(x)
        assert len(count) == k * runs
    assert capsys.readouterr().out.count("running") == 3 * runs


def test_effects_of_second_order_operators_happen_once():
    count = []

    def f(x):
        count.append(1)
        return np.sum(x**3)

    x = np.arange(4.0)
    for operator in (gw.hessian(f), gw.laplacian(f), lambda x: gw.hvp(f)(x, x), lambda x: gw.taylor(f, 3)(x, x)):
        count.clear()
        operator(x)
        assert len(count) == 1


def test_state_kept_in_an_object_is_plain_afterwards():
    class Model:
        def loss(self, x):
            self.last = x * 2
            self.norm = np.sum(x**2)
            return self.norm

    m = Model()
    x = np.array([1.0, 2.0])
    gw.grad(m.loss)(x)
    assert repr(m.norm) == repr(np.float64(5.0))
    assert f"{m.norm:.2f}" == "5.00"
    assert float(m.norm) == 5.0
    assert m.norm + 1 == 6.0
    assert type(m.norm + 1) in (float, np.float64)
    assert type(m.last + 1) is np.ndarray
    assert type(np.exp(m.last)) is np.ndarray
    assert type(np.concatenate([m.last, m.last])) is np.ndarray
    np.testing.assert_array_equal(np.asarray(m.last), [2.0, 4.0])
    assert isinstance(m.last, np.ndarray)
    np.testing.assert_array_equal(m.last, [2.0, 4.0])
    np.testing.assert_array_equal(m.last @ m.last, 20.0)
    np.testing.assert_array_equal(m.last[0], 2.0)
    m.last[0] = 7.0
    np.testing.assert_array_equal(m.last, [7.0, 4.0])
    m.last += 1
    np.testing.assert_array_equal(m.last.sum(), 13.0)
    assert x.tolist() == [1.0, 2.0]
    for same in (pickle.loads(pickle.dumps(m.last)), copy.copy(m.last), copy.deepcopy(m.last)):
        np.testing.assert_array_equal(np.asarray(same), [8.0, 5.0])
    assert pickle.loads(pickle.dumps(m.norm)) == 5.0
    assert float(copy.deepcopy(m.norm)) == 5.0
    assert hash(m.norm) == hash(5.0)
    assert {5.0: "five"}[m.norm] == "five"
    import math

    assert math.exp(m.norm) == math.exp(5.0)
    assert int(m.norm) == 5
    assert m.last.tolist() == [8.0, 5.0]
    # and as an argument or a captured value of another derivative
    np.testing.assert_array_equal(gw.grad(lambda z: np.sum(m.last * z))(x), [8.0, 5.0])
    np.testing.assert_array_equal(gw.grad(lambda z: np.sum(z**2))(m.last), [16.0, 10.0])
    assert gw.grad(lambda z: z**2)(m.norm) == 10.0


def test_warm_starts_and_memories_between_calls():
    class Solver:
        guess = 1.0

        def sqrt(self, a):
            y = self.guess
            for _ in range(30):
                y = (y + a / y) / 2
            self.guess = y
            return y

    s = Solver()
    g = gw.grad(s.sqrt)
    for a in (2.0, 3.0, 2.0):
        assert g(a) == pytest.approx(0.5 / np.sqrt(a), rel=1e-8)


# --- arguments ------------------------------------------------------------------------------------------------------------------


def test_arguments_are_unchanged_unless_the_function_writes_to_them(operator):
    x = np.array([1.0, 2.0, 3.0])
    before = x.copy()
    operator(lambda x: np.sum((x * 2 + 1) ** 2))(x)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("size", [4, 40_000])
def test_a_function_that_writes_to_its_argument_writes_as_when_it_is_called_plainly(size):
    def f(x, y):
        x[0] = 10.0
        x[1:3] *= 2
        view = x[::2]
        view += 1
        y -= x
        return np.sum(x**2 * y)

    plain = [np.linspace(1.0, 2.0, size), np.linspace(-1.0, 1.0, size)]
    traced = [a.copy() for a in plain]
    value = f(*plain)
    found, _ = gw.value_and_grad(f, (0, 1))(*traced)
    assert found == pytest.approx(value, rel=1e-15)
    np.testing.assert_array_equal(traced[0], plain[0])
    np.testing.assert_array_equal(traced[1], plain[1])


def test_a_list_or_dict_that_the_function_changes():
    def f(p):
        p["new"] = p["a"] * 2
        return np.sum(p.pop("a") * p["new"])

    p = {"a": np.array([1.0, 2.0])}
    np.testing.assert_array_equal(gw.grad(f)(p)["a"], [4.0, 8.0])


def test_two_arguments_that_are_the_same_array():
    x = np.array([1.0, 2.0])
    one, two = gw.grad(lambda x, y: np.sum(x**2 * y), (0, 1))(x, x)
    np.testing.assert_array_equal(one, 2 * x * x)
    np.testing.assert_array_equal(two, x**2)


# --- ends -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [ValueError("mine"), KeyboardInterrupt(), StopIteration(), RecursionError("deep"), SystemExit(3)]
)
def test_errors_of_the_function_come_through_and_leave_nothing_behind(error):
    kept = []

    def f(x):
        y = x * 2
        kept.append(y)
        if len(kept) == 1:
            raise error
        return y**2

    with pytest.raises(type(error)) as caught:
        gw.grad(f)(3.0)
    assert caught.value is error
    assert kept[0] + 1 == 7.0
    assert type(kept[0] + 1) in (float, np.float64)
    assert gw.grad(f)(3.0) == 24.0


def test_numpys_own_errors_come_through():
    with pytest.raises(ValueError, match="broadcast"):
        gw.grad(lambda x: np.sum(x + np.ones(3)))(np.ones(2))
    with pytest.raises(IndexError):
        gw.grad(lambda x: x[5])(np.ones(2))
    with pytest.raises(ValueError, match="matmul"):
        gw.grad(lambda x: np.sum(np.ones((2, 3)) @ x))(np.ones(2))
    with pytest.raises(ZeroDivisionError):
        gw.grad(lambda x: 1 / (x - 1))(1.0)
    with pytest.raises(AttributeError):
        gw.grad(lambda x: x.nothing)(1.0)
    with pytest.raises(TypeError):
        gw.grad(lambda x: x(3))(1.0)
    with pytest.raises(np.linalg.LinAlgError):
        gw.grad(lambda x: np.sum(np.linalg.inv(x)))(np.zeros((2, 2)))


def test_errors_caught_by_the_function_are_its_own_affair():
    def f(x):
        try:
            y = x + np.ones(3)
        except ValueError:
            y = x * 2
        return np.sum(y)

    np.testing.assert_array_equal(gw.grad(f)(np.ones(2)), [2.0, 2.0])


def test_a_swallowed_tracing_error_is_raised_at_the_end(monkeypatch):
    monkeypatch.setenv("GRADWISE_REWRITE", "0")
    import math

    def f(x):
        try:
            return math.exp(x)
        except:  # noqa: E722 - a bare except is what is tested
            return x * 0.0

    with pytest.raises(gw.TracingError, match="would lose the derivative"):
        gw.grad(f, method="exact")(1.0)

    def g(x):
        try:
            scale = math.exp(x)
        except Exception:
            scale = 1.0
        return scale * x

    for operator in (gw.grad, gw.jacobian, gw.derivative, gw.hessian, gw.jacfwd):
        with pytest.raises(gw.TracingError, match="would lose the derivative"):
            operator(g, method="exact")(1.0)
    with pytest.raises(gw.TracingError, match="would lose the derivative"):
        gw.jvp(g, (1.0,), (1.0,), method="exact")


def test_recursion_generators_and_comprehensions():
    def power(x, n):
        return x if n == 1 else x * power(x, n - 1)

    assert gw.grad(lambda x: power(x, 5))(2.0) == 80.0

    def terms(x):
        for k in range(1, 4):
            yield x**k

    assert gw.grad(lambda x: sum(terms(x)))(2.0) == 1 + 4 + 12
    assert gw.grad(lambda x: sum(t * 2 for t in terms(x)))(2.0) == 34.0
    assert gw.grad(lambda x: np.sum(np.stack(list(terms(x)))))(2.0) == 17.0
    assert gw.grad(lambda x: max(terms(x)))(2.0) == 12.0
    assert gw.grad(lambda x: sorted(terms(x))[1])(2.0) == 4.0

    def factorial_like(x):
        return gw.grad(factorial_like)(x - 1) * x if x > 1 else x**2 / 2

    assert gw.grad(factorial_like)(0.5) == 0.5

    unfinished = []

    def leaves_a_generator(x):
        t = terms(x)
        unfinished.append(t)
        return next(t)

    assert gw.grad(leaves_a_generator)(3.0) == 1.0
    assert float(next(unfinished[0])) == 9.0


@pytest.mark.slow
def test_threads_trace_different_functions_at_once():
    results, errors = {}, []
    start = threading.Barrier(8)

    def work(k):
        try:
            a = np.full(5, float(k))

            def f(x):
                y = x * a
                for _ in range(k + 1):
                    y = np.sin(y) * 0.5 + gw.grad(lambda z: np.sum(z**2) * 0.125)(y)
                return np.sum(y * a)

            start.wait()
            x = np.linspace(0.1, 0.5, 5)
            results[k] = [gw.grad(f)(x) for _ in range(20)], gw.jacfwd(f)(x)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors
    for k in range(8):
        found, expected = results[k]
        for g in found:
            np.testing.assert_allclose(g, expected, rtol=1e-12)


def test_threads_share_a_function():
    a = np.arange(1.0, 4.0)

    def f(x):
        return np.sum(np.exp(a * x)) ** 2

    g = gw.grad(f)
    points = np.random.default_rng(0).standard_normal((8, 3))
    found = [None] * 8

    def work(k):
        for _ in range(30):
            found[k] = g(points[k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for x, value in zip(points, found, strict=True):
        np.testing.assert_allclose(value, 2 * np.sum(np.exp(a * x)) * a * np.exp(a * x), rtol=1e-12)


def test_caches_hold_no_array_of_the_user():
    class Watched(np.ndarray):
        pass

    big = np.ones(100_000)
    watched = weakref.ref(big)
    gw.grad(lambda x: np.sum(x * big))(np.ones(100_000))  # noqa: F821 - deleted further down
    gw.hessian(lambda x: np.sum(x**2 * big[:3]))(np.ones(3))  # noqa: F821 - as above
    x = np.full(100_000, 2.0)
    argument = weakref.ref(x)
    gw.grad(lambda x: np.sum(np.exp(x)))(x)
    del big, x
    gc.collect()
    assert watched() is None
    assert argument() is None


def test_clear_caches():
    f = lambda x: np.sum(np.sin(x) ** 2)
    before = gw.grad(f)(np.ones(3))
    gw.clear_caches()
    np.testing.assert_array_equal(gw.grad(f)(np.ones(3)), before)
