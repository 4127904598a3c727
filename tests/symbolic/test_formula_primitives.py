"""Every primitive in the tables of ``gradwise.symbolic``: its formula and the derivative of its formula, against gradwise's numbers.

SymPy differentiates the formula and mpmath evaluates it; ``gw.grad`` applies gradwise's own rules.  They share no derivative.
"""

from __future__ import annotations

import importlib
import pkgutil

import mpmath
import numpy as np
import pytest
from scipy import special

import gradwise as gw
from gradwise import rules
from gradwise.program import Equation, Primitive, Program, result_type, type_of
from gradwise.symbolic.arrays import ARRAYS, AS_RECORDED
from gradwise.symbolic.entrywise import ENTRYWISE
from gradwise.symbolic.fourier import FOURIER
from gradwise.symbolic.matrices import MATRICES, VALUES_ONLY
from gradwise.symbolic.numbers import numbers
from gradwise.symbolic.ordering import PLACES
from gradwise.symbolic.reading import Reader
from gradwise.symbolic.special import SEVERAL, SPECIAL

pytestmark = pytest.mark.extras("sympy")

V = np.array([0.6, 1.7, 0.9])
A = np.array([[2.1, 0.3], [0.4, 1.7]])
T = np.array([[0.4, 1.1, 0.8], [1.6, 0.2, 0.7]])
WEIGHTS = np.array([0.7, -1.3, 0.4, 1.9, -0.6, 1.1, 0.3, -0.8, 0.5])


def weighted(y):
    """One number in which every entry of y counts differently."""
    y = np.ravel(y)
    return np.sum(y * np.resize(WEIGHTS, y.shape))


def written(x):
    y = np.zeros_like(x)
    y[1:] = x[:-1] ** 2
    return weighted(y)


def added(x):
    y = x * 1.0
    np.add.at(y, [0, 0, 2], x * x)
    return weighted(y)


def signs(x, z):
    sign, log = np.linalg.slogdet(np.stack([np.stack([x, 1 + z]), np.stack([z, 3 + x])]))
    return sign + log


def at_complex_number(part):
    return lambda x, z: part(np.exp((x + 1j * z) ** 2))


