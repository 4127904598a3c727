"""Group-separable problems as objects: hundreds of small element functions, found by name, assembled in Python loops.

The objective is Σ_g  group_g(α_g) with  α_g = Σ_k w_k element_k(x[places_k]) + A[g, :] x − c_g, all divided by the group's scale, plus a quadratic term ½ xᵀHx.  Elements and groups are
methods, whose names stand in lists; the linear terms are a sparse matrix; numbers are taken out of arrays with ``.item()`` and ``float()``.  ``EvalProblem`` calls a method by a text that it
evaluates, ``AttributeProblem`` by ``getattr``, in a leaner loop.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp


class Problem:
    """The structure of an objective; ``add_group`` and ``finish`` build it."""

    def __init__(self, n, x0):
        self.n = n
        self.x0 = np.broadcast_to(np.asarray(x0, float), (n,)).copy()
        self.element_kind, self.places, self.parameters = [], [], []
        self.members, self.weights, self.group_kind, self.scale = [], [], [], {}
        self.constants, self._linear = [], []
        self.H = None

    def element(self, kind, places, parameter=None):
        self.element_kind.append(kind)
        self.places.append(np.array(places))
        self.parameters.append(parameter)
        return len(self.places) - 1

    def add_group(self, kind="identity", linear=(), constant=0.0, elements=(), scale=None):
        g = len(self.group_kind)
        self.group_kind.append(kind)
        self.members.append([k for k, _ in elements])
        self.weights.append([w for _, w in elements])
        self.constants.append(constant)
        self._linear.extend((g, i, a) for i, a in linear)
        if scale is not None:
            self.scale[g] = scale

    def finish(self):
        shape = (len(self.group_kind), self.n)
        rows, columns, data = zip(*self._linear, strict=True) if self._linear else ((), (), ())
        self.A = sp.csr_matrix((np.array(data, float), (rows, columns)), shape=shape)
        self.constants = np.array(self.constants, float).reshape(-1, 1)
        return self

    # --- elements -----------------------------------------------------------------------------------------------------------

    def square(self, nargout, *args):
        v = args[0]
        f = v[0] * v[0]
        if not isinstance(f, float):
            f = f.item()
        if nargout > 1:
            return f, np.array([2 * v[0]])
        return f

    def cube(self, nargout, *args):
        v = args[0]
        f = v[0] ** 3
        if not isinstance(f, float):
            f = f.item()
        return f

    def product(self, nargout, *args):
        v = args[0]
        f = v[0] * v[1]
        if not isinstance(f, float):
            f = f.item()
        if nargout > 1:
            try:
                size = len(internal)
            except NameError:
                size = len(v)
            g = np.zeros(size)
            g[0], g[1] = v[1], v[0]
            return f, g
        return f

    def difference_squared(self, nargout, *args):
        v = args[0]
        U = np.zeros((1, 2))
        internal = np.zeros(1)
        U[0, 0] = U[0, 0] + 1
        U[0, 1] = U[0, 1] - 1
        internal[0] = U[0:1, :].dot(v).item()
        f = internal[0] * internal[0]
        if not isinstance(f, float):
            f = f.item()
        return f

    def difference_fourth(self, nargout, *args):
        v, p = args[0], self.parameters[args[1]]
        U = np.zeros((1, 2))
        internal = np.zeros(1)
        U[0, 0] = U[0, 0] + 1
        U[0, 1] = U[0, 1] - (1.0 if p is None else p)
        internal[0] = U[0:1, :].dot(v).item()
        f = internal[0] ** 4
        if not isinstance(f, float):
            f = f.item()
        return f

    def sine(self, nargout, *args):
        v = args[0]
        f = np.sin(v[0])
        if not isinstance(f, float):
            f = f.item()
        return f

    def cosine(self, nargout, *args):
        v = args[0]
        f = np.cos(v[0])
        if not isinstance(f, float):
            f = f.item()
        return f

    def exponential(self, nargout, *args):
        v, p = args[0], self.parameters[args[1]]
        f = np.exp(p * v[0])
        if not isinstance(f, float):
            f = f.item()
        return f

    def polynomial(self, nargout, *args):
        v, degree = args[0], self.parameters[args[1]]
        y = 1.0
        for _ in range(degree):
            y = y * v[1].item()
        return v[0].item() * (1.0 - y)

    def product_of_squares(self, nargout, *args):
        v = args[0]
        a, b = v[0].item(), v[1].item()
        return (a * a) * (b * b)

    # --- groups -------------------------------------------------------------------------------------------------------------

    def identity(self, nargout, *args):
        return args[0]

    def squared(self, nargout, *args):
        a = args[0]
        f = a * a
        if nargout > 1:
            g = a + a
            if nargout > 2:
                return f, g, 2.0
            return f, g
        return f

    def fourth(self, nargout, *args):
        a = args[0]
        return a**4

    def sine_group(self, nargout, *args):
        a = args[0]
        return float(np.sin(a))

    def logarithm(self, nargout, *args):
        a = args[0]
        return float(np.log(1.0 + a * a))


class EvalProblem(Problem):
    """Elements and groups are called by a text that is evaluated."""

    def fx(self, x):
        x = x.reshape(-1, 1)
        fx = 0.0
        for ig in range(len(self.group_kind)):
            gin = 0.0
            if len(self.members[ig]) > 0:
                for i in range(len(self.members[ig])):
                    iel = self.members[ig][i]
                    irange = self.places[iel]  # noqa: F841  # read by the text
                    fel = eval("self." + self.element_kind[iel] + "(1, x[irange], iel)")
                    gin += self.weights[ig][i] * float(fel)
            if hasattr(self, "A"):
                gin += float((self.A[ig, :] @ x).item())
            gin -= self.constants[ig].item()
            if ig in self.scale:
                gin /= self.scale[ig]
            fx += eval("self." + self.group_kind[ig] + "(1, gin, ig)")
        if getattr(self, "H", None) is not None:
            fx += 0.5 * float((x.T @ (self.H @ x)).item())
        return float(fx)


class AttributeProblem(Problem):
    """The same, by ``getattr``."""

    def fx(self, x):
        x = x.reshape(-1, 1)
        total = 0.0
        for ig, kind in enumerate(self.group_kind):
            inner = -float(self.constants[ig, 0])
            for iel, weight in zip(self.members[ig], self.weights[ig], strict=True):
                element = getattr(self, self.element_kind[iel])
                inner += weight * element(1, x[self.places[iel]], iel)
            inner = inner + self.A[ig].dot(x)[0, 0]
            if ig in self.scale.keys():  # noqa: SIM118  # as it is often written
                inner = inner / self.scale[ig]
            total = total + getattr(self, kind)(1, inner, ig)
        if self.H is not None:
            total = total + 0.5 * (x.T @ (self.H @ x)).item()
        return total
