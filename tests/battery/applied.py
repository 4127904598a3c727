"""Finance, control, robotics, geometry, images, chemistry, epidemics, optimisation, splines, finite elements."""

import numpy as np
from scipy.special import erf, expit, gammaln

from battery.registry import case

_r = np.random.RandomState(6)


@case(100.0, 105.0, 0.2, 0.03, 0.75, rtol=1e-6, scale=1e-3)
def black_scholes(S, K, vol, r, T):
    d1 = (np.log(S / K) + (r + vol**2 / 2) * T) / (vol * np.sqrt(T))
    d2 = d1 - vol * np.sqrt(T)
    N = lambda z: (1 + erf(z / np.sqrt(2))) / 2
    return S * N(d1) - K * np.exp(-r * T) * N(d2)


@case(100.0, 0.25, 0.02)
def american_put_binomial(S, vol, r):
    n, T, K = 12, 1.0, 103.0
    dt = T / n
    u = np.exp(vol * np.sqrt(dt))
    d = 1 / u
    p = (np.exp(r * dt) - d) / (u - d)
    prices = S * d ** np.arange(n, -1, -1) * u ** np.arange(0, n + 1)
    V = np.maximum(K - prices, 0)
    for _k in range(n - 1, -1, -1):
        V = np.exp(-r * dt) * (p * V[1:] + (1 - p) * V[:-1])
        prices = prices[:-1] * u
        V = np.maximum(V, K - prices)
    return V[0]


@case(np.array([0.03, 0.035, 0.04, 0.042]))
def bond_bootstrap(rates):
    df = np.zeros_like(rates)
    for i in range(len(rates)):
        df[i] = (1 - rates[i] * df[:i].sum()) / (1 + rates[i])
    return df, -np.log(df) / np.arange(1, 5)


@case(np.array([0.01, 0.6, 0.3]), order=2)
def garch_likelihood(p):
    omega, a, b = p
    r = _GARCH
    h = r.var()
    ll = 0.0
    for x in r:
        ll += np.log(h) + x**2 / h
        h = omega + a * x**2 + b * h
    return 0.5 * ll


_GARCH = _r.randn(15) * 0.1


@case(np.array([0.3, 0.3, 0.4]))
def portfolio_risk_parity(w):
    C = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.16]])
    w = w / np.sum(np.abs(w))
    rc = w * (C @ w) / np.sqrt(w @ C @ w)
    return ((rc[:, None] - rc) ** 2).sum()


@case(_r.randn(30) * 0.02 + 0.001, scale=1e-4)
def max_drawdown(returns):
    wealth = np.cumprod(1 + returns)
    peak = np.maximum.accumulate(wealth)
    return np.max(1 - wealth / peak)


@case(np.array([0.3, -0.5, 0.8]), np.array([1.0, 0.7, 0.4]))
def forward_kinematics(q, lengths):
    T = np.eye(3)
    for a, l in zip(q, lengths):
        c, s = np.cos(a), np.sin(a)
        R = np.stack([np.stack([c, -s, l * c]), np.stack([s, c, l * s]), np.array([0.0, 0.0, 1.0])])
        T = T @ R
    return T[:2, 2]


@case(np.array([0.2, 0.5, -0.4, 0.8]))
def quaternion_rotation(q):
    w, x, y, z = q / np.linalg.norm(q)
    R = np.stack(
        [
            1 - 2 * (y**2 + z**2),
            2 * (x * y - z * w),
            2 * (x * z + y * w),
            2 * (x * y + z * w),
            1 - 2 * (x**2 + z**2),
            2 * (y * z - x * w),
            2 * (x * z - y * w),
            2 * (y * z + x * w),
            1 - 2 * (x**2 + y**2),
        ]
    ).reshape(3, 3)
    return R @ np.array([1.0, 2.0, 3.0]), np.trace(R)