# name of the primitive → a function that uses it, and a point
CASES = {
    "add": (lambda x, z: x + z * z, 0.6, 1.3),
    "sub": (lambda x, z: x - z * z, 0.6, 1.3),
    "mul": (lambda x, z: x * z, 0.6, 1.3),
    "div": (lambda x, z: x / z, 0.6, 1.3),
    "neg": (lambda x: -x * x, 0.6),
    "square": (lambda x: np.square(x), 0.6),
    "reciprocal": (lambda x: np.reciprocal(x), 0.6),
    "power": (lambda x: x**2.5, 0.6),
    "pow": (lambda x, z: x**z, 0.6, 1.3),
    "sqrt": (lambda x: np.sqrt(x), 0.6),
    "cbrt": (lambda x: np.cbrt(x), -0.6),
    "exp": (lambda x: np.exp(x), 0.6),
    "exp2": (lambda x: np.exp2(x), 0.6),
    "expm1": (lambda x: np.expm1(x), 0.6),
    "log": (lambda x: np.log(x), 0.6),
    "log2": (lambda x: np.log2(x), 0.6),
    "log10": (lambda x: np.log10(x), 0.6),
    "log1p": (lambda x: np.log1p(x), 0.6),
    "expit": (lambda x: special.expit(x), 0.6),
    "logaddexp": (lambda x, z: np.logaddexp(x, z), 0.6, 1.3),
    "logaddexp2": (lambda x, z: np.logaddexp2(x, z), 0.6, 1.3),
    "sin": (lambda x: np.sin(x), 0.6),
    "cos": (lambda x: np.cos(x), 0.6),
    "tan": (lambda x: np.tan(x), 0.6),
    "arcsin": (lambda x: np.arcsin(x), 0.6),
    "arccos": (lambda x: np.arccos(x), 0.6),
    "arctan": (lambda x: np.arctan(x), 0.6),
    "arctan2": (lambda x, z: np.arctan2(x, z), 0.6, -1.3),
    "sinh": (lambda x: np.sinh(x), 0.6),
    "cosh": (lambda x: np.cosh(x), 0.6),
    "tanh": (lambda x: np.tanh(x), 0.6),
    "arcsinh": (lambda x: np.arcsinh(x), 0.6),
    "arccosh": (lambda x: np.arccosh(x), 1.6),
    "arctanh": (lambda x: np.arctanh(x), 0.6),
    "hypot": (lambda x, z: np.hypot(x, z), 0.6, 1.3),
    "abs": (lambda x, z: np.abs(x) * z + np.abs(z - 2), -0.6, 1.3),
    "sign": (lambda x, z: np.sign(x) * z + np.sign(z), -0.6, 1.3),
    "angle": (at_complex_number(np.angle), 0.6, 0.3),
    "conj": (at_complex_number(lambda w: np.real(np.conj(w) * w**2)), 0.6, 0.3),
    "real": (at_complex_number(np.real), 0.6, 0.3),
    "imag": (at_complex_number(np.imag), 0.6, 0.3),
    "maximum": (lambda x, z: np.maximum(x * z, z + 0.1), 0.6, 1.3),
    "minimum": (lambda x, z: np.minimum(x * z, z + 0.1), 0.6, 1.3),
    "fmax": (lambda x, z: np.fmax(x * z, z + 0.1), 0.6, 1.3),
    "fmin": (lambda x, z: np.fmin(x * z, z + 0.1), 0.6, 1.3),
    "floor": (lambda x: x * np.floor(3 * x), 0.6),
    "ceil": (lambda x: x * np.ceil(3 * x), 0.6),
    "trunc": (lambda x: x * np.trunc(3 * x), -0.6),
    "fraction": (lambda x: np.modf(3 * x)[0] ** 2, -0.6),
    "floor_divide": (lambda x, z: x * (z // x), 0.6, 1.3),
    "mod": (lambda x, z: np.mod(z, x) ** 2, 0.6, -1.3),
    "fmod": (lambda x, z: np.fmod(z, x) ** 2, 0.6, -1.3),
    "copysign": (lambda x, z: np.copysign(x, z), 0.6, -1.3),
    "heaviside": (lambda x, z: z * np.heaviside(x, 0.5), 0.6, 1.3),
    "ldexp": (lambda x: np.ldexp(x, 3), 0.6),
    "select": (lambda x, z: np.where(x > z, x**2, x * z), 0.6, 1.3),
    "offset": (lambda x: np.interp(x, [0.0, 1.0, 2.0], [1.0, 3.0, 2.5]) ** 2, 1.4),
    "equal": (lambda x: np.where(x == 0.6, x, x**2), 0.9),
    "not_equal": (lambda x: np.where(x != 0.6, x, x**2), 0.9),
    "greater": (lambda x: np.where(x > 0.6, x, x**2), 0.9),
    "less": (lambda x: np.where(x < 0.6, x, x**2), 0.9),
    "greater_equal": (lambda x: np.where(x >= 0.6, x, x**2), 0.9),
    "less_equal": (lambda x: np.where(x <= 0.6, x, x**2), 0.9),
    "logical_and": (lambda x, z: np.where((x > 0) & (z > 0), x, z), 0.6, 1.3),
    "logical_or": (lambda x, z: np.where((x > 0) | (z > 0), x, z), 0.6, 1.3),
    "logical_xor": (lambda x, z: np.where((x > 0) ^ (z > 2), x, z), 0.6, 1.3),
    "logical_not": (lambda x, z: np.where(~(x > 0), x, z), np.float64(0.6), 1.3),
    "isnan": (lambda x: np.where(np.isnan(x), 0.0, x**2), 0.6),
    "isinf": (lambda x: np.where(np.isinf(x), 0.0, x**2), 0.6),
    "isfinite": (lambda x: np.where(np.isfinite(x), x**2, 0.0), 0.6),
    "signbit": (lambda x: np.where(np.signbit(x), x, x**2), -0.6),
    # SciPy's
    "erf": (lambda x: special.erf(x), 0.6),
    "erfc": (lambda x: special.erfc(x), 0.6),
    "erfi": (lambda x: special.erfi(x), 0.6),
    "erfcx": (lambda x: special.erfcx(x), 0.6),
    "dawsn": (lambda x: special.dawsn(x), 0.6),
    "erfinv": (lambda x: special.erfinv(x), 0.6),
    "erfcinv": (lambda x: special.erfcinv(x), 0.6),
    "ndtr": (lambda x: special.ndtr(x), 0.6),
    "ndtri": (lambda x: special.ndtri(x), 0.6),
    "ndtri_exp": (lambda x: special.ndtri_exp(x), -0.6),
    "log_ndtr": (lambda x: special.log_ndtr(x), 0.6),
    "digamma": (lambda x: special.digamma(x), 0.6),
    "gamma": (lambda x: special.gamma(x), 0.6),
    "gammaln": (lambda x: special.gammaln(x), 0.6),
    "loggamma": (lambda x: special.loggamma(x), 0.6),
    "gammasgn": (lambda x: x * special.gammasgn(x), -0.6),
    "rgamma": (lambda x: special.rgamma(x), 0.6),
    "beta": (lambda x, z: special.beta(x, z), 0.6, 1.3),
    "betaln": (lambda x, z: special.betaln(x, z), 0.6, 1.3),
    "poch": (lambda x, z: special.poch(x, z), 0.6, 1.3),
    "binom": (lambda x, z: special.binom(z, x), 0.6, 1.3),
    "zeta": (lambda x: special.zeta(2.5, x), 0.6),
    "gammainc": (lambda x: special.gammainc(1.5, x), 0.6),
    "gammaincc": (lambda x: special.gammaincc(1.5, x), 0.6),
    "exp10": (lambda x: special.exp10(x), 0.6),
    "exprel": (lambda x: special.exprel(x), 0.6),
    "logit": (lambda x: special.logit(x), 0.6),
    "log_expit": (lambda x: special.log_expit(x), 0.6),
    "cosm1": (lambda x: special.cosm1(x), 0.6),
    "powm1": (lambda x, z: special.powm1(x, z), 0.6, 1.3),
    "xlogy": (lambda x, z: special.xlogy(x, z), 0.6, 1.3),
    "xlog1py": (lambda x, z: special.xlog1py(x, z), 0.6, 1.3),
    "entr": (lambda x: special.entr(x), 0.6),
    "rel_entr": (lambda x, z: special.rel_entr(x, z), 0.6, 1.3),
    "kl_div": (lambda x, z: special.kl_div(x, z), 0.6, 1.3),
    "boxcox": (lambda x, z: special.boxcox(x, z), 0.6, 1.3),
    "boxcox1p": (lambda x, z: special.boxcox1p(x, z), 0.6, 1.3),
    "inv_boxcox": (lambda x, z: special.inv_boxcox(x, z), 0.6, 1.3),
    "inv_boxcox1p": (lambda x, z: special.inv_boxcox1p(x, z), 0.6, 1.3),
    "huber": (lambda x, z: special.huber(x, z), 0.6, 1.3),
    "pseudo_huber": (lambda x, z: special.pseudo_huber(x, z), 0.6, 1.3),
    "lambertw": (lambda x: np.real(special.lambertw(x)), 0.6),
    "wrightomega": (lambda x: special.wrightomega(x), 0.6),
    "sindg": (lambda x: special.sindg(x), 30.6),
    "cosdg": (lambda x: special.cosdg(x), 30.6),
    "tandg": (lambda x: special.tandg(x), 30.6),
    "cotdg": (lambda x: special.cotdg(x), 30.6),
    "radian": (lambda x, z: special.radian(x, z, 7.0), 30.6, 12.0),
    "sinc": (lambda x: np.sinc(x), 0.6),
    "expi": (lambda x: special.expi(x), 0.6),
    "exp1": (lambda x: special.exp1(x), 0.6),
    "expn": (lambda x: special.expn(3, x), 0.6),
    "spence": (lambda x: special.spence(x), 0.6),
    **{
        name: (lambda x, name=name: getattr(special, name)(x), 0.6)
        for name in ("j0", "j1", "y0", "y1", "i0", "i1", "k0", "k1", "i0e", "i1e", "k0e", "k1e", "ellipk", "ellipkm1", "ellipe")
    },
    **{name: (lambda x, name=name: getattr(special, name)(1.5, x), 0.6) for name in ("jv", "yv", "iv", "kv", "ive", "kve")},
    "ellipkinc": (lambda x: special.ellipkinc(x, 0.4), 0.6),
    "ellipeinc": (lambda x: special.ellipeinc(x, 0.4), 0.6),
    "hyp0f1": (lambda x: special.hyp0f1(1.5, x), 0.6),
    "hyp1f1": (lambda x: special.hyp1f1(1.5, 2.5, x), 0.6),
    "hyp2f1": (lambda x: special.hyp2f1(1.5, 2.5, 3.5, x), 0.4),
    **{
        f"eval_{name}": (lambda x, name=name: getattr(special, f"eval_{name}")(4, x), 0.6)
        for name in ("legendre", "chebyt", "chebyu", "laguerre", "hermite", "hermitenorm")
    },
    "eval_genlaguerre": (lambda x: special.eval_genlaguerre(4, 1.5, x), 0.6),
    "eval_gegenbauer": (lambda x: special.eval_gegenbauer(4, 1.5, x), 0.6),
    "eval_jacobi": (lambda x: special.eval_jacobi(3, 1.5, 0.5, x), 0.6),
    "sici": (lambda x: special.sici(x)[0] * special.sici(x)[1], 0.6),
    "shichi": (lambda x: special.shichi(x)[0] * special.shichi(x)[1], 0.6),
    "fresnel": (lambda x: special.fresnel(x)[0] * special.fresnel(x)[1], 0.6),
    "airy": (lambda x: sum(k * a for k, a in enumerate(special.airy(x), 1)), 0.6),
    # arrays
    "broadcast_to": (lambda x: weighted(np.broadcast_to(x, (2, 3)) ** 2), V),
    "reshape": (lambda x: weighted(x.reshape(3, 2) @ np.array([1.0, 2.0])), T),
    "transpose": (lambda x: weighted(x.T**2), T),
    "concatenate": (lambda x: weighted(np.concatenate([x, x**2])), V),
    "getitem": (lambda x: x[0] * x[-1] + weighted(x[[2, 0]] ** 2), V),
    "scatter_set": (written, V),
    "scatter_add": (added, V),
    "diagonal": (lambda x: weighted(np.diagonal(x) ** 2), A),
    "place_diagonal": (lambda x: weighted(np.diag(x) @ x), V),
    "windows": (lambda x: weighted(np.lib.stride_tricks.sliding_window_view(x, 2) ** 2), V),
    "sum": (lambda x: weighted(np.sum(x**2, axis=0)), T),
    "prod": (lambda x: weighted(np.prod(x, axis=1)), T),
    "cumsum": (lambda x: weighted(np.cumsum(x**2)), V),
    "cumprod": (lambda x: weighted(np.cumprod(x)), V),
    "max": (lambda x: weighted(np.max(x, axis=0) ** 2), T),
    "min": (lambda x: weighted(np.min(x, axis=1) ** 2), T),
    "norm": (lambda x: np.linalg.norm(x), V),
    "all": (lambda x: np.where(np.all(x > 0), x[0], x[1]), V),
    "any": (lambda x: np.where(np.any(x > 1), x[0], x[1]), V),
    "einsum": (lambda x: weighted(np.einsum("ij,kj->ik", x, x)), T),
    "matmul": (lambda x: weighted(x @ x), A),
    "convolve": (lambda x: weighted(np.convolve(x, x)), V),
    # places
    "sort": (lambda x: weighted(np.sort(x) ** 2), V),
    "argsort": (lambda x: weighted(x[np.argsort(x)] ** 2), V),
    "argmax": (lambda x: x[np.argmax(x)] ** 2, V),
    "argmin": (lambda x: x[np.argmin(x)] ** 2, V),
    "argpartition": (lambda x: x[np.argpartition(x, 1)[1]] ** 2, V),
    "searchsorted": (lambda x: V[np.searchsorted(np.array([0.5, 1.5]), x)] * x, 1.1),
    "interval": (lambda x: np.interp(x, [0.0, 1.0, 2.0], [1.0, 3.0, 2.5]) ** 2, 1.4),
    # linear algebra
    "det": (lambda x: np.linalg.det(x), A),
    "slogdet": (signs, 0.6, 1.3),
    "inv": (lambda x: weighted(np.linalg.inv(x)), A),
    "solve": (lambda x, z: weighted(np.linalg.solve(x, z)), A, np.array([1.0, 2.0])),
    "lstsq": (lambda x: weighted(np.linalg.lstsq(x.T, V)[0]), T),
    "pinv": (lambda x: weighted(np.linalg.pinv(x)), T),
    "cholesky": (lambda x: weighted(np.linalg.cholesky(x @ x.T)), A),
    "eigvalsh": (lambda x: weighted(np.linalg.eigvalsh(x + x.T)), A),
    "eigh": (lambda x: weighted(np.linalg.eigh(x + x.T)[0]), A),
    "svdvals": (lambda x: weighted(np.linalg.svd(x, compute_uv=False)), T),
    "svd": (lambda x: weighted(np.linalg.svd(x)[1]), A),
    "fft": (lambda x: weighted(np.abs(np.fft.fft(x, norm="ortho")) ** 2) + np.fft.ifft(np.fft.fft(x) ** 2)[1].real, V),
    "rfft": (lambda x: weighted(np.abs(np.fft.rfft(x)) ** 2), T),
    "irfft": (lambda x: weighted(np.fft.irfft(np.fft.rfft(x) ** 2, 3)) + weighted(np.fft.irfft(x[:2] + 0j, 2)), V),
    "convert": (lambda x: x.astype(complex).real ** 2 + weighted((x > 1).astype(float) * x), V[1:2]),
}  # fmt: skip

#: tested by themselves below
ELSEWHERE = {"rank", "sparse_product"}  # fmt: skip


def evaluated(formula, point):
    """Value and gradient of a formula of one real value, by mpmath."""
    import sympy

    found = sympy.lambdify(formula.symbols, [formula.value, *formula.jacobian.row(0)], "mpmath")
    with mpmath.workdps(25):
        try:
            values = found(*[mpmath.mpf(float(x)) for x in point])
        except (NameError, TypeError, AttributeError):  # a function that mpmath has under no name SymPy knows
            at = dict(zip(formula.symbols, map(float, point), strict=True))
            values = [sympy.N(e.subs(at), 20) for e in (formula.value, *formula.jacobian.row(0))]
        return np.array([complex(v) for v in values])


def flat(leaves):
    return np.concatenate([np.ravel(leaf) for leaf in leaves]).astype(float)


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (k % 2)) for k, n in enumerate(CASES)])
def test_the_formula_is_the_function_and_its_derivative(name):
    f, *args = CASES[name]
    program = gw.trace(f, *args)
    assert name in {equation.primitive.name for equation in program.equations}
    formula = gw.formula(lambda *a: np.reshape(f(*a), ()), *args)
    assert formula.notes == []
    rng = np.random.default_rng(3)
    compared = 0
    for size in (0.0, 0.02, 0.02, 0.02):
        point = [a * (1 + size * rng.uniform(-1, 1, np.shape(a))) for a in args]
        symbols = dict(zip(formula.symbols, flat(point), strict=True))
        if not all(bool(c.holds.subs(symbols)) for c in formula.conditions):
            continue
        expected = gw.grad(lambda *a: np.reshape(f(*a), ()), "all", method="exact")(*point)
        found = evaluated(formula, flat(point))
        np.testing.assert_allclose(found, [np.reshape(f(*point), ()), *flat(expected)], rtol=1e-9, atol=1e-11)
        compared += 1
    assert compared >= 2


