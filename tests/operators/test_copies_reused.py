"""``copy.copy`` and ``copy.deepcopy`` of objects in proved functions; after changes of what is copied, and of how."""

from __future__ import annotations

import copy
import copyreg
from dataclasses import dataclass

import numpy as np
from following import follows


@dataclass
class Part:
    a: float
    b: float


def test_shallow_and_deep() -> None:
    class State:
        def __init__(self):
            self.u, self.t, self.parts = np.ones(4), 0.5, [Part(1.0, 2.0), Part(3.0, 4.0)]

        def step(self, x):
            new = copy.deepcopy(self)
            new.u = new.u + 0.1 * x
            new.t += 0.1
            new.parts[0].a = new.parts[0].a * x[0]
            return new

    start = State()

    def f(x):
        state = start.step(x)
        for _ in range(2):
            state = state.step(x)
        shallow = copy.copy(start)
        shallow.t = x[1]
        return (
            state.u @ state.u * state.t
            + state.parts[0].a * state.parts[1].b
            + shallow.t * start.t
            + start.parts[0].a * x[2]
        )

    follows(
        f,
        lambda: setattr(start, "t", 2.0),
        lambda: start.u.__setitem__(1, -1.0),
        lambda: setattr(start.parts[0], "a", 5.0),
        lambda: start.parts.append(Part(7.0, 8.0)),
        lambda: start.parts.__setitem__(1, start.parts[0]),
        lambda: setattr(start, "more", 1.0),
    )


def _own_copy(self):
    new = object.__new__(type(self))
    new.w = -3.0 * self.w
    return new


def _own_deep_copy(self, memo):
    return _own_copy(self)


def test_how_a_class_copies_may_change() -> None:
    class Kept:
        def __init__(self, w):
            self.w = w

    kept = Kept(2.0)

    def f(x):
        one, other = copy.copy(kept), copy.deepcopy(kept)
        one.v = x[0]
        return one.w * one.v + other.w * np.sum(x**2)

    follows(f, lambda: setattr(kept, "w", 4.0), lambda: setattr(Kept, "__copy__", _own_copy))
    del Kept.__copy__
    follows(f, lambda: setattr(Kept, "__deepcopy__", _own_deep_copy))
    del Kept.__deepcopy__
    follows(f, lambda: setattr(Kept, "__reduce_ex__", lambda self, protocol: (Kept, (9.0,))))
    del Kept.__reduce_ex__
    follows(f, lambda: copyreg.pickle(Kept, lambda one: (Kept, (7.0,))))
    copyreg.dispatch_table.pop(Kept)
    follows(f, lambda: setattr(Kept, "__getstate__", lambda self: {"w": 11.0}))


def test_what_is_one_is_one_in_the_copy() -> None:
    class Scene:
        def __init__(self):
            self.parts = [Part(1.0, 2.0)]
            self.shown = self.parts
            self.inner = Part(self.parts, 0.5)

    scene = Scene()

    def f(x):
        new = copy.deepcopy(scene)
        new.inner.a.append(Part(x[0], x[1]))
        new.shown[0].a = x[2]
        return sum(p.a * p.b for p in new.parts) * x[3] + len(scene.parts)

    follows(f, lambda: setattr(scene, "shown", [Part(5.0, 6.0)]), lambda: setattr(scene.inner, "a", [Part(1.0, 1.0)]))


def test_objects_that_refer_to_one_another() -> None:
    class Node:
        def __init__(self, v):
            self.v, self.next, self.head = v, None, self

    first = Node(1.0)
    first.next = Node(2.0)
    first.next.head = first

    def f(x):
        new = copy.deepcopy(first)
        new.v = x[0]
        new.next.v = new.next.v * x[1]
        return new.next.head.v * new.next.v + first.v * x[2]

    follows(
        f,
        lambda: setattr(first, "v", 3.0),
        lambda: setattr(first.next, "v", 3.0),
        lambda: setattr(first.next, "head", first.next),
        lambda: setattr(first, "next", Node(4.0)),
    )


def test_a_shared_array_is_written_to() -> None:
    """What a shallow copy writes to is what the object holds."""

    class Kept:
        def __init__(self):
            self.w = np.ones(4)

    kept = Kept()

    def f(x):
        new = copy.copy(kept)
        new.w *= 0.5
        new.w += x
        value = np.sum(kept.w**2)
        kept.w[:] = 1.0
        return value

    follows(f, lambda: setattr(kept, "w", np.full(4, 1.0)), is_served=False)


def test_a_clone_by_its_own_method() -> None:
    class Options:
        def __init__(self, w):
            self.w, self.kind = w, "square"

        def clone(self, **changes):
            new = copy.copy(self)
            new.__dict__.update(changes)
            return new

    options = Options(2.0)

    def f(x):
        one = options.clone(w=x[0])
        other = one.clone(w=x[1] * one.w, kind="cube")
        powers = {"square": 2, "cube": 3}
        return sum(o.w ** powers[o.kind] for o in (options, one, other)) * x[2]

    follows(f, lambda: setattr(options, "w", 3.0), lambda: setattr(options, "kind", "cube"), is_served=False)
