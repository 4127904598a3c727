"""The functions that are timed, each written for a NumPy-like module ``np`` and its peers' modules.

A workload is a function of one argument (an array, or a tuple of arrays) with a starting point.  The text is the user's own: no workload is adapted to gradwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy  # noqa: ICN001 - np is the argument of the functions: a module like NumPy

if TYPE_CHECKING:
    from collections.abc import Callable


def twenty_operations(np: Any) -> Callable[..., Any]:
    """A formula of about twenty operations on four numbers."""

    def f(x: Any) -> Any:
        a, b, c, d = x[0], x[1], x[2], x[3]
        s = np.sin(a * b) + np.exp(-c) * d
        t = np.tanh(s) * a + b / (c * c + 1.0)
        u = np.sqrt(t * t + d * d) + np.log(1.0 + a * a)
        return u * s - t + c * d

    return f


def rosenbrock(np: Any) -> Callable[..., Any]:
    """The Rosenbrock function, vectorised."""

    def f(x: Any) -> Any:
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return f


def particle_loop(np: Any) -> Callable[..., Any]:
    """1,000 steps of a loop over a state of two small arrays."""

    def f(x: Any) -> Any:
        p, v = x[:2], x[2:]
        for _ in range(1000):
            v = v - 0.01 * np.sin(p)
            p = p + 0.01 * v
        return np.sum(p)

    return f


def pendulum_loop(np: Any, steps: int = 1000) -> Callable[..., Any]:
    """A loop of eight scalar operations a step."""

    def f(x: Any) -> Any:
        angle, speed, damping = x[0], x[1], x[2]
        for _ in range(steps):
            speed = speed - 1e-3 * (9.81 * np.sin(angle) + damping * speed)
            angle = angle + 1e-3 * speed
        return angle

    return f


_rng = numpy.random.default_rng(0)
DATA = _rng.standard_normal((100_000, 10))
LABELS = (_rng.random(100_000) > 0.5).astype(float)
BATCH = _rng.standard_normal((128, 784))


def logistic_regression(np: Any) -> Callable[..., Any]:
    """Mean cross-entropy of 100,000 points with 10 features."""

    def f(w: Any) -> Any:
        z = np.dot(DATA, w)
        return np.mean(np.log(1.0 + np.exp(-z)) + (1.0 - LABELS) * z)

    return f


def elementwise(np: Any) -> Callable[..., Any]:
    """A sum of transcendental functions."""

    def f(x: Any) -> Any:
        return np.sum(np.exp(-x * x) * np.sin(3 * x) + np.tanh(x) * np.log1p(x * x))

    return f


def network(np: Any) -> Callable[..., Any]:
    """A two-layer network, 784-128-10, on a batch of 128."""

    def f(weights: Any) -> Any:
        hidden = np.tanh(np.dot(BATCH, weights[0]))
        return np.mean(np.dot(hidden, weights[1]) ** 2)

    return f


def coupled(np: Any) -> Callable[..., Any]:
    """A vectorised function with a dense Hessian."""

    def f(x: Any) -> Any:
        return np.sum(np.sin(x) ** 2) * np.sum(np.exp(-x * x)) + np.sum(x[1:] * x[:-1]) ** 2

    return f


POINTS: dict[str, Any] = {
    "twenty_operations": _rng.random(4) + 0.5,
    "rosenbrock": _rng.random(100),
    "particle_loop": _rng.random(4),
    "pendulum_loop": _rng.random(3),
    "logistic_regression": _rng.random(10),
    "elementwise_small": _rng.random(100),
    "elementwise_large": _rng.random(1_000_000),
    "network": (_rng.standard_normal((784, 128)) * 0.05, _rng.standard_normal((128, 10))),
    "coupled": _rng.random(100),
}

GRADIENTS: dict[str, Any] = {
    "twenty_operations": twenty_operations,
    "rosenbrock": rosenbrock,
    "particle_loop": particle_loop,
    "pendulum_loop": pendulum_loop,
    "logistic_regression": logistic_regression,
    "elementwise_small": elementwise,
    "elementwise_large": elementwise,
    "network": network,
}


# --- functions whose branches follow the data: each point takes a path of its own ------------------------------------------------------

ROWS = _rng.standard_normal((60, 3))
SIDES = numpy.sign(ROWS @ [1.0, 2.0, -1.0])


def hinge_loss(np: Any) -> Callable[..., Any]:
    """The loss of a support vector machine, row by row."""

    def f(w: Any) -> Any:
        loss = 0.5 * np.dot(w, w)
        for row, side in zip(ROWS, SIDES, strict=True):
            margin = 1 - side * np.dot(w, row)
            if margin > 0:
                loss += margin
        return loss

    return f


def bouncing_ball(np: Any) -> Callable[..., Any]:
    """A thousand steps of a ball that bounces."""

    def f(x: Any) -> Any:
        height, speed, total = x[0], x[1], 0.0
        for _ in range(1000):
            speed -= 0.0981
            height += 0.01 * speed
            if height < 0:
                height = -height
                speed = -0.9 * speed
            total += height * height
        return total

    return f


def leaky_units(np: Any) -> Callable[..., Any]:
    """A recurrence with a conditional expression, 500 steps."""

    def f(x: Any) -> Any:
        h = x[0]
        for i in range(1, 500):
            h = 0.5 * h + (x[i] if x[i] > 0 else 0.1 * x[i])
        return h * h

    return f


def cubic_roots(np: Any) -> Callable[..., Any]:
    """Newton's method for 20 equations, each until it converges."""

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(20):
            z = 1.0
            for _ in range(50):
                step = (z**3 + z - x[i] * x[i] - 1.5) / (3 * z * z + 1)
                z -= step
                if abs(step) < 1e-12:
                    break
            total += z
        return total

    return f


BRANCHING: dict[str, tuple[Any, list[Any]]] = {
    "hinge_loss": (hinge_loss, list(_rng.standard_normal((64, 3)))),
    "bouncing_ball": (bouncing_ball, list(_rng.random((64, 2)) + 0.5)),
    "leaky_units": (leaky_units, list(_rng.standard_normal((64, 500)))),
    "cubic_roots": (cubic_roots, list(2 * _rng.random((64, 20)))),
}
