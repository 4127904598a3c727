"""NumPy's functions that used to raise: masked arrays, histograms in several variables, and edges of shape and dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from closing import closes

import gradwise as gw

if TYPE_CHECKING:
    from collections.abc import Callable

X = np.array([1.3, 0.7, 2.1, 0.4, 1.9, 3.2])
MASK = [0, 1, 0, 0, 1, 0]
GRID = [[0, 1, 0], [0, 0, 0]]


def masked(x: Any) -> Any:
    return np.ma.array(x, mask=MASK)


def rows(x: Any) -> Any:
    return np.ma.array(x.reshape(2, 3), mask=GRID)


MASKED: dict[str, Callable[[Any], Any]] = {
    "median": lambda x: np.ma.median(masked(x)),
    "median along an axis": lambda x: np.ma.median(rows(x), axis=1).filled(0.0),
    "median of what is small": lambda x: np.ma.median(np.ma.masked_greater(x, 2.0)),
    "polyfit": lambda x: np.ma.polyfit([0.0, 1, 2, 3, 4, 5], masked(x), 1),
    "average along an axis": lambda x: np.ma.average(rows(x), axis=0, weights=[1.0, 2.0]).filled(0.0),
    "average, traced weights": lambda x: np.ma.average(masked(np.arange(6.0)), weights=x),
    "cov": lambda x: np.ma.cov(rows(x)).filled(0.0),
    "cov of two": lambda x: np.ma.cov(masked(x), masked(x**2)).filled(0.0),
    "corrcoef": lambda x: np.ma.corrcoef(np.ma.array(x.reshape(2, 3))).filled(0.0),
    "sort": lambda x: np.ma.sort(masked(x)).filled(9.0),
    "sort of all": lambda x: np.ma.sort(rows(x), axis=None).filled(9.0),
    "edges": lambda x: x[np.array(np.ma.notmasked_edges(masked(x)))],
    "apply_along_axis": lambda x: np.ma.apply_along_axis(lambda r: r.sum(), 1, rows(x)) * 1.0,
    "convolve": lambda x: np.ma.convolve(masked(x), [1.0, 2.0]).filled(0.0),
    "convolve over masks": lambda x: np.ma.convolve(masked(x), x[:2], propagate_mask=False).filled(0.0),
    "correlate": lambda x: np.ma.correlate(masked(x), x[:2], "same").filled(0.0),
    "outer": lambda x: np.ma.outer(masked(x), [1.0, 2.0]).filled(0.0),
    "inner": lambda x: np.ma.inner(masked(x), x) * 1.0,
    "diff": lambda x: np.diff(masked(x)).filled(0.0),
    "np.ma.diff": lambda x: np.ma.diff(rows(x), axis=0).filled(0.0),
    "ediff1d": lambda x: np.ma.ediff1d(masked(x), to_end=[1.0]).filled(0.0),
    "vander": lambda x: np.ma.vander(masked(x), 3) * 1.0,
    "fix_invalid": lambda x: np.ma.fix_invalid(np.where([0, 1, 0, 0, 0, 0], np.nan, x), fill_value=2.0).data * 1.0,
    "clip": lambda x: masked(x).clip(0.5, 2.0).filled(0.0),
    "trace": lambda x: np.ma.array(x.reshape(2, 3), mask=GRID).trace(),
    "mask_rows": lambda x: np.ma.mask_rows(rows(x)).filled(0.0),
    "compress_rows": lambda x: np.ma.compress_rows(rows(x)),
    "compress_cols": lambda x: np.ma.compress_cols(rows(x)),
}


@pytest.mark.parametrize("name", MASKED)
def test_masked_arrays(name: str) -> None:
    closes(MASKED[name], X)


PLACES = np.array([0.1, 0.5, 0.7, 0.2, 0.9, 0.3])
OTHERS: dict[str, Callable[[Any], Any]] = {
    "histogram2d, weights": lambda x: np.histogram2d(PLACES, PLACES[::-1], bins=2, weights=x)[0],
    "histogram2d, density": lambda x: np.histogram2d(PLACES, PLACES[::-1], bins=[2, 3], weights=x, density=True)[0],
    "histogram2d, edges": lambda x: np.histogram2d(x, PLACES, bins=3)[1],
    "histogramdd, weights": lambda x: np.histogramdd(np.stack([PLACES, PLACES**2, PLACES**3], 1), 2, weights=x)[0],
    "lexsort of a list": lambda x: x[np.lexsort([x, np.floor(x)])],
    "multi_dot of numbers": lambda x: np.linalg.multi_dot([x[0], x[1]]),
}


@pytest.mark.parametrize("name", OTHERS)
def test_others(name: str) -> None:
    closes(OTHERS[name], X)


def test_a_masked_median_by_hand() -> None:
    """Of 1.3, 2.1, 0.4, 3.2 the median is the mean of 1.3 and 2.1."""
    gradient = gw.grad(lambda x: np.ma.median(masked(x)), method="exact")(X)
    np.testing.assert_array_equal(gradient, [0.5, 0, 0.5, 0, 0, 0])


def test_kinds_of_results() -> None:
    """Shapes and dtypes are NumPy's at the edges."""
    single = np.float32([1.5, 2.5])
    for f, x in (
        (np.asfortranarray, np.array(2.0)),
        (lambda x: np.partition(x, 0), np.zeros(0)),
        (np.sort_complex, single),
        (np.median, np.zeros(0, np.float32)),
    ):
        with np.errstate(all="ignore"), pytest.warns(RuntimeWarning) if f is np.median else _nothing():
            value, tangent = gw.jvp(f, (x,), (np.ones_like(x),), method="exact", check=False)
            expected = f(x)
        for found in (value, tangent):
            assert np.asarray(found).shape == np.shape(expected)
            assert np.asarray(found).dtype == np.asarray(expected).dtype


