"""Functions that handle errors of operations on their arguments: the program of one branch asks whether the operation fails again."""

import cmath
import math
import statistics

import numpy as np
import pytest
import scipy.linalg
from numpy.linalg import LinAlgError

import gradwise as gw


def fallback(x):
    a = np.array([[1.0, x[1]], [x[1], 1.0]])
    try:
        return np.log(np.linalg.cholesky(a)[1, 1]) + x[0]
    except LinAlgError:
        return np.sum(np.maximum(np.linalg.eigvalsh(a), 1e-3) ** 2) * x[0]


def jitter(x):
    k, added = np.array([[1.0, x[1]], [x[1], 1.0]]), 0.0
    while True:
        try:
            factor, _ = scipy.linalg.cho_factor(k + added * np.eye(2))
            break
        except LinAlgError:
            added = 0.3 if added == 0 else 2 * added
    return np.log(np.diag(factor)).sum() * x[0]


def logarithm(x):
    try:
        return math.log(x[1]) * x[0]
    except ValueError:
        return x[0] * x[1]


def roots(x):
    total = 0.0
    for v in x:
        try:
            total += math.sqrt(v)
        except ValueError as error:
            total -= v * v if str(error) else 0.0
    return total


def overflow(x):
    try:
        return math.exp(-1000.0 * x[1]) * x[0]
    except OverflowError:
        return x[0] ** 2 * x[1]


def division(x):
    a, b = float(x[0]), float(x[1])
    half = 0.5 * (b - abs(b))  # 0 where b > 0
    try:
        return a / half
    except ZeroDivisionError:
        return a * b


def negative_power(x):
    half = 0.5 * (float(x[1]) - abs(float(x[1])))
    try:
        return half**-2 * x[0]
    except ZeroDivisionError:
        return x[0] * x[1]


def complex_logarithm(x):
    try:
        return cmath.log(float(x[1]) - abs(float(x[1]))).real * x[0]
    except ValueError:
        return x[0] * x[1]


def inverse(x):
    d = x[1] - abs(x[1])
    a = np.array([[x[0], 0.0], [0.0, d]])
    try:
        return np.linalg.inv(a)[0, 0] * x[1]
    except LinAlgError:
        return x[0] * x[1] ** 2


def beyond_the_end(x):
    total, i = 0.0, 0
    while True:
        try:
            total = total + x[i] ** 2 * x[0]
        except IndexError:
            return total
        i += 1


def of_a_float(x):
    v = float(x[0])
    try:
        n = v.shape[0]
    except AttributeError:
        n = 3
    return n * v * x[1]


FUNCTIONS = [fallback, jitter, logarithm, roots, overflow, division, negative_power, complex_logarithm, inverse, beyond_the_end, of_a_float]  # fmt: skip


def central(f, x, h=1e-6):
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])


