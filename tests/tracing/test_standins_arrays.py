"""NumPy's functions that make arrays, of traced values and for them, and those that call back."""

import logging

import numpy  # noqa: ICN001  # np is what stands in for it
import pytest
from standing_in import methods, namespace, watched

import gradwise as gw
from gradwise.tracing.arithmetic import plain
from gradwise.tracing.standins import BY_IDENTITY, STAND_INS, format_percent, numpy_function, vectorized_call

METHODS = methods("logging")
np = namespace(numpy)
X = np.float64([0.4, 1.7, -0.3])
A = numpy.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])


def check(f, x=X, tolerance=1e-8):
    """f(np, x) with stand-ins against f(numpy, x): value, shape, dtype, memory order, Jacobian both ways, second derivatives."""
    want = numpy.asarray(f(numpy, x.copy()))
    run = watched(lambda x: f(np, x))
    got, push = gw.linearize(run, x, method="exact")
    assert numpy.shape(got) == want.shape
    assert numpy.asarray(got).dtype == want.dtype
    numpy.testing.assert_array_equal(got, want)
    h = 1e-4

    def quotient(e, h):
        return (numpy.asarray(f(numpy, x + h * e)) - numpy.asarray(f(numpy, x - h * e))) / (2 * h)

    slopes = numpy.stack([(4 * quotient(e, h / 2) - quotient(e, h)) / 3 for e in numpy.eye(x.size)], -1)
    for operator in (gw.jacfwd, gw.jacrev):
        jacobian = operator(run, method="exact")(x)
        numpy.testing.assert_allclose(jacobian, slopes, rtol=tolerance, atol=tolerance)

    # as users write it: the instrumented copy of f finds the stand-ins itself
    numpy.testing.assert_array_equal(gw.jacrev(lambda x: f(numpy, x), method="exact")(x), jacobian)

    def gradient(x):
        return gw.grad(watched(lambda x: numpy.sum(numpy.abs(f(np, x) ** 2))), method="exact")(x)

    hessian = gw.hessian(watched(lambda x: numpy.sum(numpy.abs(f(np, x) ** 2))), method="exact")(x)
    rows = numpy.stack([(gradient(x + 1e-6 * e) - gradient(x - 1e-6 * e)) / 2e-6 for e in numpy.eye(x.size)])
    numpy.testing.assert_allclose(hessian, rows, rtol=1e-5, atol=1e-5)


def filled(np, make):
    def f(x):
        z = make(np)
        z[0] = x[0] * x[1]
        z[..., -1] = x[2]
        return z

    return f


BUFFERS = {
    "zeros": lambda np: np.zeros((3, 2)),
    "zeros of a number": lambda np: np.zeros(4),
    "ones": lambda np: np.ones((3, 2), dtype=float),
    "empty": lambda np: np.full((3, 2), 0.0),
    "full": lambda np: np.full((3, 2), 1.5),
    "eye": lambda np: np.eye(3),
    "identity": lambda np: np.identity(3),
    "complex": lambda np: np.zeros((2, 2), complex),
    "single": lambda np: np.zeros(3, dtype="f4"),
    "fortran": lambda np: np.zeros((2, 3), order="F"),
    "an array of numbers": lambda np: np.array([[1.0, 2.0], [3.0, 4.0]]),
    "linspace": lambda np: (
        np.linspace(0, 1, 4).copy() if np is numpy else METHODS[numpy.ndarray]["copy"](np.linspace(0, 1, 4))
    ),
    "tri": lambda np: np.tri(3),
}


@pytest.mark.parametrize("name", BUFFERS)
def test_buffers_are_filled_with_traced_values(name):
    make = BUFFERS[name]
    single = name == "single"
    if single:
        derivative = gw.jacrev(watched(filled(np, make)), method="exact")(X)
        numpy.testing.assert_allclose(derivative, [[1.7, 0.4, 0], [0, 0, 0], [0, 0, 1]], rtol=1e-6)
        return
    check(lambda np, x: filled(np, make)(x))


