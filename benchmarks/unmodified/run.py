"""What works unmodified: gradwise, HIPS autograd, JAX and PyTorch on a folder of functions as people write them.

    python benchmarks/unmodified/run.py --corpus FOLDER [--write]

Each file of the folder has ``f``, a point ``x0``, and an entry in ``reference.json`` with the value, the Jacobian and the tolerance.  *Unmodified*: the tool is given the function as it is.
*Imports swapped*: its best case, the same text with the tool's own NumPy and SciPy under the usual names.  Right: value and Jacobian within the tolerance.  Wrong: an answer that is not, without an error.

Each tool runs in a process of its own, with a limit of a minute for each function.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import types
import warnings
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
TOOLS = ("gradwise", "autograd", "jax", "torch")
SWAPS = {
    "autograd": [
        (r"^import numpy as np", "import autograd.numpy as np"),
        (r"^from scipy\.special import", "from autograd.scipy.special import"),
        (r"^import scipy\.special", "import autograd.scipy.special"),
        (r"^from scipy import linalg", "from autograd.scipy import linalg"),
        (r"^from scipy\.integrate import odeint", "from autograd.scipy.integrate import odeint"),
    ],
    "jax": [
        (r"^import numpy as np", "import jax.numpy as np"),
        (r"^from scipy\.special import", "from jax.scipy.special import"),
        (r"^import scipy\.special", "import jax.scipy.special"),
        (r"^from scipy import linalg", "from jax.scipy import linalg"),
        (r"^from scipy\.integrate import odeint", "from jax.experimental.ode import odeint"),
    ],
    "torch": [
        (r"^import numpy as np", "import torch as np"),
        (r"^from scipy\.special import", "from torch.special import"),
        (r"^import scipy\.special", "import torch.special"),
    ],
}


def load(path: Path, tool: str | None = None) -> types.ModuleType:
    """The module of a file, with the tool's imports if it is named."""
    name = path.stem + (f"_{tool}" if tool else "")
    if tool is None:
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    text = path.read_text()
    for pattern, replacement in SWAPS[tool]:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    module = types.ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    # the constants of the module are made with NumPy's own random numbers
    text = text.replace("np.random.", "_numpy.random.")
    module.__dict__["_numpy"] = np
    if tool == "torch":
        torch_as_numpy(text, path, module)
    else:
        exec(compile(text, str(path), "exec"), module.__dict__)
    return module


def torch_as_numpy(text: str, path: Path, module: types.ModuleType) -> None:
    """PyTorch in its best case: ``array`` is ``tensor``, and the constants of the module are tensors."""
    import torch

    torch.set_default_dtype(torch.float64)
    plain = vars(load(path))
    tree = ast.parse(text.replace("np.array(", "np.tensor("))
    kept = []
    for statement in tree.body:
        names = [t.id for t in getattr(statement, "targets", []) if isinstance(t, ast.Name)]
        if names and all(isinstance(plain[n], np.ndarray) for n in names):
            module.__dict__.update({n: torch.as_tensor(plain[n]) for n in names})
        else:
            kept.append(statement)
    tree.body = kept
    exec(compile(tree, str(path), "exec"), module.__dict__)


def leaves(tree: object) -> list[object]:
    """The numbers and arrays of a container, in its own order."""
    if isinstance(tree, dict):
        return [leaf for key in tree for leaf in leaves(tree[key])]
    if isinstance(tree, (list, tuple)):
        return [leaf for item in tree for leaf in leaves(item)]
    if hasattr(tree, "__dataclass_fields__"):
        return [leaf for key in tree.__dataclass_fields__ for leaf in leaves(getattr(tree, key))]
    return [tree]


def like(tree: object, x0: object) -> list[object]:
    """The leaves of a derivative in the order of the argument's."""
    if isinstance(x0, dict):
        return [leaf for key in x0 for leaf in like(tree[key], x0[key])]
    if isinstance(x0, (list, tuple)):
        return [leaf for part, item in zip(tree, x0, strict=True) for leaf in like(part, item)]
    if hasattr(x0, "__dataclass_fields__"):
        return [leaf for key in x0.__dataclass_fields__ for leaf in like(getattr(tree, key), getattr(x0, key))]
    return [tree]


def matrix(jacobian: object, x0: object, size: int) -> np.ndarray:
    """Rows: outputs; columns: the argument's numbers."""
    return np.concatenate([np.asarray(part, dtype=float).reshape(size, -1) for part in like(jacobian, x0)], axis=1)


