"""Causes that a check names, where the claim is not finite."""

import numpy as np

import gradwise as gw


def test_an_entry_that_is_nan_is_no_small_error():
    f = lambda w: np.mean((w - 1) ** 2)
    report = gw.check_grad(f, np.arange(4.0), lambda w: (w - 1) / 2 * np.array([1, np.nan, 1, 1]))
    assert report.causes[0] == "non-finite"
    assert "small systematic error" not in report.causes
    small = gw.check_grad(f, np.arange(4.0), lambda w: (w - 1) / 2 * (1 + 1e-7))
    assert small.causes[0] == "small systematic error"
