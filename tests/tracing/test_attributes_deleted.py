"""``del obj.name`` where the class has a property or a descriptor of that name: its own code runs, as a load and an assignment do."""

import warnings

import numpy as np
import pytest

import gradwise as gw


class Remembering:
    """A descriptor that gives the value before when it is deleted."""

    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, obj, cls=None):
        return getattr(obj, self.name)

    def __set__(self, obj, value):
        obj.before.append(getattr(obj, self.name, 1.0))
        setattr(obj, self.name, value)

    def __delete__(self, obj):
        setattr(obj, self.name, obj.before.pop())


class Mean:
    described = Remembering()

    def __init__(self):
        self._level = 1.0
        self.before = []
        self._described = 1.0

    @property
    def level(self):
        return self._level

    @level.setter
    def level(self, value):
        self.before.append(self._level)
        self._level = value

    @level.deleter
    def level(self):
        self._level = self.before.pop()

    def by_property(self, p):
        self.level += p[0]
        self.level *= p[1]
        high = self.level**2
        del self.level
        return high + self.level  # ((m + p₀) p₁)² + m + p₀

    def by_name(self, p):
        self.level += p[0]
        self.level *= p[1]
        high = self.level**2
        delattr(self, "level")
        return high + self.level

    def by_the_class(self, p):
        self.level += p[0]
        self.level *= p[1]
        high = self.level**2
        object.__delattr__(self, "level")
        return high + self.level

    def by_descriptor(self, p):
        self.described += p[0]
        self.described *= p[1]
        high = self.described**2
        del self.described
        return high + self.described


@pytest.mark.parametrize("name", ["by_property", "by_name", "by_the_class", "by_descriptor"])
def test_what_a_deleter_stores_counts(name):
    ours, plain = Mean(), Mean()
    gradient = gw.value_and_grad(getattr(ours, name))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no differences
        for k in range(4):
            p = np.array([0.7, 1.2]) + 0.1 * k
            m = plain._described if name == "by_descriptor" else plain._level
            value, slope = gradient(p)
            assert value == pytest.approx(getattr(plain, name)(p), rel=1e-13)
            np.testing.assert_allclose(slope, [2 * (m + p[0]) * p[1] ** 2 + 1, 2 * (m + p[0]) ** 2 * p[1]], rtol=1e-13)
            assert vars(ours) == vars(plain)


def test_a_property_without_a_deleter_raises_as_it_does():
    class Fixed:
        @property
        def level(self):
            return 1.0

        def tried(self, x):
            try:
                del self.level
            except AttributeError as error:
                return x**2 * len(str(error))
            return x

    message = Fixed().tried(1.0)
    assert gw.grad(Fixed().tried)(3.0) == pytest.approx(6.0 * message)
