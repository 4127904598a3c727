"""Arrays made, filled, viewed and gone over as NumPy users do: buffers, columns, views, callbacks, lists of arrays."""

from __future__ import annotations

import copy
import itertools
import math

import numpy as np
import numpy.linalg as la
import pytest
from numpy import array, cos, dot, zeros
from ordinary import Cases, agrees

cases = Cases()


@cases.at([0.4, 1.7, -0.3])
def buffers_filled_in_loops(x):
    a, b, c = np.zeros(3), np.empty((3, 3)), np.ones_like(x)
    for i in range(3):
        a[i] = x[i] ** 2
        for j in range(3):
            b[i, j] = x[i] * x[j] + (i == j)
        c[i] += b[i].sum()
    d = np.full((2, 3), 1.0)
    d[0] = a
    d[1, :2] = c[1:]
    e = np.eye(3)
    e[0, 2] = x[0]
    return d.sum() + la.det(b) + c @ e @ a


@cases.at([0.4, 1.7, -0.3])
def names_imported_from_numpy(x):
    z = zeros(3)
    z[1] = cos(x[0])
    return dot(z, x) + array([x[0], 2.0, x[2] * x[1]]) @ array([[1.0], [2.0], [3.0]])[:, 0]


@cases.at([0.4, 1.7, -0.3])
def nested_lists_become_arrays(x):
    m = np.array([[x[0], 0.0], [1.0, x[1] * x[2]]])
    t = np.asarray([x[:2], [x[2], 1.0]])
    r = np.array([np.array([v, v**2]) for v in x])
    k = np.array([[[x[0]], [x[1]]]])
    return (m @ t).sum() + r[:, 1].prod() + k.ravel()[1] + np.array(x[2]) * np.array(tuple(x)).sum()


@cases.at([0.4, 1.7, -0.3])
def columns_and_rows(x):
    c = x[:, None]
    r = x.reshape(1, -1)
    m = c @ r
    c2 = np.zeros((3, 1))
    c2[1] = x[0]
    c2[2, 0] = float(c[1]) if np.ndim(c[1]) == 0 else c[1].item()
    c2[0, :] = [x[2]]
    return (r @ c2).item() + (c2.T @ m @ c)[0, 0] + float((c2 * c).sum())


@cases.at([0.4, 1.7, -0.3, 0.8])
def views_and_their_bases(x):
    y = x.copy()
    left, right = y[:2], y[2:]
    left *= 2.0
    right[:] = left**2
    m = y.reshape(2, 2)
    m[0, 1] = 5.0 * x[3]
    m.T[0] += 1.0
    column = m[:, 1]
    column[1] *= x[0]
    np.add.at(y, [0, 0, 2], x[1])
    return y @ np.arange(1.0, 5.0) + left.sum() * right[0]


@cases.at([0.4, 1.7, -0.3, 0.8])
def masks_and_index_arrays(x):
    y = np.zeros(4)
    y[x > 0] = x[x > 0] ** 2
    y[x <= 0] = -1.0
    y[[0, 2]] += x[[3, 1]]
    groups = [np.array([0, 1]), np.array([1, 2, 3])]
    z = np.where(x > 0.5, np.sqrt(np.abs(x)), x**3)
    order = np.argsort(x)
    return sum(y[g].prod() for g in groups) + z @ x[order] + np.take(x, [1, 1]).sum() + x[np.argmax(x)] * y[-1]


@cases.at([0.4, 1.7, -0.3])
def vectorized_functions(x):
    @np.vectorize
    def soft(v, k=2.0):
        return math.log1p(math.exp(k * v)) if v > 0 else v * math.exp(v)

    def rows(r):
        return r.sum() * r[0]

    m = np.outer(x, x) + 1.0
    lines = np.apply_along_axis(rows, 1, m)
    f = np.frompyfunc(lambda a, b: a * b + 1, 2, 1)
    return (
        soft(x).sum()
        + soft(x[0], k=3.0)
        + lines.sum()
        + float(f(x[0], x[1]))
        + np.fromiter((v**2 for v in x), float).sum()
    )


@cases.at([0.4, 1.7, -0.3])
def functions_of_places(x):
    a = np.fromfunction(lambda i, j: x[0] * i + x[1] * j**2, (2, 3))
    b = np.piecewise(x, [x < 0, x >= 0], [lambda v: -v, lambda v: v**2 + x[1]])
    c = np.select([x < 0, x < 1], [x**2, x * 3], default=x[0])
    return a.sum() * b.prod() + c.sum()


@cases.at([0.4, 1.7, -0.3])
def arrays_that_grow(x):
    out = np.array([])
    for v in x:
        out = np.append(out, [v, v * v])
    rows = []
    for i in range(3):
        rows.append(x * i)  # noqa: PERF401
    m = np.vstack(rows)
    m = np.concatenate([m, [x**2]], axis=0)
    h = np.hstack([x, 1.0, out[:2]])
    return (
        out.sum() + (m.T @ m).trace() + h[-1] * np.r_[x, 2.0].sum() + np.c_[x, x][1, 1] + np.insert(x, 1, x[0] * 2)[1]
    )


