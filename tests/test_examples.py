"""Every script of the gallery runs, and its numbers are those of closed forms."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import subprocess
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.py"))
ROOT = EXAMPLES[0].parent.parent
pytestmark = pytest.mark.extras("matplotlib")


@pytest.fixture(scope="module")
def modules():
    """Load each script once, on demand, and keep what its ``main`` returns and prints."""
    known = {}

    def load(name):
        if name not in known:
            spec = importlib.util.spec_from_file_location(f"example_{name}", ROOT / "examples" / f"{name}.py")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                module.results = module.main()
            module.printed = printed.getvalue()
            known[name] = module
        return known[name]

    return load


@pytest.fixture(scope="module")
def results(modules):
    return lambda name: modules(name).results


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_prints_its_table_and_draws_its_picture(path, modules, tmp_path):
    from matplotlib.image import imread

    module = modules(path.stem)
    assert module.printed.count("\n") >= 2
    assert max(map(len, module.printed.split("\n"))) <= 120
    figure = module.draw(module.results)
    figure.savefig(tmp_path / "picture.png")
    height, width = imread(tmp_path / "picture.png").shape[:2]
    assert 400 <= width <= 1000
    assert 200 <= height <= 1300
    # Every panel says what it shows: it has a label, a title or a legend, and something is drawn.
    panels = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    assert panels
    for ax in panels:
        assert ax.has_data()
        assert ax.get_title() or (ax.get_xlabel() and ax.get_ylabel()) or ax.get_legend()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_has_the_form_of_the_gallery(path):
    text = path.read_text("utf-8")
    title, line, empty = text.split("\n")[1:4]
    assert text.startswith('"""\n')
    assert line == "=" * len(title), "the docstring begins with a title underlined in its own length"
    assert empty == ""
    ending = f'draw(main()).savefig(sys.argv[1] if len(sys.argv) > 1 else "{path.stem}.png")\n'
    assert text.endswith(f'if __name__ == "__main__":\n    {ending}')
    assert text.count("\n") <= 66


def test_a_script_runs_from_the_command_line_without_a_display(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "MPLBACKEND"}}
    result = subprocess.run([sys.executable, "-W", "error", ROOT / "examples" / "partial_derivatives.py"], cwd=tmp_path,
                            capture_output=True, encoding="utf-8", check=False,
                            env={**environment, "PYTHONIOENCODING": "utf-8"})  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    assert "∂f/∂x = 2xy + 3y² = 7.0" in result.stdout
    assert (tmp_path / "partial_derivatives.png").read_bytes().startswith(b"\x89PNG")


def test_numerical_derivative(results):
    found = results("numerical_derivative")
    assert found["exact"] == 6
    assert abs(found["estimate"].value - 6) <= found["estimate"].error < 1e-12
    errors = [abs(q - 6) for q in found["quotients"].values()]
    assert min(errors) < 1e-6 < max(errors[0], errors[-1])


def test_common_derivatives(results):
    truths = {
        "x³": lambda x: x**3, "eˣ": mpmath.exp, "ln x": mpmath.log, "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
        "tanh": mpmath.tanh, "ReLU": lambda x: max(x, 0), "leaky ReLU": lambda x: max(x, mpmath.mpf(0.01) * x),
        "GELU": lambda x: x * mpmath.ncdf(x),
    }  # fmt: skip
    found = results("common_derivatives")
    assert set(found) == set(truths)
    for name, (points, slopes, formula) in found.items():
        with mpmath.workdps(40):
            exact = [float(mpmath.diff(truths[name], mpmath.mpf(x))) for x in points]
        np.testing.assert_allclose(slopes, exact, rtol=4e-15, err_msg=name)
        np.testing.assert_allclose(formula, exact, rtol=4e-15, err_msg=name)


def test_partial_derivatives(results):
    found = results("partial_derivatives")
    assert found["two"] == (7.0, 16.0)
    assert found["mixed"] == 10.0
    np.testing.assert_allclose(found["three"], (4 + 2 * np.cos(2), 28 + np.cos(2), 54), rtol=1e-15)


def test_gradient(results):
    found = results("gradient")
    np.testing.assert_array_equal(found["gradients"], found["points"] * [2, 4])


def test_directional_derivatives(results):
    found = results("directional_derivatives")
    assert found["gradient"].tolist() == [2.0, 4.0]
    root = np.sqrt(20)
    expected = [2, 4, 6 / np.sqrt(2), root, -root, 0]
    np.testing.assert_allclose(list(found["slopes"].values()), expected, rtol=1e-15, atol=1e-15)


