"""NumPy's functions one by one and in small combinations."""

import numpy as np

from battery.registry import case

_r = np.random.RandomState(5)
V, W = _r.randn(6), _r.randn(6)
M, N = _r.randn(3, 4), _r.randn(4, 3)
P = _r.rand(6) + 0.3
S = _r.randn(4, 4)
C = _r.randn(4) + 1j * _r.randn(4)


def _simple(name, function, *args, **options):
    function.__name__ = name
    function.__module__ = __name__
    case(*args, **options)(function)


UNARY = {
    "sin cos tan": lambda x: np.sin(x) * np.cos(x) + np.tan(x / 2),
    "arc": lambda x: np.arcsin(x / 3) + np.arccos(x / 4) * np.arctan(x),
    "hyperbolic": lambda x: np.sinh(x) + np.cosh(x) * np.tanh(x),
    "area": lambda x: np.arcsinh(x) + np.arccosh(x**2 + 1.5) + np.arctanh(x / 3),
    "exp": lambda x: np.exp(x) + np.exp2(x) + np.expm1(x),
    "log": lambda x: np.log(x**2 + 1) + np.log2(x**2 + 2) + np.log10(x**2 + 3) + np.log1p(x**2),
    "powers": lambda x: x**3 + x**2.0 + np.square(x) + np.power(x, 3) + (x**2) ** 0.3 + 2**x + np.reciprocal(x),
    "float_power": lambda x: np.float_power(x**2 + 1, 1.5),
    "abs sign": lambda x: np.abs(x) * np.sign(x - 0.1) + np.fabs(x) ** 3 + np.absolute(x),
    "degrees": lambda x: np.degrees(x) + np.radians(x) + np.deg2rad(x) * np.rad2deg(x),
    "sinc i0": lambda x: np.sinc(x) + np.i0(x),
    "floor": lambda x: x * np.floor(x) + np.ceil(x) * x**2 + np.trunc(x) + np.rint(x) * x,
    "mod": lambda x: np.mod(x, 0.7) + x % 0.9 + np.fmod(x, 0.4) + np.remainder(x, -0.3),
    "divmod": lambda x: divmod(x, 0.4)[0] * x + divmod(x, 0.4)[1] + x // 0.3 * x + np.modf(x)[0],
    "cumulative": lambda x: np.cumsum(x) * np.cumprod(x) + np.add.accumulate(x**2) + np.maximum.accumulate(x),
    "reversed": lambda x: x[::-1] * np.flip(x) + np.roll(x, 2) - np.roll(x, -1) * x,
    "diff": lambda x: np.diff(x, n=2).sum() + np.ediff1d(x, to_begin=x[:1]) * np.gradient(x),
    "gradient spaced": lambda x: np.gradient(x, np.array([0.0, 0.1, 0.4, 0.5, 0.9, 1.0]), edge_order=2),
    "trapezoid": lambda x: np.trapezoid(x**2, dx=0.3) + np.trapezoid(x, np.linspace(0, 1, 6) ** 2),
    "convolve": lambda x: np.convolve(x, x[:3], "same") + np.correlate(x, x[2:4], "same"),
    "outer": lambda x: np.outer(x, x[:2]) + np.multiply.outer(x, np.sin(x[:2])),
    "kron": lambda x: np.kron(x[:3], x[3:]),
    "sort": lambda x: np.sort(x) * np.arange(6) + x[np.argsort(-x)] ** 2,
    "partition": lambda x: np.partition(x, 2)[2] ** 2 + np.sort(np.partition(x, 3)[:3]).prod(),
    "unique": lambda x: np.unique(x) ** 2,
    "max min": lambda x: (
        x.max() * x.min() + np.ptp(x) + np.amax(x[:3]) * np.amin(x[2:]) + np.fmax(x, 0.2) * np.fmin(x[::-1], 0.1)
    ),
    "mean var std": lambda x: x.mean() + x.var() * x.std(ddof=1) + np.average(x, weights=np.arange(6)) + np.median(x),
    "average weights": lambda x: np.average(np.arange(6.0), weights=x**2),
    "prod": lambda x: np.prod(x) + np.multiply.reduce(x[1:]) + x[:4].reshape(2, 2).prod(axis=1),
    "logaddexp": lambda x: np.logaddexp(x, x[::-1]) + np.logaddexp2(x, 1.0) + np.logaddexp.reduce(x),
    "hypot": lambda x: np.hypot(x, x[::-1]) + np.arctan2(x, 1 + x**2) + np.copysign(x, -1.0),
    "where clip": lambda x: (
        np.where(x > 0, x**2, -x) + np.clip(x, -0.3, 0.5) + x.clip(min=0.1) + np.clip(0.2, x - 1, x + 1)
    ),
    "heaviside": lambda x: np.heaviside(x, 0.5) * x**2,
    "interp": lambda x: np.interp(0.3, np.arange(6) / 5, x) + np.interp(x, [-1.0, 0.0, 2.0], [0.5, 1.0, 3.0]),
    "interp knots": lambda x: np.interp(np.linspace(0.05, 0.95, 4), np.sort(x), np.cos(np.arange(6))),
    "linspace": lambda x: np.linspace(x[0], x[1], 5) * np.linspace(0, x[2:4], 5).T,
    "geomspace": lambda x: np.geomspace(x[0] ** 2 + 1, 5 + x[1], 4) + np.logspace(x[2] / 5, 1, 4),
    "meshgrid": lambda x: np.meshgrid(x[:2], x[2:5])[0] * np.meshgrid(x[:2], x[2:5], indexing="xy")[1],
    "stacking": lambda x: np.concatenate([np.stack([x, x**2]), np.vstack([x, np.ones(6)])]) @ np.hstack([x[:3], x[3:]]),
    "columns": lambda x: np.column_stack([x, x**2]) + np.dstack([x, x])[0],
    "append insert delete": lambda x: (
        np.insert(np.append(x, x[0] ** 2), 2, x[1] * 3)[:7] * np.delete(np.append(x, x[:2]), 3)
    ),
    "split": lambda x: np.split(x, 3)[1] * np.array_split(x, 4)[0] + np.hsplit(x, 2)[1][:2],
    "tile repeat": lambda x: (
        np.tile(x[:2], 3) * np.repeat(x[:3], 2) + np.repeat(x[:3], [1, 2, 3]) + np.resize(x[:4], 6)
    ),
    "pad": lambda x: (
        np.pad(x, 2) ** 2 + np.pad(x, 2, mode="edge") * np.pad(x, (1, 3), mode="reflect") + np.pad(x, 2, mode="wrap")
    ),
    "pad values": lambda x: (
        np.pad(x.reshape(2, 3), ((1, 0), (0, 2)), constant_values=((1, 2), (3, 4)))
        + np.pad(x.reshape(2, 3), ((1, 0), (2, 0)), mode="linear_ramp")
    ),
    "triangles": lambda x: np.tril(np.outer(x, x)) + np.triu(np.outer(x, x), 1) ** 2 + np.diag(x) * np.diagflat(x),
    "take": lambda x: (
        np.take(x, [[0, 1], [-1, 2]]) * x.take(3) + np.compress([1, 0, 1], x[:3])[0] + np.extract(x > 0, x).sum()
    ),
    "bincount": lambda x: np.bincount([0, 1, 1, 3, 0, 2], weights=x**2, minlength=5),
    "histogram": lambda x: np.histogram([0.1, 0.4, 0.45, 0.7, 0.2, 0.9], bins=3, weights=x)[0] ** 2,
    "cov corrcoef": lambda x: np.cov(x[:3], x[3:]) + np.corrcoef(x.reshape(2, 3)),
    "polyval": lambda x: np.polyval(x, np.array([0.5, -0.2])) + np.polyval([1.0, 2.0, -1.0], x)[:2],
    "poly": lambda x: np.polymul(x[:3], x[3:]) + np.polyadd(x[:3], x[1:6]),
    "percentile": lambda x: (
        np.percentile(x, 37) + np.quantile(x, [0.1, 0.9]).sum() + np.nanpercentile(x, 60, method="lower")
    ),
    "argmax": lambda x: x[np.argmax(x)] ** 2 + x[x.argmin()] * 3,
    "trace": lambda x: np.trace(np.outer(x, x[::-1])) + np.diagonal(np.outer(x, x), 1).sum(),
    "vander": lambda x: np.vander(x, 4) * np.vander(x, 4, increasing=True),
    "einsum": lambda x: (
        np.einsum("i,i", x, x)
        + np.einsum("i,j->ij", x, x)[0, 1]
        + np.einsum("ii", np.outer(x, x))
        + np.einsum(x, [0], x, [0], [])
    ),
    "unwrap": lambda x: np.unwrap(4 * x) * x,
    "nan": lambda x: np.nansum(x) + np.nanmean(x) * np.nanmax(x) + np.nanprod(x) + np.nan_to_num(x).sum(),
    "complex parts": lambda x: np.real(x + 1j * x**2) + np.imag((x + 1j) ** 2) + np.abs(x + 1j) + np.angle(1 + 1j * x),
    "rot moveaxis": lambda x: (
        np.rot90(x.reshape(2, 3))
        + np.moveaxis(x.reshape(1, 2, 3), 0, -1)[..., 0].T
        + np.swapaxes(x.reshape(2, 3), 0, 1)
    ),
    "atleast": lambda x: np.atleast_2d(x) + np.atleast_1d(x[0]) + np.expand_dims(x, 0) * np.squeeze(x[None, :, None]),
    "broadcast": lambda x: np.broadcast_to(x[:, None], (6, 2)) * np.broadcast_arrays(x[:, None], np.ones(2))[0],
    "round": lambda x: np.round(x, 1) * x + np.around(x),
    "ufunc methods": lambda x: (
        np.add.reduce(x) * np.add.outer(x, x).sum()
        + np.multiply.accumulate(x)
        + np.add.reduceat(x, [0, 2, 5]).sum()
        + np.subtract.outer(x, x)[0]
    ),
    "apply_along_axis": lambda x: np.apply_along_axis(lambda v: v * v.sum(), 0, x.reshape(2, 3)),
    "apply_over_axes": lambda x: np.apply_over_axes(np.sum, x.reshape(1, 2, 3) ** 2, [0, 2]),
    "ix indices": lambda x: x.reshape(2, 3)[np.ix_([1, 0], [2, 0])],
    "methods": lambda x: (
        x.sum() * x.prod()
        + x.dot(x)
        + x.cumsum().max()
        + x.reshape(2, 3).T.trace()
        + x.astype(float).mean()
        + x.copy().ravel().flatten().std()
    ),
    "methods more": lambda x: (
        x.repeat(2).reshape(3, 4).swapaxes(0, 1).squeeze().transpose().diagonal()
        + x.round(1).sum()
        + x.take([1, 2, 3])
        + x.conj().real.sum()
    ),
    "comparison sums": lambda x: (
        np.sum(x > 0) * x + np.any(x > 1) * x + (x == x + 0) * x + np.isfinite(x) * x**2 + np.sign(x) * x
    ),
    "spacing": lambda x: np.ldexp(x, 2) + np.frexp(x)[0] * 2.0 ** np.frexp(x)[1] + np.nextafter(x, 10),
    "cross": lambda x: np.cross(x[:3], x[3:]) + np.cross(x[:3], [1.0, 2.0, 3.0]),
    "inner vdot": lambda x: (
        np.inner(x, x) * np.vdot(x, x) + np.dot(x, x[::-1]) + np.tensordot(x.reshape(2, 3), x.reshape(2, 3))
    ),
    "set operations": lambda x: np.intersect1d(x, x[:3]) ** 2 + np.union1d(x[:2], x[1:3]),
    "block": lambda x: np.block([[np.outer(x[:2], x[:2]), np.eye(2)], [np.zeros((1, 2)), x[2:4]]]),
    "r_": lambda x: np.hstack((x[0], x[1:3], 5.0)) * np.concatenate((x[:2], [1.0, x[4]])),
    "matrix power": lambda x: (
        np.linalg.matrix_power(x[:4].reshape(2, 2), 5) + np.linalg.multi_dot([x[:4].reshape(2, 2)] * 3)
    ),
    "sliding windows": lambda x: np.lib.stride_tricks.sliding_window_view(x, 3).mean(axis=1) ** 2,
    "blackman": lambda x: np.hanning(6) * x + np.kaiser(6, 2.0) * x**2,
    "tri": lambda x: x[np.tri(3, 4, -1, dtype=bool).sum(0)[:3]] + x.reshape(2, 3)[np.triu_indices(2)].sum(),
    "searchsorted": lambda x: np.searchsorted(np.sort(x), 0.1) * x,
    "lexsort": lambda x: x[np.lexsort((x, np.round(x)))] * np.arange(6),
    "trim": lambda x: np.trim_zeros(np.concatenate([np.zeros(2), x])) ** 2,
    "fill_diagonal": lambda x: _filled(x),
    "cumulative functions": lambda x: (
        np.cumulative_sum(x) * np.cumulative_prod(x) if hasattr(np, "cumulative_sum") else x
    ),
    "linalg vecdot": lambda x: (
        np.linalg.vecdot(x.reshape(2, 3), x.reshape(2, 3)) + np.vecdot(x[:2], x[2:4]) if hasattr(np, "vecdot") else x
    ),
    "astype float32": lambda x: x.astype(np.float64) * x.astype(float) + x.astype("f8"),
}