def test_empty_is_reproducible_and_integers_stay_plain():
    def f(x):
        z = np.empty(3)
        z[:] = x * 2
        counts = np.zeros(3, dtype=int)
        counts[1] += 4
        flags = np.ones(3, bool)
        assert type(counts) is type(flags) is numpy.ndarray
        assert type(np.array([1, 2])) is numpy.ndarray
        assert type(np.array(["a"])) is numpy.ndarray
        return z * counts

    numpy.testing.assert_array_equal(gw.jacobian(watched(f), method="exact")(X), numpy.diag([0.0, 8.0, 0.0]))


def test_a_buffer_shares_no_memory_with_its_constant():
    def f(x):
        z = np.ones(3)
        before = z * 2.0
        z[0] = x[0]
        return before * z

    check(lambda np, x: filled_after(np, x))
    numpy.testing.assert_array_equal(gw.jacobian(watched(f), method="exact")(X), numpy.diag([2.0, 0.0, 0.0]))


def filled_after(np, x):
    z = np.ones(3)
    before = z * x
    z[0] = x[0]
    y = z[1:]
    y *= x[1]
    return before * z


ARRAYS = {
    "a list": lambda np, x: np.array([x[0], x[1] * x[2], 3]),
    "nested": lambda np, x: np.array([[x[0], 2.0], [1, x[1] * x[2]]]),
    "deeper": lambda np, x: np.array([[[x[0]], [x[1]]], [[x[2]], [x[0] * x[1]]]]),
    "a tuple": lambda np, x: np.asarray((x[0], x[1])),
    "rows": lambda np, x: np.array([x, x * x]),
    "rows beside numbers": lambda np, x: np.array([x, [1.0, x[0], 2]]),
    "arrays of one number": lambda np, x: np.array([x[:1], x[1:2] * x[2:]]),
    "numbers and arrays without axes": lambda np, x: np.array([x[0], x[1:2].reshape(())]),
    "complex": lambda np, x: np.array([x[0] + 1j * x[1], 2]),
    "dtype": lambda np, x: np.array([x[0], 2], dtype=complex),
    "ndmin": lambda np, x: np.array([x[0], 2], ndmin=3),
    "a number": lambda np, x: np.array(x[0]) * x[1],
    "an array": lambda np, x: np.array(x) * x[1],
    "asarray": lambda np, x: np.asarray(x) * x[1],
    "asanyarray": lambda np, x: np.asanyarray(x[0]) * x[1],
    "ascontiguousarray": lambda np, x: np.ascontiguousarray(np.array([x, x]).T),
    "asfortranarray": lambda np, x: np.asfortranarray([[x[0], x[1]], [2, x[2]]]),
    "asarray_chkfinite": lambda np, x: np.asarray_chkfinite([x[0], x[1]]),
    "require": lambda np, x: np.require([x[0], x[1]], float, ["C"]),
    "float64": lambda np, x: np.float64(x[0]) * np.float64(x),
    "complex128": lambda np, x: np.complex128(x[0]) * np.complex128(x),
    "full": lambda np, x: np.full((2, 3), x * x),
    "full of a number": lambda np, x: np.full(3, x[0] * x[1]),
    "full of a list": lambda np, x: np.full((2, 2), [x[0], x[1]]),
    "arange": lambda np, x: np.arange(x[0], x[1], 0.3),
    "arange by step": lambda np, x: np.arange(0, 2.0, x[0] * 0.9),
    "arange to an end": lambda np, x: np.arange(x[1]) * x[0],
    "arange by name": lambda np, x: np.arange(start=x[2], stop=x[1] * 0.9),
    "linspace": lambda np, x: np.linspace(x[0], x[1], 5),
    "linspace of lists": lambda np, x: np.linspace([x[0], 0], [1, x[1]], 3),
    "an array that is filled": lambda np, x: set_first(np.array([1.0, 2.0]), x),
    "objects": lambda np, x: np.array([x[0], x[1]], dtype=object)[0] * x,
    "fromiter": lambda np, x: np.fromiter((t * t for t in x), float),
    "fromiter counted": lambda np, x: np.fromiter(iter(x * x), float, count=2),
    "fromfunction": lambda np, x: np.fromfunction(lambda i, j: i * x[0] + j * x[1], (2, 3)),
    "fromfunction by indices": lambda np, x: np.fromfunction(lambda i: x[i] ** 2, (3,), dtype=int),
    "apply_along_axis": lambda np, x: np.apply_along_axis(lambda row: row * x[0], 1, A),
    "apply_along_axis to numbers": lambda np, x: np.apply_along_axis(lambda row: row @ x, 1, A),
    "apply_over_axes": lambda np, x: np.apply_over_axes(numpy.sum, np.array([x, x * x]), [0, 1]),
    "piecewise": lambda np, x: np.piecewise(x, [x < 0, x >= 0], [lambda t: -t, lambda t: t * t]),
    "piecewise of a plain array": lambda np, x: np.piecewise(
        A[0], [A[0] < 0], [lambda t: t * x[0], lambda t: t * x[1]]
    ),
    "piecewise of constants": lambda np, x: np.piecewise(x, [x < 0], [x[1] * 2, 3]),
    "nditer": lambda np, x: sum(t * t for t in np.nditer(x)),
    "nditer of two": lambda np, x: sum(a * b for a, b in np.nditer([x, A[0]])),
    "nditer with its index": lambda np, x: indexed_sum(np.nditer(x, flags=["multi_index"])),
    "ndenumerate": lambda np, x: sum(i * t**2 for (i,), t in np.ndenumerate(x)),
}


