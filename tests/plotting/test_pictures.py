"""What is on the axes: arrows, paths, markers, lines, labels, as numbers; and what a picture leaves alone."""

from __future__ import annotations

import pickle
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import gradwise as gw
from gradwise.errors import InputError

pytestmark = pytest.mark.extras("matplotlib")


def bowl(x, y):
    return (x - 2) ** 2 + 2 * (y - 1) ** 2


def lines(ax, gid):
    return [line for line in ax.lines if line.get_gid() == gid]


def arrows_of(ax):
    from matplotlib.quiver import Quiver

    (quiver,) = [artist for artist in ax.collections if isinstance(artist, Quiver)]
    return quiver.get_offsets(), np.column_stack([quiver.U, quiver.V])


def level_lines(ax):
    """The vertices of each drawn level set, one array for each connected piece."""
    from matplotlib.contour import QuadContourSet

    drawn = [artist for artist in ax.collections if isinstance(artist, QuadContourSet) and not artist.filled]
    return [
        polygon for path in drawn[0].get_paths() for polygon in path.to_polygons(closed_only=False) if len(polygon) > 2
    ]


def new_axes(**options):
    from matplotlib.figure import Figure

    return Figure().add_subplot(**options)


# ----------------------------------------------------------------------------------------------------------- contours


def test_arrows_are_perpendicular_to_the_drawn_level_sets():
    ax = gw.plot.contour(bowl, (-1, 4), (-2, 3))
    places, arrows = arrows_of(ax)
    assert len(places) > 100
    gradient = np.column_stack([2 * (places[:, 0] - 2), 4 * (places[:, 1] - 1)])
    cross = gradient[:, 0] * arrows[:, 1] - gradient[:, 1] * arrows[:, 0]
    np.testing.assert_allclose(cross / np.linalg.norm(gradient, axis=1) / np.linalg.norm(arrows, axis=1), 0, atol=1e-12)
    assert np.all(np.einsum("ij,ij->i", gradient, arrows) > 0)
    segments = np.concatenate([np.column_stack([(p[1:] + p[:-1]) / 2, np.diff(p, axis=0)]) for p in level_lines(ax)])
    checked = 0
    for place, arrow in zip(places, arrows, strict=True):
        distance = np.linalg.norm(segments[:, :2] - place, axis=1)
        if distance.min() < 0.05:  # a level set passes by this arrow
            tangent = segments[np.argmin(distance), 2:]
            assert abs(tangent @ arrow) < 0.1 * np.linalg.norm(tangent) * np.linalg.norm(arrow)
            checked += 1
    assert checked > 10
    assert ax.get_aspect() == 1.0  # a right angle looks like one


def test_longer_gradients_have_longer_arrows_that_stay_in_their_cells():
    ax = gw.plot.contour(bowl, (-1, 4), (-2, 3))
    places, arrows = arrows_of(ax)
    norm = np.hypot(2 * (places[:, 0] - 2), 4 * (places[:, 1] - 1))
    order = np.argsort(norm)
    assert np.all(np.diff(np.linalg.norm(arrows, axis=1)[order]) >= -1e-12)
    (quiver,) = [a for a in ax.collections if hasattr(a, "scale")]
    assert np.max(np.linalg.norm(arrows, axis=1)) / quiver.scale <= 5 / 13


def test_a_pole_does_not_hide_the_other_arrows():
    places, arrows = arrows_of(gw.plot.contour(lambda x, y: 1 / (x**2 + y**2), (-2, 2), (-2, 2), count=21))
    assert len(places) > 100
    assert np.median(np.linalg.norm(arrows, axis=1)) > 0.05 * np.max(np.linalg.norm(arrows, axis=1))


def test_ranges_that_differ_much_keep_their_scales_and_say_so():
    ax = gw.plot.contour(lambda x, y: x**2 + y, (0, 1), (0, 100), count=11)
    assert ax.get_aspect() == "auto"
    assert any("scales differ" in text.get_text() for text in ax.texts)
    ax = gw.plot.contour(lambda x, y: x**2 + y, (0, 1), (0, 100), arrows=False, count=11)
    assert not ax.texts


def test_the_path_is_drawn_through_its_points():
    path = [(0.0, 0.0), (1.0, 0.5), (1.5, 1.0), (np.nan, 1.0), (2.0, 1.0)]
    ax = gw.plot.contour(bowl, (-1, 4), (-2, 3), path=path, count=21)
    (line,) = lines(ax, "path")
    np.testing.assert_array_equal(line.get_xydata(), [p for p in path if np.isfinite(p[0])])
    assert line.get_label() == "path"
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1, 4), (-2, 3))


@pytest.mark.parametrize(
    "wrap", [lambda x: SimpleNamespace(trace=SimpleNamespace(x=x)), lambda x: SimpleNamespace(points=x), list]
)
def test_paths_come_in_several_forms(wrap):
    path = np.array([[0.0, 0.0], [1.0, 1.0]])
    (line,) = lines(gw.plot.contour(bowl, (-1, 4), (-2, 3), path=wrap(path), count=11), "path")
    np.testing.assert_array_equal(line.get_xydata(), path)


