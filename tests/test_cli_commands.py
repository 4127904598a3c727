"""The commands that draw, search, descend and write formulas; data from files; documents, pictures and exit codes."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import gradwise as gw
from gradwise.cli import main
from gradwise.cli.commands import COMMANDS
from gradwise.cli.points import split_named

SYMPY = pytest.mark.extras("sympy")
MATPLOTLIB = pytest.mark.extras("matplotlib")

MODEL = """\
import numpy as np

x0 = np.array([-1.2, 1.0])

def rosen(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2

def energy(x, y):
    return x**2 * y + 3 * x * y**2

def bowl(x, y):
    return (x - 2) ** 2 + (y - 1) ** 2

def himmelblau(x, y):
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2

def one(x):
    return x**3 - 3 * x

def three(v):
    return v[0] ** 2 + 2 * v[1] ** 2 + 3 * v[2] ** 2

def loss(w, X, y):
    return np.mean((X @ w - y) ** 2)

def slope(w, X, y):
    return 2 * X.T @ (X @ w - y) / len(y)

def wrong(w, X, y):
    return 2 * X.T @ (X @ w - y)

def last(X, y, w, *, scale=1.0):
    return scale * np.mean((X @ w - y) ** 2)

def residuals(x):
    return np.stack([x[0] * x[1], x[0] ** 2, np.sin(x[1])])

def branch(x):
    return x**3 if x > 0 else -x

def downhill(x):
    return x

def chained(x):
    try:
        {}["a"]
    except KeyError as error:
        raise ValueError("outer") from error

class Model:
    def loss(self, x):
        return np.sum(x**2)

    class Inner:
        def loss(self, x):
            return 2 * np.sum(x**2)
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command beside model.py and its data; return (exit code, output, errors)."""
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n3,4\n5,7\n")
    (tmp_path / "y.csv").write_text("1\n2\n3\n")
    (tmp_path / "point.csv").write_text("x,y\n1.5,2.5\n")
    (tmp_path / "row.csv").write_text("1.5,2.5\n")
    (tmp_path / "table.csv").write_text("price;area\n1;2\n")
    (tmp_path / "holes.csv").write_text("a,b\n1,2\n3,\n")
    (tmp_path / "ragged.csv").write_text("1,2\n3\n")
    (tmp_path / "empty.csv").write_text("\n")
    (tmp_path / "point.json").write_text('{"x": 1.0, "y": 2.0}')
    (tmp_path / "list.json").write_text("[1.0, 2.0]")
    (tmp_path / "broken.json").write_text("[1.0, ")
    np.save(tmp_path / "w.npy", np.array([1.0, 1.0]))
    np.save(tmp_path / "text.npy", np.array(["a"]))
    np.savez(tmp_path / "data.npz", X=np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]))
    np.savez(tmp_path / "point.npz", x=1.5, y=2.5)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = set(sys.modules)

    def command(*words):
        code = main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield command
    for name in {"model"} & (set(sys.modules) - before):
        del sys.modules[name]


def succeeds(result):
    code, output, errors = result
    assert (code, errors) == (0, "")
    return output


def told(result, code=2):
    assert (result[0], result[1]) == (code, "")
    assert "Traceback" not in result[2]
    assert result[2].count("\n") == 1, result[2]
    return result[2]


DATA = ("--data", "X=x.csv", "--data", "y=y.csv")

# ------------------------------------------------------------------------------------------------------ points and data


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["model.py::energy", "--at", "x=1.0,y=2"], "(16.0, 13.0)"),
        (["model.py::Model::loss", "--at", "[1.0, 2.0]"], "[2., 4.]"),
        (["model.py:Model.Inner.loss", "--at", "[1.0, 2.0]"], "[4., 8.]"),
        (["model:energy", "--at", "x=1.0", "--at", "y=2"], "(16.0, 13.0)"),
        (["model.py:energy", "--at", "point.json"], "(16.0, 13.0)"),
        (["model.py:energy", "--at", "point.csv"], "(26.25, 24.75)"),
        (["model.py:energy", "--at", "point.npz"], "(26.25, 24.75)"),
        (["model.py:three", "--at", "(1, 2, 3.0)"], "(2.0, 8.0, 18.0)"),
        (["model.py:energy", "--at", "(1.0, 2)"], "(16.0, 13.0)"),
        (["model.py:energy", "--at", "list.json"], "(16.0, 13.0)"),
        (["model.py:Model.loss", "--at", "w.npy"], "[2., 2.]"),
        (["model.py:Model.loss", "--at", "list.json"], "[2., 4.]"),
        (["model.py:Model.loss", "--at", "x=row.csv"], "[3., 5.]"),
        (["model.py:loss", "--at", "w.npy", *DATA], "[41.33333333333333, 58.              ]"),
        (["model.py:loss", "--at", "w=[1, 1]", *DATA], "[41.33333333333333, 58.              ]"),
        (["model.py:loss", "--at", "w.npy", "--data", "X=data.npz", "--data", "y=[1, 2, 3]"],
         "[41.33333333333333, 58.              ]"),
        (["model.py:last", "--at", "w=w.npy,scale=3", *DATA, "--argnums", "w"], "[124., 174.]"),
        (["model.py:last", "--at", "w=w.npy", *DATA], "[41.33333333333333, 58.              ]"),
        (["model.py:loss", "--at", "w.npy", *DATA, "--argnums", "all"], "([41.33333333333333, 58.              ],)"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)  # fmt: skip
def test_points_and_data(run, words, printed):
    output = succeeds(run("grad", *words)).rstrip("\n")
    if printed.startswith("(["):
        assert re.sub(r"array\(|\)", "", output).replace("(", "") != ""
        (result,) = json.loads(run("grad", *words, "--json")[1])["result"]
        assert result == pytest.approx([124 / 3, 58], rel=1e-15)
    else:  # the last digit of a product of matrices is the machine's
        number = re.compile(r"\d+\.?\d*")
        assert re.sub(r" +", " ", number.sub("#", output)) == re.sub(r" +", " ", number.sub("#", printed))
        found, wanted = ([float(n) for n in number.findall(text)] for text in (output, printed))
        assert found == pytest.approx(wanted, rel=1e-15)


def test_one_column_of_a_table(run):
    output = succeeds(run("grad", "model.py:loss", "--at", "w.npy", "--data", "X=x.csv", "--data", "y=x.csv:b"))
    X, y = np.array([[1.0, 2], [3, 4], [5, 7]]), np.array([2.0, 4, 7])
    assert np.allclose(eval(output), 2 * X.T @ (X @ np.ones(2) - y) / 3, rtol=1e-15)


def test_named_values_are_split_at_the_commas_between_them():
    assert split_named("x=1.0,y=2") == ["x=1.0", "y=2"]
    assert split_named("w=[1, 2],b=3") == ["w=[1, 2]", "b=3"]
    assert split_named("p={'a': 1, 'b': 2}, mode=\"x,y=1\"") == ["p={'a': 1, 'b': 2}", ' mode="x,y=1"']
    assert split_named("[1.0, 2.0]") == ["[1.0, 2.0]"]
    assert split_named("(1.0, 2.0)") == ["(1.0, 2.0)"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--at", "w.npyy=1"], r"neither JSON nor a Python literal"),
        (["--at", "ww.npy"], r"--at names the file 'ww.npy', which does not exist .* Did you mean w\.npy\?"),
        (["--at", "zzz.json"], r"does not exist .* Write the path of a"),
        (["--at", "text.npy"], r"dtype <U1. Numbers are required"),
        (["--at", "broken.json"], r"'broken.json' cannot be read as \.json"),
        (["--at", "holes.csv"], r"line 3, column 'b' holds ''\. A number is required"),
        (["--at", "ragged.csv"], r"line 2 has 1 cells, and the first has 2"),
        (["--at", "empty.csv"], r"is empty"),
        (["--at", "w.npy", "--data", "X=x.csv:c"], r"asks for the column 'c'.* It has a, b"),
        (["--at", "w.npy", "--data", "X=y.csv:c"], r"Its first row must name the columns"),
        (["--at", "w.npy", "--data", "x.csv"], r"--data 'x.csv' has no name\..* Write --data X=x.csv"),
        (["--at", "w.npy", "--data", "X=x.csv", "--data", "X=x.csv"], r"--data gives 'X' twice"),
        (["--at", "w.npy", "--data", "Z=x.csv"], r"--data names 'Z', which loss\(w, X, y\) does not take"),
        (["--at", "w.npy,X=1", *DATA], r"neither JSON nor"),
        (["--at", "w=w.npy,X=1", *DATA], r"--at and --data both give 'X'"),
        (["--at", "w.npy", "--data", "X=x.csv"], r"the point does not fit loss\(w, X, y\): missing a required argument: 'y'"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)  # fmt: skip
def test_points_and_data_that_cannot_be_read(run, words, message):
    assert re.search(message, told(run("grad", "model.py:loss", *words)))


def test_near_names_are_offered(run):
    assert "Did you mean model.py?" in told(run("grad", "modle.py:energy", "--at", "1"))
    assert "Did you mean energy?" in told(run("grad", "model.py::enrgy", "--at", "1"))
    assert "there is no command 'clasify'. Did you mean classify?" in told(run("clasify", "model.py:bowl"))


def test_arguments_given_by_name_move_and_data_do_not(run, tmp_path):
    program = json.loads(succeeds(run("trace", "model.py:energy", "--at", "x=1.0,y=2.0", "--json")))
    assert [v["name"] for v in program["inputs"]] == ["x", "y"]
    program = json.loads(succeeds(run("trace", "model.py:last", "--at", "w=w.npy,scale=2.0", *DATA, "--json")))
    assert [v["name"] for v in program["inputs"]] == ["w", "scale"]
    (tmp_path / "kinky.py").write_text("import numpy as np\ndef f(x, y): return np.abs(x) + np.abs(y)\n")
    assert len(json.loads(run("kinks", "kinky.py:f", "--at", "x=0,y=1", "--json")[1])["kinks"]) == 1
    assert json.loads(run("kinks", "kinky.py:f", "--at", "x=1.0", "--data", "y=0.0", "--json")[1])["kinks"] == []
    explained = succeeds(run("explain", "model.py:loss", "--at", "w.npy", *DATA))
    assert explained.startswith("loss: traced")


# ------------------------------------------------------------------------------------------------------------- formulas


@SYMPY
def test_formula(run):
    printed = succeeds(run("formula", "model.py:energy", "--at", "x=1.0,y=2.0", "--hessian"))
    assert printed == (
        "energy(x, y) = x²y + 3xy²\n"
        "  ∂energy/∂x = 2xy + 3y²\n"
        "  ∂energy/∂y = x² + 6xy\n"
        "∂²energy/∂x² = 2y\n"
        "∂²energy/∂x∂y = 2x + 6y\n"
        "∂²energy/∂y² = 6x\n"
    )
    # x0 of the file is another function's point
    assert succeeds(run("formula", "model.py:energy")).splitlines() == printed.splitlines()[:3]
    assert succeeds(run("formula", "model.py:energy", "--at", "1.0", "--at", "2.0", "--latex")).startswith(
        "\\begin{aligned}\n"
    )
    assert "(2w₀" not in succeeds(run("formula", "model.py:loss", "--at", "w.npy", *DATA, "--argnums", "w"))
    assert succeeds(run("formula", "model.py:loss", "--at", "w.npy", *DATA)).startswith("  loss(w) = ")


@SYMPY
def test_json_of_a_formula(run):
    document = json.loads(succeeds(run("formula", "model.py:branch", "--at", "-1.0", "--json", "--hessian")))
    assert list(document) == [
        "command", "function", "args", "kwargs", "data", "name", "arguments", "symbols", "shape", "value", "derivatives",
        "conditions", "point", "notes", "latex", "hessians", "warnings",
    ]  # fmt: skip
    assert document["derivatives"] == [{"of": "branch", "by": "x", "formula": "-1", "text": "−1"}]
    assert document["conditions"][0]["condition"] == "x <= 0"
    assert document["hessians"] == [[["0"]]]


@SYMPY
def test_a_formula_that_cannot_be_had(run, tmp_path):
    (tmp_path / "waves.py").write_text("import scipy\ndef f(x): return scipy.special.modstruve(1, x)\n")
    code, output, errors = run("formula", "waves.py:f", "--at", "2.0")
    assert (code, output) == (1, "")
    assert "the primitive modstruve has no counterpart in SymPy" in errors
    assert f"{tmp_path / 'waves.py'}:2" in errors


def test_formula_names_the_extra(run, monkeypatch):
    def absent(*args, **kwargs):
        raise ImportError("gw.formula was called without SymPy. Install it with: pip install 'gradwise[sympy]'")

    monkeypatch.setattr(gw, "formula", absent)
    code, _, errors = run("formula", "model.py:energy", "--at", "1.0", "--at", "2.0")
    assert code in {1, 2}
    assert "pip install 'gradwise[sympy]'" in errors


# -------------------------------------------------------------------------------------------------------------- descent


def test_descend(run):
    printed = succeeds(run("descend", "model.py:bowl", "--at", "x=0.0,y=0.0", "--learning-rate", "0.1"))
    assert printed.startswith("gd: gradient_tolerance after 62 steps")
    assert "theory 1 − ημ = 0.8" in printed
    code, printed, _ = run("descend", "model.py:rosen", "--maxiter", "3")
    assert (code, printed.splitlines()[0].split(",")[0]) == (1, "gd: max_iterations after 3 steps")


def test_descend_with_data_and_options(run):
    words = [
        "descend",
        "model.py:last",
        "--at",
        "w=[0, 0]",
        *DATA,
        "--method",
        "momentum",
        "--option",
        "beta=0.8",
        "--json",
    ]
    document = json.loads(succeeds(run(*words, "--maxiter", "5000", "--tol", "1e-8")))
    X, y = np.array([[1.0, 2], [3, 4], [5, 7]]), np.array([1.0, 2, 3])
    assert np.allclose(document["x"], np.linalg.lstsq(X, y)[0], atol=1e-5)
    assert document["options"]["beta"] == 0.8
    assert "trace" not in document
    assert document["data"] == {"X": [3, 2], "y": [3]}
    document = json.loads(succeeds(run(*words, "--maxiter", "5000", "--trace")))
    assert len(document["trace"]["fun"]) == document["nit"] + 1


def test_json_of_a_descent(run):
    document = json.loads(
        succeeds(run("descend", "model.py:bowl", "--at", "x=0.0,y=0.0", "--method", "newton", "--json"))
    )
    assert list(document) == [
        "command", "function", "args", "kwargs", "data", "x", "fun", "jac", "nit", "nfev", "njev", "success", "status", "message",
        "stop_reason", "method", "options", "path", "curvature", "learning_rates", "rate", "assumptions", "end_point", "cause",
        "notes", "warnings",
    ]  # fmt: skip
    assert document["stop_reason"] == "gradient_tolerance"
    assert np.allclose(document["x"], [2, 1])


def test_wrong_descents(run):
    assert "has no name and value. Write --option beta=0.9" in told(
        run("descend", "model.py:rosen", "--option", "beta")
    )
    assert "invalid choice: 'bfgs'" in told(run("descend", "model.py:rosen", "--method", "bfgs"))
    assert "Did you mean newton?" in told(run("descend", "model.py:rosen", "--method", "newtn"))
    assert "Did you mean --learning-rate?" in told(run("descend", "model.py:rosen", "--learning_rate", "0.1"))
    assert "Did you mean" not in told(run("descend", "model.py:rosen", "--quiet", "yes"))
    assert "learning_rate" in told(run("descend", "model.py:rosen", "--learning-rate", "quick"))
    assert "invalid int value" in told(run("descend", "model.py:rosen", "--maxiter", "many"))


# ------------------------------------------------------------------------------------------------------ critical points


def test_classify(run):
    printed = succeeds(run("classify", "model.py:energy", "--at", "(0.0, 0.0)"))
    assert printed.startswith("degenerate at (0, 0)\n")
    assert succeeds(run("classify", "model.py:bowl", "--at", "x=2,y=1")).startswith("minimum at (2, 1)\n")
    assert succeeds(run("classify", "model.py:three", "--at", "[0.0, 0.0, 0.0]")).startswith("minimum at")
    document = json.loads(succeeds(run("classify", "model.py:one", "--at", "-1", "--json")))
    assert (document["command"], document["kind"], document["eigenvalues"]) == ("classify", "maximum", [-6.0])
    assert list(document)[:6] == ["command", "function", "args", "kwargs", "data", "kind"]


def test_critical_points(run):
    printed = succeeds(run("critical-points", "model.py:himmelblau", "--bounds", "x=-5:5,y=-5:5"))
    assert printed.startswith(
        "9 critical points in [-5, 5] × [-5, 5] (4 minima, 4 saddles, 1 maximum), proved complete\n"
    )
    document = json.loads(succeeds(run("critical-points", "model.py:one", "--bounds", "-2,2", "--json")))
    assert [(p["kind"], round(p["x"], 9)) for p in document["points"]] == [("minimum", 1.0), ("maximum", -1.0)]
    assert list(document)[:6] == ["command", "function", "data", "points", "proved", "status"]
    assert document["bounds"] == [[-2.0, 2.0]]
    assert succeeds(run("critical-points", "model.py:rosen", "--bounds", "-2:2", "--bounds", "-1:3")).startswith(
        "1 critical point "
    )
    assert succeeds(run("critical-points", "model.py:bowl", "--bounds", "-5:5")).startswith("1 critical point ")
    assert succeeds(run("critical-points", "model.py:himmelblau", "--bounds", "[[-5, 5], [-4, 5]]")).startswith(
        "9 critical points in [-5, 5] × [-4, 5]"
    )
    fixed = succeeds(run("critical-points", "model.py:himmelblau", "--data", "x=3.0", "--bounds", "y=-5:5"))
    assert fixed.startswith("3 critical points in [-5, 5]")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], r"was given no box\. .* Write --bounds x=-5:5,y=-5:5"),
        (["--bounds", "x=-5:5"], r"--bounds gives ranges of x, and bowl needs x, y"),
        (["--bounds", "x=-5:5,x=-5:5"], r"gives 'x' twice"),
        (["--bounds", "x=-5:5", "--bounds", "-5:5"], r"some ranges by name and some without"),
        (["--bounds", "1:2", "--bounds", "1:2", "--bounds", "1:2"], r"--bounds gives 3 ranges, and bowl takes x, y"),
        (["--bounds", "5:-5"], r"The smaller number comes first\. Write --bounds -5,5"),
        (["--bounds", "five"], r"is no range"),
        (["--bounds", "-5:5", "--at", "1"], r"It searches a box and starts nowhere"),
    ],
)
def test_boxes_that_are_none(run, words, message):
    assert re.search(message, told(run("critical-points", "model.py:bowl", *words)))


# -------------------------------------------------------------------------------------------------------------- checks


def test_check_with_data(run):
    assert succeeds(run("check", "model.py:loss", "--grad", "model.py:slope", "--at", "w.npy", *DATA)).startswith(
        "gradient check PASSED"
    )
    code, printed, _ = run("check", "model.py:loss", "--grad", "model.py:wrong", "--at", "w.npy", *DATA, "--json")
    document = json.loads(printed)
    assert (code, document["causes"][0], document["function"]) == (1, "missing 1/n", "model.py:loss")
    assert document["data"] == {"X": [3, 2], "y": [3]}


# ------------------------------------------------------------------------------------------------------------- pictures


def is_a_picture(path):
    """Whether a PNG has many colours over most of its rows, as a drawing has."""
    from matplotlib.image import imread

    pixels = imread(path)[..., :3]
    busy = np.any(np.ptp(pixels, axis=1) > 0.2, axis=1)
    return min(pixels.shape[:2]) > 300 and busy.mean() > 0.5


@MATPLOTLIB
@pytest.mark.parametrize(
    "words",
    [
        ["grad", "model.py:rosen"],
        ["value-and-grad", "model.py:loss", "--at", "w.npy", *DATA],
        ["grad", "model.py:energy", "--at", "x=1.0,y=2.0", "--argnums", "all"],
        ["jacobian", "model.py:residuals", "--at", "[1.0, 2.0]"],
        ["hessian", "model.py:energy", "--at", "x=1.0,y=2.0"],
        ["hessian", "model.py:rosen"],
        ["classify", "model.py:bowl", "--at", "(2.0, 1.0)"],
        ["critical-points", "model.py:one", "--bounds", "-2:2"],
        ["critical-points", "model.py:bowl", "--bounds", "-5:5"],
        ["descend", "model.py:bowl", "--at", "x=0.0,y=0.0"],
        ["check", "model.py:loss", "--at", "w.npy", *DATA],
        ["plot", "model.py:rosen", "--descend"],
        ["plot", "model.py:bowl", "--xlim", "-1,4", "--ylim", "-2:3", "--critical-points"],
        ["plot", "model.py:bowl", "--at", "1.0", "--at", "2.0", "--kind", "rose"],
        ["plot", "model.py:bowl", "--xlim", "-1,4", "--kind", "flow"],
        ["plot", "model.py:bowl", "--xlim", "-1,4", "--kind", "surface"],
        ["plot", "model.py:one", "--at", "1.0", "--xlim", "-2,2"],
        ["plot", "model.py:three", "--at", "[1.0, 0.0, 1.0]", "--variables", "0,2"],
        ["plot", "model.py:loss", "--at", "w.npy", *DATA],
        ["plot", "model.py:three", "--at", "[1.0, 0.0, 1.0]"],
        ["plot", "model.py:three", "--at", "[1.0, 0.0, 1.0]", "--kind", "flow", "--variables", "v[0],v[2]"],
        ["plot", "model.py:three", "--at", "[1.0, 0.0, 1.0]", "--kind", "surface"],
        ["plot", "model.py:three", "--at", "[1.0, 0.0, 1.0]", "--kind", "line"],
        ["plot", "model.py:three", "--at", "[1.0, 0.0, 1.0]", "--kind", "rose"],
        ["plot", "model.py:three", "--at", "[1.0, 0.0, 1.0]", "--descend"],
    ],
    ids=" ".join,
)
def test_pictures_are_written(run, tmp_path, words):
    output = succeeds(run(*words, "--png", "picture.png"))
    assert is_a_picture(tmp_path / "picture.png")
    if words[0] == "plot":
        assert output == "picture.png\n"


@MATPLOTLIB
@pytest.mark.parametrize(
    ("words", "title"),
    [
        ([], "three\nv[2] = 1"),
        (["--variables", "0,2"], "three\nv[1] = 0"),
        (["--kind", "line"], "three\nthrough v[0] = 1, v[1] = 0, v[2] = 1"),
        (["--kind", "rose"], "three\nat 1, 0, 1"),
        (["--kind", "surface", "--variables", "v[1],v[2]"], "three\nv[0] = 1"),
        (["--kind", "flow"], "three\nv[2] = 1"),
    ],
)
def test_a_slice_names_what_it_holds(run, monkeypatch, words, title):
    drawn = []
    for name in ("contour", "surface", "line_slice", "rose", "flow_lines"):
        original = getattr(gw.plot, name)
        monkeypatch.setattr(
            gw.plot, name, lambda *a, original=original, **k: drawn.append(original(*a, **k)) or drawn[-1]
        )
    succeeds(run("plot", "model.py:three", "--at", "[1.0, 0.0, 1.0]", *words, "--png", "p.png"))
    assert drawn[0].get_title() == title


def test_ranges_for_the_entries_of_an_array(run):
    short = json.loads(succeeds(run("critical-points", "model.py:three", "--bounds", "-1:1,-2:2,-3:3", "--json")))
    long = json.loads(
        succeeds(
            run(
                "critical-points",
                "model.py:three",
                "--bounds",
                "-1:1",
                "--bounds",
                "-2:2",
                "--bounds",
                "-3:3",
                "--json",
            )
        )
    )
    assert short["bounds"] == long["bounds"] == [[-1.0, 1.0], [-2.0, 2.0], [-3.0, 3.0]]
    assert short["points"] == long["points"]


def test_a_typo_is_cured_by_a_function_only(run):
    code, _, errors = run("check", "model.py:rosen", "--grad", "model.py:nqp")
    assert code == 2
    assert "Did you mean np" not in errors


@MATPLOTLIB
def test_the_range_of_one_variable_is_that_of_the_picture(run, monkeypatch):
    drawn = []
    original = gw.plot.line_slice
    monkeypatch.setattr(gw.plot, "line_slice", lambda *a, **k: drawn.append(original(*a, **k)) or drawn[-1])
    document = json.loads(
        succeeds(run("plot", "model.py:one", "--at", "1.0", "--xlim", "-2,2", "--png", "one.svg", "--json"))
    )
    assert (document["kind"], document["png"]) == ("line", "one.svg")
    assert drawn[0].get_xlim()[0] <= -2 < 2 <= drawn[0].get_xlim()[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plot", "model.py:rosen"], r"plot was given no file to write\. Write --png picture\.png"),
        (["plot", "model.py:rosen", "--png", "picture.txt"], r"does not end in \.png, \.pdf, \.svg"),
        (["plot", "model.py:rosen", "--png", "no/picture.png"], r"lies in a folder that does not exist"),
        (["plot", "model.py:rosen", "--png", "p.png", "--xlim", "1"], r"--xlim '1' is no range"),
        (["plot", "model.py:rosen", "--png", "p.png", "--kind", "pie"], r"invalid choice: 'pie'"),
        (["plot", "model.py:bowl", "--png", "p.png"], r"bowl\(x, y\) was given no point"),
        (["plot", "model.py:bowl", "--png", "p.png", "--kind", "rose", "--xlim", "1,2"], r"was given no point\. The line and the slopes"),
        (["plot", "model.py:bowl", "--png", "p.png", "--descend", "--xlim", "1,2"], r"no point to start from"),
        (["plot", "model.py:three", "--at", "[1, 2, 3]", "--png", "p.png", "--variables", "x"], r"names 1\. Two are required"),
        (["trace", "model.py:rosen", "--png", "p.png"], r"unrecognized arguments: --png"),
        (["descend", "model.py:rosen", "--png", "p.bmp"], r"does not end in"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)  # fmt: skip
def test_pictures_that_cannot_be_drawn(run, words, message):
    assert re.search(message, told(run(*words)))


# ----------------------------------------------------------------------------------------------- the users' own failures


def test_a_chain_of_the_users_exceptions_is_shown_whole(run, tmp_path):
    code, output, errors = run("grad", "model.py:chained", "--at", "1.0")
    assert (code, output) == (1, "")
    assert "KeyError: 'a'" in errors
    assert "The above exception was the direct cause" in errors
    files = set(re.findall(r'File "([^"]+)"', errors))
    assert files == {str(tmp_path / "model.py")}


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in {"demo", "critical-points", "plot"}])
def test_every_command_shows_the_users_traceback_alone(run, tmp_path, command):
    code, output, errors = run(command, "model.py:chained", "--at", "1.0")
    assert (code, output) == (1, "")
    assert set(re.findall(r'File "([^"]+)"', errors)) == {str(tmp_path / "model.py")}
    assert errors.endswith(f"gradwise {command}: chained raised ValueError: outer\n")


@pytest.mark.parametrize("words", [["critical-points", "--bounds", "-1:1"], ["plot", "--at", "1.0", "--png", "p.png"]])
def test_searches_and_pictures_show_the_users_traceback_alone(run, tmp_path, words):
    if words[0] == "plot" and importlib.util.find_spec("matplotlib") is None:
        pytest.skip("matplotlib is not installed")
    code, output, errors = run(words[0], "model.py:chained", *words[1:])
    assert (code, output) == (1, "")
    assert set(re.findall(r'File "([^"]+)"', errors)) == {str(tmp_path / "model.py")}
    assert "ValueError: outer" in errors


# ------------------------------------------------------------------------------------------------ help, documents, tables


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example(name, capsys):
    with pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    assert stop.value.code == 0
    assert re.search(rf"example:\n  gradwise {name}\b", capsys.readouterr().out)


ARGUMENTS = {
    "formula": ["--at", "x=1.0,y=2.0"],
    "critical-points": ["--bounds", "-1:1"],
    "plot": ["--xlim", "-1:1", "--png", "p.png"],
    "jacobian": ["--at", "x=1.0,y=2.0"],
}


@SYMPY
@MATPLOTLIB
@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "demo"])
def test_every_document_says_what_was_asked(run, name):
    _, output, errors = run(name, "model.py:bowl", *ARGUMENTS.get(name, ["--at", "x=1.0,y=2.0"]), "--json")
    document = json.loads(output)
    assert errors == ""
    assert list(document)[:2] == ["command", "function"]
    assert (document["command"], document["function"]) == (name, "model.py:bowl")
    assert document["warnings"] == []
    assert "data" in document
    if name not in {"critical-points"}:
        assert {"args", "kwargs"} <= set(document)


def on_a_terminal(words, cwd):
    """Return what a command writes to a terminal of 100 columns."""
    pty = pytest.importorskip("pty")
    mine, theirs = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "TERM"}}
    process = subprocess.Popen([sys.executable, "-m", "gradwise", *words], stdout=theirs, stderr=theirs, cwd=cwd,
                               env={**kept, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"})  # fmt: skip
    os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(mine, 65536)
        except OSError:  # the other end was closed
            break
        if not piece:
            break
        written += piece
    process.wait()
    os.close(mine)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written.decode())


@pytest.mark.slow
def test_tables_on_a_terminal(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    table = on_a_terminal(["grad", "model.py:energy", "--at", "x=1.0,y=2.0"], tmp_path)
    assert re.search(r"│ x +│ +1\.0 │ +16\.0 │", table)
    assert re.search(r"│ x\[1\] +│", on_a_terminal(["value-and-grad", "model.py:rosen"], tmp_path))
    points = on_a_terminal(["critical-points", "model.py:himmelblau", "--bounds", "-5:5"], tmp_path)
    assert re.search(r"│ maximum │ -0\.2708446 │", points)
    report = on_a_terminal(["descend", "model.py:bowl", "--at", "x=0.0,y=0.0"], tmp_path)
    assert re.search(r"end point +minimum", report)
    assert "│" not in on_a_terminal(["grad", "model.py:rosen", "--no-color"], tmp_path)


def test_commands_as_processes(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)

    def process(*words):
        found = subprocess.run(
            [sys.executable, "-m", "gradwise", *words], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        return found.returncode, found.stdout, found.stderr

    code, output, errors = process("descend", "model.py::bowl", "--at", "x=0.0,y=0.0", "--method", "newton")
    assert (code, errors) == (0, "")
    assert output.startswith("newton(")
    assert process("descend", "model.py::rosen", "--maxiter", "2")[0] == 1
    assert process("descend", "model.py::rosenn")[0] == 2
