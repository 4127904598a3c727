"""What is found in one look at a function and all that it calls."""

from __future__ import annotations

import types
from typing import Any

from gradwise.tracing.purity.avoiding import Extent
from gradwise.tracing.purity.lattice import is_kept, join
from gradwise.tracing.purity.machine import Machine
from gradwise.tracing.purity.scope import Node, Unproven
from gradwise.tracing.purity.sequences import is_looked_into
from gradwise.tracing.purity.values import (
    ASIDE,
    DATA,
    Box,
    Local,
)


class Inquiry:
    """One look at a function and all that it calls, repeated until nothing new is learned of the objects that it makes.

    Attributes
    ----------
    nodes : dict
        What is found of each function, for each kind of arguments.
    results : dict
        What it returns; None while it is being looked at.
    known : dict
        Classes, objects and sequences (``classify``).
    made : dict
        The attributes of objects made during the call, by the place where they are made.
    """

    def __init__(
        self,
        *,
        thorough: bool = False,
        transient: frozenset[tuple[int, str]] = frozenset(),
        remembered: frozenset[tuple[int, str]] = frozenset(),
        buffers: frozenset[int] = frozenset(),
        asides: bool = False,
    ) -> None:
        #: whether clocks and texts of numbers are asides (``asides.py``), and whether it has any
        self.asides = asides
        self.tells = False
        #: attributes that are assigned before they are read (``transient.py``), those that are read and then assigned (``remembered.py``), and what is assigned to them
        self.transient = transient
        self.remembered = remembered
        self.held: dict[tuple[int, str], Any] = {}
        #: arrays that are kept and written to (``buffers.py``), by their identity; all that might be (no reference is kept: a run under the trace counts them); and whether nothing is proved since an array is written to
        self.buffers = buffers
        self.arrays: set[int] = set()
        self.overwrites = False
        #: the attributes of objects that were there that are assigned
        self.assigned: set[tuple[int, str]] = set()
        #: the code of the function itself
        self.root: types.CodeType | None = None
        #: where effects are that a run may not come to, by file (``avoiding.py``); None if there are others
        self.avoided: dict[str, set[Extent]] | None = {}
        #: whether instructions that only lead to an exception are looked at too; whether some were passed over, and whether some code may survive an exception
        self.thorough = thorough
        self.passed_over = False
        self.survives = False
        #: whether some code handles errors, and whether some warns, which may raise one
        self.handles = self.warns = False
        self.nodes: dict[Any, Node] = {}
        self.results: dict[Any, Any] = {}
        self.assumed: set[Any] = set()
        self.known: dict[int, Any] = {}
        self.made: dict[Any, dict[str, Any]] = {}
        #: the attributes that such objects have before anybody can ask for them (``answering.py``)
        self.stored_first: dict[Any, frozenset[str]] = {}
        #: the classes that stand for those which are defined during the call (``local_classes.py``)
        self.templates: dict[Any, type] = {}
        #: containers made during the call, by their places; whether one of them holds objects where it counts as plain data
        self.boxes: dict[Any, Box] = {}
        self.is_overlooked = False
        #: what functions return, found before; by the code of those made during the call, which machines made them, and which are being looked at
        self.returned: dict[Any, Any] = {}
        self.makers: dict[types.CodeType, Machine] = {}
        self.entered: set[types.CodeType] = set()
        #: codes taken apart, and expressions compiled
        self.decoded: dict[int, Any] = {}
        self.compiled: dict[str, types.CodeType] = {}
        self.impurities: list[Unproven] = []
        #: of them those that show something and give nothing; whether it leaves behind what it never reads (``leaving.py``)
        self.shown = 0
        self.leaves = False
        #: whether it asks functions under ``lru_cache``, which count that
        self.asks = False
        #: whether something of that may be an array or a container of the caller's: an argument, say
        self.keeps = False
        #: whether a default is an object or a function: a twin of what it leads to is not made, so that nothing may be left there by the run for a program
        self.defaulted = False
        self.changes_own = False
        #: attributes (global variables, variables in cells) that are counted on, and those that are read, by the identity of their objects (dictionaries, cells)
        self.counted: set[tuple[int, str]] = set()
        self.looked_at: set[tuple[int, str]] = set()
        #: lists and dictionaries that are counted in, and containers that are read, by their identity
        self.tallies: dict[int, Any] = {}
        self.read: dict[int, Any] = {}
        #: whether what may be the caller's is put into something made during the call: arrays of objects may hold it then
        self.mixes = False
        #: what the parameters of functions made during the call stand for, by their code
        self.given: dict[types.CodeType, dict[str, Any]] = {}
        #: the flags that functions are given, by the identity of their code
        self.flags: dict[int, set[Any]] = {}
        self.learned = False
        self.depth = 0

    def is_unhandled(self) -> bool:
        """Whether what only leads to an exception may be passed over, as far as is known."""
        return not (self.thorough or self.survives)

    def give(self, m: Machine, callee: Local, arguments: list[Any]) -> None:
        """Note what a function made during the call is called with, by whomever; a parameter that is given nothing has its default, which is data."""
        given = self.given.setdefault(callee.code, {})
        names = callee.code.co_varnames[: callee.code.co_argcount]
        for value in arguments[len(names) :]:
            m.data(value)
        for place, name in enumerate(names):
            value = arguments[place] if place < len(arguments) else DATA
            if not (is_looked_into(value) or is_kept(value) or value is ASIDE):
                value = m.data(value)
            joined = join(given[name], value) if name in given else value
            if joined != given.get(name, DATA):
                self.learned = True
            given[name] = joined
