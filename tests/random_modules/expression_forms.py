"""Expressions of numbers and of arrays of three, with holes for others: ``{s}`` a number, ``{v}`` an array, ``{c}`` a constant, ``{i}`` and ``{k}`` indices, ``{q}`` a condition."""

from __future__ import annotations

SCALARS = [
    "{s} + {s}", "{s} * {s}", "{s} - 0.3 * {s}", "{s} / (1.5 + {s} * {s})", "({s}) ** 2", "-({s})", "abs({s} + 3.1)",
    "math.sin({s})", "math.exp(-({s}) ** 2)", "np.tanh({s})", "math.hypot({s}, 1.2)", "np.sqrt(1.0 + ({s}) ** 2)",
    "np.cos({s})", "float({s})", "math.atan2({s}, 2.0)", "max({s}, {c})", "min({s}, {s} + 0.4)", "math.fsum([{s}, {s}])",
    "float(np.sum({v}))", "({v}).sum()", "np.dot({v}, {v})", "({v}) @ ({v})", "({v}).mean()", "np.linalg.norm({v} + 2.0)",
    "sum([{s}, {s}, {s}])", "({s} if {q} else {s})", "({v})[{i}]", "float(({v})[{i}])", "({v}).item({i})",
    "({v}).tolist()[{i}]", "np.max({v})", "functools.reduce(operator.mul, [{s}, {s}], 0.8)", "sum(q * 0.5 for q in {v})",
    "sum(a * b for a, b in zip({v}, [{s}, {s}, {s}]))", "max([{s}, {s}], key=lambda q: q * q)", "sorted([{s}, {s}, {s}])[{i}]",
    "(lambda q, r=0.4: q * r)({s})", "[{s}, {s}][-1]", "({s}, {s})[0]", "{{'a': {s}, 'b': {s}}}['b']", "np.float64({s})",
    "(w := {s}) * 0.5 + w", "list(itertools.accumulate([{s}, {s}, {s}]))[-1]", "np.prod(np.tanh({v}))", "np.var({v})",
    "complex({s}, {s}).real", "abs(complex({s} + 2.0, {s}))", "np.interp({s}, [-3.0, 0.1, 3.0], [0.2, 0.9, 0.5])",
    "np.trapezoid({v}, dx=0.5)", "float(np.asarray({s}))", "np.array({s}).item()", "int({s} > {c}) * 0.5 + {s}",
    "operator.itemgetter({i})({v})", "np.einsum('i,i->', {v}, {v})", "np.linalg.det(MIX + np.diag({v}))", "divmod({s}, 10.0)[1]",
]  # fmt: skip
VECTORS = [
    "({v}) + ({v})", "({v}) * ({s})", "np.sin({v})", "({v})[::-1]", "np.cumsum({v}) * 0.4", "np.roll({v}, 1)",
    "np.where(({v}) > {c}, {v}, {s})", "np.array([{s}, {s}, {s}])", "np.sort({v})", "np.outer({v}, {v}) @ ({v}) * 0.2",
    "np.concatenate([({v})[:1], ({v})[1:]])", "MIX @ ({v})", "({v}).copy()", "np.clip({v}, -2.0, 2.0)", "np.tanh({v})",
    "np.array([math.sin(q) for q in {v}])", "np.fromiter((q * 0.6 for q in {v}), float)", "np.linalg.solve(MIX + 3.0 * np.eye(3), {v})",
    "np.maximum({v}, {s})", "np.array(list(map(lambda q: q * q, {v})))", "np.stack([{v}, {v}]).mean(axis=0)", "({v}) / (1.5 + ({v}) ** 2)",
    "np.asarray({v}).reshape(3, 1)[:, 0]", "np.full(3, {s})", "np.append(({v})[:2], {s})", "np.vstack([{v}, {v}])[{k}]",
    "np.array(({v}).tolist())", "np.broadcast_to({s}, (3,)) + ({v})", "({v})[[2, 0, 1]]", "np.diff(np.append({v}, {s}))",
    "np.convolve({v}, [0.5, 0.2, 0.1], 'same')", "np.take({v}, [1, 1, 0])", "np.cross({v}, [0.3, 0.2, 0.9])", "np.ravel({v})",
    "np.vectorize(lambda q: math.tanh(q))({v})", "np.interp({v}, [-3.0, 0.1, 3.0], [0.2, 0.9, 0.5])", "np.asarray({v}, dtype=float)",
]  # fmt: skip