def _filled(x):
    m = np.outer(x, x)
    np.fill_diagonal(m, x**3)
    return m


for _name, _function in UNARY.items():
    _simple(_name, _function, V, scale=1e-3)

TWO = {
    "matmul": lambda a, b: a @ b @ a,
    "dot": lambda a, b: np.dot(a, b) * np.matmul(a, b) + a.dot(b),
    "einsum": lambda a, b: np.einsum("ij,jk,kl->il", a, b, a, optimize=True) + np.einsum("ij,jk->ik", a, b) @ a,
    "einsum ellipsis": lambda a, b: np.einsum("...j,j...->...", a, b) + np.einsum("ij->i", a),
    "tensordot": lambda a, b: np.tensordot(a, b, axes=([0], [1])) + np.tensordot(a, b, 1).sum(),
    "axes": lambda a, b: (
        a.sum(0) * b.max(1) + a.mean(axis=0, keepdims=True)[0] - np.prod(b, axis=-1) + np.std(a, axis=0)
    ),
    "broadcast": lambda a, b: a[:, :, None] * b[None] / (1 + a[:, :, None] ** 2) - b[:, 0][:, None],
    "cumulative axes": lambda a, b: np.cumsum(a, 1) @ np.cumprod(b, 0) + np.diff(a, axis=1) @ np.sort(b, axis=0)[:3],
    "kron": lambda a, b: np.kron(a, b),
    "concatenate": lambda a, b: np.concatenate([a, b.T], axis=0) @ np.concatenate((b, a.T), axis=None).reshape(4, 6),
    "block": lambda a, b: np.block([[a, np.zeros((3, 3))], [np.zeros((4, 4)), b]]),
    "where broadcast": lambda a, b: np.where(a > 0, a, b.T) * np.where(np.arange(4) > 1, a, 2.0),
    "maximum": lambda a, b: np.maximum(a, b.T) * np.minimum(a, 0.3) + np.fmax(a, b.T),
    "norms": lambda a, b: (
        np.linalg.norm(a) * np.linalg.norm(b, axis=0).sum()
        + np.linalg.norm(a, 1)
        + np.linalg.norm(b, np.inf)
        + np.linalg.norm(a, "nuc")
        + np.linalg.norm(a, 2)
    ),
    "vector norms": lambda a, b: (
        np.linalg.norm(a, 3, axis=1).sum() * np.linalg.norm(b.ravel(), 1)
        + np.linalg.norm(b.ravel(), np.inf)
        + np.linalg.norm(a, axis=(0, 1))
    ),
    "pinv": lambda a, b: np.linalg.pinv(a) * b,
    "lstsq": lambda a, b: np.linalg.lstsq(b, a[0], rcond=None)[0],
    "svd": lambda a, b: np.linalg.svd(a, compute_uv=False) + np.linalg.svd(b, full_matrices=False)[1],
    "svd product": lambda a, b: _with_squares(*np.linalg.svd(a, full_matrices=False)),
    "qr": lambda a, b: np.linalg.qr(b)[0] @ np.linalg.qr(b)[1] + np.linalg.qr(b)[0] * 2,
    "cdist": lambda a, b: np.sqrt(((a[:, None, :] - b.T[None, :, :]) ** 2).sum(-1)),
    "take_along": lambda a, b: np.take_along_axis(a, np.argsort(a, axis=1), axis=1) @ b,
    "outer chain": lambda a, b: np.outer(a, b)[::3, ::5] * a.ravel()[::3, None],
    "divide": lambda a, b: (
        a / (b.T**2 + 1)
        + np.divide(b.T, 2 + a**2)
        + np.true_divide(a, 3)
        - np.negative(a)
        + np.positive(b.T) * np.subtract(a, 1)
    ),
    "power": lambda a, b: (a**2 + 1) ** b.T + np.power(np.abs(a), 2.5) + 3.0**a,
}
for _name, _function in TWO.items():
    _simple(f"two {_name}", _function, M, N)

