"""Time gradwise against its peers in one run and write the table: ``python3 do.py bench``.

Figures are minima over repetitions, results waited for, in one process and on the same inputs; ratios are gradwise ÷ peer (below 1, gradwise is faster).  Import time
and memory are measured in fresh interpreters.  Peers that are not installed are left out, and the table says so.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import gradwise as gw

sys.path.insert(0, str(Path(__file__).parent))
import functions

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
ROOT = HERE.parent


def seconds(call: Callable[[], Any], budget: float = 0.6) -> float:
    """The least time of a call over repeated batches."""
    call()
    start = time.perf_counter()
    call()
    once = time.perf_counter() - start
    repeat = max(1, int(0.02 / max(once, 1e-9)))
    best, deadline = once, time.perf_counter() + budget
    rounds = 0
    while rounds < 5 or (time.perf_counter() < deadline and rounds < 40):
        start = time.perf_counter()
        for _ in range(repeat):
            call()
        best = min(best, (time.perf_counter() - start) / repeat)
        rounds += 1
        if time.perf_counter() > deadline + 5:
            break
    return best


def _autograd() -> Any:
    try:
        import autograd
        import autograd.numpy
    except ImportError:
        return None
    return autograd, autograd.numpy


def _jax() -> Any:
    try:
        import jax
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    return jax


def in_fresh_interpreter(code: str, bytecode: str | None = None) -> dict[str, Any]:
    """The JSON that ``code`` prints last, run by a new interpreter; ``bytecode``: a folder where compiled modules are kept, as an installed package has them."""
    environment = dict(os.environ)
    if bytecode is not None:
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = bytecode
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE, env=environment
    )
    return json.loads(done.stdout.splitlines()[-1])


def import_seconds(module: str) -> float:
    """The least time of importing a module in a new interpreter, its bytecode compiled before."""
    with tempfile.TemporaryDirectory() as folder:
        return min([in_fresh_interpreter(IMPORT.format(module), folder)["s"] for _ in range(6)])


IMPORT = "import time, json; t = time.perf_counter(); import {0}; print(json.dumps({{'s': time.perf_counter() - t}}))"
LONG_LOOP = """
import json, resource, time
from pathlib import Path
import numpy as np
import gradwise as gw
from functions import pendulum_loop
f = pendulum_loop(np, 10_000)
x = np.array([1.0, 0.0, 0.15])
start = time.perf_counter()
gw.grad(f)(x)
first = time.perf_counter() - start
start = time.perf_counter()
gw.grad(f)(x)
again = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
status = Path("/proc/self/status")
if status.exists():  # ru_maxrss starts from the size of the process that started this one
    peak = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps({"first": first, "again": again, "mib": peak / 1024}))
"""


def recording_cost() -> dict[str, float]:
    """Seconds an operation that recording adds to NumPy's own cost: scalars, small arrays, a NumPy function."""
    from gradwise.tracing import record

    n = 2000

    def scalars(x: Any) -> Any:
        y = x[0]
        for _ in range(n):
            y = y * 1.0001
        return y

    def arrays(x: Any) -> Any:
        for _ in range(n):
            x = x * 1.0001
        return x

    def calls(x: Any) -> Any:
        for _ in range(n):
            x = np.sin(x)
        return x

    x = np.array([0.5, 0.6, 0.7])
    costs = {}
    for name, f in (("scalar", scalars), ("array", arrays), ("function", calls)):
        plain = seconds(lambda f=f: f(x))
        traced = seconds(lambda f=f: record(f, [x], [True], lambda leaves: f(*leaves)))
        costs[name] = (traced - plain) / n
    return costs


def side_by_side(calls: dict[str, Callable[[], Any]], budget: float = 1.5) -> dict[str, float]:
    """The least time of each call, in rounds that visit them in turn.

    In turn, because the cost of fresh memory depends on what was freed before, and would favour whoever comes last.
    """
    repeat = {}
    for name, call in calls.items():
        for _ in range(3):  # the second call of gradwise looks whether a program may stand for the function
            call()
        start = time.perf_counter()
        call()
        repeat[name] = max(1, int(0.01 / max(time.perf_counter() - start, 1e-9)))
    best = dict.fromkeys(calls, float("inf"))
    deadline = time.perf_counter() + budget * len(calls)
    rounds = 0
    while rounds < 5 or (time.perf_counter() < deadline and rounds < 60):
        for name, call in calls.items():
            start = time.perf_counter()
            for _ in range(repeat[name]):
                call()
            best[name] = min(best[name], (time.perf_counter() - start) / repeat[name])
        rounds += 1
    return best


def gradient_rows() -> list[dict[str, Any]]:
    autograd, jax = _autograd(), _jax()
    rows = []
    for name, make in functions.GRADIENTS.items():
        x = functions.POINTS[name]
        calls: dict[str, Callable[[], Any]] = {
            "function": _on(make(np), x),
            "gradwise": _on(gw.grad(make(np)), x),
            "each_call": _on(gw.grad(make(np), pure=False), x),
            "compiled": _on(gw.compile(make(np)), x),
        }
        if autograd is not None:
            calls["autograd"] = _on(autograd[0].grad(make(autograd[1])), x)
        if jax is not None and "loop" not in name:  # XLA takes minutes to compile an unrolled loop
            calls["jax_jit"] = _waiting(jax, jax.jit(jax.grad(make(jax.numpy))), x)
        if jax is not None and name in ("twenty_operations", "rosenbrock", "elementwise_small"):
            calls["jax_eager"] = _waiting(jax, jax.grad(make(jax.numpy)), x)
        rows.append({"name": f"gradient: {name}", **side_by_side(calls)})
        print(rows[-1], flush=True)
    return rows


