"""What is assigned to arrays of integers and truth values is cut off there: the rest of the derivative is that of the function as it stands."""

import numpy as np
import pytest

import gradwise as gw


def slices(x):
    n = np.zeros(3, int)
    n[1:] = x[1:] * 9
    return x @ n


def all_entries(x):
    n = np.empty((3, 2), dtype=np.int32)
    n[:, 0] = x * 5
    n[:, 1] = np.rint(x * 2)
    return x @ n.sum(axis=1)


def masks(x):
    n = np.arange(3)
    n[x > 0.5] = x[0] * 9
    return (x**2)[n % 3].sum()


def lists(x):
    n = np.zeros((2, 2), int)
    n[0] = [x[0] * 9, x[1] * 5]
    n[1] = (x[1] * 9, 3)
    return x[:2] @ n @ x[:2]


def truth_values(x):
    chosen = np.zeros(3, bool)
    chosen[:] = np.floor(x * 2)
    chosen[:1] = [x[0] - x[0]]
    return x[chosen].sum() ** 2


def copied(x):
    n = np.arange(3)
    np.copyto(n[:1], x[:1] * 8, casting="unsafe")
    np.put(n, [2], x[1] * 9)
    return x @ n


def counted(x):
    n = np.zeros(4, int)
    k = (x * 4).astype(int)
    n[k] += 1
    np.add.at(n, k, 1)
    return x @ n[:3] + x @ n[1:]


class Table:
    """A matrix of integers in a dictionary, one row of which is written by numbers."""

    def __init__(self):
        self.data = {"gen": np.array([[1, 20], [3, 40]]), "bus": np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]])}

    def __call__(self, x):
        bus, gen = self.data["bus"].copy(), self.data["gen"].copy()
        bus[:, 1] = x * 7
        places = np.zeros(4)
        places[bus[:, 0].astype(int)] = np.arange(3)
        gen[:, 0] = places[gen[:, 0]]
        gen[:, 1] = bus[gen[:, 0], 1]
        return gen[:, 1] @ x[:2] + bus[:, 1].sum()


FUNCTIONS = [slices, all_entries, masks, lists, truth_values, copied, counted, Table()]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: getattr(f, "__name__", "table"))
def test_they_are_exact_at_each_point(f):
    for k in range(5):
        x = np.array([0.91, 0.43, 0.77]) * (1 - 0.13 * k)
        value, gradient = gw.value_and_grad(f, method="exact")(x)
        assert value == pytest.approx(f(x), rel=1e-13)
        h = 1e-7
        differences = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(3)]
        np.testing.assert_allclose(gradient, differences, rtol=1e-6, atol=1e-6)


def test_numpy_says_what_it_does_not_take():
    def f(x):
        n = np.arange(3)
        np.copyto(n, x)
        return x @ n

    with pytest.raises(TypeError, match="Cannot cast"):
        f(np.ones(3))
    with pytest.raises(TypeError, match="Cannot cast"):
        gw.grad(f)(np.ones(3))
