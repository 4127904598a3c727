"""What every function of traced arrays must satisfy, against plain NumPy.

``check(f, *args)``: the value, bit for bit; the forward derivative against a complex step (or central differences where f takes no complex numbers); the reverse
derivative against the forward one with random cotangents; the derivative of the reverse derivative against central differences; the batched program against a loop.
"""

import numpy as np

from gradwise.containers import flatten
from gradwise.execution import evaluate
from gradwise.program.check import check_program
from gradwise.tracing import record
from gradwise.transforms.batch import batch
from gradwise.transforms.forward import pushforward
from gradwise.transforms.reverse import pullback


def random_like(x, rng):
    x = np.asarray(x)
    v = rng.normal(size=x.shape)
    result = own(x) if x.ndim else np.empty_like(x)
    result[...] = (v + 1j * rng.normal(size=x.shape) if x.dtype.kind == "c" else v).astype(x.dtype)
    return result


def leaves_of(value):
    return [np.asarray(leaf) for leaf in flatten(value)[0]]


def inner(a, b):
    """Re Σ conj(a)·b over all leaves."""
    return sum(float(np.real(np.sum(np.conj(np.asarray(p, np.complex128)) * q))) for p, q in zip(a, b, strict=True))


def run(program, inputs, captured):
    return [np.asarray(v) for v in evaluate(check_program(program), inputs, captured)]


def own(x, dtype=None):
    """A copy whose memory is laid out as that of x (a function may write into its arguments)."""
    if not isinstance(x, np.ndarray):
        return x
    dtype = x.dtype if dtype is None else np.dtype(dtype)
    if x.flags.c_contiguous or x.flags.f_contiguous:
        return x.astype(dtype, order="K")
    scale = dtype.itemsize // x.itemsize
    low, high = np.lib.array_utils.byte_bounds(x)
    memory = np.zeros((high - low) * scale, np.uint8)
    first = (x.__array_interface__["data"][0] - low) * scale
    result = np.ndarray(x.shape, dtype, memory, first, [s * scale for s in x.strides])
    result[...] = x
    return result


def shifted(x, dx):
    """x + dx, laid out as x."""
    total = x + dx
    if not isinstance(x, np.ndarray):
        return total
    result = own(x, total.dtype)
    result[...] = total
    return result


def traced(f, args):
    return record(f, [own(a) for a in args], [True] * len(args), lambda leaves: f(*leaves))


def same_value(got, want):
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)
    if got.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(got), np.signbit(want))


def check(f, *args, seed=0, exact=True, complex_step=True, second=True, batched=True, tolerance=1e-6):
    rng = np.random.default_rng(seed)
    args = [a if isinstance(a, float) else np.asarray(a) for a in args]
    wide = all(np.asarray(a).dtype in {np.dtype(np.float64), np.dtype(np.complex128)} for a in args)
    with np.errstate(all="ignore"):
        want = leaves_of(f(*[own(a) for a in args]))
    recording = traced(f, args)
    assert len(recording.values) == len(want)
    for got, w in zip(recording.values, want, strict=True):
        if exact:
            same_value(got, w)
        else:
            np.testing.assert_allclose(got, w, rtol=1e-12, atol=1e-12)
            assert np.asarray(got).dtype == w.dtype
    program, captured = recording.program, recording.tape.captured_values()
    rtol = tolerance if wide else 3e-3
    for got, w in zip(run(program, args, captured), want, strict=True):
        np.testing.assert_allclose(got, w, rtol=1e-12 if wide else 1e-5, atol=1e-12 if wide else 1e-5)
    tangents = [random_like(a, rng) for a in args]
    # forward
    push = pushforward(program, program.inputs)
    moved = run(push.joined(values=False), [*args, *tangents], captured)
    results = iter(moved)
    dy = [np.zeros_like(w) if r is None else next(results) for r, w in zip(push.results, want, strict=True)]
    if wide:
        for d, w in zip(dy, direction(f, args, tangents, complex_step), strict=True):
            np.testing.assert_allclose(d, w, rtol=rtol, atol=rtol)
    # reverse
    cotangents = [random_like(w, rng) if w.dtype.kind in "fc" else None for w in want]
    floating = [o for o, w in zip(program.outputs, want, strict=True) if w.dtype.kind in "fc"]
    cotangents = [c for c in cotangents if c is not None]
    back = pullback(program, program.inputs, floating)
    joined = back.joined(values=False)
    results = iter(run(joined, [*args, *cotangents], captured))
    bars = [np.zeros_like(a) if r is None else next(results) for r, a in zip(back.results, args, strict=True)]
    for bar, a in zip(bars, args, strict=True):
        assert bar.shape == np.shape(a)
        assert bar.dtype == np.asarray(a).dtype
    moving = [d for d, w in zip(dy, want, strict=True) if w.dtype.kind in "fc"]
    np.testing.assert_allclose(inner(bars, tangents), inner(cotangents, moving), rtol=rtol, atol=rtol)
    if second and wide and joined.outputs:
        second_order(joined, args, cotangents, tangents, captured, rtol)
    if batched and not program.guards:
        rows(program, args, captured, rng)
        rows(joined, [*args, *cotangents], captured, rng)
    return recording


