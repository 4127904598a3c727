"""``np.where(np.abs(x) < 1e-12, 1.0, np.sin(x) / x)`` means an equality: the branch that was written down for a limit has no derivative."""

import warnings

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.equal_entries import forget_equalities


@pytest.fixture(autouse=True)
def fresh():
    forget_equalities()
    gw.clear_caches()


def rising_sinc(x):
    safe = np.where(np.abs(x) < 1e-12, 1.0, x)
    return np.sum(np.where(np.abs(x) < 1e-12, 1.0, np.sin(safe) / safe + x))


def far_from_nothing(x):
    away = 1e-10 < np.abs(x)
    return np.sum(np.where(away, np.expm1(x) / np.where(away, x, 1.0), 1.0))


def selected(x):
    near = ~(np.abs(x) > 1e-8)
    safe = np.where(near, 1.0, x)
    return np.sum(np.select([near], [0.5], (np.cosh(safe) - 1) / safe**2 + x))


def beside_one(x):
    return np.sum(np.where(np.abs(x - 1.0) < 1e-9, 2.0, (x * x - 1.0) / (x - 1.0 + 1e-300)))


TOLERANCE = 1e-11


def by_a_bound_of_its_own(x, bounds=np.array([1e-11, TOLERANCE])):
    return np.sum(np.where(np.abs(x) <= bounds, 3.0, 3.0 + x))


#: each with a point at which an entry is next to nothing, and its derivatives there, by the limits' series
CASES = [
    (rising_sinc, np.array([0.0, 1.0]), [1.0, np.cos(1.0) - np.sin(1.0) + 1.0]),
    (far_from_nothing, np.array([0.0, 1.0]), [0.5, 1.0]),
    (selected, np.array([0.0, 2.0]), [1.0, np.sinh(2.0) / 4 - (np.cosh(2.0) - 1) / 4 + 1.0]),
    (beside_one, np.array([1.0, 3.0]), [1.0, 1.0]),
    (by_a_bound_of_its_own, np.array([0.0, 2.0]), [1.0, 1.0]),
]


@pytest.mark.parametrize(("function", "point", "slopes"), CASES)
def test_a_limit_that_was_written_down_is_not_taken_for_a_constant(function, point, slopes):
    with pytest.warns(gw.NumericalFallbackWarning, match="because two values are equal"):
        found = gw.grad(function)(point)
    np.testing.assert_allclose(found, slopes, rtol=1e-6)


@pytest.mark.parametrize(("function", "point", "slopes"), CASES)
def test_nor_where_a_program_stands_for_the_function(function, point, slopes):
    gradient = gw.grad(function)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for shift in (0.3, 0.4, 0.5, 0.6):
            gradient(point + shift)
    with pytest.warns(gw.NumericalFallbackWarning):
        found = gradient(point)
    np.testing.assert_allclose(found, slopes, rtol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gradient(point + 0.7)


def test_a_number_of_python_is_asked_too():
    def limit(x):
        return float(np.where(abs(x - 1.0) < 1e-9, 2.0, (x * x - 1.0) / (x - 1.0 + 1e-300)))

    gradient = gw.grad(limit)
    assert [gradient(p) for p in (3.0, 2.5, 2.0, 1.5)] == pytest.approx([1.0] * 4)
    with pytest.warns(gw.NumericalFallbackWarning):
        assert gradient(1.0) == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize("near", [0.0, 1e-13, -1e-300])
def test_the_exact_operator_says_why(near):
    with pytest.raises(gw.TracingError, match="Move off the point"):
        gw.grad(rising_sinc, method="exact")(np.array([near, 1.0]))


def test_branches_that_agree_stay_exact():
    def with_its_series(x):
        safe = np.where(np.abs(x) < 1e-7, 1.0, x)
        return np.sum(np.where(np.abs(x) < 1e-7, 1.0 + x / 2, np.expm1(safe) / safe))

    gradient = gw.grad(with_its_series, method="exact")
    for _ in range(5):
        np.testing.assert_allclose(gradient(np.array([0.0, 1.0])), [0.5, 1.0], rtol=1e-14)
        np.testing.assert_allclose(gradient(np.array([1e-8, 1.0])), [0.5, 1.0], rtol=1e-14)


def test_a_bound_of_ordinary_size_decides_as_it_is_written():
    def huber(x):
        return np.sum(np.where(np.abs(x) <= 1e-3, 0.0, np.abs(x) - 1e-3))

    np.testing.assert_array_equal(gw.grad(huber, method="exact")(np.array([0.0, 1.0])), [0.0, 1.0])


def test_examples_of_a_batch_that_are_next_to_nothing_are_found_by_themselves():
    points = np.array([[0.5, 1.0], [0.0, 1.0], [0.7, 2.0]])
    with pytest.warns(gw.NumericalFallbackWarning):
        found = gw.vmap(gw.grad(far_from_nothing))(points)
    np.testing.assert_allclose(found[1], [0.5, 1.0], rtol=1e-6)
