"""What NumPy makes of arrays of users' subclasses: the class, the attributes, the shape and the derivative of each expression, for classes that override different parts of ndarray.

The truth is the plain run: what its result is, noted in it, and its numerical derivative.
"""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

import gradwise as gw

X = np.array([1.2, 0.8, 2.3])


class Plain(np.ndarray):
    """Nothing of its own."""


class Informed(np.ndarray):
    """Attributes that are handed on."""

    def __array_finalize__(self, other):
        self.info = getattr(other, "info", "none" if other is None else "new")


class Wrapping(np.ndarray):
    """Results of universal functions that the class makes."""

    def __array_finalize__(self, other):
        self.info = getattr(other, "info", "new")

    def __array_wrap__(self, array, context=None, return_scalar=False):
        made = super().__array_wrap__(array, context, return_scalar)
        made.info = "wrapped" if context is None else f"wrapped {context[0].__name__}"
        return made


class Unwrapping(np.ndarray):
    """Results that are ordinary."""

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return array[()] if return_scalar else np.asarray(array)


class Asked(np.ndarray):
    """Universal functions that the class applies."""

    def __array_finalize__(self, other):
        self.info = getattr(other, "info", "new")

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        given = [i.view(np.ndarray) if isinstance(i, Asked) else i for i in inputs]
        if out is not None:
            options["out"] = tuple(o.view(np.ndarray) if isinstance(o, Asked) else o for o in out)
        result = super().__array_ufunc__(ufunc, method, *given, **options)
        if result is NotImplemented or method == "at":
            return result
        if out is not None:
            return out[0]
        return tuple(map(self.named, result)) if isinstance(result, tuple) else self.named(result, ufunc, method)

    @staticmethod
    def named(result, ufunc=None, method=""):
        made = np.asarray(result).view(Asked)
        made.info = f"{getattr(ufunc, '__name__', '')} {method}"
        return made


class Indexed(np.ndarray):
    """Items that the class takes."""

    def __getitem__(self, key):
        found = super().__getitem__(key)
        if isinstance(found, Indexed):
            found.info = "taken"
        return found


class Operated(np.ndarray):
    """Operators and methods of its own."""

    def __mul__(self, other):
        return np.multiply(self.view(np.ndarray), other).view(Operated) + 1.0

    __rmul__ = __mul__

    def sum(self, axis=None, dtype=None, out=None, **options):
        return 10.0 * np.asarray(self).sum(axis)


class First(np.ndarray):
    """A class that is asked before others."""

    __array_priority__ = 5.0

    def __array_finalize__(self, other):
        self.info = getattr(other, "info", "new")


CLASSES = [Plain, Informed, Wrapping, Unwrapping, Asked, Indexed, Operated, First]