def test_a_path_beside_the_plane_says_how_far():
    f = lambda v: v @ v
    path = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.25]])
    ax = gw.plot.contour(f, (-1, 1), (-1, 1), path=path, point=np.zeros(3), variables=(0, 1), count=11)
    (line,) = lines(ax, "path")
    np.testing.assert_array_equal(line.get_xydata(), path[:, :2])
    assert line.get_label() == "path\n(up to 0.25 off the plane)"
    with pytest.raises(InputError, match="4 columns"):
        gw.plot.contour(f, (-1, 1), (-1, 1), path=np.zeros((2, 4)), point=np.zeros(3), variables=(0, 1), count=11)
    with pytest.raises(InputError, match="One point in each row"):
        gw.plot.contour(f, (-1, 1), (-1, 1), path=np.zeros(3), point=np.zeros(3), variables=(0, 1), count=11)


def three(x, y, z):
    return x**2 + 2 * y**2 + 3 * z**2 + x * z


@pytest.mark.parametrize(
    ("f", "options", "title", "labels", "centre"),
    [
        (three, {}, "three\nz = 0", ("x", "y"), (0, 0)),
        (three, {"point": (1.0, 2.0, -0.5)}, "three\nz = −0.5", ("x", "y"), (1, 2)),
        (three, {"point": (1.0, 2.0, 0.5), "variables": ("x", "z")}, "three\ny = 2", ("x", "z"), (1, 0.5)),
        (lambda v: v @ v, {"point": [1.0, 2.0, 3.0, 4.0], "variables": (1, -1)}, "v[0] = 1, v[2] = 3", ("v[1]", "v[3]"), (2, 4)),
        (lambda v: v @ v, {"point": np.zeros(50)}, "v[2] … v[49] all = 0", ("v[0]", "v[1]"), (0, 0)),
        (
            lambda p: p["w"] @ p["w"] + p["b"] ** 2,
            {"point": {"w": np.array([1.0, 2.0]), "b": 3.0}, "variables": ("p['w'][0]", "p['b']")},
            "p['w'][1] = 2", ("p['w'][0]", "p['b']"), (1, 3),
        ),
        (lambda v: v @ v, {"point": np.arange(9.0)}, "v[2] = 2, v[3] = 3, v[4] = 4, v[5] = 5, v[6] = 6 and 2 more held", ("v[0]", "v[1]"), (0, 1)),
        (three, {"point": (1.0, 2.0, 3.0), "directions": ((1, 1, 0), (0, 0, 1))}, "three\nthrough x = 1, y = 2, z = 3", None, (0, 0)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("picture", ["contour", "surface", "flow_lines"])
def test_one_line_draws_a_slice_and_names_what_it_holds(picture, f, options, title, labels, centre):
    ax = getattr(gw.plot, picture)(
        f, **options, **({"levels": 5, "starts": [centre]} if picture == "flow_lines" else {"count": 9})
    )
    assert ax.get_title().split() == title.split()  # lines end where the figure's width asks for it
    assert labels is None or (ax.get_xlabel(), ax.get_ylabel()) == labels
    np.testing.assert_allclose([np.mean(ax.get_xlim()), np.mean(ax.get_ylim())], centre, atol=1e-12)


def test_the_values_of_a_slice_are_those_of_the_function():
    cut = gw.geometry.plane_slice(three, (-1, 1), (0, 2), 5, point=(0.0, -2.0, 0.0), variables=("z", "x"))
    z, x = np.meshgrid(cut.x, cut.y)
    np.testing.assert_allclose(cut.values, three(x, -2.0, z), rtol=1e-14)
    assert cut.plot().get_title() == "y = −2"


def test_a_path_in_many_variables_says_where_the_plane_lies():
    run = gw.descend(lambda v: three(*v), np.array([1.0, 1.0, 1.0]), maxiter=3)
    ax = gw.plot.contour(three, path=run)
    assert ax.get_title() == f"three\nz = {run.x[2]:.4g}".replace("-", "−")
    np.testing.assert_array_equal(lines(ax, "path")[0].get_xydata(), np.asarray(run.trace.points)[:, :2])
    assert ax.get_xlim()[0] < np.min(run.trace.points[:, 0])
    assert ax.get_xlim()[1] > 1


def test_limits_follow_one_another():
    assert gw.plot.contour(bowl, (-1, 4), count=9).get_ylim() == (-1, 4)
    assert gw.plot.contour(bowl, count=9).get_xlim() == (-1.5, 1.5)


def test_an_exception_without_a_point_says_what_was_passed():
    with pytest.raises(IndexError) as caught:
        gw.plot.contour(lambda v: v[0] * v[2])
    assert "called the function with an array of 2 numbers" in caught.value.__notes__[0]
    assert "write point=x" in caught.value.__notes__[0]


def test_in_a_plane_of_many_variables_arrows_are_perpendicular_to_its_level_sets():
    A = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 1.0]])
    point, u, v = np.array([1.0, 0.0, -1.0]), np.array([1.0, 1.0, 0.0]) / 2**0.5, np.array([0.0, 0.0, 1.0])
    ax = gw.plot.contour(lambda w: w @ A @ w, (-1, 1), (-1, 1), point=point, directions=(u, v), count=21)
    places, arrows = arrows_of(ax)
    for (s, t), arrow in zip(places, arrows, strict=True):
        full = 2 * A @ (point + s * u + t * v)
        inside = np.array([full @ u, full @ v])
        assert abs(inside[0] * arrow[1] - inside[1] * arrow[0]) < 1e-12 * np.linalg.norm(inside) * np.linalg.norm(arrow)
    assert "first direction" in ax.get_xlabel()


