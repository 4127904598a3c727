"""Functions made to mislead a search, with critical points that are known by pen and paper.

Three things must hold, whatever the function.  Where the list says "proved complete", its points are the known ones, each in an enclosure of its own.  Where it says that it
is exhaustive, every known point lies in the enclosure of some entry.  A kink or a place where the gradient vanishes on a whole interval is never part of a proof.
"""

import math

import numpy as np
import pytest
from scipy.special import expit, logsumexp, softmax

import gradwise as gw

PI = math.pi
ODD = [PI / 2 + k * PI for k in range(3190)]


class Kink:
    """A place where f is not smooth, or not defined, and the gradient changes its sign."""

    def __init__(self, *x):
        self.x = x


FLAT = "flat"


def heron(x):
    y = 1.0
    while abs(y * y - x) > 1e-13:
        y = (y + x / y) / 2
    return y


def by_hand(v):
    e = np.exp(v - np.max(v))
    return -np.log((e / np.sum(e))[0])


def by_hand_twice(v):
    return -np.log((np.exp(v - np.max(v)) / np.sum(np.exp(v - np.max(v))))[0])


def bisected(slope, a, b):
    """A root of an increasing function."""
    for _ in range(200):
        middle = (a + b) / 2
        a, b = (middle, b) if slope(middle) < 0 else (a, middle)
    return (a + b) / 2


#: −log softmax(v)₀ + 0.05‖v‖² has v₁ = −v₀ = −t with 0.1 t = 1 − σ(2t)
T = bisected(lambda t: 0.1 * t - 1 + expit(2 * t), 0.0, 6.0)

#: log(1 + e^−|d|) + d²/2 is least where |d| = σ(−|d|)
D = bisected(lambda d: d - expit(-d), 0.0, 1.0) / 2

