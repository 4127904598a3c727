"""Functions that save and load are given their file by name as well as by place."""

import json

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.7, 1.3])


def _savetxt(x):
    np.savetxt(fname="a.txt", X=x)


def _savez(x):
    np.savez(file="a", x=x)


def _dump(x):
    with open("a.json", "w") as file:  # noqa: PTH123
        json.dump(obj=[1.0], fp=file)


def _load(x):
    assert np.load(file="b.npy")[0] == 1.0


def _loadtxt(x):
    assert np.loadtxt(fname="b.txt") == 1.0


@pytest.mark.parametrize("effect", [_savetxt, _savez, _dump, _load, _loadtxt])
def test_files_by_name(effect, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("b.npy", np.ones(1))
    np.savetxt("b.txt", np.ones(1))

    def f(x):
        effect(x)
        return x[0] ** 2 * x[1] if x[0] > 0 else x[1]

    for _ in range(2):
        np.testing.assert_allclose(gw.grad(f)(X), [1.82, 0.49], rtol=1e-12)
