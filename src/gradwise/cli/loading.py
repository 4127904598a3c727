"""Finding the function that a command names: ``path/to/file.py:function``, ``file.py::Class.method``, ``package.module:object.method``."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from gradwise.cli.failures import UsageError, UserCodeError
from gradwise.containers.signatures import signature_of

_FORM = "Write path/to/file.py:function or module:function"


@dataclass(frozen=True)
class Target:
    """A function found on the command line.

    Attributes
    ----------
    name : str
        As it was written after the colon.
    place : str
        The file or module as it was written before the colon.
    function : callable
    module : module
    """

    name: str
    place: str
    function: Callable[..., Any]
    module: ModuleType


def load_target(text: str) -> Target:
    """The function that ``text`` names.

    Raises
    ------
    UsageError
        No such file, module or function, or not a function.
    UserCodeError
        The file raised while it was run.
    """
    if "::" in text:  # as pytest writes it
        place, _, name = text.partition("::")
        name = name.replace("::", ".")
    else:
        place, colon, name = text.rpartition(":")
        if not colon or Path(text).exists():  # a Windows path has a colon and no function
            place, name = text, ""
    if not place.strip("."):  # nothing, or a folder
        raise UsageError(f"{text!r} names no file or module. {_FORM}")
    is_file = place.endswith(".py") or os.sep in place or "/" in place  # a dotted name has none of these
    module = load_file(place) if is_file else load_module(place)
    if not name:
        raise UsageError(f"{text!r} names no function. Write {place}:name; {_defined(module, place)}")
    return Target(name, place, _resolve(module, name, place), module)


def load_file(path: str) -> ModuleType:
    """Run a Python file and return its module; its folder can be imported from, as when Python runs it."""
    full = Path(os.path.normpath(Path(path).absolute()))
    if not full.is_file():
        what = "is a folder, not a Python file" if full.is_dir() else "does not exist"
        raise UsageError(f"{path!r} {what} (from {Path.cwd()}). {_near(full) or _FORM}")
    inside = _module_of_package(full)
    if inside is not None:
        return inside
    _prepend(str(full.parent))
    name = full.stem
    if name in sys.modules or name in sys.stdlib_module_names:
        name = f"{name} (file)"  # a file called numpy.py must not become NumPy
    spec = importlib.util.spec_from_file_location(name, str(full))
    if spec is None or spec.loader is None:
        raise UsageError(f"{path!r} is no Python file. {_FORM}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up by name
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UserCodeError(f"running {path}") from error
    return module


def _module_of_package(full: Path) -> ModuleType | None:
    """A file inside a package (its folder has an ``__init__.py``) as the module that it is there, so that relative imports work; None for other files.

    Another module of the same name that Python finds first is not it.
    """
    root = full.parent
    while (root / "__init__.py").is_file() and root.name.isidentifier() and root != root.parent:
        root = root.parent
    parts = full.relative_to(root).with_suffix("").parts
    if len(parts) == 1 or not all(part.isidentifier() for part in parts):
        return None
    _prepend(str(root))
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    try:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None or not Path(spec.origin).samefile(full):
            return None
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        if (
            isinstance(error, ModuleNotFoundError)
            and error.name is not None
            and f"{name}.".startswith(f"{error.name}.")
        ):
            return None  # a package of that name lies elsewhere
        raise UserCodeError(f"importing {name}") from error


def _near(path: Path) -> str:
    """The Python file beside a missing one whose name is most like it."""
    names = [other.name for other in path.parent.glob("*.py")] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, names, 1)
    return f"Did you mean {close[0]}?" if close else ""


def load_module(name: str) -> ModuleType:
    """Import a module by its dotted name, from the current folder or the environment."""
    _prepend(str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            near = f"{name}.py:function" if Path(f"{name}.py").is_file() else "path/to/file.py:function"
            raise UsageError(
                f"there is no module {name!r} in {Path.cwd()} or the environment. Write {near} for a file, or install the module"
            ) from None
        raise UserCodeError(f"importing {name}") from error
    except (Exception, SystemExit) as error:
        raise UserCodeError(f"importing {name}") from error


def _prepend(folder: str) -> None:
    if folder not in sys.path:
        sys.path.insert(0, folder)


def _defined(module: ModuleType, place: str) -> str:
    """The functions that a file offers, for a message."""
    names = [
        name for name, value in vars(module).items()
        if callable(value) and not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]  # fmt: skip
    if not names:
        return f"{place} defines no functions"
    return f"{place} defines {', '.join(names[:8])}" + (", …" if len(names) > 8 else "")


def _resolve(module: ModuleType, name: str, place: str) -> Callable[..., Any]:
    """Follow dotted attributes; a plain method of a class is bound to a new instance where that needs no arguments."""
    value: Any = module
    owner: Any = None
    for depth, part in enumerate(name.split(".")):
        owner = value
        try:
            value = getattr(owner, part)
        except AttributeError:
            last = depth == name.count(".")
            known = [k for k in dir(owner) if k[0] != "_" and (not last or callable(getattr(owner, k, None)))]
            close = difflib.get_close_matches(part, known, 1)
            here = place if depth == 0 else f"{place}:{'.'.join(name.split('.')[:depth])}"
            hint = f"Did you mean {close[0]}?" if close else f"Write one that it has; {_defined(module, place)}"
            raise UsageError(f"{here} has no {part!r}. {hint}") from None
        except Exception as error:
            raise UserCodeError(f"reading {part} of {place}") from error
    if not callable(value):
        raise UsageError(
            f"{place}:{name} is of type {type(value).__name__}. A function is required; {_defined(module, place)}"
        )
    if inspect.isclass(owner) and inspect.isfunction(inspect.getattr_static(owner, part)):
        return _bound(owner, part, name, place)
    return value


def _bound(owner: type, part: str, name: str, place: str) -> Callable[..., Any]:
    try:
        signature_of(owner).bind()
    except (TypeError, ValueError):
        raise UsageError(
            f"{place}:{name} is a method, and {owner.__name__}() needs arguments. "
            f"Make an instance in {place}, model = {owner.__name__}(...), and write {place}:model.{part}"
        ) from None
    try:
        return getattr(owner(), part)
    except Exception as error:
        raise UserCodeError(f"{owner.__name__}()") from error
