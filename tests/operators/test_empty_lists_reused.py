"""Empty lists that a function reads hold nothing, so what would be done with an entry is never done: a problem without elements is proved like one with some."""

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse import families

X = np.array([0.7, 1.3])


class Model:
    def __init__(self):
        self.names, self.extra, self.weights, self.table, self.scale = [], (), [], {}, 1.5

    def square(self, v):
        return v * v

    def by_name(self, x):
        total = x.sum() * self.scale
        for name in self.names:
            total = total + getattr(self, name)(x[0])
        return total

    def by_number(self, x):
        total = x.sum() * self.scale
        for k in range(len(self.names)):
            total = total + getattr(self, self.names[k])(x[0]) * eval("self." + self.names[k])(x[1])
        return total

    def in_sums(self, x):
        return (x * self.scale).sum() + sum(self.weights) + len(self.names) + len(self.extra)

    def in_arrays(self, x):
        return np.sum(x**2) + np.sum(np.array(self.weights)) + np.dot(self.weights, self.weights) * x[0]

    def in_conditions(self, x):
        return x[0] * (1 if self.names else 2) + x[1] * (not self.extra)

    def in_lists(self, x):
        values = []
        values.extend(self.weights)
        values.append(x[0] * x[1])
        return values[0] ** 2 + (self.scale if len(self.names) > 0 else 0.0)

    def together(self, x):
        for _, v in zip(self.names, x):
            x = x * v
        return x.sum()

    def handled(self, x):
        try:
            return getattr(self, self.names[0])(x[0])
        except IndexError:
            return x[1] ** 3

    def in_texts(self, x):
        return "".join(self.names).count("a") * x[0] + x[1] + (x[0] if "square" in self.names else 0.0)


WAYS = [name for name, value in vars(Model).items() if callable(value) and name not in ("__init__", "square")]
CHANGES = {
    "names": [["square"], ["square", "square"], []],
    "weights": [[2.0], [], [1.0, 2.0]],
    "extra": [(1.0,), (), ("a",)],
}


@pytest.fixture(autouse=True)
def fresh():
    gw.clear_caches()
    yield
    gw.clear_caches()


@pytest.mark.parametrize("way", WAYS)
def test_programs_of_empty_lists(way):
    model = Model()
    f = getattr(model, way)
    for k in range(7):
        assert gw.value_and_grad(f)(X + k)[0] == pytest.approx(f(X + k), rel=1e-14)
    if way != "handled":  # which is run at each call, since it handles an error
        assert sum(family.served for family, _ in families._families.values()) > 0
    for attribute, values in CHANGES.items():
        for value in values:
            setattr(model, attribute, value)
            for _ in range(2):
                found, slope = gw.value_and_grad(f)(X)
                assert found == pytest.approx(f(X), rel=1e-14)
                np.testing.assert_allclose(slope, gw.grad(f, pure=False)(X), rtol=1e-13)
                for k in range(2):
                    step = np.zeros(2)
                    step[k] = 1e-6
                    assert slope[k] == pytest.approx((f(X + step) - f(X - step)) / 2e-6, abs=1e-7)


@pytest.mark.parametrize("way", WAYS)
def test_a_list_that_is_filled_in_place(way):
    model = Model()
    f = getattr(model, way)
    for _ in range(5):
        gw.value_and_grad(f)(X)
    model.names.append("square")
    model.weights.append(0.5)
    assert gw.value_and_grad(f)(X)[0] == pytest.approx(f(X), rel=1e-14)
    np.testing.assert_allclose(gw.grad(f)(X), gw.grad(f, pure=False)(X), rtol=1e-13)


@pytest.mark.parametrize("way", ["by_name", "by_number"])
def test_methods_found_in_an_empty_list_are_proved(way):
    model = Model()
    report = str(gw.explain(getattr(model, way), X))
    assert "proved pure by its code" in report
