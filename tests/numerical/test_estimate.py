"""The result: readable, serialisable, picklable, drawable."""

import json
import math
import pickle

import numpy as np
import pytest

from gradwise.errors import InputError
from gradwise.numerical import Estimate, Status, derivative, grad, hessian, jacobian
from gradwise.numerical.v_curve import v_curve


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_sentence_and_a_remedy(status):
    assert status.sentence.endswith(".")
    assert status.remedy.endswith(".")
    assert isinstance(status.trusted, bool)


def test_repr_of_a_number():
    text = repr(derivative(abs, 0.0))
    assert text.startswith("Estimate(0 ± 1.0e+00, kink, left -1, right 1")
    assert "evaluations" in text


def test_repr_of_arrays_tells_how_many_of_each():
    text = repr(grad(lambda x: np.sum(np.abs(x)), np.array([1.0, 0.0])))
    assert "1 ok, 1 kink of 2 entries" in text


def test_to_dict_goes_through_json():
    for estimate in (
        derivative(math.sin, 1.0),
        grad(lambda d: d["a"] ** 2 * d["b"][1], {"a": 1.0, "b": [2.0, 3.0]}),
        jacobian(lambda x: np.exp(1j * x), np.array([0.5, 1.0])),
    ):
        record = json.loads(json.dumps(estimate.to_dict()))
        assert set(record) == {
            "value", "error", "status", "evaluations", "step", "left", "right", "noise", "message",
        }  # fmt: skip


def test_pickle_keeps_everything_but_the_function():
    estimate = grad(lambda x: x @ x, np.array([1.0, 2.0]))
    again = pickle.loads(pickle.dumps(estimate))
    assert isinstance(again, Estimate)
    np.testing.assert_array_equal(again.value, estimate.value)
    assert list(again.status) == list(estimate.status)


@pytest.mark.extras("matplotlib")
def test_a_pickled_estimate_says_why_it_draws_nothing():
    again = pickle.loads(pickle.dumps(grad(lambda x: x @ x, np.array([1.0, 2.0]))))
    with pytest.raises(InputError, match="without its function"):
        again.plot(entry=0)


def test_fields_have_the_shape_of_the_value():
    estimate = jacobian(lambda x: x**2, np.array([1.0, 2.0, 3.0]))
    for name in ("value", "error", "status", "step", "left", "right", "noise"):
        assert getattr(estimate, name).shape == (3, 3)


def test_the_v_curve_has_its_bottom_where_theory_says():
    curve = v_curve(derivative(math.exp, 1.0))
    bottom = curve.steps[np.nanargmin(curve.errors)]
    assert 1e-7 < bottom < 1e-3  # (3 eps)^(1/3) is 7e-6
    right = (curve.steps > 1e-3) & (curve.steps < 1e-1)
    slope = np.polyfit(np.log(curve.steps[right]), np.log(curve.errors[right]), 1)[0]
    assert slope == pytest.approx(2.0, abs=0.1)


@pytest.mark.extras("matplotlib")
@pytest.mark.parametrize(
    "estimate",
    [
        derivative(math.sin, 1.0),
        derivative(abs, 0.0),
        derivative(np.sin, np.array([1.0, 2.0])),
        grad(lambda x: x @ x, np.array([1.0, 2.0])),
        jacobian(lambda x: x**2, np.array([1.0, 2.0])),
    ],
)
def test_plot_draws(estimate):
    axes = estimate.plot()
    assert axes.get_xscale() == "log"
    assert len(axes.lines) >= 3


@pytest.mark.extras("matplotlib")
def test_plot_of_a_hessian_draws_its_entries():
    estimate = hessian(lambda x: x @ x, np.ones(2))
    np.testing.assert_allclose(estimate.plot().images[0].get_array(), [[2, 0], [0, 2]], atol=1e-6)
    with pytest.raises(InputError, match="Hessian"):
        estimate.plot(entry=(0, 0))
