"""Traced functions in the places where people run code: pytest's rewriting, coverage, tracers, notebooks, the REPL, -c, stdin, exec, zip files, bytecode alone, edited files."""

from __future__ import annotations

import code
import compileall
import contextlib
import importlib
import io
import linecache
import math
import os
import subprocess
import sys
import textwrap
import zipfile

import numpy as np
import pytest

import gradwise as gw
from gradwise.tracing.instrument.compiling import instrumented, reason_for

#: a function that NumPy's protocols cannot follow, its value at 0.5 and its derivative
BODY = textwrap.dedent("""
    import math

    def f(x):
        values = []
        for k in range(1, 4):
            values.append(math.exp(-k * float(x)))
        return sum(values)
""")


def has_source(code):
    """Whether the copy of a code object was made from its source."""
    return instrumented(code) is not None and not reason_for(code)


def slope(x):
    return sum(-k * math.exp(-k * x) for k in range(1, 4))


def run(program, *arguments, stdin=None, env=None):
    """What a program prints in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, *arguments] if program is None else [sys.executable, "-c", program],
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Make a module of text, and forget it afterwards."""
    made = []

    def make(name, text):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        importlib.invalidate_caches()
        made.append(name)
        return importlib.import_module(name)

    yield make
    for name in made:
        sys.modules.pop(name, None)


# --- pytest's rewritten assertions ------------------------------------------------------------------------------------------------


def test_functions_with_assertions_that_pytest_rewrote():
    def f(x):
        assert float(x) > 0, "x must be positive"
        values = [math.exp(-float(x))]
        assert len(values) == 1
        assert values[0] < 1 and values, f"{values}"  # noqa: PT018  # of the kind that pytest takes apart
        return values[0] * x

    assert has_source(f.__code__), reason_for(f.__code__)
    np.testing.assert_allclose(gw.grad(f, method="exact")(0.5), math.exp(-0.5) * 0.5, rtol=1e-12)
    with pytest.raises(AssertionError, match="x must be positive"):
        gw.grad(f, method="exact")(-0.5)


@pytest.mark.slow
def test_helper_modules_that_pytest_rewrites(pytester_program, tmp_path):
    (tmp_path / "conftest.py").write_text("import pytest\npytest.register_assert_rewrite('helping')\n")
    (tmp_path / "helping.py").write_text(
        "import math\ndef f(x):\n    y = math.exp(float(x))\n    assert y > 0\n    return [y][0]\n"
    )
    (tmp_path / "test_it.py").write_text(
        "import math, gradwise as gw, helping\n"
        "def test_it():\n"
        "    assert abs(gw.grad(helping.f, method='exact')(0.5) - math.exp(0.5)) < 1e-12\n"
    )
    assert "1 passed" in pytester_program(tmp_path)


@pytest.fixture
def pytester_program():
    def call(folder):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
            capture_output=True,
            text=True,
            cwd=folder,
            timeout=120,
            check=False,
        )
        return done.stdout + done.stderr

    return call


# --- coverage and debuggers -------------------------------------------------------------------------------------------------------


@pytest.mark.extras("coverage")
@pytest.mark.parametrize("core", ["ctrace", "pytrace"])
def test_lines_of_user_functions_count_as_covered(tmp_path, core):
    (tmp_path / "covered.py").write_text(BODY + "\n\ndef never(x):\n    return x\n")
    program = textwrap.dedent(f"""
        import sys, coverage
        sys.path.insert(0, {str(tmp_path)!r})
        watch = coverage.Coverage(data_file=None, include=[{str(tmp_path / "covered.py")!r}])
        watch.start()
        import gradwise as gw, covered
        gw.grad(covered.f, method="exact", check=False)(0.5)
        watch.stop()
        print(watch.analysis2(covered.__file__)[3])
    """)
    assert run(program, env={"COVERAGE_CORE": core}) == "[12]"


def lines_seen(install, remove, function):
    seen = []

    def tracer(frame, event, argument):
        if frame.f_code.co_filename == __file__ and frame.f_code.co_name == "traced_by_hand" and event == "line":
            seen.append(frame.f_lineno - frame.f_code.co_firstlineno)
        return tracer

    install(tracer)
    try:
        function()
    finally:
        remove(None)
    return seen


def traced_by_hand(x):
    total = 0.0
    for k in range(2):
        total += math.exp(k * float(x))
    if total > 100:
        total = 0.0
    return total


