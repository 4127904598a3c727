"""SciPy's functions that are ordinary NumPy inside, by their own code: derivatives against differences of SciPy's function, and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy
import scipy.cluster.vq
import scipy.ndimage
import scipy.signal
import scipy.spatial
import scipy.stats

import gradwise as gw

X = np.array([0.7, 1.3, 0.4, 2.1, 1.6, 0.9])
S = np.cos(np.arange(24) * 0.9) + 0.1 * np.arange(24)
ss, st, nd = scipy.signal, scipy.stats, scipy.ndimage


def signal(x):
    return S * x[0] + np.sin(np.arange(24) * x[1])


def other(x):
    return np.sin(np.arange(24) * 1.7) * x[3] + 0.2 * S * x[4]


def b(x):
    return np.array([0.2, 0.3, 0.1]) + 0.05 * x[:3]


def a(x):
    return np.concatenate([np.ones(1), np.array([-0.5, 0.2]) + 0.05 * x[3:5]])


def system(x):
    return (
        np.array([[0.5, 0.1], [-0.2, 0.3]]) * x[0],
        np.array([[1.0], [0.5]]) * x[1],
        np.array([[1.0, 0.2]]) * x[2],
        np.array([[0.1]]) * x[3],
    )


CASES = {
    "butter": lambda x: ss.butter(2, 0.3 * x[0])[1],
    "ellip": lambda x: ss.ellip(2, 1.0, 20 * x[1], 0.3 * x[0])[1],
    "firwin": lambda x: ss.firwin(5, 0.3 * x[0]),
    "bilinear": lambda x: ss.bilinear(b(x), a(x))[0],
    "lp2bp": lambda x: ss.lp2bp(b(x), a(x), x[0])[1],
    "zpk2tf": lambda x: ss.zpk2tf(x[:2], x[2:4], x[4])[0],
    "tf2zpk": lambda x: np.abs(ss.tf2zpk(b(x), a(x))[1]),
    "ss2tf": lambda x: ss.ss2tf(*system(x))[0].ravel(),
    "tf2ss": lambda x: ss.tf2ss(b(x), a(x))[1].ravel(),
    "residue": lambda x: np.abs(ss.residue(b(x), a(x))[0]),
    "cont2discrete": lambda x: ss.cont2discrete(system(x), 0.1)[0].ravel(),
    "StateSpace": lambda x: ss.StateSpace(*system(x)).A.ravel(),
    "dlsim": lambda x: ss.dlsim((*system(x), 0.1), signal(x)[:5])[1].ravel(),
    "bode": lambda x: ss.bode((b(x), a(x)), w=np.array([1.0, 2.0]))[1],
    "group_delay": lambda x: ss.group_delay((b(x), a(x)), w=5)[1],
    "chirp": lambda x: ss.chirp(np.linspace(0, 1, 5), x[0], 1.0, x[1]),
    "coherence": lambda x: ss.coherence(signal(x), signal(x) ** 2, nperseg=8)[1],
    "envelope": lambda x: ss.envelope(signal(x)).ravel(),
    "ShortTimeFFT": lambda x: ss.ShortTimeFFT(np.ones(8), 4, 1.0).spectrogram(signal(x)).ravel(),
    "kaiser": lambda x: ss.windows.kaiser(7, x[0]),
    "lombscargle": lambda x: ss.lombscargle(np.arange(6.0), x, np.array([0.5, 1.0])),
    "kstat": lambda x: st.kstat(signal(x), 3),
    "skewtest": lambda x: st.skew(signal(x)),
    "expectile": lambda x: st.expectile(signal(x), 0.3),
    "levene": lambda x: st.levene(signal(x), other(x)).statistic,
    "bartlett": lambda x: st.bartlett(signal(x), other(x)).statistic,
    "f_oneway": lambda x: st.f_oneway(signal(x), other(x)).statistic,
    "energy_distance": lambda x: st.energy_distance(signal(x), other(x)),
    "tvar": lambda x: st.tvar(signal(x), (-5, 5)),
    "theilslopes": lambda x: st.theilslopes(signal(x), np.arange(24.0))[0],
    "cramervonmises": lambda x: st.cramervonmises(signal(x), "norm").statistic,
    "gamma.fit": lambda x: np.stack(st.gamma.fit(np.abs(signal(x)) + 0.1, floc=0)),
    "gamma.entropy": lambda x: st.gamma.entropy(x[0], scale=x[1]),
    "burr.mean": lambda x: st.burr.mean(x[0] + 1.0, x[1] + 1.0),
    "weibull.nnlf": lambda x: st.weibull_min.nnlf((x[0], 0.0, x[1]), X),
    "jf_skew_t.pdf": lambda x: st.jf_skew_t.pdf(0.4, x[0] + 1.0, x[1] + 1.0),
    "matrix_normal": lambda x: st.matrix_normal.logpdf(
        np.outer(x[:2], x[2:4]), np.zeros((2, 2)), rowcov=np.eye(2) + np.outer(x[:2], x[:2])
    ),
    "dirichlet.var": lambda x: st.dirichlet.var(x[:3]),
    "bootstrap": lambda x: st.bootstrap((signal(x),), np.mean, n_resamples=9, rng=1).standard_error,
    "Normal": lambda x: st.Normal(mu=x[0], sigma=x[1]).logpdf(0.3),
    "variance by label": lambda x: nd.variance(np.outer(x, x), np.arange(36).reshape(6, 6) % 3, [0, 1]),
    "extrema": lambda x: np.stack(nd.extrema(np.outer(x, x))[:2]),
    "procrustes": lambda x: scipy.spatial.procrustes(np.outer(x[:3], x[3:5]) + np.eye(3, 2), np.eye(3, 2))[2],
    "whiten": lambda x: scipy.cluster.vq.whiten(np.outer(x[:3], x[3:5])).ravel(),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_derivative_along_a_direction(name):
    if name == "Normal" and not hasattr(st, "Normal"):
        pytest.skip("SciPy has it from 1.15 on")
    if name == "whiten" and np.lib.NumpyVersion(scipy.__version__) >= "1.18.0":
        with pytest.raises(gw.TracingError, match="plain array"):  # SciPy makes plain arrays of its arguments there
            gw.jvp(CASES[name], (X,), (np.ones(6),), method="exact", check=False)
        return
    f = CASES[name]
    u = np.array([0.3, -0.7, 0.5, 0.2, -0.4, 0.6])
    value, tangent = gw.jvp(f, (X,), (u,), method="exact", check=False)
    np.testing.assert_allclose(value, f(X), rtol=1e-9, atol=1e-12)

    def central(h):
        return (f(X + h * u) - f(X - h * u)) / (2 * h)

    expected = (4 * central(5e-5) - central(1e-4)) / 3
    np.testing.assert_allclose(tangent, expected, rtol=2e-6, atol=1e-8 * (1 + np.max(np.abs(expected))))


def test_a_filter_of_first_order_in_closed_form():
    """butter(1, w): b = t/(1 + t), a = (t − 1)/(t + 1) with t = tan(π w/2)."""
    slope = math.pi / 2 / math.cos(math.pi * 0.15) ** 2
    t = math.tan(math.pi * 0.15)
    found = gw.jacobian(lambda w: np.concatenate(ss.butter(1, w)), method="exact")(0.3)
    np.testing.assert_allclose(found, slope / (1 + t) ** 2 * np.array([1, 1, 0, 2]), rtol=1e-12, atol=1e-14)


def test_second_derivatives():
    """The entropy of the gamma distribution: a + log Γ(a) + (1 − a) ψ(a)."""
    a = 2.3
    found = gw.hessian(lambda a: st.gamma.entropy(a), method="exact", check=False)(a)
    psi = scipy.special.polygamma
    assert found == pytest.approx(-psi(1, a) + (1 - a) * psi(2, a), rel=1e-9)


def test_calls_without_traced_values_are_scipys():
    def f(x):
        b, a = ss.butter(3, 0.2)
        assert type(b) is np.ndarray
        return np.sum(ss.lfilter(b, a, x)) + st.iqr([1.0, 2.0, 4.0])

    weights = ss.lfilter(*ss.butter(3, 0.2), np.eye(6)).sum(axis=1)
    np.testing.assert_allclose(gw.grad(f, method="exact")(X), weights, rtol=1e-12)