def test_contours(results):
    found = results("contours")
    # Round: the gradient has the length 2r, is perpendicular to the circle, and each step shortens the way by 1 − 2·rate.
    np.testing.assert_allclose(np.linalg.norm(found["gradients"], axis=1), 3.0, rtol=1e-14)
    np.testing.assert_allclose(np.sum(found["gradients"] * found["tangents"], axis=1), 0, atol=1e-14)
    steps = np.arange(21)[:, None]
    np.testing.assert_allclose(found["path"], [2, 1] + 0.7**steps * np.array([-2.5, 2.0]), rtol=1e-13)


def test_gradient_descent(results):
    found = results("gradient_descent")
    path = found["path"]
    steps = np.arange(41)
    assert path.shape == (41, 2)
    np.testing.assert_allclose(path[:, 0], 3 - 3 * 0.8**steps, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(path[:, 1], 1 - 0.6**steps, rtol=1e-13, atol=1e-14)


def test_himmelblau(results):
    found = results("himmelblau")
    # D. M. Himmelblau, Applied Nonlinear Programming (1972); the digits are roots of the gradient's polynomials, by mpmath.
    minima = [(3.0, 2.0), (-2.805118086952745, 3.131312518250573), (-3.779310253377747, -3.283185991286170),
              (3.584428340330492, -1.848126526964404)]  # fmt: skip
    assert found["found"].proved
    points = {
        kind: [point.x for point in found["found"].points if point.kind == kind]
        for kind in ("minimum", "saddle", "maximum")
    }
    assert [len(of_a_kind) for of_a_kind in points.values()] == [4, 4, 1]
    np.testing.assert_allclose(sorted(map(tuple, points["minimum"])), sorted(minima), rtol=1e-12)
    with mpmath.workdps(30):
        gradient = lambda x, y: [
            4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7),
            2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7),
        ]
        for point in [*points["saddle"], *points["maximum"]]:
            root = mpmath.findroot(gradient, [mpmath.mpf(entry) for entry in point])
            np.testing.assert_allclose([float(entry) for entry in root], point, rtol=1e-13)
    ends = [tuple(path[-1].round(4)) for path in found["paths"].values()]
    assert sorted(ends) == sorted((round(x, 4), round(y, 4)) for x, y in (minima[0], minima[2], minima[3]))


def test_pictures(results):
    found = results("pictures")
    assert found["found"].proved
    points = sorted((tuple(point.x), point.kind) for point in found["found"].points)
    assert [kind for _, kind in points] == ["minimum", "saddle", "minimum"]
    np.testing.assert_allclose([x for x, _ in points], [(-1, -0.5), (0, 0), (1, 0.5)], atol=1e-14)
    hessian = np.array([[9.5, -3], [-3, 6]])  # at the minimum, by hand
    assert found["run"].rate.theory == pytest.approx(
        1 - 0.1 * np.linalg.eigvalsh(hessian)[0], rel=1e-4
    )  # of the Hessian where it stopped
    assert not found["check"].passed


def test_linear_layer(results):
    found = results("linear_layer")
    assert np.array_equal(found["linear"], found["W"])
    np.testing.assert_allclose(found["composed"], found["formula"], rtol=1e-13, atol=1e-16)


def test_hessian_classification(results):
    found = results("hessian_classification")
    assert {name: report.kind for name, (*_, report) in found.items()} == {
        "bowl": "minimum", "hill": "maximum", "saddle": "saddle", "trough": "degenerate",
    }  # fmt: skip
    assert {name: hessian.tolist() for name, (_, hessian, *_) in found.items()} == {
        "bowl": [[2, 1], [1, 2]], "hill": [[-2, 0], [0, -4]], "saddle": [[2, 0], [0, -2]], "trough": [[2, -2], [-2, 2]],
    }  # fmt: skip
    assert all(not gradient.any() for gradient, *_ in found.values())


def test_line_through_points(results):
    found = results("line_through_points")
    np.testing.assert_allclose(found["slopes"], [-2 / 3, -2 / 3], rtol=1e-15)
    # A linear recurrence: the distance to (3/2, 7/3) is multiplied by 1 − rate · H, with H from the formula.
    step, distance = np.eye(2) - 0.1 * np.array([[28, 12], [12, 6]]) / 3, np.array([2 - 3 / 2, 1 - 7 / 3])
    for k in (1, 10, 100, 500):
        expected = [3 / 2, 7 / 3] + np.linalg.matrix_power(step, k) @ distance
        np.testing.assert_allclose(found["path"][k], expected, rtol=1e-12)
    np.testing.assert_allclose(found["path"][-1], [3 / 2, 7 / 3], rtol=1e-10)


