"""Classical test functions of unconstrained optimisation as group-separable objects, and the same functions in closed form.

The formulas are those of J. J. Moré, B. S. Garbow and K. E. Hillstrom, Testing unconstrained optimization software, ACM Trans. Math. Softw. 7 (1981), and of
N. Andrei, An unconstrained optimization test functions collection, Adv. Model. Optim. 10 (2008).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from separable import AttributeProblem, EvalProblem

if TYPE_CHECKING:
    from collections.abc import Callable

#: name -> (structure, closed form)
FUNCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {}


def function(closed: Callable[..., Any]) -> Callable[..., Any]:
    def note(build: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[build.__name__] = (build, closed)
        return build

    return note


def problem(name: str, n: int, kind: str = "eval") -> Any:
    """A problem of n variables, whose elements are found by ``eval`` or by ``getattr``."""
    return FUNCTIONS[name][0]({"eval": EvalProblem, "getattr": AttributeProblem}[kind], n).finish()


@function(lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))
def chained_rosenbrock(cls, n):
    p = cls(n, np.linspace(-1.2, 1.0, n))
    for i in range(n - 1):
        p.add_group("squared", [(i + 1, 10.0)], 0.0, [(p.element("square", [i]), -10.0)])
        p.add_group("squared", [(i, -1.0)], -1.0)
    return p


@function(lambda x: np.sum((x[:-1] ** 2 + x[-1] ** 2) ** 2 - 4 * x[:-1] + 3))
def arwhead(cls, n):
    p = cls(n, 1.0 + 0.1 * np.cos(np.arange(n)))
    for i in range(n - 1):
        p.add_group("squared", elements=[(p.element("square", [i]), 1.0), (p.element("square", [n - 1]), 1.0)])
        p.add_group("identity", [(i, -4.0)], -3.0)
    return p


@function(lambda x: np.sum(4 * (-x[0] + x**2) ** 2 + (x - 1) ** 2))
def liarwhd(cls, n):
    p = cls(n, 4.0 - 0.1 * np.arange(n) / n)
    for i in range(n):
        p.add_group("squared", [(0, -1.0)], 0.0, [(p.element("square", [i]), 1.0)], scale=0.5)
        p.add_group("squared", [(i, 1.0)], 1.0)
    return p


@function(
    lambda x: np.sum(((3 - 2 * x) * x - np.concatenate([[0.0], x[:-1]]) - 2 * np.concatenate([x[1:], [0.0]]) + 1) ** 2)
)
def broyden_tridiagonal(cls, n):
    p = cls(n, -1.0 + 0.02 * np.arange(n) / n)
    for i in range(n):
        linear = [(i, 3.0)] + ([(i - 1, -1.0)] if i else []) + ([(i + 1, -2.0)] if i < n - 1 else [])
        p.add_group("squared", linear, -1.0, [(p.element("square", [i]), -2.0)])
    return p


@function(
    lambda x: np.sum(
        (x[0::4] + 10 * x[1::4]) ** 2
        + 5 * (x[2::4] - x[3::4]) ** 2
        + (x[1::4] - 2 * x[2::4]) ** 4
        + 10 * (x[0::4] - x[3::4]) ** 4
    )
)
def powell_singular(cls, n):
    p = cls(n, np.tile([3.0, -1.0, 0.5, 1.0], n // 4))
    for i in range(0, n, 4):
        p.add_group("squared", [(i, 1.0), (i + 1, 10.0)])
        p.add_group("identity", elements=[(p.element("difference_squared", [i + 2, i + 3]), 5.0)])
        p.add_group("identity", elements=[(p.element("difference_fourth", [i + 1, i + 2], 2.0), 1.0)])
        p.add_group("identity", elements=[(p.element("difference_fourth", [i, i + 3]), 10.0)])
    return p


@function(
    lambda x: np.sum(
        (1.5 - x[:-1] * (1 - x[1:])) ** 2
        + (2.25 - x[:-1] * (1 - x[1:] ** 2)) ** 2
        + (2.625 - x[:-1] * (1 - x[1:] ** 3)) ** 2
    )
)
def chained_beale(cls, n):
    p = cls(n, 1.0 + 0.2 * np.sin(np.arange(n)))
    for i in range(n - 1):
        for degree, constant in ((1, 1.5), (2, 2.25), (3, 2.625)):
            e = p.element("polynomial", [i, i + 1], degree)
            p.add_group("squared", [], constant, [(e, 1.0)])
    return p


@function(lambda x: np.sum((len(x) - np.sum(np.cos(x)) + np.arange(1, len(x) + 1) * (1 - np.cos(x)) - np.sin(x)) ** 2))
def trigonometric(cls, n):
    p = cls(n, np.linspace(0.5, 1.5, n) / n)
    cosines = [p.element("cosine", [j]) for j in range(n)]
    for i in range(n):
        elements = [(c, -1.0 - (i + 1.0) * (i == j)) for j, c in enumerate(cosines)]
        p.add_group("squared", [], -(n + i + 1.0), [*elements, (p.element("sine", [i]), -1.0)])
    return p


@function(lambda x: 1e-5 * np.sum((x - 1) ** 2) + (np.sum(x**2) - 0.25) ** 2)
def penalty_one(cls, n):
    p = cls(n, np.arange(1.0, n + 1) / n)
    for i in range(n):
        p.add_group("squared", [(i, 1.0)], 1.0, scale=1e5**0.5)
    p.add_group("squared", [], 0.25, [(p.element("square", [i]), 1.0) for i in range(n)])
    return p


@function(
    lambda x: (
        np.sum((x - 1) ** 2)
        + np.sum(np.arange(1, len(x) + 1) * (x - 1)) ** 2
        + np.sum(np.arange(1, len(x) + 1) * (x - 1)) ** 4
    )
)
def variably_dimensioned(cls, n):
    p = cls(n, 1.0 - np.arange(1.0, n + 1) / n**2)
    whole = [(i, i + 1.0) for i in range(n)]
    for i in range(n):
        p.add_group("squared", [(i, 1.0)], 1.0)
    p.add_group("squared", whole, n * (n + 1) / 2)
    p.add_group("fourth", whole, n * (n + 1) / 2)
    return p


@function(lambda x: np.sum(np.arange(2, len(x) + 1) * (2 * x[1:] - x[:-1]) ** 2) + (x[0] - 1) ** 2)
def tridia(cls, n):
    p = cls(n, 1.0 + 0.1 * np.sin(np.arange(n)))
    p.add_group("squared", [(0, 1.0)], 1.0)
    for i in range(1, n):
        p.add_group("squared", [(i, 2.0), (i - 1, -1.0)], 0.0, scale=(i + 1.0) ** -0.5)
    return p


@function(lambda x: np.sum((x[:-1] ** 2 + x[1:] ** 2) ** 2) + np.sum(-4 * x[:-1] + 3))
def engval(cls, n):
    p = cls(n, 2.0 - 0.1 * np.cos(np.arange(n)))
    for i in range(n - 1):
        p.add_group("squared", elements=[(p.element("square", [i]), 1.0), (p.element("square", [i + 1]), 1.0)])
        p.add_group("identity", [(i, -4.0)], -3.0)
    return p


@function(lambda x: np.sum(np.sin(x[:-1] ** 2 + x[1:] ** 3 + 0.1 * (x[:-1] + x[1:]))))
def waves(cls, n):
    p = cls(n, np.linspace(0.2, 1.4, n))
    for i in range(n - 1):
        elements = [(p.element("square", [i]), 1.0), (p.element("cube", [i + 1]), 1.0)]
        p.add_group("sine_group", [(i, 0.1), (i + 1, 0.1)], 0.0, elements)
    return p


@function(lambda x: np.sum(np.log(1 + (x[:-1] * x[1:] - 0.5) ** 2)) + 0.5 * np.sum((x[1:] - x[:-1]) ** 2))
def logarithms_and_springs(cls, n):
    p = cls(n, np.linspace(-1.0, 1.5, n))
    for i in range(n - 1):
        p.add_group("logarithm", [], 0.5, [(p.element("product", [i, i + 1]), 1.0)])
    ones = np.ones(n - 1)
    D = sp.diags_array([-ones, ones], offsets=[0, 1], shape=(n - 1, n))
    p.H = sp.csr_matrix(D.T @ D)
    return p


@function(lambda x: np.sum((x[:-2] + x[1:-1] ** 2 * x[2:] ** 2 - 2) ** 2 + (np.exp(-0.5 * x[:-2]) - x[2:]) ** 2))
def exponentials_and_squares(cls, n):
    p = cls(n, 0.5 + 0.3 * np.cos(np.arange(n)))
    for i in range(n - 2):
        p.add_group("squared", [(i, 1.0)], 2.0, [(p.element("product_of_squares", [i + 1, i + 2]), 1.0)])
        p.add_group("squared", [(i + 2, -1.0)], 0.0, [(p.element("exponential", [i], -0.5), 1.0)])
    return p
