"""More of NumPy's, SciPy's and Python's library in proved functions: a program gives what a run gives, with other data, and serves."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import scipy.signal.windows
import scipy.spatial
from test_library_functions_reused import ROOMS, draw_more, outcome, point

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

MORE_ROOMS = ROOMS | {
    "math": math, "statistics": statistics, "sw": scipy.signal.windows, "spa": scipy.spatial, "sf": scipy.fft,
    "po": np.polynomial.polynomial, "ch": np.polynomial.chebyshev, "le": np.polynomial.legendre,
}  # fmt: skip
#: with the least number of 32 calls that are served
EXPRESSIONS = {
    "np.resize(x * x, 9) @ np.arange(9.0) + np.resize(x, 4) @ np.arange(4.0)": 20,
    "np.abs(np.roots(x[:4])).sum()": 12,
    "np.setdiff1d(I, [1, 2]).sum() * x[0] + np.union1d(np.round(Z), [1.0]).sum() * x[1]": 4,
    "np.trim_zeros(x) @ np.trim_zeros(x)": 12,
    "np.histogram(Z, bins=4, range=(-2, 2))[0] @ x[:4]": 4,
    "np.histogram(x, bins=4, range=(-2, 2))[0] @ np.arange(4.0) * x[0]": 2,
    "np.histogram(Z, bins=4, range=(-2, 2), weights=x)[0] @ np.arange(4.0)": 4,
    "np.vander(x, 3, increasing=True).sum() + np.vander(x, increasing=False)[0, 2]": 20,
    "np.linalg.matrix_transpose(M * x)[0, 2] + spa.distance_matrix(M * x, D).sum()": 20,
    "po.polyfromroots(x[:3]) @ np.arange(4.0) + po.polyvander(x, 2).sum() + po.polysub(x, Z)[0]": 20,
    "np.abs(po.polyroots(x[:4])).sum()": 10,
    "po.polyfit(T[:6], x, 2) @ np.arange(3.0) + ch.chebfit(T[:6], x, 2) @ np.arange(3.0) + le.legfit(T[:6], x, 2)[1]": 4,
    "ch.chebvander(x, 3).sum() + ch.chebder(x[:4]).sum() + ch.chebint(x) @ np.arange(7.0)": 20,
    "ch.cheb2poly(x[:4]).sum() + ch.poly2cheb(x[:4]) @ np.arange(4.0)": 12,
    "le.legvander(x, 3).sum() + le.legder(x[:4]).sum()": 20,
    "sp.diric(x, 3).sum() + sp.lambertw(W + x * x).real.sum()": 20,
    "la.polar(M * x + 3 * np.eye(6))[0].sum() + la.polar(D * x)[1].sum()": 7,
    "la.eigh_tridiagonal(x, Z[:5])[0] @ np.arange(6.0) + la.eigvalsh_tridiagonal(x, Z[:5])[2]": 18,
    "np.sum(np.abs(la.qr(M * x)[1])) + np.sum(np.abs(la.rq(M * x)[0]))": 6,
    "np.sum(la.qr(D * x, mode='economic')[1] ** 2)": 6,
    "la.svd(M * x)[1] @ np.arange(6.0)": 18,
    "la.coshm(M * x * 0.1).sum() + la.sinhm(M * x * 0.1).sum() + la.tanhm(M * x * 0.1).sum()": 16,
    "np.abs(la.dft(6) @ x).sum() + (la.hadamard(4) @ x[:4]).sum() + (la.helmert(6) @ x).sum()": 12,
    "np.abs(la.eigvals(M * x)).sum() + np.abs(la.eig(M * x)[0]).sum()": 12,
    "la.solve_circulant(x + 7 * np.eye(6)[0], Z).sum()": 20,
    "(la.convolution_matrix(x, 4) @ Z[:4]).sum() + (la.leslie(x, Z[:5])).sum()": 20,
    "sg.get_window('hann', 6) @ x + sw.hann(6) @ x + sw.gaussian(6, 1.5) @ x + sw.tukey(6, 0.3) @ x": 20,
    "sg.periodogram(x)[1].sum() + sg.periodogram(x, fs=2.0, window='hann')[1] @ np.arange(4.0)": 20,
    "sg.welch(np.tile(x, 4), nperseg=8)[1].sum() + sg.csd(np.tile(x, 4), np.tile(Z, 4), nperseg=8)[1].real.sum()": 20,
    "sg.upfirdn([1.0, Q, 0.5], x, 2, 1).sum() + sg.resample_poly(x, 3, 2).sum()": 5,
    "sg.deconvolve(np.convolve(x, [1.0, 0.5]), [1.0, 0.5])[0] @ Z": 18,
    "sg.wiener(x, 3) @ Z + np.abs(sg.stft(np.tile(x, 4), nperseg=8)[2]).sum()": 14,
    "nd.shift(x, 0.5, order=1) @ Z + nd.zoom(x, 2, order=1).sum() + nd.zoom(M * x, 1.5).sum()": 20,
    "nd.gaussian_laplace(x, 1.0) @ Z + nd.prewitt(M * x).sum() + nd.gaussian_gradient_magnitude(M * x + 1, 1.0).sum()": 16,
    "nd.median_filter(x, 3) @ Z + nd.minimum_filter(x, 3) @ Z + nd.maximum_filter(x, size=3) @ Z": 1,
    "st.tmean(x) + st.gstd(np.exp(x))": 16,
    "sf.dct(x) @ Z + sf.fft(x).real @ Z + sf.dctn(M * x).sum() + sf.hfft(x).sum()": 18,
    "statistics.fmean(x) + statistics.stdev(x.tolist()) + statistics.median(list(x))": 12,
    "statistics.mean(x.tolist()) + statistics.pvariance(x.tolist()) + statistics.harmonic_mean((1 + x * x).tolist())": 16,
    "st.skew(x) + st.kurtosis(x, 0, False) + st.hmean(1 + x * x) + st.skew(x * Z, bias=False)": 18,
    "np.fromiter((v * Q for v in x), float) @ Z + np.fromiter(map(math.sin, x), float).sum()": 12,
    "la.null_space(np.atleast_2d(x[:3])).shape[1] * x[3] + np.abs(la.orth(D * x)).sum()": 6,
    "la.lu(M * x + 3 * np.eye(6))[2][2, 2] + la.expm_frechet(M * 0.1, M * x)[1].sum()": 4,
    "la.subspace_angles((M * x)[:, :2], D.T[:, :2] if D.shape[1] == 6 else M[:, :2])[0]": 6,
    "math.hypot(*x) + math.hypot(*(x * Z)) + math.dist(x, Z)": 16,
    "x[0] * (2.0 if math.isclose(Q, 1.0, rel_tol=1e-3, abs_tol=0.0) else 3.0)": 4,
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_program_gives_what_a_run_gives(expression):
    data = dict(MORE_ROOMS)
    f = eval(f"lambda x: {expression}", data)
    reused, run = gw.value_and_grad(f, method="exact"), gw.value_and_grad(f, method="exact", pure=False)
    rng = np.random.default_rng(5)
    for call in range(32):
        if call % 4 < 2:
            draw_more(data, rng)
        x = point(rng)
        (kind, value, gradient), (kind_of_run, value_of_run, gradient_of_run) = outcome(reused, x), outcome(run, x)
        assert kind == kind_of_run
        if value is not None:
            np.testing.assert_allclose(value, value_of_run, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(gradient, gradient_of_run, rtol=1e-6, atol=1e-8)
    assert shortcuts_of(f)["0"].served >= EXPRESSIONS[expression]


def test_an_iterator_that_was_there_is_taken_from_at_each_call():
    kept = iter(np.arange(100.0))

    def f(x):
        return np.fromiter((next(kept) * v for v in x), float).sum() + np.fromiter(x, float)[0]

    x = np.array([2.0, 3.0])
    for k in range(6):
        value, gradient = gw.value_and_grad(f)(x)
        assert value == 2 * k * 2 + (2 * k + 1) * 3 + 2
        assert gradient.tolist() == [2 * k + 1, 2 * k + 1]


def test_fromiter_of_an_iterator_that_was_there():
    kept = iter(np.arange(100.0))

    def f(x):
        return np.fromiter(kept, float, 2) @ x

    x = np.array([2.0, 3.0])
    for k in range(6):
        value, gradient = gw.value_and_grad(f)(x)
        assert value == 2 * k * 2 + (2 * k + 1) * 3
        assert gradient.tolist() == [2 * k, 2 * k + 1]
