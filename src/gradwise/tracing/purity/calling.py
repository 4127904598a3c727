"""A call in the symbolic run: what it may do to its arguments, and what its result is."""

from __future__ import annotations

import functools
import math
import operator
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.purity.asides import call_of_aside
from gradwise.tracing.purity.asked import about_objects
from gradwise.tracing.purity.attribute_tables import Attributes, assigned_by_name, table_of
from gradwise.tracing.purity.axes import as_array
from gradwise.tracing.purity.boxes import MethodOfBox, box
from gradwise.tracing.purity.callables import (
    UFUNC_METHODS,
    WRITERS,
    Callee,
    callee_of,
)
from gradwise.tracing.purity.class_members import attribute_of_container, called_member, member_by_value, members_of
from gradwise.tracing.purity.constructed import (
    assigned,
    class_of_known,
    class_of_made,
    construct,
    made_anew,
    special,
)
from gradwise.tracing.purity.container_classes import is_container
from gradwise.tracing.purity.contexts import is_context_function, known_context, of_generator
from gradwise.tracing.purity.copying import copied_object
from gradwise.tracing.purity.dataclass_functions import of_dataclass
from gradwise.tracing.purity.decorators import Decorator, Remembering, decorated
from gradwise.tracing.purity.dispatchers import is_dispatcher
from gradwise.tracing.purity.dispatching import DispatchedMethod, dispatched
from gradwise.tracing.purity.distributions import MethodOfDistribution, frozen, is_distribution
from gradwise.tracing.purity.draws import MAKERS, Draw, generator
from gradwise.tracing.purity.entrywise import Entrywise, function_of, vectorized
from gradwise.tracing.purity.fixed import MethodOfFixed, as_number, made_fixed
from gradwise.tracing.purity.getters import getter, taken
from gradwise.tracing.purity.integrators import DenseSolution
from gradwise.tracing.purity.interpolators import MethodOfInterpolator, interpolated, interpolator, is_maker
from gradwise.tracing.purity.lattice import describe, entry, is_none_itself, is_numeric, join, level, texts_of
from gradwise.tracing.purity.leaving import Log
from gradwise.tracing.purity.local_classes import defined, of_class_body
from gradwise.tracing.purity.operands import as_record
from gradwise.tracing.purity.over_entries import over_entries
from gradwise.tracing.purity.polynomials import (
    OfPolynomials,
    is_polynomial,
    made_polynomial,
    makes_polynomial,
    value_of_polynomial,
)
from gradwise.tracing.purity.record_types import MethodOfRecord, answers, record, unary_of_record
from gradwise.tracing.purity.results import result_of, result_of_method
from gradwise.tracing.purity.rotations import OfRotation
from gradwise.tracing.purity.scope import CACHED, Ends, is_type, is_users_function
from gradwise.tracing.purity.sequences import (
    MethodOfSequence,
    entry_of,
    gives_entries,
    is_looked_into,
    is_object,
    iterator_of,
)
from gradwise.tracing.purity.sinks import MethodOfSink, of_sink
from gradwise.tracing.purity.solver_names import solver_name
from gradwise.tracing.purity.solvers import found_by_solver
from gradwise.tracing.purity.sparse import MethodOfMatrix, made_matrix, makes_matrix
from gradwise.tracing.purity.supers import super_of
from gradwise.tracing.purity.ufunc_methods import UfuncMethod
from gradwise.tracing.purity.values import (
    ARRAY,
    BUILD_CLASS,
    DATA,
    FLOAT,
    FRESH,
    GLOBALS,
    INDICES,
    MANAGER,
    NOTHING,
    OWN,
    SLICE,
    SPLINE,
    TYPE,
    WHOLE,
    Bound,
    Constant,
    Getter,
    Held,
    Known,
    Local,
    Made,
    Method,
    Several,
)
from gradwise.tracing.purity.writing import added_at, written

if TYPE_CHECKING:
    from gradwise.tracing.purity.machine import Machine