def set_first(a, x):
    a[0] = x[0] ** 2
    return a


def indexed_sum(entries):
    total = 0.0
    while not entries.finished:
        total = total + entries.multi_index[0] * entries[0] ** 2
        entries.iternext()
    return total


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_of_traced_values(name):
    check(ARRAYS[name])


def test_memory_order_is_kept():
    def f(x):
        m = np.asfortranarray([[x[0], x[1]], [2, x[2]]])
        assert m.flags.f_contiguous
        assert not m.flags.c_contiguous
        c = np.ascontiguousarray(m)
        assert c.flags.c_contiguous
        assert np.asarray(c) is c
        assert np.ascontiguousarray(c) is c
        assert np.ascontiguousarray(x[0]).shape == (1,)
        assert np.array(c) is not c
        assert np.array(c, copy=False) is c
        return c.sum()

    numpy.testing.assert_array_equal(gw.grad(watched(f), method="exact")(X), [1, 1, 1])


def test_a_new_array_is_a_copy():
    def f(x):
        y = np.array(x)
        y[0] = 0.0
        z = np.asarray(x)
        z[1] = x[2] * 5
        return y.sum() + x.sum()

    x = X.copy()
    numpy.testing.assert_array_equal(gw.grad(watched(f), method="exact")(x), [1, 1, 1 + 1 + 5])


def test_errors_of_making_arrays():
    for f, error, message in (
        (lambda x: np.array([[x[0]], [x[1], x[2]]]), ValueError, "inhomogeneous"),
        (lambda x: np.array([x, x[:2]]), ValueError, "inhomogeneous"),
        (lambda x: np.array([x[0], "a"], dtype=float), ValueError, "could not convert"),
        (lambda x: np.zeros(-1) * x[0], ValueError, "negative dimensions"),
        (lambda x: np.full(2, x), ValueError, "could not broadcast"),
        (lambda x: np.fromiter(iter(x), float, count=5), ValueError, "iterator too short"),
        (lambda x: np.asarray_chkfinite([x[0], numpy.inf]), ValueError, "infs or NaNs"),
        (lambda x: np.linspace(x[0], 1, -3), ValueError, "non-negative"),
    ):
        with pytest.raises(error, match=message):
            gw.jacobian(watched(f), method="exact")(X)


def test_kinds_of_numbers():
    def f(x):
        t = np.float32(x[0])
        assert t.dtype == numpy.float32
        assert type(plain(np.float64(x[0].item()))) is numpy.float64
        assert np.int64(x[1]) == 1
        assert type(np.int64(x[1])) is numpy.int64
        assert np.bool_(x[1]) == np.True_
        assert np.float64("nan") != np.float64("nan")
        assert np.array([x > 0, x > 1]).dtype == bool
        whole = np.array([x[0], x[1]], dtype=int)
        assert whole.dtype == int
        return t * x[1] + whole[1] * x[2]

    got = gw.grad(watched(f), method="exact")(X)
    numpy.testing.assert_allclose(got, [1.7, numpy.float32(0.4), 1.0], rtol=1e-7)


def test_an_array_of_traced_integers_is_plain():
    def f(x):
        order = np.array([numpy.argmax(x), numpy.argmin(x)])
        assert type(order) is numpy.ndarray
        return x[order] @ np.array([1.0, 10.0])

    numpy.testing.assert_array_equal(gw.grad(watched(f), method="exact")(X), [0, 1, 10])


