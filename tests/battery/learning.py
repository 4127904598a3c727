"""Networks, attention, normalisation, convolution by slices and strides."""

import numpy as np

from battery.registry import case

_r = np.random.RandomState(2)


def softmax(x, axis=-1):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def relu(x):
    return np.maximum(0, x)


@case(_r.randn(4, 3), _r.randn(4, 3), _r.randn(4, 3), order=1)
def attention_causal(q, k, v):
    s = q @ k.T / np.sqrt(3)
    s = np.where(np.tril(np.ones((4, 4))) == 1, s, -np.inf)
    return softmax(s) @ v


@case(_r.randn(4, 4))
def attention_mask_assigned(s):
    s = s.copy()
    s[np.triu_indices(4, 1)] = -np.inf
    return softmax(s)


@case(_r.randn(2, 3, 8), order=1)
def multi_head_reshape(x):
    b, t, d = x.shape
    h = x.reshape(b, t, 2, d // 2).transpose(0, 2, 1, 3)
    a = softmax(np.einsum("bhid,bhjd->bhij", h, h) / 2)
    return (a @ h).swapaxes(1, 2).reshape(b, t, d)


@case(_r.randn(3, 5), _r.randn(5), _r.randn(5))
def layer_norm(x, g, b):
    mu = x.mean(-1, keepdims=True)
    var = ((x - mu) ** 2).mean(-1, keepdims=True)
    return (x - mu) / np.sqrt(var + 1e-5) * g + b


@case(_r.randn(6, 4))
def batch_norm_in_place(x):
    x = x - x.mean(axis=0)
    x /= x.std(axis=0) + 1e-5
    return (x**3).sum(axis=1)


@case(_r.randn(6, 6), _r.randn(3, 3))
def convolution_by_slices(img, k):
    out = np.zeros_like(img[1:-1, 1:-1])
    for i in range(3):
        for j in range(3):
            out += k[i, j] * img[i : i + 4, j : j + 4]
    return relu(out + 0.01)


@case(_r.randn(6, 6), _r.randn(3, 3), order=1)
def convolution_by_sliding_windows(img, k):
    w = np.lib.stride_tricks.sliding_window_view(img, (3, 3))
    return np.einsum("ijkl,kl->ij", w, k)


@case(_r.randn(4, 6))
def max_pool_reshape(x):
    return x.reshape(2, 2, 3, 2).max(axis=(1, 3))


@case(_r.randn(4, 6))
def average_pool_strided(x):
    return (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4


@case(_r.randn(5, 3), np.array([0, 2, 1, 1, 0]).astype(float))
def embedding_lookup(table, ids):
    idx = np.array([0, 2, 2, 4, 0])
    e = table[idx]
    return np.tanh(e).sum() + ids @ ids


@case({"W": [_r.randn(3, 4), _r.randn(4, 2)], "b": [_r.randn(4), _r.randn(2)]}, order=1)
def mlp_of_dict_of_lists(params):
    x = np.linspace(-1, 1, 6).reshape(2, 3)
    for W, b in zip(params["W"], params["b"]):
        x = np.tanh(x @ W + b)
    return np.mean(x**2)


@case([(_r.randn(2, 3), _r.randn(3)), (_r.randn(3, 1), _r.randn(1))])
def mlp_autograd_style(params):
    inputs = np.linspace(-1, 1, 10).reshape(5, 2)
    for W, b in params:
        outputs = np.dot(inputs, W) + b
        inputs = np.tanh(outputs)
    return np.sum((outputs - np.arange(5)[:, None]) ** 2)


@case(_r.randn(6, 3), order=1)
def cross_entropy_one_hot(z):
    y = np.eye(3)[[0, 1, 2, 2, 1, 0]]
    return -(y * np.log(softmax(z))).sum() / len(z)


@case(_r.randn(6, 3))
def cross_entropy_logsumexp_reduce(z):
    return np.mean(np.logaddexp.reduce(z, axis=1) - z[np.arange(6), [0, 1, 2, 2, 1, 0]])


@case(_r.randn(12), _r.randn(3, 2), order=1)
def lstm_cell(w, xs):
    Wx, Wh = w[:8].reshape(2, 4), w[8:].reshape(1, 4)
    h, c = np.zeros(1), np.zeros(1)
    for x in xs:
        i, f, o, g = np.split(x @ Wx + h @ Wh, 4)
        sig = lambda t: 0.5 * (np.tanh(t / 2) + 1)
        c = sig(f) * c + sig(i) * np.tanh(g)
        h = sig(o) * np.tanh(c)
    return h[0]


@case(_r.randn(5, 4))
def gelu_swish_softplus(x):
    gelu = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    swish = x / (1 + np.exp(-x))
    softplus = np.logaddexp(0, x)
    return gelu + swish * softplus


@case(_r.randn(5, 4))
def leaky_and_elu(x):
    y = np.where(x > 0, x, 0.01 * x)
    z = np.where(x > 0, x, np.expm1(np.minimum(x, 0)))
    return y * z + relu(x - 0.1) ** 2


@case(_r.randn(7))
def relu_by_multiplying_with_mask(x):
    return (x * (x > 0)).sum() + ((x > 0.3) & (x < 1.5)) @ x**2


@case(_r.randn(4, 3), _r.randn(4, 3))
def triplet_hinge(a, b):
    d = ((a[:, None] - b[None]) ** 2).sum(-1)
    pos = np.diag(d)
    h = np.maximum(0.0, 1.0 + pos[:, None] - d)
    np.fill_diagonal(h, 0)
    return h.sum() / 12


@case(_r.randn(5, 3), _r.randn(5, 3))
def cosine_similarity_matrix(a, b):
    an = a / np.linalg.norm(a, axis=1, keepdims=True)
    bn = b / np.linalg.norm(b, axis=1)[:, np.newaxis]
    return an @ bn.T


@case(_r.randn(5, 2), order=1)
def tsne_like(y):
    P = np.full((5, 5), 0.05)
    np.fill_diagonal(P, 0)
    s = np.sum(y**2, 1)
    num = -2.0 * np.dot(y, y.T)
    num = 1.0 / (1.0 + np.add(np.add(num, s).T, s))
    num[range(5), range(5)] = 0.0
    Q = num / np.sum(num)
    Q = np.maximum(Q, 1e-12)
    return np.sum(P * np.log(np.where(P > 0, P, 1) / Q))


@case(_r.randn(4, 3), _r.randn(5, 3))
def rbf_kernel_mmd(x, y):
    def k(a, b):
        return np.exp(-0.5 * np.sum((a[:, None] - b[None]) ** 2, -1))

    return k(x, x).mean() + k(y, y).mean() - 2 * k(x, y).mean()


@case(_r.rand(4, 4), order=1)
def sinkhorn(C):
    K = np.exp(-C / 0.5)
    u, v = np.ones(4), np.ones(4)
    for _ in range(20):
        u = 0.25 / (K @ v)
        v = 0.25 / (K.T @ u)
    return np.sum(u[:, None] * K * v * C)


@case(np.array([0.5, -0.3, 0.2]))
def unrolled_gradient_descent(w):
    A = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 0.5]])
    lr = 0.1
    v = np.zeros_like(w)
    for _ in range(10):
        v *= 0.9
        v -= lr * (A @ w + 0.1 * w**3)
        w = w + v
    return w @ w


