"""The mathematics: one record for each primitive, with its value, type, derivative, transpose and batched form.

``algebra.py`` has the constructors and the arithmetic in which rules are written (start there).  The families:

- entry by entry: ``elementwise.py``, ``powers.py``; ``special.py``, ``bessel.py``, ``polynomials.py`` (SciPy's functions), with ``series.py`` for derivatives
  that have no closed form
- over axes: ``reductions.py``, ``entries.py`` (products), ``cumulative.py``, ``ordering.py``, ``interpolation.py``, ``fourier.py``
- shapes and places: ``shapes.py``, ``axes.py``, ``indexing.py``, ``broadcasting.py``
- ``products.py``, ``linear_algebra/``
- ``calls.py``: operations with a derivative of their own

A derivative is written once, forward; the pullback is its transpose (``transforms/templates.py``).

Never import tracing, transforms, execution or operators here.
"""