#: name: (f, bounds, what is known, whether a proof is expected)
CASES = {
    # --- near-double roots ---
    "two points 1e-6 apart": (lambda x: x**3 / 3 - 5e-7**2 * x, (-1, 1), [-5e-7, 5e-7], True),
    "two points 1e-9 apart": (lambda x: x**3 / 3 - 5e-10**2 * x, (-1, 1), [-5e-10, 5e-10], False),
    "two points 1e-6 apart, moved": (lambda x: (x - 0.3) ** 3 / 3 - 5e-7**2 * (x - 0.3), (-1, 1), [0.3 - 5e-7, 0.3 + 5e-7], True),
    "two points 1e-6 apart in a plane": (lambda x, y: x**3 / 3 - 5e-7**2 * x + (y - 0.2) ** 2, [(-1, 1)] * 2, [(-5e-7, 0.2), (5e-7, 0.2)], True),
    "nearly a point": (lambda x: x**3 / 3 + 1e-12 * x, (-1, 1), [], True),
    "very nearly a point": (lambda x: x**3 / 3 + 1e-18 * x, (-1, 1), [], True),
    # --- degenerate points ---
    "quartic": (lambda x: x**4, (-1, 1), [0], False),
    "monkey saddle": (lambda x, y: x**3 - 3 * x * y**2, [(-2, 2)] * 2, [(0, 0)], False),
    "flat to all orders": (lambda x: np.exp(-1 / x**2), (-1, 1), [Kink(0)], False),
    "ridge": (lambda x, y: (x - y) ** 2, [(-2, 2)] * 2, [(1, 1), (-0.7, -0.7), FLAT], False),
    "cross": (lambda x, y: x**2 * y**2, [(-2, 2)] * 2, [(0, 1.3), (1.7, 0), FLAT], False),
    "ring": (lambda x, y: (x**2 + y**2 - 1) ** 2, [(-2, 2)] * 2, [(0, 0), (0.6, 0.8), (-1, 0), FLAT], False),
    "ring and point": (lambda x, y: (x**2 + y**2 - 1) ** 2 * ((x - 3) ** 2 + y**2), [(-2, 4)] * 2, [(3, 0), (1 + 2 / 3**0.5, 0), (1 - 2 / 3**0.5, 0), (0.6, 0.8), FLAT], False),
    "constant": (lambda x: 0 * x + 3, (-1, 1), [FLAT], False),
    # --- faces and borders ---
    "on a cut": (lambda x: (x - (-1 + 2 * 0.4877)) ** 2, (-1, 1), [-1 + 2 * 0.4877], True),
    "in the middle": (lambda x, y: x**2 - y**2, [(-1, 1)] * 2, [(0, 0)], True),
    "on the lower border": (lambda x: x**2, (0, 1), [0], True),
    "on the upper border": (lambda x: x**2, (-1, 0), [0], True),
    "in a corner": (lambda x, y: x**2 + y**2, [(0, 1)] * 2, [(0, 0)], True),
    "just below the border": (lambda x: (x + 1e-300) ** 2, (0, 1), [], True),
    "one float above the border": (lambda x: (x - 1.0000000000000002) ** 2, (0, 1), [], True),
    "at π, beyond the float": (np.cos, (0, PI), [0], False),
    # --- scales ---
    "huge box": (lambda x: (x - 3) ** 2, (-1e15, 1e15), [3], True),
    "huge box with neighbours": (lambda x: (x - 3) ** 2 * (x - 1e9) ** 2, (-1e12, 1e12), [3, 1e9, (3 + 1e9) / 2], True),
    "box of 1e-199": (lambda x: (x - 3e-200) ** 2, (-1e-199, 1e-199), [3e-200], True),
    "box of 1e-11": (lambda x: x**2 - x * 2e-12, (0, 1e-11), [1e-12], True),
    "f of 1e200": (lambda x: 1e200 * (x - 0.25) ** 2, (-1, 1), [0.25], True),
    "f of 1e-200": (lambda x: 1e-200 * (x - 0.25) ** 2, (-1, 1), [0.25], True),
    "cubic of 1e300": (lambda x: 1e300 * (x**3 - x), (-1, 1), [-(3**-0.5), 3**-0.5], True),
    "cubic of 1e-300": (lambda x: 1e-300 * (x**3 - x), (-1, 1), [-(3**-0.5), 3**-0.5], True),
    "square of 1e160": (lambda x: (x * 1e160) ** 2, (-1, 1), [0], False),
    "square of 1e-160": (lambda x: (x * 1e-160) ** 2, (-1, 1), [0], False),
    "narrow valley": (lambda x, y: (x + y - 1) ** 2 * 1e6 + (x - y) ** 2, [(-3, 3)] * 2, [(0.5, 0.5)], True),
    "very narrow valley": (lambda x, y: (x + y - 1) ** 2 + 1e-14 * (x - y) ** 2, [(-3, 3)] * 2, [(0.5, 0.5)], True),
    "exponential that overflows": (lambda x: np.exp(x) - x, (-1000, 1000), [0], True),
    "softplus far out": (lambda x: np.logaddexp(0, x) - 0.25 * x, (-800, 800), [-math.log(3)], True),
    # --- many points ---
    "forty points": (np.sin, (0, 40 * PI), ODD[:40], True),
    "far from zero": (np.sin, (1e4, 1e4 + 7), [z for z in ODD if 1e4 <= z <= 1e4 + 7], True),
    "grid": (lambda x, y: np.cos(x) + np.cos(y), [(-1, 7)] * 2, [(a * PI, b * PI) for a in range(3) for b in range(3)], True),
    "product": (lambda x, y: np.cos(x) * np.cos(y), [(-0.5, 3.5)] * 2, [(0, 0), (0, PI), (PI, 0), (PI, PI), (PI / 2, PI / 2)], True),
    "rational": (lambda x, y: x / (1 + x**2 + y**2), [(-3, 3)] * 2, [(1, 0), (-1, 0)], True),
    # --- poles and ends of domains ---
    "pole": (lambda x: 1 / x, (-1, 1), [], False),
    "points beside a pole": (lambda x: x + 1 / x, (-3, 3), [-1, 1], False),
    "two poles": (lambda x: 1 / (x * x - 1), (-3, 3), [0], False),
    "even poles": (lambda x: 1 / (x * x - 1) ** 2, (-3, 3), [0], False),
    "tangent": (lambda x: np.tan(x) - 2 * x, (-4.5, 4.5), [s * PI / 4 + k * PI for k in (-1, 0, 1) for s in (-1, 1)], False),
    "ring beside a pole": (lambda x, y: 1 / (x**2 + y**2) + x**2 + y**2, [(-2, 2)] * 2, [(1, 0), (0.6, 0.8), FLAT], False),
    "logarithm": (lambda x: x * np.log(x), (-1, 2), [math.exp(-1)], False),
    "root": (lambda x: np.sqrt(x) - x, (-1, 2), [0.25], True),
    "removable": (lambda x: (x * x - 1) / (x - 1), (-3, 3), [], False),
    "power 3/2": (lambda x: x**1.5 - x, (0, 1), [4 / 9], True),
    # --- kinks ---
    "abs": (abs, (-1, 1), [Kink(0)], False),
    "abs beside a parabola": (lambda x: abs(x) + (x - 1) ** 2, (-1, 3), [0.5], True),
    "maximum": (lambda x: np.maximum(x, -x), (-1, 1), [Kink(0)], False),
    "root of a square": (lambda x: np.sqrt(x * x), (-1, 1), [Kink(0)], False),
    "where with a jump of curvature": (lambda x: np.where(x > 0, x * x, -x * x), (-1, 1), [0], False),
    "x|x|": (lambda x: x * abs(x), (-1, 1), [0], False),
    "|x|³": (lambda x: abs(x) ** 3, (-1, 1), [0], False),
    "sign times square": (lambda x: np.sign(x) * x * x, (-1, 1), [0], False),
    "least of two": (lambda x: np.minimum(x * x, (x - 1) ** 2), (-1, 2), [0, 1, Kink(0.5)], False),
    "abs of sine": (lambda x: np.abs(np.sin(x)), (-2, 2), [-PI / 2, PI / 2, Kink(0)], False),
    "square of relu": (lambda x: np.maximum(x, 0) ** 2, (-1, 1), [FLAT], False),
    "clip": (lambda x: np.clip(x, -1, 1) ** 2, (-3, 3), [0, FLAT], False),
    "floor": (lambda x: np.floor(x) + x * x, (-1.5, 1.5), [Kink(0)], False),
    "modulo": (lambda x: (x % 1 - 0.3) ** 2, (0.1, 1.9), [0.3, 1.3], False),
    "cube root": (lambda x: np.cbrt(x) ** 2, (-1, 1), [Kink(0)], False),
    "norm": (np.linalg.norm, [(-1, 1)] * 2, [Kink(0, 0)], False),
    "norm that wins": (lambda v: np.linalg.norm(v - np.array([0.1, 0.2])) + 0.5 * v @ v, [(-1, 1)] * 2, [Kink(0.1, 0.2)], False),
    "largest of abs": (lambda v: np.max(np.abs(v)), [(-1, 1)] * 2, [Kink(0, 0)], False),
    "small kink": (lambda x: x + 1e-12 * abs(x - 0.3) * 1e13, (-1, 1), [Kink(0.3)], False),
    "where in a slit": (lambda x: np.where(abs(x - 0.123456) < 1e-5, (x - 0.123456) ** 2, x), (-1, 1), [0.123456], False),
    # --- branches ---
    "if": (lambda x: x * x if x < 0.5 else (x - 2) ** 2, (-1, 3), [0, 2], False),
    "if at the point": (lambda x: x * x if x < 0 else 3 * x * x, (-1, 3), [0], False),
    "if with a crease": (lambda x: (x - 1) ** 2 if x < 0 else x + 1, (-3, 3), [Kink(0)], False),
    "if in a slit": (lambda x: (x - 0.123456) ** 2 if abs(x - 0.123456) < 1e-5 else x, (-1, 1), [0.123456], False),
    # --- numbers that cancel, and one that does not ---
    "softmax": (lambda v: np.sum((softmax(v) - np.array([0.25, 0.75])) ** 2) + 1e-3 * np.sum(v) ** 2, [(-3, 3)] * 2, [(-math.log(3) / 2, math.log(3) / 2)], True),
    "log-sum-exp": (lambda v: logsumexp(v) - 0.5 * np.sum(v) + 0.1 * v @ v, [(-3, 3)] * 2, [(0, 0)], True),
    "softmax by hand": (lambda v: by_hand(v) + 0.05 * v @ v, [(-6, 6)] * 2, [(T, -T)], True),
    "softmax by hand, the largest taken twice": (lambda v: by_hand_twice(v) + 0.05 * v @ v, [(-6, 6)] * 2, [(T, -T)], True),
    "the largest does not cancel": (lambda v: logsumexp(v) - np.max(v) + v @ v, [(-1, 1)] * 2, [(D, -D), (-D, D), Kink(0, 0)], False),
    "the largest does not cancel, by hand": (lambda v: np.log(np.sum(np.exp(v - np.max(v)))) + v @ v, [(-1, 1)] * 2, [(D, -D), (-D, D), Kink(0, 0)], False),
}  # fmt: skip

