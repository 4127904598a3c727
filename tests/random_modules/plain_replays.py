"""The judge of random programs: the same program called plainly, in modules of their own.

The derivative at the n-th call is that of the n-th call: a fresh module is called n - 1 times, then once beside the
point.  Whatever the module holds afterwards is compared with what it holds after as many plain calls.
"""

from __future__ import annotations

import enum
import math
import random
import sys
import types
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from random_sources import source

import gradwise as gw

#: calls at these points, one after the other; the first point comes twice
POINTS = [
    np.array(point)
    for point in (
        [0.31, -0.57, 0.83],
        [0.31, -0.57, 0.83],
        [0.35, -0.52, 0.77],
        [-0.44, 0.63, 0.29],
        [0.33, -0.55, 0.81],
    )
]
_STEPS = (4e-6, 1e-5, 3e-5)
_SKIPPED = ("np", "math", "generator", "older", "own", "fold", "ramped", "shared", "wheel", "ticks", "kind")


class NoProgram(Exception):
    """A seed whose module is no program: it does not compile, raises, or gives no finite number."""


@dataclass
class Findings:
    """What one program showed."""

    seed: int
    wrong: list[str] = field(default_factory=list)
    warned: set[str] = field(default_factory=set)


def module(seed: int, text: str | None = None) -> types.ModuleType:
    """A fresh module of a program."""
    made = types.ModuleType(f"random_program_{seed}")
    sys.modules[made.__name__] = made  # where dataclasses look for it
    exec(compile(text or source(seed), f"<random program {seed}>", "exec"), vars(made))
    return made


def frozen(value: Any, depth: int = 7) -> Any:
    """What an object holds, as comparable text and numbers, with its types."""
    kind = type(value).__name__
    if depth == 0 or value is None or isinstance(value, (int, str, bytes, bytearray)):
        return value
    if isinstance(value, (float, np.floating)):
        return (kind, float(value))
    if isinstance(value, np.ndarray):
        return (kind, value.shape, str(value.dtype), [frozen(entry, depth - 1) for entry in value.ravel().tolist()])
    if isinstance(value, (dict, types.MappingProxyType)):
        return (kind, [(frozen(k, depth - 1), frozen(v, depth - 1)) for k, v in value.items()])
    if isinstance(value, (list, tuple, set, frozenset)) or kind in ("deque", "dict_values"):
        return (kind, [frozen(entry, depth - 1) for entry in value])
    if isinstance(value, enum.Enum):
        return str(value)
    if isinstance(value, types.FunctionType):
        cells = [frozen(cell.cell_contents, depth - 1) for cell in value.__closure__ or ()]
        return (kind, cells, frozen(value.__defaults__, depth - 1), frozen(vars(value), depth - 1))
    if isinstance(value, type):
        return (
            kind,
            [
                (k, frozen(v, depth - 1))
                for k, v in vars(value).items()
                if isinstance(v, (int, float)) and not k.startswith("_")
            ],
        )
    if kind == "StringIO":
        return (kind, value.getvalue())
    slots = {name: getattr(value, name) for name in getattr(type(value), "__slots__", ()) if hasattr(value, name)}
    if slots or hasattr(value, "__dict__"):
        return (kind, frozen({**slots, **getattr(value, "__dict__", {})}, depth - 1))
    return kind


def state(made: types.ModuleType) -> dict[str, Any]:
    """What a module holds, and what its iterators and generators give next (which moves them)."""
    held = {name: frozen(value) for name, value in vars(made).items()
            if not (name.startswith("__") or name in _SKIPPED or isinstance(value, types.ModuleType) or name == "MIX")}  # fmt: skip
    for name in ("ramped", "wheel", "ticks", "shared"):
        if hasattr(made, name):
            held[name] = next(getattr(made, name))
    if hasattr(made, "fold"):
        held["fold"] = made.fold.send(None)
    if hasattr(made, "generator"):
        held["draws"] = (
            made.generator.random(),
            made.older.rand(),
            made.own.random(),
            np.random.rand(),
            made.random.random(),
        )
    return held


