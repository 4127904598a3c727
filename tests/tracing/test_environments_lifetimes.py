"""What is left of a trace: errors and their tracebacks, interrupts, threads, generators, memory; user objects and modules are as they would be without it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import gc
import linecache
import math
import pickle
import random
import sys
import threading
import traceback
import types
import weakref

import numpy as np
import pytest

import gradwise as gw
from gradwise.tracing.instrument import cells, compiling, known, needs, source, state, userland
from gradwise.tracing.instrument.hooks import watched
from gradwise.tracing.traced import isinstance_traced


@pytest.fixture(autouse=True)
def nothing_is_left():
    """No run is open before and after."""
    gw.clear_caches()
    assert state.local.watch is None
    yield
    assert state.local.watch is None


class Model:
    """Stores what it computes, as much code does."""

    rate = 2.0

    def __init__(self, n=3):
        self.n = n
        self.kept = []
        self.table = {}
        self.last = None

    def step(self, x, k):
        value = math.exp(-self.rate * k * float(x))
        self.kept.append(value)
        self.table[k] = value
        self.last = value
        return value

    def total(self, x):
        self.kept = []
        return sum(self.step(x, k) for k in range(self.n))

    def plain(self, x):
        return sum(math.exp(-self.rate * k * x) for k in range(self.n))

    def slope(self, x):
        return sum(-self.rate * k * math.exp(-self.rate * k * x) for k in range(self.n))


def clean(model):
    values = [*model.kept, *model.table.values(), model.last]
    assert not any(isinstance_traced(v) for v in values)
    assert all(v is None or type(v) is float for v in values)
    return True


# --- tracebacks -------------------------------------------------------------------------------------------------------------------


def fails(x):
    y = math.exp(float(x))
    return inner_of_fails(y) + 1.0


def inner_of_fails(y):
    values = {"a": y}
    return values["b"]


class Failing:
    def __getitem__(self, key):
        raise LookupError(f"no {key}")

    def __add__(self, other):
        raise ArithmeticError("no sum")

    @property
    def name(self):
        raise RuntimeError("no name")

    def __call__(self, x):
        raise ValueError("no call")


def frames_of(error):
    return list(traceback.extract_tb(error.__traceback__))


def test_the_traceback_of_the_users_error():
    with pytest.raises(KeyError, match="b") as caught:
        gw.grad(fails, method="exact")(0.5)
    frames = frames_of(caught.value)
    users = [(f.name, f.lineno, f.line) for f in frames if f.filename == __file__]
    first = fails.__code__.co_firstlineno
    second = inner_of_fails.__code__.co_firstlineno
    assert users[-2:] == [
        ("fails", first + 2, "return inner_of_fails(y) + 1.0"),
        ("inner_of_fails", second + 2, 'return values["b"]'),
    ]
    # nothing of ours between two functions of the user's
    places = [k for k, f in enumerate(frames) if f.filename == __file__]
    assert places[-1] - places[-2] == 1
    assert places[-1] == len(frames) - 1
    shown = "".join(traceback.format_exception(caught.value))
    assert 'return values["b"]' in shown
    assert "gradwise:" not in shown


@pytest.mark.parametrize(
    ("f", "kind"),
    [
        (lambda x, o: o[x], LookupError),
        (lambda x, o: o + x, ArithmeticError),
        (lambda x, o: o.name, RuntimeError),
        (lambda x, o: o(x), ValueError),
    ],
)
def test_tracebacks_through_special_methods(f, kind):
    with pytest.raises(kind) as caught:
        gw.grad(f, method="exact")(0.5, Failing())
    frames = frames_of(caught.value)
    assert frames[-1].filename == __file__
    assert "raise" in frames[-1].line
    places = [k for k, frame in enumerate(frames) if frame.filename == __file__]
    assert places[-1] - places[-2] == 1


def test_the_same_error_as_without_a_trace():
    """Errors that the interpreter words itself are the user's own."""
    cases = [
        lambda x: x + "a",
        lambda x: [x].pop(3),
        lambda x: {}["a"] + x,
        lambda x: undefined_name + x,  # noqa: F821  # that is the point
        lambda x: math.exp(float(x), 3),
        lambda x: Model().missing,
        lambda x: Model().step(x),
        lambda x: Model(1, 2),
        lambda x: inner_of_fails(),
        lambda x: inner_of_fails(x, y=2),
        lambda x: (None if x else 1)(x),
        lambda x: (a for a in 3),
        lambda x: max([]) + x,
        lambda x: int("abc"),
    ]
    for f in cases:
        with pytest.raises(Exception) as plain:  # whatever it is
            f(0.5)
        with pytest.raises(Exception) as seen:
            gw.grad(f, method="exact")(0.5)
        assert type(seen.value) is type(plain.value), f"{seen.value!r} for {plain.value!r}"
        if type(plain.value) is not TypeError:
            assert str(seen.value) == str(plain.value)


