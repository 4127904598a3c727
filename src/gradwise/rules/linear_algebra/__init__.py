"""Linear algebra: one record for each factorisation, on stacks of matrices.

``forms.py`` has the vocabulary of the formulas (adjoint, triangles, Hermitian parts); ``gaps.py`` decides what happens at repeated eigenvalues; then
``solving.py`` (solve, inv, pinv, lstsq), ``determinants.py``, ``factorizations.py`` (Cholesky, QR), ``spectral.py`` (eigh, eig), ``singular.py`` (svd, norm), ``signs.py`` (those of SciPy's
routines).

Never import tracing, transforms, execution or operators here.
"""

from gradwise.rules.linear_algebra.determinants import cofactor, det, slogdet, slope
from gradwise.rules.linear_algebra.factorizations import cholesky, qr
from gradwise.rules.linear_algebra.forms import fold_triangle, hermitian_from, triangle
from gradwise.rules.linear_algebra.gaps import (
    marked,
    mean_of_equal,
    over_columns,
    over_gaps,
    over_sums,
    undetermined,
)
from gradwise.rules.linear_algebra.null_spaces import gauge_checked, reflected, unturned
from gradwise.rules.linear_algebra.signs import signs
from gradwise.rules.linear_algebra.singular import marked_vectors, norm, svd, svdvals
from gradwise.rules.linear_algebra.solving import inv, lstsq, pinv, rank, solve
from gradwise.rules.linear_algebra.spectral import eig, eigh, eigvalsh, pivots

__all__ = [
    "cholesky",
    "cofactor",
    "det",
    "eig",
    "eigh",
    "eigvalsh",
    "fold_triangle",
    "gauge_checked",
    "hermitian_from",
    "inv",
    "lstsq",
    "marked",
    "marked_vectors",
    "mean_of_equal",
    "norm",
    "over_columns",
    "over_gaps",
    "over_sums",
    "pinv",
    "pivots",
    "qr",
    "rank",
    "reflected",
    "signs",
    "slogdet",
    "slope",
    "solve",
    "svd",
    "svdvals",
    "triangle",
    "undetermined",
    "unturned",
]