@case(np.array([0.1, 0.2, -0.1, 0.5, 0.3, 4.0]), order=1)
def camera_reprojection(pose):
    w, t = pose[:3], pose[3:]
    X = np.array([[0.0, 0, 0], [1, 0, 0.5], [0, 1, 1], [1, 1, 0]])
    theta = np.linalg.norm(w)
    k = w / theta
    Xr = X * np.cos(theta) + np.cross(k, X) * np.sin(theta) + np.outer(X @ k, k) * (1 - np.cos(theta))
    P = Xr + t
    return (500 * P[:, :2] / P[:, 2:]).ravel()


@case(np.array([1.0, 0.5]), np.array([0.2, -0.3]))
def mpc_rollout(x0, u0):
    A = np.array([[1.0, 0.1], [0.0, 1.0]])
    B = np.array([0.005, 0.1])
    x, cost = x0, 0.0
    for k in range(10):
        u = np.clip(u0[k % 2] - 0.3 * x[0], -1.0, 1.0)
        cost += x @ x + 0.1 * u**2
        x = A @ x + B * u
    return cost + 10 * x @ x


@case(np.array([1.0, 0.3, 0.2, 0.5]))
def riccati_iteration(p):
    A = np.array([[1.0, 0.1], [0.0, 0.95]])
    B = np.array([[0.0], [0.1]])
    Q = np.diag(p[:2])
    P = Q
    for _ in range(15):
        K = np.linalg.solve(p[2:3] + B.T @ P @ B, B.T @ P @ A)
        P = Q + A.T @ P @ (A - B @ K)
    return np.trace(P) * p[3]


@case(np.array([2.0, 0.5, 0.1]))
def pid_with_antiwindup(gains):
    kp, ki, kd = gains
    y, integ, prev, cost = 0.0, 0.0, 0.0, 0.0
    for _ in range(25):
        e = 1.0 - y
        u = kp * e + ki * integ + kd * (e - prev)
        if u > 1.5:
            u = 1.5
        else:
            integ += e * 0.1
        y += 0.1 * (u - y)
        prev = e
        cost += e**2
    return cost


@case(_r.rand(5, 2), order=1)
def polygon_area_perimeter_centroid(p):
    q = np.roll(p, -1, axis=0)
    cr = p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1]
    A = cr.sum() / 2
    return A, np.linalg.norm(q - p, axis=1).sum(), ((p + q) * cr[:, None]).sum(0) / (6 * A)


@case(_r.randn(4, 3), order=1)
def signed_distance_to_capsule(p):
    a, b, r = p[0], p[1], 0.3
    q = p[2:]
    t = np.clip((q - a) @ (b - a) / ((b - a) @ (b - a)), 0.0, 1.0)
    return np.linalg.norm(q - a - t[:, None] * (b - a), axis=1) - r


@case(_r.randn(4, 2))
def bezier_de_casteljau(p):
    t = np.linspace(0, 1, 5)[:, None, None]
    q = np.broadcast_to(p, (5, 4, 2))
    while q.shape[1] > 1:
        q = (1 - t) * q[:, :-1] + t * q[:, 1:]
    return q[:, 0]


@case(_r.randn(7), np.array([0.2, 0.55, 0.9]))
def b_spline_cox_de_boor(c, u):
    k = 3
    t = np.concatenate([np.zeros(k), np.linspace(0, 1, 5), np.ones(k)])

    def basis(i, p, x):
        if p == 0:
            return ((t[i] <= x) & (x < t[i + 1])).astype(float)
        out = 0.0
        if t[i + p] > t[i]:
            out = out + (x - t[i]) / (t[i + p] - t[i]) * basis(i, p - 1, x)
        if t[i + p + 1] > t[i + 1]:
            out = out + (t[i + p + 1] - x) / (t[i + p + 1] - t[i + 1]) * basis(i + 1, p - 1, x)
        return out

    return sum(c[i] * basis(i, k, u) for i in range(7))


