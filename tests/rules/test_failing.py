"""The question whether an operation fails: its answers, and that of a batch they are those of a loop."""

import math
import operator

import numpy as np

from gradwise.execution import evaluate
from gradwise.program import ArrayType, Builder, Program
from gradwise.rules.failing import raises
from gradwise.tracing.instrument.failures import repeated
from gradwise.transforms.batch import batch

F64 = np.dtype(float)
SINGULAR = "Singular matrix"


def asks(function, *operands, kinds=None, error=ValueError, said="math domain error"):
    template = (tuple, ("operand",) * len(operands)), (), (list, ())
    kinds = (None,) * len(operands) if kinds is None else kinds
    return bool(raises(*operands, params=(repeated, (function, *template), kinds, error, (said,), ())))


def test_the_error_its_class_and_what_it_says():
    assert asks(np.linalg.inv, np.ones((2, 2)), error=np.linalg.LinAlgError, said=SINGULAR)
    assert not asks(np.linalg.inv, np.eye(2), error=np.linalg.LinAlgError, said=SINGULAR)
    assert not asks(np.linalg.inv, np.ones((2, 2)), error=np.linalg.LinAlgError, said="another")
    assert not asks(np.linalg.inv, np.ones((2, 2)), error=ValueError, said=SINGULAR)  # of a derived class


def test_the_kinds_of_the_operands():
    zero = {"error": ZeroDivisionError, "said": "float division by zero"}
    assert asks(operator.truediv, np.float64(1.0), np.float64(0.0), kinds=(float, float), **zero)
    with np.errstate(divide="ignore"):
        assert not asks(operator.truediv, np.float64(1.0), np.float64(0.0), kinds=(np.float64, np.float64), **zero)
    assert not asks(math.exp, 1.0, kinds=(float,))


def test_a_batch_is_a_loop():
    builder = Builder()
    a, b = (builder.variable(ArrayType((2, 2), F64)) for _ in range(2))
    template = (tuple, ((list, ("operand", "operand")),)), (), (list, ())
    params = (repeated, (np.linalg.multi_dot, *template), (None, None), ValueError, ("none",), ())
    inverse = (repeated, (np.linalg.inv, (tuple, ("operand",)), (), (list, ())), (None,))
    found = raises(a, params=(*inverse, np.linalg.LinAlgError, (SINGULAR,), ()))
    other = raises(a, b, params=params)
    program = Program("p", [a.index, b.index], [], builder.equations, [found.index, other.index], builder.types)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 4, 2, 2))
    x[1, 2] = x[2, 0] = 1.0
    y = rng.normal(size=(4, 2, 2))
    once, _ = batch(program, 4, [a.index, b.index])
    twice, carried = batch(once, 3, [once.inputs[0]])
    assert carried == (True, True)
    got, never = evaluate(twice, [x, y], [])
    expected = [[all(v == 1.0 for v in m.flat) for m in row] for row in x]
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(never, np.zeros((3, 4), bool))
