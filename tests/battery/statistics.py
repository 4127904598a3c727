"""Likelihoods, estimators, losses, filters of probabilities."""

import numpy as np

from battery.registry import case

_r = np.random.RandomState(1)
_DATA = _r.randn(20) * 1.5 + 0.3
_X = _r.randn(12, 3)
_Y = _X @ np.array([1.0, -0.5, 0.2]) + 0.1 * _r.randn(12)
_LABELS = (_r.rand(12) > 0.5).astype(int)


@case(np.array([0.2, 0.1]))
def normal_log_likelihood(p):
    mu, log_sigma = p
    z = (_DATA - mu) / np.exp(log_sigma)
    return -0.5 * z @ z - len(_DATA) * log_sigma


@case(np.array([0.2, 0.1, 1.3]))
def student_t_scores(p):
    mu, ls, nu = p
    z = ((_DATA - mu) / np.exp(ls)) ** 2
    return -(nu + 1) / 2 * np.log1p(z / nu) - ls


@case(np.array([0.3, -0.4, 0.2]))
def logistic_by_masks(w):
    z = _X @ w
    out = np.zeros_like(z)
    pos = z >= 0
    out[pos] = 1 / (1 + np.exp(-z[pos]))
    e = np.exp(z[~pos])
    out[~pos] = e / (1 + e)
    return -np.mean(np.where(_LABELS == 1, np.log(out), np.log1p(-out)))


@case(np.array([0.3, -0.4, 0.2]), 0.3)
def quantile_loss(w, tau):
    r = _Y - _X @ w
    return np.mean(np.maximum(tau * r, (tau - 1) * r))


@case(np.array([0.3, -0.4, 0.2]))
def huber_regression(w):
    r = np.abs(_Y - _X @ w)
    return np.where(r <= 1.0, 0.5 * r**2, r - 0.5).sum()


@case(np.array([0.3, -0.4, 0.2]))
def huber_by_assignment(w):
    r = _Y - _X @ w
    loss = 0.5 * r**2
    big = np.abs(r) > 0.5
    loss[big] = 0.5 * np.abs(r[big]) - 0.125
    return loss.mean()


@case(np.array([0.3, -0.4, 0.2]), scale=1e-3)
def tukey_biweight(w):
    r = (_Y - _X @ w) / 0.8
    inside = 1 - np.clip(r**2, None, 1.0)
    return np.mean(1 - inside**3)


@case(np.array([0.3, -0.4, 0.2]))
def huber_by_clip_difference(w):
    r = _Y - _X @ w
    c = np.clip(r, -2.0, 2.0)
    return np.sum(0.5 * c**2 + 2.0 * np.abs(r - c))


@case(_r.rand(3, 3) + 0.2, np.array([0.5, 0.3, 0.2]), _r.rand(3, 2) + 0.1)
def hmm_forward_in_place(A, pi, B):
    A = A / A.sum(axis=1, keepdims=True)
    B = B / B.sum(axis=1, keepdims=True)
    obs = [0, 1, 1, 0, 1]
    alpha = np.zeros_like(A, shape=(len(obs), 3))
    alpha[0] = pi * B[:, obs[0]]
    for t in range(1, len(obs)):
        for j in range(3):
            alpha[t, j] = alpha[t - 1] @ A[:, j] * B[j, obs[t]]
    return np.log(alpha[-1].sum())


@case(_r.rand(3, 3) + 0.2, _r.rand(3, 2) + 0.1)
def hmm_scaled(A, B):
    A = A / A.sum(1)[:, None]
    B = B / B.sum(1)[:, None]
    a = np.ones(3) / 3
    ll = 0
    for o in (0, 1, 1, 0, 1, 1):
        a = (a @ A) * B[:, o]
        c = a.sum()
        a /= c
        ll += np.log(c)
    return ll


@case(_r.randn(3, 3), _r.randn(3, 4))
def viterbi_score_log(T, E):
    delta = E[:, 0]
    for t in range(1, E.shape[1]):
        delta = np.max(delta[:, None] + T, axis=0) + E[:, t]
    return delta.max()


