"""Functions that import relative to their package are proved, and what they import is looked at again at each call."""

from __future__ import annotations

import importlib
import sys
import textwrap

import pytest

import gradwise as gw
from gradwise.tracing.purity import inspect_function

_FILES = {
    "__init__.py": "SCALE = 2.0\n",
    "tools.py": "K = 5.0\n\n\ndef squared(x):\n    return 3.0 * x * x\n",
    "inner/__init__.py": "",
    "inner/other.py": "W = 1.5\n",
    "inner/model.py": """
        def f(x):
            from .. import SCALE, tools
            from ..tools import squared
            from . import other as o

            return squared(x) * tools.K * SCALE * o.W


        def beyond(x):
            from ....tools import squared

            return squared(x)
        """,
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of a few modules, imported for one test."""
    name = "package_of_relative_imports"
    for path, text in _FILES.items():
        file = tmp_path / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module(name), importlib.import_module(f"{name}.inner.model")
    for module in [m for m in sys.modules if m.partition(".")[0] == name]:
        del sys.modules[module]


def test_they_are_proved_and_followed(package):
    top, model = package
    slope = gw.derivative(model.f)
    for x in (1.0, 2.0, 3.0, 4.0):
        assert slope(x) == pytest.approx(6 * x * 5 * 2 * 1.5)
    assert inspect_function(model.f).effects is None
    top.tools.K = 7.0
    assert slope(2.0) == pytest.approx(12 * 7 * 2 * 1.5)
    top.SCALE = 1.0
    assert slope(2.0) == pytest.approx(12 * 7 * 1.5)
    top.tools.squared = lambda x: x
    assert slope(2.0) == pytest.approx(7 * 1.5)


@pytest.mark.filterwarnings("ignore:__package__")  # an ImportWarning before Python 3.13
def test_another_package_is_seen(package):
    top, model = package
    slope = gw.derivative(model.f)
    for x in (1.0, 2.0, 3.0, 4.0):
        slope(x)
    model.__package__ = top.__name__ + ".elsewhere"
    with pytest.raises(ModuleNotFoundError):
        slope(2.0)


def test_an_import_from_beyond_the_package_raises_as_it_does(package):
    with pytest.raises(ImportError, match="beyond top-level package"):
        gw.derivative(package[1].beyond)(1.0)
