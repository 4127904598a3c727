"""Effects in branches that a run does not take: a program stands for the other branches, and every effect happens once a call."""

from __future__ import annotations

import logging
import math
import warnings

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse import families

LOGGER = logging.getLogger("gradwise.tests.avoided")


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()
    yield
    gw.clear_caches()


def served():
    return sum(family.served for family, _ in families._families.values())


def prints(x):
    if x[0] < 0:
        print("negative")
        return x[0] ** 2 * x[1]
    return np.sqrt(x[0]) * x[1]


def prints_on_one_line(x, verbose=0):
    if verbose: print("point", x)  # fmt: skip  # noqa: E701
    y = x[0] * x[1] if not verbose else print("never") or x[0]
    return y * x[1]


def warns(x):
    if x[1] > 100.0:
        warnings.warn("large", RuntimeWarning, stacklevel=2)
    return x[0] ** 2 * x[1]


def logs(x):
    if x[1] > 100.0:
        LOGGER.warning("large: %s", x[1])
    return x[0] ** 2 * x[1]


def in_a_helper(x):
    return _reported(x[0]) * x[1] + sum(_reported(v) for v in x)


def _reported(value):
    if value > 100.0:
        print(
            "large",
            value,
        )
    return value**2


TRUE = {
    prints: lambda a, b: [b / (2 * math.sqrt(a)), math.sqrt(a)],
    prints_on_one_line: lambda a, b: [b * b, 2 * a * b],
    warns: lambda a, b: [2 * a * b, a * a],
    logs: lambda a, b: [2 * a * b, a * a],
    in_a_helper: lambda a, b: [2 * a * b + 2 * a, a * a + 2 * b],
}


@pytest.mark.parametrize("f", TRUE, ids=lambda f: f.__name__)
def test_a_program_stands_where_the_effect_does_not_happen(f):
    g = gw.grad(f)
    for k in range(5):
        a, b = 1.0 + k, 2.0 + k
        np.testing.assert_allclose(g(np.array([a, b])), TRUE[f](a, b), rtol=1e-13)
    assert served() == 3
    assert "where it does not come to" in gw.explain(f, np.array([1.0, 2.0])).reuse


def test_what_is_printed_is_printed_once_a_call(capsys):
    g = gw.grad(prints)
    for k in range(12):
        for a in (1.0 + k, -1.0 - k):
            capsys.readouterr()
            found = g(np.array([a, 2.0]))
            np.testing.assert_allclose(found, TRUE[prints](a, 2.0) if a > 0 else [4 * a, a * a], rtol=1e-13)
            assert capsys.readouterr().out == ("negative\n" if a < 0 else "")


@pytest.mark.parametrize("first", [True, False])
def test_a_flag_that_is_set_later_is_seen(first, capsys):
    g = gw.grad(prints_on_one_line)
    x = np.array([3.0, 2.0])
    for verbose in (first, first, first, first, not first, not first, not first, not first, first):
        capsys.readouterr()
        np.testing.assert_allclose(g(x, verbose=verbose), [2.0, 3.0] if verbose else [4.0, 12.0], rtol=1e-13)
        assert capsys.readouterr().out.count("point") == verbose


def test_a_warning_comes_at_each_call():
    g = gw.grad(warns)
    for k in range(4):
        g(np.array([1.0, k]))
    for k in range(4):
        with pytest.warns(RuntimeWarning, match="large") as found:
            np.testing.assert_allclose(g(np.array([2.0, 200.0 + k])), [800.0 + 4 * k, 4.0], rtol=1e-13)
        assert len(found) == 1


class Remembering:
    """x², remembered between calls, and a branch that prints."""

    def __init__(self):
        self.last, self.value = math.inf, 0.0

    def __call__(self, x):
        if x > 3.0:
            return 1.0 * x
        if x < -100.0:
            print("far")
        if abs(x - self.last) < 1e-9:
            return self.value
        if x < -50.0:
            print("computing")
        self.last, self.value = float(x), float(x * x)
        return x * x


def test_a_memory_that_another_branch_fills_is_no_constant():
    f = Remembering()
    g = gw.grad(f, method="exact")
    for x in (5.0, 5.5, 0.5, 0.5, 0.7, 0.7, 1.9, 1.9, 0.7):
        f(x)  # a plain call, which is kept
        try:
            found = g(x)
        except gw.TracingError:
            continue
        assert found == pytest.approx(1.0 if x > 3.0 else 2.0 * x, rel=1e-12)


HISTORY: list[float] = []


def remembers_in_a_branch(x):
    if x[0] < 0.0:
        HISTORY.append(1.0)
    return x[0] * x[1] * (1.0 + len(HISTORY))


def test_what_is_kept_in_a_branch_counts_for_the_others():
    HISTORY.clear()
    g = gw.grad(remembers_in_a_branch)
    for x in (1.0, 2.0, 3.0, 4.0, -1.0, 2.0, 3.0, -2.0, 4.0, 5.0):
        point = np.array([x, 3.0])
        before = len(HISTORY)
        found = g(point)
        grown = before + (x < 0.0)
        assert len(HISTORY) == grown
        np.testing.assert_allclose(found, [3.0 * (1 + grown), x * (1 + grown)], rtol=1e-13)