SQUARE = {
    "inv": lambda a: np.linalg.inv(a),
    "det": lambda a: np.linalg.det(a),
    "slogdet": lambda a: np.linalg.slogdet(a)[1],
    "solve": lambda a: np.linalg.solve(a, a.T) + np.linalg.solve(a, a[0])[:, None],
    "cholesky": lambda a: np.linalg.cholesky(a @ a.T + np.eye(4)),
    "eigh": lambda a: np.linalg.eigh(a + a.T)[0],
    "eigh vectors": lambda a: np.linalg.eigh(a + a.T)[1] ** 2,
    "eigvalsh": lambda a: np.sum(np.linalg.eigvalsh(a + a.T) ** 3),
    "eigvals": lambda a: np.sort(np.abs(np.linalg.eigvals(a + 5 * np.diag(np.arange(4.0))))),
    "eig": lambda a: np.linalg.eig(a + 5 * np.diag(np.arange(4.0)))[0].real.max(),
    "expm series": lambda a: _expm(a / 4),
    "sqrtm by eigh": lambda a: _root(*np.linalg.eigh(a @ a.T + np.eye(4))),
    "stacked": lambda a: (
        np.linalg.inv(np.stack([a, a.T + np.eye(4)])).sum(0) + np.linalg.det(np.stack([a, 2 * a])).sum()
    ),
    "stacked solve": lambda a: np.linalg.solve(np.stack([a, a @ a + np.eye(4)]), np.ones((2, 4, 1)))[..., 0],
    "cond": lambda a: np.linalg.cond(a),
    "matrix rank unused": lambda a: a.sum() * np.linalg.matrix_rank(a),
    "trace power": lambda a: np.trace(np.linalg.matrix_power(a, 3)) + np.trace(np.linalg.matrix_power(a, -1)),
    "tensorsolve": lambda a: np.linalg.tensorinv(a.reshape(2, 2, 4), ind=2).sum(0),
    "lyapunov by kron": lambda a: np.linalg.solve(
        np.kron(a, np.eye(4)) + np.kron(np.eye(4), a) + 9 * np.eye(16), np.eye(4).ravel()
    ),
}


