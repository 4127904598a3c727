"""Indexing and assignment on traced arrays, with NumPy's aliasing, against plain NumPy."""

from unittest import mock

import numpy as np
import pytest
from agreement import check
from agreement import run as evaluated
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from keys import SHAPES, keys, programs
from keys import run as interpret

import gradwise as gw
from gradwise.errors import TracingError
from gradwise.program import ArrayType, Builder, Program
from gradwise.rules.accumulation import add_at
from gradwise.rules.indexing import getitem, mask_last, scatter_add, scatter_set
from gradwise.tracing.keys import split_key
from gradwise.transforms.batch import batch

V, M = np.arange(1.0, 6), np.arange(12.0).reshape(3, 4) / 3 + 0.05
T = np.sin(np.arange(24.0)).reshape(2, 3, 4)
Z = np.exp(1j * np.arange(6.0)).reshape(2, 3)


def single_boolean(entry):
    return np.ndim(entry) == 0 and isinstance(entry, (bool, np.bool_, np.ndarray)) and np.asarray(entry).dtype == bool


def accepted(shape, key):
    """Whether NumPy takes the key, and the shape that it gives."""
    try:
        return np.zeros(shape)[key].shape
    except (IndexError, ValueError):
        assume(False)


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.data())
def test_reading_with_any_key(data):
    shape = data.draw(st.sampled_from(SHAPES))
    key = data.draw(keys(shape))
    accepted(shape, key)
    x = np.random.default_rng(0).normal(size=shape)
    check(lambda x: x[key] * 2, x, second=False)


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.data())
def test_writing_with_any_key(data):
    shape = data.draw(st.sampled_from(SHAPES))
    key = data.draw(keys(shape))
    target = accepted(shape, key)
    keep = data.draw(st.integers(0, len(target)))
    small = tuple(1 if data.draw(st.booleans()) else n for n in target[keep:])
    draws = np.random.default_rng(0)

    def f(x, v):
        x = np.copy(x)
        x[key] = v
        return x * x

    check(f, draws.normal(size=shape), draws.normal(size=small))


@pytest.mark.slow
@settings(max_examples=100, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.data())
def test_adding_with_any_key(data):
    shape = data.draw(st.sampled_from(SHAPES))
    key = data.draw(keys(shape))
    target = accepted(shape, key)
    draws = np.random.default_rng(0)

    def f(x, v):
        x = np.copy(x)
        np.add.at(x, key, v)
        np.subtract.at(x, key, 2.0)
        return x * x

    check(f, draws.normal(size=shape), draws.normal(size=target), exact=False)