@pytest.mark.parametrize("f", FUNCTIONS)
def test_both_branches_in_any_order(f):
    gradient = gw.grad(f, method="exact")
    rng = np.random.default_rng(3)
    for k in range(24):
        x = np.array([0.7, -1.4 if k % 5 in (0, 1, 3) else 0.4]) + 0.05 * rng.normal(size=2)
        np.testing.assert_allclose(gradient(x), central(f, x), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("f", FUNCTIONS)
def test_the_branch_of_the_error_has_a_program(f):
    """The function runs no more: it would count."""
    gradient = gw.grad(f, method="exact")
    x = np.array([0.7, -1.4])
    for k in range(6):
        gradient(x + 1e-3 * k)
    told = str(gw.explain(f, x))
    assert "proved pure" in told
    assert "given up" not in told


def test_an_error_that_is_not_the_operations_is_no_guard():
    """Errors under np.errstate are NumPy's reports; the function runs at each call."""

    def f(x):
        with np.errstate(divide="raise", invalid="raise"):
            try:
                return np.log(x[1]) * x[0]
            except FloatingPointError:
                return x[0] * x[1] ** 2

    gradient = gw.grad(f, method="exact")
    for second in (-1.0, -1.1, -1.2, -1.3, 2.0, -1.0, 3.0):
        x = np.array([0.7, second])
        np.testing.assert_allclose(gradient(x), central(f, x), rtol=1e-6)


def test_another_error_of_the_same_operation():
    """0.0 ** -1 and a huge power raise different errors, handled apart."""

    def f(x):
        a = float(x[0])
        try:
            return a**-2.5
        except ZeroDivisionError:
            return 3.0 * a
        except OverflowError:
            return 5.0 * a

    def g(x):
        a = float(x[0])
        try:
            return math.exp(a) + math.log(a)
        except OverflowError:
            return 3.0 * a
        except ValueError:
            return 5.0 * a

    for _ in range(2):
        slope = gw.grad(f, method="exact")
        for _ in range(5):
            assert slope(np.array([0.0]))[0] == 3.0
        for _ in range(5):
            assert slope(np.array([1e-200]))[0] == 5.0
        assert slope(np.array([4.0]))[0] == pytest.approx(-2.5 * 4.0**-3.5)
        slope = gw.grad(g, method="exact")
        for _ in range(5):
            assert slope(np.array([1000.0]))[0] == 3.0
        for _ in range(5):
            assert slope(np.array([-1.0]))[0] == 5.0
        assert slope(np.array([2.0]))[0] == pytest.approx(math.exp(2.0) + 0.5)


def test_jacobians_hessians_and_batches():
    def f(x):
        return np.array([logarithm(x) * x[0], fallback(x)])

    def expected(x):  # on the branches of the errors
        lam = np.array([1.0 - x[1], 1.0 + x[1]])
        slope = 2 * lam[0] * -1.0  # the other eigenvalue is below 1e-3
        return np.array([[2 * x[0] * x[1], x[0] ** 2], [lam[0] ** 2 + 1e-6, slope * x[0]]])

    jacobian, hessian = gw.jacobian(f, method="exact"), gw.hessian(logarithm, method="exact")
    for k in range(6):
        x = np.array([0.7, -1.4 - 0.01 * k])
        np.testing.assert_allclose(jacobian(x), expected(x), rtol=1e-9)
        np.testing.assert_allclose(hessian(x), [[0.0, 1.0], [1.0, 0.0]], atol=1e-12)


def branched(x):
    try:
        return math.log(x) ** 2
    except ValueError:
        return (x + 2.0) ** 2


def test_critical_points_on_both_sides_and_no_proof():
    """The program of one branch is no description of the other."""
    found = gw.critical_points(branched, [(-5.0, 5.0)])
    np.testing.assert_allclose(sorted(float(np.squeeze(p.x)) for p in found), [-2.0, 1.0], atol=1e-8)
    assert not found.exhaustive


@pytest.mark.extras("sympy")
def test_a_formula_of_the_branch_of_an_error_is_refused():
    assert "log" in str(gw.formula(branched, 2.0))
    with pytest.raises(gw.TracingError, match="whose error the function handles, has no formula"):
        gw.formula(branched, -1.0)


def test_explain_says_so():
    assert "an operation fails" in str(gw.explain(branched, -1.0))
    assert "an operation fails" not in str(gw.explain(branched, 1.0))


def test_an_unknown_failure_holds_nowhere_else():
    """Where it is not known what failed, the examples of a batch run one by one."""

    def f(x):
        try:
            return statistics.geometric_mean([x[0], 1.0]) * x[1]  # of positive numbers
        except ValueError:
            return x[0] * x[1]

    examples = np.array([[-1.0, 2.0], [1.0, 2.0], [-3.0, 2.0]])
    np.testing.assert_allclose(gw.vmap(f)(examples), [f(x) for x in examples])
    np.testing.assert_allclose(gw.vmap(f)(examples[::-1]), [f(x) for x in examples[::-1]])
