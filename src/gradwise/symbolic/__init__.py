"""Formulas: the program of a small function, and its derivatives, as SymPy expressions that a textbook would print.

``formulas.py`` is the line from a function to its ``Formula`` (start there), ``reading.py`` turns equations into expressions with the tables of
``entrywise.py``, ``special.py``, ``arrays.py``, ``matrices.py`` and ``ordering.py``; ``kinked.py`` differentiates what has kinks; ``shifts.py`` takes out what cancels;
``tidying.py`` chooses a form; ``textbook.py`` prints it; ``verifying.py`` compares the result with the function.

The derivative is SymPy's, of the expression: it shares no rule with ``gradwise.rules``, so each is a check of the other.

SymPy is reached through ``library.py`` only, and imported when the first formula is asked for.
"""

from gradwise.symbolic.formulas import formula
from gradwise.symbolic.report import Formula

__all__ = ["Formula", "formula"]
