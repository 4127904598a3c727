"""The laws that every differentiable function must satisfy, as one check.

``check_function(f, *args)`` traces f and verifies, at ``args``:

- the traced value is the plain value, bit for bit or to rounding;
- forward mode against a numerical derivative that shares no code with the engine: Richardson-extrapolated central differences along random directions;
- ⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩ with random vectors and cotangents;
- a batch of tangents and of cotangents equals a loop;
- with ``order=2`` the same for the function (x, ẋ) ↦ J(x) ẋ and for x ↦ Jᵀ(x) ȳ.

Arguments are arrays or numbers; all floating ones are differentiated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import gradwise as gw
from gradwise.containers import flatten
from gradwise.execution import evaluate
from gradwise.program.check import check_program
from gradwise.tracing import isinstance_traced, record
from gradwise.transforms.batch import batch
from gradwise.transforms.forward import pushforward
from gradwise.transforms.reverse import pullback


def random_like(x: Any, rng: np.random.Generator) -> Any:
    """Random numbers of the shape and dtype of ``x``."""
    x = np.asarray(x)
    r = rng.standard_normal(x.shape)
    if x.dtype.kind == "c":
        r = r + 1j * rng.standard_normal(x.shape)
    return np.asarray(r).astype(x.dtype)[()]


def inner(a: Any, b: Any) -> float:
    """Re Σ conj(a) b."""
    return float(np.real(np.vdot(np.asarray(a, dtype=complex), np.asarray(b, dtype=complex))))


def numerical_tangent(f: Any, args: Any, directions: Any, scale: float = 1e-2) -> list[np.ndarray]:
    """d/dt f(x + t u) at 0 by central differences, extrapolated over halved steps (Richardson)."""

    def difference(t: float) -> list[np.ndarray]:
        with np.errstate(all="ignore"):
            up, _ = flatten(f(*(x + t * u for x, u in zip(args, directions, strict=True))))
            down, _ = flatten(f(*(x - t * u for x, u in zip(args, directions, strict=True))))
        return [(np.asarray(a) - np.asarray(b)) / (2 * t) for a, b in zip(up, down, strict=True)]

    table = [difference(scale / 2**k) for k in range(6)]
    for order in range(1, 6):
        factor = 4.0**order
        table = [
            [(factor * fine - coarse) / (factor - 1) for fine, coarse in zip(table[k + 1], table[k], strict=True)]
            for k in range(len(table) - 1)
        ]
    return table[0]


def close(a: Any, b: Any, rtol: float, what: str) -> None:
    """Entries agree relative to the largest entry of either."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape, f"{what}: shapes {a.shape} and {b.shape}"
    scale = max(np.max(np.abs(a), initial=0.0), np.max(np.abs(b), initial=0.0), 1e-30)
    error = np.max(np.abs(a - b), initial=0.0) / scale
    assert error <= rtol, f"{what}: relative difference {error:.3g}\n{a}\n{b}"


def check_function(f: Any, *args: Any, order: int = 2, rtol: float = 1e-7, scale: float = 1e-2, seed: int = 0) -> None:
    """Verify the laws of the module for f at args, up to ``order``."""
    rng = np.random.default_rng(seed)
    _first_order(f, args, rng, rtol, scale)
    if order >= 2:
        floats = tuple(args)
        directions = tuple(random_like(x, rng) for x in floats)

        def tangent(*point: Any) -> Any:
            return tuple(_moving(gw.jvp(f, tuple(point), directions)[1]))

        _first_order(tangent, floats, rng, 10 * rtol, scale)
        value, _ = flatten(f(*floats))
        bars = [random_like(v, rng) for v in value]

        def cotangent(*point: Any) -> Any:
            output, transpose = gw.vjp(f, *point)
            _, structure = flatten(output)
            return transpose(structure.rebuild(list(bars)))

        if all(np.asarray(v).dtype.kind in "fc" for v in value):
            _first_order(cotangent, floats, rng, 10 * rtol, scale)


def _moving(tree: Any) -> list[Any]:
    leaves, _ = flatten(tree)
    return [v for v in leaves if (np.asarray(v.current() if isinstance_traced(v) else v)).dtype.kind in "fc"]


