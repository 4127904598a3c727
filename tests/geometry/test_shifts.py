"""Numbers that cancel are taken out of a program, and no others: each verdict against the function at other shifts."""

import numpy as np
import pytest

from gradwise.geometry.branches import Branches
from gradwise.geometry.vector_form import VectorForm

A = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -2.0]])


def scores(v):
    return np.stack([A @ v, A @ v**2, -(A @ v)], 1)


def smooth(f, v=(0.3, -0.7)):
    """Whether the program over boxes has no largest entry left."""
    branches = Branches(VectorForm(f, np.array(v), "critical_points"))
    branches.at(np.array(v))
    branch = branches.known[0]
    assert branch.full is not None
    names = {e.primitive.name for e in branch.full.program.equations}
    width = 1e-3
    lo, hi = np.array([v]) - width, np.array([v]) + width
    outcome = branch.full(lo, hi)
    for z in (lo[0], hi[0], np.array(v)):  # whatever was taken out, the values stay those of the function
        assert outcome.outputs[0].lo.ravel()[0] <= f(z) <= outcome.outputs[0].hi.ravel()[0]
    return not names & {"max", "min"}


def rows(keepdims, axis=1, add=True):
    def f(v):
        z = scores(v)
        top = np.max(z, axis=axis, keepdims=True)
        lse = np.log(np.sum(np.exp(z - top), axis=axis, keepdims=keepdims))
        if not add:
            return np.sum(lse)
        return np.sum(lse + (top if keepdims else np.squeeze(top, axis)))

    return f


@pytest.mark.parametrize(
    ("f", "cancels"),
    [
        (lambda v: np.log(np.sum(np.exp(v - np.max(v)))) + np.max(v), True),
        (lambda v: np.log(np.sum(np.exp(v - np.min(v)))) + np.min(v), True),
        (lambda v: np.log(np.sum(np.exp(v - np.max(v)))), False),
        (lambda v: np.log(np.sum(np.exp(v - np.max(v)))) + 2 * np.max(v), False),
        (lambda v: np.log(np.sum(np.exp(v - np.max(v)))) + np.min(v), False),
        (lambda v: np.log(np.sum(np.exp(2 * (v - np.max(v))))) / 2 + np.max(v), False),  # true, but beyond the table: it stays
        (lambda v: (np.exp(v - np.max(v)) / np.sum(np.exp(v - np.max(v))))[0], True),
        (lambda v: np.sqrt(np.sum(np.exp(v - np.max(v)) ** 2)) / np.sum(np.exp(v - np.max(v))), True),
        (lambda v: np.sum(np.exp(v - np.max(v)) ** 2) / np.sum(np.exp(v - np.max(v))), False),
        (lambda v: np.sum(np.exp(v - np.max(v)) * np.array([1.0, 3.0])) / np.sum(np.exp(v - np.max(v))), True),
        (lambda v: np.max(v) ** 2 + np.sum(np.exp(v)), False),
        (lambda v: np.max(v) - np.max(v) + np.sum(np.exp(v)), True),
        # one number for each row
        (rows(keepdims=True), True),
        (rows(keepdims=False), True),
        (rows(keepdims=True, axis=0), True),
        (rows(keepdims=False, axis=0), True),
        (rows(keepdims=True, add=False), False),
        (lambda v: np.sum((lambda e: e / e.sum(1)[:, None])(np.exp(scores(v) - scores(v).max(1)[:, None]))[:, 0]), True),
        (lambda v: np.sum((lambda e: e / e.sum(1, keepdims=True))(np.exp(scores(v) - scores(v).max(1, keepdims=True)))[np.arange(3), [0, 2, 1]]), True),
        # rows against columns: the shapes fit, the numbers do not
        (lambda v: (lambda z: np.sum(np.log(np.sum(np.exp(z - z.max(1)), axis=1)) + z.max(1)))(scores(v)), False),
        (lambda v: (lambda z: np.sum(np.log(np.sum(np.exp(z - z.max(1)[:, None]), axis=0)) + z.max(1)))(scores(v)), False),
        (lambda v: (lambda z: np.sum(np.log(np.sum(np.exp(z - z.max(1)[:, None]), axis=1)) + z.max(1)[::-1] * np.arange(3)))(scores(v)), False),
        (lambda v: (lambda z: np.sum(np.log(np.sum(np.exp(z - z.max(1)[::-1][:, None]), axis=1)) + z.max(1)))(scores(v)), False),
        (lambda v: (lambda z: np.sum(np.log(np.sum(np.exp(z.T - z.max(1)), axis=0)) + z.max(1)))(scores(v)), True),
    ],
)  # fmt: skip
def test_what_cancels_is_taken_out_and_nothing_else(f, cancels):
    assert smooth(f) == cancels
