"""Arrays of traced numbers lie in memory as NumPy's do, where a function asks for an order, takes a view by it, or keeps the array; and an array that was made read-only stays so."""

import numpy as np
import pytest

import gradwise as gw

ROW = [1.0, 2.0, 3.0]


def in_fortran_order(x):
    return np.asfortranarray(np.outer(x, ROW))


def converted(x):
    return in_fortran_order(x).astype(float)


def converted_in_order(x):
    return in_fortran_order(x).astype(float, order="C")


def widened(x):
    return in_fortran_order(x).astype(complex, order="C").real


def asked_of_a_ufunc(x):
    return np.multiply(np.outer(x, ROW), 2, order="F")


def as_the_operands_are(x):
    return np.multiply(in_fortran_order(x), 2, order="A")


def asked_for_rows(x):
    return np.multiply(in_fortran_order(x), 2, order="C")


def partitioned(x):
    return np.partition(in_fortran_order(x), 0, axis=0)


def tiled_once(x):
    return np.tile(in_fortran_order(x), 1)


def selected(x):
    return np.select([x[:, None] > 0], [in_fortran_order(x)], 0.0)


def to_a_power(x):
    return np.float_power(in_fortran_order(x), 2)


def entry_by_entry(x):
    return np.vectorize(lambda t: t * t)(in_fortran_order(x))


def powers(x):
    return np.vander(x, 3)


MADE = [
    *(converted, converted_in_order, widened, asked_of_a_ufunc, as_the_operands_are, asked_for_rows, partitioned),
    *(tiled_once, selected, to_a_power, entry_by_entry, powers),
]


class Holder:
    kept = None


@pytest.mark.parametrize("pure", [None, False])
@pytest.mark.parametrize("make", MADE)
def test_entries_are_where_they_are_in_memory(make, pure):
    holder = Holder()

    def f(x):
        made = make(x)
        flat = made.T.ravel()  # a view where the array lies in Fortran's order
        flat[1] = x[1] * 5
        holder.kept = made
        return made.ravel("K") @ np.arange(6.0) ** 2

    gradient = gw.grad(f, method="exact", pure=pure)
    for k in range(4):
        x = np.array([0.3 + 0.1 * k, 0.7])
        h = 1e-5 * np.eye(2)
        truth = [(f(x + d) - f(x - d)) / 2e-5 for d in h]
        plain = (f(x), holder.kept.strides)[1]
        np.testing.assert_allclose(gradient(x), truth, rtol=1e-8)
        assert type(holder.kept) is np.ndarray
        assert holder.kept.strides == plain


def locked(x, holder):
    holder.kept = x * 2
    holder.kept.flags.writeable = False


def locked_by_a_method(x, holder):
    holder.kept = x * 2
    holder.kept.setflags(write=False)


def a_locked_part(x, holder):
    whole = x * 2
    holder.kept = whole[:1]
    holder.kept.flags.writeable = False


def spread_out(x, holder):
    holder.kept = np.broadcast_to(x * 2, (2, 2))


@pytest.mark.parametrize("pure", [None, False])
@pytest.mark.parametrize("keep", [locked, locked_by_a_method, a_locked_part, spread_out])
def test_what_is_kept_read_only_is_read_only_at_the_next_call(keep, pure):
    def made():
        holder = Holder()
        holder.refused = 0

        def f(x):
            if holder.kept is not None:
                try:
                    holder.kept[0] = 5.0
                except ValueError:
                    holder.refused += 1
            keep(x, holder)
            return x @ x + holder.refused * x[0]

        return f, holder

    f, holder = made()
    value_and_grad = gw.value_and_grad(f, pure=pure)
    for k in range(4):
        x = np.array([0.3 + 0.1 * k, 0.7])
        value, gradient = value_and_grad(x)
        assert holder.refused == k
        assert value == pytest.approx(x @ x + k * x[0], rel=1e-14)
        np.testing.assert_allclose(gradient, 2 * x + np.array([k, 0.0]), rtol=1e-13)
