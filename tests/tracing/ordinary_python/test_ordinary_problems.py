"""Test problems of optimisation as classes: element functions, index lists, columns, sparse terms, constraints."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp
from ordinary import Cases, agrees
from scipy.sparse import csc_matrix, csr_matrix

cases = Cases()


class Problem:
    """The skeleton that translated collections share: groups of elements, linear and quadratic terms."""

    name = "base"

    def __init__(self, n):
        self.n = n
        self.xnames = [f"X{i}" for i in range(n)]
        self.x0 = np.zeros((n, 1))
        self.elftype, self.elvar, self.elpar = [], [], []
        self.grelt, self.grelw, self.gconst, self.gscale = {}, {}, {}, {}
        self.H = None
        self.A = None
        self.evaluations = 0

    def add(self, group, kind, variables, weight=1.0, **parameters):
        self.grelt.setdefault(group, []).append(len(self.elftype))
        self.grelw.setdefault(group, []).append(weight)
        self.elftype.append(kind)
        self.elvar.append(np.array(variables))
        self.elpar.append(parameters)

    def element(self, i, x):
        return eval(f"self.{self.elftype[i]}(self, 1, x[self.elvar[i]], i)")

    def fx(self, x):
        x = x.reshape(-1, 1)
        self.evaluations += 1
        fx = 0.0
        for ig in sorted(set(self.grelt) | set(self.gconst)):
            gin = -self.gconst.get(ig, 0.0)
            if self.A is not None and ig < self.A.shape[0]:
                gin += self.A[ig, :] @ x
            for iel, w in zip(self.grelt.get(ig, []), self.grelw.get(ig, [])):
                gin = gin + w * self.element(iel, x)
            value = getattr(self, "group", lambda s, v: v)(self, gin)
            fx += value / self.gscale.get(ig, 1.0)
        if self.H is not None:
            fx += 0.5 * x.T.dot(self.H.dot(x))
        return fx.item() if hasattr(fx, "item") else fx

    @staticmethod
    def eSQ(self, nargout, x, iel):  # noqa: PLW0211
        v = x[0].item() if isinstance(x[0], np.ndarray) else x[0]
        f = v * v
        if nargout > 1:
            return f, 2 * v
        return f

    @staticmethod
    def ePROD(self, nargout, x, iel):  # noqa: PLW0211
        return float(x[0, 0]) * float(x[1, 0])

    @staticmethod
    def eEXP(self, nargout, x, iel):  # noqa: PLW0211
        p = self.elpar[iel].get("p", 1.0)
        U = np.zeros((1, 2))
        IV = np.zeros(1)
        U[0, 0] = U[0, 0] + 1
        U[0, 1] = U[0, 1] - p
        IV[0] = U[0:1, :].dot(x)[0, 0]
        return np.exp(0.1 * IV[0]).item() * p


class Rosenbrock(Problem):
    name = "ROSENBR"

    def __init__(self, n=2):
        super().__init__(n)
        for i in range(n - 1):
            self.add(2 * i, "eSQ", [i], -1.0)
            self.gscale[2 * i] = 0.01
            self.gconst[2 * i + 1] = 1.0
        self.A = sp.lil_matrix((2 * n - 2, n))
        for i in range(n - 1):
            self.A[2 * i, i + 1] = 1.0
            self.A[2 * i + 1, i] = 1.0
        self.A = csr_matrix(self.A)

    def group(self, s, v):
        return v**2

    def group(s, self, v):  # noqa: F811, N805
        return v**2


@cases.made_at([-1.2, 1.0, 0.4])
def rosenbrock_by_groups():
    return Rosenbrock(3).fx


class Mixed(Problem):
    def __init__(self, n=4):
        super().__init__(n)
        for i in range(n):
            self.add(i % 3, "eSQ", [i], 1.0 + i)
            self.add(i % 2, "ePROD", [i, (i + 1) % n], -0.5)
            self.add(1, "eEXP", [i, (i + 2) % n], 0.3, p=0.5 * i)
        self.H = csc_matrix(np.diag(np.arange(1.0, n + 1)) + 0.1)


@cases.made_at([0.5, -0.2, 0.8, 0.3])
def elements_with_a_sparse_quadratic():
    return Mixed().fx


class Hundreds(Problem):
    def __init__(self, n=30):
        super().__init__(n)
        for i in range(n):
            for j in (i + 1, i + 7):
                self.add(i, "ePROD", [i, j % n], 0.1)
            self.add(i, "eSQ", [i])


@cases.made_at(np.linspace(-1, 1, 30))
def hundreds_of_elements():
    problem = Hundreds()
    return lambda x: problem.fx(x)


class Constrained:
    def __init__(self):
        self.clower = np.full((2, 1), -1.0)
        self.J = csr_matrix(np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]]))

    def cx(self, x):
        c = np.zeros((2, 1))
        x = x.reshape(-1, 1)
        c[0] = x[0] * x[1] + (self.J[0, :] @ x)[0]
        c[1, 0] = math.exp(float(x[2, 0])) + (self.J[1] @ x).item()
        return c - self.clower

    def both(self, x):
        f = (x**2).sum()
        return np.vstack([[[f]], self.cx(x)]).ravel()


@cases.made_at([0.4, -0.3, 0.8])
def constraints_as_a_column():
    return Constrained().cx


@cases.made_at([0.4, -0.3, 0.8])
def objective_and_constraints():
    return Constrained().both


class Penalty(Constrained):
    mu = 10.0

    def __call__(self, x):
        total = float(np.sum(x**4))
        for i, ci in enumerate(self.cx(x)):
            if ci < 2.0:
                total += self.mu * float(ci[0] if ci.ndim else ci) ** 2
            else:
                total += math.log(ci[0] + i)
        return total


@cases.made_at([0.4, -0.3, 0.8])
def a_penalty_over_constraints():
    return Penalty()


A = sp.csr_matrix(np.arange(12.0).reshape(4, 3) * (np.arange(12).reshape(4, 3) % 3 > 0))


@cases.at([0.4, -0.3, 0.8])
def sparse_products(x):
    column = x.reshape(-1, 1)
    y = A @ x
    z = A.dot(column)
    w = column.T @ A.T
    dense = A.T.toarray() @ y
    return (
        y @ z[:, 0]
        + (w @ z).item()
        + dense.sum()
        + float((A[1, :] @ x)[0]) ** 2
        + (A.T @ y)[0]
        + A.multiply(2.0).dot(x)[1]
    )


@cases.at([0.4, -0.3, 0.8])
def sparse_residuals(x):
    rows, columns, values = sp.find(A)
    r = np.zeros(4)
    for i, j, v in zip(rows, columns, values):
        r[i] += v * x[j]
    return r - A @ (x**2) + A.getrow(2).toarray().ravel() @ x


@cases.at([0.4, -0.3, 0.8])
def broyden_tridiagonal(x):
    n = len(x)
    f = np.empty(n)
    for i in range(n):
        left = x[i - 1] if i > 0 else 0.0
        right = x[i + 1] if i < n - 1 else 0.0
        f[i] = (3 - 2 * x[i]) * x[i] - left - 2 * right + 1
    return f


@cases.at([3.0, -1.0, 0.0, 1.0])
def powell_singular(x):
    f = []
    f.append(x[0] + 10 * x[1])
    f.append(np.sqrt(5) * (x[2] - x[3]))
    f += [(x[1] - 2 * x[2]) ** 2]
    f.extend([np.sqrt(10) * (x[0] - x[3]) ** 2])
    return np.array(f)


@cases.at([0.9, 1.1, 0.2])
def helical_valley(x):
    if x[0] > 0:
        theta = math.atan(x[1] / x[0]) / (2 * math.pi)
    elif x[0] < 0:
        theta = math.atan(x[1] / x[0]) / (2 * math.pi) + 0.5
    else:
        theta = math.copysign(0.25, x[1])
    r = math.hypot(x[0], x[1])
    return sum(v**2 for v in (10 * (x[2] - 10 * theta), 10 * (r - 1), x[2]))


@cases.at(np.array([0.3, -0.7, 0.2, 0.9, -0.5]))
def extended_functions_in_place(x):
    g = x.copy()
    g[1:] -= 0.5 * x[:-1]
    g[:-1] += x[1:] ** 2
    g[g < 0] *= 0.1
    g[::2] = np.sin(g[::2])
    np.maximum(g, -1.0, out=g)
    return (g @ g) * len(g)


DATA = [(0.0, 1.0), (0.5, 1.6), (1.0, 2.9), (1.5, 4.2)]


class Fit:
    def __init__(self, data):
        self.data = data
        self.residuals = {}

    def model(self, t, *, amplitude, rate):
        return amplitude * math.exp(rate * t)

    def __call__(self, p):
        for i, (t, y) in enumerate(self.data):
            self.residuals[f"r{i}"] = self.model(t, **dict(zip(("amplitude", "rate"), p))) - y
        return sum(r**2 for r in self.residuals.values())

    def vector(self, p):
        self(p)
        return [self.residuals[k] for k in sorted(self.residuals)]


@cases.made_at([1.1, 0.8])
def least_squares_of_a_dictionary():
    return Fit(DATA)


@cases.made_at([1.1, 0.8])
def residuals_as_a_list():
    fit = Fit(DATA)
    return lambda p: np.array(fit.vector(p))


PARAMETERS = {"k": 0.7, "n": 1.3, "layers": ([0.1, 0.2], [0.3])}


@cases.at(PARAMETERS)
def parameters_by_name(p):
    total = 0.0
    for name, value in p.items():
        if name == "layers":
            for i, layer in enumerate(value):
                total += (i + 1) * np.sum(layer**2) * p["k"]
        else:
            total += value**3
    return total + math.exp(-p["k"] * p["n"]) + p.get("missing", 0.0)


@cases.at({"mean": [0.1, 0.5], "log_scale": -0.3}, [0.3, 0.4])
def a_likelihood_of_named_parameters(p, data):
    scale = math.exp(p["log_scale"])
    return -sum(0.5 * ((d - m) / scale) ** 2 + math.log(scale) for d, m in zip(data, p["mean"]))


@cases.at(([0.4, 1.1], 0.7))
def a_tuple_of_parameters(p):
    w, b = p
    return float(w @ w) * b + np.tanh(b * w).sum()


@pytest.mark.parametrize("case", cases, ids=repr)
def test_problems(case):
    agrees(case)
