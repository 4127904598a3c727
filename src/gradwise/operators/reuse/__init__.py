"""Programs that stand for functions: whose code is proved pure, or whose author promises it.

``calls.py`` (start there) asks whether one may stand for a call, ``families.py`` finds, makes and forgets them; ``specialization.py`` records one and runs it in the function's place, ``comparison.py`` tells whether it is the right one, ``merging.py`` makes one for many paths; ``promises.py`` has ``gw.compile`` and what is
known of functions of which nothing is proved.
"""

from gradwise.operators.reuse.calls import call_of, forget_programs
from gradwise.operators.reuse.comparison import difference
from gradwise.operators.reuse.families import Call, Family, ProvenCall
from gradwise.operators.reuse.library_functions import looked_at
from gradwise.operators.reuse.merging import same_numbers
from gradwise.operators.reuse.promised_calls import PromisedCall
from gradwise.operators.reuse.promises import FORBIDDEN, Promise, under, unwrapped
from gradwise.operators.reuse.specialization import Specialization
from gradwise.operators.reuse.telling import standing

__all__ = [
    "FORBIDDEN",
    "Call",
    "Family",
    "Promise",
    "PromisedCall",
    "ProvenCall",
    "Specialization",
    "call_of",
    "difference",
    "forget_programs",
    "looked_at",
    "same_numbers",
    "standing",
    "under",
    "unwrapped",
]
