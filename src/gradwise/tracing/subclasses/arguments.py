"""Arrays and numbers of users' classes as arguments of the function that is differentiated: its numbers, plain or traced, in an array (a number) of the class with the attributes of the one that was given."""

from __future__ import annotations

from typing import Any

from gradwise.containers import subclasses
from gradwise.containers.subclasses import is_users_number
from gradwise.tracing.holders import SUBCLASSES
from gradwise.tracing.subclasses.twins import with_attributes
from gradwise.tracing.traced import isinstance_traced


def in_the_class(value: Any, given: Any) -> Any:
    """Numbers in the place of those of an array of a user's class: one of that class, with its attributes."""
    if isinstance_traced(value) and value.tape.open:
        if not SUBCLASSES:
            raise value.tape.fail(
                f"an argument is of the class {type(given).__name__}, whose methods run as rewritten copies, and GRADWISE_REWRITE=0 forbids these. "
                "A plain array is required then. Pass np.asarray(x), or float(x)"
            )
        if is_users_number(type(given)):
            return SUBCLASSES["number"](type(given), value, subclasses.attributes_of(given))
        return with_attributes(type(given), value, subclasses.attributes_of(given))
    return subclasses.in_the_class(value, given)
