"""What the bytecode proves: functions that write to what was there before are found, by whatever route, and harmless functions are not suspected."""

from __future__ import annotations

import types

import numpy as np
import pytest
import writing_routes
from writing_routes import BOX, HOLDER, ROUTES, SIZE, X, entry

import gradwise as gw
from gradwise.tracing import record
from gradwise.tracing.purity import forget_verdicts, inspect_function, untouched


@pytest.fixture
def restored():
    yield
    writing_routes.restore()


@pytest.mark.parametrize("name", ROUTES)
def test_writing_is_found(name, restored):
    forget_verdicts()
    assert not inspect_function(ROUTES[name]).is_quiet
    assert inspect_function(ROUTES[name]).writes is not None
    with pytest.raises((gw.TracingError, TypeError)):  # some raise plainly too, where NumPy refuses
        gw.grad(ROUTES[name], method="exact")(2.0)
    assert len(ROUTES) >= 80


def written_argument_by_attribute(x, box):
    y = np.sum(x * box["a"])
    box["a"][0] = 5.0
    return y


def written_argument_by_alias(x, a):
    y = np.sum(x * a)
    b = a.ravel()
    b -= 1.0
    return y


def written_argument_by_sort(x, a):
    y = np.sum(x * a)
    a[::-1].sort()
    return y


def written_argument_by_tuple(x, a):
    y = np.sum(x * a[0])
    longer = (1.0,) + a  # noqa: RUF005 - what is tested
    longer[1][0] = 5.0
    return y


@pytest.mark.parametrize(
    "function",
    [written_argument_by_attribute, written_argument_by_alias, written_argument_by_sort, written_argument_by_tuple],
)
def test_writing_to_another_argument_is_found(function):
    a = np.linspace(0.1, 1.0, SIZE)
    with pytest.raises(gw.TracingError, match="changed in place"):
        gw.grad(function, method="exact")(2.0, {"attribute": {"a": a}, "tuple": (a,)}.get(function.__name__[20:], a))


# --- what is harmless ----------------------------------------------------------------------------------------------------------------


def scaled(a, factor=2.0):
    return factor * a


def recursive(n, x):
    return x if n == 0 else recursive(n - 1, x * 0.5)


def newton(f, x0):
    for _ in range(5):
        x0 = x0 - f(x0)
    return x0


def h_formula(x):
    return np.mean(np.log(1.0 + np.exp(-x * X)) + (1.0 - X) * x)


def h_buffer(x):
    out = np.zeros(5)
    for i in range(5):
        out[i] = x * i
        out[i] += 1.0
    out[1:] *= 2.0
    return out.sum()


def h_like(x):
    a = x * X[:5]
    out, other = np.zeros_like(a), np.copy(a)
    for i in range(5):
        out[i] = a[i] * i
    other[1:] = 0.0
    out += np.where(a > 0.5, a, other)
    return out.sum()


def h_total(x):
    total = 0.0
    for i in range(10):
        total += x**i
    return total * np.sum(X)


def h_list(x):
    parts = []
    for i, a in enumerate(X[:4]):
        parts.append(a * x + i)
    return np.sum(np.stack(parts))


def h_comprehension(x):
    return sum([a * x for a in X[:4] if a > 0]) + sum(x * k for k in range(3))


def h_dict(x):
    state = {"p": x, "q": 2 * x}
    state["p"] = state["p"] * state["q"]
    return state["p"] + len(state)


def h_helper(x):
    return scaled(x, factor=3.0) * recursive(4, x)


def h_higher(x):
    def residual(t):
        return 0.1 * (t - x)

    return newton(residual, 1.0) + newton(lambda t: t * 0.1, x)


def h_branches(x):
    if x > 1 and not x > 5:
        y = np.sin(x)
    elif x is None:
        y = 0.0
    else:
        y = x if x < 0 else -x
    while y < 3:
        y = y + 1
    return y


def h_try(x):
    try:
        y = np.sqrt(x)
    except (ValueError, ArithmeticError) as error:
        raise RuntimeError("no") from error
    finally:
        y = 1.0 * x
    if not y > 0:
        raise ValueError(f"bad value {y}")
    return y


