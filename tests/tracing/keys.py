"""Random index keys and random programs of views and writes, for hypothesis."""

import numpy as np
from hypothesis import strategies as st


@st.composite
def keys(draw, shape, *, basic=False):
    """A key that NumPy takes for an array of this shape."""
    index_shape = draw(st.sampled_from([(2,), (3,), (2, 2), (1,), (0,), ()]))
    entries, axis = [], 0
    ellipsis_at = draw(st.integers(0, len(shape) + 1))
    used = draw(st.integers(0, len(shape)))
    while axis < used:
        n = shape[axis]
        if len(entries) == ellipsis_at:
            entries.append(Ellipsis)
            axis = max(axis, len(shape) - (used - axis))
            ellipsis_at = -1
            used = len(shape)
            continue
        kinds = (
            ["slice", "none", "int"]
            if basic
            else ["slice", "slice", "none", "int", "array", "array", "mask", "list", "boolean"]
        )
        kind = draw(st.sampled_from(kinds))
        if kind == "int" and n:
            entries.append(draw(st.integers(-n, n - 1)))
            axis += 1
        elif kind == "none":
            entries.append(None)
        elif kind == "boolean":
            entries.append(draw(st.sampled_from([True, False, np.True_, np.array(True)])))
        elif kind in {"array", "list"} and n:
            size = int(np.prod(index_shape))
            values = np.array(draw(st.lists(st.integers(-n, n - 1), min_size=size, max_size=size)), np.intp).reshape(
                index_shape
            )
            entries.append(values.tolist() if kind == "list" and index_shape not in {(), (0,)} else values)
            axis += 1
        elif kind == "mask":
            rank = draw(st.integers(1, min(2, len(shape) - axis)))
            # as many true entries as the other index arrays broadcast with
            total = int(np.prod(shape[axis : axis + rank]))
            count = index_shape[-1] if index_shape else 1
            if count > total:
                count = min(1, total)
            chosen = draw(st.permutations(range(total)))[:count]
            mask = np.zeros(total, bool)
            mask[list(chosen)] = True
            entries.append(mask.reshape(shape[axis : axis + rank]))
            axis += rank
        else:
            bound = st.none() | st.integers(-n - 1, n + 1)
            entries.append(slice(draw(bound), draw(bound), draw(st.sampled_from([None, 1, 2, -1, -2]))))
            axis += 1
    if len(entries) == 1 and draw(st.booleans()):
        return entries[0]
    return tuple(entries)


SHAPES = [(4,), (2, 3), (3, 1, 2), (2, 2, 2), (), (0, 2), (1,), (2, 1, 3, 2)]

# --- programs -----------------------------------------------------------------------------------------------------------------


@st.composite
def programs(draw):
    """Statements as tuples of small integers; ``run`` gives every tuple a meaning."""
    return draw(st.lists(st.tuples(st.integers(0, 21), *[st.integers(0, 11)] * 4), min_size=1, max_size=9))


def slice_of(n, a, b):
    """One of a few slices of an axis of length n."""
    start, stop, step = [(None, None, 1), (1, None, 1), (None, -1, 1), (None, None, 2), (None, None, -1), (1, 3, 1)][
        (a + b) % 6
    ]
    return slice(start, stop, step)


def basic_key(shape, a, b):
    """An index that gives a view."""
    if not shape:
        return Ellipsis
    key = [slice(None)] * len(shape)
    axis = a % len(shape)
    if b % 3 == 0 and shape[axis]:
        key[axis] = b % shape[axis]
    else:
        key[axis] = slice_of(shape[axis], a, b)
    if b % 5 == 0:
        key.append(None)
    return tuple(key)


def view_of(y, a, b):
    shape = np.shape(y)
    kind = b % 7
    if kind == 0:
        return y.T
    if kind == 1:
        return np.reshape(y, -1)
    if kind == 2 and len(shape) > 1:
        return np.swapaxes(y, 0, a % len(shape))
    if kind == 3:
        return np.flip(y, a % len(shape)) if shape else y
    if kind == 4:
        return np.expand_dims(y, 0)
    if kind == 5:
        return y.ravel()
    return y[basic_key(shape, a, b)]


def run(statements, x, y):
    """Interpret the statements; the result is every array that was made."""
    made = [x, y]
    for op, i, j, a, b in statements:
        p, q = made[i % len(made)], made[j % len(made)]
        if not isinstance(p, np.ndarray) or not isinstance(q, np.ndarray):
            continue
        shape = np.shape(p)
        fits = np.shape(q) == shape
        rows = shape[0] if shape else 0
        if op in {0, 1, 2, 3}:
            made.append(view_of(p, a, b))
        elif op == 4:
            made.append(p * 2)
        elif op == 5:
            p *= 1.5
        elif op == 6 and fits:
            p += q
        elif op == 7 and fits:
            p[...] = q * q
        elif op == 8:
            p[basic_key(shape, a, b)] = 0.5 + b
        elif op == 9 and rows > 1:
            p[1:] += p[:-1]
        elif op == 10 and rows > 1:
            p[[0, 1]] = p[[1, 0]]
        elif op == 11 and rows > 1:
            p[:-1], p[1:] = p[1:], p[:-1] * 2
        elif op == 12 and rows:
            p[[a % rows, 0, a % rows]] = np.stack([p[0], p[-1], p[0] * 3])
        elif op == 13 and rows:
            np.add.at(p, [a % rows, 0, a % rows], p[0])
        elif op == 14 and np.size(p):
            p.flat[:: 1 + b % 3] = p.flat[0] * 2
        elif op == 15 and fits:
            np.copyto(p, q)
        elif op == 16 and rows:
            p[np.arange(rows) % 2 == a % 2] *= q[0] if q.ndim and np.shape(q)[1:] == shape[1:] else 3
        elif op == 17 and len(shape) == 2:
            p.T[...] = p.T * p.T
        elif op == 18:
            p.fill(0.25 * b)
        elif op == 19 and fits:
            np.multiply(p, q, out=p)
        elif op == 20 and rows:
            p[a % rows] = p[b % rows] ** 2
        elif op == 21 and np.size(p) and p.ndim:
            p[..., 0] = p[..., -1] * p[..., 0]
    return [m * 1 for m in made]
