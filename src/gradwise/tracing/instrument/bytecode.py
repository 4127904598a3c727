"""Functions without source (``exec``, edited files, produced code): the hooks go between the instructions of their code.

    LOAD_ATTR name                 →  load(obj, name)
    … CALL n                       →  resolve(callee) in the callee's place, then CALL n
    STORE_ATTR, STORE_SUBSCR, …    →  as ``rewriting.py`` does it in a syntax tree

A hook is called as the interpreter calls any function: itself, the empty place for ``self`` and the arguments on the stack, the order made by swaps.  Jumps, handlers and lines stay those of
the code (``assembly.py``).  Where the callee of a CALL lies is found, before CPython 3.13, by following which places of the stack are empty.
"""

from __future__ import annotations

import builtins
import dis
import sys
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from gradwise.tracing.instrument.assembly import Handler, Instruction, assemble, parse
from gradwise.tracing.instrument.stack import METHOD_BIT, empty_places

#: hooks by name, filled by ``hooks.py``
HOOKS: dict[str, Any] = {}

#: the empty place lies above the callee since 3.13, below it before
_ABOVE = sys.version_info >= (3, 13)

_COMPARED = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
_OPERATORS = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "truediv",
    "//": "floordiv",
    "%": "mod",
    "**": "pow",
    "@": "matmul",
    "<<": "lshift",
    ">>": "rshift",
    "&": "and",
    "|": "or",
    "^": "xor",
}
_UNARY = {"UNARY_NEGATIVE": "neg", "UNARY_POSITIVE": "pos", "UNARY_INVERT": "invert"}
#: what takes the place of the top of the stack before an instruction
_BEFORE = {
    **dict.fromkeys(("GET_ITER", "UNPACK_SEQUENCE", "UNPACK_EX", "LIST_EXTEND", "SET_UPDATE"), "iterate"),
    "GET_YIELD_FROM_ITER": "delegate",
    "BEFORE_WITH": "managed",
    "UNARY_NOT": "truth",
}
_TESTS = frozenset(f"POP_JUMP_{way}IF_{truth}" for way in ("", "FORWARD_", "BACKWARD_") for truth in ("TRUE", "FALSE"))
_ITEMS = {"BINARY_SUBSCR": "reading", "STORE_SUBSCR": "writing", "DELETE_SUBSCR": "writing"}
_SIMPLE = frozenset({"LOAD_CONST", "LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_SMALL_INT", "LOAD_DEREF", "LOAD_GLOBAL"})


def hooked_bytecode(code: CodeType, hooked: Callable[[Any], Any]) -> CodeType:
    """The code with hooks between its instructions; ``hooked(constant)`` gives the constants."""
    instructions, handlers = parse(code)
    instructions = [single for i in instructions for single in _singles(i)]
    writer = _Writer(code, instructions, handlers)
    new: list[Instruction] = []
    first: dict[int, Instruction] = {}
    for k, i in enumerate(instructions):
        start = len(new)
        new.extend(writer.rewritten(k, i))
        first[id(i)] = new[start]
    for i in new:
        if i.target is not None:
            i.target = first.get(id(i.target), i.target)
    for h in handlers:
        h.start, h.target = first[id(h.start)], first[id(h.target)]
        h.stop = None if h.stop is None else first[id(h.stop)]
    constants = [*map(hooked, code.co_consts), *writer.constants]
    return assemble(code, new, handlers, co_consts=tuple(constants), co_stacksize=code.co_stacksize + 6)


def _singles(i: Instruction) -> list[Instruction]:
    """An instruction that loads or stores two local names, as the two that it stands for; the first of them is that to which others jump."""
    pair = _PAIRS.get(i.name)
    if pair is None:
        return [i]
    one, other = i.argument >> 4, i.argument & 15
    second = Instruction(pair[1], other, i.place, i.value[1])
    i.name, i.op, i.argument, i.value = pair[0], dis.opmap[pair[0]], one, i.value[0]
    return [i, second]


_PAIRS = {
    "LOAD_FAST_LOAD_FAST": ("LOAD_FAST", "LOAD_FAST"),
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": ("LOAD_FAST_BORROW", "LOAD_FAST_BORROW"),
    "STORE_FAST_STORE_FAST": ("STORE_FAST", "STORE_FAST"),
    "STORE_FAST_LOAD_FAST": ("STORE_FAST", "LOAD_FAST"),
}


