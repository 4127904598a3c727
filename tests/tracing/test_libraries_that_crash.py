"""A library whose compiled code ends the process at a traced value is not given one.  What stands for it here ends the test instead."""

import sys

import numpy as np
import pytest

import gradwise as gw

CASADI = """
class Crash(BaseException):
    pass

def _number(value):
    if not isinstance(value, (int, float)):
        raise Crash(type(value).__name__)
    return float(value)

def square(value):
    return _number(value) ** 2

class DM:
    def __init__(self, value):
        self.value = _number(value)

class Function:
    def __call__(self, value):
        return square(value)

    def scaled(self, value, factor):
        return _number(factor) * square(value)
"""


@pytest.fixture
def casadi(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "casadi"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(CASADI, "utf-8")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.delitem(sys.modules, "casadi", raising=False)
    import casadi

    yield casadi
    sys.modules.pop("casadi", None)


def test_traced_values_do_not_get_there(casadi):
    known = casadi.Function()
    functions = [
        lambda x: casadi.square(x[0]),
        lambda x: casadi.DM(x[0]).value ** 2,
        lambda x: known(x[0]),
        lambda x: known.scaled(x[0], factor=1.0),
        lambda x: casadi.square(float(x[0])),
    ]
    for f in functions:
        with pytest.warns(gw.NumericalFallbackWarning, match="casadi was given a traced value"):
            gradient = gw.grad(f)(np.array([1.5, 2.0]))
        np.testing.assert_allclose(gradient, [3.0, 0.0], rtol=1e-9, atol=1e-12)
    exact = lambda x: casadi.square(2.0) * x[0]
    np.testing.assert_allclose(gw.grad(exact, method="exact")(np.array([1.5, 2.0])), [4.0, 0.0])