@pytest.mark.parametrize(
    ("f", "labels"),
    [
        (lambda x, y: x + y**2, ("x", "y")),
        (lambda height, width: height + width**2, ("height", "width")),
        (lambda v: v[0] + v[1] ** 2, ("v[0]", "v[1]")),
        (lambda *v: v[0][0] + v[0][1] ** 2, ("v[0]", "v[1]")),
        (lambda *v: v[0] + v[1] ** 2, ("x", "y")),
        (lambda width, height=2.0: width + height**2, ("width", "height")),
        (np.hypot, ("x1", "x2")),
        (lambda x, y: x + y**2 if x > 0 else y**2 - x**2, ("x", "y")),  # does not broadcast
        (lambda v: np.linalg.norm(v - 5) + max(v[0], 10), ("v[0]", "v[1]")),
        (lambda v: float(v[0]) + v[1] ** 2 if isinstance(v, list) else v[0] + v[1] ** 2, ("v[0]", "v[1]")),
    ],
)
def test_one_line_draws_any_function_of_two_variables(f, labels):
    ax = gw.plot.contour(f, (-1, 1), (-1, 1), count=15)
    assert (ax.get_xlabel(), ax.get_ylabel()) == labels
    assert level_lines(ax)


def test_a_function_that_cannot_be_traced_is_drawn_without_arrows():
    import math

    ax = gw.plot.contour(lambda x, y: math.exp(x) + y, (-1, 1), (-1, 1), arrows=False, count=15)
    assert level_lines(ax)


def test_level_sets_are_where_the_function_has_its_levels():
    ax = gw.plot.contour(lambda x, y: x**2 + y**2, (-2, 2), (-2, 2), levels=[1.0, 2.0], arrows=False)
    radii = [np.hypot(*polygon.T) for polygon in level_lines(ax)]
    assert len(radii) == 2
    for radius, expected in zip(radii, (1, 2**0.5), strict=True):
        np.testing.assert_allclose(radius, expected, rtol=1e-3)


def test_levels_that_are_given():
    ax = gw.plot.contour(lambda x, y: x**2 + y**2, (-2, 2), (-2, 2), levels=[1.0], arrows=False)
    (polygon,) = level_lines(ax)
    np.testing.assert_allclose(np.hypot(*polygon.T), 1, rtol=1e-3)
    gw.plot.contour(lambda x, y: x**2 + y**2, (-2, 2), (-2, 2), levels=[-5.0, 100.0], count=11).figure.canvas.draw()
    for levels in ([], [np.nan], 0, True):
        with pytest.raises(InputError, match="levels"):
            gw.plot.contour(lambda x, y: x**2 + y**2, (-2, 2), (-2, 2), levels=levels, count=5)


def test_levels_crowd_where_the_function_is_flat():
    from gradwise.plotting.contour import level_values

    values = np.linspace(0, 1, 10_001)
    for power in (2, 3, 6):
        chosen = level_values(values**power, 14)
        median = 0.5**power
        assert np.sum(chosen < median) >= 3
    np.testing.assert_allclose(np.diff(level_values(values, 10)), 0.1)
    assert len(level_values(np.ones(5), 10)) == 1


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: np.log(x) + y,  # undefined on half of the picture
        lambda x, y: 0 * x + 3.0,  # constant
        lambda x, y: 1 / (x**2 + y**2),  # a pole, on the grid
        lambda x, y: 1e300 * x * y,
        lambda x, y: 1e-300 * x * y,
    ],
)
def test_difficult_functions_are_drawn(f):
    ax = gw.plot.contour(f, (-1, 1), (-1, 1), count=21)
    ax.figure.canvas.draw()


def test_a_function_that_is_nowhere_defined_is_refused():
    with pytest.raises(InputError, match="not finite anywhere"):
        gw.plot.contour(lambda x, y: np.log(x) + y, (-2, -1), (-1, 1), count=11)


# ---------------------------------------------------------------------------------------------------- critical points


def test_markers_say_what_a_point_is_and_axes_have_the_length_of_curvature():
    f = lambda x, y: np.cos(x) + 4 * np.cos(y)  # -H = diag(cos x, 4 cos y)
    pi = np.pi
    ax = gw.plot.contour(f, (-1, 4), (-1, 4), arrows=False, critical_points=[(0, 0), (pi, pi), (0, pi)], count=21)
    for kind, marker, place in (("maximum", "^", (0, 0)), ("minimum", "v", (pi, pi)), ("saddle", "X", (0, pi))):
        (line,) = lines(ax, kind)
        assert line.get_marker() == marker
        np.testing.assert_allclose(line.get_xydata(), [place])
    axes = [line for line in lines(ax, "axis") if line.get_color() != "white"]
    assert len(axes) == 6
    lengths = sorted(np.linalg.norm(np.diff(line.get_xydata(), axis=0)) for line in axes)
    np.testing.assert_allclose(lengths[3:], 2 * np.array(lengths[:3]), rtol=1e-9)  # 1/√1 against 1/√4
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["maximum", "minimum", "saddle"]


