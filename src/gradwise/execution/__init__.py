"""From a program to numbers.

``numpy_backend.py`` turns a list of equations into one that calls NumPy, equation by equation: the reference meaning of every program, and what
serves the first call of each.  A backend is one file with ``build(equations, types, outputs, given)``; what it lacks falls back to the value in
the primitive's record.

Never import tracing, transforms or operators here.
"""

from gradwise.execution.numpy_backend import FREE_SIZE, Executable, build, evaluate, may_alias

__all__ = ["FREE_SIZE", "Executable", "build", "evaluate", "may_alias"]
