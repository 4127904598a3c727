"""Arrays of users' classes as arguments of the function that is differentiated: its numbers, plain or traced, in an array of the class with the attributes of the one that was given."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.containers import subclasses
from gradwise.tracing.holders import SUBCLASSES
from gradwise.tracing.subclasses.twins import with_attributes
from gradwise.tracing.traced import isinstance_traced


def in_the_class(value: Any, given: np.ndarray) -> Any:
    """Numbers in the place of those of an array of a user's class: one of that class, with its attributes."""
    if isinstance_traced(value) and value.tape.open:
        if not SUBCLASSES:
            raise value.tape.fail(
                f"an argument is an array of the class {type(given).__name__}, whose methods run as rewritten copies, and GRADWISE_REWRITE=0 forbids these. "
                "A plain array is required then. Pass np.asarray(x)"
            )
        return with_attributes(type(given), value, subclasses.attributes_of(given))
    return subclasses.in_the_class(value, given)
