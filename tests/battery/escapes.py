"""Values that leave the trace: each raises at its line, and falls back to numbers with a warning."""

import json
import math

import numpy as np
import scipy.integrate
import scipy.optimize

from battery.registry import escape

X = np.array([0.4, 0.9, 1.7])


@escape(X)
def math_function(x):
    return math.exp(x[0]) * x[1]  # here


@escape(X)
def float_of(x):
    y = float(x[0])  # here
    return y * x[1]


@escape(X)
def array_of_list(x):
    m = np.array([[x[0], 1.0], [1.0, x[1]]])  # here
    return np.linalg.det(m)


@escape(X)
def zeros_filled(x):
    out = np.zeros(3)
    for i in range(3):
        out[i] = x[i] ** 2  # here
    return out


@escape(X)
def zeros_sliced(x):
    out = np.zeros((2, 3))
    out[0] = x  # here
    return out.sum()


@escape(X)
def asarray_of_list(x):
    return np.asarray([x[0], x[1]]).sum()  # here


@escape(X)
def full_of(x):
    return np.full(3, x[0]) @ x  # here


@escape(X)
def arange_of(x):
    return np.arange(0, x[0] + 0.05, 0.1).sum() + np.arange(x[1], 2).sum() + x[0]  # here


@escape(X)
def python_complex(x):
    return abs(complex(x[0], x[1]))  # here


@escape(X)
def fromiter_of(x):
    return np.fromiter((v for v in x), float).sum()  # here


@escape(X)
def vectorized(x):
    return np.vectorize(lambda t: t**2)(x).sum()  # here


@escape(X)
def quad_of(x):
    return scipy.integrate.quad(lambda t: np.exp(-x[0] * t), 0, 1)[0]  # here


@escape(X)
def brentq_of(x):
    return scipy.optimize.brentq(lambda t: t**3 - x[0], 0, 2)  # here


@escape(X)
def captured_array_written(x):
    BUFFER[:] = x  # here
    return BUFFER.sum()


BUFFER = np.zeros(3)


@escape(X)
def augmented_into_plain(x):
    out = np.ones(3)
    out += x  # here
    return out.prod()


@escape(X)
def in_a_helper(x):
    def helper(v):
        return math.sqrt(v)  # here

    return helper(x[1]) * 2


@escape(X)
def swallowed(x):
    try:
        y = math.sin(x[0])  # here
    except Exception:
        y = 0.0
    return y + x[1]


@escape(X)
def bare_except_default(x):
    total = x[2] * 1
    for v in x:
        try:
            total += float(v)  # here
        except Exception:
            continue
    return total


@escape(X)
def json_of(x):
    return json.loads(json.dumps([x[0] * 2]))[0]  # here


@escape(X)
def text_and_back(x):
    return float(str(x[0])) * x[1]  # here


@escape(X)
def nditer_of(x):
    return sum(float(v) ** 2 for v in np.nditer(x))  # here


@escape(X)
def round_to_python_int(x):
    return np.frombuffer(x.tobytes()).sum()  # here


@escape(X)
def as_strided_of(x):
    return np.lib.stride_tricks.as_strided(x, (2, 2), (8, 8)).sum()  # here


@escape(X)
def ctypes_data(x):
    return np.ndarray((3,), float, x.data).sum()  # here


@escape(X)
def apply_python_fsum(x):
    return math.fsum(x)  # here


@escape(X)
def sum_of_list(x):
    return np.sum([x[0], x[1] * 2])  # here


@escape(X)
def stack_of_lists(x):
    return np.linalg.det(np.stack([[x[0], 1.0], [0.5, x[1]]]))  # here


@escape(X)
def polynomial_package(x):
    return np.polynomial.polynomial.polyval(0.5, x)  # here


@escape(X)
def compressed_rows(x):
    return np.r_[x[0], x[1:]].prod()  # here