def test_linear_regression(results):
    found = results("linear_regression")
    np.testing.assert_allclose([*found["fitted"]["w"], found["fitted"]["b"]], found["formula"], rtol=1e-9)
    assert np.abs(found["formula"] - [1.5, -2.0, 0.5, 4.0]).max() < 0.03  # noise of 0.1 over 200 samples: 4 deviations
    assert np.all(np.diff(found["losses"]) <= 1e-15)


def test_logistic_regression(results):
    found = results("logistic_regression")
    np.testing.assert_allclose(found["found"], found["formula"], rtol=1e-13)
    np.testing.assert_allclose(found["descent"], found["newton"], rtol=1e-8)
    here = found["loss"](found["newton"])
    assert all(found["loss"](found["newton"] + 1e-3 * d) > here for d in np.vstack([np.eye(3), -np.eye(3)]))


def test_two_layer_network(results):
    found = results("two_layer_network")
    for name, slope in found["exact"].items():
        np.testing.assert_allclose(slope, found["by_hand"][name], rtol=1e-12, atol=1e-16, err_msg=name)
    assert found["report"].passed
    assert found["losses"][-1] < found["losses"][0] / 100


def test_softmax_cross_entropy(results):
    for p, gradient, hessian in results("softmax_cross_entropy").values():
        np.testing.assert_allclose(gradient, p - [1, 0, 0], rtol=1e-13)
        np.testing.assert_allclose(hessian, np.diag(p) - np.outer(p, p), rtol=1e-12)


def test_natural_gradient(results):
    found = results("natural_gradient")
    mean, deviation = 4.0, 2.0
    spread = np.mean((found["samples"] - mean) ** 2)
    gradient = [(mean - found["samples"].mean()) / deviation**2, 1 / deviation - spread / deviation**3]
    np.testing.assert_allclose(found["gradient"], gradient, rtol=1e-13)
    np.testing.assert_allclose(found["fisher"], np.diag([1, 2]) / deviation**2, atol=1e-15)
    np.testing.assert_allclose(found["natural"], np.multiply(gradient, [deviation**2, deviation**2 / 2]), rtol=1e-13)
    best = [found["samples"].mean(), found["samples"].std()]
    for path in found["paths"].values():
        np.testing.assert_allclose(path[-1], best, atol=1e-6)
    assert len(found["paths"]["natural"]) < len(found["paths"]["ordinary"]) / 20 < 1000


def test_gradient_clipping(results):
    found = results("gradient_clipping")
    assert found["slope"] == pytest.approx(60 * 1.3**29 * (1.3**30 - 2), rel=1e-13)
    assert abs(found["plain"]) > 1e4
    assert found["clipped"] == pytest.approx(2 ** (1 / 30), rel=1e-9)


def test_saddle_escape(results):
    found = results("saddle_escape")
    np.testing.assert_allclose(found["stuck"][-1], [0, 0], atol=1e-12)
    np.testing.assert_allclose(found["stuck"][:, 0], 0.9 ** np.arange(401), rtol=1e-12)
    np.testing.assert_allclose(np.abs(found["free"][-1]), [0, 1], atol=1e-12)


def test_saliency(results):
    found = results("saliency")
    inside = np.zeros((8, 8), bool)
    inside[2:6, 3:5] = True
    np.testing.assert_allclose(found["saliency"][inside], (1 - found["score"] ** 2) / 4, rtol=1e-13)
    assert not found["saliency"][~inside].any()
    assert found["attribution"].sum() == pytest.approx(found["change"], rel=1e-12)


@pytest.mark.parametrize("name", ["chain", "network"])
def test_backward_cost(results, name):
    """The times are shown, not judged; the gradient is checked along a random direction."""
    found = results("backward_cost")[name]
    assert 0 < found["forward"] < np.inf
    assert 0 < found["both"] < np.inf
    f, point, (value, slopes) = found["f"], found["point"], found["result"]
    assert value == f(point)
    rng = np.random.default_rng(3)
    if name == "chain":
        u = rng.normal(size=point.size)
        slope, moved = slopes @ u, lambda t: point + t * u
    else:
        us = [rng.normal(size=w.shape) for w in point]
        slope = sum(np.sum(dw * u) for dw, u in zip(slopes, us))
        moved = lambda t: [w + t * u for w, u in zip(point, us)]
    h = 1e-5
    assert slope == pytest.approx((f(moved(h)) - f(moved(-h))) / (2 * h), rel=1e-6)
