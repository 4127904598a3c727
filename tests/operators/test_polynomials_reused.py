"""NumPy's polynomials that were there before the call, in proved functions; after changes of what they hold too."""

from __future__ import annotations

import numpy as np
import pytest
from following import follows

from gradwise.tracing.purity import inspect_function

FAMILIES = [np.polynomial.Polynomial, np.polynomial.Chebyshev, np.polynomial.Legendre, np.polynomial.Hermite, np.polynomial.HermiteE, np.polynomial.Laguerre]  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.__name__)
def test_series(family) -> None:
    class Model:
        def __init__(self):
            self.p = family([1.0, -2.0, 0.5, 0.25], domain=[0.0, 2.0])

        def loss(self, x):
            p = self.p
            return np.sum(p(x)) * p(x[0]) + p.deriv()(x[1]) * p.coef[1] + p.integ()(x[2]) * p.degree() + p.domain[1]

    model = Model()
    follows(
        model.loss,
        lambda: model.p.coef.__setitem__(1, 3.0),
        lambda: setattr(model.p, "domain", np.array([-1.0, 1.0])),
        lambda: setattr(model.p, "window", np.array([-2.0, 1.0])),
        lambda: setattr(model, "p", family([0.5, 1.0])),
        lambda: setattr(model.p, "coef", np.array([2.0, 1.0, -0.5])),
        lambda: setattr(model, "p", np.polynomial.Polynomial([0.0, 0.0, 2.0])),
    )


def test_an_old_polynomial() -> None:
    kept = [np.poly1d([1.0, -2.0, 0.5])]

    def f(x):
        p = kept[0]
        return np.sum(p(x)) * p(x[0]) + p.deriv()(x[1]) * p.c[-1] + p.integ()(x[2]) * p.order + p.coeffs[0]

    follows(
        f,
        lambda: kept[0].coeffs.__setitem__(1, 3.0),
        lambda: kept.__setitem__(0, np.poly1d([2.0, 1.0])),
        lambda: kept.__setitem__(0, np.poly1d([1.0, 2.0], r=True)),
        lambda: kept.__setitem__(0, np.poly1d([4.0])),
    )


def test_one_of_a_derived_class_is_looked_at_at_each_call() -> None:
    class Own(np.polynomial.Polynomial):
        scale = 2.0

        def __call__(self, x):
            return self.scale * super().__call__(x)

    p = Own([1.0, 2.0])

    def f(x):
        return np.sum(p(x) ** 2)

    follows(f, lambda: setattr(Own, "scale", 3.0), lambda: setattr(p, "scale", 4.0), is_served=False)
    assert not inspect_function(f, (np.ones(4),)).may_stand


def test_one_that_is_changed_in_the_call() -> None:
    p = np.poly1d([1.0, 2.0])

    def f(x):
        p.coeffs[0] = 3.0
        value = np.sum(p(x) ** 2)
        p.coeffs[0] = 1.0
        return value

    follows(f, lambda: p.coeffs.__setitem__(1, 5.0), is_served=False)
