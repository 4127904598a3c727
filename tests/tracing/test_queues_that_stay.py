"""Queues and schedulers that an object keeps: what a call leaves in them the next one finds, once."""

import queue
import sched
import threading
import warnings

import numpy as np
import pytest

import gradwise as gw


class Kept:
    def __init__(self):
        self.first = queue.Queue()
        self.last = queue.LifoQueue()
        self.least = queue.PriorityQueue()
        self.time = 0.0
        self.events = sched.scheduler(lambda: self.time, self.wait)
        self.seen = []

    def wait(self, step):
        if step > 0:
            self.time = self.time + step

    def in_order(self, p):
        self.first.put(p[0] * p[1])
        return self.first.queue[0] * self.first.qsize() * p[1]

    def in_reverse(self, p):
        self.last.put(p[0])
        self.last.put(p[1])
        return self.last.get() * self.last.queue[0] + self.last.qsize()

    def by_least(self, p):
        self.least.put((p[0] * p[1], 0))
        self.least.put((p[1], 1))
        return self.least.get()[0] * self.least.qsize()

    def the_first_alone(self, p):
        self.least.put((p[0] * p[1], self.least.qsize()))
        return self.least.queue[0][0] * self.least.qsize()  # of the first call

    def waiting(self, p):
        self.events.enter(p[0] * p[1], 1, self.seen.append, (p[0],))
        return self.events.queue[0].time * len(self.events.queue) + p[0]

    def run(self, p):
        self.time = 0.0
        self.events.enter(p[0], 1, lambda: self.seen.append(self.time * p[1]))
        self.events.enter(p[1], 2, lambda: self.events.enter(p[0], 1, self.seen.append, (self.time,)))
        self.events.run()
        return sum(self.seen[-2:]) * self.time

    def left(self):
        return [
            list(self.first.queue),
            list(self.last.queue),
            [v for pair in self.least.queue for v in pair],
            [e.time for e in self.events.queue],
            self.seen,
        ]


def value(name, points):
    """Of the last of some calls of a new object."""
    method = getattr(Kept(), name)
    return [float(method(p)) for p in points][-1]


@pytest.mark.parametrize("name", ["in_order", "in_reverse", "by_least", "the_first_alone", "waiting", "run"])
def test_a_derivative_puts_in_what_a_call_does(name):
    ours, plain = Kept(), Kept()
    gradient = gw.value_and_grad(getattr(ours, name))
    points = [np.array([0.7, 1.23]) + 0.1 * k for k in range(5)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", gw.NumericalFallbackWarning)
        for k, p in enumerate(points):
            found, slope = gradient(p)
            assert found == pytest.approx(getattr(plain, name)(p), rel=1e-13)
            steps = 1e-5 * np.eye(2)
            truth = [(value(name, [*points[:k], p + d]) - value(name, [*points[:k], p - d])) / 2e-5 for d in steps]
            np.testing.assert_allclose(slope, truth, rtol=1e-7, atol=1e-9)
    for held, expected in zip(ours.left(), plain.left(), strict=True):
        assert held == pytest.approx(expected, rel=1e-13)
        assert {type(v) for v in held} <= {float, int, np.float64}


def test_a_thread_takes_what_a_run_puts():
    def total(p):
        waiting, done = queue.Queue(maxsize=2), []

        def work():
            while (v := waiting.get()) is not None:
                done.append(v * p[0])

        worker = threading.Thread(target=work)
        worker.start()
        for v in (p[0], p[1], 2.0):
            waiting.put(v)
        waiting.put(None)
        worker.join()
        return sum(done)

    np.testing.assert_allclose(gw.grad(total)(np.array([0.7, 1.2])), [2 * 0.7 + 1.2 + 2.0, 0.7], rtol=1e-9)
