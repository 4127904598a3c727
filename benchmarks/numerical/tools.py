"""The tools that are compared, each as ``tool(f, x) -> Answer``; f is counted, and fails softly for all of them."""

from __future__ import annotations

import math
import multiprocessing
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jacobi
import numdifftools
import numpy as np
import scipy.differentiate
import scipy.optimize
from scipy.optimize._numdiff import approx_derivative

from gradwise.numerical import derivative


@dataclass
class Answer:
    value: float
    bound: float | None  # the tool's own error bound; None if it has none
    flagged: bool  # whether it said that something is wrong
    evaluations: int = 0
    seconds: float = 0.0
    overhead: float = math.nan  # seconds beside f's own
    status: str = ""
    noise: float = math.nan
    left: float = math.nan
    right: float = math.nan


class Counted:
    """f with a counter; takes arrays by looping, and turns exceptions into NaN (kinder than the tools deserve)."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f
        self.count = 0

    def __call__(self, x: Any) -> Any:
        array = np.asarray(x)
        out = [self._one(entry) for entry in array.ravel().tolist()]
        dtype = complex if any(isinstance(value, complex) for value in out) else float
        result = np.array(out, dtype=dtype).reshape(array.shape)
        return result if array.ndim else result[()]

    def _one(self, x: Any) -> Any:
        self.count += 1
        if isinstance(x, complex):
            return complex(self.f(x))  # refusing complex numbers is no answer
        try:
            value = self.f(x)
        except Exception:  # noqa: BLE001 - the cases raise what they like
            return math.nan
        return math.nan if isinstance(value, complex) else float(value)


class Plain:
    """f with a counter and nothing else: what gradwise gets."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f
        self.count = 0

    def __call__(self, x: Any) -> Any:
        self.count += 1
        return self.f(x)


def gradwise_auto(f: Any, x: float) -> Answer:
    return _ours(f, x, "auto")


def gradwise_real(f: Any, x: float) -> Answer:
    return _ours(f, x, False)


def _ours(f: Any, x: float, complex_step: Any) -> Answer:
    e = derivative(f, x, complex_step=complex_step)
    return Answer(e.value, e.error, e.status != "ok", 0, 0.0, math.nan, e.status.value, e.noise, e.left, e.right)


def scipy_differentiate(f: Any, x: float) -> Answer:
    r = scipy.differentiate.derivative(f, x)
    return Answer(float(r.df), float(r.error), not bool(r.success))


def approx_fprime(f: Any, x: float) -> Answer:
    return Answer(float(scipy.optimize.approx_fprime(np.array([x]), lambda v: f(v[0]))[0]), None, False)


def three_point(f: Any, x: float) -> Answer:
    value = approx_derivative(lambda v: np.atleast_1d(f(v[0])), np.array([x]), method="3-point")
    return Answer(float(np.ravel(value)[0]), None, False)


def scipy_complex(f: Any, x: float) -> Answer:
    value = approx_derivative(lambda v: np.atleast_1d(f(v[0])), np.array([x]), method="cs")
    return Answer(float(np.ravel(value)[0]), None, False)


def complex_step(f: Any, x: float) -> Answer:
    h = 1e-20 * (abs(x) or 1.0)
    value = f(complex(x, h))
    return Answer(float(np.imag(value)) / h, None, False)


def numdifftools_derivative(f: Any, x: float) -> Answer:
    result = numdifftools.Derivative(f, full_output=True)(x)
    return Answer(float(np.ravel(result.estimate)[0]), float(np.ravel(result.error_estimate)[0]), False)


def jacobi_jacobi(f: Any, x: float) -> Answer:
    value, error = jacobi.jacobi(f, x)
    return Answer(float(np.ravel(value)[0]), float(np.ravel(error)[0]), False)


TOOLS = {
    "gradwise": gradwise_auto,
    "gradwise, real only": gradwise_real,
    "scipy.differentiate": scipy_differentiate,
    "approx_fprime": approx_fprime,
    "SciPy 3-point": three_point,
    "SciPy complex step": scipy_complex,
    "complex step, h = 1e-20 x": complex_step,
    "numdifftools": numdifftools_derivative,
    "jacobi": jacobi_jacobi,
}


CAN_HANG = {"jacobi"}
"""Its least-squares fit of values that are NaN or overflow can loop inside LAPACK for ever."""

PATIENCE = 1.0
"""Seconds after which a tool that hangs has given no answer."""


def ask_all(name: str, cases: list[Any]) -> list[Answer]:
    """Return a tool's answers for all cases; one that can hang works in a child process that is ended when it does."""
    ask(name, math.exp, 1.0)  # the first call pays for imports and caches
    if name not in CAN_HANG:
        return [ask(name, case.f, case.x) for case in cases]
    answers: list[Answer] = []
    context = multiprocessing.get_context("fork")  # the cases are closures, which only a fork inherits
    while len(answers) < len(cases):
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=_child, args=(name, cases[len(answers) :], sender))
        child.start()
        sender.close()
        try:
            while len(answers) < len(cases) and receiver.poll(PATIENCE):
                answers.append(receiver.recv())
        except EOFError:
            pass
        if len(answers) < len(cases):
            answers.append(Answer(math.nan, None, True, 0, PATIENCE))
        child.kill()
        child.join()
    return answers


def _child(name: str, cases: list[Any], sender: Any) -> None:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    for case in cases:
        sender.send(ask(name, case.f, case.x))


REPEATS = 3
"""How often a tool is asked for one case; the least time counts, and what it said first."""


def ask(name: str, f: Callable[[Any], Any], x: float) -> Answer:
    """Return a tool's answer for one case, with evaluations and seconds; a NaN answer where it fails."""
    tool, ours = TOOLS[name], name.startswith("gradwise")
    answers = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for _ in range(REPEATS):
            counted = Plain(f) if ours else Counted(f)
            start = time.perf_counter()
            try:
                answer = tool(counted, x)
            except Exception:  # noqa: BLE001 - a tool that raises has no answer
                answer = Answer(math.nan, None, True)
            answer.seconds = time.perf_counter() - start
            answer.evaluations = counted.count
            answers.append(answer)
        first = answers[0]
        first.seconds = min(answer.seconds for answer in answers)
        if ours:  # of f itself: it looks through the counter, which takes as long as calling it
            first.overhead = _least(lambda: tool(f, x)) - _own_seconds(tool, f, x)
    return first


def _least(call: Callable[[], Any]) -> float:
    """Return the least of the times that a call takes."""
    least = math.inf
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - start)
    return least


def _own_seconds(tool: Callable[[Any, float], Answer], f: Callable[[Any], Any], x: float) -> float:
    """Return the time that a tool's calls of f take by themselves."""
    points: list[Any] = []

    def noted(point: Any) -> Any:
        points.append(point)
        return f(point)

    tool(noted, x)

    def again() -> None:
        for point in points:
            try:  # noqa: SIM105 - suppress() takes longer
                f(point)
            except Exception:  # noqa: BLE001 - as it does beyond its domain
                pass

    return _least(again)
