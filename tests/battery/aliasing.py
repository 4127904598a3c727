"""Views, copies, buffers, masks: what NumPy's memory does behind the names."""

import numpy as np

from battery.registry import case

_r = np.random.RandomState(3)
V = _r.randn(6)
M = _r.randn(4, 5)


@case(V)
def view_of_view_written(x):
    x = x.copy()
    a = x[1:]
    b = a[::2]
    b *= 3
    a[0] += x[0]
    return x * x.sum()


@case(V)
def view_read_after_base_written(x):
    y = x * 1
    tail = y[3:]
    y[3:] = y[:3] ** 2
    y[4] = 7.0
    return tail * x[3:]


@case(M, order=1)
def transposed_view_written(m):
    m = m.copy()
    t = m.T
    t[1, :] *= 2
    t[:, 0] = t[:, 1] * t[:, 2].sum()
    t += 1
    return np.sin(m)


@case(M, order=1)
def reshape_view_and_copy(m):
    m = m.copy()
    v = m.reshape(-1)
    v[::3] = 0.5
    w = m.T.reshape(-1)
    w[:] = 0
    return m**2 * v.reshape(4, 5)


@case(M, order=1)
def ravel_of_noncontiguous_is_copy(m):
    m = m * 1.0
    r = m[:, ::2].ravel()
    r *= 0
    q = m.ravel()
    q[3] *= 5
    return m


@case(V)
def overlapping_shift_in_place(x):
    x = x.copy()
    x[1:] = x[:-1]
    x[:-1] += x[1:]
    return x**2


@case(V)
def overlapping_augmented(x):
    x = x.copy()
    x[1:] += x[:-1]
    x[::-1] -= 0.5 * x
    return x


@case(V)
def swap_by_tuple_assignment(x):
    x = x.copy()
    x[0], x[1] = x[1], x[0]
    x[[2, 3]] = x[[3, 2]]
    x[4:6] = x[5:3:-1]
    return x * np.arange(6)


@case(M, order=1)
def swap_rows_views_alias(m):
    m = m.copy()
    tmp = m[0].copy()
    m[0] = m[1]
    m[1] = tmp
    m[[2, 3]] = m[[3, 2]]
    return m * np.arange(20.0).reshape(4, 5)


@case(M, order=1)
def wrong_swap_with_alias(m):
    m = m.copy()
    a, b = m[0], m[1]
    m[0] = b
    m[1] = a
    return m**2


@case(V)
def duplicate_indices_last_wins(x):
    y = np.zeros_like(x)
    y[[0, 0, 1]] = x[:3]
    y[[2, 2, 2]] += x[3:]
    return y


@case(V)
def add_at_duplicates(x):
    y = np.zeros_like(x)
    np.add.at(y, [0, 0, 1, 5], x[:4] ** 2)
    np.multiply.at(y, [0, 0], 2.0)
    return y


@case(V)
def mask_read_then_modified(x):
    m = x > 0
    y = x.copy()
    y[m] = y[m] ** 2
    y[~m] *= -0.5
    y[y > 1] = 1 + np.log(y[y > 1])
    return y


@case(M, order=1)
def mask_rows_and_columns(m):
    y = m.copy()
    y[m[:, 0] > 0] *= 2
    y[:, m[0] > 0] -= 1
    y[np.ix_([0, 2], [1, 3])] = m[np.ix_([1, 3], [0, 2])]
    return y


@case(M, order=1)
def newaxis_ellipsis_negative_steps(m):
    return m[..., ::-2][:, None, :] * m[::-1, np.newaxis, 1:4] + m[-1, ..., -1]


@case(M, order=1)
def mixed_advanced_and_slices(m):
    c = np.stack([m, m**2, np.sin(m)])
    return c[[0, 2], :, [1, 3]], c[:, [0, 1], 1:3], c[1, [[0], [3]], [0, 2]]


@case(V)
def out_argument_of_ufuncs(x):
    buf = np.empty_like(x)
    np.sin(x, out=buf)
    np.multiply(buf, x, buf)
    np.add(buf, 1, out=buf[...])
    s = buf
    np.exp(buf, out=(s,))
    return s + buf