def h_with(x):
    with np.errstate(divide="ignore"):
        return np.log(x) * X[0]


def h_slices(x):
    a = x * X
    return np.sum(a[1:] - a[:-1]) + np.linalg.norm(a[::2]) + a.reshape(2, -1).T.sum(axis=0)[0]


def h_local_import(x):
    import math

    import numpy.linalg as la

    return x * math.pi + la.norm(X)


def h_isinstance(x):
    return x * 2.0 if isinstance(x, (float, np.floating)) else x


def h_methods(x):
    a = x * X
    return a.mean() + a.max() + a.std() + a.clip(0, 1).sum() + a.dot(X) + a.copy().flatten()[0]


def h_unpack(x):
    (a, b), c = (x, 2.0 * x), 3.0
    a, b = b, a
    first, *rest = [a, b, c]
    return first + rest[0] * rest[1]


HARMLESS = [v for k, v in list(globals().items()) if k.startswith("h_")]


@pytest.mark.parametrize("function", HARMLESS, ids=lambda f: f.__name__)
def test_harmless_functions_are_not_suspected(function):
    verdict = inspect_function(function)
    assert verdict.writes is None
    assert verdict.effects is None
    assert np.isfinite(function(1.5))


def test_a_closure_and_its_factory():
    def factory(module, data):
        def f(x):
            return module.sum(module.exp(data) * x)

        return f

    good, same = factory(np, X), factory(np, X[:9])
    other = factory(types.SimpleNamespace(sum=np.sum, exp=np.exp), X)
    bad = factory(types.SimpleNamespace(sum=np.sum, exp=np.random.default_rng(0).normal), X)
    assert inspect_function(good) is inspect_function(same)  # one verdict for one code and the same callables
    assert inspect_function(other) is not inspect_function(good)
    assert inspect_function(other).is_quiet
    assert good.__code__ is bad.__code__
    assert not inspect_function(bad).is_quiet


def test_the_line_is_named():
    verdict = inspect_function(entry)
    assert verdict.writes is not None
    assert f"{writing_routes.__file__}:{entry.__code__.co_firstlineno + 3}: it assigns an entry" in verdict.writes


# --- rebinding after the verdict ---------------------------------------------------------------------------------------------------


def calls_helper(x):
    return np.sum(x * X) + np.sum(scaled(X))


def test_a_rebound_helper_is_looked_at_again(monkeypatch, restored):
    assert inspect_function(calls_helper).is_quiet
    monkeypatch.setitem(globals(), "scaled", helper_returning)
    assert not inspect_function(calls_helper).is_quiet
    with pytest.raises(gw.TracingError, match="changed in place"):
        gw.grad(calls_helper, method="exact")(2.0)


def helper_returning(a):
    a[0] = 5.0
    return a


def test_changed_code_of_a_helper_is_looked_at_again():
    def inner(a):
        return a

    def outer(x):
        return x * inner(X)[0]

    assert inspect_function(outer).is_quiet
    inner.__code__ = (lambda a: a.fill(3.0)).__code__
    assert not inspect_function(outer).is_quiet


def test_a_monkeypatched_numpy_function_is_seen(monkeypatch):
    def f(x):
        return np.tanh(x * X).sum()

    assert inspect_function(f).is_quiet
    monkeypatch.setattr(np, "tanh", lambda a: X.fill(0.0))
    assert not inspect_function(f).is_quiet