def test_a_degenerate_point_is_drawn_as_undecided_without_an_axis():
    ax = gw.plot.contour(lambda x, y: x**4 + y**2, (-1, 1), (-1, 1), critical_points=[(0.0, 0.0)], count=21)
    (line,) = lines(ax, "degenerate")
    assert line.get_marker() == "$?$"
    directions = [np.diff(axis.get_xydata(), axis=0)[0] for axis in lines(ax, "axis")]
    assert directions
    assert all(abs(d[0]) < 1e-9 for d in directions)  # along y only


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x**2, 0.0),
        (lambda x, y: x**2 - y**2, (0.0, 0.0)),
        (lambda v: v @ v, np.zeros(2)),
        (lambda v: v @ v - 3 * v[2] ** 2, np.zeros(4)),
    ],
)
def test_classifications_draw_themselves(f, x):
    ax = gw.classify(f, x).plot()
    assert ax.get_title()
    ax.figure.canvas.draw()


def test_all_critical_points_of_a_box_are_found_and_marked():
    f = lambda x, y: x**3 - 3 * x + y**2
    for ax in (
        gw.plot.contour(f, (-3, 3), (-2, 2), critical_points=True, count=21),
        gw.critical_points(f, [(-3, 3), (-2, 2)]).plot(),
    ):
        (minimum,), (saddle,) = lines(ax, "minimum"), lines(ax, "saddle")
        np.testing.assert_allclose(minimum.get_xydata(), [[1, 0]], atol=1e-12)
        np.testing.assert_allclose(saddle.get_xydata(), [[-1, 0]], atol=1e-12)
    assert ax.get_title() == "2 critical points, proved complete"


def test_critical_points_of_a_section_are_those_of_f_with_the_rest_held():
    # at z = 2 it is x³ − 12x + y² + 16: x = ±2 with f'' = ±12, though f itself has none there
    f = lambda x, y, z: x**3 - 3 * x * z**2 + y**2 + z**4
    ax = gw.plot.contour(f, (-3, 3), (-2, 2), critical_points=True, point=[0.0, 0.0, 2.0], count=21)
    (minimum,), (saddle,) = lines(ax, "minimum"), lines(ax, "saddle")
    np.testing.assert_allclose(minimum.get_xydata(), [[2, 0]], atol=1e-12)
    np.testing.assert_allclose(saddle.get_xydata(), [[-2, 0]], atol=1e-12)
    assert ax.get_title() == "z = 2"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "minimum of the section",
        "saddle of the section",
    ]


def test_critical_points_in_a_turned_plane_of_two_variables_lie_where_they_are():
    f = lambda x, y: x**3 - 3 * x + y**2
    turned = {"point": [0.0, 0.0], "directions": [(1, 1), (1, -1)]}
    ax = gw.plot.contour(f, (-3, 3), (-3, 3), critical_points=True, count=21, **turned)
    (minimum,), (saddle,) = lines(ax, "minimum"), lines(ax, "saddle")
    np.testing.assert_allclose(minimum.get_xydata(), [[0.5**0.5, 0.5**0.5]], atol=1e-12)
    np.testing.assert_allclose(saddle.get_xydata(), [[-(0.5**0.5), -(0.5**0.5)]], atol=1e-12)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["minimum", "saddle"]
    ax = gw.plot.contour(f, (-2, 2), (-3, 3), critical_points=True, count=21, variables=("y", "x"), point=[0.0, 0.0])
    np.testing.assert_allclose(lines(ax, "minimum")[0].get_xydata(), [[0, 1]], atol=1e-12)


def test_critical_points_of_one_variable_lie_on_the_curve():
    ax = gw.critical_points(np.sin, (-4, 4)).plot()
    assert sorted(line.get_xydata()[0, 0] for line in lines(ax, "maximum")) == pytest.approx([-1.5 * np.pi + np.pi * 2])
    for kind, height in (("minimum", -1), ("maximum", 1)):
        for line in lines(ax, kind):
            assert line.get_xydata()[0, 1] == pytest.approx(height)


def test_what_is_undecided_is_shaded():
    for f, bounds in ((lambda x: x**4, (-1, 1)), (lambda x, y: x**4 + y**2, [(-1, 1), (-1, 1)])):
        ax = gw.critical_points(f, bounds).plot()
        assert [a for a in (*ax.collections, *ax.patches) if a.get_gid() == "undecided"]
        assert lines(ax, "degenerate")
        assert "undecided" in ax.get_title()


# ------------------------------------------------------------------------------------------------- lines and profiles


def test_a_slice_shows_the_function_its_tangent_and_its_model():
    ax = gw.plot.line_slice(lambda x, y: x**2 + 3 * y, (1.0, 2.0), (1.0, 0.0), (-1, 2))
    drawn = {line.get_label().split(",")[0]: line for line in ax.lines}
    t = drawn["f"].get_xdata()
    np.testing.assert_allclose(drawn["f"].get_ydata(), (1 + t) ** 2 + 6, rtol=1e-14)
    np.testing.assert_allclose(drawn["tangent"].get_ydata(), 7 + 2 * t, atol=1e-13)
    np.testing.assert_allclose(drawn["quadratic model"].get_ydata(), 7 + 2 * t + t**2, atol=1e-13)
    assert drawn["tangent"].get_label() == "tangent, slope 2"