def _with_squares(u, s, vt):
    return (u * s**2) @ vt


def _root(w, q):
    return (q * np.sqrt(w)) @ q.T


def _expm(a):
    out, term = np.eye(4), np.eye(4)
    for k in range(1, 15):
        term = term @ a / k
        out = out + term
    return out


for _name, _function in SQUARE.items():
    _simple(f"square {_name}", _function, S, scale=1e-3 if "eig" in _name else 1e-2, order=2)

FFT = {
    "rfft power": lambda x: np.abs(np.fft.rfft(x)) ** 2,
    "fft parts": lambda x: np.fft.fft(x).real * np.fft.fft(x).imag,
    "convolution": lambda x: np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(x[::-1]), 6),
    "odd": lambda x: np.fft.irfft(np.fft.rfft(x[:5]), 5) ** 2 + np.fft.ifft(np.fft.fft(x, 8)).real[:5],
    "shift": lambda x: np.fft.fftshift(np.abs(np.fft.fft(x))) * np.fft.ifftshift(x) + np.fft.fftfreq(6),
    "fft2": lambda x: np.abs(np.fft.fft2(x.reshape(2, 3))) + np.fft.ifft2(np.fft.fft2(x.reshape(2, 3))).real,
    "ortho": lambda x: np.abs(np.fft.fft(x, norm="ortho")) + np.fft.rfftn(x.reshape(2, 3), norm="forward").real.sum(),
    "low pass": lambda x: _low_pass(x),
    "hfft": lambda x: np.fft.hfft(x[:4] + 0j) + np.fft.ihfft(x).real.sum(),
}


