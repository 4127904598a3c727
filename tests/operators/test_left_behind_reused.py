"""Functions that leave behind what they never read: a program stands for them, and they run beside it and leave what plain calls leave."""

from __future__ import annotations

import contextlib
import functools
import types

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

X = np.array([0.3, -1.2, 2.0])
POINTS = [X + 0.1 * k for k in range(12)]


class Model:
    """Keeps a history and the last point, and counts."""

    def __init__(self):
        self.history, self.n, self.last, self.scale = [], 0, None, 2.0

    def loss(self, x):
        self.n += 1
        value = self.scale * np.sum(x**2) + x[0]
        self.history.append(float(value))
        self.last = x.copy()
        return value


def same(a, b):
    return type(a) is type(b) and np.array_equal(a, b)


def test_a_history_is_that_of_plain_calls():
    one, other = Model(), Model()
    g = gw.value_and_grad(one.loss)
    for x in POINTS:
        value, gradient = g(x)
        assert value == other.loss(x)
        np.testing.assert_allclose(gradient, 4 * x + np.array([1.0, 0.0, 0.0]))
        assert one.history == other.history
        assert [type(v) for v in one.history] == [float] * other.n
        assert one.n == other.n
        assert same(one.last, other.last)
    assert shortcuts_of(one.loss)["0"].served >= 6


@pytest.mark.parametrize(
    "operator", [gw.grad, gw.hessian, gw.jacobian, gw.compile, lambda f: lambda x: gw.vjp(f, x)[1](1.0)]
)
def test_each_operator_leaves_as_much_at_each_call(operator):
    model = Model()
    g = operator(model.loss)
    g(POINTS[0])
    first = model.n
    for k, x in enumerate(POINTS[1:], 2):
        g(x)
        assert model.n == k * first
        assert len(model.history) == model.n
        assert model.last.base is None
        assert same(model.last, x)


def test_a_list_in_a_closure_or_among_globals():
    kept = []

    def inner(x):
        value = np.sin(x[0]) * x[1] ** 2
        kept.append((value, x.copy()))
        return value

    data = {"np": np, "kept": kept}
    outer = eval("lambda x: (kept.append(np.max(x)), np.sum(x ** 3))[1]", data)
    for f, slope in (
        (inner, lambda x: [np.cos(x[0]) * x[1] ** 2, 2 * np.sin(x[0]) * x[1], 0.0]),
        (outer, lambda x: 3 * x**2),
    ):
        kept.clear()
        g = gw.grad(f)
        for k, x in enumerate(POINTS, 1):
            np.testing.assert_allclose(g(x), slope(x))
            assert len(kept) == k
        assert isinstance(kept[-1] if f is outer else kept[-1][0], np.float64)


def test_what_is_printed_is_printed_once(capsys):
    def f(x):
        print("evaluated")
        return np.sum(x**2)

    g = gw.grad(f)
    for x in POINTS:
        np.testing.assert_allclose(g(x), 2 * x)
        assert capsys.readouterr().out == "evaluated\n"
    assert shortcuts_of(f)["0"].served >= 6


def test_what_is_printed_in_a_branch_that_is_always_taken(capsys):
    data = {"np": np, "verbose": True}
    exec("def f(x):\n  if verbose:\n    print('evaluated')\n  return np.sum(x ** 2)", data)
    g = gw.grad(data["f"])
    for k, x in enumerate([*POINTS, *POINTS]):
        data["verbose"] = k % 7 != 6
        np.testing.assert_allclose(g(x), 2 * x)
        assert capsys.readouterr().out == "evaluated\n" * data["verbose"]


def test_an_error_of_the_run_beside_reaches_the_user():
    model = Model()
    g = gw.grad(model.loss)
    for x in POINTS:
        g(x)

    class Full(list):
        def append(self, value):
            raise MemoryError("full")

    model.history = Full()
    with pytest.raises(MemoryError, match="full"):
        g(X)


def test_an_error_beside_the_program_is_raised_once():
    kept = []

    def failing(x):
        kept.append(1)
        print("called")
        return np.sum(x**2)

    g = gw.grad(failing)
    for x in POINTS:
        g(x)
    kept.clear()

    class Closed:
        def write(self, text):
            raise ValueError("closed")

        def flush(self):
            """Nothing is kept."""

    with contextlib.redirect_stdout(Closed()), pytest.raises(ValueError, match="closed"):
        g(X)
    assert len(kept) == 1