def _first_order(f: Any, args: Any, rng: np.random.Generator, rtol: float, scale: float) -> None:
    args = [np.asarray(a)[()] if np.ndim(a) == 0 else np.asarray(a) for a in args]
    recording = record(f, args, (True,) * len(args), lambda leaves: f(*leaves))
    program = check_program(recording.program)
    plain, _ = flatten(f(*(np.array(a) if np.ndim(a) else a for a in args)))
    for got, expected in zip(recording.values, plain, strict=True):
        close(got, expected, 1e-13 if np.asarray(expected).dtype.itemsize >= 8 else 1e-5, "value")
    again = evaluate(program, args, recording.tape.captured_values())
    for got, expected in zip(again, plain, strict=True):
        close(got, expected, 1e-13 if np.asarray(expected).dtype.itemsize >= 8 else 1e-5, "program")
    moving = [k for k, v in enumerate(recording.values) if np.asarray(v).dtype.kind in "fc"]
    captured = recording.tape.captured_values()
    forward = pushforward(program, program.inputs)
    forward_program = check_program(forward.joined(values=False))
    directions = [[random_like(a, rng) for a in args] for _ in range(2)]
    tangents = [_spread(forward, evaluate(forward_program, [*args, *u], captured), program) for u in directions]
    for u, tangent in zip(directions, tangents, strict=True):
        numeric = numerical_tangent(f, args, u, scale)
        for k in moving:
            close(tangent[k], numeric[k], rtol, "forward against numerical")
    reverse = pullback(program, program.inputs)
    reverse_program = check_program(reverse.joined(values=False))
    bars = [[random_like(v, rng) for v in recording.values] for _ in range(2)]
    cotangents = []
    for bar in bars:
        found = iter(evaluate(reverse_program, [*args, *bar], captured))
        cotangents.append(
            [np.zeros_like(a) if r is None else next(found) for r, a in zip(reverse.results, args, strict=True)]
        )
    for u, tangent in zip(directions, tangents, strict=True):
        for bar, cotangent in zip(bars, cotangents, strict=True):
            left = sum(inner(bar[k], tangent[k]) for k in moving)
            right = sum(inner(c, v) for c, v in zip(cotangent, u, strict=True))
            size = sum(np.linalg.norm(np.ravel(bar[k])) * np.linalg.norm(np.ravel(tangent[k])) for k in moving) + 1e-30
            single = any(np.asarray(a).dtype.itemsize < 8 for a in args)
            assert abs(left - right) <= (1e-4 if single else 1e-11) * size, f"⟨ȳ, Jẋ⟩ = {left}, ⟨Jᵀȳ, ẋ⟩ = {right}"
    _batch_equals_loop(forward_program, args, directions, captured, tangents, forward, program)
    _batch_equals_loop(reverse_program, args, bars, captured, cotangents, reverse, program)


def _spread(derivative: Any, found: Any, program: Any) -> list[Any]:
    values = iter(found)
    return [
        np.zeros(program.types[o].shape, program.types[o].dtype) if r is None else next(values)
        for r, o in zip(derivative.results, program.outputs, strict=True)
    ]


def _batch_equals_loop(
    joined: Any, args: Any, vectors: Any, captured: Any, looped: Any, derivative: Any, program: Any
) -> None:
    n = len(args)
    single = any(np.asarray(a).dtype.itemsize < 8 for a in args)
    tolerance = 1e-4 if single else 1e-11
    # first the vectors alone, then everything that moves
    for everything in (False, True):
        flagged = joined.inputs if everything else joined.inputs[n:]
        many, carries = batch(joined, 2, flagged)
        check_program(many)
        inputs = [np.stack([a, a]) if everything else a for a in args]
        inputs += [np.stack([u, v]) for u, v in zip(*vectors, strict=True)]
        found = iter(zip(evaluate(many, inputs, captured), carries, strict=True))
        for k, r in enumerate(derivative.results):
            if r is None:
                continue
            value, carried = next(found)
            for i in range(2):
                close(value[i] if carried else value, looped[i][k], tolerance, "batch against loop")
