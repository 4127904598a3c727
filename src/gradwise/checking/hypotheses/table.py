"""The table of hypotheses: one function per cause, tried on the same evidence.  Adding a cause is adding a row."""

from __future__ import annotations

import numpy as np

from gradwise.checking.evidence import Evidence, Finding
from gradwise.checking.hypotheses.axes import same_total, wrong_axis
from gradwise.checking.hypotheses.chain import chain_rule
from gradwise.checking.hypotheses.constants import fixed_difference, fixed_factors, other_constant
from gradwise.checking.hypotheses.differences import difference_quotient
from gradwise.checking.hypotheses.elementwise import elementwise, entry_functions, guess
from gradwise.checking.hypotheses.factors import whole_factor
from gradwise.checking.hypotheses.normalised import normalised_sum
from gradwise.checking.hypotheses.orders import index_shift, permuted, transposed
from gradwise.checking.hypotheses.points import another_point, named_point
from gradwise.checking.hypotheses.precision import detached, low_precision, non_finite, small_error, truncation
from gradwise.checking.hypotheses.repairs import repaired
from gradwise.checking.hypotheses.repeated import repeated_rule
from gradwise.checking.hypotheses.subsets import block, branch, one_entry
from gradwise.checking.hypotheses.terms import constant_offset, term_in_x, wrong_power
from gradwise.checking.hypotheses.turned import turned_matrix
from gradwise.checking.hypotheses.two import factor_and
from gradwise.checking.hypotheses.upstream import upstream
from gradwise.checking.vocabulary import Cause

HYPOTHESES = (
    (non_finite, "non-finite values"),
    (detached, "all zero"),
    (truncation, "integer truncation"),
    (low_precision, "low precision"),
    (small_error, "a small error"),
    (difference_quotient, "a difference quotient"),
    (whole_factor, "a factor"),
    (transposed, "transposition"),
    (index_shift, "an index shift"),
    (permuted, "a permutation"),
    (branch, "a branch"),
    (one_entry, "one entry"),
    (block, "a block"),
    (term_in_x, "a term in x"),
    (constant_offset, "an offset"),
    (wrong_power, "a power of x"),
    (upstream, "an ignored cotangent"),
    (chain_rule, "a chain-rule mistake"),
    (repeated_rule, "a mistake in every turn of a loop"),
    (wrong_axis, "a wrong axis"),
    (normalised_sum, "the sum of a softmax"),
    (turned_matrix, "a matrix turned"),
    (repaired, "one repair of the claim"),
    (elementwise, "a factor or a term that is a function of x"),
    (entry_functions, "a function of x for each entry"),
    (other_constant, "another constant in f"),
    (factor_and, "a factor and something else"),
    (fixed_factors, "a weight for each entry"),
    (another_point, "another point"),
)

SLOW = (
    chain_rule, repeated_rule, wrong_axis, normalised_sum, turned_matrix, repaired, elementwise, other_constant, factor_and,
    fixed_factors,     another_point,
)  # fmt: skip
LAST = (repaired, elementwise, other_constant, factor_and, fixed_factors, another_point)
"""These are not tried where something is known that is plainer than all they could find."""

CLAIM = (repaired, elementwise)
SIMPLER = frozenset({
    Cause.BRANCH, Cause.CONSTANT_FACTOR, Cause.ONE_ENTRY, Cause.TERM_IN_X, Cause.CONSTANT_OFFSET, Cause.WRONG_POWER, Cause.SMALL_ERROR,
    Cause.LOW_PRECISION,
})  # fmt: skip

UNDECIDED = ("at x / ‖x‖", "at 2 x", "at 0.5 x", "at 10 x", "at 0.1 x")
"""Points where the derivative of a homogeneous function is a multiple of that at x, which a factor explains as well."""

DECISIVE = 8.0
"""A finding below this rank leaves nothing to explain for the slower hypotheses behind it."""