# --- lists of traced values -----------------------------------------------------------------------------------------------------

LISTS = {
    "sum": lambda f, x: f("sum")([x[0], x[1] ** 2]),
    "exp": lambda f, x: f("exp")([x[0], x[1] * x[2]]),
    "add": lambda f, x: f("add")([x[0], x[1]], (1.0, x[2])),
    "dot": lambda f, x: f("dot")([x[0], x[1]], [x[1], 2.0]),
    "norm": lambda f, x: f("linalg.norm")([x[0], x[1] * 2]),
    "solve": lambda f, x: f("linalg.solve")([[x[1], 1.0], [0.5, x[0] + 3]], [x[2], 1.0]),
    "det": lambda f, x: f("linalg.det")([[x[1], 1.0], [0.5, x[0] + 3]]),
    "max": lambda f, x: f("max")([x[0], x[1]]) * x[2],
    "concatenate": lambda f, x: f("concatenate")([[x[0], x[1]], x * x, [1.0]]),
    "vstack": lambda f, x: f("vstack")([[x[0], x[1]], [1.0, x[2]]]),
    "hstack": lambda f, x: f("hstack")([x[0], x * x]),
    "stack": lambda f, x: f("stack")([x[0], x[1] * x[2]]),
    "block": lambda f, x: f("block")([[x[0], x[1:]], [1.0, x[:2] * 2]]),
    "append": lambda f, x: f("append")([x[0], 1.0], [x[1] ** 2]),
    "cross": lambda f, x: f("cross")([x[0], x[1], 0], [1, x[2], x[0]]),
    "where": lambda f, x: f("where")([True, False], [x[0], 1], [2.0, x[1] ** 2]),
    "interp": lambda f, x: f("interp")([0.25, x[0]], [0, 1], [x[1], x[2]]),
    "polyval": lambda f, x: f("polyval")([x[0], x[1], 1.0], 1.7),
    "einsum": lambda f, x: f("einsum")("i,i", [x[0], x[1]], [x[2], 3.0]),
    "clip": lambda f, x: f("clip")([x[0], x[1]], 0, 1),
    "diag": lambda f, x: f("diag")([x[0], x[1] ** 2]),
    "outer": lambda f, x: f("outer")([x[0], 2], x),
    "select": lambda f, x: f("select")([A[0] > 0], [[x[0], x[1], x[2]]], 0.0),
    "sum along an axis": lambda f, x: f("sum")([[x[0], 1], [x[1], x[2]]], axis=0),
    "meshgrid": lambda f, x: f("meshgrid")([x[0], x[1]], [1.0, x[2]])[0] * x[0],
    "cumsum": lambda f, x: f("cumsum")((x[0], x[1], x[2] * x[0])),
    "trapezoid": lambda f, x: f("trapezoid")([x[0], x[1] ** 2, x[2]], [0, 1.0, 2]),
}


@pytest.mark.parametrize("name", LISTS)
def test_functions_of_lists(name):
    def f(module, x):
        def find(name):
            function = numpy
            for part in name.split("."):
                function = getattr(function, part)
            return function if module is numpy else numpy_function(function)

        return LISTS[name](find, x)

    check(f)


def test_functions_without_lists_are_left_alone():
    assert numpy_function(numpy.sum)([1, 2]) == 3
    assert numpy_function(numpy.add)([1, 2], 3).tolist() == [4, 5]


# --- functions of entries -------------------------------------------------------------------------------------------------------


def call(module, vectorized, *args, **kwargs):
    return vectorized(*args, **kwargs) if module is numpy else vectorized_call(vectorized, *args, **kwargs)


