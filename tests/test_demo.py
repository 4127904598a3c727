"""The tour: its numbers against truths that it does not use itself, its page, its exit code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import types
import warnings
from pathlib import Path

import mpmath
import numpy as np
import pytest

from gradwise.cli import main
from gradwise.cli.demo import closed_forms, nist, pictures, reading, regression, traps
from gradwise.cli.demo.screen import Screen, numbers, ulps


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Return exit code, text and folder of one run in a process of its own, on 80 columns and not on a terminal."""
    folder = tmp_path_factory.mktemp("demo")
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error"}
    result = subprocess.run([sys.executable, "-m", "gradwise", "demo"], capture_output=True, encoding="utf-8", check=False,
                            env=environment, cwd=folder)  # fmt: skip
    assert result.stderr == ""
    return result.returncode, result.stdout, folder


def test_every_number_is_as_it_must_be(page):
    code, text, _ = page
    assert re.search(r"^✓ \d{3} numbers compared, all as they must be, in \d+\.\d s$", text, re.MULTILINE), text[-900:]
    assert "✗" not in text
    assert code == 0


def test_it_fits_80_columns_without_escapes(page):
    text = page[1]
    assert [line for line in text.split("\n") if len(line.rstrip()) > 80] == []
    assert "\x1b" not in text
    assert text.count("✓") > 30


def test_it_has_five_parts_in_order(page):
    assert [int(number) for number in re.findall(r"^(\d)\. ", page[1], re.MULTILINE)] == [1, 2, 3, 4, 5]


@pytest.mark.extras("matplotlib")
def test_it_ends_with_its_pictures_and_their_folder(page):
    _, text, folder = page
    ending = text[text.index("numbers compared") :].split("\n")[1:]
    assert ending[:2] == ["", f"Pictures in gradwise-demo{os.sep}"]
    names = [line.split()[0] for line in ending[2:] if line]
    assert names == list(pictures.PICTURES)
    assert sorted(path.name for path in (folder / "gradwise-demo").iterdir()) == sorted(names)
    assert all((folder / "gradwise-demo" / name).read_bytes().startswith(b"\x89PNG") for name in names)


@pytest.mark.extras("matplotlib")
def test_the_folder_of_the_pictures(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("gradwise.cli.demo.PARTS", ())
    monkeypatch.setattr(pictures, "PICTURES", {"steps.png": pictures.PICTURES["steps.png"]})
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--pictures", "deep/down"]) == 0
    assert len(list((tmp_path / "deep" / "down").glob("*.png"))) == len(pictures.PICTURES)
    (tmp_path / "file").touch()
    assert main(["demo", "--pictures", "file/below"]) == 2
    assert "A folder that can be written is required" in capsys.readouterr().err
    # the folder that nobody asked for may lie elsewhere
    (tmp_path / "gradwise-demo").touch()
    assert main(["demo"]) == 0
    (place,) = re.findall(r"^Pictures in (.*)$", capsys.readouterr().out, re.MULTILINE)
    assert len(list(Path(place).glob("*.png"))) == len(pictures.PICTURES)
    shutil.rmtree(place)


def test_without_matplotlib_it_says_how_to_get_pictures(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("gradwise.cli.demo.PARTS", ())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["demo"]) == 0
    assert "pip install 'gradwise[plot]'" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_missed_number_shows_and_fails(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    row = closed_forms.Common("wrong", "3", lambda x: 2 * x, lambda x: 3 * x / x)
    monkeypatch.setattr(closed_forms, "COMMON", (row,))
    monkeypatch.setattr("gradwise.cli.demo.PARTS", (closed_forms.show,))
    assert main(["demo"]) == 1
    output = capsys.readouterr().out
    assert "✗" in output
    assert "the derivative of wrong" in output


def test_a_terminal_without_these_letters_shows_a_stand_in(tmp_path):
    result = subprocess.run([sys.executable, "-m", "gradwise", "demo", "--no-color"], capture_output=True, check=False,
                            env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}, cwd=tmp_path)  # fmt: skip
    assert b"UnicodeEncodeError" not in result.stderr
    assert b"numbers compared" in result.stdout or b"missed" in result.stdout


# ------------------------------------------------------------------------------------------------------ closed forms

TRUTHS = {
    "x⁵": lambda x: x**5,
    "√x": mpmath.sqrt,
    "eˣ": mpmath.exp,
    "ln x": mpmath.log,
    "sigmoid σ": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "ReLU": lambda x: max(x, 0),
    "leaky ReLU": lambda x: max(x, mpmath.mpf(0.01) * x),
    "GELU  x Φ(x)": lambda x: x * mpmath.ncdf(x),
}


@pytest.mark.parametrize("row", closed_forms.COMMON, ids=lambda row: row.name)
def test_the_closed_forms_are_the_derivatives(row):
    """The formulas of the table against derivatives of 50 digits."""
    formula = row.slope(row.points.astype(np.longdouble))
    with mpmath.workdps(50):
        truth = [float(mpmath.diff(TRUTHS[row.name], mpmath.mpf(x))) for x in row.points]
    assert ulps(truth, formula) <= 1.5


def test_the_examples_of_several_variables_have_the_published_answers():
    rows = {row.name: row for row in closed_forms.several_variables()}
    assert len(rows) == 7
    np.testing.assert_allclose(np.float64(rows["MSE of a line, (2, 1)"].want), [-2 / 3, -2 / 3], rtol=1e-16)
    assert [float(v) for v in rows["x²y + 3xy², (2, 1)"].want] == [7, 16]


def test_ulps_measure():
    assert ulps([1.0, 2.0], [1.0, 2.0]) == 0
    assert ulps(1.0 + 2**-52, 1.0) == 1
    assert ulps([1.0, np.nan], [1.0, 2.0]) == np.inf
    assert ulps([1.0], [1.0, 1.0]) == np.inf
    assert numbers([1.0, -0.25]) == "[1 -0.25]"


# ------------------------------------------------------------------------------------------------------- regression


@pytest.mark.parametrize("data", nist.DATASETS, ids=lambda data: data.name)
def test_the_data_are_those_that_were_certified(data):
    """At the certified parameters: residual sum of squares, zero gradient, standard deviations, by complex steps."""
    b = np.array(data.parameters)
    step = 1e-30
    jacobian = np.stack([data.model(b + 1j * step * row, data.x).imag / step for row in np.eye(b.size)], axis=1)
    residuals = data.model(b, data.x) - data.y
    assert residuals @ residuals == pytest.approx(data.sum_of_squares, rel=2e-10)
    scaled = np.abs(jacobian.T @ residuals) / np.linalg.norm(jacobian, axis=0) / np.linalg.norm(residuals)
    assert scaled.max() < 1e-6
    variance = data.sum_of_squares / (data.y.size - b.size)
    norms = np.linalg.norm(jacobian, axis=0)
    covariance = np.linalg.inv((jacobian / norms).T @ (jacobian / norms)) / np.outer(norms, norms) * variance
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), data.deviations, rtol=1e-8)