@case(_r.rand(6), np.array([0.15, 0.77]))
def natural_cubic_spline(y, s):
    n = len(y)
    x = np.linspace(0, 1, n)
    h = x[1] - x[0]
    A = np.diag(4 * np.ones(n - 2)) + np.diag(np.ones(n - 3), 1) + np.diag(np.ones(n - 3), -1)
    m = np.zeros_like(y)
    m[1:-1] = np.linalg.solve(A, 6 * (y[2:] - 2 * y[1:-1] + y[:-2]) / h**2)
    i = np.clip(np.searchsorted(x, s) - 1, 0, n - 2)
    a, b = (x[i + 1] - s) / h, (s - x[i]) / h
    return a * y[i] + b * y[i + 1] + ((a**3 - a) * m[i] + (b**3 - b) * m[i + 1]) * h**2 / 6


@case(_r.rand(4, 2) + np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * 2, np.array([1.0, 2.0]), order=1)
def finite_elements_assembly(nodes, k):
    tri = np.array([[0, 1, 2], [0, 2, 3]])
    K = np.zeros_like(nodes, shape=(4, 4))
    for e, t in enumerate(tri):
        x = nodes[t]
        B = np.linalg.inv(np.concatenate([np.ones((3, 1)), x], axis=1))[1:]
        d1, d2 = x[1] - x[0], x[2] - x[0]
        area = 0.5 * np.abs(d1[0] * d2[1] - d1[1] * d2[0])
        np.add.at(K, np.ix_(t, t), k[e] * area * B.T @ B)
    f = np.array([1.0, 0.0, 0.5])
    return f @ np.linalg.solve(K[1:, 1:] + 0.1 * np.eye(3), f)


@case(np.array([1.0, 2.0, 1.5]), order=2)
def truss_scatter_slices(EA):
    K = np.zeros_like(EA, shape=(4, 4))
    ke = np.array([[1.0, -1.0], [-1.0, 1.0]])
    for e, s in enumerate(EA):
        K[e : e + 2, e : e + 2] += s * ke
    u = np.zeros_like(EA, shape=4)
    u[1:] = np.linalg.solve(K[1:, 1:], np.array([0.0, 0.5, 1.0]))
    return u @ K @ u


@case(_r.rand(5, 6), order=1)
def sobel_edges(img):
    gx = img[1:-1, 2:] - img[1:-1, :-2] + 0.5 * (img[2:, 2:] - img[2:, :-2] + img[:-2, 2:] - img[:-2, :-2])
    gy = img[2:, 1:-1] - img[:-2, 1:-1]
    return np.hypot(gx, gy)


@case(_r.rand(5, 5), np.array([0.3, -0.2]))
def bilinear_warp(img, shift):
    y, x = np.mgrid[1:4, 1:4]
    yy, xx = y + shift[0], x + shift[1]
    y0, x0 = np.floor(yy).astype(int), np.floor(xx).astype(int)
    wy, wx = yy - y0, xx - x0
    return (
        img[y0, x0] * (1 - wy) * (1 - wx)
        + img[y0 + 1, x0] * wy * (1 - wx)
        + img[y0, x0 + 1] * (1 - wy) * wx
        + img[y0 + 1, x0 + 1] * wy * wx
    )


@case(_r.rand(5, 5), order=1)
def total_variation_denoising_step(u):
    dx, dy = np.diff(u, axis=1, append=u[:, -1:]), np.diff(u, axis=0, append=u[-1:])
    n = np.sqrt(dx**2 + dy**2 + 1e-2)
    px, py = dx / n, dy / n
    div = px.copy()
    div[:, 1:] -= px[:, :-1]
    div[0] += py[0]
    div[1:] += py[1:] - py[:-1]
    return u + 0.1 * div


@case(_r.rand(6, 6), order=1)
def gaussian_blur_separable(img):
    g = np.exp(-0.5 * np.arange(-2, 3) ** 2)
    g /= g.sum()
    tmp = np.apply_along_axis(lambda v: np.convolve(v, g, mode="same"), 0, img)
    return np.apply_along_axis(lambda v: np.convolve(v, g, mode="same"), 1, tmp) ** 2


