"""The command line: what it prints, where it looks, what it says when the command or the function is wrong."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gradwise.cli import main
from gradwise.cli.commands import COMMANDS
from gradwise.cli.printing import as_json, count_non_finite

MODEL = """\
import struct
from dataclasses import dataclass
import numpy as np

x0 = np.array([1.0, 2.0])

def loss(x, scale=1.0):
    return scale * np.sum(x**2)

def two(x, y):
    return x**2 * y + 3 * x * y**2

def opaque(x):
    return struct.unpack("d", struct.pack("d", x[0]))[0] * x[1]

def broken(x):
    return inner(x)

def inner(x):
    raise ValueError("no such luck")

def vector(x):
    return 2 * x

def kinky(x):
    return np.sum(np.abs(x))

def product(x):
    return x[0] * x[1]

def params(p):
    return np.sum(p["w"] ** 2) + p["b"]

def talkative(x):
    print("talking")
    return np.sum(x)

def root(x):
    return np.sum(np.sqrt(x))

def typed(x, mode):
    return np.sum(x) if mode == "sum" else np.sum(x**2)

def nothing():
    return 1.0

class Model:
    def __init__(self):
        self.k = 3.0

    def loss(self, x):
        return self.k * np.sum(x**2)

    @staticmethod
    def total(x):
        return np.sum(x)

    @classmethod
    def doubled(cls, x):
        return 2 * np.sum(x)

class Sized:
    def __init__(self, k):
        self.k = k

    def loss(self, x):
        return self.k * np.sum(x)

