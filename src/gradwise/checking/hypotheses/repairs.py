"""The claim repaired: the single change of the claim's own program that makes it the truth.

    claim(…, v, …) ≠ truth,   claim(…, κ v, …) = truth          a factor or a sign of one term
                              claim(…, v · φ(w), …) = truth      an inner derivative
                              claim + κ φ(a) φ(b) = truth        a term of a product
                              claim with a sum along another axis, with a matrix turned

`chain` looks for one wrong rule in the program of f.  This asks the other program, for functions that are opaque, and for
mistakes that are no single rule of f.  w, a and b are values that the claim computes anyway, φ elementary functions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from gradwise.checking.evidence import Evidence, Finding
from gradwise.checking.hypotheses.chain import LINEAR
from gradwise.checking.hypotheses.factors import describe_factor, name_factor
from gradwise.checking.hypotheses.projected import projected
from gradwise.checking.hypotheses.replays import MOST_VALUES, Replay, everywhere, replays, values
from gradwise.checking.hypotheses.resummed import not_summed, other_axis
from gradwise.checking.hypotheses.uncut import uncut
from gradwise.checking.vocabulary import Cause

SECONDS = 1.5
"""How long all repairs may take."""

EQUATIONS = 4
"""Numbers that a repair with a free coefficient must explain at least."""

SCREENED = 400
"""Entries at which products of two values are compared before all are."""

Function = Callable[[Any], Any]

PLAIN: tuple[tuple[str, Function], ...] = (
    ("{}", lambda w: w),
    ("1/{}", lambda w: 1 / w),
    ("(1 - {})", lambda w: 1 - w),
    ("(1 - {}²)", lambda w: 1 - w * w),
    ("{0}(1 - {0})", lambda w: w * (1 - w)),
    ("{}²", lambda w: w * w),
    ("1/{}²", lambda w: 1 / (w * w)),
    ("√{}", lambda w: np.sqrt(w)),
    ("1/√{}", lambda w: 1 / np.sqrt(w)),
)
"""Functions of any value of the claim."""

ELEMENTARY: tuple[tuple[str, Function], ...] = (
    ("sin {}", np.sin),
    ("cos {}", np.cos),
    ("exp {}", np.exp),
    ("exp(-{})", lambda w: np.exp(-w)),
    ("log {}", np.log),
    ("1/(1 + {}²)", lambda w: 1 / (1 + w * w)),
    ("tanh {}", np.tanh),
    ("(1 - tanh²{})", lambda w: 1 / np.cosh(w) ** 2),
    ("σ({})", lambda w: 1 / (1 + np.exp(-w))),
    ("σ'({})", lambda w: np.exp(-np.abs(w)) / (1 + np.exp(-np.abs(w))) ** 2),
    ("sign {}", np.sign),
)
"""Functions that the claim need not compute: of x and of what is linear in it first, then of its other values."""


def repaired(evidence: Evidence) -> list[Finding]:
    """One change of the claim's program makes it right at x and near it."""
    found = replays(evidence)
    if not found or sum(int(np.sum(r.sample.usable)) for r in found) < 2:
        return []
    deadline = time.perf_counter() + SECONDS
    extra = _too_much(found)
    if extra:
        return extra
    for repair in (uncut, other_axis, _scaled, _turned, projected, _multiplied, _added, not_summed):
        findings = repair(evidence, found, deadline)
        if findings:
            return findings
    return []


def _too_much(found: list[Replay]) -> list[Finding]:
    """The claim is right without one of its values: it has a term or a factor that f does not have, for whatever reason."""
    first = found[0]
    for v in values(first):
        for neutral in (0.0, 1.0):
            if everywhere(found, v, partial(_constant, variable=v, value=neutral)):
                say = f"the claim is right with {neutral:.0f} in the place of {first.formula(v)}{first.line(v)}"
                if not np.any(first.env[v]):
                    return [Finding(Cause.PRODUCT_RULE, f"{say}: a term is multiplied by 0", 26.0)]
                return [Finding(Cause.UNKNOWN, say, 50.0)]
    return []


def _constant(replay: Replay, variable: int, value: float) -> Any:
    return np.full_like(replay.env[variable], value)


def _equations(found: list[Replay]) -> int:
    """How many numbers a repair explains."""
    return sum(int(np.sum(r.sample.usable & (np.abs(r.sample.truth) > 100 * r.sample.bound))) for r in found)


def _coefficient(replay: Replay, without: np.ndarray, effect: np.ndarray) -> tuple[float, float] | None:
    """κ of truth = without + κ effect, from the entry where it is known best, and its doubt."""
    sample = replay.sample
    with np.errstate(all="ignore"):
        known = sample.usable & np.isfinite(effect) & (effect != 0)
        if not np.any(known):
            return None
        k = int(np.flatnonzero(known)[np.argmax(np.abs(effect[known]) / (sample.bound[known] + 1e-300))])
        kappa = float((sample.truth[k] - without[k]) / effect[k])
        doubt = float(sample.bound[k] / abs(effect[k])) / max(abs(kappa), 1e-300)
    return (kappa, doubt) if np.isfinite(kappa) and kappa != 0.0 else None