def explain(evidence: Evidence) -> tuple[list[Finding], list[str]]:
    """Return what explains every wrong entry, most likely first, and the names of the hypotheses that do not."""
    if not np.any(evidence.verdicts.verdict == "wrong"):
        return [], []
    findings: list[Finding] = []
    mended: list[Finding] = []
    failed: list[str] = []
    for hypothesis, name in HYPOTHESES:
        if hypothesis in SLOW and _settled(findings, hypothesis in LAST):
            if {finding.cause for finding in findings} != {Cause.BRANCH} or hypothesis is not another_point:
                continue
            # which entries are wrong is known, not why: abs(x) in the place of x shows as a branch
            hypothesis = named_point
        simple = [f for f in findings if f.rank < 32 or f.cause in (Cause.SMALL_ERROR, Cause.LOW_PRECISION)]
        if (hypothesis is elementwise and mended) or (
            hypothesis in CLAIM and any(finding.cause in SIMPLER or hypothesis is elementwise for finding in simple)
        ):
            continue  # where the claim is 0.7 times the truth, 0.3 times the truth is a term that it lacks
        try:
            found = hypothesis(evidence)
        except Exception:  # noqa: BLE001, S112  (a diagnosis that cannot be made must not take the verdict away)
            continue
        if hypothesis is named_point:
            found = [finding for finding in found if finding.cause is Cause.ANOTHER_POINT]
        if hypothesis is another_point and any(
            finding.rank <= 35.0 and not any(point in finding.detail for point in UNDECIDED) for finding in found
        ):
            # abs(x) for x says more than a factor sign(x) that is missing somewhere
            for finding in mended:
                finding.rank = max(finding.rank, 35.1)
        mended += found if hypothesis in CLAIM else []
        findings += found
        if not found:
            failed.append(name)
    if not findings:
        findings = same_total(evidence)
    if not findings:
        return [
            Finding(Cause.UNKNOWN, Cause.UNKNOWN.sentence, 99.0),
            *fixed_difference(evidence),
            *guess(evidence),
        ], failed
    causes = {finding.cause for finding in findings}
    if Cause.SMALL_ERROR in causes and Cause.TERM_IN_X in causes and Cause.CONSTANT_FACTOR not in causes:
        # A small term in x is told apart from other small errors by its pattern; a small factor or offset is not.
        for finding in findings:
            finding.rank = min(finding.rank, 6.5) if finding.cause is Cause.TERM_IN_X else finding.rank
    if Cause.CONSTANT_FACTOR in causes:
        # Where the truth itself is proportional to x, or constant, a factor explains as much and adds no term.
        factor = next(finding.rank for finding in findings if finding.cause is Cause.CONSTANT_FACTOR)
        for finding in findings:
            if factor <= 30.0 and finding.cause in (Cause.TERM_IN_X, Cause.CONSTANT_OFFSET):
                finding.rank = max(finding.rank, factor + 0.5)
    if {Cause.BLOCK, Cause.DETACHED} <= causes:
        # A block of zeros has the plainer name; that something of it is missing in a product follows.
        zero = next(finding.rank for finding in findings if finding.cause is Cause.DETACHED)
        for finding in findings:
            finding.rank = max(finding.rank, zero + 1) if finding.cause is Cause.PRODUCT_RULE else finding.rank
    if {Cause.TERM_IN_X, Cause.PRODUCT_RULE} <= causes:
        # λ x · x with one of its two terms is half of a regulariser, which is what it is called
        rule = next(finding.rank for finding in findings if finding.cause is Cause.PRODUCT_RULE)
        for finding in findings:
            if finding.cause is Cause.TERM_IN_X and finding.rank < 30.0:
                finding.rank = min(finding.rank, rule - 0.1)
    if {Cause.SIGN_FLIP, Cause.ANOTHER_POINT} <= causes:
        # sin is odd: a sign that was lost is likelier than a derivative at -x
        point = next(finding.rank for finding in findings if finding.cause is Cause.ANOTHER_POINT)
        for finding in findings:
            if finding.cause is Cause.SIGN_FLIP and any("−x" in f.detail for f in findings):
                finding.rank = min(finding.rank, point - 0.1)
    elif {Cause.BLOCK, Cause.ANOTHER_POINT} <= causes and Cause.CONSTANT_FACTOR not in causes:
        # A block says where, another point says what: rows that do not change with x are right at any point.
        place = next(finding.rank for finding in findings if finding.cause is Cause.BLOCK)
        for finding in findings:
            if finding.cause is Cause.ANOTHER_POINT and finding.rank <= 35.0:
                finding.rank = min(finding.rank, place - 0.1)
    best: dict[Cause, Finding] = {}
    for finding in sorted(findings, key=lambda finding: finding.rank):
        best.setdefault(finding.cause, finding)
    return list(best.values()), failed


def _settled(findings: list[Finding], generous: bool) -> bool:
    """Whether what was found is simpler than anything that is still to be tried."""
    best = min((finding.rank for finding in findings), default=99.0)
    return best <= DECISIVE or (generous and best < 20.0)
