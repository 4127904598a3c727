"""``vjp`` and ``linearize`` in one step: the value now, the derivative when it is asked for (``operators/linear_shortcuts.py``)."""

import dataclasses
import warnings

import numpy as np
import pytest

import gradwise as gw
from gradwise.containers import flatten
from gradwise.operators.reuse.by_function import shortcuts_of

A = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])
X = np.array([0.3, -0.7, 1.1])


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()
    yield
    gw.clear_caches()


def field(x):
    y = np.tanh(A @ x)
    return y * np.exp(x[:2]) + y[0]


def scalar(x):
    return np.sum(np.sin(x) * x**2)


def of_two(x, t):
    return np.cos(x) * t + x[0] * t**2


def first_only(x, y):
    return x * 2.0 + 1.0 + 0.0 * np.sum(A)


def warm(operator, f, *args):
    for _ in range(6):
        operator(f, *args)
    kept = shortcuts_of(f)
    assert kept is not None
    return kept[operator.__name__]


def complex_step(f, args, k, entry):
    moved = [np.asarray(a, complex) for a in args]
    moved[k] = moved[k].copy()
    moved[k][entry] += 1e-30j
    return np.imag(f(*moved)) / 1e-30


CASES = [
    (field, (X,)),
    (scalar, (X,)),
    (of_two, (X, 0.7)),
    (first_only, (X, np.array([1.0, 2.0]))),
    (lambda x: x, (X,)),
    (lambda x: x[::-1], (X,)),
    (lambda x: A, (X,)),
    (lambda x: x * x, (1.5,)),
]


@pytest.mark.parametrize("operator", [gw.vjp, gw.linearize])
@pytest.mark.parametrize(("f", "args"), CASES)
def test_derivatives_by_the_shortcut(operator, f, args):
    kept = warm(operator, f, *args)
    rng = np.random.default_rng(0)
    for _ in range(3):
        point = tuple(a + 0.1 * rng.standard_normal(np.shape(a)) for a in args)
        point = tuple(float(p) if type(a) is float else p for p, a in zip(point, args, strict=True))
        before = kept.served
        value, linear = operator(f, *point)
        if kept.ways:
            assert kept.served == before + 1
        plain, ordinary = operator(f, *point, pure=False)
        assert type(value) is type(plain)
        np.testing.assert_allclose(value, f(*point), rtol=1e-14)
        about = (value,) if operator is gw.vjp else point
        for _ in range(2):
            vectors = [rng.standard_normal(np.shape(v))[()] for v in about]
            mine, theirs = linear(*vectors), ordinary(*vectors)
            for m, t in zip(mine, theirs, strict=True) if operator is gw.vjp else [(mine, theirs)]:
                assert type(m) is type(t)
                np.testing.assert_allclose(m, t, rtol=1e-13, atol=1e-14)
            if operator is gw.vjp:
                for k, p in enumerate(point):
                    for entry in np.ndindex(np.shape(p)):
                        with warnings.catch_warnings():
                            warnings.simplefilter("error")
                            column = complex_step(f, point, k, entry)
                        np.testing.assert_allclose(mine[k][entry] if entry else mine[k], np.vdot(vectors[0], column), rtol=1e-12, atol=1e-13)  # fmt: skip


@pytest.mark.parametrize("f", [field, scalar, lambda x: x, lambda x: x[::-1], lambda x: x * 1.0])
@pytest.mark.parametrize("operator", [gw.vjp, gw.linearize])
def test_nothing_is_shared_with_the_caller(operator, f):
    kept = warm(operator, f, X)
    x = X.copy()
    before = kept.served
    value, linear = operator(f, x)
    assert kept.served == before + 1
    vector = np.ones(np.shape(value))[()] if operator is gw.vjp else np.ones(3)
    expected = linear(vector)
    expected = [e.copy() for e in expected] if operator is gw.vjp else np.copy(expected)
    x[:] = 99.0
    if np.ndim(value):
        value[...] = -5.0
    found = linear(vector)
    np.testing.assert_array_equal(found, expected)
    result = found[0] if operator is gw.vjp else found
    if np.ndim(result):
        assert not np.may_share_memory(result, vector)
        result[...] = 7.0
        np.testing.assert_array_equal(linear(vector), expected)
        assert not np.array_equal(vector, np.full(np.shape(vector), 7.0))


def test_what_the_function_reads_may_change_afterwards(monkeypatch):
    monkeypatch.setitem(globals(), "A", A.copy())
    kept = warm(gw.vjp, field, X)
    before = kept.served
    _, transpose = gw.vjp(field, X)
    assert kept.served == before + 1
    expected = transpose(np.ones(2))[0].copy()
    A[0, 0] = 50.0
    np.testing.assert_array_equal(transpose(np.ones(2))[0], expected)
    assert not np.allclose(gw.vjp(field, X)[1](np.ones(2))[0], expected)
    # the ordinary way, too, on what was read then
    np.testing.assert_allclose(transpose(np.ones(2, np.float32))[0], expected, rtol=1e-6)


