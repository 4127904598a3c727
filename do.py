#!/usr/bin/env python3
"""The menu of commands: python3 do.py demo | test | lowest | lint | types | docs | bench | all.

    demo            install what is needed, then show the main job on real input (under a minute)
    test [--all]    the fast suite; with --all everything, recorded in tests/LAST_RESULT.md
    lowest          the tests of rules, laws and tracing with the oldest versions that pyproject.toml allows, in .venv-lowest
    lint [--fix]    style (ruff), layout, and which room may import which (import-linter)
    types           mypy on the package
    docs            the documentation, every warning an error, into docs/_build/html
    bench           the benchmarks and their table
    all             lint, types, test, docs, demo
    install         only the environment

Further arguments go to the tool: python3 do.py test tests/test_containers.py -k cycle

Needs Python 3.11 or later and nothing else. Everything is installed into .venv, with uv where it is at hand and pip
where not, and again only when pyproject.toml or uv.lock changes.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
import tomllib
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "installed-for"
EXTRAS = ("plot", "test", "docs")
LOWEST = ROOT / ".venv-lowest"
GROUP = "lint"
REPORTED = ("numpy", "scipy", "llvmlite", "mpmath", "hypothesis", "pytest", "autograd", "jax", "torch", "matplotlib")


def run(*command: object, check: bool = True) -> int:
    """Show a command, run it in the repository's root, and stop here with its code if it fails."""
    words = [str(word) for word in command]
    print("$", " ".join(word.removeprefix(f"{ROOT}{os.sep}") for word in words), flush=True)
    code = subprocess.run(words, cwd=ROOT, check=False).returncode
    if code and check:
        sys.exit(code)
    return code


def install() -> None:
    """Make .venv hold the package, editable, with the tools of the other commands."""
    wanted = hashlib.sha256(sys.version.encode())
    for name in ("pyproject.toml", "uv.lock", "do.py"):
        wanted.update((ROOT / name).read_bytes())
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted.hexdigest():
        return
    uv = shutil.which("uv")
    os.environ.setdefault("UV_SYSTEM_CERTS", "1")  # trust what pip and the rest of the machine trust
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    # --inexact leaves alone what somebody has added to the environment by hand, such as torch or jax.
    sync = (
        "sync",
        "--quiet",
        "--frozen",
        "--inexact",
        "--no-default-groups",
        "--group",
        GROUP,
        "--python",
        sys.executable,
    )
    if uv is None or run(uv, *sync, *extras, check=False):
        install_with_pip()
    STAMP.write_text(wanted.hexdigest())


def install_with_pip() -> None:
    """Install without uv, or where uv cannot reach what the lock file names."""
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", VENV)
    if run(PYTHON, "-m", "pip", "--version", check=False):
        run(PYTHON, "-m", "ensurepip", "--upgrade")
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    run(PYTHON, "-m", "pip", "install", "--quiet", "-e", f".[{','.join(EXTRAS)}]", *groups[GROUP])


def demo(arguments: list[str]) -> None:
    """Run the main job on real input."""
    run(BIN / "gradwise", "demo", *arguments)


def test(arguments: list[str]) -> None:
    """Run the fast suite, or with --all everything and record the result."""
    everything = "--all" in arguments
    arguments = [argument for argument in arguments if argument != "--all"]
    selection = [] if everything or "-m" in arguments else ["-m", "not slow"]
    # Worth its start-up of a few seconds for the whole suite, not for a file or two; workers share the cores.
    chosen = any(argument.startswith(("tests", "src", "-n", "-x", "--pdb")) for argument in arguments)
    parallel = [] if chosen or (os.cpu_count() or 1) < 2 else ["-n", str(min(os.cpu_count() or 1, 8))]
    report = ROOT / ".pytest_cache" / "result.xml"
    report.unlink(missing_ok=True)  # a run that dies must not be recorded as the one before
    started = time.monotonic()
    command = [PYTHON, "-m", "pytest", "-q", *selection, *parallel, f"--junitxml={report}", *arguments]
    code = run(*command, check=False)
    if everything and not arguments:
        record(report, code, time.monotonic() - started)
    sys.exit(code) if code else None


