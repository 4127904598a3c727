"""The axes of ``vmap``: containers of them for arguments and results, as a loop would do it."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pytest

import gradwise as gw

RNG = np.random.default_rng(3)
W, XS, B = RNG.normal(size=(4, 3)), RNG.normal(size=(5, 3)), RNG.normal(size=(4, 5))


def layer(p, x):
    return np.tanh(p["w"] @ x + p["b"])


def loop(n, one):
    return np.stack([one(i) for i in range(n)])


def test_a_dictionary_of_axes():
    found = gw.vmap(layer, in_axes=({"w": None, "b": 1}, 0))({"b": B, "w": W}, XS)
    np.testing.assert_allclose(found, loop(5, lambda i: np.tanh(W @ XS[i] + B[:, i])), rtol=1e-14)


def test_a_prefix_of_axes():
    def f(p, s):
        (a, b), c = p
        return a @ b + c["u"] * s

    p = ((XS, XS + 1.0), {"u": np.arange(5.0)})
    found = gw.vmap(f, in_axes=((0, 0), None))(p, 2.0)
    np.testing.assert_allclose(found, loop(5, lambda i: XS[i] @ (XS[i] + 1.0) + 2.0 * i), rtol=1e-14)
    found = gw.vmap(f, in_axes=[[(0, None), {"u": 0}], None])((((XS, XS[0])), {"u": np.arange(5.0)}), 2.0)
    np.testing.assert_allclose(found, loop(5, lambda i: XS[i] @ XS[0] + 2.0 * i), rtol=1e-14)


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclasses.dataclass
class Parameters:
    scale: Any
    points: Any


def test_named_tuples_and_dataclasses_of_axes():
    found = gw.vmap(lambda p: p.a * p.b, in_axes=(Pair(0, None),))(Pair(XS, XS[0]))
    np.testing.assert_allclose(found, XS * XS[0], rtol=1e-14)
    found = gw.vmap(lambda p: p.scale * p.points.sum(), in_axes=(Parameters(None, 0),))(Parameters(2.0, XS))
    np.testing.assert_allclose(found, 2.0 * XS.sum(axis=1), rtol=1e-14)


def test_gradients_for_each_example():
    def loss(p, x, y):
        return np.sum((layer(p, x) - y) ** 2)

    g = gw.vmap(gw.grad(loss), in_axes=({"w": None, "b": None}, 0, None))({"w": W, "b": B[:, 0]}, XS, B[:, 1])
    for i in range(5):
        h = np.tanh(W @ XS[i] + B[:, 0])
        slope = 2 * (h - B[:, 1]) * (1 - h**2)
        np.testing.assert_allclose(g["w"][i], np.outer(slope, XS[i]), rtol=1e-12)
        np.testing.assert_allclose(g["b"][i], slope, rtol=1e-12)


def test_where_the_axis_goes_in_the_results():
    def f(x, w):
        return {"sum": x.sum(), "outer": np.outer(x, x), "shared": (w * 2.0, 7.0)}

    found = gw.vmap(f, in_axes=(0, None), out_axes={"sum": 0, "outer": -1, "shared": None})(XS, W)
    np.testing.assert_allclose(found["sum"], XS.sum(axis=1), rtol=1e-14)
    assert found["outer"].shape == (3, 3, 5)
    np.testing.assert_allclose(found["outer"][..., 2], np.outer(XS[2], XS[2]), rtol=1e-14)
    np.testing.assert_allclose(found["shared"][0], 2.0 * W, rtol=1e-15)
    assert found["shared"][1] == 7.0
    found = gw.vmap(lambda x: (x, 2 * x), out_axes=(1, 0))(XS)
    assert (found[0].shape, found[1].shape) == ((3, 5), (5, 3))


def test_examples_one_by_one_have_the_same_axes():
    def f(x, w):
        return x.sum() * w["k"] if x[0] > 0.0 else x @ x

    found = gw.vmap(f, in_axes=(0, {"k": None}))(XS, {"k": 2.0})
    np.testing.assert_allclose(found, loop(5, lambda i: f(XS[i], {"k": 2.0})), rtol=1e-14)


def test_a_gradient_through_containers_of_axes():
    f = gw.vmap(layer, in_axes=({"w": None, "b": 1}, 0))
    g = gw.grad(lambda w: f({"w": w, "b": B}, XS).sum(), method="exact")(W)
    h = np.tanh(XS @ W.T + B.T)
    np.testing.assert_allclose(g, (1 - h**2).T @ XS, rtol=1e-12)


def test_errors():
    with pytest.raises(gw.InputError, match=r"in_axes=\(\{'w': 'all'\},\)"):
        gw.vmap(layer, in_axes=({"w": "all"},))
    with pytest.raises(gw.InputError, match=r"out_axes=True"):
        gw.vmap(layer, out_axes=True)
    with pytest.raises(gw.InputError, match=r"argument 0, which is a dictionary with the keys \['w', 'b'\]"):
        gw.vmap(layer, in_axes=({"w": None}, 0))({"w": W, "b": B}, XS)
    with pytest.raises(gw.InputError, match=r"argument 0\['w'\], which is no container"):
        gw.vmap(layer, in_axes=({"w": (0, 1), "b": 0}, 0))({"w": W, "b": B}, XS)
    with pytest.raises(gw.InputError, match=r"argument 0, which is a tuple of 2"):
        gw.vmap(lambda p: p[0], in_axes=((0, 0, 0),))((XS, XS))
    with pytest.raises(gw.InputError, match="different lengths, 4 and 5"):
        gw.vmap(layer, in_axes=({"w": 0, "b": 0}, 0))({"w": W, "b": B}, XS)
    with pytest.raises(gw.InputError, match="differs between examples"):
        gw.vmap(lambda x: x.sum(), out_axes=None)(XS)
    with pytest.raises(gw.InputError, match="position 2"):
        gw.vmap(lambda x: x, out_axes=2)(XS)
    with pytest.raises(gw.InputError, match="the value, which is a tuple of 2"):
        gw.vmap(lambda x: (x, x), out_axes=(0, 0, 1))(XS)