sized = Sized(2.0)
value = 3
"""


@pytest.fixture
def gradwise(tmp_path, monkeypatch, capsys):
    """Run a command beside a file model.py; return (exit code, output, errors)."""
    (tmp_path / "model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = set(sys.modules)

    def run(*words):
        code = main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    yield run
    for name in set(sys.modules) - before:
        if not name.startswith(("gradwise", "numpy", "scipy", "rich")):
            del sys.modules[name]


def succeeds(result):
    code, output, errors = result
    assert (code, errors) == (0, "")
    return output


def one_line(result, code):
    """Return the message of a command that failed with one line and no traceback."""
    assert result[0] == code
    assert result[1] == ""
    assert result[2].count("\n") == 1, result[2]
    assert "Traceback" not in result[2]
    return result[2]


# ------------------------------------------------------------------------------------------------------ derivatives


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["grad", "model.py:loss"], "[2., 4.]"),  # x0 of the file
        (["grad", "model:loss", "--at", "[1, 2.5]"], "[2., 5.]"),
        (["grad", "./model.py:loss", "--at", "[1, 2.5]", "--at", "scale=2"], "[ 4., 10.]"),
        (["grad", "model.py:two", "--at", "2", "--at", "1"], "7.0"),
        (["grad", "model.py:two", "--at", "2", "--at", "1", "--argnums", "1"], "16.0"),
        (["grad", "model.py:two", "--at", "2", "--at", "1", "--argnums", "y,x"], "(16.0, 7.0)"),
        (["grad", "model.py:two", "--at", "2", "--at", "1", "--argnums", "0,1"], "(7.0, 16.0)"),
        (["grad", "model.py:two", "--at", "x=2", "--at", "y=1"], "(7.0, 16.0)"),
        (["grad", "model.py:two", "--at", "-2", "--at", "-1.5e0", "--argnums", "all"], "(12.75, 22.0)"),
        (["grad", "model.py:product", "--at", "(2.0, 3.0)"], "(3.0, 2.0)"),
        (["grad", "model.py:params", "--at", '{"w": [1, 2], "b": 0}'], "{'w': array([2., 4.]), 'b': 1.0}"),
        (["grad", "model.py:params", "--at", "{'w': [1, 2], 'b': 0}"], "{'w': array([2., 4.]), 'b': 1.0}"),
        (["grad", "model.py:typed", "--at", "[3.0]", "--at", 'mode="sum"'], "[1.]"),
        (["value-and-grad", "model.py:loss"], "value: 5.0\ngrad: [2., 4.]"),
        (["jacobian", "model.py:vector"], "[[2., 0.],\n [0., 2.]]"),
        (["hessian", "model.py:loss"], "[[2., 0.],\n [0., 2.]]"),
        (["grad", "model.py:Model.loss"], "[ 6., 12.]"),
        (["grad", "model.py:Model.total"], "[1., 1.]"),
        (["grad", "model.py:Model.doubled"], "[2., 2.]"),
        (["grad", "model.py:sized.loss"], "[2., 2.]"),
        (["grad", "numpy:prod", "--at", "[2.0, 3.0]"], "[3., 2.]"),
        (["kinks", "model.py:kinky"], "no kinks: every operation is smooth at this point"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_the_answer(gradwise, words, printed):
    assert succeeds(gradwise(*words)) == printed + "\n"


def test_printed_digits_are_all_there(gradwise):
    output = succeeds(gradwise("grad", "model.py:loss", "--at", "[0.1, 1e-20]", "--at", "scale=3"))
    assert eval(output) == [0.1 * 3 * 2, 1e-20 * 3 * 2]


def test_x0_that_is_a_tuple_is_a_list_of_arguments_where_the_function_takes_as_many(gradwise, tmp_path):
    (tmp_path / "other.py").write_text(
        "x0 = (2.0, 1.0)\ndef two(x, y): return x**2 * y + 3 * x * y**2\ndef one(p): return p[0] * p[1]\n"
    )
    assert succeeds(gradwise("grad", "other.py:two", "--argnums", "all")) == "(7.0, 16.0)\n"
    assert succeeds(gradwise("grad", "other.py:one")) == "(1.0, 2.0)\n"


def test_a_file_imports_what_lies_beside_it(gradwise, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "beside_it.py").write_text("def square(x): return x**2\n")
    (folder / "user.py").write_text("from beside_it import square\ndef f(x): return square(x) + 1\n")
    assert succeeds(gradwise("grad", "folder/user.py:f", "--at", "3")) == "6.0\n"


def test_a_file_named_as_a_library_does_not_become_it(gradwise, tmp_path):
    (tmp_path / "numpy.py").write_text("def f(x): return x**2\n")
    assert succeeds(gradwise("grad", "numpy.py:f", "--at", "3")) == "6.0\n"
    assert hasattr(sys.modules["numpy"], "ndarray")


def test_dataclasses_of_a_file_work(gradwise, tmp_path):
    (tmp_path / "classes.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass P:\n    a: float\n    b: float\n"
        "x0 = P(2.0, 3.0)\ndef f(p): return p.a * p.b\n"
    )
    assert succeeds(gradwise("grad", "classes.py:f")) == "P(a=3.0, b=2.0)\n"
    code, output, _ = gradwise("grad", "classes.py:f", "--json")
    assert (code, json.loads(output)["result"]) == (0, {"a": 3.0, "b": 2.0})


# ------------------------------------------------------------------------------------------------------------- JSON


def test_json_of_a_derivative(gradwise):
    document = json.loads(
        succeeds(gradwise("value-and-grad", "model.py:two", "--at", "2", "--at", "1", "--argnums", "all", "--json"))
    )
    assert document == {
        "command": "value-and-grad", "function": "model.py:two", "args": [2, 1], "kwargs": {}, "data": {}, "argnums": "all", "method": "exact",
        "value": 10.0, "result": [7.0, 16.0], "warnings": [],
    }  # fmt: skip


def test_json_says_when_a_derivative_is_numerical(gradwise):
    code, output, errors = gradwise("grad", "model.py:opaque", "--json")
    document = json.loads(output)
    assert (code, errors, document["method"]) == (0, "", "numerical")
    assert "error bound" in document["warnings"][0]
    assert np.allclose(document["result"], [2.0, 1.0], rtol=1e-9)
    document = json.loads(gradwise("grad", "model.py:loss", "--json", "--method", "numerical")[1])
    assert document["method"] == "numerical"


def test_json_output_holds_nothing_else(gradwise):
    code, output, errors = gradwise("grad", "model.py:talkative", "--json")
    assert (code, json.loads(output)["result"], errors) == (0, [1.0, 1.0], "talking\n")


def test_json_of_an_error(gradwise, tmp_path):
    code, output, _ = gradwise("grad", "model.py:opaque", "--method", "exact", "--json")
    error = json.loads(output)["error"]
    assert (code, error["type"], error["line"]) == (
        1,
        "TracingError",
        MODEL.split("\n").index('    return struct.unpack("d", struct.pack("d", x[0]))[0] * x[1]') + 1,
    )
    assert error["file"] == str(tmp_path / "model.py")
    code, output, _ = gradwise("grad", "model.py:broken", "--json")
    error = json.loads(output)["error"]
    assert (code, error["type"], error["line"]) == (
        1,
        "ValueError",
        MODEL.split("\n").index('    raise ValueError("no such luck")') + 1,
    )
    code, output, _ = gradwise("grad", "model.py:absent", "--json")
    assert (code, json.loads(output)["error"]["type"]) == (2, "UsageError")


def test_json_of_a_trace(gradwise, tmp_path):
    document = json.loads(succeeds(gradwise("trace", "model.py:kinky", "--json")))
    line = MODEL.split("\n").index("    return np.sum(np.abs(x))") + 1
    assert document["inputs"] == [{"name": "x", "type": "f64[2]"}]
    assert [(e["primitive"], e["inputs"], e["line"]) for e in document["equations"]] == [
        ("abs", ["x"], line),
        ("sum", ["a"], line),
    ]
    assert {e["file"] for e in document["equations"]} == {str(tmp_path / "model.py")}
    assert document["outputs"] == [document["equations"][-1]["outputs"][0]["name"]]


def test_json_of_kinks_and_explanation(gradwise):
    (kink,) = json.loads(succeeds(gradwise("kinks", "model.py:kinky", "--at", "[0.0, 1.0, 0.0]", "--json")))["kinks"]
    assert (kink["primitive"], kink["entries"], kink["line"]) == (
        "abs",
        2,
        MODEL.split("\n").index("    return np.sum(np.abs(x))") + 1,
    )
    explanation = json.loads(succeeds(gradwise("explain", "model.py:two", "--at", "1", "--at", "2", "--json")))
    assert (explanation["path"], explanation["primitives"]) == ("traced", {"add": 1, "mul": 3, "power": 2})


def test_values_that_json_lacks():
    value = {
        "a": (np.float64("nan"), np.inf, -np.inf),
        "z": 1 + 2j,
        "b": np.array([True]),
        "n": np.int64(3),
        "s": np.array(2.5),
    }
    assert as_json(value) == {
        "a": ["nan", "inf", "-inf"],
        "z": {"real": 1.0, "imag": 2.0},
        "b": [True],
        "n": 3,
        "s": 2.5,
    }


def test_the_commands_of_the_documentation_print_what_it_says(gradwise, tmp_path):
    (tmp_path / "model.py").write_text(
        "import numpy as np\n\ndef loss(x, scale=1.0):\n    return scale * np.sum(x**2)\n"
    )
    page = (Path(__file__).resolve().parent.parent / "docs" / "how-to" / "command_line.md").read_text("utf-8")
    (session,) = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    commands = re.findall(r"^\$ gradwise (.*)\n((?:[^$].*\n)*)", session, re.MULTILINE)
    assert len(commands) == 3
    for words, printed in commands:
        assert succeeds(gradwise(*shlex.split(words))) == printed


# ------------------------------------------------------------------------------------------------ traces and reasons


def test_trace_prints_the_program(gradwise):
    output = succeeds(gradwise("trace", "model.py:two", "--at", "1.0", "--at", "2.0"))
    assert output.startswith("two(x: f64, y: f64)\n")
    assert output.count("# model.py:11") == 6
    assert output.endswith("guards: none\n")


def test_explain_says_why_a_function_is_not_traced(gradwise):
    output = succeeds(gradwise("explain", "model.py:opaque"))
    assert output.startswith("opaque: not traced\n")
    assert "np.exp(x) for math.exp(x)" in output
    assert "model.py:14" in output


def test_kinks_are_listed_with_their_line(gradwise, tmp_path):
    output = succeeds(gradwise("kinks", "model.py:kinky", "--at", "[0, 1]"))
    assert output == f"{tmp_path / 'model.py'}:26: abs at 0 (slope taken as 0)\n"


def test_warnings_go_to_the_error_stream_in_words(gradwise):
    code, output, errors = gradwise("grad", "model.py:kinky", "--at", "[0.0, -1.0]")
    assert (code, output) == (0, "[ 0., -1.]\n")
    assert re.match(r"warning: .*kink.*\[KinkWarning\]\n$", errors)
    code, output, errors = gradwise("grad", "model.py:opaque")
    assert code == 0
    assert errors.startswith("warning: ")
    assert errors.endswith("[NumericalFallbackWarning]\n")


def test_results_that_are_not_finite_are_pointed_at(gradwise):
    code, output, errors = gradwise("grad", "model.py:root", "--at", "[0.0, 4.0]")
    assert (code, output) == (0, "[ inf, 0.25]\n")
    assert "warning: 1 of 2 numbers are nan or infinite\n" in errors
    assert count_non_finite({"a": (np.array([np.nan, 1.0]), -np.inf), "b": [3]}) == (2, 3)


# ----------------------------------------------------------------------------------------------------- wrong commands


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["grad", "nofile.py:f"], r"'nofile.py' does not exist \(from .*\)\. Write path/to/file.py:function"),
        (["grad", ".:f"], r"'.:f' names no file or module"),
        (["grad", "folder/:f"], r"'folder/' does not exist"),
        (["grad", "nomodule:f"], r"there is no module 'nomodule'.* or install the module"),
        (["grad", "model.nomodule:f"], r"there is no module 'model.nomodule'"),
        (["grad", ":f"], r"':f' names no file or module"),
        (["grad", "model.py"], r"'model.py' names no function. Write model.py:name; model.py defines loss, two, opaque"),
        (["grad", "model.py:"], r"names no function"),
        (["grad", "model.py:los"], r"model.py has no 'los'. Did you mean loss\?"),
        (["grad", "model.py:xyzzy"], r"model.py has no 'xyzzy'. Write one that it has; model.py defines loss"),
        (["grad", "model.py:Model.lost"], r"model.py:Model has no 'lost'. Did you mean loss\?"),
        (["grad", "model.py:value"], r"model.py:value is of type int. A function is required"),
        (["grad", "model.py:Sized.loss"], r"Sized\(\) needs arguments. Make an instance in model.py, .* model.py:model.loss"),
        (["grad", "model.py:two"], r"the point|was given no point"),
        (["grad", "scipy.optimize:rosen"], r"rosen\(x\) was given no point. Write one --at for each argument"),
        (["grad", "model.py:two", "--at", "1"], r"the point does not fit two\(x, y\): missing a required argument: 'y'"),
        (["grad", "model.py:loss", "--at", "1", "--at", "z=2"], r"does not fit .* unexpected keyword argument 'z'"),
        (["grad", "model.py:loss", "--at", "scale=1", "--at", "scale=2"], r"--at gives 'scale' twice"),
        (["grad", "model.py:loss", "--at", "abc"], r"--at 'abc' is neither JSON nor a Python literal. Write a number as 1.0"),
        (["grad", "model.py:loss", "--at", "[1, 2"], r"neither JSON nor a Python literal"),
        (["grad", "model.py:loss", "--at", "[[1, 2], [3]]"], r"rows of different lengths"),
        (["grad", "model.py:loss", "--at", "true"], r"argument 'x' is the boolean True"),
        (["grad", "model.py:loss", "--at", "null"], r"None"),
        (["grad", "model.py:loss", "--argnums", "4"], r"argnums=4 asks for an argument that the call does not have"),
        (["grad", "model.py:loss", "--argnums", "zeta"], r"argnums='zeta' names no argument of loss"),
        (["grad", "model.py:loss", "--argnums", "0,,1"], r"--argnums '0,,1' holds an empty entry"),
        (["grad", "model.py:loss", "--method", "guess"], r"invalid choice: 'guess'.*See gradwise grad --help"),
        (["grad", "model.py:nothing", "--at", "1"], r"the point does not fit nothing\(\): too many positional arguments"),
        (["grad", "model.py:loss", "--at"], r"expected one argument. See gradwise grad --help"),
        (["grad"], r"the following arguments are required: file.py:function"),
        (["integrate"], r"invalid choice: 'integrate'"),
        (["demo", "--frobnicate"], r"unrecognized arguments: --frobnicate"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_wrong_command_is_told_in_one_line_how_to_be_right(gradwise, words, message):
    assert re.search(message, one_line(gradwise(*words), 2))


def test_no_command_shows_the_help(gradwise):
    code, output, errors = gradwise()
    assert (code, errors) == (2, "")
    assert all(name in output for name in COMMANDS)
    for word in ("0  done", "1  the function", "2  the command"):
        assert word in output


@pytest.mark.parametrize("words", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)])
def test_help_and_version_succeed(gradwise, capsys, words):
    with pytest.raises(SystemExit) as stop:
        gradwise(*words)
    assert stop.value.code == 0
    assert "gradwise" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------------- failing functions


def test_a_function_that_cannot_be_traced_fails_with_line_and_cure(gradwise, tmp_path):
    code, output, errors = gradwise("grad", "model.py:opaque", "--method", "exact")
    assert (code, output) == (1, "")
    assert "np.exp(x) for math.exp(x)" in errors
    assert f"{tmp_path / 'model.py'}:14" in errors
    assert "Traceback" not in errors


def test_a_gradient_of_a_vector_fails_with_the_cure(gradwise):
    assert "gw.jacobian" in one_line(gradwise("grad", "model.py:vector"), 1)


def test_the_users_exception_is_shown_with_the_users_frames_only(gradwise, tmp_path):
    code, output, errors = gradwise("grad", "model.py:broken")
    assert (code, output) == (1, "")
    files = re.findall(r'File "([^"]+)", line \d+, in (\w+)', errors)
    assert files == [(str(tmp_path / "model.py"), "broken"), (str(tmp_path / "model.py"), "inner")]
    assert errors.endswith("gradwise grad: broken raised ValueError: no such luck\n")


def test_the_whole_traceback_can_be_had(gradwise):
    _, _, errors = gradwise("grad", "model.py:broken", "--traceback")
    assert "derivative(" in errors or "exact(" in errors


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1 / 0\n", "ZeroDivisionError"),
        ("def f(x) return x\n", "SyntaxError"),
        ("import no_such_module_anywhere\n", "ModuleNotFoundError"),
        ("import sys\nsys.exit(3)\n", "SystemExit"),
    ],
)
def test_a_file_that_fails_to_load_shows_its_own_line(gradwise, tmp_path, text, error):
    (tmp_path / "failing.py").write_text(text)
    for target in ("failing.py:f", "failing:f"):
        code, output, errors = gradwise("grad", target)
        assert (code, output) == (1, "")
        assert f'failing.py", line {text.count(chr(10))}' in errors
        assert "importlib" not in errors
        assert re.search(rf"gradwise grad: (running|importing) failing(\.py)? raised {error}", errors)
        assert "failing" not in sys.modules


# --------------------------------------------------------------------------------------------------- outside Python


def run_process(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", "gradwise", *words], capture_output=True, text=True, check=False, **options
    )


def test_the_module_runs_as_a_program(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    result = run_process("grad", "model.py:loss", cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "[2., 4.]\n", "")
    result = run_process("grad", "model.py:loss", "--at", "x", cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)


def on_a_terminal(words, cwd, **environment):
    """Return what a command writes to a terminal."""
    pty = pytest.importorskip("pty")
    mine, theirs = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "TERM"}}
    process = subprocess.Popen([sys.executable, "-m", "gradwise", *words], stdout=theirs, stderr=theirs, cwd=cwd,
                               env={**kept, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **environment})  # fmt: skip
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
    return written.decode()


@pytest.mark.slow
def test_colour_on_a_terminal_only_and_only_if_wanted(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    trace, wrong = ["trace", "model.py:loss"], ["grad", "model.py:absent"]
    assert "\x1b[" in on_a_terminal(trace, tmp_path)
    assert "\x1b[" in on_a_terminal(wrong, tmp_path)
    for words in (trace, wrong):
        assert "\x1b[" not in on_a_terminal(words, tmp_path, NO_COLOR="1")
        assert "\x1b[" not in on_a_terminal([*words, "--no-color"], tmp_path)
        assert "\x1b[" not in run_process(*words, cwd=tmp_path).stdout
    assert "\x1b[" not in on_a_terminal(["grad", "model.py:loss", "--json"], tmp_path)


def test_a_reader_that_stops_early_is_no_error(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run([sys.executable, "-m", "gradwise", "trace", "model.py:loss"], cwd=tmp_path, stdout=write,
                             stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
    os.close(write)
    assert (process.returncode, process.stderr) == (1, "")
