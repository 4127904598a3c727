"""SciPy's rotations that are made during the call, in proved functions: a program gives what SciPy gives, for other angles, data and signs."""

from __future__ import annotations

import types

import numpy as np
import pytest
from following import follows
from scipy.spatial.transform import Rotation
from test_deciding_functions_reused import draw, outcome, point

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of
from gradwise.tracing.purity import inspect_function

pytestmark = pytest.mark.skipif(
    not isinstance(Rotation.as_matrix, types.FunctionType), reason="compiled rotations hold no traced numbers"
)
W = np.array([[1.0, 2.0, 0.5], [-1.0, 0.3, 2.0], [0.2, 0.1, -0.7]])
EXPRESSIONS = [
    "R.from_rotvec(x[:3]).apply(Z[:3])[1] + R.from_rotvec(x[:3]).as_matrix()[0] @ Z[3:]",
    "R.from_rotvec(x[:3]).magnitude() * Q + R.from_rotvec(x[:3]).apply(W, inverse=True)[2] @ Z[:3]",
    "R.from_euler('xyz', x[:3]).apply(Z[:3]) @ Z[3:] + R.from_euler('z', x[0]).apply(W)[1] @ Z[:3]",
    "R.from_euler('ZYX', x[:3], degrees=True).as_matrix()[1] @ Z[:3]",
    "R.from_quat(x[:4]).apply(Z[:3]) @ Z[3:] + R.from_quat(x[:4]).as_matrix()[2] @ Z[:3]",
    "(R.from_rotvec(x[:3]) * R.from_euler('xyz', Z[:3])).inv().apply(W)[0] @ Z[3:]",
    "(R.from_rotvec(x[:3]).inv() * R.from_rotvec(Z[:3])).magnitude()",
    "R.from_rotvec(x.reshape(2, 3)).apply(Z[:3])[1] @ Z[3:]",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_program_gives_what_scipy_gives(expression):
    data = {"np": np, "R": Rotation, "W": W}
    f = eval(f"lambda x: {expression}", data)
    reused, run = gw.value_and_grad(f, method="exact"), gw.value_and_grad(f, method="exact", pure=False)
    rng = np.random.default_rng(5)
    for call in range(24):
        if call % 4 < 2:
            draw(data, rng)
        x = point(rng) * [1.0, 1.0, 4.0][call % 3]
        if call % 6 == 5:
            x = np.where(np.arange(6) == call % 4, np.pi, 0.0)  # half a turn, about which signs change
        if call == 20:
            x = np.zeros(6)
        (kind, value, gradient), (kind_of_run, _, gradient_of_run) = outcome(reused, x), outcome(run, x)
        assert kind == kind_of_run
        if value is not None:
            np.testing.assert_allclose(value, f(x), rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(gradient, gradient_of_run, rtol=1e-6, atol=1e-8)
    assert shortcuts_of(f)["0"].served >= 8


class Arm:
    lengths = [np.array([1.0, 0.0, 0.0]), np.array([0.5, 0.1, 0.0])]
    order = "xyz"

    def tip(self, angles):
        first = Rotation.from_euler(self.order, angles[:3])
        second = first * Rotation.from_rotvec([0.0, 0.0, angles[3]])
        return first.apply(self.lengths[0]) + second.apply(self.lengths[1])


def test_an_arm_whose_lengths_and_axes_change(monkeypatch):
    arm, target = Arm(), np.array([0.3, 0.4, 0.5])

    def f(x):
        return np.sum((arm.tip(x) - target) ** 2)

    for k in range(10):
        gw.grad(f)(np.full(4, 0.5 + 0.1 * k))
    assert shortcuts_of(f)["0"].served > 0
    follows(
        f,
        lambda: arm.lengths[0].__setitem__(1, 0.4),
        lambda: setattr(arm, "order", "zyx"),
        lambda: monkeypatch.setattr(Arm, "tip", lambda self, a: Rotation.from_rotvec(a[:3]).apply(self.lengths[1])),
        is_served=False,  # in fewer calls than these
    )
    arm.lengths[0][1] = 0.0


def test_what_is_recorded_for_one_point_is_not_proved():
    for f in (
        lambda x: Rotation.from_rotvec(x).as_quat()[0],
        lambda x: Rotation.from_rotvec(x).as_euler("xyz")[0],
        lambda x: Rotation.from_matrix(np.eye(3) * x[0]).apply(x)[0],
    ):
        assert not inspect_function(f, (np.ones(3),), {}).may_stand


def test_a_quaternion_of_zeros_is_refused_by_scipy():
    derivative = gw.grad(lambda x: Rotation.from_quat(x).apply([1.0, 2.0, 3.0])[0])
    for k in range(5):
        derivative(np.array([0.1, 0.2, 0.3, 0.4 + k]))
    with pytest.raises(ValueError, match="zero norm"):
        derivative(np.zeros(4))
