"""Processes that are forked while other threads trace: no lock of theirs is waited for."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading

import numpy as np
import pytest

import gradwise as gw
from gradwise.locks import lock
from gradwise.quiet import quiet

X = np.array([0.5, 1.0, 2.0])


def remembered(x):
    return np.sum(np.sin(x) * x)


def answer(send):
    with quiet():
        gw.clear_caches()
        send.send(gw.grad(remembered)(X))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # of JAX, where another test imported it
def test_a_child_of_a_process_whose_threads_hold_locks():
    held, done = threading.Event(), threading.Event()
    modules = [m for name, m in list(sys.modules.items()) if name.startswith("gradwise.")]
    locks = [v for m in modules for v in vars(m).values() if type(v) is type(threading.Lock())]
    assert len(locks) > 6
    locks.append(lock())

    def hold():
        with quiet():
            for one in locks:
                one.acquire()
            held.set()
            done.wait()
            for one in locks:
                one.release()

    expected = np.cos(X) * X + np.sin(X)
    np.testing.assert_allclose(gw.grad(remembered)(X), expected)
    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    try:
        context = multiprocessing.get_context("fork")
        receive, send = context.Pipe(duplex=False)
        child = context.Process(target=answer, args=(send,))
        child.start()
        arrived = receive.poll(60)
        if not arrived:
            child.kill()
        child.join()
    finally:
        done.set()
        other.join()
    assert arrived
    np.testing.assert_allclose(receive.recv(), expected)