def test_vectors_of_other_forms():
    kept = warm(gw.vjp, field, X)
    _, transpose = gw.vjp(field, X)
    expected = transpose(np.array([1.0, 2.0]))[0]
    for other in (np.array([1, 2]), np.array([0.0, 1.0, 0.0, 2.0])[1::2], np.array([1.0, 2.0], np.float32)):
        np.testing.assert_allclose(transpose(other)[0], expected, rtol=1e-7)
    with pytest.raises(gw.InputError, match=r"the cotangent has shape \(3,\)"):
        transpose(np.ones(3))
    with pytest.raises(gw.InputError, match="was given 2 cotangents"):
        transpose(np.ones(2), np.ones(2))
    with pytest.raises(gw.InputError, match="complex where"):
        transpose(np.ones(2) * 1j)
    assert np.isnan(transpose(np.array([np.nan, 1.0]))[0]).all()
    assert kept.served
    kept = warm(gw.linearize, of_two, X, 0.7)
    before = kept.served
    _, derivative = gw.linearize(of_two, X, 0.7)
    assert kept.served == before + 1
    np.testing.assert_allclose(derivative(X, 1), derivative(X, np.float64(1.0)), rtol=1e-15)
    with pytest.raises(gw.InputError, match="takes 2 tangents"):
        derivative(X)


def test_a_point_on_a_kink_is_looked_at():
    def f(x):
        return np.abs(x) * 2.0

    kept = warm(gw.vjp, f, X)
    assert kept.ways
    before = kept.served
    value, transpose = gw.vjp(f, np.array([0.0, 1.0, -1.0]))
    assert kept.served == before
    with pytest.warns(gw.KinkWarning):
        np.testing.assert_array_equal(transpose(np.ones(3))[0], [0.0, 2.0, -2.0])
    np.testing.assert_array_equal(value, [0.0, 2.0, 2.0])


def test_a_singular_point_is_resolved():
    def f(x):
        return np.sqrt(np.sum(x * x * x * x))

    kept = warm(gw.vjp, f, X)
    assert kept.ways
    _, transpose = gw.vjp(f, np.zeros(3))
    np.testing.assert_array_equal(transpose(1.0)[0], np.zeros(3))


def test_branches_and_counters():
    class Model:
        calls = 0

        def value(self, x):
            self.calls += 1
            return np.sin(x) if x[0] > 0 else x**3

    model, other = Model(), Model()
    for k in range(12):
        x = X if k % 3 else -X
        value, transpose = gw.vjp(model.value, x)
        plain, ordinary = gw.vjp(other.value, x, pure=False)
        np.testing.assert_allclose(value, plain, rtol=1e-14)
        np.testing.assert_allclose(transpose(X)[0], ordinary(X)[0], rtol=1e-14)
        assert model.calls == other.calls == k + 1


@pytest.mark.parametrize("operator", [gw.vjp, gw.linearize])
def test_single_precision(operator):
    x = X.astype(np.float32)

    def f(x):
        return np.sin(x) * x

    kept = warm(operator, f, x)
    before = kept.served
    value, linear = operator(f, x)
    assert kept.served == before + 1
    found = linear(np.ones(3, np.float32))
    found = found[0] if operator is gw.vjp else found
    assert value.dtype == found.dtype == np.float32
    np.testing.assert_allclose(found, np.cos(X) * X + np.sin(X), rtol=1e-6)


@dataclasses.dataclass
class Params:
    w: np.ndarray
    b: float


def of_dict(p):
    return np.tanh(p["w"] * p["b"]) + p["more"][0]


def of_record(p):
    return np.sum(p.w**2) * p.b


POINTS = {
    "dict": (of_dict, lambda r: {"w": r.standard_normal(3), "more": (r.standard_normal(3), 2.0), "b": r.uniform(1, 2)}),
    "dataclass": (of_record, lambda r: Params(r.standard_normal(3), r.uniform(1, 2))),
    "list": (lambda p: p[0] * p[1] + p[2], lambda r: [r.standard_normal(2), r.uniform(1, 2), r.standard_normal(2)]),
}


@pytest.mark.parametrize("operator", ["vjp", "linearize", "jvp"])
@pytest.mark.parametrize("kind", POINTS)
def test_containers(operator, kind):
    f, point = POINTS[kind]
    rng = np.random.default_rng(5)

    def call(p, v, **options):
        if operator == "jvp":
            return gw.jvp(f, (p,), (v,), **options)
        value, linear = getattr(gw, operator)(f, p, **options)
        return value, linear(np.ones(np.shape(value))[()] if operator == "vjp" else v)

    p, v = point(rng), point(rng)
    for _ in range(6):
        call(p, v)
    kept = shortcuts_of(f)[operator]
    assert kept.ways
    for _ in range(3):
        p, v, before = point(rng), point(rng), kept.served
        ours = call(p, v)
        assert kept.served == before + 1
        theirs = call(p, v, pure=False)
        (a, first), (b, second) = flatten(ours), flatten(theirs)
        assert first == second
        for x, y in zip(a, b, strict=True):
            assert type(x) is type(y)
            np.testing.assert_allclose(x, y, rtol=1e-13, atol=1e-14)
    if operator != "vjp" and kind != "list":
        with pytest.raises(gw.InputError, match="structure"):
            call(p, [1.0])


def test_a_kink_that_only_decides_is_none():
    """The last step of Newton's method is 0, and its absolute value ends the loop."""

    def kepler(x):
        anomaly = x[0]
        while True:
            step = (anomaly - x[1] * np.sin(anomaly) - x[0]) / (1.0 - x[1] * np.cos(anomaly))
            anomaly = anomaly - step
            if abs(step) < 1e-12:
                break
        return anomaly

    x, v = np.array([1.1, 0.35]), np.array([0.3, 1.0])
    for _ in range(6):
        gw.jvp(kepler, (x,), (v,))
    kept = shortcuts_of(kepler)["jvp"]
    assert kept.ways
    before = kept.served
    value, slope = gw.jvp(kepler, (x,), (v,))
    assert kept.served == before + 1
    # of M = E - e sin E
    np.testing.assert_allclose(slope, (v[0] + v[1] * np.sin(value)) / (1 - x[1] * np.cos(value)), rtol=1e-12)