def test_recursion_has_its_natural_end():
    def down(x, n):
        return x if n == 0 else math.exp(0.0) * down(x, n - 1)

    np.testing.assert_allclose(gw.grad(lambda x: down(x, 60), method="exact")(0.5), 1.0)

    def endless(x):
        return endless(x * 1.0) + math.exp(0.0)

    with pytest.raises(RecursionError):
        gw.grad(endless, method="exact")(0.5)
    np.testing.assert_allclose(gw.grad(lambda x: down(x, 5), method="exact")(0.5), 1.0)


# --- interrupts and exceptions in the middle ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit, ValueError, MemoryError])
def test_interrupts_leave_nothing(kind):
    model = Model()

    def f(x, end):
        model.total(x)
        if end:
            raise kind
        return model.last

    with pytest.raises(kind):
        gw.grad(f, method="exact")(0.5, end=True)
    assert state.local.watch is None
    assert clean(model)
    np.testing.assert_allclose(model.kept, [math.exp(-k) for k in range(3)], rtol=1e-12)
    np.testing.assert_allclose(gw.grad(f, method="exact")(0.5, end=False), -4 * math.exp(-2.0), rtol=1e-12)
    assert clean(model)


def test_an_error_caught_by_the_function():
    model = Model()

    def f(x):
        with contextlib.suppress(ZeroDivisionError):
            model.total(x)
            1 / 0  # raises
        return model.last

    np.testing.assert_allclose(gw.grad(f, method="exact")(0.5), -4 * math.exp(-2.0), rtol=1e-12)
    assert clean(model)


# --- generators -------------------------------------------------------------------------------------------------------------------


def powers(x):
    y = float(x)
    k = 0
    while True:
        k += 1
        yield math.exp(k * y)


def test_a_generator_resumed_after_the_trace():
    kept = []

    def f(x):
        numbers = powers(x)
        kept.append(numbers)
        return next(numbers) + next(numbers)

    np.testing.assert_allclose(
        gw.grad(f, method="exact", check=False)(0.5), math.exp(0.5) + 2 * math.exp(1.0), rtol=1e-12
    )
    assert len(kept) == 1
    later = next(kept[0])
    np.testing.assert_allclose(float(later), math.exp(1.5), rtol=1e-12)
    np.testing.assert_allclose(float(next(kept[0])), math.exp(2.0), rtol=1e-12)
    kept[0].close()


def test_a_generator_abandoned_in_the_middle():
    closed = []

    def numbers(x):
        try:
            for k in range(10):
                yield math.exp(k * float(x))
        finally:
            closed.append(True)

    def f(x):
        for value in numbers(x):
            if value > 1:
                return value
        return 0.0

    np.testing.assert_allclose(gw.grad(f, method="exact", check=False)(0.5), math.exp(0.5), rtol=1e-12)
    gc.collect()
    assert closed == [True]


def test_a_generator_begun_before_the_trace():
    numbers = powers(0.25)
    next(numbers)

    def f(x):
        return next(numbers) * math.exp(float(x))

    np.testing.assert_allclose(gw.grad(f, method="exact", check=False)(0.5), math.exp(0.5) * math.exp(0.5), rtol=1e-12)
    np.testing.assert_allclose(next(numbers), math.exp(0.75), rtol=1e-12)


STREAM = iter(())


@pytest.mark.parametrize(
    "make", [iter, lambda v: (a for a in v), lambda v: map(float, v), lambda v: zip(v, strict=True)]
)
def test_iterators_of_others_are_taken_from_once(make):
    """The extra runs that verify a derivative would take more values from them."""
    global STREAM  # a global iterator is what is tested
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    STREAM = make(values)

    def f(x):
        for value in STREAM:
            number = value[0] if type(value) is tuple else value
            return number * math.exp(float(x))
        return 0.0

    np.testing.assert_allclose(gw.grad(f, method="exact")(0.5), math.exp(0.5), rtol=1e-12)
    np.testing.assert_allclose(np.ravel(next(STREAM)), [2.0])


# --- what outlives its trace ----------------------------------------------------------------------------------------------------------


def test_a_twin_that_outlives_its_trace_behaves_plainly():
    kept = {}
    model = Model()

    def f(x):
        def callback(y):
            model.last = math.exp(float(y))
            z = np.zeros(2)
            z[0] = model.last
            return [z[0] + len(kept)][0]

        kept["callback"] = callback
        kept["twin"] = watched(callback)
        kept["method"] = model.total
        return callback(x)

    np.testing.assert_allclose(gw.grad(f, method="exact", check=False)(0.5), math.exp(0.5), rtol=1e-12)
    for name in ("callback", "twin"):
        value = kept[name](0.25)
        np.testing.assert_allclose(value, math.exp(0.25) + 3, rtol=1e-12)
        assert type(value) is np.float64
        assert type(model.last) is float
    assert type(kept["method"](0.5)) is float
    assert type(np.zeros(2)) is np.ndarray