def _times(replay: Replay, variable: int, factor: float) -> Any:
    return factor * replay.env[variable]


def _through(replay: Replay, variable: int, way: Function) -> Any:
    return way(replay.env[variable])


def _with_factor(replay: Replay, variable: int, other: int, way: Function, factor: float) -> Any:
    return factor * replay.env[variable] * way(replay.env[other])


def _scaled(evidence: Evidence, found: list[Replay], deadline: float) -> list[Finding]:
    """One value of the claim enters with a wrong factor or sign."""
    first, best = found[0], []
    for v in values(first):
        if time.perf_counter() > deadline:
            break
        value = first.env[v]
        without = first.output(v, np.zeros_like(value))
        if first.fits(without):
            continue  # a term too much
        solved = _coefficient(first, without, first.base - without)
        for c, doubt in [solved] if solved is not None else []:
            plain, text = describe_factor(1 / c, doubt, evidence.lengths)
            simple = abs(plain * c - 1) < 1e-9 + 3 * doubt and text != f"{1 / c:.6g}"
            c = 1 / plain if simple else c
            if abs(c - 1) < 1e-9 or _equations(found) < (2 if simple else EQUATIONS):
                continue
            if not everywhere(found, v, partial(_times, variable=v, factor=c)):
                continue
            where = f"{first.formula(v)} in the claim{first.line(v)}"
            if abs(c + 1) < 1e-9:
                say = f"the claim is right with the other sign of {where}"
                quotient = _divided(first, v)
                best.append(Finding(Cause.SIGN_FLIP, say, 27.0 if quotient else 26.2))
                best += [Finding(Cause.QUOTIENT_SIGN, say, 26.2)] if quotient else []
                continue
            say = f"the claim is right with {c:.6g} times {where}"
            named = name_factor(1 / c, doubt, evidence.lengths)
            best += [Finding(cause, f"{say} ({label})", 26.4) for cause, label, _ in named]
            if not named:
                best.append(Finding(Cause.CONSTANT_FACTOR, say, 30.5 if simple else 33.0))
    return best


def _divided(replay: Replay, variable: int) -> bool:
    """Whether a value is a term of a numerator: added to another, then divided by what depends on x."""
    program = replay.program
    moving = set(program.inputs)
    reached, summed = {variable}, False
    for equation in program.equations:
        if moving & set(equation.inputs):
            moving |= set(equation.output_tuple)
        if not reached & set(equation.inputs):
            continue
        name = equation.primitive.name
        if name == "div" and equation.inputs[0] in reached and equation.inputs[1] in moving:
            return summed
        if name in LINEAR or name == "mul":
            summed = summed or name in ("add", "sub")
            reached |= set(equation.output_tuple)
    return False


def _turned(evidence: Evidence, found: list[Replay], deadline: float) -> list[Finding]:
    """One value stands turned, reversed or shifted by one."""
    first = found[0]
    ways: tuple[tuple[Cause, str, Function, float], ...] = (
        (Cause.TRANSPOSED, "transposed", lambda w: w.T, 26.3),
        (Cause.PERMUTED, "reversed", lambda w: w[::-1], 33.0),
        (Cause.INDEX_SHIFT, "shifted by one", lambda w: np.roll(w, 1, axis=0), 33.0),
        (Cause.INDEX_SHIFT, "shifted by one", lambda w: np.roll(w, -1, axis=0), 33.0),
    )
    for v in values(first):
        shape = np.shape(first.env[v])
        for cause, text, way, rank in ways:
            square = len(shape) == 2 and shape[0] == shape[1] and shape[0] > 1
            if time.perf_counter() > deadline or not (square if cause is Cause.TRANSPOSED else len(shape) == 1):
                continue
            if shape and shape[0] > 1 and everywhere(found, v, partial(_through, variable=v, way=way)):
                say = f"the claim is right with {first.formula(v)} {text}{first.line(v)}"
                return [Finding(cause, say, rank)]
    return []


def _pool(replay: Replay) -> Iterator[tuple[int, str, Function]]:
    """Values of the claim and functions of them: (variable, text, φ)."""
    bases = list(replay.numbers)[: 2 * MOST_VALUES]
    moving = set(replay.program.inputs)
    linear = set(moving)
    for equation in replay.program.equations:
        name = equation.primitive.name
        scales = name in ("mul", "matmul", "div") and sum(i in moving for i in equation.inputs) == 1
        if linear & set(equation.inputs) and (scales or name in LINEAR):
            linear |= set(equation.output_tuple)
        if moving & set(equation.inputs):
            moving |= set(equation.output_tuple)
    for text, way in PLAIN:
        for w in bases:
            if w in moving or way is PLAIN[0][1]:
                yield w, text, way
    for text, way in ELEMENTARY:
        for w in bases:
            if w in linear:
                yield w, text, way
    for text, way in ELEMENTARY:
        for w in bases:
            if w in moving and w not in linear:
                yield w, text, way


