"""The report of a product that comes back in the wrong shape: nothing can be compared entry by entry, but the shape can be explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise.checking.conduct import Conduct
from gradwise.checking.hypotheses.shapes import explain_shape
from gradwise.checking.report import Report
from gradwise.checking.targets import read_claim
from gradwise.checking.verdicts import CANNOT_TELL, WRONG
from gradwise.containers import flatten
from gradwise.errors import InputError


class Misshapen(InputError):
    """A product whose numbers are not in the structure that they must have; ``leaves`` holds them."""

    def __init__(self, message: str, leaves: list[np.ndarray]) -> None:
        super().__init__(message)
        self.leaves = leaves


def product_vector(value: Any, treedef: Any, shapes: list[tuple[int, ...]], what: str) -> np.ndarray:
    """Return a product as one vector.

    Raises
    ------
    Misshapen
        If its numbers are not in the structure that they must have.
    InputError
        If they are complex.
    """
    leaves, misfit = read_claim(value, treedef, shapes, what)
    if misfit:
        raise Misshapen(f"{misfit}. Return the product in that structure.", leaves)
    if any(leaf.dtype.kind == "c" for leaf in leaves):
        msg = f"{what} returned complex numbers for a real function of real numbers. The product is real. Return its real part."
        raise InputError(msg)
    return np.concatenate([np.ravel(leaf) for leaf in leaves]).astype(float)


def misshapen(
    trial: Callable[[], Any], truth: Callable[[], Any], kind: str, function: str, conduct: Conduct
) -> Report | None:
    """Call a product once, and return the report if its shape is wrong; None if it is right.

    Parameters
    ----------
    trial : callable
        The claimed product with one vector; raises `Misshapen`.
    truth : callable
        The numerical estimate of that product.
    kind : str
        "jvp" or "vjp".
    function : str
        The name of f, for the replay.
    """
    try:
        trial()
    except Misshapen as error:
        message, leaves = str(error), error.leaves
    else:
        return None
    estimate = truth()
    true = [np.asarray(leaf) for leaf in flatten(estimate.value)[0]]
    bound = [np.asarray(leaf) for leaf in flatten(estimate.error)[0]]
    findings = conduct.findings + explain_shape(leaves, true, bound, message)
    details: dict[str, str] = {}
    for finding in findings:
        details.setdefault(finding.cause.value, finding.detail)
    verdicts = [np.full(leaf.shape, WRONG) for leaf in true]
    return Report(
        passed=False, conclusive=True, verdicts=verdicts[0] if len(verdicts) == 1 else verdicts,
        claimed=leaves[0] if len(leaves) == 1 else leaves, numerical=estimate.value, error=estimate.error, causes=list(details), ruled_out=[],
        worst=None, replay=f"gw.check_{kind}({function}, x, {kind}={kind})", kind=kind, details=details, evaluations=estimate.evaluations,
        counts={"agrees": 0, WRONG: int(sum(leaf.size for leaf in true)), CANNOT_TELL: 0},
    )  # fmt: skip