def test_a_function_of_one_number_is_drawn_over_its_own_axis():
    ax = gw.plot.line_slice(np.cos, 2.0, limits=(-1, 1))
    line = next(line for line in ax.lines if line.get_label() == "f")
    np.testing.assert_allclose(line.get_ydata(), np.cos(line.get_xdata()), rtol=1e-14)
    assert (line.get_xdata()[0], line.get_xdata()[-1]) == (1.0, 3.0)
    ax = gw.plot.line_slice(np.cos, 2.0, -3.0, (-1, 1))  # against the axis: the picture stays the right way round
    line = next(line for line in ax.lines if line.get_label() == "f")
    np.testing.assert_allclose(line.get_ydata(), np.cos(line.get_xdata()), rtol=1e-14)


def test_the_rose_is_two_circles_of_the_size_of_the_gradient():
    ax = gw.plot.rose(lambda x, y: 3 * x + 4 * y, (0.0, 0.0))
    for label, sign in (("f grows", 1), ("f falls", -1)):
        line = next(line for line in ax.lines if line.get_label() == label)
        angle, radius = line.get_data()
        good = np.isfinite(radius)
        np.testing.assert_allclose(radius[good], sign * (3 * np.cos(angle[good]) + 4 * np.sin(angle[good])), atol=1e-12)
    level = [line for line in ax.lines if line.get_linestyle() == ":"]
    assert len(level) == 2
    for line in level:
        angle = line.get_xdata()[0]
        assert abs(3 * np.cos(angle) + 4 * np.sin(angle)) < 1e-12


def test_a_flat_rose_is_drawn():
    gw.plot.rose(lambda x, y: x**2 + y**2, (0.0, 0.0)).figure.canvas.draw()


@pytest.mark.slow
def test_results_of_geometry_draw_themselves():
    f = lambda x, y: x**2 + y**2 - x * y
    g = gw.geometry
    for result in (
        g.directional_profile(f, (1.0, 2.0)), g.level_set(f, (1.0, 2.0)), g.tangent_plane(f, (1.0, 2.0)), g.quadratic_model(f, (1.0, 2.0)),
        g.line_slice(f, (1.0, 2.0)), g.plane_slice(f, (-1, 1), (-1, 1), 11), g.gradient_field(f, (-1, 1), (-1, 1), 3),
        g.flow_lines(f, (1.0, 2.0))[0], g.flow_lines(lambda v: v[0] ** 2, [1.0])[0],
    ):  # fmt: skip
        ax = result.plot()
        assert ax.get_xlabel()
        ax.figure.canvas.draw()


def test_models_that_lost_their_function_say_so():
    from gradwise.geometry import QuadraticModel, TangentPlane

    with pytest.raises(InputError, match="without its function"):
        QuadraticModel(np.zeros(2), 0.0, np.ones(2), None, np.eye(2)).plot()
    with pytest.raises(InputError, match="without its function"):
        TangentPlane(np.zeros(2), 0.0, np.ones(2)).plot()


def test_a_pickled_model_keeps_its_numbers():
    model = gw.geometry.quadratic_model(lambda x, y: x * y, (1.0, 2.0))
    copy = pickle.loads(pickle.dumps(model))
    assert copy(3.0, 4.0) == model(3.0, 4.0) == 12.0
    with pytest.raises(InputError, match="without its function"):
        copy.plot()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"path": "abc"}, "path"), ({"path": []}, "path"), ({"arrows": -1}, "arrows"), ({"count": 1}, "count")],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        gw.plot.contour(bowl, (-1, 4), (-2, 3), **{"count": 5, **options})


def test_flow_lines_end_where_the_function_is_lowest():
    ax = gw.plot.flow_lines(lambda x, y: x**2 + 4 * y**2, (-2, 2), (-2, 2), starts=[(1.5, 1.5), (-1.0, 1.0)])
    drawn = lines(ax, "flow line")
    assert len(drawn) == 2
    for line in drawn:
        x, y = line.get_xydata().T
        np.testing.assert_allclose(line.get_xydata()[-1], 0, atol=1e-3)
        np.testing.assert_allclose(y / y[0], (x / x[0]) ** 4, atol=1e-4)  # y = c x⁴ on the flow of x² + 4y²


def test_the_surface_carries_path_and_tangent():
    ax = gw.plot.surface(bowl, (-1, 4), (-2, 3), path=[(0, 0), (1, 1)], tangent_at=(2.0, 1.0), count=11)
    heights = [line.get_data_3d()[2] for line in ax.lines]
    np.testing.assert_allclose(heights[0], [bowl(0, 0), bowl(1, 1)])
    np.testing.assert_allclose(heights[1], [0.0])
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()) == ("x", "y", "f")


# -------------------------------------------------------------------------------------------------------- convergence


def test_fit_theory_and_optimum_of_a_geometric_descent():
    k = np.arange(40)
    run = {"fun": 5 + 3 * 0.8 ** (2 * k), "gradient_norm": 2 * 0.8**k}
    ax = gw.plot.convergence(run, theory=0.8)
    (gap,), (gradient,), (fit,), (theory,) = (lines(ax, gid) for gid in ("f", "gradient", "fit", "theory"))
    np.testing.assert_allclose(gap.get_ydata(), 3 * 0.8 ** (2 * k), rtol=1e-4)  # f* was extrapolated
    assert "extrapolated" in gap.get_label()
    np.testing.assert_array_equal(gradient.get_ydata(), run["gradient_norm"])
    for line in (fit, theory):
        ratios = line.get_ydata()[1:] / line.get_ydata()[:-1]
        np.testing.assert_allclose(ratios, 0.8, rtol=1e-6)
    assert fit.get_label() == "fitted: × 0.8 a step"
    assert ax.get_yscale() == "log"


