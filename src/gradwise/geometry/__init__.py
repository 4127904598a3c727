"""The geometry of functions: what a point is, what surrounds it, and all points where the gradient vanishes.

- ``classify.py``: what a point is, from eigenvalue intervals; ``large_points.py`` the same from products with the Hessian (``lanczos.py``).

Plain arrays and reports, no drawing: a report's ``.plot()`` asks ``gradwise.plotting``.
"""

from gradwise.geometry.classification import Classification
from gradwise.geometry.classify import classify
from gradwise.geometry.lanczos import ExtremeEigenvalues, LanczosRun, extreme_eigenvalues, lanczos

__all__ = ["Classification", "ExtremeEigenvalues", "LanczosRun", "classify", "extreme_eigenvalues", "lanczos"]
