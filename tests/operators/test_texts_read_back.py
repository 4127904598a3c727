"""Numbers that are read back from texts, bytes and files have lost their derivative: an error says so, without verification too.

Each function is x[0]² + x[1] (or Σ x² + x[1]), where the first term goes through a text; the lost derivative would be 0.
"""

from __future__ import annotations

import ast
import collections
import csv
import decimal
import fractions
import io
import math
import re
import string
from pathlib import Path

import numpy as np
import pytest

import gradwise as gw

POINTS = {"short": np.array([0.5, 1.0, 2.0]), "long": np.array([0.512345678912345, 1.2345678912345, 2.0])}


class Word(str):
    __slots__ = ()


class Number(str):
    __slots__ = ()

    def __new__(cls, value):
        return super().__new__(cls, value)

    def number(self):
        return float(self)


class Wrapped(collections.UserString):
    pass


def assigned(x):
    a = np.zeros(2)
    a[0] = Word(x[0])
    return a[0]


def assigned_whole(x):
    a = np.zeros(2)
    a[:] = str(x[0])
    return a[0]


def filled(x):
    a = np.zeros(2)
    a.fill(Word(x[0]))
    return a[0]


def printed(x):
    out = io.StringIO()
    print(Word(x[0]), file=out)
    return float(out.getvalue())


READERS = {
    "class of texts": lambda x: float(Word(x[0])),
    "of an f-string": lambda x: float(Word(f"{x[0]}")),
    "of a percent": lambda x: float(Word("%r" % float(x[0]))),
    "own method": lambda x: Number(x[0]).number(),
    "in upper case": lambda x: float(Word(x[0]).upper()),
    "mapped": lambda x: math.fsum(map(float, Word(x[0]).split())),
    "bytes": lambda x: float(str(x[0]).encode()),
    "UserString": lambda x: float(str(Wrapped(x[0]))),
    "complex": lambda x: complex(Word(x[0])).real,
    "eval": lambda x: eval(Word(x[0])),
    "literal_eval": lambda x: ast.literal_eval(Word(x[0])),
    "Fraction": lambda x: float(fractions.Fraction(Word(x[0]))),
    "Decimal": lambda x: float(decimal.Decimal(Word(x[0]))),
    "template": lambda x: float(string.Template("$a").substitute(a=x[0])),
    "match": lambda x: float(re.match(r".*", Word(x[0])).group()),
    "csv": lambda x: float(next(csv.reader([Word(x[0])]))[0]),
    "printed": printed,
    "float64": lambda x: np.float64(Word(x[0])),
    "float64 of bytes": lambda x: np.float64(str(x[0]).encode()),
    "complex128": lambda x: np.complex128(Word(x[0])).real,
    "array": lambda x: np.array(Word(x[0]), dtype=float)[()],
    "list": lambda x: np.array([Word(x[0])], dtype=float)[0],
    "list of bytes": lambda x: np.asarray([str(x[0]).encode()], dtype=float)[0],
    "ascontiguousarray": lambda x: np.ascontiguousarray([Word(x[0])], dtype=float)[0],
    "split": lambda x: np.asarray(",".join(f"{v:.17g}" for v in x).split(","), float)[0],
    "full": lambda x: np.full(2, Word(x[0]), dtype=float)[0],
    "fromiter": lambda x: np.fromiter([Word(x[0])], dtype=float)[0],
    "assigned": assigned,
    "assigned whole": assigned_whole,
    "filled": filled,
    "loadtxt": lambda x: np.loadtxt([Word(x[0])])[()],
    "genfromtxt": lambda x: np.genfromtxt(io.StringIO(Word(x[0])))[()],
}


@pytest.mark.parametrize("check", [False, None])
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("way", READERS)
def test_what_was_read_from_a_text(way, point, check):
    read = READERS[way]

    def f(x):
        return read(x) ** 2 + x[1]

    assert f(POINTS[point]) == pytest.approx(POINTS[point][0] ** 2 + POINTS[point][1])
    with pytest.raises(gw.TracingError):
        gw.grad(f, method="exact", check=check)(POINTS[point])


def saved(save, load):
    def f(x, path):
        save(path, x)
        y = load(path)
        return np.sum(y * y) + x[1]

    return f


def save_two(path, x):
    with Path(path).open("wb") as file:
        np.save(file, x)
        np.save(file, 2 * x)


def load_two(path):
    with Path(path).open("rb") as file:
        return np.sqrt(np.load(file) * np.load(file) / 2)


FILES = {
    "save": saved(np.save, np.load),
    "handle": saved(save_two, load_two),
    "mapped": saved(np.save, lambda path: np.load(path, mmap_mode="r")),
    "savetxt": saved(np.savetxt, np.loadtxt),
    "read by hand": saved(
        lambda path, x: np.savetxt(path, x, fmt="%.17g"),
        lambda path: np.array([line.strip() for line in Path(path).read_text(encoding="utf-8").split()]).astype(float),
    ),
    "tofile": saved(lambda path, x: x.tofile(path), np.fromfile),
}


@pytest.mark.parametrize("check", [False, None])
@pytest.mark.parametrize("way", FILES)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_was_read_from_a_file(way, check, tmp_path):
    f, path = FILES[way], str(tmp_path / "x.npy")
    assert f(POINTS["short"], path) == pytest.approx(6.25)
    with pytest.raises(gw.TracingError):
        gw.grad(f, method="exact", check=check)(POINTS["short"], path)


def test_what_is_only_shown_is_not_run_again(capsys):
    runs = []

    def f(x):
        runs.append(1)
        print(x, f"{x[0]:.3f}", Word(x[1]))
        return np.sum(x**2 * np.array([0.5, 1.0, 2.0]))

    g = gw.grad(f, method="exact")
    for k in range(1, 5):
        np.testing.assert_allclose(g(POINTS["short"]), [0.5, 2.0, 8.0])
        assert len(runs) == k
    assert capsys.readouterr().out.count("0.500") == 4


def compares_its_text(x):
    """x₀² x₁, if a text equals itself and nothing that is no text."""
    text = f"{x[0]:.6f}"
    unequal = [text == None, 5 == text, (None,) == (text,), text in (None, 1)]
    equal = [text != None, None != text, text == text, text != 5]  # noqa: PLR0124
    return x[0] ** 2 * x[1] if all(equal) and not any(unequal) else x[0]


def test_a_text_equals_nothing_that_is_no_text():
    x = np.array([0.7, 1.3])
    value, gradient = gw.value_and_grad(compares_its_text)(x)
    assert value == compares_its_text(x) == x[0] ** 2 * x[1]
    np.testing.assert_allclose(gradient, [2 * x[0] * x[1], x[0] ** 2], rtol=1e-12)