@case(V)
def out_argument_with_where(x):
    buf = np.zeros_like(x)
    np.log(x, out=buf, where=x > 0)
    np.sqrt(x, where=x > 0, out=buf[:])
    return buf


@case(M, order=1)
def out_of_reductions_and_products(m):
    s = np.zeros_like(m[0])
    np.sum(m, axis=0, out=s)
    g = np.zeros_like(m, shape=(4, 4))
    np.matmul(m, m.T, out=g)
    np.dot(g, g, out=g.copy())
    c = np.empty_like(m)
    np.cumsum(m, axis=1, out=c)
    return s, g, c, np.clip(m, -0.5, 0.5, out=c)


@case(V)
def copyto_and_putmask(x):
    y = np.zeros_like(x)
    np.copyto(y, x**2, where=x > 0)
    np.putmask(y, x < -0.5, x**3)
    np.put(y, [0, 1], x[4:])
    np.place(y, np.arange(6) == 3, x[:1])
    return y


@case(V)
def fill_and_flat(x):
    y = x.copy()
    y.fill(x[2])
    y.flat[1] = x[0]
    y.flat[3:] = x[1]
    return y * x


@case(M, order=1)
def diagonal_and_einsum_views(m):
    s = m[:, :4] @ m[:, :4].T
    np.einsum("ii->i", s)[:] = 1.0
    s[np.diag_indices(4)] += m[:, 4]
    return s


@case(V)
def loop_carried_row_buffer(x):
    row = np.zeros_like(x, shape=3)
    rows = []
    for i in range(4):
        row[:] = x[i : i + 3]
        row[0] *= i
        rows.append(row.copy())
    return np.stack(rows)


@case(V)
def list_of_the_same_buffer(x):
    row = np.zeros_like(x, shape=3)
    rows = []
    for i in range(3):
        row += x[i : i + 3]
        rows.append(row)
    return np.stack(rows)


@case(V)
def iteration_gives_views(x):
    m = x.reshape(2, 3).copy()
    for row in m:
        row *= row.sum()
    for i, v in enumerate(m[0]):
        m[1, i] += v**2
    return m


@case(V)
def augmented_name_rebinds_scalar(x):
    s = x[0]
    s += x[1]
    s *= 2
    t = x[2:3]
    t = t + 1
    t *= s
    return s, t, x[0]


@case(V)
def writes_into_an_argument_through_helper(x):
    def normalise(v):
        v /= np.sqrt(v @ v)

    y = x.copy()
    normalise(y)
    normalise(y[:3])
    return y


@case(M, order=1)
def column_view_written(m):
    m = m + 0
    col = m[:, 0]
    col *= 10
    col[1:] += m[1:, 1]
    return m.sum(axis=1)


@case(M, order=1)
def gram_schmidt_in_place(m):
    q = m.T.copy()
    for i in range(4):
        for j in range(i):
            q[:, i] -= (q[:, j] @ q[:, i]) * q[:, j]
        q[:, i] /= np.linalg.norm(q[:, i])
    return q


@case(_r.randn(4, 4) + 4 * np.eye(4), _r.randn(4))
def lu_in_place_with_pivot(A, b):
    A, b = A.copy(), b.copy()
    n = len(b)
    for k in range(n):
        p = k + np.argmax(np.abs(A[k:, k]))
        if p != k:
            A[[k, p]] = A[[p, k]]
            b[[k, p]] = b[[p, k]]
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            A[i, k + 1 :] -= A[i, k] * A[k, k + 1 :]
            b[i] -= A[i, k] * b[k]
    for i in range(n - 1, -1, -1):
        b[i] = (b[i] - A[i, i + 1 :] @ b[i + 1 :]) / A[i, i]
    return b


@case(_r.rand(4, 4), order=1)
def cholesky_in_place(B):
    A = B @ B.T + np.eye(4)
    L = np.zeros_like(A)
    for j in range(4):
        L[j, j] = np.sqrt(A[j, j] - L[j, :j] @ L[j, :j])
        L[j + 1 :, j] = (A[j + 1 :, j] - L[j + 1 :, :j] @ L[j, :j]) / L[j, j]
    return np.log(np.diag(L)).sum()


