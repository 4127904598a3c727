"""Pictures as people draw them: nothing cut off, nothing empty without a word, a grid as fine as what it shows."""

import warnings

import numpy as np
import pytest

import gradwise as gw

mpl = pytest.importorskip("matplotlib")
FigureCanvasAgg = pytest.importorskip("matplotlib.backends.backend_agg").FigureCanvasAgg
pytestmark = pytest.mark.extras("matplotlib")


def overhang(ax):
    """How far labels reach over the border of the figure, in inches."""
    figure = ax.figure
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    box = figure.get_tightbbox(canvas.get_renderer())
    width, height = figure.get_size_inches()
    return max(-box.x0, -box.y0, box.x1 - width, box.y1 - height)


def texts(ax):
    return " ".join(t.get_text().replace("\n", " ") for t in ax.texts)


@pytest.mark.parametrize(
    ("f", "xlim", "ylim"),
    [
        (lambda x, y: x**2 + 3 * y**2, (1e-9, 3e-9), (-2e-9, 1e-9)),
        (lambda x, y: x**2 + 3 * y**2, (1e12, 3e12), (-2e12, 1e12)),
        (lambda x, y: 1 / (x * y), (-1, 1), (-1, 1)),
        (lambda x, y: 1e8 * (x**2 + y**2), (-1, 1), (-2, 2)),
        (lambda x, y: 1e8 * (x**2 + y**2), (-5, 5), (-1, 1)),
    ],
)
def test_labels_are_not_cut_off_at_the_border_of_a_new_figure(f, xlim, ylim):
    assert overhang(gw.plot.contour(f, xlim, ylim, arrows=False, count=31)) <= 0.0


def test_a_descent_that_took_no_step_says_why_there_is_no_curve():
    run = gw.descend(lambda v: np.sum(v**2), np.zeros(2))
    ax = gw.plot.convergence(run)
    assert "logarithmic scale has no place" in texts(ax)
    assert "logarithmic" not in texts(gw.plot.convergence(gw.descend(lambda v: np.sum(v**2), np.ones(2))))


def test_what_is_no_estimate_is_refused_with_the_call_to_write():
    with pytest.raises(gw.InputError, match=r"gw\.numerical\.derivative\(f, x\)"):
        gw.plot.v_curve(np.sin)


def test_critical_points_in_space_name_the_variable_that_is_looked_along():
    found = gw.critical_points(lambda x, y, z: x**2 + y**2 + z**2, [(-1, 1)] * 3)
    assert found.plot().get_title().endswith("seen along z")
    found = gw.critical_points(lambda v: np.sum(v**2), [(-1, 1)] * 6)
    assert found.plot().get_title().endswith("seen along 4 other variables")


def test_the_grid_resolves_the_waves_between_critical_points():
    calls = []

    def waves(x, y):
        calls.append(x)
        return np.sin(x) + y * y

    found = gw.critical_points(waves, [(0, 100), (-1, 1)])
    assert found.proved
    calls.clear()
    found.plot()
    columns = np.unique([float(x) for x in calls if isinstance(x, float | np.floating)])
    assert np.max(np.diff(columns)) < np.pi / 5


def test_decades_of_both_signs_have_room_for_their_labels():
    g = np.random.default_rng(0).normal(size=300) * np.logspace(-8, 3, 300)
    ax = gw.plot.gradient(g)
    canvas = FigureCanvasAgg(ax.figure)
    canvas.draw()
    boxes = [label.get_window_extent(canvas.get_renderer()) for label in ax.get_yticklabels() if label.get_text()]
    assert len(boxes) >= 3
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[k + 1 :])
    assert not mpl.rcParams["figure.constrained_layout.use"]


@pytest.mark.slow
def test_without_a_window_pyplot_saves_the_last_picture(tmp_path):
    from matplotlib import pyplot as plt

    before = len(plt.get_fignums())
    first = gw.plot.contour(lambda x, y: x * y, (-1, 1), (-1, 1), count=5)
    for _ in range(3):
        last = gw.plot.contour(lambda x, y: x + y, (-1, 1), (-1, 1), count=5)
    assert plt.gcf() is last.figure
    assert len(plt.get_fignums()) <= before + 1
    plt.savefig(tmp_path / "last.png")
    assert plt.imread(tmp_path / "last.png")[..., :3].std() > 0.1  # no blank sheet
    first.figure.savefig(tmp_path / "first.png")  # it lives on
    assert len(plt.imread(tmp_path / "first.png")) > 100
    plt.close("all")


@pytest.mark.parametrize(
    "f",
    [lambda x, y: 1 + 1e-14 * (x * x + y * y), lambda x, y: 3e8 + x + y, lambda x, y: 1e-300 * x + y, lambda x, y: x],
)
def test_numbers_on_a_scale_of_colours_differ(f):
    ax = gw.plot.contour(f, (-1, 1), (-1, 1), count=21, arrows=False)
    (bar,) = ax.child_axes
    labels = [label.get_text() for label in bar.get_yticklabels()]
    assert len(labels) > 3
    assert len(set(labels)) == len(labels)
    assert max(map(len, labels)) <= 12
    title = bar.get_title()
    base = float(title.removesuffix(" + …").replace("−", "-")) if title else 0.0
    values = [f(x, y) for x in np.linspace(-1, 1, 21) for y in np.linspace(-1, 1, 21)]
    for label in labels:
        assert min(values) <= base + float(label.replace("−", "-")) <= max(values)


def test_a_v_curve_of_nan_says_so():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = gw.plot.v_curve(gw.numerical.derivative(lambda x: np.nan * x, 1.0))
    assert any("not finite around x" in text.get_text().replace("\n", " ") for text in ax.texts)
