"""What a run leaves in objects of Python's library, and in containers of the user's classes, holds plain numbers, and all of them."""

import collections
import functools
import queue
import sched
import types
import weakref
from unittest import mock

import numpy as np
import pytest
import scipy.integrate
import scipy.interpolate
import scipy.optimize
import scipy.sparse
import scipy.sparse.linalg as splinalg
import scipy.spatial
import scipy.stats

import gradwise as gw

X = np.array([0.7, 1.3])


def is_plain(value):
    """Whether a value is a number of NumPy's or Python's."""
    return type(value) in (float, np.float64)


class _Key:
    """Something to which a weak reference may refer."""


def _weak():
    kept, key = weakref.WeakKeyDictionary(), _Key()

    def f(x):
        kept[key] = x[0] ** 2
        return kept[key] * x[1]

    return f, lambda: [kept[key]], [0.49]


def _queue(cls, item=lambda v: v):
    kept = cls()

    def f(x):
        kept.put(item(x[0] ** 2))
        return x[0] ** 2 * x[1]

    return f, lambda: [np.ravel(kept.queue[-1])[0]], [0.49]


def _mock():
    kept = mock.MagicMock()

    def f(x):
        kept(x[0], k=x[1])
        kept.method(x[1])
        return x[0] ** 2 * x[1]

    return f, lambda: [kept.call_args[0][0], kept.call_args[1]["k"], kept.method.call_args[0][0]], [0.7, 1.3, 1.3]


def _scheduler():
    kept = sched.scheduler()

    def f(x):
        kept.enter(1.0, 1, print, (x[0],))
        return x[0] ** 2 * x[1]

    return f, lambda: [kept.queue[0].argument[0]], [0.7]


