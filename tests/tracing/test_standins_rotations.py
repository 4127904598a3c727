"""``scipy.spatial.transform.Rotation`` of traced numbers, against differences of SciPy's own."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from closing import closes
from scipy.spatial.transform import Rotation, Slerp

import gradwise as gw
from gradwise.tracing import isinstance_traced

pytestmark = pytest.mark.skipif(
    np.lib.NumpyVersion(scipy.__version__) < "1.17.0",
    reason="Rotation is compiled before SciPy 1.17, and its methods have no rules",
)

X = np.array([0.3, -0.5, 0.7])
AXES = np.array([1.0, 2.0, 3.0])


def differences(f: Any, x: np.ndarray, h: float = 2e-3) -> np.ndarray:
    columns = []
    for e in np.eye(x.size):
        table = [(np.asarray(f(x + s * e)) - np.asarray(f(x - s * e))) / (2 * s) for s in (h, h / 2, h / 4)]
        table = [(4 * b - a) / 3 for a, b in itertools.pairwise(table)]
        columns.append((16 * table[1] - table[0]) / 15)
    return np.stack(columns, -1)


def agrees(f: Any, x: np.ndarray = X) -> None:
    for point in (x, x * 1.7 + 0.1):
        value, _ = gw.linearize(f, point, method="exact", check=False)
        np.testing.assert_allclose(value, f(point.copy()), rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(
            gw.jacobian(f, method="exact", check=False)(point), differences(f, point), rtol=0, atol=1e-8
        )

    def scalar(x: Any) -> Any:
        return np.sum(np.sin(f(x)))

    expected = differences(gw.grad(scalar, method="exact", check=False), x)
    np.testing.assert_allclose(gw.hessian(scalar, method="exact", check=False)(x), expected, rtol=0, atol=1e-6)


CASES = {
    "rotvec": lambda x: Rotation.from_rotvec(x).as_matrix(),
    "degrees": lambda x: Rotation.from_rotvec(40 * x, degrees=True).apply(AXES),
    "quaternion": lambda x: Rotation.from_quat([x[0], x[1], x[2], 1.0]).as_matrix(),
    "scalar first": lambda x: Rotation.from_quat(np.append(1.0, x), scalar_first=True).as_quat(scalar_first=True),
    "euler": lambda x: Rotation.from_euler("xyz", x).apply(AXES),
    "intrinsic": lambda x: Rotation.from_euler("ZYX", x).as_rotvec(),
    "one axis": lambda x: Rotation.from_euler("y", x[0]).apply(x),
    "inverse": lambda x: Rotation.from_rotvec(x).apply(x[::-1], inverse=True) + Rotation.from_rotvec(x).inv().apply(AXES),
    "products": lambda x: (Rotation.from_rotvec(x) * Rotation.from_euler("z", 0.3) * Rotation.from_rotvec(x**2)).as_quat(),
    "powers": lambda x: (Rotation.from_rotvec(x) ** 2.5).as_matrix(),
    "magnitude": lambda x: Rotation.from_rotvec(x).magnitude() * x,
    "plain": lambda x: Rotation.from_matrix(np.eye(3)).apply(x) + Rotation.from_rotvec(AXES).apply(x),
    "several": lambda x: Rotation.from_rotvec(np.stack([x, 2 * x]))[1].apply(AXES) + Rotation.from_rotvec(np.stack([x, 2 * x])).apply(x).sum(axis=0),
    "through a matrix": lambda x: Rotation.from_matrix(Rotation.from_rotvec(x).as_matrix()).as_rotvec(),
    "canonical": lambda x: Rotation.from_rotvec(4.5 * x).as_quat(canonical=True),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_rotations(name: str) -> None:
    agrees(CASES[name])


@pytest.mark.parametrize("seq", ["xyz", "ZYX", "zxz", "YXY", "zyx", "XZY"])
def test_angles_of_euler(seq: str) -> None:
    agrees(lambda x: Rotation.from_rotvec(x).as_euler(seq))
    agrees(lambda x: Rotation.from_euler(seq, x * 0.9 + 0.2).as_euler(seq, degrees=True) / 50)


def test_the_identity_is_no_kink() -> None:
    origin = np.zeros(3)
    jacobian = gw.jacobian(lambda v: Rotation.from_rotvec(v).apply(AXES), method="exact")(origin)
    np.testing.assert_allclose(jacobian, [[0, 3, -2], [-3, 0, 1], [2, -1, 0]], atol=1e-15)  # v × a
    np.testing.assert_allclose(
        gw.jacobian(lambda v: Rotation.from_rotvec(v).as_rotvec(), method="exact")(origin), np.eye(3), atol=1e-15
    )
    second = gw.hessian(lambda v: Rotation.from_rotvec(v).apply(AXES)[0], method="exact")(origin)
    np.testing.assert_allclose(second, [[0, 1, 1.5], [1, -1, 0], [1.5, 0, -1]], atol=1e-14)


def test_objects_keep_plain_rotations() -> None:
    class Arm:
        def __init__(self) -> None:
            self.joints: list[Any] = []

        def reach(self, q: Any) -> Any:
            self.joints = [Rotation.from_euler("z", v) for v in q]
            self.pose = self.joints[0] * self.joints[1] * self.joints[2]
            return self.pose.apply([1.0, 0.0, 0.0])

    arm = Arm()
    agrees(arm.reach)
    gw.jacobian(arm.reach, method="exact", check=False)(X)
    assert not any(isinstance_traced(r._quat) for r in (arm.pose, *arm.joints))
    np.testing.assert_allclose(arm.pose.as_rotvec(), [0, 0, X.sum()], atol=1e-15)


def test_what_is_not_followed_raises() -> None:
    with pytest.raises(gw.TracingError):
        gw.grad(lambda x: Rotation.from_rotvec(x).as_davenport(np.eye(3), "e")[1], method="exact", check=False)(X)


# --- interpolation ------------------------------------------------------------------------------------------------------------------

_TURNS = np.random.default_rng(12).standard_normal((3, 3))
_TIMES, _AT = np.array([0.0, 1.0, 2.5]), np.array([0.3, 1.2, 2.5])


def _between(turns: Any, at: Any) -> Any:
    """R_i exp(α log(R_i⁻¹ R_{i+1})) as matrices, by SciPy's functions of matrices."""
    found = []
    for t in at:
        i = min(int(np.searchsorted(_TIMES, t)) - 1, 1)
        first, last = (scipy.linalg.expm(np.cross(np.eye(3), turns[k])) for k in (i, i + 1))
        share = (t - _TIMES[i]) / (_TIMES[i + 1] - _TIMES[i])
        found.append(first @ scipy.linalg.expm(share * scipy.linalg.logm(first.T @ last).real))
    return np.stack(found)


