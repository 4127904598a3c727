"""What is printed, logged and warned of may end in code of the user's, which changes what the function reads, or raises what it handles: no program stands then."""

import logging
import math
import sys
import warnings

import pytest

import gradwise as gw

SETTINGS = {"sign": 1.0}


class Sign:
    def write(self, text):
        SETTINGS["sign"] = -1.0 if "-" in text else 1.0

    def flush(self):
        pass


class Recorder(logging.Handler):
    def emit(self, record):
        SETTINGS["sign"] = -1.0 if "-" in record.getMessage() else 1.0


class Refusing(logging.Handler):
    def emit(self, record):
        if "-" in record.getMessage():
            raise ValueError("negative")


class RefusingFilter(logging.Filter):
    def filter(self, record):
        if "-" in record.getMessage():
            raise ValueError("negative")
        return False


LOGGER = logging.getLogger("gradwise.tests.outlets")
LOGGER.setLevel(logging.DEBUG)
LOGGER.propagate = False
CHILD = LOGGER.getChild("child")


@pytest.fixture(autouse=True)
def _loggers_speak():
    """Whoever configures logging in the same process may have silenced them."""
    LOGGER.disabled = CHILD.disabled = False


def logged(x):
    LOGGER.info("at %.3f", x)
    return x * x * SETTINGS["sign"]


def logged_by_a_child(x):
    CHILD.info(f"at {x:.3f}")
    return x * x * SETTINGS["sign"]


def handled(x):
    try:
        LOGGER.info("at %.3f", x)
    except ValueError:
        return x**3
    return x * x


def printed(x):
    try:
        print(f"{x:.2f}", end="")
    except ValueError:
        return x**3
    return x * x


def warned(x):
    try:
        warnings.warn(f"{x:.2f}", stacklevel=1)
    except UserWarning:
        return x**3
    return x * x


POINTS = (1.3, 0.7, 2.1, 0.9, 1.7, -0.4, -1.2, 0.3, -2.2, 1.1, -0.1)


def both(f, x, when):
    """Value and slope where x is not negative, and where it is."""
    derivative = gw.value_and_grad(f)
    return derivative(x), ((x * x, 2 * x) if x > 0 else when(x))


@pytest.mark.parametrize("points", [POINTS, POINTS[::-1], sorted(POINTS)])
@pytest.mark.parametrize(
    ("f", "outlet"),
    [(logged, Recorder), (logged_by_a_child, Recorder), (handled, Refusing), (handled, RefusingFilter)],
)
def test_handlers_of_loggers(f, outlet, points):
    outlet = outlet()
    add, remove = (LOGGER.addFilter, LOGGER.removeFilter) if isinstance(outlet, logging.Filter) else (LOGGER.addHandler, LOGGER.removeHandler)  # fmt: skip
    add(outlet)
    try:
        for x in points:
            found, truth = both(f, x, lambda x: (x**3, 3 * x * x) if f is handled else (-x * x, -2 * x))
            assert found == pytest.approx(truth, rel=1e-12)
    finally:
        remove(outlet)
        SETTINGS["sign"] = 1.0


class RefusingStream:
    def write(self, text):
        if "-" in text:
            raise ValueError("negative")

    def flush(self):
        pass


@pytest.mark.parametrize("points", [POINTS, POINTS[::-1], sorted(POINTS)])
def test_streams(points, monkeypatch):
    monkeypatch.setattr(sys, "stdout", RefusingStream())
    for x in points:
        found, truth = both(printed, x, lambda x: (x**3, 3 * x * x))
        assert found == pytest.approx(truth, rel=1e-12)


@pytest.mark.parametrize("points", [POINTS, POINTS[::-1], sorted(POINTS)])
def test_warnings_that_are_errors(points):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="-")
        for x in points:
            found, truth = both(warned, x, lambda x: (x**3, 3 * x * x))
            assert found == pytest.approx(truth, rel=1e-12)


def test_a_handler_that_comes_later():
    def f(x):
        LOGGER.info("at %.3f", x)
        return math.sin(x) * SETTINGS["sign"]

    derivative = gw.grad(f)
    for x in POINTS[:5]:
        assert derivative(x) == pytest.approx(math.cos(x), rel=1e-12)
    outlet = Recorder()
    LOGGER.addHandler(outlet)
    try:
        for x in POINTS:
            assert derivative(x) == pytest.approx(math.copysign(1, x) * math.cos(x), rel=1e-12)
    finally:
        LOGGER.removeHandler(outlet)
        SETTINGS["sign"] = 1.0


def test_libraries_outlets_leave_the_program():
    def f(x):
        LOGGER.info("at %.3f", x)
        return math.sin(x)

    outlet = logging.NullHandler()
    LOGGER.addHandler(outlet)
    try:
        assert "its program stands" in str(gw.explain(f, 1.0))
    finally:
        LOGGER.removeHandler(outlet)
