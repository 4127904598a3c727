"""A handler around a library's function says nothing of what is raised elsewhere; one around the user's own code does."""

import contextlib
import functools
import operator
import warnings

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse import families
from gradwise.tracing.purity import inspect_function

COUNTED = {"raised": 0}
X = np.array([0.3, 0.4])


class OddError(Exception):
    """An error that counts itself."""

    def __init__(self, text):
        super().__init__(text)
        COUNTED["raised"] += 1


def checked(x):
    if x[0] > 0.5:
        raise OddError(f"{x[0]} is too large")
    return np.sum(x**2)


def as_vector(x):
    x = np.asarray(x)
    try:
        return np.squeeze(x, axis=1)
    except ValueError:
        return x


def as_column(x):
    try:
        n = x.shape[1]
    except IndexError:
        n = 1
    return x.reshape(-1, n)


def after_a_library_function(x):
    return checked(as_vector(x)) * 2.0


def after_a_shape(x):
    return checked(as_column(x)[:, 0]) * 2.0


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()
    COUNTED["raised"] = 0
    yield
    gw.clear_caches()


@pytest.mark.parametrize("f", [after_a_library_function, after_a_shape])
def test_programs_stand_beside_handlers_around_library_functions(f):
    g = gw.grad(f)
    for k in range(5):
        np.testing.assert_allclose(g(X + 0.01 * k), 4 * (X + 0.01 * k), rtol=1e-14)
    assert sum(family.served for family, _ in families._families.values()) == 3
    before = COUNTED["raised"]
    with pytest.raises(OddError, match="too large"):
        g(X + 0.5)
    assert COUNTED["raised"] > before


class Box:
    """Special methods and properties that raise."""

    def __init__(self, x):
        self.x = x

    @property
    def size(self):
        return checked(self.x)

    def __add__(self, other):
        return checked(self.x) + other

    def __getitem__(self, key):
        return checked(self.x)

    def __bool__(self):
        return bool(checked(self.x) > 0)

    def __lt__(self, other):
        return bool(checked(self.x) < other.x[0])

    def __len__(self):
        return int(checked(self.x))

    def __float__(self):
        return float(checked(self.x))

    def __call__(self, factor):
        return checked(self.x) * factor


def each(x):
    for k in range(2):
        yield checked(x) * k


class Quiet:
    """A context that swallows what is raised."""

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        return True


PARTIAL = functools.partial(checked)


def within(body):
    """``body`` with a handler around it."""

    def f(x):
        try:
            value = body(x)
        except OddError:
            value = COUNTED["raised"] * x[1]
        return value * 3.0

    f.__name__ = body.__name__
    return f


def in_the_code_itself(x):
    try:
        if x[0] > 0.5:
            raise OddError("large")
        value = x[1]
    except OddError:
        value = COUNTED["raised"] * x[1]
    return value


def called(x):
    try:
        return checked(x)
    except OddError:
        return COUNTED["raised"] * x[1]


def by_a_property(x):
    box = Box(x)
    try:
        return box.size
    except OddError:
        return COUNTED["raised"] * x[1]


def by_an_operator(x):
    box = Box(x)
    try:
        return box + 1.0
    except OddError:
        return COUNTED["raised"] * x[1]


def by_an_item(x):
    box = Box(x)
    try:
        return box[0]
    except OddError:
        return COUNTED["raised"] * x[1]


def by_a_truth_value(x):
    box = Box(x)
    try:
        return x[1] if box else x[0]
    except OddError:
        return COUNTED["raised"] * x[1]


def by_a_comparison(x):
    boxes = Box(x), Box(x)
    try:
        return x[1] if boxes[0] < boxes[1] else x[0]
    except OddError:
        return COUNTED["raised"] * x[1]


def by_a_length(x):
    box = Box(x)
    try:
        return len(box) + x[1]
    except OddError:
        return COUNTED["raised"] * x[1]


def by_a_call_of_an_object(x):
    box = Box(x)
    try:
        return box(2.0)
    except OddError:
        return COUNTED["raised"] * x[1]


def by_a_loop(x):
    values, total = each(x), 0.0
    try:
        for value in values:
            total = total + value
    except OddError:
        total = COUNTED["raised"] * x[1]
    return total


def by_a_sum(x):
    values = each(x)
    try:
        return sum(values)
    except OddError:
        return COUNTED["raised"] * x[1]


