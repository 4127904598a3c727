"""Functions of SciPy and ``numpy.polynomial`` that are ordinary NumPy inside: their own Python code runs instrumented, as the user's does, where something in a call is traced.

Filter design, linear systems, windows, tests and estimates, moments of distributions have no algorithm that would need a rule: what they call has one, or a stand-in.  Calls in which nothing is
traced run SciPy's function as it is.  The files of the modules below count as the user's code (``instrument/userland.py``); what of them hands buffers to compiled code to be filled (filters of
images, kernel densities) is left out.
"""

from __future__ import annotations

import functools
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from gradwise.containers import own_entries
from gradwise.tracing import instrument
from gradwise.tracing.instrument import known, userland
from gradwise.tracing.instrument.objects import holds_traced
from gradwise.tracing.instrument.state import local
from gradwise.tracing.traced import isinstance_traced

_ROOT = Path(scipy.__file__).parent
_POLYNOMIALS = Path(np.__file__).parent / "polynomial"
#: folders and files of SciPy whose code is looked into
_OPENED = (
    *("signal", "stats", "_lib", "_external", "fft/_fftlog.py", "cluster/vq.py", "ndimage/_measurements.py"),
    *(
        "sparse/linalg/_interface.py",
        "constants/_constants.py",
        "integrate/_ivp/base.py",
        "integrate/_ivp/common.py",
        "integrate/_ivp/bdf.py",
        "integrate/_ivp/radau.py",
        "integrate/_ivp/rk.py",
        "interpolate/_pade.py",
        "interpolate/_bary_rational.py",
        "interpolate/_rbf.py",
        "spatial/_procrustes.py",
        "spatial/_kdtree.py",
        "spatial/_geometric_slerp.py",
        "fft/_fftlog_backend.py",
    ),
)
#: files within them that are not: a compiled loop asks for plain arrays there
_CLOSED = frozenset({"_kde.py"})


@functools.cache
def _files() -> frozenset[str]:
    found: list[str] = [str(path) for path in _POLYNOMIALS.glob("*.py")]
    for name in _OPENED:
        path = _ROOT / name
        if path.is_dir():
            for folder, folders, names in os.walk(path):
                folders[:] = [f for f in folders if f != "tests"]
                found += [str(Path(folder) / n) for n in names if n.endswith(".py") and n not in _CLOSED]
        elif path.exists():
            found.append(str(path))
    return frozenset(found)


@functools.cache
def _unknown(function: types.FunctionType) -> types.FunctionType:
    """The same function as another object, for which nothing stands in."""
    made = types.FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    made.__kwdefaults__ = function.__kwdefaults__
    made.__dict__.update(function.__dict__)
    return made


def run_opened(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """A function of SciPy's by its twin."""
    callees = getattr(instrument, "callees", None)
    watch = local.watch
    if callees is None or watch is None:
        return function(*args, **kwargs)
    same = _unknown(function)
    entry = watch.twins.get(id(same))
    made = entry[1] if entry is not None else callees.twin(watch, same)
    return made(*args, **kwargs)


def _concerned(value: Any) -> bool:
    """Whether an argument is traced, holds something that may be, or is a function, which may read something that is."""
    return type(value) in _CALLED or _holds(value)


def _holds(value: Any, depth: int = 2) -> bool:
    watch = local.watch
    if holds_traced(value) or (watch is not None and id(value) in watch.overlay):
        return True
    if type(value) in (list, tuple) and len(value) <= _FEW:  # the components of a mixture
        return any([type(v).__module__.startswith(_PACKAGES) and _holds(v, depth) for v in value])
    if depth and type(value).__module__.startswith(_PACKAGES):
        return any([_holds(v, depth - 1) for v in (own_entries(value) or {}).values()])
    return False


_FEW = 100


#: whose classes may hold what is traced
_PACKAGES = ("scipy.", "numpy.polynomial.")
_CALLED = (types.FunctionType, types.MethodType, functools.partial)


def _run(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """The function as it is, or its twin where something in the call is traced."""
    if local.watch is None or not any([_concerned(a) for a in (*args, *kwargs.values())]):
        return function(*args, **kwargs)
    return run_opened(function, *args, **kwargs)


def _open(*modules: str) -> dict[type, dict[str, Callable[..., Any]]]:
    files = _files()
    userland._known_files.update(dict.fromkeys(files, True))
    classes: dict[type, None] = {}
    for module in modules:
        for value in list(vars(sys.modules[module]).values()):
            cls = value if isinstance(value, type) else type(value)
            if cls.__module__.startswith(_PACKAGES):
                classes.update(dict.fromkeys(cls.__mro__))
            else:
                _stand_in(value, files)
    for cls in classes:
        if cls.__module__.startswith(_PACKAGES):
            for value in vars(cls).values():
                _stand_in(value.__func__ if isinstance(value, (classmethod, staticmethod)) else value, files)
    return {}


def _stand_in(value: Any, files: frozenset[str]) -> None:
    if type(value) is types.FunctionType and value.__code__.co_filename in files and id(value) not in known.KNOWN:
        known.KNOWN[id(value)] = functools.partial(_run, value)
        known._kept.append(value)


#: a module that is loaded with the public ones whose functions are met
_MODULES = {
    "scipy.signal": ("scipy.signal", "scipy.signal.windows"),
    "scipy.stats._stats_py": ("scipy.stats", "scipy.stats.mstats", "scipy.stats.contingency"),
    "scipy.ndimage._measurements": ("scipy.ndimage",),
    "scipy.spatial._procrustes": ("scipy.spatial",),
    "scipy.cluster.vq": ("scipy.cluster.vq",),
    "scipy.sparse.linalg._interface": ("scipy.sparse.linalg",),
    "scipy.integrate._ivp.rk": ("scipy.integrate",),
    "scipy.interpolate._pade": ("scipy.interpolate",),
    "scipy.constants._constants": ("scipy.constants",),
    "numpy.polynomial.polyutils": (
        "numpy.polynomial",
        *(
            f"numpy.polynomial.{family}"
            for family in ("polynomial", "chebyshev", "legendre", "hermite", "hermite_e", "laguerre")
        ),
        "numpy.polynomial.polyutils",
    ),
}


def _solving(module: str) -> Callable[..., Any]:
    def solve(x1: Any, x2: Any, /) -> Any:
        if not isinstance_traced(x1) and not isinstance_traced(x2):
            return sys.modules[module].solve(x1, x2)
        return np.linalg.solve(x1, x2)

    solve.__doc__ = "``solve`` of the array API: NumPy's, for one vector or matrix, but it asks for plain arrays."
    return solve


#: where SciPy keeps the array API, by version
_API = [f"scipy.{place}.array_api_compat.numpy.linalg" for place in ("_lib", "_external")]
STAND_INS: dict[str, dict[str, Callable[..., Any]]] = {module: {"solve": _solving(module)} for module in _API}
LATE_METHODS: dict[str, Callable[[], dict[type, dict[str, Callable[..., Any]]]]] = {
    loaded: functools.partial(_open, *public) for loaded, public in _MODULES.items()
}