def test_an_optimum_that_is_not_known_does_not_make_the_curve_plunge():
    fun = 1 / np.arange(1.0, 101)
    ax = gw.plot.convergence({"fun": fun, "gradient_norm": fun**2})
    (gap,) = lines(ax, "f")
    shown = gap.get_ydata()[np.isfinite(gap.get_ydata())]
    assert 80 < len(shown) < 100
    assert shown.min() > 0.1 * fun.min()
    assert "but for the end" in gap.get_label()


def test_an_optimum_that_is_known_is_used():
    ax = gw.plot.convergence([4.0, 2.0, 1.5, 1.25], optimum=1.0)
    (gap,) = lines(ax, "f")
    np.testing.assert_array_equal(gap.get_ydata(), [3.0, 1.0, 0.5, 0.25])
    assert gap.get_label() == "f − f*"


def test_the_noise_of_f_is_drawn_where_the_curve_reaches_it():
    k = np.arange(60)
    fun = 1 + 0.25**k
    (noise,) = lines(gw.plot.convergence(fun, optimum=1.0), "noise")
    assert noise.get_ydata()[0] == pytest.approx(2 * np.finfo(float).eps)
    assert not lines(gw.plot.convergence(fun[:10], optimum=1.0), "noise")
    (noise,) = lines(gw.plot.convergence(fun[:10], optimum=1.0, noise=1e-3), "noise")
    assert noise.get_ydata()[0] == 1e-3


@pytest.mark.parametrize("fun", [[1.0], [1.0, 1.0], [np.nan, 1.0], [np.inf, np.nan], [3.0, 5.0, 9.0], [0.0, 0.0]])
def test_short_and_broken_runs_are_drawn(fun):
    gw.plot.convergence(fun).figure.canvas.draw()


def test_steps_with_the_rates_that_a_report_knows():
    trace = {"learning_rate": np.full(5, 0.1), "step": 0.5 ** np.arange(5)}
    run = SimpleNamespace(trace=trace, learning_rates=SimpleNamespace(stable=0.2, one_over_L=np.nan))
    ax = gw.plot.step_sizes(run)
    labels = [line.get_label() for line in ax.lines]
    assert labels == ["learning rate η", "length of the step ‖Δx‖", "largest stable η = 0.2"]
    with pytest.raises(InputError, match="neither"):
        gw.plot.step_sizes([1.0, 2.0])
    with pytest.raises(InputError, match="no columns"):
        gw.plot.step_sizes({})


def test_a_descent_in_many_variables_is_drawn_on_the_plane_of_its_path():
    x = np.outer(0.9 ** np.arange(30), [1.0, 2.0, 3.0]) + np.outer(0.5 ** np.arange(30), [1.0, 0.0, 0.0])
    run = SimpleNamespace(trace=SimpleNamespace(x=x, fun=np.einsum("ij,ij->i", x, x), learning_rate=np.ones(30)))
    for f in (None, lambda v: v @ v):
        axes = gw.plot.descent(run, f=f)
        (line,) = lines(axes[0], "path")
        flat = line.get_xydata()  # the path lies in a plane, so that distances are kept
        np.testing.assert_allclose(
            np.linalg.norm(flat - flat[-1], axis=1), np.linalg.norm(x - x[-1], axis=1), atol=1e-12
        )
        assert line.get_label() == "path"
    with pytest.raises(InputError, match="Three"):
        gw.plot.descent(run, axes=[new_axes()])


@pytest.mark.parametrize(
    ("f", "x0", "labels"),
    [
        (bowl, (0.0, 0.0), ("x", "y")),
        (lambda v: v @ v, np.ones(2), ("v[0]", "v[1]")),
        (lambda p: (p["w"] - 1) ** 2 + p["b"] ** 2, {"w": 3.0, "b": 1.0}, ("p['b']", "p['w']")),
        (lambda w: (w - 1) ** 2, 3.0, ("w", "f")),
    ],
)
def test_a_descent_names_the_arguments_of_its_function(f, x0, labels):
    axes = gw.descend(f, x0, maxiter=20).plot()
    assert (axes[0].get_xlabel(), axes[0].get_ylabel()) == labels


@pytest.mark.slow
def test_a_descent_in_one_variable():
    run = SimpleNamespace(
        trace=SimpleNamespace(x=np.array([[1.0], [0.5]]), fun=np.array([1.0, 0.25]), step=np.array([0.5, np.nan]))
    )
    gw.plot.descent(run)[0].figure.canvas.draw()
    gw.plot.descent(run, f=lambda v: v[0] ** 2)[0].figure.canvas.draw()


# ----------------------------------------------------------------------------------------------------------- matrices