def by_unpacking(x):
    values = each(x)
    try:
        a, b = values
    except OddError:
        return COUNTED["raised"] * x[1]
    return a + b


def by_a_key(x):
    try:
        return max([x[0], x[1]], key=lambda v: checked(x) * v)
    except OddError:
        return COUNTED["raised"] * x[1]


def by_a_text(x):
    try:
        return eval("checked(x)")
    except OddError:
        return COUNTED["raised"] * x[1]


def by_a_partial(x):
    try:
        return PARTIAL(x)
    except OddError:
        return COUNTED["raised"] * x[1]


def by_a_function_made_inside(x):
    def inner(v):
        if v[0] > 0.5:
            raise OddError("large")
        return v[1]

    try:
        return inner(x)
    except OddError:
        return COUNTED["raised"] * x[1]


def by_its_name(x):
    box = Box(x)
    try:
        return getattr(box, "size", 0.0)
    except OddError:
        return COUNTED["raised"] * x[1]


def by_arguments_taken_apart(x):
    try:
        return checked(*[x])
    except OddError:
        return COUNTED["raised"] * x[1]


def by_reduction(x):
    try:
        return functools.reduce(lambda a, b: a + checked(x) * b, [x[0], x[1]])
    except OddError:
        return COUNTED["raised"] * x[1]


def by_a_function_of_operators(x):
    try:
        return operator.add(Box(x), 1.0)
    except OddError:
        return COUNTED["raised"] * x[1]


def in_a_context(x):
    value = x[0] * 0.0
    with Quiet():
        value = checked(x)
    return value + COUNTED["raised"] * x[1]


def suppressed(x):
    value = x[0] * 0.0
    with contextlib.suppress(OddError):
        value = checked(x)
    return value + COUNTED["raised"] * x[1]


def two_calls_up(x):
    def outer(v):
        return checked(v) + 1.0

    try:
        return outer(x)
    except OddError:
        return COUNTED["raised"] * x[1]


def known_before(x):
    """The same function without a handler first, then within one."""
    first = checked(x * 0.1)
    try:
        return first + checked(x)
    except OddError:
        return first + COUNTED["raised"] * x[1]


def raised_in_a_context(x):
    """Every way through the code comes to ``raise``, and goes on behind the context."""
    with Quiet():
        raise OddError("always")
    return COUNTED["raised"] * x[1]


@contextlib.contextmanager
def quietly():
    with contextlib.suppress(OddError):
        yield


def raised_in_a_generators_context(x):
    with quietly():
        raise OddError("always")
    return COUNTED["raised"] * x[1]


def raised_in_one_of_two_contexts(x):
    with np.errstate(all="ignore"):
        with contextlib.suppress(OddError):
            raise OddError("always")
        return COUNTED["raised"] * x[1]


ATTACKS = [
    *(raised_in_a_context, raised_in_a_generators_context, raised_in_one_of_two_contexts),
    *(in_the_code_itself, called, by_a_property, by_an_operator, by_an_item, by_a_truth_value, by_a_comparison),
    *(by_a_length, by_a_call_of_an_object, by_a_loop, by_a_sum, by_unpacking, by_a_key, by_a_text, by_a_partial),
    *(by_a_function_made_inside, by_its_name, by_arguments_taken_apart, by_reduction, by_a_function_of_operators),
    *(in_a_context, suppressed, two_calls_up, known_before, within(checked), within(after_a_library_function)),
]


@pytest.mark.parametrize("f", ATTACKS, ids=lambda f: f.__name__)
def test_what_is_raised_and_handled_is_looked_at(f):
    """The error counts itself, and what counts is read: such a function depends on the calls before."""
    assert not inspect_function(f, (X,), {}).is_quiet
    points = [X + 0.4 * (k % 3 > 0) for k in range(9)]
    plain = [f(x) for x in points], COUNTED["raised"]
    COUNTED["raised"] = 0
    g = gw.value_and_grad(f, method="exact", check=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = [float(g(x)[0]) for x in points]
    np.testing.assert_allclose(values, plain[0], rtol=1e-12)
    assert COUNTED["raised"] == plain[1]


def within_a_known_context(x):
    with np.errstate(divide="ignore"):
        if x[0] > 0.5:
            raise OddError(f"{x[0]} is too large")
        return np.sum(x**2) * 2.0


def test_contexts_that_swallow_nothing_leave_functions_proved():
    assert inspect_function(within_a_known_context, (X,), {}).may_stand