def test_at_a_kink_it_is_left_once():
    kept = []

    def f(x):
        kept.append(0)
        return np.sum(np.abs(x) * x) + np.abs(x[0])

    g = gw.grad(f)
    for x in POINTS:
        g(x)
    kept.clear()
    with pytest.warns(gw.KinkWarning):
        g(np.array([0.0, 1.0, 2.0]))
    assert len(kept) == 1


# --- what is read is no memory of a program -------------------------------------------------------------------------------------


def agree(f, change=None):
    """The derivative beside that of runs, also after a change."""
    g, each = gw.value_and_grad(f), gw.value_and_grad(f, pure=False)
    for k, x in enumerate(POINTS):
        if k == 6 and change is not None:
            change()
        (value, gradient), (expected, slope) = g(x), each(x)
        np.testing.assert_allclose(value, expected, rtol=1e-12)
        np.testing.assert_allclose(gradient, slope, rtol=1e-9)


def reader():
    o = types.SimpleNamespace(last=1.0, log=[1.0], n=0)
    other = types.SimpleNamespace(last=3.0, log=[2.0])
    return o, other


def test_what_is_read_again_is_no_such_thing():
    from gradwise.tracing.purity import inspect_function

    class Best:
        best = np.inf

        def __call__(self, x):
            value = np.sum(x**2)
            self.best = min(self.best, value)
            return value

    kept = [1.0]

    def first(x):
        kept.append(2.0)
        return np.sum(x) * kept[0]

    def length(x):
        kept.append(2.0)
        return np.sum(x) * len(kept)

    def handed_on(x):
        kept.append(2.0)
        return np.sum(x) * sum(kept)

    for f in (Best(), first, length, handed_on):
        verdict = inspect_function(f, (X,), {})
        assert verdict.effects is not None
        assert not verdict.may_stand


@pytest.mark.parametrize("way", ["object", "list", "argument"])
def test_what_is_left_becomes_what_is_read(way):
    o, other = reader()
    data = {"np": np, "o": o, "other": other, "log": o.log, "read": other.log}
    f = {
        "object": "lambda x: (setattr_(x), np.sum(x) * other.last)[1]",
        "list": "lambda x: (log.append(np.sum(x) * 0.01), np.sum(x) * read[-1])[1]",
        "argument": "lambda x: (log.append(np.sum(x) * 0.01), np.sum(x) * read[-1])[1]",
    }[way]
    exec("def setattr_(x):\n  o.last = np.sum(x) * 0.5", data)
    f = eval(f, data)
    g = gw.value_and_grad(f)
    for x in POINTS:
        g(x)
    if way == "object":
        data["other"] = o
    else:
        data["read"] = data["log"]
    for x in POINTS:
        o.last = 4.0
        data["log"][:] = [7.0]
        value, _ = g(x)
        o.last = 4.0
        data["log"][:] = [7.0]
        np.testing.assert_allclose(value, f(x))


def test_a_class_that_gets_a_setter_is_asked():
    class Keeps:
        def __call__(self, x):
            self.last = np.sum(x)
            return np.sum(x**2)

    seen = []
    o = Keeps()
    g = gw.grad(o)
    for x in POINTS:
        g(x)
    Keeps.last = property(lambda self: 0.0, lambda self, value: seen.append(float(value)))
    for x in POINTS:
        np.testing.assert_allclose(g(x), 2 * x)
    assert len(seen) == len(POINTS)


def test_an_attribute_that_is_asked_for_by_hasattr():
    class Once:
        def __call__(self, x):
            factor = 2.0 if hasattr(self, "seen") else 1.0
            self.seen = True
            return factor * np.sum(x**2)

    def fresh():
        o = Once()
        return [gw.grad(o)(x) / x for x in POINTS], None

    slopes, _ = fresh()
    np.testing.assert_allclose(slopes[0], 2.0)
    np.testing.assert_allclose(slopes[1:], 4.0)


# --- other code that is proved ---------------------------------------------------------------------------------------------------


