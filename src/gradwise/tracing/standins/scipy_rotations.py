"""``scipy.spatial.transform.Rotation`` of traced numbers: SciPy's own object with a traced array of quaternions, until the run ends.

Quaternions are (x, y, z, w), as SciPy keeps them.  Values are SciPy's; the formulas beside them are smooth at the identity: a rotation by a small angle follows the series of sin(a/2)/a in a².
Euler's angles: Bernardes & Viollet (2022), *Quaternion to Euler angles conversion*.
"""

from __future__ import annotations

import math
import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.argument_places import in_place
from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.functions.operands import as_array
from gradwise.tracing.instrument.state import local
from gradwise.tracing.standins import scipy_rotation_fits
from gradwise.tracing.standins.recording import at_line, contains_traced, open_traces
from gradwise.tracing.standins.scipy_calling import with_value
from gradwise.tracing.standins.stacking import plainly
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

#: below this square of an angle the series is taken
_SMALL = 1e-2
_TERMS = 8

#: Newton's steps halve a matrix that is far from a rotation and square the distance of one that is near, so fifty reach any that is not singular
_STEPS = 50
_ORTHOGONAL = 1e-12


def _kind() -> Any:
    return scipy.spatial.transform.Rotation


def _made(expected: Any, quaternions: Any) -> Any:
    """SciPy's rotation, with traced quaternions: those of unit length that are its own up to their sign."""
    q = quaternions if quaternions.ndim == 2 else quaternions.reshape(1, 4)
    own = np.asarray(expected._quat)
    signs = np.where(np.sum(np.asarray(plain(q)) * own, axis=-1, keepdims=True) < 0, -1.0, 1.0)
    if np.any(signs < 0):
        concrete(q)
    expected._quat = with_value(q * signs, own)
    watch = local.watch
    if watch is not None:
        reference = weakref.ref(expected)
        watch.later.append(lambda: _clean(reference()))
    return expected


def _clean(rotation: Any) -> None:
    if rotation is not None and isinstance_traced(rotation._quat):
        rotation._quat = np.array(plain(rotation._quat))


def _moves(value: Any) -> bool:
    return contains_traced(value) or (isinstance(value, _kind()) and isinstance_traced(value._quat))


def _twin(value: Any) -> Any:
    """The plain counterpart of an argument."""
    if isinstance(value, _kind()):
        if not isinstance_traced(value._quat):
            return value
        q = np.array(plain(value._quat))
        return _kind().from_quat(q[0] if value._single else q)
    return plainly(value)


# --- formulas -------------------------------------------------------------------------------------------------------------------


def _unit(q: Any) -> Any:
    return q / np.sqrt(np.sum(q * q, axis=-1, keepdims=True))


def _composed(p: Any, q: Any) -> Any:
    """The product of quaternions."""
    (a, b, c, d), (e, f, g, h) = ([r[..., i] for i in range(4)] for r in (p, q))
    parts = [d * e + a * h + b * g - c * f, d * f - a * g + b * h + c * e, d * g + a * f - b * e + c * h]
    return np.stack([*parts, d * h - a * e - b * f - c * g], axis=-1)


def _from_rotvec(v: Any, degrees: bool = False) -> Any:
    v = v * (math.pi / 180) if degrees else v
    t = np.sum(v * v, axis=-1, keepdims=True)
    small = t < _SMALL
    angle = np.sqrt(np.where(small, 1.0, t))
    s = np.where(small, t, 0.0)
    sine = sum((-1) ** k * 0.5 ** (2 * k + 1) / math.factorial(2 * k + 1) * s**k for k in range(_TERMS))
    cosine = sum((-1) ** k * 0.25**k / math.factorial(2 * k) * s**k for k in range(_TERMS))
    scale = np.where(small, sine, np.sin(angle / 2) / angle)
    return np.concatenate([v * scale, np.where(small, cosine, np.cos(angle / 2))], axis=-1)


def _from_euler(seq: str, angles: Any, degrees: bool = False) -> Any:
    angles = angles * (math.pi / 180) if degrees else angles
    if angles.ndim == 0:
        angles = angles.reshape(1)
    elif len(seq) == 1 and angles.ndim == 1:
        angles = angles.reshape(-1, 1)
    result: Any = None
    for k, axis in enumerate(seq.lower()):
        half = angles[..., k] / 2
        zero = np.zeros(np.shape(plain(half)))
        parts = [zero, zero, zero, np.cos(half)]
        parts["xyz".index(axis)] = np.sin(half)
        one = np.stack(parts, axis=-1)
        result = one if result is None else _composed(one, result) if seq.islower() else _composed(result, one)
    return result


def _from_davenport(axes: Any, order: str, angles: Any, degrees: bool = False) -> Any:
    return scipy_rotation_fits.from_davenport(_composed, axes, order, angles, degrees)