def as_expressions(value):
    return numbers(np.asarray(value))


# primitives that a traced function does not reach by itself → operands, static parameters
DIRECT = {
    "add_along": ([T, np.array([[0, 2, 2], [1, 1, 0]])], (1, 4)),
    "hermitian_from": ([A], (True,)),
    "identity": ([], (3, np.dtype(float))),
    "inverse_mills": ([np.float64(0.6)], ()),
    "log_det_slope": ([A], ()),
    "mills_gap": ([np.float64(0.6)], ()),
    "overlap": ([T], (0,)),
    "combination": ([V, 2.0 * V], ((1.0, -0.25),)),
    "pack": ([np.float64(0.6), np.float64(1.3)], ((2,),)),
    "polygamma": ([np.float64(0.6)], (2,)),
    "power_log": ([np.float64(0.6), np.float64(1.3)], (2,)),
    "riemann_zeta": ([np.float64(2.6)], ()),
    "root_of_squares": ([V], ()),
    "sech_squared": ([V], ()),
    "sign_bit_sign": ([np.array([-0.6, 1.3])], ()),
    "sum_to": ([T], ((3,),)),
    "take_along": ([T, np.array([[2, 0], [1, 1]])], (1,)),
    "triangle": ([A], (0, True)),
    "zeros": ([], ((2, 2), np.dtype(float))),
    "arange": ([], (4,)),
    "complex": ([np.float64(0.6), np.float64(1.3)], ()),
}


