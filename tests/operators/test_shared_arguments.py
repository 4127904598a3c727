"""Arguments that occur twice, that the function changes, or that are arrays of a class of their own: what a plain call does, or an error."""

from __future__ import annotations

import dataclasses
import types

import numpy as np
import pytest

import gradwise as gw


def value_and_grad(f, *args, **options):
    return gw.value_and_grad(f, method="exact", check=False, **options)(*args)


# --- the same object twice ----------------------------------------------------------------------------------------------------------


def write_first(p, q):
    p *= 2
    return np.sum(q * p)


def write_second(p, q):
    q[0] = 7.0
    return np.sum(p * p)


def read_both(p, q):
    return np.sum(p * q)


@pytest.mark.parametrize("f", [write_first, write_second])
@pytest.mark.parametrize("views", [lambda a: (a, a), lambda a: (a[:3], a[1:])])
def test_a_write_to_an_array_that_is_another_argument_too(f, views):
    with pytest.raises(gw.InputError, match="shares memory"):
        value_and_grad(f, *views(np.ones(4)))


def test_the_same_array_twice_may_be_read():
    a = np.array([1.0, 2.0])
    assert value_and_grad(read_both, a, a)[0] == 5.0
    np.testing.assert_array_equal(gw.grad(read_both, method="exact")(a, a), a)
    np.testing.assert_array_equal(gw.grad(read_both, "all", method="exact")(a, a)[1], a)
    np.testing.assert_array_equal(value_and_grad(write_first, a.copy(), a)[1], 2 * a)  # not shared: q · 2


def append_to_first(p, q):
    p.append(p[0] ** 2)
    return q[-1] * 2.0


def append_to_second(p, q):
    q.append(1.0)
    return p[0] ** 2 + len(p)


@pytest.mark.parametrize("f", [append_to_first, append_to_second])
@pytest.mark.parametrize("argnums", [0, "all"])
def test_a_list_that_occurs_twice_and_is_changed(f, argnums):
    values = [1.0, 2.0]
    with pytest.raises(gw.InputError, match="occurs twice"):
        value_and_grad(f, values, values, argnums=argnums)
    with pytest.raises(gw.InputError, match="occurs twice"):
        value_and_grad(lambda d: f(*d), [values, values])


def test_a_list_that_occurs_twice_within_another():
    values = [1.0, 2.0]
    with pytest.raises(gw.InputError, match="occurs twice"):
        value_and_grad(lambda p, q: append_to_first(p, q["x"][0]), values, {"x": (values,)})
    assert value_and_grad(lambda p, q: p[0] * q["x"][0][0], values, {"x": (values,)}) == (1.0, [1.0, 0.0])
    assert value_and_grad(lambda p, q: append_to_first(p, q), [1.0], [3.0]) == (6.0, [0.0])


# --- what the function changes ------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Slotted:
    __slots__ = ("a", "b")
    a: float
    b: float


def move_to_the_end(d):
    x = d.pop("a")
    d["a"] = x
    return x**2


def count(d):
    d["n"] += 1
    return d["x"] * d["n"]


def set_slot(s):
    s.a = s.a + 1
    del s.b
    return s.a**2


def hold_itself(v):
    v[1] = v
    return v[0] ** 2


def share_deep(d):
    d["q"] = d["n"]["x"]
    return d["n"]["x"][0] ** 2


def test_changes_arrive_as_in_a_plain_call():
    d = {"a": 3.0, "b": 1.0}
    assert value_and_grad(move_to_the_end, d) == (9.0, {"a": 6.0, "b": 0.0})
    assert list(d) == ["b", "a"]
    d = {"n": 1, "x": 2.0}
    value_and_grad(count, d)
    assert d == {"n": 2, "x": 2.0}
    assert type(d["n"]) is int
    s = Slotted(1.0, 2.0)
    assert value_and_grad(set_slot, s)[0] == 4.0
    assert s.a == 2.0
    assert not hasattr(s, "b")
    v = [1.0, 2.0]
    value_and_grad(hold_itself, v)
    assert v[1] is v
    d = {"n": {"x": [2.0]}}
    value_and_grad(share_deep, d)
    assert d["q"] is d["n"]["x"]
    n = types.SimpleNamespace(a=1.0)
    value_and_grad(lambda n: setattr(n, "b", n.a * 2) or n.b**2, n)
    assert vars(n) == {"a": 1.0, "b": 2.0}


# --- arrays of a class of their own -------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_a_matrix_is_differentiated_as_one():
    m = np.matrix([[1.0, 2.0], [3.0, 4.0]])
    value, gradient = value_and_grad(lambda m: np.sum(m * m), m)
    assert value == 54.0
    assert type(gradient) is np.matrix
    rows, columns = np.asarray(m).sum(1), np.asarray(m).sum(0)
    np.testing.assert_allclose(gradient, rows[None, :] + columns[:, None])  # Σ (m m) by m_ab: Σ_j m_bj + Σ_i m_ia
    np.testing.assert_allclose(
        gw.grad(lambda p: (p[0] * p[1])[0, 0], method="exact")((m, m.T))[1], [[1.0, 0.0], [2.0, 0.0]]
    )
    np.testing.assert_allclose(gw.jacobian(lambda m: np.asarray(m)[0] * 3.0, method="exact")(m)[:, 0], 3 * np.eye(2))


class Shifted(np.ndarray):
    def __mul__(self, other):
        return np.asarray(self) + 100.0


def test_an_array_of_the_users_class_has_its_operators():
    value, gradient = gw.value_and_grad(lambda a: np.sum(a * a), method="exact")(np.ones(2).view(Shifted))
    assert value == 202.0
    np.testing.assert_array_equal(gradient, [1.0, 1.0])
    assert type(gradient) is np.ndarray


def test_a_mapped_array_is_an_array(tmp_path):
    mapped = np.memmap(tmp_path / "x", float, "w+", shape=3)
    mapped[:] = [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(gw.grad(lambda a: np.sum(a * a), method="exact")(mapped), [2.0, 4.0, 6.0])


# --- which arguments ------------------------------------------------------------------------------------------------------------------


def positional(x, y=2.0, /, **others):
    return x * y + sum(others.values())


def test_an_argument_by_position_only_that_was_not_given():
    with pytest.raises(gw.InputError, match="Pass y by position"):
        gw.grad(positional, "y")(1.0)
    assert gw.grad(positional, "y")(3.0, 2.0) == 3.0
    assert gw.grad(positional, "z")(3.0, z=2.0) == 1.0


def test_an_array_of_positions_and_an_integer_that_is_no_float():
    with pytest.raises(gw.InputError, match="argnums holds"):
        gw.grad(positional, np.array([0, 1]))(1.0, 2.0)
    with pytest.raises(gw.InputError, match="1329 bits"):
        gw.grad(lambda x: x * 1.0)(10**400)


@pytest.mark.extras("pandas")
def test_a_jacobian_by_columns_is_named_by_them():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"z": [3.0, 1.0], "a": [1.0, 2.0]})
    found = gw.jacobian(lambda d: np.stack([d["z"].sum(), d["a"].iloc[0]]), method="exact")(frame)
    np.testing.assert_array_equal(found["z"], [[1.0, 1.0], [0.0, 0.0]])
    np.testing.assert_array_equal(found["a"], [[0.0, 0.0], [1.0, 0.0]])