def _nearest_rotation(m: Any) -> Any:
    """The rotation nearest to a matrix, which SciPy takes: the orthogonal factor of its polar decomposition, by Newton's steps."""
    value = np.asarray(plain(m))
    for _ in range(_STEPS):
        distance = np.max(np.abs(np.matmul(np.swapaxes(value, -1, -2), value) - np.eye(3)), initial=0.0)
        if distance < _ORTHOGONAL:
            break
        m = (m + np.swapaxes(np.linalg.inv(m), -1, -2)) / 2
        value = np.asarray(plain(m))
    for _ in range(2):  # at a rotation, where derivatives up to the third are exact by two steps; these need no inverse
        m = 1.5 * m - 0.5 * np.matmul(m, np.matmul(np.swapaxes(m, -1, -2), m))
    return m


def _from_matrix(m: Any) -> Any:
    concrete(m)  # the formula depends on which entry of the quaternion is the largest
    m = _nearest_rotation(m)
    single = m.ndim == 2
    matrices = m.reshape(1, 3, 3) if single else m
    rows = []
    for k in range(len(matrices)):
        a = matrices[k]
        value = np.asarray(plain(a))
        choice = int(np.argmax([*np.diag(value), np.trace(value)]))
        if choice == 3:
            parts = [a[2, 1] - a[1, 2], a[0, 2] - a[2, 0], a[1, 0] - a[0, 1], 1 + a[0, 0] + a[1, 1] + a[2, 2]]
        else:
            i, j, l = choice, (choice + 1) % 3, (choice + 2) % 3
            parts = [0.0] * 4
            parts[i] = 1 + a[i, i] - a[j, j] - a[l, l]
            parts[j], parts[l], parts[3] = a[j, i] + a[i, j], a[l, i] + a[i, l], a[l, j] - a[j, l]
        rows.append(_unit(np.stack(parts)))
    return rows[0] if single else np.stack(rows)