@case(_r.randn(3, 3), _r.randn(3, 4))
def viterbi_with_backpointers(T, E):
    delta = np.zeros_like(E)
    psi = np.zeros(E.shape, int)
    delta[:, 0] = E[:, 0]
    for t in range(1, E.shape[1]):
        s = delta[:, t - 1, None] + T
        psi[:, t] = np.argmax(s, axis=0)
        delta[:, t] = s[psi[:, t], np.arange(3)] + E[:, t]
    return delta[np.argmax(delta[:, -1]), -1]


@case(np.array([0.1, -0.3]), np.array([0.2, 0.4]))
def kalman_filter_log_likelihood(m0, logs):
    q, r = np.exp(logs)
    F = np.array([[1.0, 0.1], [0.0, 1.0]])
    H = np.array([[1.0, 0.0]])
    m, P = m0, np.eye(2)
    ll = 0.0
    for y in _DATA[:6]:
        m = F @ m
        P = F @ P @ F.T + q * np.eye(2)
        S = H @ P @ H.T + r
        K = P @ H.T @ np.linalg.inv(S)
        v = y - H @ m
        m = m + K @ v
        P = (np.eye(2) - K @ H) @ P
        ll -= 0.5 * (np.log(2 * np.pi * S[0, 0]) + v[0] ** 2 / S[0, 0])
    return ll


@case(np.array([0.3, -0.2, -1.0]), order=1)
def kalman_joseph_in_place(p):
    m = p[:2].copy()
    P = np.diag(np.exp(p[[2, 2]]))
    F = np.array([[1.0, 0.2], [-0.1, 1.0]])
    for y in _DATA[:5]:
        m[:] = F @ m
        P[...] = F @ P @ F.T
        P[np.diag_indices(2)] += 0.1
        K = P[:, 0] / (P[0, 0] + 0.5)
        m += K * (y - m[0])
        P -= np.outer(K, P[0].copy())
    return np.concatenate([m, P.ravel()])


@case(np.array([0.1, -0.2, -1.5]))
def gp_marginal(theta):
    t = np.linspace(0, 2, 8)
    y = np.sin(2 * t)
    amp, ell, noise = np.exp(theta)
    K = amp * np.exp(-0.5 * np.subtract.outer(t, t) ** 2 / ell**2)
    K[np.diag_indices_from(K)] += noise
    sign, logdet = np.linalg.slogdet(K)
    return -0.5 * y @ np.linalg.solve(K, y) - 0.5 * logdet


@case(np.array([0.4, 0.7]), order=1)
def gp_posterior(theta):
    t, s = np.linspace(0, 2, 6), np.linspace(0.1, 1.9, 4)
    k = lambda a, b: theta[0] ** 2 * np.exp(-np.abs(a[:, None] - b[None, :]) / theta[1])
    L = np.linalg.cholesky(k(t, t) + 0.01 * np.eye(6))
    A = np.linalg.solve(L, k(t, s))
    return A.T @ np.linalg.solve(L, np.cos(t)), np.diag(k(s, s)) - np.sum(A**2, axis=0)


@case(_r.randn(7), 0.5)
def kernel_density(points, h):
    grid = np.linspace(-2, 2, 5)
    return np.exp(-0.5 * ((grid[:, None] - points) / h) ** 2).sum(1) / (len(points) * h * np.sqrt(2 * np.pi))


@case(_r.randn(9))
def trimmed_mean(x):
    s = np.sort(x)
    return s[2:-2].mean()


@case(_r.randn(9))
def l_moments(x):
    s = np.sort(x)
    n = len(s)
    i = np.arange(1, n + 1)
    b0 = s.mean()
    b1 = np.sum((i - 1) / (n - 1) * s) / n
    return 2 * b1 - b0


@case(_r.randn(8), _r.randn(8))
def spearman_like_soft_rank(x, y):
    rank = lambda v: np.sum(1 / (1 + np.exp(-(v[:, None] - v[None, :]) * 3)), axis=1)
    return np.corrcoef(rank(x), rank(y))[0, 1]


@case(_r.randn(4, 9))
def covariance_shrinkage(X):
    S = np.cov(X)
    return np.linalg.slogdet(0.8 * S + 0.2 * np.trace(S) / 4 * np.eye(4))[1]


@case(_r.randn(9))
def moments(x):
    d = x - np.mean(x)
    s = np.std(x, ddof=1)
    return np.stack([np.var(x), s, np.mean(d**3) / s**3, np.mean(d**4) / s**4, np.median(x), np.ptp(x)])


