"""``scipy.sparse.linalg.LinearOperator`` made of the user's functions, which may read traced values.

SciPy's methods begin with ``np.asarray``.  An operator that is made in a run is of a class of ours below SciPy's: its methods hand on what the user's functions give, traced or not.  SciPy's solvers
are given its twin, of the same functions with plain results.  A solution is differentiated by its equation, as that of a matrix is; the matrix is what the traced functions make of unit vectors.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.holders import standing_for
from gradwise.tracing.instrument.state import current_trace
from gradwise.tracing.standins.plain_callbacks import Callback
from gradwise.tracing.standins.recording import contains_traced
from gradwise.tracing.standins.stacking import assembled
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

#: unknowns of the largest operator whose matrix is made
LARGEST = 2048

_ROLES = ("matvec", "rmatvec", "matmat", "rmatmat")


def is_operator(kind: type) -> bool:
    """Whether a class is one of operators that call the user's functions: ours, or the user's own below SciPy's."""
    module = sys.modules.get("scipy.sparse.linalg")
    return (
        module is not None
        and issubclass(kind, module.LinearOperator)
        and (kind is operator_class() or not kind.__module__.startswith("scipy."))
    )


def callbacks_of(operator: Any) -> dict[str, Callback]:
    """What an operator calls, by role."""
    if type(operator) is operator_class():
        return operator.callbacks
    return {role: Callback(getattr(operator, "_" + role)) for role in _ROLES[:2]}


def twin_of(operator: Any) -> tuple[Any, dict[str, Callback]]:
    """The operator with plain results, and the functions that it calls, which note whether one carried a derivative."""
    callbacks = callbacks_of(operator)
    return scipy.sparse.linalg.LinearOperator(operator.shape, **callbacks, dtype=operator.dtype), callbacks


def matrix_of(operator: Any) -> Any:
    """The matrix of an operator, traced where its function is: column by column."""
    product = callbacks_of(operator)["matvec"].traced
    rows, columns = operator.shape
    made = [as_array(product(e)).reshape(rows) for e in np.eye(columns)]
    return np.stack(made, axis=1)


def _columns(product: Callable[[Any], Any], X: Any, rows: int) -> Any:
    return np.stack([as_array(product(X[:, j])).reshape(rows) for j in range(X.shape[1])], axis=1)


@functools.cache
def operator_class() -> Any:
    """The class of operators that are made in a run; made when SciPy's is there."""
    theirs: Any = scipy.sparse.linalg.LinearOperator

    @standing_for("plainly")
    class TracedOperator(theirs):
        """An operator of the user's functions whose results may be traced."""

        def __init__(self, shape: Any, dtype: Any, callbacks: dict[str, Callback]) -> None:
            super().__init__(dtype, shape)
            self.callbacks = callbacks
            self.args = ()
            self.functions: dict[str, Any] = {}

        @property
        def plainly(self) -> Any:
            """SciPy's, of the user's functions."""
            return theirs(self.shape, **(self.functions or self.callbacks), dtype=self.dtype)

        def _apply(self, role: str, x: Any) -> Any:
            """The product with a vector of N entries, or of shape (N, 1), in the shape that SciPy gives it."""
            rows, columns = self.shape if role == "matvec" else self.shape[::-1]
            x = x if isinstance_traced(x) else np.asanyarray(x)
            if x.shape not in {(columns,), (columns, 1)} or role not in self.callbacks:
                return getattr(twin_of(self)[0], role)(plain(x))  # SciPy says what is wrong
            y = self.callbacks[role].traced(x)
            return y.reshape((rows,) if x.ndim == 1 else (rows, 1))

        def _apply_to_columns(self, role: str, X: Any) -> Any:
            rows, columns = self.shape if role == "matmat" else self.shape[::-1]
            X = X if isinstance_traced(X) else np.asanyarray(X)
            if X.ndim != 2 or X.shape[0] != columns:
                return getattr(twin_of(self)[0], role)(plain(X))
            if role in self.callbacks:
                return self.callbacks[role].traced(X)
            return _columns(functools.partial(self._apply, role.removesuffix("mat") + "vec"), X, rows)

        def matvec(self, x: Any) -> Any:
            return self._apply("matvec", x)

        def rmatvec(self, x: Any) -> Any:
            return self._apply("rmatvec", x)

        def matmat(self, X: Any) -> Any:
            return self._apply_to_columns("matmat", X)

        def rmatmat(self, X: Any) -> Any:
            return self._apply_to_columns("rmatmat", X)

        # SciPy's operators of operators ask for these, and make plain arrays of them: that raises where a derivative would be lost
        _matvec, _rmatvec, _matmat, _rmatmat = matvec, rmatvec, matmat, rmatmat

        def dot(self, x: Any) -> Any:
            if isinstance(x, theirs) or np.isscalar(x) or np.ndim(x) == 0:
                return super().dot(x)
            x = assembled(x) if type(x) in {list, tuple} and contains_traced(x) else x
            return self.matvec(x) if np.ndim(x) == 1 else self.matmat(x)

        def _adjoint(self) -> Any:
            turned = {"matvec": "rmatvec", "rmatvec": "matvec", "matmat": "rmatmat", "rmatmat": "matmat"}
            callbacks = {turned[role]: callback for role, callback in self.callbacks.items()}
            return TracedOperator(self.shape[::-1], self.dtype, callbacks)

        def _transpose(self) -> Any:
            adjoint = self._adjoint()
            adjoint.callbacks = {role: Callback(_conjugated(c)) for role, c in adjoint.callbacks.items()}
            return adjoint

    TracedOperator.__name__ = TracedOperator.__qualname__ = "_CustomLinearOperator"
    return TracedOperator


def _conjugated(callback: Callback) -> Callable[[Any], Any]:
    return lambda x: np.conj(callback.traced(np.conj(x)))


def linear_operator(
    shape: Any, matvec: Any, rmatvec: Any = None, matmat: Any = None, dtype: Any = None, rmatmat: Any = None
) -> Any:
    """``scipy.sparse.linalg.LinearOperator(shape, matvec, …)``."""
    theirs = scipy.sparse.linalg.LinearOperator
    if current_trace() is None:
        return theirs(shape, matvec, rmatvec, matmat, dtype, rmatmat)
    given = zip(_ROLES, (matvec, rmatvec, matmat, rmatmat), strict=True)
    functions = {role: function for role, function in given if function is not None}
    callbacks = {role: Callback(function) for role, function in functions.items()}
    twin = theirs(plain(shape), **callbacks, dtype=dtype)  # it finds the dtype, and looks at the shape
    made = operator_class()(twin.shape, twin.dtype, callbacks)
    made.functions = functions
    return made


STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {"scipy.sparse.linalg": {"LinearOperator": linear_operator}}