VECTORIZED = {
    "one argument": lambda np, x: call(np, np.vectorize(lambda t: t * t if t > 0 else -t), x),
    "two arguments": lambda np, x: call(np, np.vectorize(lambda t, s: t * s), x, A),
    "a closure": lambda np, x: call(np, np.vectorize(lambda t: t * x[0] ** 2), A),
    "excluded": lambda np, x: call(np, np.vectorize(lambda t, p: t * p[1], excluded=[1]), A, x),
    "excluded by name": lambda np, x: call(np, np.vectorize(lambda t, p: t * p[1], excluded=["p"]), A, p=x),
    "by name": lambda np, x: call(np, np.vectorize(lambda t, s=1.0: t * s), A, s=x),
    "otypes": lambda np, x: call(np, np.vectorize(lambda t: t * t, otypes=[float]), x),
    "whole numbers": lambda np, x: call(np, np.vectorize(lambda t: 1 if t > 0 else t * 5), x) * x,
    "two results": lambda np, x: np.array(call(np, np.vectorize(lambda t: (t * t, 2 * t)), x)),
    "a number": lambda np, x: call(np, np.vectorize(lambda t: t * t), x[0]),
    "cached": lambda np, x: call(np, np.vectorize(lambda t: t * t, cache=True), x),
    "signature": lambda np, x: call(np, np.vectorize(lambda a, b: a @ b, signature="(n),(n)->()"), A, x),
    "signature of vectors": lambda np, x: call(
        np, np.vectorize(lambda a: a * a.sum(), signature="(n)->(n)"), np.array([x, x + 1])
    ),
}


@pytest.mark.parametrize("name", VECTORIZED)
def test_vectorize(name):
    check(VECTORIZED[name])


def test_vectorize_errors_and_empty():
    square = numpy.vectorize(lambda t: t * t)
    with pytest.raises(ValueError, match="size 0"):
        gw.jacobian(watched(lambda x: vectorized_call(square, x[:0])), method="exact")(X)
    typed = numpy.vectorize(lambda t: t * t, otypes=[float])
    assert gw.jacobian(watched(lambda x: vectorized_call(typed, x[:0])), method="exact")(X).shape == (0, 3)
    summed = numpy.vectorize(lambda a, b: a @ b, signature="(n),(n)->()")
    with pytest.raises(ValueError, match="inconsistent size for core dimension 'n'"):
        gw.jacobian(watched(lambda x: vectorized_call(summed, x, x[:2])), method="exact")(X)
    assert vectorized_call(square, [1, 2]).tolist() == [1, 4]


def test_frompyfunc():
    multiply = numpy.frompyfunc(lambda t, s: t * s if t > 0 else 0.0, 2, 1)
    both = numpy.frompyfunc(lambda t: (t, t * t), 1, 2)

    def f(x):
        product = METHODS[numpy.ndarray]["astype"](numpy_function(multiply)(x, x[1]), float)
        return product + METHODS[numpy.ndarray]["astype"](numpy_function(both)(x)[1], float)

    want = [[1.7 + 0.8, 0.4, 0], [0, 3.4 + 3.4, 0], [0, 0, -0.6]]
    numpy.testing.assert_allclose(gw.jacobian(watched(f), method="exact")(X), want)
    assert numpy_function(multiply)(2, 3) == 6


# --- np.r_, methods of plain arrays ---------------------------------------------------------------------------------------------

INDEXED = {
    "pieces": (numpy.r_, lambda x: (x, 1.0, x[0], slice(0, 2))),
    "a slice": (numpy.r_, lambda x: (slice(0, x[1], 0.5), x[0])),
    "equal steps": (numpy.r_, lambda x: (slice(0, x[1], 3j), x[0])),
    "a list": (numpy.r_, lambda x: ([x[0], 2], x)),
    "columns": (numpy.c_, lambda x: (x, x * x)),
    "columns of plain ones": (numpy.c_, lambda x: (A.T, x)),
    "numbers in columns": (numpy.c_, lambda x: (x[0], 2.0, x[1])),
}


@pytest.mark.parametrize("name", INDEXED)
def test_joining_by_index(name):
    joiner, key = INDEXED[name]
    ours = dict(BY_IDENTITY)[type(joiner).__getitem__]
    check(lambda np, x: joiner[key(x)] if np is numpy else ours(joiner, key(x)))


METHOD_CALLS = {
    "dot": lambda m, x: m(A, "dot", x),
    "clip": lambda m, x: m(A, "clip", x[2], x[0]),
    "take": lambda m, x: m(A, "take", [0, 1]) * x[:2],
    "searchsorted": lambda m, x: m(numpy.array([0.0, 1.0]), "searchsorted", x[1]) * x[0],
    "sum with a start": lambda m, x: m(A, "sum", initial=x[0]),
    "copy": lambda m, x: set_first(m(A[0], "copy"), x),
    "astype": lambda m, x: set_first(m(numpy.array([1, 2]), "astype", float), x),
    "repeat": lambda m, x: m(A[0], "repeat", 2)[:3] * x,
}