def derivative(tool: str, function: object, x0: object, size: int) -> tuple[object, np.ndarray]:
    """The value and the Jacobian of a function by a tool."""
    point = copy.deepcopy(x0)
    if tool == "gradwise":
        import gradwise as gw

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            jacobian = gw.jacobian(function, method="exact")(point)
        return function(copy.deepcopy(x0)), matrix(jacobian, x0, size)
    if tool == "autograd":
        import autograd

        return function(copy.deepcopy(x0)), matrix(autograd.jacobian(function)(point), x0, size)
    if tool == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
        moved = jax.tree_util.tree_map(jax.numpy.asarray, point)
        value = function(jax.tree_util.tree_map(jax.numpy.asarray, copy.deepcopy(x0)))
        return value, matrix(jax.jacrev(function)(moved), x0, size)
    import torch

    torch.set_default_dtype(torch.float64)
    moved = tensors(point)
    value = function(tensors(copy.deepcopy(x0)))
    value = (
        [np.asarray(v.detach()) for v in leaves(value)]
        if not isinstance(value, torch.Tensor)
        else value.detach().numpy()
    )
    return value, matrix(torch.func.jacrev(function)(moved), x0, size)


def tensors(tree: object) -> object:
    """A container of arrays with tensors in their place."""
    import torch

    if isinstance(tree, dict):
        return {key: tensors(item) for key, item in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(tensors(item) for item in tree)
    return torch.as_tensor(tree)


def verdict(tool: str, path: Path, entry: dict[str, object], *, swapped: bool) -> tuple[str, str]:
    """ "right", "wrong" or "raises", and what happened."""
    expected = np.asarray(entry["jacobian"], dtype=float)
    value = np.atleast_1d(np.asarray(entry["value"], dtype=float)).ravel()
    expected = expected.reshape(value.size, -1)
    try:
        plain = load(path)
        module = load(path, tool) if swapped else plain
        found, jacobian = derivative(tool, module.f, plain.x0, value.size)
        got = np.concatenate([np.asarray(v, dtype=float).ravel() for v in leaves(found)])
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        text = str(error).splitlines()[0] if str(error) else ""
        return "raises", f"{type(error).__name__}: {re.sub(r' [(]/.*', '', text)[:120]}"
    scale = max(np.abs(expected).max(), 1e-300)
    error = np.abs(jacobian - expected).max() / scale if jacobian.shape == expected.shape else np.inf
    same = got.shape == value.shape and np.allclose(got, value, rtol=1e-6, atol=1e-9)
    if error <= entry["tolerance"] and same:
        return "right", f"{error:.1e}"
    return "wrong", f"Jacobian off by {error:.1e}" + ("" if same else ", another value")


def one_tool(tool: str, corpus: Path, *, swapped: bool) -> dict[str, tuple[str, str]]:
    """Verdicts on every function, in this process."""
    reference = json.loads((corpus / "reference.json").read_text())
    found = {}
    for name in sorted(reference):

        def late(*_: object) -> None:
            raise TimeoutError("more than a minute")

        signal.signal(signal.SIGALRM, late)
        signal.alarm(60)
        with Path(os.devnull).open("w") as nowhere:
            kept, sys.stdout = sys.stdout, nowhere
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found[name] = verdict(tool, corpus / f"{name}.py", reference[name], swapped=swapped)
            finally:
                sys.stdout = kept
                signal.alarm(0)
    return found


def table(results: dict[str, dict[str, tuple[str, str]]]) -> str:
    lines = [
        "| tool | as it is: right | silently wrong | raises | imports swapped: right | silently wrong | raises |",
        "|---|---|---|---|---|---|---|",
    ]
    for tool in TOOLS:
        cells = []
        for kind in ("unmodified", "swapped"):
            found = results.get(f"{tool} {kind}")
            verdicts = [] if found is None else [v for v, _ in found.values()]
            cells += [str(verdicts.count(w)) if verdicts else "–" for w in ("right", "wrong", "raises")]
        lines.append(f"| {tool} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="a folder of functions with reference.json")
    parser.add_argument("--write", action="store_true", help="keep results.json and the tables of the README pages")
    parser.add_argument("--one", nargs=2, metavar=("TOOL", "KIND"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        tool, kind = options.one
        print(json.dumps(one_tool(tool, options.corpus, swapped=kind == "swapped")))
        return
    results = {}
    for tool in TOOLS:
        for kind in ("unmodified",) if tool == "gradwise" else ("unmodified", "swapped"):
            command = [sys.executable, __file__, "--corpus", str(options.corpus), "--one", tool, kind]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{tool} {kind}: {done.stderr.strip().splitlines()[-1:]}")
                continue
            results[f"{tool} {kind}"] = json.loads(done.stdout.strip().splitlines()[-1])
    text = table(results)
    print(text)
    if options.write:
        (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
        count = len(next(iter(results.values())))
        block = (
            "<!-- unmodified: python benchmarks/unmodified/run.py --corpus FOLDER --write -->\n"
            f"Of {count} functions as people write them:\n\n{text}\n<!-- end -->"
        )
        for page in (HERE.parents[1] / "README.md", HERE / "README.md"):
            old = page.read_text() if page.exists() else "# What works unmodified\n\n<!-- unmodified --><!-- end -->\n"
            before, _, rest = old.partition("<!-- unmodified")
            after = rest.partition("<!-- end -->")[2]
            page.write_text(before + block + after)


if __name__ == "__main__":
    main()
