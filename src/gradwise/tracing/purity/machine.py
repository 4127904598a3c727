"""A code object run on abstract values: which callee each call has, with how many arguments, and what each write writes to.

    run : (code, scope) → ()        or Unproven, with the line

The state before each instruction is a stack and the local variables; where paths meet, states are joined, and the run goes on until no state changes.  Each instruction is
read once more in the final states, so that a doubt which only a loop brings about is found.  The instructions are those of CPython 3.11 to 3.14; any
other is a reason to prove nothing.
"""

from __future__ import annotations

import dis
import inspect
from typing import TYPE_CHECKING, Any

from gradwise.tracing.purity.flow import FLOW
from gradwise.tracing.purity.handled_parts import Handlers, runs_only_librarys
from gradwise.tracing.purity.instructions import VALUES
from gradwise.tracing.purity.lattice import describe, join, level, spill
from gradwise.tracing.purity.raising import may_end_early
from gradwise.tracing.purity.scope import Ends, Unproven
from gradwise.tracing.purity.state import State
from gradwise.tracing.purity.values import DATA, NOTHING, OPAQUE, Box, Local

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

_JUMPS = frozenset([*dis.hasjrel, *dis.hasjabs, *getattr(dis, "hasjump", ())])
_STEPS = {**VALUES, **FLOW}
_ENDS = frozenset(["RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"])  # fmt: skip
#: the largest code that is looked at
_INSTRUCTIONS = 20_000


def decoded(code: types.CodeType, known: dict[int, Any]) -> Any:
    """The code itself (so that its identity is its own), its exception entries, its instructions, their numbers by offset, and which of them only lead to an exception; decoded once in an inquiry."""
    found = known.get(id(code))
    if found is None:
        entries = list(dis.Bytecode(code).exception_entries)  # type: ignore[attr-defined]  # missing from the stubs
        instructions = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "EXTENDED_ARG")]
        position = {i.offset: k for k, i in enumerate(instructions)}
        found = known[id(code)] = code, entries, instructions, position, {}
    return found


