"""What a function is told of its argument's memory: what a plain call is told, and the branch taken is the one that is differentiated.  Truth: the plain function at the same array, and the slopes of its two branches."""

import sys

import numpy as np
import pytest

import gradwise as gw

NUMBERS = np.array([0.7, -1.3, 2.1])


def own():
    return NUMBERS.copy()


def part():
    return np.concatenate([NUMBERS, NUMBERS])[1:4]


def locked():
    made = NUMBERS.copy()
    made.setflags(write=False)
    return made


def locked_part():
    made = np.repeat(NUMBERS, 2)[::2]
    made.flags.writeable = False
    return made


QUESTIONS = {
    "may be written to": lambda x: x.flags.writeable,
    "by name": lambda x: x.flags["WRITEABLE"],
    "of a part": lambda x: x[1:].flags.writeable,
    "owns its memory": lambda x: x.flags.owndata,
    "is no view": lambda x: x.base is None,
    "a part is a view of it": lambda x: x[1:].base is x,
    "a part of a part": lambda x: x[1:][1:].base is x,
    "in another shape": lambda x: x.reshape(3, 1).base is x,
    "a transpose": lambda x: x.T.base is x,
    "all flags": lambda x: x.flags == np.ones(3).flags,
    "its memory view": lambda x: x.data.readonly,
    "a copy": lambda x: x.copy().base is None and x.copy().flags.writeable,
}


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")  # of a memory view
@pytest.mark.parametrize("made", [own, part, locked, locked_part])
@pytest.mark.parametrize("name", QUESTIONS)
def test_answers(name, made):
    asked = QUESTIONS[name]

    def f(x):
        if asked(x):
            return (x**2).sum()
        return (x**3).sum()

    g = gw.value_and_grad(f)
    for _ in range(4):
        x = made()
        value, slope = g(x)
        assert value == pytest.approx(f(x), rel=1e-14)
        np.testing.assert_allclose(slope, 2 * x if asked(x) else 3 * x**2, rtol=1e-6)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
def test_locked_in_the_call():
    def f(x):
        x.flags.writeable = False
        try:
            x[0] = 5.0
        except ValueError:
            return (x**2).sum()
        return (x**3).sum()

    x = own()
    np.testing.assert_allclose(gw.grad(f)(x), 2 * NUMBERS, rtol=1e-6)


def test_how_many_names_there_are_is_not_said():
    def f(x):
        return (x**2).sum() if sys.getrefcount(x) < 4 else (x**3).sum()

    with pytest.raises(gw.TracingError, match="getrefcount"):
        gw.grad(f, method="exact")(own())
