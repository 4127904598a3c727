"""The defaults of a dataclass's ``__init__`` are looked up at each run, as Python does."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import gradwise as gw

X = np.array([1.5, 2.0])


def test_defaults_that_become_others() -> None:
    @dataclasses.dataclass
    class Law:
        k: float
        exponent: float = 3.0
        scale: float = dataclasses.field(default=2.0, kw_only=True)
        steps: list = dataclasses.field(default_factory=lambda: [1.0])

    def f(x):
        law = Law(x[0])
        return law.scale * law.k**law.exponent * len(law.steps) + x[1]

    gradients = [gw.value_and_grad(f), gw.value_and_grad(f, pure=False)]

    def agree(scale: float, exponent: float) -> None:
        for k in range(5):
            x = X + 0.1 * k
            for gradient in gradients:
                value, found = gradient(x)
                assert value == pytest.approx(scale * x[0] ** exponent + x[1], rel=1e-13)
                np.testing.assert_allclose(found, [scale * exponent * x[0] ** (exponent - 1), 1.0], rtol=1e-13)

    agree(2.0, 3.0)
    init = Law.__init__
    init.__defaults__ = (4.0, *init.__defaults__[1:])
    agree(2.0, 4.0)
    init.__kwdefaults__ = {"scale": 5.0}
    agree(5.0, 4.0)
    init.__kwdefaults__["scale"] = 7.0
    agree(7.0, 4.0)


def test_a_default_that_is_no_longer_there() -> None:
    @dataclasses.dataclass
    class Law:
        exponent: float = 3.0

    f = lambda x: x[0] ** Law().exponent
    gradient = gw.grad(f, pure=False)
    gradient(X)
    Law.__init__.__defaults__ = None
    with pytest.raises(TypeError, match="exponent"):
        gradient(X)


@pytest.mark.parametrize("pure", [None, False])
def test_a_constructor_of_the_users_in_text_without_a_file(pure) -> None:
    """``exec`` names no file, nor do ``dataclasses`` for what they write."""
    names = {"dataclass": dataclasses.dataclass}
    text = "@dataclass\nclass Law:\n    k: float\n    scale: float = 2.0\n"
    exec(text, names)
    f = lambda x: names["Law"](x[0]).k * names["Law"](x[1]).scale
    gradient = gw.value_and_grad(f) if pure is None else gw.value_and_grad(f, pure=False)
    for k in range(4):
        value, found = gradient(X + k)
        assert value == pytest.approx(2.0 * (X[0] + k))
        np.testing.assert_allclose(found, [2.0, 0.0])
    exec(text + "    def __init__(self, k):\n        self.k, self.scale = k * k, 3.0 * k\n", names)
    for k in range(4):
        a, b = X + k
        value, found = gradient(X + k)
        assert value == pytest.approx(3.0 * a * a * b)
        np.testing.assert_allclose(found, [6.0 * a * b, 3.0 * a * a])


def test_what_is_called_after_the_constructor_was_there_when_it_was_written() -> None:
    @dataclasses.dataclass
    class Law:
        k: float
        scale: float = 2.0

    class Derived(Law):
        def __post_init__(self):
            self.scale = 7.0

    value, found = gw.value_and_grad(lambda x: Derived(x[0]).k * Derived(x[1]).scale, method="exact")(X)
    assert value == pytest.approx(2.0 * X[0])
    np.testing.assert_allclose(found, [2.0, 0.0])