def _as_matrix(q: Any) -> Any:
    x, y, z, w = (q[..., i] for i in range(4))
    rows = [
        [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _as_rotvec(q: Any, degrees: bool = False) -> Any:
    q = q * np.where(q[..., 3:] < 0, -1.0, 1.0)
    v, w = q[..., :3], q[..., 3:]
    t = np.sum(v * v, axis=-1, keepdims=True)
    small = t < _SMALL
    sine = np.sqrt(np.where(small, 0.25, t))
    s = np.where(small, t, 0.0)
    # arcsin(n)/n in n²
    series = sum(math.comb(2 * k, k) / (4**k * (2 * k + 1)) * s**k for k in range(_TERMS))
    scale = np.where(small, 2 * series, 2 * np.arctan2(sine, w) / sine)
    return v * scale * (180 / math.pi if degrees else 1.0)


def _as_euler(q: Any, seq: str, degrees: bool = False) -> Any:
    intrinsic = seq.isupper()
    i, j, k = ["xyz".index(a) for a in (seq.lower()[::-1] if intrinsic else seq.lower())]
    symmetric = i == k
    if symmetric:
        k = 3 - i - j
    sign = (i - j) * (j - k) * (k - i) // 2
    if symmetric:
        a, b, c, d = q[..., 3], q[..., i], q[..., j], q[..., k] * sign
    else:
        a, b = q[..., 3] - q[..., j], q[..., i] + q[..., k] * sign
        c, d = q[..., j] + q[..., 3], q[..., k] * sign - q[..., i]
    middle = 2 * np.arctan2(np.hypot(c, d), np.hypot(a, b))
    total, difference = np.arctan2(b, a), np.arctan2(d, c)
    first, third = total - difference, total + difference
    if not symmetric:
        third, middle = third * sign, middle - math.pi / 2
    if intrinsic:
        angles = [third, middle, first]
    else:
        angles = [first, middle, third]
    return np.stack(angles, axis=-1) * (180 / math.pi if degrees else 1.0)


def _applied(q: Any, vectors: Any, inverse: bool = False) -> Any:
    matrix = _as_matrix(q)
    if inverse:
        matrix = np.swapaxes(matrix, -1, -2)
    return np.einsum("...ij,...j->...i", matrix, vectors)


def _magnitude(q: Any) -> Any:
    return 2 * np.arctan2(np.sqrt(np.sum(q[..., :3] ** 2, axis=-1)), np.abs(q[..., 3]))


# --- stand-ins --------------------------------------------------------------------------------------------------------------------


def _from(name: str, formula: Callable[..., Any], *places: int) -> Callable[..., Any]:
    """A constructor; ``places``: where the numbers are among its arguments, the first one unless they are given."""
    places = places or (0,)

    def call(*args: Any, **kwargs: Any) -> Any:
        original = getattr(_kind(), name)
        if not any(map(_moves, args)) and not any(map(_moves, kwargs.values())):
            return original(*args, **kwargs)
        args, kwargs = in_place(original, args, kwargs)
        expected = original(*map(_twin, args), **{k: _twin(v) for k, v in kwargs.items()})
        options = {k: v for k, v in kwargs.items() if k != "assume_valid"}
        settled = [as_array(a) if i in places else concrete(a) for i, a in enumerate(args)]
        with at_line(*open_traces(settled)):
            return _made(expected, formula(*settled, **options))

    call.__name__ = name
    call.__doc__ = f"``Rotation.{name}``."
    return call


def _from_quat(q: Any, scalar_first: bool = False) -> Any:
    concrete(np.sum(q * q, axis=-1) == 0.0)  # which SciPy refuses
    return _unit(np.roll(q, -1, axis=-1) if scalar_first else q)


def _as(name: str, formula: Callable[..., Any], *, is_quadratic: bool = False) -> Callable[..., Any]:
    """A method that gives numbers; ``is_quadratic``: by one formula everywhere, whatever the sign of the quaternion."""
    original = getattr(_kind(), name)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        (_, *args), kwargs = in_place(original, (self, *args), kwargs)
        if not _moves(self) and not any(map(_moves, args)):
            return original(self, *args, **kwargs)
        value = original(_twin(self), *map(_twin, args), **kwargs)
        q = self._quat[0] if self._single else self._quat
        kwargs.pop("suppress_warnings", None)
        with at_line(*open_traces([q, *args])):
            found = formula(q, *[as_array(a) if _moves(a) else a for a in args], **kwargs)
            has_ways = np.ndim(value) and not is_quadratic
            return _agreeing(found, np.asarray(value), q) if has_ways else with_value(found, value)

    call.__name__ = name
    call.__doc__ = f"``Rotation.{name}``."
    return call


def _agreeing(found: Any, value: Any, q: Any) -> Any:
    """SciPy's value; angles may differ by a whole turn."""
    concrete(q)  # whole turns are taken off by the values
    difference = np.asarray(plain(found)) - value
    turns = np.round(difference / (2 * math.pi)) * 2 * math.pi
    degrees = np.round(difference / 360.0) * 360.0
    whole = next(
        (t for t in (np.zeros(value.shape), turns, degrees) if np.allclose(difference, t, rtol=0, atol=1e-6)), None
    )
    if whole is None:
        raise q.tape.fail(
            "Rotation was asked for angles at a point where they are not unique (gimbal lock). They have no derivative there; as_matrix() and as_quat() do"
        )
    return with_value(found - whole if whole.any() else found, value)


def _as_quat(q: Any, canonical: bool = False, scalar_first: bool = False) -> Any:
    if canonical:
        q = q * np.where(q[..., 3:] < 0, -1.0, 1.0)
    return np.roll(q, 1, axis=-1) if scalar_first else q


def _to(name: str, formula: Callable[..., Any]) -> Callable[..., Any]:
    """A method or operator that gives a rotation."""
    original = getattr(_kind(), name)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not _moves(self) and not any(map(_moves, args)):
            return original(self, *args, **kwargs)
        expected = original(_twin(self), *map(_twin, args), **kwargs)
        if not isinstance(expected, _kind()):
            return expected
        with at_line(*open_traces([r._quat if isinstance(r, _kind()) else r for r in (self, *args)])):
            return _made(expected, formula(*[r._quat if isinstance(r, _kind()) else r for r in (self, *args)]))

    call.__name__ = name
    return call


def _late() -> dict[Any, dict[str, Callable[..., Any]]]:
    if not isinstance(
        _kind().as_matrix, types.FunctionType
    ):  # compiled, before SciPy 1.17: it cannot hold traced numbers, and says so
        return {}
    conjugate = np.array([-1.0, -1.0, -1.0, 1.0])
    return {
        _kind(): {
            "from_quat": _from("from_quat", _from_quat),
            "from_rotvec": _from("from_rotvec", _from_rotvec),
            "from_euler": _from("from_euler", _from_euler, 1),
            "from_matrix": _from("from_matrix", _from_matrix),
            "from_mrp": _from("from_mrp", scipy_rotation_fits.from_mrp),
            "from_davenport": _from("from_davenport", _from_davenport, 0, 2),
            **scipy_rotation_fits.fits(_made, _twin, _moves),
            "as_mrp": _as("as_mrp", scipy_rotation_fits.as_mrp),
            "as_quat": _as("as_quat", _as_quat),
            "as_matrix": _as("as_matrix", _as_matrix, is_quadratic=True),
            "as_rotvec": _as("as_rotvec", _as_rotvec),
            "as_euler": _as("as_euler", _as_euler),
            "apply": _as("apply", _applied, is_quadratic=True),
            "magnitude": _as("magnitude", _magnitude),
            "inv": _to("inv", lambda q: q * conjugate),
            "__mul__": _to("__mul__", lambda p, q: _unit(_composed(p, q))),
            "__pow__": _to("__pow__", lambda q, n, *_: _from_rotvec(_as_rotvec(q) * n)),
            "__getitem__": _to("__getitem__", lambda q, key: q[concrete(key, "index")]),
        }
    }


LATE_METHODS: dict[str, Callable[[], dict[Any, dict[str, Callable[..., Any]]]]] = {"scipy.spatial.transform": _late}
