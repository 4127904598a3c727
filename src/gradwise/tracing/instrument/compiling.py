"""From a code object to its instrumented copy, made once for each code object and kept while that lives.

The definition is compiled inside a shell that gives its names the same scopes: a function that owns the free variables, and a class of the same name for private names
(``self.__x``), ``super()`` and ``__class__``.  The hooks are put in as constants: no name leads to them.
"""

from __future__ import annotations
import __future__

import ast
import contextlib
import dis
import inspect
import sys
import weakref
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from gradwise.locks import lock
from gradwise.tracing.instrument import source
from gradwise.tracing.instrument.both_ways.if_conversion import both_ways
from gradwise.tracing.instrument.bytecode import HOOKS, hooked_bytecode
from gradwise.tracing.instrument.made_arrays import with_buffers
from gradwise.tracing.instrument.nodes import MARK
from gradwise.tracing.instrument.parsing import compile_again
from gradwise.tracing.instrument.rewriting import rewritten

_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag

_made: dict[int, tuple[weakref.ref[CodeType], CodeType | None, str]] = {}
_made_both_ways: dict[int, tuple[weakref.ref[CodeType], CodeType | None, str]] = {}
_made_with_buffers: dict[int, tuple[weakref.ref[CodeType], CodeType | None, str]] = {}
_lock = lock()


def instrumented(code: CodeType, module_globals: dict[str, Any] | None = None) -> CodeType | None:
    """The instrumented copy of a code object; None if its source is not at hand (``reason_for`` says why)."""
    return _kept(_made, code, module_globals, _make)


def going_both_ways(code: CodeType, module_globals: dict[str, Any] | None = None) -> CodeType | None:
    """The instrumented copy whose branches run both ways (``both_ways``); None where there is none."""
    return _kept(_made_both_ways, code, module_globals, _make_both_ways)


def making_buffers(code: CodeType, module_globals: dict[str, Any] | None = None) -> CodeType | None:
    """The instrumented copy in which all arrays that it makes are buffers (``made_arrays.py``); None where its source is not at hand."""
    return _kept(_made_with_buffers, code, module_globals, _make_with_buffers)


def _kept(
    table: dict[int, tuple[weakref.ref[CodeType], CodeType | None, str]],
    code: CodeType,
    module_globals: dict[str, Any] | None,
    make: Callable[..., tuple[CodeType | None, str]],
) -> CodeType | None:
    """The copy in a table, made if there is none."""
    known = table.get(id(code))
    if known is not None and known[0]() is code:
        return known[1]
    try:
        with _unwatched():
            made, reason = make(code, module_globals)
    except (SyntaxError, ValueError, RecursionError, KeyError, UnicodeError) as error:
        made, reason = None, f"its source could not be compiled again ({type(error).__name__}: {error})"
    key = id(code)

    # the table is kept by the function: at the interpreter's end the names of modules are gone before the last code objects
    def forget(reference: Any, table: dict[int, Any] = table) -> None:
        known = table.get(key)
        if known is not None and known[0] is reference:  # not another code at the same address
            table.pop(key, None)

    table[key] = (weakref.ref(code, forget), made, reason)
    return made


@contextlib.contextmanager
def _unwatched() -> Iterator[None]:
    """Without our own watch over the run (``operators/reuse/handled.py``), which sees each call: to go over a syntax tree takes ten times as long under it.  A debugger's stays."""
    before = sys.gettrace()
    if not getattr(before, "__module__", "").startswith(f"{__name__.partition('.')[0]}."):
        yield
        return
    try:
        sys.settrace(None)
        yield
    finally:
        sys.settrace(before)


def reason_for(code: CodeType) -> str:
    """Why a code object has no instrumented copy."""
    known = _made.get(id(code))
    return "" if known is None else known[2]


def original(code: CodeType) -> CodeType:
    """The user's code of which this one is a copy; the code itself if it is none."""
    for table in (_made, _made_both_ways, _made_with_buffers):
        for reference, made, _ in list(table.values()):
            own = reference()
            if made is not None and own is not None:
                if made is code:
                    return own
                for inline, copy in zip(_inline_codes(own), _inline_codes(made), strict=False):
                    if copy is code:
                        return inline
    return code


def _inline_codes(code: CodeType) -> list[CodeType]:
    """The comprehensions and classes inside a code object, in order."""
    found: list[CodeType] = []
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and _is_inline(constant):
            found += [constant, *_inline_codes(constant)]
    return found


def _make(code: CodeType, module_globals: dict[str, Any] | None) -> tuple[CodeType | None, str]:
    if _is_copy(code):
        return code, ""
    new, reason, has_source = copied(code, module_globals, rewritten)
    return (new if has_source else _from_bytecode(code)), reason


def _make_with_buffers(code: CodeType, module_globals: dict[str, Any] | None) -> tuple[CodeType | None, str]:
    if _is_copy(code):
        return None, "it is a copy"
    new, reason, _ = copied(code, module_globals, with_buffers)
    return new, reason


