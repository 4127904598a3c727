"""Functions found by a flag, by a text with a number in it, among globals or by np.vectorize: a program stands for them, while what decides is as it was."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp

import gradwise as gw
from gradwise.operators.reuse.families import _families
from gradwise.tracing.purity import inspect_function

X = np.linspace(0.3, 1.1, 6)
SCALE = 1.5
WEIGHTS = {0: 2.0, 3: -1.0}


def served():
    return sum(family.served for family, _ in _families.values())


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()


def differences(f, x):
    """Central differences of fourth order; the functions here are smooth and of size one."""
    steps = 1e-3 * np.eye(x.size)
    return np.array([(8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / 12e-3 for h in steps])


def agrees(f, x=X):
    assert gw.grad(f, method="exact")(x) == pytest.approx(differences(f, x), rel=1e-8, abs=1e-9)


def serves(f, x=X):
    """Whether programs stand for the function after two runs, and give its gradient."""
    gradient = gw.grad(f, method="exact")
    for k in range(4):
        gradient(x + 0.01 * k)
    before = served()
    agrees(f, x)
    return served() > before


# --- flags and names that there are not -----------------------------------------------------------------------------------


class Elements:
    """Element functions with the number of results as their first argument, which use names that there are not in branches for more results."""

    def __init__(self):
        self.kinds = ["eSQUARE", "eCUBE", "eSQUARE", "eCUBE"]
        self.places = [np.array([k, k + 1]) for k in range(4)]
        self.linear = sp.csr_matrix(np.arange(24.0).reshape(4, 6) / 10)
        self.constants = np.full((4, 1), 0.5)

    def value(self, x):
        x = x.reshape(-1, 1)
        total = 0.0
        for k in range(4):
            group = float((self.linear[k, :] @ x).item()) - self.constants[k].item()
            group += float(eval("self." + self.kinds[k] + "(self, 1, x[self.places[k]], k)"))
            total += self.gL2(self, 1, group)
        return float(total)

    @staticmethod
    def eSQUARE(self, nargout, *args):  # noqa: PLW0211
        v = args[0]
        f = v[0] * v[1]
        if not isinstance(f, float):
            f = f.item()
        if nargout > 1:
            try:
                dim = len(IV_)  # noqa: F821
            except:  # noqa: E722
                dim = len(v)
            g = np.zeros(dim)
        if nargout == 1:
            return f
        return f, g

    @staticmethod
    def eCUBE(self, nargout, *args):  # noqa: PLW0211
        v = args[0]
        u = np.zeros((1, v.shape[0]))
        u[0, 0] = u[0, 0] + 1
        inner = np.zeros(1)
        inner[0] = u[0:1, :].dot(v).item()
        f = inner[0] ** 3
        return f if nargout < 2 else undefined_name(f)  # noqa: F821

    @staticmethod
    def gL2(self, nargout, *args):  # noqa: PLW0211
        if nargout >= 3:
            return self.history.append(args[0])
        return args[0] * args[0]


def test_branches_that_a_flag_excludes_are_not_looked_at():
    problem = Elements()
    assert serves(problem.value)
    problem.constants[1] = 3.0
    agrees(problem.value)
    problem.kinds[0] = "eCUBE"
    agrees(problem.value)
    problem.linear.data[:] *= -2.0
    agrees(problem.value)


def test_a_flag_that_varies_is_no_flag():
    trace = []

    def helper(v, n):
        if n == 11:
            trace.append(v)
        return v * n

    def f(x):
        return sum(helper(x[k], k) for k in range(6)) + helper(x[0], 11)

    def g(x):
        total = 0.0
        for k in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11):
            total = total + helper(x[0], k)
        return total

    assert inspect_function(f).leaves
    assert inspect_function(g).leaves


@pytest.mark.parametrize(
    ("flag", "writes"),
    [("0", False), ("1", True), ("-1", True), ("False", False), ("2 > 1", True), ("3 != 3", False), ("1 <= 1", True)],
)
def test_the_truth_of_constants_decides(flag, writes):
    names = {"kept": []}
    exec(
        f"def inner(x, n):\n    if n:\n        kept.append(x)\n    return x\ndef f(x):\n    return inner(x[0], {flag})\n",
        names,
    )
    assert inspect_function(names["f"]).leaves is writes


def test_a_name_that_comes_into_being_is_found():
    names = {"X": X}
    text = "def f(x):\n    try:\n        return x[0] * LATER\n    except NameError:\n        return x[0] ** 2\n"
    exec(text, names)
    f = names["f"]
    assert serves(f)
    names["LATER"] = 5.0
    agrees(f)
    del names["LATER"]
    agrees(f)


# --- names with a number in them ------------------------------------------------------------------------------------------


class Terms:
    def __init__(self):
        self.kinds = np.array([0, 1, 2, 1, 0, 2])
        self.t = np.linspace(0.0, 1.0, 6)

    def term_0(self, x, t):
        return x[0] * math.exp(-t * x[1])

    def term_1(self, x, t):
        return x[2] * t + x[3]

    def term_2(self, x, t):
        return math.sin(x[0] * t) - x[3] ** 2

    def by_fstring(self, x):
        return sum(getattr(self, f"term_{self.kinds[k]}")(x, self.t[k]) ** 2 for k in range(6))

    def by_percent(self, x):
        return sum(getattr(self, "term_%d" % (k % 3))(x, self.t[k]) ** 2 for k in range(6))

    def by_sum(self, x):
        return sum(getattr(self, "term_" + str(k % 3))(x, self.t[k]) ** 2 for k in range(6))

    def by_format(self, x):
        return sum(getattr(self, "term_{}".format(k % 3))(x, self.t[k]) ** 2 for k in range(6))

    def by_flag(self, x):
        return sum(getattr(self, f"term_{k}")(x, 0.5) for k in (0, 1, 2))

    def with_default(self, x):
        return sum(getattr(self, f"term_{k}", self.term_0)(x, self.t[k]) for k in range(6))


@pytest.mark.parametrize("name", ["by_fstring", "by_percent", "by_sum", "by_format", "by_flag", "with_default"])
def test_methods_found_by_a_number_in_their_name(name, monkeypatch):
    terms = Terms()
    f = getattr(terms, name)
    assert serves(f)
    terms.t[1] = 3.0
    agrees(f)
    terms.kinds[:] = 1
    agrees(f)
    terms.term_1 = lambda x, t: x[2] * 5.0
    agrees(f)
    del terms.term_1
    agrees(f)
    monkeypatch.setattr(Terms, "term_2", lambda self, x, t: x[4] * t)
    agrees(f)
    monkeypatch.setattr(Terms, "term_3", Terms.term_0, raising=False)
    agrees(f)
    terms.kinds[2] = 3
    agrees(f)
    monkeypatch.undo()
    terms.kinds[2] = 0
    agrees(f)


def test_a_class_that_answers_for_other_names_proves_nothing(monkeypatch):
    terms = Terms()
    f = terms.with_default
    assert inspect_function(f).effects is None
    seen = []

    def answer(self, name):
        seen.append(name)
        raise AttributeError(name)

    monkeypatch.setattr(Terms, "__getattr__", answer, raising=False)
    assert inspect_function(f).effects is not None
    agrees(f)


def test_functions_of_a_module_by_their_name():
    names = ["sin", "exp", "cosh"]

    def f(x):
        y = getattr(np, "tanh")(x)  # noqa: B009
        for name in names:
            y = y * getattr(math, name)(x[0])
        return y.sum()

    assert serves(f)
    names[0] = "cos"
    agrees(f)
    names.append("tan")
    agrees(f)


def element_square(v):
    return SCALE * v * v


def element_cosh(v):
    return math.cosh(v)


def test_functions_among_the_globals(monkeypatch):
    def f(x):
        return sum(globals()["element_" + ("square" if k % 2 else "cosh")](x[k].item()) for k in range(6))

    assert serves(f)
    monkeypatch.setitem(globals(), "SCALE", -3.0)
    agrees(f)
    monkeypatch.setitem(globals(), "element_cosh", lambda v: v**3)
    agrees(f)


def test_data_among_the_globals_are_not_overlooked(monkeypatch):
    def f(x):
        return globals()["SCALE"] * (x @ x)

    agrees(f)
    for _ in range(4):
        gw.grad(f)(X)
    monkeypatch.setitem(globals(), "SCALE", -3.0)
    agrees(f)


# --- np.vectorize ---------------------------------------------------------------------------------------------------------


def _piece(t):
    if t < 0.7:
        return t * t * SCALE
    return t**3 / (1 + t)


PIECES = np.vectorize(_piece, otypes=[float])


@np.vectorize
def decorated(t, a):
    return math.sin(t) * a if t > 0.5 else t * a


class Entries:
    def __init__(self):
        self.a, self.weights = 2.0, np.arange(6.0)
        self.each = np.vectorize(self.one)

    def one(self, t):
        return self.a * t * t

    def value(self, x):
        return np.sum(self.each(x) * self.weights)


def of_pieces(x):
    return np.sum(PIECES(x))


def of_decorated(x):
    return np.sum(decorated(x, 3.0))


def made_inside(x):
    return np.vectorize(lambda t: math.exp(t) * SCALE, otypes=[float])(x).sum()


@pytest.mark.parametrize("f", [of_pieces, of_decorated, made_inside])
def test_functions_of_each_entry(f, monkeypatch):
    assert serves(f)
    monkeypatch.setitem(globals(), "SCALE", 4.0)
    agrees(f)
    monkeypatch.setattr(decorated, "pyfunc", lambda t, a: t / a)
    agrees(f)
    monkeypatch.setitem(globals(), "PIECES", np.cos)
    agrees(f)


def test_a_method_of_each_entry():
    entries = Entries()
    assert serves(entries.value)
    entries.a = 5.0
    agrees(entries.value)
    entries.weights[:] = 1.0
    agrees(entries.value)
    entries.each = np.vectorize(lambda t: t**3)
    agrees(entries.value)


def test_what_is_called_for_each_entry_is_looked_into():
    kept = []

    @np.vectorize
    def keeping(t):
        kept.append(1)
        return t * t

    @np.vectorize(signature="(n)->()")
    def of_rows(row):
        return row @ row

    assert inspect_function(lambda x: keeping(x).sum()).leaves
    assert "signature" in inspect_function(lambda x: of_rows(x).sum()).effects


# --- errors that are handled ----------------------------------------------------------------------------------------------


def by_key(x):
    total = 0.0
    for k in range(6):
        try:
            w = WEIGHTS[k]
        except KeyError:
            w = 1.0
        total += w * float(x[k]) ** 2
    return total


def by_own_error(x):
    try:
        if x[0] > 0.5:
            raise ValueError("beyond")
        return x @ x
    except ValueError:
        return (x**3).sum()


def by_index(x):
    parts = []
    for k in range(8):
        try:
            parts.append(x[k] ** 2)
        except IndexError:
            parts.append(1.0)
    return sum(parts)


@pytest.mark.parametrize("f", [by_key, by_own_error])
def test_errors_that_come_again_are_no_hindrance(f, monkeypatch):
    assert serves(f)
    agrees(f, X + 0.4)
    agrees(f, X - 1.0)
    monkeypatch.setitem(WEIGHTS, 1, 7.0)
    agrees(f)
    monkeypatch.delitem(WEIGHTS, 0)
    agrees(f)


def by_logarithm(x):
    try:
        return math.log(SCALE - 2.0) * x[0]
    except ValueError:
        return x @ x


@pytest.mark.parametrize("f", [by_logarithm, by_index])
def test_errors_of_operations_on_numbers_are_looked_at_anew(f, monkeypatch):
    agrees(f)
    for _ in range(4):
        gw.grad(f)(X)
    agrees(f)
    monkeypatch.setitem(globals(), "SCALE", 4.0)
    agrees(f)


def by_reduction(x):
    import functools

    return functools.reduce(np.add, map(np.multiply, [SCALE, 2.0], x)) + functools.reduce(
        np.maximum, [x[2], x[3] * SCALE]
    )


def by_default(x):
    terms = TERMS
    return sum(getattr(terms, f"none_{k}", terms.term_1)(x, SCALE) for k in range(3))


TERMS = Terms()


@pytest.mark.parametrize("f", [by_reduction, by_default])
def test_functions_of_libraries_and_defaults(f, monkeypatch):
    assert serves(f)
    monkeypatch.setitem(globals(), "SCALE", -2.0)
    agrees(f)
    monkeypatch.setattr(Terms, "none_1", Terms.term_0, raising=False)
    agrees(f)


def test_what_may_be_given_an_output_is_refused():
    rows = [[1.0, 2.0], [3.0, 4.0], [np.zeros(1), np.zeros(1)]]
    for f in (
        lambda x: sum(list(map(np.add, *rows))) * x[0],
        lambda x: sum(map(np.add, *[[1.0], [2.0], [np.zeros(1)]])) * x[0],
        lambda x: sum(map(np.add, [1.0], [2.0], rows[2])) * x[0],
    ):
        assert not inspect_function(f).is_pure
    assert "add" in inspect_function(f).effects