def test_the_data_have_the_published_sizes():
    assert [(data.y.size, data.x.size, len(data.parameters)) for data in nist.DATASETS] == [(14, 14, 2), (37, 37, 7)]
    assert [len(start) for data in nist.DATASETS for start in data.starts] == [2, 2, 7, 7]


@pytest.mark.parametrize("data", nist.DATASETS, ids=lambda data: data.name)
@pytest.mark.parametrize("number", [0, 1])
def test_certified_values_are_found_from_both_starts(data, number):
    result = regression.fit(data, data.starts[number])
    assert result.agrees
    assert min(result.parameters, result.deviations, result.sum_of_squares) >= 10


def test_digits_measure():
    assert regression.digits([1.0, 2.0], [1.0, 2.0]) == 11
    assert regression.digits([1.0 + 1e-5], [1.0]) == pytest.approx(5)
    assert regression.digits([np.nan], [1.0]) == 0


# ------------------------------------------------------------------------------------------------------------- traps


def module_of(text, replacement=None):
    module = types.ModuleType("traps")
    exec(
        text if replacement is None else text.replace("import numpy as np", f"import {replacement} as np"), vars(module)
    )
    return module


@pytest.mark.parametrize("trap", traps.TRAPS, ids=lambda trap: trap.function)
def test_the_answers_of_the_traps_are_true(trap):
    """By symmetric differences of the plain function; at the kink of the norm they are 0, as the convention is."""
    function = getattr(module_of(traps.SOURCE), trap.function)
    x, h = np.array(trap.point), 1e-5
    with np.errstate(invalid="ignore"):  # the branch that is not taken, at -h
        slopes = [(function(x + h * e) - function(x - h * e)) / (2 * h) for e in np.eye(x.size)]
    np.testing.assert_allclose(trap.want, slopes, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("trap", traps.TRAPS, ids=lambda trap: trap.function)
def test_the_lines_shown_are_the_functions(trap):
    first, last = trap.lines
    shown = "\n".join(traps.SOURCE.split("\n")[first - 1 : last])
    assert f"def {trap.function}(" in shown
    assert shown.split("\n")[-1].strip().startswith("return")


def shown_as(gradient):
    return numbers(np.asarray(gradient, float), 5)


@pytest.mark.extras("autograd")
@pytest.mark.parametrize("trap", traps.TRAPS, ids=lambda trap: trap.function)
def test_autograd_answers_what_the_page_says(trap):
    from autograd import grad

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = grad(getattr(module_of(traps.SOURCE, "autograd.numpy"), trap.function))(np.array(trap.point))
    assert shown_as(got) == trap.autograd


@pytest.mark.slow
@pytest.mark.extras("jax")
def test_jax_answers_what_the_page_says():
    """In a process of its own: 64 bits are switched on for the whole of it."""
    program = (
        "import sys, types, jax; jax.config.update('jax_enable_x64', True)\n"
        "import numpy as np\n"
        "from gradwise.cli.demo import traps\n"
        "from gradwise.cli.demo.screen import numbers\n"
        "space = {}\n"
        "exec(traps.SOURCE.replace('import numpy as np', 'import jax.numpy as np'), space)\n"
        "for trap in traps.TRAPS:\n"
        "    got = numbers(np.asarray(jax.grad(space[trap.function])(jax.numpy.array(trap.point)), float), 5)\n"
        "    assert got == trap.jax, (trap.function, got)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


# ------------------------------------------------------------------------------------------------- traces, fallbacks


def test_the_programs_of_the_tour_run_as_plain_numpy():
    assert module_of(reading.SOURCE).newton_sqrt(2.0) == pytest.approx(2**0.5, abs=1e-3)
    assert module_of(reading.OPAQUE).savings([1000.0, 0.03]) == pytest.approx(1000 * 1.03**10)


def test_the_tour_leaves_nothing_behind(capsys):
    path, modules = sys.path[:], set(sys.modules)
    screen = Screen()
    reading.show_trace(screen)
    traps.show(screen)
    capsys.readouterr()
    assert sys.path == path
    assert not {"roots", "traps", "savings"} & (set(sys.modules) - modules)


def test_the_tour_needs_only_what_is_required():
    program = "import sys, gradwise.cli.demo; print(*[n for n in ('jax', 'autograd', 'matplotlib', 'torch') if n in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