LIBRARIES = {
    "weak keys": _weak,
    "queue": functools.partial(_queue, queue.Queue),
    "priorities": functools.partial(_queue, queue.PriorityQueue, lambda v: (v, 1)),
    "mock": _mock,
    "scheduler": _scheduler,
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_objects_of_libraries_hold_plain_numbers(name):
    """They were given traced ones by their methods and items."""
    f, held, expected = LIBRARIES[name]()
    np.testing.assert_allclose(gw.grad(f)(X), [1.82, 0.49], rtol=1e-12)
    values = held()
    assert all(map(is_plain, values)), list(map(type, values))
    np.testing.assert_allclose(values, expected, rtol=1e-12)


class _Pair(tuple):
    """A tuple of the user's."""

    __slots__ = ()


class _Frozen(frozenset):
    """A set of the user's that does not change."""


class _Set(set):
    """A set of the user's."""


class _Window(collections.deque):
    """A queue of the user's."""


@pytest.mark.parametrize(
    "make",
    [_Pair, _Frozen, _Set, lambda v: _Window(v, maxlen=3), lambda v: collections.deque(v, maxlen=3)],
    ids=["tuple", "frozenset", "set", "deque", "plain deque"],
)
def test_containers_of_the_users_classes_keep_their_items(make):
    """The plain counterpart of a container of a derived class was an empty one, and that of a queue had no greatest length."""
    kept = []

    def f(x):
        kept[:] = [make([x[0], x[1]])]
        return x[0] ** 2 * x[1]

    np.testing.assert_allclose(gw.grad(f)(X), [1.82, 0.49], rtol=1e-12)
    expected = make([0.7, 1.3])
    assert type(kept[0]) is type(expected)
    assert sorted(kept[0]) == [0.7, 1.3]
    assert getattr(kept[0], "maxlen", None) == getattr(expected, "maxlen", None)
    assert all(map(is_plain, kept[0]))


def _of_data(x):
    """Objects of libraries that are made of traced numbers, and a use of each as plain Python does it."""
    nodes, square = np.arange(3.0), np.diag(x) + 3 * np.eye(3)
    return {
        "factors": (splinalg.splu(scipy.sparse.csc_matrix(square)), lambda k: k.solve(nodes)),
        "factorized": (splinalg.factorized(scipy.sparse.csc_matrix(square)), lambda k: k(nodes)),
        "operator": (splinalg.LinearOperator((3, 3), matvec=lambda v: v * x), lambda k: k @ nodes),
        "linear spline": (scipy.interpolate.interp1d(nodes, x), lambda k: k(0.4)),
        "spline": (scipy.interpolate.make_interp_spline(nodes, x, k=1), lambda k: k(0.4)),
        "radial": (scipy.interpolate.RBFInterpolator(nodes[:, None], x), lambda k: k(nodes[:, None] + 0.1)),
        "grid": (scipy.interpolate.RegularGridInterpolator((nodes,), x), lambda k: k([[0.4]])),
        "barycentric": (scipy.interpolate.BarycentricInterpolator(nodes, x), lambda k: k(0.4)),
        "normal": (scipy.stats.multivariate_normal(x, np.eye(3)), lambda k: k.logpdf(nodes)),
        "density": (scipy.stats.gaussian_kde(x), lambda k: k(nodes)),
        "regression": (scipy.stats.linregress(nodes, x), lambda k: k.slope),
        "tree": (scipy.spatial.KDTree(x[:, None]), lambda k: k.query([0.4])[0]),
        "bounds": (scipy.optimize.Bounds(x, x + 1), lambda k: k.ub),
        "flow": (scipy.integrate.solve_ivp(lambda t, y: -x * y, (0, 1), x, dense_output=True).sol, lambda k: k(0.4)),
        "old polynomial": (np.poly1d(x), lambda k: k(0.4)),
        "polynomial": (np.polynomial.Chebyshev(x), lambda k: k(0.4)),
        "vectorized": (np.vectorize(lambda t: t * x[0]), lambda k: k(nodes)),
        "namespace": (types.SimpleNamespace(a=x, b={"c": x[0]}), lambda k: k.a * k.b["c"]),
    }


class _Keeps:
    """An object of the user's with one of each kind: an attribute, an entry, a global."""

    kept = None


def _reached(value, seen):
    """All that is reached from a value by attributes, entries and the cells of functions."""
    if id(value) in seen or isinstance(value, (type, types.ModuleType)):
        return
    seen[id(value)] = value
    inside = [*getattr(value, "__dict__", {}).values()]
    inside += value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    inside += [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]
    for held in inside:
        _reached(held, seen)


@pytest.mark.parametrize("where", ["attribute", "list", "entry"])
@pytest.mark.parametrize("name", list(_of_data(np.array([0.5, 1.5, 2.5]))))
def test_objects_of_libraries_made_of_traced_numbers(name, where):
    """What is left is the object that a plain call leaves: of the library's own type, of plain numbers, to be copied and asked as any other."""
    x = np.array([0.5, 1.5, 2.5])
    keeper, table = _Keeps(), {}

    def f(x):
        made = _of_data(x)[name][0]
        if where == "attribute":
            keeper.kept = made
        elif where == "list":
            keeper.kept = [made]
        else:
            table["kept"] = made
        return np.sum(x**2)

    np.testing.assert_allclose(gw.grad(f, method="exact", check=False)(x), 2 * x)
    left = table["kept"] if where == "entry" else keeper.kept[0] if where == "list" else keeper.kept
    plain, use = _of_data(x)[name]
    assert type(left) is type(plain)
    held = {}
    _reached(left, held)
    assert not [type(v) for v in held.values() if type(v).__module__.startswith("gradwise")]
    np.testing.assert_allclose(use(left), use(plain), rtol=1e-12)


class _Shouting(dict):
    """A dictionary that stores otherwise than dictionaries do."""

    def __setitem__(self, key, value):
        super().__setitem__(key, (value, "!"))

    def update(self, *args):
        raise AssertionError


@pytest.mark.parametrize("kind", [dict, collections.Counter, collections.OrderedDict, _Shouting])
def test_keys_that_were_traced(kind):
    """A Counter whose keys were traced counted its own items at the end of the run: {("n", 1): 1} for {"n": 1}."""
    plain, found = kind(), kind()

    def f(x, seen):
        for v in x.tolist():
            seen[v] = 1
        seen["n"] = 2
        seen[x[0], 1] = 3
        return np.sum(x**2)

    for k in range(3):
        f(X + k, plain)
        np.testing.assert_allclose(gw.grad(f)(X + k, found), 2 * (X + k))
    assert list(found.items()) == list(plain.items())
    assert [type(key) for key in found] == [type(key) for key in plain]


def test_a_counter_that_an_object_keeps():
    seen = collections.Counter()

    def f(x):
        seen.update(x.tolist())
        seen["calls"] += 1
        return np.sum(x**2)

    for k in range(3):
        gw.grad(f)(X)
        assert seen == {0.7: k + 1, 1.3: k + 1, "calls": k + 1}


def test_nothing_is_assigned_to_the_entries_of_an_array():
    """As NumPy: not one of the entries changes."""
    a = np.ones(3)

    def f(x):
        a.flat = x[:0]
        b = x * 2
        b.flat = []
        return b @ a

    np.testing.assert_array_equal(gw.grad(f, method="exact")(np.arange(3.0)), [2, 2, 2])