def test_objects_can_be_pickled_and_copied_after_a_trace():
    model = Model()
    np.testing.assert_allclose(gw.grad(model.total, method="exact")(0.5), model.slope(0.5), rtol=1e-12)
    again = pickle.loads(pickle.dumps(model))
    assert clean(again)
    np.testing.assert_allclose(again.kept, model.kept)
    np.testing.assert_allclose(gw.grad(again.total, method="exact")(0.5), model.slope(0.5), rtol=1e-12)


def test_names_and_entries_are_the_same_objects():
    module = types.ModuleType("of_the_user")
    source_text = (
        "import math\nimport numpy as np\nCOUNT = 0\n"
        "def f(x):\n    z = np.zeros(1)\n    z[0] = math.exp(float(x))\n    return z[0]\n"
    )
    exec(source_text, vars(module))
    parts = [vars(module), vars(math), vars(np), vars(sys.modules["builtins"]), vars(Model)]
    before = [dict(part) for part in parts]
    gw.grad(module.f, method="exact")(0.5)
    gw.grad(Model().total, method="exact")(0.5)
    for part, old in zip(parts, before, strict=True):
        assert list(part) == list(old)
        assert all(part[name] is value for name, value in old.items())


# --- threads ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def often():
    """Threads take turns as often as the interpreter lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def shared(x):
    values = []
    for k in range(1, 6):
        values.append(math.exp(-k * float(x)))  # noqa: PERF401  # the loop is what is tested
    z = np.zeros(5)
    for k, value in enumerate(values):
        z[k] = value
    return z.sum()


def shared_slope(x):
    return sum(-k * math.exp(-k * x) for k in range(1, 6))


def test_threads_trace_the_same_function(often):
    def one(x):
        return gw.grad(shared, method="exact", check=False)(x)

    points = list(np.linspace(0.1, 1.0, 40))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, points))
    np.testing.assert_allclose(found, [shared_slope(x) for x in points], rtol=1e-12)


def test_threads_that_run_a_function_while_others_trace_it(often):
    stop = threading.Event()
    wrong = []

    def runs():
        while not stop.is_set():
            value = shared(0.5)
            if type(value) is not np.float64 or not math.isclose(value, sum(math.exp(-k * 0.5) for k in range(1, 6))):
                wrong.append(value)
            if type(math.exp(1.0)) is not float or type(np.zeros(1)) is not np.ndarray:
                wrong.append("names")

    threads = [threading.Thread(target=runs) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for x in np.linspace(0.1, 1.0, 30):
            np.testing.assert_allclose(gw.grad(shared, method="exact", check=False)(x), shared_slope(x), rtol=1e-12)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_threads_read_plain_values_of_an_object_that_is_traced(often):
    """Attributes hold plain values while the run is open; only containers may hold traced ones until it ends."""
    model = Model()
    model.last = 0.0
    stop = threading.Event()
    wrong = []

    def reads():
        while not stop.is_set():
            if type(model.last) is not float:
                wrong.append(type(model.last))

    def f(x):
        for k in range(5):
            model.last = math.exp(-k * float(x))
        return model.last

    thread = threading.Thread(target=reads)
    thread.start()
    try:
        for _ in range(30):
            gw.grad(f, method="exact", check=False)(0.5)
    finally:
        stop.set()
        thread.join()
    assert wrong == []


def test_a_pool_inside_the_function():
    """Its threads have no trace: their results are exact, or they say that they cannot follow."""

    def f(x):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return sum(pool.map(lambda k: math.exp(k * x), [1.0, 2.0]))

    try:
        found = gw.grad(f, method="exact")(0.5)
    except gw.TracingError:
        pass
    else:
        np.testing.assert_allclose(found, math.exp(0.5) + 2 * math.exp(1.0), rtol=1e-12)
    assert state.local.watch is None

    def g(x):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return sum(pool.map(lambda k: np.exp(k * x), [1.0, 2.0]))

    try:
        found = gw.grad(g, method="exact")(0.5)
    except gw.TracingError:
        pass
    else:
        np.testing.assert_allclose(found, math.exp(0.5) + 2 * math.exp(1.0), rtol=1e-12)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_inside_the_function():
    def f(x):
        out = []
        thread = threading.Thread(target=lambda: out.append(math.exp(float(x))))
        thread.start()
        thread.join()
        return out[0]

    with np.errstate(all="ignore"):
        try:
            found = gw.grad(f, method="exact", check=True)(0.5)
        except (gw.TracingError, IndexError):
            return
    np.testing.assert_allclose(found, math.exp(0.5), rtol=1e-12)


# --- memory -----------------------------------------------------------------------------------------------------------------------


def collected(reference):
    for _ in range(3):
        gc.collect()
    return reference() is None


class Owner:
    def __init__(self):
        self.array = np.arange(3.0)
        self.cache = {}

    def value(self, x):
        self.last = math.exp(float(x)) * self.array[1]
        self.cache["x"] = self.last
        return self.last


def test_objects_are_not_kept_alive():
    owner = Owner()
    reference, array = weakref.ref(owner), weakref.ref(owner.array)
    gw.grad(owner.value, method="exact")(0.5)
    gw.grad(lambda x: owner.value(x), method="exact")(0.5)  # noqa: F821  # deleted below
    gw.value_and_grad(Owner.value, argnums=1)(owner, 0.5)
    del owner
    assert collected(reference)
    assert collected(array)


@pytest.mark.slow
def test_arguments_and_captured_arrays_are_not_kept_alive():
    captured, x, data = np.arange(1.0, 4.0), np.ones(3), np.full(3, 2.0)
    references = [weakref.ref(a) for a in (captured, x, data)]

    def f(x, data):
        z = np.zeros(3)
        for k in range(3):
            z[k] = math.exp(float(x[k])) * captured[k] * data[k]  # noqa: F821  # deleted below
        return z.sum()

    gw.grad(f, method="exact")(x, data)
    gw.grad(f, method="exact")(x, data)
    del captured, x, data, f
    for reference in references:
        assert collected(reference)


@pytest.mark.slow
def test_functions_closures_and_modules_are_not_kept_alive():
    def make(k):
        box = Owner()

        def inner(y):
            return math.exp(k * float(y)) + box.array[0]

        def f(x):
            return [inner(x)][0]

        return f, weakref.ref(inner), weakref.ref(box)

    f, inner, box = make(2.0)
    code = weakref.ref(f.__code__)
    function = weakref.ref(f)
    np.testing.assert_allclose(gw.grad(f, method="exact")(0.5), 2 * math.exp(1.0), rtol=1e-12)
    del f
    assert collected(function)
    assert collected(inner)
    assert collected(box)

    module = types.ModuleType("passing")
    exec("import math\nclass A:\n    def f(self, x):\n        return [math.exp(float(x))][0]\n", vars(module))
    reference, class_ = weakref.ref(module), weakref.ref(module.A)
    np.testing.assert_allclose(gw.grad(module.A().f, method="exact")(0.5), math.exp(0.5), rtol=1e-12)
    del module
    assert collected(reference)
    assert collected(class_)
    assert code is not None


def made_of_text(k):
    filename = f"<made {k}>"
    text = "import math\ndef f(x):\n    def g(y):\n        return math.exp(y)\n    return [g(float(x))][0]\n"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    names = {}
    exec(compile(text, filename, "exec"), names)
    return names["f"]


def test_code_is_forgotten_with_its_function():
    before = set(compiling._made)
    for k in range(20):
        f = made_of_text(k)
        copy = compiling.instrumented(f.__code__)
        assert copy is not None
        assert copy is compiling.instrumented(f.__code__)
        del linecache.cache[f"<made {k}>"]
    del f, copy
    gc.collect()
    assert set(compiling._made) <= before


@pytest.mark.slow
def test_code_that_was_differentiated_is_forgotten_with_the_caches():
    codes = []
    for k in range(5):
        f = made_of_text(k)
        np.testing.assert_allclose(gw.grad(f, method="exact")(0.5), math.exp(0.5), rtol=1e-12)
        codes.append(weakref.ref(f.__code__))
        del linecache.cache[f"<made {k}>"]
    del f
    gw.clear_caches()
    assert all(collected(code) for code in codes)


def test_caches_are_bounded_and_can_be_emptied():
    gw.grad(shared, method="exact")(0.5)
    gw.clear_caches()
    assert not compiling._made
    bounds = [
        (cells._writers, 4096 + 1),
        (needs._decided, 4096 + 1),
        (userland._known_files, 100_000),
        (known.KNOWN, 20_000),
    ]
    for cache, bound in bounds:
        assert len(cache) < bound
    assert source._lambdas_in.cache_info().maxsize is not None


def test_random_states_are_as_a_single_run_leaves_them():
    def f(x):
        return math.exp(float(x)) * random.random() + np.random.random() * 0

    np.random.seed(3)  # the global state is what is tested
    random.seed(3)
    f(0.5)
    after = (np.random.random(), random.random())
    np.random.seed(3)
    random.seed(3)
    gw.grad(f, method="exact")(0.5)
    assert (np.random.random(), random.random()) == after
