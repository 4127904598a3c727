"""Arrays that outlive the call and are written to by functions and methods of NumPy, in helpers that get them: once a call, as without us."""

import numpy as np
import pytest

import gradwise as gw


def add_out(a):
    np.add(a, 1, out=a)


def add_positional(a):
    np.add(a, 1, a)


def clip_out(a):
    np.clip(a + 2, 0, 99, out=a)


def sum_out(a):
    np.sum(np.outer([1, 2], a), axis=0, out=a)


def copied_to(a):
    np.copyto(a, a + 1)


def put(a):
    np.put(a, [0], a[0] + 1)


def masked(a):
    np.putmask(a, a > 0, a + 1)


def placed(a):
    np.place(a, a > 0, a + 1)


def on_the_diagonal(a):
    np.fill_diagonal(a.reshape(1, 2), a[0] + 1)


def at(a):
    np.add.at(a, [0, 0], 1)


def reduced(a):
    np.add.reduce(np.outer([1, 2], a), axis=0, out=a)


def filled(a):
    a.fill(a[0] + 1)


def entry(a):
    a[0] += 1


def all_entries(a):
    a[:] += 1


def in_place(a):
    a += 1


def a_part_in_place(a):
    part = a[1:]
    part += 1


def through_flat(a):
    a.flat[0] += 1


def transposed(a):
    np.add(a.T, 1, out=a.T)


def reversed_view(a):
    np.subtract(a[::-1], 1, out=a[::-1])


def product(a):
    np.dot(np.eye(2) * 2, a.copy(), out=a)


def product_by_matmul(a):
    np.matmul(np.eye(2) * 2, a.copy(), out=a)


def sums(a):
    np.cumsum(a.copy(), out=a)


def sums_by_method(a):
    a.copy().cumsum(out=a)


def summed_indices(a):
    np.einsum("i->i", a * 2, out=a)


def method_by_name(a):
    a.__iadd__(1)


WRITERS = [
    *(add_out, add_positional, clip_out, sum_out, copied_to, put, masked, placed, on_the_diagonal, at, reduced, filled),
    *(entry, all_entries, in_place, a_part_in_place, through_flat, transposed, reversed_view, product),
    *(product_by_matmul, sums, sums_by_method, summed_indices, method_by_name),
]
HELD = {}


class Holder:
    pass


def of_global(write, array):
    HELD["array"] = array

    def f(x):
        a = HELD["array"]
        write(a)
        return x @ x * a[0] + x[0] * a[1]

    return f


def of_default(write, array):
    def f(x, a=array):
        write(a)
        return x @ x * a[0] + x[0] * a[1]

    return f


def of_argument(write, array):
    def f(x, a):
        write(a)
        return x @ x * a[0] + x[0] * a[1]

    return f


def of_attribute(write, array):
    o = Holder()
    o.a = array

    def f(x):
        write(o.a)
        return x @ x * o.a[0] + x[0] * o.a[1]

    return f


def of_closure(write, array):
    def f(x):
        write(array)
        return x @ x * array[0] + x[0] * array[1]

    return f


@pytest.mark.parametrize("made", [of_global, of_default, of_argument, of_attribute, of_closure])
@pytest.mark.parametrize("write", WRITERS)
def test_an_array_is_written_to_once_a_call(write, made):
    array, plain = np.array([3.0, 1.0]), np.array([3.0, 1.0])
    f, x = made(write, array), np.array([1.0, 2.0])
    given = (array,) if made is of_argument else ()
    for _ in range(3):
        gradient = gw.grad(f, method="exact")(x, *given)
        write(plain)
        assert np.array_equal(array, plain)
        assert gradient == pytest.approx([2 * plain[0] + plain[1], 4 * plain[0]], rel=1e-14)


@pytest.mark.parametrize("options", [{}, {"method": "exact"}])
def test_defaults_that_grow(options):
    """Functions for which NumPy's protocols would suffice, if nobody asked what they leave behind."""

    def appending(x, log=[]):
        log.append(1)
        return x @ x * len(log)

    def adding(x, *, seen=set()):
        seen.add(len(seen))
        return x @ x * len(seen)

    def rising(x, total=np.zeros(2)):
        total += 1
        return x @ x * total[0]

    for f in (appending, adding, rising):
        for k in range(1, 4):
            assert gw.grad(f, **options)(np.ones(2)) == pytest.approx([2 * k, 2 * k])


def test_a_traced_value_written_into_an_array_of_others_is_refused():
    kept = np.zeros(2)
    others = [kept]

    def f(x):
        np.multiply(x, 2, out=kept)
        return kept @ kept

    with pytest.raises(gw.TracingError, match="through out="):
        gw.grad(f, method="exact")(np.ones(2))
    assert others[0] is kept


@pytest.mark.parametrize("options", [{}, {"check": False}], ids=str)
@pytest.mark.parametrize("turns", [1, 3])
def test_work_arrays_made_at_the_first_calls_are_written_to_at_the_next(turns, options):
    """The second call met the array that the first one had made, and was the first to fail for it: numerical, or refused."""
    made = {}
    calls = []

    def work(turn, n):
        if turn not in made:
            made[turn] = np.empty(n)
        return made[turn]

    def f(x):
        calls.append(1)
        v = work(len(calls) % turns, len(x))
        np.multiply(x, x, out=v)
        v -= v.mean()
        return v @ x

    x = np.array([-0.5, 0.3, 0.7])
    for k in range(2 * turns):
        gradient = gw.grad(f, method="exact", **options)(x)
        assert len(calls) == k + 1
        np.testing.assert_allclose(gradient, 3 * x**2 - (2 * x * x.sum() + x @ x) / 3, rtol=1e-13)
