"""Arrays of the user's own subclasses of ``np.ndarray`` whose numbers are traced.

The memory of such an array cannot hold traced numbers, and compiled code would read it past the trace.  So a run puts objects of ours in its place, of a *twin* of the user's class that is made for the run:
it has the user's methods and properties, which run instrumented, holds a traced array, and does what ``ndarray`` does where the class leaves it to that.  ``__class__`` answers for the user's class.

    twins      the twin of a class, its objects, and the plain array that one stands for
    interface  operators, items, attributes and methods of ndarray
    protocols  ``__array_ufunc__``, ``__array_function__``, ``__array_wrap__`` as ndarray has them
    probes     what NumPy's own function makes of an array of a class that only watches: which results are arrays of the class, and which of its methods are asked
"""

from __future__ import annotations
