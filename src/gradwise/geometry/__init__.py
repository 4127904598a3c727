"""The geometry of functions: what a point is, what surrounds it, and all points where the gradient vanishes.

- ``classify.py``: what a point is, from eigenvalue intervals; ``large_points.py`` the same from products with the Hessian (``lanczos.py``).
- ``critical_points.py``: all of them in a box; ``box_search.py`` finds them, ``branches.py`` and ``intervals/`` evaluate the program over boxes.
- ``profiles.py``: slopes over the angle; ``models.py``: tangent plane and quadratic model; ``slices.py``: values along a line and on a plane.
- ``level_sets.py``: contours through a point (``contour_tracing.py`` follows them); ``fields.py``: gradients on a grid; ``flow.py``: flow lines.

Plain arrays and reports, no drawing: a report's ``.plot()`` asks ``gradwise.plotting``.
"""

from gradwise.geometry.classification import Classification
from gradwise.geometry.classify import classify
from gradwise.geometry.critical_points import critical_points
from gradwise.geometry.critical_report import CriticalPoint, CriticalPoints
from gradwise.geometry.fields import GradientField, gradient_field
from gradwise.geometry.flow import FlowEnd, FlowLine, flow_lines
from gradwise.geometry.lanczos import ExtremeEigenvalues, LanczosRun, extreme_eigenvalues, lanczos
from gradwise.geometry.level_sets import End, LevelSet, level_set
from gradwise.geometry.models import QuadraticModel, TangentPlane, quadratic_model, tangent_plane
from gradwise.geometry.profiles import (
    DirectionalProfile,
    SteepestAscent,
    directional_profile,
    level_set_tangent,
    steepest_ascent,
)
from gradwise.geometry.slices import LineSlice, PlaneSlice, line_slice, plane_slice

__all__ = [
    "Classification",
    "CriticalPoint",
    "CriticalPoints",
    "DirectionalProfile",
    "End",
    "ExtremeEigenvalues",
    "FlowEnd",
    "FlowLine",
    "GradientField",
    "LanczosRun",
    "LevelSet",
    "LineSlice",
    "PlaneSlice",
    "QuadraticModel",
    "SteepestAscent",
    "TangentPlane",
    "classify",
    "critical_points",
    "directional_profile",
    "extreme_eigenvalues",
    "flow_lines",
    "gradient_field",
    "lanczos",
    "level_set",
    "level_set_tangent",
    "line_slice",
    "plane_slice",
    "quadratic_model",
    "steepest_ascent",
    "tangent_plane",
]
