"""Solutions of equations as one operation of a program: what an integrator or a root finder found, as a function of what its equation reads.

``batches.py`` evaluates and linearises the recorded equation at many points, ``steps.py`` has the mathematics of the steps, ``integration.py`` and ``equations.py`` are the two kinds of solution, ``chains.py`` finds higher
derivatives.  ``tracing/standins/proven.py`` says when an equation may be recorded once.
"""

from gradwise.operators.solutions import integration as _integration  # noqa: F401 - it installs itself

__all__: list[str] = []