#: what leaves a value that may be an array which nothing else refers to
_MAKING = frozenset(["CALL", "CALL_KW", "CALL_FUNCTION_EX", "BINARY_OP", "BINARY_SUBSCR", "BINARY_SLICE"])


class _Writer:
    def __init__(self, code: CodeType, instructions: list[Instruction], handlers: list[Handler]) -> None:
        self.code = code
        self.instructions = instructions
        self.constants: list[Any] = []
        self.known: dict[tuple[type, int], int] = {}
        self.empty = {} if _ABOVE else empty_places(instructions, handlers)
        self.filled, self.held = self._filled()

    def _filled(self) -> tuple[set[Any], set[int]]:
        """Local names to whose items something is assigned, and the other loads of which that holds: where the key is simple."""
        names: set[Any] = set()
        loads: set[int] = set()
        for k, i in enumerate(self.instructions):
            container = self._container(k, i)
            if container is None:
                continue
            load = self.instructions[container]
            if load.name in ("LOAD_FAST", "LOAD_FAST_BORROW"):
                names.add(load.value)
            else:
                loads.add(container)
        for k, i in enumerate(self.instructions):  # u = self.u, where u is filled
            before = self.instructions[k - 1]
            if i.name == "STORE_FAST" and i.value in names and before.name == "LOAD_ATTR" and k:
                loads.add(k - 1)
        return names, loads

    def _container(self, k: int, i: Instruction) -> int | None:
        """Where that is loaded to whose item an instruction begins to assign; None if it does not, or the key is not simple."""
        following = [j.name for j in self.instructions[k + 1 : k + 4]]
        if i.name == "STORE_SUBSCR":
            at = k - 1
        elif i.name == "COPY" and i.argument == 2 and following[:1] == ["COPY"] and _is_item(self.instructions[k + 2]):
            at = k - 1  # a[i] += v
        elif i.name == "STORE_SLICE" or (i.name == "COPY" and i.argument == 3 and following[2:] == ["BINARY_SLICE"]):
            return k - 3 if all(j.name in _SIMPLE for j in self.instructions[k - 2 : k]) else None
        else:
            return None
        count = 0
        if self.instructions[at].name in ("BUILD_TUPLE", "BUILD_SLICE"):
            count = self.instructions[at].argument
        elif self.instructions[at].name not in _SIMPLE:
            return None
        simple = all(j.name in _SIMPLE for j in self.instructions[at - count : at])
        return at - count - 1 if simple else None

    # --- pieces -------------------------------------------------------------------------------------------------------------

    def constant(self, value: Any, place: Any) -> Instruction:
        key = (type(value), id(value))
        if key not in self.known:
            self.known[key] = len(self.code.co_consts) + len(self.constants)
            self.constants.append(value)
        return Instruction("LOAD_CONST", self.known[key], place)

    def call(self, hook: str, count: int, place: Any) -> Iterator[Instruction]:
        """The hook called with the uppermost one or two of the stack."""

        def swap(depth: int) -> Instruction:
            return Instruction("SWAP", depth, place)

        null, function = Instruction("PUSH_NULL", 0, place), self.constant(HOOKS[hook], place)
        if count == 1:
            yield from (function, swap(2), null, swap(2)) if _ABOVE else (null, swap(2), function, swap(2))
        elif _ABOVE:
            yield from (null, function, swap(4), swap(3), swap(2), swap(3), swap(2))
        else:
            yield from (null, function, swap(2), swap(4), swap(2), swap(3))
        if "PRECALL" in dis.opmap:
            yield Instruction("PRECALL", count, place)
        yield Instruction("CALL", count, place)

    def with_name(self, hook: str, i: Instruction, name: Any) -> Iterator[Instruction]:
        yield self.constant(sys.intern(name) if type(name) is str else name, i.place)
        yield from self.call(hook, 2, i.place)

    def promoted(self, i: Instruction) -> Iterator[Instruction]:
        """A global or a variable of the function around, to whose items something is assigned: ``if alone(work): work = owned(work)``."""

        def load() -> Instruction:
            return Instruction(i.name, i.argument & ~1 if i.name == "LOAD_GLOBAL" else i.argument, i.place, i.value)

        last = load()
        yield load()
        yield from self.call("alone", 1, i.place)
        jump = Instruction("POP_JUMP_IF_FALSE" if "POP_JUMP_IF_FALSE" in dis.opmap else "POP_JUMP_FORWARD_IF_FALSE")
        jump.place, jump.target = i.place, last
        yield jump
        if i.name == "LOAD_GLOBAL":  # noted first, with what it holds
            yield self.constant((i.value,), i.place)
            yield from self.call("assigns", 1, i.place)
            yield Instruction("POP_TOP", 0, i.place)
        yield load()
        yield from self.call("owned", 1, i.place)
        if i.name == "LOAD_GLOBAL":
            yield Instruction("STORE_GLOBAL", i.argument >> 1, i.place)
        else:
            yield Instruction("STORE_DEREF", i.argument, i.place)
        yield last

    def as_callee(self, i: Instruction) -> Iterator[Instruction]:
        """The empty place beside a callee that is to be called without ``self``."""
        yield Instruction("PUSH_NULL", 0, i.place)
        if not _ABOVE:
            yield Instruction("SWAP", 2, i.place)

    def below(self, hook: str, depth: int, place: Any) -> Iterator[Instruction]:
        """What the hook gives in the place of what lies ``depth`` deep."""
        if depth > 1:
            yield Instruction("SWAP", depth, place)
        yield from self.call(hook, 1, place)
        if depth > 1:
            yield Instruction("SWAP", depth, place)

    # --- instructions -------------------------------------------------------------------------------------------------------

    def rewritten(self, k: int, i: Instruction) -> Iterator[Instruction]:
        name, place = i.name, i.place
        if k in self.held and name in ("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLOSURE"):
            yield from self.promoted(i)
        elif k in self.held and _is_item(i):
            yield from self.call("held_item", 2, place)
        elif name == "LOAD_ATTR" and not (METHOD_BIT and i.argument & 1):
            before = self.instructions[k - 1] if k else i
            changed = before.name == "COPY" and before.argument == 1  # o.a += v
            yield from self.with_name(
                "held_attribute" if k in self.held else "augmented" if changed else "load", i, i.value
            )
        elif name in ("LOAD_ATTR", "LOAD_METHOD"):
            yield from self.with_name("method", i, i.value)
            yield from self.as_callee(i)
        elif name == "LOAD_SUPER_ATTR":
            yield Instruction("BUILD_TUPLE", 3, place)
            yield from self.with_name(
                "super_method" if i.argument & 1 else "super_attribute", i, self.code.co_names[i.argument >> 2]
            )
            if i.argument & 1:
                yield from self.as_callee(i)
        elif name in ("STORE_ATTR", "DELETE_ATTR"):
            yield from self.call("place", 1, place)
            yield self.constant(sys.intern(i.value), place)
            yield Instruction("STORE_SUBSCR" if name == "STORE_ATTR" else "DELETE_SUBSCR", 0, place)
        elif name in _ITEMS or _is_item(i):
            yield from self.below(_ITEMS.get(name, "reading"), 2, place)
            yield i
        elif name in ("BINARY_SLICE", "STORE_SLICE"):
            yield Instruction("BUILD_SLICE", 2, place)
            yield from self.below("reading" if name == "BINARY_SLICE" else "writing", 2, place)
            if name == "STORE_SLICE":
                yield Instruction("STORE_SUBSCR", 0, place)
            elif "BINARY_SUBSCR" in dis.opmap:
                yield Instruction("BINARY_SUBSCR", 0, place)
            else:
                yield Instruction("BINARY_OP", [s for _, s in dis._nb_ops].index("[]"), place)  # type: ignore[attr-defined]
        elif name == "BINARY_OP":
            symbol = _symbol(i)
            hook = _OPERATORS[symbol.removesuffix("=")]
            yield from self.call("i" + hook if symbol.endswith("=") else hook, 2, place)
        elif name in _UNARY:
            yield from self.call(_UNARY[name], 1, place)
        elif name == "COMPARE_OP":
            yield from self.call(_COMPARED[i.value], 2, place)
            if _ABOVE and i.argument & 16:
                yield from self.call("truth", 1, place)
        elif name == "CONTAINS_OP":
            yield from self.call("contains", 2, place)
            if i.argument:
                yield Instruction("UNARY_NOT", 0, place)
        elif name == "IS_OP" and self.instructions[k - 1].name != "LOAD_CONST":
            yield from self.call("same", 2, place)
            if i.argument:
                yield Instruction("UNARY_NOT", 0, place)
        elif name == "TO_BOOL":
            yield from self.call("truth", 1, place)
        elif name in _BEFORE or (name in _TESTS and not _ABOVE):
            yield from self.call(_BEFORE.get(name, "truth"), 1, place)
            yield i
        else:
            yield from self._others(k, i)

    def _others(self, k: int, i: Instruction) -> Iterator[Instruction]:
        name, place = i.name, i.place
        if name == "COPY" and i.argument == 1 and self.instructions[k + 1].name == "LOAD_SPECIAL":  # with
            yield from self.call("managed", 1, place)
        elif name == "BUILD_STRING":
            yield i
            yield from self.call("joined", 1, place)
            return
        elif name == "MATCH_CLASS":
            yield Instruction("COPY", 3, place)
            yield from self.call("bare", 1, place)
            yield Instruction("POP_TOP", 0, place)
        elif name == "STORE_GLOBAL":
            yield self.constant((i.value,), place)
            yield from self.call("assigns", 1, place)
            yield Instruction("POP_TOP", 0, place)
        elif name == "STORE_FAST" and i.value in self.filled and self.instructions[k - 1].name in _MAKING:
            yield from self.call("fresh", 1, place)
        elif name == "LOAD_BUILD_CLASS":
            yield self.constant(HOOKS["build_class"], place)
            return
        else:
            depth = self._callee(k, i)
            if depth:
                yield from self.below("resolve", depth, place)
        yield i
        if name == "IMPORT_NAME":
            yield from self.call("after_import", 1, place)

    def _callee(self, k: int, i: Instruction) -> int:
        """How deep the callee lies before a call; 0 where there is none."""
        if i.name in ("CALL", "KW_NAMES", "PRECALL", "CALL_KW"):
            call = i
            if not _ABOVE:  # before what belongs to the call: KW_NAMES, PRECALL, CALL
                if i.name != "KW_NAMES" and self.instructions[k - 1].name in ("KW_NAMES", "PRECALL"):
                    return 0
                call = next(j for j in self.instructions[k : k + 3] if j.name == "CALL")
                return call.argument + (1 if (k, call.argument + 2) in self.empty else 2)
            return call.argument + (3 if i.name == "CALL_KW" else 2)
        if i.name == "CALL_FUNCTION_EX":
            if sys.version_info >= (3, 14):
                return 4
            return (3 if _ABOVE else 2) + (i.argument & 1)
        return 0


def _is_item(i: Instruction) -> bool:
    return i.name == "BINARY_SUBSCR" or (i.name == "BINARY_OP" and _symbol(i) == "[]")


def _symbol(i: Instruction) -> str:
    return str(dis._nb_ops[i.argument][1])  # type: ignore[attr-defined]  # which dis itself reads


# --- hooks of their own ---------------------------------------------------------------------------------------------------------------


def _build_class(function: Any, name: str, *bases: Any, **keywords: Any) -> Any:
    HOOKS["defining"]()
    return HOOKS["defined"](builtins.__build_class__(function, name, *bases, **keywords))


def _super_attribute(parts: Any, name: str) -> Any:
    made, owner, instance = parts
    return HOOKS["load"](made(owner, instance), name)


def _super_method(parts: Any, name: str) -> Any:
    made, owner, instance = parts
    return HOOKS["method"](made(owner, instance), name)


def _after_import(module: Any) -> Any:
    HOOKS["imported"]()
    return module


def _truth(value: Any) -> bool:
    return bool(HOOKS["true"](value))


OWN_HOOKS = {
    "build_class": _build_class,
    "super_attribute": _super_attribute,
    "super_method": _super_method,
    "after_import": _after_import,
    "truth": _truth,
}
