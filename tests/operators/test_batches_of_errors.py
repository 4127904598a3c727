"""vmap where operations fail for some examples: each takes the way that it takes alone."""

import contextlib
import math

import numpy as np
import pytest

import gradwise as gw


def logarithm(x):
    try:
        return math.log(x[1]) * x[0]
    except ValueError:
        return x[0] * x[1]


def check(x):
    try:
        math.log(x[1])
    except ValueError:
        return 100.0 * np.sum(x**2)
    return x[0] * x[1]


def definite(x):
    try:
        np.linalg.cholesky(np.array([[1.0, x[1]], [x[1], 1.0]]))
    except np.linalg.LinAlgError:
        return 100.0 * np.sum(x**2)
    return x[0] * x[1]


def overflow(x):
    try:
        return math.exp(-1000.0 * x[1]) * x[0]
    except OverflowError:
        return x[0] ** 2 * x[1]


def division(x):
    try:
        return float(x[0]) / (float(x[1]) - abs(float(x[1])))
    except ZeroDivisionError:
        return x[0] * x[1]


def suppressed(x):
    value = x[0] * x[1]
    with contextlib.suppress(ValueError):
        value = math.log(x[1]) * x[0]
    return value


class Quiet:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        return kind is ValueError


def by_a_context(x):
    values = [x[0] * x[1]]
    with Quiet():
        values.append(math.log(x[1]) * x[0])
    return values[-1]


def reported(x):
    with np.errstate(all="raise"):
        try:
            return np.log(x[1]) * x[0]
        except FloatingPointError:
            return x[0] * x[1] ** 2


names = {"math": math}
exec(  # without source
    "def without_source(x):\n    try:\n        return math.log(x[1]) * x[0]\n    except ValueError:\n        return x[0] * x[1]\n",
    names,
)

FUNCTIONS = [
    logarithm,
    check,
    definite,
    overflow,
    division,
    suppressed,
    by_a_context,
    reported,
    names["without_source"],
]
EXAMPLES = np.array([[0.3, 0.4], [0.2, 0.5], [0.3, -1.4], [0.1, -2.0], [0.4, 0.3]])


def twice(f):
    return gw.grad(lambda x: np.sum(gw.grad(f)(x) ** 2))


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (2, 0, 3), (3, 2), (1, 0, 4)])
def test_a_batch_is_a_loop(f, order):
    examples = EXAMPLES[list(order)]
    np.testing.assert_allclose(gw.vmap(f)(examples), [f(x) for x in examples], rtol=1e-12)
    for operator in (gw.grad, gw.hessian, twice):
        expected = [operator(f)(x) for x in examples]
        np.testing.assert_allclose(gw.vmap(operator(f))(examples), expected, rtol=1e-9, atol=1e-300)


def test_what_nobody_handles_is_raised():
    def f(x):
        math.log(x[1])
        return x[0] ** 2

    for mapped in (gw.vmap(f), gw.vmap(gw.grad(f)), gw.vmap(gw.grad(lambda x: x[0] * math.log(x[1])))):
        mapped(EXAMPLES[:2])
        with pytest.raises(ValueError, match=r"math domain error|expected a positive input"):
            mapped(EXAMPLES)
