"""Random scalar cases: an expression, a point, and the exact derivative from mpmath.

Kinds and their shares follow what users meet: mostly smooth expressions over many scales, then noise, float32, kinks,
jumps, infinite slopes, edges and quantised outputs.
"""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
from cases import Case
from noise import hash_noise

mp.mp.dps = 40

# name, NumPy or math function, mpmath function, interval of arguments that it is used on
UNARY = [
    ("sin", np.sin, mp.sin, (-4, 4)),
    ("cos", np.cos, mp.cos, (-4, 4)),
    ("exp", np.exp, mp.exp, (-3, 3)),
    ("log", np.log, mp.log, (0.2, 5)),
    ("sqrt", np.sqrt, mp.sqrt, (0.2, 5)),
    ("tanh", np.tanh, mp.tanh, (-2, 2)),
    ("atan", math.atan, mp.atan, (-3, 3)),
    ("square", lambda u: u * u, lambda u: u * u, (-3, 3)),
    ("cube", lambda u: u**3, lambda u: u**3, (-2, 2)),
    ("reciprocal", lambda u: 1 / u, lambda u: 1 / u, (0.3, 4)),
    ("gauss", lambda u: np.exp(-u * u), lambda u: mp.exp(-u * u), (-2, 2)),
    ("sigmoid", lambda u: 1 / (1 + np.exp(-u)), lambda u: 1 / (1 + mp.exp(-u)), (-4, 4)),
    ("lorentz", lambda u: 1 / (1 + u * u), lambda u: 1 / (1 + u * u), (-3, 3)),
    ("erf", math.erf, mp.erf, (-1.5, 1.5)),
    ("log1p", np.log1p, lambda u: mp.log(1 + u), (-0.5, 4)),
]

KINDS = {
    "smooth": 0.40, "scaled": 0.17, "composed": 0.12, "oscillating": 0.05, "edge": 0.05, "noisy": 0.06, "float32": 0.03,
    "kink": 0.05, "jump": 0.02, "infinite": 0.02, "quantised": 0.015, "one-sided": 0.015,
}  # fmt: skip


def _smooth(rng: np.random.Generator) -> tuple[Any, Any, float, str]:
    """Return (f, g, u, name): one unary function, or a sum or product of two, around a random u."""
    name, f, g, (low, high) = UNARY[rng.integers(len(UNARY))]
    u = float(rng.uniform(low, high))
    form = rng.integers(3)
    if form == 0:
        return f, g, u, name
    other, f2, g2, (low2, high2) = UNARY[rng.integers(len(UNARY))]
    a = float(np.round(rng.uniform(0.2, 2.0), 3))
    shift = float(rng.uniform(low2, high2)) - a * u
    fa = lambda t: f2(a * t + shift)
    ga = lambda t: g2(mp.mpf(a) * t + mp.mpf(shift))
    if form == 1:
        return lambda t: f(t) + fa(t), lambda t: g(t) + ga(t), u, f"{name}+{other}"
    return lambda t: f(t) * fa(t), lambda t: g(t) * ga(t), u, f"{name}*{other}"


def _slope(g: Any, x: float) -> float:
    point = mp.mpf(x)
    scale = abs(point) if point else mp.mpf(1)
    with mp.workdps(100):
        return float(mp.diff(lambda t: g(point + scale * t), 0) / scale)


def generate(count: int, seed: int) -> list[Case]:
    """Return `count` random cases."""
    rng = np.random.default_rng(seed)
    names = list(KINDS)
    shares = np.array(list(KINDS.values()))
    out = []
    while len(out) < count:
        kind = names[rng.choice(len(names), p=shares / shares.sum())]
        case = _case(rng, kind, len(out))
        if case is not None:
            out.append(case)
    return out


def _case(rng: np.random.Generator, kind: str, index: int) -> Case | None:
    f, g, u, name = _smooth(rng)
    label = f"{index} {kind} {name}"
    if kind == "smooth":
        x = 0.0 if rng.random() < 0.03 else u
        if x == 0.0 and not math.isfinite(float(f(0.3))):
            return None
        try:
            value, slope = float(f(x)), _slope(g, x)
        except (ZeroDivisionError, ValueError, TypeError):
            return None
        return Case(kind, label, f, x, slope) if math.isfinite(value + slope) else None
    if kind == "scaled":
        # f(x / s): the argument's own scale is s, anywhere between 1e-150 and 1e10
        s = 10.0 ** float(rng.uniform(-150, 10)) if rng.random() < 0.5 else 10.0 ** float(rng.uniform(-10, 10))
        x = u * s
        return Case(kind, label, lambda t: f(t / s), x, _slope(lambda t: g(t / mp.mpf(s)), x))
    if kind == "composed":
        _, f2, g2, _ = UNARY[[0, 1, 5, 6, 10, 11, 12][rng.integers(7)]]
        b = float(np.round(rng.uniform(0.3, 3.0), 2))
        return Case(kind, label, lambda t: f2(b * f(t)), u, _slope(lambda t: g2(mp.mpf(b) * g(t)), u))
    if kind == "oscillating":
        w = 10.0 ** float(rng.uniform(1, 4))
        a = 10.0 ** float(rng.uniform(-3, 0))
        return Case(
            kind,
            label,
            lambda t: f(t) + a * math.sin(w * t),
            u,
            _slope(lambda t: g(t) + mp.mpf(a) * mp.sin(mp.mpf(w) * t), u),
        )
    if kind == "edge":
        d = 10.0 ** float(rng.uniform(-9, -1))
        c = u + d
        p = float(rng.choice([0.5, 1.5, 0.7]))
        return Case(
            kind,
            label,
            lambda t: f(t) + math.pow(c - t, p),
            u,
            _slope(lambda t: g(t) + (mp.mpf(c) - t) ** mp.mpf(p), u),
        )
    if kind == "noisy":
        sigma = abs(float(f(u))) * 10.0 ** float(rng.uniform(-10, -3)) + 1e-14
        seed = int(rng.integers(2**31))
        return Case(kind, label, lambda t: float(f(t)) + hash_noise(t, sigma, seed), u, _slope(g, u), sigma)
    if kind == "float32":
        return Case(kind, label, lambda t: float(np.float32(f(np.float32(t)))), u, _slope(g, u))
    if kind in {"kink", "jump", "infinite"}:
        u = float(np.round(u, 3))
        gap = 10.0 ** float(rng.uniform(-3, 1))
        slope = _slope(g, u)
        if kind == "kink":
            if rng.random() < 0.5:
                return Case(kind, label, lambda t: f(t) + gap * abs(t - u), u, (slope - gap, slope + gap))
            return Case(kind, label, lambda t: f(t) + gap * max(t - u, 0.0), u, (slope, slope + gap))
        if kind == "jump":
            return Case(kind, label, lambda t: float(f(t)) + gap * (t >= u), u, None)
        p = float(rng.choice([0.5, 1 / 3, 0.8]))
        odd = rng.random() < 0.5
        return Case(
            kind,
            label,
            lambda t: float(f(t)) + gap * (math.copysign(1, t - u) if odd else 1) * abs(t - u) ** p,
            u,
            None,
        )
    if kind == "quantised":
        quantum = 10.0 ** float(np.round(rng.uniform(-7, -3)))
        return Case(
            kind, label, lambda t: math.floor(float(f(t)) / quantum) * quantum, u, _slope(g, u), quantum / math.sqrt(12)
        )
    side = rng.random() < 0.5
    return Case(kind, label, lambda t: float(f(t)) if (t >= u if side else t <= u) else math.nan, u, _slope(g, u))
