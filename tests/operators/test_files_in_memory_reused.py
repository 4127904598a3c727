"""Files in memory that a function makes and writes to: beside what it computes, as long as nobody reads numbers there."""

from __future__ import annotations

import contextlib
import io
import sys

import numpy as np
import pytest
from central_differences import differences

import gradwise as gw
from gradwise.tracing.purity import inspect_function

X = np.array([0.3, -1.2, 2.0])


def printed(x):
    value = np.sum(x**2) * np.exp(x[0])
    log = io.StringIO()
    print(f"value = {value:.6f}", x, "at", x[0], file=log, sep=" | ", end="\n")
    return value


def written(x):
    log = io.StringIO("begins\n")
    total = 0.0
    for k in range(3):
        total = total + np.sum(x**2) * k
        log.write("total %g\n" % total)
        log.write(str(x[k]))
    log.flush()
    return total


def in_a_context(x):
    with io.StringIO() as log:
        log.write(f"{x[0]:.3f}")
        text = log.getvalue()
        print(text + "!", log.tell(), file=log)
    return np.sum(x**3)


def note(file, text):
    file.write(text)
    print(text, file=file)


def handed_on(x):
    log = io.StringIO()
    note(log, f"at {x!r}")
    return np.sum(x**2)


class Model:
    def __init__(self, scale):
        self.scale, self.log = scale, io.StringIO()

    def value(self, x):
        self.log.write(f"scale {self.scale} at {x[0]}")
        return self.scale * np.sum(x**2)


def kept_by_what_is_made(x):
    return Model(x[0]).value(x)


def shown_elsewhere(x):
    log = io.StringIO()
    with contextlib.redirect_stdout(log):
        print("at", x)
    return np.sum(x**2)


def shown_in_the_end(x):
    log = io.StringIO()
    log.write(f"at {x[0]:.2f}")
    value = np.sum(x**2)
    print(log.getvalue())
    return value


PROVED = [printed, written, in_a_context, handed_on, kept_by_what_is_made, shown_elsewhere, shown_in_the_end]


@pytest.mark.parametrize("f", PROVED, ids=lambda f: f.__name__)
def test_programs_stand(f, capsys):
    for k in range(6):
        x = X + 0.1 * k
        np.testing.assert_allclose(gw.grad(f)(x), differences(f, x), rtol=1e-6, atol=1e-7)
    told = str(gw.explain(f, X))
    assert "reuse: proved pure" in told
    assert "given up" not in told
    capsys.readouterr()


def test_what_is_shown_is_shown_once(capsys):
    for k in range(6):
        gw.grad(shown_in_the_end)(X + k)
    assert capsys.readouterr().out == "".join(f"at {0.3 + k:.2f}\n" for k in range(6))
    for k in range(6):
        gw.grad(shown_elsewhere)(X + k)
    assert capsys.readouterr().out == ""


def as_a_number(x):
    log = io.StringIO()
    log.write(f"{x[0]:.1f}")
    return float(log.getvalue()) * np.sum(x**2)


def by_its_length(x):
    log = io.StringIO()
    print(f"{x[0]:.0f}", file=log)
    return len(log.getvalue()) * np.sum(x**2)


def by_what_was_written(x):
    log = io.StringIO()
    count = log.write(f"{x[0]:.0f}")
    return count * np.sum(x**2)


def that_decides(x):
    log = io.StringIO()
    log.write(f"{x[0]:.0f}")
    if log.tell() > 1:
        return np.sum(x**3)
    return np.sum(x**2)


def line_by_line(x):
    log = io.StringIO()
    log.write(f"{x[0]:.0f}\n")
    log.seek(0)
    total = 0.0
    for line in log:
        total = total + float(line)
    return total * np.sum(x**2)


def to_another_file(x):
    file = io.StringIO() if len(x) > 5 else sys.stderr
    print(f"{x[0]}", file=file)
    return np.sum(x**2)


KEPT = io.StringIO()


def to_one_that_was_there(x):
    KEPT.write(f"{x[0]:.0f}")
    return len(KEPT.getvalue()) * np.sum(x**2)


class Loud:
    said = 0

    def __str__(self):
        Loud.said += 1
        return str(Loud.said)


LOUD = Loud()


def of_an_object(x):
    log = io.StringIO()
    print(LOUD, file=log)
    return np.sum(x**2) * Loud.said


REFUSED = [
    as_a_number, by_its_length, by_what_was_written, that_decides, line_by_line, to_another_file, to_one_that_was_there, of_an_object,
]  # fmt: skip


@pytest.mark.parametrize("f", REFUSED, ids=lambda f: f.__name__)
def test_what_is_read_again_is_not_proved(f):
    assert inspect_function(f, (X,), {}).effects is not None


@pytest.mark.parametrize("f", [by_its_length, by_what_was_written, that_decides], ids=lambda f: f.__name__)
def test_texts_that_count_are_looked_at_again(f):
    for x in (X, X + 1.0, X + 2.0, X + 12.0, X + 200.0, X):
        np.testing.assert_allclose(gw.grad(f)(x), differences(f, x), rtol=1e-5, atol=1e-5)


def whole_in_the_text(x):
    log = io.StringIO()
    log.write(f"{x[0]:g}")
    try:
        int(log.getvalue())
    except ValueError:
        return 5.0 * np.sum(x**2)
    return 2.0 * np.sum(x**2)


def whole_as_a_text(x):
    try:
        int(f"{x[0]:g}")
    except ValueError:
        return 5.0 * np.sum(x**2)
    return 2.0 * np.sum(x**2)


@pytest.mark.parametrize("f", [whole_in_the_text, whole_as_a_text], ids=lambda f: f.__name__)
def test_texts_that_raise_by_what_they_say(f):
    for first in (2.0, 3.0, 4.0, 5.0, 2.5, 3.5, 2.0):
        x = np.array([first, 1.0])
        factor = 2.0 if first.is_integer() else 5.0
        np.testing.assert_allclose(gw.grad(f)(x), 2 * factor * x)