def call(m: Machine, callee: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """The abstract result of a call.

    Raises
    ------
    Unproven
        If it is not known that the call writes to nothing but what was made during the run.
    """
    if callee is NOTHING or any(v is NOTHING for v in arguments) or any(v is NOTHING for v in keywords.values()):
        raise Ends
    if type(callee) is Method:
        return result_of_method(m, callee, arguments, keywords)
    if type(callee) is Local:
        return m.scope.call_local(m, callee, arguments, keywords)
    if type(callee) is Bound:
        return m.scope.call_function(m, callee.function, [callee.receiver, *arguments], keywords)
    if type(callee) is Held:
        return call(m, callee.function, [*callee.arguments, *arguments], {**dict(callee.keywords), **keywords})
    if type(callee) in (Decorator, Remembering):
        return decorated(m, callee, arguments, keywords)
    if type(callee) is Getter:
        return taken(m, callee, arguments, keywords)
    if type(callee) is Several:
        return functools.reduce(join, [_one_of(m, one, arguments, keywords) for one in callee.values], NOTHING)
    if type(callee) is Made:
        return call(m, special(m, callee, "__call__"), arguments, keywords)
    if type(callee) in (
        MethodOfSequence,
        MethodOfMatrix,
        MethodOfBox,
        MethodOfRecord,
        MethodOfDistribution,
        DenseSolution,
        MethodOfInterpolator,
        OfPolynomials,
        OfRotation,
        Draw,
        Log,
        Attributes,
        MethodOfFixed,
        MethodOfSink,
        DispatchedMethod,
    ):
        return callee.result(m, arguments, keywords)
    if type(callee) is Entrywise:
        return for_each_entry(m, callee.function, arguments, keywords)
    if is_polynomial(callee):
        return value_of_polynomial(m, arguments, keywords)
    if callee is SPLINE:
        return interpolated(m, arguments, keywords)
    if callee is BUILD_CLASS:
        return defined(m, arguments, keywords)
    if callee is MANAGER:  # entering and leaving NumPy's error state
        for value in [*arguments, *keywords.values()]:
            m.data(value)
        return DATA
    if type(callee) is not Known:
        raise m.doubt("it calls a function that is not known")
    value = callee.value
    if callee.expected is not None and callee.expected.kind == "object" and type(value) is np.vectorize:
        return for_each_entry(m, function_of(m, callee), arguments, keywords)
    if callee.expected is not None and callee.expected.kind == "partial":
        return _partial(m, callee, arguments, keywords)
    if callee.expected is not None and callee.expected.kind == "object":
        return call(m, special(m, callee, "__call__"), arguments, keywords)
    if callee.expected is not None and callee.expected.kind == "sequence":
        method = attribute_of_container(m, callee, "__call__") if is_container(value) else None
        if type(method) is not Bound:
            raise m.doubt(f"it calls {describe(callee)}, of which nothing is known")
        return call(m, method, arguments, keywords)
    for understood in (call_of_aside, of_sink, of_class_body, copied_object, known_context):
        found_by = understood(m, value, arguments, keywords)
        if found_by is not None:
            return found_by
    if is_context_function(value):
        return of_generator(m, m.scope.call_within(m, callee, "func", arguments, keywords))
    if value is functools.partial and arguments:
        return Held(arguments[0], tuple(arguments[1:]), tuple(keywords.items()))
    made = decorated(m, callee, arguments, keywords)
    if made is not None:
        return made
    fixed = made_fixed(m, value, arguments, keywords)
    if fixed is None and len(arguments) == 1 and not keywords:
        fixed = as_number(arguments[0], value)
    if fixed is not None:
        return fixed
    if value is np.vectorize:
        return vectorized(m, arguments, keywords)
    takes = getter(m, value, arguments, keywords)
    if takes is not None:
        return takes
    if callee.expected is not None and callee.expected.kind == "class":
        return construct(m.scope, m, callee, arguments, keywords)
    if any(value is maker for maker in MAKERS):
        return generator(m, arguments, keywords)
    if value is eval and len(arguments) == 1 and not keywords:
        return evaluated(m, arguments[0])
    if value is globals and not arguments and not keywords:
        return GLOBALS
    if makes_matrix(value):
        return made_matrix(m, value, arguments, keywords)
    if makes_polynomial(value):
        return made_polynomial(m, value, arguments, keywords)
    if is_maker(value):
        return interpolator(m, arguments, keywords)
    solver = solver_name(value)
    if solver is not None:
        return found_by_solver(m, solver, arguments, keywords)
    if is_distribution(value):
        return frozen(m, value, arguments, keywords)
    one = member_by_value(value, arguments, keywords)
    one = called_member(m, callee, arguments, keywords) if one is None else one
    if one is not None:
        return one
    if value is len and len(arguments) == 1 and not keywords and members_of(arguments[0]) is not None:
        return WHOLE
    if callee.expected is not None and callee.expected.kind == "test":
        return record(m, value, arguments, keywords)
    if value is slice:
        for other in [*arguments, *keywords.values()]:
            m.data(other)
        return SLICE
    if value is super:
        return super_of(m, arguments)
    if value is object.__new__ and len(arguments) == 1 and not keywords:
        return made_anew(m, arguments[0])
    if value is object.__setattr__ and len(arguments) == 3 and not keywords:
        return assigned(m, *arguments)
    if value is setattr and len(arguments) == 3 and not keywords:
        return assigned_by_name(m, arguments)
    if value is vars and len(arguments) == 1 and not keywords:
        return table_of(m, arguments[0])
    if value is object.__init__ and not arguments and not keywords:
        return DATA
    if value is np.errstate:
        for other in [*arguments, *keywords.values()]:
            m.data(other)
        if arguments or any(texts_of(keywords.get(k, _IGNORED)) != frozenset(["ignore"]) for k in ("all", "under")):
            m.scope.impure(m, "it has NumPy report underflow, which a program does not", avoidable=False)
        return MANAGER
    if value is type and len(arguments) == 1 and type(arguments[0]) is Made and not keywords:
        return class_of_made(arguments[0])
    if value is type and len(arguments) == 1 and is_object(arguments[0]) and not keywords:
        return class_of_known(arguments[0], m.scope.inquiry.known)
    if value is type and len(arguments) == 1 and level(arguments[0]) is not None and not keywords:
        return TYPE
    if value is range:
        for other in arguments:
            m.data(other)
        return INDICES
    over = over_entries(m, value, arguments, keywords)
    if over is not None:
        return over
    if len(arguments) == 2 and any(is_object(v) for v in arguments) and value in _BINARY:
        return m.scope.operator(m, _BINARY[value], *arguments)
    if len(arguments) == 1 and not keywords and (value is type or value in _UNARY):
        (one,) = arguments
        if type(one) is Several and all(map(is_object, one.values)):
            return functools.reduce(join, [call(m, callee, [each], {}) for each in one.values])
        if value is abs and answers(record_itself := as_record(m, one)):
            return unary_of_record(m, "__abs__", record_itself)
        if value is not type and is_object(one):
            return m.scope.call(m, special(m, one, _UNARY[value]), [])
    if any(map(is_looked_into, arguments)) or any(value is known for known in _GOING_OVER):
        answer = about_objects(m, value, arguments)
        if answer is not None:
            for other in keywords.values():
                m.data(other)
            return answer
    if arguments and gives_entries(arguments[0]) and any(value is one for one in _ALL_ENTRIES):
        arguments = [iterator_of(m, arguments[0]), *arguments[1:]]
    if any(value is known for known in WRITERS):
        return written(m, describe(callee), arguments, keywords)
    if type(value) is UfuncMethod and value.name == "at":
        return added_at(m, arguments, keywords)
    if type(value) is UfuncMethod:
        found: Callee | None = Callee(UFUNC_METHODS[value.name], "own")
    else:
        found = callee_of(value)
    if found is not None:
        result = result_of(m, describe(callee), found, arguments, keywords)
        if result is OWN and any(value is one for one in _FLOATS):
            return FLOAT
        if result is FRESH and any(value is one for one in _SPLITTING) and level(arguments[0]) is OWN:
            return box(m, "list", OWN)  # parts of an array of the call's own
        return as_array(value, arguments) if result is ARRAY else result
    taken_apart = of_dataclass(m, value, arguments, keywords)
    if taken_apart is not None:
        return taken_apart
    if is_dispatcher(value):
        return dispatched(m, (weakref.ref(value), "dispatches"), arguments, keywords)
    if is_users_function(value):
        return m.scope.call_function(m, callee, arguments, keywords)
    if is_type(value):
        raise m.doubt(f"it calls {describe(callee)}, which is not looked into")
    raise m.doubt(f"it calls {describe(callee)}, of which nothing is known")


#: what gives one of Python's floats
_FLOATS = (
    float, math.sqrt, math.exp, math.log, math.log10, math.log2, math.log1p, math.expm1, math.sin, math.cos, math.tan, math.asin, math.acos, math.atan, math.atan2, math.sinh, math.cosh,
    math.tanh, math.asinh, math.acosh, math.atanh, math.hypot, math.fabs, math.fsum, math.dist, math.degrees, math.radians, math.copysign, math.fmod, math.erf, math.erfc, math.pow,
)  # fmt: skip
#: what takes an array apart
_SPLITTING = (np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit)
#: what asks an object for one of its methods
_UNARY: dict[Any, str] = {abs: "__abs__", float: "__float__", int: "__int__", complex: "__complex__"}
_BINARY = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.matmul: "@",
    operator.pow: "**",
}