def _low_pass(x):
    X = np.fft.rfft(x)
    X[2:] = 0
    return np.fft.irfft(X, len(x))


for _name, _function in FFT.items():
    _simple(f"fft {_name}", _function, V)

COMPLEX = {
    "abs angle": lambda a, b: np.abs(a + 1j * b) * np.angle(a + 1j * b),
    "polynomial": lambda a, b: ((a + 1j * b) ** 3 + np.exp(1j * a) * np.conj(a - 1j * b)).real,
    "division": lambda a, b: (1 / (a + 1j * b) + (a - 1j) / (2 + 1j * b)).imag,
    "functions": lambda a, b: np.real(
        np.sin(a + 1j * b) + np.log(a + 1j * b) + np.sqrt(a + 1j * b) + np.tanh(a + 1j * b)
    ),
    "matrix": lambda a, b: np.real(np.linalg.inv(np.diag(a + 1j * b) + 1j * np.ones((6, 6)))),
    "vdot": lambda a, b: np.abs(np.vdot(a + 1j * b, b - 1j * a)) ** 2 + np.inner(a + 1j, b + 2j).imag,
    "assign parts": lambda a, b: _parts(a, b),
    "hermitian eigh": lambda a, b: np.linalg.eigvalsh(np.outer(a + 1j * b, a - 1j * b) + np.diag(np.arange(6.0) * 3)),
    "where": lambda a, b: np.where(a > 0, a + 1j * b, np.conj(a + 1j * b)).imag,
    "power": lambda a, b: np.abs((a + 1j * b) ** (0.5 + 0.2j)) + ((a + 1j * b) ** -2).real,
    "impedance": lambda a, b: np.abs(1 / (1 / (a[0] ** 2 + 1j * np.arange(1, 7) * b) + 1j * a)),
    "fft filter": lambda a, b: np.fft.ifft(np.fft.fft(a + 1j * b) * np.exp(-1j * np.arange(6) * a)).real,
    "sorting": lambda a, b: np.abs(np.sort(a + 1j * b)),
}


def _parts(a, b):
    z = np.zeros_like(a, dtype=complex)
    z.real = a**2
    z.imag[::2] = b[::2]
    z[1] *= 1j
    w = z.conj().T
    w.real += 1
    return np.abs(z * w)


for _name, _function in COMPLEX.items():
    _simple(f"complex {_name}", _function, V, W)

_simple("positive roots", lambda x: np.sqrt(x) + np.cbrt(x) + x**0.25 + 1 / np.sqrt(x) + np.log(x), P)
_simple(
    "float32",
    lambda x: np.tanh(x * np.float32(2)) @ x,
    V.astype(np.float32),
    rtol=2e-3,
    value=1e-6,
    modes=1e-5,
    order=1,
    scale=0.3,
)
_simple(
    "float32 dtypes",
    lambda x: (x.astype(np.float64) * 2, x * 2, x + np.ones(6), np.sum(x, dtype=float)),
    V.astype(np.float32),
    rtol=2e-3,
    value=1e-6,
    modes=1e-5,
    scale=0.3,
)
