"""Data that are given to a library's function by name (``st.gmean(a=x)``) are differentiated as without the name, and so are options that change nothing or the shape alone."""

import warnings

import numpy as np
import pytest
import scipy
import scipy.interpolate
import scipy.signal
import scipy.stats as st
from scipy.spatial.transform import Rotation

import gradwise as gw

AXES = (np.arange(4.0), np.arange(4.0))
TABLE = np.arange(16.0).reshape(4, 4) ** 1.3
FUNCTIONS = {
    "gmean": lambda x: st.gmean(a=x, nan_policy="omit"),
    "hmean": lambda x: st.hmean(a=x, nan_policy="raise", keepdims=True)[0],
    "pmean": lambda x: st.pmean(a=x, p=3),
    "skew": lambda x: st.skew(x, nan_policy="omit"),
    "sem": lambda x: st.sem(a=x, keepdims=True)[0],
    "zscore": lambda x: st.zscore(a=x, nan_policy="omit")[1],
    "zmap": lambda x: st.zmap(scores=x[:2], compare=x[2:])[1],
    "pearsonr": lambda x: st.pearsonr(x=x[:3], y=x[3:]).statistic,
    "linregress": lambda x: st.linregress(x=x[:3], y=x[3:]).slope,
    "ttest_ind": lambda x: st.ttest_ind(a=x[:3], b=x[3:], equal_var=False, nan_policy="omit").statistic,
    "ttest_1samp": lambda x: st.ttest_1samp(a=x, popmean=0.2).pvalue,
    "trim_mean": lambda x: st.trim_mean(a=x, proportiontocut=0.2),
    "wasserstein": lambda x: st.wasserstein_distance(u_values=x[:3], v_values=x[3:]),
    "savgol": lambda x: scipy.signal.savgol_filter(x=x, window_length=3, polyorder=1, mode="nearest")[2],
    "detrend": lambda x: scipy.signal.detrend(data=x, type="linear")[1],
    "interpn": lambda x: scipy.interpolate.interpn(points=AXES, values=TABLE, xi=x[:2].reshape(1, 2))[0],
    "quantile": lambda x: st.norm.ppf(q=x[0], loc=x[1], scale=x[2]),
    "exceeded": lambda x: st.expon.isf(q=x[0], scale=x[1]),
    "counts": lambda x: st.poisson.pmf(k=3, mu=x[0]),
    "box": lambda x: st.gaussian_kde(dataset=np.arange(5.0)).integrate_box_1d(low=x[0], high=x[1]),
    "rotation": lambda x: Rotation.from_rotvec(rotvec=x[:3]).as_matrix()[0, 1],
    "applied": lambda x: Rotation.from_rotvec([0.1, 0.4, 0.2]).apply(vectors=x[:3])[1],
    "quaternion": lambda x: Rotation.from_quat(quat=x[:4]).as_euler(seq="zyx")[0],
    "sum": lambda x: np.sum(a=x**2, initial=2.0, where=x > 0.5),
    "cumsum": lambda x: np.cumsum(a=x**2)[2],
    "max": lambda x: np.max(a=x**2, initial=1.5),
    "pad": lambda x: np.pad(array=x**2, pad_width=1, mode="edge").sum(),
    "clip": lambda x: np.ma.clip(np.ma.array(x, mask=[0, 1, 0, 0, 0, 0]), a_min=0.4, a_max=2.0).sum(),
}


#: before SciPy 1.17 they are compiled without the names of their arguments, or take them in another way
_NAMED_LATER = ("linregress", "rotation", "applied", "quaternion")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_data_given_by_name_are_differentiated(name):
    if name in _NAMED_LATER and tuple(map(int, scipy.__version__.split(".")[:2])) < (1, 17):
        pytest.skip("SciPy before 1.17 has no names for these arguments")
    f, x = FUNCTIONS[name], np.array([0.3, 1.1, 2.2, 0.7, 1.9, 0.45])
    along = lambda i, t: f(x + t * np.eye(6)[i])
    h = 1e-4
    numeric = [(8 * (along(i, h) - along(i, -h)) - along(i, 2 * h) + along(i, -2 * h)) / (12 * h) for i in range(6)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", gw.NumericalFallbackWarning)
        np.testing.assert_allclose(gw.grad(f)(x), numeric, rtol=1e-7, atol=1e-8)


def test_a_number_that_is_missing_at_a_later_point_is_left_out_there():
    """A program of data without nan is none of data with nan."""
    f = lambda x: st.gmean(x, nan_policy="omit")
    x = np.array([1.0, 2.0, 4.0])
    for _ in range(3):
        np.testing.assert_allclose(gw.grad(f)(x), 2.0 / (3 * x))
    with pytest.warns(gw.NumericalFallbackWarning):
        gradient = gw.grad(lambda y: f(np.array([y[0], np.nan, y[1]])))(x[:2])
    np.testing.assert_allclose(gradient, np.sqrt(2.0) / (2 * x[:2]), rtol=1e-8)
    assert gw.value_and_grad(f)(np.array([3.0, 6.0, 12.0]))[0] == pytest.approx(6.0)
