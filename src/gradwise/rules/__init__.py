"""The mathematics: one record for each primitive, with its value, type, derivative, transpose and batched form.

``algebra.py`` has the constructors and the arithmetic in which rules are written (start there); the families are ``elementwise.py``,
``reductions.py``, ``shapes.py``, ``products.py``, ``linear_algebra.py``, ``special.py``, ``fourier.py``, ``ordering.py``, ``calls.py``.  A derivative is written once, forward; the
pullback is its transpose (``transforms/templates.py``).

Never import tracing, transforms, execution or operators here.
"""
