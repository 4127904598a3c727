"""Plain arrays that a function is given beside what is differentiated, and fills or changes: exact, whoever else holds them; and arguments after a run that was repeated."""

import math
import warnings

import numpy as np
import pytest

import gradwise as gw

POINT = np.array([0.3, 0.2])


def filled(x, out):
    for k in range(3):
        out[k] = x[0] * (k + 1)
    out[1:] *= x[1]
    return out.sum() + out[0] * out[2]  # x₀ (1 + 5 x₁) + 3 x₀² x₁


SLOPES = [1 + 5 * 0.2 + 6 * 0.3 * 0.2, 5 * 0.3 + 3 * 0.3**2]


class Model:
    def __init__(self):
        self.work = np.ones(3)

    def slopes(self):
        return gw.grad(filled, method="exact")(POINT, self.work), self.work


def by_name():
    out = np.ones(3)
    return gw.grad(filled, method="exact")(POINT, out), out


def by_keyword():
    out = np.ones(3)
    return gw.grad(filled, method="exact")(POINT, out=out), out


def of_a_list():
    arguments = [POINT, np.ones(3)]
    return gw.grad(filled, method="exact")(*arguments), arguments[1]


def of_a_dictionary():
    kept = {"out": np.ones(3)}
    return gw.grad(filled, method="exact")(POINT, kept["out"]), kept["out"]


def of_an_object():
    return Model().slopes()


def a_view():
    whole = np.ones(5)
    slopes = gw.grad(filled, method="exact")(POINT, whole[1:4])
    assert whole[0] == whole[4] == 1
    return slopes, whole[1:4]


def in_a_tuple():
    given = (7.0, np.ones(3))
    return gw.grad(lambda x, pair: filled(x, pair[1]), method="exact")(POINT, given), given[1]


def in_a_container():
    given = {"arrays": [np.ones(3)]}
    return gw.grad(lambda x, where: filled(x, where["arrays"][0]), method="exact")(POINT, given), given["arrays"][0]


@pytest.mark.parametrize(
    "form", [by_name, by_keyword, of_a_list, of_a_dictionary, of_an_object, a_view, in_a_tuple, in_a_container]
)
def test_an_array_that_is_filled_keeps_the_derivative(form):
    for _ in range(3):
        slopes, out = form()
        np.testing.assert_allclose(slopes, SLOPES, rtol=1e-14)
        expected = np.ones(3)
        filled(POINT, expected)
        assert type(out) is np.ndarray
        np.testing.assert_array_equal(out, expected)


def test_other_derivatives():
    def f(x, out):
        out[:] = x * x
        out[0] *= x[1]
        return out[0] * out[1]  # x₀² x₁³

    x, y = POINT
    np.testing.assert_allclose(
        gw.hessian(f, method="exact")(POINT, np.ones(2)),
        [[2 * y**3, 6 * x * y**2], [6 * x * y**2, 6 * x * x * y]],
        rtol=1e-13,
    )
    slopes = [2 * x * y**3, 3 * x * x * y * y]
    value, slope = gw.jvp(lambda x: f(x, np.ones(2)), (POINT,), (np.array([1.0, 0.0]),))
    np.testing.assert_allclose([value, slope], [x * x * y**3, slopes[0]], rtol=1e-14)
    np.testing.assert_allclose(gw.grad(f, argnums=0, pure=False)(POINT, np.ones(2)), slopes, rtol=1e-14)

    def several(x, out):
        f(x, out)
        return out

    np.testing.assert_allclose(
        gw.jacobian(several, method="exact")(POINT, np.ones(2)), [[2 * x * y, x * x], [0, 2 * y]], rtol=1e-14
    )


REGISTER = [np.zeros(2)]


def test_an_array_that_the_function_also_finds_by_a_name():
    def f(x, out):
        out[0] = math.sin(x)
        return REGISTER[0][0] * x

    for x in (0.4, 0.9):
        value, slope = gw.value_and_grad(f)(x, REGISTER[0])
        assert value == math.sin(x) * x
        np.testing.assert_allclose(slope, math.cos(x) * x + math.sin(x), rtol=1e-14)


def by_text(x, out):
    out[0] = math.sin(x)
    return globals()["REGISTER"][0][0] * x


def of_a_generator():
    def numbers(out):
        while True:
            yield out[0]

    running = numbers(REGISTER[0])

    def f(x, out):
        out[0] = math.sin(x)
        return next(running) * x

    return f


@pytest.mark.parametrize("f", [by_text, of_a_generator()], ids=["text", "generator"])
def test_an_array_that_is_found_in_ways_that_are_not_seen_is_never_silently_wrong(f):
    for x in (0.4, 0.9, 1.1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gw.errors.NumericalFallbackWarning)
            value, slope = gw.value_and_grad(f)(x, REGISTER[0])
        assert value == math.sin(x) * x
        np.testing.assert_allclose(slope, math.cos(x) * x + math.sin(x), rtol=1e-7)


def shortens(x, scale, entries):
    del entries[1:3]
    x[0] = np.tanh(scale * 2)
    return x.sum() * np.asarray(entries).mean(), len(entries)


@pytest.mark.parametrize("argnums", [0, 1, 2, (0, 1), (1, 2)])
@pytest.mark.parametrize("pure", [None, False])
def test_entries_are_taken_out_once(argnums, pure):
    for _ in range(3):
        entries, x = [1.0, 2.0, 3.0, 4.0], POINT.copy()
        (value, count), _ = gw.value_and_grad(shortens, argnums=argnums, has_aux=True, pure=pure)(x, 0.5, entries)
        assert value == (np.tanh(1.0) + 0.2) * 2.5
        assert count == 2
        assert entries == [1, 4]
        assert x.tolist() == [np.tanh(1.0), 0.2]


kept_plain = np.zeros(1)


def fails(x, entries, attributes):
    x += 0.1 * x[0]
    entries.append(2.0)
    attributes["n"] = attributes["n"] * 2
    memory = memoryview(kept_plain)
    memory[0] = float(x[0])  # of which no trace knows
    return x.sum() + attributes["n"]


def test_the_arguments_of_a_run_that_fails_are_as_they_were():
    x, entries, attributes = POINT.copy(), [1.0], {"n": 3.0}
    with pytest.raises(gw.errors.TracingError):
        gw.grad(fails, argnums=(0, 1, 2), method="exact")(x, entries, attributes)
    assert (x.tolist(), entries, attributes) == (POINT.tolist(), [1.0], {"n": 3.0})
    with pytest.warns(gw.errors.NumericalFallbackWarning):
        value, _ = gw.value_and_grad(fails, argnums=(0, 1, 2))(x, entries, attributes)
    np.testing.assert_allclose(value, 0.33 + 0.23 + 6, rtol=1e-14)
    np.testing.assert_allclose(x, [0.33, 0.23], rtol=1e-14)
    assert (entries, attributes) == ([1.0, 2.0], {"n": 6.0})
