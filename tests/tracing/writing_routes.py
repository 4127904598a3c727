"""Functions that write to an array that was there before, each by another route: ``ROUTES``, by name."""

from __future__ import annotations

import functools
import operator
import types

import numpy as np

SIZE = 40_000  # 320 kB: a trace keeps it by reference
START = np.random.default_rng(0).permutation(np.linspace(0.1, 1.0, SIZE))
X = START.copy()
BOX = [X]
NAMED = {"w": X}
SHELF = types.SimpleNamespace(w=X)
COUNT = 0


class Holder:
    """An object with an array."""

    def __init__(self) -> None:
        self.w = X

    def write(self) -> None:
        self.w[0] = 5.0

    @property
    def first(self) -> float:
        self.w[0] = 5.0
        return 1.0

    def __add__(self, other: object) -> float:
        self.w[0] = 5.0
        return 1.0

    def __getitem__(self, key: object) -> float:
        self.w[0] = 5.0
        return 1.0

    def __call__(self) -> float:
        self.w[0] = 5.0
        return 1.0

    def __enter__(self) -> None:
        self.w[0] = 5.0

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self):
        self.w[0] = 5.0
        yield 1.0

    def __bool__(self) -> bool:
        self.w[0] = 5.0
        return True

    def __eq__(self, other: object) -> bool:
        self.w[0] = 5.0
        return True

    def __hash__(self) -> int:
        return 1


HOLDER = Holder()


def helper(a):
    a[0] = 5.0


def helper_in_place(a):
    a += 1.0


def helper_by_default(a=X):
    a[0] = 5.0


def applied(write, a):
    write(a)


ROUTES = {}


def route(function):
    ROUTES[function.__name__] = function
    return function


@route
def entry(x):
    y = np.sum(x * X)
    X[0] = 5.0
    return y


@route
def slice_(x):
    y = np.sum(x * X)
    X[:3] = 5.0
    return y


@route
def everything(x):
    y = np.sum(x * X)
    X[...] = 5.0
    return y


@route
def view_entry(x):
    y = np.sum(x * X)
    v = X[1:]
    v[0] = 5.0
    return y


@route
def reshaped(x):
    y = np.sum(x * X)
    X.reshape(2, -1)[0, 0] = 5.0
    return y


@route
def transposed(x):
    y = np.sum(x * X)
    np.reshape(X, (2, -1)).T[0, 0] = 5.0
    return y


@route
def flat(x):
    y = np.sum(x * X)
    X.flat[0] = 5.0
    return y


@route
def in_place_sum(x):
    y = np.sum(x * X)
    a = X
    a += 1.0
    return y


@route
def in_place_view(x):
    y = np.sum(x * X)
    a = X[2:9]
    a *= 2.0
    return y


@route
def in_place_entry(x):
    y = np.sum(x * X)
    X[3] += 1.0
    return y


@route
def in_place_late(x):
    y = np.sum(x * X)
    total = np.zeros(SIZE)
    for _ in range(3):
        total += 1.0
        total = X
    return y


@route
def in_place_power(x):
    y = np.sum(x * X)
    a = BOX[0]
    a **= 2
    return y


@route
def out_keyword(x):
    y = np.sum(x * X)
    np.exp(X, out=X)
    return y


@route
def out_tuple(x):
    y = np.sum(x * X)
    np.exp(X, out=(X,))
    return y


@route
def out_positional_unary(x):
    y = np.sum(x * X)
    np.sin(X, X)
    return y


@route
def out_positional_binary(x):
    y = np.sum(x * X)
    np.add(X, 1.0, X)
    return y


