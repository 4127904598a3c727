"""The natural gradient: x₊ = x − t F⁻¹g, with F the Fisher matrix of a likelihood or any metric of the user."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from gradwise.descent.methods.armijo import backtrack
from gradwise.descent.methods.protocol import Failed, Found, Search
from gradwise.errors import InputError

_SOLVERS = ("auto", "dense", "cg")
#: above this many parameters products and conjugate gradients are used
_DENSE = 500


class Natural(Search):
    """x₊ = x − t (F + δI)⁻¹ g, with Armijo's condition on t, which starts at the learning rate (1).

    Parameters
    ----------
    metric : callable or Fisher
        ``metric(x) -> matrix`` of shape (n, n) for the flat parameters, ``metric(x, v) -> F v``, or a `gradwise.descent.Fisher`.
    solver : {"auto", "dense", "cg"}
    damping : float
        δ, relative to the mean of the diagonal of F (dense), or to ‖F g‖/‖g‖ (cg).
    cg_tol, cg_maxiter
        Of the conjugate gradients; the residual reached is kept in ``report.details["cg_residual"]``.

    Amari, "Natural gradient works efficiently in learning", Neural Comput. 10 (1998).
    """

    name = "natural"
    stability_text = "2/λmax of F⁻¹H"

    def __init__(
        self,
        metric: Any = None,
        solver: str = "auto",
        damping: float = 1e-10,
        cg_tol: float = 1e-8,
        cg_maxiter: int = 200,
    ) -> None:
        if metric is None or not (callable(metric) or hasattr(metric, "product")):
            msg = (
                f"method='natural' was given metric={metric!r}. A metric is required. Pass metric=gw.descent.Fisher(model, 'gaussian'), "
                f"or a function of the parameters that returns a positive definite matrix."
            )
            raise InputError(msg)
        if solver not in _SOLVERS:
            msg = f"method='natural' was given solver={solver!r}. One of {', '.join(map(repr, _SOLVERS))} is required. Leave it out for 'auto'."
            raise InputError(msg)
        self.metric, self.solver, self.damping = metric, solver, float(damping)
        self.cg_tol, self.cg_maxiter = cg_tol, cg_maxiter

    def init(self, x: np.ndarray, g: np.ndarray) -> dict[str, Any]:
        return {"cg_residual": 0.0}

    def _matrix(self, x: np.ndarray, problem: Any) -> np.ndarray:
        tree = problem.parameters.build(x)
        F = np.asarray(self.metric.matrix(tree) if hasattr(self.metric, "matrix") else self.metric(tree), dtype=float)
        if F.shape != (x.size, x.size):
            msg = f"metric(x) has shape {F.shape}. A matrix of shape {(x.size, x.size)}, one row for each parameter, is required. Return F(x)."
            raise InputError(msg)
        return F

    def _takes_vectors(self) -> bool:
        if hasattr(self.metric, "product"):
            return True
        code = getattr(self.metric, "__code__", None)
        return code is not None and code.co_argcount - len(self.metric.__defaults__ or ()) == 2

    def direction(self, state: dict[str, Any], x: np.ndarray, g: np.ndarray, problem: Any) -> np.ndarray | Failed:
        """−(F + δI)⁻¹ g."""
        g = np.asarray(g, dtype=float)
        products = self._takes_vectors()
        only_products = products and not hasattr(self.metric, "matrix")
        if self.solver == "cg" or only_products or (self.solver == "auto" and x.size > _DENSE and products):
            return self._by_products(state, x, g, problem)
        F = self._matrix(x, problem)
        F = (F + F.T) / 2 + self.damping * max(float(np.mean(np.abs(np.diag(F)))), 1e-300) * np.eye(x.size)
        try:
            return -scipy.linalg.cho_solve(scipy.linalg.cho_factor(F), g)
        except (np.linalg.LinAlgError, ValueError):
            return Failed("the metric is not positive definite")

    def _by_products(self, state: dict[str, Any], x: np.ndarray, g: np.ndarray, problem: Any) -> np.ndarray | Failed:
        tree = problem.parameters.build(x)
        if hasattr(self.metric, "product"):
            apply = self.metric.at(tree)
        elif self._takes_vectors():
            apply = lambda v: np.asarray(self.metric(tree, v), dtype=float)
        else:
            F = self._matrix(x, problem)
            apply = lambda v: F @ v
        length = float(np.linalg.norm(g))
        shift = self.damping * float(np.linalg.norm(apply(g))) / max(length, 1e-300)
        operator = scipy.sparse.linalg.LinearOperator(
            (x.size, x.size), matvec=lambda v: apply(np.ravel(v)) + shift * np.ravel(v), dtype=float
        )
        d, _ = scipy.sparse.linalg.cg(operator, -g, rtol=self.cg_tol, maxiter=self.cg_maxiter)
        state["cg_residual"] = float(np.linalg.norm(operator.matvec(d) + g)) / max(length, 1e-300)
        return d

    def step(self, state: dict[str, Any], x: np.ndarray, f: float, g: np.ndarray, problem: Any) -> Found | Failed:
        d = self.direction(state, x, g, problem)
        if isinstance(d, Failed):
            return d
        return backtrack(x, f, g, d.astype(x.dtype), problem.rate, problem)
