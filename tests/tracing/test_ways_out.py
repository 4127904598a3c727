"""Ways by which a value could quietly leave the trace or change on it: texts, shuffles, shifts of integers, views of bytes."""

import gc
import pickle
import weakref

import numpy as np
import pytest

import gradwise as gw
from gradwise.tracing.standins.recording import open_traces

X = np.array([0.4, 0.9, 1.7, -0.3])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: float(str(x[0])) * x[1],
        lambda x: float(repr(x[0].item())) * x[1],
        lambda x: float(f"{x[0]:.3f}") * x[1],
        lambda x: float(f"{x[0]}") * x[1],
        lambda x: float("%s" % x[0]) * x[1],
    ],
)
def test_a_number_is_not_read_back_from_its_text(f):
    with pytest.raises(gw.TracingError, match=r"text .* would lose its derivative(.|\n)*test_ways_out\.py"):
        gw.grad(f, method="exact")(X)


def test_texts_are_ordinary_otherwise():
    kept = []

    def f(x):
        kept.extend([str(x[0]), f"{x[1]:.2f}", repr(x)])
        assert int(str(int(x[2]))) == 1
        assert float(str(np.sum(x > 0))) == 3.0
        assert kept[1] == "0.90"
        assert kept[1].join(["a", "b"]) == "a0.90b"
        return np.sum(x**2)

    np.testing.assert_array_equal(gw.grad(f)(X), 2 * X)
    assert float(kept[0]) == 0.4
    assert pickle.loads(pickle.dumps(kept)) == kept
    assert type(pickle.loads(pickle.dumps(kept))[0]) is str


def test_texts_in_a_log_do_not_keep_the_run_alive():
    log, traces = [], []

    def f(x):
        log.append(f"{x[0]:.3f}")
        traces.append(weakref.ref(open_traces([x])[0]))
        return x @ x

    gw.grad(f)(X)
    gw.clear_caches()
    gc.collect()
    assert traces[0]() is None
    assert log == ["0.400"]


@pytest.mark.parametrize(
    "shuffle",
    [lambda a: np.random.default_rng(1).shuffle(a), lambda a: np.random.RandomState(1).shuffle(a)],
)
def test_rows_are_not_mixed_up_by_a_shuffle(shuffle):
    def f(x):
        y = np.outer(x, x)
        shuffle(y)
        return np.sum(y * np.arange(16).reshape(4, 4))

    value, gradient = gw.value_and_grad(f, method="exact", check=False)(X)
    rows = np.arange(4)[:, None]
    shuffle(rows)
    weights = np.arange(16).reshape(4, 4)[np.argsort(rows.ravel())]
    np.testing.assert_allclose(value, X @ weights @ X, rtol=1e-14)
    np.testing.assert_allclose(gradient, (weights + weights.T) @ X, rtol=1e-14)


def test_numbers_are_shuffled_as_numpy_does():
    def f(x):
        y = x.copy()
        np.random.default_rng(3).shuffle(y)
        return y @ np.arange(4.0)

    value, gradient = gw.value_and_grad(f, method="exact")(X)
    assert value == f(X)
    assert sorted(gradient) == [0, 1, 2, 3]


def test_rows_that_the_user_assigns_alias_as_in_numpy():
    def f(x):
        m = x.reshape(2, 2) * 1
        m[0], m[1] = m[1], m[0]
        for i in range(1):
            m[i] = m[i + 1][::-1]
        return np.sum(m * [[1, 2], [3, 4]])

    value, gradient = gw.value_and_grad(f, method="exact")(X)
    assert value == f(X)
    np.testing.assert_array_equal(gradient, [0, 0, 5, 5])


def test_shifts_of_integers_from_traced_values():
    def f(x):
        n = (3 * np.abs(x)).astype(int)
        order = np.argsort(x)
        n <<= 1
        return np.sum(x * ((n << 1) + (n >> 1) + (1 << order) + (order & 1) + (order[0] << 2)))

    value, gradient = gw.value_and_grad(f, method="exact")(X)
    assert value == f(X)
    np.testing.assert_allclose(gradient @ X, value)


def test_views_of_the_same_numbers():
    def f(x):
        y = x * 1
        y.view()[0] = 5.0
        y.view(np.ndarray)[1] = x[0]
        y.view(float)[2] *= 2
        return y @ y

    value, gradient = gw.value_and_grad(f, method="exact")(X)
    assert value == f(X)
    np.testing.assert_allclose(gradient, [2 * X[0], 0, 8 * X[2], 2 * X[3]])


def test_views_of_bytes_raise():
    with pytest.raises(gw.TracingError, match="view"):
        gw.grad(lambda x: np.sum(np.abs(x.view(complex)) ** 2), method="exact")(X)


def test_arguments_that_share_memory_are_not_written_to():
    def f(a, b):
        a[0] = 5.0
        return np.sum(a * b)

    x = np.arange(1.0, 5.0)
    for a, b in ((x, x), (x[:2], x[:2]), (x[:3], x[::-1][1:])):
        with pytest.raises(gw.InputError, match="shares memory"):
            gw.grad(f, argnums=(0, 1))(a, b)
        with pytest.raises(gw.InputError, match="shares memory"):
            gw.grad(lambda pair: f(*pair))([a, b])
    np.testing.assert_array_equal(x, np.arange(1.0, 5.0))
    # parts that are interleaved share none, and reading shared memory is no harm
    gradient = gw.grad(f, argnums=(0, 1))(x[::2], x[1::2])
    np.testing.assert_array_equal(gradient, [[0, 4], [5, 3]])
    np.testing.assert_array_equal(gw.grad(lambda a, b: np.sum(a * b), argnums=(0, 1))(x, x), [x, x])


def test_bytes_and_memory():
    kept = []

    def f(x):
        kept.append(x.tobytes())
        x2 = x * 1.0
        x2.setflags(write=False)
        with pytest.raises(ValueError, match="read-only"):
            x2[0] = 1.0
        return x @ x

    np.testing.assert_array_equal(gw.grad(f)(X), 2 * X)
    assert kept[0] == X.tobytes()
    for g in (lambda x: float(x.data[0]), lambda x: x.ctypes.data, lambda x: x.resize(2)):
        with pytest.raises(gw.TracingError, match=r"would lose the derivative|array of its own"):
            gw.grad(lambda x, g=g: g(x) * x[0], method="exact")(X)
