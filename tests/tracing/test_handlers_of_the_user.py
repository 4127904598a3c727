"""Numbers that are logged and kept by a filter or a handler of the user's, which the function reads: slopes by closed forms, records as a plain call leaves them."""

import logging

import numpy as np
import pytest

import gradwise as gw

LOGGER = logging.getLogger("gradwise.tests.handlers")
LOGGER.setLevel(logging.DEBUG)
LOGGER.propagate = False
X = np.array([0.7, -1.3])


class Keep(logging.Handler):
    def __init__(self):
        super().__init__()
        self.last, self.lines, self.total = 0.0, [], 0.0

    def emit(self, record):
        self.last = record.args[0]
        self.total = self.total + record.args[0]
        self.lines.append((record.getMessage(), record.lineno, record.funcName))


class KeepBefore(Keep):
    def filter(self, record):
        self.emit(record)
        return False


class Silent(logging.Handler):
    def emit(self, record):
        pass


class Speaking(logging.StreamHandler):
    def emit(self, record):
        super().emit(record)


@pytest.fixture
def heard(monkeypatch):
    """Logging, whatever other tests left of it."""
    monkeypatch.setattr(LOGGER, "disabled", False)
    monkeypatch.setattr(logging.root.manager, "disable", 0)
    LOGGER._cache.clear()


@pytest.fixture(params=["handler", "filter", "filter of a handler"])
def keep(request, heard):
    made = Keep() if request.param == "handler" else KeepBefore()
    around = Silent()
    around.addFilter(made)
    (LOGGER.addFilter if request.param == "filter" else LOGGER.addHandler)(
        made if request.param in ("handler", "filter") else around
    )
    yield made
    for one in (made, around):
        LOGGER.removeHandler(one)
        LOGGER.removeFilter(one)


@pytest.mark.parametrize("pure", [None, False])
def test_what_is_kept_has_its_derivative(keep, pure):
    def f(x):
        LOGGER.info("at %s of %d", x[0] ** 2, 3)
        return keep.last * x[1]

    g = gw.value_and_grad(f, method="exact", pure=pure)
    for k in range(1, 5):
        value, slope = g(k * X)
        a, b = k * X
        assert value == pytest.approx(a**2 * b, rel=1e-14)
        np.testing.assert_allclose(slope, [2 * a * b, a**2], rtol=1e-14)
        assert type(keep.last) is np.float64
        line = f.__code__.co_firstlineno + 1
        assert keep.lines == [(f"at {(j * X)[0] ** 2} of 3", line, "f") for j in range(1, k + 1)]


def test_a_total(keep):
    def f(x):
        LOGGER.log(logging.WARNING, "loss %.3f", x[0] * x[1])
        return keep.total

    for k in range(1, 4):
        np.testing.assert_allclose(gw.grad(f, method="exact")(X), X[::-1], rtol=1e-14)
        assert keep.total == pytest.approx(k * X[0] * X[1], rel=1e-14)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
def test_a_number_out_of_a_message(keep):
    def f(x):
        LOGGER.info("%r", float(x[0] ** 2))
        return float(keep.lines[-1][0]) * x[1]

    np.testing.assert_allclose(gw.grad(f)(X), [2 * X[0] * X[1], X[0] ** 2], rtol=1e-7)
    assert len(keep.lines) == 1


def test_a_stream_is_written_to_once(capsys, heard):
    handler = Speaking()
    LOGGER.addHandler(handler)
    try:

        def f(x):
            LOGGER.info("at %.2f", x[0])
            return x[0] ** 2 * x[1]

        for _ in range(3):
            np.testing.assert_allclose(gw.grad(f)(X), [2 * X[0] * X[1], X[0] ** 2], rtol=1e-14)
            assert capsys.readouterr().err == "at 0.70\n"
    finally:
        LOGGER.removeHandler(handler)
