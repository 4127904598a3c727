"""What is written first: lists for arrays, other packages' names, typing errors."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.errors import InputError


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def booth(x, y):
    return (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2


def test_lists_of_numbers_are_arrays_for_minimize_as_in_scipy():
    for start in ([0, 0, 0], (0.0, 0.0, 0.0)):
        result = gw.minimize(rosenbrock, start, method="trust-exact")
        assert isinstance(result.x, np.ndarray)
        np.testing.assert_allclose(result.x, 1, atol=1e-4)
    # with a list x * 2 would be a longer list
    result = gw.minimize(lambda x: np.mean((np.asarray(x * 2) - 1) ** 2), [3.0, 3.0])
    np.testing.assert_allclose(result.x, 0.5, rtol=1e-6)
    assert gw.minimize(booth, [0, 0]).x == pytest.approx([1, 3])
    assert gw.minimize(lambda x, a: (x[0] - a) ** 2 + x[1] ** 2, [0, 0], (5.0,)).x == pytest.approx([5, 0])


def test_descend_takes_a_list_where_f_cannot_do_without_an_array():
    report = gw.descend(rosenbrock, [0, 0], "Newton")
    assert isinstance(report.x, np.ndarray)
    np.testing.assert_allclose(report.x, 1, rtol=1e-5)
    kept = gw.descend(lambda v: v[0] ** 2 + (v[1] - 1) ** 2, [1, 2])
    assert isinstance(kept.x, list)
    assert kept.x == pytest.approx([0, 1], abs=1e-5)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: gw.descend(booth, (0, 0), lr=0.1), r"Did you mean learning_rate=\?"),
        (lambda: gw.descend(booth, (0, 0), max_iter=5), r"Did you mean maxiter=\?"),
        (lambda: gw.descend(booth, (0, 0), "momentum", momentum=0.5), r"Did you mean beta=\?"),
        (lambda: gw.descend(booth, (0, 0), learningrate=0.1), r"Did you mean 'learning_rate'\?"),
        (lambda: gw.descend(booth, (0, 0), colour=1), r"Leave colour out"),
        (lambda: gw.descend(booth, (0, 0), "adma"), r"Did you mean 'adam'\?"),
        (lambda: gw.descend(booth, (0, 0), 0.1), r"Write learning_rate=0\.1"),
        (lambda: gw.minimize(booth, (0, 0), method="BGFS"), r"Did you mean 'bfgs'\?"),
    ],
)
def test_other_names_are_answered_with_the_right_one(call, says):
    with pytest.raises(InputError, match=says):
        call()


def himmelblau(x, y):
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def test_values_that_cancel_are_not_taken_for_a_changed_function():
    # near the minimum f is a sum of squares of rounding errors, which differ between Python's line by line and the program
    for start in [(-0.27, -0.92), (0.1, 0.2), (2.9, 2.2), (-3.0, 3.0)]:
        report = gw.descend(himmelblau, start, "newton")
        assert report.end_point is not None
        assert report.end_point.kind == "minimum"
    wanted = np.ones(3)
    report = gw.descend(lambda x: np.sum((x - wanted) ** 2), np.zeros(3))
    wanted[0] = 7
    assert report.end_point is None
    assert "has changed since" in str(report)


def test_a_start_at_an_infinite_value_is_no_fall_without_bound():
    with np.errstate(divide="ignore"):
        report = gw.descend(lambda x: np.log(x), 0.0, learning_rate=1.0)
    assert report.stop_reason.value == "non_finite"
    assert "log(0)" in report.cause.sentence
    assert gw.descend(lambda x: -(x**3), 1.0, learning_rate=0.1).stop_reason.value == "unbounded"


def test_the_end_of_a_run_is_not_its_path():
    with pytest.raises(InputError, match="callback=lambda x"):
        gw.diagnose_run(gw.minimize(himmelblau, (0.0, 0.0)))


def test_a_classification_in_a_notebook():
    shown = gw.classify(lambda x: -(x**2), 0.0)._repr_html_()
    assert shown.startswith('<div><b style="color:#1a7f37">maximum at 0</b><pre>')
    assert "<" not in shown.replace("<div>", "").split("<pre>")[1].replace("</pre></div>", "")
