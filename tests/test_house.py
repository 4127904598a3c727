"""The house rules: who imports whom, how files are called and how long they are, what is documented, what is loaded."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from types import ModuleType

import pytest

import gradwise
from gradwise import errors

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "gradwise"
FILES = sorted(PACKAGE.rglob("*.py"))
# Heavy or optional: imported inside a function, where they are used, and by one room only.
IMPORTED_WHEN_USED = {
    "IPython", "anywidget", "dask", "jax", "llvmlite", "matplotlib", "mpl_toolkits", "pandas", "rich", "sympy", "torch", "traitlets",
}  # fmt: skip
SCIPY_PARTS = (
    "cluster", "constants", "differentiate", "fft", "integrate", "interpolate", "io", "linalg", "ndimage", "optimize",
    "signal", "sparse", "spatial", "special", "stats",
)  # fmt: skip


def name_of(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


@functools.cache
def read(file: Path) -> tuple[bool, list[tuple[str, int, bool]]]:
    """Return whether a file says what it is, and (module, line, is it inside a function) for each of its imports."""
    found = []

    def visit(node: ast.AST, inside: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend((alias.name, node.lineno, inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.append(("." * node.level + (node.module or ""), node.lineno, inside))
        inside = inside or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    tree = ast.parse(file.read_text(encoding="utf-8"))
    visit(tree, inside=False)
    return bool(ast.get_docstring(tree)), found


def imports_of(file: Path) -> list[tuple[str, int, bool]]:
    return read(file)[1]


@pytest.mark.extras("importlinter")
def test_imports_point_down():
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_no_file_is_long():
    long = {name_of(file): lines for file in FILES if (lines := len(file.read_text("utf-8").splitlines())) > 400}
    assert long == {}


def test_no_two_test_files_share_a_name():
    """Without packages the second is not collected."""
    names = Counter(
        file.name for file in (ROOT / "tests").rglob("*.py") if file.name not in ("conftest.py", "__init__.py")
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_no_module_has_a_name_without_a_meaning():
    parts = {part for file in FILES for part in file.relative_to(PACKAGE).with_suffix("").parts}
    assert parts.isdisjoint({"utils", "util", "helpers", "helper", "misc", "common", "tools", "stuff"})


def test_every_module_says_what_it_is():
    silent = [name_of(file) for file in FILES if not read(file)[0]]
    assert silent == []


def test_imports_inside_functions_are_of_heavy_packages_only():
    wrong = [
        f"{name_of(file)}:{line} imports {module}"
        for file in FILES
        for module, line, inside in imports_of(file)
        # the one exception of the house: a report's .plot() imports gradwise.plotting inside the method
        if inside and module.split(".")[0] not in IMPORTED_WHEN_USED and not module.startswith("gradwise.plotting")
    ]
    assert wrong == []


def test_heavy_packages_are_imported_when_used_and_behind_one_room():
    at_import, rooms = [], defaultdict(set)
    for file in FILES:
        for module, line, inside in imports_of(file):
            package = module.split(".")[0]
            if package in IMPORTED_WHEN_USED:
                rooms[package].add(file.relative_to(PACKAGE).with_suffix("").parts[0])
                if not inside and package not in {"matplotlib", "mpl_toolkits"}:  # plotting itself is loaded when used
                    at_import.append(f"{name_of(file)}:{line} imports {module}")
    # frame_columns.py is loaded once the user has loaded pandas
    late = ("interop/", "explorer/", "execution/native/", "tracing/standins/frame_columns.py")
    assert [line for line in at_import if not line.startswith(late)] == []
    assert rooms["matplotlib"] | rooms["mpl_toolkits"] <= {"plotting"}
    assert rooms["sympy"] <= {"symbolic"}
    assert rooms["torch"] | rooms["jax"] | rooms["dask"] <= {"interop"}


def test_scipy_is_imported_whole_so_that_its_parts_load_when_used():
    wrong = [
        f"{name_of(file)}:{line} imports {module}"
        for file in FILES
        for module, line, _ in imports_of(file)
        if module.startswith("scipy.") or (module == "scipy" and f"from {module} import" in file.read_text("utf-8"))
    ]
    assert wrong == []


def test_import_loads_nothing_heavy():
    heavy = [*IMPORTED_WHEN_USED, *(f"scipy.{part}" for part in SCIPY_PARTS), "gradwise.plotting", "gradwise.explorer"]
    program = f"import sys, gradwise; print(*[name for name in {heavy!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.split() == []


def test_no_unfinished_work():
    words = re.compile(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError|pragma: no cover")
    found = [f"{name_of(file)}: {match[0]}" for file in FILES if (match := words.search(file.read_text("utf-8")))]
    assert found == []


def test_public_names_are_sorted():
    def order(name: str) -> tuple[int, str]:  # constants, classes, functions, as ruff sorts __all__
        return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)

    names = [name for name in gradwise.__all__ if not name.startswith("__")]
    assert names == sorted(names, key=order)
    assert len(set(names)) == len(names)


def public_functions() -> list[str]:
    return [name for name in gradwise.__all__ if inspect.isfunction(getattr(gradwise, name))]


def test_public_names_are_documented():
    assert len(gradwise.__all__) > 20
    reference = (ROOT / "docs" / "reference" / "index.md").read_text("utf-8")
    for name in gradwise.__all__:
        thing = getattr(gradwise, name)
        assert inspect.getdoc(thing), f"{name} has no docstring"
        if not (isinstance(thing, type) and issubclass(thing, (errors.GradwiseError, errors.GradwiseWarning))):
            assert re.search(rf"gw\.{name}\b", reference), f"docs/reference/index.md does not name gw.{name}"


def test_public_functions_have_typed_arguments_and_an_example():
    for name in public_functions():
        function = getattr(gradwise, name)
        untyped = [p.name for p in inspect.signature(function).parameters.values() if p.annotation is p.empty]
        assert untyped == [], f"{name} has arguments without a type"
        assert inspect.signature(function).return_annotation is not inspect.Signature.empty, f"{name} -> ?"
        assert ">>> " in (inspect.getdoc(function) or ""), f"{name} has no example"


def test_public_names_are_all_there_is():
    """What a user sees after ``gradwise.`` is a public name or a room of the house."""
    rooms = {file.relative_to(PACKAGE).with_suffix("").parts[0] for file in FILES}
    extra = {
        name for name, value in vars(gradwise).items()
        if not name.startswith("_") and name not in gradwise.__all__
        and not (isinstance(value, ModuleType) and name in rooms) and name != "annotations"
    }  # fmt: skip
    assert extra == set()


def test_the_tree_of_errors_is_the_tree_of_classes():
    bases, above = {}, []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"(?P<bars>[ │├└─]*)(?P<name>[A-Z]\w+(Error|Warning))\b", line)
        if match:
            depth = (len(match["bars"]) - 4) // 4
            above[depth:] = [match["name"]]
            bases[match["name"]] = above[depth - 1] if depth else None
    classes = {name: thing for name, thing in vars(errors).items() if inspect.isclass(thing)}
    assert set(bases) == set(classes)
    for name, base in bases.items():
        assert base is None or classes[base] in classes[name].__bases__, f"{name} is drawn below {base}"
    page = (ROOT / "docs" / "internals" / "errors.md").read_text("utf-8")
    assert all(re.search(rf"─ {name} |^    {name}", page, re.MULTILINE) for name in classes)


def test_the_lock_file_names_public_hosts_only():
    hosts = set(re.findall(r"https?://([^/\"]+)", (ROOT / "uv.lock").read_text("utf-8")))
    assert hosts <= {"pypi.org", "files.pythonhosted.org"}


def test_no_path_of_a_machine():
    pattern = re.compile(r"(?<![\w.])/(home|root|tmp|work|Users)/\w")
    files = [*FILES, ROOT / "do.py", ROOT / ".ci" / "run", ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
    found = [str(file.relative_to(ROOT)) for file in files if pattern.search(file.read_text("utf-8"))]
    assert found == []