@pytest.mark.parametrize("name", METHOD_CALLS)
def test_methods_of_plain_arrays(name):
    def method(module):
        def do(a, name, *args, **kwargs):
            if module is numpy:
                return getattr(a, name)(*args, **kwargs)
            return METHODS[numpy.ndarray][name](a, *args, **kwargs)

        return do

    check(lambda np, x: METHOD_CALLS[name](method(np), x))


# --- text -----------------------------------------------------------------------------------------------------------------------


def test_text_shows_numbers_and_is_not_read_back(caplog, tmp_path):

    log = logging.getLogger("standins")
    texts = []

    def f(x):
        texts.extend(
            [
                format_percent("%.2f", x[0]),
                format_percent("%s and %d", (x[1], 3)),
                format_percent("%(a).1e", {"a": x[2]}),
            ]
        )
        texts.append(STAND_INS["json"]["dumps"]({"x": [x[0].item(), 1]}))
        texts.append(METHODS[str]["format"]("{:.1f} {a}", x[0], a=x[1]))
        texts.append(np.array2string(x, precision=2))
        METHODS[logging.Logger]["warning"](log, "value %f of %s", x[0], x)
        STAND_INS["logging"]["warning"]("root %.1f", x[0])
        np.savetxt(tmp_path / "x.txt", x)
        assert type(format_percent("%d", 3)) is str
        return x @ x

    numpy.testing.assert_array_equal(gw.grad(watched(f), method="exact")(X), 2 * X)
    assert texts == ["0.40", "1.7 and 3", "-3.0e-01", '{"x": [0.4, 1]}', "0.4 1.7", "[ 0.4  1.7 -0.3]"]
    assert caplog.messages == ["value 0.400000 of [ 0.4  1.7 -0.3]", "root 0.4"]
    assert {r.funcName for r in caplog.records} == {"f"}
    numpy.testing.assert_array_equal(numpy.loadtxt(tmp_path / "x.txt"), X)
    for make in (lambda x: format_percent("%f", x[0]), lambda x: METHODS[str]["format"]("{}", x[0])):
        with pytest.raises(gw.TracingError, match="text"):
            gw.grad(watched(lambda x, make=make: float(make(x)) * x[1]), method="exact")(X)


# --- as users write it ----------------------------------------------------------------------------------------------------------


def fill_range(x):
    z = numpy.arange(4.0).reshape(2, 2)
    z[0] = x[:2] * x[2]
    return z.sum() * x[0]


def fill_tile(x):
    z = numpy.tile([1.0, 2.0], 2)
    z[1] = x[0] * x[1]
    return z @ z


def fill_draws(x):
    z = numpy.random.default_rng(0).normal(size=3)
    z[:2] = x[1:]
    return z @ z


def fill_product(x):
    z = A * 2.0
    z[0] *= x
    return (z**2).sum()


def fill_copy(x):
    z = A.copy()
    for i in range(3):
        z[0, i] = x[i] ** 2
    return (z @ x).sum()


class State:
    def __init__(self, start):
        self.values = numpy.array([1.0, 2.0, 3.0])
        self.start = start

    def advance(self, x):
        self.values[0] = x[0] * self.start
        self.values += x
        return self.values


def fill_attribute(x):
    state = State(2.0)
    return (state.advance(x) * state.advance(x * 2)).sum()


def percent(x):
    text = "%.1f of %s" % (x[0], "x")
    return x[0] * len(text)


@pytest.mark.parametrize("f", [fill_range, fill_tile, fill_draws, fill_product, fill_copy, fill_attribute, percent])
def test_fresh_arrays_are_filled_wherever_they_come_from(f):
    value, derivative = gw.value_and_grad(f, method="exact")(X)
    assert value == f(X)
    wanted = [(f(X + 1e-6 * e) - f(X - 1e-6 * e)) / 2e-6 for e in numpy.eye(3)]
    numpy.testing.assert_allclose(derivative, wanted, rtol=1e-7, atol=1e-8)
    assert numpy.all(A[0] == [1.0, 2.0, -1.0])
