"""What an earlier call wrote to a file, or to the environment, and a later one reads has no derivative: found by silent runs that keep in memory what they write."""

import builtins
import configparser
import io
import json
import os
import pickle
import shelve
import warnings
from pathlib import Path

import numpy as np
import pytest

import gradwise as gw
from gradwise.tracing import record
from gradwise.tracing.instrument.hooks import watched
from gradwise.tracing.instrument.muting import muted

X = np.array([0.7, 1.3])
#: of exp(x₀) x₁
TRUE = np.exp(0.7) * np.array([1.3, 1.0])


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def _json(x):
    kept = {}
    if os.path.exists("kept.json"):  # noqa: PTH110
        with open("kept.json") as file:  # noqa: PTH123
            kept = json.load(file)
    key = f"{x[0]:.8f}"
    if key not in kept:
        kept[key] = np.exp(x[0])
        with open("kept.json", "w") as file:  # noqa: PTH123
            json.dump(kept, file)
    return kept[key] * x[1]


def _path(x):
    path = Path("kept") / f"{round(float(x[0]), 9)}.txt"
    path.parent.mkdir(exist_ok=True)
    if path.exists():
        value = float(path.read_text())
    else:
        value = np.exp(x[0])
        path.write_text(repr(float(value)))
    return value * x[1]


def _array(x):
    path = f"kept_{x[0]:.9f}.npy"
    try:
        value = np.load(path)
    except FileNotFoundError:
        value = np.exp(x[:1])
        np.save(path, value)
    return value[0] * x[1]


def _table(x):
    path = f"kept_{x[0]:.9f}.txt"
    if os.path.isfile(path):  # noqa: PTH113
        value = np.atleast_1d(np.loadtxt(path))
    else:
        value = np.exp(x[:1])
        np.savetxt(path, value)
    return value[0] * x[1]


def _pickle(x):
    path = Path("kept.pkl")
    kept = pickle.loads(path.read_bytes()) if path.exists() else {}
    key = round(float(x[0]), 10)
    if key not in kept:
        kept[key] = np.exp(x[0])
        path.write_bytes(pickle.dumps(kept))
    return kept[key] * x[1]


def _parser(x):
    parser = configparser.ConfigParser()
    parser.read("kept.ini")
    key = f"k{x[0]:.9f}"
    if not parser.has_section("a"):
        parser.add_section("a")
    if parser.has_option("a", key):
        value = parser.getfloat("a", key)
    else:
        value = np.exp(x[0])
        parser.set("a", key, repr(float(value)))
        with open("kept.ini", "w") as file:  # noqa: PTH123
            parser.write(file)
    return value * x[1]


def _last(x):
    if os.path.exists("last"):  # noqa: PTH110
        with open("last") as file:  # noqa: PTH123
            at, value = map(float, file.read().split())
        if abs(at - x[0]) < 1e-12:
            return value * x[1]
    value = np.exp(x[0])
    with open("last", "w") as file:  # noqa: PTH123
        file.write(f"{float(x[0])!r} {float(value)!r}")
    return value * x[1]


EXACT = {
    "json": _json,
    "path": _path,
    "array": _array,
    "table": _table,
    "pickle": _pickle,
    "parser": _parser,
    "last": _last,
}


