"""Attributes and methods of the user's with names of what does something outside (``model.input``, ``option.put``, ``node.send``): memories of such functions are looked at like others, and effects happen once."""

from __future__ import annotations

import builtins
import csv
import io
import multiprocessing
import queue
import uuid
import warnings

import numpy as np
import pytest

import gradwise as gw

NAMES = "input print exec breakpoint next send put at place fill read write readline sort flush partition warn shuffle tofile savefig to_csv writerow getvalue".split()
SOURCE = """
class Kept:  # its attribute has the name
    def __init__(self):
        self.{name}, self.text = {{"q": 0.0}}, ""

    def run(self, x):
        self.{name}["q"] = x[0]
        if self.text != str(x[0]):
            self.text, self.value = str(x[0]), self.{name}["q"] ** 2
        return self.value * x[1]


class Number:
    def __init__(self):
        self.{name}, self.text = 1.0, ""

    def run(self, x):
        if self.text != str(x[0]):
            self.text, self.value = str(x[0]), x[0] ** 2
        return self.value * self.{name} * x[1]


class Method:
    def __init__(self):
        self.text = ""

    def {name}(self, x):
        if self.text != str(x[0]):
            self.text, self.value = str(x[0]), x[0] ** 2
        return self.value * x[1]

    def run(self, x):
        return self.{name}(x)
"""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["Kept", "Number", "Method"])
def test_a_memory_is_looked_at(name, kind):
    made = {"__name__": "made"}
    exec(SOURCE.format(name=name), made)
    gradient = gw.grad(made[kind]().run)
    for at in (3.0, 3.0, 4.0, 4.0, 3.0):
        np.testing.assert_allclose(gradient(np.array([at, 2.0])), [4.0 * at, at**2], rtol=1e-6)


def totals():
    total = 0.0
    while True:
        total += yield total


def test_a_memory_beside_a_generator_that_is_sent_to():
    """One that the call makes itself, as simulations of processes do."""
    memory = {}

    def f(x):
        total = totals()
        next(total)
        for value in (x[0], x[1]):
            last = total.send(value)
        if memory.get("at") != str(x[0]):
            memory.update(at=str(x[0]), value=x[0] ** 2)
        return memory["value"] * x[1] + last

    gradient = gw.grad(f)
    for at in (3.0, 3.0, 4.0, 4.0, 3.0):
        np.testing.assert_allclose(gradient(np.array([at, 2.0])), [4.0 * at + 1, at**2 + 1])


def test_a_memory_beside_an_identifier():
    """Another one does no harm."""
    memory = {}

    def f(x):
        identifier = uuid.uuid4()
        if memory.get("at") != str(x[0]):
            memory.update(at=str(x[0]), value=x[0] ** 2, by=identifier)
        return memory["value"] * x[1]

    gradient = gw.grad(f)
    for at in (3.0, 3.0, 4.0, 4.0, 3.0):
        np.testing.assert_allclose(gradient(np.array([at, 2.0])), [4.0 * at, at**2])


def sent(send, x):
    send.send(1)
    return x[0] * x[1]


def sent_by_another_name(send, x):
    give = send.send
    give(1)
    return x[0] * x[1]


def sent_as_an_argument(send, x):
    list(map(send.send, [1]))
    return x[0] * x[1]


@pytest.mark.parametrize("f", [sent, sent_by_another_name, sent_as_an_argument])
@pytest.mark.parametrize("to", ["generator", "pipe"])
def test_what_is_sent_to_others_is_sent_once(f, to):
    log = []

    def receive():
        while True:
            log.append((yield))

    here, there = multiprocessing.Pipe()
    generator = receive()
    next(generator)
    gradient = gw.grad(lambda x: f(generator if to == "generator" else here, x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gw.NumericalFallbackWarning)
        for _ in range(5):
            np.testing.assert_allclose(gradient(np.array([3.0, 2.0])), [2.0, 3.0], rtol=1e-6)
    while there.poll():
        log.append(there.recv())
    assert log == [1] * 5


class Calls:
    def __init__(self):
        self.queue, self.text = queue.SimpleQueue(), io.StringIO()
        self.writer = csv.writer(self.text)


def put(calls, x):
    calls.queue.put(1)
    return x[0] * x[1]


def put_by_another_name(calls, x):
    give = calls.queue.put
    give(1)
    return x[0] * x[1]


def put_as_an_argument(calls, x):
    list(map(calls.queue.put, [1]))
    return x[0] * x[1]


def row(calls, x):
    calls.writer.writerow([1])
    return x[0] * x[1]


def row_by_another_name(calls, x):
    write = calls.writer.writerow
    write([1])
    return x[0] * x[1]


def printed(calls, x):
    builtins.print(1, file=calls.text)
    return x[0] * x[1]


class Passing(Calls):
    """Methods that pass on to those of the same name."""

    def put(self, x):
        self.queue.put(1)
        return x[0] * x[1]

    def writerow(self, x):
        self.writer.writerow([1])
        return x[0] * x[1]


@pytest.mark.parametrize("name", ["put", "writerow"])
def test_what_is_passed_on_happens_once(name):
    calls = Passing()
    gradient = gw.grad(lambda x: getattr(calls, name)(x))
    for _ in range(5):
        np.testing.assert_allclose(gradient(np.array([3.0, 2.0])), [2.0, 3.0])
    assert calls.queue.qsize() + len(calls.text.getvalue().split()) == 5


@pytest.mark.parametrize("f", [put, put_by_another_name, put_as_an_argument, row, row_by_another_name, printed])
def test_effects_happen_once(f):
    calls = Calls()
    gradient = gw.grad(lambda x: f(calls, x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gw.NumericalFallbackWarning)
        for _ in range(5):
            np.testing.assert_allclose(gradient(np.array([3.0, 2.0])), [2.0, 3.0], rtol=1e-6)
    assert calls.queue.qsize() + len(calls.text.getvalue().split()) == 5
