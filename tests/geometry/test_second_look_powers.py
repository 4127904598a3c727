"""Powers with an array of exponents, of negative numbers too: what a search may prove of them."""

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import gradwise as gw
from gradwise.geometry.intervals import RULES, Boxes, Interval

FACTORS = np.array([4, 3])


def quartic(v):
    return np.sum(v**FACTORS) + 4 * v[0] - 3 * v[1]


def features(v):
    """A polynomial as a table of exponents: x²y − x + y³/3 + 2."""
    table = np.array([[2, 1], [1, 0], [0, 3], [0, 0]])
    return np.sum(np.array([1.0, -1.0, 1 / 3, 2.0]) * np.prod(v**table, axis=1))


def test_critical_points_where_the_bases_are_negative_are_found():
    found = gw.critical_points(quartic, [(-2, -0.5)] * 2)
    assert found.proved
    assert [p.kind for p in found] == ["saddle"]  # 4x³ + 4 = 0 and 3y² = 3
    assert np.allclose(found[0].x, [-1, -1], atol=1e-12)


def test_critical_points_on_both_sides_of_zero_are_found():
    found = gw.critical_points(lambda v: np.sum((v + 1) ** np.array([2, 3])) - 3 * v[1], [(-3, 3)] * 2)
    assert found.proved
    assert [(p.kind, *np.round(p.x, 9)) for p in found] == [("minimum", -1, 0), ("saddle", -1, -2)]


def test_a_polynomial_as_a_table_of_exponents_misses_no_point():
    # 2xy = 1 and x² + y² = 0 have no common real solution; with −y³/3 they have two
    assert not [p for p in gw.critical_points(features, [(0.1, 2), (-2, 2)]) if p.proved]
    found = gw.critical_points(lambda v: features(v) - 2 * v[1] ** 3 / 3, [(-2.1, 2), (-2.2, 2)])
    assert found.exhaustive
    for x in (np.sqrt(0.5), -np.sqrt(0.5)):
        assert any(np.all((p.enclosure[:, 0] <= x) & (x <= p.enclosure[:, 1])) for p in found)


@pytest.mark.parametrize("exponent", [2.0, 3.0, -1.0, -2.0, 0.0, 1.0, 5.0, 40.0, 1001.0])
@pytest.mark.parametrize(("a", "b"), [(-1.5, -0.5), (-1.25, 0.75), (-0.5, 0.0), (0.0, 1.5), (-3.0, -3.0), (0.0, 0.0)])
def test_powers_of_whole_exponents_hold_their_values(exponent, a, b):
    boxes = Boxes(np.array([[a]]), np.array([[b]]))
    base = Interval(np.array([[a, a]]), np.array([[b, b]]))
    with np.errstate(all="ignore"):
        result = RULES["pow"](boxes, base, Interval.point(np.array([exponent, 2.0])))
        alone = RULES["power"](
            Boxes(np.array([[a]]), np.array([[b]])), Interval(base.lo[:, 0], base.hi[:, 0]), exponent
        )
    for share in np.linspace(0, 1, 9):
        x = min(max(a + share * (b - a), a), b)
        if x == 0 and exponent < 0:
            assert not boxes.smooth[0]
            continue
        value = mpmath.power(mpf(x), int(exponent))
        assert result.lo[0, 0] <= value <= result.hi[0, 0]
        assert alone.lo[0] <= value <= alone.hi[0]
    assert boxes.smooth[0] == (exponent >= 0 or not a <= 0 <= b)


def test_of_a_negative_base_with_a_moving_exponent_nothing_is_claimed():
    boxes = Boxes(np.array([[-1.0]]), np.array([[-0.5]]))
    operands = Interval(np.array([[-1.0]]), np.array([[-0.5]])), Interval(np.array([[1.9]]), np.array([[2.1]]))
    with np.errstate(all="ignore"):
        result = RULES["pow"](boxes, *operands)
    assert result.lo[0, 0] <= 0.25 <= result.hi[0, 0]
    assert not boxes.smooth[0]
    with np.errstate(all="ignore"):
        empty = RULES["pow"](boxes, operands[0], Interval(np.array([[2.1]]), np.array([[2.9]])))
    assert np.isnan(empty.lo[0, 0])


def test_sums_and_products_of_whole_points_stay_points():
    three, one = Interval.point(np.array([3.0, 0.1])), Interval.point(1.0)
    total = RULES["sub"](None, three, one)
    assert total.lo[0, 0] == total.hi[0, 0] == 2.0
    exact = mpf(0.1) - 1
    assert total.lo[0, 1] <= exact <= total.hi[0, 1]
    product = RULES["mul"](None, Interval.point(np.array([3.0, -2.0])), Interval.point(7.0))
    assert product.thin
    assert product.lo.tolist() == [[21.0, -14.0]]
