"""Functions as people write them: value, Jacobian, Hessian, both modes, the caller's arrays, no warning without cause.

The truth is the plain function: its value, what it leaves in its arguments, and its extrapolated difference quotients.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import pkgutil
import warnings
from typing import Any

import battery
import numpy as np
import pytest

import gradwise as gw
from gradwise.containers import flatten

for _module in pkgutil.iter_modules(battery.__path__):
    importlib.import_module(f"battery.{_module.name}")


def numbers(tree: Any) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in flatten(tree)[0]]


def flat(tree: Any) -> np.ndarray:
    return np.concatenate([a.ravel() for a in numbers(tree)] or [np.zeros(0)])


def matrix(blocks: Any, rows: Any, columns: Any) -> np.ndarray:
    """A Jacobian or Hessian in containers as a matrix: rows by leaves of ``rows``, columns by leaves of ``columns``."""
    heights, widths = [a.size for a in numbers(rows)], [a.size for a in numbers(columns)]
    leaves = iter(numbers(blocks))
    return np.block([[next(leaves).reshape(h, w) for w in widths] for h in heights])


def moved(args: Any, entry: int, step: float) -> Any:
    """The arguments with one of all their entries moved."""
    leaves, structure = flatten(copy.deepcopy(args))
    leaves = [np.array(v, float if np.asarray(v).dtype.kind in "iu" else None) if np.ndim(v) else v for v in leaves]
    for i, leaf in enumerate(leaves):
        if entry < np.size(leaf):
            if np.ndim(leaf):
                leaf[np.unravel_index(entry, leaf.shape)] += step
            else:
                leaves[i] = type(leaf)(leaf + step) if isinstance(leaf, (float, np.floating)) else leaf + step
            break
        entry -= np.size(leaf)
    return structure.rebuild(leaves)


def differences(function: Any, args: Any, scale: float, levels: int = 8, shrink: float = 1.6) -> np.ndarray:
    """d(flat value)/d(entries of all arguments) by central differences, extrapolated until they settle (Ridders)."""

    def column(entry: int, size: float) -> np.ndarray:
        def quotient(t: float) -> np.ndarray:
            return (flat(function(*moved(args, entry, t))) - flat(function(*moved(args, entry, -t)))) / (2 * t)

        previous = [quotient(size)]
        best, error = previous[0], np.full(previous[0].shape, np.inf)
        for level in range(1, levels):
            row = [quotient(size / shrink**level)]
            for k, old in enumerate(previous):
                factor = shrink ** (2 * (k + 1))
                row.append((factor * row[k] - old) / (factor - 1))
                gap = np.maximum(np.abs(row[-1] - row[k]), np.abs(row[-1] - old))
                best = np.where(gap < error, row[-1], best)
                error = np.minimum(error, gap)
            previous = row
        return best

    return np.stack([column(e, scale * max(1.0, abs(x))) for e, x in enumerate(flat(args))], axis=-1)


def distance(a: Any, b: Any, beside: float = 1e-9) -> float:
    """The largest difference, relative to the largest entry (or to a number that it stands beside)."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape, f"{a.shape} and {b.shape}"
    return float(np.max(np.abs(a - b), initial=0.0) / max(np.max(np.abs(b), initial=0.0), beside))


def same(a: Any, b: Any) -> bool:
    return all(
        x.shape == y.shape and x.dtype == y.dtype and np.array_equal(x, y, equal_nan=x.dtype.kind in "fc")
        for x, y in zip(numbers(a), numbers(b), strict=True)
    )