#: what takes all that an object with ``__iter__`` gives
_ALL_ENTRIES = (sum, tuple, set, any, all, math.fsum)


def _one_of(m: Machine, callee: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """What one of several callees gives; None cannot be called, which raises."""
    try:
        return NOTHING if is_none_itself(callee) else call(m, callee, arguments, keywords)
    except Ends:
        return NOTHING


def _partial(m: Machine, callee: Known, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """A call of ``functools.partial(...)``, or of a function under ``lru_cache``: a run under the trace remembers for itself what it computes."""
    value, reads = callee.value, callee.expected.reads.names
    if type(value) is CACHED:
        behind = m.scope.classified(m, "__wrapped__", value.__wrapped__, reads, "what is behind a memory")
        left = _left_behind(m)
        kept = m.data(call(m, behind, arguments, keywords))
        if _left_behind(m) != left:
            raise m.doubt(
                "behind a memory it counts, or leaves something, or does something else, once for what it remembers"
            )
        m.scope.inquiry.asks = True
        return ARRAY if is_numeric(kept) else DATA  # which is given again
    function, args, named = [
        m.scope.classified(m, name, getattr(value, name), reads, f"what is held as {name!r}")
        for name in ("func", "args", "keywords")
    ]
    held = [entry_of(m, args, Constant(k)) for k in range(len(value.args))]
    by_name = {k: entry_of(m, named, Constant(k)) for k in value.keywords}
    return call(m, function, [*held, *arguments], {**by_name, **keywords})


def _left_behind(m: Machine) -> tuple[int, ...]:
    """How much is known to be counted, left behind, or done otherwise."""
    inquiry = m.scope.inquiry
    return len(inquiry.counted), len(inquiry.tallies), len(inquiry.assigned), len(inquiry.impurities), inquiry.leaves


#: an error state that is not named
_IGNORED = Constant("ignore")
#: what takes anything; what goes over arrays gives tuples of their entries
_GOING_OVER = (getattr, hasattr, zip, enumerate, reversed)


def for_each_entry(m: Machine, function: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """What ``np.vectorize`` gives: the function is called with entries of the arguments."""
    given = [entry(m.data(v)) for v in arguments]
    result = m.data(call(m, function, given, {k: entry(m.data(v)) for k, v in keywords.items()}))
    return OWN if is_numeric(result) else DATA


def evaluated(m: Machine, argument: Any) -> Any:
    """``eval(text)`` of texts that are known: each is an expression over the names around the call."""
    texts = texts_of(argument)
    if texts is None:
        raise m.doubt("it evaluates a text that is not known")
    m.scope.hands_builtins_on(m)
    return functools.reduce(join, [m.expression(text) for text in sorted(texts)])
