"""Bodies under ``lru_cache`` that count, asked for what is differentiated: equal numbers are one key, from call to call and within one, also where they are NumPy's."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

import gradwise as gw

_FORMS = {
    "once": "few(x[0]) * x[1]",
    "twice": "few(x[0]) * few(x[0])",
    "as Python's": "few(float(x[0])) + few(x[0]) * x[1]",
    "two keys": "few(x[0]) * few(x[1]) * few(x[0])",
    "in between": "few(x[0]) * (1 + bodies[0] % 3) * few(x[0]) * (1 + bodies[0] % 3)",
    "a known number": "few(0.25) * x[0] * few(0.25)",
    "by name": "few(q=x[0]) * few(q=x[0]) + few(x[0])",
}
_POINTS = [[0.3, -0.5], [0.3, -0.5], [0.4, -0.5], [0.3, -0.5]]


def _module(form: str, size: str) -> dict[str, Any]:
    made = types.ModuleType("equal_keys")
    text = f"""
import functools, math
import numpy as np
bodies = [0]
@functools.lru_cache(maxsize={size})
def few(q):
    bodies[0] += 1
    return np.sin(q) + 2.0
def f(x):
    return {_FORMS[form]}
"""
    exec(text, vars(made))
    return vars(made)


@pytest.mark.parametrize("size", ["None", "8"])
@pytest.mark.parametrize("form", _FORMS)
def test_they_run_as_often_as_in_plain_calls(form: str, size: str) -> None:
    ours, plain = _module(form, size), _module(form, size)
    derivative = gw.value_and_grad(ours["f"])
    for k, point in enumerate(_POINTS):
        value, gradient = derivative(np.array(point))
        assert value == pytest.approx(plain["f"](np.array(point)), rel=1e-13)
        assert ours["bodies"] == plain["bodies"]
        assert ours["few"].cache_info() == plain["few"].cache_info()
        for axis in range(2):
            beside = []
            for step in (1e-5, -1e-5):
                other = _module(form, size)
                for earlier in _POINTS[:k]:
                    other["f"](np.array(earlier))
                moved = np.array(point)
                moved[axis] += step
                if form != "in between":  # whose counts at a point beside are other ones
                    beside.append(other["f"](moved))
            if beside:
                assert gradient[axis] == pytest.approx((beside[0] - beside[1]) / 2e-5, rel=1e-6, abs=1e-8)