def test_slerp() -> None:
    def f(turns, at):
        path = Slerp(_TIMES, Rotation.from_rotvec(turns))
        return path(at).as_matrix()

    np.testing.assert_allclose(f(_TURNS, _AT), _between(_TURNS, _AT), rtol=1e-12, atol=1e-13)
    d_turns, d_at = np.random.default_rng(13).standard_normal((3, 3)), np.array([0.4, -0.3, -0.2])
    value, slope = gw.jvp(f, (_TURNS, _AT), (d_turns, d_at), method="exact")
    np.testing.assert_allclose(value, f(_TURNS, _AT), rtol=0, atol=1e-15)
    h = 1e-4
    ends = [_between(_TURNS + k * h * d_turns, _AT + k * h * d_at - 1e-12) for k in (-2, -1, 1, 2)]
    inside = [True, True, False]  # the last time is the end, beyond which there is nothing
    quotient = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * h)
    np.testing.assert_allclose(slope[inside], quotient[inside], rtol=1e-9, atol=1e-10)
    one = gw.derivative(lambda t: Slerp(_TIMES, Rotation.from_rotvec(_TURNS))(t).as_matrix(), method="exact")(0.3)
    speed = gw.jvp(f, (_TURNS, _AT), (np.zeros((3, 3)), np.eye(3)[0]), method="exact")[1]
    np.testing.assert_allclose(one, speed[0], rtol=1e-13)


def test_slerp_that_outlives_the_run_is_plain() -> None:
    kept = []

    def f(turns):
        kept.append(Slerp(_TIMES, Rotation.from_rotvec(turns)))
        return np.sum(kept[-1](0.3).as_matrix())

    gw.grad(f, method="exact")(_TURNS)
    expected = Slerp(_TIMES, Rotation.from_rotvec(_TURNS))(0.3).as_matrix()
    np.testing.assert_allclose(kept[-1](0.3).as_matrix(), expected, rtol=1e-14)
    with pytest.raises(gw.TracingError, match="Plain times"):
        gw.grad(lambda t: np.sum(Slerp(t, Rotation.from_rotvec(_TURNS))(0.3).as_matrix()), method="exact")(_TIMES)