SLOW = {
    "round": (lambda x: (x - round(float(x))) ** 2, (-0.9, 1.9), [0, 1], False),
    "int": (lambda x: (x - int(x) - 0.5) ** 2, (0.1, 1.9), [0.5, 1.5], False),
    "while": (lambda x: heron(x) - x, (0.1, 2), [0.25], False),
}


@pytest.mark.parametrize("name", [*CASES, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_no_proof_is_wrong_and_no_point_is_missed(name):
    f, bounds, known, expected = {**CASES, **SLOW}[name]
    found = gw.critical_points(f, bounds)
    points = [np.atleast_1d(np.asarray(x, dtype=float)) for x in known if not isinstance(x, (Kink, str))]
    if found.proved:
        assert not any(isinstance(x, (Kink, str)) for x in known)
        assert len(found) == len(points)
    assert found.proved or not expected
    boxes = [p.enclosure for p in found]
    for x in [*points, *(np.array(k.x, dtype=float) for k in known if isinstance(k, Kink))]:
        room = 4e-16 * np.abs(x)  # of the number that is written here, such as π
        assert any(np.all((box[:, 0] <= x + room) & (x - room <= box[:, 1])) for box in boxes), (x, found)
    for p in found:
        if p.proved:
            assert p.kind in {"minimum", "maximum", "saddle"}
            x = np.atleast_1d(np.asarray(p.x, dtype=float))
            assert (
                sum(
                    bool(np.all((p.enclosure[:, 0] <= x + 4e-16 * abs(x)) & (x - 4e-16 * abs(x) <= p.enclosure[:, 1])))
                    for x in points
                )
                == 1
            )


@pytest.mark.parametrize(
    "name", ["ridge", "cross", "ring", "ring and point", "ring beside a pole", "constant", "square of relu", "clip"]
)
def test_points_that_are_not_isolated_are_called_so(name):
    f, bounds, _, _ = CASES[name]
    found = gw.critical_points(f, bounds)
    assert any("not isolated" in p.message for p in found)
    if name.startswith("ring") or name in {"ridge", "cross"}:
        (curve,) = [p for p in found if "not isolated" in p.message]
        assert curve.kind == "degenerate"
        assert "a curve of critical points, as far as floating point shows" in curve.message
        assert "not isolated" in found.status


@pytest.mark.slow
def test_a_surface_of_critical_points():
    found = gw.critical_points(lambda v: (v @ v - 1) ** 2, [(-2, 2)] * 3)
    assert [p.kind for p in found] == ["maximum", "degenerate"]
    assert "a surface of critical points" in found[1].message
    radius = np.linalg.norm(np.mean(found.undecided, axis=2), axis=1)
    assert np.all(np.abs(radius - 1) < 0.2)


@pytest.mark.slow
def test_a_ring_that_is_tilted_a_little_is_not_called_a_ring():
    found = gw.critical_points(lambda x, y: (x**2 + y**2 - 1) ** 2 + 1e-5 * x, [(-2, 2)] * 2)
    assert not found.proved
    assert not any("not isolated" in p.message for p in found)
