"""Objects whose attributes raise: what stands for a module that is not installed, a proxy out of its context, a lazy module.  A call that does not ask them works; so does its derivative."""

import types

import numpy as np
import pytest

import gradwise as gw


class Missing:
    """What stands for a module that could not be imported, as libraries make it."""

    def __getattribute__(self, name):
        if name == "__class__":
            return type(None)
        raise ModuleNotFoundError("not installed")

    def __call__(self):
        return self.anything


class Lazy(types.ModuleType):
    def __getattr__(self, name):
        raise ImportError(f"not installed: {name}")


class Nameless:
    @property
    def __name__(self):
        raise RuntimeError("out of context")

    @property
    def __dict__(self):
        raise RuntimeError("out of context")


tool: object = None
table: dict = {}


def looks_at_a_global(x):
    return np.sum(x**2) if tool is not None else 0.0


def looks_into_a_dictionary(x):
    return np.sum(x**2) if table["tool"] is not None else 0.0


def asks_and_catches(x):
    try:
        return tool.anything(x)
    except Exception:
        return np.sum(x**2)


def asks_behind_a_branch(x):
    return np.sum(x**2) if x[0] > 0 else tool.anything(x)


class Holder:
    kept: object = None

    def __call__(self, x):
        self.last = x
        return np.sum(self.last**2) if self.kept is not None else 0.0


holder = Holder()


@pytest.mark.parametrize("stands_for", [Missing, lambda: Lazy("lazy"), Nameless], ids=["missing", "lazy", "nameless"])
@pytest.mark.parametrize(
    "f", [looks_at_a_global, looks_into_a_dictionary, asks_and_catches, asks_behind_a_branch, lambda x: holder(x)],
    ids=["global", "dictionary", "catches", "branch", "attribute"],
)  # fmt: skip
def test_an_object_that_raises_when_it_is_asked_is_not_asked(monkeypatch, f, stands_for):
    odd = stands_for()
    monkeypatch.setitem(globals(), "tool", odd)
    monkeypatch.setitem(table, "tool", odd)
    monkeypatch.setattr(Holder, "kept", odd)
    x = np.array([1.1, 0.9, 1.2])
    for k in range(3):
        np.testing.assert_allclose(gw.grad(f)(x + k), 2 * (x + k))
    np.testing.assert_allclose(gw.hessian(f)(x), 2 * np.eye(3))
    np.testing.assert_allclose(gw.grad(f, method="numerical")(x), 2 * x, rtol=1e-8)
    assert "f" in str(gw.explain(f, x))


class Stub:
    """No attributes of its own, and an answer for every name."""

    __slots__ = ()

    def __getattr__(self, name):
        return 0.0


class Shared:
    def __init__(self):
        self.tool = Stub()
        self.W = np.ones(3)
        self.parts = [self.W]

    def __call__(self, x):
        self.W[:] = x
        return np.sum(self.parts[0] ** 2)


def test_an_object_that_answers_for_every_name_has_no_attributes():
    f, x = Shared(), np.array([1.1, 0.9, 1.2])
    for k in range(3):
        np.testing.assert_allclose(gw.grad(f)(x + k), 2 * (x + k))  # warnings are errors here: nothing is numerical
    np.testing.assert_array_equal(f.parts[0], x + 2)
    assert f.parts[0] is f.W