@pytest.mark.parametrize("name", EXACT)
def test_memories_in_files_have_their_derivative(name):
    """At the first call, at the second one of the same point, and after another point; only the files of these points are there."""
    f = EXACT[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(gw.grad(f)(X), TRUE, rtol=1e-9)
        files = sorted(map(str, Path().rglob("*")))
        np.testing.assert_allclose(gw.grad(f)(X.copy()), TRUE, rtol=1e-9)
        assert sorted(map(str, Path().rglob("*"))) == files
        gw.grad(f)(X * 1.2)
        np.testing.assert_allclose(gw.grad(f)(X), TRUE, rtol=1e-9)


def test_a_memory_in_a_file_is_no_value_of_the_other_examples():
    """``vmap`` ran the function once, at the first example: what was kept for that one is not of the others."""
    _path(X)
    points = np.stack([X, X * 1.2])
    np.testing.assert_allclose(gw.vmap(_path)(points), [np.exp(0.7) * 1.3, np.exp(0.84) * 1.56], rtol=1e-9)
    np.testing.assert_allclose(gw.vmap(gw.grad(_path))(points)[0], TRUE, rtol=1e-9)


@pytest.mark.parametrize("name", ["shelf", "descriptor", "environment"])
def test_memories_that_cannot_be_followed_are_numerical(name):
    """Where nobody can tell what an earlier call kept, the derivative is numerical and says so, never that of the rest in silence."""

    def shelf(x):
        with shelve.open("kept") as kept:
            key = f"{x[0]:.9f}"
            if key not in kept:
                kept[key] = float(np.exp(x[0]))
            return kept[key] * x[1]

    def descriptor(x):
        path = f"raw_{x[0]:.9f}"
        try:
            number = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            value = np.exp(x[0])
            number = os.open(path, os.O_WRONLY | os.O_CREAT)
            os.write(number, repr(float(value)).encode())
        else:
            value = float(os.read(number, 100))
        os.close(number)
        return value * x[1]

    def environment(x):
        key = f"GRADWISE_TEST_{round(float(x[0]) * 1e6)}"
        if key in os.environ:
            return float(os.environ[key]) * x[1]
        value = np.exp(x[0])
        os.environ[key] = repr(float(value))
        return value * x[1]

    f = {"shelf": shelf, "descriptor": descriptor, "environment": environment}[name]
    before = dict(os.environ)
    try:
        f(X)
        with pytest.warns(gw.NumericalFallbackWarning):
            np.testing.assert_allclose(gw.grad(f)(X), TRUE, rtol=1e-6)
    finally:
        for key in set(os.environ) - set(before):
            del os.environ[key]


def test_a_file_that_is_only_read_is_no_memory():
    """A table in a file beside a decision by the arguments: looked at, and exact."""
    np.savetxt("table.txt", np.linspace(0.0, 1.0, 5))

    def f(x):
        table = np.loadtxt("table.txt")
        return np.sum(np.sin(table * x[0])) * x[1] if x[0] > 0 else x[1]

    table = np.linspace(0.0, 1.0, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = gw.grad(f)(X)
    np.testing.assert_allclose(
        found, [np.sum(table * np.cos(0.7 * table)) * 1.3, np.sum(np.sin(0.7 * table))], rtol=1e-12
    )


def test_the_environment_is_put_back():
    """A variable that is set to a text of the point is set once, to that of this point."""

    def f(x):
        os.environ["GRADWISE_TEST_POINT"] = f"{x[0]:.6f}"
        return x[0] ** 2 * x[1] if x[1] > 0 else x[0]

    try:
        np.testing.assert_allclose(gw.grad(f)(X), [1.82, 0.49], rtol=1e-12)
        assert os.environ["GRADWISE_TEST_POINT"] == "0.700000"
    finally:
        os.environ.pop("GRADWISE_TEST_POINT", None)


def test_files_of_silent_runs_behave_as_files(tmp_path):
    """Written, appended, moved, removed and asked for as on a disk, on which nothing happens; nothing that others may use is replaced."""
    (tmp_path / "there.txt").write_text("a")
    done = []

    def body(x):
        with open("there.txt", "a") as file:  # noqa: PTH123
            file.write("b")
        assert Path("there.txt").read_text() == "ab"
        os.makedirs("x/y")  # noqa: PTH103
        Path("x/y/z.txt").write_text("1\n2\n")
        with open("x/y/z.txt") as file:  # noqa: PTH123
            assert list(file) == ["1\n", "2\n"]
        os.replace("x/y/z.txt", "moved.txt")  # noqa: PTH105
        assert not Path("x/y/z.txt").exists()
        assert Path("moved.txt").stat().st_size == 4
        os.remove("there.txt")  # noqa: PTH107
        with pytest.raises(FileNotFoundError):
            Path("there.txt").read_text()
        with pytest.raises(FileNotFoundError):
            open("nowhere/a.txt", "w")  # noqa: PTH123
        with pytest.raises(FileExistsError):
            open("moved.txt", "x")  # noqa: PTH123
        done.append({(m.__name__, name): id(v) for m in (builtins, io, os) for name, v in vars(m).items()})
        return x

    before = {(m.__name__, name): id(v) for m in (builtins, io, os) for name, v in vars(m).items()}
    with muted(None):
        record(body, [1.0], (True,), lambda leaves: watched(body)(*leaves))
    assert done == [before]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["there.txt"]
    assert (tmp_path / "there.txt").read_text() == "a"


def test_pickles_of_the_same_call_are_refused_without_verification():
    """Bytes that were made of a traced number and read again: no derivative, and no zero in silence, with ``check=False`` too."""

    def f(x):
        return pickle.loads(pickle.dumps(x[0])) ** 2 + x[1]

    with pytest.raises(gw.TracingError, match="does not depend on its arguments"):
        gw.grad(f, method="exact", check=False)(X)
