"""Pictures against the ones that were looked at: `golden/*.png`, at low resolution, by the root mean square of their difference.

python tests/plotting/test_golden.py            draws all of them anew; look at each before it is committed
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import gradwise as gw

pytestmark = pytest.mark.extras("matplotlib")

GOLDEN = Path(__file__).parent / "golden"
DPI = 40
#: pixels are averaged in blocks before they are compared: antialiasing differs between versions of matplotlib, shapes do not
BLOCK = 4
#: of the root mean square, where black to white is 1; from 3.8 to 3.11 matplotlib moved images by half a pixel and shades surfaces otherwise; the scatter of the V-curve is rounding
TOLERANCE = 0.005
LOOSER = {"matrix": 0.05, "matrix_decades": 0.05, "sparsity": 0.05, "surface": 0.03, "v_curve": 0.03}


def bowl(x, y):
    return (x - 2) ** 2 + 2 * (y - 1) ** 2


def himmelblau(x, y):
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def rosenbrock(v):
    return (1 - v[0]) ** 2 + 100 * (v[1] - v[0] ** 2) ** 2


def descent_of_the_bowl():
    """Gradient descent with η = 0.15, in closed form."""
    k = np.arange(25)[:, np.newaxis]
    x = [2, 1] + [-2.5, -2.5] * np.array([0.7, 0.4]) ** k
    g = (x - [2, 1]) * [2, 4]
    step = np.append(np.linalg.norm(np.diff(x, axis=0), axis=1), np.nan)
    return SimpleNamespace(
        x=x, fun=bowl(*x.T) + 1, gradient_norm=np.linalg.norm(g, axis=1), step=step, learning_rate=np.full(25, 0.15)
    )


def run():
    trace = descent_of_the_bowl()
    end = SimpleNamespace(function=lambda v: bowl(v[0], v[1]))
    return SimpleNamespace(trace=trace, end_point=end, learning_rates=SimpleNamespace(stable=0.5, one_over_L=0.25))


PICTURES = {
    "contour": lambda: gw.plot.contour(
        bowl, (-1, 4), (-2, 3), path=descent_of_the_bowl().x, critical_points=[(2.0, 1.0)]
    ),
    "contour_valley": lambda: gw.plot.contour(rosenbrock, (-2, 2), (-1, 3), count=81),
    "contour_scales": lambda: gw.plot.contour(lambda x, y: x**2 + (y / 1000) ** 2, (-1, 1), (-1000, 1000), count=41),
    "contour_slice": lambda: gw.plot.contour(
        lambda v: v @ np.diag([1.0, 2.0, -3.0]) @ v, (-1, 1), (-1, 1), point=np.ones(3), directions=((1, 0, 0), (0, 1, 1)), count=41
    ),
    "contour_domain": lambda: gw.plot.contour(lambda x, y: np.log(x) + y**2, (-1, 3), (-2, 2), count=61),
    "critical_points": lambda: gw.plot.contour(
        himmelblau, (-5, 5), (-5, 5), arrows=False, count=61,
        critical_points=[
            (3.0, 2.0), (-2.805118086952745, 3.131312518250573), (-3.779310253377747, -3.283185991286170), (3.584428340330492, -1.848126526964404),
            (-0.270844590667340, -0.923038522008160), (0.086677504555134, 2.884254701174823), (3.385154183607159, 0.073851879837714),
        ],
    ),
    "surface": lambda: gw.plot.surface(bowl, (-1, 4), (-2, 3), path=descent_of_the_bowl().x, tangent_at=(0.0, 2.0), count=31),
    "line_slice": lambda: gw.plot.line_slice(np.sin, 1.0, limits=(-3, 3)),
    "rose": lambda: gw.plot.rose(bowl, (0.0, 2.0)),
    "level_set": lambda: gw.geometry.level_set(lambda x, y: (x**2 + y**2) ** 2 - 2 * (x**2 - y**2), (2**0.5, 0.0)).plot(),
    "gradient_field": lambda: gw.geometry.gradient_field(lambda x, y: x * y, (-1, 1), (-1, 1), 9).plot(),
    "flow_lines": lambda: gw.plot.flow_lines(himmelblau, (-5, 5), (-5, 5), starts=[(0, 0), (-1, -1), (1, -3), (-1, 1), (1, 1)]),
    "convergence": lambda: gw.plot.convergence(descent_of_the_bowl(), theory=0.7),
    "step_sizes": lambda: gw.plot.step_sizes(run()),
    "descent": lambda: gw.plot.descent(run())[0],
    "gradient": lambda: gw.plot.gradient(np.array([3.0, -1.0, 0.0, 0.5, -2.0])),
    "matrix": lambda: gw.plot.matrix(gw.hessian(himmelblau)((1.0, 2.0)), columns=["x", "y"]),
    "matrix_decades": lambda: gw.plot.matrix(np.outer(10.0 ** -np.arange(9), [1, -1, 0, 2, -3, 4, -5, 6, np.nan])),
    "sparsity": lambda: gw.plot.sparsity(np.eye(12) + np.eye(12, k=1)),
    "v_curve": lambda: gw.plot.v_curve(gw.numerical.derivative(np.exp, 1.0)),
    "verdicts": lambda: gw.plot.verdicts(
        gw.check_grad(lambda x: np.sum(x**2), np.linspace(1, 2, 9), lambda x: 2 * x + (x > 1.5))
    ),
}  # fmt: skip


def drawn(name: str) -> bytes:
    from matplotlib import style

    with style.context("default"):
        figure = PICTURES[name]().figure
        without_text(figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, dpi=DPI, format="png")
    return buffer.getvalue()


def without_text(figure) -> None:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend
    from matplotlib.text import Text
    from matplotlib.ticker import NullFormatter

    for legend in figure.findobj(Legend):
        legend.remove()
    for ax in figure.findobj(Axes):
        for axis in (ax.xaxis, ax.yaxis, *([ax.zaxis] if hasattr(ax, "zaxis") else [])):
            axis.set_major_formatter(NullFormatter())
            axis.set_minor_formatter(NullFormatter())
    for text in figure.findobj(Text):
        text.set_text("")  # an annotation keeps its arrow


def blocks(png: io.BytesIO | Path) -> np.ndarray:
    """The picture in blocks, (rows, columns, 3)."""
    from matplotlib.image import imread

    if isinstance(png, io.BytesIO):
        png.seek(0)
    pixels = imread(png, format="png")[..., :3]
    rows, columns = (size // BLOCK * BLOCK for size in pixels.shape[:2])
    return pixels[:rows, :columns].reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK, 3).mean(axis=(1, 3))


@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_is_the_one_that_was_looked_at(name):
    now, then = blocks(io.BytesIO(drawn(name))), blocks(GOLDEN / f"{name}.png")
    assert now.shape == then.shape
    assert np.sqrt(np.mean((now - then) ** 2)) <= LOOSER.get(name, TOLERANCE)


def test_the_comparison_sees_a_difference():
    """A path that is not drawn, on a picture that is otherwise the same, is beyond the tolerance."""
    PICTURES["without path"] = lambda: gw.plot.contour(bowl, (-1, 4), (-2, 3))
    buffer = io.BytesIO(drawn("without path"))
    del PICTURES["without path"]
    now, then = blocks(buffer), blocks(GOLDEN / "contour.png")
    assert np.sqrt(np.mean((now - then) ** 2)) > TOLERANCE


def test_every_golden_picture_is_drawn():
    assert {path.stem for path in GOLDEN.glob("*.png")} == set(PICTURES)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for chosen in sys.argv[1:] or PICTURES:
        (GOLDEN / f"{chosen}.png").write_bytes(drawn(chosen))