class _nothing:
    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass


def test_putmask_takes_a_number_of_python_for_any_dtype() -> None:
    def f(x: Any) -> Any:
        y = x.copy()
        np.putmask(y, [True, False], 2.0)
        return y

    _, tangent = gw.jvp(f, (np.float32([1.0, 3.0]),), (np.float32([1.0, 1.0]),), method="exact")
    assert tangent.dtype == np.float32
    np.testing.assert_array_equal(tangent, [0.0, 1.0])


def test_windows_of_kaiser_by_their_shape() -> None:
    closes(lambda b: np.kaiser(7, b[0]), [2.3])
    assert gw.jacobian(lambda b: np.kaiser(1, b) * b, method="exact")(2.3) == 1.0


def test_pieces_joined_with_a_directive() -> None:
    for directive in ("0", "-1", "0,2", "1,2,0", "0,3,1"):
        closes(lambda x, d=directive: np.r_[d, x, x**2, 2.0:5.0], [0.3, 1.7, -0.6])


@pytest.mark.parametrize("order", ["A", "K"])
def test_the_order_in_memory_of_an_argument_is_that_of_the_caller(order: Any) -> None:
    """The weights see in which order the entries come: that of Fortran for an argument of that kind."""
    weights = np.arange(12.0)

    def f(x: Any) -> Any:
        return np.sum(x.ravel(order) * weights)

    columns = np.asfortranarray(np.ones((3, 4)))
    for _ in range(4):
        np.testing.assert_array_equal(gw.grad(f, method="exact")(columns), weights.reshape(4, 3).T)
        np.testing.assert_array_equal(gw.grad(f, method="exact")(np.ones((3, 4))), weights.reshape(3, 4))


PLAIN = np.array([1.5, 0.5, 2.0])
OUTPUTS: dict[str, Callable[[Any, Any], Any]] = {
    "one argument": lambda x, out: np.sin(PLAIN, out=out),
    "a list": lambda x, out: np.sqrt([1, 4, 9], out=out),
    "where it is told to": lambda x, out: np.log(PLAIN, out=out, where=PLAIN > 1),
    "where something traced is": lambda x, out: np.log(PLAIN, out=out, where=x > 1),
    "two arguments": lambda x, out: np.power(PLAIN, 2, out=out, where=[True, True, False]),
    "two results": lambda x, out: np.divmod(PLAIN, 0.7, out=(out, np.zeros(3)))[0],
    "steps": lambda x, out: np.floor(PLAIN, out=out),
    "by its type": lambda x, out: np.negative(np.array([1, 2, 3]), out=out, dtype=float),
    "matrices": lambda x, out: np.matmul(np.eye(3), PLAIN, out=out),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_results_of_plain_arguments_in_an_output_that_is_traced(name: str) -> None:
    def f(x: Any) -> Any:
        out = 3.0 * x
        return OUTPUTS[name](x, out) * x + out

    closes(f, [1.3, 0.7, 2.1])
    closes(lambda x: OUTPUTS[name](x, np.full_like(PLAIN, -9.0)) * x, [1.3, 0.7, 2.1])


@pytest.mark.filterwarnings("ignore:'where' used without 'out':UserWarning")
def test_numbers_under_a_mask_are_numbers() -> None:
    """As NumPy gives them, and not arrays without axes: what asks for a float takes another branch."""

    def quotient(x: Any) -> Any:
        y = np.divide(x - 1.0, x + 1.0, where=True ^ np.isinf(x))
        return 2.0 * y if isinstance(y, float) else 3.0 * y

    def remainder(x: Any) -> Any:
        whole, rest = np.divmod(x, 0.7, where=np.bool_(True))
        return (2.0 if isinstance(rest, float) else 3.0) * rest * (1.0 + whole)

    assert gw.grad(quotient, method="exact")(np.float64(1.7)) == pytest.approx(4.0 / 2.7**2, rel=1e-14)
    assert gw.grad(remainder, method="exact")(np.float64(1.7)) == 6.0