@case(np.array([0.5, -0.3, 0.2]), order=1)
def adam_unrolled_in_place(w0):
    w = w0.copy()
    m = np.zeros_like(w)
    s = np.zeros_like(w)
    for t in range(1, 6):
        g = 2 * w + np.cos(w)
        m[:] = 0.9 * m + 0.1 * g
        s[:] = 0.99 * s + 0.01 * g * g
        w -= 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.99**t)) + 1e-8)
    return w.sum()


@case(_r.randn(8))
def gumbel_softmax_straight(logits):
    g = -np.log(-np.log(np.random.default_rng(0).uniform(size=8)))
    return softmax((logits + g) / 0.5) @ np.arange(8.0)


@case(_r.randn(2, 5))
def kl_between_softmaxes(z):
    logp = z[0] - np.log(np.sum(np.exp(z[0])))
    logq = z[1] - np.log(np.sum(np.exp(z[1])))
    return np.exp(logp) @ (logp - logq)


@case(_r.randn(6, 4), order=1)
def dropout_with_seed(x):
    rng = np.random.default_rng(11)
    keep = rng.random(x.shape) > 0.3
    h = x * keep / 0.7
    return np.tanh(h).sum(0)


@case(_r.randn(3, 6), order=1)
def positional_rotary(x):
    half = x.shape[1] // 2
    angle = np.arange(3)[:, None] / 10 ** (np.arange(half) / half)
    a, b = x[:, :half], x[:, half:]
    return np.concatenate([a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)], axis=-1)


@case(_r.randn(3, 6), order=1)
def rotary_interleaved_assignment(x):
    out = np.empty_like(x)
    out[:, ::2] = x[:, ::2] * 0.8 - x[:, 1::2] * 0.6
    out[:, 1::2] = x[:, ::2] * 0.6 + x[:, 1::2] * 0.8
    return out * x


@case(_r.randn(4, 5), order=1)
def top_k_gating(z):
    k = np.argsort(z, axis=1)[:, -2:]
    top = np.take_along_axis(z, k, axis=1)
    w = softmax(top, axis=1)
    out = np.zeros_like(z)
    np.put_along_axis(out, k, w, axis=1)
    return out


@case(_r.randn(5, 5), order=1)
def graph_convolution(H):
    A = np.array([[0, 1, 0, 0, 1], [1, 0, 1, 0, 0], [0, 1, 0, 1, 0], [0, 0, 1, 0, 1], [1, 0, 0, 1, 0]])
    D = np.diag(1 / np.sqrt(A.sum(1)))
    for _ in range(2):
        H = np.tanh(D @ A @ D @ H)
    return H.mean()


@case(_r.rand(6), order=1)
def graph_laplacian_quadratic(w):
    src, dst = np.array([0, 1, 2, 3, 0, 1]), np.array([1, 2, 3, 0, 2, 3])
    L = np.zeros_like(w, shape=(4, 4))
    np.add.at(L, (src, src), w)
    np.add.at(L, (dst, dst), w)
    np.subtract.at(L, (src, dst), w)
    np.subtract.at(L, (dst, src), w)
    return np.linalg.slogdet(L[1:, 1:])[1]


@case(_r.randn(6, 2), order=1)
def message_passing_segments(x):
    dst = np.array([0, 0, 1, 2, 2, 2])
    s = np.zeros_like(x, shape=(3, 2))
    np.add.at(s, dst, x**2)
    return s / np.bincount(dst)[:, None]


@case(_r.randn(6), order=1)
def segment_max(x):
    m = np.full_like(x, -np.inf, shape=3)
    np.maximum.at(m, [0, 0, 1, 2, 2, 2], x)
    return m
