"""The command line as an engineer uses it: packages, methods, keyword-only and variadic arguments, messages that name what was written."""

import itertools
import json

import pytest

from gradwise.cli.commands import main

MODEL = """
import numpy as np

class Line:
    def loss(self, w, x=2.0):
        return np.sum((w * x - 1) ** 2)

    def slope(self, w, x=2.0):
        return 2 * x * (w * x - 1)

def scaled(x, *, lam):
    return np.sum(x**2) * lam

def scaled_by_lam(x, *, lam):
    return np.sum(x**2)

def scaled_wrong(x, *, lam):
    return 2 * x

def squares(*xs):
    return sum(x**2 for x in xs)

def squares_slope(*xs):
    return [2 * x for x in xs]

def settings(**p):
    return p["a"] ** 2 + p["b"]

def cubic(x, y):
    return x**2 * y + 3 * x * y**2

def cubic_matrix(x, y):
    return np.array([[2 * y, 2 * x + 6 * y], [2 * x + 6 * y, 6 * x]])

def params(p):
    return np.sum(p["w"] ** 2) + 2 * p["b"]

def params_short(p):
    return {"w": 2 * p["w"]}

def late(x):
    raise ValueError("no slope here")

def through(x):
    return late(x)

class Broken(Line):
    def slope(self, w, x=2.0):
        return 1 / 0
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "second_model.py").write_text(MODEL, encoding="utf-8")
    return "second_model.py"


def run(capsys, *words):
    code = main(list(words))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(
    "words",
    [
        ("Line.loss", "--grad", "Line.slope", "--at", "w=[1.0,2.0]", "--at", "x=3.0", "--argnums", "w"),
        ("Line::loss", "--at", "w=[1.0,2.0]", "--at", "x=3.0"),
        ("scaled", "--at", "[1.0,2.0]", "--at", "lam=2.0", "--argnums", "lam"),
        ("scaled", "--grad", "scaled_by_lam", "--at", "[1.0,2.0]", "--at", "lam=2.0", "--argnums", "lam"),
        ("squares", "--grad", "squares_slope", "--at", "1.0", "--at", "2.0"),
        ("squares", "--grad", "squares_slope", "--at", "1.0", "--at", "2.0", "--argnums", "all"),
        ("settings", "--at", "a=1.0,b=2.0"),
        ("cubic", "--hess", "cubic_matrix", "--at", "1.0", "--at", "2.0", "--argnums", "all"),
    ],
)
def test_right_derivatives_pass_whatever_the_signature(model, capsys, words):
    separator = "::" if "::" in words[0] else ":"
    named = [f"{model}:{w}" if previous in {"--grad", "--hess"} else w for previous, w in itertools.pairwise(words)]
    code, out, err = run(capsys, "check", f"{model}{separator}{words[0]}", *named)
    assert code == 0, (out, err)
    assert "PASSED" in out


def test_all_arguments_are_checked_those_with_a_name_only_too(model, capsys):
    code, out, _ = run(capsys, "check", f"{model}:scaled", "--at", "[1.0,2.0]", "--at", "lam=2.0", "--argnums", "all")
    assert code == 0
    assert "3 of 3 entries" in out
    code, _, _ = run(
        capsys, "check", f"{model}:scaled", "--grad", f"{model}:scaled_wrong", "--at", "[1.0,2.0]", "--at", "lam=2.0"
    )
    assert code == 1


def test_a_wrong_container_is_described_in_the_users_words(model, capsys):
    code, out, _ = run(
        capsys, "check", f"{model}:params", "--grad", f"{model}:params_short", "--at", '{"w": [1.0, 2.0], "b": 0.5}'
    )
    assert code == 1
    assert "grad(x) returned {'w': *}; {'w': *, 'b': *} is required" in out


def test_a_file_of_a_package_may_import_from_it(tmp_path, monkeypatch, capsys):
    inner = tmp_path / "second_package" / "inner"
    inner.mkdir(parents=True)
    (inner.parent / "__init__.py").write_text("")
    (inner / "__init__.py").write_text("")
    (inner.parent / "base.py").write_text("def square(x):\n    return (x**2).sum()\n")
    (inner / "model.py").write_text("from ..base import square\n\n\ndef loss(x):\n    return square(x)\n")
    monkeypatch.chdir(tmp_path)
    for place in ("second_package/inner/model.py", "second_package/inner/../inner/model.py", str(inner / "model.py")):
        code, out, err = run(capsys, "grad", f"{place}:loss", "--at", "[1.0, 2.0]")
        assert (code, out.strip()) == (0, "[2., 4.]"), err


def test_a_package_that_python_finds_elsewhere_first_is_not_taken(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "json"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "decoder.py").write_text("def loss(x):\n    return 3 * x\n")
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "grad", "json/decoder.py:loss", "--at", "1.0")
    assert (code, out.strip()) == (0, "3.0"), err
    assert json.decoder.JSONDecoder is not None


def test_an_unknown_option_of_a_method_is_not_suggested_again(model, capsys):
    words = ("descend", f"{model}:params", "--at", '{"w": [1.0, 2.0], "b": 0.5}')
    code, _, err = run(capsys, *words, "--method", "adam", "--option", "beta=0.3")
    assert code == 2
    assert "Did you mean 'beta'?" not in err
    assert "beta1" in err
    code, _, err = run(capsys, *words, "--option", "momentum=0.9")
    assert code == 2
    assert "method='momentum'" in err


def test_functions_of_keywords_descend_and_are_classified(model, capsys):
    code, out, _ = run(capsys, "classify", f"{model}:squares", "--at", "0.0", "--at", "0.0")
    assert code == 0
    assert out.startswith("minimum")
    code, out, _ = run(capsys, "descend", f"{model}:settings", "--at", "a=1.0,b=2.0", "--maxiter", "3")
    assert code == 1
    assert "unbounded after 3 steps" in out  # along b


@pytest.mark.extras("sympy")
def test_latex_has_the_second_derivatives_that_were_asked_for(model, capsys):
    code, out, _ = run(capsys, "formula", f"{model}:cubic", "--hessian", "--latex")
    assert code == 0
    assert r"\frac{\partial^{2} \operatorname{cubic}}{\partial x \partial y} &= 2 x + 6 y" in out
    assert r"\frac{\partial^{2} \operatorname{cubic}}{\partial x^{2}} &= 2 y" in out


@pytest.mark.slow
@pytest.mark.extras("matplotlib")
def test_variables_of_a_dict_may_be_named_by_their_keys(model, capsys, tmp_path):
    words = ("plot", f"{model}:params", "--at", '{"w": [1.0, 2.0], "b": 0.5}', "--png", "keys.png")
    code, out, err = run(capsys, *words, "--variables", "w[0],b")
    assert (code, out.strip()) == (0, "keys.png"), err
    code, _, err = run(capsys, *words, "--variables", "w,b")
    assert code == 2
    assert "p['w'][0]" in err


@pytest.mark.extras("matplotlib")
def test_a_picture_needs_a_point_or_a_range(model, capsys):
    code, _, err = run(capsys, "plot", f"{model}:cubic", "--png", "range.png")
    assert code == 2
    assert "--xlim -2,2" in err
    code, out, err = run(capsys, "plot", f"{model}:cubic", "--png", "range.png", "--xlim", "-2,2")
    assert (code, out.strip()) == (0, "range.png"), err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("params", "--grad", "late", "--at", '{"w": [1.0], "b": 2.0}'), "late raised ValueError: no slope here"),
        (("params", "--hess", "late", "--at", '{"w": [1.0], "b": 2.0}'), "late raised ValueError: no slope here"),
        (("late", "--grad", "through", "--at", "1.0"), "late raised ValueError: no slope here"),
        (("Line.loss", "--grad", "Broken.slope", "--at", "[1.0,2.0]"), "Broken.slope raised ZeroDivisionError"),
    ],
)
def test_what_raised_is_named(model, capsys, words, says):
    named = [f"{model}:{w}" if previous in {"--grad", "--hess"} else w for previous, w in itertools.pairwise(words)]
    code, _, errors = run(capsys, "check", f"{model}:{words[0]}", *named)
    assert code == 1
    assert f"gradwise check: {says}" in errors.splitlines()[-1]
