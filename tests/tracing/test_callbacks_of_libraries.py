"""Functions of the user's that libraries call on plain data: what they do is seen, and done as often as in a plain call."""

from __future__ import annotations

import functools
import io
import json

import numpy as np
import pytest
import scipy.integrate as it
import scipy.linalg as la
import scipy.ndimage as nd
import scipy.optimize as op
import scipy.sparse.linalg as sl
import scipy.spatial.distance as sd
import scipy.stats as st

import gradwise as gw

X = np.array([0.6, 0.9])
C = np.arange(6.0)
A = np.array([[3.0, 0.5], [0.5, 2.0]])
#: w is put around each callback
CALLS = {
    "generic_filter": lambda w: nd.generic_filter(C, w(np.mean), 3).sum(),
    "geometric_transform": lambda w: nd.geometric_transform(C, w(lambda q: (q[0] + 0.1,))).sum(),
    "pdist": lambda w: sd.pdist(C.reshape(3, 2), w(lambda a, b: abs(a - b).sum())).sum(),
    "cdist": lambda w: sd.cdist(C.reshape(3, 2), C.reshape(3, 2), w(lambda a, b: abs(a - b).sum())).sum(),
    "funm": lambda w: la.funm(np.diag(C), w(np.cos)).sum(),
    "cg": lambda w: sl.cg(A, np.ones(2), callback=w(lambda z: None))[0].sum(),
    "gmres": lambda w: sl.gmres(A, np.ones(2), callback=w(lambda z: None), callback_type="x")[0].sum(),
    "ode": lambda w: it.ode(lambda t, y, g=w(lambda y: -y): g(y)).set_integrator("dopri5").set_initial_value(1.0, 0).integrate(1.0)[0],
    "gaussian_kde": lambda w: st.gaussian_kde(C, bw_method=w(lambda kde: 0.5)).evaluate(1.0)[0],
    "approx_fprime": lambda w: op.approx_fprime(np.ones(2), w(lambda z: (z**2).sum())).sum(),
    "newton_krylov": lambda w: op.newton_krylov(w(lambda z: z**3 - 1.3), np.ones(2)).sum(),
    "broyden1": lambda w: op.root(lambda z: z**3 - 1.3, np.ones(2), method="broyden1", callback=w(lambda *a: None)).x.sum(),
    "bootstrap": lambda w: st.bootstrap((C,), w(np.mean), n_resamples=9, vectorized=False, rng=1, method="basic").standard_error,
    "json.dumps": lambda w: len(json.dumps([A, A], default=w(lambda a: "array"))),
    "json.loads": lambda w: json.loads('{"a": {"b": 2}}', object_hook=w(len)),
    "loadtxt": lambda w: np.loadtxt(io.StringIO("1 2\n3 4"), converters={0: w(float)}).sum(),
}  # fmt: skip
#: the same with something traced
TRACED = {
    "cg": lambda w, x: sl.cg(A + np.outer(x, x), x, callback=w(lambda z: None))[0] @ x,
    "gmres": lambda w, x: sl.gmres(A + np.outer(x, x), x, callback=w(lambda z: None), callback_type="x")[0] @ x,
    "broyden1": lambda w, x: op.root(lambda z: z**3 + z - x, np.zeros(2), tol=1e-12, method="broyden1", callback=w(lambda *a: None)).x @ x,
    "least_squares": lambda w, x: op.least_squares(lambda z: np.concatenate([z - x, z**2]), np.zeros(2), callback=w(lambda intermediate_result: None)).x @ x,
    "approx_fprime": lambda w, x: op.approx_fprime(x, w(lambda z: (z**3).sum())).sum(),
    "differential_evolution": lambda w, x: op.differential_evolution(lambda z: np.sum((z - x) ** 2) + z @ z, [(-1, 1)] * 2, callback=w(lambda intermediate_result: None), rng=1, maxiter=3).x @ x,
    "basinhopping": lambda w, x: op.basinhopping(lambda z: np.sum((z - x) ** 2) + z @ z, np.zeros(2), callback=w(lambda z, f, accepted: None), rng=1, niter=2).x @ x,
    "fmin": lambda w, x: op.fmin(lambda z: np.sum((z - x) ** 2) + z @ z, np.zeros(2), xtol=1e-9, ftol=1e-14, callback=w(lambda z: None), disp=0) @ x,
}  # fmt: skip
if "callback" not in op.least_squares.__code__.co_varnames:  # from SciPy 1.16 on
    del TRACED["least_squares"]


class Counter:
    def __init__(self):
        self.count = 0

    def around(self, function):
        if function.__name__ == "<lambda>" and "intermediate_result" in function.__code__.co_varnames:

            def told(intermediate_result):
                self.count += 1

            return told

        def counted(*args, **kwargs):
            self.count += 1
            return function(*args, **kwargs)

        return counted


@pytest.mark.parametrize("check", [None, False], ids=["", "unchecked"])
@pytest.mark.parametrize("name", [*CALLS, *(f"{name}, traced" for name in TRACED)])
def test_callbacks_are_called_as_often_as_by_the_library(name, check):
    counter = Counter()
    if name in CALLS:

        def f(x):
            return CALLS[name](counter.around) * x[0] + 0.01 * counter.count * x[1]
    else:

        def f(x):
            return TRACED[name.partition(",")[0]](counter.around, x) + 0.01 * counter.count * x[1]

    f(X)
    counter.count = 0
    values = [f(X) for _ in range(3)]
    often, counter.count = counter.count, 0
    g = gw.value_and_grad(f, check=check, method="exact")
    for k in range(3):
        value, _ = g(X)
        assert value == values[k]
    assert counter.count == often > 0


def test_a_cached_property_is_computed_once_for_an_object_that_holds_nothing():
    counter = Counter()

    class Bare:
        @functools.cached_property
        def scale(self):
            counter.count += 1
            return 2.0

    def f(x):
        bare = Bare()
        return bare.scale * bare.scale * x[0]

    for k in range(1, 5):
        gw.grad(f)(X)
        assert counter.count == k
        assert gw.grad(f, pure=False, check=False)(X)[0] == 4.0
        counter.count -= 1