@case(_r.rand(5, 5), order=1)
def median_filter(img):
    w = np.lib.stride_tricks.sliding_window_view(img, (3, 3)).reshape(3, 3, 9)
    return np.median(w, axis=-1)


@case(_r.rand(4, 4), order=1)
def structural_similarity(x):
    y = np.linspace(0, 1, 16).reshape(4, 4)
    mx, my = x.mean(), y.mean()
    return (
        (2 * mx * my + 0.01)
        * (2 * ((x - mx) * (y - my)).mean() + 0.03)
        / ((mx**2 + my**2 + 0.01) * (x.var() + y.var() + 0.03))
    )


@case(_r.rand(5, 5), order=1)
def life_like_soft_automaton(g):
    for _ in range(2):
        n = sum(np.roll(g, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0))
        g = np.exp(-((n - 3) ** 2)) * (1 - g) + np.exp(-((n - 2.5) ** 2)) * g
    return g.mean()


@case(np.array([1.0, 0.0, 0.0]), np.array([0.04, 3.0, 1.0]))
def robertson_implicit_euler(y, k):
    for _ in range(3):
        z = y
        for _ in range(4):
            r1, r2, r3 = k[0] * z[0], k[1] * z[1] ** 2, k[2] * z[1] * z[2]
            F = z - y - 0.1 * np.stack([-r1 + r3, r1 - r3 - r2, r2])
            J = np.eye(3) - 0.1 * np.stack(
                [
                    np.stack([-k[0], k[2] * z[2], k[2] * z[1]]),
                    np.stack([k[0], -k[2] * z[2] - 2 * k[1] * z[1], -k[2] * z[1]]),
                    np.stack([0 * k[0], 2 * k[1] * z[1], 0 * k[0]]),
                ]
            )
            z = z - np.linalg.solve(J, F)
        y = z
    return y


@case(np.array([1e-5, 1e-4]), scale=1e-8)
def acid_base_newton(p):
    Ka, c = p
    h = np.sqrt(Ka * c)
    while True:
        f = h**2 + Ka * h - Ka * c
        step = f / (2 * h + Ka)
        h = h - step
        if abs(step) < 1e-15 * abs(h):
            break
    return -np.log10(h)


@case(np.array([0.4, 0.1, 0.02]), np.array([0.99, 0.01, 0.0]), scale=3e-3)
def seir_trajectory(theta, y):
    beta, gamma, mu = theta
    out = np.empty_like(y, shape=(20, 3))
    for t in range(20):
        S, I, R = y
        dS = mu - beta * S * I - mu * S
        dI = beta * S * I - gamma * I - mu * I
        y = y + np.stack([dS, dI, gamma * I - mu * R])
        out[t] = y
    return out[::5], out[:, 1].max()


@case(np.array([0.4, 0.1]))
def epidemic_with_lockdown_branch(theta):
    I, S, locked = 0.01, 0.99, False
    total = 0.0
    for _ in range(40):
        beta = theta[0] * (0.3 if locked else 1.0)
        new = beta * S * I
        S, I = S - new, I + new - theta[1] * I
        locked = I > 0.05
        total += I
    return total


@case(_r.rand(3, 3) + 0.1, order=1)
def markov_stationary(P):
    P = P / P.sum(axis=1, keepdims=True)
    A = (P.T - np.eye(3)).copy()
    A[-1] = 1.0
    return np.linalg.solve(A, np.array([0.0, 0.0, 1.0]))


@case(_r.rand(4, 4), order=1)
def pagerank_power_iteration(W):
    P = W / W.sum(0)
    v = np.full(4, 0.25)
    for _ in range(100):
        new = 0.85 * P @ v + 0.15 / 4
        if np.abs(new - v).sum() < 1e-15:
            break
        v = new
    return v