@route
def out_positional_dot(x):
    y = np.sum(x * X)
    np.dot(np.eye(2), np.ones((2, SIZE // 2)), X.reshape(2, -1))
    return y


@route
def out_positional_clip(x):
    y = np.sum(x * X)
    np.clip(X, 0.0, 0.5, X)
    return y


@route
def out_method_clip(x):
    y = np.sum(x * X)
    X.clip(0.0, 0.5, X)
    return y


@route
def out_method_take(x):
    y = np.sum(x * X)
    np.ones(SIZE).take(np.arange(SIZE), 0, X)
    return y


@route
def out_method_cumsum(x):
    y = np.sum(x * X)
    X.cumsum(0, float, X)
    return y


@route
def out_method_round(x):
    y = np.sum(x * X)
    X.round(0, X)
    return y


@route
def out_unpacked(x):
    y = np.sum(x * X)
    np.sin(*(X, X))
    return y


@route
def out_unpacked_keywords(x):
    y = np.sum(x * X)
    np.sin(X, out=X)
    return y


@route
def out_aliased(x):
    y = np.sum(x * X)
    f = np.sin
    f(X, X)
    return y


@route
def out_chosen(x):
    y = np.sum(x * X)
    f = np.sin if X[0] < 9 else np.cos
    f(X, X)
    return y


@route
def out_by_map(x):
    y = np.sum(x * X)
    list(map(np.add, (X,), (1.0,), (X,)))
    return y


@route
def out_in_a_tuple(x):
    y = np.sum(x * X)
    for f in (np.sin, np.cos):
        f(X, X)
    return y


@route
def out_of_reduce(x):
    y = np.sum(x * X)
    np.add.reduce(np.ones((2, SIZE)), 0, float, X)
    return y


@route
def ufunc_at(x):
    y = np.sum(x * X)
    np.add.at(X, [0], 1.0)
    return y


@route
def sort(x):
    y = np.sum(x * X)
    X[::-1].sort()
    return y


@route
def partition(x):
    y = np.sum(x * X)
    X[::-1].partition(100)
    return y


@route
def fill(x):
    y = np.sum(x * X)
    X.fill(5.0)
    return y


@route
def put(x):
    y = np.sum(x * X)
    X.put([0], 5.0)
    return y


@route
def itemset(x):
    y = np.sum(x * X)
    X.setfield(5.0, float)
    return y


@route
def byteswap(x):
    y = np.sum(x * X)
    X.byteswap(True)
    return y


@route
def copyto(x):
    y = np.sum(x * X)
    np.copyto(X, 5.0)
    return y


@route
def place(x):
    y = np.sum(x * X)
    np.place(X, X > 0, [5.0])
    return y


@route
def putmask(x):
    y = np.sum(x * X)
    np.putmask(X, X > 0, 5.0)
    return y


@route
def put_along_axis(x):
    y = np.sum(x * X)
    np.put_along_axis(X, np.array([0]), 5.0, 0)
    return y


@route
def fill_diagonal(x):
    y = np.sum(x * X)
    np.fill_diagonal(X.reshape(200, 200), 5.0)
    return y


@route
def nan_to_num(x):
    y = np.sum(x * X)
    X[5:6].view(np.int64)[0] = 7
    np.nan_to_num(X, copy=False)
    return y


@route
def shuffle(x):
    y = np.sum(x * X)
    np.random.default_rng(0).shuffle(X)
    return y


@route
def shuffle_global(x):
    y = np.sum(x * X)
    np.random.shuffle(X)
    return y


@route
def median_overwrites(x):
    y = np.sum(x * X)
    np.median(X, overwrite_input=True)
    return y


@route
def dunder_setitem(x):
    y = np.sum(x * X)
    X.__setitem__(0, 5.0)
    return y


@route
def dunder_iadd(x):
    y = np.sum(x * X)
    X.__iadd__(1.0)
    return y


@route
def by_operator(x):
    y = np.sum(x * X)
    operator.setitem(X, 0, 5.0)
    return y


@route
def by_operator_iadd(x):
    y = np.sum(x * X)
    operator.iadd(X, 1.0)
    return y


@route
def by_reduce(x):
    y = np.sum(x * X)
    functools.reduce(operator.iadd, [X, 1.0])
    return y


@route
def by_getattr(x):
    y = np.sum(x * X)
    getattr(X, "fi" + "ll")(5.0)
    return y


@route
def by_type(x):
    y = np.sum(x * X)
    np.ndarray.fill(X, 5.0)
    return y


@route
def by_exec(x):
    y = np.sum(x * X)
    exec("X[0] = 5.0")
    return y


@route
def by_eval(x):
    y = np.sum(x * X)
    eval("X.fill(5.0)")
    return y


@route
def by_frombuffer(x):
    y = np.sum(x * X)
    memoryview(X)[0] = 5.0
    return y


@route
def by_ctypes(x):
    y = np.sum(x * X)
    np.ctypeslib.as_array(X.ctypes.data_as(np.ctypeslib.ctypes.POINTER(np.ctypeslib.ctypes.c_double)), (3,))[0] = 5.0
    return y


@route
def by_base(x):
    y = np.sum(x * X)
    X[1:].base[0] = 5.0
    return y


@route
def real_part(x):
    y = np.sum(x * X)
    X.real[0] = 5.0
    return y


@route
def real_attribute(x):
    y = np.sum(x * X)
    X.real = 5.0
    return y


@route
def by_asarray(x):
    y = np.sum(x * X)
    np.asarray(X)[0] = 5.0
    return y


@route
def by_atleast(x):
    y = np.sum(x * X)
    np.atleast_2d(X)[0, 0] = 5.0
    return y


@route
def by_split(x):
    y = np.sum(x * X)
    np.split(X, 2)[0][0] = 5.0
    return y


@route
def by_conj(x):
    y = np.sum(x * X)
    a = X.conj()
    a += 1.0
    return y


@route
def by_real(x):
    y = np.sum(x * X)
    a = np.real(X)
    a += 1.0
    return y


@route
def by_list(x):
    y = np.sum(x * X)
    a = [X] + [X]  # noqa: RUF005 - the sum of lists is the route
    a[0] += 1.0
    return y


@route
def by_repeated_list(x):
    y = np.sum(x * X)
    a = [X] * len("ab")
    a[0] += 1.0
    return y


@route
def by_dict_union(x):
    y = np.sum(x * X)
    a = NAMED | {}
    a["w"] += 1.0
    return y


@route
def by_unpacking(x):
    y = np.sum(x * X)
    a, *rest = BOX
    a += 1.0
    return y


@route
def by_loop(x):
    y = np.sum(x * X)
    for a in BOX:
        a += 1.0
    return y


@route
def by_enumerate(x):
    y = np.sum(x * X)
    for _, a in enumerate(BOX):
        a[0] = 5.0
    return y


@route
def by_comprehension(x):
    y = np.sum(x * X)
    [a.fill(5.0) for a in BOX]
    return y


@route
def by_generator(x):
    y = np.sum(x * X)
    list(np.sin(a, a) for a in BOX)  # noqa: C400 - the generator is the route
    return y


@route
def by_object_array(x):
    y = np.sum(x * X)
    a = np.empty(1, dtype=object)
    a[0] = X
    a[0] += 1.0
    return y


@route
def by_object_array_of_nothing(x):
    y = np.sum(x * X)
    a = np.repeat(np.array(None), 1)
    a[0] = X
    a[0] += 1.0
    return y


@route
def by_object_array_of_dicts(x):
    y = np.sum(x * X)
    np.array([NAMED])[0]["w"] += 1.0
    return y


@route
def by_object_array_like(x):
    y = np.sum(x * X)
    a = np.zeros_like([NAMED])
    a[0] = X
    a[0] += 1.0
    return y


@route
def by_stacked_objects(x):
    y = np.sum(x * X)
    a = np.concatenate([[NAMED], [NAMED]])
    for b in a:
        b["w"][0] = 5.0
    return y


@route
def by_copied_list(x):
    y = np.sum(x * X)
    a = BOX.copy()
    a[0] -= 1.0
    return y


@route
def by_repeated_objects(x):
    y = np.sum(x * X)
    np.repeat(np.full(1, NAMED), 2)[1]["w"].fill(5.0)
    return y


@route
def by_helper(x):
    y = np.sum(x * X)
    helper(X)
    return y


@route
def by_helper_in_place(x):
    y = np.sum(x * X)
    helper_in_place(X)
    return y


@route
def by_default(x):
    y = np.sum(x * X)
    helper_by_default()
    return y


@route
def by_callback(x):
    y = np.sum(x * X)
    applied(helper, X)
    return y


@route
def by_lambda(x):
    y = np.sum(x * X)
    write = lambda a: a.fill(5.0)
    write(X)
    return y


@route
def by_inner_function(x):
    y = np.sum(x * X)

    def inner():
        a = X
        a += 1.0

    inner()
    return y


@route
def by_sorted_key(x):
    y = np.sum(x * X)
    sorted([1, 2], key=lambda _: X.fill(5.0) or 0)
    return y


@route
def by_partial(x):
    y = np.sum(x * X)
    functools.partial(np.sin, X, X)()
    return y


@route
def by_vectorize(x):
    y = np.sum(x * X)
    np.vectorize(lambda i: X.fill(5.0) or 0.0, otypes=[float])(np.arange(3))
    return y


@route
def by_method(x):
    y = np.sum(x * X)
    HOLDER.write()
    return y


@route
def by_attribute(x):
    y = np.sum(x * X)
    HOLDER.w[0] = 5.0
    return y


@route
def by_namespace(x):
    y = np.sum(x * X)
    SHELF.w[0] = 5.0
    return y


@route
def by_property(x):
    return np.sum(x * X) * HOLDER.first


@route
def by_their_operator(x):
    y = np.sum(x * X)
    return y * (HOLDER + 1)


@route
def by_their_subscript(x):
    y = np.sum(x * X)
    return y * HOLDER[0]


@route
def by_their_call(x):
    y = np.sum(x * X)
    return y * HOLDER()


@route
def by_their_context(x):
    y = np.sum(x * X)
    with HOLDER:
        return y


@route
def by_their_iterator(x):
    y = np.sum(x * X)
    for _ in HOLDER:
        pass
    return y


@route
def by_their_truth(x):
    y = np.sum(x * X)
    return y if HOLDER else 0.0 * y


@route
def by_their_equality(x):
    y = np.sum(x * X)
    return y if HOLDER == 1 else 0.0 * y


@route
def by_matching(x):
    y = np.sum(x * X)
    match HOLDER:
        case Holder(first=f):
            return y * f


@route
def by_deletion(x):
    y = np.sum(x * X)
    del BOX[:]
    BOX.append(X)
    X[0] = 5.0
    return y


@route
def in_handler(x):
    y = np.sum(x * X)
    try:
        raise ValueError("no")
    except ValueError:
        X[0] = 5.0
    return y


@route
def in_finally(x):
    y = np.sum(x * X)
    try:
        y = y * 2
    finally:
        X.fill(5.0)
    return y


@route
def by_decorated(x):
    y = np.sum(x * X)
    cached(3)
    return y


@functools.lru_cache
def cached(n):
    X[0] = 5.0
    return n


@route
def by_walrus(x):
    y = np.sum(x * X)
    (a := X)[0] = 5.0  # noqa: F841 - the route
    return y


@route
def by_import(x):
    from sys import modules

    y = np.sum(x * X)
    modules[__name__].X[0] = 5.0
    return y


def restore():
    """All as it was."""
    X[...] = START
    BOX[:] = [X]
    cached.cache_clear()