def lowest(arguments: list[str]) -> None:
    """Run the tests that ask NumPy and SciPy most with the oldest versions that are allowed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = [f"{word.replace('>=', '==')}.*" for word in project["dependencies"]]
    if any(">=" not in word for word in project["dependencies"]):
        sys.exit(
            f"a dependency in pyproject.toml has no lower bound: {project['dependencies']}. Give it one: name>=1.2"
        )
    python = LOWEST / BIN.relative_to(VENV) / PYTHON.name
    stamp = LOWEST / "installed-for"
    wanted = repr((sys.version, oldest, project["optional-dependencies"]["test"]))
    if not stamp.exists() or stamp.read_text() != wanted:
        run(sys.executable, "-m", "venv", "--clear", LOWEST)
        install = (python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", *oldest)
        if run(*install, *project["optional-dependencies"]["test"], check=False):
            print(f"skipped: {', '.join(oldest)} could not be installed with Python {platform.python_version()}")
            return
        # other processes, which tests start, find the package too
        run(python, "-m", "pip", "install", "--quiet", "--no-deps", "-e", ROOT)
        stamp.write_text(wanted)
    parallel = ["-n", str(min(os.cpu_count() or 1, 8))]
    whole = ["tests/rules", "tests/laws", "tests/tracing", "tests/test_battery.py", "tests/test_containers.py"]
    places = arguments or whole
    run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *parallel, *places)


def record(report: Path, code: int, seconds: float) -> None:
    """Write the counts and versions of a full run to tests/LAST_RESULT.md."""
    if not report.exists():
        sys.exit(f"pytest ended with exit code {code} and wrote no report: nothing is recorded")
    suite = ET.parse(report).getroot().find("testsuite")  # noqa: S314 - written by the line above
    counts = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    passed = counts["tests"] - counts["failures"] - counts["errors"] - counts["skipped"]
    failed = [f"{case.get('classname')}::{case.get('name')}" for case in suite.iter("testcase")
              if case.find("failure") is not None or case.find("error") is not None]  # fmt: skip
    folder = next(VENV.glob("lib/python*/site-packages"), VENV / "Lib" / "site-packages")
    installed = {found.name.lower(): found.version for found in distributions(path=[str(folder)])}
    git = shutil.which("git")
    revision = [] if git is None else subprocess.run(
        [git, "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()  # fmt: skip
    lines = [
        "# Last result of `python3 do.py test --all`",
        "",
        "| | |",
        "|---|---|",
        f"| date | {datetime.now(UTC):%Y-%m-%d %H:%M} UTC |",
        f"| revision | {' '.join(revision) or 'unknown'} |",
        f"| result | {'passed' if code == 0 else f'FAILED (exit code {code})'} |",
        f"| passed | {passed} |",
        f"| failed | {counts['failures'] + counts['errors']} |",
        f"| skipped | {counts['skipped']} |",
        f"| time | {seconds:.0f} s on {os.cpu_count()} cores |",
        f"| Python | {platform.python_version()} on {platform.system()} {platform.machine()} |",
        *[f"| {name} | {installed[name]} |" for name in REPORTED if name in installed],
    ]
    if failed:
        lines += ["", "Failed:", "", *[f"- `{name}`" for name in failed]]
    skips: dict[str, int] = {}
    for case in suite.iter("skipped"):
        reason = (case.get("message") or "no reason").splitlines()[0]
        skips[reason] = skips.get(reason, 0) + 1
    if skips:
        lines += ["", "Skipped:", "", *[f"- {count} × {reason}" for reason, count in sorted(skips.items())]]
    (ROOT / "tests" / "LAST_RESULT.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("recorded in tests/LAST_RESULT.md")


def lint(arguments: list[str]) -> None:
    """Check style, layout and the direction of imports; with --fix mend what a machine can."""
    fix = "--fix" in arguments
    codes = [
        run(BIN / "ruff", "check", *(["--fix"] if fix else []), ".", check=False),
        run(BIN / "ruff", "format", *([] if fix else ["--check"]), ".", check=False),
        run(BIN / "lint-imports", "--no-logo", check=False),
    ]
    sys.exit(1) if any(codes) else None


def types(arguments: list[str]) -> None:
    """Check the package's types."""
    run(BIN / "mypy", *arguments)


def docs(arguments: list[str]) -> None:
    """Build the documentation; a warning is an error."""
    run(PYTHON, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", "docs/_build/html", *arguments)
    print("docs/_build/html/index.html")


def bench(arguments: list[str]) -> None:
    """Run the benchmarks and write their table."""
    run(PYTHON, "benchmarks/run.py", *arguments)


def everything(arguments: list[str]) -> None:
    """Run each check in turn and the demo last."""
    for task in (lint, types, test, docs, demo):
        task([])


TASKS = {"demo": demo, "test": test, "lowest": lowest, "lint": lint, "types": types, "docs": docs, "bench": bench, "all": everything,
         "install": lambda arguments: None}  # fmt: skip


def main() -> None:
    """Install, then run the task that the command line names."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the message is for those who have an older one
        sys.exit(
            f"do.py was started with Python {platform.python_version()}. It needs 3.11. Run it as python3.11 do.py."
        )
    if len(sys.argv) < 2 or sys.argv[1] not in TASKS:
        print(__doc__)
        sys.exit(0 if sys.argv[1:] in ([], ["-h"], ["--help"]) else 2)
    install()
    TASKS[sys.argv[1]](sys.argv[2:])


if __name__ == "__main__":
    main()
