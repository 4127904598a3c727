"""Solutions of equations as one operation of a program: what an integrator or a root finder found, as a function of what its equation reads.

``batches.py`` evaluates and linearises the recorded equation at many points, ``steps.py`` and ``stiff.py`` have the mathematics of the steps, ``integration.py`` and ``equations.py`` are the two kinds of solution, ``found_anew.py`` finds roots again in programs that stand for a function, by the formulas of ``written_formulas.py``, ``solved_anew.py`` steps,
``integrals.py`` has integrals of one variable, ``recorded_steps.py`` records steps, ``quadrature.py`` integrands at many nodes; ``sides.py`` tells where a formula switches (``places.py``, ``switches.py``, ``spectra.py``); ``chains.py`` finds higher derivatives, of the program that ``writing.py`` writes.  ``tracing/standins/proven.py`` says when an equation may be recorded once.
"""

from gradwise.operators.solutions import equations as _equations  # noqa: F401 - it installs itself
from gradwise.operators.solutions import found_anew as _found_anew  # noqa: F401 - it installs itself
from gradwise.operators.solutions import integrals as _integrals  # noqa: F401 - it installs itself
from gradwise.operators.solutions import quadrature as _quadrature  # noqa: F401 - it installs itself
from gradwise.operators.solutions import recorded_steps as _recorded_steps  # noqa: F401 - it installs itself
from gradwise.operators.solutions import sides as _sides  # noqa: F401 - it installs itself
from gradwise.operators.solutions import solved_anew as _solved_anew  # noqa: F401 - it installs itself

__all__: list[str] = []