def test_bars_of_a_gradient():
    g = {"w": np.array([2.0, -1.0]), "b": 0.5}
    ax = gw.plot.gradient(g)
    drawn = {label.get_text(): bar.get_width() for label, bar in zip(ax.get_yticklabels(), ax.patches, strict=True)}
    assert drawn == {"g['w'][0]": 2.0, "g['w'][1]": -1.0, "g['b']": 0.5}
    assert {text.get_text() for text in ax.texts} == {"2", "−1", "0.5"}
    assert gw.plot.gradient(3.0).patches[0].get_width() == 3.0
    assert gw.plot.gradient([1.0, np.nan, np.inf]).texts[1].get_text() == "nan"
    assert gw.plot.gradient(np.array([1e-6, 1.0])).get_xscale() == "symlog"
    assert gw.plot.gradient(np.zeros(3)).get_xscale() == "linear"
    many = gw.plot.gradient(np.linspace(-1, 1, 500))
    assert many.get_xlabel() == "entry, from g[0] to g[499]"
    for bad, message in (([], "no numbers"), (np.ones(2) * 1j, "not real numbers")):
        with pytest.raises(InputError, match=message):
            gw.plot.gradient(bad)
    with pytest.raises(InputError, match="2 names were given for 3 entries"):
        gw.plot.gradient(np.ones(3), names=["a", "b"])


def test_an_estimate_without_a_line_draws_its_entries():
    hessian = gw.numerical.hessian(lambda v: v[0] ** 2 * v[1], np.array([1.0, 2.0]))
    ax = hessian.plot()
    assert ax.get_title().startswith("entries, numerical bounds ≤ ")
    np.testing.assert_allclose(ax.images[0].get_array(), [[4, 2], [2, 0]], atol=1e-6)
    gradient = pickle.loads(pickle.dumps(gw.numerical.grad(lambda v: v @ v, np.array([1.0, 2.0]))))
    assert [round(bar.get_width(), 6) for bar in gradient.plot().patches] == [2, 4]