EXPRESSIONS = """
v+1 | 2*v | v*2 | x*v | v*x | np.float64(2)*v | np.ones(3)*v | v-np.ones(3) | v/x | x/v | v**2 | v**0.5 | v**3 | 2**v | -v | abs(v) | v%0.7 | [1.,2.,3.]*v
v@v | v@np.eye(3) | np.eye(3)@v | x@v | v.dot(x) | np.dot(x,v) | np.outer(v,v) | np.inner(v,v) | np.vdot(v,v) | np.tensordot(v,v,1) | np.kron(v,v) | np.einsum('i,i->i',v,v)
v.sum() | v.sum()+1 | v.sum()*v | np.sum(v) | np.sum(v,axis=0,keepdims=True) | v.mean() | np.mean(v) | v.std() | np.var(v) | v.prod() | v.max() | np.min(v) | np.ptp(v) | v.cumsum() | np.cumprod(v)
np.median(v) | np.average(v) | np.average(v,weights=v) | np.add.reduce(v) | np.add.accumulate(v) | np.add.outer(v,v) | np.nansum(v) | np.trapezoid(v) | np.diff(v) | np.gradient(v)
v[0] | v[1:] | v[...,0] | v[None] | v[[0,1]] | v[v>1] | v.T | v.real | v.flat[0:2] | v.take(0) | np.take(v,[0,1]) | v.ravel() | v.reshape(3,1) | v.repeat(2) | v.copy() | copy.copy(v) | copy.deepcopy(v)
v.astype(float) | v.view() | v.view(np.ndarray) | np.asarray(v) | np.array(v) | np.asanyarray(v) | np.array(v,subok=True) | np.copy(v,subok=True) | np.zeros_like(v)+x | np.full_like(v,1)*x
np.sqrt(v) | np.exp(v) | np.hypot(v,v) | np.arctan2(v,1.) | np.maximum(v,1) | np.clip(v,1,2) | v.clip(1,2) | np.modf(v)[0] | np.divmod(v,.7)[1] | np.where(v>1,v,0) | np.sinc(v) | np.nan_to_num(v)
np.concatenate([v,v]) | np.concatenate([x,v]) | np.stack([v,v]) | np.hstack([v,v]) | np.append(v,1.) | np.insert(v,0,1.) | np.delete(v,0) | np.tile(v,2) | np.roll(v,1) | np.flip(v) | np.sort(v) | np.pad(v,1)
np.broadcast_to(v,(2,3)) | np.broadcast_to(v,(2,3),subok=True) | np.atleast_2d(v) | np.expand_dims(v,0) | np.split(v,3)[0] | np.meshgrid(v,v)[0] | np.cross(v,x) | np.interp(v,np.arange(5.),np.arange(5.)**2)
np.linalg.norm(v) | np.linalg.inv(np.outer(v,v)+np.eye(3)) | np.linalg.solve(np.eye(3)*2,v) | np.linalg.det(np.outer(v,v)+np.eye(3)) | np.polyval(v,v) | np.convolve(v,v) | np.fft.fft(v).real
float(v.sum()) | float(v[0]) | v.item(0) | v.tolist()[1] | [a for a in v][0] | list(v)[1] | sum(v) | max(v) | sorted(v)[0] | len(v)*x | (v>0).sum()*x | (v==v).all()*x | math.exp(v[0]) | math.hypot(*v)
v.argmax()+x | np.argsort(v)*x | v.argsort()*x | np.array([v,v]) | np.array([v[0],v[1]]) | np.r_[v,v] | np.ndarray.__add__(v,1) | np.ndarray.sum(v) | np.ndarray.__getitem__(v,0) | np.diag(v) | v.conj()
"""
STATEMENTS = """
v+=1 | v*=x | v**=2 | v/=2 | v[0]=x[1]*3 | v[1:]=x[:2] | v[0]+=5 | v[v>1]=0 | v.shape=(3,1) | v.flat=x*2 | w=v[1:]; w*=3 | x=x+0; x+=v; v=x | z=np.zeros(3); z[:]=v; v=z | z=np.ones(3); z+=v; v=z
np.add(v,1,out=v) | np.add.at(v,[0,0],1.) | np.copyto(v,x*3) | np.put(v,[0],x[1]) | v.sort() | v.fill(2.) | v.info="set" | np.multiply(v,v,out=v) | np.exp(x,out=v) | u=v.copy(); u[0]=1.; v=v*u
"""


def split(text):
    return [part.strip() for part in text.replace("\n", "|").split("|") if part.strip()]


NOTED: list = []


def note(result):
    shape = result.shape if hasattr(result, "shape") else ()
    NOTED.append((type(result).__name__, getattr(result, "info", None), shape))


#: by class, programs of one expression or statement, which note what its result is
PROGRAMS = (
    "def f(x):\n    v = (x * 1.5).view({kind})\n    {line}\n    note(r)\n    return np.sum(np.asarray(r) ** 2) * 1.0\n"
)


def program(kind, line):
    names = {"np": np, "math": math, "copy": copy, "note": note, kind.__name__: kind}
    exec(PROGRAMS.format(kind=kind.__name__, line=line), names)
    return names["f"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", CLASSES)
def test_expressions(kind):
    compare(kind, [f"r = {e}" for e in split(EXPRESSIONS)], at_least=110)


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")  # from NumPy 2.5 on
@pytest.mark.parametrize("kind", CLASSES)
def test_statements(kind):
    compare(kind, [f"{s}; r = v" for s in split(STATEMENTS)], at_least=20)


def compare(kind, lines, at_least):
    compared = 0
    for line in lines:
        f = program(kind, line)
        NOTED.clear()
        try:
            f(X.copy())
        except (TypeError, ValueError, IndexError, AttributeError):
            continue  # the class does not take that
        plain = NOTED[0]
        NOTED.clear()
        gradient = gw.grad(f, method="exact", check=False)(X.copy())
        assert NOTED[0] == plain, line
        np.testing.assert_allclose(gradient, gw.numerical.grad(f, X.copy()).value, rtol=1e-5, atol=1e-6, err_msg=line)
        compared += 1
    assert compared >= at_least


UNRULED = [
    "np.vectorize(lambda t: 2 * t)(v)",
    "np.apply_along_axis(lambda t: 2 * t, 0, v)",
    "np.piecewise(v, [v > 1], [lambda t: t])",
]


@pytest.mark.parametrize("expression", UNRULED)
def test_functions_that_apply_another_to_entries_are_refused(expression):
    with pytest.raises(gw.TracingError, match=r"the class Informed.*np.asarray\(v\)"):
        gw.grad(program(Informed, f"r = {expression}"), method="exact")(X)
