"""While what a run stored is put back, no attribute is missing for a moment: other threads ask for it."""

import sys
import threading

import pytest

from gradwise.tracing.instrument.journal import Journal


class Model:
    def __init__(self):
        self.count, self.last, self.name = 0, None, "m"


def test_another_thread_finds_every_attribute():
    model, stop, missing = Model(), threading.Event(), []

    def look():
        while not stop.is_set():
            try:
                model.count, model.last, model.name
            except AttributeError as error:
                missing.append(error)
                return

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    others = [threading.Thread(target=look) for _ in range(3)]
    try:
        for thread in others:
            thread.start()
        for k in range(3000):
            journal = Journal()
            journal.note(model)
            model.count = k
            model.last = [k]
            journal.restore()
    finally:
        stop.set()
        for thread in others:
            thread.join()
        sys.setswitchinterval(interval)
    assert missing == []
    assert vars(model) == {"count": 0, "last": None, "name": "m"}


@pytest.mark.parametrize("alone", [True, False])
def test_values_order_and_what_was_added(alone):
    model, journal, stop = Model(), Journal(), threading.Event()
    journal.note(model)
    del model.count
    model.added = 1.0
    model.count = 5
    model.name = "other"
    thread = threading.Thread(target=stop.wait)
    if not alone:
        thread.start()
    try:
        journal.restore()
    finally:
        stop.set()
        if not alone:
            thread.join()
    assert vars(model) == {"count": 0, "last": None, "name": "m"}
    if threading.active_count() == 1 and alone:
        assert list(vars(model)) == ["count", "last", "name"]
