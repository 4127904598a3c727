"""The classes of NumPy's guide to subclassing and of its protocols, and arrays of numbers with units."""

from __future__ import annotations

from numbers import Number

import numpy as np
import pytest
from compared_programs import compare

PROGRAMS = []


def program(f):
    PROGRAMS.append(f)
    return f


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(f):
    compare(f, order=2)


# --- NumPy's guide --------------------------------------------------------------------------------------------------------------------


class InfoArray(np.ndarray):
    def __new__(cls, shape, dtype=float, buffer=None, offset=0, strides=None, order=None, info=None):
        made = super().__new__(cls, shape, dtype, buffer, offset, strides, order)
        made.info = info
        return made

    def __array_finalize__(self, other):
        if other is not None:
            self.info = getattr(other, "info", None)


@program
def of_shape_and_buffer(x):
    filled = InfoArray(shape=(3,), info="filled")
    filled[:] = x
    view = filled[1:]
    view *= 2
    taken = InfoArray((3,), buffer=x * 3, info="taken")
    assert (view.info, taken.info, type(view)) == ("filled", "taken", InfoArray)
    return (filled * taken).sum()


class Realistic(np.ndarray):
    def __new__(cls, numbers, info=None):
        made = np.asarray(numbers).view(cls)
        made.info = info
        return made

    def __array_finalize__(self, other):
        if other is not None:
            self.info = getattr(other, "info", None)


@program
def attributes_that_hold_traced_numbers(x):
    made = Realistic(x**2, info={"scale": x[0]})
    part = made[::2] * made.info["scale"]
    return part.sum() * part.info["scale"]


class Counted(np.ndarray):
    """NumPy's example of ``__array_ufunc__``: which inputs and outputs were of the class."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        given = [i.view(np.ndarray) if isinstance(i, Counted) else i for i in inputs]
        info = {"inputs": [k for k, i in enumerate(inputs) if isinstance(i, Counted)]}
        outputs = out or (None,) * ufunc.nout
        if out:
            info["outputs"] = [k for k, o in enumerate(out) if isinstance(o, Counted)]
            options["out"] = tuple(o.view(np.ndarray) if isinstance(o, Counted) else o for o in out)
        results = super().__array_ufunc__(ufunc, method, *given, **options)
        if results is NotImplemented:
            return NotImplemented
        results = (results,) if ufunc.nout == 1 else results
        results = [np.asarray(r).view(Counted) if o is None else o for r, o in zip(results, outputs, strict=True)]
        results[0].info = info
        return results[0] if len(results) == 1 else tuple(results)


@program
def inputs_and_outputs_that_are_counted(x):
    a, b = (x * 1.0).view(Counted), x * 2
    c = a + b
    d = np.add(b, b, out=(x * 0).view(Counted))
    e = np.modf(a)[0]
    a += b
    assert (c.info, d.info) == ({"inputs": [0]}, {"inputs": [], "outputs": [0]})
    assert a.info == {"inputs": [0], "outputs": [0]}
    return (c * d).sum().item() + e.sum().item() + (a**2).sum().item()


class ArrayLike(np.lib.mixins.NDArrayOperatorsMixin):
    """NumPy's example of a container with operators."""

    def __init__(self, value):
        self.value = np.asarray(value)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        out = options.get("out", ())
        if not all(isinstance(v, (np.ndarray, Number, ArrayLike)) for v in inputs + out):
            return NotImplemented
        inputs = tuple(i.value if isinstance(i, ArrayLike) else i for i in inputs)
        if out:
            options["out"] = tuple(o.value if isinstance(o, ArrayLike) else o for o in out)
        return type(self)(getattr(ufunc, method)(*inputs, **options))


@program
def containers_with_operators(x):
    a = ArrayLike(x)
    b = a - 1
    d = np.exp(2 - b) * b
    e = np.add.reduce(d, 0)
    b += 1
    b *= a
    return e.value + np.sum((b**2).value) + np.multiply.outer(a, a).value.sum()


HANDLED = {}


class Diagonal:
    """NumPy's example of ``__array_function__``: a registry of functions."""

    def __init__(self, n, value):
        self.n, self.value = n, value

    def __array__(self, dtype=None, copy=None):
        return self.value * np.eye(self.n)

    def __array_function__(self, function, types, args, kwargs):
        if function not in HANDLED or not all(issubclass(t, (Diagonal, np.ndarray)) for t in types):
            return NotImplemented
        return HANDLED[function](*args, **kwargs)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return Diagonal(self.n, ufunc(*[i.value if isinstance(i, Diagonal) else i for i in inputs], **options))


HANDLED[np.sum] = lambda d: d.value * d.n
HANDLED[np.mean] = lambda d: np.sum(d) / d.n**2


@program
def containers_with_a_registry_of_functions(x):
    d = Diagonal(3, x[0])
    e = np.multiply(d, x[1])
    return np.sum(np.exp(e)) + np.mean(d) + np.asarray(e).sum()


# --- units ----------------------------------------------------------------------------------------------------------------------------


class Length(np.ndarray):
    """Numbers with a unit: a factor and a power."""

    def __new__(cls, numbers, factor=1.0, power=1):
        made = np.array(numbers, dtype=float, subok=True).view(cls)
        made.factor, made.power = factor, power
        return made

    def __array_finalize__(self, other):
        self.factor, self.power = getattr(other, "factor", 1.0), getattr(other, "power", 1)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        units = [(i.factor, i.power) if isinstance(i, Length) else (1.0, 0) for i in inputs]
        given = [i.view(np.ndarray) if isinstance(i, Length) else i for i in inputs]
        factor, power = units[0]
        if ufunc is np.multiply:
            factor, power = factor * units[1][0], power + units[1][1]
        elif ufunc is np.square:
            factor, power = factor**2, power * 2
        elif ufunc is np.sqrt:
            factor, power = factor**0.5, power / 2
        elif ufunc is np.true_divide:
            factor, power = factor / units[1][0], power - units[1][1]
        elif len(inputs) == 2:
            if units[1][1] != power:
                raise ValueError("lengths of other powers")
            given[1] = given[1] * (units[1][0] / factor)
        if out is not None:
            options["out"] = tuple(o.view(np.ndarray) for o in out)
        result = super().__array_ufunc__(ufunc, method, *given, **options)
        if out is not None:
            out[0].factor, out[0].power = factor, power
            return out[0]
        return result if result.dtype == bool else Length(result, factor, power)

    def to(self, factor):
        return Length(self.view(np.ndarray) * (self.factor / factor), factor, self.power)

    @property
    def value(self):
        return self.view(np.ndarray)[()]


ROAD = Length([3.0, 4.0, 5.0])


@program
def conversions_of_units(x):
    way = Length(x, 1000.0)
    both = way + ROAD
    area = (both * both).to(1.0)
    assert (type(area), area.factor, area.power) == (Length, 1.0, 2)
    return np.sum(area).value


@program
def units_in_place_and_in_means(x):
    way = Length(x, 1000.0)
    way += ROAD
    way[0] = ROAD.to(1000.0).value[0] * x[1]
    return np.sqrt(way**2).mean().to(10.0).value + way.max().to(1.0).value + np.diff(way)[:1].to(1.0).value.sum()


@program
def units_that_are_traced(x):
    way = Length(x, x[0])
    return (way * way).to(x[1]).value.sum() + (Length(np.ones(3), x[2]) * 2.0).to(1.0).value.sum()