def branching_rows() -> list[dict[str, Any]]:
    """Gradients at another point in each call, which takes a path of its own."""
    autograd = _autograd()
    rows = []
    for name, (make, points) in functions.BRANCHING.items():
        calls: dict[str, Callable[[], Any]] = {
            "function": _in_turn(make(np), points),
            "gradwise": _in_turn(gw.grad(make(np)), points),
            "each_call": _in_turn(gw.grad(make(np), pure=False), points),
            "compiled": _in_turn(gw.compile(make(np)), points),
        }
        if autograd is not None:
            calls["autograd"] = _in_turn(autograd[0].grad(make(autograd[1])), points)
        for _ in points:  # the program for all paths is made after some calls
            calls["gradwise"]()
            calls["compiled"]()
        rows.append({"name": f"new points: {name}", **side_by_side(calls)})
        print(rows[-1], flush=True)
    return rows


def _in_turn(function: Callable[..., Any], points: list[Any]) -> Callable[[], Any]:
    following = itertools.cycle(points)
    return lambda: function(next(following))


def _on(function: Callable[..., Any], x: Any) -> Callable[[], Any]:
    return lambda: function(x)


def _waiting(jax: Any, function: Callable[..., Any], x: Any) -> Callable[[], Any]:
    return lambda: jax.block_until_ready(function(x))


def hessian_row() -> dict[str, Any]:
    autograd, jax = _autograd(), _jax()
    x = functions.POINTS["coupled"]
    calls: dict[str, Callable[[], Any]] = {
        "function": _on(functions.coupled(np), x),
        "gradwise": _on(gw.hessian(functions.coupled(np)), x),
        "each_call": _on(gw.hessian(functions.coupled(np), pure=False), x),
        "compiled": _on(gw.compile(functions.coupled(np)), x),
    }
    if autograd is not None:
        calls["autograd"] = _on(autograd[0].hessian(functions.coupled(autograd[1])), x)
    if jax is not None:
        calls["jax_jit"] = _waiting(jax, jax.jit(jax.hessian(functions.coupled(jax.numpy))), x)
    row = {"name": "Hessian, n = 100: coupled", **side_by_side(calls)}
    print(row, flush=True)
    return row


def _time(s: float) -> str:
    return f"{s * 1e6:.3g} µs" if s < 1e-3 else f"{s * 1e3:.3g} ms" if s < 1 else f"{s:.3g} s"


def table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| workload | the function itself | `gw.compile(f)` | gradient | f run at each call | ÷ autograd | the same, f run at each call | ÷ JAX, compiled | ÷ JAX, not compiled |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        pairs = (
            ("gradwise", "autograd"),
            ("each_call", "autograd"),
            ("gradwise", "jax_jit"),
            ("gradwise", "jax_eager"),
        )
        ratios = [f"{row[ours] / row[peer]:.2f}" if peer in row else "–" for ours, peer in pairs]
        times = [_time(row[what]) for what in ("function", "compiled", "gradwise", "each_call")]
        cells = [row["name"], *times, *ratios]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def versions() -> str:
    from importlib import metadata

    found = []
    for name in ("numpy", "scipy", "autograd", "jax"):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)


def main() -> None:
    rows = [*gradient_rows(), *branching_rows(), hessian_row()]
    costs = recording_cost()
    imports = {m: import_seconds(m) for m in ("numpy", "gradwise")}
    long_loop = in_fresh_interpreter(LONG_LOOP)
    lines = [
        "# Benchmarks of the engine",
        "",
        "Written by `python3 do.py bench`. Times are minima over rounds that visit the peers in turn, in one process on the same inputs; a ratio below 1 means that gradwise is faster.",
        "These functions are proved pure by their code, so that their programs run in their place (on NumPy); with `pure=False` the Python function runs at every call.",
        "*New points*: functions whose branches follow the data, each call at another of 64 points, which takes another path.",
        "",
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {versions()}",
        "",
        table(rows),
        "",
        "| measure | result | goal |",
        "|---|---|---|",
        f"| `import gradwise`, compiled before, NumPy included (NumPy alone {imports['numpy'] * 1e3:.0f} ms) | {imports['gradwise'] * 1e3:.0f} ms | ≤ 300 ms |",
        f"| recording a scalar operation, over NumPy's own cost | {costs['scalar'] * 1e6:.2f} µs | ≤ 2 µs |",
        f"| recording an operation on a small array | {costs['array'] * 1e6:.2f} µs | ≤ 2 µs |",
        f"| recording a NumPy function of a small array | {costs['function'] * 1e6:.2f} µs | ≤ 2 µs |",
        f"| gradient of a loop of 10,000 steps of 8 operations, first call | {long_loop['first']:.2f} s | ≤ 2 s |",
        f"| the same, later calls | {long_loop['again']:.2f} s | |",
        f"| the same, peak memory of the process | {long_loop['mib']:.0f} MiB | ≤ 300 MB |",
        "",
    ]
    (HERE / "README.md").write_text("\n".join(lines))
    readme = ROOT / "README.md"
    text = readme.read_text()
    mark = "<!-- table -->"
    if text.count(mark) == 2:
        before, _, after = text.split(mark)
        readme.write_text(f"{before}{mark}\n{table(rows)}\n{mark}{after}")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
