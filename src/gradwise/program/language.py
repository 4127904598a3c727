"""The language: array types, primitives, equations, programs.

A *program* is a flat list of equations in single static assignment form::

    rosenbrock(x: f64[2])
      a: f64 = getitem(x; key=[0])      # model.py:12
      ...
    returns k

Three decisions carry the room.

*Variables are integers*, positions in ``Program.types``.  A trace, its program, and the programs derived from it share one
numbering: the derivative of a program only appends variables.  The list of values that a trace kept is thereby the
environment in which its derivative program runs, without any renaming.

*Operands of one equation have one dtype* (except index arrays, masks and the operand of ``convert``): promotion is explicit,
as ``convert`` equations, so that no rule has to think about it.  Shapes broadcast as in NumPy.

*Static parameters are positional, hashable tuples.*  An equation's signature (primitive, parameters, operand types) is then
a dictionary key, and everything that depends on the signature alone (result types, derivative, transpose) is found once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from gradwise.program.text import program_text


class ArrayType:
    """Shape and dtype of a variable.  Interned: equal types are the same object, so they hash and compare by identity.

    Examples
    --------
    >>> ArrayType((2, 3), np.dtype(float)) is ArrayType((2, 3), np.dtype(float))
    True
    >>> print(ArrayType((2, 3), np.dtype(float)))
    f64[2,3]
    """

    __slots__ = ("__weakref__", "dtype", "shape", "size")
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    size: int
    _known: WeakValueDictionary[tuple[tuple[int, ...], np.dtype[Any]], ArrayType] = WeakValueDictionary()

    def __new__(cls, shape: tuple[int, ...], dtype: np.dtype[Any]) -> ArrayType:
        known = cls._known.get((shape, dtype))
        if known is not None:
            return known
        self = object.__new__(cls)
        self.shape = shape
        self.dtype = dtype
        self.size = math.prod(shape)
        return cls._known.setdefault((shape, dtype), self)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def is_differentiable(self) -> bool:
        """Whether values of this type carry derivatives (floats and complex numbers do)."""
        return self.dtype.kind in "fc"

    def with_shape(self, shape: tuple[int, ...]) -> ArrayType:
        return ArrayType(shape, self.dtype)

    def with_dtype(self, dtype: np.dtype[Any]) -> ArrayType:
        return ArrayType(self.shape, dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        return ArrayType, (self.shape, self.dtype)

    def __repr__(self) -> str:
        kind = {"f": "f", "c": "c", "i": "i", "u": "u", "b": "bool"}.get(self.dtype.kind, str(self.dtype))
        name = kind if kind == "bool" else f"{kind}{self.dtype.itemsize * 8}" if len(kind) == 1 else kind
        return f"{name}[{','.join(map(str, self.shape))}]" if self.shape else name


def type_of(value: Any) -> ArrayType:
    """The type of a concrete value (Python numbers count as float64, complex128, int64, bool)."""
    if type(value) is float:
        return F64
    return ArrayType(np.shape(value), value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype)


F64 = ArrayType((), np.dtype(np.float64))


class Primitive:
    """An operation of the language, with everything that the stages need to know of it: one record, one place.

    Attributes
    ----------
    name : str
    value : callable
        ``value(*operands, *params)``: the NumPy meaning; an array, or a tuple of arrays if ``multiple``.
    result : callable
        ``result(*types, *params)``: the type of the value, or a tuple of types if ``multiple``.
    jvp : callable or None
        ``jvp(primals, tangents, outputs, *params)``: the tangent of the value (a tuple of tangents if ``multiple``), built
        from the primals, outputs, and tangents with primitives; a tangent that is None is zero.  Must be linear in the
        tangents.  None: the value does not depend differentiably on the operands.
    transpose : callable or None
        For primitives that are linear in some operands: ``transpose(ct, operands, linear, *params)`` gives, for each operand, its cotangent
        contribution (None where ``linear`` is False).  Operands that are linear are known by type only.  Adjoint with
        respect to Re Σ conj(a)·b, so that the gradient of a real function of complex z = a + ib is ∂f/∂a + i ∂f/∂b.
    batch : callable or None
        ``batch(operands, batched, *params)``: the value for operands of which those flagged in ``batched`` carry a leading batch axis;
        the result must carry it too (in all outputs).
    kink : callable or None
        ``kink(operands, output, *params)`` on concrete values: a boolean (array) saying where the operands sit on a kink.
    kink_name : str
        The sentence for that kink, for reports.
    kink_felt : callable or None
        ``kink_felt(operands, output, cotangent, *params)``: whether this cotangent makes the kink matter.  None: wherever it is not zero on it.
    keeps : str
        Which values a pullback may ask for: "none", "output", "operands", "all", or "product" (the other operands).  A trace holds on to
        those; a value that it dropped is computed again.
    multiple : bool
        Whether the value is a tuple.
    params : tuple of str
        Names of the static parameters, for printing.
    view : bool
        Whether NumPy's value may share memory with the first operand.
    structural : str
        How a structural zero of a cotangent passes through the primitive: "elementwise" (entry by entry), "linear" (the transpose only moves
        and adds entries), "select", or "" (only as a whole).
    """

    __slots__ = (
        "batch",
        "jvp",
        "keeps",
        "kink",
        "kink_felt",
        "kink_name",
        "multiple",
        "name",
        "params",
        "result",
        "structural",
        "transpose",
        "value",
        "view",
    )

    def __init__(
        self,
        name: str,
        value: Callable[..., Any],
        result: Callable[..., Any],
        *,
        jvp: Callable[..., Any] | None = None,
        transpose: Callable[..., Any] | None = None,
        batch: Callable[..., Any] | None = None,
        kink: Callable[..., Any] | None = None,
        kink_name: str = "",
        kink_felt: Callable[..., Any] | None = None,
        keeps: str = "all",
        multiple: bool = False,
        params: tuple[str, ...] = (),
        view: bool = False,
        structural: str = "",
    ) -> None:
        self.name = name
        self.value = value
        self.result = result
        self.jvp = jvp
        self.transpose = transpose
        self.batch = batch
        self.kink = kink
        self.kink_name = kink_name
        self.kink_felt = kink_felt
        self.keeps = keeps
        self.multiple = multiple
        self.params = params
        self.view = view
        self.structural = structural

    def __call__(self, *operands: Any, params: tuple[Any, ...] = ()) -> Any:
        """Apply to symbols (emits an equation), traced values (records one) or plain values (computes).

        The kind of the operands decides, through the ``__primitive__`` hook of their class; of two traces the inner one wins.
        """
        winner = None
        for operand in operands:
            if hasattr(operand, "__primitive__") and (winner is None or operand.__level__ > winner.__level__):
                winner = operand
        if winner is None:
            return self.value(*operands, *params)
        return winner.__primitive__(self, operands, params)

    def __repr__(self) -> str:
        return self.name


class Equation:
    """``outputs = primitive(inputs; params)``, with the line of the user's code that caused it.

    ``outputs`` is one variable, or a tuple of variables if the primitive is ``multiple``.
    ``location`` is None or ``(code object, instruction offset)``, resolved to a file and a line only when asked.
    """

    __slots__ = ("inputs", "location", "outputs", "params", "primitive")

    def __init__(
        self,
        primitive: Primitive,
        inputs: tuple[int, ...],
        params: tuple[Any, ...],
        outputs: Any,
        location: Any = None,
    ) -> None:
        self.primitive = primitive
        self.inputs = inputs
        self.params = params
        self.outputs = outputs
        self.location = location

    @property
    def output_tuple(self) -> tuple[int, ...]:
        return self.outputs if self.primitive.multiple else (self.outputs,)

    @property
    def source(self) -> tuple[str, int] | None:
        """File name and line number of the user's code, if known."""
        return resolve_location(self.location)

    def __repr__(self) -> str:
        return f"{self.outputs} = {self.primitive.name}{self.inputs}{self.params or ''}"


