"""The geometry of functions: what a point is, what surrounds it, and all points where the gradient vanishes.

Plain arrays and reports, no drawing: a report's ``.plot()`` asks ``gradwise.plotting``.
"""

__all__: list[str] = []