def test_a_tracer_sees_the_users_lines():
    gw.clear_caches()
    before = sys.gettrace()
    plain = lines_seen(sys.settrace, sys.settrace, lambda: traced_by_hand(0.5))
    derivative = gw.grad(traced_by_hand, method="exact", check=False)
    derivative(0.25)
    watched = lines_seen(sys.settrace, sys.settrace, lambda: derivative(0.5))
    sys.settrace(before)
    assert watched == plain == [1, 2, 3, 2, 3, 2, 4, 6]


def test_a_profiler_sees_the_users_function():
    gw.clear_caches()  # else what is proved of the function replaces it
    calls = []

    def profiler(frame, event, argument):
        if event == "call" and frame.f_code.co_filename == __file__:
            calls.append((frame.f_code.co_qualname, frame.f_code.co_firstlineno))

    before = sys.getprofile()
    sys.setprofile(profiler)
    try:
        gw.grad(traced_by_hand, method="exact", check=False)(0.5)
    finally:
        sys.setprofile(before)
    assert ("traced_by_hand", traced_by_hand.__code__.co_firstlineno) in calls


def test_a_debugger_reads_the_variables():
    gw.clear_caches()
    values = {}

    def tracer(frame, event, argument):
        if frame.f_code.co_name == "traced_by_hand" and event == "return":
            values.update(frame.f_locals)
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        gw.grad(traced_by_hand, method="exact", check=False)(0.5)
    finally:
        sys.settrace(before)
    assert set(values) == {"x", "total", "k"}
    assert values["k"] == 1
    assert "1." in repr(values["x"]) or "0.5" in repr(values["x"])


# --- notebooks and what is typed --------------------------------------------------------------------------------------------------


@pytest.mark.extras("IPython")
def test_cells_of_a_notebook():
    program = textwrap.dedent("""
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell.instance()
        for cell in [
            "import math, gradwise as gw",
            "def f(x):\\n    y = math.exp(float(x))\\n    return [y][0]",
            "one = gw.grad(f, method='exact')(0.5)",
            "def f(x):\\n    y = math.exp(2 * float(x))\\n    return [y][0]",
            "two = gw.grad(f, method='exact')(0.5)",
            "three = gw.grad(lambda x: math.sin(float(x)), method='exact')(0.5)",
        ]:
            assert shell.run_cell(cell).success
        print(*[repr(float(shell.user_ns[n])) for n in ("one", "two", "three")])
    """)
    one, two, three = map(float, run(program).splitlines()[-1].split())
    np.testing.assert_allclose([one, two, three], [math.exp(0.5), 2 * math.exp(1.0), math.cos(0.5)], rtol=1e-12)


def test_the_console():
    names = {"gw": gw, "math": math}
    console = code.InteractiveConsole(names)
    with contextlib.redirect_stderr(io.StringIO()) as errors:
        for line in [
            "def f(x):",
            "    y = math.exp(float(x))",
            "    return [y][0]",
            "",
            "slope = gw.grad(f, method='exact')(0.5)",
            "other = gw.grad(lambda x: math.sin(float(x)), method='exact')(0.5)",
        ]:
            console.push(line)
    assert errors.getvalue() == ""
    np.testing.assert_allclose([names["slope"], names["other"]], [math.exp(0.5), math.cos(0.5)], rtol=1e-12)


ENDING = "\nimport gradwise as gw\nprint(repr(float(gw.grad(f, method='exact')(0.5))))\n"


@pytest.mark.slow
def test_a_program_on_the_command_line():
    np.testing.assert_allclose(float(run(BODY + ENDING)), slope(0.5), rtol=1e-12)


def test_a_program_from_standard_input():
    np.testing.assert_allclose(float(run(None, "-", stdin=BODY + ENDING)), slope(0.5), rtol=1e-12)


def test_typed_at_the_prompt():
    text = BODY.replace("\n\n    def", "\n    def").strip() + "\n\n" + ENDING
    np.testing.assert_allclose(float(run(None, "-i", "-q", stdin=text).splitlines()[-1]), slope(0.5), rtol=1e-12)


