"""Test problems of optimisation from libraries, each as a function of one array and a point within its bounds."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: entries of a point, where another dimension can be chosen
LARGEST = 12
Problem = tuple[str, "Callable[[np.ndarray], Any]", np.ndarray]


def _between(lower: Any, upper: Any, rng: np.random.Generator) -> np.ndarray:
    lower, upper = np.array(lower, float), np.array(upper, float)
    return lower + (upper - lower) * rng.uniform(0.3, 0.7, lower.size)


def _classes(package: str, base: str) -> Iterator[tuple[str, Any]]:
    """The classes of a package that are derived from one of a name."""
    root = importlib.import_module(package)
    modules = [root]
    for found_module in pkgutil.iter_modules(root.__path__):
        with contextlib.suppress(ImportError):  # what it asks for beside
            modules.append(importlib.import_module(f"{package}.{found_module.name}"))
    named = [pair for module in modules for pair in vars(module).items() if inspect.isclass(pair[1])]
    found = {name: cls for name, cls in named if any(c.__name__ == base for c in cls.__mro__[1:])}
    yield from sorted(found.items())


def _made(cls: Any, *ways: dict[str, Any]) -> Any:
    for options in (*ways, {}):
        with contextlib.suppress(Exception):  # a problem of another dimension
            return cls(**options)
    return None


def opfunu(rng: np.random.Generator) -> Iterator[Problem]:
    """The functions by name, and those of the competitions of the CEC."""
    for package, base in (("opfunu.name_based", "Benchmark"), ("opfunu.cec_based", "CecBenchmark")):
        for name, cls in _classes(package, base):
            made = _made(cls)
            if made is not None and np.size(made.lb) > LARGEST:
                made = _made(cls, {"ndim": 10})
            if made is not None:
                yield name, made.evaluate, _between(made.lb, made.ub, rng)


def niapy(rng: np.random.Generator) -> Iterator[Problem]:
    """The problems of NiaPy, in five dimensions where that can be chosen."""
    for name, cls in _classes("niapy.problems", "Problem"):
        made = _made(cls, {"dimension": 5})
        if made is not None:
            yield name, made.evaluate, _between(made.lower, made.upper, rng)


def benchmark_functions(rng: np.random.Generator) -> Iterator[Problem]:
    """The functions of ``benchmark_functions``, in three dimensions where that can be chosen."""
    for name, cls in _classes("benchmark_functions", "BenchmarkFunction"):
        made = _made(cls, {"n_dimensions": 3})
        if made is not None:
            yield name, made, _between(*made.suggested_bounds(), rng)


def pymoo(rng: np.random.Generator) -> Iterator[Problem]:
    """Problems of pymoo by their names: objectives and constraints, summed with weights."""
    from pymoo.problems import get_problem

    simple = "ackley griewank himmelblau rastrigin rosenbrock schwefel sphere zakharov cantilevered_beam pressure_vessel bnh carside osy srn tnk truss2d welded_beam kursawe"
    numbered = {"g": range(1, 25), "zdt": (1, 2, 3, 4, 6), "dtlz": range(1, 8), "mw": range(1, 15), "ctp": range(1, 9), "df": range(1, 10)}  # fmt: skip
    for name in [*simple.split(), *(f"{stem}{k}" for stem, numbers in numbered.items() for k in numbers)]:
        with contextlib.suppress(Exception):  # a name that this version does not know
            made = get_problem(name)
            yield name, _weighted(made), _between(made.xl, made.xu, rng)


def _weighted(problem: Any) -> Callable[[np.ndarray], Any]:
    def f(x: np.ndarray) -> Any:
        out: dict[str, Any] = {}
        problem._evaluate(x if problem.elementwise else x[None], out)  # noqa: SLF001  what a user of the library writes for a problem
        total = 0.0
        for values in out.values():
            flat = np.ravel(np.array(values) if isinstance(values, list) else values)
            total = total + np.sum(flat * np.arange(1, flat.size + 1))
        return total

    return f


LIBRARIES = {"opfunu": opfunu, "niapy": niapy, "benchmark_functions": benchmark_functions, "pymoo": pymoo}
