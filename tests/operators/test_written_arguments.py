"""Functions that write into arguments beside the differentiated one: a derivative by differences is that of one call, and the arguments are written as by one."""

import numpy as np
import pytest

import gradwise as gw

V = np.array([0.4, -1.1, 0.9])


def into_an_array(y, x):
    y += np.sin(x)
    return np.sum(y**2)


def by_entries(y, x):
    y[:] = y + np.sin(x)
    return np.sum(y**2)


def into_a_dictionary(y, x):
    y["a"] = y["a"] + np.sin(x)
    return np.sum(y["a"] ** 2)


def into_a_list(y, x):
    y.append(np.sin(x))
    return np.sum(sum(y) ** 2)


CASES = {
    "array": (into_an_array, V.copy, lambda y: y),
    "entries": (by_entries, V.copy, lambda y: y),
    "dictionary": (into_a_dictionary, lambda: {"a": V.copy()}, lambda y: y["a"]),
    "list": (into_a_list, lambda: [V.copy()], sum),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("method", ["auto", "numerical"])
@pytest.mark.parametrize("name", CASES)
def test_one_call(name, method):
    f, made, held = CASES[name]
    after = V + np.sin(V)
    for operator, truth in [
        (gw.grad, 2 * after * np.cos(V)),
        (gw.jacobian, 2 * after * np.cos(V)),
        (gw.hessian, np.diag(2 * np.cos(V) ** 2 - 2 * after * np.sin(V))),
        (gw.value_and_grad, 2 * after * np.cos(V)),
    ]:
        y = made()
        result = operator(f, argnums=1, method=method)(y, V)
        if operator is gw.value_and_grad:
            assert result[0] == pytest.approx(np.sum(after**2), rel=1e-13)
            result = result[1]
        np.testing.assert_allclose(result, truth, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(held(y), after, rtol=1e-14)


def test_large_arguments_that_are_only_read_are_copied_once():
    copies = set()
    table = np.arange(1e5)

    def f(table, x):
        copies.add(table.ctypes.data)
        return np.sum(x**2) * table[3]

    np.testing.assert_allclose(gw.grad(f, argnums=1, method="numerical")(table, V), 6 * V, rtol=1e-9)
    assert table.ctypes.data in copies
    assert len(copies) <= 2
