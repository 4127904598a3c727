"""What would lose the derivative raises with file, line and cure; what loses nothing is allowed.  Never a zero."""

from __future__ import annotations

import inspect
import json
import math
import operator
import re

import numpy as np
import pytest

import gradwise as gw

X = np.array([1.5, 2.5])


@pytest.fixture(autouse=True)
def protocols_alone(monkeypatch):
    """What NumPy's protocols alone do; tests/tracing/test_ordinary_python.py shows what instrumented code does."""
    monkeypatch.setenv("GRADWISE_REWRITE", "0")


def into_a_plain_array(x):
    out = np.zeros(2)
    out[0] = x[0] ** 2
    return np.sum(out)


def into_a_row(x):
    out = np.zeros((2, 2))
    out[0] = x
    return np.sum(out)


def into_a_typed_array(x):
    import array

    return float(np.sum(array.array("d", [x[0], x[1]])))


TABLE = {1.5: 7.0}

ESCAPES = {
    "float": lambda x: float(x[0]) ** 2,
    "math.exp": lambda x: math.exp(x[0]),
    "math.fsum": lambda x: math.fsum([x[0], x[1]]),
    "math.hypot": lambda x: math.hypot(x[0], x[1]),
    "complex": lambda x: complex(x[0]).real,
    "np.array of a list": lambda x: np.sum(np.array([x[0], x[1]])),
    "np.asarray of a list": lambda x: np.sum(np.asarray([x[0], x[1]])),
    "np.asarray with a dtype": lambda x: np.sum(np.asarray([x[0], x[1]], dtype=float)),
    "np.fromiter": lambda x: np.sum(np.fromiter((v**2 for v in x), float)),
    "np.float64": lambda x: np.float64(x[0]) ** 2,
    "into a plain array": into_a_plain_array,
    "into a row of one": into_a_row,
    "into array.array": into_a_typed_array,
    "%f": lambda x: float("%.17f" % x[0]),
    "%d": lambda x: x[0] * int("%d" % x[0]) + float("%e" % x[1]),
    "json": lambda x: json.loads(json.dumps({"v": x[0]}))["v"],
    "json of an array": lambda x: json.loads(json.dumps(x.tolist()))[0],
    "np.vectorize": lambda x: np.sum(np.vectorize(math.sin)(x)),
    "memoryview": lambda x: memoryview(x)[0],
    "statistics": lambda x: __import__("statistics").fmean(x),
    "numpy.random": lambda x: np.random.default_rng(0).normal(x[0], 1.0),
    "struct": lambda x: __import__("struct").unpack("d", __import__("struct").pack("d", x[0]))[0],
    "np.nditer": lambda x: sum(v * v for v in np.nditer(x)),
    "pickle": lambda x: np.sum(__import__("pickle").loads(__import__("pickle").dumps(x))),
    "fractions": lambda x: float(__import__("fractions").Fraction(x[0])),
    "decimal": lambda x: float(__import__("decimal").Decimal(x[0])),
    "ctypes": lambda x: __import__("ctypes").c_double(x[0]).value,
}


@pytest.mark.parametrize("name", ESCAPES)
def test_escapes_raise_and_never_give_a_zero(name):
    f = ESCAPES[name]
    for op in (gw.grad, gw.jacobian, gw.value_and_grad, gw.hessian):
        with pytest.raises(gw.TracingError) as caught:
            op(f, method="exact")(X)
        assert caught.value.filename.endswith("test_escapes.py")
        lines, first = inspect.getsourcelines(f)
        assert first <= caught.value.lineno < first + len(lines), caught.value
        assert f"test_escapes.py:{caught.value.lineno}" in str(caught.value)
        assert re.search(r"np\.|has_aux|NumPy|Store|Compute|Write", str(caught.value))


