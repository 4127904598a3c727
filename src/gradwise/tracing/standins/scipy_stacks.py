"""``scipy.linalg`` of stacks: SciPy runs its functions of matrices over the leading axes of their arguments, and so do the functions here that stand in for them."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.standins.scipy_calling import refuse, table, with_value
from gradwise.tracing.standins.stacking import plainly
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

#: a right-hand side: a vector, or else matrices
_RIGHT = 0

#: functions of one matrix that have rules for stacks, and of pairs that have none
_PAIRS = ("eigh", "eigvalsh")
#: the leading arguments of each function and how many axes one of them has; None for what is no array, a tuple for a tuple of arrays
RANKS: dict[str, tuple[tuple[str, Any], ...]] = {
    **dict.fromkeys(["lu", "lu_factor", "schur", "hessenberg", "polar", "rq", "pinvh"], (("a", 2),)),
    **dict.fromkeys(
        ["sqrtm", "logm", "signm", "fractional_matrix_power", "funm", "ldl", "null_space", "orth", "matrix_balance"],
        (("A", 2),),
    ),
    **dict.fromkeys(["subspace_angles", "orthogonal_procrustes", "qz", "ordqz"], (("A", 2), ("B", 2))),
    **dict.fromkeys(_PAIRS, (("a", 2), ("b", 2))),
    **dict.fromkeys(["eig_banded", "eigvals_banded"], (("a_band", 2),)),
    **dict.fromkeys(["eigh_tridiagonal", "eigvalsh_tridiagonal"], (("d", 1), ("e", 1))),
    **dict.fromkeys(["solve_continuous_lyapunov", "solve_discrete_lyapunov"], (("a", 2), ("q", 2))),
    **dict.fromkeys(
        ["solve_continuous_are", "solve_discrete_are"],
        (("a", 2), ("b", 2), ("q", 2), ("r", 2), ("e", 2), ("s", 2)),
    ),
    "solve_sylvester": (("a", 2), ("b", 2), ("q", 2)),
    "khatri_rao": (("a", 2), ("b", 2)),
    "expm_frechet": (("A", 2), ("E", 2)),
    "lstsq": (("a", 2), ("b", _RIGHT)),
    "qr_multiply": (("a", 2), ("c", _RIGHT)),
    "lu_solve": (("lu_and_piv", (2, 1)), ("b", _RIGHT)),
    "solve_banded": (("l_and_u", None), ("ab", 2), ("b", _RIGHT)),
    "solveh_banded": (("ab", 2), ("b", _RIGHT)),
    "cholesky_banded": (("ab", 2),),
    "cho_solve_banded": (("cb_and_lower", (2, None)), ("b", _RIGHT)),
    "toeplitz": (("c", 1), ("r", 1)),
    "solve_toeplitz": (("c_or_cr", 1), ("b", _RIGHT)),
    "matmul_toeplitz": (("c_or_cr", 1), ("x", _RIGHT)),
    "diagsvd": (("s", 1),),
    "leslie": (("f", 1), ("s", 1)),
}


def _lead(value: Any, rank: Any) -> tuple[int, ...]:
    """The shape of the stack in an argument."""
    if rank is None or value is None:
        return ()
    if type(value) is tuple or type(rank) is tuple:
        ranks = rank if type(rank) is tuple else (rank,) * len(value)
        return np.broadcast_shapes(*map(_lead, value, ranks))
    shape = np.shape(plain(value))
    return shape[: max(len(shape) - (rank or min(len(shape), 2)), 0)]


def _one(value: Any, rank: Any, place: tuple[int, ...]) -> Any:
    """The argument of one member of the stack."""
    if rank is None or value is None:
        return value
    if type(value) is tuple or type(rank) is tuple:
        ranks = rank if type(rank) is tuple else (rank,) * len(value)
        return tuple([_one(v, r, place) for v, r in zip(value, ranks, strict=True)])
    own = _lead(value, rank)
    array = value if isinstance_traced(value) else np.asarray(value)
    return array[tuple([i if n > 1 else 0 for i, n in zip(place[len(place) - len(own) :], own, strict=True)])]


def over_stacks(name: str, ours: Callable[..., Any]) -> Callable[..., Any]:
    """The function of one matrix as a function of stacks of them."""
    if name not in RANKS:
        return ours
    leading = RANKS[name]

    @functools.wraps(ours)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = {key: (value, rank) for value, (key, rank) in zip(args, leading, strict=False)}
        given.update({key: (kwargs[key], rank) for key, rank in leading if key in kwargs})
        stack = np.broadcast_shapes(*[_lead(value, rank) for value, rank in given.values()])
        if not stack or (name in _PAIRS and given.get("b", (None,))[0] is None):
            return ours(*args, **kwargs)
        own = getattr(scipy.linalg, name)(*plainly(args), **{k: plainly(v) for k, v in kwargs.items()})
        if math.prod(stack) == 0:
            refuse([value for value, _ in given.values()], f"scipy.linalg.{name} of an empty stack", "Leave it out")
        others = args[len(leading) :]
        made = []
        for place in np.ndindex(*stack):
            ones = {key: _one(value, rank, place) for key, (value, rank) in given.items()}
            first = [ones.pop(key) for key, _ in leading[: len(args)]]
            one = ours(*first, *others, **{**kwargs, **ones})
            made.append(one if isinstance(one, tuple) else (one,))
        results = tuple(
            np.reshape(np.stack(part), stack + np.shape(plain(part[0]))) for part in zip(*made, strict=True)
        )
        for result, value in zip(results, own if isinstance(own, (tuple, list)) else (own,), strict=True):
            if np.shape(plain(result)) != np.shape(value):
                refuse([result], f"scipy.linalg.{name} of a stack, which this SciPy takes otherwise,", "Write a loop")
        return with_value(results if len(results) > 1 else results[0], own)

    return call


def stacked_table(functions: dict[str, Callable[..., Any]], *, lists: bool = True) -> dict[str, Callable[..., Any]]:
    """The stand-ins of functions of ``scipy.linalg``."""
    return table("scipy.linalg", {name: over_stacks(name, ours) for name, ours in functions.items()}, lists=lists)