# --- text without and with a file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [False, True])
def test_executed_text(known):
    filename = f"<made of text {known}>"
    if known:
        linecache.cache[filename] = (len(BODY), None, BODY.splitlines(keepends=True), filename)
    names = {}
    exec(compile(BODY, filename, "exec"), names)
    try:
        np.testing.assert_allclose(gw.grad(names["f"], method="exact")(0.5), slope(0.5), rtol=1e-12)
        assert has_source(names["f"].__code__) == known
    finally:
        linecache.cache.pop(filename, None)


def test_lines_of_another_text_are_not_taken():
    filename = "<overwritten text>"
    names = {}
    exec(compile(BODY, filename, "exec"), names)
    other = BODY.replace("-k", "-7 * k")
    linecache.cache[filename] = (len(other), None, other.splitlines(keepends=True), filename)
    try:
        np.testing.assert_allclose(gw.grad(names["f"], method="exact")(0.5), slope(0.5), rtol=1e-12)
    finally:
        linecache.cache.pop(filename, None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("range(1, 4)", "range(1, 3)"),
        ("math.exp", "math.sin"),
        ("-k *", "+k *"),
        ("sum(values)", "max(values)"),
        ("x)", "(x + 0))"),
        ("        values = []", "        values = []; values.append(7.0)"),
        ("\n    def", "\n    # a comment\n    def"),
        ("for k in", "for k in (1,) or"),
    ],
)
def test_a_file_that_was_edited_after_its_import(module, tmp_path, old, new):
    made = module("edited_later", BODY)
    edited = textwrap.indent(BODY, "    ").replace(old, new)
    assert edited != textwrap.indent(BODY, "    ")
    (tmp_path / "edited_later.py").write_text(textwrap.dedent(edited), encoding="utf-8")
    linecache.checkcache()
    np.testing.assert_allclose(gw.grad(made.f, method="exact")(0.5), slope(0.5), rtol=1e-12)
    np.testing.assert_allclose(made.f(0.5), sum(math.exp(-k * 0.5) for k in range(1, 4)), rtol=1e-12)


def test_a_file_that_is_gone(module, tmp_path):
    made = module("gone_later", BODY)
    (tmp_path / "gone_later.py").unlink()
    linecache.checkcache()
    np.testing.assert_allclose(gw.grad(made.f, method="exact")(0.5), slope(0.5), rtol=1e-12)


@pytest.mark.slow
def test_bytecode_alone(tmp_path):
    (tmp_path / "bytes_alone.py").write_text(BODY, encoding="utf-8")
    compileall.compile_file(tmp_path / "bytes_alone.py", legacy=True, quiet=1)
    (tmp_path / "bytes_alone.py").unlink()
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nfrom bytes_alone import f\n" + ENDING
    np.testing.assert_allclose(float(run(program)), slope(0.5), rtol=1e-12)


def test_a_module_in_a_zip_file(tmp_path):
    archive = tmp_path / "modules.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("zipped.py", BODY)
    program = f"import sys; sys.path.insert(0, {str(archive)!r})\nfrom zipped import f\n" + ENDING.replace(
        "print(",
        "from gradwise.tracing.instrument.compiling import instrumented, reason_for\n"
        "assert instrumented(f.__code__, f.__globals__) is not None and not reason_for(f.__code__)\nprint(",
    )
    np.testing.assert_allclose(float(run(program)), slope(0.5), rtol=1e-12)


def test_turned_off():
    program = textwrap.dedent("""
        import math, gradwise as gw
        from gradwise.tracing.instrument.hooks import watched
        from gradwise.tracing.instrument import compiling
        def f(x):
            return [math.exp(float(x))][0]
        assert watched(f) is f
        try:
            gw.grad(f, method="exact")(0.5)
        except gw.TracingError as error:
            print("raised")
        print(repr(float(gw.grad(lambda x: x * x, method="exact")(3.0))), len(compiling._made))
    """)
    assert run(program, env={"GRADWISE_REWRITE": "0"}).split() == ["raised", "6.0", "0"]


# --- lambdas ----------------------------------------------------------------------------------------------------------------------

TABLE = {"a": lambda x: math.exp(x), "b": lambda x: math.sin(x), "c": (lambda x: (math.exp((x)))), "d": lambda x: [math.log(x)][0]}  # fmt: skip  # noqa: UP034  # parentheses are what is tested
FIRST, SECOND = lambda x: math.exp(2 * x), lambda x: math.exp(3 * x)


def with_defaults(x, inner=lambda y: math.exp(y), outer=lambda y: math.sin(y)):
    return inner(x) * outer(x)


