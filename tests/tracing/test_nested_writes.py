"""The functions of the other files under operators within operators, and under vmap."""

import numpy as np
import pytest
from test_joining import MATRIX, STEP, VECTOR, M, V
from test_shapes import CASES

import gradwise as gw

rng = np.random.default_rng(5)
ALL = {
    **{f"shape {k}": (f, V) for k, f in CASES.items()},
    **{f"vector {k}": (f, V) for k, f in VECTOR.items()},
    **{f"matrix {k}": (f, M) for k, f in MATRIX.items()},
}
# NaN and infinite entries meet the weights below
SKIPPED = {"vector nan_to_num"}


def leaves(value):
    if isinstance(value, (list, tuple)):
        return [leaf for v in value for leaf in leaves(v)]
    return [value]


def weighted(f, x):
    """A smooth number that depends on all outputs of f, and not linearly."""
    outputs = leaves(f(x))
    weights = [np.cos(np.arange(np.size(o)) + k).reshape(np.shape(o)) for k, o in enumerate(outputs)]

    def total(x):
        return sum(
            np.sum(w * np.real(o) ** 2) + np.sum(w * np.real(o)) for w, o in zip(weights, leaves(f(x)), strict=True)
        )

    return total


@pytest.mark.parametrize("name", [n for n in ALL if n not in SKIPPED])
def test_gradient_of_a_gradient(name):
    f, x = ALL[name]
    total = weighted(f, x)
    v = rng.normal(size=x.shape)
    nested = gw.grad(lambda x: np.sum(v * gw.grad(total, method="exact")(x)), method="exact")(x)
    np.testing.assert_allclose(nested, gw.hvp(total)(x, v), rtol=1e-10, atol=1e-10)
    along = gw.jvp(lambda x: gw.jvp(total, (x,), (v,))[1], (x,), (v,))[1]
    np.testing.assert_allclose(along, np.sum(nested * v), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", [n for n in ALL if n not in SKIPPED and n.split(" ", 1)[1] not in STEP])
def test_vmap_equals_a_loop(name):
    f, x = ALL[name]
    if gw.trace(f, x).guards:
        pytest.skip("it takes concrete answers, which differ between the rows")
    rows = np.stack([x, x + 0.1, x[::-1]])
    got = leaves(gw.vmap(f)(rows))
    want = [leaves(f(row)) for row in rows]
    for k, g in enumerate(got):
        np.testing.assert_allclose(g, np.stack([w[k] for w in want]), rtol=1e-12, atol=1e-12)