@case(np.array([1.2, 0.7]))
def interior_point_barrier(c):
    A = np.array([[1.0, 1.0], [2.0, 0.5], [-1.0, 0.0], [0.0, -1.0]])
    b = np.array([1.0, 1.5, 0.0, 0.0])
    x = np.array([0.3, 0.3])
    for _ in range(12):
        s = b - A @ x
        g = -c + 0.1 * A.T @ (1 / s)
        H = 0.1 * A.T @ np.diag(1 / s**2) @ A
        d, t = np.linalg.solve(H, g), 1.0
        while np.any(b - A @ (x - t * d) <= 0):
            t *= 0.5
        x = x - t * d
    return x


@case(_r.randn(5))
def conjugate_gradient_solver(b):
    M = np.diag(np.arange(1.0, 6)) + 0.1
    x, r = np.zeros_like(b), b.copy()
    p = r.copy()
    rs = r @ r
    for _ in range(5):
        Ap = M @ p
        a = rs / (p @ Ap)
        x += a * p
        r -= a * Ap
        new = r @ r
        if new < 1e-28:
            break
        p = r + new / rs * p
        rs = new
    return x


@case(_r.randn(5), rtol=1e-6)
def lasso_ista(y):
    A = np.random.RandomState(0).randn(5, 3)
    x = np.zeros(3)
    for _ in range(30):
        z = x - 0.05 * A.T @ (A @ x - y)
        x = np.sign(z) * np.maximum(np.abs(z) - 0.01, 0.0)
    return x


@case(_r.randn(6))
def projection_onto_simplex(v):
    u = np.sort(v)[::-1]
    css = np.cumsum(u) - 1
    rho = np.nonzero(u - css / np.arange(1, 7) > 0)[0][-1]
    return np.maximum(v - css[rho] / (rho + 1), 0)


@case(_r.randn(16))
def stft_spectrogram(x):
    w = np.hanning(8)
    frames = np.stack([x[i : i + 8] * w for i in range(0, 9, 4)])
    return np.log1p(np.abs(np.fft.rfft(frames, axis=1)) ** 2)


@case(_r.randn(8), np.array([0.2, 0.5, -0.3]))
def iir_filter_in_place(x, b):
    y = np.zeros_like(x)
    for n in range(len(x)):
        y[n] = b[0] * x[n]
        if n > 0:
            y[n] += b[1] * x[n - 1]
        if n > 1:
            y[n] -= b[2] * y[n - 2]
    return y


@case(_r.randn(8))
def haar_wavelet_in_place(x):
    out = x.copy()
    n = len(x)
    while n > 1:
        half = n // 2
        a = (out[0:n:2] + out[1:n:2]) / np.sqrt(2)
        d = (out[0:n:2] - out[1:n:2]) / np.sqrt(2)
        out[:half], out[half:n] = a, d
        n = half
    return np.sign(out) * np.maximum(np.abs(out) - 0.1, 0)