@case(_r.randn(9))
def percentiles(x):
    return np.percentile(x, [10, 25, 50, 90]), np.quantile(x, 0.3)


@case(_r.randn(3, 5))
def gini_and_entropy(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -(p * np.log(p)).sum(axis=1) + (1 - (p**2).sum(axis=1))


@case(np.array([0.3, 0.6, 0.1]))
def categorical_with_zero_counts(p):
    counts = np.array([3.0, 0.0, 2.0])
    q = p / p.sum()
    return np.sum(np.where(counts > 0, counts * np.log(q), 0.0))


@case(np.array([0.3, 0.0, 0.7]), order=1)
def entropy_with_zero_probability(p):
    safe = np.where(p > 0, p, 1.0)
    return -np.sum(np.where(p > 0, p * np.log(safe), 0.0)[[0, 2]])


@case(np.array([2.0, 0.5, 0.7]))
def em_step(p):
    mu = p[:2]
    w = p[2]
    for _ in range(3):
        l0 = w * np.exp(-0.5 * (_DATA - mu[0]) ** 2)
        l1 = (1 - w) * np.exp(-0.5 * (_DATA - mu[1]) ** 2)
        g = l0 / (l0 + l1)
        w = g.mean()
        mu = np.stack([(g * _DATA).sum() / g.sum(), ((1 - g) * _DATA).sum() / (1 - g).sum()])
    return np.append(mu, w)


@case(_r.randn(5, 2))
def ks_like_ecdf_distance(X):
    a, b = np.sort(X[:, 0]), np.sort(X[:, 1])
    return np.abs(a - b).sum()


@case(np.array([0.5, 1.5]))
def mcmc_log_density_with_support(theta):
    a, b = theta
    if a <= 0 or b <= 0:
        return -np.inf
    x = np.abs(_DATA) + 0.1
    return np.sum((a - 1) * np.log(x) - b * x) + a * np.log(b)


@case(_r.randn(4))
def leapfrog_hmc_energy_error(q):
    rng = np.random.default_rng(3)
    p = rng.standard_normal(4)
    U = lambda q: 0.5 * np.sum(q**2) + 0.1 * np.sum(q**4)
    dU = lambda q: q + 0.4 * q**3
    h0 = U(q) + 0.5 * p @ p
    for _ in range(5):
        p = p - 0.05 * dU(q)
        q = q + 0.1 * p
        p = p - 0.05 * dU(q)
    return U(q) + 0.5 * p @ p - h0


@case(np.array([1.0, 0.5]))
def reparametrised_elbo(lam):
    rng = np.random.RandomState(7)
    eps = rng.randn(30)
    z = lam[0] + np.exp(lam[1]) * eps
    return np.mean(-0.5 * (z - 2) ** 2) + lam[1]


@case(np.array([0.2, 0.5, 0.9]), order=1)
def histogram_is_soft(x):
    edges = np.linspace(0, 1, 5)
    c = 1 / (1 + np.exp(-(x[:, None] - edges) / 0.1))
    return np.diff(-c.sum(0))


@case(_r.rand(6) + 0.5)
def survival_cox_partial(risk):
    times = np.array([3.0, 1.0, 4.0, 1.5, 5.0, 9.0])
    order = np.argsort(-times)
    r = risk[order]
    return np.sum(np.log(r) - np.log(np.cumsum(r)))


@case(_r.randn(6), _r.randn(6))
def dynamic_time_warping(a, b):
    n, m = len(a), len(b)
    D = np.full_like(a, np.inf, shape=(n + 1, m + 1))
    D[0, 0] = 0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            D[i, j] = (a[i - 1] - b[j - 1]) ** 2 + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return D[n, m]


@case(_r.randn(4, 4))
def soft_dtw(D):
    n = len(D)
    R = np.full_like(D, 1e3, shape=(n + 1, n + 1))
    R[0, 0] = 0.0
    for i in range(n):
        for j in range(n):
            z = -np.stack([R[i, j], R[i, j + 1], R[i + 1, j]])
            top = np.max(z)
            R[i + 1, j + 1] = D[i, j] - (top + np.log(np.sum(np.exp(z - top))))
    return R[-1, -1]


@case(_r.rand(5, 5))
def shortest_path_floyd_warshall(W):
    d = W.copy()
    for k in range(5):
        np.minimum(d, d[:, k, None] + d[k, None, :], out=d)
    return d.sum()
