"""NumPy's functions on traced arrays (NEP 18): compositions of primitives and of one another, in ordinary NumPy.

Each module has a table ``FUNCTIONS`` from NumPy's function to ours, which takes the same arguments.  ``dispatch.py`` joins the tables and holds the protocol.
"""

from gradwise.tracing.functions.dispatch import array_function

__all__ = ["array_function"]