@case(_r.randn(8))
def butterfly_fft_by_hand(x):
    def fft(v):
        n = len(v)
        if n == 1:
            return v
        e, o = fft(v[::2]), fft(v[1::2])
        t = np.exp(-2j * np.pi * np.arange(n // 2) / n) * o
        return np.concatenate([e + t, e - t])

    return np.abs(fft(x)) ** 2


@case(_r.randn(8))
def autocorrelation_and_levinson(x):
    r = np.correlate(x, x, "full")[7:11] / 8
    a = np.zeros_like(r)
    a[0] = 1.0
    e = r[0]
    for i in range(1, 4):
        k = -(r[1 : i + 1][::-1] @ a[:i]) / e
        a[1 : i + 1] = a[1 : i + 1] + k * a[:i][::-1]
        e = e * (1 - k**2)
    return np.append(a, e)


@case(_r.randn(3), _r.rand(3) + 0.5)
def scipy_special_mixture(m, s):
    x = np.linspace(-1, 2, 5)[:, None]
    return np.logaddexp.reduce(-0.5 * ((x - m) / s) ** 2 - np.log(s), axis=1) + expit(x[:, 0]) * gammaln(s.sum() + 2)


@case(_r.randn(4, 3), order=1)
def procrustes_alignment(X):
    Y = np.arange(12.0).reshape(4, 3) ** 1.1
    A, B = X - X.mean(0), Y - Y.mean(0)
    U, s, Vt = np.linalg.svd(A.T @ B)
    R = U @ np.diag(np.append([1.0, 1.0], np.sign(np.linalg.det(U @ Vt)))) @ Vt
    return np.sum((A @ R - B) ** 2)


@case(_r.randn(5, 3), order=1)
def pca_explained(X):
    Z = X - X.mean(0)
    w, V = np.linalg.eigh(Z.T @ Z / 4)
    return w[::-1] / w.sum(), np.abs(Z @ V[:, -1])


@case(_r.rand(3, 4), order=1)
def nmf_multiplicative(V):
    rng = np.random.RandomState(1)
    W, H = rng.rand(3, 2), rng.rand(2, 4)
    for _ in range(4):
        H = H * (W.T @ V) / (W.T @ W @ H)
        W = W * (V @ H.T) / (W @ H @ H.T)
    return np.sum((V - W @ H) ** 2)


@case(_r.rand(6) * 10)
def smooth_k_means_assign(x):
    c = np.stack([x[0], x[-1]])
    for _ in range(4):
        lab = np.argmin(np.abs(x[:, None] - c), axis=1)
        c = np.stack([x[lab == j].mean() for j in range(2)])
    return np.sum((x - c[lab]) ** 2)


@case(_r.rand(5) + 0.5, _r.rand(5) + 0.5)
def knapsack_like_dynamic_program(v, w):
    best = np.zeros_like(v, shape=7)
    for i in range(5):
        for c in range(6, 1, -1):
            cand = best[c - 2] + v[i] / w[i]
            best[c] = max(best[c], cand)
    return best[6]


@case(_r.rand(4), np.array([0.5]))
def option_of_keyword_defaults(x, a=None, *, scale=2.0, shift=np.array([1.0, 0.0, 0.0, 2.0])):
    return np.sum(x**2 * scale + shift) * a[0]


@case(np.array([0.3, 0.2]))
def matrix_exponential_scaling_squaring(p):
    A = np.stack([np.stack([-p[0], p[0]]), np.stack([p[1], -p[1]])])
    T = np.eye(2) + A / 64 + A @ A / 8192
    for _ in range(6):
        T = T @ T
    return T


@case(np.array([0.7, 0.3, 0.2]))
def orbital_elements_eccentric_anomaly(p):
    M, e, a = p
    E = M
    for _ in range(50):
        dE = (E - e * np.sin(E) - M) / (1 - e * np.cos(E))
        E -= dE
        if abs(dE) < 1e-14:
            break
    return a * (np.cos(E) - e), a * np.sqrt(1 - e**2) * np.sin(E)


@case(_r.randn(3, 2), order=1)
def barycentric_interpolation(p):
    x = np.array([0.0, 0.4, 1.0])
    w = 1 / np.prod(x[:, None] - x + np.eye(3), axis=1)
    t = np.array([0.2, 0.7])
    k = w / (t[:, None] - x)
    return k @ p / k.sum(1, keepdims=True)


@case(_r.rand(4, 4), order=1)
def determinant_by_minors(A):
    def det(m):
        if m.shape == (1, 1):
            return m[0, 0]
        return sum((-1) ** j * m[0, j] * det(np.delete(m[1:], j, axis=1)) for j in range(len(m)))

    return det(A)


@case(np.array([1.0, 2.0, 3.0]), np.array([0.1]))
def lorenz_midpoint_out_buffers(y, h):
    k, mid = np.empty_like(y), np.empty_like(y)

    def rhs(v, out):
        out[0] = 10 * (v[1] - v[0])
        out[1] = v[0] * (28 - v[2]) - v[1]
        out[2] = v[0] * v[1] - 8 / 3 * v[2]
        return out

    y = y.copy()
    for _ in range(3):
        np.multiply(rhs(y, k), 0.5 * h / 10, out=mid)
        mid += y
        y += h / 10 * rhs(mid, k)
    return y
