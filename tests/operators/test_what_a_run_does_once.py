"""What a function does outside happens as often as in a plain call: where it raises, where NumPy calls it more often than one thinks, and what it keeps is one array wherever it was one."""

import collections
import io

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.4, 1.3])
OPTIONS = [{}, {"pure": False}, {"check": False}, {"method": "exact"}]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("mistake", [lambda x: x.missing, lambda x: {}["key"] * x, lambda x: [1.0][len(x) + 5]])
def test_a_function_that_raises_did_so_once(mistake, options):
    """To a text in memory nobody takes back what is written; the function was called a second time to see whether it raises without a trace, and wrote twice."""
    written, entries, queue = io.StringIO(), [], collections.deque()

    def f(x):
        written.write(f"{x[0]:.1f};")
        entries.append(1)
        queue.append(float(x[1]))
        return mistake(x)

    with pytest.raises((AttributeError, LookupError)) as plainly:
        f(X)
    with pytest.raises(plainly.type) as found:
        gw.grad(f, **options)(X)
    assert str(found.value) == str(plainly.value)
    assert written.getvalue() == "0.4;0.4;"
    assert len(entries) == len(queue) == 2


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("cache", [False, True])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_vectorized_functions_are_called_for_the_first_entry_to_see_its_type(kind, cache, options):
    """Without dtypes NumPy calls the function once more, with a number of its own; the type of that result is the array's: of float32 it was float64."""

    def make():
        calls = []

        @np.vectorize
        def square(t):
            calls.append(type(t))
            return t * t

        square.cache = cache
        return square, calls

    (plain, expected), (traced, calls) = make(), make()
    x = X.astype(kind)
    result = plain(x)
    value, slopes = gw.value_and_grad(lambda x: traced(x).sum(), **options)(x)
    assert type(value) is type(result.sum())
    assert slopes.dtype == kind
    np.testing.assert_allclose(slopes, 2 * x, rtol=1e-6)
    if options != {"method": "exact"}:  # which verifies as the default does
        gw.value_and_grad(lambda x: traced(x).sum(), **options)(x)
        plain(x)
    assert calls == expected


@pytest.mark.parametrize("options", OPTIONS)
def test_one_array_in_two_places_is_one_afterwards(options):
    """The first call is verified, and what it stored is put back after that: in each place another array was."""
    table = {}

    class Keeper:
        kept = None

    keeper = Keeper()

    def f(x):
        keeper.kept = np.sin(x)
        table["kept"] = keeper.kept
        return np.sum(x**2)

    for point in (X, X * 2):
        gw.grad(f, **options)(point)
        assert keeper.kept is table["kept"]
        np.testing.assert_array_equal(keeper.kept, np.sin(point))


@pytest.mark.parametrize("options", [{}, {"check": False}, {"pure": False}])
@pytest.mark.parametrize(
    "f",
    [
        lambda t: np.power(t, 1 / 3),
        lambda t: np.sum(t) ** (1 / 3),
        lambda t: np.mean(t) ** 0.5,
        lambda t: np.positive(t) ** 0.5,
        lambda t: np.deg2rad(t) ** 0.25,
        lambda t: 1 / np.max(t - t),
        lambda t: np.power(t, 2),
        lambda t: np.prod(t) * 2,
        lambda t: np.squeeze(t) ** 2,
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_numpy_makes_of_a_number_of_pythons_is_numpys(f, options):
    """``np.power(-8.0, 1 / 3)`` is nan, and (-8.0) ** (1 / 3) complex; 1 / np.max(0.0) is infinite, and 1 / 0.0 raises."""
    plain = f(-8.0)
    value, _ = gw.value_and_grad(f, **options)(-8.0)
    assert type(value) is type(plain)
    np.testing.assert_array_equal(value, plain)


class Other:
    def __init__(self):
        self.a = 0.5


KEPT, TABLE, OTHER = [], {}, Other()


class First:
    """Of which the first call takes another way than those after it, on which it writes to what the first does not."""

    def __init__(self):
        self.is_first, self.other, self.lines = True, Other(), []

    def report(self, x):
        self.other.a = float(x[0])
        OTHER.a = float(x[0])
        self.lines.append(float(x[0]))
        KEPT.append(float(x[0]))
        TABLE[len(TABLE)] = float(x[0])
        print("reported")

    def loss(self, x):
        if self.is_first:
            self.is_first = False
        else:
            self.report(x)
        return x[0] * x[1]


def test_calls_that_look_leave_nothing_on_another_way(capsys):
    KEPT.clear()
    TABLE.clear()
    OTHER.a = 0.5
    subject = First()
    g = gw.value_and_grad(subject.loss)
    points = [np.array([0.5 + k, 2.0]) for k in range(6)]
    for k, x in enumerate(points):
        value, gradient = g(x)
        assert value == x[0] * x[1]
        np.testing.assert_array_equal(gradient, x[::-1])
        plain = [float(p[0]) for p in points[1 : k + 1]]
        assert subject.lines == KEPT == plain
        assert {*TABLE.values()} == {*plain}
        assert subject.other.a == OTHER.a == ([0.5, *plain])[-1]
        assert capsys.readouterr().out.count("reported") == (k > 0)


class Bisecting:
    """A root found by halving and one step with a slope by differences: first derivatives are right, second ones lack a part."""

    def __init__(self):
        self.halvings = []

    def root(self, x):
        def g(t):
            return t**3 + x[0] * t - x[1]

        low, high, n = 0.0, 2.0, 0
        while high - low > 1e-13:
            middle, n = 0.5 * (low + high), n + 1
            low, high = (low, middle) if g(low) * g(middle) <= 0 else (middle, high)
        self.halvings.append(n)
        return middle - g(middle) / ((g(middle + 1e-6) - g(middle - 1e-6)) / 2e-6)


@pytest.mark.slow
def test_a_run_whose_second_derivative_is_refused_leaves_nothing():
    """The run came to its end, and what it stored stayed beside what the calls instead of it store."""
    subject = Bisecting()
    point = np.array([1.1, 0.35])
    gw.grad(subject.root)(point)  # of which nothing is refused
    for k in range(2, 5):
        with pytest.warns(gw.NumericalFallbackWarning, match="order 2"):
            hessian = gw.hessian(subject.root)(point)
        assert len(subject.halvings) == k
    r = subject.root(point)
    slope = 3 * r**2 + point[0]
    first = np.array([-r, 1.0]) / slope
    mixed = -np.outer(first, [1.0, 0.0]) / slope
    assert hessian == pytest.approx(mixed + mixed.T - 6 * r * np.outer(first, first) / slope, rel=1e-5)
