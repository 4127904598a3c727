"""Programs whose branches became selections (``operators/reuse/merging.py``): the numbers of the function itself, at points that took no path before."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from branchy_functions import FUNCTIONS, SIZES, Pond, bouncing, hinge, huber, leaky, network, stick_slip, warping

import gradwise as gw


def names(function):
    return function.__qualname__


def points(function, count, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=SIZES.get(function.__name__, 24)) for _ in range(count)]


def differences(f, x, h=1e-6):
    return np.array([(f(x + h * u) - f(x - h * u)) / (2 * h) for u in np.eye(len(x))])


def goes_both_ways(function, x):
    return "goes both ways" in str(gw.explain(function, x))


@pytest.mark.parametrize("function", FUNCTIONS, ids=names)
def test_gradients_at_points_of_new_paths(function):
    gradient = gw.value_and_grad(function)
    for k, x in enumerate(points(function, 20)):
        value, slope = gradient(x)
        assert value == pytest.approx(function(x), rel=1e-13, abs=1e-15)
        if k % 3 == 0:
            np.testing.assert_allclose(slope, differences(function, x), rtol=2e-6, atol=2e-6)
    assert goes_both_ways(function, x)


@pytest.mark.parametrize("function", FUNCTIONS, ids=names)
def test_numbers_are_those_of_runs(function):
    served, run = gw.grad(function), gw.grad(function, pure=False)
    for x in points(function, 12, seed=5):
        np.testing.assert_allclose(served(x), run(x), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("function", [hinge, bouncing, stick_slip, warping, network], ids=names)
def test_second_derivatives(function):
    hessian, product = gw.hessian(function), gw.hvp(function)
    run = gw.grad(function, pure=False)
    for x in points(function, 10, seed=2):
        expected = np.array([(run(x + 1e-6 * u) - run(x - 1e-6 * u)) / 2e-6 for u in np.eye(len(x))])
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(hessian(x), expected, atol=3e-6 * scale)
        v = np.arange(1.0, 1 + len(x))
        np.testing.assert_allclose(product(x, v), expected @ v, atol=1e-5 * scale * len(x))


@pytest.mark.parametrize("function", [leaky, stick_slip, Pond().run], ids=names)
def test_forward_is_reverse(function):
    for x in points(function, 12, seed=3):
        v = np.cos(np.arange(len(x)))
        _, tangent = gw.jvp(function, (x,), (v,))
        assert tangent == pytest.approx(gw.grad(function)(x) @ v, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("function", [hinge, leaky, stick_slip, warping], ids=names)
def test_compiled_values(function):
    compiled = gw.compile(function)
    for x in points(function, 25):
        assert compiled(x) == pytest.approx(function(x), rel=1e-14)


def test_promised_functions_keep_their_promise():
    scale = {"k": 2.0}

    def unproven(x):
        total = 0.0
        for v in x:
            if v > 0:
                total += scale["k"] * v * v
            else:
                total -= eval("v")
        return total

    gradient = gw.grad(unproven, pure=True)
    rng = np.random.default_rng(0)
    for _ in range(40):  # compared with the function at calls 2, 4, 8, 16 and 32
        x = rng.normal(size=12)
        np.testing.assert_array_equal(gradient(x), np.where(x > 0, 4 * x, -1.0))


def test_data_are_read_anew():
    limits = np.array([0.3])

    def f(x):
        total = 0.0
        for v in x:
            if v > limits[0]:
                total += v * v
            else:
                total += 5 * v
        return total

    gradient, rng = gw.grad(f), np.random.default_rng(0)
    for k in range(24):
        limits[0] = 0.3 if k < 12 else -0.4
        x = rng.normal(size=10)
        np.testing.assert_array_equal(gradient(x), np.where(x > limits[0], 2 * x, 5.0))


# --- on the border --------------------------------------------------------------------------------------------------------------


def test_a_point_on_a_border_takes_the_branch_that_python_takes():
    served, run = gw.grad(leaky), gw.grad(leaky, pure=False)
    for x in points(leaky, 12):
        x[5] = x[7] = 0.0
        np.testing.assert_allclose(served(x), run(x), rtol=1e-12)


def test_nan_and_infinity():
    served, run = gw.value_and_grad(leaky), gw.value_and_grad(leaky, pure=False)
    for x in points(leaky, 8):
        served(x)
    for bad in (np.nan, np.inf, -np.inf):
        x = points(leaky, 1)[0]
        x[4] = bad
        outcomes = []
        for gradient in (served, run):
            try:
                outcomes.append(gradient(x))
            except gw.GradwiseError as error:
                outcomes.append(type(error))
        if isinstance(outcomes[1], type):
            assert outcomes[0] is outcomes[1]
        else:
            np.testing.assert_array_equal(outcomes[0][0], outcomes[1][0])
            np.testing.assert_array_equal(outcomes[0][1], outcomes[1][1])


# --- what a branch may not do where it is not taken --------------------------------------------------------------------------------


def check_against_runs(f, size=10, calls=20, seed=0, scale=1.0):
    """Gradients of a function that may be served, against closed differences of itself."""
    rng, gradient = np.random.default_rng(seed), gw.value_and_grad(f)
    for _ in range(calls):
        x = scale * rng.normal(size=size)
        value, slope = gradient(x)
        assert value == pytest.approx(f(x), rel=1e-13, abs=1e-15)
        np.testing.assert_allclose(slope, differences(f, x), rtol=1e-5, atol=1e-5)
    return x


def test_an_operation_that_raises_in_the_branch_not_taken():
    def f(x):
        total = 0.0
        for v in x.tolist():
            if v > 0:
                total += math.log(v) + math.sqrt(v)
            else:
                total += v * v
        return total

    check_against_runs(f)


def test_a_division_by_zero_in_the_branch_not_taken():
    def f(x):
        total = 0.0
        for v in x.tolist():
            step = round(v)
            total += v / step if abs(v) > 0.5 else v
        return total

    check_against_runs(f)


def test_an_infinite_value_in_the_branch_not_taken():
    def f(x):
        total = 0.0
        for v in x:
            total += 1.0 / (v - v) if v > 100.0 else v * v
            total += np.sqrt(v) if v > 0 else -v
        return total

    check_against_runs(f)


def test_a_branch_that_prints(capsys):
    def f(x):
        total = 0.0
        for v in x:
            if v > 0:
                print("positive")
                total += v * v
            else:
                total += v
        return total

    gradient, rng, printed = gw.grad(f), np.random.default_rng(0), 0
    for _ in range(14):
        x = rng.normal(size=6)
        capsys.readouterr()
        np.testing.assert_allclose(gradient(x), np.where(x > 0, 2 * x, 1.0))
        printed += capsys.readouterr().out.count("positive") > 0
    assert printed >= 13


def test_a_branch_that_counts_in_what_outlives_the_call():
    seen = []

    def f(x):
        total = 0.0
        for v in x:
            if v > 0:
                seen.append(1)
                total += v * v
            else:
                total += v
        return total

    gradient, rng = gw.grad(f), np.random.default_rng(0)
    gradient(rng.normal(size=6))
    for _ in range(14):
        x, before = rng.normal(size=6), len(seen)
        np.testing.assert_allclose(gradient(x), np.where(x > 0, 2 * x, 1.0))
        assert len(seen) - before == np.sum(x > 0)


def test_a_branch_that_appends_to_a_list_of_its_own():
    def f(x):
        kept = []
        for v in x:
            if v > 0:
                kept.append(v * v)  # noqa: PERF401 - a branch of its own
        return sum(kept) / (1 + len(kept))

    check_against_runs(f)


def test_a_branch_that_changes_a_list_in_a_function():
    def note(items, v):
        items.append(v)
        return v

    def f(x):
        items, total = [], 0.0
        for v in x:
            if v > 0:
                total += note(items, v)
            else:
                total -= v
        return total * len(items)

    check_against_runs(f)


def test_a_branch_that_adds_in_place_to_an_array():
    def f(x):
        acc = np.zeros(2)
        same = acc
        for v in x:
            if v > 0:
                acc += v * np.array([1.0, 2.0])
            else:
                acc = acc - v
        return acc @ acc + same[0]

    check_against_runs(f)


def test_an_array_under_two_names_is_one():
    def f(x):
        a, b = x[:3] * 2, x[3:6] * 3
        total = 0.0
        for v in x:
            u = a if v > 0 else b
            u[0] = u[0] + v
            total += a[0] * 2 + b[0] + u[1]
        return total

    check_against_runs(f)


def test_an_array_that_is_written_to_later_under_its_other_name():
    def f(x):
        a, b = x[:3] * 2, x[3:6] * 3
        total = 0.0
        for v in x:
            u = a if v > 0 else b
            a[1] = v
            b[1] = 2 * v
            total += u[1] * u[2]
        return total

    check_against_runs(f)


def test_a_list_under_two_names_is_one():
    def f(x):
        a, b = [x[0], x[1]], [x[2], x[3]]
        for v in x:
            if v > 0:
                a, b = b, a
            a[0] = a[0] + v
        return a[0] * b[1] + 2 * a[1] * b[0]

    check_against_runs(f)


def test_entries_that_are_read_behind_the_branch():
    def f(x):
        w = [1.0, 2.0]
        for k, v in enumerate(x):
            if v > 0:
                w[k % 2] = w[1] * v
                w[1] = w[0] + 1
            w[0] = 0.5 * w[0] + w[1]
        return w[0] * w[1]

    check_against_runs(f, scale=0.5)


def test_a_row_of_a_matrix():
    def f(x):
        m = np.zeros((3, 2))
        for k, v in enumerate(x):
            row = m[k % 3]
            if v > 0:
                row[0] += v
                m[(k + 1) % 3][1] = v * row[0]
            else:
                m[k % 3, 1] -= v
        return (m**2).sum() + m[0, 1]

    check_against_runs(f)


def test_a_name_that_only_one_branch_assigns():
    def f(x):
        total = 0.0
        for v in x:
            if v > 0:
                part = v * v
                total += part
        if x[-1] > -9:
            return total + part
        return total

    check_against_runs(f, seed=1)


def test_a_counter_that_is_an_index():
    def f(x):
        n = 0
        for v in x:
            if v > 0:
                n += 1
        return x[n % len(x)] * 2 + n

    check_against_runs(f)


def test_an_index_that_is_decided_keeps_its_guards_and_the_others_go_both_ways():
    def f(x):
        sums = [0.0, 1.0]
        k = 0 if x[0] < -5 else 1
        for v in x:
            sums[k] += v * v if v > 0 else 3 * v
        return sums[0] * sums[1] + sums[1]

    gradient, rng = gw.grad(f), np.random.default_rng(0)
    for n in range(20):
        x = rng.normal(size=8)
        if n % 5 == 1:
            x[0] = -6.0
        gradient(x)
    np.testing.assert_allclose(gradient(x), differences(f, x), rtol=1e-6)
    assert goes_both_ways(f, x)


def test_a_flag():
    def f(x):
        up, total = True, 0.0
        for v in x:
            if up and v > 0.5:
                up = False
            elif v < -0.5:
                up = True
            total += v * v if up else 3 * v
        return total

    check_against_runs(f)


def test_a_function_that_calls_itself():
    def down(v, depth):
        if v < 1 or depth > 5:
            return v
        return 0.5 * down(v / 2, depth + 1) + v

    def f(x):
        total = 0.0
        for v in x:
            total += down(5 * abs(v), 0)
        return total

    check_against_runs(f)


def test_a_loop_that_ends_by_the_data():
    def f(x):
        total = 0.0
        for v in x:
            z = 1.0 + abs(v)
            while z > 0.3:
                z *= 0.5
                if z > 1:
                    z -= 0.1 * v
            total += z
        return total

    check_against_runs(f)


def test_exceptions_that_are_handled_in_a_branch():
    def f(x):
        total = 0.0
        for v in x.tolist():
            if v > 0:
                try:
                    total += math.log(v - 0.5)
                except ValueError:
                    total += v
            else:
                total += v * v
        return total

    check_against_runs(f)


def bisected(c):
    """The root of c, of which the derivative knows nothing."""
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if middle * middle < c:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def test_a_derivative_that_a_branch_loses_is_found():
    """Bisection gives a number that the derivative does not know: it is compared when the branch is first taken, also where other branches go both ways."""

    def f(x):
        total = 0.0
        for v in x:
            if v > 0:
                total += v * v
            else:
                total += v
        if x[0] > 3:
            total += bisected(x[0])
        return total

    gradient, rng = gw.grad(f), np.random.default_rng(0)
    for _ in range(16):
        x = rng.normal(size=8)
        x[0] = min(x[0], 2.0)
        np.testing.assert_allclose(gradient(x), np.where(x > 0, 2 * x, 1.0))
    assert goes_both_ways(f, x)
    x[0] = 4.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gw.NumericalFallbackWarning)
        np.testing.assert_allclose(gradient(x)[0], 8.0 + 0.25, rtol=1e-5)


def test_a_branch_without_derivative_is_compared_when_it_is_taken():
    table = {}

    def f(x):
        total = 0.0
        for v in x:
            if v > 0:
                total += v * v
            elif v > -2:
                total += v
            else:
                total += table.setdefault("far", float(v)) * 1.0
        return total

    gradient, rng = gw.grad(f), np.random.default_rng(0)
    for _ in range(16):
        x = np.clip(rng.normal(size=8), -1.9, None)
        np.testing.assert_allclose(gradient(x), np.where(x > 0, 2 * x, 1.0))
    x[3] = -3.0
    assert gradient(x)[3] == pytest.approx(1.0)  # the first time it is v that is added
    x[3] = -4.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gw.NumericalFallbackWarning)
        assert gradient(x)[3] == pytest.approx(0.0, abs=1e-6)  # and then the number that was kept


def test_a_derivative_inside_the_function():
    def f(x):
        total = 0.0
        for v in x:
            slope = gw.grad(huber)(v)
            if slope > 0:
                total += slope * v
            else:
                total -= slope**2
        return total

    x = check_against_runs(f, size=5, calls=12)
    assert gw.grad(f)(x).shape == (5,)


def test_without_instrumented_copies():
    code = (
        "import numpy as np, gradwise as gw\n"
        "def f(x):\n"
        "    s = 0.0\n"
        "    for v in x:\n"
        "        if v > 0: s = s + v * v\n"
        "        else: s = s - v\n"
        "    return s\n"
        "g, r = gw.grad(f), np.random.default_rng(0)\n"
        "for _ in range(14):\n"
        "    x = r.normal(size=6)\n"
        "    assert np.array_equal(g(x), np.where(x > 0, 2 * x, -1.0))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "GRADWISE_REWRITE": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_few_branches_one_after_the_other_are_verified_by_themselves():
    """A number that a search found is lost where it is used only: the one way of four that nothing had verified."""

    def f(x):
        u = x[0] * 1.0
        if x[1] > 0:
            u = bisected(x[0])
        if x[2] > 0:
            return u * x[1]
        return x[0] * x[1] * x[2]

    gradient, rng = gw.grad(f), np.random.default_rng(0)
    signs = [(-1, -1), (-1, 1), (1, -1)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gw.NumericalFallbackWarning)
        for k in range(27):
            x = np.abs(rng.normal(size=3)) + 0.5
            x[1:] *= signs[k % 3]
            np.testing.assert_allclose(gradient(x), differences(f, x), rtol=1e-5, atol=1e-6)
        x = np.array([4.0, 0.7, 0.6])
        np.testing.assert_allclose(gradient(x), [0.7 / 4, 2.0, 0.0], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("choose", [lambda v, m: max(v, m), lambda v, m: -min(-v, -m), lambda v, m: sorted([v, m])[1]])
def test_an_item_of_max_is_merged_once_it_was_chosen(choose):
    """What a search found is lost in the item that no verified run chose."""

    def f(x):
        total = 0.0
        for v in x.tolist():
            total += choose(v, bisected(v))
        return total

    gradient, rng = gw.grad(f), np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gw.NumericalFallbackWarning)
        for _ in range(14):
            np.testing.assert_array_equal(gradient(rng.uniform(1.2, 2.8, 5)), np.ones(5))
        for k in range(6):
            x = rng.uniform(1.2, 2.8, 5)
            x[2] = 0.3 + 0.02 * k
            np.testing.assert_allclose(gradient(x), differences(f, x), rtol=1e-5)


def test_a_count_beside_the_value_stays_an_integer():
    def f(x):
        count, total = 0, 0.0
        for v in x:
            if v > 0:
                count += 1
                total += v * v
            else:
                total -= v
        return total, {"positive": count}

    gradient, rng = gw.value_and_grad(f, has_aux=True), np.random.default_rng(0)
    for _ in range(20):
        x = rng.normal(size=12)
        (_, beside), _ = gradient(x)
        assert type(beside["positive"]) is int
        assert beside["positive"] == np.sum(x > 0)


@pytest.mark.parametrize("third", [np.array([1 / 3], np.float32), np.float32(1 / 3)], ids=["array", "number"])
def test_single_precision_beside_a_float_of_two_classes(third):
    def f(x):
        total, y = 0.0, 0.1
        for v in x:
            if v > 0.4:
                y = v
            total += float(np.sum(third * y))
        return total

    gradient, rng = gw.value_and_grad(f), np.random.default_rng(0)
    for _ in range(20):
        x = rng.normal(size=12)
        assert gradient(x)[0] == f(x)


def test_a_name_that_is_missing_and_noticed():
    def f(x):
        total = 0.0
        for v in x:
            if v > 0:
                total += v * v
                if v > 1.5:
                    last = v
            else:
                total -= v
        try:
            total += last
        except NameError:
            total -= 1
        return total

    gradient, rng = gw.value_and_grad(f), np.random.default_rng(0)
    for k in range(60):
        x = np.minimum(rng.normal(size=12), 3.0 if k > 30 or k < 8 else 1.4)
        x[:3] = np.maximum(x[:3], 1.6) if k in (3, 4) else x[:3]
        assert gradient(x)[0] == pytest.approx(f(x), rel=1e-13)
