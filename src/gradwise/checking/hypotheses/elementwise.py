"""Functions that act on each entry by itself, known from numbers alone: what the claim lacks is a function of x_i.

    truth / claim = κ φ(x)            the derivative of something inner is missing
    truth − claim = κ φ(x) ψ(x)       a term of a product is missing
    truth / claim − 1 = κ φ(x) ψ(x)   the same, where both are multiplied by what comes from behind

Neither program is needed: a framework's function, or compiled code, is diagnosed by that.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradwise.checking.evidence import Evidence, Finding
from gradwise.checking.hypotheses.factors import describe_factor
from gradwise.checking.vocabulary import Cause

LEAST = 6
"""Numbers that must be explained by two functions and a coefficient."""

MOST = 600
"""Numbers that are compared."""

FUNCTIONS: tuple[tuple[str, Callable[[np.ndarray], np.ndarray]], ...] = (
    ("1", np.ones_like),
    ("x", lambda x: x),
    ("x²", lambda x: x * x),
    ("1/x", lambda x: 1 / x),
    ("(1 - x)", lambda x: 1 - x),
    ("(1 + x)", lambda x: 1 + x),
    ("(1 - x²)", lambda x: 1 - x * x),
    ("(1 + x²)", lambda x: 1 + x * x),
    ("1/(1 + x²)", lambda x: 1 / (1 + x * x)),
    ("√x", lambda x: np.sqrt(x)),
    ("sin x", np.sin),
    ("cos x", np.cos),
    ("tan x", np.tan),
    ("exp(x)", np.exp),
    ("exp(-x)", lambda x: np.exp(-x)),
    ("exp(-x²)", lambda x: np.exp(-x * x)),
    ("exp(-x²/2)", lambda x: np.exp(-x * x / 2)),
    ("log x", np.log),
    ("tanh x", np.tanh),
    ("(1 - tanh² x)", lambda x: 1 / np.cosh(x) ** 2),
    ("cosh² x", lambda x: np.cosh(x) ** 2),
    ("σ(x)", lambda x: 1 / (1 + np.exp(-x))),
    ("σ(-x)", lambda x: 1 / (1 + np.exp(x))),
)


def elementwise(evidence: Evidence) -> list[Finding]:
    """The claim lacks a factor or a term that is a function of x alone, entry by entry."""
    if any(sample.carrier is None for sample in evidence.samples):
        return []
    joined = [
        np.concatenate([np.asarray(getattr(s, name))[s.usable & np.isfinite(s.claimed)] for s in evidence.samples])
        for name in ("carrier", "claimed", "truth", "bound")
    ]
    x, claimed, truth, bound = (part[:MOST] for part in joined)
    if int(np.sum(np.abs(truth - claimed) > 4 * bound)) < LEAST or np.unique(x).size < LEAST:
        return []
    give = 4 * bound + 1e-9 * np.abs(truth)
    names, rows = [], []
    with np.errstate(all="ignore"):
        for name, way in FUNCTIONS:
            row = way(x)
            if np.all(np.isfinite(row)):
                names.append(name)
                rows.append(row)
        pool = np.array(rows)
        # (claim + κ φ ψ · carrier of the term) for the three equations above
        for cause, start, factor, most, rank in (
            (Cause.INNER, np.zeros_like(truth), claimed, 1, 27.5),
            (Cause.PRODUCT_RULE, claimed, np.ones_like(truth), 99, 28.5),
            (Cause.PRODUCT_RULE, claimed, claimed, 99, 28.6),
        ):
            for one in range(min(most, len(names))):
                candidates = pool[one] * pool[one:] * factor
                weighted = candidates / give
                kappa = (weighted @ ((truth - start) / give)) / np.sum(weighted**2, axis=1)
                off = np.abs(start + kappa[:, None] * candidates - truth)
                close = np.all(off <= give, axis=1) & np.isfinite(kappa) & (kappa != 0)
                for other in np.flatnonzero(close):
                    if cause is Cause.INNER and one + other == 0:
                        continue  # a constant factor, which has its own names
                    _, text = describe_factor(float(kappa[other]), 1e-9, {})
                    term = " · ".join(n for n in (text, names[one], names[one + other]) if n != "1")
                    say = f"true = {term} × claimed" if cause is Cause.INNER else f"true − claimed = {term or '1'}"
                    say += " × claimed" if cause is Cause.PRODUCT_RULE and factor is claimed else ""
                    return [Finding(cause, say, rank)]
    return []


def entry_functions(evidence: Evidence) -> list[Finding]:
    """truth_i = φ_i(x_i) claim_i, with a function for each entry: parameters that were made positive, each in its own way."""
    samples = evidence.samples
    here = evidence.here
    if len(samples) < 3 or any(s.carrier is None for s in samples) or not 0 < here.truth.size <= MOST:
        return []
    wrong = np.any([s.wrong for s in samples], axis=0)
    left, names = wrong.copy(), {}
    with np.errstate(all="ignore"):
        for name, way in (*FUNCTIONS[1:], ("σ(x)σ(-x)", lambda x: 1 / (2 + np.exp(x) + np.exp(-x)))):
            close = left.copy()
            for s in samples:
                factor = way(s.carrier)
                give = 4 * s.bound * np.maximum(1.0, np.abs(factor)) + 1e-9 * np.abs(s.truth)
                # where the truth is not known a factor says nothing
                close &= s.informative() & (give <= 1e-3 * np.abs(s.truth)) & (s.claimed != 0)
                close &= np.abs(factor * s.claimed - s.truth) <= give
            for k in np.flatnonzero(close).tolist():
                names[k] = name
            left &= ~close
    if np.any(left) or not names:
        return []
    listed = ", ".join(f"{names[k]} at {evidence.problem.name_entry(k)}" for k in sorted(names)[:4])
    say = f"true = claimed × {listed}{', …' if len(names) > 4 else ''}; the other entries are right"
    # of one entry its place says as much; x and 1/x are what another exponent leaves
    plain = all(name in ("x", "x²", "1/x", "√x") for name in names.values())
    return [Finding(Cause.INNER, say, 27.7 if plain else 24.5 if len(names) == 1 else 23.4)]


def guess(evidence: Evidence) -> list[Finding]:
    """Where nothing explains the numbers: the signs tell what a mistake of the chain or the product rule would leave.

    A factor that is missing is mostly positive or mostly negative throughout; a term that is missing changes signs.
    """
    ratios = np.concatenate([s.claimed[s.informative()] / s.truth[s.informative()] for s in evidence.samples])
    ratios = ratios[ratios != 0]
    if ratios.size < 4 or np.ptp(ratios) == 0:
        return []
    if np.all(ratios > 0) or np.all(ratios < 0):
        say = (
            "a guess from the signs, which are those of the truth times one sign: a factor that depends on x is missing"
        )
        return [Finding(Cause.INNER, say, 99.5), Finding(Cause.PRODUCT_RULE, "a guess as well", 99.6)]
    say = "a guess from the signs, some of which are right and some wrong: a term is missing"
    return [Finding(Cause.PRODUCT_RULE, say, 99.5), Finding(Cause.INNER, "a guess as well", 99.6)]