@pytest.mark.parametrize("name", DIRECT)
def test_a_primitive_by_itself(name):
    import sympy

    primitive = all_primitives()[name]
    operands, params = DIRECT[name]
    types = [type_of(x) for x in operands]
    output = len(operands)
    result = result_type(primitive, types, params)
    equation = Equation(primitive, tuple(range(output)), params, output)
    program = Program("direct", [], tuple(range(output)), [equation], (output,), [*types, result])
    expected = np.asarray(primitive.value(*operands, *params))
    fixed = {k: as_expressions(x) for k, x in enumerate(operands)}
    (found,) = Reader(program, [*operands, expected], 5000, fixed, set()).read()
    values = np.array([complex(sympy.N(e, 20)) for e in found.reshape(-1)])
    np.testing.assert_allclose(values, np.ravel(expected), rtol=1e-12, atol=1e-15)
    assert found.shape == expected.shape


def all_primitives():
    """Every record in ``gradwise.rules``, by name."""
    found = {}
    for module in pkgutil.walk_packages(rules.__path__, "gradwise.rules."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Primitive):
                found[value.name] = value
    return found


def test_every_primitive_of_the_tables_is_tested():
    tables = {*ENTRYWISE, *SPECIAL, *SEVERAL, *ARRAYS, *AS_RECORDED, *PLACES, *MATRICES, *FOURIER, *VALUES_ONLY}
    assert tables - set(CASES) - set(DIRECT) == ELSEWHERE


def test_a_product_with_a_sparse_matrix():
    import scipy

    M = scipy.sparse.csr_array(np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]]))
    formula = gw.formula(lambda x: np.sum((M @ x) ** 2), V)
    assert str(formula.value) == "9*x_1**2 + (x_0 + 2*x_2)**2"


def test_least_squares_holds_at_full_rank():
    formula = gw.formula(lambda x: np.sum(np.linalg.lstsq(x, V)[0]), T.T)
    assert [type(c.holds).__name__ for c in formula.conditions] == ["Unequality"]
    with pytest.raises(gw.InputError, match="rank 1, where full rank is required"):
        gw.formula(lambda x: np.sum(np.linalg.lstsq(x, V)[0]), np.ones((3, 2)))
