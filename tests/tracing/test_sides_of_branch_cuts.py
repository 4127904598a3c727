"""Which side of a branch cut a complex number is on is the sign of a zero, which must come through: values by the plain function, slopes by closed forms."""

import cmath
import math

import numpy as np
import pytest

import gradwise as gw

PARTS = {
    "below": lambda x: complex(x, -0.0),
    "above": lambda x: complex(x, 0.0),
    "only the real part": lambda x: complex(x),
    "left": lambda x: complex(-0.0, x),
    "of NumPy's number": lambda x: complex(np.float64(x), -0.0),
    "of a number that is below": lambda x: complex(complex(x, -0.0), 0.0),
    "a product with 1": lambda x: complex(x, -0.0) * 1.0,
    "from an array": lambda x: np.array([complex(x, -0.0)])[0],
}
FUNCTIONS = [cmath.sqrt, cmath.log, cmath.asin, cmath.acos, cmath.atan, cmath.asinh, cmath.acosh, cmath.atanh]
POINTS = [-2.0, -0.5, 0.7, 3.0, -3.0]


@pytest.mark.parametrize("served", [True, False])
@pytest.mark.parametrize("name", PARTS)
def test_the_side_is_that_of_the_plain_call(name, served):
    part = PARTS[name]
    for function in FUNCTIONS:

        def f(x, function=function):
            z = function(part(x))
            return z.real + 10.0 * z.imag

        g = gw.value_and_grad(f, argnums=0, pure=None if served else False)
        for x in [0.3, 0.4, 0.6, *POINTS] if served else POINTS:
            assert g(x)[0] == pytest.approx(f(x), rel=1e-14, abs=1e-14)


def test_slopes_below_the_cut():
    for x in POINTS:
        slope = gw.grad(lambda x: cmath.sqrt(complex(x, -0.0)).imag)(x)
        assert slope == pytest.approx(0.0 if x > 0 else 0.5 / math.sqrt(-x), abs=1e-15)
