"""Random functions of scalars, vectors, branches, loops and buffers: a shortcut gives what running the function gives, bit for bit up to rounding, wherever they are asked."""

from __future__ import annotations

import linecache
import math
import random
import warnings

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse.by_function import shortcuts_of

LENGTH = 4
UNARY = ["np.sin", "math.cos", "np.tanh", "abs", "np.abs", "float", "math.atan", "below"]
ELEMENTWISE = ["sin", "tanh", "abs", "cos", "cumsum", "arctan", "square", "negative", "sort"]


class Writer:
    """Expressions and functions drawn at random."""

    def __init__(self, seed):
        self.draw = random.Random(seed)

    def scalar(self, depth):
        draw = self.draw
        if depth <= 0:
            return draw.choice([f"x[{draw.randrange(-LENGTH, LENGTH)}]", "K", "s", "t", f"{draw.uniform(-2, 2):.2f}"])
        inner, other = self.scalar(depth - 1), self.scalar(depth - 1)
        choice = draw.randrange(10)
        if choice < 4:
            return f"({inner} {draw.choice('+-*')} {other})"
        if choice == 4:
            return f"({inner} / (2.5 + {other}**2))"
        if choice == 5:
            return f"{draw.choice(UNARY)}({inner})"
        if choice == 6:
            return f"{draw.choice(['max', 'min', 'np.maximum', 'np.minimum', 'math.hypot'])}({inner}, {other})"
        if choice == 7:
            return f"{self.scalar(0)}**{draw.choice(['2', '3', '1', '2.0'])}"
        if choice == 8:
            return f"np.{draw.choice(['sum', 'mean', 'max', 'min', 'prod'])}({self.vector(depth - 1)})"
        return f"({inner} if {self.scalar(0)} > {self.scalar(0)} else {other})"

    def vector(self, depth):
        draw = self.draw
        if depth <= 0:
            return draw.choice(["x", "A", "y", "x[::-1]", f"np.zeros({LENGTH})", "b"])
        inner = self.vector(depth - 1)
        choice = draw.randrange(8)
        if choice < 2:
            return f"({inner} {draw.choice('+-*')} {self.vector(depth - 1)})"
        if choice == 2:
            return f"({inner} {draw.choice('+-*')} {self.scalar(depth - 1)})"
        if choice == 3:
            return f"np.{draw.choice(ELEMENTWISE)}({inner})"
        if choice == 4:
            return f"np.where({self.vector(0)} > {self.scalar(0)}, {inner}, {self.vector(depth - 1)})"
        if choice == 5:
            return f"(M @ {inner})"
        if choice == 6:
            return f"np.array([{', '.join(self.scalar(0) for _ in range(LENGTH))}])"
        return f"np.concatenate([{inner}[:2], np.full(2, {self.scalar(depth - 1)})])"

    def statement(self):
        draw = self.draw
        choice = draw.randrange(8)
        if choice < 3:
            return [f"{draw.choice('st')} = {self.scalar(2)}"]
        if choice == 3:
            return [f"y = {self.vector(2)}"]
        if choice == 4:
            return [f"b[{draw.randrange(LENGTH)}] {draw.choice(['=', '+='])} {self.scalar(1)}"]
        if choice == 5:
            return [f"b[{draw.choice(['1:3', ':2'])}] {draw.choice(['=', '+='])} y[:2]"]
        if choice == 6:
            return ["for i in range(3):", f"    s = s * 0.5 + {self.scalar(1)}", "    b[i] = s * x[i]"]
        return [f"if {self.scalar(0)} > {self.scalar(0)}:", f"    t = t + {self.scalar(1)}", "else:", "    y = y * 2.0"]

    def function(self, result):
        lines = ["s = x[0] * K", "t = x[2] * 2.0", "y = x * 1.5", f"b = np.zeros({LENGTH})"]
        for _ in range(self.draw.randrange(2, 7)):
            lines += self.statement()
        lines.append(f"return {result} * {self.scalar(1)}")
        return "\n    ".join(["def f(x):", *lines])


def made(seed, result):
    text = Writer(seed).function(result)
    name = f"<random {seed} {result}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    matrix = np.random.default_rng(seed).normal(size=(LENGTH, LENGTH)) / 2
    names = {
        "np": np,
        "math": math,
        "K": 1.3,
        "A": np.linspace(-1, 1, LENGTH),
        "M": matrix,
        "below": lambda v: min(v, 1.0),
    }
    exec(compile(text, name, "exec"), names)
    return names["f"], names, text


@pytest.mark.parametrize("block", range(6))
@pytest.mark.parametrize(
    ("operator", "result"), [(gw.value_and_grad, "np.sum(b * y + s)"), (gw.jacobian, "(b * y + t)")]
)
def test_random_programs(block, operator, result):
    found = 0
    for seed in range(20 * block, 20 * block + 20):
        f, names, text = made(seed, result)
        rng = np.random.default_rng(seed)
        fast, slow = operator(f, check=False), operator(f, pure=False, check=False)
        for k in range(8):
            x = rng.uniform(-1, 1, LENGTH)
            if k == 6:
                names["K"], names["A"] = 0.4, names["A"] * 2
            if k == 7:
                x = np.round(x)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ours, theirs = fast(x), slow(x)
            pairs = zip(ours, theirs, strict=True) if operator is gw.value_and_grad else [(ours, theirs)]
            for a, b in pairs:
                np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12, err_msg=text)
        found += any(kept.served for kept in (shortcuts_of(f) or {}).values())
    assert found >= 16
