"""What the bytecode of a function proves: that it writes to nothing that was there before the call, and that it depends on nothing unseen.

Start with ``machine.py``, which runs a code object on abstract values (``values.py``, joined in ``lattice.py``): each call is seen with its callee and the number of its arguments, and each
write with what it writes to.  ``callables.py`` lists what may be called, ``plain.py`` says which values have no behaviour of their own, ``objects.py`` what
the attributes of the user's objects are, ``constructed.py`` and ``sequences.py`` follow objects and lists of them, ``boxes.py`` containers made during the call, ``avoiding.py`` effects in branches, ``scope.py`` resolves names, and ``verdicts.py`` keeps what was found, with
the few identities that must be looked at again at each call.  ``reading.py`` and ``twins.py`` list the data that a function reads, and exchange them.

When in doubt nothing is proved: an unknown instruction, name, attribute or callee is a reason, with its line.

Never import operators here.
"""

from gradwise.tracing.purity.plain import is_plain
from gradwise.tracing.purity.verdicts import Verdict, forget_verdicts, inspect_function, untouched

__all__ = ["Verdict", "forget_verdicts", "inspect_function", "is_plain", "untouched"]