def test_colours_of_a_matrix_are_centred_at_zero():
    ax = gw.plot.matrix([[1.0, -3.0], [0.0, 2.0]], rows=["p", "q"], columns=["a", "b"])
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), [[1, -3], [0, 2]])
    assert (image.norm.vmin, image.norm.vmax) == (-3, 3)
    assert [text.get_text() for text in ax.texts] == ["1", "−3", "0", "2"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["p", "q"]


@pytest.mark.slow
def test_matrices_of_all_kinds():
    import scipy

    for A in (
        np.zeros((2, 2)), [1.0, 2.0], 3.0, np.full((2, 2), np.nan), np.array([[np.inf, 1.0]]), scipy.sparse.eye(30).tocsr(), np.ones((2, 3, 2, 3)),
        np.eye(3, dtype=bool), np.array([[1e-300, 1e300]]), np.arange(6).reshape(2, 3).T,
    ):  # fmt: skip
        gw.plot.matrix(A).figure.canvas.draw()
        gw.plot.sparsity(A).figure.canvas.draw()
    with pytest.raises(InputError, match="no entries"):
        gw.plot.matrix(np.zeros((0, 3)))
    with pytest.raises(InputError, match="Real numbers"):
        gw.plot.matrix(np.eye(2) * 1j)
    with pytest.raises(InputError, match="3 names were given for 2"):
        gw.plot.matrix(np.eye(2), columns=list("abc"))


def test_sparsity_counts():
    ax = gw.plot.sparsity(np.triu(np.ones((4, 4))))
    assert ax.get_title() == "10 of 16 entries are not zero (62.5 %)"
    np.testing.assert_array_equal(ax.images[0].get_array(), np.triu(np.ones((4, 4))))


# -------------------------------------------------------------------------------------------- what is left as it was


def test_the_callers_axes_are_used_and_nothing_else_is_added():
    ax = new_axes()
    assert gw.plot.contour(bowl, (-1, 4), (-2, 3), ax, count=11) is ax
    assert ax.figure.axes == [ax]
    ax = new_axes(projection="polar")
    assert gw.plot.rose(bowl, (0.0, 0.0), ax) is ax
    with pytest.raises(InputError, match="'polar' are required"):
        gw.plot.rose(bowl, (0.0, 0.0), new_axes())
    with pytest.raises(InputError, match="matplotlib Axes"):
        gw.plot.contour(bowl, (-1, 4), (-2, 3), ax="here", count=11)


def test_no_global_state_changes():
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    gw.plot.sparsity(np.eye(2))
    before, open_figures = dict(mpl.rcParams), plt.get_fignums()
    gw.plot.contour(bowl, (-1, 4), (-2, 3), path=[(0, 0), (1, 1)], critical_points=[(2.0, 1.0)], count=21)
    gw.plot.surface(bowl, (-1, 4), (-2, 3), count=11)
    gw.plot.rose(bowl, (0.0, 0.0))
    assert dict(mpl.rcParams) == before
    assert len(plt.get_fignums()) == len(open_figures)


def test_a_window_of_pyplot_finds_the_figure(monkeypatch):
    """Where pyplot is in use and its backend can show figures, the user's own plt.show() shows them."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    monkeypatch.setattr(mpl, "get_backend", lambda: "QtAgg")
    before = plt.get_fignums()
    ax = gw.plot.sparsity(np.eye(2))
    assert ax.figure.number in set(plt.get_fignums()) - set(before)
    plt.close(ax.figure)


def test_every_picture_is_public_and_documented():
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "reference" / "plotting.md").read_text("utf-8")
    assert gw.plot.__all__ == sorted(gw.plot.__all__) == dir(gw.plot)
    for name in gw.plot.__all__:
        picture = getattr(gw.plot, name)
        assert picture.__name__ == name
        assert ">>> " in picture.__doc__
        assert f"gw.plot.{name}(" in gw.plot.__doc__
        assert f"gradwise.plotting.{name}.{name}" in page
    with pytest.raises(AttributeError, match="no picture 'pie'"):
        _ = gw.plot.pie


def run_python(program):
    return subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_matplotlib_is_loaded_by_the_first_picture_and_pyplot_never():
    program = """
import sys, gradwise as gw
gw.plot, dir(gw.plot)
assert "matplotlib" not in sys.modules
gw.plot.contour(lambda x, y: x * y, (-1, 1), (-1, 1), count=5).figure.savefig("/dev/null", format="png")
assert "matplotlib" in sys.modules and "matplotlib.pyplot" not in sys.modules
"""
    assert run_python(program).stderr == ""


def test_without_matplotlib_the_message_says_what_to_install():
    program = """
import sys
sys.modules["matplotlib"] = None
import gradwise as gw
for ask in (lambda: gw.plot.contour, gw.numerical.derivative(lambda x: x * x, 1.0).plot):
    try:
        ask()
    except ImportError as error:
        print("pip install gradwise[plot]" in str(error))
"""
    result = run_python(program)
    assert (result.stdout.split(), result.stderr) == (["True", "True"], "")


def test_the_steepest_ascent_is_drawn_as_a_rose():
    found = gw.geometry.steepest_ascent(lambda x, y: x**2 + 3 * y, (1.0, 2.0))
    ax = found.plot()
    assert ax.name == "polar"
    assert f"largest slope {13**0.5:.4g}" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_names_of_columns_are_those_of_the_rows_of_symmetric_matrices_only():
    names = lambda ax: [text.get_text() for text in ax.get_yticklabels()]
    assert names(gw.plot.matrix([[1.0, 2.0], [3.0, 4.0]], columns=["x", "y"])) == ["0", "1"]
    assert names(gw.plot.matrix([[1.0, 2.0], [2.0, 4.0]], columns=["x", "y"])) == ["x", "y"]
    assert names(gw.plot.matrix([[1.0, 2.0], [3.0, 4.0]], rows=["f", "g"], columns=["x", "y"])) == ["f", "g"]


def test_several_descents_are_compared_by_their_values():
    f = lambda x, y: (x - 1) ** 2 + 4 * y**2
    runs = {name: gw.descend(f, (3.0, 1.0), name, 0.05, maxiter=30, tol=0) for name in ("gd", "momentum")}
    ax = gw.plot.convergence(runs, optimum=0.0)
    for name, run in runs.items():
        (line,) = [line for line in ax.lines if line.get_gid() == name]
        np.testing.assert_allclose(line.get_ydata(), run.trace.fun)
    assert ax.get_ylabel() == "f − f*"
    lowest = min(np.min(run.trace.fun) for run in runs.values())
    ax = gw.plot.convergence([runs["gd"], runs["gd"], runs["momentum"]])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["gd, number 1", "gd, number 2", "momentum(beta=0.9)"]
    np.testing.assert_allclose(ax.lines[0].get_ydata()[:5], runs["gd"].trace.fun[:5] - lowest)
    ax.figure.canvas.draw()


def test_a_constant_function_is_said_to_be_one():
    ax = gw.plot.contour(lambda x, y: 3.0 + 0 * x, (-1, 1), (-1, 1), count=5)
    assert any("f = 3 all over the grid" in text.get_text().replace("\n", " ") for text in ax.texts)
    assert ax.get_xlim() == (-1, 1)


def test_functions_where_reports_are_drawn_are_answered_with_the_call():
    with pytest.raises(InputError, match=r"gw\.geometry\.gradient_field\(f"):
        gw.plot.gradient_field(lambda x, y: x * y, (-1, 1), (-1, 1))
    with pytest.raises(InputError, match=r"gw\.geometry\.level_set\(f, point\)"):
        gw.plot.level_set(lambda x, y: x * y, (1.0, 1.0))


def test_tangent_planes_are_not_seen_edge_on():
    monkey = lambda x, y: x**3 - 3 * x * y**2
    azimuths = {
        place: gw.plot.surface(monkey, (-1, 1), (-1, 1), tangent_at=place).azim for place in [(0.5, 0.5), (0.1, 0.0)]
    }
    assert azimuths == {(0.5, 0.5): 30, (0.1, 0.0): -60}
    own = gw.plot.surface(monkey, (-1, 1), (-1, 1)).figure.axes[0]
    own.azim = -60
    assert gw.plot.surface(monkey, (-1, 1), (-1, 1), ax=own, tangent_at=(0.5, 0.5)).azim == -60  # the caller's own view


def test_axes_of_many_points_do_not_reach_their_neighbours():
    f = lambda x, y: np.cos(3 * x) + np.cos(3 * y)
    ax = gw.plot.contour(f, (-4, 4), (-4, 4), critical_points=True, arrows=False, count=21)
    lengths = [np.linalg.norm(np.ptp(line.get_xydata(), axis=0)) / 2 for line in lines(ax, "axis")]
    assert 0 < max(lengths) <= 0.6 * np.pi / 3 + 1e-9  # the points stand π/3 apart
    ax.figure.canvas.draw()
    box, frame = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert box.y1 < frame.y0  # the legend hides none of them
