"""gradwise check: the report as text or JSON, exit code 1 where the claim is wrong, 2 where the command is."""

from __future__ import annotations

import json
import sys

import pytest

from gradwise.cli import main

SOURCE = """
import numpy as np
x0 = np.array([1.0, 2.0])
def f(x): return np.sum(x**2)
def df(x): return 2 * x
def half(x): return x
def two(x, y): return x * y**2
def dtwo(x, y): return (y**2, 2 * x * y)
def keyword(x, *, rate): return rate * np.sum(x**2)
def dkeyword(x, *, rate): return 2 * rate * x
def vector(x): return x * x[::-1]
def jac(x): return np.array([[x[1], x[0]], [x[1], x[0]]])
def hess(x): return 2 * np.eye(2)
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    (tmp_path / "model.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    yield "model.py"
    sys.modules.pop("model", None)


def test_right_and_wrong(model, capsys):
    assert main(["check", f"{model}:f", "--grad", f"{model}:df", "--at", "[1.0, 2.0]"]) == 0
    assert "PASSED" in capsys.readouterr().out
    assert main(["check", f"{model}:f", "--grad", f"{model}:half", "--at", "[1.0, 2.0]"]) == 1
    assert "likely cause: missing factor 2" in capsys.readouterr().out
    assert main(["check", f"{model}:f"]) == 0


def test_json(model, capsys):
    assert main(["check", f"{model}:f", "--grad", f"{model}:half", "--at", "[1.0, 2.0]", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["passed"] is False
    assert document["causes"][0] == "missing factor 2"
    assert document["verdicts"] == ["wrong", "wrong"]
    assert document["claimed"] == [1.0, 2.0]


def test_several_arguments_and_keywords(model):
    assert main(["check", f"{model}:two", "--grad", f"{model}:dtwo", "--at", "2", "--at", "3"]) == 0
    assert main(["check", f"{model}:two", "--grad", f"{model}:dtwo", "--at", "x=2", "--at", "y=3"]) == 0
    assert (
        main(["check", f"{model}:keyword", "--grad", f"{model}:dkeyword", "--at", "[1.0, 2.0]", "--at", "rate=0.5"])
        == 0
    )


def test_jacobians_hessians_entries(model, capsys):
    assert main(["check", f"{model}:vector", "--jac", f"{model}:jac", "--at", "[1.0, 2.0]"]) == 0
    assert main(["check", f"{model}:f", "--hess", f"{model}:hess", "--at", "[1.0, 2.0]"]) == 0
    assert main(["check", f"{model}:f", "--grad", f"{model}:df", "--at", "[1.0, 2.0]", "--entries", "0"]) == 0
    assert "1 of 1 entry" in capsys.readouterr().out


def test_misuse(model, capsys):
    assert main(["check", f"{model}:nothing", "--at", "1"]) == 2
    assert main(["check", f"{model}:f", "--grad", f"{model}:df", "--hess", f"{model}:hess", "--at", "1"]) == 2
    assert main(["check", f"{model}:f", "--entries", "a", "--at", "[1.0]"]) == 2
    assert main(["check", f"{model}:f", "--hess", f"{model}:hess", "--entries", "0", "--at", "[1.0]"]) == 2
    assert main(["check", "missing.py:f"]) == 2
    assert "Write" in capsys.readouterr().err