def test_bytes_that_are_read_back():
    # bytes are keys of memories too, so that they may be taken; what is computed from them is found out at the end
    for f in (lambda x: np.frombuffer(x.tobytes())[0], lambda x: np.frombuffer(x.tobytes())[0] + x[1]):
        with pytest.raises(gw.TracingError, match="looked up"):
            gw.grad(f, method="exact")(X)


@pytest.mark.parametrize("name", ["float", "math.exp", "np.array of a list", "into a plain array", "json"])
def test_auto_answers_numerically_and_says_so(name):
    with pytest.warns(gw.NumericalFallbackWarning, match=r"test_escapes\.py:\d+"):
        g = gw.grad(ESCAPES[name])(X)
    f = ESCAPES[name]
    eps = 1e-6
    expected = [(f(X + eps * e) - f(X - eps * e)) / (2 * eps) for e in np.eye(2)]
    np.testing.assert_allclose(g, expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(
    ("f", "cure"),
    [
        (lambda x: math.exp(x[0]), "np.exp"),
        (lambda x: float(x[0]), "x for float"),
        (lambda x: np.sum(np.array([x[0], x[1]])), "np.stack"),
        (into_a_plain_array, "np.zeros_like"),
        (lambda x: math.sqrt(x[0]), "np."),
    ],
)
def test_the_message_holds_the_cure(f, cure):
    with pytest.raises(gw.TracingError, match=re.escape(cure)) as caught:
        gw.grad(f, method="exact")(X)
    assert "1.5" in str(caught.value) or "2.25" in str(caught.value)  # the value that escaped


def test_the_cures_work():
    def stacked(x):
        return np.sum(np.stack([x[0] ** 2, x[1]]))

    def buffer(x):
        out = np.zeros_like(x)
        for i in range(2):
            out[i] = np.exp(x[i])
        return np.sum(out)

    np.testing.assert_allclose(gw.grad(stacked)(X), [3.0, 1.0])
    np.testing.assert_allclose(gw.grad(buffer)(X), np.exp(X))


ALLOWED = {
    "f-string": lambda x: (f"{x[0]:.3f} {x} {x[1]!r}", x[0] ** 2)[1],
    "str and repr": lambda x: (str(x), repr(x[0]), x[0] ** 2)[2],
    "format": lambda x: ("{:.2e}".format(x[0]), x[0] ** 2)[1],
    "print": lambda x: (print(x, x[0]), x[0] ** 2)[1],
    "int": lambda x: x[0] * int(x[0] + 1),
    "round to int": lambda x: x[0] * round(x[0] + 0.4),
    "bool": lambda x: x[0] ** 2 if x[0] else 0.0,
    "not": lambda x: 0.0 if not x[0] else x[0] ** 2,
    "comparison chain": lambda x: x[0] ** 2 if 0 < x[0] < 2 else 0.0,
    "range": lambda x: sum(x[0] for _ in range(int(x[1]))),
    "index": lambda x: x[int(x[0])] * 2.0,
    "slice": lambda x: np.sum(x[: int(x[1])] ** 2),
    "floor": lambda x: x[0] * math.floor(x[1]),
    "ceil": lambda x: x[0] * math.ceil(x[1]),
    "trunc": lambda x: x[0] * math.trunc(x[1]),
    "hash": lambda x: x[0] ** 2 + 0 * (hash(x[0]) != 0),
    "dict lookup": lambda x: TABLE[x[0]] * x[0],
    "set": lambda x: x[0] * len({x[0], x[1]}),
    "in": lambda x: x[0] ** 2 if x[0] in (1.5, 3.0) else 0.0,
    "in an array": lambda x: x[0] ** 2 if 1.5 in x else 0.0,
    "max and min": lambda x: max(x) ** 2 + min(x[0], 100.0),
    "sorted": lambda x: sorted(x, reverse=True)[0] ** 2,
    "sum": lambda x: sum(x),
    "unpacking": lambda x: (lambda a, b: a * b)(*x),
    "iteration": lambda x: sum(v**2 for v in x),
    "zip, enumerate, reversed": lambda x: sum(i * a * b for i, (a, b) in enumerate(zip(x, reversed(x), strict=True))),
    "math.isfinite by numpy": lambda x: x[0] ** 2 if np.isfinite(x[0]) else 0.0,
    "operator": lambda x: operator.mul(x[0], operator.itemgetter(1)(x)),
    "all and any": lambda x: np.sum(x) if all(v > 0 for v in x) and np.any(x > 2) else 0.0,
    "isinstance": lambda x: x[0] ** 2 if isinstance(x[0], float) and isinstance(x, np.ndarray) else 0.0,
    "match": lambda x: _matched(x[0]),
    "divmod": lambda x: divmod(x[1], 1.0)[1] * x[0],
    "item and tolist": lambda x: x[0].item() * x.tolist()[1],
    "np.allclose": lambda x: x[0] ** 2 if not np.allclose(x, 0) else 0.0,
    "argmax": lambda x: x[np.argmax(x)] ** 2,
    "searchsorted": lambda x: x[0] * np.searchsorted([0.0, 1.0, 2.0], x[0]),
    "while to a tolerance": lambda x: _newton(x[0]),
    "copy": lambda x: np.sum(__import__("copy").deepcopy({"a": x})["a"] ** 2),
    "%s": lambda x: ("%s" % x[0], x[0] ** 2)[1],
    "len": lambda x: x[0] * len(x),
    "lambda default": lambda x, k=2.0: x[0] * k,
}


def _matched(v):
    match v:
        case float():
            return v**2
        case _:
            return 0.0


def _newton(a):
    y = 1.0
    while abs(y * y - a) > 1e-13:
        y = (y + a / y) / 2
    return y


@pytest.mark.parametrize("name", ALLOWED)
def test_what_loses_nothing_is_exact(name, capsys):
    f = ALLOWED[name]
    value, g = gw.value_and_grad(f, method="exact")(X)
    assert value == f(X)
    TABLE.update(dict.fromkeys((1.5 + 1e-06, 1.5 - 1e-06), 7.0))
    eps = 1e-6
    steps = np.diag([eps, 0.0]) if name in ("dict lookup", "in", "in an array") else eps * np.eye(2)
    if name in (
        "dict lookup",
        "in",
        "in an array",
    ):  # the concrete answer is part of the path: compare with the branch taken
        expected = {"dict lookup": [7.0, 0.0], "in": [3.0, 0.0], "in an array": [3.0, 0.0]}[name]
    else:
        expected = [(f(X + e) - f(X - e)) / (2 * eps) for e in steps]
    np.testing.assert_allclose(g, expected, rtol=1e-8, atol=1e-8)


def test_what_is_printed_is_the_value(capsys):
    def f(x):
        print(x, x[0], f"{x[0]:.2f}", f"{x}", "{:>8.3f}".format(x[1]), sep="|")
        return np.sum(x)

    gw.grad(f)(X)
    f(X)
    traced, plain, _ = capsys.readouterr().out.split("\n")
    assert traced == plain


def test_a_derivative_of_an_integer_path_is_zero_because_it_is():
    np.testing.assert_array_equal(
        gw.grad(lambda x: np.floor(x[0]) + np.sign(x[1]) + np.round(x[0]) * 1.0)(X), [0.0, 0.0]
    )
    np.testing.assert_array_equal(gw.grad(lambda x: float(int(x[0])))(X), [0.0, 0.0])


def test_escapes_inside_every_operator():
    f = ESCAPES["math.exp"]
    for call in (
        lambda: gw.jvp(f, (X,), (X,), method="exact"),
        lambda: gw.vjp(f, X, method="exact"),
        lambda: gw.linearize(f, X, method="exact"),
        lambda: gw.hvp(f, method="exact")(X, X),
        lambda: gw.taylor(f, 2, method="exact")(X, X),
        lambda: gw.laplacian(f, method="exact")(X),
        lambda: gw.divergence(lambda x: x * f(x), method="exact")(X),
        lambda: gw.directional_derivative(f, method="exact")(X, X),
        lambda: gw.partial_derivative(f, 0, index=0, method="exact")(X),
        lambda: gw.derivative(lambda t: math.exp(t), method="exact")(1.0),
        lambda: gw.trace(f, X),
        lambda: gw.kinks(f, X),
    ):
        with pytest.raises(gw.TracingError, match="would lose the derivative"):
            call()


def test_a_plain_buffer_and_an_escape_in_an_inner_function_are_not_answered_numerically_inside():
    def outer(x):
        return gw.grad(lambda y: math.exp(y) * x)(x)

    with pytest.raises(gw.TracingError):
        gw.grad(outer, method="exact")(0.5)


INTO_PLAIN = {
    "setitem": lambda a, x: a.__setitem__(0, x[0]),
    "setitem of a slice": lambda a, x: a.__setitem__(slice(None), x),
    "setitem of an ellipsis": lambda a, x: a.__setitem__(..., x),
    "setitem by mask": lambda a, x: a.__setitem__(np.array([True, True]), x),
    "setitem of a list": lambda a, x: a.__setitem__(slice(None), [x[0], x[1]]),
    "+=": lambda a, x: a.__iadd__(x),
    "*= of a number": lambda a, x: a.__imul__(x[0]),
    "-= on a view": lambda a, x: a[:1].__isub__(x[:1]),
    "np.add with out": lambda a, x: np.add(x, 1.0, out=a),
    "np.exp with out": lambda a, x: np.exp(x, out=a),
    "np.sum with out": lambda a, x: np.sum(np.stack([x, x]), axis=0, out=a),
    "np.dot with out": lambda a, x: np.dot(np.eye(2), x, out=a),
    "np.matmul with out": lambda a, x: np.matmul(np.eye(2), x, out=a),
    "np.cumsum with out": lambda a, x: np.cumsum(x, out=a),
    "method with out": lambda a, x: x.cumsum(out=a),
    "np.copyto": lambda a, x: np.copyto(a, x),
    "np.put": lambda a, x: np.put(a, [0, 1], x),
    "np.place": lambda a, x: np.place(a, [True, False], x),
    "np.putmask": lambda a, x: np.putmask(a, [True, True], x),
    "np.fill_diagonal": lambda a, x: np.fill_diagonal(a.reshape(1, 2), x[0]),
    "np.put_along_axis": lambda a, x: np.put_along_axis(a, np.array([0, 1]), x, 0),
    "np.add.at": lambda a, x: np.add.at(a, [0, 1], x),
    "np.clip with out": lambda a, x: np.clip(x, 0.0, 9.0, out=a),
    "np.einsum with out": lambda a, x: np.einsum("ij,j->i", np.eye(2), x, out=a),
    "fill": lambda a, x: a.fill(x[0]),
    "put": lambda a, x: a.put([0], x[0]),
    "flat": lambda a, x: a.flat.__setitem__(0, x[0]),
    "np.nan_to_num in place": lambda a, x: np.nan_to_num(x, copy=False).sum() and a.__setitem__(0, x[0]),
}


@pytest.mark.parametrize("name", INTO_PLAIN)
def test_every_way_into_a_plain_array(name):
    def f(x):
        a = np.zeros(2)
        INTO_PLAIN[name](a, x)
        return np.sum(a) + 0.0 * x[0]

    f(X.copy())  # plainly it runs
    with pytest.raises(gw.TracingError):
        gw.grad(f, method="exact")(X)

    def swallowed(x):
        try:
            return f(x)
        except BaseException:
            return 0.0 * x[0]

    with pytest.raises(gw.TracingError):
        gw.grad(swallowed, method="exact")(X)


def test_augmented_assignment_to_a_plain_name_is_fine():
    def f(x):
        a = np.zeros(2)
        a = a + x
        b = 0.0
        b += x[0]
        return np.sum(a**2) + b

    np.testing.assert_allclose(gw.grad(f)(X), 2 * X + [1.0, 0.0])