def test_a_rebound_cell_global_default_and_builtin_are_seen(monkeypatch):
    def make():
        module = np

        def f(x, power=2):
            return module.sum(x * X) ** power

        def rebind(other):
            nonlocal module
            module = other

        return f, rebind

    f, rebind = make()
    assert inspect_function(f).is_quiet
    f.__defaults__ = (HOLDER,)
    assert not inspect_function(f).is_quiet
    f.__defaults__ = (3,)
    assert inspect_function(f).is_quiet
    rebind(types.SimpleNamespace(sum=writing_routes.helper))  # which writes to what it is given, here x * X
    assert inspect_function(f).is_quiet
    rebind(types.SimpleNamespace(sum=lambda v: writing_routes.helper(X)))
    assert not inspect_function(f).is_quiet

    def g(x):
        return abs(x) * len(BOX)

    assert inspect_function(g).is_quiet
    monkeypatch.setitem(globals(), "len", lambda a: a.sort())
    assert not inspect_function(g).is_quiet
    monkeypatch.setitem(globals(), "len", len)
    monkeypatch.setitem(globals(), "BOX", HOLDER)
    assert not inspect_function(g).is_quiet


def test_arguments_with_code_of_their_own_are_watched(restored):
    def f(x, other):
        return np.sum(x * X) * (other + 1)

    assert inspect_function(f).is_quiet
    with pytest.raises(gw.TracingError, match="changed in place"):
        gw.grad(f, method="exact")(2.0, HOLDER)


# --- what follows from it ------------------------------------------------------------------------------------------------------------


def checksums(function, x):
    tape = record(
        function, [x], [True], lambda leaves: function(*leaves), untouched=lambda: untouched(function, [x], {})
    ).tape
    return [before for _, before in tape.checksums.values()]


def test_quiet_functions_go_without_checksums():
    assert checksums(h_formula, 2.0) == [None, None]  # X and 1 − X
    assert checksums(lambda x: np.sum(x), X) == [None]
    assert checksums(lambda x: np.sum(x * HOLDER.w), 2.0) == [None]
    assert checksums(lambda x: np.sum(x * vars(HOLDER)["w"]), 2.0) == [None]
    assert all(c is not None for c in checksums(lambda x: np.sum(x * HOLDER.__getattribute__("w")), 2.0))


def own_buffer_overwritten(x):
    buffer = np.ones(SIZE)
    y = np.sum(x * buffer)
    buffer[:] = 5.0
    return y


def own_buffer_changed_in_place(x):
    buffer = 2.0 * np.ones(SIZE)
    y = np.sum(x * buffer)
    buffer += 5.0
    return y


def own_buffer_sorted(x):
    buffer = np.cos(np.arange(SIZE))
    y = np.sum(x * buffer)
    buffer.sort()
    return y


@pytest.mark.parametrize("function", [own_buffer_overwritten, own_buffer_changed_in_place, own_buffer_sorted])
def test_an_array_made_used_and_overwritten_is_no_constant(function, monkeypatch):
    assert inspect_function(function).is_quiet
    slope = function(1.0)  # linear in x
    np.testing.assert_allclose(gw.grad(function, method="exact")(2.0), slope, rtol=1e-12)
    monkeypatch.setenv("GRADWISE_REWRITE", "0")
    with pytest.raises(gw.TracingError, match="changed in place"):
        gw.grad(function, method="exact")(2.0)


def test_what_was_there_before_is_no_buffer():
    def f(x, weights):
        total = np.zeros(SIZE)
        for a in weights["list"]:
            total += a
        return np.sum(x * X) + np.sum(x * weights["list"][0]) + np.sum(x * total)

    weights = {"list": [X * 2, X * 3]}
    tape = record(
        f, [2.0], [True], lambda leaves: f(leaves[0], weights), untouched=lambda: untouched(f, [2.0, weights], {})
    ).tape
    assert [before is None for _, before in tape.checksums.values()] == [True, True, False]


def test_results_outlive_changes_without_checksums(restored):
    data = np.array(X)

    def f(x):
        return x * data * x

    _, product = gw.linearize(f, 2.0)
    before = product(1.0)
    data[:] = 0.0
    np.testing.assert_array_equal(product(1.0), before)


def test_the_gradient_is_right_where_a_quiet_function_reads_large_data():
    np.testing.assert_allclose(gw.grad(lambda x: np.sum(x * X * x))(2.0), 4.0 * X.sum())
    np.testing.assert_allclose(gw.grad(lambda x: np.sum(x**2))(X), 2 * X)
