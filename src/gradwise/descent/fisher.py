"""The Fisher matrix of a stated likelihood, for the natural gradient.

    F = Jᵀ Λ J,     J the Jacobian of the model's outputs, Λ the Fisher information of the likelihood in its natural form

which is the expected Hessian of −log p, and the generalised Gauss–Newton matrix (Martens, J. Mach. Learn. Res. 21, 2020, section 8).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwise import operators
from gradwise.descent.parameters import Parameters
from gradwise.errors import InputError
from gradwise.operators.arguments import standing_in

_LIKELIHOODS = ("gaussian", "bernoulli", "categorical", "poisson")


class Fisher:
    """F(θ) = Jᵀ Λ J / m of a model and a likelihood: the true Fisher matrix, not the empirical one.

    Parameters
    ----------
    model : callable
        ``model(parameters)`` returns the outputs for all samples: the means (gaussian), the logits (bernoulli; categorical with shape (samples, classes)), or the
        logarithms of the means (poisson).
    likelihood : {"gaussian", "bernoulli", "categorical", "poisson"}
    scale : float
        σ of the gaussian.
    mean : bool
        Divide by the number of samples m, for a loss that is a mean.

    Raises
    ------
    InputError
        If the likelihood is not known, or outputs do not fit it.

    Examples
    --------
    >>> import numpy as np
    >>> import gradwise as gw
    >>> X = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> gw.descent.Fisher(lambda w: X @ w, "gaussian", mean=False).matrix(np.zeros(2))
    array([[10., 14.],
           [14., 20.]])
    """

    def __init__(
        self, model: Callable[..., Any], likelihood: str = "gaussian", *, scale: float = 1.0, mean: bool = True
    ) -> None:
        if likelihood not in _LIKELIHOODS:
            msg = f"Fisher was given likelihood={likelihood!r}. One of {', '.join(map(repr, _LIKELIHOODS))} is required. Write Fisher(model, 'gaussian')."
            raise InputError(msg)
        if not (isinstance(scale, int | float) and scale > 0):
            msg = f"Fisher was given scale={scale!r}. A positive standard deviation is required. Leave it out for 1."
            raise InputError(msg)
        self.model, self.likelihood, self.scale, self.mean = model, likelihood, float(scale), mean

    def __repr__(self) -> str:
        return f"Fisher({getattr(self.model, '__name__', 'model')}, {self.likelihood!r})"

    def _flat(self, parameters: Any) -> tuple[np.ndarray, Callable[[Any], Any]]:
        structure = Parameters(parameters, "descend")
        model = standing_in(self.model)
        return structure.start, lambda z: model(structure.build(z))

    def _weigh(self, outputs: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """The map u ↦ Λ u (over the number of samples), for vectors of the shape of the outputs."""
        y = np.asarray(outputs, dtype=float)
        count = (y.shape[0] if y.ndim else 1) if self.mean else 1
        if self.likelihood == "gaussian":
            return lambda u: u / (self.scale**2 * count)
        if self.likelihood == "poisson":
            return lambda u: np.exp(y) * u / count
        if self.likelihood == "bernoulli":
            p = 1 / (1 + np.exp(-np.abs(y)))  # p(1 − p) is even in the logit
            return lambda u: p * (1 - p) * u / count
        if y.ndim < 1:
            msg = "Fisher('categorical') was given a model with one number as output. Logits with the classes along the last axis are required. Return an array."
            raise InputError(msg)
        if y.ndim == 1:
            count = 1
        e = np.exp(y - np.max(y, axis=-1, keepdims=True))
        p = e / np.sum(e, axis=-1, keepdims=True)
        return lambda u: (p * u - p * np.sum(p * u, axis=-1, keepdims=True)) / count

    def matrix(self, parameters: Any) -> np.ndarray:
        """F at these parameters, shape (n, n) for the flat vector of n numbers."""
        z, model = self._flat(parameters)
        outputs = np.asarray(model(z), dtype=float)
        J = np.asarray(operators.jacobian(model)(z), dtype=float).reshape(*outputs.shape, z.size)
        weigh = self._weigh(outputs)
        LJ = np.stack([weigh(J[..., i]) for i in range(z.size)], axis=-1)
        return np.tensordot(J, LJ, axes=(tuple(range(outputs.ndim)), tuple(range(outputs.ndim))))

    def at(self, parameters: Any) -> Callable[[np.ndarray], np.ndarray]:
        """The map v ↦ F v at these parameters, by one forward and one backward product; the model runs twice, here."""
        z, model = self._flat(parameters)
        outputs, forward = operators.linearize(model, z)
        _, backward = operators.vjp(model, z)
        weigh = self._weigh(np.asarray(outputs))
        dtype = np.asarray(outputs).dtype

        def product(v: np.ndarray) -> np.ndarray:
            pushed = weigh(np.asarray(forward(np.asarray(v, dtype=z.dtype)), dtype=float))
            return np.asarray(backward(np.asarray(pushed, dtype=dtype)[()])[0], dtype=float)

        return product

    def product(self, parameters: Any, v: np.ndarray) -> np.ndarray:
        """F v at these parameters."""
        return self.at(parameters)(v)