@case(_r.rand(4, 3), order=1)
def householder_qr_in_place(A):
    R = A.copy()
    for k in range(3):
        v = R[k:, k].copy()
        v[0] += np.sign(v[0]) * np.sqrt(v @ v)
        v /= np.sqrt(v @ v)
        R[k:, k:] -= 2 * np.outer(v, v @ R[k:, k:])
    return np.triu(R)


@case(V)
def returns_an_argument_and_a_view(x):
    return x, x[2:], x[1]


@case(V)
def returns_a_view_then_written(x):
    y = x**2
    z = y[1:4]
    y[2] = 0
    return z


@case(V)
def returns_same_leaf_twice(x):
    y = np.cumsum(x)
    return [y, y, (y[0], y)]


@case(V.copy(), V.copy() * 2)
def two_arguments_written(x, y):
    x += y
    y[:] = x * 2
    return (x * y).sum()


@case(V)
def scalar_zero_dim_array_writes(x):
    a = np.zeros_like(x, shape=())
    a[...] = x[0] ** 2
    a += x[1]
    a[()] *= 3
    return a * x[2]


@case(np.array(0.7))
def zero_dim_argument(x):
    return np.sin(x) * x


@case(1.3, 2)
def python_numbers(x, n):
    total = 0
    for k in range(5):
        total += x**k / (k + 1)
    return total * n


@case(np.float64(0.3), np.float64(1.2))
def numpy_scalars(x, y):
    return np.hypot(x, y) + np.arctan2(y, x) + x**y


@case(V)
def boolean_arithmetic(x):
    return np.sum((x > 0) * x**2 - (x <= 0) * x) + (x > 0).sum() * x[0] + np.count_nonzero(x > 0.5) * x[1]


@case(V)
def searchsorted_piecewise(x):
    knots = np.array([-1.0, 0.0, 1.0])
    vals = np.array([1.0, 2.0, -1.0, 0.5])
    return vals[np.searchsorted(knots, x)] * x**2


@case(V)
def digitize_and_histogram_weights(x):
    b = np.digitize(x, [-0.5, 0.5])
    out = np.zeros_like(x, shape=3)
    for k in range(3):
        out[k] = (x[b == k] ** 2).sum()
    return out


@case(V)
def sorted_and_python_max(x):
    return sorted(x)[2] * max(x) + min(x[0], x[1], key=lambda v: v**2) + sum(x) + abs(x[3])


@case(V)
def nonzero_argwhere_select(x):
    i = np.nonzero(x > 0)[0]
    j = np.argwhere(x < 0)[:, 0]
    k = np.flatnonzero(x > 10)
    return np.sum(x[i]) ** 2 + np.prod(x[j]) + np.sum(x[k])


@case(V)
def choose_select_piecewise(x):
    a = np.choose([0, 1, 2, 0, 1, 2], [x, x**2, np.sin(x)])
    b = np.select([x > 1, x > 0], [x**3, x * 2], default=-x)
    c = np.piecewise(x, [x < 0, x >= 0], [lambda t: t**2, lambda t: np.exp(t)])
    return a, b, c


@case(V)
def where_with_nan_branch(x):
    with np.errstate(all="ignore"):
        return np.where(x > 0, np.log(x), 0) + np.where(x == 0, 1.0, np.sin(x) / x) + np.where(x > 0, np.sqrt(x), -x)


@case(np.array([0.0, 1.0, -1.0]), kinks=True)
def where_guards_zero(x):
    with np.errstate(all="ignore"):
        return np.where(x == 0, 1.0, np.sin(x) / np.where(x == 0, 1.0, x)) * x


@case(V)
def nan_functions(x):
    y = x.copy()
    y[2] = np.nan
    return np.nansum(y), np.nanmean(y), np.nanstd(y), np.nanmax(y), np.nan_to_num(y)


@case(V)
def del_and_reuse_names(x):
    y = x
    x = x * 2
    del x
    z = y
    z = z[::-1]
    return z * y


@case(V)
def walrus_and_comprehensions(x):
    if (n := len(x)) > 3:
        parts = [v * i for i, v in enumerate(x) if i % 2]
    table = dict(zip("abcdef", x))
    return np.stack(parts).sum() * n + table["c"] * sum(v for v in table.values())