def direction(f, args, tangents, complex_step):
    """The directional derivative of plain f."""
    if complex_step and all(np.asarray(a).dtype.kind == "f" for a in args):
        h = 1e-30
        moved = leaves_of(f(*[shifted(a, 1j * h * t) for a, t in zip(args, tangents, strict=True)]))
        return [m.imag / h if m.dtype.kind == "c" else np.zeros(m.shape) for m in moved]
    h = 1e-5
    ahead = leaves_of(f(*[shifted(a, h * t) for a, t in zip(args, tangents, strict=True)]))
    behind = leaves_of(f(*[shifted(a, -h * t) for a, t in zip(args, tangents, strict=True)]))
    return [
        (np.subtract(p, q) / (2 * h)) if p.dtype.kind in "fc" else np.zeros(p.shape)
        for p, q in zip(ahead, behind, strict=True)
    ]


def second_order(joined, args, cotangents, tangents, captured, rtol):
    wrt = joined.inputs[: len(args)]
    push = pushforward(joined, wrt)
    got = run(push.joined(values=False), [*args, *cotangents, *tangents], captured)
    h = 1e-5
    ahead = run(joined, [*[a + h * t for a, t in zip(args, tangents, strict=True)], *cotangents], captured)
    behind = run(joined, [*[a - h * t for a, t in zip(args, tangents, strict=True)], *cotangents], captured)
    results = iter(got)
    for r, p, q in zip(push.results, ahead, behind, strict=True):
        d = np.zeros(p.shape) if r is None else next(results)
        np.testing.assert_allclose(d, (p - q) / (2 * h), rtol=1e-4, atol=1e-5)


def rows(program, args, captured, rng):
    """The batched program against a loop, for every choice of batched inputs (at most eight)."""
    size = 3
    stacks = [np.stack([np.asarray(a), *(random_like(a, rng) for _ in range(size - 1))]) for a in args]
    for choice in range(1, min(2 ** len(args), 8)):
        flags = [bool(choice >> k & 1) for k in range(len(args))]
        moved, carries = batch(program, size, [v for v, f in zip(program.inputs, flags, strict=True) if f])
        got = run(moved, [s if f else a for s, a, f in zip(stacks, args, flags, strict=True)], captured)
        for i in range(size):
            want = run(program, [s[i] if f else a for s, a, f in zip(stacks, args, flags, strict=True)], captured)
            for g, w, c in zip(got, want, carries, strict=True):
                np.testing.assert_allclose(g[i] if c else g, w, rtol=1e-6, atol=1e-6)
