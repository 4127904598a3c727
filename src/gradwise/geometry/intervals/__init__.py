"""Interval arithmetic on programs: what an equation's value can be while the point moves through a box.

    evaluate : (P : x → y, boxes X)  →  Y ⊇ {P(x) : x ∈ X},   for many boxes at once

Read ``interval.py`` first (the numbers and their rounding), then ``rules.py`` (one row for each primitive), then ``evaluation.py`` (a program over boxes).

Three conventions carry the room.

*Real numbers.*  The constants of a program are the floats that they are, and its operations are those of real numbers; every bound is rounded outwards, so the
sets hold whatever floating point does.

*The leading axis counts boxes.*  Every value has it: its length is the number of boxes, or 1 where the value is the same in all of them.

*nan is the empty set*: the operation is defined nowhere in the box (√ of a negative interval).  Where it is defined in a part, the box is marked ``partial``; where a
decision (a comparison, a sign, a tie) is open, or a slope infinite, it is marked ``rough``: derivatives then bound slopes no longer.
"""

from gradwise.geometry.intervals.evaluation import Boxes, Evaluator, NoRule, Outcome
from gradwise.geometry.intervals.interval import Interval
from gradwise.geometry.intervals.rules import RULES

__all__ = ["RULES", "Boxes", "Evaluator", "Interval", "NoRule", "Outcome"]