@cases.at([0.4, 1.7, -0.3])
def objects_in_arrays(x):
    cells = np.empty(2, dtype=object)
    cells[0] = x[:2] * 2
    cells[1] = [x[2], 3.0]
    table = np.array([x[0], None, "s"], dtype=object)
    return cells[0].sum() * cells[1][0] + table[0] ** 2


@cases.at([0.4, 1.7, -0.3])
def gone_over_in_many_ways(x):
    total = 0.0
    for i, v in enumerate(x):
        total += i * v
    for (i, j), v in np.ndenumerate(np.outer(x, x)):
        total += v * (i - j + 1)
    for v in np.nditer(x * 2):
        total += float(v) ** 2
    for a, b in zip(x[:-1], x[1:]):  # noqa: RUF007
        total += a * b
    for row in np.vander(x, 3):
        total += row[0]
    it = iter(x)
    total *= next(it)
    return total + sum(it) + x.flat[1] * len(x) + max(x.tolist()) + [*reversed(x)][0]  # noqa: RUF015


@cases.at([2.4, 1.7, 0.3])
def linear_algebra(x):
    m = np.diag(x) + 0.1
    y = la.solve(m, np.array([1.0, x[0], 2.0]))
    w, v = la.eigh(m)
    q, r = la.qr(m)
    L = la.cholesky(m)
    return y @ w + la.norm(m) * la.det(m) + np.trace(la.inv(m)) + abs(r[0, 0]) + L[2, 2] + (v**2).sum() * la.cond(m) * 0


@cases.at([0.4, 1.7, -0.3])
def types_of_arrays(x):
    a = np.array(x, dtype=float)
    b = x.astype(float, copy=True)
    c = np.asarray(x, dtype=np.float64)
    d = np.ascontiguousarray(np.atleast_2d(x).T)
    e = np.array([int(v > 0) for v in x])
    f = np.zeros(3, dtype=int)
    f[1] = 2
    return (a * e).sum() + (b * f)[1] + c.mean() * d.shape[0] + np.float64(x[0]).item() * x.dtype.itemsize


@cases.at([0.4, 1.7, -0.3])
def output_arguments(x):
    out = np.empty(3)
    np.multiply(x, 2.0, out=out)
    np.add(out, x, out)
    y = np.cumsum(x, out=np.zeros(3))
    np.exp(y, out=y)
    np.clip(out, -1, 3, out=out)
    return out @ y


@cases.at([0.4, 1.7, -0.3])
def copies_of_arrays(x):
    a = x.copy()
    b = copy.deepcopy({"a": a, "l": [a]})
    b["a"][0] = 5.0 * x[1]
    c = np.copy(x)
    c[1] = 0.0
    d = a
    d += 1
    return a.sum() + b["a"] @ x + (b["l"][0] is b["a"]) * x[0] + c.sum()


@cases.at(np.array([[0.4, 1.7], [-0.3, 0.8]]))
def matrices_as_arguments(m):
    total = 0.0
    for i, j in itertools.product(range(2), range(2)):
        total += m[i, j] ** (i + j + 1)
    (a, b), (c, d) = m
    return np.array([total, a * d - b * c, m.T.sum(axis=0)[1], np.einsum("ij,jk->ik", m, m)[0, 1]])


@cases.at(np.array([[0.4, 1.7], [-0.3, 0.8]]))
def gauss_by_hand(m):
    a = [[float(v) for v in row] for row in m]
    b = [1.0, 2.0]
    n = 2
    for k in range(n):
        p = max(range(k, n), key=lambda i: abs(a[i][k]))
        a[k], a[p], b[k], b[p] = a[p], a[k], b[p], b[k]
        for i in range(k + 1, n):
            f = a[i][k] / a[k][k]
            for j in range(k, n):
                a[i][j] -= f * a[k][j]
            b[i] -= f * b[k]
    x = [0.0] * n
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - sum(a[i][j] * x[j] for j in range(i + 1, n))) / a[i][i]
    return np.array(x)


@cases.at([0.4, 1.7, -0.3])
def random_walks_of_numbers(x):
    values = []
    state = x[0]
    for k in range(10):
        state = 0.9 * state + 0.1 * math.sin(x[1] * k) + x[2] * 0.01
        values.append(state)
        if len(values) > 3:
            values.pop(0)
    del values[0]
    values[0:1] = [x[0], values[0]]
    return np.mean(values) + np.std(values) + np.median(values)


@pytest.mark.parametrize("case", cases, ids=repr)
def test_arrays(case):
    agrees(case)
