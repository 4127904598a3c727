"""Functions of many lines, whose jumps reach far, are found in their source too."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np

import gradwise as gw


def test_far_jumps(tmp_path):
    lines = [
        "import numpy as np",
        "import math",
        "",
        "def f(x):",
        "    total = np.zeros(1)",
        "    for v in x:",
        "        if v > 0:",
    ]
    lines += [f"            total[0] += math.sin({k} * float(v)) + np.sum(v)" for k in range(120)]
    lines += ["        else:", "            total[0] -= np.exp(v)", "    return total[0]"]
    path = tmp_path / "long_function.py"
    path.write_text("\n".join(lines) + "\n")
    spec = importlib.util.spec_from_file_location("long_function", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["long_function"] = module
    try:
        spec.loader.exec_module(module)
        x = np.array([0.3, -0.4])
        k = np.arange(120)
        expected = [np.sum(k * np.cos(k * 0.3)) + 120.0, -np.exp(-0.4)]
        np.testing.assert_allclose(gw.grad(module.f, method="exact")(x), expected, rtol=1e-11)
        assert gw.explain(module.f, x).code == ["instrumented copies of f"]
    finally:
        del sys.modules["long_function"]


def test_eval_in_code_without_source():
    names = {"np": np}
    exec("def f(x):\n    import math\n    return eval('math.exp(x[0]) * float(x[1])')", names)
    np.testing.assert_allclose(
        gw.grad(names["f"], method="exact")(np.array([0.3, 2.0])), [2 * np.exp(0.3), np.exp(0.3)], rtol=1e-14
    )