def check(case: battery.Case) -> None:
    f, args = case.function, case.args
    everything = tuple(range(len(args)))
    after = copy.deepcopy(args)
    value = f(*after)

    def left_as_the_plain_call_leaves_them(own: Any) -> None:
        assert same(own, after), f"the arguments are {own}; a plain call leaves {after}"

    def exactly(operator: Any) -> Any:
        own = copy.deepcopy(args)
        found = operator(f, argnums=everything, method="exact")(*own)
        left_as_the_plain_call_leaves_them(own)
        for k, result in enumerate(numbers(found)):
            assert result.flags.writeable
            others = numbers(own) + numbers(found)[:k]
            assert not any(np.may_share_memory(result, other) for other in others), (
                "memory shared with the arguments or another result"
            )
        return found

    own = copy.deepcopy(args)
    traced, _ = gw.vjp(f, *own, method="exact")
    left_as_the_plain_call_leaves_them(own)
    assert [v.dtype for v in numbers(traced)] == [v.dtype for v in numbers(value)]
    assert flatten(traced)[1] == flatten(value)[1]
    assert distance(flat(traced), flat(value)) <= case.value, f"value {traced} instead of {value}"

    truth = differences(f, args, case.scale)
    forward, reverse, chosen = (matrix(exactly(o), value, args) for o in (gw.jacfwd, gw.jacrev, gw.jacobian))
    assert distance(forward, truth) <= case.rtol, f"forward\n{forward}\ndifferences\n{truth}"
    assert distance(reverse, forward) <= case.modes, f"reverse\n{reverse}\nforward\n{forward}"
    assert distance(chosen, forward) <= case.modes, f"jacobian\n{chosen}\nforward\n{forward}"
    if case.order < 2 or flat(args).size > 20:
        return
    if len(numbers(value)) == 1 and np.shape(value) == ():
        scalar = f
        gradient = exactly(gw.grad)
        assert distance(flat(gradient), reverse[0]) <= case.modes, f"gradient {gradient}\nreverse\n{reverse}"
    else:
        rng = np.random.default_rng(0)
        weights = [rng.uniform(0.5, 1.5, v.shape) for v in numbers(value)]

        def scalar(*point: Any) -> Any:
            return sum(np.sum(w * v) for w, v in zip(weights, flatten(f(*point))[0], strict=True))

    own = copy.deepcopy(args)
    hessian = matrix(gw.hessian(scalar, argnums=everything, method="exact")(*own), args, args)
    left_as_the_plain_call_leaves_them(own)
    second = differences(gw.grad(scalar, argnums=everything, method="exact"), args, case.scale)
    size = max(1e-9, 1e-2 * np.max(np.abs(truth), initial=0.0))
    assert distance(hessian, second, size) <= 10 * case.rtol, (
        f"Hessian\n{hessian}\ndifferences of the gradient\n{second}"
    )


@pytest.mark.parametrize(
    "case", [pytest.param(c, id=c.name, marks=[pytest.mark.slow] if c.slow else []) for c in battery.CASES]
)
def test_function(case):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if case.kinks:
            warnings.simplefilter("ignore", gw.KinkWarning)
        check(case)


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in battery.ESCAPES])
def test_escape(case, monkeypatch):
    monkeypatch.setenv("GRADWISE_REWRITE", "0")
    lines, start = inspect.getsourcelines(case.function)
    here = {start + k for k, line in enumerate(lines) if line.rstrip().endswith("# here")}
    for operator in (gw.jacobian, gw.jacfwd, gw.jacrev):
        with pytest.raises(gw.TracingError) as caught:
            operator(case.function, argnums=tuple(range(len(case.args))), method="exact")(*copy.deepcopy(case.args))
        # what is looked up by text or bytes is found out at the end, where no line is at fault
        assert caught.value.lineno in here or "looked up" in str(caught.value), caught.value
    own = copy.deepcopy(case.args)
    with pytest.warns(gw.NumericalFallbackWarning):
        found = gw.jacobian(case.function, argnums=tuple(range(len(case.args))))(*own)
    assert same(own, case.args)
    value = case.function(*copy.deepcopy(case.args))
    truth = differences(case.function, case.args, 1e-2)
    assert distance(matrix(found, value, case.args), truth) <= 1e-6