def _multiplied(evidence: Evidence, found: list[Replay], deadline: float) -> list[Finding]:
    """One value lacks a factor, up to a constant: the derivative of something inner."""
    first = found[0]
    pool = [(w, text, way, _safe(way, first.env[w])) for w, text, way in _pool(first)]
    pool = [
        item for item in pool if item[3] is not None and (np.ndim(item[3]) or item[0] not in first.program.captured)
    ]
    least = EQUATIONS if _equations(found) >= EQUATIONS else 3
    if _equations(found) < least:
        return []
    for v in values(first):
        value, shape = first.env[v], np.shape(first.env[v])
        without = first.output(v, np.zeros_like(value))
        if first.fits(without):
            continue  # a term too much, which every factor of 1e-15 mends
        for w, text, way, factor in pool:
            if time.perf_counter() > deadline:
                return []
            if not _fits_shape(np.shape(factor), shape):
                continue
            with np.errstate(all="ignore"):
                other = value * factor
                if not np.all(np.isfinite(other)):
                    continue
                solved = _coefficient(first, without, first.output(v, other) - without)
            if solved is None:
                continue
            kappa, doubt = solved
            plain, _ = describe_factor(kappa, doubt, {})
            if not everywhere(found, v, partial(_with_factor, variable=v, other=w, way=way, factor=plain)):
                continue
            inner = text.format(first.formula(w, 1))
            times = "" if plain == 1.0 else f"{plain:.6g} · "
            say = f"the claim is right with {first.formula(v)} times {times}{inner}{first.line(v)}"
            # v² for v inside a sum is an exponent; a product that lacks v once more lacks a derivative
            power = w == v and way is PLAIN[0][1] and bool(np.any(without))
            cause = Cause.WRONG_POWER if power else Cause.INNER
            return [Finding(cause, say, 24.5 if abs(plain) in (0.5, 1.0, 2.0, 3.0) else 28.0)]
    return []


def _added(evidence: Evidence, found: list[Replay], deadline: float) -> list[Finding]:
    """The claim lacks a term: a coefficient times the product of two values."""
    first = found[0]
    if _equations(found) < EQUATIONS or len(first.program.outputs) != 1:
        return []
    (out,) = first.program.outputs
    shape = np.shape(first.env[out])
    items: list[tuple[int, str, Function]] = []
    columns: list[np.ndarray] = []
    usable = [np.flatnonzero(r.sample.usable)[:SCREENED] for r in found]
    for w, text, way in _pool(first):
        parts = []
        for replay, chosen in zip(found, usable, strict=True):
            value = _safe(way, replay.env[w])
            if value is None or not _fits_shape(np.shape(value), shape):
                break
            parts.append(np.ravel(np.broadcast_to(value, shape))[chosen])
        else:
            column = np.concatenate(parts)
            if np.any(column) and not any(np.array_equal(column, other) for other in columns[-12:]):
                items.append((w, text, way))
                columns.append(column)
        if time.perf_counter() > deadline:
            break
    if not columns:
        return []
    pool = np.array(columns)
    missing = np.concatenate([(r.sample.truth - r.base)[c] for r, c in zip(found, usable, strict=True)])
    give = np.concatenate(
        [(4 * r.sample.bound + 1e-9 * np.abs(r.sample.truth))[c] for r, c in zip(found, usable, strict=True)]
    )
    if int(np.sum(np.abs(missing) > 10 * give)) < EQUATIONS:
        return []
    weight = 1 / (give + 1e-9 * float(np.max(np.abs(missing))))
    constants = set(first.program.captured)
    best: tuple[float, int, int, float] | None = None
    for one in range(len(items)):
        if time.perf_counter() > deadline:
            break
        with np.errstate(all="ignore"):
            products = pool[one] * pool[one:]
            kappa = ((products * weight) @ (missing * weight)) / np.sum((products * weight) ** 2, axis=1)
            close = np.all(np.abs(missing - kappa[:, None] * products) <= give, axis=1) & np.isfinite(kappa)
        for other in np.flatnonzero(close).tolist():
            if {items[one][0], items[one + other][0]} <= constants:
                continue  # what does not depend on x is a term too much, no part of a product
            plain, text = describe_factor(float(kappa[other]), 1e-9, {})
            simple = (0.0 if text != f"{float(kappa[other]):.6g}" else 10.0) + one + other
            if best is None or simple < best[0]:
                best = (simple, one, one + other, plain)
    if best is None:
        return []
    _, one, other, plain = best
    texts = [items[k][1].format(first.formula(items[k][0], 1)) for k in (one, other)]
    say = f"the claim lacks the term {plain:.6g} · {texts[0]} · {texts[1]}"
    return [Finding(Cause.PRODUCT_RULE, say, 25.5 if best[0] < 1000 else 34.0)]


def _safe(way: Function, value: Any) -> Any:
    """φ of a value; None where it is not finite."""
    with np.errstate(all="ignore"):
        found = way(np.asarray(value, dtype=float))
    return found if np.all(np.isfinite(found)) else None


def _fits_shape(factor: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether a factor may multiply an array without changing its shape."""
    lead = len(shape) - len(factor)
    return lead >= 0 and all(a in (1, b) for a, b in zip(factor, shape[lead:], strict=True))
