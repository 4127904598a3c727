"""Where a derivative falls back to numerical ones, the function is seen to be called once, and its other points begin from the same state."""

import struct

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.7, 1.3])
#: of x₀² x₁
TRUE = np.array([1.82, 0.49])

pytestmark = pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")


def opaque(v):
    """The square, by bytes."""
    return struct.unpack("<d", struct.pack("<d", v))[0] ** 2


def test_a_counter_counts_calls():
    """One for each derivative that was asked for, not one for each point."""
    count = {"n": 0}

    def f(x):
        count["n"] += 1
        return opaque(x[0]) * x[1]

    for k in range(3):
        np.testing.assert_allclose(gw.value_and_grad(f)(X)[1], TRUE, rtol=1e-6)
        assert count["n"] == k + 1
    gw.hessian(f)(X)
    assert count["n"] == 4
    gw.jvp(f, (X,), (np.ones(2),))
    assert count["n"] == 5


def test_histories_and_generators_are_those_of_plain_calls():
    """A list that grows, and a generator from which a number is drawn."""
    plain, history = [], []

    def make(log, rng):
        def f(x):
            log.append(float(x[0]))
            return opaque(x[0]) * x[1] * rng.normal()

        return f

    one, other = np.random.default_rng(0), np.random.default_rng(0)
    f, g = make(plain, one), make(history, other)
    for point in (X, X * 1.1, X):
        value = f(point)
        found, slope = gw.value_and_grad(g)(point)
        assert found == value
        assert slope[1] == pytest.approx(value / point[1], rel=1e-6)
    assert history == plain
    assert one.bit_generator.state == other.bit_generator.state


def test_a_memory_that_the_first_point_fills():
    """The derivative is that of the call from an empty memory; the other points do not find what the first one left."""
    kept = []

    def f(x):
        if not kept:
            kept.append(opaque(x[0]))
        return kept[0] * x[1] if x[0] > 0 else x[1]

    np.testing.assert_allclose(gw.grad(f)(X), TRUE, rtol=1e-6)
    assert kept == [0.7**2]


@pytest.mark.parametrize("key", [float, "{:.9f}".format], ids=["number", "text"])
def test_a_memory_of_what_cannot_be_traced(key):
    """Found in the memory it could be traced, without its derivative; at any other point it could not."""
    kept = {}

    def f(x):
        k = key(x[0])
        if k not in kept:
            kept[k] = opaque(x[0])
        return kept[k] * x[1]

    for _ in range(3):
        np.testing.assert_allclose(gw.grad(f)(X), TRUE, rtol=1e-6)
    assert list(kept) == [key(0.7)]


def test_half_a_call_leaves_nothing():
    """The memory knows the point when the run fails, and not yet its value: the plain call after it gave the old value."""

    class Memory:
        at, value = None, 5.0

    memory = Memory()

    def f(x):
        if memory.at is None or memory.at != x[0]:
            memory.at = float(x[0])
            memory.value = opaque(x[0])
        return memory.value * x[1]

    value, slope = gw.value_and_grad(f)(X)
    assert value == pytest.approx(0.637)
    np.testing.assert_allclose(slope, TRUE, rtol=1e-6)
    assert (memory.at, memory.value) == (0.7, 0.7**2)


def test_half_a_call_of_vmap_leaves_nothing():
    """Tried for all examples at once and given up, then example by example."""

    class Memory:
        at, value = None, 5.0

    memory = Memory()

    def f(x):
        if memory.at is None or memory.at != x[0]:
            memory.at = float(x[0])
            memory.value = opaque(x[0])
        return memory.value * x[1]

    np.testing.assert_allclose(gw.vmap(f)(np.stack([X, 2 * X])), [0.637, 5.096], rtol=1e-12)


def test_files_and_auxiliary_values(tmp_path):
    """A log gets no line of other points, and what is returned beside the value is that of this point."""
    log = tmp_path / "log.txt"

    def f(x):
        with log.open("a") as file:
            file.write(f"{x[0]:.3f}\n")
        return opaque(x[0]) * x[1], {"at": float(x[0])}

    slope, beside = gw.grad(f, has_aux=True)(X)
    np.testing.assert_allclose(slope, TRUE, rtol=1e-6)
    assert beside == {"at": 0.7}
    assert set(log.read_text().split()) == {"0.700"}


@pytest.mark.slow
def test_a_memory_inside_another_derivative():
    """``f`` was verified with its memory; inside another function its memory answered, and the derivative of the gradient was 0 in silence."""

    def make():
        kept = {}

        def f(x):
            key = hash(float(x[0]))
            if key not in kept:
                kept[key] = np.exp(x[0])
            return kept[key] * x[1]

        return f

    f = make()
    for point in (X, X.copy(), X * 1.2, X):
        gw.grad(f)(point)
    f = make()
    f(X)
    e = np.exp(0.7)
    found = gw.grad(lambda z: np.sum(gw.grad(f)(z) ** 2))(X)
    np.testing.assert_allclose(found, [2 * e**2 * (1.3**2 + 1), 2 * e**2 * 1.3], rtol=1e-4)


def test_a_function_that_was_traced_before_counts_once_more():
    """What a run stores until it fails is put back from the second such run on: a counter of seven failing calls counted fourteen."""
    count = {"n": 0, "state": np.zeros(2)}

    def f(x, bytewise):
        count["n"] += 1
        count["state"] = 0.5 * count["state"] + x
        return (opaque(x[0]) if bytewise else x[0] ** 2) * x[1]

    for _ in range(3):
        np.testing.assert_allclose(gw.grad(f)(X, False), TRUE, rtol=1e-12)
    assert count["n"] == 3
    gw.grad(f)(X, True)  # half a run of the function, which nobody expected to fail, and the call
    before, state = count["n"], count["state"]
    for k in range(6):
        np.testing.assert_allclose(gw.grad(f)(X, True), TRUE, rtol=1e-6)
        state = 0.5 * state + X
        assert count["n"] == before + k + 1
        np.testing.assert_array_equal(count["state"], state)


def test_memory_of_arrays_that_the_function_makes():
    """A type error about a traced buffer is no mistake of the function's: that buffer is a plain array where it is called plainly."""

    def f(x):
        y = np.array(x)
        return sum(v * v for v in memoryview(y)) * x[0]

    slopes = 2 * X * X[0] + np.array([X @ X, 0])
    np.testing.assert_allclose(gw.grad(f)(X), slopes, rtol=1e-6)
    with pytest.raises(gw.TracingError, match="memoryview"):
        gw.grad(f, method="exact")(X)