@settings(max_examples=300, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(programs(), st.sampled_from([(4,), (3, 3), (2, 3)]))
def test_programs_of_views_and_writes(statements, shape):
    draws = np.random.default_rng(1)
    check(
        lambda x, y: interpret(statements, x, y),
        draws.normal(size=shape),
        draws.normal(size=shape),
        second=False,
        batched=False,
    )


@pytest.mark.slow
@settings(max_examples=3000, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(programs(), st.sampled_from([(4,), (3, 3), (2, 3), (2, 2, 2)]))
def test_many_programs_of_views_and_writes(statements, shape):
    draws = np.random.default_rng(1)
    check(lambda x, y: interpret(statements, x, y), draws.normal(size=shape), draws.normal(size=shape))


@settings(max_examples=40)
@given(programs())
def test_callers_arrays_are_written_as_numpy_writes_them(statements):
    draws = np.random.default_rng(2)
    x, y = draws.normal(size=(3, 3)), draws.normal(size=(3, 3))
    native, ours = (x.copy(), y.copy()), (x.copy(), y.copy())
    interpret(statements, *native)
    gw.trace(lambda x, y: interpret(statements, x, y), *ours)
    for n, o in zip(native, ours, strict=True):
        np.testing.assert_array_equal(n, o)


def parts(statements, z, w):
    """Views of the real and imaginary parts, views of these, and writes to all of them."""
    made = [z, w]
    for op, i, j, a, b in statements:
        p, q = made[i % len(made)], made[j % len(made)]
        kind = op % 9
        if kind == 0:
            made.append(p.real)
        elif kind == 1 and p.dtype.kind == "c":
            made.append(p.imag)
        elif kind == 2:
            made.append(p[::-1] if a % 2 else p.T)
        elif kind == 3:
            made.append(np.diagonal(p) * 1 if p.ndim == 2 and b % 2 else p[a % 2])
        elif kind == 4:
            p *= 2
        elif kind == 5 and q.shape == p.shape and (p.dtype == q.dtype or p.dtype.kind == "c"):
            p[...] = q
        elif kind == 6:
            p[a % len(p)] = 0.5 * b
        elif kind == 7 and p.dtype.kind == "c":
            p *= 1j
        elif kind == 8 and q.shape == p.shape:
            p += q.real
        made = [m for m in made if isinstance(m, np.ndarray) and m.ndim][:12]
    return [m * 1 for m in made if m.dtype.kind == "c"] + [m * 1 for m in made if m.dtype.kind == "f"]


@pytest.mark.slow
@settings(max_examples=150)
@given(programs())
def test_programs_on_complex_parts(statements):
    check(lambda z, w: parts(statements, z, w), Z[:, :2], Z[:, 1:] * 1j)


@settings(max_examples=10)
@given(programs())
def test_programs_on_large_arrays(statements):
    """Above the size to which arguments are kept by reference."""
    draws = np.random.default_rng(2)
    x, y = draws.normal(size=(3, 12_000)), draws.normal(size=(3, 12_000))
    native, ours = (x.copy(), y.copy()), (x.copy(), y.copy())
    want = interpret(statements, *native)
    tangents = draws.normal(size=x.shape), draws.normal(size=y.shape)
    got, moved = gw.jvp(lambda x, y: interpret(statements, x, y), ours, tangents)
    complex_want = interpret(statements, *[z + 1e-30j * t for z, t in zip((x, y), tangents, strict=True)])
    for n, o in zip(native, ours, strict=True):
        np.testing.assert_array_equal(n, o)
    for g, w, m, c in zip(got, want, moved, complex_want, strict=True):
        np.testing.assert_array_equal(g, w)
        np.testing.assert_allclose(m, c.imag * 1e30, rtol=1e-9, atol=1e-9)


@settings(max_examples=200, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.data())
def test_adding_at_flat_positions_is_adding_at_the_key(data):
    shape = data.draw(st.sampled_from([(4, 5), (3, 4, 5), (6, 2, 3)]))
    key = data.draw(keys(shape))
    target = accepted(shape, key)
    assume(not any(single_boolean(e) for e in (key if type(key) is tuple else (key,))))
    key = _numpy(*split_key(key, shape))
    assume(np.zeros(shape)[key].shape == target)
    draws = np.random.default_rng(4)
    x, updates = draws.normal(size=shape), draws.normal(size=target)
    want, got = x.copy(), x.copy()
    np.add.at(want, key, updates)
    with mock.patch("gradwise.rules.accumulation.FLAT_SIZE", 0):
        add_at(got, key, updates)
    np.testing.assert_array_equal(got, want)


def test_adding_out_of_range_raises():
    for key in ((np.full(70, 4), np.zeros(70, int)), (np.full(70, -5), slice(None))):
        with pytest.raises(IndexError, match="out of bounds"):
            add_at(np.zeros((4, 5)), key, np.ones((70, 5)[: 1 + (type(key[1]) is slice)]))


# --- the batch rules ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("primitive", [getitem, mask_last, scatter_add, scatter_set], ids=str)
@settings(max_examples=150, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_batched_indexing_equals_a_loop(primitive, data):
    shape = data.draw(st.sampled_from([(3,), (2, 3), (3, 2, 2), (2, 1, 3, 2)]))
    key = data.draw(keys(shape))
    accepted(shape, key)
    if any(single_boolean(e) for e in (key if type(key) is tuple else (key,))):
        assume(False)  # a single boolean, which the tracer turns into an index array
    try:
        program_key, arrays = split_key(key, shape)
    except IndexError:
        assume(False)
    if np.zeros(shape)[key].shape != np.zeros(shape)[_numpy(program_key, arrays)].shape:
        assume(False)  # an ellipsis for no axis, which the tracer splits in two steps
    target = np.zeros(shape)[key].shape
    draws = np.random.default_rng(3)
    operands = [draws.normal(size=shape)]
    if primitive in {scatter_add, scatter_set}:
        keep = data.draw(st.integers(0, len(target)))
        operands.append(draws.normal(size=target[keep:]))
    lead = len(operands)
    operands += arrays
    flags = data.draw(st.lists(st.booleans(), min_size=len(operands), max_size=len(operands)))
    if not any(flags):
        flags[0] = True
    size = 3
    stacks = []
    for k, z in enumerate(operands):
        rows = [z] + [
            draws.normal(size=z.shape) if k < lead else draws.permutation(z.ravel()).reshape(z.shape)
            for _ in range(size - 1)
        ]
        stacks.append(np.stack(rows))
    builder = Builder()
    inputs = [builder.variable(ArrayType(z.shape, z.dtype)) for z in operands]
    out = primitive(*inputs, params=(program_key,))
    program = Program("p", [s.index for s in inputs], [], builder.equations, [out.index], builder.types)
    moved, _ = batch(program, size, [s.index for s, f in zip(inputs, flags, strict=True) if f])
    (got,) = evaluated(moved, [s if f else z for s, z, f in zip(stacks, operands, flags, strict=True)], [])
    for i in range(size):
        (want,) = evaluated(program, [s[i] if f else z for s, z, f in zip(stacks, operands, flags, strict=True)], [])
        np.testing.assert_array_equal(got[i], want)


def _numpy(key, arrays):
    return tuple((slice(*e[1:]) if e[0] == "slice" else arrays[e[1]]) if type(e) is tuple else e for e in key)


# --- stated cases -------------------------------------------------------------------------------------------------------------------

READING = {
    "int": lambda x: x[1] * 2,
    "negative": lambda x: x[-1, -2] ** 2,
    "numpy int": lambda x: x[np.int64(1), np.uint8(0)],
    "new axis": lambda x: x[None, :, np.newaxis] * 2,
    "ellipsis": lambda x: x[..., 0] * x[0, ..., 1],
    "range": lambda x: x[range(2)] * 2,
    "nested list": lambda x: x[[[0, 1], [1, 0]]] * 2,
    "bool list": lambda x: x[[True, False, True]],
    "separated": lambda x: x[[0, 1], :, None][..., [0, 0]],
    "ellipsis for nothing": lambda x: x[[0, 1], ..., [1, 0]] ** 2,
    "single boolean": lambda x: x[True] * x[np.True_, 0],
    "false": lambda x: x[False],
    "mask of traced": lambda x: x[x > 1] ** 2,
    "mask of rows": lambda x: x[x[:, 0] > 1, ::2],
    "traced int": lambda x: x[np.argmax(x[:, 0])] * 2,
    "traced ints": lambda x: x[np.argsort(-x[:, 1])] ** 2,
    "traced ints in list": lambda x: x[[np.argmax(x[:, 0]), 0]] ** 2,
    "traced bounds": lambda x: x[np.argmin(x) : np.argmax(x[0])] ** 2,
    "int of float": lambda x: x[int(x[1, 0])] ** 2,
    "plain by traced": lambda x: V[np.argmax(x[0])] * x,
    "plain by traced mask": lambda x: np.arange(12.0).reshape(3, 4)[x > 1] * x[x > 1],
    "iteration": lambda x: [row[0] * s for row, s in zip(x, x[:, 1])],
    "unpacking": lambda x: np.stack([*x]) * [*x][1],
    "tuple of slices": lambda x: x[(slice(None, 2), slice(None, None, -2))] ** 2,
    "item": lambda x: x.item(3) * x[1, 1].item(),
    "tolist": lambda x: [v * 2 for v in x[0].tolist()],
    "flat": lambda x: x.flat[3] * x.flat[::2],
    "flat iteration": lambda x: sum(v * v for v in x.flat),
    "len": lambda x: x * len(x),
    "ndindex": lambda x: sum(x[i] ** 2 for i in np.ndindex(x.shape)),
}


@pytest.mark.parametrize("name", READING)
def test_reading(name):
    check(
        READING[name],
        M,
        complex_step=name
        not in {
            "mask of traced",
            "mask of rows",
            "traced int",
            "traced ints",
            "traced ints in list",
            "traced bounds",
            "int of float",
            "plain by traced",
            "plain by traced mask",
        },
    )


def column(x):
    m = x * 1
    col = m[:, 0]
    col *= 10
    return m


def running(u):
    u = u * 1
    u[1:] += u[:-1]
    u[1:, 0] *= u[:-1, 0]
    return u


def swapped(x):
    x = x * 1
    x[[0, 1]] = x[[1, 0]]
    x[:, [0, 3]] = x[:, [3, 0]]
    return x * x


def views_of_views(x):
    x = x * 1
    v = x[1:].T[::-1]
    w = v[1:].reshape(-1)[:3]
    v[0, 0] = x[0, 0] ** 2
    u = v[:, 1]
    u += v[:, 0]
    x[2] *= 3
    return [x, v * 1, w * 1, u * 1]


def normalise(v):
    """A helper that modifies its argument."""
    v /= np.sqrt(np.sum(v * v))


def helped(x):
    x = x * 1
    normalise(x[0])
    normalise(x[1:])
    return x


def repeated(x):
    y = np.zeros_like(x)
    y[[0, 1, 0]] = x[[0, 1, 2]] ** 2  # of the two writes to row 0 the last counts
    return y


def filled(x):
    out = np.zeros_like(x)
    for i in range(3):
        for j in range(4):
            out[i, j] = x[i, j] ** 2 + (out[i, j - 1] if j else 0)
    return out


def flat_writes(x):
    x = x * 1
    x.flat[3] = x[0, 0] ** 2
    x.flat[[0, 5]] = [1.0, 2.0]
    x.T.flat[::3] = x[0, :2] * 2
    x.flat = x.flat[::-1]
    return x


def flat_whole(x):
    y = np.zeros_like(x)
    y.flat[...] = x[0]
    y[...] += x
    return y


def lists_with_traced(x):
    y = np.zeros_like(x)
    y[0] = [x[0, 0], 1, x[0, 1] ** 2, 2.5]
    y[1:, :2] = [[x[1, 0], 0], [3, x[1, 1]]]
    return y


def masked_writes(x):
    x = x * 1
    x[x < 1] = 0
    x[x > 3] *= x[0, 3]
    x[np.array([True, False, True]), 1] = x[1, :2]
    return x * x


def slots(x):
    x = x * 1
    x[1], x[2] = x[2] * 2, x[1] * 1
    x[...] = x * x
    x[:] = x[::-1]
    x[True] += 1
    x[()] *= 2
    return x


def ufunc_at(x):
    y = x * 1
    np.add.at(y, ([0, 0, 1], [1, 1, 2]), x[0, :3])
    np.subtract.at(y, [2, 2], x[0])
    np.multiply.at(y, (0, [1, 1]), x[1, 1])
    np.add.at(y.T, [0, 0], x[0, :3])
    np.negative.at(y, [1, 1])
    return y


def outs(x):
    buffer = np.empty_like(x)
    np.exp(x, out=buffer)
    np.add(buffer[1:], buffer[:-1], out=buffer[1:])
    np.multiply(x, 2, out=buffer[:, ::-1])
    np.sqrt(buffer[0] + 1, out=buffer[0])
    return buffer


def later_values(x):
    """A value that the derivative needs is kept although its memory is overwritten."""
    y = x * 1
    a = y * y
    s = np.sin(y)
    y[...] = 7
    y += a
    a[0] = 0
    return [y * s, a]


def closure_of_views(x):
    y = x * 1
    parts = [y[i] for i in range(3)]
    for k, p in enumerate(parts):
        p += k
        p *= parts[k - 1]
    return y


WRITING = [
    column,
    running,
    swapped,
    views_of_views,
    helped,
    repeated,
    filled,
    flat_writes,
    flat_whole,
    lists_with_traced,
    masked_writes,
    slots,
    ufunc_at,
    outs,
    later_values,
    closure_of_views,
]


@pytest.mark.parametrize("f", WRITING)
def test_writing(f):
    check(f, M + 0.1, complex_step=f not in {masked_writes, helped}, exact=f is not helped)


@pytest.mark.parametrize("f", WRITING)
def test_writing_into_the_argument_itself(f):
    def on_argument(x):
        y = x
        y *= 1
        y[0] += y[1]
        f(x)
        return f(y)

    check(on_argument, M + 0.1, complex_step=f not in {masked_writes, helped}, exact=f is not helped)


def test_complex_parts_are_views():
    def f(z):
        z = z * 1
        z.real[0] = 3
        z.imag *= 2
        r = z.real
        z[1] = z[0] * z[1]
        z.real = r * 2
        z.imag[:, 0] = r[:, 1]
        return [z * z, r * 1]

    check(f, Z)

    def g(x):
        z = np.zeros_like(x, dtype=complex)
        z.real, z.imag = x, x**2
        return np.abs(z) ** 2 + z.imag

    check(g, M + 1, complex_step=False)


def test_writing_real_values_into_complex_arrays_and_back():
    def f(x):
        z = np.zeros_like(x, dtype=complex)
        z[0] = x[1]
        z[1] = x[0] * 1j
        return z * z

    check(f, M, complex_step=False)

    def single(x):
        y = np.zeros_like(x, dtype=np.float32)
        y[...] = x
        return y

    np.testing.assert_array_equal(gw.jvp(single, (M,), (M,))[1], M.astype(np.float32))
    with pytest.raises(TypeError):
        gw.trace(lambda x: x.__setitem__(0, 1j), V)
    with pytest.warns(np.exceptions.ComplexWarning):
        gw.trace(lambda x: (x.__setitem__(0, np.array([1j])), x)[1], M)


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (5, IndexError),
        ((0, 9), IndexError),
        ((0, 0, 0), IndexError),
        ((..., ...), IndexError),
        (1.0, IndexError),
        ("a", IndexError),
        ([5], IndexError),
        (np.ones(4, bool), IndexError),
        (([0, 1], [0, 1, 2]), IndexError),
        (np.array([0.5]), IndexError),
    ],
)
def test_errors_are_numpys(key, error):
    with pytest.raises(error):
        M[key]
    with pytest.raises(error):
        gw.trace(lambda x: x[key], M)
    with pytest.raises(error):
        gw.trace(lambda x: (x * 1).__setitem__(key, 1.0), M)


def test_wrong_shapes_leave_the_array_as_it_was():
    def f(x):
        y = x[1:]
        with pytest.raises(ValueError, match="broadcast"):
            x[0] = np.ones(3)
        with pytest.raises(ValueError, match="broadcast"):
            x[:, 0] = x[0]
        y *= 2
        return x * x

    check(f, M)


def test_read_only_arguments():
    x = M.copy()
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        gw.trace(lambda x: x.__setitem__(0, 1.0), x)
    with pytest.raises(ValueError, match="read-only"):
        gw.trace(lambda x: x[0].fill(1.0), x)


def test_an_array_of_the_outer_function_refuses_inner_values():
    def outer(a):
        buffer = np.zeros_like(a)

        def inner(x):
            buffer[0] = x
            return buffer.sum()

        return gw.grad(inner, method="exact")(a[0])

    with pytest.raises(TracingError, match="outer function"):
        gw.grad(outer, method="exact")(V)


def test_inner_arrays_take_outer_values():
    def outer(a):
        def inner(x):
            y = np.zeros_like(x)
            y[0] = a[0] * x[1]
            y[1:] += a[1:] * x[:-1] ** 2
            return y.sum()

        return gw.grad(inner)(a * 2).sum()

    np.testing.assert_allclose(
        gw.grad(outer)(V), gw.numerical.grad(lambda a: a[0] + 4 * np.sum(a[1:] * a[:-1]), V).value, rtol=1e-7
    )


def test_second_derivatives_through_writes():
    def f(x):
        y = np.zeros_like(x)
        y[0] = x[0] ** 3
        for i in range(1, 5):
            y[i] = y[i - 1] * np.sin(x[i])
        return y[-1]

    h = gw.hessian(f)(V)

    def gradient(z):
        product = z[0] ** 3 * np.prod(np.sin(z[1:]))
        return product * np.concatenate([3 / z[:1], np.cos(z[1:]) / np.sin(z[1:])])

    want = np.stack([gradient(V + 1e-30j * e).imag / 1e-30 for e in np.eye(5)])
    np.testing.assert_allclose(h, want, rtol=1e-12, atol=1e-12)
