"""Arrays that other names of the module hold too, in containers that the function does not ask for: written to, they were no reason for a numerical derivative, and all places hold the same array."""

from __future__ import annotations

import types
import warnings
from typing import Any

import numpy as np
import pytest

import gradwise as gw

_HELD = {
    "a dictionary": "both = {'rows': rows, 'first': rows[0]}",
    "a list of a list": "both = [[rows[0]], 1.0]",
    "a view": "both = {'part': rows[0][1:]}",
    "an object": "class Box: pass\nboth = Box()\nboth.first = rows[0]",
    "a closure": "def made(first):\n    return lambda: first\nboth = made(rows[0])",
}
_WRITES = {
    "an entry": "rows[0][1] = 0.3 * x[0]",
    "a slice": "rows[0][:2] = x[:2] ** 2",
    "in place": "first = rows[0]; first *= x",
    "after a change of order": "rows.reverse(); rows[0][1] = x[1]; rows.reverse()",
}


def _module(held: str, write: str) -> dict[str, Any]:
    made = types.ModuleType("names_not_used")
    text = f"""
import numpy as np
rows = [np.array([0.1, 0.2, 0.3]), np.array([0.3, 0.1, 0.2])]
{held}
def f(x):
    {write}
    return np.sum(rows[0] ** 2) + rows[1][1] * np.max(x)
"""
    exec(text, vars(made))
    return vars(made)


@pytest.mark.parametrize("write", _WRITES)
@pytest.mark.parametrize("held", _HELD)
def test_the_derivative_is_exact_and_they_hold_what_plain_calls_leave(held: str, write: str) -> None:
    ours, plain = (_module(_HELD[held], _WRITES[write]) for _ in range(2))
    array = ours["rows"][0]
    points = [np.array([0.3, 0.4, 0.5]) + 0.01 * k for k in range(4)]

    def value(k: int, x: np.ndarray) -> Any:
        module = _module(_HELD[held], _WRITES[write])
        for point in points[:k]:
            module["f"](point)
        return module["f"](x)

    for k, point in enumerate(points):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # no numerical derivative
            found, slope = gw.value_and_grad(ours["f"])(point)
        assert found == pytest.approx(plain["f"](point), rel=1e-14)
        steps = 1e-5 * np.eye(3)
        expected = [(value(k, point + e) - value(k, point - e)) / 2e-5 for e in steps]
        np.testing.assert_allclose(slope, expected, rtol=1e-7, atol=1e-9)
        assert id(array) in map(id, ours["rows"])
        for one, other in zip(ours["rows"], plain["rows"], strict=True):
            assert type(one) is np.ndarray
            np.testing.assert_allclose(one, other, rtol=1e-14)


def test_the_other_place_holds_the_same_array_afterwards() -> None:
    module = _module(_HELD["a dictionary"], _WRITES["an entry"])
    array = module["rows"][0]
    gw.grad(module["f"])(np.array([0.3, 0.4, 0.5]))
    assert module["both"]["first"] is array
    assert module["both"]["first"][1] == 0.3 * 0.3
