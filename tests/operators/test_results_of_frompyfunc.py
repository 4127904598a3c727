"""Functions that return what ``np.frompyfunc`` gives, an array of objects, are differentiated as those of the numbers that it holds."""

import warnings

import numpy as np
import pytest

import gradwise as gw

square = np.frompyfunc(lambda t: t * t if t > 0.5 else 0.25 + 2 * t, 1, 1)
product = np.frompyfunc(lambda s, t: s * t, 2, 1)


@pytest.mark.parametrize("pure", [None, False])
@pytest.mark.parametrize("shape", [(1,), (4,), (2, 3)])
def test_jacobians_of_arrays_of_objects(shape, pure):
    jacobian = gw.jacobian(lambda x: product(square(x), 3.0), pure=pure)
    for k in range(4):
        x = np.linspace(0.2, 0.9, int(np.prod(shape))).reshape(shape) + 0.01 * k
        slopes = np.where(x > 0.5, 6 * x, 6.0)
        with warnings.catch_warnings():
            warnings.simplefilter("error", gw.NumericalFallbackWarning)
            found = jacobian(x)
        np.testing.assert_allclose(
            np.asarray(found, float).reshape(x.size, x.size), np.diag(slopes.ravel()), rtol=1e-13
        )