def _is_copy(code: CodeType) -> bool:
    return any(c is HOOKS["resolve"] or c is HOOKS["method"] or c is MADE_HERE for c in code.co_consts)


def _make_both_ways(code: CodeType, module_globals: dict[str, Any] | None) -> tuple[CodeType | None, str]:
    if code.co_flags & _SUSPENDED or not _DYNAMIC.isdisjoint(code.co_names) or _is_copy(code):
        return None, "it has no branches of its own that could be run both ways"
    new, reason, _ = copied(code, module_globals, both_ways)
    return new, reason


#: functions that stop in the middle, and names by which a function asks for its own names
_SUSPENDED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_DYNAMIC = frozenset({"locals", "vars", "eval", "exec", "dir"})


def copied(
    code: CodeType, module_globals: dict[str, Any] | None, rewrite: Callable[[Any, str | None, CodeType], Any]
) -> tuple[CodeType | None, str, bool]:
    """A copy of a code object with its definition passed through ``rewrite(node, owner, code)``: the copy or None, why there is none, and whether the source was found."""
    owner = class_name(code.co_qualname)
    reason = "its source is not at hand"
    for node in source.definitions(code, module_globals):
        if isinstance(node, ast.FunctionDef):
            _bare(node)
        plain = _compiled(node, code, owner)
        if plain is None or not _same(plain, code, (plain.co_qualname, code.co_qualname)):
            reason = "its source is not what is running (edited since, or produced by a program)"
            continue
        new = _compiled(rewrite(node, owner, code), code, owner)  # which changes the node
        if new is None or not set(new.co_freevars) <= set(code.co_freevars):
            return None, "its free variables could not be found again", True
        new = hooked(new, _inner_codes(code), (new.co_qualname, code.co_qualname))
        return new.replace(co_qualname=code.co_qualname, co_name=code.co_name), "", True
    return None, reason, False


def _from_bytecode(code: CodeType) -> CodeType | None:
    """The copy of code without source."""

    def hooked_constant(constant: Any) -> Any:
        return _from_bytecode(constant) if isinstance(constant, CodeType) and _is_inline(constant) else constant

    try:
        new = hooked_bytecode(code, hooked_constant)
    except (LookupError, TypeError):  # a form of code that is not known
        return None
    return new.replace(co_consts=(*new.co_consts, *(HANDLES if code.co_exceptiontable else ()), MADE_HERE))


def class_name(qualname: str) -> str | None:
    """The innermost class around a function, by its qualified name: it mangles private names."""
    parts = qualname.split(".")
    i = len(parts) - 1
    while i > 0:
        if parts[i - 1] != "<locals>":
            return parts[i - 1]
        i -= 2
    return None


def _bare(node: ast.FunctionDef) -> None:
    """Drop what is evaluated where the function is defined: decorators, defaults, annotations."""
    node.decorator_list = []
    node.returns = None
    node.type_params = []  # type: ignore[attr-defined]  # a field since 3.12; where the function reads them they are free variables
    arguments = node.args
    arguments.defaults = []
    arguments.kw_defaults = [None] * len(arguments.kwonlyargs)
    for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if a is not None:
            a.annotation = None


def _compiled(node: Any, code: CodeType, owner: str | None) -> CodeType | None:
    """The code of a definition, whose nodes have their places already, compiled in its shell."""
    free = [n for n in code.co_freevars if n != "__class__"]
    body: list[ast.stmt] = [ast.Assign(targets=[ast.Name(n, ast.Store())], value=ast.Constant(None)) for n in free]
    inner: list[ast.stmt] = []
    if owner is not None:
        if owner not in free:
            body.append(ast.Global(names=[owner]))
        body.append(_class(name=owner, bases=[], keywords=[], body=inner, decorator_list=[], type_params=[]))
    elif isinstance(node, ast.FunctionDef) and node.name not in free:  # a function that calls itself finds a global
        body.append(ast.Global(names=[node.name]))
    no_arguments = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    shell = _function(name=_SHELL, args=no_arguments, body=body, decorator_list=[], type_params=[])
    tree = ast.fix_missing_locations(ast.Module(body=[shell], type_ignores=[]))
    # put in afterwards, since looking through it for missing places would take longer than compiling it
    statement = node if isinstance(node, ast.FunctionDef) else ast.copy_location(ast.Expr(node), node)
    (body if owner is None else inner).append(statement)
    compiled = compile_again(tree, code.co_filename, code.co_flags & _FUTURE)
    return _find(compiled, code.co_name, 2 if owner is None else 3)


#: the function around a copy, by a name that no text of the user's begins with
_SHELL = "\0gradwise shell"

# type parameters are fields since 3.12, and attributes that nobody reads before
_function: Any = ast.FunctionDef
_class: Any = ast.ClassDef


