"""``np.vectorize`` in the symbolic run: made during the call, or there before it (often as a decorator)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.constructed import attribute_of_known
from gradwise.tracing.purity.lattice import level
from gradwise.tracing.purity.objects import goes_over_entries, otypes_of
from gradwise.tracing.purity.scope import Expected, is_type
from gradwise.tracing.purity.values import Known

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


@dataclass(slots=True, unsafe_hash=True)
class Entrywise:
    """What ``np.vectorize`` made of a function during the call; to be called, and nothing else."""

    function: Any


def vectorized(m: Machine, arguments: list[Any], keywords: dict[str, Any]) -> Entrywise:
    """``np.vectorize(f, otypes=...)``."""
    given = [*arguments[1:], *keywords.values()]
    usual = len(arguments) in (1, 2) and keywords.keys() <= {"otypes", "doc", "cache"}
    if not usual or not all(level(v) is not None or (type(v) is Known and is_type(v.value)) for v in given):
        raise m.doubt("it calls numpy.vectorize in a way that is not looked into")
    return Entrywise(arguments[0])


def function_of(m: Machine, owner: Known) -> Any:
    """The function behind an object of ``np.vectorize``, which is noted with how it is called."""
    otypes = otypes_of(owner.value)
    if not goes_over_entries(owner.value, otypes):
        raise m.doubt("it calls what numpy.vectorize made with a signature or excluded arguments")
    owner.expected.reads.members[("entrywise", otypes)] = Expected("is", True)
    return attribute_of_known(m.scope, m, owner, "pyfunc")