MULTI_LINE = lambda x: (  # the form is what is tested
    # only the else branch is left by the compiler
    math.exp(x)
    if False
    else math.sin(x)
    * 2
)  # fmt: skip


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (TABLE["a"], math.exp(0.5)),
        (TABLE["b"], math.cos(0.5)),
        (TABLE["c"], math.exp(0.5)),
        (TABLE["d"], 2.0),
        (FIRST, 2 * math.exp(1.0)),
        (SECOND, 3 * math.exp(1.5)),
        (with_defaults, math.exp(0.5) * (math.sin(0.5) + math.cos(0.5))),
        (MULTI_LINE, 2 * math.cos(0.5)),
        (lambda x: (lambda y: math.exp(y))(x) + (lambda y: math.sin(y))(x), math.exp(0.5) + math.cos(0.5)),
        (lambda x: "é" and math.exp(x), math.exp(0.5)),
        (lambda x, *, k=2.0: math.exp(k * x), 2 * math.exp(1.0)),
        (lambda *a: math.exp(a[0]), math.exp(0.5)),
        (lambda x: sum(math.exp(k * x) for k in (1, 2)), math.exp(0.5) + 2 * math.exp(1.0)),
    ],
)
def test_lambdas(f, expected):
    np.testing.assert_allclose(gw.grad(f, method="exact")(0.5), expected, rtol=1e-12)
    assert has_source(f.__code__), reason_for(f.__code__)


# --- other forms of functions -------------------------------------------------------------------------------------------------------


def keeping(f):
    def wrapper(*args, **kwargs):
        return f(*args, **kwargs)

    return wrapper


@keeping
@keeping
def decorated(x):
    return math.exp(float(x))


class Outer:
    class Inner:
        class Innermost:
            __rate = 2.0

            def value(self, x):
                return math.exp(self.__rate * float(x))

        def make(self):
            return self.Innermost()


def test_decorated_functions_and_nested_classes():
    np.testing.assert_allclose(gw.grad(decorated, method="exact")(0.5), math.exp(0.5), rtol=1e-12)
    np.testing.assert_allclose(gw.grad(Outer.Inner().make().value, method="exact")(0.5), 2 * math.exp(1.0), rtol=1e-12)


def test_two_functions_of_one_name_and_line_are_told_apart():
    made = [compile(f"def f(x): return math.exp({k} * float(x))", "<same line>", "exec") for k in (1, 2)]
    linecache.cache["<same line>"] = (1, None, ["def f(x): return math.exp(2 * float(x))\n"], "<same line>")
    try:
        for k, text in zip((1, 2), made, strict=True):
            names = {"math": math}
            exec(text, names)
            np.testing.assert_allclose(gw.grad(names["f"], method="exact")(0.5), k * math.exp(k * 0.5), rtol=1e-12)
    finally:
        linecache.cache.pop("<same line>")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x * 2 + y * 3 - 2", "x * 2 + y * 3 - 3"),
        ("1 * x", "1.0 * x"),
        ("x * 1 + 1.0", "x * 1.0 + 1"),
        ("x if x > 1 else y", "x if x >= 1 else y"),
        ("x and y", "x or y"),
        ("g(x, k=1)", "g(x, j=1)"),
        ("[a for a in x]", "[a for a in y]"),
        ("x[1:2]", "x[1:3]"),
        ("-x", "+x"),
        ("x.real", "x.imag"),
        ("(lambda: 1)()", "(lambda: 2)()"),
        ("not x", "x"),
        ("0.0", "-0.0"),
        ("f'{x:.3f}'", "f'{x:.4f}'"),
        ("(1, 2.0)", "(1.0, 2)"),
        ("max(x, y)", "max(y, x)"),
    ],
)
def test_small_differences_between_source_and_code_are_seen(one, other):
    filename = "<almost the same>"
    for running, shown in ((one, other), (other, one), (one, one)):
        texts = [f"def f(x):\n    y = math.sin(x)\n    return x * 2 + y * 3 - 2.0 + ({e})\n" for e in (running, shown)]
        names = {}
        exec(compile(texts[0], filename, "exec"), names)
        linecache.cache[filename] = (1, None, texts[1].splitlines(keepends=True), filename)
        try:
            assert has_source(names["f"].__code__) == (running == shown)
        finally:
            linecache.cache.pop(filename)