@pytest.mark.parametrize("size", [0.0, 0.05, 0.4])
@pytest.mark.parametrize("length", [1.0, 3.0])
def test_rotations_near_a_matrix(size, length) -> None:
    """SciPy takes the nearest rotation: two of Newton's steps did not reach it."""
    noise = np.random.default_rng(2).standard_normal((2, 3, 3))
    matrices = length * (Rotation.from_rotvec([[0.3, -0.4, 0.9], [1.2, 0.1, -2.0]]).as_matrix() + size * noise)
    closes(lambda x: Rotation.from_matrix(x.reshape(2, 3, 3)).as_matrix(), matrices.ravel(), rtol=1e-6)


VECTORS = np.array([[0.3, -1.2, 0.4], [1.1, 0.2, -0.7], [-0.4, 0.9, 1.3], [0.6, 0.5, 0.1]])
POINTS = np.array([[1.0, 0.2, -0.5], [0.1, 1.3, 0.4], [-0.6, 0.3, 0.8], [0.9, -0.4, 0.7]])


@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 0.5, 0.3]])
@pytest.mark.parametrize("count", [2, 4])
def test_the_rotation_between_vectors(count, weights):
    """Of two vectors too, where the matrix of their products is singular."""
    w = None if weights is None else weights[:count]

    def rotation(x):
        found = Rotation.align_vectors(x.reshape(count, 3), POINTS[:count], w)
        return np.append(found[0].as_matrix(), found[1])

    def other_way(x):
        return Rotation.align_vectors(POINTS[:count], x.reshape(count, 3), w)[0].as_matrix()

    agrees(rotation, VECTORS[:count].ravel())
    agrees(other_way, VECTORS[:count].ravel())


def test_the_weights_of_vectors():
    agrees(lambda w: Rotation.align_vectors(VECTORS, POINTS, w)[0].as_matrix(), np.array([1.0, 2.0, 0.5, 0.3]))


def test_fits_of_vectors_that_have_no_rule():
    with pytest.raises(gw.TracingError, match="one pair of vectors"):
        gw.jacobian(lambda x: Rotation.align_vectors(x[None], POINTS[:1])[0].as_matrix(), method="exact")(X)
    with pytest.raises(gw.TracingError, match="return_sensitivity"):
        gw.jacobian(lambda x: Rotation.align_vectors(x.reshape(4, 3), POINTS, None, True)[2], method="exact")(
            VECTORS.ravel()
        )


def test_means_and_joined_rotations():
    agrees(lambda x: Rotation.from_rotvec(x.reshape(4, 3) / 3).mean().as_matrix(), VECTORS.ravel())
    agrees(lambda x: Rotation.from_rotvec(VECTORS / 3).mean(x).as_matrix(), np.array([1.0, 2.0, 0.5, 0.3]))
    agrees(lambda x: Rotation.concatenate([Rotation.from_rotvec(x), Rotation.from_rotvec(AXES)]).as_matrix())


def test_modified_rodrigues_parameters():
    agrees(lambda x: Rotation.from_mrp(x / 4).as_matrix())
    agrees(lambda x: Rotation.from_mrp(np.stack([x, x[::-1]]) / 4).as_rotvec())
    agrees(lambda x: Rotation.from_rotvec(x).as_mrp())
    agrees(lambda x: Rotation.from_rotvec(x * 4).as_mrp())


@pytest.mark.parametrize("order", ["extrinsic", "i"])
def test_turns_about_given_axes(order):
    agrees(lambda x: Rotation.from_davenport(np.eye(3)[[2, 1, 0]], order, x).as_matrix())
    agrees(lambda x: Rotation.from_davenport(np.eye(3)[[2, 1]], order, 40 * x[:2], degrees=True).as_matrix())
    agrees(lambda x: Rotation.from_davenport(x, order, 0.6).as_matrix())
    agrees(lambda x: Rotation.from_davenport(x, order, x[0]).as_matrix())
