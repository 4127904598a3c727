"""``functools.singledispatch`` and ``singledispatchmethod`` in proved functions, on objects and on plain data; as a plain call gives, after other registrations too."""

from __future__ import annotations

import functools
import math
import numbers

import numpy as np
from following import follows


class Circle:
    def __init__(self, r):
        self.r = r


class Ball(Circle):
    pass


class Box:
    def __init__(self, a, b):
        self.a, self.b = a, b


def areas():
    @functools.singledispatch
    def area(shape):
        return 1.0

    @area.register(Circle)
    def _(shape):
        return math.pi * shape.r**2

    @area.register(Box)
    def _(shape):
        return shape.a * shape.b

    return area


def test_objects_by_their_class() -> None:
    area = areas()
    shapes = [Circle(2.0), Box(1.0, 3.0), Ball(0.5)]

    def f(x):
        total = sum(area(shape) * x[k] ** 2 for k, shape in enumerate(shapes))
        return total + area(Circle(x[0])) + area(Box(x[1], x[2])) * x[3]

    follows(
        f,
        lambda: setattr(shapes[0], "r", 3.0),
        lambda: area.register(Box, lambda shape: 2.0 * shape.a * shape.b),
        lambda: area.register(Ball, lambda shape: 4.0 * math.pi * shape.r**2),
        lambda: area.register(object, lambda shape: 5.0),
        lambda: setattr(shapes[1], "__class__", type("Unknown", (), {})),
    )


def sizes():
    @functools.singledispatch
    def size(value):
        raise TypeError

    @size.register
    def _(value: float):
        return value**2

    @size.register
    def _(value: np.ndarray):
        return np.sum(value**2)

    @size.register(list)
    def _(value):
        return sum(size(one) for one in value)

    return size


def test_plain_data_by_their_kind() -> None:
    size, factor = sizes(), {"k": 2.0}

    def f(x):
        return size(x) + 3.0 * size([x[:2], x[2:]]) + size(factor["k"]) * size([x[0], [x[1]]])

    follows(
        f,
        lambda: factor.update(k=4.0),
        lambda: size.register(float, lambda value: value**4),
        lambda: size.register(np.float64, lambda value: value**3),
        lambda: size.register(np.ndarray, np.sum),
        lambda: factor.update(k=np.float32(2.0)) or size.register(np.float32, lambda value: 7.0),
    )


def test_what_is_registered_for_another_kind_of_number_is_looked_into() -> None:
    size, factor, other = sizes(), {"k": np.float32(2.0)}, {"w": 3.0}

    @size.register(np.float32)
    def _(value):
        return other["w"] * value

    @size.register(numbers.Integral)
    def _(value):
        return other["w"] + value

    def f(x):
        return size(factor["k"]) * size(x) + size(len(x)) * x[0]

    follows(f, lambda: other.update(w=5.0), lambda: factor.update(k=np.uint8(3)))


def test_methods() -> None:
    class Evaluator:
        def __init__(self, scale):
            self.scale = scale

        @functools.singledispatchmethod
        def value(self, shape):
            return 1.0

        @value.register(Circle)
        def _(self, shape):
            return self.scale * shape.r**2

        @value.register(Box)
        def _(self, shape):
            return shape.a * shape.b

    evaluator, circle = Evaluator(2.0), Circle(1.5)

    def f(x):
        made = Evaluator(x[3])
        return evaluator.value(circle) * x[0] ** 2 + evaluator.value(Box(x[1], x[2])) + made.value(Circle(x[0]))

    def on_boxes(self, shape):
        return self.scale + shape.a**2

    follows(
        f,
        lambda: setattr(evaluator, "scale", 3.0),
        lambda: setattr(circle, "r", 2.0),
        lambda: vars(Evaluator)["value"].register(Box, on_boxes),
        lambda: setattr(evaluator, "value", lambda shape: 6.0),
        lambda: delattr(evaluator, "value"),
        lambda: setattr(Evaluator, "value", lambda self, shape: 7.0 * self.scale),
    )
