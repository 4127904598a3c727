"""From a Python function to a program: run it once, on real numbers, and record what happens to them.

Start with ``traced.py`` (the traced scalar and array, with NumPy's aliasing) and ``trace.py`` (the record).  ``arithmetic.py`` and ``data_model.py`` have Python's operators,
``ufuncs.py`` and ``functions/`` NumPy's protocols, ``methods.py`` and ``reducing.py`` the methods of arrays, ``indexing.py`` and ``keys.py`` items, ``run.py`` the run itself.

Never import transforms, execution or operators here.
"""

from typing import Any

from gradwise.tracing import functions, methods, ufuncs
from gradwise.tracing.layout import copy_in_layout
from gradwise.tracing.run import Recording, record
from gradwise.tracing.trace import Trace
from gradwise.tracing.traced import Traced, TracedArray, TracedScalar, apply, isinstance_traced

methods.install(TracedScalar, TracedArray)
_cls: Any
for _cls in (TracedScalar, TracedArray):
    _cls.__array_ufunc__ = ufuncs.array_ufunc
    _cls.__array_function__ = functions.array_function

__all__ = [
    "Recording",
    "Trace",
    "Traced",
    "TracedArray",
    "TracedScalar",
    "apply",
    "copy_in_layout",
    "isinstance_traced",
    "record",
]