def same(a: Any, b: Any) -> bool:
    """Equal but for rounding, with the same types."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(p, q) for p, q in zip(a, b, strict=True))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-11) or (math.isnan(a) and math.isnan(b))
    return bool(a == b)


def replayed(seed: int, text: str, before: list[np.ndarray], x: np.ndarray) -> float:
    """The value of a call after others."""
    made = module(seed, text)
    for point in before:
        made.f(point.copy())
    return float(made.f(x))


def slope(value: Callable[[np.ndarray], float], x: np.ndarray, v: np.ndarray) -> tuple[float, float] | None:
    """A directional derivative by extrapolated central differences and its doubt; nothing where there is a kink."""
    at = value(x)
    found = []
    for h in _STEPS:
        ahead, behind = value(x + h * v), value(x - h * v)
        if abs(ahead + behind - 2 * at) > 1e-2 * h + 1e-13 / h:
            return None
        found.append((ahead - behind) / (2 * h))
    middle = sorted(found)[1]
    return middle, max(found) - min(found) + 1e-5 * (1 + abs(middle))


def judge(seed: int, text: str | None = None, way: str = "value_and_grad", calls: int = 5) -> Findings:
    """Compare derivatives of a program, one after the other, with plain replays."""
    text = text or source(seed)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            plain = module(seed, text)
            values, states = [plain.f(point.copy()) for point in POINTS[:calls]], []
            for k in range(calls):
                again = module(seed, text)
                for earlier in POINTS[: k + 1]:
                    again.f(earlier.copy())
                states.append(state(again))
            if not all(math.isfinite(value) and abs(value) < 1e4 for value in values):
                raise NoProgram("no finite number")
        except (SyntaxError, Exception) as error:
            raise NoProgram(f"{type(error).__name__}: {error}") from error
    findings = Findings(seed)
    for calls_made in {1, 2, calls}:
        made = module(seed, text)
        derivative = WAYS[way](made.f)
        for k in range(calls_made):
            x = POINTS[k].copy()
            with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
                warnings.simplefilter("always")
                try:
                    value, gradient = derivative(x)
                except Exception as error:
                    findings.wrong.append(f"call {k}: RAISED {type(error).__name__}: {error}")
                    return findings
            findings.warned |= {
                warning.category.__name__ for warning in caught if issubclass(warning.category, gw.GradwiseWarning)
            }
            if not np.array_equal(x, POINTS[k]):
                findings.wrong.append(f"call {k}: the argument was changed")
            if value is not None and not same(float(value), float(values[k])):
                findings.wrong.append(f"call {k}: VALUE {value!r} for {values[k]!r}")
            elif value is not None and type(value) is not type(values[k]):
                findings.wrong.append(f"call {k}: TYPE {type(value).__name__} for {type(values[k]).__name__}")
            if calls_made == calls:
                _compare_gradient(findings, seed, text, k, np.asarray(gradient))
        found = state(made)
        if not same(found, states[calls_made - 1]):
            differing = [name for name in found if not same(found[name], states[calls_made - 1].get(name))]
            shown = "; ".join(
                f"{name} = {str(found[name])[:150]} for {str(states[calls_made - 1][name])[:150]}"
                for name in differing[:2]
            )
            findings.wrong.append(f"after {calls_made}: STATE {shown}")
        if findings.wrong:
            break
    return findings


def _compare_gradient(findings: Findings, seed: int, text: str, k: int, gradient: np.ndarray) -> None:
    """The gradient along each axis and one direction askew."""
    before = POINTS[:k]
    drawn = random.getstate(), np.random.get_state()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for v in (*np.eye(3), np.array([0.6, -0.4, 0.5])):
            expected = slope(lambda x: replayed(seed, text, before, x), POINTS[k].copy(), v)
            if expected is None:
                continue
            found = float(gradient @ v)
            if not abs(found - expected[0]) <= 3 * expected[1] + 1e-4 * abs(expected[0]):
                findings.wrong.append(f"call {k}: GRADIENT {found!r} for {expected[0]!r} along {v}")
                break
    random.setstate(drawn[0])
    np.random.set_state(drawn[1])


def _of_program(f: Callable[[np.ndarray], float]) -> Callable[[np.ndarray], tuple[Any, Any]]:
    compiled = gw.compile(f)
    return gw.value_and_grad(compiled)


#: ways of asking for the derivative; each gives the value, or nothing, and the gradient
WAYS: dict[str, Callable[..., Callable[[np.ndarray], tuple[Any, Any]]]] = {
    "value_and_grad": gw.value_and_grad,
    "grad": lambda f: lambda x: (None, gw.grad(f)(x)),
    "jacobian": lambda f: lambda x: (None, gw.jacobian(f)(x)),
    "forward": lambda f: lambda x: (None, gw.jacfwd(f)(x)),
    "traced": lambda f: gw.value_and_grad(f, pure=False),
    "compiled": _of_program,
}