def resolve_location(location: Any) -> tuple[str, int] | None:
    """File and line of a recorded ``(code, instruction offset)``."""
    if location is None:
        return None
    code, offset = location
    line = code.co_firstlineno
    for start, stop, number in code.co_lines():
        if start <= offset < stop:
            line = number or line
            break
    return code.co_filename, line


#: what a guard expects of a value that is to be computed though nobody reads it, since its operation may fail
COMPUTED = object()


class Guard:
    """A concrete answer that Python took from a traced value: the program holds while ``variable`` gives ``expected``.

    ``kind`` is the question: "bool", "int", "index", "mask", "value", "order", "error" (an operation failed, and does so again; or none that is ``COMPUTED`` fails); "shift" is a value that cancels, as the largest entry in log Σ eˣ does: any other
    gives the same result in real numbers.
    """

    __slots__ = ("expected", "kind", "location", "variable")

    def __init__(self, variable: int, kind: str, expected: Any, location: Any = None) -> None:
        self.variable = variable
        self.kind = kind
        self.expected = expected
        self.location = location

    @property
    def source(self) -> tuple[str, int] | None:
        return resolve_location(self.location)

    def __repr__(self) -> str:
        return f"Guard({self.kind}({self.variable}) == {self.expected!r})"


#: how many equations a prompt shows
_SHOWN = 40


class Program:
    """A list of typed equations over primitives.  Immutable by agreement: transforms make new programs.

    Attributes
    ----------
    name : str
    inputs : tuple of int
        The variables that stand for the function's arguments.
    captured : tuple of int
        Further inputs: arrays and numbers that the function read from elsewhere (globals, closures, literals).
    equations : list of Equation
    outputs : tuple of int
    types : list of ArrayType
        By variable.
    guards : tuple of Guard
    labels : dict
        Names of some variables, for printing.
    """

    __slots__ = ("captured", "equations", "guards", "inputs", "labels", "name", "outputs", "types")

    def __init__(
        self,
        name: str,
        inputs: Sequence[int],
        captured: Sequence[int],
        equations: list[Equation],
        outputs: Sequence[int],
        types: list[ArrayType],
        guards: Sequence[Guard] = (),
        labels: dict[int, str] | None = None,
    ) -> None:
        self.name = name
        self.inputs = tuple(inputs)
        self.captured = tuple(captured)
        self.equations = equations
        self.outputs = tuple(outputs)
        self.types = types
        self.guards = tuple(guards)
        self.labels = labels or {}

    def __len__(self) -> int:
        return len(self.equations)

    def __str__(self) -> str:
        return program_text(self)

    def __repr__(self) -> str:
        return program_text(self, most=_SHOWN)