def served(f, x=X):
    g, each = gw.value_and_grad(f), gw.value_and_grad(f, pure=False)
    for k in range(10):
        z = x + 0.05 * k
        np.testing.assert_allclose(g(z)[0], f(z), rtol=1e-12)
        np.testing.assert_allclose(g(z)[1], each(z)[1], rtol=1e-9)
    assert shortcuts_of(f)["0"].served >= 5
    return g, each


def in_place(x):
    total = x[0]
    total += x[1] ** 2
    a, b, c = x
    a *= b
    for k in range(1, 3):
        v = x[k]
        v -= a
        total *= v
    for i, w in enumerate(x[1:]):
        w /= 2.0 + i
        total += w
    return total + c


def with_partial(x):
    power = functools.partial(lambda base, n, shift: np.sum((base + shift) ** n), shift=x[0])
    halved = functools.partial(power, x / 2)
    return halved(3) + power(x, n=2)


def with_copies(x):
    import copy

    y = copy.copy(x)
    y[0] = 2.0
    z = copy.deepcopy({"a": x, "b": 3.0})
    z["b"] = np.sum(y)
    return np.sum(z["a"] ** 2) * z["b"]


@pytest.mark.parametrize("f", [in_place, with_partial, with_copies])
def test_numbers_of_arrays_partial_functions_and_copies(f):
    served(f)


def test_an_entry_of_a_matrix_is_its_memory():
    from gradwise.tracing.purity import inspect_function

    def f(x):
        row = x[0]
        row *= 2.0
        return np.sum(x)

    assert inspect_function(f, (X,), {}).writes is None
    assert inspect_function(f, (np.ones((2, 2)),), {}).writes is not None
    for slicing in ("x[1:]", "x[:]", "x[...]", "x[None]"):
        data = {"np": np}
        exec(f"def h(x):\n  v = {slicing}\n  v *= 2.0\n  return np.sum(x)", data)
        assert inspect_function(data["h"], (X,), {}).writes is not None


class Settings:
    def __init__(self, scale):
        self.scale = scale


SETTINGS = Settings(2.0)


def test_default_arguments_that_are_objects_and_functions():
    def f(x, settings=SETTINGS, *, act=np.tanh, other=lambda v: v**2):
        return settings.scale * np.sum(act(x)) + np.sum(other(x))

    g, each = served(f)
    for change in (
        lambda: setattr(SETTINGS, "scale", 3.0),
        lambda: f.__kwdefaults__.update(act=np.sin),
        lambda: setattr(f, "__kwdefaults__", {"act": np.sin, "other": lambda v: v**3}),
        lambda: setattr(f, "__defaults__", (Settings(7.0),)),
    ):
        before = g(X)[0]
        change()
        assert g(X)[0] != before
        for k in range(6):
            np.testing.assert_allclose(g(X + k)[1], each(X + k)[1], rtol=1e-9)


TABLE = np.array([1.0, 2.0, 4.0])


class Reads:
    def __call__(self, x):
        return np.sum(TABLE * x**2)


def test_arrays_that_methods_find_among_globals_are_compared():
    o = Reads()
    g, each = served(o)
    TABLE[1] = 9.0
    np.testing.assert_allclose(g(X)[1], each(X)[1])
    TABLE[1] = 2.0


LARGE = np.ones(40_000)


class ReadsMuch:
    def __call__(self, x):
        return np.sum(LARGE) * np.sum(x**2)


def test_explain_says_why_there_is_no_program():
    o = ReadsMuch()
    for _ in range(4):
        gw.grad(o)(X)
    assert "runs at each call" in gw.explain(o, X).reuse
    assert "a large array through a module or a class" in gw.explain(o, X).reuse


def test_a_method_that_calls_itself():
    class Graph:
        def __init__(self):
            self.after = {0: [1, 2], 1: [2], 2: []}

        def paths(self, w, n=0):
            if not self.after[n]:
                return 1.0
            return sum(w[k] * self.paths(w, k) for k in self.after[n])

    f = Graph().paths
    g = gw.grad(f)
    for x in POINTS:
        np.testing.assert_allclose(g(x), [0.0, x[2], 1 + x[1]])
