"""``owner.name`` of anything, in the symbolic run."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.asides import METHODS as METHODS_OF_TEXTS
from gradwise.tracing.purity.attribute_tables import Attributes, table_of
from gradwise.tracing.purity.boxes import MethodOfBox, has_method
from gradwise.tracing.purity.callables import ATTRIBUTES, METHODS, NUMBERS
from gradwise.tracing.purity.class_members import attribute_by_class, attribute_of_container
from gradwise.tracing.purity.constructed import attribute_of_made
from gradwise.tracing.purity.container_classes import is_container
from gradwise.tracing.purity.dispatching import DispatchedMethod, dispatches
from gradwise.tracing.purity.distributions import attribute_of_frozen
from gradwise.tracing.purity.draws import draw
from gradwise.tracing.purity.fixed import FACTUAL, attribute_of_fixed, is_fact
from gradwise.tracing.purity.function_attributes import own_attributes, told
from gradwise.tracing.purity.interpolators import attribute_of_interpolator
from gradwise.tracing.purity.lattice import is_none_itself, is_numeric, is_scalar, join
from gradwise.tracing.purity.leaving import Log
from gradwise.tracing.purity.local_classes import Wrapped, attribute_of_wrapped
from gradwise.tracing.purity.polynomials import (
    attribute_of_polynomial,
    is_polynomial,
    maker_of_polynomials,
)
from gradwise.tracing.purity.record_types import attribute_of_record
from gradwise.tracing.purity.rotations import attribute_of_rotation, maker_of_rotations
from gradwise.tracing.purity.scope import Ends
from gradwise.tracing.purity.sequences import entry_of, is_object, method_of_sequence
from gradwise.tracing.purity.sinks import method_of_sink
from gradwise.tracing.purity.solvers import attribute_of_found, is_found
from gradwise.tracing.purity.sparse import attribute, is_matrix
from gradwise.tracing.purity.supers import attribute_of_super
from gradwise.tracing.purity.values import (
    ASIDE,
    DATA,
    FRESH,
    FROZEN,
    FROZEN_MULTIVARIATE,
    GENERATOR,
    GRID,
    OWN,
    ROTATION,
    SINK,
    SPLINE,
    TYPE,
    VECTOR,
    Box,
    Constant,
    Fixed,
    Known,
    Made,
    Method,
    Row,
    Several,
    Super,
)

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine

#: what numbers and arrays of numbers are
_KINDS = (float, int, complex, bool, np.ndarray, np.float64, np.int64, np.complex128, np.bool_)


def attribute_of(m: Machine, owner: Any, name: str, *, method: bool) -> Any:
    """``owner.name``; ``method``: about to be called."""
    if owner is GENERATOR:
        return draw(m, name)
    if type(owner) is Wrapped:
        return attribute_of_wrapped(m, owner, name)
    if owner is SINK:
        return method_of_sink(m, name)
    if owner is ASIDE and method and name in METHODS_OF_TEXTS:
        return Method(owner, name)
    if type(owner) is Log or type(owner) is Attributes:
        return owner.method(m, name)
    if name == "__dict__" and is_object(owner):
        return table_of(m, owner)
    if owner is TYPE and name == "__name__":
        return DATA
    if type(owner) is Fixed:
        return attribute_of_fixed(m, owner, name)
    if owner in (FROZEN, FROZEN_MULTIVARIATE):
        return attribute_of_frozen(m, owner, name)
    if owner is ROTATION:
        return attribute_of_rotation(m, name)
    if is_polynomial(owner):
        return attribute_of_polynomial(m, owner, name)
    if owner is SPLINE:
        return attribute_of_interpolator(m, name)
    if is_matrix(owner):
        return attribute(m, name)
    if is_found(owner):
        return attribute_of_found(m, owner, name)
    if is_object(owner) and dispatches(m, owner, name):
        return DispatchedMethod(owner, name)
    if type(owner) is Known:
        if owner.expected is not None and owner.expected.kind == "sequence":
            fields = getattr(type(owner.value), "_fields", ())
            if name in fields:
                return entry_of(m, owner, Constant(fields.index(name)))
            of_class = attribute_by_class(m, owner, type(owner.value), name) if fields else None
            if is_container(owner.value):
                of_class = attribute_of_container(m, owner, name)
            return method_of_sequence(m, owner, name) if of_class is None else of_class
        maker = maker_of_polynomials(owner.value, name) or maker_of_rotations(owner.value, name)
        if maker is not None:
            return maker
        text = told(m, owner, name)
        return m.scope.attribute(m, own_attributes(m, owner, name), name) if text is None else text
    if type(owner) is Made:
        return attribute_of_made(m.scope, m, owner, name, is_asked=False)
    if type(owner) is Super:
        return attribute_of_super(m, owner, name)
    if type(owner) is Several:
        found = [attribute_of(m, one, name, method=method) for one in owner.values if not is_none_itself(one)]
        return functools.reduce(join, found)
    if type(owner) is Row:
        field = attribute_of_record(m, owner, name)
        if field is not None:
            return field
    if type(owner) is Constant and is_fact(owner.value) and type(fact := getattr(owner.value, name, None)) in FACTUAL:
        return Constant(fact)
    if type(owner) is Box and has_method(owner, name):
        return MethodOfBox(owner, name)
    degree = m.data(owner)
    if (is_scalar(owner) or owner in (VECTOR, GRID)) and not any(hasattr(kind, name) for kind in _KINDS):
        raise Ends  # no number or array has it
    if method:
        return Method(owner, name)
    if name == "__class__" and type(owner) is not Known:
        return TYPE
    if name == "flat" and is_numeric(degree):  # what is assigned there is written into the array
        return degree
    if name not in ATTRIBUTES:
        if name in METHODS:
            return Method(owner, name)
        raise m.doubt(f"the attribute {name!r} of a value is not looked into")
    if name == "dtype" and degree is FRESH:  # perhaps that of objects
        return DATA
    if name in NUMBERS:
        return OWN
    if name == "flat":  # of which what is taken is a copy, and which writes where the array does
        return degree
    return DATA if name in ("name", "kind") else owner if owner in (VECTOR, GRID) else degree