def _find(code: CodeType, name: str, depth: int) -> CodeType | None:
    """The code object of that name, ``depth`` levels down."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if depth == 1:
                if constant.co_name == name:
                    return constant
            else:
                found = _find(constant, name, depth - 1)
                if found is not None:
                    return found
    return None


def _same(a: CodeType, b: CodeType, names: tuple[str, str]) -> bool:
    """Whether two code objects run the same instructions; assertions that a test runner rewrote aside."""
    if any(n.startswith("@py_assert") for n in b.co_varnames) or any(n.startswith("@py") for n in b.co_names):
        own = {n for n in b.co_varnames if not n.startswith("@py")}
        return (
            a.co_varnames[: a.co_argcount] == b.co_varnames[: b.co_argcount]
            and set(a.co_varnames) <= own
            and set(a.co_names) <= set(b.co_names)
            and _numbers(a) <= _numbers(b)
        )
    if a.co_names != b.co_names or a.co_varnames != b.co_varnames:
        return False
    # attributes of names that the module imports are loaded by another instruction than those of other names
    if a.co_code != b.co_code and _normal(a, names) != _normal(b, names):
        return False
    if a.co_freevars != b.co_freevars or a.co_cellvars != b.co_cellvars or len(a.co_consts) != len(b.co_consts):
        return False
    return all(
        _same(x, y, names)
        if isinstance(x, CodeType) and isinstance(y, CodeType)
        else type(x) is type(y) and (repr(x) == repr(y) or (type(x) is str and _named(x, names) == y))
        for x, y in zip(a.co_consts, b.co_consts, strict=True)
    )


def _numbers(code: CodeType) -> set[str]:
    return {repr(c) for c in code.co_consts if isinstance(c, (int, float, complex))}


def _normal(code: CodeType, names: tuple[str, str]) -> list[Any]:
    """The instructions, without how a callee is loaded and how far a jump reaches."""
    return [
        ("LOAD_ATTR" if i.opname == "LOAD_METHOD" else i.opname, _argument(i, names))
        for i in dis.get_instructions(code)
        if i.opname not in ("PUSH_NULL", "PRECALL", "EXTENDED_ARG") and not isinstance(i.argval, CodeType)
    ]


def _argument(i: dis.Instruction, names: tuple[str, str]) -> Any:
    if i.opcode in _JUMPS:
        return None
    if i.opname == "LOAD_CONST":  # 1 and 1.0 are equal
        return repr(_named(i.argval, names) if type(i.argval) is str else i.argval)
    return i.argval


_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))


#: code that is a part of the function around it
_INLINE = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})


def _is_inline(code: CodeType) -> bool:
    """Whether a code object is a comprehension, or the body of a class: a part of the function around it."""
    return code.co_name in _INLINE or not code.co_flags & inspect.CO_OPTIMIZED


def _inner_codes(code: CodeType) -> list[CodeType]:
    """The functions that are defined in a function and in its classes: the copy defines the same ones."""
    found: list[CodeType] = []
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if _is_inline(constant):
                found += _inner_codes(constant)
            else:
                found.append(constant)
    return found


def hooked(code: CodeType, inner: list[CodeType] | None = None, names: tuple[str, str] = ("", "")) -> CodeType:
    """The code with its marks replaced by the hooks, in it and in the comprehensions and classes inside it; functions defined inside are those of ``inner``.

    ``names`` are the beginnings of qualified names before and after: those of a copy begin with its shell.
    """
    constants: list[Any] = []
    for constant in code.co_consts:
        if isinstance(constant, str):
            constants.append(HOOKS[constant[len(MARK) :]] if constant.startswith(MARK) else _named(constant, names))
        elif not isinstance(constant, CodeType):
            constants.append(constant)
        elif _is_inline(constant):
            constants.append(hooked(constant, inner, names))
        else:
            constants.append(next((c for c in inner or () if c == constant), None) or _renamed(constant, names))
    if code.co_flags & inspect.CO_GENERATOR:
        constants.append(MADE_HERE)
    return code.replace(co_consts=tuple(constants), co_qualname=_named(code.co_qualname, names))


#: the last constant of generators that are copies, and of code with hooks between its instructions
MADE_HERE = object()
#: and before it, where handlers have no hook
HANDLES = (object(),)


def _renamed(code: CodeType, names: tuple[str, str]) -> CodeType:
    constants: list[Any] = []
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            constants.append(_renamed(constant, names))
        else:
            constants.append(_named(constant, names) if isinstance(constant, str) else constant)
    return code.replace(co_consts=tuple(constants), co_qualname=_named(code.co_qualname, names))


def _named(text: str, names: tuple[str, str]) -> str:
    """A qualified name inside a function, where that function has its real name; any other text as it is."""
    before, after = names
    return after + text[len(before) :] if before and text.startswith(f"{before}.<locals>.") else text


def clear_twins() -> None:
    """Forget all instrumented copies."""
    with _lock:
        _made.clear()
        _made_both_ways.clear()
        _made_with_buffers.clear()