class Machine:
    """One code object on its way.

    Attributes
    ----------
    scope : Scope
        Resolves names and calls (``verdicts.py``).
    cells : dict
        What the variables shared with inner functions stand for.
    """

    def __init__(
        self,
        code: types.CodeType,
        scope: Any,
        parameters: dict[str, Any],
        free: dict[str, Any],
        outer: tuple[Machine, dict[str, str]] | None = None,
    ) -> None:
        self.code = code
        self.scope = scope
        self.free = free
        #: of a function made during the call the code that makes it, and what its free variables are called there
        self.outer = outer
        self.cells: dict[str, Any] = {}
        #: the functions made on the way: looked at when all is known of the variables that they share
        self.made: dict[Local, None] = {}
        #: of a class that is being defined the names in its body; the bodies of classes that this code defines
        self.namespace: Any = None
        self.bodies: dict[int, Machine] = {}
        self.names: Any = None
        self.parameters = parameters
        _, self.entries, self.instructions, self.position, doomed = decoded(code, scope.inquiry.decoded)
        #: the instructions that need not be understood, since the run that comes there returns nothing
        self.handlers = Handlers(self.entries, self.instructions, self.position, doomed)
        self.passes_over = scope.inquiry.is_unhandled() and not may_end_early(
            self.instructions, self.position, self.entries
        )
        self.line = code.co_firstlineno
        self.offset = 0
        #: the local variables before the present instruction
        self.present: dict[str, Any] = {}
        #: whether names are looked up among the parameters first, as ``eval`` does
        self.is_expression = False
        #: those of them that surely have a value
        self.certain: frozenset[str] = frozenset()
        #: whether the next instruction may follow this one
        self.falls_through = True
        #: the parts of the code within which warnings are put back to what they were
        self._catching: set[int] = set()
        #: what the code returns, and what it yields
        self.result: Any = None
        self.yielded: Any = NOTHING

    def doubt(self, reason: str, *, overwrites: bool = False) -> Unproven:
        return Unproven(reason, self.code, self.line, overwrites=overwrites)

    def expression(self, text: str) -> Any:
        """What an expression over the variables of this code gives, at the present instruction."""
        compiled = self.scope.inquiry.compiled
        if text not in compiled:
            try:
                compiled[text] = compile(text.strip(), "<eval>", "eval")
            except (SyntaxError, ValueError) as error:
                raise self.doubt(f"it evaluates {text!r}, which is no expression") from error
        code = compiled[text]
        shared = (*self.code.co_cellvars, *self.code.co_freevars)
        names = {name: self.variable(name) for name in code.co_names if name in shared}
        inner = Machine(code, self.scope, {**self.present, **names}, {})
        inner.is_expression = True
        given = self.certain if self.is_expression else frozenset(parameters_of(self.code))
        inner.certain = frozenset(n for n in given if not self.deletes(n))
        inner.run()
        if inner.result is NOTHING:
            raise Ends
        return inner.result

    # --- the run ----------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Read the code until nothing new is learned.

        Raises
        ------
        Unproven
            At the first instruction that may do harm.
        """
        if len(self.instructions) > _INSTRUCTIONS:
            raise self.doubt("the code is too long to be looked at")
        while True:
            before = dict(self.cells)
            self.result = None
            self._pass()
            if self.cells != before:
                continue
            self.look_into_made()
            if self.cells == before:  # else such a function assigns a variable of this code
                break
        if self.result is None:  # it never returns
            self.result = NOTHING

    def look_into_made(self) -> None:
        """Look at the functions that this code makes, and at the methods that are called of the classes that it defines."""
        for function in self.made:
            if self.namespace is None or function.code in self.scope.inquiry.given:
                self.look_into(function)
        for body in self.bodies.values():
            assert body.outer is not None
            body.free = {name: self.variable(cell) for name, cell in body.outer[1].items()}
            body.look_into_made()

    def body_of_class(self, body: Local) -> Machine:
        """The body of a class, which runs straight on, looked at for its names.

        Raises
        ------
        Unproven
            Where it has branches, loops or handlers.
        """
        names = {n: c.name for n, c in zip(body.code.co_freevars, body.cells, strict=True)}
        inner = Machine(body.code, self.scope, {}, self.shared(body), (self, names))
        inner.namespace = {}
        if inner.entries or any(i.opcode in _JUMPS for i in inner.instructions):
            raise self.doubt("it defines a class, in whose body are branches or loops")
        inner._pass()
        self.bodies[id(body.code)] = inner
        return inner

    def look_into(self, function: Local) -> None:
        """Look at the code of a function that this code makes."""
        parameters = dict.fromkeys(parameters_of(function.code), DATA)
        given = self.scope.inquiry.given.get(function.code, {})
        names = {n: c.name for n, c in zip(function.code.co_freevars, function.cells, strict=True)}
        self.scope.enter(function.code, {**parameters, **given}, self.shared(function), (self, names))

    def _pass(self) -> None:
        local = dict(self.parameters)
        for name in self.code.co_cellvars:
            if name in local:
                self.set_cell(name, local[name])
        states: dict[int, State] = {0: State([], local)}
        pending = [0]
        while pending:
            k = pending.pop()
            instruction = self.instructions[k]
            is_handled = self.handlers.handle(instruction.offset)
            self.scope.inquiry.handles |= is_handled
            if self.passes_over and k in self.handlers.doomed:
                self.scope.inquiry.passed_over = True
                self.scope.inquiry.survives |= is_handled
                continue
            state = states[k].copy()
            if is_handled and not runs_only_librarys(instruction, state):
                self.scope.inquiry.survives = True
            line = instruction.positions.lineno if instruction.positions is not None else None
            self.line = line or self.line
            self.offset, self.present = instruction.offset, state.local
            for entry in self.entries:
                if entry.start <= instruction.offset < entry.end:
                    self._reach(states, pending, entry.target, self._raised(state, entry), meet=_if_one)
            self.falls_through = instruction.opname not in _ENDS
            try:
                following = self._step(instruction, state)
            except Ends:
                self.names = None
                continue
            except (IndexError, KeyError, TypeError, AttributeError) as error:  # the stack is not as we think
                raise self.doubt(f"the instruction {instruction.opname} was not understood ({error!r})") from error
            for entry in self.entries:
                if entry.start <= instruction.offset < entry.end:
                    self._reach(states, pending, entry.target, self._raised(state, entry), meet=_if_one)
            for offset, reached in following:
                self._reach(states, pending, offset, reached)
            if self.falls_through and k + 1 < len(self.instructions):
                self._reach(states, pending, self.instructions[k + 1].offset, state)

    @staticmethod
    def _raised(state: State, entry: Any) -> State:
        stack = state.stack[: entry.depth]
        stack += [DATA] * (entry.depth - len(stack) + (1 if entry.lasti else 0) + 1)
        return State(stack, dict(state.local))

    def _reach(
        self,
        states: dict[int, State],
        pending: list[int],
        offset: int,
        state: State,
        meet: Callable[[Any, Any], Any] = join,
    ) -> None:
        while offset not in self.position:  # caches
            offset += 2
        k = self.position[offset]
        known = states.get(k)
        if known is None:
            states[k] = state.copy()
            pending.append(k)
            return
        if len(known.stack) != len(state.stack):
            raise self.doubt("two paths meet with stacks of different heights")
        stack = [a if a is b else meet(a, b) for a, b in zip(known.stack, state.stack, strict=True)]
        local = dict(known.local)
        for name, value in state.local.items():
            local[name] = value if name not in local else join(local[name], value)
        if stack != known.stack or local != known.local:
            states[k] = State(stack, local)
            pending.append(k)

    def catch(self) -> None:
        """Note that the body of the ``with`` that is being entered puts warnings back."""
        following = self.instructions[self.position[self.offset] + 1].offset
        self._catching |= {entry.target for entry in self.entries if entry.start == following}

    def enters(self, *, swallows: bool) -> None:
        """Note whether the context that is being entered swallows exceptions."""
        if not self.handlers.enter(self.offset, swallows=swallows):
            self.scope.inquiry.survives = True  # what was passed over may be handled

    @property
    def is_catching(self) -> bool:
        """Whether the present instruction is in such a body."""
        return any(e.start <= self.offset < e.end and e.target in self._catching for e in self.entries)

    def shared(self, function: Local) -> dict[str, Any]:
        """What the free variables of an inner function stand for."""
        names = function.code.co_freevars
        return {name: self.variable(cell.name) for name, cell in zip(names, function.cells, strict=True)}

    def set_cell(self, name: str, value: Any) -> None:
        self.cells[name] = value if name not in self.cells else join(self.cells[name], value)

    def set_free(self, name: str, value: Any) -> bool:
        """Note what is assigned to a variable of the code that makes this function; whether it is one."""
        if self.outer is None:
            return False
        owner, names = self.outer
        if names[name] not in owner.code.co_cellvars:
            return owner.set_free(names[name], value)
        owner.set_cell(names[name], value)
        return True

    def variable(self, name: str) -> Any:
        """What a variable shared with other functions stands for."""
        if name in self.code.co_cellvars:
            return self.cells.get(name, NOTHING)
        return self.free[name] if name in self.free else self.scope.free_variable(self, name)

    def data(self, value: Any) -> Any:
        """The degree of plain data that a value has, or a doubt."""
        if value is NOTHING:
            raise Ends
        found = level(value)
        spill(value)
        if found is None:
            raise self.doubt(f"{describe(value)} is used where plain data are expected")
        return found

    def assigns(self, name: str) -> bool:
        """Whether the code assigns or deletes a local variable."""
        writing = ("STORE_FAST", "STORE_DEREF", "DELETE_FAST", "DELETE_DEREF")
        return any(
            i.opname.startswith(writing) and (name == i.argval or (type(i.argval) is tuple and name in i.argval))
            for i in self.instructions
        )

    def deletes(self, name: str) -> bool:
        """Whether the code deletes a local variable."""
        return any(i.opname in ("DELETE_FAST", "DELETE_DEREF") and i.argval == name for i in self.instructions)

    def returns(self, value: Any) -> None:
        """Note a value that the code returns."""
        self.result = value if self.result is None else join(self.result, value)

    def _step(self, instruction: Any, state: State) -> list[tuple[int, State]]:
        name = instruction.opname
        step = _STEPS.get(name)
        if step is None:
            raise self.doubt(_MEANING.get(name, f"it does what is not looked into ({name})"))
        found = step(self, instruction, state)
        if found is not None:
            return found
        if instruction.opcode in _JUMPS:
            return [(instruction.argval, state.copy())]
        return []


def _if_one(a: Any, b: Any) -> Any:
    """What is known of a value on the stack of a handler: a list comprehension keeps its list there at some instructions, and its iterator at others, and takes them away."""
    return a if a == b else OPAQUE if Box in (type(a), type(b)) else join(a, b)


def parameters_of(code: types.CodeType) -> tuple[str, ...]:
    """The names of all parameters."""
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[:count]


_MEANING = {
    "DELETE_GLOBAL": "it deletes a global variable",
    "DELETE_ATTR": "it deletes an attribute",
}
