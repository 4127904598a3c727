"""f with smaller tolerances, to tell a wrong claim from the error of f's own solver.

A function that runs an adaptive integrator, a root finder or a loop that stops at a tolerance is a slightly different, piecewise smooth
function than the one that it approximates: its slope differs from the true derivative by about the tolerance.  So f is run again
as a private copy in which every tolerance is a million times smaller, and the claim is judged by the derivative of that.

Start with ``verdicts.py`` (what is concluded), then ``session.py`` (the copy as it runs) and ``rewriting.py`` (its text).  SciPy's solvers
and their tolerances are in ``checking/solvers.py``, interpolants in ``checking/tables.py``.
"""

from gradwise.checking.tightening.session import Session, Tightened
from gradwise.checking.tightening.verdicts import reconsider, swapped, tightened_target

__all__ = ["Session", "Tightened", "reconsider", "swapped", "tightened_target"]
